//! What changes a `bytearray`.

use super::super::args::{self, Args, Method, Takes, given};
use super::super::{
    Context, Fault, Kind, Meter, Outcome, Size, iter, priced, raised, sequence, slice, type_error, walk,
};
use super::operators::repeated;
use super::{LEN, WORDS, as_size, byte, byte_of, charge, gathered, len, make_words, of, read, value_error};
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind, Operand};
use crate::store::Store;
use crate::value::Value;

const fn row(name: &'static str, takes: Takes, call: fn(&mut dyn Context, &mut Args) -> Outcome) -> Method {
    Method { name, takes, call }
}

/// Sorted by names.
#[rustfmt::skip]
pub(super) static METHODS: &[Method] = &[
    row("append", Takes::One, append),
    row("clear", Takes::Nothing, |cx, args| change(cx, args, |_, _, _, bytes| { bytes.clear(); Ok(Value::NONE) })),
    row("copy", Takes::Nothing, |cx, args| super::new(cx, Kind::Bytearray, args[0])),
    row("extend", Takes::One, extend),
    row("insert", Takes::Between(2, 2), insert),
    row("pop", Takes::Between(0, 1), pop),
    row("remove", Takes::One, remove),
    row("reverse", Takes::Nothing, |cx, args| change(cx, args, |_, _, _, bytes| { bytes.reverse(); Ok(Value::NONE) })),
];

fn object_of(store: &Store, value: Value) -> Outcome<Object> {
    store.heap.object(value).ok_or(Fault::Refused)
}

/// Room for a `bytearray` that grows to so many bytes, in words.
fn grown(len: usize) -> usize {
    (len + len / 8 + 8).div_ceil(8)
}

/// Changes a copy of all bytes, pays, and puts them back. The work's answer needs no memory.
fn change(
    cx: &mut dyn Context,
    args: &mut [Value],
    work: impl FnOnce(&Store, &mut Meter, &[Value], &mut Vec<u8>) -> Outcome<Value>,
) -> Outcome {
    let (bytes, answer) = priced(cx, args, |store, meter, args| {
        let object = object_of(store, args[0])?;
        meter.step(store, len(store, object) as u64 / 4)?;
        let mut bytes = read(store, object);
        let answer = work(store, meter, args, &mut bytes)?;
        super::check(store, bytes.len() as u128)?;
        let cost = Cost { object_bytes: charge(bytes.len()) - charge(0), ..super::cost(bytes.len()) };
        Ok((cost, (bytes, answer)))
    })?;
    let store = cx.store();
    let object = object_of(store, args[0])?;
    let words = make_words(store, &bytes);
    store.heap.set_slot(object, WORDS, words);
    store.heap.set_count(object, LEN, bytes.len());
    Ok(answer)
}

/// Puts a byte where one is, or into a word that is there.
fn put(store: &mut Store, object: Object, at: usize, byte: u8) {
    if let Some(words) = store.heap.object(store.heap.slot(object, WORDS))
        && let Some(word) = store.heap.slots_mut(words).get_mut(at / 8)
    {
        let shift = at % 8 * 8;
        *word = Value::from_bits(word.bits() & !(0xff << shift) | u64::from(byte) << shift);
    }
}

/// `append`
fn append(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let store = cx.store();
    let object = object_of(store, args[0])?;
    let byte = byte_of(store, args[1])?;
    let len = len(store, object);
    super::check(store, len as u128 + 1)?;
    let room = super::words(store, object).len();
    if len / 8 >= room {
        let words = grown(len + 1);
        let object_bytes = Heap::object_bytes(words as u64);
        cx.pay(Cost { fuel: room as u64, object_bytes, ..Cost::default() }, args)?;
        let store = cx.store();
        let object = object_of(store, args[0])?;
        let new = store.heap.allocate(Kind::Raw, words);
        if let Some(old) = store.heap.object(store.heap.slot(object, WORDS)) {
            store.heap.copy_slots(old, 0, new, 0, room);
        }
        store.heap.set_slot(object, WORDS, new.value());
    }
    let store = cx.store();
    let object = object_of(store, args[0])?;
    put(store, object, len, byte);
    store.heap.set_count(object, LEN, len + 1);
    Ok(Value::NONE)
}

/// Bytes that are to be put into a `bytearray`: of bytes, or of an iterable of ints.
fn source(store: &Store, meter: &mut Meter, value: Value, wrong: impl Fn() -> Fault) -> Outcome<Vec<u8>> {
    if let Some(bytes) = of(store, meter, value)? {
        return Ok(bytes);
    }
    if !iter::is_iterable(store, value) {
        return Err(wrong());
    }
    gathered(store, meter, value, "byte")
}

/// `extend`
fn extend(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    change(cx, args, |store, meter, args, bytes| {
        let name = store.type_name(args[1]);
        let wrong = || type_error(format!("can't extend bytearray with {name}"));
        if store.str(args[1]) == Some("") {
            return Ok(Value::NONE);
        }
        bytes.extend(source(store, meter, args[1], wrong)?);
        Ok(Value::NONE)
    })?;
    walk::exhaust(cx.store(), args[1]);
    Ok(Value::NONE)
}

