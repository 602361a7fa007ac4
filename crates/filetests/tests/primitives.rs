//! Every primitive of the machines in every tier, used as hard as a meaning may use it: by the opcodes that only tests have
//! (`bytecode/src/test_ops.rs`), with operands below them in registers, and locals too, at the edges of every representation.

use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Rounding, Single, UnOp};
use bytecode::{Builtin1, ControlFlow, FormFacts, KnownMethod, Op, Operand, Routine, Shape};
use filetests::generate::Random;
use filetests::{climbing, configurations, disagreements_among, load, observe};
use hotspotvm::{Options, Stress, Tier};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many programs a test run tries; `HOTSPOT_PROGRAMS` sets another number.
const PROGRAMS: u64 = 120;
/// In how many ways each is run, beside baseline code at 1, at 2 and with failures forced.
const WAYS: usize = 5;

/// The machine that writes down which primitives it was asked for. It takes operands for ints, or for floats, or for neither.
struct Recorder {
    operands: Kind,
    asked: BTreeSet<&'static str>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ints,
    Floats,
    Others,
}

/// The primitives that do nothing but be asked for; what each gives is all there is to say.
macro_rules! recorded {
    ($($name:ident($($type:ty),*) $(-> $result:ty = $value:expr)?;)*) => {
        /// Their names.
        const RECORDED: &[&str] = &[$(stringify!($name)),*];

        impl Machine for Recorder {
            type Value = ();
            type Int = ();
            type Float = ();
            type Bool = ();
            type Object = ();
            type Exit = ();

            $(fn $name(&mut self $(, _: $type)*) $(-> $result)? {
                self.asked.insert(stringify!($name));
                $($value)?
            })*

            fn pair(&mut self, (): (), (): (), _: Mixed) -> Flow<Self, Pair<Self>> {
                self.asked.insert("pair");
                Ok(match self.operands {
                    Kind::Ints => Pair::Ints((), ()),
                    Kind::Floats => Pair::Floats((), ()),
                    Kind::Others => Pair::Other,
                })
            }

            fn object(&mut self, (): (), of: &'static [Shape]) -> Flow<Self, Option<(Shape, ())>> {
                self.asked.insert("object");
                let first = of.first().copied().unwrap_or(Shape::List);
                Ok((self.operands == Kind::Ints).then_some((first, ())))
            }

            fn single(&mut self, (): ()) -> Flow<Self, Single<Self>> {
                self.asked.insert("single");
                Ok(match self.operands {
                    Kind::Ints => Single::Int(()),
                    Kind::Floats => Single::Float(()),
                    Kind::Others => Single::Other,
                })
            }
        }
    };
}

