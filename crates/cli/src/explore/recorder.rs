//! What is kept of a run's log: everything that is decided, and of what is repeated the first time and how often.
//!
//! Memory is bounded: a run that enters and leaves code millions of times keeps one entry for each row of repetitions,
//! and at most [`MOST`] entries; how many were left out is counted.

use hotspotvm::{Event, LogEntry};

/// The most entries that are kept.
pub(super) const MOST: usize = 100_000;

/// An entry, and how often it happened in a row.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The first of them.
    pub(super) entry: LogEntry,
    /// Its index in the log, from 0.
    pub(super) number: u64,
    /// How many.
    pub(super) times: u64,
}

/// What was kept so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) kept: Vec<Kept>,
    /// Entries that are in no way in `kept`.
    pub(super) left_out: u64,
    /// Entries so far.
    entries: u64,
}

impl Recorder {
    /// Keeps an entry, or counts it.
    pub(super) fn add(&mut self, entry: &LogEntry) {
        let number = self.entries;
        self.entries += 1;
        if is_passage(&entry.event) && self.repeats(entry) {
            return;
        }
        // The last tenth is for what is decided.
        let room = if is_passage(&entry.event) { MOST / 10 * 9 } else { MOST };
        if self.kept.len() < room {
            self.kept.push(Kept { entry: entry.clone(), number, times: 1 });
        } else {
            self.left_out += 1;
        }
    }

    /// Whether an entry repeats the last one like it, with nothing but its own counterpart in between.
    fn repeats(&mut self, entry: &LogEntry) -> bool {
        let tail = self.kept.len().saturating_sub(2);
        let same = |kept: &&mut Kept| is_same(&kept.entry.event, &entry.event);
        let all_passages = self.kept[tail..].iter().all(|kept| is_passage(&kept.entry.event));
        match self.kept[tail..].iter_mut().find(same) {
            Some(kept) if all_passages => {
                kept.times += 1;
                true
            }
            _ => false,
        }
    }
}

/// Whether an event only says that control went into compiled code or came out of it in the ordinary way.
fn is_passage(event: &Event) -> bool {
    matches!(event, Event::Enter { .. } | Event::Exit { .. })
}

fn is_same(a: &Event, b: &Event) -> bool {
    match (a, b) {
        (Event::Enter { unit: a, at: x }, Event::Enter { unit: b, at: y }) => a == b && x == y,
        (Event::Exit { unit: a, at: x, reason: r, .. }, Event::Exit { unit: b, at: y, reason: s, .. }) => {
            a == b && x == y && r == s
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspotvm::{ExitReason, Spot};

    fn entry(event: Event) -> LogEntry {
        LogEntry { charged: 0, nanos: None, event }
    }

    fn spot(pc: u32) -> Spot {
        Spot { function: "main".into(), pc, line: None }
    }

    #[test]
    fn millions_of_entries_take_the_room_of_two() {
        let mut recorder = Recorder::default();
        for _ in 0..1_000_000 {
            recorder.add(&entry(Event::Enter { unit: 1, at: spot(3) }));
            let reason = ExitReason::RegionEnd;
            recorder.add(&entry(Event::Exit { unit: 1, at: spot(9), reason, rounds: 2 }));
        }
        assert_eq!(recorder.kept.len(), 2);
        assert_eq!(recorder.kept.iter().map(|kept| kept.times).sum::<u64>() + recorder.left_out, 2_000_000);
    }

    #[test]
    fn what_changes_every_time_is_bounded_and_decisions_still_fit() {
        let mut recorder = Recorder::default();
        for unit in 0..2 * MOST as u32 {
            recorder.add(&entry(Event::Enter { unit: unit % 3, at: spot(unit % 7) }));
        }
        recorder.add(&entry(Event::Warm { at: spot(1), back_edges: 5 }));
        assert!(recorder.kept.len() <= MOST / 10 * 9 + 1);
        assert!(matches!(recorder.kept.last().map(|kept| &kept.entry.event), Some(Event::Warm { .. })));
        let counted: u64 = recorder.kept.iter().map(|kept| kept.times).sum::<u64>() + recorder.left_out;
        assert_eq!(counted, 2 * MOST as u64 + 1);
    }
}
