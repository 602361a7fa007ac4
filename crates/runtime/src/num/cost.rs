//! What an operation will cost, known before it starts.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`:
//! whoever executes an operation in its general form asks here first, charges, and only then works. A cost is a
//! function of the types and sizes of the operands (and of shift counts and exponents), so it is the same on every
//! machine and in every tier.
//!
//! One unit of fuel is some 1 to 3 ns of work on big ints. Products grow as the 1.5th power of the shorter operand,
//! which is what was measured from 2 000 to 16 000 000 bits (Karatsuba, then Toom-3), within 15 %.

use bytecode::{BinOp, UnOp};

use super::int::{Int, power_bits};
use super::{NumError, NumberLimits, Operand};

/// What to charge before an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Fuel beyond that of the instruction itself; 0 for operands and results of up to 128 bits.
    pub fuel: u64,
    /// At most so many bytes does the result need: words of an int beyond `i64`, or UTF-8. 0 for everything else.
    pub result_bytes: u64,
    /// So many bytes are charged besides, for objects: what [`crate::Heap`] charges for each, added up.
    pub object_bytes: u64,
    /// So many bytes more must be free while the operation works; they are not charged.
    pub scratch_bytes: u64,
}

impl Cost {
    pub(super) fn new(fuel: u64, result_bytes: u64) -> Cost {
        Cost { fuel, result_bytes, ..Cost::default() }
    }

    /// What must be free on the heap, in charged bytes.
    pub fn request(&self) -> u64 {
        let result = if self.result_bytes > 0 { crate::Heap::charge_for(self.result_bytes) } else { 0 };
        result.saturating_add(self.object_bytes).saturating_add(self.scratch_bytes)
    }

    /// The two together, of which at most one has a result.
    #[must_use]
    pub fn and(self, other: Cost) -> Cost {
        Cost {
            fuel: self.fuel.saturating_add(other.fuel),
            result_bytes: self.result_bytes.max(other.result_bytes),
            object_bytes: self.object_bytes.saturating_add(other.object_bytes),
            scratch_bytes: self.scratch_bytes.saturating_add(other.scratch_bytes),
        }
    }

    /// With room for so many numbers of the result's size.
    pub(super) fn with_scratch(self, times: u64) -> Cost {
        Cost { scratch_bytes: scratch(self.result_bytes, times), ..self }
    }
}

/// Bytes up to which the room that an operation works in does not count.
const FREE_SCRATCH: u64 = 1 << 18;

/// Room for so many numbers of this size.
pub(super) fn scratch(bytes: u64, times: u64) -> u64 {
    if bytes <= FREE_SCRATCH { 0 } else { bytes.saturating_mul(times) }
}

/// The largest operands and results, in bits, that cost no extra fuel.
const FREE_BITS: u64 = 128;

/// Bytes of text that one unit of fuel copies or compares.
const BYTES_PER_FUEL: u64 = 8;

pub(super) fn words(bits: u64) -> u64 {
    bits.div_ceil(64)
}

/// Bytes that an int of so many words takes at the most, with what the library keeps beyond its digits.
pub fn int_bytes(words: u64) -> u64 {
    words.saturating_mul(10)
}

/// The same for an int of so many bits; 0 for one that needs no words.
pub(super) fn result_bytes(bits: u64) -> u64 {
    if bits <= 63 { 0 } else { int_bytes(words(bits)) }
}

/// The square root, rounded up.
fn root(n: u64) -> u64 {
    let root = n.isqrt();
    if root * root == n { root } else { root + 1 }
}

/// The product of ints of so many words.
pub(super) fn product(a: u64, b: u64) -> u64 {
    let (long, short) = (a.max(b), a.min(b));
    long.saturating_mul(short.min(root(short).saturating_mul(4)))
}

/// The quotient of ints of so many words.
pub(super) fn quotient(a: u64, b: u64) -> u64 {
    let both = a.saturating_add(b);
    if a < b { both } else { product(a - b + 1, b).saturating_mul(2).saturating_add(both) }
}

/// The cost of `a op b`. Operands that the operator does not take cost nothing: the error is [`super::binary`]'s to
/// raise.
///
/// # Errors
/// [`NumError::IntTooLarge`] and [`NumError::StrTooLarge`], if the result is certain to exceed a limit. Where the
/// sizes of the operands leave that open, [`super::binary`] decides.
pub fn binary_cost(
    op: BinOp,
    a: Operand<'_>,
    b: Operand<'_>,
    limits: &NumberLimits,
) -> Result<Cost, NumError> {
    let op = op.plain();
    if let BinOp::Call(builtin) = op {
        return super::builtin::cost2(builtin, a, b, limits);
    }
    if let (Some(x), Some(y)) = (a.int(), b.int()) {
        return int_cost(op, x, y, limits);
    }
    match (op, a, b) {
        (BinOp::Add, Operand::Str(x), Operand::Str(y)) => {
            text_result(x.len() as u128 + y.len() as u128, limits)
        }
        (BinOp::Mul, Operand::Str(s), times) | (BinOp::Mul, times, Operand::Str(s)) => match times.int() {
            Some(Int::Small(times)) => text_result(s.len() as u128 * times.max(0) as u128, limits),
            _ => Ok(Cost::default()),
        },
        (BinOp::Compare(_), Operand::Str(x), Operand::Str(y)) => {
            Ok(Cost::new(x.len().min(y.len()) as u64 / BYTES_PER_FUEL, 0))
        }
        (BinOp::Mod, Operand::Str(s), _) => Ok(Cost::new(s.len() as u64 / BYTES_PER_FUEL, 0)),
        // A float looks at the leading 1024 bits at most.
        _ => Ok(Cost::default()),
    }
}

