//! The methods that `bytes` and `bytearray` have in common.

use super::super::args::{self, ABSENT, Args, Method, Takes, bad_argument, given};
use super::super::text::{self, decode, decode_arguments};
use super::super::{
    Context, Kind, Meter, Outcome, as_size, find, iter, list, next::Next, priced, tuple, type_error,
    value_error, walk,
};
use super::{byte_of, check, cost, make, of, produce, read, required};
use crate::num::Cost;
use crate::store::Store;
use crate::value::Value;

type Call = fn(&mut dyn Context, &mut Args) -> Outcome;

const fn row(name: &'static str, takes: Takes, call: Call) -> Method {
    Method { name, takes, call }
}

use Takes::{Between, Nothing, One, Parsed};

const SPLIT: Takes = Takes::Named { names: &["sep", "maxsplit"], places: 2, least: 0 };
const DECODE: Takes = Takes::Named { names: &["encoding", "errors"], places: 2, least: 0 };
const TABS: Takes = Takes::Named { names: &["tabsize"], places: 1, least: 0 };
const LINES: Takes = Takes::Named { names: &["keepends"], places: 1, least: 0 };
const HEX: Takes = Takes::Named { names: &["sep", "bytes_per_sep"], places: 2, least: 0 };
const TRANSLATE: Takes = Takes::Named { names: &["", "delete"], places: 2, least: 1 };

/// Sorted by names.
#[rustfmt::skip]
pub(super) static METHODS: &[Method] = &[
    row("capitalize", Nothing, |cx, a| map(cx, a, capitalize)),
    row("center", Between(1, 2), |cx, a| justify(cx, a, "center", |padding, width| padding / 2 + (padding & width & 1))),
    row("count", Parsed(1, 3), count),
    row("decode", DECODE, decode_method),
    row("endswith", Parsed(1, 3), |cx, a| has_end(cx, a, "endswith", <[u8]>::ends_with)),
    row("expandtabs", TABS, expand_tabs),
    row("find", Parsed(1, 3), |cx, a| lookup(cx, a, find::first, false)),
    row("fromhex", One, from_hex),
    row("hex", HEX, hex),
    row("index", Parsed(1, 3), |cx, a| lookup(cx, a, find::first, true)),
    row("isalnum", Nothing, |cx, a| all(cx, a, u8::is_ascii_alphanumeric)),
    row("isalpha", Nothing, |cx, a| all(cx, a, u8::is_ascii_alphabetic)),
    row("isascii", Nothing, |cx, a| ask(cx, a, |bytes| bytes.is_ascii())),
    row("isdigit", Nothing, |cx, a| all(cx, a, u8::is_ascii_digit)),
    row("islower", Nothing, |cx, a| ask(cx, a, |bytes| in_case(bytes, u8::is_ascii_lowercase, u8::is_ascii_uppercase))),
    row("isspace", Nothing, |cx, a| all(cx, a, is_space)),
    row("istitle", Nothing, |cx, a| ask(cx, a, is_title)),
    row("isupper", Nothing, |cx, a| ask(cx, a, |bytes| in_case(bytes, u8::is_ascii_uppercase, u8::is_ascii_lowercase))),
    row("join", One, join),
    row("ljust", Between(1, 2), |cx, a| justify(cx, a, "ljust", |_, _| 0)),
    row("lower", Nothing, |cx, a| map(cx, a, |bytes| bytes.make_ascii_lowercase())),
    row("lstrip", Between(0, 1), |cx, a| strip(cx, a, true, false)),
    row("maketrans", Between(2, 2), make_translation),
    row("partition", One, |cx, a| partition(cx, a, false)),
    row("removeprefix", One, |cx, a| remove(cx, a, |bytes, piece| bytes.strip_prefix(piece))),
    row("removesuffix", One, |cx, a| remove(cx, a, |bytes, piece| bytes.strip_suffix(piece))),
    row("replace", Between(2, 3), replace),
    row("rfind", Parsed(1, 3), |cx, a| lookup(cx, a, find::last, false)),
    row("rindex", Parsed(1, 3), |cx, a| lookup(cx, a, find::last, true)),
    row("rjust", Between(1, 2), |cx, a| justify(cx, a, "rjust", |padding, _| padding)),
    row("rpartition", One, |cx, a| partition(cx, a, true)),
    row("rsplit", SPLIT, |cx, a| split(cx, a, true)),
    row("rstrip", Between(0, 1), |cx, a| strip(cx, a, false, true)),
    row("split", SPLIT, |cx, a| split(cx, a, false)),
    row("splitlines", LINES, lines),
    row("startswith", Parsed(1, 3), |cx, a| has_end(cx, a, "startswith", <[u8]>::starts_with)),
    row("strip", Between(0, 1), |cx, a| strip(cx, a, true, true)),
    row("swapcase", Nothing, |cx, a| map(cx, a, swap_case)),
    row("title", Nothing, |cx, a| map(cx, a, title)),
    row("translate", TRANSLATE, translate),
    row("upper", Nothing, |cx, a| map(cx, a, |bytes| bytes.make_ascii_uppercase())),
    row("zfill", One, zero_fill),
];

