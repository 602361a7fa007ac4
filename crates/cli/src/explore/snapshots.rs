//! Counters and kinds as they were at some moments of a run, bounded in memory.
//!
//! They are taken at events of the run that counts. Which ones: the first [`DECISIONS`] at which something was decided, and else
//! whenever the run has become an eighth longer; so there are few, however long the run, and most where most happens. What a
//! snapshot holds is what differs from the one before, and all together hold [`MOST_ROWS`] rows at most: after that none is taken.

use hotspotvm::{Event, InstructionCounts, LogEntry, Moment};

/// How many decisions are worth a snapshot.
const DECISIONS: usize = 128;
/// The run is this part longer than at the last snapshot.
const GROWTH: u64 = 8;
/// The most rows of all snapshots.
const MOST_ROWS: usize = 60_000;

/// The counters at one moment.
#[derive(Debug)]
pub(super) struct Taken {
    /// Instructions charged by then.
    pub(super) charged: u64,
    /// What is not as it was in the one before: function, pc, and what was counted and seen.
    pub(super) rows: Vec<(u32, u32, InstructionCounts)>,
}

/// What was taken so far.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    pub(super) taken: Vec<Taken>,
    /// What is known now, by function and pc.
    known: Vec<Vec<InstructionCounts>>,
    decisions: usize,
    rows: usize,
    full: bool,
}

impl Snapshots {
    /// Takes one, if this is a moment for it.
    pub(super) fn look(&mut self, entry: &LogEntry, moment: Moment<'_>) {
        if self.is_due(entry) {
            self.take(entry.charged, moment.counts().into_iter().map(|function| function.rows).collect());
        }
    }

    fn is_due(&mut self, entry: &LogEntry) -> bool {
        if self.full {
            return false;
        }
        let last = self.taken.last().map_or(0, |taken| taken.charged);
        if entry.charged == last {
            return false;
        }
        let decided = !matches!(entry.event, Event::Enter { .. } | Event::Exit { .. });
        self.decisions += usize::from(decided);
        (decided && self.decisions <= DECISIONS) || entry.charged - last >= last / GROWTH
    }

    fn take(&mut self, charged: u64, counts: Vec<Vec<InstructionCounts>>) {
        let mut rows = Vec::new();
        for (function, new) in counts.iter().enumerate() {
            let old = self.known.get(function).map(Vec::as_slice).unwrap_or_default();
            for (pc, new) in new.iter().enumerate() {
                let is_same = old.get(pc).map_or(*new == InstructionCounts::default(), |old| old == new);
                if !is_same {
                    rows.push((function as u32, pc as u32, new.clone()));
                }
            }
        }
        self.rows += rows.len();
        self.full = self.rows > MOST_ROWS;
        if !self.full {
            self.known = counts;
            self.taken.push(Taken { charged, rows });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspotvm::Spot;

    fn counts(executed: &[u64]) -> Vec<Vec<InstructionCounts>> {
        let row = |&executed: &u64| InstructionCounts { executed, kinds: Vec::new() };
        vec![executed.iter().map(row).collect()]
    }

    fn entry(charged: u64, decided: bool) -> LogEntry {
        let at = Spot { function: "main".into(), pc: 0, line: None };
        let event = if decided { Event::Warm { at, back_edges: 5 } } else { Event::Enter { unit: 1, at } };
        LogEntry { charged, nanos: None, event }
    }

    #[test]
    fn a_snapshot_is_what_differs() {
        let mut snapshots = Snapshots::default();
        snapshots.take(3, counts(&[1, 2, 0]));
        snapshots.take(7, counts(&[1, 6, 0]));
        let rows = |at: usize| -> Vec<(u32, u64)> {
            snapshots.taken[at].rows.iter().map(|(_, pc, row)| (*pc, row.executed)).collect()
        };
        assert_eq!((rows(0), rows(1)), (vec![(0, 1), (1, 2)], vec![(1, 6)]));
    }

    #[test]
    fn there_are_few_however_long_the_run() {
        let mut snapshots = Snapshots::default();
        for charged in (1..10_000_000).map(|n| n * 37) {
            let entry = entry(charged, charged % 1_000 == 0);
            if snapshots.is_due(&entry) {
                snapshots.take(charged, counts(&[charged]));
            }
        }
        let taken = snapshots.taken.len();
        assert!((150..400).contains(&taken), "{taken}");
    }

    #[test]
    fn rows_are_bounded() {
        let mut snapshots = Snapshots::default();
        for n in 1..1_000 {
            if snapshots.is_due(&entry(n * 1_000, true)) {
                snapshots.take(n * 1_000, counts(&[n; 1_000]));
            }
        }
        let rows: usize = snapshots.taken.iter().map(|taken| taken.rows.len()).sum();
        assert!((MOST_ROWS - 1_000..=MOST_ROWS).contains(&rows), "{rows}");
    }
}
