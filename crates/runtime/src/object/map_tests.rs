//! Dicts, sets and views against CPython 3.11: random programs, whose every result, and every dict or set that they change, must
//! have the same `repr`. Without a `python3` of version 3.11 these tests say so and pass.

#![allow(clippy::unwrap_used)]

use super::test_context::TestContext;
use super::{Fault, Outcome, method, routine, value};
use crate::num::NumError;
use crate::value::Value;
use bytecode::{Augmented, BinOp, Builtin2, CallForm, Cmp, Routine};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// An argument, in both worlds.
#[derive(Clone, Debug)]
enum Arg {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(&'static str),
    Var(usize),
    List(Vec<Arg>),
    Tuple(Vec<Arg>),
}

impl Arg {
    fn python(&self) -> String {
        let all = |args: &[Arg]| args.iter().map(Arg::python).collect::<Vec<_>>().join(",");
        match self {
            Arg::Int(i) => i.to_string(),
            Arg::Float(f) => format!("{f:?}"),
            Arg::Bool(b) => if *b { "True" } else { "False" }.to_string(),
            Arg::Str(s) => format!("{s:?}"),
            Arg::Var(n) => format!("v[{n}]"),
            Arg::List(args) => format!("[{}]", all(args)),
            Arg::Tuple(args) => format!("tuple([{}])", all(args)),
        }
    }

    /// The value, with all that it consists of among the roots.
    fn make(&self, cx: &mut TestContext) -> Value {
        match self {
            Arg::Int(i) => cx.store.int(*i),
            Arg::Float(f) => Value::float(*f),
            Arg::Bool(b) => Value::bool(*b),
            Arg::Str(s) => cx.store.text((*s).to_string()),
            Arg::Var(n) => cx.roots[*n],
            Arg::List(args) | Arg::Tuple(args) => {
                let start = cx.roots.len();
                for arg in args {
                    let value = arg.make(cx);
                    cx.roots.push(value);
                }
                let mut values = cx.roots.split_off(start);
                let which = if matches!(self, Arg::List(_)) { Routine::List } else { Routine::Tuple };
                routine(cx, which, 0, &mut values).unwrap()
            }
        }
    }
}

/// A step of a program.
#[derive(Clone, Debug)]
enum Step {
    /// `v[n] = routine(*args)`
    Routine(usize, Routine, Vec<Arg>),
    /// `v[n].name(*args)`, with the names of the last arguments; kept in another variable, perhaps.
    Method(usize, &'static str, Vec<Arg>, Vec<&'static str>, Option<usize>),
    /// `v[to] = a op b`
    Binary(usize, BinOp, Arg, Arg),
    /// `v[n] op= b`
    InPlace(usize, Augmented, Arg),
    /// `a op b`, whose result is shown.
    Ask(BinOp, Arg, Arg),
    /// `v[n][key]`
    Get(usize, Arg),
    /// `v[n][key] = value`
    Set(usize, Arg, Arg),
    /// `del v[n][key]`
    Delete(usize, Arg),
    /// `hash(a)`
    Hash(Arg),
    /// `v[n] = {1, 2, 3}`, of constants.
    Constants(usize, Vec<Arg>),
}

const ORACLE: &str = r#"
import sys, types
if sys.version_info[:2] != (3, 11): sys.exit(77)
v = [None] * 16
def do(f, shown):
    try: print(ascii(f()))
    except Exception as e: print("!", type(e).__name__, ascii(str(e)))
    print(ascii(v[shown]))
def put(n, x): v[n] = x
def store(n, k, x): v[n][k] = x
def delete(n, k): del v[n][k]
def make_dict(*a): return dict(zip(a[::2], a[1::2]))
def make_set(*a):
    s = set()
    for x in a: s.add(x)
    return s
def keep(n, x):
    v[n] = x
    return x
def ior(a, b): a |= b; return a
def iand(a, b): a &= b; return a
def isub(a, b): a -= b; return a
def ixor(a, b): a ^= b; return a
"#;

impl Step {
    fn shown(&self) -> usize {
        match *self {
            Step::Routine(n, ..)
            | Step::Method(n, ..)
            | Step::Binary(n, ..)
            | Step::InPlace(n, ..)
            | Step::Get(n, _)
            | Step::Constants(n, _)
            | Step::Set(n, ..)
            | Step::Delete(n, _) => n,
            Step::Ask(..) | Step::Hash(_) => 0,
        }
    }

