//! The verifier: proves once that a program is well-formed, so that no tier checks it again.
//!
//! It stands at the door of `profile -> detect -> compile -> cache -> execute -> deoptimise`: only a [`Verified`]
//! program goes in, and only [`verify`] makes one. What holds of it:
//!
//! - every function has code, and control never runs past its end;
//! - the height of the operand stack before each reachable instruction is one number, whatever path led there;
//!   nothing is ever popped from an empty stack;
//! - all targets, slots and indices are in range, in code that can't be reached too;
//! - ints among the constants are in their smallest form and all NaNs are the one canonical NaN;
//! - the caps below hold.
//!
//! Time and memory are linear in the size of the program.

use crate::build::normal;
use crate::diagnostic::{Collector, Diagnostic, Place};
use crate::fuel;
use crate::ops::{ControlFlow, Op, Operand};
use crate::program::{Const, FuncId, Function, Inst, MAX_FOOTPRINT, Program};
use crate::routine::Routine;
use std::collections::HashMap;

/// The most functions of a program.
pub const MAX_FUNCTIONS: usize = 65_535;
/// The most locals of a function, parameters included.
pub const MAX_LOCALS: usize = 65_535;
/// The greatest height of an operand stack, in values.
pub const MAX_STACK: u32 = 65_535;
/// The most instructions of a function.
pub const MAX_CODE: usize = 1 << 24;
/// The most constants of a program.
pub const MAX_CONSTANTS: usize = 1 << 24;
/// The most globals of a program.
pub const MAX_GLOBALS: usize = 65_535;
/// The most bits of an int among the constants, sign aside.
pub const MAX_INT_BITS: usize = 1 << 20;

/// How many bad operands of one function are reported; they tend to have one cause.
const MAX_BAD_OPERANDS: usize = 8;

/// Where errors go: what a `try` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The pc where control goes on.
    pub target: u32,
    /// How many operands stay; the exception is pushed on top of them.
    pub height: u32,
    /// The handler around it, or [`Facts::NO_HANDLER`]: that of errors at the target.
    pub outer: u32,
}

/// What is proved of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The height of the operand stack, in values, before each pc; [`Facts::UNREACHABLE`] where control never comes.
    pub heights: Vec<u32>,
    /// The greatest height that the operand stack reaches, in values.
    pub max_stack: u32,
    /// For each pc, the number of the innermost handler of errors, or [`Facts::NO_HANDLER`]; empty if there are none.
    pub handler_at: Vec<u32>,
    /// The handlers of errors.
    pub handlers: Vec<Handler>,
    /// What entering the code at each pc costs in fuel: [`fuel::run_costs`].
    pub run_costs: Vec<u32>,
}

impl Facts {
    /// In [`Facts::heights`]: control never comes here.
    pub const UNREACHABLE: u32 = u32::MAX;
    /// In [`Facts::handler_at`]: an error ends the call.
    pub const NO_HANDLER: u32 = u32::MAX;

    /// Where an error at a pc goes, if the function handles it.
    pub fn handler(&self, pc: u32) -> Option<&Handler> {
        let handler = *self.handler_at.get(pc as usize)?;
        self.handlers.get(handler as usize)
    }
}

/// A program that [`verify`] has accepted, with what was proved of it. It can't be changed any more.
#[derive(Clone, Debug)]
pub struct Verified {
    program: Program,
    facts: Vec<Facts>,
    warnings: Vec<Diagnostic>,
}

impl Verified {
    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What is proved of a function.
    ///
    /// # Panics
    /// If the program has no such function.
    pub fn facts(&self, f: FuncId) -> &Facts {
        &self.facts[f.0 as usize]
    }

