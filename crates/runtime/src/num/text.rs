//! Values as text, text as values, and the operators of strings.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`: what a
//! program prints and what it is given pass through here.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

use bytecode::BinOp;
use dashu_int::IBig;

use crate::object::text::unicode::{self, Property};

use super::int::{self, Int};
use super::{ErrorKind, NumError, NumberLimits, Operand, Output, Watch, big, search, unsupported};

/// The most digits that an argument may have in order to be read as an int.
const MAX_ARGUMENT_DIGITS: usize = 4300;

/// The operators where an operand is neither int nor float.
pub(super) fn binary(op: BinOp, a: Operand<'_>, b: Operand<'_>, watch: &Watch) -> Result<Output, NumError> {
    match (op, a, b) {
        (BinOp::Add, Operand::Str(x), Operand::Str(y)) => concat(x, y, watch),
        (BinOp::Add, Operand::Str(_), _) => {
            Err(NumError::type_error(format!("can only concatenate str (not \"{}\") to str", b.type_name())))
        }
        (BinOp::Mul, Operand::Str(s), times) | (BinOp::Mul, times, Operand::Str(s)) => match times.int() {
            Some(times) => repeat(s, times, watch),
            None => Err(NumError::type_error(format!(
                "can't multiply sequence by non-int of type '{}'",
                times.type_name()
            ))),
        },
        // Formatting is done where the values are: in `crate::object`.
        _ => Err(unsupported(op, a, b)),
    }
}

/// An empty string with room for so many bytes, if that is allowed and there.
fn room(bytes: u128, limits: &NumberLimits) -> Result<String, NumError> {
    let mut text = String::new();
    match usize::try_from(bytes) {
        Ok(size) if bytes <= u128::from(limits.max_str_bytes) && text.try_reserve_exact(size).is_ok() => {
            Ok(text)
        }
        _ => Err(limits.str_too_large()),
    }
}

/// Bytes that are copied, compared or counted between two steps of the watch.
const COPIED_AT_ONCE: usize = 1 << 20;

/// The order of two strs: that of their code points, which is that of their bytes in UTF-8.
pub(super) fn order(a: &str, b: &str, watch: &Watch) -> Result<Ordering, NumError> {
    let pieces = a.as_bytes().chunks(COPIED_AT_ONCE).zip(b.as_bytes().chunks(COPIED_AT_ONCE));
    for (x, y) in pieces {
        watch.step(x.len().min(y.len()) as u64 / 8)?;
        let order = x.cmp(y);
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(a.len().cmp(&b.len()))
}

/// How many characters a str has.
pub(super) fn length(s: &str, watch: &Watch) -> Result<usize, NumError> {
    let mut count = 0;
    let mut rest = s;
    while rest.len() > COPIED_AT_ONCE {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(COPIED_AT_ONCE));
        watch.step(piece.len() as u64 / 8)?;
        count += piece.chars().count();
        rest = more;
    }
    Ok(count + rest.chars().count())
}

/// Appends a str of any length.
pub(super) fn append(text: &mut String, part: &str, watch: &Watch) -> Result<(), NumError> {
    let mut rest = part;
    while rest.len() > COPIED_AT_ONCE {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(COPIED_AT_ONCE));
        watch.step(piece.len() as u64 / 8)?;
        text.push_str(piece);
        rest = more;
    }
    watch.step(rest.len() as u64 / 8)?;
    text.push_str(rest);
    Ok(())
}

/// Appends a str so many times.
pub(super) fn append_times(
    text: &mut String,
    part: &str,
    times: usize,
    watch: &Watch,
) -> Result<(), NumError> {
    // Large pieces are copied, however short the str is.
    let at_once = times.min(COPIED_AT_ONCE / part.len().max(1)).max(1);
    let piece = if at_once > 1 { &*part.repeat(at_once) } else { part };
    for _ in 0..times / at_once {
        append(text, piece, watch)?;
    }
    append(text, &piece[..part.len() * (times % at_once)], watch)
}

fn concat(a: &str, b: &str, watch: &Watch) -> Result<Output, NumError> {
    let mut text = room(a.len() as u128 + b.len() as u128, &watch.limits)?;
    append(&mut text, a, watch)?;
    append(&mut text, b, watch)?;
    Ok(Output::Str(text))
}

