//! `hotspot profile`: counts are those of the program, times add up, and all formats can be read.
#![allow(clippy::unwrap_used)]

mod common;

use common::Dir;
use serde_json::Value;

/// A loop of 300,000 rounds around a function.
const PROGRAM: &str = "\
func main(n)
    local i
    push 0
    store_local i
again:
    load_local i
    load_local n
    lt
    jump_if_zero done
    load_local i
    call next
    store_local i
    jump again
done:
    load_local i
    print
    halt
end

func next(x)
    load_local x
    push 1
    add
    ret
end
";

fn sum(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(sum).sum(),
        Value::Object(fields) => fields.values().map(sum).sum(),
        number => number.as_u64().unwrap(),
    }
}

#[test]
fn counts_are_exact_in_every_tier() {
    let dir = Dir::new("profile-counts");
    dir.write("program.hasm", PROGRAM);
    for more in
        [&[][..], &["--max-tier", "interpreter"], &["--max-tier", "baseline"], &["--strategy", "trace"]]
    {
        let args =
            [&["profile", "--json", "--deterministic"][..], more, &["program.hasm", "300000"]].concat();
        let ran = dir.hotspot(&args);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{args:?}");
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        let n = 300_000u64;
        let main = [vec![1, 1], vec![n + 1; 4], vec![n; 4], vec![1; 3]].concat();
        assert_eq!(json["functions"][0]["executed"], Value::from(main), "{args:?}");
        assert_eq!(json["functions"][1]["executed"], Value::from(vec![n; 4]), "{args:?}");
        assert_eq!(json["instructions"], 12 * n + 9);
        assert_eq!(sum(&json["instructions_by_tier"]), 12 * n + 9);
        let line = |number: u64| {
            let found = json["lines"].as_array().unwrap().iter().find(|line| line["line"] == number).unwrap();
            (found["times"].as_u64().unwrap(), found["instructions"].as_u64().unwrap())
        };
        assert_eq!((line(6), line(10), line(21)), ((n + 1, n + 1), (n, n), (n, n)));
        // Each nanosecond is given to one place: by tiers, functions and lines they are as many.
        let nanos = |of: &Value| of.as_array().unwrap().iter().map(|each| sum(&each["nanos"])).sum::<u64>();
        let all = sum(&json["nanos_by_tier"]);
        assert!(all > 0 && all <= json["total_nanos"].as_u64().unwrap());
        assert_eq!((nanos(&json["functions"]), nanos(&json["lines"])), (all, all));
        assert!(json["samples"].as_u64().unwrap() >= 12 * n / 75_000);
        let optimized = sum(&json["functions"][0]["optimized"]);
        assert_eq!(optimized > 0, !more.contains(&"--max-tier"), "{args:?}");
    }
}

