//! **Stage 4, cache:** installed code, found by the place where the interpreter enters it.
//!
//! A [`Unit`] is code with everything needed to enter it, to leave it and to decide about it. Units are only ever
//! entered from the engine's loop, which holds no other one at that time; so taking one out is dropping it.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod baseline;
pub mod memory;

use crate::detect::policy::PlaceKey;
use codegen::ExitRecord;
use ir::Input;

/// Installed code.
#[derive(Debug)]
pub struct Unit {
    /// Its number: units are counted from 1 in order of compilation.
    pub id: u32,
    /// Where it is entered.
    pub place: PlaceKey,
    /// The machine code.
    pub code: memory::Code,
    /// What it takes on entry.
    pub inputs: Vec<Input>,
    /// How it is left.
    pub exits: Vec<ExitRecord>,
    /// How often it was left by each exit.
    pub exit_counts: Vec<u32>,
    /// How often it was entered.
    pub entries: u64,
    /// Instructions executed in it.
    pub instructions: u64,
    /// How often it could not be entered because a value was of another type.
    pub mismatches: u32,
    /// Words of transfer buffer that it needs.
    pub slots: u32,
}

/// All installed code of an engine.
#[derive(Debug, Default)]
pub struct CodeCache {
    units: Vec<Option<Unit>>,
}

impl CodeCache {
    /// The number that the next unit gets.
    pub fn next_id(&self) -> u32 {
        self.units.len() as u32 + 1
    }

    /// Installs a unit, which must have been numbered by [`CodeCache::next_id`].
    pub fn install(&mut self, unit: Unit) {
        debug_assert_eq!(unit.id, self.next_id());
        self.units.push(Some(unit));
    }

    /// Uses up a number without code, so that later units keep theirs when a compilation fails.
    pub fn skip(&mut self) {
        self.units.push(None);
    }

    /// The unit with this number, if it is installed.
    pub fn get(&self, id: u32) -> Option<&Unit> {
        self.units.get((id as usize).checked_sub(1)?)?.as_ref()
    }

    /// The unit with this number, if it is installed, to change.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Unit> {
        self.units.get_mut((id as usize).checked_sub(1)?)?.as_mut()
    }

    /// Takes a unit out; its memory is given back when the result is dropped.
    pub fn remove(&mut self, id: u32) -> Option<Unit> {
        self.units.get_mut((id as usize).checked_sub(1)?)?.take()
    }
}
