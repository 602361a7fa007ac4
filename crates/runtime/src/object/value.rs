//! What all values have: equality, order, hash, text.
//!
//! All of it is metered and without effects. Containers within containers are walked with a stack of our own and not with the
//! host's, to a depth at which CPython gives up too.

mod compare;
mod hash;
mod text;

pub use compare::{compare, contains, equal, identical};
pub(super) use compare::{equal_keys, equal_operands};
pub(super) use hash::{combine, hash_operand};
pub use hash::{hash, hash_bytes, hash_int};
pub use text::{ascii, describe, repr, text, write_ascii, write_repr, write_str};

use super::{Kind, bytes, exception, list, range, view};
use crate::heap::Object;
use crate::store::Store;
use crate::value::Value;

/// How many containers within containers are compared or written, at the most. (CPython counts the calls that are active as
/// well.)
const DEEPEST: u32 = 999;

/// The elements of a list or tuple, the three values of a slice; of a range, what is written.
pub(super) fn elements(store: &Store, kind: Kind, object: Object) -> &[Value] {
    match kind {
        Kind::List => list::elements(store, object),
        Kind::Range => range::shown(store, object),
        Kind::Exception => exception::args_of(store, object),
        _ => store.heap.slots(object),
    }
}

/// How many elements an object has; `None` if it has no length.
pub fn len(store: &Store, kind: Kind, object: Object) -> Option<usize> {
    Some(match kind {
        Kind::List | Kind::Tuple => elements(store, kind, object).len(),
        Kind::Dict | Kind::Set | Kind::Frozenset => view::len(store, kind, object),
        Kind::Bytes | Kind::Bytearray => bytes::len(store, object),
        _ if view::is_view(kind) => view::len(store, kind, object),
        _ => return None,
    })
}