    /// What looks wrong but does no harm.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// Proves a program well-formed. NaN constants are replaced by the one canonical NaN; otherwise the program stays as it is.
///
/// # Errors
/// Why the program is refused: at least one error, at most [`crate::diagnostic::MAX_DIAGNOSTICS`] and a last one that
/// counts the rest. Each names its function and, where there is one, its pc and source line.
pub fn verify(mut program: Program) -> Result<Verified, Vec<Diagnostic>> {
    let mut errors = Collector::default();
    let mut warnings = Collector::default();
    check_program(&program, &mut errors);
    let mut facts = Vec::new();
    if errors.count() == 0 {
        for function in &program.functions {
            let checker = Checker { program: &program, function };
            facts.extend(checker.check(&mut errors, &mut warnings));
        }
    }
    if errors.count() > 0 {
        return Err(errors.finish());
    }
    for constant in &mut program.constants {
        if matches!(constant, Const::Float(x) if x.is_nan()) {
            *constant = normal(std::mem::replace(constant, Const::None));
        }
    }
    Ok(Verified { program, facts, warnings: warnings.finish() })
}

/// Checks what is not inside the code of one function.
fn check_program(program: &Program, errors: &mut Collector) {
    let nowhere = || Place { source_name: program.source_name.clone(), ..Place::default() };
    let mut refuse = |message: String| errors.add(|| Diagnostic::error(message, nowhere()));
    let caps = [
        ("functions", program.functions.len(), MAX_FUNCTIONS),
        ("constants", program.constants.len(), MAX_CONSTANTS),
        ("globals", program.globals.len(), MAX_GLOBALS),
    ];
    for (what, count, cap) in caps {
        if count > cap {
            refuse(format!("the program has {count} {what}; {cap} are allowed"));
        }
    }
    let footprint = program.footprint();
    if footprint > MAX_FOOTPRINT {
        refuse(format!("the program takes {footprint} bytes of memory; {MAX_FOOTPRINT} are allowed"));
    }
    if program.functions.is_empty() {
        refuse("the program has no function".to_owned());
    } else if program.entry as usize >= program.functions.len() {
        let count = counted(program.functions.len() as u64, "function");
        refuse(format!("the entry is function {}, but the program has {count}", program.entry));
    }
    for (index, constant) in program.constants.iter().enumerate() {
        if let Const::BigInt(value) = constant {
            if i64::try_from(value).is_ok() {
                refuse(format!("constant {index} is an int that is not in its smallest form"));
            } else if bits(value) > MAX_INT_BITS {
                let bits = bits(value);
                refuse(format!("constant {index} is an int of {bits} bits; {MAX_INT_BITS} are allowed"));
            }
        }
    }

    let mut names: HashMap<&str, usize> = HashMap::new();
    for (index, function) in program.functions.iter().enumerate() {
        let mut refuse = |message: String| {
            errors.add(|| {
                let line = function.lines.first().copied().unwrap_or(0);
                let place = Place { line, function: Some(function.name.clone()), ..nowhere() };
                Diagnostic::error(message, place)
            });
        };
        let name = &function.name;
        if let Some(first) = names.insert(name, index) {
            refuse(format!("functions {first} and {index} are both named `{name}`"));
        }
        let (params, locals) = (function.params, function.locals.len());
        let (code, lines) = (function.code.len(), function.lines.len());
        if params as usize > locals {
            let (params, locals) = (counted(params.into(), "parameter"), counted(locals as u64, "local"));
            refuse(format!("function `{name}` has {params} but only {locals}"));
        }
        if locals > MAX_LOCALS {
            refuse(format!("function `{name}` has {locals} locals; {MAX_LOCALS} are allowed"));
        }
        if code == 0 {
            refuse(format!("function `{name}` has no code"));
        }
        if code > MAX_CODE {
            refuse(format!("function `{name}` has {code} instructions; {MAX_CODE} are allowed"));
        }
        if lines != code {
            let (lines, code) = (counted(lines as u64, "source line"), counted(code as u64, "instruction"));
            refuse(format!("function `{name}` has {lines} for {code}"));
        }
    }
}

/// How many bits an int has, sign aside.
pub(crate) fn bits(value: &dashu_int::IBig) -> usize {
    use dashu_int::ops::BitTest;
    value.bit_len()
}

/// "1 value", "2 values".
pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Checks the code of one function of a program whose outside was checked.
struct Checker<'a> {
    program: &'a Program,
    function: &'a Function,
}

