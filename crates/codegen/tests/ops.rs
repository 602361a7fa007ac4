//! Every instruction, compiled and run on awkward operands, against what Rust computes.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use hotspotvm_codegen::{Compiler, CompilerOptions, OptLevel};
use ir::Cmp;
use ir::{ExitReason, Function, Imm, Opcode, Terminator, Type, Value};

const LEVELS: [OptLevel; 2] = [OptLevel::None, OptLevel::Speed];

const INTS: [i64; 38] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    5,
    7,
    -7,
    8,
    -8,
    10,
    62,
    63,
    64,
    65,
    100,
    -100,
    1000,
    (1 << 31) - 1,
    1 << 31,
    -(1 << 31),
    (1 << 32) + 1,
    (1 << 47) - 1,
    1 << 47,
    -(1 << 47),
    -(1 << 47) - 1,
    (1 << 53) - 1,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53),
    -(1 << 53) - 1,
    3_037_000_500,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
];

const FLOATS: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    3.25,
    f64::MIN_POSITIVE,
    5e-324,
    f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    1e16,
];

fn floor_div(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let q = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q })
}

fn floor_mod(a: i64, b: i64) -> Option<i64> {
    match b {
        0 => None,
        -1 => Some(0),
        _ => Some(a.wrapping_sub(floor_div(a, b)?.wrapping_mul(b))),
    }
}

fn int_binary(op: Opcode, a: i64, b: i64) -> Option<i64> {
    match op {
        Opcode::IntAdd => a.checked_add(b),
        Opcode::IntSub => a.checked_sub(b),
        Opcode::IntMul => a.checked_mul(b),
        Opcode::IntFloorDiv => floor_div(a, b),
        Opcode::IntMod => floor_mod(a, b),
        Opcode::IntAnd => Some(a & b),
        Opcode::IntOr => Some(a | b),
        Opcode::IntXor => Some(a ^ b),
        Opcode::IntShl => {
            if !(0..64).contains(&b) {
                return None;
            }
            i64::try_from(i128::from(a) << b).ok()
        }
        Opcode::IntShr => (b >= 0).then(|| a >> b.min(63)),
        Opcode::IntAddFits | Opcode::IntAddWrap => Some(a.wrapping_add(b)),
        Opcode::IntSubFits | Opcode::IntSubWrap => Some(a.wrapping_sub(b)),
        Opcode::IntMulFits | Opcode::IntMulWrap => Some(a.wrapping_mul(b)),
        Opcode::IntMulNonNeg => a.checked_mul(b),
        Opcode::IntFloorDivNonNeg => floor_div(a, b),
        Opcode::IntModNonNeg => floor_mod(a, b),
        _ => panic!("{op:?}"),
    }
}

const INT_BINARY: [Opcode; 16] = [
    Opcode::IntAdd,
    Opcode::IntSub,
    Opcode::IntMul,
    Opcode::IntFloorDiv,
    Opcode::IntMod,
    Opcode::IntAnd,
    Opcode::IntOr,
    Opcode::IntXor,
    Opcode::IntShl,
    Opcode::IntShr,
    Opcode::IntAddFits,
    Opcode::IntSubFits,
    Opcode::IntMulFits,
    Opcode::IntAddWrap,
    Opcode::IntSubWrap,
    Opcode::IntMulWrap,
];