fn repeat(s: &str, times: Int<'_>, watch: &Watch) -> Result<Output, NumError> {
    let Int::Small(times) = times else {
        return Err(NumError::overflow("cannot fit 'int' into an index-sized integer"));
    };
    let times = times.max(0) as u64;
    let bytes = s.len() as u128 * u128::from(times);
    let mut text = room(bytes, &watch.limits)?;
    if bytes > 0 {
        append_times(&mut text, s, times as usize, watch)?;
    }
    Ok(Output::Str(text))
}

/// Bytes of a piece that is looked for in slices of the whole, and of such a slice.
const SHORT_PIECE: usize = 1 << 14;
const SLICE: usize = 1 << 18;

/// Work of [`contains`], in which no byte is looked at more often than that.
pub(super) fn search_work(whole: usize, piece: usize) -> u64 {
    2 * (whole as u64 + piece as u64)
}

/// Whether a piece is in a str.
pub(super) fn contains(whole: &str, piece: &str, watch: &Watch) -> Result<bool, NumError> {
    if piece.len() > SHORT_PIECE {
        return search::contains(whole.as_bytes(), piece.as_bytes(), watch);
    }
    let mut rest = whole;
    loop {
        let boundary =
            |at: usize| (at..rest.len()).find(|&at| rest.is_char_boundary(at)).unwrap_or(rest.len());
        // What begins in the slice ends within as many bytes more as the piece has.
        let (next, end) = (boundary(SLICE), boundary(SLICE + piece.len()));
        watch.step(end as u64)?;
        if rest[..end].contains(piece) {
            return Ok(true);
        }
        if end == rest.len() {
            return Ok(false);
        }
        rest = &rest[next..];
    }
}

/// The least digits that an int of so many bits can have.
pub(super) fn least_digits(bits: u64) -> u64 {
    // 30102/100000 is just below log10(2).
    (u128::from(bits.saturating_sub(1)) * 30102 / 100_000 + 1) as u64
}

/// The most digits that an int of so many bits can have.
pub(super) fn most_digits(bits: u64) -> u64 {
    (u128::from(bits) * 30103 / 100_000 + 1) as u64
}

/// Whether every int of so many bits has more digits than may become text.
pub(super) fn certainly_too_many_digits(bits: u64, limits: &NumberLimits) -> bool {
    limits.max_str_digits != 0 && least_digits(bits) > u64::from(limits.max_str_digits)
}

/// Appends the value as Python's `str()` writes it.
///
/// # Errors
/// `ValueError` if an int has more digits than [`NumberLimits::max_str_digits`].
pub fn write_str(out: &mut String, a: Operand<'_>, watch: &Watch) -> Result<(), NumError> {
    match a {
        Operand::None => out.push_str("None"),
        // What stands in it is the business of `crate::object`.
        Operand::Object(kind) => _ = write!(out, "<{}>", kind.type_name()),
        Operand::Bool(b) => out.push_str(if b { "True" } else { "False" }),
        // Writing to a String cannot fail.
        Operand::Int(i) => _ = write!(out, "{i}"),
        Operand::Big(i) => {
            let max = watch.limits.max_str_digits;
            let too_many = || {
                NumError::raised(
                    ErrorKind::ValueError,
                    Cow::Owned(format!(
                        "Exceeds the limit ({max} digits) for integer string conversion; \
                     use sys.set_int_max_str_digits() to increase the limit"
                    )),
                )
            };
            if certainly_too_many_digits(int::bits(i), &watch.limits) {
                return Err(too_many());
            }
            let digits = big::to_decimal(&int::magnitude(i), watch)?;
            if max != 0 && digits.len() > max as usize {
                return Err(too_many());
            }
            if Int::Big(i).is_negative() {
                out.push('-');
            }
            out.push_str(&digits);
        }
        Operand::Float(f) => write_float(out, f),
        Operand::Str(s) => out.push_str(s),
    }
    Ok(())
}

