//! Building programs by hand: for front ends, the assembler and tests.
//!
//! A [`ProgramBuilder`] holds what functions share (constants, globals, names); a [`FunctionBuilder`] holds one
//! function's code. They stand before `profile -> detect -> compile -> cache -> execute -> deoptimise`: they make
//! the programs that [`mod@crate::verify`] reads. Invariants: constants are interned in order of first use, ints
//! are in their smallest form and all NaNs are one; everything else may be wrong and is the verifier's to refuse.
//! Nothing here fails or panics.
//!
//! ```
//! use hotspotvm_bytecode::build::{FunctionBuilder, ProgramBuilder};
//! use hotspotvm_bytecode::{Const, Op, verify};
//!
//! let mut program = ProgramBuilder::new("countdown");
//! let one = program.constant(Const::Int(1));
//! let mut main = FunctionBuilder::new("main", &["n"]);
//! let (top, done) = (main.label(), main.label());
//! main.bind(top);
//! main.emit(Op::LoadLocal, 0);
//! main.jump(Op::JumpIfZero, done);
//! main.emit(Op::LoadLocal, 0);
//! main.emit(Op::Push, one);
//! main.op(Op::Sub);
//! main.emit(Op::StoreLocal, 0);
//! main.jump(Op::Jump, top);
//! main.bind(done);
//! main.op(Op::Halt);
//! program.add(main);
//! assert!(verify(program.finish()).is_ok());
//! ```

use crate::ops::{Op, Operand};
use crate::program::{Const, FuncId, Function, Inst, Program};
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

/// A constant as a key: equal keys are equal constants.
struct Key(Const);

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(&self.0).hash(state);
        match &self.0 {
            Const::None => {}
            Const::Bool(b) => b.hash(state),
            Const::Int(i) => i.hash(state),
            Const::BigInt(i) => i.hash(state),
            Const::Float(x) => x.to_bits().hash(state),
            Const::Str(s) => s.hash(state),
        }
    }
}

/// The constant in the one form that stands for it: ints smallest, NaNs the one positive quiet NaN without payload.
pub(crate) fn normal(constant: Const) -> Const {
    match constant {
        Const::BigInt(value) => Const::int(value),
        Const::Float(x) if x.is_nan() => Const::Float(CANONICAL_NAN),
        other => other,
    }
}

/// The NaN that stands for all NaNs among constants.
pub(crate) const CANONICAL_NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// Builds a [`Program`].
#[derive(Default)]
pub struct ProgramBuilder {
    program: Program,
    constants: HashMap<Key, u32>,
    globals: HashMap<String, u32>,
    functions: HashMap<String, FuncId>,
}

impl ProgramBuilder {
    /// An empty program; the name is for messages.
    pub fn new(source_name: &str) -> ProgramBuilder {
        let program = Program { source_name: source_name.to_owned(), ..Program::default() };
        ProgramBuilder { program, ..ProgramBuilder::default() }
    }

    /// The index of a constant, added if it is new.
    pub fn constant(&mut self, constant: Const) -> u32 {
        let constant = normal(constant);
        let next = self.program.constants.len() as u32;
        let constants = &mut self.program.constants;
        *self.constants.entry(Key(constant)).or_insert_with_key(|key| {
            constants.push(key.0.clone());
            next
        })
    }

    /// The slot of the global with this name, added if it is new.
    pub fn global(&mut self, name: &str) -> u32 {
        if let Some(slot) = self.find_global(name) {
            return slot;
        }
        let slot = self.program.globals.len() as u32;
        self.globals.insert(name.to_owned(), slot);
        self.program.globals.push(name.to_owned());
        slot
    }

    /// The slot of the global with this name, if there is one.
    pub fn find_global(&self, name: &str) -> Option<u32> {
        self.globals.get(name).copied()
    }

    /// The names of all globals so far, in order of their slots.
    pub fn globals(&self) -> &[String] {
        &self.program.globals
    }

    /// Announces a function, so that it can be called before it is defined. The same name gives the same function.
    /// A function that is never defined stays without code, which the verifier refuses.
    pub fn declare(&mut self, name: &str) -> FuncId {
        if let Some(id) = self.find_function(name) {
            return id;
        }
        let id = FuncId(self.program.functions.len() as u32);
        self.functions.insert(name.to_owned(), id);
        self.program.functions.push(Function { name: name.to_owned(), ..Function::default() });
        id
    }

    /// The function with this name, if it was declared or added.
    pub fn find_function(&self, name: &str) -> Option<FuncId> {
        self.functions.get(name).copied()
    }

    /// A function as it is so far: without code until it is defined.
    pub fn function(&self, id: FuncId) -> Option<&Function> {
        self.program.functions.get(id.0 as usize)
    }

