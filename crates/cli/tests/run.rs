//! `hotspot run`: exit codes, what goes to which stream, arguments, limits.

#![allow(clippy::unwrap_used)]

mod common;

use common::{ADD, COUNTDOWN, Dir, ENDLESS, INVERT};
use serde_json::Value;
use std::process::Stdio;

/// Whether this machine has the baseline tier.
const BASELINE: bool = cfg!(all(target_arch = "x86_64", target_os = "linux"));

#[test]
fn output_is_the_programs_alone() {
    let dir = Dir::new("pure");
    dir.write("add.hasm", ADD);
    dir.hotspot(&["run", "add.hasm", "3", "4"]).check(0, "7\n", "");
    let shown = dir.hotspot(&["run", "--verbose", "--stats", "add.hasm", "3", "4"]);
    assert_eq!((shown.code, &*shown.out), (0, "7\n"));
    assert!(
        shown.err.starts_with("start          up to the optimizing tier; thresholds 10 and 10000\n"),
        "{}",
        shown.err
    );
    assert!(shown.err.contains("\nresult         7\n"), "{}", shown.err);
    assert!(shown.err.contains("Total compilations:"), "{}", shown.err);
    assert!(shown.err.lines().all(|line| line == line.trim_end()), "{}", shown.err);
}

#[test]
fn arguments_are_ints_floats_and_strs() {
    let dir = Dir::new("arguments");
    dir.write("add.hasm", ADD);
    let printed = |a: &str, b: &str| dir.hotspot(&["run", "add.hasm", a, b]).out;
    assert_eq!(printed("-5", "3"), "-2\n");
    assert_eq!(printed("3", "-5"), "-2\n");
    assert_eq!(printed("-1.5", "1"), "-0.5\n");
    assert_eq!(printed("1e3", "0"), "1000.0\n");
    assert_eq!(printed("-a", "--stats"), "-a--stats\n");
    assert_eq!(printed("9223372036854775807", "1"), "9223372036854775808\n");
    assert_eq!(dir.hotspot(&["run", "--", "add.hasm", "3", "-4"]).out, "-1\n");
    assert_eq!(printed("--", "x"), "--x\n", "what stands behind the program is the program's");
}

#[test]
fn what_stands_behind_the_program_changes_nothing_but_its_arguments() {
    let dir = Dir::new("behind");
    let program =
        "import sys\nn = len(sys.argv)\nprint(n, sys.argv[1])\nfor i in range(1000):\n    n += i\nprint(n)\n";
    dir.write("p.py", program);
    let words = [
        "--stats",
        "--trace=t.ndjson",
        "--stats-json=s.json",
        "--timeout=0.000001",
        "--fuel=5",
        "--max-heap=1",
        "--no-jit",
        "--verbose",
        "-v",
        "--help",
        "-h",
        "--version",
        "--",
        "-",
        "--dump=ir:licm",
        "--language=asm",
    ];
    for word in words {
        let expected = format!("2 {word}\n499502\n");
        dir.hotspot(&["run", "p.py", word]).check(0, &expected, "");
        dir.hotspot(&["p.py", word]).check(0, &expected, "");
        dir.hotspot(&["run", "--fuel", "100000", "p.py", word]).check(0, &expected, "");
    }
    dir.hotspot(&["run", "p.py", "--fuel", "5"]).check(0, "3 --fuel\n499503\n", "");
    let compared = dir.hotspot(&["compare", "--runs", "1", "p.py", "--json", "--fuel=5"]);
    assert!(compared.code == 0 && compared.out.starts_with("1 run each way"), "{compared:?}");
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files, ["p.py"], "no option was obeyed");
}

