//! The explanation as text for a terminal, and as JSON.
//!
//! It stands behind `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariants: what comes from the
//! program is escaped; without being asked for more, it fits a screen or two, and what is left out is counted.

use super::ledger::{Counted, Ledger};
use super::model::{Explanation, Outline, Sentence, Story};
use super::words::percent;
use crate::text::{self, Table, duration, thousands};
use clap::builder::styling::Style;
use explorer::report::Topic;
use hotspotvm::{PlaceKind, Tier};
use std::fmt::Write;

/// How many places are told, unless more are asked for; and from which share of all instructions on, in percent.
const PLACES: usize = 3;
const SHARE: u64 = 1;

/// How many sentences of a topic are told of a place, unless more are asked for.
fn most(topic: Topic) -> usize {
    match topic {
        Topic::Compiled | Topic::FellBack | Topic::Refused => 3,
        _ => 2,
    }
}

/// What is to be told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Only of this function.
    pub(crate) function: Option<String>,
    /// Only of what has this line.
    pub(crate) line: Option<u32>,
    /// Everything.
    pub(crate) all: bool,
}

impl Scope {
    fn is_narrow(&self) -> bool {
        self.function.is_some() || self.line.is_some()
    }

    fn has(&self, story: &Story) -> bool {
        let function = self.function.as_ref().is_none_or(|name| *name == story.at.function);
        let on_line = |line| story.lines.is_some_and(|(first, last)| (first..=last).contains(&line));
        function && self.line.is_none_or(on_line)
    }
}

/// The stories in scope, the hottest first, and how many of them are told.
fn told<'a>(explanation: &'a Explanation, scope: &Scope) -> (Vec<&'a Story>, usize) {
    let stories: Vec<&Story> = explanation.stories.iter().filter(|story| scope.has(story)).collect();
    if scope.all || scope.is_narrow() {
        let all = stories.len();
        return (stories, all);
    }
    let hot = |story: &&&Story| percent(story.executed, explanation.executed) >= SHARE;
    let told = stories.iter().take(PLACES).take_while(hot).count();
    (stories, told)
}

/// As JSON: the stories in scope, all of what is said of them.
pub(crate) fn json(explanation: &Explanation, scope: &Scope) -> String {
    let stories = explanation.stories.iter().filter(|story| scope.has(story)).cloned().collect();
    let explanation = Explanation { stories, ..explanation.clone() };
    // Plain data with names for keys: that can be written.
    let json = serde_json::to_string_pretty(&explanation).unwrap_or_default();
    json + "\n"
}

/// As text, in colour: strip it for a file.
pub(crate) fn text(explanation: &Explanation, outline: &Outline, scope: &Scope) -> String {
    let bold = Style::new().bold();
    let mut out = format!(
        "{bold}What was compiled, and why{bold:#}: {} instructions were executed in all.\n",
        thousands(explanation.executed)
    );
    for sentence in &explanation.general {
        out.push('\n');
        say(&mut out, margin(sentence.topic), sentence);
        advise(&mut out, &[&sentence.hint]);
    }
    let everything = scope.all || scope.is_narrow();
    let (stories, told) = told(explanation, scope);
    for (number, story) in stories.iter().take(told).enumerate() {
        out.push('\n');
        out.push_str(&heading(number + 1, story, outline, explanation.executed));
        sentences(&mut out, story, everything);
    }
    if stories.is_empty() {
        out.push_str("\nNothing that runs is there: no function and no loop with a counter.\n");
    }
    if told < stories.len() {
        let more = text::counted(stories.len() - told, "more place");
        let _ =
            writeln!(out, "\n{more} ran less: --all tells of all of them, --line N or --function F of one.");
    }
    out.push_str(&ledger(&explanation.ledger, everything));
    out
}

fn heading(number: usize, story: &Story, outline: &Outline, all: u64) -> String {
    let bold = Style::new().bold();
    let (what, quote) = match (story.kind, story.at.line) {
        (PlaceKind::Function, _) => (format!("Function `{}`", story.at.function), ""),
        (PlaceKind::Loop, Some(line)) => {
            (format!("Loop at line {line}, in `{}`", story.at.function), outline.text(line))
        }
        (PlaceKind::Loop, None) => (format!("Loop at pc {} of `{}`", story.at.pc, story.at.function), ""),
    };
    let state = match story.tier {
        Tier::Interpreter => "interpreted",
        Tier::Baseline => "baseline code",
        Tier::Optimizing => "optimized",
    };
    let share = percent(story.executed, all);
    let quote = if quote.is_empty() { String::new() } else { format!(": {quote}") };
    let line = text::line(&format!("{number}. {what}{quote}"));
    format!("{bold}{line}{bold:#}  [{share} %, {state}]\n")
}

