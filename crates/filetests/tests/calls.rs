//! Calls: the same limits at the same depth in every tier, on little stack of the host; changing types settle; runs are
//! told the same way twice.

use filetests::{climbing, configurations, disagreements_among, generate, interpreted, load, observe};
use hotspotvm::{Engine, Event, Io, LimitKind, Options, StopKind, Stress};
use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

/// What the crate's documentation says is enough; `HOTSPOT_STACK` sets another number of bytes.
const HOST_STACK: usize = 512 << 10;

/// Runs a test on that much stack. An overflow ends the process.
fn on_little_stack(test: fn()) {
    let stack = std::env::var("HOTSPOT_STACK").ok().and_then(|bytes| bytes.parse().ok());
    let thread = std::thread::Builder::new().stack_size(stack.unwrap_or(HOST_STACK)).spawn(test);
    let done = thread.map(|thread| thread.join());
    assert!(matches!(done, Ok(Ok(()))), "see above");
}

const DOWN: &str = "
func down(n)
    load_local n
    push 1
    add
    call down
    push 1
    add
    ret
func main()
    local i
    push 60
    store_local i
warm:
    load_local i
    push 9
    mod
    call short
    pop
    load_local i
    push 1
    sub
    store_local i
    load_local i
    jump_if_not_zero warm
    push 5
    push 0
    call down
    add
    ret
func short(n)
    load_local n
    jump_if_zero end
    load_local n
    push 1
    sub
    call short
    ret
end:
    push 0.5
    ret
";

const MUTUAL: &str = "
func even(n, x)
    load_local x
    load_local n
    push 1
    add
    load_local x
    push 0.25
    add
    call odd
    add
    ret
func odd(n, x)
    load_local n
    push 3
    load_local n
    push 1
    add
    load_local x
    call even
    mul
    add
    ret
func main()
    push 0
    push 0.0
    call even
    ret
";

/// A function with as many values waiting for its recursive call, and three rounds in which it returns.
fn fat(values: usize) -> String {
    let mut text = String::from("func fat(n, d");
    for i in 0..values {
        let _ = write!(text, ", p{i}");
    }
    text.push_str(
        ")\n load_local n\n jump_if_zero end\n load_local n\n push 1\n sub\n load_local d\n push 1\n add\n",
    );
    for i in 0..values {
        let _ = writeln!(text, " load_local p{i}\n load_local n\n add");
    }
    text.push_str(" call fat\n");
    for i in 0..values {
        let _ = writeln!(text, " load_local p{i}\n add");
    }
    text.push_str(" ret\nend:\n push 0\n ret\nfunc main()\n local i\n push 0\n store_local i\nagain:\n");
    text.push_str(" load_local i\n push 20\n sub\n push 0\n load_local i\n push 20\n lt\n jump_if_zero last\n pop\n pop\n");
    text.push_str(" push 7\n push 0\nlast:\n");
    for i in 0..values {
        let _ = writeln!(text, " push {i}");
    }
    text.push_str(
        " call fat\n pop\n load_local i\n push 1\n add\n store_local i\n load_local i\n push 22\n lt\n",
    );
    text.push_str(" jump_if_not_zero again\n push -1\n push 0\n");
    for i in 0..values {
        let _ = writeln!(text, " push {i}");
    }
    text.push_str(" call fat\n ret\n");
    text
}

/// Functions that call each other in a circle, more of them than are inlined within each other: often twelve calls
/// deep, then for ever.
fn circle(functions: usize) -> String {
    let mut text = String::new();
    for i in 0..functions {
        let next = (i + 1) % functions;
        let _ =
            write!(text, "func c{i}(n)\n load_local n\n jump_if_zero end\n load_local n\n push 1\n sub\n");
        let _ = write!(text, " call c{next}\n push {i}\n add\n ret\nend:\n push 0\n ret\n");
    }
    text.push_str("func main()\n local i\n push 40\n store_local i\nagain:\n push 12\n");
    text.push_str(" call c0\n pop\n load_local i\n push 1\n sub\n store_local i\n load_local i\n");
    text.push_str(" jump_if_not_zero again\n push -1\n call c0\n ret\n");
    text
}

