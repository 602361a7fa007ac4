//! The reference evaluator: executes IR without machine code, slowly and plainly.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`: it says what a function means,
//! so that passes and `codegen` can be compared with it. The arithmetic of the int instructions ([`int_binary`],
//! [`compare`]) is defined here once; constant folding uses the same.
//!
//! Invariants: on a verified function it never panics and never answers [`Outcome::Malformed`]; it stops after the steps allowed.

use crate::data::{CallId, CallSite, Function, Imm, Resume, StateId, Target, Terminator, Type, Value};
use crate::op::Opcode;
use crate::reason::ExitReason;
use bytecode::{BinOp, Cmp, Routine, Shape, UnOp};
use std::cmp::Ordering;

mod host;

pub use host::{Callee, SimpleHost};

/// A value while evaluating.
#[derive(Clone, Copy, Debug)]
pub enum Scalar {
    /// An unboxed int.
    Int(i64),
    /// An unboxed float.
    Float(f64),
    /// An unboxed bool.
    Bool(bool),
    /// A boxed value: bits that only the [`Host`] understands.
    Boxed(u64),
}

impl Scalar {
    /// Its type.
    pub fn ty(self) -> Type {
        match self {
            Scalar::Int(_) => Type::Int,
            Scalar::Float(_) => Type::Float,
            Scalar::Bool(_) => Type::Bool,
            Scalar::Boxed(_) => Type::Boxed,
        }
    }
}

/// Equal exactly if no program could tell them apart: floats by their bits, but one NaN is like another.
impl PartialEq for Scalar {
    fn eq(&self, other: &Scalar) -> bool {
        match (*self, *other) {
            (Scalar::Int(a), Scalar::Int(b)) => a == b,
            (Scalar::Float(a), Scalar::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Scalar::Bool(a), Scalar::Bool(b)) => a == b,
            (Scalar::Boxed(a), Scalar::Boxed(b)) => a == b,
            _ => false,
        }
    }
}

/// What the evaluator needs of a run time: boxed values and effects. Where a method may answer `None` or `false`, that means
/// "leave": it had no effect.
pub trait Host {
    /// Boxes an int.
    fn box_int(&mut self, value: i64) -> u64;
    /// Boxes a float.
    fn box_float(&mut self, value: f64) -> u64;
    /// Boxes a bool.
    fn box_bool(&mut self, value: bool) -> u64;
    /// What a boxed value holds: an int of 64 bits, a float or a bool; anything else comes back as [`Scalar::Boxed`].
    fn unbox(&mut self, bits: u64) -> Scalar;
    /// Whether a boxed value counts as true.
    fn truth(&mut self, bits: u64) -> bool;
    /// A binary operation in its general form.
    fn binary(&mut self, op: BinOp, a: u64, b: u64) -> Option<u64>;
    /// A unary operation in its general form.
    fn unary(&mut self, op: UnOp, a: u64) -> Option<u64>;
    /// Whether a value refers to an object of a shape. There are none unless a host says otherwise.
    fn has_shape(&mut self, _bits: u64, _shape: Shape) -> bool {
        false
    }
    /// What stands in a slot of an object.
    fn slot(&mut self, _object: u64, _slot: u64) -> u64 {
        0
    }
    /// Sets a slot of an object.
    fn set_slot(&mut self, _object: u64, _slot: u64, _bits: u64) {}
    /// How many slots an object has.
    fn size(&mut self, _object: u64) -> i64 {
        0
    }
    /// Whether a value costs nothing in a slot.
    fn is_storable(&mut self, _bits: u64) -> bool {
        true
    }
    /// Puts an argument of the next routine in its place.
    fn argument(&mut self, _at: u32, _bits: u64) {}
    /// Calls a routine. There is none unless a host says otherwise.
    fn routine(&mut self, _routine: Routine, _inputs: u32, _detail: u32) -> Option<u64> {
        None
    }
    /// Reads a global.
    fn global(&mut self, slot: u32) -> u64;
    /// Writes a global.
    fn set_global(&mut self, slot: u32, bits: u64);
    /// Writes a value and a line feed.
    fn print(&mut self, bits: u64) -> bool;
    /// Writes a character.
    fn print_char(&mut self, bits: u64) -> bool;
    /// Charges fuel and counts rounds; `false` if the slice is used up.
    fn charge(&mut self, cost: u32, rounds: u32) -> bool;
    /// Takes back what [`Host::charge`] did.
    fn refund(&mut self, cost: u32, rounds: u32);
    /// Counts an arrival by this counter.
    fn count(&mut self, _counter: u32) {}
    /// How many more calls may be active.
    fn depth_left(&self) -> u32 {
        u32::MAX
    }
    /// Calls a method that returns a value of this type, and charges what the call costs. There is none unless a host
    /// says otherwise.
    fn call(&mut self, _call: &CallSite, _result: Type, _args: &[Scalar]) -> Called {
        Called::Refused(ExitReason::NoCode)
    }
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Called {
    /// It returned this.
    Returned(Scalar),
    /// It was not made, for this reason, and nothing was charged.
    Refused(ExitReason),
    /// The callee has left; the host knows where.
    Left,
}

/// A frame of the interpreter, as an exit leaves it. Boxed ints, floats and bools appear as what they hold, so that it
/// does not matter on which side of the exit a value was boxed.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The bytecode function.
    pub function: u32,
    /// Where it goes on.
    pub pc: u32,
    /// How it goes on there.
    pub resume: Resume,
    /// The locals; `None` for one that holds what it held on entry.
    pub locals: Vec<Option<Scalar>>,
    /// The operand stack, bottom first.
    pub stack: Vec<Scalar>,
}

