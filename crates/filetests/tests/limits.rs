//! Limits stop a program at the same place with the same fuel used, whoever runs it; and the examples print what they should.

use filetests::{THRESHOLDS, climbing, disagreements, interpreted, load, observe};
use hotspotvm::{LimitKind, Options, Output, StopKind, Tier, runtime};
use std::path::Path;

fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

const NESTED: &str = "
func main()
    local i, j, s
    push 0
    store_local s
    push 9
    store_local i
outer:
    load_local i
    jump_if_zero done
    push 5
    store_local j
inner:
    load_local j
    jump_if_zero next
    load_local s
    load_local i
    load_local j
    mul
    add
    store_local s
    load_local j
    push 1
    sub
    store_local j
    jump inner
next:
    load_local i
    push 1
    sub
    store_local i
    jump outer
done:
    load_local s
    print
    load_local s
    ret
";

#[test]
fn every_amount_of_fuel_stops_at_the_same_place() {
    let program = load("nested", NESTED).unwrap_or_else(|error| panic!("{error}"));
    let unlimited = observe(&program, &[], &interpreted(&Options::default()).options).0;
    assert_eq!(unlimited.result, Ok("675".to_string()));
    let mut places = std::collections::BTreeSet::new();
    for fuel in (0..=unlimited.fuel).step_by(3).chain([unlimited.fuel - 1, unlimited.fuel]) {
        let mut options = Options::default();
        options.limits.fuel = Some(fuel);
        let expected = observe(&program, &[], &interpreted(&options).options).0;
        assert!(expected.fuel <= fuel);
        match &expected.result {
            Err(stop) => {
                assert_eq!(stop.kind, StopKind::Limit(LimitKind::Fuel));
                places.extend(stop.place().map(|place| place.pc));
            }
            Ok(_) => assert_eq!(fuel, unlimited.fuel),
        }
        for threshold in [1, 3] {
            let climbing = Options { limits: options.limits.clone(), ..climbing(threshold) };
            let found = observe(&program, &[], &climbing).0;
            assert_eq!(found, expected, "fuel {fuel}, threshold {threshold}");
        }
    }
    assert!(places.len() >= 5, "the programs stop at {places:?} only");
}

const COIN: &str = "
func main()
    local i, x, s, t
    push 30
    store_local i
    push 7
    store_local x
    push 0
    store_local s
    push 0
    store_local t
again:
    load_local x
    push 1103515245
    mul
    push 12345
    add
    push 0x7fffffff
    and
    dup
    store_local x
    push 0x10000
    and
    jump_if_zero other
    load_local s
    push 1
    add
    store_local s
    jump joined
other:
    load_local t
    push 3
    sub
    push 255
    and
    store_local t
joined:
    load_local i
    push 1
    sub
    dup
    store_local i
    jump_if_not_zero again
    load_local s
    load_local t
    add
    ret
";

/// A branch that goes either way often, one side of which costs more: fuel ends on either side, and at every
/// instruction of a round.
#[test]
fn every_amount_of_fuel_stops_at_the_same_side() {
    let program = load("coin", COIN).unwrap_or_else(|error| panic!("{error}"));
    let mut options = interpreted(&Options::default()).options;
    let unlimited = observe(&program, &[], &options).0;
    for fuel in 0..=unlimited.fuel {
        options.limits.fuel = Some(fuel);
        let expected = observe(&program, &[], &options).0;
        for threshold in [1, 3] {
            let climbing = Options { limits: options.limits.clone(), ..climbing(threshold) };
            let found = observe(&program, &[], &climbing).0;
            assert_eq!(found, expected, "fuel {fuel}, threshold {threshold}");
        }
    }
}

#[test]
fn a_heap_limit_inside_a_compiled_loop_is_the_same_everywhere() {
    let source = "
func main()
    local i, s
    push \"0123456789\"
    store_local s
    push 1000
    store_local i
again:
    load_local i
    jump_if_zero done
    load_local s
    push \"0123456789\"
    add
    store_local s
    load_local i
    push 1
    sub
    store_local i
    jump again
done:
    push none
    ret
";
    let program = load("heap", source).unwrap_or_else(|error| panic!("{error}"));
    for heap in [200, 1_000, 3_333, 5_000, 9_999] {
        let mut options = Options::default();
        options.limits.heap_bytes = heap;
        let (observed, reports) = disagreements(&program, &[], &options, heap);
        assert!(reports.is_empty(), "{heap} bytes: {}", reports.join("\n"));
        assert!(
            matches!(&observed.result, Err(stop) if stop.kind == StopKind::Limit(LimitKind::Heap)),
            "{observed:?}"
        );
    }
}

