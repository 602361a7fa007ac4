//! The region builder: a [`Machine`] whose values are names of IR values.
//!
//! It walks the blocks of a region in reverse postorder and runs each opcode's meaning on itself, so that the same function that
//! executes `add` in the interpreter here *translates* it. Speculation happens where the semantics ask what an operand is: a value
//! whose IR type is known answers for itself, a boxed one gets a guard for the kind that the profile has seen.
//!
//! - **Entry.** Block 0 takes from the interpreter's frame exactly what the region reads before writing; everything else stays in the frame, untouched
//!   (`None` in a frame state).
//! - **Joins.** A block with several ways in takes as parameters what differs between them. A loop's header
//!   takes the locals that the loop writes. If a loop brings back another type than it started with, that parameter is *widened* to boxed and
//!   the region is built again: the types only go up, so this ends.
//! - **Exits.** An opcode exits before its effects, so its frame state is the frame before it: the operand stack with what it
//!   has popped put back.
//! - **Methods.** A whole function can be built as a method; [`super::method`] has what is different then, and calls.
//! - **Fuel** is charged where the interpreter charges it: where control transfers, for the run that follows.

use super::method::{Callee, Signature};
use crate::detect::Region;
use crate::detect::cfg::Cfg;
use crate::execute::vm::Cell;
use crate::options::is_forced;
use crate::profile::{Feedback, Kinds};
use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Single, UnOp};
use bytecode::{Const, ControlFlow, Facts, Program, semantics};
use ir::{
    Ahead, Block, ExitReason, FrameState, Function, Imm, Input, InputPlace, Opcode, Resume, Sign, StateId,
    Target, Terminator, Type, Value,
};
use std::collections::{HashMap, HashSet};

/// The most bytecode instructions that are compiled as one.
pub const MAX_INSTRUCTIONS: u32 = 10_000;
/// The most entries that all frame states and all ways into blocks together may have: exits times locals. Compiling takes about 10 us for
/// each (613 ms for 4,000 instructions with 50 locals that all change), and a program waits for it.
const MAX_STATE_ENTRIES: usize = 20_000;
/// How often types are widened one by one before all loops start boxed.
const MAX_ATTEMPTS: u32 = 8;

/// What to build from.
pub struct Request<'a> {
    /// The program.
    pub program: &'a Program,
    /// What the verifier knows of the function.
    pub facts: &'a Facts,
    /// The function.
    pub function: u32,
    /// Its instructions with their feedback.
    pub cells: &'a [Cell],
    /// Its graph.
    pub cfg: &'a Cfg,
    /// The part of it to compile.
    pub region: &'a Region,
    /// Where the interpreter enters.
    pub entry_pc: u32,
    /// The types, and for ints the signs, to assume of what is in the frame on entry.
    pub input_type: &'a dyn Fn(InputPlace) -> (Type, Sign),
    /// The program's constants as the bits of values.
    pub constants: &'a [runtime::Value],
    /// Test mode: leave at instructions chosen by this seed.
    pub stress: Option<u64>,
    /// What the whole function is to be as a method; `None` for a region.
    pub method: Option<&'a Signature>,
    /// The method that answers calls of this function; `None` if the interpreter has to make them.
    pub callee: &'a dyn Fn(u32) -> Option<Callee>,
    /// What entering this function costs in fuel.
    pub entry_cost: &'a dyn Fn(u32) -> u32,
}

/// The IR of a region or a method.
#[derive(Debug)]
pub struct Built {
    /// The IR.
    pub f: Function,
    /// The types that the values had which a method returns, before they were made to fit its signature.
    pub returned: Vec<Type>,
    /// Arguments that are of another type than the method called takes: the function and the parameter.
    pub misfits: Vec<(u32, u32)>,
}