/// How an evaluation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It left compiled code.
    Exit {
        /// Why.
        reason: ExitReason,
        /// Where the innermost frame goes on.
        pc: u32,
        /// By which frame state.
        state: StateId,
        /// The frames, the innermost first, each followed by its caller; where a callee has left, the first one waits for
        /// its result.
        frames: Vec<Frame>,
        /// The fuel charged, without what callees charged.
        fuel: u64,
    },
    /// It returned, being a method.
    Returned {
        /// What.
        value: Scalar,
        /// The fuel charged, without what callees charged.
        fuel: u64,
    },
    /// It did not leave within the steps allowed.
    OutOfSteps,
    /// The function is not one that [`crate::verify`] accepts, or the inputs are not of its inputs' types; says what was missing.
    Malformed(String),
}

/// What an int instruction with two operands gives; `None` if it leaves (or is no such instruction). The `_fits` and
/// `_wrap` forms wrap.
pub fn int_binary(op: Opcode, a: i64, b: i64) -> Option<i64> {
    match op {
        Opcode::IntAdd => a.checked_add(b),
        Opcode::CheckIndex => {
            let at = if a < 0 { a.checked_add(b)? } else { a };
            (0..b).contains(&at).then_some(at)
        }
        // That the first is not negative was proved.
        Opcode::CheckBelow => ((a as u64) < b as u64).then_some(a),
        Opcode::IntSub => a.checked_sub(b),
        Opcode::IntMul | Opcode::IntMulNonNeg => a.checked_mul(b),
        Opcode::IntAddFits | Opcode::IntAddWrap => Some(a.wrapping_add(b)),
        Opcode::IntSubFits | Opcode::IntSubWrap => Some(a.wrapping_sub(b)),
        Opcode::IntMulFits | Opcode::IntMulWrap => Some(a.wrapping_mul(b)),
        Opcode::IntFloorDiv => {
            let quotient = a.checked_div(b)?;
            // Rust rounds towards zero: one too high if there is a remainder and the signs differ.
            Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
        }
        Opcode::IntMod => {
            if b == 0 {
                return None;
            }
            let rest = a.wrapping_rem(b);
            Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
        }
        // What they give beyond what was proved is nobody's business, but they do not leave.
        Opcode::IntFloorDivNonNeg => Some(a.checked_div(b).unwrap_or(0)),
        Opcode::IntModNonNeg => Some(a.checked_rem(b).unwrap_or(0)),
        Opcode::IntAnd => Some(a & b),
        Opcode::IntOr => Some(a | b),
        Opcode::IntXor => Some(a ^ b),
        Opcode::IntShl => match b {
            ..0 => None,
            0..=63 => Some(a << b).filter(|shifted| shifted >> b == a),
            _ => (a == 0).then_some(0),
        },
        Opcode::IntShr => (b >= 0).then(|| a >> b.min(63)),
        _ => None,
    }
}

