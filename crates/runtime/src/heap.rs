//! The heap: what does not fit 8 bytes, with an exact limit and a tracing collector.
//!
//! Big ints and strs live in a table, ints of 64 bits in another, everything that refers to values in the *region*: one
//! sequence of words, where an object is a header and its slots. A reference is opaque to everyone else: an index with two
//! bits that say into which of the three. Collections copy what is reachable in the region to a new one, from precise
//! roots, so objects move; tables are marked and swept.
//!
//! # The limit, and why it is the same in every tier
//!
//! Ints of 64 bits are free of charge: whether one exists depends on the tier (compiled code keeps them in registers).
//! All other objects are charged what they take in truth, *before* they are made, and every tier makes the same ones in
//! the same order.
//!
//! There are two kinds of collections. Those *for room* happen when enough garbage may have piled up, at moments that
//! differ between tiers and under stress. Those *at the limit* happen when the ledger does not cover a request. The
//! ledger holds what was charged since the last collection at the limit, and what was alive then. Collections for room
//! do not touch it. So it is a function of the instructions executed alone, collections at the limit happen at the same
//! instructions in every tier, find the same objects alive, since the frames are the same there, and give the same
//! verdict.
//!
//! That is why they can be paid for. A program that lives just below its limit makes every small allocation a
//! collection for nothing; so each costs [`Heap::limit_collection_fuel`], which bounds what it visits by numbers that
//! the ledger knows: the most objects that there can be in the table, the bytes charged, and the roots. (Ints are not swept
//! there. They are swept for room, which their number alone decides.) A program that is not at its limit pays a unit of fuel
//! for eight objects it has made, once.
//!
//! # Memory
//!
//! Objects in the table take at most what is charged for them. Objects in the region are charged a third more than they
//! take ([`Heap::object_bytes`]), so that the region and the copy of it that a collection makes take together one and a half
//! times the limit at the most. Ints take 8 bytes each; an int that is put into an object's slot is charged with the slot
//! ([`Heap::slot_bytes`]); of others there are at most as many as there are roots, and half as many again or `FIRST_INTS` in
//! garbage, and what one slice of instructions makes.

use crate::object::Kind;
use crate::value::Value;
use bytecode::Shape;
use dashu_int::IBig;

mod region;

use region::Region;
pub use region::{Object, Reserve};

/// What the table of big ints and strs holds.
#[derive(Debug)]
pub enum Leaf {
    /// An int beyond 64 bits.
    Big(IBig),
    /// A string.
    Str(Box<str>),
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'a> {
    /// An int of 64 bits that does not fit 48.
    Int(i64),
    /// An int beyond 64 bits.
    Big(&'a IBig),
    /// A string.
    Str(&'a str),
    /// An object of the region.
    Object(Object),
}

/// What an object costs besides its digits or characters: its place in the table, and what the allocator adds.
pub const HEADER_BYTES: u64 = 64;
/// Charged bytes after which a collection is wanted for the first time.
const FIRST_COLLECTION: u64 = 1 << 20;
/// Ints after which a collection is wanted for the first time.
const FIRST_INTS: u64 = 1 << 15;
/// A reference with this bit leads to the table of ints.
const INT: u32 = 1 << 31;
/// One with this bit, and without the other, to the table of big ints and strs.
const LEAF: u32 = 1 << 30;
/// The largest limit: both halves of the region together have fewer words than [`LEAF`], and so has the table fewer places.
const MOST_BYTES: u64 = 5 << 30;
/// What an int of 64 bits in a slot is charged.
const BOX_BYTES: u64 = 24;
/// No place in a table.
const NOWHERE: u32 = u32::MAX;
/// Places that are swept between two looks at the clock.
const SWEEP: usize = 1 << 15;
/// Objects that are freed without delay: some 2 ms.
const FREED_AT_ONCE: usize = 1 << 17;
/// Objects and roots that a collection visits for one unit of fuel.
const VISITS_PER_FUEL: u64 = 2;
/// Bytes charged in the region that a collection copies for one unit of fuel.
const COPIED_PER_FUEL: u64 = 32;

impl Leaf {
    /// Bytes charged against the limit.
    pub fn charge(&self) -> u64 {
        match self {
            Leaf::Big(i) => Heap::charge_for(crate::num::int_bytes(i.as_sign_words().1.len() as u64)),
            Leaf::Str(s) => Heap::charge_for(s.len() as u64),
        }
    }
}

/// Calls what it is given for each root.
pub type Roots<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&mut Value));