/// `op` on two operands, each an input or a constant: leaves with the result on the stack at pc 9, or with the operands
/// at pc 5.
fn one_op(op: Opcode, imm: Imm, types: &[Type], constants: [Option<Imm>; 2]) -> Function {
    let inputs: Vec<Type> =
        types.iter().zip(constants).filter(|(_, c)| c.is_none()).map(|(&ty, _)| ty).collect();
    let (mut f, values) = function(&inputs);
    let entry = ir::Block(0);
    let mut inputs = values.into_iter();
    let mut args: Vec<Value> = Vec::new();
    for constant in constants.into_iter().take(types.len()) {
        let arg = match constant {
            Some(c @ Imm::Int(_)) => common::op(&mut f, entry, Opcode::ConstInt, &[], c, None, 0),
            Some(c @ Imm::Float(_)) => common::op(&mut f, entry, Opcode::ConstFloat, &[], c, None, 0),
            _ => inputs.next().unwrap(),
        };
        args.push(arg);
    }
    let before = op.exit_reason().map(|_| state(&mut f, 5, &args));
    let result = common::op(&mut f, entry, op, &args, imm, before, 5);
    let after = state(&mut f, 9, &[result]);
    f.blocks[0].end = Terminator::Exit { reason: ExitReason::RegionEnd, state: after };
    f
}

/// Checks one run against the expected bits of the result, or against leaving with the operands as they were.
fn check(h: &mut Harness, op: Opcode, inputs: &[u64], operands: &[u64], expected: Option<u64>) {
    let exit = h.run(inputs);
    let record = &h.unit.exits[exit];
    let stack = h.stack(exit);
    let what = format!("{} {operands:x?}", op.name());
    match expected {
        Some(bits) => {
            assert_eq!(record.reason, ExitReason::RegionEnd, "{what}");
            assert_eq!((record.frames[0].pc, stack), (9, vec![bits]), "{what}");
        }
        None => {
            assert_eq!(Some(record.reason), op.exit_reason(), "{what}");
            assert_eq!((record.origin.pc, record.frames[0].pc), (5, 5), "{what}");
            assert_eq!(stack, operands, "{what}");
        }
    }
    assert_eq!(h.fuel, hotspotvm_codegen::pack_fuel(1000), "{what}");
}

#[test]
fn int_operations_on_inputs() {
    for opt_level in LEVELS {
        let mut compiler =
            Compiler::new(CompilerOptions { opt_level, ..CompilerOptions::default() }).unwrap();
        for op in INT_BINARY {
            let f = one_op(op, Imm::None, &[Type::Int; 2], [None; 2]);
            let mut h = Harness::with(&mut compiler, &f);
            for a in INTS {
                for b in INTS {
                    let operands = [a as u64, b as u64];
                    check(&mut h, op, &operands, &operands, int_binary(op, a, b).map(|r| r as u64));
                }
            }
        }
    }
}

/// What only works on some operands, which a pass has to prove, works on those.
#[test]
fn int_operations_on_what_was_proved() {
    let ops = [Opcode::IntMulNonNeg, Opcode::IntFloorDivNonNeg, Opcode::IntModNonNeg];
    let extra =
        [6, 9, 10, 641, 1_000_000_007, u32::MAX.into(), (1 << 32) + 1, i64::MAX / 3, i64::MAX / 3 + 1];
    let ints: Vec<i64> = INTS.into_iter().chain(extra).filter(|&n| n >= 0).collect();
    for opt_level in LEVELS {
        let mut compiler =
            Compiler::new(CompilerOptions { opt_level, ..CompilerOptions::default() }).unwrap();
        for op in ops {
            let two = one_op(op, Imm::None, &[Type::Int; 2], [None; 2]);
            let mut two = Harness::with(&mut compiler, &two);
            for &b in ints.iter().filter(|&&b| b > 0 || op == Opcode::IntMulNonNeg) {
                let right = one_op(op, Imm::None, &[Type::Int; 2], [None, Some(Imm::Int(b))]);
                let mut right = Harness::with(&mut compiler, &right);
                for &a in &ints {
                    let operands = [a as u64, b as u64];
                    let expected = int_binary(op, a, b).map(|r| r as u64);
                    check(&mut two, op, &operands, &operands, expected);
                    check(&mut right, op, &operands[..1], &operands, expected);
                }
            }
        }
    }
}

