//! Finds the name that was probably meant.
//!
//! Part of the assembler, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! Invariant: the work per question is bounded, whatever the names are.

/// Longer names are neither asked about nor suggested, in characters.
const MAX_NAME: usize = 64;
/// How many names are looked at.
const MAX_CANDIDATES: usize = 1_000;

/// The candidate most like `name`, if one is like it: at most a third of its characters differ. Letter case counts for nothing.
pub(crate) fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(name)?;
    let most = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(MAX_CANDIDATES) {
        let Some(other) = folded(candidate) else { continue };
        if other.len().abs_diff(wanted.len()) > most {
            continue;
        }
        let distance = distance(&wanted, &other);
        // Of equally good ones the first in the alphabet, so that the answer does not depend on their order.
        if distance <= most && distance < wanted.len() && best.is_none_or(|b| (distance, candidate) < b) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> Option<Vec<char>> {
    let chars: Vec<char> = name.chars().take(MAX_NAME + 1).flat_map(char::to_lowercase).collect();
    (!chars.is_empty() && chars.len() <= MAX_NAME).then_some(chars)
}

/// How many characters must be added, dropped, changed or exchanged with their neighbour to get from one to the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; width];
        for j in 1..width {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness() {
        let names = ["load_local", "store_local", "add", "and", "mul"];
        assert_eq!(closest("laod_local", names), Some("load_local"));
        assert_eq!(closest("LOADLOCAL", names), Some("load_local"));
        assert_eq!(closest("ad", names), Some("add"));
        assert_eq!(closest("multiply", names), None);
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest("", names), None);
        assert_eq!(closest("abcd", ["abdc"]), Some("abdc"));
    }
}
