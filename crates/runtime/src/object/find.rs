//! Looking for bytes in bytes, for strs and for bytes: linear, metered.

use super::{Meter, Outcome};
use crate::store::Store;
use memchr::memmem::{Finder, FinderRev};

/// Bytes of a piece that is looked for in slices of the whole, and of such a slice.
const SHORT_PIECE: usize = 1 << 14;
const SLICE: usize = 1 << 18;
/// Bytes that are searched in one step of a meter, for one byte and for more.
const BYTES_PER_STEP: (usize, usize) = (16, 4);

/// Counts the steps of a search through so many bytes.
pub fn step(store: &Store, meter: &mut Meter, bytes: usize, piece: usize) -> Outcome<()> {
    let per_step = if piece <= 1 { BYTES_PER_STEP.0 } else { BYTES_PER_STEP.1 };
    meter.step(store, ((bytes + piece) / per_step) as u64)
}

/// Where a piece is first.
///
/// # Errors
/// Those of the meter.
pub fn first(store: &Store, meter: &mut Meter, whole: &[u8], piece: &[u8]) -> Outcome<Option<usize>> {
    let finder = Finder::new(piece);
    let slice = if piece.len() <= SHORT_PIECE { SLICE } else { whole.len() };
    let mut at = 0;
    loop {
        // What begins in the slice ends within as many bytes more as the piece has.
        let rest = whole.get(at..).unwrap_or_default();
        let here = rest.get(..slice + piece.len()).unwrap_or(rest);
        step(store, meter, here.len(), piece.len())?;
        match finder.find(here) {
            Some(found) => return Ok(Some(at + found)),
            None if here.len() == rest.len() => return Ok(None),
            None => at += slice,
        }
    }
}

/// Where a piece is last.
///
/// # Errors
/// Those of the meter.
pub fn last(store: &Store, meter: &mut Meter, whole: &[u8], piece: &[u8]) -> Outcome<Option<usize>> {
    let finder = FinderRev::new(piece);
    let slice = if piece.len() <= SHORT_PIECE { SLICE } else { whole.len() };
    let mut end = whole.len();
    loop {
        let start = end.saturating_sub(slice + piece.len());
        let here = whole.get(start..end).unwrap_or_default();
        step(store, meter, here.len(), piece.len())?;
        match finder.rfind(here) {
            Some(found) => return Ok(Some(start + found)),
            None if start == 0 => return Ok(None),
            None => end -= slice,
        }
    }
}

/// How many times a piece that is not empty is in the whole, without overlapping, up to a number.
///
/// # Errors
/// Those of the meter.
pub fn count(store: &Store, meter: &mut Meter, whole: &[u8], piece: &[u8], most: u64) -> Outcome<u64> {
    let finder = Finder::new(piece);
    let (mut at, mut count) = (0, 0);
    while count < most {
        let rest = whole.get(at..).unwrap_or_default();
        let here = rest.get(..SLICE.max(2 * piece.len())).unwrap_or(rest);
        let found = finder.find(here);
        let end = match found {
            Some(found) => found + piece.len(),
            None if here.len() == rest.len() => here.len(),
            None => here.len() + 1 - piece.len().max(1),
        };
        step(store, meter, end, piece.len())?;
        meter.step(store, 1)?;
        at += end;
        match found {
            Some(_) => count += 1,
            None if here.len() == rest.len() => break,
            None => {}
        }
    }
    Ok(count)
}

/// Appends the whole, with so many of the places where a piece that is not empty is replaced by another one.
///
/// # Errors
/// Those of the meter.
pub fn replace(
    store: &Store,
    meter: &mut Meter,
    (whole, piece, by): (&[u8], &[u8], &[u8]),
    count: u64,
    append: &mut dyn FnMut(&[u8]),
) -> Outcome<()> {
    let finder = Finder::new(piece);
    let mut at = 0;
    for _ in 0..count {
        let rest = whole.get(at..).unwrap_or_default();
        let Some(found) = finder.find(rest) else { break };
        step(store, meter, found + piece.len() + by.len(), piece.len())?;
        append(rest.get(..found).unwrap_or_default());
        append(by);
        at += found + piece.len();
    }
    append(whole.get(at..).unwrap_or_default());
    Ok(())
}
