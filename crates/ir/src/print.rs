//! IR as text.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`: what people, golden tests and
//! the explorer see of it. [`crate::parse`] reads exactly this text back.
//!
//! ```text
//! function main@2 (bytecode function 0, entry pc 2)
//! b0(v0: int = local 0, v1: float = stack 1):     ; pc 2
//!     v2: int = const_int 1                           ; f3:pc 0
//!     v3: int = int_add v0, v2 exit @0            ; pc 4
//!     charge 7 back_edge exit @1
//!     jump b1(v3)
//! b1(v4: int):                                    ; pc 5
//!     exit region_end @0
//! @0 = f0:pc4 execute locals[v0 -] stack[v1 v2]
//! @1 = f0:pc2 transfer back_edge locals[v3] stack[] caller @0
//! ```
//!
//! A method's first line ends with the type of its result, ` -> int`; it ends its blocks with `return v1`. A call is
//! `v2: int = call f1 link 3 cost 7 (v0, v1) exit @0`, with `self` instead of the link if the method calls itself.
//!
//! Invariants: the same function always gives the same text, and no function makes printing fail. `; pc 4`, or `; f3:pc
//! 4` for the bytecode of another function, inlined, is the one comment with a meaning: an instruction without it comes
//! from where the one before comes from, the first of a block from where its block does. A value that has a type but no
//! definition is listed in a line `unused v7: int`. Everything a *verified* function holds is in the text.

use crate::data::{
    Ahead, CallSite, Function, Imm, InputPlace, Inst, Resume, StateId, Target, Terminator, Value,
};
use bytecode::{Augmented, BinOp, Cmp, UnOp};
use std::fmt::{self, Display, Formatter, Write};

/// The column at which the origin stands where the line leaves room.
const COMMENT_COLUMN: usize = 56;

/// The name of a comparison in IR text.
pub fn cmp_name(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Eq => "eq",
        Cmp::Ne => "ne",
        Cmp::Lt => "lt",
        Cmp::Le => "le",
        Cmp::Gt => "gt",
        Cmp::Ge => "ge",
    }
}

/// The name of a binary operation in IR text.
pub fn binop_name(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "add",
        BinOp::Sub => "sub",
        BinOp::Mul => "mul",
        BinOp::Div => "div",
        BinOp::FloorDiv => "floordiv",
        BinOp::Mod => "mod",
        BinOp::Pow => "pow",
        BinOp::And => "and",
        BinOp::Or => "or",
        BinOp::Xor => "xor",
        BinOp::Shl => "shl",
        BinOp::Shr => "shr",
        BinOp::Compare(cmp) => cmp_name(cmp),
        BinOp::Augmented(Augmented::Add) => "augmented_add",
        BinOp::Augmented(Augmented::Sub) => "augmented_sub",
        BinOp::Augmented(Augmented::Mul) => "augmented_mul",
        BinOp::Augmented(Augmented::And) => "augmented_and",
        BinOp::Augmented(Augmented::Or) => "augmented_or",
        BinOp::Augmented(Augmented::Xor) => "augmented_xor",
        BinOp::Call(builtin) => builtin.name(),
    }
}

/// The name of a unary operation in IR text.
pub fn unop_name(op: UnOp) -> &'static str {
    match op {
        UnOp::Neg => "neg",
        UnOp::Invert => "invert",
        UnOp::Call(builtin) => builtin.name(),
    }
}

/// The text of the float with these bits: it reads back to the same bits, NaN and negative zero included.
pub fn float_text(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() { format!("nan:{bits:#018x}") } else { format!("{value:?}") }
}

/// Whether a function's name needs no quotes in IR text.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_@.<>-+/:$".contains(c))
}

fn values(f: &mut Formatter<'_>, list: &[Value], separator: &str) -> fmt::Result {
    for (i, value) in list.iter().enumerate() {
        if i != 0 {
            f.write_str(separator)?;
        }
        write!(f, "{value}")?;
    }
    Ok(())
}

impl Display for Imm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Imm::None => Ok(()),
            Imm::Int(i) => write!(f, "{i}"),
            Imm::Float(bits) => f.write_str(&float_text(bits)),
            Imm::Bool(b) => write!(f, "{b}"),
            Imm::Boxed(bits) => write!(f, "{bits:#x}"),
            Imm::Cmp(cmp) => f.write_str(cmp_name(cmp)),
            Imm::BinOp(op) => f.write_str(binop_name(op)),
            Imm::UnOp(op) => f.write_str(unop_name(op)),
            Imm::Slot(slot) => write!(f, "g{slot}"),
            Imm::Routine { routine, inputs, detail } => write!(f, "{} {inputs} {detail}", routine.name()),
            Imm::Charge { cost, rounds } => {
                write!(f, "{cost}{}", rounds_text(rounds))
            }
            Imm::Shape(shape) => f.write_str(shape.name()),
            Imm::Field(slot) => write!(f, "{slot}"),
            Imm::Argument(at) => write!(f, "{at}"),
            Imm::Counter(counter) => write!(f, "{counter}"),
            Imm::Depth(calls) => write!(f, "{calls}"),
            Imm::Call(id) => write!(f, "{id}"),
        }
    }
}

impl Display for CallSite {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "f{} ", self.callee)?;
        match self.link {
            Some(link) => write!(f, "link {link}")?,
            None => f.write_str("self")?,
        }
        if self.level != 0 {
            write!(f, " level {}", self.level)?;
        }
        if self.deep {
            f.write_str(" deep")?;
        }
        write!(f, " cost {} ", self.cost)?;
        if let Some(counter) = self.counter {
            write!(f, "count {counter} ")?;
        }
        f.write_str("(")?;
        values(f, &self.args, ", ")?;
        f.write_str(")")
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.block)?;
        if self.args.is_empty() {
            return Ok(());
        }
        f.write_str("(")?;
        values(f, &self.args, ", ")?;
        f.write_str(")")
    }
}

