//! What `--verbose` prints: the engine's events, a line each, beside the source lines that they are about.
//!
//! It tells `profile -> detect -> compile -> cache -> execute -> deoptimise` as it happens. Invariants: control
//! characters are escaped before colour is put on; entries into one unit and exits from it are told once, and then
//! counted until something else happens, so that the log grows with what is decided and not with what is executed.

use crate::report::say_in_colour;
use crate::text::{self, thousands};
use clap::builder::styling::{AnsiColor, Style};
use hotspotvm::{Event, ExitReason, Listing, Spot};
use std::fmt::Write as _;

/// From this count on, a deoptimisation or a refused entry is a repetition: until then the engine decides by them.
const TOLD: u32 = 4;

/// The longest piece of a source line that stands beside an event, in characters.
const SOURCE_WIDTH: usize = 60;

/// The log of a run, on standard error.
pub(crate) struct Log {
    lines: Vec<String>,
    /// Whether to show what was compiled too.
    listings: bool,
    repeated: Repeated,
}

impl Log {
    /// A log that quotes this source; with `listings`, it shows what was compiled.
    pub(crate) fn new(source: &str, listings: bool) -> Log {
        let lines = source.lines().map(|line| text::line(line.trim())).collect();
        Log { lines, listings, repeated: Repeated::default() }
    }

    /// Whether it shows what was compiled.
    pub(crate) fn has_listings(&self) -> bool {
        self.listings
    }

    /// Tells an event.
    pub(crate) fn event(&mut self, event: &Event) {
        if self.repeated.counts(event) {
            return;
        }
        // What is told of a unit for the first time interrupts no count.
        let mut out = if is_passage(event) { String::new() } else { self.repeated.take() };
        out.push_str(&self.line(event));
        if let Event::CompileEnd { listing: Some(listing), .. } = event
            && self.listings
        {
            out.push_str(&listed(listing));
        }
        say_in_colour(&out);
    }

    /// Tells how the program ended.
    pub(crate) fn result(&mut self, result: &str) {
        let mut out = self.repeated.take();
        out.push_str(&named("result", &text::line(result)));
        say_in_colour(&out);
    }

    /// Tells what is still only counted.
    pub(crate) fn finish(&mut self) {
        say_in_colour(&self.repeated.take());
    }

    fn line(&self, event: &Event) -> String {
        let told = text::line(&event.to_string());
        let mut words = told.strip_prefix(event.name()).unwrap_or(&told).trim_start().to_owned();
        if let Some(line) = event.at().and_then(|at| at.line) {
            let source = line.checked_sub(1).and_then(|at| self.lines.get(at as usize));
            let source = source.map_or("", String::as_str);
            let mut shown: String = source.chars().take(SOURCE_WIDTH).collect();
            if shown.len() < source.len() {
                shown.push_str("...");
            }
            let colon = if shown.is_empty() { "" } else { ": " };
            let dim = Style::new().dimmed();
            let _ = write!(words, "  {dim}| line {line}{colon}{shown}{dim:#}");
        }
        named(event.name(), &words)
    }
}

/// Whether control goes into a unit or comes out of it, as often as the program has it.
fn is_passage(event: &Event) -> bool {
    matches!(event, Event::Enter { .. } | Event::Exit { .. })
}

/// A line of the log: what it is, in its colour, and the words.
fn named(name: &str, words: &str) -> String {
    let style = style(name);
    format!("{style}{name:<14}{style:#} {words}\n")
}

/// The colour of an event: what gets hot, what is made of it, what goes wrong.
fn style(name: &str) -> Style {
    let colour = match name {
        "warm" | "hot" => AnsiColor::Yellow,
        "compile_start" | "compile_end" | "inline" | "record" => AnsiColor::Cyan,
        "install" | "enter" | "result" => AnsiColor::Green,
        "deopt" | "entry_mismatch" | "invalidate" | "evict" | "refuse" | "abort" | "leave_alone"
        | "no_jit" => AnsiColor::Red,
        _ => return Style::new().dimmed(),
    };
    colour.on_default()
}

/// Entries and exits that were told, and how often they have happened again.
#[derive(Default)]
pub(crate) struct Repeated(Vec<Again>);

/// One unit's.
struct Again {
    unit: u32,
    entered: bool,
    entries: u64,
    exits: Vec<Exits>,
}

/// Those to one place for one reason.
struct Exits {
    to: Spot,
    reason: Option<ExitReason>,
    count: u64,
    rounds: u64,
}

impl Repeated {
    /// Whether an event is one that was told already: then it is counted.
    pub(crate) fn counts(&mut self, event: &Event) -> bool {
        match event {
            Event::Enter { unit, .. } => {
                let again = self.unit(*unit);
                let is_first = !std::mem::replace(&mut again.entered, true);
                again.entries += u64::from(!is_first);
                !is_first
            }
            Event::Exit { unit, at, reason, rounds } => self.exit(*unit, at, Some(*reason), *rounds),
            Event::Deopt { unit, at, reason, rounds, count, .. } if *count >= TOLD => {
                self.exit(*unit, at, Some(*reason), *rounds)
            }
            Event::EntryMismatch { unit, at, count, .. } if *count >= TOLD => self.exit(*unit, at, None, 0),
            _ => false,
        }
    }

