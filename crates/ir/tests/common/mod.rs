//! What the IR's tests share: a generator of random functions and an evaluator with ints of any size.
#![allow(dead_code, clippy::unwrap_used)]

pub mod generate;
pub mod wide;
