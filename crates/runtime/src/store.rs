//! What the guest's operations need besides the frames: heap, streams, and the sizes allowed.
//!
//! The general form of every operation is here, in two steps, so that nothing happens before it is paid for:
//! first the cost ([`Store::binary_cost`] and its like, computed from sizes alone), which the caller charges to fuel and heap;
//! then the work, which never collects garbage and so may hold what it likes. The interpreter and the routines of compiled
//! code differ only in what they do when the cost is too high: the one collects or stops, the other leaves.

use crate::heap::{Found, Heap, Leaf};
use crate::io::{Io, TooMuch};
use crate::num::{self, Cost, ErrorKind, NumError, Operand, Output, Watch};
use crate::value::{Unpacked, Value};
use bytecode::{BinOp, Builtin2, Const, UnOp};
use std::borrow::Cow;

/// Heap, streams and limits of one run.
pub struct Store {
    /// The objects.
    pub heap: Heap,
    /// The streams.
    pub io: Io,
    /// Sizes of single numbers and strings, and the look at the clock while an operation works.
    pub watch: Watch,
    text: String,
    hash_key: (u64, u64),
}

impl Store {
    /// An empty store.
    pub fn new(heap: Heap, io: Io, watch: Watch) -> Store {
        Store { heap, io, watch, text: String::new(), hash_key: (0, 0) }
    }

    /// Sets on what the hashes of strs depend. They are those of CPython with the same number in `PYTHONHASHSEED`.
    pub fn set_hash_seed(&mut self, seed: u32) {
        if seed == 0 {
            self.hash_key = (0, 0);
            return;
        }
        let mut state = seed;
        let mut word = || {
            u64::from_le_bytes(std::array::from_fn(|_| {
                state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
                (state >> 16) as u8
            }))
        };
        self.hash_key = (word(), word());
    }

    /// The key of the hashes of strs.
    pub fn hash_key(&self) -> (u64, u64) {
        self.hash_key
    }

