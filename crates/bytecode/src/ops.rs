//! The opcode table: one row per opcode, and everything that can be derived from a row.
//!
//! A row of [`for_each_op!`](crate::for_each_op) reads
//!
//! ```text
//! /// One-line documentation.
//! Variant function "mnemonic" operand [inputs -- outputs] control-flow effects;
//! ```
//!
//! - `Variant` names the opcode in [`Op`]; `function` is its meaning in [`crate::semantics`].
//! - `operand` is an [`Operand`]: what the instruction's 32-bit argument means.
//! - `[inputs -- outputs]` is the stack signature, top of stack on the right. `call` takes as many inputs as its
//!   callee has parameters; its row shows only the result.
//! - `control-flow` is a [`ControlFlow`].
//! - `effects`: `total` opcodes always finish; `may_exit` opcodes can raise an error, allocate or leave compiled code,
//!   always *before* their first effect, so that executing them again from the same state is always right.
//!
//! The row's number is its position, and the binary container stores that number: append, never reorder.

/// Calls the macro `$m` with every row of the opcode table.
///
/// This is the single source of the enum, the decoder, the mnemonics, the stack signatures, the dispatch arms of
/// the interpreter and the dispatch of every other machine.
#[macro_export]
macro_rules! for_each_op {
    ($m:path) => {
        $crate::with_test_ops! { $m {
            /// Do nothing.
            Nop nop "nop" None [ -- ] Next total;
            /// Push constant `k`: an int of any size, a float, a str, `true`, `false` or `none`.
            Push push "push" Const [ -- v] Next total;
            /// Drop the top of the stack.
            Pop pop "pop" None [a -- ] Next total;
            /// Push a copy of the top of the stack.
            Dup dup "dup" None [a -- a a] Next total;
            /// Exchange the two values on top.
            Swap swap "swap" None [a b -- b a] Next total;
            /// Rotate the three values on top: the third comes up.
            Rot rot "rot" None [a b c -- b c a] Next total;
            /// Push a copy of the second value.
            Over over "over" None [a b -- a b a] Next total;
            /// `a + b`: numbers, or concatenation of two strs.
            Add add "add" None [a b -- r] Next may_exit;
            /// `a - b`.
            Sub sub "sub" None [a b -- r] Next may_exit;
            /// `a * b`: numbers, or a str repeated an int number of times.
            Mul mul "mul" None [a b -- r] Next may_exit;
            /// `a / b`: true division; the result is a float.
            Div div "div" None [a b -- r] Next may_exit;
            /// `a // b`: division rounded towards minus infinity.
            FloorDiv floordiv "floordiv" None [a b -- r] Next may_exit;
            /// `a % b`: remainder with the sign of `b`.
            Mod modulo "mod" None [a b -- r] Next may_exit;
            /// `a ** b`.
            Pow pow "pow" None [a b -- r] Next may_exit;
            /// `-a`.
            Neg neg "neg" None [a -- r] Next may_exit;
            /// `a & b`.
            And and "and" None [a b -- r] Next may_exit;
            /// `a | b`.
            Or or "or" None [a b -- r] Next may_exit;
            /// `a ^ b`.
            Xor xor "xor" None [a b -- r] Next may_exit;
            /// `~a`.
            Invert invert "invert" None [a -- r] Next may_exit;
            /// `a << b`.
            Shl shl "shl" None [a b -- r] Next may_exit;
            /// `a >> b`.
            Shr shr "shr" None [a b -- r] Next may_exit;
            /// `a == b`.
            Eq eq "eq" None [a b -- r] Next may_exit;
            /// `a != b`.
            Ne ne "ne" None [a b -- r] Next may_exit;
            /// `a < b`.
            Lt lt "lt" None [a b -- r] Next may_exit;
            /// `a <= b`.
            Le le "le" None [a b -- r] Next may_exit;
            /// `a > b`.
            Gt gt "gt" None [a b -- r] Next may_exit;
            /// `a >= b`.
            Ge ge "ge" None [a b -- r] Next may_exit;
            /// `true` if `a` is zero-like (0, 0.0, `false`, `none`, `""`), else `false`.
            Not not "not" None [a -- r] Next may_exit;
            /// Go to the target.
            Jump jump "jump" Target [ -- ] Jump may_exit;
            /// Go to the target if the value is zero-like: 0, 0.0, `false`, `none` or `""`.
            JumpIfZero jump_if_zero "jump_if_zero" Target [a -- ] Branch may_exit;
            /// Go to the target unless the value is zero-like.
            JumpIfNotZero jump_if_not_zero "jump_if_not_zero" Target [a -- ] Branch may_exit;
            /// Push the value of a local.
            LoadLocal load_local "load_local" Local [ -- v] Next total;
            /// Pop a value into a local.
            StoreLocal store_local "store_local" Local [v -- ] Next total;
            /// Push the value of a global.
            LoadGlobal load_global "load_global" Global [ -- v] Next total;
            /// Pop a value into a global.
            StoreGlobal store_global "store_global" Global [v -- ] Next total;
            /// Call a function: its arguments are on the stack, the first deepest; its result replaces them.
            Call call "call" Func [ -- r] Next may_exit;
            /// Return the top of the stack to the caller; from the entry function, end the program.
            Ret ret "ret" None [v -- ] End may_exit;
            /// End the program. Its result is the top of the stack, or `none` if the stack is empty.
            Halt halt "halt" None [ -- ] End may_exit;
            /// Write the value and a line feed to standard output.
            Print print "print" None [a -- ] Next may_exit;
            /// Write one character: of a code point, or the characters of a str, without a line feed.
            PrintChar print_char "print_char" None [a -- ] Next may_exit;
            /// Read a line: an int or float if it is written like one, else a str; `none` at the end of input.
            Input input "input" None [ -- v] Next may_exit;
            /// Call a builtin function of one value.
            Builtin1 builtin1 "builtin1" Builtin1 [a -- r] Next may_exit;
            /// Call a builtin function of two values.
            Builtin2 builtin2 "builtin2" Builtin2 [a b -- r] Next may_exit;
            /// `a ** b % c` for ints, without the power itself; for a negative `b`, of the inverse of `a`.
            PowMod pow_mod "pow_mod" None [a b c -- r] Next may_exit;
            /// End the program with an error: of a class, a str, that says a message, a str.
            Raise raise "raise" None [class message -- ] End may_exit;
            /// Push a new list of the values on top, so many.
            List list "list" Count [ -- r] Next may_exit;
            /// Push a new tuple of the values on top, so many.
            Tuple tuple "tuple" Count [ -- r] Next may_exit;
            /// Push a new dict of the keys and values on top, so many pairs.
            Dict dict "dict" Pairs [ -- r] Next may_exit;
            /// Push a new set of the values on top, so many.
            Set set "set" Count [ -- r] Next may_exit;
            /// `a[i]`.
            Index index "index" None [a i -- r] Next may_exit;
            /// `a[i] = v`.
            StoreIndex store_index "store_index" None [a i v -- ] Next may_exit;
            /// `del a[i]`.
            DeleteIndex delete_index "delete_index" None [a i -- ] Next may_exit;
            /// `slice(start, stop, step)`: what stands in the brackets of `a[start:stop:step]`.
            Slice slice "slice" None [start stop step -- r] Next may_exit;
            /// `iter(a)`.
            Iter iter "iter" None [a -- it] Next may_exit;
            /// Go to the next value of an iterator: whether there is one.
            IterMore iter_more "iter_more" None [it -- r] Next may_exit;
            /// The value to which `iter_more` has gone.
            IterValue iter_value "iter_value" None [it -- v] Next may_exit;
            /// A list or tuple of exactly so many values, of any iterable.
            Unpack unpack "unpack" Number [a -- r] Next may_exit;
            /// A tuple of the first and last values of any iterable, between them a list of the others: so many first ones, plus 65,536 for
            /// each of the last.
            UnpackStar unpack_star "unpack_star" Number [a -- r] Next may_exit;
            /// The value at a place of what `unpack` or `unpack_star` has given.
            Item item "item" Number [a -- v] Next may_exit;
            /// Call a method of a value: a str says its name, the number of arguments, and the keywords of the last ones.
            Method method "method" Form [a -- r] Next may_exit;
            /// Call a routine of the run time.
            Routine routine "routine" Routine [ -- r] Next may_exit;
            /// `a += b`: as `add`; a list stays the same list.
            InplaceAdd inplace_add "inplace_add" None [a b -- r] Next may_exit;
            /// `a -= b`: as `sub`; a set stays the same set.
            InplaceSub inplace_sub "inplace_sub" None [a b -- r] Next may_exit;
            /// `a *= b`: as `mul`; a list stays the same list.
            InplaceMul inplace_mul "inplace_mul" None [a b -- r] Next may_exit;
            /// `a &= b`: as `and`; a set stays the same set.
            InplaceAnd inplace_and "inplace_and" None [a b -- r] Next may_exit;
            /// `a |= b`: as `or`; a set or dict stays the same.
            InplaceOr inplace_or "inplace_or" None [a b -- r] Next may_exit;
            /// `a ^= b`: as `xor`; a set stays the same set.
            InplaceXor inplace_xor "inplace_xor" None [a b -- r] Next may_exit;
            /// From here on, an error goes to the target, with the operands that there are here and the exception on top.
            Try try_ "try" Target [ -- ] Next total;
            /// The innermost `try` is over.
            EndTry end_try "end_try" None [ -- ] Next total;
            /// Raise an exception.
            RaiseValue raise_value "raise_value" None [e -- ] End may_exit;
            /// Raise an exception that was handled again, as if it had not been.
            Reraise reraise "reraise" None [e -- ] End may_exit;
        } }
    };
}

