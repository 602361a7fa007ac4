//! The numbers (and strings) of the guest: what every operator means, as pure functions.
//!
//! All tiers come here for whatever their fast paths do not cover, so in `profile -> detect -> compile -> cache ->
//! execute -> deoptimise` this module stands beside *execute*, and under every other word: it is why they all agree. It
//! knows nothing of the heap, of frames or of fuel counters. Operands come in borrowed, results go out owned.
//!
//! The meaning is CPython 3.11's, to the last bit and to the words of the errors, but for these points:
//!
//! - a negative float to a fractional power is a `ValueError` (there are no complex numbers);
//! - the numbers in a format spec are read in ASCII digits only;
//! - a result beyond [`NumberLimits`] is a limit error, which the guest cannot handle, where CPython would go on or
//!   raise `MemoryError`;
//! - [`parse_argument`] reads ASCII digits only.
//!
//! # Invariants
//!
//! - An [`Output::Big`] is never in the range of `i64`, and [`Operand::Big`] must not be either.
//! - [`binary_cost`] refuses what is certain to exceed a limit, and [`binary`] refuses the same before it works: no
//!   caller can start `10 ** 10 ** 8` by forgetting to ask. Costs depend on the sizes of the operands only.
//! - Nothing here panics, whatever the operands, as long as the memory for a result within the limits is there.
//!
//! # The default cap on ints
//!
//! [`NumberLimits::default`] allows 2**19 bits (157 826 digits), the largest power of two at which every single
//! operation stays below 10 ms. Release build, x86-64 (AMD EPYC), two shared cores, worst shapes, milliseconds:
//!
//! | bits of the larger operand or result | `*` | `//`, `%` | `3 ** n` |
//! |---|---|---|---|
//! | 2**17 | 0.3 | 0.7 | 0.3 |
//! | 2**18 | 0.8 | 1.5 | 0.8 |
//! | 2**19 | 3.5 | 6.3 | 3.7 |
//! | 2**20 | 10 | 19 | 6.6 |
//!
//! The worst power at 2**19 bits is that of a long base (130 words ** 63: 4.4 ms). A string of 2**24 bytes takes 1.4 ms
//! to make, but 11 ms where its pages are new; hence 2**23.
//!
//! The other operators are linear: an addition of 2**19 bits takes 0.01 ms. Turning an int into text takes 0.1 ms for
//! 4300 digits; where [`NumberLimits::max_str_digits`] has been lifted, 19 ms for 2**19 bits, charged by [`text_cost`].
//!
//! The big ints are `dashu-int`'s. Against `num-bigint` 0.5 on the same machine, microseconds for `dashu / num`:
//!
//! | digits | `*` | `//` by half as many | `str` |
//! |---|---|---|---|
//! | 1 000 | 2 / 3 | 1.5 / 1.5 | 8 / 10 |
//! | 4 300 | 23 / 28 | 15 / 19 | 60 / 69 |
//! | 10 000 | 84 / 101 | 56 / 76 | 239 / 281 |
//! | 100 000 | 4 800 / 3 200 | 2 200 / 3 000 | 7 700 / 8 700 |

mod big;
mod builtin;
mod class;
mod compare;
mod cost;
mod float;
mod format;
mod int;
mod math;
mod search;
mod text;
mod watch;

use std::borrow::Cow;
use std::fmt;

use crate::object::Kind;
use bytecode::{BinOp, UnOp};
use dashu_int::IBig;

pub use class::ErrorKind;
pub use compare::{compare_big_float, compare_float, compare_int_float};
pub use cost::{Cost, binary_cost, int_bytes, pow_mod_cost, text_cost, unary_cost};
pub use float::{float_floordiv, float_mod, float_pow, float_to_int, int_to_f64};
pub use int::{floordiv_i64, int_true_div, mod_i64, pow_i64, shl_i64, shr_i64, truediv_i64};
pub use text::{parse_argument, repr, str, write_repr, write_str};
pub use watch::Watch;

use int::Int;

/// A value as an operand: what is small by value, what is large by reference.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// `None`
    None,
    /// `True` or `False`; an int to the arithmetic operators.
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// An int that does not fit `i64`.
    Big(&'a IBig),
    /// A float.
    Float(f64),
    /// A string.
    Str(&'a str),
    /// An object, of which numbers know only what it is called.
    Object(Kind),
}

/// A result. An int is in its smallest form.
#[derive(Clone, Debug)]
pub enum Output {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// An int that does not fit `i64`.
    Big(IBig),
    /// A float.
    Float(f64),
    /// A string.
    Str(String),
}

impl Output {
    /// An int in its smallest form.
    pub fn int(value: IBig) -> Output {
        match i64::try_from(&value) {
            Ok(small) => Output::Int(small),
            Err(_) => Output::Big(value),
        }
    }

    /// The result as an operand of the next operation.
    pub fn operand(&self) -> Operand<'_> {
        match self {
            Output::None => Operand::None,
            Output::Bool(b) => Operand::Bool(*b),
            Output::Int(i) => Operand::Int(*i),
            Output::Big(i) => Operand::Big(i),
            Output::Float(f) => Operand::Float(*f),
            Output::Str(s) => Operand::Str(s),
        }
    }
}

