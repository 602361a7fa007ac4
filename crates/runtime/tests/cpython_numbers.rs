//! Every operator against CPython 3.11 itself, on values chosen to be nasty and on seeded random ones.
//!
//! The cases go to `python3` on its standard input; what it answers (values by repr, floats by bits, errors by class
//! and message) must be what the runtime answers. Without a `python3` of version 3.11 the test says so and passes.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use bytecode::{BinOp, UnOp};
use dashu_int::IBig;
use hotspotvm_runtime::num::{
    NumError, NumberLimits, Operand, Output, binary, binary_cost, parse_argument, repr, str, truth, unary,
};

/// Reads cases `operator<TAB>a[<TAB>b]`, answers one line each.
const ORACLE: &str = r#"
import operator, struct, sys, warnings
warnings.simplefilter("ignore")
OPS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift, "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge, "neg": operator.neg, "invert": operator.invert,
    "str": str, "repr": repr, "truth": bool,
}
def argument(text):
    for read in (int, lambda t: int(t, 0), float):
        try:
            return read(text)
        except ValueError:
            pass
    return text
OPS["argument"] = argument
def decode(text):
    kind, rest = text[0], text[1:]
    if kind == "n": return None
    if kind == "b": return rest == "1"
    if kind == "i": return int(rest, 16)
    if kind == "f": return struct.unpack(">d", bytes.fromhex(rest))[0]
    return bytes.fromhex(rest).decode()
def encode(value):
    if value is None: return "n"
    if isinstance(value, bool): return "b%d" % value
    if isinstance(value, int): return "i%x" % value
    if isinstance(value, float): return "fnan" if value != value else "f" + struct.pack(">d", value).hex()
    if isinstance(value, str): return "s" + value.encode().hex()
    if isinstance(value, complex): return COMPLEX
    return "?" + repr(value)
COMPLEX = "eValueError: complex results are not supported"
answers = []
for line in sys.stdin.read().splitlines():
    op, *operands = line.split("\t")
    try:
        answers.append(encode(OPS[op](*map(decode, operands))))
    except Exception as error:
        overflowed = str(error) == "complex exponentiation"
        answers.append(COMPLEX if overflowed else "e%s: %s" % (type(error).__name__, error))
print("\n".join(answers))
"#;

fn encode(a: Operand<'_>) -> String {
    match a {
        Operand::None => "n".into(),
        Operand::Bool(b) => format!("b{}", u8::from(b)),
        Operand::Int(i) => encode_int(&IBig::from(i)),
        Operand::Big(i) => encode_int(i),
        Operand::Float(f) if f.is_nan() => "fnan".into(),
        Operand::Float(f) => format!("f{:016x}", f.to_bits()),
        Operand::Str(s) => s.bytes().fold("s".into(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        }),
    }
}

fn encode_int(i: &IBig) -> String {
    format!("i{}", i.in_radix(16))
}

/// A case's operand: NaN has bits there.
fn encode_operand(a: Operand<'_>) -> String {
    match a {
        Operand::Float(f) => format!("f{:016x}", f.to_bits()),
        a => encode(a),
    }
}

fn encode_result(result: &Result<Output, NumError>) -> String {
    match result {
        Ok(output) => {
            if let Output::Big(i) = output {
                assert!(i64::try_from(i).is_err(), "{i} is not in its smallest form");
            }
            encode(output.operand())
        }
        Err(error) => format!("e{error}"),
    }
}

/// A small, good enough, reproducible source of numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn value(&mut self) -> Output {
        match self.below(10) {
            0..=1 => Output::Int(self.next() as i64 >> self.below(63)),
            2..=3 => {
                let words: Vec<u8> = (0..=self.below(60)).map(|_| self.next() as u8).collect();
                let size = IBig::from_le_bytes(&words) << self.below(40) as usize;
                Output::int(size - self.below(2))
            }
            // All ones or one bit: carries and normalisation.
            4 => Output::int((IBig::ONE << self.below(300) as usize) - self.below(2)),
            5 => Output::int(-(IBig::ONE << self.below(1100) as usize) + self.below(2)),
            6 => Output::Float(f64::from_bits(self.next())),
            7 => {
                Output::Float((self.next() as i64 >> self.below(63)) as f64 / (1u64 << self.below(12)) as f64)
            }
            8 => Output::Int(self.below(200) as i64 - 100),
            _ => Output::Float(self.below(4000) as f64 / 1000.0 - 2.0),
        }
    }
}

