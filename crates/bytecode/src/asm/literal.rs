//! Constants and names as text: the one place that reads and writes them.
//!
//! Part of the assembler and disassembler, which stand before `profile -> detect -> compile -> cache -> execute ->
//! deoptimise`. Invariant: what [`Const`]'s `Display` writes, [`parse_word`] or [`unquote`] reads as the same constant,
//! if it is one that the verifier accepts.

use crate::build::CANONICAL_NAN;
use crate::program::Const;
use crate::verify::{MAX_INT_BITS, bits};
use dashu_int::{IBig, Sign, UBig};
use std::fmt;
use std::ops::Range;

/// The most digits of an int written in decimal: reading and writing decimal digits takes quadratic time.
pub const MAX_DECIMAL_DIGITS: usize = 4300;

/// Ints with more bits than this are written in hexadecimal; it is a little less than 4300 decimal digits.
const MAX_DECIMAL_BITS: usize = 14_000;

/// Why a literal is refused. The range is relative to its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) range: Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Bad {
    fn new(range: Range<usize>, message: impl Into<String>) -> Bad {
        Bad { range, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Bad {
        self.hint = Some(hint.into());
        self
    }
}

/// A piece of source text as a message shows it: short, on one line.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let mut result = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == MOST {
            result.push_str("...");
            break;
        }
        if c.is_control() { result.extend(c.escape_default()) } else { result.push(c) }
    }
    result
}

/// Whether a name can be written without quotes: a letter or `_`, then letters, digits, `_` and `.`.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c == '.' || c.is_alphanumeric())
}

/// A name as assembly text: itself, or quoted.
pub(crate) fn name_text(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quote(name) }
}

/// A string as assembly text, on one line, with its quotes.
pub(crate) fn quote(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    for c in text.chars() {
        match c {
            '"' => result.push_str("\\\""),
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\t' => result.push_str("\\t"),
            '\r' => result.push_str("\\r"),
            '\0' => result.push_str("\\0"),
            c if c.is_control() && (c as u32) < 0x100 => result.push_str(&format!("\\x{:02x}", c as u32)),
            // What would change how the line looks: other line breaks, marks of writing direction, no-width characters.
            '\u{ad}'
            | '\u{2028}'..='\u{202e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                result.push_str(&format!("\\u{{{:x}}}", c as u32));
            }
            c => result.push(c),
        }
    }
    result.push('"');
    result
}

impl fmt::Display for Const {
    /// The constant as `push` reads it. Floats have the fewest digits that give them back, and always `.`, `e`, `inf`
    /// or `nan`; very large ints are in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Const::None => f.write_str("none"),
            Const::Bool(true) => f.write_str("true"),
            Const::Bool(false) => f.write_str("false"),
            Const::Int(value) => write!(f, "{value}"),
            Const::BigInt(value) if bits(value) <= MAX_DECIMAL_BITS => write!(f, "{value}"),
            Const::BigInt(value) => {
                let (sign, magnitude) = value.clone().into_parts();
                write!(f, "{}0x{magnitude:x}", if sign == Sign::Negative { "-" } else { "" })
            }
            Const::Float(value) if value.is_nan() => f.write_str("nan"),
            Const::Float(value) => write!(f, "{value:?}"),
            Const::Str(text) => f.write_str(&quote(text)),
        }
    }
}

/// Reads a string with its quotes.
pub(crate) fn unquote(text: &str) -> Result<String, Bad> {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    let mut result = String::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    let at = |offset: usize| offset + 1;
    while let Some((start, c)) = chars.next() {
        if c != '\\' {
            result.push(c);
            continue;
        }
        let Some((_, letter)) = chars.next() else {
            return Err(Bad::new(at(start)..at(start + 1), "the string ends inside an escape"));
        };
        match letter {
            'n' => result.push('\n'),
            't' => result.push('\t'),
            'r' => result.push('\r'),
            '0' => result.push('\0'),
            '\\' => result.push('\\'),
            '"' => result.push('"'),
            '\'' => result.push('\''),
            'x' => {
                let digits = inner.get(start + 2..start + 4).unwrap_or("");
                let Some(code) = hex(digits).filter(|_| digits.len() == 2) else {
                    let end = (start + 2 + char_len(&inner[start + 2..], 2)).min(inner.len());
                    return Err(Bad::new(at(start)..at(end), "`\\x` needs two hexadecimal digits"));
                };
                result.extend(char::from_u32(code));
                chars.nth(1);
            }
            'u' => {
                let rest = &inner[start + 2..];
                let digits = rest.strip_prefix('{').and_then(|r| r.split_once('}')).map(|(d, _)| d);
                let Some(digits) = digits.filter(|d| (1..=6).contains(&d.len()) && hex(d).is_some()) else {
                    return Err(Bad::new(
                        at(start)..at(start + 2),
                        "`\\u` needs one to six hexadecimal digits in braces",
                    )
                    .hint("a character by its code point is written like `\\u{e9}`"));
                };
                let end = start + 2 + digits.len() + 2;
                let Some(c) = hex(digits).and_then(char::from_u32) else {
                    let message = format!("`{}` is not the code point of a character", &inner[start..end]);
                    return Err(Bad::new(at(start)..at(end), message));
                };
                result.push(c);
                chars.nth(digits.len() + 1);
            }
            other => {
                let message = format!("unknown escape `\\{}`", shown(&other.to_string()));
                return Err(Bad::new(at(start)..at(start + 1 + other.len_utf8()), message)
                    .hint("the escapes are \\n \\t \\r \\0 \\\\ \\\" \\' \\xNN \\u{...}"));
            }
        }
    }
    Ok(result)
}

