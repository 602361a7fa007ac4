//! The loop's part for people who go through a program step by step: where it stands, what its counters say, what can be
//! changed.
//!
//! It looks at all of `profile -> detect -> compile -> cache -> execute -> deoptimise` while it happens. Stepping costs the
//! tiers nothing: the loop asks a listener before it hands control to any of them, and a single instruction is what the
//! interpreter executes for slow paths and recordings too. So inside of compiled code nobody can stop: there a step goes to
//! where control leaves it. What a program computes, and what it is charged, is the same; what is set by hand
//! ([`Paused::set_local`]) is the listener's doing.

use super::{Next, Run};
use crate::abi::values::type_of;
use crate::compile::driver::Failure;
pub use crate::detect::policy::Standing;
use crate::event::{Event, Spot, UnitKind};
use crate::execute::interpreter::step;
use crate::ids::{Arriving, PlaceKey};
use crate::options::{Strategy, Tier};
use crate::reason::Reason;
use crate::stats::PlaceKind;
use bytecode::{FuncId, Inst, disasm};
use runtime::num::Output;
use runtime::{LimitKind, Stop, StopKind, Value};
use std::ops::ControlFlow;

/// How to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// Execute one instruction in the interpreter.
    Step,
    /// Run at full speed, in whatever code there is, until something needs the engine.
    Run,
    /// Stop the program.
    Stop,
}

/// Compiled code that control is about to go into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeHere {
    /// The unit.
    pub unit: u32,
    /// Its tier.
    pub tier: Tier,
}

/// A variable or an operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name; empty for an operand.
    pub name: String,
    /// The type of its value.
    pub kind: String,
    /// The value as text, cut if it is long.
    pub value: String,
}

/// A place that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Where it is.
    pub at: Spot,
    /// Whether calls are counted, or rounds.
    pub kind: PlaceKind,
    /// What was counted, of how many.
    pub standing: Standing,
}

/// A program that stands still: before an instruction that the interpreter would execute, or before compiled code.
pub struct Paused<'a, 'e> {
    run: &'a mut Run<'e>,
    code: Option<CodeHere>,
}

impl Run<'_> {
    /// Asks how to go on, where control is about to go into the interpreter or into compiled code.
    pub(super) fn consult(&mut self, next: Next) -> ControlFlow<Result<Value, Stop>, Next> {
        let code = match next {
            Next::Interpret => None,
            Next::Resume => self.baseline_here(),
            Next::Enter(unit) => Some(CodeHere { unit, tier: Tier::Optimizing }),
            Next::Step | Next::Arrive(_) | Next::Done => return ControlFlow::Continue(next),
        };
        // A recording executes what it records, whatever code there is.
        let code = code.filter(|_| self.recording.is_none());
        let Some(listener) = self.step_listener.take() else { return ControlFlow::Continue(next) };
        let go = listener(&mut Paused { run: self, code });
        self.step_listener = Some(listener);
        match (go, next) {
            // It may have been taken out meanwhile.
            (Go::Run, Next::Enter(unit)) if self.cache.get(unit).is_none() => {
                ControlFlow::Continue(Next::Resume)
            }
            (Go::Step, Next::Enter(_)) if self.recording.is_some() => ControlFlow::Continue(next),
            (Go::Run, _) => ControlFlow::Continue(next),
            (Go::Step, _) => ControlFlow::Continue(Next::Step),
            (Go::Stop, _) => {
                let kind = StopKind::Limit(LimitKind::Cancelled);
                self.vm.set_stop(kind, "stopped while stepping through it".to_string());
                let left = self.vm.run_left(self.vm.regs.function, self.vm.regs.pc);
                ControlFlow::Break(Err(self.stopped(left)))
            }
        }
    }

    /// Executes one instruction in the interpreter.
    pub(super) fn step(&mut self) -> ControlFlow<Result<Value, Stop>, Next> {
        self.interrupted_round = false;
        if std::mem::take(&mut self.returned)
            && let Some(code) = self.baseline_here()
        {
            // It has counted what is interpreted now.
            let left = self.vm.run_left(self.vm.regs.function, self.vm.regs.pc);
            self.count_compiled(code.unit, 0, left);
        }
        match step(&mut self.vm) {
            Ok(()) => ControlFlow::Continue(Next::Interpret),
            Err(leave) => self.judge(leave),
        }
    }

    /// The innermost loop around the current place, if there is one, and the function.
    fn places_here(&self) -> impl Iterator<Item = PlaceKey> {
        let (function, pc) = (self.vm.regs.function, self.vm.regs.pc);
        let head = self.policy.loop_head_around(&self.vm, function, pc);
        let around = head.map(|pc| PlaceKey { function, pc, arriving: Arriving::Loop });
        around.into_iter().chain([PlaceKey { function, pc: 0, arriving: Arriving::Entry }])
    }

    /// Takes optimized code out because somebody asked for it, and has the next be made when control comes there again.
    fn make_anew(&mut self, unit: u32, place: PlaceKey) {
        self.take_out(unit, place, Reason::AskedFor {});
        self.policy.hurry(&mut self.vm, place);
    }
}

