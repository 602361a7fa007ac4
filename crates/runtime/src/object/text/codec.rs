//! Strs as bytes, and bytes as strs: UTF-8, ASCII and Latin-1.

use super::super::args::{Args, bad_argument, given};
use super::super::{Context, Fault, Kind, Meter, Outcome, bytes, priced, raised, value_error};
use super::{pass, room, this};
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;
use std::fmt::Write as _;

/// How characters are written as bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Ascii,
    Latin1,
}

/// Their names: lower case, with `-` for what separates.
const NAMES: &[(Encoding, &[&str])] = &[
    (Encoding::Utf8, &["utf-8", "utf8", "u8", "utf", "cp65001", "utf8-ucs2", "utf8-ucs4"]),
    (Encoding::Ascii, &["ascii", "us-ascii", "646", "us", "ansi-x3.4-1968", "cp367", "iso646-us"]),
    (
        Encoding::Latin1,
        &["latin-1", "latin1", "latin", "l1", "iso-8859-1", "iso8859-1", "8859", "cp819", "iso8859"],
    ),
];

/// How the names of encodings begin that CPython has, too.
const OTHERS: &[&str] = &[
    "utf-",
    "utf16",
    "utf32",
    "utf7",
    "cp",
    "iso",
    "latin",
    "koi8",
    "mac",
    "shift",
    "sjis",
    "euc",
    "gb",
    "big5",
    "hz",
    "windows",
    "johab",
    "ptcp",
    "tis",
    "kz",
    "hp-",
    "raw-unicode",
    "unicode-escape",
    "idna",
    "punycode",
    "base64",
    "hex",
    "rot",
    "quopri",
    "uu",
    "zlib",
    "bz2",
    "mbcs",
    "oem",
    "undefined",
    "charmap",
];

impl Encoding {
    fn find(name: &str) -> Outcome<Encoding> {
        let plain = name.to_ascii_lowercase().replace(['_', ' '], "-");
        let known = NAMES.iter().find(|(_, names)| names.contains(&plain.as_str()));
        match known {
            Some(&(encoding, _)) => Ok(encoding),
            None if OTHERS.iter().any(|start| plain.starts_with(start)) => {
                let message = format!("HotspotVM does not have the encoding '{name}' yet");
                Err(raised(ErrorKind::NotImplementedError, message))
            }
            None => Err(raised(ErrorKind::LookupError, format!("unknown encoding: {name}"))),
        }
    }

    /// Whether a character can be written.
    fn has(self, c: char) -> bool {
        match self {
            Encoding::Utf8 => true,
            Encoding::Ascii => c.is_ascii(),
            Encoding::Latin1 => u32::from(c) < 0x100,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Ascii => "ascii",
            Encoding::Latin1 => "latin-1",
        }
    }
}

/// What is done with what does not fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Handler {
    Strict,
    Ignore,
    Replace,
    References,
    Escapes,
}

impl Handler {
    fn find(name: &str) -> Outcome<Handler> {
        Ok(match name {
            "strict" => Handler::Strict,
            "ignore" => Handler::Ignore,
            "replace" => Handler::Replace,
            "xmlcharrefreplace" => Handler::References,
            "backslashreplace" => Handler::Escapes,
            "namereplace" | "surrogateescape" | "surrogatepass" => {
                let message = format!("HotspotVM does not have the error handler '{name}' yet");
                return Err(raised(ErrorKind::NotImplementedError, message));
            }
            _ => {
                let message = format!("unknown error handler name '{name}'");
                return Err(raised(ErrorKind::LookupError, message));
            }
        })
    }
}

/// Appends a code point as an escape in a str.
fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    // Writing to a String cannot fail.
    _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// An argument of `encode` or `decode` that is a str, if it was given.
fn str_argument<'a>(store: &'a Store, what: &str, value: Value) -> Outcome<Option<&'a str>> {
    let Some(value) = given(value) else { return Ok(None) };
    match store.str(value) {
        Some(text) if text.contains('\0') => Err(value_error("embedded null character")),
        Some(text) => Ok(Some(text)),
        None => Err(bad_argument(store, what, "str", value)),
    }
}

/// `str.encode`
pub(super) fn encode_method(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let encoded = priced(cx, args, |store, meter, args| {
        let encoding = str_argument(store, "encode() argument 'encoding'", args[1])?;
        let errors = str_argument(store, "encode() argument 'errors'", args[2])?;
        let encoded = encode(store, meter, this(store, args), encoding, errors)?;
        Ok((Cost { object_bytes: bytes::charge(encoded.len()), ..Cost::default() }, encoded))
    })?;
    Ok(bytes::make(cx.store(), Kind::Bytes, &encoded))
}