/// Appends the value as Python's `repr()` writes it: strings quoted and escaped, all else as [`write_str`].
///
/// # Errors
/// As [`write_str`], and a text that is too long.
pub fn write_repr(out: &mut String, a: Operand<'_>, watch: &Watch) -> Result<(), NumError> {
    match a {
        Operand::Str(s) => quote(out, s, false, usize::MAX, watch),
        _ => write_str(out, a, watch),
    }
}

/// At most so many characters of what `repr()` gives for a str: for messages.
pub(super) fn repr_start(s: &str, characters: usize, watch: &Watch) -> Result<String, NumError> {
    let mut out = String::new();
    // What is not shown need not be written; each character of the str is at least one there.
    quote(&mut out, s, false, characters, watch)?;
    if let Some((end, _)) = out.char_indices().nth(characters) {
        out.truncate(end);
    }
    Ok(out)
}

/// The first characters of a str, so many at the most.
pub(super) fn start(s: &str, characters: usize) -> &str {
    let mut rest = s.chars();
    match characters.checked_sub(1) {
        Some(last) => _ = rest.nth(last),
        None => return "",
    }
    &s[..s.len() - rest.as_str().len()]
}

/// Work of escaping a str: most for characters beyond ASCII, whose properties are looked up.
pub(super) fn escape_work(s: &str) -> u64 {
    let wide = if s.is_ascii() { 0 } else { s.bytes().filter(|&byte| byte >= 0xc0).count() as u64 };
    s.len() as u64 * ESCAPE_WORK + wide * WIDE_WORK
}

/// Work of looking up whether a character is printable.
const WIDE_WORK: u64 = 100;
/// Work of a character, which may become an escape.
const ESCAPE_WORK: u64 = 5;
/// Characters that are escaped between two steps of the watch.
const ESCAPED_AT_ONCE: usize = 1 << 12;

/// Appends a str quoted and escaped, of which so many characters are looked at; with `ascii`, nothing beyond ASCII is left.
pub(super) fn quote(
    out: &mut String,
    s: &str,
    ascii: bool,
    characters: usize,
    watch: &Watch,
) -> Result<(), NumError> {
    let quote = if s.contains('\'') && !s.contains('"') { '"' } else { '\'' };
    out.push(quote);
    let mut rest = s.chars();
    let mut left = characters;
    loop {
        let before = rest.as_str();
        for c in rest.by_ref().take(left.min(ESCAPED_AT_ONCE)) {
            escape(out, c, quote, ascii);
        }
        let done = &before[..before.len() - rest.as_str().len()];
        if done.is_empty() {
            break;
        }
        watch.step(escape_work(done))?;
        if out.len() as u64 > watch.limits.max_str_bytes.max(ESCAPED_AT_ONCE as u64 * 10) {
            return Err(watch.limits.str_too_large());
        }
        left = left.saturating_sub(ESCAPED_AT_ONCE);
    }
    out.push(quote);
    Ok(())
}

fn escape(out: &mut String, c: char, quote: char, ascii: bool) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        c if c == quote => out.extend(['\\', c]),
        c if (!ascii || c.is_ascii()) && is_printable(c) => out.push(c),
        c => {
            let code = u32::from(c);
            let (start, digits) = match code {
                0..=0xff => ("\\x", 2),
                0x100..=0xffff => ("\\u", 4),
                _ => ("\\U", 8),
            };
            out.push_str(start);
            out.extend((0..digits).rev().filter_map(|at| char::from_digit(code >> (4 * at) & 15, 16)));
        }
    }
}

/// Whether Python would show the character itself.
fn is_printable(c: char) -> bool {
    if c.is_ascii() { matches!(c, ' '..='~') } else { unicode::is(c, Property::PRINTABLE) }
}

