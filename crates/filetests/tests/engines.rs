//! Engines that come and go leave nothing behind.

use filetests::load;
use hotspotvm::{Engine, Io, Options, Output};

/// Two loops and two functions, hot enough for all tiers.
const PROGRAM: &str = "func double(x)\n load_local x\n dup\n add\n ret\nend\n\
    func main(n)\n local s\n push 0\n store_local s\nagain:\n load_local s\n load_local n\n call double\n add\n store_local s\n \
    load_local n\n push 1\n sub\n dup\n store_local n\n jump_if_not_zero again\n load_local s\n ret\nend\nentry main\n";

/// Resident memory of this process, in kB; `None` where the system does not say.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// How many mappings this process has.
fn mappings() -> Option<usize> {
    Some(std::fs::read_to_string("/proc/self/maps").ok()?.lines().count())
}

#[test]
fn memory_stays_flat() {
    let count = std::env::var("HOTSPOT_ENGINES").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let program = load("engines", PROGRAM).unwrap_or_else(|error| panic!("{error}"));
    for deterministic in [true, false] {
        let run = || {
            let options = Options {
                hotspot_threshold: 2,
                optimizing_threshold: 20,
                deterministic,
                ..Options::default()
            };
            let outcome = Engine::new(options).run(program.clone(), &[Output::Int(300)], Io::none());
            assert!(matches!(outcome.result, Ok(Output::Int(90_300))), "{:?}", outcome.result);
            assert!(outcome.stats.compilations >= 2);
        };
        for _ in 0..50 {
            run();
        }
        let before = (resident(), mappings());
        for _ in 0..count {
            run();
        }
        let after = (resident(), mappings());
        println!("after {count} engines: {before:?} kB and mappings before, {after:?} after");
        if let ((Some(kb), Some(maps)), (Some(kb_after), Some(maps_after))) = (before, after) {
            assert!(kb_after < kb + 16_384, "{kb} kB became {kb_after} kB");
            // A thread that is still compiling for an engine that is gone may hold a few.
            assert!(maps_after <= maps + 40, "{maps} mappings became {maps_after}");
        }
    }
}
