//! Text, bytes and programs lead back to one another; nothing that is read makes anything panic.

#![allow(clippy::unwrap_used)]

use hotspotvm_bytecode::asm::assemble;
use hotspotvm_bytecode::build::{FunctionBuilder, Label, ProgramBuilder, canonical};
use hotspotvm_bytecode::disasm::{disassemble, listing};
use hotspotvm_bytecode::{
    Builtin1, Builtin2, Const, ControlFlow, Facts, FuncId, Op, Operand, Program, Routine, container, verify,
};

/// Xorshift: enough to try many things, the same ones each time.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % n.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Without what the text does not hold.
fn bare(mut program: Program) -> Program {
    program.source_name.clear();
    for function in &mut program.functions {
        function.lines.clear();
    }
    program
}

const SOURCES: [&str; 14] = [
    "",
    "nop",
    "LOAD_LOCAL 0\nDUP\nJUMP_IF_ZERO 7\nPUSH 1\nSUB\nSTORE_LOCAL 0\nJUMP 0",
    "push 1\nprint\nhalt\nnop",
    "local a, b\nglobal \"odd name\", g\nload_global \"odd name\"\nstore_local 5\nload_local b\nret",
    "func main(n)\n top: load_local n\n jump_if_not_zero top\n push none\n ret",
    "func f()\n call main\n ret\nfunc main()\n call f\n halt",
    "entry f\nfunc main()\n halt\nfunc f()\n call \"<lambda>\"\n ret\nfunc \"<lambda>\"()\n push \"\\\"\\n\\u{1f600};#\"\n ret",
    "entry main open\nfunc main(a)\n halt",
    "push -0.0\npush 0.0\npush nan\npush inf\npush -inf\npush 1e300\npush 5e-324\npush 0.1\npush 1e16",
    "push 0x1_0000_0000_0000_0000_0000\npush -9223372036854775809\npush 9223372036854775807\npush -9223372036854775808",
    "push true\npush 1\npush 1.0\npush \"1\"\npush none\npush false",
    "entry main open\nfunc main()\njump 2\nnop\nhalt\nnop",
    "func main()\n jump done\ndone:",
];

#[test]
fn sources_survive_bytes_and_text() {
    for source in SOURCES {
        let program = assemble("t.hasm", source).unwrap();
        assert_eq!(canonical(&program), program, "{source}");
        let from_bytes = container::read(&container::write(&program)).unwrap();
        assert_eq!(from_bytes, program);
        let text = disassemble(&from_bytes);
        let again = assemble("other", &text).unwrap_or_else(|e| panic!("{}\n{text}", e[0]));
        assert_eq!(bare(again.clone()), bare(program), "{text}");
        assert_eq!(disassemble(&again), text);
    }
}

#[test]
fn huge_ints_survive() {
    let source = format!("push 0x{}\npush -0b1{}", "f".repeat(100_000), "0".repeat(1 << 19));
    let program = assemble("t", &source).unwrap();
    assert_eq!(container::read(&container::write(&program)).unwrap(), program);
    assert_eq!(bare(assemble("t", &disassemble(&program)).unwrap()), bare(program));
}

const NAMES: [&str; 12] =
    ["a", "b", "n", "a_2", "total", "", "7", "two words", "é", "<lambda>", "q\"\\\n;#", "L3"];

fn random_const(r: &mut Random) -> Const {
    match r.below(7) {
        0 => Const::None,
        1 => Const::Bool(r.one_in(2)),
        2 => Const::Int(r.below(5) as i64 - 2),
        3 => Const::Int((r.0 as i64) >> r.below(64)),
        4 => Const::Float(f64::from_bits(r.0 << r.below(32))),
        5 => Const::int(dashu_int::IBig::from(r.0 as i64) * (dashu_int::IBig::from(r.0) << r.below(200))),
        _ => Const::Str((0..r.below(5)).map(|_| r.pick(&['a', '"', '\\', '\n', 'é', '\u{2028}'])).collect()),
    }
}

