//! Loops, fuel, calls, exits, places: what spans more than one instruction.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use hotspotvm_codegen::{
    CodeUnit, CodegenError, Compiler, CompilerOptions, MachineLine, OptLevel, Part, Recipe, disassemble,
    pack_fuel, unpack_fuel,
};
use ir::{BinOp, Cmp, UnOp};
use ir::{
    Block, ExitReason, FrameState, Function, Imm, Opcode, Origin, Resume, StateId, Target, Terminator, Type,
    Value,
};

const LEVELS: [OptLevel; 2] = [OptLevel::None, OptLevel::Speed];

fn go(block: Block, args: &[Value]) -> Target {
    Target { block, args: args.to_vec() }
}

fn locals(f: &mut Function, pc: u32, locals: &[Value]) -> StateId {
    f.new_state(FrameState {
        function: 0,
        pc,
        resume: Resume::Transfer { back_edge: true },
        locals: locals.iter().map(|&v| Some(v)).collect(),
        stack: Vec::new(),
        caller: None,
        ahead: ir::Ahead::default(),
        side: None,
    })
}

/// `while i != 0: acc = acc + i; i = i - 1`, a charge of 11 on the back-edge; locals 0 and 1 are boxed in the states.
fn sum() -> Function {
    let (mut f, v) = function(&[Type::Int, Type::Int]);
    let (head, body, end) = (f.new_block(origin(1)), f.new_block(origin(2)), f.new_block(origin(7)));
    let (i, acc) = (f.add_param(head, Type::Int), f.add_param(head, Type::Int));
    f.blocks[0].end = Terminator::Jump(go(head, &v));
    let zero = int(&mut f, head, 0);
    let more = op(&mut f, head, Opcode::IntCompare, &[i, zero], Imm::Cmp(Cmp::Ne), None, 1);
    f.blocks[head.index()].end =
        Terminator::Branch { condition: more, then: go(body, &[]), otherwise: go(end, &[]), percent: None };
    let boxed = |f: &mut Function, b: Block, v: Value| {
        let pc = f.blocks[b.index()].origin.pc;
        op(f, b, Opcode::BoxInt, &[v], Imm::None, None, pc)
    };
    let (bi, bacc) = (boxed(&mut f, body, i), boxed(&mut f, body, acc));
    let at = locals(&mut f, 3, &[bi, bacc]);
    let acc2 = op(&mut f, body, Opcode::IntAdd, &[acc, i], Imm::None, Some(at), 3);
    let bacc2 = boxed(&mut f, body, acc2);
    let at = locals(&mut f, 4, &[bi, bacc2]);
    let one = int(&mut f, body, 1);
    let i2 = op(&mut f, body, Opcode::IntSub, &[i, one], Imm::None, Some(at), 4);
    let bi2 = boxed(&mut f, body, i2);
    let at = locals(&mut f, 1, &[bi2, bacc2]);
    f.append(body, Opcode::Charge, &[], Imm::Charge { cost: 11, rounds: 1 }, Some(at), origin(5));
    f.blocks[body.index()].end = Terminator::Jump(go(head, &[i2, acc2]));
    let (bi, bacc) = (boxed(&mut f, end, i), boxed(&mut f, end, acc));
    let at = locals(&mut f, 7, &[bi, bacc]);
    f.blocks[end.index()].end = Terminator::Exit { reason: ExitReason::RegionEnd, state: at };
    f
}

fn local_bits(h: &Harness, exit: usize) -> Vec<(u32, u64)> {
    h.unit.exits[exit].frames[0].locals.iter().map(|&(slot, r)| (slot, h.bits(r))).collect()
}

