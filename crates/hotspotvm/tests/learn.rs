//! Solutions of exercises in docs/learn that look at running programs: what a threshold costs, a trace recorder and a
//! profiler made of single steps, and the strategies compared by counts. The book quotes them from here.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

use hotspotvm::bytecode::{Op, Verified, asm, verify};
use hotspotvm::{Engine, Go, Io, Options, Outcome, Output, Paused, Strategy, Tier};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// An example of the tree.
fn example(name: &str) -> Arc<Verified> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    program(&std::fs::read_to_string(path).unwrap())
}

fn program(source: &str) -> Arc<Verified> {
    Arc::new(verify(asm::assemble("learn.hasm", source).unwrap()).unwrap())
}

fn run(engine: &mut Engine, program: &Arc<Verified>, arguments: &[i64]) -> Outcome {
    let arguments: Vec<Output> = arguments.iter().map(|&n| Output::Int(n)).collect();
    let outcome = engine.run(Arc::clone(program), &arguments, Io::none());
    assert!(outcome.result.is_ok());
    outcome
}

/// What a run costs, in interpreted instructions: a compiled one takes a tenth of the time, and compiling a byte of
/// machine code as long as interpreting one.
fn bill(program: &Arc<Verified>, arguments: &[i64], threshold: u64) -> u64 {
    let options = Options {
        hotspot_threshold: threshold,
        max_tier: Tier::Baseline,
        deterministic: true,
        ..Options::default()
    };
    let stats = run(&mut Engine::new(options), program, arguments).stats;
    stats.interpreter_instructions + stats.jit_instructions / 10 + stats.code_bytes
}

/// The threshold with the lowest bill.
fn best(program: &Arc<Verified>, arguments: &[i64]) -> u64 {
    let thresholds = [1, 3, 10, 30, 100, 300, 1_000];
    thresholds.into_iter().min_by_key(|&threshold| bill(program, arguments, threshold)).unwrap()
}

#[test]
fn the_best_threshold_depends_on_the_workload() {
    let sum = example("sum.hasm");
    // A long loop: each round before it is compiled is lost. (Not the first: what has not run has shown no types.)
    assert!(best(&sum, &[100_000]) <= 3);
    // A short one: compiling it never pays.
    assert!(best(&sum, &[30]) >= 30);
    // Short loops in many functions, one of which runs long: only that one should be compiled.
    assert_eq!(best(&mixed(40, 25, 20_000), &[]), 30);
}

/// A program of so many functions with a short loop each, and one with a long loop.
fn mixed(functions: usize, short: u64, long: u64) -> Arc<Verified> {
    let mut source = String::from("func main()\n");
    for number in 0..functions {
        let rounds = if number == 0 { long } else { short };
        source.push_str(&format!("    push {rounds}\n    call count{number}\n    pop\n"));
    }
    source.push_str("    halt\nend\n");
    for number in 0..functions {
        source.push_str(&format!(
            "func count{number}(n)\nagain:\n    load_local n\n    push 1\n    sub\n    dup\n    store_local n\n    jump_if_not_zero again\n    load_local n\n    ret\nend\n"
        ));
    }
    program(&source)
}

/// A step of a trace: what is done, or which way a branch must go for the trace to hold.
#[derive(Clone, Debug, PartialEq)]
enum Recorded {
    Do(String),
    Guard(String, bool),
}

/// Records the way that control takes from a pc of the first function until it is back there, once it has been there so
/// many times.
fn record(program: &Arc<Verified>, arguments: &[i64], anchor: u32, times: u32) -> Vec<Recorded> {
    let trace: Rc<RefCell<Vec<Recorded>>> = Rc::default();
    let recorded = Rc::clone(&trace);
    let (mut seen, mut branch) = (0, None::<(String, u32)>);
    let mut engine = Engine::new(Options { max_tier: Tier::Interpreter, ..Options::default() });
    engine.on_step(move |paused: &mut Paused<'_, '_>| {
        let at = paused.at();
        if let Some((text, target)) = branch.take() {
            recorded.borrow_mut().push(Recorded::Guard(text, at.pc == target));
        }
        seen += u32::from(at.pc == anchor && paused.depth() == 0);
        if seen == times {
            let (text, inst) = (paused.instruction_text(), paused.instruction());
            match inst.op {
                // Control goes where it goes: nothing to do on a trace.
                Op::Jump => {}
                Op::JumpIfZero | Op::JumpIfNotZero => branch = Some((text, inst.arg)),
                _ => recorded.borrow_mut().push(Recorded::Do(text)),
            }
        }
        Go::Step
    });
    run(&mut engine, program, arguments);
    trace.take()
}

