//! `format(value, spec)`: Python's little language for how a value becomes text.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. A spec is
//! `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`. Whoever calls has asked [`cost`] first what the
//! result may cost, and has paid.

use std::borrow::Cow;

use bytecode::Builtin1;

use super::cost::{Cost, words};
use super::int::Int;
use super::{ErrorKind, NumError, NumberLimits, Operand, Output, Watch, big, text};

/// No float has more decimals, or more digits, than this; what is asked for beyond are zeros.
const MOST_DECIMALS: usize = 1100;

/// What a spec says. Numbers that were not given are `None`.
#[derive(Clone, Debug)]
struct Spec {
    fill: char,
    align: Option<char>,
    sign: Option<char>,
    no_negative_zero: bool,
    alternate: bool,
    zero: bool,
    width: Option<usize>,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn refuse<T>(message: impl Into<Cow<'static, str>>) -> Result<T, NumError> {
    Err(NumError::raised(ErrorKind::ValueError, message))
}

/// What is left of a spec.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.0 = &self.0[c.len_utf8()..];
        Some(c)
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        if self.peek().is_some_and(wanted) { self.next() } else { None }
    }

    /// A number, however many zeros it begins with; an absurd one is an error, as in CPython.
    fn number(&mut self) -> Result<Option<usize>, NumError> {
        let bytes = self.0.as_bytes();
        let zeros = bytes.iter().position(|&byte| byte != b'0').unwrap_or(bytes.len());
        let digits = bytes[zeros..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.0.split_at(zeros + digits);
        self.0 = rest;
        match number[zeros..].parse::<i64>() {
            Ok(value) => Ok(Some(value as usize)),
            Err(_) if digits > 0 => refuse("Too many decimal digits in format string"),
            Err(_) => Ok((zeros > 0).then_some(0)),
        }
    }
}

fn parse(spec: &str, default_align: char, type_name: &str) -> Result<Spec, NumError> {
    let mut parsed = Spec {
        fill: ' ',
        align: None,
        sign: None,
        no_negative_zero: false,
        alternate: false,
        zero: false,
        width: None,
        grouping: None,
        precision: None,
        kind: None,
    };
    let is_align = |c: char| matches!(c, '<' | '>' | '=' | '^');
    let mut chars = Rest(spec);
    let mut ahead = spec.chars();
    let mut fill_given = false;
    match (ahead.next(), ahead.next()) {
        (Some(fill), Some(align)) if is_align(align) => {
            (parsed.fill, parsed.align) = (fill, Some(align));
            fill_given = true;
            chars.next();
            chars.next();
        }
        (Some(align), _) if is_align(align) => {
            parsed.align = Some(align);
            chars.next();
        }
        _ => {}
    }
    parsed.sign = chars.next_if(|c| matches!(c, '+' | '-' | ' '));
    parsed.no_negative_zero = chars.next_if(|c| c == 'z').is_some();
    parsed.alternate = chars.next_if(|c| c == '#').is_some();
    if !fill_given && chars.next_if(|c| c == '0').is_some() {
        parsed.fill = '0';
        parsed.zero = true;
        if parsed.align.is_none() && default_align == '>' {
            parsed.align = Some('=');
        }
    }
    parsed.width = chars.number()?;
    if chars.next_if(|c| c == ',').is_some() {
        parsed.grouping = Some(',');
    }
    if chars.next_if(|c| c == '_').is_some() {
        if parsed.grouping.is_some() {
            return refuse("Cannot specify both ',' and '_'.");
        }
        parsed.grouping = Some('_');
    }
    if chars.peek() == Some(',') {
        return refuse(if parsed.grouping == Some('_') {
            "Cannot specify both ',' and '_'."
        } else {
            "Cannot specify ',' with ','."
        });
    }
    if chars.next_if(|c| c == '.').is_some() {
        parsed.precision = chars.number()?;
        if parsed.precision.is_none() {
            return refuse("Format specifier missing precision");
        }
    }
    parsed.kind = chars.next();
    if chars.next().is_some() {
        return refuse(format!("Invalid format specifier '{spec}' for object of type '{type_name}'"));
    }
    let implied = (default_align == '<').then_some('s');
    if let (Some(grouping), Some(kind)) = (parsed.grouping, parsed.kind.or(implied)) {
        let allowed = match kind {
            'd' | 'e' | 'f' | 'g' | 'E' | 'G' | '%' | 'F' => true,
            'b' | 'o' | 'x' | 'X' => grouping == '_',
            _ => false,
        };
        if !allowed {
            let shown = if kind > ' ' && kind < '\u{80}' {
                format!("'{kind}'")
            } else {
                format!("'\\x{:x}'", u32::from(kind))
            };
            return refuse(format!("Cannot specify '{grouping}' with {shown}."));
        }
    }
    Ok(parsed)
}