/// In test mode there is an instruction that stops the process where a proof is wrong, and right ones change nothing.
#[test]
fn proofs_can_be_checked() {
    let options = CompilerOptions { check_proofs: true, ..CompilerOptions::default() };
    let (mut plain, mut checking) =
        (Compiler::new(CompilerOptions::default()).unwrap(), Compiler::new(options).unwrap());
    let ops = [Opcode::IntAddFits, Opcode::IntSubFits, Opcode::IntMulFits, Opcode::IntMulNonNeg];
    for op in ops.into_iter().chain([Opcode::IntFloorDivNonNeg, Opcode::IntModNonNeg]) {
        let f = one_op(op, Imm::None, &[Type::Int; 2], [None; 2]);
        let traps = |h: &Harness| {
            let code = &h.unit.bytes[..h.unit.code_len as usize];
            hotspotvm_codegen::disassemble(code, 0, &[]).iter().filter(|line| line.text == "ud2").count()
        };
        let mut h = Harness::with(&mut checking, &f);
        let without = Harness::with(&mut plain, &f);
        if cfg!(target_arch = "x86_64") {
            assert!(traps(&h) > traps(&without), "{}", op.name());
        }
        let expected = int_binary(op, 23, 7).map(|r| r as u64);
        check(&mut h, op, &[23, 7], &[23, 7], expected);
    }
}

#[test]
fn int_operations_with_a_constant() {
    for opt_level in LEVELS {
        let mut compiler =
            Compiler::new(CompilerOptions { opt_level, ..CompilerOptions::default() }).unwrap();
        for op in INT_BINARY {
            for c in INTS {
                let right = one_op(op, Imm::None, &[Type::Int; 2], [None, Some(Imm::Int(c))]);
                let left = one_op(op, Imm::None, &[Type::Int; 2], [Some(Imm::Int(c)), None]);
                let mut right = Harness::with(&mut compiler, &right);
                let mut left = Harness::with(&mut compiler, &left);
                for n in INTS {
                    let (x, k) = (n as u64, c as u64);
                    check(&mut right, op, &[x], &[x, k], int_binary(op, n, c).map(|r| r as u64));
                    check(&mut left, op, &[x], &[k, x], int_binary(op, c, n).map(|r| r as u64));
                }
            }
        }
    }
}

#[test]
fn an_operand_may_be_used_twice() {
    for op in [Opcode::IntAdd, Opcode::IntSub, Opcode::IntMul, Opcode::IntMod] {
        let (mut f, v) = function(&[Type::Int]);
        let before = state(&mut f, 5, &[v[0], v[0]]);
        let result = common::op(&mut f, ir::Block(0), op, &[v[0], v[0]], Imm::None, Some(before), 5);
        let after = state(&mut f, 9, &[result]);
        f.blocks[0].end = Terminator::Exit { reason: ExitReason::RegionEnd, state: after };
        let mut h = Harness::new(&f, OptLevel::None);
        for a in INTS {
            check(&mut h, op, &[a as u64], &[a as u64; 2], int_binary(op, a, a).map(|r| r as u64));
        }
    }
}

#[test]
fn int_to_others() {
    for opt_level in LEVELS {
        let exact = |a: i64| (-(1 << 53)..=1 << 53).contains(&a).then(|| (a as f64).to_bits());
        type Expected<'a> = &'a dyn Fn(i64) -> Option<u64>;
        let cases: [(Opcode, Expected); 6] = [
            (Opcode::IntAbs, &|a| a.checked_abs().map(|r| r as u64)),
            (Opcode::IntNeg, &|a| a.checked_neg().map(|r| r as u64)),
            (Opcode::IntNot, &|a| Some(!a as u64)),
            (Opcode::IntNonZero, &|a| (a != 0).then_some(a as u64)),
            (Opcode::IntToFloat, &|a| Some((a as f64).to_bits())),
            (Opcode::IntToFloatExact, &exact),
        ];
        for (op, expected) in cases {
            let mut h = Harness::new(&one_op(op, Imm::None, &[Type::Int], [None; 2]), opt_level);
            for a in INTS {
                check(&mut h, op, &[a as u64], &[a as u64], expected(a));
            }
        }
    }
}

