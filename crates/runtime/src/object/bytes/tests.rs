//! `bytes` and `bytearray` against CPython.

#![allow(clippy::needless_range_loop)]

use super::super::args::Takes;
use super::super::oracle::{Cases, Py, Random, encode, outcome};
use super::super::test_context::TestContext;
use super::super::{delete_index, index, routine, store_index};
use super::tables;
use crate::value::Value;
use bytecode::{Augmented, BinOp, Builtin1, Builtin2, Cmp, Routine, UnOp};

const TEXTS: &[&[u8]] = &[
    b"",
    b"a",
    b" ",
    b"ab",
    b"aaa",
    b"abcabc",
    b"a b  c ",
    b"  leading",
    b"Hello, World",
    b"HELLO",
    b"-42",
    b"+7",
    b"123",
    b"\t\ta\tb\n\tc\r\n",
    b"one\ntwo\r\nthree\rfour\x0bfive",
    b"\xff\xfe",
    b"\xc3\xa9",
    b"\xe2\x82",
    b"\xf0\x9f\x98\x80x",
    b"a,b,,c,",
    b",",
    b"\x00nul\x00",
    b"it's \"q\"",
    b"they're bill's",
    b"61 62\t63",
    b"6g",
    b"a_b",
    b"\xed\xa0\x80",
    b"\xc0\x80",
];

fn some(random: &mut Random) -> Vec<u8> {
    match random.below(5) {
        0 => [random.pick(TEXTS), random.pick(TEXTS)].concat(),
        1 => random.pick(TEXTS).repeat(random.below(4)),
        2 => (0..random.below(20)).map(|_| random.pick(b"ab \n,A\xff\t-")).collect(),
        _ => random.pick(TEXTS).to_vec(),
    }
}

fn piece(random: &mut Random, of: &[u8]) -> Vec<u8> {
    if of.is_empty() || random.below(4) == 0 {
        return some(random);
    }
    let start = random.below(of.len());
    let size = random.pick(&[1, 1, 2, 3, of.len()]).min(of.len() - start);
    of[start..start + size].to_vec()
}

fn this(random: &mut Random, bytes: Vec<u8>) -> Py {
    if random.below(2) == 0 { Py::Bytes(bytes) } else { Py::Bytearray(bytes) }
}

fn number(random: &mut Random) -> Py {
    match random.below(12) {
        0 => Py::Power(70, random.below(2) == 0),
        1 => Py::Int(i64::MIN),
        2 => Py::Bool(true),
        3 => Py::Int(300),
        4 => Py::Int(97),
        _ => Py::Int(random.below(24) as i64 - 8),
    }
}

fn anything(random: &mut Random, of: &[u8]) -> Py {
    match random.below(14) {
        0 => Py::None,
        1 => Py::Float(1.5),
        2 => Py::List(vec![Py::Int(97), number(random)]),
        3 => Py::Tuple((0..random.below(4)).map(|_| Py::Bytes(piece(random, of))).collect()),
        4 => Py::List(vec![Py::Int(1), Py::str("a")]),
        5 => Py::str(random.pick(&["", "a", "6162", "é", ":"])),
        6..=8 => number(random),
        _ => {
            let bytes = piece(random, of);
            this(random, bytes)
        }
    }
}

