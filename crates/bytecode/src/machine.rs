//! The [`Machine`] trait: the primitives in which every opcode's meaning is written.
//!
//! A machine is one reading of the opcodes. To the interpreter a [`Machine::Value`] is a run-time value; to a compiler it
//! is the *name* of one, and a method call appends an IR instruction instead of computing. Plain Rust values
//! (constants, targets, which arm of a `match` is taken) are what is known while translating.
//!
//! Some rules keep one meaning for all machines:
//!
//! - **Speculation happens only in [`Machine::pair`], [`Machine::single`], [`Machine::truth`] and [`Machine::object`].** The interpreter looks at
//!   the operands (and records what it saw); a compiler looks at the record and emits guards. Both answer with an arm of
//!   the same enum.
//! - **Exits before effects.** Everything that can fail comes before the first push, store or output of the opcode.
//!   A machine may therefore always answer "leave" and have the interpreter execute the opcode again.
//! - **One general form.** A meaning executes at most one of [`Machine::binary`], [`Machine::unary`], [`Machine::routine`] and [`Machine::pow_mod`]: it charges for its
//!   work, so executing the opcode again after it would charge twice.
//! - **Both forms agree.** Where a fast path applies, it gives what the general form gives: a machine may take either.
//! - **What a primitive gives is a value.** It stays what it is, whatever primitives come after it, and may be used more than once.
//!
//! `Option` results mean "the fast path does not apply": the caller then uses the general form ([`Machine::binary`],
//! [`Machine::unary`]), which handles every case and raises the errors. `None` has no effects.

use crate::builtin::{Builtin1, Builtin2};
use crate::routine::{FormFacts, Routine};
use crate::shape::Shape;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cmp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Cmp {
    /// All comparisons.
    pub const ALL: [Cmp; 6] = [Cmp::Eq, Cmp::Ne, Cmp::Lt, Cmp::Le, Cmp::Gt, Cmp::Ge];

    /// What the comparison says of two values that stand in the given order.
    #[inline]
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Cmp::Eq => order.is_eq(),
            Cmp::Ne => order.is_ne(),
            Cmp::Lt => order.is_lt(),
            Cmp::Le => order.is_le(),
            Cmp::Gt => order.is_gt(),
            Cmp::Ge => order.is_ge(),
        }
    }

    /// The comparison with its operands exchanged: `a < b` is `b > a`.
    pub fn swapped(self) -> Cmp {
        match self {
            Cmp::Eq => Cmp::Eq,
            Cmp::Ne => Cmp::Ne,
            Cmp::Lt => Cmp::Gt,
            Cmp::Le => Cmp::Ge,
            Cmp::Gt => Cmp::Lt,
            Cmp::Ge => Cmp::Le,
        }
    }

    /// The comparison that holds exactly when this one does not, for totally ordered operands (ints, not floats).
    pub fn negated(self) -> Cmp {
        match self {
            Cmp::Eq => Cmp::Ne,
            Cmp::Ne => Cmp::Eq,
            Cmp::Lt => Cmp::Ge,
            Cmp::Le => Cmp::Gt,
            Cmp::Gt => Cmp::Le,
            Cmp::Ge => Cmp::Lt,
        }
    }

    /// The operator as Python writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Cmp::Eq => "==",
            Cmp::Ne => "!=",
            Cmp::Lt => "<",
            Cmp::Le => "<=",
            Cmp::Gt => ">",
            Cmp::Ge => ">=",
        }
    }
}

/// An operator that assigns: `+=` and its like, of those that some values have in a form of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Augmented {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
}

/// A binary operation in its general form: any operands, every error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Compare(Cmp),
    /// `+=`, `-=` and so on: the same, but that what can change stays the same object.
    Augmented(Augmented),
    Call(Builtin2),
}

impl BinOp {
    /// All operators.
    pub const ALL: [BinOp; 24] = [
        BinOp::Add,
        BinOp::Sub,
        BinOp::Mul,
        BinOp::Div,
        BinOp::FloorDiv,
        BinOp::Mod,
        BinOp::Pow,
        BinOp::And,
        BinOp::Or,
        BinOp::Xor,
        BinOp::Shl,
        BinOp::Shr,
        BinOp::Compare(Cmp::Eq),
        BinOp::Compare(Cmp::Ne),
        BinOp::Compare(Cmp::Lt),
        BinOp::Compare(Cmp::Le),
        BinOp::Compare(Cmp::Gt),
        BinOp::Compare(Cmp::Ge),
        BinOp::Augmented(Augmented::Add),
        BinOp::Augmented(Augmented::Sub),
        BinOp::Augmented(Augmented::Mul),
        BinOp::Augmented(Augmented::And),
        BinOp::Augmented(Augmented::Or),
        BinOp::Augmented(Augmented::Xor),
    ];

