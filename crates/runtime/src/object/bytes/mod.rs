//! `bytes` and `bytearray`: how many there are, and a [`Kind::Raw`] with eight of them in each word.
//!
//! Operations on all bytes copy them once and work on the copy, which is as long as what they are charged for.

mod edit;
mod methods;
mod operators;

#[cfg(test)]
mod tests;

use super::args::{self, Method};
use super::next::Next;
use super::{
    Context, Fault, Kind, Meter, Outcome, Size, as_size, no_attribute, priced, raised, slice, type_error,
};
use super::{iter, value_error, walk};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind, NumError, Output};
use crate::store::Store;
use crate::value::Value;
use bytecode::CallForm;
use std::cmp::Ordering;

pub use edit::{delete_index, store_index};
pub use operators::{binary, contains};

/// The slot that counts the bytes.
const LEN: usize = 0;
/// The slot with the words; `none` where there is no byte.
const WORDS: usize = 1;
/// How many slots there are.
const SLOTS: usize = 2;
/// Bytes that are copied in one step of a meter.
const BYTES_PER_STEP: u64 = 8;

/// How many bytes there are.
pub fn len(store: &Store, object: Object) -> usize {
    store.heap.count(object, LEN)
}

fn words(store: &Store, object: Object) -> &[Value] {
    let words = store.heap.object(store.heap.slot(object, WORDS));
    words.map_or(&[], |words| store.heap.slots(words))
}

/// One byte, if there are so many.
pub fn byte(store: &Store, object: Object, at: usize) -> Option<u8> {
    let word = words(store, object).get(at / 8)?;
    (at < len(store, object)).then(|| (word.bits() >> (at % 8 * 8)) as u8)
}