/// What following the control flow has found out.
struct Found {
    heights: Vec<u32>,
    max_stack: u32,
    handler_at: Vec<u32>,
    handlers: Vec<Handler>,
}

/// An edge of the control-flow graph that brings another height than was known.
struct Clash {
    from: u32,
    to: u32,
    known: u32,
    brought: u32,
}

impl Checker<'_> {
    fn check(&self, errors: &mut Collector, warnings: &mut Collector) -> Option<Facts> {
        let before = errors.count();
        self.check_operands(errors);
        if errors.count() > before {
            return None;
        }
        match self.find_heights() {
            Ok(Found { heights, max_stack, handler_at, handlers }) => {
                self.warn_unreachable(&heights, warnings);
                let run_costs = fuel::run_costs(&self.function.code);
                Some(Facts { heights, max_stack, handler_at, handlers, run_costs })
            }
            Err(error) => {
                errors.add(|| *error);
                None
            }
        }
    }

    fn place(&self, pc: u32) -> Place {
        Place {
            source_name: self.program.source_name.clone(),
            line: self.function.lines.get(pc as usize).copied().unwrap_or(0),
            function: Some(self.function.name.clone()),
            pc: Some(pc),
            ..Place::default()
        }
    }

    /// Whether all arguments are in range.
    fn check_operands(&self, errors: &mut Collector) {
        let (program, function) = (self.program, self.function);
        let mut bad = 0;
        for (pc, inst) in function.code.iter().enumerate() {
            let (what, count) = match inst.op.info().operand {
                Operand::None => continue,
                Operand::Const => ("constant", program.constants.len()),
                Operand::Local => ("local", function.locals.len()),
                Operand::Global => ("global", program.globals.len()),
                Operand::Func => ("function", program.functions.len()),
                Operand::Target => ("instruction", function.code.len()),
                Operand::Builtin1 => ("builtin function", crate::Builtin1::ALL.len()),
                Operand::Builtin2 => ("builtin function", crate::Builtin2::ALL.len()),
                Operand::Count | Operand::Pairs => ("value", MAX_STACK as usize + 1),
                Operand::Number => continue,
                Operand::Form => ("constant", program.constants.len()),
                Operand::Routine => ("routine", Routine::ALL.len()),
            };
            let fits = match inst.op.info().operand {
                Operand::Form => program.form(inst.arg).is_some(),
                Operand::Routine => Routine::from_number(inst.arg).is_some_and(|r| r.inputs().is_some()),
                _ => (inst.arg as usize) < count,
            };
            if fits {
                continue;
            }
            bad += 1;
            if bad > MAX_BAD_OPERANDS {
                return;
            }
            errors.add(|| {
                let (op, arg) = (inst.op, inst.arg);
                let message = match inst.op.info().operand {
                    Operand::Target => {
                        format!("`{op}` at pc {pc} goes to pc {arg}, but the code ends at pc {}", count - 1)
                    }
                    Operand::Local => {
                        let count = counted(count as u64, what);
                        format!("`{op}` at pc {pc} uses local {arg}, but `{}` has {count}", function.name)
                    }
                    Operand::Builtin1 | Operand::Builtin2 => {
                        format!("`{op}` at pc {pc} calls builtin function {arg}, but there are {count}")
                    }
                    Operand::Count | Operand::Pairs => {
                        format!("`{op}` at pc {pc} takes {arg} values; {MAX_STACK} are allowed")
                    }
                    Operand::Form if (arg as usize) < count => format!(
                        "`{op}` at pc {pc} needs a str like \"append 1\": a name, the number of arguments, the keywords of the last ones"
                    ),
                    Operand::Routine => {
                        format!("`{op}` at pc {pc} calls routine {arg}, but there is none that it could call")
                    }
                    _ => {
                        let count = counted(count as u64, what);
                        format!("`{op}` at pc {pc} uses {what} {arg}, but the program has {count}")
                    }
                };
                Diagnostic::error(message, self.place(pc as u32))
            });
        }
    }

    /// How many values an instruction takes and leaves.
    fn effect(&self, inst: Inst) -> (u32, u32) {
        let info = inst.op.info();
        (self.program.inputs(inst), info.outputs.len() as u32)
    }

    /// Where control goes from a pc: the next pc and the target, as far as they apply.
    fn successors(pc: u32, inst: Inst) -> [Option<u32>; 2] {
        match inst.op.info().flow {
            ControlFlow::Next => [Some(pc + 1), None],
            ControlFlow::Jump => [Some(inst.arg), None],
            ControlFlow::Branch => [Some(pc + 1), Some(inst.arg)],
            ControlFlow::End => [None, None],
        }
    }

    /// The height and the handler before each pc and the greatest height. Every pc is visited at most once.
    fn find_heights(&self) -> Result<Found, Box<Diagnostic>> {
        let code = &self.function.code;
        let mut heights = vec![Facts::UNREACHABLE; code.len()];
        let mut max_stack = 0;
        let mut handlers: Vec<Handler> = Vec::new();
        let mut handler_at = if code.iter().any(|inst| matches!(inst.op, Op::Try | Op::EndTry)) {
            vec![Facts::NO_HANDLER; code.len()]
        } else {
            Vec::new()
        };
        let mut work = vec![0u32];
        heights[0] = 0;
        while let Some(pc) = work.pop() {
            let (inst, height) = (code[pc as usize], heights[pc as usize]);
            let here = handler_at.get(pc as usize).copied().unwrap_or(Facts::NO_HANDLER);
            if let Some(handler) = handlers.get(here as usize)
                && height < handler.height
            {
                return Err(Box::new(self.below_handler(pc, inst.op, handler.height, height)));
            }
            let (inputs, outputs) = self.effect(inst);
            if height < inputs {
                return Err(Box::new(self.underflow(pc, inst, inputs, height)));
            }
            let after = height - inputs + outputs;
            if after > MAX_STACK {
                let message =
                    format!("`{}` at pc {pc} makes the stack higher than {MAX_STACK} values", inst.op);
                return Err(Box::new(Diagnostic::error(message, self.place(pc))));
            }
            max_stack = max_stack.max(after);
            let handler = match inst.op {
                Op::Try => {
                    max_stack = max_stack.max(height + 1);
                    handlers.push(Handler { target: inst.arg, height, outer: here });
                    handlers.len() as u32 - 1
                }
                Op::EndTry => match handlers.get(here as usize) {
                    Some(handler) => handler.outer,
                    None => return Err(Box::new(self.no_try(pc))),
                },
                _ => here,
            };
            let caught = (inst.op == Op::Try).then_some((inst.arg, height + 1, here));
            // The next pc is pushed last and visited first: messages then follow the code downwards.
            let next = Self::successors(pc, inst).into_iter().rev().flatten().map(|to| (to, after, handler));
            for (to, after, handler) in caught.into_iter().chain(next) {
                let Some(known) = heights.get_mut(to as usize) else {
                    return Err(Box::new(self.past_the_end(pc, inst.op)));
                };
                let known_handler = handler_at.get_mut(to as usize);
                if *known == Facts::UNREACHABLE {
                    *known = after;
                    if let Some(known_handler) = known_handler {
                        *known_handler = handler;
                    }
                    work.push(to);
                } else if *known != after {
                    let clash = Clash { from: pc, to, known: *known, brought: after };
                    return Err(Box::new(self.clash(&heights, &clash)));
                } else if known_handler.is_some_and(|known| *known != handler) {
                    return Err(Box::new(self.other_handler(pc, to)));
                }
            }
        }
        Ok(Found { heights, max_stack, handler_at, handlers })
    }

    fn underflow(&self, pc: u32, inst: Inst, needs: u32, has: u32) -> Diagnostic {
        let name = match inst.op.info().operand {
            Operand::Func => {
                let callee = self.program.functions.get(inst.arg as usize);
                format!("{} {}", inst.op, callee.map_or("", |f| f.name.as_str()))
            }
            _ => inst.op.to_string(),
        };
        let needs = counted(needs.into(), "value");
        let has = if has == 0 { "the stack is empty".to_owned() } else { format!("the stack has {has}") };
        Diagnostic::error(format!("`{name}` at pc {pc} needs {needs}, {has}"), self.place(pc))
    }

    fn below_handler(&self, pc: u32, op: Op, kept: u32, has: u32) -> Diagnostic {
        let (kept, has) = (counted(kept.into(), "value"), counted(has.into(), "value"));
        let message =
            format!("`{op}` at pc {pc} stands inside of a `try` that keeps {kept}, but the stack has {has}");
        Diagnostic::error(message, self.place(pc))
            .with_hint("what is on the stack at a `try` must stay there until its `end_try`")
    }

    fn no_try(&self, pc: u32) -> Diagnostic {
        Diagnostic::error(format!("`end_try` at pc {pc} ends no `try`"), self.place(pc))
    }

    fn other_handler(&self, from: u32, to: u32) -> Diagnostic {
        let message =
            format!("control comes to pc {to} from pc {from} inside of other `try`s than on another path");
        Diagnostic::error(message, self.place(to))
            .with_hint("each path into or out of a `try` passes its `try` or `end_try`")
    }

    fn past_the_end(&self, pc: u32, op: Op) -> Diagnostic {
        let name = &self.function.name;
        let message = format!("control runs past the end of `{name}` after `{op}` at pc {pc}");
        Diagnostic::error(message, self.place(pc)).with_hint("end it with `ret`, `halt` or a jump")
    }

    fn clash(&self, heights: &[u32], clash: &Clash) -> Diagnostic {
        let Clash { from, to, known, brought } = *clash;
        if self.reaches(heights, to, from) {
            let how = if brought > known { "more" } else { "fewer" };
            let count = match known.abs_diff(brought) {
                1 => "one value".to_owned(),
                n => format!("{n} values"),
            };
            let message = format!("loop at pc {to} leaves {count} {how} each time round");
            return Diagnostic::error(message, self.place(to)).with_hint(format!(
                "it goes round from pc {from}; the stack must be as high there as at pc {to}"
            ));
        }
        let (low, high) = (known.min(brought), known.max(brought));
        let message = format!("the paths that meet at pc {to} bring {low} and {high} values");
        Diagnostic::error(message, self.place(to))
            .with_hint("every path to one place must leave equally many values on the stack")
    }

    /// Whether control can come from one pc to another along edges whose heights agree.
    fn reaches(&self, heights: &[u32], from: u32, to: u32) -> bool {
        let code = &self.function.code;
        let mut seen = vec![false; code.len()];
        let mut work = vec![from];
        seen[from as usize] = true;
        while let Some(pc) = work.pop() {
            if pc == to {
                return true;
            }
            let inst = code[pc as usize];
            let (inputs, outputs) = self.effect(inst);
            let height = heights[pc as usize];
            if height == Facts::UNREACHABLE || height < inputs {
                continue;
            }
            for next in Self::successors(pc, inst).into_iter().flatten() {
                let agrees = heights.get(next as usize) == Some(&(height - inputs + outputs));
                if agrees && !seen[next as usize] {
                    seen[next as usize] = true;
                    work.push(next);
                }
            }
        }
        false
    }

    fn warn_unreachable(&self, heights: &[u32], warnings: &mut Collector) {
        let mut pc = 0;
        while pc < heights.len() {
            let first = pc;
            while pc < heights.len() && heights[pc] == Facts::UNREACHABLE {
                pc += 1;
            }
            if pc > first {
                warnings.add(|| {
                    let message = match pc - 1 {
                        last if last == first => format!("pc {first} can never be reached"),
                        last => format!("pc {first} to pc {last} can never be reached"),
                    };
                    Diagnostic::warning(message, self.place(first as u32))
                });
            }
            pc += 1;
        }
    }
}
