//! Programs at random, from a seed: terminating, verified, and nasty.
//!
//! Of several sorts: `lists` makes programs about lists, `calls` makes functions that call each other, `edges` small programs that aim at what compilers get
//! wrong; here are the others. Such a program is a few functions, each with nested counted loops around statements that
//! compute with locals, globals and constants of all types. Most expressions are of one type, so that code specialises;
//! some are not, so that it deoptimises. Operands include the edges where representations change (48 bits, 53 bits, 64
//! bits) and zero. Errors are allowed: they must be the same everywhere.

use hotspotvm::Options;
use hotspotvm::internals::MAX_LEVELS;
use std::fmt::Write;

mod calls;
mod edges;
mod graphs;
mod lists;

/// A small generator of numbers (xorshift64*).
pub struct Random {
    state: u64,
    /// What numbers are taken from first.
    steering: Vec<u8>,
    /// How many of these bytes are used up.
    steered: usize,
}

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, steering: Vec::new(), steered: 0 }
    }

    /// The first numbers from these bytes, two for each, so that a fuzzer that changes one of them changes one choice;
    /// then as from a seed.
    pub fn steered(bytes: &[u8]) -> Random {
        Random { steering: bytes.to_vec(), ..Random::new(bytes.len() as u64) }
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        if let Some(&[low, high]) = self.steering.get(self.steered..self.steered + 2) {
            self.steered += 2;
            // `below` drops the lowest bits.
            return u64::from(u16::from_le_bytes([low, high])) << 11;
        }
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.number() >> 11) % n.max(1)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
}

const INTS: [&str; 24] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "-2",
    "10",
    "63",
    "64",
    "255",
    "1000003",
    "2147483647",
    "4294967296",
    "140737488355327",
    "140737488355328",
    "-140737488355329",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "1103515245",
    "18446744073709551616",
    "-7",
];
const FLOATS: [&str; 14] = [
    "0.0",
    "-0.0",
    "0.5",
    "1.0",
    "-1.5",
    "3.25",
    "1e16",
    "1e308",
    "5e-324",
    "inf",
    "-inf",
    "nan",
    "9007199254740992.0",
    "0.1",
];
const OTHERS: [&str; 6] = ["true", "false", "none", "\"\"", "\"ab\"", "\"x\""];
const ARITHMETIC: [&str; 5] = ["add", "sub", "mul", "add", "sub"];
const DIVISION: [&str; 3] = ["div", "floordiv", "mod"];
const BITWISE: [&str; 5] = ["and", "or", "xor", "shr", "shl"];
const COMPARE: [&str; 6] = ["eq", "ne", "lt", "le", "gt", "ge"];

struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    labels: u32,
    /// How nasty: percent of statements that break the rules of types.
    nasty: u64,
    loops: u32,
    /// Functions that may be called, with their numbers of parameters.
    callable: Vec<(String, u64)>,
    budget: u32,
}

/// The text of a program. The same seed gives the same text. Every other program is about calls, the others are about
/// loops, or go to the edges of what is compiled.
pub fn program(seed: u64) -> String {
    let mut random = Random::new(seed);
    match seed % 4 {
        0 | 2 => calls::program(&mut random),
        1 => edges::program(&mut random),
        _ if seed % 16 == 3 => graphs::program(&mut random),
        _ if seed % 16 == 7 || seed % 16 == 11 => lists::program(&mut random),
        _ => loops(&mut random),
    }
}

/// The text of a program of any kind, with all choices taken from here.
pub fn steered(random: &mut Random) -> String {
    match random.below(6) {
        0 | 1 => calls::program(random),
        2 => edges::program(random),
        3 => graphs::program(random),
        4 => lists::program(random),
        _ => loops(random),
    }
}

/// The settings for a program: some have little fuel, few calls, a small stack or a small heap.
pub fn options(seed: u64) -> Options {
    let mut random = Random::new(!seed);
    let mut options = Options { deterministic: true, ..Options::default() };
    let limits = &mut options.limits;
    limits.fuel = Some(60_000);
    limits.numbers.max_int_bits = 1 << 14;
    if random.chance(7) {
        limits.fuel = Some(20 + random.below(20_000));
    }
    if random.chance(14) {
        limits.depth = *random.pick(&[&3, &17, &100, &500, &513, &1_500]);
    }
    if seed % 4 == 1 && random.chance(25) {
        // About as deep as calls are inlined, once or a few times over.
        let levels = 1 + u64::from(MAX_LEVELS);
        limits.depth = match random.chance(70) {
            true => levels * (1 + random.below(3)) + random.below(3) - 1,
            false => 4 + random.below(30),
        } as u32;
    }
    // Every run clears its stack.
    limits.stack_values = 1 << 17;
    if random.chance(7) {
        limits.stack_values = 60 + random.below(4_000) as u32;
    }
    if random.chance(5) {
        limits.heap_bytes = 600 + random.below(8_000);
    }
    options
}

