//! What each opcode means: one small function per row of the table, generic over the [`Machine`].
//!
//! This is the only place where the meaning of an opcode is written. The interpreter, the IR builder and every other
//! machine instantiate these functions; a new opcode is a row in [`crate::ops`] and a function here.

use crate::builtin::{Builtin1, Builtin2};
use crate::machine::{Augmented, BinOp, Cmp, Flow, Machine, Mixed, Pair, Rounding, Single, UnOp};
use crate::ops::Op;
use crate::routine::{KnownMethod, Routine};
use crate::shape::{self, Shape};
#[cfg(feature = "test-ops")]
pub use crate::test_ops::*;

/// Does nothing.
#[inline(always)]
pub fn nop<M: Machine>(_: &mut M) -> Flow<M> {
    Ok(())
}

/// Pushes a constant.
#[inline(always)]
pub fn push<M: Machine>(m: &mut M, k: u32) -> Flow<M> {
    let value = m.constant(k);
    m.push(value);
    Ok(())
}

/// Drops the top.
#[inline(always)]
pub fn pop<M: Machine>(m: &mut M) -> Flow<M> {
    m.pop();
    Ok(())
}

/// Copies the top.
#[inline(always)]
pub fn dup<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    m.push(a);
    m.push(a);
    Ok(())
}

/// Exchanges the two on top.
#[inline(always)]
pub fn swap<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    m.push(b);
    m.push(a);
    Ok(())
}

/// Brings the third up.
#[inline(always)]
pub fn rot<M: Machine>(m: &mut M) -> Flow<M> {
    let (c, b, a) = (m.pop(), m.pop(), m.pop());
    m.push(b);
    m.push(c);
    m.push(a);
    Ok(())
}

/// Copies the second.
#[inline(always)]
pub fn over<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    m.push(a);
    m.push(b);
    m.push(a);
    Ok(())
}

/// The shape that `+ - * // %` share: ints with a fast path that may not apply, floats with one that may not apply,
/// else the general form.
macro_rules! arithmetic {
    ($($(#[$doc:meta])* $name:ident, $op:expr, |$m:ident| ints($x:ident, $y:ident) $ints:expr, floats($p:ident, $q:ident) $floats:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<M: Machine>($m: &mut M) -> Flow<M> {
            let (b, a) = ($m.pop(), $m.pop());
            let fast = match $m.pair(a, b, Mixed::Rounded)? {
                Pair::Ints($x, $y) => $ints.map(|r| $m.box_int(r)),
                Pair::Floats($p, $q) => $floats.map(|r| $m.box_float(r)),
                Pair::Other => None,
            };
            let result = match fast {
                Some(result) => result,
                None => $m.binary($op, a, b)?,
            };
            $m.push(result);
            Ok(())
        }
    )*};
}

arithmetic! {
    /// `a + b`.
    add, BinOp::Add, |m| ints(x, y) m.int_add(x, y)?, floats(p, q) Some(m.float_add(p, q));
    /// `a - b`.
    sub, BinOp::Sub, |m| ints(x, y) m.int_sub(x, y)?, floats(p, q) Some(m.float_sub(p, q));
    /// `a * b`.
    mul, BinOp::Mul, |m| ints(x, y) m.int_mul(x, y)?, floats(p, q) Some(m.float_mul(p, q));
    /// `a += b`.
    inplace_add, BinOp::Augmented(Augmented::Add), |m| ints(x, y) m.int_add(x, y)?, floats(p, q) Some(m.float_add(p, q));
    /// `a -= b`.
    inplace_sub, BinOp::Augmented(Augmented::Sub), |m| ints(x, y) m.int_sub(x, y)?, floats(p, q) Some(m.float_sub(p, q));
    /// `a *= b`.
    inplace_mul, BinOp::Augmented(Augmented::Mul), |m| ints(x, y) m.int_mul(x, y)?, floats(p, q) Some(m.float_mul(p, q));
    /// `a // b`. Floats go the general way: the quotient needs an exact remainder.
    floordiv, BinOp::FloorDiv, |m| ints(x, y) m.int_floordiv(x, y)?, floats(_p, _q) None::<M::Float>;
    /// `a % b`.
    modulo, BinOp::Mod, |m| ints(x, y) m.int_mod(x, y)?, floats(_p, _q) None::<M::Float>;
}

