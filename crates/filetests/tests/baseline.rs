//! The baseline tier against the interpreter, on programs that strain what it keeps in registers: deep operand stacks,
//! every shuffle, every operator, operands at the edges of every representation, values that change their kind from
//! round to round, operands that live across calls, branches and loops. Errors and limits may end a program; they must
//! be the same.

use filetests::generate::Random;
use filetests::{interpreted, load, observe};
use hotspotvm::{Options, StopKind, Stress, Tier};
use std::fmt::Write;

/// How many programs a test run tries; `HOTSPOT_PROGRAMS` sets another number, `HOTSPOT_SEED` another first seed.
const PROGRAMS: u64 = 300;
/// The most operands that are live at a time.
const MAX_HEIGHT: usize = 12;

const INTS: [&str; 40] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "-3",
    "7",
    "10",
    "47",
    "48",
    "62",
    "63",
    "64",
    "-64",
    "255",
    "1023",
    "65536",
    "-65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "140737488355327",
    "140737488355328",
    "-140737488355328",
    "-140737488355329",
    "281474976710655",
    "281474976710656",
    "-281474976710656",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "4611686018427387904",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
];
/// How many of [`INTS`] are of 32 bits or so.
const SMALL: usize = 23;
const FLOATS: [&str; 14] = [
    "0.0",
    "-0.0",
    "0.5",
    "1.0",
    "-1.5",
    "3.25",
    "1e308",
    "-1e308",
    "5e-324",
    "inf",
    "-inf",
    "nan",
    "9007199254740992.0",
    "140737488355328.0",
];
const OTHERS: [&str; 6] = ["true", "false", "none", "\"\"", "\"ab\"", "\"b\""];
const SAFE: [&str; 5] = ["add", "sub", "add", "sub", "mul"];
const BITS: [&str; 3] = ["and", "or", "xor"];
const COMPARE: [&str; 6] = ["eq", "ne", "lt", "le", "gt", "ge"];
const ALL: [&str; 18] = [
    "add", "sub", "mul", "div", "floordiv", "mod", "pow", "and", "or", "xor", "shl", "shr", "eq", "ne", "lt",
    "le", "gt", "ge",
];

/// Which values a program has, mostly.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    SmallInts,
    Ints,
    Floats,
    Numbers,
    Anything,
}

struct Generator {
    random: Random,
    text: String,
    mode: Mode,
    height: usize,
    labels: u32,
    /// Numbers of parameters of the functions that may be called: `f0` and so on.
    callable: Vec<usize>,
    locals: usize,
    nested: u32,
    budget: u32,
}

