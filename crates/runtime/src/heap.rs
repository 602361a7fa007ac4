//! The heap: what does not fit 8 bytes, with an exact limit and a tracing collector.
//!
//! Objects live in tables; a reference is an index into one, opaque to everyone else. Ints of 64 bits have a table of
//! their own. The collector marks from precise roots and sweeps the tables; nothing moves, and objects do not refer to
//! objects yet.
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
//! the ledger knows: the most objects that there can be in the table, and the roots. (Ints are not swept there. They
//! are swept for room, which their number alone decides.) A program that is not at its limit pays a unit of fuel for
//! eight objects it has made, once.
//!
//! # Memory
//!
//! Charged objects take at most the limit. Ints take 8 bytes each; there are at most as many as there are roots, and
//! half as many again or `FIRST_INTS` in garbage, and what one slice of instructions makes.

use crate::value::Value;
use dashu_int::IBig;

/// An object that is charged.
#[derive(Debug)]
pub enum Object {
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
}

/// What an object costs besides its digits or characters: its place in the table, and what the allocator adds.
pub const HEADER_BYTES: u64 = 64;
/// Charged bytes after which a collection is wanted for the first time.
const FIRST_COLLECTION: u64 = 1 << 20;
/// Ints after which a collection is wanted for the first time.
const FIRST_INTS: u64 = 1 << 15;
/// A reference with this bit leads to the table of ints.
const INT: u32 = 1 << 31;
/// The largest limit: a table has fewer objects than [`INT`].
const MOST_BYTES: u64 = HEADER_BYTES << 30;
/// No place in a table.
const NOWHERE: u32 = u32::MAX;
/// Places that are swept between two looks at the clock.
const SWEEP: usize = 1 << 15;
/// Objects that are freed without delay: some 2 ms.
const FREED_AT_ONCE: usize = 1 << 17;
/// Roots that are followed between two looks at the clock.
const MARK: usize = 1 << 16;
/// Objects and roots that a collection visits for one unit of fuel.
const VISITS_PER_FUEL: u64 = 2;

