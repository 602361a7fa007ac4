//! The log in the formats of other people's viewers, written while the program runs.
//!
//! Each is a list of JSON objects in a frame; an object goes out as soon as its event is there, so memory does not grow
//! with the run.

mod chrome;
mod iongraph;

use hotspotvm::LogEntry;
use serde_json::Value;
use std::io::{Result, Write};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// What Perfetto and Chrome's tracing page open: what ran when, on a time line.
    Chrome,
    /// What iongraph opens: the IR after each pass, as graphs.
    Iongraph,
}

impl Format {
    /// What comes before the objects, and after them.
    fn frame(self) -> (&'static str, &'static str) {
        match self {
            Format::Chrome => ("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", "\n]}\n"),
            Format::Iongraph => ("{\"version\":1,\"functions\":[\n", "\n]}\n"),
        }
    }
}

/// A log being written in one of the formats.
pub(crate) struct Export<W> {
    format: Format,
    writer: W,
    written: u64,
    names: iongraph::Names,
    rows: chrome::Rows,
}

impl<W: Write> Export<W> {
    /// Begins to write.
    ///
    /// # Errors
    /// If writing fails.
    pub(crate) fn new(format: Format, mut writer: W) -> Result<Export<W>> {
        writer.write_all(format.frame().0.as_bytes())?;
        let mut export = Export {
            format,
            writer,
            written: 0,
            names: iongraph::Names::default(),
            rows: chrome::Rows::default(),
        };
        if format == Format::Chrome {
            for object in chrome::head() {
                export.object(&object)?;
            }
        }
        Ok(export)
    }

    /// Writes what there is to say of an event.
    ///
    /// # Errors
    /// If writing fails.
    pub(crate) fn entry(&mut self, entry: &LogEntry) -> Result<()> {
        match self.format {
            Format::Chrome => {
                let objects = self.rows.objects(entry);
                objects.iter().try_for_each(|object| self.object(object))
            }
            Format::Iongraph => match self.names.function(&entry.event) {
                Some(object) => self.object(&object),
                None => Ok(()),
            },
        }
    }

    /// Writes the end.
    ///
    /// # Errors
    /// If writing fails.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.writer.write_all(self.format.frame().1.as_bytes())?;
        self.writer.flush()
    }

    fn object(&mut self, object: &Value) -> Result<()> {
        if self.written > 0 {
            self.writer.write_all(b",\n")?;
        }
        self.written += 1;
        serde_json::to_writer(&mut self.writer, object).map_err(std::io::Error::from)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hotspotvm::event::Listing;
    use hotspotvm::{Event, ExitReason, Spot, Tier, UnitKind};

    fn exported(format: Format, events: Vec<Event>) -> Value {
        let mut bytes = Vec::new();
        let mut export = Export::new(format, &mut bytes).unwrap();
        for (i, event) in events.into_iter().enumerate() {
            let i = i as u64;
            export.entry(&LogEntry { charged: i, nanos: Some(i * 1500), event }).unwrap();
        }
        export.finish().unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn events() -> Vec<Event> {
        let at = Spot { function: "main".into(), pc: 6, line: Some(3) };
        let text = "function main@6 (bytecode function 0, entry pc 6)\nb0(v0: int = local 0): ; pc 6\n    jump b1(v0)\n\
                    b1(v1: int): ; pc 6\n    v2: int = int_add v1, v0 exit @0 ; pc 7\n    branch v3, b1(v2), b2\n\
                    b2: ; pc 9\n    exit region_end @0\n@0 = f0:pc7 execute locals[] stack[]\n";
        let listing = Listing {
            ir_built: text.into(),
            ir_after: vec![("fold".into(), text.into())],
            ir: text.into(),
            ..Listing::default()
        };
        vec![
            Event::CompileStart {
                unit: 2,
                at: at.clone(),
                tier: Tier::Optimizing,
                kind: UnitKind::Region,
                instructions: 9,
                assumes: Vec::new(),
            },
            Event::CompileEnd {
                unit: 2,
                ir_before: 1,
                ir_after: 1,
                code_bytes: 64,
                exits: 1,
                passes: Vec::new(),
                ways_out: Vec::new(),
                nanos: None,
                listing: Some(Box::new(listing)),
            },
            Event::Enter { unit: 2, at: at.clone() },
            Event::Exit { unit: 2, at, reason: ExitReason::RegionEnd, rounds: 7 },
        ]
    }

    #[test]
    fn time_lines_have_whole_bars() {
        let trace = exported(Format::Chrome, events());
        let all = trace["traceEvents"].as_array().unwrap();
        let phases: Vec<&str> = all.iter().map(|e| e["ph"].as_str().unwrap()).collect();
        assert_eq!(phases, ["M", "M", "M", "b", "e", "X"]);
        assert_eq!((all[5]["ts"].as_f64(), all[5]["dur"].as_f64()), (Some(3.0), Some(1.5)));
        assert_eq!(all[5]["args"]["rounds"].as_u64(), Some(7));
        assert_eq!(all[3]["name"], all[4]["name"], "the halves of a bar have one name");
    }

    #[test]
    fn graphs_have_their_edges_both_ways_and_their_loops() {
        let graphs = exported(Format::Iongraph, events());
        let function = &graphs["functions"][0];
        assert_eq!(function["name"], "unit 2: main pc 6");
        let passes: Vec<&str> =
            function["passes"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(passes, ["built", "fold"]);
        let blocks = function["passes"][0]["mir"]["blocks"].as_array().unwrap();
        assert_eq!(blocks[1]["predecessors"], serde_json::json!([0, 1]));
        assert_eq!(blocks[1]["successors"], serde_json::json!([1, 2]));
        assert_eq!((&blocks[1]["loopDepth"], &blocks[2]["loopDepth"]), (&1.into(), &0.into()));
        assert_eq!(blocks[1]["attributes"], serde_json::json!(["loopheader", "backedge"]));
        let add = &blocks[1]["instructions"][1];
        assert_eq!(
            (&add["id"], &add["opcode"], &add["type"]),
            (&2.into(), &"int_add v1, v0 exit @0".into(), &"int".into())
        );
        assert_eq!(add["inputs"], serde_json::json!([1, 0]));
        assert_eq!(blocks[1]["instructions"][0]["uses"], serde_json::json!([2]));
    }
}