#[test]
fn a_loop_runs_to_its_end() {
    for level in LEVELS {
        let mut h = Harness::new(&sum(), level);
        let exit = h.run(&[80, 5]);
        assert_eq!(h.unit.exits[exit].reason, ExitReason::RegionEnd);
        assert_eq!(local_bits(&h, exit), [(0, 0), (1, 5 + 80 * 81 / 2)]);
        assert_eq!(unpack_fuel(h.fuel), (1000 - 80 * 11, 80));
        let recipes: Vec<Recipe> = h.unit.exits[exit].frames[0].locals.iter().map(|l| l.1).collect();
        assert!(recipes.iter().all(|r| matches!(r, Recipe::Slot { ty: Type::Int, .. })), "{recipes:?}");
        assert!(h.world.calls.is_empty(), "boxes belong to the exits");
    }
}

#[test]
fn fuel_runs_out_exactly() {
    for level in LEVELS {
        let mut h = Harness::new(&sum(), level);
        for (slice, rounds) in [(0, 0), (10, 0), (11, 1), (21, 1), (22, 2), (99 * 11, 99)] {
            h.fuel = pack_fuel(slice);
            let exit = h.run(&[100, 0]);
            assert_eq!((h.unit.exits[exit].reason, h.unit.exits[exit].origin.pc), (ExitReason::Poll, 5));
            assert_eq!(unpack_fuel(h.fuel), (slice - 11 * rounds, rounds as u64), "slice {slice}");
            // The round that could not be paid for is done but not entered.
            let done = rounds + 1;
            let added = (0..done).map(|k| 100 - k).sum::<i64>();
            assert_eq!(local_bits(&h, exit), [(0, (100 - done) as u64), (1, added as u64)]);
            let frame = &h.unit.exits[exit].frames[0];
            assert_eq!((frame.pc, frame.resume), (1, Resume::Transfer { back_edge: true }));
        }
        h.fuel = pack_fuel(100 * 11);
        let exit = h.run(&[100, 0]);
        assert_eq!(h.unit.exits[exit].reason, ExitReason::RegionEnd);
        assert_eq!(unpack_fuel(h.fuel), (0, 100));
    }
}

#[test]
fn overflow_in_a_loop_gives_back_the_operands() {
    for level in LEVELS {
        let mut h = Harness::new(&sum(), level);
        let exit = h.run(&[10, (i64::MAX - 20) as u64]);
        assert_eq!((h.unit.exits[exit].reason, h.unit.exits[exit].origin.pc), (ExitReason::Overflow, 3));
        assert_eq!(local_bits(&h, exit), [(0, 8), (1, (i64::MAX - 1) as u64)]);
        let exit = h.run(&[i64::MIN as u64, 0]);
        assert_eq!((h.unit.exits[exit].reason, h.unit.exits[exit].origin.pc), (ExitReason::Overflow, 4));
        assert_eq!(local_bits(&h, exit), [(0, i64::MIN as u64), (1, i64::MIN as u64)]);
        // Down to the least int of both.
        let exit = h.run(&[(i64::MIN + 1) as u64, i64::MAX as u64]);
        assert_eq!((h.unit.exits[exit].reason, h.unit.exits[exit].origin.pc), (ExitReason::Overflow, 4));
        assert_eq!(local_bits(&h, exit), [(0, i64::MIN as u64), (1, i64::MIN as u64)]);
    }
}

