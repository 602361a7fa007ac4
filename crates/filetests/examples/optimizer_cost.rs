//! What the optimizing compiler costs: time per bytecode instruction in passes and code generator, for loops of 10 to
//! 10,000 instructions.
//!
//! `cargo run --release -p hotspotvm-filetests --example optimizer_cost`; with a number, for a loop of that size only.

use hotspotvm::{Engine, Event, Io, Options, Output, Tier};
use std::cell::RefCell;
use std::rc::Rc;

/// How a compilation ended.
#[derive(Clone, Debug)]
enum End {
    Made { nanos: u64, bytes: u32 },
    Refused(String),
}

fn compile(size: usize) -> Option<End> {
    let program =
        filetests::load("cost", &filetests::sized::program(size)).unwrap_or_else(|error| panic!("{error}"));
    let options = Options {
        optimizing_threshold: 10,
        deterministic: true,
        timing: true,
        limits: hotspotvm::Limits { fuel: Some(4_000_000), ..hotspotvm::Limits::default() },
        ..Options::default()
    };
    let end: Rc<RefCell<Option<End>>> = Rc::default();
    let (heard, mut optimizing) = (end.clone(), None);
    let mut engine = Engine::new(options);
    engine.on_event(move |event| match event {
        Event::CompileStart { unit, tier: Tier::Optimizing, .. } => optimizing = Some(*unit),
        Event::CompileEnd { unit, nanos: Some(nanos), code_bytes, .. } if optimizing == Some(*unit) => {
            heard.borrow_mut().get_or_insert(End::Made { nanos: *nanos, bytes: *code_bytes });
        }
        Event::Refuse { why, .. } => {
            heard.borrow_mut().get_or_insert(End::Refused(why.to_string()));
        }
        _ => {}
    });
    engine.run(program, &[Output::Int(1_000_000), Output::Int(4)], Io::none());
    end.take()
}

fn main() {
    println!("{:>12} {:>12} {:>14} {:>14}", "instructions", "total us", "us/instruction", "bytes/instr.");
    let asked = std::env::args().nth(1).and_then(|size| size.parse().ok());
    for size in asked.map_or(vec![10usize, 30, 100, 300, 1_000, 3_000, 9_000, 12_000], |size| vec![size]) {
        let runs = (3_000 / size).clamp(3, 30);
        let ends: Vec<End> = (0..runs).filter_map(|_| compile(size)).collect();
        let mut times: Vec<(u64, u32)> = Vec::new();
        for end in &ends {
            match end {
                End::Made { nanos, bytes } => times.push((*nanos, *bytes)),
                End::Refused(why) => {
                    println!("{size:>12} stays in the tier below: {why}");
                    break;
                }
            }
        }
        times.sort_unstable();
        if let Some(&(nanos, bytes)) = times.get(times.len() / 2) {
            let (us, n) = (nanos as f64 / 1e3, size as f64);
            println!("{size:>12} {us:>12.0} {:>14.1} {:>14.1}", us / n, f64::from(bytes) / n);
        }
    }
}