/// The name of a topic, as a margin.
fn margin(topic: Topic) -> &'static str {
    match topic {
        Topic::Heat => "How hot",
        Topic::Compiled => "Compiled",
        Topic::Assumed => "Assumes",
        Topic::Inlined => "Calls",
        Topic::Removed => "Saved",
        Topic::Stayed => "Checked",
        Topic::Refused => "Not done",
        Topic::FellBack => "Fell back",
        Topic::Paid => "Payback",
    }
}

/// The sentences of a place: of one topic not too many, unless everything is wanted.
fn sentences(out: &mut String, story: &Story, everything: bool) {
    let mut hints: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(topic) = story.sentences.get(at).map(|sentence| sentence.topic) {
        let same = story.sentences[at..].iter().take_while(|sentence| sentence.topic == topic).count();
        let shown = if everything { same } else { same.min(most(topic)) };
        for (i, sentence) in story.sentences[at..at + shown].iter().enumerate() {
            say(out, if i == 0 { margin(topic) } else { "" }, sentence);
            // What could be done about single checks is told to those who look closer.
            let tells = everything || topic != Topic::Stayed;
            if tells && !sentence.hint.is_empty() && !hints.contains(&sentence.hint.as_str()) {
                hints.push(&sentence.hint);
            }
        }
        if shown < same {
            let more = match story.at.line {
                Some(line) => format!("--line {line}"),
                None => format!("--function {}", story.at.function),
            };
            out.push_str(&text::wrapped("             ", &format!("... and {} more: {more}", same - shown)));
        }
        at += same;
    }
    advise(out, &hints);
}

/// What a programmer could do.
fn advise(out: &mut String, hints: &[&str]) {
    for (i, hint) in hints.iter().filter(|hint| !hint.is_empty()).enumerate() {
        let margin = if i == 0 { "To do" } else { "" };
        out.push_str(&text::wrapped(&format!("   {margin:<10}"), &format!("{}.", text::line(hint))));
    }
}

/// A sentence behind its margin, with the event that it rests on: by its line in the log, from 1.
fn say(out: &mut String, margin: &str, sentence: &Sentence) {
    let event = sentence.event.map_or_else(String::new, |event| format!(" [event {}]", event + 1));
    let words = text::line(&format!("{}{event}", sentence.words));
    out.push_str(&text::wrapped(&format!("   {margin:<10}"), &words));
}

/// The payback ledger as a table.
fn ledger(ledger: &Ledger, everything: bool) -> String {
    let mut rows: Vec<_> = ledger.rows.iter().collect();
    if rows.is_empty() {
        return String::new();
    }
    let weight = |row: &super::ledger::Row| row.gain.map_or(row.compile_ns as f64, |gain| gain.net_ns.abs());
    rows.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    let mut table = Table::new(&["unit", "compiling", "before", "after", "rounds", "pays after", "net"]);
    for row in rows {
        let name = match row.at.line {
            Some(line) => format!("{} {}, line {line}", row.unit, row.tier),
            None => format!("{} {}, {} pc {}", row.unit, row.tier, row.at.function, row.at.pc),
        };
        let rounds = match row.counts {
            Counted::Rounds => thousands(row.rounds),
            Counted::Entries => format!("{} entries", thousands(row.rounds)),
        };
        let cost = duration(row.compile_ns as f64);
        let cells = match row.gain {
            Some(gain) => vec![
                cost,
                duration(gain.before_ns),
                duration(gain.after_ns),
                rounds,
                gain.break_even.map_or_else(|| "never".to_owned(), thousands),
                signed(gain.net_ns),
            ],
            None => vec![cost, "?".to_owned(), "?".to_owned(), rounds, "?".to_owned(), "?".to_owned()],
        };
        table.row(&text::line(&name), &cells);
    }
    let mut out = "\nPayback: what compiling cost and brought, as far as was measured.\n".to_owned();
    if everything {
        out.push_str(&table.text());
    }
    let compiling = duration(ledger.compile_ns as f64);
    let untold = match ledger.untold {
        0 => String::new(),
        n => format!(" Of {} too little was measured to tell (?).", text::counted(n, "unit")),
    };
    let net = match ledger.net_ns {
        Some(net) => format!(
            "In all, compiling took {compiling}, and what can be told comes to {}.{untold}",
            signed(net)
        ),
        None => format!("In all, compiling took {compiling}.{untold}"),
    };
    out.push_str(&text::wrapped("  ", &net));
    out
}

/// A time that may be lost: `+1.2 ms`, `-30.0 us`.
fn signed(ns: f64) -> String {
    format!("{}{}", if ns < 0.0 { "-" } else { "+" }, duration(ns.abs()))
}
