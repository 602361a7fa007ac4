//! What finds and changes single entries, and how a dict grows.

use super::super::{Context, Fault, HOLE, Kind, Meter, Outcome, prepared, raised, value};
use super::{
    DELETED, ENTRIES, FILL, INDEX, LEAST_INDEX, SLOTS, USABLE, USED, entry, grown, index_for, index_words,
    len, lookup, mix, next_back, probe, usable, word,
};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;

/// Entries that are moved to a larger storage for one unit of fuel.
const MOVED_PER_FUEL: u64 = 2;

/// Fuel for an entry whose key is hashed again.
const HASHED: u64 = 8;

/// The error of a key that is not there.
///
/// # Errors
/// Always; with another one, if the key cannot be written.
pub(in super::super) fn no_key<T>(store: &Store, meter: &mut Meter, key: Value) -> Outcome<T> {
    let text = value::repr(store, meter, key)?;
    Err(raised(ErrorKind::KeyError, text))
}

/// `dict[key]`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn fetch(cx: &mut dyn Context, dict: Value, key: Value) -> Outcome {
    let mut meter = Meter::new(cx);
    let store = cx.store();
    let Some(object) = store.heap.object(dict) else { return Err(Fault::Refused) };
    let found = match lookup(store, &mut meter, object, key) {
        Ok(Some(number)) => Ok(entry(store, object, number).1),
        Ok(None) => no_key(store, &mut meter, key),
        Err(fault) => Err(fault),
    };
    finish(cx, &meter, found)
}

/// Pays for reading, if it has taken long, and goes on with what was read.
#[inline]
fn finish(cx: &mut dyn Context, meter: &Meter, found: Outcome) -> Outcome {
    if !meter.is_free() {
        let mut held = [*found.as_ref().unwrap_or(&Value::NONE)];
        meter.pay(cx, &mut held)?;
        return found.map(|_| held[0]);
    }
    found
}

/// `dict.get(key, default)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn get(cx: &mut dyn Context, dict: Value, key: Value, default: Value) -> Outcome {
    let mut meter = Meter::new(cx);
    let store = cx.store();
    let Some(object) = store.heap.object(dict) else { return Err(Fault::Refused) };
    let found = lookup(store, &mut meter, object, key);
    let found = found.map(|found| found.map_or(default, |number| entry(store, object, number).1));
    finish(cx, &meter, found)
}

/// How a dict is made larger.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Growth {
    /// Words of the index at last.
    index: usize,
    usable: usize,
    used: usize,
    cost: Cost,
}

impl Growth {
    /// Starts with a dict as it is.
    pub(super) fn of(store: &Store, dict: Object) -> Growth {
        Growth {
            index: index_words(store, dict).len(),
            usable: store.heap.count(dict, USABLE),
            used: len(store, dict),
            cost: Cost::default(),
        }
    }

    /// The same index as another dict has, or one that its entries are hashed for again.
    pub(super) fn copy(&mut self, store: &Store, dict: Object, index: usize) {
        self.resize(index);
        self.used = len(store, dict);
        let fill = store.heap.count(dict, FILL);
        let is_same = index == index_words(store, dict).len();
        self.usable = usable(index).saturating_sub(if is_same { fill } else { self.used });
        self.cost.fuel += if is_same { fill as u64 / MOVED_PER_FUEL } else { fill as u64 * HASHED };
    }

    /// Words of its index.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// How many entries it has then.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Another index, and storage for its entries.
    pub(super) fn resize(&mut self, index: usize) {
        self.index = index;
        self.usable = usable(index).saturating_sub(self.used);
        self.cost.object_bytes = self.cost.object_bytes.saturating_add(table_bytes(index));
        self.cost.fuel += self.used as u64 / MOVED_PER_FUEL;
    }

    /// So many new entries, one after the other.
    pub(super) fn add(&mut self, entries: usize) {
        let mut left = entries;
        while left > 0 {
            if self.usable == 0 {
                let index = if self.index == 0 { LEAST_INDEX } else { grown(self.used) };
                self.resize(index);
            }
            let now = left.min(self.usable.max(1));
            self.usable -= now.min(self.usable);
            self.used += now;
            left -= now;
        }
    }

    /// What it costs.
    pub(super) fn cost(&self) -> Cost {
        self.cost
    }
}

/// What an index and the entries it leads to are charged.
pub(super) fn table_bytes(index: usize) -> u64 {
    Heap::object_bytes(index as u64) + Heap::object_bytes(2 * usable(index) as u64)
}

