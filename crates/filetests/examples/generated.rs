//! Prints the generated program of a seed: `cargo run -p hotspotvm-filetests --example generated -- 17`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).and_then(|seed| seed.parse().ok()) {
        Some(seed) => {
            print!("{}", filetests::generate::program(seed));
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("usage: generated SEED");
            ExitCode::from(2)
        }
    }
}