/// Builds the IR of a region.
///
/// # Errors
/// Why it can't be compiled, in words.
pub fn build(request: &Request<'_>) -> Result<Built, String> {
    let mut widened = HashSet::new();
    for attempt in 0.. {
        let mut builder = Builder::new(request, &widened, attempt >= MAX_ATTEMPTS);
        if let Some(signature) = request.method {
            builder.start_method(signature)?;
        }
        builder.walk()?;
        if builder.conflicts.is_empty() {
            let Builder { f, returned, misfits, .. } = builder;
            return Ok(Built { f, returned, misfits });
        }
        debug_assert!(attempt < MAX_ATTEMPTS, "nothing is left to widen");
        if attempt >= MAX_ATTEMPTS {
            break;
        }
        widened.extend(builder.conflicts);
    }
    Err("the types of its variables do not settle".to_string())
}

/// A local or an operand, where block parameters stand for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slot {
    Local(u32),
    Stack(u32),
}

/// What the interpreter's frame would hold here.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// `None`: what it held on entry.
    pub locals: Vec<Option<Value>>,
    pub stack: Vec<Value>,
}

/// A way into a block that has not been started yet.
struct Edge {
    from: Block,
    frame: Frame,
}

/// The block has ended before its last instruction.
pub(super) struct Ended;

pub(super) struct Builder<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) f: Function,
    inputs: HashMap<InputPlace, Value>,
    /// For each bytecode block, the ways in seen so far.
    pending: Vec<Vec<Edge>>,
    /// For each loop header that has been started, its IR block and what its parameters stand for.
    headers: HashMap<u32, (Block, Vec<Slot>)>,
    widened: &'a HashSet<(u32, Slot)>,
    widen_all: bool,
    conflicts: Vec<(u32, Slot)>,
    state_entries: usize,
    // Where translation stands.
    pub(super) block: Block,
    pub(super) frame: Frame,
    pub(super) pc: u32,
    popped: Vec<Value>,
    op_state: Option<StateId>,
    ended: bool,
    pub(super) returned: Vec<Type>,
    pub(super) misfits: Vec<(u32, u32)>,
}

