//! Units that call each other, and the evaluator to compare them with.
#![allow(dead_code, clippy::unwrap_used)]

use crate::common::*;
use hotspotvm_codegen::{
    CodeUnit, Compiler, CompilerOptions, LEFT, NativeContext, OptLevel, RETURNED, Recipe, exit_chain,
    pack_fuel, unpack_fuel,
};
use ir::eval::{Called, Host, Outcome, Scalar, evaluate};
use ir::parse::parse;
use ir::{BinOp, CallSite, ExitReason, Function, Resume, Type, UnOp};
use std::ffi::c_void;
use std::ptr::null;
use std::rc::Rc;

/// A value as far as anybody can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held {
    Int(i64),
    Float(u64),
    Bool(bool),
    Boxed(u64),
}

fn held(bits: u64, ty: Type) -> Held {
    match ty {
        Type::Int => Held::Int(bits as i64),
        Type::Float => Held::Float(bits),
        Type::Bool => Held::Bool(bits == 1),
        Type::Boxed => match World::default().int(bits) {
            Some(i) => Held::Int(i),
            None if bits <= LAYOUT.max_float_bits => Held::Float(bits),
            None => Held::Boxed(bits),
        },
    }
}

fn of_scalar(scalar: Scalar) -> Held {
    match scalar {
        Scalar::Int(i) => Held::Int(i),
        Scalar::Float(x) => Held::Float(x.to_bits()),
        Scalar::Bool(b) => Held::Bool(b),
        Scalar::Boxed(bits) => held(bits, Type::Boxed),
    }
}

