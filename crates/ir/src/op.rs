//! The instruction table: one row per IR instruction, and everything that can be derived from a row.
//!
//! A row of [`for_each_instruction!`](crate::for_each_instruction) reads
//!
//! ```text
//! /// One-line documentation.
//! Variant name [operand types -- result type] effect exit-reason;
//! ```
//!
//! A result that is written `ranged` is an int of which `analysis/intervals.rs` knows more than nothing; of one that is
//! written `int` it claims nothing, so a new row is right without a word there.
//!
//! The immediate of an instruction ([`crate::Imm`]) is not in the row: its shape follows from the variant (see
//! [`Opcode::imm_matches`]).

use crate::data::{Imm, Type};
use crate::reason::ExitReason;
use bytecode::BinOp;

/// Calls the macro `$m` with every row of the instruction table.
#[macro_export]
macro_rules! for_each_instruction {
    ($m:path) => {
        $m! {
            /// An int known now.
            ConstInt const_int [ -- ranged] pure;
            /// A float known now.
            ConstFloat const_float [ -- float] pure;
            /// A bool known now.
            ConstBool const_bool [ -- bool] pure;
            /// A boxed value known now: `none`, or a constant of the program that lives as long as the program.
            ConstBoxed const_boxed [ -- boxed] pure;

            /// `a + b`; leaves if the result does not fit.
            IntAdd int_add [int int -- ranged] pure Overflow;
            /// `a - b`; leaves if the result does not fit.
            IntSub int_sub [int int -- ranged] pure Overflow;
            /// `a * b`; leaves if the result does not fit.
            IntMul int_mul [int int -- ranged] pure Overflow;
            /// `-a`; leaves if the result does not fit.
            IntNeg int_neg [int -- ranged] pure Overflow;
            /// `abs(a)`; leaves if the result does not fit.
            IntAbs int_abs [int -- ranged] pure Overflow;
            /// `a // b`, rounded towards minus infinity; leaves if `b` is 0, or -1 with the least int.
            IntFloorDiv int_floordiv [int int -- ranged] pure ZeroDivisor;
            /// `a % b` with the sign of `b`; leaves if `b` is 0.
            IntMod int_mod [int int -- ranged] pure ZeroDivisor;
            /// `a & b`.
            IntAnd int_and [int int -- ranged] pure;
            /// `a | b`.
            IntOr int_or [int int -- ranged] pure;
            /// `a ^ b`.
            IntXor int_xor [int int -- ranged] pure;
            /// `~a`.
            IntNot int_not [int -- ranged] pure;
            /// `a << b`; leaves if `b` is negative or the result does not fit.
            IntShl int_shl [int int -- ranged] pure ShiftRange;
            /// `a >> b`, arithmetic, any `b >= 0`; leaves if `b` is negative.
            IntShr int_shr [int int -- ranged] pure ShiftRange;
            /// Compares ints.
            IntCompare int_compare [int int -- bool] pure;

            /// `a + b`, wrapping: only where a pass has proved that it fits.
            IntAddFits int_add_fits [int int -- ranged] pure;
            /// `a - b`, wrapping: only where a pass has proved that it fits.
            IntSubFits int_sub_fits [int int -- ranged] pure;
            /// `a * b`, wrapping: only where a pass has proved that it fits.
            IntMulFits int_mul_fits [int int -- ranged] pure;
            /// `a * b`; leaves if the result does not fit. Only where a pass has proved that `a >= 0` and `b >= 0`.
            IntMulNonNeg int_mul_nonneg [int int -- ranged] pure Overflow;
            /// `a + b`, wrapping: only where nobody needs the result if it does not fit.
            IntAddWrap int_add_wrap [int int -- int] pure;
            /// `a - b`, wrapping: only where nobody needs the result if it does not fit.
            IntSubWrap int_sub_wrap [int int -- int] pure;
            /// `a * b`, wrapping: only where nobody needs the result if it does not fit.
            IntMulWrap int_mul_wrap [int int -- int] pure;
            /// `a // b`: only where a pass has proved that `a >= 0` and `b >= 1`.
            IntFloorDivNonNeg int_floordiv_nonneg [int int -- ranged] pure;
            /// `a % b`: only where a pass has proved that `a >= 0` and `b >= 1`.
            IntModNonNeg int_mod_nonneg [int int -- ranged] pure;

            /// The same int; leaves if it is 0.
            IntNonZero int_nonzero [int -- ranged] pure ZeroDivisor;

            /// The float nearest to an int.
            IntToFloat int_to_float [int -- float] pure;
            /// The float equal to an int; leaves if the int is beyond 2**53 on either side.
            IntToFloatExact int_to_float_exact [int -- float] pure Inexact;
            /// 1 for true, 0 for false.
            BoolToInt bool_to_int [bool -- ranged] pure;
            /// `not a`.
            BoolNot bool_not [bool -- bool] pure;

            /// `a + b`.
            FloatAdd float_add [float float -- float] pure;
            /// `a - b`.
            FloatSub float_sub [float float -- float] pure;
            /// `a * b`.
            FloatMul float_mul [float float -- float] pure;
            /// `a / b`; leaves if `b` is zero.
            FloatDiv float_div [float float -- float] pure ZeroDivisor;
            /// `-a`.
            FloatNeg float_neg [float -- float] pure;
            /// `abs(a)`: without its sign.
            FloatAbs float_abs [float -- float] pure;
            /// The square root; leaves if `a` is negative or no number.
            FloatSqrt float_sqrt [float -- float] pure Domain;
            /// The float without its decimals as an int; leaves if it is no number, or is 2**62 or more on either side.
            FloatToInt float_to_int [float -- ranged] pure Domain;
            /// Compares floats; with NaN only `!=` holds.
            FloatCompare float_compare [float float -- bool] pure;

            /// Boxes an int. Allocates, uncharged, if the int needs more than the 48 bits of a small int.
            BoxInt box_int [int -- boxed] pure;
            /// Boxes a float.
            BoxFloat box_float [float -- boxed] pure;
            /// Boxes a bool.
            BoxBool box_bool [bool -- boxed] pure;
            /// Unboxes an int of 64 bits; leaves if the value is anything else, a bool included.
            GuardInt guard_int [boxed -- int] pure NotInt;
            /// Unboxes a float; leaves if the value is anything else.
            GuardFloat guard_float [boxed -- float] pure NotFloat;
            /// Unboxes a bool; leaves if the value is anything else.
            GuardBool guard_bool [boxed -- bool] pure NotBool;
            /// Whether a value of any type counts as true. (Of an object, that may change.)
            Truth truth [boxed -- bool] call;

            /// The second operand if the first is true, else the third.
            IntSelect int_select [bool int int -- int] pure;
            /// The second operand if the first is true, else the third.
            FloatSelect float_select [bool float float -- float] pure;
            /// The second operand if the first is true, else the third.
            BoolSelect bool_select [bool bool bool -- bool] pure;
            /// The second operand if the first is true, else the third.
            BoxedSelect boxed_select [bool boxed boxed -- boxed] pure;

            /// A binary operation in its general form; leaves, without effects, if that needs the interpreter.
            CallBinary call_binary [boxed boxed -- boxed] call Slow;
            /// A unary operation in its general form; leaves, without effects, if that needs the interpreter.
            CallUnary call_unary [boxed -- boxed] call Slow;
            /// The same value; leaves unless it refers to an object of the shape. An object keeps its shape.
            GuardShape guard_shape [boxed -- boxed] pure WrongShape;
            /// What stands in a slot of an object.
            LoadSlot load_slot [boxed -- boxed] load;
            /// The count that stands in a slot of an object. It is not negative.
            LoadCount load_count [boxed -- ranged] load;
            /// How many slots an object has; 0 if the value is `none`.
            LoadSize load_size [boxed -- ranged] load;
            /// The slot of an object at a place that is there.
            LoadElement load_element [boxed int -- boxed] load;
            /// Where an index leads in so many elements, from the end if it is negative; leaves if nowhere.
            CheckIndex check_index [int int -- ranged] pure NoElement;
            /// The first operand, which is not negative; leaves unless it is less than the second.
            CheckBelow check_below [int int -- ranged] pure NoElement;
            /// The same value; leaves if it is an int that is on the heap, which costs something in a slot.
            GuardStorable guard_storable [boxed -- boxed] pure Slow;
            /// Boxes an int; leaves if it needs more than 48 bits.
            BoxSmall box_small [int -- boxed] pure Slow;
            /// Sets a slot of an object to a count.
            StoreCount store_count [boxed int -- ] write;
            /// Sets the slot of an object at a place that is there.
            StoreElement store_element [boxed int boxed -- ] write;
            /// Puts an argument of the next routine in its place.
            Argument argument [boxed -- ] call;
            /// Calls a routine with the arguments put in their places; leaves, without effects, if that needs the interpreter.
            CallRoutine call_routine [ -- boxed] call Slow;
            /// Reads a global.
            LoadGlobal load_global [ -- boxed] read;
            /// Writes a global.
            StoreGlobal store_global [boxed -- ] write;
            /// Writes a value and a line feed to standard output; leaves, without effects, if that needs the interpreter.
            Print print [boxed -- ] call Slow;
            /// Writes a character to standard output; leaves, without effects, if that needs the interpreter.
            PrintChar print_char [boxed -- ] call Slow;

            /// Charges fuel for runs of instructions and counts rounds of loops, one where it stands on a back-edge;
            /// leaves, uncharged, if the slice is used up.
            Charge charge [ -- ] call Poll;
            /// Leaves if fewer calls than this may become active from here: frames of inlined calls count like others.
            CheckDepth check_depth [ -- ] call CallDepth;
            /// Gives back fuel and rounds that were charged for code that does not come after all.
            Refund refund [ -- ] call;
            /// Gives it back if the operand is true.
            RefundIf refund_if [bool -- ] call;
            /// Counts that control has arrived somewhere. Only where exact counts are wanted.
            Count count [ -- ] call;
            /// Counts it if the operand is true.
            CountIf count_if [bool -- ] call;
            /// Stops the process if it is false: a proof of a pass was wrong. Only in test mode.
            Assert assert [bool -- ] call;
            /// Calls a method: its [`CallSite`](crate::CallSite) has callee and operands, the result is of the type that the callee
            /// returns. Leaves *before* the call, uncharged, if the slice does not cover the callee's first run
            /// (`poll`), if no more calls may be active (`call_depth`) or if the callee has no code (`no_code`); and
            /// *in* the call, by the frame that waits for its result, if the callee leaves (`callee_left`). The callee may do anything.
            Call call [ -- given] call NoCode;
        }
    };
}