/// The limit is reached: what was asked for does not fit even after a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapFull {
    /// Bytes asked for.
    pub request: u64,
    /// Bytes charged for live objects.
    pub live: u64,
    /// The limit, in bytes.
    pub limit: u64,
}

/// A collection was given up, because the program is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp;

/// Charges since the last collection at the limit, and what was alive then. See the module's documentation.
#[derive(Clone, Copy, Debug, Default)]
struct Ledger {
    bytes: u64,
    /// Those of them that are charged for objects of the region.
    region_bytes: u64,
    objects: u64,
    /// The most that `objects` has been: the table never has more places.
    most_objects: u64,
}

impl Ledger {
    fn add(&mut self, charge: u64) {
        self.bytes += charge;
        self.objects += 1;
        self.most_objects = self.most_objects.max(self.objects);
    }
}

/// Which places of a table are reachable: a bit each.
#[derive(Default)]
struct Marks(Vec<u64>);

impl Marks {
    fn clear(&mut self, places: usize) {
        self.0.clear();
        self.0.resize(places.div_ceil(64), 0);
    }

    fn set(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

enum Slot {
    Free {
        next: u32,
    },
    /// A leaf, and how many characters it has, if it is a str.
    Used(Leaf, usize),
}

/// What a heap was like before a trial. See [`Heap::trial`].
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    words: usize,
    slots: usize,
    free: u32,
    ints: usize,
    free_int: u32,
    new_ints: u64,
    ledger: Ledger,
    pressure: u64,
}

/// The heap. See the module's documentation.
pub struct Heap {
    slots: Vec<Slot>,
    free: u32,
    /// Objects below this place are constants of the program: they stay.
    pinned: usize,
    marks: Marks,
    ledger: Ledger,
    limit: u64,
    /// Bytes charged since the last collection for room, and how many make the next one worth its while.
    pressure: u64,
    next_collection: u64,
    /// The ints of 64 bits; a place that is free holds the next one.
    ints: Vec<i64>,
    free_int: u32,
    pinned_ints: usize,
    int_marks: Marks,
    new_ints: u64,
    next_int_collection: u64,
    region: Region,
    collections: u64,
    stress: bool,
}

impl Heap {
    /// An empty heap that may hold objects of `limit` charged bytes. With `stress`, every charged allocation collects.
    pub fn new(limit: u64, stress: bool) -> Heap {
        Heap {
            slots: Vec::new(),
            free: NOWHERE,
            pinned: 0,
            marks: Marks::default(),
            ledger: Ledger::default(),
            limit: limit.min(MOST_BYTES),
            pressure: 0,
            next_collection: FIRST_COLLECTION,
            ints: Vec::new(),
            free_int: NOWHERE,
            pinned_ints: 0,
            int_marks: Marks::default(),
            new_ints: 0,
            next_int_collection: FIRST_INTS,
            region: Region::default(),
            collections: 0,
            stress,
        }
    }

    /// The same with memory for the region that stays where it is: at least [`Heap::reserve_words`].
    pub fn with_reserve(limit: u64, stress: bool, memory: Reserve) -> Heap {
        Heap { region: Region::reserved(memory), ..Heap::new(limit, stress) }
    }

    /// How many words the region of a heap with this limit may need, in both halves.
    pub fn reserve_words(limit: u64) -> usize {
        // What is charged is a third more than what is taken; a little more for what stays free at the start.
        let half = limit.min(MOST_BYTES) / 32 * 3 + 4096;
        (half * 2) as usize
    }

    /// Bytes charged for an object with this many bytes of digits or characters.
    pub fn charge_for(payload: u64) -> u64 {
        payload.saturating_add(HEADER_BYTES)
    }

