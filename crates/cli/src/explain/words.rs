//! The sentences: what was decided and what happened, in words for somebody who knows Python and no compilers.
//!
//! It tells `profile -> detect -> compile -> cache -> execute -> deoptimise`. The words of reasons are not here but in
//! their tables, with what a programmer could do; here they become sentences, with lines in place of pcs where lines
//! are known.

use super::ledger::{Counted, ENOUGH, Row};
use super::model::{
    CallLog, Collector, Decided, Outline, PlaceLog, Sentence, Story, UnitLog, Verdict, WayOut,
};
use crate::text::{duration, thousands};
use explorer::report::Topic;
use hotspotvm::event::{Held, RemarkKind};
use hotspotvm::{ExitReason, PlaceKind, PlaceStats, Reason, Spot, Tier, UnitKind, UnitStats};

/// The most variables that a sentence names.
const VARIABLES: usize = 4;

impl Sentence {
    fn new(topic: Topic, words: impl Into<String>) -> Sentence {
        Sentence {
            topic,
            words: words.into(),
            hint: String::new(),
            reason: String::new(),
            event: None,
            unit: None,
            at: None,
        }
    }

    fn event(self, event: u64) -> Sentence {
        Sentence { event: Some(event), ..self }
    }

    fn unit(self, unit: u32) -> Sentence {
        Sentence { unit: Some(unit), ..self }
    }

    fn at(self, at: &Spot) -> Sentence {
        Sentence { at: Some(at.clone()), ..self }
    }

    fn why(self, why: &Reason) -> Sentence {
        // What is nested is what happened; the rest is how often.
        let hint = match why {
            Reason::ExitRepeated { exit, .. } if !exit.hint().is_empty() => exit.hint(),
            Reason::RecordingGivenUp { last } if !last.hint().is_empty() => last.hint(),
            Reason::AgainWithCalls { last } => last.hint(),
            _ => why.hint(),
        };
        Sentence { hint: hint.to_owned(), reason: why.name().to_owned(), ..self }
    }
}

/// Nothing may be compiled.
pub(super) fn only_interpreted(event: u64) -> Sentence {
    Sentence::new(Topic::Refused, "Everything was interpreted, because that was asked for.").event(event)
}

/// Nothing can be compiled.
pub(super) fn no_jit(event: u64, why: &Reason) -> Sentence {
    let words = format!("Nothing was compiled from here on, because {why}.");
    Sentence::new(Topic::Refused, words).event(event).why(why)
}

/// A place, as a person would name it.
pub(super) fn place(outline: &Outline, at: &Spot) -> String {
    match outline.line(&at.function, at.pc).or(at.line) {
        Some(line) => format!("line {line}"),
        None => format!("pc {} of `{}`", at.pc, at.function),
    }
}

/// A place in a function, with the function's name if that is another.
fn place_from(outline: &Outline, at: &Spot, function: &str) -> String {
    let words = place(outline, at);
    if at.function == function || words.ends_with('`') {
        words
    } else {
        format!("{words} (in `{}`)", at.function)
    }
}

/// The words of a reason, with the lines of this function in place of its pcs.
fn lined(outline: &Outline, function: &str, words: &str) -> String {
    let mut out = String::new();
    let mut rest = words;
    while let Some(at) = rest.find("pc ") {
        let (before, from) = rest.split_at(at);
        let digits: String = from[3..].chars().take_while(char::is_ascii_digit).collect();
        let starts = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        out.push_str(before);
        match digits.parse().ok().and_then(|pc| outline.line(function, pc)).filter(|_| starts) {
            Some(line) => out.push_str(&format!("line {line}")),
            None => out.push_str(&from[..3 + digits.len()]),
        }
        rest = &from[3 + digits.len()..];
    }
    out + rest
}

/// The words of a remark, where the compiler's names of intermediate results, `v7`, say that they are just that.
fn named(outline: &Outline, function: &str, words: &str) -> String {
    let mut out = String::new();
    for piece in words.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let digits = word.strip_prefix('v').filter(|digits| !digits.is_empty());
        let is_value = digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        if is_value && !outline.has_local(function, word) {
            out.push_str("(a result)");
            out.push_str(&piece[word.len()..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}

/// "once", "twice", "3 times".
pub(super) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{} times", thousands(count)),
    }
}

/// "1 round", "2 rounds".
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// "a, b and c".
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Part of a whole, in percent.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    (percent as u64).min(100)
}

