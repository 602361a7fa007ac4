//! Loop unrolling: several rounds of a small loop one after the other.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: copies the body of an innermost loop behind itself, tests included, up to four times in all, as long as that stays small.
//! Each copy leaves the loop where the body does.
//! Why: the jump back is needed once for all of them, and so is the charge, once [`super::charges`] has merged theirs. Of the copies
//! behind the first one range analysis knows more.
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
//! - nothing is assumed of how often the loop goes round: each copy tests, charges and leaves as the original does, with frame states of
//!   its own;
//! - a value that is used behind the loop now comes from one of several copies: blocks where ways from them join get it as a parameter
//!   (see `Repair`).
//!
//! Measured on Zen 3, time of the build that brought the pass, and the sharing of charges, against the one before: a sum 0.6, a countdown 0.65, collatz 0.9, mandelbrot 0.94; loops bound by
//! multiplications (nested, LCG) 1.0.
//!
//! Source of the idea: any optimizing compiler; the repair is the on-demand construction of Braun et al., "Simple and Efficient Construction of
//! Static Single Assignment Form" (2013).

use super::{Changed, PassCx, definitions};
use crate::analysis::{Cfg, Dominators, LoopId, Loops};
use crate::data::{Block, Function, Inst, StateId, Terminator, Value};
use crate::op::{Effect, Opcode};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// How many rounds stand behind each other at most.
const MOST_COPIES: usize = 4;
/// How large all copies of a loop may become together, in instructions and blocks.
const MOST_INSTS: usize = 64;
/// How many loops of a function are unrolled: a bound for what it costs.
const MOST_LOOPS: usize = 32;
/// Functions larger than this stay as they are: their time is hardly spent in one small loop.
const MOST_FUNCTION: usize = 2_000;

/// Which loop a block or a value belongs to, and which copy of it; the first copy is the original.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    unrolled: usize,
    copy: usize,
}

/// A loop that has been unrolled: for each copy, what stands there for the original's values.
type Copies = Vec<FxHashMap<Value, Value>>;

/// Unrolls all loops that are small enough.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    if f.inst_count() > MOST_FUNCTION {
        return Changed::No;
    }
    let cfg = Cfg::new(f);
    let loops = Loops::new(&cfg, &Dominators::new(&cfg));
    let mut of_block: Vec<Option<Place>> = vec![None; f.blocks.len()];
    let mut of_value: Vec<Option<usize>> = vec![None; f.types.len()];
    let defs = definitions(f, &cfg);
    let mut unrolled: Vec<Copies> = Vec::new();
    for (id, one) in loops.loops.iter().enumerate() {
        let id = LoopId(id as u32);
        if unrolled.len() == MOST_LOOPS || loops.loops.iter().any(|inner| inner.parent == Some(id)) {
            continue;
        }
        let blocks: Vec<Block> =
            cfg.rpo.iter().copied().filter(|&block| loops.innermost(block) == Some(id)).collect();
        let copies = MOST_INSTS / size(f, &defs, &blocks).max(1);
        if copies < 2 || !cx.spend() {
            continue;
        }
        let number = unrolled.len();
        for &block in &blocks {
            of_block[block.index()] = Some(Place { unrolled: number, copy: 0 });
            let data = &f.blocks[block.index()];
            for value in data.params.iter().copied().chain(data.insts.iter().filter_map(|inst| inst.result)) {
                of_value[value.index()] = Some(number);
            }
        }
        let maps = unroll(f, one.header, &blocks, copies.min(MOST_COPIES));
        for copy in 1..maps.len() {
            let place = Place { unrolled: number, copy };
            of_block.extend(std::iter::repeat_n(Some(place), blocks.len()));
        }
        unrolled.push(maps);
    }
    if unrolled.is_empty() {
        return Changed::No;
    }
    let cfg = Cfg::new(f);
    Repair { f, cfg: &cfg, of_block, of_value, unrolled, known: FxHashMap::default(), open: VecDeque::new() }
        .run();
    Changed::Yes
}