    /// The operator that an in-place one is for values that cannot change; itself if it is none.
    pub fn plain(self) -> BinOp {
        match self {
            BinOp::Augmented(Augmented::Add) => BinOp::Add,
            BinOp::Augmented(Augmented::Sub) => BinOp::Sub,
            BinOp::Augmented(Augmented::Mul) => BinOp::Mul,
            BinOp::Augmented(Augmented::And) => BinOp::And,
            BinOp::Augmented(Augmented::Or) => BinOp::Or,
            BinOp::Augmented(Augmented::Xor) => BinOp::Xor,
            plain => plain,
        }
    }

    /// The operation's number: its position in [`BinOp::ALL`]; those of builtin functions follow.
    pub fn number(self) -> u32 {
        match self {
            BinOp::Call(builtin) => BinOp::ALL.len() as u32 + builtin.number(),
            _ => BinOp::ALL.iter().position(|&b| b == self).map_or(0, |i| i as u32),
        }
    }

    /// The operation with this number, if there is one.
    pub fn from_number(number: u32) -> Option<BinOp> {
        match number.checked_sub(BinOp::ALL.len() as u32) {
            Some(builtin) => Builtin2::from_number(builtin).map(BinOp::Call),
            None => BinOp::ALL.get(number as usize).copied(),
        }
    }

    /// The operator as Python writes it, or the function's name.
    pub fn symbol(self) -> &'static str {
        match self {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mul => "*",
            BinOp::Div => "/",
            BinOp::FloorDiv => "//",
            BinOp::Mod => "%",
            BinOp::Pow => "**",
            BinOp::And => "&",
            BinOp::Or => "|",
            BinOp::Xor => "^",
            BinOp::Shl => "<<",
            BinOp::Shr => ">>",
            BinOp::Augmented(Augmented::Add) => "+=",
            BinOp::Augmented(Augmented::Sub) => "-=",
            BinOp::Augmented(Augmented::Mul) => "*=",
            BinOp::Augmented(Augmented::And) => "&=",
            BinOp::Augmented(Augmented::Or) => "|=",
            BinOp::Augmented(Augmented::Xor) => "^=",
            BinOp::Compare(cmp) => cmp.symbol(),
            BinOp::Call(builtin) => builtin.name(),
        }
    }
}

/// A unary operation in its general form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnOp {
    /// `-a`
    Neg,
    /// `~a`
    Invert,
    /// A builtin function.
    Call(Builtin1),
}

impl UnOp {
    /// All operators.
    pub const ALL: [UnOp; 2] = [UnOp::Neg, UnOp::Invert];

    /// The operation's number: its position in [`UnOp::ALL`]; those of builtin functions follow.
    pub fn number(self) -> u32 {
        match self {
            UnOp::Neg => 0,
            UnOp::Invert => 1,
            UnOp::Call(builtin) => UnOp::ALL.len() as u32 + builtin.number(),
        }
    }

    /// The operation with this number, if there is one.
    pub fn from_number(number: u32) -> Option<UnOp> {
        match number.checked_sub(UnOp::ALL.len() as u32) {
            Some(builtin) => Builtin1::from_number(builtin).map(UnOp::Call),
            None => UnOp::ALL.get(number as usize).copied(),
        }
    }

    /// The operator as Python writes it, or the function's name.
    pub fn symbol(self) -> &'static str {
        match self {
            UnOp::Neg => "-",
            UnOp::Invert => "~",
            UnOp::Call(builtin) => builtin.name(),
        }
    }
}

/// How exactly an int must become a float when one operand of a pair is an int and the other a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixed {
    /// Rounded to the nearest float: arithmetic.
    Rounded,
    /// Only without loss; a pair that would lose is [`Pair::Other`]: comparisons, where 2**53 + 1 is not 2.0**53.
    Exact,
    /// Never: an int beside a float is [`Pair::Other`]. For operations that floats do not have.
    Never,
}

/// How a float becomes an int.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    Truncate,
    /// Towards minus infinity.
    Floor,
    /// Towards infinity.
    Ceil,
}

/// What two operands are, as far as the fast paths care.
pub enum Pair<M: Machine + ?Sized> {
    /// Two ints that fit the machine's `Int`.
    Ints(M::Int, M::Int),
    /// Two floats, or a float and an int turned into one (see [`Mixed`]).
    Floats(M::Float, M::Float),
    /// Anything else: use the general form.
    Other,
}

/// What one operand is, as far as the fast paths care.
pub enum Single<M: Machine + ?Sized> {
    /// An int that fits the machine's `Int`.
    Int(M::Int),
    /// A float.
    Float(M::Float),
    /// Anything else: use the general form.
    Other,
}

