//! Iteration: over what a program has in its hands, and for operations that want all values of an iterable.
//!
//! An iterator over a sequence is its source, where it is going to look next, and where it looked last; it never holds the value
//! itself, which is made when it is asked for. `iter_more` moves it, and costs nothing; `iter_value` makes the value.
//!
//! Operations on all values first make a [`Plan`]: how many there are and what making them will cost. Then they pay, and
//! [`fill`] puts them where they are wanted.

use super::{Context, Fault, Kind, Meter, Outcome, list, raised, range, type_error, value_error};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind, Output, int_bytes};
use crate::store::Store;
use crate::value::Value;
use bytecode::shape::list_iterator as shape;

/// The slot with what is iterated over; `none` when the iterator is exhausted.
const SOURCE: usize = shape::SOURCE as usize;
/// The slot that says where to look next.
const AT: usize = shape::AT as usize;
/// The slot that says where the iterator looked last.
const LAST: usize = shape::LAST as usize;
/// How many slots there are.
const SLOTS: usize = shape::SLOTS as usize;

/// A place in something that is iterated over, without an object for it.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// The kind of iterator that this would be.
    kind: Kind,
    source: Value,
    at: usize,
}

/// The next value, not yet made.
#[derive(Clone, Debug)]
pub enum Next {
    /// It is there.
    Is(Value),
    /// A number.
    Number(Output),
    /// A str of one character.
    Char(char),
}

/// Bytes that are charged for a number or str as an object of its own.
pub fn leaf_bytes(output: &Output) -> u64 {
    match output {
        Output::Big(i) => Heap::charge_for(int_bytes(i.as_sign_words().1.len() as u64)),
        Output::Str(text) => Heap::charge_for(text.len() as u64),
        _ => 0,
    }
}

/// The same, and what it costs in a slot.
pub fn slot_bytes(output: &Output) -> u64 {
    match output {
        Output::Int(i) => Heap::int_slot_bytes(*i),
        output => leaf_bytes(output),
    }
}

impl Next {
    /// What making it costs.
    fn bytes(&self) -> u64 {
        match self {
            Next::Is(_) => 0,
            Next::Number(output) => leaf_bytes(output),
            Next::Char(c) => Heap::charge_for(c.len_utf8() as u64),
        }
    }

    /// What making it and putting it into a slot costs.
    pub(super) fn bytes_in_slot(&self) -> u64 {
        match self {
            Next::Is(value) => Heap::slot_bytes(*value),
            Next::Number(output) => slot_bytes(output),
            Next::Char(_) => self.bytes(),
        }
    }

    /// Makes it, paid for.
    pub(super) fn make(self, store: &mut Store) -> Value {
        match self {
            Next::Is(value) => value,
            Next::Number(output) => store.value(output),
            Next::Char(c) => store.text(c.to_string()),
        }
    }
}

/// The kind of iterator over a container.
fn iterator_kind(kind: Option<Kind>) -> Option<Kind> {
    match kind {
        Some(Kind::List) => Some(Kind::ListIterator),
        Some(Kind::Tuple) => Some(Kind::TupleIterator),
        Some(Kind::Range) => Some(Kind::RangeIterator),
        _ => None,
    }
}

/// Whether it is an iterator.
fn is_iterator(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ListIterator
            | Kind::ListReverseIterator
            | Kind::TupleIterator
            | Kind::StrIterator
            | Kind::RangeIterator
            | Kind::Reversed
    )
}

/// A cursor over a value, from its start; over an iterator, from where it is.
fn cursor(store: &Store, a: Value) -> Option<Cursor> {
    let kind = store.object(a).map(|(kind, _)| kind);
    if let Some(kind) = iterator_kind(kind) {
        return Some(Cursor { kind, source: a, at: 0 });
    }
    match store.object(a) {
        None => store.str(a).map(|_| Cursor { kind: Kind::StrIterator, source: a, at: 0 }),
        Some((kind, object)) if is_iterator(kind) => {
            Some(Cursor { kind, source: store.heap.slot(object, SOURCE), at: store.heap.count(object, AT) })
        }
        _ => None,
    }
}

/// Whether a value can be iterated over.
pub fn is_iterable(store: &Store, a: Value) -> bool {
    cursor(store, a).is_some()
}

