//! What the evaluator says the instructions mean: Python's numbers.
#![allow(clippy::unwrap_used)]

use hotspotvm_ir::eval::{Outcome, Scalar, SimpleHost, evaluate, int_binary};
use hotspotvm_ir::parse::parse;
use hotspotvm_ir::*;

#[test]
fn int_arithmetic_is_pythons() {
    use Opcode as O;
    let cases = [
        (O::IntFloorDiv, 7, 2, Some(3)),
        (O::IntFloorDiv, -7, 2, Some(-4)),
        (O::IntFloorDiv, 7, -2, Some(-4)),
        (O::IntFloorDiv, -7, -2, Some(3)),
        (O::IntFloorDiv, i64::MIN, -1, None),
        (O::IntFloorDiv, 1, 0, None),
        (O::IntMod, 7, 3, Some(1)),
        (O::IntMod, -7, 3, Some(2)),
        (O::IntMod, 7, -3, Some(-2)),
        (O::IntMod, i64::MIN, -1, Some(0)),
        (O::IntMod, i64::MIN, i64::MAX, Some(i64::MAX - 1)),
        (O::IntMod, 5, 0, None),
        (O::IntShl, 1, 62, Some(1 << 62)),
        (O::IntShl, 1, 63, None),
        (O::IntShl, -1, 63, Some(i64::MIN)),
        (O::IntShl, 0, 1000, Some(0)),
        (O::IntShl, 1, -1, None),
        (O::IntShr, -5, 1, Some(-3)),
        (O::IntShr, -5, 1000, Some(-1)),
        (O::IntShr, 5, -1, None),
        (O::IntAdd, i64::MAX, 1, None),
        (O::IntSub, i64::MIN, 1, None),
        (O::IntMul, 1 << 32, 1 << 31, None),
        (O::IntMul, -(1 << 32), 1 << 31, Some(i64::MIN)),
    ];
    for (op, a, b, expected) in cases {
        assert_eq!(int_binary(op, a, b), expected, "{} {a} {b}", op.name());
    }
}

const LOOP: &str = "\
function sum (bytecode function 3, entry pc 2)
b0(v0: int = local 0, v1: int = local 1):
    jump b1(v0, v1)
b1(v2: int, v3: int):
    v4: int = const_int 0
    v5: bool = int_compare gt v2, v4
    branch v5, b2, b3
b2:
    v6: int = int_add v3, v2 exit @0
    v7: int = const_int 1
    v8: int = int_sub v2, v7 exit @0
    charge 4 back_edge exit @1
    jump b1(v8, v6)
b3:
    v9: boxed = box_int v3
    print v9 exit @0
    exit region_end @2
@0 = f3:pc4 execute locals[v2 v3] stack[]
@1 = f3:pc2 transfer back_edge locals[v8 v6] stack[]
@2 = f3:pc9 transfer locals[- v9] stack[v3] caller @0
";

#[test]
fn a_loop_ends_at_its_exits_with_the_frames_they_name() {
    let f = parse(LOOP).unwrap();
    let run = |inputs: [i64; 2], host: &mut SimpleHost, steps| {
        evaluate(&f, &[Scalar::Int(inputs[0]), Scalar::Int(inputs[1])], host, steps)
    };
    let mut host = SimpleHost::new();
    let Outcome::Exit { reason, pc, state, frames, fuel } = run([10, 5], &mut host, 1000) else { panic!() };
    assert_eq!((reason, pc, state, fuel), (ExitReason::RegionEnd, 9, StateId(2), 40));
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0].locals, [None, Some(Scalar::Int(60))]);
    assert_eq!(frames[0].stack, [Scalar::Int(60)]);
    assert_eq!(frames[1].locals, [Some(Scalar::Int(0)), Some(Scalar::Int(60))]);
    assert_eq!(host.output, "60\n");

    let mut host = SimpleHost::new();
    host.slice = Some(15);
    let Outcome::Exit { reason, frames, fuel, .. } = run([10, 0], &mut host, 1000) else { panic!() };
    assert_eq!((reason, fuel), (ExitReason::Poll, 12));
    assert_eq!(frames[0].locals, [Some(Scalar::Int(6)), Some(Scalar::Int(34))]);
    assert_eq!(frames[0].resume, Resume::Transfer { back_edge: true });

    let Outcome::Exit { reason, frames, .. } = run([2, i64::MAX - 1], &mut SimpleHost::new(), 1000) else {
        panic!()
    };
    assert_eq!(reason, ExitReason::Overflow);
    assert_eq!(frames[0].locals, [Some(Scalar::Int(2)), Some(Scalar::Int(i64::MAX - 1))]);

    assert_eq!(run([10, 5], &mut SimpleHost::new(), 20), Outcome::OutOfSteps);
    assert!(matches!(evaluate(&f, &[], &mut SimpleHost::new(), 20), Outcome::Malformed(_)));
}
