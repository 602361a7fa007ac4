//! Iteration: iterators that a program has in its hands.
//!
//! An iterator over a container is its source, where it is going to look next, and where it looked last; it never holds the value
//! itself, which is made when it is asked for. `iter_more` moves it; `iter_value` makes the value. Those that have other
//! iterators inside (`enumerate`, `zip`) are in [`super::lazy`].
//!
//! A move can be taken back (`undo`) until the next one: that is how an operation that is refused has had no effect.

use super::{
    Context, Fault, Kind, Meter, Outcome, bytes, dict, lazy, list, raised, range, set, tuple, type_error,
    view,
};
use crate::heap::{Heap, Object};
use crate::num::Output;
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;
use bytecode::shape::list_iterator as shape;

pub use super::next::Next;
pub use super::walk::{exhaust, for_each};

/// The slot with what is iterated over; `none` when the iterator is exhausted.
pub(super) const SOURCE: usize = shape::SOURCE as usize;
/// The slot that says where to look next.
pub(super) const AT: usize = shape::AT as usize;
/// The slot that says where the iterator looked last.
pub(super) const LAST: usize = shape::LAST as usize;
/// How many slots there are.
const SLOTS: usize = shape::SLOTS as usize;
/// How many elements the source had: in iterators over dicts and sets.
const LEN: usize = 3;
/// How many of them are still to come: in iterators over dicts and sets.
const LEFT: usize = 4;
/// How many slots those have.
const TABLE_SLOTS: usize = 5;
/// Beyond the last entry of any dict.
const BEYOND: usize = 1 << 40;

/// A place in something that is iterated over. For a container itself, there is no object for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    /// The kind of iterator that this is or would be.
    pub kind: Kind,
    /// What is iterated over.
    pub source: Value,
    /// Where to look.
    pub at: usize,
}

/// The kind of iterator over a container.
fn iterator_kind(kind: Kind) -> Option<Kind> {
    Some(match kind {
        Kind::List => Kind::ListIterator,
        Kind::Tuple => Kind::TupleIterator,
        Kind::Range => Kind::RangeIterator,
        Kind::Dict | Kind::DictKeys => Kind::DictKeyIterator,
        Kind::DictValues => Kind::DictValueIterator,
        Kind::DictItems => Kind::DictItemIterator,
        Kind::Set | Kind::Frozenset => Kind::SetIterator,
        Kind::Bytes | Kind::Bytearray => Kind::BytesIterator,
        _ => return None,
    })
}

/// Whether it is an iterator that goes over a container.
fn is_direct(kind: Kind) -> bool {
    is_table(kind)
        || matches!(
            kind,
            Kind::ListIterator
                | Kind::ListReverseIterator
                | Kind::TupleIterator
                | Kind::StrIterator
                | Kind::BytesIterator
                | Kind::RangeIterator
                | Kind::Reversed
        )
}

/// Whether it is an iterator over a dict or a set.
fn is_table(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::DictKeyIterator
            | Kind::DictValueIterator
            | Kind::DictItemIterator
            | Kind::DictReverseIterator
            | Kind::SetIterator
    )
}

/// Whether it is an iterator.
pub fn is_iterator(kind: Kind) -> bool {
    is_direct(kind) || lazy::is_lazy(kind)
}

/// A cursor over a container from its start, or over an iterator from where it is. `None` for what goes over other iterators, and
/// for what cannot be iterated over.
pub(super) fn cursor(store: &Store, a: Value) -> Option<Cursor> {
    let Some((kind, object)) = store.object(a) else {
        return store.str(a).map(|_| Cursor { kind: Kind::StrIterator, source: a, at: 0 });
    };
    match iterator_kind(kind) {
        Some(kind) => Some(Cursor { kind, source: a, at: 0 }),
        None if is_direct(kind) => Some(cursor_of(store, kind, object, AT)),
        None => None,
    }
}

/// A cursor that stands where a slot of an iterator says.
#[inline]
pub(super) fn cursor_of(store: &Store, kind: Kind, iterator: Object, slot: usize) -> Cursor {
    let slots = store.heap.slots(iterator);
    let at = slots.get(slot).and_then(|at| at.as_small_int()).unwrap_or(0) as usize;
    Cursor { kind, source: slots.first().copied().unwrap_or(Value::NONE), at }
}

/// Whether a value can be iterated over.
pub fn is_iterable(store: &Store, a: Value) -> bool {
    cursor(store, a).is_some() || store.object(a).is_some_and(|(kind, _)| lazy::is_lazy(kind))
}

/// Whether a value is an iterator.
pub fn is_among(store: &Store, a: Value) -> bool {
    store.object(a).is_some_and(|(kind, _)| is_iterator(kind))
}

