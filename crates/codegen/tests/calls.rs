//! Methods that call each other: compared, in every way in which they can end, with what the evaluator says.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/methods.rs"]
mod methods;

use common::*;
use hotspotvm_codegen::{CodegenError, Compiler, CompilerOptions, OptLevel, disassemble, native_depth};
use ir::parse::parse;
use ir::{ExitReason, Type};
use methods::*;

const FIB: &str = "\
function fib (bytecode function 0, entry pc 0) -> int
b0(v0: int = local 0):
    v1: int = const_int 2
    v2: bool = int_compare lt v0, v1                    ; pc 2
    branch v2, b1, b2
b1:                                                     ; pc 3
    charge 2 exit @0
    return v0
b2:                                                     ; pc 5
    charge 9 exit @1
    v3: int = const_int 1
    v4: int = int_sub_fits v0, v3
    v5: int = call f0 self cost 4 (v4) exit @2        ; pc 8
    v6: int = int_sub_fits v0, v1
    v7: int = call f0 self cost 4 (v6) exit @3        ; pc 12
    v8: int = int_add v5, v7 exit @4                    ; pc 13
    return v8
@0 = f0:pc3 transfer locals[v0] stack[]
@1 = f0:pc5 transfer locals[v0] stack[]
@2 = f0:pc8 execute locals[v0] stack[v4]
@3 = f0:pc12 execute locals[v0] stack[v5 v6]
@4 = f0:pc13 execute locals[v0] stack[v5 v7]
";

/// A loop that calls: `while n > 0: acc = f1(acc, n); n = n - 1`, a region; and the callee, which leaves on overflow.
const LOOP: &str = "\
function main@2 (bytecode function 0, entry pc 2)
b0(v0: int = local 0, v1: int = local 2, v2: boxed = local 3):
    v3: int = const_int 0
    v4: int = const_int 1
    jump b1(v0, v1)
b1(v5: int, v6: int):                                   ; pc 2
    v7: bool = int_compare gt v5, v3
    branch v7, b2, b3
b2:                                                     ; pc 5
    v8: int = call f1 link 1 cost 6 (v6, v5) exit @0    ; pc 7
    v9: int = int_sub_fits v5, v4                       ; pc 9
    charge 12 back_edge exit @1
    jump b1(v9, v8)
b3:                                                     ; pc 14
    exit region_end @2
@0 = f0:pc7 execute locals[v5 - v6 -] stack[v2 v6 v5]
@1 = f0:pc2 transfer back_edge locals[v9 - v8 -] stack[]
@2 = f0:pc14 execute locals[v5 - v6 -] stack[]
";

const ADD: &str = "\
function add (bytecode function 1, entry pc 0) -> int
b0(v0: int = local 0, v1: int = local 1):
    v2: int = int_add v0, v1 exit @0                    ; pc 2
    return v2
@0 = f1:pc2 execute locals[v0 v1] stack[v0 v1]
";

/// All types, more values than registers, a caller in between, globals, boxes.
const WIDE: &str = "\
function wide (bytecode function 0, entry pc 0) -> float
b0(v0: int = local 0, v1: float = local 1, v2: bool = local 2, v3: boxed = local 3):
    v4: float = int_to_float v0
    v5: float = float_add v4, v1
    v6: bool = bool_not v2
    v7: int = const_int 7
    v8: int = int_xor v0, v7
    v13: boxed = const_boxed 0xfffd000000000000
    v9: boxed = call f1 link 1 cost 3 (v0, v8, v3, v7, v2, v6, v0, v8, v1, v5, v4, v1, v5, v4, v1, v5, v4, v2) exit @0 ; pc 5
    v10: bool = call f2 link 2 cost 2 (v9, v5) exit @1  ; pc 6
    v11: int = guard_int v9 exit @2                     ; pc 7
    v12: float = int_to_float v11
    branch v10, b1, b2
b1:
    return v5
b2:
    return v12
@0 = f0:pc5 execute locals[v0 v1 v2 v3 v13] stack[v6 v0 v8 v3 v7 v2 v6 v0 v8 v1 v5 v4 v1 v5 v4 v1 v5 v4 v2]
@1 = f0:pc6 execute locals[v0 v1 v2 v3 v9] stack[v6 v5 v9 v5]
@2 = f0:pc7 execute locals[v0 v1 v2 v3 v9] stack[v10 v9]
";

