//! Where the baseline compiler's values are: the symbolic operand stack and the registers. Part of stage 3, compile.
//!
//! Invariants:
//! - an item that is [`Item::Mem`] is in its canonical slot of the frame; every item more than [`KEPT`] below the top is;
//! - `uses` counts the items of the stack that name a register; a register with uses, or held by the instruction under
//!   translation, is not given out;
//! - between instructions nothing is held.

use super::asm::{Alu, BASE, CX, Cond, Label, RAX, RCX, RDX, Reg, Shift, TAG, Xmm};
use super::emit::Emitter;
use super::stubs::{BOX_STUB, BOX_VALUE, FALSE_BITS, UNBOX_STUB, UNBOXED};
use bytecode::Op;
use runtime::Value;

/// How many items on top of the stack may be elsewhere than in memory.
pub const KEPT: usize = 6;
/// Registers for values of expressions. Those that some instructions need for themselves are given out last.
const SCRATCH: [Reg; 6] = [RCX, Reg(8), Reg(9), Reg(10), RDX, RAX];
/// The most operands that an instruction takes.
const MAX_INPUTS: usize = 3;
/// Registers that mirror locals: rsi, rdi, rbp.
pub const PINS: [Reg; 3] = [Reg(6), Reg(7), Reg(5)];
/// A register for one or two instructions; never given out.
pub const TMP: Reg = Reg(11);
/// How many floating-point registers are given out.
const FLOATS: u8 = 8;
/// A floating-point register for one or two instructions.
pub const FTMP: Xmm = Xmm(15);

/// How an int or bool is held in a general register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repr {
    /// As a value.
    Boxed,
    /// An int of 48 bits, shifted left by 16: overflow of the register is overflow of the small int.
    Shifted,
    /// An int of 64 bits.
    Raw,
    /// A truth value, 0 or 1.
    Bool,
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// In its slot of the frame.
    Mem,
    /// Nowhere: it is known.
    Const(u64),
    /// It is what this local holds.
    Local(u32),
    /// In a register.
    Gpr(Reg, Repr),
    /// A float in a register.
    Float(Xmm),
    /// In the flags: only between a comparison and the branch that follows it.
    Flags(Cond),
}

/// The stack as it was before an instruction: the operands that it takes. What is below them stays as it is, but for
/// items that go to memory.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    /// How many items there were.
    pub height: usize,
    inputs: usize,
    operands: [Item; MAX_INPUTS],
}

const _: () = {
    let mut i = 0;
    while i < Op::ALL.len() {
        assert!(
            Op::ALL[i].info().inputs.len() <= MAX_INPUTS,
            "an opcode has more inputs than can be remembered"
        );
        i += 1;
    }
};

impl Default for Before {
    fn default() -> Before {
        Before { height: 0, inputs: 0, operands: [Item::Mem; MAX_INPUTS] }
    }
}

impl Before {
    /// How many items are below the operands.
    pub fn below(&self) -> usize {
        self.height - self.inputs
    }

    /// The operands, with their depths.
    pub fn operands(&self) -> impl Iterator<Item = (usize, Item)> {
        (self.below()..self.height).zip(self.operands)
    }
}

/// Which registers are in use.
#[derive(Clone, Debug, Default)]
pub struct Registers {
    uses: [u8; 16],
    float_uses: [u8; 16],
    held: u16,
    float_held: u16,
}

impl Registers {
    pub fn use_item(&mut self, item: Item) {
        match item {
            Item::Gpr(r, _) => self.uses[r.0 as usize] += 1,
            Item::Float(x) => self.float_uses[x.0 as usize] += 1,
            _ => {}
        }
    }

    pub fn release(&mut self, item: Item) {
        match item {
            Item::Gpr(r, _) => self.uses[r.0 as usize] -= 1,
            Item::Float(x) => self.float_uses[x.0 as usize] -= 1,
            _ => {}
        }
    }

    pub fn hold(&mut self, item: Item) {
        match item {
            Item::Gpr(r, _) => self.held |= 1 << r.0,
            Item::Float(x) => self.float_held |= 1 << x.0,
            _ => {}
        }
    }

