//! Random Python programs whose calls nest and recurse, and that mostly end with an error deep inside: what they print
//! and the whole of their tracebacks are compared with CPython's. Also big ints in functions of two values, and limits
//! that a program sets for itself.
//!
//! Outside of `profile -> detect -> compile -> cache -> execute -> deoptimise`, like its crate. What these programs
//! avoid is what the deviations in `docs/python` list: no builtin function is called by functions that recurse to the
//! limit.

use crate::generate::Random;

/// A random program.
pub fn program(seed: u64) -> String {
    let mut generator = Generator {
        random: Random::new(seed ^ 0x006e_6573_7465_6400),
        out: String::new(),
        functions: 0,
        deep: 0,
    };
    generator.program();
    generator.out
}

struct Generator {
    random: Random,
    out: String,
    /// How many functions `f0`, `f1`, ... and `deep0`, ... there are so far.
    functions: u64,
    deep: u64,
}

/// Statements that fail, each in its own way, where `n` is an int and `text` a str.
const MISTAKES: &[&str] = &[
    "return n // (n - n)",
    "return n % 0.0 if n < 0 else 1 / (n - n)",
    "return text + n",
    "return n + text",
    "return -text",
    "return n < text",
    "raise ValueError('no more')",
    "raise RuntimeError(f'at {n}')",
    "raise KeyError(text)",
    "assert n < 0, 'n is ' + str(n)",
    "assert n < 0",
    "return int(text)",
    "return float(text + '?')",
    "return math.sqrt(-1 - n)",
    "return math.log(n - n)",
    "return math.factorial(-1 - n)",
    "return 2.0 ** (100000 + n)",
    "return 1 << (-1 - n)",
    "return chr(-1 - n)",
    "return ord(text)",
    "return undefined_name",
    "return later\n    later = 1",
    "return f0()",
    "return f0(1, 2, 3, 4, 5)",
    "return f0(n, 'a', nothing=1)",
    "return math.comb(n, -1)",
    "return round(text)",
    "return n | 1.5",
    "return f'{n:s}'",
    "return f'{text:d}'",
    "return pow(n, -1, 0)",
    "return pow(2, -1, 4)",
    "return divmod(n, 0)[0]",
    "return int('12', n + 100)",
    "return str(10 ** 5000)",
    "return int('7' * 4400)",
    "return f'{10 ** 4400}'",
];

/// Big ints.
const BIG: &[&str] = &[
    "2**64",
    "-2**64",
    "2**63",
    "-2**63 - 1",
    "10**30",
    "-10**25 + 7",
    "3**100",
    "2**200 - 1",
    "12345678901234567890",
    "-(10**40)",
    "7**77",
];

/// Functions of two values, for big ints too.
const OF_TWO: &[&str] = &[
    "math.gcd(A, B)",
    "math.lcm(A, B)",
    "divmod(A, B)[0]",
    "divmod(A, B)[1]",
    "pow(A, S, B)",
    "pow(A, S)",
    "round(A, -S)",
    "math.comb(S, 3)",
    "math.perm(S, 2)",
    "math.fmod(A, B)",
    "math.hypot(A, B)",
    "math.copysign(A, B)",
    "math.log(abs(A), 3)",
    "math.atan2(A, B)",
    "math.pow(A, 2)",
    "format(A, 'x')",
    "format(A, ',')",
    "format(B, '+.3e')",
    "int(str(A), 10)",
    "int(hex(B), 16)",
    "A // B",
    "A % B",
    "A / B",
    "A * B - B",
    "A << S",
    "A >> S",
    "A & B",
    "A | B",
    "A ^ B",
    "A - B",
    "min(A, B)",
    "max(A, B)",
    "A < B",
    "A == B",
    "math.isqrt(abs(A))",
];

impl Generator {
    fn below(&mut self, n: u64) -> u64 {
        self.random.below(n)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.random.below(n) == 0
    }

