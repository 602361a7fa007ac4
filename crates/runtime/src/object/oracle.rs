//! For tests: asking CPython 3.11 what expressions give, and comparing.
//!
//! A case is a Python expression and what happens here, encoded as the program below encodes CPython's answer: values of
//! builtin types, and errors by class and message.

#![allow(clippy::unwrap_used)]

use super::test_context::TestContext;
use super::{Fault, Kind, Outcome, list};
use crate::heap::{Found, Leaf};
use crate::num::{NumError, Operand, repr};
use crate::store::Store;
use crate::value::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Reads one expression in each line, and answers with one line each.
const ORACLE: &str = r#"
import math, sys, warnings
warnings.simplefilter("ignore")
def encode(value):
    if value is None or isinstance(value, (bool, int)): return repr(value)
    if isinstance(value, float): return "nan" if value != value else value.hex()
    if isinstance(value, str): return "s" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, (bytes, bytearray)): return type(value).__name__[4:] + "b" + bytes(value).hex()
    if isinstance(value, (list, tuple)): return type(value).__name__ + "[" + " ".join(map(encode, value)) + "]"
    return "?" + repr(value)
def call(value, name, *args, **keywords): return getattr(value, name)(*args, **keywords)
def changed(value, name, *args, **keywords):
    result = getattr(value, name)(*args, **keywords)
    return result, value
def slot(value, key, new):
    value[key] = new
    return value
def unslot(value, key):
    del value[key]
    return value
def extended(value, others):
    return [*value, *others]
def unpack(values):
    first, *middle, last = values
    return first, middle, last
for line in sys.stdin.read().split("\n"):
    try:
        answer = encode(eval(line))
    except Exception as error:
        answer = "e%s: %s" % (type(error).__name__, error)
    print(ascii(answer))
"#;

/// A value of a test, in both worlds.
#[derive(Clone, Debug, PartialEq)]
pub enum Py {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An int.
    Int(i64),
    /// An int beyond 64 bits: so many bits, and whether it is negative.
    Power(u32, bool),
    /// A float.
    Float(f64),
    /// A str.
    Str(String),
    /// `bytes`
    Bytes(Vec<u8>),
    /// `bytearray`
    Bytearray(Vec<u8>),
    /// A list.
    List(Vec<Py>),
    /// A tuple.
    Tuple(Vec<Py>),
    /// A slice.
    Slice(Box<[Py; 3]>),
    /// A dict: keys and values.
    Dict(Vec<(Py, Py)>),
}

/// A str as Python source that is ASCII.
fn literal(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => _ = write!(out, "\\U{:08x}", u32::from(c)),
        }
    }
    out + "'"
}

impl Py {
    /// The str.
    pub fn str(text: &str) -> Py {
        Py::Str(text.to_owned())
    }

    /// As Python source.
    pub fn source(&self) -> String {
        let all = |items: &[Py]| items.iter().map(|item| item.source() + ",").collect::<String>();
        let bytes = |bytes: &[u8]| format!("bytes.fromhex('{}')", hex(bytes));
        match self {
            Py::None => "None".into(),
            Py::Bool(b) => if *b { "True" } else { "False" }.into(),
            Py::Int(i) => format!("({i})"),
            Py::Power(bits, negative) => format!("({}2**{bits})", if *negative { "-" } else { "" }),
            Py::Float(f) => format!("float('{f}')"),
            Py::Str(text) => literal(text),
            Py::Bytes(b) => bytes(b),
            Py::Bytearray(b) => format!("bytearray({})", bytes(b)),
            Py::List(items) => format!("[{}]", all(items)),
            Py::Tuple(items) => format!("({})", all(items)),
            Py::Slice(parts) => format!("slice({})", all(&parts[..])),
            Py::Dict(items) => {
                let items = items.iter().map(|(key, value)| format!("{}: {},", key.source(), value.source()));
                format!("{{{}}}", items.collect::<String>())
            }
        }
    }

