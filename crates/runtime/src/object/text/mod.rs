//! Strs: their elements and methods.
//!
//! A str is a leaf of the heap, UTF-8 whose characters have been counted once. So one that has as many characters as bytes is
//! ASCII, and its elements are found without looking at others; of any other str the characters are counted up to the place.
//!
//! What characters are (letters, digits, blanks) and how their case changes is CPython 3.11's knowledge, Unicode 14, whatever
//! the Rust standard library knows: see [`unicode`]. There are no surrogates in a str, as there can be in CPython.
//!
//! A method first finds out what its result is, without effects and metered, pays for the work and the result at once, and
//! then puts it into the heap. Results of many pieces are made in two passes over the text, so that nothing is held twice.

mod case;
mod codec;
mod ends;
mod format;
mod pad;
mod percent;
mod search;
mod split;
mod table;
mod template;
pub mod unicode;
mod unicode_data;

#[cfg(test)]
mod tests;

use super::args::{self, Method};
use super::{
    Context, Fault, Kind, Meter, Outcome, Size, as_size, list, no_attribute, raised, slice, type_error,
};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind, NumError};
use crate::store::Store;
use crate::value::Value;
use bytecode::CallForm;

pub use codec::{decode, decode_arguments, encode};
pub use format::format_value;
pub use percent::percent;

/// Bytes that are copied, compared or skipped in one step of a meter.
const BYTES_PER_STEP: u64 = 8;
/// Bytes that are looked at between two steps of a meter.
const AT_ONCE: usize = 1 << 12;
/// Steps of a meter for a character whose properties are looked up.
const STEPS_PER_CHARACTER: u64 = 8;

/// Calls a method of a str.
///
/// # Errors
/// What CPython raises, and [`Fault::Refused`].
pub fn method(cx: &mut dyn Context, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    if form.name == "format" {
        return template::format(cx, form, args);
    }
    match args::find(table::METHODS, form.name) {
        Some(method) => method.call(cx, "str", form, args),
        None => Err(no_attribute(cx.store(), args.first().copied().unwrap_or(Value::NONE), form.name)),
    }
}

/// The methods of strs that there are.
pub fn methods() -> &'static [Method] {
    table::METHODS
}

/// The str that the first argument of a method is.
fn this<'a>(store: &'a Store, args: &[Value]) -> &'a str {
    args.first().and_then(|&value| store.str(value)).unwrap_or_default()
}

