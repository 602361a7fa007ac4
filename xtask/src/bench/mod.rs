//! `cargo xtask bench`: HotspotVM measured beside what people would use instead, in one run.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it, from outside:
//! it starts programs and looks at the clock. Invariants: outputs are checked before anything is timed; what is missing
//! or wrong is said and never left out silently; no check of the project depends on a time.
//!
//! [`kernels`] what is run, [`peers`] by whom, [`process`] how, [`measure`], [`warmup`] and [`startup`] when and how
//! often; [`ours`] what our own command says of itself; [`counts`] instructions instead of time; [`report`] what came
//! out, [`table`], [`page`] and [`docs`] how it is shown.

mod counts;
mod docs;
mod generate;
mod kernels;
mod measure;
mod options;
mod ours;
mod page;
mod peers;
pub mod process;
mod report;
mod startup;
mod stats;
mod svg;
mod table;
mod warmup;

use kernels::Kernel;
use measure::{Cell, Effort};
use options::{Options, Task};
use ours::Hotspot;
use peers::{Column, OURS, Places, REFERENCE};
use process::Runner;
use report::{Machine, Report};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Runs `cargo xtask bench ARGUMENTS`.
pub fn run(root: &Path, arguments: &[String]) -> ExitCode {
    let task = match options::parse(arguments) {
        Ok(task) => task,
        Err(message) => {
            eprintln!("cargo xtask bench: {message}");
            return ExitCode::from(2);
        }
    };
    let done = match task {
        Task::Help => {
            print!("{}", options::HELP);
            Ok(true)
        }
        Task::InstallPeers => install(root),
        Task::Compare(revision) => places(root).and_then(|places| counts::compare(&places, &revision)),
        Task::Measure(options) => bench(root, &options, arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("cargo xtask bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn install(root: &Path) -> Result<bool, String> {
    let script = root.join("benches/install-peers.sh");
    let status = Command::new(&script).status();
    status.map(|s| s.success()).map_err(|error| format!("can't run {}: {error}", script.display()))
}

/// The folder of everything that cargo builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target))
}

/// Builds `hotspot` and says where everything is.
fn places(root: &Path) -> Result<Places, String> {
    let target = target(root);
    let build = target.join("bench");
    std::fs::create_dir_all(&build).map_err(|error| format!("can't make {}: {error}", build.display()))?;
    build_hotspot(root, &target)?;
    Ok(Places { root: root.to_path_buf(), hotspot: target.join("release/hotspot"), build })
}

/// Builds the command of the project at a root into a target folder.
fn build_hotspot(root: &Path, target: &Path) -> Result<(), String> {
    eprintln!("building hotspot in {}", root.display());
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["build", "--quiet", "--release", "--package", "hotspotvm-cli", "--target-dir"])
        .arg(target)
        .status()
        .map_err(|error| format!("can't start cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("hotspot does not build".to_owned()) }
}

fn bench(root: &Path, options: &Options, arguments: &[String]) -> Result<bool, String> {
    let places = places(root)?;
    let kernels = kernels::load(root, &places.build.join("generated"), &options.kernels)?;
    let field = peers::field(&places, &options.peers, &options.strategies);
    for missing in &field.missing {
        eprintln!("left out: {}: {}", missing.id, missing.reason);
    }
    if !field.columns.iter().any(|c| c.id == REFERENCE) {
        return Err("nothing to compare with: gcc is not installed".to_owned());
    }
    let core =
        options.core.unwrap_or(usize::from(std::thread::available_parallelism().is_ok_and(|n| n.get() > 1)));
    let runner = Runner {
        own: std::env::current_exe().map_err(|error| format!("can't find this program: {error}"))?,
        core,
        scratch: places.build.clone(),
        timeout: if options.quick { 10.0 } else { 120.0 },
    };
    let effort = Effort {
        quick: options.quick,
        rounds: options.runs.unwrap_or(if options.quick { 3 } else { 5 }),
        budget: if options.quick { 0.5 } else { 10.0 },
        slow: 8.0,
    };
    let command = std::iter::once("cargo xtask bench").chain(arguments.iter().map(String::as_str));
    let mut report = Report {
        command: command.collect::<Vec<_>>().join(" "),
        quick: options.quick,
        machine: Machine::describe(root, core),
        columns: field.columns,
        missing: field.missing,
        ..Report::default()
    };
    measure_all(root, &places, &kernels, &runner, effort, options, &mut report)?;
    show(root, options, &report)
}

fn measure_all(
    root: &Path,
    places: &Places,
    kernels: &[Kernel],
    runner: &Runner,
    effort: Effort,
    options: &Options,
    report: &mut Report,
) -> Result<(), String> {
    let hotspot = Hotspot { program: places.hotspot.clone(), scratch: places.build.clone() };
    for (i, kernel) in kernels.iter().enumerate() {
        eprintln!("{}/{}: {}", i + 1, kernels.len(), kernel.name);
        let known: RefCell<BTreeMap<i64, f64>> = RefCell::default();
        let work = |size: i64| {
            if let Some(work) = known.borrow().get(&size) {
                return Ok(*work);
            }
            let work = hotspot.work(kernel, size)?;
            known.borrow_mut().insert(size, work);
            Ok(work)
        };
        let result = measure::measure(kernel, &report.columns, runner, &places.build, effort, &work);
        for (id, cell) in &result.cells {
            if let Cell::Wrong(what) = cell {
                eprintln!("  {id}: {what}");
            }
        }
        let name = kernel.name.clone();
        report.compiling.insert(name.clone(), hotspot.compiling(kernel, kernel.sizes.quick)?);
        if !effort.quick {
            report.break_even.insert(name.clone(), hotspot.break_even(kernel)?);
        }
        if !effort.quick && !options.no_warmup {
            let warm =
                |c: &&Column| c.id == REFERENCE || c.id == OURS || c.warms_up && !c.id.starts_with(OURS);
            let columns: Vec<&Column> = report.columns.iter().filter(warm).collect();
            let curves = warmup::curves(kernel, &columns, runner, &places.build, 3, &work)?;
            report.curves.insert(name, curves);
        }
        report.kernels.push(result);
    }
    if let Some(reference) = report.columns.iter().find(|c| c.id == REFERENCE) {
        report.cycle = Some(measure::cycle(root, reference, runner, &places.build)?);
    }
    let starting: Vec<&Column> = report
        .columns
        .iter()
        .filter(|c| !matches!(c.id.as_str(), "hotspot-baseline" | "hotspot-interpreter"))
        .collect();
    let rounds = if effort.quick { 5 } else { 21 };
    report.starts = startup::measure(root, &starting, runner, &places.build, rounds);
    Ok(())
}

/// Prints and writes what came out; whether all outputs were right.
fn show(root: &Path, options: &Options, report: &Report) -> Result<bool, String> {
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| format!("can't write {}: {error}", path.display()))
    };
    for table in table::tables(report) {
        println!("{}", table.text());
    }
    if let Some(path) = &options.json {
        write(path, &format!("{:#}\n", report.json()))?;
    }
    if let Some(path) = &options.html {
        write(path, &page::page(report))?;
    }
    if options.docs {
        let path = root.join(docs::PATH);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("can't read {}: {error}", path.display()))?;
        write(&path, &docs::insert(&text, report)?)?;
    }
    let wrong = report.wrong();
    for (kernel, column, what) in &wrong {
        eprintln!("wrong: {kernel} in {column} {what}");
    }
    Ok(wrong.is_empty())
}