/// `a / b`, always a float.
#[inline(always)]
pub fn div<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let fast = match m.pair(a, b, Mixed::Rounded)? {
        Pair::Ints(x, y) => m.int_div(x, y)?,
        Pair::Floats(p, q) => m.float_div(p, q)?,
        Pair::Other => None,
    };
    let result = match fast {
        Some(quotient) => m.box_float(quotient),
        None => m.binary(BinOp::Div, a, b)?,
    };
    m.push(result);
    Ok(())
}

/// `a ** b`: always the general form.
#[inline(always)]
pub fn pow<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let result = m.binary(BinOp::Pow, a, b)?;
    m.push(result);
    Ok(())
}

/// `-a`.
#[inline(always)]
pub fn neg<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let fast = match m.single(a)? {
        Single::Int(x) => m.int_neg(x)?.map(|r| m.box_int(r)),
        Single::Float(p) => {
            let r = m.float_neg(p);
            Some(m.box_float(r))
        }
        Single::Other => None,
    };
    let result = match fast {
        Some(result) => result,
        None => m.unary(UnOp::Neg, a)?,
    };
    m.push(result);
    Ok(())
}

/// `~a`.
#[inline(always)]
pub fn invert<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let result = match m.single(a)? {
        Single::Int(x) => {
            let r = m.int_not(x);
            m.box_int(r)
        }
        Single::Float(_) | Single::Other => m.unary(UnOp::Invert, a)?,
    };
    m.push(result);
    Ok(())
}

/// The shape of the operators that only ints have.
macro_rules! bitwise {
    ($($(#[$doc:meta])* $name:ident, $op:expr, |$m:ident| ints($x:ident, $y:ident) $ints:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<M: Machine>($m: &mut M) -> Flow<M> {
            let (b, a) = ($m.pop(), $m.pop());
            let fast = match $m.pair(a, b, Mixed::Never)? {
                Pair::Ints($x, $y) => $ints.map(|r| $m.box_int(r)),
                Pair::Floats(..) | Pair::Other => None,
            };
            let result = match fast {
                Some(result) => result,
                None => $m.binary($op, a, b)?,
            };
            $m.push(result);
            Ok(())
        }
    )*};
}

bitwise! {
    /// `a & b`.
    and, BinOp::And, |m| ints(x, y) Some(m.int_and(x, y));
    /// `a | b`.
    or, BinOp::Or, |m| ints(x, y) Some(m.int_or(x, y));
    /// `a ^ b`.
    xor, BinOp::Xor, |m| ints(x, y) Some(m.int_xor(x, y));
    /// `a &= b`.
    inplace_and, BinOp::Augmented(Augmented::And), |m| ints(x, y) Some(m.int_and(x, y));
    /// `a |= b`.
    inplace_or, BinOp::Augmented(Augmented::Or), |m| ints(x, y) Some(m.int_or(x, y));
    /// `a ^= b`.
    inplace_xor, BinOp::Augmented(Augmented::Xor), |m| ints(x, y) Some(m.int_xor(x, y));
    /// `a << b`.
    shl, BinOp::Shl, |m| ints(x, y) m.int_shl(x, y)?;
    /// `a >> b`.
    shr, BinOp::Shr, |m| ints(x, y) m.int_shr(x, y)?;
}

#[inline(always)]
fn compare<M: Machine>(m: &mut M, cmp: Cmp) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let result = match m.pair(a, b, Mixed::Exact)? {
        Pair::Ints(x, y) => {
            let r = m.int_compare(cmp, x, y);
            m.box_bool(r)
        }
        Pair::Floats(p, q) => {
            let r = m.float_compare(cmp, p, q);
            m.box_bool(r)
        }
        Pair::Other => m.binary(BinOp::Compare(cmp), a, b)?,
    };
    m.push(result);
    Ok(())
}

/// `a == b`.
#[inline(always)]
pub fn eq<M: Machine>(m: &mut M) -> Flow<M> {
    compare(m, Cmp::Eq)
}

