//! Stepping through a program changes nothing of what it computes, prints and is charged, wherever one steps and wherever one
//! lets go; and limits hold on the way.

#![allow(clippy::unwrap_used)]

use hotspotvm::bytecode::{Verified, asm, verify};
use hotspotvm::{
    Engine, Event, Go, Io, LimitKind, Limits, Options, Outcome, Output, Paused, Standing, StopKind, Strategy,
    Stress, Tier,
};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// What a program prints.
#[derive(Clone, Default)]
struct Printed(Rc<RefCell<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn program(source: &str) -> Arc<Verified> {
    Arc::new(verify(asm::assemble("test.hasm", source).unwrap()).unwrap())
}

/// An example of the tree, and the arguments it is made for, made small.
fn example(name: &str) -> (Arc<Verified>, Vec<Output>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    let source = std::fs::read_to_string(path).unwrap();
    let arguments = source.lines().find_map(|line| line.strip_prefix("; args:")).unwrap_or("");
    let most = if name == "fib_recursive.hasm" { 11 } else { 120 };
    let small = |word: &str| Output::Int(word.parse::<i64>().unwrap().min(most));
    (program(&source), arguments.split_whitespace().map(small).collect())
}

fn run(engine: &mut Engine, program: &Arc<Verified>, arguments: &[Output]) -> (Outcome, Vec<u8>) {
    let printed = Printed::default();
    let io = Io::new(Box::new(printed.clone()), Box::new(std::io::empty()), false);
    let outcome = engine.run(Arc::clone(program), arguments, io);
    let printed = printed.0.borrow().clone();
    (outcome, printed)
}

fn options(strategy: Strategy) -> Options {
    Options {
        hotspot_threshold: 4,
        optimizing_threshold: 8,
        strategy,
        deterministic: true,
        ..Options::default()
    }
}

/// Goes on by steps and by letting go, as the bits of a number that changes have it.
fn mixed(seed: u64) -> impl FnMut(&mut Paused<'_, '_>) -> Go {
    let mut state = seed;
    move |paused| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // What is shown must be there wherever it is asked for.
        assert!(!paused.instruction_text().is_empty() && !paused.counters().is_empty());
        let _ = (paused.locals(), paused.operands(), paused.calls(9), paused.seen());
        if (state >> 40).is_multiple_of(1 + seed) { Go::Run } else { Go::Step }
    }
}

#[test]
fn stepping_changes_nothing() {
    for name in [
        "countdown.hasm",
        "sum.hasm",
        "type_change.hasm",
        "nested.hasm",
        "fib_iterative.hasm",
        "primes.hasm",
        "gcd.hasm",
        "fib_recursive.hasm",
    ] {
        let (program, arguments) = example(name);
        for strategy in Strategy::ALL {
            let (plain, printed) = run(&mut Engine::new(options(strategy)), &program, &arguments);
            let instructions = |o: &Outcome| o.stats.interpreter_instructions + o.stats.jit_instructions;
            for seed in 0..6 {
                let mut engine = Engine::new(options(strategy));
                engine.on_step(mixed(seed));
                let (stepped, shown) = run(&mut engine, &program, &arguments);
                let context = format!("{name}, {strategy}, seed {seed}");
                assert_eq!(format!("{:?}", stepped.result), format!("{:?}", plain.result), "{context}");
                assert_eq!(shown, printed, "{context}");
                assert_eq!(stepped.stats.fuel_used, plain.stats.fuel_used, "{context}");
                assert_eq!(instructions(&stepped), instructions(&plain), "{context}");
            }
        }
    }
}

#[test]
fn steps_alone_execute_each_instruction_in_the_interpreter() {
    let (program, arguments) = example("sum.hasm");
    let (stops, count) = (Rc::new(Cell::new(0u64)), Rc::new(Cell::new(0u64)));
    let mut engine = Engine::new(options(Strategy::Region));
    let (stops_in, count_in) = (Rc::clone(&stops), Rc::clone(&count));
    engine.on_step(move |paused| {
        // Before the first instruction nothing was executed, before each further one exactly one more.
        assert_eq!(paused.executed(), (stops_in.get(), 0));
        stops_in.set(stops_in.get() + 1);
        count_in.set(count_in.get() + u64::from(paused.code().is_some()));
        Go::Step
    });
    let (outcome, printed) = run(&mut engine, &program, &arguments);
    assert_eq!(printed, b"7260\n", "the sum of 1 to 120");
    assert_eq!((outcome.stats.interpreter_instructions, outcome.stats.jit_instructions), (stops.get(), 0));
    // From the fourth round on there is code at the head of the loop, which is passed by.
    assert_eq!(count.get(), 120 - 3);
}

#[test]
fn what_is_interpreted_of_calls_from_baseline_code_is_counted_so() {
    let (program, arguments) = example("fib_recursive.hasm");
    let mut compiled = 0;
    for pattern in [2, 3, 5, 7] {
        // Short slices, so that control comes out of baseline code while calls that it has made are active.
        let stress = Stress { slice: Some(40), ..Stress::default() };
        let options = Options { max_tier: Tier::Baseline, stress, ..options(Strategy::Region) };
        let mut engine = Engine::new(options);
        let (steps, mut asked) = (Rc::new(Cell::new(0u64)), 0u64);
        let counting = Rc::clone(&steps);
        engine.on_step(move |paused| {
            asked += 1;
            if paused.code().is_some() && !asked.is_multiple_of(pattern) {
                return Go::Run;
            }
            counting.set(counting.get() + 1);
            Go::Step
        });
        let (outcome, _) = run(&mut engine, &program, &arguments);
        assert_eq!(outcome.stats.interpreter_instructions, steps.get(), "{pattern}");
        compiled += outcome.stats.jit_instructions;
    }
    assert!(compiled > 100, "{compiled}");
}

