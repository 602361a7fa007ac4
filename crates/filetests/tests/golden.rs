//! The log of the demonstrations, byte for byte, twice: the sentence `warm, hot, compile, install, enter, exit` as it happens.
//!
//! `HOTSPOT_BLESS=1` rewrites the files under `tests/golden`; read the difference before you commit it.

use filetests::load;
use hotspotvm::{Engine, Event, Io, Options, Output};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

fn log(source: &str, argument: i64, options: &Options) -> (String, String) {
    let program = load("golden", source).unwrap_or_else(|error| panic!("{error}"));
    let events: Rc<RefCell<Vec<Event>>> = Rc::default();
    let mut engine = Engine::new(options.clone());
    let sink = events.clone();
    engine.on_event(move |event| sink.borrow_mut().push(event.clone()));
    engine.run(program, &[Output::Int(argument)], Io::none());
    let events = events.borrow();
    let lines = events.iter().map(|event| format!("{event}\n")).collect();
    let listings = events.iter().filter_map(|event| match event {
        Event::CompileEnd { listing: Some(listing), .. } => {
            Some(format!("{}\n{}\n{}", listing.bytecode, listing.ir, listing.machine))
        }
        _ => None,
    });
    (lines, listings.collect())
}

#[test]
fn logs_of_the_demonstrations_are_golden() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let options =
        Options { optimizing_threshold: 1_000, listings: true, deterministic: true, ..Options::default() };
    for (name, argument) in [("countdown", 10_000), ("sum", 1_000), ("type_change", 10_000), ("collatz", 300)]
    {
        let source = std::fs::read_to_string(root.join("examples").join(format!("{name}.hasm")))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (found, listings) = log(&source, argument, &options);
        assert_eq!(log(&source, argument, &options), (found.clone(), listings), "{name}: two runs differ");
        let path = root.join("tests/golden").join(format!("{name}.log"));
        if std::env::var_os("HOTSPOT_BLESS").is_some() {
            std::fs::write(&path, &found).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        // Code sizes, which the log tells, are those of x86-64.
        if cfg!(target_arch = "x86_64") {
            let golden = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(found, golden, "{name}: see tests/golden");
        }
    }
}

#[test]
fn the_sentence_is_told_in_order() {
    let source = "LOAD_LOCAL 0\nDUP\nJUMP_IF_ZERO 7\nPUSH 1\nSUB\nSTORE_LOCAL 0\nJUMP 0\n";
    let told = |options: &Options| {
        let (text, _) = log(source, 10_000, options);
        let names = text.lines().filter_map(|line| line.split_whitespace().next());
        (names.map(str::to_string).collect::<Vec<_>>(), text)
    };
    let sentence = ["start", "warm", "hot", "compile_start", "compile_end", "install", "enter", "exit"];
    let deterministic = Options { optimizing_threshold: 1_000, deterministic: true, ..Options::default() };
    let mut without_baseline = deterministic.clone();
    without_baseline.stress.skip_baseline = true;
    let (names, text) = told(&without_baseline);
    assert_eq!(names, sentence);
    assert!(text.contains("after 9990 rounds"), "{text}");
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        let (names, text) = told(&deterministic);
        let next_rung = ["hot", "compile_start", "compile_end", "install", "enter", "exit"];
        assert_eq!(names, [&sentence[..6], &next_rung].concat());
        assert!(text.contains("after 8990 rounds"), "{text}");
    }
}
