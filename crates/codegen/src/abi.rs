//! What compiled code and the engine agree on: the context, the routines, the way fuel is packed.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is the border between *compile*
//! and *execute*.
//!
//! - Compiled code is an [`Entry`]: it takes a context and answers the number of the exit by which it left, an index into
//!   [`CodeUnit::exits`](crate::CodeUnit::exits). It never unwinds and never traps.
//! - It reaches everything outside through the context, so its bytes hold no addresses.
//! - [`NativeContext::fuel`] is up to date whenever control is outside compiled code, except in
//!   [`Routines::truth`], [`Routines::box_int`] and [`Routines::unbox_int`], which must not touch it.
//! - While compiled code runs, live values are in registers where nobody can find them, so a routine must not move or free
//!   anything that a value refers to. [`NativeContext::slots`] keeps the inputs and no routine may write to it.

use std::ffi::c_void;

/// The signature of compiled code. The result is the number of the exit.
pub type Entry = unsafe extern "C" fn(*mut NativeContext) -> u32;

/// What compiled code gets from the engine on entry, and gives back.
#[repr(C)]
#[derive(Debug)]
pub struct NativeContext {
    /// Fuel left and rounds made, as [`pack_fuel`] packs them.
    pub fuel: i64,
    /// The transfer buffer, at least [`CodeUnit::slots`](crate::CodeUnit::slots) long: inputs on entry, live values on exit.
    pub slots: *mut u64,
    /// The program's globals, boxed.
    pub globals: *mut u64,
    /// Where [`Routines::unbox_int`] leaves its int, as its two's complement.
    pub scratch: u64,
    /// The routines of the run time.
    pub routines: Routines,
    /// The engine's own; compiled code never looks at it.
    pub user: *mut c_void,
}

/// The routines of the run time that compiled code calls. None of them may unwind.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Routines {
    /// The binary operation with this [`number`](ir::BinOp::number) on two boxed values, or
    /// [`refused`](crate::ValueLayout::refused). It may charge [`NativeContext::fuel`].
    pub binary: extern "C" fn(ctx: *mut NativeContext, op: u32, a: u64, b: u64) -> u64,
    /// The unary operation at this position of [`UnOp::ALL`](ir::UnOp::ALL) on a boxed value, or
    /// [`refused`](crate::ValueLayout::refused). It may charge [`NativeContext::fuel`].
    pub unary: extern "C" fn(ctx: *mut NativeContext, op: u32, a: u64) -> u64,
    /// Whether a boxed value counts as true: 1 or 0.
    pub truth: extern "C" fn(ctx: *mut NativeContext, a: u64) -> u32,
    /// Boxes an int; called only for ints beyond 48 bits.
    pub box_int: extern "C" fn(ctx: *mut NativeContext, a: i64) -> u64,
    /// 1 with the int in [`NativeContext::scratch`], or 0 if the value is not an int of 64 bits; called only for values
    /// that are not small ints.
    pub unbox_int: extern "C" fn(ctx: *mut NativeContext, a: u64) -> u32,
    /// Writes a value and a line feed: 1, or 0 if the interpreter has to do it. It may charge [`NativeContext::fuel`].
    pub print: extern "C" fn(ctx: *mut NativeContext, a: u64) -> u32,
    /// Writes a character: 1, or 0 if the interpreter has to do it. It may charge [`NativeContext::fuel`].
    pub print_char: extern "C" fn(ctx: *mut NativeContext, a: u64) -> u32,
    /// Reads a line as a boxed value, or [`refused`](crate::ValueLayout::refused). It may charge
    /// [`NativeContext::fuel`].
    pub input: extern "C" fn(ctx: *mut NativeContext) -> u64,
}

/// How many low bits of packed fuel count rounds; the fuel left stands above them.
///
/// With both in one word, one subtraction charges fuel and counts a round. 21 bits are enough because a slice is
/// below 2<sup>20</sup> units of fuel and every round costs at least one.
pub const FUEL_SHIFT: u32 = 21;

/// The most fuel that a slice can hold.
pub const MAX_SLICE: i64 = (1 << 20) - 1;

/// Packs a slice of fuel with no rounds made yet. A slice outside 0 to [`MAX_SLICE`] is brought to the nearer end.
#[inline]
pub fn pack_fuel(slice: i64) -> i64 {
    slice.clamp(0, MAX_SLICE) << FUEL_SHIFT
}

/// The fuel left of a slice, and the rounds made since it was packed.
#[inline]
pub fn unpack_fuel(packed: i64) -> (i64, u64) {
    (packed >> FUEL_SHIFT, (packed & ((1 << FUEL_SHIFT) - 1)) as u64)
}

/// What one charge takes from packed fuel: a round is counted by taking one less.
#[inline]
pub fn packed_cost(cost: u32, back_edge: bool) -> i64 {
    (i64::from(cost) << FUEL_SHIFT) - i64::from(back_edge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_takes_fuel_and_counts_a_round() {
        let fuel = pack_fuel(100) - packed_cost(7, true) - packed_cost(3, true) - packed_cost(1, false);
        assert_eq!(unpack_fuel(fuel), (89, 2));
        assert!(pack_fuel(6) - packed_cost(7, true) < 0);
        assert!(pack_fuel(7) - packed_cost(7, true) >= 0);
    }

    #[test]
    fn slices_out_of_range_are_clamped() {
        assert_eq!(unpack_fuel(pack_fuel(-5)), (0, 0));
        assert_eq!(unpack_fuel(pack_fuel(i64::MAX)), (MAX_SLICE, 0));
    }
}