#[test]
fn limits_hold_while_stepping() {
    let endless = program("func main()\nagain: jump again\nend\n");
    let mut engine = Engine::new(Options {
        limits: Limits { fuel: Some(100), ..Limits::default() },
        ..options(Strategy::Region)
    });
    let stops = Rc::new(Cell::new(0));
    let counting = Rc::clone(&stops);
    engine.on_step(move |_| {
        counting.set(counting.get() + 1);
        Go::Step
    });
    let (outcome, _) = run(&mut engine, &endless, &[]);
    assert_eq!(outcome.result.unwrap_err().kind, StopKind::Limit(LimitKind::Fuel));
    assert_eq!((stops.get(), outcome.stats.fuel_used), (100, 100));
}

#[test]
fn one_can_stop() {
    let endless = program("func main()\nagain: jump again\nend\n");
    let mut engine = Engine::new(options(Strategy::Region));
    engine.on_step(|paused| if paused.executed().0 == 7 { Go::Stop } else { Go::Step });
    let (outcome, _) = run(&mut engine, &endless, &[]);
    let stop = outcome.result.unwrap_err();
    assert_eq!(stop.kind, StopKind::Limit(LimitKind::Cancelled));
    assert_eq!(outcome.stats.interpreter_instructions, 7);
}

/// Runs a program under a listener that says how to go on, and keeps the names of the events.
fn events(
    program: &Arc<Verified>,
    arguments: &[Output],
    options: Options,
    listener: impl FnMut(&mut Paused<'_, '_>) -> Go + 'static,
) -> (Vec<u8>, Vec<Event>) {
    let mut engine = Engine::new(options);
    let events: Rc<RefCell<Vec<Event>>> = Rc::default();
    let heard = Rc::clone(&events);
    engine.on_event(move |event| heard.borrow_mut().push(event.clone()));
    engine.on_step(listener);
    let (outcome, printed) = run(&mut engine, program, arguments);
    assert!(outcome.result.is_ok());
    (printed, events.take())
}

#[test]
fn compiling_and_failing_can_be_forced() {
    let (program, arguments) = example("sum.hasm");
    let far = Options {
        hotspot_threshold: 1_000_000,
        optimizing_threshold: 1_000_000,
        ..options(Strategy::Region)
    };
    let mut asked = false;
    let (printed, events) = events(&program, &arguments, far, move |paused| {
        if !std::mem::replace(&mut asked, true) {
            return Go::Step;
        }
        if paused.at().pc == 4 && paused.executed().0 < 20 {
            let loop_counter = paused.counters().remove(0).standing;
            if matches!(loop_counter, Standing::Counting { next: Tier::Baseline, .. }) {
                paused.compile(Tier::Optimizing).unwrap();
                // The addition, which has a guard against overflow; a load has none.
                assert!(paused.force_exit(Some(4)).is_err());
                paused.force_exit(Some(6)).unwrap();
            }
        }
        if paused.code().is_some() { Go::Run } else { Go::Step }
    });
    assert_eq!(printed, b"7260\n");
    let forced = |e: &&Event| matches!(e, Event::Deopt { reason: hotspotvm::ExitReason::Forced, at, .. } if at.pc == 6);
    assert!(events.iter().filter(forced).count() > 100, "{events:?}");
    assert!(!events.iter().any(|e| matches!(e, Event::LeaveAlone { .. })), "{events:?}");
}

#[test]
fn a_variable_can_be_given_another_type() {
    let (program, arguments) = example("sum.hasm");
    let mut set = false;
    let (printed, events) = events(&program, &arguments, options(Strategy::Region), move |paused| {
        let optimized = paused.code().is_some_and(|code| code.tier == Tier::Optimizing);
        if optimized && !std::mem::replace(&mut set, true) {
            assert!(!paused.set_local("nobody", &Output::Int(1)));
            assert!(paused.set_local("total", &Output::Float(0.5)));
        }
        if paused.code().is_some() { Go::Run } else { Go::Step }
    });
    // After 12 rounds, so that 108 are left: 0.5 and the sum of 1 to 108.
    assert_eq!(printed, b"5886.5\n");
    assert!(events.iter().any(|e| matches!(e, Event::EntryMismatch { observed, .. } if observed == "total: int >= 0 expected, found float 0.5")));
}

#[test]
fn the_strategy_can_be_changed_on_the_way() {
    let (program, arguments) = example("sum.hasm");
    let mut changed = false;
    let (printed, events) = events(&program, &arguments, options(Strategy::Region), move |paused| {
        let optimized = paused.code().is_some_and(|code| code.tier == Tier::Optimizing);
        if optimized && !std::mem::replace(&mut changed, true) {
            paused.set_strategy(Strategy::Trace);
            paused.compile(Tier::Optimizing).unwrap();
        }
        if paused.code().is_some() { Go::Run } else { Go::Step }
    });
    assert_eq!(printed, b"7260\n");
    let kinds: Vec<_> = events
        .iter()
        .filter_map(|e| match e {
            Event::CompileStart { tier: Tier::Optimizing, kind, .. } => Some(kind.name()),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["region", "trace"]);
    assert!(events.iter().any(|e| matches!(e, Event::Record { .. })));
}