/// A tier, as a person would name what runs in it.
pub(super) fn tier_words(tier: Tier) -> &'static str {
    match tier {
        Tier::Interpreter => "the interpreter",
        Tier::Baseline => "baseline code",
        Tier::Optimizing => "optimized code",
    }
}

/// How hot something was, and, if it was not compiled, how much was missing.
pub(super) fn heat(
    log: &Collector,
    place: &PlaceLog,
    story: &Story,
    counted_below: Option<&PlaceStats>,
    all: u64,
) -> Sentence {
    let (did, what) = match place.kind {
        PlaceKind::Function => ("was called", "calls"),
        PlaceKind::Loop => ("went round", "rounds"),
    };
    let nest = if log.outline.is_nest(&place.at) && story.tier == Tier::Optimizing {
        ", those of the loops in it included"
    } else {
        ""
    };
    let share = match percent(story.executed, all) {
        0 => "less than 1 %".to_owned(),
        percent => format!("{percent} %"),
    };
    let part = counted(story.executed, "instruction");
    let mut words = match story.arrivals {
        0 => format!("It executed {part}, {share} of all."),
        arrivals => format!("It {did} {}{nest}, and executed {part}, {share} of all.", times(arrivals)),
    };
    let (before, event) = (place.decided.is_empty(), place.hot.first().map(|hot| hot.event).or(place.warm));
    // What is called once, as a whole program is, cannot get hot by calls: its loops can.
    let climbs = place.kind == PlaceKind::Loop || story.arrivals > 1;
    if let Some(counted_below) = counted_below.filter(|_| before && climbs) {
        let PlaceStats { arrivals, hot_after, optimized_after, .. } = *counted_below;
        if story.tier == Tier::Interpreter && arrivals < hot_after {
            words.push_str(&format!(
                " That is too cold to be compiled: {} {what} would do (--hotspot-threshold), {} more.",
                thousands(hot_after),
                thousands(hot_after - arrivals)
            ));
        } else if story.tier == Tier::Baseline && arrivals < optimized_after && place.hot.len() < 2 {
            words.push_str(&format!(
                " To be optimized, {} {what} would do (--optimizing-threshold).",
                thousands(optimized_after)
            ));
        }
    }
    // What never got warm rests on the thresholds, which the first event tells.
    Sentence::new(Topic::Heat, words).event(event.unwrap_or(0))
}

/// How something climbed from the interpreter to baseline code.
pub(super) fn climb(log: &Collector, place: &PlaceLog, baseline: Option<&UnitLog>) -> Option<Sentence> {
    let (unit, hot) = (baseline?, place.hot.first()?);
    // Its own heat had the function compiled, if nothing lies between.
    if unit.started != hot.event + 1 {
        return None;
    }
    let made = unit.made.as_ref()?;
    let what = match place.kind {
        PlaceKind::Function => "it".to_owned(),
        PlaceKind::Loop => format!("its function, `{}`,", unit.at.function),
    };
    let back = match hot.back_edges {
        0 => String::new(),
        n => format!(", {n} of them by going round"),
    };
    let words = format!(
        "Hot after {} executions{back}: {what} got baseline code, machine code made in one quick pass ({}, {} bytes).",
        thousands(hot.executed),
        counted(u64::from(unit.instructions), "instruction"),
        thousands(u64::from(made.code_bytes)),
    );
    let _ = log;
    Some(Sentence::new(Topic::Compiled, words).event(hot.event).unit(unit.id))
}

/// All that is to be said of a unit.
pub(super) fn unit(log: &Collector, unit: &UnitLog, stats: Option<&UnitStats>, out: &mut Vec<Sentence>) {
    if unit.tier == Tier::Optimizing {
        out.push(optimized(unit, stats));
        if !unit.assumes.is_empty() {
            let words = format!("It takes for granted: {}.", assumptions(&unit.assumes));
            out.push(Sentence::new(Topic::Assumed, words).event(unit.started).unit(unit.id));
        }
        out.extend(unit.calls.iter().map(|call| inlined(log, unit, call)));
        remarks(log, unit, out);
    }
    let told = |way: &&WayOut| way.reason.is_none_or(|r| r.is_deopt() || !r.hint().is_empty());
    out.extend(unit.ways_out.iter().filter(told).map(|way| fell_back(log, unit, way)));
    if let Some((event, why)) = &unit.taken_out {
        out.push(taken_out(log, unit, *event, why.as_ref()));
    }
}

