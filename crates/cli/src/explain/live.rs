//! One event in plain words, as it happens: for those who watch a program step by step.
//!
//! It tells `profile -> detect -> compile -> cache -> execute -> deoptimise` with the sentences of `explain` where that has
//! some, and with words of the same kind for what an explanation of a whole run sums up.

use super::Collector;
use super::model::{CallLog, Decided, Sentence, Verdict, WayOut};
use super::words::{self, assumptions, counted, place, tier_words, times};
use crate::text::thousands;
use hotspotvm::{Event, ExitReason, Spot, Tier, UnitKind};

/// What is told of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// In words.
    pub(crate) words: String,
    /// What a programmer could do about it; empty if there is nothing to do.
    pub(crate) hint: String,
}

impl From<String> for Told {
    fn from(words: String) -> Told {
        Told { words, hint: String::new() }
    }
}

impl From<Sentence> for Told {
    fn from(sentence: Sentence) -> Told {
        Told { words: sentence.words, hint: sentence.hint }
    }
}

/// An event in words. The collector has taken it already.
pub(crate) fn told(log: &Collector, event: &Event) -> Told {
    let facts = &log.facts;
    let at = |spot: &Spot| place(facts, spot);
    let decided = |what, at: &Spot, why: &hotspotvm::Reason| -> Told {
        words::decided(log, &Decided { event: 0, what, at: at.clone(), why: why.clone(), times: 1 }).into()
    };
    let way_out = |unit: u32, at: &Spot, reason: Option<ExitReason>, observed: &str, times: u32| {
        let unit = log.units.iter().find(|known| known.id == unit)?;
        let way = WayOut {
            event: 0,
            at: at.clone(),
            reason,
            observed: observed.to_owned(),
            variables: Vec::new(),
            times: u64::from(times),
        };
        Some(Told::from(words::fell_back(log, unit, &way)))
    };
    let words = match event {
        Event::Start { hotspot_threshold, optimizing_threshold, max_tier, .. } => match max_tier {
            Tier::Interpreter => "Nothing is to be compiled: the interpreter does it all.".to_owned(),
            Tier::Baseline => format!(
                "The interpreter begins, and counts. A loop that goes round {} is hot, and gets baseline code.",
                times(*hotspot_threshold)
            ),
            Tier::Optimizing => format!(
                "The interpreter begins, and counts. A loop that goes round {} is hot, and gets baseline code; after {} it is optimized.",
                times(*hotspot_threshold),
                counted(*optimizing_threshold, "more round")
            ),
        },
        Event::NoJit { why } => return words::no_jit(0, why).into(),
        Event::Warm { at: spot, back_edges } => {
            format!(
                "Warm: the loop at {} went round {}, half of what makes it hot.",
                at(spot),
                times(*back_edges)
            )
        }
        Event::Hot { at: spot, executed, back_edges: 0 } => {
            format!("Hot: {} was executed {}.", at(spot), times(*executed))
        }
        Event::Hot { at: spot, executed, back_edges } => format!(
            "Hot: {} was executed {}, and control came back to it {}.",
            at(spot),
            times(*executed),
            times(*back_edges)
        ),
        Event::CompileStart { unit, at: spot, tier: Tier::Optimizing, kind, instructions, assumes } => {
            let what = match kind {
                UnitKind::Region => format!("the loop at {}", at(spot)),
                UnitKind::Trace => format!("the ways that control took from {}", at(spot)),
                UnitKind::Method | UnitKind::Function if spot.pc == 0 => {
                    format!("the function `{}`", spot.function)
                }
                UnitKind::Method | UnitKind::Function => {
                    format!("the rest of `{}` from {}", spot.function, at(spot))
                }
            };
            let size = counted(u64::from(*instructions), "instruction");
            let taken = match assumes.is_empty() {
                true => String::new(),
                false => format!(" It takes for granted: {}.", assumptions(assumes)),
            };
            let are = if *kind == UnitKind::Trace { "are" } else { "is" };
            format!("Unit {unit}: {what} {are} optimized, {size} of bytecode.{taken}")
        }
        Event::CompileStart { unit, at: spot, instructions, .. } => format!(
            "Unit {unit}: `{}` gets baseline code, machine code made in one quick pass over {}.",
            spot.function,
            counted(u64::from(*instructions), "instruction")
        ),
        Event::CompileEnd { unit, ir_before, ir_after, code_bytes, exits, .. } => {
            let bytes = thousands(u64::from(*code_bytes));
            match ir_before {
                0 => format!("Unit {unit} is ready: {bytes} bytes."),
                _ => format!(
                    "Unit {unit} is ready: {} before the optimizer's passes and {ir_after} after, {bytes} bytes, {} out.",
                    counted(u64::from(*ir_before), "step"),
                    counted(u64::from(*exits), "way")
                ),
            }
        }
        Event::Install { unit, .. } => format!("Unit {unit} is installed: control can go into it."),
        Event::Enter { unit, at: spot } => format!("Control goes into unit {unit} at {}.", at(spot)),
        Event::Exit { unit, at: spot, reason, rounds } => format!(
            "Control leaves unit {unit} after {}, because {}; on at {}.",
            counted(*rounds, "round"),
            reason.words(),
            at(spot)
        ),
        Event::Deopt { unit, at, reason, observed, rounds, .. } => {
            let Some(mut told) = way_out(*unit, at, Some(*reason), observed, 1) else {
                return Told::default();
            };
            told.words.push_str(&format!(" It had made {}.", counted(*rounds, "round")));
            return told;
        }
        Event::EntryMismatch { unit, at, observed, .. } => {
            return way_out(*unit, at, None, observed, 1).unwrap_or_default();
        }
        Event::Invalidate { unit, why, .. } => {
            let unit = log.units.iter().find(|known| known.id == *unit);
            return unit.map(|unit| words::taken_out(log, unit, 0, Some(why)).into()).unwrap_or_default();
        }
        Event::Evict { unit, .. } => {
            let unit = log.units.iter().find(|known| known.id == *unit);
            return unit.map(|unit| words::taken_out(log, unit, 0, None).into()).unwrap_or_default();
        }
        Event::Inline { unit, at, callee, instructions, percent, refused, .. } => {
            let Some(unit) = log.units.iter().find(|known| known.id == *unit) else { return Told::default() };
            let call = CallLog {
                event: 0,
                at: at.clone(),
                callee: callee.clone(),
                instructions: *instructions,
                percent: *percent,
                refused: refused.clone(),
            };
            return words::inlined(log, unit, &call).into();
        }
        Event::Record { at: spot, side_of: None } => {
            format!("From {} on, the way that control takes is recorded.", at(spot))
        }
        Event::Record { at: spot, side_of: Some(unit) } => format!(
            "From {} on, the way that control takes is recorded: it left unit {unit} there.",
            at(spot)
        ),
        Event::Refuse { at, tier, why } => return decided(Verdict::Refused(*tier), at, why),
        Event::LeaveAlone { at, tier, why } => return decided(Verdict::LeftAlone(*tier), at, why),
        Event::Postpone { at, why } => return decided(Verdict::Postponed, at, why),
        Event::Abort { at, why, .. } => return decided(Verdict::Aborted, at, why),
    };
    words.into()
}

/// A tier, as a person would name what runs in it.
pub(crate) fn code_of(tier: Tier) -> &'static str {
    tier_words(tier)
}