/// What is at a cursor, and where the cursor is after it. `None` at the end.
///
/// # Errors
/// Those of the meter.
#[inline]
pub(super) fn look(store: &Store, meter: &mut Meter, cursor: &Cursor) -> Outcome<Option<(Next, usize)>> {
    let Cursor { kind, source, at } = *cursor;
    let forward = |elements: &[Value]| elements.get(at).map(|&value| (Next::Is(value), at + 1));
    // Backwards, the place is behind the element.
    let back = |elements: &[Value]| {
        at.checked_sub(1).and_then(|at| elements.get(at).map(|&value| (Next::Is(value), at)))
    };
    Ok(match kind {
        Kind::ListIterator | Kind::TupleIterator => forward(list::elements_of(store, source)),
        Kind::ListReverseIterator => back(list::elements_of(store, source)),
        Kind::RangeIterator => match store.object(source) {
            Some((Kind::Range, range)) => range::element(store, range, at).map(|n| (Next::Number(n), at + 1)),
            _ => None,
        },
        Kind::BytesIterator => {
            let byte = store.heap.object(source).and_then(|object| bytes::byte(store, object, at));
            byte.map(|byte| (Next::Number(Output::Int(i64::from(byte))), at + 1))
        }
        Kind::StrIterator => {
            let rest = store.str(source).and_then(|text| text.get(at..));
            rest.and_then(|rest| rest.chars().next()).map(|c| (Next::Char(c), at + c.len_utf8()))
        }
        Kind::Reversed => match store.str(source) {
            Some(text) => {
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                before.map(|c| (Next::Char(c), at - c.len_utf8()))
            }
            None => back(list::elements_of(store, source)),
        },
        _ => look_at_table(store, meter, cursor)?,
    })
}

/// What is at a cursor over a dict, a view, or a set.
fn look_at_table(store: &Store, meter: &mut Meter, cursor: &Cursor) -> Outcome<Option<(Next, usize)>> {
    let Some((of, object)) = store.object(cursor.source) else { return Ok(None) };
    if cursor.kind == Kind::SetIterator {
        return Ok(set::next(store, meter, object, cursor.at)?.map(|(at, key)| (Next::Is(key), at + 1)));
    }
    let dict = if of == Kind::Dict { Some(object) } else { view::dict_of(store, object) };
    let Some(dict) = dict else { return Ok(None) };
    let (found, after) = if cursor.kind == Kind::DictReverseIterator {
        let found = dict::next_back(store, meter, dict, cursor.at)?;
        (found, found.unwrap_or(0))
    } else {
        let found = dict::next(store, meter, dict, cursor.at)?;
        (found, found.unwrap_or(0) + 1)
    };
    let Some(number) = found else { return Ok(None) };
    let (key, value) = dict::entry(store, dict, number);
    let next = match of {
        Kind::DictValues => Next::Is(value),
        Kind::DictItems => Next::Pair(key, value),
        _ => Next::Is(key),
    };
    Ok(Some((next, after)))
}

/// The error of a value that cannot be iterated over.
pub fn not_iterable(store: &Store, a: Value) -> Fault {
    type_error(format!("'{}' object is not iterable", store.type_name(a)))
}

/// `iter(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn iter(cx: &mut dyn Context, a: Value) -> Outcome {
    let store = cx.store();
    if store.object(a).is_some_and(|(kind, _)| is_iterator(kind)) {
        return Ok(a);
    }
    let Some(cursor) = cursor(store, a) else { return Err(not_iterable(store, a)) };
    start(cx, cursor)
}

/// How many slots an iterator of a kind has.
pub(super) fn slots(kind: Kind) -> usize {
    if is_table(kind) { TABLE_SLOTS } else { SLOTS }
}

/// A new iterator.
fn start(cx: &mut dyn Context, cursor: Cursor) -> Outcome {
    let mut held = [cursor.source];
    let object_bytes = Heap::object_bytes(slots(cursor.kind) as u64);
    cx.pay(Cost { object_bytes, ..Cost::default() }, &mut held)?;
    Ok(make(cx.store(), Cursor { source: held[0], ..cursor }))
}

/// A new iterator, paid for.
pub(super) fn make(store: &mut Store, cursor: Cursor) -> Value {
    let iterator = store.heap.allocate(cursor.kind, slots(cursor.kind));
    store.heap.set_slot(iterator, SOURCE, cursor.source);
    store.heap.set_count(iterator, AT, cursor.at);
    store.heap.set_count(iterator, LAST, cursor.at);
    if is_table(cursor.kind) {
        let len = source_len(store, cursor.source);
        store.heap.set_count(iterator, LEN, len);
        store.heap.set_count(iterator, LEFT, len);
    }
    iterator.value()
}

