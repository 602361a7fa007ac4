//! Programs whose functions call each other and themselves.
//!
//! Expressions have a kind: ints, numbers of any type, strings, or anything. A function has kinds for its parameters
//! and its result, so most programs run without errors even where types change under way; some break the rules on
//! purpose. What changes under way depends on the global `g2`, which the main loop counts up: types of arguments and
//! results, branches, and errors that come late.
//!
//! Recursion ends because its first argument goes down. It is either deep, with one call per activation, or wide, with
//! several and a small argument.

mod expressions;

use super::Random;
use std::fmt::Write;

/// What an expression gives.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// An int of any size, or a bool.
    Int,
    /// An int, a float or a bool.
    Number,
    /// A str.
    Text,
    /// Anything.
    Any,
}

use Kind::{Any, Int, Number, Text};

const KINDS: [Kind; 10] = [Int, Int, Int, Int, Int, Number, Number, Number, Any, Text];

/// A function that may be called.
#[derive(Clone)]
struct Callable {
    name: String,
    /// Its first argument bounds its recursion.
    recursive: bool,
    params: Vec<Kind>,
    result: Kind,
}

struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    labels: u32,
    nasty: u64,
    functions: Vec<Callable>,
    /// Which of them is being written; `None` for main.
    current: Option<usize>,
    /// Recursive calls that it may still have.
    recursions: u32,
    /// All calls that it may still have.
    calls: u32,
    deep: bool,
    loops: u32,
    budget: u32,
    /// Loops around the current place.
    depth: u32,
    locals: Vec<(String, Kind)>,
    changes: u64,
}

