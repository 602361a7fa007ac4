//! Strs of a wanted width.

use super::super::args::{self, ABSENT, Args, given};
use super::super::{Context, Outcome, type_error};
use super::{Text, make, pass, pieces, room, room_for, this};

/// Where the text stands in its width.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// At the left.
    Left,
    /// At the right.
    Right,
    /// In the middle; of two middles, the one that CPython takes.
    Center,
}

impl Align {
    /// How much of the padding stands before the text.
    pub(super) fn before(self, padding: usize, width: usize) -> usize {
        match self {
            Align::Left => 0,
            Align::Right => padding,
            Align::Center => padding / 2 + (padding & width & 1),
        }
    }
}

/// `ljust`, `rjust` and `center`
pub(super) fn justify(cx: &mut dyn Context, args: &mut Args, align: Align) -> Outcome {
    make(cx, args, |store, meter, args| {
        let width = args::size(store, args[1])?.max(0) as usize;
        let fill = match given(args[2]) {
            None => " ",
            Some(value) => match store.str(value) {
                Some(fill) if fill.chars().take(2).count() == 1 => fill,
                Some(_) => {
                    return Err(type_error("The fill character must be exactly one character long"));
                }
                None => {
                    let name = store.type_name(value);
                    return Err(type_error(format!(
                        "The fill character must be a unicode character, not {name}"
                    )));
                }
            },
        };
        let text = this(store, args);
        let count = store.heap.characters(args[0]);
        if width <= count {
            return Ok(Text::This);
        }
        let padding = width - count;
        let size = text.len() as u128 + padding as u128 * fill.len() as u128;
        room_for(store, size)?;
        pass(store, meter, size as usize)?;
        let mut out = room(store, size as usize)?;
        let before = align.before(padding, width);
        push_times(&mut out, fill, before);
        out.push_str(text);
        push_times(&mut out, fill, padding - before);
        Ok(Text::New(out))
    })
}

/// Appends a text so many times.
pub(super) fn push_times(out: &mut String, text: &str, times: usize) {
    out.extend(std::iter::repeat_n(text, times));
}

/// `zfill`
pub(super) fn zero_fill(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    make(cx, args, |store, meter, args| {
        let width = args::size(store, args[1])?.max(0) as usize;
        let text = this(store, args);
        let count = store.heap.characters(args[0]);
        if width <= count {
            return Ok(Text::This);
        }
        let size = text.len() as u128 + (width - count) as u128;
        room_for(store, size)?;
        pass(store, meter, size as usize)?;
        let mut out = room(store, size as usize)?;
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        out.push_str(text.strip_suffix(digits).unwrap_or_default());
        push_times(&mut out, "0", width - count);
        out.push_str(digits);
        Ok(Text::New(out))
    })
}

/// `expandtabs`
pub(super) fn expand_tabs(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    make(cx, args, |store, meter, args| {
        let size = if args[1] == ABSENT { 8 } else { args::c_int(store, args[1])? };
        let size = size.max(0) as usize;
        let text = this(store, args);
        let mut out = room(store, text.len())?;
        let mut column = 0;
        pieces(store, meter, text, &mut |piece| {
            for c in piece.chars() {
                match c {
                    '\t' => {
                        let blanks = if size > 0 { size - column % size } else { 0 };
                        room_for(store, (out.len() + blanks) as u128)?;
                        push_times(&mut out, " ", blanks);
                        column += blanks;
                    }
                    '\n' | '\r' => {
                        out.push(c);
                        column = 0;
                    }
                    _ => {
                        out.push(c);
                        column += 1;
                    }
                }
            }
            Ok(true)
        })?;
        Ok(if out == text { Text::This } else { Text::New(out) })
    })
}