/// What is at a cursor, and where the cursor is after it. `None` at the end.
#[inline]
fn look(store: &Store, cursor: &Cursor) -> Outcome<Option<(Next, usize)>> {
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
        _ => None,
    })
}

/// The error of a value that cannot be iterated over.
fn not_iterable(store: &Store, a: Value) -> Fault {
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
    let Some(Cursor { kind, source, at }) = cursor(store, a) else { return Err(not_iterable(store, a)) };
    start(cx, kind, source, at)
}

/// A new iterator.
fn start(cx: &mut dyn Context, kind: Kind, source: Value, at: usize) -> Outcome {
    let mut held = [source];
    cx.pay(Cost { object_bytes: Heap::object_bytes(SLOTS as u64), ..Cost::default() }, &mut held)?;
    let store = cx.store();
    let iterator = store.heap.allocate(kind, SLOTS);
    store.heap.set_slot(iterator, SOURCE, held[0]);
    store.heap.set_count(iterator, AT, at);
    store.heap.set_count(iterator, LAST, at);
    Ok(iterator.value())
}

/// Goes to the next value of an iterator: whether there is one.
///
/// # Errors
/// What CPython raises; then the iterator is where it was.
pub fn more(store: &mut Store, iterator: Object) -> Outcome<bool> {
    let slots = store.heap.slots(iterator);
    let (Some(&source), Some(at)) = (slots.first(), slots.get(AT)) else { return Ok(false) };
    let at = at.as_small_int().unwrap_or(0) as usize;
    let cursor = Cursor { kind: store.heap.kind(iterator), source, at };
    match look(store, &cursor)? {
        Some((_, next)) => {
            store.heap.set_count(iterator, AT, next);
            store.heap.set_count(iterator, LAST, at);
            Ok(true)
        }
        None => {
            end(store, iterator);
            Ok(false)
        }
    }
}

/// An iterator has come to the end, and stays there, whatever happens to its source.
fn end(store: &mut Store, iterator: Object) {
    if store.heap.kind(iterator) == Kind::ListIterator {
        // In the form that meanings know: it keeps its list.
        let at = store.heap.count(iterator, AT);
        store.heap.set_count(iterator, LAST, at);
        store.heap.set_count(iterator, AT, shape::EXHAUSTED as usize);
    } else {
        store.heap.set_slot(iterator, SOURCE, Value::NONE);
    }
}

/// `iter_more`.
///
/// # Errors
/// What CPython raises.
pub fn iter_more(cx: &mut dyn Context, it: Value) -> Outcome {
    let store = cx.store();
    match store.object(it) {
        Some((kind, iterator)) if is_iterator(kind) => more(store, iterator).map(Value::bool),
        _ => Err(not_an_iterator(store, it)),
    }
}

fn not_an_iterator(store: &Store, a: Value) -> Fault {
    type_error(format!("'{}' object is not an iterator", store.type_name(a)))
}

/// The value to which an iterator has gone, not yet made.
fn current(store: &Store, iterator: Object) -> Outcome<Option<Next>> {
    let source = store.heap.slot(iterator, SOURCE);
    let cursor = Cursor { kind: store.heap.kind(iterator), source, at: store.heap.count(iterator, LAST) };
    Ok(look(store, &cursor)?.map(|(next, _)| next))
}

/// `iter_value`.
///
/// # Errors
/// As [`Context::pay`].
pub fn iter_value(cx: &mut dyn Context, it: Value) -> Outcome {
    let store = cx.store();
    let Some((_, iterator)) = store.object(it) else { return Err(not_an_iterator(store, it)) };
    let Some(next) = current(store, iterator)? else { return Err(stop_iteration()) };
    let object_bytes = next.bytes();
    if object_bytes == 0 {
        return Ok(next.make(cx.store()));
    }
    let mut held = [it];
    cx.pay(Cost { object_bytes, ..Cost::default() }, &mut held)?;
    Ok(next.make(cx.store()))
}

fn stop_iteration() -> Fault {
    raised(ErrorKind::StopIteration, "")
}

