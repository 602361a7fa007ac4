//! How the time of a run grows with the size of a program, for everything that there can be much of; beside the time of
//! interpreting it.
//!
//! `cargo run --release -p hotspotvm-filetests --example cost_ladder [PART OF A NAME]`: for each construct, at sizes n,
//! 2n and 4n: milliseconds interpreted, and in each way to compile as a multiple of that; at 2n and 4n, in how many
//! times the time of half the size. Every time is the least of five, taken in turns.

use filetests::ladder::CONSTRUCTS;
use hotspotvm::{Engine, Io, Options, Strategy, Tier};
use std::time::Instant;

const RUNS: usize = 5;

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    let strategy = |strategy| Options { strategy, deterministic: true, ..Options::default() };
    let ways: [(&str, Options); 6] = [
        ("no-jit", Options { max_tier: Tier::Interpreter, ..Options::default() }),
        ("baseline", Options { max_tier: Tier::Baseline, ..Options::default() }),
        ("region", strategy(Strategy::Region)),
        ("method", strategy(Strategy::Method)),
        ("trace", strategy(Strategy::Trace)),
        ("default", Options::default()),
    ];
    print!("{:<28}{:>7}", "", "size");
    for (name, _) in &ways {
        print!("{name:>9}{:>6}", "");
    }
    println!();
    for construct in CONSTRUCTS.iter().filter(|c| c.name.contains(&part)) {
        let mut before: Option<Vec<f64>> = None;
        for size in [1, 2, 4].map(|times| times * construct.size) {
            let source = (construct.source)(size);
            let program = filetests::load(construct.name, &source).unwrap_or_else(|error| panic!("{error}"));
            let mut times = vec![f64::INFINITY; ways.len()];
            for _ in 0..RUNS {
                for (time, (_, options)) in times.iter_mut().zip(&ways) {
                    let start = Instant::now();
                    let outcome = Engine::new(options.clone()).run(program.clone(), &[], Io::none());
                    *time = time.min(start.elapsed().as_secs_f64() * 1e3);
                    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
                }
            }
            print!("{:<28}{size:>7}", construct.name);
            for (i, time) in times.iter().enumerate() {
                let shown = if i == 0 { *time } else { time / times[0] };
                print!("{shown:>9.2}");
                match &before {
                    Some(before) => print!("{:>6}", format!("x{:.1}", time / before[i])),
                    None => print!("{:>6}", ""),
                }
            }
            println!();
            before = Some(times);
        }
    }
}
