//! `enumerate` and `zip`: iterators that go over other iterators.
//!
//! Their tuples are made when they are asked for, from what the iterators inside have then. Of an iterator over a container that is
//! where it looked, which `zip` remembers for itself, since the same one may be in it twice (`zip(it, it)`).

use super::args::no_integer;
use super::iter::{self, AT, Cursor, LAST, Next, SOURCE, cursor_of, is_iterator};
use super::{Context, Fault, Kind, Meter, Outcome, as_size, list, raised, range, tuple, value_error};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;
use std::collections::BTreeMap;

/// Of `enumerate`: the number of the first value.
const START: usize = 3;
/// Of `enumerate`: how many iterators are within each other.
const DEPTH: usize = 4;
const ENUMERATE_SLOTS: usize = 5;

/// Of `zip`: whether all must be equally long.
const STRICT: usize = 0;
/// Of `zip`: how many iterators the last move has moved.
const MOVED: usize = 1;
/// Of `zip`: how many iterators are within each other.
const ZIP_DEPTH: usize = 2;
/// Of `zip`: the first iterator, and where it looked last; those of the others follow.
const FIRST: usize = 3;

/// How many iterators may be within each other.
const DEEPEST: usize = 100;

/// Whether a kind goes over other iterators.
#[inline]
pub fn is_lazy(kind: Kind) -> bool {
    matches!(kind, Kind::Enumerate | Kind::Zip)
}

/// How many iterators an object is within each other, itself included.
fn depth(store: &Store, a: Value) -> usize {
    match store.object(a) {
        Some((Kind::Enumerate, object)) => store.heap.count(object, DEPTH),
        Some((Kind::Zip, object)) => store.heap.count(object, ZIP_DEPTH),
        _ => 0,
    }
}

fn deeper(depth: usize) -> Outcome<usize> {
    if depth < DEEPEST {
        return Ok(depth + 1);
    }
    Err(raised(ErrorKind::RecursionError, "maximum recursion depth exceeded"))
}

/// What an iterator over a value costs that has to be made; nothing for one that is an iterator.
fn iterator_bytes(store: &Store, a: Value) -> Outcome<u64> {
    match (store.object(a), iter::cursor(store, a)) {
        (Some((kind, _)), _) if is_iterator(kind) => Ok(0),
        (_, Some(cursor)) => Ok(Heap::object_bytes(iter::slots(cursor.kind) as u64)),
        _ => Err(iter::not_iterable(store, a)),
    }
}

/// The iterator over a value, paid for.
fn iterator(store: &mut Store, a: Value) -> Value {
    match (store.object(a), iter::cursor(store, a)) {
        (Some((kind, _)), _) if is_iterator(kind) => a,
        (_, Some(cursor)) => iter::make(store, cursor),
        _ => Value::NONE,
    }
}

/// `enumerate(a, start)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn enumerate(cx: &mut dyn Context, a: Value, start: Value) -> Outcome {
    let store = cx.store();
    if as_size(store, start).is_none() {
        return Err(no_integer(store, start));
    }
    let start = match start.as_bool() {
        Some(b) => Value::small_int(i64::from(b)).unwrap_or(Value::NONE),
        None => start,
    };
    let inner = iterator_bytes(store, a)?;
    let depth = deeper(depth(store, a))?;
    let object_bytes = Heap::object_bytes(ENUMERATE_SLOTS as u64) + Heap::slot_bytes(start) + inner;
    let mut held = [a, start];
    cx.pay(Cost { object_bytes, ..Cost::default() }, &mut held)?;
    let store = cx.store();
    let inner = iterator(store, held[0]);
    let enumerate = store.heap.allocate(Kind::Enumerate, ENUMERATE_SLOTS);
    store.heap.set_slot(enumerate, SOURCE, inner);
    store.heap.set_count(enumerate, AT, 0);
    store.heap.set_count(enumerate, LAST, 0);
    store.heap.set_slot(enumerate, START, held[1]);
    store.heap.set_count(enumerate, DEPTH, depth);
    Ok(enumerate.value())
}

