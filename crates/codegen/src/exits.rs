//! Exits: from frame states to exit records and to the cold code that fills the transfer buffer.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is where *compile* prepares
//! *deoptimise*.
//!
//! Exits dominate the time that compiling takes, so as little as possible is done per exit:
//! - a constant is written into the record, not stored by code;
//! - a region's input is still in the transfer buffer, so nothing is stored for it either;
//! - a box is not stored but what it was made from, so that a box that only exits see is never made;
//! - exits with the same frame state and fuel share one block of stores, a [`Tail`]; what tells them apart is its
//!   parameter, which each exit passes from a block of its own (so that the number is not made on the hot side).
//!
//! Invariant: every value that a frame state names dominates the instruction that names the state, hence also the
//! shared block.

use crate::abi::{NativeContext, trailer};
use crate::calls::to_word;
use crate::error::{CodegenError, malformed};
use crate::lower::{Came, Lowering, memory};
use crate::summary::Summary;
use crate::unit::{ExitRecord, FrameRecipe, Part, Recipe};
use cranelift_codegen::ir as clif;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{BlockArg, InstBuilder};
use ir::planted::{Bug, is};
use ir::{Ahead, ExitReason, Function, Imm, Origin, StateId, Type, Value};
use std::collections::HashMap;
use std::mem::offset_of;

/// More exits than this in one function are refused.
const MAX_EXITS: usize = 1 << 20;
/// More frames than this in one exit are refused.
const MAX_FRAMES: usize = 256;

/// The point at which an instruction may leave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave {
    pub reason: ExitReason,
    pub state: StateId,
    pub origin: Origin,
    /// The callee of a call with this many arguments has left: the frame is the one that waits for it.
    pub waits: Option<u32>,
}

/// How the cold side gets back an operand that the hot side has overwritten with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Undo {
    /// The operand.
    pub value: Value,
    /// The wrapped result.
    pub result: clif::Value,
    /// The other operand.
    pub other: Value,
    /// Whether the other operand was added; else it was subtracted.
    pub added: bool,
}

/// A block that stores what a frame state needs.
pub(crate) struct Tail {
    /// The exits that end here: their numbers and blocks.
    pub exits: Vec<(u32, clif::Block)>,
    pub stores: Vec<Value>,
    /// The fuel to store; none if a callee has stored it.
    pub fuel: Option<clif::Value>,
    /// The context.
    pub ctx: clif::Value,
    pub undo: Option<Undo>,
    pub origin: Origin,
}

/// What exits must agree in to share a tail: state, fuel, context, what to undo.
type TailKey = (StateId, Option<clif::Value>, clif::Value, Option<Undo>);

/// All exits of a function.
pub(crate) struct Exits {
    pub records: Vec<ExitRecord>,
    pub tails: Vec<Tail>,
    pub slots: u32,
    tail_of: HashMap<TailKey, usize>,
    block_of: HashMap<(ExitReason, Origin, usize), clif::Block>,
}

impl Exits {
    pub fn new() -> Exits {
        Exits {
            records: Vec::new(),
            tails: Vec::new(),
            slots: 0,
            tail_of: HashMap::new(),
            block_of: HashMap::new(),
        }
    }