const MANY: &str = "\
function many (bytecode function 1, entry pc 0) -> boxed
b0(v0: int = local 0, v1: int = local 1, v2: boxed = local 2, v3: int = local 3, v4: bool = local 4, v5: bool = local 5, v6: int = local 6, v7: int = local 7, v8: float = local 8, v9: float = local 9, v10: float = local 10, v11: float = local 11, v12: float = local 12, v13: float = local 13, v14: float = local 14, v15: float = local 15, v16: float = local 16, v17: bool = local 17):
    charge 1 exit @0
    v18: float = float_add v8, v16                      ; pc 1
    v19: bool = float_compare lt v18, v9
    branch v17, b1, b2
b1:
    v20: int = int_sub v1, v7 exit @1                   ; pc 2
    v21: boxed = box_int v20
    return v21
b2:
    branch v19, b3, b4
b3:                                                     ; pc 3
    exit unreached @2
b4:
    return v2
@0 = f1:pc1 transfer locals[v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12 v13 v14 v15 v16 v17] stack[]
@1 = f1:pc2 execute locals[v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12 v13 v14 v15 v16 v17] stack[v1 v7]
@2 = f1:pc3 execute locals[v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12 v13 v14 v15 v16 v17] stack[v18 v19]
";

const IS_INT: &str = "\
function is_int (bytecode function 2, entry pc 0) -> bool
b0(v0: boxed = local 0, v1: float = local 1):
    v2: int = guard_int v0 exit @0                      ; pc 1
    v3: float = int_to_float v2
    v4: bool = float_compare le v3, v1
    return v4
@0 = f2:pc1 execute locals[v0 v1] stack[v0]
";

const BOTH: [OptLevel; 2] = [OptLevel::None, OptLevel::Speed];

fn optimized(text: &str) -> String {
    let mut f = parse(text).unwrap();
    ir::opt::optimize(&mut f, &ir::opt::PassCx::new());
    f.to_string()
}

#[test]
fn fib_is_right_with_every_slice_and_depth() {
    let linked = FIB.replace("self", "link 0");
    for (level, text) in [
        (OptLevel::None, FIB),
        (OptLevel::Speed, FIB),
        (OptLevel::None, &linked),
        (OptLevel::None, &optimized(FIB)),
    ] {
        let mut program = Program::new(&[text], level);
        assert_eq!(program.run(0, &[20], 1_000_000, 100).end, End::Returned(6765));
        for n in 0..8 {
            for fuel in 0..120 {
                program.compare(0, &[n], fuel, 100);
            }
            for depth in 0..9 {
                program.compare(0, &[n], 10_000, depth);
            }
        }
    }
}

#[test]
fn exits_come_innermost_first() {
    let mut program = Program::new(&[FIB], OptLevel::None);
    // Three calls deep.
    let run = program.run(0, &[10], 1_000_000, 3);
    let End::Left(exits) = run.end else { panic!("{run:?}") };
    let told: Vec<_> = exits.iter().map(|e| (e.reason, e.frames[0].pc, e.frames[0].locals.clone())).collect();
    let n = |n| vec![Some(Held::Int(n))];
    assert_eq!(
        told,
        [
            (ExitReason::CallDepth, 8, n(7)),
            (ExitReason::CalleeLeft, 9, n(8)),
            (ExitReason::CalleeLeft, 9, n(9)),
            (ExitReason::CalleeLeft, 9, n(10)),
        ]
    );
    assert_eq!(exits[0].frames[0].stack, [Held::Int(6)]);
    assert!(exits[1..].iter().all(|e| e.frames[0].stack.is_empty()));
}

const EVEN: &str = "\
function even (bytecode function 0, entry pc 0) -> bool
b0(v0: int = local 0):
    v1: int = const_int 0
    v2: bool = int_compare eq v0, v1
    branch v2, b1, b2
b1:                                                     ; pc 4
    charge 2 exit @0
    v3: bool = const_bool true
    return v3
b2:                                                     ; pc 6
    charge 5 exit @1
    v4: int = const_int 1
    v5: int = int_sub v0, v4 exit @2                    ; pc 8
    v6: bool = call f1 link 1 cost 3 (v5) exit @3       ; pc 9
    return v6
@0 = f0:pc4 transfer locals[v0] stack[]
@1 = f0:pc6 transfer locals[v0] stack[]
@2 = f0:pc8 execute locals[v0] stack[v0 v4]
@3 = f0:pc9 execute locals[v0] stack[v5]
";