    fn pick(&mut self, all: &[&'static str]) -> &'static str {
        all[self.random.below(all.len() as u64) as usize]
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn program(&mut self) {
        self.line("import math, sys");
        if self.one_in(3) {
            self.setting("");
        }
        let functions = 1 + self.below(4);
        for _ in 0..functions {
            self.function();
        }
        if self.one_in(2) {
            self.deep_function();
        }
        let statements = 1 + self.below(4);
        for _ in 0..statements {
            self.statement();
        }
    }

    fn setting(&mut self, indent: &str) {
        let line = match self.below(6) {
            0 => format!("sys.setrecursionlimit({})", 60 + self.below(400)),
            1 => format!("sys.setrecursionlimit({})", 1000 + self.below(2000)),
            2 => format!("sys.set_int_max_str_digits({})", 640 + self.below(300)),
            3 => "sys.set_int_max_str_digits(0)".to_owned(),
            4 => "print(sys.getrecursionlimit(), sys.get_int_max_str_digits())".to_owned(),
            _ => format!("sys.set_int_max_str_digits({})", 5000 + self.below(3000)),
        };
        self.line(&format!("{indent}{line}"));
    }

    /// A function of an int and a str that calls those before it, and itself with less.
    fn function(&mut self) {
        let name = format!("f{}", self.functions);
        self.line(&format!("def {name}(n, text='x'):"));
        if self.one_in(4) {
            self.line("    total = 0\n    for i in range(n % 7):\n        total += i * n\n    n = n + total - total");
        }
        if self.one_in(2) {
            let at = self.below(4);
            let mistake = self.pick(MISTAKES).replace('\n', "\n    ");
            self.line(&format!("    if n == {at}:\n        {mistake}"));
        }
        self.line("    if n <= 0:\n        return 0");
        let other = if self.functions > 0 { self.below(self.functions) } else { 0 };
        let value = match self.below(6) {
            0 => format!("return 1 + {name}(n - 1, text)"),
            1 => format!("return {name}(n - 1) + {name}(n - 3, text + 'y')"),
            2 => format!("return {name}(\n        n - 2,\n        text='{}')", self.below(10)),
            3 if self.functions > 0 => format!("return n * 2 - f{other}(n - 1, text)"),
            4 if self.functions > 0 => format!("x = f{other}(n % 5)\n    return x + {name}(n - 1)"),
            _ => format!("y = {name}(n - 1, text)\n    return y if y % 2 else y + 1"),
        };
        self.line(&format!("    {value}"));
        self.functions += 1;
    }

    /// Functions that recurse as deep as they are told, and call nothing but each other.
    fn deep_function(&mut self) {
        let at = self.deep;
        match self.below(3) {
            0 => self.line(&format!("def deep{at}(n):\n    if n:\n        return deep{at}(n - 1) + 1\n    return 0")),
            1 => self.line(&format!(
                "def deep{at}(n):\n    return 1 + side{at}(n - 1) if n else 0\ndef side{at}(n):\n    return deep{at}(n - 1) if n else 5"
            )),
            _ => self.line(&format!(
                "def deep{at}(n, sum=0):\n    if not n:\n        return sum\n    return deep{at}(n - 1,\n        sum + n)"
            )),
        }
        self.deep += 1;
    }

    fn small(&mut self) -> String {
        (1 + self.below(12)).to_string()
    }

    fn of_two(&mut self) -> String {
        let (a, b, small) = (self.pick(BIG), self.pick(BIG), self.small());
        let b = if self.one_in(15) { "0" } else { b };
        self.pick(OF_TWO).replace('A', &format!("({a})")).replace('B', &format!("({b})")).replace('S', &small)
    }

    fn statement(&mut self) {
        match self.below(9) {
            0 => self.setting(""),
            1 | 2 => {
                let what = self.of_two();
                self.line(&format!("print({what})"));
            }
            3 => {
                // Hot, with operands that change.
                let (what, start) = (self.of_two(), self.pick(BIG));
                self.line(&format!(
                    "a = {start}\nfor i in range(30):\n    a = (a * 3 + i) % 10**25\n    b = {}\nprint(a, b)",
                    what.replace("(2**64)", "(a + 1)")
                ));
            }
            4 | 5 if self.deep > 0 => {
                let (at, depth) = (self.below(self.deep), self.below(2500));
                self.line(&format!("print(deep{at}({depth}))"));
            }
            6 => {
                let (at, rounds) = (self.below(self.functions), self.below(20));
                self.line(&format!("for k in range({rounds}):\n    s = f{at}(k % 9)\nprint('done')"));
            }
            _ => {
                let (at, n) = (self.below(self.functions), self.below(14));
                self.line(&format!("print(f{at}({n}, 'abc'))"));
            }
        }
    }
}
