//! Lists: the number of elements, and a [`Kind::Storage`] that has room for at least so many.
//!
//! How much room there is follows CPython's formula, so that growing costs the same on average. No program sees it, but it decides
//! what growing costs, so it depends on nothing but what was done to the list.

use super::sequence::{bad_index, place, place_between, size_of_repeat};
use super::{
    Context, Fault, Kind, Outcome, args, as_index, iter, raised, slice, type_error, value_error, walk,
};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;
use bytecode::shape::list as shape;

/// The slot that counts the elements.
const LEN: usize = shape::LEN as usize;
/// The slot with the storage; `none` where there is no room.
const STORAGE: usize = shape::STORAGE as usize;
/// How many slots there are.
const SLOTS: usize = shape::SLOTS as usize;

/// Elements of a new object that are written for one unit of fuel.
pub const MADE_PER_FUEL: u64 = 4;
/// Elements that are moved within a list, or to a larger storage, for one unit of fuel.
pub const MOVED_PER_FUEL: u64 = 8;

/// How many elements there are.
#[inline]
pub fn len(store: &Store, list: Object) -> usize {
    store.heap.count(list, LEN)
}

/// The elements.
#[inline]
pub fn elements(store: &Store, list: Object) -> &[Value] {
    let slots = store.heap.slots(list);
    let (Some(len), Some(storage)) = (slots.first(), slots.get(STORAGE)) else { return &[] };
    let len = len.as_small_int().unwrap_or(0) as usize;
    let storage = store.heap.object(*storage);
    storage.map_or(&[], |storage| store.heap.slots(storage).get(..len).unwrap_or_default())
}

/// The elements of a list or tuple; none of anything else.
#[inline]
pub fn elements_of(store: &Store, a: Value) -> &[Value] {
    match store.object(a) {
        Some((Kind::List, list)) => elements(store, list),
        Some((Kind::Tuple, tuple)) => store.heap.slots(tuple),
        _ => &[],
    }
}

/// The object whose slots are the elements of a list or tuple.
pub fn slots_of(store: &Store, a: Value) -> Option<Object> {
    match store.object(a)? {
        (Kind::List, list) => storage(store, list),
        (_, tuple) => Some(tuple),
    }
}

fn storage(store: &Store, list: Object) -> Option<Object> {
    store.heap.object(store.heap.slot(list, STORAGE))
}

fn room(store: &Store, list: Object) -> usize {
    storage(store, list).map_or(0, |storage| store.heap.slots(storage).len())
}

/// What a new list of so many elements costs, which cost so much in their slots.
pub fn cost(len: usize, slots_bytes: u64) -> Cost {
    let storage = if len == 0 { 0 } else { Heap::object_bytes(len as u64) };
    let object_bytes = Heap::object_bytes(SLOTS as u64).saturating_add(storage).saturating_add(slots_bytes);
    Cost { fuel: len as u64 / MADE_PER_FUEL, object_bytes, ..Cost::default() }
}

/// A new list of so many elements, paid for, with the storage into which they are to be put.
pub fn allocate(store: &mut Store, len: usize) -> (Value, Option<Object>) {
    let list = store.heap.allocate(Kind::List, SLOTS);
    store.heap.set_count(list, LEN, len);
    let storage = (len > 0).then(|| store.heap.allocate(Kind::Storage, len));
    if let Some(storage) = storage {
        store.heap.set_slot(list, STORAGE, storage.value());
    }
    (list.value(), storage)
}

/// A list of these values, paid for.
pub fn make(store: &mut Store, values: &[Value]) -> Value {
    let (list, storage) = allocate(store, values.len());
    if let Some(storage) = storage {
        store.heap.slots_mut(storage).copy_from_slice(values);
        store.heap.charge_slots(Heap::slots_bytes(values));
    }
    list
}

/// `[*values]`.
///
/// # Errors
/// As [`Context::pay`].
pub fn new(cx: &mut dyn Context, values: &mut [Value]) -> Outcome {
    cx.pay(cost(values.len(), Heap::slots_bytes(values)), values)?;
    Ok(make(cx.store(), values))
}

