//! Operations that want all values of an iterable.
//!
//! They first make a [`Plan`]: how many there are and what making them will cost. Then they pay, and [`fill`] puts them where they
//! are wanted. Those that only look at the values `Walk` over them.

use super::iter::{self, Cursor, Next};
use super::lazy::{self, Course};
use super::{Context, Fault, Kind, Meter, Outcome, list, tuple, type_error, value_error};
use crate::heap::{Heap, Object};
use crate::num::Cost;
use crate::store::Store;
use crate::value::Value;

/// A walk over the values of an iterable. Iterators stay where they are; when the work has been paid for, they are moved by
/// [`advance`].
#[derive(Debug)]
pub(super) enum Walk {
    /// Over a container, or an iterator over one.
    Direct(Cursor),
    /// Of an iterator that goes over others.
    Lazy(Course),
}

impl Walk {
    /// A walk over an iterable.
    ///
    /// # Errors
    /// `TypeError` if it is none, what CPython raises, and those of the meter.
    pub fn new(store: &Store, meter: &mut Meter, iterable: Value) -> Outcome<Walk> {
        let iterator = store.object(iterable).filter(|&(kind, _)| iter::is_iterator(kind));
        if let Some((kind, iterator)) = iterator {
            if lazy::is_lazy(kind) {
                return Ok(Walk::Lazy(Course::new(store, meter, iterator)?));
            }
            iter::check_size(store, kind, iterator)?;
        }
        match iter::cursor(store, iterable) {
            Some(cursor) => Ok(Walk::Direct(cursor)),
            None => Err(iter::not_iterable(store, iterable)),
        }
    }

    /// The next value.
    ///
    /// # Errors
    /// What CPython raises, and those of the meter.
    #[inline]
    pub fn next(&mut self, store: &Store, meter: &mut Meter) -> Outcome<Option<Next>> {
        match self {
            Walk::Direct(cursor) => {
                meter.step(store, 1)?;
                match iter::look(store, meter, cursor)? {
                    Some((next, at)) => {
                        cursor.at = at;
                        Ok(Some(next))
                    }
                    None => Ok(None),
                }
            }
            Walk::Lazy(course) => course.next(store, meter),
        }
    }
}

/// Goes through the values of an iterable before they are made. Iterators stay where they are.
///
/// # Errors
/// `TypeError` if it is none, what CPython raises while it goes through, and what `visit` answers.
pub fn for_each(
    store: &Store,
    meter: &mut Meter,
    iterable: Value,
    visit: &mut dyn FnMut(&mut Meter, Next) -> Outcome<()>,
) -> Outcome<()> {
    let mut walk = Walk::new(store, meter, iterable)?;
    while let Some(next) = walk.next(store, meter)? {
        visit(meter, next)?;
    }
    Ok(())
}

/// Leaves nothing to come of an iterator, whose values have been taken.
pub fn exhaust(store: &mut Store, iterable: Value) {
    advance(store, iterable, None);
}

