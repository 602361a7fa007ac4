//! Python's `math`: functions of floats, with its errors, and those of ints.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. What is no
//! plain arithmetic is the platform's mathematical library, which is what CPython calls as well; an answer that is no number
//! or not finite becomes an error by the rules that CPython has.

use bytecode::{Builtin1, Builtin2};
use dashu_int::ops::BitTest;
use dashu_int::{IBig, UBig};

use super::int::{self, Int};
use super::{NumError, Number, Operand, Output, Watch, big, int_to_f64};

/// The functions with which [`super::builtin`] has nothing to do: floats to floats.
pub(super) fn float_function(builtin: Builtin1, x: f64) -> Option<Result<f64, NumError>> {
    // The function, and whether a result beyond the floats is a "range error" (else a "domain error").
    let (result, can_overflow) = match builtin {
        Builtin1::Sqrt => (x.sqrt(), false),
        Builtin1::Exp => (x.exp(), true),
        Builtin1::Exp2 => (x.exp2(), true),
        Builtin1::Expm1 => (x.exp_m1(), true),
        Builtin1::Log1p => (x.ln_1p(), false),
        Builtin1::Sin => (x.sin(), false),
        Builtin1::Cos => (x.cos(), false),
        Builtin1::Tan => (x.tan(), false),
        Builtin1::Asin => (x.asin(), false),
        Builtin1::Acos => (x.acos(), false),
        Builtin1::Atan => (x.atan(), false),
        Builtin1::Sinh => (x.sinh(), true),
        Builtin1::Cosh => (x.cosh(), true),
        Builtin1::Tanh => (x.tanh(), false),
        Builtin1::Fabs => (x.abs(), false),
        Builtin1::Degrees => return Some(Ok(x * (180.0 / std::f64::consts::PI))),
        Builtin1::Radians => return Some(Ok(x * (std::f64::consts::PI / 180.0))),
        _ => return None,
    };
    Some(checked(result, x.is_nan(), x.is_finite(), can_overflow))
}

fn checked(result: f64, any_nan: bool, all_finite: bool, can_overflow: bool) -> Result<f64, NumError> {
    if result.is_nan() && !any_nan {
        return Err(NumError::value("math domain error"));
    }
    if result.is_infinite() && all_finite {
        return Err(if can_overflow {
            NumError::overflow("math range error")
        } else {
            NumError::value("math domain error")
        });
    }
    Ok(if result.is_nan() { f64::NAN } else { result })
}

/// A number as the float that a function of `math` works on.
///
/// # Errors
/// `TypeError` if it is no number, `OverflowError` if it is too large an int.
pub(super) fn real(a: Operand<'_>) -> Result<f64, NumError> {
    match a.number() {
        Some(number) => number.to_f64(),
        None => Err(NumError::type_error(format!("must be real number, not {}", a.type_name()))),
    }
}

/// The three logarithms of a number of any size.
pub(super) fn logarithm(builtin: Builtin1, a: Operand<'_>) -> Result<f64, NumError> {
    let function = |x: f64| match builtin {
        Builtin1::Log2 => x.log2(),
        Builtin1::Log10 => x.log10(),
        _ => x.ln(),
    };
    match a.number() {
        Some(Number::Int(int)) => {
            if int.is_zero() || int.is_negative() {
                return Err(NumError::value("math domain error"));
            }
            match int {
                Int::Small(i) => Ok(function(i as f64)),
                Int::Big(i) => match int_to_f64(i) {
                    Ok(x) => Ok(function(x)),
                    Err(_) => {
                        let (fraction, exponent) = split(i);
                        Ok(function(fraction) + function(2.0) * exponent)
                    }
                },
            }
        }
        _ => {
            let x = real(a)?;
            if x.is_nan() || x == f64::INFINITY {
                return Ok(x);
            }
            if x <= 0.0 {
                return Err(NumError::value("math domain error"));
            }
            Ok(function(x))
        }
    }
}

/// A positive int beyond the floats as a fraction of at least a half and a power of two.
fn split(i: &IBig) -> (f64, f64) {
    let bits = int::bits(i);
    let kept = int_to_f64(&(i >> (bits as usize).saturating_sub(1000))).unwrap_or(f64::MAX);
    // Exact: a power of two.
    let mut fraction = kept / 2f64.powi(1000);
    let mut exponent = bits as f64;
    if fraction == 1.0 {
        fraction = 0.5;
        exponent += 1.0;
    }
    (fraction, exponent)
}

