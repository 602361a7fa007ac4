//! Sets before they are paid for: the tables that operations on whole sets make, in the order that CPython makes them.

use super::super::gather::{self, Gathered};
use super::super::next::Next;
use super::super::{Context, Fault, HOLE, Kind, Meter, Outcome, dict, walk};
use super::change::{allocate, allocate_table, object_bytes, table_bytes};
use super::{
    FILL, LEAST_TABLE, Place, Probe, REMOVED, USED, grown, hash_at, is_crowded, is_key, keys, len, next,
    table_size,
};
use crate::heap::{Heap, Object};
use crate::num::Cost;
use crate::store::Store;
use crate::value::Value;

/// What a place of a draft has where there is no key.
const FREE: u32 = 0;
/// What it has where one was.
const GONE: u32 = u32::MAX;
/// Places of a table that are written for one unit of fuel.
const WRITTEN_PER_FUEL: u64 = 8;

/// A set that does not exist yet.
pub(super) struct Draft {
    /// All keys that were ever added.
    items: Gathered,
    /// Their hashes.
    hashes: Vec<i64>,
    /// The number of the key at each place, one more.
    places: Vec<u32>,
    used: usize,
    fill: usize,
}

impl Draft {
    /// An empty one.
    pub fn new() -> Draft {
        Draft {
            items: Gathered::default(),
            hashes: Vec::new(),
            places: vec![FREE; LEAST_TABLE],
            used: 0,
            fill: 0,
        }
    }

    /// One with the table that a set has.
    pub fn of(store: &Store, meter: &mut Meter, set: Object) -> Outcome<Draft> {
        let mut draft = Draft::new();
        let keys = keys(store, set);
        meter.step(store, keys.len() as u64 / WRITTEN_PER_FUEL)?;
        if keys.is_empty() {
            return Ok(draft);
        }
        draft.places = vec![FREE; keys.len()];
        for (at, &key) in keys.iter().enumerate() {
            if is_key(key) {
                draft.places[at] = draft.push(Next::Is(key), hash_at(store, set, at));
            } else if key == REMOVED {
                draft.places[at] = GONE;
            }
        }
        (draft.used, draft.fill) = (len(store, set), store.heap.count(set, FILL));
        Ok(draft)
    }

    /// One with the table that a copy of a set has.
    pub fn copy(store: &Store, meter: &mut Meter, set: Object) -> Outcome<Draft> {
        let mut draft = Draft::new();
        draft.merge(store, meter, set)?;
        Ok(draft)
    }

    /// Whether there is a key, whose hash is known.
    ///
    /// # Errors
    /// Those of the meter.
    pub fn contains(&self, store: &Store, meter: &mut Meter, item: &Next, hash: i64) -> Outcome<bool> {
        Ok(matches!(self.search(store, meter, item, hash)?, Place::Found(_)))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.used
    }

    fn push(&mut self, item: Next, hash: i64) -> u32 {
        self.hashes.push(hash);
        self.items.push(item) as u32 + 1
    }

    fn number(&self, at: usize) -> u32 {
        self.places.get(at).copied().unwrap_or(FREE)
    }

    fn search(&self, store: &Store, meter: &mut Meter, item: &Next, hash: i64) -> Outcome<Place> {
        let mut probe = Probe::new(hash, self.places.len() - 1);
        let mut removed = None;
        loop {
            match self.number(probe.at) {
                FREE => return Ok(removed.map_or(Place::Free(probe.at), Place::Removed)),
                GONE => removed = Some(probe.at),
                number => {
                    let number = number as usize - 1;
                    if self.hashes.get(number) == Some(&hash)
                        && gather::same(store, meter, &self.items.get(number), item)?
                    {
                        return Ok(Place::Found(probe.at));
                    }
                }
            }
            meter.step(store, 1)?;
            probe.go_on();
        }
    }

    /// Adds a key.
    ///
    /// # Errors
    /// `TypeError` if it has no hash, and those of the meter.
    pub fn add(&mut self, store: &Store, meter: &mut Meter, item: Next) -> Outcome<()> {
        let hash = gather::hash(store, meter, &item)?;
        self.add_hashed(store, meter, item, hash)
    }

