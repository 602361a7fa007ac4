//! What comes before a program runs takes time in proportion to its text: reading, checking, converting, verifying, reporting.
//!
//! Each row of the tables is a construct that can be long. It is made in sizes n, 2n and 4n; what comes out
//! (instructions, bytes of constants and names, diagnostics) must grow as the text does, which is counted, and so must
//! the time, which is measured: of repeated tries only the best counts, since other work on the machine can add time
//! but not take any away. In the suite texts are short and the bound is loose, so that it tells a square from a line
//! and no more; with `HOTSPOT_LADDER` (and `--release`) they are as long as is allowed, and more than 2.3 a doubling
//! fails. A new construct is a new row.

use hotspotvm::bytecode::{self, Diagnostic, Program, container, disasm};
use std::fmt::Write as _;
use std::time::Duration;

/// A construct: its name, and a text with so many of it.
type Row = (&'static str, fn(usize) -> String);

/// `n` pieces, one after another.
fn many(n: usize, piece: impl Fn(usize) -> String) -> String {
    (0..n).map(piece).collect()
}

/// The same, with commas between them.
fn list(n: usize, piece: impl Fn(usize) -> String) -> String {
    (0..n).map(piece).collect::<Vec<_>>().join(", ")
}

/// A statement that nests, in blocks of ten so that the depth stays.
fn nested(n: usize, head: &str, last: &str) -> String {
    many(n, |i| match i % 10 {
        9 => format!("{}{head}\n{}{last}\n", " ".repeat(9), " ".repeat(10)),
        depth => format!("{}{head}\n", " ".repeat(depth)),
    })
}

const PYTHON: &[Row] = &[
    ("statements", |n| "x = 1\n".repeat(n)),
    ("names", |n| many(n, |i| format!("x{i} = {i}\n"))),
    ("names read", |n| many(n, |i| format!("x{i} = {i}\n")) + &many(n, |i| format!("print(x{i})\n"))),
    ("statements in a line", |n| "x = 1; ".repeat(n) + "\n"),
    ("lines that end in CR", |n| "x = 1\r".repeat(n)),
    ("blank lines", |n| "\n".repeat(n)),
    ("comments", |n| "# a comment\n".repeat(n)),
    ("a long comment", |n| format!("# {}\n", "a".repeat(n))),
    ("line continuations", |n| format!("x = 1 {}+ 1\n", "\\\n".repeat(n))),
    ("parameters", |n| format!("def f({}): pass\n", list(n, |i| format!("a{i}")))),
    ("defaults", |n| format!("def f({}): pass\nf()\n", list(n, |i| format!("a{i}={i}")))),
    ("computed defaults", |n| format!("def f({}): pass\nf()\n", list(n, |i| format!("a{i}=-x")))),
    ("keyword-only parameters", |n| format!("def f(*, {}): pass\n", list(n, |i| format!("a{i}=0")))),
    ("the same parameter", |n| format!("def f({}): pass\n", list(n, |_| "a".into()))),
    ("keyword arguments", |n| format!("def f(a): pass\nf({})\n", list(n, |i| format!("a{i}={i}")))),
    ("keywords for parameters", |n| {
        format!(
            "def f({}): pass\nf({})\n",
            list(n, |i| format!("a{i}")),
            list(n, |i| format!("a{}=1", n - 1 - i))
        )
    }),
    ("the same keyword", |n| format!("f({})\n", list(n, |_| "a=1".into()))),
    ("arguments", |n| format!("def f(a): pass\nf({})\n", list(n, |i| format!("{i}")))),
    ("missing arguments", |n| {
        format!("def f({}): pass\n{}", list(n, |i| format!("a{i}")), "f()\n".repeat(n))
    }),
    ("defaults at many calls", |n| {
        format!("def f({}): pass\n{}", list(n, |i| format!("a{i}=1")), "f()\n".repeat(n))
    }),
    ("functions", |n| many(n, |i| format!("def f{i}(): pass\n"))),
    ("functions that call the next", |n| many(n, |i| format!("def f{i}(): f{}()\n", i + 1)) + "f0()\n"),
    ("functions that call the first", |n| {
        many(n, |i| format!("def f{i}(): f0()\n")) + &many(n, |i| format!("f{i}()\n"))
    }),
    ("a chain of functions called in branches", |n| {
        many(n, |i| format!("def f{i}(): f{}()\n", i + 1))
            + &format!("def f{n}(): return x\n")
            + &many(n, |_| "if 1 < 2: x = 1; f0()\n".into())
    }),
    ("functions of one name", |n| "def f(): pass\n".repeat(n)),
    ("globals that functions use", |n| {
        many(n, |i| format!("x{i} = 1\ndef f{i}(): return x{i}\n")) + &many(n, |i| format!("f{i}()\n"))
    }),
    ("globals declared", |n| format!("def f():\n    global {}\n", list(n, |i| format!("a{i}")))),
    ("nested functions", |n| nested(n, "def f():", "pass")),
    ("classes", |n| many(n, |i| format!("class A{i}: pass\n"))),
    ("methods", |n| "class A:\n".to_owned() + &many(n, |i| format!("    def f{i}(self): pass\n"))),
    ("decorators", |n| "@a\n".repeat(n) + "def f(): pass\n"),
    ("annotations", |n| many(n, |i| format!("x{i}: int = {i}\n"))),
    ("imports", |n| many(n, |i| format!("import math as m{i}\n"))),
    ("unknown imports", |n| many(n, |i| format!("import m{i}\n"))),
    ("imported names", |n| format!("from math import {}\n", list(n, |i| format!("sqrt as s{i}")))),
    ("undefined names", |n| many(n, |i| format!("print(undefined_name_{i})\n"))),
    ("undefined names among others", |n| {
        many(n, |i| format!("defined_name_{i} = 1\nprint(undefined_name_{i})\n"))
    }),
    ("names that may be unbound", |n| {
        let assigned = many(n, |i| format!("    x{i} = 1\n"));
        format!("if 1 < 2:\n{assigned}{}", many(n, |i| format!("print(x{i})\n")))
    }),
    ("branches that assign", |n| many(n, |i| format!("if 1 < 2: x{i} = 1\n"))),
    ("branches that assign on both sides", |n| {
        many(n, |i| format!("if 1 < 2: x{i} = 1\nelse: x{i} = 2\nprint(x{i})\n"))
    }),
    ("elif", |n| "x = 1\nif x: pass\n".to_owned() + &"elif x: y = 1\n".repeat(n)),
    ("elif with walrus", |n| {
        "x = 1\nif x: pass\n".to_owned() + &many(n, |i| format!("elif (y{i} := x): pass\n"))
    }),
    ("nested if", |n| nested(n, "if 1 < 2:", "pass")),
    ("nested loops", |n| nested(n, "while 1 < 2:", "break")),
    ("breaks", |n| "while 1 < 2:\n".to_owned() + &many(n, |i| format!("  x{i} = 1\n  if 2 < 1: break\n"))),
    ("loops", |n| many(n, |i| format!("for i{i} in range({i}): pass\n"))),
    ("loops by a step", |n| many(n, |_| "for i in range(1, x, y): pass\n".into())),
    ("unreachable statements", |n| "def f():\n  return 1\n".to_owned() + &"  x = 1\n".repeat(n)),
    ("returns", |n| "def f():\n".to_owned() + &"  return 1\n".repeat(n)),
    ("assert", |n| "assert 1 < 2, 'no'\n".repeat(n)),
    ("raise", |n| "raise ValueError('no')\n".repeat(n)),
    ("try", |n| "try: pass\nexcept: pass\n".repeat(n)),
    ("handlers", |n| "try: pass\n".to_owned() + &"except A: pass\n".repeat(n)),
    ("with", |n| format!("with {}: pass\n", list(n, |i| format!("a as b{i}")))),
    ("match", |n| "match x:\n".to_owned() + &many(n, |i| format!("  case {i}: pass\n"))),
    ("captures", |n| format!("match x:\n  case [{}]: pass\n", list(n, |i| format!("a{i}")))),
    ("alternatives", |n| format!("match x:\n  case {}1: pass\n", "1 | ".repeat(n))),
    ("attributes of a pattern", |n| {
        format!("match x:\n  case A({}): pass\n", list(n, |i| format!("a{i}=1")))
    }),
    ("augmented assignments", |n| "x = 1\n".to_owned() + &"x += 1\n".repeat(n)),
    ("targets", |n| "x = ".repeat(n) + "1\n"),
    ("a tuple of targets", |n| {
        format!("{} = {}\n", list(n, |i| format!("a{i}")), list(n, |i| format!("{i}")))
    }),
    ("the same target", |n| format!("{} = {}\n", list(n, |_| "a".into()), list(n, |i| format!("{i}")))),
    ("and", |n| format!("x = 1\ny = {}x\n", "x and ".repeat(n))),
    ("or in a test", |n| format!("x = 1\nif {}x: pass\n", "x or ".repeat(n))),
    ("and and or", |n| format!("x = 1\ny = {}x\n", "x and x or ".repeat(n))),
    ("not and and", |n| format!("x = 1\ny = {}x\n", "not x and ".repeat(n))),
    ("comparisons in a chain", |n| format!("x = 1\ny = {}x\n", "x < ".repeat(n))),
    ("comparisons of sums in a chain", |n| format!("x = 1\nif {}x: pass\n", "x + 1 <= ".repeat(n))),
    ("sums", |n| many(n, |_| format!("y = {}1\n", "1 + ".repeat(200)))),
    ("signs", |n| many(n, |_| format!("y = {}1\n", "-".repeat(200)))),
    ("brackets", |n| many(n, |_| format!("y = {}1{}\n", "(".repeat(90), ")".repeat(90)))),
    ("attributes", |n| many(n, |_| format!("y{}\n", ".a".repeat(200)))),
    ("calls of calls", |n| many(n, |_| format!("f{}\n", "()".repeat(100)))),
    ("conditional expressions", |n| many(n, |_| format!("y = {}1\n", "1 if x else ".repeat(100)))),
    ("walrus", |n| format!("print({})\n", list(n, |i| format!("(y{i} := 1)")))),
    ("lists", |n| "x = []\n".repeat(n)),
    ("a list", |n| format!("x = [{}]\n", list(n, |i| i.to_string()))),
    ("a dict", |n| format!("x = {{{}}}\n", list(n, |i| format!("{i}: {i}")))),
    ("comprehensions", |n| "x = [i for i in y]\n".repeat(n)),
    ("generators in a comprehension", |n| format!("x = [1 {}]\n", many(n, |i| format!("for i{i} in y ")))),
    ("lambdas", |n| "x = lambda a: a\n".repeat(n)),
    ("parameters of a lambda", |n| format!("x = lambda {}: 1\n", list(n, |i| format!("a{i}")))),
    ("strs", |n| many(n, |i| format!("print('text {i}')\n"))),
    ("strs side by side", |n| format!("x = {}\n", "'a' ".repeat(n))),
    ("a long str", |n| format!("x = '{}'\n", "a".repeat(n))),
    ("escapes in a str", |n| format!("x = '{}'\n", "\\n".repeat(n))),
    ("lines of a str", |n| format!("x = '''{}'''\n", "a\r\n".repeat(n))),
    ("values in an f-string", |n| format!("x = 1\ny = f'{}'\n", "{x} ".repeat(n))),
    ("f-strings", |n| "x = 1\n".to_owned() + &"y = f'{x:>5}{x!r}'\n".repeat(n)),
    ("a long name", |n| format!("{0} = 1\nprint({0})\n", "a".repeat(n))),
    ("ints", |n| many(n, |i| format!("x = {i}\n"))),
    ("big ints", |n| many(n, |i| format!("x = 1{i:0>1000}\n"))),
    ("hexadecimal digits", |n| format!("x = 0x{}\n", "f".repeat(n.min(200_000)))),
    ("values to print", |n| format!("print({})\n", list(n, |i| i.to_string()))),
    ("values to print with a long separator", |n| {
        format!("print({}, sep='{}')\n", list(n, |_| "x".into()), "-".repeat(n))
    }),
    ("values of min", |n| format!("x = 1\nprint(min({}))\n", list(n, |_| "x".into()))),
    ("values of gcd", |n| format!("import math\nprint(math.gcd({}))\n", list(n, |i| i.to_string()))),
    ("types of isinstance", |n| format!("print(isinstance(1, ({})))\n", list(n, |_| "int".into()))),
    ("arguments of the program", |n| {
        "import sys\n".to_owned() + &many(n, |i| format!("print(sys.argv[{}])\n", i % 200))
    }),
    ("errors of syntax", |n| "x = = 1\n".repeat(n)),
    ("errors of syntax in a line", |n| "x = = 1; ".repeat(n) + "\n"),
    ("errors of names", |n| "def f():\n  x = 1\n".to_owned() + &"  global x\n".repeat(n)),
    ("unsupported constructs in a line", |n| "x = []; ".repeat(n) + "\n"),
    ("closing brackets", |n| ")".repeat(n)),
    ("quotes", |n| "'".repeat(n)),
    ("words", |n| "a ".repeat(n)),
    ("keywords", |n| "if ".repeat(n)),
];

/// A function around instructions.
fn body(text: &str) -> String {
    format!("func main()\n local x\n{text} halt\nend\n")
}

/// A function with so many locals.
fn with_locals(n: usize, text: &str) -> String {
    format!("func main()\n local x, {}\n{text} halt\nend\n", list(n, |i| format!("known{i}")))
}

const ASSEMBLY: &[Row] = &[
    ("instructions", |n| body(&" nop\n".repeat(n))),
    ("locals", |n| with_locals(n, "")),
    ("locals by use", |n| body(&many(n, |i| format!(" push 1\n store_local a{i}\n")))),
    ("slots", |n| many(n, |i| format!("load_local {i}\npop\n"))),
    ("parameters", |n| format!("func main({})\n halt\nend\n", list(n, |i| format!("a{i}")))),
    ("globals", |n| format!("global {}\n", list(n, |i| format!("a{i}"))) + &body("")),
    ("globals used", |n| {
        let uses = many(n, |i| format!(" load_global a{i}\n pop\n"));
        format!("global {}\n{}", list(n, |i| format!("a{i}")), body(&uses))
    }),
    ("functions", |n| many(n, |i| format!("func f{i}()\n push none\n ret\nend\n"))),
    ("calls", |n| many(n, |i| format!("func f{i}()\n call f{}\n ret\nend\n", i / 2))),
    ("labels", |n| body(&many(n, |i| format!("l{i}:\n nop\n")))),
    ("jumps", |n| body(&many(n, |i| format!("l{i}:\n jump l{}\n", i / 2)))),
    ("branches", |n| body(&many(n, |i| format!("l{i}: load_local x\n jump_if_zero l{}\n", n - 1 - i)))),
    ("ints", |n| body(&many(n, |i| format!(" push {i}\n pop\n")))),
    ("floats", |n| body(&many(n, |i| format!(" push {i}.5\n pop\n")))),
    ("strs", |n| body(&many(n, |i| format!(" push \"text {i}\"\n pop\n")))),
    ("a long str", |n| body(&format!(" push \"{}\"\n pop\n", "a".repeat(n)))),
    ("big ints", |n| body(&many(n, |i| format!(" push 1{i:0>1000}\n pop\n")))),
    ("hexadecimal digits", |n| body(&format!(" push 0x{}\n pop\n", "f".repeat(n.min(200_000))))),
    ("a long name", |n| body(&format!(" push 1\n store_local {}\n", "a".repeat(n)))),
    ("comments", |n| body(&"; a comment\n".repeat(n))),
    ("blank lines", |n| body(&"\n".repeat(n))),
    ("labels in a line", |n| body(&(many(n, |i| format!("l{i}: ")) + "nop\n"))),
    ("unreachable code", |n| format!("func main()\n{}done: halt\nend\n", " jump done\n nop\n".repeat(n))),
    ("deep stacks", |n| body(&(" push 1\n".repeat(n) + &" pop\n".repeat(n)))),
    ("unknown instructions", |n| body(&many(n, |i| format!(" nothing{i}\n")))),
    ("operands too many", |n| body(&format!(" add {}\n", list(n, |i| format!("a{i}"))))),
    ("unknown locals among many", |n| with_locals(n, &many(n, |i| format!(" load_local knawn{i}\n pop\n")))),
    ("unknown labels among many", |n| body(&many(n, |i| format!("label{i}: jump labal{i}\n")))),
    ("unknown functions", |n| body(&many(n, |i| format!(" call f{i}\n")))),
    ("the same label", |n| body(&"l: nop\n".repeat(n))),
    ("the same local", |n| format!("func main()\n local {}\n halt\nend\n", list(n, |_| "a".into()))),
    ("the same function", |n| "func f()\n halt\nend\n".repeat(n)),
    ("code outside of functions", |n| body("") + &"nop\n".repeat(n)),
    ("underflows", |n| many(n, |i| format!("func f{i}()\n pop\n halt\nend\n"))),
    ("heights that clash", |n| {
        many(n, |i| format!("func f{i}()\n local x\nl: push 1\n load_local x\n jump_if_zero l\n halt\nend\n"))
    }),
];

/// What came out: everything that could have grown too much, as one number.
fn size(result: &Result<Program, Vec<Diagnostic>>) -> usize {
    let program = match result {
        Err(errors) => return errors.iter().map(|e| e.to_string().len()).sum(),
        Ok(program) => program,
    };
    let names = |names: &[String]| names.iter().map(|name| name.len() + 1).sum::<usize>();
    let function = |f: &bytecode::Function| f.code.len() + f.name.len() + names(&f.locals);
    let constant = |c: &bytecode::Const| match c {
        bytecode::Const::Str(text) => text.len() + 1,
        _ => 1,
    };
    program.functions.iter().map(function).sum::<usize>()
        + program.constants.iter().map(constant).sum::<usize>()
        + names(&program.globals)
}

fn python(text: &str) -> usize {
    let result = ::python::compile("p.py", text).map(|compiled| compiled.program);
    let size = size(&result);
    if let Ok(program) = result {
        _ = bytecode::verify(program);
    }
    size
}

fn assembly(text: &str) -> usize {
    let result = bytecode::assemble("p.hasm", text);
    let size = size(&result);
    if let Ok(program) = result {
        let listing = disasm::disassemble(&program);
        let bytes = container::write(&program);
        assert!(container::read(&bytes).is_ok() && !listing.is_empty());
        _ = bytecode::verify(program);
    }
    size
}

/// What this process has had of the processors; so the tables are gone through by one test alone.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How long texts are, and what is allowed.
struct Bounds {
    /// Bytes of the longest text, about.
    longest: usize,
    /// How much more a doubling may cost.
    growth: f64,
    /// Less time than this says nothing.
    least: Duration,
    tries: u32,
}

fn bounds() -> Bounds {
    let ms = Duration::from_millis;
    match std::env::var_os("HOTSPOT_LADDER") {
        Some(_) => Bounds { longest: 1_000_000, growth: 2.3, least: ms(50), tries: 12 },
        None => Bounds { longest: 120_000, growth: 3.0, least: ms(20), tries: 6 },
    }
}

fn climb(rows: &[Row], run: fn(&str) -> usize) {
    let Bounds { longest, growth, least, tries } = bounds();
    let mut wrong = String::new();
    for (name, make) in rows {
        let per_piece = (make(200).len() - make(100).len()).div_ceil(100).max(1);
        let n = (longest / 4 / per_piece).max(1);
        let texts = [make(n), make(2 * n), make(4 * n)];
        let (mut sizes, mut best) = ([0; 3], [Duration::MAX; 3]);
        let mut ratios = (0.0, 0.0);
        for _ in 0..tries {
            for ((text, size), best) in texts.iter().zip(&mut sizes).zip(&mut best) {
                let start = processor_time();
                *size = run(text);
                *best = (processor_time() - start).min(*best);
            }
            let seconds = best.map(|time| time.max(least / 4).as_secs_f64());
            ratios = (seconds[1] / seconds[0], seconds[2] / seconds[1]);
            // Both doublings together, so that one unlucky time in the middle does not count twice.
            if best[2] < least || ratios.0 * ratios.1 <= growth * growth {
                break;
            }
        }
        let shown = format!(
            "{name:41} {:7} bytes, {:8.1?} {:8.1?} {:8.1?}, a doubling {:.2} {:.2}, out {sizes:?}",
            texts[2].len(),
            best[0],
            best[1],
            best[2],
            ratios.0,
            ratios.1
        );
        println!("{shown}");
        if best[2] >= least && ratios.0 * ratios.1 > growth * growth {
            _ = writeln!(wrong, "slow: {shown}");
        }
        // What is refused from some size on makes a step, and texts have parts that do not grow.
        let grows = |from: usize, to: usize| to as f64 > 2.3 * from as f64 + 1_000.0;
        if grows(sizes[0], sizes[1]) && grows(sizes[1], sizes[2]) {
            _ = writeln!(wrong, "large: {shown}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn costs_grow_as_the_text_does() {
    climb(PYTHON, python);
    climb(ASSEMBLY, assembly);
}