/// Which of the two types it is.
fn kind_of(store: &Store, args: &[Value]) -> Kind {
    args.first().and_then(|&this| store.object(this)).map_or(Kind::Bytes, |(kind, _)| kind)
}

fn same_kind(
    cx: &mut dyn Context,
    args: &mut Args,
    work: impl FnOnce(&Store, &mut Meter, &[Value]) -> Outcome<Vec<u8>>,
) -> Outcome {
    let kind = kind_of(cx.store(), args);
    produce(cx, args, kind, work)
}

/// A value that needs no memory.
fn answer(
    cx: &mut dyn Context,
    args: &mut Args,
    work: impl FnOnce(&Store, &mut Meter, &[Value]) -> Outcome<Value>,
) -> Outcome {
    priced(cx, args, |store, meter, args| Ok((Cost::default(), work(store, meter, args)?)))
}

fn int(i: usize) -> Value {
    Value::small_int(i as i64).unwrap_or(Value::NONE)
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// Changes each byte by itself.
fn map(cx: &mut dyn Context, args: &mut Args, change: impl FnOnce(&mut [u8])) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let mut bytes = required(store, meter, args[0])?;
        meter.step(store, bytes.len() as u64 / 2)?;
        change(&mut bytes);
        Ok(bytes)
    })
}

fn capitalize(bytes: &mut [u8]) {
    bytes.make_ascii_lowercase();
    bytes.iter_mut().take(1).for_each(|byte| byte.make_ascii_uppercase());
}

fn swap_case(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| byte.is_ascii_alphabetic()).for_each(|byte| *byte ^= 0x20);
}

fn title(bytes: &mut [u8]) {
    let mut in_word = false;
    for byte in bytes {
        if in_word {
            byte.make_ascii_lowercase()
        } else {
            byte.make_ascii_uppercase()
        }
        in_word = byte.is_ascii_alphabetic();
    }
}

/// Asks something about all bytes.
fn ask(cx: &mut dyn Context, args: &mut Args, question: impl FnOnce(&[u8]) -> bool) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let bytes = required(store, meter, args[0])?;
        meter.step(store, bytes.len() as u64 / 2)?;
        Ok(Value::bool(question(&bytes)))
    })
}

fn all(cx: &mut dyn Context, args: &mut Args, question: fn(&u8) -> bool) -> Outcome {
    ask(cx, args, |bytes| !bytes.is_empty() && bytes.iter().all(question))
}

fn in_case(bytes: &[u8], wanted: fn(&u8) -> bool, other: fn(&u8) -> bool) -> bool {
    bytes.iter().any(wanted) && !bytes.iter().any(other)
}