/// How many bytes the first `count` characters take.
fn char_len(text: &str, count: usize) -> usize {
    text.chars().take(count).map(char::len_utf8).sum()
}

fn hex(digits: &str) -> Option<u32> {
    let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// Reads a constant that is not a string.
pub(crate) fn parse_word(text: &str) -> Result<Const, Bad> {
    let (negative, body) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let is = |word: &str| body.eq_ignore_ascii_case(word);
    if body.len() == text.len() {
        if is("true") || is("false") {
            return Ok(Const::Bool(is("true")));
        }
        if is("none") {
            return Ok(Const::None);
        }
    }
    if is("nan") {
        return Ok(Const::Float(CANONICAL_NAN));
    }
    if is("inf") {
        return Ok(Const::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    let prefix = body.get(..2).map(str::to_ascii_lowercase);
    let radix = match prefix.as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ if body.bytes().all(|b| b.is_ascii_digit() || b == b'_') && !body.is_empty() => 10,
        _ => return parse_float(text, body, negative),
    };
    parse_int(text, if radix == 10 { body } else { &body[2..] }, radix, negative)
}

/// The digits without their underscores, each of which must stand between two digits (or after a radix prefix).
fn without_underscores(digits: &str, leading_allowed: bool) -> Option<String> {
    let misplaced =
        digits.ends_with('_') || digits.contains("__") || (digits.starts_with('_') && !leading_allowed);
    (!misplaced && !digits.is_empty()).then(|| digits.replace('_', ""))
}

fn parse_int(text: &str, digits: &str, radix: u32, negative: bool) -> Result<Const, Bad> {
    let all = 0..text.len();
    let Some(digits) = without_underscores(digits, radix != 10) else {
        if digits.is_empty() {
            return Err(Bad::new(all, format!("`{}` has no digits", shown(text))));
        }
        return Err(Bad::new(all, format!("an underscore in `{}` is not between digits", shown(text))));
    };
    if let Some(at) = digits.bytes().position(|b| !(b as char).is_digit(radix)) {
        let digit = digits[at..].chars().next().unwrap_or(' ');
        let digit = shown(&digit.to_string());
        return Err(Bad::new(all, format!("`{digit}` is not a digit in base {radix}")));
    }
    // As in CPython, the limits count digits as written.
    if radix == 10 && digits.len() > MAX_DECIMAL_DIGITS {
        let message = format!(
            "this int has {} digits; in decimal, {MAX_DECIMAL_DIGITS} are allowed, as in CPython",
            digits.len()
        );
        return Err(Bad::new(all, message)
            .hint(format!("write it in hexadecimal (0x...): there, {MAX_INT_BITS} bits are allowed")));
    }
    let too_large = || Bad::new(0..text.len(), format!("this int has more than {MAX_INT_BITS} bits"));
    if digits.trim_start_matches('0').len() > MAX_INT_BITS {
        return Err(too_large());
    }
    let Ok(magnitude) = UBig::from_str_radix(&digits, radix) else {
        return Err(Bad::new(all, format!("`{}` is not an int", shown(text))));
    };
    let value = IBig::from_parts(if negative { Sign::Negative } else { Sign::Positive }, magnitude);
    if bits(&value) > MAX_INT_BITS {
        return Err(too_large());
    }
    Ok(Const::int(value))
}

fn parse_float(text: &str, body: &str, negative: bool) -> Result<Const, Bad> {
    let refuse = || {
        let message = format!("`{}` is not a number, string, true, false or none", shown(text));
        let bad = Bad::new(0..text.len(), message);
        if text.starts_with('\'') {
            bad.hint("strings stand in double quotes")
        } else if is_identifier(text) {
            bad.hint(format!("to push a local write `load_local {}`", shown(text)))
        } else {
            bad
        }
    };
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    let well_formed = |digits: &str| {
        digits.bytes().all(|b| b.is_ascii_digit() || b == b'_')
            && (digits.is_empty() || without_underscores(digits, false).is_some())
    };
    let parts_are_good = well_formed(whole) && well_formed(fraction) && exponent.is_none_or(well_formed);
    let some_digits = !(whole.is_empty() && fraction.is_empty()) && exponent != Some("");
    if !parts_are_good || !some_digits {
        return Err(refuse());
    }
    let value: f64 = body.replace('_', "").parse().map_err(|_| refuse())?;
    Ok(Const::Float(if negative { -value } else { value }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn float(text: &str) -> f64 {
        match parse_word(text).unwrap() {
            Const::Float(x) => x,
            other => panic!("{text} is {other}"),
        }
    }

    #[test]
    fn ints_of_all_bases_and_sizes() {
        let int = |text: &str| parse_word(text).unwrap();
        assert_eq!(int("0"), Const::Int(0));
        assert_eq!(int("-0"), Const::Int(0));
        assert_eq!(int("+007"), Const::Int(7));
        assert_eq!(int("1_000"), Const::Int(1000));
        assert_eq!(int("0x_fF"), Const::Int(255));
        assert_eq!(int("-0b101"), Const::Int(-5));
        assert_eq!(int("0O17"), Const::Int(15));
        assert_eq!(int("-9223372036854775808"), Const::Int(i64::MIN));
        assert_eq!(int("9223372036854775808"), Const::BigInt(IBig::from(1) << 63usize));
        assert_eq!(int(&format!("0x1{}", "0".repeat(262_143 - 1))).to_string().len(), 262_143 + 2);
    }

    #[test]
    fn int_limits() {
        assert!(parse_word(&"9".repeat(4300)).is_ok());
        let bad = parse_word(&"9".repeat(4301)).unwrap_err();
        assert_eq!(bad.message, "this int has 4301 digits; in decimal, 4300 are allowed, as in CPython");
        assert!(parse_word(&format!("0x{}", "f".repeat(MAX_INT_BITS / 4))).is_ok());
        assert!(parse_word(&format!("-0x{}", "f".repeat(MAX_INT_BITS / 4))).is_ok());
        let bad = parse_word(&format!("0x1{}", "f".repeat(MAX_INT_BITS / 4))).unwrap_err();
        assert_eq!(bad.message, "this int has more than 1048576 bits");
        assert!(parse_word(&format!("0b1{}", "0".repeat(MAX_INT_BITS))).is_err());
    }

    #[test]
    fn floats() {
        assert_eq!(float("1.5"), 1.5);
        assert_eq!(float("1e9"), 1e9);
        assert_eq!(float(".5"), 0.5);
        assert_eq!(float("5."), 5.0);
        assert_eq!(float("-1_0.2_5e-0_1"), -1.025);
        assert_eq!(float("-0.0").to_bits(), (-0.0f64).to_bits());
        assert_eq!(float("-INF"), f64::NEG_INFINITY);
        assert_eq!(float("1e999"), f64::INFINITY);
        assert_eq!(float("-nan").to_bits(), CANONICAL_NAN.to_bits());
        for bad in [
            ".", "1.5.2", "e5", "1e", "1e+", "1_.5", "1._5", "", "-", "+-1", "--1", "1f", "infinity", "-true",
        ] {
            assert!(parse_word(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn constants_are_written_as_they_are_read() {
        let texts = [
            "none",
            "true",
            "false",
            "0",
            "-1",
            "1.0",
            "-0.0",
            "0.1",
            "1e300",
            "5e-324",
            "inf",
            "-inf",
            "nan",
            "1e16",
            "123456.789",
            "36893488147419103232",
            "-36893488147419103232",
        ];
        for text in texts {
            assert_eq!(parse_word(text).unwrap().to_string(), text);
        }
        let big = parse_word(&format!("-0x1{}", "0".repeat(4000))).unwrap();
        assert_eq!(parse_word(&big.to_string()).unwrap(), big);
        let odd: String = (0..0x3000u32).chain([0xfeff, 0x1f600]).filter_map(char::from_u32).collect();
        assert_eq!(unquote(&quote(&odd)).unwrap(), odd);
        assert!(!quote(&odd).contains('\n'));
    }

    #[test]
    fn escapes() {
        assert_eq!(unquote(r#""\x41\u{1F600}\n\'é\"""#).unwrap(), "A\u{1f600}\n'é\"");
        let bad = |text: &str| {
            let bad = unquote(text).unwrap_err();
            (bad.message, text[bad.range].to_owned())
        };
        assert_eq!(bad(r#""a\qb""#), ("unknown escape `\\q`".into(), "\\q".into()));
        assert_eq!(bad(r#""\x4""#), ("`\\x` needs two hexadecimal digits".into(), "\\x4".into()));
        assert_eq!(bad(r#""\x4é""#), ("`\\x` needs two hexadecimal digits".into(), "\\x4é".into()));
        assert_eq!(
            bad(r#""\u{d800}""#),
            ("`\\u{d800}` is not the code point of a character".into(), "\\u{d800}".into())
        );
        assert_eq!(bad(r#""\u41""#).1, "\\u");
        assert_eq!(bad(r#""\u{}""#).1, "\\u");
    }

    #[test]
    fn names() {
        for good in ["a", "_", "é1", "a.b", "L7"] {
            assert_eq!(name_text(good), good);
        }
        assert_eq!(name_text(""), "\"\"");
        assert_eq!(name_text("7"), "\"7\"");
        assert_eq!(name_text("<lambda>"), "\"<lambda>\"");
    }
}
