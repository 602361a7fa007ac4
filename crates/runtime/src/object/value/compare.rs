//! Identity, equality and order.

use super::super::{Kind, Meter, Outcome, Store, bytes, dict, raised, range, set, type_error, view};
use super::{DEEPEST, elements};
use crate::heap::{Found, Object};
use crate::num::{self, ErrorKind, Operand};
use crate::value::Value;
use bytecode::{BinOp, Cmp};
use std::cmp::Ordering;

/// What comparing elements by a lookup (of sets within sets, tuples as keys) counts beside [`DEEPEST`]: this alone recurs on the
/// host's stack.
const LOOKUP_DEPTH: u32 = 10;
/// Bytes of text that are compared in one step.
const BYTES_PER_STEP: u64 = 8;

/// `a is b`: whether two values are the same. Numbers that are equal and of one type are; so are empty tuples, and strs of one
/// character below 256.
pub fn identical(store: &Store, a: Value, b: Value) -> bool {
    if a == b {
        return true;
    }
    let (Some(x), Some(y)) = (store.heap.get(a), store.heap.get(b)) else { return false };
    match (x, y) {
        (Found::Int(x), Found::Int(y)) => x == y,
        (Found::Big(x), Found::Big(y)) => x == y,
        (Found::Str(x), Found::Str(y)) => x == y && is_shared(x),
        (Found::Object(x), Found::Object(y)) => {
            let is_empty_tuple = |o| store.heap.kind(o) == Kind::Tuple && store.heap.slots(o).is_empty();
            is_empty_tuple(x) && is_empty_tuple(y)
        }
        _ => false,
    }
}

/// Whether there is only one str with this text: it is empty, or one character of Latin-1.
fn is_shared(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_none_or(|c| u32::from(c) < 256) && characters.next().is_none()
}

/// Whether `a == b`.
///
/// # Errors
/// `RecursionError` where they are nested too deeply, and those of the meter.
pub fn equal(store: &Store, meter: &mut Meter, a: Value, b: Value) -> Outcome<bool> {
    meter.step(store, 1)?;
    equal_at(store, meter, a, b, 0)
}

/// Whether two keys of a dict, or elements of a set or list, count as the same: if they are identical or equal.
///
/// # Errors
/// As [`equal`].
#[inline]
pub(in super::super) fn equal_keys(
    store: &Store,
    meter: &mut Meter,
    a: Value,
    b: Value,
    depth: u32,
) -> Outcome<bool> {
    if a == b {
        return Ok(true);
    }
    if let Some((x, y)) = Value::both_small(a, b) {
        return Ok(x == y);
    }
    if let (Some(x), Some(y)) = (store.str(a), store.str(b)) {
        return equal_texts(store, meter, x, y);
    }
    meter.step(store, 1)?;
    equal_at(store, meter, a, b, depth + LOOKUP_DEPTH)
}

fn equal_texts(store: &Store, meter: &mut Meter, a: &str, b: &str) -> Outcome<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    meter.step(store, a.len() as u64 / BYTES_PER_STEP)?;
    Ok(a == b)
}

/// Containers that are compared element by element, as far as they are equal so far.
enum Open {
    /// Two lists, tuples or slices.
    Sequences { kind: Kind, a: Object, b: Object, at: usize },
    /// Two dicts; the next entry of the first.
    Dicts { a: Object, b: Object, at: usize },
}

fn too_deep() -> super::super::Fault {
    raised(ErrorKind::RecursionError, "maximum recursion depth exceeded in comparison")
}

fn equal_at(store: &Store, meter: &mut Meter, a: Value, b: Value, depth: u32) -> Outcome<bool> {
    let mut stack: Vec<Open> = Vec::new();
    let (mut a, mut b) = (a, b);
    loop {
        if depth + stack.len() as u32 >= DEEPEST {
            return Err(too_deep());
        }
        let depth = depth + stack.len() as u32;
        match open(store, meter, a, b, depth)? {
            Compared::As(true) => {}
            Compared::As(false) => return Ok(false),
            Compared::Open(open) => stack.push(open),
        }
        // The next pair that is not the same value twice.
        (a, b) = loop {
            let Some(top) = stack.last_mut() else { return Ok(true) };
            match next_pair(store, meter, top, depth)? {
                Next::Pair(x, y) if x == y => {}
                Next::Pair(x, y) => break (x, y),
                Next::Missing => return Ok(false),
                Next::End => _ = stack.pop(),
            }
        };
    }
}

