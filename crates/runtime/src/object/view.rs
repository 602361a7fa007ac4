//! Views of dicts (`keys()`, `values()`, `items()`), and what they have in common with sets.
//!
//! A view has one slot: its dict.

use super::gather;
use super::iter::{self, Next};
use super::value::{self, equal_keys};
use super::{Context, Kind, Meter, Outcome, dict, metered, set};
use crate::heap::Object;
use crate::store::Store;
use crate::value::Value;

/// The slot with the dict.
const DICT: usize = 0;

/// Whether a kind is one of views.
pub fn is_view(kind: Kind) -> bool {
    matches!(kind, Kind::DictKeys | Kind::DictValues | Kind::DictItems)
}

/// Whether values of this kind are compared as sets.
pub fn is_set_like(kind: Kind) -> bool {
    matches!(kind, Kind::Set | Kind::Frozenset | Kind::DictKeys | Kind::DictItems)
}

/// The dict of a view.
pub fn dict_of(store: &Store, view: Object) -> Option<Object> {
    store.heap.object(store.heap.slot(view, DICT))
}

/// How many there are in a set, a frozenset, a dict or a view.
pub fn len(store: &Store, kind: Kind, object: Object) -> usize {
    match kind {
        Kind::Set | Kind::Frozenset => set::len(store, object),
        Kind::Dict => dict::len(store, object),
        _ => dict_of(store, object).map_or(0, |dict| dict::len(store, dict)),
    }
}

/// Whether `item in view`.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub fn contains(store: &Store, meter: &mut Meter, kind: Kind, view: Object, item: Value) -> Outcome<bool> {
    let Some(dict) = dict_of(store, view) else { return Ok(false) };
    match kind {
        Kind::DictKeys => dict::contains(store, meter, dict, item),
        Kind::DictItems => match store.object(item) {
            Some((Kind::Tuple, pair)) => match *store.heap.slots(pair) {
                [key, value] => has_item(store, meter, dict, key, value, 0),
                _ => Ok(false),
            },
            _ => Ok(false),
        },
        _ => {
            let mut at = 0;
            while let Some(entry) = dict::next(store, meter, dict, at)? {
                let (_, value) = dict::entry(store, dict, entry);
                meter.step(store, 1)?;
                if value == item || value::equal(store, meter, value, item)? {
                    return Ok(true);
                }
                at = entry + 1;
            }
            Ok(false)
        }
    }
}

fn has_item(
    store: &Store,
    meter: &mut Meter,
    dict: Object,
    key: Value,
    value: Value,
    depth: u32,
) -> Outcome<bool> {
    let hash = value::hash(store, meter, key)?;
    match dict::find(store, meter, dict, key, hash, depth)? {
        Some(entry) => equal_keys(store, meter, dict::entry(store, dict, entry).1, value, depth),
        None => Ok(false),
    }
}

/// Whether all keys of a set or view are in another.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub fn is_subset(
    store: &Store,
    meter: &mut Meter,
    (kind, small): (Kind, Object),
    (other, large): (Kind, Object),
    depth: u32,
) -> Outcome<bool> {
    let mut at = 0;
    let dict = dict_of(store, small);
    loop {
        meter.step(store, 1)?;
        let found = match (kind, dict) {
            (Kind::Set | Kind::Frozenset, _) => match set::next(store, meter, small, at)? {
                Some((place, key)) => {
                    at = place + 1;
                    let hash = set::hash_at(store, small, place);
                    has(store, meter, other, large, (key, hash), depth)?
                }
                None => return Ok(true),
            },
            (_, Some(dict)) => match dict::next(store, meter, dict, at)? {
                Some(entry) => {
                    at = entry + 1;
                    let (key, value) = dict::entry(store, dict, entry);
                    if kind == Kind::DictKeys {
                        let hash = value::hash(store, meter, key)?;
                        has(store, meter, other, large, (key, hash), depth)?
                    } else {
                        has_pair(store, meter, other, large, (key, value), depth)?
                    }
                }
                None => return Ok(true),
            },
            _ => return Ok(true),
        };
        if !found {
            return Ok(false);
        }
    }
}