/// How many elements a dict, view or set has.
fn source_len(store: &Store, source: Value) -> usize {
    store.object(source).map_or(0, |(kind, object)| view::len(store, kind, object))
}

/// Checks that what a dict or set has is as many as when an iterator over it was made.
///
/// # Errors
/// `RuntimeError`
pub(super) fn check_size(store: &Store, kind: Kind, iterator: Object) -> Outcome<()> {
    let source = store.heap.slot(iterator, SOURCE);
    if !is_table(kind)
        || source == Value::NONE
        || source_len(store, source) == store.heap.count(iterator, LEN)
    {
        return Ok(());
    }
    let what = if kind == Kind::SetIterator { "Set" } else { "dictionary" };
    Err(raised(ErrorKind::RuntimeError, format!("{what} changed size during iteration")))
}

/// Goes to the next value of an iterator: whether there is one.
///
/// # Errors
/// What CPython raises, and those of the meter; then it is where it was.
pub(super) fn more(store: &mut Store, meter: &mut Meter, iterator: Object) -> Outcome<bool> {
    let kind = store.heap.kind(iterator);
    if lazy::is_lazy(kind) {
        return lazy::more(store, meter, iterator);
    }
    let cursor = cursor_of(store, kind, iterator, AT);
    store.heap.set_count(iterator, LAST, cursor.at);
    let table = is_table(kind) && cursor.source != Value::NONE;
    check_size(store, kind, iterator)?;
    let Some((_, next)) = look(store, meter, &cursor)? else {
        end(store, iterator);
        return Ok(false);
    };
    if table {
        let left = store.heap.count(iterator, LEFT);
        if left == 0 && kind != Kind::SetIterator {
            return Err(raised(ErrorKind::RuntimeError, "dictionary keys changed during iteration"));
        }
        store.heap.set_count(iterator, LEFT, left.saturating_sub(1));
    }
    store.heap.set_count(iterator, AT, next);
    Ok(true)
}

/// An iterator has come to the end, and stays there, whatever happens to its source.
pub(super) fn end(store: &mut Store, iterator: Object) {
    if store.heap.kind(iterator) == Kind::ListIterator {
        // In the form that meanings know: it keeps its list.
        let at = store.heap.count(iterator, AT);
        store.heap.set_count(iterator, LAST, at);
        store.heap.set_count(iterator, AT, shape::EXHAUSTED as usize);
    } else {
        store.heap.set_slot(iterator, SOURCE, Value::NONE);
    }
}

/// Takes back the last move of an iterator.
pub(super) fn undo(store: &mut Store, iterator: Object) {
    let kind = store.heap.kind(iterator);
    if lazy::is_lazy(kind) {
        return lazy::undo(store, iterator);
    }
    undo_to(store, iterator, store.heap.count(iterator, LAST));
}

/// Takes back a move of an iterator over a container that began at a place.
pub(super) fn undo_to(store: &mut Store, iterator: Object, last: usize) {
    let moved = store.heap.count(iterator, AT) != last;
    if moved && is_table(store.heap.kind(iterator)) {
        let left = store.heap.count(iterator, LEFT);
        store.heap.set_count(iterator, LEFT, left + 1);
    }
    store.heap.set_count(iterator, AT, last);
}

/// Moves an iterator and pays for it.
fn go(cx: &mut dyn Context, it: &mut Value) -> Outcome<bool> {
    let mut meter = Meter::new(cx);
    let store = cx.store();
    let Some(iterator) = store.heap.object(*it) else { return Err(Fault::Refused) };
    let found = more(store, &mut meter, iterator);
    let cost = meter.cost();
    if cost != Cost::default() {
        let mut held = [*it];
        let paid = cx.pay(cost, &mut held);
        *it = held[0];
        if let Err(fault) = paid {
            let store = cx.store();
            if let Some(iterator) = store.heap.object(*it) {
                undo(store, iterator);
            }
            return Err(fault);
        }
    }
    found
}

/// `iter_more`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn iter_more(cx: &mut dyn Context, it: Value) -> Outcome {
    let store = cx.store();
    match store.object(it) {
        Some((Kind::TupleIterator, iterator)) => {
            let cursor = cursor_of(store, Kind::TupleIterator, iterator, AT);
            let found = cursor.at < list::elements_of(store, cursor.source).len();
            store.heap.set_count(iterator, LAST, cursor.at);
            if found {
                store.heap.set_count(iterator, AT, cursor.at + 1);
            } else {
                end(store, iterator);
            }
            Ok(Value::bool(found))
        }
        Some((kind, _)) if is_iterator(kind) => go(cx, &mut { it }).map(Value::bool),
        _ => Err(not_an_iterator(store, it)),
    }
}