    fn python(&self) -> String {
        let all = |args: &[Arg]| args.iter().map(Arg::python).collect::<Vec<_>>().join(",");
        let body = match self {
            Step::Routine(n, which, args) => {
                let name = match which {
                    Routine::Dict => "make_dict",
                    Routine::Set => "make_set",
                    Routine::SetOf => "set",
                    Routine::FrozensetOf => "frozenset",
                    Routine::DictOf => "dict",
                    _ => unreachable!(),
                };
                format!("put({n}, {name}({}))", all(args))
            }
            Step::Method(n, name, args, keywords, keep) => {
                let plain = args.len() - keywords.len();
                let mut shown: Vec<String> = args[..plain].iter().map(Arg::python).collect();
                for (keyword, arg) in keywords.iter().zip(&args[plain..]) {
                    shown.push(format!("{keyword}={}", arg.python()));
                }
                let call = format!("v[{n}].{name}({})", shown.join(","));
                keep.map_or(call.clone(), |to| format!("keep({to}, {call})"))
            }
            Step::Binary(to, op, a, b) => format!("put({to}, {} {} {})", a.python(), op.symbol(), b.python()),
            Step::InPlace(n, op, b) => {
                let name = match op {
                    Augmented::Or => "ior",
                    Augmented::And => "iand",
                    Augmented::Sub => "isub",
                    _ => "ixor",
                };
                format!("put({n}, {name}(v[{n}], {}))", b.python())
            }
            Step::Ask(op, a, b) => {
                let symbol = if *op == BinOp::Call(Builtin2::In) { "in" } else { op.symbol() };
                format!("{} {symbol} {}", a.python(), b.python())
            }
            Step::Get(n, key) => format!("v[{n}][{}]", key.python()),
            Step::Set(n, key, x) => format!("store({n}, {}, {})", key.python(), x.python()),
            Step::Delete(n, key) => format!("delete({n}, {})", key.python()),
            Step::Hash(a) => format!("hash({})", a.python()),
            Step::Constants(n, args) => format!("put({n}, {{{}}})", all(args)),
        };
        format!("do(lambda: {body}, {})", self.shown())
    }

    fn run(&self, cx: &mut TestContext) -> Outcome {
        match self {
            Step::Routine(n, which, args) => {
                let mut values = make_all(cx, args);
                cx.roots[*n] = routine(cx, *which, 0, &mut values)?;
                Ok(Value::NONE)
            }
            Step::Method(n, name, args, keywords, keep) => {
                let mut all = vec![Arg::Var(*n)];
                all.extend_from_slice(args);
                let mut values = make_all(cx, &all);
                let form = CallForm { name, count: args.len() as u32, keywords: keywords.clone() };
                let result = method(cx, &form, &mut values)?;
                if let Some(to) = keep {
                    cx.roots[*to] = result;
                }
                Ok(result)
            }
            Step::Binary(to, op, a, b) => {
                let values = make_all(cx, &[a.clone(), b.clone()]);
                cx.roots[*to] = super::binary(cx, *op, &mut [values[0], values[1]])?;
                Ok(Value::NONE)
            }
            Step::InPlace(n, op, b) => {
                let values = make_all(cx, &[Arg::Var(*n), b.clone()]);
                cx.roots[*n] = super::binary(cx, BinOp::Augmented(*op), &mut [values[0], values[1]])?;
                Ok(Value::NONE)
            }
            Step::Ask(op, a, b) => {
                let values = make_all(cx, &[a.clone(), b.clone()]);
                super::binary(cx, *op, &mut [values[0], values[1]])
            }
            Step::Get(n, key) => {
                let mut values = make_all(cx, &[Arg::Var(*n), key.clone()]);
                routine(cx, Routine::Index, 0, &mut values)
            }
            Step::Set(n, key, x) => {
                let mut values = make_all(cx, &[Arg::Var(*n), key.clone(), x.clone()]);
                routine(cx, Routine::StoreIndex, 0, &mut values)
            }
            Step::Delete(n, key) => {
                let mut values = make_all(cx, &[Arg::Var(*n), key.clone()]);
                routine(cx, Routine::DeleteIndex, 0, &mut values)
            }
            Step::Constants(n, args) => {
                // As the front end does it: a frozenset that is made twice, and a set of that.
                let [mut constants] = make_all(cx, &[Arg::Tuple(args.clone())])[..] else { unreachable!() };
                for which in [Routine::FrozensetOf, Routine::TupleOf, Routine::FrozensetOf] {
                    constants = routine(cx, which, 0, &mut [constants])?;
                }
                cx.roots.push(constants);
                let set = routine(cx, Routine::Set, 0, &mut [])?;
                let constants = cx.roots.pop().unwrap_or(Value::NONE);
                cx.roots[*n] = routine(cx, Routine::AddAll, 0, &mut [set, constants])?;
                Ok(Value::NONE)
            }
            Step::Hash(a) => {
                let mut values = make_all(cx, std::slice::from_ref(a));
                routine(cx, Routine::Hash, 0, &mut values)
            }
        }
    }
}

fn make_all(cx: &mut TestContext, args: &[Arg]) -> Vec<Value> {
    let start = cx.roots.len();
    for arg in args {
        let value = arg.make(cx);
        cx.roots.push(value);
    }
    cx.roots.split_off(start)
}

fn shown(cx: &TestContext, a: Value) -> String {
    value::ascii(&cx.store, &mut super::Meter::of(u64::MAX), a).unwrap()
}

/// Runs a program: the result of each step, and what its variable is then.
fn run(steps: &[Step], stress: bool) -> Vec<String> {
    let mut cx = TestContext::new(stress);
    cx.roots = vec![Value::NONE; 16];
    let mut lines = Vec::new();
    for step in steps {
        let line = match step.run(&mut cx) {
            Ok(result) => shown(&cx, result),
            Err(Fault::Raised(NumError::Raised { kind, message })) => {
                let text = cx.store.text(message.into_owned());
                format!("! {} {}", kind.name(), shown(&cx, text))
            }
            Err(fault) => format!("!! {fault:?}"),
        };
        lines.push(line);
        lines.push(shown(&cx, cx.roots[step.shown()]));
    }
    lines
}

/// What CPython says; `None` if there is none.
fn ask(steps: &[Step]) -> Option<Vec<String>> {
    let mut program = ORACLE.to_string();
    for step in steps {
        writeln!(program, "{}", step.python()).unwrap();
    }
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-"])
        .env("PYTHONHASHSEED", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    python.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    if output.status.code() == Some(77) {
        eprintln!("no python3 of version 3.11: nothing is compared");
        return None;
    }
    assert!(output.status.success(), "the program that was sent to Python is wrong");
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_string).collect())
}

