//! Values of iterables on their way into a set or dict: with their hashes, and perhaps not made yet.

use super::next::{self, Next};
use super::value;

pub(super) use super::next::equal as same;

use super::{Context, HOLE, Meter, Outcome};
use crate::num::Cost;
use crate::store::Store;
use crate::value::Value;
use std::collections::BTreeMap;

/// Values, of which some are made only when all has been paid for.
#[derive(Default)]
pub(super) struct Gathered {
    /// Those that are there; a [`HOLE`] for the others.
    values: Vec<Value>,
    /// The others, by their number.
    unmade: BTreeMap<usize, Next>,
    /// What all of them cost in slots, and the others to make.
    bytes: u64,
}

impl Gathered {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Adds a value, and answers its number.
    pub fn push(&mut self, next: Next) -> usize {
        let number = self.values.len();
        self.bytes = self.bytes.saturating_add(next.bytes_in_slot());
        match next {
            Next::Is(value) => self.values.push(value),
            next => {
                self.values.push(HOLE);
                self.unmade.insert(number, next);
            }
        }
        number
    }

    /// A value that has been added.
    pub fn get(&self, number: usize) -> Next {
        match self.values.get(number) {
            Some(&HOLE) | None => self.unmade.get(&number).cloned().unwrap_or(Next::Is(Value::NONE)),
            Some(&value) => Next::Is(value),
        }
    }

    /// Replaces a value.
    pub fn set(&mut self, number: usize, next: Next) {
        self.bytes = self.bytes.saturating_add(next.bytes_in_slot());
        let value = match next {
            Next::Is(value) => {
                self.unmade.remove(&number);
                value
            }
            next => {
                self.unmade.insert(number, next);
                HOLE
            }
        };
        if let Some(place) = self.values.get_mut(number) {
            *place = value;
        }
    }

    /// Pays, makes those that are not there yet, and answers all of them, and after them what was held besides.
    ///
    /// # Errors
    /// As [`Context::pay`].
    pub fn pay(mut self, cx: &mut dyn Context, mut cost: Cost, held: &[Value]) -> Outcome<Vec<Value>> {
        cost.object_bytes = cost.object_bytes.saturating_add(self.bytes);
        self.values.extend_from_slice(held);
        let count = self.values.len();
        let (values, unmade) = (&mut self.values, &mut self.unmade);
        unmade.values_mut().for_each(|next| next.references(&mut |value| values.push(*value)));
        cx.pay(cost, values)?;
        let mut moved = values.split_off(count).into_iter();
        unmade.values_mut().for_each(|next| {
            next.references(&mut |value| *value = moved.next().unwrap_or(Value::NONE));
        });
        let store = cx.store();
        for (number, next) in self.unmade {
            if let Some(place) = self.values.get_mut(number) {
                *place = next.make(store);
            }
        }
        Ok(self.values)
    }
}

/// The hash of a value that may not be made yet.
///
/// # Errors
/// `TypeError` if it has none, and those of the meter.
pub(super) fn hash(store: &Store, meter: &mut Meter, next: &Next) -> Outcome<i64> {
    match next {
        Next::Is(value) => value::hash(store, meter, *value),
        Next::Pair(a, b) => {
            Ok(value::combine(&[value::hash(store, meter, *a)?, value::hash(store, meter, *b)?]))
        }
        Next::Tuple(parts) => {
            let hashes: Outcome<Vec<i64>> = parts.iter().map(|part| hash(store, meter, part)).collect();
            Ok(value::combine(&hashes?))
        }
        next => next::with_operand(store, next, |operand| value::hash_operand(store, meter, operand)),
    }
}