fn unknown_code<T>(kind: char, type_name: &str) -> Result<T, NumError> {
    if kind > ' ' && kind < '\u{80}' {
        refuse(format!("Unknown format code '{kind}' for object of type '{type_name}'"))
    } else {
        refuse(format!("Unknown format code '\\x{:x}' for object of type '{type_name}'", u32::from(kind)))
    }
}

/// Characters that a float has without being asked for.
const FLOAT_CHARACTERS: u64 = 320;
/// Fuel for reading a spec and for a result of usual length.
const USUAL_WORK: u64 = 64;

/// The cost of [`format()`].
///
/// # Errors
/// If the result is certain to be too long.
pub(super) fn cost(a: Operand<'_>, spec: &str, limits: &NumberLimits) -> Result<Cost, NumError> {
    let reading = Cost::new(USUAL_WORK + spec.len() as u64, 0);
    if spec.is_empty() {
        return super::builtin::cost1(Builtin1::Str, a, limits);
    }
    // What is refused costs no more than reading it. The default alignment decides about errors only.
    let Ok(spec) = parse(spec, '>', "") else { return Ok(reading) };
    // One that is too large is refused, if nothing else is wrong, before anything is made.
    let size = |n: Option<usize>| n.map_or(0, |n| n as u64).min(limits.max_str_bytes);
    let (width, precision) = (size(spec.width), size(spec.precision));
    let bits = a.int().map_or(0, Int::bits);
    // The characters of the value, and the work of finding them.
    let (value, work) = match (a, spec.kind) {
        (Operand::Str(s), _) => (s.len() as u64, s.len() as u64 / 2),
        (Operand::Float(_), _) | (_, Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) => {
            (FLOAT_CHARACTERS + precision, precision)
        }
        (_, Some('b')) => (bits, bits),
        (_, Some('o')) => (bits.div_ceil(3), bits.div_ceil(3)),
        (_, Some('x' | 'X')) => (bits.div_ceil(4), bits.div_ceil(4)),
        _ if text::certainly_too_many_digits(bits, limits) => (0, 0),
        _ => {
            let digits = text::most_digits(bits);
            (digits, if words(bits) <= 2 { 0 } else { big::digits_work(digits) })
        }
    };
    let grouping = if spec.grouping.is_some() { 2 * value.max(width) } else { 0 };
    let most = width.saturating_mul(spec.fill.len_utf8() as u64) + value + value / 3 + 64;
    let fuel = reading.fuel + work + grouping + most.saturating_sub(2 * FLOAT_CHARACTERS);
    // The result cannot be longer than is allowed.
    Ok(Cost::new(fuel, most.min(limits.max_str_bytes)).with_scratch(2))
}

