//! What sets are made of, and what two of them make: CPython's steps in CPython's order, since these decide where keys stand.

use super::super::gather;
use super::super::next::Next;
use super::super::{Context, Fault, Kind, Meter, Outcome, dict, metered, prepared, unsupported, view, walk};
use super::change::{self, remove_at};
use super::draft::{Draft, hash_of, needs_tidying};
use super::{FILL, Place, has, keys, len, search, table};
use crate::heap::Object;
use crate::store::Store;
use crate::value::Value;
use bytecode::{Augmented, BinOp};

/// What a set and another collection make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combine {
    Union,
    Intersection,
    Difference,
    SymmetricDifference,
}

fn as_set(store: &Store, a: Value) -> Option<Object> {
    match store.object(a) {
        Some((Kind::Set | Kind::Frozenset, set)) => Some(set),
        _ => None,
    }
}

/// Runs metered work that makes a draft, and makes a new set of it.
fn make(
    cx: &mut dyn Context,
    kind: Kind,
    iterables: &[Value],
    work: impl FnOnce(&Store, &mut Meter) -> Outcome<Draft>,
) -> Outcome {
    let (draft, cost) = prepared(cx, work)?;
    draft.finish_with(cx, cost, kind, None, iterables)
}

/// `set(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn set_of(cx: &mut dyn Context, a: Value) -> Outcome {
    make(cx, Kind::Set, &[a], |store, meter| draft_of(store, meter, a))
}

/// `frozenset(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn frozenset_of(cx: &mut dyn Context, a: Value) -> Outcome {
    if let Some((Kind::Frozenset, _)) = cx.store().object(a) {
        return Ok(a);
    }
    make(cx, Kind::Frozenset, &[a], |store, meter| draft_of(store, meter, a))
}

fn draft_of(store: &Store, meter: &mut Meter, iterable: Value) -> Outcome<Draft> {
    let mut draft = Draft::new();
    draft.update(store, meter, iterable)?;
    Ok(draft)
}

/// Adds all values of an iterable to a set, which is the result.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn add_all(cx: &mut dyn Context, set: Value, iterable: Value) -> Outcome {
    update(cx, set, &[iterable])
}

/// `set.update(*iterables)`; the set is the result.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn update(cx: &mut dyn Context, set: Value, iterables: &[Value]) -> Outcome {
    let Some(object) = cx.store().heap.object(set) else { return Err(Fault::Refused) };
    let (draft, cost) = prepared(cx, |store, meter| {
        if let Some(few) = few_keys(store, meter, object, iterables)? {
            return Ok(Err(few));
        }
        let mut draft = Draft::of(store, meter, object)?;
        for &iterable in iterables {
            if iterable != set {
                draft.update(store, meter, iterable)?;
            }
        }
        Ok(Ok(draft))
    })?;
    match draft {
        Ok(draft) => draft.finish_with(cx, cost, Kind::Set, Some(set), iterables),
        Err(few) => change::put_all(cx, cost, set, few),
    }
}

/// The keys of sets, if there are so few of them that the table of another set does not change when they are added; with their
/// hashes.
fn few_keys(
    store: &Store,
    meter: &mut Meter,
    set: Object,
    others: &[Value],
) -> Outcome<Option<Vec<(Value, i64)>>> {
    let mut fill = store.heap.count(set, FILL);
    if fill == 0 {
        return Ok(None);
    }
    for &other in others {
        let Some(other) = as_set(store, other) else { return Ok(None) };
        fill += len(store, other);
    }
    if super::is_crowded(fill, keys(store, set).len()) {
        return Ok(None);
    }
    let mut few = Vec::new();
    for &other in others {
        let Some(other) = as_set(store, other) else { continue };
        Draft::each_key(store, meter, other, &mut |meter, key, hash| {
            meter.step(store, 2)?;
            if !has(store, meter, set, key, hash, 0)? {
                few.push((key, hash));
            }
            Ok(())
        })?;
    }
    Ok(Some(few))
}

/// `a.union(*others)`, and the other methods that make a new set of several.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn combine(cx: &mut dyn Context, how: Combine, a: Value, others: &[Value]) -> Outcome {
    let Some((kind, set)) = cx.store().object(a) else { return Err(Fault::Refused) };
    make(cx, kind, others, |store, meter| combined(store, meter, how, a, set, others))
}