    /// Adds a key whose hash is known.
    ///
    /// # Errors
    /// Those of the meter.
    pub fn add_hashed(&mut self, store: &Store, meter: &mut Meter, item: Next, hash: i64) -> Outcome<()> {
        meter.step(store, 2)?;
        let (at, is_free) = match self.search(store, meter, &item, hash)? {
            Place::Found(_) => return Ok(()),
            Place::Removed(at) => (at, false),
            Place::Free(at) => (at, true),
        };
        let number = self.push(item, hash);
        self.places[at] = number;
        self.used += 1;
        if is_free {
            self.fill += 1;
            if is_crowded(self.fill, self.places.len()) {
                self.resize(store, meter, grown(self.used))?;
            }
        }
        Ok(())
    }

    /// Removes a key: whether it was there.
    ///
    /// # Errors
    /// Those of the meter.
    pub fn discard(&mut self, store: &Store, meter: &mut Meter, item: &Next, hash: i64) -> Outcome<bool> {
        meter.step(store, 2)?;
        let Place::Found(at) = self.search(store, meter, item, hash)? else { return Ok(false) };
        self.places[at] = GONE;
        self.used -= 1;
        Ok(true)
    }

    /// Removes what removed keys have left, if it is much.
    ///
    /// # Errors
    /// Those of the meter.
    pub fn tidy(&mut self, store: &Store, meter: &mut Meter) -> Outcome<()> {
        if needs_tidying(self.used, self.fill, self.places.len()) {
            self.resize(store, meter, grown(self.used))?;
        }
        Ok(())
    }

    fn resize(&mut self, store: &Store, meter: &mut Meter, places: usize) -> Outcome<()> {
        meter.step(store, self.used as u64 + places as u64 / WRITTEN_PER_FUEL)?;
        let old = std::mem::replace(&mut self.places, vec![FREE; places]);
        for number in old.into_iter().filter(|&number| number != FREE && number != GONE) {
            self.insert_clean(number);
        }
        self.fill = self.used;
        Ok(())
    }

    /// Puts a key that is not there into a table without removed keys.
    fn insert_clean(&mut self, number: u32) {
        let hash = self.hashes.get(number as usize - 1).copied().unwrap_or(0);
        let mut probe = Probe::new(hash, self.places.len() - 1);
        while self.number(probe.at) != FREE {
            probe.go_on();
        }
        self.places[probe.at] = number;
    }

    /// Makes room beforehand for so many keys that may be new.
    fn make_room(&mut self, store: &Store, meter: &mut Meter, more: usize) -> Outcome<()> {
        if is_crowded(self.fill + more, self.places.len()) {
            self.resize(store, meter, table_size((self.used + more) * 2))?;
        }
        Ok(())
    }

    /// Adds all keys of a set.
    ///
    /// # Errors
    /// Those of the meter.
    pub fn merge(&mut self, store: &Store, meter: &mut Meter, other: Object) -> Outcome<()> {
        let (count, others) = (len(store, other), keys(store, other));
        if count == 0 {
            return Ok(());
        }
        self.make_room(store, meter, count)?;
        meter.step(store, others.len() as u64 / WRITTEN_PER_FUEL)?;
        let is_empty = self.fill == 0;
        let is_same = is_empty
            && self.places.len() == others.len()
            && store.heap.count(other, FILL) == store.heap.count(other, USED);
        if is_empty {
            (self.fill, self.used) = (count, count);
        }
        for (at, &key) in others.iter().enumerate() {
            if !is_key(key) {
                continue;
            }
            let hash = hash_at(store, other, at);
            if is_empty {
                meter.step(store, 1)?;
                let number = self.push(Next::Is(key), hash);
                if is_same { self.places[at] = number } else { self.insert_clean(number) }
            } else {
                self.add_hashed(store, meter, Next::Is(key), hash)?;
            }
        }
        Ok(())
    }

    /// Adds all values of an iterable.
    ///
    /// # Errors
    /// What CPython raises, and those of the meter.
    pub fn update(&mut self, store: &Store, meter: &mut Meter, iterable: Value) -> Outcome<()> {
        match store.object(iterable) {
            Some((Kind::Set | Kind::Frozenset, other)) => self.merge(store, meter, other),
            Some((Kind::Dict, other)) => {
                self.make_room(store, meter, dict::len(store, other))?;
                let mut at = 0;
                while let Some(entry) = dict::next(store, meter, other, at)? {
                    self.add(store, meter, Next::Is(dict::entry(store, other, entry).0))?;
                    at = entry + 1;
                }
                Ok(())
            }
            _ => walk::for_each(store, meter, iterable, &mut |meter, next| self.add(store, meter, next)),
        }
    }