    pub fn end_op(&mut self) {
        (self.held, self.float_held) = (0, 0);
    }

    fn take(&mut self) -> Option<Reg> {
        SCRATCH.into_iter().find(|&r| self.try_hold(r))
    }

    /// Holds a register if it is free.
    pub fn try_hold(&mut self, r: Reg) -> bool {
        let free = self.uses[r.0 as usize] == 0 && self.held & (1 << r.0) == 0;
        if free {
            self.held |= 1 << r.0;
        }
        free
    }

    /// Does not hold a register any more.
    pub fn drop_held(&mut self, r: Reg) {
        self.held &= !(1 << r.0);
    }

    /// Whether an item's register is that of other items of the stack too.
    pub fn is_shared(&self, item: Item) -> bool {
        match item {
            Item::Gpr(r, _) => self.uses[r.0 as usize] > 1,
            Item::Float(x) => self.float_uses[x.0 as usize] > 1,
            _ => false,
        }
    }

    fn take_float(&mut self) -> Option<Xmm> {
        let x = (0..FLOATS).find(|&x| self.float_uses[x as usize] == 0 && self.float_held & (1 << x) == 0)?;
        self.float_held |= 1 << x;
        Some(Xmm(x))
    }
}

/// A box for an int that may not fit 48 bits, out of line.
pub struct BigBox {
    label: Label,
    back: Label,
    from: Reg,
    to: Reg,
}

/// The unboxing of an int that may be on the heap, out of line.
pub struct Unbox {
    label: Label,
    back: Label,
    fail: Label,
    from: Reg,
    to: Reg,
}

