//! Ints of any size: the fast paths on `i64` that the tiers use, and the general operations behind them.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. A fast
//! path answers `None` exactly when its result is an error or does not fit, never with a wrong value.

use std::borrow::Cow;

use bytecode::BinOp;
use dashu_int::ops::DivRem;
use dashu_int::{IBig, Sign, UBig, Word};

use super::cost::{product, quotient};
use super::{NumError, Output, Watch, big, float, int_to_f64};

/// The shift counts from which CPython gives up with an error instead of asking for memory.
const MOST_SHIFT: u128 = 30 * ((i64::MAX as u128 - 24) / 4);

/// `a // b`, rounded down; `None` if `b` is zero or the result does not fit.
#[inline]
pub fn floordiv_i64(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    let remainder = a.wrapping_rem(b);
    Some(if remainder != 0 && (remainder ^ b) < 0 { quotient - 1 } else { quotient })
}

/// `a % b`, with the sign of `b`; `None` if `b` is zero.
#[inline]
pub fn mod_i64(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let remainder = a.wrapping_rem(b);
    Some(if remainder != 0 && (remainder ^ b) < 0 { remainder + b } else { remainder })
}

/// `a / b` as a float, correctly rounded; `None` if `b` is zero or an operand is beyond 2**53.
#[inline]
pub fn truediv_i64(a: i64, b: i64) -> Option<f64> {
    const EXACT: u64 = 1 << 53;
    let exact = b != 0 && a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT;
    exact.then(|| a as f64 / b as f64)
}

/// `a ** b`; `None` if `b` is negative or the result does not fit.
#[inline]
pub fn pow_i64(a: i64, b: i64) -> Option<i64> {
    if b < 0 {
        return None;
    }
    match a {
        0 | 1 => Some(if b == 0 { 1 } else { a }),
        -1 => Some(if b % 2 == 0 { 1 } else { -1 }),
        _ => a.checked_pow(u32::try_from(b).ok()?),
    }
}

/// `a << b`; `None` if `b` is negative or a bit would be lost.
#[inline]
pub fn shl_i64(a: i64, b: i64) -> Option<i64> {
    if a == 0 && b >= 0 {
        return Some(0);
    }
    if !(0..64).contains(&b) {
        return None;
    }
    let shifted = a << b;
    (shifted >> b == a).then_some(shifted)
}

/// `a >> b`, rounded down; `None` if `b` is negative.
#[inline]
pub fn shr_i64(a: i64, b: i64) -> Option<i64> {
    (b >= 0).then(|| a >> b.min(63))
}

/// Bits of a power up to which the library computes it in one piece.
const LIBRARY_POWER_BITS: u64 = 1 << 18;

/// An int of any size.
#[derive(Clone, Copy)]
pub(super) enum Int<'a> {
    Small(i64),
    Big(&'a IBig),
}

impl<'a> Int<'a> {
    pub(super) fn to_big(self) -> Cow<'a, IBig> {
        match self {
            Int::Small(i) => Cow::Owned(IBig::from(i)),
            Int::Big(i) => Cow::Borrowed(i),
        }
    }

    pub(super) fn to_f64(self) -> Result<f64, NumError> {
        match self {
            Int::Small(i) => Ok(i as f64),
            Int::Big(i) => int_to_f64(i),
        }
    }

    pub(super) fn is_zero(self) -> bool {
        match self {
            Int::Small(i) => i == 0,
            Int::Big(i) => i.is_zero(),
        }
    }

    pub(super) fn is_negative(self) -> bool {
        match self {
            Int::Small(i) => i < 0,
            Int::Big(i) => i.sign() == Sign::Negative,
        }
    }

    /// The bits of the magnitude.
    pub(super) fn bits(self) -> u64 {
        match self {
            Int::Small(i) => u64::from(64 - i.unsigned_abs().leading_zeros()),
            Int::Big(i) => bits(i),
        }
    }
}

/// The words of the magnitude.
fn words(value: &IBig) -> u64 {
    value.as_sign_words().1.len() as u64
}

/// The bits of the magnitude.
pub(super) fn bits(value: &IBig) -> u64 {
    let (_, words) = value.as_sign_words();
    let top = words.last().map_or(0, |word| word.leading_zeros());
    words.len() as u64 * u64::from(Word::BITS) - u64::from(top)
}

