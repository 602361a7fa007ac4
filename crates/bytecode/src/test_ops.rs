//! Opcodes that only tests have: the examples of CONTRIBUTING.md and of docs/learn, and some that use each primitive as hard as a meaning may.
//!
//! Stands beside the opcode table. With the feature `test-ops`, which only tests turn on, `for_each_op!` ends with
//! these rows. So what a contributor is told to write is compiled, and run in all tiers, and so is what a contributor
//! may write: operands that are used again after a primitive, a comparison whose answer is needed after one, several
//! results or none, effects after a fast path.
//!
//! The opcodes named `check_...` have one primitive each. Where their fast path does not apply they give 5 (which is 3
//! ** 5 % 7), by a general form that no compiler has an instruction for: so the fast path need not agree with any
//! operation that exists.

use crate::builtin::Builtin1;
use crate::machine::{BinOp, Cmp, Flow, Machine, Mixed, Pair, Rounding, Single, UnOp};

/// Calls the macro `$m` with the rows given and those of this module.
#[macro_export]
#[doc(hidden)]
macro_rules! with_test_ops {
    ($m:path { $($rows:tt)* }) => {
        $m! {
            $($rows)*
            /// `a * a`.
            Square square "square" None [a -- r] Next may_exit;
            /// `a * a % b` for ints, without the square itself.
            SquareMod square_mod "square_mod" None [a b -- r] Next may_exit;
            /// Go to the target if `a < b`.
            JumpIfLess jump_if_less "jump_if_less" Target [a b -- ] Branch may_exit;
            /// The floored quotient and the remainder of two ints.
            CheckTwoResults check_two_results "check_two_results" None [a b -- q r] Next may_exit;
            /// `a`, and `-a` above it.
            CheckGrowth check_growth "check_growth" None [a -- a r] Next may_exit;
            /// Nothing: `a + b` is not kept.
            CheckNoResult check_no_result "check_no_result" None [a b -- ] Next may_exit;
            /// Write `a + b` and a line feed.
            CheckPrint check_print "check_print" None [a b -- ] Next may_exit;
            /// Write the character of code point `a + b`.
            CheckPrintChar check_print_char "check_print_char" None [a b -- ] Next may_exit;
            /// Add to a local; push what it was.
            CheckLocal check_local "check_local" Local [a -- old] Next may_exit;
            /// Exchange with a local.
            CheckExchange check_exchange "check_exchange" Local [a -- old] Next total;
            /// Add to a global; push what it was.
            CheckGlobal check_global "check_global" Global [a -- old] Next may_exit;
            /// A constant plus `a`.
            CheckConstant check_constant "check_constant" Const [a -- r] Next may_exit;
            /// `b` if `a` counts as true, else `c`, for ints.
            CheckTruth check_truth "check_truth" None [a b c -- r] Next may_exit;
            /// The opposite of the truth of `a`, as 0 or 1.
            CheckNot check_not "check_not" None [a -- r] Next may_exit;
            /// Whether `a < b`; the answer is boxed before it is pushed.
            CheckBool check_bool "check_bool" None [a b -- r] Next may_exit;
            /// `-a`, by the general form after a fast path that is not used.
            CheckUnary check_unary "check_unary" None [a -- r] Next may_exit;
            /// A setting of the program; `a` counts for nothing.
            CheckSetting check_setting "check_setting" None [a -- r] Next may_exit;
            /// More numbers at a time than there are registers.
            CheckManyInts check_many_ints "check_many_ints" None [a b -- r] Next may_exit;
            /// The same with floats.
            CheckManyFloats check_many_floats "check_many_floats" None [a b -- r] Next may_exit;
            /// `int_add`.
            CheckIntAdd check_int_add "check_int_add" None [a b -- r] Next may_exit;
            /// `int_sub`.
            CheckIntSub check_int_sub "check_int_sub" None [a b -- r] Next may_exit;
            /// `int_mul`.
            CheckIntMul check_int_mul "check_int_mul" None [a b -- r] Next may_exit;
            /// `int_floordiv`.
            CheckIntFloorDiv check_int_floordiv "check_int_floordiv" None [a b -- r] Next may_exit;
            /// `int_mod`.
            CheckIntMod check_int_mod "check_int_mod" None [a b -- r] Next may_exit;
            /// `int_and`.
            CheckIntAnd check_int_and "check_int_and" None [a b -- r] Next may_exit;
            /// `int_or`.
            CheckIntOr check_int_or "check_int_or" None [a b -- r] Next may_exit;
            /// `int_xor`.
            CheckIntXor check_int_xor "check_int_xor" None [a b -- r] Next may_exit;
            /// `int_shl`.
            CheckIntShl check_int_shl "check_int_shl" None [a b -- r] Next may_exit;
            /// `int_shr`.
            CheckIntShr check_int_shr "check_int_shr" None [a b -- r] Next may_exit;
            /// `int_compare`.
            CheckIntCompare check_int_compare "check_int_compare" None [a b -- r] Next may_exit;
            /// `int_div`.
            CheckIntDiv check_int_div "check_int_div" None [a b -- r] Next may_exit;
            /// `int_neg`.
            CheckIntNeg check_int_neg "check_int_neg" None [a -- r] Next may_exit;
            /// `int_abs`.
            CheckIntAbs check_int_abs "check_int_abs" None [a -- r] Next may_exit;
            /// `int_not`.
            CheckIntNot check_int_not "check_int_not" None [a -- r] Next may_exit;
            /// `int_const`.
            CheckIntConst check_int_const "check_int_const" None [a -- r] Next may_exit;
            /// `int_to_float`.
            CheckIntToFloat check_int_to_float "check_int_to_float" None [a -- r] Next may_exit;
            /// `float_add`.
            CheckFloatAdd check_float_add "check_float_add" None [a b -- r] Next may_exit;
            /// `float_sub`.
            CheckFloatSub check_float_sub "check_float_sub" None [a b -- r] Next may_exit;
            /// `float_mul`.
            CheckFloatMul check_float_mul "check_float_mul" None [a b -- r] Next may_exit;
            /// `float_div`.
            CheckFloatDiv check_float_div "check_float_div" None [a b -- r] Next may_exit;
            /// `float_compare`.
            CheckFloatCompare check_float_compare "check_float_compare" None [a b -- r] Next may_exit;
            /// `float_neg`.
            CheckFloatNeg check_float_neg "check_float_neg" None [a -- r] Next may_exit;
            /// `float_abs`.
            CheckFloatAbs check_float_abs "check_float_abs" None [a -- r] Next may_exit;
            /// `float_const`.
            CheckFloatConst check_float_const "check_float_const" None [a -- r] Next may_exit;
            /// `float_sqrt`.
            CheckFloatSqrt check_float_sqrt "check_float_sqrt" None [a -- r] Next may_exit;
            /// `float_to_int`, three ways.
            CheckFloatToInt check_float_to_int "check_float_to_int" None [a -- r] Next may_exit;
            /// `a + 1`.
            Increment increment "increment" None [a -- r] Next may_exit;
        }
    };
}