/// The same for a set that stays and becomes the result.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn combine_in_place(cx: &mut dyn Context, how: Combine, a: Value, others: &[Value]) -> Outcome {
    let Some(set) = cx.store().heap.object(a) else { return Err(Fault::Refused) };
    match how {
        Combine::Union => return update(cx, a, others),
        Combine::Difference => return difference_in_place(cx, a, set, others),
        Combine::SymmetricDifference if others.contains(&a) => {
            change::clear(cx.store(), a);
            return Ok(a);
        }
        _ => {}
    }
    let (draft, cost) = prepared(cx, |store, meter| match (how, others) {
        (Combine::SymmetricDifference, &[other]) => {
            let mut draft = Draft::of(store, meter, set)?;
            toggle(store, meter, &mut draft, other)?;
            Ok(draft)
        }
        _ => combined(store, meter, how, a, set, others),
    })?;
    draft.finish_with(cx, cost, Kind::Set, Some(a), others)
}

fn combined(
    store: &Store,
    meter: &mut Meter,
    how: Combine,
    a: Value,
    set: Object,
    others: &[Value],
) -> Outcome<Draft> {
    match (how, others) {
        (Combine::Union, _) => {
            let mut draft = Draft::copy(store, meter, set)?;
            for &other in others {
                if other != a {
                    draft.update(store, meter, other)?;
                }
            }
            Ok(draft)
        }
        (Combine::SymmetricDifference, &[other]) => {
            let mut draft = draft_of(store, meter, other)?;
            toggle(store, meter, &mut draft, a)?;
            Ok(draft)
        }
        (Combine::Intersection, &[first, ref rest @ ..]) => {
            let mut draft = intersection(store, meter, a, set, first)?;
            for &other in rest {
                draft = intersection_of_draft(store, meter, draft, other)?;
            }
            Ok(draft)
        }
        (Combine::Difference, &[first, ref rest @ ..]) => {
            let mut draft = difference(store, meter, set, first)?;
            for &other in rest {
                subtract(store, meter, &mut draft, other)?;
            }
            Ok(draft)
        }
        _ => Draft::copy(store, meter, set),
    }
}

/// What a set and another collection have in common.
fn intersection(store: &Store, meter: &mut Meter, a: Value, set: Object, other: Value) -> Outcome<Draft> {
    if a == other {
        return Draft::copy(store, meter, set);
    }
    let mut draft = Draft::new();
    if let Some(other) = as_set(store, other) {
        // The smaller one is gone through.
        let (from, of) = if len(store, other) > len(store, set) { (set, other) } else { (other, set) };
        Draft::each_key(store, meter, from, &mut |meter, key, hash| {
            if has(store, meter, of, key, hash, 0)? {
                draft.add_hashed(store, meter, Next::Is(key), hash)?;
            }
            Ok(())
        })?;
        return Ok(draft);
    }
    walk::for_each(store, meter, other, &mut |meter, next| {
        let item = next;
        if view::contains_next(store, meter, Kind::Set, set, &item)? {
            draft.add(store, meter, item)?;
        }
        Ok(())
    })?;
    Ok(draft)
}

fn intersection_of_draft(store: &Store, meter: &mut Meter, of: Draft, other: Value) -> Outcome<Draft> {
    let mut draft = Draft::new();
    if let Some(other) = as_set(store, other)
        && len(store, other) > of.len()
    {
        for (item, hash) in of.into_keys() {
            if view::contains_next(store, meter, Kind::Set, other, &item)? {
                draft.add_hashed(store, meter, item, hash)?;
            }
        }
        return Ok(draft);
    }
    each_item(store, meter, other, &mut |meter, item| {
        let hash = gather::hash(store, meter, &item)?;
        if of.contains(store, meter, &item, hash)? {
            draft.add_hashed(store, meter, item, hash)?;
        }
        Ok(())
    })?;
    Ok(draft)
}

/// Visits the values of an iterable, of a set in its order.
fn each_item(
    store: &Store,
    meter: &mut Meter,
    iterable: Value,
    visit: &mut dyn FnMut(&mut Meter, Next) -> Outcome<()>,
) -> Outcome<()> {
    match store.object(iterable) {
        Some((Kind::Set | Kind::Frozenset, set)) => {
            Draft::each_key(store, meter, set, &mut |meter, key, _| visit(meter, Next::Is(key)))
        }
        Some((Kind::Dict, dict)) => {
            let mut at = 0;
            while let Some(entry) = dict::next(store, meter, dict, at)? {
                visit(meter, Next::Is(dict::entry(store, dict, entry).0))?;
                at = entry + 1;
            }
            Ok(())
        }
        _ => walk::for_each(store, meter, iterable, &mut |meter, next| visit(meter, next)),
    }
}