/// `next(a)`, or `next(a, default)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn next(cx: &mut dyn Context, it: Value, default: Option<Value>) -> Outcome {
    let store = cx.store();
    let iterator = match store.object(it) {
        Some((kind, iterator)) if is_iterator(kind) => iterator,
        _ => return Err(not_an_iterator(store, it)),
    };
    if !more(store, iterator)? {
        return default.ok_or_else(stop_iteration);
    }
    match iter_value(cx, it) {
        Ok(value) => Ok(value),
        Err(fault) => {
            // It goes there again when this is executed again.
            let store = cx.store();
            if let Some(iterator) = store.heap.object(it) {
                let last = store.heap.count(iterator, LAST);
                store.heap.set_count(iterator, AT, last);
            }
            Err(fault)
        }
    }
}

/// The values of an iterable, counted before they are made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many there are; one more than was asked for, if there are more.
    pub count: usize,
    /// What making them and putting them into slots costs.
    pub bytes: u64,
    /// Whether they are the elements of a list or tuple.
    pub elements: bool,
    /// The work that counting them was.
    fuel: u64,
}

impl Plan {
    /// Pays for all that was planned, and for what it costs besides.
    ///
    /// # Errors
    /// As [`Context::pay`].
    pub fn pay(&self, cx: &mut dyn Context, cost: Cost, held: &mut [Value]) -> Outcome<()> {
        cx.pay(Cost { fuel: cost.fuel.saturating_add(self.fuel), ..cost }, held)
    }

    /// Pays for counting, and fails.
    ///
    /// # Errors
    /// Always.
    pub fn fail<T>(&self, cx: &mut dyn Context, fault: Fault) -> Outcome<T> {
        cx.pay(Cost { fuel: self.fuel, ..Cost::default() }, &mut [])?;
        Err(fault)
    }
}

/// Plans to take the values of an iterable, `most` of them at the most.
///
/// # Errors
/// `TypeError` if it is none, and what CPython raises while it goes through.
pub fn plan(cx: &mut dyn Context, iterable: Value, most: usize) -> Outcome<Plan> {
    let mut meter = Meter::new(cx);
    match plan_with(cx.store(), &mut meter, iterable, most) {
        Err(fault) => {
            meter.pay(cx, &mut [])?;
            Err(fault)
        }
        planned => planned,
    }
}

fn plan_with(store: &mut Store, meter: &mut Meter, iterable: Value, most: usize) -> Outcome<Plan> {
    let Some(mut cursor) = cursor(store, iterable) else { return Err(not_iterable(store, iterable)) };
    let whole = matches!(store.object(iterable), Some((Kind::List | Kind::Tuple, _)));
    let (mut count, mut bytes) = (0, 0);
    if matches!(cursor.kind, Kind::ListIterator | Kind::TupleIterator) {
        let elements = list::elements_of(store, cursor.source).get(cursor.at..).unwrap_or_default();
        let elements = elements.get(..most).unwrap_or(elements);
        meter.step(store, elements.len() as u64 / list::MOVED_PER_FUEL)?;
        bytes = Heap::slots_bytes(elements);
        count = elements.len();
        cursor.at += count;
        if count < most {
            return Ok(Plan { count, bytes, elements: whole, fuel: meter.cost().fuel });
        }
    }
    while let Some((next, at)) = look(store, &cursor)? {
        count += 1;
        if count > most {
            break;
        }
        meter.step(store, 1)?;
        bytes += next.bytes_in_slot();
        cursor.at = at;
    }
    Ok(Plan { count, bytes, elements: whole, fuel: meter.cost().fuel })
}

/// Goes through the values of an iterable before they are made. An iterator stays where it is.
///
/// # Errors
/// `TypeError` if it is none, what CPython raises while it goes through, and what `visit` answers.
pub fn for_each(
    store: &Store,
    meter: &mut Meter,
    iterable: Value,
    visit: &mut dyn FnMut(&mut Meter, Next) -> Outcome<()>,
) -> Outcome<()> {
    let Some(mut cursor) = cursor(store, iterable) else { return Err(not_iterable(store, iterable)) };
    while let Some((next, at)) = look(store, &cursor)? {
        meter.step(store, 1)?;
        visit(meter, next)?;
        cursor.at = at;
    }
    Ok(())
}

/// Leaves nothing to come of an iterator, whose values have been taken.
pub fn exhaust(store: &mut Store, iterable: Value) {
    if let Some((kind, iterator)) = store.object(iterable)
        && is_iterator(kind)
    {
        end(store, iterator);
    }
}

