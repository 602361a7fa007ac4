//! The baseline emitter: walks a function once and appends machine code.
//!
//! This file has the frame of the translation: blocks, transfers of control, slow paths, ways out. What each opcode does
//! comes from [`bytecode::semantics`] through the [`Machine`](bytecode::machine::Machine) in [`super::machine`].

use super::asm::{Alu, Asm, BASE, CX, Cond, FUEL, Label, RAX, RCX, RDX, Reg, SITES, Shift, TAG};
use super::stubs::{
    LEAVE_STUB, MAX_FLOAT, SPILL, SPILL_FLOAT, STEP_STUB, STOPPED_STUB, TARGET, TRUE_BITS, TRUTH_STUB,
};
use super::values::{BigBox, Item, PINS, Registers, Repr, Snapshot, TMP, Unbox};
use super::{BaselineCode, Hand, Request};
use crate::execute::vm::Cell;
use crate::profile::{Feedback, How, Kinds, Site};
use bytecode::{Facts, Op, semantics};
use runtime::Value;
use std::mem::offset_of;

/// Which fast path is being emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// For ints.
    Ints,
    /// For floats; an operand that was always an int is converted.
    Floats,
    /// None.
    General,
}

/// What happens after a slow path.
enum After {
    /// The result is expected where the fast path has it.
    Result { back: Label, result: Item },
    /// The result stays in memory.
    Memory { back: Label },
    /// The result of a comparison decides a branch.
    Compare { taken: Label, fall: Label },
    /// The truth of this value decides a branch.
    Truth { value: Item, taken: Label, fall: Label },
}

struct Slow {
    label: Label,
    pc: u32,
    before: Snapshot,
    /// What stays in registers across the instruction.
    survivors: Vec<Item>,
    after: After,
}

/// A side of a branch that is out of line.
struct Edge {
    label: Label,
    from: u32,
    target: u32,
}

/// A way out.
struct Exit {
    label: Label,
    /// Packed fuel to give back.
    refund: i64,
    pc: u32,
    hand: Hand,
}

pub struct Emitter<'a> {
    pub request: &'a Request<'a>,
    pub asm: Asm,
    pub regs: Registers,
    pub stack: Vec<Item>,
    pub locals: u32,
    pub pins: Vec<(u32, Reg)>,
    pub bigs: Vec<BigBox>,
    pub unboxes: Vec<Unbox>,
    pub plan: Plan,
    /// The kinds that the instruction has seen.
    pub seen: Feedback,
    /// Where the fast path goes when it does not apply, once it has been asked for.
    pub fail: Option<Label>,
    /// The instruction was executed by the interpreter: its result is in memory.
    pub stepped: bool,
    /// The comparison under translation is followed by a branch that takes it from the flags.
    pub fuse: bool,
    pub pc: u32,
    pub before: Snapshot,
    /// The slow path of a comparison whose branch comes next.
    compare_fail: Option<(Label, u32, Snapshot)>,
    labels: Vec<Option<Label>>,
    blocks: Vec<(u32, u32)>,
    slow: Vec<Slow>,
    edges: Vec<Edge>,
    exits: Vec<Exit>,
    error: Option<&'static str>,
}

const RUNS: usize = offset_of!(Site, runs);

/// Where control can come to other than from the instruction before.
fn block_starts(cells: &[Cell]) -> Vec<bool> {
    let mut starts = vec![false; cells.len() + 1];
    starts[0] = true;
    for (pc, cell) in cells.iter().enumerate() {
        match cell.op {
            Op::Jump => starts[cell.arg as usize] = true,
            Op::JumpIfZero | Op::JumpIfNotZero => {
                starts[cell.arg as usize] = true;
                starts[pc + 1] = true;
            }
            Op::Call => starts[pc + 1] = true,
            _ => {}
        }
    }
    starts.pop();
    starts
}

/// The locals that loops use most, as far as there are registers for them: a use counts eightfold for each loop around it.
fn choose_pins(cells: &[Cell]) -> Vec<(u32, Reg)> {
    let mut opened = vec![0i32; cells.len() + 1];
    for (pc, cell) in cells.iter().enumerate() {
        let jumps = matches!(cell.op, Op::Jump | Op::JumpIfZero | Op::JumpIfNotZero);
        if jumps && cell.arg as usize <= pc {
            opened[cell.arg as usize] += 1;
            opened[pc + 1] -= 1;
        }
    }
    let mut weights: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
    let mut depth = 0i32;
    for (cell, opened) in cells.iter().zip(&opened) {
        depth += opened;
        if depth > 0 && matches!(cell.op, Op::LoadLocal | Op::StoreLocal) {
            *weights.entry(cell.arg).or_default() += 1 << (3 * depth.min(8));
        }
    }
    let mut order: Vec<(u32, u64)> = weights.into_iter().collect();
    order.sort_by_key(|&(slot, weight)| (std::cmp::Reverse(weight), slot));
    order.iter().zip(PINS).map(|(&(slot, _), r)| (slot, r)).collect()
}

