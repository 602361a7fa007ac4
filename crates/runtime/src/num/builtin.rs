//! The builtin functions, and what they cost.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. One `match` for
//! the functions of one value, one for those of two; errors have CPython's words. The costs stand below and are
//! functions of types and sizes, as those of the operators are.

use bytecode::{BinOp, Builtin1, Builtin2};
use dashu_int::ops::BitTest;
use dashu_int::{IBig, Sign, UBig};

use super::cost::{Cost, product as product_cost, quotient as quotient_cost, result_bytes, words};
use super::int::{self, Int};
use super::{ErrorKind, NumError, Number, NumberLimits, Operand, Output, Watch, big, format, math, text};

/// The least limit on digits but for none at all.
const LEAST_STR_DIGITS: u32 = 640;

fn cannot_be_index(a: Operand<'_>) -> NumError {
    NumError::type_error(format!("'{}' object cannot be interpreted as an integer", a.type_name()))
}

fn index(a: Operand<'_>) -> Result<Int<'_>, NumError> {
    a.int().ok_or_else(|| cannot_be_index(a))
}

fn int_output(int: Int<'_>) -> Output {
    match int {
        Int::Small(i) => Output::Int(i),
        Int::Big(i) => Output::Big(i.clone()),
    }
}

/// A builtin function of one value.
pub(super) fn call1(builtin: Builtin1, a: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    let bad_operand =
        |what: &str| NumError::type_error(format!("bad operand type for {what}: '{}'", a.type_name()));
    Ok(match builtin {
        Builtin1::Pos => match a.number() {
            Some(Number::Int(i)) => int_output(i),
            Some(Number::Float(f)) => Output::Float(f),
            None => return Err(bad_operand("unary +")),
        },
        Builtin1::Abs => match a.number() {
            Some(Number::Int(Int::Small(i))) => match i.checked_abs() {
                Some(i) => Output::Int(i),
                None => Output::int(-IBig::from(i)),
            },
            Some(Number::Int(Int::Big(i))) => Output::int(IBig::from(int::magnitude(i))),
            Some(Number::Float(f)) => Output::Float(f.abs()),
            None => return Err(bad_operand("abs()")),
        },
        Builtin1::Int => return to_int(a, watch),
        Builtin1::Float => match (a.number(), a) {
            (Some(number), _) => Output::Float(number.to_f64()?),
            (None, Operand::Str(s)) => Output::Float(parse_float(s, watch)?),
            _ => {
                return Err(NumError::type_error(format!(
                    "float() argument must be a string or a real number, not '{}'",
                    a.type_name()
                )));
            }
        },
        Builtin1::Str => Output::Str(text::str(a, watch)?),
        Builtin1::Repr => Output::Str(text::repr(a, watch)?),
        Builtin1::Ascii => match a {
            Operand::Str(s) => {
                let mut out = String::new();
                text::quote(&mut out, s, true, usize::MAX, watch)?;
                Output::Str(out)
            }
            _ => Output::Str(text::str(a, watch)?),
        },
        Builtin1::Round => match a.number() {
            Some(Number::Int(i)) => int_output(i),
            Some(Number::Float(f)) => whole(f.round_ties_even())?,
            None => return Err(no_round(a)),
        },
        Builtin1::Len => match a {
            Operand::Str(s) => Output::Int(text::length(s, watch)? as i64),
            _ => {
                return Err(NumError::type_error(format!("object of type '{}' has no len()", a.type_name())));
            }
        },
        Builtin1::Ord => match a {
            Operand::Str(s) => {
                let mut chars = s.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Output::Int(i64::from(u32::from(c))),
                    _ => {
                        let length = text::length(s, watch)?;
                        return Err(NumError::type_error(format!(
                            "ord() expected a character, but string of length {length} found"
                        )));
                    }
                }
            }
            _ => {
                let message = format!("ord() expected string of length 1, but {} found", a.type_name());
                return Err(NumError::type_error(message));
            }
        },
        Builtin1::Chr => return chr(index(a)?),
        Builtin1::Bin => return in_base(index(a)?, 2, "0b", watch),
        Builtin1::Oct => return in_base(index(a)?, 8, "0o", watch),
        Builtin1::Hex => return in_base(index(a)?, 16, "0x", watch),
        Builtin1::Index => int_output(index(a)?),
        Builtin1::TypeName => Output::Str(a.type_name().to_owned()),
        Builtin1::Log | Builtin1::Log2 | Builtin1::Log10 => Output::Float(math::logarithm(builtin, a)?),
        Builtin1::Floor => return rounded(a, f64::floor),
        Builtin1::Ceil => return rounded(a, f64::ceil),
        Builtin1::Trunc => {
            if a.number().is_none() {
                let message = format!("type {} doesn't define __trunc__ method", a.type_name());
                return Err(NumError::type_error(message));
            }
            return rounded(a, f64::trunc);
        }
        Builtin1::IsNan => Output::Bool(math::real(a)?.is_nan()),
        Builtin1::IsInf => Output::Bool(math::real(a)?.is_infinite()),
        Builtin1::IsFinite => Output::Bool(math::real(a)?.is_finite()),
        Builtin1::Isqrt => return math::isqrt(index(a)?, watch),
        Builtin1::Factorial => return math::factorial(index(a)?, watch),
        Builtin1::SetRecursionLimit | Builtin1::SetMaxStrDigits => {
            setting(builtin, a)?;
            Output::None
        }
        Builtin1::GetRecursionLimit | Builtin1::GetMaxStrDigits => Output::None,
        Builtin1::Sqrt
        | Builtin1::Exp
        | Builtin1::Exp2
        | Builtin1::Expm1
        | Builtin1::Log1p
        | Builtin1::Sin
        | Builtin1::Cos
        | Builtin1::Tan
        | Builtin1::Asin
        | Builtin1::Acos
        | Builtin1::Atan
        | Builtin1::Sinh
        | Builtin1::Cosh
        | Builtin1::Tanh
        | Builtin1::Fabs
        | Builtin1::Degrees
        | Builtin1::Radians => {
            let x = math::real(a)?;
            match math::float_function(builtin, x) {
                Some(result) => Output::Float(result?),
                None => Output::Float(x),
            }
        }
    })
}