/// The bits of what is chosen, whether the condition is a bool at hand or a comparison just made; what a condition
/// gives back, and what it counts.
#[test]
fn selects() {
    let of = |ty: Type| match ty {
        Type::Int => (Opcode::IntSelect, [i64::MIN as u64, 7]),
        Type::Float => (Opcode::FloatSelect, [(-0.0f64).to_bits(), 0x7FF8_0000_0000_0001]),
        Type::Bool => (Opcode::BoolSelect, [1, 0]),
        Type::Boxed => (Opcode::BoxedSelect, [common::small(5), common::small(-1)]),
    };
    for opt_level in LEVELS {
        for ty in [Type::Int, Type::Float, Type::Bool, Type::Boxed] {
            let (select, [first, second]) = of(ty);
            for compares in [false, true] {
                let (mut f, v) = function(&[Type::Bool, Type::Int, ty, ty]);
                let entry = ir::Block(0);
                let condition = if compares {
                    let three = common::op(&mut f, entry, Opcode::ConstInt, &[], Imm::Int(3), None, 0);
                    let imm = Imm::Cmp(Cmp::Lt);
                    common::op(&mut f, entry, Opcode::IntCompare, &[v[1], three], imm, None, 0)
                } else {
                    v[0]
                };
                let args = [condition, v[2], v[3]];
                let result = common::op(&mut f, entry, select, &args, Imm::None, None, 5);
                let imm = Imm::Charge { cost: 4, rounds: 1 };
                f.append(entry, Opcode::RefundIf, &[condition], imm, None, origin(6));
                f.append(entry, Opcode::Count, &[], Imm::Counter(2), None, origin(6));
                f.append(entry, Opcode::CountIf, &[condition], Imm::Counter(3), None, origin(6));
                let after = state(&mut f, 9, &[result]);
                f.blocks[0].end = Terminator::Exit { reason: ExitReason::RegionEnd, state: after };
                let mut h = Harness::new(&f, opt_level);
                for holds in [true, false] {
                    let before = h.fuel;
                    let exit = h.run(&[u64::from(holds), if holds { 2 } else { 3 }, first, second]);
                    let chosen = if holds { first } else { second };
                    assert_eq!(h.stack(exit), [chosen], "{ty} {compares} {holds}");
                    let back = if holds { hotspotvm_codegen::packed_cost(4, 1) } else { 0 };
                    assert_eq!(h.fuel, before + back);
                    assert_eq!(h.counts, [0, 0, 1, u64::from(holds)]);
                    h.counts.fill(0);
                }
            }
        }
    }
}

#[test]
fn bools() {
    for opt_level in LEVELS {
        for (op, expected) in [
            (Opcode::BoolToInt, [0u64, 1]),
            (Opcode::BoolNot, [1, 0]),
            (Opcode::BoxBool, [0, 1]), // left to the exit, unboxed
        ] {
            let mut h = Harness::new(&one_op(op, Imm::None, &[Type::Bool], [None; 2]), opt_level);
            for a in [0u64, 1] {
                check(&mut h, op, &[a], &[a], Some(expected[a as usize]));
            }
        }
    }
}

#[test]
fn comparisons() {
    for opt_level in LEVELS {
        for cmp in Cmp::ALL {
            let imm = Imm::Cmp(cmp);
            let op = Opcode::IntCompare;
            let mut h = Harness::new(&one_op(op, imm, &[Type::Int; 2], [None; 2]), opt_level);
            for a in INTS {
                for b in INTS {
                    let operands = [a as u64, b as u64];
                    check(&mut h, op, &operands, &operands, Some(u64::from(cmp.holds(a.cmp(&b)))));
                }
            }
            let op = Opcode::FloatCompare;
            let mut h = Harness::new(&one_op(op, imm, &[Type::Float; 2], [None; 2]), opt_level);
            for a in FLOATS {
                for b in FLOATS {
                    let operands = [a.to_bits(), b.to_bits()];
                    let holds = a.partial_cmp(&b).map_or(cmp == Cmp::Ne, |order| cmp.holds(order));
                    check(&mut h, op, &operands, &operands, Some(u64::from(holds)));
                }
            }
        }
    }
}