enum Next {
    Pair(Value, Value),
    /// There is nothing that the next one could be equal to.
    Missing,
    End,
}

fn next_pair(store: &Store, meter: &mut Meter, open: &mut Open, depth: u32) -> Outcome<Next> {
    meter.step(store, 1)?;
    match open {
        Open::Sequences { kind, a, b, at } => {
            let (x, y) = (elements(store, *kind, *a), elements(store, *kind, *b));
            // Pairs that are the same need no attention.
            let same =
                x[(*at).min(x.len())..].iter().zip(&y[(*at).min(y.len())..]).take_while(|(x, y)| x == y);
            let count = same.count();
            meter.step(store, count as u64 / 8)?;
            *at += count + 1;
            Ok(match (x.get(*at - 1), y.get(*at - 1)) {
                (Some(&x), Some(&y)) => Next::Pair(x, y),
                _ => Next::End,
            })
        }
        Open::Dicts { a, b, at } => {
            let Some(entry) = dict::next(store, meter, *a, *at)? else { return Ok(Next::End) };
            *at = entry + 1;
            let (key, value) = dict::entry(store, *a, entry);
            let hash = super::hash(store, meter, key)?;
            Ok(match dict::find(store, meter, *b, key, hash, depth)? {
                Some(found) => Next::Pair(value, dict::entry(store, *b, found).1),
                None => Next::Missing,
            })
        }
    }
}

enum Compared {
    As(bool),
    /// It depends on the elements.
    Open(Open),
}

/// Whether two values are equal, as far as this can be said without looking into lists and dicts.
fn open(store: &Store, meter: &mut Meter, a: Value, b: Value, depth: u32) -> Outcome<Compared> {
    let (Some((kind, x)), Some((other, y))) = (store.object(a), store.object(b)) else {
        return equal_leaves(store, meter, a, b).map(Compared::As);
    };
    Ok(match (kind, other) {
        (Kind::List, Kind::List) | (Kind::Tuple, Kind::Tuple) | (Kind::Slice, Kind::Slice) => {
            if x == y && kind != Kind::List && kind != Kind::Tuple {
                return Ok(Compared::As(true));
            }
            if elements(store, kind, x).len() != elements(store, kind, y).len() {
                return Ok(Compared::As(false));
            }
            Compared::Open(Open::Sequences { kind, a: x, b: y, at: 0 })
        }
        (Kind::Range, Kind::Range) => Compared::As(range::equal(store, x, y)),
        (Kind::Bytes | Kind::Bytearray, Kind::Bytes | Kind::Bytearray) => {
            Compared::As(bytes::order(store, meter, x, y)? == Ordering::Equal)
        }
        (Kind::Dict, Kind::Dict) => {
            if dict::len(store, x) != dict::len(store, y) {
                return Ok(Compared::As(false));
            }
            Compared::Open(Open::Dicts { a: x, b: y, at: 0 })
        }
        _ if view::is_set_like(kind) && view::is_set_like(other) => {
            let same_len = view::len(store, kind, x) == view::len(store, other, y);
            Compared::As(
                same_len && view::is_subset(store, meter, (kind, x), (other, y), depth + LOOKUP_DEPTH)?,
            )
        }
        _ => Compared::As(a == b),
    })
}

/// Whether two values are equal of which at least one is no object.
fn equal_leaves(store: &Store, meter: &mut Meter, a: Value, b: Value) -> Outcome<bool> {
    equal_operands(store, meter, store.operand(a), store.operand(b))
}

/// The same of operands.
pub(in super::super) fn equal_operands(
    store: &Store,
    meter: &mut Meter,
    a: Operand<'_>,
    b: Operand<'_>,
) -> Outcome<bool> {
    match (a, b) {
        (Operand::Str(a), Operand::Str(b)) => equal_texts(store, meter, a, b),
        (Operand::Object(_), _) | (_, Operand::Object(_)) => Ok(false),
        (x, y) => compare_leaves(store, meter, Cmp::Eq, x, y),
    }
}

fn compare_leaves(
    store: &Store,
    meter: &mut Meter,
    cmp: Cmp,
    a: Operand<'_>,
    b: Operand<'_>,
) -> Outcome<bool> {
    let op = BinOp::Compare(cmp);
    meter.step(store, num::binary_cost(op, a, b, &store.watch.limits)?.fuel)?;
    Ok(matches!(num::binary(op, a, b, &store.watch)?, num::Output::Bool(true)))
}

