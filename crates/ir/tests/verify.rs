//! The verifier refuses each kind of malformed function and says why.
#![allow(clippy::unwrap_used)]

use hotspotvm_ir::parse::parse;
use hotspotvm_ir::verify::verify;
use hotspotvm_ir::*;

const START: Origin = Origin { function: 0, pc: 0 };

const GOOD: &str = "\
function f (bytecode function 0, entry pc 0)
b0(v0: int = local 0, v1: boxed = local 1):
    v2: int = int_add v0, v0 exit @1
    v3: bool = int_compare lt v0, v2
    branch v3, b1(v2), b2
b1(v4: int):
    v5: int = int_not v4
    jump b1(v5)
b2:
    exit return @1
@0 = f0:pc0 execute locals[v0 v1] stack[]
@1 = f1:pc0 execute locals[v0] stack[v1] caller @0
";

fn good() -> Function {
    let f = parse(GOOD).unwrap();
    assert_eq!(verify(&f), Ok(()));
    f
}

fn refused(change: impl FnOnce(&mut Function), why: &str) {
    let mut f = good();
    change(&mut f);
    let errors = verify(&f).expect_err(why);
    assert!(errors.iter().any(|error| error.contains(why)), "{errors:#?}\nlacks: {why}");
}

const METHOD: &str = "\
function f (bytecode function 3, entry pc 0) -> int
b0(v0: int = local 0, v1: boxed = local 1):
    v2: float = call f4 link 7 cost 2 (v1, v0, v0) exit @0
    v3: int = call f3 self cost 9 (v0, v1) exit @1
    return v3
@0 = f3:pc3 execute locals[v0 v1] stack[v1 v1 v0 v0]
@1 = f3:pc4 execute locals[v0 v1] stack[v2 v0 v1]
";

#[test]
fn malformed_methods_and_calls_are_refused() {
    let refused = |change: &dyn Fn(&mut Function), why: &str| {
        let mut f = parse(METHOD).unwrap();
        assert_eq!(f.to_string(), parse(&f.to_string()).unwrap().to_string());
        assert_eq!(verify(&f), Ok(()));
        change(&mut f);
        let errors = verify(&f).expect_err(why);
        assert!(errors.iter().any(|error| error.contains(why)), "{errors:#?}\nlacks: {why}");
    };
    refused(&|f| f.result = None, "a region returns");
    refused(&|f| f.result = None, "calls another method than the one it is in");
    refused(&|f| f.result = Some(Type::Float), "which is of type int, where float is expected");
    refused(&|f| f.calls[1].callee = 4, "calls another method than the one it is in");
    refused(&|f| f.calls[1].args.swap(0, 1), "calls another method than the one it is in");
    refused(&|f| f.calls[0].args[1] = Value(3), "whose definition does not dominate it");
    refused(&|f| f.calls.truncate(1), "call1, which does not exist");
    refused(&|f| f.blocks[0].insts[1].imm = Imm::Call(CallId(0)), "call0, which another call names");
    refused(&|f| f.states[0].stack.truncate(2), "without its arguments on the operand stack");
    refused(&|f| f.states[0].resume = Resume::Transfer { back_edge: false }, "without its arguments");
    refused(&|f| f.states[1].locals[1] = None, "which does not tell all locals");
    refused(&|f| f.inputs.swap(0, 1), "a method's input 0 is not local 0");
    refused(&|f| f.inputs[0].sign = Sign::NonNegative, "of any sign");
    refused(&|f| f.blocks[0].insts[0].result = None, "lacks a result");
}

