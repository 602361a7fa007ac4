//! Floats: CPython's algorithms where they differ from the processor's, and the exact way from ints to floats.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. The
//! sign of every zero counts; NaNs are one value.

use bytecode::BinOp;
use bytecode::machine::Rounding;
use dashu_int::{IBig, Sign};

use super::{NumError, int};

/// Any operator that floats have.
pub(super) fn binary(op: BinOp, a: f64, b: f64) -> Result<f64, NumError> {
    match op {
        BinOp::Add => Ok(a + b),
        BinOp::Sub => Ok(a - b),
        BinOp::Mul => Ok(a * b),
        BinOp::Div if b == 0.0 => Err(NumError::zero("float division by zero")),
        BinOp::Div => Ok(a / b),
        BinOp::FloorDiv => float_floordiv(a, b),
        BinOp::Mod => float_mod(a, b),
        BinOp::Pow => float_pow(a, b),
        BinOp::And
        | BinOp::Or
        | BinOp::Xor
        | BinOp::Shl
        | BinOp::Shr
        | BinOp::Compare(_)
        | BinOp::Augmented(_)
        | BinOp::Call(_) => Err(NumError::type_error(format!(
            "unsupported operand type(s) for {}: 'float' and 'float'",
            op.symbol()
        ))),
    }
}

/// A float as an int of 64 bits; `None` if it is no number, or 2**62 or more on either side.
#[inline]
pub fn float_to_int(a: f64, rounding: Rounding) -> Option<i64> {
    let whole = match rounding {
        Rounding::Truncate => a,
        Rounding::Floor => a.floor(),
        Rounding::Ceil => a.ceil(),
    };
    (a.abs() < (1u64 << 62) as f64).then_some(whole as i64)
}

/// `a // b`: the exact quotient rounded down, as far as a float can say.
///
/// # Errors
/// `ZeroDivisionError`
pub fn float_floordiv(a: f64, b: f64) -> Result<f64, NumError> {
    if b == 0.0 {
        return Err(NumError::zero("float floor division by zero"));
    }
    // The remainder is exact, so a - remainder is very nearly a multiple of b, and the quotient very nearly whole.
    let remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 && (b < 0.0) != (remainder < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return Ok(0.0f64.copysign(a / b));
    }
    let floor = quotient.floor();
    Ok(if quotient - floor > 0.5 { floor + 1.0 } else { floor })
}

/// `a % b`, with the sign of `b`, that of a zero included.
///
/// # Errors
/// `ZeroDivisionError`
pub fn float_mod(a: f64, b: f64) -> Result<f64, NumError> {
    if b == 0.0 {
        return Err(NumError::zero("float modulo"));
    }
    let remainder = a % b;
    Ok(if remainder == 0.0 {
        0.0f64.copysign(b)
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder + b
    } else {
        remainder
    })
}

/// `a ** b`: the special cases by rule, the others by the platform's `pow`.
///
/// # Errors
/// `ZeroDivisionError` for zero to a negative power, `OverflowError` for finite operands with a result beyond the
/// floats, `ValueError` where the result would be complex.
pub fn float_pow(a: f64, b: f64) -> Result<f64, NumError> {
    if b == 0.0 || a == 1.0 {
        return Ok(1.0);
    }
    if a.is_nan() || b.is_nan() {
        return Ok(f64::NAN);
    }
    if b.is_infinite() {
        let size = a.abs();
        return Ok(if size == 1.0 {
            1.0
        } else if (b > 0.0) == (size > 1.0) {
            f64::INFINITY
        } else {
            0.0
        });
    }
    let odd = (b % 2.0).abs() == 1.0;
    if a.is_infinite() {
        let size: f64 = if b > 0.0 { f64::INFINITY } else { 0.0 };
        return Ok(if odd { size.copysign(a) } else { size });
    }
    if a == 0.0 {
        if b < 0.0 {
            return Err(NumError::zero("0.0 cannot be raised to a negative power"));
        }
        return Ok(if odd { a } else { 0.0 });
    }
    if a < 0.0 && b != b.floor() {
        return Err(NumError::value("complex results are not supported"));
    }
    let size = if a == -1.0 { 1.0 } else { a.abs().powf(b) };
    if size.is_infinite() {
        return Err(NumError::overflow("(34, 'Numerical result out of range')"));
    }
    Ok(if a < 0.0 && odd { -size } else { size })
}

/// An int as the nearest float, ties to even.
///
/// # Errors
/// `OverflowError` if it rounds to something beyond the floats.
pub fn int_to_f64(value: &IBig) -> Result<f64, NumError> {
    let bits = int::bits(value);
    let too_large = || NumError::overflow("int too large to convert to float");
    if bits > 1024 {
        return Err(too_large());
    }
    let magnitude = int::magnitude(value);
    let shift = (bits as usize).saturating_sub(128);
    let sticky = magnitude.trailing_zeros().is_some_and(|zeros| zeros < shift);
    let leading = u128::try_from(magnitude >> shift).unwrap_or(u128::MAX);
    let size = compose(leading, sticky, shift as i64).ok_or_else(too_large)?;
    Ok(if value.sign() == Sign::Negative { -size } else { size })
}

/// The float nearest to `mantissa * 2**exponent`, ties to even, or `None` if it is beyond the floats. `sticky` says
/// that the real value is a little larger, by less than one unit of the mantissa, which then must have more than 54
/// bits.
pub(super) fn compose(mantissa: u128, sticky: bool, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let bits = i64::from(128 - mantissa.leading_zeros());
    // The weight of the result's last bit: 53 bits below the top, or where the subnormals end.
    let last = (exponent + bits - 53).max(-1074);
    let drop = last - exponent;
    let kept = if drop <= 0 {
        mantissa << drop.unsigned_abs()
    } else if drop > 128 {
        0
    } else {
        let kept = mantissa.checked_shr(drop as u32).unwrap_or(0);
        let half = 1u128 << (drop - 1);
        let rest = mantissa & (half | (half - 1));
        let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
        kept + u128::from(up)
    };
    // A subnormal is its own bit pattern. Else the leading bit is implied, and a carry out of the rounding runs into
    // the exponent, as it should.
    let kept = kept as u64;
    let pattern = if kept < 1 << 52 {
        kept
    } else {
        let biased = u64::try_from(last + 1075).ok().filter(|&biased| biased < 0x7ff)?;
        (biased << 52) + (kept - (1 << 52))
    };
    let value = f64::from_bits(pattern);
    value.is_finite().then_some(value)
}
