//! Solutions of exercises in docs/learn that change IR: constant folding and type specialisation as passes written from
//! nothing, and falling back when what was assumed is wrong. The book quotes them from here.
#![allow(clippy::unwrap_used)]

use hotspotvm_ir::eval::{Host, Outcome, Scalar, SimpleHost, evaluate, int_binary};
use hotspotvm_ir::opt::{Changed, PassCx, dce};
use hotspotvm_ir::parse::parse;
use hotspotvm_ir::*;

/// Constant folding: `2 + 3` becomes `5`.
fn fold(f: &mut Function, cx: &PassCx) -> Changed {
    let mut known: Vec<Option<i64>> = vec![None; f.types.len()];
    let mut changed = false;
    for block in &mut f.blocks {
        for inst in &mut block.insts {
            let Some(result) = inst.result else { continue };
            if let Imm::Int(value) = inst.imm {
                known[result.index()] = Some(value);
                continue;
            }
            let &[a, b] = inst.args() else { continue };
            let (Some(a), Some(b)) = (known[a.index()], known[b.index()]) else { continue };
            // Nothing: it does not fit 64 bits, or divides by zero. Then the exit has to stay.
            let Some(value) = int_binary(inst.op, a, b) else { continue };
            if !cx.spend() {
                return changed.into();
            }
            *inst = Inst {
                op: Opcode::ConstInt,
                args: [Value(0); 3],
                imm: Imm::Int(value),
                state: None,
                ..*inst
            };
            known[result.index()] = Some(value);
            changed = true;
        }
    }
    changed.into()
}

/// 2 + 3 added to a variable, and a sum that does not fit.
const SUMS: &str = "\
function f (bytecode function 0, entry pc 0)
b0(v0: int = local 0):                                  ; pc 0
    v1: int = const_int 2                               ; pc 1
    v2: int = const_int 3                               ; pc 2
    v3: int = int_add v1, v2 exit @0                    ; pc 3
    v4: int = int_add v0, v3 exit @1                    ; pc 4
    v5: int = const_int 9223372036854775807             ; pc 5
    v6: int = int_add v5, v3 exit @2                    ; pc 6
    exit return @3                                      ; pc 7
@0 = f0:pc3 execute locals[v0] stack[v1 v2]
@1 = f0:pc4 execute locals[v0] stack[v0 v3]
@2 = f0:pc6 execute locals[v4] stack[v5 v3]
@3 = f0:pc7 execute locals[v4] stack[v6]
";

#[test]
fn folding_computes_what_is_known_and_leaves_what_would_not_fit() {
    let mut f = parse(SUMS).unwrap();
    let before = f.clone();
    assert_eq!(fold(&mut f, &PassCx::new()), Changed::Yes);
    assert_eq!(verify::verify(&f), Ok(()));
    let text = f.to_string();
    assert!(text.contains("v3: int = const_int 5"), "{text}");
    // The other sum needs its exit: the interpreter makes a bigger int of it.
    assert!(text.contains("v6: int = int_add v5, v3 exit @2"), "{text}");
    // What was added is not needed any more, which is another pass's business.
    assert_eq!(f.inst_count(), before.inst_count());
    dce::run(&mut f, &PassCx::new());
    assert_eq!(f.inst_count(), before.inst_count() - 2);
    // It means the same: the same exit, the same frames.
    for n in [0, 7, -5, i64::MAX] {
        let run = |f: &Function| match evaluate(f, &[Scalar::Int(n)], &mut SimpleHost::new(), 100) {
            Outcome::Exit { reason, frames, fuel, .. } => (reason, frames, fuel),
            other => panic!("{other:?}"),
        };
        assert_eq!(run(&f), run(&before), "{n}");
    }
    assert_eq!(fold(&mut f, &PassCx::new()), Changed::No);
    // With a single rewriting allowed there is one: that is how a wrong one is found.
    let mut g = before.clone();
    assert_eq!(fold(&mut g, &PassCx::with_fuel(0)), Changed::No);
    assert_eq!(g, before);
}

/// Type specialisation: additions of which the profile says that they have seen nothing but ints.
fn specialise(f: &mut Function, only_ints: impl Fn(Origin) -> bool) -> Changed {
    let mut changed = false;
    for number in 0..f.blocks.len() {
        for inst in std::mem::take(&mut f.blocks[number].insts) {
            let general = (inst.op, inst.imm) == (Opcode::CallBinary, Imm::BinOp(bytecode::BinOp::Add));
            if !general || !only_ints(inst.origin) {
                f.blocks[number].insts.push(inst);
                continue;
            }
            let [a, b, _] = inst.args;
            let mut append = |op: Opcode, args: [Value; 3], result: Option<Value>| {
                let result = result.unwrap_or_else(|| f.new_value(Type::Int));
                // What may leave does so by the exit of the instruction that it stands for.
                let state = inst.state.filter(|_| op != Opcode::BoxInt);
                let inst =
                    Inst { op, args, imm: Imm::None, state, result: Some(result), origin: inst.origin };
                f.blocks[number].insts.push(inst);
                result
            };
            let a = append(Opcode::GuardInt, [a, Value(0), Value(0)], None);
            let b = append(Opcode::GuardInt, [b, Value(0), Value(0)], None);
            let sum = append(Opcode::IntAdd, [a, b, Value(0)], None);
            append(Opcode::BoxInt, [sum, Value(0), Value(0)], inst.result);
            changed = true;
        }
    }
    changed.into()
}

