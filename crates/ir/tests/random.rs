//! Random functions: the passes keep their meaning, the text reads back, the verifier accepts what the passes make.
#![allow(clippy::unwrap_used)]

mod common;

use common::generate::{FLOATS, INTS, Random, function, function_with_calls};
use common::wide::{Held, Wide, endings, evaluate, of_sign};
use hotspotvm_ir::opt::{PIPELINE, PassCx, optimize};
use hotspotvm_ir::parse::parse;
use hotspotvm_ir::verify::verify;
use hotspotvm_ir::*;
use std::collections::HashSet;

fn inputs(f: &Function, random: &mut Random, extreme: bool) -> Vec<Wide> {
    let int = |random: &mut Random| -> i128 {
        if extreme { random.pick(&INTS).into() } else { random.below(12) as i128 - 3 }
    };
    f.inputs
        .iter()
        .map(|input| match input.ty {
            Type::Int => Wide::Int(of_sign(input.sign, int(random))),
            Type::Float => Wide::Float(random.pick(&FLOATS)),
            Type::Bool => Wide::Bool(random.one_in(2)),
            Type::Boxed => Wide::Boxed(match random.below(6) {
                0 => Held::Float(random.pick(&FLOATS)),
                1 => Held::Bool(true),
                2 => Held::Object(0),
                _ => Held::Int(int(random)),
            }),
        })
        .collect()
}

#[derive(Default)]
struct Tally {
    runs: u32,
    returned: u32,
    inconclusive: u32,
    further: u32,
}

fn compare(seed: u64, before: &Function, after: &Function, tally: &mut Tally) {
    let mut random = Random(seed | 1 << 40);
    for round in 0..6 {
        let values = inputs(before, &mut random, round % 2 == 1);
        let slice = random.pick(&[0, 15, 100, 500]);
        let (allowed, complete) = endings(before, &values, slice);
        let original = evaluate(before, &values, slice).unwrap();
        if let Some(first) = allowed.first() {
            assert_eq!(&original, first, "the two evaluators differ on seed {seed}, {values:?}\n{before}");
        }
        let optimized = evaluate(after, &values, slice).unwrap();
        tally.runs += 1;
        tally.returned += u32::from(optimized.reason == ExitReason::Return);
        tally.further += u32::from(optimized != original);
        if allowed.contains(&optimized) {
            continue;
        }
        tally.inconclusive += 1;
        assert!(
            !complete,
            "seed {seed}, inputs {values:?}, a slice of {slice}:\n{optimized:#?}\nis none of\n{allowed:#?}\nbefore:\n{before}\nafter:\n{after}"
        );
    }
}

/// All endings of the optimized function are endings of the original one, by the rule in `common/wide.rs`.
#[test]
fn the_pipeline_keeps_the_meaning() {
    let mut tally = Tally::default();
    for seed in 0..3000 {
        let before = function(seed);
        verify(&before).unwrap_or_else(|errors| panic!("seed {seed}: {errors:#?}\n{before}"));
        let mut after = before.clone();
        optimize(&mut after, &PassCx::new());
        compare(seed, &before, &after, &mut tally);
    }
    let Tally { runs, returned, inconclusive, further } = tally;
    println!("{runs} runs, {returned} to the end, {inconclusive} inconclusive, {further} got further");
    // The comparison must bite: many runs reach the end, few cannot be judged.
    assert!(returned * 5 > runs, "{returned} of {runs}");
    assert!(inconclusive * 100 < runs, "{inconclusive} of {runs}");
}

/// The same for passes in any order, more than once, and stopped in the middle by optimisation fuel.
#[test]
fn passes_in_any_order_keep_the_meaning() {
    let mut tally = Tally::default();
    for seed in 10_000..12_000 {
        let before = function(seed);
        let mut after = before.clone();
        let mut random = Random(seed);
        let cx = if random.one_in(2) { PassCx::new() } else { PassCx::with_fuel(random.below(30) as u64) };
        let mut names = Vec::new();
        for _ in 0..1 + random.below(8) {
            let pass = random.pick(PIPELINE);
            names.push(pass.name);
            (pass.run)(&mut after, &cx);
            verify(&after)
                .unwrap_or_else(|errors| panic!("seed {seed}, {names:?}: {errors:#?}\n{before}\n{after}"));
        }
        compare(seed, &before, &after, &mut tally);
    }
}

/// The same for functions that call, which every pass must leave in their places, and for methods.
#[test]
fn calls_stay_what_they_are() {
    let (mut tally, mut calls) = (Tally::default(), 0);
    for seed in 40_000..41_000 {
        let before = function_with_calls(seed);
        verify(&before).unwrap_or_else(|errors| panic!("seed {seed}: {errors:#?}\n{before}"));
        calls += before.calls.len();
        let mut after = before.clone();
        let mut random = Random(seed);
        if random.one_in(2) {
            optimize(&mut after, &PassCx::new());
        } else {
            for _ in 0..1 + random.below(8) {
                (random.pick(PIPELINE).run)(&mut after, &PassCx::new());
            }
        }
        verify(&after).unwrap_or_else(|errors| panic!("seed {seed}: {errors:#?}\n{before}\n{after}"));
        assert_eq!(parse(&after.to_string()).unwrap().to_string(), after.to_string(), "seed {seed}");
        compare(seed, &before, &after, &mut tally);
    }
    assert!(calls > 1000, "{calls}");
    assert!(tally.returned * 10 > tally.runs, "{} of {}", tally.returned, tally.runs);
    assert!(tally.inconclusive * 50 < tally.runs, "{} of {}", tally.inconclusive, tally.runs);
}