    /// The block to go to for leaving here; `new_block` makes one for a new exit.
    pub fn exit(
        &mut self,
        f: &Function,
        summary: &Summary,
        leave: Leave,
        (fuel, ctx): (clif::Value, clif::Value),
        undo: Option<Undo>,
        new_block: impl FnOnce() -> clif::Block,
    ) -> Result<clif::Block, CodegenError> {
        let fuel = leave.waits.is_none().then_some(fuel);
        let key = (leave.state, fuel, ctx, undo);
        let known = self.tail_of.get(&key).copied();
        if let Some(tail) = known
            && let Some(&block) = self.block_of.get(&(leave.reason, leave.origin, tail))
        {
            return Ok(block);
        }
        if self.records.len() >= MAX_EXITS {
            return Err(CodegenError::TooLarge(format!("more than {MAX_EXITS} exits")));
        }
        let number = self.records.len() as u32;
        let mut stores = Vec::new();
        let frames = frames(f, summary, leave, &mut stores)?;
        let words = stores.len() as u32;
        self.slots = self.slots.max(words);
        let (ahead, side) = match (leave.waits, f.states.get(leave.state.index())) {
            (None, Some(state)) => (state.ahead, state.side),
            _ => (Ahead::default(), None),
        };
        let Leave { reason, origin, .. } = leave;
        self.records.push(ExitRecord { reason, origin, state: leave.state, frames, words, ahead, side });
        let block = new_block();
        let tail = match known {
            Some(tail) => tail,
            None => {
                self.tails.push(Tail { exits: Vec::new(), stores, fuel, ctx, undo, origin });
                self.tail_of.insert(key, self.tails.len() - 1);
                self.tails.len() - 1
            }
        };
        self.tails[tail].exits.push((number, block));
        self.block_of.insert((leave.reason, leave.origin, tail), block);
        Ok(block)
    }
}

fn frames(
    f: &Function,
    summary: &Summary,
    leave: Leave,
    stores: &mut Vec<Value>,
) -> Result<Vec<FrameRecipe>, CodegenError> {
    let mut frames = Vec::new();
    let mut next = Some(leave.state);
    while let Some(id) = next {
        let Some(state) = f.states.get(id.index()) else {
            return malformed(format!("frame state {id} does not exist"));
        };
        if frames.len() >= MAX_FRAMES {
            return Err(CodegenError::TooLarge(format!("more than {MAX_FRAMES} frames at an exit")));
        }
        let waiting;
        let state = match leave.waits {
            Some(args) if frames.is_empty() => {
                let args = if is(Bug::WaitingKeepsArguments) { 0 } else { args };
                waiting = state.waiting(args as usize);
                &waiting
            }
            _ => state,
        };
        let mut locals = Vec::new();
        for (slot, value) in state.locals.iter().enumerate() {
            if let Some(value) = value {
                locals.push((slot as u32, recipe(f, summary, *value, stores)?));
            }
        }
        let stack = state.stack.iter().map(|&v| recipe(f, summary, v, stores)).collect::<Result<_, _>>()?;
        frames.push(FrameRecipe {
            function: state.function,
            pc: state.pc,
            resume: state.resume,
            locals,
            stack,
        });
        next = state.caller;
    }
    Ok(frames)
}

fn recipe(
    f: &Function,
    summary: &Summary,
    value: Value,
    stores: &mut Vec<Value>,
) -> Result<Recipe, CodegenError> {
    if value.index() >= f.types.len() {
        return malformed(format!("{value} has no type"));
    }
    let root = summary.boxed_from[value.index()].unwrap_or(value);
    match summary.constants[root.index()] {
        Some(Imm::Int(i)) => return Ok(Recipe::Int(i)),
        Some(Imm::Float(bits)) => return Ok(Recipe::Float(bits)),
        Some(Imm::Bool(b)) => return Ok(Recipe::Bool(b)),
        Some(Imm::Boxed(bits)) => return Ok(Recipe::Boxed(bits)),
        _ => {}
    }
    let ty = f.ty(root);
    // A method that is called directly has its inputs in registers.
    if f.result.is_none()
        && let Some(input) = f.blocks[0].params.iter().position(|&p| p == root)
    {
        return Ok(Recipe::Input { index: input as u32, ty });
    }
    let index = stores.iter().position(|&v| v == root).unwrap_or_else(|| {
        stores.push(root);
        stores.len() - 1
    });
    Ok(Recipe::Slot { index: index as u32, ty })
}

