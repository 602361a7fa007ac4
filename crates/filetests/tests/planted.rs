//! Planted bugs are found: for each of [`Bug::ALL`], the file tests and the generated programs are run with wrong code
//! on purpose until one disagrees, and it is said after how many. A bug that generated programs do not find is a gap in
//! them, and fails the test.
//!
//! `HOTSPOT_PROGRAMS` sets how many programs are tried at the most, `HOTSPOT_SEED` the first seed, `HOTSPOT_PLANTED`
//! the name of the only bug to look at. Each search is a process of its own, since wrong code may end its process, or
//! never end; both are ways to be found.

use filetests::{configurations, disagreements_among, generate, load};
use hotspotvm::{Options, Output, runtime};
use ir::planted::{Bug, plant};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How many programs are tried at the most, and in how many ways each.
const PROGRAMS: u64 = 20_000;
const SAMPLE: u64 = 9;
/// The name of no bug, and how many programs must then agree.
const NONE: &str = "none";
const CONTROL: u64 = 100;
/// How long one program, or one file, may take in all its ways before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What a search tells while it goes on.
const TRYING: &str = "trying ";
const FOUND: &str = "found: ";

/// Tries the file tests, all ways; stops at the first disagreement.
fn search_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/filetests");
    let entries = std::fs::read_dir(folder).expect("the folder is part of the project");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "hasm"));
    files.sort();
    for (count, path) in files.iter().enumerate() {
        println!("{TRYING}{} {}", count + 1, path.file_name().unwrap_or_default().to_string_lossy());
        let source = std::fs::read_to_string(path).expect("a file that was just listed");
        let arguments: Vec<Output> = source
            .lines()
            .find_map(|line| line.strip_prefix("; args:"))
            .map(|text| text.split_whitespace().map(runtime::num::parse_argument).collect())
            .unwrap_or_default();
        let program = load("file", &source).expect("file tests load");
        let mut options = Options { deterministic: true, counting: count % 2 == 0, ..Options::default() };
        options.limits.timeout = Some(PATIENCE / 2);
        for way in configurations(&options, 1) {
            let (_, reports) =
                disagreements_among(std::slice::from_ref(&way), &program, &arguments, &options);
            if !reports.is_empty() {
                println!("{FOUND}{}", way.name);
                return;
            }
        }
    }
}

/// Tries generated programs, each in a few ways; stops at the first disagreement.
fn search_programs() {
    let first = number("HOTSPOT_SEED", 1);
    for count in 1..=number("HOTSPOT_PROGRAMS", PROGRAMS) {
        let seed = first + count - 1;
        println!("{TRYING}{count} seed {seed}");
        let source = generate::program(seed);
        // Every other program is counted, as with `profile`: counts must be exact too.
        let options = Options { counting: seed % 2 == 0, ..generate::options(seed) };
        let program = load("generated", &source).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let mut ways = configurations(&options, seed);
        let mut random = generate::Random::new(seed ^ 0xC0FFEE);
        while ways.len() > SAMPLE as usize {
            ways.swap_remove(random.below(ways.len() as u64) as usize);
        }
        for way in ways {
            let (_, reports) = disagreements_among(std::slice::from_ref(&way), &program, &[], &options);
            if !reports.is_empty() {
                println!("{FOUND}{}", way.name);
                return;
            }
        }
    }
}

/// A search, in a process of its own.
#[test]
#[ignore = "started by the other test"]
fn search() {
    let name = std::env::var("HOTSPOT_PLANTED").unwrap_or_default();
    let bug = Bug::ALL.iter().copied().find(|bug| bug.name() == name);
    assert!(bug.is_some() || name == NONE, "no bug is named `{name}`");
    plant(bug);
    // Panics of the code under test are reports, not failures of the search.
    std::panic::set_hook(Box::new(|_| {}));
    match std::env::var("HOTSPOT_SEARCH").as_deref() {
        Ok("files") => search_files(),
        _ => search_programs(),
    }
}

/// What a search has found, and after how many programs.
struct Found {
    count: u64,
    what: Option<String>,
    time: Duration,
}

impl Found {
    fn describe(&self, of: &str) -> String {
        let (count, seconds) = (self.count, self.time.as_secs_f64());
        match &self.what {
            Some(what) => format!("{of} {count} after {seconds:.1} s ({what})"),
            None => format!("none of {count} {of}s in {seconds:.1} s"),
        }
    }
}

fn start(bug: &str, search: &str, programs: u64) -> Found {
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe().expect("this test's own file"))
        .args(["--exact", "search", "--ignored", "--nocapture"])
        .env("HOTSPOT_PLANTED", bug)
        .env("HOTSPOT_PROGRAMS", programs.to_string())
        .env("HOTSPOT_SEARCH", search)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process can be started");
    let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    let (send, lines) = channel();
    let reader = std::thread::spawn(move || {
        output.lines().map_while(Result::ok).for_each(|line| {
            let _ = send.send(line);
        });
    });
    let (mut count, mut what, mut last) = (0, None, String::new());
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                // The test runner begins the first line.
                if let Some((_, trying)) = line.split_once(TRYING) {
                    let (number, name) = trying.split_once(' ').unwrap_or((trying, ""));
                    (count, last) = (number.parse().unwrap_or(count), name.to_string());
                } else if let Some(way) = line.strip_prefix(FOUND) {
                    what = Some(format!("{last}: {way}"));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                what = Some(format!("{last}: it does not end"));
                let _ = child.kill();
                break;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait().expect("it was started");
    let _ = reader.join();
    if what.is_none() && !status.success() {
        what = Some(format!("{last}: {status}"));
    }
    Found { count, what, time: start.elapsed() }
}

#[test]
fn every_planted_bug_is_found() {
    let only = std::env::var("HOTSPOT_PLANTED").ok();
    // Without wrong code nothing is found.
    let control = start(NONE, "programs", CONTROL);
    println!("{NONE:24}{}", control.describe("program"));
    assert!(control.what.is_none() && control.count == CONTROL, "{:?}", control.what);
    let most = number("HOTSPOT_PROGRAMS", PROGRAMS);
    let mut missed = Vec::new();
    for &bug in Bug::ALL.iter().filter(|bug| only.as_deref().is_none_or(|name| bug.name() == name)) {
        let (files, programs) = (start(bug.name(), "files", most), start(bug.name(), "programs", most));
        println!("{:24}{}; {}", bug.name(), programs.describe("program"), files.describe("file"));
        if programs.what.is_none() {
            missed.push(bug.name());
        }
    }
    assert!(missed.is_empty(), "generated programs do not find {missed:?}");
}