/// Whether a set or view has a value that is no item of a dict.
fn has(
    store: &Store,
    meter: &mut Meter,
    kind: Kind,
    object: Object,
    (key, hash): (Value, i64),
    depth: u32,
) -> Outcome<bool> {
    match (kind, dict_of(store, object)) {
        (Kind::Set | Kind::Frozenset, _) => set::has(store, meter, object, key, hash, depth),
        (Kind::DictKeys, Some(dict)) => Ok(dict::find(store, meter, dict, key, hash, depth)?.is_some()),
        (_, Some(_)) => contains(store, meter, kind, object, key),
        _ => Ok(false),
    }
}

/// Whether a set or view has an item of a dict, which is a tuple that does not exist.
fn has_pair(
    store: &Store,
    meter: &mut Meter,
    kind: Kind,
    object: Object,
    (key, value): (Value, Value),
    depth: u32,
) -> Outcome<bool> {
    if kind == Kind::DictItems {
        let Some(dict) = dict_of(store, object) else { return Ok(false) };
        return has_item(store, meter, dict, key, value, depth);
    }
    // A tuple with the same hash that has the same two values.
    let hash = value::combine(&[value::hash(store, meter, key)?, value::hash(store, meter, value)?]);
    let same = |meter: &mut Meter, found: Value| match store.object(found) {
        Some((Kind::Tuple, pair)) => match *store.heap.slots(pair) {
            [a, b] => {
                Ok(equal_keys(store, meter, a, key, depth)? && equal_keys(store, meter, b, value, depth)?)
            }
            _ => Ok(false),
        },
        _ => Ok(false),
    };
    match (kind, dict_of(store, object)) {
        (Kind::Set | Kind::Frozenset, _) => set::has_such(store, meter, object, hash, same),
        (_, Some(dict)) => Ok(dict::find_such(store, meter, dict, hash, same)?.is_some()),
        _ => Ok(false),
    }
}

/// Whether a set or view has none of the values of an iterable.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn is_disjoint(cx: &mut dyn Context, a: Value, b: Value) -> Outcome {
    let disjoint = metered(cx, &mut [b], |store, meter, _| {
        let Some((kind, object)) = store.object(a) else { return Ok(true) };
        let mut disjoint = true;
        iter::for_each(store, meter, b, &mut |meter, next| {
            disjoint = disjoint && !contains_next(store, meter, kind, object, &next)?;
            Ok(())
        })?;
        Ok(disjoint)
    })?;
    Ok(Value::bool(disjoint))
}

/// Whether a set or view has a value that may not be made yet.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub(super) fn contains_next(
    store: &Store,
    meter: &mut Meter,
    kind: Kind,
    object: Object,
    next: &Next,
) -> Outcome<bool> {
    if let (Next::Is(value), true) = (next, is_view(kind)) {
        return contains(store, meter, kind, object, *value);
    }
    if kind == Kind::DictItems {
        let two = match next {
            Next::Pair(key, value) => Some((Next::Is(*key), Next::Is(*value))),
            Next::Tuple(parts) => match &parts[..] {
                [key, value] => Some((key.clone(), value.clone())),
                _ => None,
            },
            _ => None,
        };
        let (Some((key, value)), Some(dict)) = (two, dict_of(store, object)) else { return Ok(false) };
        let hash = gather::hash(store, meter, &key)?;
        let same = |meter: &mut Meter, found| gather::same(store, meter, &Next::Is(found), &key);
        return match dict::find_such(store, meter, dict, hash, same)? {
            Some(entry) => gather::same(store, meter, &Next::Is(dict::entry(store, dict, entry).1), &value),
            None => Ok(false),
        };
    }
    let hash = gather::hash(store, meter, next)?;
    let same = |meter: &mut Meter, found| gather::same(store, meter, &Next::Is(found), next);
    match (kind, dict_of(store, object)) {
        (Kind::Set | Kind::Frozenset, _) => set::has_such(store, meter, object, hash, same),
        (Kind::DictKeys, Some(dict)) => Ok(dict::find_such(store, meter, dict, hash, same)?.is_some()),
        _ => Ok(false),
    }
}
