//! Dominators and loops, compared with their definitions on random functions.
#![allow(clippy::unwrap_used)]

mod common;

use common::generate::function;
use hotspotvm_ir::analysis::{Cfg, Dominators, Loops};
use hotspotvm_ir::parse::parse;
use hotspotvm_ir::*;

/// The blocks that are reached without passing this one.
fn reached_without(f: &Function, removed: Block) -> Vec<bool> {
    let mut seen = vec![false; f.blocks.len()];
    let mut work = vec![Block(0)];
    while let Some(block) = work.pop() {
        if block == removed || std::mem::replace(&mut seen[block.index()], true) {
            continue;
        }
        work.extend(f.blocks[block.index()].end.targets().map(|target| target.block));
    }
    seen
}

#[test]
fn dominators_and_loops_are_what_their_definitions_say() {
    let mut loops_seen = 0;
    for seed in 50_000..50_200 {
        let f = function(seed);
        let cfg = Cfg::new(&f);
        let tree = Dominators::new(&cfg);
        let loops = Loops::new(&cfg, &tree);
        for &a in &cfg.rpo {
            let without = reached_without(&f, a);
            for &b in &cfg.rpo {
                assert_eq!(tree.dominates(a, b), !without[b.index()], "seed {seed}: {a} {b}\n{f}");
                assert!(!tree.dominates(a, b) || cfg.position(a) <= cfg.position(b));
            }
        }
        loops_seen += loops.loops.len();
        for (id, one) in loops.loops.iter().enumerate() {
            let id = analysis::LoopId(id as u32);
            assert!(!one.latches.is_empty());
            for &block in &cfg.rpo {
                // In the loop: dominated by the header, and a latch is reached from here without passing the header again.
                let mut seen = vec![false; f.blocks.len()];
                let mut work = vec![block];
                let mut inside = false;
                while let Some(at) = work.pop() {
                    if std::mem::replace(&mut seen[at.index()], true) {
                        continue;
                    }
                    inside |= one.latches.contains(&at);
                    let next = f.blocks[at.index()].end.targets().map(|target| target.block);
                    work.extend(next.filter(|&next| next != one.header));
                }
                inside &= tree.dominates(one.header, block);
                assert_eq!(loops.contains(id, block), inside, "seed {seed}: {} {block}\n{f}", one.header);
            }
        }
    }
    assert!(loops_seen > 100, "{loops_seen}");
}

#[test]
fn a_cycle_with_two_entries_is_no_loop() {
    let f = parse(
        "function f (bytecode function 0, entry pc 0)
b0(v0: bool = local 0):
    branch v0, b1, b2
b1:
    jump b2
b2:
    branch v0, b1, b3
b3:
    exit return @0
@0 = f0:pc0 execute locals[] stack[]
",
    )
    .unwrap();
    let cfg = Cfg::new(&f);
    let tree = Dominators::new(&cfg);
    assert_eq!(tree.idom(Block(2)), Some(Block(0)));
    assert!(Loops::new(&cfg, &tree).loops.is_empty());
    // The passes leave it well-formed.
    let mut optimized = f.clone();
    opt::optimize(&mut optimized, &opt::PassCx::new());
    assert_eq!(verify::verify(&optimized), Ok(()));
}
