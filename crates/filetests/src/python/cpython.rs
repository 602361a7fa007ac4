//! What CPython 3.11 says of programs: many in one process, or each in its own.
//!
//! Outside of `profile -> detect -> compile -> cache -> execute -> deoptimise`, like its crate.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// How a program ends in CPython: its output, and the last line of its error if it ends with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Standard output.
    pub output: String,
    /// The last line on standard error; empty if there was no error.
    pub error: String,
}

/// Reads programs, each as its length in bytes and a line feed before it, and answers in the same form: output, error.
const DRIVER: &str = r#"
import sys, io, traceback, warnings
warnings.simplefilter("ignore")
def answer(text):
    data = text.encode()
    real.write(b"%d\n" % len(data))
    real.write(data)
source, real = sys.stdin.buffer, sys.stdout.buffer
while True:
    length = source.readline()
    if not length:
        break
    text = source.read(int(length)).decode()
    sys.stdout = out = io.StringIO()
    error = ""
    try:
        exec(compile(text, "program.py", "exec"), {"__name__": "__main__"})
    except BaseException as e:
        error = traceback.format_exception(e)[-1].rstrip("\n")
    answer(out.getvalue())
    answer(error)
real.flush()
"#;

/// What CPython 3.11 does with the programs; `None` if there is no `python3` of that version.
pub fn in_cpython(programs: &[String]) -> Option<Vec<Ended>> {
    if !is_there() {
        return None;
    }
    // So that sets of strs have the order that they have here.
    let mut child = Command::new("python3")
        .env("PYTHONHASHSEED", "0")
        .args(["-c", DRIVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut all = Vec::new();
    for program in programs {
        all.extend_from_slice(format!("{}\n", program.len()).as_bytes());
        all.extend_from_slice(program.as_bytes());
    }
    let mut stdin = child.stdin.take()?;
    let writer = std::thread::spawn(move || stdin.write_all(&all));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    let mut rest = output.stdout.as_slice();
    let mut next = || -> Option<String> {
        let at = rest.iter().position(|&b| b == b'\n')?;
        let length: usize = std::str::from_utf8(&rest[..at]).ok()?.parse().ok()?;
        let text = rest.get(at + 1..at + 1 + length)?;
        let text = String::from_utf8_lossy(text).into_owned();
        rest = &rest[at + 1 + length..];
        Some(text)
    };
    let mut answers = Vec::new();
    for _ in programs {
        answers.push(Ended { output: next()?, error: next()? });
    }
    Some(answers)
}

/// Whether there is a `python3` of version 3.11.
fn is_there() -> bool {
    let version = Command::new("python3").arg("-V").output();
    version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).starts_with("Python 3.11"))
}

/// How many interpreters run at a time.
const AT_A_TIME: usize = 2;

/// What CPython 3.11 does with programs that change its settings, or whose whole traceback is wanted: each is run as a
/// file in a process of its own. In [`Ended::error`] is all of standard error, without the last line feed and without
/// the marks below source lines. The second part is the name of the file that was run. `None` if there is no `python3`
/// of that version.
pub fn run_by_cpython(programs: &[String]) -> Option<Vec<(Ended, String)>> {
    if !is_there() {
        return None;
    }
    // Tests of one binary run at once.
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("hotspot-python-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).ok()?;
    let paths: Vec<_> = (0..programs.len()).map(|at| folder.join(format!("program{at}.py"))).collect();
    let mut all = Vec::new();
    for (programs, paths) in programs.chunks(AT_A_TIME).zip(paths.chunks(AT_A_TIME)) {
        let mut running = Vec::new();
        for (program, path) in programs.iter().zip(paths) {
            std::fs::write(path, program).ok()?;
            let mut command = Command::new("python3");
            command.env("PYTHONHASHSEED", "0");
            command.args(["-s", "-P", "-S", "-X", "no_debug_ranges"]).arg(path);
            running.push(
                command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?,
            );
        }
        for (child, path) in running.into_iter().zip(paths) {
            let output = child.wait_with_output().ok()?;
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let error = text(output.stderr).trim_end_matches('\n').to_owned();
            all.push((Ended { output: text(output.stdout), error }, path.to_string_lossy().into_owned()));
        }
    }
    std::fs::remove_dir_all(&folder).ok()?;
    Some(all)
}
