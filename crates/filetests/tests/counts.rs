//! How often each instruction was executed is known exactly, whoever executed it: as many times as the plain interpreter says.

use filetests::{configurations, disagreements_among, generate, interpreted, load, observe, sample};
use hotspotvm::bytecode::Verified;
use hotspotvm::{Engine, Options, Output, runtime};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// Programs that are generated; `HOTSPOT_PROGRAMS` sets another number.
const PROGRAMS: u64 = 60;
/// In how many ways each is run; `HOTSPOT_SAMPLE` sets another number.
const WAYS: usize = 7;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Runs a program in some ways; all must count the same. Gives how many instructions the interpreter counted.
fn check(what: &str, program: &Arc<Verified>, arguments: &[Output], options: &Options, seed: u64) -> u64 {
    let options = Options { counting: true, ..options.clone() };
    let count = from_environment("HOTSPOT_SAMPLE", WAYS as u64) as usize;
    let ways = sample(configurations(&options, seed), seed, count);
    let (observed, reports) = disagreements_among(&ways, program, arguments, &options);
    assert!(reports.is_empty(), "{what}:\n{}", reports.join("\n"));
    let counted: u64 = observed.executed.iter().flatten().flatten().sum();
    assert_eq!(counted, observed.instructions, "{what}: counts do not add up to what the statistics say");
    counted
}

#[test]
fn generated_programs_are_counted_exactly() {
    let mut counted = 0;
    for seed in 3_000..3_000 + from_environment("HOTSPOT_PROGRAMS", PROGRAMS) {
        let source = generate::program(seed);
        let program =
            load("generated", &source).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{source}"));
        let what = format!("seed {seed}, of\n{source}");
        counted += check(&what, &program, &[], &generate::options(seed), seed);
    }
    assert!(counted > 100_000, "{counted} instructions are not much");
}

#[test]
fn files_are_counted_exactly() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/filetests");
    let files = std::fs::read_dir(folder).expect("the folder is part of the project");
    let mut files: Vec<_> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "hasm"));
    files.sort();
    assert!(files.len() >= 15, "only {} files found", files.len());
    for (seed, path) in (0..).zip(files) {
        let source = std::fs::read_to_string(&path).expect("a file that was just listed");
        let program = load("file", &source).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let arguments = source.lines().find_map(|line| line.strip_prefix("; args:")).unwrap_or_default();
        let arguments: Vec<Output> = arguments.split_whitespace().map(runtime::num::parse_argument).collect();
        let what = path.display().to_string();
        check(&what, &program, &arguments, &Options { deterministic: true, ..Options::default() }, seed);
    }
}

/// At each event the counts say how far the program is: all together they are what was charged.
#[test]
fn counts_at_events_add_up_to_what_was_charged() {
    let (moments, in_between) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    for seed in 4_000..4_025 {
        let source = generate::program(seed);
        let program = load("generated", &source).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let count = from_environment("HOTSPOT_SAMPLE", WAYS as u64) as usize;
        for way in sample(configurations(&generate::options(seed), seed), seed, count) {
            let mut engine = Engine::new(Options { counting: true, ..way.options });
            let (name, moments, in_between) = (way.name, Rc::clone(&moments), Rc::clone(&in_between));
            engine.on_moment(move |entry, moment| {
                let counted: u64 =
                    moment.counts().iter().flat_map(|counts| &counts.rows).map(|row| row.executed).sum();
                assert_eq!(counted, entry.charged, "seed {seed}, {name}: {:?}", entry.event);
                moments.set(moments.get() + 1);
                in_between.set(in_between.get() + u64::from(counted > 0));
            });
            let io = runtime::Io::new(Box::new(std::io::sink()), Box::new(std::io::empty()), false);
            engine.run(Arc::clone(&program), &[], io);
        }
    }
    assert!(in_between.get() > 1_000, "{} moments of {} are not much", in_between.get(), moments.get());
}

/// What the counts are, by hand: a loop of ten rounds, a function called in each, an error in the middle of the last one.
#[test]
fn counts_are_what_the_program_does() {
    let source = "
func main()
    local i
    push 10
    store_local i
again:
    load_local i
    push 1
    sub
    store_local i
    load_local i
    call half
    pop
    jump again
end
func half(x)
    push 6
    load_local x
    floordiv
    ret
end";
    let program = load("by hand", source).unwrap_or_else(|error| panic!("{error}"));
    let options = Options { counting: true, ..filetests::climbing(2) };
    for options in [options.clone(), interpreted(&options).options] {
        let (observed, stats) = observe(&program, &[], &options);
        assert_eq!(observed.result.map_err(|stop| stop.headline().contains("ZeroDivisionError")), Err(true));
        // The tenth call divides by 0: neither the rest of its run nor that of its caller's is executed.
        let main = vec![1, 1, 10, 10, 10, 10, 10, 10, 9, 9];
        assert_eq!(observed.executed, Some(vec![main, vec![10, 10, 10, 9]]));
        assert_eq!(stats.jit_instructions > 0, options.max_tier != hotspotvm::Tier::Interpreter);
    }
    // Nobody counts unless asked to.
    assert_eq!(observe(&program, &[], &filetests::climbing(2)).0.executed, None);
}
