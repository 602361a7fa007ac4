//! Sorting: stable, and the same comparisons in the same order as CPython's for short lists, so that values without an order (NaN,
//! sets) come out as they do there.
//!
//! Runs that are in order already are found and extended to a least length by binary insertion; then they are merged, which ones
//! first is decided by how deep they would stand in a balanced tree (J. I. Munro, S. Wild, *Nearly-optimal mergesorts*, 2018).
//! An order that contradicts itself gives some order; nothing worse.

use super::args::c_int;
use super::walk::Walk;
use super::{Context, Kind, Meter, Outcome, list, value, walk};
use crate::num::Cost;
use crate::store::Store;
use crate::value::Value;
use bytecode::Cmp;

/// Up to so many, one run is made by binary insertion.
const SHORT: usize = 64;
/// Bytes of temporary room that need not be free on the heap.
const FREE_SCRATCH: u64 = 1 << 18;
/// Ints that are sorted at once, between two looks at the clock.
const CHUNK: usize = 1 << 15;
/// Bytes of text that are compared in one step.
const BYTES_PER_STEP: usize = 8;

/// Sorts values; the largest first if it is `reverse`. Equal ones stay in order.
///
/// # Errors
/// `TypeError` if two have no order, and those of the meter.
pub(super) fn sort_values(
    store: &Store,
    meter: &mut Meter,
    values: &mut [Value],
    reverse: bool,
) -> Outcome<()> {
    meter.step(store, values.len() as u64 / 4)?;
    if reverse {
        values.reverse();
    }
    sort_up(store, meter, values)?;
    if reverse {
        values.reverse();
    }
    Ok(())
}

fn sort_up(store: &Store, meter: &mut Meter, values: &mut [Value]) -> Outcome<()> {
    if values.iter().all(|value| value.as_small_int().is_some()) {
        return sort_ints(store, meter, values);
    }
    if values.iter().all(|value| value.as_float().is_some()) {
        return merge_sort(values, &mut |&a: &Value, &b: &Value| {
            meter.step(store, 1)?;
            Ok(a.as_float() < b.as_float())
        });
    }
    let texts: Option<Vec<(&str, Value)>> =
        values.iter().map(|&value| store.str(value).map(|text| (text, value))).collect();
    if let Some(mut texts) = texts {
        merge_sort(&mut texts, &mut |a: &(&str, Value), b: &(&str, Value)| {
            let shorter = a.0.len().min(b.0.len());
            meter.step(store, 1 + (shorter / BYTES_PER_STEP) as u64)?;
            Ok(a.0 < b.0)
        })?;
        values.iter_mut().zip(texts).for_each(|(value, (_, text))| *value = text);
        return Ok(());
    }
    merge_sort(values, &mut |&a: &Value, &b: &Value| value::compare(store, meter, Cmp::Lt, a, b))
}

/// Sorts small ints: those that are equal are the same.
fn sort_ints(store: &Store, meter: &mut Meter, values: &mut [Value]) -> Outcome<()> {
    if values.is_sorted_by_key(|value| value.as_small_int()) {
        return meter.step(store, values.len() as u64 / 2);
    }
    // The bits of small ints, shifted, have the order of the ints.
    let key = |value: &Value| (value.bits() << 16) as i64;
    let depth = u64::from(values.len().max(2).ilog2());
    for chunk in values.chunks_mut(CHUNK) {
        meter.step(store, chunk.len() as u64 * depth.min(15) / 2)?;
        chunk.sort_unstable_by_key(key);
    }
    let mut room = Vec::new();
    let mut width = CHUNK;
    while width < values.len() {
        for pair in values.chunks_mut(2 * width) {
            meter.step(store, pair.len() as u64)?;
            merge(pair, width.min(pair.len()), &mut room, &mut |a, b| Ok(key(a) < key(b)))?;
        }
        width *= 2;
    }
    Ok(())
}

/// A run: where it begins, how long it is, and how deep the border to the next one is.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    len: usize,
    depth: u32,
}