fn not_an_iterator(store: &Store, a: Value) -> Fault {
    type_error(format!("'{}' object is not an iterator", store.type_name(a)))
}

/// The value to which an iterator over a container has gone.
///
/// # Errors
/// Those of the meter.
pub(super) fn current(store: &Store, meter: &mut Meter, iterator: Object) -> Outcome<Option<Next>> {
    let cursor = cursor_of(store, store.heap.kind(iterator), iterator, LAST);
    Ok(look(store, meter, &cursor)?.map(|(next, _)| next))
}

/// `iter_value`.
///
/// # Errors
/// As [`Context::pay`].
pub fn iter_value(cx: &mut dyn Context, it: Value) -> Outcome {
    let mut meter = Meter::new(cx);
    let store = cx.store();
    let Some((kind, iterator)) = store.object(it) else { return Err(not_an_iterator(store, it)) };
    let object_bytes = if lazy::is_lazy(kind) {
        lazy::bytes(store, &mut meter, iterator)?
    } else {
        match current(store, &mut meter, iterator)? {
            Some(Next::Is(value)) if meter.cost() == Cost::default() => return Ok(value),
            Some(next) => next.bytes(),
            None => return Err(stop_iteration()),
        }
    };
    let cost = Cost { object_bytes, ..meter.cost() };
    let mut held = [it];
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    Ok(make_current(cx.store(), held[0]))
}

/// Makes the value to which an iterator has gone, paid for.
fn make_current(store: &mut Store, it: Value) -> Value {
    match store.object(it) {
        Some((kind, iterator)) if lazy::is_lazy(kind) => lazy::make(store, iterator),
        Some((_, iterator)) => match current(store, &mut Meter::unlimited(), iterator) {
            Ok(Some(next)) => next.make(store),
            _ => Value::NONE,
        },
        None => Value::NONE,
    }
}

fn stop_iteration() -> Fault {
    raised(ErrorKind::StopIteration, "")
}

/// `next(a)`, or `next(a, default)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn next(cx: &mut dyn Context, it: Value, default: Option<Value>) -> Outcome {
    let mut meter = Meter::new(cx);
    let store = cx.store();
    let iterator = match store.object(it) {
        Some((kind, iterator)) if is_iterator(kind) => iterator,
        _ => return Err(not_an_iterator(store, it)),
    };
    let found = next_bytes(store, &mut meter, iterator);
    let object_bytes = found.as_ref().map_or(0, |found| found.unwrap_or(0));
    let cost = Cost { object_bytes, ..meter.cost() };
    let mut held = [it, default.unwrap_or(Value::NONE)];
    if cost != Cost::default()
        && let Err(fault) = cx.pay(cost, &mut held)
    {
        let store = cx.store();
        if let Some(iterator) = store.heap.object(held[0]) {
            undo(store, iterator);
        }
        return Err(fault);
    }
    match found? {
        Some(_) => Ok(make_current(cx.store(), held[0])),
        None if default.is_some() => Ok(held[1]),
        None => Err(stop_iteration()),
    }
}

/// Moves an iterator, and says what its value costs, if there is one.
fn next_bytes(store: &mut Store, meter: &mut Meter, iterator: Object) -> Outcome<Option<u64>> {
    if !more(store, meter, iterator)? {
        return Ok(None);
    }
    if lazy::is_lazy(store.heap.kind(iterator)) {
        return lazy::bytes(store, meter, iterator).map(Some);
    }
    Ok(current(store, meter, iterator)?.map(|next| next.bytes()))
}

/// `reversed(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn reversed(cx: &mut dyn Context, a: Value) -> Outcome {
    let store = cx.store();
    let (kind, at) = match (store.object(a), store.str(a)) {
        (Some((Kind::List, list)), _) => (Kind::ListReverseIterator, list::len(store, list)),
        (Some((Kind::Tuple, tuple)), _) => (Kind::Reversed, tuple::elements(store, tuple).len()),
        (Some((Kind::Range, _)), _) => return range::reversed(cx, a),
        (Some((Kind::Dict | Kind::DictKeys | Kind::DictValues | Kind::DictItems, _)), _) => {
            (Kind::DictReverseIterator, BEYOND)
        }
        (None, Some(text)) => (Kind::Reversed, text.len()),
        _ => return Err(type_error(format!("'{}' object is not reversible", store.type_name(a)))),
    };
    start(cx, Cursor { kind, source: a, at })
}
