//! What puts dicts together: copies, `|`, `update`, `dict(...)`.

use super::super::gather::{self, Gathered};
use super::super::iter::{self, Next};
use super::super::{Context, Fault, HOLE, Kind, Meter, Outcome, prepared, type_error, value, value_error};
use super::change::{self, Growth};
use super::{
    ENTRIES, FILL, INDEX, USED, entries, entry, find, index_for, index_words, len, mix, next, usable,
};
use crate::heap::{Heap, Object};
use crate::num::{Cost, Output};
use crate::store::Store;
use crate::value::Value;
use bytecode::CallForm;

/// Whether a copy of a dict has the same index and entries, and not smaller ones.
fn is_dense(store: &Store, dict: Object) -> bool {
    len(store, dict) >= store.heap.count(dict, FILL) * 2 / 3
}

/// How a copy of a dict is made, with its own object.
fn plan_copy(store: &Store, dict: Object) -> Growth {
    let mut growth = Growth::default();
    let used = len(store, dict);
    if used > 0 {
        let index = if is_dense(store, dict) { index_words(store, dict).len() } else { index_for(used) };
        growth.copy(store, dict, index);
    }
    growth
}

/// What a copy costs besides.
fn copy_cost(store: &Store, dict: Object) -> Cost {
    let slots = Heap::slots_bytes(entries(store, dict));
    Cost { object_bytes: change::object_bytes() + slots, ..Cost::default() }
}

/// A copy, paid for.
fn make_copy(store: &mut Store, dict: Object) -> Object {
    let copy = change::allocate(store);
    let used = len(store, dict);
    if used == 0 {
        return copy;
    }
    if is_dense(store, dict) {
        let bytes = Heap::slots_bytes(entries(store, dict));
        copy_table(store, dict, copy);
        store.heap.charge_slots(bytes);
        return copy;
    }
    change::resize(store, copy, index_for(used));
    for number in 0..store.heap.count(dict, FILL) {
        let (key, value) = entry(store, dict, number);
        if key != HOLE {
            // It has one: it is a key.
            let hash = value::hash(store, &mut Meter::paid(), key).unwrap_or_default();
            let hash = mix(store, hash);
            change::add(store, copy, key, value, hash);
        }
    }
    copy
}

/// Gives a dict that has nothing the same index and entries as another has.
fn copy_table(store: &mut Store, from: Object, to: Object) {
    let heap = &mut store.heap;
    for (slot, kind) in [(INDEX, Kind::Raw), (ENTRIES, Kind::Storage)] {
        if let Some(object) = heap.object(heap.slot(from, slot)) {
            let count = heap.slots(object).len();
            let copy = heap.allocate(kind, count);
            heap.copy_slots(object, 0, copy, 0, count);
            heap.set_slot(to, slot, copy.value());
        }
    }
    let (fill, words) = (heap.count(from, FILL), index_words(store, from).len());
    let used = len(store, from);
    store.heap.set_count(to, USED, used);
    store.heap.set_count(to, FILL, fill);
    // As in CPython, what has been popped from the end is room again only in the copy.
    store.heap.set_count(to, super::USABLE, usable(words).saturating_sub(fill));
}

/// `dict.copy()`.
///
/// # Errors
/// As [`Context::pay`].
pub fn copy(cx: &mut dyn Context, dict: Value) -> Outcome {
    let store = cx.store();
    let Some(object) = store.heap.object(dict) else { return Err(Fault::Refused) };
    let cost = plan_copy(store, object).cost().and(copy_cost(store, object));
    let mut held = [dict];
    cx.pay(cost, &mut held)?;
    let store = cx.store();
    let Some(object) = store.heap.object(held[0]) else { return Err(Fault::Refused) };
    Ok(make_copy(store, object).value())
}

/// Keys and values on their way into a dict.
#[derive(Default)]
struct Pairs {
    /// A key and a value in turn.
    all: Gathered,
    /// Of each key: its hash.
    hashes: Vec<i64>,
    /// Where keys may come twice: the numbers of the pairs, one more, by their hashes.
    index: Vec<u32>,
}