impl<'a> Builder<'a> {
    fn new(request: &'a Request<'a>, widened: &'a HashSet<(u32, Slot)>, widen_all: bool) -> Builder<'a> {
        let function = &request.program.functions[request.function as usize];
        let name = format!("{}@{}", function.name, request.entry_pc);
        let mut f = Function::new(name, request.function, request.entry_pc);
        let block = f.new_block(request.entry_pc);
        let mut builder = Builder {
            request,
            f,
            inputs: HashMap::new(),
            pending: request.cfg.blocks.iter().map(|_| Vec::new()).collect(),
            headers: HashMap::new(),
            widened,
            widen_all,
            conflicts: Vec::new(),
            state_entries: 0,
            block,
            frame: Frame { locals: vec![None; function.locals.len()], stack: Vec::new() },
            pc: request.entry_pc,
            popped: Vec::new(),
            op_state: None,
            ended: false,
            returned: Vec::new(),
            misfits: Vec::new(),
        };
        for depth in 0..request.facts.heights[request.entry_pc as usize] {
            let value = builder.input_value(InputPlace::Stack(depth));
            builder.frame.stack.push(value);
        }
        builder
    }

    fn walk(&mut self) -> Result<(), String> {
        let graph = &self.request.region.graph;
        let headers: HashSet<u32> = graph.headers().into_iter().collect();
        let entry = Edge { from: self.block, frame: self.frame.clone() };
        self.pending[graph.order[0] as usize].push(entry);
        for &block in &graph.order {
            let edges = std::mem::take(&mut self.pending[block as usize]);
            if edges.is_empty() {
                continue;
            }
            self.start_block(block, edges, headers.contains(&block));
            self.translate(block)?;
        }
        Ok(())
    }

    /// Starts a bytecode block: finds out what differs between the ways in, makes it parameters, and ends the ways in with jumps.
    fn start_block(&mut self, block: u32, mut edges: Vec<Edge>, is_header: bool) {
        let start = self.request.cfg.blocks[block as usize].start;
        if !is_header && edges.len() == 1 {
            if let Some(edge) = edges.pop() {
                self.block = edge.from;
                self.frame = edge.frame;
            }
            return;
        }
        let written = if is_header { self.written_in_loop(block) } else { Vec::new() };
        let first = edges[0].frame.clone();
        let mut slots = Vec::new();
        for slot in 0..first.locals.len() as u32 {
            let differs = edges.iter().any(|e| e.frame.locals[slot as usize] != first.locals[slot as usize]);
            if differs || written.get(slot as usize).copied().unwrap_or(false) {
                slots.push(Slot::Local(slot));
            }
        }
        for depth in 0..first.stack.len() as u32 {
            let differs = edges.iter().any(|e| e.frame.stack[depth as usize] != first.stack[depth as usize]);
            if differs || is_header {
                slots.push(Slot::Stack(depth));
            }
        }
        let target = self.f.new_block(start);
        self.state_entries += slots.len() * edges.len();
        self.frame = first;
        for &slot in &slots {
            let mut ty = None;
            for edge in &edges {
                let value = self.value_in(&edge.frame, slot);
                let this = self.f.ty(value);
                ty = Some(if ty.is_none_or(|t| t == this) { this } else { Type::Boxed });
            }
            let widen = is_header && (self.widen_all || self.widened.contains(&(block, slot)));
            let ty = if widen { Type::Boxed } else { ty.unwrap_or(Type::Boxed) };
            let param = self.f.add_param(target, ty);
            match slot {
                Slot::Local(slot) => self.frame.locals[slot as usize] = Some(param),
                Slot::Stack(depth) => self.frame.stack[depth as usize] = param,
            }
        }
        for edge in &edges {
            self.enter_block(edge.from, &edge.frame, block, target, &slots);
        }
        if is_header {
            self.headers.insert(block, (target, slots));
        }
        self.block = target;
    }

    /// Ends `from` with a jump to a block that has been started.
    fn enter_block(&mut self, from: Block, frame: &Frame, block: u32, target: Block, slots: &[Slot]) {
        let mut args = Vec::with_capacity(slots.len());
        for (i, &slot) in slots.iter().enumerate() {
            let wanted = self.f.ty(self.f.blocks[target.index()].params[i]);
            let value = self.value_in(frame, slot);
            if self.f.ty(value) == wanted {
                args.push(value);
            } else if wanted == Type::Boxed {
                args.push(self.boxed_in(from, value));
            } else {
                self.conflicts.push((block, slot));
                args.push(value);
            }
        }
        self.f.blocks[from.index()].end = Terminator::Jump(Target { block: target, args });
    }

    /// Which locals the loop of this header writes.
    fn written_in_loop(&self, header: u32) -> Vec<bool> {
        let cfg = self.request.cfg;
        let body = self.request.region.graph.loop_body(cfg, header);
        let mut written = vec![false; self.frame.locals.len()];
        for (block, _) in cfg.blocks.iter().zip(&body).filter(|(_, inside)| **inside) {
            for cell in &self.request.cells[block.start as usize..block.end as usize] {
                if cell.op == bytecode::Op::StoreLocal {
                    written[cell.arg as usize] = true;
                }
            }
        }
        written
    }

    fn translate(&mut self, block: u32) -> Result<(), String> {
        let (start, end) = {
            let block = &self.request.cfg.blocks[block as usize];
            (block.start, block.end)
        };
        self.ended = false;
        for pc in start..end {
            // At each instruction, since one may take as many entries as a function may have locals.
            if self.state_entries > MAX_STATE_ENTRIES {
                return Err("too many exits and joins for a function with so many locals".to_string());
            }
            self.pc = pc;
            self.popped.clear();
            self.op_state = None;
            let cell = self.request.cells[pc as usize];
            if self.forced_exit(cell) {
                let _ = self.leave(ExitReason::Forced);
                return Ok(());
            }
            if semantics::step(self, cell.op, cell.arg).is_err() || self.ended {
                return Ok(());
            }
            debug_assert_eq!(cell.op.info().flow, ControlFlow::Next);
        }
        // Control falls into the next block: no transfer, no charge.
        self.pc = end;
        self.popped.clear();
        let from = self.block;
        self.edge(from, end, None);
        Ok(())
    }

    fn forced_exit(&self, cell: Cell) -> bool {
        let Some(seed) = self.request.stress else { return false };
        cell.op.info().may_exit && is_forced(seed, self.pc)
    }

    /// Control goes from the end of `from` to `pc`: by a transfer (`Some`: whether it is a back-edge) or by falling through.
    fn edge(&mut self, from: Block, pc: u32, transfer: Option<bool>) {
        let block = self.request.cfg.block_of[pc as usize];
        let resume = transfer.map_or(Resume::Execute, |back_edge| Resume::Transfer { back_edge });
        if !self.request.region.inside[block as usize] {
            let state = self.new_state(pc, resume);
            self.f.blocks[from.index()].end = Terminator::Exit { reason: ExitReason::RegionEnd, state };
            return;
        }
        if let Some(back_edge) = transfer {
            let state = self.new_state(pc, resume);
            let cost = self.request.facts.run_costs[pc as usize];
            self.f.append(from, Opcode::Charge, &[], Imm::Charge { cost, back_edge }, Some(state), self.pc);
        }
        match self.headers.get(&block) {
            Some((target, slots)) => {
                let (target, slots, frame) = (*target, slots.clone(), self.frame.clone());
                self.enter_block(from, &frame, block, target, &slots);
            }
            None => {
                let frame = self.frame.clone();
                self.pending[block as usize].push(Edge { from, frame });
            }
        }
    }

    /// The value of a slot in a frame; one that was not touched is taken from the interpreter's frame on entry.
    fn value_in(&mut self, frame: &Frame, slot: Slot) -> Value {
        match slot {
            Slot::Stack(depth) => frame.stack[depth as usize],
            Slot::Local(slot) => match frame.locals[slot as usize] {
                Some(value) => value,
                None => self.input_value(InputPlace::Local(slot)),
            },
        }
    }

    fn input_value(&mut self, place: InputPlace) -> Value {
        if let Some(&value) = self.inputs.get(&place) {
            return value;
        }
        let (ty, sign) = (self.request.input_type)(place);
        let value = self.f.add_param(Block(0), ty);
        self.f.inputs.push(Input { place, ty, sign });
        self.inputs.insert(place, value);
        value
    }

    fn new_state(&mut self, pc: u32, resume: Resume) -> StateId {
        let stack: Vec<Value> = self.frame.stack.iter().chain(self.popped.iter().rev()).copied().collect();
        self.state_entries += self.frame.locals.len() + stack.len();
        self.f.new_state(FrameState {
            function: self.request.function,
            pc,
            resume,
            locals: self.frame.locals.clone(),
            stack,
            caller: None,
            ahead: Ahead::default(),
        })
    }

    /// The frame state of the current opcode: the frame before it.
    pub(super) fn state(&mut self) -> StateId {
        match self.op_state {
            Some(state) => state,
            None => {
                let state = self.new_state(self.pc, Resume::Execute);
                self.op_state = Some(state);
                state
            }
        }
    }

    /// Leaves here, always.
    pub(super) fn leave(&mut self, reason: ExitReason) -> Ended {
        let state = self.state();
        self.f.blocks[self.block.index()].end = Terminator::Exit { reason, state };
        self.ended = true;
        Ended
    }

    /// Appends an instruction with a result. (Every opcode that is passed here has one: the table says so.)
    pub(super) fn emit(&mut self, op: Opcode, args: &[Value], imm: Imm) -> Value {
        debug_assert!(op.result().is_some());
        let state = op.exit_reason().map(|_| self.state());
        self.f.append(self.block, op, args, imm, state, self.pc).unwrap_or(Value(0))
    }

    fn emit_plain(&mut self, op: Opcode, args: &[Value]) -> Value {
        self.emit(op, args, Imm::None)
    }

    fn boxed_in(&mut self, block: Block, value: Value) -> Value {
        let op = match self.f.ty(value) {
            Type::Boxed => return value,
            Type::Int => Opcode::BoxInt,
            Type::Float => Opcode::BoxFloat,
            Type::Bool => Opcode::BoxBool,
        };
        self.f.append(block, op, &[value], Imm::None, None, self.pc).unwrap_or(value)
    }

    pub(super) fn boxed(&mut self, value: Value) -> Value {
        self.boxed_in(self.block, value)
    }

    fn feedback(&self) -> Feedback {
        self.request.cells[self.pc as usize].feedback
    }

    /// The kind of an operand: known from its type, or the only one that the profile has seen.
    fn kind(&mut self, value: Value, seen: Kinds) -> Flow<Self, Option<Type>> {
        match self.f.ty(value) {
            Type::Boxed => match seen {
                Kinds::INT => Ok(Some(Type::Int)),
                Kinds::FLOAT => Ok(Some(Type::Float)),
                Kinds::BOOL => Ok(Some(Type::Bool)),
                Kinds(0) => Err(self.leave(ExitReason::Unreached)),
                _ => Ok(None),
            },
            ty => Ok(Some(ty)),
        }
    }

    /// The operand as a value of this type: itself, or guarded and unboxed.
    pub(super) fn unboxed(&mut self, value: Value, ty: Type) -> Value {
        if self.f.ty(value) == ty {
            return value;
        }
        debug_assert_eq!(self.f.ty(value), Type::Boxed);
        match ty {
            Type::Int => self.emit_plain(Opcode::GuardInt, &[value]),
            Type::Float => self.emit_plain(Opcode::GuardFloat, &[value]),
            Type::Bool => self.emit_plain(Opcode::GuardBool, &[value]),
            Type::Boxed => value,
        }
    }

    fn as_int(&mut self, value: Value, ty: Type) -> Value {
        let raw = self.unboxed(value, ty);
        if ty == Type::Bool { self.emit_plain(Opcode::BoolToInt, &[raw]) } else { raw }
    }

    fn as_float(&mut self, value: Value, ty: Type, mixed: Mixed) -> Value {
        if ty == Type::Float {
            return self.unboxed(value, ty);
        }
        let int = self.as_int(value, ty);
        let op = if mixed == Mixed::Exact { Opcode::IntToFloatExact } else { Opcode::IntToFloat };
        self.emit_plain(op, &[int])
    }

    fn checked(&mut self, op: Opcode, args: &[Value]) -> Flow<Self, Option<Value>> {
        Ok(Some(self.emit_plain(op, args)))
    }

    fn const_int(&mut self, i: i64) -> Value {
        self.emit(Opcode::ConstInt, &[], Imm::Int(i))
    }
}

impl Machine for Builder<'_> {
    type Value = Value;
    type Int = Value;
    type Float = Value;
    type Bool = Value;
    type Exit = Ended;

