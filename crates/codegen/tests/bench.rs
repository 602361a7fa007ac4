mod common;
use common::*;
use hotspotvm_codegen::*;
use ir::*;
use bytecode::Cmp;
use std::time::Instant;

fn st(f:&mut Function, pc:u32, locals:&[Value], stack:&[Value])->StateId{ f.new_state(FrameState{function:0,pc,resume:Resume::Execute,locals:locals.iter().map(|&v|Some(v)).collect(),stack:stack.to_vec(),caller:None}) }

pub fn countdown(rotated: bool, fits: bool) -> Function {
    let (mut f, v) = function(&[Type::Int]);
    let h = f.new_block(1); let body = f.new_block(2); let ex = f.new_block(5);
    let n = f.add_param(h, Type::Int);
    f.blocks[0].end = Terminator::Jump(Target{block:h,args:vec![v[0]]});
    if rotated {
        let body = h;
        let one = int(&mut f, body, 1);
        let bx = op(&mut f, body, Opcode::BoxInt, &[n], Imm::None, None, 2);
        let s = st(&mut f, 3, &[bx], &[bx, one]);
        let n2 = if fits { op(&mut f, body, Opcode::IntSubFits, &[n, one], Imm::None, None, 3)} else {op(&mut f, body, Opcode::IntSub, &[n, one], Imm::None, Some(s), 3)};
        let bx2 = op(&mut f, body, Opcode::BoxInt, &[n2], Imm::None, None, 4);
        let s2 = st(&mut f, 4, &[bx2], &[]);
        f.append(body, Opcode::Charge, &[], Imm::Charge{cost:7,back_edge:true}, Some(s2), 4);
        let zero = int(&mut f, body, 0);
        let c = op(&mut f, body, Opcode::IntCompare, &[n2, zero], Imm::Cmp(Cmp::Ne), None, 1);
        f.blocks[body.index()].end = Terminator::Branch{condition:c, then:Target{block:h,args:vec![n2]}, otherwise:Target{block:ex,args:vec![]}};
        let s3 = st(&mut f, 5, &[n2], &[]);
        f.blocks[ex.index()].end = Terminator::Exit{reason:ExitReason::RegionEnd,state:s3};
        return f;
    }
    let zero = int(&mut f, h, 0);
    let c = op(&mut f, h, Opcode::IntCompare, &[n, zero], Imm::Cmp(Cmp::Ne), None, 1);
    f.blocks[h.index()].end = Terminator::Branch{condition:c, then:Target{block:body,args:vec![]}, otherwise:Target{block:ex,args:vec![]}};
    let one = int(&mut f, body, 1);
    let bx = op(&mut f, body, Opcode::BoxInt, &[n], Imm::None, None, 2);
    let s = st(&mut f, 3, &[bx], &[bx, one]);
    let n2 = if fits { op(&mut f, body, Opcode::IntSubFits, &[n, one], Imm::None, None, 3)} else {op(&mut f, body, Opcode::IntSub, &[n, one], Imm::None, Some(s), 3)};
    let bx2 = op(&mut f, body, Opcode::BoxInt, &[n2], Imm::None, None, 4);
    let s2 = st(&mut f, 4, &[bx2], &[]);
    f.append(body, Opcode::Charge, &[], Imm::Charge{cost:7,back_edge:true}, Some(s2), 4);
    f.blocks[body.index()].end = Terminator::Jump(Target{block:h,args:vec![n2]});
    let s3 = st(&mut f, 5, &[bx], &[]);
    let _ = s3;
    let bx3 = op(&mut f, ex, Opcode::BoxInt, &[n], Imm::None, None, 5);
    let s3 = st(&mut f, 5, &[bx3], &[]);
    f.blocks[ex.index()].end = Terminator::Exit{reason:ExitReason::RegionEnd,state:s3};
    f
}

