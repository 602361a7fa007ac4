//! Machine instructions by name: the assembler under the baseline compiler.
//!
//! Each method appends one instruction (dynasm encodes it). Nothing is decided here.

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler, dynasm};

/// A general register, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reg(pub u8);

/// A floating-point register, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xmm(pub u8);

/// A place in the code that may not be known yet.
pub type Label = DynamicLabel;

pub const RAX: Reg = Reg(0);
pub const RCX: Reg = Reg(1);
pub const RDX: Reg = Reg(2);
/// The locals of the current call; its operands follow them.
pub const BASE: Reg = Reg(3);
/// Fuel left and rounds made, packed.
pub const FUEL: Reg = Reg(12);
/// The context.
pub const CX: Reg = Reg(13);
/// The sites of the current function.
pub const SITES: Reg = Reg(14);
/// The tag of small ints, which is also the least of them as an unsigned number.
pub const TAG: Reg = Reg(15);

/// A condition that the flags can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cond {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// Unsigned, or of floats.
    Below,
    AboveEqual,
    Above,
    BelowEqual,
    Overflow,
    Negative,
    NotNegative,
}

impl Cond {
    /// The condition that holds exactly when this one does not.
    pub fn negated(self) -> Cond {
        match self {
            Cond::Equal => Cond::NotEqual,
            Cond::NotEqual => Cond::Equal,
            Cond::Less => Cond::GreaterEqual,
            Cond::LessEqual => Cond::Greater,
            Cond::Greater => Cond::LessEqual,
            Cond::GreaterEqual => Cond::Less,
            Cond::Below => Cond::AboveEqual,
            Cond::AboveEqual => Cond::Below,
            Cond::Above => Cond::BelowEqual,
            Cond::BelowEqual => Cond::Above,
            Cond::Negative => Cond::NotNegative,
            // Nobody asks for the opposite of overflow.
            Cond::NotNegative | Cond::Overflow => Cond::Negative,
        }
    }
}

/// An operation of two ints on registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alu {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Cmp,
}

/// A shift by a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    Left,
    Right,
    Arithmetic,
}

/// An operation of two floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
}

/// Code under construction.
pub struct Asm {
    ops: VecAssembler<X64Relocation>,
}

macro_rules! emit {
    ($self:ident $($t:tt)*) => {
        dynasm!($self.ops ; .arch x64 $($t)*)
    };
}

impl Asm {
    /// Nothing yet, with room for the code of so many bytecode instructions.
    pub fn new(instructions: usize) -> Asm {
        let relocations = instructions.min(1 << 20);
        Asm {
            ops: VecAssembler::new_with_capacity(
                0,
                instructions * 48 + 256,
                0,
                0,
                relocations,
                0,
                relocations,
            ),
        }
    }

    /// A place to be bound later.
    pub fn label(&mut self) -> Label {
        self.ops.new_dynamic_label()
    }

    /// The place is here.
    pub fn bind(&mut self, label: Label) {
        emit!(self ; =>label);
    }

    /// Bytes so far.
    pub fn offset(&self) -> u32 {
        self.ops.offset().0 as u32
    }

    /// The finished code.
    pub fn finish(self) -> Result<Vec<u8>, String> {
        self.ops.finalize().map_err(|e| e.to_string())
    }

    pub fn mov(&mut self, to: Reg, from: Reg) {
        if to != from {
            emit!(self ; mov Rq(to.0), Rq(from.0));
        }
    }

    pub fn constant(&mut self, to: Reg, bits: u64) {
        if bits <= u64::from(u32::MAX) {
            emit!(self ; mov Rd(to.0), DWORD bits as u32 as i32);
        } else {
            emit!(self ; mov Rq(to.0), QWORD bits as i64);
        }
    }

    pub fn load(&mut self, to: Reg, base: Reg, at: i32) {
        emit!(self ; mov Rq(to.0), [Rq(base.0) + at]);
    }

    pub fn store(&mut self, base: Reg, at: i32, from: Reg) {
        emit!(self ; mov [Rq(base.0) + at], Rq(from.0));
    }

    pub fn store_u32(&mut self, base: Reg, at: i32, value: u32) {
        emit!(self ; mov DWORD [Rq(base.0) + at], value as i32);
    }

    pub fn address(&mut self, to: Reg, base: Reg, at: i32) {
        emit!(self ; lea Rq(to.0), [Rq(base.0) + at]);
    }