/// Copies elements of a list or tuple into the slots of an object. What they cost themselves is not charged.
pub fn copy(store: &mut Store, from: Value, start: usize, to: Object, at: usize, count: usize) {
    if let Some(slots) = slots_of(store, from) {
        store.heap.copy_slots(slots, start, to, at, count);
    }
}

/// Repeats the first so many slots of an object up to a place.
pub fn repeat_slots(store: &mut Store, object: Object, first: usize, end: usize) {
    if let [value] = *store.heap.slots(object).get(..first).unwrap_or_default() {
        if let Some(slots) = store.heap.slots_mut(object).get_mut(..end) {
            slots.fill(value);
        }
        return;
    }
    let mut done = first;
    while done > 0 && done < end {
        let count = done.min(end - done);
        store.heap.copy_slots(object, 0, object, done, count);
        done += count;
    }
}

/// The room of a list that had so much when it gets so many elements instead of others: CPython's formula.
fn room_for(room: usize, old: usize, new: usize) -> usize {
    if new <= room && new >= room / 2 {
        return room;
    }
    let larger = (new + (new >> 3) + 6) & !3;
    match new {
        0 => 0,
        _ if new <= room => larger.min(room),
        _ if new > old && new - old > larger - new => (new + 3) & !3,
        _ => larger,
    }
}

/// What it costs to give a list so many elements.
pub fn resize_cost(store: &Store, list: Object, new: usize) -> Cost {
    let (room, old) = (room(store, list), len(store, list));
    let larger = room_for(room, old, new);
    if larger <= room {
        return Cost::default();
    }
    Cost {
        fuel: old as u64 / MOVED_PER_FUEL,
        object_bytes: Heap::object_bytes(larger as u64),
        ..Cost::default()
    }
}

/// Gives a list so many elements, paid for. New ones are `none`; the storage is where they are to be put.
pub fn resize(store: &mut Store, list: Object, new: usize) -> Option<Object> {
    let (old_room, old) = (room(store, list), len(store, list));
    let room = room_for(old_room, old, new);
    let mut storage = storage(store, list);
    if room > old_room {
        let larger = store.heap.allocate(Kind::Storage, room);
        if let Some(storage) = storage {
            store.heap.copy_slots(storage, 0, larger, 0, old);
        }
        store.heap.set_slot(list, STORAGE, larger.value());
        storage = Some(larger);
    } else if room == 0 {
        store.heap.set_slot(list, STORAGE, Value::NONE);
        storage = None;
    } else if let Some(storage) = storage {
        store.heap.shrink(storage, room);
        if let Some(gone) = store.heap.slots_mut(storage).get_mut(new..old.min(room)) {
            gone.fill(Value::NONE);
        }
    }
    store.heap.set_count(list, LEN, new);
    storage
}

/// Replaces elements from one place to another by so many others, paid for, that are still to be put there. Answers the storage.
pub fn splice(store: &mut Store, list: Object, start: usize, end: usize, count: usize) -> Option<Object> {
    let old = len(store, list);
    let new = old - (end - start) + count;
    let tail = old - end;
    if new >= old {
        let storage = resize(store, list, new)?;
        store.heap.copy_slots(storage, end, storage, start + count, tail);
        return Some(storage);
    }
    if let Some(storage) = storage(store, list) {
        store.heap.copy_slots(storage, end, storage, start + count, tail);
    }
    resize(store, list, new)
}

/// What [`splice`] costs, without what the new values cost.
pub fn splice_cost(store: &Store, list: Object, start: usize, end: usize, count: usize) -> Cost {
    let old = len(store, list);
    let mut cost = resize_cost(store, list, old - (end - start) + count);
    if count != end - start {
        cost.fuel += (old - end) as u64 / MOVED_PER_FUEL;
    }
    cost.fuel += count as u64 / MADE_PER_FUEL;
    cost
}