fn loops(random: &mut Random) -> String {
    let nasty = *random.pick(&[&0, &0, &4, &12, &40]);
    let mut text = String::from("global g0, g1\n");
    let mut callable: Vec<(String, u64)> = Vec::new();
    let helpers = random.below(3);
    for index in 0..=helpers {
        let is_main = index == helpers;
        let params = if is_main { 0 } else { random.below(3) };
        let mut writer = Writer {
            random: &mut *random,
            text: String::new(),
            labels: 0,
            nasty,
            loops: 0,
            callable: callable.clone(),
            budget: if is_main { 40 } else { 10 },
        };
        let name = if is_main { "main".to_string() } else { format!("f{index}") };
        writer.function(&name, params, is_main);
        text.push_str(&writer.text);
        callable.push((name, params));
    }
    text
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "    {text}");
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("L{}", self.labels)
    }

    fn function(&mut self, name: &str, params: u64, is_main: bool) {
        let names: Vec<String> = (0..params).map(|i| format!("a{i}")).collect();
        let _ = writeln!(self.text, "func {name}({})", names.join(", "));
        self.line("local i0, i1, i2, i3, x, y, z, f, u");
        for local in ["x", "y", "z"] {
            let start = if params > 0 && self.random.chance(40) {
                format!("load_local a{}", self.random.below(params))
            } else {
                format!("push {}", self.random.pick(&INTS[..12]))
            };
            self.line(&start);
            self.line(&format!("store_local {local}"));
        }
        let float = self.random.pick(&FLOATS[2..6]).to_string();
        self.line(&format!("push {float}"));
        self.line("store_local f");
        self.line("push 0");
        self.line("store_local u");
        let statements = if is_main { 3 } else { 1 };
        for _ in 0..statements {
            self.counted_loop(0, is_main);
            self.statement(0);
        }
        if is_main {
            for local in ["x", "y", "z", "f", "u"] {
                self.line(&format!("load_local {local}"));
                self.line("print");
            }
            self.line("load_global g0");
            self.line("print");
        }
        self.expression(2);
        self.line("ret");
    }

    /// A loop that runs a known number of rounds: down or up, tested above or below.
    fn counted_loop(&mut self, depth: u32, long: bool) {
        if depth >= 3 || self.loops >= 6 {
            return;
        }
        self.loops += 1;
        let counter = format!("i{depth}");
        let rounds = match depth {
            0 if long => 20 + self.random.below(120),
            0 => 1 + self.random.below(12),
            _ => 1 + self.random.below(7),
        };
        let (head, done) = (self.label(), self.label());
        match self.random.below(3) {
            0 => {
                self.line(&format!("push {rounds}"));
                self.line(&format!("store_local {counter}"));
                let _ = writeln!(self.text, "{head}:");
                self.line(&format!("load_local {counter}"));
                self.line(&format!("jump_if_zero {done}"));
                self.body(depth, &done);
                self.line(&format!("load_local {counter}"));
                self.line("push 1");
                self.line("sub");
                self.line(&format!("store_local {counter}"));
                self.line(&format!("jump {head}"));
            }
            1 => {
                self.line("push 0");
                self.line(&format!("store_local {counter}"));
                let _ = writeln!(self.text, "{head}:");
                self.line(&format!("load_local {counter}"));
                self.line(&format!("push {rounds}"));
                self.line("lt");
                self.line(&format!("jump_if_zero {done}"));
                self.body(depth, &done);
                self.line(&format!("load_local {counter}"));
                self.line("push 1");
                self.line("add");
                self.line(&format!("store_local {counter}"));
                self.line(&format!("jump {head}"));
            }
            _ => {
                let test = self.label();
                self.line("push 0");
                self.line(&format!("store_local {counter}"));
                self.line(&format!("jump {test}"));
                let _ = writeln!(self.text, "{head}:");
                self.body(depth, &done);
                self.line(&format!("load_local {counter}"));
                self.line("push 1");
                self.line("add");
                self.line(&format!("store_local {counter}"));
                let _ = writeln!(self.text, "{test}:");
                self.line(&format!("load_local {counter}"));
                self.line(&format!("push {rounds}"));
                self.line("lt");
                self.line(&format!("jump_if_not_zero {head}"));
            }
        }
        let _ = writeln!(self.text, "{done}:");
    }

    fn body(&mut self, depth: u32, done: &str) {
        for _ in 0..1 + self.random.below(3) {
            self.statement(depth + 1);
        }
        if self.random.chance(40) {
            self.counted_loop(depth + 1, true);
        }
        if self.random.chance(15) {
            // Leave early.
            self.condition(depth + 1);
            self.line(&format!("jump_if_not_zero {done}"));
        }
    }

    fn statement(&mut self, depth: u32) {
        if self.budget == 0 {
            self.line("nop");
            return;
        }
        self.budget -= 1;
        match self.random.below(20) {
            0..=6 => {
                self.int_expression(depth, 2);
                let to = self.random.pick(&["x", "y", "z"]).to_string();
                self.line(&format!("store_local {to}"));
            }
            7..=9 => {
                // Bounded, so that ints stay ints.
                self.int_expression(depth, 2);
                let mask = self.random.pick(&["255", "65535", "2147483647", "281474976710655"]).to_string();
                self.line(&format!("push {mask}"));
                self.line("and");
                let to = self.random.pick(&["x", "y", "z"]).to_string();
                self.line(&format!("store_local {to}"));
            }
            10..=12 => {
                self.float_expression(depth, 2);
                self.line("store_local f");
            }
            13 => {
                self.expression(2);
                let to = self.random.pick(&["u", "u", "f", "x"]).to_string();
                let to = if self.random.chance(self.nasty) { to } else { "u".to_string() };
                self.line(&format!("store_local {to}"));
            }
            14 | 15 => {
                let (other, end) = (self.label(), self.label());
                self.condition(depth);
                let jump = self.random.pick(&["jump_if_zero", "jump_if_not_zero"]).to_string();
                self.line(&format!("{jump} {other}"));
                self.statement(depth);
                self.line(&format!("jump {end}"));
                let _ = writeln!(self.text, "{other}:");
                self.statement(depth);
                let _ = writeln!(self.text, "{end}:");
            }
            16 => {
                self.int_expression(depth, 1);
                self.line("store_global g0");
            }
            17 if !self.callable.is_empty() => {
                let at = self.random.below(self.callable.len() as u64) as usize;
                let (name, params) = self.callable[at].clone();
                for _ in 0..params {
                    self.int_expression(depth, 1);
                }
                self.line(&format!("call {name}"));
                self.line("store_local u");
            }
            18 => {
                self.expression(1);
                if self.random.chance(10) {
                    self.line("print");
                } else {
                    self.line("pop");
                }
            }
            _ => {
                self.line("load_local x");
                self.line("load_local y");
                let shuffle = self.random.pick(&["swap", "over", "dup"]).to_string();
                self.line(&shuffle);
                if shuffle != "swap" {
                    self.line("pop");
                }
                self.line("store_local y");
                self.line("store_local x");
            }
        }
    }

    fn condition(&mut self, depth: u32) {
        match self.random.below(4) {
            0 => self.int_expression(depth, 1),
            1 => {
                self.float_expression(depth, 1);
                self.float_expression(depth, 0);
                let op = self.random.pick(&COMPARE).to_string();
                self.line(&op);
            }
            _ => {
                self.int_expression(depth, 1);
                self.int_expression(depth, 0);
                let op = self.random.pick(&COMPARE).to_string();
                self.line(&op);
            }
        }
        if self.random.chance(20) {
            self.line("not");
        }
        if self.random.chance(6) {
            let builtin = self.random.pick(&["isnan", "isfinite", "isinf"]);
            self.float_expression(depth, 1);
            self.line(&format!("builtin1 {builtin}"));
            self.line("and");
        }
    }

    fn int_leaf(&mut self, depth: u32) {
        if self.random.chance(self.nasty / 4) {
            return self.any_leaf();
        }
        let choice = self.random.below(8);
        let leaf = match choice {
            0..=2 => format!("load_local {}", self.random.pick(&["x", "y", "z"])),
            3 | 4 if depth > 0 => format!("load_local i{}", self.random.below(u64::from(depth.min(3)))),
            5 => format!("push {}", self.random.pick(&INTS)),
            _ => format!("push {}", self.random.below(20) as i64 - 5),
        };
        self.line(&leaf);
    }

    fn int_expression(&mut self, depth: u32, size: u32) {
        if size == 0 {
            return self.int_leaf(depth);
        }
        match self.random.below(12) {
            0..=4 => {
                self.int_expression(depth, size - 1);
                self.int_expression(depth, size - 1);
                let op = self.random.pick(&ARITHMETIC).to_string();
                self.line(&op);
            }
            5 | 6 => {
                self.int_expression(depth, size - 1);
                let divisor = if self.random.chance(self.nasty) {
                    "load_local z".to_string()
                } else {
                    format!(
                        "push {}",
                        self.random.pick(&["1", "2", "3", "7", "8", "-1", "-3", "64", "1000003"])
                    )
                };
                self.line(&divisor);
                let op = self
                    .random
                    .pick(&[
                        "floordiv",
                        "mod",
                        "floordiv",
                        "mod",
                        "builtin2 divmod_quotient",
                        "builtin2 divmod_remainder",
                    ])
                    .to_string();
                self.line(&op);
            }
            7 => {
                self.int_expression(depth, size - 1);
                let op = self.random.pick(&BITWISE).to_string();
                if op.starts_with("sh") {
                    let most = if self.random.chance(self.nasty) { 70 } else { 9 };
                    let count = self.random.below(most) as i64 - i64::from(self.random.chance(1));
                    self.line(&format!("push {count}"));
                } else {
                    self.int_expression(depth, size - 1);
                }
                self.line(&op);
            }
            8 => {
                self.int_expression(depth, size - 1);
                let op = self.random.pick(&["neg", "invert"]).to_string();
                self.line(&op);
            }
            9 => self.condition(depth),
            10 if self.random.chance(50) => {
                let builtin = self.random.pick(&["abs", "abs", "int", "pos", "round", "trunc", "index"]);
                self.int_expression(depth, size - 1);
                self.line(&format!("builtin1 {builtin}"));
            }
            10 => {
                let builtin = self.random.pick(&["int", "floor", "ceil", "trunc"]);
                // What is no number, or infinite, raises an error.
                if self.random.chance(self.nasty) {
                    self.float_expression(depth, size - 1);
                } else {
                    self.int_leaf(depth);
                    let factor = self.random.pick(&FLOATS[2..6]);
                    self.line(&format!("push {factor}"));
                    self.line("mul");
                }
                self.line(&format!("builtin1 {builtin}"));
            }
            _ => self.int_leaf(depth),
        }
    }

    fn float_expression(&mut self, depth: u32, size: u32) {
        if size == 0 {
            let leaf = match self.random.below(4) {
                0 | 1 => "load_local f".to_string(),
                2 => format!("push {}", self.random.pick(&FLOATS)),
                _ => format!("push {}", self.random.pick(&FLOATS[2..6])),
            };
            self.line(&leaf);
            return;
        }
        self.float_expression(depth, size - 1);
        match self.random.below(10) {
            0..=5 => {
                self.float_expression(depth, size - 1);
                let op = self.random.pick(&ARITHMETIC).to_string();
                self.line(&op);
            }
            6 => {
                self.int_leaf(depth);
                let op = self.random.pick(&ARITHMETIC).to_string();
                self.line(&op);
            }
            7 => {
                let op = self.random.pick(&DIVISION).to_string();
                let divisor = if self.random.chance(self.nasty) { "load_local f" } else { "push 3.5" };
                self.line(divisor);
                self.line(&op);
            }
            8 => self.line("neg"),
            _ => {
                let builtin = self.random.pick(&["abs", "fabs", "float", "pos", "abs", "sqrt"]);
                if builtin == "sqrt" && !self.random.chance(self.nasty) {
                    self.line("builtin1 abs");
                }
                self.line(&format!("builtin1 {builtin}"));
            }
        }
    }

    fn any_leaf(&mut self) {
        let leaf = match self.random.below(7) {
            0 => "load_local u".to_string(),
            1 => "load_local f".to_string(),
            2 => "load_global g0".to_string(),
            3 => format!("push {}", self.random.pick(&FLOATS)),
            4 => format!("push {}", self.random.pick(&OTHERS)),
            _ => format!("push {}", self.random.pick(&INTS)),
        };
        self.line(&leaf);
    }

    fn expression(&mut self, size: u32) {
        if size == 0 || !self.random.chance(60) {
            return self.any_leaf();
        }
        match self.random.below(4) {
            0 => self.int_expression(0, size),
            1 => self.float_expression(0, size),
            2 => {
                self.expression(size - 1);
                self.expression(size - 1);
                let op = self.random.pick(&["eq", "ne"]).to_string();
                self.line(&op);
            }
            _ => {
                self.expression(size - 1);
                self.line("not");
            }
        }
    }
}