fn optimized(unit: &UnitLog, stats: Option<&UnitStats>) -> Sentence {
    let what = match unit.kind {
        UnitKind::Region => "the loop as one piece (strategy region)",
        UnitKind::Method if unit.at.pc == 0 => "the whole function, to be called (strategy method)",
        UnitKind::Method => "the rest of the function from here on (strategy method)",
        UnitKind::Trace => "the ways that control took (strategy trace)",
        UnitKind::Function => "the whole function",
    };
    let covers = counted(u64::from(unit.instructions), "instruction");
    let mut words = format!("Optimized: {what}, {covers} of bytecode");
    let event = match &unit.made {
        Some(made) => {
            words.push_str(&format!(
                ", {} steps before the optimizer's passes and {} after, {} bytes of machine code with {}.",
                thousands(u64::from(made.ir.0)),
                thousands(u64::from(made.ir.1)),
                thousands(u64::from(made.code_bytes)),
                counted(u64::from(made.exits), "way") + " out",
            ));
            made.event
        }
        None => {
            words.push_str("; it was not ready when the program ended.");
            unit.started
        }
    };
    if let Some(stats) = stats {
        let rounds =
            if stats.rounds > 0 { format!(" and {}", counted(stats.rounds, "round")) } else { String::new() };
        let entered = if stats.entries == 0 {
            " It was never entered from outside.".to_owned()
        } else {
            format!(
                " It was entered {}, for {}{rounds}.",
                times(stats.entries),
                counted(stats.instructions, "instruction")
            )
        };
        words.push_str(&entered);
    }
    let plain: Vec<String> = unit
        .ways_out
        .iter()
        .filter_map(|way| Some((way.reason.filter(|r| !r.is_deopt() && r.hint().is_empty())?, way.times)))
        .fold(Vec::<(ExitReason, u64)>::new(), |mut sums, (reason, times)| {
            match sums.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, sum)) => *sum += times,
                None => sums.push((reason, times)),
            }
            sums
        })
        .iter()
        .map(|(reason, count)| format!("{} because {}", times(*count), reason.words()))
        .collect();
    if !plain.is_empty() {
        words.push_str(&format!(" Control left it {}.", listed(&plain)));
    }
    Sentence::new(Topic::Compiled, words).event(event).unit(unit.id)
}

/// `n: int >= 0` and the like as a person would say it: what is of one type together.
pub(super) fn assumptions(inputs: &[String]) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    let mut result = None;
    for input in inputs {
        let (name, ty) = input.split_once(": ").unwrap_or((input, ""));
        if name == "result" {
            result = Some(ty);
            continue;
        }
        match groups.iter_mut().find(|(known, _)| *known == ty) {
            Some((_, names)) => names.push(format!("`{name}`")),
            None => groups.push((ty, vec![format!("`{name}`")])),
        }
    }
    let mut said: Vec<String> = groups.iter().map(|(ty, names)| typed(names, ty)).collect();
    said.extend(result.map(|ty| match ty {
        "boxed" => "it may return anything".to_owned(),
        _ => format!("it returns {} {ty}", article(ty)),
    }));
    said.join("; ")
}

