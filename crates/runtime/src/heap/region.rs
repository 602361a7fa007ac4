//! The region: objects that refer to values, as headers and slots in one sequence of words.
//!
//! Allocating moves the end up. Collecting copies what is reachable to a new region, breadth first, which leaves the old one
//! to be dropped as a whole (C. J. Cheney, *A nonrecursive list compacting algorithm*, 1970). So objects move whenever
//! there is a collection, and nobody may keep an [`Object`] across one.

use super::{GivenUp, Heap, INT, LEAF, Roots};
use crate::object::Kind;
use crate::value::Value;
use bytecode::Shape;

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

/// The kind that a shape is.
const fn kind_of(shape: Shape) -> Kind {
    match shape {
        Shape::List => Kind::List,
        Shape::ListIterator => Kind::ListIterator,
        Shape::Tuple => Kind::Tuple,
    }
}

/// The lower half of the header of an object of a shape.
pub(super) const fn header(shape: Shape) -> u32 {
    Header::new(kind_of(shape), 0).0 as u32
}

impl Header {
    const COPIED: u64 = 0xFF;

    const fn new(kind: Kind, words: usize) -> Header {
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
/// No object is at index 0.
const FIRST: usize = 1;

/// Memory for a region that stays where it is.
pub struct Reserve {
    /// Its words: half of them are in use at a time.
    pub words: &'static mut [Value],
    /// Is told of words that nobody needs any more, and may change them.
    pub release: fn(&mut [Value]),
}

/// Where the words are.
enum Words {
    /// In memory that grows, and is another after each collection.
    Growing(Vec<Value>),
    /// In one half of memory that stays where it is.
    Reserved { memory: Reserve, upper: bool, end: usize },
}

/// The region.
pub(super) struct Region {
    words: Words,
}

impl Default for Region {
    fn default() -> Region {
        Region { words: Words::Growing(Vec::new()) }
    }
}

impl Region {
    /// A region in memory that stays where it is.
    pub fn reserved(memory: Reserve) -> Region {
        Region { words: Words::Reserved { memory, upper: false, end: FIRST } }
    }

    /// All words up to the end of the last object.
    #[inline]
    fn words(&self) -> &[Value] {
        match &self.words {
            Words::Growing(words) => words,
            Words::Reserved { memory, end, .. } => memory.words.get(..*end).unwrap_or_default(),
        }
    }

    #[inline]
    fn words_mut(&mut self) -> &mut [Value] {
        match &mut self.words {
            Words::Growing(words) => words,
            Words::Reserved { memory, end, .. } => memory.words.get_mut(..*end).unwrap_or_default(),
        }
    }

    /// The object at an index, if it can be one.
    #[inline]
    pub fn find(&self, index: u32) -> Option<Object> {
        let at = index as usize;
        let found = match &self.words {
            Words::Growing(words) => at < words.len(),
            Words::Reserved { memory, upper, end } => at < *end && (!*upper || at >= memory.words.len() / 2),
        };
        debug_assert!(found, "a reference outlived its object");
        found.then_some(Object(index))
    }

    pub fn allocate(&mut self, kind: Kind, slots: usize) -> Object {
        let at = match &mut self.words {
            Words::Growing(words) => {
                let at = words.len().max(FIRST);
                let room = words.capacity() - words.len();
                // By an eighth at the least: what a large region has beyond its end must stay small beside it.
                if room < slots + 2 {
                    words.reserve_exact((slots + 2).max(words.len() / 8).max(256));
                }
                words.resize(at + 1 + slots, Value::NONE);
                at
            }
            Words::Reserved { end, .. } => {
                let at = *end;
                *end = at + 1 + slots;
                at
            }
        };
        let empty = if kind.holds_values() { Value::NONE } else { Value::from_bits(0) };
        debug_assert!(self.words().len() == at + 1 + slots, "the region has no room for what was paid for");
        if let Some((header, rest)) = self.words_mut().get_mut(at..).and_then(<[Value]>::split_first_mut) {
            *header = Header::new(kind, slots + 1).word();
            rest.fill(empty);
        }
        Object(at as u32)
    }

    #[inline]
    fn header(&self, object: Object) -> Header {
        Header::of(self.words().get(object.0 as usize).copied().unwrap_or(Value::NONE))
    }

    #[inline]
    pub fn kind(&self, object: Object) -> Kind {
        self.header(object).kind()
    }

    /// Whether it is of a shape.
    #[inline]
    pub fn has_shape(&self, object: Object, shape: Shape) -> bool {
        self.header(object).0 as u32 == header(shape)
    }

    #[inline]
    pub fn slots(&self, object: Object) -> &[Value] {
        let at = object.0 as usize;
        let words = self.words();
        let header = Header::of(words.get(at).copied().unwrap_or(Value::NONE));
        words.get(at + 1..at + header.words()).unwrap_or_default()
    }

    #[inline]
    pub fn slots_mut(&mut self, object: Object) -> &mut [Value] {
        let at = object.0 as usize;
        let words = self.words_mut();
        let header = Header::of(words.get(at).copied().unwrap_or(Value::NONE));
        words.get_mut(at + 1..at + header.words()).unwrap_or_default()
    }

    /// Copies slots, if there are so many on both sides.
    pub fn copy_slots(&mut self, from: Object, start: usize, to: Object, at: usize, count: usize) {
        let there = |object: Object, first: usize| {
            first.checked_add(count).is_some_and(|end| end < self.header(object).words())
        };
        if there(from, start) && there(to, at) {
            let (source, target) = (from.0 as usize + 1 + start, to.0 as usize + 1 + at);
            self.words_mut().copy_within(source..source + count, target);
        }
    }

    /// Where the next object will be.
    pub fn end(&self) -> usize {
        self.words().len()
    }

    /// Takes away the objects from a place on.
    pub fn truncate(&mut self, end: usize) {
        match &mut self.words {
            Words::Growing(words) => words.truncate(end),
            Words::Reserved { end: last, .. } => *last = (*last).min(end),
        }
    }

    /// Leaves an object the first so many slots.
    pub fn shrink(&mut self, object: Object, slots: usize) {
        let header = self.header(object);
        if slots + 1 < header.words()
            && let Some(word) = self.words_mut().get_mut(object.0 as usize)
        {
            *word = Header::new(header.kind(), slots + 1).word();
        }
    }

    /// Copies what is reachable, and answers what is charged for it. `leaf` is told of each reference to a table, and whether it
    /// stands in an object; `shift` words at the start stay free.
    pub fn copy(
        &mut self,
        shift: usize,
        roots: Roots<'_>,
        interrupted: &dyn Fn() -> bool,
        leaf: &mut dyn FnMut(u32, bool),
    ) -> Result<u64, GivenUp> {
        match &mut self.words {
            Words::Growing(from) => {
                let mut to = vec![Value::NONE; from.len().max(FIRST) + shift];
                let mut copy = Copy::new(from, &mut to, FIRST, shift);
                copy.all(roots, interrupted, leaf)?;
                let (end, charged) = (copy.end, copy.charged);
                to.truncate(end);
                self.words = Words::Growing(to);
                Ok(charged)
            }
            Words::Reserved { memory, upper, end } => {
                let half = memory.words.len() / 2;
                let (low, high) = memory.words.split_at_mut(half);
                let (from, to, base) = if *upper { (high, low, FIRST) } else { (low, high, 0) };
                let (from_base, to_base) = if *upper { (half, 0) } else { (0, half) };
                let mut copy = Copy::new(from, to, base, shift);
                (copy.from_base, copy.to_base) = (from_base, to_base);
                copy.all(roots, interrupted, leaf)?;
                let charged = copy.charged;
                let new_end = to_base + copy.end;
                let used = end.saturating_sub(from_base);
                // Small ones stay: the system takes longer to give pages than we to write over them.
                if let Some(old) = from.get_mut(..used)
                    && used > KEPT
                {
                    (memory.release)(&mut old[KEPT..]);
                }
                (*upper, *end) = (!*upper, new_end);
                Ok(charged)
            }
        }
    }
}

/// Words of an unused half that are not given back: 2 MiB.
const KEPT: usize = 1 << 18;

/// A collection under way: objects go from one half to the other. What stands in objects and roots are indices, which differ
/// from places in the halves by their bases.
struct Copy<'a> {
    from: &'a mut [Value],
    from_base: usize,
    to: &'a mut [Value],
    to_base: usize,
    /// Where the objects copied start and end.
    start: usize,
    end: usize,
    charged: u64,
}

impl<'a> Copy<'a> {
    fn new(from: &'a mut [Value], to: &'a mut [Value], first: usize, shift: usize) -> Copy<'a> {
        let start = first + shift;
        Copy { from, from_base: 0, to, to_base: 0, start, end: start, charged: 0 }
    }

