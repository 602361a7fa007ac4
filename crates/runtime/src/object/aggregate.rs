//! What one value is made of: `sum`, `min`, `max`, `any`, `all`, and `in` for iterators.

use super::gather::Gathered;
use super::iter;
use super::next::{self, Next};
use super::walk::{self, Walk};
use super::{Context, Kind, Meter, Outcome, list, prepared, raised, tuple, type_error, value_error};
use crate::num::{self, Cost, ErrorKind, Operand, Output};
use crate::store::Store;
use crate::value::Value;
use bytecode::{BinOp, Cmp};

/// What `sum` says of a start of these kinds: the type in the plural, and how to join them.
const NOT_SUMMED: [(&str, &str, &str); 3] =
    [("str", "strings", "''"), ("bytes", "bytes", "b''"), ("bytearray", "bytearray", "b''")];

/// `sum(a, start)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn sum(cx: &mut dyn Context, a: Value, start: Value) -> Outcome {
    let store = cx.store();
    if !iter::is_iterable(store, a) {
        return Err(iter::not_iterable(store, a));
    }
    let name = store.type_name(start);
    if let Some((_, plural, empty)) = NOT_SUMMED.iter().find(|row| row.0 == name) {
        return Err(type_error(format!("sum() can't sum {plural} [use {empty}.join(seq) instead]")));
    }
    if let Some((kind @ (Kind::List | Kind::Tuple), _)) = store.object(start) {
        return concatenate(cx, kind, a, start);
    }
    let mut meter = Meter::new(cx);
    let summed = sum_numbers(cx.store(), &mut meter, a, start);
    let mut held = [a];
    let object_bytes = summed.as_ref().map_or(0, next::leaf_bytes);
    let cost = Cost { object_bytes, ..meter.cost() };
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let sum = summed?;
    let store = cx.store();
    walk::exhaust(store, held[0]);
    Ok(store.value(sum))
}

/// A number to which numbers are added.
enum Sum {
    Int(i64),
    Float(f64),
    /// An int that is larger, or something that is no number.
    Other(Output),
}

fn sum_numbers(store: &Store, meter: &mut Meter, a: Value, start: Value) -> Outcome<Output> {
    let mut walk = Walk::new(store, meter, a)?;
    let mut sum = match store.operand(start) {
        Operand::Int(i) => Sum::Int(i),
        Operand::Float(f) => Sum::Float(f),
        Operand::Big(i) => Sum::Other(Output::Big(i.clone())),
        Operand::Bool(b) => Sum::Other(Output::Bool(b)),
        Operand::None => Sum::Other(Output::None),
        other => {
            // There is nothing that it can be added to; it is the sum if there is nothing to add.
            return match walk.next(store, meter)? {
                Some(next) => next::with_operand(store, &next, |next| add(store, meter, other, next)),
                None => Err(raised(
                    ErrorKind::NotImplementedError,
                    "HotspotVM does not have sum() with such a start yet",
                )),
            };
        }
    };
    while let Some(next) = walk.next(store, meter)? {
        sum = match (sum, &next) {
            (Sum::Int(x), Next::Is(value)) if value.as_small_int().is_some() => {
                let y = value.as_small_int().unwrap_or(0);
                match x.checked_add(y) {
                    Some(sum) => Sum::Int(sum),
                    None => added(add(store, meter, Operand::Int(x), Operand::Int(y))?),
                }
            }
            (Sum::Float(x), Next::Is(value)) if value.as_float().is_some() => {
                Sum::Float(x + value.as_float().unwrap_or(0.0))
            }
            (sum, next) => {
                let sum = match sum {
                    Sum::Int(i) => Output::Int(i),
                    Sum::Float(f) => Output::Float(f),
                    Sum::Other(output) => output,
                };
                added(next::with_operand(store, next, |next| add(store, meter, sum.operand(), next))?)
            }
        };
    }
    Ok(match sum {
        Sum::Int(i) => Output::Int(i),
        Sum::Float(f) => Output::Float(f),
        Sum::Other(output) => output,
    })
}

fn added(sum: Output) -> Sum {
    match sum {
        Output::Int(i) => Sum::Int(i),
        Output::Float(f) => Sum::Float(f),
        other => Sum::Other(other),
    }
}

/// `a + b` of numbers, with the work counted.
fn add(store: &Store, meter: &mut Meter, a: Operand<'_>, b: Operand<'_>) -> Outcome<Output> {
    let cost = num::binary_cost(BinOp::Add, a, b, &store.watch.limits)?;
    meter.step(store, cost.fuel)?;
    match num::binary(BinOp::Add, a, b, &store.watch)? {
        // Two strs, say: it would have been refused before.
        Output::Str(_) => Err(type_error("sum() can't sum strings [use ''.join(seq) instead]")),
        sum => Ok(sum),
    }
}