pub fn sum(k: Option<i64>) -> Function {
    let (mut f, v) = function(&[Type::Int, Type::Int]);
    let h = f.new_block(1); let body = f.new_block(2); let ex = f.new_block(5);
    let i = f.add_param(h, Type::Int);
    let acc = f.add_param(h, Type::Int);
    f.blocks[0].end = Terminator::Jump(Target{block:h,args:vec![v[0],v[1]]});
    let zero = int(&mut f, h, 0);
    let c = op(&mut f, h, Opcode::IntCompare, &[i, zero], Imm::Cmp(Cmp::Ne), None, 1);
    f.blocks[h.index()].end = Terminator::Branch{condition:c, then:Target{block:body,args:vec![]}, otherwise:Target{block:ex,args:vec![]}};
    let one = int(&mut f, body, 1);
    let s = st(&mut f, 3, &[i, acc], &[acc, i]);
    let by = match k { Some(k) => int(&mut f, body, k), None => i };
    let acc2 = op(&mut f, body, Opcode::IntAdd, &[acc, by], Imm::None, Some(s), 3);
    let s = st(&mut f, 6, &[i, acc2], &[i, one]);
    let i2 = op(&mut f, body, Opcode::IntSub, &[i, one], Imm::None, Some(s), 6);
    let s2 = st(&mut f, 8, &[i2, acc2], &[]);
    f.append(body, Opcode::Charge, &[], Imm::Charge{cost:11,back_edge:true}, Some(s2), 8);
    f.blocks[body.index()].end = Terminator::Jump(Target{block:h,args:vec![i2,acc2]});
    let s3 = st(&mut f, 10, &[i,acc], &[]);
    f.blocks[ex.index()].end = Terminator::Exit{reason:ExitReason::RegionEnd,state:s3};
    f
}

fn bench(name:&str, f:&Function, level: OptLevel, inputs:&[u64], iters: f64, show: bool) {
    let mut c = Compiler::new(CompilerOptions{opt_level:level}).unwrap();
    let mut best=f64::MAX; 
    for _ in 0..300 { let t=Instant::now(); c.compile(f,&LAYOUT).unwrap(); best=best.min(t.elapsed().as_secs_f64()); }
    let mut h = Harness::with(&mut c, f);
    let mut run=f64::MAX;
    let mut cal=f64::MAX; for _ in 0..100 { let t=Instant::now(); let mut x=1u64; for _ in 0..300000 { x = std::hint::black_box(()).clone_from_x(x); } std::hint::black_box(x); cal=cal.min(t.elapsed().as_secs_f64()); }
    let ghz = 300000.0*4.0/cal/1e9;
    for _ in 0..100 { h.fuel = i64::MAX/2; let t=Instant::now(); let e=h.run(inputs); run=run.min(t.elapsed().as_secs_f64()); assert_eq!(h.unit.exits[e].reason, ExitReason::RegionEnd, "{:?}", h.slots); }
    println!("{name:14} {level:?}: {:.2} cycles {:.3} ns/iter, compile {:.1} us, {} bytes, {} exits", run/iters*ghz*1e9, run*1e9/iters, best*1e6, h.unit.bytes.len(), h.unit.exits.len());
    if show { for l in disassemble(&h.unit.bytes[..h.unit.code_len as usize],0,&h.unit.places) { println!("  {:4x} {:?} {}", l.offset, l.pc, l.text); } }
}

#[test]
fn bench_all() {
    let show = std::env::var("SHOW").is_ok();
    for level in [OptLevel::None, OptLevel::Speed] {
        bench("countdown", &countdown(false,false), level, &[3_000_000], 3e6, show);
        bench("countdown fits", &countdown(false,true), level, &[3_000_000], 3e6, show);
        bench("rotated", &countdown(true,false), level, &[3_000_000], 3e6, show);
        bench("rotated fits", &countdown(true,true), level, &[3_000_000], 3e6, show);
        bench("near+5", &sum(Some(5)), level, &[3_000_000, 0], 3e6, false);
        bench("far+5", &sum(Some(5)), level, &[3_000_000, 1<<40], 3e6, false);
        bench("sum", &sum(None), level, &[3_000_000, 0], 3e6, show);
    }
}

trait C { fn clone_from_x(&self, x: u64)->u64; }
impl C for () { #[inline(always)] fn clone_from_x(&self, x: u64)->u64 { std::hint::black_box(0); let mut y=x; unsafe { std::arch::asm!("add {0},1","add {0},1","add {0},1","add {0},1", inout(reg) y); } y } }
