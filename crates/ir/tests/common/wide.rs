//! A second evaluator, for comparing a function with what the passes made of it.
//!
//! It differs from `hotspotvm_ir::eval` in one point: where int arithmetic overflows it notes the exit and *goes on
//! with the exact result*, as the interpreter would. So it gives a list of endings: one for each overflow passed, and
//! the final one.
//!
//! Rule: an optimized function may leave at any exit of this list whose frames can be told in 64 bits, and at no other. Why: an overflow exit
//! may disappear with the last use of its result (the interpreter would go on with the same meaning), so the optimized
//! function may get further than the original one. It may not get past a result that matters: later frames then hold an int beyond
//! 64 bits, or were computed from one exactly, and what wrapped does not equal them.
//!
//! And a charge that stands for several may find the slice used up where each of them alone would not yet have: so where fuel is
//! short, each charge passed is an ending too.

use hotspotvm_ir::eval::{Host, Outcome, Scalar, SimpleHost, compare};
use hotspotvm_ir::*;

#[derive(Clone, Copy, Debug)]
pub enum Wide {
    Int(i128),
    Float(f64),
    Bool(bool),
    /// Boxed, and neither an int nor a float nor a bool.
    Object(u64),
    /// Boxed.
    Boxed(Held),
    /// Not known: a conversion that had to be exact was not.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub enum Held {
    Int(i128),
    Float(f64),
    Bool(bool),
    Object(u64),
}

/// Equal as seen in an interpreter's frame.
fn same(a: Wide, b: Wide) -> bool {
    let plain = |w| match w {
        Wide::Boxed(Held::Int(i)) => Wide::Int(i),
        Wide::Boxed(Held::Float(x)) => Wide::Float(x),
        Wide::Boxed(Held::Bool(b)) => Wide::Bool(b),
        Wide::Boxed(Held::Object(o)) => Wide::Object(o),
        other => other,
    };
    match (plain(a), plain(b)) {
        (Wide::Int(a), Wide::Int(b)) => a == b,
        (Wide::Float(a), Wide::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (Wide::Bool(a), Wide::Bool(b)) => a == b,
        (Wide::Object(a), Wide::Object(b)) => a == b,
        _ => false,
    }
}

/// Function, pc, resume, locals, stack.
type Frame = (u32, u32, Resume, Vec<Option<Wide>>, Vec<Wide>);

/// How a function ended, and all that can be seen of it.
#[derive(Clone, Debug)]
pub struct Ending {
    pub reason: ExitReason,
    pub frames: Vec<Frame>,
    pub fuel: u64,
    pub output: String,
    pub globals: Vec<Wide>,
}

impl PartialEq for Ending {
    fn eq(&self, other: &Ending) -> bool {
        let all = |a: &[Wide], b: &[Wide]| a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| same(a, b));
        self.reason == other.reason
            && self.fuel == other.fuel
            && self.output == other.output
            && all(&self.globals, &other.globals)
            && self.frames.len() == other.frames.len()
            && self.frames.iter().zip(&other.frames).all(|(a, b)| {
                let locals = a.3.len() == b.3.len()
                    && a.3.iter().zip(&b.3).all(|(a, b)| match (*a, *b) {
                        (None, None) => true,
                        (Some(a), Some(b)) => same(a, b),
                        _ => false,
                    });
                (a.0, a.1, a.2) == (b.0, b.1, b.2) && locals && all(&a.4, &b.4)
            })
    }
}

/// An int brought to a sign.
pub fn of_sign(sign: hotspotvm_ir::Sign, i: i128) -> i128 {
    match sign {
        hotspotvm_ir::Sign::NonNegative if i < 0 => -(i + 1),
        hotspotvm_ir::Sign::NonPositive if i > 0 => -i,
        _ => i,
    }
}

/// A host for generated functions: `const_boxed` 1 to 3 are 7, 2.5 and true.
pub fn host(slice: u64) -> SimpleHost {
    let mut host = SimpleHost::new();
    host.box_int(7);
    host.box_float(2.5);
    host.box_bool(true);
    host.slice = Some(slice);
    host.callee = Some(callee);
    host
}