/// Classes of slots: what is written to one is not seen in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// None.
    None,
    /// Those by which an object is what it is: the length of a list, its storage.
    OwnFields,
    /// Those with the elements of a list.
    Elements,
    /// All.
    All,
}

impl Slots {
    /// Whether some are in both.
    pub fn overlap(self, other: Slots) -> bool {
        match (self, other) {
            (Slots::None, _) | (_, Slots::None) => false,
            (Slots::All, _) | (_, Slots::All) => true,
            _ => self == other,
        }
    }
}

/// What an instruction does besides computing its result. An exit is not an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it depends on its operands alone, so equal ones are one. Where it can leave, one that is dominated by an
    /// equal one cannot leave any more. It may be removed when its result is unused, unless [`Opcode::may_raise`].
    Pure,
    /// Reads globals.
    Read,
    /// Reads slots of objects.
    Load,
    /// Writes globals, or slots of objects.
    Write,
    /// Calls the run time: output, fuel. Keeps its order among the others. ([`Opcode::Call`] writes globals as well.)
    Call,
}

macro_rules! ty {
    (int) => {
        Type::Int
    };
    (float) => {
        Type::Float
    };
    (bool) => {
        Type::Bool
    };
    (boxed) => {
        Type::Boxed
    };
}

macro_rules! result_ty {
    (given) => {
        None
    };
    (ranged) => {
        Some(Type::Int)
    };
    ($ty:ident) => {
        Some(ty!($ty))
    };
}

