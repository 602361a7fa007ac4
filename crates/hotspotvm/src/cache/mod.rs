//! **Stage 4, cache:** installed code, found by the place where the interpreter enters it.
//!
//! A [`Unit`] is code with everything needed to enter it, to leave it and to decide about it. Units are only ever
//! entered from the engine's loop, which holds no other one at that time; so taking one out is dropping it.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod baseline;
pub mod memory;

use crate::compile::method::Signature;
use crate::detect::policy::PlaceKey;
use codegen::ExitRecord;
use ir::Input;
use std::collections::HashMap;

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
    /// Whether it calls methods.
    pub calls: bool,
    /// What it is to callers, if it is a method.
    pub method: Option<Method>,
}

/// What a unit is to those who call it.
#[derive(Clone, Debug)]
pub struct Method {
    /// What it takes and returns.
    pub signature: Signature,
    /// Its link.
    pub link: u32,
    /// Where calls enter, in its code.
    pub direct_entry: u32,
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
    units: Vec<Option<Unit>>,
    /// For each pair of function and signature that was compiled, its link.
    links: HashMap<(u32, Signature), u32>,
    /// For each link, where its method is entered; 0 if it has no code.
    targets: Vec<usize>,
    /// For each function, the unit that is its method.
    methods: HashMap<u32, u32>,
    /// The most words that an exit of a method has needed so far.
    method_slots: u32,
}

impl CodeCache {
    /// The number that the next unit gets.
    pub fn next_id(&self) -> u32 {
        self.units.len() as u32 + 1
    }

    /// Installs a unit, which must have been numbered by [`CodeCache::next_id`].
    pub fn install(&mut self, unit: Unit) {
        debug_assert_eq!(unit.id, self.next_id());
        if let Some(method) = &unit.method {
            let entry = unit.code.address() + method.direct_entry as usize;
            self.targets[method.link as usize] = entry;
            self.methods.insert(unit.place.function, unit.id);
            self.method_slots = self.method_slots.max(unit.slots);
        }
        self.units.push(Some(unit));
    }

    /// The link of a function's methods with this signature.
    pub fn link(&mut self, function: u32, signature: &Signature) -> u32 {
        let next = self.targets.len() as u32;
        let link = *self.links.entry((function, signature.clone())).or_insert(next);
        if link == next {
            self.targets.push(0);
        }
        link
    }

    /// The method that answers calls of a function, if one is installed.
    pub fn method(&self, function: u32) -> Option<&Method> {
        self.get(*self.methods.get(&function)?)?.method.as_ref()
    }

    /// The table of links.
    pub fn targets(&self) -> &[usize] {
        &self.targets
    }

    /// Words of transfer buffer that an exit of any method installed needs at the most.
    pub fn method_slots(&self) -> u32 {
        self.method_slots
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
        let unit = self.units.get_mut((id as usize).checked_sub(1)?)?.take()?;
        if let Some(method) = &unit.method {
            self.targets[method.link as usize] = 0;
            self.methods.remove(&unit.place.function);
        }
        Some(unit)
    }
}