    /// A value as an operand of the number routines.
    #[inline]
    pub fn operand(&self, value: Value) -> Operand<'_> {
        match value.unpack() {
            Unpacked::None => Operand::None,
            Unpacked::Bool(b) => Operand::Bool(b),
            Unpacked::Int(i) => Operand::Int(i),
            Unpacked::Float(f) => Operand::Float(f),
            Unpacked::Ref(_) => match self.heap.get(value) {
                Some(Found::Int(i)) => Operand::Int(i),
                Some(Found::Big(i)) => Operand::Big(i),
                Some(Found::Str(s)) => Operand::Str(s),
                Some(Found::Object(object)) => Operand::Object(self.heap.kind(object)),
                None => {
                    debug_assert!(false, "a reference outlived its object");
                    Operand::None
                }
            },
        }
    }

    /// An int as a value. Never collects.
    #[inline]
    pub fn int(&mut self, i: i64) -> Value {
        match Value::small_int(i) {
            Some(value) => value,
            None => self.heap.add_int(i),
        }
    }

    /// The int, if the value is one of at most 64 bits (a bool is not).
    #[inline]
    pub fn as_i64(&self, value: Value) -> Option<i64> {
        match value.as_small_int() {
            Some(i) => Some(i),
            None => self.heap.int(value),
        }
    }

    /// A result as a value. It has been reserved for; never collects.
    pub fn value(&mut self, output: Output) -> Value {
        match output {
            Output::None => Value::NONE,
            Output::Bool(b) => Value::bool(b),
            Output::Int(i) => self.int(i),
            Output::Float(f) => Value::float(f),
            Output::Big(i) => self.heap.add(Leaf::Big(i)),
            Output::Str(s) => self.heap.add(Leaf::Str(s.into())),
        }
    }

    /// A constant as a value.
    pub fn constant(&mut self, constant: &Const) -> Value {
        match constant {
            Const::None => Value::NONE,
            Const::Bool(b) => Value::bool(*b),
            Const::Int(i) => self.int(*i),
            Const::Float(f) => Value::float(*f),
            Const::BigInt(i) => self.heap.add(Leaf::Big(i.clone())),
            Const::Str(s) => self.heap.add(Leaf::Str(s.clone())),
        }
    }

    /// What a binary operation will cost.
    ///
    /// # Errors
    /// If its result is certain to be too large.
    pub fn binary_cost(&self, op: BinOp, a: Value, b: Value) -> Result<Cost, NumError> {
        num::binary_cost(op, self.operand(a), self.operand(b), &self.watch.limits)
    }

    /// A binary operation in its general form, paid for.
    ///
    /// # Errors
    /// Those of the guest's language, and results that are too large.
    pub fn binary(&mut self, op: BinOp, a: Value, b: Value) -> Result<Value, NumError> {
        if op == BinOp::Call(Builtin2::Is) {
            // Numbers alone do not know which strs are the same.
            return Ok(Value::bool(crate::object::value::identical(self, a, b)));
        }
        let output = num::binary(op, self.operand(a), self.operand(b), &self.watch)?;
        Ok(self.value(output))
    }

    /// What a unary operation will cost.
    ///
    /// # Errors
    /// If its result is certain to be too large.
    pub fn unary_cost(&self, op: UnOp, a: Value) -> Result<Cost, NumError> {
        num::unary_cost(op, self.operand(a), &self.watch.limits)
    }

    /// A unary operation in its general form, paid for.
    ///
    /// # Errors
    /// As [`Store::binary`].
    pub fn unary(&mut self, op: UnOp, a: Value) -> Result<Value, NumError> {
        let output = num::unary(op, self.operand(a), &self.watch)?;
        Ok(self.value(output))
    }

    /// What `pow(a, b, c)` will cost.
    ///
    /// # Errors
    /// If its result is certain to be too large.
    pub fn pow_mod_cost(&self, a: Value, b: Value, c: Value) -> Result<Cost, NumError> {
        num::pow_mod_cost(self.operand(a), self.operand(b), self.operand(c), &self.watch.limits)
    }

    /// `pow(a, b, c)`, paid for.
    ///
    /// # Errors
    /// As [`Store::binary`].
    pub fn pow_mod(&mut self, a: Value, b: Value, c: Value) -> Result<Value, NumError> {
        let output = num::pow_mod(self.operand(a), self.operand(b), self.operand(c), &self.watch)?;
        Ok(self.value(output))
    }

    /// The error that a program raises with a class and a message.
    pub fn raised(&self, class: Value, message: Value) -> NumError {
        let raised = |kind, message: &str| NumError::Raised { kind, message: Cow::Owned(message.to_owned()) };
        let (class, message) = (self.operand(class), self.operand(message));
        let (Operand::Str(class), Operand::Str(message)) = (class, message) else {
            return raised(ErrorKind::TypeError, "raise needs two strs: a class and a message");
        };
        match ErrorKind::from_name(class) {
            Some(kind) => raised(kind, message),
            None => raised(ErrorKind::TypeError, "exceptions must derive from BaseException"),
        }
    }

    /// Whether a value counts as true.
    #[inline]
    pub fn truth(&self, a: Value) -> bool {
        match self.object(a) {
            Some((kind, object)) => crate::object::truth(self, kind, object),
            None => num::truth(self.operand(a)),
        }
    }

    /// What writing a value as text will cost.
    pub fn print_cost(&self, a: Value) -> Cost {
        num::text_cost(self.operand(a), &self.watch.limits)
    }

    /// Writes a value and a line feed, paid for.
    ///
    /// # Errors
    /// If the value has no text (an int of too many digits), or is more than may be written; then nothing was.
    pub fn print(&mut self, a: Value) -> Result<(), NumError> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let result = num::write_str(&mut text, self.operand(a), &self.watch).and_then(|()| {
            text.push('\n');
            self.io.write(&text).map_err(too_much)
        });
        self.text = text;
        result
    }

    /// Writes the character of a code point, or the characters of a str.
    ///
    /// # Errors
    /// If the value is neither, no code point, or more than may be written; then nothing was.
    pub fn print_char(&mut self, a: Value) -> Result<(), NumError> {
        let raised = |kind, message: String| Err(NumError::Raised { kind, message: Cow::Owned(message) });
        let code = match self.operand(a) {
            Operand::Str(s) => {
                let text = s.to_string();
                return self.io.write(&text).map_err(too_much);
            }
            Operand::Int(i) => u32::try_from(i).ok(),
            Operand::Bool(b) => Some(u32::from(b)),
            Operand::Big(_) => None,
            other @ (Operand::None | Operand::Float(_) | Operand::Object(_)) => {
                let message = format!("print_char needs an int or a str, not '{}'", other.type_name());
                return raised(ErrorKind::TypeError, message);
            }
        };
        match code.and_then(char::from_u32) {
            Some(c) => self.io.write(c.encode_utf8(&mut [0; 4])).map_err(too_much),
            None => raised(ErrorKind::ValueError, "chr() arg not in range(0x110000)".to_string()),
        }
    }

    /// A value as people read it, shortened to a line: for messages.
    pub fn describe(&self, a: Value) -> String {
        const SHOWN: usize = 40;
        let operand = self.operand(a);
        if let Operand::Object(_) = operand {
            return crate::object::value::describe(self, a, SHOWN);
        }
        let text =
            num::repr(operand, &self.watch).unwrap_or_else(|_| "an int of very many digits".to_string());
        if text.chars().count() <= SHOWN {
            return text;
        }
        let mut short: String = text.chars().take(SHOWN - 3).collect();
        short.push_str("...");
        short
    }
}

fn too_much(TooMuch { limit }: TooMuch) -> NumError {
    NumError::OutputTooLarge { max_bytes: limit }
}
