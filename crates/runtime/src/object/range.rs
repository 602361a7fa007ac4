//! Ranges of ints of any size.

use super::args::no_integer;
use super::sequence::{bad_index, place};
use super::{
    Context, Fault, Kind, Meter, Outcome, Size, as_size, iter, next, raised, slice, value, value_error,
};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind, Operand, Output};
use crate::store::Store;
use crate::value::Value;
use dashu_int::IBig;

/// The slots.
const START: usize = 0;
const STOP: usize = 1;
const STEP: usize = 2;
const LEN: usize = 3;
const SLOTS: usize = 4;

/// An int of any size; a bool counts as one.
fn big(store: &Store, value: Value) -> IBig {
    match store.operand(value) {
        Operand::Big(i) => i.clone(),
        Operand::Int(i) => IBig::from(i),
        Operand::Bool(b) => IBig::from(i64::from(b)),
        _ => IBig::ZERO,
    }
}

/// How many ints there are from one to another.
fn count(start: &IBig, stop: &IBig, step: &IBig) -> IBig {
    let distance = if *step > IBig::ZERO { stop - start } else { start - stop };
    if distance <= IBig::ZERO {
        return IBig::ZERO;
    }
    let step = if *step > IBig::ZERO { step.clone() } else { -step };
    (distance - IBig::ONE) / step + IBig::ONE
}

/// `range(start, stop, step)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn new(cx: &mut dyn Context, parts: [Value; 3]) -> Outcome {
    let store = cx.store();
    if let Some(&bad) = parts.iter().find(|&&part| as_size(store, part).is_none()) {
        return Err(no_integer(store, bad));
    }
    let [start, stop, step] = parts.map(|part| big(store, part));
    if step == IBig::ZERO {
        return Err(value_error("range() arg 3 must not be zero"));
    }
    let len = count(&start, &stop, &step);
    make(cx, [start, stop, step, len])
}

/// A range with these slots.
fn make(cx: &mut dyn Context, parts: [IBig; SLOTS]) -> Outcome {
    let parts = parts.map(Output::int);
    cx.pay(Cost { object_bytes: bytes(&parts), ..Cost::default() }, &mut [])?;
    Ok(allocate(cx.store(), parts))
}

/// What a range with these slots costs.
fn bytes(parts: &[Output; SLOTS]) -> u64 {
    Heap::object_bytes(SLOTS as u64) + parts.iter().map(next::slot_bytes).sum::<u64>()
}

/// A range with these slots, paid for.
fn allocate(store: &mut Store, parts: [Output; SLOTS]) -> Value {
    let parts = parts.map(|part| store.value(part));
    let range = store.heap.allocate(Kind::Range, SLOTS);
    for (at, &part) in parts.iter().enumerate() {
        store.heap.set_slot(range, at, part);
    }
    range.value()
}

/// Its start, stop and step.
pub fn parts(store: &Store, range: Object) -> [Value; 3] {
    [START, STOP, STEP].map(|at| store.heap.slot(range, at))
}

/// What is shown of it: its step only if it is not 1.
pub fn shown(store: &Store, range: Object) -> &[Value] {
    let slots = store.heap.slots(range);
    let count = if slots.get(STEP).and_then(|step| step.as_small_int()) == Some(1) { STEP } else { LEN };
    slots.get(..count).unwrap_or_default()
}

/// What makes it equal to others: how many ints it has, and if that makes a difference the first one, and the step.
pub fn identity(store: &Store, range: Object) -> [Value; 3] {
    let [len, start, step] = [LEN, START, STEP].map(|at| store.heap.slot(range, at));
    match len.as_small_int() {
        Some(0) => [len, Value::NONE, Value::NONE],
        Some(1) => [len, start, Value::NONE],
        _ => [len, start, step],
    }
}

/// Whether two ranges have the same ints.
pub fn equal(store: &Store, a: Object, b: Object) -> bool {
    let (a, b) = (identity(store, a), identity(store, b));
    a.iter().zip(b).all(|(&a, b)| value::identical(store, a, b))
}