/// A builtin function of two values.
pub(super) fn call2(
    builtin: Builtin2,
    a: Operand<'_>,
    b: Operand<'_>,
    watch: &Watch,
) -> Result<Output, NumError> {
    match builtin {
        Builtin2::IntBase => int_of_base(a, b, watch),
        Builtin2::RoundTo => round_to(a, b, watch),
        Builtin2::DivmodQuotient => divmod(BinOp::FloorDiv, a, b, watch),
        Builtin2::DivmodRemainder => divmod(BinOp::Mod, a, b, watch),
        Builtin2::Format => match b {
            Operand::Str(spec) => format::format(a, spec, watch),
            _ => {
                let name = if matches!(b, Operand::None) { "None" } else { b.type_name() };
                let message = format!("format() argument 2 must be str, not {name}");
                Err(NumError::type_error(message))
            }
        },
        Builtin2::Is => Ok(Output::Bool(match (a, b) {
            (Operand::None, Operand::None) => true,
            (Operand::Bool(x), Operand::Bool(y)) => x == y,
            _ => false,
        })),
        Builtin2::In => match (a, b) {
            (Operand::Str(piece), Operand::Str(whole)) => {
                Ok(Output::Bool(text::contains(whole, piece, watch)?))
            }
            (_, Operand::Str(_)) => Err(NumError::type_error(format!(
                "'in <string>' requires string as left operand, not {}",
                a.type_name()
            ))),
            _ => Err(NumError::type_error(format!("argument of type '{}' is not iterable", b.type_name()))),
        },
        Builtin2::MathPow | Builtin2::Atan2 | Builtin2::Fmod | Builtin2::Hypot | Builtin2::CopySign => {
            math::float_function2(builtin, a, b).map(Output::Float)
        }
        Builtin2::LogBase => {
            let (x, y) = (math::logarithm(Builtin1::Log, a)?, math::logarithm(Builtin1::Log, b)?);
            if y == 0.0 {
                return Err(NumError::zero("float division by zero"));
            }
            Ok(Output::Float(x / y))
        }
        Builtin2::Gcd => Ok(math::gcd(index(a)?, index(b)?, watch)?),
        Builtin2::Lcm => math::lcm(index(a)?, index(b)?, watch),
        Builtin2::Perm if matches!(b, Operand::None) => call1(Builtin1::Factorial, a, watch),
        Builtin2::Comb | Builtin2::Perm => math::choices(builtin, index(a)?, index(b)?, watch),
    }
}