/// Where a program differs from CPython first.
fn difference(steps: &[Step]) -> Option<String> {
    let expected = ask(steps)?;
    for stress in [false, true] {
        let lines = run(steps, stress);
        assert_eq!(lines.len(), expected.len());
        if let Some(at) = (0..lines.len()).find(|&at| lines[at] != expected[at]) {
            let (step, line, expected) = (steps[at / 2].python(), &lines[at], &expected[at]);
            return Some(format!("step {}, stress {stress}: {step}\n  {line}\n  {expected}\n", at / 2));
        }
    }
    None
}

/// A generator of random programs (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    fn int(&mut self) -> Arg {
        Arg::Int(match self.below(20) {
            0..12 => self.below(24) as i64 - 4,
            12..17 => self.below(300) as i64 * 8,
            17 => (self.next() >> self.below(63)) as i64,
            18 => -((self.next() >> 1 >> self.below(62)) as i64),
            _ => (1 << 61) - 2 + self.below(3) as i64,
        })
    }

    /// A key.
    fn key(&mut self) -> Arg {
        match self.below(40) {
            0..28 => self.int(),
            28 => Arg::Float(self.below(8) as f64 - 1.0),
            29 => Arg::Float(self.pick(&[0.5, -1.5, 1e300, 1e18, 2e-300])),
            30 => Arg::Bool(self.below(2) == 1),
            // (The hash of None depends on addresses in CPython 3.11.)
            31 => Arg::Bool(true),
            32..36 => {
                Arg::Str(self.pick(&["", "a", "b", "key", "a longer one", "\u{e9}", "\u{20ac}", "\u{1f600}"]))
            }
            36 | 37 => Arg::Tuple(vec![self.int(), self.int()]),
            38 => Arg::Tuple(vec![Arg::Str("a"), Arg::Tuple(vec![self.int()])]),
            _ => Arg::Var(8 + self.below(2) as usize),
        }
    }

    /// A key, or a value that can be none.
    fn any_key(&mut self) -> Arg {
        if self.below(30) == 0 { Arg::List(vec![]) } else { self.key() }
    }

    fn keys(&mut self) -> Vec<Arg> {
        let most = self.pick(&[0, 1, 3, 5, 12, 40]);
        (0..self.below(most + 1)).map(|_| self.key()).collect()
    }

    /// Something that a set is combined with.
    fn other(&mut self) -> Arg {
        match self.below(8) {
            0..4 => Arg::Var(self.below(14) as usize),
            4 | 5 => Arg::List(self.keys()),
            6 => Arg::Tuple(self.keys()),
            _ => Arg::Str("abca"),
        }
    }

    fn pairs(&mut self) -> Arg {
        Arg::List((0..self.below(12)).map(|_| Arg::Tuple(vec![self.key(), self.int()])).collect())
    }

    /// A step; variables 0 to 7 are sets, 8 and 9 frozensets, 10 to 13 dicts, 14 and 15 views.
    fn step(&mut self) -> Step {
        let set = self.below(8) as usize;
        let frozen = 8 + self.below(2) as usize;
        let dict = 10 + self.below(4) as usize;
        let view = 14 + self.below(2) as usize;
        let any = self.below(16) as usize;
        match self.below(100) {
            0..14 => Step::Method(set, "add", vec![self.any_key()], vec![], None),
            14..20 => {
                Step::Method(set, self.pick(&["discard", "remove"]), vec![self.any_key()], vec![], None)
            }
            20 => Step::Method(set, "pop", vec![], vec![], None),
            21 if self.below(8) == 0 => Step::Method(set, "clear", vec![], vec![], None),
            21 | 22 => Step::Routine(set, Routine::SetOf, vec![self.other()]),
            23 if self.below(2) == 0 => {
                let count = 3 + self.below(20);
                Step::Constants(set, (0..count).map(|_| self.int()).collect())
            }
            23 => Step::Routine(set, Routine::Set, self.keys()),
            24 => Step::Routine(frozen, Routine::FrozensetOf, vec![Arg::List(self.keys())]),
            25..30 => {
                let name = self.pick(&["update", "difference_update", "intersection_update"]);
                let count = self.pick(&[0, 1, 1, 1, 2]);
                Step::Method(set, name, (0..count).map(|_| self.other()).collect(), vec![], None)
            }
            30 => Step::Method(set, "symmetric_difference_update", vec![self.other()], vec![], None),
            31..35 => {
                let name = self.pick(&["union", "difference", "intersection", "symmetric_difference"]);
                let count = if name.starts_with('s') { 1 } else { self.pick(&[0, 1, 1, 1, 2]) };
                let from = self.pick(&[set, set, frozen]);
                let to = if from == frozen { None } else { Some(self.below(8) as usize) };
                Step::Method(from, name, (0..count).map(|_| self.other()).collect(), vec![], to)
            }
            35 => Step::Method(set, "copy", vec![], vec![], Some(self.below(8) as usize)),
            36..41 => {
                let op = self.pick(&[Augmented::Or, Augmented::And, Augmented::Sub, Augmented::Xor]);
                Step::InPlace(set, op, Arg::Var(self.below(10) as usize))
            }
            41..45 => {
                let op = self.pick(&[BinOp::Or, BinOp::And, BinOp::Sub, BinOp::Xor]);
                Step::Binary(set, op, Arg::Var(self.below(8) as usize), Arg::Var(self.below(10) as usize))
            }
            45..50 => {
                let op = self.pick(&[BinOp::Or, BinOp::And, BinOp::Sub, BinOp::Xor]);
                let (a, b) = (Arg::Var(view), self.other());
                let (a, b) = if self.below(2) == 0 { (a, b) } else { (b, a) };
                Step::Ask(op, a, b)
            }
            50..56 => {
                let cmp = self.pick(&[Cmp::Eq, Cmp::Ne, Cmp::Lt, Cmp::Le, Cmp::Gt, Cmp::Ge]);
                Step::Ask(BinOp::Compare(cmp), Arg::Var(any), Arg::Var(self.below(16) as usize))
            }
            56..59 => Step::Ask(BinOp::Call(Builtin2::In), self.any_key(), Arg::Var(any)),
            59 => {
                let name = self.pick(&["isdisjoint", "issubset", "issuperset"]);
                Step::Method(self.pick(&[set, frozen]), name, vec![self.other()], vec![], None)
            }
            60 => Step::Hash(self.any_key()),
            61..75 => Step::Set(dict, self.any_key(), self.key()),
            75..80 => Step::Delete(dict, self.any_key()),
            80..83 => Step::Get(dict, self.any_key()),
            83 | 84 => {
                let default = self.key();
                let name = self.pick(&["get", "setdefault", "pop"]);
                Step::Method(dict, name, vec![self.key(), default], vec![], None)
            }
            85 => Step::Method(dict, self.pick(&["get", "pop"]), vec![self.any_key()], vec![], None),
            86 => Step::Method(dict, "popitem", vec![], vec![], None),
            87 if self.below(6) == 0 => Step::Method(dict, "clear", vec![], vec![], None),
            87 | 88 => Step::Method(dict, "copy", vec![], vec![], Some(10 + self.below(4) as usize)),
            89 => Step::Method(dict, "update", vec![self.pairs()], vec![], None),
            90 => Step::Method(dict, "update", vec![Arg::Var(10 + self.below(4) as usize)], vec![], None),
            91 => {
                let named = vec![Arg::Var(10 + self.below(4) as usize), self.int(), self.int()];
                Step::Method(dict, "update", named, vec!["key", "new"], None)
            }
            92 => Step::InPlace(dict, Augmented::Or, self.pairs()),
            93 | 94 => {
                let (a, b) = (10 + self.below(4) as usize, 10 + self.below(4) as usize);
                Step::Binary(dict, BinOp::Or, Arg::Var(a), Arg::Var(b))
            }
            95 => Step::Routine(dict, Routine::DictOf, vec![self.pairs()]),
            96 => Step::Method(dict, "fromkeys", vec![self.other(), self.int()], vec![], Some(dict)),
            97 | 98 => Step::Method(
                dict,
                self.pick(&["keys", "items", "keys", "values"]),
                vec![],
                vec![],
                Some(view),
            ),
            _ => {
                let pairs = self.keys().into_iter().flat_map(|key| [key.clone(), key]).collect();
                Step::Routine(dict, Routine::Dict, pairs)
            }
        }
    }

    fn program(&mut self, steps: usize) -> Vec<Step> {
        let mut program: Vec<Step> =
            (0..8).map(|n| Step::Routine(n, Routine::SetOf, vec![Arg::List(vec![])])).collect();
        program.extend(
            (8..10).map(|n| Step::Routine(n, Routine::FrozensetOf, vec![Arg::List(self.keys_of_ints())])),
        );
        program.extend((10..14).map(|n| Step::Routine(n, Routine::Dict, vec![])));
        program.extend((14..16).map(|n| Step::Method(10, "keys", vec![], vec![], Some(n))));
        program.extend((0..steps).map(|_| self.step()));
        program
    }

    fn keys_of_ints(&mut self) -> Vec<Arg> {
        (0..self.below(9)).map(|_| self.int()).collect()
    }
}

