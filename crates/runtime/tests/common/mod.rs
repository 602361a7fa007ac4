//! Asking CPython 3.11: cases as it reads them, and what the runtime says.
//!
//! Outside of `profile -> detect -> compile -> cache -> execute -> deoptimise`: shared by the tests that compare with CPython.
#![allow(dead_code)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use bytecode::{BinOp, UnOp};
use dashu_int::IBig;
use hotspotvm_runtime::num::{
    NumError, NumberLimits, Operand, Output, Watch, binary, binary_cost, repr, str, truth, unary,
};

/// Reads cases `operator<TAB>a[<TAB>b]`, answers one line each.
const ORACLE: &str = r#"
import operator, struct, sys, warnings
warnings.simplefilter("ignore")
OPS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift, "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "&=": operator.iand, "|=": operator.ior,
    "^=": operator.ixor, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "neg": operator.neg, "invert": operator.invert,
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
import math
OPS.update({
    "pos": operator.pos, "abs": abs, "int": int, "float": float, "ascii": ascii, "round": round, "len": len, "ord": ord,
    "chr": chr, "bin": bin, "oct": oct, "hex": hex, "index": lambda a: list(range(a, a + 1))[0],
    "type_name": lambda a: type(a).__name__, "int_base": int, "round_to": round, "format": format,
    "divmod_quotient": lambda a, b: divmod(a, b)[0], "divmod_remainder": lambda a, b: divmod(a, b)[1],
    "is": operator.is_, "in_str": lambda a, b: a in b, "pow_mod": pow, "math_pow": math.pow, "log_base": math.log,
})
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
        function = OPS.get(op) or getattr(math, op)
        answers.append(encode(function(*map(decode, operands))))
    except Exception as error:
        overflowed = str(error) == "complex exponentiation"
        answers.append(COMPLEX if overflowed else "e%s: %s" % (type(error).__name__, str(error).replace("\n", "|")))
print("\n".join(answers))
"#;

fn encode(a: Operand<'_>) -> String {
    match a {
        Operand::None => "n".into(),
        Operand::Object(kind) => format!("?{kind:?}"),
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
        Err(error) => format!("e{error}").replace('\n', "|"),
    }
}

/// A small, good enough, reproducible source of numbers (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn value(&mut self) -> Output {
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

pub fn pool() -> Vec<Output> {
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
pub struct Cases {
    pub lines: Vec<String>,
    pub answers: Vec<String>,
    pub refused: usize,
}

impl Cases {
    pub fn push(&mut self, op: &str, operands: &[Operand<'_>], answer: &Result<Output, NumError>) {
        let operands: Vec<String> = operands.iter().map(|&a| encode_operand(a)).collect();
        self.lines.push(format!("{op}\t{}", operands.join("\t")));
        self.answers.push(encode_result(answer));
    }

    pub fn binary(&mut self, op: BinOp, a: Operand<'_>, b: Operand<'_>, limits: &NumberLimits) {
        let result = binary(op, a, b, &Watch::unhurried(*limits));
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

    pub fn single(&mut self, a: Operand<'_>, limits: &NumberLimits) {
        let limits = &Watch::unhurried(*limits);
        self.push("neg", &[a], &unary(UnOp::Neg, a, limits));
        self.push("invert", &[a], &unary(UnOp::Invert, a, limits));
        self.push("truth", &[a], &Ok(Output::Bool(truth(a))));
        self.push("str", &[a], &str(a, limits).map(Output::Str));
        self.push("repr", &[a], &repr(a, limits).map(Output::Str));
    }
}

fn python_is_3_11() -> bool {
    let version = Command::new("python3").arg("--version").output();
    version.is_ok_and(|answer| answer.stdout.starts_with(b"Python 3.11."))
}

impl Cases {
    /// Asks CPython about all of them. Without one of version 3.11, says so and is content.
    pub fn check(&self) {
        if !python_is_3_11() {
            eprintln!("skipped: there is no python3 of version 3.11 to ask");
            return;
        }
        let mut python = Command::new("python3")
            .args(["-I", "-c", ORACLE])
            .env("PYTHONUTF8", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Python reads everything before it answers, so neither pipe can fill up against the other.
        python.stdin.take().unwrap().write_all(self.lines.join("\n").as_bytes()).unwrap();
        let answer = python.wait_with_output().unwrap();
        assert!(answer.status.success());
        let answer = String::from_utf8(answer.stdout).unwrap();
        assert_eq!(answer.lines().count(), self.lines.len());

        let mut wrong = Vec::new();
        for ((case, ours), theirs) in self.lines.iter().zip(&self.answers).zip(answer.lines()) {
            if ours != theirs {
                wrong.push(format!("{case}\n    here:   {ours}\n    python: {theirs}"));
            }
        }
        let shown = wrong[..wrong.len().min(40)].join("\n");
        assert!(wrong.is_empty(), "{} of {} cases differ:\n{shown}", wrong.len(), self.lines.len());
        eprintln!(
            "{} cases agree with python3, {} were refused by the limits",
            self.lines.len(),
            self.refused
        );
    }
}
