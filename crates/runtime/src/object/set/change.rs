//! What adds and removes single keys, and how a set grows.

use super::super::dict::no_key;
use super::super::next::Next;
use super::super::{Context, Fault, HOLE, Kind, Meter, Outcome, prepared, raised, value};
use super::draft::Draft;
use super::{
    FILL, FINGER, HASHES, KEYS, LEAST_TABLE, Place, Probe, REMOVED, SLOTS, USED, grown, hash_key, is_crowded,
    is_key, keys, len, search, table,
};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;

/// Keys that are moved to another table for one unit of fuel.
const MOVED_PER_FUEL: u64 = 2;

/// What keys and hashes are charged.
pub(super) fn table_bytes(places: usize) -> u64 {
    2 * Heap::object_bytes(places as u64)
}

/// What the object of a set is charged, without keys and hashes.
pub(super) fn object_bytes() -> u64 {
    Heap::object_bytes(SLOTS as u64)
}

/// A set without keys, whose object alone has been paid for.
pub(super) fn allocate(store: &mut Store, kind: Kind) -> Object {
    store.heap.allocate(kind, SLOTS)
}

/// Gives a set empty keys and hashes of so many places, paid for. The numbers stay.
pub(super) fn allocate_table(store: &mut Store, set: Object, places: usize) -> (Object, Object) {
    let keys = store.heap.allocate(Kind::Storage, places);
    store.heap.slots_mut(keys).fill(HOLE);
    let hashes = store.heap.allocate(Kind::Raw, places);
    store.heap.set_slot(set, KEYS, keys.value());
    store.heap.set_slot(set, HASHES, hashes.value());
    (keys, hashes)
}

/// Gives a set another table, in which removed keys have left nothing. Paid for.
fn resize(store: &mut Store, set: Object, places: usize) {
    let (old_keys, old_hashes) =
        (store.heap.object(store.heap.slot(set, KEYS)), store.heap.object(store.heap.slot(set, HASHES)));
    let (new_keys, new_hashes) = allocate_table(store, set, places);
    let heap = &mut store.heap;
    if let (Some(old_keys), Some(old_hashes)) = (old_keys, old_hashes) {
        for at in 0..heap.slots(old_keys).len() {
            let key = heap.slot(old_keys, at);
            if is_key(key) {
                let hash = heap.slot(old_hashes, at);
                let place = free_place(heap.slots(new_keys), hash.bits() as i64);
                put_at(heap, new_keys, new_hashes, place, key, hash);
            }
        }
    }
    let used = heap.count(set, USED);
    heap.set_count(set, FILL, used);
}

/// Where a key goes that is not there, in a table without removed keys.
fn free_place(keys: &[Value], hash: i64) -> usize {
    let mut probe = Probe::new(hash, keys.len().saturating_sub(1));
    while keys.get(probe.at).is_some_and(|&key| key != HOLE) {
        probe.go_on();
    }
    probe.at
}

fn put_at(heap: &mut Heap, keys: Object, hashes: Object, at: usize, key: Value, hash: Value) {
    if let Some(place) = heap.slots_mut(keys).get_mut(at) {
        *place = key;
    }
    if let Some(place) = heap.slots_mut(hashes).get_mut(at) {
        *place = hash;
    }
}

/// Puts a key into its place, and makes the table larger if it is crowded then. Paid for.
fn put(store: &mut Store, set: Object, place: Place, key: Value, hash: i64) {
    if keys(store, set).is_empty() {
        allocate_table(store, set, LEAST_TABLE);
    }
    let heap = &mut store.heap;
    let (used, fill) = (heap.count(set, USED), heap.count(set, FILL));
    let at = match place {
        Place::Found(_) => return,
        Place::Removed(at) => at,
        // An empty set has no places yet.
        Place::Free(_) if fill == 0 => hash as usize & (keys(store, set).len() - 1),
        Place::Free(at) => at,
    };
    let heap = &mut store.heap;
    if let (Some(keys), Some(hashes)) =
        (heap.object(heap.slot(set, KEYS)), heap.object(heap.slot(set, HASHES)))
    {
        put_at(heap, keys, hashes, at, key, Value::from_bits(hash as u64));
        heap.charge_slots(Heap::slot_bytes(key));
    }
    heap.set_count(set, USED, used + 1);
    if let Place::Free(_) = place {
        heap.set_count(set, FILL, fill + 1);
        if is_crowded(fill + 1, keys(store, set).len()) {
            resize(store, set, grown(used + 1));
        }
    }
}

/// What putting a key into its place costs.
fn put_cost(store: &Store, set: Object, place: Place, key: Value) -> Cost {
    let mut cost = Cost { object_bytes: Heap::slot_bytes(key), ..Cost::default() };
    let places = keys(store, set).len();
    if places == 0 {
        cost.object_bytes += table_bytes(LEAST_TABLE);
    } else if matches!(place, Place::Free(_)) && is_crowded(store.heap.count(set, FILL) + 1, places) {
        let used = len(store, set) + 1;
        cost.object_bytes += table_bytes(grown(used));
        cost.fuel += used as u64 / MOVED_PER_FUEL;
    }
    cost
}

