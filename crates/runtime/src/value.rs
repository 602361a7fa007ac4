//! Values: 8 bytes, NaN-boxed.
//!
//! | top 16 bits       | meaning                                                      |
//! |-------------------|--------------------------------------------------------------|
//! | `0x0000..=0xFFF8` | a float as it is (NaN only as `0x7FF8...` or `0xFFF8...`)    |
//! | `0xFFFA`          | `false` (payload 0), `true` (1), `none` (2)                  |
//! | `0xFFFB`          | a reference: index of a heap object in the low 32 bits       |
//! | `0xFFFC`          | not a value: a run-time routine's answer "leave"             |
//! | `0xFFFF`          | a small int: the low 48 bits in two's complement             |
//!
//! The int tag has all bits set, so that "both are small ints" is one `and` and one compare. An int that fits 48 bits is
//! always small; a larger one that fits 64 bits is on the heap, as 64 bits; then come bignums. Equal ints therefore have equal
//! representations up to the identity of heap objects, which no program can observe.

/// Any value of the virtual machine.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Value(u64);

/// A value taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unpacked {
    /// `none`
    None,
    /// `true` or `false`
    Bool(bool),
    /// An int of at most 48 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// An object on the heap, by its index.
    Ref(u32),
}

impl Value {
    /// The tag of a small int: its top 16 bits.
    pub const INT_TAG: u16 = 0xFFFF;
    const INT: u64 = (Value::INT_TAG as u64) << 48;
    const IMMEDIATE: u64 = 0xFFFA << 48;
    const REF: u64 = 0xFFFB << 48;
    const PAYLOAD: u64 = (1 << 48) - 1;
    /// The largest bit pattern of a float.
    pub const MAX_FLOAT_BITS: u64 = 0xFFF8_FFFF_FFFF_FFFF;

    /// `false`
    pub const FALSE: Value = Value(Value::IMMEDIATE);
    /// `true`
    pub const TRUE: Value = Value(Value::IMMEDIATE | 1);
    /// `none`
    pub const NONE: Value = Value(Value::IMMEDIATE | 2);
    /// Not a value: what a run-time routine answers instead of one to say that the interpreter must take over.
    pub const REFUSED: Value = Value(0xFFFC << 48);

    /// The least small int.
    pub const MIN_SMALL: i64 = -(1 << 47);
    /// The greatest small int.
    pub const MAX_SMALL: i64 = (1 << 47) - 1;

    /// A small int, if it fits 48 bits.
    #[inline(always)]
    pub fn small_int(i: i64) -> Option<Value> {
        (((i << 16) >> 16) == i).then_some(Value(Value::INT | (i as u64 & Value::PAYLOAD)))
    }

    /// A float. Every NaN becomes the one NaN.
    #[inline(always)]
    pub fn float(f: f64) -> Value {
        if f.is_nan() { Value(f64::NAN.to_bits() & !(1 << 63)) } else { Value(f.to_bits()) }
    }

    /// A truth value.
    #[inline(always)]
    pub fn bool(b: bool) -> Value {
        Value(Value::IMMEDIATE | b as u64)
    }

    /// A reference to the heap object with this index. For the heap and for tests.
    #[inline(always)]
    pub const fn reference(index: u32) -> Value {
        Value(Value::REF | index as u64)
    }

    /// The bits, as compiled code sees them.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The value with these bits. Any bits are safe; bits that no value has read back as a float, `none` or a
    /// reference that the heap will not find.
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Value {
        Value(bits)
    }

    /// The int, if it is a small one.
    #[inline(always)]
    pub fn as_small_int(self) -> Option<i64> {
        (self.0 >= Value::INT).then_some(self.small_payload())
    }

    /// Both ints, if both are small: one test.
    #[inline(always)]
    pub fn both_small(a: Value, b: Value) -> Option<(i64, i64)> {
        (a.0 & b.0 >= Value::INT).then_some((a.small_payload(), b.small_payload()))
    }

    #[inline(always)]
    fn small_payload(self) -> i64 {
        (self.0 << 16) as i64 >> 16
    }

    /// The float, if it is one.
    #[inline(always)]
    pub fn as_float(self) -> Option<f64> {
        (self.0 <= Value::MAX_FLOAT_BITS).then_some(f64::from_bits(self.0))
    }

    /// The truth value, if it is one.
    #[inline(always)]
    pub fn as_bool(self) -> Option<bool> {
        (self.0 & !1 == Value::IMMEDIATE).then_some(self.0 & 1 == 1)
    }

    /// The index of the heap object, if it is a reference.
    #[inline(always)]
    pub fn as_reference(self) -> Option<u32> {
        (self.0 & !Value::PAYLOAD == Value::REF).then_some(self.0 as u32)
    }

    /// The value taken apart.
    #[inline]
    pub fn unpack(self) -> Unpacked {
        if let Some(i) = self.as_small_int() {
            Unpacked::Int(i)
        } else if let Some(f) = self.as_float() {
            Unpacked::Float(f)
        } else if let Some(index) = self.as_reference() {
            Unpacked::Ref(index)
        } else if let Some(b) = self.as_bool() {
            Unpacked::Bool(b)
        } else {
            Unpacked::None
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.unpack().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ints_cover_48_bits_exactly() {
        for i in [0, 1, -1, 42, Value::MIN_SMALL, Value::MAX_SMALL] {
            let value = Value::small_int(i);
            assert_eq!(value.and_then(Value::as_small_int), Some(i));
            assert_eq!(value.map(Value::unpack), Some(Unpacked::Int(i)));
        }
        for i in [Value::MIN_SMALL - 1, Value::MAX_SMALL + 1, i64::MIN, i64::MAX] {
            assert_eq!(Value::small_int(i), None);
        }
    }

    #[test]
    fn floats_keep_their_bits() {
        for f in [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, 5e-324] {
            assert_eq!(Value::float(f).as_float().map(f64::to_bits), Some(f.to_bits()));
        }
        // A NaN with a payload that would collide with a tag.
        let hostile = f64::from_bits(0xFFFF_0000_0000_0007);
        assert!(Value::float(hostile).as_float().is_some_and(f64::is_nan));
        assert_eq!(Value::float(hostile).as_small_int(), None);
        // What the hardware makes of 0/0 is within the floats.
        assert!(Value::from_bits(0xFFF8_0000_0000_0000).as_float().is_some_and(f64::is_nan));
    }

    #[test]
    fn kinds_exclude_each_other() {
        let all =
            [Value::NONE, Value::TRUE, Value::FALSE, Value::float(2.0), Value::reference(7), Value::REFUSED];
        for value in all {
            assert_eq!(value.as_small_int(), None, "{value:?}");
        }
        assert_eq!(Value::NONE.as_bool(), None);
        assert_eq!(Value::TRUE.as_bool(), Some(true));
        assert_eq!(Value::FALSE.as_bool(), Some(false));
        assert_eq!(Value::reference(7).as_reference(), Some(7));
        assert_eq!(Value::REFUSED.as_reference(), None);
        let one = Value::small_int(1).unwrap_or(Value::NONE);
        for value in all {
            assert_eq!(Value::both_small(one, value), None);
        }
        assert_eq!(Value::both_small(one, one), Some((1, 1)));
    }
}