    fn all(
        &mut self,
        roots: Roots<'_>,
        interrupted: &dyn Fn() -> bool,
        leaf: &mut dyn FnMut(u32, bool),
    ) -> Result<(), GivenUp> {
        let (mut looked, mut stop) = (0, false);
        roots(&mut |root| {
            looked += 1;
            if looked % AT_ONCE == 0 {
                stop = stop || interrupted();
            }
            if !stop {
                self.visit(root, leaf, false);
            }
        });
        let mut at = self.start;
        let mut look_at = at + AT_ONCE;
        while at < self.end {
            if stop || at >= look_at && interrupted() {
                return Err(GivenUp);
            }
            look_at = look_at.max(at + 1);
            let Some(&word) = self.to.get(at) else { break };
            let header = Header::of(word);
            let end = at + header.words().max(1);
            if header.kind().holds_values() {
                for slot in at + 1..end {
                    if slot >= look_at {
                        look_at = slot + AT_ONCE;
                        if interrupted() {
                            return Err(GivenUp);
                        }
                    }
                    let Some(&value) = self.to.get(slot) else { break };
                    if value.as_reference().is_some() {
                        let mut value = value;
                        self.visit(&mut value, leaf, true);
                        self.to[slot] = value;
                    }
                }
            }
            at = end;
        }
        if stop { Err(GivenUp) } else { Ok(()) }
    }

    #[inline]
    fn visit(&mut self, value: &mut Value, leaf: &mut dyn FnMut(u32, bool), in_object: bool) {
        let Some(index) = value.as_reference() else { return };
        if index & (INT | LEAF) != 0 {
            return leaf(index, in_object);
        }
        let Some(at) = (index as usize).checked_sub(self.from_base) else { return };
        let Some(&word) = self.from.get(at) else { return };
        let header = Header::of(word);
        let to = match header.copy() {
            Some(to) => to,
            None => {
                let words = header.words().max(1);
                let to = (self.to_base + self.end) as u32;
                let (Some(old), Some(new)) =
                    (self.from.get(at..at + words), self.to.get_mut(self.end..self.end + words))
                else {
                    return;
                };
                new.copy_from_slice(old);
                self.end += words;
                self.charged += Heap::object_bytes(words as u64 - 1);
                self.from[at] = Header::copied(to).word();
                to
            }
        };
        *value = Value::reference(to);
    }
}