/// `a != b`.
#[inline(always)]
pub fn ne<M: Machine>(m: &mut M) -> Flow<M> {
    compare(m, Cmp::Ne)
}

/// `a < b`.
#[inline(always)]
pub fn lt<M: Machine>(m: &mut M) -> Flow<M> {
    compare(m, Cmp::Lt)
}

/// `a <= b`.
#[inline(always)]
pub fn le<M: Machine>(m: &mut M) -> Flow<M> {
    compare(m, Cmp::Le)
}

/// `a > b`.
#[inline(always)]
pub fn gt<M: Machine>(m: &mut M) -> Flow<M> {
    compare(m, Cmp::Gt)
}

/// `a >= b`.
#[inline(always)]
pub fn ge<M: Machine>(m: &mut M) -> Flow<M> {
    compare(m, Cmp::Ge)
}

/// Whether `a` is zero-like.
#[inline(always)]
pub fn not<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let truth = m.truth(a)?;
    let negated = m.bool_not(truth);
    let result = m.box_bool(negated);
    m.push(result);
    Ok(())
}

/// Goes to the target.
#[inline(always)]
pub fn jump<M: Machine>(m: &mut M, target: u32) -> Flow<M> {
    m.jump(target)
}

/// Goes to the target if the value is zero-like.
#[inline(always)]
pub fn jump_if_zero<M: Machine>(m: &mut M, target: u32) -> Flow<M> {
    let a = m.pop();
    let truth = m.truth(a)?;
    m.branch(truth, false, target)
}

/// Goes to the target unless the value is zero-like.
#[inline(always)]
pub fn jump_if_not_zero<M: Machine>(m: &mut M, target: u32) -> Flow<M> {
    let a = m.pop();
    let truth = m.truth(a)?;
    m.branch(truth, true, target)
}

/// Pushes a local.
#[inline(always)]
pub fn load_local<M: Machine>(m: &mut M, slot: u32) -> Flow<M> {
    let value = m.local(slot);
    m.push(value);
    Ok(())
}

/// Pops into a local.
#[inline(always)]
pub fn store_local<M: Machine>(m: &mut M, slot: u32) -> Flow<M> {
    let value = m.pop();
    m.set_local(slot, value);
    Ok(())
}

/// Pushes a global.
#[inline(always)]
pub fn load_global<M: Machine>(m: &mut M, slot: u32) -> Flow<M> {
    let value = m.global(slot);
    m.push(value);
    Ok(())
}

/// Pops into a global.
#[inline(always)]
pub fn store_global<M: Machine>(m: &mut M, slot: u32) -> Flow<M> {
    let value = m.pop();
    m.set_global(slot, value);
    Ok(())
}

/// Calls a function.
#[inline(always)]
pub fn call<M: Machine>(m: &mut M, function: u32) -> Flow<M> {
    m.call(function)
}

/// Returns the top of the stack.
#[inline(always)]
pub fn ret<M: Machine>(m: &mut M) -> Flow<M> {
    let value = m.pop();
    m.ret(value)
}

/// Ends the program.
#[inline(always)]
pub fn halt<M: Machine>(m: &mut M) -> Flow<M> {
    m.halt()
}

/// Prints a value and a line feed.
#[inline(always)]
pub fn print<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    m.print(a)
}

/// Prints a character.
#[inline(always)]
pub fn print_char<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    m.print_char(a)
}

/// Reads a line.
#[inline(always)]
pub fn input<M: Machine>(m: &mut M) -> Flow<M> {
    let line = m.input()?;
    m.push(line);
    Ok(())
}

/// Calls a builtin function of one value. (The verifier has proved that there is one with this number.)
#[inline(always)]
pub fn builtin1<M: Machine>(m: &mut M, number: u32) -> Flow<M> {
    let a = m.pop();
    let builtin = Builtin1::from_number(number).unwrap_or(Builtin1::Pos);
    let fast = match builtin {
        Builtin1::Len => match m.object(a, SEQUENCES)? {
            Some((shape, object)) => {
                let len = len_of(m, shape, object);
                Some(m.box_int(len))
            }
            None => None,
        },
        _ => fast_builtin1(m, builtin, a)?,
    };
    let result = match fast {
        Some(result) => result,
        None if builtin.is_setting() => m.setting(builtin, a)?,
        None => m.unary(UnOp::Call(builtin), a)?,
    };
    m.push(result);
    Ok(())
}

