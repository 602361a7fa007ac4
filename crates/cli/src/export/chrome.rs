//! The trace event format of Chrome's tracing page, which Perfetto opens too: documented as "Trace Event Format" by its makers.
//!
//! Bars on two rows: the program, with a bar for each stay in optimized code, and the compiler, with a bar for each
//! unit. Everything else that happens is a mark on the program's row. Times are in microseconds, as the format wants
//! them.

use crate::text;
use hotspotvm::{Event, LogEntry};
use serde_json::{Map, Value, json};

const PROGRAM: u32 = 1;
const COMPILER: u32 = 2;

/// Names for the rows.
pub(super) fn head() -> [Value; 3] {
    let named = |what: &str, row: u32, name: &str| json!({ "name": what, "ph": "M", "pid": 1, "tid": row, "args": { "name": name } });
    [
        named("process_name", PROGRAM, "HotspotVM"),
        named("thread_name", PROGRAM, "program"),
        named("thread_name", COMPILER, "compiler"),
    ]
}

/// What is shown of an event.
pub(super) fn object(entry: &LogEntry) -> Option<Value> {
    let micros = entry.nanos.unwrap_or(entry.charged) as f64 / 1000.0;
    let event = &entry.event;
    let words = text::line(&event.to_string());
    let words = words.strip_prefix(event.name()).unwrap_or(&words).trim_start().to_owned();
    let mut args = Map::from_iter([
        ("words".to_owned(), words.into()),
        ("instructions so far".to_owned(), entry.charged.into()),
    ]);
    let (name, phase, row) = match event {
        Event::CompileStart { unit, at, .. } => (format!("compile unit {unit}: {at}"), "b", COMPILER),
        Event::CompileEnd { unit, .. } => (format!("compile unit {unit}"), "e", COMPILER),
        Event::Enter { unit, at } => (format!("unit {unit}: {at}"), "B", PROGRAM),
        Event::Exit { unit, rounds, .. } | Event::Deopt { unit, rounds, .. } => {
            args.insert("rounds".to_owned(), (*rounds).into());
            (format!("unit {unit}"), "E", PROGRAM)
        }
        _ => (event.name().to_owned(), "i", PROGRAM),
    };
    let mut object = json!({
        "name": text::line(&name), "cat": event.name(), "ph": phase, "ts": micros, "pid": 1, "tid": row, "args": args,
    });
    match event {
        // Compilations on another thread overlap: such bars need a number to find their ends by.
        Event::CompileStart { unit, .. } | Event::CompileEnd { unit, .. } => {
            object["id"] = (*unit).into();
            object["cat"] = "compile".into();
        }
        _ if phase == "i" => object["s"] = "t".into(),
        _ => {}
    }
    Some(object)
}
