//! Text: what `repr`, `str` and `ascii` give.

use super::super::{Kind, Meter, Outcome, Store, bytes, dict, exception, raised, set};
use super::{DEEPEST, elements};
use crate::heap::Object;
use crate::num::{self, ErrorKind, NumError, Operand};
use crate::value::Value;
use bytecode::{Builtin1, UnOp};

/// What `repr(a)` gives.
///
/// # Errors
/// What CPython raises, a text that is too long, and those of the meter.
pub fn repr(store: &Store, meter: &mut Meter, a: Value) -> Outcome<String> {
    let mut out = String::new();
    write_repr(store, meter, &mut out, a)?;
    Ok(out)
}

/// What `str(a)` gives.
///
/// # Errors
/// As [`repr`].
pub fn text(store: &Store, meter: &mut Meter, a: Value) -> Outcome<String> {
    let mut out = String::new();
    write_str(store, meter, &mut out, a)?;
    Ok(out)
}

/// What `ascii(a)` gives.
///
/// # Errors
/// As [`repr`].
pub fn ascii(store: &Store, meter: &mut Meter, a: Value) -> Outcome<String> {
    let mut out = String::new();
    write_ascii(store, meter, &mut out, a)?;
    Ok(out)
}

/// The start of what `repr(a)` gives, shortened to so many characters: for messages to people, who do not pay.
pub fn describe(store: &Store, a: Value, characters: usize) -> String {
    // Enough for what is shown, whatever there is.
    let mut meter = Meter::of(10_000);
    let mut out = String::new();
    let complete = write_repr(store, &mut meter, &mut out, a).is_ok();
    if complete && out.chars().count() <= characters {
        return out;
    }
    if out.is_empty() {
        out = format!("<{}>", store.type_name(a));
    }
    let mut short: String = out.chars().take(characters.saturating_sub(3)).collect();
    short.push_str("...");
    short
}

/// Appends what `str(a)` gives.
///
/// # Errors
/// As [`repr`].
pub fn write_str(store: &Store, meter: &mut Meter, out: &mut String, a: Value) -> Outcome<()> {
    let mut a = a;
    // The text of an exception is that of its only argument.
    while let Some((Kind::Exception, object)) = store.object(a) {
        meter.step(store, 1)?;
        match (exception::said(store, object), exception::args_of(store, object)) {
            (Some(said), _) => {
                out.push_str(said);
                return Ok(());
            }
            (None, []) => return Ok(()),
            (None, &[key]) if exception::class(store, object) == ErrorKind::KeyError => {
                return write_repr(store, meter, out, key);
            }
            (None, &[only]) => a = only,
            (None, _) => {
                a = exception::args(store, a)?;
                break;
            }
        }
    }
    match store.operand(a) {
        Operand::Object(_) => Writer { store, meter, out, deepest: DEEPEST, stack: Vec::new() }.write(a),
        operand => {
            meter.step(store, num::text_cost(operand, &store.watch.limits).fuel)?;
            num::write_str(out, operand, &store.watch)?;
            check_length(store, out)
        }
    }
}

/// Appends what `repr(a)` gives.
///
/// # Errors
/// As [`repr`].
pub fn write_repr(store: &Store, meter: &mut Meter, out: &mut String, a: Value) -> Outcome<()> {
    // Here the value itself counts as well.
    Writer { store, meter, out, deepest: DEEPEST - 1, stack: Vec::new() }.write(a)
}

/// Appends what `ascii(a)` gives: as `repr`, but with nothing beyond ASCII left.
///
/// # Errors
/// As [`repr`].
pub fn write_ascii(store: &Store, meter: &mut Meter, out: &mut String, a: Value) -> Outcome<()> {
    let start = out.len();
    write_repr(store, meter, out, a)?;
    if out[start..].is_ascii() {
        return Ok(());
    }
    let text = out.split_off(start);
    meter.step(store, text.len() as u64)?;
    for c in text.chars() {
        match u32::from(c) {
            0..=0x7f => out.push(c),
            code @ 0x80..=0xff => out.push_str(&format!("\\x{code:02x}")),
            code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
            code => out.push_str(&format!("\\U{code:08x}")),
        }
        check_length(store, out)?;
    }
    Ok(())
}

fn check_length(store: &Store, out: &str) -> Outcome<()> {
    let max_bytes = store.watch.limits.max_str_bytes;
    if out.len() as u64 > max_bytes { Err(NumError::StrTooLarge { max_bytes }.into()) } else { Ok(()) }
}

/// How a container is written: before its elements, after them, where it stands in itself, and how many levels it counts for.
struct Form {
    start: &'static str,
    end: &'static str,
    again: &'static str,
    levels: u32,
}

impl Form {
    const fn new(start: &'static str, end: &'static str, again: &'static str, levels: u32) -> Form {
        Form { start, end, again, levels }
    }

    fn of(kind: Kind, len: usize) -> Option<Form> {
        Some(match (kind, len) {
            (Kind::List, _) => Form::new("[", "]", "[...]", 1),
            (Kind::Tuple, 1) => Form::new("(", ",)", "(...)", 1),
            (Kind::Tuple, _) => Form::new("(", ")", "(...)", 1),
            (Kind::Dict, _) => Form::new("{", "}", "{...}", 1),
            (Kind::Set, 0) => Form::new("set()", "", "", 1),
            (Kind::Set, _) => Form::new("{", "}", "set(...)", 2),
            (Kind::Frozenset, 0) => Form::new("frozenset()", "", "", 1),
            (Kind::Frozenset, _) => Form::new("frozenset({", "})", "frozenset(...)", 2),
            (Kind::DictKeys, _) => Form::new("dict_keys([", "])", "...", 2),
            (Kind::DictValues, _) => Form::new("dict_values([", "])", "...", 2),
            (Kind::DictItems, _) => Form::new("dict_items([", "])", "...", 3),
            (Kind::Range, _) => Form::new("range(", ")", "range(...)", 1),
            (Kind::Exception, _) => Form::new("(", ")", "(...)", 1),
            (Kind::Slice, _) => Form::new("slice(", ")", "slice(...)", 1),
            _ => return None,
        })
    }
}

