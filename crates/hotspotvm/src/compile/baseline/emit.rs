//! The baseline emitter: walks a function once and appends machine code.
//!
//! Part of stage 3, compile. This file has the frame of the translation: blocks and transfers of control. What each
//! opcode does comes from [`bytecode::semantics`] through the [`Machine`](bytecode::machine::Machine) in
//! [`super::machine`]; slow paths and ways out are in [`super::slow`].

use super::Request;
use super::asm::{Alu, Asm, BASE, CX, Cond, FUEL, Label, Reg, SITES};
use super::slow::{Rejoin, Tail};
use super::stubs::{FUNCTIONS, TARGET};
use super::values::{Before, BigBox, Item, PINS, Registers, Repr, TMP, Unbox};
use crate::abi::baseline::{BaselineCode, BaselineExit, FunctionEntry};
use crate::abi::vm::Cell;
use crate::options::is_forced;
use crate::profile::{Feedback, How, Kinds, Site};
use bytecode::{ControlFlow, Facts, Op, Operand, semantics};
use runtime::Value;
use std::cmp::Reverse;
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

/// What the compiler works in: buffers that one compilation leaves to the next.
#[derive(Default)]
pub struct Workspace {
    asm: Asm,
    stack: Vec<Item>,
    starts: Vec<Label>,
    opened: Vec<i32>,
    weights: Vec<u64>,
}

impl Workspace {
    /// The most bytes that a buffer keeps.
    const KEEP: usize = 4 << 20;
}

/// The labels of a block, which stand one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockLabel {
    /// Where it starts.
    Start = 0,
    /// Where to go if the slice does not cover it, on the way there by a forward transfer or a call.
    Slice = 1,
    /// The same by a backward jump.
    SliceBack = 2,
    /// Where to go if a trigger is reached.
    Trigger = 3,
}

impl BlockLabel {
    const COUNT: u32 = 4;
}

pub struct Emitter<'a> {
    pub request: &'a Request<'a>,
    pub asm: Asm,
    /// The labels of the block that starts at a pc, or none.
    starts: Vec<Label>,
    /// Ends of slow paths and ways out that the unit has once.
    pub tails: [Option<Label>; Tail::COUNT],
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
    /// Whether the instruction may have a slow path.
    pub may_exit: bool,
    /// Where control goes after the instruction.
    pub flow: ControlFlow,
    /// The instruction was executed by the interpreter: its effects are done, its results are in memory.
    pub stepped: bool,
    /// The fast path has needed more registers than there are: control does not come to the rest of it.
    pub out_of_registers: bool,
    /// The instruction has asked what kind of operands it has.
    pub speculated: bool,
    /// The instruction has asked for the truth of its last operand.
    pub asked_truth: bool,
    /// The next instruction is a branch, which may take the result from the flags.
    pub fuse: bool,
    /// The conditions that the instruction has asked for.
    pub asked: Vec<Asked>,
    /// Which of them is the result that the branch may take from the flags.
    pub fused: usize,
    /// The locals that the instruction writes, and what: done when its fast path is complete.
    pub writes: Vec<(u32, Item)>,
    pub pc: u32,
    /// The stack before the instruction.
    pub before: Before,
    /// The slow path of a comparison whose branch comes next.
    pub compare_fail: Option<(Label, u32, Before)>,
    blocks: Vec<(u32, u32)>,
    error: Option<&'static str>,
}

const RUNS: usize = offset_of!(Site, runs);

/// The labels of all blocks: a block starts where control can come to other than from the instruction before. And for
/// each pc, how many more loops are open there than before it; empty if there are no loops.
fn find_blocks(cells: &[Cell], asm: &mut Asm, starts: &mut Vec<Label>, opened: &mut Vec<i32>) {
    starts.clear();
    starts.resize(cells.len() + 1, Label::NONE);
    opened.clear();
    let mut start = |pc: usize| {
        if starts[pc] == Label::NONE {
            starts[pc] = asm.labels(BlockLabel::COUNT);
        }
    };
    start(0);
    for (pc, cell) in cells.iter().enumerate() {
        match cell.op.info().flow {
            ControlFlow::Jump | ControlFlow::Branch => {
                let target = cell.arg as usize;
                start(target);
                if cell.op.info().flow == ControlFlow::Branch {
                    start(pc + 1);
                }
                if target <= pc {
                    opened.resize(cells.len() + 1, 0);
                    opened[target] += 1;
                    opened[pc + 1] -= 1;
                }
            }
            // A callee comes back to the next instruction.
            ControlFlow::Next if cell.op.info().operand == Operand::Func => start(pc + 1),
            // An error may bring control there.
            ControlFlow::Next if cell.op == Op::Try => start(cell.arg as usize),
            ControlFlow::Next | ControlFlow::End => {}
        }
    }
}

