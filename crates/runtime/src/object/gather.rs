//! Values of iterables on their way into a set or dict: with their hashes, and perhaps not made yet.

use super::iter::{self, Next};
use super::value::{self, equal_keys, equal_operands};
use super::{Context, HOLE, Kind, Meter, Outcome, tuple};
use crate::heap::Heap;
use crate::num::{Cost, Operand, Output};
use crate::store::Store;
use crate::value::Value;
use std::collections::BTreeMap;

/// A value that may not be made yet.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// It is there.
    Is(Value),
    /// A number or a str.
    Leaf(Output),
    /// A str of one character.
    Char(char),
    /// A tuple.
    Tuple(Vec<Item>),
}

impl Item {
    /// What an iterable has next.
    pub fn of(next: Next) -> Item {
        match next {
            Next::Is(value) => Item::Is(value),
            Next::Number(output) => Item::Leaf(output),
            Next::Char(c) => Item::Char(c),
        }
    }

    /// A str.
    pub fn text(text: &str) -> Item {
        Item::Leaf(Output::Str(text.to_owned()))
    }

    /// What making it and putting it into a slot costs.
    fn bytes(&self) -> u64 {
        match self {
            Item::Is(value) => Heap::slot_bytes(*value),
            Item::Leaf(output) => iter::slot_bytes(output),
            Item::Char(c) => Heap::charge_for(c.len_utf8() as u64),
            Item::Tuple(items) => {
                Heap::object_bytes(items.len() as u64) + items.iter().map(Item::bytes).sum::<u64>()
            }
        }
    }

    /// Makes it, paid for.
    fn make(self, store: &mut Store) -> Value {
        match self {
            Item::Is(value) => value,
            Item::Leaf(output) => store.value(output),
            Item::Char(c) => store.text(c.to_string()),
            Item::Tuple(items) => {
                let values: Vec<Value> = items.into_iter().map(|item| item.make(store)).collect();
                tuple::make(store, &values)
            }
        }
    }

    /// Visits the values that are there.
    fn visit(&mut self, visit: &mut dyn FnMut(&mut Value)) {
        match self {
            Item::Is(value) => visit(value),
            Item::Tuple(items) => items.iter_mut().for_each(|item| item.visit(visit)),
            Item::Leaf(_) | Item::Char(_) => {}
        }
    }

    /// The operand that it is; `None` for a tuple.
    fn operand<'a>(&'a self, store: &'a Store, buffer: &'a mut [u8; 4]) -> Option<Operand<'a>> {
        match self {
            Item::Is(value) => Some(store.operand(*value)),
            Item::Leaf(output) => Some(output.operand()),
            Item::Char(c) => Some(Operand::Str(c.encode_utf8(buffer))),
            Item::Tuple(_) => None,
        }
    }

    /// Its hash.
    ///
    /// # Errors
    /// `TypeError` if it has none, and those of the meter.
    pub fn hash(&self, store: &Store, meter: &mut Meter) -> Outcome<i64> {
        match self {
            Item::Is(value) => value::hash(store, meter, *value),
            Item::Tuple(items) => {
                let hashes: Outcome<Vec<i64>> = items.iter().map(|item| item.hash(store, meter)).collect();
                Ok(value::combine(&hashes?))
            }
            _ => match self.operand(store, &mut [0; 4]) {
                Some(operand) => value::hash_operand(store, meter, operand),
                None => Ok(0),
            },
        }
    }

    /// Whether two count as the same key.
    ///
    /// # Errors
    /// Those of comparing keys, and of the meter.
    pub fn same(&self, store: &Store, meter: &mut Meter, other: &Item) -> Outcome<bool> {
        match (self, other) {
            (Item::Is(a), Item::Is(b)) => equal_keys(store, meter, *a, *b, 0),
            (Item::Tuple(a), Item::Tuple(b)) => {
                same_items(store, meter, a.len() == b.len(), a.iter().zip(b.iter().cloned()))
            }
            (Item::Tuple(a), Item::Is(b)) | (Item::Is(b), Item::Tuple(a)) => match store.object(*b) {
                Some((Kind::Tuple, b)) => {
                    let b = tuple::elements(store, b);
                    let pairs = a.iter().zip(b.iter().copied().map(Item::Is));
                    same_items(store, meter, a.len() == b.len(), pairs)
                }
                _ => Ok(false),
            },
            (a, b) => {
                let (mut x, mut y) = ([0; 4], [0; 4]);
                match (a.operand(store, &mut x), b.operand(store, &mut y)) {
                    (Some(a), Some(b)) => equal_operands(store, meter, a, b),
                    _ => Ok(false),
                }
            }
        }
    }
}

fn same_items<'a>(
    store: &Store,
    meter: &mut Meter,
    same_len: bool,
    mut pairs: impl Iterator<Item = (&'a Item, Item)>,
) -> Outcome<bool> {
    if !same_len {
        return Ok(false);
    }
    pairs.try_fold(true, |same, (a, b)| Ok(same && a.same(store, meter, &b)?))
}

/// Values, of which some are made only when all has been paid for.
#[derive(Default)]
pub(super) struct Gathered {
    /// Those that are there; a [`HOLE`] for the others.
    values: Vec<Value>,
    /// The others, by their number.
    unmade: BTreeMap<usize, Item>,
    /// What all of them cost in slots, and the others to make.
    bytes: u64,
}

impl Gathered {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Adds a value, and answers its number.
    pub fn push(&mut self, item: Item) -> usize {
        let number = self.values.len();
        self.values.push(HOLE);
        self.set(number, item);
        number
    }

    /// A value that has been added.
    pub fn get(&self, number: usize) -> Item {
        match self.values.get(number) {
            Some(&value) if value != HOLE => Item::Is(value),
            _ => self.unmade.get(&number).cloned().unwrap_or(Item::Is(Value::NONE)),
        }
    }

    /// Replaces a value.
    pub fn set(&mut self, number: usize, item: Item) {
        self.bytes = self.bytes.saturating_add(item.bytes());
        let value = match item {
            Item::Is(value) => value,
            item => {
                self.unmade.insert(number, item);
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
        let wanted = self.values.len();
        // Parts of tuples that are made then.
        for item in self.unmade.values_mut() {
            item.visit(&mut |value| self.values.push(*value));
        }
        cx.pay(cost, &mut self.values)?;
        let mut parts = self.values.split_off(wanted).into_iter();
        for (number, mut item) in self.unmade {
            item.visit(&mut |value| *value = parts.next().unwrap_or(*value));
            if let Some(place) = self.values.get_mut(number)
                && *place == HOLE
            {
                *place = item.make(cx.store());
            }
        }
        Ok(self.values)
    }
}
