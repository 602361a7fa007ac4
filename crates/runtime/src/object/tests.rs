//! Lists, tuples, ranges, slices and iterators against CPython.
//!
//! A case is a small program: what Python executes is its text, what happens here is the same operations one by one.

#![allow(clippy::unwrap_used)]

use super::oracle::{Cases, Py, encode, outcome};
use super::test_context::TestContext;
use super::{Fault, Outcome, binary, method, routine, unary};
use crate::value::Value;
use bytecode::{BinOp, Builtin1, Builtin2, CallForm, Routine, UnOp};