struct State(StateId);

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The end of a new block names this state until it is given a real one.
        if self.0.0 == u32::MAX { f.write_str("@none") } else { write!(f, "{}", self.0) }
    }
}

impl Display for Terminator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Terminator::Jump(target) => write!(f, "jump {target}"),
            Terminator::Branch { condition, then, otherwise, percent } => {
                write!(f, "branch {condition}, {then}, {otherwise}")?;
                percent.map_or(Ok(()), |percent| write!(f, " true {percent}%"))
            }
            Terminator::Exit { reason, state } => write!(f, "exit {reason} {}", State(*state)),
            Terminator::Return(value) => write!(f, "return {value}"),
        }
    }
}

/// One instruction as text, without its origin.
fn inst_text(f: &Function, inst: &Inst) -> String {
    let mut text = String::new();
    if let Some(result) = inst.result {
        text.push_str(&definition(f, result));
        text.push_str(" = ");
    }
    text.push_str(inst.op.name());
    // Writing to a String cannot fail.
    if let Imm::Call(id) = inst.imm
        && let Some(call) = f.calls.get(id.index())
    {
        let _ = write!(text, " {call}");
    } else if inst.imm != Imm::None {
        let _ = write!(text, " {}", inst.imm);
    }
    for (i, arg) in inst.args().iter().enumerate() {
        let _ = write!(text, "{} {arg}", if i == 0 { "" } else { "," });
    }
    if let Some(state) = inst.state {
        let _ = write!(text, " exit {}", State(state));
    }
    text
}

fn definition(f: &Function, value: Value) -> String {
    let ty = f.types.get(value.index()).map_or("?", |ty| ty.name());
    format!("{value}: {ty}")
}

fn line_with_origin(out: &mut Formatter<'_>, text: &str, origin: &str) -> fmt::Result {
    writeln!(out, "{text:<width$} ; {origin}", width = COMMENT_COLUMN - 1)
}

impl Display for Function {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str("function ")?;
        if is_plain_name(&self.name) {
            out.write_str(&self.name)?;
        } else {
            write!(out, "\"{}\"", self.name.escape_default())?;
        }
        write!(out, " (bytecode function {}, entry pc {})", self.function, self.entry_pc)?;
        match self.result {
            Some(ty) => writeln!(out, " -> {ty}")?,
            None => writeln!(out)?,
        }

        let mut defined = vec![false; self.types.len()];
        let mut define = |value: Value| {
            if let Some(flag) = defined.get_mut(value.index()) {
                *flag = true;
            }
        };
        for (b, block) in self.blocks.iter().enumerate() {
            let mut head = format!("b{b}");
            for (i, &param) in block.params.iter().enumerate() {
                define(param);
                head.push_str(if i == 0 { "(" } else { ", " });
                head.push_str(&definition(self, param));
                if b == 0
                    && let Some(input) = self.inputs.get(i)
                {
                    let _ = match input.place {
                        InputPlace::Local(slot) => write!(head, " = local {slot}"),
                        InputPlace::Stack(slot) => write!(head, " = stack {slot}"),
                    };
                    head.push_str(input.sign.suffix());
                }
            }
            head.push_str(if block.params.is_empty() { ":" } else { "):" });
            line_with_origin(out, &head, &block.origin.within(self.function))?;
            let mut last = block.origin;
            for inst in &block.insts {
                if let Some(result) = inst.result {
                    define(result);
                }
                let text = format!("    {}", inst_text(self, inst));
                if inst.origin == last {
                    writeln!(out, "{text}")?;
                } else {
                    line_with_origin(out, &text, &inst.origin.within(self.function))?;
                }
                last = inst.origin;
            }
            writeln!(out, "    {}", block.end)?;
        }
        for (i, state) in self.states.iter().enumerate() {
            write!(out, "@{i} = f{}:pc{} ", state.function, state.pc)?;
            out.write_str(match state.resume {
                Resume::Execute => "execute",
                Resume::Transfer { back_edge: false } => "transfer",
                Resume::Transfer { back_edge: true } => "transfer back_edge",
            })?;
            out.write_str(" locals[")?;
            for (i, local) in state.locals.iter().enumerate() {
                if i != 0 {
                    out.write_str(" ")?;
                }
                match local {
                    Some(value) => write!(out, "{value}")?,
                    None => out.write_str("-")?,
                }
            }
            out.write_str("] stack[")?;
            values(out, &state.stack, " ")?;
            out.write_str("]")?;
            if let Some(caller) = state.caller {
                write!(out, " caller {}", State(caller))?;
            }
            if state.ahead != Ahead::default() {
                write!(out, " ahead {}{}", state.ahead.cost, rounds_text(state.ahead.rounds))?;
            }
            if let Some(side) = state.side {
                write!(out, " side {side}")?;
            }
            out.write_str("\n")?;
        }
        for (v, _) in defined.iter().enumerate().filter(|(_, d)| !**d) {
            writeln!(out, "unused {}", definition(self, Value(v as u32)))?;
        }
        Ok(())
    }
}

/// The rounds that go with an amount of fuel: most often none, or one.
fn rounds_text(rounds: u32) -> String {
    match rounds {
        0 => String::new(),
        1 => " back_edge".to_owned(),
        _ => format!(" rounds {rounds}"),
    }
}