#[test]
fn malformed_functions_are_refused() {
    refused(|f| f.blocks.clear(), "the function has no block");
    refused(|f| f.inputs.truncate(1), "2 parameters, but the function has 1 inputs");
    refused(|f| f.inputs[0].ty = Type::Float, "not of its input's type");
    refused(|f| f.types.truncate(3), "v3 has no type");
    refused(|f| f.types[2] = Type::Float, "gives int, but its result is of type float");
    refused(|f| f.blocks[1].insts[0].result = Some(Value(2)), "v2 is defined twice");
    refused(|f| f.blocks[1].params.push(Value(0)), "v0 is defined twice");
    refused(
        |f| f.blocks[0].insts[0].args[1] = Value(1),
        "uses v1, which is of type boxed, where int is expected",
    );
    refused(|f| f.blocks[0].insts[0].args[1] = Value(u32::MAX), "which nothing defines");
    refused(|f| f.blocks[0].insts[0].args[1] = Value(2), "whose definition does not dominate it");
    refused(|f| f.blocks[0].insts[0].state = None, "can leave, but has no frame state");
    refused(|f| f.blocks[0].insts[1].state = Some(StateId(0)), "cannot leave, but has a frame state");
    refused(|f| f.blocks[0].insts[0].state = Some(StateId(9)), "@9, which does not exist");
    refused(|f| f.blocks[0].insts[0].result = None, "lacks a result");
    refused(|f| f.blocks[0].insts[1].imm = Imm::None, "immediate of the wrong shape");
    refused(|f| f.blocks[0].insts[1].op = Opcode::IntNot, "gives int, but its result is of type bool");
    refused(|f| f.states[0].caller = Some(StateId(1)), "whose callers do not end");
    refused(|f| f.states[0].caller = Some(StateId(2)), "whose callers do not end or do not exist");
    refused(|f| f.states[0].caller = Some(StateId(0)), "whose callers do not end");
    refused(|f| f.states[0].stack.push(Value(4)), "whose definition does not dominate it");
    refused(|f| f.states[1].locals[0] = Some(Value(77)), "which nothing defines");
    let target = |f: &mut Function, target: Target| f.blocks[1].end = Terminator::Jump(target);
    refused(|f| target(f, Target { block: Block(9), args: vec![] }), "b9, which does not exist");
    refused(
        |f| target(f, Target { block: Block(1), args: vec![] }),
        "gives b1 0 arguments, but it has 1 parameters",
    );
    refused(|f| target(f, Target { block: Block(1), args: vec![Value(1)] }), "v1, which is of type boxed");
    refused(
        |f| target(f, Target { block: Block(0), args: vec![Value(0), Value(1)] }),
        "the entry has a predecessor",
    );
    refused(
        |f| {
            f.new_block(START);
            target(f, Target { block: Block(3), args: vec![] });
        },
        "never given an end",
    );
    refused(
        |f| {
            if let Terminator::Branch { condition, .. } = &mut f.blocks[0].end {
                *condition = Value(0);
            }
        },
        "where bool is expected",
    );
    refused(
        |f| {
            if let Terminator::Branch { percent, .. } = &mut f.blocks[0].end {
                *percent = Some(101);
            }
        },
        "more than a hundred of a hundred cases",
    );
    // A select's operands are a bool and two of the type of its result.
    let select = |args| {
        move |f: &mut Function| {
            let result = Some(f.new_value(Type::Int));
            let (op, imm, state, origin) = (Opcode::IntSelect, Imm::None, None, START);
            f.blocks[0].insts.push(Inst { op, args, imm, state, result, origin });
        }
    };
    let (int, bool, boxed) = (Value(0), Value(3), Value(1));
    let mut f = good();
    select([bool, int, int])(&mut f);
    assert_eq!(verify(&f), Ok(()));
    refused(select([int, int, int]), "where bool is expected");
    refused(select([bool, boxed, int]), "where int is expected");
    refused(select([bool, int, boxed]), "where int is expected");
    refused(select([bool, int, Value(u32::MAX)]), "which nothing defines");
}

#[test]
fn what_nothing_reaches_is_ignored() {
    let mut f = good();
    let lost = f.new_block(START);
    f.blocks[lost.index()].params.push(Value(u32::MAX));
    f.blocks[lost.index()].end = Terminator::Jump(Target { block: Block(0), args: vec![Value(99)] });
    assert_eq!(verify(&f), Ok(()));
    assert!(!f.to_string().is_empty());
}

/// A loop of ten thousand blocks must not be slow, nor deep.
#[test]
fn long_functions_are_verified_without_recursion() {
    let mut f = Function::new("long".to_owned(), 0, 0);
    for i in 0..10_000 {
        let block = f.new_block(START);
        f.blocks[block.index()].end =
            Terminator::Jump(Target { block: Block((i + 1) % 10_000), args: Vec::new() });
    }
    f.blocks[9_999].end = Terminator::Jump(Target { block: Block(1), args: Vec::new() });
    assert_eq!(verify(&f), Ok(()));
}