    /// Bytes charged for an object of the region with so many slots.
    pub fn object_bytes(slots: u64) -> u64 {
        let bytes = slots.saturating_add(1).saturating_mul(8);
        bytes.saturating_add(bytes.div_ceil(3))
    }

    /// Bytes charged, besides the slot itself, for a value that is put into an object's slot.
    pub fn slot_bytes(value: Value) -> u64 {
        match value.as_reference() {
            Some(index) if index & INT != 0 => BOX_BYTES,
            _ => 0,
        }
    }

    /// The same for all of some values.
    pub fn slots_bytes(values: &[Value]) -> u64 {
        values.iter().map(|&value| Heap::slot_bytes(value)).sum()
    }

    /// The same for an int that is not a value yet.
    pub fn int_slot_bytes(i: i64) -> u64 {
        if Value::small_int(i).is_some() { 0 } else { BOX_BYTES }
    }

    /// Whether the ledger covers a request of so many charged bytes; if not, only a collection at the limit can.
    pub fn covers(&self, request: u64) -> bool {
        self.ledger.bytes.saturating_add(request) <= self.limit
    }

    /// Whether a request of so many charged bytes fits without a collection. Compiled code asks this and leaves if not.
    pub fn fits(&self, request: u64) -> bool {
        !self.wants_collection() && self.covers(request)
    }

    /// Whether a collection for room would pay. Looked at where the interpreter's frames are complete.
    pub fn wants_collection(&self) -> bool {
        self.stress || self.pressure >= self.next_collection || self.new_ints >= self.next_int_collection
    }

    /// What a collection at the limit costs now, with so many roots.
    pub fn limit_collection_fuel(&self, roots: u64) -> u64 {
        (self.ledger.most_objects + roots) / VISITS_PER_FUEL + self.ledger.region_bytes / COPIED_PER_FUEL + 1
    }

    /// Collects at the limit, and says whether a request of so many charged bytes fits then. `roots` calls what it is given
    /// for each root, which is changed where its object has moved.
    ///
    /// # Errors
    /// If it was given up because of `interrupted`; then the heap must not be used any more.
    pub fn collect_at_limit(
        &mut self,
        request: u64,
        roots: Roots<'_>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Result<(), HeapFull>, GivenUp> {
        // Ints stay, reachable or not.
        let region_bytes = self.mark(roots, interrupted)?;
        let (bytes, objects) = self.sweep(interrupted, region_bytes)?;
        self.ledger.bytes = bytes + region_bytes;
        self.ledger.region_bytes = region_bytes;
        self.ledger.objects = objects;
        self.collections += 1;
        let full = HeapFull { request, live: self.ledger.bytes, limit: self.limit };
        Ok(if self.covers(request) { Ok(()) } else { Err(full) })
    }

    /// Collects for room: frees all objects that are neither constants nor reachable, and leaves the ledger alone.
    ///
    /// # Errors
    /// If it was given up because of `interrupted`; then the heap must not be used any more.
    pub fn collect(&mut self, roots: Roots<'_>, interrupted: &dyn Fn() -> bool) -> Result<(), GivenUp> {
        let region_bytes = self.mark(roots, interrupted)?;
        self.sweep(interrupted, region_bytes)?;
        self.sweep_ints();
        self.collections += 1;
        Ok(())
    }

    /// Marks what is reachable in the tables, and copies what is in the region. Answers the bytes charged for the latter.
    fn mark(&mut self, roots: Roots<'_>, interrupted: &dyn Fn() -> bool) -> Result<u64, GivenUp> {
        let Heap { slots, marks, ints, int_marks, region, stress, collections, .. } = self;
        marks.clear(slots.len());
        int_marks.clear(ints.len());
        // Under stress all references change.
        let shift = if *stress { (*collections % 5) as usize + 1 } else { 0 };
        let mut boxes = 0;
        let copied = region.copy(shift, roots, interrupted, &mut |index, in_object| {
            if index & INT != 0 {
                int_marks.set((index & !INT) as usize);
                boxes += u64::from(in_object);
            } else {
                marks.set((index & !LEAF) as usize);
            }
        })?;
        Ok(copied + boxes * BOX_BYTES)
    }

