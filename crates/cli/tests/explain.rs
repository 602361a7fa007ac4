//! Tests of `hotspot explain`: on programs of which each has another reason, in tests/explain, the reason is told; and
//! where the hint was followed, in the program beside it, the reason is gone.
//!
//! What is expected stands in the programs, behind `;` or `#`: `args` and `options`, the `exit` code, `reason` and
//! `hint` that must be given, words that it `says` or must be `silent` about, reasons that must `not` be given, and the
//! `tier` of what is hottest.

#![allow(clippy::unwrap_used)]

mod common;

use common::Dir;
use hotspotvm::{ExitReason, Reason};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Reasons that no program in a test gives, and why.
const UNREACHED: [(&str, &str); 17] = [
    ("asked_for", "only who steps through a program asks: the tests of `hotspot step` do"),
    ("no_memory_to_compile", "depends on what memory the system gives: tests/no_executable_memory.rs"),
    (
        "callee_changes_types",
        "a parameter whose type has changed twice is taken as it comes, before a caller gives up",
    ),
    ("no_result_type", "a result of any type fits a boxed one, which is tried last"),
    ("types_do_not_settle", "what is still unsettled at the last attempt is boxed, and boxed settles"),
    (
        "code_generator",
        "takes a fault of the code generator, or a frame larger than the limit on locals allows",
    ),
    ("again_with_calls", "the same"),
    ("internal", "takes a fault of a compiler"),
    ("baseline", "takes a fault of the baseline compiler"),
    ("no_templates", "only where there are no templates: not on the machines of these tests"),
    (
        "no_executable_memory",
        "tested where the process may forbid itself such memory: tests/no_executable_memory.rs",
    ),
    ("not_wanted", "depends on when the time limit comes"),
    ("trace_slice", "depends on where a slice of some million instructions ends"),
    ("trace_inner_old", "two recordings at a time, of which one has to grow the other's inner loop"),
    ("trace_inner_deopt", "an inner loop's assumption has to fail just while the outer loop is recorded"),
    ("trace_known", "needs a tree that grows between a side exit and the recording from it"),
    ("forced", "only in a test mode"),
];

/// A program and what is expected of it.
struct Case {
    name: String,
    path: PathBuf,
    text: String,
}

impl Case {
    fn all() -> Vec<Case> {
        let dir = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/explain"));
        let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let programs = files.filter(|path| path.extension().is_some_and(|e| e == "py" || e == "hasm"));
        let mut cases: Vec<Case> = programs
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                Case { name, text: std::fs::read_to_string(&path).unwrap(), path }
            })
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn expected<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        let key = key.to_owned();
        self.text.lines().filter_map(move |line| {
            let words = line.strip_prefix("# ").or_else(|| line.strip_prefix("; "))?;
            words.strip_prefix(key.as_str())?.strip_prefix(": ").map(str::trim)
        })
    }

    fn words(&self, key: &str) -> Vec<&str> {
        self.expected(key).flat_map(str::split_whitespace).collect()
    }

    /// Runs it and checks what it says; the reasons that it gives.
    fn check(&self, dir: &Dir) -> BTreeSet<String> {
        let explained =
            explain(dir, &self.words("options"), self.path.to_str().unwrap(), &self.words("args"));
        let name = &self.name;
        let code = self.expected("exit").next().map_or(0, |code| code.parse().unwrap());
        assert_eq!(explained.code, code, "{name}: {}", explained.err);
        let said = |what: &str, key: &str| {
            explained.sentences.iter().any(|s| s[key].as_str().is_some_and(|w| w.contains(what)))
        };
        for reason in self.expected("reason") {
            assert!(
                explained.reasons.contains(reason),
                "{name} gives no reason `{reason}`: {:?}",
                explained.reasons
            );
        }
        for reason in self.expected("not") {
            assert!(!explained.reasons.contains(reason), "{name} still gives the reason `{reason}`");
        }
        for words in self.expected("says") {
            assert!(said(words, "words"), "{name} does not say `{words}`: {:#?}", explained.sentences);
        }
        for words in self.expected("silent") {
            assert!(!said(words, "words"), "{name} still says `{words}`");
        }
        for words in self.expected("hint") {
            assert!(said(words, "hint"), "{name} has no hint `{words}`");
        }
        for tier in self.expected("tier") {
            assert_eq!(explained.tier, tier, "{name}: {:#?}", explained.sentences);
        }
        explained.reasons
    }
}

/// What was said of a run.
struct Explained {
    code: i32,
    err: String,
    sentences: Vec<Value>,
    reasons: BTreeSet<String>,
    /// Of what is hottest.
    tier: String,
}