/// A float without decimals as an int.
fn whole(f: f64) -> Result<Output, NumError> {
    if f.is_nan() {
        return Err(NumError::value("cannot convert float NaN to integer"));
    }
    if f.is_infinite() {
        return Err(NumError::overflow("cannot convert float infinity to integer"));
    }
    if f.abs() < 9e18 {
        return Ok(Output::Int(f as i64));
    }
    let bits = f.to_bits();
    let mantissa = IBig::from((bits & ((1 << 52) - 1)) | 1 << 52);
    let magnitude = mantissa << (((bits >> 52) & 0x7ff) as usize).saturating_sub(1075);
    Ok(Output::int(if f < 0.0 { -magnitude } else { magnitude }))
}

fn rounded(a: Operand<'_>, how: fn(f64) -> f64) -> Result<Output, NumError> {
    match a.number() {
        Some(Number::Int(i)) => Ok(int_output(i)),
        _ => whole(how(math::real(a)?)),
    }
}

fn no_round(a: Operand<'_>) -> NumError {
    NumError::type_error(format!("type {} doesn't define __round__ method", a.type_name()))
}

/// What a setting ([`Builtin1::is_setting`]) is to be.
pub(super) fn setting(which: Builtin1, a: Operand<'_>) -> Result<u32, NumError> {
    let value = match index(a)? {
        Int::Small(value) => i32::try_from(value).ok(),
        Int::Big(_) => None,
    };
    let value = value.ok_or_else(|| NumError::overflow("Python int too large to convert to C int"))?;
    match (which, u32::try_from(value)) {
        (Builtin1::SetMaxStrDigits, Ok(digits)) if digits == 0 || digits >= LEAST_STR_DIGITS => Ok(digits),
        (Builtin1::SetMaxStrDigits, _) => {
            Err(NumError::value(format!("maxdigits must be 0 or larger than {LEAST_STR_DIGITS}")))
        }
        (_, Ok(limit @ 1..)) => Ok(limit),
        _ => Err(NumError::value("recursion limit must be greater or equal than 1")),
    }
}

fn to_int(a: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    match (a.number(), a) {
        (Some(Number::Int(i)), _) => Ok(int_output(i)),
        (Some(Number::Float(f)), _) => whole(f.trunc()),
        (None, Operand::Str(s)) => parse_int(s, 10, watch),
        _ => Err(NumError::type_error(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            a.type_name()
        ))),
    }
}

fn int_of_base(a: Operand<'_>, base: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    let base = match index(base)? {
        Int::Small(base @ (0 | 2..=36)) => base as u32,
        _ => return Err(NumError::value("int() base must be >= 2 and <= 36, or 0")),
    };
    match a {
        Operand::Str(s) => parse_int(s, base, watch),
        _ => Err(NumError::type_error("int() can't convert non-string with explicit base")),
    }
}

/// A number without what Python strips from both ends of it: of plain text the blanks of ASCII, else those of Unicode.
fn stripped(s: &str) -> &str {
    if s.is_ascii() {
        return s.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    }
    s.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
}

/// Characters of a str that a message quotes at the most. (CPython quotes all of it where it is read as a float.)
const MOST_QUOTED: usize = 100_000;

fn parse_int(s: &str, base: u32, watch: &Watch) -> Result<Output, NumError> {
    match read_int(s, base, watch)? {
        Some(int) => Ok(int),
        None => {
            // Python shows the first 200 characters.
            let shown = text::repr_start(s, 200, watch)?;
            let message = format!("invalid literal for int() with base {base}: {shown}");
            Err(NumError::raised(ErrorKind::ValueError, message))
        }
    }
}