/// A function that verifies, and the height before each pc that can be reached.
fn random_function(
    r: &mut Random,
    program: &mut ProgramBuilder,
    signature: (&str, u32),
    params: &[u32],
) -> (FunctionBuilder, Vec<u32>) {
    let mut f = FunctionBuilder::new(signature.0, &[]);
    for _ in 0..signature.1 {
        f.param(r.pick(&NAMES));
    }
    for _ in 0..r.below(4) {
        f.local(r.pick(&NAMES));
    }
    let mut heights = Vec::new();
    let mut height = Some(0u32);
    let mut ahead: Vec<(Label, u32)> = Vec::new();
    let mut behind: Vec<(Label, u32)> = Vec::new();
    let end = 5 + r.below(40);
    while heights.len() < end || !ahead.is_empty() || height.is_some() {
        let finishing = heights.len() >= end;
        f.set_line(r.below(100) as u32);
        // Arrive at a label: by falling in at its height, or from nowhere.
        if let Some(&(label, at)) = ahead.last()
            && (height.is_none() || (height == Some(at) && r.one_in(3)))
        {
            f.bind(label);
            behind.push((label, at));
            ahead.pop();
            height = Some(at);
            continue;
        }
        if let Some(h) = height
            && !finishing
            && r.one_in(6)
        {
            let label = f.label();
            f.bind(label);
            behind.push((label, h));
        }
        let op = if finishing { Op::Halt } else { r.pick(Op::ALL) };
        // Where they may stand depends on all ways there: the programs of other tests have them.
        if matches!(op, Op::Try | Op::EndTry) {
            continue;
        }
        let info = op.info();
        let before = height;
        let callee = r.below(params.len());
        let arg = match info.operand {
            Operand::Count | Operand::Pairs => r.below(4) as u32,
            Operand::Number => r.below(3) as u32,
            Operand::Form => {
                let form = if r.one_in(2) { "append 1" } else { "sort 1 reverse" };
                program.constant(Const::Str(form.into()))
            }
            Operand::Routine => {
                let named: Vec<_> = Routine::ALL.iter().filter(|r| r.inputs().is_some()).collect();
                named[r.below(named.len())].number()
            }
            _ => 0,
        };
        let more = match info.operand {
            Operand::Func => params[callee],
            Operand::Count => arg,
            Operand::Pairs => 2 * arg,
            Operand::Form => 1,
            Operand::Routine => Routine::from_number(arg).and_then(Routine::inputs).unwrap(),
            _ => 0,
        };
        let inputs = more + info.inputs.len() as u32;
        // Code that can't be reached may do anything.
        if before.is_some_and(|h| h < inputs || h > 40) && !finishing {
            f.emit(Op::Push, program.constant(random_const(r)));
            if before.is_some_and(|h| h > 40) {
                f.patch(f.here() - 1, 0);
                heights.push(before.unwrap());
                f.op(Op::Halt);
                heights.push(before.unwrap() + 1);
                height = None;
            } else {
                heights.push(before.unwrap());
                height = before.map(|h| h + 1);
            }
            continue;
        }
        let after = before.map(|h| h - inputs + info.outputs.len() as u32);
        match info.operand {
            Operand::None => {
                f.op(op);
            }
            Operand::Const => {
                let constant = random_const(r);
                f.emit(op, program.constant(constant));
            }
            Operand::Local if f.locals().is_empty() => continue,
            Operand::Local => {
                f.emit(op, r.below(f.locals().len()) as u32);
            }
            Operand::Global if program.globals().is_empty() => continue,
            Operand::Global => {
                f.emit(op, r.below(program.globals().len()) as u32);
            }
            Operand::Builtin1 => {
                f.emit(op, r.below(Builtin1::ALL.len()) as u32);
            }
            Operand::Count | Operand::Pairs | Operand::Number | Operand::Form | Operand::Routine => {
                f.emit(op, arg);
            }
            Operand::Builtin2 => {
                f.emit(op, r.below(Builtin2::ALL.len()) as u32);
            }
            Operand::Func => {
                f.emit(op, callee as u32);
            }
            Operand::Target => {
                let Some(after) = after else { continue };
                let fitting: Vec<_> = behind.iter().filter(|(_, h)| *h == after).collect();
                if !fitting.is_empty() && r.one_in(2) {
                    f.jump(op, r.pick(&fitting).0);
                } else {
                    let label = f.label();
                    ahead.push((label, after));
                    f.jump(op, label);
                }
            }
        }
        heights.push(before.unwrap_or(Facts::UNREACHABLE));
        height = match info.flow {
            ControlFlow::Next | ControlFlow::Branch => after,
            ControlFlow::Jump | ControlFlow::End => None,
        };
    }
    (f, heights)
}

fn random_program(r: &mut Random) -> (Program, Vec<Vec<u32>>) {
    let mut program = ProgramBuilder::new("random");
    for _ in 0..r.below(3) {
        program.global(r.pick(&NAMES));
    }
    let names = ["main", "f", "odd name", "g.h"];
    let first = r.below(2);
    let names = &names[first..=first + r.below(3)];
    let params: Vec<u32> = names.iter().map(|_| r.below(3) as u32).collect();
    for name in names {
        program.declare(name);
    }
    let mut heights = Vec::new();
    for (name, params_of_it) in names.iter().zip(&params) {
        let (f, found) = random_function(r, &mut program, (name, *params_of_it), &params);
        program.add(f);
        heights.push(found);
    }
    program.set_entry(FuncId(r.below(names.len()) as u32));
    program.set_open_entry(r.one_in(2));
    (program.finish(), heights)
}

