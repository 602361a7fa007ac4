//! Slow paths and ways out: what baseline code does when a fast path does not apply.
//!
//! Part of stage 3, compile. All of it is out of line. A slow path puts the operands into their slots, has the
//! interpreter execute the instruction on the frame, and brings the result to where the fast path has it. What slow
//! paths of a unit have in common are its [`Tail`]s.

use super::asm::{Alu, BASE, CX, Cond, FUEL, Label, RAX, RCX, RDX, Reg, Shift, TAG};
use super::emit::Emitter;
use super::stubs::{
    FALSE_BITS, LEAVE_STUB, LEFT_PC, MAX_FLOAT, REFUND_STUB, SPILL, SPILL_FLOAT, STEP_STUB, TRUE_BITS,
    TRUTH_STUB,
};
use super::values::{Before, Item, KEPT, Repr, TMP};
use crate::abi::baseline::BaselineExit;
use bytecode::ControlFlow;
use ir::planted::{Bug, is};

/// The first argument of a tail, where the second argument of the routine behind it goes.
const ARGUMENT: Reg = Reg(6);

/// What a unit has once, for all of its slow paths and ways out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Calls the interpreter for the instruction at the pc in [`ARGUMENT`].
    Step,
    /// Asks whether the value in [`ARGUMENT`] counts as true, for the instruction at the pc in `rdx`. The flags say
    /// "equal" if not.
    Truth,
    /// Leaves with the pc in `rax`; with [`BaselineExit::Unexpected`], after the instruction that was stepped last.
    Leave(BaselineExit),
}

impl Tail {
    /// How many there are.
    pub const COUNT: usize = 2 + BaselineExit::ALL.len();

    fn number(self) -> usize {
        match self {
            Tail::Step => 0,
            Tail::Truth => 1,
            Tail::Leave(hand) => 2 + hand as usize,
        }
    }
}

/// How a slow path joins the fast path again.
#[derive(Clone, Copy, Debug)]
pub enum Rejoin {
    /// The result is expected where the fast path has it.
    Result { back: Label, result: Item },
    /// The result stays in memory.
    Memory { back: Label },
}