/// How many ints it has: an int of any size.
pub fn len(store: &Store, range: Object) -> Value {
    store.heap.slot(range, LEN)
}

/// The int at a place.
#[inline]
pub fn element(store: &Store, range: Object, at: usize) -> Option<Output> {
    let slots = store.heap.slots(range);
    let &[start, _, step, len] = slots else { return None };
    match len.as_small_int() {
        Some(len) if at as u64 >= len as u64 => return None,
        _ => {}
    }
    if let Some((start, step)) = Value::both_small(start, step)
        && let Some(int) = (at as i64).checked_mul(step).and_then(|distance| start.checked_add(distance))
    {
        return Some(Output::Int(int));
    }
    Some(Output::int(big(store, start) + big(store, step) * IBig::from(at)))
}

/// An int and so much more.
pub(super) fn plus(store: &Store, start: Value, more: usize) -> Output {
    match start.as_small_int().and_then(|start| start.checked_add(more as i64)) {
        Some(sum) => Output::Int(sum),
        None => Output::int(big(store, start) + IBig::from(more)),
    }
}

/// `len(range)`.
///
/// # Errors
/// `OverflowError` if that does not fit 63 bits.
pub fn checked_len(store: &Store, range: Object) -> Outcome<i64> {
    let too_large = || raised(ErrorKind::OverflowError, "Python int too large to convert to C ssize_t");
    store.as_i64(len(store, range)).ok_or_else(too_large)
}

/// Its slots as ints of any size.
fn bigs(store: &Store, range: Object) -> [IBig; SLOTS] {
    [START, STOP, STEP, LEN].map(|at| big(store, store.heap.slot(range, at)))
}

/// `range[i]`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn index(cx: &mut dyn Context, a: Value, i: Value) -> Outcome {
    let store = cx.store();
    let Some(range) = store.heap.object(a) else { return Err(Fault::Refused) };
    if let Some((Kind::Slice, slice)) = store.object(i) {
        return get_slice(cx, range, slice);
    }
    if as_size(store, i).is_none() {
        return Err(bad_index(store, Kind::Range, i));
    }
    let beyond = || raised(ErrorKind::IndexError, "range object index out of range");
    let output = match (store.as_i64(len(store, range)), as_size(store, i)) {
        (Some(len), Some(Size::Fits(i))) => {
            place(len as usize, i).and_then(|at| element(store, range, at)).ok_or_else(beyond)?
        }
        _ => {
            let ([start, _, step, len], i) = (bigs(store, range), big(store, i));
            let at = if i < IBig::ZERO { i + &len } else { i };
            if at < IBig::ZERO || at >= len {
                return Err(beyond());
            }
            Output::int(start + step * at)
        }
    };
    number(cx, output)
}

/// A number as a value.
fn number(cx: &mut dyn Context, output: Output) -> Outcome {
    let object_bytes = next::leaf_bytes(&output);
    if object_bytes > 0 {
        cx.pay(Cost { object_bytes, ..Cost::default() }, &mut [])?;
    }
    Ok(cx.store().value(output))
}

/// `range[start:stop:step]`.
fn get_slice(cx: &mut dyn Context, range: Object, slice: Object) -> Outcome {
    let store = cx.store();
    let [start, _, step, len] = bigs(store, range);
    let [from, to, by] = slice::parts(store, slice);
    let part = |part: Value| match as_size(store, part) {
        Some(_) => Ok(Some(big(store, part))),
        None if part == Value::NONE => Ok(None),
        None => Err(slice::bad_part()),
    };
    let by = part(by)?.unwrap_or(IBig::ONE);
    if by == IBig::ZERO {
        return Err(value_error("slice step cannot be zero"));
    }
    let back = by < IBig::ZERO;
    let (lowest, highest) = if back { (-IBig::ONE, &len - IBig::ONE) } else { (IBig::ZERO, len.clone()) };
    let place =
        |at: IBig| (if at < IBig::ZERO { at + &len } else { at }).clamp(lowest.clone(), highest.clone());
    let (first, last) = if back { (&highest, &lowest) } else { (&lowest, &highest) };
    let from = part(from)?.map_or_else(|| first.clone(), place);
    let to = part(to)?.map_or_else(|| last.clone(), place);
    let (start, stop) = (&start + &step * from, &start + &step * to);
    let step = step * by;
    let len = count(&start, &stop, &step);
    make(cx, [start, stop, step, len])
}