    pub fn address_of(&mut self, to: Reg, label: Label) {
        emit!(self ; lea Rq(to.0), [=>label]);
    }

    pub fn alu(&mut self, op: Alu, to: Reg, with: Reg) {
        match op {
            Alu::Add => emit!(self ; add Rq(to.0), Rq(with.0)),
            Alu::Sub => emit!(self ; sub Rq(to.0), Rq(with.0)),
            Alu::And => emit!(self ; and Rq(to.0), Rq(with.0)),
            Alu::Or => emit!(self ; or Rq(to.0), Rq(with.0)),
            Alu::Xor => emit!(self ; xor Rq(to.0), Rq(with.0)),
            Alu::Cmp => emit!(self ; cmp Rq(to.0), Rq(with.0)),
        }
    }

    pub fn alu_imm(&mut self, op: Alu, to: Reg, with: i32) {
        match op {
            Alu::Add => emit!(self ; add Rq(to.0), with),
            Alu::Sub => emit!(self ; sub Rq(to.0), with),
            Alu::And => emit!(self ; and Rq(to.0), with),
            Alu::Or => emit!(self ; or Rq(to.0), with),
            Alu::Xor => emit!(self ; xor Rq(to.0), with),
            Alu::Cmp => emit!(self ; cmp Rq(to.0), with),
        }
    }

    pub fn alu_mem(&mut self, op: Alu, to: Reg, base: Reg, at: i32) {
        match op {
            Alu::Add => emit!(self ; add Rq(to.0), [Rq(base.0) + at]),
            Alu::Sub => emit!(self ; sub Rq(to.0), [Rq(base.0) + at]),
            Alu::And => emit!(self ; and Rq(to.0), [Rq(base.0) + at]),
            Alu::Or => emit!(self ; or Rq(to.0), [Rq(base.0) + at]),
            Alu::Xor => emit!(self ; xor Rq(to.0), [Rq(base.0) + at]),
            Alu::Cmp => emit!(self ; cmp Rq(to.0), [Rq(base.0) + at]),
        }
    }

    pub fn test(&mut self, a: Reg) {
        emit!(self ; test Rq(a.0), Rq(a.0));
    }

    pub fn test32(&mut self, a: Reg) {
        emit!(self ; test Rd(a.0), Rd(a.0));
    }

    pub fn multiply(&mut self, to: Reg, with: Reg) {
        emit!(self ; imul Rq(to.0), Rq(with.0));
    }

    /// `rax`, `rdx` = quotient and remainder of `rax` by a register.
    pub fn divide_rax(&mut self, by: Reg) {
        emit!(self ; cqo ; idiv Rq(by.0));
    }

    pub fn neg(&mut self, a: Reg) {
        emit!(self ; neg Rq(a.0));
    }

    pub fn not(&mut self, a: Reg) {
        emit!(self ; not Rq(a.0));
    }

    pub fn shift(&mut self, shift: Shift, a: Reg, by: u8) {
        match shift {
            Shift::Left => emit!(self ; shl Rq(a.0), by as i8),
            Shift::Right => emit!(self ; shr Rq(a.0), by as i8),
            Shift::Arithmetic => emit!(self ; sar Rq(a.0), by as i8),
        }
    }

    pub fn flip_sign_bit(&mut self, a: Reg) {
        emit!(self ; btc Rq(a.0), 63);
    }

    /// 1 or 0 by a condition. Keeps the flags.
    pub fn set(&mut self, cond: Cond, to: Reg) {
        match cond {
            Cond::Equal => emit!(self ; sete Rb(to.0)),
            Cond::NotEqual => emit!(self ; setne Rb(to.0)),
            Cond::Less => emit!(self ; setl Rb(to.0)),
            Cond::LessEqual => emit!(self ; setle Rb(to.0)),
            Cond::Greater => emit!(self ; setg Rb(to.0)),
            Cond::GreaterEqual => emit!(self ; setge Rb(to.0)),
            Cond::Below => emit!(self ; setb Rb(to.0)),
            Cond::AboveEqual => emit!(self ; setae Rb(to.0)),
            Cond::Above => emit!(self ; seta Rb(to.0)),
            Cond::BelowEqual => emit!(self ; setbe Rb(to.0)),
            Cond::Overflow => emit!(self ; seto Rb(to.0)),
            Cond::Negative => emit!(self ; sets Rb(to.0)),
            Cond::NotNegative => emit!(self ; setns Rb(to.0)),
        }
        emit!(self ; movzx Rd(to.0), Rb(to.0));
    }