fn is_title(bytes: &[u8]) -> bool {
    let (mut some, mut in_word) = (false, false);
    for byte in bytes {
        let (starts, goes_on) = (byte.is_ascii_uppercase(), byte.is_ascii_lowercase());
        if starts && in_word || goes_on && !in_word {
            return false;
        }
        in_word = starts || goes_on;
        some |= in_word;
    }
    some
}

/// What is looked for: bytes, or one byte as an int.
fn piece(store: &Store, meter: &mut Meter, value: Value) -> Outcome<Vec<u8>> {
    if as_size(store, value).is_some() {
        return Ok(vec![byte_of(store, value)?]);
    }
    let name = store.type_name(value);
    let wrong = || type_error(format!("argument should be integer or bytes-like object, not '{name}'"));
    of(store, meter, value)?.ok_or_else(wrong)
}

/// The bytes between `start` and `end`, and where they begin; `None` if the start is behind the end.
fn span(bytes: &[u8], (start, end): (usize, usize)) -> Option<(&[u8], usize)> {
    bytes.get(start..end).map(|here| (here, start))
}

type Finder = fn(&Store, &mut Meter, &[u8], &[u8]) -> Outcome<Option<usize>>;

/// `find`, `rfind`, `index` and `rindex`.
fn lookup(cx: &mut dyn Context, args: &mut Args, finder: Finder, must: bool) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let bytes = required(store, meter, args[0])?;
        let range = args::range(store, args[2], args[3], bytes.len())?;
        let piece = piece(store, meter, args[1])?;
        let found = match span(&bytes, range) {
            Some((here, start)) => finder(store, meter, here, &piece)?.map(|at| start + at),
            None => None,
        };
        match found {
            Some(at) => Ok(int(at)),
            None if must => Err(value_error("subsection not found")),
            None => Ok(Value::small_int(-1).unwrap_or(Value::NONE)),
        }
    })
}

fn count(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let bytes = required(store, meter, args[0])?;
        let range = args::range(store, args[2], args[3], bytes.len())?;
        let piece = piece(store, meter, args[1])?;
        let Some((here, _)) = span(&bytes, range) else { return Ok(int(0)) };
        if piece.is_empty() {
            return Ok(int(here.len() + 1));
        }
        Ok(int(find::count(store, meter, here, &piece, u64::MAX)? as usize))
    })
}

fn has_end(cx: &mut dyn Context, args: &mut Args, name: &str, fits: fn(&[u8], &[u8]) -> bool) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let bytes = required(store, meter, args[0])?;
        let range = args::range(store, args[2], args[3], bytes.len())?;
        let here = span(&bytes, range).map(|(here, _)| here);
        if let Some((Kind::Tuple, pieces)) = store.object(args[1]) {
            for &wanted in tuple::elements(store, pieces) {
                meter.step(store, 1)?;
                let piece = required(store, meter, wanted)?;
                if here.is_some_and(|here| fits(here, &piece)) {
                    return Ok(Value::TRUE);
                }
            }
            return Ok(Value::FALSE);
        }
        let wanted = store.type_name(args[1]);
        let wrong =
            || type_error(format!("{name} first arg must be bytes or a tuple of bytes, not {wanted}"));
        let piece = of(store, meter, args[1])?.ok_or_else(wrong)?;
        Ok(Value::bool(here.is_some_and(|here| fits(here, &piece))))
    })
}

fn decode_method(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let text = priced(cx, args, |store, meter, args| {
        let [this, encoding, errors, last] = *args else { return Err(type_error("too few arguments")) };
        let [encoding, errors] = decode_arguments(store, &[this, encoding, errors, last])?;
        let bytes = required(store, meter, this)?;
        let text = decode(store, meter, &bytes, encoding, errors)?;
        Ok((text::cost(text.len()), text))
    })?;
    Ok(cx.store().text(text))
}

