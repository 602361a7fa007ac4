//! Hashes: those of CPython, since sets show their order.
//!
//! Those of strs depend on a seed ([`crate::Store::hash_key`]), which is fixed unless the host says otherwise, so that runs are
//! reproducible. With the seed 0 they are those of CPython with `PYTHONHASHSEED=0`.

use super::super::{Kind, Meter, Outcome, Store, bytes, raised, range, set, type_error};
use crate::heap::Object;
use crate::num::{ErrorKind, Operand};
use crate::value::Value;
use dashu_int::{IBig, Sign};
use siphasher::sip::SipHasher13;

/// Hashes of numbers are computed modulo this prime.
const MODULUS: u64 = (1 << BITS) - 1;
const BITS: u32 = 61;
/// The hash of `None`.
const NONE: i64 = 0xfca8_6420;
/// The hash of infinity.
const INFINITY: i64 = 314_159;
/// Tuples within tuples that are hashed. (CPython goes on until its stack overflows.)
const DEEPEST: usize = 100_000;
/// Bytes that are hashed in one step.
const BYTES_PER_STEP: u64 = 8;

/// The hash of a value.
///
/// # Errors
/// `TypeError` if it has none, and those of the meter.
pub fn hash(store: &Store, meter: &mut Meter, a: Value) -> Outcome<i64> {
    if let Some(i) = a.as_small_int() {
        return Ok(if i == -1 { -2 } else { i });
    }
    match store.object(a) {
        Some((Kind::Tuple, tuple)) => hash_tuple(store, meter, tuple),
        Some((kind, object)) => hash_object(store, meter, kind, object),
        None => hash_leaf(store, meter, a),
    }
}

/// The hash of an int.
pub fn hash_int(i: i64) -> i64 {
    signed(i.unsigned_abs() % MODULUS, i < 0)
}

/// A hash below the modulus with a sign; -1 is not used.
fn signed(hash: u64, negative: bool) -> i64 {
    match (hash as i64, negative) {
        (1, true) => -2,
        (hash, true) => -hash,
        (hash, false) => hash,
    }
}

fn hash_leaf(store: &Store, meter: &mut Meter, a: Value) -> Outcome<i64> {
    hash_operand(store, meter, store.operand(a))
}

/// The hash of a value that is no object.
pub(in super::super) fn hash_operand(store: &Store, meter: &mut Meter, a: Operand<'_>) -> Outcome<i64> {
    Ok(match a {
        Operand::None | Operand::Object(_) => NONE,
        Operand::Bool(b) => i64::from(b),
        Operand::Int(i) => hash_int(i),
        Operand::Big(i) => {
            meter.step(store, 1 + i.as_sign_words().1.len() as u64)?;
            hash_big(i)
        }
        Operand::Float(f) => hash_float(f),
        Operand::Str(text) => {
            meter.step(store, text.len() as u64 / BYTES_PER_STEP)?;
            hash_str(store, text)
        }
    })
}

fn hash_big(i: &IBig) -> i64 {
    let (sign, words) = i.as_sign_words();
    let hash = words.iter().rev().fold(0u64, |hash, &word| {
        // 2**64 is 8 modulo 2**61 - 1.
        ((u128::from(hash) * 8 + u128::from(word)) % u128::from(MODULUS)) as u64
    });
    signed(hash, sign == Sign::Negative)
}

fn hash_float(f: f64) -> i64 {
    if !f.is_finite() {
        return if f.is_nan() { 0 } else { signed(INFINITY as u64, f < 0.0) };
    }
    let bits = f.abs().to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) as i32);
    // The float is this int times two to this power, and two to the power of 61 is 1.
    let (whole, power) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let power = power.rem_euclid(BITS as i32) as u32;
    let hash = ((u128::from(whole) << power) % u128::from(MODULUS)) as u64;
    signed(hash, f < 0.0)
}

/// The hash of a str: of its code points in one, two or four bytes each, as the widest of them needs.
fn hash_str(store: &Store, text: &str) -> i64 {
    if text.is_ascii() {
        return hash_bytes(store, text.as_bytes());
    }
    let widest = text.chars().max().map_or(0, u32::from);
    let width = if widest < 1 << 8 {
        1
    } else if widest < 1 << 16 {
        2
    } else {
        4
    };
    let units = text.chars().flat_map(|c| u32::from(c).to_le_bytes().into_iter().take(width));
    hash_bytes(store, &units.collect::<Vec<u8>>())
}

