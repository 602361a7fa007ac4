//! What all tiers share: values, numbers, the heap, errors, standard streams.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this crate is the ground that *execute*
//! stands on: the interpreter and compiled code call the same functions here, which is why they agree.

#![forbid(unsafe_code)]

pub mod error;
pub mod heap;
pub mod io;
pub mod num;
pub mod object;
pub mod store;
pub mod value;

pub use error::{LimitKind, Place, Stop, StopKind};
pub use heap::{Found, GivenUp, Heap, HeapFull, Leaf, Object};
pub use io::Io;
pub use store::Store;
pub use value::{Unpacked, Value};