/// `list.append(value)`; answers the list, which may have moved.
///
/// # Errors
/// As [`Context::pay`].
pub fn append(cx: &mut dyn Context, list: Value, value: Value) -> Outcome {
    let store = cx.store();
    let Some(object) = store.heap.object(list) else { return Err(Fault::Refused) };
    let slots = store.heap.slots(object);
    let (Some(len), Some(storage)) = (slots.first(), slots.get(STORAGE)) else { return Err(Fault::Refused) };
    let len = len.as_small_int().unwrap_or(0) as usize;
    let bytes = Heap::slot_bytes(value);
    if bytes == 0
        && let Some(storage) = store.heap.object(*storage)
        && let Some(slot) = store.heap.slots_mut(storage).get_mut(len)
    {
        *slot = value;
        store.heap.set_count(object, LEN, len + 1);
        return Ok(list);
    }
    let mut cost = resize_cost(store, object, len + 1);
    cost.object_bytes += bytes;
    let mut held = [list, value];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let [list, value] = held;
    let store = cx.store();
    if let Some(object) = store.heap.object(list)
        && let Some(storage) = resize(store, object, len + 1)
    {
        store.heap.set_slot(storage, len, value);
    }
    Ok(list)
}

/// Where an index leads.
fn place_of(store: &Store, kind: Kind, len: usize, i: Value, beyond: &'static str) -> Outcome<usize> {
    match as_index(store, i) {
        Some(index) => place(len, index).ok_or_else(|| raised(ErrorKind::IndexError, beyond)),
        None if super::as_size(store, i).is_some() => {
            Err(raised(ErrorKind::IndexError, "cannot fit 'int' into an index-sized integer"))
        }
        None => Err(bad_index(store, kind, i)),
    }
}

/// `a[i]`, of a list or tuple.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn index(cx: &mut dyn Context, a: Value, i: Value) -> Outcome {
    let store = cx.store();
    let (kind, beyond, elements) = match store.object(a) {
        Some((Kind::List, list)) => (Kind::List, "list index out of range", elements(store, list)),
        Some((kind, tuple)) => (kind, "tuple index out of range", store.heap.slots(tuple)),
        None => return Err(Fault::Refused),
    };
    if let Some((Kind::Slice, slice)) = store.object(i) {
        return get_slice(cx, kind, a, slice);
    }
    let at = place_of(store, kind, elements.len(), i, beyond)?;
    Ok(elements.get(at).copied().unwrap_or(Value::NONE))
}

/// `a[start:stop:step]`, of a list or tuple.
fn get_slice(cx: &mut dyn Context, kind: Kind, a: Value, slice: Object) -> Outcome {
    let store = cx.store();
    let elements = elements_of(store, a);
    let span = slice::span(store, slice, elements.len())?;
    if kind == Kind::Tuple && span.count == elements.len() && span.step == 1 {
        return Ok(a);
    }
    let bytes = match elements.get(span.start..span.start + span.count) {
        Some(elements) if span.step == 1 => Heap::slots_bytes(elements),
        _ => span.places().map(|at| elements.get(at).map_or(0, |&value| Heap::slot_bytes(value))).sum(),
    };
    let (cost, mut held) = match kind {
        Kind::List => (cost(span.count, bytes), [a]),
        _ => (super::tuple::cost(span.count, bytes), [a]),
    };
    cx.pay(cost, &mut held)?;
    let store = cx.store();
    let (result, slots) = match kind {
        Kind::List => allocate(store, span.count),
        _ => {
            let tuple = store.heap.allocate(Kind::Tuple, span.count);
            (tuple.value(), Some(tuple))
        }
    };
    let (Some(to), Some(from)) = (slots, slots_of(store, held[0])) else { return Ok(result) };
    if span.step == 1 {
        store.heap.copy_slots(from, span.start, to, 0, span.count);
    } else {
        for (at, from_at) in span.places().enumerate() {
            store.heap.copy_slots(from, from_at, to, at, 1);
        }
    }
    store.heap.charge_slots(bytes);
    Ok(result)
}

