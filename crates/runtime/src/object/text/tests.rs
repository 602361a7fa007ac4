//! Methods of strs, slices and indices against CPython.

#![allow(clippy::needless_range_loop)]

use super::super::args::Takes;
use super::super::oracle::{Cases, Py, Random, outcome};
use super::super::test_context::TestContext;
use super::{index, methods};

const TEXTS: &[&str] = &[
    "",
    "a",
    " ",
    "ab",
    "aa",
    "aaa",
    "abc",
    "abcabc",
    "a b  c ",
    "  leading",
    "Hello, World",
    "HELLO",
    "hello world",
    "x1y2",
    "123",
    "-42",
    "+7",
    "--",
    "0",
    "\t\ta\tb\n\tc\r\n",
    "one\ntwo\r\nthree\rfour\u{b}five\u{2028}six",
    "\u{1c}\u{1d}\u{1e}\u{1f}",
    "\u{a0}\u{3000}x\u{85}",
    "é",
    "éa",
    "aé",
    "ééé",
    "e\u{301}",
    "naïve café",
    "ß",
    "ßSS",
    "ΑΣ",
    "ὈΔΥΣΣΕΎΣ Σ",
    "Σ",
    "aΣ\u{ad}",
    "aΣ\u{ad}b",
    "ǆ",
    "ǅungla",
    "ŉ",
    "ﬁne",
    "İi̇I",
    "ı",
    "Ǆǅǆ",
    "ªº",
    "²³¹",
    "½",
    "Ⅷ",
    "一二三",
    "٣",
    "𝟘𝟙",
    "😀",
    "a😀b😀c",
    "𝔘nicode",
    "ꭰᏸ",
    "\u{1F98}ᾳ",
    "a_b",
    "_x",
    "1x",
    "x²",
    "x.y",
    "{}",
    "%s",
    "a,b,,c,",
    ",",
    ",,",
    "aXbXc",
    "The quick brown fox's tail",
    "they're bill's",
    "A1b2 C3",
    "UPPER lower Title",
    "\u{0}nul\u{0}",
    "مرحبا",
    "हिन्दी",
    "日本語",
    "ａＢＣ",
    "Ⴀⴀა",
    "\u{10d50}\u{a7cb}",
    "\u{19b}\u{264}",
];

fn texts(random: &mut Random) -> String {
    match random.below(8) {
        0 => random.pick(TEXTS).to_owned() + random.pick(TEXTS),
        1 => random.pick(TEXTS).repeat(random.below(5)),
        2 => {
            let letters = ['a', 'b', ' ', 'é', '😀', '\n', 'A', '\t', '-', ','];
            (0..random.below(12)).map(|_| random.pick(&letters)).collect()
        }
        _ => random.pick(TEXTS).to_owned(),
    }
}

/// A piece of a text, perhaps.
fn piece(random: &mut Random, of: &str) -> String {
    let characters: Vec<char> = of.chars().collect();
    if characters.is_empty() || random.below(4) == 0 {
        return texts(random);
    }
    let start = random.below(characters.len());
    let most = [1, 1, 2, 3, characters.len()];
    let size = random.pick(&most).min(characters.len() - start);
    characters[start..start + size].iter().collect()
}

fn number(random: &mut Random) -> Py {
    match random.below(12) {
        0 => Py::Power(70, random.below(2) == 0),
        1 => Py::Int(i64::MIN),
        2 => Py::Int(i64::MAX),
        3 => Py::Bool(true),
        _ => Py::Int(random.below(24) as i64 - 8),
    }
}

fn anything(random: &mut Random, of: &str) -> Py {
    match random.below(16) {
        0 => Py::None,
        1 => Py::Float(1.5),
        2 => Py::List(vec![]),
        3 => Py::Tuple((0..random.below(4)).map(|_| Py::Str(piece(random, of))).collect()),
        4 => Py::List((0..random.below(4)).map(|_| Py::Str(piece(random, of))).collect()),
        5 => Py::Tuple(vec![Py::Str(piece(random, of)), Py::Int(1)]),
        6 => Py::List(vec![Py::Str(piece(random, of)), Py::None, Py::Str("x".into())]),
        7..=9 => number(random),
        _ => Py::Str(piece(random, of)),
    }
}

