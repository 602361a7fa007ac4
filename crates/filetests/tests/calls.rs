//! Calls: the same limits at the same depth in every tier, on little stack of the host; changing types settle; runs are told the same way twice.

use filetests::{configurations, disagreements_among, interpreted, load, observe};
use hotspotvm::{LimitKind, Options, StopKind, Stress};
use std::fmt::Write;

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
    text.push_str(")\n load_local n\n jump_if_zero end\n load_local n\n push 1\n sub\n load_local d\n push 1\n add\n");
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
    text.push_str(" call fat\n pop\n load_local i\n push 1\n add\n store_local i\n load_local i\n push 22\n lt\n");
    text.push_str(" jump_if_not_zero again\n push -1\n push 0\n");
    for i in 0..values {
        let _ = writeln!(text, " push {i}");
    }
    text.push_str(" call fat\n ret\n");
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
    assert!(calls.is_none_or(|calls| stop.trace.len() == calls), "{} calls", stop.trace.len());
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
                let options = Options { hotspot_threshold: 2, optimizing_threshold: 2, stress, ..Options::default() };
                let (found, stats) = observe(&program, &[], &options);
                assert!(found == expected, "{values} values");
                compiled += stats.jit_entries;
            }
        }
        assert!(compiled > 100, "{compiled} entries");
    });
}