/// An empty dict, whose object alone has been paid for.
pub(super) fn allocate(store: &mut Store) -> Object {
    store.heap.allocate(Kind::Dict, SLOTS)
}

/// What the object of a dict is charged, without index and entries.
pub(super) fn object_bytes() -> u64 {
    Heap::object_bytes(SLOTS as u64)
}

/// Gives a dict another index and storage, in which deleted entries are left out. Paid for.
pub(super) fn resize(store: &mut Store, dict: Object, index: usize) {
    let heap = &mut store.heap;
    let (used, fill) = (heap.count(dict, USED), heap.count(dict, FILL));
    let (new_index, new) = (heap.allocate(Kind::Raw, index), heap.allocate(Kind::Storage, 2 * usable(index)));
    if let (Some(old_index), Some(old)) =
        (heap.object(heap.slot(dict, INDEX)), heap.object(heap.slot(dict, ENTRIES)))
    {
        if used == fill {
            heap.copy_slots(old, 0, new, 0, 2 * fill);
        } else {
            let mut to = 0;
            for at in 0..fill {
                if heap.slot(old, 2 * at) != HOLE {
                    heap.copy_slots(old, 2 * at, new, 2 * to, 2);
                    // The old storage is garbage from now on, but for saying where its entries have gone.
                    if let Some(value) = heap.slots_mut(old).get_mut(2 * at + 1) {
                        *value = Value::small_int(to as i64).unwrap_or(Value::NONE);
                    }
                    to += 1;
                }
            }
        }
        for at in 0..heap.slots(old_index).len() {
            let word = heap.slot(old_index, at).bits();
            if word == 0 || word as u32 == DELETED {
                continue;
            }
            let number = word as u32 as usize - 1;
            let number = if used == fill { number } else { heap.count(old, 2 * number + 1) };
            enter(heap.slots_mut(new_index), (word >> 32) as u32, number);
        }
    }
    heap.set_slot(dict, INDEX, new_index.value());
    heap.set_slot(dict, ENTRIES, new.value());
    heap.set_count(dict, FILL, used);
    heap.set_count(dict, USABLE, usable(index).saturating_sub(used));
}

/// Enters a number into an index that has room.
#[inline]
fn enter(index: &mut [Value], hash: u32, number: usize) {
    let Some(mask) = index.len().checked_sub(1) else { return };
    let mut at = hash as usize & mask;
    for _ in 0..=mask {
        if let Some(place) = index.get_mut(at)
            && (place.bits() == 0 || place.bits() as u32 == DELETED)
        {
            *place = word(hash, number as u32 + 1);
            return;
        }
        at = (at + 1) & mask;
    }
}

/// Adds an entry whose key is not there. Paid for.
pub(super) fn add(store: &mut Store, dict: Object, key: Value, value: Value, hash: u32) {
    if store.heap.count(dict, USABLE) == 0 {
        let index = index_words(store, dict).len();
        let index = if index == 0 { LEAST_INDEX } else { grown(len(store, dict)) };
        resize(store, dict, index);
    }
    let heap = &mut store.heap;
    let (used, fill, usable) = (heap.count(dict, USED), heap.count(dict, FILL), heap.count(dict, USABLE));
    if let (Some(index), Some(entries)) =
        (heap.object(heap.slot(dict, INDEX)), heap.object(heap.slot(dict, ENTRIES)))
    {
        enter(heap.slots_mut(index), hash, fill);
        heap.set_slot(entries, 2 * fill, key);
        heap.set_slot(entries, 2 * fill + 1, value);
    }
    heap.set_count(dict, USED, used + 1);
    heap.set_count(dict, FILL, fill + 1);
    heap.set_count(dict, USABLE, usable.saturating_sub(1));
}

/// Sets the value of an entry. Paid for.
pub(super) fn replace(store: &mut Store, dict: Object, number: usize, value: Value) {
    if let Some(entries) = store.heap.object(store.heap.slot(dict, ENTRIES)) {
        store.heap.set_slot(entries, 2 * number + 1, value);
    }
}

/// Sets the value of a key, whether it is there or not. All is paid for, searching included.
pub(super) fn put(store: &mut Store, dict: Object, key: Value, value: Value, hash: u32) {
    let same = |meter: &mut Meter, found| value::equal_keys(store, meter, found, key, 0);
    match probe(store, &mut Meter::paid(), dict, hash, same) {
        Ok(Some((_, number))) => replace(store, dict, number, value),
        // Searching succeeded before it was paid.
        Ok(None) | Err(_) => add(store, dict, key, value, hash),
    }
}