    /// Defines a declared function. The name is the builder's, which should be the declared one. An id that was
    /// never declared changes nothing.
    pub fn define(&mut self, id: FuncId, function: FunctionBuilder) {
        if let Some(place) = self.program.functions.get_mut(id.0 as usize) {
            *place = function.finish();
        }
    }

    /// Declares and defines a function; of several with one name, the last definition counts.
    pub fn add(&mut self, function: FunctionBuilder) -> FuncId {
        let id = self.declare(function.name());
        self.define(id, function);
        id
    }

    /// Sets the argument of an instruction of a function that is already defined; a place that is not there
    /// changes nothing.
    pub fn patch(&mut self, id: FuncId, pc: u32, arg: u32) {
        let function = self.program.functions.get_mut(id.0 as usize);
        if let Some(inst) = function.and_then(|f| f.code.get_mut(pc as usize)) {
            inst.arg = arg;
        }
    }

    /// Says which function runs first; without this it is function 0.
    pub fn set_entry(&mut self, id: FuncId) {
        self.program.entry = id.0;
    }

    /// Says whether the entry takes up to as many arguments as it has locals, see [`Program::open_entry`].
    pub fn set_open_entry(&mut self, open: bool) {
        self.program.open_entry = open;
    }

    /// The program, not yet verified.
    pub fn finish(self) -> Program {
        self.program
    }
}

/// A place in a function's code that jumps can name before it is known. Belongs to the [`FunctionBuilder`] it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(u32);

/// The pc that an unbound label stands for: no function is that long, so that the verifier refuses jumps to it.
const UNBOUND: u32 = u32::MAX;

/// Builds a [`Function`].
#[derive(Debug, Default)]
pub struct FunctionBuilder {
    function: Function,
    line: u32,
    labels: Vec<u32>,
    jumps: Vec<(u32, Label)>,
}

