//! `--perf`: the map and the dump for Linux' perf tell of the same code.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

mod common;

use common::{COUNTDOWN, Dir};

/// The name, address and size of each piece of code in a jitdump, and how many records of lines there are.
fn pieces(dump: &[u8]) -> (Vec<(String, u64, u64)>, usize) {
    let u32_at = |at: usize| u32::from_ne_bytes(dump[at..at + 4].try_into().unwrap());
    let u64_at = |at: usize| u64::from_ne_bytes(dump[at..at + 8].try_into().unwrap());
    assert_eq!(u32_at(0), 0x4A69_5444);
    let (mut at, mut pieces, mut lines) = (u32_at(8) as usize, Vec::new(), 0);
    while at < dump.len() {
        match u32_at(at) {
            0 => {
                let name = dump[at + 56..].split(|&byte| byte == 0).next().unwrap();
                let name = String::from_utf8(name.to_vec()).unwrap();
                pieces.push((name, u64_at(at + 32), u64_at(at + 40)));
            }
            2 => lines += 1,
            other => panic!("a record of kind {other}"),
        }
        at += u32_at(at + 4) as usize;
    }
    assert_eq!(at, dump.len(), "records are whole");
    (pieces, lines)
}

#[test]
fn map_and_dump_tell_of_the_same_code() {
    let dir = Dir::new("perf");
    dir.write("countdown.hasm", COUNTDOWN);
    let ran = dir.hotspot(&[
        "run",
        "--perf=.",
        "--deterministic",
        "--optimizing-threshold",
        "20",
        "countdown.hasm",
        "1000",
    ]);
    ran.check(0, "0\n", "");
    let named = |start: &str, end: &str| {
        let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names = names.map(|name| name.into_string().unwrap());
        names.find(|name| name.starts_with(start) && name.ends_with(end)).unwrap()
    };
    let map = dir.read(&named("perf-", ".map"));
    let listed: Vec<(String, u64, u64)> = map
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.splitn(3, ' ').collect();
            let number = |text| u64::from_str_radix(text, 16).unwrap();
            (words[2].to_owned(), number(words[0]), number(words[1]))
        })
        .collect();
    let names: Vec<&str> = listed.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["main.baseline", "main.optimizing"]);
    let dump = std::fs::read(dir.path().join(named("jit-", ".dump"))).unwrap();
    assert_eq!(pieces(&dump), (listed, 2));
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    let dir = Dir::new("perf-nowhere");
    dir.write("countdown.hasm", COUNTDOWN);
    dir.hotspot(&["run", "--perf=nowhere", "countdown.hasm", "10"])
        .check_failed(4, "cannot write the map for perf in `nowhere`");
}