#[test]
fn methods_call_each_other() {
    let odd =
        EVEN.replace("function 0", "function 1").replace("f1 link 1", "f0 link 0").replace("= f0", "= f1");
    let odd = odd.replace("function even", "function odd").replace("const_bool true", "const_bool false");
    for (even, odd) in [(EVEN.to_owned(), odd.clone()), (optimized(EVEN), optimized(&odd))] {
        let mut program = Program::new(&[&even, &odd], OptLevel::None);
        for n in 0..12 {
            for unit in [0, 1] {
                let ran = program.compare(unit, &[n], 1000, 20);
                assert_eq!(ran.end, End::Returned(u64::from(n % 2 == unit as u64)));
                program.compare(unit, &[n], 7 * n as i64, 20);
                program.compare(unit, &[n], 1000, 5);
            }
        }
        // Down from the least int: it overflows there, at once.
        program.compare(0, &[i64::MIN as u64], 1000, 5);
    }
}

#[test]
fn calls_go_as_deep_as_allowed() {
    let mut program = Program::new(&[FIB], OptLevel::None);
    let depth = native_depth(200);
    let run = program.run(0, &[5000], 1_000_000, depth);
    let End::Left(exits) = run.end else { panic!() };
    assert_eq!(exits.len(), depth as usize + 1);
    for (i, exit) in exits.iter().rev().enumerate() {
        assert_eq!(exit.frames[0].locals, [Some(Held::Int(5000 - i as i64))]);
    }
    assert_eq!(run.fuel, 1_000_000 - 13 * i64::from(depth) - 9);
}

#[test]
fn a_callee_without_code_is_left_to_the_interpreter() {
    for level in BOTH {
        let mut program = Program::new(&[LOOP, ADD], level);
        program.compare(0, &[5, 100, NONE], 1000, 10);
        program.unlink(1);
        let run = program.compare(0, &[5, 100, NONE], 1000, 10);
        let End::Left(exits) = run.end else { panic!("{run:?}") };
        assert_eq!((exits.len(), exits[0].reason), (1, ExitReason::NoCode));
        assert_eq!(run.fuel, 1000);
        program.link(1);
        program.compare(0, &[5, 100, NONE], 1000, 10);
    }
}

#[test]
fn a_region_calls_and_leaves_with_its_callee() {
    for level in BOTH {
        let mut program = Program::new(&[LOOP, ADD], level);
        for fuel in 0..120 {
            program.compare(0, &[6, 1, small(9)], fuel, 10);
        }
        for depth in 0..2 {
            program.compare(0, &[6, 1, small(9)], 1000, depth);
        }
        let near = (i64::MAX - 10) as u64;
        let run = program.compare(0, &[6, near, small(9)], 1000, 10);
        let End::Left(exits) = run.end else { panic!("{run:?}") };
        assert_eq!(
            exits.iter().map(|e| e.reason).collect::<Vec<_>>(),
            [ExitReason::Overflow, ExitReason::CalleeLeft]
        );
        // An input that the exit needs is where it was.
        assert_eq!(exits[1].frames[0].stack, [Held::Int(9)]);
        assert_eq!(run.rounds, 1);
    }
}

#[test]
fn all_types_and_many_arguments() {
    for level in BOTH {
        let mut program = Program::new(&[WIDE, MANY, &optimized(IS_INT)], level);
        for (n, x) in [(3, 0.5), (-4, -1e300), (i64::MIN, 2.0), (1 << 40, f64::NAN)] {
            for truth in [0, 1] {
                for boxed in [small(5), NONE, 1.5f64.to_bits()] {
                    for fuel in 0..8 {
                        program.compare(0, &[n as u64, x.to_bits(), truth, boxed], fuel, 4);
                    }
                    for missing in [1, 2] {
                        program.unlink(missing);
                        program.compare(0, &[n as u64, x.to_bits(), truth, boxed], 100, 4);
                        program.link(missing);
                    }
                    program.compare(0, &[n as u64, x.to_bits(), truth, boxed], 100, 0);
                }
            }
        }
    }
}

