//! What all stages call things: places in the bytecode that can be compiled.

/// How control arrives at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arriving {
    /// By a backward jump.
    Loop,
    /// By a call.
    Entry,
}

/// A place that can get hot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaceKey {
    /// The function.
    pub function: u32,
    /// The instruction.
    pub pc: u32,
    /// How control arrives.
    pub arriving: Arriving,
}