impl Pairs {
    fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Adds a pair whose key is not there.
    fn push(&mut self, key: Next, value: Next, hash: i64) {
        self.all.push(key);
        self.all.push(value);
        self.hashes.push(hash);
    }

    /// Adds a pair, or gives a key that is there another value.
    fn insert(&mut self, store: &Store, meter: &mut Meter, key: Next, value: Next) -> Outcome<()> {
        let hash = gather::hash(store, meter, &key)?;
        if 2 * (self.len() + 1) > self.index.len() {
            self.grow(store);
        }
        let mask = self.index.len() - 1;
        let mut at = mix(store, hash) as usize & mask;
        while let Some(number) = (self.index[at] as usize).checked_sub(1) {
            meter.step(store, 1)?;
            if self.hashes[number] == hash && gather::same(store, meter, &self.all.get(2 * number), &key)? {
                self.all.set(2 * number + 1, value);
                return Ok(());
            }
            at = (at + 1) & mask;
        }
        self.push(key, value, hash);
        self.index[at] = self.len() as u32;
        Ok(())
    }

    fn grow(&mut self, store: &Store) {
        let words = (4 * (self.len() + 1)).next_power_of_two().max(8);
        self.index = vec![0; words];
        for (number, &hash) in self.hashes.iter().enumerate() {
            let mut at = mix(store, hash) as usize & (words - 1);
            while self.index[at] != 0 {
                at = (at + 1) & (words - 1);
            }
            self.index[at] = number as u32 + 1;
        }
    }

    /// Adds the entries of a dict. `distinct` says that there is nothing yet.
    fn add_dict(&mut self, store: &Store, meter: &mut Meter, dict: Object, distinct: bool) -> Outcome<()> {
        let mut at = 0;
        while let Some(number) = next(store, meter, dict, at)? {
            meter.step(store, 1)?;
            let (key, value) = entry(store, dict, number);
            if distinct {
                let hash = value::hash(store, meter, key)?;
                self.push(Next::Is(key), Next::Is(value), hash);
            } else {
                self.insert(store, meter, Next::Is(key), Next::Is(value))?;
            }
            at = number + 1;
        }
        Ok(())
    }

    /// Adds the pairs that an iterable has.
    fn add_iterable(&mut self, store: &Store, meter: &mut Meter, iterable: Value) -> Outcome<()> {
        let mut number = 0;
        iter::for_each(store, meter, iterable, &mut |meter, next| {
            let (key, value) = pair_of(store, meter, next, number)?;
            number += 1;
            self.insert(store, meter, key, value)
        })
    }

    /// How many of them a dict does not have.
    fn count_new(&self, store: &Store, meter: &mut Meter, dict: Object) -> Outcome<usize> {
        if len(store, dict) == 0 {
            return Ok(self.len());
        }
        let mut count = 0;
        for (number, &hash) in self.hashes.iter().enumerate() {
            // They are looked for again when all is paid.
            meter.step(store, 2)?;
            let found = match self.all.get(2 * number) {
                Next::Is(key) => find(store, meter, dict, key, hash, 0)?,
                key => super::find_such(store, meter, dict, hash, |meter, found| {
                    gather::same(store, meter, &Next::Is(found), &key)
                })?,
            };
            count += usize::from(found.is_none());
        }
        Ok(count)
    }

    /// Pays, and puts all of them into the dict that `make` answers when it has been paid; `held` are values it needs.
    fn put(
        self,
        cx: &mut dyn Context,
        cost: Cost,
        held: &[Value],
        make: impl FnOnce(&mut Store, &[Value]) -> Option<Object>,
    ) -> Outcome {
        let Pairs { all, hashes, .. } = self;
        let values = all.pay(cx, cost, held)?;
        let (pairs, held) = values.split_at(2 * hashes.len());
        let store = cx.store();
        let Some(dict) = make(store, held) else { return Err(Fault::Refused) };
        for (pair, hash) in pairs.chunks_exact(2).zip(hashes) {
            let hash = mix(store, hash);
            change::put(store, dict, pair[0], pair[1], hash);
        }
        Ok(dict.value())
    }
}