/// A method may be entered on its own, and calls what is linked at that time.
#[test]
fn links_are_data() {
    let mut program = Program::new(&[LOOP, ADD, &ADD.replace("int_add", "int_sub")], OptLevel::None);
    assert_eq!(program.run(1, &[40, 2], 10, 0).end, End::Returned(42));
    assert_eq!(program.run(2, &[40, 2], 10, 0).end, End::Returned(38));
    let total = |program: &mut Program| {
        let End::Left(exits) = program.run(0, &[3, 100, NONE], 1000, 1).end else { panic!() };
        exits[0].frames[0].locals[2]
    };
    assert_eq!(total(&mut program), Some(Held::Int(106)));
    program.redirect(1, 2);
    assert_eq!(total(&mut program), Some(Held::Int(94)));
}

#[test]
fn a_method_with_too_large_a_frame_is_refused() {
    let values: Vec<String> = (1..90).map(|i| format!("v{}", 2 * i)).collect();
    let mut text =
        "function large (bytecode function 0, entry pc 0) -> int\nb0(v0: int = local 0):\n".to_owned();
    for i in 1..90 {
        text += &format!("    v{}: int = const_int {i}\n", 2 * i - 1);
        text += &format!("    v{}: int = int_xor v0, v{}\n", 2 * i, 2 * i - 1);
    }
    text += "    v200: int = call f0 link 0 cost 1 (v0) exit @0\n    return v200\n";
    text += &format!("@0 = f0:pc3 execute locals[v0] stack[{} v0]\n", values.join(" "));
    for v in 179..200 {
        text += &format!("unused v{v}: int\n");
    }
    let f = parse(&text).unwrap();
    assert_eq!(ir::verify::verify(&f), Ok(()));
    let refused = Compiler::new(CompilerOptions::default()).unwrap().compile(&f, &LAYOUT, 1);
    assert!(matches!(refused, Err(CodegenError::TooLarge(_))), "{refused:?}");
}

#[test]
fn entries_are_where_the_unit_says() {
    let program = Program::new(&[FIB, LOOP], OptLevel::None);
    let fib = program.unit(0);
    assert_eq!((fib.result, fib.inputs[0].ty), (Some(Type::Int), Type::Int));
    let start = fib.direct_entry.unwrap();
    let lines = disassemble(&fib.bytes[..fib.code_len as usize], 0, &fib.places);
    assert!(lines.iter().any(|line| line.offset == start));
    assert_eq!(program.unit(1).direct_entry, None);
}

/// Shows the code and times it: `cargo test --release -p hotspotvm-codegen --test calls -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn time_of_a_call() {
    let itself = optimized(FIB);
    let linked = itself.replace("self", "link 0");
    for (what, text) in [("itself", &itself), ("by a link", &linked)] {
        let mut program = Program::new(&[text], OptLevel::None);
        let unit = program.unit(0);
        for line in disassemble(&unit.bytes[..unit.code_len as usize], 0, &unit.places) {
            println!("{:5x} {:?} {}", line.offset, line.origin, line.text);
        }
        // The machine may be shared: the least of many short runs.
        let one = |n: u64, program: &mut Program| {
            let start = std::time::Instant::now();
            let calls = program.time_fib(n);
            start.elapsed().as_nanos() as f64 / calls as f64
        };
        let least = (0..300).map(|_| one(22, &mut program)).fold(f64::MAX, f64::min);
        println!("{what}: {:.3} ns per call, {least:.3} at best", one(35, &mut program));
    }
    // A loop that calls a method that adds, with the slice that there is: 18 units of fuel a round.
    let mut program = Program::new(&[LOOP, ADD], OptLevel::None);
    let rounds = 50_000;
    let mut one = || {
        let start = std::time::Instant::now();
        let run = program.run(0, &[rounds, 0, NONE], 1_000_000, 10);
        assert_eq!(run.rounds, rounds);
        start.elapsed().as_nanos() as f64 / rounds as f64
    };
    let least = (0..300).map(|_| one()).fold(f64::MAX, f64::min);
    println!("a loop with a call: {least:.3} ns a round at best");
    let mut compiler = Compiler::new(CompilerOptions::default()).unwrap();
    for text in [&itself, &optimized(LOOP), &optimized(ADD)] {
        let f = parse(text).unwrap();
        let mut one = || {
            let start = std::time::Instant::now();
            compiler.compile(&f, &LAYOUT, 1).unwrap();
            start.elapsed().as_nanos() as f64 / 1000.0
        };
        let least = (0..300).map(|_| one()).fold(f64::MAX, f64::min);
        println!("compiling {}: {least:.1} us at best", f.name);
    }
}