/// `zip(*iterables, strict=strict)`, of the iterables in a tuple.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn zip(cx: &mut dyn Context, iterables: Value, strict: Value) -> Outcome {
    let mut meter = Meter::new(cx);
    match plan_zip(cx.store(), &mut meter, iterables) {
        Err(fault) => {
            meter.pay(cx, &mut [])?;
            Err(fault)
        }
        Ok((depth, inner)) => {
            let store = cx.store();
            let strict = store.truth(strict);
            let count = list::elements_of(store, iterables).len();
            let slots = FIRST + 2 * count;
            let mut held = [iterables];
            cx.pay(
                Cost { object_bytes: Heap::object_bytes(slots as u64) + inner, ..meter.cost() },
                &mut held,
            )?;
            let store = cx.store();
            let zip = store.heap.allocate(Kind::Zip, slots);
            store.heap.set_slot(zip, STRICT, Value::bool(strict));
            store.heap.set_count(zip, MOVED, 0);
            store.heap.set_count(zip, ZIP_DEPTH, depth);
            for at in 0..count {
                let iterable = list::elements_of(store, held[0]).get(at).copied().unwrap_or(Value::NONE);
                let inner = iterator(store, iterable);
                store.heap.set_slot(zip, FIRST + 2 * at, inner);
                store.heap.set_count(zip, FIRST + 2 * at + 1, 0);
            }
            Ok(zip.value())
        }
    }
}

/// How many iterators will be within each other, and what those cost that have to be made.
fn plan_zip(store: &Store, meter: &mut Meter, iterables: Value) -> Outcome<(usize, u64)> {
    let iterables = list::elements_of(store, iterables);
    let (mut deepest, mut bytes) = (0, 0);
    // The iterators over containers that are in it already, and whether `zip` sees them directly.
    let mut inside: Vec<(u32, bool)> = Vec::new();
    for &iterable in iterables {
        meter.step(store, 1)?;
        bytes += iterator_bytes(store, iterable)?;
        deepest = deepest.max(depth(store, iterable));
        if let Some((kind, object)) = store.object(iterable)
            && is_iterator(kind)
        {
            collect_direct(store, meter, object, !is_lazy(kind), &mut inside)?;
        }
    }
    inside.sort_unstable();
    if inside.windows(2).any(|pair| pair[0].0 == pair[1].0 && !(pair[0].1 && pair[1].1)) {
        let message = "HotspotVM does not have zip() of iterators that share another one yet";
        return Err(raised(ErrorKind::NotImplementedError, message));
    }
    Ok((deeper(deepest)?, bytes))
}

/// Collects the iterators over containers that are in an iterator.
fn collect_direct(
    store: &Store,
    meter: &mut Meter,
    iterator: Object,
    direct: bool,
    inside: &mut Vec<(u32, bool)>,
) -> Outcome<()> {
    meter.step(store, 1)?;
    match store.heap.kind(iterator) {
        Kind::Enumerate | Kind::Zip => {
            for inner in inner(store, iterator) {
                collect_direct(store, meter, inner, false, inside)?;
            }
        }
        _ => inside.push((iterator.address(), direct)),
    }
    Ok(())
}

/// The iterators that one goes over.
fn inner(store: &Store, iterator: Object) -> impl Iterator<Item = Object> {
    let slots = store.heap.slots(iterator);
    let (slots, step) = match store.heap.kind(iterator) {
        Kind::Zip => (slots.get(FIRST..).unwrap_or_default(), 2),
        _ => (slots.get(..1).unwrap_or_default(), 1),
    };
    slots.iter().step_by(step).filter_map(|&value| store.heap.object(value))
}

/// How many iterators a `zip` goes over.
fn width(store: &Store, zip: Object) -> usize {
    store.heap.slots(zip).len().saturating_sub(FIRST) / 2
}

