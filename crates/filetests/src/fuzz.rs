//! What fuzzers feed: functions of bytes that panic if a promise is broken.
//!
//! [`TARGETS`] is the one list. `cargo test` runs each of them on a few hundred inputs, always the same; `cargo xtask
//! fuzz` runs them for as long as one likes, guided by what they reach.

use crate::generate::{self, Random};
use crate::{climbing, configurations, disagreements_among, interpreted, load, observe, python};
use hotspotvm::bytecode::{Verified, assemble, container, disasm, verify};
use hotspotvm::{Engine, Io, LimitKind, Options, Output, Stop, StopKind, Strategy, Stress, Tier};
use std::sync::Arc;

/// Something to be fed with bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What must hold, in a sentence.
    pub about: &'static str,
    /// Takes any bytes; panics if it does not hold.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 7] = [
    Target {
        name: "container",
        about: "any bytes read as a container are a program or an error; what runs stays within its limits",
        run: container_bytes,
    },
    Target {
        name: "assembly",
        about: "any text read as assembly is a program or an error; disassembled and assembled again it is the same",
        run: assembly_text,
    },
    Target {
        name: "python",
        about: "any text read as Python is a program or an error with a place; what runs stays within its limits",
        run: python_text,
    },
    Target { name: "tiers", about: "a program gives the same in every tier and strategy", run: all_tiers },
    Target {
        name: "limits",
        about: "with as much fuel or as many calls as it needs, one less or one more, a program ends alike in every tier",
        run: limits,
    },
    Target {
        name: "engine",
        about: "an engine used again and again, cancelled and changed, gives what a new one gives",
        run: engine_calls,
    },
    Target {
        name: "memory",
        about: "with little memory for objects, code or the stack, a program ends alike in every tier",
        run: memory,
    },
];

/// The target with this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// Settings under which anything may be run.
fn bounded() -> Options {
    let mut options = climbing(2);
    options.limits.fuel = Some(20_000);
    options.limits.depth = 200;
    options.limits.stack_values = 1 << 14;
    options.limits.heap_bytes = 1 << 20;
    options.limits.numbers.max_int_bits = 1 << 12;
    options
}

fn runs(program: Verified) {
    let program = Arc::new(program);
    let (plain, _) = observe(&program, &[], &interpreted(&bounded()).options);
    let (climbed, _) = observe(&program, &[], &bounded());
    assert_eq!(climbed, plain);
    assert!(plain.fuel <= 20_000, "{} units of fuel used", plain.fuel);
}

fn container_bytes(bytes: &[u8]) {
    // Most random bytes fail at the first: half of the inputs are containers with some bytes changed.
    let mut bytes = bytes.to_vec();
    if let [seed, place, value, ..] = bytes[..]
        && seed % 2 == 0
    {
        let program = load("fuzzed", &generate::program(u64::from(seed)));
        let mut written = program.map(|program| container::write(program.program())).unwrap_or_default();
        let changes = bytes.chunks(2).take(8).skip(1);
        for (i, change) in changes.enumerate() {
            let at = (usize::from(change[0]) * 251 + usize::from(place) + i) % written.len().max(1);
            if let Some(byte) = written.get_mut(at) {
                *byte ^= change.get(1).copied().unwrap_or(value);
            }
        }
        bytes = written;
    }
    if let Ok(program) = container::read(&bytes) {
        // Text of whatever was read, verified or not.
        let _ = disasm::disassemble(&program);
        if let Ok(program) = verify(program) {
            runs(program);
        }
    }
}

fn assembly_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(program) = assemble("fuzzed", &text) else { return };
    let Ok(program) = verify(program) else { return };
    let again = disasm::disassemble(program.program());
    match assemble("again", &again) {
        Ok(assembled) => {
            let functions = |program: &hotspotvm::bytecode::Program| -> Vec<_> {
                program.functions.iter().map(|f| (f.name.clone(), f.code.clone())).collect()
            };
            assert_eq!(
                functions(&assembled),
                functions(&hotspotvm::bytecode::build::canonical(program.program()))
            );
        }
        Err(errors) => panic!("what was disassembled does not assemble: {}\n{again}", errors[0]),
    }
    runs(program);
}

fn python_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok((program, _)) = python::load("fuzzed.py", &text) {
        let options = python::options(bounded());
        let (plain, _) = observe(&program, &[], &interpreted(&options).options);
        let (climbed, _) = observe(&program, &[], &options);
        assert_eq!(climbed, plain);
    }
}