impl Generator {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "    {text}");
    }

    fn below(&mut self, n: usize) -> usize {
        self.random.below(n as u64) as usize
    }

    fn any(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    fn label(&mut self) -> u32 {
        self.labels += 1;
        self.labels
    }

    fn value(&mut self) -> &'static str {
        if self.random.chance(2) {
            return self.any(&OTHERS);
        }
        match self.mode {
            Mode::SmallInts => self.any(&INTS[..SMALL]),
            Mode::Ints => self.any(&INTS),
            Mode::Floats => self.any(&FLOATS),
            Mode::Numbers if self.random.chance(50) => self.any(&INTS),
            Mode::Numbers => self.any(&FLOATS),
            Mode::Anything => match self.below(3) {
                0 => self.any(&INTS),
                1 => self.any(&FLOATS),
                _ => self.any(&OTHERS),
            },
        }
    }

    fn push(&mut self) {
        let local = self.below(self.locals);
        match self.below(10) {
            0..=2 => {
                let value = self.value();
                self.line(&format!("push {value}"));
            }
            3 if self.height >= 1 => self.line("dup"),
            4 if self.height >= 2 => self.line("over"),
            5 => self.line(&format!("load_global g{}", local % 2)),
            _ => self.line(&format!("load_local l{local}")),
        }
        self.height += 1;
    }

    fn drop_one(&mut self) {
        let local = self.below(self.locals);
        match self.below(8) {
            0 => self.line(&format!("store_global g{}", local % 2)),
            1 => self.line("pop"),
            2 => self.line("print"),
            _ => self.line(&format!("store_local l{local}")),
        }
        self.height -= 1;
    }

    /// A binary operator on what is there, with few errors where the mode has few.
    fn binary(&mut self) {
        let (chance, bits) = (self.below(100), matches!(self.mode, Mode::SmallInts | Mode::Ints));
        let op = match chance {
            0..=1 => self.any(&ALL),
            2..=30 if self.mode == Mode::Anything => self.any(&COMPARE[..2]),
            2..=20 => self.any(&COMPARE),
            21..=50 if bits => self.any(&BITS),
            21..=30 => "div",
            _ => self.any(&SAFE),
        };
        self.line(op);
        self.height -= 1;
        if op == "mul" && bits && self.random.chance(50) {
            let mask = [1023, 65_535, (1 << 47) - 1, (1i64 << 48) - 1][self.below(4)];
            self.line(&format!("push {mask}"));
            self.line("and");
        }
    }

    /// An operator whose right operand is a constant.
    fn with_constant(&mut self) {
        let shift = [0, 1, 5, 16, 31, 46, 47, 48, 61, 62, 63, 64, 65][self.below(13)];
        let divisor = ["1", "-1", "2", "3", "-7", "16", "1024", "140737488355328", "-9223372036854775808"];
        let int = if self.random.chance(60) { self.any(&INTS[..SMALL]) } else { self.any(&INTS) };
        let (constant, op) = match self.below(8) {
            0 if self.random.chance(15) => ("-1".to_string(), "shl"),
            0 => (shift.to_string(), "shl"),
            1 => (shift.to_string(), "shr"),
            2 => (divisor[self.below(divisor.len())].to_string(), "floordiv"),
            3 => (divisor[self.below(divisor.len())].to_string(), "mod"),
            4 => (divisor[self.below(divisor.len())].to_string(), "div"),
            5 => (int.to_string(), self.any(&BITS)),
            6 => (int.to_string(), self.any(&SAFE)),
            _ => (int.to_string(), self.any(&COMPARE)),
        };
        let bits = matches!(self.mode, Mode::SmallInts | Mode::Ints);
        let op = if !bits && matches!(op, "shl" | "shr" | "and" | "or" | "xor") { "mul" } else { op };
        self.line(&format!("push {constant}"));
        if self.random.chance(15) && !matches!(op, "floordiv" | "mod" | "div" | "shl" | "shr") {
            self.line("swap");
        }
        self.line(op);
    }

    /// Statements that leave as many operands as they found.
    fn balanced(&mut self, most: usize) {
        let height = self.height;
        for _ in 0..self.below(most) {
            self.step();
        }
        while self.height > height {
            self.drop_one();
        }
        while self.height < height {
            self.push();
        }
    }

    fn step(&mut self) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        let height = self.height;
        match self.below(100) {
            0..=29 if height < MAX_HEIGHT => self.push(),
            30..=51 if height >= 2 => self.binary(),
            52..=63 if (1..MAX_HEIGHT).contains(&height) => self.with_constant(),
            64..=68 if height >= 1 => {
                let op = match self.mode {
                    Mode::SmallInts | Mode::Ints => self.any(&["neg", "invert", "not"]),
                    Mode::Anything => "not",
                    _ => self.any(&["neg", "not"]),
                };
                self.line(op);
            }
            69..=73 if height >= 2 => self.line("swap"),
            74..=78 if height >= 3 => self.line("rot"),
            79..=83 if height >= 1 => self.drop_one(),
            84..=90 if self.nested < 3 => {
                let label = self.label();
                if height >= 2 && height + 2 <= MAX_HEIGHT && self.random.chance(60) {
                    self.line("over");
                    self.line("over");
                    let compare = if self.mode == Mode::Anything {
                        self.any(&COMPARE[..2])
                    } else {
                        self.any(&COMPARE)
                    };
                    self.line(compare);
                } else {
                    self.push();
                    self.height -= 1;
                }
                let branch = self.any(&["jump_if_zero", "jump_if_not_zero"]);
                self.line(&format!("{branch} L{label}"));
                self.nested += 1;
                self.balanced(8);
                if self.random.chance(40) {
                    let end = self.label();
                    self.line(&format!("jump L{end}"));
                    let _ = writeln!(self.text, "L{label}:");
                    self.balanced(6);
                    let _ = writeln!(self.text, "L{end}:");
                } else {
                    let _ = writeln!(self.text, "L{label}:");
                }
                self.nested -= 1;
            }
            91..=93 if self.nested == 0 => {
                let label = self.label();
                let rounds = 1 + self.below(4);
                self.line(&format!("push {rounds}"));
                self.line("store_local j");
                let _ = writeln!(self.text, "L{label}:");
                self.nested += 1;
                self.balanced(10);
                self.nested -= 1;
                self.line("load_local j");
                self.line("push 1");
                self.line("sub");
                self.line("dup");
                self.line("store_local j");
                self.line(&format!("jump_if_not_zero L{label}"));
            }
            94..=99 if !self.callable.is_empty() => {
                let callee = self.below(self.callable.len());
                let params = self.callable[callee];
                while self.height < params {
                    self.push();
                }
                self.line(&format!("call f{callee}"));
                self.height = self.height - params + 1;
            }
            _ if height < MAX_HEIGHT => self.push(),
            _ => self.drop_one(),
        }
    }

    fn function(&mut self, index: usize, params: usize) {
        self.locals = params.max(1) + self.below(3);
        let names = |range: std::ops::Range<usize>| range.map(|i| format!("l{i}")).collect::<Vec<_>>();
        let _ = writeln!(self.text, "func f{index}({})", names(0..params).join(", "));
        let rest = names(params..self.locals);
        let _ = writeln!(self.text, "local {}", [vec!["j".to_string()], rest].concat().join(", "));
        for local in params..self.locals {
            let value = self.value();
            self.line(&format!("push {value}"));
            self.line(&format!("store_local l{local}"));
        }
        (self.height, self.budget) = (0, 14);
        let recursive = params > 0 && self.random.chance(25);
        if recursive {
            // Goes down a global, so that it ends, unless a limit ends it first.
            self.line("load_global depth");
            self.line("jump_if_zero B");
            self.line("load_global depth");
            self.line("push 1");
            self.line("sub");
            self.line("store_global depth");
            let below = self.below(4);
            for _ in 0..below + params {
                self.push();
            }
            self.line(&format!("call f{index}"));
            self.height -= params - 1;
            while self.height > 1 {
                self.binary();
            }
            self.drop_one();
            let _ = writeln!(self.text, "B:");
        }
        for _ in 0..self.below(16) {
            self.step();
        }
        if self.height == 0 {
            self.push();
        }
        self.line("ret");
    }

    fn main(&mut self) {
        self.locals = 1 + self.below(6);
        let names: Vec<String> = (0..self.locals).map(|i| format!("l{i}")).collect();
        let _ = writeln!(self.text, "func main()\nlocal i, j, t, {}", names.join(", "));
        let depth = [0, 3, 30, 1000][self.below(4)];
        self.line(&format!("push {depth}"));
        self.line("store_global depth");
        for place in ["store_global g0", "store_global g1"] {
            let value = self.value();
            self.line(&format!("push {value}"));
            self.line(place);
        }
        for local in 0..self.locals {
            let value = self.value();
            self.line(&format!("push {value}"));
            self.line(&format!("store_local l{local}"));
        }
        (self.height, self.budget) = (0, 60);
        for _ in 0..self.below(5) {
            self.push();
        }
        let kept = self.height;
        let rounds = if self.random.chance(10) { 250 } else { 1 + self.below(9) };
        self.line(&format!("push {rounds}"));
        self.line("store_local i");
        let _ = writeln!(self.text, "top:");
        for _ in 0..self.below(50) {
            self.step();
        }
        while self.height > kept {
            self.drop_one();
        }
        while self.height < kept {
            self.push();
        }
        // Other values, perhaps of other kinds, in the next round.
        if self.random.chance(60) {
            self.line("load_local l0");
            for local in 1..self.locals {
                self.line(&format!("load_local l{local}"));
                self.line(&format!("store_local l{}", local - 1));
            }
            self.line(&format!("store_local l{}", self.locals - 1));
        }
        if self.random.chance(30) {
            let (label, value) = (self.label(), self.value());
            self.line("load_local i");
            self.line("push 2");
            self.line("mod");
            self.line(&format!("jump_if_zero L{label}"));
            self.line(&format!("push {value}"));
            self.line("store_local l0");
            let _ = writeln!(self.text, "L{label}:");
        }
        self.line("load_local i");
        self.line("push 1");
        self.line("sub");
        self.line("dup");
        self.line("store_local i");
        self.line("jump_if_not_zero top");
        for local in 0..self.locals {
            self.line(&format!("load_local l{local}"));
            self.line("print");
        }
        while self.height > 0 {
            self.line("print");
            self.height -= 1;
        }
        self.push();
        let end = self.any(&["ret", "halt"]);
        self.line(end);
    }
}

