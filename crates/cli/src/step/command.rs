//! What one may say at the prompt: one table of commands, and how a line is read.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: what is in the table is what
//! `help` lists and what is understood.

use crate::args;
use hotspotvm::{Strategy, Tier};

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Step(u64),
    Interpret(u64),
    Next(u64),
    Line(u64),
    Finish,
    To(Place),
    Event(Option<String>),
    Continue,
    Where,
    List,
    Calls,
    Globals,
    Counters,
    Units,
    Compile(Tier),
    Fail(Option<Place>),
    FailOff,
    Set(String, String),
    Strategy(Strategy),
    Help(Option<String>),
    Quit,
}

/// Where to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Line(u32),
    Pc(u32),
    Function(String),
}

/// A row of the table: its name, a short form, what stands behind it, what it does.
struct Row {
    name: &'static str,
    short: &'static str,
    operand: &'static str,
    about: &'static str,
}

const fn row(name: &'static str, short: &'static str, operand: &'static str, about: &'static str) -> Row {
    Row { name, short, operand, about }
}

/// All commands, in the order in which `help` lists them, by what they are for.
const TABLE: [(&str, &[Row]); 3] = [
    (
        "Going on",
        &[
            row(
                "step",
                "s",
                "[N]",
                "execute one instruction (or N); where compiled code stands, run it to where control leaves it",
            ),
            row(
                "interpret",
                "i",
                "[N]",
                "execute one instruction (or N) in the interpreter, whatever compiled code there is",
            ),
            row("next", "n", "[N]", "the same as step, but over calls"),
            row("line", "l", "[N]", "on to another line of the source, over calls"),
            row("finish", "f", "", "on until the current function has returned"),
            row(
                "to",
                "t",
                "WHERE",
                "on to a line (to 14), an instruction of this function (to pc 6) or a function (to fib), in the interpreter: compiled code would pass it unseen",
            ),
            row(
                "event",
                "e",
                "[NAME]",
                "on until the engine decides or does something; with a name, until that: hot, deopt, ...",
            ),
            row("continue", "c", "", "on to the end of the program"),
            row("quit", "q", "", "stop the program"),
        ],
    ),
    (
        "Looking",
        &[
            row("where", "w", "", "show again where the program stands"),
            row("list", "ls", "", "the instructions around, with lines"),
            row("calls", "bt", "", "the calls that are active"),
            row("globals", "g", "", "the global variables"),
            row("counters", "k", "", "what is counted here, and how far it is"),
            row("units", "u", "", "the optimized code that is installed"),
            row("help", "h", "[COMMAND]", "this list"),
        ],
    ),
    (
        "Taking a hand in it",
        &[
            row(
                "compile",
                "",
                "[TIER]",
                "compile now, whatever the counters say: the function for the tier baseline, or the loop around (else the function) for the tier optimizing, when control comes there next",
            ),
            row(
                "fail",
                "",
                "[WHERE]",
                "let the guard at this instruction fail in optimized code, in every round; `fail off` ends that",
            ),
            row(
                "set",
                "",
                "NAME VALUE",
                "give a variable another value, perhaps of another type; the program goes on with it",
            ),
            row("strategy", "", "NAME", "choose code in another way from now on: region, method, trace"),
        ],
    ),
];

fn find(word: &str) -> Option<&'static Row> {
    TABLE
        .iter()
        .flat_map(|(_, rows)| *rows)
        .find(|row| row.name == word || (!row.short.is_empty() && row.short == word))
}

/// The rows of the table for `help`: what to write, and what it does; all of them under their headings, or one.
pub(super) fn help(name: Option<&str>) -> Vec<(Option<&'static str>, String, &'static str)> {
    let mut out = Vec::new();
    for (heading, rows) in TABLE {
        let mut heading = Some(heading);
        for row in rows {
            if name.is_some_and(|name| find(name).is_none_or(|found| found.name != row.name)) {
                continue;
            }
            let short = if row.short.is_empty() { String::new() } else { format!(" ({})", row.short) };
            let operand = if row.operand.is_empty() { String::new() } else { format!(" {}", row.operand) };
            out.push((
                heading.take().filter(|_| name.is_none()),
                format!("{}{operand}{short}", row.name),
                row.about,
            ));
        }
    }
    out
}

