//! **Stage 4, cache:** installed code, found by the place where the interpreter enters it.
//!
//! A [`Unit`] is optimized code with everything needed to enter it, to leave it and to decide about it. Units are only
//! ever entered from the engine's loop, and have left the native stack when control is back there; so one can be taken
//! out at any time that the engine runs. Baseline code, which other baseline code may be about to return to, is in
//! [`baseline`].
//!
//! All code lies in one arena, whose size is a limit of the engine. When it is full, the engine takes out what is coldest.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod baseline;
pub mod memory;

use crate::abi::links::{Links, Method};
use crate::ids::PlaceKey;
use crate::profile::Trial;
use codegen::ExitRecord;
use ir::Input;
use memory::{Arena, Piece};

/// Installed code.
#[derive(Debug)]
pub struct Unit {
    /// Its number: units are counted from 1 in order of compilation.
    pub id: u32,
    /// Where it is entered.
    pub place: PlaceKey,
    /// Where its code is.
    pub piece: Piece,
    /// Where its code runs.
    pub address: u64,
    /// What it takes on entry.
    pub inputs: Vec<Input>,
    /// How it is left.
    pub exits: Vec<ExitRecord>,
    /// How often it was left by each exit.
    pub exit_counts: Vec<u32>,
    /// What its last entries have cost and given, and whether those before them have paid.
    pub trial: Trial,
    /// See `trial`.
    pub has_paid: bool,
    /// Instructions executed in it.
    pub instructions: u64,
    /// Of these, those before it was last asked whether it is cold.
    pub instructions_before: u64,
    /// How often it could not be entered because a value was of another type.
    pub mismatches: u32,
    /// Words of transfer buffer that it needs.
    pub slots: u32,
    /// Bytes of the host's stack that an activation needs, if it is a method.
    pub frame_bytes: u32,
    /// Whether it calls methods.
    pub calls: bool,
    /// What it is to callers, if it is a method.
    pub method: Option<Method>,
}

impl Unit {
    /// Whether it is a method, which optimized code calls.
    pub fn is_method(&self) -> bool {
        self.method.is_some()
    }
}

/// All installed code of an engine.
#[derive(Debug, Default)]
pub struct CodeCache {
    arena: Option<Arena>,
    limit: usize,
    /// Baseline code, once there is any.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    pub baseline: Option<baseline::BaselineCache>,
    units: Vec<Option<Unit>>,
    /// How calls find methods.
    pub links: Links,
    /// The most words that an exit of a method has needed so far.
    method_slots: u32,
    method_frame: u32,
}

impl CodeCache {
    /// An empty cache for so many bytes of code, with memory for it if there is some already.
    pub fn new(limit: usize, arena: Option<Arena>) -> CodeCache {
        CodeCache { limit, arena, ..CodeCache::default() }
    }

    /// Gives up all code, and its memory to be used again.
    pub fn into_arena(self) -> Option<Arena> {
        let mut arena = self.arena?;
        arena.clear();
        Some(arena)
    }

    /// The memory for code.
    ///
    /// # Errors
    /// If the operating system gives no executable memory.
    pub fn arena(&mut self) -> std::io::Result<&mut Arena> {
        match &mut self.arena {
            Some(arena) => Ok(arena),
            none => Ok(none.insert(Arena::new(self.limit)?)),
        }
    }

    /// Installs baseline code of a function, which has been placed.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    pub fn install_baseline(
        &mut self,
        function: u32,
        id: u32,
        code: crate::abi::baseline::BaselineCode,
        piece: Piece,
    ) {
        if let (Some(baseline), Some(arena)) = (&mut self.baseline, &self.arena) {
            baseline.install(function, id, code, piece, arena);
        }
    }

    /// Takes baseline code of a function out: no call goes there any more, and no waiting call returns there.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    pub fn remove_baseline(
        &mut self,
        function: u32,
        frames: &mut [crate::abi::vm::Frame],
    ) -> Option<baseline::BaselineUnit> {
        let (baseline, arena) = (self.baseline.as_mut()?, self.arena.as_mut()?);
        baseline.remove(function, frames, arena)
    }

    /// Bytes of code that may be installed at one time.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// All installed units, in order of their numbers.
    pub fn units_mut(&mut self) -> impl Iterator<Item = &mut Unit> {
        self.units.iter_mut().flatten()
    }

    /// The number that the next unit gets.
    pub fn next_id(&self) -> u32 {
        self.units.len() as u32 + 1
    }

    /// Installs a unit under its number, which must have been reserved.
    pub fn install(&mut self, unit: Unit) {
        debug_assert!(self.get(unit.id).is_none() && unit.id < self.next_id());
        if let Some(method) = &unit.method {
            self.links.install(unit.place.function, method, unit.address);
            self.method_slots = self.method_slots.max(unit.slots);
            self.method_frame = self.method_frame.max(unit.frame_bytes);
        }
        if let Some(slot) = self.units.get_mut(unit.id as usize - 1) {
            *slot = Some(unit);
        }
    }

    /// Words of transfer buffer that an exit of any method installed needs at the most.
    pub fn method_slots(&self) -> u32 {
        self.method_slots
    }

    /// Bytes of the host's stack that an activation of any method installed needs at the most.
    pub fn method_frame(&self) -> u32 {
        self.method_frame
    }

    /// Reserves the next number.
    pub fn reserve(&mut self) -> u32 {
        self.units.push(None);
        self.units.len() as u32
    }

    /// The unit with this number, if it is installed.
    pub fn get(&self, id: u32) -> Option<&Unit> {
        self.units.get((id as usize).checked_sub(1)?)?.as_ref()
    }

    /// The unit with this number, if it is installed, to change.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Unit> {
        self.units.get_mut((id as usize).checked_sub(1)?)?.as_mut()
    }

    /// Takes a unit out and gives its memory back. No compiled code may be running.
    pub fn remove(&mut self, id: u32) -> Option<Unit> {
        let unit = self.units.get_mut((id as usize).checked_sub(1)?)?.take()?;
        if let Some(method) = &unit.method {
            self.links.remove(unit.place.function, method);
        }
        if let Some(arena) = &mut self.arena {
            arena.remove(unit.piece);
        }
        Some(unit)
    }
}