/// The text of a program, and the limits that it runs under.
fn program(seed: u64) -> (String, Options) {
    let mut random = Random::new(seed ^ 0xB45E_11E5);
    random.number();
    let modes = [
        Mode::SmallInts,
        Mode::SmallInts,
        Mode::Ints,
        Mode::Ints,
        Mode::Floats,
        Mode::Numbers,
        Mode::Anything,
    ];
    let mode = modes[random.below(7) as usize];
    let mut generator = Generator {
        random,
        text: String::from("global g0, g1, depth\n"),
        mode,
        height: 0,
        labels: 0,
        callable: Vec::new(),
        locals: 0,
        nested: 0,
        budget: 0,
    };
    for index in 0..generator.below(3) {
        let params = generator.below(7);
        generator.function(index, params);
        generator.callable.push(params);
    }
    generator.main();
    let mut options = Options { max_tier: Tier::Baseline, ..Options::default() };
    options.limits.fuel =
        Some(if generator.random.chance(25) { generator.random.below(500) } else { 20_000 });
    options.limits.numbers.max_int_bits = 1 << 12;
    options.limits.stack_values =
        if generator.random.chance(15) { 40 + generator.random.below(400) as u32 } else { 1 << 14 };
    options.limits.depth =
        if generator.random.chance(15) { 1 + generator.random.below(40) as u32 } else { 500 };
    if generator.random.chance(10) {
        options.limits.heap_bytes = 300 + generator.random.below(3_000);
    }
    (generator.text, options)
}

