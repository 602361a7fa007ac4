//! Where a str is in another one, how often, and putting another one there.

use super::super::args::{self, ABSENT, Args, bad_argument};
use super::super::{Context, Meter, Outcome, find as bytes, type_error, value_error};
use super::{Text, answer, make, offset, part, pass, pieces, room, room_for, this};
use crate::store::Store;
use crate::value::Value;

/// Which of the methods it is that look for a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    /// `find`
    Find,
    /// `rfind`
    FindLast,
    /// `index`
    Index,
    /// `rindex`
    IndexLast,
}

/// The bytes that `start` and `end` leave of a text; `None` if the start is behind the end.
pub(super) fn span(
    store: &Store,
    meter: &mut Meter,
    text: Value,
    range: (usize, usize),
) -> Outcome<Option<(usize, usize)>> {
    let (start, end) = range;
    if start > end {
        return Ok(None);
    }
    let whole = store.str(text).unwrap_or_default();
    let count = store.heap.characters(text);
    let place = |meter: &mut Meter, at: usize| -> Outcome<usize> {
        if count == whole.len() || at == 0 {
            return Ok(at);
        }
        if at == count {
            return Ok(whole.len());
        }
        pass(store, meter, at)?;
        Ok(offset(whole, at))
    };
    Ok(Some((place(meter, start)?, place(meter, end)?)))
}

/// The piece that is looked for, and where; the number of its characters, too.
fn wanted<'a>(
    store: &'a Store,
    meter: &mut Meter,
    args: &[Value],
) -> Outcome<(Option<(usize, usize)>, &'a str)> {
    let &[text, piece, start, end] = args else { return Err(type_error("too few arguments")) };
    let range = args::range(store, start, end, store.heap.characters(text))?;
    let Some(piece) = store.str(piece) else {
        return Err(type_error(format!("must be str, not {}", store.type_name(piece))));
    };
    Ok((span(store, meter, text, range)?, piece))
}

/// `find`, `rfind`, `index` and `rindex`.
pub(super) fn find(cx: &mut dyn Context, args: &mut Args, lookup: Lookup) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let (span, piece) = wanted(store, meter, args)?;
        let text = this(store, args);
        let found = match span {
            None => None,
            Some((start, end)) => {
                let here = part(text, start, end).as_bytes();
                let found = match lookup {
                    Lookup::Find | Lookup::Index => bytes::first(store, meter, here, piece.as_bytes())?,
                    Lookup::FindLast | Lookup::IndexLast => {
                        bytes::last(store, meter, here, piece.as_bytes())?
                    }
                };
                found.map(|found| start + found)
            }
        };
        match (found, lookup) {
            (Some(found), _) => {
                let before = part(text, 0, found);
                let ascii = store.heap.characters(args[0]) == text.len();
                let place = if ascii {
                    found
                } else {
                    pass(store, meter, found)?;
                    before.chars().count()
                };
                Ok(Value::small_int(place as i64).unwrap_or(Value::NONE))
            }
            (None, Lookup::Find | Lookup::FindLast) => Ok(Value::small_int(-1).unwrap_or(Value::NONE)),
            (None, Lookup::Index | Lookup::IndexLast) => Err(value_error("substring not found")),
        }
    })
}

/// `count`
pub(super) fn count(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let (span, piece) = wanted(store, meter, args)?;
        let count = match span {
            None => 0,
            Some((start, end)) => {
                let here = part(this(store, args), start, end);
                if piece.is_empty() {
                    pass(store, meter, here.len())?;
                    here.chars().count() as u64 + 1
                } else {
                    bytes::count(store, meter, here.as_bytes(), piece.as_bytes(), u64::MAX)?
                }
            }
        };
        Ok(Value::small_int(count as i64).unwrap_or(Value::NONE))
    })
}

/// `replace`
pub(super) fn replace(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    make(cx, args, |store, meter, args| {
        let &[text, old, new, most] = args else { return Err(type_error("too few arguments")) };
        let str_argument = |number: u32, value: Value| {
            let what = format!("replace() argument {number}");
            store.str(value).ok_or_else(|| bad_argument(store, &what, "str", value))
        };
        let (old, new) = (str_argument(1, old)?, str_argument(2, new)?);
        let most = if most == ABSENT { -1 } else { args::size(store, most)? };
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let whole = store.str(text).unwrap_or_default();
        let count = if old.is_empty() {
            (store.heap.characters(text) as u64 + 1).min(most)
        } else {
            bytes::count(store, meter, whole.as_bytes(), old.as_bytes(), most)?
        };
        if count == 0 || old == new {
            return Ok(Text::This);
        }
        let kept = whole.len() as u128 - u128::from(count) * old.len() as u128;
        let size = kept + u128::from(count) * new.len() as u128;
        room_for(store, size)?;
        let mut out = room(store, size as usize)?;
        if !old.is_empty() {
            bytes::replace(
                store,
                meter,
                (whole.as_bytes(), old.as_bytes(), new.as_bytes()),
                count,
                // Whole strs are cut out of a str, so what is left are strs.
                &mut |piece| out.push_str(std::str::from_utf8(piece).unwrap_or_default()),
            )?;
            return Ok(Text::New(out));
        }
        let mut left = count;
        pieces(store, meter, whole, &mut |piece| {
            for c in piece.chars() {
                if left > 0 {
                    out.push_str(new);
                    left -= 1;
                }
                out.push(c);
            }
            Ok(true)
        })?;
        if left > 0 {
            out.push_str(new);
        }
        Ok(Text::New(out))
    })
}
