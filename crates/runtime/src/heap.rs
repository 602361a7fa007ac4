//! The heap: what does not fit 8 bytes, with a budget and a tracing collector.
//!
//! Objects live in a table; a reference is an index into it, opaque to everyone else. The collector marks from precise roots and sweeps
//! the table; nothing moves. Two sums are kept:
//!
//! - **charged** bytes count against the limit, *before* an allocation. Ints of 64 bits are free: whether one exists
//!   depends on the tier (compiled code keeps them in registers), and the limit must not. They cannot pile up without bound, since each is held by
//!   a slot that was charged, or dies at the next collection.
//! - **pressure** counts all bytes since the last collection and says when the next one pays.
//!
//! A request that would exceed the limit is refused only after a collection has shown that live objects fill it. Since the frames are
//! the same in every tier at that point, so is the verdict.

use crate::value::Value;
use dashu_int::IBig;

/// An object.
#[derive(Debug)]
pub enum Object {
    /// An int of 64 bits that does not fit 48.
    Int(i64),
    /// An int beyond 64 bits.
    Big(IBig),
    /// A string.
    Str(Box<str>),
}

/// What an object costs besides its digits or characters.
const HEADER_BYTES: u64 = 32;
/// Pressure at which a collection is wanted for the first time, in bytes.
const FIRST_COLLECTION: u64 = 1 << 20;

impl Object {
    /// Bytes charged against the limit.
    pub fn charge(&self) -> u64 {
        match self {
            Object::Int(_) => 0,
            Object::Big(i) => Heap::charge_for(size_of_val(i.as_sign_words().1) as u64),
            Object::Str(s) => Heap::charge_for(s.len() as u64),
        }
    }
}

enum Slot {
    Free { next: Option<u32> },
    Used { object: Object, marked: bool },
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

/// The heap. See the module's documentation.
pub struct Heap {
    slots: Vec<Slot>,
    free: Option<u32>,
    /// Objects below this index are constants of the program: they stay.
    pinned: u32,
    charged: u64,
    pressure: u64,
    next_collection: u64,
    limit: u64,
    collections: u64,
    stress: bool,
}

impl Heap {
    /// An empty heap that may hold objects of `limit` charged bytes. With `stress`, every charged allocation collects.
    pub fn new(limit: u64, stress: bool) -> Heap {
        Heap {
            slots: Vec::new(),
            free: None,
            pinned: 0,
            charged: 0,
            pressure: 0,
            next_collection: FIRST_COLLECTION,
            limit,
            collections: 0,
            stress,
        }
    }

    /// Bytes charged for an object with this many bytes of digits or characters.
    pub fn charge_for(payload: u64) -> u64 {
        payload.saturating_add(HEADER_BYTES)
    }

    /// Whether a request of so many charged bytes fits without a collection. Compiled code asks this and leaves if not.
    pub fn fits(&self, request: u64) -> bool {
        !self.stress && self.charged.saturating_add(request) <= self.limit
    }

    /// Whether a collection would pay. Looked at where the interpreter's frames are complete.
    pub fn wants_collection(&self) -> bool {
        self.stress || self.pressure >= self.next_collection
    }

    /// Makes sure that a request of so many charged bytes fits, by collecting if it must.
    ///
    /// # Errors
    /// If live objects leave no room.
    pub fn reserve(&mut self, request: u64, roots: &mut dyn Iterator<Item = Value>) -> Result<(), HeapFull> {
        if self.fits(request) && !self.wants_collection() {
            return Ok(());
        }
        self.collect(roots);
        if self.charged.saturating_add(request) <= self.limit {
            Ok(())
        } else {
            Err(HeapFull { request, live: self.charged, limit: self.limit })
        }
    }

    /// Adds an object that has been reserved for. Never collects.
    pub fn add(&mut self, object: Object) -> Value {
        let charge = object.charge();
        self.charged += charge;
        self.pressure += charge.max(HEADER_BYTES);
        let used = Slot::Used { object, marked: false };
        match self.free {
            Some(index) => {
                if let Slot::Free { next } = self.slots[index as usize] {
                    self.free = next;
                }
                self.slots[index as usize] = used;
                Value::reference(index)
            }
            None => {
                self.slots.push(used);
                Value::reference(self.slots.len() as u32 - 1)
            }
        }
    }

