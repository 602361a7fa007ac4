//! Runs `tests/filetests/*.hasm`; see the README there.

use filetests::{disagreements, load, observe};
use hotspotvm::{Engine, Event, Io, Options, Output, Strategy, runtime};
use std::cell::RefCell;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/filetests")
}

/// The values of a `; key:` comment.
fn values<'a>(source: &'a str, key: &str) -> Vec<&'a str> {
    let prefix = format!("; {key}:");
    source.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::trim).collect()
}

fn one<'a>(source: &'a str, key: &str) -> Option<&'a str> {
    values(source, key).first().copied()
}

const BLESSED: [&str; 4] = ["output", "result", "error", "error-pc"];

/// The source with its blessed comments replaced by what was observed, after its leading comments.
fn blessed(source: &str, facts: &[(&str, String)]) -> String {
    let is_blessed = |line: &&str| BLESSED.iter().any(|key| line.starts_with(&format!("; {key}:")));
    let lines: Vec<&str> = source.lines().filter(|line| !is_blessed(line)).collect();
    let comments = lines.iter().take_while(|line| line.starts_with(';')).count();
    let mut text = String::new();
    for line in &lines[..comments] {
        let _ = writeln!(text, "{line}");
    }
    for (key, value) in facts {
        let _ = writeln!(text, "; {key}: {value}");
    }
    for line in &lines[comments..] {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn check(path: &Path, source: &str) -> Result<Option<String>, String> {
    let program = load(&path.to_string_lossy(), source)?;
    let arguments: Vec<Output> = one(source, "args")
        .map(|text| text.split_whitespace().map(runtime::num::parse_argument).collect())
        .unwrap_or_default();
    let options = Options { deterministic: true, ..Options::default() };
    let (observed, reports) = disagreements(&program, &arguments, &options, 1);
    if !reports.is_empty() {
        return Err(reports.join("\n"));
    }
    let mut facts: Vec<(&str, String)> =
        observed.output.lines().map(|line| ("output", line.to_string())).collect();
    match &observed.result {
        Ok(result) => facts.push(("result", result.clone())),
        Err(stop) => {
            facts.push(("error", stop.headline()));
            facts.push(("error-pc", stop.place().map_or(0, |place| place.pc).to_string()));
        }
    }
    for key in BLESSED {
        let found: Vec<&str> = facts.iter().filter(|(k, _)| *k == key).map(|(_, v)| v.as_str()).collect();
        if found != values(source, key) {
            if std::env::var_os("HOTSPOT_BLESS").is_some() {
                return Ok(Some(blessed(source, &facts)));
            }
            return Err(format!("{key}: expected {:?}, found {found:?}", values(source, key)));
        }
    }
    let log: Rc<RefCell<Vec<Event>>> = Rc::default();
    let mut options = options;
    options.stress.skip_baseline = one(source, "skip") == Some("baseline");
    if let Some(name) = one(source, "strategy") {
        let named = Strategy::ALL.into_iter().find(|strategy| strategy.name() == name);
        options.strategy = named.ok_or_else(|| format!("no strategy is named `{name}`"))?;
    }
    let mut engine = Engine::new(options.clone());
    let sink = log.clone();
    engine.on_event(move |event| sink.borrow_mut().push(event.clone()));
    let outcome = engine.run(program.clone(), &arguments, Io::none());
    let log = log.borrow();
    for wanted in values(source, "event") {
        if !log.iter().any(|event| event.name() == wanted) {
            return Err(format!("no event `{wanted}`"));
        }
    }
    for unwanted in values(source, "no-event") {
        if log.iter().any(|event| event.name() == unwanted) {
            return Err(format!("an event `{unwanted}`"));
        }
    }
    for words in values(source, "refuse") {
        if !log
            .iter()
            .any(|event| matches!(event, Event::Refuse { why, .. } if why.to_string().contains(words)))
        {
            return Err(format!("no refusal says `{words}`"));
        }
    }
    if let Some(most) = one(source, "max-compilations").and_then(|n| n.parse().ok())
        && outcome.stats.compilations > most
    {
        return Err(format!("{} compilations are more than {most}", outcome.stats.compilations));
    }
    let (again, _) = observe(&program, &arguments, &options);
    if again.result != observed.result {
        return Err("a second run gives another result".to_string());
    }
    Ok(None)
}

#[test]
fn all_files_hold_what_they_say() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder is part of the project")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "hasm"))
        .collect();
    files.sort();
    assert!(files.len() >= 15, "only {} files found", files.len());
    let mut failures = String::new();
    for path in files {
        let source = std::fs::read_to_string(&path).expect("a file that was just listed");
        match check(&path, &source) {
            Ok(None) => {}
            Ok(Some(text)) => std::fs::write(&path, text).expect("blessing writes into the project"),
            Err(report) => {
                let _ = writeln!(failures, "{}: {report}", path.display());
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