/// "`i` and `n` are ints of at most 64 bits, not below 0".
fn typed(names: &[String], ty: &str) -> String {
    let (ty, sign) = ty.split_once(' ').unwrap_or((ty, ""));
    let sign = match sign {
        ">= 0" => ", not below 0",
        "<= 0" => ", not above 0",
        _ => "",
    };
    let size = if ty == "int" { " of at most 64 bits" } else { "" };
    match names {
        [name] => format!("{name} is {} {ty}{size}{sign}", article(ty)),
        _ => format!("{} are {ty}s{size}{sign}", listed(names)),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with('i') { "an" } else { "a" }
}

pub(super) fn inlined(log: &Collector, unit: &UnitLog, call: &CallLog) -> Sentence {
    let CallLog { event, at, callee, instructions, percent, refused } = call;
    let place = place_from(&log.outline, at, &unit.at.function);
    let size = counted(u64::from(*instructions), "instruction");
    let made = format!("{size}, called {percent} % of the time");
    let sentence = match refused {
        None => {
            let words = format!("At {place}, the body of `{callee}` stands in place of the call ({made}).");
            Sentence::new(Topic::Inlined, words)
        }
        Some(why) => {
            let why_words = lined(&log.outline, callee, &why.to_string());
            let words =
                format!("At {place}, `{callee}` is called ({made}): not put in place, because {why_words}.");
            Sentence::new(Topic::Inlined, words).why(why)
        }
    };
    sentence.event(*event).unit(unit.id).at(at)
}

/// What the passes said: copies of a check, of unrolled rounds and inlined calls, are told once.
fn remarks(log: &Collector, unit: &UnitLog, out: &mut Vec<Sentence>) {
    let Some(made) = &unit.made else { return };
    let mut told: Vec<(String, String)> = Vec::new();
    for remark in &made.remarks {
        let (topic, first) = match remark.kind {
            RemarkKind::Removed => (Topic::Removed, "Not needed at"),
            RemarkKind::Moved => (Topic::Removed, "Moved out of the loop, at"),
            RemarkKind::Stayed => (Topic::Stayed, "Still done in each round, at"),
            RemarkKind::Changed => (Topic::Removed, "Reshaped, at"),
        };
        let place = place_from(&log.outline, &remark.at, &unit.at.function);
        // What it is about comes first; what is known of the operands differs from copy to copy.
        let about = remark.words.split([':', ',']).next().unwrap_or_default();
        let about = about.split(|c: char| c == 'v' || c.is_whitespace()).collect::<Vec<_>>().join(" ");
        let key = (format!("{first} {place}"), about);
        if told.contains(&key) {
            continue;
        }
        told.push(key);
        let words = format!("{first} {place}: {}.", named(&log.outline, &remark.at.function, &remark.words));
        let mut sentence = Sentence::new(topic, words).event(made.event).unit(unit.id).at(&remark.at);
        sentence.hint.clone_from(&remark.hint);
        out.push(sentence);
    }
}

pub(super) fn fell_back(log: &Collector, unit: &UnitLog, way: &WayOut) -> Sentence {
    let place = place_from(&log.outline, &way.at, &unit.at.function);
    let often = times(way.times);
    let first = if way.times > 1 { "the first time " } else { "" };
    let sentence = match way.reason {
        None => {
            let words = format!("Could not be entered {often}, at {place}: {first}{}.", way.observed);
            let mut sentence = Sentence::new(Topic::FellBack, words);
            let found_float = way.observed.contains("found float");
            let like = if found_float { ExitReason::NotFloat } else { ExitReason::NotInt };
            sentence.hint = like.hint().to_owned();
            sentence.reason = "entry_mismatch".to_owned();
            sentence
        }
        Some(reason) => {
            let mut words =
                format!("Fell back to the tier below {often} at {place}, because {}.", reason.words());
            if !reason.expected().is_empty() {
                words.push_str(&format!(" Expected: {}.", reason.expected()));
            }
            if !way.observed.is_empty() {
                words.push_str(&format!(
                    " Found {first}there: {}{}.",
                    way.observed,
                    with(&way.variables, &way.observed)
                ));
            }
            let mut sentence = Sentence::new(Topic::FellBack, words);
            sentence.hint = reason.hint().to_owned();
            sentence.reason = reason.name().to_owned();
            sentence
        }
    };
    sentence.event(way.event).unit(unit.id).at(&way.at)
}

/// The variables that are not among what was observed.
fn with(variables: &[Held], observed: &str) -> String {
    let is_new =
        |held: &&Held| !observed.split(", ").any(|part| part.split(" = ").next() == Some(&held.name));
    let shown = |held: &Held| format!("{} = {} ({})", held.name, held.value, held.kind);
    let shown: Vec<String> = variables.iter().take(VARIABLES).filter(is_new).map(shown).collect();
    if shown.is_empty() { String::new() } else { format!(", with {}", listed(&shown)) }
}

pub(super) fn taken_out(log: &Collector, unit: &UnitLog, event: u64, why: Option<&Reason>) -> Sentence {
    let what = match unit.tier {
        Tier::Optimizing => format!("The optimized code (unit {})", unit.id),
        _ => format!("The {} (unit {})", tier_words(unit.tier), unit.id),
    };
    match why {
        Some(why) => {
            let words = lined(&log.outline, &unit.at.function, &why.to_string());
            let topic =
                if matches!(why, Reason::Replaced { .. }) { Topic::Compiled } else { Topic::FellBack };
            Sentence::new(topic, format!("{what} was taken out, because {words}.")).why(why)
        }
        None => {
            let words =
                format!("{what} was taken out to make room: the code cache was full, and others did more.");
            let mut sentence = Sentence::new(Topic::FellBack, words);
            sentence.hint = "allow a larger code cache: --code-cache".to_owned();
            sentence.reason = "evict".to_owned();
            sentence
        }
    }
    .event(event)
    .unit(unit.id)
}

/// A decision not to compile.
pub(super) fn decided(log: &Collector, decided: &Decided) -> Sentence {
    let why = lined(&log.outline, &decided.at.function, &decided.why.to_string());
    let often =
        if decided.times > 1 { format!(" (decided {})", times(decided.times)) } else { String::new() };
    let words = match decided.what {
        Verdict::Refused(Tier::Optimizing) => {
            format!("The code that there is was not extended, because {why}.")
        }
        Verdict::Refused(Tier::Baseline) => format!("Not optimized: it stays baseline code, because {why}."),
        Verdict::Refused(Tier::Interpreter) => format!("Not compiled: it stays interpreted, because {why}."),
        Verdict::LeftAlone(tier) => format!("From then on it ran in {}, because {why}.", tier_words(tier)),
        Verdict::Postponed => format!("Put off{often}: not yet, because {why}."),
        Verdict::Aborted => {
            format!(
                "A recording of the way that control takes was given up at {}{often}, because {why}.",
                place(&log.outline, &decided.at)
            )
        }
    };
    Sentence::new(Topic::Refused, words).event(decided.event).why(&decided.why).at(&decided.at)
}

/// Which other code has this in it: a function's body in place of calls.
pub(super) fn covered(log: &Collector, place: &PlaceLog, number: usize) -> Option<Sentence> {
    let others: Vec<&(u64, u32, Spot)> = place
        .inlined
        .iter()
        .filter(|(_, unit, _)| log.units.iter().any(|u| u.id == *unit && u.place != number))
        .collect();
    let (event, unit, _) = others.first()?;
    let mut calls: Vec<String> = Vec::new();
    for (_, unit, at) in &others {
        let words = format!("{} (unit {unit})", place_from(&log.outline, at, ""));
        if !calls.contains(&words) {
            calls.push(words);
        }
    }
    const SHOWN: usize = 3;
    let more = calls.len().saturating_sub(SHOWN);
    let also = if more > 0 { format!(", and in {more} more places") } else { String::new() };
    calls.truncate(SHOWN);
    let words = format!(
        "Its body stands in place of calls at {}{also}: what it does there counts there.",
        listed(&calls)
    );
    Some(Sentence::new(Topic::Inlined, words).event(*event).unit(*unit))
}

/// Whether compiling a unit has paid.
pub(super) fn paid(row: &Row, unit: &UnitLog) -> Sentence {
    let what = match row.counts {
        Counted::Rounds => "round",
        Counted::Entries => "entry",
    };
    let cost = duration(row.compile_ns as f64);
    let ran = match (row.counts, row.rounds) {
        (Counted::Entries, 1) => "1 entry".to_owned(),
        (Counted::Entries, n) => format!("{} entries", thousands(n)),
        (Counted::Rounds, n) => counted(n, "round"),
    };
    let code = match unit.tier {
        Tier::Optimizing => "Optimizing",
        _ => "Baseline code",
    };
    let words = match row.gain {
        None => format!(
            "{code} (unit {}) cost {cost}. Whether its {ran} paid cannot be told: too little was measured, less than {} here or in the tier below.",
            row.unit,
            duration(ENOUGH as f64)
        ),
        Some(gain) => {
            let (before, after) = (duration(gain.before_ns), duration(gain.after_ns));
            let mut words = format!(
                "{code} (unit {}) cost {cost}. One {what} took {after} instead of {before} in {}: ",
                row.unit,
                tier_words(gain.below)
            );
            let net = duration(gain.net_ns.abs());
            match (gain.break_even, gain.net_ns >= 0.0) {
                (Some(n), true) => words.push_str(&format!(
                    "it had paid for itself after {} of {ran}, and won {net} in all.",
                    thousands(n)
                )),
                (Some(n), false) => words.push_str(&format!(
                    "it would have paid for itself after {}, but ran {ran}: {net} lost.",
                    thousands(n)
                )),
                (None, _) => words.push_str(&format!("it was not faster, so {net} were lost in {ran}.")),
            }
            words
        }
    };
    Sentence::new(Topic::Paid, words)
        .event(unit.made.as_ref().map_or(unit.started, |made| made.event))
        .unit(row.unit)
}