/// What a set has and another collection does not.
fn difference(store: &Store, meter: &mut Meter, set: Object, other: Value) -> Outcome<Draft> {
    let (kind, object) = match store.object(other) {
        Some((kind @ (Kind::Set | Kind::Frozenset | Kind::Dict), object)) => (kind, object),
        _ => {
            let mut draft = Draft::copy(store, meter, set)?;
            subtract(store, meter, &mut draft, other)?;
            return Ok(draft);
        }
    };
    // Of a set that is much larger, CPython makes a copy.
    if len(store, set) / 4 > view::len(store, kind, object) {
        let mut draft = Draft::copy(store, meter, set)?;
        subtract(store, meter, &mut draft, other)?;
        return Ok(draft);
    }
    let mut draft = Draft::new();
    Draft::each_key(store, meter, set, &mut |meter, key, hash| {
        let found = if kind == Kind::Dict {
            dict::find(store, meter, object, key, hash, 0)?.is_some()
        } else {
            has(store, meter, object, key, hash, 0)?
        };
        if found { Ok(()) } else { draft.add_hashed(store, meter, Next::Is(key), hash) }
    })?;
    Ok(draft)
}

/// Removes the values of an iterable.
fn subtract(store: &Store, meter: &mut Meter, draft: &mut Draft, other: Value) -> Outcome<()> {
    each_item(store, meter, other, &mut |meter, item| {
        let hash = hash_of(store, meter, &item)?;
        draft.discard(store, meter, &item, hash).map(|_| ())
    })?;
    draft.tidy(store, meter)
}

fn difference_in_place(cx: &mut dyn Context, a: Value, set: Object, others: &[Value]) -> Outcome {
    if others.contains(&a) {
        change::clear(cx.store(), a);
        return Ok(a);
    }
    let (draft, cost) = prepared(cx, |store, meter| {
        let places = places_of(store, meter, set, others)?;
        let table = keys(store, set).len();
        let used = len(store, set) - places.len();
        if table == 0 || (others.len() <= 1 && !needs_tidying(used, store.heap.count(set, FILL), table)) {
            return Ok(Err(places));
        }
        let mut draft = Draft::of(store, meter, set)?;
        for &other in others {
            subtract(store, meter, &mut draft, other)?;
        }
        Ok(Ok(draft))
    })?;
    let places = match draft {
        Ok(draft) => return draft.finish_with(cx, cost, Kind::Set, Some(a), others),
        Err(places) => places,
    };
    let mut held = vec![a];
    held.extend_from_slice(others);
    cx.pay(cost, &mut held)?;
    let store = cx.store();
    for &other in held.iter().skip(1) {
        walk::exhaust(store, other);
    }
    let Some(set) = store.heap.object(held[0]) else { return Err(Fault::Refused) };
    for at in places {
        remove_at(store, set, at);
    }
    Ok(held[0])
}

/// The places at which a set has the values of iterables, each once.
fn places_of(store: &Store, meter: &mut Meter, set: Object, others: &[Value]) -> Outcome<Vec<usize>> {
    let mut places = Vec::new();
    for &other in others {
        each_item(store, meter, other, &mut |meter, item| {
            let hash = hash_of(store, meter, &item)?;
            let same = |meter: &mut Meter, found| gather::same(store, meter, &Next::Is(found), &item);
            meter.step(store, 1)?;
            if let Place::Found(at) = search(store, meter, table(store, set), hash, same)? {
                places.push(at);
            }
            Ok(())
        })?;
    }
    meter.step(store, places.len() as u64)?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// Removes the values that are there, and adds the others.
fn toggle(store: &Store, meter: &mut Meter, draft: &mut Draft, other: Value) -> Outcome<()> {
    let one = |draft: &mut Draft, meter: &mut Meter, item: Next, hash: i64| {
        if draft.discard(store, meter, &item, hash)? {
            return Ok(());
        }
        draft.add_hashed(store, meter, item, hash)
    };
    if as_set(store, other).is_some() || matches!(store.object(other), Some((Kind::Dict, _))) {
        return each_item(store, meter, other, &mut |meter, item| {
            let hash = gather::hash(store, meter, &item)?;
            one(draft, meter, item, hash)
        });
    }
    // Anything else becomes a set first.
    for (item, hash) in draft_of(store, meter, other)?.into_keys() {
        one(draft, meter, item, hash)?;
    }
    Ok(())
}

/// `set.copy()`.
///
/// # Errors
/// As [`Context::pay`].
pub(super) fn copy(cx: &mut dyn Context, a: Value) -> Outcome {
    match cx.store().object(a) {
        Some((Kind::Set, set)) => make(cx, Kind::Set, &[], |store, meter| Draft::copy(store, meter, set)),
        _ => Ok(a),
    }
}

/// `a.issubset(b)`, or `b.issubset(a)` where `b` is an iterable and `reverse` is set.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn is_subset(cx: &mut dyn Context, a: Value, b: Value, reverse: bool) -> Outcome {
    let holds = metered(cx, &mut [], |store, meter, _| {
        let Some((kind, set)) = store.object(a) else { return Ok(false) };
        if let Some((other @ (Kind::Set | Kind::Frozenset), object)) = store.object(b) {
            let (small, large) =
                if reverse { ((other, object), (kind, set)) } else { ((kind, set), (other, object)) };
            return Ok(
                len(store, small.1) <= len(store, large.1) && view::is_subset(store, meter, small, large, 0)?
            );
        }
        if reverse {
            let mut all = true;
            walk::for_each(store, meter, b, &mut |meter, next| {
                all = all && view::contains_next(store, meter, kind, set, &next)?;
                Ok(())
            })?;
            return Ok(all);
        }
        let other = draft_of(store, meter, b)?;
        let mut all = len(store, set) <= other.len();
        Draft::each_key(store, meter, set, &mut |meter, key, hash| {
            all = all && other.contains(store, meter, &Next::Is(key), hash)?;
            Ok(())
        })?;
        Ok(all)
    })?;
    Ok(Value::bool(holds))
}

