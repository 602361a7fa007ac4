//! The explorer: what a JIT did in one run, as one page that opens from disk.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`: the engine's caller fills a [`Report`], and
//! [`page`] makes it a file. Nothing here knows the engine.

#![forbid(unsafe_code)]

mod page;
pub mod report;

pub use page::{SHELL, page, write_page};
pub use report::Report;
