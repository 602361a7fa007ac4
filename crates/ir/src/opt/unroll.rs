//! Loop unrolling: several rounds of a small loop one after the other.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: copies the body of an innermost loop behind itself, tests included, up to four times in all, as long as that
//! stays small. Each copy leaves the loop where the body does. Why: the jump back is needed once for all of them, and
//! so is the charge, once [`super::charges`] has merged theirs. Of the copies behind the first one range analysis knows
//! more.
//!
//! ```text
//! b1(v1: int):                                 b1(v1: int):
//!     v2: bool = int_compare ne v1, v0             v2: bool = int_compare ne v1, v0
//!     branch v2, b2, b3                            branch v2, b2, b3(v1)
//! b2:                                          b2:
//!     v3: int = int_sub_fits v1, v4        =>      v3: int = int_sub_fits v1, v4
//!     jump b1(v3)                                  jump b4(v3)
//! b3:                                          b3(v8: int):
//!     exit region_end @0    ; of v1                exit region_end @1    ; of v8
//!                                              b4(v5: int):
//!                                                  v6: bool = int_compare ne v5, v0
//!                                                  branch v6, b5, b3(v5)
//!                                              b5:
//!                                                  v7: int = int_sub_fits v5, v4
//!                                                  jump b1(v7)
//! ```
//!
//! Invariants:
//! - nothing is assumed of how often the loop goes round: each copy tests, charges and leaves as the original does, with frame states of its own.
//!
//! Measured on Zen 3, time of the build that brought the pass, and the sharing of charges, against the one before: a
//! sum 0.6, a countdown 0.65, collatz 0.9, mandelbrot 0.94; loops bound by multiplications (nested, LCG) 1.0.
//!
//! Source of the idea: any optimizing compiler.
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: countdown 1.42, popcount 1.31, sum
//! 1.28, coin 1.09; mandelbrot 0.90, miller_rabin 0.93, whose loops are short-lived; mean of 29 kernels 1.02.

use super::copies::{Copies, Order};
use super::{Changed, PassCx, definitions};
use crate::analysis::{Cfg, Dominators, LoopId, Loops};
use crate::data::{Block, Function, Inst, Value};
use crate::op::{Effect, Opcode};
use crate::remark::{Remark, Topic};

/// How many rounds stand behind each other at most.
const MOST_COPIES: usize = 4;
/// How large all copies of a loop may become together, in instructions and blocks.
const MOST_INSTS: usize = 64;
/// How many loops of a function are unrolled: a bound for what it costs.
const MOST_LOOPS: usize = 32;
/// Functions larger than this stay as they are: their time is hardly spent in one small loop.
const MOST_FUNCTION: usize = 2_000;

/// Unrolls all loops that are small enough.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    if f.inst_count() > MOST_FUNCTION {
        return Changed::No;
    }
    let cfg = Cfg::new(f);
    let loops = Loops::new(&cfg, &Dominators::new(&cfg));
    let defs = definitions(f, &cfg);
    let mut unrolled = Copies::new(f);
    for (id, one) in loops.loops.iter().enumerate() {
        let id = LoopId(id as u32);
        if unrolled.count() == MOST_LOOPS || loops.loops.iter().any(|inner| inner.parent == Some(id)) {
            continue;
        }
        let blocks: Vec<Block> =
            cfg.rpo.iter().copied().filter(|&block| loops.innermost(block) == Some(id)).collect();
        let copies = MOST_INSTS / size(f, &defs, &blocks).max(1);
        if copies < 2 || !cx.spend() {
            continue;
        }
        let copies = copies.min(MOST_COPIES);
        let at = f.blocks[one.header.index()].origin;
        cx.say(|| Remark::at(Topic::Unrolled, at, copies as u32));
        unrolled.add(f, one.header, &blocks, Order::Rounds(copies));
    }
    if unrolled.count() == 0 {
        return Changed::No;
    }
    unrolled.repair(f);
    Changed::Yes
}

/// How large a loop is. One that calls the run time or divides by what is not a constant is too large: there the jump
/// back does not matter, and a larger loop costs more than it saves (gcd by remainders: 6 %).
fn size(f: &Function, defs: &[Option<Inst>], blocks: &[Block]) -> usize {
    let insts = || blocks.iter().flat_map(|block| &f.blocks[block.index()].insts);
    let is_constant = |value: Value| defs[value.index()].is_some_and(|inst| inst.op == Opcode::ConstInt);
    let is_slow = |inst: &Inst| match inst.op {
        Opcode::Charge | Opcode::Count | Opcode::CountIf => false,
        Opcode::IntFloorDiv | Opcode::IntMod => !is_constant(inst.args[1]),
        _ => inst.op.effect() == Effect::Call,
    };
    if insts().any(is_slow) {
        return usize::MAX;
    }
    blocks.len() + insts().filter(|inst| !inst.op.operands().is_empty()).count()
}