/// Calls the macro `$m` with the rows given: tests add some, see `test_ops.rs`.
#[cfg(not(feature = "test-ops"))]
#[macro_export]
#[doc(hidden)]
macro_rules! with_test_ops {
    ($m:path { $($rows:tt)* }) => {
        $m! { $($rows)* }
    };
}

/// What an instruction's 32-bit argument means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// No argument.
    None,
    /// Index into the program's constants.
    Const,
    /// Slot of a local of the current function.
    Local,
    /// Slot of a global of the program.
    Global,
    /// Index of a function of the program.
    Func,
    /// Program counter of an instruction of the same function.
    Target,
    /// Number of a [`crate::Builtin1`].
    Builtin1,
    /// Number of a [`crate::Builtin2`].
    Builtin2,
    /// How many values the instruction takes besides those in its row: at most [`crate::MAX_STACK`].
    Count,
    /// How many pairs of values it takes.
    Pairs,
    /// A number.
    Number,
    /// Index of a constant that is a [`crate::CallForm`]: the instruction takes the arguments besides those in its row.
    Form,
    /// Number of a [`crate::Routine`], whose inputs the instruction takes.
    Routine,
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlFlow {
    /// To the next instruction.
    Next,
    /// To the target, always.
    Jump,
    /// To the target or to the next instruction.
    Branch,
    /// Nowhere in this function.
    End,
}