fn expand_tabs(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let size = if args[1] == ABSENT { 8 } else { args::c_int(store, args[1])? };
        let size = size.max(0) as usize;
        let bytes = required(store, meter, args[0])?;
        let (mut out, mut column) = (Vec::with_capacity(bytes.len()), 0);
        for byte in bytes {
            meter.step(store, 1)?;
            match byte {
                b'\t' => {
                    let blanks = if size > 0 { size - column % size } else { 0 };
                    check(store, (out.len() + blanks) as u128)?;
                    meter.step(store, blanks as u64 / 8)?;
                    out.resize(out.len() + blanks, b' ');
                    column += blanks;
                }
                b'\n' | b'\r' => {
                    out.push(byte);
                    column = 0;
                }
                _ => {
                    out.push(byte);
                    column += 1;
                }
            }
        }
        Ok(out)
    })
}

fn from_hex(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let Some(text) = store.str(args[1]) else {
            return Err(bad_argument(store, "fromhex() argument", "str", args[1]));
        };
        meter.step(store, text.len() as u64)?;
        let wrong = |at: usize| {
            let at = text.get(..at).map_or(at, |before| before.chars().count());
            value_error(format!("non-hexadecimal number found in fromhex() arg at position {at}"))
        };
        let digit = |at: usize| {
            let byte = text.as_bytes().get(at).copied().unwrap_or(0);
            char::from(byte).to_digit(16).ok_or_else(|| wrong(at)).map(|digit| digit as u8)
        };
        // What is not ASCII is found before all else.
        if let Some((at, _)) = text.char_indices().find(|(_, c)| !c.is_ascii()) {
            return Err(wrong(at));
        }
        let (mut out, mut at) = (Vec::with_capacity(text.len() / 2), 0);
        while at < text.len() {
            if text.as_bytes().get(at).is_some_and(is_space) {
                at += 1;
                continue;
            }
            out.push(digit(at)? << 4 | digit(at + 1)?);
            at += 2;
        }
        Ok(out)
    })
}