fn scalar(bits: u64, ty: Type) -> Scalar {
    match ty {
        Type::Int => Scalar::Int(bits as i64),
        Type::Float => Scalar::Float(f64::from_bits(bits)),
        Type::Bool => Scalar::Bool(bits == 1),
        Type::Boxed => Scalar::Boxed(bits),
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub function: u32,
    pub pc: u32,
    pub resume: Resume,
    pub locals: Vec<Option<Held>>,
    pub stack: Vec<Held>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    pub unit: u32,
    pub reason: ExitReason,
    pub frames: Vec<Frame>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The bits.
    Returned(u64),
    /// Innermost first.
    Left(Vec<Exit>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    pub end: End,
    /// Fuel left.
    pub fuel: i64,
    pub rounds: u64,
}

/// Units, the unit `i` at link `i`.
pub struct Program {
    functions: Vec<Rc<Function>>,
    units: Vec<CodeUnit>,
    code: Vec<Mapped>,
    links: Vec<*const c_void>,
    /// What each link leads to, for the evaluator.
    linked: Vec<Option<usize>>,
}

const CANARY: u64 = 0xdead_dead_dead_dead;

impl Program {
    pub fn new(texts: &[&str], opt_level: OptLevel) -> Program {
        let mut compiler =
            Compiler::new(CompilerOptions { opt_level, ..CompilerOptions::default() }).unwrap();
        let functions: Vec<Rc<Function>> = texts.iter().map(|text| Rc::new(parse(text).unwrap())).collect();
        let mut units = Vec::new();
        for (number, f) in functions.iter().enumerate() {
            assert_eq!(ir::verify::verify(f), Ok(()));
            units.push(compiler.compile(f, &LAYOUT, number as u32).unwrap());
        }
        let code = units.iter().map(Mapped::new).collect();
        let n = units.len();
        let mut program = Program { functions, units, code, links: vec![null(); n], linked: vec![None; n] };
        (0..n).for_each(|link| program.link(link));
        program
    }

    pub fn unit(&self, unit: usize) -> &CodeUnit {
        &self.units[unit]
    }

    pub fn unlink(&mut self, link: usize) {
        self.links[link] = null();
        self.linked[link] = None;
    }

    pub fn link(&mut self, link: usize) {
        self.redirect(link, link);
    }

    pub fn redirect(&mut self, link: usize, unit: usize) {
        if let Some(entry) = self.units[unit].direct_entry {
            self.links[link] = self.code[unit].address(entry);
            self.linked[link] = Some(unit);
        }
    }

    /// Enters a unit.
    pub fn run(&mut self, unit: usize, inputs: &[u64], fuel: i64, depth: u32) -> Ran {
        let entered = &self.units[unit];
        assert_eq!(inputs.len(), entered.inputs.len());
        let largest = self.units.iter().map(|unit| unit.slots).max().unwrap() as usize;
        let room = entered.slots as usize + depth as usize * largest;
        let mut buffer = inputs.to_vec();
        buffer.resize(inputs.len() + room + 1, CANARY);
        let mut globals = [0; 4];
        let mut world = World::default();
        let start = inputs.len();
        let mut ctx = NativeContext {
            fuel: pack_fuel(fuel),
            inputs: buffer.as_ptr(),
            slots: buffer.as_mut_ptr().wrapping_add(start),
            links: self.links.as_ptr(),
            depth_left: i64::from(depth),
            globals: globals.as_mut_ptr(),
            region: std::ptr::null_mut(),
            arguments: std::ptr::null_mut(),
            counts: std::ptr::null_mut(),
            scratch: 0,
            routines: ROUTINES,
            user: (&raw mut world).cast(),
        };
        // SAFETY: the code was compiled for this context, whose pointers are valid during the call; the links lead to
        // methods of the signatures that their callers have.
        let answer = unsafe { self.code[unit].entry()(&mut ctx) };
        // SAFETY: both point into the buffer.
        let end = unsafe { ctx.slots.cast_const().offset_from(buffer.as_ptr()) } as usize;
        assert_eq!(buffer[start + room], CANARY, "written behind the end");
        assert_eq!(&buffer[..start], inputs, "inputs stay");
        let (mut fuel, mut rounds) = unpack_fuel(ctx.fuel);
        if answer == RETURNED {
            assert_eq!(end, start);
            return Ran { end: End::Returned(buffer[start]), fuel, rounds };
        }
        assert!(answer == LEFT || entered.result.is_none());
        let words =
            |unit: u32, exit: u32| Some(self.units.get(unit as usize)?.exits.get(exit as usize)?.words);
        let chain = exit_chain(&buffer, (start, end), unit as u32, answer, words).unwrap();
        let mut exits = Vec::new();
        for taken in &chain {
            let of = &self.units[taken.unit as usize];
            let record = &of.exits[taken.exit as usize];
            assert!(exits.is_empty() || record.reason == ExitReason::CalleeLeft);
            let value = |recipe: &Recipe| match *recipe {
                Recipe::Input { index, ty } => held(buffer[index as usize], ty),
                Recipe::Slot { index, ty } => held(buffer[taken.words.clone()][index as usize], ty),
                Recipe::Int(i) => Held::Int(i),
                Recipe::Float(bits) => Held::Float(bits),
                Recipe::Bool(b) => Held::Bool(b),
                Recipe::Boxed(bits) => held(bits, Type::Boxed),
            };
            let frames = record.frames.iter().map(|frame| {
                let count = frame.locals.last().map_or(0, |local| local.0 as usize + 1);
                let mut locals = vec![None; count];
                frame.locals.iter().for_each(|(slot, recipe)| locals[*slot as usize] = Some(value(recipe)));
                let stack = frame.stack.iter().map(value).collect();
                Frame { function: frame.function, pc: frame.pc, resume: frame.resume, locals, stack }
            });
            exits.push(Exit { unit: taken.unit, reason: record.reason, frames: frames.collect() });
        }
        let ahead = self.units[chain[0].unit as usize].exits[chain[0].exit as usize].ahead;
        fuel += i64::from(ahead.cost);
        rounds -= u64::from(ahead.rounds);
        Ran { end: End::Left(exits), fuel, rounds }
    }

    /// Enters a unit and has the evaluator do the same; they must agree in everything.
    pub fn compare(&mut self, unit: usize, inputs: &[u64], fuel: i64, depth: u32) -> Ran {
        let ran = self.run(unit, inputs, fuel, depth);
        let mut model = Model {
            program: self,
            unit,
            slice: fuel,
            depth,
            spent: 0,
            rounds: 0,
            exits: Vec::new(),
            globals: [0; 4],
        };
        let returned = model.enter(
            unit,
            inputs
                .iter()
                .zip(&self.functions[unit].inputs)
                .map(|(&bits, input)| scalar(bits, input.ty))
                .collect::<Vec<_>>()
                .as_slice(),
        );
        let end = match returned {
            Some(value) => End::Returned(match value {
                Scalar::Int(i) => i as u64,
                Scalar::Float(x) => x.to_bits(),
                Scalar::Bool(b) => u64::from(b),
                Scalar::Boxed(bits) => bits,
            }),
            None => End::Left(model.exits),
        };
        let expected = Ran { end, fuel: fuel - model.spent, rounds: model.rounds };
        assert_eq!(ran, expected, "unit {unit}, {inputs:x?}, fuel {fuel}, depth {depth}");
        ran
    }

    /// Runs unit 0 as fib until it has returned, with slices put together; gives the number of calls.
    pub fn time_fib(&mut self, n: u64) -> u64 {
        let mut ctx = NativeContext {
            fuel: i64::MAX / 2,
            inputs: &raw const n,
            slots: [0u64; 4096].as_mut_ptr(),
            links: self.links.as_ptr(),
            depth_left: 60,
            globals: std::ptr::null_mut(),
            region: std::ptr::null_mut(),
            arguments: std::ptr::null_mut(),
            counts: std::ptr::null_mut(),
            scratch: 0,
            routines: ROUTINES,
            user: std::ptr::null_mut(),
        };
        // SAFETY: as in `run`; the fuel lasts, so nothing is written but the result.
        let answer = unsafe { self.code[0].entry()(&mut ctx) };
        assert_eq!(answer, RETURNED);
        // fib(n) leaves return 1 in sum, and there is one call more than twice the inner ones.
        // SAFETY: the result is there.
        let result = unsafe { *ctx.slots };
        let mut fib = (0u64, 1u64);
        (0..n).for_each(|_| fib = (fib.1, fib.0 + fib.1));
        assert_eq!(result, fib.0);
        2 * fib.1 - 1
    }
}

/// The evaluator's run time: the boxes of the code's.
struct Model<'a> {
    program: &'a Program,
    /// The one that runs.
    unit: usize,
    slice: i64,
    depth: u32,
    spent: i64,
    rounds: u64,
    exits: Vec<Exit>,
    globals: [u64; 4],
}

impl Model<'_> {
    fn enter(&mut self, unit: usize, inputs: &[Scalar]) -> Option<Scalar> {
        let f = self.program.functions[unit].clone();
        let caller = std::mem::replace(&mut self.unit, unit);
        let outcome = evaluate(&f, inputs, self, 100_000);
        self.unit = caller;
        match outcome {
            Outcome::Returned { value, fuel } => {
                self.spent += fuel as i64;
                Some(value)
            }
            Outcome::Exit { reason, frames, fuel, .. } => {
                self.spent += fuel as i64;
                let frames = frames.into_iter().map(|frame| {
                    let mut locals: Vec<_> = frame.locals.into_iter().map(|l| l.map(of_scalar)).collect();
                    while locals.last() == Some(&None) {
                        locals.pop();
                    }
                    let stack = frame.stack.into_iter().map(of_scalar).collect();
                    Frame { function: frame.function, pc: frame.pc, resume: frame.resume, locals, stack }
                });
                self.exits.push(Exit { unit: unit as u32, reason, frames: frames.collect() });
                None
            }
            other => panic!("{other:?}"),
        }
    }
}