macro_rules! effect {
    (pure) => {
        Effect::Pure
    };
    (read) => {
        Effect::Read
    };
    (load) => {
        Effect::Load
    };
    (write) => {
        Effect::Write
    };
    (call) => {
        Effect::Call
    };
}

macro_rules! define_instructions {
    ($($(#[doc = $doc:literal])* $V:ident $name:ident [$($arg:ident)* -- $($res:ident)?] $effect:ident $($reason:ident)?;)*) => {
        /// An IR instruction's operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Opcode { $($(#[doc = $doc])* $V,)* }

        impl Opcode {
            /// All operations.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$V),*];

            /// The name in IR text.
            pub fn name(self) -> &'static str {
                match self { $(Opcode::$V => stringify!($name),)* }
            }

            /// The types of the operands: at most three.
            pub fn operands(self) -> &'static [Type] {
                match self { $(Opcode::$V => &[$(ty!($arg)),*],)* }
            }

            /// The type of the result, if there is one and it is the same for all.
            pub fn result(self) -> Option<Type> {
                match self { $(Opcode::$V => [$(result_ty!($res))?].first().copied().flatten(),)* }
            }

            /// Whether something is known of the range of the int that it gives.
            pub fn is_ranged(self) -> bool {
                match self { $(Opcode::$V => matches!([$(stringify!($res))?].first(), Some(&"ranged")),)* }
            }

            /// Whether there is a result.
            pub fn has_result(self) -> bool {
                match self { $(Opcode::$V => { const NAMES: &[&str] = &[$(stringify!($res))?]; !NAMES.is_empty() },)* }
            }

            /// What it does besides computing its result.
            pub fn effect(self) -> Effect {
                match self { $(Opcode::$V => effect!($effect),)* }
            }

            /// Why it leaves, if it can. (A call has more reasons.)
            pub fn exit_reason(self) -> Option<ExitReason> {
                match self { $(Opcode::$V => [$(ExitReason::$reason)?].first().copied(),)* }
            }
        }
    };
}
crate::for_each_instruction!(define_instructions);

