//! Unboxes block parameters that always hold boxes of one type.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: a boxed parameter to which every edge gives a boxed int (a box made here, a value guarded before, or another
//! such parameter) becomes an int parameter; where the boxed value is still needed it is boxed again. The same for
//! floats and bools. Why: a loop that boxes a local at its end and guards it at its start is what builders make of each
//! opcode; after this pass `fold` removes box and guard.
//!
//! ```text
//!     jump b1(v1)           ; v1 = box_int v0             jump b1(v0)
//! b1(v2: boxed):                                      b1(v7: int):
//!     v3: int = guard_int v2 exit @0              =>      v2: boxed = box_int v7
//!     ...                                                 v3: int = guard_int v2 exit @0
//!     jump b1(v5)           ; v5 = box_int v4             jump b1(v4)
//! ```
//!
//! Invariant: the assumption "all parameters are boxes of one type" is only weakened until it holds for all edges at
//! once, so loops that feed themselves keep it. Source of the idea: optimistic type propagation (Wegman and Zadeck
//! 1991), phi representation selection in JavaScript engines.
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: a loop over four globals 1.10; 1.00
//! on the kernels, whose variables are unboxed from the start.

use super::{Changed, PassCx, definitions};
use crate::analysis::{Cfg, Dominators};
use crate::data::{Block, Function, Imm, Inst, Type, Value};
use crate::op::Opcode;
use crate::planted::{Bug, is};
use rustc_hash::FxHashMap;

/// How many guards of one value are looked at: those are few unless the code is very odd.
const MOST_GUARDS: usize = 8;

/// What is known of a boxed value.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Nothing came yet.
    Unknown,
    /// It is always a box of this type.
    Box(Type),
    /// Anything.
    Any,
}

struct Guard {
    block: Block,
    ty: Type,
    inside: Value,
}

struct Unboxing {
    tree: Dominators,
    defs: Vec<Option<Inst>>,
    guards: FxHashMap<Value, Vec<Guard>>,
    /// The kind of each boxed parameter.
    kinds: FxHashMap<Value, Kind>,
}

fn box_of(ty: Type) -> Option<Opcode> {
    match ty {
        Type::Int => Some(Opcode::BoxInt),
        Type::Float => Some(Opcode::BoxFloat),
        Type::Bool => Some(Opcode::BoxBool),
        Type::Boxed => None,
    }
}

impl Unboxing {
    /// What is in a boxed value, where a box or a guard says so at the end of a block.
    fn inside(&self, value: Value, at_end_of: Block) -> Option<(Type, Value)> {
        if let Some(inst) = self.defs[value.index()]
            && let Opcode::BoxInt | Opcode::BoxFloat | Opcode::BoxBool = inst.op
        {
            return Some((*inst.op.operands().first()?, inst.args[0]));
        }
        let guards = self.guards.get(&value)?;
        let dominates = |guard: &&Guard| self.tree.dominates(guard.block, at_end_of);
        let known = guards.iter().find(|guard| dominates(guard) || is(Bug::GuardNotDominating))?;
        Some((known.ty, known.inside))
    }

    /// The unboxed form of a boxed argument at the end of a block, if there is one of this type.
    fn form(
        &self,
        f: &Function,
        unboxed: &FxHashMap<Value, Value>,
        arg: Value,
        at_end_of: Block,
        ty: Type,
    ) -> Option<Value> {
        let param = unboxed.get(&arg).copied();
        let form = param.or_else(|| self.inside(arg, at_end_of).map(|(_, inside)| inside))?;
        (f.ty(form) == ty).then_some(form)
    }

    fn kind(&self, value: Value, at_end_of: Block) -> Kind {
        match self.kinds.get(&value) {
            Some(&kind) if kind != Kind::Any => kind,
            _ => self.inside(value, at_end_of).map_or(Kind::Any, |(ty, _)| Kind::Box(ty)),
        }
    }
}

