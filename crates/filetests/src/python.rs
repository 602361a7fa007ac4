//! Random Python programs, and what CPython says of them.
//!
//! Outside of `profile -> detect -> compile -> cache -> execute -> deoptimise`, like its crate: the programs go through
//! all of it, in every configuration, and must end as they do in CPython. What they hold: functions with defaults and
//! keywords, loops of all forms, ints, floats, bools and strs, and mistakes on purpose. What they avoid: what does not
//! end, what grows without bound, and the deviations that are documented.

use crate::generate::Random;
use hotspotvm::bytecode::{self, Verified};
use python::{Compiled, Frame};
use std::fmt::Write as _;
use std::sync::Arc;

mod cpython;
pub mod nested;
pub mod objects;

pub use cpython::{Ended, in_cpython, run_by_cpython};

/// A program from its text.
///
/// # Errors
/// What the front end or the verifier says.
pub fn load(name: &str, text: &str) -> Result<(Arc<Verified>, Compiled), String> {
    let shown = |diagnostics: Vec<bytecode::Diagnostic>| {
        diagnostics.iter().map(|d| d.to_string()).collect::<Vec<_>>().join("\n")
    };
    let mut compiled = python::compile(name, text).map_err(shown)?;
    let program = std::mem::take(&mut compiled.program);
    let verified = bytecode::verify(program).map_err(shown)?;
    Ok((Arc::new(verified), compiled))
}

/// The engine's settings for Python programs: the program's own limit on calls is the one that counts.
pub fn options(mut options: hotspotvm::Options) -> hotspotvm::Options {
    options.limits.depth = u32::MAX;
    options.limits.recursion = Some(python::RECURSION_LIMIT);
    options
}

/// The last line that Python would print for an early end.
pub fn last_line(compiled: &Compiled, stop: &hotspotvm::Stop) -> String {
    let frame =
        stop.trace.last().map(|place| Frame { function: &place.function, pc: place.pc, line: place.line });
    compiled.error(frame.as_ref(), &stop.headline())
}

/// A random program.
pub fn program(seed: u64) -> String {
    let mut generator = Generator {
        random: Random::new(seed ^ 0x0050_7974_686f_6e00),
        out: String::new(),
        functions: Vec::new(),
        numbers: Vec::new(),
        texts: Vec::new(),
        depth: 0,
        loops: 0,
        in_function: false,
        fresh: 0,
        risky: false,
        budget: 0,
    };
    generator.program();
    generator.out
}

/// A function that was written: its name, its parameters, and how many of them have no default.
struct Written {
    name: String,
    params: Vec<String>,
    required: usize,
}

struct Generator {
    random: Random,
    out: String,
    functions: Vec<Written>,
    /// Variables that hold numbers, and strs, here.
    numbers: Vec<String>,
    texts: Vec<String>,
    depth: usize,
    loops: usize,
    in_function: bool,
    fresh: usize,
    /// Mistakes are made on purpose.
    risky: bool,
    budget: usize,
}

impl Generator {
    fn below(&mut self, n: u64) -> u64 {
        self.random.below(n)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.random.below(n) == 0
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.random.below(all.len() as u64) as usize]
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn program(&mut self) {
        self.risky = self.one_in(3);
        self.line("import math");
        let globals = self.below(3);
        for i in 0..globals {
            let value = self.literal();
            self.line(&format!("g{i} = {value}"));
            self.numbers.push(format!("g{i}"));
        }
        let functions = self.below(4);
        for i in 0..functions {
            self.function(i, globals);
        }
        self.budget = 14;
        for i in 0..2 {
            let value = self.number(2);
            self.line(&format!("v{i} = {value}"));
            self.numbers.push(format!("v{i}"));
        }
        if self.one_in(2) {
            let text = self.text(1);
            self.line(&format!("s = {text}"));
            self.texts.push("s".to_owned());
        }
        let statements = 3 + self.below(6);
        for _ in 0..statements {
            self.statement();
        }
        let all = self.numbers.clone();
        for chunk in all.chunks(3) {
            self.line(&format!("print({})", chunk.join(", ")));
        }
    }