/// What the table says of one opcode.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The name in assembly text, lower case.
    pub mnemonic: &'static str,
    /// What the argument means.
    pub operand: Operand,
    /// Names of the values taken from the stack, top last. Empty for `call`, which takes its callee's parameters.
    pub inputs: &'static [&'static str],
    /// Names of the values left on the stack, top last.
    pub outputs: &'static [&'static str],
    /// Where control goes next.
    pub flow: ControlFlow,
    /// Whether it can raise an error, allocate or leave compiled code.
    pub may_exit: bool,
    /// One line of documentation.
    pub doc: &'static str,
}

macro_rules! is_may_exit {
    (may_exit) => {
        true
    };
    (total) => {
        false
    };
}

macro_rules! define_ops {
    ($($(#[doc = $doc:literal])* $V:ident $f:ident $name:literal $operand:ident
       [$($i:ident)* -- $($o:ident)*] $flow:ident $effect:ident;)*) => {
        /// An opcode. The numbers are stable: they are what the binary container stores.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $($(#[doc = $doc])* $V,)* }

        impl Op {
            /// All opcodes in the order of their numbers.
            pub const ALL: &'static [Op] = &[$(Op::$V),*];

            const INFO: &'static [OpInfo] = &[$(OpInfo {
                mnemonic: $name,
                operand: Operand::$operand,
                inputs: &[$(stringify!($i)),*],
                outputs: &[$(stringify!($o)),*],
                flow: ControlFlow::$flow,
                may_exit: is_may_exit!($effect),
                doc: concat!($($doc),*).trim_ascii(),
            }),*];
        }
    };
}
for_each_op!(define_ops);

/// How many rows at the end of the table are for tests only.
#[cfg(not(feature = "test-ops"))]
pub const FOR_TESTS: usize = 0;
/// How many rows at the end of the table are for tests only.
#[cfg(feature = "test-ops")]
pub const FOR_TESTS: usize = Op::ALL.len() - (Op::Reraise as usize + 1);

impl Op {
    /// The opcode's row of the table.
    #[inline]
    pub const fn info(self) -> &'static OpInfo {
        &Op::INFO[self as usize]
    }

    /// The opcode with this number, if there is one.
    pub fn from_number(n: u8) -> Option<Op> {
        Op::ALL.get(n as usize).copied()
    }

    /// The opcode with this mnemonic, in any case, if there is one.
    pub fn from_mnemonic(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.info().mnemonic.eq_ignore_ascii_case(name))
    }

    /// Whether it makes objects or uses them.
    pub fn uses_objects(self) -> bool {
        (Op::List as u8..=Op::Routine as u8).contains(&(self as u8))
            || matches!(self, Op::Try | Op::RaiseValue | Op::Reraise)
    }

    /// Whether control can leave the straight line here: to a target, or out of the function.
    #[inline]
    pub fn transfers(self) -> bool {
        self.info().flow != ControlFlow::Next
    }
}

impl std::fmt::Display for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.info().mnemonic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_mnemonics_lead_back() {
        for &op in Op::ALL {
            assert_eq!(Op::from_number(op as u8), Some(op));
            assert_eq!(Op::from_mnemonic(&op.info().mnemonic.to_uppercase()), Some(op));
            assert!(!op.info().doc.is_empty());
        }
        assert_eq!(Op::from_number(Op::ALL.len() as u8), None);
    }
}