    /// Frees what is not marked, from the end, so that places free at the end go back to the table. Answers bytes and
    /// number of what is left.
    fn sweep(&mut self, interrupted: &dyn Fn() -> bool, region_bytes: u64) -> Result<(u64, u64), GivenUp> {
        let (mut bytes, mut objects) = (0, 0);
        let mut end = self.slots.len();
        self.free = NOWHERE;
        for place in (0..self.slots.len()).rev() {
            if place % SWEEP == 0 && interrupted() {
                return Err(GivenUp);
            }
            let slot = &mut self.slots[place];
            match slot {
                Slot::Used(object, _) if place < self.pinned || self.marks.has(place) => {
                    bytes += object.charge();
                    objects += 1;
                }
                Slot::Used(..) | Slot::Free { .. } => {
                    *slot = Slot::Free { next: self.free };
                    if place + 1 == end {
                        end = place;
                    } else {
                        self.free = place as u32;
                    }
                }
            }
        }
        self.slots.truncate(end);
        if self.slots.capacity() / 4 > end {
            self.slots.shrink_to(end * 2);
        }
        self.pressure = 0;
        self.next_collection = FIRST_COLLECTION.max(bytes + region_bytes);
        Ok((bytes, objects))
    }

    fn sweep_ints(&mut self) {
        let mut live = 0;
        let mut end = self.ints.len();
        self.free_int = NOWHERE;
        for place in (0..self.ints.len()).rev() {
            if place < self.pinned_ints || self.int_marks.has(place) {
                live += 1;
            } else if place + 1 == end {
                end = place;
            } else {
                self.ints[place] = i64::from(self.free_int);
                self.free_int = place as u32;
            }
        }
        self.ints.truncate(end);
        if self.ints.capacity() / 4 > end {
            self.ints.shrink_to(end * 2);
        }
        self.new_ints = 0;
        self.next_int_collection = FIRST_INTS.max(live / 2);
    }

    /// Adds an object that has been reserved for. Never collects.
    pub fn add(&mut self, object: Leaf) -> Value {
        let charge = object.charge();
        self.ledger.add(charge);
        self.pressure += charge;
        let characters = match &object {
            Leaf::Str(text) => text.chars().count(),
            Leaf::Big(_) => 0,
        };
        let used = Slot::Used(object, characters);
        let place = self.free;
        match self.slots.get_mut(place as usize) {
            Some(slot) => {
                if let Slot::Free { next } = *slot {
                    self.free = next;
                }
                *slot = used;
                Value::reference(place | LEAF)
            }
            None => {
                self.slots.push(used);
                Value::reference((self.slots.len() as u32 - 1) | LEAF)
            }
        }
    }

    /// Adds an int of 64 bits. Never collects.
    #[inline]
    pub fn add_int(&mut self, i: i64) -> Value {
        self.new_ints += 1;
        let place = self.free_int;
        match self.ints.get_mut(place as usize) {
            Some(slot) => {
                self.free_int = *slot as u32;
                *slot = i;
                Value::reference(place | INT)
            }
            None => {
                self.ints.push(i);
                Value::reference((self.ints.len() as u32 - 1) | INT)
            }
        }
    }

    /// Declares all objects so far constants: they are never collected.
    pub fn pin_all(&mut self) {
        self.pinned = self.slots.len();
        self.pinned_ints = self.ints.len();
    }

    /// What is behind a reference; `None` for a value that is none.
    #[inline]
    pub fn get(&self, value: Value) -> Option<Found<'_>> {
        let index = value.as_reference()?;
        if index & INT != 0 {
            return self.ints.get((index & !INT) as usize).map(|&i| Found::Int(i));
        }
        if index & LEAF == 0 {
            return self.region.find(index).map(Found::Object);
        }
        match self.slots.get((index & !LEAF) as usize)? {
            Slot::Used(Leaf::Big(i), _) => Some(Found::Big(i)),
            Slot::Used(Leaf::Str(s), _) => Some(Found::Str(s)),
            Slot::Free { .. } => None,
        }
    }

