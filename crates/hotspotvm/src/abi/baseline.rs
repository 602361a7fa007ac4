//! What baseline code and those around it agree on: its context, its table of functions, how it hands over.

use super::vm::Frame;
use runtime::Value;
use std::ffi::c_void;

/// What baseline code works with. Its fields are found by offset; see [`crate::compile::baseline::stubs`].
#[repr(C)]
#[derive(Debug)]
pub struct BaselineContext {
    /// Fuel left and rounds made, packed.
    pub fuel: i64,
    /// The locals of the current call.
    pub base: *mut u64,
    /// Where it left.
    pub left_pc: u64,
    /// In which function and how: the function times 256, plus the number of a [`BaselineExit`].
    pub left_hand: u64,
    /// Where the engine wants to go on.
    pub target: u64,
    /// The entry code of that function.
    pub resume: u64,
    /// The calls that wait: the first, one past the last, and where there is no room for another.
    pub frames: *mut Frame,
    /// See `frames`.
    pub frames_top: *mut Frame,
    /// See `frames`.
    pub frames_end: *mut Frame,
    /// The end of the stack of values.
    pub stack_end: *mut u64,
    /// The table of functions.
    pub functions: *const FunctionEntry,
    /// The program's globals.
    pub globals: *mut Value,
    /// Constants that instructions compare with.
    pub false_bits: u64,
    /// See `false_bits`.
    pub true_bits: u64,
    /// See `false_bits`.
    pub max_float: u64,
    /// The int to be boxed, then its box; or the other way round.
    pub box_value: u64,
    /// Whether there was an int in the box.
    pub unboxed: u64,
    /// Registers while a slow path runs.
    pub spill: [u64; 16],
    /// See `spill`.
    pub spill_float: [f64; 16],
    /// Shared code.
    pub leave_stub: u64,
    /// See `leave_stub`.
    pub refund_stub: u64,
    /// See `leave_stub`.
    pub step_stub: u64,
    /// See `leave_stub`.
    pub truth_stub: u64,
    /// See `leave_stub`.
    pub box_stub: u64,
    /// See `leave_stub`.
    pub unbox_stub: u64,
    /// Executes the instruction at a pc of a function; 0 if the program goes on.
    pub step_routine: extern "sysv64" fn(*mut BaselineContext, u64, u64) -> u32,
    /// Whether a value that an instruction tests counts as true.
    pub truth_routine: extern "sysv64" fn(*mut BaselineContext, u64, u64, u64) -> u32,
    /// Boxes an int.
    pub box_routine: extern "sysv64" fn(*mut BaselineContext, i64) -> u64,
    /// Unboxes an int of up to 64 bits, and says whether it was one.
    pub unbox_routine: extern "sysv64" fn(*mut BaselineContext, u64) -> i64,
    /// The engine's own.
    pub user: *mut c_void,
}

/// What baseline code finds of a function in the table of functions. Code contains no addresses, so that it is the same in
/// every run, and can be placed anywhere.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FunctionEntry {
    /// Where a call to it goes. (First, since calls use it most.)
    pub code: u64,
    /// Its profile's sites.
    pub sites: u64,
    /// Its instructions, with their feedback.
    pub cells: u64,
}

/// Machine code of a function.
#[derive(Debug)]
pub struct BaselineCode {
    /// The code.
    pub bytes: Vec<u8>,
    /// Where calls from compiled code enter.
    pub entry: u32,
    /// Where the engine enters, with the place to go on in the context.
    pub resume: u32,
    /// Where each block starts: pc and offset, in order of pc.
    pub blocks: Vec<(u32, u32)>,
    /// Where the code of each instruction starts, by offset: only if that was asked for. `None`: from there on it is of none.
    pub places: Vec<(u32, Option<u32>)>,
    /// How many bytecode instructions it covers.
    pub instructions: u32,
}

/// Where each stub starts.
#[derive(Clone, Copy, Debug)]
pub struct Stubs {
    /// The way in: a function of the context.
    pub enter: u32,
    /// The way out.
    pub leave: u32,
    /// The same from a charge that the slice did not cover, which is taken back.
    pub refund: u32,
    /// Has the interpreter execute the instruction at the pc in `rsi` of the function in `rdx`; called by what a slow path calls.
    pub step: u32,
    /// Whether a value counts as true.
    pub truth: u32,
    /// Boxes an int beyond 48 bits; changes no register.
    pub box_int: u32,
    /// Unboxes an int on the heap; changes no register.
    pub unbox: u32,
    /// Where a call to a function without baseline code goes.
    pub interpret: u32,
}

/// How baseline code hands over to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BaselineExit {
    /// The interpreter executes the instruction at the pc.
    Execute,
    /// The same, because the result of a slow path was of another kind than the code after it assumes.
    Unexpected,
    /// Control is on its way to the pc by a forward transfer, and the slice does not cover the run there.
    Slice,
    /// The same by a backward jump.
    SliceBackEdge,
    /// The same by a call.
    SliceCall,
    /// Control has arrived at the pc by a backward jump, and a trigger was reached.
    LoopTrigger,
    /// The same at a function's entry by a call.
    EntryTrigger,
    /// Control is on its way to a function's entry by a call: the frame is there, its locals are not.
    Call,
    /// The program stops; the state says why.
    Stopped,
}

impl BaselineExit {
    /// All ways in the order of their numbers.
    pub const ALL: [BaselineExit; 9] = [
        BaselineExit::Execute,
        BaselineExit::Unexpected,
        BaselineExit::Slice,
        BaselineExit::SliceBackEdge,
        BaselineExit::SliceCall,
        BaselineExit::LoopTrigger,
        BaselineExit::EntryTrigger,
        BaselineExit::Call,
        BaselineExit::Stopped,
    ];
}