/// `reversed(range)`.
///
/// # Errors
/// As [`Context::pay`].
pub fn reversed(cx: &mut dyn Context, a: Value) -> Outcome {
    let store = cx.store();
    let Some(range) = store.heap.object(a) else { return Err(Fault::Refused) };
    let [start, _, step, len] = bigs(store, range);
    let (stop, step) = (&start - &step, -step);
    let parts = [&stop - &step * &len, stop, step, len].map(Output::int);
    let object_bytes = bytes(&parts) + Heap::object_bytes(iter::slots(Kind::RangeIterator) as u64);
    cx.pay(Cost { object_bytes, ..Cost::default() }, &mut [])?;
    let store = cx.store();
    let source = allocate(store, parts);
    Ok(iter::make(store, iter::Cursor { kind: Kind::RangeIterator, source, at: 0 }))
}

/// Where an int is in a range.
fn find_int(store: &Store, range: Object, wanted: Value) -> Option<IBig> {
    let ([start, stop, step, _], wanted) = (bigs(store, range), big(store, wanted));
    let inside = match step > IBig::ZERO {
        true => start <= wanted && wanted < stop,
        false => stop < wanted && wanted <= start,
    };
    let distance = wanted - start;
    (inside && &distance % &step == IBig::ZERO).then(|| distance / step)
}

/// Where a value is in a range, looking at one after the other unless it is an int.
fn find(store: &Store, meter: &mut Meter, range: Object, wanted: Value) -> Outcome<Option<IBig>> {
    if as_size(store, wanted).is_some() {
        return Ok(find_int(store, range, wanted));
    }
    let Operand::Float(float) = store.operand(wanted) else {
        // Nothing else equals an int; but CPython looks at all of them.
        let len = store.as_i64(len(store, range)).unwrap_or(i64::MAX);
        meter.step(store, len as u64)?;
        return Ok(None);
    };
    let mut at = 0;
    while let Some(output) = element(store, range, at) {
        meter.step(store, 1)?;
        if equals(&output, float) {
            return Ok(Some(IBig::from(at)));
        }
        at += 1;
    }
    Ok(None)
}

fn equals(int: &Output, float: f64) -> bool {
    let order = match int {
        Output::Int(i) => crate::num::compare_int_float(*i, float),
        Output::Big(i) => crate::num::compare_big_float(i, float),
        _ => None,
    };
    order == Some(std::cmp::Ordering::Equal)
}

/// `wanted in range`.
///
/// # Errors
/// Those of the meter.
pub fn contains(store: &Store, meter: &mut Meter, range: Object, wanted: Value) -> Outcome<bool> {
    Ok(find(store, meter, range, wanted)?.is_some())
}

/// `range.count(wanted)`.
///
/// # Errors
/// As [`contains`], and those of [`Context::pay`].
pub fn count_of(cx: &mut dyn Context, a: Value, wanted: Value) -> Outcome {
    super::metered(cx, &mut [a, wanted], |store, meter, held| {
        let Some(range) = store.heap.object(held[0]) else { return Err(Fault::Refused) };
        let found = contains(store, meter, range, held[1])?;
        Ok(store.int(i64::from(found)))
    })
}

/// `range.index(wanted)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn index_of(cx: &mut dyn Context, a: Value, wanted: Value) -> Outcome {
    let found = super::metered(cx, &mut [a, wanted], |store, meter, held| {
        let Some(range) = store.heap.object(held[0]) else { return Err(Fault::Refused) };
        let wanted = held[1];
        match find(store, meter, range, wanted)? {
            Some(at) => Ok(Output::int(at)),
            None if as_size(store, wanted).is_some() => {
                let text = value::repr(store, meter, wanted)?;
                Err(value_error(format!("{text} is not in range")))
            }
            None => Err(value_error("sequence.index(x): x not in sequence")),
        }
    })?;
    number(cx, found)
}
