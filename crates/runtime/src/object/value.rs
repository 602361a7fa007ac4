//! What all values have: equality, order, hash, text.
//!
//! All of it is metered and without effects. Nested objects are walked without recursion of the host's stack beyond a bound, and
//! objects that contain themselves end as they do in CPython.

use super::{Meter, Outcome, type_error};
use crate::num;
use crate::store::Store;
use crate::value::Value;
use bytecode::BinOp;
use bytecode::Cmp;

/// Whether `a == b`.
///
/// # Errors
/// `RecursionError` where they are nested too deeply, and those of the meter.
pub fn equal(store: &Store, meter: &mut Meter, a: Value, b: Value) -> Outcome<bool> {
    compare(store, meter, Cmp::Eq, a, b)
}

/// Whether a comparison holds.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub fn compare(store: &Store, meter: &mut Meter, cmp: Cmp, a: Value, b: Value) -> Outcome<bool> {
    meter.step(store, 1)?;
    match num::binary(BinOp::Compare(cmp), store.operand(a), store.operand(b), &store.watch)? {
        num::Output::Bool(holds) => Ok(holds),
        _ => Err(type_error("a comparison gave no bool")),
    }
}

/// The hash of a value, as CPython computes it for numbers and what consists of them.
///
/// # Errors
/// `TypeError` if it has none, and those of the meter.
pub fn hash(store: &Store, meter: &mut Meter, a: Value) -> Outcome<i64> {
    meter.step(store, 1)?;
    Err(type_error(format!("unhashable type: '{}'", store.type_name(a))))
}

/// Appends what `repr(a)` gives.
///
/// # Errors
/// What CPython raises, a text that is too long, and those of the meter.
pub fn write_repr(store: &Store, meter: &mut Meter, out: &mut String, a: Value) -> Outcome<()> {
    meter.step(store, 1)?;
    Ok(num::write_repr(out, store.operand(a), &store.watch)?)
}