/// A container that is being written.
struct Open {
    kind: Kind,
    object: Object,
    /// Where the next element is looked for.
    at: usize,
    is_first: bool,
    /// The value that belongs to the key which has been written.
    value: Option<Value>,
    levels: u32,
    end: &'static str,
}

struct Writer<'a> {
    store: &'a Store,
    meter: &'a mut Meter,
    out: &'a mut String,
    deepest: u32,
    stack: Vec<Open>,
}

impl Writer<'_> {
    fn write(&mut self, a: Value) -> Outcome<()> {
        let mut next = Some(a);
        let mut levels = 0;
        while let Some(value) = next {
            if levels > self.deepest {
                let message = "maximum recursion depth exceeded while getting the repr of an object";
                return Err(raised(ErrorKind::RecursionError, message));
            }
            self.value(value)?;
            check_length(self.store, self.out)?;
            next = self.next()?;
            levels = self.stack.last().map_or(0, |top| top.levels);
        }
        Ok(())
    }

    /// Writes a value, or the start of one that has elements.
    fn value(&mut self, value: Value) -> Outcome<()> {
        let (store, limits) = (self.store, &self.store.watch.limits);
        let Some((kind, object)) = store.object(value) else {
            let operand = store.operand(value);
            let cost = num::unary_cost(UnOp::Call(Builtin1::Repr), operand, limits)?;
            self.meter.step(store, cost.fuel + 2)?;
            return Ok(num::write_repr(self.out, operand, &store.watch)?);
        };
        let len = match kind {
            Kind::Tuple => elements(store, kind, object).len(),
            Kind::Set | Kind::Frozenset => set::len(store, object),
            _ => 0,
        };
        self.meter.step(store, 2 + self.stack.len() as u64 / 8)?;
        if kind == Kind::Exception {
            self.out.push_str(exception::class(store, object).name());
            if let Some(said) = exception::said(store, object) {
                self.out.push('(');
                self.out.push_str(said);
                self.out.push(')');
                return Ok(());
            }
        }
        let Some(form) = Form::of(kind, len) else {
            if matches!(kind, Kind::Bytes | Kind::Bytearray) {
                return bytes::write_repr(store, self.meter, self.out, kind, object);
            }
            return write_other(store, self.out, kind, object);
        };
        if self.stack.iter().any(|open| open.object == object) {
            self.out.push_str(form.again);
            return Ok(());
        }
        self.out.push_str(form.start);
        let levels = self.stack.last().map_or(0, |top| top.levels) + form.levels;
        self.stack.push(Open { kind, object, at: 0, is_first: true, value: None, levels, end: form.end });
        Ok(())
    }

    /// Goes on to the next value, past the ends of containers.
    fn next(&mut self) -> Outcome<Option<Value>> {
        loop {
            let Some(top) = self.stack.last_mut() else { return Ok(None) };
            let store = self.store;
            if let Some(value) = top.value.take() {
                let is_item = top.kind == Kind::DictItems;
                self.out.push_str(if is_item { ", " } else { ": " });
                // The end of the item comes before what follows.
                return Ok(Some(value));
            }
            let dict = |view: Object| store.heap.object(store.heap.slot(view, 0));
            let found = match top.kind {
                Kind::Dict => next_of_dict(store, self.meter, top, Some(top.object))?,
                Kind::DictKeys | Kind::DictValues | Kind::DictItems => {
                    next_of_dict(store, self.meter, top, dict(top.object))?
                }
                Kind::Set | Kind::Frozenset => {
                    set::next(store, self.meter, top.object, top.at)?.map(|(at, value)| {
                        top.at = at + 1;
                        value
                    })
                }
                _ => {
                    top.at += 1;
                    elements(store, top.kind, top.object).get(top.at - 1).copied()
                }
            };
            let is_items = top.kind == Kind::DictItems;
            match found {
                Some(value) => {
                    let between = match (top.is_first, is_items) {
                        (true, false) => "",
                        (true, true) => "(",
                        (false, false) => ", ",
                        (false, true) => "), (",
                    };
                    top.is_first = false;
                    self.out.push_str(between);
                    return Ok(Some(value));
                }
                None => {
                    if is_items && !top.is_first {
                        self.out.push(')');
                    }
                    self.out.push_str(top.end);
                    self.stack.pop();
                }
            }
        }
    }
}

/// The next key of a dict, or the next value where only values are written.
fn next_of_dict(
    store: &Store,
    meter: &mut Meter,
    open: &mut Open,
    dict: Option<Object>,
) -> Outcome<Option<Value>> {
    let Some(dict) = dict else { return Ok(None) };
    let Some(entry) = dict::next(store, meter, dict, open.at)? else { return Ok(None) };
    open.at = entry + 1;
    let (key, value) = dict::entry(store, dict, entry);
    if open.kind == Kind::DictValues {
        return Ok(Some(value));
    }
    if open.kind != Kind::DictKeys {
        open.value = Some(value);
    }
    Ok(Some(key))
}

/// Writes what has no elements to show. (CPython shows addresses, which nobody can rely on.)
fn write_other(store: &Store, out: &mut String, kind: Kind, object: Object) -> Outcome<()> {
    let _ = (store, object);
    out.push_str(&format!("<{} object>", kind.type_name()));
    Ok(())
}
