//! The shapes of objects that meanings know from inside, and what stands in their slots.
//!
//! It stands beside the opcode table, before `profile -> detect -> compile -> cache -> execute -> deoptimise`. The run time lays objects out
//! as it is written here; all other objects are its own business.

/// What an object is, and so what its slots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Shape {
    /// A list: how many elements it has, and a storage that has room for them, or `none`.
    List,
    /// An iterator over a list: the list, where to look next, and where it looked last.
    ListIterator,
    /// A tuple: its elements.
    Tuple,
}

impl Shape {
    /// All shapes.
    pub const ALL: [Shape; 3] = [Shape::List, Shape::ListIterator, Shape::Tuple];

    /// The name in IR text.
    pub fn name(self) -> &'static str {
        match self {
            Shape::List => "list",
            Shape::ListIterator => "list_iterator",
            Shape::Tuple => "tuple",
        }
    }
}

/// The slots of a list.
pub mod list {
    /// Counts the elements.
    pub const LEN: u32 = 0;
    /// The storage with the elements; `none` where there never was one.
    pub const STORAGE: u32 = 1;
    /// How many slots there are.
    pub const SLOTS: u32 = 2;
}

/// The slots of an iterator over a list.
pub mod list_iterator {
    /// The list.
    pub const SOURCE: u32 = 0;
    /// Where to look next.
    pub const AT: u32 = 1;
    /// Where it looked last.
    pub const LAST: u32 = 2;
    /// How many slots there are.
    pub const SLOTS: u32 = 3;
    /// Where to look next when it has come to the end once: no list is so long.
    pub const EXHAUSTED: i64 = 1 << 46;
}