/// How large a loop is. One that calls the run time or divides by what is not a constant is too large: there the jump back does not
/// matter, and a larger loop costs more than it saves (gcd by remainders: 6 %).
fn size(f: &Function, defs: &[Option<Inst>], blocks: &[Block]) -> usize {
    let insts = || blocks.iter().flat_map(|block| &f.blocks[block.index()].insts);
    let is_constant = |value: Value| defs[value.index()].is_some_and(|inst| inst.op == Opcode::ConstInt);
    let is_slow = |inst: &Inst| match inst.op {
        Opcode::Charge => false,
        Opcode::IntFloorDiv | Opcode::IntMod => !is_constant(inst.args[1]),
        _ => inst.op.effect() == Effect::Call,
    };
    if insts().any(is_slow) {
        return usize::MAX;
    }
    blocks.len() + insts().filter(|inst| !inst.op.operands().is_empty()).count()
}

/// Appends the copies, in the order of `blocks` each, and leads each copy's back-edges to the next one.
fn unroll(f: &mut Function, header: Block, blocks: &[Block], copies: usize) -> Copies {
    let first = f.blocks.len();
    // Where a block of the original stands in copy `n`.
    let place = |block: Block, copy: usize| match blocks.iter().position(|&b| b == block) {
        Some(at) if copy > 0 => Block((first + (copy - 1) * blocks.len() + at) as u32),
        _ => block,
    };
    let mut maps: Copies = vec![FxHashMap::default()];
    for copy in 1..copies {
        let mut map = FxHashMap::default();
        for &block in blocks {
            let data = &f.blocks[block.index()];
            let defined = data.params.iter().copied().chain(data.insts.iter().filter_map(|inst| inst.result));
            let defined: Vec<Value> = defined.collect();
            for value in defined {
                let new = f.new_value(f.ty(value));
                map.insert(value, new);
            }
        }
        let mut states = FxHashMap::default();
        for &block in blocks {
            let mut data = f.blocks[block.index()].clone();
            let new = |value: &mut Value| *value = map.get(value).copied().unwrap_or(*value);
            data.params.iter_mut().for_each(new);
            for inst in &mut data.insts {
                inst.args_mut().iter_mut().for_each(new);
                inst.result.iter_mut().for_each(new);
                inst.state = inst.state.map(|state| rename(f, state, &mut states, |v| map.get(&v).copied()));
            }
            data.end.value_mut().into_iter().for_each(new);
            for target in data.end.targets_mut() {
                target.args.iter_mut().for_each(new);
                let to = if target.block == header { (copy + 1) % copies } else { copy };
                target.block = place(target.block, to);
            }
            f.blocks.push(data);
        }
        maps.push(map);
    }
    for &block in blocks {
        for target in f.blocks[block.index()].end.targets_mut() {
            if target.block == header {
                target.block = place(header, 1);
            }
        }
    }
    maps
}

/// A frame state, its callers included, with other values; itself if none changes.
fn rename(
    f: &mut Function,
    state: StateId,
    made: &mut FxHashMap<StateId, StateId>,
    new: impl Fn(Value) -> Option<Value>,
) -> StateId {
    let mut chain = Vec::new();
    let mut at = Some(state);
    let mut caller = None;
    while let Some(id) = at {
        if let Some(&known) = made.get(&id) {
            caller = Some(known);
            break;
        }
        chain.push(id);
        at = f.states[id.index()].caller;
    }
    for &id in chain.iter().rev() {
        let frame = &f.states[id.index()];
        let changes = frame.caller != caller || frame.values().any(|value| new(value).is_some());
        let to = if changes {
            let mut frame = frame.clone();
            frame.caller = caller;
            for value in frame.values_mut() {
                *value = new(*value).unwrap_or(*value);
            }
            f.new_state(frame)
        } else {
            id
        };
        made.insert(id, to);
        caller = Some(to);
    }
    caller.unwrap_or(state)
}

/// Makes values that are used behind unrolled loops come from the copy by which control has left.
///
/// Looking backwards from a use, every way comes to a copy of the value's loop, since the original's definition dominated the use. Where ways join
/// before, the block gets a parameter.
struct Repair<'a> {
    f: &'a mut Function,
    cfg: &'a Cfg,
    of_block: Vec<Option<Place>>,
    /// The loop that defines each value, if it is one that was unrolled.
    of_value: Vec<Option<usize>>,
    unrolled: Vec<Copies>,
    /// What stands for a value at the beginning of a block.
    known: FxHashMap<(Value, Block), Value>,
    /// Parameters whose arguments have not been given yet, in the order in which they were made: of which value, for which block.
    open: VecDeque<(Value, Block)>,
}