    fn function(&mut self, index: u64, globals: u64) {
        let name = format!("f{index}");
        let count = 1 + self.below(3) as usize;
        let params: Vec<String> = (0..count).map(|i| format!("p{i}")).collect();
        let required = count - self.below(count as u64) as usize;
        let mut head = Vec::new();
        for (at, param) in params.iter().enumerate() {
            if at < required {
                head.push(param.clone());
            } else {
                let default = self.literal();
                head.push(format!("{param}={default}"));
            }
        }
        self.line(&format!("def {name}({}):", head.join(", ")));
        self.depth += 1;
        let outer = (std::mem::take(&mut self.numbers), std::mem::take(&mut self.texts));
        if globals > 0 && self.one_in(3) {
            self.line("global g0");
        }
        self.numbers = params.clone();
        if globals > 0 {
            self.numbers.push("g0".to_owned());
        }
        if !self.out.ends_with("global g0\n") && globals > 0 {
            // Read only: assigning would make it local.
            self.numbers.pop();
        }
        self.in_function = true;
        self.budget = 8;
        let statements = 1 + self.below(4);
        for _ in 0..statements {
            self.statement();
        }
        if !self.one_in(8) {
            let value = self.number(2);
            self.line(&format!("return {value}"));
        }
        self.in_function = false;
        self.depth -= 1;
        (self.numbers, self.texts) = outer;
        self.functions.push(Written { name, params, required });
    }

    fn literal(&mut self) -> String {
        match self.below(12) {
            0 => "0".into(),
            1 => "1".into(),
            2 => "-1".into(),
            3 => self.below(100).to_string(),
            4 => format!("-{}", self.below(1000)),
            5 => format!("{}.{}", self.below(50), self.below(100)),
            6 => "True".into(),
            7 => self.pick(&["0.5", "-2.5", "1e10", "0.0", "-0.0", "3.0"]).into(),
            8 => self
                .pick(&[
                    "140737488355327",
                    "-140737488355328",
                    "9223372036854775807",
                    "4611686018427387904",
                    "2**70",
                ])
                .into(),
            9 => "False".into(),
            _ => self.below(20).to_string(),
        }
    }

    fn variable(&mut self) -> String {
        if self.numbers.is_empty() {
            return self.literal();
        }
        let at = self.below(self.numbers.len() as u64) as usize;
        self.numbers[at].clone()
    }