impl Lowering<'_, '_> {
    /// Emits the exits' blocks.
    pub fn finish(mut self) -> Result<(Exits, Vec<Came>), CodegenError> {
        self.mark = 0;
        let is_method = self.f.result.is_some();
        let tails = std::mem::take(&mut self.exits.tails);
        let left = self.f.result.filter(|_| !tails.is_empty()).map(|result| self.left_block(result));
        for tail in tails {
            // Of several exits that share a tail, the first stands for all.
            let first = tail.exits.first().map(|&(number, _)| Part::Exit(number));
            self.set_place(tail.origin, first);
            // What tells the exits of a tail apart: what a region answers, or the trailer that a method writes.
            let name = |this: &mut Self, number| {
                if is_method {
                    this.iconst(trailer(this.unit, number) as i64)
                } else {
                    this.b.ins().iconst(I32, i64::from(number))
                }
            };
            let name = match tail.exits[..] {
                [(number, block)] => {
                    self.b.switch_to_block(block);
                    name(&mut self, number)
                }
                _ => {
                    let shared = self.b.create_block();
                    self.b.set_cold_block(shared);
                    let param = self.b.append_block_param(shared, if is_method { I64 } else { I32 });
                    for &(number, block) in &tail.exits {
                        self.b.switch_to_block(block);
                        self.set_place(tail.origin, Some(Part::Exit(number)));
                        let name = name(&mut self, number);
                        self.b.ins().jump(shared, &[BlockArg::Value(name)]);
                    }
                    self.b.switch_to_block(shared);
                    self.set_place(tail.origin, first);
                    param
                }
            };
            self.store_tail(&tail, name, left)?;
        }
        self.b.seal_all_blocks();
        self.b.finalize(self.target);
        Ok((self.exits, self.came))
    }

    /// Writes what the exit needs, and returns or, in a method, goes to the block that tells the caller.
    fn store_tail(
        &mut self,
        tail: &Tail,
        name: clif::Value,
        left: Option<clif::Block>,
    ) -> Result<(), CodegenError> {
        if let Some(fuel) = tail.fuel {
            self.b.ins().store(memory(), fuel, tail.ctx, offset_of!(NativeContext, fuel) as i32);
        }
        let at = offset_of!(NativeContext, slots) as i32;
        if self.f.result.is_none() && tail.stores.is_empty() {
            self.b.ins().return_(&[name]);
            return Ok(());
        }
        let slots = self.b.ins().load(I64, memory(), tail.ctx, at);
        let mut offset = 0i32;
        for &value in &tail.stores {
            let bits = match tail.undo {
                Some(undo) if undo.value == value && is(Bug::UndoMissing) => undo.result,
                Some(undo) if undo.value == value => self.undo(undo)?,
                _ => self.raw(value)?,
            };
            self.b.ins().store(memory(), bits, slots, offset);
            offset = match offset.checked_add(8) {
                Some(next) => next,
                None => {
                    return Err(CodegenError::TooLarge(format!("{} values at an exit", tail.stores.len())));
                }
            };
        }
        match left {
            None => {
                self.b.ins().return_(&[name]);
            }
            Some(left) => {
                self.b.ins().store(memory(), name, slots, offset);
                let next = self.b.ins().iadd_imm_s(slots, i64::from(offset) + 8);
                self.b.ins().store(memory(), next, tail.ctx, at);
                self.b.ins().jump(left, &[BlockArg::Value(tail.ctx)]);
            }
        }
        Ok(())
    }

    fn undo(&mut self, undo: Undo) -> Result<clif::Value, CodegenError> {
        let other = self.value(undo.other, Type::Int)?;
        Ok(if undo.added {
            self.b.ins().isub(undo.result, other)
        } else {
            self.b.ins().iadd(undo.result, other)
        })
    }

    /// A value as the transfer buffer holds it.
    fn raw(&mut self, value: Value) -> Result<clif::Value, CodegenError> {
        let ty = self.type_of(value)?;
        let held = self.value(value, ty)?;
        Ok(to_word(&mut self.b, held, ty))
    }
}
