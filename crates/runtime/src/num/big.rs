//! Ints of any size in pieces: the operations that grow faster than their operands, with a look at the clock between the pieces.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Up to
//! some size a piece is one call of the library, of a few milliseconds; above it the work is divided: products by
//! Karatsuba's method, quotients by Burnikel and Ziegler's, powers, roots and conversions by these two, greatest common
//! divisors by Lehmer's. Every piece is a [`Watch::step`] of as much work as [`super::cost`] says.

use super::cost::{product, quotient};
use super::{NumError, watch::Watch};
use dashu_int::ops::{BitTest, DivRem, Gcd, SquareRoot};
use dashu_int::{IBig, Sign, UBig};

type Result<T> = std::result::Result<T, NumError>;

/// The most work of one piece: a product of two ints of 2**19 bits, some 4 ms.
pub(super) const PIECE: u64 = 3_000_000;
/// Words of a divisor up to which Burnikel and Ziegler's recursion goes down.
const DIVISOR_WORDS: usize = 1 << 12;
/// Words of a dividend that is divided in one piece by a divisor of any length below that.
const BLOCK_WORDS: usize = 1 << 12;
/// Digits that are read or written in one piece.
const DIGITS: usize = 1 << 15;
/// Words of a root's square that is one piece.
const SQUARE_WORDS: usize = 1 << 13;
/// Words up to which a greatest common divisor is one piece: its work is the square of that.
const GCD_WORDS: usize = 1 << 10;
/// Work of finding the steps that leading bits decide.
pub(super) const STEPS_WORK: u64 = 1000;
/// Work of one step of Euclid's, and the steps that the last words may take.
pub(super) const STEP_WORK: u64 = 50;
pub(super) const LAST_STEPS: u64 = 100;
/// Bits by which these steps shorten at the least, but for very few of them.
pub(super) const STEPS_BITS: u64 = 56;

fn words(a: &UBig) -> usize {
    a.as_words().len()
}

/// The words below `at`, and those from there on.
fn split(a: &UBig, at: usize) -> (UBig, UBig) {
    let words = a.as_words();
    let (low, high) = words.split_at(at.min(words.len()));
    (UBig::from_words(low), UBig::from_words(high))
}

/// `a * b`.
pub(super) fn mul(a: &UBig, b: &UBig, watch: &Watch) -> Result<UBig> {
    let (long, short) = if words(a) < words(b) { (b, a) } else { (a, b) };
    let work = product(words(long) as u64, words(short) as u64);
    if work <= PIECE {
        watch.step(work)?;
        return Ok(long * short);
    }
    let half = words(long).div_ceil(2);
    let (long_low, long_high) = split(long, half);
    if words(short) <= half {
        return Ok(mul(&long_low, short, watch)? + (mul(&long_high, short, watch)? << (64 * half)));
    }
    let (short_low, short_high) = split(short, half);
    let low = mul(&long_low, &short_low, watch)?;
    let high = mul(&long_high, &short_high, watch)?;
    let all = mul(&(long_low + long_high), &(short_low + short_high), watch)?;
    let middle = all - &low - &high;
    Ok(low + (middle << (64 * half)) + (high << (128 * half)))
}

/// `a * a`.
pub(super) fn sqr(a: &UBig, watch: &Watch) -> Result<UBig> {
    let work = product(words(a) as u64, words(a) as u64);
    if work <= PIECE {
        watch.step(work)?;
        return Ok(a.sqr());
    }
    let half = words(a).div_ceil(2);
    let (low, high) = split(a, half);
    let (low_square, high_square) = (sqr(&low, watch)?, sqr(&high, watch)?);
    let middle = sqr(&(low + high), watch)? - &low_square - &high_square;
    Ok(low_square + (middle << (64 * half)) + (high_square << (128 * half)))
}