/// `a * a`.
#[inline(always)]
pub fn square<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let fast = match m.pair(a, a, Mixed::Rounded)? {
        Pair::Ints(x, y) => m.int_mul(x, y)?.map(|r| m.box_int(r)),
        Pair::Floats(p, q) => {
            let r = m.float_mul(p, q);
            Some(m.box_float(r))
        }
        Pair::Other => None,
    };
    let result = match fast {
        Some(result) => result,
        None => m.binary(BinOp::Mul, a, a)?,
    };
    m.push(result);
    Ok(())
}

/// `a + 1`.
#[inline(always)]
pub fn increment<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let one = m.int_const(1);
    let fast = match m.single(a)? {
        Single::Int(x) => m.int_add(x, one)?.map(|r| m.box_int(r)),
        Single::Float(p) => {
            let one = m.float_const(1.0);
            let r = m.float_add(p, one);
            Some(m.box_float(r))
        }
        Single::Other => None,
    };
    let result = match fast {
        Some(result) => result,
        None => {
            let one = m.box_int(one);
            m.binary(BinOp::Add, a, one)?
        }
    };
    m.push(result);
    Ok(())
}

/// `a * a % b` for ints, without the square itself.
#[inline(always)]
pub fn square_mod<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let fast = match m.pair(a, b, Mixed::Never)? {
        Pair::Ints(x, y) => match m.int_mul(x, x)? {
            Some(squared) => m.int_mod(squared, y)?.map(|r| m.box_int(r)),
            None => None,
        },
        Pair::Floats(..) | Pair::Other => None,
    };
    let result = match fast {
        Some(result) => result,
        None => {
            let two = m.int_const(2);
            let two = m.box_int(two);
            m.pow_mod(a, two, b)?
        }
    };
    m.push(result);
    Ok(())
}