/// `format(a, spec)`.
///
/// # Errors
/// Those of Python, and a text that is too long.
pub(super) fn format(a: Operand<'_>, spec: &str, watch: &Watch) -> Result<Output, NumError> {
    watch.step(spec.len() as u64)?;
    if spec.is_empty() {
        return text::str(a, watch).map(Output::Str);
    }
    match a {
        Operand::None | Operand::Object(_) => Err(NumError::type_error(format!(
            "unsupported format string passed to {}.__format__",
            a.type_name()
        ))),
        Operand::Str(s) => format_str(s, &parse(spec, '<', "str")?, watch),
        Operand::Float(f) => format_float(f, &parse(spec, '>', "float")?, "float", watch),
        Operand::Bool(_) | Operand::Int(_) | Operand::Big(_) => {
            let type_name = a.type_name();
            let parsed = parse(spec, '>', type_name)?;
            match (parsed.kind, a.int()) {
                (None | Some('b' | 'c' | 'd' | 'o' | 'x' | 'X' | 'n'), Some(int)) => {
                    format_int(int, &parsed, watch)
                }
                (Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%'), Some(int)) => {
                    format_float(int.to_f64()?, &parsed, type_name, watch)
                }
                (kind, _) => unknown_code(kind.unwrap_or(' '), type_name),
            }
        }
    }
}

fn format_str(s: &str, spec: &Spec, watch: &Watch) -> Result<Output, NumError> {
    if let Some(kind) = spec.kind.filter(|&k| k != 's') {
        return unknown_code(kind, "str");
    }
    if let Some(sign) = spec.sign {
        return refuse(if sign == ' ' {
            "Space not allowed in string format specifier"
        } else {
            "Sign not allowed in string format specifier"
        });
    }
    if spec.no_negative_zero {
        return refuse("Negative zero coercion (z) not allowed in string format specifier");
    }
    if spec.alternate {
        return refuse("Alternate form (#) not allowed in string format specifier");
    }
    if spec.align == Some('=') {
        return refuse("'=' alignment not allowed in string format specifier");
    }
    watch.step(s.len() as u64 / 2)?;
    let shown = spec.precision.map_or(s, |precision| text::start(s, precision));
    padded("", "", shown, spec, '<', watch)
}

fn format_int(int: Int<'_>, spec: &Spec, watch: &Watch) -> Result<Output, NumError> {
    if spec.precision.is_some() {
        return refuse("Precision not allowed in integer format specifier");
    }
    if spec.no_negative_zero {
        return refuse("Negative zero coercion (z) not allowed in integer format specifier");
    }
    if spec.kind == Some('c') {
        if spec.sign.is_some() {
            return refuse("Sign not allowed with integer format specifier 'c'");
        }
        if spec.alternate {
            return refuse("Alternate form (#) not allowed with integer format specifier 'c'");
        }
        let code = match int {
            Int::Small(i) => u32::try_from(i).ok().and_then(char::from_u32),
            Int::Big(_) => {
                return Err(NumError::overflow("Python int too large to convert to C long"));
            }
        };
        return match code {
            Some(c) => padded("", "", &c.to_string(), spec, '>', watch),
            None => Err(NumError::overflow("%c arg not in range(0x110000)")),
        };
    }
    let (radix, prefix, group): (u8, _, _) = match spec.kind {
        Some('b') => (2, "0b", 4),
        Some('o') => (8, "0o", 4),
        Some('x') => (16, "0x", 4),
        Some('X') => (16, "0X", 4),
        _ => (10, "", 3),
    };
    let mut digits = match (int, radix) {
        (Int::Small(i), 10) => i.unsigned_abs().to_string(),
        (Int::Big(i), 10) => {
            let shown = text::str(Operand::Big(i), watch)?;
            shown.trim_start_matches('-').to_owned()
        }
        (int, radix) => {
            let length = int.bits() / u64::from(radix.ilog2());
            check_length(length as usize, &watch.limits)?;
            watch.step(length)?;
            super::int::magnitude(&int.to_big()).in_radix(radix).to_string()
        }
    };
    if spec.kind == Some('X') {
        digits.make_ascii_uppercase();
    }
    let prefix = if spec.alternate { prefix } else { "" };
    numeric(int.is_negative(), prefix, &digits, "", group, spec, watch)
}