/// A line as a command.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or("");
    let rest: Vec<&str> = words.collect();
    let Some(row) = find(first) else {
        return Err(format!("there is no command `{first}`; `help` lists them"));
    };
    let wrong = || format!("`{}` is written: {} {}", row.name, row.name, row.operand);
    let count = || match rest[..] {
        [] => Ok(1),
        [n] => n.parse::<u64>().ok().filter(|&n| n > 0).ok_or_else(wrong),
        _ => Err(wrong()),
    };
    let none = |command| if rest.is_empty() { Ok(command) } else { Err(wrong()) };
    let one = || if let [word] = rest[..] { Ok(word) } else { Err(wrong()) };
    match row.name {
        "step" => count().map(Command::Step),
        "interpret" => count().map(Command::Interpret),
        "next" => count().map(Command::Next),
        "line" => count().map(Command::Line),
        "finish" => none(Command::Finish),
        "to" => place(&rest).map(Command::To).ok_or_else(wrong),
        "event" => match rest[..] {
            [] => Ok(Command::Event(None)),
            [name] => Ok(Command::Event(Some(name.to_owned()))),
            _ => Err(wrong()),
        },
        "continue" => none(Command::Continue),
        "quit" => none(Command::Quit),
        "where" => none(Command::Where),
        "list" => none(Command::List),
        "calls" => none(Command::Calls),
        "globals" => none(Command::Globals),
        "counters" => none(Command::Counters),
        "units" => none(Command::Units),
        "compile" if rest.is_empty() => Ok(Command::Compile(Tier::Optimizing)),
        "compile" => match args::tier(one()?)? {
            Tier::Interpreter => Err("the tiers to compile for are baseline and optimizing".to_owned()),
            tier => Ok(Command::Compile(tier)),
        },
        "fail" if rest.is_empty() => Ok(Command::Fail(None)),
        "fail" if rest == ["off"] => Ok(Command::FailOff),
        "fail" => match place(&rest) {
            Some(Place::Function(_)) | None => {
                Err("`fail` is written: fail, fail LINE, fail pc N, or fail off".to_owned())
            }
            place => Ok(Command::Fail(place)),
        },
        "set" => match line.trim().splitn(3, char::is_whitespace).collect::<Vec<_>>()[..] {
            [_, name, value] if !value.trim().is_empty() => {
                Ok(Command::Set(name.to_owned(), value.trim().to_owned()))
            }
            _ => Err(wrong()),
        },
        "strategy" => args::strategy(one()?).map(Command::Strategy),
        _ => match rest[..] {
            [] => Ok(Command::Help(None)),
            [name] if find(name).is_some() => Ok(Command::Help(Some(name.to_owned()))),
            _ => Err(wrong()),
        },
    }
}

fn place(words: &[&str]) -> Option<Place> {
    match words {
        ["pc", pc] => pc.parse().ok().map(Place::Pc),
        ["line", line] => line.parse().ok().map(Place::Line),
        [word] => Some(word.parse().map_or_else(|_| Place::Function((*word).to_owned()), Place::Line)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_by_the_table() {
        for (line, command) in [
            ("s", Command::Step(1)),
            ("  step  12 ", Command::Step(12)),
            ("to 14", Command::To(Place::Line(14))),
            ("to pc 6", Command::To(Place::Pc(6))),
            ("t fib", Command::To(Place::Function("fib".to_owned()))),
            ("event deopt", Command::Event(Some("deopt".to_owned()))),
            ("set name  two words ", Command::Set("name".to_owned(), "two words".to_owned())),
            ("fail off", Command::FailOff),
            ("compile", Command::Compile(Tier::Optimizing)),
            ("strategy trace", Command::Strategy(Strategy::Trace)),
        ] {
            assert_eq!(parse(line), Ok(command), "{line}");
        }
        for line in [
            "stepp",
            "step 0",
            "step x",
            "step 1 2",
            "to",
            "to a b",
            "set x",
            "compile interpreter",
            "fail fib",
            "continue 3",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn names_and_short_forms_are_different() {
        let mut words: Vec<&str> =
            TABLE.iter().flat_map(|(_, rows)| *rows).flat_map(|row| [row.name, row.short]).collect();
        words.retain(|word| !word.is_empty());
        words.sort_unstable();
        let all = words.len();
        words.dedup();
        assert_eq!(words.len(), all);
        for row in TABLE.iter().flat_map(|(_, rows)| *rows) {
            let line = match row.name {
                "to" => "to 1".to_owned(),
                "set" => "set a 1".to_owned(),
                "strategy" => "strategy region".to_owned(),
                name => name.to_owned(),
            };
            assert!(parse(&line).is_ok(), "{line}: a command of the table that is not understood");
        }
    }
}