fn pool() -> Vec<Output> {
    let mut pool = vec![Output::None, Output::Bool(false), Output::Bool(true)];
    let power = |n: usize| IBig::ONE << n;
    let mut ints: Vec<IBig> = [0, 1, 2, 3, 7, 10, 62, 63, 64, 65, 1000].map(IBig::from).into();
    for exponent in [31, 47, 53, 62, 63, 64, 127, 128] {
        ints.extend([power(exponent) - 1, power(exponent), power(exponent) + 1]);
    }
    ints.extend([
        IBig::from(10).pow(18),
        IBig::from(10).pow(25),
        IBig::from(3).pow(100),
        IBig::from(7).pow(60),
    ]);
    // Around the largest float, and far beyond.
    let tie = power(1024) - power(970);
    ints.extend([tie.clone() - 1, tie, power(1074), power(1075), IBig::from(10).pow(400)]);
    pool.extend(ints.iter().map(|i| Output::int(i.clone())));
    pool.extend(ints.iter().skip(1).map(|i| Output::int(-i)));
    let floats = [
        0.0,
        0.1,
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
        1e16,
        1e22,
        1e308,
        5e-324,
        2.0f64.powi(53),
        2.0f64.powi(63),
        2.0f64.powi(64),
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::INFINITY,
        f64::NAN,
    ];
    pool.extend(floats.iter().flat_map(|&f| [Output::Float(f), Output::Float(-f)]));
    pool.extend(["", "a", "ab", "é€😀", "1"].map(|s| Output::Str(s.into())));
    pool
}

/// Cases as Python reads them, and what the runtime says.
#[derive(Default)]
struct Cases {
    lines: Vec<String>,
    answers: Vec<String>,
    refused: usize,
}

impl Cases {
    fn push(&mut self, op: &str, operands: &[Operand<'_>], answer: &Result<Output, NumError>) {
        let operands: Vec<String> = operands.iter().map(|&a| encode_operand(a)).collect();
        self.lines.push(format!("{op}\t{}", operands.join("\t")));
        self.answers.push(encode_result(answer));
    }

    fn binary(&mut self, op: BinOp, a: Operand<'_>, b: Operand<'_>, limits: &NumberLimits) {
        let result = binary(op, a, b, limits);
        // Formatting is the one thing that is left out; and Python is spared what exceeds the limits.
        if matches!((op, a), (BinOp::Mod, Operand::Str(_))) {
            return;
        }
        if result.as_ref().is_err_and(NumError::is_limit) {
            self.refused += 1;
            return;
        }
        assert!(binary_cost(op, a, b, limits).is_ok(), "{a:?} {op:?} {b:?} has no cost");
        self.push(op.symbol(), &[a, b], &result);
    }

    fn single(&mut self, a: Operand<'_>, limits: &NumberLimits) {
        self.push("neg", &[a], &unary(UnOp::Neg, a, limits));
        self.push("invert", &[a], &unary(UnOp::Invert, a, limits));
        self.push("truth", &[a], &Ok(Output::Bool(truth(a))));
        self.push("str", &[a], &str(a, limits).map(Output::Str));
        self.push("repr", &[a], &repr(a, limits).map(Output::Str));
    }
}

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
        cases.push("repr", &[Operand::Float(f)], &repr(Operand::Float(f), &limits).map(Output::Str));
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
        cases.push("repr", &[Operand::Str(s)], &repr(Operand::Str(s), &limits).map(Output::Str));
        let wrapped = Output::Str(format!("x{s}'"));
        cases.push("repr", &[wrapped.operand()], &repr(wrapped.operand(), &limits).map(Output::Str));
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

fn python_is_3_11() -> bool {
    let version = Command::new("python3").arg("--version").output();
    version.is_ok_and(|answer| answer.stdout.starts_with(b"Python 3.11."))
}

#[test]
fn the_runtime_agrees_with_cpython() {
    if !python_is_3_11() {
        eprintln!("skipped: there is no python3 of version 3.11 to ask");
        return;
    }
    let cases = generate();
    assert!(cases.lines.len() >= 20_000, "only {} cases", cases.lines.len());
    assert!(cases.refused > 100, "the limits refused only {} cases", cases.refused);

    let mut python = Command::new("python3")
        .args(["-I", "-c", ORACLE])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Python reads everything before it answers, so neither pipe can fill up against the other.
    python.stdin.take().unwrap().write_all(cases.lines.join("\n").as_bytes()).unwrap();
    let answer = python.wait_with_output().unwrap();
    assert!(answer.status.success());
    let answer = String::from_utf8(answer.stdout).unwrap();
    assert_eq!(answer.lines().count(), cases.lines.len());

    let mut wrong = Vec::new();
    for ((case, ours), theirs) in cases.lines.iter().zip(&cases.answers).zip(answer.lines()) {
        if ours != theirs {
            wrong.push(format!("{case}\n    here:   {ours}\n    python: {theirs}"));
        }
    }
    let shown = wrong[..wrong.len().min(40)].join("\n");
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{shown}", wrong.len(), cases.lines.len());
    eprintln!("{} cases agree with python3, {} were refused by the limits", cases.lines.len(), cases.refused);
}
