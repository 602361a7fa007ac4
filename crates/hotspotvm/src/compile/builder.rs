//! The builder: a [`Machine`] whose values are names of IR values.
//!
//! **Stage 3, compile.** It runs each opcode's meaning on itself, so that the same function that executes `add` in the interpreter here *translates*
//! it. Speculation happens where the semantics ask what an operand is: a value whose IR type is known answers for itself, a boxed one gets a guard
//! for the kind that the profile has seen. Where translation goes next is not its business: [`super::region`] has it walk a function's graph.
//!
//! - **Entry.** Block 0 takes from the interpreter's frame exactly what is read before it is written; everything else stays in the frame, untouched
//!   (`None` in a frame state).
//! - **Exits.** An opcode exits before its effects, so its frame state is the frame before it: the operand stack with what it
//!   has popped put back.
//! - **Scopes.** The function compiled is the outermost scope; each call that is inlined ([`super::inline`]) opens one more, whose frame states name the
//!   frame that waits for its result as their caller.
//! - **Methods.** A whole function can be built as a method; [`super::method`] has what is different then, and calls.

use super::inline::{Inlining, Note};
use super::lies::Lies;
use super::method::Callee;
use super::region::Traversal;
use super::trace::TreeTraversal;
use crate::abi::links::Signature;
use crate::abi::vm::{Cell, Vm};
use crate::detect::Graphs;
use crate::detect::policy::Unanswered;
use crate::options::Forced;
use crate::profile::{Feedback, Kinds, executions};
use crate::reason::Reason;
use bytecode::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Rounding, Single, UnOp};
use bytecode::{Builtin1, Const, Facts, FuncId};
use ir::planted::{Bug, is};
use ir::{
    Ahead, Block, ExitReason, FrameState, Function, Imm, Input, InputPlace, Opcode, Origin, Resume, Sign,
    StateId, Target, Terminator, Type, Value,
};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// The most entries that all frame states and all ways into blocks together may have: exits times locals. Compiling
/// takes about 6 us for each (0.32 s for 4,000 instructions with 50 locals that all change), and a program waits for
/// it, or at least a core is busy.
pub(super) const MAX_STATE_ENTRIES: usize = 40_000;

/// The clock is looked at after so many translated instructions: less than a millisecond.
const TRANSLATED_AT_ONCE: u32 = 256;

/// What to build from.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The running program: its functions with their profile.
    pub vm: &'a Vm,
    /// The graphs of its functions.
    pub graphs: &'a Graphs,
    /// The function.
    pub function: u32,
    /// Where the interpreter enters.
    pub entry_pc: u32,
    /// The types, and for ints the signs, to assume of what is in the frame on entry.
    pub input_type: &'a dyn Fn(InputPlace) -> (Type, Sign),
    /// The instructions that leave always.
    pub forced: Forced,
    /// Test mode: what to be told instead of what the profile says.
    pub lies: Option<Lies>,
    /// What the whole function is to be as a method; `None` for a region.
    pub method: Option<&'a Signature>,
    /// The method that answers calls of this function; `None` if the interpreter has to make them.
    pub callee: &'a dyn Fn(u32) -> Option<Callee>,
    /// Whether calls may be inlined.
    pub inlining: bool,
    /// Whether ways that were never taken leave.
    pub prune: bool,
    /// Whether calls that nobody answers yet leave, to be replaced when somebody does.
    pub provisional: bool,
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
    /// Calls that are made often and that nobody answers.
    pub unanswered: Vec<Unanswered>,
    /// What was decided about inlining.
    pub notes: Vec<Note>,
    /// The instructions that have their general form, a call of the run time: function, pc, and what the profile has seen there.
    pub general: Vec<(u32, u32, Feedback)>,
}

/// A local or an operand, where block parameters stand for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    Local(u32),
    Stack(u32),
}

