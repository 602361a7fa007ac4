//! Random Python programs over data structures: nested, shared, changed while they are gone through, of values whose types change from
//! round to round, with mistakes in the middle of everything.
//!
//! Outside of `profile -> detect -> compile -> cache -> execute -> deoptimise`, like its crate. What the programs avoid: what does not end,
//! what grows without bound, and what differs from run to run in CPython itself (the order of sets of strs, addresses).

use crate::generate::Random;

/// A random program over data structures.
pub fn program(seed: u64) -> String {
    let mut generator = Generator {
        random: Random::new(seed ^ 0x006f_626a_6563_7473),
        out: String::new(),
        names: std::array::from_fn(|_| Vec::new()),
        functions: Vec::new(),
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

/// What a variable holds, unless something goes wrong on purpose.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    /// A list of numbers.
    Numbers,
    /// A list of anything.
    Mixed,
    /// A list of lists of numbers, none empty.
    Grid,
    /// A dict with ints as keys and numbers as values.
    Dict,
    /// A dict with strs as keys and lists of numbers as values.
    Groups,
    /// A set of ints.
    Set,
    /// A tuple of numbers.
    Tuple,
}

const KINDS: [Kind; 9] = [
    Kind::Number,
    Kind::Text,
    Kind::Numbers,
    Kind::Mixed,
    Kind::Grid,
    Kind::Dict,
    Kind::Groups,
    Kind::Set,
    Kind::Tuple,
];

struct Generator {
    random: Random,
    out: String,
    /// For each kind, the variables that hold it here.
    names: [Vec<String>; KINDS.len()],
    /// Functions that were written: of two parameters of these kinds, giving a number.
    functions: Vec<(String, Kind, Kind)>,
    depth: usize,
    loops: usize,
    in_function: bool,
    fresh: usize,
    /// Mistakes are made on purpose.
    risky: bool,
    budget: usize,
}

/// Whether it is a variable, and no value that is written out.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// A list is cut to this length when it has grown.
const LONGEST: usize = 24;

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

    fn new_name(&mut self, kind: Kind) -> String {
        self.fresh += 1;
        let letter = ["n", "t", "xs", "ms", "g", "d", "h", "s", "p"][kind as usize];
        format!("{letter}{}", self.fresh)
    }

    fn program(&mut self) {
        self.risky = self.one_in(3);
        let functions = self.below(3);
        for _ in 0..functions {
            self.function();
        }
        for kind in KINDS {
            self.define(kind);
        }
        self.budget = 16;
        let statements = 4 + self.below(8);
        for _ in 0..statements {
            self.statement();
        }
        self.show_all();
    }

    fn show_all(&mut self) {
        for kind in KINDS {
            for name in self.names[kind as usize].clone() {
                self.line(&format!("print('{name}', {name})"));
            }
        }
    }

    fn define(&mut self, kind: Kind) {
        let name = self.new_name(kind);
        let value = self.value(kind, 2);
        self.line(&format!("{name} = {value}"));
        self.names[kind as usize].push(name);
    }

    fn function(&mut self) {
        self.fresh += 1;
        let name = format!("f{}", self.fresh);
        let kinds = [self.kind(), self.kind()];
        let outer = std::mem::take(&mut self.names);
        for (at, kind) in kinds.iter().enumerate() {
            self.names[*kind as usize].push(format!("p{at}"));
        }
        self.line(&format!("def {name}(p0, p1):"));
        self.depth += 1;
        self.in_function = true;
        self.budget = 5;
        self.define(Kind::Numbers);
        let statements = 1 + self.below(4);
        for _ in 0..statements {
            self.statement();
        }
        let result = self.number(2);
        self.line(&format!("return {result}"));
        self.in_function = false;
        self.depth -= 1;
        self.names = outer;
        self.functions.push((name, kinds[0], kinds[1]));
    }

    fn kind(&mut self) -> Kind {
        KINDS[self.random.below(KINDS.len() as u64) as usize]
    }

    /// A variable of a kind, or a value where there is none.
    fn variable(&mut self, kind: Kind) -> String {
        let kind = if self.risky && self.one_in(150) { self.kind() } else { kind };
        let names = &self.names[kind as usize];
        if names.is_empty() {
            return self.value(kind, 0);
        }
        let at = self.random.below(names.len() as u64) as usize;
        self.names[kind as usize][at].clone()
    }

    fn value(&mut self, kind: Kind, depth: usize) -> String {
        match kind {
            Kind::Number => self.number(depth),
            Kind::Text => self.text(depth),
            Kind::Numbers => self.numbers(depth),
            Kind::Mixed => self.mixed(depth),
            Kind::Grid => self.grid(),
            Kind::Dict => self.dict(depth),
            Kind::Groups => self.groups(),
            Kind::Set => self.set(depth),
            Kind::Tuple => self.tuple(depth),
        }
    }

    fn literal(&mut self) -> String {
        match self.below(10) {
            0 => "True".into(),
            1 => self.pick(&["0.5", "-2.5", "1e10", "3.0", "-0.0"]).into(),
            2 => self.pick(&["140737488355327", "-9223372036854775808", "2**70", "-1", "0"]).into(),
            _ => self.below(20).to_string(),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.one_in(3) || self.names[0].is_empty() {
                self.literal()
            } else {
                self.variable(Kind::Number)
            };
        }
        if self.risky && self.one_in(50) {
            return self.mistake();
        }
        let next = depth - 1;
        match self.below(24) {
            0 | 1 => format!(
                "({} {} {}) % 10007",
                self.number(next),
                self.pick(&["+", "-", "*"]),
                self.number(next)
            ),
            2 => format!("len({})", self.container(next)),
            3 => format!("sum({})", self.variable(Kind::Numbers)),
            4 => format!("sum({} for q in {})", self.of("q"), self.numbers(next)),
            5 => {
                let f = self.pick(&["min", "max"]);
                format!("{f}({}, default=7)", self.numbers(next))
            }
            6 => {
                let f = self.pick(&["min", "max"]);
                format!("{f}(({} for q in {}), default=-1)", self.of("q"), self.numbers(next))
            }
            7 => {
                let xs = self.variable(Kind::Numbers);
                format!("({xs}[{} % len({xs})] if {xs} else 0)", self.int(next))
            }
            8 => {
                let g = self.variable(Kind::Grid);
                format!("{g}[{} % len({g})][-1]", self.int(next))
            }
            9 => format!("{}.get({}, {})", self.variable(Kind::Dict), self.int(next), self.literal()),
            10 => format!("{}.count({})", self.variable(Kind::Numbers), self.literal()),
            11 => format!("sum({}.values())", self.variable(Kind::Dict)),
            12 => format!("({} in {})", self.int(next), self.searched(next)),
            13 => format!(
                "{}({} > 3 for q in {})",
                self.pick(&["any", "all"]),
                self.of("q"),
                self.numbers(next)
            ),
            14 => format!("({} {} {})", self.numbers(next), self.comparison(), self.numbers(next)),
            15 => format!("({} {} {})", self.tuple(next), self.comparison(), self.tuple(next)),
            16 => format!("({} is {})", self.variable(Kind::Numbers), self.variable(Kind::Numbers)),
            17 => format!("({} == {})", self.variable(Kind::Dict), self.dict(next)),
            18 => format!("({} {} {})", self.set(next), self.comparison(), self.set(next)),
            19 => format!("{}.find({})", self.text(next), self.text(0)),
            20 => match self.call(next) {
                Some(call) => call,
                None => self.literal(),
            },
            21 => format!(
                "isinstance({}, ({}))",
                self.variable(Kind::Mixed),
                self.pick(&["list, int", "dict,", "str, tuple"])
            ),
            _ => format!("({} {} {})", self.number(next), self.pick(&["+", "-"]), self.number(next)),
        }
    }

    /// Something of a number in a comprehension.
    fn of(&mut self, name: &str) -> String {
        match self.below(6) {
            0 => format!("{name} * {name}"),
            1 => format!("({name} if {name} % 2 else -{name})"),
            2 => format!("{name} + {}", self.number(0)),
            3 => format!("round({name})"),
            _ => name.to_owned(),
        }
    }

    fn int(&mut self, depth: usize) -> String {
        match self.below(4) {
            0 => self.below(9).to_string(),
            1 => format!("len({})", self.container(0)),
            _ => format!("int({} % 12)", self.number(depth)),
        }
    }

    fn comparison(&mut self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self.random.below(6) as usize]
    }

    fn container(&mut self, depth: usize) -> String {
        let kind = [Kind::Text, Kind::Numbers, Kind::Mixed, Kind::Grid, Kind::Dict, Kind::Set, Kind::Tuple]
            [self.random.below(7) as usize];
        if depth == 0 { self.variable(kind) } else { self.value(kind, depth - 1) }
    }

    fn searched(&mut self, depth: usize) -> String {
        let kind =
            [Kind::Numbers, Kind::Mixed, Kind::Dict, Kind::Set, Kind::Tuple][self.random.below(5) as usize];
        if depth == 0 { self.variable(kind) } else { self.value(kind, depth - 1) }
    }

    fn items(&mut self, most: u64) -> String {
        let count = self.below(most);
        (0..count).map(|_| self.number(0)).collect::<Vec<_>>().join(", ")
    }

    fn slice(&mut self) -> String {
        let bound = |g: &mut Self| match g.below(3) {
            0 => String::new(),
            1 => format!("{}", g.below(6)),
            _ => format!("-{}", g.below(6)),
        };
        let (a, b) = (bound(self), bound(self));
        match self.below(4) {
            0 => format!("{a}:{b}:{}", self.pick(&["2", "-1", "-2", "3"])),
            _ => format!("{a}:{b}"),
        }
    }

    fn numbers(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.names[Kind::Numbers as usize].is_empty() || self.one_in(3) {
                format!("[{}]", self.items(6))
            } else {
                self.variable(Kind::Numbers)
            };
        }
        let next = depth - 1;
        match self.below(14) {
            0 => format!("list(range({}, {}, {}))", self.below(4), self.below(12), 1 + self.below(3)),
            1 => format!("[{} for q in {}]", self.of("q"), self.numbers(next)),
            2 => format!(
                "[{} for q in {} if q {} {}]",
                self.of("q"),
                self.numbers(next),
                self.comparison(),
                self.literal()
            ),
            3 => format!("[a + b for a, b in zip({}, {})]", self.numbers(next), self.tuple(next)),
            4 => format!("[i * q for i, q in enumerate({})]", self.numbers(next)),
            5 => format!("{}[{}]", self.numbers(next), self.slice()),
            6 => format!("({} + {})[:{LONGEST}]", self.numbers(next), self.numbers(next)),
            7 => format!("sorted({}, reverse={})", self.numbers(next), self.pick(&["True", "False"])),
            8 => format!("[*{}, {}, *{}][:{LONGEST}]", self.numbers(next), self.literal(), self.tuple(next)),
            9 => format!("list(reversed({}))", self.numbers(next)),
            10 => format!("[q for row in {} for q in row][:{LONGEST}]", self.variable(Kind::Grid)),
            11 => format!("sorted({})", self.set(next)),
            12 => format!("list({}.{}())", self.variable(Kind::Dict), self.pick(&["keys", "values"])),
            _ => format!("([{}] * {})", self.items(4), self.below(4)),
        }
    }

    fn mixed(&mut self, depth: usize) -> String {
        let count = self.below(5);
        let items: Vec<String> = (0..count).map(|_| self.anything(depth)).collect();
        format!("[{}]", items.join(", "))
    }

    fn anything(&mut self, depth: usize) -> String {
        let next = depth.saturating_sub(1);
        match self.below(8) {
            0 => "None".to_owned(),
            1 => self.text(next),
            2 => self.numbers(next),
            3 => self.tuple(next),
            4 if depth > 0 => self.dict(next),
            5 => self.pick(&["True", "()", "[]", "{}", "''", "2.5"]).to_owned(),
            _ => self.number(next),
        }
    }

    fn grid(&mut self) -> String {
        let (rows, columns) = (1 + self.below(4), 1 + self.below(4));
        match self.below(3) {
            0 => format!("[[i * j % 7 for j in range({columns})] for i in range({rows})]"),
            1 => format!("[[{}] * {columns} for _ in range({rows})]", self.literal()),
            _ => format!("([[{}]] * {rows})", self.literal()),
        }
    }

    fn dict(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.names[Kind::Dict as usize].is_empty() || self.one_in(3) {
                let count = self.below(4);
                let items: Vec<String> =
                    (0..count).map(|_| format!("{}: {}", self.below(9), self.number(0))).collect();
                format!("{{{}}}", items.join(", "))
            } else {
                self.variable(Kind::Dict)
            };
        }
        let next = depth - 1;
        match self.below(7) {
            0 => format!("{{int(q) % 10: {} for q in {}}}", self.of("q"), self.numbers(next)),
            1 => format!("{{**{}, {}: {}}}", self.dict(next), self.int(next), self.number(next)),
            2 => format!("dict(enumerate({}))", self.numbers(next)),
            3 => format!("dict(zip(range(5), {}))", self.numbers(next)),
            4 => format!("{{k: v for k, v in {}.items() if k % 2}}", self.dict(next)),
            5 => format!("({} | {})", self.dict(next), self.dict(next)),
            _ => format!("{}.copy()", self.dict(next)),
        }
    }

    fn groups(&mut self) -> String {
        let count = self.below(3);
        let items: Vec<String> = (0..count)
            .map(|_| format!("{}: {}", self.pick(&["'a'", "'b'", "'xyz'"]), self.numbers(0)))
            .collect();
        format!("{{{}}}", items.join(", "))
    }

    fn set(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.names[Kind::Set as usize].is_empty() || self.one_in(3) {
                format!("{{{}, {}}}", self.below(9), self.below(40))
            } else {
                self.variable(Kind::Set)
            };
        }
        let next = depth - 1;
        match self.below(6) {
            0 => format!("{{int(q) % 50 for q in {}}}", self.numbers(next)),
            1 => format!("set(range({}))", self.below(9)),
            2 => format!("({} {} {})", self.set(next), self.pick(&["|", "&", "-", "^"]), self.set(next)),
            3 => format!("set({})", self.variable(Kind::Dict)),
            4 => format!("{}.union({})", self.set(next), self.set(next)),
            _ => format!("frozenset({})", self.set(next)),
        }
    }

    fn tuple(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.names[Kind::Tuple as usize].is_empty() || self.one_in(3) {
                format!("({}, {})", self.number(0), self.number(0))
            } else {
                self.variable(Kind::Tuple)
            };
        }
        let next = depth - 1;
        match self.below(6) {
            0 => format!("tuple({})", self.numbers(next)),
            1 => format!("({}, *{})", self.number(next), self.numbers(next)),
            2 => format!("({} + {})[:{LONGEST}]", self.tuple(next), self.tuple(next)),
            3 => format!("{}[{}]", self.tuple(next), self.slice()),
            4 => format!("divmod({}, {})", self.number(next), self.pick(&["3", "-7", "2.5"])),
            _ => format!("({},)", self.number(next)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return if self.names[Kind::Text as usize].is_empty() || self.one_in(3) {
                self.pick(&["'a'", "'x y z'", "''", "'\\u00e9!'", "'aXbXc'", "'  pad '"]).to_owned()
            } else {
                self.variable(Kind::Text)
            };
        }
        let next = depth - 1;
        match self.below(12) {
            0 => format!("({} + {})[:40]", self.text(next), self.text(next)),
            1 => format!("str({})[:40]", self.container(next)),
            2 => format!("{}[{}]", self.text(next), self.slice()),
            3 => format!(
                "{}.{}()",
                self.text(next),
                self.pick(&["upper", "lower", "strip", "title", "swapcase"])
            ),
            4 => format!(
                "{}.join(str(q) for q in {})[:40]",
                self.pick(&["','", "''", "' - '"]),
                self.numbers(next)
            ),
            5 => format!(
                "{}.replace({}, {})[:40]",
                self.text(next),
                self.pick(&["'a'", "'X'", "' '"]),
                self.text(0)
            ),
            6 => format!("{}.split({})[0]", self.text(next), self.pick(&["'X'", "','"])),
            7 => format!(
                "f\"{{{}}}{{{}!r:>6}}\"[:40]",
                self.variable(Kind::Numbers),
                self.variable(Kind::Number)
            ),
            8 => format!("repr({})[:40]", self.variable(Kind::Mixed)),
            9 => format!("'|'.join([c for c in {} if c != 'a'])[:40]", self.text(next)),
            10 => format!("type({}).__name__", self.container(next)),
            _ => format!("({} * {})[:40]", self.text(next), self.below(4)),
        }
    }

    /// Something that raises, now or when types are not what they might be.
    fn mistake(&mut self) -> String {
        let (xs, d) = (self.variable(Kind::Numbers), self.variable(Kind::Dict));
        match self.below(20) {
            0 => format!("{xs}[{}]", self.below(9)),
            1 => format!("{d}[{}]", self.below(9)),
            2 => format!("{xs}['a']"),
            3 => format!("len({})", self.number(0)),
            4 => format!("({xs} + {})", self.variable(Kind::Tuple)),
            5 => format!("sum({})", self.variable(Kind::Mixed)),
            6 => format!("{{{xs}: 1}}"),
            7 => format!("{{{d}}}"),
            8 => format!("{xs}.remove('none')"),
            9 => format!("{xs}.index(-77)"),
            10 => format!("max({})", self.variable(Kind::Mixed)),
            11 => format!("sorted({})[0]", self.variable(Kind::Mixed)),
            12 => "[].pop()".to_owned(),
            13 => format!("({xs} < {d})"),
            14 => format!("int({})", self.variable(Kind::Text)),
            15 => format!("{}.append(1)", self.variable(Kind::Tuple)),
            16 => format!("sum(1 // q for q in {xs})"),
            17 => format!("[nothing_here for _ in {xs}][0]"),
            18 => format!("next(iter({}))", self.variable(Kind::Set)),
            _ => format!("','.join({xs})"),
        }
    }

    fn call(&mut self, depth: usize) -> Option<String> {
        if self.functions.is_empty() || self.in_function || self.loops > 1 {
            return None;
        }
        let at = self.random.below(self.functions.len() as u64) as usize;
        let (name, a, b) = self.functions[at].clone();
        Some(format!("{name}({}, {})", self.value(a, depth), self.value(b, depth)))
    }

    fn condition(&mut self) -> String {
        match self.below(6) {
            0 => format!("{} in {}", self.number(0), self.searched(0)),
            1 => self.container(0),
            2 => format!("not {}", self.container(0)),
            3 => format!("len({}) {} {}", self.container(0), self.comparison(), self.below(8)),
            _ => format!("{} {} {}", self.number(1), self.comparison(), self.number(1)),
        }
    }

    fn statement(&mut self) {
        if self.budget == 0 {
            return self.change();
        }
        self.budget -= 1;
        let nested = self.depth > 3;
        match self.below(18) {
            0..=5 => self.change(),
            6 | 7 => {
                let kind = self.kind();
                let value = self.value(kind, 2);
                if self.loops > 0 || self.depth > usize::from(self.in_function) {
                    // A name that is there already.
                    match self.names[kind as usize].last().cloned() {
                        Some(name) => self.line(&format!("{name} = {value}")),
                        None => self.change(),
                    }
                } else {
                    let name = self.new_name(kind);
                    self.line(&format!("{name} = {value}"));
                    self.names[kind as usize].push(name);
                }
            }
            8 | 9 if !nested => {
                let test = self.condition();
                self.line(&format!("if {test}:"));
                self.block();
                if self.one_in(2) {
                    self.line("else:");
                    self.block();
                }
            }
            10..=13 if !nested && self.loops < 2 => self.for_loop(),
            14 if !nested && self.loops < 2 => self.while_loop(),
            15 => self.unpacking(),
            16 if self.in_function && self.one_in(3) => {
                let (test, value) = (self.condition(), self.number(1));
                self.line(&format!("if {test}: return {value}"));
            }
            _ => {
                let kind = self.kind();
                let (value, other) = (self.value(kind, 2), self.number(1));
                match self.below(3) {
                    0 => self.line(&format!("print({value}, {other}, sep='|')")),
                    1 => {
                        let star = self.numbers(1);
                        self.line(&format!("print(*{star}, {value})"));
                    }
                    _ => self.line(&format!("print({value})")),
                }
            }
        }
    }

    fn block(&mut self) {
        self.depth += 1;
        let known: Vec<usize> = self.names.iter().map(Vec::len).collect();
        let statements = 1 + self.below(2);
        for _ in 0..statements {
            self.statement();
        }
        if self.loops > 0 && self.one_in(5) {
            let (test, what) = (self.condition(), self.pick(&["break", "continue"]));
            self.line(&format!("if {test}: {what}"));
        }
        self.names.iter_mut().zip(known).for_each(|(names, known)| names.truncate(known));
        self.depth -= 1;
    }

    /// Changes something in place.
    fn change(&mut self) {
        match self.below(9) {
            0..=3 => self.change_list(),
            4 | 5 => self.change_dict(),
            6 => self.change_set(),
            7 => {
                let (g, i, j) = (self.variable(Kind::Grid), self.int(1), self.int(1));
                if !is_name(&g) {
                    return self.line("pass");
                }
                let (op, value) = (self.pick(&["=", "+=", "-="]), self.number(1));
                self.line(&format!("{g}[{i} % len({g})][{j} % len({g}[0])] {op} {value}"));
            }
            _ => match self.names[Kind::Number as usize].last().cloned() {
                Some(name) if name.starts_with('n') => {
                    let (op, value) = (self.pick(&["=", "+=", "-=", "="]), self.number(2));
                    self.line(&format!("{name} {op} {value}"));
                }
                _ => self.change_list(),
            },
        }
    }

    fn change_list(&mut self) {
        let mixed = self.one_in(4);
        let kind = if mixed { Kind::Mixed } else { Kind::Numbers };
        let xs = self.variable(kind);
        if !is_name(&xs) {
            return self.line("pass");
        }
        let value = if mixed { self.anything(1) } else { self.number(1) };
        let (i, slice) = (self.int(1), self.slice());
        let text = match self.below(16) {
            0..=2 => format!("{xs}.append({value})"),
            3 => format!("{xs}.insert({i} - 3, {value})"),
            4 => format!("if {xs}: {xs}.pop()"),
            5 => format!("if {xs}: {xs}.pop({i} % len({xs}))"),
            6 | 7 => format!("if {xs}: {xs}[{i} % len({xs})] = {value}"),
            8 if !mixed => {
                let op = self.pick(&["+=", "-=", "*="]);
                let value = if op == "*=" { "2".to_owned() } else { value };
                format!("if {xs}: {xs}[{i} % len({xs})] {op} {value}")
            }
            9 => format!("{xs}.extend({})", self.numbers(1)),
            10 => format!("{xs} += {}", self.tuple(1)),
            11 => format!("{xs}.reverse()"),
            12 if !mixed => format!("{xs}.sort(reverse={})", self.pick(&["True", "False"])),
            13 => format!("del {xs}[{slice}]"),
            14 if slice.matches(':').count() == 1 => format!("{xs}[{slice}] = {}", self.numbers(1)),
            15 => format!("if len({xs}) > 1: {xs}[0], {xs}[-1] = {xs}[-1], {xs}[0]"),
            _ => format!("{xs}.append({value})"),
        };
        self.line(&text);
        self.line(&format!("del {xs}[{LONGEST}:]"));
    }

    fn change_dict(&mut self) {
        let (i, value) = (self.int(1), self.number(1));
        if self.one_in(3) {
            let h = self.variable(Kind::Groups);
            let key = self.pick(&["'a'", "'b'", "'c'", "'xyz'"]);
            return match self.below(3) {
                0 => self.line(&format!("{h}.setdefault({key}, []).append({value})")),
                1 => {
                    let xs = self.numbers(1);
                    self.line(&format!("{h}[{key}] = {xs}"));
                }
                _ => {
                    self.line(&format!("for q in {h}.values():"));
                    self.line("    q.append(len(q))");
                    self.line(&format!("    del q[{LONGEST}:]"));
                }
            };
        }
        let d = self.variable(Kind::Dict);
        if !is_name(&d) {
            return self.line("pass");
        }
        let text = match self.below(8) {
            0 | 1 => format!("{d}[{i}] = {value}"),
            2 => format!("{d}[{i}] = {d}.get({i}, 0) + {value}"),
            3 => format!("{d}.pop({i}, None)"),
            4 => format!("if {i} in {d}: del {d}[{i}]"),
            5 => format!("{d}.update({})", self.dict(1)),
            6 => format!("{d} |= {}", self.dict(1)),
            _ => format!("{d}.setdefault({i}, {value})"),
        };
        self.line(&text);
    }

    fn change_set(&mut self) {
        let (s, i) = (self.variable(Kind::Set), self.int(1));
        let text = match self.below(5) {
            0 => format!("{s} = {s} | {{{i}}}"),
            1 => format!("{s} |= {}", self.set(1)),
            2 => format!("{s} -= {}", self.set(1)),
            3 => format!("{s} ^= {}", self.set(1)),
            _ => format!("{s} &= {}", self.set(1)),
        };
        if is_name(&s) {
            self.line(&text);
        } else {
            self.line("pass");
        }
    }

    fn unpacking(&mut self) {
        let (p, xs) = (self.tuple(1), self.variable(Kind::Numbers));
        let names: Vec<String> = (0..2).map(|_| self.new_name(Kind::Number)).collect();
        let [a, b] = &*names else { return };
        let (x, y) = (self.number(1), self.number(1));
        match self.below(4) {
            0 => self.line(&format!("{a}, {b}, *_ = *{p}, {x}, {y}")),
            1 => self.line(&format!("{a}, ({b}, _) = {x}, ({y}, {xs})")),
            2 => self.line(&format!("[{a}, *_], {b} = [{x}, *{p}], {y}")),
            _ => self.line(&format!("{a} = {b} = {x}")),
        }
        if self.depth == usize::from(self.in_function) {
            self.names[0].extend(names.clone());
        }
    }

    fn for_loop(&mut self) {
        let name = self.new_name(Kind::Number);
        let other = self.new_name(Kind::Number);
        let most = if self.loops == 0 { 50 } else { 8 };
        let mut numbers = vec![name.clone()];
        let mut grows = None;
        let head = match self.below(12) {
            0..=2 => format!("{name} in range({})", self.below(most)),
            3 => format!("{name} in {}", self.numbers(1)),
            4 => {
                // It may change in the body.
                let xs = self.variable(Kind::Numbers);
                grows = Some(xs.clone());
                format!("{name} in {xs}")
            }
            5 => {
                numbers.push(other.clone());
                format!("{name}, {other} in enumerate({})", self.numbers(1))
            }
            6 => {
                numbers.push(other.clone());
                format!("{name}, {other} in zip({}, {})", self.numbers(1), self.tuple(1))
            }
            7 => {
                numbers.push(other.clone());
                let d = self.variable(Kind::Dict);
                let d = if self.risky && self.one_in(2) { d } else { format!("{d}.copy()") };
                format!("{name}, {other} in {d}.items()")
            }
            8 => format!("{name} in sorted({})", self.set(1)),
            9 => format!("{name} in reversed({})", self.tuple(1)),
            10 => format!("{name} in [len(c) for c in {}]", self.text(1)),
            _ => {
                numbers.push(other.clone());
                format!("{name}, *_, {other} in [(1, 2), {}, [3, 4.5, 5]]", "(7, 8, 9)")
            }
        };
        self.line(&format!("for {head}:"));
        if let Some(xs) = grows {
            self.line(&format!("    if len({xs}) > {}: break", LONGEST - 2));
        }
        if self.one_in(2) {
            // The types change when the loop is hot.
            let xs = self.variable(Kind::Numbers);
            let value = self.pick(&["1.5", "2**80", "True", "'a'", "None"]);
            let value = if self.risky { value } else { "0.25" };
            let round = self.below(40);
            self.line(&format!("    if {name} == {round} and {xs}: {xs}[0] = {value}"));
        }
        self.names[0].extend(numbers.clone());
        self.loops += 1;
        self.block();
        self.loops -= 1;
        self.names[0].retain(|known| !numbers.contains(known));
        if self.one_in(5) {
            self.line("else:");
            self.block();
        }
    }

    fn while_loop(&mut self) {
        self.fresh += 1;
        let name = format!("w{}", self.fresh);
        let most = if self.loops == 0 { 40 } else { 8 };
        let count = self.below(most);
        self.line(&format!("{name} = list(range({count}))"));
        self.line(&format!("while {name}:"));
        let step = self.pick(&["pop()", "pop(0)"]);
        self.line(&format!("    {name}.{step}"));
        self.loops += 1;
        self.block();
        self.loops -= 1;
    }
}
