//! Every fuzz target on a few inputs, always the same ones: random bytes, and texts that people write with some bytes changed.
//!
//! `cargo xtask fuzz` runs them for longer. `HOTSPOT_FUZZ=20000` runs each on so many inputs here.

use filetests::fuzz::TARGETS;
use filetests::generate::{self, Random};

const INPUTS: u64 = 24;

/// Bytes for the input with this number: random ones, or a text of the target's kind with a few changes.
fn input(target: &str, number: u64) -> Vec<u8> {
    let mut random = Random::new(number ^ 0xF022);
    let mut bytes: Vec<u8> = match (target, number % 3) {
        ("assembly", 1 | 2) => generate::program(number).into_bytes(),
        ("python", 1 | 2) => filetests::python::program(number).into_bytes(),
        _ => (0..random.below(300)).map(|_| random.below(256) as u8).collect(),
    };
    for _ in 0..random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len() as u64) as usize;
        match random.below(3) {
            0 => bytes[at] = random.below(128) as u8,
            1 => drop(bytes.remove(at)),
            _ => bytes.insert(at, b"()[]:\n \"'0 -.%"[random.below(14) as usize]),
        }
    }
    bytes
}

#[test]
fn every_target_holds_on_a_few_inputs() {
    let inputs = std::env::var("HOTSPOT_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(INPUTS);
    for target in TARGETS {
        for number in 0..inputs {
            let bytes = input(target.name, number);
            if std::panic::catch_unwind(|| (target.run)(&bytes)).is_err() {
                panic!("`{}` fails on input {number}: {:?}", target.name, String::from_utf8_lossy(&bytes));
            }
        }
    }
}