    /// How many characters a str has: as many as bytes, if it is ASCII.
    #[inline]
    pub fn characters(&self, value: Value) -> usize {
        match value.as_reference() {
            Some(index) if index & INT == 0 && index & LEAF != 0 => {
                match self.slots.get((index & !LEAF) as usize) {
                    Some(&Slot::Used(_, characters)) => characters,
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    /// The int of 64 bits behind a reference; `None` for any other value.
    #[inline]
    pub fn int(&self, value: Value) -> Option<i64> {
        match value.as_reference() {
            Some(index) if index & INT != 0 => self.ints.get((index & !INT) as usize).copied(),
            _ => None,
        }
    }

    /// Makes an object of the region with so many slots, which are `none` (zero, if it holds no values). It has been reserved
    /// for; never collects.
    pub fn allocate(&mut self, kind: Kind, slots: usize) -> Object {
        let charge = Heap::object_bytes(slots as u64);
        self.charge(charge);
        self.region.allocate(kind, slots)
    }

    /// Counts bytes that have been reserved for in the region.
    fn charge(&mut self, bytes: u64) {
        self.ledger.bytes += bytes;
        self.ledger.region_bytes += bytes;
        self.pressure += bytes;
    }

    /// The object of the region that a value refers to, if it does.
    #[inline]
    pub fn object(&self, value: Value) -> Option<Object> {
        match value.as_reference() {
            Some(index) if index & (INT | LEAF) == 0 => self.region.find(index),
            _ => None,
        }
    }

    /// What every reference to an int that needs more than 48 bits is at least, and what such references have in common.
    pub const LARGE_INT: Value = Value::reference(INT);

    /// The lower half of the word before the slots of an object of a shape.
    pub const fn header(shape: Shape) -> u32 {
        region::header(shape)
    }

    /// The shape of the object that a value refers to, if it is one of these.
    #[inline]
    pub fn shape_of(&self, value: Value, of: &[Shape]) -> Option<Shape> {
        let object = self.object(value)?;
        of.iter().copied().find(|&shape| self.region.has_shape(object, shape))
    }

    /// What kind of object it is.
    #[inline]
    pub fn kind(&self, object: Object) -> Kind {
        self.region.kind(object)
    }

    /// The slots of an object that holds values. (Of one that does not, their words.)
    #[inline]
    pub fn slots(&self, object: Object) -> &[Value] {
        self.region.slots(object)
    }

    /// A slot; `none` if there is none.
    #[inline]
    pub fn slot(&self, object: Object, at: usize) -> Value {
        self.region.slots(object).get(at).copied().unwrap_or(Value::NONE)
    }

    /// Sets a slot. What the value itself costs ([`Heap::slot_bytes`]) has been reserved for.
    #[inline]
    pub fn set_slot(&mut self, object: Object, at: usize, value: Value) {
        let bytes = Heap::slot_bytes(value);
        if bytes > 0 {
            self.charge(bytes);
        }
        if let Some(slot) = self.region.slots_mut(object).get_mut(at) {
            *slot = value;
        }
    }

    /// A slot that counts something.
    #[inline]
    pub fn count(&self, object: Object, at: usize) -> usize {
        self.slot(object, at).as_small_int().unwrap_or(0) as usize
    }

    /// Sets a slot that counts something.
    #[inline]
    pub fn set_count(&mut self, object: Object, at: usize, count: usize) {
        if let Some(slot) = self.region.slots_mut(object).get_mut(at) {
            *slot = Value::small_int(count as i64).unwrap_or(Value::NONE);
        }
    }

    /// The slots of an object, to move values about that are in it already, or to write words of one that holds no values.
    #[inline]
    pub fn slots_mut(&mut self, object: Object) -> &mut [Value] {
        self.region.slots_mut(object)
    }

    /// Copies slots of one object into another, or within one. What the values themselves cost has been charged or is charged by
    /// [`Heap::charge_slots`].
    pub fn copy_slots(&mut self, from: Object, start: usize, to: Object, at: usize, count: usize) {
        self.region.copy_slots(from, start, to, at, count);
    }

    /// Counts what values cost themselves that are put into slots by other means than [`Heap::set_slot`]; it has been reserved for.
    pub fn charge_slots(&mut self, bytes: u64) {
        self.charge(bytes);
    }

    /// Takes slots away from the end of an object.
    pub fn shrink(&mut self, object: Object, slots: usize) {
        self.region.shrink(object, slots);
    }

    /// Begins a trial: objects that are made from now on are gone when it ends, and nothing has been charged for them. So an
    /// operation can look at values, and count its work, before it pays for making them. There is no payment in between, and
    /// nothing that was there before gets a reference to them.
    pub fn trial(&mut self) -> Trial {
        let trial = Trial {
            words: self.region.end(),
            slots: self.slots.len(),
            free: self.free,
            ints: self.ints.len(),
            free_int: self.free_int,
            new_ints: self.new_ints,
            ledger: self.ledger,
            pressure: self.pressure,
        };
        // New ones go to the ends.
        self.free = NOWHERE;
        self.free_int = NOWHERE;
        trial
    }

    /// Ends a trial.
    pub fn end_trial(&mut self, trial: Trial) {
        self.region.truncate(trial.words);
        self.slots.truncate(trial.slots);
        self.ints.truncate(trial.ints);
        self.free = trial.free;
        self.free_int = trial.free_int;
        self.new_ints = trial.new_ints;
        self.ledger = trial.ledger;
        self.pressure = trial.pressure;
    }

    /// The most bytes that may be charged.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes in the ledger: at least those of all charged objects that there are.
    pub fn charged(&self) -> u64 {
        self.ledger.bytes
    }

    /// Frees all objects, if they are many on another thread: the host waits for a program that is late already.
    pub fn free_soon(&mut self) {
        if self.slots.len() >= FREED_AT_ONCE {
            let slots = std::mem::take(&mut self.slots);
            // Without a thread the closure is dropped, and the objects with it.
            _ = std::thread::Builder::new().spawn(move || drop(slots));
        }
    }

    /// How many collections there were.
    pub fn collections(&self) -> u64 {
        self.collections
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NEVER: &dyn Fn() -> bool = &|| false;

    fn text(heap: &mut Heap, s: &str) -> Value {
        heap.add(Leaf::Str(s.into()))
    }

    #[test]
    fn collects_what_no_root_holds_and_reuses_its_slot() {
        let mut heap = Heap::new(1 << 20, false);
        let constant = text(&mut heap, "constant");
        heap.pin_all();
        let lost = text(&mut heap, "lost");
        let kept = text(&mut heap, "kept");
        heap.collect(&mut |visit| [kept].iter_mut().for_each(|root: &mut Value| visit(root)), NEVER).unwrap();
        assert_eq!(heap.get(constant), Some(Found::Str("constant")));
        assert_eq!(heap.get(kept), Some(Found::Str("kept")));
        assert!(heap.get(lost).is_none());
        assert_eq!(text(&mut heap, "new"), lost);
        // The ledger still has what is lost.
        assert_eq!(heap.charged(), 4 * 64 + 8 + 4 + 4 + 3);
        heap.collect_at_limit(
            0,
            &mut |visit| [kept].iter_mut().for_each(|root: &mut Value| visit(root)),
            NEVER,
        )
        .unwrap()
        .unwrap();
        assert_eq!(heap.charged(), 2 * 64 + 8 + 4);
    }

    #[test]
    fn refuses_only_when_live_objects_fill_it() {
        let mut heap = Heap::new(150, false);
        let a = text(&mut heap, "twenty characters...");
        let request = Heap::charge_for(20);
        assert!(!heap.fits(request));
        assert_eq!(
            heap.collect_at_limit(
                request,
                &mut |visit| [a].iter_mut().for_each(|root: &mut Value| visit(root)),
                NEVER
            ),
            Ok(Err(HeapFull { request: 84, live: 84, limit: 150 }))
        );
        assert_eq!(
            heap.collect_at_limit(
                request,
                &mut |visit| [].iter_mut().for_each(|root: &mut Value| visit(root)),
                NEVER
            ),
            Ok(Ok(()))
        );
    }

    #[test]
    fn the_ledger_does_not_know_of_collections_for_room() {
        let run = |collect_every: usize| {
            let mut heap = Heap::new(2000, false);
            let mut bills = Vec::new();
            let kept = text(&mut heap, "kept");
            for i in 0..200 {
                let request = Heap::charge_for(10);
                if !heap.covers(request) {
                    bills.push((i, heap.limit_collection_fuel(1)));
                    heap.collect_at_limit(
                        request,
                        &mut |visit| [kept].iter_mut().for_each(|root: &mut Value| visit(root)),
                        NEVER,
                    )
                    .unwrap()
                    .unwrap();
                }
                text(&mut heap, "ten bytes.");
                if i % collect_every == 0 {
                    heap.collect(
                        &mut |visit| [kept].iter_mut().for_each(|root: &mut Value| visit(root)),
                        NEVER,
                    )
                    .unwrap();
                }
            }
            bills
        };
        let bills = run(usize::MAX);
        assert_eq!(bills[0], (26, 27_u64.div_ceil(2) + 1));
        assert_eq!(run(1), bills);
        assert_eq!(run(7), bills);
    }

    #[test]
    fn ints_of_64_bits_are_free_of_charge_but_pile_up_to_a_bound() {
        let mut heap = Heap::new(0, false);
        let kept = heap.add_int(i64::MAX);
        for i in 1..FIRST_INTS as i64 {
            assert!(!heap.wants_collection());
            heap.add_int(i64::MIN + i);
        }
        assert_eq!(heap.charged(), 0);
        assert!(heap.wants_collection());
        heap.collect(&mut |visit| [kept].iter_mut().for_each(|root: &mut Value| visit(root)), NEVER).unwrap();
        assert!(!heap.wants_collection());
        assert_eq!((heap.int(kept), heap.ints.len()), (Some(i64::MAX), 1));
    }

    #[test]
    fn places_free_at_the_end_are_given_back() {
        let mut heap = Heap::new(1 << 30, false);
        let values: Vec<Value> = (0..1000).map(|i| text(&mut heap, &i.to_string())).collect();
        heap.collect(&mut |visit| values[..10].to_vec().iter_mut().for_each(&mut *visit), NEVER).unwrap();
        assert_eq!(heap.slots.len(), 10);
        assert!(heap.slots.capacity() < 1000);
        let again = text(&mut heap, "again");
        assert_eq!((again, heap.get(values[9])), (values[10], Some(Found::Str("9"))));
    }

    #[test]
    fn a_trial_leaves_nothing_behind() {
        let mut heap = Heap::new(1 << 30, false);
        let values: Vec<Value> = ["a", "b", "c"].map(|s| text(&mut heap, s)).to_vec();
        heap.add_int(1 << 60);
        heap.collect(&mut |visit| [values[0], values[2]].iter_mut().for_each(&mut *visit), NEVER).unwrap();
        let state = |heap: &Heap| {
            (heap.slots.len(), heap.ints.len(), heap.region.end(), heap.charged(), heap.free, heap.free_int)
        };
        let before = state(&heap);
        let trial = heap.trial();
        text(&mut heap, "d");
        heap.add_int(1 << 61);
        let tuple = heap.allocate(Kind::Tuple, 2);
        heap.set_slot(tuple, 0, values[0]);
        assert_ne!(state(&heap), before);
        heap.end_trial(trial);
        assert_eq!(state(&heap), before);
        assert_eq!(text(&mut heap, "e"), values[1]);
        assert_eq!(heap.get(values[2]), Some(Found::Str("c")));
    }

    #[test]
    fn a_long_collection_looks_at_the_clock() {
        let mut heap = Heap::new(1 << 30, false);
        for _ in 0..3 * SWEEP {
            text(&mut heap, "");
        }
        let looks = std::cell::Cell::new(0);
        let count = || {
            looks.set(looks.get() + 1);
            looks.get() == 2
        };
        assert_eq!(
            heap.collect(&mut |visit| [].iter_mut().for_each(|root: &mut Value| visit(root)), &count),
            Err(GivenUp)
        );
        assert_eq!(looks.get(), 2);
    }
}
