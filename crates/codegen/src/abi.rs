//! What compiled code and the engine agree on: the context, the routines, the way fuel is packed.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is the border between *compile*
//! and *execute*.
//!
//! - Compiled code is an [`Entry`]: it takes a context and answers the number of the exit by which it left, an index into
//!   [`CodeUnit::exits`](crate::CodeUnit::exits), or [`RETURNED`] or [`LEFT`]. It never unwinds and never traps.
//! - Methods call each other through [`NativeContext::links`], which is data: code is never changed to link or unlink.
//! - When a callee leaves, its callers leave as well, each after having written its own exit behind that of its callee; so
//!   the native stack is empty again and [`exit_chain`](crate::exit_chain) finds all exits in the buffer.
//! - It reaches everything outside through the context, so its bytes hold no addresses.
//! - [`NativeContext::fuel`] is up to date whenever control is outside compiled code, except in
//!   [`Routines::truth`], [`Routines::box_int`] and [`Routines::unbox_int`], which must not touch it.
//! - While compiled code runs, live values are in registers where nobody can find them, so a routine must not move or free
//!   anything that a value refers to. The transfer buffer keeps the inputs and no routine may write to it.

use std::ffi::c_void;

/// The signature of compiled code as the engine enters it. The result is the number of the exit, [`RETURNED`] or [`LEFT`].
pub type Entry = unsafe extern "C" fn(*mut NativeContext) -> u32;

/// A method's entry answers that it has returned; the result is the first word of [`NativeContext::slots`], held as inputs are.
pub const RETURNED: u32 = u32::MAX;

/// A method's entry answers that it has left; all exits are in the transfer buffer.
pub const LEFT: u32 = u32::MAX - 1;

/// Methods that need more of the host's stack than this for one activation, in bytes, are refused.
pub const MAX_METHOD_FRAME: u32 = 512;

/// How many bytes of the host's stack activations of methods may take together: a thread with half a megabyte has as
/// much again for the rest, which is a region or an entry below them (which
/// [`CodegenError::TooLarge`](crate::CodegenError::TooLarge) bounds too) and at most one routine of the run time above.
pub const NATIVE_STACK: u32 = 264 << 10;

/// The most that [`NativeContext::depth_left`] may be on entry, whatever the size of frames: the transfer buffer has
/// room for an exit of each.
const MAX_NATIVE_DEPTH: u32 = 4096;

/// The most that [`NativeContext::depth_left`] may be on entry if no method needs more than so many bytes for one
/// activation ([`CodeUnit::frame_bytes`](crate::CodeUnit::frame_bytes)). Then the native stack needs no looking at: a
/// chain of calls has at most one activation more. The depth counts inlined calls too, so there are rather fewer.
pub fn native_depth(frame_bytes: u32) -> u32 {
    // What the call pushes, and the frame pointer.
    const PUSHED: u32 = 16;
    (NATIVE_STACK / (frame_bytes + PUSHED)).saturating_sub(1).min(MAX_NATIVE_DEPTH)
}

/// The most words that one exit of a method may write into the transfer buffer, its trailer included.
pub const MAX_METHOD_WORDS: u32 = 256;

/// The word by which a method ends what its exit writes into the transfer buffer.
#[inline]
pub(crate) fn trailer(unit: u32, exit: u32) -> u64 {
    u64::from(unit) << 32 | u64::from(exit)
}

/// The unit and the exit that a trailer names.
#[inline]
pub(crate) fn read_trailer(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

/// What compiled code gets from the engine on entry, and gives back.
#[repr(C)]
#[derive(Debug)]
pub struct NativeContext {
    /// Fuel left and rounds made, as [`pack_fuel`] packs them. Never negative, whoever charges.
    pub fuel: i64,
    /// The unit's inputs, in order. They stay as they are.
    pub inputs: *const u64,
    /// Where the next exit writes: behind the inputs on entry; each method that leaves moves it behind what it has
    /// written. There must be room for [`CodeUnit::slots`](crate::CodeUnit::slots) of the unit entered and, if it
    /// calls, for those of [`depth_left`](Self::depth_left) more methods, the largest ones.
    pub slots: *mut u64,
    /// The links: for each the [direct entry](crate::CodeUnit::direct_entry) of the method to call, or null if there is none. All
    /// that units call by must be there. May change whenever no compiled code runs.
    pub links: *const *const c_void,
    /// How many more calls may be active: at most what [`native_depth`] says, and no more than the interpreter, which gets their
    /// frames if one leaves, has room for. Compiled code does not change it.
    pub depth_left: i64,
    /// The program's globals, boxed.
    pub globals: *mut u64,
    /// Where the heap's region starts; what a unit needs it for is not entered without one. Behind it lies as much memory as a
    /// reference and the place of an element reach together, with as many slots as objects with names for theirs have.
    pub region: *mut u64,
    /// Where the arguments of a routine are put: room for as many as a bytecode instruction takes.
    pub arguments: *mut u64,
    /// The counters of arrivals: those that units name must be there.
    pub counts: *mut u64,
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
    /// The unary operation with this [`number`](ir::UnOp::number) on a boxed value, or
    /// [`refused`](crate::ValueLayout::refused). It may charge [`NativeContext::fuel`].
    pub unary: extern "C" fn(ctx: *mut NativeContext, op: u32, a: u64) -> u64,
    /// The routine with this number on so many values at [`NativeContext::arguments`], with the argument of the bytecode's
    /// instruction; or [`refused`](crate::ValueLayout::refused). It may charge [`NativeContext::fuel`].
    pub routine: extern "C" fn(ctx: *mut NativeContext, number: u32, inputs: u32, detail: u32) -> u64,
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
pub fn packed_cost(cost: u32, rounds: u32) -> i64 {
    (i64::from(cost) << FUEL_SHIFT) - i64::from(rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_takes_fuel_and_counts_a_round() {
        let fuel = pack_fuel(100) - packed_cost(7, 1) - packed_cost(3, 1) - packed_cost(1, 0);
        assert_eq!(unpack_fuel(fuel), (89, 2));
        assert!(pack_fuel(6) - packed_cost(7, 1) < 0);
        assert!(pack_fuel(7) - packed_cost(7, 1) >= 0);
    }

    #[test]
    fn slices_out_of_range_are_clamped() {
        assert_eq!(unpack_fuel(pack_fuel(-5)), (0, 0));
        assert_eq!(unpack_fuel(pack_fuel(i64::MAX)), (MAX_SLICE, 0));
    }
}