// rustc says if one is missing.
recorded! {
    push(());
    pop();
    constant(u32);
    local(u32);
    set_local(u32, ());
    global(u32);
    routine(Routine, u32, u32) -> Flow<Self> = Ok(());
    form(u32) -> FormFacts = FormFacts { inputs: 1, known: Some(KnownMethod::Append) };
    none();
    raise_value((), bool) -> Flow<Self> = Ok(());
    peek(u32);
    field((), u32);
    count((), u32);
    set_count((), u32, ());
    size(());
    int_index((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_below((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    element((), ());
    storable(()) -> Flow<Self, Option<()>> = Ok(Some(()));
    set_element((), (), ());
    set_global(u32, ());
    truth(()) -> Flow<Self> = Ok(());
    box_int(());
    box_float(());
    box_bool(());
    int_const(i64);
    float_const(f64);
    int_add((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_sub((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_mul((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_div((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_floordiv((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_mod((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_neg(()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_abs(()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_and((), ());
    int_or((), ());
    int_xor((), ());
    int_not(());
    int_shl((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_shr((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    int_to_float(());
    int_compare(Cmp, (), ());
    float_add((), ());
    float_sub((), ());
    float_mul((), ());
    float_div((), ()) -> Flow<Self, Option<()>> = Ok(Some(()));
    float_neg(());
    float_abs(());
    float_sqrt(()) -> Flow<Self, Option<()>> = Ok(Some(()));
    float_to_int((), Rounding) -> Flow<Self, Option<()>> = Ok(Some(()));
    float_compare(Cmp, (), ());
    bool_not(());
    int_select((), (), ());
    float_select((), (), ());
    binary(BinOp, (), ()) -> Flow<Self> = Ok(());
    unary(UnOp, ()) -> Flow<Self> = Ok(());
    setting(Builtin1, ()) -> Flow<Self> = Ok(());
    pow_mod((), (), ()) -> Flow<Self> = Ok(());
    jump(u32) -> Flow<Self> = Ok(());
    branch((), bool, u32) -> Flow<Self> = Ok(());
    call(u32) -> Flow<Self> = Ok(());
    ret(()) -> Flow<Self> = Ok(());
    halt() -> Flow<Self> = Ok(());
    raise((), ()) -> Flow<Self> = Ok(());
    print(()) -> Flow<Self> = Ok(());
    print_char(()) -> Flow<Self> = Ok(());
    input() -> Flow<Self> = Ok(());
}

/// Opcodes whose primitives are about the frame and about control: the programs below have them anyway.
const FRAME: [Op; 4] = [Op::Call, Op::Ret, Op::Jump, Op::Halt];

fn ops() -> impl Iterator<Item = Op> {
    Op::ALL[Op::ALL.len() - bytecode::ops::FOR_TESTS..].iter().copied()
}

fn asked(op: Op, operands: Kind) -> BTreeSet<&'static str> {
    let mut recorder = Recorder { operands, asked: BTreeSet::new() };
    let _ = bytecode::semantics::step(&mut recorder, op, 0);
    recorder.asked
}

/// A primitive that no opcode of the tests uses is not tested: add a row to `bytecode/src/test_ops.rs`.
#[test]
fn every_primitive_is_used_by_an_opcode_of_the_tests() {
    let mut used = BTreeSet::new();
    for op in ops().chain(FRAME) {
        for operands in [Kind::Ints, Kind::Floats, Kind::Others] {
            used.extend(asked(op, operands));
        }
    }
    // The compilers leave these two to the interpreter whatever stands around them; the generated programs have both.
    let elsewhere = ["input", "raise", "raise_value"];
    // Baseline code knows no objects from inside, and has all operands in memory around them; in optimized code nothing is
    // in fixed registers. The generated programs about lists have all of them.
    let objects = [
        "routine",
        "form",
        "none",
        "peek",
        "object",
        "field",
        "count",
        "set_count",
        "size",
        "int_index",
        "int_below",
        "element",
        "storable",
        "set_element",
    ];
    let is_missing =
        |name: &&&str| !used.contains(**name) && !elsewhere.contains(*name) && !objects.contains(*name);
    let missing: Vec<_> = RECORDED.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "no opcode of the tests uses {missing:?}");
}

/// Where its row says that an opcode always finishes, its meaning asks for nothing that may leave.
#[test]
fn opcodes_that_always_finish_ask_for_nothing_that_may_leave() {
    let frame = ["push", "pop", "constant", "local", "set_local", "global", "set_global"];
    for &op in Op::ALL.iter().filter(|op| !op.info().may_exit) {
        let asked = asked(op, Kind::Ints);
        assert!(asked.iter().all(|name| frame.contains(name)), "{op}: {asked:?}");
    }
}

const INTS: [&str; 24] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "-3",
    "7",
    "10",
    "-64",
    "62",
    "63",
    "1000003",
    "2147483648",
    "-2147483649",
    "140737488355327",
    "140737488355328",
    "-140737488355328",
    "-140737488355329",
    "3037000500",
    "9007199254740993",
    "4611686018427387904",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
];
const FLOATS: [&str; 10] =
    ["0.0", "-0.0", "0.5", "-1.5", "2.0", "1e300", "-7.25", "inf", "nan", "4611686018427387904.0"];

struct Generator {
    random: Random,
    text: String,
    labels: usize,
    /// In how many of a hundred cases a value is a float, and of the others how many are large ints.
    floats: u64,
    large: u64,
}

impl Generator {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "    {line}");
    }

    fn value(&mut self) -> &'static str {
        if self.random.chance(self.floats) {
            return FLOATS[self.random.below(FLOATS.len() as u64) as usize];
        }
        let among = if self.random.chance(self.large) { INTS.len() } else { 12 };
        INTS[self.random.below(among as u64) as usize]
    }

    /// Pushes an operand: a constant, a local, which may be pinned, or a result in a register.
    fn operand(&mut self) {
        let local = ["a", "b", "c", "d"][self.random.below(4) as usize];
        match self.random.below(4) {
            0 => {
                let value = self.value();
                self.line(&format!("push {value}"));
            }
            1 | 2 => self.line(&format!("load_local {local}")),
            _ => {
                let by = 1 + self.random.below(5);
                self.line(&format!("load_local {local}"));
                self.line(&format!("push {by}"));
                let op = ["mod", "add", "mul", "div"][self.random.below(4) as usize];
                self.line(op);
            }
        }
    }

    /// Operands below, then one opcode, then everything is looked at.
    fn use_op(&mut self, op: Op) {
        let info = op.info();
        let below = self.random.below(4);
        let inputs = info.inputs.len() as u64;
        for i in 0..below + inputs {
            // Two operands may be in one register.
            if i >= below && matches!(op, Op::SquareMod | Op::CheckPrintChar) {
                // Others raise an error, which ends the program.
                self.line(if i == below { "load_local i" } else { "push 40" });
            } else if i > 0 && self.random.chance(15) {
                self.line("dup");
            } else {
                self.operand();
            }
        }
        self.labels += 1;
        let label = format!("L{}", self.labels);
        let local = ["a", "b", "c", "d"][self.random.below(4) as usize];
        let argument = match info.operand {
            Operand::None => String::new(),
            Operand::Const => self.value().to_string(),
            Operand::Local => local.to_string(),
            Operand::Global => "g".to_string(),
            Operand::Target => label.clone(),
            _ => panic!("{op} takes another operand"),
        };
        self.line(&format!("{op} {argument}"));
        if info.flow == ControlFlow::Branch {
            self.line("push 77\n    print");
            let _ = writeln!(self.text, "{label}:");
        } else if info.outputs.len() == 1 && self.random.chance(30) {
            // A branch may take the result from the flags.
            self.line(&format!("jump_if_zero {label}\n    push 88\n    print"));
            let _ = writeln!(self.text, "{label}:");
        } else {
            for _ in info.outputs {
                // Machines may differ in whether they take a bool for an int or for something else: where operations
                // exist in both forms, that makes no difference.
                let kept = op != Op::CheckBool && self.random.chance(40);
                self.line(if kept { "store_local d" } else { "print" });
            }
        }
        for _ in 0..below {
            self.line("print");
        }
    }

    fn program(seed: u64) -> String {
        let mut random = Random::new(seed);
        let floats = [0, 0, 30, 60, 100][random.below(5) as usize];
        let large = [0, 10, 60][random.below(3) as usize];
        // Long programs mix all opcodes, short ones run in optimized code to their end.
        let often = [66, 20, 5][random.below(3) as usize];
        let mut g = Generator { random, text: String::new(), labels: 0, floats, large };
        g.text.push_str("global g\nfunc main()\n    local i, a, b, c, d\n");
        for place in ["store_local a", "store_local b", "store_local c", "store_local d", "store_global g"] {
            let value = g.value();
            g.line(&format!("push {value}"));
            g.line(place);
        }
        g.line("push 12\n    store_local i");
        g.text.push_str("top:\n");
        for op in ops() {
            if g.random.chance(often) {
                g.use_op(op);
            }
        }
        g.line("load_local a\n    load_local b\n    store_local a\n    load_local c\n    store_local b\n    store_local c");
        g.line("load_local i\n    push 1\n    sub\n    dup\n    store_local i\n    jump_if_not_zero top");
        g.line("load_local a\n    load_local b\n    load_local c\n    load_global g\n    print\n    print\n    print\n    ret");
        g.text.push_str("end\n");
        g.text
    }
}

#[test]
fn every_tier_agrees_with_the_interpreter() {
    let programs = std::env::var("HOTSPOT_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(PROGRAMS);
    let (mut finished, mut baseline, mut optimized) = (0, 0, 0);
    for seed in 0..programs {
        let source = Generator::program(seed);
        let program = load("primitives", &source).unwrap_or_else(|error| panic!("{error}\n{source}"));
        let options = Options::default();
        let all = configurations(&options, seed);
        let mut ways: Vec<_> = all
            .iter()
            .filter(|way| {
                way.name == "baseline at 1"
                    || way.name == "baseline at 2"
                    || way.name.starts_with("baseline at 2, failures")
            })
            .cloned()
            .collect();
        let mut random = Random::new(seed ^ 0xBEEF);
        ways.extend((0..WAYS).map(|_| all[random.below(all.len() as u64) as usize].clone()));
        let (observed, reports) = disagreements_among(&ways, &program, &[], &options);
        assert!(reports.is_empty(), "seed {seed}:\n{}\n{source}", reports.join("\n"));
        finished += u64::from(observed.result.is_ok());
        let (_, stats) = observe(&program, &[], &Options { max_tier: Tier::Baseline, ..climbing(1) });
        baseline += u64::from(stats.compilations > 0);
        let skip = Stress { skip_baseline: true, ..Stress::default() };
        let (_, stats) = observe(&program, &[], &Options { stress: skip, ..climbing(1) });
        optimized += u64::from(stats.jit_iterations > 0);
    }
    println!(
        "{programs} programs: {finished} run to their end, {baseline} in baseline code, {optimized} optimized"
    );
    assert!(finished > programs / 2 && baseline == programs && optimized > programs / 20);
}