impl Emitter<'_> {
    fn tail(&mut self, tail: Tail) -> Label {
        let Emitter { tails, asm, .. } = self;
        *tails[tail.number()].get_or_insert_with(|| asm.label())
    }

    /// Leaves at a pc.
    pub fn leave(&mut self, pc: u32, hand: BaselineExit) {
        self.asm.constant(RAX, u64::from(pc));
        let tail = self.tail(Tail::Leave(hand));
        self.asm.jump(tail);
    }

    /// A way out at a pc, out of line.
    pub fn exit(&mut self, pc: u32, hand: BaselineExit) -> Label {
        let label = self.asm.label();
        self.asm.out_of_line();
        self.asm.bind(label);
        self.leave(pc, hand);
        self.asm.in_line();
        label
    }

    /// The code of the tails that are in use.
    pub fn emit_tails(&mut self) {
        self.asm.out_of_line();
        let function = u64::from(self.request.function);
        if let Some(label) = self.tails[Tail::Step.number()] {
            self.asm.bind(label);
            self.asm.constant(RDX, function);
            self.asm.call_mem(CX, STEP_STUB);
            self.load_pins();
            self.asm.ret();
        }
        if let Some(label) = self.tails[Tail::Truth.number()] {
            self.asm.bind(label);
            self.asm.constant(RCX, function);
            self.asm.call_mem(CX, TRUTH_STUB);
            self.load_pins();
            self.asm.test32(RAX);
            self.asm.ret();
        }
        for hand in BaselineExit::ALL {
            let Some(label) = self.tails[Tail::Leave(hand).number()] else { continue };
            self.asm.bind(label);
            let stub = match hand {
                BaselineExit::Unexpected => {
                    self.asm.load(RAX, CX, LEFT_PC);
                    self.asm.alu_imm(Alu::Add, RAX, 1);
                    LEAVE_STUB
                }
                BaselineExit::Slice | BaselineExit::SliceCall => REFUND_STUB,
                BaselineExit::SliceBackEdge => {
                    // What the charge left out to count the round.
                    self.asm.alu_imm(Alu::Sub, FUEL, 1);
                    REFUND_STUB
                }
                BaselineExit::Execute
                | BaselineExit::LoopTrigger
                | BaselineExit::EntryTrigger
                | BaselineExit::Call
                | BaselineExit::Stopped => LEAVE_STUB,
            };
            self.asm.constant(RCX, function << 8 | hand as u64);
            self.asm.jump_mem(CX, stub);
        }
        self.asm.in_line();
    }

    /// Gives an instruction its slow path, if it needs one and does not have it yet.
    pub fn finish(&mut self) {
        let Some(label) = self.fail.take() else { return };
        if self.flow != ControlFlow::Next {
            return self.slow_exit(label);
        }
        if matches!(self.stack.last(), Some(Item::Flags(_))) {
            self.compare_fail = Some((label, self.pc, self.before));
            return;
        }
        let back = self.asm.label();
        let rejoin = match self.stack[self.before.below()..] {
            // Where a result did not fit 64 bits, it may be anything. A register that others name as well can't be loaded.
            [result @ (Item::Gpr(..) | Item::Float(_))]
                if !self.seen.failed() && !self.regs.is_shared(result) =>
            {
                Rejoin::Result { back, result }
            }
            _ => {
                self.flush_from(self.before.below());
                Rejoin::Memory { back }
            }
        };
        self.asm.bind(back);
        self.slow_path(label, rejoin);
    }

    /// The slow path of an instruction after which control goes elsewhere: the interpreter executes it.
    pub fn slow_exit(&mut self, label: Label) {
        let before = self.before;
        self.asm.out_of_line();
        self.asm.bind(label);
        self.store_items(&before);
        self.leave(self.pc, BaselineExit::Execute);
        self.asm.in_line();
    }

    /// Has the interpreter execute the instruction, in line. Its operands are popped, its result is in memory.
    pub fn step_in_line(&mut self) {
        if self.begin_step() {
            self.call_step(self.pc);
        }
    }

    /// The interpreter goes on from this instruction; what follows in the block is not reached.
    pub fn leave_in_line(&mut self) {
        if self.begin_step() {
            self.leave(self.pc, BaselineExit::Execute);
        }
    }

    /// Makes the frame what the interpreter needs to execute the instruction; false if that was done before.
    fn begin_step(&mut self) -> bool {
        if self.stepped {
            return false;
        }
        self.stepped = true;
        // Where a fast path was begun, its operands are as they were.
        if let Some(label) = self.fail.take() {
            self.asm.bind(label);
        }
        let before = self.before;
        self.store_items(&before);
        if matches!(self.flow, ControlFlow::Jump | ControlFlow::Branch) {
            // The interpreter goes on where control goes.
            self.leave(self.pc, BaselineExit::Execute);
            return false;
        }
        let height = self.stack.len();
        self.reset_stack(height);
        true
    }

    /// Completes the frame as it was before an instruction. What is below the operands stays where it is, too.
    fn store_items(&mut self, before: &Before) {
        for depth in before.height.saturating_sub(KEPT)..before.below() {
            let item = self.stack[depth];
            if item != Item::Mem {
                self.store_item(depth, item);
            }
        }
        for (depth, item) in before.operands() {
            if item != Item::Mem {
                self.store_item(depth, item);
            }
        }
    }

    fn call_step(&mut self, pc: u32) {
        self.asm.constant(ARGUMENT, u64::from(pc));
        let tail = self.tail(Tail::Step);
        self.asm.call(tail);
    }

    /// The slow path of the current instruction. The stack is as the fast path leaves it.
    pub fn slow_path(&mut self, label: Label, rejoin: Rejoin) {
        let before = self.before;
        self.asm.out_of_line();
        self.asm.bind(label);
        self.store_items(&before);
        // What stays in registers across the instruction.
        let end = before.below();
        let from = self.stack.len().saturating_sub(KEPT).min(end);
        for &item in &self.stack[from..end] {
            match item {
                Item::Gpr(_, Repr::Boxed) if !is(Bug::StaleRegister) => {}
                Item::Gpr(r, _) => self.asm.store(CX, SPILL + 8 * i32::from(r.0), r),
                Item::Float(x) => self.asm.float_store(CX, SPILL_FLOAT + 8 * i32::from(x.0), x),
                _ => {}
            }
        }
        self.call_step(self.pc);
        for depth in from..end {
            match self.stack[depth] {
                // What it refers to may have moved: what is in the frame knows where to.
                Item::Gpr(r, Repr::Boxed) if !is(Bug::StaleRegister) => {
                    let at = self.slot(depth);
                    self.asm.load(r, BASE, at);
                }
                Item::Gpr(r, _) => self.asm.load(r, CX, SPILL + 8 * i32::from(r.0)),
                Item::Float(x) => self.asm.float_load(x, CX, SPILL_FLOAT + 8 * i32::from(x.0)),
                _ => {}
            }
        }
        match rejoin {
            Rejoin::Memory { back } => self.asm.jump(back),
            Rejoin::Result { back, result } => {
                let at = self.slot(before.below());
                self.load_expected(result, at);
                self.asm.jump(back);
            }
        }
        self.asm.in_line();
    }

    /// The slow path of a comparison at `pc`, whose branch is the current instruction.
    pub fn slow_comparison(
        &mut self,
        label: Label,
        pc: u32,
        before: &Before,
        on_true: Label,
        on_false: Label,
    ) {
        self.asm.out_of_line();
        self.asm.bind(label);
        self.store_items(before);
        self.call_step(pc);
        let at = self.slot(before.below());
        self.asm.load(RAX, BASE, at);
        self.asm.alu_mem(Alu::Cmp, RAX, CX, TRUE_BITS);
        self.asm.jump_if(Cond::Equal, on_true);
        self.asm.jump(on_false);
        self.asm.in_line();
    }

    /// The slow path of a branch: it asks for the truth of its operand.
    pub fn slow_truth(&mut self, label: Label, on_true: Label, on_false: Label) {
        let before = self.before;
        self.asm.out_of_line();
        self.asm.bind(label);
        match before.operands().last() {
            None | Some((_, Item::Mem)) => {
                let at = self.slot(before.height - 1);
                self.asm.load(ARGUMENT, BASE, at);
            }
            Some((_, value)) => {
                let r = self.boxed(value, TMP);
                self.asm.mov(ARGUMENT, r);
            }
        }
        self.asm.constant(RDX, u64::from(self.pc));
        let tail = self.tail(Tail::Truth);
        self.asm.call(tail);
        self.asm.jump_if(Cond::NotEqual, on_true);
        self.asm.jump(on_false);
        self.asm.in_line();
    }

    /// Brings a result from memory to where the fast path has it, if it is of that kind.
    fn load_expected(&mut self, result: Item, at: i32) {
        let unexpected = self.tail(Tail::Leave(BaselineExit::Unexpected));
        match result {
            Item::Gpr(r, repr) => {
                self.asm.load(r, BASE, at);
                match repr {
                    Repr::Boxed => {}
                    Repr::Bool => {
                        // What is not a bool differs from `false` by more than 1.
                        self.asm.alu_mem(Alu::Sub, r, CX, FALSE_BITS);
                        self.asm.alu_imm(Alu::Cmp, r, 1);
                        self.asm.jump_if(Cond::Above, unexpected);
                    }
                    Repr::Shifted | Repr::Raw => {
                        self.asm.alu(Alu::Cmp, r, TAG);
                        self.asm.jump_if(Cond::Below, unexpected);
                        self.asm.shift(Shift::Left, r, 16);
                        if repr == Repr::Raw {
                            self.asm.shift(Shift::Arithmetic, r, 16);
                        }
                    }
                }
            }
            Item::Float(x) => {
                self.asm.load(TMP, BASE, at);
                self.asm.alu_mem(Alu::Cmp, TMP, CX, MAX_FLOAT);
                self.asm.jump_if(Cond::Above, unexpected);
                self.asm.float_from_bits(x, TMP);
            }
            Item::Mem | Item::Const(_) | Item::Local(_) | Item::Flags(_) => {
                self.fail_with("a slow path has no place for its result");
            }
        }
    }
}