/// Quotient and remainder; `b` is not zero.
pub(super) fn div_rem(a: &UBig, b: &UBig, watch: &Watch) -> Result<(UBig, UBig)> {
    if a < b {
        return Ok((UBig::ZERO, a.clone()));
    }
    let work = quotient(words(a) as u64, words(b) as u64);
    if work <= PIECE {
        watch.step(work)?;
        return Ok(a.div_rem(b));
    }
    if words(b) <= DIVISOR_WORDS {
        return divide_by_blocks(a, b, BLOCK_WORDS, &mut |a| {
            watch.step(quotient(words(a) as u64, words(b) as u64))?;
            Ok(a.div_rem(b))
        });
    }
    // The divisor gets a length that can be halved down to one piece, and its top bit set.
    let halvings = (words(b).div_ceil(DIVISOR_WORDS)).next_power_of_two().ilog2();
    let length = words(b).div_ceil(1 << halvings) << halvings;
    let shift = 64 * length - b.bit_len();
    let (a, b) = (a << shift, b << shift);
    let (quotient, remainder) = divide_by_blocks(&a, &b, length, &mut |a| two_by_one(a, &b, length, watch))?;
    Ok((quotient, remainder >> shift))
}

/// Division of an int of any length by hand, where `divide` divides a remainder followed by a block.
fn divide_by_blocks(
    a: &UBig,
    b: &UBig,
    block: usize,
    divide: &mut dyn FnMut(&UBig) -> Result<(UBig, UBig)>,
) -> Result<(UBig, UBig)> {
    let mut quotients = vec![0; words(a).next_multiple_of(block)];
    let mut remainder = UBig::ZERO;
    for (at, digits) in a.as_words().chunks(block).enumerate().rev() {
        let dividend = (remainder << (64 * block)) + UBig::from_words(digits);
        let quotient;
        (quotient, remainder) = if dividend < *b { (UBig::ZERO, dividend) } else { divide(&dividend)? };
        let to = &mut quotients[at * block..][..words(&quotient)];
        to.copy_from_slice(quotient.as_words());
    }
    Ok((UBig::from_words(&quotients), remainder))
}

/// Divides `a`, below `b << 64 * length`, by `b` of exactly so many words, whose top bit is set.
fn two_by_one(a: &UBig, b: &UBig, length: usize, watch: &Watch) -> Result<(UBig, UBig)> {
    if length <= DIVISOR_WORDS {
        watch.step(quotient(words(a) as u64, length as u64))?;
        return Ok(a.div_rem(b));
    }
    let half = length / 2;
    let (low, high) = split(a, half);
    let (high_quotient, remainder) = three_by_two(&high, b, half, watch)?;
    let rest = (remainder << (64 * half)) + low;
    let (low_quotient, remainder) = three_by_two(&rest, b, half, watch)?;
    Ok(((high_quotient << (64 * half)) + low_quotient, remainder))
}

/// Divides `a`, below `b << 64 * half`, by `b` of twice so many words.
fn three_by_two(a: &UBig, b: &UBig, half: usize, watch: &Watch) -> Result<(UBig, UBig)> {
    let (low, high) = split(a, half);
    let (b_low, b_high) = split(b, half);
    let (mut quotient, rest) = if split(&high, half).1 < b_high {
        two_by_one(&high, &b_high, half, watch)?
    } else {
        let most = (UBig::ONE << (64 * half)) - UBig::ONE;
        let rest = high - (&b_high << (64 * half)) + b_high;
        (most, rest)
    };
    let subtrahend = mul(&quotient, &b_low, watch)?;
    let mut remainder = IBig::from((rest << (64 * half)) + low) - IBig::from(subtrahend);
    while remainder.sign() == Sign::Negative {
        quotient -= UBig::ONE;
        remainder += b;
    }
    Ok((quotient, remainder.into_parts().1))
}

