//! The data of the IR: functions, blocks, instructions, values, frame states. Plain vectors, indices as names.
//!
//! Invariants, checked by [`crate::verify`]:
//! - a value is defined once, by an instruction or as a block parameter, and its definition dominates its uses;
//! - block 0 is the entry: it has no predecessors, and its parameters are the function's [`Input`]s, in order;
//! - arguments of a jump match the target's parameters in number and type;
//! - an instruction has a frame state exactly if its table row names an exit reason;
//! - a *method* (see [`Function::result`]) takes its bytecode function's first locals in order, and its frame states tell every local: no
//!   frame of the interpreter stands behind it;
//! - each [`CallSite`] belongs to one instruction, whose frame state has the arguments on top of the operand stack.

use crate::op::Opcode;
use crate::reason::ExitReason;
use bytecode::{BinOp, Cmp, Routine, Shape, UnOp};
use rustc_hash::FxHashMap;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// An int of 64 bits, unboxed.
    Int,
    /// A float, unboxed.
    Float,
    /// A truth value, unboxed: 0 or 1.
    Bool,
    /// A value of any type, as the interpreter holds it.
    Boxed,
}

impl Type {
    /// The name in IR text.
    pub fn name(self) -> &'static str {
        match self {
            Type::Int => "int",
            Type::Float => "float",
            Type::Bool => "bool",
            Type::Boxed => "boxed",
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into the function's vector of them.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

index_type!(
    /// A value: `v3`.
    Value,
    "v"
);
index_type!(
    /// A block: `b1`.
    Block,
    "b"
);
index_type!(
    /// A frame state: `@7`.
    StateId,
    "@"
);
index_type!(
    /// A call site.
    CallId,
    "call"
);

/// The part of an instruction that is known now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Imm {
    /// Nothing.
    None,
    /// An int.
    Int(i64),
    /// The bits of a float.
    Float(u64),
    /// A bool.
    Bool(bool),
    /// The bits of a boxed value.
    Boxed(u64),
    /// Which comparison.
    Cmp(Cmp),
    /// Which binary operation.
    BinOp(BinOp),
    /// Which unary operation.
    UnOp(UnOp),
    /// Which global.
    Slot(u32),
    /// Which shape.
    Shape(Shape),
    /// Which slot of an object.
    Field(u32),
    /// Which argument of a routine.
    Argument(u32),
    /// Which routine, with how many arguments, and what the instruction's own argument says.
    Routine {
        /// Which.
        routine: Routine,
        /// How many arguments.
        inputs: u32,
        /// The argument of the bytecode's instruction.
        detail: u32,
    },
    /// How much fuel, and how many rounds of loops.
    Charge {
        /// Instructions in the runs that are about to start.
        cost: u32,
        /// How many of them start by a back-edge: as many more rounds of a loop.
        rounds: u32,
    },
    /// Which of the counters of arrivals.
    Counter(u32),
    /// How many calls.
    Depth(u32),
    /// Which call site.
    Call(CallId),
}

/// What a call calls, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// The bytecode function. It returns a value of the type of the instruction's result.
    pub callee: u32,
    /// Where the table of links has the callee's code; `None` if a method calls itself, which needs no link: it runs, so it is
    /// valid.
    pub link: Option<u32>,
    /// How many inlined calls are active around it: the callee's frame is so much deeper.
    pub level: u32,
    /// Whether it was made sure before that the call may become active.
    pub deep: bool,
    /// The fuel of the callee's first run, charged by the caller; 0 if it was charged before.
    pub cost: u32,
    /// The counter of arrivals at the callee's first run, where exact counts are wanted: it counts when the call becomes active.
    pub counter: Option<u32>,
    /// The arguments, first to last.
    pub args: Vec<Value>,
}

/// A place in the bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The function: that of the unit, or one whose call is inlined.
    pub function: u32,
    /// The instruction.
    pub pc: u32,
}

