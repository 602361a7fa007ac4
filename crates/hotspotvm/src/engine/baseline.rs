//! The loop's part for the baseline tier: compile a function, enter its code, judge how it left.
//!
//! On machines without templates the same interface says that there is no such tier, and the ladder goes on without the rung.

use super::{ControlFlow, How, Next, Run, Stop, Value};
use crate::detect::policy::{Arriving, PlaceKey, spot};
use crate::event::Event;
use crate::execute::vm::Vm;
use crate::options::{Options, Tier as Rung};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod present {
    use super::*;
    use crate::cache::baseline::BaselineCache;
    use crate::compile::baseline::{self, Hand, Request, Workspace};
    use crate::execute::baseline::{Left, enter};
    use crate::execute::interpreter::Leave;
    use bytecode::FuncId;
    use std::time::Instant;

    /// How often a unit may get an unexpected result from its slow paths before it is compiled again with what was learned.
    const MAX_UNEXPECTED: u32 = 64;
    /// Bytes of executable memory for baseline code.
    const CODE_BYTES: usize = 64 << 20;

    /// The baseline tier of a run.
    pub struct Tier {
        cache: Option<BaselineCache>,
        exists: bool,
        workspace: Workspace,
    }

    impl Tier {
        pub fn new(options: &Options, _: &Vm) -> Tier {
            let exists = options.max_tier >= Rung::Baseline && !options.stress.skip_baseline;
            Tier { cache: None, exists, workspace: Workspace::default() }
        }

        /// Whether there is such a tier.
        pub fn exists(&self) -> bool {
            self.exists
        }
    }

    impl Run<'_> {
        /// Compiles a function and installs its code.
        pub fn compile_baseline(&mut self, function: u32) -> Result<(), String> {
            let start = self.timing.then(Instant::now);
            let request = Request {
                function,
                functions: &self.vm.functions,
                facts: self.vm.program.facts(FuncId(function)),
                constants: &self.vm.constants,
            };
            let code = baseline::compile(&request, &mut self.baseline.workspace)?;
            let cache = match &mut self.baseline.cache {
                Some(cache) => cache,
                none => {
                    let cache = BaselineCache::new(self.vm.functions.len(), CODE_BYTES);
                    none.insert(cache.map_err(|error| format!("no executable memory ({error})"))?)
                }
            };
            let id = self.cache.next_id();
            self.cache.skip();
            let (instructions, code_bytes) = (code.instructions, code.bytes.len() as u32);
            if !cache.install(function, id, code) {
                return Err(format!("no room for {code_bytes} bytes of code"));
            }
            self.policy.baseline_installed(&mut self.vm, function);
            let nanos = start.map(|start| start.elapsed().as_nanos() as u64);
            self.stats.compile_ns += nanos.unwrap_or(0);
            self.stats.compilations += 1;
            self.stats.code_bytes += u64::from(code_bytes);
            self.emit(|vm| Event::CompileStart {
                unit: id,
                at: spot(vm, function, 0),
                tier: Rung::Baseline,
                strategy: "function",
                instructions,
                assumes: Vec::new(),
            });
            self.emit(|_| Event::CompileEnd {
                unit: id,
                ir_before: 0,
                ir_after: 0,
                code_bytes,
                exits: 0,
                nanos,
                listing: None,
            });
            self.emit(|vm| Event::Install { unit: id, at: spot(vm, function, 0) });
            Ok(())
        }

        /// Runs baseline code from the current place, if there is any for it.
        pub fn enter_baseline(&mut self) -> Option<Left> {
            let cache = self.baseline.cache.as_ref()?;
            let (function, pc) = (self.vm.regs.function, self.vm.regs.pc);
            let unit = cache.get(function)?;
            let returned = std::mem::take(&mut self.returned);
            let paid = if returned { 0 } else { self.vm.run_left(function, pc) };
            let charged = self.vm.fuel_used() - self.vm.counters.size_fuel;
            let start = self.timing.then(Instant::now);
            let left = enter(&mut self.vm, cache, unit)?;
            self.stats.jit_ns += start.map_or(0, |start| start.elapsed().as_nanos() as u64);
            let (function, pc) = (self.vm.regs.function, self.vm.regs.pc);
            let not_executed = match left.hand {
                Hand::Execute | Hand::Unexpected | Hand::LoopTrigger | Hand::Stopped => {
                    self.vm.run_left(function, pc)
                }
                Hand::Slice | Hand::SliceBackEdge | Hand::SliceCall | Hand::Call => 0,
            };
            let executed = self.vm.fuel_used() - self.vm.counters.size_fuel - charged + paid;
            self.vm.counters.jit_instructions += executed.saturating_sub(not_executed);
            let interrupted = std::mem::take(&mut self.interrupted_round);
            self.vm.counters.jit_iterations += left.rounds + u64::from(interrupted);
            Some(left)
        }

        /// Baseline code has left.
        pub fn left_baseline(&mut self, left: Left) -> ControlFlow<Result<Value, Stop>, Next> {
            let next = match left.hand {
                Hand::Execute => Next::Interpret,
                Hand::Unexpected => {
                    self.unexpected();
                    Next::Interpret
                }
                Hand::Slice => return self.next_slice(How::Forward),
                Hand::SliceBackEdge => {
                    self.interrupted_round = true;
                    return self.next_slice(How::Back);
                }
                Hand::SliceCall => return self.next_slice(How::Call),
                Hand::LoopTrigger => {
                    let key = PlaceKey {
                        function: self.vm.regs.function,
                        pc: self.vm.regs.pc,
                        arriving: Arriving::Loop,
                    };
                    self.arrived(key)
                }
                Hand::Call => Next::Arrive(How::Call),
                Hand::Stopped => return self.judge(Leave::Stopped),
            };
            ControlFlow::Continue(next)
        }

        /// A slow path gave a result of another kind than the code after it takes: after a while the code is made anew, since by
        /// then the profile knows.
        fn unexpected(&mut self) {
            let function = self.vm.regs.function;
            let Some(cache) = &mut self.baseline.cache else { return };
            let Some(unit) = cache.get_mut(function) else { return };
            unit.unexpected += 1;
            let id = unit.id;
            if unit.unexpected < MAX_UNEXPECTED || !self.policy.may_recompile_baseline(function) {
                return;
            }
            cache.remove(function, &mut self.vm.frames);
            self.stats.invalidations += 1;
            let why = format!("{MAX_UNEXPECTED} results of slow paths were of another kind than expected");
            self.emit(|vm| Event::Invalidate { unit: id, at: spot(vm, function, 0), why });
            if let Err(why) = self.compile_baseline(function) {
                self.policy.baseline_refused(function);
                self.emit(|vm| Event::Refuse { at: spot(vm, function, 0), tier: Rung::Interpreter, why });
            }
        }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use present::Tier;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod absent {
    use super::*;

    /// No baseline tier.
    pub struct Tier;

    /// No way to leave it.
    pub enum Left {}

    impl Tier {
        pub fn new(_: &Options, _: &Vm) -> Tier {
            Tier
        }

        pub fn exists(&self) -> bool {
            false
        }
    }

    impl Run<'_> {
        pub fn compile_baseline(&mut self, _: u32) -> Result<(), String> {
            Err("there are no templates for this machine".to_string())
        }

        pub fn enter_baseline(&mut self) -> Option<Left> {
            None
        }

        pub fn left_baseline(&mut self, left: Left) -> ControlFlow<Result<Value, Stop>, Next> {
            match left {}
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub use absent::Tier;
