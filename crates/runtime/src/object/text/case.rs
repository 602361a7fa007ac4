//! What the characters of a str are, and changing their case.

use super::super::args::Args;
use super::super::{Context, Meter, Outcome};
use super::unicode::{self, Property, is, push_folded, push_lower, push_title, push_upper};
use super::{STEPS_PER_CHARACTER, Text, answer, make, pass, pieces, room, this};
use crate::store::Store;
use crate::value::Value;

/// What becomes of the case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// `upper`
    Upper,
    /// `lower`
    Lower,
    /// `title`
    Title,
    /// `capitalize`
    Capital,
    /// `swapcase`
    Swapped,
    /// `casefold`
    Folded,
}

/// The one letter whose lower case depends on what stands around it.
const SIGMA: char = '\u{3a3}';
/// The same where it ends a word.
const FINAL_SIGMA: char = '\u{3c2}';

/// Changes the case of a str.
pub(super) fn change(cx: &mut dyn Context, args: &mut Args, case: Case) -> Outcome {
    make(cx, args, |store, meter, args| changed(store, meter, this(store, args), case).map(Text::New))
}

/// A text in another case.
fn changed(store: &Store, meter: &mut Meter, text: &str, case: Case) -> Outcome<String> {
    if text.is_ascii() && matches!(case, Case::Upper | Case::Lower | Case::Folded) {
        pass(store, meter, text.len())?;
        return Ok(if case == Case::Upper { text.to_ascii_uppercase() } else { text.to_ascii_lowercase() });
    }
    let mut out = room(store, text.len())?;
    let mut word = Word::default();
    // How far the text is done.
    let mut at = 0;
    pieces(store, meter, text, &mut |piece| {
        for c in piece.chars() {
            let lower = match case {
                Case::Upper | Case::Folded => false,
                Case::Lower => true,
                Case::Capital => at > 0,
                Case::Title => word.before_cased,
                Case::Swapped => is_in(c, Property::UPPER),
            };
            match case {
                _ if lower && c == SIGMA && word.ended_by(text, at) => out.push(FINAL_SIGMA),
                _ if lower => push_lower(&mut out, c),
                Case::Upper => push_upper(&mut out, c),
                Case::Folded => push_folded(&mut out, c),
                Case::Title | Case::Capital => push_title(&mut out, c),
                Case::Lower => {}
                Case::Swapped if is_in(c, Property::LOWER) => push_upper(&mut out, c),
                Case::Swapped => out.push(c),
            }
            at += c.len_utf8();
            word.after(c, case != Case::Upper && case != Case::Folded);
        }
        Ok(true)
    })?;
    Ok(out)
}

/// What is known of the letters before a place.
#[derive(Default)]
struct Word {
    /// The character before it has a case.
    before_cased: bool,
    /// So has the last one that counts for a sigma.
    seen_cased: bool,
}

impl Word {
    fn after(&mut self, c: char, matters: bool) {
        if matters {
            self.before_cased = is_in(c, Property::CASED);
            if !is_in(c, Property::IGNORABLE) {
                self.seen_cased = self.before_cased;
            }
        }
    }

    /// Whether a sigma at a place ends a word: there are letters before it, and none after it.
    fn ended_by(&self, text: &str, at: usize) -> bool {
        if !self.seen_cased {
            return false;
        }
        // Each sigma looks only as far as the next character that counts, so all together look at the text once.
        let rest = text.get(at + SIGMA.len_utf8()..).unwrap_or_default();
        let next = rest.chars().find(|&c| !is_in(c, Property::IGNORABLE));
        !next.is_some_and(|c| is_in(c, Property::CASED))
    }
}

/// Whether a character has a property: that of ASCII without a table.
fn is_in(c: char, property: Property) -> bool {
    if !c.is_ascii() {
        return is(c, property);
    }
    match property {
        Property::UPPER => c.is_ascii_uppercase(),
        Property::LOWER => c.is_ascii_lowercase(),
        Property::CASED | Property::ALPHA => c.is_ascii_alphabetic(),
        Property::TITLE => false,
        Property::DECIMAL | Property::DIGIT | Property::NUMERIC => c.is_ascii_digit(),
        Property::ALNUM => c.is_ascii_alphanumeric(),
        Property::SPACE => unicode::is_space(c),
        Property::PRINTABLE => matches!(c, ' '..='~'),
        _ => is(c, property),
    }
}

/// Whether there are characters, and all have a property.
pub(super) fn all(cx: &mut dyn Context, args: &mut Args, property: Property) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let text = this(store, args);
        let all = pieces(store, meter, text, &mut |piece| Ok(piece.chars().all(|c| is_in(c, property))))?;
        Ok(Value::bool(all && !text.is_empty()))
    })
}

/// `isprintable`
pub(super) fn is_printable(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let all = pieces(store, meter, this(store, args), &mut |piece| {
            Ok(piece.chars().all(|c| is_in(c, Property::PRINTABLE)))
        })?;
        Ok(Value::bool(all))
    })
}

/// `isascii`
pub(super) fn is_ascii(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let store = cx.store();
    Ok(Value::bool(this(store, args).len() == store.heap.characters(args[0])))
}

/// `isidentifier`
pub(super) fn is_identifier(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let text = this(store, args);
        let Some(first) = text.chars().next() else { return Ok(Value::FALSE) };
        meter.step(store, STEPS_PER_CHARACTER)?;
        let starts = is_in(first, Property::ID_START);
        let goes_on = |c: char| c.is_ascii_alphanumeric() || is_in(c, Property::ID_CONTINUE);
        let all = starts && pieces(store, meter, text, &mut |piece| Ok(piece.chars().all(goes_on)))?;
        Ok(Value::bool(all))
    })
}

/// `isupper` and `islower`: some characters have this case, and none another.
pub(super) fn in_case(cx: &mut dyn Context, args: &mut Args, wanted: Property) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let mut some = false;
        let none_else = pieces(store, meter, this(store, args), &mut |piece| {
            for c in piece.chars() {
                let fits = is_in(c, wanted);
                if !fits && is_in(c, Property::CASED) {
                    return Ok(false);
                }
                some |= fits;
            }
            Ok(true)
        })?;
        Ok(Value::bool(none_else && some))
    })
}

/// `istitle`
pub(super) fn is_title(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    answer(cx, args, |store, meter, args| {
        let (mut some, mut in_word) = (false, false);
        let fits = pieces(store, meter, this(store, args), &mut |piece| {
            for c in piece.chars() {
                let starts = is_in(c, Property::UPPER) || is_in(c, Property::TITLE);
                let goes_on = !starts && is_in(c, Property::LOWER);
                if starts && in_word || goes_on && !in_word {
                    return Ok(false);
                }
                in_word = starts || goes_on;
                some |= in_word;
            }
            Ok(true)
        })?;
        Ok(Value::bool(fits && some))
    })
}