    /// An expression that is a number, unless something goes wrong on purpose.
    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.one_in(3) { self.literal() } else { self.variable() };
        }
        if self.risky && self.one_in(60) {
            return self.mistake();
        }
        let next = depth - 1;
        match self.below(24) {
            0..=4 => {
                let op = self.pick(&["+", "-", "+", "-", "+"]);
                format!("({} {op} {})", self.number(next), self.number(next))
            }
            5 | 6 => format!(
                "({} * {})",
                self.number(next),
                self.pick(&["2", "3", "0.5", "-1", "7", "1.5", "True"])
            ),
            7 => format!(
                "({} * {} % {})",
                self.number(next),
                self.number(next),
                self.pick(&["10007", "97", "1000003", "7.5"])
            ),
            8 => {
                let divisor = self.pick(&["3", "7", "2", "-4", "2.5", "10"]);
                let op = self.pick(&["//", "%", "/", "//", "%"]);
                format!("({} {op} {divisor})", self.number(next))
            }
            9 => {
                let op = self.pick(&["//", "%", "/"]);
                format!("({} {op} ({} or 1))", self.number(next), self.number(next))
            }
            10 => {
                let op = self.pick(&["&", "|", "^"]);
                format!("(int({} % 1000) {op} int({} % 77))", self.number(next), self.number(next))
            }
            11 => {
                format!("(int({} % 1000) {} {})", self.number(next), self.pick(&["<<", ">>"]), self.below(9))
            }
            12 => format!("({} if {} else {})", self.number(next), self.condition(next), self.number(next)),
            13 => format!("({} {} {})", self.number(next), self.pick(&["and", "or"]), self.number(next)),
            14 => format!("{}({}, {})", self.pick(&["min", "max"]), self.number(next), self.number(next)),
            15 => format!("abs({})", self.number(next)),
            16 => format!("-{}", self.number(next)),
            17 => match self.below(6) {
                0 => format!("int({} * {})", self.number(next), self.pick(&["0.25", "-1.5", "1e15", "1e18"])),
                1 => format!("math.floor({} * {})", self.number(next), self.pick(&["0.5", "-0.25", "1e16"])),
                2 => format!("math.ceil({} / {})", self.number(next), self.pick(&["4", "-8", "0.3"])),
                3 => format!("int({})", self.number(next)),
                _ => format!("int({} % 100000)", self.number(next)),
            },
            18 => match self.below(5) {
                0 => format!("math.{}({})", self.pick(&["isnan", "isfinite", "isinf"]), self.number(next)),
                1 => format!("math.{}({})", self.pick(&["fabs", "trunc"]), self.number(next)),
                2 => format!("(+{})", self.number(next)),
                _ => format!("float({})", self.number(next)),
            },
            19 => format!("round({} % 1000, {})", self.number(next), self.pick(&["1", "2", "0", "-1"])),
            20 => {
                let function =
                    self.pick(&["floor", "ceil", "sqrt", "sin", "atan", "trunc", "fabs", "exp", "log"]);
                match function {
                    "sqrt" => format!("math.sqrt(abs({}))", self.number(next)),
                    "exp" => format!("math.exp({} % 10)", self.number(next)),
                    "log" => format!("math.log(abs({}) + 1)", self.number(next)),
                    _ => format!("math.{function}({} % 1000)", self.number(next)),
                }
            }
            21 => match self.call(next) {
                Some(call) => call,
                None => self.variable(),
            },
            22 => format!("(({} % 1000) ** {})", self.number(next), self.pick(&["2", "3", "0", "-1", "2.0"])),
            _ => match self.below(4) {
                0 => format!("({} == {})", self.number(next), self.number(next)),
                1 => format!("(not {})", self.number(next)),
                2 if !self.texts.is_empty() => format!("len({})", self.text(next)),
                _ => {
                    let name = self.variable();
                    let assignable =
                        self.numbers.contains(&name) && self.loops == 0 && !name.starts_with('g');
                    if assignable { format!("({name} := {})", self.number(next)) } else { self.number(next) }
                }
            },
        }
    }

    /// Something that raises, now or when types are not what they might be.
    fn mistake(&mut self) -> String {
        match self.below(12) {
            0 => format!("({} // 0)", self.variable()),
            1 => format!("({} % (1 - 1))", self.variable()),
            2 => format!("({} + 'a')", self.variable()),
            3 => "nothing_here".to_owned(),
            4 => "int('x')".to_owned(),
            5 => "math.sqrt(-1)".to_owned(),
            6 => format!("({} << -1)", self.variable()),
            7 => "(-'a')".to_owned(),
            8 => format!("({} < None)", self.variable()),
            9 => "math.floor(float('inf'))".to_owned(),
            10 => format!("({} / 0.0)", self.variable()),
            _ => "abs(None)".to_owned(),
        }
    }

    fn call(&mut self, depth: usize) -> Option<String> {
        // Calls in nested loops take too long, and recursion might not end.
        if self.functions.is_empty() || self.in_function || self.loops > 1 {
            return None;
        }
        let at = self.below(self.functions.len() as u64) as usize;
        let (name, params, required) = {
            let f = &self.functions[at];
            (f.name.clone(), f.params.clone(), f.required)
        };
        let mut count = required + self.below((params.len() - required + 1) as u64) as usize;
        if self.risky && self.one_in(12) {
            count = self.below(params.len() as u64 + 2) as usize;
        }
        let by_name =
            if count <= params.len() && self.one_in(4) { self.below(count as u64 + 1) as usize } else { 0 };
        let mut arguments = Vec::new();
        for i in 0..count {
            let value = self.number(depth);
            match params.get(i) {
                Some(param) if i + by_name >= count => arguments.push(format!("{param}={value}")),
                _ => arguments.push(value),
            }
        }
        if by_name > 1 && self.one_in(2) {
            let start = count - by_name;
            arguments[start..].reverse();
        }
        Some(format!("{name}({})", arguments.join(", ")))
    }

    fn condition(&mut self, depth: usize) -> String {
        let op = self.pick(&["<", "<=", ">", ">=", "==", "!="]);
        match self.below(6) {
            0 => format!("{} {op} {} <= {}", self.number(depth), self.number(depth), self.number(depth)),
            1 => format!("not {} {op} {}", self.number(depth), self.number(depth)),
            2 => format!(
                "{} {op} {} {} {}",
                self.number(depth),
                self.number(depth),
                self.pick(&["and", "or"]),
                self.number(depth)
            ),
            3 => format!("{} is {}", self.number(depth), self.pick(&["None", "not None", "True"])),
            _ => format!("{} {op} {}", self.number(depth), self.number(depth)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            let again = self.one_in(2);
            return match self.texts.first() {
                Some(name) if again => name.clone(),
                _ => self.pick(&["'a'", "'xyz'", "''", "'\\u00e9!'", "'0'"]).to_owned(),
            };
        }
        match self.below(7) {
            0 => format!("({} + {})", self.text(depth - 1), self.text(depth - 1)),
            1 => format!("str({})", self.number(depth - 1)),
            2 => format!("({} * {})", self.text(0), self.below(4)),
            3 => {
                let spec = self.pick(&["", ":>12", ":<8", ":^10", "!r", "!s:>9"]);
                format!("f\"[{{{}{spec}}}]\"", self.variable())
            }
            4 => {
                let spec = self.pick(&[":.3f", ":+.2e", ":012.4g", ":,.1f", ":.0%", ":10.2f"]);
                format!("f\"{{{} % 100000{spec}}}\"", self.variable())
            }
            5 => format!(
                "f\"{{int({} % 100000){}}}\"",
                self.variable(),
                self.pick(&[":x", ":08b", ":,", ":+d", ":_d", ":o"])
            ),
            _ => self.text(0),
        }
    }

    fn new_number(&mut self) -> String {
        self.fresh += 1;
        format!("n{}", self.fresh)
    }

    fn assign(&mut self) {
        if self.one_in(4) || self.numbers.is_empty() {
            let name = self.new_number();
            let value = self.number(2);
            self.line(&format!("{name} = {value}"));
            // Assigned in a branch it may be without a value later: a mistake.
            if self.depth == usize::from(self.in_function) || (self.risky && self.one_in(6)) {
                self.numbers.push(name);
            }
            return;
        }
        let name = self.variable();
        if self.one_in(3) {
            let op = self.pick(&["+=", "-=", "+=", "*=", "//=", "%=", "/="]);
            let value = match op {
                "*=" => self.pick(&["2", "-1", "0.5", "3"]).to_owned(),
                "//=" | "%=" | "/=" => self.pick(&["3", "7", "2.5", "10"]).to_owned(),
                _ => self.number(1),
            };
            self.line(&format!("{name} {op} {value}"));
        } else {
            let value = self.number(3);
            self.line(&format!("{name} = {value}"));
        }
    }

    fn statement(&mut self) {
        if self.budget == 0 {
            return self.assign();
        }
        self.budget -= 1;
        let nested = self.depth > 3;
        match self.below(16) {
            0..=3 => self.assign(),
            4 => {
                let (a, b) = (self.variable(), self.variable());
                if self.numbers.contains(&a) && self.numbers.contains(&b) {
                    let (x, y) = (self.number(1), self.number(1));
                    self.line(&format!("{a}, {b} = {x}, {y}"));
                } else {
                    self.assign();
                }
            }
            5 | 6 if !nested => {
                let test = self.condition(1);
                self.line(&format!("if {test}:"));
                self.block();
                if self.one_in(3) {
                    let test = self.condition(1);
                    self.line(&format!("elif {test}:"));
                    self.block();
                }
                if self.one_in(2) {
                    self.line("else:");
                    self.block();
                }
            }
            7..=9 if !nested && self.loops < 2 => self.for_loop(),
            10 if !nested && self.loops < 2 => self.while_loop(),
            11 => {
                let value = self.text(2);
                let options = self.pick(&["", "", ", end=' '", ", sep='-'"]);
                let number = self.number(1);
                self.line(&format!("print({value}, {number}{options})"));
            }
            12 => {
                let (a, b) = (self.variable(), self.variable());
                if a != b && self.numbers.contains(&a) && self.numbers.contains(&b) {
                    let (x, y) = (self.number(1), self.pick(&["3", "-7", "2.5", "10"]));
                    self.line(&format!("{a}, {b} = divmod({x}, {y})"));
                } else {
                    self.assign();
                }
            }
            13 if self.risky => {
                let test = self.condition(1);
                match self.below(3) {
                    0 => self.line(&format!("assert {test}, 'failed'")),
                    1 => {
                        self.line(&format!("if {test}:"));
                        self.depth += 1;
                        let value = self.number(1);
                        self.line(&format!("raise ValueError({value})"));
                        self.depth -= 1;
                    }
                    _ => self.assign(),
                }
            }
            14 if self.in_function && self.one_in(3) => {
                let test = self.condition(1);
                self.line(&format!("if {test}:"));
                self.depth += 1;
                let value = self.number(1);
                self.line(&format!("return {value}"));
                self.depth -= 1;
            }
            _ => {
                let value = self.number(2);
                self.line(&format!("print({value})"));
            }
        }
    }

    fn block(&mut self) {
        self.depth += 1;
        let known = (self.numbers.len(), self.texts.len());
        let statements = 1 + self.below(2);
        for _ in 0..statements {
            self.statement();
        }
        if self.loops > 0 && self.one_in(5) {
            let test = self.condition(1);
            let what = self.pick(&["break", "continue"]);
            self.line(&format!("if {test}: {what}"));
        }
        if !self.risky {
            self.numbers.truncate(known.0);
        }
        self.texts.truncate(known.1);
        self.depth -= 1;
    }

    fn for_loop(&mut self) {
        self.fresh += 1;
        let name = format!("i{}", self.fresh);
        let most = if self.loops == 0 { 60 } else { 12 };
        let count = self.below(most);
        let range = match self.below(6) {
            0 => format!("range({}, {})", self.below(5), count),
            1 => format!("range({}, {}, {})", self.below(5), count * 2, 1 + self.below(4)),
            2 => format!("range({}, -3, -{})", count, 1 + self.below(3)),
            3 => format!("range(int({} % {}))", self.variable(), count + 1),
            4 => format!("range({count}, 0, int({} % 3) - 4)", self.variable()),
            _ => format!("range({count})"),
        };
        self.line(&format!("for {name} in {range}:"));
        self.numbers.push(name.clone());
        self.loops += 1;
        self.block();
        self.loops -= 1;
        if !self.risky || !self.one_in(4) {
            self.numbers.retain(|n| *n != name);
        }
        if self.one_in(4) {
            self.line("else:");
            self.block();
        }
    }

    fn while_loop(&mut self) {
        self.fresh += 1;
        let name = format!("w{}", self.fresh);
        let most = if self.loops == 0 { 60 } else { 10 };
        let count = self.below(most);
        self.line(&format!("{name} = {count}"));
        let forever = self.one_in(4);
        if forever {
            self.line("while True:");
            self.line(&format!("    if {name} <= 0: break"));
        } else {
            self.line(&format!("while {name} > 0:"));
        }
        let step = 1 + self.below(3);
        self.line(&format!("    {name} -= {step}"));
        self.loops += 1;
        self.block();
        self.loops -= 1;
    }
}