/// The fast paths of builtin functions: for ints, and for floats. Those that have no row do not ask what their operand is.
macro_rules! fast_builtins {
    (|$m:ident| $($($V:ident)|+, int($x:ident) $int:expr, float($p:ident) $float:expr;)*) => {
        /// The result of a builtin function's fast path, if it has one that applies. (Inlined, so that the machine
        /// stays in registers: see the interpreter's rules.)
        #[inline(always)]
        fn fast_builtin1<M: Machine>($m: &mut M, builtin: Builtin1, a: M::Value) -> Flow<M, Option<M::Value>> {
            Ok(match builtin {
                $($(Builtin1::$V)|+ => match $m.single(a)? {
                    Single::Int($x) => $int,
                    Single::Float($p) => $float,
                    Single::Other => None,
                },)*
                _ => None,
            })
        }
    };
}

fast_builtins! { |m|
    Pos, int(x) Some(m.box_int(x)), float(p) Some(m.box_float(p));
    Round | Index, int(x) Some(m.box_int(x)), float(_p) None;
    Int | Trunc, int(x) Some(m.box_int(x)), float(p) rounded(m, p, Rounding::Truncate)?;
    Floor, int(x) Some(m.box_int(x)), float(p) rounded(m, p, Rounding::Floor)?;
    Ceil, int(x) Some(m.box_int(x)), float(p) rounded(m, p, Rounding::Ceil)?;
    Abs, int(x) m.int_abs(x)?.map(|r| m.box_int(r)), float(p) {
        let r = m.float_abs(p);
        Some(m.box_float(r))
    };
    Float, int(x) {
        let r = m.int_to_float(x);
        Some(m.box_float(r))
    }, float(p) Some(m.box_float(p));
    Fabs, int(x) {
        let p = m.int_to_float(x);
        let r = m.float_abs(p);
        Some(m.box_float(r))
    }, float(p) {
        let r = m.float_abs(p);
        Some(m.box_float(r))
    };
    Sqrt, int(x) {
        let p = m.int_to_float(x);
        m.float_sqrt(p)?.map(|r| m.box_float(r))
    }, float(p) m.float_sqrt(p)?.map(|r| m.box_float(r));
    // Every int is a number. What is no number is not equal to itself.
    IsNan, int(x) {
        let r = m.int_compare(Cmp::Ne, x, x);
        Some(m.box_bool(r))
    }, float(p) {
        let r = m.float_compare(Cmp::Ne, p, p);
        Some(m.box_bool(r))
    };
    // Every int is finite. An infinity less itself is no number.
    IsFinite, int(x) {
        let r = m.int_compare(Cmp::Eq, x, x);
        Some(m.box_bool(r))
    }, float(p) {
        let zero = m.float_sub(p, p);
        let r = m.float_compare(Cmp::Eq, zero, zero);
        Some(m.box_bool(r))
    };
}

#[inline(always)]
fn rounded<M: Machine>(m: &mut M, p: M::Float, rounding: Rounding) -> Flow<M, Option<M::Value>> {
    Ok(m.float_to_int(p, rounding)?.map(|r| m.box_int(r)))
}

/// Calls a builtin function of two values. (The verifier has proved that there is one with this number.)
#[inline(always)]
pub fn builtin2<M: Machine>(m: &mut M, number: u32) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let builtin = Builtin2::from_number(number).unwrap_or(Builtin2::Is);
    let fast = match builtin {
        Builtin2::DivmodQuotient | Builtin2::DivmodRemainder => match m.pair(a, b, Mixed::Never)? {
            Pair::Ints(x, y) => {
                let r = match builtin {
                    Builtin2::DivmodQuotient => m.int_floordiv(x, y)?,
                    _ => m.int_mod(x, y)?,
                };
                r.map(|r| m.box_int(r))
            }
            Pair::Floats(..) | Pair::Other => None,
        },
        _ => None,
    };
    let result = match fast {
        Some(result) => result,
        None => m.binary(BinOp::Call(builtin), a, b)?,
    };
    m.push(result);
    Ok(())
}