impl Origin {
    /// As IR text and listings write it in a unit of this function: `pc 4`, or `f3:pc 4` for another function.
    pub fn within(self, function: u32) -> String {
        let Origin { function: of, pc } = self;
        if of == function { format!("pc {pc}") } else { format!("f{of}:pc {pc}") }
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inst {
    /// What it does.
    pub op: Opcode,
    /// Its operands; only the first [`Opcode::operands`] count, the rest repeat `Value(0)`. (Those of a call are in
    /// its [`CallSite`].)
    pub args: [Value; 3],
    /// The part known now.
    pub imm: Imm,
    /// Where the interpreter goes on if it leaves.
    pub state: Option<StateId>,
    /// The value it defines.
    pub result: Option<Value>,
    /// The bytecode it came from.
    pub origin: Origin,
}

impl Inst {
    /// Its operands, without those of a call: see [`Function::args`].
    #[inline]
    pub fn args(&self) -> &[Value] {
        &self.args[..self.op.operands().len()]
    }

    /// Its operands, to change.
    #[inline]
    pub fn args_mut(&mut self) -> &mut [Value] {
        let n = self.op.operands().len();
        &mut self.args[..n]
    }
}

/// A block to go to and the arguments for its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub block: Block,
    /// With what.
    pub args: Vec<Value>,
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Go on there.
    Jump(Target),
    /// Go on at one of two places.
    Branch {
        /// A bool.
        condition: Value,
        /// Where to if it is true.
        then: Target,
        /// Where to if it is false.
        otherwise: Target,
        /// In how many of a hundred cases it was true, if that was seen. Only speed may depend on it.
        percent: Option<u8>,
    },
    /// Leave compiled code.
    Exit {
        /// Why.
        reason: ExitReason,
        /// Where the interpreter goes on.
        state: StateId,
    },
    /// Return this value to the caller. Only in methods.
    Return(Value),
}

impl Terminator {
    /// The value it looks at itself: a branch's condition, or what is returned.
    pub fn value(&self) -> Option<Value> {
        match self {
            Terminator::Branch { condition: value, .. } | Terminator::Return(value) => Some(*value),
            Terminator::Jump(_) | Terminator::Exit { .. } => None,
        }
    }

    /// The value it looks at itself, to change.
    pub fn value_mut(&mut self) -> Option<&mut Value> {
        match self {
            Terminator::Branch { condition: value, .. } | Terminator::Return(value) => Some(value),
            Terminator::Jump(_) | Terminator::Exit { .. } => None,
        }
    }

    /// The places it can go to, in order.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        let (a, b) = match self {
            Terminator::Jump(target) => (Some(target), None),
            Terminator::Branch { then, otherwise, .. } => (Some(then), Some(otherwise)),
            Terminator::Exit { .. } | Terminator::Return(_) => (None, None),
        };
        a.into_iter().chain(b)
    }

    /// The places it can go to, to change.
    pub fn targets_mut(&mut self) -> impl Iterator<Item = &mut Target> {
        let (a, b) = match self {
            Terminator::Jump(target) => (Some(target), None),
            Terminator::Branch { then, otherwise, .. } => (Some(then), Some(otherwise)),
            Terminator::Exit { .. } | Terminator::Return(_) => (None, None),
        };
        a.into_iter().chain(b)
    }
}

/// A block: parameters, instructions, an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockData {
    /// The values it takes from its predecessors.
    pub params: Vec<Value>,
    /// Its instructions in order.
    pub insts: Vec<Inst>,
    /// Its end.
    pub end: Terminator,
    /// The bytecode at which it starts.
    pub origin: Origin,
}

/// How the interpreter goes on at a frame state's pc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resume {
    /// It executes the instruction there; the run it stands in is paid for.
    Execute,
    /// It transfers control there: charges for the run that starts there, as a jump to it does.
    Transfer {
        /// Whether the transfer is a back-edge.
        back_edge: bool,
    },
}

/// What a frame of the interpreter must look like to go on from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameState {
    /// The bytecode function.
    pub function: u32,
    /// Where the interpreter goes on.
    pub pc: u32,
    /// How it goes on there.
    pub resume: Resume,
    /// The locals; `None` for one that holds in the interpreter's frame what it held on entry. Not in methods.
    pub locals: Vec<Option<Value>>,
    /// The operand stack, bottom first.
    pub stack: Vec<Value>,
    /// The frame that called this one, for inlined code.
    pub caller: Option<StateId>,
    /// What was charged for code that only comes after the exit; given back on leaving.
    pub ahead: Ahead,
    /// Which way of a tree of traces starts here, if this is the state of one that is not compiled yet.
    pub side: Option<u32>,
}

