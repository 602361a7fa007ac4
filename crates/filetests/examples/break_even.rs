//! After how many rounds of a countdown a run with compiling is faster than one without: in an engine that has run
//! before, and in a new one.
//!
//! `cargo run --release -p hotspotvm-filetests --example break_even`

use hotspotvm::{Engine, Io, Options, Output, Tier};
use std::time::Instant;

const RUNS: usize = 301;

fn main() {
    let source =
        include_str!("../../../benches/kernels/countdown/countdown.hasm").replace("    print\n", "    pop\n");
    let program = filetests::load("countdown", &source).unwrap_or_else(|error| panic!("{error}"));
    let mut interpreted = Engine::new(Options { max_tier: Tier::Interpreter, ..Options::default() });
    let mut compiled = Engine::new(Options::default());
    println!(
        "{:>8} {:>16} {:>22} {:>22}",
        "rounds", "interpreted us", "compiled us (engine", "compiled us (engine"
    );
    println!("{:>8} {:>16} {:>22} {:>22}", "", "", "that has run before)", "made for the run)");
    for rounds in [0, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000] {
        let mut times = [const { Vec::new() }; 3];
        let run = |engine: &mut Engine, times: &mut Vec<f64>| {
            let start = Instant::now();
            let outcome = engine.run(program.clone(), &[Output::Int(rounds)], Io::none());
            times.push(start.elapsed().as_nanos() as f64 / 1e3);
            assert!(outcome.result.is_ok(), "{:?}", outcome.result);
        };
        for _ in 0..RUNS {
            run(&mut interpreted, &mut times[0]);
            run(&mut compiled, &mut times[1]);
            run(&mut Engine::new(Options::default()), &mut times[2]);
        }
        let median = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[RUNS / 2]
        });
        println!("{rounds:>8} {:>16.1} {:>22.1} {:>22.1}", median[0], median[1], median[2]);
    }
}