/// What is found of a key: the place in the index and the number of its entry, and the 32 bits of its hash.
type Found = (Option<(usize, usize)>, u32);

fn find_key(store: &Store, meter: &mut Meter, dict: Object, key: Value) -> Outcome<Found> {
    let hash = mix(store, value::hash(store, meter, key)?);
    let same = |meter: &mut Meter, found| value::equal_keys(store, meter, found, key, 0);
    Ok((probe(store, meter, dict, hash, same)?, hash))
}

/// `dict[key] = value`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn store_index(cx: &mut dyn Context, dict: Value, key: Value, value: Value) -> Outcome<()> {
    insert(cx, dict, key, value).map(|_| ())
}

/// Adds a key and a value to a dict that stays.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn insert(cx: &mut dyn Context, dict: Value, key: Value, value: Value) -> Outcome {
    let Some(object) = cx.store().heap.object(dict) else { return Err(Fault::Refused) };
    let ((found, hash), mut cost) = prepared(cx, |store, meter| find_key(store, meter, object, key))?;
    cost.object_bytes += Heap::slot_bytes(value);
    let Some((_, number)) = found else {
        return insert_new(cx, cost, dict, key, value, hash);
    };
    let mut held = [dict, value];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let Some(object) = store.heap.object(held[0]) {
        replace(store, object, number, held[1]);
    }
    Ok(held[0])
}

fn insert_new(
    cx: &mut dyn Context,
    mut cost: Cost,
    dict: Value,
    key: Value,
    value: Value,
    hash: u32,
) -> Outcome {
    let store = cx.store();
    let Some(object) = store.heap.object(dict) else { return Err(Fault::Refused) };
    cost.object_bytes += Heap::slot_bytes(key);
    if store.heap.count(object, USABLE) == 0 {
        let mut growth = Growth::of(store, object);
        growth.add(1);
        cost.fuel += growth.cost().fuel;
        cost.object_bytes += growth.cost().object_bytes;
    }
    let mut held = [dict, key, value];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let [dict, key, value] = held;
    let store = cx.store();
    if let Some(object) = store.heap.object(dict) {
        add(store, object, key, value, hash);
    }
    Ok(dict)
}

/// `dict.setdefault(key, default)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn set_default(cx: &mut dyn Context, dict: Value, key: Value, default: Value) -> Outcome {
    let Some(object) = cx.store().heap.object(dict) else { return Err(Fault::Refused) };
    let ((found, hash), mut cost) = prepared(cx, |store, meter| find_key(store, meter, object, key))?;
    if let Some((_, number)) = found {
        let mut held = [entry(cx.store(), object, number).1];
        if cost != Cost::default() {
            cx.pay(cost, &mut held)?;
        }
        return Ok(held[0]);
    }
    cost.object_bytes += Heap::slot_bytes(default);
    let dict = insert_new(cx, cost, dict, key, default, hash)?;
    // The default may have moved: what was added last is it.
    let store = cx.store();
    let Some(object) = store.heap.object(dict) else { return Err(Fault::Refused) };
    let fill = store.heap.count(object, FILL);
    Ok(entry(store, object, fill.saturating_sub(1)).1)
}

/// Takes an entry out. Paid for.
fn remove(store: &mut Store, dict: Object, place: usize, number: usize) {
    let heap = &mut store.heap;
    let used = heap.count(dict, USED);
    if let (Some(index), Some(entries)) =
        (heap.object(heap.slot(dict, INDEX)), heap.object(heap.slot(dict, ENTRIES)))
    {
        if let Some(at) = heap.slots_mut(index).get_mut(place) {
            *at = word(0, DELETED);
        }
        if let Some(pair) = heap.slots_mut(entries).get_mut(2 * number..2 * number + 2) {
            pair.copy_from_slice(&[HOLE, Value::NONE]);
        }
    }
    heap.set_count(dict, USED, used.saturating_sub(1));
}

