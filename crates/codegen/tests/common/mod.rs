//! What the tests share: executable memory, a small run time, and a way to write IR.
#![allow(dead_code, clippy::unwrap_used)]

use hotspotvm_codegen::{
    CodeUnit, Compiler, CompilerOptions, Entry, NativeContext, OptLevel, Recipe, Routines, ValueLayout,
    pack_fuel,
};
use ir::{Block, FrameState, Function, Imm, Input, InputPlace, Opcode, Origin, Resume, StateId, Type, Value};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use std::ptr::{null, null_mut};

pub const LAYOUT: ValueLayout = ValueLayout {
    int_tag: 0xfff9,
    false_bits: 0xfffa_0000_0000_0000,
    true_bits: 0xfffa_0000_0000_0001,
    max_float_bits: 0xfff8_0000_0000_0000,
    refused: 0xfffb_0000_0000_0000,
    reference: 0xfffe_0000_0000_0000,
    large_int: WIDE,
    headers: [2, 11, 3],
};
pub const WIDE: u64 = 0xfffc_0000_0000_0000;
pub const NONE: u64 = 0xfffd_0000_0000_0000;

/// Code in executable memory.
pub struct Mapped {
    at: *mut c_void,
    len: usize,
}

impl Mapped {
    pub fn new(unit: &CodeUnit) -> Mapped {
        let len = unit.bytes.len().max(1);
        assert!(unit.alignment <= 4096);
        // SAFETY: a fresh private mapping, filled before it becomes executable and unmapped when dropped.
        unsafe {
            let at = mmap_anonymous(null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
                .unwrap();
            std::ptr::copy_nonoverlapping(unit.bytes.as_ptr(), at.cast(), unit.bytes.len());
            mprotect(at, len, MprotectFlags::READ | MprotectFlags::EXEC).unwrap();
            Mapped { at, len }
        }
    }

    pub fn entry(&self) -> Entry {
        // SAFETY: the mapping starts with compiled code of this signature.
        unsafe { std::mem::transmute::<*mut c_void, Entry>(self.at) }
    }

    /// The address of this byte of the code.
    pub fn address(&self, offset: u32) -> *const c_void {
        self.at.cast_const().wrapping_byte_add(offset as usize)
    }
}

pub const ROUTINES: Routines =
    Routines { binary, unary, routine, truth, box_int, unbox_int, print, print_char };

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`; nothing runs there any more.
        unsafe { munmap(self.at, self.len).unwrap() }
    }
}

/// The run time of the tests: wide ints in a vector, and a record of the calls.
#[derive(Default)]
pub struct World {
    pub wide: Vec<i64>,
    pub calls: Vec<String>,
    /// Whether routines refuse.
    pub refuse: bool,
    /// What routines charge, packed.
    pub charge: i64,
    /// The packed fuel that the last routine saw.
    pub seen_fuel: i64,
}

pub fn small(n: i64) -> u64 {
    (n as u64 & 0xffff_ffff_ffff) | 0xfff9 << 48
}

impl World {
    pub fn boxed(&mut self, n: i64) -> u64 {
        if (-(1 << 47)..1 << 47).contains(&n) {
            return small(n);
        }
        self.wide.push(n);
        WIDE | (self.wide.len() as u64 - 1)
    }

    pub fn int(&self, bits: u64) -> Option<i64> {
        match bits >> 48 {
            0xfff9 => Some((bits << 16) as i64 >> 16),
            0xfffc => Some(self.wide[(bits & 0xffff_ffff) as usize]),
            _ => None,
        }
    }
}

fn world<'a>(ctx: *mut NativeContext) -> &'a mut World {
    // SAFETY: the harness puts its world there, and nothing else refers to it during a call.
    unsafe { &mut *(*ctx).user.cast::<World>() }
}

fn called(ctx: *mut NativeContext, what: String) -> bool {
    let world = world(ctx);
    world.calls.push(what);
    // SAFETY: the context is alive during a call.
    unsafe {
        world.seen_fuel = (*ctx).fuel;
        (*ctx).fuel -= world.charge;
    }
    !world.refuse
}

extern "C" fn binary(ctx: *mut NativeContext, op: u32, a: u64, b: u64) -> u64 {
    if called(ctx, format!("binary {op} {a:x} {b:x}")) { a ^ b } else { LAYOUT.refused }
}

extern "C" fn unary(ctx: *mut NativeContext, op: u32, a: u64) -> u64 {
    if called(ctx, format!("unary {op} {a:x}")) { !a } else { LAYOUT.refused }
}

extern "C" fn truth(ctx: *mut NativeContext, a: u64) -> u32 {
    world(ctx).calls.push(format!("truth {a:x}"));
    u32::from(a != small(0) && a != NONE && a != 0)
}

extern "C" fn box_int(ctx: *mut NativeContext, a: i64) -> u64 {
    world(ctx).calls.push(format!("box_int {a}"));
    world(ctx).boxed(a)
}

extern "C" fn unbox_int(ctx: *mut NativeContext, a: u64) -> u32 {
    world(ctx).calls.push(format!("unbox_int {a:x}"));
    let Some(n) = world(ctx).int(a) else { return 0 };
    // SAFETY: the context is alive during a call.
    unsafe { (*ctx).scratch = n as u64 }
    1
}

extern "C" fn print(ctx: *mut NativeContext, a: u64) -> u32 {
    u32::from(called(ctx, format!("print {a:x}")))
}

extern "C" fn print_char(ctx: *mut NativeContext, a: u64) -> u32 {
    u32::from(called(ctx, format!("print_char {a:x}")))
}

extern "C" fn routine(ctx: *mut NativeContext, number: u32, inputs: u32, detail: u32) -> u64 {
    // SAFETY: tests pass a context whose arguments are there.
    let args: Vec<u64> = (0..inputs as usize).map(|at| unsafe { *(*ctx).arguments.add(at) }).collect();
    if called(ctx, format!("routine {number} {detail} {args:x?}")) { small(78) } else { LAYOUT.refused }
}

/// Compiled code and what came of its last run.
pub struct Harness {
    pub unit: CodeUnit,
    code: Mapped,
    pub world: World,
    pub globals: Vec<u64>,
    pub counts: Vec<u64>,
    pub arguments: Vec<u64>,
    pub fuel: i64,
    pub slots: Vec<u64>,
}

impl Harness {
    pub fn new(f: &Function, opt_level: OptLevel) -> Harness {
        let mut compiler =
            Compiler::new(CompilerOptions { opt_level, ..CompilerOptions::default() }).unwrap();
        Harness::with(&mut compiler, f)
    }

    pub fn with(compiler: &mut Compiler, f: &Function) -> Harness {
        let unit = compiler.compile(f, &LAYOUT, 1).unwrap();
        let code = Mapped::new(&unit);
        Harness {
            unit,
            code,
            world: World::default(),
            globals: vec![0; 4],
            counts: vec![0; 4],
            arguments: vec![0; 4],
            fuel: pack_fuel(1000),
            slots: Vec::new(),
        }
    }

    /// Runs; gives the number of the exit.
    pub fn run(&mut self, inputs: &[u64]) -> usize {
        assert_eq!(inputs.len(), self.unit.inputs.len());
        self.slots = inputs.to_vec();
        self.slots.resize(inputs.len() + self.unit.slots as usize, 0xdead_dead_dead_dead);
        let mut ctx = NativeContext {
            fuel: self.fuel,
            inputs: self.slots.as_ptr(),
            slots: self.slots.as_mut_ptr().wrapping_add(inputs.len()),
            links: null(),
            depth_left: 0,
            globals: self.globals.as_mut_ptr(),
            region: std::ptr::null_mut(),
            arguments: self.arguments.as_mut_ptr(),
            counts: self.counts.as_mut_ptr(),
            scratch: 0,
            routines: ROUTINES,
            user: (&raw mut self.world).cast(),
        };
        // SAFETY: the code was compiled for this context, whose pointers are valid during the call.
        let exit = unsafe { self.code.entry()(&mut ctx) };
        self.fuel = ctx.fuel;
        exit as usize
    }

    /// The bits behind a recipe, as the transfer buffer would hold them.
    pub fn bits(&self, recipe: Recipe) -> u64 {
        match recipe {
            Recipe::Input { index, .. } => self.slots[index as usize],
            Recipe::Slot { index, .. } => self.slots[self.unit.inputs.len() + index as usize],
            Recipe::Int(n) => n as u64,
            Recipe::Float(bits) | Recipe::Boxed(bits) => bits,
            Recipe::Bool(b) => u64::from(b),
        }
    }

    /// The operand stack of the innermost frame at an exit.
    pub fn stack(&self, exit: usize) -> Vec<u64> {
        self.unit.exits[exit].frames[0].stack.iter().map(|&r| self.bits(r)).collect()
    }
}

/// A function with inputs of these types in locals 0, 1, ...
pub fn function(inputs: &[Type]) -> (Function, Vec<Value>) {
    let mut f = Function::new("test".to_owned(), 0, 0);
    let entry = f.new_block(origin(0));
    let mut values = Vec::new();
    for (i, &ty) in inputs.iter().enumerate() {
        f.inputs.push(Input { place: InputPlace::Local(i as u32), ty, sign: ir::Sign::Any });
        values.push(f.add_param(entry, ty));
    }
    (f, values)
}

/// A frame state with these values on the stack.
pub fn state(f: &mut Function, pc: u32, stack: &[Value]) -> StateId {
    f.new_state(FrameState {
        function: 0,
        pc,
        resume: Resume::Execute,
        locals: Vec::new(),
        stack: stack.to_vec(),
        caller: None,
        ahead: ir::Ahead::default(),
        side: None,
    })
}

/// An instruction of the function compiled.
pub fn origin(pc: u32) -> Origin {
    Origin { function: 0, pc }
}

pub fn op(
    f: &mut Function,
    b: Block,
    op: Opcode,
    args: &[Value],
    imm: Imm,
    st: Option<StateId>,
    pc: u32,
) -> Value {
    f.append(b, op, args, imm, st, origin(pc)).unwrap()
}

pub fn int(f: &mut Function, b: Block, n: i64) -> Value {
    op(f, b, Opcode::ConstInt, &[], Imm::Int(n), None, 0)
}
