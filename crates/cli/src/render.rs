//! Diagnostics as people and tools read them: with the source line and a mark under what is meant, or as JSON.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`: what is shown here was refused before
//! anything ran. Invariant: only the line that is meant goes to the renderer, so a large source costs no more than a small one.

use crate::load::Source;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use hotspotvm::bytecode::diagnostic::{Diagnostic, Severity};
use serde_json::{Value, json};
use std::ops::Range;

/// The longest line of a source that is shown, in bytes.
const MAX_LINE: usize = 4096;

/// The width that long source lines are cut to, in characters.
const TERM_WIDTH: usize = 100;

/// The diagnostics of one file, an empty line after each. In colour: show it with
/// [`say_in_colour`](crate::report::say_in_colour).
pub(crate) fn all(diagnostics: &[Diagnostic], source: &Source) -> String {
    let starts =
        if diagnostics.is_empty() { Vec::new() } else { source.text().map(line_starts).unwrap_or_default() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&one(diagnostic, source, &starts));
        out.push_str("\n\n");
    }
    out
}

/// Where each line starts.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn one(diagnostic: &Diagnostic, source: &Source, starts: &[usize]) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let place = &diagnostic.place;
    let line = place.line as usize;
    let shown = source.text().and_then(|text| shown_line(text, starts, line, place.span.as_ref()));
    let mut title = level.primary_title(message(diagnostic));
    if let Some(code) = diagnostic.code {
        title = title.id(code);
    }
    let mut group = match shown {
        Some((text, span)) => title.element(
            Snippet::source(text)
                .path(source.name.as_str())
                .line_start(line)
                .annotation(AnnotationKind::Primary.span(span)),
        ),
        None => {
            let mut origin = Origin::path(source.name.as_str());
            if line > 0 && source.text().is_some() {
                origin = origin.line(line);
                if place.column > 0 {
                    origin = origin.char_column(place.column as usize);
                }
            }
            title.element(origin)
        }
    };
    if let Some(function) = &place.function {
        let mut note = format!("in function `{function}`");
        if let Some(pc) = place.pc {
            note.push_str(&format!(", pc {pc}"));
        }
        if line > 0 && source.is_container() {
            note.push_str(&format!(", which was line {line} of `{}`", place.source_name));
        }
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    Renderer::styled().term_width(TERM_WIDTH).render(&[group])
}

/// The message without the error's class where the code names it already.
fn message(diagnostic: &Diagnostic) -> &str {
    let told = diagnostic.code.and_then(|code| diagnostic.message.strip_prefix(code)?.strip_prefix(": "));
    told.unwrap_or(&diagnostic.message)
}

/// The text of a line, and what in it is meant: the span if there is one, else the instruction.
fn shown_line<'a>(
    text: &'a str,
    starts: &[usize],
    line: usize,
    span: Option<&Range<usize>>,
) -> Option<(&'a str, Range<usize>)> {
    let start = *starts.get(line.checked_sub(1)?)?;
    let content = text.get(start..)?.lines().next().unwrap_or("");
    if content.len() > MAX_LINE {
        return None;
    }
    let meant = match span {
        Some(span) => {
            let from = span.start.saturating_sub(start).min(content.len());
            from..span.end.saturating_sub(start).clamp(from, content.len())
        }
        None => instruction(content),
    };
    (content.is_char_boundary(meant.start) && content.is_char_boundary(meant.end)).then_some((content, meant))
}

/// Where in a line the code is: without the space around it, and without its comment.
fn instruction(line: &str) -> Range<usize> {
    let mut in_string = false;
    let mut is_escaped = false;
    let mut end = line.len();
    for (at, c) in line.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if in_string => is_escaped = true,
            '"' => in_string = !in_string,
            ';' | '#' if !in_string => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let code = &line[..end];
    let start = code.len() - code.trim_start().len();
    start..code.trim_end().len().max(start)
}

/// A diagnostic as a JSON object. What is not known is null; `span` is a range of bytes.
pub(crate) fn as_json(diagnostic: &Diagnostic, source: &Source) -> Value {
    let place = &diagnostic.place;
    let known = |number: u32| (number != 0).then_some(number);
    json!({
        "severity": diagnostic.severity.to_string(),
        "code": diagnostic.code,
        "message": message(diagnostic),
        "hint": diagnostic.hint,
        "file": source.name,
        "line": known(place.line),
        "column": known(place.column),
        "span": place.span.as_ref().map(|span| [span.start, span.end]),
        "function": place.function,
        "pc": place.pc,
    })
}

/// A file that cannot be read, as a JSON object like [`as_json`]'s.
pub(crate) fn unreadable_as_json(file: &str, message: &str) -> Value {
    json!({
        "severity": "error", "code": null, "message": message, "hint": null, "file": file, "line": null, "column": null,
        "span": null, "function": null, "pc": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_is_found_in_its_line() {
        let meant = |line: &'static str| &line[instruction(line)];
        assert_eq!(meant("  add  ; sum"), "add");
        assert_eq!(meant("push \"a;b\\\"#\" # text"), "push \"a;b\\\"#\"");
        assert_eq!(meant("   "), "");
        assert_eq!(meant("; only"), "");
    }

    #[test]
    fn spans_outside_the_line_are_cut() {
        let text = "one\ntwö\n";
        let starts = line_starts(text);
        assert_eq!(shown_line(text, &starts, 2, Some(&(4..100))), Some(("twö", 0..4)));
        assert_eq!(shown_line(text, &starts, 2, Some(&(7..8))), None, "inside a character");
        assert_eq!(shown_line(text, &starts, 3, None), Some(("", 0..0)));
        assert_eq!(shown_line(text, &starts, 4, None), None);
        assert_eq!(shown_line(text, &starts, 0, None), None);
    }
}