/// All bytes, copied.
pub fn read(store: &Store, object: Object) -> Vec<u8> {
    let len = len(store, object);
    let mut bytes: Vec<u8> = Vec::with_capacity(len.next_multiple_of(8));
    for word in words(store, object).iter().take(len.div_ceil(8)) {
        bytes.extend_from_slice(&word.bits().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// All bytes of a value, if it is `bytes` or a `bytearray`.
pub fn of(store: &Store, meter: &mut Meter, value: Value) -> Outcome<Option<Vec<u8>>> {
    match store.object(value) {
        Some((Kind::Bytes | Kind::Bytearray, object)) => {
            meter.step(store, len(store, object) as u64 / BYTES_PER_STEP)?;
            Ok(Some(read(store, object)))
        }
        _ => Ok(None),
    }
}

/// The same, or CPython's error.
fn required(store: &Store, meter: &mut Meter, value: Value) -> Outcome<Vec<u8>> {
    let name = store.type_name(value);
    of(store, meter, value)?
        .ok_or_else(|| type_error(format!("a bytes-like object is required, not '{name}'")))
}

/// How two objects of bytes stand to each other.
///
/// # Errors
/// Those of the meter.
pub fn order(store: &Store, meter: &mut Meter, a: Object, b: Object) -> Outcome<Ordering> {
    let (long, short) = (words(store, a), words(store, b));
    let both = len(store, a).min(len(store, b));
    let same = long.iter().zip(short).take(both / 8).take_while(|(a, b)| a == b).count();
    meter.step(store, same as u64)?;
    for at in same * 8..both {
        let (x, y) = (byte(store, a, at), byte(store, b, at));
        if x != y {
            return Ok(x.cmp(&y));
        }
    }
    Ok(len(store, a).cmp(&len(store, b)))
}

/// What is charged for so many bytes.
pub fn charge(len: usize) -> u64 {
    let words = if len == 0 { 0 } else { Heap::object_bytes(len.div_ceil(8) as u64) };
    Heap::object_bytes(SLOTS as u64) + words
}

/// What so many bytes cost.
pub fn cost(len: usize) -> Cost {
    Cost { fuel: len as u64 / BYTES_PER_STEP, object_bytes: charge(len), ..Cost::default() }
}

/// Whether there may be so many bytes.
pub(super) fn check(store: &Store, len: u128) -> Outcome<()> {
    let max_bytes = store.watch.limits.max_str_bytes;
    if len > u128::from(max_bytes) { Err(NumError::StrTooLarge { max_bytes }.into()) } else { Ok(()) }
}

/// A [`Kind::Raw`] with these bytes, paid for; `none` if there are none.
fn make_words(store: &mut Store, bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::NONE;
    }
    let words = store.heap.allocate(Kind::Raw, bytes.len().div_ceil(8));
    for (slot, bytes) in store.heap.slots_mut(words).iter_mut().zip(bytes.chunks(8)) {
        *slot = Value::from_bits(word(bytes));
    }
    words.value()
}

/// An object of these bytes, paid for.
pub fn make(store: &mut Store, kind: Kind, bytes: &[u8]) -> Value {
    let object = store.heap.allocate(kind, SLOTS);
    let words = make_words(store, bytes);
    store.heap.set_slot(object, WORDS, words);
    store.heap.set_count(object, LEN, bytes.len());
    object.value()
}

/// Up to eight bytes as a word.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// Does metered work that gives bytes, pays for both, and makes an object of this kind.
fn produce(
    cx: &mut dyn Context,
    args: &mut [Value],
    kind: Kind,
    work: impl FnOnce(&Store, &mut Meter, &[Value]) -> Outcome<Vec<u8>>,
) -> Outcome {
    let bytes = priced(cx, args, |store, meter, args| {
        let bytes = work(store, meter, args)?;
        check(store, bytes.len() as u128)?;
        Ok((cost(bytes.len()), bytes))
    })?;
    Ok(make(cx.store(), kind, &bytes))
}

/// An int that is a byte.
fn byte_of(store: &Store, value: Value) -> Outcome<u8> {
    match as_size(store, value) {
        Some(Size::Fits(byte)) => {
            u8::try_from(byte).map_err(|_| value_error("byte must be in range(0, 256)"))
        }
        Some(Size::Beyond { .. }) => Err(value_error("byte must be in range(0, 256)")),
        None => Err(args::no_integer(store, value)),
    }
}

/// The ints of an iterable as bytes.
fn gathered(store: &Store, meter: &mut Meter, iterable: Value, what: &'static str) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    walk::for_each(store, meter, iterable, &mut |_, next| {
        let byte = match next {
            Next::Is(value) => byte_of(store, value),
            Next::Number(Output::Int(i)) => u8::try_from(i).map_err(|_| value_error("")),
            Next::Number(_) => Err(value_error("")),
            Next::Char(_) => Err(type_error("'str' object cannot be interpreted as an integer")),
            Next::Pair(..) | Next::Tuple(_) => {
                Err(type_error("'tuple' object cannot be interpreted as an integer"))
            }
        };
        bytes.push(byte.map_err(|fault| out_of_range(fault, what))?);
        check(store, bytes.len() as u128)
    })?;
    Ok(bytes)
}

/// CPython's words depend on who asks.
fn out_of_range(fault: Fault, what: &'static str) -> Fault {
    match fault {
        Fault::Raised(NumError::Raised { kind: ErrorKind::ValueError, .. }) => {
            value_error(format!("{what} must be in range(0, 256)"))
        }
        fault => fault,
    }
}