/// The result of a primitive or an opcode: go on, or leave the straight line.
pub type Flow<M, T = ()> = Result<T, <M as Machine>::Exit>;

/// One reading of the opcodes. See the module's documentation for the rules.
///
/// The primitives are grouped as in the opcode table. Implementations for speed mark each `#[inline(always)]`.
#[allow(clippy::missing_errors_doc)]
pub trait Machine {
    /// A value of any type.
    type Value: Copy;
    /// An int known to be one.
    type Int: Copy;
    /// A float known to be one.
    type Float: Copy;
    /// A truth value known to be one.
    type Bool: Copy;
    /// An object whose slots are known.
    type Object: Copy;
    /// Why control leaves the straight line. One byte where speed matters; its payload stays in the machine.
    type Exit;

    /// Pushes a value on the operand stack.
    fn push(&mut self, value: Self::Value);
    /// Pops the top of the operand stack; the verifier has proved that there is one.
    fn pop(&mut self) -> Self::Value;
    /// The constant with index `k`.
    fn constant(&mut self, k: u32) -> Self::Value;
    /// Reads a local.
    fn local(&mut self, slot: u32) -> Self::Value;
    /// Writes a local.
    fn set_local(&mut self, slot: u32, value: Self::Value);
    /// Reads a global.
    fn global(&mut self, slot: u32) -> Self::Value;
    /// Writes a global.
    fn set_global(&mut self, slot: u32, value: Self::Value);

    /// What two operands are. Speculation.
    fn pair(&mut self, a: Self::Value, b: Self::Value, mixed: Mixed) -> Flow<Self, Pair<Self>>;
    /// What one operand is. Speculation.
    fn single(&mut self, a: Self::Value) -> Flow<Self, Single<Self>>;
    /// Whether a value counts as true: not 0, 0.0, `false`, `none` or `""`. Speculation.
    fn truth(&mut self, a: Self::Value) -> Flow<Self, Self::Bool>;

    /// An int as a value of any type.
    fn box_int(&mut self, a: Self::Int) -> Self::Value;
    /// A float as a value of any type.
    fn box_float(&mut self, a: Self::Float) -> Self::Value;
    /// A truth value as a value of any type.
    fn box_bool(&mut self, a: Self::Bool) -> Self::Value;

    /// An int known while translating.
    fn int_const(&mut self, i: i64) -> Self::Int;
    /// `none`.
    fn none(&mut self) -> Self::Value;
    /// A float known while translating.
    fn float_const(&mut self, f: f64) -> Self::Float;

