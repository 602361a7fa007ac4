//! Slots of objects: reads, writes, and the checks before them.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Objects lie in one region; a reference is an
//! index into it, of 32 bits, and so is the place of an element: whatever they are, the address lies in the memory that the engine has
//! reserved ([`NativeContext::region`]). So the bits above are cut off before an address is made of them, even where a check has just shown
//! that there are none.

use crate::abi::NativeContext;
use crate::error::{CodegenError, malformed};
use crate::lower::{Lowering, memory};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self as clif, InstBuilder};
use ir::planted::{Bug, is};
use ir::{Imm, Inst};
use std::mem::offset_of;

/// The bytes of an object before its slots.
const HEADER: i32 = 8;

impl Lowering<'_, '_> {
    /// The low 32 bits.
    fn index(&mut self, value: clif::Value) -> clif::Value {
        let low = self.b.ins().ireduce(I32, value);
        self.b.ins().uextend(I64, low)
    }

    /// The address of so many words behind the region's start.
    fn address(&mut self, words: clif::Value) -> clif::Value {
        let ctx = self.ctx();
        let region = self.b.ins().load(I64, memory(), ctx, offset_of!(NativeContext, region) as i32);
        let bytes = self.b.ins().ishl_imm_u(words, 3);
        self.b.ins().iadd(region, bytes)
    }

    fn slot(&mut self, inst: &Inst, object: clif::Value) -> Result<(clif::Value, i32), CodegenError> {
        let Imm::Field(slot) = inst.imm else {
            return malformed("a slot without its number");
        };
        let index = self.index(object);
        let address = self.address(index);
        // Objects whose slots have names have few of them.
        Ok((address, HEADER + 8 * (slot & 0xFF) as i32))
    }

    fn element(&mut self, storage: clif::Value, at: clif::Value) -> clif::Value {
        let (storage, at) = (self.index(storage), self.index(at));
        let words = self.b.ins().iadd(storage, at);
        self.address(words)
    }

    /// Whether the bits above the lowest so many are those of this value.
    fn differs_above(&mut self, value: clif::Value, bits: u64, low: u8) -> clif::Value {
        let above = self.b.ins().ushr_imm_u(value, i64::from(low));
        let expected = self.iconst((bits >> low) as i64);
        self.b.ins().icmp(IntCC::NotEqual, above, expected)
    }

    pub fn guard_shape(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let Imm::Shape(shape) = inst.imm else {
            return malformed("guard_shape without its shape");
        };
        let other = self.differs_above(a, self.layout.reference, 30);
        self.leave_if(other, inst, None)?;
        if is(Bug::ShapeUnchecked) {
            return Ok(a);
        }
        let index = self.index(a);
        let address = self.address(index);
        let header = self.b.ins().load(I32, memory(), address, 0);
        let expected = self.b.ins().iconst(I32, i64::from(self.layout.headers[shape as usize]));
        let other = self.b.ins().icmp(IntCC::NotEqual, header, expected);
        self.leave_if(other, inst, None)?;
        Ok(a)
    }

    pub fn load_slot(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let (address, offset) = self.slot(inst, a)?;
        Ok(self.b.ins().load(I64, memory(), address, offset))
    }

    /// A count is a small int that is not negative: what stands above its 48 bits is the tag.
    pub fn load_count(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let value = self.load_slot(inst, a)?;
        let up = self.b.ins().ishl_imm_u(value, 16);
        Ok(self.b.ins().ushr_imm_u(up, 16))
    }

    /// The upper half of a header is the number of words, the header's included.
    pub fn load_size(&mut self, a: clif::Value) -> clif::Value {
        let none = self.differs_above(a, self.layout.reference, 30);
        let index = self.index(a);
        let address = self.address(index);
        let header = self.b.ins().load(I64, memory(), address, 0);
        let words = self.b.ins().ushr_imm_u(header, 32);
        let slots = self.b.ins().iadd_imm_s(words, -1);
        let zero = self.iconst(0);
        self.b.ins().select(none, zero, slots)
    }

    pub fn load_element(&mut self, a: clif::Value, at: clif::Value) -> clif::Value {
        let address = self.element(a, at);
        self.b.ins().load(I64, memory(), address, HEADER)
    }

    pub fn check_index(
        &mut self,
        inst: &Inst,
        index: clif::Value,
        len: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        let sign = self.b.ins().sshr_imm_u(index, 63);
        let from_end = self.b.ins().band(sign, len);
        let at = self.b.ins().iadd(index, from_end);
        self.check_below(inst, at, len)
    }

    pub fn check_below(
        &mut self,
        inst: &Inst,
        at: clif::Value,
        len: clif::Value,
    ) -> Result<clif::Value, CodegenError> {
        if is(Bug::IndexUnchecked) {
            return Ok(at);
        }
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, at, len);
        self.leave_if(outside, inst, None)?;
        Ok(at)
    }

    pub fn guard_storable(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        if is(Bug::StoreForNothing) {
            return Ok(a);
        }
        let above = self.b.ins().ushr_imm_u(a, 31);
        let large = self.iconst((self.layout.large_int >> 31) as i64);
        let is_large = self.b.ins().icmp(IntCC::Equal, above, large);
        self.leave_if(is_large, inst, None)?;
        Ok(a)
    }

    pub fn box_small(&mut self, inst: &Inst, a: clif::Value) -> Result<clif::Value, CodegenError> {
        let up = self.b.ins().ishl_imm_u(a, 16);
        let back = self.b.ins().sshr_imm_u(up, 16);
        let wide = self.b.ins().icmp(IntCC::NotEqual, back, a);
        self.leave_if(wide, inst, None)?;
        let tag = self.iconst(i64::from(self.layout.int_tag));
        let tagged = self.b.ins().bor(up, tag);
        Ok(self.b.ins().rotr_imm_u(tagged, 16))
    }

    pub fn store_count(
        &mut self,
        inst: &Inst,
        a: clif::Value,
        count: clif::Value,
    ) -> Result<(), CodegenError> {
        let (address, offset) = self.slot(inst, a)?;
        let tag = self.iconst((u64::from(self.layout.int_tag) << 48) as i64);
        let tagged = self.b.ins().bor(count, tag);
        self.b.ins().store(memory(), tagged, address, offset);
        Ok(())
    }

    pub fn store_element(&mut self, a: clif::Value, at: clif::Value, value: clif::Value) {
        let address = self.element(a, at);
        self.b.ins().store(memory(), value, address, HEADER);
    }
}