/// Programs in a run of the tests, and more where somebody wants them.
fn programs() -> u64 {
    std::env::var("HOTSPOT_MAP_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

#[test]
fn random_programs_about_sets_and_dicts_are_as_in_cpython() {
    let differences: Vec<String> = (1..=programs())
        .filter_map(|seed| difference(&Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).program(1000)))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Fuel for each of so many keys that are added to a dict and a set.
fn fuel_per_key(keys: &[Value], cx: &mut TestContext) -> [u64; 2] {
    let count = keys.len() as u64;
    cx.roots = keys.to_vec();
    [Routine::Dict, Routine::Set].map(|which| {
        let map = routine(cx, which, 0, &mut []).unwrap();
        cx.roots.push(map);
        let before = cx.fuel;
        for at in 0..count as usize {
            let (map, key) = (*cx.roots.last().unwrap(), cx.roots[at]);
            match which {
                Routine::Dict => routine(cx, Routine::Insert, 0, &mut [map, key, key]).unwrap(),
                _ => routine(cx, Routine::Add, 0, &mut [map, key]).unwrap(),
            };
        }
        (before - cx.fuel) / count
    })
}

#[test]
fn keys_that_agree_in_their_low_bits_take_linear_work() {
    for shift in [0, 8, 16, 24, 32, 40] {
        let mut cx = TestContext::new(false);
        let keys: Vec<Value> = (0..100_000).map(|i| cx.store.int(i << shift)).collect();
        let [dict, set] = fuel_per_key(&keys, &mut cx);
        assert!(dict <= 4 && set <= 60, "{dict} and {set} for each of the keys i << {shift}");
    }
}

#[test]
fn keys_of_one_hash_are_paid_for() {
    let mut cx = TestContext::new(false);
    let modulus = dashu_int::IBig::from((1u64 << 61) - 1);
    let count = 400;
    let keys: Vec<Value> = (5..5 + count)
        .map(|i| cx.store.value(crate::num::Output::int(&modulus * dashu_int::IBig::from(i))))
        .collect();
    let [dict, set] = fuel_per_key(&keys, &mut cx);
    // Each is compared with all that were there before: half of them, on average.
    assert!(dict >= count / 2 - 10 && set >= count / 2 - 10, "{dict} and {set}");
}

/// A list or tuple in a list in a list, which becomes a root; its number.
fn nested(cx: &mut TestContext, which: Routine, depth: usize) -> usize {
    let mut value = routine(cx, which, 0, &mut []).unwrap();
    for _ in 0..depth {
        value = routine(cx, which, 0, &mut [value]).unwrap();
    }
    cx.roots.push(value);
    cx.roots.len() - 1
}

#[test]
fn what_is_nested_too_deeply_is_an_error_and_no_overflow() {
    const COMPARISON: &str = "RecursionError: maximum recursion depth exceeded in comparison";
    let mut cx = TestContext::new(false);
    let meter = || super::Meter::of(1 << 40);
    let show = |outcome: Outcome<String>| match outcome {
        Err(Fault::Raised(error)) => error.to_string(),
        Err(Fault::Refused) => "refused".to_string(),
        Ok(text) => text,
    };
    let equal = |cx: &TestContext, a: usize, b: usize| {
        let same = value::equal(&cx.store, &mut meter(), cx.roots[a], cx.roots[b]);
        show(same.map(|same| same.to_string()))
    };
    let (fits, deep) = (nested(&mut cx, Routine::List, 990), nested(&mut cx, Routine::List, 200_000));
    let length = |cx: &TestContext, a: usize| {
        let text = value::repr(&cx.store, &mut meter(), cx.roots[a]);
        show(text.map(|text| text.len().to_string()))
    };
    assert_eq!(length(&cx, fits), "1982");
    let message = "RecursionError: maximum recursion depth exceeded while getting the repr of an object";
    assert_eq!(length(&cx, deep), message);
    let (a, b) = (nested(&mut cx, Routine::Tuple, 990), nested(&mut cx, Routine::Tuple, 990));
    assert_eq!(equal(&cx, a, b), "true");
    let (a, b) = (nested(&mut cx, Routine::Tuple, 200_000), nested(&mut cx, Routine::Tuple, 200_000));
    assert_eq!(equal(&cx, a, b), COMPARISON);
    let less = value::compare(&cx.store, &mut meter(), Cmp::Lt, cx.roots[a], cx.roots[b]);
    assert_eq!(show(less.map(|less| less.to_string())), COMPARISON);
    let hash = |cx: &TestContext, a: usize| {
        show(value::hash(&cx.store, &mut meter(), cx.roots[a]).map(|_| "hashed".to_string()))
    };
    assert_eq!(hash(&cx, a), "RecursionError: maximum recursion depth exceeded");
    let fits = nested(&mut cx, Routine::Tuple, 90_000);
    assert_eq!(hash(&cx, fits), "hashed");
    // Sets in sets are compared by looking their keys up.
    let sets = [(); 2].map(|()| {
        let empty = routine(&mut cx, Routine::Tuple, 0, &mut []).unwrap();
        let mut set = routine(&mut cx, Routine::FrozensetOf, 0, &mut [empty]).unwrap();
        for _ in 0..500 {
            let list = routine(&mut cx, Routine::List, 0, &mut [set]).unwrap();
            set = routine(&mut cx, Routine::FrozensetOf, 0, &mut [list]).unwrap();
        }
        cx.roots.push(set);
        cx.roots.len() - 1
    });
    assert_eq!(equal(&cx, sets[0], sets[1]), COMPARISON);
}

#[test]
fn containers_that_contain_themselves_say_so() {
    let mut cx = TestContext::new(false);
    let list = routine(&mut cx, Routine::List, 0, &mut []).unwrap();
    routine(&mut cx, Routine::Append, 0, &mut [list, list]).unwrap();
    let one = cx.store.int(1);
    let dict = routine(&mut cx, Routine::Dict, 0, &mut [one, list]).unwrap();
    routine(&mut cx, Routine::StoreIndex, 0, &mut [dict, Value::TRUE, dict]).unwrap();
    let form = CallForm { name: "values", count: 0, keywords: vec![] };
    let view = method(&mut cx, &form, &mut [dict]).unwrap();
    let two = cx.store.int(2);
    routine(&mut cx, Routine::StoreIndex, 0, &mut [dict, two, view]).unwrap();
    assert_eq!(shown(&cx, list), "[[...]]");
    assert_eq!(shown(&cx, dict), "{1: {...}, 2: dict_values([{...}, ...])}");
}
