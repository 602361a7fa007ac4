//! How values look to machine code, and what machine code makes of them.

use super::vm::Vm;
use crate::profile::Kinds;
use bytecode::Shape;
use codegen::ValueLayout;
use ir::{InputPlace, Type};
use runtime::{Heap, Value};

/// How values look, for the code generator.
pub const LAYOUT: ValueLayout = ValueLayout {
    int_tag: Value::INT_TAG,
    false_bits: Value::FALSE.bits(),
    true_bits: Value::TRUE.bits(),
    max_float_bits: Value::MAX_FLOAT_BITS,
    refused: Value::REFUSED.bits(),
    reference: Value::reference(0).bits(),
    large_int: Heap::LARGE_INT.bits(),
    headers: [Heap::header(Shape::List), Heap::header(Shape::ListIterator), Heap::header(Shape::Tuple)],
};

/// The value of an input in the current frame.
pub fn input_value(vm: &Vm, place: InputPlace) -> Value {
    match place {
        InputPlace::Local(slot) => vm.local(slot),
        InputPlace::Stack(depth) => Value::from_bits(vm.stack[(vm.operands_start() + depth) as usize]),
    }
}

/// The unboxed type of a value, or `Boxed` if it has none.
pub fn type_of(vm: &Vm, value: Value) -> Type {
    match kind(vm, value) {
        Kinds::INT => Type::Int,
        Kinds::FLOAT => Type::Float,
        Kinds::BOOL => Type::Bool,
        _ => Type::Boxed,
    }
}

/// The kind of a value, for feedback.
#[inline(never)]
pub fn kind(vm: &Vm, a: Value) -> Kinds {
    kind_of(a, vm.store.as_i64(a))
}

/// The same, for a value whose int is known already.
#[inline]
pub(crate) fn kind_of(a: Value, int: Option<i64>) -> Kinds {
    if int.is_some() {
        Kinds::INT
    } else if a.as_float().is_some() {
        Kinds::FLOAT
    } else if a.as_bool().is_some() {
        Kinds::BOOL
    } else {
        Kinds::OTHER
    }
}

/// A value as compiled code had it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw {
    /// An int of 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// The bits of a boxed value.
    Boxed(u64),
}

impl Raw {
    /// A machine word read as this type.
    pub fn from_word(word: u64, ty: Type) -> Raw {
        match ty {
            Type::Int => Raw::Int(word as i64),
            Type::Float => Raw::Float(f64::from_bits(word)),
            Type::Bool => Raw::Bool(word & 1 == 1),
            Type::Boxed => Raw::Boxed(word),
        }
    }
}
