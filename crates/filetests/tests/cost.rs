//! Running a program in any way costs little more than interpreting it, however much there is of one thing: the small form of
//! `cargo run --release -p hotspotvm-filetests --example cost_ladder`.
//!
//! It looks at the clock, so it only finds what grows faster than the program: work that nobody pays for is hundreds of
//! times too much at these sizes.

use filetests::ladder::CONSTRUCTS;
use hotspotvm::{Engine, Io, Options, Strategy, Tier};
use std::time::Instant;

/// How many times as long as interpreting it may take, in a debug build on a busy machine.
const MOST: f64 = 8.0;
/// And so many milliseconds more: for the code that every program may have compiled.
const MOST_BESIDE: f64 = 4_000.0;

/// The time of one run, in milliseconds.
fn time(source: &str, options: &Options) -> f64 {
    let program = filetests::load("ladder", source).unwrap_or_else(|error| panic!("{error}"));
    let start = Instant::now();
    let outcome = Engine::new(options.clone()).run(program, &[], Io::none());
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    start.elapsed().as_secs_f64() * 1e3
}

#[test]
fn nothing_is_done_that_nobody_pays_for() {
    let strategies = Strategy::ALL
        .map(|strategy| (strategy.name(), Options { strategy, deterministic: true, ..Options::default() }));
    let baseline = ("baseline", Options { max_tier: Tier::Baseline, ..Options::default() });
    for construct in CONSTRUCTS {
        let source = (construct.source)(4 * construct.size);
        let interpreted = time(&source, &Options { max_tier: Tier::Interpreter, ..Options::default() });
        for (name, options) in strategies.iter().chain([&baseline]) {
            let compiled = time(&source, options);
            let most = MOST * interpreted + MOST_BESIDE;
            assert!(
                compiled < most,
                "{}, {name}: {compiled:.0} ms, interpreted {interpreted:.0}",
                construct.name
            );
        }
    }
}

/// How often the engine is asked what to do about a place does not grow with how often the place is reached.
#[test]
fn a_loop_that_does_not_get_hot_asks_seldom() {
    let program = |rounds: u64| {
        let source = format!(
            "func main()\nlocal i\npush {rounds}\nstore_local i\nagain:\nload_local i\npush 1\nsub\ndup\nstore_local i\njump_if_not_zero again\n\
             load_local i\nret\nend\n"
        );
        filetests::load("asks", &source).unwrap_or_else(|error| panic!("{error}"))
    };
    let asked = |threshold: u64| {
        let options = Options { hotspot_threshold: threshold, ..Options::default() };
        let outcome = Engine::new(options).run(program(threshold - 1), &[], Io::none());
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
        assert_eq!(outcome.stats.compilations, 0);
        outcome.stats.asked
    };
    // Half the rounds that are missing, again and again: the logarithm of the threshold, and a few.
    assert!((2..=16).contains(&asked(1_000)), "{}", asked(1_000));
    assert!((2..=26).contains(&asked(1_000_000)), "{}", asked(1_000_000));
}
