//! What the assembler makes of good sources.

#![allow(clippy::unwrap_used)]

use hotspotvm_bytecode::asm::assemble;
use hotspotvm_bytecode::{Const, Inst, Op, Program, verify};

fn program(source: &str) -> Program {
    assemble("t.hasm", source).unwrap_or_else(|e| panic!("{source}: {}", e[0]))
}

fn ops(program: &Program, function: usize) -> Vec<Op> {
    program.functions[function].code.iter().map(|i| i.op).collect()
}

#[test]
fn the_countdown_listing() {
    let source = "LOAD_LOCAL 0\nDUP\nJUMP_IF_ZERO 7\nPUSH 1\nSUB\nSTORE_LOCAL 0\nJUMP 0\n";
    let p = program(source);
    let main = &p.functions[0];
    assert_eq!(
        main.code,
        [
            Inst::new(Op::LoadLocal, 0),
            Inst::bare(Op::Dup),
            Inst::new(Op::JumpIfZero, 7),
            Inst::new(Op::Push, 0),
            Inst::bare(Op::Sub),
            Inst::new(Op::StoreLocal, 0),
            Inst::new(Op::Jump, 0),
            Inst::bare(Op::Halt),
        ]
    );
    assert_eq!(main.lines, [1, 2, 3, 4, 5, 6, 7, 7]);
    assert_eq!(
        (main.name.as_str(), main.params, main.locals.as_slice()),
        ("main", 0, &["l0".to_owned()][..])
    );
    assert!(p.open_entry);
    assert_eq!((p.entry, p.constants.as_slice()), (0, &[Const::Int(1)][..]));
    let verified = verify(p).unwrap();
    assert_eq!(verified.facts(hotspotvm_bytecode::FuncId(0)).heights, [0, 1, 2, 1, 2, 1, 0, 1]);
}

#[test]
fn bare_files_infer_locals() {
    let locals = |source: &str| program(source).functions[0].locals.clone();
    assert_eq!(locals("load_local n\nstore_local m\nload_local n"), ["n", "m"]);
    assert_eq!(locals("load_local n\nload_local 1\nload_local l1"), ["l0", "l1", "n"]);
    assert_eq!(locals("local b, l2\nload_local 2\nload_local a"), ["b", "l2", "l2_", "a"]);
    assert_eq!(locals("local x\nload_local 0"), ["x"]);
    assert_eq!(locals("load_local \"a b\"\nload_local \"0\"\nload_local 0"), ["l0", "a b", "0"]);
    assert_eq!(locals("; nothing\n"), Vec::<String>::new());
}

#[test]
fn functions_infer_locals_that_are_stored() {
    let p =
        program("func f(a)\nload_local late\nstore_local b\nstore_local late\nlocal c\nload_local 2\nhalt");
    assert_eq!(p.functions[0].locals, ["a", "c", "late", "b"]);
    assert_eq!(p.functions[0].params, 1);
    assert_eq!(p.functions[0].code[0], Inst::new(Op::LoadLocal, 2));
    assert!(!p.open_entry);
}

#[test]
fn halts_are_appended_only_where_needed() {
    assert_eq!(ops(&program(""), 0), [Op::Halt]);
    assert_eq!(ops(&program("nop"), 0), [Op::Nop, Op::Halt]);
    assert_eq!(ops(&program("push 1\nret"), 0), [Op::Push, Op::Ret]);
    assert_eq!(ops(&program("a: jump a"), 0), [Op::Jump]);
    assert_eq!(ops(&program("jump end_\nend_:"), 0), [Op::Jump, Op::Halt]);
    assert_eq!(ops(&program("func f()\nnop"), 0), [Op::Nop]);
    assert_eq!(ops(&program("func f()\njump 1"), 0), [Op::Jump, Op::Halt]);
    assert_eq!(ops(&program("func f()\njump 0\nunused:"), 0), [Op::Jump]);
}

#[test]
fn entries() {
    assert_eq!(program("func a()\nhalt\nfunc main()\nhalt").entry, 1);
    assert_eq!(program("func a()\nhalt\nfunc b()\nhalt").entry, 0);
    let p = program("entry b open\nfunc a()\nhalt\nEND\nfunc b()\nhalt\n");
    assert_eq!((p.entry, p.open_entry), (1, true));
    assert_eq!(program("func main()\nhalt\nfunc x()\nhalt\nentry 1").entry, 1);
}

#[test]
fn functions_labels_and_globals_by_name_and_number() {
    let p = program(
        "func main()\n call f\n call 1\n load_global b\n store_global 0\n x: y: jump x\nglobal a, b\n\
         func f()\n x: Push True # no\n RET\n",
    );
    assert_eq!(p.globals, ["a", "b"]);
    let args: Vec<u32> = p.functions[0].code.iter().map(|i| i.arg).collect();
    assert_eq!(args, [1, 1, 1, 0, 4]);
    assert_eq!(p.constants, [Const::Bool(true)]);
    assert_eq!(p.functions[1].lines, [9, 10]);
}

#[test]
fn constants_are_interned_in_order_of_use() {
    let p = program(
        "push 1\npush 1.0\npush 0x1\npush \"1\"\npush -0.0\npush 0.0\npush nan\npush -NaN\npush NONE",
    );
    let args: Vec<u32> = p.functions[0].code[..9].iter().map(|i| i.arg).collect();
    assert_eq!(args, [0, 1, 0, 2, 3, 4, 5, 5, 6]);
}

#[test]
fn the_manual_s_example_assembles_and_verifies() {
    let text = include_str!("../src/asm.rs");
    let example = text.split("```text").nth(1).and_then(|t| t.split("```").next()).unwrap();
    let source: String = example.lines().map(|l| l.trim_start_matches("//!").to_owned() + "\n").collect();
    let verified = verify(program(&source)).unwrap();
    assert_eq!(verified.program().functions.len(), 2);
    assert!(verified.warnings().is_empty());
}
