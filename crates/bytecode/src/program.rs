//! Programs as plain data: functions, instructions, constants, globals.
//!
//! A [`Program`] may be anything; only [`mod@crate::verify`] turns it into something that can run.

use crate::ops::{Op, Operand};
use crate::routine::{CallForm, Routine};
use dashu_int::IBig;

/// Index of a function in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuncId(pub u32);

/// One instruction: an opcode and its argument (0 where the opcode takes none). Its position is its *pc*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inst {
    /// What to do.
    pub op: Op,
    /// With what; the opcode's [`crate::Operand`] says how to read it.
    pub arg: u32,
}

impl Inst {
    /// An instruction with an argument.
    pub fn new(op: Op, arg: u32) -> Inst {
        Inst { op, arg }
    }

    /// An instruction without an argument.
    pub fn bare(op: Op) -> Inst {
        Inst { op, arg: 0 }
    }
}

/// A constant of a program.
///
/// Floats are compared by their bits, so that `0.0` and `-0.0` are two constants and NaN is one.
#[derive(Clone, Debug)]
pub enum Const {
    /// `none`
    None,
    /// `true` or `false`
    Bool(bool),
    /// An int that fits 64 bits. Ints always use the smallest form that holds them.
    Int(i64),
    /// A larger int.
    BigInt(IBig),
    /// A float.
    Float(f64),
    /// A string.
    Str(Box<str>),
}

impl Const {
    /// An int in its smallest form.
    pub fn int(value: IBig) -> Const {
        match i64::try_from(&value) {
            Ok(small) => Const::Int(small),
            Err(_) => Const::BigInt(value),
        }
    }
}

impl PartialEq for Const {
    fn eq(&self, other: &Const) -> bool {
        match (self, other) {
            (Const::None, Const::None) => true,
            (Const::Bool(a), Const::Bool(b)) => a == b,
            (Const::Int(a), Const::Int(b)) => a == b,
            (Const::BigInt(a), Const::BigInt(b)) => a == b,
            (Const::Float(a), Const::Float(b)) => a.to_bits() == b.to_bits(),
            (Const::Str(a), Const::Str(b)) => a == b,
            _ => false,
        }
    }
}

/// A function: its code, and the names that people see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Its name, unique in the program.
    pub name: String,
    /// How many of its locals are parameters: the first ones.
    pub params: u32,
    /// The names of its locals, parameters first. Their number is the number of local slots.
    pub locals: Vec<String>,
    /// Its instructions.
    pub code: Vec<Inst>,
    /// The source line (1-based) of each instruction; 0 where unknown. As long as `code`.
    pub lines: Vec<u32>,
}

/// A program: what the assembler, the container and front ends make, and the verifier reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// Where it came from, for messages: usually a file name.
    pub source_name: String,
    /// Its functions.
    pub functions: Vec<Function>,
    /// Its constants, each once.
    pub constants: Vec<Const>,
    /// The names of its globals. All start as `none`.
    pub globals: Vec<String>,
    /// Which function runs first.
    pub entry: u32,
    /// Whether the entry function takes *up to* as many arguments as it has locals (the rest stay `none`) instead of
    /// exactly its parameters: so in a listing without functions, whose parameters nobody declared.
    pub open_entry: bool,
}

/// The most memory that a program may take, in bytes, as [`Program::footprint`] counts it.
pub const MAX_FOOTPRINT: u64 = 256 << 20;

/// What a part of a program takes in memory, in bytes: where it is kept, with what the verifier finds out about it and
/// the engine keeps beside it while it runs.
pub mod footprint {
    /// An instruction: itself, its line, what the verifier knows of it, and the interpreter's cell and site.
    pub const INSTRUCTION: u64 = 64;
    /// A constant, besides its digits or characters.
    pub const CONSTANT: u64 = 64;
    /// A name, besides its characters.
    pub const NAME: u64 = 56;
    /// A function, besides its name, its locals and its instructions.
    pub const FUNCTION: u64 = 256;
}

impl Program {
    /// What the program takes in memory, in bytes.
    pub fn footprint(&self) -> u64 {
        let name = |name: &String| footprint::NAME + name.len() as u64;
        let function = |function: &Function| {
            let locals: u64 = function.locals.iter().map(name).sum();
            footprint::FUNCTION
                + name(&function.name)
                + locals
                + footprint::INSTRUCTION * function.code.len() as u64
        };
        let constant = |constant: &Const| {
            let payload = match constant {
                Const::Str(text) => text.len(),
                Const::BigInt(value) => size_of_val(value.as_sign_words().1),
                _ => 0,
            };
            footprint::CONSTANT + payload as u64
        };
        let functions: u64 = self.functions.iter().map(function).sum();
        let constants: u64 = self.constants.iter().map(constant).sum();
        functions + constants + self.globals.iter().map(name).sum::<u64>()
    }

    /// The constant that says how a method is called, if it does.
    pub fn form(&self, constant: u32) -> Option<CallForm<'_>> {
        match self.constants.get(constant as usize) {
            Some(Const::Str(text)) => CallForm::parse(text),
            _ => None,
        }
    }

    /// How many values an instruction takes from the stack.
    pub fn inputs(&self, inst: Inst) -> u32 {
        let info = inst.op.info();
        let more = match info.operand {
            Operand::Func => self.functions.get(inst.arg as usize).map_or(0, |f| f.params),
            Operand::Count => inst.arg,
            Operand::Pairs => inst.arg.saturating_mul(2),
            Operand::Form => self.form(inst.arg).map_or(0, |form| form.count),
            Operand::Routine => Routine::from_number(inst.arg).and_then(Routine::inputs).unwrap_or(0),
            _ => 0,
        };
        more.saturating_add(info.inputs.len() as u32)
    }

    /// The source line of an instruction, if known.
    pub fn line(&self, function: FuncId, pc: u32) -> Option<u32> {
        let line = *self.functions.get(function.0 as usize)?.lines.get(pc as usize)?;
        (line != 0).then_some(line)
    }
}