#[test]
fn floats() {
    let arithmetic = |op, a: f64, b: f64| match op {
        Opcode::FloatAdd => Some(a + b),
        Opcode::FloatSub => Some(a - b),
        Opcode::FloatMul => Some(a * b),
        Opcode::FloatDiv => (b != 0.0).then(|| a / b),
        _ => panic!("{op:?}"),
    };
    for opt_level in LEVELS {
        for op in [Opcode::FloatAdd, Opcode::FloatSub, Opcode::FloatMul, Opcode::FloatDiv] {
            let mut h = Harness::new(&one_op(op, Imm::None, &[Type::Float; 2], [None; 2]), opt_level);
            for b in FLOATS {
                let constant = Some(Imm::Float(b.to_bits()));
                let by_constant = one_op(op, Imm::None, &[Type::Float; 2], [None, constant]);
                let mut by_constant = Harness::new(&by_constant, opt_level);
                for a in FLOATS {
                    let operands = [a.to_bits(), b.to_bits()];
                    let Some(expected) = arithmetic(op, a, b) else {
                        check(&mut h, op, &operands, &operands, None);
                        check(&mut by_constant, op, &operands[..1], &operands, None);
                        continue;
                    };
                    // Which of several NaNs comes out is nobody's promise.
                    if expected.is_nan() {
                        let exit = h.run(&operands);
                        assert!(f64::from_bits(h.stack(exit)[0]).is_nan());
                        continue;
                    }
                    check(&mut h, op, &operands, &operands, Some(expected.to_bits()));
                    check(&mut by_constant, op, &operands[..1], &operands, Some(expected.to_bits()));
                }
            }
        }
        let mut h = Harness::new(&one_op(Opcode::FloatNeg, Imm::None, &[Type::Float], [None; 2]), opt_level);
        for a in FLOATS {
            check(&mut h, Opcode::FloatNeg, &[a.to_bits()], &[a.to_bits()], Some((-a).to_bits()));
        }
    }
}

#[test]
fn one_float() {
    let limit = 2f64.powi(62);
    let edges = [limit, -limit, limit.next_down(), -limit.next_down(), 2f64.powi(63), -2f64.powi(63), 1e300];
    let more = [0.5, -0.5, -3.75, 9007199254740993.0, -1e15 - 0.125, 2.0];
    for opt_level in LEVELS {
        type Expected<'a> = &'a dyn Fn(f64) -> Option<u64>;
        let cases: [(Opcode, Expected); 3] = [
            (Opcode::FloatAbs, &|a| Some(a.to_bits() & !(1 << 63))),
            (Opcode::FloatSqrt, &|a| (a >= 0.0).then(|| a.sqrt().to_bits())),
            (Opcode::FloatToInt, &|a| (a > -limit && a < limit).then_some(a as i64 as u64)),
        ];
        for (op, expected) in cases {
            let mut h = Harness::new(&one_op(op, Imm::None, &[Type::Float], [None; 2]), opt_level);
            for a in FLOATS.into_iter().chain(edges).chain(more) {
                check(&mut h, op, &[a.to_bits()], &[a.to_bits()], expected(a));
            }
        }
    }
}

