//! Every builtin function against CPython 3.11 itself, on values chosen to be nasty and on seeded random ones.
//!
//! The cases go to `python3`; see `common`. What is left out: what CPython and the limits here do not allow alike.
#![allow(clippy::unwrap_used)]

mod common;

use bytecode::{BinOp, Builtin1, Builtin2, UnOp};
use common::{Cases, Random, pool};
use dashu_int::IBig;
use hotspotvm_runtime::num::{
    NumError, NumberLimits, Operand, Output, Watch, binary, binary_cost, pow_mod, pow_mod_cost, unary,
    unary_cost,
};

fn limits() -> NumberLimits {
    NumberLimits { max_int_bits: 1 << 15, max_str_bytes: 10_000, ..NumberLimits::default() }
}

/// How large an int is, for operands that CPython takes its time for.
trait Size {
    fn as_size(&self) -> u64;
}

impl Size for Operand<'_> {
    fn as_size(&self) -> u64 {
        match self {
            Operand::Int(i) => i.unsigned_abs(),
            Operand::Big(_) => u64::MAX,
            _ => 0,
        }
    }
}

fn one(cases: &mut Cases, builtin: Builtin1, a: Operand<'_>) {
    let limits = limits();
    let op = UnOp::Call(builtin);
    // What is too large is refused before anything is done.
    if unary_cost(op, a, &limits).is_err() {
        cases.refused += 1;
        return;
    }
    let result = unary(op, a, &Watch::unhurried(limits));
    if result.as_ref().is_err_and(NumError::is_limit) {
        cases.refused += 1;
        return;
    }
    cases.push(builtin.name(), &[a], &result);
}

fn two(cases: &mut Cases, builtin: Builtin2, a: Operand<'_>, b: Operand<'_>) {
    let limits = limits();
    let op = BinOp::Call(builtin);
    // CPython computes a power of ten, or a product, that is as long as the second operand says.
    let size = b.as_size();
    let no_factorial = builtin != Builtin2::Perm || a.as_size() <= 2_000;
    // Elsewhere CPython's answer depends on how it keeps its ints.
    let singleton = |o: Operand<'_>| matches!(o, Operand::None | Operand::Bool(_));
    if builtin == Builtin2::Is && !singleton(a) && !singleton(b) {
        return;
    }
    let slow = (matches!(b, Operand::None) && !no_factorial)
        || matches!(builtin, Builtin2::RoundTo | Builtin2::Comb | Builtin2::Perm) && size > 400;
    if slow {
        return;
    }
    if binary_cost(op, a, b, &limits).is_err() {
        cases.refused += 1;
        return;
    }
    let result = binary(op, a, b, &Watch::unhurried(limits));
    if result.as_ref().is_err_and(NumError::is_limit) {
        cases.refused += 1;
        return;
    }
    cases.push(builtin.name(), &[a, b], &result);
}

/// Functions that are left out for this operand: what Python would take forever for, or the documented deviations.
fn skipped(builtin: Builtin1, a: &Output) -> bool {
    match (builtin, a) {
        (Builtin1::Factorial, Output::Int(i)) => *i > 2_000,
        // An index that is not small makes a long range.
        (Builtin1::Index, Output::Str(_) | Output::Float(_) | Output::None) => true,
        (Builtin1::Index, a) => matches!(a, Output::Big(_)),
        // These are tested as parts of programs.
        _ => builtin.is_setting(),
    }
}

fn specs(random: &mut Random) -> String {
    let pick = |random: &mut Random, of: &[&str]| of[random.below(of.len() as u64) as usize].to_owned();
    let mut spec = pick(random, &["", "", "", "<", ">", "^", "=", "*<", "0>", "é^", "x="]);
    spec += &pick(random, &["", "", "", "+", "-", " "]);
    spec += &pick(random, &["", "", "", "", "z"]);
    spec += &pick(random, &["", "", "", "#"]);
    spec += &pick(random, &["", "", "0", "8", "12", "020", "3"]);
    spec += &pick(random, &["", "", "", ",", "_"]);
    spec += &pick(random, &["", "", "", ".0", ".1", ".3", ".10", ".25", "."]);
    spec += &pick(
        random,
        &["", "", "d", "f", "F", "e", "E", "g", "G", "%", "x", "X", "o", "b", "c", "n", "s", "r", "q"],
    );
    spec
}

#[test]
fn builtin_functions_agree_with_cpython() {
    let (mut cases, mut pool) = (Cases::default(), pool());
    let texts = [
        "12",
        " -3_000 ",
        "0x1F",
        "0b101",
        "1e5",
        "inf",
        "-nan",
        "1_0.5",
        "abc",
        "12a",
        "+7",
        "__1",
        "1__2",
        "010",
        "0",
        "9223372036854775808",
        "é",
        "\u{1f}5\n",
        "1.5e400",
        "zz",
        "0o17",
        "-0",
        ".5",
        "5.",
        "e5",
        "'q\"",
    ];
    pool.extend(texts.map(|t| Output::Str(t.into())));
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut many = pool.clone();
    many.extend((0..400).map(|_| random.value()));
    for a in &many {
        for &builtin in Builtin1::ALL {
            if !skipped(builtin, a) {
                one(&mut cases, builtin, a.operand());
            }
        }
    }
    for a in &pool {
        for b in &pool {
            for &builtin in Builtin2::ALL {
                two(&mut cases, builtin, a.operand(), b.operand());
            }
        }
    }
    for _ in 0..6000 {
        let (a, b) = (random.value(), random.value());
        let builtin = Builtin2::ALL[random.below(Builtin2::ALL.len() as u64) as usize];
        two(&mut cases, builtin, a.operand(), b.operand());
        // Places to round to, bases, small ints.
        let places = Output::Int(random.below(50) as i64 - 20);
        two(&mut cases, Builtin2::RoundTo, a.operand(), places.operand());
        two(&mut cases, Builtin2::IntBase, Operand::Str("1f_3"), places.operand());
        let small = Output::Int(random.below(120) as i64);
        two(&mut cases, Builtin2::Comb, small.operand(), places.operand());
        two(&mut cases, Builtin2::Perm, small.operand(), places.operand());
    }
    // Decimals that look like ties and are none, and some that are.
    for i in 0..3000 {
        let f = Output::Float((i as f64 * 5.0 + 2.5) / 1000.0);
        two(&mut cases, Builtin2::RoundTo, f.operand(), Operand::Int(2));
        let big = Output::Float(i as f64 * 50.0 + 25.0);
        two(&mut cases, Builtin2::RoundTo, big.operand(), Operand::Int(-2));
    }
    for _ in 0..40_000 {
        let a = if random.below(4) == 0 {
            pool[random.below(pool.len() as u64) as usize].clone()
        } else {
            random.value()
        };
        let spec = specs(&mut random);
        two(&mut cases, Builtin2::Format, a.operand(), Operand::Str(&spec));
    }
    for _ in 0..3000 {
        let mut int = || Output::int(IBig::from(random.next() as i64 >> random.below(63)));
        let (a, b, c) = (int(), int(), int());
        let exponent = if random.below(3) == 0 { b } else { Output::Int(random.below(500) as i64 - 100) };
        let operands = [a.operand(), exponent.operand(), c.operand()];
        if pow_mod_cost(operands[0], operands[1], operands[2], &limits()).is_ok() {
            let result = pow_mod(operands[0], operands[1], operands[2], &Watch::unhurried(limits()));
            cases.push("pow_mod", &operands, &result);
        }
    }
    assert!(cases.lines.len() > 100_000, "only {} cases", cases.lines.len());
    cases.check();
}
