//! What each number function must answer, case by case. The comparison with CPython itself is in the crate's
//! integration test.
#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;

use bytecode::{BinOp, Cmp, UnOp};
use dashu_int::IBig;

use super::*;

const LIMITS: NumberLimits = NumberLimits { max_int_bits: 1 << 12, max_str_digits: 700, max_str_bytes: 100 };

fn binary(op: BinOp, a: Operand<'_>, b: Operand<'_>, limits: &NumberLimits) -> Result<Output, NumError> {
    super::binary(op, a, b, &Watch::unhurried(*limits))
}

fn unary(op: UnOp, a: Operand<'_>, limits: &NumberLimits) -> Result<Output, NumError> {
    super::unary(op, a, &Watch::unhurried(*limits))
}

fn str(a: Operand<'_>, limits: &NumberLimits) -> Result<String, NumError> {
    super::str(a, &Watch::unhurried(*limits))
}

fn repr(a: Operand<'_>, limits: &NumberLimits) -> Result<String, NumError> {
    super::repr(a, &Watch::unhurried(*limits))
}

fn big(text: &str) -> IBig {
    IBig::from_str_radix(text, 10).unwrap()
}

fn power_of_two(exponent: usize) -> IBig {
    IBig::ONE << exponent
}

/// The result as Python's `repr` or the error as `Class: message`.
fn show(result: Result<Output, NumError>) -> String {
    match result {
        Ok(output) => {
            if let Output::Big(i) = &output {
                assert!(i64::try_from(i).is_err(), "{i} is not in its smallest form");
            }
            repr(output.operand(), &NumberLimits { max_str_digits: 0, ..LIMITS }).unwrap()
        }
        Err(error) => error.to_string(),
    }
}

fn eval(op: BinOp, a: Operand<'_>, b: Operand<'_>) -> String {
    show(binary(op, a, b, &LIMITS))
}

use Operand::{Big, Bool, Float, Int as I, None as Nothing, Str};

#[test]
fn ints_grow_and_shrink() {
    let two63 = power_of_two(63);
    assert_eq!(eval(BinOp::Add, I(i64::MAX), I(1)), "9223372036854775808");
    assert_eq!(eval(BinOp::Sub, Big(&two63), I(1)), "9223372036854775807");
    assert_eq!(eval(BinOp::FloorDiv, I(i64::MIN), I(-1)), "9223372036854775808");
    assert_eq!(eval(BinOp::Mod, I(i64::MIN), I(-1)), "0");
    assert_eq!(eval(BinOp::Mul, I(i64::MIN), I(i64::MIN)), "85070591730234615865843651857942052864");
    assert_eq!(eval(BinOp::Shl, I(-1), I(63)), "-9223372036854775808");
    assert_eq!(eval(BinOp::Shl, I(1), I(63)), "9223372036854775808");
    assert_eq!(eval(BinOp::Shr, Big(&(-&two63 * 2)), I(64)), "-1");
    assert_eq!(eval(BinOp::Pow, I(-2), I(63)), "-9223372036854775808");
    assert_eq!(show(unary(UnOp::Neg, I(i64::MIN), &LIMITS)), "9223372036854775808");
    assert_eq!(show(unary(UnOp::Neg, Big(&two63), &LIMITS)), "-9223372036854775808");
    assert_eq!(show(unary(UnOp::Invert, Big(&two63), &LIMITS)), "-9223372036854775809");
}

