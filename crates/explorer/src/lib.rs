//! The explorer: what a JIT did in one run, as one page that opens from disk.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`: the engine's caller fills a [`Report`], and the
//! page shows it. Nothing here knows the engine.

#![forbid(unsafe_code)]

pub mod report;

pub use report::Report;