/// The two values that a value consists of, the number of which among others is known.
fn pair_of(store: &Store, meter: &mut Meter, next: Next, number: usize) -> Outcome<(Next, Next)> {
    let Next::Is(pair) = next else {
        return match next {
            Next::Char(_) => Err(wrong_length(number, 1)),
            Next::Pair(key, value) => Ok((Next::Is(key), Next::Is(value))),
            Next::Tuple(parts) => match <[Next; 2]>::try_from(parts) {
                Ok([key, value]) => Ok((key, value)),
                Err(parts) => Err(wrong_length(number, parts.len())),
            },
            _ => Err(no_sequence(number)),
        };
    };
    if !iter::is_iterable(store, pair) {
        return Err(no_sequence(number));
    }
    let mut two = [None, None];
    let mut count = 0;
    iter::for_each(store, meter, pair, &mut |_, next| {
        if let Some(place) = two.get_mut(count) {
            *place = Some(next);
        }
        count += 1;
        Ok(())
    })?;
    match two {
        [Some(key), Some(value)] if count == 2 => Ok((key, value)),
        _ => Err(wrong_length(number, count)),
    }
}

fn no_sequence(number: usize) -> Fault {
    type_error(format!("cannot convert dictionary update sequence element #{number} to a sequence"))
}

fn wrong_length(number: usize, len: usize) -> Fault {
    value_error(format!("dictionary update sequence element #{number} has length {len}; 2 is required"))
}

/// What a dict is updated with.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// A mapping, or an iterable of pairs, if there is one; then names with values.
    Any(Option<Value>, &'a [(&'a str, Value)]),
    /// A dict, and nothing else.
    Dict(Object),
}

/// Collects what a dict is updated with. Also whether it comes from a single dict, of which CPython knows the number.
fn collect(store: &Store, meter: &mut Meter, source: Source<'_>) -> Outcome<(Pairs, bool)> {
    let mut pairs = Pairs::default();
    match source {
        Source::Dict(dict) => {
            pairs.add_dict(store, meter, dict, true)?;
            Ok((pairs, true))
        }
        Source::Any(given, named) => {
            let mut is_dict = named.is_empty();
            match given.map(|given| (given, store.object(given))) {
                Some((_, Some((Kind::Dict, dict)))) => {
                    pairs.add_dict(store, meter, dict, named.is_empty())?
                }
                Some((given, _)) => {
                    is_dict = false;
                    pairs.add_iterable(store, meter, given)?;
                }
                None => is_dict = false,
            }
            for &(name, value) in named {
                let name = Next::Number(Output::Str(name.to_owned()));
                pairs.insert(store, meter, name, Next::Is(value))?;
            }
            Ok((pairs, is_dict))
        }
    }
}

/// How a dict that is as `growth` says grows by so many new entries out of so many.
fn grow(growth: &mut Growth, pairs: &Pairs, new: usize, is_dict: bool) -> Option<usize> {
    // CPython makes room for all entries of a dict at once.
    let at_once = is_dict && pairs.len() > usable(growth.index());
    let index = at_once.then(|| index_for(growth.used() + pairs.len()));
    if let Some(index) = index {
        growth.resize(index);
    }
    growth.add(new);
    index
}

/// Puts all that a source has into a dict that stays.
fn update_with(cx: &mut dyn Context, dict: Value, source: Source<'_>, iterable: Option<Value>) -> Outcome {
    let Some(object) = cx.store().heap.object(dict) else { return Err(Fault::Refused) };
    let ((pairs, index, growth), cost) = prepared(cx, |store, meter| {
        let (pairs, is_dict) = collect(store, meter, source)?;
        let new = pairs.count_new(store, meter, object)?;
        let mut growth = Growth::of(store, object);
        let index = grow(&mut growth, &pairs, new, is_dict);
        Ok((pairs, index, growth))
    })?;
    if pairs.len() == 0 && iterable.is_none() {
        cx.pay(cost, &mut [])?;
        return Ok(dict);
    }
    let cost = cost.and(growth.cost());
    pairs.put(cx, cost, &[dict, iterable.unwrap_or(Value::NONE)], |store, held| {
        iter::exhaust(store, held[1]);
        let object = store.heap.object(held[0])?;
        if let Some(index) = index {
            change::resize(store, object, index);
        }
        Some(object)
    })
}

