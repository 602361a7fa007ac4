//! How the run time represents boxed values, as data.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is an input of *compile*: the
//! engine hands it in, so that the code generator need not know the run time.
//!
//! Invariant: a boxed value is 64 bits, and its kind can be told from the facts below alone, except for ints too large
//! to be small, which a routine of the run time unboxes.

use ir::Shape;

/// How values of any type are held in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueLayout {
    /// The upper 16 bits of a small int. Its lower 48 bits are its two's complement.
    pub int_tag: u16,
    /// `False`. Even.
    pub false_bits: u64,
    /// `True`: [`false_bits`](Self::false_bits) with the lowest bit set.
    pub true_bits: u64,
    /// A boxed value is a float exactly if it is at most this, compared unsigned. The bits are then the float's own.
    pub max_float_bits: u64,
    /// A reference to an object of the region is this plus the object's index, which is below 2<sup>30</sup>.
    pub reference: u64,
    /// A reference to an int that needs more than 48 bits is this plus a number below 2<sup>31</sup>.
    pub large_int: u64,
    /// The lower half of the header of an object of each shape, in the order of [`ir::Shape::ALL`]: of the word before its slots.
    pub headers: [u32; Shape::ALL.len()],
    /// What a routine of the run time answers instead of a value to say that the interpreter has to do it.
    pub refused: u64,
}