    /// As a value. Never collects.
    pub fn value(&self, store: &mut Store) -> Value {
        match self {
            Py::None => Value::NONE,
            Py::Bool(b) => Value::bool(*b),
            Py::Int(i) => store.int(*i),
            Py::Power(bits, negative) => {
                let power = dashu_int::IBig::ONE << *bits as usize;
                store.heap.add(Leaf::Big(if *negative { -power } else { power }))
            }
            Py::Float(f) => Value::float(*f),
            Py::Str(text) => store.text(text.clone()),
            Py::List(items) => {
                let values: Vec<Value> = items.iter().map(|item| item.value(store)).collect();
                list::make(store, &values)
            }
            Py::Tuple(items) => object(store, Kind::Tuple, items),
            Py::Slice(parts) => object(store, Kind::Slice, &parts[..]),
            Py::Dict(items) => {
                let values: Vec<Value> = items
                    .iter()
                    .flat_map(|(key, value)| [key, value])
                    .map(|item| item.value(store))
                    .collect();
                make_dict(store, values)
            }
            Py::Bytes(b) => super::bytes::make(store, Kind::Bytes, b),
            Py::Bytearray(b) => super::bytes::make(store, Kind::Bytearray, b),
        }
    }
}

fn object(store: &mut Store, kind: Kind, items: &[Py]) -> Value {
    let object = store.heap.allocate(kind, items.len());
    for (at, item) in items.iter().enumerate() {
        let value = item.value(store);
        store.heap.set_slot(object, at, value);
    }
    object.value()
}

/// A dict, made on a heap that nothing is collected from meanwhile.
fn make_dict(store: &mut Store, mut values: Vec<Value>) -> Value {
    struct Free<'a>(&'a mut Store);
    impl super::Context for Free<'_> {
        fn store(&mut self) -> &mut Store {
            self.0
        }
        fn pay(&mut self, _: crate::num::Cost, _: &mut [Value]) -> Outcome<()> {
            Ok(())
        }
        fn fuel_left(&self) -> u64 {
            u64::MAX / 2
        }
        fn handle(&mut self, exception: Value) -> Value {
            exception
        }
    }
    super::dict::new(&mut Free(store), &mut values).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// A value as the oracle encodes it.
pub fn encode(store: &Store, value: Value) -> String {
    let all = |values: &[Value]| values.iter().map(|&v| encode(store, v)).collect::<Vec<_>>().join(" ");
    match store.heap.get(value) {
        Some(Found::Str(text)) => format!("s{}", hex(text.as_bytes())),
        Some(Found::Object(object)) => match store.heap.kind(object) {
            Kind::List => format!("list[{}]", all(list::elements(store, object))),
            Kind::Tuple => format!("tuple[{}]", all(store.heap.slots(object))),
            Kind::Bytes => format!("sb{}", hex(&super::bytes::read(store, object))),
            Kind::Bytearray => format!("arrayb{}", hex(&super::bytes::read(store, object))),
            kind => format!("?{kind:?}"),
        },
        _ => match store.operand(value) {
            Operand::Float(f) if f.is_nan() => "nan".into(),
            Operand::Float(f) => super::number::float_hex(f),
            other => repr(other, &crate::num::Watch::unhurried(Default::default())).unwrap_or_default(),
        },
    }
}

/// What happened here, encoded; `None` where a limit stopped it.
pub fn outcome(store: &Store, result: &Outcome) -> Option<String> {
    match result {
        Ok(value) => Some(encode(store, *value)),
        Err(Fault::Raised(error @ NumError::Raised { .. })) => Some(format!("e{error}")),
        Err(_) => None,
    }
}

/// A small, good enough, reproducible source of numbers (xorshift64*).
pub struct Random(pub u64);

impl Random {
    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// One below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.next() >> 32) % n.max(1) as u64) as usize
    }

    /// One of these.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// Expressions and what happened here.
#[derive(Default)]
pub struct Cases {
    sources: Vec<String>,
    answers: Vec<String>,
    /// How many were stopped by limits, and are not compared.
    pub stopped: usize,
}