/// A part of a text; empty, if there is none.
#[inline]
fn part(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// What a str of so many bytes costs.
pub fn cost(bytes: usize) -> Cost {
    Cost { object_bytes: Heap::charge_for(bytes as u64), ..Cost::default() }
}

/// An empty text with room for so many bytes, if that is allowed.
fn room(store: &Store, bytes: usize) -> Outcome<String> {
    let max_bytes = store.watch.limits.max_str_bytes;
    let too_large = || Fault::Raised(NumError::StrTooLarge { max_bytes });
    if bytes as u64 > max_bytes {
        return Err(too_large());
    }
    let mut text = String::new();
    text.try_reserve_exact(bytes).map_err(|_| too_large())?;
    Ok(text)
}

/// Whether a text may be so long.
fn check(store: &Store, bytes: usize) -> Outcome<()> {
    room_for(store, bytes as u128)
}

fn room_for(store: &Store, bytes: u128) -> Outcome<()> {
    let max_bytes = store.watch.limits.max_str_bytes;
    if bytes > u128::from(max_bytes) { Err(NumError::StrTooLarge { max_bytes }.into()) } else { Ok(()) }
}

/// Counts the steps of copying, comparing or skipping so many bytes.
fn pass(store: &Store, meter: &mut Meter, bytes: usize) -> Outcome<()> {
    meter.step(store, bytes as u64 / BYTES_PER_STEP)
}

/// Hands a text on in pieces of a length that takes no time, each after the steps of looking at its characters. Stops where
/// the answer is false, and gives that.
fn pieces(
    store: &Store,
    meter: &mut Meter,
    text: &str,
    work: &mut dyn FnMut(&str) -> Outcome<bool>,
) -> Outcome<bool> {
    let mut at = 0;
    while at < text.len() {
        let end = text.floor_char_boundary(at + AT_ONCE);
        let piece = part(text, at, end);
        let steps = if piece.is_ascii() { 1 } else { STEPS_PER_CHARACTER };
        meter.step(store, piece.len() as u64 * steps / 2 + 1)?;
        if !work(piece)? {
            return Ok(false);
        }
        at = end;
    }
    Ok(true)
}

/// A text that a method gives.
enum Text {
    /// The first argument itself.
    This,
    /// Another one.
    New(String),
}

/// Does metered work that gives a text, pays for both, and makes the str.
fn make(
    cx: &mut dyn Context,
    args: &mut [Value],
    work: impl FnOnce(&Store, &mut Meter, &[Value]) -> Outcome<Text>,
) -> Outcome {
    let text = super::priced(cx, args, |store, meter, args| {
        let text = work(store, meter, args)?;
        Ok(match &text {
            Text::This => (Cost::default(), text),
            Text::New(new) => {
                check(store, new.len())?;
                pass(store, meter, new.len())?;
                (cost(new.len()), text)
            }
        })
    })?;
    match text {
        Text::This => Ok(args.first().copied().unwrap_or(Value::NONE)),
        Text::New(text) => Ok(cx.store().text(text)),
    }
}

/// Does metered work that writes a text, pays for both, and makes the str.
fn written(
    cx: &mut dyn Context,
    args: &mut [Value],
    write: impl FnOnce(&Store, &mut Meter, &mut String, &[Value]) -> Outcome<()>,
) -> Outcome {
    make(cx, args, |store, meter, args| {
        let mut text = String::new();
        write(store, meter, &mut text, args)?;
        Ok(Text::New(text))
    })
}

/// Does metered work that gives a value which needs no memory, and pays for it.
fn answer(
    cx: &mut dyn Context,
    args: &mut [Value],
    work: impl FnOnce(&Store, &mut Meter, &[Value]) -> Outcome<Value>,
) -> Outcome {
    super::priced(cx, args, |store, meter, args| Ok((Cost::default(), work(store, meter, args)?)))
}

/// Pays for a list of so many strs with so many bytes in all, and makes it: `next` is asked for where the next one is in the
/// text. With `backwards`, they come from the last to the first.
fn list_of_parts(
    cx: &mut dyn Context,
    args: &mut [Value],
    backwards: bool,
    count: impl FnOnce(&Store, &mut Meter, &[Value]) -> Outcome<(usize, usize)>,
    mut next: impl FnMut(&Store, &[Value]) -> Option<(usize, usize)>,
) -> Outcome {
    let count = super::priced(cx, args, |store, meter, args| {
        let (count, bytes) = count(store, meter, args)?;
        meter.step(store, 4 * count as u64)?;
        pass(store, meter, bytes)?;
        let texts = (count as u64).saturating_mul(Heap::charge_for(0)).saturating_add(bytes as u64);
        Ok((list::cost(count, texts), count))
    })?;
    let store = cx.store();
    let (list, storage) = list::allocate(store, count);
    let Some(storage) = storage else { return Ok(list) };
    for at in 0..count {
        let Some((start, end)) = next(store, args) else { break };
        let text = part(this(store, args), start, end).to_owned();
        let value = store.text(text);
        store.heap.set_slot(storage, if backwards { count - 1 - at } else { at }, value);
    }
    Ok(list)
}

/// A tuple of three parts of the text.
fn tuple_of_parts(
    cx: &mut dyn Context,
    args: &mut [Value],
    parts: [(usize, usize); 3],
    meter: &Meter,
) -> Outcome {
    let texts: u64 = parts.iter().map(|(start, end)| Heap::charge_for((end - start) as u64)).sum();
    let work = meter.cost();
    cx.pay(Cost { object_bytes: Heap::object_bytes(3) + texts, ..work }, args)?;
    let store = cx.store();
    let tuple = store.heap.allocate(Kind::Tuple, parts.len());
    for (at, (start, end)) in parts.into_iter().enumerate() {
        let text = part(this(store, args), start, end).to_owned();
        let value = store.text(text);
        store.heap.set_slot(tuple, at, value);
    }
    Ok(tuple.value())
}

/// Where the character with this number begins; the end of the text, if there are not so many.
fn offset(text: &str, characters: usize) -> usize {
    let mut rest = text.chars();
    if let Some(last) = characters.checked_sub(1) {
        rest.nth(last);
    }
    text.len() - rest.as_str().len()
}

/// The str with one character that begins at a byte of a text; `None` at its end. The next one begins where it ends.
#[inline]
pub fn character_at(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    let c = rest.chars().next()?;
    rest.get(..c.len_utf8())
}

/// `s[i]`, where the index is an int or a slice.
///
/// # Errors
/// What CPython raises, and [`Fault::Refused`].
pub fn index(cx: &mut dyn Context, s: Value, i: Value) -> Outcome {
    let store = cx.store();
    if let Some((Kind::Slice, slice)) = store.object(i) {
        return slice_of(cx, s, slice);
    }
    let at = match as_size(store, i) {
        Some(Size::Fits(at)) => at,
        Some(Size::Beyond { .. }) => {
            return Err(raised(ErrorKind::IndexError, "cannot fit 'int' into an index-sized integer"));
        }
        None => {
            let name = store.type_name(i);
            return Err(type_error(format!("string indices must be integers, not '{name}'")));
        }
    };
    let count = store.heap.characters(s);
    let at = if at < 0 { at.saturating_add(count as i64) } else { at };
    let at = usize::try_from(at).ok().filter(|&at| at < count);
    let Some(at) = at else { return Err(raised(ErrorKind::IndexError, "string index out of range")) };
    let text = store.str(s).unwrap_or_default();
    if count == text.len() {
        let c = char::from(text.as_bytes().get(at).copied().unwrap_or(b' '));
        cx.pay(cost(1), &mut [])?;
        return Ok(cx.store().text(String::from(c)));
    }
    make(cx, &mut [s], |store, meter, args| {
        let text = this(store, args);
        pass(store, meter, at)?;
        let at = offset(text, at);
        Ok(Text::New(character_at(text, at).unwrap_or_default().to_owned()))
    })
}

fn slice_of(cx: &mut dyn Context, s: Value, slice: Object) -> Outcome {
    let store = cx.store();
    let count = store.heap.characters(s);
    let chosen = slice::span(store, slice, count)?;
    make(cx, &mut [s], |store, meter, args| {
        let text = this(store, args);
        let ascii = count == text.len();
        if chosen.count == count && chosen.step == 1 {
            return Ok(Text::This);
        }
        if chosen.step == 1 || chosen.count <= 1 {
            let (start, end) = (chosen.start, chosen.start + chosen.count);
            if ascii {
                pass(store, meter, chosen.count)?;
                return Ok(Text::New(part(text, start, end).to_owned()));
            }
            pass(store, meter, text.len())?;
            let start = offset(text, start);
            let rest = part(text, start, text.len());
            return Ok(Text::New(part(rest, 0, offset(rest, chosen.count)).to_owned()));
        }
        let mut new = room(store, if ascii { chosen.count } else { text.len() })?;
        if ascii {
            meter.step(store, chosen.count as u64)?;
            let bytes = text.as_bytes();
            new.extend(chosen.places().map(|at| char::from(bytes.get(at).copied().unwrap_or(b' '))));
            return Ok(Text::New(new));
        }
        meter.step(store, count as u64)?;
        let step = usize::try_from(chosen.step.unsigned_abs()).unwrap_or(usize::MAX);
        if chosen.step > 0 {
            new.extend(text.chars().skip(chosen.start).step_by(step).take(chosen.count));
        } else {
            new.extend(text.chars().rev().skip(count - 1 - chosen.start).step_by(step).take(chosen.count));
        }
        Ok(Text::New(new))
    })
}
