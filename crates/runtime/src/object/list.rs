//! Lists: the number of elements, and a [`Kind::Storage`] that has room for at least so many.

use super::{Context, Fault, Kind, Meter, Outcome, as_index, raised, type_error};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;

/// The slot that counts the elements.
const LEN: usize = 0;
/// The slot with the storage; `none` where there is no element.
const STORAGE: usize = 1;
/// How many slots there are.
const SLOTS: usize = 2;

/// How many elements there are.
pub fn len(store: &Store, list: Object) -> usize {
    store.heap.count(list, LEN)
}

/// The elements.
pub fn elements(store: &Store, list: Object) -> &[Value] {
    let len = len(store, list);
    let storage = store.heap.object(store.heap.slot(list, STORAGE));
    storage.map_or(&[], |storage| store.heap.slots(storage).get(..len).unwrap_or_default())
}

/// What a list of these values costs.
pub fn cost(values: &[Value]) -> Cost {
    let slots: u64 = values.iter().map(|&value| Heap::slot_bytes(value)).sum();
    let storage = if values.is_empty() { 0 } else { Heap::object_bytes(values.len() as u64) };
    let object_bytes = Heap::object_bytes(SLOTS as u64) + storage + slots;
    Cost { fuel: values.len() as u64 / 4, object_bytes, ..Cost::default() }
}

/// What is charged for a list of so many values, besides what they cost themselves.
pub fn bytes(len: usize) -> u64 {
    let storage = if len == 0 { 0 } else { Heap::object_bytes(len as u64) };
    Heap::object_bytes(SLOTS as u64) + storage
}

/// A list of these values, paid for.
pub fn make(store: &mut Store, values: &[Value]) -> Value {
    let list = store.heap.allocate(Kind::List, SLOTS);
    if !values.is_empty() {
        let storage = store.heap.allocate(Kind::Storage, values.len());
        for (at, &value) in values.iter().enumerate() {
            store.heap.set_slot(storage, at, value);
        }
        store.heap.set_slot(list, STORAGE, storage.value());
        store.heap.set_count(list, LEN, values.len());
    }
    list.value()
}

/// `[*values]`.
///
/// # Errors
/// As [`Context::pay`].
pub fn new(cx: &mut dyn Context, values: &mut [Value]) -> Outcome {
    cx.pay(cost(values), values)?;
    Ok(make(cx.store(), values))
}

/// Room for elements of a list that grows to so many: CPython's formula, so that growing costs the same on average.
pub fn capacity(len: usize) -> usize {
    (len + (len >> 3) + 6) & !3
}

/// `list.append(value)`.
///
/// # Errors
/// As [`Context::pay`].
pub fn append(cx: &mut dyn Context, list: Value, value: Value) -> Outcome<()> {
    let store = cx.store();
    let Some(object) = store.heap.object(list) else { return Err(Fault::Refused) };
    let len = len(store, object);
    let storage = store.heap.object(store.heap.slot(object, STORAGE));
    let room = storage.map_or(0, |storage| store.heap.slots(storage).len());
    let mut object_bytes = Heap::slot_bytes(value);
    if len < room {
        let mut held = [list, value];
        if object_bytes > 0 {
            cx.pay(Cost { object_bytes, ..Cost::default() }, &mut held)?;
        }
        push(cx.store(), held[0], len, held[1]);
        return Ok(());
    }
    let room = capacity(len + 1);
    object_bytes += Heap::object_bytes(room as u64);
    let mut held = [list, value];
    cx.pay(Cost { fuel: len as u64 / 8, object_bytes, ..Cost::default() }, &mut held)?;
    let [list, value] = held;
    let store = cx.store();
    let Some(object) = store.heap.object(list) else { return Err(Fault::Refused) };
    let new = store.heap.allocate(Kind::Storage, room);
    for at in 0..len {
        let moved = elements(store, object).get(at).copied().unwrap_or(Value::NONE);
        if let Some(slot) = store.heap.slots_mut(new).get_mut(at) {
            *slot = moved;
        }
    }
    store.heap.set_slot(object, STORAGE, new.value());
    push(store, list, len, value);
    Ok(())
}

/// Puts a value behind the last element, where there is room.
fn push(store: &mut Store, list: Value, len: usize, value: Value) {
    let Some(object) = store.heap.object(list) else { return };
    if let Some(storage) = store.heap.object(store.heap.slot(object, STORAGE)) {
        store.heap.set_slot(storage, len, value);
        store.heap.set_count(object, LEN, len + 1);
    }
}

/// Where an index leads: from the end, if it is negative.
fn place(len: usize, index: i64) -> Option<usize> {
    let at = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(at).ok().filter(|&at| at < len)
}

/// `a[i]`.
///
/// # Errors
/// What CPython raises.
pub fn index(cx: &mut dyn Context, a: Value, i: Value) -> Outcome {
    let store = cx.store();
    let Some((Kind::List, list)) = store.object(a) else {
        return Err(type_error(format!("'{}' object is not subscriptable", store.type_name(a))));
    };
    let Some(index) = as_index(store, i) else {
        let name = store.type_name(i);
        return Err(type_error(format!("list indices must be integers or slices, not {name}")));
    };
    let elements = elements(store, list);
    match place(elements.len(), index) {
        Some(at) => Ok(elements[at]),
        None => Err(raised(ErrorKind::IndexError, "list index out of range")),
    }
}

/// `a[i] = value`.
///
/// # Errors
/// What CPython raises.
pub fn store_index(cx: &mut dyn Context, a: Value, i: Value, value: Value) -> Outcome<()> {
    let store = cx.store();
    let Some((Kind::List, list)) = store.object(a) else {
        let name = store.type_name(a);
        return Err(type_error(format!("'{name}' object does not support item assignment")));
    };
    let Some(index) = as_index(store, i) else {
        let name = store.type_name(i);
        return Err(type_error(format!("list indices must be integers or slices, not {name}")));
    };
    let Some(at) = place(len(store, list), index) else {
        return Err(raised(ErrorKind::IndexError, "list assignment index out of range"));
    };
    let mut held = [a, value];
    let object_bytes = Heap::slot_bytes(value);
    if object_bytes > 0 {
        cx.pay(Cost { object_bytes, ..Cost::default() }, &mut held)?;
    }
    let store = cx.store();
    let [a, value] = held;
    let storage = store.heap.object(a).and_then(|list| store.heap.object(store.heap.slot(list, STORAGE)));
    if let Some(storage) = storage {
        store.heap.set_slot(storage, at, value);
    }
    Ok(())
}

/// Counts a step for each element.
#[allow(dead_code)]
fn step_each(store: &Store, meter: &mut Meter, list: Object) -> Outcome<()> {
    meter.step(store, len(store, list) as u64)
}
