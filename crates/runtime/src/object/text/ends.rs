//! What a str begins and ends with, and taking that off.

use super::super::args::{self, Args, bad_argument, given};
use super::super::{Context, Kind, Meter, Outcome, type_error};
use super::search::span;
use super::unicode::is_space;
use super::{Text, answer, make, part, pass, this};
use crate::store::Store;
use crate::value::Value;

/// An end of a str.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Where it begins.
    Start,
    /// Where it ends.
    End,
}

/// One end of a str, or both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Sides {
    start: bool,
    end: bool,
}

impl Sides {
    pub(super) const START: Sides = Sides { start: true, end: false };
    pub(super) const END: Sides = Sides { start: false, end: true };
    pub(super) const BOTH: Sides = Sides { start: true, end: true };
}

/// Characters up to which a set is looked through one by one.
const FEW: usize = 8;

/// `strip`, `lstrip` and `rstrip`
pub(super) fn strip(cx: &mut dyn Context, args: &mut Args, name: &str, sides: Sides) -> Outcome {
    make(cx, args, |store, meter, args| {
        let text = this(store, args);
        let stripped = match given(args[1]).filter(|&value| value != Value::NONE) {
            None => strip_all(store, meter, text, sides, &is_space)?,
            Some(value) => {
                let Some(set) = store.str(value) else {
                    return Err(type_error(format!("{name} arg must be None or str")));
                };
                if set.len() <= FEW {
                    strip_all(store, meter, text, sides, &|c| set.contains(c))?
                } else {
                    // Sorting takes so many steps for a character at the most.
                    meter.step(store, set.len() as u64 * 8)?;
                    let mut sorted: Vec<char> = set.chars().collect();
                    sorted.sort_unstable();
                    strip_all(store, meter, text, sides, &|c| sorted.binary_search(&c).is_ok())?
                }
            }
        };
        Ok(if stripped.len() == text.len() { Text::This } else { Text::New(stripped.to_owned()) })
    })
}

fn strip_all<'a>(
    store: &Store,
    meter: &mut Meter,
    text: &'a str,
    sides: Sides,
    is_in: &dyn Fn(char) -> bool,
) -> Outcome<&'a str> {
    let mut rest = text;
    if sides.start {
        rest = rest.trim_start_matches(is_in);
    }
    if sides.end {
        rest = rest.trim_end_matches(is_in);
    }
    meter.step(store, 2 * (text.len() - rest.len()) as u64)?;
    Ok(rest)
}

/// `removeprefix` and `removesuffix`
pub(super) fn remove(cx: &mut dyn Context, args: &mut Args, side: Side) -> Outcome {
    make(cx, args, |store, meter, args| {
        let text = this(store, args);
        let Some(piece) = store.str(args[1]) else {
            let what =
                if side == Side::Start { "removeprefix() argument" } else { "removesuffix() argument" };
            return Err(bad_argument(store, what, "str", args[1]));
        };
        pass(store, meter, piece.len().min(text.len()))?;
        let rest = match side {
            Side::Start => text.strip_prefix(piece),
            Side::End => text.strip_suffix(piece),
        };
        Ok(match rest {
            Some(rest) if !piece.is_empty() => Text::New(rest.to_owned()),
            _ => Text::This,
        })
    })
}

/// `startswith` and `endswith`
pub(super) fn has_end(cx: &mut dyn Context, args: &mut Args, side: Side) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let &[text, wanted, start, end] = args else { return Err(type_error("too few arguments")) };
        let name = if side == Side::Start { "startswith" } else { "endswith" };
        let range = args::range(store, start, end, store.heap.characters(text))?;
        let here = span(store, meter, text, range)?.map(|(start, end)| part(this(store, args), start, end));
        let fits = |meter: &mut Meter, piece: &str| -> Outcome<bool> {
            let Some(here) = here else { return Ok(false) };
            meter.step(store, 1)?;
            pass(store, meter, piece.len().min(here.len()))?;
            Ok(match side {
                Side::Start => here.starts_with(piece),
                Side::End => here.ends_with(piece),
            })
        };
        if let Some(piece) = store.str(wanted) {
            return Ok(Value::bool(fits(meter, piece)?));
        }
        let Some((Kind::Tuple, tuple)) = store.object(wanted) else {
            let found = store.type_name(wanted);
            return Err(type_error(format!("{name} first arg must be str or a tuple of str, not {found}")));
        };
        for &item in store.heap.slots(tuple) {
            let Some(piece) = store.str(item) else {
                let found = store.type_name(item);
                return Err(type_error(format!("tuple for {name} must only contain str, not {found}")));
            };
            if fits(meter, piece)? {
                return Ok(Value::TRUE);
            }
        }
        Ok(Value::FALSE)
    })
}