    /// Visits the keys of a set with their hashes, in order.
    ///
    /// # Errors
    /// Those of the meter, and of the visit.
    pub fn each_key(
        store: &Store,
        meter: &mut Meter,
        set: Object,
        visit: &mut dyn FnMut(&mut Meter, Value, i64) -> Outcome<()>,
    ) -> Outcome<()> {
        let mut from = 0;
        while let Some((at, key)) = next(store, meter, set, from)? {
            meter.step(store, 1)?;
            visit(meter, key, hash_at(store, set, at))?;
            from = at + 1;
        }
        Ok(())
    }

    /// The keys in their order, with their hashes.
    pub fn into_keys(self) -> Vec<(Next, i64)> {
        let Draft { items, hashes, places, .. } = self;
        let numbers = places.into_iter().filter(|&number| number != FREE && number != GONE);
        numbers.map(|number| number as usize - 1).map(|number| (items.get(number), hashes[number])).collect()
    }

    /// Pays for it, and makes it: a new set, or the table of one that stays. An iterator among `iterables` is exhausted.
    ///
    /// # Errors
    /// As [`Context::pay`].
    pub fn finish(self, cx: &mut dyn Context, cost: Cost, kind: Kind, stays: Option<Value>) -> Outcome {
        self.finish_with(cx, cost, kind, stays, &[])
    }

    /// The same where iterables have been used up.
    ///
    /// # Errors
    /// As [`Context::pay`].
    pub fn finish_with(
        self,
        cx: &mut dyn Context,
        mut cost: Cost,
        kind: Kind,
        stays: Option<Value>,
        iterables: &[Value],
    ) -> Outcome {
        let Draft { items, hashes, places, used, fill } = self;
        if stays.is_none() {
            cost.object_bytes += object_bytes();
        }
        let has_table = fill > 0 || places.len() > LEAST_TABLE;
        if has_table {
            cost.object_bytes = cost.object_bytes.saturating_add(table_bytes(places.len()));
            cost.fuel += places.len() as u64 / WRITTEN_PER_FUEL;
        }
        let count = items.len();
        let mut held = vec![stays.unwrap_or(Value::NONE)];
        held.extend_from_slice(iterables);
        let values = items.pay(cx, cost, &held)?;
        let (values, held) = values.split_at(count.min(values.len()));
        let store = cx.store();
        for &iterable in held.iter().skip(1) {
            walk::exhaust(store, iterable);
        }
        let set = match stays.and(held.first()) {
            Some(&set) => store.heap.object(set).ok_or(Fault::Refused)?,
            None => allocate(store, kind),
        };
        if has_table {
            write(store, set, values, &hashes, &places);
        } else {
            super::change::drop_table(store, set);
        }
        store.heap.set_count(set, USED, used);
        store.heap.set_count(set, FILL, fill);
        Ok(set.value())
    }
}

/// Whether a table has so many places where keys were that CPython makes it anew.
pub(super) fn needs_tidying(used: usize, fill: usize, places: usize) -> bool {
    fill - used > (places - 1) / 4
}

fn write(store: &mut Store, set: Object, values: &[Value], hashes: &[i64], places: &[u32]) {
    let (keys, words) = allocate_table(store, set, places.len());
    let mut bytes = 0;
    for (slot, &number) in store.heap.slots_mut(keys).iter_mut().zip(places) {
        *slot = match number {
            FREE => HOLE,
            GONE => REMOVED,
            number => {
                let value = values.get(number as usize - 1).copied().unwrap_or(Value::NONE);
                bytes += Heap::slot_bytes(value);
                value
            }
        };
    }
    for (slot, &number) in store.heap.slots_mut(words).iter_mut().zip(places) {
        if number != FREE && number != GONE {
            *slot = Value::from_bits(hashes.get(number as usize - 1).copied().unwrap_or(0) as u64);
        }
    }
    store.heap.charge_slots(bytes);
}

/// The hash of a key that is looked for: a set stands for the frozenset with the same keys.
pub(super) fn hash_of(store: &Store, meter: &mut Meter, item: &Next) -> Outcome<i64> {
    match item {
        Next::Is(value) => super::hash_key(store, meter, *value),
        item => gather::hash(store, meter, item),
    }
}