#[test]
fn guards() {
    for opt_level in LEVELS {
        let int = one_op(Opcode::GuardInt, Imm::None, &[Type::Boxed], [None; 2]);
        let float = one_op(Opcode::GuardFloat, Imm::None, &[Type::Boxed], [None; 2]);
        let boolean = one_op(Opcode::GuardBool, Imm::None, &[Type::Boxed], [None; 2]);
        let [mut int, mut float, mut boolean] = [int, float, boolean].map(|f| Harness::new(&f, opt_level));
        for n in INTS {
            let bits = int.world.boxed(n);
            check(&mut int, Opcode::GuardInt, &[bits], &[bits], Some(n as u64));
            check(&mut float, Opcode::GuardFloat, &[bits], &[bits], None);
            check(&mut boolean, Opcode::GuardBool, &[bits], &[bits], None);
        }
        let wide = INTS.iter().filter(|n| !(-(1 << 47)..1 << 47).contains(*n)).count();
        assert_eq!(int.world.calls.len(), wide, "only wide ints are unboxed by a call");
        for x in FLOATS.into_iter().map(f64::to_bits).chain([LAYOUT.max_float_bits]) {
            check(&mut int, Opcode::GuardInt, &[x], &[x], None);
            check(&mut float, Opcode::GuardFloat, &[x], &[x], Some(x));
            check(&mut boolean, Opcode::GuardBool, &[x], &[x], None);
        }
        for (bits, value) in [(LAYOUT.false_bits, Some(0)), (LAYOUT.true_bits, Some(1)), (NONE, None)] {
            check(&mut int, Opcode::GuardInt, &[bits], &[bits], None);
            check(&mut float, Opcode::GuardFloat, &[bits], &[bits], None);
            check(&mut boolean, Opcode::GuardBool, &[bits], &[bits], value);
        }
    }
}

#[test]
fn truth() {
    for opt_level in LEVELS {
        let f = one_op(Opcode::Truth, Imm::None, &[Type::Boxed], [None; 2]);
        let mut h = Harness::new(&f, opt_level);
        for (bits, expected) in [(LAYOUT.false_bits, 0), (LAYOUT.true_bits, 1)] {
            check(&mut h, Opcode::Truth, &[bits], &[bits], Some(expected));
        }
        assert!(h.world.calls.is_empty(), "bools need no call");
        for (bits, expected) in [(small(0), 0), (small(3), 1), (NONE, 0), (1.5f64.to_bits(), 1)] {
            check(&mut h, Opcode::Truth, &[bits], &[bits], Some(expected));
        }
        assert_eq!(h.world.calls.len(), 4);
    }
}

/// A box is only made where something other than an exit sees it: here, a global.
#[test]
fn boxes() {
    for opt_level in LEVELS {
        let boxing = |op: Opcode, ty| {
            let (mut f, v) = function(&[ty]);
            let boxed = common::op(&mut f, ir::Block(0), op, &[v[0]], Imm::None, None, 1);
            f.append(ir::Block(0), Opcode::StoreGlobal, &[boxed], Imm::Slot(2), None, origin(2));
            let end = state(&mut f, 3, &[]);
            f.blocks[0].end = Terminator::Exit { reason: ExitReason::Halt, state: end };
            Harness::new(&f, opt_level)
        };
        let mut h = boxing(Opcode::BoxInt, Type::Int);
        for n in INTS {
            h.run(&[n as u64]);
            assert_eq!(h.world.int(h.globals[2]), Some(n));
            let fits = (-(1 << 47)..1 << 47).contains(&n);
            assert_eq!(h.globals[2] >> 48 == u64::from(LAYOUT.int_tag), fits, "{n}");
        }
        let mut h = boxing(Opcode::BoxFloat, Type::Float);
        for x in FLOATS {
            h.run(&[x.to_bits()]);
            assert_eq!(h.globals[2], x.to_bits());
        }
        let mut h = boxing(Opcode::BoxBool, Type::Bool);
        for (bit, bits) in [(0, LAYOUT.false_bits), (1, LAYOUT.true_bits)] {
            h.run(&[bit]);
            assert_eq!(h.globals[2], bits);
        }
    }
}