fn hex(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let text = priced(cx, args, |store, meter, args| {
        let group = if args[2] == ABSENT { 1 } else { args::c_int(store, args[2])? };
        let separator = match given(args[1]) {
            None => None,
            Some(value) => Some(separator(store, meter, value)?),
        };
        let bytes = required(store, meter, args[0])?;
        check(store, bytes.len() as u128 * 3)?;
        meter.step(store, bytes.len() as u64 * 2)?;
        let size = group.unsigned_abs() as usize;
        let mut text = String::with_capacity(bytes.len() * 2);
        for (at, byte) in bytes.iter().enumerate() {
            // A positive number counts from the end.
            let place = if group < 0 { at } else { bytes.len() - at };
            if let Some(separator) = separator.filter(|_| at > 0 && size > 0 && place % size == 0) {
                text.push(separator);
            }
            text.extend(
                [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')),
            );
        }
        Ok((text::cost(text.len()), text))
    })?;
    Ok(cx.store().text(text))
}

fn separator(store: &Store, meter: &mut Meter, value: Value) -> Outcome<char> {
    let characters: Vec<char> = match store.str(value) {
        Some(text) => text.chars().take(2).collect(),
        None => match of(store, meter, value)? {
            Some(bytes) if bytes.len() == 1 && matches!(store.object(value), Some((Kind::Bytearray, _))) => {
                return Err(type_error("sep must be str or bytes."));
            }
            Some(bytes) => bytes.iter().take(2).map(|&byte| char::from(byte)).collect(),
            None => {
                let name = store.type_name(value);
                let has_len =
                    store.object(value).and_then(|(kind, o)| super::super::value::len(store, kind, o));
                return Err(match has_len {
                    Some(1) => type_error("sep must be str or bytes."),
                    Some(_) => value_error("sep must be length 1."),
                    None => type_error(format!("object of type '{name}' has no len()")),
                });
            }
        },
    };
    match characters[..] {
        [c] if c.is_ascii() => Ok(c),
        [_] => Err(value_error("sep must be ASCII.")),
        _ => Err(value_error("sep must be length 1.")),
    }
}

fn join(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let joined = same_kind(cx, args, |store, meter, args| {
        let separator = required(store, meter, args[0])?;
        if !iter::is_iterable(store, args[1]) {
            return Err(type_error("can only join an iterable"));
        }
        let (mut out, mut at) = (Vec::new(), 0);
        walk::for_each(store, meter, args[1], &mut |_, next| {
            let wrong = |name: &str| {
                type_error(format!("sequence item {at}: expected a bytes-like object, {name} found"))
            };
            let value = match next {
                Next::Is(value) => value,
                Next::Number(_) => return Err(wrong("int")),
                Next::Char(_) => return Err(wrong("str")),
                Next::Pair(..) | Next::Tuple(_) => return Err(wrong("tuple")),
            };
            let Some((Kind::Bytes | Kind::Bytearray, object)) = store.object(value) else {
                return Err(wrong(store.type_name(value)));
            };
            if at > 0 {
                out.extend_from_slice(&separator);
            }
            out.extend(read(store, object));
            at += 1;
            check(store, out.len() as u128)
        })?;
        meter.step(store, out.len() as u64 / 4)?;
        Ok(out)
    })?;
    walk::exhaust(cx.store(), args[1]);
    Ok(joined)
}

fn justify(cx: &mut dyn Context, args: &mut Args, name: &str, before: fn(usize, usize) -> usize) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let width = args::size(store, args[1])?.max(0) as usize;
        let fill = match given(args[2]) {
            None => b' ',
            Some(value) => match of(store, meter, value)?.as_deref() {
                Some(&[fill]) => fill,
                _ => {
                    let what = format!("{name}() argument 2");
                    return Err(bad_argument(store, &what, "a byte string of length 1", value));
                }
            },
        };
        let bytes = required(store, meter, args[0])?;
        let padding = width.saturating_sub(bytes.len());
        check(store, width.max(bytes.len()) as u128)?;
        meter.step(store, padding as u64 / 8)?;
        let first = before(padding, width);
        let mut out = vec![fill; first];
        out.extend(bytes);
        out.resize(out.len() + padding - first, fill);
        Ok(out)
    })
}

fn zero_fill(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let width = args::size(store, args[1])?.max(0) as usize;
        let mut bytes = required(store, meter, args[0])?;
        let padding = width.saturating_sub(bytes.len());
        check(store, width.max(bytes.len()) as u128)?;
        meter.step(store, padding as u64 / 8)?;
        let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        bytes.splice(sign..sign, std::iter::repeat_n(b'0', padding));
        Ok(bytes)
    })
}

fn strip(cx: &mut dyn Context, args: &mut Args, start: bool, end: bool) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let set = match given(args[1]).filter(|&value| value != Value::NONE) {
            None => b"\t\n\x0b\x0c\r ".to_vec(),
            Some(value) => required(store, meter, value)?,
        };
        let mut goes = [false; 256];
        set.iter().for_each(|&byte| goes[usize::from(byte)] = true);
        let bytes = required(store, meter, args[0])?;
        meter.step(store, bytes.len() as u64 / 2)?;
        let mut rest = &bytes[..];
        while let [first, after @ ..] = rest
            && start
            && goes[usize::from(*first)]
        {
            rest = after;
        }
        while let [before @ .., last] = rest
            && end
            && goes[usize::from(*last)]
        {
            rest = before;
        }
        Ok(rest.to_vec())
    })
}

fn remove(
    cx: &mut dyn Context,
    args: &mut Args,
    rest: for<'a> fn(&'a [u8], &[u8]) -> Option<&'a [u8]>,
) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let piece = required(store, meter, args[1])?;
        let bytes = required(store, meter, args[0])?;
        Ok(rest(&bytes, &piece).unwrap_or(&bytes).to_vec())
    })
}