/// `a ** b % c`.
#[inline(always)]
pub fn pow_mod<M: Machine>(m: &mut M) -> Flow<M> {
    let (c, b, a) = (m.pop(), m.pop(), m.pop());
    let result = m.pow_mod(a, b, c)?;
    m.push(result);
    Ok(())
}

/// Raises an error.
#[inline(always)]
pub fn raise<M: Machine>(m: &mut M) -> Flow<M> {
    let (message, class) = (m.pop(), m.pop());
    m.raise(class, message)
}

/// An error goes to the target from here on. (The verifier has found out from where on, and until where: nothing is done.)
#[inline(always)]
pub fn try_<M: Machine>(_: &mut M, _: u32) -> Flow<M> {
    Ok(())
}

/// That is over.
#[inline(always)]
pub fn end_try<M: Machine>(_: &mut M) -> Flow<M> {
    Ok(())
}

/// Raises an exception.
#[inline(always)]
pub fn raise_value<M: Machine>(m: &mut M) -> Flow<M> {
    let exception = m.pop();
    m.raise_value(exception, false)
}

/// Raises an exception again.
#[inline(always)]
pub fn reraise<M: Machine>(m: &mut M) -> Flow<M> {
    let exception = m.pop();
    m.raise_value(exception, true)
}

/// The opcodes that are a routine: what they take is on top of the stack.
macro_rules! routines {
    ($($(#[$doc:meta])* $name:ident($($arg:ident)?), $V:ident, $inputs:expr, $detail:expr, $pushes:literal;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, $($arg: u32)?) -> Flow<M> {
            let result = m.routine(Routine::$V, $inputs, $detail)?;
            if $pushes {
                m.push(result);
            }
            Ok(())
        }
    )*};
}

routines! {
    /// A new list.
    list(count), List, count, 0, true;
    /// A new tuple.
    tuple(count), Tuple, count, 0, true;
    /// A new dict.
    dict(pairs), Dict, pairs * 2, 0, true;
    /// A new set.
    set(count), Set, count, 0, true;
    /// `del a[i]`.
    delete_index(), DeleteIndex, 2, 0, false;
    /// A slice.
    slice(), Slice, 3, 0, true;
    /// An iterator.
    iter(), Iter, 1, 0, true;
    /// So many values at both ends, and the others.
    unpack_star(counts), UnpackStar, 1, counts, true;
}

/// `a[i]`. What has a fast path takes nothing from the stack before it is known that it applies: a routine takes all.
#[inline(always)]
pub fn index<M: Machine>(m: &mut M) -> Flow<M> {
    let (a, i) = (m.peek(1), m.peek(0));
    let result = match element_of(m, a, SEQUENCES, i)? {
        Some((storage, at)) => {
            let value = m.element(storage, at);
            m.pop();
            m.pop();
            value
        }
        None => m.routine(Routine::Index, 2, 0)?,
    };
    m.push(result);
    Ok(())
}

/// Lists and tuples.
const SEQUENCES: &[Shape] = &[Shape::List, Shape::Tuple];
/// Lists.
const LISTS: &[Shape] = &[Shape::List];
/// Iterators over lists.
const LIST_ITERATORS: &[Shape] = &[Shape::ListIterator];

/// How many elements a list or tuple has.
#[inline(always)]
fn len_of<M: Machine>(m: &mut M, shape: Shape, object: M::Object) -> M::Int {
    match shape {
        Shape::List => m.count(object, shape::list::LEN),
        Shape::Tuple | Shape::ListIterator => m.size(object),
    }
}

/// The object whose slots are the elements of a list or tuple that has some.
#[inline(always)]
fn storage_of<M: Machine>(m: &mut M, shape: Shape, object: M::Object) -> M::Object {
    match shape {
        Shape::List => m.field(object, shape::list::STORAGE),
        Shape::Tuple | Shape::ListIterator => object,
    }
}

/// A slot of an object: the object, and which of its slots.
type Slot<M> = (<M as Machine>::Object, <M as Machine>::Int);