/// Goes to the target if `a < b`.
#[inline(always)]
pub fn jump_if_less<M: Machine>(m: &mut M, target: u32) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let less = match m.pair(a, b, Mixed::Exact)? {
        Pair::Ints(x, y) => m.int_compare(Cmp::Lt, x, y),
        Pair::Floats(p, q) => m.float_compare(Cmp::Lt, p, q),
        Pair::Other => {
            let less = m.binary(BinOp::Compare(Cmp::Lt), a, b)?;
            m.truth(less)?
        }
    };
    m.branch(less, true, target)
}

/// 5, if the fast path has no result.
#[inline(always)]
fn or_five<M: Machine>(m: &mut M, fast: Option<M::Value>) -> Flow<M, M::Value> {
    match fast {
        Some(result) => Ok(result),
        None => {
            let [a, b, c] = [3, 5, 7].map(|i| {
                let i = m.int_const(i);
                m.box_int(i)
            });
            m.pow_mod(a, b, c)
        }
    }
}

/// Quotient and remainder.
#[inline(always)]
pub fn check_two_results<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let fast = match m.pair(a, b, Mixed::Never)? {
        Pair::Ints(x, y) => match (m.int_floordiv(x, y)?, m.int_mod(x, y)?) {
            (Some(q), Some(r)) => Some((m.box_int(q), m.box_int(r))),
            _ => None,
        },
        Pair::Floats(..) | Pair::Other => None,
    };
    let (quotient, remainder) = match fast {
        Some(results) => results,
        None => {
            let five = or_five(m, None)?;
            (five, five)
        }
    };
    m.push(quotient);
    m.push(remainder);
    Ok(())
}

/// One more than was there.
#[inline(always)]
pub fn check_growth<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let fast = match m.single(a)? {
        Single::Int(x) => m.int_neg(x)?.map(|r| m.box_int(r)),
        Single::Float(_) | Single::Other => None,
    };
    let result = or_five(m, fast)?;
    m.push(a);
    m.push(result);
    Ok(())
}

#[inline(always)]
fn sum<M: Machine>(m: &mut M, a: M::Value, b: M::Value) -> Flow<M, M::Value> {
    let fast = match m.pair(a, b, Mixed::Rounded)? {
        Pair::Ints(x, y) => m.int_add(x, y)?.map(|r| m.box_int(r)),
        Pair::Floats(p, q) => {
            let r = m.float_add(p, q);
            Some(m.box_float(r))
        }
        Pair::Other => None,
    };
    or_five(m, fast)
}

/// Computes, and keeps nothing.
#[inline(always)]
pub fn check_no_result<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    sum(m, a, b).map(|_| ())
}

/// Writes a sum.
#[inline(always)]
pub fn check_print<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let sum = sum(m, a, b)?;
    m.print(sum)
}

/// Writes the character of a sum.
#[inline(always)]
pub fn check_print_char<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let sum = sum(m, a, b)?;
    m.print_char(sum)
}

/// Reads a local, writes it, and pushes what was read.
#[inline(always)]
pub fn check_local<M: Machine>(m: &mut M, slot: u32) -> Flow<M> {
    let (a, old) = (m.pop(), m.local(slot));
    let new = sum(m, old, a)?;
    m.set_local(slot, new);
    m.push(old);
    Ok(())
}

/// The same without a fast path.
#[inline(always)]
pub fn check_exchange<M: Machine>(m: &mut M, slot: u32) -> Flow<M> {
    let (a, old) = (m.pop(), m.local(slot));
    m.set_local(slot, a);
    m.push(old);
    Ok(())
}

/// The same with a global.
#[inline(always)]
pub fn check_global<M: Machine>(m: &mut M, slot: u32) -> Flow<M> {
    let (a, old) = (m.pop(), m.global(slot));
    let new = sum(m, old, a)?;
    m.set_global(slot, new);
    m.push(old);
    Ok(())
}

/// A constant of the program as an operand.
#[inline(always)]
pub fn check_constant<M: Machine>(m: &mut M, k: u32) -> Flow<M> {
    let (a, constant) = (m.pop(), m.constant(k));
    let sum = sum(m, constant, a)?;
    m.push(sum);
    Ok(())
}

/// Asks for truth, then for kinds.
#[inline(always)]
pub fn check_truth<M: Machine>(m: &mut M) -> Flow<M> {
    let (c, b, a) = (m.pop(), m.pop(), m.pop());
    let truth = m.truth(a)?;
    let fast = match m.pair(b, c, Mixed::Never)? {
        Pair::Ints(x, y) => {
            let chosen = m.int_select(truth, x, y);
            Some(m.box_int(chosen))
        }
        Pair::Floats(..) | Pair::Other => None,
    };
    let result = or_five(m, fast)?;
    m.push(result);
    Ok(())
}

