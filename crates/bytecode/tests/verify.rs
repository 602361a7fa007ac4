//! What the verifier proves, and the words in which it refuses.

#![allow(clippy::unwrap_used)]

use hotspotvm_bytecode::asm::assemble;
use hotspotvm_bytecode::build::{FunctionBuilder, ProgramBuilder};
use hotspotvm_bytecode::diagnostic::{MAX_DIAGNOSTICS, Severity};
use hotspotvm_bytecode::verify::{MAX_LOCALS, MAX_STACK};
use hotspotvm_bytecode::{Const, Facts, FuncId, Inst, Op, Program, Verified, verify};

fn verified(source: &str) -> Verified {
    verify(assemble("t.hasm", source).unwrap()).unwrap_or_else(|e| panic!("{}", e[0]))
}

fn refusals(program: Program) -> Vec<String> {
    verify(program).unwrap_err().iter().map(|e| e.to_string()).collect()
}

fn refusal(source: &str) -> String {
    let all = refusals(assemble("t.hasm", source).unwrap());
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

fn with_code(code: &[(Op, u32)]) -> Program {
    let mut program = ProgramBuilder::new("b");
    let mut f = FunctionBuilder::new("main", &["x"]);
    for &(op, arg) in code {
        f.emit(op, arg);
    }
    program.add(f);
    program.finish()
}

#[test]
fn facts() {
    let v = verified(
        "func main()\n push 1\n push 2\n call f\n print\n halt\nfunc f(a, b)\n load_local a\n dup\n add\n ret",
    );
    let main = v.facts(FuncId(0));
    assert_eq!(main.heights, [0, 1, 2, 1, 0]);
    assert_eq!(main.max_stack, 2);
    assert_eq!(main.run_costs, [5, 4, 3, 2, 1]);
    assert_eq!(v.facts(FuncId(1)).heights, [0, 1, 2, 1]);
    assert_eq!(v.program().functions[1].name, "f");
    assert!(v.warnings().is_empty());
}

#[test]
fn underflow() {
    assert_eq!(
        refusal("nop\nnop\nnop\npush 1\nsub"),
        "t.hasm:5: error: `sub` at pc 4 needs 2 values, the stack has 1"
    );
    assert_eq!(refusal("pop"), "t.hasm:1: error: `pop` at pc 0 needs 1 value, the stack is empty");
    assert_eq!(refusal("ret"), "t.hasm:1: error: `ret` at pc 0 needs 1 value, the stack is empty");
    assert_eq!(
        refusal("func main()\npush 1\ncall gcd\nhalt\nfunc gcd(a, b)\nload_local a\nret"),
        "t.hasm:3: error: `call gcd` at pc 1 needs 2 values, the stack has 1"
    );
}

#[test]
fn returns_and_halts_take_any_height_that_is_enough() {
    verified("push 1\npush 2\nret");
    verified("push 1\npush 2\nhalt");
    verified("halt");
}

#[test]
fn loops_that_do_not_balance() {
    assert_eq!(
        refusal("nop\nnop\ntop: push 1\njump top"),
        "t.hasm:3: error: loop at pc 2 leaves one value more each time round\n  \
         hint: it goes round from pc 3; the stack must be as high there as at pc 2"
    );
    let first_line = |source: &str| refusal(source).lines().next().unwrap().to_owned();
    assert_eq!(
        first_line("push 1\npush 2\ntop: pop\njump top"),
        "t.hasm:3: error: loop at pc 2 leaves one value fewer each time round"
    );
    assert_eq!(
        first_line("top: push 1\npush 1\npush 1\njump top"),
        "t.hasm:1: error: loop at pc 0 leaves 3 values more each time round"
    );
    // Entered in the middle: the loop is named where the heights disagree.
    assert_eq!(
        first_line("jump mid\ntop: push 1\nmid: push 2\njump_if_zero top\nhalt"),
        "t.hasm:3: error: loop at pc 2 leaves one value more each time round"
    );
}

#[test]
fn paths_that_bring_different_heights() {
    assert_eq!(
        refusal("load_local 0\njump_if_zero else_\npush 1\npush 2\njump join\nelse_: push 3\njoin: print"),
        "t.hasm:7: error: the paths that meet at pc 6 bring 1 and 2 values\n  \
         hint: every path to one place must leave equally many values on the stack"
    );
    // A jump backwards is not a loop if there is no way back.
    let message = refusal("load_local 0\njump_if_zero far\nhere: halt\nfar: push 1\njump here");
    assert!(
        message.starts_with("t.hasm:3: error: the paths that meet at pc 2 bring 0 and 1 values"),
        "{message}"
    );
}

#[test]
fn running_past_the_end() {
    assert_eq!(
        refusal("func f()\npush 1\nprint"),
        "t.hasm:3: error: control runs past the end of `f` after `print` at pc 1\n  \
         hint: end it with `ret`, `halt` or a jump"
    );
    assert!(refusal("func f()\npush 1\njump_if_zero 0").contains("after `jump_if_zero` at pc 1"));
}

#[test]
fn operands_out_of_range() {
    let refused = |op, arg| refusals(with_code(&[(op, arg), (Op::Halt, 0)]));
    assert_eq!(
        refused(Op::Jump, 99),
        ["b: function `main`, pc 0: error: `jump` at pc 0 goes to pc 99, but the code ends at pc 1"]
    );
    assert_eq!(
        refused(Op::LoadLocal, 1),
        ["b: function `main`, pc 0: error: `load_local` at pc 0 uses local 1, but `main` has 1 local"]
    );
    assert_eq!(
        refused(Op::Push, 0),
        ["b: function `main`, pc 0: error: `push` at pc 0 uses constant 0, but the program has 0 constants"]
    );
    assert!(refused(Op::LoadGlobal, 0)[0].ends_with("uses global 0, but the program has 0 globals"));
    assert!(
        refused(Op::Call, u32::MAX)[0].ends_with("uses function 4294967295, but the program has 1 function")
    );
    // In code that can't be reached too; one function draws a few at most.
    let all = refusals(with_code(&[&[(Op::Halt, 0)][..], &[(Op::StoreLocal, 7); 20]].concat()));
    assert_eq!(all.len(), 8);
}

#[test]
fn unreachable_code_is_a_warning() {
    let v = verified("jump 3\nsub\nsub\nnop\nhalt\nnop");
    let shown: Vec<String> = v.warnings().iter().map(|w| w.to_string()).collect();
    assert_eq!(
        shown,
        [
            "t.hasm:2: warning: pc 1 to pc 2 can never be reached",
            "t.hasm:6: warning: pc 5 to pc 6 can never be reached"
        ]
    );
    assert_eq!(v.warnings()[0].severity, Severity::Warning);
    let heights = &v.facts(FuncId(0)).heights;
    assert_eq!(heights[..3], [0, Facts::UNREACHABLE, Facts::UNREACHABLE]);
    let one = verified("jump 2\nsub\nhalt");
    assert_eq!(one.warnings()[0].message, "pc 1 can never be reached");
}

#[test]
fn programs_that_are_wrong_outside_their_code() {
    let good = || with_code(&[(Op::Halt, 0)]);
    assert_eq!(refusals(Program::default()), ["<program>: error: the program has no function"]);
    assert_eq!(
        refusals(Program { entry: 1, ..good() }),
        ["b: error: the entry is function 1, but the program has 1 function"]
    );
    let mut p = good();
    p.functions.push(p.functions[0].clone());
    assert_eq!(refusals(p), ["b: function `main`: error: functions 0 and 1 are both named `main`"]);
    let mut p = good();
    p.functions[0].params = 2;
    p.functions[0].lines.clear();
    assert_eq!(
        refusals(p),
        [
            "b: function `main`: error: function `main` has 2 parameters but only 1 local",
            "b: function `main`: error: function `main` has 0 source lines for 1 instruction"
        ]
    );
    assert_eq!(refusals(with_code(&[])), ["b: function `main`: error: function `main` has no code"]);
    let mut p = good();
    p.functions[0].locals = vec![String::new(); MAX_LOCALS + 1];
    assert!(refusals(p)[0].ends_with("function `main` has 65536 locals; 65535 are allowed"));
    let mut p = good();
    p.constants.push(Const::BigInt(5.into()));
    assert_eq!(refusals(p), ["b: error: constant 0 is an int that is not in its smallest form"]);
    let mut p = good();
    let one = Const::int(dashu_int::IBig::from(1) << (1 << 20));
    p.constants.push(one);
    assert_eq!(refusals(p), ["b: error: constant 0 is an int of 1048577 bits; 1048576 are allowed"]);
}

#[test]
fn nans_become_the_one_nan() {
    let mut p = with_code(&[(Op::Push, 0), (Op::Halt, 0)]);
    p.constants.push(Const::Float(f64::from_bits(0xffff_ffff_ffff_ffff)));
    let v = verify(p).unwrap();
    assert_eq!(v.program().constants, [Const::Float(f64::from_bits(0x7ff8_0000_0000_0000))]);
}

#[test]
fn each_wrong_function_is_named() {
    let all = refusals(assemble("t", "func a()\npop\nhalt\nfunc b()\nhalt\nfunc c()\nnop").unwrap());
    assert_eq!(all.len(), 2);
    assert!(all[0].starts_with("t:2:") && all[1].starts_with("t:7:"), "{all:?}");
    let many: String = (0..60).map(|i| format!("func f{i}()\npop\nhalt\n")).collect();
    let all = refusals(assemble("t", &many).unwrap());
    assert_eq!(all.len(), MAX_DIAGNOSTICS + 1);
    assert_eq!(all[MAX_DIAGNOSTICS], "t: error: and 10 more errors");
}

#[test]
fn stacks_have_a_greatest_height() {
    let high = |height: usize| {
        let mut p = with_code(&[&vec![(Op::LoadLocal, 0); height][..], &[(Op::Halt, 0)]].concat());
        p.functions[0].lines = vec![0; height + 1];
        p
    };
    assert_eq!(verify(high(MAX_STACK as usize)).unwrap().facts(FuncId(0)).max_stack, MAX_STACK);
    let message = &refusals(high(MAX_STACK as usize + 1))[0];
    assert!(
        message.ends_with("`load_local` at pc 65535 makes the stack higher than 65535 values"),
        "{message}"
    );
}

/// A long function with a branch at each pc is verified in linear time.
#[test]
fn large_functions_are_quick() {
    let mut p = with_code(&[]);
    let n = 300_000;
    for i in 0..n {
        p.functions[0].code.push(Inst::new(Op::LoadLocal, 0));
        p.functions[0].code.push(Inst::new(Op::JumpIfZero, (i * 7919 % n) * 2));
    }
    p.functions[0].code.push(Inst::bare(Op::Halt));
    p.functions[0].lines = vec![0; p.functions[0].code.len()];
    let started = std::time::Instant::now();
    assert!(verify(p.clone()).is_ok());
    p.functions[0].code.insert(2, Inst::new(Op::LoadLocal, 0));
    p.functions[0].lines.push(0);
    assert!(verify(p).is_err());
    assert!(started.elapsed().as_secs() < 5);
}