/// The hash of bytes.
pub fn hash_bytes(store: &Store, bytes: &[u8]) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    let (a, b) = store.hash_key();
    match SipHasher13::new_with_keys(a, b).hash(bytes) as i64 {
        -1 => -2,
        hash => hash,
    }
}

fn hash_object(store: &Store, meter: &mut Meter, kind: Kind, object: Object) -> Outcome<i64> {
    match kind {
        Kind::Tuple => hash_tuple(store, meter, object),
        Kind::Frozenset => {
            meter.step(store, store.heap.slots(object).len() as u64)?;
            set::hash(store, meter, object)
        }
        Kind::Range => {
            let parts = range::identity(store, object);
            let hashes: Outcome<Vec<i64>> = parts.iter().map(|&part| hash(store, meter, part)).collect();
            Ok(combine(&hashes?))
        }
        Kind::Bytes => {
            meter.step(store, bytes::len(store, object) as u64 / BYTES_PER_STEP)?;
            Ok(hash_bytes(store, &bytes::read(store, object)))
        }
        Kind::List
        | Kind::Dict
        | Kind::Set
        | Kind::Slice
        | Kind::DictKeys
        | Kind::DictItems
        | Kind::Bytearray => Err(type_error(format!("unhashable type: '{}'", kind.type_name()))),
        _ => {
            let message = format!("HotspotVM does not have the hash of a '{}' yet", kind.type_name());
            Err(raised(ErrorKind::NotImplementedError, message))
        }
    }
}

/// A tuple whose first elements are hashed.
struct Open {
    tuple: Object,
    at: usize,
    hash: Combined,
}

fn hash_tuple(store: &Store, meter: &mut Meter, tuple: Object) -> Outcome<i64> {
    let mut stack: Vec<Open> = Vec::new();
    let mut top = Open { tuple, at: 0, hash: Combined::default() };
    loop {
        meter.step(store, 1)?;
        let slots = store.heap.slots(top.tuple);
        let hash = match slots.get(top.at) {
            Some(&element) => match store.object(element) {
                Some((Kind::Tuple, inner)) => {
                    if stack.len() == DEEPEST {
                        return Err(raised(ErrorKind::RecursionError, "maximum recursion depth exceeded"));
                    }
                    let inner = Open { tuple: inner, at: 0, hash: Combined::default() };
                    stack.push(std::mem::replace(&mut top, inner));
                    continue;
                }
                Some((kind, object)) => hash_object(store, meter, kind, object)?,
                None => hash(store, meter, element)?,
            },
            None => {
                let hash = top.hash.end();
                match stack.pop() {
                    Some(outer) => top = outer,
                    None => return Ok(hash),
                }
                hash
            }
        };
        top.hash.add(hash);
        top.at += 1;
    }
}

/// Hashes combined to that of a tuple: xxHash's way, as CPython has it.
struct Combined {
    hash: u64,
    count: u64,
}

impl Default for Combined {
    fn default() -> Combined {
        Combined { hash: Combined::P5, count: 0 }
    }
}

impl Combined {
    const P1: u64 = 11_400_714_785_074_694_791;
    const P2: u64 = 14_029_467_366_897_019_727;
    const P5: u64 = 2_870_177_450_012_600_261;

    fn add(&mut self, hash: i64) {
        let lane = (hash as u64).wrapping_mul(Combined::P2);
        self.hash = self.hash.wrapping_add(lane).rotate_left(31).wrapping_mul(Combined::P1);
        self.count += 1;
    }

    fn end(&self) -> i64 {
        match self.hash.wrapping_add(self.count ^ (Combined::P5 ^ 3_527_539)) as i64 {
            -1 => 1_546_275_796,
            hash => hash,
        }
    }
}

/// The hash of a tuple of values with these hashes.
pub(in super::super) fn combine(hashes: &[i64]) -> i64 {
    let mut combined = Combined::default();
    hashes.iter().for_each(|&hash| combined.add(hash));
    combined.end()
}