/// `base ** exponent`.
pub(super) fn pow(base: &UBig, exponent: usize, watch: &Watch) -> Result<UBig> {
    if base.is_zero() || exponent == 0 {
        return Ok(if exponent == 0 { UBig::ONE } else { UBig::ZERO });
    }
    let zeros = base.trailing_zeros().unwrap_or(0);
    let base = base >> zeros;
    let mut result = base.clone();
    for bit in (0..usize::BITS - 1 - exponent.leading_zeros()).rev() {
        result = sqr(&result, watch)?;
        if exponent >> bit & 1 == 1 {
            result = mul(&result, &base, watch)?;
        }
    }
    Ok(result << (zeros * exponent))
}

/// Bits of an exponent that [`pow_mod`] takes at once, for exponents of so many bits.
fn window(bits: usize) -> usize {
    match bits {
        0..=8 => 1,
        9..=80 => 3,
        81..=600 => 4,
        _ => 5,
    }
}

/// `base ** exponent % modulus`, by windows; `base` is below `modulus`, which is at least 2.
pub(super) fn pow_mod(base: &UBig, exponent: &UBig, modulus: &UBig, watch: &Watch) -> Result<UBig> {
    if let (Ok(base), Ok(modulus)) = (u64::try_from(base), u64::try_from(modulus)) {
        return pow_mod_word(base, exponent, modulus, watch).map(UBig::from);
    }
    let reduce = |a: UBig| Ok(div_rem(&a, modulus, watch)?.1);
    let width = window(exponent.bit_len());
    let mut powers = vec![UBig::ONE, base.clone()];
    for at in 2..1 << width {
        powers.push(reduce(mul(&powers[at - 1], base, watch)?)?);
    }
    let mut result = UBig::ONE;
    for at in (0..exponent.bit_len().div_ceil(width)).rev() {
        let mut digit = 0;
        for bit in (0..width).rev() {
            // While it is 1, squaring changes nothing.
            if !result.is_one() {
                watch.step(REDUCED_WORK)?;
                result = reduce(sqr(&result, watch)?)?;
            }
            digit = digit << 1 | usize::from(exponent.bit(at * width + bit));
        }
        if digit != 0 {
            watch.step(REDUCED_WORK)?;
            result = reduce(mul(&result, &powers[digit], watch)?)?;
        }
        watch.step(1)?;
    }
    Ok(result)
}

/// Work of a product and its remainder that does not depend on their sizes: memory is had and given back.
pub(super) const REDUCED_WORK: u64 = 50;
/// Work of a bit of an exponent, where the modulus has one word.
pub(super) const WORD_BIT_WORK: u64 = 20;

/// The same in words.
fn pow_mod_word(base: u64, exponent: &UBig, modulus: u64, watch: &Watch) -> Result<u64> {
    let product = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(modulus)) as u64;
    let mut result = 1;
    for &word in exponent.as_words().iter().rev() {
        watch.step(64 * WORD_BIT_WORK)?;
        for bit in (0..64).rev() {
            // While it is 1, squaring changes nothing.
            if result != 1 {
                result = product(result, result);
            }
            if word >> bit & 1 == 1 {
                result = product(result, base);
            }
        }
    }
    Ok(result)
}

/// The int below or at the square root.
pub(super) fn sqrt(a: &UBig, watch: &Watch) -> Result<UBig> {
    if words(a) <= SQUARE_WORDS {
        let half = words(a) as u64 / 2 + 1;
        watch.step(product(half, half).saturating_mul(2))?;
        return Ok(a.sqrt());
    }
    // A root of the upper half of the bits has half of the root's; Newton's step gives the other half.
    let kept = a.bit_len() / 4;
    let guess = (sqrt(&(a >> (2 * kept)), watch)? + UBig::ONE) << kept;
    let mut root = (&guess + div_rem(a, &guess, watch)?.0) >> 1;
    // From above it is never too small, and too large by little.
    let mut excess = IBig::from(sqr(&root, watch)?) - IBig::from(a.clone());
    while excess.sign() == Sign::Positive && !excess.is_zero() {
        excess -= IBig::from(&root + &root - UBig::ONE);
        root -= UBig::ONE;
    }
    Ok(root)
}

