//! Limits of programs and of the process: streams that keep one waiting, presets, sizes, what the shell allows.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Dir, ENDLESS, Ran};
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Longer than any of these programs may take, however busy the machine: an end that never comes is what is looked for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for the end of a command that must end by itself.
#[track_caller]
fn end(mut child: Child) -> Ran {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it is still waiting");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ran::from(child.wait_with_output().unwrap())
}

fn piped(dir: &Dir, args: &[&str]) -> Child {
    let mut command = dir.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn input_that_does_not_come_keeps_nobody_beyond_the_deadline() {
    let dir = Dir::new("blocked-input");
    dir.write("read.hasm", "push 1\nprint\nagain:\n    input\n    pop\n    jump again\n");
    for (jit, sent) in [(&[][..], ""), (&["--no-jit"], "one\nhalf a li")] {
        let mut child = piped(&dir, &[&["run", "--timeout", "0.2"], jit, &["read.hasm"]].concat());
        let mut open = child.stdin.take().unwrap();
        open.write_all(sent.as_bytes()).unwrap();
        let ran = end(child);
        assert_eq!((ran.code, &*ran.out), (3, "1\n"), "{}", ran.err);
        assert!(ran.err.contains("time limit: 200ms are over"), "{}", ran.err);
        drop(open);
    }
    let mut child = piped(&dir, &["compare", "--timeout", "0.2", "read.hasm"]);
    let open = child.stdin.take().unwrap();
    end(child).check_failed(3, "nothing to compare");
    drop(open);
}

#[test]
fn reading_and_checking_a_program_end_with_the_deadline() {
    let dir = Dir::new("blocked-program");
    for command in ["run", "profile"] {
        let mut child = piped(&dir, &[command, "--timeout", "0.2", "-"]);
        let mut open = child.stdin.take().unwrap();
        open.write_all(b"push 1\nprint\n").unwrap();
        end(child).check_failed(3, "time limit: 200ms are over");
        drop(open);
    }
    // Some seconds of work for the front end, and then a program that would print.
    let sum = vec!["x * x"; 1000].join(" + ");
    let lines: String = (0..2000).map(|i| format!("def f{i}(x):\n    return {sum}\n")).collect();
    dir.write("large.py", &(lines + "print(1)\n"));
    let ran = end(piped(&dir, &["run", "--timeout", "0.05", "large.py"]));
    assert_eq!((ran.code, &*ran.out), (3, ""), "{}", ran.err);
    assert!(ran.err.contains("time limit: 50ms are over"), "{}", ran.err);
}

#[test]
fn output_that_nobody_reads_keeps_nobody_beyond_the_deadline() {
    let dir = Dir::new("blocked-output");
    dir.write("endless.hasm", ENDLESS);
    // Enough to fill a pipe, and then the end of the program; and one str that is larger than any pipe.
    dir.write("much.py", "for i in range(40000):\n    print(i)\n");
    dir.write("large.py", "print('x' * 3000000)\n");
    for program in ["endless.hasm", "much.py", "large.py"] {
        let ran = {
            let child = piped(&dir, &["run", "--timeout", "0.3", program]);
            end(child)
        };
        assert_eq!(ran.code, 3, "{program}: {}", ran.err);
        assert!(ran.err.contains("time limit"), "{program}: {}", ran.err);
        assert!(ran.out.len() >= 4096, "{program}: what the pipe took is there: {}", ran.out.len());
    }
}

/// A stream of a host whose other end never does anything.
struct Stuck;

impl Stuck {
    fn wait<T>() -> std::io::Result<T> {
        std::thread::sleep(Duration::from_millis(1));
        Err(std::io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Stuck {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Stuck::wait()
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Stuck {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Stuck::wait()
    }
}

#[test]
fn a_cancel_reaches_a_program_that_waits() {
    use hotspotvm::bytecode::{assemble, verify};
    use hotspotvm::{Engine, Io, LimitKind, Options, StopKind};
    for source in ["input\nprint\n", "push 1\nprint\n", "again: push 1\nprint\njump again\n"] {
        let program = assemble("stuck", source).and_then(verify).unwrap();
        let mut engine = Engine::new(Options::default());
        let cancel = engine.cancel();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            cancel.cancel();
        });
        let io = Io::new(Box::new(Stuck), Box::new(std::io::BufReader::new(Stuck)), false);
        let outcome = engine.run(program.into(), &[], io);
        assert_eq!(outcome.result.unwrap_err().kind, StopKind::Limit(LimitKind::Cancelled), "{source}");
        other.join().unwrap();
    }
}

#[test]
fn messages_that_nobody_reads_keep_nobody_either() {
    let dir = Dir::new("blocked-both");
    dir.write("endless.hasm", ENDLESS);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = dir.command(&["run", "--stats", "--timeout", "0.3", "endless.hasm"]);
    let child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    drop(command);
    assert_eq!(end(child).code, 3);
    let mut taken = String::new();
    reader.read_to_string(&mut taken).unwrap();
    assert!(taken.starts_with("1\n1\n"));
}

#[test]
fn a_slow_reader_gets_everything_in_order() {
    let dir = Dir::new("slow-reader");
    dir.write("p.py", "for i in range(30000):\n    print(i)\nprint(1 // 0)\n");
    let mut child = piped(&dir, &["run", "--timeout", "50", "p.py"]);
    let mut out = child.stdout.take().unwrap();
    let mut all = Vec::new();
    let mut part = [0; 4000];
    loop {
        let count = out.read(&mut part).unwrap();
        if count == 0 {
            break;
        }
        all.extend_from_slice(&part[..count]);
        if all.len() < 100_000 {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let expected: String = (0..30_000).map(|i| format!("{i}\n")).collect();
    assert!(all == expected.as_bytes(), "{} bytes", all.len());
    let ran = end(child);
    assert!(
        ran.code == 1 && ran.err.ends_with("ZeroDivisionError: integer division or modulo by zero\n"),
        "{}",
        ran.err
    );
}

#[test]
fn a_long_line_of_input_costs_fuel() {
    let dir = Dir::new("long-line");
    dir.write("read.hasm", "input\nhalt\n");
    let line = "x".repeat(1 << 20);
    let used = |input: &str| {
        dir.hotspot_with(&["run", "--stats-json", "s.json", "read.hasm"], input).check(0, "", "");
        let stats: serde_json::Value = serde_json::from_str(&dir.read("s.json")).unwrap();
        stats["fuel_used"].as_u64().unwrap()
    };
    assert_eq!(used("64 bytes\n"), used("\n"), "short lines cost their instruction");
    assert_eq!(used(&line) - used("\n"), (1 << 20) - 64);
    let ran = dir.hotspot_with(&["run", "--fuel", "10000", "read.hasm"], &line);
    ran.check_failed(3, "fuel limit");
}

#[test]
fn output_has_a_limit() {
    let dir = Dir::new("output");
    dir.write("endless.hasm", ENDLESS);
    for jit in
        [&["--deterministic", "--optimizing-threshold", "20"][..], &["--no-jit"], &["--max-tier", "baseline"]]
    {
        let ran = dir.hotspot(&[&["run", "--max-output", "1001"], jit, &["endless.hasm"]].concat());
        assert_eq!((ran.code, ran.out), (3, "1\n".repeat(500)), "{jit:?}");
        let said = "Traceback (most recent call last):\n  in main, pc 1, line 3\noutput limit: more than 1001 bytes were to be \
                    written\n";
        assert_eq!(ran.err, said, "{jit:?}");
    }
}

#[test]
fn a_stranger_gets_limits_and_options_override_them() {
    let dir = Dir::new("untrusted");
    dir.write("loop.hasm", "again: jump again\n");
    dir.write("big.py", "print((1 << 524288) > 0)\n");
    dir.write("long.py", "print(len('ab' * 5000000))\n");
    dir.write("deep.py", "import sys\nsys.setrecursionlimit(5000)\ndef f(n):\n    return f(n + 1)\nf(0)\n");
    dir.write("endless.hasm", ENDLESS);
    let untrusted = |args: &[&str]| {
        let ran = dir.hotspot(&[&["run", "--untrusted"], args].concat());
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    };
    untrusted(&["--timeout", "100", "loop.hasm"])
        .check_failed(3, "fuel limit: 1000000000 of 1000000000 used");
    untrusted(&["--fuel", "1000", "loop.hasm"]).check_failed(3, "fuel limit: 1000 of 1000 used");
    untrusted(&["big.py"]).check_failed(3, "size limit");
    untrusted(&["--max-int-bits", "600000", "big.py"]).check(0, "True\n", "");
    untrusted(&["long.py"]).check_failed(3, "size limit");
    untrusted(&["--max-str", "16M", "long.py"]).check(0, "10000000\n", "");
    untrusted(&["deep.py"]).check_failed(3, "depth limit");
    let much = untrusted(&["endless.hasm"]);
    assert_eq!((much.code, much.out.len()), (3, 16 << 20), "{}", much.err);
}

#[test]
fn what_cpython_runs_within_its_defaults_runs_within_ours() {
    let dir = Dir::new("defaults");
    // Values of CPython 3.11, which needs no option for any of these.
    for (program, printed) in [
        ("print((1 << 1000000) >> 999990)\n", "1024\n"),
        ("x = 3 ** 1000000\nprint(x % 1000007)\n", "81323\n"),
        ("print(len('ab' * 10000000))\n", "20000000\n"),
        ("x = 'a' * 100000000\ny = x + 'b'\nprint(len(y + x + y))\n", "300000002\n"),
        (
            "import sys\nsys.setrecursionlimit(200000)\ndef f(a, b, c, d, e, n):\n    if n == 0:\n        return 0\n    \
             return f(a, b, c, d, e, n - 1) + 1\nprint(f(1, 2, 3, 4, 5, 150000))\n",
            "150000\n",
        ),
    ] {
        dir.write("p.py", program);
        dir.hotspot(&["run", "p.py"]).check(0, printed, "");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn limits_of_the_shell_end_in_words() {
    let dir = Dir::new("shell");
    let sum = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/sum.hasm");
    dir.write("endless.hasm", ENDLESS);
    dir.write("heap.py", "x = 'a' * 50000000\ny = x + 'b'\nz = y + 'c'\nprint(len(z))\n");
    let under = |limit: &str, args: &str| {
        let hotspot = env!("CARGO_BIN_EXE_hotspot");
        let script = format!("{limit}; exec {hotspot} {args}");
        let mut command = std::process::Command::new("sh");
        command.current_dir(dir.path()).args(["-c", &script]).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.code().is_some(), "{limit}: {args}: {output:?}");
        Ran::from(output)
    };
    // A limit on the size of files (here 512 bytes) is none on code, and no end without a word for what is written.
    under("ulimit -f 1", &format!("run {sum} 100000")).check(0, "5000050000\n", "");
    let cut = under("ulimit -f 1", "run --max-output 1M endless.hasm > out");
    assert!(cut.code == 4 && cut.err.contains("File too large"), "{cut:?}");
    // Addresses: a program runs interpreted where there are few, and is told where there are not enough.
    for kilobytes in [60_000, 70_000, 80_000, 90_112, 100_000, 120_000, 200_000] {
        let ran = under(&format!("ulimit -v {kilobytes}"), &format!("run {sum} 100000"));
        assert_eq!((ran.code, &*ran.out), (0, "5000050000\n"), "{kilobytes}: {}", ran.err);
    }
    let refused = under("ulimit -v 120000", "run heap.py");
    assert!(refused.code == 3 && !refused.err.is_empty(), "{refused:?}");
}