/// What a call gives, as far as it is made.
fn returned(ty: Type) -> Scalar {
    match ty {
        Type::Int => Scalar::Int(3),
        Type::Float => Scalar::Float(1.5),
        Type::Bool => Scalar::Bool(true),
        Type::Boxed => Scalar::Boxed(0),
    }
}

/// What a call does: the link says whether there is no code (0), the callee leaves (1) or returns; the callee changes
/// the globals.
fn callee(host: &mut SimpleHost, call: &CallSite, result: Type, args: &[Scalar]) -> eval::Called {
    if !host.charge(call.cost, 0) {
        return eval::Called::Refused(ExitReason::Poll);
    }
    if call.link == Some(0) {
        host.refund(call.cost, 0);
        return eval::Called::Refused(ExitReason::NoCode);
    }
    let held: Vec<Scalar> = args
        .iter()
        .map(|&arg| match arg {
            Scalar::Boxed(bits) => host.unbox(bits),
            unboxed => unboxed,
        })
        .collect();
    host.output.push_str(&format!("f{}{held:?}", call.callee));
    for slot in 0..GLOBALS {
        host.set_global(slot, 0);
    }
    if call.link == Some(1) { eval::Called::Left } else { eval::Called::Returned(returned(result)) }
}

const GLOBALS: u32 = 3;

/// The most fuel that charges merged into one take from generated functions.
const MOST_AT_ONCE: u64 = 200;

/// Unchanged locals of the frame that was entered hold the inputs.
fn fill(f: &Function, inputs: &[Wide], ending: &mut Ending) {
    if let Some(frame) = ending.frames.last_mut() {
        for (input, &value) in f.inputs.iter().zip(inputs) {
            if let InputPlace::Local(slot) = input.place
                && let Some(local) = frame.3.get_mut(slot as usize)
            {
                local.get_or_insert(value);
            }
        }
    }
}

fn from_scalar(scalar: Scalar) -> Wide {
    match scalar {
        Scalar::Int(i) => Wide::Int(i.into()),
        Scalar::Float(x) => Wide::Float(x),
        Scalar::Bool(b) => Wide::Bool(b),
        Scalar::Boxed(bits) => Wide::Object(bits),
    }
}

/// Evaluates with the library's evaluator.
pub fn evaluate(f: &Function, inputs: &[Wide], slice: u64) -> Result<Ending, Outcome> {
    let mut host = host(slice);
    let scalars: Vec<Scalar> = inputs
        .iter()
        .map(|&input| match input {
            Wide::Int(i) => Scalar::Int(i as i64),
            Wide::Float(x) => Scalar::Float(x),
            Wide::Bool(b) => Scalar::Bool(b),
            Wide::Boxed(Held::Int(i)) => Scalar::Boxed(host.box_int(i as i64)),
            Wide::Boxed(Held::Float(x)) => Scalar::Boxed(host.box_float(x)),
            Wide::Boxed(Held::Bool(b)) => Scalar::Boxed(host.box_bool(b)),
            _ => Scalar::Boxed(0),
        })
        .collect();
    match eval::evaluate(f, &scalars, &mut host, 200_000) {
        Outcome::Exit { reason, frames, fuel, .. } => {
            let frames = frames
                .into_iter()
                .map(|frame| {
                    let locals = frame.locals.into_iter().map(|l| l.map(from_scalar)).collect();
                    let stack = frame.stack.into_iter().map(from_scalar).collect();
                    (frame.function, frame.pc, frame.resume, locals, stack)
                })
                .collect();
            let globals = (0..GLOBALS)
                .map(|slot| {
                    let bits = host.global(slot);
                    from_scalar(host.unbox(bits))
                })
                .collect();
            let mut ending = Ending { reason, frames, fuel, output: host.output, globals };
            fill(f, inputs, &mut ending);
            Ok(ending)
        }
        Outcome::Returned { value, fuel } => {
            let held = match value {
                Scalar::Boxed(bits) => host.unbox(bits),
                unboxed => unboxed,
            };
            let frames = vec![(u32::MAX, 0, Resume::Execute, Vec::new(), vec![from_scalar(held)])];
            let globals = (0..GLOBALS)
                .map(|slot| {
                    let bits = host.global(slot);
                    from_scalar(host.unbox(bits))
                })
                .collect();
            Ok(Ending { reason: ExitReason::Return, frames, fuel, output: host.output, globals })
        }
        other => Err(other),
    }
}