#[test]
fn a_wrong_number_of_arguments_is_told_before_the_start() {
    let dir = Dir::new("number");
    dir.write("add.hasm", ADD);
    dir.write("open.hasm", "load_local n\nprint\n");
    dir.hotspot(&["run", "add.hasm"]).check(
        2,
        "",
        "error: `main` takes 2 arguments (a, b), but none was given\n  help: arguments follow the program: hotspot run \
         PROGRAM ARGS\n",
    );
    dir.hotspot(&["run", "add.hasm", "1", "2", "--stats"]).check(
        2,
        "",
        "error: `main` takes 2 arguments (a, b), but 3 were given\n  help: options of hotspot stand before PROGRAM; so \
         should `--stats`\n",
    );
    dir.hotspot(&["run", "open.hasm"]).check(0, "None\n", "");
    dir.hotspot(&["run", "open.hasm", "7"]).check(0, "7\n", "");
    let many = dir.hotspot(&["run", "open.hasm", "7", "8"]);
    many.check(2, "", "error: `main` takes at most 1 argument (n), but 2 were given\n");
}

#[test]
fn an_error_of_the_program_has_a_traceback() {
    let dir = Dir::new("raised");
    dir.write("invert.hasm", INVERT);
    dir.hotspot(&["run", "invert.hasm", "1"]).check(0, "1\n", "");
    dir.hotspot(&["run", "invert.hasm", "0"]).check(
        1,
        "",
        "Traceback (most recent call last):\n  in main, pc 1, line 3\n  in invert, pc 2, line 11\n\
         ZeroDivisionError: integer division or modulo by zero\n",
    );
}

#[test]
fn statistics_are_shown_after_an_error_too() {
    let dir = Dir::new("raised-stats");
    dir.write("invert.hasm", INVERT);
    let ran = dir.hotspot(&["run", "--stats", "--stats-json", "s.json", "--trace", "t", "invert.hasm", "0"]);
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert!(ran.err.contains("ZeroDivisionError") && ran.err.contains("Fuel used:"), "{}", ran.err);
    let stats: Value = serde_json::from_str(&dir.read("s.json")).unwrap();
    assert!(stats["fuel_used"].as_u64().unwrap() > 0);
    assert!(dir.read("t").lines().next().is_some_and(|line| line.contains("\"event\":\"start\"")));
}

#[test]
fn limits_stop_a_program() {
    let dir = Dir::new("limits");
    dir.write("endless.hasm", ENDLESS);
    dir.write("silent.hasm", "again: jump again\n");
    dir.write("deep.hasm", "func main()\n    call main\n    ret\n");
    dir.write("big.hasm", "push 3\npush 1000\npow\npop\n");
    dir.write("long.hasm", "push \"ab\"\npush 1000000\nmul\nhalt\n");
    dir.hotspot(&["run", "--fuel", "1000", "silent.hasm"]).check_failed(3, "fuel limit");
    dir.hotspot(&["run", "--fuel", "1000", "--no-jit", "silent.hasm"]).check_failed(3, "fuel limit");
    dir.hotspot(&["run", "--timeout", "0.05", "silent.hasm"]).check_failed(3, "time limit");
    dir.hotspot(&["run", "--max-depth", "50", "deep.hasm"]).check_failed(3, "depth limit");
    dir.hotspot(&["run", "--max-int-bits", "100", "big.hasm"]).check_failed(3, "size limit");
    dir.hotspot(&["run", "big.hasm"]).check(0, "", "");
    dir.hotspot(&["run", "--max-heap", "64K", "long.hasm"]).check_failed(3, "heap limit");
    dir.hotspot(&["run", "--max-heap", "64M", "long.hasm"]).check(0, "", "");
    let printed = dir.hotspot(&["run", "--fuel", "30", "endless.hasm"]);
    assert_eq!((printed.code, &*printed.out), (3, "1\n".repeat(10).as_str()), "what was printed is not lost");
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let dir = Dir::new("absurd");
    let refused = |option: &str, value: &str| {
        let ran = dir.hotspot(&["run", option, value, "p.hasm"]);
        assert!(ran.code == 2 && ran.out.is_empty(), "{ran:?}");
        let (_, said) = ran.err.lines().next().unwrap().split_once(">': ").unwrap();
        said.to_owned()
    };
    assert_eq!(
        refused("--fuel", "0"),
        "without fuel no program can start; for no limit, leave the option out"
    );
    assert_eq!(
        refused("--hotspot-threshold", "0"),
        "code is hot after at least 1 execution; to compile nothing, use --no-jit"
    );
    assert_eq!(
        refused("--timeout", "0"),
        "the time must be more than 0 seconds; for no limit, leave the option out"
    );
    assert_eq!(refused("--timeout", "soon"), "expected a number of seconds, like 2 or 0.5");
    assert_eq!(refused("--max-heap", "99999G"), "at most 16384G is possible");
    assert_eq!(refused("--max-depth", "4294967296"), "at most 4294967295 is possible");
    assert_eq!(refused("--max-int-bits", "8"), "ints of 64 bits are always allowed: at least 64 is needed");
}