fn ways(base: &Options) -> Vec<Options> {
    let mut all = Vec::new();
    let collect = Stress { collect: true, ..Stress::default() };
    let slices = Stress { slice: Some(17), ..Stress::default() };
    for (hotspot_threshold, stress) in [
        (1, Stress::default()),
        (2, Stress::default()),
        (3, Stress::default()),
        (2, collect.clone()),
        (1, slices.clone()),
        (2, slices),
    ] {
        all.push(Options { hotspot_threshold, stress, ..base.clone() });
    }
    all
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn baseline_code_agrees_with_the_interpreter() {
    let first = from_environment("HOTSPOT_SEED", 1);
    let programs = from_environment("HOTSPOT_PROGRAMS", PROGRAMS);
    let (mut errors, mut limits, mut compiled, mut replaced) = (0, 0, 0, 0);
    for seed in first..first + programs {
        let (source, options) = program(seed);
        let program = match load("generated", &source) {
            Ok(program) => program,
            Err(error) => panic!("seed {seed} does not load: {error}\n{source}"),
        };
        let expected = observe(&program, &[], &interpreted(&options).options).0;
        for options in ways(&options) {
            let (found, stats) = observe(&program, &[], &options);
            let (threshold, stress) = (options.hotspot_threshold, &options.stress);
            assert!(
                found == expected,
                "seed {seed} at {threshold}, {stress:?}, {:?}:\n  expected {expected:?}\n  found    {found:?}\n{source}",
                options.limits
            );
            compiled += u64::from(stats.jit_instructions > 0);
            replaced += stats.invalidations;
        }
        match expected.result.map_err(|stop| stop.kind) {
            Err(StopKind::Error(_)) => errors += 1,
            Err(_) => limits += 1,
            Ok(_) => {}
        }
    }
    println!("{programs} programs agree; {errors} end with an error, {limits} at a limit");
    println!("{compiled} runs had code, which was replaced {replaced} times");
    // A generator whose programs all fail, or never get to compiled code, tests too little.
    assert!(errors + limits < programs * 4 / 5, "{errors} errors, {limits} limits of {programs}");
    assert!(compiled > programs * 3, "{compiled} runs of {programs} programs had code");
}

/// Runs whose price does not fit an immediate operand, locals and counters whose displacements do not fit a byte.
#[test]
fn long_runs_and_many_locals_agree() {
    const LOCALS: usize = 300;
    let names: Vec<String> = (0..LOCALS).map(|local| format!("v{local}")).collect();
    let mut source = format!("func main()\nlocal i, {}\npush 5\nstore_local i\n", names.join(", "));
    for local in 0..LOCALS {
        let _ = writeln!(source, "push {}\nstore_local v{local}", local * 7);
    }
    source.push_str("top:\n");
    for i in 0..700 {
        let (a, b) = (i * 13 % LOCALS, (i * 29 + 5) % LOCALS);
        let op = ["add", "sub", "xor"][i % 3];
        let _ = writeln!(source, "load_local v{a}\nload_local v{b}\n{op}\nstore_local v{a}");
    }
    source.push_str("load_local i\npush 1\nsub\ndup\nstore_local i\njump_if_not_zero top\n");
    for local in 0..LOCALS {
        let _ = writeln!(source, "load_local v{local}\nprint");
    }
    source.push_str("halt\n");
    let program = load("long", &source).unwrap_or_else(|error| panic!("{error}"));
    let mut options = Options { max_tier: Tier::Baseline, ..Options::default() };
    for fuel in [None, Some(3_000), Some(3_406), Some(3_407), Some(9_000)] {
        options.limits.fuel = fuel;
        let expected = observe(&program, &[], &interpreted(&options).options).0;
        for options in ways(&options) {
            assert_eq!(observe(&program, &[], &options).0, expected, "fuel {fuel:?}");
        }
    }
}