fn format_float(f: f64, spec: &Spec, type_name: &str, watch: &Watch) -> Result<Output, NumError> {
    let kind = match spec.kind {
        Some('n') => 'g',
        Some(kind @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) => kind,
        None => ' ',
        Some(kind) => return unknown_code(kind, type_name),
    };
    if let Some(precision) = spec.precision {
        if precision > i32::MAX as usize {
            return refuse("precision too big");
        }
        if matches!(kind, 'e' | 'E' | 'f' | 'F' | '%') || spec.alternate {
            check_length(precision, &watch.limits)?;
            watch.step(precision as u64)?;
        }
    }
    let value = if kind == '%' { f * 100.0 } else { f };
    let size = value.abs();
    let mut body = if !size.is_finite() {
        (if size.is_nan() { "nan" } else { "inf" }).to_owned()
    } else {
        match kind {
            'f' | 'F' | '%' => fixed(size, spec.precision.unwrap_or(6), spec.alternate),
            'e' | 'E' => scientific(size, spec.precision.unwrap_or(6), spec.alternate),
            'g' | 'G' => general(size, spec.precision.unwrap_or(6), spec.alternate, false),
            _ => match spec.precision {
                Some(precision) => general(size, precision, spec.alternate, true),
                None => {
                    let mut shown = String::new();
                    text::write_float(&mut shown, size);
                    if spec.alternate && !shown.contains('.') {
                        shown = shown.replacen('e', ".e", 1);
                    }
                    shown
                }
            },
        }
    };
    if matches!(kind, 'E' | 'G' | 'F') {
        body.make_ascii_uppercase();
    }
    if kind == '%' {
        body.push('%');
    }
    let is_zero =
        !body.chars().take_while(|c| !matches!(c, 'e' | 'E')).any(|c| c.is_ascii_digit() && c != '0')
            && size.is_finite();
    let negative = value.is_sign_negative() && !value.is_nan() && !(spec.no_negative_zero && is_zero);
    let end = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
    let (digits, rest) = body.split_at(end);
    numeric(negative, "", digits, rest, 3, spec, watch)
}

/// With so many decimals.
fn fixed(size: f64, precision: usize, alternate: bool) -> String {
    let known = precision.min(MOST_DECIMALS);
    let mut shown = format!("{size:.known$}");
    shown.extend(std::iter::repeat_n('0', precision - known));
    if alternate && precision == 0 {
        shown.push('.');
    }
    shown
}

/// One digit, so many decimals, and an exponent of at least two digits.
fn scientific(size: f64, precision: usize, alternate: bool) -> String {
    let known = precision.min(MOST_DECIMALS);
    let shown = format!("{size:.known$e}");
    let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    let zeros = "0".repeat(precision - known);
    let point = if alternate && precision == 0 { "." } else { "" };
    format!("{mantissa}{zeros}{point}e{sign}{:02}", exponent.abs())
}

/// So many significant digits, fixed or scientific, whichever is shorter. `dot_zero`: it must look like a float.
fn general(size: f64, precision: usize, alternate: bool, dot_zero: bool) -> String {
    // Zeros that would be dropped again are not made.
    let precision = if alternate { precision } else { precision.min(2 * MOST_DECIMALS) }.max(1);
    let known = (precision - 1).min(MOST_DECIMALS);
    let shown = format!("{size:.known$e}");
    let exponent: i64 = shown.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let limit = precision as i64 - i64::from(dot_zero);
    let exponential =
        size != 0.0 && (exponent < -4 || exponent >= limit) || size == 0.0 && dot_zero && 0 >= limit;
    let mut body = if exponential {
        scientific(size, precision - 1, alternate)
    } else {
        fixed(size, (precision as i64 - 1 - exponent).max(0) as usize, alternate)
    };
    let (mut mantissa, tail) = match body.find('e') {
        Some(at) => {
            let tail = body.split_off(at);
            (body, tail)
        }
        None => (body, String::new()),
    };
    if !alternate && mantissa.contains('.') {
        let kept = mantissa.trim_end_matches('0').trim_end_matches('.').len();
        mantissa.truncate(kept);
    }
    if dot_zero && tail.is_empty() && !mantissa.contains('.') {
        mantissa.push_str(".0");
    }
    mantissa + &tail
}

