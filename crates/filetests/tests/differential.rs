//! Generated programs agree over every configuration: value, output, error, place, fuel.

use filetests::coverage::Coverage;
use filetests::{configurations, disagreements_among, generate, load};

/// How many programs a test run tries; `HOTSPOT_PROGRAMS` sets another number, `HOTSPOT_SEED` another first seed, and
/// `HOTSPOT_SAMPLE` in how many ways each is run (9), chosen by the seed among those whose names contain
/// `HOTSPOT_WAYS`. With `HOTSPOT_KEEP_GOING`, those that disagree are printed, and the rest is run all the same.
const PROGRAMS: u64 = 150;
/// One in so many, of so many at most, is run once more, to see what is reached.
const COVERED: u64 = 2;
/// See [`COVERED`].
const MOST_COVERED: u64 = 1_000;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn generated_programs_agree() {
    let first = from_environment("HOTSPOT_SEED", 1_000);
    let programs = from_environment("HOTSPOT_PROGRAMS", PROGRAMS);
    let sample = from_environment("HOTSPOT_SAMPLE", 9);
    let only = std::env::var("HOTSPOT_WAYS");
    let keep_going = std::env::var_os("HOTSPOT_KEEP_GOING").is_some();
    let (mut errors, mut limits, mut wrong) = (0, 0, 0);
    let mut coverage = Coverage::default();
    for seed in first..first + programs {
        let source = generate::program(seed);
        let options = generate::options(seed);
        let program = match load("generated", &source) {
            Ok(program) => program,
            Err(error) => panic!("seed {seed} does not load: {error}\n{source}"),
        };
        let mut ways = configurations(&options, seed);
        if let Ok(words) = &only {
            ways.retain(|way| way.name.contains(words));
        }
        // Which of them: different ones for each program.
        let mut random = generate::Random::new(seed ^ 0xC0FFEE);
        while ways.len() > sample as usize {
            ways.swap_remove(random.below(ways.len() as u64) as usize);
        }
        let (observed, reports) = disagreements_among(&ways, &program, &[], &options);
        if !reports.is_empty() {
            let report = format!("seed {seed}:\n{}\n{source}", reports.join("\n"));
            assert!(keep_going, "{report}");
            println!("{report}");
            wrong += 1;
        }
        let covered = seed.is_multiple_of(COVERED) && seed - first < COVERED * MOST_COVERED;
        if covered && reports.is_empty() {
            for configuration in &ways {
                coverage.run(&program, &configuration.options);
            }
        }
        if keep_going && (seed + 1 - first).is_multiple_of(1_000) {
            println!("{} programs so far: {wrong} disagree", seed + 1 - first);
        }
        match observed.result.map_err(|stop| stop.kind) {
            Err(hotspotvm::StopKind::Error(_)) => errors += 1,
            Err(_) => limits += 1,
            Ok(_) => {}
        }
    }
    println!("{programs} programs; {wrong} disagree, {errors} end with an error, {limits} at a limit");
    println!("{coverage:?}");
    assert_eq!(wrong, 0);
    // A generator that only makes programs that fail, or none that does, tests too little.
    assert!(errors > programs / 50 && errors < programs * 4 / 5, "{errors} of {programs} end with an error");
    assert!(limits < programs / 2, "{limits} of {programs} end at a limit");
    if programs >= PROGRAMS {
        let Coverage { entered, chains, call_depth, no_code, deopts, polls, selects, .. } = coverage;
        let reached = [entered, chains, call_depth, no_code, deopts, polls, selects];
        assert!(reached.iter().all(|&runs| runs > 0), "{coverage:?}");
    }
}

/// The program in the file `HOTSPOT_FILE` with the settings of `HOTSPOT_SEED`: to make a program that disagrees smaller.
#[test]
#[ignore = "needs a file"]
fn one_file() {
    let seed = from_environment("HOTSPOT_SEED", 1);
    let Some(path) = std::env::var_os("HOTSPOT_FILE") else { return };
    let source = std::fs::read_to_string(path).expect("the file can be read");
    let program = load("file", &source).expect("the program loads");
    let options = generate::options(seed);
    let (_, reports) = disagreements_among(&configurations(&options, seed), &program, &[], &options);
    println!("{}", reports.join("\n"));
    std::process::exit(if reports.is_empty() { 0 } else { 7 });
}