/// What the interpreter's frame would hold here.
#[derive(Clone, Debug)]
pub(super) struct SymbolicFrame {
    /// `None`: what it held on entry.
    pub locals: Vec<Option<Value>>,
    pub stack: Vec<Value>,
    /// Whether the depth of calls has been checked on the way here: there is room for the deepest chain of inlined
    /// calls, and for one call more.
    pub deep: bool,
}

/// A loop's header parameter whose type did not hold: the calls in which the loop is inlined, its block, what the
/// parameter stands for.
pub(super) type Widened = (Rc<[u32]>, u32, Slot);

/// A function that is being translated.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub function: u32,
    pub facts: &'a Facts,
    pub cells: &'a [Cell],
    /// The pcs of the calls that led here: what tells it from other copies of its function.
    pub path: Rc<[u32]>,
    /// The frame that waits for its result; `None` for the outermost.
    pub caller: Option<StateId>,
    /// What all waiting frames hold together.
    pub entries_below: usize,
    /// What waits for it to return, and at which pc; `None` for the outermost.
    pub waiting: Option<(SymbolicFrame, u32)>,
    /// Where it has returned, and what.
    pub returns: Vec<(Block, Value)>,
    pub walk: Traversal,
    pub inlining: Inlining,
}

/// The block has ended: control goes elsewhere from here. What ends a block answers this, and nothing else tells it.
pub(super) struct Ended;