/// An argument that is likely to be right.
fn argument(random: &mut Random, name: &str, at: usize, of: &str) -> Py {
    if random.below(8) == 0 {
        return anything(random, of);
    }
    match (name, at) {
        ("center" | "ljust" | "rjust" | "zfill" | "expandtabs" | "splitlines", 0) => number(random),
        ("center" | "ljust" | "rjust", 1) => {
            Py::Str(random.pick(&["*", "é", "😀", "0", "ab", ""]).to_owned())
        }
        ("split" | "rsplit" | "replace", 1 | 2) if (name, at) != ("replace", 1) => number(random),
        ("find" | "rfind" | "index" | "rindex" | "count" | "startswith" | "endswith", 1 | 2) => {
            match random.below(5) {
                0 => Py::None,
                _ => number(random),
            }
        }
        ("split" | "rsplit" | "strip" | "lstrip" | "rstrip", 0) if random.below(3) == 0 => Py::None,
        ("join", 0) => match random.below(3) {
            0 => Py::Str(piece(random, of)),
            1 => Py::Tuple((0..random.below(4)).map(|_| Py::Str(piece(random, of))).collect()),
            _ => Py::List((0..random.below(4)).map(|_| Py::Str(piece(random, of))).collect()),
        },
        ("startswith" | "endswith", 0) if random.below(3) == 0 => {
            Py::Tuple((0..random.below(4)).map(|_| Py::Str(piece(random, of))).collect())
        }
        ("encode", 0) => {
            Py::Str(random.pick(&["utf-8", "ascii", "latin-1", "UTF8", "utf_8", "none such"]).to_owned())
        }
        ("encode", 1) => {
            let handlers = ["strict", "ignore", "replace", "xmlcharrefreplace", "backslashreplace", "bad"];
            Py::Str(random.pick(&handlers).to_owned())
        }
        _ => Py::Str(piece(random, of)),
    }
}

fn calls(stress: bool, rounds: usize, seed: u64) -> Cases {
    let (mut cases, mut random) = (Cases::default(), Random(seed));
    for method in methods() {
        let (least, most) = match method.takes {
            Takes::Nothing => (0, 0),
            Takes::One => (1, 1),
            Takes::Between(least, most) | Takes::Parsed(least, most) => (least, most),
            Takes::Named { names, least, .. } => (least, names.len()),
        };
        for round in 0..rounds {
            let this = if round < TEXTS.len() { TEXTS[round].to_owned() } else { texts(&mut random) };
            let count = match random.below(12) {
                0 => random.below(5),
                _ => least + random.below(most - least + 1),
            };
            let args: Vec<Py> = (0..count).map(|at| argument(&mut random, method.name, at, &this)).collect();
            let keywords = match (method.takes, random.below(10)) {
                (Takes::Named { names, .. }, 0..=3) => {
                    let name = random.pick(names);
                    let at = names.iter().position(|&other| other == name).unwrap_or(0);
                    vec![(
                        if name.is_empty() { "table" } else { name },
                        argument(&mut random, method.name, at, &this),
                    )]
                }
                (_, 9) => vec![("nonesuch", Py::None)],
                _ => vec![],
            };
            cases.method(stress, &Py::Str(this), method.name, &args, &keywords);
        }
    }
    cases
}

#[test]
fn methods_agree_with_cpython() {
    calls(false, 400, 0x1234_5678_9abc_def1).check();
}

#[test]
fn methods_agree_with_cpython_when_everything_moves() {
    calls(true, 120, 0x9876_5432_1abc_def1).check();
}

#[test]
fn indices_and_slices_agree_with_cpython() {
    let (mut cases, mut random) = (Cases::default(), Random(0x55aa_1234_9abc_def1));
    for round in 0..4000 {
        let this = if round < TEXTS.len() { TEXTS[round].to_owned() } else { texts(&mut random) };
        let part = |random: &mut Random| match random.below(12) {
            0..=3 => Py::None,
            4 => anything(random, "a"),
            _ => number(random),
        };
        let key = match random.below(4) {
            0 => part(&mut random),
            _ => Py::Slice(Box::new([part(&mut random), part(&mut random), part(&mut random)])),
        };
        let mut cx = TestContext::new(round % 2 == 0);
        let text = Py::Str(this);
        let (s, i) = (text.value(&mut cx.store), key.value(&mut cx.store));
        let result = index(&mut cx, s, i);
        cases.push(format!("({})[{}]", text.source(), key.source()), outcome(&cx.store, &result));
    }
    cases.check();
}

/// Values that formats are given.
fn formatted(random: &mut Random) -> Py {
    match random.below(22) {
        0 => Py::None,
        1 => Py::Bool(random.below(2) == 0),
        2 => {
            Py::Float(random.pick(&[0.0, -0.0, 1.5, -2.25, 1e300, 1e-7, 123456.789, f64::INFINITY, f64::NAN]))
        }
        3 => Py::Power(70, random.below(2) == 0),
        4 => Py::List(vec![Py::Int(1), Py::str("é"), Py::Float(2.5)]),
        5 => Py::Tuple(vec![Py::Int(1), Py::str("a'b")]),
        6 => {
            Py::Dict(vec![(Py::str("a"), Py::Int(1)), (Py::Int(0), Py::str("zero")), (Py::str(""), Py::None)])
        }
        7 => Py::Int(random.pick(&[65, 0x1F600, -1, 0x110000, i64::MAX, i64::MIN])),
        8..=12 => Py::Int(random.below(2000) as i64 - 1000),
        _ => Py::Str(texts(random)),
    }
}

