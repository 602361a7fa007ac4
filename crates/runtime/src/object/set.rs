//! Sets and frozensets: tables in which keys stand where CPython would put them, so that sets of ints have its order.
//!
//! Keys stand in a [`Kind::Storage`], their hashes in a [`Kind::Raw`] of the same length, a power of two. A key looks for its
//! place from its hash on: some places in a row, then elsewhere, by a rule that in the end comes to all of them. What is
//! removed leaves a `REMOVED` behind, where something may be put again.

mod change;
mod draft;
mod methods;
mod operators;

use super::value::{self, equal_keys};
use super::{HOLE, Kind, Meter, Outcome};
use crate::heap::Object;
use crate::store::Store;
use crate::value::Value;

pub use change::{add, new};
pub use methods::call;
pub use operators::{add_all, binary, frozenset_of, set_of};

/// The slot that counts the keys.
const USED: usize = 0;
/// The slot that counts keys and what removed ones have left.
const FILL: usize = 1;
/// The keys; `none` where there never was one.
const KEYS: usize = 2;
/// Their hashes.
const HASHES: usize = 3;
/// Where `pop` looks first.
const FINGER: usize = 4;
const SLOTS: usize = 5;

/// Where a key was.
pub(super) const REMOVED: Value = Value::from_bits(HOLE.bits() | 1);

/// Places in a row that are looked at.
const IN_A_ROW: usize = 9;
/// Bits of the hash that come into play with each jump.
const PERTURB_SHIFT: u32 = 5;
/// Places of the smallest table.
const LEAST_TABLE: usize = 8;

/// How many keys there are.
#[inline]
pub fn len(store: &Store, set: Object) -> usize {
    store.heap.count(set, USED)
}

#[inline]
fn keys(store: &Store, set: Object) -> &[Value] {
    store.heap.object(store.heap.slot(set, KEYS)).map_or(&[], |keys| store.heap.slots(keys))
}

#[inline]
fn hashes(store: &Store, set: Object) -> &[Value] {
    store.heap.object(store.heap.slot(set, HASHES)).map_or(&[], |hashes| store.heap.slots(hashes))
}

fn is_key(key: Value) -> bool {
    key != HOLE && key != REMOVED
}

/// The first place from a place on where there is a key, and the key.
///
/// # Errors
/// Those of the meter.
#[inline]
pub fn next(store: &Store, meter: &mut Meter, set: Object, from: usize) -> Outcome<Option<(usize, Value)>> {
    let rest = keys(store, set).get(from..).unwrap_or_default();
    let found = rest.iter().position(|&key| is_key(key));
    meter.step(store, found.unwrap_or(rest.len()) as u64 / 8)?;
    Ok(found.map(|at| (from + at, rest[at])))
}

/// The places at which a hash is looked for, one after the other; each but once in the end.
struct Probe {
    at: usize,
    mask: usize,
    left: usize,
    start: usize,
    perturb: u64,
}

impl Probe {
    #[inline]
    fn new(hash: i64, mask: usize) -> Probe {
        let start = hash as usize & mask;
        Probe { at: start, mask, left: Probe::row(start, mask), start, perturb: hash as u64 }
    }

    /// How many places more are looked at in a row.
    #[inline]
    fn row(at: usize, mask: usize) -> usize {
        if at + IN_A_ROW <= mask { IN_A_ROW } else { 0 }
    }

    #[inline]
    fn go_on(&mut self) {
        if self.left > 0 {
            self.left -= 1;
            self.at += 1;
            return;
        }
        self.perturb >>= PERTURB_SHIFT;
        let next = (self.start as u64).wrapping_mul(5).wrapping_add(1).wrapping_add(self.perturb);
        self.start = next as usize & self.mask;
        self.at = self.start;
        self.left = Probe::row(self.start, self.mask);
    }
}

/// The table for more than so many keys.
fn table_size(more_than: usize) -> usize {
    (more_than + 1).next_power_of_two().max(LEAST_TABLE)
}

/// The table to which a set of so many keys grows.
fn grown(used: usize) -> usize {
    table_size(if used > 50_000 { used * 2 } else { used * 4 })
}