/// Unboxes them.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let tree = Dominators::new(&cfg);
    let mut guards: FxHashMap<Value, Vec<Guard>> = FxHashMap::default();
    let mut kinds = FxHashMap::default();
    for &block in &cfg.rpo {
        let data = &f.blocks[block.index()];
        if block.0 != 0 {
            let boxed = data.params.iter().filter(|&&param| f.ty(param) == Type::Boxed);
            kinds.extend(boxed.map(|&param| (param, Kind::Unknown)));
        }
        for inst in &data.insts {
            if let Opcode::GuardInt | Opcode::GuardFloat | Opcode::GuardBool = inst.op
                && let (Some(inside), Some(ty)) = (inst.result, inst.op.result())
            {
                let list = guards.entry(inst.args[0]).or_default();
                if list.len() < MOST_GUARDS {
                    list.push(Guard { block, ty, inside });
                }
            }
        }
    }
    if kinds.is_empty() {
        return Changed::No;
    }
    let mut unboxing = Unboxing { tree, defs: definitions(f, &cfg), guards, kinds };
    let mut again = true;
    while again {
        again = false;
        for &block in &cfg.rpo {
            for target in f.blocks[block.index()].end.targets() {
                for (&arg, &param) in target.args.iter().zip(&f.blocks[target.block.index()].params) {
                    let Some(&before) = unboxing.kinds.get(&param) else { continue };
                    let after = match (before, unboxing.kind(arg, block)) {
                        (kind, Kind::Unknown) | (Kind::Unknown, kind) => kind,
                        (Kind::Box(a), Kind::Box(b)) if a == b => before,
                        _ => Kind::Any,
                    };
                    if after != before {
                        unboxing.kinds.insert(param, after);
                        again = true;
                    }
                }
            }
        }
    }

    // New parameters first, so that edges can name them.
    let mut unboxed: FxHashMap<Value, Value> = FxHashMap::default();
    for &block in &cfg.rpo {
        for i in 0..f.blocks[block.index()].params.len() {
            let param = f.blocks[block.index()].params[i];
            if let Some(&Kind::Box(ty)) = unboxing.kinds.get(&param)
                && cx.spend()
            {
                unboxed.insert(param, f.new_value(ty));
            }
        }
    }
    // For want of fuel an edge may lack an unboxed form: such parameters stay boxed, until nothing changes.
    loop {
        let mut lost = Vec::new();
        for &block in &cfg.rpo {
            for target in f.blocks[block.index()].end.targets() {
                for (&arg, param) in target.args.iter().zip(&f.blocks[target.block.index()].params) {
                    if let Some(&inside) = unboxed.get(param)
                        && unboxing.form(f, &unboxed, arg, block, f.ty(inside)).is_none()
                    {
                        lost.push(*param);
                    }
                }
            }
        }
        if lost.is_empty() {
            break;
        }
        for param in lost {
            unboxed.remove(&param);
        }
    }
    if unboxed.is_empty() {
        return Changed::No;
    }
    for &block in &cfg.rpo {
        let mut end = f.blocks[block.index()].end.clone();
        for target in end.targets_mut() {
            for (arg, param) in target.args.iter_mut().zip(&f.blocks[target.block.index()].params) {
                if let Some(&inside) = unboxed.get(param)
                    && let Some(form) = unboxing.form(f, &unboxed, *arg, block, f.ty(inside))
                {
                    *arg = form;
                }
            }
        }
        f.blocks[block.index()].end = end;
    }
    for &block in &cfg.rpo {
        let types = &f.types;
        let data = &mut f.blocks[block.index()];
        let mut boxes = Vec::new();
        for param in &mut data.params {
            if let Some(&inside) = unboxed.get(param)
                && let Some(op) = box_of(types[inside.index()])
            {
                let (args, result, origin) = ([inside, Value(0), Value(0)], Some(*param), data.origin);
                boxes.push(Inst { op, args, imm: Imm::None, state: None, result, origin });
                *param = inside;
            }
        }
        if !boxes.is_empty() {
            data.insts.splice(0..0, boxes);
        }
    }
    Changed::Yes
}