/// All endings that an optimized form of the function may have, the original one's own first; and whether the list is complete.
pub fn endings(f: &Function, inputs: &[Wide], slice: u64) -> (Vec<Ending>, bool) {
    let mut run = Run {
        f,
        inputs,
        values: vec![Wide::Unknown; f.types.len()],
        globals: vec![Wide::Boxed(Held::Object(0)); GLOBALS as usize],
        output: String::new(),
        fuel: 0,
        slice,
        polls: Vec::new(),
        endings: Vec::new(),
    };
    let complete = run.run().is_some();
    run.endings.append(&mut run.polls);
    (run.endings, complete)
}

struct Run<'a> {
    f: &'a Function,
    inputs: &'a [Wide],
    values: Vec<Wide>,
    globals: Vec<Wide>,
    output: String,
    fuel: u64,
    slice: u64,
    /// Where charges that were merged may find the fuel used up already.
    polls: Vec<Ending>,
    endings: Vec<Ending>,
}

fn fits(i: i128) -> bool {
    i64::try_from(i).is_ok()
}

fn floor_div(a: i128, b: i128) -> i128 {
    let q = a / b;
    if q * b != a && (a < 0) != (b < 0) { q - 1 } else { q }
}

/// The box of a value.
fn boxed(wide: Wide) -> Wide {
    match wide {
        Wide::Int(i) => Wide::Boxed(Held::Int(i)),
        Wide::Float(x) => Wide::Boxed(Held::Float(if x.is_nan() { f64::NAN } else { x })),
        Wide::Bool(b) => Wide::Boxed(Held::Bool(b)),
        other => other,
    }
}

enum Step {
    Next(Option<Wide>),
    Leave,
    /// Notes the exit and goes on with this.
    Pass(Wide),
}