    fn push(&mut self, value: Value) {
        self.frame.stack.push(value);
    }

    fn pop(&mut self) -> Value {
        debug_assert!(!self.frame.stack.is_empty(), "the verifier has proved the height");
        let value = self.frame.stack.pop().unwrap_or(Value(0));
        self.popped.push(value);
        value
    }

    fn constant(&mut self, k: u32) -> Value {
        match &self.request.program.constants[k as usize] {
            Const::Int(i) => self.const_int(*i),
            Const::Float(f) => self.emit(Opcode::ConstFloat, &[], Imm::Float(f.to_bits())),
            Const::Bool(b) => self.emit(Opcode::ConstBool, &[], Imm::Bool(*b)),
            Const::None | Const::BigInt(_) | Const::Str(_) => {
                let bits = self.request.constants[k as usize].bits();
                self.emit(Opcode::ConstBoxed, &[], Imm::Boxed(bits))
            }
        }
    }

    fn local(&mut self, slot: u32) -> Value {
        match self.frame.locals[slot as usize] {
            Some(value) => value,
            None => self.input_value(InputPlace::Local(slot)),
        }
    }

    fn set_local(&mut self, slot: u32, value: Value) {
        self.frame.locals[slot as usize] = Some(value);
    }

    fn global(&mut self, slot: u32) -> Value {
        self.emit(Opcode::LoadGlobal, &[], Imm::Slot(slot))
    }