fn percent_format(random: &mut Random) -> String {
    let mut format = String::new();
    for _ in 0..random.below(4) {
        format += random.pick(&["", "x", "é", " ", "%%"]);
        format += "%";
        format += random.pick(&["", "", "", "", "(a)", "(é)", "(a(b))", "(", "()"]);
        for _ in 0..random.below(3) {
            format += random.pick(&["-", "+", " ", "#", "0", ""]);
        }
        format += random.pick(&["", "", "", "3", "10", "*", "05"]);
        format += random.pick(&["", "", "", ".", ".0", ".3", ".*", ".12"]);
        format += random.pick(&["", "", "", "", "l", "h"]);
        let kinds = [
            "d", "i", "s", "s", "r", "a", "x", "X", "o", "c", "e", "E", "f", "F", "g", "G", "u", "%", "q",
            "é", "", "d",
        ];
        format += random.pick(&kinds);
    }
    format
}

#[test]
fn percent_agrees_with_cpython() {
    let (mut cases, mut random) = (Cases::default(), Random(0x7777_1234_9abc_def1));
    for round in 0..9000 {
        let format = percent_format(&mut random);
        let wanted = format.matches('%').count() + format.matches('*').count();
        let values = match random.below(8) {
            0 => formatted(&mut random),
            1 => {
                Py::Dict(vec![(Py::str("a"), formatted(&mut random)), (Py::str("é"), formatted(&mut random))])
            }
            2 => Py::Tuple((0..random.below(4)).map(|_| formatted(&mut random)).collect()),
            3 => Py::List(vec![Py::Int(1)]),
            _ if format.contains('(') => Py::Dict(vec![
                (Py::str("a"), formatted(&mut random)),
                (Py::str("a(b)"), formatted(&mut random)),
            ]),
            _ => Py::Tuple((0..wanted).map(|_| formatted(&mut random)).collect()),
        };
        let format = Py::Str(format);
        let source = format!("{} % {}", format.source(), values.source());
        cases.binary(round % 4 == 0, bytecode::BinOp::Mod, &format, &values, source);
    }
    cases.check();
}

fn template(random: &mut Random, depth: usize) -> String {
    let mut text = String::new();
    for _ in 0..random.below(3) + depth % 2 {
        text += random.pick(&["", "", "x", "é", "{{", "}}", " ", ":"]);
        if depth < 2 && random.below(24) == 0 {
            text += random.pick(&[
                "{", "}", "{0", "{!", "{0!", "{0!r", "{0[", "{0[1", "{:", "{0!rx}", "{{}", "{0[]}", "{0.}",
            ]);
            continue;
        }
        text += "{";
        text += random.pick(&[
            "",
            "",
            "",
            "0",
            "1",
            "2",
            "a",
            "b",
            "é",
            "00",
            "٣",
            "-1",
            "99999999999999999999",
            "a b",
        ]);
        for _ in 0..random.below(6).saturating_sub(3) {
            text += random.pick(&[
                "[0]",
                "[1]",
                "[a]",
                "[-1]",
                "[5]",
                ".nonesuch",
                "[]",
                "x",
                "[0",
                "[٠]",
                "[a.b]",
            ]);
        }
        text += random.pick(&["", "", "", "", "!r", "!s", "!a", "!x", "!é"]);
        if random.below(3) == 0 {
            text += ":";
            if random.below(4) == 0 {
                text += &template(random, depth + 1);
            }
            text += random.pick(&[
                "", "d", "5", ">8", "é^7", "+", "x", ".2f", "08.3f", ",", "s", "%", "q", "c", "<5s", "}",
            ]);
        }
        text += "}";
    }
    text
}

#[test]
fn templates_agree_with_cpython() {
    let (mut cases, mut random) = (Cases::default(), Random(0x3333_1234_9abc_def1));
    for round in 0..9000 {
        let this = Py::Str(template(&mut random, 0));
        let args: Vec<Py> = (0..random.below(4)).map(|_| formatted(&mut random)).collect();
        let keywords: Vec<(&str, Py)> = match random.below(3) {
            0 => vec![],
            1 => vec![("a", formatted(&mut random))],
            _ => vec![("b", formatted(&mut random)), ("é", formatted(&mut random))],
        };
        cases.method(round % 4 == 0, &this, "format", &args, &keywords);
        let mapping = if random.below(4) == 0 {
            formatted(&mut random)
        } else {
            Py::Dict(vec![(Py::str("a"), formatted(&mut random)), (Py::str("b"), formatted(&mut random))])
        };
        cases.method(round % 4 == 0, &this, "format_map", &[mapping], &[]);
        let (value, spec) = (formatted(&mut random), random.pick(&["", "5", "s", "d", ">7", "x", ".2f"]));
        let spec = if round % 50 == 0 { formatted(&mut random) } else { Py::str(spec) };
        // Only ASCII digits count in a spec here.
        if matches!(&spec, Py::Str(text) if text.contains(['٣', '𝟘', '𝟙'])) {
            continue;
        }
        let source = format!("format({}, {})", value.source(), spec.source());
        cases.binary(false, bytecode::BinOp::Call(bytecode::Builtin2::Format), &value, &spec, source);
    }
    cases.check();
}
