//! The assembler's second half: names become numbers once all of them are known.
//!
//! Part of the assembler, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! Locals and labels are resolved at the end of their function, globals and functions at the end of the file.
//! Invariant: an operand is resolved or draws an error, so that a program without errors has no operand left
//! open.

use super::literal::{shown, unquote};
use super::{Assembler, Body, Fixup, name_text};
use crate::diagnostic::Diagnostic;
use crate::ops::{ControlFlow, Op, Operand};
use crate::program::{FuncId, Inst, Program};
use crate::verify::{MAX_LOCALS, counted};
use std::collections::HashSet;
use std::ops::Range;

/// An operand as written.
enum Written {
    Name(String),
    Number(u64),
    /// Starts like a number but is none that counts anything.
    BadNumber,
}

fn written(text: &str) -> Written {
    if text.starts_with('"') {
        // The string was read before, when its errors were reported.
        return Written::Name(unquote(text).unwrap_or_default());
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
        return Written::Name(text.to_owned());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        // A number beyond 64 bits is as far out of any range as the greatest one.
        return Written::Number(text.parse().unwrap_or(u64::MAX));
    }
    Written::BadNumber
}

impl Fixup {
    fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Assembler<'_> {
    /// Resolves and defines the function being read, if there is one.
    pub(super) fn end_function(&mut self) {
        let Some(mut body) = self.body.take() else { return };
        let fixups = std::mem::take(&mut body.fixups);
        self.infer_locals(&mut body, &fixups);
        // Errors name the function that is being read.
        self.body = Some(body);
        let mut needs_halt = false;
        for fixup in &fixups {
            let Some(body) = &self.body else { return };
            let op = body.builder.code().get(fixup.pc as usize).map_or(Op::Nop, |inst| inst.op);
            let resolved = match op.info().operand {
                Operand::Target => self.resolve_target(op, fixup),
                _ => self.resolve_local(fixup),
            };
            let (Some(arg), Some(body)) = (resolved, &mut self.body) else { continue };
            needs_halt |= op.info().operand == Operand::Target && arg == body.builder.here();
            body.builder.patch(fixup.pc, arg);
        }
        let Some(mut body) = self.body.take() else { return };
        let falls_off = |last: Option<&Inst>| {
            last.is_none_or(|i| matches!(i.op.info().flow, ControlFlow::Next | ControlFlow::Branch))
        };
        if needs_halt || (body.implicit && falls_off(body.builder.code().last())) {
            body.builder.op(Op::Halt);
        }
        if let Some(id) = body.id {
            self.program.define(id, body.builder);
        }
    }

    /// Declares the locals that are only used, see the rules in the module documentation.
    fn infer_locals(&mut self, body: &mut Body, fixups: &[Fixup]) {
        let op_at = |body: &Body, pc: u32| body.builder.code().get(pc as usize).map_or(Op::Nop, |i| i.op);
        let uses = || fixups.iter().filter(|f| op_at(body, f.pc).info().operand == Operand::Local);
        let mut stored: HashSet<String> = HashSet::new();
        let mut slots = 0;
        let mut names = Vec::new();
        for fixup in uses() {
            match written(self.text(&fixup.span())) {
                Written::Name(name) => {
                    let known = body.locals.contains_key(&name) || stored.contains(&name);
                    if !known && (body.implicit || op_at(body, fixup.pc) == Op::StoreLocal) {
                        stored.insert(name.clone());
                    }
                    if !body.locals.contains_key(&name) {
                        names.push((name, fixup.span()));
                    }
                }
                Written::Number(slot) if body.implicit && slot < MAX_LOCALS as u64 => {
                    slots = slots.max(slot as usize + 1);
                }
                Written::Number(_) | Written::BadNumber => {}
            }
        }
        while body.builder.locals().len() < slots {
            let mut name = format!("l{}", body.builder.locals().len());
            while body.locals.contains_key(&name) {
                name.push('_');
            }
            let slot = body.builder.local(&name);
            body.locals.insert(name, slot);
        }
        for (name, span) in names {
            if body.locals.contains_key(&name) || !stored.contains(&name) {
                continue;
            }
            if body.locals.len() >= MAX_LOCALS {
                return self.error(span, format!("a function has at most {MAX_LOCALS} locals"), None);
            }
            let slot = body.builder.local(&name);
            body.locals.insert(name, slot);
        }
    }

    fn resolve_local(&mut self, fixup: &Fixup) -> Option<u32> {
        let body = self.body.as_ref().filter(|body| !body.is_broken)?;
        let count = body.builder.locals().len();
        let text = self.text(&fixup.span());
        match written(text) {
            Written::Name(name) => {
                if let Some(&slot) = body.locals.get(&name) {
                    return Some(slot);
                }
                // Past the cap on locals there is an error already.
                if count >= MAX_LOCALS {
                    return None;
                }
                let hint = self
                    .did_you_mean(&name, body.builder.locals().iter().map(String::as_str))
                    .unwrap_or_else(|| {
                        format!("declare it with `local {}` or store to it", shown(&name_text(&name)))
                    });
                let message = format!("unknown local `{}`", shown(&name));
                self.error(fixup.span(), message, Some(hint));
            }
            Written::Number(slot) if slot < count as u64 => return Some(slot as u32),
            Written::Number(_) if body.implicit => {
                let message = format!(
                    "slot {} is out of range: a function has at most {MAX_LOCALS} locals",
                    shown(text)
                );
                self.error(fixup.span(), message, None);
            }
            Written::Number(_) => {
                let function = shown(body.builder.name());
                let count = counted(count as u64, "local");
                let message = format!("slot {} is out of range: `{function}` has {count}", shown(text));
                self.error(fixup.span(), message, Some("declare more with `local x, y`".to_owned()));
            }
            Written::BadNumber => self.bad_number(fixup, "slot number"),
        }
        None
    }

