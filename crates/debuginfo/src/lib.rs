//! Tells perf and gdb the names and lines of machine code that was made at run time.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`: whoever listens to what *cache*
//! installs hands it on. It knows nothing of the engine.
//!
//! - [`perf::Map`]: the file `perf-PID.map`, by which `perf report` and samply find names. Text, one line for each piece of code.
//! - [`jitdump::Dump`]: the file `jit-PID.dump`, which has the code itself and its lines too, each with the time from which on it
//!   lay there: for `perf inject --jit`. Binary.
//! - [`elf::object`]: an object file in memory that describes one piece of code: a symbol, and a table of lines.
//! - [`gdb::Registered`]: gives such an object to a debugger that watches this process.
//!
//! Invariants: unsafe code is in [`gdb`] and [`jitdump`] alone, and runs only when somebody registers or dumps something.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod elf;
pub mod gdb;
pub mod jitdump;
pub mod perf;

/// A piece of machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its name, as tools show it.
    pub name: String,
    /// Where it lies.
    pub address: u64,
    /// How many bytes it has.
    pub size: u64,
    /// The file that its lines are of; empty if it has none.
    pub file: String,
    /// From which offset on it comes from which line, counted from 1, in ascending order.
    pub lines: Vec<(u32, u32)>,
}