    pub fn jump(&mut self, to: Label) {
        emit!(self ; jmp =>to);
    }

    pub fn jump_if(&mut self, cond: Cond, to: Label) {
        match cond {
            Cond::Equal => emit!(self ; je =>to),
            Cond::NotEqual => emit!(self ; jne =>to),
            Cond::Less => emit!(self ; jl =>to),
            Cond::LessEqual => emit!(self ; jle =>to),
            Cond::Greater => emit!(self ; jg =>to),
            Cond::GreaterEqual => emit!(self ; jge =>to),
            Cond::Below => emit!(self ; jb =>to),
            Cond::AboveEqual => emit!(self ; jae =>to),
            Cond::Above => emit!(self ; ja =>to),
            Cond::BelowEqual => emit!(self ; jbe =>to),
            Cond::Overflow => emit!(self ; jo =>to),
            Cond::Negative => emit!(self ; js =>to),
            Cond::NotNegative => emit!(self ; jns =>to),
        }
    }

    pub fn jump_reg(&mut self, to: Reg) {
        emit!(self ; jmp Rq(to.0));
    }

    pub fn jump_mem(&mut self, base: Reg, at: i32) {
        emit!(self ; jmp QWORD [Rq(base.0) + at]);
    }

    pub fn call_mem(&mut self, base: Reg, at: i32) {
        emit!(self ; call QWORD [Rq(base.0) + at]);
    }

    pub fn ret(&mut self) {
        emit!(self ; ret);
    }

    pub fn push(&mut self, a: Reg) {
        emit!(self ; push Rq(a.0));
    }

    pub fn pop(&mut self, a: Reg) {
        emit!(self ; pop Rq(a.0));
    }

    pub fn increment_mem(&mut self, base: Reg, at: i32) {
        emit!(self ; inc QWORD [Rq(base.0) + at]);
    }

    pub fn decrement_mem_u32(&mut self, base: Reg, at: i32) {
        emit!(self ; dec DWORD [Rq(base.0) + at]);
    }

    pub fn or_mem_u16(&mut self, base: Reg, at: i32, bits: u16) {
        emit!(self ; or WORD [Rq(base.0) + at], bits as i16);
    }

    pub fn to_float(&mut self, to: Xmm, bits: Reg) {
        emit!(self ; movq Rx(to.0), Rq(bits.0));
    }

    pub fn float_bits(&mut self, to: Reg, from: Xmm) {
        emit!(self ; movq Rq(to.0), Rx(from.0));
    }

    pub fn float_mov(&mut self, to: Xmm, from: Xmm) {
        if to != from {
            emit!(self ; movaps Rx(to.0), Rx(from.0));
        }
    }

    pub fn float_load(&mut self, to: Xmm, base: Reg, at: i32) {
        emit!(self ; movsd Rx(to.0), [Rq(base.0) + at]);
    }

    pub fn float_store(&mut self, base: Reg, at: i32, from: Xmm) {
        emit!(self ; movsd [Rq(base.0) + at], Rx(from.0));
    }

    pub fn float_zero(&mut self, to: Xmm) {
        emit!(self ; xorps Rx(to.0), Rx(to.0));
    }

    pub fn int_to_float(&mut self, to: Xmm, from: Reg) {
        // Without the first, the conversion waits for whatever wrote the register's upper half.
        emit!(self ; xorps Rx(to.0), Rx(to.0) ; cvtsi2sd Rx(to.0), Rq(from.0));
    }

    pub fn float_op(&mut self, op: FloatOp, to: Xmm, with: Xmm) {
        match op {
            FloatOp::Add => emit!(self ; addsd Rx(to.0), Rx(with.0)),
            FloatOp::Sub => emit!(self ; subsd Rx(to.0), Rx(with.0)),
            FloatOp::Mul => emit!(self ; mulsd Rx(to.0), Rx(with.0)),
            FloatOp::Div => emit!(self ; divsd Rx(to.0), Rx(with.0)),
        }
    }

    pub fn float_compare(&mut self, a: Xmm, b: Xmm) {
        emit!(self ; ucomisd Rx(a.0), Rx(b.0));
    }

    /// All bits set in `to` if it equals `with`, else none; NaN equals nothing.
    pub fn float_equal_mask(&mut self, to: Xmm, with: Xmm) {
        emit!(self ; cmpsd Rx(to.0), Rx(with.0), 0);
    }
}
