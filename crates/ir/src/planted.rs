//! Planted bugs: wrong code on purpose, to show that the tests find it.
//!
//! Stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise`. With the feature `planted`,
//! which only a test turns on, `plant` chooses one bug of [`Bug::ALL`], and the place that has it asks [`is`]. Without
//! the feature [`is`] is the constant `false`, and the compiled program is the same as if nobody asked.
//!
//! A bug is one line at the place where somebody might really get it wrong; here is what each does. `cargo test
//! --release -p hotspotvm-filetests --features planted --test planted -- --nocapture` says after how many programs each
//! is found.

macro_rules! bugs {
    ($($(#[doc = $doc:literal])+ $bug:ident $name:literal,)+) => {
        /// What can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Bug {
            $($(#[doc = $doc])+ $bug,)+
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Bug] = &[$(Bug::$bug,)+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Bug::$bug => $name,)+
                }
            }
        }
    };
}

bugs! {
    /// Value numbering merges reads of a global across a write of it.
    GvnAcrossStore "gvn-across-store",
    /// Value numbering merges reads of a global across a call, which may write it.
    GvnAcrossCall "gvn-across-call",
    /// What a global holds is thought to be known behind a call.
    GlobalsPastCall "globals-past-call",
    /// Reads of globals are moved out of loops that make calls.
    LicmPastCall "licm-past-call",
    /// A guard is moved out of a loop past a write or output: leaving there does that again.
    LicmPastEffect "licm-past-effect",
    /// The frame state of a guard that is moved out of a loop names another variable's value on entry.
    LicmState "licm-state",
    /// A boxed parameter is unboxed because of a guard that does not dominate the edge.
    GuardNotDominating "guard-not-dominating",
    /// `x % -8` is computed as `x % 8`.
    FoldModNegative "fold-mod-negative",
    /// `x + 0.0` is taken for `x`, which it is not for `-0.0`.
    FoldNegativeZero "fold-negative-zero",
    /// `not (x < y)` is taken for `x >= y`, which it is not for NaN.
    FoldNanCompare "fold-nan-compare",
    /// Range analysis takes `x <= y` for `x < y`.
    RangesLimit "ranges-limit",
    /// Range analysis takes -1 for an int that is not negative where it is divided.
    RangesSign "ranges-sign",
    /// Range analysis takes ints up to 2**54 for exact floats.
    RangesExact "ranges-exact",
    /// An operation that may raise an error is removed if nobody uses its result.
    DeadError "dead-error",
    /// What was charged ahead is not given back by exits.
    ChargeNotAhead "charge-not-ahead",
    /// What was charged ahead is not given back where control leaves a loop.
    ChargeNotRefunded "charge-not-refunded",
    /// Where a branch has become selects, they select what the other side gives.
    SelectSwapped "select-swapped",
    /// Where a branch has become selects, the wrong side gets back what it did not need.
    RefundOtherSide "refund-other-side",
    /// Where a branch has become selects, what may overflow on one side leaves on the other one too.
    NotMasked "not-masked",
    /// An exit names the wrapped result of an addition instead of the operand that it has overwritten.
    UndoMissing "undo-missing",
    /// The limit of an addition of a constant is off by one.
    OverflowLimit "overflow-limit",
    /// The check of the depth of calls asks for one too few.
    DepthOneTooFew "depth-one-too-few",
    /// Of two ways that join, one that has looked at the depth of calls is taken for both.
    DepthAtJoin "depth-at-join",
    /// The frame that waits for a callee which has left keeps the arguments.
    WaitingKeepsArguments "waiting-keeps-arguments",
    /// The frame that waits for an inlined call goes on at the call.
    InlinedExitPc "inlined-exit-pc",
    /// Inlined calls are not charged.
    InlinedCallFree "inlined-call-free",
    /// A trace goes back to its anchor with one local as it was on entry.
    TraceStaleLocal "trace-stale-local",
    /// Code that assumes a sign is entered without looking at it.
    SignNotChecked "sign-not-checked",
    /// An int that a method returns to the engine is taken for a float.
    ResultAsFloat "result-as-float",
    /// Code is entered with one more call allowed than the limit allows.
    DepthOneTooMany "depth-one-too-many",
    /// Where a branch has become selects, both sides count that control was there.
    CountOfBothSides "count-of-both-sides",
    /// Copies of a loop's blocks do not count that control was there.
    CountNotCopied "count-not-copied",
    /// The magnitude of the least int is the least int.
    AbsOfLeast "abs-of-least",
    /// Range analysis takes the greatest int of an interval for the greatest magnitude.
    RangesAbs "ranges-abs",
    /// Negative floats have square roots: what is no number.
    RootOfNegative "root-of-negative",
    /// Floats up to 2**64 become ints, the greatest or least one at the worst.
    IntOfLarge "int-of-large",
    /// The floor of a float is what is left without its decimals.
    FloorCutsOff "floor-cuts-off",
    /// Every index leads to an element.
    IndexUnchecked "index-unchecked",
    /// Every object is of the shape that was seen.
    ShapeUnchecked "shape-unchecked",
    /// An int that is on the heap is put into a slot for nothing.
    StoreForNothing "store-for-nothing",
    /// Value numbering merges reads of a slot across a write of it.
    GvnAcrossSlot "gvn-across-slot",
    /// Reads of slots are moved out of loops that write them.
    LicmPastSlot "licm-past-slot",
    /// A list that has been appended to is as long as before.
    LengthNotStored "length-not-stored",
    /// What is charged for an operation that compiled code then leaves to the interpreter is not given back.
    RefusedIsCharged "refused-is-charged",
    /// A reference in a register is not looked up again when its object may have moved.
    StaleRegister "stale-register",
    /// What globals refer to is not copied.
    GlobalsAreNoRoots "globals-are-no-roots",
}

/// Whether this bug is planted.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
mod chosen {
    use super::Bug;
    use std::sync::atomic::{AtomicU8, Ordering};

    const NONE: u8 = u8::MAX;
    static CHOSEN: AtomicU8 = AtomicU8::new(NONE);

    /// Whether this bug is planted.
    pub fn is(bug: Bug) -> bool {
        CHOSEN.load(Ordering::Relaxed) == bug as u8
    }

    /// Plants this bug, in place of the one before, or none.
    pub fn plant(bug: Option<Bug>) {
        CHOSEN.store(bug.map_or(NONE, |bug| bug as u8), Ordering::Relaxed);
    }
}

#[cfg(feature = "planted")]
pub use chosen::{is, plant};
