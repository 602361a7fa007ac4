//! The trace event format of Chrome's tracing page, which Perfetto opens too: documented as "Trace Event Format" by its makers.
//!
//! Bars on two rows: the program, with a bar for each stay in optimized code that has ended, and the compiler, with a bar
//! for each unit. Everything else that happens is a mark on the program's row. Times are in microseconds, as the format wants
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

/// A stay in optimized code that has begun. Its bar is written when it ends, in one piece: viewers disagree about how the halves of a
/// bar find each other.
struct Stay {
    unit: u32,
    name: String,
    micros: f64,
}

/// What is known of the log so far.
#[derive(Default)]
pub(super) struct Rows {
    stay: Option<Stay>,
}

impl Rows {
    /// What is shown of an event.
    pub(super) fn objects(&mut self, entry: &LogEntry) -> Vec<Value> {
        let micros = entry.nanos.unwrap_or(entry.charged) as f64 / 1000.0;
        let event = &entry.event;
        let words = text::line(&event.to_string());
        let words = words.strip_prefix(event.name()).unwrap_or(&words).trim_start().to_owned();
        let mut args = Map::from_iter([
            ("words".to_owned(), words.into()),
            ("instructions so far".to_owned(), entry.charged.into()),
        ]);
        let object = |name: &str, phase: &str, row: u32, args: &Map<String, Value>| {
            json!({
                "name": text::line(name), "cat": event.name(), "ph": phase, "ts": micros, "pid": 1, "tid": row, "args": args,
            })
        };
        let compiling = |unit: u32, name: &str, phase: &str, args: &Map<String, Value>| {
            // Compilations on another thread overlap: such bars need a number to find their ends by.
            let mut object = object(name, phase, COMPILER, args);
            (object["id"], object["cat"]) = (unit.into(), "compile".into());
            vec![object]
        };
        match event {
            Event::CompileStart { unit, .. } => compiling(*unit, &format!("compile unit {unit}"), "b", &args),
            Event::CompileEnd { unit, .. } => compiling(*unit, &format!("compile unit {unit}"), "e", &args),
            Event::Enter { unit, at } => {
                self.stay = Some(Stay { unit: *unit, name: format!("unit {unit}: {at}"), micros });
                Vec::new()
            }
            Event::Exit { rounds, .. } | Event::Deopt { rounds, .. } => {
                args.insert("rounds".to_owned(), (*rounds).into());
                let mut shown = Vec::new();
                if let Some(Stay { unit, name, micros: from }) = self.stay.take() {
                    let mut bar = object(&name, "X", PROGRAM, &args);
                    (bar["ts"], bar["dur"]) = (from.into(), (micros - from).into());
                    bar["args"]["unit"] = unit.into();
                    shown.push(bar);
                }
                if matches!(event, Event::Deopt { .. }) {
                    shown.push(mark(object(event.name(), "i", PROGRAM, &args)));
                }
                shown
            }
            _ => vec![mark(object(event.name(), "i", PROGRAM, &args))],
        }
    }
}

/// A mark stands on one row.
fn mark(mut object: Value) -> Value {
    object["s"] = "t".into();
    object
}