#[test]
fn the_report_has_counts_beside_lines() {
    let dir = Dir::new("profile-text");
    dir.write("program.hasm", PROGRAM);
    let ran = dir.hotspot(&["profile", "program.hasm", "300000"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert!(ran.out.starts_with("program.hasm: 3,600,009 instructions, "), "{}", ran.out);
    let line = |part: &str| {
        ran.out.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {}", ran.out))
    };
    assert!(line("call next").trim_start().starts_with("300,000 "), "{}", ran.out);
    assert!(line("    lt").trim_start().starts_with("300,001 "), "{}", ran.out);
    assert!(ran.out.lines().count() <= 50, "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    let few = dir.hotspot(&[
        "profile",
        "--max-tier",
        "interpreter",
        "--lines",
        "3",
        "--instructions",
        "program.hasm",
        "10",
    ]);
    assert!(few.out.contains("3 of 25 lines, "), "{}", few.out);
    assert!(few.out.contains("line 17  halt"), "{}", few.out);
}

/// Names of frames of a stack in speedscope's form, and its weight.
fn stacks(json: &Value) -> Vec<(String, u64)> {
    let name = |frame: &Value| {
        json["shared"]["frames"][frame.as_u64().unwrap() as usize]["name"].as_str().unwrap().to_owned()
    };
    let profile = &json["profiles"][0];
    let weights = profile["weights"].as_array().unwrap();
    let stacks = profile["samples"].as_array().unwrap().iter();
    stacks
        .zip(weights)
        .map(|(stack, weight)| {
            let names: Vec<String> = stack.as_array().unwrap().iter().map(name).collect();
            (names.join(";"), weight.as_u64().unwrap())
        })
        .collect()
}

#[test]
fn other_programs_can_read_the_samples() {
    let dir = Dir::new("profile-formats");
    dir.write("program.hasm", PROGRAM);
    let args = ["profile", "--folded", "a.folded", "--speedscope", "a.json", "--firefox", "b.json"];
    // Interpreted, so that calls are seen.
    let args =
        [&args[..], &["--max-tier", "interpreter", "--every", "100", "program.hasm", "30000"]].concat();
    assert_eq!(dir.hotspot(&args).code, 0);
    let folded = dir.read("a.folded");
    let mut total = 0;
    for line in folded.lines() {
        let (stack, nanos) = line.rsplit_once(' ').unwrap();
        assert!(["main [interpreter]", "main;next [interpreter]"].contains(&stack), "{line}");
        total += nanos.parse::<u64>().unwrap();
    }
    assert_eq!(folded.lines().count(), 2, "{folded}");
    let speedscope: Value = serde_json::from_str(&dir.read("a.json")).unwrap();
    let stacks = stacks(&speedscope);
    assert_eq!(stacks.iter().map(|stack| stack.1).sum::<u64>(), total);
    assert_eq!(speedscope["profiles"][0]["endValue"], total);
    assert!(stacks.iter().any(|stack| stack.0 == "main;next [interpreter]"), "{stacks:?}");
    let firefox: Value = serde_json::from_str(&dir.read("b.json")).unwrap();
    let thread = &firefox["threads"][0];
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    // Every number leads to something, up to the name; and columns are as long as they say.
    for (table, columns) in thread.as_object().unwrap().iter().filter(|(_, table)| table["length"].is_u64()) {
        for (column, values) in columns.as_object().unwrap().iter().filter(|(_, values)| values.is_array()) {
            assert_eq!(values.as_array().unwrap().len(), number(&columns["length"]), "{table}.{column}");
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for stack in thread["samples"]["stack"].as_array().unwrap() {
        let (mut names, mut next) = (Vec::new(), stack.clone());
        while !next.is_null() {
            let frame = number(&thread["stackTable"]["frame"][number(&next)]);
            let function = number(&thread["frameTable"]["func"][frame]);
            let name = number(&thread["funcTable"]["name"][function]);
            names.insert(0, thread["stringArray"][name].as_str().unwrap().to_owned());
            assert_eq!(
                firefox["meta"]["categories"][number(&thread["frameTable"]["category"][frame])]["name"],
                "interpreter"
            );
            next = thread["stackTable"]["prefix"][number(&next)].clone();
        }
        seen.insert(names.join(";"));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["main", "main;next"]);
    let weights =
        thread["samples"]["weight"].as_array().unwrap().iter().map(|w| w.as_f64().unwrap()).sum::<f64>();
    assert!((weights * 1e6 - total as f64).abs() < 1e3 * stacks.len() as f64, "{weights} {total}");
}

#[test]
fn a_program_that_fails_is_reported_all_the_same() {
    let dir = Dir::new("profile-failing");
    dir.write("invert.hasm", common::INVERT);
    let ran = dir.hotspot(&["profile", "invert.hasm", "0"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("ZeroDivisionError"), "{}", ran.err);
    assert!(ran.out.starts_with("invert.hasm: 5 instructions, "), "{}", ran.out);
    let ran = dir.hotspot(&["profile", "--folded", "invert.hasm", "invert.hasm", "0"]);
    assert_eq!(ran.code, 2, "the program is not overwritten");
    assert_eq!(dir.read("invert.hasm"), common::INVERT);
}