/// What is on standard error when a program ended early, as Python prints it.
pub fn traceback(compiled: &Compiled, file: &str, text: &str, stop: &hotspotvm::Stop) -> String {
    let frame = |place: &'_ hotspotvm::runtime::Place| (place.function.clone(), place.pc, place.line);
    let places: Vec<(std::sync::Arc<str>, u32, Option<u32>)> = stop.trace.iter().map(frame).collect();
    let frames: Vec<Frame<'_>> =
        places.iter().map(|(function, pc, line)| Frame { function, pc: *pc, line: *line }).collect();
    let shown = |frames: &[python::Frame<'_>], headline: &str| {
        python::traceback(compiled, file, text, frames, headline)
    };
    let mut whole = String::new();
    for earlier in &stop.earlier {
        let frames: Vec<python::Frame<'_>> = earlier
            .trace
            .iter()
            .map(|place| python::Frame { function: &place.function, pc: place.pc, line: place.line })
            .collect();
        whole.push_str(&shown(&frames, &earlier.headline));
        whole.push_str(&format!("\n\n{}\n\n", earlier.link.words()));
    }
    whole + &shown(&frames, &stop.headline())
}

/// A program and both ends, for reports.
pub fn report(text: &str, expected: &Ended, found: &Ended, what: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    _ = writeln!(out, "{what}\n  CPython {expected:?}\n  found   {found:?}\n{text}");
    out
}