/// A program that lives at its heap limit, with calls that wait, locals that nobody reads again, and ints that only
/// some tiers box: it pays for the same collections everywhere, and is refused at the same place.
const AT_THE_LIMIT: &str = "
entry main
func keep(text, depth)
    load_local depth
    jump_if_zero bottom
    load_local text
    load_local depth
    builtin1 str
    add
    load_local depth
    push 1
    sub
    call keep
    load_local text
    builtin1 len
    add
    ret
bottom:
    load_local text
    builtin1 len
    ret
end
func main()
    local i, base, made, unread, sum
    push \"0123456789\"
    push 100
    mul
    store_local base
    push 1000000007
    store_local sum
    push 220
    store_local i
again:
    load_local i
    jump_if_zero done
    load_local base
    load_local i
    builtin1 str
    add
    store_local made
    load_local i
    push 7
    mod
    jump_if_zero calls
    load_local made
    builtin1 len
    load_local sum
    push 1000003
    mul
    add
    push 4611686018427387903
    and
    store_local sum
    jump next
calls:
    load_local made
    push \"!\"
    add
    store_local unread
    load_local made
    push 2
    call keep
    load_local sum
    add
    store_local sum
next:
    load_local i
    push 1
    sub
    store_local i
    jump again
done:
    load_local sum
    print
    push none
    ret
end
";

#[test]
fn a_program_at_its_heap_limit_pays_the_same_everywhere() {
    let program = load("at the limit", AT_THE_LIMIT).unwrap_or_else(|error| panic!("{error}"));
    let roomy = observe(&program, &[], &interpreted(&Options::default()).options).0;
    let (mut fuels, mut refused) = (std::collections::BTreeSet::new(), 0);
    for heap in [3_430, 4_515, 5_600, 6_800, 20_000] {
        let mut options = Options::default();
        options.limits.heap_bytes = heap;
        let (observed, reports) = disagreements(&program, &[], &options, heap);
        assert!(reports.is_empty(), "{heap} bytes: {}", reports.join("\n"));
        match &observed.result {
            Ok(_) => assert_eq!(observed.output, roomy.output),
            Err(stop) => {
                assert_eq!(stop.kind, StopKind::Limit(LimitKind::Heap));
                refused += 1;
            }
        }
        fuels.insert(observed.fuel);
    }
    // Collections at the limit cost more the more of them there are; some limits are too small for what is alive.
    assert!((1..4).contains(&refused) && fuels.len() == 5, "{refused} {fuels:?}");
}

/// A traceback is bounded while it is made, whatever the depth and the names.
#[test]
fn a_deep_traceback_of_long_names_stays_small() {
    let name = "f".repeat(100_000);
    let source =
        format!("entry main\nfunc {name}()\ncall {name}\nret\nend\nfunc main()\ncall {name}\nret\nend\n");
    let program = load("deep", &source).unwrap_or_else(|error| panic!("{error}"));
    let mut options = Options::default();
    options.limits.depth = 300_000;
    let Err(stop) = observe(&program, &[], &options).0.result else { panic!("it recurses for ever") };
    assert_eq!(
        (stop.kind.clone(), stop.trace.len() + stop.left_out),
        (StopKind::Limit(LimitKind::Depth), 300_000)
    );
    assert!(stop.trace.len() < 1_100 && stop.to_string().len() < 20_000);
    assert_eq!(&*stop.trace[0].function, "main");
    let first = &stop.trace[1].function;
    assert!(
        first.len() < 1_100 && stop.trace[1..].iter().all(|place| place.function.as_ptr() == first.as_ptr())
    );
}