/// Appends the shortest decimal that reads back as the same float, laid out as Python does.
pub(super) fn write_float(out: &mut String, f: f64) {
    if f.is_nan() {
        return out.push_str("nan");
    }
    if f.is_infinite() {
        return out.push_str(if f > 0.0 { "inf" } else { "-inf" });
    }
    let mut text = format!("{:e}", f.abs());
    // Where two shortest decimals are equally near, Python takes the even one, which is how correct rounding to as many
    // digits decides.
    let decimals = text.find('e').unwrap_or(1).saturating_sub(2);
    let rounded = format!("{:.decimals$e}", f.abs());
    if rounded != text && rounded.parse() == Ok(f.abs()) {
        text = rounded;
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if f.is_sign_negative() {
        out.push('-');
    }
    let digits = mantissa.replace('.', "");
    // Writing to a String cannot fail.
    match exponent {
        -4..0 => {
            let zeros = (-1 - exponent) as usize;
            _ = write!(out, "0.{:0<zeros$}{digits}", "");
        }
        0..16 => {
            let whole = exponent as usize + 1;
            let padded = format!("{digits:0<width$}", width = whole + 1);
            let (whole, fraction) = padded.split_at(whole);
            _ = write!(out, "{whole}.{fraction}");
        }
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            _ = write!(out, "{mantissa}e{sign}{:02}", exponent.abs());
        }
    }
}

/// The value as Python's `str()` writes it.
///
/// # Errors
/// As [`write_str`], and a text that is too long.
pub fn str(a: Operand<'_>, watch: &Watch) -> Result<String, NumError> {
    let mut out = String::new();
    write_str(&mut out, a, watch)?;
    if out.len() as u64 > watch.limits.max_str_bytes {
        return Err(watch.limits.str_too_large());
    }
    Ok(out)
}

/// The value as Python's `repr()` writes it.
///
/// # Errors
/// As [`write_str`].
pub fn repr(a: Operand<'_>, watch: &Watch) -> Result<String, NumError> {
    let mut out = String::new();
    write_repr(&mut out, a, watch)?;
    Ok(out)
}

/// Reads an argument as the value it looks like.
///
/// An int, if `int()` takes the text or it is a Python literal with `0x`, `0o` or `0b`, signed or not; a float, if
/// `float()` takes it (`inf` and `nan` too); else the text itself, unchanged. Blanks around a number and single
/// underscores between digits are allowed, as in Python. A number with more than 4300 digits stays text, and so do
/// digits that are not ASCII.
pub fn parse_argument(text: &str) -> Output {
    parse_number(text).unwrap_or_else(|| Output::Str(text.to_owned()))
}

fn parse_number(text: &str) -> Option<Output> {
    let number = text.trim();
    let (negative, unsigned) = match number.as_bytes().first()? {
        b'-' => (true, &number[1..]),
        b'+' => (false, &number[1..]),
        _ => (false, number),
    };
    let (radix, digits) = match unsigned.get(..2) {
        Some("0x" | "0X") => (16, &unsigned[2..]),
        Some("0o" | "0O") => (8, &unsigned[2..]),
        Some("0b" | "0B") => (2, &unsigned[2..]),
        _ => (10, unsigned),
    };
    // A literal may separate its prefix from its digits.
    let digits = if radix == 10 { digits } else { digits.strip_prefix('_').unwrap_or(digits) };
    let plain = without_underscores(digits, |c| c.is_digit(radix))?;
    if plain.len() > MAX_ARGUMENT_DIGITS && plain.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    if !plain.is_empty() && plain.chars().all(|c| c.is_digit(radix)) {
        let magnitude = IBig::from_str_radix(&plain, radix).ok()?;
        return Some(Output::int(if negative { -magnitude } else { magnitude }));
    }
    // Rust's grammar of floats is Python's, once a second sign is excluded.
    if radix != 10 || plain.starts_with(['+', '-']) {
        return None;
    }
    let magnitude: f64 = plain.parse().ok()?;
    Some(Output::Float(if negative { -magnitude } else { magnitude }))
}

/// The text without the underscores that separate digits; `None` if one stands elsewhere.
pub(super) fn without_underscores(text: &str, is_digit: impl Fn(char) -> bool) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut previous = b' ';
    for byte in text.bytes() {
        let digits = (is_digit(previous.into()), is_digit(byte.into()));
        if (byte == b'_' && !digits.0) || (previous == b'_' && !digits.1) {
            return None;
        }
        if byte != b'_' {
            plain.push(byte);
        }
        previous = byte;
    }
    // Without these single bytes it is still UTF-8.
    let plain = String::from_utf8(plain).ok()?;
    (previous != b'_').then_some(Cow::Owned(plain))
}