/// The locals that loops use most, as far as there are registers for them: a use counts eightfold for each loop around it.
fn choose_pins(cells: &[Cell], opened: &[i32], weights: &mut Vec<u64>) -> Vec<(u32, Reg)> {
    weights.clear();
    let mut depth = 0i32;
    for (cell, opened) in cells.iter().zip(opened) {
        depth += opened;
        if depth > 0 && cell.op.info().operand == Operand::Local {
            let slot = cell.arg as usize;
            if slot >= weights.len() {
                weights.resize(slot + 1, 0);
            }
            weights[slot] += 1 << (3 * depth.min(8));
        }
    }
    let mut pins = Vec::with_capacity(PINS.len());
    for r in PINS {
        let heaviest = weights.iter_mut().enumerate().max_by_key(|(slot, weight)| (**weight, Reverse(*slot)));
        let Some((slot, weight)) = heaviest.filter(|(_, weight)| **weight > 0) else { break };
        pins.push((slot as u32, r));
        *weight = 0;
    }
    pins
}

impl<'a> Emitter<'a> {
    pub fn new(request: &'a Request<'a>, workspace: &mut Workspace) -> Emitter<'a> {
        let cells = request.cells();
        let Workspace { mut asm, stack, mut starts, mut opened, mut weights } = std::mem::take(workspace);
        find_blocks(cells, &mut asm, &mut starts, &mut opened);
        let pins = choose_pins(cells, &opened, &mut weights);
        (workspace.opened, workspace.weights) = (opened, weights);
        Emitter {
            request,
            asm,
            starts,
            tails: [None; Tail::COUNT],
            regs: Registers::default(),
            stack,
            locals: request.state().locals,
            pins,
            bigs: Vec::new(),
            unboxes: Vec::new(),
            plan: Plan::General,
            seen: Feedback::default(),
            fail: None,
            may_exit: false,
            flow: ControlFlow::Next,
            stepped: false,
            out_of_registers: false,
            speculated: false,
            asked_truth: false,
            fuse: false,
            asked: Vec::new(),
            fused: 0,
            writes: Vec::new(),
            pc: 0,
            before: Before::default(),
            compare_fail: None,
            blocks: Vec::new(),
            error: None,
        }
    }

    /// Leaves the buffers to the next compilation.
    pub fn leave_buffers(self, workspace: &mut Workspace) {
        let Emitter { mut asm, mut stack, mut starts, .. } = self;
        asm.clear(Workspace::KEEP);
        stack.clear();
        stack.shrink_to(Workspace::KEEP / size_of::<Item>());
        starts.clear();
        starts.shrink_to(Workspace::KEEP / size_of::<Label>());
        workspace.opened.clear();
        workspace.opened.shrink_to(Workspace::KEEP / size_of::<i32>());
        workspace.weights.clear();
        workspace.weights.shrink_to(Workspace::KEEP / size_of::<u64>());
        (workspace.asm, workspace.stack, workspace.starts) = (asm, stack, starts);
    }

    /// Gives up: translation goes on, but its result is not used.
    pub fn fail_with(&mut self, why: &'static str) {
        debug_assert!(false, "{why}");
        self.error.get_or_insert(why);
    }

    pub fn run(&mut self) -> Result<BaselineCode, String> {
        let cells = self.request.cells();
        let resume = self.resumption();
        let entry = self.prologue();
        for pc in 0..cells.len() as u32 {
            let height = self.request.facts.heights[pc as usize];
            if height == Facts::UNREACHABLE {
                continue;
            }
            if self.starts[pc as usize] != Label::NONE {
                self.flush_below(0);
                self.reset_stack(height as usize);
                self.asm.bind(self.block_label(pc, BlockLabel::Start));
                self.blocks.push((pc, self.asm.offset()));
            }
            debug_assert!(self.stack.len() == height as usize, "the verifier's height at pc {pc}");
            if self.request.places {
                self.asm.come_from(Some(pc));
            }
            self.instruction(pc, cells[pc as usize]);
        }
        if self.request.places {
            self.asm.come_from(None);
        }
        self.emit_tails();
        match self.error {
            Some(why) => Err(format!("baseline: {why}")),
            None => Ok(BaselineCode {
                entry,
                resume,
                blocks: std::mem::take(&mut self.blocks),
                places: self.asm.places(),
                instructions: cells.len() as u32,
                bytes: self.asm.finish()?,
            }),
        }
    }

    /// A label of the block that starts at a pc.
    fn block_label(&self, pc: u32, which: BlockLabel) -> Label {
        self.starts[pc as usize].plus(which as u32)
    }

    /// Where the engine comes in, on its way to a block.
    fn resumption(&mut self) -> u32 {
        let resume = self.asm.offset();
        self.load_sites();
        self.load_pins();
        self.asm.jump_mem(CX, TARGET);
        resume
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
        let exits = self.exits(0, How::Call);
        self.charge(0, How::Call, exits);
        self.load_pins();
        entry
    }

    /// Where a field of this function's entry is in the table of functions.
    fn function_entry(&self, field: usize) -> i32 {
        (self.request.function as usize * size_of::<FunctionEntry>() + field) as i32
    }

    /// Its profile is found through the table of functions, so that the code is the same wherever that lies.
    pub fn load_sites(&mut self) {
        let at = self.function_entry(offset_of!(FunctionEntry, sites));
        self.asm.load(SITES, CX, FUNCTIONS);
        self.asm.load(SITES, SITES, at);
    }

    /// Ways out on the way to a block: for the end of the slice, and for a trigger. They are out of line, one of each
    /// kind per block.
    fn exits(&mut self, target: u32, how: How) -> (Label, Label) {
        let (slice, hand) = match how {
            How::Forward => (BlockLabel::Slice, BaselineExit::Slice),
            How::Back => (BlockLabel::SliceBack, BaselineExit::SliceBackEdge),
            How::Call => (BlockLabel::Slice, BaselineExit::SliceCall),
        };
        let (slice, trigger) =
            (self.block_label(target, slice), self.block_label(target, BlockLabel::Trigger));
        if !self.asm.is_bound(slice) {
            self.asm.out_of_line();
            self.asm.bind(slice);
            self.leave(target, hand);
            if how == How::Back {
                self.asm.bind(trigger);
                self.leave(target, BaselineExit::LoopTrigger);
            }
            self.asm.in_line();
        }
        (slice, trigger)
    }

    /// Charges the run at a place and counts the arrival.
    fn charge(&mut self, target: u32, how: How, (slice, trigger): (Label, Label)) {
        let packed =
            codegen::packed_cost(self.request.facts.run_costs[target as usize], u32::from(how == How::Back));
        match i32::try_from(packed) {
            Ok(packed) => self.asm.alu_imm(Alu::Sub, FUEL, packed),
            Err(_) => {
                self.asm.constant(TMP, packed as u64);
                self.asm.alu(Alu::Sub, FUEL, TMP);
            }
        }
        self.asm.jump_if(Cond::Negative, slice);
        let site = target as i32 * size_of::<Site>() as i32;
        if how == How::Back {
            self.asm.decrement_mem_u32(SITES, site + Site::BASELINE_LEFT as i32);
            self.asm.jump_if(Cond::Equal, trigger);
        } else {
            self.asm.increment_mem(SITES, site + RUNS as i32);
        }
        if how == How::Call {
            let trigger = self.exit(target, BaselineExit::EntryTrigger);
            self.asm.decrement_mem_u32(SITES, site + Site::ENTRY_LEFT as i32);
            self.asm.jump_if(Cond::Equal, trigger);
        }
    }

    /// Goes to the block at `target`.
    fn transfer(&mut self, target: u32, how: How, exits: (Label, Label)) {
        self.charge(target, how, exits);
        self.asm.jump(self.block_label(target, BlockLabel::Start));
    }

    fn instruction(&mut self, pc: u32, cell: Cell) {
        let info = cell.op.info();
        let (inputs, outputs) = (info.inputs.len(), info.outputs.len());
        self.pc = pc;
        self.seen = cell.feedback;
        self.fail = None;
        (self.may_exit, self.flow) = (info.may_exit, info.flow);
        self.fuse = false;
        if !info.may_exit {
            // These need no slow path. Constants and locals take no registers either.
            if inputs > 0 || info.operand == Operand::Global {
                self.limit_registers(inputs, 1);
            }
            self.step(cell);
            self.end_instruction();
            return;
        }
        let plans = self.plans(cell.op);
        let branches = info.flow == ControlFlow::Branch;
        if branches || plans.len() > 1 {
            self.flush_below(inputs);
        } else if outputs == 1 && info.operand != Operand::Local && self.branch_follows(pc) {
            // The branch finds everything else in memory.
            self.flush_below(inputs);
            self.fuse = true;
        } else {
            self.limit_registers(inputs, 1);
        }
        // What is below the operands stays where it is until the instruction ends: its slow path relies on that.
        if info.operand == Operand::Local {
            self.flush_local(cell.arg);
        }
        self.make_room(outputs.saturating_sub(inputs));
        self.before = self.remember(inputs);
        if plans.len() > 1 {
            self.both(cell);
        } else {
            self.plan = plans[0];
            self.step(cell);
            self.finish();
        }
        self.end_instruction();
    }

    fn end_instruction(&mut self) {
        self.regs.end_op();
        if !(self.bigs.is_empty() && self.unboxes.is_empty()) {
            self.asm.out_of_line();
            self.emit_bigs();
            self.emit_unboxes();
            self.asm.in_line();
        }
    }

    fn step(&mut self, cell: Cell) {
        (self.stepped, self.out_of_registers) = (false, false);
        (self.speculated, self.asked_truth) = (false, false);
        self.asked.clear();
        // The emitter never leaves an opcode half-way.
        let Ok(()) = semantics::step(self, cell.op, cell.arg);
        for i in 0..self.writes.len() {
            let (slot, item) = self.writes[i];
            if !self.stepped {
                self.write_local(slot, item);
            }
        }
        self.writes.clear();
    }

    /// Whether the next instruction is a branch that nothing else leads to.
    fn branch_follows(&self, pc: u32) -> bool {
        let next = pc as usize + 1;
        self.request.cells().get(next).is_some_and(|cell| cell.op.info().flow == ControlFlow::Branch)
            && self.starts[next] == Label::NONE
    }

    /// Which fast paths an instruction gets.
    fn plans(&self, op: Op) -> &'static [Plan] {
        // A branch is emitted once.
        if op.info().flow == ControlFlow::Branch {
            return if self.seen.left() == Kinds::FLOAT { &[Plan::Floats] } else { &[Plan::Ints] };
        }
        // Nothing seen yet: ints are likely.
        if self.seen == Feedback::default() {
            return &[Plan::Ints];
        }
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
            (false, false) => &[Plan::General],
        }
    }

    /// An instruction that has seen ints and floats: both fast paths, one after the other, with the results in memory.
    fn both(&mut self, cell: Cell) {
        let before = self.before;
        let join = self.asm.label();
        self.plan = Plan::Ints;
        self.step(cell);
        self.flush_from(before.below());
        if let Some(not_ints) = self.fail.take() {
            // What has not asked for kinds has one fast path, whatever it has seen.
            if self.speculated {
                self.asm.jump(join);
                self.asm.bind(not_ints);
                self.restore(&before);
                self.regs.end_op();
                self.plan = Plan::Floats;
                self.step(cell);
                self.flush_from(before.below());
            } else {
                self.fail = Some(not_ints);
            }
            if let Some(label) = self.fail.take() {
                self.slow_path(label, Rejoin::Memory { back: join });
            }
        }
        self.asm.bind(join);
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

    /// A condition, in the flags from here on until something else needs them.
    pub fn in_flags(&mut self, cond: Cond) -> Test {
        self.asked.push(Asked::Flags(cond));
        Test::Asked { number: self.asked.len() - 1, negated: false }
    }

    /// Brings conditions that are in the flags to registers: what comes next changes the flags.
    #[inline(always)]
    pub fn settle(&mut self) {
        if !self.asked.is_empty() {
            self.settle_asked();
        }
    }

    fn settle_asked(&mut self) {
        for i in 0..self.asked.len() {
            if let Asked::Flags(cond) = self.asked[i] {
                let to = self.take();
                self.asm.set(cond, to);
                self.asked[i] = Asked::Reg(to);
                if let Some(top @ Item::Flags(_)) = self.stack.last_mut() {
                    *top = Item::Gpr(to, Repr::Bool);
                    self.regs.use_item(*top);
                }
            }
        }
    }

    /// The condition under which something that was asked holds, in the flags.
    pub fn flags(&mut self, number: usize, negated: bool) -> Cond {
        let cond = match self.asked[number] {
            Asked::Flags(cond) => cond,
            Asked::Reg(r) => {
                self.settle();
                self.asm.test(r);
                Cond::NotEqual
            }
        };
        if negated { cond.negated() } else { cond }
    }

    /// Test mode: the fast path does not apply, whatever the operands are.
    pub fn maybe_fail(&mut self) {
        if self.plan != Plan::General && self.request.stress.is_some_and(|seed| is_forced(seed, self.pc)) {
            let fail = self.fail_label();
            self.asm.jump(fail);
        }
    }

    /// Records in line what an instruction sees that had seen nothing when it was compiled.
    pub fn record(&mut self, seen: Feedback) {
        if self.seen == Feedback::default() {
            self.settle();
            let cells = self.function_entry(offset_of!(FunctionEntry, cells));
            let at = self.pc as usize * size_of::<Cell>() + offset_of!(Cell, feedback);
            self.asm.load(TMP, CX, FUNCTIONS);
            self.asm.load(TMP, TMP, cells);
            self.asm.or_mem_u8(TMP, at as i32, seen.0 as u8);
        }
    }

    /// A conditional transfer: to `target` if the condition equals `when`, else on.
    pub fn branch_on(&mut self, condition: Test, when: bool, target: u32) {
        let (taken, fall) = (self.asm.label(), self.asm.label());
        match condition {
            Test::Known(known) if known == when => self.asm.jump(taken),
            Test::Known(_) => {}
            Test::Asked { number, negated } => {
                let cond = self.flags(number, negated == when);
                self.asm.jump_if(cond, taken);
            }
        }
        self.asm.bind(fall);
        let how = if target <= self.pc { How::Back } else { How::Forward };
        let exits = self.exits(target, how);
        self.asm.out_of_line();
        self.asm.bind(taken);
        self.transfer(target, how, exits);
        self.asm.in_line();
        let (on_true, on_false) = if when { (taken, fall) } else { (fall, taken) };
        if let Some((label, pc, before)) = self.compare_fail.take() {
            self.slow_comparison(label, pc, &before, on_true, on_false);
        } else if self.asked_truth
            && !self.speculated
            && let Some(label) = self.fail.take()
        {
            self.slow_truth(label, on_true, on_false);
        }
        let next = self.exits(self.pc + 1, How::Forward);
        self.charge(self.pc + 1, How::Forward, next);
    }

    /// An unconditional transfer.
    pub fn jump_to(&mut self, target: u32) {
        self.flush_below(0);
        let how = if target <= self.pc { How::Back } else { How::Forward };
        let exits = self.exits(target, how);
        self.transfer(target, how, exits);
    }
}

/// A truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Decided while compiling.
    Known(bool),
    /// What was asked, or its opposite. The number is that in [`Emitter::asked`].
    Asked { number: usize, negated: bool },
}

/// Where the answer is to what an instruction has asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// In the flags.
    Flags(Cond),
    /// In a register, as 0 or 1 or any other number that is not 0.
    Reg(Reg),
}
