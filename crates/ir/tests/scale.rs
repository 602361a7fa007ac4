//! The optimizer's time grows with the function, not with its square; fuel stops it where it says.
#![allow(clippy::unwrap_used)]

use hotspotvm_ir::opt::{PIPELINE, PassCx, optimize};
use hotspotvm_ir::parse::parse;
use hotspotvm_ir::{Function, verify};
use std::fmt::Write;
use std::time::Instant;

/// Loops one after the other, each twice nested, over boxed locals: about 25 instructions each.
fn loops(count: usize) -> Function {
    let mut text = String::from(
        "function big (bytecode function 0, entry pc 0)\nb0(v0: int = local 0, v1: boxed = local 1):\n",
    );
    let (mut v, mut b, mut pc) = (2, 1, 1);
    let mut states = String::new();
    let mut state_count = 0;
    let mut total = "v1".to_owned();
    let mut state = |locals: &str| {
        writeln!(states, "@{state_count} = f0:pc{pc} execute locals[v0 {locals}] stack[]").unwrap();
        pc += 1;
        state_count += 1;
        state_count - 1
    };
    for _ in 0..count {
        let [outer, inner, i_box, i, sum, one, bound, test] = std::array::from_fn(|k| v + k);
        writeln!(
            text,
            "v{outer}: int = const_int 0\nv{inner}: boxed = box_int v{outer}\njump b{b}(v{inner}, {total})"
        )
        .unwrap();
        let s = state(&format!("v{sum}"));
        writeln!(text, "b{b}(v{i_box}: boxed, v{sum}: boxed):").unwrap();
        writeln!(text, "v{i}: int = guard_int v{i_box} exit @{s}\nv{one}: int = const_int 1").unwrap();
        writeln!(text, "v{bound}: int = const_int 100\nv{test}: bool = int_compare lt v{i}, v{bound}")
            .unwrap();
        writeln!(text, "branch v{test}, b{}, b{}", b + 1, b + 4).unwrap();
        v += 8;
        let [j_box, acc, acc_int, j, more, flag, next, boxed] = std::array::from_fn(|k| v + k);
        writeln!(text, "b{}:\njump b{}(v{i_box}, v{sum})", b + 1, b + 2).unwrap();
        let s = state(&format!("v{acc}"));
        writeln!(text, "b{}(v{j_box}: boxed, v{acc}: boxed):", b + 2).unwrap();
        writeln!(
            text,
            "v{acc_int}: int = guard_int v{acc} exit @{s}\nv{j}: int = guard_int v{j_box} exit @{s}"
        )
        .unwrap();
        writeln!(
            text,
            "v{more}: int = int_add v{acc_int}, v{j} exit @{s}\nv{boxed}: boxed = box_int v{more}"
        )
        .unwrap();
        writeln!(
            text,
            "v{next}: int = int_add v{j}, v{one} exit @{s}\nv{flag}: bool = int_compare lt v{next}, v0"
        )
        .unwrap();
        v += 8;
        writeln!(text, "v{v}: boxed = box_int v{next}\ncharge 4 back_edge exit @{s}").unwrap();
        writeln!(text, "branch v{flag}, b{}(v{v}, v{boxed}), b{}", b + 2, b + 3).unwrap();
        v += 1;
        writeln!(
            text,
            "b{}:\nv{v}: int = int_add v{i}, v{one} exit @{s}\nv{}: boxed = box_int v{v}",
            b + 3,
            v + 1
        )
        .unwrap();
        writeln!(text, "charge 4 back_edge exit @{s}\njump b{b}(v{}, v{boxed})", v + 1).unwrap();
        writeln!(text, "b{}:", b + 4).unwrap();
        v += 2;
        b += 5;
        total = format!("v{sum}");
    }
    let last = state(&total);
    writeln!(text, "exit return @{last}").unwrap();
    parse(&(text + &states)).unwrap()
}

/// The best of a few: the machine is shared.
fn millis(f: &Function) -> f64 {
    let times = (0..3).map(|_| {
        let mut f = f.clone();
        let start = Instant::now();
        let mut cx = PassCx::new();
        cx.verify = false;
        optimize(&mut f, &cx);
        start.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::MAX, f64::min)
}

#[test]
fn ten_thousand_instructions_take_little_time() {
    let f = loops(600);
    assert_eq!(verify::verify(&f), Ok(()));
    let (count, time) = (f.inst_count(), millis(&f));
    println!("{count} instructions in {} blocks: {time:.1} ms", f.blocks.len());
    let mut optimized = f.clone();
    for run in optimize(&mut optimized, &PassCx::new()) {
        println!(
            "{:8} {:8.3} ms {} -> {}",
            run.name,
            run.nanos as f64 / 1e6,
            run.insts_before,
            run.insts_after
        );
    }
    assert!(count > 9_000, "{count}");
    assert!(optimized.inst_count() * 3 < count * 2, "{} of {count} left", optimized.inst_count());
    // A bound that only something worse than linear reaches, debug builds and busy machines included.
    assert!(time < 1000.0, "{time} ms");
}

#[test]
fn fuel_stops_where_it_says() {
    let f = loops(4);
    let all = PassCx::with_fuel(100_000);
    let mut optimized = f.clone();
    let runs = optimize(&mut optimized, &all);
    let used = 100_000 - all.fuel_left();
    assert!(used > 30 && runs.len() == PIPELINE.len());
    for fuel in 0..=used {
        let cx = PassCx::with_fuel(fuel);
        let mut some = f.clone();
        optimize(&mut some, &cx);
        assert_eq!(cx.fuel_left(), 0);
        assert_eq!(some == optimized, fuel == used, "{fuel} of {used}");
    }
    let mut untouched = f.clone();
    let runs = optimize(&mut untouched, &PassCx::with_fuel(0).without("compact"));
    assert!(untouched == f && runs.iter().all(|run| !run.changed && run.name != "compact"));
}