/// `a[i] = value`, of a list.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn store_index(cx: &mut dyn Context, a: Value, i: Value, value: Value) -> Outcome<()> {
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    if let Some((Kind::Slice, slice)) = store.object(i) {
        return store_slice(cx, a, slice, value);
    }
    let len = len(store, list);
    let at = place_of(store, Kind::List, len, i, "list assignment index out of range")?;
    let mut held = [a, value];
    let object_bytes = Heap::slot_bytes(value);
    if object_bytes > 0 {
        cx.pay(Cost { object_bytes, ..Cost::default() }, &mut held)?;
    }
    let store = cx.store();
    if let Some(storage) = slots_of(store, held[0]) {
        store.heap.set_slot(storage, at, held[1]);
    }
    Ok(())
}

/// `a[start:stop:step] = values`, of a list.
fn store_slice(cx: &mut dyn Context, a: Value, slice: Object, values: Value) -> Outcome<()> {
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    let span = slice::span(store, slice, len(store, list))?;
    let contiguous = span.step == 1;
    if !iter::is_iterable(store, values) {
        let message =
            if contiguous { "can only assign an iterable" } else { "must assign iterable to extended slice" };
        return Err(type_error(message));
    }
    let plan = walk::plan(cx, values, usize::MAX)?;
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    if !contiguous && plan.count != span.count {
        let (size, wanted) = (plan.count, span.count);
        let message = format!("attempt to assign sequence of size {size} to extended slice of size {wanted}");
        return plan.fail(cx, value_error(message));
    }
    let end = span.start + span.count;
    let mut cost = match contiguous {
        true => splice_cost(store, list, span.start, end, plan.count),
        false => Cost { fuel: plan.count as u64 / MADE_PER_FUEL, ..Cost::default() },
    };
    // What is not in a list or tuple, or is in this list, goes through a tuple: reading it must not meet what is written.
    let direct = a != values && plan.elements;
    if !direct {
        cost.object_bytes += Heap::object_bytes(plan.count as u64);
    }
    cost.object_bytes = cost.object_bytes.saturating_add(plan.bytes);
    let mut held = [a, values];
    plan.pay(cx, cost, &mut held)?;
    let store = cx.store();
    let [a, mut values] = held;
    if !direct {
        let tuple = store.heap.allocate(Kind::Tuple, plan.count);
        walk::fill(store, values, tuple, 0, plan.count);
        values = tuple.value();
    }
    let Some(list) = store.heap.object(a) else { return Ok(()) };
    if contiguous {
        if let Some(storage) = splice(store, list, span.start, end, plan.count) {
            copy(store, values, 0, storage, span.start, plan.count);
        }
    } else if let Some(storage) = storage(store, list) {
        for (from, at) in span.places().enumerate() {
            copy(store, values, from, storage, at, 1);
        }
    }
    if direct {
        store.heap.charge_slots(plan.bytes);
    }
    Ok(())
}

/// `del a[i]`, of a list.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn delete_index(cx: &mut dyn Context, a: Value, i: Value) -> Outcome<()> {
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    let len = len(store, list);
    if let Some((Kind::Slice, slice)) = store.object(i) {
        let span = slice::span(store, slice, len)?.ascending();
        if span.step != 1 && span.count > 0 {
            return delete_span(cx, a, span);
        }
        return delete(cx, a, span.start, span.start + span.count);
    }
    let at = place_of(store, Kind::List, len, i, "list assignment index out of range")?;
    delete(cx, a, at, at + 1)
}

/// Deletes elements from one place to another.
///
/// # Errors
/// As [`Context::pay`].
pub fn delete(cx: &mut dyn Context, a: Value, start: usize, end: usize) -> Outcome<()> {
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    let mut held = [a];
    let cost = splice_cost(store, list, start, end, 0);
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let Some(list) = store.heap.object(held[0]) {
        splice(store, list, start, end, 0);
    }
    Ok(())
}