/// Whether a comparison holds.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub fn compare(store: &Store, meter: &mut Meter, cmp: Cmp, a: Value, b: Value) -> Outcome<bool> {
    match cmp {
        Cmp::Eq => equal(store, meter, a, b),
        Cmp::Ne => Ok(!equal(store, meter, a, b)?),
        Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge => {
            meter.step(store, 1)?;
            order(store, meter, cmp, a, b)
        }
    }
}

fn order(store: &Store, meter: &mut Meter, cmp: Cmp, a: Value, b: Value) -> Outcome<bool> {
    let (mut a, mut b) = (a, b);
    for depth in 0..DEEPEST {
        let (Some((kind, x)), Some((other, y))) = (store.object(a), store.object(b)) else {
            return compare_leaves(store, meter, cmp, store.operand(a), store.operand(b));
        };
        match (kind, other) {
            (Kind::List, Kind::List) | (Kind::Tuple, Kind::Tuple) | (Kind::Slice, Kind::Slice) => {
                let (x, y) = (elements(store, kind, x), elements(store, kind, y));
                match first_difference(store, meter, x, y, depth + 1)? {
                    Some(at) => (a, b) = (x[at], y[at]),
                    None => return Ok(cmp.holds(x.len().cmp(&y.len()))),
                }
            }
            (Kind::Bytes | Kind::Bytearray, Kind::Bytes | Kind::Bytearray) => {
                return Ok(cmp.holds(bytes::order(store, meter, x, y)?));
            }
            _ if view::is_set_like(kind) && view::is_set_like(other) => {
                return order_sets(store, meter, cmp, (kind, x), (other, y), depth);
            }
            _ => return compare_leaves(store, meter, cmp, store.operand(a), store.operand(b)),
        }
    }
    Err(too_deep())
}

/// Where two sequences differ first, up to the end of the shorter one.
fn first_difference(
    store: &Store,
    meter: &mut Meter,
    a: &[Value],
    b: &[Value],
    depth: u32,
) -> Outcome<Option<usize>> {
    for (at, (&x, &y)) in a.iter().zip(b).enumerate() {
        meter.step(store, 1)?;
        if x != y && !equal_at(store, meter, x, y, depth)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Sets are ordered by inclusion.
fn order_sets(
    store: &Store,
    meter: &mut Meter,
    cmp: Cmp,
    a: (Kind, Object),
    b: (Kind, Object),
    depth: u32,
) -> Outcome<bool> {
    let (small, large) = if matches!(cmp, Cmp::Lt | Cmp::Le) { (a, b) } else { (b, a) };
    let (least, most) = (view::len(store, small.0, small.1), view::len(store, large.0, large.1));
    let fits = if matches!(cmp, Cmp::Lt | Cmp::Gt) { least < most } else { least <= most };
    Ok(fits && view::is_subset(store, meter, small, large, depth + LOOKUP_DEPTH)?)
}

/// Whether `item in container`, which is a container of the region.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub fn contains(store: &Store, meter: &mut Meter, item: Value, container: Value) -> Outcome<bool> {
    let Some((kind, object)) = store.object(container) else {
        if store.str(container).is_some() {
            let name = store.type_name(item);
            return Err(type_error(format!("'in <string>' requires string as left operand, not {name}")));
        }
        let name = store.type_name(container);
        return Err(type_error(format!("argument of type '{name}' is not iterable")));
    };
    match kind {
        Kind::List | Kind::Tuple => {
            let mut found = false;
            for &element in elements(store, kind, object) {
                meter.step(store, 1)?;
                if element == item || equal_at(store, meter, element, item, 0)? {
                    found = true;
                    break;
                }
            }
            Ok(found)
        }
        Kind::Range => range::contains(store, meter, object, item),
        Kind::Bytes | Kind::Bytearray => bytes::contains(store, meter, item, container),
        Kind::Dict => dict::contains(store, meter, object, item),
        Kind::Set | Kind::Frozenset => set::contains(store, meter, object, item),
        _ if view::is_view(kind) => view::contains(store, meter, kind, object, item),
        _ => {
            let name = store.type_name(container);
            Err(type_error(format!("argument of type '{name}' is not iterable")))
        }
    }
}
