//! Programs in Python through the command: output, exit codes, tracebacks, refusals; kernels and deviations as CPython has them.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn hotspot(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hotspot")).args(args).env("NO_COLOR", "1").output().unwrap()
}

fn python3(args: &[&str]) -> Option<Output> {
    let version = Command::new("python3").arg("-V").output().ok()?;
    let fits = String::from_utf8_lossy(&version.stdout).starts_with("Python 3.11");
    fits.then(|| Command::new("python3").args(args).env("PYTHONUTF8", "1").output().unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn last_line(bytes: &[u8]) -> String {
    text(bytes).trim_end().lines().last().unwrap_or("").to_owned()
}

/// Writes a program to a file of its own.
fn file(name: &str, program: &str) -> String {
    let folder = std::env::temp_dir().join(format!("hotspot-python-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, program).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn kernels_print_what_cpython_prints() {
    let kernels = [
        ("collatz", "3000"),
        ("countdown", "5000"),
        ("fib", "17"),
        ("lcg", "5000"),
        ("mandelbrot", "16"),
        ("nested", "60"),
        ("sum", "5000"),
    ];
    for (name, argument) in kernels {
        let path = root().join(format!("benches/kernels/{name}/{name}.py"));
        let path = path.to_str().unwrap();
        let ours = hotspot(&["run", path, argument]);
        assert!(ours.status.success() && !ours.stdout.is_empty(), "{name}: {}", text(&ours.stderr));
        if let Some(theirs) = python3(&[path, argument]) {
            assert_eq!(text(&ours.stdout), text(&theirs.stdout), "{name}");
        }
    }
}

#[test]
fn deviations_are_as_described() {
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("docs/python/deviations")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "py") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let note = |what: &str| {
            let start = format!("# {what}: ");
            let line = source.lines().find_map(|line| line.strip_prefix(&start));
            line.unwrap_or_else(|| panic!("{}: no `{start}`", path.display())).to_owned()
        };
        assert!(!note("What").is_empty() && !note("Why").is_empty() && !note("Instead").is_empty());
        let last = |output: &Output| {
            last_line(if output.status.success() { &output.stdout } else { &output.stderr })
        };
        let name = path.to_str().unwrap();
        assert_eq!(last(&hotspot(&["run", name])), note("Here"), "{name}");
        if let Some(theirs) = python3(&[name]) {
            assert_eq!(last(&theirs), note("CPython"), "{name}");
        }
        count += 1;
    }
    assert!(count >= 8, "{count}");
}

#[test]
fn errors_end_with_pythons_traceback() {
    let program = "import math\n\ndef f(n):\n    return 1 // n\n\nprint('begin')\nx = f(\n    0)\n";
    let path = file("traceback.py", program);
    let ours = hotspot(&["run", &path]);
    assert_eq!(ours.status.code(), Some(1));
    assert_eq!(text(&ours.stdout), "begin\n");
    let expected = format!(
        "Traceback (most recent call last):\n  File \"{path}\", line 7, in <module>\n    x = f(\n  File \"{path}\", line 4, in f\n    \
         return 1 // n\nZeroDivisionError: integer division or modulo by zero\n"
    );
    assert_eq!(text(&ours.stderr), expected);
    let path = file("deep.py", "def f(n):\n    return f(n + 1) + 1\n\nf(0)\n");
    let ours = hotspot(&["run", &path]);
    assert_eq!(ours.status.code(), Some(1));
    assert!(
        text(&ours.stderr).contains("  [Previous line repeated 996 more times]\n"),
        "{}",
        text(&ours.stderr)
    );
    assert_eq!(last_line(&ours.stderr), "RecursionError: maximum recursion depth exceeded");
}

#[test]
fn what_is_not_supported_is_told_before_anything_runs() {
    let path = file("unsupported.py", "print('never')\nx = 1j\n\ndef f(a):\n    return lambda: a\n");
    let ours = hotspot(&["run", &path]);
    assert_eq!((ours.status.code(), text(&ours.stdout)), (Some(2), String::new()));
    let shown = text(&ours.stderr);
    for piece in [
        "error[PY207]: not supported: complex number",
        "unsupported.py:2:5",
        "x = 1j",
        "^^",
        "error[PY102]",
        "help: ",
    ] {
        assert!(shown.contains(piece), "{piece} in {shown}");
    }
    let ours = hotspot(&["check", "--json", &path]);
    assert_eq!(ours.status.code(), Some(2));
    let lines = text(&ours.stdout);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["code"], &first["line"], &first["column"]), (&"PY207".into(), &2.into(), &5.into()));
    assert!(first["hint"].as_str().is_some_and(|hint| !hint.is_empty()));

    let path = file("wrong.py", "def f():\n    x = (1 +\n");
    let ours = hotspot(&["run", &path]);
    assert_eq!(ours.status.code(), Some(2));
    assert!(text(&ours.stderr).contains("error[SyntaxError]"), "{}", text(&ours.stderr));

    let path = file("lost.py", "def f():\n    x = (1 +\n    y = 2\nprint(0xg)\n");
    let shown = text(&hotspot(&["run", &path]).stderr);
    assert_eq!(
        shown.matches("SyntaxError").count(),
        1,
        "told once, and nothing that follows from it: {shown}"
    );
    assert!(shown.contains("\n1 error in "), "{shown}");
}

#[test]
fn code_is_shown_beside_its_lines() {
    let path = file("shown.py", "def double(x):\n    return x * 2\n\nprint(double(21))\n");
    let shown = text(&hotspot(&["dis", &path]).stdout);
    for piece in [
        "<module>(): ",
        "double(x): 4 instructions",
        "     2      return x * 2",
        "  load_local 0 (x)",
        "  call 1 (double)",
    ] {
        assert!(shown.contains(piece), "{piece} in {shown}");
    }
    let log = hotspot(&["run", "--verbose", "--deterministic", &path]);
    assert_eq!(text(&log.stdout), "42\n");
}

#[test]
fn arguments_are_sys_argv() {
    let path = file(
        "argv.py",
        "import sys\nprint(len(sys.argv), sys.argv[1] + '!', int(sys.argv[2]) + 1)\nprint(sys.argv[3])\n",
    );
    let ours = hotspot(&["run", &path, "5", "-7"]);
    assert_eq!(text(&ours.stdout), "3 5! -6\n");
    assert_eq!(last_line(&ours.stderr), "IndexError: list index out of range");
    let compared = hotspot(&["compare", "--runs", "2", &path, "5", "6", "7"]);
    assert!(compared.status.success(), "{}", text(&compared.stderr));
}