impl<'a> Emitter<'a> {
    pub fn new(request: &'a Request<'a>) -> Emitter<'a> {
        let cells = request.cells();
        let mut asm = Asm::new(cells.len());
        let starts = block_starts(cells);
        let labels = starts.iter().map(|&start| start.then(|| asm.label())).collect();
        Emitter {
            request,
            asm,
            regs: Registers::default(),
            stack: Vec::new(),
            locals: request.state().locals,
            pins: choose_pins(cells),
            bigs: Vec::new(),
            unboxes: Vec::new(),
            plan: Plan::General,
            seen: Feedback::default(),
            fail: None,
            stepped: false,
            fuse: false,
            pc: 0,
            before: Snapshot::default(),
            compare_fail: None,
            labels,
            blocks: Vec::new(),
            slow: Vec::new(),
            edges: Vec::new(),
            exits: Vec::new(),
            error: None,
        }
    }

    /// Gives up: translation goes on, but its result is not used.
    pub fn fail_with(&mut self, why: &'static str) {
        debug_assert!(false, "{why}");
        self.error.get_or_insert(why);
    }

    pub fn run(mut self) -> Result<BaselineCode, String> {
        let cells = self.request.cells();
        let entry = self.prologue();
        for pc in 0..cells.len() as u32 {
            let height = self.request.facts.heights[pc as usize];
            if height == Facts::UNREACHABLE {
                continue;
            }
            if let Some(label) = self.labels[pc as usize] {
                self.flush_below(0);
                self.reset_stack(height as usize);
                self.asm.bind(label);
                self.blocks.push((pc, self.asm.offset()));
            }
            debug_assert!(self.stack.len() == height as usize, "the verifier's height at pc {pc}");
            self.instruction(pc, cells[pc as usize]);
        }
        let resume = self.out_of_line();
        match self.error {
            Some(why) => Err(format!("baseline: {why}")),
            None => Ok(BaselineCode {
                entry,
                resume,
                blocks: self.blocks,
                instructions: cells.len() as u32,
                bytes: self.asm.finish()?,
            }),
        }
    }

    /// Where calls come in: the frame has been pushed, the arguments are in place, nothing is charged yet.
    fn prologue(&mut self) -> u32 {
        let entry = self.asm.offset();
        let state = self.request.state();
        self.load_sites();
        if state.locals > state.params {
            self.asm.constant(TMP, Value::NONE.bits());
            for slot in state.params..state.locals {
                self.asm.store(BASE, 8 * slot as i32, TMP);
            }
        }
        self.charge(0, How::Call);
        self.load_pins();
        entry
    }

    pub fn load_sites(&mut self) {
        self.asm.constant(SITES, self.request.state().sites.as_ptr() as u64);
    }

    /// Charges the run at a place and counts the arrival.
    fn charge(&mut self, target: u32, how: How) {
        let packed = codegen::packed_cost(self.request.facts.run_costs[target as usize], how == How::Back);
        match i32::try_from(packed) {
            Ok(packed) => self.asm.alu_imm(Alu::Sub, FUEL, packed),
            Err(_) => {
                self.asm.constant(TMP, packed as u64);
                self.asm.alu(Alu::Sub, FUEL, TMP);
            }
        }
        let hand = match how {
            How::Forward => Hand::Slice,
            How::Back => Hand::SliceBackEdge,
            How::Call => Hand::SliceCall,
        };
        let out = self.exit(packed, target, hand);
        self.asm.jump_if(Cond::Negative, out);
        let site = target as i32 * size_of::<Site>() as i32;
        if how == How::Back {
            let trigger = self.exit(0, target, Hand::LoopTrigger);
            self.asm.decrement_mem_u32(SITES, site + Site::BASELINE_LEFT as i32);
            self.asm.jump_if(Cond::Equal, trigger);
        } else {
            self.asm.increment_mem(SITES, site + RUNS as i32);
        }
        if how == How::Call {
            let trigger = self.exit(0, target, Hand::EntryTrigger);
            self.asm.decrement_mem_u32(SITES, site + Site::ENTRY_LEFT as i32);
            self.asm.jump_if(Cond::Equal, trigger);
        }
    }

    /// A way out, emitted later.
    pub fn exit(&mut self, refund: i64, pc: u32, hand: Hand) -> Label {
        let label = self.asm.label();
        self.exits.push(Exit { label, refund, pc, hand });
        label
    }

    /// Goes to the block at `target`.
    fn transfer(&mut self, from: u32, target: u32) {
        self.charge(target, if target <= from { How::Back } else { How::Forward });
        match self.labels[target as usize] {
            Some(label) => self.asm.jump(label),
            None => self.fail_with("a jump leads into the middle of a block"),
        }
    }

    fn instruction(&mut self, pc: u32, cell: Cell) {
        let op = cell.op;
        let inputs = op.info().inputs.len();
        self.pc = pc;
        self.seen = cell.feedback;
        self.fail = None;
        self.stepped = false;
        self.fuse = false;
        let branches = matches!(op, Op::JumpIfZero | Op::JumpIfNotZero);
        let compares = matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge);
        let plans = self.plans(op);
        if branches {
            self.flush_below(1);
        } else if compares && plans.len() == 1 && self.branch_follows(pc) {
            self.flush_below(inputs);
            self.fuse = true;
        } else if plans.len() > 1 || matches!(op, Op::Div | Op::FloorDiv | Op::Mod | Op::Print) {
            self.flush_below(inputs);
        } else {
            self.limit_registers(inputs, 1);
        }
        if matches!(op, Op::FloorDiv | Op::Mod) {
            self.vacate(&[RAX, RDX]);
            self.regs.avoid = 1 << RAX.0 | 1 << RDX.0;
        }
        self.before = self.snapshot();
        if plans.len() > 1 {
            self.both(cell);
        } else {
            self.plan = plans[0];
            self.step(cell);
            self.finish(branches);
        }
        self.regs.end_op();
    }

    fn step(&mut self, cell: Cell) {
        // The emitter never leaves an opcode half-way.
        let Ok(()) = semantics::step(self, cell.op, cell.arg);
    }

    /// Whether the next instruction is a branch that nothing else leads to.
    fn branch_follows(&self, pc: u32) -> bool {
        let next = pc as usize + 1;
        self.request
            .cells()
            .get(next)
            .is_some_and(|cell| matches!(cell.op, Op::JumpIfZero | Op::JumpIfNotZero))
            && self.labels[next].is_none()
    }

    /// Which fast paths an instruction gets.
    fn plans(&self, op: Op) -> &'static [Plan] {
        let (left, right) = (self.seen.left(), self.seen.right());
        let both =
            |kind: Kinds| left.0 & kind.0 != 0 && (op.info().inputs.len() < 2 || right.0 & kind.0 != 0);
        let numbers = Kinds(Kinds::INT.0 | Kinds::FLOAT.0);
        let floats = both(Kinds::FLOAT)
            || (left.0 | right.0) & Kinds::FLOAT.0 != 0 && both(numbers) && left.only() && right.only();
        match (both(Kinds::INT), floats) {
            (true, true) => &[Plan::Ints, Plan::Floats],
            (false, true) => &[Plan::Floats],
            (true, false) => &[Plan::Ints],
            // Nothing seen yet: ints are likely.
            (false, false) if self.seen == Feedback::default() => &[Plan::Ints],
            (false, false) => &[Plan::General],
        }
    }

    /// An instruction that has seen ints and floats: both fast paths, one after the other, with the result in memory.
    fn both(&mut self, cell: Cell) {
        let before = self.before;
        let join = self.asm.label();
        self.plan = Plan::Ints;
        self.step(cell);
        let top = self.stack.len() - 1;
        self.flush(top);
        if let Some(not_ints) = self.fail.take() {
            self.asm.jump(join);
            self.asm.bind(not_ints);
            self.restore(&before);
            self.regs.end_op();
            self.plan = Plan::Floats;
            self.stepped = false;
            self.step(cell);
            self.flush(top);
            if let Some(label) = self.fail.take() {
                let after = After::Memory { back: join };
                self.slow.push(Slow { label, pc: self.pc, before, survivors: Vec::new(), after });
            }
        }
        self.asm.bind(join);
    }

    /// Gives an instruction its slow path, if it needs one.
    fn finish(&mut self, branches: bool) {
        let Some(label) = self.fail.take() else { return };
        if branches {
            return;
        }
        if matches!(self.stack.last(), Some(Item::Flags(_))) {
            self.compare_fail = Some((label, self.pc, self.before));
            return;
        }
        let back = self.asm.label();
        let top = self.stack.len() - 1;
        // Where a result did not fit 64 bits, it may be anything.
        let in_register = matches!(self.stack[top], Item::Gpr(..) | Item::Float(_));
        if self.seen.failed() || !in_register {
            self.flush(top);
        }
        let result = self.stack[top];
        let now = self.snapshot();
        let others = now.items().filter(|&(depth, _)| depth != top).map(|(_, item)| item);
        let survivors = others.filter(|item| matches!(item, Item::Gpr(..) | Item::Float(_))).collect();
        let after = match result {
            Item::Mem => After::Memory { back },
            result => After::Result { back, result },
        };
        self.slow.push(Slow { label, pc: self.pc, before: self.before, survivors, after });
        self.asm.bind(back);
    }

    /// Where the fast path goes when it does not apply.
    pub fn fail_label(&mut self) -> Label {
        match self.fail {
            Some(label) => label,
            None => {
                let label = self.asm.label();
                self.fail = Some(label);
                label
            }
        }
    }

    /// Records in line what an instruction sees that had seen nothing when it was compiled.
    pub fn record(&mut self, seen: Feedback) {
        if self.seen == Feedback::default() {
            let cell = &raw const self.request.cells()[self.pc as usize];
            self.asm.constant(TMP, cell as u64);
            self.asm.or_mem_u16(TMP, offset_of!(Cell, feedback) as i32, seen.0);
        }
    }

    /// Has the interpreter execute the instruction, in line. Its operands are popped, its result is in memory.
    pub fn step_in_line(&mut self) {
        if self.stepped {
            return;
        }
        self.stepped = true;
        let before = self.before;
        for (depth, item) in before.items() {
            if item != Item::Mem {
                self.store_item(depth, item);
            }
        }
        let height = self.stack.len();
        self.reset_stack(height);
        self.call_step(self.pc);
        self.load_pins();
    }

    fn call_step(&mut self, pc: u32) {
        self.asm.constant(Reg(6), u64::from(pc));
        self.asm.constant(RDX, u64::from(self.request.function));
        self.asm.call_mem(CX, STEP_STUB);
        self.asm.test32(RAX);
        let out = self.asm.label();
        self.asm.jump_if(Cond::Equal, out);
        self.asm.jump_mem(CX, STOPPED_STUB);
        self.asm.bind(out);
    }

    /// A conditional transfer: to `target` if the condition equals `when`, else on.
    pub fn branch_on(&mut self, condition: Test, when: bool, target: u32) {
        let (taken, fall) = (self.asm.label(), self.asm.label());
        let (on_true, on_false) = if when { (taken, fall) } else { (fall, taken) };
        match condition {
            Test::Known(known) if known == when => self.asm.jump(taken),
            Test::Known(_) => {}
            Test::Flags(cond) => self.asm.jump_if(if when { cond } else { cond.negated() }, taken),
        }
        self.asm.bind(fall);
        let (after, label, pc, before) = match (self.compare_fail.take(), self.fail) {
            (Some((label, pc, before)), _) => {
                (Some(After::Compare { taken: on_true, fall: on_false }), Some(label), pc, before)
            }
            (None, Some(label)) => {
                let value = self.before.items().last().map_or(Item::Mem, |(_, item)| item);
                let after = After::Truth { value, taken: on_true, fall: on_false };
                (Some(after), Some(label), self.pc, self.before)
            }
            (None, None) => (None, None, 0, self.before),
        };
        if let (Some(after), Some(label)) = (after, label) {
            self.slow.push(Slow { label, pc, before, survivors: Vec::new(), after });
        }
        self.edges.push(Edge { label: taken, from: self.pc, target });
        self.charge(self.pc + 1, How::Forward);
    }

    /// An unconditional transfer.
    pub fn jump_to(&mut self, target: u32) {
        self.flush_below(0);
        self.transfer(self.pc, target);
    }

    /// Everything that is not on the straight way: sides of branches, slow paths, ways out, where the engine enters.
    fn out_of_line(&mut self) -> u32 {
        for edge in std::mem::take(&mut self.edges) {
            self.asm.bind(edge.label);
            self.transfer(edge.from, edge.target);
        }
        for slow in std::mem::take(&mut self.slow) {
            self.slow_path(slow);
        }
        self.emit_bigs();
        self.emit_unboxes();
        for exit in std::mem::take(&mut self.exits) {
            self.asm.bind(exit.label);
            if exit.refund != 0 {
                self.asm.constant(TMP, exit.refund as u64);
                self.asm.alu(Alu::Add, FUEL, TMP);
            }
            self.leave(exit.pc, exit.hand);
        }
        let resume = self.asm.offset();
        self.load_sites();
        self.load_pins();
        self.asm.jump_mem(CX, TARGET);
        resume
    }

    pub fn leave(&mut self, pc: u32, hand: Hand) {
        self.leave_as(self.request.function, pc, hand);
    }

    pub fn leave_as(&mut self, function: u32, pc: u32, hand: Hand) {
        self.asm.constant(RAX, u64::from(pc));
        self.asm.constant(RCX, u64::from(function) << 8 | hand as u64);
        self.asm.jump_mem(CX, LEAVE_STUB);
    }

    fn slow_path(&mut self, slow: Slow) {
        self.asm.bind(slow.label);
        if let After::Truth { value, taken, fall } = slow.after {
            let top = slow.before.height - 1;
            match value {
                Item::Mem => self.asm.load(Reg(6), BASE, 8 * (self.locals as i32 + top as i32)),
                value => {
                    let r = self.boxed(value, TMP);
                    self.asm.mov(Reg(6), r);
                }
            }
            self.asm.constant(RDX, u64::from(slow.pc));
            self.asm.constant(RCX, u64::from(self.request.function));
            self.asm.call_mem(CX, TRUTH_STUB);
            self.load_pins();
            self.asm.test32(RAX);
            self.asm.jump_if(Cond::NotEqual, taken);
            self.asm.jump(fall);
            return;
        }
        for (depth, item) in slow.before.items() {
            if item != Item::Mem {
                self.store_item(depth, item);
            }
        }
        for &item in &slow.survivors {
            match item {
                Item::Gpr(r, _) => self.asm.store(CX, SPILL + 8 * i32::from(r.0), r),
                Item::Float(x) => self.asm.float_store(CX, SPILL_FLOAT + 8 * i32::from(x.0), x),
                _ => {}
            }
        }
        self.call_step(slow.pc);
        self.load_pins();
        for &item in &slow.survivors {
            match item {
                Item::Gpr(r, _) => self.asm.load(r, CX, SPILL + 8 * i32::from(r.0)),
                Item::Float(x) => self.asm.float_load(x, CX, SPILL_FLOAT + 8 * i32::from(x.0)),
                _ => {}
            }
        }
        // Both kinds of instruction that get here leave one result in place of their operands.
        let inputs = self.request.cells()[slow.pc as usize].op.info().inputs.len();
        let at = self.slot(slow.before.height - inputs);
        match slow.after {
            After::Truth { .. } => {}
            After::Memory { back } => self.asm.jump(back),
            After::Compare { taken, fall } => {
                self.asm.load(RAX, BASE, at);
                self.asm.alu_mem(Alu::Cmp, RAX, CX, TRUE_BITS);
                self.asm.jump_if(Cond::Equal, taken);
                self.asm.jump(fall);
            }
            After::Result { back, result } => {
                let unexpected = self.asm.label();
                self.load_expected(result, at, unexpected);
                self.asm.jump(back);
                self.asm.bind(unexpected);
                self.leave(slow.pc + 1, Hand::Unexpected);
            }
        }
    }

    /// Brings a result from memory to where the fast path has it, if it is of that kind.
    fn load_expected(&mut self, result: Item, at: i32, unexpected: Label) {
        match result {
            Item::Gpr(r, repr) => {
                self.asm.load(r, BASE, at);
                match repr {
                    Repr::Boxed => {}
                    Repr::Bool => {
                        // What is not a bool differs from `false` by more than 1.
                        self.asm.alu_mem(Alu::Sub, r, CX, super::stubs::FALSE_BITS);
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
                self.asm.to_float(x, TMP);
            }
            Item::Mem | Item::Const(_) | Item::Local(_) | Item::Flags(_) => {
                self.fail_with("a slow path has no place for its result");
            }
        }
    }
}

/// A condition that a branch takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Decided while compiling.
    Known(bool),
    /// In the flags.
    Flags(Cond),
}