impl Object {
    /// Bytes charged against the limit.
    pub fn charge(&self) -> u64 {
        match self {
            Object::Big(i) => Heap::charge_for(crate::num::int_bytes(i.as_sign_words().1.len() as u64)),
            Object::Str(s) => Heap::charge_for(s.len() as u64),
        }
    }
}

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
    Free { next: u32 },
    Used(Object),
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
            collections: 0,
            stress,
        }
    }

    /// Bytes charged for an object with this many bytes of digits or characters.
    pub fn charge_for(payload: u64) -> u64 {
        payload.saturating_add(HEADER_BYTES)
    }

    /// Whether the ledger covers a request of so many charged bytes; if not, only a collection at the limit can.
    pub fn covers(&self, request: u64) -> bool {
        self.ledger.bytes.saturating_add(request) <= self.limit
    }

    /// Whether a request of so many charged bytes fits without a collection. Compiled code asks this and leaves if not.
    pub fn fits(&self, request: u64) -> bool {
        !self.stress && self.covers(request)
    }

    /// Whether a collection for room would pay. Looked at where the interpreter's frames are complete.
    pub fn wants_collection(&self) -> bool {
        self.stress || self.pressure >= self.next_collection || self.new_ints >= self.next_int_collection
    }

    /// What a collection at the limit costs now, with so many roots.
    pub fn limit_collection_fuel(&self, roots: u64) -> u64 {
        (self.ledger.most_objects + roots) / VISITS_PER_FUEL + 1
    }

    /// Collects at the limit, and says whether a request of so many charged bytes fits then.
    ///
    /// # Errors
    /// If it was given up because of `interrupted`; then the heap must not be used any more.
    pub fn collect_at_limit(
        &mut self,
        request: u64,
        roots: &mut dyn Iterator<Item = Value>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Result<(), HeapFull>, GivenUp> {
        self.marks.clear(self.slots.len());
        // Ints stay, reachable or not.
        self.mark(roots, interrupted, false)?;
        let (bytes, objects) = self.sweep(interrupted)?;
        self.ledger.bytes = bytes;
        self.ledger.objects = objects;
        self.collections += 1;
        let full = HeapFull { request, live: bytes, limit: self.limit };
        Ok(if self.covers(request) { Ok(()) } else { Err(full) })
    }

    /// Collects for room: frees all objects that are neither constants nor reachable, and leaves the ledger alone.
    ///
    /// # Errors
    /// If it was given up because of `interrupted`; then the heap must not be used any more.
    pub fn collect(
        &mut self,
        roots: &mut dyn Iterator<Item = Value>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), GivenUp> {
        self.marks.clear(self.slots.len());
        self.int_marks.clear(self.ints.len());
        self.mark(roots, interrupted, true)?;
        self.sweep(interrupted)?;
        self.sweep_ints();
        self.collections += 1;
        Ok(())
    }

    fn mark(
        &mut self,
        roots: &mut dyn Iterator<Item = Value>,
        interrupted: &dyn Fn() -> bool,
        ints: bool,
    ) -> Result<(), GivenUp> {
        let mut left = MARK;
        for root in roots {
            if let Some(index) = root.as_reference() {
                if index & INT == 0 {
                    self.marks.set(index as usize);
                } else if ints {
                    self.int_marks.set((index & !INT) as usize);
                }
            }
            left -= 1;
            if left == 0 {
                if interrupted() {
                    return Err(GivenUp);
                }
                left = MARK;
            }
        }
        Ok(())
    }

    /// Frees what is not marked, from the end, so that places free at the end go back to the table. Answers bytes and
    /// number of what is left.
    fn sweep(&mut self, interrupted: &dyn Fn() -> bool) -> Result<(u64, u64), GivenUp> {
        let (mut bytes, mut objects) = (0, 0);
        let mut end = self.slots.len();
        self.free = NOWHERE;
        for place in (0..self.slots.len()).rev() {
            if place % SWEEP == 0 && interrupted() {
                return Err(GivenUp);
            }
            let slot = &mut self.slots[place];
            match slot {
                Slot::Used(object) if place < self.pinned || self.marks.has(place) => {
                    bytes += object.charge();
                    objects += 1;
                }
                Slot::Used(_) | Slot::Free { .. } => {
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
        self.next_collection = FIRST_COLLECTION.max(bytes);
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
    pub fn add(&mut self, object: Object) -> Value {
        let charge = object.charge();
        self.ledger.add(charge);
        self.pressure += charge;
        let used = Slot::Used(object);
        let place = self.free;
        match self.slots.get_mut(place as usize) {
            Some(slot) => {
                if let Slot::Free { next } = *slot {
                    self.free = next;
                }
                *slot = used;
                Value::reference(place)
            }
            None => {
                self.slots.push(used);
                Value::reference(self.slots.len() as u32 - 1)
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
        match self.slots.get(index as usize)? {
            Slot::Used(Object::Big(i)) => Some(Found::Big(i)),
            Slot::Used(Object::Str(s)) => Some(Found::Str(s)),
            Slot::Free { .. } => None,
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
        heap.add(Object::Str(s.into()))
    }

    #[test]
    fn collects_what_no_root_holds_and_reuses_its_slot() {
        let mut heap = Heap::new(1 << 20, false);
        let constant = text(&mut heap, "constant");
        heap.pin_all();
        let lost = text(&mut heap, "lost");
        let kept = text(&mut heap, "kept");
        heap.collect(&mut [kept].into_iter(), NEVER).unwrap();
        assert_eq!(heap.get(constant), Some(Found::Str("constant")));
        assert_eq!(heap.get(kept), Some(Found::Str("kept")));
        assert!(heap.get(lost).is_none());
        assert_eq!(text(&mut heap, "new"), lost);
        // The ledger still has what is lost.
        assert_eq!(heap.charged(), 4 * 64 + 8 + 4 + 4 + 3);
        heap.collect_at_limit(0, &mut [kept].into_iter(), NEVER).unwrap().unwrap();
        assert_eq!(heap.charged(), 2 * 64 + 8 + 4);
    }

    #[test]
    fn refuses_only_when_live_objects_fill_it() {
        let mut heap = Heap::new(150, false);
        let a = text(&mut heap, "twenty characters...");
        let request = Heap::charge_for(20);
        assert!(!heap.fits(request));
        assert_eq!(
            heap.collect_at_limit(request, &mut [a].into_iter(), NEVER),
            Ok(Err(HeapFull { request: 84, live: 84, limit: 150 }))
        );
        assert_eq!(heap.collect_at_limit(request, &mut [].into_iter(), NEVER), Ok(Ok(())));
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
                    heap.collect_at_limit(request, &mut [kept].into_iter(), NEVER).unwrap().unwrap();
                }
                text(&mut heap, "ten bytes.");
                if i % collect_every == 0 {
                    heap.collect(&mut [kept].into_iter(), NEVER).unwrap();
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
        heap.collect(&mut [kept].into_iter(), NEVER).unwrap();
        assert!(!heap.wants_collection());
        assert_eq!((heap.int(kept), heap.ints.len()), (Some(i64::MAX), 1));
    }

    #[test]
    fn places_free_at_the_end_are_given_back() {
        let mut heap = Heap::new(1 << 30, false);
        let values: Vec<Value> = (0..1000).map(|i| text(&mut heap, &i.to_string())).collect();
        heap.collect(&mut values[..10].iter().copied(), NEVER).unwrap();
        assert_eq!(heap.slots.len(), 10);
        assert!(heap.slots.capacity() < 1000);
        let again = text(&mut heap, "again");
        assert_eq!((again, heap.get(values[9])), (values[10], Some(Found::Str("9"))));
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
        assert_eq!(heap.collect(&mut [].into_iter(), &count), Err(GivenUp));
        assert_eq!(looks.get(), 2);
    }
}
