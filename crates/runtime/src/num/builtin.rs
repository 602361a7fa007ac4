//! The builtin functions, and what they cost.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. One `match` for
//! the functions of one value, one for those of two; errors have CPython's words. The costs stand below and are
//! functions of types and sizes, as those of the operators are.

use bytecode::{BinOp, Builtin1, Builtin2};
use dashu_int::ops::{DivRem, RemEuclid};
use dashu_int::{IBig, Sign};

use super::cost::{Cost, int_bytes, product as product_cost, words};
use super::int::{self, Int};
use super::{ErrorKind, NumError, Number, NumberLimits, Operand, Output, format, math, text};

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
pub(super) fn call1(builtin: Builtin1, a: Operand<'_>, limits: &NumberLimits) -> Result<Output, NumError> {
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
        Builtin1::Int => return to_int(a, limits),
        Builtin1::Float => match (a.number(), a) {
            (Some(number), _) => Output::Float(number.to_f64()?),
            (None, Operand::Str(s)) => Output::Float(parse_float(s)?),
            _ => {
                return Err(NumError::type_error(format!(
                    "float() argument must be a string or a real number, not '{}'",
                    a.type_name()
                )));
            }
        },
        Builtin1::Str => Output::Str(text::str(a, limits)?),
        Builtin1::Repr => Output::Str(text::repr(a, limits)?),
        Builtin1::Ascii => Output::Str(ascii(&text::repr(a, limits)?)),
        Builtin1::Round => match a.number() {
            Some(Number::Int(i)) => int_output(i),
            Some(Number::Float(f)) => whole(f.round_ties_even())?,
            None => return Err(no_round(a)),
        },
        Builtin1::Len => match a {
            Operand::Str(s) => Output::Int(s.chars().count() as i64),
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
                        let length = s.chars().count();
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
        Builtin1::Bin => in_base(index(a)?, 2, "0b"),
        Builtin1::Oct => in_base(index(a)?, 8, "0o"),
        Builtin1::Hex => in_base(index(a)?, 16, "0x"),
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
        Builtin1::Isqrt => return math::isqrt(index(a)?),
        Builtin1::Factorial => return math::factorial(index(a)?, limits),
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
    limits: &NumberLimits,
) -> Result<Output, NumError> {
    match builtin {
        Builtin2::IntBase => int_of_base(a, b, limits),
        Builtin2::RoundTo => round_to(a, b, limits),
        Builtin2::DivmodQuotient => divmod(BinOp::FloorDiv, a, b, limits),
        Builtin2::DivmodRemainder => divmod(BinOp::Mod, a, b, limits),
        Builtin2::Format => match b {
            Operand::Str(spec) => format::format(a, spec, limits),
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
            (Operand::Str(piece), Operand::Str(whole)) => Ok(Output::Bool(whole.contains(piece))),
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
        Builtin2::Gcd => Ok(math::gcd(index(a)?, index(b)?)),
        Builtin2::Lcm => math::lcm(index(a)?, index(b)?, limits),
        Builtin2::Perm if matches!(b, Operand::None) => call1(Builtin1::Factorial, a, limits),
        Builtin2::Comb | Builtin2::Perm => math::choices(builtin, index(a)?, index(b)?, limits),
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

fn to_int(a: Operand<'_>, limits: &NumberLimits) -> Result<Output, NumError> {
    match (a.number(), a) {
        (Some(Number::Int(i)), _) => Ok(int_output(i)),
        (Some(Number::Float(f)), _) => whole(f.trunc()),
        (None, Operand::Str(s)) => parse_int(s, 10, limits),
        _ => Err(NumError::type_error(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            a.type_name()
        ))),
    }
}

fn int_of_base(a: Operand<'_>, base: Operand<'_>, limits: &NumberLimits) -> Result<Output, NumError> {
    let base = match index(base)? {
        Int::Small(base @ (0 | 2..=36)) => base as u32,
        _ => return Err(NumError::value("int() base must be >= 2 and <= 36, or 0")),
    };
    match a {
        Operand::Str(s) => parse_int(s, base, limits),
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

fn parse_int(s: &str, base: u32, limits: &NumberLimits) -> Result<Output, NumError> {
    let invalid = || {
        // Python shows the first 200 characters.
        let shown = text::repr(Operand::Str(s), &NumberLimits::default()).unwrap_or_default();
        let shown: String = shown.chars().take(200).collect();
        let message = format!("invalid literal for int() with base {base}: {shown}");
        NumError::raised(ErrorKind::ValueError, message)
    };
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
    // Python counts the digits before it looks at what follows them.
    let max = limits.max_str_digits;
    if !radix.is_power_of_two() && max != 0 && digits.len() > max as usize {
        let count = leading_digits(digits, radix).ok_or_else(invalid)?;
        if count > max as usize {
            return Err(NumError::value(format!(
                "Exceeds the limit ({max} digits) for integer string conversion: value has {count} digits; \
                 use sys.set_int_max_str_digits() to increase the limit"
            )));
        }
    }
    let plain = text::without_underscores(digits, |c| c.is_digit(radix)).ok_or_else(invalid)?;
    if plain.is_empty() || !plain.chars().all(|c| c.is_digit(radix)) {
        return Err(invalid());
    }
    // As a literal, "010" would be a mistake.
    if base == 0 && prefix_base == 0 && plain.starts_with('0') && plain.chars().any(|c| c != '0') {
        return Err(invalid());
    }
    // Each digit but the first is worth so many bits at least: what is certain to be too large is not read.
    let digits = plain.trim_start_matches('0').len() as u64;
    if digits.saturating_sub(1).saturating_mul(u64::from(radix.ilog2())) > limits.int_bits() {
        return Err(limits.int_too_large());
    }
    let magnitude = IBig::from_str_radix(&plain, radix).map_err(|_| invalid())?;
    limits.int_output(if negative { -magnitude } else { magnitude })
}

/// How many digits a text begins with, single underscores between them aside; `None` if an underscore stands elsewhere.
fn leading_digits(text: &str, radix: u32) -> Option<usize> {
    let mut count = 0;
    let mut previous = '_';
    for c in text.chars() {
        match c {
            '_' if previous == '_' => return None,
            '_' => {}
            c if c.is_digit(radix) => count += 1,
            _ => break,
        }
        previous = c;
    }
    (previous != '_').then_some(count)
}

fn parse_float(s: &str) -> Result<f64, NumError> {
    let invalid = || {
        let shown = text::repr(Operand::Str(s), &NumberLimits::default()).unwrap_or_default();
        NumError::raised(ErrorKind::ValueError, format!("could not convert string to float: {shown}"))
    };
    let trimmed = stripped(s);
    let plain = text::without_underscores(trimmed, |c| c.is_ascii_digit()).ok_or_else(invalid)?;
    // Rust's grammar of floats is Python's.
    plain.parse::<f64>().map_err(|_| invalid())
}

/// What `repr` gives, with everything beyond ASCII escaped.
fn ascii(repr: &str) -> String {
    let mut out = String::new();
    for c in repr.chars() {
        match u32::from(c) {
            0..=0x7f => out.push(c),
            code @ 0x80..=0xff => out.push_str(&format!("\\x{code:02x}")),
            code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
            code => out.push_str(&format!("\\U{code:08x}")),
        }
    }
    out
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

fn in_base(a: Int<'_>, radix: u8, prefix: &str) -> Output {
    let sign = if a.is_negative() { "-" } else { "" };
    Output::Str(format!("{sign}{prefix}{}", int::magnitude(&a.to_big()).in_radix(radix)))
}

fn divmod(op: BinOp, a: Operand<'_>, b: Operand<'_>, limits: &NumberLimits) -> Result<Output, NumError> {
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
    super::binary(op, a, b, limits)
}

/// `round(a, b)`.
fn round_to(a: Operand<'_>, b: Operand<'_>, limits: &NumberLimits) -> Result<Output, NumError> {
    if matches!(b, Operand::None) {
        return call1(Builtin1::Round, a, limits);
    }
    let number = a.number().ok_or_else(|| no_round(a))?;
    let places = match index(b)? {
        Int::Small(places) => places,
        Int::Big(places) if places.sign() == Sign::Positive => i64::MAX,
        Int::Big(_) => i64::MIN,
    };
    match number {
        Number::Float(f) => round_float(f, places).map(Output::Float),
        Number::Int(i) if places >= 0 => Ok(int_output(i)),
        Number::Int(i) => {
            // Ten to so high a power is more than twice the number.
            if places.unsigned_abs() > text::most_digits(i.bits()) + 1 {
                return Ok(Output::Int(0));
            }
            let unit = IBig::from(10).pow(places.unsigned_abs() as usize);
            limits.int_output(nearest(&i.to_big(), &unit) * unit)
        }
    }
}

/// The int nearest to `a / b`, ties to even; `b` is positive.
fn nearest(a: &IBig, b: &IBig) -> IBig {
    let remainder = IBig::from(a.rem_euclid(b));
    let quotient = (a - &remainder) / b;
    let twice = remainder * IBig::from(2);
    let odd = (&quotient).div_rem(&IBig::from(2)).1 != IBig::ZERO;
    if twice > *b || (twice == *b && odd) { quotient + IBig::ONE } else { quotient }
}

/// A float rounded to decimals, or to tens, exactly: as if all its digits had been written down.
fn round_float(f: f64, places: i64) -> Result<f64, NumError> {
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
        let value = IBig::from(mantissa) << exponent.max(0) as usize;
        let unit = IBig::from(10).pow(zeros) << (-exponent).max(0) as usize;
        let tens = nearest(&value, &unit);
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
    limits: &NumberLimits,
) -> Result<Output, NumError> {
    if matches!(c, Operand::None) {
        return super::binary(BinOp::Pow, a, b, limits);
    }
    let (Some(base), Some(exponent), Some(modulus)) = (a.int(), b.int(), c.int()) else {
        let all = [a, b, c];
        if all.iter().all(|o| o.number().is_some()) {
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
    let size = IBig::from(int::magnitude(&modulus));
    if size == IBig::ONE {
        return Ok(Output::Int(0));
    }
    let mut base = IBig::from(base.as_ref().rem_euclid(&size));
    if exponent.sign() == Sign::Negative {
        base = inverse(&base, &size)
            .ok_or_else(|| NumError::value("base is not invertible for the given modulus"))?;
    }
    let result = power_mod(base, &int::magnitude(&exponent).into(), &size);
    // The result has the sign of the modulus.
    let result = if modulus.sign() == Sign::Negative && !result.is_zero() { result - size } else { result };
    limits.int_output(result)
}

fn power_mod(base: IBig, exponent: &IBig, modulus: &IBig) -> IBig {
    let mut result = IBig::ONE;
    let (_, words) = exponent.as_sign_words();
    for at in (0..int::bits(exponent)).rev() {
        result = IBig::from((&result * &result).rem_euclid(modulus));
        let word = words.get((at / 64) as usize).copied().unwrap_or(0);
        if word >> (at % 64) & 1 == 1 {
            result = IBig::from((result * &base).rem_euclid(modulus));
        }
    }
    result
}

/// The number by which `a` must be multiplied to leave 1, if there is one.
fn inverse(a: &IBig, modulus: &IBig) -> Option<IBig> {
    let (mut old, mut new) = (modulus.clone(), a.clone());
    let (mut old_factor, mut new_factor) = (IBig::ZERO, IBig::ONE);
    while !new.is_zero() {
        let (quotient, remainder) = (&old).div_rem(&new);
        let factor = old_factor - quotient * &new_factor;
        (old_factor, new_factor) = (new_factor, factor);
        (old, new) = (new, remainder);
    }
    (old == IBig::ONE).then(|| IBig::from(old_factor.rem_euclid(modulus)))
}

fn bits(a: Operand<'_>) -> u64 {
    a.int().map_or(0, Int::bits)
}

/// Bytes of text that one unit of fuel copies.
const BYTES_PER_FUEL: u64 = 8;

/// From this magnitude on the int of a float may need more than 64 bits. Fast paths go up to it or less, and reserve nothing.
const BEYOND_64_BITS: f64 = 9_223_372_036_854_775_808.0;

/// The cost of [`call1`].
///
/// # Errors
/// If the result is certain to be too large.
pub(super) fn cost1(builtin: Builtin1, a: Operand<'_>, limits: &NumberLimits) -> Result<Cost, NumError> {
    let bits = bits(a);
    let same = Cost { fuel: if bits <= 128 { 0 } else { words(bits) }, result_bytes: int_bytes(bits) };
    Ok(match builtin {
        Builtin1::Pos | Builtin1::Abs | Builtin1::Index => same,
        Builtin1::Int => match a {
            // Reading 4300 digits takes as long as writing them.
            Operand::Str(s) => {
                let most = match limits.max_str_digits {
                    0 => limits.int_bits(),
                    digits => u64::from(digits) + 64,
                };
                let length = (s.len() as u64).min(most);
                // Longer ones are read in pieces, whose products take less than the square.
                let words = length.div_ceil(16);
                let work = (length * length / 512).min(words * (words.isqrt() + 1) * 14);
                let fuel = s.len() as u64 / BYTES_PER_FUEL + work;
                Cost { fuel, result_bytes: if length < 19 { 0 } else { length / 2 + 8 } }
            }
            Operand::Float(f) if f.abs() >= BEYOND_64_BITS => Cost { fuel: 0, result_bytes: 136 },
            _ => same,
        },
        Builtin1::Round | Builtin1::Floor | Builtin1::Ceil | Builtin1::Trunc => match a {
            Operand::Float(f) if f.abs() >= BEYOND_64_BITS => Cost { fuel: 0, result_bytes: 136 },
            _ => same,
        },
        Builtin1::Str => super::text_cost(a, limits),
        Builtin1::Repr | Builtin1::Ascii => {
            let cost = super::text_cost(a, limits);
            match a {
                Operand::Str(s) => text_cost(s.len() as u64 * 10 + 2, limits)?,
                _ => cost,
            }
        }
        Builtin1::Len | Builtin1::Float => match a {
            Operand::Str(s) => Cost { fuel: s.len() as u64 / BYTES_PER_FUEL, result_bytes: 0 },
            _ => Cost::default(),
        },
        Builtin1::Bin | Builtin1::Oct | Builtin1::Hex => text_cost(bits + 3, limits)?,
        Builtin1::Chr => Cost { fuel: 0, result_bytes: 4 },
        Builtin1::TypeName => Cost { fuel: 0, result_bytes: 8 },
        Builtin1::Isqrt => {
            let fuel = if bits <= 128 { 0 } else { product_cost(words(bits), words(bits)).saturating_mul(4) };
            Cost { fuel, result_bytes: int_bytes(bits / 2 + 1) }
        }
        Builtin1::Factorial => match a.int() {
            Some(Int::Small(n)) if n > 1 => products(n as u64, n as u64, limits)?,
            _ => Cost::default(),
        },
        _ => Cost::default(),
    })
}

fn text_cost(bytes: u64, limits: &NumberLimits) -> Result<Cost, NumError> {
    if bytes > limits.max_str_bytes {
        return Err(limits.str_too_large());
    }
    Ok(Cost { fuel: bytes / BYTES_PER_FUEL, result_bytes: bytes })
}

/// The cost of a product of `count` ints up to `high`.
fn products(high: u64, count: u64, limits: &NumberLimits) -> Result<Cost, NumError> {
    let bits = math::product_bits(high, count);
    // An eighth of that is certain: half of the factors have all but one of the bits.
    if bits / 8 > limits.int_bits().max(63) {
        return Err(limits.int_too_large());
    }
    let half = words(bits).div_ceil(2);
    let fuel = if bits <= 128 { 0 } else { product_cost(half, half).saturating_mul(2).saturating_add(count) };
    Ok(Cost { fuel, result_bytes: int_bytes(bits) })
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
        Builtin2::IntBase => {
            let cost = cost1(Builtin1::Int, a, limits)?;
            match a {
                Operand::Str(s) => Cost { result_bytes: s.len() as u64 + 8, ..cost },
                _ => cost,
            }
        }
        Builtin2::RoundTo if matches!(b, Operand::None) => cost1(Builtin1::Round, a, limits)?,
        Builtin2::RoundTo => cost1(Builtin1::Round, a, limits).map(|cost| Cost {
            fuel: cost.fuel.saturating_mul(16).saturating_add(32),
            result_bytes: int_bytes(x + 5),
        })?,
        Builtin2::DivmodQuotient => super::binary_cost(BinOp::FloorDiv, a, b, limits)?,
        Builtin2::DivmodRemainder => super::binary_cost(BinOp::Mod, a, b, limits)?,
        Builtin2::Format => {
            let spec = match b {
                Operand::Str(spec) => format::format_bytes(spec),
                _ => 0,
            };
            let value = super::text_cost(a, limits);
            // Binary digits are the most; separators make them a third longer.
            let digits = value.result_bytes.max(x + 3).saturating_mul(2);
            let cost = text_cost(spec.saturating_add(digits), limits)?;
            Cost { fuel: cost.fuel.saturating_add(value.fuel), ..cost }
        }
        Builtin2::In => match (a, b) {
            (Operand::Str(piece), Operand::Str(whole)) => {
                Cost { fuel: (piece.len() as u64 + whole.len() as u64) / BYTES_PER_FUEL, result_bytes: 0 }
            }
            _ => Cost::default(),
        },
        Builtin2::Gcd | Builtin2::Lcm => {
            let work = product_cost(words(x), words(y)).saturating_mul(8);
            let result = if builtin == Builtin2::Gcd { x.max(y) + 1 } else { x.saturating_add(y) };
            Cost { fuel: if x.max(y) <= 128 { 0 } else { work }, result_bytes: int_bytes(result) }
        }
        Builtin2::Perm if matches!(b, Operand::None) => cost1(Builtin1::Factorial, a, limits)?,
        Builtin2::Comb | Builtin2::Perm => match (a.int(), b.int()) {
            (Some(Int::Small(n)), Some(Int::Small(k))) if n > 0 && k > 0 && k <= n => {
                let (n, k) = (n as u64, k as u64);
                let count = if builtin == Builtin2::Comb { k.min(n - k) } else { k };
                if count > limits.int_bits().max(63) {
                    return Err(limits.int_too_large());
                }
                let bits = math::product_bits(n, count);
                let half = words(bits).div_ceil(2);
                let fuel = product_cost(half, half).saturating_mul(4).saturating_add(count);
                Cost { fuel: if bits <= 128 { 0 } else { fuel }, result_bytes: int_bytes(bits) }
            }
            _ => Cost::default(),
        },
        _ => Cost::default(),
    })
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
    // Two products and divisions for each bit.
    let step = product_cost(words(modulus), words(modulus)).saturating_mul(6).saturating_add(4);
    let first = product_cost(words(base), words(modulus)).saturating_mul(2);
    Ok(Cost { fuel: exponent.saturating_mul(step).saturating_add(first), result_bytes: int_bytes(modulus) })
}