/// Sign, prefix, grouped digits, the rest, padded.
fn numeric(
    negative: bool,
    prefix: &str,
    digits: &str,
    rest: &str,
    group: usize,
    spec: &Spec,
    watch: &Watch,
) -> Result<Output, NumError> {
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        (false, _) => "",
    };
    let align = spec.align.unwrap_or('>');
    let mut shown = match spec.grouping {
        Some(separator) if !digits.is_empty() => {
            // Zeros that fill the width are grouped with the digits.
            let least = if spec.fill == '0' && align == '=' {
                let others = sign.len() + prefix.len() + rest.chars().count();
                spec.width.unwrap_or(0).saturating_sub(others)
            } else {
                0
            };
            check_length(least, &watch.limits)?;
            grouped(digits, group, separator, least, watch)?
        }
        _ => digits.to_owned(),
    };
    shown.push_str(rest);
    padded(sign, prefix, &shown, spec, '>', watch)
}

fn check_length(characters: usize, limits: &NumberLimits) -> Result<(), NumError> {
    if characters as u64 > limits.max_str_bytes { Err(limits.str_too_large()) } else { Ok(()) }
}

/// The digits in groups, with zeros in front until there are `least` characters; never a separator in front.
fn grouped(
    digits: &str,
    group: usize,
    separator: char,
    least: usize,
    watch: &Watch,
) -> Result<String, NumError> {
    // Each group with its separator is that many characters, but the first has none: then one digit more.
    let mut count = digits.len().max(least - least / (group + 1));
    if count + (count - 1) / group < least {
        count += 1;
    }
    let mut all = String::with_capacity(count);
    text::append_times(&mut all, "0", count - digits.len(), watch)?;
    text::append(&mut all, digits, watch)?;
    let mut out = String::with_capacity(count + count / group);
    let first = (count - 1) % group + 1;
    out.push_str(&all[..first]);
    let mut at = first;
    while at < count {
        if (at - first).is_multiple_of(GROUPED_AT_ONCE * group) {
            watch.step((GROUPED_AT_ONCE.min(count - at) * group) as u64)?;
        }
        out.push(separator);
        out.push_str(&all[at..at + group]);
        at += group;
    }
    Ok(out)
}

/// Groups that are made between two steps of the watch.
const GROUPED_AT_ONCE: usize = 1 << 14;

fn padded(
    sign: &str,
    prefix: &str,
    body: &str,
    spec: &Spec,
    default_align: char,
    watch: &Watch,
) -> Result<Output, NumError> {
    watch.step(body.len() as u64 / 8)?;
    let length = sign.len() + prefix.len() + body.chars().count();
    let padding = spec.width.unwrap_or(0).saturating_sub(length);
    let bytes = sign.len() + prefix.len() + body.len();
    check_length(bytes.saturating_add(padding.saturating_mul(spec.fill.len_utf8())), &watch.limits)?;
    let align = spec.align.unwrap_or(default_align);
    let (before, inside, after) = match align {
        '<' => (0, 0, padding),
        '^' => (padding / 2, 0, padding - padding / 2),
        '=' => (0, padding, 0),
        _ => (padding, 0, 0),
    };
    let one = spec.fill.to_string();
    let mut out = String::with_capacity(bytes + padding * one.len());
    text::append_times(&mut out, &one, before, watch)?;
    out.push_str(sign);
    out.push_str(prefix);
    text::append_times(&mut out, &one, inside, watch)?;
    text::append(&mut out, body, watch)?;
    text::append_times(&mut out, &one, after, watch)?;
    Ok(Output::Str(out))
}