/// What a comparison says of two ints or floats.
pub fn compare<T: PartialOrd>(cmp: Cmp, a: T, b: T) -> bool {
    a.partial_cmp(&b).map_or(cmp == Cmp::Ne, |order: Ordering| cmp.holds(order))
}

/// Whether a float equals an int without loss in both directions: up to 2**53.
pub fn is_exact_float(value: i64) -> bool {
    value.unsigned_abs() <= 1 << 53
}

/// A float without its decimals as an int, where the instruction gives one.
pub fn float_to_int(value: f64) -> Option<i64> {
    (value.abs() < (1u64 << 62) as f64).then_some(value as i64)
}

/// The square root, where the instruction gives one.
pub fn float_sqrt(value: f64) -> Option<f64> {
    (value >= 0.0).then(|| value.sqrt())
}

enum Stop {
    Leave(ExitReason, StateId),
    /// The callee has left that was called with this many arguments.
    Wait(usize, StateId),
    Malformed(String),
}

type Go<T> = Result<T, Stop>;

struct Evaluator<'a> {
    f: &'a Function,
    host: &'a mut dyn Host,
    values: Vec<Option<Scalar>>,
    fuel: u64,
}

fn malformed<T>(what: impl Into<String>) -> Go<T> {
    Err(Stop::Malformed(what.into()))
}