/// `return a + b`, for operands of whatever type.
const ADD: &str = "\
function add (bytecode function 0, entry pc 0)
b0(v0: boxed = local 0, v1: boxed = local 1):           ; pc 0
    v2: boxed = call_binary add v0, v1 exit @0          ; pc 2
    exit return @1                                      ; pc 3
@0 = f0:pc2 execute locals[v0 v1] stack[v0 v1]
@1 = f0:pc3 execute locals[v0 v1] stack[v2]
";

/// The bytecode that it was made of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    LoadLocal(usize),
    Add,
    Ret,
}

const CODE: [Op; 4] = [Op::LoadLocal(0), Op::LoadLocal(1), Op::Add, Op::Ret];

/// A value of the guest.
type Guest = Scalar;

/// The slow tier: goes on wherever the frame stands. Gives the result, and the instructions executed.
fn interpret(mut pc: usize, locals: &[Guest], mut stack: Vec<Guest>) -> (Guest, Vec<Op>) {
    let mut executed = Vec::new();
    loop {
        executed.push(CODE[pc]);
        match CODE[pc] {
            Op::LoadLocal(slot) => stack.push(locals[slot]),
            Op::Add => {
                let (b, a) = (stack.pop().unwrap(), stack.pop().unwrap());
                let as_float = |value| match value {
                    Scalar::Int(i) => i as f64,
                    Scalar::Float(x) => x,
                    other => panic!("no number: {other:?}"),
                };
                stack.push(match (a, b) {
                    (Scalar::Int(a), Scalar::Int(b)) if a.checked_add(b).is_some() => Scalar::Int(a + b),
                    _ => Scalar::Float(as_float(a) + as_float(b)),
                });
            }
            Op::Ret => return (stack.pop().unwrap(), executed),
        }
        pc += 1;
    }
}

/// Runs compiled code, and where it leaves, goes on in the interpreter from the frame that the exit describes.
fn run(code: &Function, arguments: [Guest; 2]) -> (Guest, Option<ExitReason>, Vec<Op>) {
    let mut host = SimpleHost::new();
    let inputs = arguments.map(|argument| Scalar::Boxed(boxed(&mut host, argument)));
    let Outcome::Exit { reason, pc, frames, .. } = evaluate(code, &inputs, &mut host, 100) else {
        panic!("compiled code always ends at an exit here");
    };
    // A local that compiled code did not touch still holds what it held on entry.
    let locals: Vec<Guest> =
        frames[0].locals.iter().zip(arguments).map(|(local, before)| local.unwrap_or(before)).collect();
    let (result, executed) = interpret(pc as usize, &locals, frames[0].stack.clone());
    (result, reason.is_deopt().then_some(reason), executed)
}

fn boxed(host: &mut SimpleHost, value: Guest) -> u64 {
    match value {
        Scalar::Int(i) => host.box_int(i),
        Scalar::Float(x) => host.box_float(x),
        Scalar::Bool(b) => host.box_bool(b),
        Scalar::Boxed(bits) => bits,
    }
}

#[test]
fn specialised_code_adds_ints_and_falls_back_for_the_rest() {
    let general = parse(ADD).unwrap();
    let mut fast = general.clone();
    // The profile: the addition at pc 2 has seen nothing but ints.
    assert_eq!(specialise(&mut fast, |origin| origin.pc == 2), Changed::Yes);
    assert_eq!(verify::verify(&fast), Ok(()), "{fast}");
    let ops: Vec<Opcode> = fast.blocks[0].insts.iter().map(|inst| inst.op).collect();
    assert_eq!(ops, [Opcode::GuardInt, Opcode::GuardInt, Opcode::IntAdd, Opcode::BoxInt]);

    // As assumed: the addition is done when control leaves, at the `ret`.
    let (two, three) = (Scalar::Int(2), Scalar::Int(3));
    assert_eq!(run(&fast, [two, three]), (Scalar::Int(5), None, vec![Op::Ret]));
    // A float: the guard fails, and the interpreter executes the addition.
    let (half, ret) = (Scalar::Float(0.5), vec![Op::Add, Op::Ret]);
    assert_eq!(run(&fast, [two, half]), (Scalar::Float(2.5), Some(ExitReason::NotInt), ret.clone()));
    // Too large a sum: another guard.
    let most = Scalar::Int(i64::MAX);
    assert_eq!(
        run(&fast, [most, most]),
        (Scalar::Float(18_446_744_073_709_551_614.0), Some(ExitReason::Overflow), ret)
    );
    // The same answers as without it.
    for arguments in [[two, three], [two, half], [half, half]] {
        assert_eq!(run(&fast, arguments).0, run(&general, arguments).0);
    }
    assert_eq!(specialise(&mut general.clone(), |_| false), Changed::No);
}
