//! The log as a file: it reads back as the types that it was written from, its document names every field, other
//! viewers' formats are valid.

#![allow(clippy::unwrap_used)]

mod common;

use common::Dir;
use hotspotvm::LogEntry;
use serde_json::Value;
use std::collections::BTreeSet;

/// A loop whose type flips, a call in it, and a loop that cannot be compiled because its function is never hot.
const PROGRAM: &str = "\
def step(x):
    return x + 1

def run(n):
    total = 0
    for i in range(n):
        total = step(total)
        if i == n - 5:
            total = total + 0.5
    return total

for _ in range(3):
    print(run(3000))
";

fn logged(dir: &Dir) -> String {
    dir.write("p.py", PROGRAM);
    let run = ["run", "--deterministic", "--optimizing-threshold", "50", "--trace", "t.ndjson", "p.py"];
    let ran = dir.hotspot(&run);
    assert_eq!((ran.code, &*ran.out), (0, "3000.5\n3000.5\n3000.5\n"), "{}", ran.err);
    dir.read("t.ndjson")
}

#[test]
fn a_log_reads_back_as_what_it_was_written_from() {
    let log = logged(&Dir::new("read-back"));
    assert!(log.lines().count() > 10, "{log}");
    for line in log.lines() {
        let entry: LogEntry = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
    }
}

#[test]
fn the_document_names_each_event_and_field() {
    let log = logged(&Dir::new("documented"));
    let document = include_str!("../../../docs/events.md");
    let mut missing = BTreeSet::new();
    for line in log.lines() {
        let Value::Object(fields) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        let event = fields["event"].as_str().unwrap();
        let start =
            document.find(&format!("### `{event}`\n")).unwrap_or_else(|| panic!("no event `{event}`"));
        let section = document[start + 4..].split("\n### ").next().unwrap();
        for field in fields.keys().filter(|field| !matches!(field.as_str(), "event" | "charged" | "nanos")) {
            if !section.contains(&format!("| `{field}` |")) {
                missing.insert(format!("{event}.{field}"));
            }
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn other_viewers_get_their_formats() {
    let dir = Dir::new("exports");
    dir.write("p.py", PROGRAM);
    let files = ["--chrome-trace", "c.json", "--iongraph", "g.json"];
    let run = [&["run", "--optimizing-threshold", "50", "--deterministic"][..], &files, &["p.py"]].concat();
    dir.hotspot(&run).check(0, "3000.5\n3000.5\n3000.5\n", "");
    let trace: Value = serde_json::from_str(&dir.read("c.json")).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let count = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert!(count("i") > 3);
    assert_eq!(count("b"), count("e"));
    // Stays in optimized code are bars in one piece: halves are found by name in one viewer, by order in another.
    assert!(count("X") > 0 && count("B") + count("E") == 0);
    let graphs: Value = serde_json::from_str(&dir.read("g.json")).unwrap();
    let functions = graphs["functions"].as_array().unwrap();
    assert!(!functions.is_empty() && functions.iter().all(|f| f["passes"].as_array().unwrap().len() > 5));
}

#[test]
fn a_page_is_written_of_a_run_that_fails_too() {
    let dir = Dir::new("explored");
    dir.write("p.py", "for i in range(3000, -1, -1):\n    x = 1 // i\n");
    let ran = dir.hotspot(&["explore", "--deterministic", "-o", "r.html", "p.py"]);
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert!(ran.err.contains("ZeroDivisionError") && ran.err.contains("`r.html` is written"), "{}", ran.err);
    let page = dir.read("r.html");
    assert!(page.contains("ended with an error: ZeroDivisionError") && page.contains("compile_start"));
}

#[test]
fn counts_on_the_page_are_exact_in_optimized_code_too() {
    let dir = Dir::new("page-counts");
    dir.write("p.py", "t = 0\nfor i in range(30000):\n    t += i\nprint(t)\n");
    assert_eq!(dir.hotspot(&["explore", "--deterministic", "-o", "r.html", "p.py"]).code, 0);
    let page = dir.read("r.html");
    let counted = page.matches("\"executed\":30000").count();
    assert!(counted > 5, "{counted} instructions in a loop of 30,000 rounds");
}

#[test]
fn two_runs_stand_side_by_side_and_input_is_given_to_both() {
    let dir = Dir::new("beside");
    let program = "func main()\n local n\n input\n builtin1 int\n store_local n\nagain:\n load_local n\n jump_if_zero done\n \
                   load_local n\n push 1\n sub\n store_local n\n jump again\ndone:\n load_local n\n print\n halt\nend\n";
    dir.write("p.hasm", program);
    let ran =
        dir.hotspot_with(&["explore", "--beside", "strategy=trace", "-o", "r.html", "p.hasm"], "3000\n");
    assert_eq!((ran.code, &*ran.out), (0, "0\n"), "{}", ran.err);
    assert!(dir.read("r.html").contains("strategy=trace"));
    let refused = dir.hotspot(&["explore", "--beside", "colour=red", "p.hasm"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("hotspot-threshold, optimizing-threshold, max-tier and strategy"),
        "{}",
        refused.err
    );
}
