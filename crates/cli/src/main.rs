//! The `hotspot` command: everything that a person at a terminal does with HotspotVM.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise` and looks in: it loads programs,
//! runs them, and shows the engine's events, listings and statistics. What holds for all of its commands:
//!
//! - standard output carries only what was asked for (a program's own output, a listing, a table); everything else
//!   goes to standard error;
//! - text that comes from a program is shown with its control characters escaped;
//! - the exit codes are those of [`report::Status`].

#![forbid(unsafe_code)]

mod args;
mod compare;
mod demo;
mod explain;
mod explore;
mod export;
mod language;
mod load;
mod log;
mod native;
mod profile;
mod python;
mod render;
mod report;
mod run;
mod signals;
mod speedup;
mod statistics;
mod step;
mod strategies;
mod streams;
mod sweep;
mod text;
mod tools;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use report::{Failure, Status};
use std::process::ExitCode;

fn main() -> ExitCode {
    signals::settle();
    let result = match Cli::parse_from(args::completed(std::env::args_os())).command {
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Check(args)) => tools::check(&args),
        Some(Command::Asm(args)) => tools::asm(&args),
        Some(Command::Dis(args)) => tools::dis(&args),
        Some(Command::Compare(args)) => compare::compare(&args),
        Some(Command::Profile(args)) => profile::profile(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::Sweep(args)) => sweep::sweep(&args),
        Some(Command::Explore(args)) => explore::explore(&args),
        Some(Command::Step(args)) => step::step(&args),
        Some(Command::Demo) => demo::demo(),
        None => show_help(),
    };
    let status = result.unwrap_or_else(|failure: Failure| failure.show());
    ExitCode::from(status as u8)
}

fn show_help() -> Result<Status, Failure> {
    Cli::command().print_long_help().map_err(|error| Failure::output("standard output", &error))?;
    Ok(Status::Ok)
}