#[test]
fn fast_paths_agree_with_the_general_form() {
    let pool =
        [0, 1, -1, 2, -2, 7, -7, 62, 63, 64, 65, i64::MAX, i64::MIN, i64::MIN + 1, 1 << 53, -(1 << 31)];
    type Fast = fn(i64, i64) -> Option<i64>;
    let fast: [(BinOp, Fast); 5] = [
        (BinOp::FloorDiv, floordiv_i64),
        (BinOp::Mod, mod_i64),
        (BinOp::Pow, pow_i64),
        (BinOp::Shl, shl_i64),
        (BinOp::Shr, shr_i64),
    ];
    for (op, fast) in fast {
        for a in pool {
            for b in pool {
                // The big form of a small int takes the general path.
                let (x, y) = (IBig::from(a), IBig::from(b));
                let general = match int::binary(op, Int::Big(&x), Int::Small(b), &Watch::unhurried(LIMITS)) {
                    Ok(Output::Int(i)) if b >= 0 || op != BinOp::Pow => Some(i),
                    _ => None,
                };
                if op == BinOp::Pow && matches!(a, -1..=1) {
                    continue;
                }
                let by_big = if y.is_zero() {
                    None
                } else {
                    int::binary(op, Int::Small(a), Int::Big(&y), &Watch::unhurried(LIMITS)).ok()
                };
                assert_eq!(fast(a, b), general, "{a} {op:?} {b}");
                if let (BinOp::FloorDiv | BinOp::Mod, Some(Output::Int(i))) = (op, by_big) {
                    assert_eq!(fast(a, b), Some(i), "{a} {op:?} {b}");
                }
            }
        }
    }
}

#[test]
fn floors_and_remainders_follow_the_divisor() {
    for (a, b, quotient, remainder) in
        [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (-8, 2, -4, 0)]
    {
        assert_eq!((floordiv_i64(a, b), mod_i64(a, b)), (Some(quotient), Some(remainder)));
        let (x, y) = (a as f64, b as f64);
        assert_eq!((float_floordiv(x, y), float_mod(x, y)), (Ok(quotient as f64), Ok(remainder as f64)));
    }
    assert_eq!((floordiv_i64(1, 0), mod_i64(1, 0), floordiv_i64(i64::MIN, -1)), (None, None, None));
    assert_eq!(mod_i64(i64::MIN, -1), Some(0));
    assert_eq!(eval(BinOp::Mod, Float(-0.0), Float(1.0)), "0.0");
    assert_eq!(eval(BinOp::Mod, Float(0.0), Float(-1.0)), "-0.0");
    assert_eq!(eval(BinOp::FloorDiv, Float(-0.0), Float(1.0)), "-0.0");
    assert_eq!(eval(BinOp::FloorDiv, Float(1.0), Float(f64::NEG_INFINITY)), "-1.0");
    assert_eq!(eval(BinOp::Mod, Float(-1.0), Float(f64::INFINITY)), "inf");
    assert_eq!(eval(BinOp::FloorDiv, Float(f64::INFINITY), Float(1.0)), "nan");
}

#[test]
fn ints_become_the_nearest_float() {
    let even = power_of_two(1024) - power_of_two(970);
    assert_eq!(int_to_f64(&(&even - IBig::ONE)), Ok(f64::MAX));
    assert_eq!(int_to_f64(&-(&even - IBig::ONE)), Ok(f64::MIN));
    assert_eq!(
        int_to_f64(&even).unwrap_err().to_string(),
        "OverflowError: int too large to convert to float"
    );
    let tie = power_of_two(200) + power_of_two(147);
    assert_eq!(int_to_f64(&tie), Ok(2.0f64.powi(200)));
    assert_eq!(int_to_f64(&(&tie + IBig::ONE)), Ok(2.0f64.powi(200) + 2.0f64.powi(148)));
    assert_eq!(int_to_f64(&IBig::ZERO), Ok(0.0));
    assert_eq!(int_to_f64(&IBig::from(i64::MIN)), Ok(-9_223_372_036_854_775_808.0));
}

