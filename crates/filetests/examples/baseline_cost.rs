//! What the baseline compiler costs: time and code bytes per bytecode instruction, for functions of 10 to 100,000 instructions.
//!
//! `cargo run --release -p hotspotvm-filetests --example baseline_cost`; with a number, for a function of that size
//! only, which suits tools that count machine instructions.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn main() {
    use hotspotvm::internals::BaselineCompilation;
    use std::time::Instant;

    println!("{:>12} {:>12} {:>14} {:>14}", "instructions", "total us", "ns/instruction", "bytes/instr.");
    let asked = std::env::args().nth(1).and_then(|size| size.parse().ok());
    for size in asked.map_or(vec![10usize, 100, 1_000, 10_000, 100_000], |size| vec![size]) {
        let program = filetests::load("cost", &filetests::sized::program(size))
            .unwrap_or_else(|error| panic!("{error}"));
        let arguments = [hotspotvm::Output::Int(3), hotspotvm::Output::Int(4)];
        let mut compilation =
            BaselineCompilation::new(program, &arguments).unwrap_or_else(|stop| panic!("{stop}"));
        let (mut times, mut bytes) = (Vec::new(), 0);
        for _ in 0..(200_000 / size).clamp(9, 2_000) {
            let start = Instant::now();
            bytes = compilation.compile().unwrap_or_else(|error| panic!("{error}"));
            times.push(start.elapsed().as_nanos() as f64);
        }
        times.sort_by(f64::total_cmp);
        let (n, median) = (compilation.instructions() as f64, times[times.len() / 2]);
        println!("{n:>12} {:>12.1} {:>14.1} {:>14.1}", median / 1e3, median / n, bytes as f64 / n);
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn main() {
    println!("there is no baseline compiler for this machine");
}
