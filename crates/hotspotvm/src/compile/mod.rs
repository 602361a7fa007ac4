//! **Stage 3, compile:** from hot bytecode and its profile to machine code.
//!
//! `baseline` does it in one pass. For the optimizing tier `builder` builds IR along `region`s, `method`s and `inline`d
//! calls, `ir::opt` improves it, `codegen` lowers it; `background` has that done on another thread. All are
//! deterministic: the same bytecode, profile and input types give the same bytes.

pub mod background;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod baseline;
pub mod builder;
pub mod driver;
pub mod inline;
pub mod lies;
pub mod method;
pub mod region;
pub mod trace;
