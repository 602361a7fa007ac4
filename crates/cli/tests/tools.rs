//! `hotspot check`, `asm`, `dis`, `compare` and `demo`.

#![allow(clippy::unwrap_used)]

mod common;

use common::{ADD, COUNTDOWN, Dir, ENDLESS, INVERT};
use serde_json::{Value, json};

const MANY_ERRORS: &str = "push 1\n  lod_local 0   ; typo\njump lopo\nloop: push \"a\n";
const UNDERFLOW: &str = "func main(n)\n    push 1\n    add        ; nothing to add to\n    ret\nend\n";
const GROWING: &str = "func main()\nloop:\n    push 1\n    jump loop\nend\n";
const DEAD: &str = "func main()\n    jump x\n    nop\nx:  push 1\n    halt\n";

#[test]
fn every_error_is_shown_where_it_is() {
    let dir = Dir::new("errors");
    dir.write("bad.hasm", MANY_ERRORS);
    let expected = r#"error: unknown instruction `lod_local`
 --> bad.hasm:2:3
  |
2 |   lod_local 0   ; typo
  |   ^^^^^^^^^
  |
  = note: in function `main`
  = help: did you mean `load_local`?

error: unknown label `lopo`
 --> bad.hasm:3:6
  |
3 | jump lopo
  |      ^^^^
  |
  = note: in function `main`
  = help: did you mean `loop`?

error: this string is not closed
 --> bad.hasm:4:12
  |
4 | loop: push "a
  |            ^^
  |
  = note: in function `main`
  = help: a string ends with `"` on the line where it starts; write a line feed as `\n`

3 errors in bad.hasm
"#;
    for command in ["run", "check", "dis", "asm", "compare"] {
        dir.hotspot(&[command, "bad.hasm"]).check(2, "", expected);
    }
}

#[test]
fn what_the_verifier_refuses_is_shown_too() {
    let dir = Dir::new("refused");
    dir.write("b.hasm", UNDERFLOW);
    dir.write("c.hasm", GROWING);
    let expected = "error: `add` at pc 1 needs 2 values, the stack has 1
 --> b.hasm:3:5
  |
3 |     add        ; nothing to add to
  |     ^^^
  |
  = note: in function `main`, pc 1

1 error in b.hasm
";
    dir.hotspot(&["run", "b.hasm", "1"]).check(2, "", expected);
    let expected = "error: loop at pc 0 leaves one value more each time round
 --> c.hasm:3:5
  |
3 |     push 1
  |     ^^^^^^
  |
  = note: in function `main`, pc 0
  = help: it goes round from pc 1; the stack must be as high there as at pc 0

1 error in c.hasm
";
    dir.hotspot(&["run", "c.hasm"]).check(2, "", expected);
}

