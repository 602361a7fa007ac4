//! `hotspot step`: what docs/step.md does not show. Where commands and input come from, how it ends, and what is refused.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

mod common;

use common::{ADD, COUNTDOWN, Dir, INVERT};

/// Prints what it reads, twice.
const ECHO: &str = "    input\n    print\n    input\n    print\n";

#[test]
fn commands_come_from_standard_input_and_the_answer_is_the_same() {
    let dir = Dir::new("step-pipe");
    dir.write("countdown.hasm", COUNTDOWN);
    for commands in
        ["", "step\n", "interpret 100\nstep 20\nnext 3\n", "event\nevent\nevent\n", "to pc 4\nfinish\n", "c"]
    {
        let ran =
            dir.hotspot_with(&["step", "--optimizing-threshold", "20", "countdown.hasm", "1000"], commands);
        assert_eq!((ran.code, &*ran.out), (0, "0\n"), "{commands:?}: {}", ran.err);
        assert!(ran.err.ends_with("The program has ended.\n"), "{commands:?}: {}", ran.err);
        assert!(!ran.err.contains('\u{1b}'), "colours are for terminals: {}", ran.err);
        let echoed: Vec<&str> = ran.err.lines().filter_map(|line| line.strip_prefix("(step) ")).collect();
        let mut given: Vec<&str> = commands.lines().collect();
        if echoed.len() > given.len() {
            given.push("(no more commands: on to the end)");
        }
        assert_eq!(echoed, given[..echoed.len()]);
    }
}

#[test]
fn nothing_is_wider_than_a_terminal() {
    let dir = Dir::new("step-width");
    let long = "x".repeat(120);
    let source = format!(
        "def f(a, b, {long}):\n    return a + b + {long} + {long} + {long}\n\ntotal = 0\nfor i in range(50):\n    total += f(i, i * 1.5, 2 ** 200)\nprint(total)\n"
    );
    dir.write("wide.py", source);
    let commands = "help\nto f\nwhere\nlist\ncalls\nglobals\ncounters\nunits\ncompile\nevent\nevent\nevent\nevent deopt\nfail\nset nobody 1\n";
    let ran = dir.hotspot_with(&["step", "--optimizing-threshold", "5", "wide.py"], commands);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // A word that is longer than the line stands alone.
    for line in ran.err.lines().filter(|line| !line.split_whitespace().any(|word| word.len() > 60)) {
        assert!(line.chars().count() <= 80, "{} characters: {line}", line.chars().count());
    }
}

#[test]
fn input_has_one_clear_source() {
    let dir = Dir::new("step-input");
    dir.write("echo.hasm", ECHO);
    dir.write("fruit.txt", "apples\npears\n");
    dir.write("two.steps", "step 2\n");
    let note = "finds its input at the end";
    let ran = dir.hotspot_with(&["step", "echo.hasm"], "step\nstep\n");
    assert_eq!((ran.code, &*ran.out), (0, "None\nNone\n"));
    assert!(ran.err.contains(note), "{}", ran.err);
    let ran = dir.hotspot_with(&["step", "--input", "fruit.txt", "echo.hasm"], "step\n");
    assert_eq!((ran.code, &*ran.out), (0, "apples\npears\n"));
    assert!(!ran.err.contains(note), "{}", ran.err);
    let ran = dir.hotspot_with(&["step", "--commands", "two.steps", "echo.hasm"], "plums\nfigs\n");
    assert_eq!((ran.code, &*ran.out), (0, "plums\nfigs\n"));
    let ran = dir.hotspot_with(&["step", "--commands", "two.steps", "--input", "fruit.txt", "-"], ECHO);
    assert_eq!((ran.code, &*ran.out), (0, "apples\npears\n"));
    let ran = dir.hotspot_with(&["step", "-"], ECHO);
    ran.check_failed(2, "cannot both come from standard input");
    dir.hotspot(&["step", "--commands", "nowhere", "echo.hasm"]).check_failed(2, "cannot read `nowhere`");
    dir.hotspot(&["step", "--input", "nowhere", "echo.hasm"]).check_failed(2, "cannot read `nowhere`");
}

#[test]
fn what_stands_behind_the_program_is_its_own() {
    let dir = Dir::new("step-arguments");
    dir.write("add.hasm", ADD);
    let ran = dir.hotspot_with(&["step", "add.hasm", "40", "2"], "");
    assert_eq!((ran.code, &*ran.out), (0, "42\n"));
    assert!(ran.err.ends_with("The program has ended; its result is 42.\n"), "{}", ran.err);
    let ran = dir.hotspot_with(&["step", "add.hasm", "--commands", "--input"], "");
    assert_eq!((ran.code, &*ran.out), (0, "--commands--input\n"));
    dir.hotspot(&["step", "add.hasm"]).check_failed(2, "takes 2 arguments");
}

#[test]
fn errors_and_limits_end_it_as_they_end_any_run() {
    let dir = Dir::new("step-ends");
    dir.write("invert.hasm", INVERT);
    dir.write("countdown.hasm", COUNTDOWN);
    let run = dir.hotspot(&["run", "invert.hasm", "0"]);
    let ran = dir.hotspot_with(&["step", "invert.hasm", "0"], "step\nnext\nnext\n");
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert!(ran.err.ends_with(&run.err), "{}", ran.err);
    let run = dir.hotspot(&["run", "--fuel", "100", "countdown.hasm", "1000"]);
    let ran = dir.hotspot_with(&["step", "--fuel", "100", "countdown.hasm", "1000"], "interpret 1000\n");
    assert_eq!((ran.code, &*ran.out), (3, ""));
    assert!(ran.err.ends_with(&run.err), "{}", ran.err);
}

#[test]
fn one_may_leave() {
    let dir = Dir::new("step-quit");
    dir.write("echo.hasm", "    push 1\n    print\n    push 2\n    print\n");
    let ran = dir.hotspot_with(&["step", "echo.hasm"], "step 2\nquit\nstep\n");
    assert_eq!((ran.code, &*ran.out), (0, "1\n"));
    assert!(ran.err.ends_with("(step) quit\n"), "{}", ran.err);
}

#[test]
fn an_empty_line_does_the_same_again_and_mistakes_do_nothing() {
    let dir = Dir::new("step-again");
    dir.write("four.hasm", "    push 1\n    push 2\n    push 3\n    push 4\n    halt\n");
    let ran = dir.hotspot_with(
        &["step", "four.hasm"],
        "step\n\n# not a command\nstepp\nto 99\nto nobody\nevent party\n\nquit\n",
    );
    assert_eq!(ran.code, 0);
    let stops: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("main pc ")).collect();
    assert_eq!(
        stops,
        ["main pc 0, line 1: push 1", "main pc 1, line 2: push 2", "main pc 2, line 3: push 3"]
    );
    for said in [
        "there is no command `stepp`; `help` lists them.",
        "That cannot be: line 99 has no instruction.",
        "That cannot be: there is no function `nobody`.",
        "That cannot be: there is no event `party`;",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
}

#[test]
fn a_program_cannot_command_the_terminal() {
    let dir = Dir::new("step-escape");
    dir.write("escape.py", "x = '\\x1b[31m'\ny = x  # \u{1b}[32m\n");
    let ran = dir.hotspot_with(&["step", "escape.py"], "line\nline\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
}