fn read_int(s: &str, base: u32, watch: &Watch) -> Result<Option<Output>, NumError> {
    watch.step(s.len() as u64)?;
    let trimmed = stripped(s);
    let (negative, unsigned) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let prefix_base = match unsigned.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => 0,
    };
    let (radix, digits) = if prefix_base != 0 && (base == 0 || base == prefix_base) {
        (prefix_base, unsigned[2..].strip_prefix('_').unwrap_or(&unsigned[2..]))
    } else {
        (if base == 0 { 10 } else { base }, unsigned)
    };
    // Each look at all digits is a step.
    let look = || watch.step(digits.len() as u64);
    // Python counts the digits before it looks at what follows them.
    let max = watch.limits.max_str_digits;
    if !radix.is_power_of_two() && max != 0 && digits.len() > max as usize {
        look()?;
        let Some(count) = leading_digits(digits, radix) else { return Ok(None) };
        if count > max as usize {
            return Err(NumError::value(format!(
                "Exceeds the limit ({max} digits) for integer string conversion: value has {count} digits; \
                 use sys.set_int_max_str_digits() to increase the limit"
            )));
        }
    }
    let is_digit = |c: char| c.is_digit(radix);
    look()?;
    let Some(plain) = text::without_underscores(digits, is_digit) else { return Ok(None) };
    look()?;
    if plain.is_empty() || !plain.bytes().all(|byte| is_digit(byte.into())) {
        return Ok(None);
    }
    look()?;
    let significant = plain.trim_start_matches('0');
    // As a literal, "010" would be a mistake.
    if base == 0 && prefix_base == 0 && plain.starts_with('0') && !significant.is_empty() {
        return Ok(None);
    }
    if significant.is_empty() {
        return Ok(Some(Output::Int(0)));
    }
    let limits = &watch.limits;
    // So many digits after the first one are so many bits at the least.
    let least = (significant.len() as u64 - 1).saturating_mul(u64::from(radix.ilog2()));
    if least > limits.int_bits().max(63) {
        return Err(limits.int_too_large());
    }
    let Some(magnitude) = big::from_digits(significant, radix, watch)? else { return Ok(None) };
    let sign = if negative { Sign::Negative } else { Sign::Positive };
    limits.int_output(IBig::from_parts(sign, magnitude)).map(Some)
}

/// How many digits a text begins with, single underscores between them aside; `None` if an underscore stands elsewhere.
fn leading_digits(text: &str, radix: u32) -> Option<usize> {
    let mut count = 0;
    let mut previous = b'_';
    for byte in text.bytes() {
        match byte {
            b'_' if previous == b'_' => return None,
            b'_' => {}
            digit if char::from(digit).is_digit(radix) => count += 1,
            _ => break,
        }
        previous = byte;
    }
    (previous != b'_').then_some(count)
}

fn parse_float(s: &str, watch: &Watch) -> Result<f64, NumError> {
    watch.step(s.len() as u64)?;
    let trimmed = stripped(s);
    watch.step(trimmed.len() as u64)?;
    let plain = text::without_underscores(trimmed, |c| c.is_ascii_digit());
    watch.step(trimmed.len() as u64)?;
    // Rust's grammar of floats is Python's.
    match plain.and_then(|plain| plain.parse::<f64>().ok()) {
        Some(float) => Ok(float),
        None => {
            let shown = text::repr_start(s, MOST_QUOTED, watch)?;
            let message = format!("could not convert string to float: {shown}");
            Err(NumError::raised(ErrorKind::ValueError, message))
        }
    }
}

fn chr(code: Int<'_>) -> Result<Output, NumError> {
    let code = match code {
        Int::Small(code) => code,
        Int::Big(_) => return Err(NumError::overflow("Python int too large to convert to C int")),
    };
    if i32::try_from(code).is_err() {
        return Err(NumError::overflow("Python int too large to convert to C int"));
    }
    match u32::try_from(code).ok().and_then(char::from_u32) {
        Some(c) => Ok(Output::Str(c.to_string())),
        None if (0xd800..=0xdfff).contains(&code) => Err(NumError::value("surrogates are not supported")),
        None => Err(NumError::value("chr() arg not in range(0x110000)")),
    }
}

fn in_base(a: Int<'_>, radix: u8, prefix: &str, watch: &Watch) -> Result<Output, NumError> {
    let cost = written(a.bits().div_ceil(u64::from(radix.ilog2())), &watch.limits)?;
    watch.step(cost.fuel)?;
    let sign = if a.is_negative() { "-" } else { "" };
    let text = format!("{sign}{prefix}{}", int::magnitude(&a.to_big()).in_radix(radix));
    if text.len() as u64 > watch.limits.max_str_bytes {
        return Err(watch.limits.str_too_large());
    }
    Ok(Output::Str(text))
}

fn divmod(op: BinOp, a: Operand<'_>, b: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    match (a.number(), b.number()) {
        (Some(Number::Int(_)), Some(Number::Int(y))) => {
            if y.is_zero() {
                return Err(NumError::zero("integer division or modulo by zero"));
            }
        }
        (Some(x), Some(y)) => {
            x.to_f64()?;
            if y.to_f64()? == 0.0 {
                return Err(NumError::zero("float divmod()"));
            }
        }
        _ => {
            let (a, b) = (a.type_name(), b.type_name());
            return Err(NumError::type_error(format!(
                "unsupported operand type(s) for divmod(): '{a}' and '{b}'"
            )));
        }
    }
    super::binary(op, a, b, watch)
}