fn argument(random: &mut Random, name: &str, at: usize, of: &[u8]) -> Py {
    if random.below(8) == 0 {
        return anything(random, of);
    }
    match (name, at) {
        (
            "center" | "ljust" | "rjust" | "zfill" | "expandtabs" | "splitlines" | "append" | "pop"
            | "insert" | "remove",
            _,
        ) if at == 0 || name == "insert" => number(random),
        ("center" | "ljust" | "rjust", 1) => Py::Bytes(random.pick(&[&b"*"[..], b"ab", b""]).to_vec()),
        ("split" | "rsplit", 1) | ("replace", 2) | ("hex", 1) => number(random),
        ("find" | "rfind" | "index" | "rindex" | "count" | "startswith" | "endswith", 1 | 2) => {
            match random.below(5) {
                0 => Py::None,
                _ => number(random),
            }
        }
        ("decode", 0) => Py::str(random.pick(&["utf-8", "ascii", "latin-1", "UTF8", "none such"])),
        ("decode", 1) => Py::str(random.pick(&[
            "strict",
            "ignore",
            "replace",
            "backslashreplace",
            "xmlcharrefreplace",
            "bad",
        ])),
        ("fromhex", 0) => Py::str(random.pick(&["", "6162", "61 62", "6", "6g", "é", "6é", " 61\t", "FFfe"])),
        ("hex", 0) => Py::str(random.pick(&[":", "", "ab", "é"])),
        ("translate", 0) if random.below(2) == 0 => Py::Bytes((0..=255u8).rev().collect()),
        ("translate", 0) => Py::None,
        ("join", 0) => Py::List((0..random.below(4)).map(|_| Py::Bytes(piece(random, of))).collect()),
        ("split" | "rsplit" | "strip" | "lstrip" | "rstrip", 0) if random.below(3) == 0 => Py::None,
        _ => {
            let bytes = piece(random, of);
            this(random, bytes)
        }
    }
}

#[test]
fn methods_agree_with_cpython() {
    let (mut cases, mut random) = (Cases::default(), Random(0x1357_5678_9abc_def1));
    for (own, table) in tables().into_iter().enumerate() {
        for method in table {
            let (least, most) = match method.takes {
                Takes::Nothing => (0, 0),
                Takes::One => (1, 1),
                Takes::Between(least, most) | Takes::Parsed(least, most) => (least, most),
                Takes::Named { names, least, .. } => (least, names.len()),
            };
            for round in 0..240 {
                let bytes = if round < TEXTS.len() { TEXTS[round].to_vec() } else { some(&mut random) };
                let count = if random.below(12) == 0 {
                    random.below(5)
                } else {
                    least + random.below(most - least + 1)
                };
                let args: Vec<Py> =
                    (0..count).map(|at| argument(&mut random, method.name, at, &bytes)).collect();
                let keywords = match (method.takes, random.below(10)) {
                    (Takes::Named { names, .. }, 0..=3) => {
                        let name = random.pick(names);
                        let at = names.iter().position(|&other| other == name).unwrap_or(0);
                        let value = argument(&mut random, method.name, at, &bytes);
                        vec![(if name.is_empty() { "table" } else { name }, value)]
                    }
                    (_, 9) => vec![("nonesuch", Py::None)],
                    _ => vec![],
                };
                let this = if own == 1 { Py::Bytearray(bytes) } else { this(&mut random, bytes) };
                cases.method(round % 3 == 0, &this, method.name, &args, &keywords);
            }
        }
    }
    cases.check();
}