/// One of them.
fn inner_of_zip(store: &Store, zip: Object, at: usize) -> Option<Object> {
    store.heap.object(store.heap.slot(zip, FIRST + 2 * at))
}

/// Goes to the next value: whether there is one.
///
/// # Errors
/// What CPython raises, and those of the meter; then nothing has moved.
pub(super) fn more(store: &mut Store, meter: &mut Meter, iterator: Object) -> Outcome<bool> {
    if store.heap.kind(iterator) == Kind::Zip {
        return more_of_zip(store, meter, iterator);
    }
    let at = store.heap.count(iterator, AT);
    store.heap.set_count(iterator, LAST, at);
    let Some(inner) = store.heap.object(store.heap.slot(iterator, SOURCE)) else { return Ok(false) };
    let found = iter::more(store, meter, inner)?;
    store.heap.set_count(iterator, AT, at + usize::from(found));
    Ok(found)
}

fn more_of_zip(store: &mut Store, meter: &mut Meter, zip: Object) -> Outcome<bool> {
    store.heap.set_count(zip, MOVED, 0);
    for at in 0..width(store, zip) {
        let Some(inner) = inner_of_zip(store, zip, at) else { return Ok(false) };
        let last = store.heap.count(inner, AT);
        let found = meter.step(store, 1).and_then(|()| iter::more(store, meter, inner));
        match found {
            Ok(true) => {
                if !is_lazy(store.heap.kind(inner)) {
                    store.heap.set_count(zip, FIRST + 2 * at + 1, last);
                }
                store.heap.set_count(zip, MOVED, at + 1);
            }
            Ok(false) if store.heap.slot(zip, STRICT) == Value::TRUE => {
                let checked = check_strict(store, meter, zip, at);
                if checked.is_err() {
                    undo(store, zip);
                }
                return checked.map(|()| false);
            }
            Ok(false) => return Ok(false),
            Err(fault) => {
                undo(store, zip);
                return Err(fault);
            }
        }
    }
    Ok(width(store, zip) > 0)
}

/// What a strict `zip` says when an iterator has come to its end: nothing, if it is the first and the others have, too.
fn check_strict(store: &mut Store, meter: &mut Meter, zip: Object, ended: usize) -> Outcome<()> {
    if ended > 0 {
        return Err(shorter(ended));
    }
    for at in 1..width(store, zip) {
        let Some(inner) = inner_of_zip(store, zip, at) else { continue };
        if iter::more(store, meter, inner)? {
            iter::undo(store, inner);
            return Err(longer(at));
        }
    }
    Ok(())
}

/// The first so many arguments.
fn first(count: usize) -> String {
    if count == 1 { "argument 1".to_owned() } else { format!("arguments 1-{count}") }
}

fn shorter(at: usize) -> Fault {
    value_error(format!("zip() argument {} is shorter than {}", at + 1, first(at)))
}

fn longer(at: usize) -> Fault {
    value_error(format!("zip() argument {} is longer than {}", at + 1, first(at)))
}

/// Takes back the last move.
pub(super) fn undo(store: &mut Store, iterator: Object) {
    if store.heap.kind(iterator) != Kind::Zip {
        store.heap.set_count(iterator, AT, store.heap.count(iterator, LAST));
        if let Some(inner) = store.heap.object(store.heap.slot(iterator, SOURCE)) {
            iter::undo(store, inner);
        }
        return;
    }
    for at in (0..store.heap.count(iterator, MOVED)).rev() {
        let Some(inner) = inner_of_zip(store, iterator, at) else { continue };
        if is_lazy(store.heap.kind(inner)) {
            undo(store, inner);
        } else {
            iter::undo_to(store, inner, store.heap.count(iterator, FIRST + 2 * at + 1));
        }
    }
    store.heap.set_count(iterator, MOVED, 0);
}

/// What an iterator inside has.
enum Part {
    Next(Next),
    /// What it is going to make itself.
    Of(Object),
}