/// `round(a, b)`.
fn round_to(a: Operand<'_>, b: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    if matches!(b, Operand::None) {
        return call1(Builtin1::Round, a, watch);
    }
    let number = a.number().ok_or_else(|| no_round(a))?;
    let places = match index(b)? {
        Int::Small(places) => places,
        Int::Big(places) if places.sign() == Sign::Positive => i64::MAX,
        Int::Big(_) => i64::MIN,
    };
    match number {
        Number::Float(f) => round_float(f, places, watch).map(Output::Float),
        Number::Int(i) if places >= 0 => Ok(int_output(i)),
        Number::Int(i) => {
            // Ten to so high a power is more than twice the number.
            if places.unsigned_abs() > text::most_digits(i.bits()) + 1 {
                return Ok(Output::Int(0));
            }
            let unit = big::pow(&UBig::from(10u8), places.unsigned_abs() as usize, watch)?;
            let i = i.to_big();
            let size = big::mul(&nearest(&int::magnitude(&i), &unit, watch)?, &unit, watch)?;
            watch.limits.int_output(IBig::from_parts(i.sign(), size))
        }
    }
}

/// The int nearest to `a / b`, ties to even; `b` is not zero.
fn nearest(a: &UBig, b: &UBig, watch: &Watch) -> Result<UBig, NumError> {
    let (quotient, remainder) = big::div_rem(a, b, watch)?;
    let twice = remainder << 1;
    Ok(if twice > *b || (twice == *b && quotient.bit(0)) { quotient + UBig::ONE } else { quotient })
}

/// A float rounded to decimals, or to tens, exactly: as if all its digits had been written down.
fn round_float(f: f64, places: i64, watch: &Watch) -> Result<f64, NumError> {
    // Beyond these no float changes, or none is left.
    if !f.is_finite() || places > 323 {
        return Ok(f);
    }
    if places < -308 {
        return Ok(0.0 * f);
    }
    let result = if places >= 0 {
        let places = places as usize;
        format!("{f:.places$}").parse().unwrap_or(f)
    } else {
        let bits = f.abs().to_bits();
        let (mantissa, exponent) = ((bits & ((1 << 52) - 1)) | 1 << 52, ((bits >> 52) & 0x7ff) as i64 - 1075);
        // Less than 1 is nothing beside ten; the shift is short for anything else.
        if exponent < -60 {
            return Ok(0.0f64.copysign(f));
        }
        let zeros = places.unsigned_abs() as usize;
        let value = UBig::from(mantissa) << exponent.max(0) as usize;
        let unit = UBig::from(10u8).pow(zeros) << (-exponent).max(0) as usize;
        let tens = nearest(&value, &unit, watch)?;
        let rounded: f64 = format!("{tens}e{zeros}").parse().unwrap_or(f);
        rounded.copysign(f)
    };
    if result.is_infinite() {
        return Err(NumError::overflow("rounded value too large to represent"));
    }
    Ok(result)
}

/// `pow(a, b, c)`.
pub(super) fn pow_mod(
    a: Operand<'_>,
    b: Operand<'_>,
    c: Operand<'_>,
    watch: &Watch,
) -> Result<Output, NumError> {
    if matches!(c, Operand::None) {
        return super::binary(BinOp::Pow, a, b, watch);
    }
    let (Some(base), Some(exponent), Some(modulus)) = (a.int(), b.int(), c.int()) else {
        let all = [a, b, c];
        // The first float that is asked refuses, whatever the others are; ints and strs leave it to the next.
        if all.iter().any(|o| matches!(o, Operand::Float(_))) {
            return Err(NumError::type_error(
                "pow() 3rd argument not allowed unless all arguments are integers",
            ));
        }
        let [a, b, c] = all.map(Operand::type_name);
        return Err(NumError::type_error(format!(
            "unsupported operand type(s) for ** or pow(): '{a}', '{b}', '{c}'"
        )));
    };
    if modulus.is_zero() {
        return Err(NumError::value("pow() 3rd argument cannot be 0"));
    }
    let (base, exponent, modulus) = (base.to_big(), exponent.to_big(), modulus.to_big());
    let size = int::magnitude(&modulus);
    if size.is_one() {
        return Ok(Output::Int(0));
    }
    let rest = big::div_rem(&int::magnitude(&base), &size, watch)?.1;
    let mut base = if base.sign() == Sign::Negative && !rest.is_zero() { &size - rest } else { rest };
    if exponent.sign() == Sign::Negative {
        base = big::inverse(&base, &size, watch)?
            .ok_or_else(|| NumError::value("base is not invertible for the given modulus"))?;
    }
    let result = IBig::from(big::pow_mod(&base, &int::magnitude(&exponent), &size, watch)?);
    // The result has the sign of the modulus.
    let result = if modulus.sign() == Sign::Negative && !result.is_zero() {
        result + modulus.as_ref()
    } else {
        result
    };
    watch.limits.int_output(result)
}