fn explain(dir: &Dir, options: &[&str], program: &str, args: &[&str]) -> Explained {
    let mut words = vec!["explain", "--deterministic", "--json", "-o", "why.json"];
    words.extend_from_slice(options);
    words.push(program);
    words.extend_from_slice(args);
    let ran = dir.hotspot(&words);
    let json: Value = serde_json::from_str(&dir.read("why.json")).unwrap();
    let stories = json["stories"].as_array().unwrap();
    let of = |value: &Value| value.as_array().unwrap().clone();
    let mut sentences = of(&json["general"]);
    sentences.extend(stories.iter().flat_map(|story| of(&story["sentences"])));
    let reasons = sentences.iter().filter_map(|s| s["reason"].as_str().map(str::to_owned)).collect();
    let tier = stories[0]["tier"].as_str().unwrap().to_owned();
    Explained { code: ran.code, err: ran.err, sentences, reasons, tier }
}

#[test]
fn reasons_are_right_and_hints_work() {
    let dir = Dir::new("explain-programs");
    let cases = Case::all();
    let mut reached = BTreeSet::new();
    let mut pairs = 0;
    for case in &cases {
        reached.extend(case.check(&dir));
        pairs += usize::from(case.name.contains(".fixed."));
        let (stem, _) = case.name.split_once('.').unwrap();
        assert!(cases.iter().any(|other| other.name.split_once('.').unwrap().0 == stem && !other.name.contains(".fixed.")), "{}", case.name);
    }
    assert!(pairs >= 15, "{pairs}");
    for (program, options, reason, fixed) in made() {
        let run = |text: &str, options: &str| {
            let path = dir.write("made.py", text);
            let options: Vec<&str> = options.split_whitespace().collect();
            explain(&dir, &options, path.to_str().unwrap(), &[]).reasons
        };
        let reasons = run(&program, options);
        assert!(reasons.contains(reason), "no reason `{reason}`: {reasons:?}");
        reached.extend(reasons);
        if let Some(fixed) = fixed {
            assert!(!run(&fixed, options).contains(reason), "the hint of `{reason}` does not work");
        }
    }
    // Each reason is reached by a program, or it is said above why not.
    let exits = ExitReason::ALL.into_iter().filter(|exit| exit.is_deopt()).map(ExitReason::name);
    let names: Vec<&str> = Reason::TABLE.iter().map(|row| row.name).chain(exits).collect();
    let argued = |name: &str| UNREACHED.iter().any(|(known, _)| *known == name);
    let missing: Vec<&&str> =
        names.iter().filter(|name| !reached.contains(**name) && !argued(name)).collect();
    assert!(missing.is_empty(), "no program gives these reasons: {missing:?}");
    for (name, _) in UNREACHED {
        assert!(names.contains(&name) && !reached.contains(name), "`{name}` is reached, or is no reason");
    }
}

/// Programs that are too large to be written by hand: the text, the options, the reason, and the program where the hint
/// was followed.
fn made() -> Vec<(String, &'static str, &'static str, Option<String>)> {
    let body = |count: usize, indent: &str| -> String {
        (0..count).map(|i| format!("{indent}x = (x * 3 + {i}) % 1000003\n")).collect()
    };
    let looped =
        |count| format!("x = 1\ni = 0\nwhile i < 300:\n{}    i = i + 1\nprint(x)\n", body(count, "    "));
    let functions = |count: usize, size: usize| -> String {
        let function = |k| {
            format!(
                "def f{k}(n):\n    i = 0\n    x = {k}\n    while i < n:\n{}        i = i + 1\n    return x\n\n",
                body(size, "        ")
            )
        };
        let calls: String = (0..count).map(|k| format!("t = t + f{k}(700)\n")).collect();
        format!("{}t = 0\n{calls}print(t)\n", (0..count).map(function).collect::<String>())
    };
    let variables = |count: usize| -> String {
        let name = |at: usize| format!("v{}", at % count);
        let set: String = (0..count).map(|at| format!("    {} = n\n", name(at))).collect();
        let change = |at: usize| format!("        {0} = ({0} + {1}) % 1000\n", name(at), name(at * 7 + 3));
        let change: String = (0..count).map(change).collect();
        let sum = (0..count).map(name).collect::<Vec<_>>().join(" + ");
        format!(
            "def f(n):\n{set}    i = 0\n    while i < 2000:\n{change}        i = i + 1\n    return {sum}\nprint(f(1))\n"
        )
    };
    const SOON: &str = "--hotspot-threshold 1 --optimizing-threshold 20";
    vec![
        (variables(220), SOON, "too_many_exits", Some(variables(20))),
        (looped(1300), SOON, "region_too_large", Some(looped(100))),
        (looped(2600), SOON, "function_too_large", Some(looped(100))),
        (functions(26, 110), "--optimizing-threshold 50", "compile_budget", Some(functions(26, 5))),
    ]
}