/// Deletes elements that are not beside each other, from the lowest place up.
fn delete_span(cx: &mut dyn Context, a: Value, span: slice::Span) -> Outcome<()> {
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    let len = len(store, list);
    let mut held = [a];
    cx.pay(Cost { fuel: (len - span.start) as u64 / MADE_PER_FUEL, ..Cost::default() }, &mut held)?;
    let store = cx.store();
    let Some(list) = store.heap.object(held[0]) else { return Ok(()) };
    if let Some(storage) = storage(store, list) {
        let slots = store.heap.slots_mut(storage);
        let (mut to, mut next, mut left) = (span.start, span.start, span.count);
        for from in span.start..len {
            if from == next && left > 0 {
                left -= 1;
                next = next.saturating_add(span.step as usize);
            } else {
                slots[to] = slots[from];
                to += 1;
            }
        }
    }
    resize(store, list, len - span.count);
    Ok(())
}

/// `a + b`, of two lists.
///
/// # Errors
/// As [`Context::pay`].
pub fn concatenate(cx: &mut dyn Context, a: Value, b: Value) -> Outcome {
    let store = cx.store();
    let (x, y) = (elements_of(store, a), elements_of(store, b));
    let (x, y, bytes) = (x.len(), y.len(), Heap::slots_bytes(x) + Heap::slots_bytes(y));
    let mut held = [a, b];
    cx.pay(cost(x + y, bytes), &mut held)?;
    let store = cx.store();
    let (list, storage) = allocate(store, x + y);
    if let Some(storage) = storage {
        copy(store, held[0], 0, storage, 0, x);
        copy(store, held[1], 0, storage, x, y);
        store.heap.charge_slots(bytes);
    }
    Ok(list)
}

/// `a * times`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn repeat(cx: &mut dyn Context, a: Value, times: Value) -> Outcome {
    let store = cx.store();
    let elements = elements_of(store, a);
    let (len, bytes) = (elements.len(), Heap::slots_bytes(elements));
    let (count, times) = size_of_repeat(store, len, times)?;
    let bytes = bytes.saturating_mul(times);
    let mut held = [a];
    cx.pay(cost(count, bytes), &mut held)?;
    let store = cx.store();
    let (list, storage) = allocate(store, count);
    if let Some(storage) = storage {
        copy(store, held[0], 0, storage, 0, len);
        repeat_slots(store, storage, len, count);
        store.heap.charge_slots(bytes);
    }
    Ok(list)
}

/// `a *= times`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn repeat_in_place(cx: &mut dyn Context, a: Value, times: Value) -> Outcome {
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    let elements = elements_of(store, a);
    let (len, bytes) = (elements.len(), Heap::slots_bytes(elements));
    let (count, times) = size_of_repeat(store, len, times)?;
    let bytes = bytes.saturating_mul(times.saturating_sub(1));
    let mut held = [a];
    let mut cost = resize_cost(store, list, count);
    cost.object_bytes = cost.object_bytes.saturating_add(bytes);
    cost.fuel += count.saturating_sub(len) as u64 / MADE_PER_FUEL;
    cx.pay(cost, &mut held)?;
    let store = cx.store();
    let Some(list) = store.heap.object(held[0]) else { return Ok(a) };
    if let Some(storage) = resize(store, list, count) {
        repeat_slots(store, storage, len.min(count), count);
        store.heap.charge_slots(bytes);
    }
    Ok(held[0])
}

/// `a += values`, and `a.extend(values)`. Answers the list.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn extend(cx: &mut dyn Context, a: Value, values: Value) -> Outcome {
    let plan = walk::plan(cx, values, usize::MAX)?;
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    let len = len(store, list);
    let mut cost = resize_cost(store, list, len + plan.count);
    cost.fuel += plan.count as u64 / MADE_PER_FUEL;
    cost.object_bytes = cost.object_bytes.saturating_add(plan.bytes);
    let mut held = [a, values];
    plan.pay(cx, cost, &mut held)?;
    let store = cx.store();
    let [a, values] = held;
    let Some(list) = store.heap.object(a) else { return Ok(a) };
    if let Some(storage) = resize(store, list, len + plan.count) {
        walk::fill(store, values, storage, len, plan.count);
    }
    Ok(a)
}

