//! Ranges of ints of any size.

use super::{Context, Kind, Outcome, as_size, iter, type_error, value_error};
use crate::heap::{Heap, Object};
use crate::num::{Cost, Operand, Output};
use crate::store::Store;
use crate::value::Value;
use dashu_int::IBig;

/// The slots.
const START: usize = 0;
const STOP: usize = 1;
const STEP: usize = 2;
const LEN: usize = 3;
const SLOTS: usize = 4;

/// An int of any size; a bool counts as one.
fn big(store: &Store, value: Value) -> IBig {
    match store.operand(value) {
        Operand::Big(i) => i.clone(),
        Operand::Int(i) => IBig::from(i),
        Operand::Bool(b) => IBig::from(i64::from(b)),
        _ => IBig::ZERO,
    }
}

/// How many ints there are from one to another.
fn count(start: &IBig, stop: &IBig, step: &IBig) -> IBig {
    let distance = if *step > IBig::ZERO { stop - start } else { start - stop };
    if distance <= IBig::ZERO {
        return IBig::ZERO;
    }
    let step = if *step > IBig::ZERO { step.clone() } else { -step };
    (distance - IBig::ONE) / step + IBig::ONE
}

/// `range(start, stop, step)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn new(cx: &mut dyn Context, parts: [Value; 3]) -> Outcome {
    let store = cx.store();
    if let Some(&bad) = parts.iter().find(|&&part| as_size(store, part).is_none()) {
        let name = store.type_name(bad);
        return Err(type_error(format!("'{name}' object cannot be interpreted as an integer")));
    }
    let [start, stop, step] = parts.map(|part| big(store, part));
    if step == IBig::ZERO {
        return Err(value_error("range() arg 3 must not be zero"));
    }
    let len = count(&start, &stop, &step);
    make(cx, [start, stop, step, len])
}

/// A range with these slots.
fn make(cx: &mut dyn Context, parts: [IBig; SLOTS]) -> Outcome {
    let parts = parts.map(Output::int);
    let bytes: u64 = parts.iter().map(iter::slot_bytes).sum();
    cx.pay(Cost { object_bytes: Heap::object_bytes(SLOTS as u64) + bytes, ..Cost::default() }, &mut [])?;
    let store = cx.store();
    let parts = parts.map(|part| store.value(part));
    let range = store.heap.allocate(Kind::Range, SLOTS);
    for (at, &part) in parts.iter().enumerate() {
        store.heap.set_slot(range, at, part);
    }
    Ok(range.value())
}

/// Its start, stop and step.
pub fn parts(store: &Store, range: Object) -> [Value; 3] {
    [START, STOP, STEP].map(|at| store.heap.slot(range, at))
}

/// How many ints it has: an int of any size.
pub fn len(store: &Store, range: Object) -> Value {
    store.heap.slot(range, LEN)
}

/// The int at a place.
#[inline]
pub fn element(store: &Store, range: Object, at: usize) -> Option<Output> {
    let slots = store.heap.slots(range);
    let &[start, _, step, len] = slots else { return None };
    match len.as_small_int() {
        Some(len) if at as u64 >= len as u64 => return None,
        _ => {}
    }
    if let Some((start, step)) = Value::both_small(start, step)
        && let Some(int) = (at as i64).checked_mul(step).and_then(|distance| start.checked_add(distance))
    {
        return Some(Output::Int(int));
    }
    Some(Output::int(big(store, start) + big(store, step) * IBig::from(at)))
}