/// `sum(a, start)` of lists or tuples: all of them one after the other.
fn concatenate(cx: &mut dyn Context, kind: Kind, a: Value, start: Value) -> Outcome {
    let (all, cost) = prepared(cx, |store, meter| {
        let mut all = Gathered::default();
        let values = |values: &[Value], all: &mut Gathered| {
            values.iter().for_each(|&value| _ = all.push(Next::Is(value)));
        };
        values(list::elements_of(store, start), &mut all);
        iter::for_each(store, meter, a, &mut |meter, part| {
            match part {
                Next::Tuple(parts) if kind == Kind::Tuple => {
                    parts.into_iter().for_each(|part| _ = all.push(part));
                }
                Next::Pair(x, y) if kind == Kind::Tuple => values(&[x, y], &mut all),
                Next::Is(part) if store.object(part).is_some_and(|(other, _)| other == kind) => {
                    let elements = list::elements_of(store, part);
                    meter.step(store, elements.len() as u64 / list::MADE_PER_FUEL)?;
                    values(elements, &mut all);
                }
                part => {
                    let other = next::with_operand(store, &part, |part| part.type_name());
                    let name = kind.type_name();
                    return Err(type_error(format!(
                        "can only concatenate {name} (not \"{other}\") to {name}"
                    )));
                }
            }
            Ok(())
        })?;
        let cost = match kind {
            Kind::List => list::cost(all.len(), 0),
            _ => tuple::cost(all.len(), 0),
        };
        Ok((all, cost))
    })
    .map(|((all, cost), work)| (all, Cost { fuel: cost.fuel.saturating_add(work.fuel), ..cost }))?;
    let mut values = all.pay(cx, cost, &[a])?;
    let a = values.pop().unwrap_or(Value::NONE);
    let store = cx.store();
    walk::exhaust(store, a);
    Ok(if kind == Kind::List { list::make(store, &values) } else { tuple::make(store, &values) })
}

/// `min(a)` or `max(a)`: `cmp` says how the best value stands to all others; `default` is given if there is none.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn best(cx: &mut dyn Context, cmp: Cmp, a: Value, default: Option<Value>) -> Outcome {
    let (best, work) = prepared(cx, |store, meter| {
        let mut best: Option<Next> = None;
        iter::for_each(store, meter, a, &mut |meter, next| {
            let better = match &best {
                Some(best) => next::compare(store, meter, cmp, &next, best)?,
                None => true,
            };
            if better {
                best = Some(next);
            }
            Ok(())
        })?;
        if best.is_none() && default.is_none() {
            let name = if cmp == Cmp::Lt { "min" } else { "max" };
            return Err(value_error(format!("{name}() arg is an empty sequence")));
        }
        Ok(best)
    })?;
    let mut best = best.or(default.map(Next::Is)).unwrap_or(Next::Is(Value::NONE));
    let mut held = vec![a];
    best.references(&mut |value| held.push(*value));
    let cost = Cost { object_bytes: best.bytes(), ..work };
    if cost != Cost::default() {
        cx.pay(cost, &mut held)?;
    }
    let mut moved = held.into_iter();
    let a = moved.next().unwrap_or(Value::NONE);
    best.references(&mut |value| *value = moved.next().unwrap_or(Value::NONE));
    let store = cx.store();
    walk::exhaust(store, a);
    Ok(best.make(store))
}

/// `any(a)` or `all(a)`: whether one value is as true as `wanted`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn has_such(cx: &mut dyn Context, a: Value, wanted: bool) -> Outcome<bool> {
    seek(cx, a, Value::NONE, |store, _, next, _| Ok(next::truth(store, next) == wanted))
}

/// `wanted in a`, of an iterator.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn contains(cx: &mut dyn Context, wanted: Value, a: Value) -> Outcome<bool> {
    seek(cx, a, wanted, |store, meter, next, wanted| next::equal(store, meter, next, &Next::Is(wanted)))
}

/// Looks for a value, and leaves an iterator behind it.
fn seek(
    cx: &mut dyn Context,
    a: Value,
    with: Value,
    is_such: impl Fn(&Store, &mut Meter, &Next, Value) -> Outcome<bool>,
) -> Outcome<bool> {
    let (found, work) = prepared(cx, |store, meter| {
        let mut walk = Walk::new(store, meter, a)?;
        let mut count = 0;
        while let Some(next) = walk.next(store, meter)? {
            count += 1;
            if is_such(store, meter, &next, with)? {
                return Ok(Some(count));
            }
        }
        Ok(None)
    })?;
    let mut held = [a];
    if work != Cost::default() {
        cx.pay(work, &mut held)?;
    }
    walk::advance(cx.store(), held[0], found);
    Ok(found.is_some())
}