/// The bits that `base ** exponent` has at least and at most. For a magnitude of at least 2 they are less than 2 %
/// apart once the result is large.
pub(super) fn power_bits(base: Int<'_>, exponent: u64) -> (u64, u64) {
    let (chunk_bits, chunk) = match base {
        Int::Big(_) => (base.bits(), 1),
        Int::Small(-1..=1) => return (0, 1),
        Int::Small(i) => {
            let magnitude = u128::from(i.unsigned_abs());
            let (mut power, mut count) = (magnitude, 1);
            while let Some(next) = power.checked_mul(magnitude) {
                (power, count) = (next, count + 1);
            }
            (u64::from(128 - power.leading_zeros()), count)
        }
    };
    let at_least = chunk_bits.saturating_sub(1).saturating_mul(exponent / chunk).saturating_add(1);
    (at_least, chunk_bits.saturating_mul(exponent.div_ceil(chunk)))
}

/// Any operator but the comparisons.
pub(super) fn binary(op: BinOp, a: Int<'_>, b: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    let limits = &watch.limits;
    if let (Int::Small(x), Int::Small(y)) = (a, b) {
        let fast = match op {
            BinOp::Add => x.checked_add(y),
            BinOp::Sub => x.checked_sub(y),
            BinOp::Mul => x.checked_mul(y),
            BinOp::FloorDiv => floordiv_i64(x, y),
            BinOp::Mod => mod_i64(x, y),
            BinOp::And => Some(x & y),
            BinOp::Or => Some(x | y),
            BinOp::Xor => Some(x ^ y),
            BinOp::Shl => shl_i64(x, y),
            BinOp::Shr => shr_i64(x, y),
            BinOp::Pow => pow_i64(x, y),
            BinOp::Div | BinOp::Compare(_) | BinOp::Call(_) | BinOp::Augmented(_) => None,
        };
        if let Some(result) = fast {
            return Ok(Output::Int(result));
        }
    }
    let value = match op {
        BinOp::Div => return true_div(a, b).map(Output::Float),
        BinOp::Pow => return pow(a, b, watch),
        BinOp::Add => a.to_big().as_ref() + b.to_big().as_ref(),
        BinOp::Sub => a.to_big().as_ref() - b.to_big().as_ref(),
        BinOp::Mul => {
            if !a.is_zero() && !b.is_zero() && a.bits() + b.bits() - 1 > limits.int_bits().max(63) {
                return Err(limits.int_too_large());
            }
            multiply(&a.to_big(), &b.to_big(), watch)?
        }
        BinOp::FloorDiv if b.is_zero() => {
            return Err(NumError::zero("integer division or modulo by zero"));
        }
        BinOp::Mod if b.is_zero() => return Err(NumError::zero("integer modulo by zero")),
        BinOp::FloorDiv => div_mod(a, b, watch)?.0,
        BinOp::Mod => div_mod(a, b, watch)?.1,
        BinOp::And => a.to_big().as_ref() & b.to_big().as_ref(),
        BinOp::Or => a.to_big().as_ref() | b.to_big().as_ref(),
        BinOp::Xor => a.to_big().as_ref() ^ b.to_big().as_ref(),
        BinOp::Shl => shl(a, b, watch)?,
        BinOp::Shr => shr(a, b)?,
        // The caller compares and calls elsewhere.
        BinOp::Compare(_) | BinOp::Call(_) | BinOp::Augmented(_) => IBig::ZERO,
    };
    limits.int_output(value)
}

/// `a * b`, in pieces if it takes long.
fn multiply(a: &IBig, b: &IBig, watch: &Watch) -> Result<IBig, NumError> {
    let work = product(words(a), words(b));
    if work <= big::PIECE {
        watch.step(work)?;
        return Ok(a * b);
    }
    let product = big::mul(&magnitude(a), &magnitude(b), watch)?;
    Ok(IBig::from_parts(a.sign() * b.sign(), product))
}

/// Quotient rounded down and remainder, in pieces if it takes long; `b` is not zero.
fn div_mod(a: Int<'_>, b: Int<'_>, watch: &Watch) -> Result<(IBig, IBig), NumError> {
    let (a, b) = (a.to_big(), b.to_big());
    let work = quotient(words(&a), words(&b));
    let (quotient, remainder) = if work <= big::PIECE {
        watch.step(work)?;
        a.as_ref().div_rem(b.as_ref())
    } else {
        let (quotient, remainder) = big::div_rem(&magnitude(&a), &magnitude(&b), watch)?;
        (IBig::from_parts(a.sign() * b.sign(), quotient), IBig::from_parts(a.sign(), remainder))
    };
    Ok(if !remainder.is_zero() && remainder.sign() != b.sign() {
        (quotient - IBig::ONE, remainder + b.as_ref())
    } else {
        (quotient, remainder)
    })
}