/// The program stops at this limit, with so many active calls if that is known, whoever runs it.
fn stops(source: &str, options: &Options, kind: LimitKind, calls: Option<usize>) {
    let program = load("recursion", source).unwrap_or_else(|error| panic!("{error}"));
    let mut ways = configurations(options, 3);
    // Collecting always, with thousands of frames to look through, takes minutes and finds no more.
    ways.retain(|way| !way.options.stress.collect || calls.is_some_and(|calls| calls < 100));
    let (observed, reports) = disagreements_among(&ways, &program, &[], options);
    assert!(reports.is_empty(), "{}", reports.iter().map(|r| &r[..r.len().min(2_000)]).collect::<String>());
    let stop = observed.result.expect_err("it recurses for ever");
    assert_eq!(stop.kind, StopKind::Limit(kind));
    let active = stop.trace.len() + stop.left_out;
    assert!(calls.is_none_or(|calls| active == calls), "{active} calls");
}

fn stops_at_depth(depth: u32) {
    let mut options = Options::default();
    options.limits.depth = depth;
    for source in [DOWN.to_string(), MUTUAL.to_string(), fat(12)] {
        stops(&source, &options, LimitKind::Depth, Some(depth as usize));
    }
}

#[test]
fn the_usual_depth_limit_is_the_same_everywhere() {
    on_little_stack(|| stops_at_depth(Options::default().limits.depth));
}

#[test]
fn small_depth_limits_are_the_same_everywhere() {
    on_little_stack(|| [1, 2, 3, 57, 511, 512, 513, 514, 515].into_iter().for_each(stops_at_depth));
}

#[test]
fn depth_limits_are_exact_within_inlined_calls() {
    on_little_stack(|| {
        for depth in [6, 13].into_iter().chain(14..24) {
            let mut options = Options::default();
            options.limits.depth = depth;
            stops(&circle(12), &options, LimitKind::Depth, Some(depth as usize));
        }
    });
}

#[test]
fn stack_limits_are_the_same_everywhere() {
    on_little_stack(|| {
        for values in [40, 57, 1_000, 3_071, 20_001] {
            let mut options = Options::default();
            options.limits.stack_values = values;
            options.limits.depth = u32::MAX;
            for source in [DOWN.to_string(), MUTUAL.to_string()] {
                stops(&source, &options, LimitKind::Stack, None);
            }
        }
    });
}

/// Methods with frames of all sizes, up to those that are refused because they are too large.
#[test]
fn no_native_frame_is_too_large() {
    on_little_stack(|| {
        let mut compiled = 0;
        for values in (1..70).step_by(4) {
            let program = load("fat", &fat(values)).unwrap_or_else(|error| panic!("{error}"));
            let expected = observe(&program, &[], &interpreted(&Options::default()).options).0;
            for skip_baseline in [false, true] {
                let stress = Stress { skip_baseline, ..Stress::default() };
                let options = Options { stress, ..climbing(2) };
                let (found, stats) = observe(&program, &[], &options);
                assert!(found == expected, "{values} values");
                compiled += u32::from(stats.jit_entries > 0);
            }
        }
        assert!(compiled >= 8, "compiled code was entered in {compiled} runs of 36");
    });
}

fn events(source: &str, options: &Options) -> Vec<Event> {
    let program = load("events", source).unwrap_or_else(|error| panic!("{error}"));
    let events: Rc<RefCell<Vec<Event>>> = Rc::default();
    let mut engine = Engine::new(options.clone());
    let sink = events.clone();
    engine.on_event(move |event| sink.borrow_mut().push(event.clone()));
    engine.run(program, &[], Io::none());
    events.take()
}

/// Calls in a loop, of a function that calls another, each time with an argument of the next type; `change` leaves the
/// argument's number on the stack.
fn flips(change: &str, rounds: u32) -> String {
    format!(
        "func outer(x)\n load_local x\n push 1\n call twice\n load_local x\n call twice\n swap\n pop\n ret\n\
         func twice(x)\n load_local x\n load_local x\n add\n ret\n\
         func pick(k)\n load_local k\n push 5\n mod\n store_local k\n\
         load_local k\n jump_if_not_zero a\n push 7\n ret\n\
         a: load_local k\n push 1\n eq\n jump_if_zero b\n push 0.5\n ret\n\
         b: load_local k\n push 2\n eq\n jump_if_zero c\n push \"s\"\n ret\n\
         c: load_local k\n push 3\n eq\n jump_if_zero d\n push true\n ret\n\
         d: push 36893488147419103232\n ret\n\
         func main()\n local i\n push 0\n store_local i\n\
         again: {change}\n call pick\n call outer\n pop\n\
         load_local i\n push 1\n add\n store_local i\n load_local i\n push {rounds}\n lt\n jump_if_not_zero again\n push none\n ret\n"
    )
}

