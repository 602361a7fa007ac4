//! Arithmetic and comparisons against CPython 3.11, bit for bit, in the interpreter and in compiled loops.
//!
//! Every operator meets every pair of nasty values. The operands come as globals (boxed, guarded by what was seen), as
//! locals (unboxed on entry) and as constants (folded); each batch is a loop, run interpreted and compiled after its
//! second round. Without a `python3` of version 3.11 the test says so and checks against the number routines instead,
//! which have an oracle test of their own.

use filetests::{climbing, load, observe};
use hotspotvm::runtime::num::{self, NumberLimits, Watch};
use hotspotvm::{Options, Output, Tier};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Values as both languages write them: (assembly, Python).
const VALUES: [&str; 44] = [
    "0",
    "1",
    "-1",
    "2",
    "-2",
    "3",
    "7",
    "-7",
    "10",
    "63",
    "64",
    "2147483647",
    "2147483648",
    "-2147483649",
    "140737488355327",
    "140737488355328",
    "-140737488355329",
    "9007199254740991",
    "9007199254740993",
    "-9007199254740993",
    "4611686018427387904",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551617",
    "515377520732011331036461129765621272702107522001",
    "True",
    "False",
    "None",
    "0.0",
    "-0.0",
    "0.1",
    "0.5",
    "1.5",
    "-2.5",
    "1e16",
    "9007199254740992.0",
    "9.223372036854775807e18",
    "1e308",
    "5e-324",
    "inf",
    "-inf",
    "nan",
];
const BINARY: [(&str, &str); 18] = [
    ("add", "+"),
    ("sub", "-"),
    ("mul", "*"),
    ("div", "/"),
    ("floordiv", "//"),
    ("mod", "%"),
    ("pow", "**"),
    ("and", "&"),
    ("or", "|"),
    ("xor", "^"),
    ("shl", "<<"),
    ("shr", ">>"),
    ("eq", "=="),
    ("ne", "!="),
    ("lt", "<"),
    ("le", "<="),
    ("gt", ">"),
    ("ge", ">="),
];
const ROUNDS: u32 = 6;
const BATCH: usize = 40;

struct Case {
    op: usize,
    a: &'static str,
    b: &'static str,
    /// What CPython prints, or `!` and the error's class and words.
    expected: String,
}

/// All cases that finish quickly: no powers or shifts with huge results.
fn cases() -> Vec<(usize, &'static str, &'static str)> {
    let mut all = Vec::new();
    for (op, (name, _)) in BINARY.iter().enumerate() {
        for a in VALUES {
            for b in VALUES {
                let long = b.trim_start_matches('-').len() > 2 && !b.contains(['.', 'e', 'n', 'T', 'F', 'N']);
                if matches!(*name, "pow" | "shl") && long {
                    continue;
                }
                all.push((op, a, b));
            }
        }
    }
    all
}

const PYTHON: &str = r#"
import sys, operator, warnings
warnings.simplefilter("ignore")
inf, nan = float("inf"), float("nan")
for line in sys.stdin:
    a, op, b = line.rstrip("\n").split("\t")
    try:
        r = eval(f"({a}) {op} ({b})", {"inf": inf, "nan": nan})
        print("!ValueError: complex results are not supported" if isinstance(r, complex) else str(r))
    except Exception as e:
        print(f"!{type(e).__name__}: {e}")
"#;

fn from_python(cases: &[(usize, &'static str, &'static str)]) -> Option<Vec<String>> {
    let version = Command::new("python3").arg("-V").output().ok()?;
    if !String::from_utf8_lossy(&version.stdout).starts_with("Python 3.11") {
        return None;
    }
    let mut child = Command::new("python3")
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut text = String::new();
    for (op, a, b) in cases {
        let _ = writeln!(text, "{a}\t{}\t{b}", BINARY[*op].1);
    }
    let mut stdin = child.stdin.take()?;
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    let lines: Vec<String> = String::from_utf8(output.stdout).ok()?.lines().map(str::to_string).collect();
    (lines.len() == cases.len()).then_some(lines)
}

fn from_numbers(cases: &[(usize, &'static str, &'static str)]) -> Vec<String> {
    let watch = Watch::unhurried(NumberLimits::default());
    let value = |text: &str| match text {
        "True" => Output::Bool(true),
        "False" => Output::Bool(false),
        "None" => Output::None,
        number => num::parse_argument(number),
    };
    let one = |(op, a, b): &(usize, &'static str, &'static str)| {
        let (a, b) = (value(a), value(b));
        let result = num::binary(hotspotvm::bytecode::BinOp::ALL[*op], a.operand(), b.operand(), &watch);
        match result.and_then(|r| num::str(r.operand(), &watch)) {
            Ok(text) => text,
            Err(error) => format!("!{error}"),
        }
    };
    cases.iter().map(one).collect()
}

/// Where a batch's operands come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Globals,
    Locals,
    Constants,
}

