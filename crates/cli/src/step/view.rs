//! What is shown where the program stands, in lines of at most 80 characters.
//!
//! It shows where `profile -> detect -> compile -> cache -> execute -> deoptimise` is. Invariant: text of the program is
//! escaped before it gets colour.

use super::WIDTH;
use crate::explain::live::code_of;
use crate::text::{self, thousands};
use clap::builder::styling::{AnsiColor, Style};
use hotspotvm::bytecode::{FuncId, Program, disasm};
use hotspotvm::{Counter, Paused, PlaceKind, Standing, Tier, Variable};

/// The most variables that are shown without being asked for.
const VARIABLES: usize = 12;
/// Instructions shown before and behind the current one.
const AROUND: u32 = 6;
/// The most active calls that are shown.
const CALLS: usize = 12;

const LABEL: Style = Style::new().dimmed();
const PLACE: Style = Style::new().bold();
const CODE: Style = AnsiColor::Green.on_default();

/// A line under a label; long ones go on below.
fn labelled(label: &str, words: &str) -> String {
    // Styles have no width, so they are put on when the words are wrapped.
    let wrapped = text::wrapped_to(WIDTH, &format!("  {label:<10}"), &text::line(words));
    wrapped.replacen(label, &format!("{LABEL}{label}{LABEL:#}"), 1)
}

/// Words as they are.
pub(super) fn sentence(words: &str) -> String {
    text::wrapped_to(WIDTH, "", &text::line(words))
}

/// What the engine says.
pub(super) fn told(words: &str, hint: &str) -> String {
    let mark = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
    let mut out = text::wrapped_to(WIDTH, "* ", &text::line(words));
    if !hint.is_empty() {
        out.push_str(&text::wrapped_to(WIDTH, "  Hint: ", &text::line(hint)));
    }
    out.replacen('*', &format!("{mark}*{mark:#}"), 1)
}

fn value(variable: &Variable) -> String {
    let Variable { name, kind, value } = variable;
    let kind = if kind == "NoneType" { String::new() } else { format!("{kind} ") };
    if name.is_empty() { format!("{kind}{value}") } else { format!("{name} = {kind}{value}") }
}

fn values(variables: &[Variable], nothing: &str) -> String {
    if variables.is_empty() {
        return nothing.to_owned();
    }
    let mut shown: Vec<String> = variables.iter().take(VARIABLES).map(value).collect();
    if variables.len() > VARIABLES {
        shown.push(format!("and {} more", variables.len() - VARIABLES));
    }
    shown.join(", ")
}

/// The place, the instruction, and what it works on.
pub(super) fn stop(paused: &Paused<'_, '_>, source: &[String]) -> String {
    let at = paused.at();
    let line = at.line.map_or(String::new(), |line| {
        let words = source.get(line as usize - 1).map_or("", String::as_str);
        let colon = if words.is_empty() { "" } else { ": " };
        format!(", line {line}{colon}{words}")
    });
    let place = text::line(&format!("{} pc {}{line}", at.function, at.pc));
    let cut: String = place.chars().take(WIDTH).collect();
    let mut out = format!("{PLACE}{cut}{PLACE:#}\n");
    // What the opcode does, without its details.
    let doc = paused.instruction().op.info().doc;
    let doc = doc.split([':', ';']).next().unwrap_or(doc).trim_end_matches('.');
    let first = format!("{:<24} ; ", text::line(&paused.instruction_text()));
    out.push_str(&format!("  {LABEL}next{LABEL:#}      "));
    out.push_str(text::wrapped_to(WIDTH, &format!("            {first}"), doc).trim_start());
    let seen = paused.seen();
    if !seen.is_empty() {
        out.push_str(&labelled("seen", &format!("so far its operands were {}", seen.join(" and "))));
    }
    out.push_str(&labelled("operands", &values(&paused.operands(), "none")));
    out.push_str(&labelled("locals", &values(&paused.locals(), "none")));
    let counters = paused.counters();
    // The program's first function is called once.
    let shown = counters.iter().filter(|c| paused.depth() > 0 || c.kind == PlaceKind::Loop);
    for counter in shown {
        out.push_str(&self::counter(counter));
    }
    if paused.is_recording() {
        out.push_str(&labelled("recording", "which way control takes is written down, for a trace"));
    }
    if let Some(code) = paused.code() {
        let words = format!(
            "{} stands here, unit {}: `step` runs it to where control leaves it, `interpret` stays in the interpreter",
            code_of(code.tier),
            code.unit
        );
        out.push_str(&labelled("code", &words).replacen(
            code_of(code.tier),
            &format!("{CODE}{}{CODE:#}", code_of(code.tier)),
            1,
        ));
    }
    out
}