#[test]
fn colour_is_for_terminals_and_can_be_refused() {
    let dir = Dir::new("colour");
    dir.write("b.hasm", UNDERFLOW);
    let said = |name: &str| {
        let mut command = dir.command(&["check", "b.hasm"]);
        command.env(name, "1");
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    assert!(!said("UNUSED").contains('\u{1b}'), "standard error is no terminal here");
    assert!(!said("NO_COLOR").contains('\u{1b}'));
    assert!(said("CLICOLOR_FORCE").contains("\u{1b}["), "and can be asked for");
}

#[test]
fn very_many_errors_are_not_all_shown() {
    let dir = Dir::new("many");
    dir.write("bad.hasm", "bad\n".repeat(100_000));
    let ran = dir.hotspot(&["check", "bad.hasm"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("error: and 99950 more errors\n") && ran.err.len() < 20_000,
        "{}",
        ran.err.len()
    );
    assert!(ran.err.ends_with("\nmore than 50 errors in bad.hasm\n"), "{}", &ran.err[ran.err.len() - 100..]);
}

#[test]
fn an_error_in_a_very_long_line_is_shown_without_it() {
    let dir = Dir::new("long");
    dir.write("bad.hasm", format!("bad {}\n", "x".repeat(1 << 20)));
    let ran = dir.hotspot(&["check", "bad.hasm"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.starts_with("error: unknown instruction `bad`\n--> bad.hasm:1:1\n"), "{}", ran.err.len());
    assert!(ran.err.len() < 1000, "{}", ran.err.len());
}

#[test]
fn check_praises_and_warns() {
    let dir = Dir::new("check");
    dir.write("good.hasm", INVERT);
    dir.write("dead.hasm", DEAD);
    dir.hotspot(&["check", "good.hasm"]).check(0, "", "ok: 2 functions, 8 instructions in good.hasm\n");
    let expected = "warning: pc 1 can never be reached
 --> dead.hasm:3:5
  |
3 |     nop
  |     ^^^
  |
  = note: in function `main`, pc 1

ok: 1 function, 4 instructions, 1 warning in dead.hasm
";
    dir.hotspot(&["check", "dead.hasm"]).check(0, "", expected);
    let several = dir.hotspot(&["check", "good.hasm", "missing.hasm", "good.hasm"]);
    let praise = "ok: 2 functions, 8 instructions in good.hasm\n";
    let error = "error: cannot read `missing.hasm`: No such file or directory\n";
    several.check(2, "", &format!("{praise}{error}{praise}"));
}

#[test]
fn check_writes_json_for_tools() {
    let dir = Dir::new("json");
    dir.write("bad.hasm", MANY_ERRORS);
    dir.write("under.hasm", UNDERFLOW);
    dir.write("dead.hasm", DEAD);
    let ran = dir.hotspot(&["check", "--json", "bad.hasm", "under.hasm", "dead.hasm", "missing.hasm"]);
    assert_eq!(ran.code, 2);
    let objects: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 6);
    assert_eq!(
        objects[0],
        json!({
            "severity": "error", "code": null, "message": "unknown instruction `lod_local`",
            "hint": "did you mean `load_local`?",
            "file": "bad.hasm", "line": 2, "column": 3, "span": [9, 18], "function": "main", "pc": null,
        })
    );
    assert_eq!(
        (&objects[3]["line"], &objects[3]["pc"], &objects[3]["span"]),
        (&3.into(), &1.into(), &Value::Null)
    );
    assert_eq!((&objects[4]["severity"], &objects[4]["file"]), (&"warning".into(), &"dead.hasm".into()));
    assert_eq!(objects[5]["message"], "cannot read `missing.hasm`: No such file or directory");
    let keys = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(objects.iter().all(|object| keys(object) == keys(&objects[0])));
}

#[test]
fn containers_run_like_their_text() {
    let dir = Dir::new("asm");
    dir.write("invert.hasm", INVERT);
    let made = dir.hotspot(&["asm", "invert.hasm"]);
    assert!(made.code == 0 && made.out.is_empty() && made.err.starts_with("wrote invert.hsbc ("), "{made:?}");
    dir.hotspot(&["run", "invert.hsbc", "1"]).check(0, "1\n", "");
    let (text, bytes) =
        (dir.hotspot(&["run", "invert.hasm", "0"]), dir.hotspot(&["run", "invert.hsbc", "0"]));
    assert_eq!((bytes.code, bytes.err), (1, text.err));

    let shown = dir.hotspot(&["dis", "invert.hsbc"]);
    assert_eq!((shown.code, &*shown.err), (0, ""));
    assert_eq!(shown.out, dir.hotspot(&["dis", "invert.hasm"]).out);
    dir.write("again.hasm", &shown.out);
    dir.hotspot(&["asm", "again.hasm", "-o", "again.hsbc"]);
    assert_eq!(dir.hotspot(&["dis", "again.hsbc"]).out, shown.out);
    dir.hotspot(&["asm", "again.hsbc"]).check_failed(2, "`again.hsbc` is a container already");
}

#[test]
fn asm_writes_where_it_is_told_and_never_over_its_source() {
    let dir = Dir::new("asm-out");
    dir.write("add.hasm", ADD);
    dir.write("text.hsbc", ADD);
    dir.write("bad.hasm", UNDERFLOW);
    assert_eq!(dir.hotspot(&["asm", "add.hasm", "-o", "x"]).code, 0);
    dir.hotspot(&["run", "x", "3", "4"]).check(0, "7\n", "");
    dir.hotspot(&["asm", "text.hsbc"])
        .check_failed(2, "`text.hsbc` is the program itself; it is not overwritten");
    assert_eq!(dir.read("text.hsbc"), ADD);
    dir.hotspot_with(&["asm", "-"], ADD).check_failed(2, "a program from standard input has no name");
    let output = dir.command(&["asm", "add.hasm", "-o", "-"]).output().unwrap();
    assert!(output.stdout.starts_with(b"HSBC") && output.stderr.is_empty());
    dir.hotspot(&["asm", "bad.hasm"]).check_failed(2, "1 error in bad.hasm");
    dir.write("p.py", "print(1)\n");
    dir.write("unnamed", "print(1)\n");
    for name in ["p.py", "unnamed"] {
        dir.hotspot(&["asm", name])
            .check_failed(2, "is Python, and `asm` is for assembly text\n  help: `hotspot run`");
        assert!(!dir.path().join(name).with_extension("hsbc").exists());
    }
    dir.hotspot(&["run", "bad.hsbc"]).check_failed(2, "cannot read");
    dir.hotspot(&["asm", "add.hasm", "-o", "nowhere/x"]).check_failed(4, "cannot write `nowhere/x`");
}

#[test]
fn damaged_containers_are_refused() {
    let dir = Dir::new("damaged");
    dir.write("add.hasm", ADD);
    let mut bytes = dir.command(&["asm", "add.hasm", "-o", "-"]).output().unwrap().stdout;
    for at in 4..bytes.len() {
        bytes[at] ^= 0x10;
        dir.write("x.hsbc", &bytes);
        bytes[at] ^= 0x10;
        if at % 7 == 0 {
            let ran = dir.hotspot(&["run", "x.hsbc", "1", "2"]);
            assert!(ran.code == 2 && ran.err.contains("not a valid container"), "byte {at}: {ran:?}");
        }
    }
    dir.write("x.hsbc", &bytes[..20]);
    dir.hotspot(&["check", "x.hsbc"]).check_failed(2, "it is cut off");
}

#[test]
fn listings_name_everything() {
    let dir = Dir::new("listing");
    dir.write("invert.hasm", INVERT);
    let expected = "\
main(n): 4 instructions, where the program starts
  0  line 2  load_local 0 (n)
  1  line 3  call 1 (invert)
  2  line 4  print
  3  line 5  halt

invert(x): 4 instructions
  0  line  9  push 1
  1  line 10  load_local 0 (x)
  2  line 11  floordiv
  3  line 12  ret
";
    dir.hotspot(&["dis", "--listing", "invert.hasm"]).check(0, expected, "");
}

#[test]
fn both_ways_are_compared() {
    let dir = Dir::new("compare");
    dir.write("countdown.hasm", COUNTDOWN);
    let ran = dir.hotspot(&["compare", "--runs", "2", "countdown.hasm", "20000"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    for piece in [
        "2 runs each way",
        "only interpreted",
        "Speedup: ",
        "Compiling: ",
        "Break-even: ",
        "the same 2 bytes",
    ] {
        assert!(ran.out.contains(piece), "{piece} in {}", ran.out);
    }
    let ran =
        dir.hotspot(&["compare", "--runs", "4", "--deterministic", "--json", "countdown.hasm", "2000000"]);
    let baseline = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&object["runs"], &object["compilations"]),
        (&4.into(), &if baseline { 2.into() } else { 1.into() })
    );
    assert_eq!((&object["compiled_rounds"], &object["output_bytes"]), (&1_999_990.into(), &2.into()));
    let number = |value: &Value| value.as_f64().unwrap();
    let times = &object["interpreted"];
    assert!(number(&times["min_ns"]) <= number(&times["median_ns"]));
    assert!(number(&times["median_ns"]) <= number(&times["max_ns"]));
    assert!(number(&object["interpreted_ns_per_round"]) > number(&object["compiled_ns_per_round"]));
    let speedup = &object["speedup"];
    if object["break_even_rounds"].is_null() {
        // On a machine that is too busy the runs may differ too much to say: then nothing is said.
        assert!(
            speedup["confidence_95"].is_null() || number(&speedup["confidence_95"][0]) <= 1.0,
            "{object}"
        );
    } else {
        assert!(number(&speedup["confidence_95"][0]) > 1.0, "{object}");
    }
}

#[test]
fn programs_that_read_fail_or_stay_cold_are_compared_too() {
    let dir = Dir::new("compare-more");
    dir.write("read.hasm", "input\ninput\nadd\nprint\n");
    dir.write("invert.hasm", INVERT);
    dir.write("endless.hasm", ENDLESS);
    let ran = dir.hotspot_with(&["compare", "--runs", "2", "--json", "read.hasm"], "40\n2\n");
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &object["output_bytes"]), (0, &3.into()), "each run reads all of it");
    let ran = dir.hotspot(&["compare", "--runs", "1", "invert.hasm", "0"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains("nothing was compiled: no loop") && ran.out.contains("the same error"),
        "{}",
        ran.out
    );
    assert!(ran.err.ends_with("ZeroDivisionError: integer division or modulo by zero\n"), "{}", ran.err);
    dir.hotspot(&["compare", "--timeout", "0.05", "endless.hasm"]).check_failed(3, "nothing to compare");
    let ran = dir.hotspot(&["compare", "--runs", "1", "--fuel", "100000", "endless.hasm"]);
    assert!(ran.code == 3 && ran.out.contains("the same 66,666 bytes"), "{ran:?}");
    assert!(ran.err.contains("fuel limit"), "{ran:?}");
}

#[test]
fn the_demonstrations_demonstrate() {
    let dir = Dir::new("demo");
    let ran = dir.hotspot(&["demo"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    for piece in [
        "interpreted          10",
        "as machine code   9,990",
        "500500",
        "Speedup: ",
        "IR as built:",
        "machine code:",
    ] {
        assert!(ran.out.contains(piece), "{piece} in {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'));
    let widest = ran.out.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest}");
}
