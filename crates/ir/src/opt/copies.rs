//! Copies of loops' bodies, for the passes that unroll and peel.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! Invariant: a value that is used behind the loop now comes from one of several copies: blocks where ways from them
//! join get it as a parameter (see `Repair`).
//!
//! Source of the idea: the repair is the on-demand construction of Braun et al., "Simple and Efficient Construction of
//! Static Single Assignment Form" (2013).

use crate::analysis::Cfg;
use crate::data::{Block, CallId, Function, Imm, Inst, StateId, Terminator, Value};
use crate::op::Opcode;
use crate::planted::{Bug, is};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// Which loop a block or a value belongs to, and which copy of it; the first copy is the original.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    copied: usize,
    copy: usize,
}

/// For each copy of a loop, what stands there for the original's values.
type Maps = Vec<FxHashMap<Value, Value>>;

/// How the copies of a loop stand to each other.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Order {
    /// One behind the other, and back to the original: so many rounds in one.
    Rounds(usize),
    /// One copy, for the first round, before the original.
    First,
}

/// The loops of a function that have been copied.
pub(super) struct Copies {
    of_block: Vec<Option<Place>>,
    /// The loop that defines each value, if it is one that was copied.
    of_value: Vec<Option<usize>>,
    maps: Vec<Maps>,
}

impl Copies {
    /// None yet.
    pub fn new(f: &Function) -> Copies {
        Copies { of_block: vec![None; f.blocks.len()], of_value: vec![None; f.types.len()], maps: Vec::new() }
    }

    /// How many loops have been copied.
    pub fn count(&self) -> usize {
        self.maps.len()
    }

    /// Copies a loop that has no loop inside and was not copied yet.
    pub fn add(&mut self, f: &mut Function, header: Block, blocks: &[Block], order: Order) {
        let copied = self.maps.len();
        for &block in blocks {
            self.of_block[block.index()] = Some(Place { copied, copy: 0 });
            let data = &f.blocks[block.index()];
            for value in data.params.iter().copied().chain(data.insts.iter().filter_map(|inst| inst.result)) {
                self.of_value[value.index()] = Some(copied);
            }
        }
        let maps = copy(f, header, blocks, order);
        for copy in 1..maps.len() {
            let place = Place { copied, copy };
            self.of_block.extend(std::iter::repeat_n(Some(place), blocks.len()));
        }
        self.maps.push(maps);
    }

    /// Makes what is used behind the loops come from the right copy. To be called once all loops are copied.
    pub fn repair(self, f: &mut Function) {
        let cfg = Cfg::new(f);
        let Copies { of_block, of_value, maps } = self;
        Repair { f, cfg: &cfg, of_block, of_value, maps, known: FxHashMap::default(), open: VecDeque::new() }
            .run();
    }
}

/// Appends the copies, in the order of `blocks` each, and leads back-edges, or the ways into the loop, to the next one.
fn copy(f: &mut Function, header: Block, blocks: &[Block], order: Order) -> Maps {
    let first = f.blocks.len();
    let copies = match order {
        Order::Rounds(rounds) => rounds,
        Order::First => 2,
    };
    // Where a block of the original stands in copy `n`.
    let place = |block: Block, copy: usize| match blocks.iter().position(|&b| b == block) {
        Some(at) if copy > 0 => Block((first + (copy - 1) * blocks.len() + at) as u32),
        _ => block,
    };
    let mut maps: Maps = vec![FxHashMap::default()];
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
            if is(Bug::CountNotCopied) {
                data.insts.retain(|inst| !matches!(inst.op, Opcode::Count | Opcode::CountIf));
            }
            let new = |value: &mut Value| *value = map.get(value).copied().unwrap_or(*value);
            data.params.iter_mut().for_each(new);
            for inst in &mut data.insts {
                inst.args_mut().iter_mut().for_each(new);
                inst.result.iter_mut().for_each(new);
                inst.state =
                    inst.state.map(|state| f.rename_state(state, &mut states, |v| map.get(&v).copied()));
                // Each call has a site of its own, which passes change.
                if let Imm::Call(id) = inst.imm {
                    let mut site = f.calls[id.index()].clone();
                    site.args.iter_mut().for_each(new);
                    inst.imm = Imm::Call(CallId(f.calls.len() as u32));
                    f.calls.push(site);
                }
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
    // The ways that lead to the first copy behind, or before, the original. (A copy's own back-edges lead on already.)
    for at in 0..first {
        if (order == Order::First) == blocks.contains(&Block(at as u32)) {
            continue;
        }
        for target in f.blocks[at].end.targets_mut() {
            if target.block == header {
                target.block = place(header, 1);
            }
        }
    }
    maps
}

/// Makes values that are used behind copied loops come from the copy by which control has left.
///
/// Looking backwards from a use, every way comes to a copy of the value's loop, since the original's definition
/// dominated the use. Where ways join before, the block gets a parameter.
struct Repair<'a> {
    f: &'a mut Function,
    cfg: &'a Cfg,
    of_block: Vec<Option<Place>>,
    of_value: Vec<Option<usize>>,
    maps: Vec<Maps>,
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
        if let Imm::Call(id) = inst.imm {
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
        self.f.rename_state(state, &mut FxHashMap::default(), |value| changed.get(&value).copied())
    }

    /// What stands for a value where a block uses it.
    fn used(&mut self, value: Value, block: Block) -> Value {
        match self.of_value.get(value.index()) {
            Some(&Some(home)) if self.place(block).is_none_or(|place| place.copied != home) => {
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
        let place = self.place(block).filter(|place| place.copied == home)?;
        Some(self.maps[home][place.copy].get(&value).copied().unwrap_or(value))
    }
}
