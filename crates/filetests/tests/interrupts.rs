//! What comes from outside while a program runs: deadlines, cancels, panics of the host's streams. Wherever control is,
//! they are seen soon, and the engine can be used again.

use filetests::load;
use hotspotvm::bytecode::Verified;
use hotspotvm::{Engine, Io, LimitKind, Options, Output, Stop, StopKind, Strategy, Tier};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How late anything may be on a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(3);

fn program(source: &str) -> Arc<Verified> {
    load("interrupts", source).unwrap_or_else(|error| panic!("{error}"))
}

fn run(engine: &mut Engine, program: &Arc<Verified>) -> Result<Output, Stop> {
    engine.run(program.clone(), &[], Io::none()).result
}

fn kind(result: &Result<Output, Stop>) -> Option<&StopKind> {
    result.as_ref().err().map(|stop| &stop.kind)
}

const SHORT: &str = "push 7\nret\n";

#[test]
fn a_deadline_of_zero_and_one_that_never_comes() {
    let program = program(SHORT);
    let mut options = Options::default();
    options.limits.timeout = Some(Duration::MAX);
    assert!(matches!(run(&mut Engine::new(options.clone()), &program), Ok(Output::Int(7))));
    options.limits.timeout = Some(Duration::ZERO);
    let outcome = Engine::new(options.clone()).run(program.clone(), &[], Io::none());
    assert_eq!(kind(&outcome.result), Some(&StopKind::Limit(LimitKind::Time)));
    assert_eq!(outcome.stats.fuel_used, 0);
    // The host says that the time began long ago.
    options.limits.timeout = Some(Duration::from_secs(3600));
    options.limits.started = Instant::now().checked_sub(Duration::from_secs(3601));
    if options.limits.started.is_some() {
        let result = run(&mut Engine::new(options), &program);
        assert_eq!(kind(&result), Some(&StopKind::Limit(LimitKind::Time)));
    }
}

#[test]
fn a_cancel_lasts_until_it_is_reset() {
    let program = program(SHORT);
    let mut engine = Engine::new(Options::default());
    let cancel = engine.cancel();
    for _ in 0..2 {
        cancel.cancel();
        for _ in 0..2 {
            let outcome = engine.run(program.clone(), &[], Io::none());
            assert_eq!(kind(&outcome.result), Some(&StopKind::Limit(LimitKind::Cancelled)));
            assert_eq!(outcome.stats.fuel_used, 0);
        }
        cancel.reset();
        assert!(!cancel.is_cancelled());
        assert!(matches!(run(&mut engine, &program), Ok(Output::Int(7))));
    }
}

/// Fails at the hundredth write.
struct Panicking(u32);

impl Write for Panicking {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += 1;
        assert!(self.0 < 100, "the host's own");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_of_the_hosts_stream_crosses_every_tier() {
    let program = program(
        "func main()\nlocal i\npush 5000\nstore_local i\nagain:\nload_local i\nprint\nload_local i\npush 1\nsub\ndup\n\
         store_local i\njump_if_not_zero again\npush 1\nret\nend\n",
    );
    for max_tier in Tier::ALL {
        for strategy in Strategy::ALL {
            let options = Options {
                max_tier,
                strategy,
                deterministic: true,
                hotspot_threshold: 2,
                optimizing_threshold: 4,
                ..Options::default()
            };
            let mut engine = Engine::new(options);
            for _ in 0..2 {
                let io = Io::new(Box::new(Panicking(0)), Box::new(std::io::empty()), true);
                let caught = catch_unwind(AssertUnwindSafe(|| engine.run(program.clone(), &[], io)));
                let panic = caught.err().and_then(|panic| panic.downcast_ref::<&str>().copied());
                assert_eq!(panic, Some("the host's own"), "{max_tier}, {strategy}");
                assert!(matches!(run(&mut engine, &program), Ok(Output::Int(1))), "{max_tier}, {strategy}");
            }
        }
    }
}

/// A function so large that compiling it takes far longer than the program may run.
fn large() -> Arc<Verified> {
    let body: String = (0..400)
        .map(|k| {
            format!(
                "load_local a\npush {k}\nadd\nload_local i\nmul\npush 1000003\nmod\nstore_local a\nload_local a\npush {k}\neq\n\
                 jump_if_zero n{k}\nload_local b\npush 1\nadd\nstore_local b\nn{k}:\n"
            )
        })
        .collect();
    program(&format!(
        "func main()\nlocal i, a, b\npush 0\nstore_local a\npush 0\nstore_local b\npush 1000000000\nstore_local i\nagain:\n{body}\
         load_local i\npush 1\nsub\ndup\nstore_local i\njump_if_not_zero again\nload_local a\nret\nend\n"
    ))
}

#[test]
fn deadlines_and_cancels_are_seen_while_compiling() {
    let program = large();
    for deterministic in [true, false] {
        for strategy in [Strategy::Region, Strategy::Method] {
            let mut options =
                Options { strategy, deterministic, optimizing_threshold: 20, ..Options::default() };
            options.limits.timeout = Some(Duration::from_millis(150));
            let start = Instant::now();
            let result = run(&mut Engine::new(options.clone()), &program);
            let took = start.elapsed();
            assert_eq!(kind(&result), Some(&StopKind::Limit(LimitKind::Time)));
            assert!(took < SLACK, "{took:?}");

            options.limits.timeout = None;
            let mut engine = Engine::new(options);
            let cancel = engine.cancel();
            let thread = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(150));
                cancel.cancel();
                Instant::now()
            });
            let result = run(&mut engine, &program);
            drop(engine);
            let end = Instant::now();
            let cancelled = thread.join().unwrap_or_else(|_| panic!("the other thread has panicked"));
            assert_eq!(kind(&result), Some(&StopKind::Limit(LimitKind::Cancelled)));
            assert!(end.duration_since(cancelled) < SLACK);
        }
    }
}
