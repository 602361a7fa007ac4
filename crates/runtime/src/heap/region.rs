//! The region: objects that refer to values, as headers and slots in one sequence of words.
//!
//! Allocating moves the end up. Collecting copies what is reachable to a new region, breadth first, which leaves the old one
//! to be dropped as a whole (C. J. Cheney, *A nonrecursive list compacting algorithm*, 1970). So objects move whenever
//! there is a collection, and nobody may keep an [`Object`] across one.

use super::{GivenUp, Heap, INT, LEAF, Roots};
use crate::object::Kind;
use crate::value::Value;

/// An object of the region, until the next collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object(u32);

impl Object {
    /// The object as a value.
    #[inline]
    pub fn value(self) -> Value {
        Value::reference(self.0)
    }

    /// What tells it from all other objects, until the next collection.
    pub fn address(self) -> u32 {
        self.0
    }
}

/// A header's word: the kind, and how many words the object has in all; of an object that has been copied, where it is now.
#[derive(Clone, Copy)]
struct Header(u64);

impl Header {
    const COPIED: u64 = 0xFF;

    fn new(kind: Kind, words: usize) -> Header {
        Header(kind as u64 | (words as u64) << 32)
    }

    fn copied(to: u32) -> Header {
        Header(Header::COPIED | u64::from(to) << 32)
    }

    fn of(word: Value) -> Header {
        Header(word.bits())
    }

    fn word(self) -> Value {
        Value::from_bits(self.0)
    }

    fn kind(self) -> Kind {
        Kind::from_number(self.0 as u8)
    }

    fn words(self) -> usize {
        (self.0 >> 32) as usize
    }

    fn copy(self) -> Option<u32> {
        (self.0 & 0xFF == Header::COPIED).then_some((self.0 >> 32) as u32)
    }
}

/// Words that are looked at between two looks at the clock.
const AT_ONCE: usize = 1 << 16;

/// The region.
#[derive(Default)]
pub(super) struct Region {
    words: Vec<Value>,
}

impl Region {
    /// The object at an index, if it can be one.
    #[inline]
    pub fn find(&self, index: u32) -> Option<Object> {
        let found = (index as usize) < self.words.len();
        debug_assert!(found, "a reference outlived its object");
        found.then_some(Object(index))
    }

    pub fn allocate(&mut self, kind: Kind, slots: usize) -> Object {
        let at = self.words.len();
        grow(&mut self.words, slots + 1);
        self.words.push(Header::new(kind, slots + 1).word());
        let empty = if kind.holds_values() { Value::NONE } else { Value::from_bits(0) };
        self.words.resize(at + 1 + slots, empty);
        Object(at as u32)
    }

    #[inline]
    fn header(&self, object: Object) -> Header {
        Header::of(self.words.get(object.0 as usize).copied().unwrap_or(Value::NONE))
    }

    #[inline]
    pub fn kind(&self, object: Object) -> Kind {
        self.header(object).kind()
    }

    pub fn set_kind(&mut self, object: Object, kind: Kind) {
        let words = self.header(object).words();
        if let Some(word) = self.words.get_mut(object.0 as usize) {
            *word = Header::new(kind, words).word();
        }
    }

    #[inline]
    pub fn slots(&self, object: Object) -> &[Value] {
        let at = object.0 as usize;
        self.words.get(at + 1..at + self.header(object).words()).unwrap_or_default()
    }

    #[inline]
    pub fn slots_mut(&mut self, object: Object) -> &mut [Value] {
        let at = object.0 as usize;
        let end = at + self.header(object).words();
        self.words.get_mut(at + 1..end).unwrap_or_default()
    }

    /// Copies slots, if there are so many on both sides.
    pub fn copy_slots(&mut self, from: Object, start: usize, to: Object, at: usize, count: usize) {
        let there = |object: Object, first: usize| {
            first.checked_add(count).is_some_and(|end| end < self.header(object).words())
        };
        if there(from, start) && there(to, at) {
            let (source, target) = (from.0 as usize + 1 + start, to.0 as usize + 1 + at);
            self.words.copy_within(source..source + count, target);
        }
    }

    /// Where the next object will be.
    pub fn end(&self) -> usize {
        self.words.len()
    }

    /// Takes away the objects from a place on.
    pub fn truncate(&mut self, end: usize) {
        self.words.truncate(end);
    }

    /// Leaves an object the first so many slots.
    pub fn shrink(&mut self, object: Object, slots: usize) {
        let header = self.header(object);
        if slots + 1 < header.words()
            && let Some(word) = self.words.get_mut(object.0 as usize)
        {
            *word = Header::new(header.kind(), slots + 1).word();
        }
    }

    /// Copies what is reachable, and answers what is charged for it. `leaf` is told of each reference to a table, and whether it
    /// stands in an object; `shift` words at the start stay free.
    pub fn copy(
        &mut self,
        shift: u32,
        roots: Roots<'_>,
        interrupted: &dyn Fn() -> bool,
        leaf: &mut dyn FnMut(u32, bool),
    ) -> Result<u64, GivenUp> {
        let mut copy = Copy { from: std::mem::take(&mut self.words), to: Vec::new(), charged: 0 };
        for _ in 0..shift {
            copy.to.push(Header::new(Kind::Raw, 1).word());
        }
        let (mut looked, mut stop) = (0, false);
        roots(&mut |root| {
            looked += 1;
            if looked % AT_ONCE == 0 {
                stop = stop || interrupted();
            }
            if !stop {
                copy.visit(root, leaf, false);
            }
        });
        let mut at = 0;
        let mut look_at = AT_ONCE;
        while let Some(&word) = copy.to.get(at) {
            if stop || at >= look_at && interrupted() {
                return Err(GivenUp);
            }
            look_at = look_at.max(at + AT_ONCE);
            let header = Header::of(word);
            let end = at + header.words().max(1);
            if header.kind().holds_values() {
                for slot in at + 1..end {
                    let mut value = copy.to[slot];
                    if value.as_reference().is_some() {
                        copy.visit(&mut value, leaf, true);
                        copy.to[slot] = value;
                    }
                }
            }
            at = end;
        }
        if stop {
            return Err(GivenUp);
        }
        self.words = copy.to;
        Ok(copy.charged)
    }
}

/// A collection under way.
struct Copy {
    from: Vec<Value>,
    to: Vec<Value>,
    charged: u64,
}

impl Copy {
    #[inline]
    fn visit(&mut self, value: &mut Value, leaf: &mut dyn FnMut(u32, bool), in_object: bool) {
        let Some(index) = value.as_reference() else { return };
        if index & (INT | LEAF) != 0 {
            return leaf(index, in_object);
        }
        let at = index as usize;
        let Some(&word) = self.from.get(at) else { return };
        let header = Header::of(word);
        let to = match header.copy() {
            Some(to) => to,
            None => {
                let to = self.to.len() as u32;
                let words = header.words().max(1);
                self.charged += Heap::object_bytes(words as u64 - 1);
                grow(&mut self.to, words);
                if let Some(object) = self.from.get(at..at + words) {
                    self.to.extend_from_slice(object);
                }
                self.from[at] = Header::copied(to).word();
                to
            }
        };
        *value = Value::reference(to);
    }
}

/// Makes room for so many words more, by an eighth of what is there at the least: what a large region has beyond its end
/// must stay small beside it.
fn grow(words: &mut Vec<Value>, more: usize) {
    let room = words.capacity() - words.len();
    if room < more {
        words.reserve_exact(more.max(words.len() / 8).max(256));
    }
}
