//! Checks that a function is well-formed.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`: builders' output and, in debug
//! builds, each pass's output goes through here, so that a wrong pass is found where it is wrong.
//!
//! Invariants: no function, however malformed, makes it panic. Blocks that the entry does not reach are ignored, as everywhere.

use crate::analysis::{Cfg, Dominators};
use crate::data::{
    Block, Function, Imm, InputPlace, Inst, Resume, Sign, StateId, Target, Terminator, Type, Value,
};
use crate::op::Opcode;
use crate::reason::ExitReason;

/// Beyond this many complaints the rest is not told: one mistake often has many consequences.
const MOST: usize = 50;

/// Where a value is defined.
#[derive(Clone, Copy)]
struct Definition {
    block: Block,
    /// 0 for a parameter, else the instruction's index + 1.
    position: usize,
}

struct Verifier<'a> {
    f: &'a Function,
    tree: Dominators,
    definitions: Vec<Option<Definition>>,
    /// Whether the chain of callers of each state ends.
    sound_chain: Vec<bool>,
    /// The call sites that an instruction has.
    called: Vec<bool>,
    errors: Vec<String>,
}

/// Checks all invariants that [`crate::data`] names: types and number of operands, arguments and parameters, shape of
/// immediates, each value defined once and before its uses (frame states' uses included), frame states exactly where the table
/// wants them, everything in range, callers' chains that end, inputs parallel to the entry's parameters.
///
/// # Errors
/// One line for each violation found, in order of the blocks; at most 50.
pub fn verify(f: &Function) -> Result<(), Vec<String>> {
    if f.blocks.is_empty() {
        return Err(vec!["the function has no block".to_owned()]);
    }
    let cfg = Cfg::new(f);
    let tree = Dominators::new(&cfg);
    let mut v = Verifier {
        f,
        tree,
        definitions: vec![None; f.types.len()],
        sound_chain: sound_chains(f),
        called: vec![false; f.calls.len()],
        errors: Vec::new(),
    };
    v.entry(&cfg);
    for &block in &cfg.rpo {
        v.define(block);
    }
    for &block in &cfg.rpo {
        v.block(block);
        if v.errors.len() >= MOST {
            break;
        }
    }
    v.errors.truncate(MOST);
    if v.errors.is_empty() { Ok(()) } else { Err(v.errors) }
}

/// For each state, whether following its callers comes to an end inside the function.
fn sound_chains(f: &Function) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Known(bool),
    }
    let mut marks = vec![Mark::New; f.states.len()];
    for start in 0..f.states.len() {
        let mut path = Vec::new();
        let mut at = Some(StateId(start as u32));
        let ends = loop {
            let Some(id) = at else { break true };
            match marks.get(id.index()).copied() {
                None | Some(Mark::Open) => break false,
                Some(Mark::Known(known)) => break known,
                Some(Mark::New) => {
                    marks[id.index()] = Mark::Open;
                    path.push(id);
                    at = f.states[id.index()].caller;
                }
            }
        };
        for id in path {
            marks[id.index()] = Mark::Known(ends);
        }
    }
    marks.into_iter().map(|mark| mark == Mark::Known(true)).collect()
}