impl Cases {
    /// Adds a case, if no limit stopped it.
    pub fn push(&mut self, source: String, answer: Option<String>) {
        match answer {
            Some(answer) => {
                self.sources.push(source);
                self.answers.push(answer);
            }
            None => self.stopped += 1,
        }
    }

    /// Calls a method on a heap, and adds that.
    pub fn method(&mut self, stress: bool, this: &Py, name: &str, args: &[Py], keywords: &[(&str, Py)]) {
        let mut cx = TestContext::new(stress);
        let mut values: Vec<Value> = vec![this.value(&mut cx.store)];
        values.extend(args.iter().map(|arg| arg.value(&mut cx.store)));
        values.extend(keywords.iter().map(|(_, arg)| arg.value(&mut cx.store)));
        let form = bytecode::CallForm {
            name,
            count: (args.len() + keywords.len()) as u32,
            keywords: keywords.iter().map(|&(keyword, _)| keyword).collect(),
        };
        // What the method changes stays to be looked at.
        cx.roots.push(values[0]);
        let result = super::method(&mut cx, &form, &mut values);
        let mut answer = outcome(&cx.store, &result);
        let changes = matches!(this, Py::Bytearray(_)) && result.is_ok();
        if changes {
            answer = answer.map(|answer| format!("tuple[{answer} {}]", encode(&cx.store, cx.roots[0])));
        }
        // A call as it stands in programs: some words depend on how a method is found.
        let mut all: Vec<String> = args.iter().map(Py::source).collect();
        all.extend(keywords.iter().map(|(keyword, arg)| format!("{keyword}={}", arg.source())));
        let (this, all) = (this.source(), all.join(", "));
        let source = if changes {
            format!("((v := {this}).{name}({all}), v)")
        } else {
            format!("({this}).{name}({all})")
        };
        self.push(source, answer);
    }

    /// Computes a binary operation on a heap, and adds that.
    pub fn binary(&mut self, stress: bool, op: bytecode::BinOp, a: &Py, b: &Py, source: String) {
        let mut cx = TestContext::new(stress);
        let mut values = [a.value(&mut cx.store), b.value(&mut cx.store)];
        let result = super::binary(&mut cx, op, &mut values);
        self.push(source, outcome(&cx.store, &result));
    }

    /// Asks CPython about all of them. Without one of version 3.11, says so and is content.
    pub fn check(&self) {
        let version = Command::new("python3").arg("--version").output();
        if !version.is_ok_and(|answer| answer.stdout.starts_with(b"Python 3.11.")) {
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
        python.stdin.take().unwrap().write_all(self.sources.join("\n").as_bytes()).unwrap();
        let answer = python.wait_with_output().unwrap();
        assert!(answer.status.success());
        let answer = String::from_utf8(answer.stdout).unwrap();
        assert_eq!(answer.lines().count(), self.sources.len());
        let mut wrong = Vec::new();
        for ((source, ours), theirs) in self.sources.iter().zip(&self.answers).zip(answer.lines()) {
            let ours = ascii(ours);
            if ours != theirs {
                wrong.push(format!("{source}\n    here:   {ours}\n    python: {theirs}"));
            }
        }
        let most = std::env::var("ORACLE_SHOWN").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
        let shown = wrong[..wrong.len().min(most)].join("\n");
        assert!(wrong.is_empty(), "{} of {} cases differ:\n{shown}", wrong.len(), self.sources.len());
        eprintln!("{} cases agree with python3, {} were stopped by limits", self.sources.len(), self.stopped);
    }
}

/// What Python's `ascii()` gives for a str.
fn ascii(text: &str) -> String {
    let mut store = TestContext::new(false).store;
    let value = store.text(text.to_owned());
    let op = bytecode::UnOp::Call(bytecode::Builtin1::Ascii);
    let shown = store.unary(op, value).unwrap();
    store.str(shown).unwrap_or_default().to_owned()
}