#[test]
fn usage_errors_are_told() {
    let dir = Dir::new("usage");
    dir.hotspot(&["run"]).check_failed(2, "<PROGRAM>");
    dir.hotspot(&["run", "--frobnicate", "p"]).check_failed(2, "--frobnicate");
    dir.hotspot(&["frobnicate"]).check_failed(2, "frobnicate");
    dir.hotspot(&["chekc", "p.hasm"]).check_failed(2, "a similar subcommand exists: 'check'");
    dir.hotspot(&["p.hasm"]).check(2, "", "error: cannot read `p.hasm`: No such file or directory\n");
    dir.hotspot(&["--statz", "p.hasm"]).check_failed(2, "a similar argument exists: '--stats'");
    dir.hotspot(&["run", "p.hasm"]).check(2, "", "error: cannot read `p.hasm`: No such file or directory\n");
    dir.hotspot(&["run", "."]).check(2, "", "error: cannot read `.`: Is a directory\n");
    dir.write("bytes", b"push 1\n\xff\n");
    dir.hotspot(&["run", "bytes"])
        .check_failed(2, "this is not UTF-8 text (at byte 7, line 2), and not a container");
}

#[test]
fn help_is_there_for_newcomers() {
    let dir = Dir::new("help");
    let alone = dir.hotspot(&[]);
    let help = dir.hotspot(&["--help"]);
    assert_eq!((help.code, &*help.err), (0, ""));
    assert_eq!((alone.code, &alone.out), (0, &help.out));
    for piece in ["Examples:", "hotspot demo", "Exit codes:", "compare", "a limit"] {
        assert!(help.out.contains(piece), "{piece}");
    }
    assert!(help.out.lines().all(|line| line.chars().count() <= 100));
    let run = dir.hotspot(&["run", "--help"]).out;
    for piece in ["--hotspot-threshold", "--fuel", "--trace", "Examples:", "[default: 10]"] {
        assert!(run.contains(piece), "{piece}");
    }
}

#[test]
fn a_program_may_come_from_standard_input() {
    let dir = Dir::new("stdin");
    dir.hotspot_with(&["run", "-", "3", "4"], ADD).check(0, "7\n", "");
    dir.hotspot_with(&["run", "-"], "input\nprint\n").check(0, "None\n", "");
    let broken = dir.hotspot_with(&["run", "-"], "frobnicate\n");
    assert!(broken.code == 2 && broken.err.contains(" --> <stdin>:1:1\n"), "{}", broken.err);
}

