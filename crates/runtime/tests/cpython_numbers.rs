//! Every operator against CPython 3.11 itself, on values chosen to be nasty and on seeded random ones.
//!
//! The cases go to `python3` on its standard input; what it answers (values by repr, floats by bits, errors by class
//! and message) must be what the runtime answers. Without a `python3` of version 3.11 the test says so and passes.
#![allow(clippy::unwrap_used)]

mod common;

use bytecode::BinOp;
use common::{Cases, Random, pool};
use dashu_int::IBig;
use hotspotvm_runtime::num::{NumberLimits, Operand, Output, Watch, parse_argument, repr};

fn generate() -> Cases {
    // Small enough for Python to evaluate everything quickly.
    let limits = NumberLimits { max_int_bits: 1 << 15, max_str_bytes: 10_000, ..NumberLimits::default() };
    let (mut cases, pool) = (Cases::default(), pool());
    for a in &pool {
        cases.single(a.operand(), &limits);
        for b in &pool {
            for op in BinOp::ALL {
                cases.binary(op, a.operand(), b.operand(), &limits);
            }
        }
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3000 {
        let (a, b) = (random.value(), random.value());
        cases.single(a.operand(), &limits);
        for op in BinOp::ALL {
            cases.binary(op, a.operand(), b.operand(), &limits);
        }
    }
    // Quotients near a tie: (odd multiple of half a unit) * divisor, and its neighbours.
    for _ in 0..500 {
        let divisor = IBig::from(random.next() | 1) << random.below(90) as usize;
        let tie = ((IBig::from(random.next() >> 11) * 2 + 1) * &divisor) << random.below(90) as usize;
        for offset in [-1, 0, 1] {
            let dividend = Output::int(&tie + IBig::from(offset));
            let divisor = Output::int(divisor.clone());
            cases.binary(BinOp::Div, dividend.operand(), divisor.operand(), &limits);
            cases.binary(BinOp::Add, dividend.operand(), Operand::Float(0.0), &limits);
        }
    }
    // Floats as text: any bits, powers of two (whose shortest decimal can be a tie), powers of ten.
    for n in 0..6000 {
        let f = match n {
            0..2000 => f64::from_bits(random.next()),
            2000..4098 => f64::from_bits((n - 2000) << 52),
            4098..4700 => format!("1e{}", n as i64 - 4400).parse().unwrap(),
            _ => (random.next() >> random.below(64)) as f64 / 1024.0,
        };
        cases.push(
            "repr",
            &[Operand::Float(f)],
            &repr(Operand::Float(f), &Watch::unhurried(limits)).map(Output::Str),
        );
    }
    // Strings as text. Python 3.11 knows Unicode 14: these were assigned long before, or never.
    for s in [
        "'",
        "\"",
        "'\"",
        "\\\n\r\t\0\x1b\x7f",
        "\u{80}\u{a0}\u{ad}ÿ",
        "\u{300}a\u{300}",
        "\u{2028}\u{200b}\u{feff}",
        "😀\u{10ffff}\u{e000}漢字",
    ] {
        cases.push(
            "repr",
            &[Operand::Str(s)],
            &repr(Operand::Str(s), &Watch::unhurried(limits)).map(Output::Str),
        );
        let wrapped = Output::Str(format!("x{s}'"));
        cases.push(
            "repr",
            &[wrapped.operand()],
            &repr(wrapped.operand(), &Watch::unhurried(limits)).map(Output::Str),
        );
    }
    let pieces = [
        "", "0", "1", "9_9", "_", "+", "-", ".", "e", "E5", "0x", "0B1", "0o7", " ", "\t", "inf", "nan", "f",
        "1e-5", "\u{a0}", "\u{1c}",
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                let text = [a, b, c].concat();
                cases.push("argument", &[Operand::Str(&text)], &Ok(parse_argument(&text)));
            }
        }
    }
    cases
}

#[test]
fn the_runtime_agrees_with_cpython() {
    let cases = generate();
    assert!(cases.lines.len() >= 20_000, "only {} cases", cases.lines.len());
    assert!(cases.refused > 100, "the limits refused only {} cases", cases.refused);
    cases.check();
}