/// Fuel charged before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Ahead {
    /// How much.
    pub cost: u32,
    /// How many rounds were counted too.
    pub rounds: u32,
}

impl FrameState {
    /// The frame while a call with this many arguments is under way that stands at this state: it goes on after the call,
    /// with the result on its operand stack, which whoever returns pushes.
    #[must_use]
    pub fn waiting(&self, args: usize) -> FrameState {
        let rest = self.stack.len().saturating_sub(args);
        FrameState {
            pc: self.pc.saturating_add(1),
            resume: Resume::Execute,
            stack: self.stack[..rest].to_vec(),
            ahead: Ahead::default(),
            side: None,
            ..self.clone()
        }
    }

    /// All values it needs, of this frame alone.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        self.locals.iter().flatten().chain(&self.stack).copied()
    }

    /// All values it needs, of this frame alone, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> + '_ {
        self.locals.iter_mut().flatten().chain(&mut self.stack)
    }
}

/// Where an input comes from in the interpreter's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputPlace {
    /// A local.
    Local(u32),
    /// An entry of the operand stack, counted from the bottom.
    Stack(u32),
}

/// A value that compiled code takes from the interpreter's frame on entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// From where.
    pub place: InputPlace,
    /// As what; entering is refused if the value is of another type.
    pub ty: Type,
    /// What is assumed of an int's sign; entering is refused if it is another. Checked once, outside compiled code,
    /// this is what lets range analysis remove the overflow checks of loops that count towards zero.
    pub sign: Sign,
}

/// What is known of an int's sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Sign {
    /// Nothing.
    #[default]
    Any,
    /// It is zero or more.
    NonNegative,
    /// It is zero or less.
    NonPositive,
}

impl Sign {
    /// Whether an int is of this sign.
    pub fn holds(self, value: i64) -> bool {
        match self {
            Sign::Any => true,
            Sign::NonNegative => value >= 0,
            Sign::NonPositive => value <= 0,
        }
    }

    /// The narrowest sign that this int has; of zero, that of its successors.
    pub fn of(value: i64) -> Sign {
        if value >= 0 { Sign::NonNegative } else { Sign::NonPositive }
    }

    /// As IR text and logs write it after a type: nothing, ` >= 0` or ` <= 0`.
    pub fn suffix(self) -> &'static str {
        match self {
            Sign::Any => "",
            Sign::NonNegative => " >= 0",
            Sign::NonPositive => " <= 0",
        }
    }
}

/// A unit of compilation: a *region*, which the engine enters on a frame of the interpreter and which goes on until it
/// leaves, or a *method*, which is called and returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// A name for people: `main@2`.
    pub name: String,
    /// The bytecode function.
    pub function: u32,
    /// Where the interpreter enters.
    pub entry_pc: u32,
    /// What it takes on entry; parallel to the parameters of block 0.
    pub inputs: Vec<Input>,
    /// The type of what a method returns; `None` for a region.
    pub result: Option<Type>,
    /// The blocks; 0 is the entry. A block that nothing reaches may stay: it is ignored.
    pub blocks: Vec<BlockData>,
    /// The type of each value.
    pub types: Vec<Type>,
    /// The frame states.
    pub states: Vec<FrameState>,
    /// The call sites.
    pub calls: Vec<CallSite>,
}