impl Part {
    fn bytes_in_slot(&self, store: &Store, meter: &mut Meter) -> Outcome<u64> {
        match self {
            Part::Next(next) => Ok(next.bytes_in_slot()),
            Part::Of(iterator) => bytes(store, meter, *iterator),
        }
    }

    fn make(self, store: &mut Store) -> Value {
        match self {
            Part::Next(next) => next.make(store),
            Part::Of(iterator) => make(store, iterator),
        }
    }
}

/// What one of the iterators of a `zip` has.
fn part_of_zip(store: &Store, meter: &mut Meter, zip: Object, at: usize) -> Outcome<Option<Part>> {
    let Some(inner) = inner_of_zip(store, zip, at) else { return Ok(None) };
    let kind = store.heap.kind(inner);
    if is_lazy(kind) {
        return Ok(Some(Part::Of(inner)));
    }
    let last = store.heap.count(zip, FIRST + 2 * at + 1);
    let cursor = Cursor { at: last, ..cursor_of(store, kind, inner, AT) };
    Ok(iter::look(store, meter, &cursor)?.map(|(next, _)| Part::Next(next)))
}

/// What the iterator of an `enumerate` has.
fn part_of_enumerate(store: &Store, meter: &mut Meter, enumerate: Object) -> Outcome<Option<Part>> {
    let Some(inner) = store.heap.object(store.heap.slot(enumerate, SOURCE)) else { return Ok(None) };
    if is_lazy(store.heap.kind(inner)) {
        return Ok(Some(Part::Of(inner)));
    }
    Ok(iter::current(store, meter, inner)?.map(Part::Next))
}

/// The number that `enumerate` has for its value.
fn number(store: &Store, enumerate: Object) -> Next {
    let (start, count) = (store.heap.slot(enumerate, START), store.heap.count(enumerate, LAST));
    Next::Number(range::plus(store, start, count))
}

/// What making the current value costs.
///
/// # Errors
/// Those of the meter.
pub(super) fn bytes(store: &Store, meter: &mut Meter, iterator: Object) -> Outcome<u64> {
    if store.heap.kind(iterator) == Kind::Zip {
        let width = width(store, iterator);
        let mut bytes = Heap::object_bytes(width as u64);
        for at in 0..width {
            if let Some(part) = part_of_zip(store, meter, iterator, at)? {
                bytes += part.bytes_in_slot(store, meter)?;
            }
        }
        return Ok(bytes);
    }
    let value = match part_of_enumerate(store, meter, iterator)? {
        Some(part) => part.bytes_in_slot(store, meter)?,
        None => 0,
    };
    Ok(Heap::object_bytes(2) + number(store, iterator).bytes_in_slot() + value)
}

/// Makes the current value, paid for.
pub(super) fn make(store: &mut Store, iterator: Object) -> Value {
    let meter = &mut Meter::unlimited();
    if store.heap.kind(iterator) == Kind::Zip {
        let width = width(store, iterator);
        let tuple = store.heap.allocate(Kind::Tuple, width);
        for at in 0..width {
            if let Ok(Some(part)) = part_of_zip(store, meter, iterator, at) {
                let value = part.make(store);
                store.heap.set_slot(tuple, at, value);
            }
        }
        return tuple.value();
    }
    let number = number(store, iterator).make(store);
    let value = match part_of_enumerate(store, meter, iterator) {
        Ok(Some(part)) => part.make(store),
        _ => Value::NONE,
    };
    tuple::make(store, &[number, value])
}

/// A walk over all values of an iterator, that leaves it and those inside it where they are.
#[derive(Debug)]
pub(super) struct Course {
    nodes: Vec<Node>,
    root: usize,
}

/// An iterator of a [`Course`]; others are named by their numbers.
#[derive(Debug)]
enum Node {
    Direct(Cursor),
    Enumerate { inner: usize, start: Value, count: usize },
    Zip { inner: Vec<usize>, strict: bool },
}