/// A program that is at its heap limit, with as much alive as fits, ends at its deadline: collections are seen by the
/// clock, and paid for.
#[test]
fn collections_for_nothing_do_not_outlast_the_deadline() {
    // Recursion holds a str in each call, until the next one does not fit; then small strs are made for ever.
    let source = "
entry main
func hold(left)
    local text
    load_local left
    push 1000000
    add
    builtin1 str
    store_local text
    load_local left
    jump_if_zero thrash
    load_local left
    push 1
    sub
    call hold
    ret
thrash:
    load_local left
    builtin1 str
    pop
    jump thrash
end
func main()
    push 100000
    call hold
    ret
end
";
    let program = load("thrash", source).unwrap_or_else(|error| panic!("{error}"));
    // 71 bytes for each of 100,001 strs of seven digits; room for one more.
    let heap = 100_001 * 71 + 64 + 60;
    for max_tier in Tier::ALL {
        let mut options = Options { max_tier, ..Options::default() };
        options.limits.depth = 200_000;
        options.limits.heap_bytes = heap;
        options.limits.fuel = Some(40_000_000);
        let (observed, _) = observe(&program, &[], &options);
        let stop = observed.result.expect_err("it goes on for ever");
        assert_eq!(stop.kind, StopKind::Limit(LimitKind::Fuel), "{max_tier} {stop}");
        // A collection visits more than 200,000 objects and roots; so few are paid for, and not millions.
        options.limits.fuel = None;
        options.limits.timeout = Some(std::time::Duration::from_millis(100));
        let start = std::time::Instant::now();
        let stop = observe(&program, &[], &options).0.result.expect_err("it goes on for ever");
        assert_eq!(stop.kind, StopKind::Limit(LimitKind::Time), "{max_tier}");
        assert!(start.elapsed().as_secs() < 5, "{max_tier}: {:?}", start.elapsed());
    }
}

/// The int of a float that needs 63 bits costs no heap in any tier, however little is left.
#[test]
fn ints_of_large_floats_cost_the_same_everywhere() {
    let source = "
entry main
func work(f)
    load_local f
    builtin1 BUILTIN
    push 255
    and
    ret
end
func main()
    local s, n
    push \"x\"
    push 40000
    mul
    store_local s
    push 200
    store_local n
again:
    load_local n
    jump_if_zero done
    push 1.5
    call work
    pop
    load_local n
    push 1
    sub
    store_local n
    jump again
done:
    push -9100000000000000000.0
    call work
    print
    push 9300000000000000000.0
    call work
    print
    load_local s
    builtin1 len
    ret
end
";
    for builtin in ["int", "floor", "ceil", "trunc"] {
        let program =
            load("heap", &source.replace("BUILTIN", builtin)).unwrap_or_else(|error| panic!("{error}"));
        for heap in [40_129, 40_200, 40_352, 40_353] {
            let mut options = Options::default();
            options.limits.heap_bytes = heap;
            let (observed, reports) = disagreements(&program, &[], &options, heap);
            assert!(reports.is_empty(), "{builtin}, {heap} bytes: {}", reports.join("\n"));
            assert!(observed.output.starts_with("0\n"), "{builtin}, {heap} bytes: {observed:?}");
        }
    }
}

#[test]
fn endless_loops_and_huge_powers_stop_at_the_timeout() {
    for source in ["again: jump again", "push 10\npush 10\npush 8\npow\npow\nprint"] {
        let program = load("endless", source).unwrap_or_else(|error| panic!("{error}"));
        for max_tier in Tier::ALL {
            let mut options = Options { max_tier, ..Options::default() };
            options.limits.timeout = Some(std::time::Duration::from_millis(30));
            let stop = observe(&program, &[], &options).0.result.err();
            let kind = stop.map(|stop| stop.kind);
            let huge = source.starts_with("push");
            let wanted = if huge { LimitKind::Size } else { LimitKind::Time };
            assert_eq!(kind, Some(StopKind::Limit(wanted)));
        }
    }
}

#[test]
fn examples_print_what_they_promise() {
    let mut seen = 0;
    let folder = std::fs::read_dir(project("examples")).unwrap_or_else(|error| panic!("{error}"));
    for path in folder.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_none_or(|e| e != "hasm") {
            continue;
        }
        seen += 1;
        let source = read(&path);
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let expected = read(&project("examples/expected").join(format!("{name}.out")));
        let arguments: Vec<Output> = source
            .lines()
            .find_map(|line| line.strip_prefix("; args:"))
            .map(|text| text.split_whitespace().map(runtime::num::parse_argument).collect())
            .unwrap_or_default();
        let program = load(&name, &source).unwrap_or_else(|error| panic!("{error}"));
        let reference = observe(&program, &arguments, &interpreted(&Options::default()).options).0;
        assert_eq!(reference.output, expected, "{name}");
        for threshold in THRESHOLDS {
            let options = climbing(threshold);
            assert_eq!(
                observe(&program, &arguments, &options).0,
                reference,
                "{name} at threshold {threshold}"
            );
        }
    }
    assert!(seen >= 12, "{seen} examples");
}