#[test]
fn the_language_is_asked_for_named_or_guessed() {
    let dir = Dir::new("language");
    let python = "x = 20\nprint(x + 1)\n";
    dir.hotspot_with(&["run", "-"], python).check(0, "21\n", "");
    dir.hotspot_with(&["run", "--language", "python", "-"], "1\n").check(0, "", "");
    dir.hotspot_with(&["run", "--language=asm", "-", "1", "2"], ADD).check(0, "3\n", "");
    dir.write("program", python);
    dir.write("program.txt", python);
    dir.write("named.hasm", python);
    dir.hotspot(&["run", "program"]).check(0, "21\n", "");
    dir.hotspot(&["program"]).check(0, "21\n", "");
    dir.hotspot(&["program.txt"]).check(0, "21\n", "");
    dir.hotspot(&["run", "--language", "python", "named.hasm"]).check(0, "21\n", "");
    let named = "help: by its name it is assembly text, but it looks like Python: `--language python` reads it as that\n";
    let guessed =
        "help: it was read as Python, which it looks like; `--language asm` reads it as assembly text\n";
    dir.write("broken", "x = (\n");
    for command in ["run", "check", "dis", "compare"] {
        dir.hotspot(&[command, "named.hasm"]).check_failed(2, named);
        dir.hotspot(&[command, "broken"]).check_failed(2, guessed);
        let asked = dir.hotspot(&[command, "--language", "python", "broken"]);
        assert!(asked.code == 2 && !asked.err.contains("--language"), "{}", asked.err);
    }
    dir.hotspot(&["run", "--language", "perl", "broken"]).check_failed(2, "[possible values: python, asm]");
}

#[test]
fn a_program_reads_standard_input() {
    let dir = Dir::new("input");
    dir.write("p.hasm", "input\ninput\nadd\nprint\n");
    dir.hotspot_with(&["run", "p.hasm"], "40\n2.5\n").check(0, "42.5\n", "");
}

