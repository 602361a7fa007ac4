//! Looking for a long piece in a long text: in time linear in both, in no memory, and with looks at the clock.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. This is
//! the two-way algorithm of Crochemore and Perrin (Journal of the ACM 38, 1991). It compares the piece from a
//! *critical* place to the right, then what is left of it; a mismatch on the right says how far the piece can be moved,
//! one on the left lets it be moved by its period. The standard library's search is the same with better constants, but
//! it cannot be interrupted.

use super::{NumError, Watch};

/// Bytes compared between two steps of the watch.
const STEP: usize = 1 << 14;

/// Counts bytes that are compared, and makes steps of them.
struct Pace<'a> {
    watch: &'a Watch,
    left: usize,
}

impl Pace<'_> {
    #[inline]
    fn compared(&mut self, bytes: usize) -> Result<(), NumError> {
        if bytes < self.left {
            self.left -= bytes;
            return Ok(());
        }
        self.watch.step((STEP - self.left + bytes) as u64)?;
        self.left = STEP;
        Ok(())
    }
}

/// Where the greatest suffix begins, in the order of bytes or in the reverse one, and the suffix's period.
fn greatest_suffix(piece: &[u8], reverse: bool, pace: &mut Pace<'_>) -> Result<(usize, usize), NumError> {
    let (mut start, mut candidate, mut same, mut period) = (0, 1, 0, 1);
    let mut seen = 0;
    while candidate + same < piece.len() {
        seen += 1;
        if seen == STEP {
            pace.compared(seen)?;
            seen = 0;
        }
        let (old, new) = (piece[start + same], piece[candidate + same]);
        if old == new {
            same += 1;
            if same == period {
                candidate += period;
                same = 0;
            }
        } else if (new < old) != reverse {
            candidate += same + 1;
            same = 0;
            period = candidate - start;
        } else {
            start = candidate;
            candidate += 1;
            same = 0;
            period = 1;
        }
    }
    Ok((start, period))
}

/// Whether a piece that is not empty is in a text.
pub(super) fn contains(text: &[u8], piece: &[u8], watch: &Watch) -> Result<bool, NumError> {
    let mut pace = Pace { watch, left: STEP };
    let size = piece.len();
    let (one, other) = (greatest_suffix(piece, false, &mut pace)?, greatest_suffix(piece, true, &mut pace)?);
    let (critical, mut period) = if one.0 > other.0 { one } else { other };
    // The period of a suffix is the whole's if what is before the suffix repeats too; then what was compared needs no
    // second comparison.
    let periodic = piece.get(period..period + critical) == Some(&piece[..critical]);
    pace.compared(critical)?;
    if !periodic {
        period = critical.max(size - critical) + 1;
    }
    let (mut at, mut known) = (0, 0);
    while let Some(here) = text[at..].get(..size) {
        if known == 0 && here[critical] != piece[critical] {
            // The next place where the critical byte fits.
            let next =
                text[at + critical..].iter().take(STEP).take_while(|&&byte| byte != piece[critical]).count();
            pace.compared(next)?;
            at += next;
            continue;
        }
        let start = critical.max(known);
        let right = here[start..].iter().zip(&piece[start..]).take_while(|(a, b)| a == b).count();
        pace.compared(right + 1)?;
        if start + right < size {
            at += start + right - critical + 1;
            known = 0;
            continue;
        }
        let left =
            here[known.min(critical)..critical].iter().zip(&piece[known.min(critical)..critical]).rev();
        let equal = left.take_while(|(a, b)| a == b).count();
        pace.compared(equal + 1)?;
        if equal == critical.saturating_sub(known) {
            return Ok(true);
        }
        at += period;
        known = if periodic { size - period } else { 0 };
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::super::NumberLimits;
    use super::*;

    /// All texts of up to nine letters from two, and all pieces of up to five.
    #[test]
    fn finds_what_the_library_finds() {
        let words = |most: u32| {
            (1..=most).flat_map(|length| {
                (0..1u32 << length).map(move |bits| {
                    (0..length).map(|i| if bits >> i & 1 == 1 { 'b' } else { 'a' }).collect::<String>()
                })
            })
        };
        let watch = Watch::unhurried(NumberLimits::default());
        for piece in words(5) {
            for text in words(9) {
                let found = contains(text.as_bytes(), piece.as_bytes(), &watch);
                assert_eq!(found, Ok(text.contains(&piece)), "{piece} in {text}");
            }
        }
    }

    #[test]
    fn is_linear_and_takes_steps() {
        let watch = Watch::unhurried(NumberLimits::default());
        let text = "a".repeat(400_000);
        for piece in ["a".repeat(100_000) + "b", "b".to_owned() + &"a".repeat(100_000), "ab".repeat(60_000)] {
            assert_eq!(contains(text.as_bytes(), piece.as_bytes(), &watch), Ok(false));
        }
        let (work, longest) = watch.steps();
        assert!(work < 3 * 4 * 500_000 && longest <= 100_001 + STEP as u64, "{work} {longest}");
    }
}