#[test]
fn random_programs_verify_and_survive_bytes_and_text() {
    let mut instructions = 0;
    let mut branches = 0;
    for seed in 0..3000 {
        let (program, heights) = random_program(&mut Random::new(seed));
        let verified = verify(program.clone()).unwrap_or_else(|e| panic!("seed {seed}: {}", e[0]));
        for (index, heights) in heights.iter().enumerate() {
            let code = &program.functions[index].code;
            instructions += code.len();
            branches += code.iter().filter(|i| i.op.info().operand == Operand::Target).count();
            assert_eq!(&verified.facts(FuncId(index as u32)).heights, heights, "seed {seed}");
            assert!(!listing(&program, FuncId(index as u32), 0..u32::MAX).is_empty());
        }
        assert_eq!(container::read(&container::write(&program)).unwrap(), program, "seed {seed}");
        let text = disassemble(&program);
        let again = assemble("text", &text).unwrap_or_else(|e| panic!("seed {seed}: {}\n{text}", e[0]));
        assert_eq!(bare(again), bare(canonical(&program)), "seed {seed}\n{text}");
    }
    assert!(instructions > 60_000 && branches > 2_500, "{instructions} {branches}");
}

/// What must hold of any source, good or not.
fn try_source(source: &str) -> bool {
    match assemble("random", source) {
        Ok(program) => {
            let text = disassemble(&program);
            if verify(program.clone()).is_ok() {
                let again = assemble("text", &text).unwrap_or_else(|e| panic!("{}\n{text}\n{source}", e[0]));
                assert_eq!(bare(again), bare(program.clone()), "{source}");
            }
            assert_eq!(container::read(&container::write(&program)).unwrap(), program);
            true
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                let place = &error.place;
                assert!(!error.message.contains('\n'));
                let Some(span) = place.span.clone() else { continue };
                assert!(source.get(span.clone()).is_some(), "{error} in {source:?}");
                let line = source.split('\n').nth(place.line as usize - 1).unwrap();
                let line = if place.line == 1 { line.trim_start_matches('\u{feff}') } else { line };
                assert!(place.column as usize <= line.chars().count() + 1, "{error} in {source:?}");
            }
            false
        }
    }
}

#[test]
fn random_tokens_are_read_or_refused() {
    const WORDS: [&str; 34] = [
        "func",
        "local",
        "global",
        "entry",
        "end",
        "open",
        "main",
        "a",
        "b",
        "L1",
        "0",
        "1",
        "7",
        "-1",
        "1.5",
        "0x1f",
        "nan",
        "\"s\"",
        "\"a b\"",
        "\"open",
        "\"\\q\"",
        "(",
        ")",
        ",",
        ":",
        ";",
        "push",
        "load_local",
        "store_local",
        "store_global",
        "call",
        "jump",
        "halt",
        "é",
    ];
    let mut good = 0;
    for seed in 0..6000 {
        let r = &mut Random::new(seed);
        let mut source = String::new();
        for _ in 0..r.below(40) {
            if r.one_in(3) {
                source.push_str(r.pick(Op::ALL).info().mnemonic);
            } else {
                source.push_str(r.pick(&WORDS));
            }
            source.push_str(r.pick(&[" ", " ", "\n", "\n", "\n", "", "\t", "\r\n"]));
        }
        good += usize::from(try_source(&source));
    }
    assert!(good > 50, "{good}");
}

#[test]
fn random_bytes_are_read_or_refused() {
    for seed in 0..4000 {
        let r = &mut Random::new(seed);
        let bytes: Vec<u8> = (0..r.below(60)).map(|_| r.below(256) as u8).collect();
        try_source(&String::from_utf8_lossy(&bytes));
        let mut damaged = r.pick(&SOURCES).as_bytes().to_vec();
        for _ in 0..1 + r.below(3) {
            let at = r.below(damaged.len() + 1);
            match r.below(3) {
                0 if at < damaged.len() => damaged[at] = r.pick(b"\"\n\\ ,:();#0az\xc3\xa9"),
                1 if at < damaged.len() => drop(damaged.remove(at)),
                _ => damaged.insert(at, r.below(256) as u8),
            }
        }
        try_source(&String::from_utf8_lossy(&damaged));
        assert!(container::read(&bytes).is_err());
    }
}

/// Sources made to be slow or large are read in a moment.
#[test]
fn hostile_sources_are_quick() {
    let started = std::time::Instant::now();
    let n = 60_000;
    let labels: String = (0..n).map(|i| format!("l{i}: jump k{i}\n")).collect();
    assert!(!try_source(&labels));
    assert!(try_source(&"a".repeat(n).split("").map(|_| "nop\n").collect::<String>()));
    assert!(!try_source(&"func f()\n".repeat(n)));
    assert!(!try_source(&format!("local {}", "a,".repeat(n))));
    assert!(!try_source(&format!("push {}", "1_".repeat(n))));
    assert!(!try_source(&format!("push 0x{}", "f".repeat(1 << 20))));
    assert!(!try_source(&"push \"".repeat(n)));
    assert!(try_source(&format!("push {}.5e-{}", "9".repeat(n), "9".repeat(n))));
    assert!(try_source("load_local 65534"));
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