impl Run<'_> {
    fn end(&mut self, reason: ExitReason, state: StateId) {
        let mut frames = Vec::new();
        let mut at = Some(state);
        while let Some(id) = at {
            let frame = &self.f.states[id.index()];
            let get = |v: Value| self.values[v.index()];
            let locals = frame.locals.iter().map(|l| l.map(get)).collect();
            let stack = frame.stack.iter().map(|&v| get(v)).collect();
            frames.push((frame.function, frame.pc, frame.resume, locals, stack));
            at = frame.caller;
        }
        let (output, globals) = (self.output.clone(), self.globals.clone());
        let mut ending = Ending { reason, frames, fuel: self.fuel, output, globals };
        fill(self.f, self.inputs, &mut ending);
        self.endings.push(ending);
    }

    /// Charges; the optimized function may leave here already, if it charges no more than so much at once.
    fn pay(&mut self, cost: u32, state: StateId) {
        if self.slice < MOST_AT_ONCE {
            self.end(ExitReason::Poll, state);
            self.polls.extend(self.endings.pop());
        }
        self.slice -= u64::from(cost);
        self.fuel += u64::from(cost);
    }

    /// `None` if it depends on what is not known, or becomes too big.
    fn run(&mut self) -> Option<()> {
        let f = self.f;
        for (&param, &input) in f.blocks[0].params.iter().zip(self.inputs) {
            self.values[param.index()] = input;
        }
        let mut block = 0;
        loop {
            for inst in &f.blocks[block].insts {
                if let Imm::Call(id) = inst.imm {
                    if self.call_method(inst, &f.calls[id.index()])?.is_some() {
                        return Some(());
                    }
                    continue;
                }
                let step = self.inst(inst)?;
                let value = match step {
                    Step::Next(value) => value,
                    Step::Leave => {
                        self.end(inst.op.exit_reason()?, inst.state?);
                        return Some(());
                    }
                    Step::Pass(value) => {
                        self.end(inst.op.exit_reason()?, inst.state?);
                        Some(value)
                    }
                };
                if let (Some(result), Some(value)) = (inst.result, value) {
                    self.values[result.index()] = value;
                }
            }
            let target = match &f.blocks[block].end {
                Terminator::Jump(target) => target,
                Terminator::Branch { condition, then, otherwise, .. } => match self.values[condition.index()]
                {
                    Wide::Bool(true) => then,
                    Wide::Bool(false) => otherwise,
                    _ => return None,
                },
                Terminator::Exit { reason, state } => {
                    self.end(*reason, *state);
                    return Some(());
                }
                Terminator::Return(value) => {
                    let stack = vec![self.values[value.index()]];
                    let frames = vec![(u32::MAX, 0, Resume::Execute, Vec::new(), stack)];
                    let (fuel, output, globals) = (self.fuel, self.output.clone(), self.globals.clone());
                    let reason = ExitReason::Return;
                    self.endings.push(Ending { reason, frames, fuel, output, globals });
                    return Some(());
                }
            };
            let args: Vec<Wide> = target.args.iter().map(|v| self.values[v.index()]).collect();
            for (param, arg) in f.blocks[target.block.index()].params.iter().zip(args) {
                self.values[param.index()] = arg;
            }
            block = target.block.index();
        }
    }

    /// As [`callee`] does it; `Some(Some(()))` if that ends the function.
    fn call_method(&mut self, inst: &Inst, call: &CallSite) -> Option<Option<()>> {
        let mut held = Vec::new();
        for arg in &call.args {
            held.push(match self.values[arg.index()] {
                Wide::Int(i) | Wide::Boxed(Held::Int(i)) => Scalar::Int(i64::try_from(i).ok()?),
                Wide::Float(x) | Wide::Boxed(Held::Float(x)) => Scalar::Float(x),
                Wide::Bool(b) | Wide::Boxed(Held::Bool(b)) => Scalar::Bool(b),
                Wide::Object(bits) | Wide::Boxed(Held::Object(bits)) => Scalar::Boxed(bits),
                Wide::Unknown => return None,
            });
        }
        let state = inst.state?;
        let short = self.slice < u64::from(call.cost);
        if short || call.link == Some(0) {
            self.end(if short { ExitReason::Poll } else { ExitReason::NoCode }, state);
            return Some(Some(()));
        }
        self.pay(call.cost, state);
        self.output.push_str(&format!("f{}{held:?}", call.callee));
        self.globals.fill(Wide::Boxed(Held::Object(0)));
        if call.link == Some(1) {
            self.end(ExitReason::CalleeLeft, state);
            if let Some(frame) = self.endings.last_mut().and_then(|ending| ending.frames.first_mut()) {
                frame.1 += 1;
                frame.4.truncate(frame.4.len() - call.args.len());
            }
            return Some(Some(()));
        }
        let result = inst.result?;
        self.values[result.index()] = match returned(self.f.ty(result)) {
            Scalar::Boxed(bits) => Wide::Boxed(Held::Object(bits)),
            unboxed => from_scalar(unboxed),
        };
        Some(None)
    }

    fn inst(&mut self, inst: &Inst) -> Option<Step> {
        use Opcode as O;
        let operand = |i: usize| self.values[inst.args[i].index()];
        let unknown = inst.args().iter().any(|v| matches!(self.values[v.index()], Wide::Unknown));
        if unknown {
            // Nothing that can leave or has an effect may depend on it.
            return (inst.op.effect() == Effect::Pure && inst.state.is_none())
                .then_some(Step::Next(Some(Wide::Unknown)));
        }
        let next = |value| Some(Step::Next(Some(value)));
        let checked = |value: i128| {
            Some(if fits(value) { Step::Next(Some(Wide::Int(value))) } else { Step::Pass(Wide::Int(value)) })
        };
        match (inst.op, inst.imm) {
            (O::ConstInt, Imm::Int(i)) => return next(Wide::Int(i.into())),
            (O::ConstFloat, Imm::Float(bits)) => return next(Wide::Float(f64::from_bits(bits))),
            (O::ConstBool, Imm::Bool(b)) => return next(Wide::Bool(b)),
            (O::ConstBoxed, Imm::Boxed(bits)) => {
                return next(Wide::Boxed(match bits {
                    1 => Held::Int(7),
                    2 => Held::Float(2.5),
                    3 => Held::Bool(true),
                    _ => Held::Object(0),
                }));
            }
            (O::LoadGlobal, Imm::Slot(slot)) => return next(self.globals[slot as usize]),
            (O::StoreGlobal, Imm::Slot(slot)) => {
                self.globals[slot as usize] = operand(0);
                return Some(Step::Next(None));
            }
            (O::IntSelect | O::FloatSelect | O::BoolSelect | O::BoxedSelect, _) => {
                return match operand(0) {
                    Wide::Bool(first) => next(operand(if first { 1 } else { 2 })),
                    _ => None,
                };
            }
            (O::Charge, Imm::Charge { cost, .. }) => {
                if self.slice < u64::from(cost) {
                    return Some(Step::Leave);
                }
                self.pay(cost, inst.state?);
                return Some(Step::Next(None));
            }
            _ => {}
        }
        match (operand(0), inst.args().get(1).map(|_| operand(1))) {
            (Wide::Int(a), Some(Wide::Int(b))) => match inst.op {
                O::IntAdd => checked(a.checked_add(b)?),
                O::IntSub => checked(a.checked_sub(b)?),
                O::IntMul => checked(a.checked_mul(b)?),
                O::IntFloorDiv if b == 0 || (a == i64::MIN.into() && b == -1) => Some(Step::Leave),
                O::IntFloorDiv => next(Wide::Int(floor_div(a, b))),
                O::IntMod if b == 0 => Some(Step::Leave),
                O::IntMod => next(Wide::Int(a.checked_sub(floor_div(a, b).checked_mul(b)?)?)),
                O::IntAnd => next(Wide::Int(a & b)),
                O::IntOr => next(Wide::Int(a | b)),
                O::IntXor => next(Wide::Int(a ^ b)),
                O::IntShl if b < 0 => Some(Step::Leave),
                O::IntShl if a == 0 => next(Wide::Int(0)),
                O::IntShl if b > 63 || !fits(a) => Some(Step::Leave),
                O::IntShl if fits(a << b) => next(Wide::Int(a << b)),
                O::IntShl => Some(Step::Leave),
                O::IntShr if b < 0 => Some(Step::Leave),
                O::IntShr => next(Wide::Int(a >> b.min(127))),
                O::IntCompare => {
                    let Imm::Cmp(cmp) = inst.imm else { return None };
                    next(Wide::Bool(cmp.holds(a.cmp(&b))))
                }
                _ => None,
            },
            (Wide::Float(a), Some(Wide::Float(b))) => match inst.op {
                O::FloatAdd => next(Wide::Float(a + b)),
                O::FloatSub => next(Wide::Float(a - b)),
                O::FloatMul => next(Wide::Float(a * b)),
                O::FloatDiv if b == 0.0 => Some(Step::Leave),
                O::FloatDiv => next(Wide::Float(a / b)),
                O::FloatCompare => {
                    let Imm::Cmp(cmp) = inst.imm else { return None };
                    next(Wide::Bool(compare(cmp, a, b)))
                }
                _ => None,
            },
            (Wide::Int(a), None) => match inst.op {
                O::IntNeg => checked(-a),
                O::IntAbs => checked(a.abs()),
                O::IntNot => next(Wide::Int(!a)),
                O::IntNonZero if a == 0 => Some(Step::Leave),
                O::IntNonZero => next(Wide::Int(a)),
                O::IntToFloat => next(Wide::Float(a as f64)),
                O::IntToFloatExact if a.unsigned_abs() <= 1 << 53 => next(Wide::Float(a as f64)),
                O::IntToFloatExact => Some(Step::Pass(Wide::Unknown)),
                O::BoxInt => next(boxed(Wide::Int(a))),
                _ => None,
            },
            (Wide::Float(a), None) => match inst.op {
                O::FloatNeg => next(Wide::Float(-a)),
                O::FloatAbs => next(Wide::Float(a.abs())),
                O::FloatSqrt if a >= 0.0 => next(Wide::Float(a.sqrt())),
                O::FloatToInt if a.abs() < 2f64.powi(62) => next(Wide::Int(a as i128)),
                O::FloatSqrt | O::FloatToInt => Some(Step::Leave),
                O::BoxFloat => next(boxed(Wide::Float(a))),
                _ => None,
            },
            (Wide::Bool(a), None) => match inst.op {
                O::BoolToInt => next(Wide::Int(a.into())),
                O::BoolNot => next(Wide::Bool(!a)),
                O::BoxBool => next(boxed(Wide::Bool(a))),
                _ => None,
            },
            (Wide::Boxed(held), None) => match (inst.op, held) {
                (O::GuardInt, Held::Int(i)) if fits(i) => next(Wide::Int(i)),
                // The unboxed int would have left where it was computed; here the box is only a detour.
                (O::GuardInt, Held::Int(_)) => None,
                (O::GuardFloat, Held::Float(x)) => next(Wide::Float(x)),
                (O::GuardBool, Held::Bool(b)) => next(Wide::Bool(b)),
                (O::GuardInt | O::GuardFloat | O::GuardBool, _) => Some(Step::Leave),
                (O::Truth, Held::Int(i)) => next(Wide::Bool(i != 0)),
                (O::Truth, Held::Float(x)) => next(Wide::Bool(x != 0.0)),
                (O::Truth, Held::Bool(b)) => next(Wide::Bool(b)),
                (O::Truth, Held::Object(_)) => next(Wide::Bool(false)),
                (O::Print, _) => self.print(held),
                (O::CallUnary, _) => self.call(inst, held, None),
                _ => None,
            },
            (Wide::Boxed(a), Some(Wide::Boxed(b))) => self.call(inst, a, Some(b)),
            _ => None,
        }
    }

    fn print(&mut self, held: Held) -> Option<Step> {
        let text = match held {
            Held::Int(i) => i.to_string(),
            Held::Float(x) => format!("{x:?}"),
            Held::Bool(b) => b.to_string(),
            Held::Object(_) => "none".to_owned(),
        };
        self.output.push_str(&text);
        self.output.push('\n');
        Some(Step::Next(None))
    }

    /// The general form is the host's; ints beyond 64 bits are not for it.
    fn call(&mut self, inst: &Inst, a: Held, b: Option<Held>) -> Option<Step> {
        let mut host = SimpleHost::new();
        let mut bits = |held: Held| match held {
            Held::Int(i) => i64::try_from(i).ok().map(|i| host.box_int(i)),
            Held::Float(x) => Some(host.box_float(x)),
            Held::Bool(b) => Some(host.box_bool(b)),
            Held::Object(o) => Some(o),
        };
        let a = bits(a)?;
        let result = match (inst.imm, b) {
            (Imm::BinOp(op), Some(b)) => {
                let b = bits(b)?;
                host.binary(op, a, b)
            }
            (Imm::UnOp(op), None) => host.unary(op, a),
            _ => return None,
        };
        match result {
            None => Some(Step::Leave),
            Some(bits) => {
                let held = match host.unbox(bits) {
                    Scalar::Int(i) => Held::Int(i.into()),
                    Scalar::Float(x) => Held::Float(x),
                    Scalar::Bool(b) => Held::Bool(b),
                    Scalar::Boxed(o) => Held::Object(o),
                };
                Some(Step::Next(Some(Wide::Boxed(held))))
            }
        }
    }
}