/// Whether a table with so many places taken is too full.
fn is_crowded(fill: usize, table: usize) -> bool {
    fill * 5 >= (table - 1) * 3
}

/// What a search in a table ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The key is here.
    Found(usize),
    /// It would go here, where another has been removed.
    Removed(usize),
    /// It would go here, where never was one.
    Free(usize),
}

/// Looks for a key in a table. `same` says of a key with the same hash whether it is the one.
fn search(
    store: &Store,
    meter: &mut Meter,
    (keys, hashes): (&[Value], &[Value]),
    hash: i64,
    mut same: impl FnMut(&mut Meter, Value) -> Outcome<bool>,
) -> Outcome<Place> {
    let Some(mask) = keys.len().checked_sub(1) else { return Ok(Place::Free(0)) };
    let mut probe = Probe::new(hash, mask);
    let mut removed = None;
    let mut probes = 0;
    let place = loop {
        match keys.get(probe.at).copied().unwrap_or(HOLE) {
            HOLE => break removed.map_or(Place::Free(probe.at), Place::Removed),
            // Of several, CPython takes the last.
            REMOVED => removed = Some(probe.at),
            found => {
                let other = hashes.get(probe.at).map_or(0, |word| word.bits() as i64);
                if other == hash && same(meter, found)? {
                    break Place::Found(probe.at);
                }
            }
        }
        probe.go_on();
        probes += 1;
    };
    meter.step(store, probes / 2)?;
    Ok(place)
}

fn table(store: &Store, set: Object) -> (&[Value], &[Value]) {
    (keys(store, set), hashes(store, set))
}

/// Whether a key is there, whose hash is known.
///
/// # Errors
/// Those of comparing keys, and of the meter.
pub fn has(
    store: &Store,
    meter: &mut Meter,
    set: Object,
    key: Value,
    hash: i64,
    depth: u32,
) -> Outcome<bool> {
    has_such(store, meter, set, hash, |meter, found| equal_keys(store, meter, found, key, depth))
}

/// Whether a key with this hash is there of which `same` says that it is the one.
///
/// # Errors
/// Those of comparing keys, and of the meter.
pub(super) fn has_such(
    store: &Store,
    meter: &mut Meter,
    set: Object,
    hash: i64,
    same: impl FnMut(&mut Meter, Value) -> Outcome<bool>,
) -> Outcome<bool> {
    Ok(matches!(search(store, meter, table(store, set), hash, same)?, Place::Found(_)))
}

/// The hash of the key at a place.
pub(super) fn hash_at(store: &Store, set: Object, at: usize) -> i64 {
    hashes(store, set).get(at).map_or(0, |word| word.bits() as i64)
}

/// The hash of a key as the sets have it: that of a set which is looked for is the one of the frozenset with the same keys.
///
/// # Errors
/// `TypeError` if it has none, and those of the meter.
pub fn hash_key(store: &Store, meter: &mut Meter, key: Value) -> Outcome<i64> {
    match store.object(key) {
        Some((Kind::Set, set)) => hash(store, meter, set),
        _ => value::hash(store, meter, key),
    }
}

/// Whether a set has a key.
///
/// # Errors
/// `TypeError` if it has no hash, and those of the meter.
pub fn contains(store: &Store, meter: &mut Meter, set: Object, key: Value) -> Outcome<bool> {
    let hash = hash_key(store, meter, key)?;
    has(store, meter, set, key, hash, 0)
}

/// The hash of a frozenset.
///
/// # Errors
/// Those of the meter.
pub fn hash(store: &Store, meter: &mut Meter, set: Object) -> Outcome<i64> {
    let shuffled = |hash: u64| (hash ^ 89_869_747 ^ hash << 16).wrapping_mul(3_644_798_167);
    let (keys, hashes) = (keys(store, set), hashes(store, set));
    meter.step(store, keys.len() as u64 / 4)?;
    let keys = keys.iter().zip(hashes).filter(|&(&key, _)| is_key(key));
    let mut hash = keys.fold(0, |hash, (_, word)| hash ^ shuffled(word.bits()));
    hash ^= (len(store, set) as u64 + 1).wrapping_mul(1_927_868_237);
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
    Ok(if hash == u64::MAX { 590_923_713 } else { hash as i64 })
}