#[test]
fn text_reads_back() {
    for seed in 20_000..21_000 {
        let mut f = function(seed);
        assert_eq!(parse(&f.to_string()).unwrap(), f, "seed {seed}\n{f}");
        optimize(&mut f, &PassCx::new().without("compact"));
        assert_eq!(parse(&f.to_string()).unwrap(), f, "seed {seed}, optimized\n{f}");
        optimize(&mut f, &PassCx::new());
        assert_eq!(parse(&f.to_string()).unwrap(), f, "seed {seed}, compacted\n{f}");
    }
}

/// What passes make comes from where that came from which they made it of.
#[test]
fn passes_invent_no_origins() {
    let all = |f: &Function| -> HashSet<Origin> {
        let of =
            |block: &BlockData| block.insts.iter().map(|inst| inst.origin).chain([block.origin]).collect();
        f.blocks.iter().flat_map::<Vec<Origin>, _>(of).collect()
    };
    for seed in 21_000..21_200 {
        let mut f = function(seed);
        let before = all(&f);
        optimize(&mut f, &PassCx::new());
        let after = all(&f);
        assert!(after.is_subset(&before), "seed {seed}: {:?}\n{f}", after.difference(&before));
    }
}

/// Any text gives a function or an error, and what it gives can be verified and printed.
#[test]
fn damaged_text_gives_an_error_or_a_function() {
    let mut random = Random(99);
    let (mut parsed, mut refused) = (0, 0);
    for seed in 30_000..30_300 {
        let text = function(seed).to_string();
        for _ in 0..10 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..1 + random.below(3) {
                let at = random.below(bytes.len());
                match random.below(3) {
                    0 => {
                        bytes[at] = random.pick(b"v0123456789b@[](),:=-. \nxe;\"");
                    }
                    1 => {
                        bytes.remove(at);
                    }
                    _ => bytes.insert(at, random.pick(b"v9@b-(;\n4\"\\")),
                }
            }
            match parse(&String::from_utf8_lossy(&bytes)) {
                Ok(f) => {
                    parsed += 1;
                    let _ = (verify(&f), f.to_string());
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty());
                }
            }
        }
    }
    assert!(parsed > 100 && refused > 100, "{parsed} parsed, {refused} refused");
}

/// What the verifier accepts after arbitrary damage to the data, the evaluator and the passes survive.
#[test]
fn damaged_functions_are_refused_or_harmless() {
    let mut random = Random(7);
    let mut refused = 0;
    for seed in 40_000..41_500 {
        let mut f = function(seed);
        let values = f.types.len() as u32 + 3;
        for _ in 0..1 + random.below(2) {
            let b = random.below(f.blocks.len());
            let any = Value(if random.one_in(20) { u32::MAX } else { random.below(values as usize) as u32 });
            let block = &mut f.blocks[b];
            match random.below(8) {
                0 if !block.insts.is_empty() => {
                    let i = random.below(block.insts.len());
                    block.insts[i].args[random.below(2)] = any;
                }
                1 if !block.insts.is_empty() => {
                    let i = random.below(block.insts.len());
                    block.insts[i].state =
                        random.one_in(2).then(|| StateId(random.below(f.states.len() + 2) as u32));
                }
                2 if !block.insts.is_empty() => {
                    let i = random.below(block.insts.len());
                    block.insts[i].result = random.one_in(2).then_some(any);
                }
                3 if !block.insts.is_empty() => {
                    let i = random.below(block.insts.len());
                    block.insts[i].op = random.pick(Opcode::ALL);
                }
                4 => {
                    let to = Block(random.below(f.blocks.len() + 1) as u32);
                    if let Some(target) = f.blocks[b].end.targets_mut().next() {
                        target.block = to;
                    }
                }
                5 => block.params.push(any),
                6 => {
                    let s = random.below(f.states.len());
                    f.states[s].caller = Some(StateId(random.below(f.states.len() + 1) as u32));
                }
                _ => {
                    f.types.pop();
                }
            }
        }
        let text = f.to_string();
        match verify(&f) {
            Err(errors) => {
                refused += 1;
                assert!(!errors.is_empty());
                // The evaluator answers, whatever it is given.
                let arguments: Vec<_> = f.inputs.iter().map(|_| eval::Scalar::Int(1)).collect();
                eval::evaluate(&f, &arguments, &mut common::wide::host(5), 1000);
            }
            Ok(()) => {
                optimize(&mut f, &PassCx::new());
                assert!(verify(&f).is_ok(), "{text}");
            }
        }
    }
    assert!(refused > 200, "{refused}");
}