fn replace(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let (old, new) = (required(store, meter, args[1])?, required(store, meter, args[2])?);
        let most = if args[3] == ABSENT { -1 } else { args::size(store, args[3])? };
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let bytes = required(store, meter, args[0])?;
        let count = if old.is_empty() {
            most.min(bytes.len() as u64 + 1)
        } else {
            find::count(store, meter, &bytes, &old, most)?
        };
        let kept = bytes.len() as u128 - u128::from(count) * old.len() as u128;
        let size = kept + u128::from(count) * new.len() as u128;
        check(store, size)?;
        let mut out = Vec::with_capacity(size as usize);
        if !old.is_empty() {
            find::replace(store, meter, (&bytes, &old, &new), count, &mut |piece| {
                out.extend_from_slice(piece)
            })?;
            return Ok(out);
        }
        meter.step(store, count + size as u64 / 4)?;
        for at in 0..=bytes.len() {
            if (at as u64) < count {
                out.extend_from_slice(&new);
            }
            out.extend(bytes.get(at));
        }
        Ok(out)
    })
}

fn make_translation(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    produce(cx, args, Kind::Bytes, |store, meter, args| {
        let (from, to) = (required(store, meter, args[1])?, required(store, meter, args[2])?);
        if from.len() != to.len() {
            return Err(value_error("maketrans arguments must have same length"));
        }
        let mut table: Vec<u8> = (0..=255).collect();
        from.iter().zip(to).for_each(|(&from, to)| table[usize::from(from)] = to);
        Ok(table)
    })
}

fn translate(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    same_kind(cx, args, |store, meter, args| {
        let table = if args[1] == Value::NONE { None } else { Some(required(store, meter, args[1])?) };
        if table.as_ref().is_some_and(|table| table.len() != 256) {
            return Err(value_error("translation table must be 256 characters long"));
        }
        let mut goes = [false; 256];
        if let Some(delete) = given(args[2]) {
            required(store, meter, delete)?.iter().for_each(|&byte| goes[usize::from(byte)] = true);
        }
        let mut bytes = required(store, meter, args[0])?;
        meter.step(store, bytes.len() as u64 / 2)?;
        bytes.retain(|&byte| !goes[usize::from(byte)]);
        if let Some(table) = table {
            bytes.iter_mut().for_each(|byte| *byte = table.get(usize::from(*byte)).copied().unwrap_or(0));
        }
        Ok(bytes)
    })
}

fn partition(cx: &mut dyn Context, args: &mut Args, backwards: bool) -> Outcome {
    let kind = kind_of(cx.store(), args);
    let parts = priced(cx, args, |store, meter, args| {
        let separator = required(store, meter, args[1])?;
        if separator.is_empty() {
            return Err(value_error("empty separator"));
        }
        let bytes = required(store, meter, args[0])?;
        let found = if backwards {
            find::last(store, meter, &bytes, &separator)?
        } else {
            find::first(store, meter, &bytes, &separator)?
        };
        let parts = match found {
            Some(at) => [bytes[..at].to_vec(), separator.clone(), bytes[at + separator.len()..].to_vec()],
            None if backwards => [vec![], vec![], bytes],
            None => [bytes, vec![], vec![]],
        };
        let all = parts.iter().map(|part| cost(part.len()).object_bytes).sum();
        meter.step(store, parts.iter().map(|part| part.len() as u64 / 8).sum())?;
        Ok((tuple::cost(parts.len(), all), parts))
    })?;
    let store = cx.store();
    let found = !parts[1].is_empty();
    let mut values = parts.map(|part| make(store, kind, &part));
    // The separator of `bytes` is the one that was given.
    if found && kind == Kind::Bytes {
        values[1] = args[1];
    }
    Ok(tuple::make(store, &values))
}