/// A text as bytes.
///
/// # Errors
/// `LookupError` and `UnicodeEncodeError`, a result that is too long, and those of the meter.
pub fn encode(
    store: &Store,
    meter: &mut Meter,
    text: &str,
    encoding: Option<&str>,
    errors: Option<&str>,
) -> Outcome<Vec<u8>> {
    let encoding = Encoding::find(encoding.unwrap_or("utf-8"))?;
    if encoding == Encoding::Utf8 || text.is_ascii() {
        pass(store, meter, 2 * text.len())?;
        return Ok(text.as_bytes().to_vec());
    }
    let mut out = Vec::new();
    let mut rest = text;
    let mut count = 0;
    while let Some(c) = rest.chars().next() {
        let fits = rest.find(|c| !encoding.has(c)).unwrap_or(rest.len());
        let (good, bad) = rest.split_at(fits);
        meter.step(store, good.len() as u64 + 1)?;
        out.extend(good.chars().map(|c| u32::from(c) as u8));
        count += good.chars().count();
        let fails = bad.find(|c| encoding.has(c)).unwrap_or(bad.len());
        let (bad, next) = bad.split_at(fails);
        rest = next;
        if bad.is_empty() {
            continue;
        }
        meter.step(store, bad.len() as u64 * 8)?;
        let handler = Handler::find(errors.unwrap_or("strict"))?;
        let size = bad.chars().count();
        if handler == Handler::Strict {
            let c = if good.is_empty() { c } else { bad.chars().next().unwrap_or(c) };
            return Err(cannot_encode(encoding, c, count, size));
        }
        count += size;
        let mut shown = String::new();
        for c in bad.chars() {
            match handler {
                Handler::Replace => shown.push('?'),
                Handler::References => _ = write!(shown, "&#{};", u32::from(c)),
                Handler::Escapes => push_escape(&mut shown, c),
                Handler::Strict | Handler::Ignore => {}
            }
        }
        super::check(store, out.len() + shown.len())?;
        out.extend_from_slice(shown.as_bytes());
    }
    Ok(out)
}

fn cannot_encode(encoding: Encoding, c: char, at: usize, count: usize) -> Fault {
    let (name, most) = (encoding.name(), if encoding == Encoding::Ascii { 128 } else { 256 });
    let what = if count == 1 {
        let mut shown = String::new();
        push_escape(&mut shown, c);
        format!("character '{shown}' in position {at}")
    } else {
        format!("characters in position {at}-{}", at + count - 1)
    };
    let message = format!("'{name}' codec can't encode {what}: ordinal not in range({most})");
    raised(ErrorKind::UnicodeEncodeError, message)
}

/// `bytes.decode`: the arguments after the bytes are those of the method.
///
/// # Errors
/// As [`decode`], and `TypeError`.
pub fn decode_arguments<'a>(store: &'a Store, args: &Args) -> Outcome<[Option<&'a str>; 2]> {
    let encoding = str_argument(store, "decode() argument 'encoding'", args[1])?;
    let errors = str_argument(store, "decode() argument 'errors'", args[2])?;
    Ok([encoding, errors])
}

/// Bytes as a text.
///
/// # Errors
/// `LookupError` and `UnicodeDecodeError`, a result that is too long, and those of the meter.
pub fn decode(
    store: &Store,
    meter: &mut Meter,
    bytes: &[u8],
    encoding: Option<&str>,
    errors: Option<&str>,
) -> Outcome<String> {
    if bytes.is_empty() {
        return Ok(String::new());
    }
    let encoding = Encoding::find(encoding.unwrap_or("utf-8"))?;
    pass(store, meter, 4 * bytes.len())?;
    let mut out = room(store, bytes.len())?;
    if encoding == Encoding::Latin1 {
        super::check(store, bytes.iter().map(|byte| 1 + usize::from(byte >> 7)).sum())?;
        out.extend(bytes.iter().map(|&byte| char::from(byte)));
        return Ok(out);
    }
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let (good, size, why) = match encoding {
            Encoding::Utf8 => first_fault(rest),
            _ => {
                let good = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
                (good, usize::from(good < rest.len()), "ordinal not in range(128)")
            }
        };
        out.push_str(std::str::from_utf8(rest.get(..good).unwrap_or_default()).unwrap_or_default());
        at += good;
        let bad = bytes.get(at..at + size).unwrap_or_default();
        let Some(&first) = bad.first() else { break };
        meter.step(store, 8)?;
        match Handler::find(errors.unwrap_or("strict"))? {
            Handler::Strict => {
                let name = encoding.name();
                let what = if size == 1 {
                    format!("byte 0x{first:02x} in position {at}")
                } else {
                    format!("bytes in position {at}-{}", at + size - 1)
                };
                let message = format!("'{name}' codec can't decode {what}: {why}");
                return Err(raised(ErrorKind::UnicodeDecodeError, message));
            }
            Handler::Ignore => {}
            Handler::Replace => out.push('\u{fffd}'),
            Handler::Escapes => bad.iter().for_each(|&byte| push_escape(&mut out, char::from(byte))),
            Handler::References => {
                let message = "don't know how to handle UnicodeDecodeError in error callback";
                return Err(raised(ErrorKind::TypeError, message));
            }
        }
        super::check(store, out.len())?;
        at += size;
    }
    Ok(out)
}

/// How many bytes are UTF-8, how many after them are not, and why.
fn first_fault(bytes: &[u8]) -> (usize, usize, &'static str) {
    let Err(error) = std::str::from_utf8(bytes) else { return (bytes.len(), 0, "") };
    let good = error.valid_up_to();
    match (error.error_len(), bytes.get(good)) {
        (None, _) => (good, bytes.len() - good, "unexpected end of data"),
        (Some(size), Some(0x80..=0xc1 | 0xf5..)) => (good, size, "invalid start byte"),
        (Some(size), _) => (good, size, "invalid continuation byte"),
    }
}