/// `bytes(a)` and `bytearray(a)`.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn new(cx: &mut dyn Context, kind: Kind, a: Value) -> Outcome {
    let mut held = [a];
    let made = produce(cx, &mut held, kind, |store, meter, args| {
        let a = args.first().copied().unwrap_or(Value::NONE);
        if store.str(a).is_some() {
            return Err(type_error("string argument without an encoding"));
        }
        if let Some(bytes) = of(store, meter, a)? {
            return Ok(bytes);
        }
        match as_size(store, a) {
            Some(Size::Fits(count)) => {
                let count = usize::try_from(count).map_err(|_| value_error("negative count"))?;
                check(store, count as u128)?;
                meter.step(store, count as u64 / BYTES_PER_STEP)?;
                return Ok(vec![0; count]);
            }
            Some(Size::Beyond { .. }) => {
                let message = "cannot fit 'int' into an index-sized integer";
                return Err(raised(ErrorKind::OverflowError, message));
            }
            None => {}
        }
        if !iter::is_iterable(store, a) {
            let (from, to) = (store.type_name(a), kind.type_name());
            return Err(type_error(format!("cannot convert '{from}' object to {to}")));
        }
        gathered(store, meter, a, if kind == Kind::Bytes { "bytes" } else { "byte" })
    })?;
    walk::exhaust(cx.store(), held[0]);
    Ok(made)
}

/// Which byte an index means.
fn place(store: &Store, kind: Kind, len: usize, i: Value) -> Outcome<usize> {
    let at = match as_size(store, i) {
        Some(Size::Fits(at)) => super::sequence::place(len, at),
        Some(Size::Beyond { .. }) => {
            let message = "cannot fit 'int' into an index-sized integer";
            return Err(raised(ErrorKind::IndexError, message));
        }
        None => {
            let what = if kind == Kind::Bytes { "byte" } else { "bytearray" };
            let name = store.type_name(i);
            return Err(type_error(format!("{what} indices must be integers or slices, not {name}")));
        }
    };
    let out_of_range =
        if kind == Kind::Bytes { "index out of range" } else { "bytearray index out of range" };
    at.ok_or_else(|| raised(ErrorKind::IndexError, out_of_range))
}

/// `a[i]`, where the index is an int or a slice.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn index(cx: &mut dyn Context, kind: Kind, a: Value, i: Value) -> Outcome {
    let store = cx.store();
    let Some(object) = store.heap.object(a) else { return Err(Fault::Refused) };
    let Some((Kind::Slice, slice)) = store.object(i) else {
        let at = place(store, kind, len(store, object), i)?;
        let byte = byte(store, object, at).unwrap_or(0);
        return Ok(store.int(i64::from(byte)));
    };
    let span = slice::span(store, slice, len(store, object))?;
    produce(cx, &mut [a], kind, |store, meter, _| {
        check(store, span.count as u128)?;
        meter.step(store, span.count as u64)?;
        Ok(span.places().map(|at| byte(store, object, at).unwrap_or(0)).collect())
    })
}

/// Calls a method.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn call(cx: &mut dyn Context, kind: Kind, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    let own = if kind == Kind::Bytearray { args::find(edit::METHODS, form.name) } else { None };
    match own.or_else(|| args::find(methods::METHODS, form.name)) {
        Some(method) => method.call(cx, kind.type_name(), form, args),
        None => Err(no_attribute(cx.store(), args.first().copied().unwrap_or(Value::NONE), form.name)),
    }
}

/// The methods of `bytes`, and those that a `bytearray` has besides.
pub fn tables() -> [&'static [Method]; 2] {
    [methods::METHODS, edit::METHODS]
}

/// Appends what `repr` writes.
///
/// # Errors
/// A text that is too long, and those of the meter.
pub fn write_repr(
    store: &Store,
    meter: &mut Meter,
    out: &mut String,
    kind: Kind,
    object: Object,
) -> Outcome<()> {
    let bytes = read(store, object);
    meter.step(store, bytes.len() as u64)?;
    check(store, out.len() as u128 + bytes.len() as u128)?;
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    out.push_str(if kind == Kind::Bytes { "b" } else { "bytearray(b" });
    out.push(char::from(quote));
    for byte in bytes {
        match byte {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\\' => out.push_str("\\\\"),
            // In a bytearray CPython escapes these whatever the quotes are.
            b'\'' if quote == byte || kind == Kind::Bytearray => out.push_str("\\'"),
            b' '..=b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push(char::from(quote));
    if kind == Kind::Bytearray {
        out.push(')');
    }
    check(store, out.len() as u128)
}