#[test]
fn what_the_program_names_cannot_command_the_terminal() {
    let dir = Dir::new("escapes");
    dir.write(
        "p.hasm",
        "entry \"\u{1b}[31m\"\nfunc \"\u{1b}[31m\"()\n    push 1\n    push 0\n    div\n    ret\n",
    );
    let ran = dir.hotspot(&["run", "--verbose", "p.hasm"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!ran.err.contains('\u{1b}') && ran.err.contains("in \\u{1b}[31m, pc 2"), "{}", ran.err);
}

#[test]
fn a_reader_who_goes_away_ends_the_program_silently() {
    let dir = Dir::new("pipe");
    dir.write("endless.hasm", ENDLESS);
    let mut command = dir.command(&["run", "endless.hasm"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(4), &b""[..]));
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_told() {
    let dir = Dir::new("full");
    dir.write("add.hasm", ADD);
    dir.write("endless.hasm", ENDLESS);
    for args in [&["run", "add.hasm", "1", "2"][..], &["run", "endless.hasm"], &["dis", "add.hasm"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = dir.command(args).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(4) && said.contains("No space left on device"),
            "{args:?} {said}"
        );
    }
    let ran = dir.hotspot(&["run", "--trace", "/dev/full", "add.hasm", "1", "2"]);
    assert_eq!((ran.code, &*ran.out), (4, "3\n"));
    assert_eq!(ran.err, "error: cannot write `/dev/full`: No space left on device\n");
}

#[test]
fn a_file_that_cannot_be_made_is_told_before_the_start() {
    let dir = Dir::new("no-file");
    dir.write("add.hasm", ADD);
    let ran = dir.hotspot(&["run", "--trace", "nowhere/t", "add.hasm", "1", "2"]);
    ran.check(4, "", "error: cannot write `nowhere/t`: No such file or directory\n");
    let ran = dir.hotspot(&["run", "--stats-json", "add.hasm", "add.hasm", "1", "2"]);
    ran.check(2, "", "error: `add.hasm` is the program itself; it is not overwritten\n");
    assert_eq!(dir.read("add.hasm"), ADD);
}

#[test]
fn statistics_are_written_as_json() {
    let dir = Dir::new("stats");
    dir.write("countdown.hasm", COUNTDOWN);
    let soon = ["run", "--deterministic", "--optimizing-threshold", "100", "--stats-json", "s.json"];
    dir.hotspot(&[&soon[..], &["countdown.hasm", "10000"]].concat()).check(0, "0\n", "");
    let stats: Value = serde_json::from_str(&dir.read("s.json")).unwrap();
    let compilations = if BASELINE { 2 } else { 1 };
    assert_eq!((&stats["compilations"], &stats["jit_iterations"]), (&compilations.into(), &9_990.into()));
    assert_eq!(stats["exits"]["region_end"], 1);
    let count = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!(count("jit_instructions") + count("interpreter_instructions"), count("fuel_used"));
    assert!(count("total_ns") > 0 && count("compile_ns") > 0, "{stats}");
    assert!(
        stats.get("speedup").is_some() && count("baseline_entries") + count("jit_entries") > 0,
        "{stats}"
    );

    dir.hotspot(&["run", "--no-jit", "--stats-json", "n.json", "countdown.hasm", "10000"])
        .check(0, "0\n", "");
    let without: Value = serde_json::from_str(&dir.read("n.json")).unwrap();
    assert_eq!((&without["compilations"], &without["jit_iterations"]), (&0.into(), &0.into()));
    assert_eq!(without["fuel_used"], stats["fuel_used"]);
}

#[test]
fn a_trace_has_an_event_on_each_line_and_is_reproducible() {
    let dir = Dir::new("trace");
    dir.write("countdown.hasm", COUNTDOWN);
    let thresholds = ["run", "--deterministic", "--hotspot-threshold", "50", "--optimizing-threshold", "50"];
    let args = [&thresholds[..], &["--trace", "t.ndjson", "countdown.hasm", "1000"]].concat();
    dir.hotspot(&args).check(0, "0\n", "");
    let trace = dir.read("t.ndjson");
    let events: Vec<Value> = trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let climb = ["hot", "compile_start", "compile_end", "install"];
    let baseline = if BASELINE { &climb[..] } else { &[] };
    assert_eq!(names, [&["start", "warm"], baseline, &climb, &["enter", "exit"]].concat());
    assert_eq!((&events[0]["schema"], &events[0]["hotspot_threshold"]), (&4.into(), &50.into()));
    assert_eq!(events[2]["at"]["function"], "main");
    let (exit, rounds) = (events.last().unwrap(), if BASELINE { 900 } else { 950 });
    assert_eq!((&exit["rounds"], &exit["reason"]), (&rounds.into(), &"region_end".into()));
    dir.hotspot(&args).check(0, "0\n", "");
    assert_eq!(dir.read("t.ndjson"), trace);
}

#[test]
fn what_is_compiled_is_shown_in_all_its_forms() {
    let dir = Dir::new("verbose");
    dir.write("countdown.hasm", COUNTDOWN);
    let soon = ["run", "--listings", "--deterministic", "--optimizing-threshold", "10"];
    let ran = dir.hotspot(&[&soon[..], &["countdown.hasm", "1000"]].concat());
    assert_eq!((ran.code, &*ran.out), (0, "0\n"));
    // The baseline code's listing comes first, and has no IR.
    let err = if BASELINE { ran.err.split_once("install  ").unwrap().1 } else { &ran.err };
    assert_eq!(ran.err.contains("baseline, function at main"), BASELINE);
    let at = |piece: &str| err.find(piece).unwrap_or_else(|| panic!("no `{piece}` in {err}"));
    let order = [
        "hot  ",
        "compile_end  ",
        "    bytecode:\n",
        "load_local 0 (n)",
        "    IR as built:\n",
        "    IR after the passes:\n",
        "int_sub",
        "    machine code:\n",
        " ret\n",
        "install  ",
        "exit  ",
        "result  ",
    ];
    let places: Vec<usize> = order.into_iter().map(at).collect();
    let mut early_sub = places.clone();
    early_sub.remove(6);
    assert!(early_sub.is_sorted(), "{}", ran.err);
    let off = dir.hotspot(&["run", "--verbose", "--no-jit", "countdown.hasm", "1000"]);
    assert_eq!(off.err, "start          everything is interpreted\nresult         None\n");
}

#[test]
fn the_log_is_short_and_beside_the_source() {
    let dir = Dir::new("log");
    let program = "n = 0\nfor i in range(20000):\n    n += i % 3\n    for j in range(3 if i % 7 else 40):\n        n ^= j\nprint(n)\n";
    dir.write("p.py", program);
    let ran = dir.hotspot(&["run", "--verbose", "--deterministic", "--trace", "t.ndjson", "p.py"]);
    let count = |text: &str, piece: &str| text.lines().filter(|line| line.starts_with(piece)).count();
    let (told, happened) = (ran.err.lines().count(), dir.read("t.ndjson").lines().count());
    assert!(told < 60 && happened > 1000, "{told} lines of {happened} events");
    assert!(!ran.err.contains("bytecode:") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    assert!(
        ran.err.contains(" pc ") && ran.err.contains("  | line 2: for i in range(20000):\n"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("  | line 4: for j in range(3 if i % 7 else 40):\n"), "{}", ran.err);

    // Nothing is lost by folding: each entry is told or counted.
    let again = |line: &str| -> u64 {
        let (_, rest) = line.split_once("entered ").unwrap();
        match rest.split_once(' ').unwrap().0 {
            "once" => 1,
            number => number.replace(',', "").parse().unwrap(),
        }
    };
    let counted: u64 = ran.err.lines().filter(|line| line.starts_with("again ")).map(again).sum();
    let entries = dir.read("t.ndjson").matches("\"event\":\"enter\"").count() as u64;
    assert_eq!(count(&ran.err, "enter ") as u64 + counted, entries, "{}", ran.err);
    assert!(counted > 500, "{}", ran.err);
}

#[test]
fn the_log_has_colour_where_it_is_asked_for() {
    let dir = Dir::new("log-colour");
    dir.write("countdown.hasm", COUNTDOWN);
    let said = |name: &str| {
        let mut command = dir.command(&["run", "--verbose", "countdown.hasm", "100"]);
        command.env(name, "1");
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    assert!(!said("UNUSED").contains('\u{1b}') && !said("NO_COLOR").contains('\u{1b}'));
    let coloured = said("CLICOLOR_FORCE");
    assert!(coloured.contains("\u{1b}[33mhot ") && coloured.contains("\u{1b}[2m| line "), "{coloured}");
}

#[test]
fn statistics_do_not_mislead() {
    let dir = Dir::new("stats-words");
    dir.write("countdown.hasm", COUNTDOWN);
    let shown = dir.hotspot(&["run", "--stats", "--deterministic", "countdown.hasm", "1000"]);
    let row = |name: &str| {
        let line = shown.err.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no `{name}` in {}", shown.err)).trim().to_owned()
    };
    // Of a thousand rounds, ten are interpreted: that takes microseconds, and says nothing.
    assert_eq!(row("Speedup factor:"), "too short to tell");
    if BASELINE {
        assert_eq!(row("JIT executions (rounds):"), "990");
        assert_ne!(row("Entries, baseline code:"), "0", "who ran them was entered");
    }
    dir.write(
        "types.py",
        "n = 1\nfor i in range(3000):\n    if i == 2000:\n        n = 0.5\n    n += 1\nprint(n)\n",
    );
    let shown =
        dir.hotspot(&["run", "--stats", "--deterministic", "--optimizing-threshold", "100", "types.py"]);
    assert!(shown.err.contains("Wrong assumptions (what was there the first time):\n"), "{}", shown.err);
    let reason = "1 x  line 4, <module> pc ";
    assert!(shown.err.contains(reason) && shown.err.contains("i = int 2000"), "{}", shown.err);
}