/// Puts so many values of an iterable into the slots of an object, planned and paid for. An iterator is exhausted then.
pub fn fill(store: &mut Store, iterable: Value, to: Object, at: usize, count: usize) {
    let Some(mut cursor) = cursor(store, iterable) else { return };
    if matches!(cursor.kind, Kind::ListIterator | Kind::TupleIterator) {
        list::copy(store, cursor.source, cursor.at, to, at, count);
        let values = list::elements_of(store, cursor.source);
        let bytes = Heap::slots_bytes(values.get(cursor.at..cursor.at + count).unwrap_or_default());
        store.heap.charge_slots(bytes);
    } else {
        for slot in at..at + count {
            let Ok(Some((next, after))) = look(store, &cursor) else { break };
            let value = next.make(store);
            store.heap.set_slot(to, slot, value);
            cursor.at = after;
        }
    }
    exhaust(store, iterable);
}

/// `list(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn list_of(cx: &mut dyn Context, a: Value) -> Outcome {
    let plan = plan(cx, a, usize::MAX)?;
    let mut held = [a];
    plan.pay(cx, list::cost(plan.count, plan.bytes), &mut held)?;
    let store = cx.store();
    let (list, storage) = list::allocate(store, plan.count);
    if let Some(storage) = storage {
        fill(store, held[0], storage, 0, plan.count);
    }
    Ok(list)
}

/// `tuple(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn tuple_of(cx: &mut dyn Context, a: Value) -> Outcome {
    if let Some((Kind::Tuple, _)) = cx.store().object(a) {
        return Ok(a);
    }
    let plan = plan(cx, a, usize::MAX)?;
    let mut held = [a];
    plan.pay(cx, super::tuple::cost(plan.count, plan.bytes), &mut held)?;
    let store = cx.store();
    let tuple = store.heap.allocate(Kind::Tuple, plan.count);
    fill(store, held[0], tuple, 0, plan.count);
    Ok(tuple.value())
}

/// A plan for what is unpacked: so many values, or more.
fn plan_unpack(cx: &mut dyn Context, a: Value, most: usize) -> Outcome<Plan> {
    let store = cx.store();
    if !is_iterable(store, a) {
        return Err(type_error(format!("cannot unpack non-iterable {} object", store.type_name(a))));
    }
    plan(cx, a, most)
}

/// A list or tuple of exactly so many values.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn unpack(cx: &mut dyn Context, a: Value, wanted: usize) -> Outcome {
    let plan = plan_unpack(cx, a, wanted)?;
    let count = plan.count;
    if count < wanted {
        let message = format!("not enough values to unpack (expected {wanted}, got {count})");
        return plan.fail(cx, value_error(message));
    }
    if count > wanted {
        return plan.fail(cx, value_error(format!("too many values to unpack (expected {wanted})")));
    }
    if plan.elements { Ok(a) } else { tuple_of(cx, a) }
}

/// A tuple of the first and last values, between them a list of the others.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn unpack_star(cx: &mut dyn Context, a: Value, first: usize, last: usize) -> Outcome {
    let plan = plan_unpack(cx, a, usize::MAX)?;
    let (count, wanted) = (plan.count, first + last);
    if count < wanted {
        let message = format!("not enough values to unpack (expected at least {wanted}, got {count})");
        return plan.fail(cx, value_error(message));
    }
    let middle = count - wanted;
    // All of them, and a tuple of some: that one's slots are the first's, and all together once more.
    let mut cost = list::cost(middle, 0);
    cost.object_bytes +=
        Heap::object_bytes(count as u64) + Heap::object_bytes(wanted as u64 + 1) + plan.bytes * 2;
    let mut held = [a];
    plan.pay(cx, cost, &mut held)?;
    let store = cx.store();
    let all = store.heap.allocate(Kind::Tuple, count);
    fill(store, held[0], all, 0, count);
    let (list, storage) = list::allocate(store, middle);
    if let Some(storage) = storage {
        store.heap.copy_slots(all, first, storage, 0, middle);
    }
    let result = store.heap.allocate(Kind::Tuple, wanted + 1);
    store.heap.copy_slots(all, 0, result, 0, first);
    store.heap.set_slot(result, first, list);
    store.heap.copy_slots(all, first + middle, result, first + 1, last);
    let bytes = Heap::slots_bytes(store.heap.slots(all));
    store.heap.charge_slots(bytes);
    Ok(result.value())
}