impl Opcode {
    /// The operation with this name in IR text.
    pub fn from_name(name: &str) -> Option<Opcode> {
        Opcode::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// Whether leaving here may end in the program's observable behaviour, so that the instruction must stay even if
    /// its result is unused. A failing guard does: the interpreter then executes the opcode on operands of other types,
    /// and that may raise. Overflow does: the larger int is charged to the heap, and may be too large for a limit. A
    /// float beyond what an instruction computes does, for both reasons. An int that is no exact float does not: the
    /// general form then compares or divides, which costs nothing.
    pub fn may_raise(self) -> bool {
        self.effect() == Effect::Call || self.exit_reason().is_some() && self != Opcode::IntToFloatExact
    }

    /// Which slots of objects it may write. (What a routine does to objects that it gets is its own business.)
    pub fn writes(self, imm: Imm) -> Slots {
        match (self, imm) {
            (Opcode::StoreCount, _) => Slots::OwnFields,
            (Opcode::StoreElement, _) => Slots::Elements,
            (Opcode::CallRoutine | Opcode::Call, _) => Slots::All,
            // What an operator assigns to may change; looking for something in an iterator moves it.
            (Opcode::CallBinary, Imm::BinOp(op)) if op.plain() != op || matches!(op, BinOp::Call(_)) => {
                Slots::All
            }
            _ => Slots::None,
        }
    }

    /// Which slots of objects it reads.
    pub fn reads(self) -> Slots {
        match self {
            Opcode::LoadElement => Slots::Elements,
            Opcode::LoadSlot | Opcode::LoadCount | Opcode::LoadSize => Slots::OwnFields,
            _ => Slots::None,
        }
    }

    /// Whether it must stay where it stands, or behind it, since it could trap where what was proved does not hold.
    pub fn is_bound(self) -> bool {
        matches!(self, Opcode::IntFloorDivNonNeg | Opcode::IntModNonNeg)
    }

    /// Whether the immediate has the shape that this operation needs.
    pub fn imm_matches(self, imm: Imm) -> bool {
        match self {
            Opcode::ConstInt => matches!(imm, Imm::Int(_)),
            Opcode::ConstFloat => matches!(imm, Imm::Float(_)),
            Opcode::ConstBool => matches!(imm, Imm::Bool(_)),
            Opcode::ConstBoxed => matches!(imm, Imm::Boxed(_)),
            Opcode::IntCompare | Opcode::FloatCompare => matches!(imm, Imm::Cmp(_)),
            Opcode::CallBinary => matches!(imm, Imm::BinOp(_)),
            Opcode::CallUnary => matches!(imm, Imm::UnOp(_)),
            Opcode::LoadGlobal | Opcode::StoreGlobal => matches!(imm, Imm::Slot(_)),
            Opcode::Argument => matches!(imm, Imm::Argument(_)),
            Opcode::GuardShape => matches!(imm, Imm::Shape(_)),
            Opcode::LoadSlot | Opcode::LoadCount | Opcode::StoreCount => matches!(imm, Imm::Field(_)),
            Opcode::CallRoutine => matches!(imm, Imm::Routine { .. }),
            Opcode::Charge | Opcode::Refund | Opcode::RefundIf => matches!(imm, Imm::Charge { .. }),
            Opcode::Count | Opcode::CountIf => matches!(imm, Imm::Counter(_)),
            Opcode::CheckDepth => matches!(imm, Imm::Depth(_)),
            Opcode::Call => matches!(imm, Imm::Call(_)),
            _ => imm == Imm::None,
        }
    }
}