/// Where an element of a list or tuple is, if that is what the operands are.
#[inline(always)]
fn element_of<M: Machine>(
    m: &mut M,
    a: M::Value,
    of: &'static [Shape],
    i: M::Value,
) -> Flow<M, Option<Slot<M>>> {
    let Some((shape, object)) = m.object(a, of)? else { return Ok(None) };
    let Single::Int(i) = m.single(i)? else { return Ok(None) };
    let len = len_of(m, shape, object);
    let Some(at) = m.int_index(i, len)? else { return Ok(None) };
    Ok(Some((storage_of(m, shape, object), at)))
}

/// A list or tuple of exactly so many values.
#[inline(always)]
pub fn unpack<M: Machine>(m: &mut M, count: u32) -> Flow<M> {
    let a = m.peek(0);
    if let Some((shape, object)) = m.object(a, SEQUENCES)? {
        let len = len_of(m, shape, object);
        let (count, more) = (m.int_const(count.into()), m.int_const(i64::from(count) + 1));
        let one = m.int_const(1);
        // Not more, and not fewer.
        if let Some(len) = m.int_below(len, more)?
            && let Some(longer) = m.int_add(len, one)?
            && m.int_below(count, longer)?.is_some()
        {
            return Ok(());
        }
    }
    let result = m.routine(Routine::Unpack, 1, count)?;
    m.push(result);
    Ok(())
}

/// One of the values unpacked.
#[inline(always)]
pub fn item<M: Machine>(m: &mut M, place: u32) -> Flow<M> {
    let a = m.peek(0);
    let found = match m.object(a, SEQUENCES)? {
        Some((shape, object)) => {
            let (at, len) = (m.int_const(place.into()), len_of(m, shape, object));
            m.int_below(at, len)?.map(|at| (storage_of(m, shape, object), at))
        }
        None => None,
    };
    let result = match found {
        Some((storage, at)) => {
            let value = m.element(storage, at);
            m.pop();
            value
        }
        None => m.routine(Routine::Item, 1, place)?,
    };
    m.push(result);
    Ok(())
}

/// `a[i] = v`.
#[inline(always)]
pub fn store_index<M: Machine>(m: &mut M) -> Flow<M> {
    let (a, i, v) = (m.peek(2), m.peek(1), m.peek(0));
    if let Some((storage, at)) = element_of(m, a, LISTS, i)?
        && let Some(value) = m.storable(v)?
    {
        m.pop();
        m.pop();
        m.pop();
        m.set_element(storage, at, value);
        return Ok(());
    }
    m.routine(Routine::StoreIndex, 3, 0).map(|_| ())
}

/// Goes to the next value of an iterator.
#[inline(always)]
pub fn iter_more<M: Machine>(m: &mut M) -> Flow<M> {
    let it = m.peek(0);
    let result = match m.object(it, LIST_ITERATORS)? {
        Some((_, it)) => {
            let list = m.field(it, shape::list_iterator::SOURCE);
            let (at, len) = (m.count(it, shape::list_iterator::AT), m.count(list, shape::list::LEN));
            let more = m.int_compare(Cmp::Lt, at, len);
            let one = m.int_const(1);
            let end = m.int_const(shape::list_iterator::EXHAUSTED);
            // It fits: no list is so long.
            let next = m.int_add(at, one)?.unwrap_or(end);
            let next = m.int_select(more, next, end);
            m.pop();
            m.set_count(it, shape::list_iterator::LAST, at);
            m.set_count(it, shape::list_iterator::AT, next);
            m.box_bool(more)
        }
        None => m.routine(Routine::IterMore, 1, 0)?,
    };
    m.push(result);
    Ok(())
}

/// The value to which an iterator has gone.
#[inline(always)]
pub fn iter_value<M: Machine>(m: &mut M) -> Flow<M> {
    let it = m.peek(0);
    let place = match m.object(it, LIST_ITERATORS)? {
        Some((_, it)) => {
            let list = m.field(it, shape::list_iterator::SOURCE);
            let (at, len) = (m.count(it, shape::list_iterator::LAST), m.count(list, shape::list::LEN));
            m.int_below(at, len)?.map(|at| (m.field(list, shape::list::STORAGE), at))
        }
        None => None,
    };
    let result = match place {
        Some((storage, at)) => {
            let value = m.element(storage, at);
            m.pop();
            value
        }
        None => m.routine(Routine::IterValue, 1, 0)?,
    };
    m.push(result);
    Ok(())
}

