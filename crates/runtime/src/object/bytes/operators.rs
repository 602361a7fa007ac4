//! Operators of `bytes` and `bytearray`, and `in`.

use super::super::{Context, Kind, Meter, Outcome, find, sequence, type_error, unsupported};
use super::{byte_of, check, edit, of, produce, required};
use crate::store::Store;
use crate::value::Value;
use bytecode::{Augmented, BinOp};

/// An operator of which at least one operand is `bytes` or a `bytearray`, and which no other sequence has a say in.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn binary(cx: &mut dyn Context, op: BinOp, a: Value, b: Value) -> Outcome {
    let store = cx.store();
    let kind = |store: &Store, value| match store.object(value) {
        Some((kind @ (Kind::Bytes | Kind::Bytearray), _)) => Some(kind),
        _ => None,
    };
    let kinds = (kind(store, a), kind(store, b));
    match (op, kinds) {
        (BinOp::Augmented(Augmented::Add), (Some(Kind::Bytearray), _)) => {
            return edit::extend_in_place(cx, a, b);
        }
        (BinOp::Augmented(Augmented::Mul), (Some(Kind::Bytearray), _)) => {
            return edit::repeat_in_place(cx, a, b);
        }
        _ => {}
    }
    match (op.plain(), kinds) {
        (BinOp::Add, (Some(kind), Some(_))) => produce(cx, &mut [a, b], kind, |store, meter, args| {
            let mut bytes = required(store, meter, args[0])?;
            bytes.extend(required(store, meter, args[1])?);
            Ok(bytes)
        }),
        (BinOp::Add, (Some(kind), None)) => {
            let (name, other) = (kind.type_name(), store.type_name(b));
            Err(type_error(format!("can't concat {other} to {name}")))
        }
        (BinOp::Mul, (Some(kind), _)) => repeat(cx, kind, a, b),
        (BinOp::Mul, (None, Some(kind))) => repeat(cx, kind, b, a),
        (BinOp::Mod, (Some(kind), _)) => {
            let message = format!("HotspotVM does not have '%' of {} yet", kind.type_name());
            Err(super::raised(super::ErrorKind::NotImplementedError, message))
        }
        _ => Err(unsupported(store, op, a, b)),
    }
}

fn repeat(cx: &mut dyn Context, kind: Kind, a: Value, times: Value) -> Outcome {
    produce(cx, &mut [a, times], kind, |store, meter, args| repeated(store, meter, args[0], args[1]))
}

/// The bytes of `a * times`.
pub(super) fn repeated(store: &Store, meter: &mut Meter, a: Value, times: Value) -> Outcome<Vec<u8>> {
    let bytes = required(store, meter, a)?;
    let (count, times) = sequence::size_of_repeat(store, bytes.len(), times)?;
    check(store, count as u128)?;
    meter.step(store, count as u64 / 8)?;
    Ok(bytes.repeat(times as usize * usize::from(!bytes.is_empty())))
}

/// Whether `item in container`, which is `bytes` or a `bytearray`.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub fn contains(store: &Store, meter: &mut Meter, item: Value, container: Value) -> Outcome<bool> {
    let whole = required(store, meter, container)?;
    if super::as_size(store, item).is_some() {
        let byte = byte_of(store, item)?;
        return Ok(find::first(store, meter, &whole, &[byte])?.is_some());
    }
    let piece = match of(store, meter, item)? {
        Some(piece) => piece,
        None => required(store, meter, item)?,
    };
    Ok(find::first(store, meter, &whole, &piece)?.is_some())
}