impl Function {
    /// An empty function.
    pub fn new(name: String, function: u32, entry_pc: u32) -> Function {
        Function {
            name,
            function,
            entry_pc,
            inputs: Vec::new(),
            result: None,
            blocks: Vec::new(),
            types: Vec::new(),
            states: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// A new value of this type, not yet defined.
    pub fn new_value(&mut self, ty: Type) -> Value {
        self.types.push(ty);
        Value(self.types.len() as u32 - 1)
    }

    /// A new block without parameters, that leaves until it is given another end.
    pub fn new_block(&mut self, origin: Origin) -> Block {
        let end = Terminator::Exit { reason: ExitReason::Unreached, state: StateId(u32::MAX) };
        self.blocks.push(BlockData { params: Vec::new(), insts: Vec::new(), end, origin });
        Block(self.blocks.len() as u32 - 1)
    }

    /// Gives a block one more parameter.
    pub fn add_param(&mut self, block: Block, ty: Type) -> Value {
        let value = self.new_value(ty);
        self.blocks[block.index()].params.push(value);
        value
    }

    /// A new frame state.
    pub fn new_state(&mut self, state: FrameState) -> StateId {
        self.states.push(state);
        StateId(self.states.len() as u32 - 1)
    }

    /// A frame state, its callers included, with other values; itself if none changes. `made` remembers what became of states.
    pub(crate) fn rename_state(
        &mut self,
        state: StateId,
        made: &mut FxHashMap<StateId, StateId>,
        new: impl Fn(Value) -> Option<Value>,
    ) -> StateId {
        let mut chain = Vec::new();
        let mut at = Some(state);
        let mut caller = None;
        while let Some(id) = at {
            if let Some(&known) = made.get(&id) {
                caller = Some(known);
                break;
            }
            chain.push(id);
            at = self.states[id.index()].caller;
        }
        for &id in chain.iter().rev() {
            let frame = &self.states[id.index()];
            let changes = frame.caller != caller || frame.values().any(|value| new(value).is_some());
            let to = if changes {
                let mut frame = frame.clone();
                frame.caller = caller;
                for value in frame.values_mut() {
                    *value = new(*value).unwrap_or(*value);
                }
                self.new_state(frame)
            } else {
                id
            };
            made.insert(id, to);
            caller = Some(to);
        }
        caller.unwrap_or(state)
    }

    /// Appends an instruction to a block; gives the value it defines.
    pub fn append(
        &mut self,
        block: Block,
        op: Opcode,
        args: &[Value],
        imm: Imm,
        state: Option<StateId>,
        origin: Origin,
    ) -> Option<Value> {
        debug_assert_eq!(args.len(), op.operands().len());
        debug_assert!(op.imm_matches(imm) && op != Opcode::Call);
        debug_assert_eq!(state.is_some(), op.exit_reason().is_some());
        let result = op.result().map(|ty| self.new_value(ty));
        let mut all = [Value(0); 3];
        all[..args.len()].copy_from_slice(args);
        self.blocks[block.index()].insts.push(Inst { op, args: all, imm, state, result, origin });
        result
    }

    /// Appends a call to a block; gives its result.
    pub fn append_call(
        &mut self,
        block: Block,
        call: CallSite,
        result: Type,
        state: StateId,
        origin: Origin,
    ) -> Value {
        self.calls.push(call);
        let imm = Imm::Call(CallId(self.calls.len() as u32 - 1));
        let value = self.new_value(result);
        let (args, state, result) = ([Value(0); 3], Some(state), Some(value));
        self.blocks[block.index()].insts.push(Inst { op: Opcode::Call, args, imm, state, result, origin });
        value
    }

    /// The operands of an instruction, those of a call included.
    pub fn args<'a>(&'a self, inst: &'a Inst) -> &'a [Value] {
        match inst.imm {
            Imm::Call(id) => self.calls.get(id.index()).map_or(&[], |call| &call.args),
            _ => inst.args(),
        }
    }

    /// How many instructions there are in all blocks, without the blocks' ends.
    pub fn inst_count(&self) -> usize {
        self.blocks.iter().map(|block| block.insts.len()).sum()
    }

    /// Whether it makes calls active, native or inlined ones, so that the depth of calls matters to it.
    pub fn needs_depth(&self) -> bool {
        let calls = |inst: &Inst| matches!(inst.op, Opcode::Call | Opcode::CheckDepth);
        self.blocks.iter().any(|block| block.insts.iter().any(calls))
    }

    /// The type of a value.
    #[inline]
    pub fn ty(&self, value: Value) -> Type {
        self.types[value.index()]
    }
}