/// The text of a program with calls.
pub(super) fn program(random: &mut Random) -> String {
    let deep = random.chance(50);
    let nasty = *random.pick(&[&0, &0, &0, &1, &5, &20]);
    let changes = *random.pick(&[&0, &10, &30]);
    let count = 1 + random.below(4) as usize;
    let functions: Vec<Callable> = (0..count)
        .map(|index| {
            let many = random.chance(8);
            let params = if many { 7 + random.below(7) } else { random.below(4) };
            Callable {
                name: format!("f{index}"),
                recursive: random.chance(60),
                params: (0..params).map(|_| *random.pick(&KINDS.each_ref())).collect(),
                result: *random.pick(&KINDS.each_ref()),
            }
        })
        .collect();
    let mut text = String::from("global g0, g1, g2\n");
    for current in (0..count).map(Some).chain([None]) {
        let mut writer = Writer {
            random: &mut *random,
            text: String::new(),
            labels: 0,
            nasty,
            functions: functions.clone(),
            current,
            recursions: if deep { 1 } else { 2 },
            calls: if current.is_some() { 3 } else { 8 },
            deep,
            loops: 0,
            budget: if current.is_some() { 8 } else { 16 },
            depth: 0,
            locals: Vec::new(),
            changes,
        };
        match current {
            Some(index) => writer.function(&functions[index]),
            None => writer.main(),
        }
        text.push_str(&writer.text);
    }
    text
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "    {text}");
    }

    fn place(&mut self, label: &str) {
        let _ = writeln!(self.text, "{label}:");
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("L{}", self.labels)
    }

    fn start_locals(&mut self) {
        self.line("local i0, i1, i2, x, y, v, w, s, a");
        for (local, kind) in [("x", Int), ("y", Int), ("v", Number), ("w", Number), ("s", Text), ("a", Any)] {
            self.expression(kind, 0);
            self.line(&format!("store_local {local}"));
            self.locals.push((local.to_string(), kind));
        }
    }

    fn function(&mut self, function: &Callable) {
        let mut names: Vec<String> = (0..function.params.len()).map(|i| format!("p{i}")).collect();
        self.locals = names.iter().cloned().zip(function.params.iter().copied()).collect();
        if function.recursive {
            names.insert(0, "n".to_string());
        }
        let _ = writeln!(self.text, "func {}({})", function.name, names.join(", "));
        let small = self.random.chance(50);
        if !small {
            self.start_locals();
        }
        if function.recursive {
            let on = self.label();
            match self.random.below(3) {
                0 => {
                    self.line("load_local n");
                    self.line(&format!("jump_if_not_zero {on}"));
                }
                1 => {
                    self.line("load_local n");
                    self.line("push 1");
                    self.line("lt");
                    self.line(&format!("jump_if_zero {on}"));
                }
                _ => {
                    self.line("load_local n");
                    self.line("push 0");
                    self.line("gt");
                    self.line(&format!("jump_if_not_zero {on}"));
                }
            }
            if self.random.chance(self.nasty) {
                self.late(|w| w.raise());
            }
            if self.random.chance(3) {
                self.late(|w| {
                    w.expression(Any, 0);
                    w.line("halt");
                });
            }
            let calls = std::mem::take(&mut self.calls);
            self.expression(function.result, 1);
            self.calls = calls;
            self.line("ret");
            self.place(&on);
        }
        if !small {
            for _ in 0..1 + self.random.below(3) {
                self.statement();
            }
        }
        if function.recursive && self.recursions > 0 && self.random.chance(85) {
            self.recursive_call(function.result);
        } else {
            self.expression(function.result, 2);
        }
        self.line("ret");
    }

    fn main(&mut self) {
        let _ = writeln!(self.text, "func main()");
        for global in ["g0", "g1"] {
            self.expression(if global == "g0" { Int } else { Number }, 0);
            self.line(&format!("store_global {global}"));
        }
        self.line("push 0");
        self.line("store_global g2");
        self.start_locals();
        for _ in 0..1 + self.random.below(2) {
            self.counted_loop();
            self.statement();
        }
        for local in ["x", "y", "v", "w", "s", "a"] {
            self.line(&format!("load_local {local}"));
            self.line("print");
        }
        for global in ["g0", "g1"] {
            self.line(&format!("load_global {global}"));
            self.line("print");
        }
        self.calls = 1;
        self.expression(Any, 2);
        self.line("ret");
    }

    /// An operation that raises an error.
    fn raise(&mut self) {
        let lines: &[&str] = match self.random.below(5) {
            0 => &["push 1", "push 0", "floordiv", "pop"],
            1 => &["push 1.5", "push 0.0", "div", "pop"],
            2 => &["push none", "push 1", "add", "pop"],
            3 => &["push 1", "push -1", "shl", "pop"],
            _ => &["push \"ab\"", "neg", "pop"],
        };
        for line in lines {
            self.line(line);
        }
    }

    /// What happens only when the main loop has made some rounds.
    fn late(&mut self, what: impl FnOnce(&mut Self)) {
        let end = self.label();
        let after = *self.random.pick(&[&3, &11, &17, &40, &70]);
        self.line("load_global g2");
        self.line(&format!("push {after}"));
        self.line("lt");
        self.line(&format!("jump_if_not_zero {end}"));
        what(self);
        self.place(&end);
    }

    fn counted_loop(&mut self) {
        if self.depth >= 3 || self.loops >= 4 {
            return;
        }
        self.loops += 1;
        let counter = format!("i{}", self.depth);
        let rounds = match (self.depth, self.current) {
            (0, None) => 20 + self.random.below(100),
            (0, Some(_)) => 1 + self.random.below(if self.deep { 4 } else { 12 }),
            _ => 1 + self.random.below(6),
        };
        let (head, done) = (self.label(), self.label());
        let down = self.random.chance(50);
        let start = if down { rounds } else { 0 };
        self.line(&format!("push {start}"));
        self.line(&format!("store_local {counter}"));
        self.place(&head);
        self.line(&format!("load_local {counter}"));
        if !down {
            self.line(&format!("push {rounds}"));
            self.line("lt");
        }
        self.line(&format!("jump_if_zero {done}"));
        self.depth += 1;
        // A call in a loop is many calls.
        let recursions = self.recursions;
        if self.current.is_some() {
            self.recursions = 0;
        }
        if self.current.is_none() && self.depth == 1 {
            for line in ["load_global g2", "push 1", "add", "store_global g2"] {
                self.line(line);
            }
        }
        for _ in 0..1 + self.random.below(3) {
            self.statement();
        }
        if self.random.chance(40) {
            self.counted_loop();
        }
        if self.random.chance(10) {
            self.condition();
            self.line(&format!("jump_if_not_zero {done}"));
        }
        self.recursions = recursions;
        self.depth -= 1;
        self.line(&format!("load_local {counter}"));
        self.line("push 1");
        self.line(if down { "sub" } else { "add" });
        self.line(&format!("store_local {counter}"));
        self.line(&format!("jump {head}"));
        self.place(&done);
    }

    fn statement(&mut self) {
        if self.budget == 0 {
            return self.line("nop");
        }
        self.budget -= 1;
        match self.random.below(24) {
            0..=4 => {
                self.bounded_int(2);
                let to = self.random.pick(&["x", "y"]).to_string();
                self.line(&format!("store_local {to}"));
            }
            5 | 6 => {
                self.expression(Int, 2);
                let to = self.random.pick(&["x", "y"]).to_string();
                self.line(&format!("store_local {to}"));
            }
            7..=9 => {
                self.expression(Number, 2);
                let to = self.random.pick(&["v", "w"]).to_string();
                self.line(&format!("store_local {to}"));
            }
            10 => {
                self.expression(Text, 1);
                self.line("store_local s");
            }
            11 => {
                self.expression(Any, 2);
                self.line("store_local a");
            }
            12 | 13 => {
                // A global that a callee may change between two reads.
                let global = self.random.pick(&["g0", "g1"]).to_string();
                let kind = if global == "g0" { Int } else { Number };
                self.line(&format!("load_global {global}"));
                self.expression(kind, 1);
                self.line(&format!("load_global {global}"));
                self.line("sub");
                self.line("add");
                if kind == Int {
                    self.line("push 1048575");
                    self.line("and");
                } else {
                    self.line("push 1000003");
                    self.line("mod");
                }
                self.line(&format!("store_global {global}"));
            }
            14 | 15 => {
                let kind = *self.random.pick(&KINDS.each_ref());
                self.any_call(kind);
                self.line("pop");
            }
            16 | 17 => {
                let (other, end) = (self.label(), self.label());
                self.condition();
                self.line(&format!("jump_if_zero {other}"));
                self.statement();
                self.line(&format!("jump {end}"));
                self.place(&other);
                self.statement();
                self.place(&end);
            }
            18 => {
                self.expression(Any, 1);
                let what = if self.random.chance(25) { "print" } else { "pop" };
                self.line(what);
            }
            19 => {
                self.line("load_local x");
                for line in ["push 63", "and", "push 32", "add", "print_char"] {
                    self.line(line);
                }
            }
            20 => {
                if let Some(result) = self.current.map(|index| self.functions[index].result) {
                    // Leave early.
                    let on = self.label();
                    self.condition();
                    self.line(&format!("jump_if_zero {on}"));
                    self.expression(result, 1);
                    self.line("ret");
                    self.place(&on);
                } else {
                    self.line("nop");
                }
            }
            21 if self.random.chance(self.nasty * 4) => self.late(|w| w.raise()),
            22 if self.random.chance(3) => self.late(|w| {
                w.expression(Any, 0);
                w.line("halt");
            }),
            _ => self.counted_loop(),
        }
    }

    fn bounded_int(&mut self, size: u32) {
        self.expression(Int, size);
        let mask = self.random.pick(&["255", "65535", "2147483647", "281474976710655"]).to_string();
        self.line(&format!("push {mask}"));
        self.line("and");
    }

    fn condition(&mut self) {
        let kind = if self.random.chance(70) { Int } else { Number };
        self.expression(kind, 1);
        if self.random.chance(70) {
            self.expression(kind, 0);
            let op = self.random.pick(&super::COMPARE).to_string();
            self.line(&op);
        }
        if self.random.chance(20) {
            self.line("not");
        }
    }

    /// A call of some function that gives this kind, if there is one.
    fn any_call(&mut self, kind: Kind) {
        let fits = |f: &Callable| f.result == kind || kind == Any || kind == Number && f.result == Int;
        let may = |(index, f): &(usize, &Callable)| {
            // Functions without a bound call later ones only.
            let bounded = self.current.is_none_or(|current| match self.functions[current].recursive {
                true => self.recursions > 0 || !f.recursive,
                false => *index > current,
            });
            fits(f) && bounded
        };
        let all: Vec<usize> =
            self.functions.iter().enumerate().filter(|f| may(f)).map(|(index, _)| index).collect();
        if self.calls == 0 || all.is_empty() {
            return self.expression(kind, 0);
        }
        let chosen = all[self.random.below(all.len() as u64) as usize];
        self.call(chosen);
    }

    /// A call of a recursive function with a smaller bound, and something done with its result.
    fn recursive_call(&mut self, kind: Kind) {
        let current = self.current.unwrap_or(0);
        let mutual = (0..self.functions.len())
            .find(|&i| i != current && self.functions[i].recursive && self.functions[i].result == kind);
        let callee = mutual.filter(|_| self.random.chance(40)).unwrap_or(current);
        match kind {
            Int | Number if self.random.chance(70) => {
                self.expression(kind, 1);
                self.call(callee);
                let op = self.random.pick(&["add", "sub", "add", "mul"]).to_string();
                self.line(&op);
                self.line("push 1000003");
                self.line("mod");
            }
            _ => self.call(callee),
        }
    }

    fn call(&mut self, index: usize) {
        self.calls = self.calls.saturating_sub(1);
        let callee = self.functions[index].clone();
        if callee.recursive {
            self.bound();
        }
        let recursions = std::mem::take(&mut self.recursions);
        for &param in &callee.params {
            let nasty = self.random.chance(self.nasty);
            self.expression(if nasty { Any } else { param }, 1);
        }
        self.recursions = if callee.recursive { recursions.saturating_sub(1) } else { recursions };
        self.line(&format!("call {}", callee.name));
    }

    /// The argument that bounds a recursion.
    fn bound(&mut self) {
        let bounded = self.current.is_some_and(|index| self.functions[index].recursive);
        if bounded {
            self.line("load_local n");
            let step = self.random.pick(&["push 1", "push 1", "push 2"]).to_string();
            self.line(&step);
            self.line("sub");
        } else if self.deep {
            let most = match self.depth {
                0 => *self.random.pick(&[&"40", &"900", &"1100", &"2500", &"6000"]),
                1 => *self.random.pick(&[&"3", &"9", &"20", &"60", &"300"]),
                _ => *self.random.pick(&[&"2", &"7", &"20"]),
            };
            self.line(&format!("push {most}"));
        } else {
            let most = self.random.below(if self.depth > 1 { 4 } else { 7 });
            self.line(&format!("push {most}"));
        }
    }
}