    fn set_global(&mut self, slot: u32, value: Value) {
        let value = self.boxed(value);
        self.f.append(self.block, Opcode::StoreGlobal, &[value], Imm::Slot(slot), None, self.pc);
    }

    fn pair(&mut self, a: Value, b: Value, mixed: Mixed) -> Flow<Self, Pair<Self>> {
        let feedback = self.feedback();
        if feedback.failed() {
            return Ok(Pair::Other);
        }
        let (left, right) = (self.kind(a, feedback.left())?, self.kind(b, feedback.right())?);
        Ok(match (left, right) {
            (None, _) | (_, None) => Pair::Other,
            (Some(Type::Float), _) | (_, Some(Type::Float)) if mixed == Mixed::Never => Pair::Other,
            // The bit operations of two bools give a bool, which is the general form's business.
            (Some(Type::Bool), Some(Type::Bool)) if mixed == Mixed::Never => Pair::Other,
            (Some(x), Some(y)) if x == Type::Float || y == Type::Float => {
                Pair::Floats(self.as_float(a, x, mixed), self.as_float(b, y, mixed))
            }
            (Some(x), Some(y)) => Pair::Ints(self.as_int(a, x), self.as_int(b, y)),
        })
    }

    fn single(&mut self, a: Value) -> Flow<Self, Single<Self>> {
        let feedback = self.feedback();
        if feedback.failed() {
            return Ok(Single::Other);
        }
        Ok(match self.kind(a, feedback.left())? {
            Some(Type::Int) => Single::Int(self.unboxed(a, Type::Int)),
            Some(Type::Float) => Single::Float(self.unboxed(a, Type::Float)),
            Some(Type::Bool) => Single::Int(self.as_int(a, Type::Bool)),
            Some(Type::Boxed) | None => Single::Other,
        })
    }