impl Host for Model<'_> {
    fn box_int(&mut self, value: i64) -> u64 {
        small(value)
    }
    fn box_float(&mut self, value: f64) -> u64 {
        value.to_bits()
    }
    fn box_bool(&mut self, value: bool) -> u64 {
        LAYOUT.false_bits | u64::from(value)
    }
    fn unbox(&mut self, bits: u64) -> Scalar {
        match held(bits, Type::Boxed) {
            Held::Int(i) => Scalar::Int(i),
            Held::Float(bits) => Scalar::Float(f64::from_bits(bits)),
            _ => Scalar::Boxed(bits),
        }
    }
    fn truth(&mut self, bits: u64) -> bool {
        bits != small(0)
    }
    fn binary(&mut self, _: BinOp, _: u64, _: u64) -> Option<u64> {
        None
    }
    fn unary(&mut self, _: UnOp, _: u64) -> Option<u64> {
        None
    }
    fn global(&mut self, slot: u32) -> u64 {
        self.globals[slot as usize]
    }
    fn set_global(&mut self, slot: u32, bits: u64) {
        self.globals[slot as usize] = bits;
    }
    fn print(&mut self, _: u64) -> bool {
        false
    }
    fn print_char(&mut self, _: u64) -> bool {
        false
    }
    fn charge(&mut self, cost: u32, rounds: u32) -> bool {
        let enough = self.slice >= i64::from(cost);
        if enough {
            self.slice -= i64::from(cost);
            self.rounds += u64::from(rounds);
        }
        enough
    }
    fn refund(&mut self, cost: u32, rounds: u32) {
        self.slice += i64::from(cost);
        self.rounds -= u64::from(rounds);
    }
    fn call(&mut self, call: &CallSite, result: Type, args: &[Scalar]) -> Called {
        if self.slice < i64::from(call.cost) {
            return Called::Refused(ExitReason::Poll);
        }
        if self.depth == 0 {
            return Called::Refused(ExitReason::CallDepth);
        }
        let linked = call.link.map_or(Some(self.unit), |link| self.program.linked[link as usize]);
        let Some(unit) = linked else {
            return Called::Refused(ExitReason::NoCode);
        };
        assert_eq!(self.program.functions[unit].result, Some(result));
        self.slice -= i64::from(call.cost);
        self.depth -= 1;
        let returned = self.enter(unit, args);
        self.depth += 1;
        returned.map_or(Called::Left, Called::Returned)
    }
}
