//! Tuples: their slots are their elements.

use super::sequence::size_of_repeat;
use super::{Context, Kind, Outcome, list};
use crate::heap::{Heap, Object};
use crate::num::Cost;
use crate::store::Store;
use crate::value::Value;

/// The elements.
#[inline]
pub fn elements(store: &Store, tuple: Object) -> &[Value] {
    store.heap.slots(tuple)
}

/// What a tuple of so many values costs, which cost so much in their slots.
pub fn cost(len: usize, slots_bytes: u64) -> Cost {
    let object_bytes = Heap::object_bytes(len as u64).saturating_add(slots_bytes);
    Cost { fuel: len as u64 / list::MADE_PER_FUEL, object_bytes, ..Cost::default() }
}

/// A tuple of these values, paid for.
pub fn make(store: &mut Store, values: &[Value]) -> Value {
    let tuple = store.heap.allocate(Kind::Tuple, values.len());
    store.heap.slots_mut(tuple).copy_from_slice(values);
    store.heap.charge_slots(Heap::slots_bytes(values));
    tuple.value()
}

/// `(*values,)`.
///
/// # Errors
/// As [`Context::pay`].
pub fn new(cx: &mut dyn Context, values: &mut [Value]) -> Outcome {
    cx.pay(cost(values.len(), Heap::slots_bytes(values)), values)?;
    Ok(make(cx.store(), values))
}

/// `a + b`, of two tuples.
///
/// # Errors
/// As [`Context::pay`].
pub fn concatenate(cx: &mut dyn Context, a: Value, b: Value) -> Outcome {
    let store = cx.store();
    let (x, y) = (list::elements_of(store, a), list::elements_of(store, b));
    if y.is_empty() {
        return Ok(a);
    }
    if x.is_empty() {
        return Ok(b);
    }
    let (x, y, bytes) = (x.len(), y.len(), Heap::slots_bytes(x) + Heap::slots_bytes(y));
    let mut held = [a, b];
    cx.pay(cost(x + y, bytes), &mut held)?;
    let store = cx.store();
    let tuple = store.heap.allocate(Kind::Tuple, x + y);
    list::copy(store, held[0], 0, tuple, 0, x);
    list::copy(store, held[1], 0, tuple, x, y);
    store.heap.charge_slots(bytes);
    Ok(tuple.value())
}

/// `a * times`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn repeat(cx: &mut dyn Context, a: Value, times: Value) -> Outcome {
    let store = cx.store();
    let elements = list::elements_of(store, a);
    let (len, bytes) = (elements.len(), Heap::slots_bytes(elements));
    let (count, times) = size_of_repeat(store, len, times)?;
    if count == len {
        return Ok(a);
    }
    let bytes = bytes.saturating_mul(times);
    let mut held = [a];
    cx.pay(cost(count, bytes), &mut held)?;
    let store = cx.store();
    let tuple = store.heap.allocate(Kind::Tuple, count);
    list::copy(store, held[0], 0, tuple, 0, len.min(count));
    list::repeat_slots(store, tuple, len, count);
    store.heap.charge_slots(bytes);
    Ok(tuple.value())
}
