//! What each pass of the optimizer is worth: every kernel's time with that pass left out, relative to its time with all of them.
//!
//! `cargo run --release -p hotspotvm-filetests --example passes [KERNEL]...`
//!
//! The kernels are those of `benches/kernels`, or of the folder `HOTSPOT_KERNELS`.
//!
//! A kernel is run with the arguments that its file gives for `quick:`, or else for `args:`. The ways take turns, and
//! the fastest of several runs of each is taken, so that a busy machine does less harm; compilation is part of the
//! time. What a kernel prints must not change.

use hotspotvm::runtime::num::parse_argument;
use hotspotvm::{Engine, Io, Options, Output, Passes, pass_names};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const RUNS: usize = 7;

struct Kernel {
    name: String,
    program: Arc<hotspotvm::bytecode::Verified>,
    arguments: Vec<Output>,
}

fn kernel(folder: &Path) -> Option<Kernel> {
    let name = folder.file_name()?.to_str()?.to_string();
    let source = std::fs::read_to_string(folder.join(format!("{name}.hasm"))).ok()?;
    let given = |key: &str| source.lines().find_map(|line| line.strip_prefix(&format!("; {key}:")));
    let words = given("quick").or_else(|| given("args")).unwrap_or_default();
    let arguments = words.split_whitespace().map(parse_argument).collect();
    let program = filetests::load(&name, &source).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(Kernel { name, program, arguments })
}

fn seconds(kernel: &Kernel, without: Option<&str>) -> f64 {
    let disabled = without.map(str::to_string).into_iter().collect();
    let passes = Passes { disabled, ..Passes::default() };
    let options = Options { deterministic: true, passes, ..Options::default() };
    let mut engine = Engine::new(options);
    let start = Instant::now();
    let outcome = engine.run(kernel.program.clone(), &kernel.arguments, Io::none());
    let time = start.elapsed().as_secs_f64();
    assert!(outcome.result.is_ok(), "{} without {without:?}: {:?}", kernel.name, outcome.result);
    time
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/kernels");
    let folder = std::env::var_os("HOTSPOT_KERNELS").map_or(folder, Into::into);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut kernels: Vec<Kernel> = entries.filter_map(|entry| kernel(&entry.ok()?.path())).collect();
    kernels.retain(|kernel| wanted.is_empty() || wanted.contains(&kernel.name));
    kernels.sort_by(|a, b| a.name.cmp(&b.name));
    let names = pass_names();
    print!("{:<12} {:>9}", "kernel", "all, ms");
    names.iter().for_each(|name| print!(" {name:>8}"));
    println!();
    let mut logs = vec![0.0; names.len()];
    for kernel in &kernels {
        let mut best = vec![f64::INFINITY; names.len() + 1];
        for _ in 0..RUNS {
            let ways = std::iter::once(None).chain(names.iter().copied().map(Some));
            for (best, way) in best.iter_mut().zip(ways) {
                *best = best.min(seconds(kernel, way));
            }
        }
        print!("{:<12} {:>9.2}", kernel.name, best[0] * 1e3);
        for (log, time) in logs.iter_mut().zip(&best[1..]) {
            print!(" {:>8.2}", time / best[0]);
            *log += (time / best[0]).ln();
        }
        println!();
    }
    print!("{:<12} {:>9}", "geomean", "");
    logs.iter().for_each(|log| print!(" {:>8.2}", (log / kernels.len() as f64).exp()));
    println!();
}