fn shl(a: Int<'_>, b: Int<'_>, watch: &Watch) -> Result<IBig, NumError> {
    let limits = &watch.limits;
    if b.is_negative() {
        return Err(NumError::value("negative shift count"));
    }
    if a.is_zero() {
        return Ok(IBig::ZERO);
    }
    match b {
        Int::Big(count) if u128::try_from(count).map_or(true, |count| count > MOST_SHIFT) => {
            Err(NumError::overflow("too many digits in integer"))
        }
        Int::Small(count) if a.bits().saturating_add(count as u64) <= limits.int_bits().max(63) => {
            Ok(a.to_big().as_ref() << count as usize)
        }
        _ => Err(limits.int_too_large()),
    }
}

fn shr(a: Int<'_>, b: Int<'_>) -> Result<IBig, NumError> {
    if b.is_negative() {
        return Err(NumError::value("negative shift count"));
    }
    match b {
        Int::Small(count) if (count as u64) < a.bits() => Ok(a.to_big().as_ref() >> count as usize),
        _ if a.is_negative() => Ok(IBig::NEG_ONE),
        _ => Ok(IBig::ZERO),
    }
}

fn pow(a: Int<'_>, b: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    let limits = &watch.limits;
    if b.is_negative() {
        return float::float_pow(a.to_f64()?, b.to_f64()?).map(Output::Float);
    }
    match (a, b) {
        (Int::Small(0 | 1), Int::Big(_)) => limits.int_output(a.to_big().into_owned()),
        (Int::Small(-1), Int::Big(exponent)) => {
            let even = exponent.as_sign_words().1.first().is_none_or(|word| word % 2 == 0);
            Ok(Output::Int(if even { 1 } else { -1 }))
        }
        (_, Int::Small(exponent)) if power_bits(a, exponent as u64).0 <= limits.int_bits().max(63) => {
            let (base, exponent) = (a.to_big(), exponent as usize);
            if power_bits(a, exponent as u64).1 <= LIBRARY_POWER_BITS {
                return limits.int_output(base.pow(exponent));
            }
            let size = big::pow(&magnitude(&base), exponent, watch)?;
            let sign = if a.is_negative() && exponent % 2 == 1 { Sign::Negative } else { Sign::Positive };
            limits.int_output(IBig::from_parts(sign, size))
        }
        _ => Err(limits.int_too_large()),
    }
}

/// `a / b` for ints of any size, rounded once to the nearest float, ties to even.
///
/// # Errors
/// `ZeroDivisionError`, and `OverflowError` if the quotient is beyond the floats.
pub fn int_true_div(a: &IBig, b: &IBig) -> Result<f64, NumError> {
    true_div(Int::Big(a), Int::Big(b))
}

/// Divides so many leading bits of `a` by all of `b` that the quotient has 65 or 66 bits, and remembers whether
/// anything remained: more than the 53 bits and the one half that rounding looks at.
fn true_div(a: Int<'_>, b: Int<'_>) -> Result<f64, NumError> {
    if let (Int::Small(x), Int::Small(y)) = (a, b)
        && let Some(quotient) = truediv_i64(x, y)
    {
        return Ok(quotient);
    }
    let (a, b) = (a.to_big(), b.to_big());
    if b.is_zero() {
        return Err(NumError::zero("division by zero"));
    }
    let negative = (a.sign() == Sign::Negative) != (b.sign() == Sign::Negative);
    let signed = |magnitude: f64| if negative { -magnitude } else { magnitude };
    // Less than 2**63, as a Vec of that many bits does not exist.
    let excess = bits(&a) as i64 - bits(&b) as i64;
    if a.is_zero() || excess < -1080 {
        return Ok(signed(0.0));
    }
    let too_large = || NumError::overflow("integer division result too large for a float");
    if excess > 1030 {
        return Err(too_large());
    }
    let (dividend, divisor) = (magnitude(&a), magnitude(&b));
    let shift = excess - 65;
    let (scaled, lost) = if shift > 0 {
        let lost = dividend.trailing_zeros().is_some_and(|zeros| (zeros as i64) < shift);
        (dividend >> shift as usize, lost)
    } else {
        (dividend << shift.unsigned_abs() as usize, false)
    };
    let (quotient, remainder) = scaled.div_rem(&divisor);
    let quotient = u128::try_from(quotient).unwrap_or(u128::MAX);
    let sticky = lost || !remainder.is_zero();
    float::compose(quotient, sticky, shift).map(signed).ok_or_else(too_large)
}

/// The absolute value.
pub(super) fn magnitude(value: &IBig) -> UBig {
    value.clone().into_parts().1
}