#[test]
fn what_is_told_is_what_was_asked_for() {
    let dir = Dir::new("explain-scope");
    let program = "def work(n):\n    s = 0\n    while n > 0:\n        s = s + n\n        n = n - 1\n    return s\n\nprint(work(20000))\n";
    dir.write("p.py", program);
    let run = |args: &[&str]| {
        let mut words = vec!["explain", "--deterministic"];
        words.extend_from_slice(args);
        words.push("p.py");
        dir.hotspot(&words)
    };
    let plain = run(&[]);
    assert_eq!((plain.code, plain.out.as_str()), (0, "200010000\n"));
    assert!(plain.err.starts_with("What was compiled, and why: "), "{}", plain.err);
    assert!(
        plain.err.contains("1. Loop at line 3, in `work`: while n > 0:  [99 %, optimized]"),
        "{}",
        plain.err
    );
    assert!(
        plain.err.lines().count() <= 50 && plain.err.lines().all(|l| l.chars().count() <= 100),
        "{}",
        plain.err
    );
    assert!(
        plain.err.contains("[event 3]") && plain.err.contains("   How hot   It went round 20,000 times"),
        "{}",
        plain.err
    );
    let narrow = run(&["--function", "work", "--line", "4"]);
    assert!(narrow.err.contains("1. Loop at line 3") && !narrow.err.contains("<module>`"), "{}", narrow.err);
    let elsewhere = run(&["--line", "8"]);
    assert!(
        elsewhere.err.contains("1. Function `<module>`") && !elsewhere.err.contains("Loop at"),
        "{}",
        elsewhere.err
    );
    run(&["--function", "nosuch"]).check_failed(2, "has no function `nosuch`");
    run(&["--function", "nosuch"]).check_failed(2, "its functions are ");
    run(&["--line", "99"]).check_failed(2, "has no line 99");
    run(&["--json"]).check_failed(2, "--output");
    // Into a file, and behind the program's output.
    let filed = run(&["-o", "why.txt"]);
    filed.check(0, "200010000\n", "");
    assert!(dir.read("why.txt").contains("1. Loop at line 3") && !dir.read("why.txt").contains('\u{1b}'));
    let behind = run(&["-o", "-"]);
    assert!(behind.out.starts_with("200010000\nWhat was compiled") && behind.err.is_empty(), "{behind:?}");
    run(&["-o", "p.py"]).check_failed(2, "is the program itself");
}

#[test]
fn an_event_is_a_line_of_the_log() {
    let dir = Dir::new("explain-events");
    dir.write("p.py", "i = 0\ns = 0\nwhile i < 30000:\n    s = s + i * i\n    i = i + 1\nprint(s)\n");
    dir.hotspot(&["explain", "--deterministic", "--json", "-o", "why.json", "p.py"]).check(
        0,
        "8999550005000\n",
        "",
    );
    dir.hotspot(&["run", "--deterministic", "--trace", "log.ndjson", "p.py"]).check(0, "8999550005000\n", "");
    let json: Value = serde_json::from_str(&dir.read("why.json")).unwrap();
    let log: Vec<Value> =
        dir.read("log.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut kinds = BTreeSet::new();
    for story in json["stories"].as_array().unwrap() {
        for sentence in story["sentences"].as_array().unwrap() {
            let event = &log[sentence["event"].as_u64().unwrap() as usize];
            let (topic, name) = (sentence["topic"].as_str().unwrap(), event["event"].as_str().unwrap());
            if let Some(unit) = sentence["unit"].as_u64()
                && event.get("unit").is_some()
            {
                assert_eq!(event["unit"].as_u64(), Some(unit), "{sentence}");
            }
            kinds.insert(format!("{topic} {name}"));
        }
    }
    for kind in [
        "heat hot",
        "compiled compile_end",
        "assumed compile_start",
        "stayed compile_end",
        "paid compile_end",
    ] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
    // Of the ledger only the shape is sure: its times are this machine's.
    let rows = json["ledger"]["rows"].as_array().unwrap();
    assert!(rows.len() >= 2 && rows.iter().all(|row| row["compile_ns"].as_u64().unwrap() > 0), "{rows:?}");
}