/// Sorts by `less`, which may fail: then the order is any.
fn merge_sort<T: Copy>(items: &mut [T], less: &mut impl FnMut(&T, &T) -> Outcome<bool>) -> Outcome<()> {
    let least = least_run(items.len());
    let mut runs: Vec<Run> = Vec::new();
    let mut room = Vec::new();
    let mut start = 0;
    while start < items.len() {
        let rest = &mut items[start..];
        let mut len = count_run(rest, less)?;
        if len < least {
            let wanted = least.min(rest.len());
            insert(&mut rest[..wanted], len, less)?;
            len = wanted;
        }
        if let Some(last) = runs.last().copied() {
            let depth = border_depth(last.start, last.len, len, items.len());
            while let [.., before, last] = runs[..]
                && before.depth > depth
            {
                merge_last(items, &mut runs, before, last, &mut room, less)?;
            }
            if let Some(last) = runs.last_mut() {
                last.depth = depth;
            }
        }
        runs.push(Run { start, len, depth: 0 });
        start += len;
    }
    while let [.., before, last] = runs[..] {
        merge_last(items, &mut runs, before, last, &mut room, less)?;
    }
    Ok(())
}

fn merge_last<T: Copy>(
    items: &mut [T],
    runs: &mut Vec<Run>,
    before: Run,
    last: Run,
    room: &mut Vec<T>,
    less: &mut impl FnMut(&T, &T) -> Outcome<bool>,
) -> Outcome<()> {
    let len = before.len + last.len;
    merge(&mut items[before.start..before.start + len], before.len, room, less)?;
    runs.pop();
    if let Some(merged) = runs.last_mut() {
        *merged = Run { start: before.start, len, depth: last.depth };
    }
    Ok(())
}

/// The least length of a run: about half of [`SHORT`], and such that the runs make a balanced tree.
fn least_run(mut len: usize) -> usize {
    let mut odd = 0;
    while len >= SHORT {
        odd |= len & 1;
        len >>= 1;
    }
    len + odd
}

/// How deep the border between two neighbouring runs is: how many binary digits it takes to tell their middles apart.
fn border_depth(start: usize, left: usize, right: usize, len: usize) -> u32 {
    // Twice the middles, as fractions of twice the length.
    let (mut a, mut b) = (2 * start + left, 2 * start + 2 * left + right);
    let mut depth = 0;
    loop {
        depth += 1;
        if a >= len {
            a -= len;
            b -= len;
        } else if b >= len {
            return depth;
        }
        a *= 2;
        b *= 2;
    }
}

/// How long the run at the start is. One that strictly falls is turned round.
fn count_run<T>(items: &mut [T], less: &mut impl FnMut(&T, &T) -> Outcome<bool>) -> Outcome<usize> {
    let mut len = items.len().min(2);
    if len < 2 {
        return Ok(len);
    }
    let falls = less(&items[1], &items[0])?;
    while len < items.len() && less(&items[len], &items[len - 1])? == falls {
        len += 1;
    }
    if falls {
        items[..len].reverse();
    }
    Ok(len)
}

/// Sorts items of which the first ones are in order, by binary insertion.
fn insert<T: Copy>(
    items: &mut [T],
    sorted: usize,
    less: &mut impl FnMut(&T, &T) -> Outcome<bool>,
) -> Outcome<()> {
    for at in sorted.max(1)..items.len() {
        let item = items[at];
        let (mut low, mut high) = (0, at);
        while low < high {
            let middle = low + (high - low) / 2;
            if less(&item, &items[middle])? { high = middle } else { low = middle + 1 }
        }
        items.copy_within(low..at, low + 1);
        items[low] = item;
    }
    Ok(())
}

/// Merges the first so many items with the others.
fn merge<T: Copy>(
    items: &mut [T],
    middle: usize,
    room: &mut Vec<T>,
    less: &mut impl FnMut(&T, &T) -> Outcome<bool>,
) -> Outcome<()> {
    if middle == 0 || middle >= items.len() || !less(&items[middle], &items[middle - 1])? {
        return Ok(());
    }
    room.clear();
    room.extend_from_slice(&items[..middle]);
    let (mut left, mut right, mut to) = (0, middle, 0);
    while left < room.len() && right < items.len() {
        if less(&items[right], &room[left])? {
            items[to] = items[right];
            right += 1;
        } else {
            items[to] = room[left];
            left += 1;
        }
        to += 1;
    }
    let rest = &room[left..];
    items[to..to + rest.len()].copy_from_slice(rest);
    Ok(())
}