impl Paused<'_, '_> {
    /// The instruction that is next.
    pub fn at(&self) -> Spot {
        Spot::of(&self.run.vm, self.run.vm.regs.function, self.run.vm.regs.pc)
    }

    /// The same as numbers: the function, and the instruction in it.
    pub fn position(&self) -> (u32, u32) {
        (self.run.vm.regs.function, self.run.vm.regs.pc)
    }

    /// The instruction that is next, as data; its number in the table of opcodes, and its argument.
    pub fn instruction(&self) -> Inst {
        let regs = self.run.vm.regs;
        self.run.vm.program.program().functions[regs.function as usize].code[regs.pc as usize]
    }

    /// The same as text.
    pub fn instruction_text(&self) -> String {
        let regs = self.run.vm.regs;
        disasm::instruction_text(self.run.vm.program.program(), FuncId(regs.function), regs.pc)
    }

    /// The kinds of operands that it has seen so far, one text for each.
    pub fn seen(&self) -> Vec<String> {
        let regs = self.run.vm.regs;
        let feedback = self.run.vm.functions[regs.function as usize].cells[regs.pc as usize].feedback;
        let kinds = [feedback.left(), feedback.right()].into_iter().filter(|kinds| kinds.0 != 0);
        kinds.map(|kinds| kinds.describe()).collect()
    }

    /// Compiled code that control is about to go into.
    pub fn code(&self) -> Option<CodeHere> {
        self.code
    }

    /// Whether the way that control takes is being recorded, for a trace.
    pub fn is_recording(&self) -> bool {
        self.run.recording.is_some()
    }

    /// How many calls wait.
    pub fn depth(&self) -> usize {
        self.run.vm.frames.len()
    }

    /// The active calls, innermost first, at most so many: where each stands.
    pub fn calls(&self, most: usize) -> Vec<Spot> {
        let vm = &self.run.vm;
        let waiting = vm.frames.iter().rev().map(|f| Spot::of(vm, f.function, f.pc.saturating_sub(1)));
        [self.at()].into_iter().chain(waiting).take(most).collect()
    }

    /// The current call's variables.
    pub fn locals(&self) -> Vec<Variable> {
        let vm = &self.run.vm;
        let names = vm.program.program().functions[vm.regs.function as usize].locals.iter();
        names.zip(0..).map(|(name, slot)| self.variable(name, vm.local(slot))).collect()
    }

    /// The program's global variables.
    pub fn globals(&self) -> Vec<Variable> {
        let vm = &self.run.vm;
        let names = vm.program.program().globals.iter().zip(&vm.globals);
        names.map(|(name, &value)| self.variable(name, value)).collect()
    }

    /// The current call's operands, the top last.
    pub fn operands(&self) -> Vec<Variable> {
        let vm = &self.run.vm;
        let operands = vm.stack[vm.operands_start() as usize..vm.regs.sp as usize].iter();
        operands.map(|&bits| self.variable("", Value::from_bits(bits))).collect()
    }

    fn variable(&self, name: &str, value: Value) -> Variable {
        let vm = &self.run.vm;
        let kind = match type_of(vm, value) {
            ir::Type::Boxed => vm.store.operand(value).type_name(),
            ty => ty.name(),
        };
        Variable { name: name.to_owned(), kind: kind.to_owned(), value: vm.store.describe(value) }
    }

    /// The counters of the innermost loop around the current place, if there is one, and of the current function.
    pub fn counters(&self) -> Vec<Counter> {
        self.run.places_here().map(|key| self.counter(key)).collect()
    }

    fn counter(&self, key: PlaceKey) -> Counter {
        let kind = match key.arriving {
            Arriving::Loop => PlaceKind::Loop,
            Arriving::Entry => PlaceKind::Function,
        };
        let at = Spot::of(&self.run.vm, key.function, key.pc);
        Counter { at, kind, standing: self.run.policy.standing(&self.run.vm, key) }
    }

    /// Instructions executed so far: by the interpreter, and in compiled code.
    pub fn executed(&self) -> (u64, u64) {
        let regs = self.run.vm.regs;
        self.run.vm.instructions(self.run.vm.run_left(regs.function, regs.pc))
    }

    /// Rounds of loops made in compiled code so far.
    pub fn rounds(&self) -> u64 {
        self.run.vm.counters.jit_iterations
    }

    /// Sends the program's output on its way.
    pub fn flush(&mut self) {
        self.run.vm.store.io.flush();
    }

