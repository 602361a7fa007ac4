//! Generated programs agree over every configuration: value, output, error, place, fuel.

use filetests::{disagreements, generate, load};
use hotspotvm::Options;

/// How many programs a test run tries; `HOTSPOT_PROGRAMS` sets another number, `HOTSPOT_SEED` another first seed.
const PROGRAMS: u64 = 150;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn generated_programs_agree() {
    let first = from_environment("HOTSPOT_SEED", 1);
    let mut options = Options::default();
    options.limits.fuel = Some(300_000);
    options.limits.numbers.max_int_bits = 1 << 14;
    let (mut errors, mut limits) = (0, 0);
    let programs = from_environment("HOTSPOT_PROGRAMS", PROGRAMS);
    for seed in first..first + programs {
        let source = generate::program(seed);
        let program = match load("generated", &source) {
            Ok(program) => program,
            Err(error) => panic!("seed {seed} does not load: {error}\n{source}"),
        };
        let (observed, reports) = disagreements(&program, &[], &options, seed);
        assert!(reports.is_empty(), "seed {seed}:\n{}\n{source}", reports.join("\n"));
        match observed.result.map_err(|stop| stop.kind) {
            Err(hotspotvm::StopKind::Error(_)) => errors += 1,
            Err(_) => limits += 1,
            Ok(_) => {}
        }
    }
    println!("{programs} programs agree; {errors} end with an error, {limits} at a limit");
    // A generator that only makes programs that fail, or none that does, tests too little.
    assert!(errors > programs / 50 && errors < programs * 4 / 5, "{errors} of {programs} end with an error");
}