/// Calls a method.
#[inline(always)]
pub fn method<M: Machine>(m: &mut M, form: u32) -> Flow<M> {
    let facts = m.form(form);
    if facts.known == Some(KnownMethod::Append) && append(m)? {
        let none = m.none();
        m.push(none);
        return Ok(());
    }
    let result = m.routine(Routine::Method, u32::from(facts.inputs) + 1, form)?;
    m.push(result);
    Ok(())
}

/// `a.append(v)` where `a` is a list that has room: whether it was, and both are taken.
#[inline(always)]
fn append<M: Machine>(m: &mut M) -> Flow<M, bool> {
    let (a, v) = (m.peek(1), m.peek(0));
    let Some((_, list)) = m.object(a, LISTS)? else { return Ok(false) };
    let len = m.count(list, shape::list::LEN);
    let storage = m.field(list, shape::list::STORAGE);
    let size = m.size(storage);
    let Some(at) = m.int_below(len, size)? else { return Ok(false) };
    let one = m.int_const(1);
    let Some(longer) = m.int_add(len, one)? else { return Ok(false) };
    let Some(value) = m.storable(v)? else { return Ok(false) };
    m.pop();
    m.pop();
    m.set_element(storage, at, value);
    m.set_count(list, shape::list::LEN, longer);
    Ok(true)
}

/// Calls a routine. (The verifier has proved that there is one with this number.)
#[inline(always)]
pub fn routine<M: Machine>(m: &mut M, number: u32) -> Flow<M> {
    let routine = Routine::from_number(number).unwrap_or(Routine::ListOf);
    if routine == Routine::Append {
        let list = m.peek(1);
        if append(m)? {
            m.push(list);
            return Ok(());
        }
    }
    let result = m.routine(routine, routine.inputs().unwrap_or(0), 0)?;
    m.push(result);
    Ok(())
}

/// Expands to the call of an opcode's meaning, with its argument if its row has an operand.
#[macro_export]
macro_rules! apply_op {
    (None $f:ident $m:expr, $arg:expr) => {
        $crate::semantics::$f($m)
    };
    ($operand:ident $f:ident $m:expr, $arg:expr) => {
        $crate::semantics::$f($m, $arg)
    };
}

macro_rules! define_step {
    ($($(#[doc = $doc:literal])* $V:ident $f:ident $name:literal $operand:ident
       [$($i:ident)* -- $($o:ident)*] $flow:ident $effect:ident;)*) => {
        /// Executes one opcode on a machine: for machines that are not the hot loop of an interpreter.
        ///
        /// # Errors
        /// Whatever the machine's primitives answer.
        pub fn step<M: Machine>(m: &mut M, op: Op, arg: u32) -> Flow<M> {
            match op { $(Op::$V => apply_op!($operand $f m, arg),)* }
        }
    };
}
crate::for_each_op!(define_step);

/// The meaning of one opcode as a type, for code that is generated from sequences of opcodes.
pub trait Meaning {
    /// The opcode.
    const OP: Op;

    /// Executes it.
    ///
    /// # Errors
    /// Whatever the machine's primitives answer.
    fn apply<M: Machine>(m: &mut M, arg: u32) -> Flow<M>;
}

macro_rules! define_meanings {
    ($($(#[doc = $doc:literal])* $V:ident $f:ident $name:literal $operand:ident
       [$($i:ident)* -- $($o:ident)*] $flow:ident $effect:ident;)*) => {
        /// A type per opcode, named like it: see [`Meaning`].
        pub mod meaning {
            use super::{Flow, Machine, Meaning, Op};
            $(
                $(#[doc = $doc])*
                pub struct $V;
                impl Meaning for $V {
                    const OP: Op = Op::$V;
                    #[inline(always)]
                    fn apply<M: Machine>(m: &mut M, _arg: u32) -> Flow<M> {
                        apply_op!($operand $f m, _arg)
                    }
                }
            )*
        }
    };
}
crate::for_each_op!(define_meanings);