/// A loop that computes every case of the batch in each round, and prints the results of the last.
fn batch_program(batch: &[&Case], from: From) -> String {
    let mut text = String::new();
    let names =
        |prefix: &str| (0..batch.len()).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>().join(", ");
    let line = |text: &mut String, what: String| {
        let _ = writeln!(text, "    {what}");
    };
    if from == From::Globals {
        let _ = writeln!(text, "global {}, {}", names("a"), names("b"));
    }
    let _ = writeln!(text, "func main()\n    local i, {}", names("r"));
    let (load, store) =
        if from == From::Globals { ("load_global", "store_global") } else { ("load_local", "store_local") };
    if from != From::Constants {
        if from == From::Locals {
            let _ = writeln!(text, "    local {}, {}", names("a"), names("b"));
        }
        for (i, case) in batch.iter().enumerate() {
            line(&mut text, format!("push {}", case.a));
            line(&mut text, format!("{store} a{i}"));
            line(&mut text, format!("push {}", case.b));
            line(&mut text, format!("{store} b{i}"));
        }
    }
    line(&mut text, format!("push {ROUNDS}\n    store_local i\nagain:"));
    line(&mut text, "load_local i\n    jump_if_zero done".to_string());
    for (i, case) in batch.iter().enumerate() {
        if from == From::Constants {
            line(&mut text, format!("push {}\n    push {}", case.a, case.b));
        } else {
            line(&mut text, format!("{load} a{i}\n    {load} b{i}"));
        }
        line(&mut text, format!("{}\n    store_local r{i}", BINARY[case.op].0));
    }
    line(
        &mut text,
        "load_local i\n    push 1\n    sub\n    store_local i\n    jump again\ndone:".to_string(),
    );
    for i in 0..batch.len() {
        line(&mut text, format!("load_local r{i}\n    print"));
    }
    line(&mut text, "halt".to_string());
    text
}

fn options(threshold: Option<u64>) -> Options {
    let max_tier = if threshold.is_some() { Tier::Optimizing } else { Tier::Interpreter };
    Options { max_tier, ..climbing(threshold.unwrap_or(1)) }
}

fn check_batch(batch: &[&Case], from: From, failures: &mut Vec<String>) {
    let source = batch_program(batch, from);
    let program = load("batch", &source).unwrap_or_else(|error| panic!("{error}\n{source}"));
    for threshold in [None, Some(2)] {
        let (observed, stats) = observe(&program, &[], &options(threshold));
        if threshold.is_some() && stats.compilations == 0 {
            failures.push(format!("a batch of `{}` was not compiled", BINARY[batch[0].op].0));
        }
        let lines: Vec<&str> = observed.output.lines().collect();
        if lines.len() != batch.len() {
            failures.push(format!("{:?} {from:?}: {:?}", batch[0].op, observed.result));
            continue;
        }
        for (case, found) in batch.iter().zip(lines) {
            if case.expected != found {
                let op = BINARY[case.op].1;
                let Case { a, b, expected, .. } = case;
                failures.push(format!(
                    "{a} {op} {b} from {from:?}, threshold {threshold:?}: {found}, CPython {expected}"
                ));
            }
        }
    }
}

/// A loop whose operands become those of the case in its sixth round.
fn error_program(case: &Case) -> String {
    let op = BINARY[case.op].0;
    format!(
        "func main()\n local i, a, b\n push 7\n store_local a\n push 3\n store_local b\n push 9\n store_local i\n\
         again: load_local i\n jump_if_zero done\n load_local i\n push 4\n eq\n jump_if_zero same\n push {}\n \
         store_local a\n push {}\n store_local b\nsame: load_local a\n load_local b\n {op}\n pop\n load_local i\n \
         push 1\n sub\n store_local i\n jump again\ndone: push none\n ret\n",
        case.a, case.b
    )
}

#[test]
fn operators_agree_with_cpython() {
    let plain = cases();
    let expected = from_python(&plain).unwrap_or_else(|| {
        println!("no python3 of version 3.11: checking against the number routines");
        from_numbers(&plain)
    });
    let cases: Vec<Case> =
        plain.iter().zip(expected).map(|(&(op, a, b), expected)| Case { op, a, b, expected }).collect();
    let mut failures = Vec::new();
    let (errors, values): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| case.expected.starts_with('!'));
    // All batches take a minute of a debug build; without `HOTSPOT_FULL` every seventh stands for them.
    let step = if std::env::var_os("HOTSPOT_FULL").is_some() { 1 } else { 7 };
    for batch in values.chunk_by(|x, y| x.op == y.op).flat_map(|same| same.chunks(BATCH)).step_by(step) {
        for from in [From::Globals, From::Locals, From::Constants] {
            check_batch(batch, from, &mut failures);
        }
    }
    for case in errors.iter().step_by(7) {
        let program = load("error", &error_program(case)).unwrap_or_else(|error| panic!("{error}"));
        for threshold in [None, Some(2)] {
            let (observed, _) = observe(&program, &[], &options(threshold));
            let found = match observed.result {
                Ok(value) => value,
                Err(stop) => format!("!{}", stop.headline()),
            };
            if found != case.expected {
                let op = BINARY[case.op].1;
                failures.push(format!("{} {op} {}: {found}, CPython {}", case.a, case.b, case.expected));
            }
        }
    }
    println!("{} cases, {} of them errors", cases.len(), errors.len());
    assert!(cases.len() >= 20_000);
    assert!(
        failures.is_empty(),
        "{} differ, such as\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
}