impl Emitter<'_> {
    /// A free register, held until the instruction ends.
    pub fn take(&mut self) -> Reg {
        self.regs.take().unwrap_or_else(|| {
            self.exhausted();
            RAX
        })
    }

    /// A free floating-point register, held until the instruction ends.
    pub fn take_float(&mut self) -> Xmm {
        self.regs.take_float().unwrap_or_else(|| {
            self.exhausted();
            Xmm(0)
        })
    }

    /// No register is free: from here on the fast path does not apply. Control does not come to what is emitted then,
    /// so it may name any register.
    fn exhausted(&mut self) {
        if !self.may_exit {
            return self.fail_with("no register is free");
        }
        let fail = self.fail_label();
        self.asm.jump(fail);
        self.out_of_registers = true;
    }

    /// The displacement of an operand's slot.
    pub fn slot(&self, depth: usize) -> i32 {
        8 * (self.locals as i32 + depth as i32)
    }

    /// The register that mirrors a local, if one does.
    pub fn pin(&self, local: u32) -> Option<Reg> {
        self.pins.iter().find(|(slot, _)| *slot == local).map(|(_, r)| *r)
    }

    pub fn push_item(&mut self, item: Item) {
        self.regs.use_item(item);
        self.stack.push(item);
        if self.stack.len() > KEPT {
            self.flush(self.stack.len() - KEPT - 1);
        }
    }

    pub fn pop_item(&mut self) -> Item {
        let Some(item) = self.stack.pop() else {
            self.fail_with("the operand stack is empty");
            return Item::Const(Value::NONE.bits());
        };
        self.regs.release(item);
        let item = match item {
            Item::Mem => {
                let r = self.take();
                let at = self.slot(self.stack.len());
                self.asm.load(r, BASE, at);
                Item::Gpr(r, Repr::Boxed)
            }
            other => other,
        };
        self.regs.hold(item);
        item
    }

    /// Pops so many operands that nobody needs any more: there may be more of them than registers.
    pub fn discard(&mut self, count: u32) {
        for _ in 0..count {
            match self.stack.pop() {
                Some(item) => self.regs.release(item),
                None => self.fail_with("the operand stack is empty"),
            }
        }
    }

    /// What an instruction that takes so many operands is about to change.
    pub fn remember(&self, inputs: usize) -> Before {
        let height = self.stack.len();
        let mut operands = [Item::Mem; MAX_INPUTS];
        for (operand, item) in operands.iter_mut().zip(&self.stack[height - inputs..]) {
            *operand = *item;
        }
        Before { height, inputs, operands }
    }

    /// Puts the stack back to what it was, once the instruction has pushed its result. Only memory written since then may differ.
    pub fn restore(&mut self, before: &Before) {
        while self.stack.len() > before.below() {
            if let Some(item) = self.stack.pop() {
                self.regs.release(item);
            }
        }
        for (_, item) in before.operands() {
            self.regs.use_item(item);
            self.stack.push(item);
        }
    }

    /// All operands are in memory from here on, this many of them.
    pub fn reset_stack(&mut self, height: usize) {
        let from = self.stack.len().saturating_sub(KEPT);
        for i in from..self.stack.len() {
            let item = self.stack[i];
            self.regs.release(item);
            self.stack[i] = Item::Mem;
        }
        self.stack.resize(height, Item::Mem);
    }

    /// Puts an operand into its slot.
    pub fn flush(&mut self, depth: usize) {
        let item = self.stack[depth];
        if item != Item::Mem {
            self.store_item(depth, item);
            self.regs.release(item);
            self.stack[depth] = Item::Mem;
        }
    }

    /// Puts all operands from this depth upwards into their slots.
    pub fn flush_from(&mut self, depth: usize) {
        for depth in depth.max(self.stack.len().saturating_sub(KEPT))..self.stack.len() {
            self.flush(depth);
        }
    }

    /// Puts all operands but this many on top into their slots.
    pub fn flush_below(&mut self, top: usize) {
        let end = self.stack.len().saturating_sub(top);
        for depth in self.stack.len().saturating_sub(KEPT)..end {
            self.flush(depth);
        }
    }

    /// Leaves at most this many registers to the operands below the top ones.
    pub fn limit_registers(&mut self, top: usize, most: usize) {
        let end = self.stack.len().saturating_sub(top);
        let start = self.stack.len().saturating_sub(KEPT);
        let held = |item: &&Item| matches!(item, Item::Gpr(..) | Item::Float(_));
        let mut over = self.stack[start.min(end)..end].iter().filter(held).count().saturating_sub(most);
        for depth in start..end {
            if over == 0 {
                return;
            }
            if matches!(self.stack[depth], Item::Gpr(..) | Item::Float(_)) {
                self.flush(depth);
                over -= 1;
            }
        }
    }

    /// Puts operands into their slots so that so many more can be pushed without that.
    pub fn make_room(&mut self, growth: usize) {
        let end = (self.stack.len() + growth).saturating_sub(KEPT).min(self.stack.len());
        for depth in self.stack.len().saturating_sub(KEPT)..end {
            self.flush(depth);
        }
    }

    /// Writes an operand to its slot, wherever it is. Changes no register but [`TMP`].
    pub fn store_item(&mut self, depth: usize, item: Item) {
        let at = self.slot(depth);
        match item {
            Item::Float(x) => self.asm.float_store(BASE, at, x),
            Item::Const(bits) if i32::try_from(bits as i64).is_ok() => {
                self.asm.store_i32(BASE, at, bits as i32)
            }
            item => {
                let r = self.boxed(item, TMP);
                self.asm.store(BASE, at, r);
            }
        }
    }

    /// The value of an item in a register: where it is already, or in `to`. Changes no register but `to`.
    pub fn boxed(&mut self, item: Item, to: Reg) -> Reg {
        match item {
            Item::Const(bits) => {
                match Value::from_bits(bits).as_small_int().map(i32::try_from) {
                    Some(Ok(i @ 0..)) => self.asm.address(to, TAG, i),
                    _ => self.asm.constant(to, bits),
                }
                to
            }
            Item::Local(slot) => match self.pin(slot) {
                Some(r) => r,
                None => {
                    self.asm.load(to, BASE, 8 * slot as i32);
                    to
                }
            },
            Item::Gpr(r, Repr::Boxed) => r,
            Item::Gpr(r, repr) => {
                self.box_into(r, repr, to);
                to
            }
            Item::Float(x) => {
                self.asm.float_bits(to, x);
                to
            }
            Item::Mem | Item::Flags(_) => {
                self.fail_with("an operand is not where it can be read");
                to
            }
        }
    }

    fn box_into(&mut self, r: Reg, repr: Repr, to: Reg) {
        match repr {
            Repr::Boxed => self.asm.mov(to, r),
            Repr::Bool => {
                self.asm.mov(to, r);
                self.asm.alu_mem(Alu::Or, to, CX, FALSE_BITS);
            }
            Repr::Shifted => {
                self.asm.mov(to, r);
                self.asm.shift(Shift::Right, to, 16);
                self.asm.alu(Alu::Or, to, TAG);
            }
            Repr::Raw => {
                let (label, back) = (self.asm.label(), self.asm.label());
                let from = if to == r {
                    self.asm.mov(TMP, r);
                    TMP
                } else {
                    r
                };
                self.asm.mov(to, from);
                self.asm.shift(Shift::Left, to, 16);
                self.asm.shift(Shift::Arithmetic, to, 16);
                self.asm.alu(Alu::Cmp, to, from);
                self.asm.jump_if(Cond::NotEqual, label);
                // If it is negative, the bits of the tag are set already.
                self.asm.alu(Alu::Or, to, TAG);
                self.asm.bind(back);
                self.bigs.push(BigBox { label, back, from, to });
            }
        }
    }

    /// The code of boxes that are out of line.
    pub fn emit_bigs(&mut self) {
        while let Some(big) = self.bigs.pop() {
            self.asm.bind(big.label);
            self.asm.store(CX, BOX_VALUE, big.from);
            self.asm.call_mem(CX, BOX_STUB);
            self.asm.load(big.to, CX, BOX_VALUE);
            self.asm.jump(big.back);
        }
    }

    /// An int of up to 64 bits as it is, from its box.
    pub fn unbox_any(&mut self, from: Reg, to: Reg, fail: Label) {
        let (label, back) = (self.asm.label(), self.asm.label());
        self.asm.alu(Alu::Cmp, from, TAG);
        self.asm.jump_if(Cond::Below, label);
        self.asm.mov(to, from);
        self.asm.shift(Shift::Left, to, 16);
        self.asm.shift(Shift::Arithmetic, to, 16);
        self.asm.bind(back);
        self.unboxes.push(Unbox { label, back, fail, from, to });
    }

    /// The code of unboxings that are out of line.
    pub fn emit_unboxes(&mut self) {
        while let Some(unbox) = self.unboxes.pop() {
            self.asm.bind(unbox.label);
            self.asm.store(CX, BOX_VALUE, unbox.from);
            self.asm.call_mem(CX, UNBOX_STUB);
            self.asm.load(TMP, CX, UNBOXED);
            self.asm.test(TMP);
            self.asm.jump_if(Cond::Equal, unbox.fail);
            self.asm.load(unbox.to, CX, BOX_VALUE);
            self.asm.jump(unbox.back);
        }
    }

    /// Has operands that name a local keep its value: it is about to change.
    pub fn flush_local(&mut self, slot: u32) {
        for depth in self.stack.len().saturating_sub(KEPT)..self.stack.len() {
            if self.stack[depth] == Item::Local(slot) {
                self.flush(depth);
            }
        }
    }

    /// Writes a local: its slot, and the register that mirrors it.
    pub fn write_local(&mut self, slot: u32, item: Item) {
        if item == Item::Local(slot) {
            return;
        }
        self.flush_local(slot);
        let at = 8 * slot as i32;
        match (self.pin(slot), item) {
            (Some(pin), item) => {
                let r = self.boxed(item, pin);
                self.asm.mov(pin, r);
                self.asm.store(BASE, at, pin);
            }
            (None, Item::Float(x)) => self.asm.float_store(BASE, at, x),
            (None, item) => {
                let r = self.boxed(item, TMP);
                self.asm.store(BASE, at, r);
            }
        }
    }

    /// Loads the mirrors of locals from the frame.
    pub fn load_pins(&mut self) {
        for &(slot, r) in &self.pins {
            self.asm.load(r, BASE, 8 * slot as i32);
        }
    }
}