/// `list.clear()`.
///
/// # Errors
/// As [`Context::pay`].
pub fn clear(cx: &mut dyn Context, a: Value) -> Outcome<()> {
    let len = elements_of(cx.store(), a).len();
    delete(cx, a, 0, len)
}

/// `list.insert(i, value)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn insert(cx: &mut dyn Context, a: Value, i: Value, value: Value) -> Outcome<()> {
    let store = cx.store();
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    let index = args::size(store, i)?;
    let len = len(store, list) as i64;
    let at = (if index < 0 { index.saturating_add(len).max(0) } else { index.min(len) }) as usize;
    let mut cost = splice_cost(store, list, at, at, 1);
    cost.object_bytes += Heap::slot_bytes(value);
    let mut held = [a, value];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let Some(list) = store.heap.object(held[0])
        && let Some(storage) = splice(store, list, at, at, 1)
    {
        store.heap.set_slot(storage, at, held[1]);
    }
    Ok(())
}

/// `list.pop()`, or `list.pop(i)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn pop(cx: &mut dyn Context, a: Value, i: Option<Value>) -> Outcome {
    let store = cx.store();
    let index = i.map_or(Ok(-1), |i| args::size(store, i))?;
    let elements = elements_of(store, a);
    if elements.is_empty() {
        return Err(raised(ErrorKind::IndexError, "pop from empty list"));
    }
    let Some(at) = place(elements.len(), index) else {
        return Err(raised(ErrorKind::IndexError, "pop index out of range"));
    };
    let (value, len) = (elements.get(at).copied().unwrap_or(Value::NONE), elements.len());
    let Some(list) = store.heap.object(a) else { return Err(Fault::Refused) };
    if at + 1 == len
        && let Some(storage) = storage(store, list)
    {
        // The last one of a list that keeps its room: no other moves.
        let slots = store.heap.slots_mut(storage);
        if room_for(slots.len(), len, at) == slots.len() {
            slots[at] = Value::NONE;
            store.heap.set_count(list, LEN, at);
            return Ok(value);
        }
    }
    let cost = splice_cost(store, list, at, at + 1, 0);
    let mut held = [a, value];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let Some(list) = store.heap.object(held[0]) {
        splice(store, list, at, at + 1, 0);
    }
    Ok(held[1])
}

/// `list.remove(wanted)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn remove(cx: &mut dyn Context, a: Value, wanted: Value) -> Outcome<()> {
    let mut held = [a];
    let at = super::priced(cx, &mut held, |store, meter, held| {
        let found = place_between(store, meter, held[0], wanted, (0, usize::MAX))?;
        let at = found.ok_or_else(|| value_error("list.remove(x): x not in list"))?;
        let Some(list) = store.heap.object(held[0]) else { return Err(Fault::Refused) };
        Ok((splice_cost(store, list, at, at + 1, 0), at))
    })?;
    let store = cx.store();
    if let Some(list) = store.heap.object(held[0]) {
        splice(store, list, at, at + 1, 0);
    }
    Ok(())
}

/// `list.reverse()`.
///
/// # Errors
/// As [`Context::pay`].
pub fn reverse(cx: &mut dyn Context, a: Value) -> Outcome<()> {
    let len = elements_of(cx.store(), a).len();
    let mut held = [a];
    let fuel = len as u64 / MOVED_PER_FUEL;
    if fuel > 0 {
        cx.pay(Cost { fuel, ..Cost::default() }, &mut held)?;
    }
    let store = cx.store();
    if let Some(slots) = slots_of(store, held[0])
        && let Some(slots) = store.heap.slots_mut(slots).get_mut(..len)
    {
        slots.reverse();
    }
    Ok(())
}