impl Evaluator<'_> {
    fn get(&self, value: Value) -> Go<Scalar> {
        match self.values.get(value.index()).copied().flatten() {
            Some(scalar) => Ok(scalar),
            None => malformed(format!("{value} has no value here")),
        }
    }

    fn int(&self, value: Value) -> Go<i64> {
        match self.get(value)? {
            Scalar::Int(i) => Ok(i),
            _ => malformed(format!("{value} is not an int")),
        }
    }

    fn float(&self, value: Value) -> Go<f64> {
        match self.get(value)? {
            Scalar::Float(x) => Ok(x),
            _ => malformed(format!("{value} is not a float")),
        }
    }

    fn bool(&self, value: Value) -> Go<bool> {
        match self.get(value)? {
            Scalar::Bool(b) => Ok(b),
            _ => malformed(format!("{value} is not a bool")),
        }
    }

    fn boxed(&self, value: Value) -> Go<u64> {
        match self.get(value)? {
            Scalar::Boxed(bits) => Ok(bits),
            _ => malformed(format!("{value} is not boxed")),
        }
    }

    fn set(&mut self, value: Value, scalar: Scalar) -> Go<()> {
        match (self.values.get_mut(value.index()), self.f.types.get(value.index())) {
            (Some(place), Some(&ty)) if ty == scalar.ty() => {
                *place = Some(scalar);
                Ok(())
            }
            _ => malformed(format!("{value} is not of type {}", scalar.ty())),
        }
    }

    fn inst(&mut self, inst: &crate::data::Inst) -> Go<()> {
        use Opcode as O;
        let [a, b, c] = inst.args;
        if let (O::Call, Imm::Call(id)) = (inst.op, inst.imm) {
            return self.call(inst, id);
        }
        // `None` from here on means that the instruction leaves.
        let result: Option<Option<Scalar>> = match (inst.op, inst.imm) {
            (O::ConstInt, Imm::Int(i)) => Some(Some(Scalar::Int(i))),
            (O::ConstFloat, Imm::Float(bits)) => Some(Some(Scalar::Float(f64::from_bits(bits)))),
            (O::ConstBool, Imm::Bool(b)) => Some(Some(Scalar::Bool(b))),
            (O::ConstBoxed, Imm::Boxed(bits)) => Some(Some(Scalar::Boxed(bits))),
            (
                O::IntAdd
                | O::IntSub
                | O::IntMul
                | O::IntFloorDiv
                | O::IntMod
                | O::IntAnd
                | O::IntOr
                | O::IntXor
                | O::IntShl
                | O::IntShr
                | O::IntAddFits
                | O::IntSubFits
                | O::IntMulFits
                | O::IntAddWrap
                | O::IntSubWrap
                | O::IntMulWrap
                | O::IntMulNonNeg
                | O::IntFloorDivNonNeg
                | O::IntModNonNeg
                | O::CheckIndex
                | O::CheckBelow,
                _,
            ) => int_binary(inst.op, self.int(a)?, self.int(b)?).map(|r| Some(Scalar::Int(r))),
            (O::IntNeg, _) => self.int(a)?.checked_neg().map(|r| Some(Scalar::Int(r))),
            (O::IntAbs, _) => self.int(a)?.checked_abs().map(|r| Some(Scalar::Int(r))),
            (O::IntNot, _) => Some(Some(Scalar::Int(!self.int(a)?))),
            (O::IntNonZero, _) => Some(self.int(a)?).filter(|&i| i != 0).map(|i| Some(Scalar::Int(i))),
            (O::IntCompare, Imm::Cmp(cmp)) => {
                Some(Some(Scalar::Bool(compare(cmp, self.int(a)?, self.int(b)?))))
            }
            (O::IntToFloat, _) => Some(Some(Scalar::Float(self.int(a)? as f64))),
            (O::IntToFloatExact, _) => {
                Some(self.int(a)?).filter(|&i| is_exact_float(i)).map(|i| Some(Scalar::Float(i as f64)))
            }
            (O::BoolToInt, _) => Some(Some(Scalar::Int(i64::from(self.bool(a)?)))),
            (O::BoolNot, _) => Some(Some(Scalar::Bool(!self.bool(a)?))),
            (O::FloatAdd, _) => Some(Some(Scalar::Float(self.float(a)? + self.float(b)?))),
            (O::FloatSub, _) => Some(Some(Scalar::Float(self.float(a)? - self.float(b)?))),
            (O::FloatMul, _) => Some(Some(Scalar::Float(self.float(a)? * self.float(b)?))),
            (O::FloatDiv, _) => {
                let (a, b) = (self.float(a)?, self.float(b)?);
                (b != 0.0).then(|| Some(Scalar::Float(a / b)))
            }
            (O::FloatNeg, _) => Some(Some(Scalar::Float(-self.float(a)?))),
            (O::FloatAbs, _) => Some(Some(Scalar::Float(self.float(a)?.abs()))),
            (O::FloatSqrt, _) => float_sqrt(self.float(a)?).map(|r| Some(Scalar::Float(r))),
            (O::FloatToInt, _) => float_to_int(self.float(a)?).map(|r| Some(Scalar::Int(r))),
            (O::FloatCompare, Imm::Cmp(cmp)) => {
                Some(Some(Scalar::Bool(compare(cmp, self.float(a)?, self.float(b)?))))
            }
            (O::BoxInt, _) => Some(Some(Scalar::Boxed(self.host.box_int(self.int(a)?)))),
            (O::BoxFloat, _) => Some(Some(Scalar::Boxed(self.host.box_float(self.float(a)?)))),
            (O::BoxBool, _) => Some(Some(Scalar::Boxed(self.host.box_bool(self.bool(a)?)))),
            (O::GuardInt | O::GuardFloat | O::GuardBool, _) => {
                let held = self.host.unbox(self.boxed(a)?);
                (Some(held.ty()) == inst.op.result()).then_some(Some(held))
            }
            (O::Truth, _) => Some(Some(Scalar::Bool(self.host.truth(self.boxed(a)?)))),
            (O::IntSelect | O::FloatSelect | O::BoolSelect | O::BoxedSelect, _) => {
                let (chosen, other) = if self.bool(a)? { (b, c) } else { (c, b) };
                self.get(other)?;
                Some(Some(self.get(chosen)?))
            }
            (O::CallBinary, Imm::BinOp(op)) => {
                self.host.binary(op, self.boxed(a)?, self.boxed(b)?).map(|r| Some(Scalar::Boxed(r)))
            }
            (O::CallUnary, Imm::UnOp(op)) => {
                self.host.unary(op, self.boxed(a)?).map(|r| Some(Scalar::Boxed(r)))
            }
            (O::GuardShape, Imm::Shape(shape)) => {
                let bits = self.boxed(a)?;
                self.host.has_shape(bits, shape).then_some(Some(Scalar::Boxed(bits)))
            }
            (O::LoadSlot, Imm::Field(slot)) => {
                Some(Some(Scalar::Boxed(self.host.slot(self.boxed(a)?, u64::from(slot)))))
            }
            (O::LoadCount, Imm::Field(slot)) => {
                let bits = self.host.slot(self.boxed(a)?, u64::from(slot));
                match self.host.unbox(bits) {
                    Scalar::Int(count) => Some(Some(Scalar::Int(count))),
                    _ => return malformed("a slot that counts nothing"),
                }
            }
            (O::LoadSize, _) => Some(Some(Scalar::Int(self.host.size(self.boxed(a)?)))),
            (O::LoadElement, _) => {
                let at = self.int(b)? as u64;
                Some(Some(Scalar::Boxed(self.host.slot(self.boxed(a)?, at))))
            }
            (O::GuardStorable, _) => {
                let bits = self.boxed(a)?;
                self.host.is_storable(bits).then_some(Some(Scalar::Boxed(bits)))
            }
            (O::BoxSmall, _) => {
                let i = self.int(a)?;
                (i << 16 >> 16 == i).then(|| Some(Scalar::Boxed(self.host.box_int(i))))
            }
            (O::StoreCount, Imm::Field(slot)) => {
                let count = self.int(b)?;
                let count = self.host.box_int(count);
                self.host.set_slot(self.boxed(a)?, u64::from(slot), count);
                Some(None)
            }
            (O::StoreElement, _) => {
                let at = self.int(b)? as u64;
                self.host.set_slot(self.boxed(a)?, at, self.boxed(c)?);
                Some(None)
            }
            (O::Argument, Imm::Argument(at)) => {
                self.host.argument(at, self.boxed(a)?);
                Some(None)
            }
            (O::CallRoutine, Imm::Routine { routine, inputs, detail }) => {
                self.host.routine(routine, inputs, detail).map(|r| Some(Scalar::Boxed(r)))
            }
            (O::LoadGlobal, Imm::Slot(slot)) => Some(Some(Scalar::Boxed(self.host.global(slot)))),
            (O::StoreGlobal, Imm::Slot(slot)) => {
                self.host.set_global(slot, self.boxed(a)?);
                Some(None)
            }
            (O::Print, _) => self.host.print(self.boxed(a)?).then_some(None),
            (O::PrintChar, _) => self.host.print_char(self.boxed(a)?).then_some(None),
            (O::CheckDepth, Imm::Depth(calls)) => (self.host.depth_left() >= calls).then_some(None),
            (O::Assert, _) => match self.bool(a)? {
                true => Some(None),
                false => return malformed(format!("{a} should hold")),
            },
            (O::Refund, Imm::Charge { cost, rounds }) => {
                self.host.refund(cost, rounds);
                self.fuel = self.fuel.saturating_sub(u64::from(cost));
                Some(None)
            }
            (O::RefundIf, Imm::Charge { cost, rounds }) => {
                if self.bool(a)? {
                    self.host.refund(cost, rounds);
                    self.fuel = self.fuel.saturating_sub(u64::from(cost));
                }
                Some(None)
            }
            (O::Count, Imm::Counter(counter)) => {
                self.host.count(counter);
                Some(None)
            }
            (O::CountIf, Imm::Counter(counter)) => {
                if self.bool(a)? {
                    self.host.count(counter);
                }
                Some(None)
            }
            (O::Charge, Imm::Charge { cost, rounds }) => {
                let charged = self.host.charge(cost, rounds);
                if charged {
                    self.fuel = self.fuel.saturating_add(u64::from(cost));
                }
                charged.then_some(None)
            }
            _ => return malformed(format!("{} has an immediate of the wrong shape", inst.op.name())),
        };
        match result {
            Some(scalar) => match (inst.result, scalar) {
                (Some(value), Some(scalar)) => self.set(value, scalar),
                (None, None) => Ok(()),
                _ => malformed(format!("{} and its result do not match", inst.op.name())),
            },
            None => match (inst.op.exit_reason(), inst.state) {
                (Some(reason), Some(state)) => Err(Stop::Leave(reason, state)),
                _ => malformed(format!("{} has no frame state", inst.op.name())),
            },
        }
    }

    fn call(&mut self, inst: &crate::data::Inst, id: CallId) -> Go<()> {
        let (Some(call), Some(result), Some(state)) = (self.f.calls.get(id.index()), inst.result, inst.state)
        else {
            return malformed(format!("{id} does not exist, or lacks a result or a frame state"));
        };
        let args: Vec<Scalar> = call.args.iter().map(|&arg| self.get(arg)).collect::<Go<_>>()?;
        let called = self.host.call(call, self.f.ty(result), &args);
        if let (Called::Returned(_) | Called::Left, Some(counter)) = (called, call.counter) {
            self.host.count(counter);
        }
        match called {
            Called::Refused(reason) => Err(Stop::Leave(reason, state)),
            Called::Left => {
                self.fuel = self.fuel.saturating_add(u64::from(call.cost));
                Err(Stop::Wait(args.len(), state))
            }
            Called::Returned(value) => {
                self.fuel = self.fuel.saturating_add(u64::from(call.cost));
                self.set(result, value)
            }
        }
    }

    fn go(&mut self, target: &Target) -> Go<usize> {
        let args: Vec<Scalar> = target.args.iter().map(|&arg| self.get(arg)).collect::<Go<_>>()?;
        self.enter(target.block.index(), &args)?;
        Ok(target.block.index())
    }

    fn enter(&mut self, block: usize, args: &[Scalar]) -> Go<()> {
        let f = self.f;
        let Some(data) = f.blocks.get(block) else { return malformed(format!("b{block} does not exist")) };
        if data.params.len() != args.len() {
            return malformed(format!("b{block} takes {} values, not {}", data.params.len(), args.len()));
        }
        for (&param, &arg) in data.params.iter().zip(args) {
            self.set(param, arg)?;
        }
        Ok(())
    }

    fn held(&mut self, value: Value) -> Go<Scalar> {
        match self.get(value)? {
            Scalar::Boxed(bits) => Ok(self.host.unbox(bits)),
            unboxed => Ok(unboxed),
        }
    }

    /// Leaves by a state, or by the one that waits for a call with this many arguments.
    fn leave(&mut self, reason: ExitReason, state: StateId, waits: Option<usize>) -> Go<Outcome> {
        let f = self.f;
        let mut frames: Vec<Frame> = Vec::new();
        let mut at = Some(state);
        while let Some(id) = at {
            let Some(frame) = f.states.get(id.index()) else {
                return malformed(format!("{id} does not exist"));
            };
            if frames.len() > f.states.len() {
                return malformed(format!("the callers of {state} do not end"));
            }
            let waiting;
            let frame = match waits {
                Some(args) if frames.is_empty() => {
                    waiting = frame.waiting(args);
                    &waiting
                }
                _ => frame,
            };
            let locals = frame.locals.iter().map(|local| local.map(|v| self.held(v)).transpose());
            let locals = locals.collect::<Go<_>>()?;
            let stack = frame.stack.iter().map(|&v| self.held(v)).collect::<Go<_>>()?;
            frames.push(Frame {
                function: frame.function,
                pc: frame.pc,
                resume: frame.resume,
                locals,
                stack,
            });
            at = frame.caller;
        }
        let pc = frames.first().map_or(0, |frame| frame.pc);
        let ahead = match (waits, self.f.states.get(state.index())) {
            (None, Some(state)) => u64::from(state.ahead.cost),
            _ => 0,
        };
        Ok(Outcome::Exit { reason, pc, state, frames, fuel: self.fuel.saturating_sub(ahead) })
    }

    fn run(&mut self, inputs: &[Scalar], steps: u64) -> Go<Outcome> {
        let f = self.f;
        self.enter(0, inputs)?;
        let mut left = steps;
        let mut block = 0;
        loop {
            let data = &f.blocks[block];
            for inst in &data.insts {
                if left == 0 {
                    return Ok(Outcome::OutOfSteps);
                }
                left -= 1;
                match self.inst(inst) {
                    Ok(()) => {}
                    Err(Stop::Leave(reason, state)) => return self.leave(reason, state, None),
                    Err(Stop::Wait(args, state)) => {
                        return self.leave(ExitReason::CalleeLeft, state, Some(args));
                    }
                    Err(stop) => return Err(stop),
                }
            }
            if left == 0 {
                return Ok(Outcome::OutOfSteps);
            }
            left -= 1;
            block = match &data.end {
                Terminator::Jump(target) => self.go(target)?,
                Terminator::Branch { condition, then, otherwise, .. } => {
                    let target = if self.bool(*condition)? { then } else { otherwise };
                    self.go(target)?
                }
                Terminator::Exit { reason, state } => return self.leave(*reason, *state, None),
                Terminator::Return(value) => {
                    return Ok(Outcome::Returned { value: self.get(*value)?, fuel: self.fuel });
                }
            };
        }
    }
}