#[test]
fn a_trace_is_the_way_that_control_took() {
    let program = example("type_change.hasm");
    let shown = |trace: Vec<Recorded>| -> Vec<String> {
        let line = |step| match step {
            Recorded::Do(text) => text,
            Recorded::Guard(text, taken) => format!("{text} [{}]", if taken { "taken" } else { "not taken" }),
        };
        trace.into_iter().map(line).collect()
    };
    // The twentieth round of a hundred: the type does not change in it.
    let usual = shown(record(&program, &[100], 6, 20));
    assert_eq!(
        usual,
        [
            "load_local 1 (i)",
            "load_local 0 (n)",
            "lt",
            "jump_if_zero 27 [not taken]",
            "load_local 1 (i)",
            "load_local 0 (n)",
            "push 2",
            "floordiv",
            "eq",
            "jump_if_zero 18 [taken]",
            "load_local 3 (total)",
            "load_local 2 (step)",
            "add",
            "store_local 3 (total)",
            "load_local 1 (i)",
            "push 1",
            "add",
            "store_local 1 (i)",
        ]
    );
    // The round in which it does: two instructions more, and the guard the other way.
    let rare = shown(record(&program, &[100], 6, 51));
    assert_eq!(rare.len(), usual.len() + 2);
    assert_eq!(rare[9..12], ["jump_if_zero 18 [not taken]", "push 0.5", "store_local 2 (step)"]);
}

/// How often each line was executed: the most that an instruction of it was.
fn profile(program: &Arc<Verified>, arguments: &[i64]) -> BTreeMap<u32, u64> {
    let counts: Rc<RefCell<BTreeMap<(u32, u32), u64>>> = Rc::default();
    let counting = Rc::clone(&counts);
    let mut engine = Engine::new(Options { max_tier: Tier::Interpreter, ..Options::default() });
    engine.on_step(move |paused| {
        *counting.borrow_mut().entry(paused.position()).or_default() += 1;
        Go::Step
    });
    run(&mut engine, program, arguments);
    let mut lines = BTreeMap::new();
    for ((function, pc), &count) in counts.borrow().iter() {
        let line = program.program().functions[*function as usize].lines[*pc as usize];
        let most = lines.entry(line).or_default();
        *most = count.max(*most);
    }
    lines
}

#[test]
fn counting_single_steps_gives_what_the_profiler_derives() {
    let program = example("primes.hasm");
    let lines = profile(&program, &[200]);
    // The engine counts only where control arrives, in compiled code too, and derives the rest.
    let options =
        Options { counting: true, optimizing_threshold: 20, deterministic: true, ..Options::default() };
    let outcome = run(&mut Engine::new(options), &program, &[200]);
    assert!(outcome.stats.jit_entries > 0);
    let mut derived: BTreeMap<u32, u64> = BTreeMap::new();
    let executed = outcome.executed.unwrap();
    for (function, counts) in program.program().functions.iter().zip(&executed.all) {
        for (&line, &count) in function.lines.iter().zip(counts).filter(|(_, count)| **count > 0) {
            let most = derived.entry(line).or_default();
            *most = count.max(*most);
        }
    }
    assert_eq!(lines, derived);
}

/// What a strategy did with a program: compilations for the optimizing tier, entries into optimized code, and the part of
/// all instructions that ran in it, in percent.
fn judged(program: &Arc<Verified>, arguments: &[i64], strategy: Strategy) -> (usize, u64, u64) {
    let options = Options { strategy, optimizing_threshold: 100, deterministic: true, ..Options::default() };
    let stats = run(&mut Engine::new(options), program, arguments).stats;
    let optimized = stats.units.iter().filter(|unit| unit.tier == Tier::Optimizing);
    let instructions: u64 = optimized.clone().map(|unit| unit.instructions).sum();
    let all = stats.interpreter_instructions + stats.jit_instructions;
    (optimized.count(), stats.jit_entries, instructions * 100 / all)
}

#[test]
fn strategies_differ_in_where_control_crosses() {
    let nested = example("nested.hasm");
    let (_, region_entries, region_share) = judged(&nested, &[300], Strategy::Region);
    let (_, method_entries, method_share) = judged(&nested, &[300], Strategy::Method);
    let (traces, trace_entries, trace_share) = judged(&nested, &[300], Strategy::Trace);
    // The inner loop is hot first. A region is left after each of its rounds, until the outer loop is hot, too; the rest
    // of the function has both loops in it from the start.
    assert!(region_entries > 50 && method_entries < 10, "{region_entries}, {method_entries}");
    assert!(region_share > 90 && method_share > 90 && trace_share > 90);
    assert!(traces >= 2 && trace_entries > method_entries);
}