/// Room for sorting so many values must be there. It is nothing that stays, so asking for it twice is no harm.
fn reserve(cx: &mut dyn Context, bytes: u64, held: &mut [Value]) -> Outcome<()> {
    if bytes == 0 {
        return Ok(());
    }
    cx.pay(Cost { scratch_bytes: bytes, ..Cost::default() }, held)
}

/// Bytes of room for sorting a value: itself, its text, and half of that in merging.
const ROOM_FOR_EACH: u64 = 48;

/// `list.sort(reverse=reverse)`. Where it fails, the list is what it was.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn sort(cx: &mut dyn Context, a: Value, reverse: Value) -> Outcome {
    let store = cx.store();
    let reverse = c_int(store, reverse)? != 0;
    let room = list::elements_of(store, a).len() as u64 * ROOM_FOR_EACH;
    let mut held = [a];
    reserve(cx, if room <= FREE_SCRATCH { 0 } else { room }, &mut held)?;
    let [a] = held;
    let mut meter = Meter::new(cx);
    let store = cx.store();
    let mut values = list::elements_of(store, a).to_vec();
    let sorted = sort_values(store, &mut meter, &mut values, reverse);
    values.push(a);
    let cost = meter.cost();
    if cost != Cost::default() {
        cx.pay(cost, &mut values)?;
    }
    sorted?;
    let a = values.pop().unwrap_or(Value::NONE);
    let store = cx.store();
    if let Some(slots) = list::slots_of(store, a)
        && let Some(slots) = store.heap.slots_mut(slots).get_mut(..values.len())
    {
        slots.copy_from_slice(&values);
    }
    Ok(Value::NONE)
}

/// `sorted(a, reverse=reverse)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn sorted(cx: &mut dyn Context, a: Value, reverse: Value) -> Outcome {
    let plan = walk::plan(cx, a, usize::MAX)?;
    let reverse = match c_int(cx.store(), reverse) {
        Ok(reverse) => reverse != 0,
        Err(fault) => return plan.fail(cx, fault),
    };
    let mut held = [a];
    // What is made for the trial is in the heap, however little it is.
    let room = (plan.count as u64).saturating_mul(ROOM_FOR_EACH);
    let room = if room <= FREE_SCRATCH { 0 } else { room };
    reserve(cx, room.saturating_add(if plan.elements { 0 } else { plan.bytes }), &mut held)?;
    let [a] = held;
    let mut meter = Meter::new(cx);
    let store = cx.store();
    // Those that are not there yet are made for a trial, and once more when they have been paid for.
    let trial = store.heap.trial();
    let tried = collect(store, &mut meter, a).and_then(|mut values| {
        sort_values(store, &mut meter, &mut values, reverse)?;
        Ok(values)
    });
    store.heap.end_trial(trial);
    let mut values = match tried {
        Ok(values) => values,
        Err(fault) => {
            meter.pay(cx, &mut [])?;
            return Err(fault);
        }
    };
    let there = plan.elements;
    if !there {
        values.clear();
    }
    values.push(a);
    let fuel = meter.cost().fuel;
    let cost = list::cost(plan.count, plan.bytes);
    plan.pay(cx, Cost { fuel: cost.fuel.saturating_add(fuel), ..cost }, &mut values)?;
    let a = values.pop().unwrap_or(Value::NONE);
    let store = cx.store();
    if there {
        return Ok(list::make(store, &values));
    }
    let (list, storage) = list::allocate(store, plan.count);
    let Some(storage) = storage else {
        walk::advance(store, a, None);
        return Ok(list);
    };
    walk::fill(store, a, storage, 0, plan.count);
    let mut values = store.heap.slots(storage).to_vec();
    if sort_values(store, &mut Meter::unlimited(), &mut values, reverse).is_ok() {
        store.heap.slots_mut(storage).copy_from_slice(&values);
    }
    Ok(list)
}

/// All values of an iterable, made for a trial.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub(super) fn collect(store: &mut Store, meter: &mut Meter, iterable: Value) -> Outcome<Vec<Value>> {
    if let Some((Kind::List | Kind::Tuple, _)) = store.object(iterable) {
        return Ok(list::elements_of(store, iterable).to_vec());
    }
    let mut walk = Walk::new(store, meter, iterable)?;
    let mut values = Vec::new();
    while let Some(next) = walk.next(store, meter)? {
        values.push(next.make(store));
    }
    Ok(values)
}