fn find(store: &Store, meter: &mut Meter, set: Object, key: Value, hash: i64) -> Outcome<Place> {
    search(store, meter, table(store, set), hash, |meter, found| {
        value::equal_keys(store, meter, found, key, 0)
    })
}

/// Adds a key to a set, which is the result.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn add(cx: &mut dyn Context, set: Value, key: Value) -> Outcome {
    let Some(object) = cx.store().heap.object(set) else { return Err(Fault::Refused) };
    let ((place, hash), mut cost) = prepared(cx, |store, meter| {
        let hash = value::hash(store, meter, key)?;
        Ok((find(store, meter, object, key, hash)?, hash))
    })?;
    if !matches!(place, Place::Found(_)) {
        cost = cost.and(put_cost(cx.store(), object, place, key));
    }
    let mut held = [set, key];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let Some(object) = store.heap.object(held[0]) {
        put(store, object, place, held[1], hash);
    }
    Ok(held[0])
}

/// Removes what is at a place. Paid for.
pub(super) fn remove_at(store: &mut Store, set: Object, at: usize) {
    let heap = &mut store.heap;
    let used = heap.count(set, USED);
    if let Some(keys) = heap.object(heap.slot(set, KEYS))
        && let Some(place) = heap.slots_mut(keys).get_mut(at)
    {
        *place = REMOVED;
    }
    heap.set_count(set, USED, used.saturating_sub(1));
}

/// `set.discard(key)`, or `set.remove(key)` if it must be there.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn discard(cx: &mut dyn Context, set: Value, key: Value, must: bool) -> Outcome {
    let Some(object) = cx.store().heap.object(set) else { return Err(Fault::Refused) };
    let (place, cost) = prepared(cx, |store, meter| {
        let hash = hash_key(store, meter, key)?;
        match find(store, meter, object, key, hash)? {
            Place::Found(at) => Ok(Some(at)),
            _ if must => no_key(store, meter, key),
            _ => Ok(None),
        }
    })?;
    let mut held = [set];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let (Some(at), Some(object)) = (place, store.heap.object(held[0])) {
        remove_at(store, object, at);
    }
    Ok(Value::NONE)
}

/// `set.pop()`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn pop(cx: &mut dyn Context, set: Value) -> Outcome {
    let Some(object) = cx.store().heap.object(set) else { return Err(Fault::Refused) };
    let (at, cost) = prepared(cx, |store, meter| {
        let keys = keys(store, object);
        if len(store, object) == 0 {
            return Err(raised(ErrorKind::KeyError, "'pop from an empty set'"));
        }
        let start = store.heap.count(object, FINGER) & (keys.len() - 1);
        let (before, after) = keys.split_at(start);
        let skipped = after.iter().chain(before).take_while(|&&key| !is_key(key)).count();
        meter.step(store, skipped as u64 / 8)?;
        Ok((start + skipped) & (keys.len() - 1))
    })?;
    let mut held = [set, keys(cx.store(), object).get(at).copied().unwrap_or(Value::NONE)];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let Some(object) = store.heap.object(held[0]) {
        remove_at(store, object, at);
        store.heap.set_count(object, FINGER, at + 1);
    }
    Ok(held[1])
}

/// `set.clear()`.
pub(super) fn clear(store: &mut Store, set: Value) {
    if let Some(set) = store.heap.object(set) {
        for slot in [USED, FILL, FINGER] {
            store.heap.set_count(set, slot, 0);
        }
        drop_table(store, set);
    }
}

/// Takes the keys and hashes of a set away.
pub(super) fn drop_table(store: &mut Store, set: Object) {
    for slot in [KEYS, HASHES] {
        store.heap.set_slot(set, slot, Value::NONE);
    }
}

/// `{*keys}`, of keys one after the other.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn new(cx: &mut dyn Context, keys: &mut [Value]) -> Outcome {
    let keys: &[Value] = keys;
    let (draft, cost) = prepared(cx, |store, meter| {
        let mut draft = Draft::new();
        for &key in keys {
            draft.add(store, meter, Next::Is(key))?;
        }
        Ok(draft)
    })?;
    draft.finish(cx, cost, Kind::Set, None)
}

/// Adds keys that are not there, for which there is room, to a set, which is the result. They are distinct or equal to each other.
///
/// # Errors
/// As [`Context::pay`].
pub(super) fn put_all(cx: &mut dyn Context, mut cost: Cost, set: Value, few: Vec<(Value, i64)>) -> Outcome {
    let mut held: Vec<Value> = few.iter().map(|&(key, _)| key).collect();
    cost.object_bytes += Heap::slots_bytes(&held);
    held.push(set);
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let set = held.pop().unwrap_or(set);
    let store = cx.store();
    let Some(object) = store.heap.object(set) else { return Err(Fault::Refused) };
    for (key, (_, hash)) in held.into_iter().zip(few) {
        // Searching succeeded before it was paid.
        if let Ok(place) = find(store, &mut Meter::paid(), object, key, hash) {
            put(store, object, place, key, hash);
        }
    }
    Ok(set)
}