/// A truth value as a condition.
#[inline(always)]
pub fn check_not<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let truth = m.truth(a)?;
    let opposite = m.bool_not(truth);
    let (one, zero) = (m.int_const(1), m.int_const(0));
    let chosen = m.int_select(opposite, one, zero);
    let result = m.box_int(chosen);
    m.push(result);
    Ok(())
}

/// A bool that is a value before its time.
#[inline(always)]
pub fn check_bool<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let fast = match m.pair(a, b, Mixed::Exact)? {
        Pair::Ints(x, y) => {
            let less = m.int_compare(Cmp::Lt, x, y);
            let result = m.box_bool(less);
            m.int_add(x, y)?.map(|_| result)
        }
        Pair::Floats(p, q) => {
            let less = m.float_compare(Cmp::Lt, p, q);
            let less = m.bool_not(less);
            let result = m.box_bool(less);
            m.float_neg(p);
            Some(result)
        }
        Pair::Other => None,
    };
    let result = or_five(m, fast)?;
    m.push(result);
    Ok(())
}

/// Begins a fast path, and takes the general form all the same.
#[inline(always)]
pub fn check_unary<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    if let Single::Int(x) = m.single(a)? {
        m.int_not(x);
    }
    let result = m.unary(UnOp::Neg, a)?;
    m.push(result);
    Ok(())
}

/// Reads a setting.
#[inline(always)]
pub fn check_setting<M: Machine>(m: &mut M) -> Flow<M> {
    let a = m.pop();
    let result = m.setting(Builtin1::GetRecursionLimit, a)?;
    m.push(result);
    Ok(())
}

/// Results of all kinds of operations, all of which are needed until the end.
#[inline(always)]
pub fn check_many_ints<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let fast = match m.pair(a, b, Mixed::Never)? {
        Pair::Ints(x, y) => {
            let mut all = [x; 9];
            for i in 1..all.len() {
                let last = all[i - 1];
                all[i] = if i % 2 == 0 { m.int_xor(last, y) } else { m.int_not(last) };
            }
            let mut result = y;
            for i in all {
                result = m.int_xor(result, i);
            }
            Some(m.box_int(result))
        }
        Pair::Floats(..) | Pair::Other => None,
    };
    let result = or_five(m, fast)?;
    m.push(result);
    Ok(())
}

/// The same with floats.
#[inline(always)]
pub fn check_many_floats<M: Machine>(m: &mut M) -> Flow<M> {
    let (b, a) = (m.pop(), m.pop());
    let fast = match m.pair(a, b, Mixed::Rounded)? {
        Pair::Floats(p, q) => {
            let mut all = [p; 12];
            for i in 1..all.len() {
                let last = all[i - 1];
                all[i] = m.float_sub(q, last);
            }
            let mut result = q;
            for f in all {
                result = m.float_add(result, f);
            }
            Some(m.box_float(result))
        }
        Pair::Ints(..) | Pair::Other => None,
    };
    let result = or_five(m, fast)?;
    m.push(result);
    Ok(())
}

/// One primitive of two numbers. A comparison made before it decides after it between its result and an operand.
macro_rules! check_pairs {
    ($($name:ident $Pair:ident $compare:ident $select:ident $box:ident |$m:ident, $x:ident, $y:ident| $result:expr, else $other:expr;)*) => {$(
        /// See the row.
        #[inline(always)]
        pub fn $name<M: Machine>($m: &mut M) -> Flow<M> {
            let (b, a) = ($m.pop(), $m.pop());
            let fast = match $m.pair(a, b, Mixed::Rounded)? {
                Pair::$Pair($x, $y) => {
                    let less = $m.$compare(Cmp::Lt, $x, $y);
                    match $result {
                        Some(result) => {
                            let other = $other;
                            let chosen = $m.$select(less, result, other);
                            Some($m.$box(chosen))
                        }
                        None => None,
                    }
                }
                _ => None,
            };
            let result = or_five($m, fast)?;
            $m.push(result);
            Ok(())
        }
    )*};
}