    /// Adds an int of 64 bits: what [`Heap::add`] does with an [`Object::Int`], made short for the usual case.
    #[inline]
    pub fn add_int(&mut self, i: i64) -> Value {
        if let Some(index) = self.free
            && let Some(slot) = self.slots.get_mut(index as usize)
            && let Slot::Free { next } = *slot
        {
            self.free = next;
            self.pressure += HEADER_BYTES;
            *slot = Slot::Used { object: Object::Int(i), marked: false };
            return Value::reference(index);
        }
        self.add(Object::Int(i))
    }

    /// Declares all objects so far constants: they are never collected.
    pub fn pin_all(&mut self) {
        self.pinned = self.slots.len() as u32;
    }

    /// The object behind a reference; `None` for a value that is none.
    #[inline]
    pub fn get(&self, value: Value) -> Option<&Object> {
        match self.slots.get(value.as_reference()? as usize)? {
            Slot::Used { object, .. } => Some(object),
            Slot::Free { .. } => None,
        }
    }

    /// Frees all objects that are neither constants nor roots. (Objects do not refer to objects yet.)
    pub fn collect(&mut self, roots: &mut dyn Iterator<Item = Value>) {
        for index in roots.filter_map(Value::as_reference) {
            if let Some(Slot::Used { marked, .. }) = self.slots.get_mut(index as usize) {
                *marked = true;
            }
        }
        self.charged = 0;
        let mut live_bytes = 0;
        self.free = None;
        for (index, slot) in self.slots.iter_mut().enumerate().rev() {
            match slot {
                Slot::Used { object, marked } if *marked || (index as u32) < self.pinned => {
                    *marked = false;
                    self.charged += object.charge();
                    live_bytes += object.charge().max(HEADER_BYTES);
                }
                Slot::Used { .. } | Slot::Free { .. } => {
                    *slot = Slot::Free { next: self.free };
                    self.free = Some(index as u32);
                }
            }
        }
        self.pressure = 0;
        self.next_collection = FIRST_COLLECTION.max(live_bytes);
        self.collections += 1;
    }

    /// The most bytes that may be charged.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes charged now, garbage included.
    pub fn charged(&self) -> u64 {
        self.charged
    }

    /// How many collections there were.
    pub fn collections(&self) -> u64 {
        self.collections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(heap: &mut Heap, s: &str) -> Value {
        heap.add(Object::Str(s.into()))
    }

    #[test]
    fn collects_what_no_root_holds_and_reuses_its_slot() {
        let mut heap = Heap::new(1 << 20, false);
        let constant = text(&mut heap, "constant");
        heap.pin_all();
        let kept = text(&mut heap, "kept");
        let lost = text(&mut heap, "lost");
        heap.collect(&mut [kept].into_iter());
        assert!(matches!(heap.get(constant), Some(Object::Str(s)) if &**s == "constant"));
        assert!(matches!(heap.get(kept), Some(Object::Str(s)) if &**s == "kept"));
        assert!(heap.get(lost).is_none());
        assert_eq!(text(&mut heap, "new"), lost);
        assert_eq!(heap.charged(), 3 * 32 + 8 + 4 + 3);
    }

    #[test]
    fn refuses_only_when_live_objects_fill_it() {
        let mut heap = Heap::new(100, false);
        let a = text(&mut heap, "twenty characters...");
        let request = Heap::charge_for(20);
        assert!(!heap.fits(request));
        assert_eq!(
            heap.reserve(request, &mut [a].into_iter()),
            Err(HeapFull { request: 52, live: 52, limit: 100 })
        );
        assert_eq!(heap.reserve(request, &mut [].into_iter()), Ok(()));
    }

    #[test]
    fn ints_of_64_bits_are_free_of_charge_but_not_of_pressure() {
        let mut heap = Heap::new(0, false);
        for i in 0..(FIRST_COLLECTION / HEADER_BYTES) as i64 {
            assert!(!heap.wants_collection());
            heap.add(Object::Int(i));
        }
        assert_eq!(heap.charged(), 0);
        assert!(heap.wants_collection());
        heap.collect(&mut [].into_iter());
        assert!(!heap.wants_collection());
    }
}
