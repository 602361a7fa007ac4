//! What lists and tuples have in common: operators, indices, places.

use super::{Context, Fault, Kind, Outcome, Size, as_size, list, raised, tuple, type_error, unsupported};
use crate::num::ErrorKind;
use crate::store::Store;
use crate::value::Value;
use bytecode::{Augmented, BinOp};

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

/// The error of an argument that must be an int and is none.
pub fn integer_needed(store: &Store, value: Value) -> Fault {
    type_error(format!("'{}' object cannot be interpreted as an integer", store.type_name(value)))
}

/// An int of 64 bits as an argument.
///
/// # Errors
/// What CPython raises.
pub fn int_argument(store: &Store, value: Value) -> Outcome<i64> {
    match as_size(store, value) {
        Some(Size::Fits(i)) => Ok(i),
        Some(Size::Beyond { .. }) => {
            Err(raised(ErrorKind::OverflowError, "Python int too large to convert to C ssize_t"))
        }
        None => Err(integer_needed(store, value)),
    }
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