    fn resolve_target(&mut self, op: Op, fixup: &Fixup) -> Option<u32> {
        let body = self.body.as_ref()?;
        let length = body.builder.here();
        let text = self.text(&fixup.span());
        match written(text) {
            Written::Name(name) => {
                if let Some(&(pc, _)) = body.labels.get(&name) {
                    return Some(pc);
                }
                let hint = self.did_you_mean(&name, body.labels.keys().map(String::as_str));
                let message = format!("unknown label `{}`", shown(&name));
                self.error(fixup.span(), message, hint);
            }
            Written::Number(pc) if pc <= u64::from(length) => return Some(pc as u32),
            Written::Number(_) => {
                let instructions = counted(length.into(), "instruction");
                let function = shown(body.builder.name());
                let message =
                    format!("target {} is out of range: `{function}` has {instructions}", shown(text));
                let hint = format!("`{op}` can go to pc 0 to pc {length}; the last one ends the program");
                self.error(fixup.span(), message, Some(hint));
            }
            Written::BadNumber => self.bad_number(fixup, "pc"),
        }
        None
    }

    fn bad_number(&mut self, fixup: &Fixup, what: &str) {
        let text = shown(self.text(&fixup.span()));
        let hint = format!("a {what} is a decimal number from 0");
        self.error(fixup.span(), format!("`{text}` is not a {what}"), Some(hint));
    }

    /// Resolves an operand that is a global or a function.
    fn resolve_shared(&mut self, op: Op, fixup: &Fixup) -> Option<u32> {
        let is_global = op.info().operand == Operand::Global;
        let text = self.text(&fixup.span());
        let (what, number, count) = match is_global {
            true => ("global", "slot", self.program.globals().len()),
            false => ("function", "index", self.defined_at.len()),
        };
        match written(text) {
            Written::Name(name) => {
                let found = match is_global {
                    true => self.program.find_global(&name),
                    false => self.program.find_function(&name).map(|f| f.0),
                };
                if found.is_some() {
                    return found;
                }
                let hint = match is_global {
                    true => self
                        .did_you_mean(&name, self.program.globals().iter().map(String::as_str))
                        .or_else(|| Some(format!("declare it with `global {}`", shown(&name_text(&name))))),
                    false => self.did_you_mean(&name, self.function_names()),
                };
                self.error(fixup.span(), format!("unknown {what} `{}`", shown(&name)), hint);
            }
            Written::Number(n) if n < count as u64 => return Some(n as u32),
            Written::Number(_) => {
                let count = counted(count as u64, what);
                let message = format!("{number} {} is out of range: the program has {count}", shown(text));
                let hint = is_global.then(|| "declare globals with `global x, y`".to_owned());
                self.error(fixup.span(), message, hint);
            }
            Written::BadNumber if is_global => self.bad_number(fixup, "slot number"),
            Written::BadNumber => self.bad_number(fixup, "function index"),
        }
        None
    }

    fn function_names(&self) -> impl Iterator<Item = &str> {
        (0..self.defined_at.len() as u32)
            .map_while(|id| self.program.function(FuncId(id)))
            .map(|f| f.name.as_str())
    }

    /// Resolves what concerns the whole file.
    pub(super) fn finish(mut self) -> Result<Program, Vec<Diagnostic>> {
        for (id, op, fixup) in std::mem::take(&mut self.shared) {
            if let Some(arg) = self.resolve_shared(op, &fixup) {
                self.program.patch(id, fixup.pc, arg);
            }
        }
        let main = self.program.find_function("main").unwrap_or(FuncId(0));
        self.program.set_entry(main);
        if let Some((span, open)) = self.entry.take() {
            let fixup = Fixup { pc: 0, start: span.start, end: span.end };
            let is_readable = match self.text(&span) {
                quoted if quoted.starts_with('"') => self.read_string(span.clone(), quoted).is_some(),
                _ => true,
            };
            if is_readable && let Some(id) = self.resolve_shared(Op::Call, &fixup) {
                self.program.set_entry(FuncId(id));
            }
            self.program.set_open_entry(open || self.is_bare);
        }
        if self.errors.count() == 0 { Ok(self.program.finish()) } else { Err(self.sorted_errors()) }
    }

    /// The errors in order of the text; what counts the rest stays last.
    fn sorted_errors(self) -> Vec<Diagnostic> {
        let mut errors = self.errors.finish();
        errors.sort_by_key(|e| e.place.span.as_ref().map_or(usize::MAX, |s| s.start));
        errors
    }
}