/// The functions of two floats.
pub(super) fn float_function2(builtin: Builtin2, a: Operand<'_>, b: Operand<'_>) -> Result<f64, NumError> {
    let (x, y) = (real(a)?, real(b)?);
    let any_nan = x.is_nan() || y.is_nan();
    let all_finite = x.is_finite() && y.is_finite();
    match builtin {
        Builtin2::MathPow => {
            let result = power(x, y);
            checked(result, any_nan, all_finite, x != 0.0)
        }
        Builtin2::Fmod => {
            let result = if y.is_infinite() && x.is_finite() { x } else { x % y };
            checked(result, any_nan, true, false)
        }
        Builtin2::Hypot => Ok(hypot(x, y)),
        Builtin2::CopySign => Ok(x.copysign(y)),
        _ => Ok(x.atan2(y)),
    }
}

/// C's `pow`, where a NaN is no answer to "any number to the power of zero".
fn power(x: f64, y: f64) -> f64 {
    if x == 1.0 || y == 0.0 {
        return 1.0;
    }
    x.powf(y)
}

/// The length of a vector, rounded once: its square is computed with twice the precision, and so is the root's correction.
fn hypot(x: f64, y: f64) -> f64 {
    let (x, y) = (x.abs(), y.abs());
    if x.is_infinite() || y.is_infinite() {
        return f64::INFINITY;
    }
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let most = x.max(y);
    if most == 0.0 || x == 0.0 || y == 0.0 {
        return most;
    }
    // A power of two brings the larger one near 1, without rounding.
    let exponent = exponent_of(most);
    let (x, y) = (scaled(x, -exponent), scaled(y, -exponent));
    let (high_x, high_y) = (x * x, y * y);
    let (low_x, low_y) = (x.mul_add(x, -high_x), y.mul_add(y, -high_y));
    let (large, small) = if high_x > high_y { (high_x, high_y) } else { (high_y, high_x) };
    let sum = large + small;
    let lost = (small - (sum - large)) + (low_x + low_y);
    let root = (sum + lost).sqrt();
    // What root * root lacks of the square, exactly enough, corrects the last bit.
    let square = root * root;
    let square_low = root.mul_add(root, -square);
    let rest = ((sum - square) + lost) - square_low;
    scaled(root + rest / (2.0 * root), exponent)
}

/// The exponent of a positive finite float: it is below two to the power of that plus one.
fn exponent_of(x: f64) -> i32 {
    let field = ((x.to_bits() >> 52) & 0x7ff) as i32;
    if field == 0 { exponent_of(x * 2f64.powi(200)) - 200 } else { field - 1023 }
}

/// `x * 2**exponent`.
fn scaled(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * 2f64.powi(half) * 2f64.powi(exponent - half)
}

/// `math.isqrt`.
pub(super) fn isqrt(a: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    if a.is_negative() {
        return Err(NumError::value("isqrt() argument must be nonnegative"));
    }
    Ok(match a {
        Int::Small(i) => Output::Int((i as u64).isqrt() as i64),
        Int::Big(i) => Output::int(big::sqrt(&int::magnitude(i), watch)?.into()),
    })
}

/// `math.gcd` of two.
pub(super) fn gcd(a: Int<'_>, b: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    if let (Int::Small(x), Int::Small(y)) = (a, b) {
        let (mut x, mut y) = (x.unsigned_abs(), y.unsigned_abs());
        while y != 0 {
            (x, y) = (y, x % y);
        }
        return Ok(Output::int(x.into()));
    }
    divisor(&int::magnitude(&a.to_big()), &int::magnitude(&b.to_big()), watch)
        .map(|divisor| Output::int(divisor.into()))
}

fn divisor(a: &UBig, b: &UBig, watch: &Watch) -> Result<UBig, NumError> {
    if a.is_zero() || b.is_zero() { Ok(a + b) } else { big::gcd(a, b, watch) }
}

/// `math.lcm` of two.
pub(super) fn lcm(a: Int<'_>, b: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    if a.is_zero() || b.is_zero() {
        return Ok(Output::Int(0));
    }
    let (a, b) = (int::magnitude(&a.to_big()), int::magnitude(&b.to_big()));
    let (rest, _) = big::div_rem(&a, &divisor(&a, &b, watch)?, watch)?;
    if rest.bit_len() as u64 + b.bit_len() as u64 - 1 > watch.limits.int_bits().max(63) {
        return Err(watch.limits.int_too_large());
    }
    watch.limits.int_output(big::mul(&rest, &b, watch)?.into())
}