fn bits(a: Operand<'_>) -> u64 {
    a.int().map_or(0, Int::bits)
}

/// Bytes of text that one unit of fuel copies.
const BYTES_PER_FUEL: u64 = 8;
/// Bytes of text that are read one by one for nothing.
const FREE_BYTES: u64 = 32;

/// From this magnitude on the int of a float may need more than 64 bits. Fast paths go up to it or less, and reserve nothing.
const BEYOND_64_BITS: f64 = 9_223_372_036_854_775_808.0;
/// Bits of the largest float's int.
const FLOAT_BITS: u64 = 1024;

/// The cost of [`call1`].
///
/// # Errors
/// If the result is certain to be too large.
pub(super) fn cost1(builtin: Builtin1, a: Operand<'_>, limits: &NumberLimits) -> Result<Cost, NumError> {
    let bits = bits(a);
    let same = Cost::new(if bits <= 128 { 0 } else { words(bits) }, result_bytes(bits));
    let of_float = Cost::new(0, result_bytes(FLOAT_BITS));
    Ok(match builtin {
        Builtin1::Pos | Builtin1::Abs | Builtin1::Index => same,
        Builtin1::Int => match a {
            Operand::Str(s) => reading(s, 10, limits),
            Operand::Float(f) if f.abs() >= BEYOND_64_BITS => of_float,
            _ => same,
        },
        Builtin1::Round | Builtin1::Floor | Builtin1::Ceil | Builtin1::Trunc => match a {
            Operand::Float(f) if f.abs() >= BEYOND_64_BITS => of_float,
            _ => same,
        },
        Builtin1::Str => match a {
            Operand::Str(s) => copied(s.len() as u64, limits)?,
            _ => number_text(a, limits)?,
        },
        Builtin1::Repr | Builtin1::Ascii => match a {
            Operand::Str(s) => {
                // No character becomes more than four times as long, and none shorter.
                let (least, most) = (s.len() as u64 + 2, s.len() as u64 * 4 + 2);
                if builtin == Builtin1::Repr && least > limits.max_str_bytes {
                    return Err(limits.str_too_large());
                }
                let bytes = most.min(limits.max_str_bytes.saturating_add(2));
                Cost::new(text::escape_work(s).saturating_sub(FREE_BYTES), bytes)
            }
            _ => number_text(a, limits)?,
        },
        Builtin1::Len | Builtin1::Ord => match a {
            Operand::Str(s) => Cost::new(s.len() as u64 / BYTES_PER_FUEL, 0),
            _ => Cost::default(),
        },
        Builtin1::Float => match a {
            Operand::Str(s) => Cost::new(one_by_one(s, MOST_QUOTED), 0),
            _ => Cost::default(),
        },
        Builtin1::Bin => written(bits, limits)?,
        Builtin1::Oct => written(bits.div_ceil(3), limits)?,
        Builtin1::Hex => written(bits.div_ceil(4), limits)?,
        Builtin1::Chr => Cost::new(0, 4),
        Builtin1::TypeName => Cost::new(0, 8),
        Builtin1::Isqrt => {
            let half = words(bits).div_ceil(2);
            let fuel = if bits <= 128 { 0 } else { quotient_cost(words(bits), half).saturating_mul(2) };
            Cost::new(fuel, result_bytes(bits / 2 + 1)).with_scratch(4)
        }
        Builtin1::Factorial => match a.int() {
            Some(Int::Small(n)) if n > 1 => {
                let (least, most) = math::factorial_bits(n as u64);
                check(least, limits)?;
                let fuel = if most <= 128 { 0 } else { products_cost(n as u64, most) };
                Cost::new(fuel, result_bytes(most)).with_scratch(2)
            }
            _ => Cost::default(),
        },
        _ => Cost::default(),
    })
}