    fn truth(&mut self, a: Value) -> Flow<Self, Value> {
        Ok(match self.kind(a, self.feedback().left())? {
            Some(Type::Bool) => self.unboxed(a, Type::Bool),
            Some(Type::Int) => {
                let (x, zero) = (self.unboxed(a, Type::Int), self.const_int(0));
                self.emit(Opcode::IntCompare, &[x, zero], Imm::Cmp(Cmp::Ne))
            }
            Some(Type::Float) => {
                let x = self.unboxed(a, Type::Float);
                let zero = self.emit(Opcode::ConstFloat, &[], Imm::Float(0.0f64.to_bits()));
                self.emit(Opcode::FloatCompare, &[x, zero], Imm::Cmp(Cmp::Ne))
            }
            Some(Type::Boxed) | None => self.emit_plain(Opcode::Truth, &[a]),
        })
    }

    fn box_int(&mut self, a: Value) -> Value {
        a
    }

    fn box_float(&mut self, a: Value) -> Value {
        a
    }

    fn box_bool(&mut self, a: Value) -> Value {
        a
    }

    fn int_add(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntAdd, &[a, b])
    }

    fn int_sub(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntSub, &[a, b])
    }

    fn int_mul(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntMul, &[a, b])
    }

    fn int_div(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        let x = self.emit_plain(Opcode::IntToFloatExact, &[a]);
        let y = self.emit_plain(Opcode::IntToFloatExact, &[b]);
        self.checked(Opcode::FloatDiv, &[x, y])
    }

    fn int_floordiv(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntFloorDiv, &[a, b])
    }

    fn int_mod(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntMod, &[a, b])
    }

    fn int_neg(&mut self, a: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntNeg, &[a])
    }

    fn int_and(&mut self, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::IntAnd, &[a, b])
    }

    fn int_or(&mut self, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::IntOr, &[a, b])
    }

    fn int_xor(&mut self, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::IntXor, &[a, b])
    }

    fn int_not(&mut self, a: Value) -> Value {
        self.emit_plain(Opcode::IntNot, &[a])
    }

    fn int_shl(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntShl, &[a, b])
    }

    fn int_shr(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntShr, &[a, b])
    }

    fn int_compare(&mut self, cmp: Cmp, a: Value, b: Value) -> Value {
        self.emit(Opcode::IntCompare, &[a, b], Imm::Cmp(cmp))
    }

    fn float_add(&mut self, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::FloatAdd, &[a, b])
    }

    fn float_sub(&mut self, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::FloatSub, &[a, b])
    }

    fn float_mul(&mut self, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::FloatMul, &[a, b])
    }

    fn float_div(&mut self, a: Value, b: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::FloatDiv, &[a, b])
    }

    fn float_neg(&mut self, a: Value) -> Value {
        self.emit_plain(Opcode::FloatNeg, &[a])
    }

    fn float_compare(&mut self, cmp: Cmp, a: Value, b: Value) -> Value {
        self.emit(Opcode::FloatCompare, &[a, b], Imm::Cmp(cmp))
    }

    fn bool_not(&mut self, a: Value) -> Value {
        self.emit_plain(Opcode::BoolNot, &[a])
    }

    fn binary(&mut self, op: BinOp, a: Value, b: Value) -> Flow<Self, Value> {
        let (a, b) = (self.boxed(a), self.boxed(b));
        Ok(self.emit(Opcode::CallBinary, &[a, b], Imm::BinOp(op)))
    }

    fn unary(&mut self, op: UnOp, a: Value) -> Flow<Self, Value> {
        let a = self.boxed(a);
        Ok(self.emit(Opcode::CallUnary, &[a], Imm::UnOp(op)))
    }

    fn pow_mod(&mut self, _: Value, _: Value, _: Value) -> Flow<Self, Value> {
        // An instruction has two operands at most: the interpreter does this one, and enters again at the next loop.
        Err(self.leave(ExitReason::Slow))
    }

    fn jump(&mut self, target: u32) -> Flow<Self> {
        let (from, back_edge) = (self.block, target <= self.pc);
        self.edge(from, target, Some(back_edge));
        self.ended = true;
        Ok(())
    }

    fn branch(&mut self, condition: Value, when: bool, target: u32) -> Flow<Self> {
        // What the branch has popped is gone on both sides.
        self.popped.clear();
        let taken = self.f.new_block(self.pc);
        let next = self.f.new_block(self.pc);
        let to = |block| Target { block, args: Vec::new() };
        let (then, otherwise) = if when { (to(taken), to(next)) } else { (to(next), to(taken)) };
        self.f.blocks[self.block.index()].end = Terminator::Branch { condition, then, otherwise };
        self.edge(taken, target, Some(target <= self.pc));
        self.edge(next, self.pc + 1, Some(false));
        self.ended = true;
        Ok(())
    }

    fn call(&mut self, function: u32) -> Flow<Self> {
        self.call_method(function)
    }

    fn ret(&mut self, value: Value) -> Flow<Self> {
        self.return_value(value)
    }

    fn halt(&mut self) -> Flow<Self> {
        Err(self.leave(ExitReason::Halt))
    }

    fn raise(&mut self, _: Value, _: Value) -> Flow<Self> {
        Err(self.leave(ExitReason::Slow))
    }

    fn print(&mut self, value: Value) -> Flow<Self> {
        let (state, value) = (self.state(), self.boxed(value));
        self.f.append(self.block, Opcode::Print, &[value], Imm::None, Some(state), self.pc);
        Ok(())
    }

    fn print_char(&mut self, value: Value) -> Flow<Self> {
        let (state, value) = (self.state(), self.boxed(value));
        self.f.append(self.block, Opcode::PrintChar, &[value], Imm::None, Some(state), self.pc);
        Ok(())
    }

    fn input(&mut self) -> Flow<Self, Value> {
        Ok(self.emit(Opcode::Input, &[], Imm::None))
    }
}