/// Types of arguments and results that change for ever, at every pace.
#[test]
fn types_that_change_for_ever_settle() {
    let paces = [
        "load_local i".to_string(),
        "load_local i\n push 7\n floordiv".to_string(),
        "load_local i\n push 100\n floordiv".to_string(),
        "load_local i\n push 3000\n floordiv".to_string(),
    ];
    for (pace, skip_baseline) in paces.iter().flat_map(|pace| [(pace, false), (pace, true)]) {
        let mut options = Options { hotspot_threshold: 10, ..climbing(50) };
        options.stress.skip_baseline = skip_baseline;
        let compilations = |rounds| {
            let log = events(&flips(pace, rounds), &options);
            let compiled = log.iter().filter(|e| matches!(e, Event::CompileStart { .. })).count();
            (compiled, log)
        };
        let (compiled, _) = compilations(60_000);
        let (longer, log) = compilations(120_000);
        // Four functions and a loop, each in two tiers, each replaced at most four times.
        assert!(compiled <= 50, "{compiled} compilations at `{pace}`");
        assert_eq!(compiled, longer, "it goes on compiling at `{pace}`");
        // What was taken out was compiled anew, or the log says why not.
        let mut out = std::collections::BTreeMap::new();
        for event in &log {
            match event {
                Event::Invalidate { at, .. } => out.insert((at.function.clone(), at.pc), true),
                Event::CompileStart { at, .. } | Event::Refuse { at, .. } | Event::LeaveAlone { at, .. } => {
                    out.insert((at.function.clone(), at.pc), false)
                }
                _ => None,
            };
        }
        let silent: Vec<_> = out.iter().filter(|(_, out)| **out).collect();
        assert!(silent.is_empty(), "taken out and not heard of again at `{pace}`: {silent:?}");
    }
}

/// IR and machine code of a function inlined say that they are its.
#[test]
fn listings_name_the_function_that_is_inlined() {
    let source = "
func main()
    local i
    push 30_000
    store_local i
again:
    load_local i
    push 1
    sub
    call twice
    store_local i
    load_local i
    jump_if_not_zero again
    halt
end
func twice(x)
    load_local x
    push 7
    mul
    push 7
    floordiv
    ret
end";
    let options = Options { listings: true, ..climbing(50) };
    let listings = events(source, &options).into_iter().filter_map(|event| match event {
        Event::CompileEnd { listing, .. } => listing.filter(|listing| !listing.ir_built.is_empty()),
        _ => None,
    });
    let listings: Vec<_> = listings.collect();
    assert!(!listings.is_empty());
    for listing in listings {
        // `mul` and `floordiv` are pc 2 and 4 of the second function, and `sub` is pc 4 of the first.
        let line = |text: &str, part: &str| {
            let found = text.lines().find(|line| line.contains(part)).map(str::to_owned);
            found.unwrap_or_else(|| panic!("no {part}: {text}"))
        };
        assert!(line(&listing.ir_built, " = int_sub ").ends_with("; pc 4"), "{}", listing.ir_built);
        assert!(line(&listing.ir_built, " = int_mul ").ends_with("; f1:pc 2"), "{}", listing.ir_built);
        assert!(line(&listing.ir_built, " = int_floordiv ").ends_with("; f1:pc 4"), "{}", listing.ir_built);
        if cfg!(target_arch = "x86_64") {
            assert!(line(&listing.machine, "imul ").contains("  f1:pc 2 "), "{}", listing.machine);
        }
    }
}

#[test]
fn two_runs_with_calls_tell_the_same() {
    let mut told = 0;
    for seed in (1_000..1_060).step_by(2) {
        let source = generate::program(seed);
        for stress in
            [Stress::default(), Stress { skip_baseline: true, exits: Some(seed), ..Stress::default() }]
        {
            let options = Options {
                hotspot_threshold: 2,
                optimizing_threshold: 3,
                stress,
                listings: true,
                ..generate::options(seed)
            };
            let text = |events: Vec<Event>| events.iter().map(|e| format!("{e:?}\n")).collect::<String>();
            let (first, second) = (text(events(&source, &options)), text(events(&source, &options)));
            assert!(first == second, "seed {seed}");
            told += first.matches("kind: Method,").count();
        }
    }
    assert!(told > 20, "{told} methods");
}