fn text_result(bytes: u128, limits: &NumberLimits) -> Result<Cost, NumError> {
    match u64::try_from(bytes) {
        Ok(bytes) if bytes <= limits.max_str_bytes => Ok(Cost::new(bytes / BYTES_PER_FUEL, bytes)),
        _ => Err(limits.str_too_large()),
    }
}

fn int_cost(op: BinOp, a: Int<'_>, b: Int<'_>, limits: &NumberLimits) -> Result<Cost, NumError> {
    let (x, y) = (a.bits(), b.bits());
    let (longer, both) = (words(x.max(y)), words(x).saturating_add(words(y)));
    let shift = match b {
        _ if b.is_negative() => None,
        Int::Small(count) => Some(count as u64),
        Int::Big(_) => Some(u64::MAX),
    };
    let nothing = Cost::default();
    // Bits of the result, at least and at most, and the work.
    let (at_least, at_most, fuel) = match op {
        BinOp::Compare(_) | BinOp::Call(_) | BinOp::Augmented(_) => (0, 0, longer),
        BinOp::Div => (0, 0, both.saturating_mul(2)),
        BinOp::Add | BinOp::Sub | BinOp::And | BinOp::Or | BinOp::Xor => (0, x.max(y) + 1, longer),
        BinOp::Mul if x == 0 || y == 0 => return Ok(nothing),
        BinOp::Mul => (x + y - 1, x + y, product(words(x), words(y))),
        BinOp::FloorDiv | BinOp::Mod if y == 0 => return Ok(nothing),
        BinOp::FloorDiv | BinOp::Mod => {
            let quotient = x.saturating_sub(y) + 2;
            let work = self::quotient(words(x), words(y));
            (0, if op == BinOp::Mod { y } else { quotient }, work)
        }
        BinOp::Shl => match shift {
            Some(count) if x != 0 => {
                let bits = x.saturating_add(count);
                (bits, bits, words(bits))
            }
            _ => return Ok(nothing),
        },
        BinOp::Shr => match shift {
            Some(count) => (0, x.saturating_sub(count) + 1, words(x)),
            None => return Ok(nothing),
        },
        BinOp::Pow => match shift {
            // The common case, in a hot loop perhaps.
            _ if x <= 31 && y <= 2 => return Ok(Cost::new(0, result_bytes(x * 3))),
            Some(exponent) => {
                let (at_least, at_most) = power_bits(a, exponent);
                let half = words(at_most).div_ceil(2);
                (at_least, at_most, product(half, half).saturating_mul(2).saturating_add(longer))
            }
            None => return Ok(nothing),
        },
    };
    if at_least > limits.int_bits().max(63) {
        // So large a count makes `binary` raise an error of the guest instead.
        return if matches!((op, b), (BinOp::Shl, Int::Big(_))) {
            Ok(nothing)
        } else {
            Err(limits.int_too_large())
        };
    }
    let fuel = if x.max(y).max(at_most) <= FREE_BITS { 0 } else { fuel };
    let times = match op {
        BinOp::Mul | BinOp::FloorDiv | BinOp::Mod | BinOp::Pow => 4,
        _ => 0,
    };
    let room = scratch(result_bytes(at_most.max(x)), times);
    Ok(Cost { scratch_bytes: room, ..Cost::new(fuel, result_bytes(at_most)) })
}

/// The cost of `op a`.
///
/// # Errors
/// If the result is certain to be too large.
pub fn unary_cost(op: UnOp, a: Operand<'_>, limits: &NumberLimits) -> Result<Cost, NumError> {
    let bits = a.int().map_or(0, Int::bits);
    match op {
        UnOp::Neg | UnOp::Invert => {
            let fuel = if bits <= FREE_BITS { 0 } else { words(bits) };
            Ok(Cost::new(fuel, result_bytes(bits + 1)))
        }
        UnOp::Call(builtin) => super::builtin::cost1(builtin, a, limits),
    }
}

/// The cost of [`super::pow_mod`].
///
/// # Errors
/// If the result is certain to be too large.
pub fn pow_mod_cost(
    a: Operand<'_>,
    b: Operand<'_>,
    c: Operand<'_>,
    limits: &NumberLimits,
) -> Result<Cost, NumError> {
    super::builtin::pow_mod_cost(a, b, c, limits)
}

/// The cost of [`super::write_str`], where `result_bytes` is the length of the text at most. An int with too many
/// digits costs nothing: it is refused.
pub fn text_cost(a: Operand<'_>, limits: &NumberLimits) -> Cost {
    match a {
        Operand::Str(s) => Cost::new(s.len() as u64 / BYTES_PER_FUEL, s.len() as u64),
        Operand::Big(_) => {
            let bits = a.int().map_or(0, Int::bits);
            if super::text::certainly_too_many_digits(bits, limits) {
                return Cost::default();
            }
            let digits = super::text::most_digits(bits);
            let fuel = if bits <= FREE_BITS { 0 } else { super::big::digits_work(digits) };
            Cost::new(fuel, digits + 1).with_scratch(4)
        }
        Operand::None | Operand::Bool(_) | Operand::Int(_) | Operand::Float(_) | Operand::Object(_) => {
            Cost::new(0, 32)
        }
    }
}
