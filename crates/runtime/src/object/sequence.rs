//! What lists and tuples have in common: operators, indices, places.

use super::args::{self, Args, Method, Takes, given};
use super::value::{self, equal_keys};
use super::{
    Context, Fault, Kind, Meter, Outcome, Size, as_size, list, metered, no_attribute, raised, range, sort,
    tuple, type_error, unsupported, value_error, walk,
};
use crate::num::ErrorKind;
use crate::store::Store;
use crate::value::Value;
use bytecode::{Augmented, BinOp, CallForm};

/// An operator of which at least one operand is an object.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn binary(cx: &mut dyn Context, op: BinOp, a: Value, b: Value) -> Outcome {
    let store = cx.store();
    let kinds = [a, b].map(|value| store.object(value).map(|(kind, _)| kind));
    if let (BinOp::Augmented(augmented), [Some(Kind::List), _]) = (op, kinds) {
        match augmented {
            Augmented::Add => return list::extend(cx, a, b),
            Augmented::Mul => return list::repeat_in_place(cx, a, b),
            _ => {}
        }
    }
    match (op.plain(), kinds) {
        (BinOp::Add, [Some(Kind::List), Some(Kind::List)]) => list::concatenate(cx, a, b),
        (BinOp::Add, [Some(Kind::Tuple), Some(Kind::Tuple)]) => tuple::concatenate(cx, a, b),
        (BinOp::Add, [Some(kind @ (Kind::List | Kind::Tuple)), _]) => {
            let (name, other) = (kind.type_name(), store.type_name(b));
            Err(type_error(format!("can only concatenate {name} (not \"{other}\") to {name}")))
        }
        (BinOp::Mul, [Some(Kind::List), _]) => list::repeat(cx, a, b),
        (BinOp::Mul, [Some(Kind::Tuple), _]) => tuple::repeat(cx, a, b),
        (BinOp::Mul, [None, _]) if store.str(a).is_some() => size_of_repeat(store, 0, b).map(|_| Value::NONE),
        (BinOp::Mul, [_, Some(Kind::List)]) => list::repeat(cx, b, a),
        (BinOp::Mul, [_, Some(Kind::Tuple)]) => tuple::repeat(cx, b, a),
        _ => Err(unsupported(store, op, a, b)),
    }
}

/// The error of an index that is neither an int nor a slice.
pub fn bad_index(store: &Store, kind: Kind, i: Value) -> Fault {
    let (sequence, name) = (kind.type_name(), store.type_name(i));
    type_error(format!("{sequence} indices must be integers or slices, not {name}"))
}

/// Where an index leads: from the end, if it is negative.
#[inline]
pub fn place(len: usize, index: i64) -> Option<usize> {
    let at = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(at).ok().filter(|&at| at < len)
}

/// How many elements a sequence of so many has after `* times`, and how many times that is.
///
/// # Errors
/// What CPython raises.
pub fn size_of_repeat(store: &Store, len: usize, times: Value) -> Outcome<(usize, u64)> {
    const MOST: u64 = i64::MAX as u64 / 8;
    let times = match as_size(store, times) {
        Some(Size::Fits(times)) => times.max(0) as u64,
        Some(Size::Beyond { .. }) => {
            return Err(raised(ErrorKind::OverflowError, "cannot fit 'int' into an index-sized integer"));
        }
        None => {
            let name = store.type_name(times);
            return Err(type_error(format!("can't multiply sequence by non-int of type '{name}'")));
        }
    };
    match (len as u64).checked_mul(times).filter(|&count| count <= MOST) {
        Some(count) => Ok((count as usize, times)),
        None => Err(raised(ErrorKind::MemoryError, "")),
    }
}

/// Calls a method of a list, tuple or range.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn call(cx: &mut dyn Context, kind: Kind, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    // What loops are full of is found without the table.
    match (kind, form.name, &*args) {
        (Kind::List, "append", &[list, value]) if form.keywords.is_empty() => {
            return list::append(cx, list, value).map(|_| Value::NONE);
        }
        (Kind::List, "pop", &[list]) => return list::pop(cx, list, None),
        _ => {}
    }
    let table = match kind {
        Kind::List => LIST,
        Kind::Tuple => TUPLE,
        _ => RANGE,
    };
    match args::find(table, form.name) {
        Some(method) => method.call(cx, kind.type_name(), form, args),
        None => {
            let this = args.first().copied().unwrap_or(Value::NONE);
            Err(no_attribute(cx.store(), this, form.name))
        }
    }
}

const INDEX: Takes = Takes::Between(1, 3);

