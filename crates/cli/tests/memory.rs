//! What a process takes in memory, held to what docs/limits-operations.md promises. Only where the system says it in `/proc`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// The most memory that a process has taken, in bytes, once the program has printed a line; it waits for its reader
/// then, since it goes on to print more than a pipe holds ([`WAIT`]).
fn peak_of(source: &str, arguments: &[&str]) -> u64 {
    peak_of_file(source.as_bytes(), "py", arguments)
}

/// The same of a file with this ending.
fn peak_of_file(content: &[u8], ending: &str, arguments: &[&str]) -> u64 {
    let name = format!("hotspot-memory-{}-{:p}.{ending}", std::process::id(), content);
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, content).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hotspot"))
        .arg("run")
        .args(arguments)
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    output.read_to_end(&mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
    std::fs::remove_file(&file).unwrap();
    assert_eq!(line, "here\n");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// More lines than a pipe holds, as a statement of Python.
const WAIT: &str = "for i in range(4000): print('x' * 100)\n";

/// Many small strs and many ints of 64 bits, each held by a call, and much garbage of both.
#[test]
fn a_process_takes_no_more_than_it_may() {
    const HEAP: u64 = 16 << 20;
    const BASE: u64 = 16 << 20;
    let strs = "
import sys
sys.setrecursionlimit(10 ** 6)
def hold(n):
    s = str(n + 1000000)
    if n == 0:
        for i in range(300000):
            t = str(i)
        print('here')
        wait()
        return 0
    return hold(n - 1) + len(s)
hold(220000)
";
    let ints = "
import sys
sys.setrecursionlimit(10 ** 6)
def hold(n):
    k = n + (1 << 60)
    if n == 0:
        for i in range(300000):
            k = (k * 3 + i) % ((1 << 61) - 1)
        print('here')
        wait()
        return 0
    return hold(n - 1) + (k & 1)
hold(220000)
";
    // The program itself and the pages of its text, which a build without optimization has more of.
    let own = peak_of(&format!("print('here')\n{WAIT}"), &[]).saturating_sub(4 << 20);
    for source in [strs, ints] {
        let peak = peak_of(&format!("def wait():\n    {WAIT}{source}"), &["--max-heap", "16M"]);
        assert!(peak <= HEAP * 3 / 2 + BASE + own, "{peak} bytes, {own} of them its own");
    }
}

/// A program takes no more than is counted for it before there is memory for it, its file included.
#[test]
fn a_large_program_takes_what_is_counted() {
    use hotspotvm::bytecode::program::Function;
    use hotspotvm::bytecode::{assemble, container};
    let body = "load_local x\npush 3\nadd\nstore_local x\n".repeat(500);
    let line = "x".repeat(100);
    let text = format!(
        "entry main\nfunc f(x)\n{body}load_local x\nret\nend\nfunc main()\nlocal i\npush 1\ncall f\npop\npush \"here\"\nprint\n\
         push 4000\nstore_local i\nagain:\npush \"{line}\"\nprint\nload_local i\npush 1\nsub\ndup\nstore_local i\n\
         jump_if_not_zero again\npush 0\nret\nend\n"
    );
    let mut program = assemble("large.hasm", &text).unwrap();
    let own = peak_of_file(&container::write(&program), "hsbc", &[]);
    let copied = program.functions[0].clone();
    let copies = (0..1_000).map(|k| Function { name: format!("f{k}"), ..copied.clone() });
    program.functions.extend(copies);
    let (counted, bytes) = (program.footprint(), container::write(&program));
    assert!(counted > 120 << 20 && bytes.len() > 5 << 20, "{counted} {}", bytes.len());
    let peak = peak_of_file(&bytes, "hsbc", &[]);
    assert!(peak <= own + counted, "{peak} bytes, {own} of them its own, {counted} counted");
}
