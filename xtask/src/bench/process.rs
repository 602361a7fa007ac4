//! Running a program once and saying what it cost: time, processor time, memory, output.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. The program
//! is started by a small process of its own (`cargo xtask bench-child`), which is pinned to a core first: the program
//! inherits that. The peak of memory that Linux tells is never below that of the process that started the program; so
//! that one has to be small. Invariants: a program that takes too long is killed; a child is always waited for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// What one run cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Seconds from start to end.
    pub wall: f64,
    /// Seconds that processors were busy for it, in all threads.
    pub cpu: f64,
    /// The most memory that was resident at one time, in bytes.
    pub memory: u64,
}

/// A run that ended well: what it cost and printed.
#[derive(Clone, Debug)]
pub struct Run {
    /// The cost.
    pub usage: Usage,
    /// Standard output.
    pub output: String,
}

/// How programs are run.
#[derive(Clone, Debug)]
pub struct Runner {
    /// This program, which can be its own `bench-child`.
    pub own: PathBuf,
    /// The core to which programs are pinned, counted from 0.
    pub core: usize,
    /// Where the child leaves its measurements.
    pub scratch: PathBuf,
    /// After how many seconds a program is killed.
    pub timeout: f64,
}

impl Runner {
    /// Runs a command.
    ///
    /// # Errors
    /// If it can't be started, takes too long or fails; with the last line of what it said about it.
    pub fn run(&self, command: &[OsString]) -> Result<Run, String> {
        let result = self.scratch.join("usage");
        let output = Command::new(&self.own)
            .arg("bench-child")
            .args([&*result, Path::new(&self.core.to_string()), Path::new(&self.timeout.to_string())])
            .args(command)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("can't start {}: {error}", self.own.display()))?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            let last = told.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it failed without a word");
            return Err(last.trim().to_owned());
        }
        let text = std::fs::read_to_string(&result)
            .map_err(|error| format!("can't read {}: {error}", result.display()))?;
        let usage = parse(&text).ok_or_else(|| format!("{}: not a measurement", result.display()))?;
        Ok(Run { usage, output: String::from_utf8_lossy(&output.stdout).into_owned() })
    }
}

fn parse(text: &str) -> Option<Usage> {
    let mut words = text.split_whitespace();
    let usage = Usage {
        wall: words.next()?.parse().ok()?,
        cpu: words.next()?.parse().ok()?,
        memory: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(usage)
}

/// `cargo xtask bench-child RESULT CORE TIMEOUT PROGRAM ARGUMENTS...`: runs the program on that core and writes what it
/// cost to a file.
///
/// # Errors
/// As [`Runner::run`].
pub fn child(arguments: &[OsString]) -> Result<(), String> {
    let [result, core, timeout, program, arguments @ ..] = arguments else {
        return Err("bench-child RESULT CORE TIMEOUT PROGRAM ARGUMENTS...: something is missing".to_owned());
    };
    let number = |text: &OsStr| text.to_str().and_then(|t| t.parse::<f64>().ok());
    let (Some(core), Some(timeout)) = (number(core), number(timeout)) else {
        return Err("bench-child: the core and the time limit are numbers".to_owned());
    };
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(core as usize);
    rustix::thread::sched_setaffinity(None, &cores)
        .map_err(|error| format!("can't pin to core {core}: {error}"))?;

    let start = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .spawn()
        .map_err(|error| format!("can't start {}: {error}", program.display()))?;
    let (done, killed) = watch(child.id(), timeout);
    let used = child.wait4().map_err(|error| format!("can't wait for {}: {error}", program.display()))?;
    let wall = start.elapsed().as_secs_f64();
    drop(done);
    if killed.load(Ordering::Relaxed) {
        return Err(format!("took more than {timeout} s"));
    }
    if !used.status.success() {
        return Err(format!("{} failed: {}", program.display(), used.status));
    }
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    std::fs::write(result, format!("{wall} {cpu} {}\n", used.rusage.maxrss))
        .map_err(|error| format!("can't write {}: {error}", result.display()))
}

/// Kills the process after some seconds, unless the sender is dropped before. The flag says that it did.
fn watch(process: u32, timeout: f64) -> (mpsc::Sender<()>, Arc<AtomicBool>) {
    let (done, waiting) = mpsc::channel();
    let killed = Arc::new(AtomicBool::new(false));
    let flag = killed.clone();
    std::thread::spawn(move || {
        let limit = Duration::try_from_secs_f64(timeout).unwrap_or(Duration::MAX);
        if waiting.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout)
            && let Some(process) = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw)
        {
            flag.store(true, Ordering::Relaxed);
            // If it has just ended there is nothing to kill.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    });
    (done, killed)
}

/// Whether two outputs say the same: lines that are floats are compared as such, since languages write one float in
/// different ways (`1.0`, `1`, `1E0`); all others letter by letter.
pub fn same_output(one: &str, other: &str) -> bool {
    let same_line = |(a, b): (&str, &str)| {
        let is_float = |text: &str| text.contains(['.', 'e', 'E', 'n']);
        a == b
            || (is_float(a) || is_float(b))
                && matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(x), Ok(y)) if x.to_bits() == y.to_bits())
    };
    one.lines().count() == other.lines().count() && one.lines().zip(other.lines()).all(same_line)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_the_same_however_they_are_written() {
        assert!(same_output("1\n", "1"));
        assert!(same_output("150000000.0", "1.5E8\n"));
        assert!(same_output("777562\n1.0\n", "777562\n1\n"));
        assert!(same_output("0.90552583897304606", "0.9055258389730461"));
    }

    #[test]
    fn other_outputs_differ() {
        assert!(!same_output("1\n", "2\n"));
        assert!(!same_output("1\n", "1\n1\n"));
        assert!(!same_output("1\n", ""));
        assert!(!same_output("0.1", "0.10000000000000002"));
        assert!(!same_output("0.0", "-0.0"));
        // As floats they are equal; as ints they are not.
        assert!(!same_output("9007199254740993", "9007199254740992"));
    }

    #[test]
    fn measurements_are_read_back() {
        let usage = Usage { wall: 0.25, cpu: 0.125, memory: 4096 };
        assert_eq!(parse("0.25 0.125 4096\n"), Some(usage));
        assert_eq!(parse("0.25 0.125"), None);
        assert_eq!(parse("0.25 0.125 4096 1"), None);
        assert_eq!(parse("a b c"), None);
    }

    #[test]
    fn a_child_is_measured() {
        let result = std::env::temp_dir().join(format!("hotspotvm-bench-child-{}", std::process::id()));
        let cores = rustix::thread::sched_getaffinity(None).unwrap();
        let core = (0..rustix::thread::CpuSet::MAX_CPU).find(|core| cores.is_set(*core)).unwrap();
        // On a thread of its own: the affinity is the thread's, and other tests need not share the core.
        let command = ["true".into(), "true".into()];
        let arguments: Vec<OsString> =
            [result.clone().into_os_string(), core.to_string().into(), "60".into()]
                .into_iter()
                .chain(command)
                .collect();
        let measured = std::thread::spawn(move || child(&arguments)).join().unwrap();
        let text = std::fs::read_to_string(&result).unwrap();
        let _ = std::fs::remove_file(&result);
        assert_eq!(measured, Ok(()));
        let usage = parse(&text).unwrap();
        assert!(usage.wall > 0.0 && usage.memory > 0, "{usage:?}");
    }
}