/// `x = x + k` (or `k + x`, or `x - k`) for ever: limits kept in registers.
#[test]
fn additions_of_constants_in_a_loop_stop_at_the_limit() {
    let mut compiler = Compiler::new(CompilerOptions::default()).unwrap();
    for k in [1, -1, 5, -5, 1 << 40, -(1 << 40), i64::MAX, i64::MIN, i64::MIN + 1] {
        for (opcode, constant_left) in
            [(Opcode::IntAdd, false), (Opcode::IntAdd, true), (Opcode::IntSub, false)]
        {
            let (mut f, v) = function(&[Type::Int]);
            let body = f.new_block(origin(1));
            let x = f.add_param(body, Type::Int);
            f.blocks[0].end = Terminator::Jump(go(body, &v));
            let c = int(&mut f, body, k);
            let at = locals(&mut f, 2, &[x]);
            let args = if constant_left { [c, x] } else { [x, c] };
            let next = op(&mut f, body, opcode, &args, Imm::None, Some(at), 2);
            f.blocks[body.index()].end = Terminator::Jump(go(body, &[next]));
            let mut h = Harness::with(&mut compiler, &f);
            let step = if opcode == Opcode::IntAdd { Some(k) } else { k.checked_neg() };
            let starts = match step {
                Some(d) if d >= 0 => [i64::MAX - d, (i64::MAX - d).saturating_sub(d), i64::MAX],
                Some(d) => [i64::MIN - d, (i64::MIN - d).saturating_sub(d), i64::MIN],
                None => [-1, 0, i64::MAX],
            };
            for start in starts {
                let mut expected = start;
                let next = |x: i64| {
                    if opcode == Opcode::IntAdd { x.checked_add(k) } else { x.checked_sub(k) }
                };
                while let Some(n) = next(expected) {
                    expected = n;
                }
                let exit = h.run(&[start as u64]);
                assert_eq!(h.unit.exits[exit].reason, ExitReason::Overflow);
                assert_eq!(local_bits(&h, exit), [(0, expected as u64)], "{opcode:?} {k} from {start}");
            }
        }
    }
}

#[test]
fn charges_beyond_any_slice_always_leave() {
    for cost in [1023, 1024, 1 << 20, u32::MAX] {
        let (mut f, _) = function(&[]);
        let at = state(&mut f, 4, &[]);
        f.append(Block(0), Opcode::Charge, &[], Imm::Charge { cost, rounds: 0 }, Some(at), origin(3));
        let end = state(&mut f, 9, &[]);
        f.blocks[0].end = Terminator::Exit { reason: ExitReason::Return, state: end };
        let mut h = Harness::new(&f, OptLevel::None);
        h.fuel = pack_fuel(i64::MAX);
        let before = h.fuel;
        let exit = h.run(&[]);
        if cost < 1 << 20 {
            for (slice, reason) in [(cost - 1, ExitReason::Poll), (cost, ExitReason::Return)] {
                h.fuel = pack_fuel(i64::from(slice));
                let exit = h.run(&[]);
                assert_eq!(h.unit.exits[exit].reason, reason, "{cost} from {slice}");
            }
            h.fuel = before;
            let exit = h.run(&[]);
            assert_eq!(h.unit.exits[exit].reason, ExitReason::Return);
            assert_eq!(unpack_fuel(h.fuel), ((1 << 20) - 1 - i64::from(cost), 0));
        } else {
            assert_eq!(h.unit.exits[exit].reason, ExitReason::Poll);
            assert_eq!(h.fuel, before);
        }
    }
}

#[test]
fn every_reason_can_end_a_block() {
    for reason in ExitReason::ALL {
        let (mut f, v) = function(&[Type::Bool, Type::Boxed]);
        let end = state(&mut f, 3, &[v[0], v[1]]);
        f.blocks[0].end = Terminator::Exit { reason, state: end };
        let mut h = Harness::new(&f, OptLevel::None);
        let exit = h.run(&[1, NONE]);
        assert_eq!(h.unit.exits[exit].reason, reason);
        assert_eq!(h.stack(exit), [1, NONE]);
        // Inputs stay where they are.
        assert_eq!(h.unit.slots, 0);
    }
}