impl Verifier<'_> {
    fn error(&mut self, block: Block, message: impl std::fmt::Display) {
        self.errors.push(format!("{block}: {message}"));
    }

    fn entry(&mut self, cfg: &Cfg) {
        let entry = Block(0);
        if !cfg.preds(entry).is_empty() {
            self.error(entry, "the entry has a predecessor");
        }
        let (params, inputs) = (&self.f.blocks[0].params, &self.f.inputs);
        if params.len() != inputs.len() {
            let message =
                format!("{} parameters, but the function has {} inputs", params.len(), inputs.len());
            self.error(entry, message);
        }
        for (&param, input) in params.iter().zip(inputs) {
            if self.f.types.get(param.index()).is_some_and(|&ty| ty != input.ty) {
                self.error(entry, format!("{param} is not of its input's type {}", input.ty));
            }
            if input.sign != Sign::Any && input.ty != Type::Int {
                self.error(entry, format!("{param} is a {} with a sign", input.ty));
            }
        }
        if self.f.result.is_some() {
            let f = self.f;
            for (i, input) in f.inputs.iter().enumerate() {
                if input.place != InputPlace::Local(i as u32) || input.sign != Sign::Any {
                    self.error(entry, format!("a method's input {i} is not local {i} of any sign"));
                }
            }
        }
    }

    fn define(&mut self, block: Block) {
        let data = &self.f.blocks[block.index()];
        let params = data.params.iter().map(|&p| (p, 0));
        let results = data.insts.iter().enumerate().filter_map(|(i, inst)| Some((inst.result?, i + 1)));
        for (value, position) in params.chain(results) {
            match self.definitions.get_mut(value.index()) {
                None => self.error(block, format!("{value} has no type")),
                Some(Some(_)) => self.error(block, format!("{value} is defined twice")),
                Some(empty) => *empty = Some(Definition { block, position }),
            }
        }
    }

    /// Checks that a value may be used at a position of a block; gives its type.
    fn used(&mut self, block: Block, position: usize, value: Value, by: &str) -> Option<Type> {
        let Some(definition) = self.definitions.get(value.index()).copied().flatten() else {
            self.error(block, format!("{by} uses {value}, which nothing defines"));
            return None;
        };
        let before = if definition.block == block {
            definition.position < position
        } else {
            self.tree.dominates(definition.block, block)
        };
        if !before {
            self.error(block, format!("{by} uses {value}, whose definition does not dominate it"));
        }
        self.f.types.get(value.index()).copied()
    }

    fn used_as(&mut self, block: Block, position: usize, value: Value, ty: Type, by: &str) {
        if let Some(found) = self.used(block, position, value, by)
            && found != ty
        {
            self.error(block, format!("{by} uses {value}, which is of type {found}, where {ty} is expected"));
        }
    }

    fn state(&mut self, block: Block, position: usize, state: StateId, by: &str) {
        match self.sound_chain.get(state.index()) {
            None => return self.error(block, format!("{by} leaves by {state}, which does not exist")),
            Some(false) => {
                return self.error(
                    block,
                    format!("{by} leaves by {state}, whose callers do not end or do not exist"),
                );
            }
            Some(true) => {}
        }
        let f = self.f;
        let mut at = Some(state);
        while let Some(id) = at {
            let frame = &f.states[id.index()];
            if f.result.is_some() && frame.locals.contains(&None) {
                self.error(block, format!("{by} leaves a method by {id}, which does not tell all locals"));
            }
            for value in frame.values() {
                self.used(block, position, value, &format!("{by}, leaving by {id},"));
            }
            at = frame.caller;
        }
    }

    fn inst(&mut self, block: Block, position: usize, inst: &Inst) {
        let by = match inst.result {
            Some(result) => format!("{result} = {}", inst.op.name()),
            None => inst.op.name().to_owned(),
        };
        for (&arg, &ty) in inst.args().iter().zip(inst.op.operands()) {
            self.used_as(block, position, arg, ty, &by);
        }
        if !inst.op.imm_matches(inst.imm) {
            self.error(block, format!("{by} has an immediate of the wrong shape: {:?}", inst.imm));
        }
        match (inst.op.has_result(), inst.result) {
            (false, None) => {}
            (true, Some(result)) => {
                if let Some(ty) = inst.op.result()
                    && let Some(&found) = self.f.types.get(result.index())
                    && found != ty
                {
                    self.error(block, format!("{by} gives {ty}, but its result is of type {found}"));
                }
            }
            (true, None) => self.error(block, format!("{by} lacks a result")),
            (false, Some(_)) => self.error(block, format!("{by} has a result, but the operation has none")),
        }
        match (inst.op.exit_reason(), inst.state) {
            (None, None) => {}
            (Some(_), Some(state)) => self.state(block, position, state, &by),
            (Some(_), None) => self.error(block, format!("{by} can leave, but has no frame state")),
            (None, Some(_)) => self.error(block, format!("{by} cannot leave, but has a frame state")),
        }
        if let (Opcode::Call, Imm::Call(id)) = (inst.op, inst.imm) {
            let f = self.f;
            match self.called.get_mut(id.index()).map(|called| std::mem::replace(called, true)) {
                None => return self.error(block, format!("{by} names {id}, which does not exist")),
                Some(true) => self.error(block, format!("{by} names {id}, which another call names")),
                Some(false) => {}
            }
            let call = &f.calls[id.index()];
            let args = &call.args;
            for &arg in args {
                self.used(block, position, arg, &by);
            }
            let result = inst.result.and_then(|result| f.types.get(result.index())).copied();
            let types = args.iter().map(|arg| f.types.get(arg.index()).copied());
            if call.link.is_none()
                && !(call.callee == f.function
                    && f.result.is_some()
                    && f.result == result
                    && types.eq(f.inputs.iter().map(|input| Some(input.ty))))
            {
                self.error(block, format!("{by} calls another method than the one it is in"));
            }
            if let Some(state) = inst.state.and_then(|state| f.states.get(state.index()))
                && (state.stack.len() < args.len() || state.resume != Resume::Execute)
            {
                self.error(
                    block,
                    format!("{by} stands at a state without its arguments on the operand stack"),
                );
            }
        }
    }

    fn target(&mut self, block: Block, position: usize, target: &Target, by: &str) {
        let f = self.f;
        let Some(to) = f.blocks.get(target.block.index()) else {
            return self.error(block, format!("{by} goes to {}, which does not exist", target.block));
        };
        if to.params.len() != target.args.len() {
            let (args, params) = (target.args.len(), to.params.len());
            self.error(
                block,
                format!("{by} gives {} {args} arguments, but it has {params} parameters", target.block),
            );
        }
        for (&arg, param) in target.args.iter().zip(&to.params) {
            match f.types.get(param.index()) {
                Some(&ty) => self.used_as(block, position, arg, ty, by),
                None => {
                    self.used(block, position, arg, by);
                }
            }
        }
    }

    fn block(&mut self, block: Block) {
        let f = self.f;
        let data = &f.blocks[block.index()];
        for (i, inst) in data.insts.iter().enumerate() {
            // The operands of an instruction come from before it, so its own position is one too far.
            self.inst(block, i + 1, inst);
            if self.errors.len() >= MOST {
                return;
            }
        }
        let position = data.insts.len() + 1;
        match &data.end {
            Terminator::Jump(target) => self.target(block, position, target, "jump"),
            Terminator::Branch { condition, then, otherwise, percent } => {
                if percent.is_some_and(|percent| percent > 100) {
                    self.error(block, "branch was true in more than a hundred of a hundred cases");
                }
                self.used_as(block, position, *condition, Type::Bool, "branch");
                self.target(block, position, then, "branch");
                self.target(block, position, otherwise, "branch");
            }
            Terminator::Exit { reason: ExitReason::Unreached, state } if state.0 == u32::MAX => {
                self.error(block, "the block was never given an end");
            }
            Terminator::Exit { state, .. } => self.state(block, position, *state, "exit"),
            Terminator::Return(value) => match f.result {
                Some(ty) => self.used_as(block, position, *value, ty, "return"),
                None => self.error(block, "a region returns"),
            },
        }
    }
}
