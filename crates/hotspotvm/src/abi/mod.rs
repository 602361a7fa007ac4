//! What the stages share about a running program and about machine code: data and its layout, no decisions.
//!
//! Compilers emit code against these layouts, the cache keeps what they made, and execution runs it; none of the three
//! needs to know another's insides.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod baseline;
pub mod fusion;
pub mod interrupts;
pub mod links;
pub mod region;
pub mod values;
pub mod vm;