/// Leaves from an inlined callee: frames innermost first, constants in the record, one slot for a value named twice.
#[test]
fn frames_of_inlined_calls() {
    for level in LEVELS {
        let (mut f, v) = function(&[Type::Int, Type::Boxed]);
        let entry = Block(0);
        let konst = op(&mut f, entry, Opcode::ConstFloat, &[], Imm::Float(2.5f64.to_bits()), None, 0);
        let boxed_konst = op(&mut f, entry, Opcode::BoxFloat, &[konst], Imm::None, None, 0);
        let yes = op(&mut f, entry, Opcode::ConstBool, &[], Imm::Bool(true), None, 0);
        let none = op(&mut f, entry, Opcode::ConstBoxed, &[], Imm::Boxed(NONE), None, 0);
        let mask = int(&mut f, entry, 0xff);
        let low = op(&mut f, entry, Opcode::IntAnd, &[v[0], mask], Imm::None, None, 1);
        let boxed_low = op(&mut f, entry, Opcode::BoxInt, &[low], Imm::None, None, 1);
        let small_int = op(&mut f, entry, Opcode::IntCompare, &[low, mask], Imm::Cmp(Cmp::Lt), None, 1);
        let outer = f.new_state(FrameState {
            function: 3,
            pc: 40,
            resume: Resume::Execute,
            locals: vec![None, Some(boxed_low), None, Some(small_int)],
            stack: vec![boxed_konst, yes],
            caller: None,
            ahead: ir::Ahead::default(),
            side: None,
        });
        let inner = f.new_state(FrameState {
            function: 8,
            pc: 2,
            resume: Resume::Execute,
            locals: vec![Some(none), Some(low)],
            stack: vec![mask, v[1]],
            caller: Some(outer),
            ahead: ir::Ahead::default(),
            side: None,
        });
        op(&mut f, entry, Opcode::GuardFloat, &[v[1]], Imm::None, Some(inner), 12);
        f.blocks[0].end = Terminator::Exit { reason: ExitReason::Unreached, state: inner };
        let mut h = Harness::new(&f, level);
        let exit = h.run(&[0x1234, small(5)]);
        let record = h.unit.exits[exit].clone();
        assert_eq!((record.reason, record.origin.pc), (ExitReason::NotFloat, 12));
        let [inner, outer] = &record.frames[..] else { panic!("{record:?}") };
        assert_eq!((inner.function, inner.pc, outer.function, outer.pc), (8, 2, 3, 40));
        assert_eq!(inner.locals[0], (0, Recipe::Boxed(NONE)));
        assert_eq!(inner.stack, [Recipe::Int(0xff), Recipe::Input { index: 1, ty: Type::Boxed }]);
        assert_eq!(outer.stack, [Recipe::Float(2.5f64.to_bits()), Recipe::Bool(true)]);
        assert_eq!(outer.locals.iter().map(|l| l.0).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(inner.locals[1].1, outer.locals[0].1, "one value, one slot");
        assert_eq!((h.bits(outer.locals[0].1), h.bits(outer.locals[1].1)), (0x34, 1));
        assert_eq!(h.bits(inner.stack[1]), small(5));
        let exit = h.run(&[0x12ff, 1.5f64.to_bits()]);
        let record = &h.unit.exits[exit];
        assert_eq!(record.reason, ExitReason::Unreached);
        assert_eq!((h.bits(record.frames[1].locals[0].1), h.bits(record.frames[1].locals[1].1)), (0xff, 0));
    }
}

#[test]
fn calls_pass_values_and_fuel() {
    for level in LEVELS {
        let build = |opcode: Opcode, imm, args: usize| {
            let (mut f, v) = function(&[Type::Boxed; 2]);
            let before = state(&mut f, 5, &v);
            let charge = Imm::Charge { cost: 10, rounds: 1 };
            f.append(Block(0), Opcode::Charge, &[], charge, Some(before), origin(4));
            let result = f.append(Block(0), opcode, &v[..args], imm, Some(before), origin(5));
            let end = state(&mut f, 6, result.as_slice());
            f.blocks[0].end = Terminator::Exit { reason: ExitReason::RegionEnd, state: end };
            Harness::new(&f, level)
        };
        let (a, b) = (small(12), 2.5f64.to_bits());
        let lt = BinOp::Compare(Cmp::Lt);
        let cases = [
            (
                build(Opcode::CallBinary, Imm::BinOp(BinOp::Pow), 2),
                format!("binary 6 {a:x} {b:x}"),
                Some(a ^ b),
            ),
            (
                build(Opcode::CallBinary, Imm::BinOp(lt), 2),
                format!("binary {} {a:x} {b:x}", lt.number()),
                Some(a ^ b),
            ),
            (build(Opcode::CallUnary, Imm::UnOp(UnOp::Invert), 1), format!("unary 1 {a:x}"), Some(!a)),
            (build(Opcode::Print, Imm::None, 1), format!("print {a:x}"), None),
            (build(Opcode::PrintChar, Imm::None, 1), format!("print_char {a:x}"), None),
        ];
        for (mut h, call, result) in cases {
            h.world.charge = 7 << hotspotvm_codegen::FUEL_SHIFT;
            let exit = h.run(&[a, b]);
            assert_eq!(h.unit.exits[exit].reason, ExitReason::RegionEnd, "{call}");
            assert_eq!(h.world.calls, std::slice::from_ref(&call));
            assert_eq!(h.stack(exit), result.as_slice());
            assert_eq!(unpack_fuel(h.world.seen_fuel), (990, 1), "{call}");
            assert_eq!(unpack_fuel(h.fuel), (983, 1), "{call}");
            h.world.refuse = true;
            let exit = h.run(&[a, b]);
            assert_eq!(
                (h.unit.exits[exit].reason, h.unit.exits[exit].origin.pc),
                (ExitReason::Slow, 5),
                "{call}"
            );
            assert_eq!(h.stack(exit), [a, b]);
            assert_eq!(unpack_fuel(h.fuel), (966, 2), "{call}");
        }
    }
}

#[test]
fn globals_are_read_and_written() {
    for level in LEVELS {
        let (mut f, v) = function(&[Type::Boxed]);
        let old = op(&mut f, Block(0), Opcode::LoadGlobal, &[], Imm::Slot(3), None, 1);
        f.append(Block(0), Opcode::StoreGlobal, &[v[0]], Imm::Slot(3), None, origin(2));
        let new = op(&mut f, Block(0), Opcode::LoadGlobal, &[], Imm::Slot(3), None, 3);
        let end = state(&mut f, 4, &[old, new]);
        f.blocks[0].end = Terminator::Exit { reason: ExitReason::Halt, state: end };
        let mut h = Harness::new(&f, level);
        h.globals[3] = small(1);
        let exit = h.run(&[small(2)]);
        assert_eq!(h.stack(exit), [small(1), small(2)]);
        assert_eq!(h.globals, [0, 0, 0, small(2)]);
    }
}

/// Values of all types through block parameters, from both sides of a branch.
#[test]
fn branches_join() {
    for level in LEVELS {
        let (mut f, v) = function(&[Type::Bool, Type::Float, Type::Int]);
        let (a, b, join) = (f.new_block(origin(1)), f.new_block(origin(2)), f.new_block(origin(3)));
        let p = f.add_param(join, Type::Float);
        let q = f.add_param(join, Type::Bool);
        f.blocks[0].end =
            Terminator::Branch { condition: v[0], then: go(a, &[]), otherwise: go(b, &[]), percent: None };
        let no = op(&mut f, a, Opcode::ConstBool, &[], Imm::Bool(false), None, 1);
        f.blocks[a.index()].end = Terminator::Jump(go(join, &[v[1], no]));
        let x = op(&mut f, b, Opcode::IntToFloat, &[v[2]], Imm::None, None, 2);
        let not = op(&mut f, b, Opcode::BoolNot, &[v[0]], Imm::None, None, 2);
        f.blocks[b.index()].end = Terminator::Jump(go(join, &[x, not]));
        let end = state(&mut f, 3, &[p, q]);
        f.blocks[join.index()].end = Terminator::Exit { reason: ExitReason::Return, state: end };
        let mut h = Harness::new(&f, level);
        let exit = h.run(&[1, 0.5f64.to_bits(), 3]);
        assert_eq!(h.stack(exit), [0.5f64.to_bits(), 0]);
        let exit = h.run(&[0, 0.5f64.to_bits(), 3]);
        assert_eq!(h.stack(exit), [3f64.to_bits(), 1]);
    }
}

/// Many values alive across a call: spilled registers come back.
#[test]
fn values_survive_calls() {
    for level in LEVELS {
        let (mut f, v) = function(&[Type::Int; 12]);
        let mut values = v.clone();
        for i in 0..24 {
            let k = int(&mut f, Block(0), i * 1000 + 1);
            values.push(op(&mut f, Block(0), Opcode::IntXor, &[v[i as usize % 12], k], Imm::None, None, 1));
        }
        let boxed = op(&mut f, Block(0), Opcode::BoxInt, &[values[20]], Imm::None, None, 2);
        let at = state(&mut f, 2, &values);
        f.append(Block(0), Opcode::Print, &[boxed], Imm::None, Some(at), origin(2));
        let end = state(&mut f, 3, &values);
        f.blocks[0].end = Terminator::Exit { reason: ExitReason::Return, state: end };
        let mut h = Harness::new(&f, level);
        let inputs: Vec<u64> = (0..12).map(|i| (1u64 << (40 + i)) + i).collect();
        let mut expected = inputs.clone();
        expected.extend((0..24).map(|i| inputs[i % 12] ^ (i as u64 * 1000 + 1)));
        for refuse in [false, true] {
            h.world.refuse = refuse;
            let exit = h.run(&inputs);
            assert_eq!(h.unit.exits[exit].reason, if refuse { ExitReason::Slow } else { ExitReason::Return });
            assert_eq!(h.stack(exit), expected);
        }
    }
}

#[test]
fn exits_are_shared() {
    let (mut f, v) = function(&[Type::Boxed, Type::Boxed]);
    let at = state(&mut f, 5, &v);
    let a = op(&mut f, Block(0), Opcode::GuardInt, &[v[0]], Imm::None, Some(at), 5);
    let b = op(&mut f, Block(0), Opcode::GuardInt, &[v[1]], Imm::None, Some(at), 5);
    let sum = op(&mut f, Block(0), Opcode::IntAdd, &[a, b], Imm::None, Some(at), 5);
    let end = state(&mut f, 6, &[sum]);
    f.blocks[0].end = Terminator::Exit { reason: ExitReason::RegionEnd, state: end };
    let mut h = Harness::new(&f, OptLevel::None);
    let reasons: Vec<ExitReason> = h.unit.exits.iter().map(|e| e.reason).collect();
    assert_eq!(reasons, [ExitReason::NotInt, ExitReason::Overflow, ExitReason::RegionEnd]);
    let wide = h.world.boxed(i64::MAX);
    for (inputs, reason) in [
        ([small(1), NONE], ExitReason::NotInt),
        ([NONE, small(1)], ExitReason::NotInt),
        ([small(1), wide], ExitReason::Overflow),
    ] {
        let exit = h.run(&inputs);
        assert_eq!((h.unit.exits[exit].reason, h.stack(exit)), (reason, inputs.to_vec()));
    }
    let exit = h.run(&[small(-4), wide]);
    assert_eq!(h.stack(exit), [(i64::MAX - 4) as u64]);
}

fn code(unit: &CodeUnit) -> &[u8] {
    &unit.bytes[..unit.code_len as usize]
}

#[test]
fn code_can_be_read() {
    for level in LEVELS {
        let mut compiler =
            Compiler::new(CompilerOptions { opt_level: level, ..CompilerOptions::default() }).unwrap();
        let unit = compiler.compile(&sum(), &LAYOUT, 1).unwrap();
        let lines = disassemble(code(&unit), 0x1000, &unit.places);
        assert!(unit.places.is_sorted_by_key(|p| p.0), "{:?}", unit.places);
        assert_eq!(lines.iter().map(|l| l.bytes_len).sum::<u32>(), unit.code_len);
        let from = |l: &MachineLine, pc| l.origin == Some(origin(pc));
        for pc in [1, 3, 4, 5, 7] {
            assert!(lines.iter().any(|l| from(l, pc)), "nothing from pc {pc}: {lines:?}");
        }
        assert!(lines.iter().all(|l| l.origin.is_none_or(|o| (o.function, o.pc.min(7)) == (0, o.pc))));
        if cfg!(target_arch = "x86_64") {
            assert!(lines.iter().all(|l| !l.text.contains("bad")), "{lines:?}");
            assert!(lines.iter().any(|l| from(l, 3) && l.text.starts_with("add ")), "{lines:?}");
            let header = lines.iter().find(|l| from(l, 1)).unwrap();
            assert_eq!(header.offset % unit.alignment, 0, "the loop is aligned");
        }
        let again = Compiler::new(CompilerOptions { opt_level: level, ..CompilerOptions::default() })
            .unwrap()
            .compile(&sum(), &LAYOUT, 1)
            .unwrap();
        assert_eq!(unit, again);
        assert_eq!(compiler.compile(&sum(), &LAYOUT, 1).unwrap(), again, "a compiler remembers nothing");
    }
}

/// Code that was inlined names the function it came from, even where the pcs are the same.
/// Each stretch of code says which value it computes or which exit it is, and what jumps to an exit gets to that stretch, also where
/// the register allocator has put something in front.
#[test]
#[cfg(target_arch = "x86_64")]
fn code_says_what_it_is_for() {
    for level in LEVELS {
        let f = sum();
        let options = CompilerOptions { opt_level: level, ..CompilerOptions::default() };
        let unit = Compiler::new(options).unwrap().compile(&f, &LAYOUT, 1).unwrap();
        let lines = disassemble(code(&unit), 0, &unit.places);
        let part = |offset: u32| {
            let after = unit.parts.partition_point(|&(start, _)| start <= offset);
            after.checked_sub(1).and_then(|at| unit.parts[at].1)
        };
        for number in 0..unit.exits.len() as u32 {
            // What the code answers is the exit's number.
            let own = || lines.iter().filter(|line| part(line.offset) == Some(Part::Exit(number)));
            let says = |line: &MachineLine| {
                let zero = number == 0 && line.text.starts_with("xor e");
                zero || line.text.starts_with("mov e") && line.text.ends_with(&format!(", {number}"))
            };
            assert!(own().any(says), "exit {number}: {lines:#?}");
            // Somebody gets there.
            let jumps = |line: &&MachineLine| {
                let to = line.text.rsplit_once("0x").and_then(|(_, to)| u32::from_str_radix(to, 16).ok());
                line.text.starts_with('j') && to.and_then(part) == Some(Part::Exit(number))
            };
            assert!(lines.iter().any(|line| jumps(&line)), "exit {number}: {lines:#?}");
        }
        let value_of = |opcode: Opcode| {
            let insts = f.blocks.iter().flat_map(|block| &block.insts);
            insts.filter(move |inst| inst.op == opcode).find_map(|inst| inst.result)
        };
        let sum = value_of(Opcode::IntAdd).unwrap();
        let add = lines.iter().find(|line| part(line.offset) == Some(Part::Value(sum))).unwrap();
        assert!(add.text.starts_with("add ") || add.text.starts_with("lea "), "{}", add.text);
    }
}

#[test]
fn code_says_of_which_function_it_is() {
    let text = "\
function f (bytecode function 7, entry pc 4)
b0(v0: int = local 0, v1: int = local 1):               ; pc 4
    v2: int = int_add_wrap v0, v1
    v3: int = int_xor v2, v1                            ; f3:pc 4
    v4: int = int_sub_wrap v3, v0                       ; f3:pc 2
    v5: int = int_mul_wrap v4, v0                       ; pc 4
    v6: int = int_add v5, v1 exit @0                    ; f2:pc 9
    exit region_end @1
@0 = f2:pc9 execute locals[v3] stack[v4] caller @1
@1 = f7:pc4 execute locals[v2 v5] stack[]
";
    let f = ir::parse::parse(text).unwrap();
    assert_eq!(ir::verify::verify(&f), Ok(()));
    for level in LEVELS {
        let mut compiler =
            Compiler::new(CompilerOptions { opt_level: level, ..CompilerOptions::default() }).unwrap();
        let unit = compiler.compile(&f, &LAYOUT, 1).unwrap();
        let lines = disassemble(code(&unit), 0, &unit.places);
        let found = |start: &str| lines.iter().find(|l| l.text.starts_with(start)).and_then(|l| l.origin);
        let place = |function, pc| Some(Origin { function, pc });
        if cfg!(target_arch = "x86_64") {
            assert_eq!(found("xor "), place(3, 4), "{lines:?}");
            assert_eq!(found("sub "), place(3, 2), "{lines:?}");
            assert_eq!(found("imul "), place(7, 4), "{lines:?}");
        }
        assert_eq!((Some(unit.exits[0].origin), unit.exits[0].reason), (place(2, 9), ExitReason::Overflow));
    }
}

#[test]
fn malformed_functions_are_refused() {
    let mut compiler = Compiler::new(CompilerOptions::default()).unwrap();
    let mut refused = |f: &Function| {
        let result = compiler.compile(f, &LAYOUT, 1);
        assert!(matches!(result, Err(CodegenError::Malformed(_))), "{result:?}");
        // The compiler is still good.
        compiler.compile(&sum(), &LAYOUT, 1).unwrap();
    };
    refused(&Function::new("empty".to_owned(), 0, 0));
    refused(&function(&[]).0); // ends without a frame state
    let mut f = sum();
    f.blocks[2].end = Terminator::Jump(go(Block(1), &[Value(0)]));
    refused(&f);
    let mut f = sum();
    f.blocks[2].end = Terminator::Jump(go(Block(77), &[]));
    refused(&f);
    let mut f = sum();
    f.blocks[2].end = Terminator::Jump(go(Block(0), &[Value(0), Value(1)]));
    refused(&f);
    let mut f = sum();
    f.blocks[2].insts[2].args[0] = Value(9999);
    refused(&f);
    let mut f = sum();
    f.states[0].stack.push(Value(9999));
    refused(&f);
    let mut f = sum();
    f.types[0] = Type::Float;
    refused(&f);
    let mut f = sum();
    f.blocks[2].insts.swap(2, 3);
    f.blocks[2].insts.remove(3);
    refused(&f);
}

#[test]
fn endless_chains_of_callers_are_refused() {
    let mut f = sum();
    f.states[0].caller = Some(StateId(0));
    let result = Compiler::new(CompilerOptions::default()).unwrap().compile(&f, &LAYOUT, 1);
    assert!(matches!(result, Err(CodegenError::TooLarge(_))), "{result:?}");
}

#[test]
fn code_that_needs_too_much_stack_is_refused() {
    let (mut f, v) = function(&[Type::Int]);
    let mut values = vec![v[0]];
    for i in 0..10_000 {
        let k = int(&mut f, Block(0), i);
        values.push(op(&mut f, Block(0), Opcode::IntXor, &[v[0], k], Imm::None, None, 1));
    }
    let at = state(&mut f, 2, &values);
    let b = op(&mut f, Block(0), Opcode::IntAdd, &[v[0], v[0]], Imm::None, Some(at), 2);
    let end = state(&mut f, 3, &[b]);
    f.blocks[0].end = Terminator::Exit { reason: ExitReason::Return, state: end };
    let result = Compiler::new(CompilerOptions::default()).unwrap().compile(&f, &LAYOUT, 1);
    assert!(matches!(result, Err(CodegenError::TooLarge(_))), "{:?}", result.map(|u| u.bytes.len()));
}