/// What is no str as a str.
fn number_text(a: Operand<'_>, limits: &NumberLimits) -> Result<Cost, NumError> {
    let cost = super::text_cost(a, limits);
    // Fuel is charged for ints whose digits are many, but not too many.
    if cost.fuel > 0 && text::least_digits(bits(a)) > limits.max_str_bytes {
        return Err(limits.str_too_large());
    }
    Ok(cost)
}

/// An int of so many bits at the least.
fn check(least: u64, limits: &NumberLimits) -> Result<(), NumError> {
    if least > limits.int_bits().max(63) { Err(limits.int_too_large()) } else { Ok(()) }
}

/// Looking at each byte of a str, and perhaps quoting its start in a message.
fn one_by_one(s: &str, quoted: usize) -> u64 {
    let quoted = text::escape_work(text::start(s, quoted));
    (4 * s.len() as u64 + quoted).saturating_sub(9 * FREE_BYTES)
}

/// Reading a str as an int.
fn reading(s: &str, radix: u64, limits: &NumberLimits) -> Cost {
    let length = s.len() as u64;
    let most = u64::from(limits.max_str_digits);
    let digits = if radix.is_power_of_two() {
        length
    } else if most != 0 && length > 2 * most + FREE_BYTES {
        // Too many, unless most are blanks, zeros or underscores; then those who are not are few.
        2 * most
    } else {
        length
    };
    // A digit has less than one bit more than this.
    let bits = digits.saturating_mul(u64::from(radix.ilog2()) + 1).min(limits.int_bits().saturating_add(64));
    let work = if radix.is_power_of_two() || digits < 40 { 0 } else { big::digits_work(digits) };
    let bytes = if digits < 19 { 0 } else { result_bytes(bits) };
    Cost::new(one_by_one(s, 200).saturating_add(work), bytes).with_scratch(4)
}

/// A text of so many bytes that is copied.
fn copied(bytes: u64, limits: &NumberLimits) -> Result<Cost, NumError> {
    if bytes > limits.max_str_bytes {
        return Err(limits.str_too_large());
    }
    Ok(Cost::new(bytes / BYTES_PER_FUEL, bytes))
}

/// So many digits of an int, with a prefix and perhaps a sign.
fn written(digits: u64, limits: &NumberLimits) -> Result<Cost, NumError> {
    let cost = copied(digits.saturating_add(2), limits)?;
    let fuel = if digits <= 128 { cost.fuel } else { digits };
    Ok(Cost::new(fuel, cost.result_bytes + 1))
}

/// The product of so many ints, which has so many bits.
fn products_cost(count: u64, bits: u64) -> u64 {
    let half = words(bits).div_ceil(2);
    // Each level of the tree has 0.7 of the work of the one above.
    let work = product_cost(half, half).saturating_mul(7) / 2;
    work.saturating_add(count.saturating_mul(big::FACTOR_WORK))
}