    /// Gives a variable of the current call another value; `false` if there is none of this name.
    pub fn set_local(&mut self, name: &str, value: &Output) -> bool {
        let vm = &mut self.run.vm;
        let names = &vm.program.program().functions[vm.regs.function as usize].locals;
        let Some(slot) = names.iter().position(|local| local == name) else { return false };
        let value = vm.store.value(value.clone());
        vm.stack[vm.regs.base as usize + slot] = value.bits();
        true
    }

    /// Has the current function be compiled for the baseline tier, now, or the innermost loop around the current place (if
    /// there is none, the function) be optimized, when control comes there next; whatever the counters say. Gives the place, and what begins there.
    ///
    /// # Errors
    /// Why that cannot be, in words.
    pub fn compile(&mut self, tier: Tier) -> Result<(PlaceKind, Spot), String> {
        let function = self.run.vm.regs.function;
        let entry = Spot::of(&self.run.vm, function, 0);
        if tier == Tier::Optimizing && !self.run.policy.optimizes() {
            return Err("the optimizing tier is switched off (--max-tier)".to_string());
        }
        let has_baseline = self.run.policy.tier(function) == Tier::Baseline;
        if tier == Tier::Baseline && has_baseline {
            return Err(format!("`{}` has baseline code already", entry.function));
        }
        if !has_baseline && self.run.policy.has_baseline_tier(function) {
            self.compile_for_baseline(function)?;
        } else if tier == Tier::Baseline {
            return Err(format!("there is no baseline tier for `{}`", entry.function));
        }
        if tier != Tier::Optimizing {
            return Ok((PlaceKind::Function, entry));
        }
        let place = self.run.places_here().next();
        let place = place.unwrap_or(PlaceKey { function, pc: 0, arriving: Arriving::Entry });
        match self.run.policy.compiled(place) {
            Some(unit) => self.run.make_anew(unit, place),
            None => self.run.policy.hurry(&mut self.run.vm, place),
        }
        let kind = match place.arriving {
            Arriving::Loop => PlaceKind::Loop,
            Arriving::Entry => PlaceKind::Function,
        };
        Ok((kind, Spot::of(&self.run.vm, function, place.pc)))
    }

    fn compile_for_baseline(&mut self, function: u32) -> Result<(), String> {
        match self.run.compile_baseline(function) {
            Ok(()) => Ok(()),
            Err(Failure::NoMemory(why)) => {
                let words = why.to_string();
                self.run.no_jit(why);
                Err(words)
            }
            Err(Failure::Interrupted) => Err("the program must stop".to_string()),
            Err(Failure::Refused(why) | Failure::GaveUp(why)) => {
                self.run.policy.baseline_refused(function);
                let words = why.to_string();
                let at = Spot::of(&self.run.vm, function, 0);
                self.run.emit(|_| Event::Refuse { at, tier: Tier::Interpreter, why });
                Err(words)
            }
        }
    }

    /// Has optimized code leave at an instruction of the current function, in each round, as if what it takes for granted
    /// there were wrong; `None`: nowhere any more. Code that is there already is made anew when control comes there next;
    /// gives how many units that are.
    ///
    /// # Errors
    /// If optimized code never leaves at that instruction.
    pub fn force_exit(&mut self, pc: Option<u32>) -> Result<usize, String> {
        let function = self.run.vm.regs.function;
        let code = &self.run.vm.program.program().functions[function as usize].code;
        if let Some(pc) = pc {
            match code.get(pc as usize) {
                Some(inst) if inst.op.info().may_exit => {}
                Some(inst) => return Err(format!("`{}` has no guard", inst.op.info().mnemonic)),
                None => return Err(format!("the function has no pc {pc}")),
            }
        }
        self.run.driver.forced.at = pc.map(|pc| (function, pc));
        let units = self.run.cache.units_mut().filter(|unit| unit.place.function == function);
        let units: Vec<(u32, PlaceKey)> = units.map(|unit| (unit.id, unit.place)).collect();
        for &(unit, place) in &units {
            self.run.make_anew(unit, place);
        }
        Ok(units.len())
    }

    /// Has the optimizing tier choose code by another strategy from now on. Code that is there already stays.
    pub fn set_strategy(&mut self, strategy: Strategy) {
        self.run.policy.set_strategy(strategy);
    }

    /// The optimized code that is installed, by number: what it is of, and where it is entered.
    pub fn units(&mut self) -> Vec<(u32, UnitKind, Spot)> {
        let units = self.run.cache.units_mut();
        let mut units: Vec<(u32, bool, PlaceKey)> =
            units.map(|unit| (unit.id, unit.is_method(), unit.place)).collect();
        units.sort_unstable_by_key(|unit| unit.0);
        let kind = |is_method, place| match is_method {
            true => UnitKind::Method,
            false if self.run.trees.contains_key(&place) => UnitKind::Trace,
            false => UnitKind::Region,
        };
        let vm = &self.run.vm;
        let shown = units.into_iter();
        shown.map(|(id, m, place)| (id, kind(m, place), Spot::of(vm, place.function, place.pc))).collect()
    }
}
