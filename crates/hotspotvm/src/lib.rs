//! HotspotVM: a stack-based virtual machine with a just-in-time compiler whose every decision can be seen.
//!
//! The crate is one sentence: `profile -> detect -> compile -> cache -> execute -> deoptimise`. Each word is a module,
//! private to the crate as all that could run code is; [`Engine`] is the loop that goes through them; [`event`] is what
//! can be seen of it.
//!
//! ```
//! use hotspotvm::{Engine, Io, Options, bytecode};
//!
//! let source = "func main(n)\nagain: load_local n\n jump_if_zero done\n load_local n\n push 1\n sub\n store_local n\n jump again\ndone: load_local n\n ret\n";
//! let program = bytecode::asm::assemble("countdown.hasm", source).expect("it is well written");
//! let program = bytecode::verify(program).expect("it is well formed");
//! let arguments = [hotspotvm::Output::Int(10_000)];
//! let outcome = Engine::new(Options::default()).run(program.into(), &arguments, Io::none());
//! assert!(matches!(outcome.result, Ok(hotspotvm::Output::Int(0))));
//! assert_eq!(outcome.stats.jit_iterations, 9_990);
//! ```

//!
//! # Stack of the host
//!
//! However deep a program recurses, [`Engine::run`] needs less than 512 KiB of the calling thread's stack: frames of
//! the program are on the heap, and native calls take at most [`codegen::NATIVE_STACK`] bytes together. The main thread
//! of a process has that, and so do threads that Rust starts, unless they are told to have less.

#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod cache;
pub mod code;
mod compile;
mod deopt;
mod detect;
mod engine;
pub mod event;
mod execute;
mod ids;
#[cfg(feature = "internals")]
pub mod internals;
pub mod options;
mod profile;
pub mod reason;
pub mod samples;
pub mod stats;

pub use bytecode;
pub use engine::{CodeHere, Counter, Engine, Go, Moment, Outcome, Paused, Standing, Variable};
pub use event::{Event, Listing, LogEntry, MachinePart, Spot, UnitKind};
pub use ir::ExitReason;
pub use options::{Cancel, Limits, Options, Passes, Strategy, Stress, Tier, pass_names};
pub use profile::Executed;
pub use reason::Reason;
pub use runtime;
pub use runtime::num::Output;
pub use runtime::{Io, LimitKind, Place, Stop, StopKind};
pub use stats::{FunctionCounts, InstructionCounts, PlaceKind, PlaceStats, Stats, UnitStats};