/// The cost of [`call2`].
///
/// # Errors
/// If the result is certain to be too large.
pub(super) fn cost2(
    builtin: Builtin2,
    a: Operand<'_>,
    b: Operand<'_>,
    limits: &NumberLimits,
) -> Result<Cost, NumError> {
    let (x, y) = (bits(a), bits(b));
    Ok(match builtin {
        Builtin2::IntBase => match (a, b.int()) {
            (Operand::Str(s), Some(Int::Small(base @ (0 | 2..=36)))) => {
                // A prefix may say that it is 16; what costs most decides.
                let cost = reading(s, base.max(10) as u64 | 1, limits);
                if (base as u64).is_power_of_two() { reading(s, base as u64, limits) } else { cost }
            }
            _ => Cost::default(),
        },
        Builtin2::RoundTo if matches!(b, Operand::None) => cost1(Builtin1::Round, a, limits)?,
        Builtin2::RoundTo => match (a, b.int()) {
            (Operand::Float(_), _) => Cost::new(ROUND_WORK, 0),
            (_, Some(places)) if places.is_negative() && x > 0 => {
                let units = match places {
                    Int::Small(places) => places.unsigned_abs(),
                    Int::Big(_) => u64::MAX,
                };
                // Bits of ten to that power; beyond the number's own they need not be made.
                let unit = units.min(text::most_digits(x) + 2) * 10 / 3 + 1;
                let work = product_cost(words(unit), words(unit)).saturating_mul(4);
                let fuel = work.saturating_add(quotient_cost(words(x), words(unit)));
                let free = x.max(unit) <= 128;
                Cost::new(if free { ROUND_WORK } else { fuel + ROUND_WORK }, result_bytes(x + 5))
                    .with_scratch(4)
            }
            _ => cost1(Builtin1::Pos, a, limits)?,
        },
        Builtin2::DivmodQuotient => super::binary_cost(BinOp::FloorDiv, a, b, limits)?,
        Builtin2::DivmodRemainder => super::binary_cost(BinOp::Mod, a, b, limits)?,
        Builtin2::Format => {
            let Operand::Str(spec) = b else { return Ok(Cost::default()) };
            format::cost(a, spec, limits)?
        }
        Builtin2::In => match (a, b) {
            (Operand::Str(piece), Operand::Str(whole)) => {
                Cost::new(text::search_work(whole.len(), piece.len()).saturating_sub(2 * FREE_BYTES), 0)
            }
            _ => Cost::default(),
        },
        Builtin2::Gcd | Builtin2::Lcm => {
            let (long, short) = (words(x.max(y)), words(x.min(y)));
            let lines = short.saturating_mul(64) / big::STEPS_BITS + 2;
            let mut fuel = quotient_cost(long, short)
                .saturating_add(lines.saturating_mul(big::STEPS_WORK + short))
                .saturating_add(short.saturating_mul(short) * 2);
            let mut result = x.max(y) + 1;
            if builtin == Builtin2::Lcm {
                fuel =
                    fuel.saturating_add(quotient_cost(long, short)).saturating_add(product_cost(long, short));
                result = x.saturating_add(y);
            }
            Cost::new(if x.max(y) <= 128 { 0 } else { fuel }, result_bytes(result)).with_scratch(4)
        }
        Builtin2::Perm if matches!(b, Operand::None) => cost1(Builtin1::Factorial, a, limits)?,
        Builtin2::Comb | Builtin2::Perm => match (a.int(), b.int()) {
            (Some(n), Some(k)) => match math::Choices::new(builtin, n, k) {
                Ok(Ok(choices)) => choices_cost(&choices, limits)?,
                // A result that is known, or an error to raise.
                Ok(Err(_)) | Err(_) => Cost::default(),
            },
            _ => Cost::default(),
        },
        _ => Cost::default(),
    })
}

/// Work of rounding a float to a number of decimals.
const ROUND_WORK: u64 = 32;

fn choices_cost(choices: &math::Choices, limits: &NumberLimits) -> Result<Cost, NumError> {
    let (least, most) = choices.bits();
    check(least, limits)?;
    let tree = |(count, bits): (u64, u64)| {
        let all = count.saturating_mul(bits);
        (products_cost(count, all), all)
    };
    let ((work, bits), (divisors_work, divisor)) = (tree(choices.factors()), tree(choices.divisors()));
    if bits <= 128 {
        return Ok(Cost::new(0, result_bytes(most)));
    }
    let division = if divisor == 0 { 0 } else { quotient_cost(words(bits), words(divisor)) };
    let fuel = work.saturating_add(divisors_work).saturating_add(division);
    let scratch = super::cost::scratch(result_bytes(bits).saturating_add(result_bytes(divisor)), 3);
    Ok(Cost { scratch_bytes: scratch, ..Cost::new(fuel, result_bytes(most)) })
}

/// The cost of [`pow_mod`].
pub(super) fn pow_mod_cost(
    a: Operand<'_>,
    b: Operand<'_>,
    c: Operand<'_>,
    limits: &NumberLimits,
) -> Result<Cost, NumError> {
    if matches!(c, Operand::None) {
        return super::binary_cost(BinOp::Pow, a, b, limits);
    }
    let (base, exponent, modulus) = (bits(a), bits(b), bits(c));
    let size = words(modulus);
    // A square and its remainder for each bit, and a product for some.
    let step = match size {
        0 | 1 => big::WORD_BIT_WORK,
        _ => product_cost(size, size).saturating_mul(5).saturating_add(4 * size + 4 + 2 * big::REDUCED_WORK),
    };
    let first = quotient_cost(words(base), size);
    let inverse = match b.int() {
        Some(exponent) if exponent.is_negative() => {
            let lines = size.saturating_mul(64) / big::STEPS_BITS;
            let lines = lines.saturating_mul(big::STEPS_WORK + 3 * size);
            lines.saturating_add(big::LAST_STEPS * (big::STEP_WORK + 3 * size))
        }
        _ => 0,
    };
    let fuel = exponent.saturating_mul(step).saturating_add(first).saturating_add(inverse);
    Ok(Cost::new(fuel, result_bytes(modulus)).with_scratch(40))
}