check_pairs! {
    check_int_add Ints int_compare int_select box_int |m, x, y| m.int_add(x, y)?, else x;
    check_int_sub Ints int_compare int_select box_int |m, x, y| m.int_sub(x, y)?, else x;
    check_int_mul Ints int_compare int_select box_int |m, x, y| m.int_mul(x, y)?, else x;
    check_int_floordiv Ints int_compare int_select box_int |m, x, y| m.int_floordiv(x, y)?, else y;
    check_int_mod Ints int_compare int_select box_int |m, x, y| m.int_mod(x, y)?, else x;
    check_int_and Ints int_compare int_select box_int |m, x, y| Some(m.int_and(x, y)), else x;
    check_int_or Ints int_compare int_select box_int |m, x, y| Some(m.int_or(x, y)), else x;
    check_int_xor Ints int_compare int_select box_int |m, x, y| Some(m.int_xor(x, y)), else x;
    check_int_shl Ints int_compare int_select box_int |m, x, y| m.int_shl(x, y)?, else x;
    check_int_shr Ints int_compare int_select box_int |m, x, y| m.int_shr(x, y)?, else x;
    check_int_compare Ints int_compare int_select box_int |m, x, y| {
        let equal = m.int_compare(Cmp::Eq, x, y);
        Some(m.int_select(equal, y, x))
    }, else y;
    check_int_div Ints int_compare float_select box_float |m, x, y| m.int_div(x, y)?, else m.int_to_float(x);
    check_float_add Floats float_compare float_select box_float |m, x, y| Some(m.float_add(x, y)), else x;
    check_float_sub Floats float_compare float_select box_float |m, x, y| Some(m.float_sub(x, y)), else x;
    check_float_mul Floats float_compare float_select box_float |m, x, y| Some(m.float_mul(x, y)), else x;
    check_float_div Floats float_compare float_select box_float |m, x, y| m.float_div(x, y)?, else x;
    check_float_compare Floats float_compare float_select box_float |m, x, y| {
        let equal = m.float_compare(Cmp::Eq, x, y);
        Some(m.float_select(equal, y, x))
    }, else y;
}

/// The same with one operand, which is compared with 0.
macro_rules! check_singles {
    ($($name:ident $Single:ident $const:ident($zero:literal) $compare:ident $select:ident $box:ident |$m:ident, $x:ident| $result:expr, else $other:expr;)*) => {$(
        /// See the row.
        #[inline(always)]
        pub fn $name<M: Machine>($m: &mut M) -> Flow<M> {
            let a = $m.pop();
            let fast = match $m.single(a)? {
                Single::$Single($x) => {
                    let zero = $m.$const($zero);
                    let above = $m.$compare(Cmp::Ge, $x, zero);
                    match $result {
                        Some(result) => {
                            let other = $other;
                            let chosen = $m.$select(above, result, other);
                            Some($m.$box(chosen))
                        }
                        None => None,
                    }
                }
                _ => None,
            };
            let result = or_five($m, fast)?;
            $m.push(result);
            Ok(())
        }
    )*};
}

check_singles! {
    check_int_neg Int int_const(0) int_compare int_select box_int |m, x| m.int_neg(x)?, else x;
    check_int_abs Int int_const(-7) int_compare int_select box_int |m, x| m.int_abs(x)?, else x;
    check_int_not Int int_const(0) int_compare int_select box_int |m, x| Some(m.int_not(x)), else x;
    check_int_const Int int_const(1000) int_compare int_select box_int |m, x| Some(m.int_const(i64::MIN)), else m.int_const(1 << 40);
    check_int_to_float Int int_const(0) int_compare float_select box_float |m, x| Some(m.int_to_float(x)), else m.float_const(0.25);
    check_float_neg Float float_const(0.0) float_compare float_select box_float |m, x| Some(m.float_neg(x)), else x;
    check_float_abs Float float_const(-2.0) float_compare float_select box_float |m, x| Some(m.float_abs(x)), else x;
    check_float_const Float float_const(1.5) float_compare float_select box_float |m, x| Some(m.float_const(-0.0)), else x;
    check_float_sqrt Float float_const(2.0) float_compare float_select box_float |m, x| m.float_sqrt(x)?, else x;
    check_float_to_int Float float_const(0.0) float_compare int_select box_int |m, x| {
        let (down, up) = (m.float_to_int(x, Rounding::Floor)?, m.float_to_int(x, Rounding::Ceil)?);
        match (down, up) {
            (Some(down), Some(up)) => m.int_mul(down, up)?,
            _ => None,
        }
    }, else match m.float_to_int(x, Rounding::Truncate)? {
        Some(cut) => cut,
        None => m.int_const(0),
    };
}