/// How large results may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberLimits {
    /// The most bits that the magnitude of an int may have. Ints in the range of `i64` are always allowed. More than
    /// 2**32 counts as 2**32.
    pub max_int_bits: u64,
    /// The most digits of an int that becomes text; more is a `ValueError`, as in CPython. 0: no limit.
    pub max_str_digits: u32,
    /// The most bytes that a string may have in UTF-8.
    pub max_str_bytes: u64,
}

impl Default for NumberLimits {
    /// 2**19 bits, 4300 digits, 8 MiB. See the module's documentation for the measurements.
    fn default() -> NumberLimits {
        NumberLimits { max_int_bits: 1 << 19, max_str_digits: 4300, max_str_bytes: 1 << 23 }
    }
}

impl NumberLimits {
    fn int_bits(&self) -> u64 {
        self.max_int_bits.min(1 << 32)
    }

    fn int_too_large(&self) -> NumError {
        NumError::IntTooLarge { max_bits: self.int_bits() }
    }

    fn str_too_large(&self) -> NumError {
        NumError::StrTooLarge { max_bytes: self.max_str_bytes }
    }

    /// An int as a result, if it is not too large.
    fn int_output(&self, value: IBig) -> Result<Output, NumError> {
        match Output::int(value) {
            Output::Big(big) if int::bits(&big) > self.int_bits() => Err(self.int_too_large()),
            output => Ok(output),
        }
    }
}

/// Why an operation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumError {
    /// An error of the guest program.
    Raised {
        /// Its class.
        kind: ErrorKind,
        /// What it says: CPython's words.
        message: Cow<'static, str>,
    },
    /// An int would have more bits than [`NumberLimits::max_int_bits`]. Not the guest's to handle.
    IntTooLarge {
        /// The limit, in bits.
        max_bits: u64,
    },
    /// A string would have more bytes than [`NumberLimits::max_str_bytes`], or than there is memory. Not the guest's
    /// to handle.
    StrTooLarge {
        /// The limit, in bytes.
        max_bytes: u64,
    },
    /// The watch has seen that it is time to stop. Not the guest's to handle.
    Interrupted,
    /// The text would be more output than the guest may write. Not the guest's to handle.
    OutputTooLarge {
        /// The limit, in bytes.
        max_bytes: u64,
    },
}

impl NumError {
    /// Whether this is a limit violation and not an error of the guest program.
    pub fn is_limit(&self) -> bool {
        !matches!(self, NumError::Raised { .. })
    }

    fn raised(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> NumError {
        NumError::Raised { kind, message: message.into() }
    }

    fn type_error(message: impl Into<Cow<'static, str>>) -> NumError {
        NumError::raised(ErrorKind::TypeError, message)
    }

    fn value(message: impl Into<Cow<'static, str>>) -> NumError {
        NumError::raised(ErrorKind::ValueError, message)
    }

    fn zero(message: &'static str) -> NumError {
        NumError::raised(ErrorKind::ZeroDivisionError, message)
    }

    fn overflow(message: &'static str) -> NumError {
        NumError::raised(ErrorKind::OverflowError, message)
    }
}

impl fmt::Display for NumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NumError::Raised { kind, message } => write!(f, "{}: {message}", kind.name()),
            NumError::IntTooLarge { max_bits } => write!(f, "an int would need more than {max_bits} bits"),
            NumError::StrTooLarge { max_bytes } => {
                write!(f, "a string would need more than {max_bytes} bytes")
            }
            NumError::Interrupted => f.write_str("interrupted"),
            NumError::OutputTooLarge { max_bytes } => {
                write!(f, "more than {max_bytes} bytes were to be written")
            }
        }
    }
}

impl std::error::Error for NumError {}

/// An operand that is a number, bools included.
#[derive(Clone, Copy)]
enum Number<'a> {
    Int(Int<'a>),
    Float(f64),
}

impl Number<'_> {
    fn to_f64(self) -> Result<f64, NumError> {
        match self {
            Number::Int(Int::Small(i)) => Ok(i as f64),
            Number::Int(Int::Big(i)) => int_to_f64(i),
            Number::Float(f) => Ok(f),
        }
    }
}