#[test]
fn quotients_are_rounded_once() {
    let div = |a: &IBig, b: &IBig| int_true_div(a, b);
    assert_eq!(div(&IBig::ONE, &power_of_two(1074)), Ok(5e-324));
    assert_eq!(div(&IBig::ONE, &power_of_two(1075)), Ok(0.0));
    assert_eq!(div(&IBig::from(3), &power_of_two(1076)), Ok(5e-324));
    assert_eq!(div(&IBig::ONE, &-power_of_two(2000)).unwrap().to_bits(), (-0.0f64).to_bits());
    assert_eq!(div(&IBig::ZERO, &IBig::from(-3)).unwrap().to_bits(), (-0.0f64).to_bits());
    assert_eq!(div(&IBig::from(10).pow(400), &IBig::from(10).pow(399)), Ok(10.0));
    assert_eq!(div(&((power_of_two(53) + 1) * 3), &IBig::from(3)), Ok(9_007_199_254_740_992.0));
    assert_eq!(div(&((power_of_two(53) + 1) * 3 + 1), &IBig::from(3)), Ok(9_007_199_254_740_994.0));
    for (a, b) in [(power_of_two(1024), IBig::ONE), (power_of_two(3000), IBig::from(-7))] {
        let error = div(&a, &b).unwrap_err().to_string();
        assert_eq!(error, "OverflowError: integer division result too large for a float");
    }
    assert_eq!(truediv_i64(1, 3), Some(1.0 / 3.0));
    assert_eq!((truediv_i64(1, 0), truediv_i64((1 << 53) + 1, 1)), (None, None));
}

#[test]
fn ints_and_floats_compare_exactly() {
    let two53 = 2.0f64.powi(53);
    assert_eq!(compare_int_float((1 << 53) + 1, two53), Some(Ordering::Greater));
    assert_eq!(compare_int_float(1 << 53, two53), Some(Ordering::Equal));
    assert_eq!(compare_int_float(i64::MAX, 2.0f64.powi(63)), Some(Ordering::Less));
    assert_eq!(compare_int_float(i64::MIN, -(2.0f64.powi(63))), Some(Ordering::Equal));
    assert_eq!(compare_int_float(i64::MIN, -(2.0f64.powi(64))), Some(Ordering::Greater));
    for (a, b, order) in [
        (1, 1.5, Ordering::Less),
        (-1, -1.5, Ordering::Greater),
        (2, 1.5, Ordering::Greater),
        (0, -0.0, Ordering::Equal),
    ] {
        assert_eq!(compare_int_float(a, b), Some(order), "{a} {b}");
    }
    assert_eq!(compare_int_float(0, f64::NAN), None);
    assert_eq!(compare_int_float(i64::MAX, f64::INFINITY), Some(Ordering::Less));
    let two64 = power_of_two(64);
    for (a, b, order) in [
        (two64.clone(), 2.0f64.powi(64), Ordering::Equal),
        (&two64 + IBig::ONE, 2.0f64.powi(64), Ordering::Greater),
        (-&two64 - IBig::ONE, -(2.0f64.powi(64)), Ordering::Less),
        (-&two64, 1.0, Ordering::Less),
        (two64.clone(), 0.0, Ordering::Greater),
        (-&two64, -0.5, Ordering::Less),
        (two64.clone(), 0.5, Ordering::Greater),
        (power_of_two(1024), f64::MAX, Ordering::Greater),
        (-power_of_two(5000), f64::MIN, Ordering::Less),
        (power_of_two(5000), f64::INFINITY, Ordering::Less),
        (-power_of_two(5000), f64::NEG_INFINITY, Ordering::Greater),
        (-power_of_two(70), f64::INFINITY, Ordering::Less),
    ] {
        assert_eq!(compare_big_float(&a, b), Some(order), "{a} {b}");
    }
    assert_eq!(compare_big_float(&two64, f64::NAN), None);
    for cmp in Cmp::ALL {
        assert_eq!(compare_float(cmp, f64::NAN, f64::NAN), cmp == Cmp::Ne);
    }
}

#[test]
fn bools_are_ints_except_among_themselves() {
    assert_eq!(eval(BinOp::Add, Bool(true), Bool(true)), "2");
    assert_eq!(eval(BinOp::And, Bool(true), Bool(false)), "False");
    assert_eq!(eval(BinOp::Or, Bool(true), I(0)), "1");
    assert_eq!(eval(BinOp::Compare(Cmp::Eq), Bool(true), Float(1.0)), "True");
    assert_eq!(show(unary(UnOp::Invert, Bool(true), &LIMITS)), "-2");
    assert_eq!(show(unary(UnOp::Neg, Bool(true), &LIMITS)), "-1");
}

