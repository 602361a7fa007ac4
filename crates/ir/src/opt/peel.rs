//! Loop peeling: the first round of a loop stands before it.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: copies the body of an innermost loop before it, tests and charges included, if each round does something that
//! only the first needs to do: look at a value that stays the same, or load a global that the round before has stored.
//! Why: such a look cannot be moved out of the loop where something else may leave, or happen, before it. But the first
//! round's dominates the others, so that [`super::gvn`] and [`super::globals`] remove those.
//!
//! ```text
//!     jump b1(v1)                                    jump b3(v1)
//! b1(v2: int):                                   b3(v6: int):
//!     v3: int = int_add v2, v2 exit @0               v7: int = int_add v6, v6 exit @2
//!     v4: int = guard_int v0 exit @1                 v8: int = guard_int v0 exit @3
//!     v5: int = int_mul v3, v4 exit @1               v9: int = int_mul v7, v8 exit @3
//!     jump b1(v5)                              =>    jump b1(v9)
//!                                                b1(v2: int):
//!                                                    v3: int = int_add v2, v2 exit @0
//!                                                    v4: int = guard_int v0 exit @1    ; gvn: is v8
//!                                                    v5: int = int_mul v3, v4 exit @1
//!                                                    jump b1(v5)
//! ```
//!
//! Invariant: nothing is assumed of how often the loop goes round: the copy tests, charges and leaves as the original
//! does, with frame states of its own.
//!
//! Measured on a Xeon, processor time of a loop over four globals, with this and [`super::globals`] against with
//! neither: 0.69; with this alone 0.77, since the guards of three of them and the unboxing are made once.
//!
//! Source of the idea: Bacon, Graham, Sharp, "Compiler Transformations for High-Performance Computing" (1994).
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: the same loop in assembly 1.39.

use super::copies::{Copies, Order};
use super::{Changed, PassCx};
use crate::analysis::{Cfg, Dominators, LoopId, Loops};
use crate::data::{Block, Function, Imm, Inst};
use crate::op::Opcode;
use crate::remark::{Remark, Topic};

/// How large a loop may be, in instructions: its code doubles.
const MOST_INSTS: usize = 200;
/// How many loops of a function are peeled: a bound for what it costs.
const MOST_LOOPS: usize = 32;
/// Functions larger than this stay as they are.
const MOST_FUNCTION: usize = 2_000;

/// Peels all loops where that is worth it.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    if f.inst_count() > MOST_FUNCTION {
        return Changed::No;
    }
    let cfg = Cfg::new(f);
    let tree = Dominators::new(&cfg);
    let loops = Loops::new(&cfg, &tree);
    let mut home = vec![Block(0); f.types.len()];
    for &block in &cfg.rpo {
        let data = &f.blocks[block.index()];
        for value in data.params.iter().copied().chain(data.insts.iter().filter_map(|inst| inst.result)) {
            home[value.index()] = block;
        }
    }
    let mut peeled = Copies::new(f);
    for (id, one) in loops.loops.iter().enumerate() {
        let id = LoopId(id as u32);
        if peeled.count() == MOST_LOOPS || loops.loops.iter().any(|inner| inner.parent == Some(id)) {
            continue;
        }
        let inside = |block: Block| loops.innermost(block) == Some(id);
        let blocks: Vec<Block> = cfg.rpo.iter().copied().filter(|&block| inside(block)).collect();
        let insts = || blocks.iter().flat_map(|block| &f.blocks[block.index()].insts);
        if insts().count() > MOST_INSTS {
            continue;
        }
        let calls = insts().any(|inst| inst.op == Opcode::Call);
        let stores = |imm: Imm| insts().any(|inst| inst.op == Opcode::StoreGlobal && inst.imm == imm);
        let once = |inst: &Inst| match inst.op {
            Opcode::GuardInt
            | Opcode::GuardFloat
            | Opcode::GuardBool
            | Opcode::GuardShape
            | Opcode::GuardStorable
            | Opcode::BoxSmall => !inside(home[inst.args[0].index()]),
            Opcode::LoadGlobal => !calls && stores(inst.imm),
            _ => false,
        };
        let backs: Vec<Block> = cfg.preds(one.header).iter().copied().filter(|&pred| inside(pred)).collect();
        let always = |block: Block| backs.iter().all(|&back| tree.dominates(block, back));
        let is_worth_it =
            blocks.iter().any(|&block| always(block) && f.blocks[block.index()].insts.iter().any(once));
        if is_worth_it && cx.spend() {
            let at = f.blocks[one.header.index()].origin;
            cx.say(|| Remark::at(Topic::Peeled, at, 1));
            peeled.add(f, one.header, &blocks, Order::First);
        }
    }
    if peeled.count() == 0 {
        return Changed::No;
    }
    peeled.repair(f);
    Changed::Yes
}