#[test]
fn operators_agree_with_cpython() {
    let (mut cases, mut random) = (Cases::default(), Random(0x2468_5678_9abc_def1));
    let symbols = [
        ("+", BinOp::Add),
        ("*", BinOp::Mul),
        ("==", BinOp::Compare(Cmp::Eq)),
        ("!=", BinOp::Compare(Cmp::Ne)),
        ("<", BinOp::Compare(Cmp::Lt)),
        ("<=", BinOp::Compare(Cmp::Le)),
        (">", BinOp::Compare(Cmp::Gt)),
        ("in", BinOp::Call(Builtin2::In)),
        ("-", BinOp::Sub),
        ("&", BinOp::And),
    ];
    for round in 0..4000 {
        let bytes = some(&mut random);
        let (a, b) = (this(&mut random, bytes.clone()), anything(&mut random, &bytes));
        let (a, b) = if round % 5 == 0 { (b, a) } else { (a, b) };
        let (symbol, op) = random.pick(&symbols);
        let source = format!("{} {symbol} {}", a.source(), b.source());
        if ![&a, &b].iter().any(|a| matches!(a, Py::Bytes(_) | Py::Bytearray(_)))
            || symbol == "in" && matches!(b, Py::Str(_))
        {
            continue;
        }
        cases.binary(round % 3 == 0, op, &a, &b, source);
    }
    for round in 0..400 {
        let bytes = some(&mut random);
        let a = this(&mut random, bytes);
        let mut cx = TestContext::new(round % 3 == 0);
        let value = a.value(&mut cx.store);
        cx.roots.push(value);
        let mut ask = |call: Builtin1, name: &str| {
            let value = cx.roots[0];
            let result = super::super::unary(&mut cx, UnOp::Call(call), value);
            cases.push(format!("{name}({})", a.source()), outcome(&cx.store, &result));
        };
        ask(Builtin1::Repr, "repr");
        ask(Builtin1::Str, "str");
        ask(Builtin1::Len, "len");
        let a = Py::Bytearray(some(&mut random));
        for (op, name) in [(Augmented::Add, "__iadd__"), (Augmented::Mul, "__imul__")] {
            let b = if op == Augmented::Add {
                Py::Bytes(some(&mut random))
            } else {
                Py::Int(random.below(4) as i64)
            };
            cases.binary(
                round % 3 == 0,
                BinOp::Augmented(op),
                &a,
                &b,
                format!("call({}, '{name}', {})", a.source(), b.source()),
            );
        }
        let from = anything(&mut random, b"abc");
        for (name, which) in [("bytes", Routine::BytesOf), ("bytearray", Routine::BytearrayOf)] {
            let mut cx = TestContext::new(round % 3 == 0);
            let value = from.value(&mut cx.store);
            let result = routine(&mut cx, which, 0, &mut [value]);
            cases.push(format!("{name}({})", from.source()), outcome(&cx.store, &result));
        }
        for (name, which) in [("list", Routine::ListOf), ("tuple", Routine::TupleOf)] {
            let mut cx = TestContext::new(round % 3 == 0);
            let value = a.value(&mut cx.store);
            let result = routine(&mut cx, which, 0, &mut [value]);
            cases.push(format!("{name}({})", a.source()), outcome(&cx.store, &result));
        }
    }
    cases.check();
}

#[test]
fn subscripts_agree_with_cpython() {
    let (mut cases, mut random) = (Cases::default(), Random(0x9999_5678_9abc_def1));
    for round in 0..3000 {
        let bytes = some(&mut random);
        let part = |random: &mut Random| match random.below(12) {
            0..=4 => Py::None,
            5 => anything(random, b"a"),
            _ => number(random),
        };
        let key = match random.below(3) {
            0 => part(&mut random),
            _ => Py::Slice(Box::new([part(&mut random), part(&mut random), part(&mut random)])),
        };
        let mut cx = TestContext::new(round % 2 == 0);
        let a = this(&mut random, bytes.clone());
        let (value, i) = (a.value(&mut cx.store), key.value(&mut cx.store));
        let result = index(&mut cx, value, i);
        cases.push(format!("({})[{}]", a.source(), key.source()), outcome(&cx.store, &result));
        let a = Py::Bytearray(bytes.clone());
        for change in [true, false] {
            let mut cx = TestContext::new(round % 2 == 0);
            let new =
                if matches!(key, Py::Slice(_)) { anything(&mut random, &bytes) } else { number(&mut random) };
            let values = [a.value(&mut cx.store), key.value(&mut cx.store), new.value(&mut cx.store)];
            cx.roots.push(values[0]);
            let result = if change {
                store_index(&mut cx, values[0], values[1], values[2])
            } else {
                delete_index(&mut cx, values[0], values[1])
            };
            let answer = match result {
                Ok(()) => Some(encode(&cx.store, cx.roots[0])),
                Err(fault) => outcome(&cx.store, &Err::<Value, _>(fault)),
            };
            let source = if change {
                format!("slot({}, {}, {})", a.source(), key.source(), new.source())
            } else {
                format!("unslot({}, {})", a.source(), key.source())
            };
            cases.push(source, answer);
        }
    }
    cases.check();
}