/// A list of parts, which the work finds.
fn list_of_parts(
    cx: &mut dyn Context,
    args: &mut Args,
    work: impl FnOnce(&Store, &mut Meter, &[Value], &[u8]) -> Outcome<Vec<(usize, usize)>>,
) -> Outcome {
    let kind = kind_of(cx.store(), args);
    let (bytes, parts) = priced(cx, args, |store, meter, args| {
        let bytes = required(store, meter, args[0])?;
        let parts = work(store, meter, args, &bytes)?;
        let all = parts.iter().map(|(start, end)| cost(end - start).object_bytes).sum();
        meter.step(store, 4 * parts.len() as u64 + bytes.len() as u64 / 8)?;
        Ok((list::cost(parts.len(), all), (bytes, parts)))
    })?;
    let store = cx.store();
    let (list, storage) = list::allocate(store, parts.len());
    let Some(storage) = storage else { return Ok(list) };
    for (at, (start, end)) in parts.into_iter().enumerate() {
        let part = make(store, kind, bytes.get(start..end).unwrap_or_default());
        store.heap.set_slot(storage, at, part);
    }
    Ok(list)
}

fn split(cx: &mut dyn Context, args: &mut Args, backwards: bool) -> Outcome {
    list_of_parts(cx, args, |store, meter, args, bytes| {
        let most = if args[2] == ABSENT { -1 } else { args::size(store, args[2])? };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        meter.step(store, bytes.len() as u64)?;
        let separator = match given(args[1]).filter(|&value| value != Value::NONE) {
            None => return Ok(words(bytes, most, backwards)),
            Some(value) => required(store, meter, value)?,
        };
        if separator.is_empty() {
            return Err(value_error("empty separator"));
        }
        let size = separator.len();
        let mut parts = Vec::new();
        if backwards {
            let finder = memchr::memmem::FinderRev::new(&separator);
            let mut end = bytes.len();
            while parts.len() < most
                && let Some(at) = finder.rfind(&bytes[..end])
            {
                parts.push((at + size, end));
                end = at;
            }
            parts.push((0, end));
            parts.reverse();
        } else {
            let finder = memchr::memmem::Finder::new(&separator);
            let mut start = 0;
            while parts.len() < most
                && let Some(at) = finder.find(&bytes[start..])
            {
                parts.push((start, start + at));
                start += at + size;
            }
            parts.push((start, bytes.len()));
        }
        Ok(parts)
    })
}

/// What stands between blanks.
fn words(bytes: &[u8], most: usize, backwards: bool) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    if backwards {
        let mut end = bytes.len();
        while let Some(last) = bytes[..end].iter().rposition(|byte| !is_space(byte)) {
            if parts.len() == most {
                parts.push((0, last + 1));
                break;
            }
            let start = bytes[..last].iter().rposition(is_space).map_or(0, |at| at + 1);
            parts.push((start, last + 1));
            end = start;
        }
        parts.reverse();
        return parts;
    }
    let mut at = 0;
    while let Some(blanks) = bytes[at..].iter().position(|byte| !is_space(byte)) {
        let start = at + blanks;
        if parts.len() == most {
            parts.push((start, bytes.len()));
            break;
        }
        at = bytes[start..].iter().position(is_space).map_or(bytes.len(), |size| start + size);
        parts.push((start, at));
    }
    parts
}

fn lines(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    list_of_parts(cx, args, |store, meter, args, bytes| {
        let keep = match given(args[1]) {
            Some(keep) => args::c_int(store, keep)? != 0,
            None => false,
        };
        meter.step(store, bytes.len() as u64)?;
        let (mut parts, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let end = bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let Some(end) = end.map(|size| at + size) else {
                parts.push((at, bytes.len()));
                break;
            };
            let next = end + if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 };
            parts.push((at, if keep { next } else { end }));
            at = next;
        }
        Ok(parts)
    })
}