/// Moves an iterator as far as a walk has gone that has been paid for: past so many values, to the end if that was all. Nothing is
/// an iterator that is none.
pub(super) fn advance(store: &mut Store, iterable: Value, values: Option<usize>) {
    let Some((kind, iterator)) = store.object(iterable) else { return };
    if !iter::is_iterator(kind) {
        return;
    }
    if values.is_none() && !lazy::is_lazy(kind) {
        return iter::end(store, iterator);
    }
    let meter = &mut Meter::unlimited();
    let mut left = values.unwrap_or(usize::MAX);
    while left > 0 && matches!(iter::more(store, meter, iterator), Ok(true)) {
        left -= 1;
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
    pub fuel: u64,
}

impl Plan {
    /// Pays for all that was planned, and for what it costs besides.
    ///
    /// # Errors
    /// As [`Context::pay`].
    pub fn pay(&self, cx: &mut dyn Context, cost: Cost, held: &mut [Value]) -> Outcome<()> {
        let cost = Cost { fuel: cost.fuel.saturating_add(self.fuel), ..cost };
        if cost == Cost::default() { Ok(()) } else { cx.pay(cost, held) }
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

/// The same with a meter that others use, too.
///
/// # Errors
/// As [`plan`], and those of the meter.
pub(super) fn plan_with(store: &Store, meter: &mut Meter, iterable: Value, most: usize) -> Outcome<Plan> {
    if let Some(cursor) = iter::cursor(store, iterable)
        && matches!(cursor.kind, Kind::ListIterator | Kind::TupleIterator)
    {
        let elements = list::elements_of(store, cursor.source).get(cursor.at..).unwrap_or_default();
        let count = elements.len().min(most.saturating_add(1));
        let elements = &elements[..count];
        meter.step(store, count as u64 / list::MOVED_PER_FUEL)?;
        let whole = matches!(store.object(iterable), Some((Kind::List | Kind::Tuple, _)));
        let bytes = Heap::slots_bytes(elements);
        return Ok(Plan { count, bytes, elements: whole, fuel: meter.cost().fuel });
    }
    let (mut count, mut bytes) = (0, 0);
    let mut walk = Walk::new(store, meter, iterable)?;
    while let Some(next) = walk.next(store, meter)? {
        count += 1;
        if count > most {
            break;
        }
        bytes += next.bytes_in_slot();
    }
    Ok(Plan { count, bytes, elements: false, fuel: meter.cost().fuel })
}

/// Puts so many values of an iterable, which is all of them, into the slots of an object, planned and paid for. An iterator is
/// exhausted then.
pub fn fill(store: &mut Store, iterable: Value, to: Object, at: usize, count: usize) {
    let meter = &mut Meter::unlimited();
    match iter::cursor(store, iterable) {
        Some(cursor) if matches!(cursor.kind, Kind::ListIterator | Kind::TupleIterator) => {
            list::copy(store, cursor.source, cursor.at, to, at, count);
            let values = list::elements_of(store, cursor.source);
            let bytes = Heap::slots_bytes(values.get(cursor.at..cursor.at + count).unwrap_or_default());
            store.heap.charge_slots(bytes);
        }
        Some(mut cursor) => {
            for slot in at..at + count {
                let Ok(Some((next, after))) = iter::look(store, meter, &cursor) else { break };
                let value = next.make(store);
                store.heap.set_slot(to, slot, value);
                cursor.at = after;
            }
        }
        None => {
            let Some(iterator) = store.heap.object(iterable) else { return };
            for slot in at..at + count {
                let Ok(true) = lazy::more(store, meter, iterator) else { break };
                let value = lazy::make(store, iterator);
                store.heap.set_slot(to, slot, value);
            }
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
    match storage {
        Some(storage) => fill(store, held[0], storage, 0, plan.count),
        None => advance(store, held[0], None),
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
    make_tuple(cx, a, plan)
}

fn make_tuple(cx: &mut dyn Context, a: Value, plan: Plan) -> Outcome {
    let mut held = [a];
    plan.pay(cx, tuple::cost(plan.count, plan.bytes), &mut held)?;
    let store = cx.store();
    let tuple = store.heap.allocate(Kind::Tuple, plan.count);
    fill(store, held[0], tuple, 0, plan.count);
    Ok(tuple.value())
}

/// A plan for what is unpacked: so many values, or more.
fn plan_unpack(cx: &mut dyn Context, a: Value, most: usize) -> Outcome<Plan> {
    let store = cx.store();
    if !iter::is_iterable(store, a) {
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
    if !plan.elements {
        return make_tuple(cx, a, plan);
    }
    let mut held = [a];
    plan.pay(cx, Cost::default(), &mut held)?;
    Ok(held[0])
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
    // All of them in a tuple, then the list and the tuple that are wanted.
    let mut cost = list::cost(middle, plan.bytes);
    cost.object_bytes += Heap::object_bytes(count as u64) + Heap::object_bytes(wanted as u64 + 1);
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
    Ok(result.value())
}