/// Removes a key and answers its value; or the default, if there is one.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn pop(cx: &mut dyn Context, dict: Value, key: Value, default: Option<Value>) -> Outcome {
    let Some(object) = cx.store().heap.object(dict) else { return Err(Fault::Refused) };
    let (found, cost) = prepared(cx, |store, meter| {
        // Not even the hash is asked for where there is nothing.
        let found = if len(store, object) == 0 { None } else { find_key(store, meter, object, key)?.0 };
        if found.is_none() && default.is_none() {
            return no_key(store, meter, key);
        }
        Ok(found)
    })?;
    let result = match found {
        Some((_, number)) => entry(cx.store(), object, number).1,
        None => default.unwrap_or(Value::NONE),
    };
    let mut held = [dict, result];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let (Some((place, number)), Some(object)) = (found, store.heap.object(held[0])) {
        remove(store, object, place, number);
    }
    Ok(held[1])
}

/// `del dict[key]`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn delete_index(cx: &mut dyn Context, dict: Value, key: Value) -> Outcome<()> {
    let Some(object) = cx.store().heap.object(dict) else { return Err(Fault::Refused) };
    let (found, cost) = prepared(cx, |store, meter| match find_key(store, meter, object, key)?.0 {
        Some(found) => Ok(found),
        None => no_key(store, meter, key),
    })?;
    let mut held = [dict];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let store = cx.store();
    if let Some(object) = store.heap.object(held[0]) {
        remove(store, object, found.0, found.1);
    }
    Ok(())
}

/// `dict.clear()`.
///
/// # Errors
/// None.
pub fn clear(cx: &mut dyn Context, dict: Value) -> Outcome {
    let heap = &mut cx.store().heap;
    if let Some(object) = heap.object(dict) {
        for slot in [USED, FILL, USABLE] {
            heap.set_count(object, slot, 0);
        }
        for slot in [INDEX, ENTRIES] {
            heap.set_slot(object, slot, Value::NONE);
        }
    }
    Ok(Value::NONE)
}

/// `dict.popitem()`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn pop_last(cx: &mut dyn Context, dict: Value) -> Outcome {
    let Some(object) = cx.store().heap.object(dict) else { return Err(Fault::Refused) };
    let ((place, number), mut cost) = prepared(cx, |store, meter| {
        let fill = store.heap.count(object, FILL);
        let Some(number) = next_back(store, meter, object, fill)? else {
            return Err(raised(ErrorKind::KeyError, "'popitem(): dictionary is empty'"));
        };
        let (key, _) = entry(store, object, number);
        let hash = mix(store, value::hash(store, meter, key)?);
        let same = |_: &mut Meter, found| Ok(found == key);
        Ok((probe(store, meter, object, hash, same)?.map_or(usize::MAX, |(place, _)| place), number))
    })?;
    let (key, value) = entry(cx.store(), object, number);
    cost.object_bytes += Heap::object_bytes(2) + Heap::slot_bytes(key) + Heap::slot_bytes(value);
    let mut held = [dict, key, value];
    cx.pay(cost, &mut held)?;
    let store = cx.store();
    let [dict, key, value] = held;
    if let Some(object) = store.heap.object(dict) {
        remove(store, object, place, number);
        store.heap.set_count(object, FILL, number);
    }
    Ok(pair(store, key, value))
}

/// A tuple of a key and a value, paid for.
pub(in super::super) fn pair(store: &mut Store, key: Value, value: Value) -> Value {
    let tuple = store.heap.allocate(Kind::Tuple, 2);
    store.heap.set_slot(tuple, 0, key);
    store.heap.set_slot(tuple, 1, value);
    tuple.value()
}

/// `{key: value, ...}`, of keys and values in turn.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn new(cx: &mut dyn Context, pairs: &mut [Value]) -> Outcome {
    let count = pairs.len() / 2;
    let given: &[Value] = pairs;
    let ((), mut cost) = prepared(cx, |store, meter| {
        for pair in given.chunks_exact(2) {
            value::hash(store, meter, pair[0])?;
            meter.step(store, 2)?;
        }
        Ok(())
    })?;
    cost.object_bytes += object_bytes() + Heap::slots_bytes(pairs);
    let index = index_for(count);
    if count > 0 {
        cost.object_bytes += table_bytes(index);
    }
    cx.pay(cost, pairs)?;
    let store = cx.store();
    let dict = allocate(store);
    if count > 0 {
        resize(store, dict, index);
    }
    for pair in pairs.chunks_exact(2) {
        // It has one: it was asked for before.
        let hash = value::hash(store, &mut Meter::paid(), pair[0]).unwrap_or_default();
        put(store, dict, pair[0], pair[1], mix(store, hash));
    }
    Ok(dict.value())
}
