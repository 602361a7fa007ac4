//! Dicts: entries in the order of insertion, and an index that finds them.
//!
//! The entries stand in a `Kind::Storage`, a key and a value for each; the index is a `Kind::Raw` of twice a power of two
//! words at most two thirds full. A word is empty, or has 32 bits of the hash and the number of an entry. Hashes are mixed before they
//! are used, so that keys which agree in their low bits do not meet. Sizes and their growth are CPython's, because the place of
//! an entry shows when a dict is changed while it is iterated.

mod change;
mod methods;
mod operators;

use super::value::{self, equal_keys};
use super::{HOLE, Meter, Outcome};
use crate::heap::Object;
use crate::store::Store;
use crate::value::Value;

pub(super) use change::no_key;
pub use change::{delete_index, fetch, insert, new, pop_last, store_index};
pub use methods::{call, call_of_view};
pub use operators::{dict_of, merge, union, update_in_place};

/// The slot that counts the entries which are there.
const USED: usize = 0;
/// The slot that counts the entries, those included whose key is a [`HOLE`].
const FILL: usize = 1;
/// How many entries may be added before it grows.
const USABLE: usize = 2;
/// The index; `none` where nothing has been added yet.
const INDEX: usize = 3;
/// The entries.
const ENTRIES: usize = 4;
const SLOTS: usize = 5;

/// The least words of an index.
const LEAST_INDEX: usize = 8;
/// A word of the index that leads nowhere, and at which nobody stops.
const DELETED: u32 = u32::MAX;

/// How many entries an index of so many words leads to.
fn usable(index: usize) -> usize {
    index * 2 / 3
}

/// The index that is at least so large.
fn index_size(least: usize) -> usize {
    least.max(LEAST_INDEX).next_power_of_two()
}

/// The index for a dict of which it is known that it will have so many entries.
fn index_for(entries: usize) -> usize {
    index_size((entries * 3).div_ceil(2))
}

/// The index to which a dict of so many entries grows.
fn grown(used: usize) -> usize {
    index_size(used * 3)
}

/// The 32 bits of a hash that the index has.
#[inline]
fn mix(store: &Store, hash: i64) -> u32 {
    // Multiplied and folded, each bit of the hash has a say in all of them.
    let wide = u128::from(hash as u64 ^ store.hash_key().1 ^ 0x2545_F491_4F6C_DD1D) * 0x9E37_79B9_7F4A_7C15;
    ((wide >> 64) as u64 ^ wide as u64) as u32
}

fn word(hash: u32, entry: u32) -> Value {
    Value::from_bits(u64::from(hash) << 32 | u64::from(entry))
}

/// How many entries there are.
#[inline]
pub fn len(store: &Store, dict: Object) -> usize {
    store.heap.count(dict, USED)
}

#[inline]
fn index_words(store: &Store, dict: Object) -> &[Value] {
    store.heap.object(store.heap.slot(dict, INDEX)).map_or(&[], |index| store.heap.slots(index))
}

/// Keys and values of all entries, one after the other.
#[inline]
fn entries(store: &Store, dict: Object) -> &[Value] {
    let fill = store.heap.count(dict, FILL);
    let entries = store.heap.object(store.heap.slot(dict, ENTRIES));
    entries.map_or(&[], |entries| store.heap.slots(entries).get(..2 * fill).unwrap_or_default())
}

/// The number of the first entry from a number on that is there.
///
/// # Errors
/// Those of the meter.
#[inline]
pub fn next(store: &Store, meter: &mut Meter, dict: Object, from: usize) -> Outcome<Option<usize>> {
    let entries = entries(store, dict);
    let rest = entries.get(2 * from..).unwrap_or_default();
    match rest.first() {
        Some(&key) if key != HOLE => Ok(Some(from)),
        _ => {
            let holes = rest.chunks_exact(2).take_while(|entry| entry[0] == HOLE).count();
            meter.step(store, holes as u64 / 4)?;
            Ok((2 * holes < rest.len()).then_some(from + holes))
        }
    }
}

/// The number of the last entry before a number that is there.
///
/// # Errors
/// Those of the meter.
pub fn next_back(store: &Store, meter: &mut Meter, dict: Object, before: usize) -> Outcome<Option<usize>> {
    let entries = entries(store, dict);
    let rest = &entries[..(2 * before).min(entries.len())];
    let holes = rest.chunks_exact(2).rev().take_while(|entry| entry[0] == HOLE).count();
    meter.step(store, holes as u64 / 4)?;
    Ok((rest.len() / 2 - holes).checked_sub(1))
}

/// The key and the value of an entry.
#[inline]
pub fn entry(store: &Store, dict: Object, number: usize) -> (Value, Value) {
    match entries(store, dict).get(2 * number..2 * number + 2) {
        Some(&[key, value]) => (key, value),
        _ => (Value::NONE, Value::NONE),
    }
}

/// The number of the entry with a key, whose hash is known.
///
/// # Errors
/// Those of comparing keys, and of the meter.
pub fn find(
    store: &Store,
    meter: &mut Meter,
    dict: Object,
    key: Value,
    hash: i64,
    depth: u32,
) -> Outcome<Option<usize>> {
    find_such(store, meter, dict, hash, |meter, found| equal_keys(store, meter, found, key, depth))
}

/// The number of the entry with this hash of whose key `same` says that it is the one.
///
/// # Errors
/// Those of comparing keys, and of the meter.
pub(super) fn find_such(
    store: &Store,
    meter: &mut Meter,
    dict: Object,
    hash: i64,
    same: impl FnMut(&mut Meter, Value) -> Outcome<bool>,
) -> Outcome<Option<usize>> {
    Ok(probe(store, meter, dict, mix(store, hash), same)?.map(|(_, entry)| entry))
}

/// Where in the index the entry with a key is found, and its number. `same` says of a key with the same hash whether it is the one.
#[inline]
fn probe(
    store: &Store,
    meter: &mut Meter,
    dict: Object,
    hash: u32,
    mut same: impl FnMut(&mut Meter, Value) -> Outcome<bool>,
) -> Outcome<Option<(usize, usize)>> {
    let (index, entries) = (index_words(store, dict), entries(store, dict));
    let Some(mask) = index.len().checked_sub(1) else { return Ok(None) };
    let mut at = hash as usize & mask;
    let mut probes = 0;
    let result = loop {
        let word = index.get(at).map_or(0, |word| word.bits());
        if word == 0 || probes as usize > mask {
            break None;
        }
        if (word >> 32) as u32 == hash && word as u32 != DELETED {
            let number = word as u32 as usize - 1;
            let found = entries.get(2 * number).copied().unwrap_or(HOLE);
            if same(meter, found)? {
                break Some((at, number));
            }
        }
        at = (at + 1) & mask;
        probes += 1;
    };
    meter.step(store, probes / 2)?;
    Ok(result)
}

/// The number of the entry with a key.
///
/// # Errors
/// `TypeError` if the key has no hash, and those of the meter.
pub fn lookup(store: &Store, meter: &mut Meter, dict: Object, key: Value) -> Outcome<Option<usize>> {
    let hash = value::hash(store, meter, key)?;
    find(store, meter, dict, key, hash, 0)
}

/// Whether there is a key.
///
/// # Errors
/// As [`lookup`].
pub fn contains(store: &Store, meter: &mut Meter, dict: Object, key: Value) -> Outcome<bool> {
    Ok(lookup(store, meter, dict, key)?.is_some())
}