impl FunctionBuilder {
    /// A function without code.
    pub fn new(name: &str, params: &[&str]) -> FunctionBuilder {
        let function = Function {
            name: name.to_owned(),
            params: params.len() as u32,
            locals: params.iter().map(|&p| p.to_owned()).collect(),
            ..Function::default()
        };
        FunctionBuilder { function, ..FunctionBuilder::default() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.function.name
    }

    /// Adds a parameter and gives its slot. Parameters come before other locals: add them first.
    pub fn param(&mut self, name: &str) -> u32 {
        self.function.params += 1;
        self.local(name)
    }

    /// Adds a local and gives its slot. Names need not differ, except to people.
    pub fn local(&mut self, name: &str) -> u32 {
        self.function.locals.push(name.to_owned());
        (self.function.locals.len() - 1) as u32
    }

    /// The names of its locals so far, parameters first.
    pub fn locals(&self) -> &[String] {
        &self.function.locals
    }

    /// The code so far; jumps to labels are not yet patched.
    pub fn code(&self) -> &[Inst] {
        &self.function.code
    }

    /// The pc of the next instruction.
    pub fn here(&self) -> u32 {
        self.function.code.len() as u32
    }

    /// Sets the source line (from 1; 0 for unknown) of the instructions that follow.
    pub fn set_line(&mut self, line: u32) {
        self.line = line;
    }

    /// Appends an instruction with an argument and gives its pc.
    pub fn emit(&mut self, op: Op, arg: u32) -> u32 {
        let pc = self.here();
        self.function.code.push(Inst::new(op, arg));
        self.function.lines.push(self.line);
        pc
    }

    /// Appends an instruction without an argument and gives its pc.
    pub fn op(&mut self, op: Op) -> u32 {
        self.emit(op, 0)
    }

    /// Appends a jump or branch to a label and gives its pc.
    pub fn jump(&mut self, op: Op, target: Label) -> u32 {
        let pc = self.emit(op, UNBOUND);
        self.jumps.push((pc, target));
        pc
    }

    /// Sets the argument of an instruction already there; a pc that is not there changes nothing.
    pub fn patch(&mut self, pc: u32, arg: u32) {
        if let Some(inst) = self.function.code.get_mut(pc as usize) {
            inst.arg = arg;
        }
    }

    /// A new label, not yet bound.
    pub fn label(&mut self) -> Label {
        self.labels.push(UNBOUND);
        Label((self.labels.len() - 1) as u32)
    }

    /// Binds a label to the next instruction; binding again moves it.
    pub fn bind(&mut self, label: Label) {
        let here = self.here();
        if let Some(place) = self.labels.get_mut(label.0 as usize) {
            *place = here;
        }
    }

    /// The function. Jumps to labels that were never bound go to pc `u32::MAX`, which the verifier refuses.
    pub fn finish(mut self) -> Function {
        for &(pc, label) in &self.jumps {
            let target = self.labels.get(label.0 as usize).copied().unwrap_or(UNBOUND);
            if let Some(inst) = self.function.code.get_mut(pc as usize) {
                inst.arg = target;
            }
        }
        self.function
    }
}

/// The same program in canonical form, which is what the assembler makes and what
/// [`crate::disasm::disassemble`] writes:
///
/// - constants stand in order of first use, functions read in order, each once and none unused, ints in their smallest
///   form and NaNs the one NaN;
/// - instructions that take no argument have argument 0;
/// - a local whose name another local of its function already has gets a new name (`x_2`), and so do globals.
///
/// What the program does does not change. Arguments that are out of range stay out of range.
pub fn canonical(program: &Program) -> Program {
    let mut pool = ProgramBuilder::default();
    let mut new_index: Vec<Option<u32>> = vec![None; program.constants.len()];
    let mut result =
        Program { constants: Vec::new(), globals: distinct(&program.globals), ..program.clone() };
    for function in &mut result.functions {
        function.locals = distinct(&function.locals);
        for inst in &mut function.code {
            match inst.op.info().operand {
                Operand::None => inst.arg = 0,
                Operand::Const | Operand::Form => {
                    let old = inst.arg as usize;
                    if let (Some(known), Some(constant)) =
                        (new_index.get_mut(old), program.constants.get(old))
                    {
                        inst.arg = *known.get_or_insert_with(|| pool.constant(constant.clone()));
                    }
                }
                Operand::Local
                | Operand::Global
                | Operand::Func
                | Operand::Target
                | Operand::Builtin1
                | Operand::Builtin2
                | Operand::Count
                | Operand::Pairs
                | Operand::Number
                | Operand::Routine => {}
            }
        }
    }
    result.constants = pool.finish().constants;
    result
}

/// The names, later repetitions renamed.
fn distinct(names: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::with_capacity(names.len());
    let mut free: Vec<bool> = Vec::with_capacity(names.len());
    for name in names {
        free.push(taken.insert(name.clone()));
    }
    let mut tried: HashMap<&str, u32> = HashMap::new();
    let mut result = Vec::with_capacity(names.len());
    for (name, is_first) in names.iter().zip(free) {
        if is_first {
            result.push(name.clone());
            continue;
        }
        let number = tried.entry(name).or_insert(1);
        result.push(loop {
            *number += 1;
            let candidate = format!("{name}_{number}");
            if taken.insert(candidate.clone()) {
                break candidate;
            }
        });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use dashu_int::IBig;

    #[test]
    fn constants_are_interned_by_bits_and_in_smallest_form() {
        let mut p = ProgramBuilder::new("t");
        assert_eq!(p.constant(Const::Int(1)), 0);
        assert_eq!(p.constant(Const::Float(1.0)), 1);
        assert_eq!(p.constant(Const::Bool(true)), 2);
        assert_eq!(p.constant(Const::BigInt(IBig::from(1))), 0);
        assert_eq!(p.constant(Const::Float(0.0)), 3);
        assert_eq!(p.constant(Const::Float(-0.0)), 4);
        assert_eq!(p.constant(Const::Float(f64::NAN)), 5);
        assert_eq!(p.constant(Const::Float(f64::from_bits(0xfff8_0000_0000_0001))), 5);
        assert_eq!(p.finish().constants.len(), 6);
    }

    #[test]
    fn labels_are_patched_and_unbound_ones_are_out_of_range() {
        let mut f = FunctionBuilder::new("f", &["a", "b"]);
        let (end, never) = (f.label(), f.label());
        f.set_line(4);
        f.jump(Op::Jump, end);
        f.jump(Op::Jump, never);
        f.set_line(5);
        f.bind(end);
        f.op(Op::Halt);
        assert_eq!(f.local("c"), 2);
        let f = f.finish();
        assert_eq!(f.code, [Inst::new(Op::Jump, 2), Inst::new(Op::Jump, u32::MAX), Inst::bare(Op::Halt)]);
        assert_eq!((f.params, f.lines), (2, vec![4, 4, 5]));
    }

    #[test]
    fn canonical_form_orders_constants_and_parts_names() {
        let mut p = ProgramBuilder::new("t");
        let (unused, one, two) =
            (p.constant(Const::None), p.constant(Const::Int(1)), p.constant(Const::Int(2)));
        let mut f = FunctionBuilder::new("main", &["x", "x", "x_2"]);
        f.emit(Op::Push, two);
        f.emit(Op::Push, one);
        f.emit(Op::Add, 9);
        f.emit(Op::Push, 77);
        f.op(Op::Halt);
        p.add(f);
        let p = canonical(&p.finish());
        assert_eq!(unused, 0);
        assert_eq!(p.constants, [Const::Int(2), Const::Int(1)]);
        assert_eq!(p.functions[0].locals, ["x", "x_3", "x_2"]);
        let args: Vec<u32> = p.functions[0].code.iter().map(|i| i.arg).collect();
        assert_eq!(args, [0, 1, 0, 77, 0]);
        assert_eq!(canonical(&p), p);
    }
}
