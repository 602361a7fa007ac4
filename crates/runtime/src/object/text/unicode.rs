//! What a character is, and how its case changes: Unicode 14, as CPython 3.11 has it.
//!
//! Properties come from the tables in `unicode_data`, which are made by asking CPython. Upper and lower case are those of the
//! Rust standard library, which may know more characters than there were in Unicode 14: such a character has no case here.

use super::unicode_data::{CLASSES, FOLDS, RUNS, TITLES};

/// A property of a character, as a bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property(u16);

impl Property {
    /// A letter.
    pub const ALPHA: Property = Property(1);
    /// A digit of a decimal number.
    pub const DECIMAL: Property = Property(1 << 1);
    /// A digit, those of which no number can be made included.
    pub const DIGIT: Property = Property(1 << 2);
    /// Anything with a numeric value.
    pub const NUMERIC: Property = Property(1 << 3);
    /// In upper case.
    pub const UPPER: Property = Property(1 << 4);
    /// In lower case.
    pub const LOWER: Property = Property(1 << 5);
    /// In title case.
    pub const TITLE: Property = Property(1 << 6);
    /// A blank.
    pub const SPACE: Property = Property(1 << 7);
    /// Shown as itself by `repr()`.
    pub const PRINTABLE: Property = Property(1 << 8);
    /// Allowed at the start of a name.
    pub const ID_START: Property = Property(1 << 9);
    /// Allowed in a name.
    pub const ID_CONTINUE: Property = Property(1 << 10);
    /// In Unicode 14 at all.
    pub const ASSIGNED: Property = Property(1 << 11);
    /// Not seen when one looks whether a letter ends a word.
    pub const IGNORABLE: Property = Property(1 << 12);
    /// Letters and everything with a value.
    pub const ALNUM: Property = Property(0b1111);
    /// In any case.
    pub const CASED: Property = Property(0b111 << 4);
}

fn properties(c: char) -> u16 {
    let code = u32::from(c);
    let at = RUNS.partition_point(|&run| run >> 8 <= code).saturating_sub(1);
    CLASSES[(RUNS[at] & 0xff) as usize % CLASSES.len()]
}

/// Whether a character has a property, or one of several.
#[inline]
pub fn is(c: char, property: Property) -> bool {
    properties(c) & property.0 != 0
}

/// Whether a character is a blank.
#[inline]
pub fn is_space(c: char) -> bool {
    if c.is_ascii() { matches!(c, '\t'..='\r' | '\x1c'..='\x1f' | ' ') } else { is(c, Property::SPACE) }
}

/// Appends what a character becomes, if Unicode 14 has all of that.
fn push(out: &mut String, c: char, changed: impl Iterator<Item = char> + Clone) {
    if is(c, Property::ASSIGNED) && changed.clone().all(|c| is(c, Property::ASSIGNED)) {
        out.extend(changed);
    } else {
        out.push(c);
    }
}

/// Appends a character in upper case.
pub fn push_upper(out: &mut String, c: char) {
    if c.is_ascii() { out.push(c.to_ascii_uppercase()) } else { push(out, c, c.to_uppercase()) }
}

/// Appends a character in lower case, whatever stands around it.
pub fn push_lower(out: &mut String, c: char) {
    if c.is_ascii() { out.push(c.to_ascii_lowercase()) } else { push(out, c, c.to_lowercase()) }
}

/// Appends what a table says, if it has the character.
fn push_from(table: &[(char, &str)], out: &mut String, c: char) -> bool {
    let found = table.binary_search_by_key(&c, |&(c, _)| c).ok().and_then(|at| table.get(at));
    found.inspect(|(_, text)| out.push_str(text)).is_some()
}

/// Appends a character in title case.
pub fn push_title(out: &mut String, c: char) {
    if c.is_ascii() || !push_from(&TITLES, out, c) {
        push_upper(out, c);
    }
}

/// Appends a character as it is for comparisons that do not regard case.
pub fn push_folded(out: &mut String, c: char) {
    if c.is_ascii() || !push_from(&FOLDS, out, c) {
        push_lower(out, c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(RUNS.is_sorted_by(|a, b| a >> 8 < b >> 8) && RUNS[0] >> 8 == 0);
        assert!(TITLES.is_sorted_by(|a, b| a.0 < b.0) && FOLDS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(RUNS.iter().all(|run| ((run & 0xff) as usize) < CLASSES.len()));
    }
}
