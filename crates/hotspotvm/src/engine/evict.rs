//! The loop's part for the limit on code: places code, and takes out what is coldest when there is no room.

use super::Run;
use crate::cache::memory::Piece;
use crate::compile::driver::Failure;
use crate::event::{Event, Spot};
use crate::reason::Reason;

/// Code that can be taken out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Victim {
    #[cfg_attr(not(all(target_arch = "x86_64", target_os = "linux")), allow(dead_code))]
    Baseline(u32),
    Optimized(u32),
}

/// An optimized instruction counts as so much less than an arrival, which stands for a run of them.
const INSTRUCTIONS_PER_ARRIVAL: u64 = 8;

impl Run<'_> {
    /// Puts code where it can run, taking out other code if it must, but none of this function's. Its address, too.
    pub(super) fn place_code(&mut self, bytes: &[u8], function: u32) -> Result<(Piece, u64), Failure> {
        let (size, limit) = (bytes.len() as u64, self.cache.limit() as u64);
        let too_large = Failure::Refused(Reason::CodeTooLarge { bytes: size, limit });
        if size > limit {
            return Err(too_large);
        }
        loop {
            let arena = self.cache.arena().map_err(Failure::no_memory)?;
            if let Some(piece) = arena.add(bytes).map_err(Failure::no_memory)? {
                let address = arena.address(piece);
                return Ok((piece, address));
            }
            let Some(victim) = self.victim(function) else { return Err(too_large) };
            self.evict(victim);
        }
    }

    /// What is to be taken out next, but nothing of this function.
    fn victim(&mut self, spared: u32) -> Option<Victim> {
        for _ in 0..2 {
            while let Some(victim) = self.victims.pop() {
                let function = match victim {
                    Victim::Baseline(function) => Some(function),
                    Victim::Optimized(id) => self.cache.get(id).map(|unit| unit.place.function),
                };
                if function.is_some_and(|function| function != spared) {
                    return Some(victim);
                }
            }
            self.find_victims(spared);
        }
        None
    }

    /// Finds the half of all code that has done least since it was last looked at, the coldest last. (Looking is what
    /// ages code: whoever did much long ago is no warmer than the rest. Half of it, because looking at all of it for
    /// each victim would take longer than compiling.)
    fn find_victims(&mut self, spared: u32) {
        let mut found: Vec<(u64, Victim)> = Vec::new();
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        for (function, unit) in self.cache.baseline.iter_mut().flat_map(|baseline| baseline.units_mut()) {
            let sites = &self.vm.functions[function as usize].sites;
            let arrivals: u64 = sites.iter().map(|site| site.runs + site.back_edges()).sum();
            let heat = arrivals - std::mem::replace(&mut unit.arrivals_before, arrivals);
            if function != spared {
                found.push((heat, Victim::Baseline(function)));
            }
        }
        for unit in self.cache.units_mut() {
            let before = std::mem::replace(&mut unit.instructions_before, unit.instructions);
            if unit.place.function != spared {
                let heat = (unit.instructions - before) / INSTRUCTIONS_PER_ARRIVAL;
                found.push((heat, Victim::Optimized(unit.id)));
            }
        }
        found.sort_by_key(|&(heat, _)| heat);
        found.truncate(found.len().div_ceil(2));
        self.victims = found.into_iter().rev().map(|(_, victim)| victim).collect();
    }

    fn evict(&mut self, victim: Victim) {
        let (unit, function, pc, bytes) = match victim {
            Victim::Optimized(id) => {
                let Some(unit) = self.cache.remove(id) else { return };
                self.policy.evicted(&mut self.vm, unit.place);
                (id, unit.place.function, unit.place.pc, unit.piece.size())
            }
            Victim::Baseline(function) => {
                let Some((id, piece)) = self.remove_baseline(function) else { return };
                self.policy.baseline_removed(&mut self.vm, function);
                (id, function, 0, piece.size())
            }
        };
        self.stats.evictions += 1;
        self.emit(|vm| Event::Evict { unit, at: Spot::of(vm, function, pc), bytes: bytes as u32 });
    }
}