impl<'a> Operand<'a> {
    /// The name of the operand's type, as Python writes it.
    pub fn type_name(self) -> &'static str {
        match self {
            Operand::None => "NoneType",
            Operand::Bool(_) => "bool",
            Operand::Int(_) | Operand::Big(_) => "int",
            Operand::Float(_) => "float",
            Operand::Str(_) => "str",
            Operand::Object(kind) => kind.type_name(),
        }
    }

    fn number(self) -> Option<Number<'a>> {
        match self {
            Operand::Bool(b) => Some(Number::Int(Int::Small(i64::from(b)))),
            Operand::Int(i) => Some(Number::Int(Int::Small(i))),
            Operand::Big(i) => Some(Number::Int(Int::Big(i))),
            Operand::Float(f) => Some(Number::Float(f)),
            Operand::None | Operand::Str(_) | Operand::Object(_) => None,
        }
    }

    fn int(self) -> Option<Int<'a>> {
        match self.number() {
            Some(Number::Int(i)) => Some(i),
            _ => None,
        }
    }
}

/// `a op b`.
///
/// # Errors
/// What CPython raises, results beyond the limits, and [`NumError::Interrupted`].
pub fn binary(op: BinOp, a: Operand<'_>, b: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    let plain = op.plain();
    if plain != op {
        // Only the words of this error tell them apart.
        return binary(plain, a, b, watch)
            .map_err(|error| if error == unsupported(plain, a, b) { unsupported(op, a, b) } else { error });
    }
    match op {
        BinOp::Compare(cmp) => return compare::compare(cmp, a, b, watch).map(Output::Bool),
        BinOp::Call(builtin) => return builtin::call2(builtin, a, b, watch),
        _ => {}
    }
    if let (Operand::Bool(x), Operand::Bool(y)) = (a, b) {
        match op {
            BinOp::And => return Ok(Output::Bool(x & y)),
            BinOp::Or => return Ok(Output::Bool(x | y)),
            BinOp::Xor => return Ok(Output::Bool(x ^ y)),
            _ => {}
        }
    }
    match (a.number(), b.number()) {
        (Some(Number::Int(x)), Some(Number::Int(y))) => int::binary(op, x, y, watch),
        (Some(x), Some(y)) => match op {
            BinOp::And | BinOp::Or | BinOp::Xor | BinOp::Shl | BinOp::Shr => Err(unsupported(op, a, b)),
            _ => float::binary(op, x.to_f64()?, y.to_f64()?).map(Output::Float),
        },
        _ => text::binary(op, a, b, watch),
    }
}

/// `op a`.
///
/// # Errors
/// What CPython raises, results beyond the limits, and [`NumError::Interrupted`].
pub fn unary(op: UnOp, a: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    if let UnOp::Call(builtin) = op {
        return builtin::call1(builtin, a, watch);
    }
    match (op, a.number()) {
        (UnOp::Neg, Some(Number::Int(Int::Small(i)))) => match i.checked_neg() {
            Some(negated) => Ok(Output::Int(negated)),
            None => watch.limits.int_output(-IBig::from(i)),
        },
        (UnOp::Neg, Some(Number::Int(Int::Big(i)))) => watch.limits.int_output(-i),
        (UnOp::Neg, Some(Number::Float(f))) => Ok(Output::Float(-f)),
        (UnOp::Invert, Some(Number::Int(Int::Small(i)))) => Ok(Output::Int(!i)),
        (UnOp::Invert, Some(Number::Int(Int::Big(i)))) => watch.limits.int_output(!i),
        _ => Err(NumError::type_error(format!(
            "bad operand type for unary {}: '{}'",
            op.symbol(),
            a.type_name()
        ))),
    }
}

/// What a setting ([`bytecode::Builtin1::is_setting`]) is to be, from the operand that the program gives.
///
/// # Errors
/// What CPython raises.
pub fn setting(which: bytecode::Builtin1, a: Operand<'_>) -> Result<u32, NumError> {
    builtin::setting(which, a)
}

/// `pow(a, b, c)`: `a ** b % c` for ints, `a ** b` where `c` is `None`.
///
/// # Errors
/// What CPython raises, results beyond the limits, and [`NumError::Interrupted`].
pub fn pow_mod(a: Operand<'_>, b: Operand<'_>, c: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    builtin::pow_mod(a, b, c, watch)
}

/// Whether a value counts as true: not 0, 0.0, `False`, `None` or `""`.
pub fn truth(a: Operand<'_>) -> bool {
    match a {
        Operand::None => false,
        Operand::Bool(b) => b,
        Operand::Int(i) => i != 0,
        Operand::Big(_) | Operand::Object(_) => true,
        Operand::Float(f) => f != 0.0,
        Operand::Str(s) => !s.is_empty(),
    }
}

fn unsupported(op: BinOp, a: Operand<'_>, b: Operand<'_>) -> NumError {
    let symbol = if op == BinOp::Pow { "** or pow()" } else { op.symbol() };
    let (a, b) = (a.type_name(), b.type_name());
    NumError::type_error(format!("unsupported operand type(s) for {symbol}: '{a}' and '{b}'"))
}

#[cfg(test)]
mod tests;