fn counter(counter: &Counter) -> String {
    let (label, what) = match counter.kind {
        PlaceKind::Loop => ("loop", "executed"),
        PlaceKind::Function => ("function", "called"),
    };
    let at = match counter.at.line {
        Some(line) if counter.kind == PlaceKind::Loop => format!("at line {line}: "),
        None if counter.kind == PlaceKind::Loop => format!("at pc {}: ", counter.at.pc),
        _ => format!("{}: ", counter.at.function),
    };
    let words = match counter.standing {
        Standing::Counting { so_far, of, next } => {
            let then = match next {
                Tier::Optimizing => "it is optimized",
                _ => "it gets baseline code",
            };
            format!("{what} {} of {} times, then {then}", thousands(so_far), thousands(of))
        }
        Standing::Compiled(unit) => format!("runs as optimized code, unit {unit}"),
        Standing::Stays(tier) => format!("stays in {}", code_of(tier)),
    };
    labelled(label, &format!("{at}{words}"))
}

/// All that is counted here.
pub(super) fn counters(paused: &Paused<'_, '_>) -> String {
    let (interpreted, compiled) = paused.executed();
    let mut out: String = paused.counters().iter().map(counter).collect();
    let words = format!(
        "{} instructions by the interpreter, {} in compiled code ({})",
        thousands(interpreted),
        thousands(compiled),
        text::counted(paused.rounds() as usize, "round")
    );
    out.push_str(&labelled("executed", &words));
    out
}

/// The instructions around the current one.
pub(super) fn list(paused: &Paused<'_, '_>, program: &Program) -> String {
    let (function, pc) = paused.position();
    let end = program.functions.get(function as usize).map_or(0, |f| f.code.len() as u32);
    let range = pc.saturating_sub(AROUND)..(pc + AROUND + 1).min(end);
    let listing = disasm::listing(program, FuncId(function), range.clone());
    let mut out = String::new();
    for (line, at) in listing.lines().zip(range) {
        let mark = if at == pc { ">" } else { " " };
        let line: String = text::line(line).chars().take(WIDTH - 2).collect();
        out.push_str(&format!("{mark} {line}\n"));
    }
    out
}

/// The active calls.
pub(super) fn calls(paused: &Paused<'_, '_>) -> String {
    let mut out = String::new();
    for (number, at) in paused.calls(CALLS).iter().enumerate() {
        let line = at.line.map_or(String::new(), |line| format!(", line {line}"));
        let words = text::line(&format!("{} pc {}{line}", at.function, at.pc));
        out.push_str(&text::wrapped_to(WIDTH, &format!("{number:>3}  "), &words));
    }
    let more = (paused.depth() + 1).saturating_sub(CALLS);
    if more > 0 {
        out.push_str(&format!("and {}\n", text::counted(more, "more call")));
    }
    out
}

/// The global variables.
pub(super) fn globals(paused: &Paused<'_, '_>) -> String {
    labelled("globals", &values(&paused.globals(), "none"))
}

/// The optimized code that is installed.
pub(super) fn units(paused: &mut Paused<'_, '_>) -> String {
    let units = paused.units();
    if units.is_empty() {
        return sentence("No optimized code is installed.");
    }
    let mut out = String::new();
    for (id, kind, at) in units {
        let line = at.line.map_or(String::new(), |line| format!(", line {line}"));
        out.push_str(&sentence(&format!("unit {id}: {} at {} pc {}{line}", kind.name(), at.function, at.pc)));
    }
    out
}

/// The table of commands.
pub(super) fn help(rows: &[(Option<&'static str>, String, &'static str)]) -> String {
    let mut out = String::new();
    for (heading, form, about) in rows {
        if let Some(heading) = heading {
            out.push_str(&format!("{PLACE}{heading}{PLACE:#}\n"));
        }
        out.push_str(&text::wrapped_to(WIDTH, &format!("  {form:<19} "), about));
    }
    out
}
