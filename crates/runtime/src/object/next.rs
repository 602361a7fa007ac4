//! Values that are not made yet: what iteration comes to next, before anybody pays for it.

use super::value::{self, equal_keys, equal_operands};
use super::{Kind, Meter, Outcome, tuple};
use crate::heap::Heap;
use crate::num::{self, Operand, Output, int_bytes};
use crate::store::Store;
use crate::value::Value;
use bytecode::{BinOp, Cmp};

/// A value that is not made yet.
#[derive(Clone, Debug)]
pub enum Next {
    /// It is there.
    Is(Value),
    /// A number.
    Number(Output),
    /// A str of one character.
    Char(char),
    /// A tuple of two values that are there.
    Pair(Value, Value),
    /// A tuple.
    Tuple(Vec<Next>),
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
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Next::Is(_) => 0,
            Next::Number(output) => leaf_bytes(output),
            Next::Char(c) => Heap::charge_for(c.len_utf8() as u64),
            Next::Pair(a, b) => Heap::object_bytes(2) + Heap::slots_bytes(&[*a, *b]),
            Next::Tuple(parts) => {
                Heap::object_bytes(parts.len() as u64) + parts.iter().map(Next::bytes_in_slot).sum::<u64>()
            }
        }
    }

    /// What making it and putting it into a slot costs.
    pub(super) fn bytes_in_slot(&self) -> u64 {
        match self {
            Next::Is(value) => Heap::slot_bytes(*value),
            Next::Number(output) => slot_bytes(output),
            _ => self.bytes(),
        }
    }

    /// Calls what it is given for each reference in it.
    pub(super) fn references(&mut self, visit: &mut dyn FnMut(&mut Value)) {
        match self {
            Next::Is(value) => visit(value),
            Next::Number(_) | Next::Char(_) => {}
            Next::Pair(a, b) => {
                visit(a);
                visit(b);
            }
            Next::Tuple(parts) => parts.iter_mut().for_each(|part| part.references(visit)),
        }
    }

    /// Makes it, paid for. References in it must not be from before the payment.
    pub(super) fn make(self, store: &mut Store) -> Value {
        match self {
            Next::Is(value) => value,
            Next::Number(output) => store.value(output),
            Next::Char(c) => store.text(c.to_string()),
            Next::Pair(a, b) => tuple::make(store, &[a, b]),
            Next::Tuple(parts) => {
                let tuple = store.heap.allocate(Kind::Tuple, parts.len());
                for (at, part) in parts.into_iter().enumerate() {
                    let value = part.make(store);
                    store.heap.set_slot(tuple, at, value);
                }
                tuple.value()
            }
        }
    }
}

/// What a value that is not made yet is to the number routines.
pub(super) fn with_operand<T>(store: &Store, next: &Next, work: impl FnOnce(Operand<'_>) -> T) -> T {
    match next {
        Next::Is(value) => work(store.operand(*value)),
        Next::Number(output) => work(output.operand()),
        Next::Char(c) => work(Operand::Str(c.encode_utf8(&mut [0; 4]))),
        Next::Pair(..) | Next::Tuple(_) => work(Operand::Object(Kind::Tuple)),
    }
}

/// The elements of a tuple, whether it is made or not.
fn elements(store: &Store, next: &Next) -> Option<Vec<Next>> {
    match next {
        Next::Tuple(parts) => Some(parts.clone()),
        Next::Pair(a, b) => Some(vec![Next::Is(*a), Next::Is(*b)]),
        Next::Is(value) => match store.object(*value) {
            Some((Kind::Tuple, tuple)) => {
                Some(tuple::elements(store, tuple).iter().map(|&value| Next::Is(value)).collect())
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether two values are the same or equal.
///
/// # Errors
/// Those of comparing values, and of the meter.
pub(super) fn equal(store: &Store, meter: &mut Meter, a: &Next, b: &Next) -> Outcome<bool> {
    if let (Next::Is(a), Next::Is(b)) = (a, b) {
        return equal_keys(store, meter, *a, *b, 0);
    }
    meter.step(store, 1)?;
    match (elements(store, a), elements(store, b)) {
        (Some(a), Some(b)) => Ok(a.len() == b.len() && first_difference(store, meter, &a, &b)?.is_none()),
        (None, None) => {
            with_operand(store, a, |a| with_operand(store, b, |b| equal_operands(store, meter, a, b)))
        }
        _ => Ok(false),
    }
}

fn first_difference(store: &Store, meter: &mut Meter, a: &[Next], b: &[Next]) -> Outcome<Option<usize>> {
    for (at, (x, y)) in a.iter().zip(b).enumerate() {
        if !equal(store, meter, x, y)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Whether a comparison holds.
///
/// # Errors
/// What CPython raises, and those of the meter.
pub(super) fn compare(store: &Store, meter: &mut Meter, cmp: Cmp, a: &Next, b: &Next) -> Outcome<bool> {
    if let (Next::Is(a), Next::Is(b)) = (a, b) {
        return value::compare(store, meter, cmp, *a, *b);
    }
    meter.step(store, 1)?;
    if let (Some(a), Some(b)) = (elements(store, a), elements(store, b)) {
        return match first_difference(store, meter, &a, &b)? {
            Some(at) => compare(store, meter, cmp, &a[at], &b[at]),
            None => Ok(cmp.holds(a.len().cmp(&b.len()))),
        };
    }
    let op = BinOp::Compare(cmp);
    with_operand(store, a, |a| {
        with_operand(store, b, |b| {
            meter.step(store, num::binary_cost(op, a, b, &store.watch.limits)?.fuel)?;
            Ok(matches!(num::binary(op, a, b, &store.watch)?, Output::Bool(true)))
        })
    })
}

/// Whether a value counts as true.
pub(super) fn truth(store: &Store, next: &Next) -> bool {
    match next {
        Next::Is(value) => store.truth(*value),
        // None is empty: `zip()` of nothing has no values.
        Next::Pair(..) | Next::Tuple(_) => true,
        next => with_operand(store, next, num::truth),
    }
}
