//! Slices, and which elements they name.

use super::Kind;
use super::{Context, Outcome, Size, as_size, type_error, value_error};
use crate::heap::{Heap, Object};
use crate::num::Cost;
use crate::store::Store;
use crate::value::Value;

/// `slice(start, stop, step)`.
///
/// # Errors
/// As [`Context::pay`].
pub fn new(cx: &mut dyn Context, parts: [Value; 3]) -> Outcome {
    let mut held = parts;
    let object_bytes = Heap::object_bytes(3) + Heap::slots_bytes(&held);
    cx.pay(Cost { object_bytes, ..Cost::default() }, &mut held)?;
    let store = cx.store();
    let slice = store.heap.allocate(Kind::Slice, 3);
    for (at, &part) in held.iter().enumerate() {
        store.heap.set_slot(slice, at, part);
    }
    Ok(slice.value())
}

/// Its start, stop and step.
pub fn parts(store: &Store, slice: Object) -> [Value; 3] {
    [0, 1, 2].map(|at| store.heap.slot(slice, at))
}

/// Elements at the same distance from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where the first one is. If there is none: where one would be put.
    pub start: usize,
    /// How far it is from one to the next; not 0.
    pub step: i64,
    /// How many there are.
    pub count: usize,
}

impl Span {
    /// Where they are, in order.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..self.count as i64).map(move |i| (self.start as i64 + i * self.step) as usize)
    }

    /// The same elements from the lowest place up.
    pub fn ascending(self) -> Span {
        if self.step > 0 || self.count == 0 {
            return Span { step: self.step.saturating_abs(), ..self };
        }
        let last = self.start as i64 + (self.count as i64 - 1) * self.step;
        Span { start: last as usize, step: -self.step, count: self.count }
    }
}

/// One of the three; `none` stands for what is given.
fn part(store: &Store, value: Value, default: i64) -> Outcome<i64> {
    match as_size(store, value) {
        Some(size) => Ok(size.clamped()),
        None if value == Value::NONE => Ok(default),
        None => Err(type_error("slice indices must be integers or None or have an __index__ method")),
    }
}

/// The error of a slice with something else in it.
pub fn bad_part() -> super::Fault {
    type_error("slice indices must be integers or None or have an __index__ method")
}

/// What a slice names of a sequence with so many elements.
///
/// # Errors
/// What CPython raises.
pub fn span(store: &Store, slice: Object, len: usize) -> Outcome<Span> {
    let [start, stop, step] = parts(store, slice);
    let step = part(store, step, 1)?.max(-i64::MAX);
    if step == 0 {
        return Err(value_error("slice step cannot be zero"));
    }
    let back = step < 0;
    let len = len as i64;
    let (lowest, highest) = if back { (-1, len - 1) } else { (0, len) };
    let place = |at: i64| (if at < 0 { at.saturating_add(len) } else { at }).clamp(lowest, highest);
    let start = part(store, start, if back { i64::MAX } else { 0 }).map(place)?;
    let stop = match stop {
        Value::NONE => {
            if back {
                lowest
            } else {
                highest
            }
        }
        stop => place(part(store, stop, 0)?),
    };
    let distance = if back { start - stop } else { stop - start };
    let count = if distance > 0 { (distance - 1) / step.abs() + 1 } else { 0 };
    Ok(Span { start: start.max(0) as usize, step, count: count as usize })
}

impl Size {
    /// The nearest int of 64 bits.
    pub fn clamped(self) -> i64 {
        match self {
            Size::Fits(i) => i,
            Size::Beyond { negative: false } => i64::MAX,
            Size::Beyond { negative: true } => i64::MIN,
        }
    }
}