#[test]
fn errors_use_the_words_of_cpython() {
    let huge = IBig::from(10).pow(400);
    for (op, a, b, message) in [
        (BinOp::Add, I(1), Str("a"), "TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
        (BinOp::Add, Str("a"), I(1), "TypeError: can only concatenate str (not \"int\") to str"),
        (BinOp::Mul, Float(1.5), Str("a"), "TypeError: can't multiply sequence by non-int of type 'float'"),
        (BinOp::Mul, Str("a"), Str("b"), "TypeError: can't multiply sequence by non-int of type 'str'"),
        (BinOp::Mul, Str("a"), Big(&huge), "OverflowError: cannot fit 'int' into an index-sized integer"),
        (BinOp::Mod, Str("%d"), I(1), "TypeError: str formatting with % is not supported"),
        (BinOp::Mod, Str("d"), I(1), "TypeError: not all arguments converted during string formatting"),
        (
            BinOp::Pow,
            Nothing,
            I(2),
            "TypeError: unsupported operand type(s) for ** or pow(): 'NoneType' and 'int'",
        ),
        (
            BinOp::And,
            Big(&huge),
            Float(1.0),
            "TypeError: unsupported operand type(s) for &: 'int' and 'float'",
        ),
        (
            BinOp::Compare(Cmp::Lt),
            Str("a"),
            I(1),
            "TypeError: '<' not supported between instances of 'str' and 'int'",
        ),
        (BinOp::FloorDiv, I(1), I(0), "ZeroDivisionError: integer division or modulo by zero"),
        (BinOp::Mod, I(1), I(0), "ZeroDivisionError: integer modulo by zero"),
        (BinOp::Div, Big(&huge), I(0), "ZeroDivisionError: division by zero"),
        (BinOp::Div, I(1), Float(-0.0), "ZeroDivisionError: float division by zero"),
        (BinOp::FloorDiv, Float(1.0), I(0), "ZeroDivisionError: float floor division by zero"),
        (BinOp::Mod, Float(1.0), I(0), "ZeroDivisionError: float modulo"),
        (BinOp::Div, Big(&huge), Float(0.0), "OverflowError: int too large to convert to float"),
        (BinOp::Shl, I(0), I(-1), "ValueError: negative shift count"),
        (BinOp::Shl, I(1), Big(&huge), "OverflowError: too many digits in integer"),
        (BinOp::Pow, I(0), I(-1), "ZeroDivisionError: 0.0 cannot be raised to a negative power"),
        (BinOp::Pow, Float(1e308), I(2), "OverflowError: (34, 'Numerical result out of range')"),
        (BinOp::Pow, I(-8), Float(0.5), "ValueError: complex results are not supported"),
        (BinOp::Pow, Big(&huge), I(-1), "OverflowError: int too large to convert to float"),
    ] {
        assert_eq!(eval(op, a, b), message);
    }
    let error = show(unary(UnOp::Invert, Float(1.5), &LIMITS));
    assert_eq!(error, "TypeError: bad operand type for unary ~: 'float'");
    assert_eq!(eval(BinOp::Compare(Cmp::Eq), Str("1"), I(1)), "False");
    assert_eq!(eval(BinOp::Compare(Cmp::Ne), Nothing, I(0)), "True");
}

#[test]
fn limits_are_exact_and_refused_before_the_work() {
    let cap = LIMITS.max_int_bits as i64;
    let largest = power_of_two(cap as usize) - IBig::ONE;
    let half = power_of_two(cap as usize / 2);
    fn refused(op: BinOp, a: Operand<'_>, b: Operand<'_>) -> bool {
        binary(op, a, b, &LIMITS).is_err_and(|e| e.is_limit())
    }
    assert!(!refused(BinOp::Add, Big(&largest), I(0)));
    assert!(refused(BinOp::Add, Big(&largest), I(1)));
    assert!(refused(BinOp::Sub, Big(&-largest.clone()), I(1)));
    assert!(!refused(BinOp::Mul, Big(&half), Big(&(&half - IBig::ONE))));
    assert!(refused(BinOp::Mul, Big(&half), Big(&half)));
    assert!(!refused(BinOp::Shl, I(1), I(cap - 1)));
    assert!(refused(BinOp::Shl, I(1), I(cap)));
    assert!(!refused(BinOp::Pow, I(2), I(cap - 1)));
    assert!(refused(BinOp::Pow, I(2), I(cap)));
    // 3**2584 is the last power of three below 2**4096.
    assert!(!refused(BinOp::Pow, I(-3), I(2584)));
    assert!(refused(BinOp::Pow, I(-3), I(2585)));
    assert!(!refused(BinOp::Mul, Str("0123456789"), I(10)));
    assert!(refused(BinOp::Mul, Str("0123456789"), I(11)));

    let s = "x".repeat(60);
    for (op, a, b) in [
        (BinOp::Pow, I(10), I(100_000_000)),
        (BinOp::Pow, I(-3), I(i64::MAX)),
        (BinOp::Pow, I(2), Big(&half)),
        (BinOp::Shl, I(1), I(1 << 30)),
        (BinOp::Shl, I(-1), I(i64::MAX)),
        (BinOp::Shl, I(1), Big(&power_of_two(63))),
        (BinOp::Mul, Big(&largest), Big(&largest)),
        (BinOp::Mul, Str("ab"), I(i64::MAX)),
        (BinOp::Mul, I(2), Str(&s)),
        (BinOp::Add, Str(&s), Str(&s)),
    ] {
        let result = binary(op, a, b, &LIMITS).map(|_| ()).unwrap_err();
        assert!(result.is_limit(), "{op:?}: {result}");
        if !matches!(b, Big(b) if op == BinOp::Shl && *b == power_of_two(63)) {
            assert_eq!(binary_cost(op, a, b, &LIMITS), Err(result));
        }
    }
    assert_eq!(eval(BinOp::Pow, I(-1), Big(&half)), "1");
    assert_eq!(eval(BinOp::Pow, I(-1), Big(&(&half + IBig::ONE))), "-1");
    assert_eq!(eval(BinOp::Shl, I(0), Big(&half)), "0");
    assert_eq!(eval(BinOp::Mul, Str(""), I(i64::MAX)), "''");
    assert_eq!(eval(BinOp::Mul, Str("ab"), I(-1)), "''");
    assert_eq!(eval(BinOp::Mul, I(5), Str("é€")), "'é€é€é€é€é€'");
}

fn result_bytes(output: &Output) -> u64 {
    match output {
        Output::Big(i) => i.as_sign_words().1.len() as u64 * 8,
        Output::Str(s) => s.len() as u64,
        _ => 0,
    }
}

#[test]
fn costs_bound_the_results() {
    let bigs: Vec<IBig> = [63, 64, 127, 128, 700, 2000]
        .iter()
        .flat_map(|&bits| [power_of_two(bits), -power_of_two(bits) - 1, power_of_two(bits) * 2 - 1])
        .collect();
    let mut pool =
        vec![I(0), I(1), I(-1), I(2), I(3), I(-7), I(62), I(63), I(64), I(1000), I(i64::MAX), I(i64::MIN)];
    pool.extend([Bool(true), Nothing, Float(1.5), Str(""), Str("abc"), Str("abcdefghijklmnopqrstuvwxyz")]);
    pool.extend(bigs.iter().map(Big));
    let mut finished = 0;
    for op in BinOp::ALL {
        for &a in &pool {
            for &b in &pool {
                let cost = binary_cost(op, a, b, &LIMITS);
                match (binary(op, a, b, &LIMITS), cost) {
                    (Ok(output), Ok(cost)) => {
                        finished += 1;
                        let needed = result_bytes(&output);
                        assert!(needed <= cost.result_bytes, "{a:?} {op:?} {b:?}: {needed} > {cost:?}");
                    }
                    (Ok(_), Err(error)) => panic!("{a:?} {op:?} {b:?} refused: {error}"),
                    (Err(error), Err(refused)) => assert_eq!(error, refused, "{a:?} {op:?} {b:?}"),
                    (Err(_), Ok(_)) => {}
                }
            }
        }
        for &a in &pool {
            for op in UnOp::ALL {
                if let Ok(output) = unary(op, a, &LIMITS) {
                    let cost = unary_cost(op, a, &LIMITS).unwrap();
                    assert!(result_bytes(&output) <= cost.result_bytes, "{op:?} {a:?}");
                }
            }
            if let Ok(text) = str(a, &LIMITS) {
                assert!(text.len() as u64 <= text_cost(a, &LIMITS).result_bytes, "{a:?}");
            }
        }
    }
    assert!(finished > 5000, "{finished}");
}

#[test]
fn costs_bound_the_results_of_builtin_functions() {
    let bigs: Vec<IBig> = [63, 64, 700, 2000].iter().map(|&bits| power_of_two(bits) + 12_345).collect();
    let mut pool =
        vec![I(0), I(1), I(-1), I(7), I(-30), I(62), I(1000), I(i64::MAX), I(i64::MIN), Bool(true), Nothing];
    pool.extend([1.5, -2.5e18, 9.3e18, 1e300, f64::MAX].map(Float));
    pool.extend(
        [
            "",
            "abc",
            "é\n",
            "123456789012345678901234567890",
            "0xffffffffffffffffffff",
            ">40",
            "020_b",
            "x^9.3e",
        ]
        .map(Str),
    );
    pool.extend(bigs.iter().map(Big));
    let mut finished = 0;
    for &a in &pool {
        for &builtin in bytecode::Builtin1::ALL {
            let op = UnOp::Call(builtin);
            // What is refused beforehand is not tried.
            let Ok(cost) = unary_cost(op, a, &LIMITS) else { continue };
            if let Ok(output) = unary(op, a, &LIMITS) {
                finished += 1;
                assert!(result_bytes(&output) <= cost.result_bytes, "{op:?} {a:?}: {cost:?}");
            }
        }
        for &b in &pool {
            for &builtin in bytecode::Builtin2::ALL {
                let op = BinOp::Call(builtin);
                let Ok(cost) = binary_cost(op, a, b, &LIMITS) else { continue };
                if let Ok(output) = binary(op, a, b, &LIMITS) {
                    finished += 1;
                    assert!(result_bytes(&output) <= cost.result_bytes, "{a:?} {op:?} {b:?}: {cost:?}");
                }
            }
            for &c in &pool {
                let Ok(cost) = pow_mod_cost(a, b, c, &LIMITS) else { continue };
                if let Ok(output) = pow_mod(a, b, c, &Watch::unhurried(LIMITS)) {
                    assert!(result_bytes(&output) <= cost.result_bytes, "{a:?} {b:?} {c:?}: {cost:?}");
                }
            }
        }
    }
    assert!(finished > 1500, "{finished}");
}

#[test]
fn small_operations_are_free_and_large_ones_grow() {
    let limits = NumberLimits::default();
    let fuel = |op, a: &IBig, b: &IBig| binary_cost(op, Big(a), Big(b), &limits).unwrap().fuel;
    assert_eq!(binary_cost(BinOp::Mul, I(i64::MIN), I(i64::MIN), &limits).unwrap().fuel, 0);
    assert_eq!(binary_cost(BinOp::Pow, I(3), I(2), &limits).unwrap().fuel, 0);
    assert_eq!(fuel(BinOp::Add, &power_of_two(120), &power_of_two(126)), 0);
    for op in [BinOp::Add, BinOp::Mul, BinOp::FloorDiv, BinOp::And, BinOp::Div] {
        let mut last = 0;
        for bits in (1000..100_000).step_by(777) {
            let now = fuel(op, &power_of_two(bits), &power_of_two(900));
            assert!(now >= last, "{op:?} {bits}");
            last = now;
        }
        assert!(last >= 1000, "{op:?} {last}");
    }
    let (small, large) = (power_of_two(1 << 13), power_of_two(1 << 17));
    let growth = fuel(BinOp::Mul, &large, &large) as f64 / fuel(BinOp::Mul, &small, &small) as f64;
    assert!((50.0..80.0).contains(&growth), "{growth}");
}

#[test]
fn floats_as_text() {
    for (value, text) in [
        (1e16, "1e+16"),
        (1e15, "1000000000000000.0"),
        (123456789012345680.0, "1.2345678901234568e+17"),
        (1e-4, "0.0001"),
        (1e-5, "1e-05"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (100.0, "100.0"),
        (1e22, "1e+22"),
        (9007199254740993.0, "9007199254740992.0"),
        (f64::NAN, "nan"),
        (-f64::NAN, "nan"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(str(Float(value), &LIMITS).unwrap(), text);
    }
}

#[test]
fn ints_as_text_stop_at_the_digit_limit() {
    let limits = NumberLimits::default();
    let last = IBig::from(10).pow(4300) - IBig::ONE;
    assert_eq!(str(Big(&-last.clone()), &limits).unwrap().len(), 4301);
    let message = "ValueError: Exceeds the limit (4300 digits) for integer string conversion; \
                   use sys.set_int_max_str_digits() to increase the limit";
    for digits in [4301, 4302, 5000] {
        let value = IBig::from(10).pow(digits - 1);
        assert_eq!(str(Big(&value), &limits).unwrap_err().to_string(), message);
        let unlimited = NumberLimits { max_str_digits: 0, ..limits };
        assert_eq!(str(Big(&value), &unlimited).unwrap().len(), digits);
    }
    let mut out = "x".to_owned();
    write_str(&mut out, Bool(true), &Watch::unhurried(limits)).unwrap();
    write_repr(&mut out, Str("a'b\n"), &Watch::unhurried(limits)).unwrap();
    assert_eq!(out, "xTrue\"a'b\\n\"");
}

#[test]
fn arguments_are_what_they_look_like() {
    let read = |text: &str| show(Ok(parse_argument(text)));
    for (text, value) in [
        ("12", "12"),
        (" -1_000\n", "-1000"),
        ("007", "7"),
        ("0x_fF", "255"),
        ("-0b11", "-3"),
        ("+0o17", "15"),
        ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("\u{a0}5", "5"),
        ("1e5", "100000.0"),
        (".5", "0.5"),
        ("5.", "5.0"),
        (".2_5e1_0", "2500000000.0"),
        ("-0.0", "-0.0"),
        ("1e400", "inf"),
        ("nan", "nan"),
        ("-Infinity", "-inf"),
        ("", "''"),
        ("  ", "'  '"),
        ("-", "'-'"),
        ("--1", "'--1'"),
        ("+ 1", "'+ 1'"),
        ("1__0", "'1__0'"),
        ("_1", "'_1'"),
        ("1_", "'1_'"),
        ("1_.5", "'1_.5'"),
        ("1._5", "'1._5'"),
        ("1_e5", "'1_e5'"),
        ("0x", "'0x'"),
        ("0x-1", "'0x-1'"),
        ("0b2", "'0b2'"),
        ("0x1p3", "'0x1p3'"),
        ("1e", "'1e'"),
        (".", "'.'"),
        (".e5", "'.e5'"),
        ("e5", "'e5'"),
        ("in_f", "'in_f'"),
        ("\u{1c}5", "'\\x1c5'"),
        ("5\0", "'5\\x00'"),
        ("é", "'é'"),
        ("True", "'True'"),
    ] {
        assert_eq!(read(text), value, "{text:?}");
    }
    assert!(matches!(parse_argument(&"9".repeat(4300)), Output::Big(_)));
    assert!(matches!(parse_argument(&"9".repeat(4301)), Output::Str(s) if s.len() == 4301));
}

#[test]
fn truth_is_not_being_zero_like() {
    let two64 = power_of_two(64);
    for a in [Bool(true), I(-1), Big(&two64), Float(f64::NAN), Float(5e-324), Str(" ")] {
        assert!(truth(a), "{a:?}");
    }
    for a in [Nothing, Bool(false), I(0), Float(0.0), Float(-0.0), Str("")] {
        assert!(!truth(a), "{a:?}");
    }
    let huge = big("-170141183460469231731687303715884105728");
    assert_eq!(show(unary(UnOp::Neg, Big(&huge), &LIMITS)), "170141183460469231731687303715884105728");
}