/// The product of the `count` ints up to `high`.
pub(super) fn falling_product(high: &UBig, count: u64, watch: &Watch) -> Result<UBig> {
    if count <= FACTORS {
        watch.step(FACTOR_WORK * count)?;
        return Ok((0..count).fold(UBig::ONE, |all, i| all * (high - UBig::from(i))));
    }
    let half = count / 2;
    let upper = falling_product(high, half, watch)?;
    mul(&upper, &falling_product(&(high - UBig::from(half)), count - half, watch)?, watch)
}

/// Factors that are multiplied one after the other, and the work of each.
const FACTORS: u64 = 16;
pub(super) const FACTOR_WORK: u64 = 20;

/// Work of reading or writing so many digits in one piece.
pub(super) fn digits_work(digits: u64) -> u64 {
    digits + digits * digits.isqrt() / 6
}

/// The radix to the powers of [`DIGITS`], doubled again and again, as many as are needed for so many digits.
fn powers(radix: u32, digits: usize, watch: &Watch) -> Result<Vec<UBig>> {
    let mut powers = vec![pow(&UBig::from(radix), DIGITS, watch)?];
    while let Some(last) = powers.last()
        && DIGITS << powers.len() < digits
    {
        powers.push(sqr(last, watch)?);
    }
    Ok(powers)
}

/// The decimal digits.
pub(super) fn to_decimal(a: &UBig, watch: &Watch) -> Result<String> {
    let digits = a.bit_len() * 30103 / 100_000 + 1;
    if digits <= DIGITS {
        watch.step(digits_work(digits as u64))?;
        return Ok(a.to_string());
    }
    let powers = powers(10, digits, watch)?;
    let mut text = String::with_capacity(digits + 1);
    write_decimal(a, &powers, false, &mut text, watch)?;
    Ok(text)
}

/// Appends the digits of an int below the square of the last power; with `padded`, as many as that has at the most.
fn write_decimal(a: &UBig, powers: &[UBig], padded: bool, text: &mut String, watch: &Watch) -> Result<()> {
    use std::fmt::Write;
    let Some((power, smaller)) = powers.split_last() else {
        watch.step(digits_work(DIGITS as u64))?;
        // Writing to a String cannot fail.
        _ = if padded { write!(text, "{a:0>DIGITS$}") } else { write!(text, "{a}") };
        return Ok(());
    };
    if !padded && a < power {
        return write_decimal(a, smaller, false, text, watch);
    }
    let (high, low) = div_rem(a, power, watch)?;
    write_decimal(&high, smaller, padded, text, watch)?;
    write_decimal(&low, smaller, true, text, watch)
}

/// The int with these digits; `None` if they are none of this radix.
pub(super) fn from_digits(digits: &str, radix: u32, watch: &Watch) -> Result<Option<UBig>> {
    if digits.len() <= DIGITS || radix.is_power_of_two() {
        watch.step(if radix.is_power_of_two() {
            digits.len() as u64
        } else {
            digits_work(digits.len() as u64)
        })?;
        return Ok(UBig::from_str_radix(digits, radix).ok());
    }
    let powers = powers(radix, digits.len(), watch)?;
    read_digits(digits, radix, &powers, watch)
}

fn read_digits(digits: &str, radix: u32, powers: &[UBig], watch: &Watch) -> Result<Option<UBig>> {
    // The last power that is of use: of as many digits as the lower part gets.
    let Some(last) = (0..powers.len()).rev().find(|&i| digits.len() > DIGITS << i) else {
        watch.step(digits_work(digits.len() as u64))?;
        return Ok(UBig::from_str_radix(digits, radix).ok());
    };
    let Some((high, low)) = digits.split_at_checked(digits.len() - (DIGITS << last)) else { return Ok(None) };
    let (high, low) =
        (read_digits(high, radix, powers, watch)?, read_digits(low, radix, &powers[..last], watch)?);
    let (Some(high), Some(low)) = (high, low) else { return Ok(None) };
    Ok(Some(mul(&high, &powers[last], watch)? + low))
}

