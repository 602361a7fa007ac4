//! `bytes` and `bytearray`: how many there are, and a [`Kind::Raw`] with eight of them in each word.

use super::Kind;
use crate::heap::{Heap, Object};
use crate::store::Store;
use crate::value::Value;

/// The slot that counts the bytes.
const LEN: usize = 0;
/// The slot with the words; `none` where there is no byte.
const WORDS: usize = 1;
/// How many slots there are.
const SLOTS: usize = 2;

/// How many bytes there are.
pub fn len(store: &Store, object: Object) -> usize {
    store.heap.count(object, LEN)
}

/// All bytes, copied.
pub fn read(store: &Store, object: Object) -> Vec<u8> {
    let len = len(store, object);
    let words = store.heap.object(store.heap.slot(object, WORDS));
    let words = words.map_or(&[][..], |words| store.heap.slots(words));
    let mut bytes: Vec<u8> = Vec::with_capacity(len.next_multiple_of(8));
    for word in words.iter().take(len.div_ceil(8)) {
        bytes.extend_from_slice(&word.bits().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// One byte, if there are so many.
pub fn byte(store: &Store, object: Object, at: usize) -> Option<u8> {
    let words = store.heap.object(store.heap.slot(object, WORDS))?;
    let word = store.heap.slots(words).get(at / 8)?;
    (at < len(store, object)).then(|| (word.bits() >> (at % 8 * 8)) as u8)
}

/// What is charged for so many bytes.
pub fn charge(len: usize) -> u64 {
    let words = if len == 0 { 0 } else { Heap::object_bytes(len.div_ceil(8) as u64) };
    Heap::object_bytes(SLOTS as u64) + words
}

/// An object of these bytes, paid for.
pub fn make(store: &mut Store, kind: Kind, bytes: &[u8]) -> Value {
    let object = store.heap.allocate(kind, SLOTS);
    if !bytes.is_empty() {
        let words = store.heap.allocate(Kind::Raw, bytes.len().div_ceil(8));
        for (slot, bytes) in store.heap.slots_mut(words).iter_mut().zip(bytes.chunks(8)) {
            *slot = Value::from_bits(word(bytes));
        }
        store.heap.set_slot(object, WORDS, words.value());
    }
    store.heap.set_count(object, LEN, bytes.len());
    object.value()
}

/// Up to eight bytes as a word.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}
