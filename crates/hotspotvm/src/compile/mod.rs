//! **Stage 3, compile:** from a hot region and its profile to machine code.
//!
//! `region` builds IR, `ir::opt` improves it, `codegen` lowers it. All three are deterministic: the same bytecode, profile and input types give the
//! same bytes.

pub mod background;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod baseline;
pub mod driver;
pub mod method;
pub mod region;