/// A new dict of all that a source has, after the entries of another, if there is one.
fn create(cx: &mut dyn Context, base: Option<Value>, source: Source<'_>, iterable: Option<Value>) -> Outcome {
    let object = base.and_then(|base| cx.store().heap.object(base));
    let ((pairs, index, growth), cost) = prepared(cx, |store, meter| {
        let (pairs, is_dict) = collect(store, meter, source)?;
        let (mut growth, new) = match object {
            Some(object) => (plan_copy(store, object), pairs.count_new(store, meter, object)?),
            None => (Growth::default(), pairs.len()),
        };
        let index = grow(&mut growth, &pairs, new, is_dict);
        Ok((pairs, index, growth))
    })?;
    let store = cx.store();
    let own = match object {
        Some(object) => copy_cost(store, object),
        None => Cost { object_bytes: change::object_bytes(), ..Cost::default() },
    };
    let cost = cost.and(growth.cost()).and(own);
    let held = [base.unwrap_or(Value::NONE), iterable.unwrap_or(Value::NONE)];
    pairs.put(cx, cost, &held, |store, held| {
        iter::exhaust(store, held[1]);
        let dict = match store.heap.object(held[0]) {
            Some(base) => make_copy(store, base),
            None => change::allocate(store),
        };
        if let Some(index) = index {
            change::resize(store, dict, index);
        }
        Some(dict)
    })
}

fn as_dict(store: &Store, a: Value) -> Option<Object> {
    match store.object(a) {
        Some((Kind::Dict, dict)) => Some(dict),
        _ => None,
    }
}

/// `dict(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn dict_of(cx: &mut dyn Context, a: Value) -> Outcome {
    match as_dict(cx.store(), a) {
        Some(_) => copy(cx, a),
        None => create(cx, None, Source::Any(Some(a), &[]), Some(a)),
    }
}

/// `a | b`, of two dicts.
///
/// # Errors
/// As [`Context::pay`].
pub fn union(cx: &mut dyn Context, a: Value, b: Value) -> Outcome {
    let Some(other) = as_dict(cx.store(), b) else { return Err(Fault::Refused) };
    create(cx, Some(a), Source::Dict(other), None)
}

/// `a |= b`, where `a` is a dict.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn update_in_place(cx: &mut dyn Context, a: Value, b: Value) -> Outcome {
    update_with(cx, a, Source::Any(Some(b), &[]), Some(b))
}

/// Adds all entries of a mapping to a dict that stays.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn merge(cx: &mut dyn Context, a: Value, b: Value) -> Outcome {
    let store = cx.store();
    let Some(other) = as_dict(store, b) else {
        return Err(type_error(format!("'{}' object is not a mapping", store.type_name(b))));
    };
    update_with(cx, a, Source::Dict(other), None)
}

/// `dict.update(...)`, whose arguments fit.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn update(cx: &mut dyn Context, form: &CallForm<'_>, args: &[Value]) -> Outcome {
    let (Some(&dict), named) = (args.first(), form.keywords.len()) else { return Err(Fault::Refused) };
    let given = if args.len() > 1 + named { args.get(1).copied() } else { None };
    let values = &args[args.len().saturating_sub(named)..];
    let named: Vec<(&str, Value)> = form.keywords.iter().copied().zip(values.iter().copied()).collect();
    update_with(cx, dict, Source::Any(given, &named), given)?;
    Ok(Value::NONE)
}

/// `dict.fromkeys(keys, value)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn from_keys(cx: &mut dyn Context, keys: Value, value: Value) -> Outcome {
    let ((pairs, growth), cost) = prepared(cx, |store, meter| {
        let mut pairs = Pairs::default();
        iter::for_each(store, meter, keys, &mut |meter, key| {
            pairs.insert(store, meter, key, Next::Is(value))
        })?;
        let mut growth = Growth::default();
        growth.add(pairs.len());
        Ok((pairs, growth))
    })?;
    let own = Cost { object_bytes: change::object_bytes() + Heap::slot_bytes(value), ..Cost::default() };
    pairs.put(cx, cost.and(growth.cost()).and(own), &[keys], |store, held| {
        iter::exhaust(store, held[0]);
        Some(change::allocate(store))
    })
}
