//! **Stage 5, execute:** the interpreter, and the way into compiled code and back.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub mod baseline;
pub mod interpreter;
pub mod native;
mod panics;
pub mod slow;
mod step;
pub mod unwind;