pub(super) struct Builder<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) f: Function,
    inputs: HashMap<InputPlace, Value>,
    pub(super) widened: &'a HashSet<Widened>,
    pub(super) widen_all: bool,
    pub(super) conflicts: Vec<Widened>,
    pub(super) state_entries: usize,
    /// Instructions translated so far.
    translated: u32,
    /// The function compiled, and the inlined calls under way.
    pub(super) scopes: Vec<Scope<'a>>,
    counts: HashMap<u32, Rc<[u64]>>,
    /// Where translation stands in a tree of traces, if that is what is built.
    pub(super) traversal: Option<TreeTraversal<'a>>,
    // Where translation stands: `pc` is of the innermost scope's function.
    pub(super) block: Block,
    pub(super) frame: SymbolicFrame,
    pub(super) pc: u32,
    pub(super) popped: Vec<Value>,
    pub(super) op_state: Option<StateId>,
    pub(super) returned: Vec<Type>,
    pub(super) misfits: Vec<(u32, u32)>,
    pub(super) unanswered: Vec<Unanswered>,
    pub(super) notes: Vec<Note>,
    general: Vec<(u32, u32, Feedback)>,
    /// What may still be inlined beyond the budget.
    pub(super) overdraft: u32,
    /// Why an inlined function cannot be compiled.
    pub(super) failed: Option<Reason>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        request: &'a Request<'a>,
        widened: &'a HashSet<Widened>,
        widen_all: bool,
        walk: Traversal,
    ) -> Builder<'a> {
        let function = &request.vm.program.program().functions[request.function as usize];
        let name = format!("{}@{}", function.name, request.entry_pc);
        let mut f = Function::new(name, request.function, request.entry_pc);
        let block = f.new_block(Origin { function: request.function, pc: request.entry_pc });
        let mut builder = Builder {
            request,
            f,
            inputs: HashMap::new(),
            widened,
            widen_all,
            conflicts: Vec::new(),
            state_entries: 0,
            translated: 0,
            scopes: Vec::new(),
            counts: HashMap::new(),
            traversal: None,
            block,
            frame: SymbolicFrame {
                locals: vec![None; function.locals.len()],
                stack: Vec::new(),
                deep: false,
            },
            pc: request.entry_pc,
            popped: Vec::new(),
            op_state: None,
            returned: Vec::new(),
            misfits: Vec::new(),
            unanswered: Vec::new(),
            notes: Vec::new(),
            general: Vec::new(),
            overdraft: super::inline::OVERDRAFT,
            failed: None,
        };
        let inlining = builder.inlining_of(request.function, super::inline::BUDGET, &walk);
        builder.open_scope(request.function, Rc::new([]), None, walk, inlining);
        let height = builder.scope().facts.heights[request.entry_pc as usize];
        for depth in 0..height {
            let value = builder.input_value(InputPlace::Stack(depth));
            builder.frame.stack.push(value);
        }
        builder
    }

    /// Opens a scope for a function.
    pub(super) fn open_scope(
        &mut self,
        function: u32,
        path: Rc<[u32]>,
        caller: Option<StateId>,
        walk: Traversal,
        inlining: Inlining,
    ) {
        let vm = self.request.vm;
        let waiting = caller.map_or(0, |state| {
            let state = &self.f.states[state.index()];
            state.locals.len() + state.stack.len()
        });
        let entries_below = self.scopes.last().map_or(0, |scope| scope.entries_below) + waiting;
        self.scopes.push(Scope {
            function,
            facts: vm.program.facts(FuncId(function)),
            cells: &vm.functions[function as usize].cells,
            path,
            caller,
            entries_below,
            waiting: None,
            returns: Vec::new(),
            walk,
            inlining,
        });
    }

    /// The function being translated.
    pub(super) fn scope(&self) -> &Scope<'a> {
        &self.scopes[self.scopes.len() - 1]
    }

    /// The function being translated, to change.
    pub(super) fn scope_mut(&mut self) -> &mut Scope<'a> {
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// Where translation stands.
    pub(super) fn origin(&self) -> Origin {
        self.origin_at(self.pc)
    }

    /// An instruction of the function being translated.
    pub(super) fn origin_at(&self, pc: u32) -> Origin {
        Origin { function: self.scope().function, pc }
    }

    /// How often each instruction of a function was executed.
    pub(super) fn counts(&mut self, function: u32) -> Rc<[u64]> {
        let Request { vm, lies, .. } = *self.request;
        let count = || {
            let code = &vm.program.program().functions[function as usize].code;
            let mut counts = executions(code, &vm.functions[function as usize].sites);
            if let Some(lies) = lies {
                (0..).zip(&mut counts).for_each(|(pc, count)| *count = lies.count(function, pc, *count));
            }
            counts.into()
        };
        self.counts.entry(function).or_insert_with(count).clone()
    }

    /// In how many of a hundred cases the condition of the branch here was true, which jumps when it is `when`. Where
    /// others jump to the next instruction, they are taken for cases in which it did not jump.
    fn percent_true(&mut self, when: bool) -> Option<u8> {
        let counts = self.counts(self.scope().function);
        let (all, stayed) = (counts[self.pc as usize], *counts.get(self.pc as usize + 1)?);
        let stayed = (u128::from(stayed.min(all)) * 100).checked_div(u128::from(all))? as u8;
        Some(if when { 100 - stayed } else { stayed })
    }

    /// Translates the instruction at `pc`; `false` if control does not go on behind it.
    pub(super) fn translate(&mut self, pc: u32) -> Result<bool, Reason> {
        // At each instruction, since one may take as many entries as a function may have locals.
        if self.state_entries > MAX_STATE_ENTRIES {
            return Err(Reason::TooManyExits {});
        }
        self.translated += 1;
        if self.translated.is_multiple_of(TRANSLATED_AT_ONCE) && self.request.vm.interrupts().are_due() {
            return Err(Reason::NotWanted {});
        }
        self.pc = pc;
        self.popped.clear();
        self.op_state = None;
        let cell = self.scope().cells[pc as usize];
        if self.forced_exit(cell) {
            let _ = self.leave(ExitReason::Forced);
            return Ok(false);
        }
        let goes_on = bytecode::semantics::step(self, cell.op, cell.arg).is_ok();
        match self.failed.take() {
            Some(why) => Err(why),
            None => Ok(goes_on),
        }
    }

    /// What was built.
    pub(super) fn finish(self) -> Built {
        let Builder { f, returned, misfits, unanswered, notes, general, .. } = self;
        Built { f, returned, misfits, unanswered, notes, general }
    }

    fn forced_exit(&self, cell: Cell) -> bool {
        cell.op.info().may_exit && self.request.forced.has(self.scope().function, self.pc)
    }

    /// The value of a slot in a frame; one that was not touched is taken from the interpreter's frame on entry.
    pub(super) fn value_in(&mut self, frame: &SymbolicFrame, slot: Slot) -> Value {
        match slot {
            Slot::Stack(depth) => frame.stack[depth as usize],
            Slot::Local(slot) => match frame.locals[slot as usize] {
                Some(value) => value,
                None => self.input_value(InputPlace::Local(slot)),
            },
        }
    }

    fn input_value(&mut self, place: InputPlace) -> Value {
        debug_assert!(self.scopes.len() == 1, "only the outermost frame is the interpreter's");
        if let Some(&value) = self.inputs.get(&place) {
            return value;
        }
        let (ty, sign) = (self.request.input_type)(place);
        let value = self.f.add_param(Block(0), ty);
        self.f.inputs.push(Input { place, ty, sign });
        self.inputs.insert(place, value);
        value
    }

    pub(super) fn new_state(&mut self, pc: u32, resume: Resume) -> StateId {
        let stack: Vec<Value> = self.frame.stack.iter().chain(self.popped.iter().rev()).copied().collect();
        let scope = self.scope();
        let (function, caller, below) = (scope.function, scope.caller, scope.entries_below);
        self.state_entries += self.frame.locals.len() + stack.len() + below;
        self.f.new_state(FrameState {
            function,
            pc,
            resume,
            locals: self.frame.locals.clone(),
            stack,
            caller,
            ahead: Ahead::default(),
            side: None,
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
        Ended
    }

    /// Appends an instruction with a result. (Every opcode that is passed here has one: the table says so.)
    pub(super) fn emit(&mut self, op: Opcode, args: &[Value], imm: Imm) -> Value {
        debug_assert!(op.result().is_some());
        let state = op.exit_reason().map(|_| self.state());
        self.f.append(self.block, op, args, imm, state, self.origin()).unwrap_or(Value(0))
    }

    fn emit_plain(&mut self, op: Opcode, args: &[Value]) -> Value {
        self.emit(op, args, Imm::None)
    }

    /// Charges for the run at `to` that a transfer, or a call, is about to start, or leaves by the state; and counts
    /// the arrival there, if that is wanted.
    pub(super) fn charge(&mut self, block: Block, to: Origin, cost: u32, back_edge: bool, state: StateId) {
        let (imm, origin) = (Imm::Charge { cost, rounds: u32::from(back_edge) }, self.origin());
        self.f.append(block, Opcode::Charge, &[], imm, Some(state), origin);
        if let Some(counter) = self.request.vm.counter(to.function, to.pc) {
            self.f.append(block, Opcode::Count, &[], Imm::Counter(counter), None, origin);
        }
    }

    pub(super) fn boxed_in(&mut self, block: Block, value: Value) -> Value {
        let op = match self.f.ty(value) {
            Type::Boxed => return value,
            Type::Int => Opcode::BoxInt,
            Type::Float => Opcode::BoxFloat,
            Type::Bool => Opcode::BoxBool,
        };
        self.f.append(block, op, &[value], Imm::None, None, self.origin()).unwrap_or(value)
    }

    pub(super) fn boxed(&mut self, value: Value) -> Value {
        self.boxed_in(self.block, value)
    }

    fn feedback(&self) -> Feedback {
        let scope = self.scope();
        let truth = scope.cells[self.pc as usize].feedback;
        self.request.lies.map_or(truth, |lies| lies.feedback(scope.function, self.pc, truth))
    }

    /// The instruction here has its general form. The same is noted once, in however many copies of its function it stands.
    fn note_general(&mut self) {
        let note = (self.scope().function, self.pc, self.feedback());
        if !self.general.contains(&note) {
            self.general.push(note);
        }
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
        match &self.request.vm.program.program().constants[k as usize] {
            Const::Int(i) => self.int_const(*i),
            Const::Float(f) => self.float_const(*f),
            Const::Bool(b) => self.emit(Opcode::ConstBool, &[], Imm::Bool(*b)),
            Const::None | Const::BigInt(_) | Const::Str(_) => {
                let bits = self.request.vm.constants[k as usize].bits();
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
        self.f.append(self.block, Opcode::StoreGlobal, &[value], Imm::Slot(slot), None, self.origin());
    }

    fn pair(&mut self, a: Value, b: Value, mixed: Mixed) -> Flow<Self, Pair<Self>> {
        let feedback = self.feedback();
        if feedback.failed() {
            self.note_general();
            return Ok(Pair::Other);
        }
        let (left, right) = (self.kind(a, feedback.left())?, self.kind(b, feedback.right())?);
        Ok(match (left, right) {
            (None, _) | (_, None) => {
                self.note_general();
                Pair::Other
            }
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
            self.note_general();
            return Ok(Single::Other);
        }
        Ok(match self.kind(a, feedback.left())? {
            Some(Type::Int) => Single::Int(self.unboxed(a, Type::Int)),
            Some(Type::Float) => Single::Float(self.unboxed(a, Type::Float)),
            Some(Type::Bool) => Single::Int(self.as_int(a, Type::Bool)),
            Some(Type::Boxed) | None => {
                self.note_general();
                Single::Other
            }
        })
    }

    fn truth(&mut self, a: Value) -> Flow<Self, Value> {
        Ok(match self.kind(a, self.feedback().left())? {
            Some(Type::Bool) => self.unboxed(a, Type::Bool),
            Some(Type::Int) => {
                let (x, zero) = (self.unboxed(a, Type::Int), self.int_const(0));
                self.emit(Opcode::IntCompare, &[x, zero], Imm::Cmp(Cmp::Ne))
            }
            Some(Type::Float) => {
                let x = self.unboxed(a, Type::Float);
                let zero = self.float_const(0.0);
                self.emit(Opcode::FloatCompare, &[x, zero], Imm::Cmp(Cmp::Ne))
            }
            Some(Type::Boxed) | None => {
                self.note_general();
                self.emit_plain(Opcode::Truth, &[a])
            }
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

    fn int_const(&mut self, i: i64) -> Value {
        self.emit(Opcode::ConstInt, &[], Imm::Int(i))
    }

    fn float_const(&mut self, f: f64) -> Value {
        self.emit(Opcode::ConstFloat, &[], Imm::Float(f.to_bits()))
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

    fn int_abs(&mut self, a: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::IntAbs, &[a])
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

    fn int_to_float(&mut self, a: Value) -> Value {
        self.emit_plain(Opcode::IntToFloat, &[a])
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

    fn float_abs(&mut self, a: Value) -> Value {
        self.emit_plain(Opcode::FloatAbs, &[a])
    }

    fn float_sqrt(&mut self, a: Value) -> Flow<Self, Option<Value>> {
        self.checked(Opcode::FloatSqrt, &[a])
    }

    /// One more or less where cutting off the decimals went the wrong way. As a float the int is exact: beyond 2**53 there are
    /// no decimals.
    fn float_to_int(&mut self, a: Value, rounding: Rounding) -> Flow<Self, Option<Value>> {
        let cut = self.emit_plain(Opcode::FloatToInt, &[a]);
        let (wrong, op) = match rounding {
            Rounding::Truncate => return Ok(Some(cut)),
            Rounding::Floor if is(Bug::FloorCutsOff) => return Ok(Some(cut)),
            Rounding::Floor => (Cmp::Gt, Opcode::IntSub),
            Rounding::Ceil => (Cmp::Lt, Opcode::IntAdd),
        };
        let back = self.emit_plain(Opcode::IntToFloat, &[cut]);
        let wrong = self.emit(Opcode::FloatCompare, &[back, a], Imm::Cmp(wrong));
        let step = self.emit_plain(Opcode::BoolToInt, &[wrong]);
        self.checked(op, &[cut, step])
    }

    fn float_compare(&mut self, cmp: Cmp, a: Value, b: Value) -> Value {
        self.emit(Opcode::FloatCompare, &[a, b], Imm::Cmp(cmp))
    }

    fn bool_not(&mut self, a: Value) -> Value {
        self.emit_plain(Opcode::BoolNot, &[a])
    }

    fn int_select(&mut self, condition: Value, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::IntSelect, &[condition, a, b])
    }

    fn float_select(&mut self, condition: Value, a: Value, b: Value) -> Value {
        self.emit_plain(Opcode::FloatSelect, &[condition, a, b])
    }

    fn binary(&mut self, op: BinOp, a: Value, b: Value) -> Flow<Self, Value> {
        let (a, b) = (self.boxed(a), self.boxed(b));
        Ok(self.emit(Opcode::CallBinary, &[a, b], Imm::BinOp(op)))
    }

    fn unary(&mut self, op: UnOp, a: Value) -> Flow<Self, Value> {
        let a = self.boxed(a);
        Ok(self.emit(Opcode::CallUnary, &[a], Imm::UnOp(op)))
    }

    fn setting(&mut self, _: Builtin1, _: Value) -> Flow<Self, Value> {
        Err(self.leave(ExitReason::Slow))
    }

    fn pow_mod(&mut self, _: Value, _: Value, _: Value) -> Flow<Self, Value> {
        // There is no instruction for it: the interpreter does this one, and enters again at the next loop.
        Err(self.leave(ExitReason::Slow))
    }

    fn raise(&mut self, _: Value, _: Value) -> Flow<Self> {
        Err(self.leave(ExitReason::Slow))
    }

    fn jump(&mut self, target: u32) -> Flow<Self> {
        if self.traversal.is_some() {
            return self.trace_jump(target);
        }
        let (from, back_edge) = (self.block, target <= self.pc);
        self.edge(from, target, Some(back_edge));
        Err(Ended)
    }

    fn branch(&mut self, condition: Value, when: bool, target: u32) -> Flow<Self> {
        if self.traversal.is_some() {
            return self.trace_branch(condition, when, target);
        }
        // What the branch has popped is gone on both sides.
        self.popped.clear();
        let [taken, next] = [(); 2].map(|()| self.f.new_block(self.origin()));
        let to = |block| Target { block, args: Vec::new() };
        let (then, otherwise) = if when { (to(taken), to(next)) } else { (to(next), to(taken)) };
        let percent = self.percent_true(when);
        self.f.blocks[self.block.index()].end = Terminator::Branch { condition, then, otherwise, percent };
        self.edge(taken, target, Some(target <= self.pc));
        self.edge(next, self.pc + 1, Some(false));
        Err(Ended)
    }

    fn call(&mut self, function: u32) -> Flow<Self> {
        if self.traversal.is_some() {
            return self.trace_call(function);
        }
        self.call_function(function)
    }

    fn ret(&mut self, value: Value) -> Flow<Self> {
        self.return_value(value)
    }

    fn halt(&mut self) -> Flow<Self> {
        Err(self.leave(ExitReason::Halt))
    }

    fn print(&mut self, value: Value) -> Flow<Self> {
        self.note_general();
        let (state, value) = (self.state(), self.boxed(value));
        self.f.append(self.block, Opcode::Print, &[value], Imm::None, Some(state), self.origin());
        Ok(())
    }

    fn print_char(&mut self, value: Value) -> Flow<Self> {
        self.note_general();
        let (state, value) = (self.state(), self.boxed(value));
        self.f.append(self.block, Opcode::PrintChar, &[value], Imm::None, Some(state), self.origin());
        Ok(())
    }

    fn input(&mut self) -> Flow<Self, Value> {
        Ok(self.emit(Opcode::Input, &[], Imm::None))
    }
}