    /// `a + b`; `None` if it does not fit.
    fn int_add(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `a - b`; `None` if it does not fit.
    fn int_sub(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `a * b`; `None` if it does not fit.
    fn int_mul(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `a / b` as a float, correctly rounded; `None` if `b` is zero or an operand is beyond 2**53.
    fn int_div(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Float>>;
    /// `a // b`; `None` if `b` is zero or the result does not fit.
    fn int_floordiv(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `a % b`; `None` if `b` is zero.
    fn int_mod(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `-a`; `None` if it does not fit.
    fn int_neg(&mut self, a: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `abs(a)`; `None` if it does not fit.
    fn int_abs(&mut self, a: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `a & b`.
    fn int_and(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// `a | b`.
    fn int_or(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// `a ^ b`.
    fn int_xor(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// `~a`.
    fn int_not(&mut self, a: Self::Int) -> Self::Int;
    /// `a << b`; `None` if `b` is negative or the result does not fit.
    fn int_shl(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// `a >> b`; `None` if `b` is negative.
    fn int_shr(&mut self, a: Self::Int, b: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// The float nearest to an int.
    fn int_to_float(&mut self, a: Self::Int) -> Self::Float;
    /// Compares two ints.
    fn int_compare(&mut self, cmp: Cmp, a: Self::Int, b: Self::Int) -> Self::Bool;

    /// `a + b`.
    fn float_add(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a - b`.
    fn float_sub(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a * b`.
    fn float_mul(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a / b`; `None` if `b` is zero.
    fn float_div(&mut self, a: Self::Float, b: Self::Float) -> Flow<Self, Option<Self::Float>>;
    /// `-a`.
    fn float_neg(&mut self, a: Self::Float) -> Self::Float;
    /// `abs(a)`.
    fn float_abs(&mut self, a: Self::Float) -> Self::Float;
    /// The square root; `None` if there is none: of what is negative, or no number.
    fn float_sqrt(&mut self, a: Self::Float) -> Flow<Self, Option<Self::Float>>;
    /// The float as an int; `None` if it is no number, or too large: a machine may draw that line at 2**62 or beyond.
    fn float_to_int(&mut self, a: Self::Float, rounding: Rounding) -> Flow<Self, Option<Self::Int>>;
    /// Compares two floats; every comparison with NaN but `!=` is false.
    fn float_compare(&mut self, cmp: Cmp, a: Self::Float, b: Self::Float) -> Self::Bool;

    /// `not a`.
    fn bool_not(&mut self, a: Self::Bool) -> Self::Bool;
    /// `a` if the condition holds, else `b`.
    fn int_select(&mut self, condition: Self::Bool, a: Self::Int, b: Self::Int) -> Self::Int;
    /// `a` if the condition holds, else `b`.
    fn float_select(&mut self, condition: Self::Bool, a: Self::Float, b: Self::Float) -> Self::Float;

    /// A binary operation in its general form.
    fn binary(&mut self, op: BinOp, a: Self::Value, b: Self::Value) -> Flow<Self, Self::Value>;
    /// A unary operation in its general form.
    fn unary(&mut self, op: UnOp, a: Self::Value) -> Flow<Self, Self::Value>;

    /// Reads or changes a setting ([`Builtin1::is_setting`]). What compiled code was entered with may depend on it, so a compiler
    /// leaves here.
    fn setting(&mut self, which: Builtin1, a: Self::Value) -> Flow<Self, Self::Value>;

    /// Calls a routine of the run time with the values on top of the stack, so many, which it takes. `detail` is what the
    /// opcode's argument says. (What a routine that leaves nothing gives is `none`.)
    fn routine(&mut self, routine: Routine, inputs: u32, detail: u32) -> Flow<Self, Self::Value>;
    /// How a method is called, by the constant that says so.
    fn form(&mut self, form: u32) -> FormFacts;

    /// An operand, so far below the top of the stack. It stays there.
    fn peek(&mut self, depth: u32) -> Self::Value;
    /// The object that a value refers to, if it is of one of these shapes, and of which. Speculation.
    fn object(&mut self, a: Self::Value, of: &'static [Shape]) -> Flow<Self, Option<(Shape, Self::Object)>>;
    /// The object in a slot of an object.
    fn field(&mut self, a: Self::Object, slot: u32) -> Self::Object;
    /// The count in a slot of an object.
    fn count(&mut self, a: Self::Object, slot: u32) -> Self::Int;
    /// Sets the count in a slot of an object.
    fn set_count(&mut self, a: Self::Object, slot: u32, count: Self::Int);
    /// How many slots an object has; 0 if it is `none`.
    fn size(&mut self, a: Self::Object) -> Self::Int;
    /// Where an index leads in so many elements, one from the end if it is negative; `None` if nowhere.
    fn int_index(&mut self, index: Self::Int, len: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// The count, if it is less than the size; both are not negative.
    fn int_below(&mut self, count: Self::Int, size: Self::Int) -> Flow<Self, Option<Self::Int>>;
    /// The value in the slot at a place that is there.
    fn element(&mut self, storage: Self::Object, at: Self::Int) -> Self::Value;
    /// The value as it can be put into a slot for nothing; `None` if that costs something.
    fn storable(&mut self, a: Self::Value) -> Flow<Self, Option<Self::Value>>;
    /// Sets the slot at a place that is there to a value that is storable.
    fn set_element(&mut self, storage: Self::Object, at: Self::Int, value: Self::Value);

    /// `a ** b % c`, in all generality.
    fn pow_mod(&mut self, a: Self::Value, b: Self::Value, c: Self::Value) -> Flow<Self, Self::Value>;

    /// Control goes to `target`.
    fn jump(&mut self, target: u32) -> Flow<Self>;
    /// Control goes to `target` if `condition` equals `when`, else to the next instruction.
    fn branch(&mut self, condition: Self::Bool, when: bool, target: u32) -> Flow<Self>;
    /// Calls a function with the arguments on the stack.
    fn call(&mut self, function: u32) -> Flow<Self>;
    /// Returns from the current function.
    fn ret(&mut self, value: Self::Value) -> Flow<Self>;
    /// Ends the program.
    fn halt(&mut self) -> Flow<Self>;

    /// Raises an exception; `again` if that is not told from its having been raised before.
    fn raise_value(&mut self, exception: Self::Value, again: bool) -> Flow<Self>;
    /// Raises an error of a class that says a message.
    fn raise(&mut self, class: Self::Value, message: Self::Value) -> Flow<Self>;

    /// Writes a value and a line feed.
    fn print(&mut self, value: Self::Value) -> Flow<Self>;
    /// Writes a character.
    fn print_char(&mut self, value: Self::Value) -> Flow<Self>;
    /// Reads a line.
    fn input(&mut self) -> Flow<Self, Self::Value>;
}
