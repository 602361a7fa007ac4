//! Sets of ints as intervals, and what the int instructions do to them.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`; used by [`crate::opt::ranges`].
//!
//! Invariant, on which the removal of overflow checks rests: the interval of a result holds every result that the
//! instruction can give *without leaving* on operands from their intervals. All sums and products are computed in 128
//! bits, where those of 64-bit bounds cannot overflow.

use crate::op::Opcode;
use crate::planted::{Bug, is};
use bytecode::Cmp;

/// All ints from `lo` to `hi`, both included; none if `lo > hi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The least.
    pub lo: i64,
    /// The greatest.
    pub hi: i64,
}

impl Interval {
    /// Every int of 64 bits.
    pub const ALL: Interval = Interval { lo: i64::MIN, hi: i64::MAX };
    /// No int: code with such a value is never reached.
    pub const NONE: Interval = Interval { lo: i64::MAX, hi: i64::MIN };

    /// From `lo` to `hi`.
    pub fn new(lo: i64, hi: i64) -> Interval {
        Interval { lo, hi }
    }

    /// This int alone.
    pub fn only(value: i64) -> Interval {
        Interval { lo: value, hi: value }
    }

    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.lo > self.hi
    }

    /// The one int it holds, if it is only one.
    pub fn single(self) -> Option<i64> {
        (self.lo == self.hi).then_some(self.lo)
    }

    /// Whether it holds this int.
    pub fn holds(self, value: i64) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// Whether it holds all that `other` holds.
    pub fn covers(self, other: Interval) -> bool {
        other.is_empty() || (self.lo <= other.lo && other.hi <= self.hi)
    }

    /// The least interval with all that either holds.
    pub fn union(self, other: Interval) -> Interval {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Interval { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// What both hold.
    pub fn meet(self, other: Interval) -> Interval {
        let both = Interval { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        if both.is_empty() { Interval::NONE } else { both }
    }

    /// The part of 64 bits of an interval of wider ints.
    fn clamp(wide: Wide) -> Interval {
        let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
        if wide.0 > most || wide.1 < least {
            return Interval::NONE;
        }
        Interval { lo: wide.0.max(least) as i64, hi: wide.1.min(most) as i64 }
    }
}

/// Bounds in 128 bits: of the mathematical result, before anything leaves.
type Wide = (i128, i128);

fn corners(a: Interval, b: Interval, op: impl Fn(i128, i128) -> i128) -> Wide {
    let of = |x: i64, y: i64| op(i128::from(x), i128::from(y));
    let all = [of(a.lo, b.lo), of(a.lo, b.hi), of(a.hi, b.lo), of(a.hi, b.hi)];
    all.into_iter().fold((i128::MAX, i128::MIN), |(lo, hi), x| (lo.min(x), hi.max(x)))
}

/// The bounds of the mathematical result of `+ - * <<`; `None` for other operations, for no operands, and for shifts
/// that may leave.
fn exact(op: Opcode, a: Interval, b: Interval) -> Option<Wide> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    Some(match op {
        Opcode::IntAdd | Opcode::IntAddFits => corners(a, b, |x, y| x + y),
        Opcode::IntSub | Opcode::IntSubFits => corners(a, b, |x, y| x - y),
        Opcode::IntMul | Opcode::IntMulFits | Opcode::IntMulNonNeg => corners(a, b, |x, y| x * y),
        Opcode::IntShl if b.lo >= 0 && b.hi <= 62 => corners(a, b, |x, y| x << y),
        _ => return None,
    })
}

/// Whether `+ - * <<` on operands from these intervals surely fits 64 bits. False if an interval is empty: nothing is claimed of
/// code that is never reached.
pub fn fits(op: Opcode, a: Interval, b: Interval) -> bool {
    exact(op, a, b).is_some_and(|(lo, hi)| i128::from(i64::MIN) <= lo && hi <= i128::from(i64::MAX))
}

/// All ints whose two's complement needs no more bits than those of these intervals.
fn same_width(a: Interval, b: Interval) -> Interval {
    // For negative x, !x has the same bits above the sign as x has, inverted.
    let magnitude = |x: i64| (if x < 0 { !x } else { x }) as u64;
    let most = magnitude(a.lo) | magnitude(a.hi) | magnitude(b.lo) | magnitude(b.hi);
    let mask = u64::MAX.checked_shr(most.leading_zeros()).unwrap_or(0) as i64;
    Interval { lo: !mask, hi: mask }
}

/// The part of a product's interval that begins and ends with a multiple of the factor that is known.
///
/// So `3 * n` is at most the greatest multiple of 3 that fits, and `3 * n + 1` surely fits as well.
fn multiples(product: Interval, factor: Option<i64>) -> Interval {
    let Some(factor) = factor.map(i128::from).filter(|&factor| factor != 0) else { return product };
    if product.is_empty() {
        return product;
    }
    let step = factor.abs();
    let (lo, hi) = (i128::from(product.lo), i128::from(product.hi));
    Interval::clamp((lo + (-lo).rem_euclid(step), hi - hi.rem_euclid(step)))
}

/// The results of an int instruction with two operands on operands from these intervals, where it does not leave.
pub fn binary(op: Opcode, a: Interval, b: Interval) -> Interval {
    if a.is_empty() || b.is_empty() {
        return Interval::NONE;
    }
    if !op.is_ranged() {
        return Interval::ALL;
    }
    match op {
        Opcode::IntAdd | Opcode::IntSub | Opcode::IntAddFits | Opcode::IntSubFits => {
            exact(op, a, b).map_or(Interval::ALL, Interval::clamp)
        }
        Opcode::IntMul | Opcode::IntMulFits | Opcode::IntMulNonNeg => {
            let product = exact(op, a, b).map_or(Interval::ALL, Interval::clamp);
            multiples(product, a.single().or(b.single()))
        }
        Opcode::IntFloorDiv | Opcode::IntFloorDivNonNeg => {
            // The quotient is monotone in each operand while the divisor keeps its sign.
            let floor = |x: i128, y: i128| x.div_euclid(y) - i128::from(y < 0 && x.rem_euclid(y) != 0);
            let positive = b.meet(Interval::new(1, i64::MAX));
            let negative = b.meet(Interval::new(i64::MIN, -1));
            let part = |b: Interval| {
                if b.is_empty() { Interval::NONE } else { Interval::clamp(corners(a, b, floor)) }
            };
            part(positive).union(part(negative))
        }
        Opcode::IntMod | Opcode::IntModNonNeg => {
            let mut result = Interval::NONE;
            if b.hi > 0 {
                let most = if a.lo >= 0 { a.hi.min(b.hi - 1) } else { b.hi - 1 };
                result = result.union(Interval::new(0, most));
            }
            if b.lo < 0 {
                let least = if a.hi <= 0 { a.lo.max(b.lo + 1) } else { b.lo + 1 };
                result = result.union(Interval::new(least, 0));
            }
            result
        }
        // Both operands count something, but the first of an index may be negative.
        Opcode::CheckIndex | Opcode::CheckBelow => {
            let most = b.hi.saturating_sub(1);
            let index = Interval::new(0, most.max(0));
            if b.hi <= 0 {
                Interval::NONE
            } else if op == Opcode::CheckBelow || a.lo >= 0 {
                a.meet(index)
            } else {
                index
            }
        }
        Opcode::IntAnd => {
            let mut result = same_width(a, b);
            if a.lo >= 0 {
                result = result.meet(Interval::new(0, a.hi));
            }
            if b.lo >= 0 {
                result = result.meet(Interval::new(0, b.hi));
            }
            result
        }
        Opcode::IntOr => {
            let mut result = same_width(a, b);
            if a.lo >= 0 && b.lo >= 0 {
                result = result.meet(Interval::new(a.lo.max(b.lo), i64::MAX));
            }
            if a.hi < 0 {
                result = result.meet(Interval::new(a.lo, -1));
            }
            if b.hi < 0 {
                result = result.meet(Interval::new(b.lo, -1));
            }
            result
        }
        Opcode::IntXor => {
            let result = same_width(a, b);
            if a.lo >= 0 && b.lo >= 0 { result.meet(Interval::new(0, i64::MAX)) } else { result }
        }
        Opcode::IntShl => {
            let counts = b.meet(Interval::new(0, 63));
            if b.hi < 0 {
                Interval::NONE
            } else if counts.is_empty() {
                // Only 0 can be shifted this far.
                a.meet(Interval::only(0))
            } else {
                Interval::clamp(corners(a, counts, |x, y| x << y))
            }
        }
        Opcode::IntShr => {
            if b.hi < 0 {
                return Interval::NONE;
            }
            let counts = Interval::new(b.lo.clamp(0, 63), b.hi.min(63));
            Interval::clamp(corners(a, counts, |x, y| x >> y))
        }
        _ => Interval::ALL,
    }
}

/// The results of an int instruction with one operand on operands from this interval, where it does not leave.
pub fn unary(op: Opcode, a: Interval) -> Interval {
    if a.is_empty() {
        return Interval::NONE;
    }
    if !op.is_ranged() {
        return Interval::ALL;
    }
    match op {
        Opcode::IntNeg => Interval::clamp((-i128::from(a.hi), -i128::from(a.lo))),
        Opcode::IntAbs => {
            let (lo, hi) = (i128::from(a.lo), i128::from(a.hi));
            let most = if is(Bug::RangesAbs) && hi > 0 { hi } else { hi.max(-lo) };
            Interval::clamp((lo.max(-hi).max(0), most))
        }
        Opcode::IntNot => Interval::new(!a.hi, !a.lo),
        Opcode::IntNonZero => without(a, Interval::only(0)),
        _ => Interval::ALL,
    }
}

/// What an instruction without int operands gives.
pub fn loaded(op: Opcode) -> Interval {
    match op {
        Opcode::LoadCount | Opcode::LoadSize => Interval::new(0, (1 << 47) - 1),
        _ => Interval::ALL,
    }
}

/// What is left of two operands' intervals where this comparison of them holds.
pub fn where_holds(cmp: Cmp, a: Interval, b: Interval) -> (Interval, Interval) {
    if a.is_empty() || b.is_empty() {
        return (Interval::NONE, Interval::NONE);
    }
    let below = |x: Interval| match x.hi.checked_sub(1) {
        Some(hi) => Interval::new(i64::MIN, hi),
        None => Interval::NONE,
    };
    let above = |x: Interval| match x.lo.checked_add(1) {
        Some(lo) => Interval::new(lo, i64::MAX),
        None => Interval::NONE,
    };
    match cmp {
        Cmp::Le if is(Bug::RangesLimit) => where_holds(Cmp::Lt, a, b),
        Cmp::Eq => (a.meet(b), b.meet(a)),
        Cmp::Ne => (without(a, b), without(b, a)),
        Cmp::Lt => (a.meet(below(b)), b.meet(above(a))),
        Cmp::Le => (a.meet(Interval::new(i64::MIN, b.hi)), b.meet(Interval::new(a.lo, i64::MAX))),
        Cmp::Gt => (a.meet(above(b)), b.meet(below(a))),
        Cmp::Ge => (a.meet(Interval::new(b.lo, i64::MAX)), b.meet(Interval::new(i64::MIN, a.hi))),
    }
}

/// `a` without the one int that `b` holds, as far as an interval can say so.
fn without(a: Interval, b: Interval) -> Interval {
    match b.single() {
        Some(x) if a.single() == Some(x) => Interval::NONE,
        Some(x) if x == a.lo => Interval::new(x + 1, a.hi),
        Some(x) if x == a.hi => Interval::new(a.lo, x - 1),
        _ => a,
    }
}

/// Whether this comparison holds for all, or for no, operands from these intervals; `None` if for some, or if there are none.
pub fn decide(cmp: Cmp, a: Interval, b: Interval) -> Option<bool> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let never = |cmp| {
        let (a, b) = where_holds(cmp, a, b);
        a.is_empty() || b.is_empty()
    };
    if never(cmp) {
        Some(false)
    } else if never(cmp.negated()) {
        Some(true)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Type;
    use crate::eval::int_binary;

    const EDGES: [i64; 17] = [
        i64::MIN,
        i64::MIN + 1,
        -(1 << 53),
        -65,
        -8,
        -3,
        -2,
        -1,
        0,
        1,
        2,
        3,
        7,
        64,
        1 << 53,
        i64::MAX - 1,
        i64::MAX,
    ];

    fn intervals() -> Vec<Interval> {
        let mut all = Vec::new();
        for (i, &lo) in EDGES.iter().enumerate() {
            all.extend(EDGES[i..].iter().map(|&hi| Interval::new(lo, hi)));
        }
        all
    }

    fn samples(interval: Interval) -> Vec<i64> {
        let inside = EDGES.iter().copied().filter(|&x| interval.holds(x));
        inside.chain([-7, -5, 5, 6, 9, 62, 63]).filter(|&x| interval.holds(x)).collect()
    }

    #[test]
    fn results_lie_in_the_interval_and_fits_means_no_exit() {
        // What is proved of operands is a promise of passes: those forms are not tried on others.
        let promised = [
            Opcode::IntAddFits,
            Opcode::IntSubFits,
            Opcode::IntMulFits,
            Opcode::IntMulNonNeg,
            Opcode::IntFloorDivNonNeg,
            Opcode::IntModNonNeg,
            Opcode::CheckBelow,
        ];
        let ints = |op: &Opcode| op.operands() == [Type::Int; 2] && op.result() == Some(Type::Int);
        let ops: Vec<Opcode> =
            Opcode::ALL.iter().copied().filter(|op| ints(op) && !promised.contains(op)).collect();
        for a in intervals() {
            for b in intervals() {
                for &op in &ops {
                    let (result, fits) = (binary(op, a, b), fits(op, a, b));
                    for &x in &samples(a) {
                        for &y in &samples(b) {
                            match int_binary(op, x, y) {
                                Some(r) => {
                                    assert!(
                                        result.holds(r),
                                        "{op:?} {x} {y} = {r} not in {result:?}, {a:?} {b:?}"
                                    );
                                }
                                None => assert!(!fits, "{op:?} {x} {y} leaves; {a:?} {b:?}"),
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn results_of_one_operand_lie_in_the_interval() {
        let negated: fn(i64) -> Option<i64> = i64::checked_neg;
        for (op, of) in
            [(Opcode::IntNeg, negated), (Opcode::IntAbs, i64::checked_abs), (Opcode::IntNot, |x| Some(!x))]
        {
            for a in intervals() {
                let result = unary(op, a);
                for r in samples(a).into_iter().filter_map(of) {
                    assert!(result.holds(r), "{op:?} gives {r}, not in {result:?}; {a:?}");
                }
            }
        }
        assert_eq!(unary(Opcode::IntAbs, Interval::new(-7, 3)), Interval::new(0, 7));
        assert_eq!(unary(Opcode::IntAbs, Interval::new(-7, -3)), Interval::new(3, 7));
    }

    /// A row that says `ranged` is not forgotten here.
    #[test]
    fn of_what_the_table_calls_ranged_something_is_known() {
        let small = Interval::new(1, 2);
        for &op in Opcode::ALL.iter().filter(|op| op.is_ranged()) {
            match op.operands() {
                [Type::Int, Type::Int] => assert_ne!(binary(op, small, small), Interval::ALL, "{op:?}"),
                [Type::Int] => assert_ne!(unary(op, small), Interval::ALL, "{op:?}"),
                _ => {}
            }
        }
    }

    #[test]
    fn comparisons_keep_what_satisfies_them() {
        for a in intervals() {
            for b in intervals() {
                for cmp in Cmp::ALL {
                    let (ra, rb) = where_holds(cmp, a, b);
                    let decided = decide(cmp, a, b);
                    for &x in &samples(a) {
                        for &y in &samples(b) {
                            let holds = cmp.holds(x.cmp(&y));
                            assert!(!holds || (ra.holds(x) && rb.holds(y)), "{cmp:?} {x} {y}");
                            assert!(decided.is_none_or(|d| d == holds), "{cmp:?} {x} {y} {decided:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_bounds_that_matter_are_tight() {
        let all = Interval::ALL;
        // `i < n`: i + 1 fits, whatever n is.
        let (i, _) = where_holds(Cmp::Lt, all, all);
        assert!(fits(Opcode::IntAdd, i, Interval::only(1)));
        // `n != 0` with n >= 0: n - 1 is not negative.
        let (n, _) = where_holds(Cmp::Ne, Interval::new(0, 9), Interval::only(0));
        assert_eq!(binary(Opcode::IntSub, n, Interval::only(1)), Interval::new(0, 8));
        assert_eq!(binary(Opcode::IntAnd, all, Interval::only(1023)), Interval::new(0, 1023));
        assert_eq!(binary(Opcode::IntMod, all, Interval::only(7)), Interval::new(0, 6));
        assert!(!fits(Opcode::IntSub, all, Interval::only(1)));
    }
}