/// A program that bytes steer, and the bytes that are left to choose with.
fn steered(bytes: &[u8]) -> Option<(String, Arc<Verified>, Random)> {
    let mut random = Random::steered(bytes);
    let source = generate::steered(&mut random);
    let program = load("fuzzed", &source).unwrap_or_else(|error| panic!("{error}\n{source}"));
    Some((source, program, random))
}

fn all_tiers(bytes: &[u8]) {
    let Some((source, program, mut random)) = steered(bytes) else { return };
    let options = bounded();
    let mut ways = configurations(&options, random.number());
    while ways.len() > 4 {
        let one = random.below(ways.len() as u64) as usize;
        ways.swap_remove(one);
    }
    let (_, reports) = disagreements_among(&ways, &program, &[], &options);
    assert!(reports.is_empty(), "{}\n{source}", reports.join("\n"));
}

/// The three tiers, and the strategies of the highest.
fn tiers(base: &Options) -> Vec<Options> {
    let mut all = vec![Options { max_tier: Tier::Baseline, ..base.clone() }];
    for strategy in Strategy::ALL {
        all.push(Options { strategy, ..base.clone() });
    }
    let stress = Stress { skip_baseline: true, ..Stress::default() };
    all.push(Options { stress, ..base.clone() });
    all
}

/// The same end in every tier under these limits.
fn agree(source: &str, program: &Arc<Verified>, base: &Options, what: &str) {
    let (plain, _) = observe(program, &[], &interpreted(base).options);
    for options in tiers(base) {
        let (found, _) = observe(program, &[], &options);
        assert_eq!(found, plain, "{what}, {} {}\n{source}", options.max_tier, options.strategy);
    }
}

fn limits(bytes: &[u8]) {
    let Some((source, program, mut random)) = steered(bytes) else { return };
    let base = bounded();
    let (plain, _) = observe(&program, &[], &interpreted(&base).options);
    let at = |change: &dyn Fn(&mut Options, u64), needed: u64| {
        for allowed in [needed.saturating_sub(1), needed, needed + 1] {
            let mut options = base.clone();
            change(&mut options, allowed);
            agree(&source, &program, &options, &format!("{allowed} allowed"));
        }
    };
    at(&|options, fuel| options.limits.fuel = Some(fuel), plain.fuel);
    let somewhere = random.below(plain.fuel + 1);
    at(&|options, fuel| options.limits.fuel = Some(fuel), somewhere);
    let calls = random.below(12);
    at(&|options, depth| options.limits.depth = depth.max(1) as u32, calls);
    if matches!(&plain.result, Err(stop) if stop.kind == StopKind::Limit(LimitKind::Fuel)) {
        return;
    }
    let mut exact = base.clone();
    exact.limits.fuel = Some(plain.fuel);
    let (again, _) = observe(&program, &[], &exact);
    assert_eq!(again, plain, "with exactly the fuel that it needs\n{source}");
}

fn engine_calls(bytes: &[u8]) {
    let mut random = Random::steered(bytes);
    let options = Options { strategy: Strategy::ALL[random.below(3) as usize], ..bounded() };
    let mut engine = Engine::new(options.clone());
    let mut programs = Vec::new();
    for _ in 0..1 + random.below(3) {
        let source = generate::steered(&mut random);
        programs.push(load("fuzzed", &source).unwrap_or_else(|error| panic!("{error}\n{source}")));
    }
    for _ in 0..2 + random.below(6) {
        let program = &programs[random.below(programs.len() as u64) as usize];
        let cancelled = random.chance(20);
        if cancelled {
            engine.cancel().cancel();
        }
        let outcome = engine.run(program.clone(), &[], Io::none());
        let (expected, _) = observe(program, &[], &options);
        let shown = |result: &Result<Output, Stop>| result.as_ref().err().cloned();
        match outcome.result.as_ref() {
            Err(stop) if stop.kind == StopKind::Limit(LimitKind::Cancelled) => assert!(cancelled),
            _ => {
                assert!(!cancelled, "a run that was cancelled before it began went on");
                assert_eq!(shown(&outcome.result), expected.result.err());
                assert_eq!(outcome.stats.fuel_used, expected.fuel);
            }
        }
        if cancelled {
            engine = Engine::new(options.clone());
        }
    }
}

fn memory(bytes: &[u8]) {
    let Some((source, program, mut random)) = steered(bytes) else { return };
    let mut options = bounded();
    let limits = &mut options.limits;
    match random.below(3) {
        0 => limits.heap_bytes = random.below(4_000),
        1 => limits.code_bytes = random.below(16_000),
        _ => limits.stack_values = 8 + random.below(400) as u32,
    }
    agree(&source, &program, &options, "little memory");
}