/// Executes a function with these inputs until it leaves, or until it has taken this many steps (an instruction or a
/// block's end is one). The function should be verified; see [`Outcome::Malformed`].
pub fn evaluate(f: &Function, inputs: &[Scalar], host: &mut dyn Host, steps: u64) -> Outcome {
    let mut evaluator = Evaluator { f, host, values: vec![None; f.types.len()], fuel: 0 };
    match evaluator.run(inputs, steps) {
        Ok(outcome) => outcome,
        Err(Stop::Malformed(what)) => Outcome::Malformed(what),
        Err(Stop::Leave(..) | Stop::Wait(..)) => Outcome::Malformed("an exit in the entry".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{FrameState, Function, Origin};
    use bytecode::{Builtin1, Cmp};

    /// A row of the table without a meaning here would be malformed wherever it stands.
    #[test]
    fn every_instruction_has_a_meaning() {
        let imms = [
            Imm::None,
            Imm::Int(1),
            Imm::Float(0),
            Imm::Bool(true),
            Imm::Boxed(0),
            Imm::Cmp(Cmp::Lt),
            Imm::BinOp(BinOp::Add),
            Imm::UnOp(UnOp::Call(Builtin1::Pos)),
            Imm::Slot(0),
            Imm::Charge { cost: 1, rounds: 0 },
            Imm::Depth(1),
            Imm::Counter(0),
            Imm::Shape(Shape::List),
            Imm::Field(0),
            Imm::Argument(0),
            Imm::Routine { routine: Routine::Index, inputs: 2, detail: 0 },
        ];
        // A call means what its host says.
        for &op in Opcode::ALL.iter().filter(|op| **op != Opcode::Call) {
            let imm = imms.into_iter().find(|imm| op.imm_matches(*imm));
            let imm = imm.unwrap_or_else(|| panic!("{op:?} takes an immediate that this test does not know"));
            let mut f = Function::new("one".to_owned(), 0, 0);
            let start = Origin { function: 0, pc: 0 };
            let block = f.new_block(start);
            let args: Vec<Value> = op.operands().iter().map(|&ty| f.add_param(block, ty)).collect();
            let state = f.new_state(FrameState {
                function: 0,
                pc: 0,
                resume: Resume::Execute,
                locals: Vec::new(),
                stack: Vec::new(),
                caller: None,
                ahead: Default::default(),
                side: None,
            });
            f.append(block, op, &args, imm, op.exit_reason().map(|_| state), start);
            f.blocks[block.index()].end = Terminator::Exit { reason: ExitReason::RegionEnd, state };
            let mut host = SimpleHost::new();
            let inputs: Vec<Scalar> = op
                .operands()
                .iter()
                .map(|ty| match ty {
                    Type::Int => Scalar::Int(3),
                    Type::Float => Scalar::Float(2.5),
                    Type::Bool => Scalar::Bool(true),
                    Type::Boxed => Scalar::Boxed(host.box_int(3)),
                })
                .collect();
            let outcome = evaluate(&f, &inputs, &mut host, 10);
            assert!(matches!(outcome, Outcome::Exit { .. }), "{op:?}: {outcome:?}");
        }
    }
}