/// The greatest common divisor; neither is zero.
pub(super) fn gcd(a: &UBig, b: &UBig, watch: &Watch) -> Result<UBig> {
    let mut pair = Pair::new(a, b);
    while pair.y.len() > GCD_WORDS {
        pair.step(None, watch)?;
    }
    let (x, y) = (UBig::from_words(&pair.x), UBig::from_words(&pair.y));
    if y.is_zero() {
        return Ok(x);
    }
    let y_words = words(&y) as u64;
    let rest = div_rem(&x, &y, watch)?.1;
    watch.step(y_words * y_words)?;
    Ok(if rest.is_zero() { y } else { rest.gcd(y) })
}

/// The number below `modulus` by which `a` must be multiplied to leave 1, if there is one. `a` is below `modulus` too.
pub(super) fn inverse(a: &UBig, modulus: &UBig, watch: &Watch) -> Result<Option<UBig>> {
    let mut pair = Pair::new(modulus, a);
    let mut factors = Factors { x: UBig::ZERO, y: UBig::ONE, odd: false };
    while !pair.y.is_empty() {
        pair.step(Some(&mut factors), watch)?;
    }
    if pair.x != [1] {
        return Ok(None);
    }
    // `a * factors.x` is 1, or -1, but for multiples of the modulus.
    Ok(Some(if factors.odd { factors.x } else { modulus - factors.x }))
}

/// By how much `a` is in `x` and `y`, which are multiples of it but for multiples of the modulus: magnitudes, whose
/// signs alternate.
struct Factors {
    x: UBig,
    y: UBig,
    /// Whether the sign of `x` is positive.
    odd: bool,
}

/// Two ints on the way to their greatest common divisor, the larger one first, without zeros at the top.
struct Pair {
    x: Vec<u64>,
    y: Vec<u64>,
}

/// What many steps of Euclid's algorithm together do: `x, y` become `a*x - b*y, d*y - c*x`, or with all signs turned.
#[derive(Clone, Copy)]
struct Steps {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
    /// An odd number of steps: signs are turned.
    odd: bool,
}

impl Pair {
    fn new(a: &UBig, b: &UBig) -> Pair {
        let (large, small) = if a < b { (b, a) } else { (a, b) };
        Pair { x: large.as_words().to_vec(), y: small.as_words().to_vec() }
    }

    fn step(&mut self, factors: Option<&mut Factors>, watch: &Watch) -> Result<()> {
        let more = factors.as_ref().map_or(0, |f| words(&f.y));
        let search = if self.x.len() < 3 { STEP_WORK } else { STEPS_WORK };
        watch.step(2 * (self.x.len() + more) as u64 + search)?;
        match self.leading_steps() {
            Some(steps) => {
                self.apply(steps);
                if let Some(f) = factors {
                    let x = &f.x * steps.a + &f.y * steps.b;
                    let y = &f.x * steps.c + &f.y * steps.d;
                    *f = Factors { x, y, odd: f.odd ^ steps.odd };
                }
            }
            None => {
                let (x, y) = (UBig::from_words(&self.x), UBig::from_words(&self.y));
                let (quotient, rest) = div_rem(&x, &y, watch)?;
                if let Some(f) = factors {
                    let next = &f.x + mul(&quotient, &f.y, watch)?;
                    *f = Factors { x: std::mem::replace(&mut f.y, next.clone()), y: next, odd: !f.odd };
                }
                self.x = std::mem::take(&mut self.y);
                self.y = rest.as_words().to_vec();
            }
        }
        Ok(())
    }