    fn unit(&mut self, unit: u32) -> &mut Again {
        let at = self.0.iter().position(|again| again.unit == unit).unwrap_or_else(|| {
            self.0.push(Again { unit, entered: false, entries: 0, exits: Vec::new() });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    fn exit(&mut self, unit: u32, to: &Spot, reason: Option<ExitReason>, rounds: u64) -> bool {
        let exits = &mut self.unit(unit).exits;
        match exits.iter_mut().find(|exit| exit.reason == reason && exit.to == *to) {
            Some(exit) => {
                exit.count += 1;
                exit.rounds += rounds;
                true
            }
            None => {
                exits.push(Exits { to: to.clone(), reason, count: 0, rounds: 0 });
                false
            }
        }
    }

    /// A line for each unit with repetitions, which are counted anew from here on.
    fn take(&mut self) -> String {
        self.take_words().iter().map(|words| named("again", &text::line(words))).collect()
    }

    /// The same without the form of a log.
    pub(crate) fn take_words(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        for Again { unit, entries, exits, .. } in &mut self.0 {
            let again: Vec<&mut Exits> = exits.iter_mut().filter(|exits| exits.count > 0).collect();
            let entries = std::mem::take(entries);
            if entries == 0 && again.is_empty() {
                continue;
            }
            let rounds: u64 = again.iter().map(|exits| exits.rounds).sum();
            let mut words =
                format!("unit {unit}: entered {} more, for {} rounds", times(entries), thousands(rounds));
            for Exits { to, reason, count, rounds } in again {
                *rounds = 0;
                let count = times(std::mem::take(count));
                let _ = match reason {
                    Some(reason) => write!(words, "; {count} to {to}: {}", reason.words()),
                    None => write!(words, "; {count} refused"),
                };
            }
            out.push(words);
        }
        out
    }
}

/// How often, in words.
fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{} times", thousands(count)),
    }
}

/// The forms of what was compiled, each under its heading.
pub(crate) fn listed(listing: &Listing) -> String {
    let mut forms =
        vec![("bytecode".to_string(), &listing.bytecode), ("IR as built".to_string(), &listing.ir_built)];
    forms.extend(listing.ir_after.iter().map(|(pass, ir)| (format!("IR after pass {pass}"), ir)));
    forms.push(("IR after the passes".to_string(), &listing.ir));
    forms.push(("machine code".to_string(), &listing.machine));
    let mut out = String::new();
    for (heading, form) in forms {
        if !form.is_empty() {
            out.push_str(&format!("    {heading}:\n"));
            out.push_str(&text::indented(&text::lines(form), 8));
        }
    }
    out
}

/// The IR after single passes, of a compilation that carries it.
pub(crate) fn dumped(event: &Event) -> Option<String> {
    let Event::CompileEnd { unit, listing: Some(listing), .. } = event else { return None };
    let forms = listing.ir_after.iter().map(|(pass, ir)| {
        format!("unit {unit}, IR after pass {pass}:\n{}", text::indented(&text::lines(ir), 4))
    });
    Some(forms.collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(pc: u32) -> Spot {
        Spot { function: "main".into(), pc, line: Some(2) }
    }

    #[test]
    fn repetitions_are_counted_until_they_are_told() {
        let mut repeated = Repeated::default();
        let enter = |unit| Event::Enter { unit, at: spot(6) };
        let exit =
            |unit, pc, rounds| Event::Exit { unit, at: spot(pc), reason: ExitReason::RegionEnd, rounds };
        for (event, told) in
            [(enter(1), true), (exit(1, 9, 5), true), (enter(2), true), (exit(1, 7, 1), true)]
        {
            assert_eq!(!repeated.counts(&event), told, "{event}");
        }
        for _ in 0..3 {
            assert!(
                repeated.counts(&enter(1)) && repeated.counts(&enter(2)) && repeated.counts(&exit(1, 9, 400))
            );
        }
        let text = anstream::adapter::strip_str(&repeated.take()).to_string();
        assert_eq!(
            text,
            "again          unit 1: entered 3 times more, for 1,200 rounds; 3 times to main pc 9: the loop ended\nagain          \
             unit 2: entered 3 times more, for 0 rounds\n"
        );
        let mismatch = |count| Event::EntryMismatch { unit: 1, at: spot(6), observed: String::new(), count };
        assert!(
            !repeated.counts(&mismatch(3)) && !repeated.counts(&mismatch(4)) && repeated.counts(&mismatch(5))
        );
    }

    #[test]
    fn the_source_stands_beside_what_is_told() {
        let log = Log::new("first\n  i = \u{1b}[31m1\n", false);
        let event = Event::Warm { at: spot(6), back_edges: 5 };
        let line = anstream::adapter::strip_str(&log.line(&event)).to_string();
        assert_eq!(line, "warm           main pc 6: 5 rounds so far  | line 2: i = \\u{1b}[31m1\n");
        let far = Event::Warm { at: Spot { line: Some(9), ..spot(6) }, back_edges: 5 };
        assert!(anstream::adapter::strip_str(&log.line(&far)).to_string().ends_with("  | line 9\n"));
    }
}