/// `a += b`
pub(super) fn extend_in_place(cx: &mut dyn Context, a: Value, b: Value) -> Outcome {
    let mut held = [a, b];
    change(cx, &mut held, |store, meter, args, bytes| {
        let name = store.type_name(args[1]);
        let more = of(store, meter, args[1])?;
        bytes.extend(more.ok_or_else(|| type_error(format!("can't concat {name} to bytearray")))?);
        Ok(Value::NONE)
    })?;
    Ok(held[0])
}

/// `a *= times`
pub(super) fn repeat_in_place(cx: &mut dyn Context, a: Value, times: Value) -> Outcome {
    let mut held = [a, times];
    change(cx, &mut held, |store, meter, args, bytes| {
        *bytes = repeated(store, meter, args[0], args[1])?;
        Ok(Value::NONE)
    })?;
    Ok(held[0])
}

/// `insert`
fn insert(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    change(cx, args, |store, _, args, bytes| {
        let at = args::size(store, args[1])?;
        let byte = byte_of(store, args[2])?;
        let len = bytes.len() as i64;
        let at = if at < 0 { at.saturating_add(len).max(0) } else { at.min(len) };
        bytes.insert(at as usize, byte);
        Ok(Value::NONE)
    })
}

/// `pop`
fn pop(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let store = cx.store();
    let object = object_of(store, args[0])?;
    let (at, len) = (given(args[1]), len(store, object));
    let at = at.map_or(Ok(-1), |at| args::size(store, at))?;
    if len == 0 {
        return Err(raised(ErrorKind::IndexError, "pop from empty bytearray"));
    }
    let Some(at) = sequence::place(len, at) else {
        return Err(raised(ErrorKind::IndexError, "pop index out of range"));
    };
    let popped = store.int(i64::from(byte(store, object, at).unwrap_or(0)));
    if at + 1 == len {
        store.heap.set_count(object, LEN, at);
        return Ok(popped);
    }
    change(cx, args, |_, _, _, bytes| {
        bytes.remove(at);
        Ok(popped)
    })
}

/// `remove`
fn remove(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    change(cx, args, |store, _, args, bytes| {
        let byte = byte_of(store, args[1])?;
        let Some(at) = bytes.iter().position(|&other| other == byte) else {
            return Err(value_error("value not found in bytearray"));
        };
        bytes.remove(at);
        Ok(Value::NONE)
    })
}

/// `a[i] = value`
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn store_index(cx: &mut dyn Context, a: Value, i: Value, value: Value) -> Outcome<()> {
    let store = cx.store();
    let object = object_of(store, a)?;
    if !matches!(store.object(i), Some((Kind::Slice, _))) {
        if as_size(store, i).is_none() {
            let name = store.type_name(i);
            return Err(type_error(format!("bytearray indices must be integers or slices, not {name}")));
        }
        let at = super::place(store, Kind::Bytearray, len(store, object), i);
        // A value that is no byte is found before an index that leads nowhere, but for one that fits no word.
        if matches!(as_size(store, i), Some(Size::Beyond { .. })) {
            at?;
            return Ok(());
        }
        let byte = byte_of(store, value)?;
        let at = at?;
        put(store, object, at, byte);
        return Ok(());
    }
    let mut held = [a, i, value];
    change(cx, &mut held, |store, meter, args, bytes| {
        let Some((Kind::Slice, slice)) = store.object(args[1]) else { return Err(Fault::Refused) };
        let span = slice::span(store, slice, bytes.len())?;
        let wrong = || match store.operand(args[2]) {
            Operand::None | Operand::Object(_) => {
                let name = store.type_name(args[2]);
                type_error(format!("cannot convert '{name}' object to bytearray"))
            }
            _ => type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)"),
        };
        if store.str(args[2]).is_some() {
            return Err(wrong());
        }
        let new = source(store, meter, args[2], wrong)?;
        if span.step == 1 {
            bytes.splice(span.start..span.start + span.count, new);
            return Ok(Value::NONE);
        }
        if new.len() != span.count && !new.is_empty() {
            return Err(value_error(format!(
                "attempt to assign bytes of size {} to extended slice of size {}",
                new.len(),
                span.count
            )));
        }
        if new.is_empty() {
            remove_span(bytes, span);
            return Ok(Value::NONE);
        }
        for (at, byte) in span.places().zip(new) {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        Ok(Value::NONE)
    })?;
    walk::exhaust(cx.store(), held[2]);
    Ok(())
}

/// Takes bytes at equal distances out.
fn remove_span(bytes: &mut Vec<u8>, span: slice::Span) {
    let span = span.ascending();
    let mut at = 0;
    let mut next = span.places().peekable();
    bytes.retain(|_| {
        let goes = next.peek() == Some(&at);
        if goes {
            next.next();
        }
        at += 1;
        !goes
    });
}

/// `del a[i]`
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn delete_index(cx: &mut dyn Context, a: Value, i: Value) -> Outcome<()> {
    change(cx, &mut [a, i], |store, _, args, bytes| {
        if let Some((Kind::Slice, slice)) = store.object(args[1]) {
            let span = slice::span(store, slice, bytes.len())?;
            remove_span(bytes, span);
        } else {
            let at = super::place(store, Kind::Bytearray, bytes.len(), args[1])?;
            bytes.remove(at);
        }
        Ok(Value::NONE)
    })?;
    Ok(())
}