    /// The steps that the leading 126 bits decide (Knuth, volume 2, algorithm L); `None` if not even the first.
    fn leading_steps(&self) -> Option<Steps> {
        let top = self.x.len();
        if top < 3 || self.y.len() + 1 < top {
            return None;
        }
        let shift = self.x[top - 1].leading_zeros();
        let lead = |words: &[u64]| {
            let word = |at: usize| u128::from(words.get(at).copied().unwrap_or(0));
            let (high, middle, low) = (word(top - 1), word(top - 2), word(top - 3));
            let all = (high << 64 | middle) << shift;
            ((all | if shift == 0 { 0 } else { low >> (64 - shift) }) >> 2) as i128
        };
        let (mut x, mut y) = (lead(&self.x), lead(&self.y));
        let (mut a, mut b, mut c, mut d) = (1i128, 0i128, 0i128, 1i128);
        let mut odd = false;
        while y + c != 0 && y + d != 0 {
            let q = quotient_of(x + a, y + c);
            if q != quotient_of(x + b, y + d) {
                break;
            }
            let (next_c, next_d) = (a - q * c, b - q * d);
            // Products with words must not leave 126 bits.
            if next_c.unsigned_abs() >> 62 != 0 || next_d.unsigned_abs() >> 62 != 0 {
                break;
            }
            (a, b, c, d) = (c, d, next_c, next_d);
            (x, y) = (y, x - q * y);
            odd = !odd;
        }
        let size = |n: i128| n.unsigned_abs() as u64;
        (b != 0).then(|| Steps { a: size(a), b: size(b), c: size(c), d: size(d), odd })
    }

    fn apply(&mut self, steps: Steps) {
        let sign = if steps.odd { -1 } else { 1 };
        let [a, b, c, d] = [steps.a, steps.b, steps.c, steps.d].map(|n| i128::from(n) * sign);
        let (mut x_carry, mut y_carry) = (0i128, 0i128);
        self.y.resize(self.x.len(), 0);
        for (x, y) in self.x.iter_mut().zip(&mut self.y) {
            let (old_x, old_y) = (i128::from(*x), i128::from(*y));
            x_carry += a * old_x - b * old_y;
            y_carry += d * old_y - c * old_x;
            (*x, *y) = (x_carry as u64, y_carry as u64);
            x_carry >>= 64;
            y_carry >>= 64;
        }
        debug_assert!(x_carry == 0 && y_carry == 0);
        for words in [&mut self.x, &mut self.y] {
            let length = words.iter().rposition(|&word| word != 0).map_or(0, |top| top + 1);
            words.truncate(length);
        }
    }
}

/// `a / b`, where most quotients are small and both are positive.
fn quotient_of(a: i128, b: i128) -> i128 {
    let mut rest = a;
    for q in 0..4 {
        if rest < b {
            return q;
        }
        rest -= b;
    }
    a / b
}

#[cfg(test)]
mod tests {
    use super::super::NumberLimits;
    use super::*;

    fn watch() -> Watch {
        Watch::unhurried(NumberLimits::default())
    }

    /// A random int of so many bits, some of them long runs of ones or zeros.
    fn random(bits: usize, seed: u64) -> UBig {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let words: Vec<u64> = (0..bits.div_ceil(64))
            .map(|_| match next() % 5 {
                0 => 0,
                1 => u64::MAX,
                _ => next(),
            })
            .collect();
        let all = UBig::from_words(&words) & ((UBig::ONE << bits) - UBig::ONE);
        all | UBig::ONE << (bits - 1)
    }

    #[test]
    fn pieces_make_the_same_products_and_quotients_as_the_library() {
        for (seed, (x, y)) in
            [(1_400_000, 1_400_000), (3_000_000, 64), (2_500_000, 262_145), (1_300_000, 1_299_999)]
                .into_iter()
                .enumerate()
        {
            let (a, b) = (random(x, seed as u64), random(y, seed as u64 + 100));
            let w = watch();
            assert_eq!(mul(&a, &b, &w), Ok(&a * &b), "{x} {y}");
            assert_eq!(sqr(&a, &w), Ok(a.sqr()), "{x}");
            assert_eq!(div_rem(&a, &b, &w), Ok((&a).div_rem(&b)), "{x} {y}");
            // Digits of a quotient that are all ones are where an estimate is too large.
            let ones = (UBig::ONE << x) - UBig::ONE;
            assert_eq!(div_rem(&(&ones * &b + &b - UBig::ONE), &b, &w), Ok((ones, &b - UBig::ONE)));
            assert!(w.steps().1 <= PIECE * 3 / 2, "{:?}", w.steps());
        }
    }

