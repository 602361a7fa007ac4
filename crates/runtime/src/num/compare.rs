//! Comparisons between values of any types, exact where an int meets a float.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. No
//! int is rounded in order to be compared.

use std::cmp::Ordering;

use bytecode::Cmp;
use dashu_int::{IBig, Sign};

use super::int::{self, Int};
use super::{NumError, Number, Operand, Watch, text};

/// Whether the comparison holds.
pub(super) fn compare(cmp: Cmp, a: Operand<'_>, b: Operand<'_>, watch: &Watch) -> Result<bool, NumError> {
    if let (Some(x), Some(y)) = (a.number(), b.number()) {
        // Only NaN has no order, and it differs from everything.
        return Ok(order(x, y).map_or(cmp == Cmp::Ne, |order| cmp.holds(order)));
    }
    if let (Operand::Str(x), Operand::Str(y)) = (a, b) {
        return Ok(cmp.holds(text::order(x, y, watch)?));
    }
    let same = matches!((a, b), (Operand::None, Operand::None));
    match cmp {
        Cmp::Eq => Ok(same),
        Cmp::Ne => Ok(!same),
        _ => Err(NumError::type_error(format!(
            "'{}' not supported between instances of '{}' and '{}'",
            cmp.symbol(),
            a.type_name(),
            b.type_name()
        ))),
    }
}

fn order(a: Number<'_>, b: Number<'_>) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(order_ints(a, b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        (Number::Int(a), Number::Float(b)) => order_int_float(a, b),
        (Number::Float(a), Number::Int(b)) => order_int_float(b, a).map(Ordering::reverse),
    }
}

fn order_ints(a: Int<'_>, b: Int<'_>) -> Ordering {
    match (a, b) {
        (Int::Small(a), Int::Small(b)) => a.cmp(&b),
        (Int::Big(a), Int::Big(b)) => a.cmp(b),
        // A big int is beyond all small ones.
        (Int::Small(_), Int::Big(b)) => sign_order(b).reverse(),
        (Int::Big(a), Int::Small(_)) => sign_order(a),
    }
}

/// How a number of this sign stands to zero.
fn sign_order(value: &IBig) -> Ordering {
    if value.sign() == Sign::Negative { Ordering::Less } else { Ordering::Greater }
}

fn order_int_float(a: Int<'_>, b: f64) -> Option<Ordering> {
    match a {
        Int::Small(a) => compare_int_float(a, b),
        Int::Big(a) => compare_big_float(a, b),
    }
}

/// Compares two floats; every comparison with NaN but `!=` is false.
#[inline]
pub fn compare_float(cmp: Cmp, a: f64, b: f64) -> bool {
    match cmp {
        Cmp::Eq => a == b,
        Cmp::Ne => a != b,
        Cmp::Lt => a < b,
        Cmp::Le => a <= b,
        Cmp::Gt => a > b,
        Cmp::Ge => a >= b,
    }
}

/// How an int stands to a float, exactly; `None` for NaN.
pub fn compare_int_float(a: i64, b: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        None
    } else if b >= BEYOND {
        Some(Ordering::Less)
    } else if b < -BEYOND {
        Some(Ordering::Greater)
    } else {
        let whole = b.trunc();
        match a.cmp(&(whole as i64)) {
            Ordering::Equal => whole.partial_cmp(&b),
            unequal => Some(unequal),
        }
    }
}

/// How an int of any size stands to a float, exactly; `None` for NaN.
pub fn compare_big_float(a: &IBig, b: f64) -> Option<Ordering> {
    if let Ok(small) = i64::try_from(a) {
        return compare_int_float(small, b);
    }
    if b.is_nan() {
        return None;
    }
    let (sign, float_negative) = (sign_order(a), b < 0.0);
    if (sign == Ordering::Less) != float_negative || b == 0.0 {
        return Some(sign);
    }
    if b.is_infinite() || int::bits(a) > 1024 {
        return Some(if b.is_infinite() { sign.reverse() } else { sign });
    }
    // The int is at least 2**63 in size. A smaller float is on its near side; a float that is not is whole.
    let size = b.abs();
    if size < 9_223_372_036_854_775_808.0 {
        return Some(sign);
    }
    let pattern = size.to_bits();
    let mantissa = (pattern & ((1 << 52) - 1)) | (1 << 52);
    let exact = IBig::from(mantissa) << ((pattern >> 52) as usize - 1075);
    Some(a.cmp(&if float_negative { -exact } else { exact }))
}