impl Repair<'_> {
    fn run(&mut self) {
        let cfg = self.cfg;
        for &block in &cfg.rpo {
            let mut insts = std::mem::take(&mut self.f.blocks[block.index()].insts);
            for inst in &mut insts {
                self.inst(block, inst);
            }
            let never = Terminator::Exit { reason: crate::ExitReason::Unreached, state: StateId(u32::MAX) };
            let mut end = std::mem::replace(&mut self.f.blocks[block.index()].end, never);
            if let Some(value) = end.value_mut() {
                *value = self.used(*value, block);
            }
            for arg in end.targets_mut().flat_map(|target| &mut target.args) {
                *arg = self.used(*arg, block);
            }
            if let Terminator::Exit { state, .. } = &mut end {
                *state = self.state(*state, block);
            }
            let data = &mut self.f.blocks[block.index()];
            (data.insts, data.end) = (insts, end);
        }
        while let Some((value, block)) = self.open.pop_front() {
            let mut preds = cfg.preds(block).to_vec();
            preds.sort_unstable();
            preds.dedup();
            for pred in preds {
                let arg = self.at_end(value, pred);
                for target in self.f.blocks[pred.index()].end.targets_mut() {
                    if target.block == block {
                        target.args.push(arg);
                    }
                }
            }
        }
    }

    fn inst(&mut self, block: Block, inst: &mut Inst) {
        for arg in inst.args_mut() {
            *arg = self.used(*arg, block);
        }
        if let crate::Imm::Call(id) = inst.imm {
            let mut args = std::mem::take(&mut self.f.calls[id.index()].args);
            for arg in &mut args {
                *arg = self.used(*arg, block);
            }
            self.f.calls[id.index()].args = args;
        }
        inst.state = inst.state.map(|state| self.state(state, block));
    }

    fn state(&mut self, state: StateId, block: Block) -> StateId {
        let mut changed: FxHashMap<Value, Value> = FxHashMap::default();
        let mut at = Some(state);
        while let Some(id) = at {
            let values: Vec<Value> = self.f.states[id.index()].values().collect();
            for value in values {
                let now = self.used(value, block);
                if now != value {
                    changed.insert(value, now);
                }
            }
            at = self.f.states[id.index()].caller;
        }
        if changed.is_empty() {
            return state;
        }
        rename(self.f, state, &mut FxHashMap::default(), |value| changed.get(&value).copied())
    }

    /// What stands for a value where a block uses it.
    fn used(&mut self, value: Value, block: Block) -> Value {
        match self.of_value.get(value.index()) {
            Some(&Some(home)) if self.place(block).is_none_or(|place| place.unrolled != home) => {
                self.at_start(value, block)
            }
            _ => value,
        }
    }

    fn place(&self, block: Block) -> Option<Place> {
        self.of_block.get(block.index()).copied().flatten()
    }

    /// What stands for a value at the beginning of a block outside of its loop.
    fn at_start(&mut self, value: Value, block: Block) -> Value {
        let mut passed = Vec::new();
        let mut at = block;
        let found = loop {
            if let Some(&known) = self.known.get(&(value, at)) {
                break known;
            }
            match self.cfg.preds(at) {
                &[pred] => {
                    passed.push(at);
                    if let Some(found) = self.in_copy(value, pred) {
                        break found;
                    }
                    at = pred;
                }
                _ => {
                    let param = self.f.add_param(at, self.f.ty(value));
                    self.known.insert((value, at), param);
                    self.open.push_back((value, at));
                    break param;
                }
            }
        };
        for block in passed {
            self.known.insert((value, block), found);
        }
        found
    }

    fn at_end(&mut self, value: Value, block: Block) -> Value {
        match self.in_copy(value, block) {
            Some(found) => found,
            None => self.at_start(value, block),
        }
    }

    /// What stands for a value in a copy of its loop; `None` if the block is in none.
    fn in_copy(&self, value: Value, block: Block) -> Option<Value> {
        let home = self.of_value.get(value.index()).copied().flatten()?;
        let place = self.place(block).filter(|place| place.unrolled == home)?;
        Some(self.unrolled[home][place.copy].get(&value).copied().unwrap_or(value))
    }
}
