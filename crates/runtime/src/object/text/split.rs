//! Taking strs apart, and putting them together.

use super::super::args::{self, ABSENT, Args, given};
use super::super::next::Next;
use super::super::{Context, Kind, Meter, Outcome, find, iter, list, type_error, value_error, walk};
use super::format::push;
use super::unicode::is_space;
use super::{Text, list_of_parts, make, part, pass, room, room_for, this, tuple_of_parts};
use crate::store::Store;
use crate::value::Value;
use memchr::memmem::{Finder, FinderRev};

/// What separates the parts.
// There is one at a time, on the stack.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
enum Separator {
    /// Blanks, as many as there are.
    Blanks,
    /// A str, looked for from the start.
    Str(Finder<'static>),
    /// A str, looked for from the end.
    Last(FinderRev<'static>),
}

/// Gives the parts of a text one after another.
#[derive(Clone)]
struct Parts {
    separator: Separator,
    backwards: bool,
    /// How many times the text may still be split.
    left: u64,
    /// How far it is done, from the start or from the end; `None` when it is.
    at: Option<usize>,
}

impl Parts {
    fn next(&mut self, text: &str) -> Option<(usize, usize)> {
        let at = self.at?;
        let found = match (&self.separator, self.backwards) {
            (Separator::Blanks, false) => return self.next_word(text, at),
            (Separator::Blanks, true) => return self.last_word(text, at),
            _ if self.left == 0 => None,
            (Separator::Str(finder), _) => {
                finder.find(text.as_bytes().get(at..)?).map(|found| (at + found, finder.needle().len()))
            }
            (Separator::Last(finder), _) => {
                finder.rfind(text.as_bytes().get(..at)?).map(|found| (found, finder.needle().len()))
            }
        };
        match (found, self.backwards) {
            (Some((found, size)), false) => {
                self.left -= 1;
                self.at = Some(found + size);
                Some((at, found))
            }
            (Some((found, size)), true) => {
                self.left -= 1;
                self.at = Some(found);
                Some((found + size, at))
            }
            (None, backwards) => {
                self.at = None;
                Some(if backwards { (0, at) } else { (at, text.len()) })
            }
        }
    }

    fn next_word(&mut self, text: &str, at: usize) -> Option<(usize, usize)> {
        self.at = None;
        let start = at + text.get(at..)?.find(|c| !is_space(c))?;
        if self.left == 0 {
            return Some((start, text.len()));
        }
        self.left -= 1;
        let Some(size) = text.get(start..)?.find(is_space) else { return Some((start, text.len())) };
        self.at = Some(start + size);
        Some((start, start + size))
    }

    fn last_word(&mut self, text: &str, at: usize) -> Option<(usize, usize)> {
        self.at = None;
        let end = text.get(..at)?.trim_end_matches(is_space).len();
        if end == 0 {
            return None;
        }
        if self.left == 0 {
            return Some((0, end));
        }
        self.left -= 1;
        let start = text.get(..end)?.trim_end_matches(|c| !is_space(c)).len();
        self.at = (start > 0).then_some(start);
        Some((start, end))
    }
}

/// `split` and `rsplit`
pub(super) fn split(cx: &mut dyn Context, args: &mut Args, backwards: bool) -> Outcome {
    let store = cx.store();
    let [text, separator, most, _] = *args;
    let most = if most == ABSENT { -1 } else { args::size(store, most)? };
    let separator = match given(separator).filter(|&value| value != Value::NONE) {
        None => Separator::Blanks,
        Some(value) => match store.str(value) {
            Some("") => return Err(value_error("empty separator")),
            Some(text) if backwards => Separator::Last(FinderRev::new(text).into_owned()),
            Some(text) => Separator::Str(Finder::new(text).into_owned()),
            None => {
                return Err(type_error(format!("must be str or None, not {}", store.type_name(value))));
            }
        },
    };
    let size = store.str(text).unwrap_or_default().len();
    let at = Some(if backwards { size } else { 0 });
    let mut parts = Parts { separator, backwards, left: u64::try_from(most).unwrap_or(u64::MAX), at };
    let mut again = parts.clone();
    let needle = match &parts.separator {
        Separator::Blanks => 2,
        Separator::Str(finder) => finder.needle().len(),
        Separator::Last(finder) => finder.needle().len(),
    };
    list_of_parts(
        cx,
        args,
        backwards,
        |store, meter, args| {
            let text = this(store, args);
            let mut before = parts.at.unwrap_or(0);
            count_parts(store, meter, |meter| {
                let next = parts.next(text);
                let at = parts.at.unwrap_or(if backwards { 0 } else { text.len() });
                find::step(store, meter, at.abs_diff(before), needle)?;
                before = at;
                Ok(next)
            })
        },
        move |store, args| again.next(this(store, args)),
    )
}

/// How many parts there are, and of how many bytes.
fn count_parts(
    store: &Store,
    meter: &mut Meter,
    mut next: impl FnMut(&mut Meter) -> Outcome<Option<(usize, usize)>>,
) -> Outcome<(usize, usize)> {
    let (mut count, mut bytes) = (0, 0);
    while let Some((start, end)) = next(meter)? {
        meter.step(store, 1)?;
        count += 1;
        bytes += end - start;
    }
    Ok((count, bytes))
}

/// Whether a line ends with it.
fn ends_line(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The line that begins at a place: where it ends, and where the next one begins.
fn line(text: &str, start: usize) -> Option<(usize, usize)> {
    let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
    let Some((at, c)) = rest.char_indices().find(|&(_, c)| ends_line(c)) else {
        return Some((text.len(), text.len()));
    };
    let end = start + at;
    let both = text.get(end..).is_some_and(|rest| rest.starts_with("\r\n"));
    Some((end, end + if both { 2 } else { c.len_utf8() }))
}

/// `splitlines`
pub(super) fn lines(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let keep = match given(args[1]) {
        Some(keep) => args::c_int(cx.store(), keep)? != 0,
        None => false,
    };
    let (mut at, mut again) = (0, 0);
    let next_line = move |text: &str, at: &mut usize| {
        let start = *at;
        let (end, next) = line(text, start)?;
        *at = next;
        Some((start, if keep { next } else { end }))
    };
    list_of_parts(
        cx,
        args,
        false,
        |store, meter, args| {
            let text = this(store, args);
            count_parts(store, meter, |meter| {
                let before = at;
                let next = next_line(text, &mut at);
                meter.step(store, (at - before) as u64)?;
                Ok(next)
            })
        },
        move |store, args| next_line(this(store, args), &mut again),
    )
}

/// `partition` and `rpartition`
pub(super) fn partition(cx: &mut dyn Context, args: &mut Args, backwards: bool) -> Outcome {
    let mut meter = Meter::new(cx);
    let store = cx.store();
    let text = this(store, args);
    let Some(separator) = store.str(args[1]) else {
        return Err(type_error(format!("must be str, not {}", store.type_name(args[1]))));
    };
    if separator.is_empty() {
        return Err(value_error("empty separator"));
    }
    let (whole, piece) = (text.as_bytes(), separator.as_bytes());
    let found = if backwards {
        find::last(store, &mut meter, whole, piece)
    } else {
        find::first(store, &mut meter, whole, piece)
    };
    let (len, size) = (whole.len(), piece.len());
    let parts = match found {
        Ok(Some(at)) => [(0, at), (at, at + size), (at + size, len)],
        Ok(None) if backwards => [(0, 0), (0, 0), (0, len)],
        Ok(None) => [(0, len), (len, len), (len, len)],
        Err(stopped) => {
            meter.pay(cx, args)?;
            return Err(stopped);
        }
    };
    let copied = pass(store, &mut meter, len);
    if copied.is_err() {
        meter.pay(cx, args)?;
        return Err(super::Fault::Refused);
    }
    tuple_of_parts(cx, args, parts, &meter)
}

/// The values in a list or a tuple.
pub(super) fn elements(store: &Store, value: Value) -> Option<&[Value]> {
    match store.object(value)? {
        (Kind::List, list) => Some(list::elements(store, list)),
        (Kind::Tuple, tuple) => Some(store.heap.slots(tuple)),
        _ => None,
    }
}

/// `join`
pub(super) fn join(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let store = cx.store();
    if let Some(&[only]) = elements(store, args[1])
        && store.str(only).is_some()
    {
        return Ok(only);
    }
    let joined = make(cx, args, |store, meter, args| {
        let separator = this(store, args);
        if let Some(text) = store.str(args[1]) {
            return join_characters(store, meter, separator, text);
        }
        let Some(items) = elements(store, args[1]) else {
            return join_all(store, meter, separator, args[1]);
        };
        let mut size = separator.len() as u128 * (items.len().saturating_sub(1)) as u128;
        for (at, &item) in items.iter().enumerate() {
            meter.step(store, 1)?;
            let Some(text) = store.str(item) else {
                let name = store.type_name(item);
                return Err(type_error(format!("sequence item {at}: expected str instance, {name} found")));
            };
            size += text.len() as u128;
        }
        room_for(store, size)?;
        pass(store, meter, size as usize)?;
        let mut out = room(store, size as usize)?;
        for (at, &item) in items.iter().enumerate() {
            if at > 0 {
                out.push_str(separator);
            }
            out.push_str(store.str(item).unwrap_or_default());
        }
        Ok(Text::New(out))
    })?;
    walk::exhaust(cx.store(), args[1]);
    Ok(joined)
}

/// Joins what an iterable gives that is neither a list, a tuple nor a str.
fn join_all(store: &Store, meter: &mut Meter, separator: &str, iterable: Value) -> Outcome<Text> {
    if !iter::is_iterable(store, iterable) {
        return Err(type_error("can only join an iterable"));
    }
    let (mut out, mut at) = (String::new(), 0);
    walk::for_each(store, meter, iterable, &mut |meter, next| {
        let wrong =
            |name: &str| type_error(format!("sequence item {at}: expected str instance, {name} found"));
        if at > 0 {
            push(store, meter, &mut out, separator)?;
        }
        match next {
            Next::Is(value) => match store.str(value) {
                Some(text) => push(store, meter, &mut out, text)?,
                None => return Err(wrong(store.type_name(value))),
            },
            Next::Char(c) => push(store, meter, &mut out, c.encode_utf8(&mut [0; 4]))?,
            Next::Number(number) => return Err(wrong(number.operand().type_name())),
            Next::Pair(..) | Next::Tuple(_) => return Err(wrong("tuple")),
        }
        at += 1;
        Ok(())
    })?;
    Ok(Text::New(out))
}

fn join_characters(store: &Store, meter: &mut Meter, separator: &str, text: &str) -> Outcome<Text> {
    pass(store, meter, text.len())?;
    let count = text.chars().count();
    let size = text.len() as u128 + separator.len() as u128 * count.saturating_sub(1) as u128;
    room_for(store, size)?;
    meter.step(store, count as u64)?;
    pass(store, meter, size as usize)?;
    let mut out = room(store, size as usize)?;
    for (at, c) in text.chars().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        out.push(c);
    }
    debug_assert_eq!(part(&out, 0, out.len()).len() as u128, size);
    Ok(Text::New(out))
}