impl Course {
    /// A walk from where an iterator is.
    ///
    /// # Errors
    /// What CPython raises, and those of the meter.
    pub fn new(store: &Store, meter: &mut Meter, iterator: Object) -> Outcome<Course> {
        let mut course = Course { nodes: Vec::new(), root: 0 };
        let mut known = BTreeMap::new();
        course.root = course.add(store, meter, iterator, &mut known)?;
        Ok(course)
    }

    fn add(
        &mut self,
        store: &Store,
        meter: &mut Meter,
        iterator: Object,
        known: &mut BTreeMap<u32, usize>,
    ) -> Outcome<usize> {
        meter.step(store, 1)?;
        if let Some(&number) = known.get(&iterator.address()) {
            return Ok(number);
        }
        let node = match store.heap.kind(iterator) {
            Kind::Zip => {
                let parts = inner(store, iterator).collect::<Vec<_>>();
                let parts = parts.into_iter().map(|inner| self.add(store, meter, inner, known));
                let inner = parts.collect::<Outcome<Vec<usize>>>()?;
                Node::Zip { inner, strict: store.heap.slot(iterator, STRICT) == Value::TRUE }
            }
            Kind::Enumerate => {
                let Some(inner) = inner(store, iterator).next() else { return Err(Fault::Refused) };
                let inner = self.add(store, meter, inner, known)?;
                let (start, count) = (store.heap.slot(iterator, START), store.heap.count(iterator, AT));
                Node::Enumerate { inner, start, count }
            }
            kind => {
                iter::check_size(store, kind, iterator)?;
                Node::Direct(cursor_of(store, kind, iterator, AT))
            }
        };
        self.nodes.push(node);
        known.insert(iterator.address(), self.nodes.len() - 1);
        Ok(self.nodes.len() - 1)
    }

    /// The next value.
    ///
    /// # Errors
    /// What CPython raises, and those of the meter.
    pub fn next(&mut self, store: &Store, meter: &mut Meter) -> Outcome<Option<Next>> {
        self.next_of(store, meter, self.root)
    }

    fn next_of(&mut self, store: &Store, meter: &mut Meter, number: usize) -> Outcome<Option<Next>> {
        meter.step(store, 1)?;
        match self.nodes.get_mut(number) {
            Some(Node::Direct(cursor)) => match iter::look(store, meter, cursor)? {
                Some((next, at)) => {
                    cursor.at = at;
                    Ok(Some(next))
                }
                None => Ok(None),
            },
            Some(&mut Node::Enumerate { inner, start, count }) => {
                let Some(value) = self.next_of(store, meter, inner)? else { return Ok(None) };
                if let Some(Node::Enumerate { count, .. }) = self.nodes.get_mut(number) {
                    *count += 1;
                }
                Ok(Some(Next::Tuple(vec![Next::Number(range::plus(store, start, count)), value])))
            }
            Some(Node::Zip { inner, strict }) => {
                let (inner, strict) = (std::mem::take(inner), *strict);
                let row = self.row(store, meter, &inner, strict);
                if let Some(Node::Zip { inner: place, .. }) = self.nodes.get_mut(number) {
                    *place = inner;
                }
                row
            }
            None => Ok(None),
        }
    }

    fn row(
        &mut self,
        store: &Store,
        meter: &mut Meter,
        inner: &[usize],
        strict: bool,
    ) -> Outcome<Option<Next>> {
        let mut parts = Vec::with_capacity(inner.len());
        for (at, &number) in inner.iter().enumerate() {
            match self.next_of(store, meter, number)? {
                Some(part) => parts.push(part),
                None if strict && at > 0 => return Err(shorter(at)),
                None if strict => {
                    for (at, &number) in inner.iter().enumerate().skip(1) {
                        if self.next_of(store, meter, number)?.is_some() {
                            return Err(longer(at));
                        }
                    }
                    return Ok(None);
                }
                None => return Ok(None),
            }
        }
        Ok((!parts.is_empty()).then_some(Next::Tuple(parts)))
    }
}
