//! The loop's part for the baseline tier: compile a function, enter its code, judge how it left.
//!
//! On machines without templates the same interface says that there is no such tier, and the ladder goes on without the rung.

use super::{ControlFlow, Next, Run, Stop, Value};
use crate::options::Options;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod present {
    use super::*;
    use crate::abi::baseline::{BaselineCode, BaselineExit};
    use crate::cache::baseline::BaselineCache;
    use crate::cache::memory::Piece;
    use crate::compile::baseline::{self, Request, stubs};
    use crate::compile::driver::{Failure, machine_listing};
    use crate::engine::CodeHere;
    use crate::event::{Event, Listing, Spot, UnitKind};
    use crate::execute::baseline::{Left, enter};
    use crate::execute::interpreter::Leave;
    use crate::ids::Arriving;
    use crate::options::Tier;
    use crate::profile::How;
    use crate::reason::Reason;
    use bytecode::{FuncId, disasm};
    use ir::Origin;
    use std::time::Instant;

    /// How often a unit may get an unexpected result from its slow paths before it is compiled again with what was learned.
    const MAX_UNEXPECTED: u32 = 64;
    /// Whether there is such a tier.
    pub fn exists(options: &Options) -> bool {
        options.max_tier >= Tier::Baseline && !options.stress.skip_baseline
    }

    impl Run<'_> {
        /// Compiles a function and installs its code.
        pub fn compile_baseline(&mut self, function: u32) -> Result<(), Failure> {
            if self.vm.is_interrupted() {
                return Err(Failure::Interrupted);
            }
            let start = self.timing.then(Instant::now);
            let request = Request {
                function,
                functions: &self.vm.functions,
                facts: self.vm.program.facts(FuncId(function)),
                constants: &self.vm.constants,
                forms: &self.vm.forms,
                stress: self.driver.forced.seed,
                places: self.driver.listings || self.code_listener.is_some(),
            };
            let refused = |error| Failure::Refused(Reason::Baseline { error });
            let code = baseline::compile(&request, &mut self.workspace).map_err(refused)?;
            if self.cache.baseline.is_none() {
                let arena = self.cache.arena().map_err(Failure::no_memory)?;
                let (code, stubs) = stubs::make().map_err(refused)?;
                let shared = BaselineCache::new(&mut self.vm.functions, &code, stubs, arena)
                    .map_err(Failure::no_memory)?;
                let limit = self.cache.limit() as u64;
                let no_room = || Failure::Refused(Reason::CacheTooSmall { limit });
                self.cache.baseline = Some(shared.ok_or_else(no_room)?);
            }
            let (piece, address) = self.place_code(&code.bytes, function)?;
            let id = self.cache.reserve();
            let place = |&(offset, pc): &(u32, Option<u32>)| Some((offset, Origin { function, pc: pc? }));
            let entry = Origin { function, pc: 0 };
            self.tell_code((id, Tier::Baseline), entry, (address, &code.bytes), || {
                code.places.iter().filter_map(place)
            });
            self.ledger.started(id, (function, 0), Tier::Baseline, UnitKind::Function);
            let (instructions, code_bytes) = (code.instructions, code.bytes.len() as u32);
            let listing = self.driver.listings.then(|| self.baseline_listing(function, &code));
            self.cache.install_baseline(function, id, code, piece);
            self.policy.baseline_installed(&mut self.vm, function);
            let nanos = start.map(|start| start.elapsed().as_nanos() as u64);
            self.stats.compile_ns += nanos.unwrap_or(0);
            self.ledger.made(id, nanos.unwrap_or(0));
            self.stats.compilations += 1;
            self.stats.code_bytes += u64::from(code_bytes);
            self.emit(|vm| Event::CompileStart {
                unit: id,
                at: Spot::of(vm, function, 0),
                tier: Tier::Baseline,
                kind: UnitKind::Function,
                instructions,
                assumes: Vec::new(),
            });
            self.emit(|_| Event::CompileEnd {
                unit: id,
                ir_before: 0,
                ir_after: 0,
                code_bytes,
                exits: 0,
                passes: Vec::new(),
                ways_out: Vec::new(),
                nanos,
                listing,
            });
            self.emit(|vm| Event::Install { unit: id, at: Spot::of(vm, function, 0) });
            Ok(())
        }

        fn baseline_listing(&self, function: u32, code: &BaselineCode) -> Box<Listing> {
            let end = self.vm.functions[function as usize].cells.len() as u32;
            let program = self.vm.program.program();
            let mut lines = codegen::disassemble(&code.bytes, 0, &[]);
            for line in &mut lines {
                let after = code.places.partition_point(|&(offset, _)| offset <= line.offset);
                let pc = after.checked_sub(1).and_then(|i| code.places[i].1);
                line.origin = pc.map(|pc| Origin { function, pc });
            }
            Box::new(Listing {
                bytecode: disasm::listing(program, FuncId(function), 0..end),
                ir_built: String::new(),
                ir_after: Vec::new(),
                ir: String::new(),
                machine: machine_listing(function, &lines),
                parts: Vec::new(),
            })
        }

        /// The baseline code that there is for the current place.
        pub fn baseline_here(&self) -> Option<CodeHere> {
            let unit = self.cache.baseline.as_ref()?.get(self.vm.regs.function)?;
            unit.block_address(self.vm.regs.pc)?;
            Some(CodeHere { unit: unit.id, tier: Tier::Baseline })
        }

        /// Runs baseline code from the current place, if there is any for it.
        pub fn enter_baseline(&mut self) -> Option<Left> {
            let cache = self.cache.baseline.as_ref()?;
            let (function, pc) = (self.vm.regs.function, self.vm.regs.pc);
            let unit = cache.get(function)?;
            let id = unit.id;
            let returned = std::mem::take(&mut self.returned);
            let paid = if returned { 0 } else { self.vm.run_left(function, pc) };
            let charged = self.vm.charged();
            let start = self.timing.then(Instant::now);
            let left = enter(&mut self.vm, cache, unit)?;
            self.stats.baseline_entries += 1;
            let nanos = start.map_or(0, |start| start.elapsed().as_nanos() as u64);
            self.stats.jit_ns += nanos;
            self.sample(Tier::Baseline, nanos);
            let (function, pc) = (self.vm.regs.function, self.vm.regs.pc);
            let not_executed = match left.how {
                BaselineExit::Execute
                | BaselineExit::Unexpected
                | BaselineExit::LoopTrigger
                | BaselineExit::EntryTrigger
                | BaselineExit::Stopped => self.vm.run_left(function, pc),
                BaselineExit::Slice
                | BaselineExit::SliceBackEdge
                | BaselineExit::SliceCall
                | BaselineExit::Call => 0,
            };
            let executed = self.vm.charged() - charged + paid;
            self.ledger.entered(id, left.rounds, nanos);
            // After a return, what is not executed was counted when the call was made.
            self.count_compiled(id, executed, not_executed);
            let interrupted = std::mem::take(&mut self.interrupted_round);
            self.vm.counters.jit_iterations += left.rounds + u64::from(interrupted);
            Some(left)
        }

        /// Baseline code has left.
        pub fn left_baseline(&mut self, left: Left) -> ControlFlow<Result<Value, Stop>, Next> {
            let next = match left.how {
                BaselineExit::Execute => Next::Interpret,
                BaselineExit::Unexpected => {
                    self.unexpected();
                    Next::Interpret
                }
                BaselineExit::Slice => return self.next_slice(How::Forward),
                BaselineExit::SliceBackEdge => {
                    self.interrupted_round = true;
                    return self.next_slice(How::Back);
                }
                BaselineExit::SliceCall => return self.next_slice(How::Call),
                BaselineExit::LoopTrigger => self.arrived(self.key(Arriving::Loop)),
                BaselineExit::EntryTrigger => self.arrived(self.key(Arriving::Entry)),
                BaselineExit::Call => Next::Arrive(How::Call),
                BaselineExit::Stopped => return self.judge(Leave::Stopped),
            };
            ControlFlow::Continue(next)
        }

        /// A slow path gave a result of another kind than the code after it takes: after a while the code is made anew, since by
        /// then the profile knows.
        fn unexpected(&mut self) {
            let function = self.vm.regs.function;
            let Some(cache) = &mut self.cache.baseline else { return };
            let Some(unit) = cache.get_mut(function) else { return };
            unit.unexpected += 1;
            let id = unit.id;
            if unit.unexpected < MAX_UNEXPECTED || !self.policy.may_recompile_baseline(function) {
                return;
            }
            self.remove_baseline(function);
            self.stats.invalidations += 1;
            let why = Reason::UnexpectedResults { count: MAX_UNEXPECTED };
            self.emit(|vm| Event::Invalidate { unit: id, at: Spot::of(vm, function, 0), why });
            match self.compile_baseline(function) {
                Ok(()) => {}
                Err(Failure::NoMemory(why)) => self.no_jit(why),
                // It stays without code; the program stops soon.
                Err(Failure::Interrupted) => self.policy.baseline_removed(&mut self.vm, function),
                Err(Failure::Refused(why) | Failure::GaveUp(why)) => {
                    self.policy.baseline_removed(&mut self.vm, function);
                    self.policy.baseline_refused(function);
                    let at = Spot::of(&self.vm, function, 0);
                    self.emit(|_| Event::Refuse { at, tier: Tier::Interpreter, why });
                }
            }
        }

        /// Takes the code of a function out; its number, and where it was.
        pub fn remove_baseline(&mut self, function: u32) -> Option<(u32, Piece)> {
            let unit = self.cache.remove_baseline(function, &mut self.vm.frames)?;
            Some((unit.id, unit.piece()))
        }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use crate::compile::baseline::Workspace;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use present::exists;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod absent {
    use super::*;
    use crate::cache::memory::Piece;
    use crate::compile::driver::Failure;

    /// Nothing is kept between compilations.
    #[derive(Default)]
    pub struct Workspace;

    /// No way to leave it.
    pub enum Left {}

    /// Whether there is such a tier.
    pub fn exists(_: &Options) -> bool {
        false
    }

    impl Run<'_> {
        pub fn compile_baseline(&mut self, _: u32) -> Result<(), Failure> {
            Err(Failure::Refused(crate::reason::Reason::NoTemplates {}))
        }

        pub fn remove_baseline(&mut self, _: u32) -> Option<(u32, Piece)> {
            None
        }

        pub fn baseline_here(&self) -> Option<super::super::CodeHere> {
            None
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
pub use absent::{Workspace, exists};