    #[test]
    fn pieces_make_the_same_powers_roots_and_digits_as_the_library() {
        let w = watch();
        for (base, exponent) in
            [(3u64, 700_000), (10, 400_000), (1 << 40, 30_000), (7, 0), (0, 5), (1, 1 << 40)]
        {
            let wanted = if base == 1 { UBig::ONE } else { UBig::from(base).pow(exponent) };
            assert_eq!(pow(&base.into(), exponent, &w), Ok(wanted), "{base} {exponent}");
        }
        for bits in [700_000, 1_100_001] {
            let a = random(bits, 7);
            assert_eq!(sqrt(&a, &w), Ok(a.sqrt()));
            let square = a.sqr();
            assert_eq!(sqrt(&square, &w), Ok(a.clone()));
            assert_eq!(sqrt(&(square - UBig::ONE), &w), Ok(a - UBig::ONE));
        }
        for a in
            [random(500_000, 3), UBig::from(10u8).pow(DIGITS), UBig::from(10u8).pow(4 * DIGITS) - UBig::ONE]
        {
            let text = a.to_string();
            assert_eq!(to_decimal(&a, &w).as_deref(), Ok(&*text));
            assert_eq!(from_digits(&text, 10, &w), Ok(Some(a.clone())));
            assert_eq!(from_digits(&a.in_radix(7).to_string(), 7, &w), Ok(Some(a)));
        }
        assert_eq!(from_digits(&("1".repeat(2 * DIGITS) + "x1"), 10, &w), Ok(None));
        assert!(w.steps().1 <= PIECE * 3 / 2, "{:?}", w.steps());
    }

    #[test]
    fn divisors_and_inverses_are_the_library_s() {
        use dashu_int::ops::{ExtendedGcd, RemEuclid};
        let w = watch();
        for (seed, (x, y, common)) in [
            (300_000, 300_000, 5),
            (200_000, 90_000, 70_000),
            (150_000, 150_000, 140_000),
            (130, 129, 60),
            (65, 3, 2),
        ]
        .into_iter()
        .enumerate()
        {
            let common = random(common, seed as u64 + 50);
            let (a, b) = (random(x, seed as u64) * &common, random(y, seed as u64 + 9) * &common);
            assert_eq!(gcd(&a, &b, &w), Ok((&a).gcd(&b)), "{x} {y}");
            assert_eq!(gcd(&b, &a, &w), Ok((&a).gcd(&b)), "{x} {y}");
        }
        for bits in [3, 64, 65, 128, 200, 1000, 4000, 70_000] {
            for seed in 0..4 {
                let (modulus, a) = (random(bits, seed) | UBig::ONE, random(bits, seed + 20));
                let a = a % &modulus;
                let (divisor, factor, _) = (&a).gcd_ext(&modulus);
                let wanted = divisor.is_one().then(|| factor.rem_euclid(IBig::from(modulus.clone())));
                assert_eq!(inverse(&a, &modulus, &w), Ok(wanted), "{bits} {seed}");
            }
        }
    }

    #[test]
    fn powers_by_windows_are_those_by_products() {
        let w = watch();
        for bits in [3, 9, 70, 300, 1000] {
            let modulus = random(bits, 5);
            let base = random(bits + 3, 6) % &modulus;
            for exponent in [UBig::ZERO, UBig::ONE, random(bits, 8)] {
                let mut wanted = UBig::ONE;
                for bit in (0..exponent.bit_len()).rev() {
                    wanted = wanted.sqr() % &modulus;
                    if exponent.bit(bit) {
                        wanted = wanted * &base % &modulus;
                    }
                }
                assert_eq!(pow_mod(&base, &exponent, &modulus, &w), Ok(wanted), "{bits}");
            }
        }
    }
}