/// The methods of lists.
static LIST: &[Method] = &[
    Method {
        name: "append",
        takes: Takes::One,
        call: |cx, a| list::append(cx, a[0], a[1]).map(|_| Value::NONE),
    },
    Method { name: "clear", takes: Takes::Nothing, call: |cx, a| none(list::clear(cx, a[0])) },
    Method { name: "copy", takes: Takes::Nothing, call: |cx, a| walk::list_of(cx, a[0]) },
    Method { name: "count", takes: Takes::One, call: |cx, a| count(cx, a) },
    Method {
        name: "extend",
        takes: Takes::One,
        call: |cx, a| list::extend(cx, a[0], a[1]).map(|_| Value::NONE),
    },
    Method { name: "index", takes: INDEX, call: |cx, a| find(cx, a) },
    Method {
        name: "insert",
        takes: Takes::Between(2, 2),
        call: |cx, a| none(list::insert(cx, a[0], a[1], a[2])),
    },
    Method { name: "pop", takes: Takes::Between(0, 1), call: |cx, a| list::pop(cx, a[0], given(a[1])) },
    Method { name: "remove", takes: Takes::One, call: |cx, a| none(list::remove(cx, a[0], a[1])) },
    Method { name: "reverse", takes: Takes::Nothing, call: |cx, a| none(list::reverse(cx, a[0])) },
    Method { name: "sort", takes: SORT, call: |cx, a| sort(cx, a) },
];

/// The methods of tuples.
static TUPLE: &[Method] = &[
    Method { name: "count", takes: Takes::One, call: |cx, a| count(cx, a) },
    Method { name: "index", takes: INDEX, call: |cx, a| find(cx, a) },
];

/// The methods of ranges.
static RANGE: &[Method] = &[
    Method { name: "count", takes: Takes::One, call: |cx, a| range::count_of(cx, a[0], a[1]) },
    Method { name: "index", takes: Takes::One, call: |cx, a| range::index_of(cx, a[0], a[1]) },
];

const SORT: Takes = Takes::Named { names: &["key", "reverse"], places: 0, least: 0 };

fn none(done: Outcome<()>) -> Outcome {
    done.map(|()| Value::NONE)
}

/// `a.sort(key=key, reverse=reverse)`.
fn sort(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    if given(args[1]).is_some_and(|key| key != Value::NONE) {
        let message = "HotspotVM does not have sort() with a key yet";
        return Err(raised(ErrorKind::NotImplementedError, message));
    }
    sort::sort(cx, args[0], given(args[2]).unwrap_or(Value::FALSE))
}

/// `a.count(wanted)`.
fn count(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    metered(cx, &mut args[..2], |store, meter, held| {
        let mut count = 0;
        for &element in list::elements_of(store, held[0]) {
            meter.step(store, 1)?;
            count += i64::from(equal_keys(store, meter, element, held[1], 0)?);
        }
        Ok(store.int(count))
    })
}

/// Where a value is from one place to another, of a list or tuple.
///
/// # Errors
/// Those of comparing values, and of the meter.
pub fn place_between(
    store: &Store,
    meter: &mut Meter,
    a: Value,
    wanted: Value,
    (start, end): (usize, usize),
) -> Outcome<Option<usize>> {
    let elements = list::elements_of(store, a);
    let part = elements.get(start..end.min(elements.len())).unwrap_or_default();
    for (at, &element) in part.iter().enumerate() {
        meter.step(store, 1)?;
        if equal_keys(store, meter, element, wanted, 0)? {
            return Ok(Some(start + at));
        }
    }
    Ok(None)
}

/// `a.index(wanted, start, end)`.
fn find(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let store = cx.store();
    let len = list::elements_of(store, args[0]).len() as i64;
    let bound = |store: &Store, value: Value, default: i64| match given(value) {
        None => Ok(default),
        Some(value) => match as_size(store, value) {
            Some(size) if size.clamped() < 0 => Ok(size.clamped().saturating_add(len).max(0)),
            Some(size) => Ok(size.clamped()),
            None => Err(type_error("slice indices must be integers or have an __index__ method")),
        },
    };
    let between = (bound(store, args[2], 0)? as usize, bound(store, args[3], i64::MAX)? as usize);
    metered(cx, &mut args[..2], |store, meter, held| {
        match place_between(store, meter, held[0], held[1], between)? {
            Some(at) => Ok(store.int(at as i64)),
            None => Err(match store.object(held[0]) {
                Some((Kind::List, _)) => {
                    let text = value::repr(store, meter, held[1])?;
                    value_error(format!("{text} is not in list"))
                }
                _ => value_error("tuple.index(x): x not in tuple"),
            }),
        }
    })
}