/// An operator of which an operand is a set, a frozenset, or a view of keys or items; `None` if it is not one of theirs.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn binary(cx: &mut dyn Context, op: BinOp, a: Value, b: Value) -> Option<Outcome> {
    let how = match op.plain() {
        BinOp::Or => Combine::Union,
        BinOp::And => Combine::Intersection,
        BinOp::Sub => Combine::Difference,
        BinOp::Xor => Combine::SymmetricDifference,
        _ => return None,
    };
    let store = cx.store();
    let [x, y] = [a, b].map(|value| store.object(value).map(|(kind, _)| kind));
    let is_set = |kind| matches!(kind, Some(Kind::Set | Kind::Frozenset));
    let is_view = |kind| matches!(kind, Some(Kind::DictKeys | Kind::DictItems));
    if is_set(x) && is_set(y) {
        let in_place =
            matches!(op, BinOp::Augmented(Augmented::Or | Augmented::And | Augmented::Sub | Augmented::Xor));
        return Some(if in_place && x == Some(Kind::Set) {
            combine_in_place(cx, how, a, &[b])
        } else {
            combine(cx, how, a, &[b])
        });
    }
    if is_view(x) || is_view(y) {
        return Some(combine_views(cx, how, a, b));
    }
    if is_set(x) || is_set(y) {
        return Some(Err(unsupported(store, op, a, b)));
    }
    None
}

/// The operators of views of keys and items, with anything that can be iterated over on the other side. The result is a set.
fn combine_views(cx: &mut dyn Context, how: Combine, a: Value, b: Value) -> Outcome {
    make(cx, Kind::Set, &[a, b], |store, meter| {
        if how == Combine::Intersection {
            return common(store, meter, a, b);
        }
        // Of keys, CPython takes the dict.
        let first = match store.object(a) {
            Some((Kind::DictKeys, view)) => view::dict_of(store, view).map_or(a, Object::value),
            _ => a,
        };
        let mut draft = draft_of(store, meter, first)?;
        match how {
            Combine::Union => draft.update(store, meter, b)?,
            Combine::Difference => subtract(store, meter, &mut draft, b)?,
            _ => toggle(store, meter, &mut draft, b)?,
        }
        Ok(draft)
    })
}

/// What a view and anything else have in common.
fn common(store: &Store, meter: &mut Meter, a: Value, b: Value) -> Outcome<Draft> {
    let view_of = |value| match store.object(value) {
        Some((kind @ (Kind::DictKeys | Kind::DictItems), object)) => Some((kind, object)),
        _ => None,
    };
    let (mut a, mut b) = if view_of(a).is_some() { (a, b) } else { (b, a) };
    let Some((mut kind, mut view)) = view_of(a) else { return Ok(Draft::new()) };
    if let Some((Kind::Set, set)) = store.object(b)
        && view::len(store, kind, view) <= len(store, set)
    {
        return intersection(store, meter, b, set, a);
    }
    if let Some((other, object)) = view_of(b)
        && view::len(store, other, object) > view::len(store, kind, view)
    {
        (a, b, kind, view) = (b, a, other, object);
    }
    let _ = a;
    let mut draft = Draft::new();
    each_item(store, meter, b, &mut |meter, item| {
        if view::contains_next(store, meter, kind, view, &item)? {
            draft.add(store, meter, item)?;
        }
        Ok(())
    })?;
    Ok(draft)
}