/// The bits of a number.
fn length(n: u64) -> u64 {
    u64::from(64 - n.leading_zeros())
}

/// The bits that `math.factorial` of `n` has at least and at most.
pub(super) fn factorial_bits(n: u64) -> (u64, u64) {
    // It is more than (n / e) ** n.
    (n.saturating_mul(length(n).saturating_sub(3)), n.saturating_mul(length(n)))
}

/// What `comb` or `perm` multiply: the `count` ints up to `n`.
pub(super) struct Choices {
    n: UBig,
    count: u64,
    comb: bool,
}

impl Choices {
    /// What has to be multiplied for `n` and `k`; the other case is a result that is known without: 1 or 0.
    ///
    /// # Errors
    /// Those of Python.
    pub(super) fn new(builtin: Builtin2, n: Int<'_>, k: Int<'_>) -> Result<Result<Choices, i64>, NumError> {
        if n.is_negative() {
            return Err(NumError::value("n must be a non-negative integer"));
        }
        if k.is_negative() {
            return Err(NumError::value("k must be a non-negative integer"));
        }
        let comb = builtin == Builtin2::Comb;
        let (n, k) = (int::magnitude(&n.to_big()), int::magnitude(&k.to_big()));
        if k > n {
            return Ok(Err(0));
        }
        let others = &n - &k;
        let count = if comb && others < k { others } else { k };
        match u64::try_from(&count).ok().filter(|&count| count <= i64::MAX as u64) {
            Some(0) => Ok(Err(1)),
            Some(count) => Ok(Ok(Choices { n, count, comb })),
            None => Err(NumError::overflow(if comb {
                "min(n - k, k) must not exceed 9223372036854775807"
            } else {
                "k must not exceed 9223372036854775807"
            })),
        }
    }

    /// How many ints are multiplied, and the bits that each has at the most.
    pub(super) fn factors(&self) -> (u64, u64) {
        (self.count, self.n.bit_len() as u64)
    }

    /// How many ints have to be multiplied to divide the product by, and the bits that each has at the most.
    pub(super) fn divisors(&self) -> (u64, u64) {
        if self.comb { (self.count, length(self.count)) } else { (0, 0) }
    }

    /// The bits that the result has at least and at most.
    pub(super) fn bits(&self) -> (u64, u64) {
        let (count, bits) = self.factors();
        let most = count.saturating_mul(bits);
        if self.comb {
            // Between (n / k) ** k and (n * e / k) ** k, where n / k is at least 2.
            let least = count.saturating_mul((bits - 1).saturating_sub(length(count)).max(1));
            return (least, most.min(count.saturating_mul(bits + 3 - length(count))));
        }
        let lowest = &self.n - UBig::from(count - 1);
        (count.saturating_mul(lowest.bit_len() as u64 - 1).max(factorial_bits(count).0), most)
    }

    /// The result.
    ///
    /// # Errors
    /// If it is too large.
    pub(super) fn result(&self, watch: &Watch) -> Result<Output, NumError> {
        if self.bits().0 > watch.limits.int_bits().max(63) {
            return Err(watch.limits.int_too_large());
        }
        let product = big::falling_product(&self.n, self.count, watch)?;
        let result = if self.comb {
            big::div_rem(&product, &big::falling_product(&self.count.into(), self.count, watch)?, watch)?.0
        } else {
            product
        };
        watch.limits.int_output(result.into())
    }
}

/// `math.factorial`.
pub(super) fn factorial(a: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    if a.is_negative() {
        return Err(NumError::value("factorial() not defined for negative values"));
    }
    match a {
        Int::Small(n) => {
            let n = n as u64;
            if factorial_bits(n).0 > watch.limits.int_bits().max(63) {
                return Err(watch.limits.int_too_large());
            }
            watch.limits.int_output(big::falling_product(&n.into(), n, watch)?.into())
        }
        Int::Big(_) => Err(NumError::overflow("factorial() argument should not exceed 9223372036854775807")),
    }
}

/// `math.comb` and `math.perm`.
pub(super) fn choices(builtin: Builtin2, n: Int<'_>, k: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    match Choices::new(builtin, n, k)? {
        Ok(choices) => choices.result(watch),
        Err(known) => Ok(Output::Int(known)),
    }
}
