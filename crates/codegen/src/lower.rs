//! From the IR to Cranelift's: blocks, values, dispatch over the instructions.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is the heart of *compile*'s last
//! step. The longer instructions are in [`crate::ints`], [`crate::boxes`] and [`crate::calls`], the exits in [`crate::exits`].
//!
//! Invariants:
//! - nothing emitted can trap: divisors are checked or proved, memory accesses are to the context and what it points to (only test mode traps,
//!   where a proof is wrong);
//! - fuel is one variable: taken on entry, stored wherever control leaves, passed along where a method calls or returns;
//! - blocks are visited so that definitions come before uses.

use crate::abi::{NativeContext, packed_cost};
use crate::calls::{FIXED_PARAMS, from_word};
use crate::error::{CodegenError, malformed};
use crate::exits::{Exits, Leave, Undo};
use crate::ints::limit_of;
use crate::layout::ValueLayout;
use crate::summary::Summary;
use crate::unit::Part;
use cranelift_codegen::ir as clif;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::Ieee64;
use cranelift_codegen::ir::types::{F64, I8, I64};
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlagsData, SourceLoc, TrapCode};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, Variable};
use ir::{Block, Function, Imm, Inst, Opcode, Origin, Target, Terminator, Type, Value};
use std::mem::offset_of;

/// Marks the places of the hottest loop's header, so that its code can be found and aligned.
pub(crate) const HEADER_MARK: u32 = 1 << 31;

/// Why code stops the process in test mode.
pub(crate) const WRONG_PROOF: TrapCode = TrapCode::unwrap_user(1);

/// A routine's parameters and result, and its name in the function.
pub(crate) type Signature = (&'static [clif::Type], clif::Type, clif::SigRef);

/// What callees give back as they got it.
#[derive(Clone, Copy)]
pub(crate) struct AroundCalls {
    pub ctx: Variable,
    pub depth: Variable,
}

/// One function on its way into Cranelift's IR.
pub(crate) struct Lowering<'a, 'b> {
    pub f: &'a Function,
    pub summary: &'a Summary,
    pub layout: &'a ValueLayout,
    pub b: FunctionBuilder<'b>,
    /// The context on entry.
    entry_ctx: clif::Value,
    pub signatures: Vec<Signature>,
    pub target: TargetFrontendConfig,
    pub exits: Exits,
    pub fuel: Variable,
    /// The context and how many more calls may be active, if this function calls: callees give both back in registers, so
    /// that nobody saves them.
    pub around_calls: Option<AroundCalls>,
    /// How much less than this function's own the depth is: what the last call took from it for its callee.
    pub depth_taken: u32,
    /// For each block, how much less it is when control comes there.
    taken_at_start: Vec<u32>,
    /// The unit's number.
    pub unit: u32,
    /// See [`CompilerOptions`](crate::CompilerOptions).
    check_proofs: bool,
    globals: Option<clif::Value>,
    counts: Option<clif::Value>,
    values: Vec<Option<clif::Value>>,
    blocks: Vec<Option<clif::Block>>,
    pub mark: u32,
    /// Where instructions came from, in the order in which they are translated.
    pub came: Vec<Came>,
    limits: Vec<(i64, clif::Value)>,
}

/// What a stretch of machine code came from, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    pub origin: Origin,
    pub part: Option<Part>,
}

/// What compiled code touches in memory is aligned, mapped and its own.
pub(crate) fn memory() -> MemFlagsData {
    MemFlagsData::trusted()
}

/// How Cranelift holds a value of this type.
pub(crate) fn clif_type(ty: Type) -> clif::Type {
    match ty {
        Type::Int | Type::Boxed => I64,
        Type::Float => F64,
        Type::Bool => I8,
    }
}

/// Translates a function into the one that `b` builds; gives its exits, and what the numbers of places stand for.
pub(crate) fn lower(
    f: &Function,
    summary: &Summary,
    layout: &ValueLayout,
    (unit, check_proofs): (u32, bool),
    mut b: FunctionBuilder<'_>,
    target: TargetFrontendConfig,
) -> Result<(Exits, Vec<Came>), CodegenError> {
    let entry_params = &f.blocks[0].params;
    if entry_params.len() != f.inputs.len() || entry_params.len() > u16::MAX as usize {
        return malformed("the entry's parameters are not the inputs");
    }
    let fuel = b.declare_var(I64);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let ctx = b.block_params(entry)[0];
    let mut lowering = Lowering {
        f,
        summary,
        layout,
        b,
        entry_ctx: ctx,
        signatures: Vec::new(),
        target,
        exits: Exits::new(),
        fuel,
        around_calls: None,
        depth_taken: 0,
        taken_at_start: vec![0; f.blocks.len()],
        unit,
        check_proofs,
        globals: None,
        counts: None,
        values: vec![None; f.types.len()],
        blocks: vec![None; f.blocks.len()],
        mark: 0,
        came: Vec::new(),
        limits: Vec::new(),
    };
    lowering.create_blocks(entry)?;
    lowering.enter(entry)?;
    for &block in &summary.order {
        lowering.block(block)?;
    }
    lowering.finish()
}

impl Lowering<'_, '_> {
    fn create_blocks(&mut self, entry: clif::Block) -> Result<(), CodegenError> {
        self.blocks[0] = Some(entry);
        for &block in self.summary.order.iter().skip(1) {
            let data = &self.f.blocks[block.index()];
            let new = self.b.create_block();
            self.blocks[block.index()] = Some(new);
            if self.is_cold(block) {
                self.b.set_cold_block(new);
            }
            for &param in &data.params {
                let ty = self.type_of(param)?;
                let value = self.b.append_block_param(new, clif_type(ty));
                self.values[param.index()] = Some(value);
            }
        }
        Ok(())
    }

    /// Blocks that leave stay out of the way of what runs often: of loops, and of code whose assumptions hold.
    fn is_cold(&self, block: Block) -> bool {
        match self.f.blocks[block.index()].end {
            Terminator::Exit { reason, .. } => self.summary.hot_header.is_some() || reason.is_deopt(),
            _ => false,
        }
    }

    /// Takes the inputs from the parameters or from the transfer buffer, and the rest from the context.
    fn enter(&mut self, entry: clif::Block) -> Result<(), CodegenError> {
        let params = self.b.block_params(entry).to_vec();
        if self.f.result.is_some() {
            let [_, fuel, depth] = params[..FIXED_PARAMS] else {
                return malformed("a method without its fixed parameters");
            };
            self.b.def_var(self.fuel, fuel);
            self.start_calls(depth);
        } else {
            let fuel = self.load_fuel();
            self.b.def_var(self.fuel, fuel);
            if self.summary.calls {
                let offset = offset_of!(NativeContext, depth_left) as i32;
                let depth = self.b.ins().load(I64, memory(), self.entry_ctx, offset);
                self.start_calls(depth);
            }
        }
        if self.summary.globals {
            let offset = offset_of!(NativeContext, globals) as i32;
            self.globals = Some(self.b.ins().load(I64, memory(), self.entry_ctx, offset));
        }
        if self.summary.counts {
            let offset = offset_of!(NativeContext, counts) as i32;
            self.counts = Some(self.b.ins().load(I64, memory(), self.entry_ctx, offset));
        }
        for &d in &self.summary.limits {
            // Cranelift makes a constant anew at each use; what two instructions compute stays in its register.
            let one = self.iconst(1);
            let least = self.b.ins().ishl_imm_u(one, 63);
            let limit = self.b.ins().iadd_imm_s(least, limit_of(d).wrapping_sub(i64::MIN));
            self.limits.push((d, limit));
        }
        let names = &self.f.blocks[0].params;
        if self.f.result.is_some() {
            for (&name, &value) in names.iter().zip(&params[FIXED_PARAMS..]) {
                self.values[name.index()] = Some(value);
            }
        } else if !names.is_empty() {
            let inputs = offset_of!(NativeContext, inputs) as i32;
            let inputs = self.b.ins().load(I64, memory(), self.entry_ctx, inputs);
            for (i, &name) in names.iter().enumerate() {
                let ty = self.type_of(name)?;
                self.values[name.index()] = Some(from_word(&mut self.b, inputs, i as i32 * 8, ty));
            }
        }
        Ok(())
    }

    fn block(&mut self, block: Block) -> Result<(), CodegenError> {
        let Some(here) = self.blocks[block.index()] else {
            return malformed(format!("{block} is not reachable"));
        };
        if block.0 != 0 {
            self.b.switch_to_block(here);
        }
        self.depth_taken = self.taken_at_start[block.index()];
        let header = self.summary.hot_header == Some(block);
        let data = &self.f.blocks[block.index()];
        for inst in &data.insts {
            self.mark = if header { HEADER_MARK } else { 0 };
            self.set_place(inst.origin, inst.result.map(Part::Value));
            let result = self.inst(inst)?;
            if let (Some(name), Some(value)) = (inst.result, result) {
                self.values[name.index()] = Some(value);
            }
        }
        let origin = data.insts.last().map_or(data.origin, |inst| inst.origin);
        self.set_place(origin, None);
        self.mark = 0;
        self.end(&data.insts, &data.end, origin)
    }

    /// Says that what follows comes from this bytecode, and what it is for. Cranelift carries one number, which is here one
    /// more than the index into `came`. It only grows, since Cranelift mistakes the number before a function's first for none.
    pub fn set_place(&mut self, origin: Origin, part: Option<Part>) {
        let came = Came { origin, part };
        if self.came.last() != Some(&came) {
            self.came.push(came);
        }
        let number = self.came.len() as u32;
        self.b.set_srcloc(if number < HEADER_MARK {
            SourceLoc::new(number | self.mark)
        } else {
            SourceLoc::default()
        });
    }

    /// Whether the first side of a branch stays in a loop that the other one leaves.
    fn leads_into_loop(&self, then: &Target, otherwise: &Target) -> bool {
        let depth = |target: &Target| self.summary.depth.get(target.block.index());
        depth(then) > depth(otherwise)
    }

    /// The opposite of a condition that these instructions compute by comparing ints.
    fn opposite(&mut self, insts: &[Inst], condition: Value) -> Result<Option<clif::Value>, CodegenError> {
        let known = insts.iter().find(|inst| inst.result == Some(condition));
        let Some(&Inst { op: Opcode::IntCompare, imm: Imm::Cmp(cmp), args: [a, b, _], .. }) = known else {
            return Ok(None);
        };
        let cc = int_condition(Imm::Cmp(cmp.negated()))?;
        let (a, b) = (self.value(a, Type::Int)?, self.value(b, Type::Int)?);
        Ok(Some(self.b.ins().icmp(cc, a, b)))
    }

    /// Ends a block. Cranelift places the second side of a branch behind it: that should be the one that stays in the loop.
    fn end(&mut self, insts: &[Inst], end: &Terminator, origin: Origin) -> Result<(), CodegenError> {
        if self.depth_taken != 0 && end.targets().next().is_some() {
            if end.targets().all(|target| self.summary.ways_in[target.block.index()] == 1) {
                for target in end.targets() {
                    self.taken_at_start[target.block.index()] = self.depth_taken;
                }
            } else {
                self.own_depth();
            }
        }
        match end {
            Terminator::Jump(target) => {
                let (block, args) = self.target(target)?;
                self.b.ins().jump(block, &args);
            }
            Terminator::Branch { condition, then, otherwise, .. } => {
                let opposite = if self.leads_into_loop(then, otherwise) {
                    self.opposite(insts, *condition)?
                } else {
                    None
                };
                let (condition, then, otherwise) = match opposite {
                    Some(opposite) => (opposite, otherwise, then),
                    None => (self.value(*condition, Type::Bool)?, then, otherwise),
                };
                let (then, then_args) = self.target(then)?;
                let (otherwise, otherwise_args) = self.target(otherwise)?;
                self.b.ins().brif(condition, then, &then_args, otherwise, &otherwise_args);
            }
            Terminator::Exit { reason, state } => {
                let leave = Leave { reason: *reason, state: *state, origin, waits: None };
                self.leave(leave)?;
            }
            Terminator::Return(value) => self.return_value(*value)?,
        }
        Ok(())
    }

    fn target(&mut self, target: &Target) -> Result<(clif::Block, Vec<BlockArg>), CodegenError> {
        let Some(block) = self.blocks[target.block.index()] else {
            return malformed(format!("{} is not reachable", target.block));
        };
        let params = &self.f.blocks[target.block.index()].params;
        if params.len() != target.args.len() {
            return malformed(format!("a jump to {} passes {} values", target.block, target.args.len()));
        }
        let mut args = Vec::with_capacity(params.len());
        for (&param, &arg) in params.iter().zip(&target.args) {
            let ty = self.type_of(param)?;
            args.push(BlockArg::Value(self.value(arg, ty)?));
        }
        Ok((block, args))
    }

    fn inst(&mut self, inst: &Inst) -> Result<Option<clif::Value>, CodegenError> {
        let mut args = [self.entry_ctx; 3];
        // A box that only exits see is rebuilt by them.
        if let Some(result) = inst.result
            && self.summary.boxed_from[result.index()].is_some()
            && self.summary.uses[result.index()] == 0
        {
            return Ok(None);
        }
        for (i, (&arg, &ty)) in inst.args().iter().zip(inst.op.operands()).enumerate() {
            args[i] = self.value(arg, ty)?;
        }
        let [a, b, c] = args;
        if self.check_proofs {
            self.check_proof(inst.op, a, b);
        }
        let value = match inst.op {
            // Constants are made where they are used.
            Opcode::ConstInt | Opcode::ConstFloat | Opcode::ConstBool | Opcode::ConstBoxed => {
                return Ok(None);
            }
            Opcode::IntAdd | Opcode::IntSub => self.int_add_sub(inst, a, b)?,
            Opcode::IntMul => self.int_mul(inst, a, b)?,
            Opcode::IntNeg => self.int_neg(inst, a)?,
            Opcode::IntAbs => self.int_abs(inst, a)?,
            Opcode::IntFloorDiv => self.int_floordiv(inst, a, b)?,
            Opcode::IntMod => self.int_mod(inst, a, b)?,
            Opcode::IntAnd => self.b.ins().band(a, b),
            Opcode::IntOr => self.b.ins().bor(a, b),
            Opcode::IntXor => self.b.ins().bxor(a, b),
            Opcode::IntNot => self.b.ins().bnot(a),
            Opcode::IntNonZero => {
                let zero = self.b.ins().icmp_imm_u(IntCC::Equal, a, 0);
                self.leave_if(zero, inst, None)?;
                a
            }
            Opcode::IntShl => self.int_shl(inst, a, b)?,
            Opcode::IntShr => self.int_shr(inst, a, b)?,
            Opcode::IntCompare => {
                let cc = int_condition(inst.imm)?;
                self.b.ins().icmp(cc, a, b)
            }
            Opcode::IntAddFits | Opcode::IntAddWrap => self.b.ins().iadd(a, b),
            Opcode::IntSubFits | Opcode::IntSubWrap => self.b.ins().isub(a, b),
            Opcode::IntMulFits | Opcode::IntMulWrap => self.b.ins().imul(a, b),
            Opcode::IntMulNonNeg => self.int_mul_nonneg(inst, a, b)?,
            Opcode::IntFloorDivNonNeg => self.int_floordiv_nonneg(inst, a, b),
            Opcode::IntModNonNeg => self.int_mod_nonneg(inst, a, b),
            Opcode::IntToFloat => self.b.ins().fcvt_from_sint(F64, a),
            Opcode::IntToFloatExact => self.int_to_float_exact(inst, a)?,
            Opcode::BoolToInt => self.b.ins().uextend(I64, a),
            Opcode::BoolNot => self.b.ins().icmp_imm_u(IntCC::Equal, a, 0),
            Opcode::FloatAdd => self.b.ins().fadd(a, b),
            Opcode::FloatSub => self.b.ins().fsub(a, b),
            Opcode::FloatMul => self.b.ins().fmul(a, b),
            Opcode::FloatDiv => self.float_div(inst, a, b)?,
            Opcode::FloatNeg => self.b.ins().fneg(a),
            Opcode::FloatAbs => self.b.ins().fabs(a),
            Opcode::FloatSqrt => self.float_sqrt(inst, a)?,
            Opcode::FloatToInt => self.float_to_int(inst, a)?,
            Opcode::FloatCompare => {
                let cc = float_condition(inst.imm)?;
                self.b.ins().fcmp(cc, a, b)
            }
            Opcode::BoxInt => self.box_int(a),
            Opcode::BoxFloat => self.b.ins().bitcast(I64, MemFlagsData::new(), a),
            Opcode::BoxBool => {
                let wide = self.b.ins().uextend(I64, a);
                let base = self.iconst(self.layout.false_bits as i64);
                self.b.ins().bor(wide, base)
            }
            Opcode::GuardInt => self.guard_int(inst, a)?,
            Opcode::GuardFloat => self.guard_float(inst, a)?,
            Opcode::GuardBool => self.guard_bool(inst, a)?,
            Opcode::Truth => self.truth(a),
            Opcode::IntSelect | Opcode::BoolSelect | Opcode::BoxedSelect => self.b.ins().select(a, b, c),
            // Floats have no conditional moves: as bits in an int's register they do.
            Opcode::FloatSelect => {
                let [b, c] = [b, c].map(|x| self.b.ins().bitcast(I64, MemFlagsData::new(), x));
                let bits = self.b.ins().select(a, b, c);
                self.b.ins().bitcast(F64, MemFlagsData::new(), bits)
            }
            Opcode::CallBinary => self.call_binary(inst, a, b)?,
            Opcode::CallUnary => self.call_unary(inst, a)?,
            Opcode::Call => self.call_method(inst)?,
            Opcode::GuardShape => self.guard_shape(inst, a)?,
            Opcode::LoadSlot => self.load_slot(inst, a)?,
            Opcode::LoadCount => self.load_count(inst, a)?,
            Opcode::LoadSize => self.load_size(a),
            Opcode::LoadElement => self.load_element(a, b),
            Opcode::CheckIndex => self.check_index(inst, a, b)?,
            Opcode::CheckBelow => self.check_below(inst, a, b)?,
            Opcode::GuardStorable => self.guard_storable(inst, a)?,
            Opcode::BoxSmall => self.box_small(inst, a)?,
            Opcode::StoreCount => {
                self.store_count(inst, a, b)?;
                return Ok(None);
            }
            Opcode::StoreElement => {
                self.store_element(a, b, c);
                return Ok(None);
            }
            Opcode::CallRoutine => self.call_routine(inst)?,
            Opcode::Argument => {
                self.argument(inst, a)?;
                return Ok(None);
            }
            Opcode::LoadGlobal => {
                let (globals, offset) = self.global(inst.imm)?;
                self.b.ins().load(I64, memory(), globals, offset)
            }
            Opcode::StoreGlobal => {
                let (globals, offset) = self.global(inst.imm)?;
                self.b.ins().store(memory(), a, globals, offset);
                return Ok(None);
            }
            Opcode::Print => {
                self.call_print(inst, a, offset_of!(NativeContext, routines.print))?;
                return Ok(None);
            }
            Opcode::PrintChar => {
                self.call_print(inst, a, offset_of!(NativeContext, routines.print_char))?;
                return Ok(None);
            }
            Opcode::Charge => {
                self.charge(inst)?;
                return Ok(None);
            }
            Opcode::Count | Opcode::CountIf => {
                let Imm::Counter(counter) = inst.imm else { return malformed("a count without a counter") };
                self.count(counter, (inst.op == Opcode::CountIf).then_some(a))?;
                return Ok(None);
            }
            Opcode::CheckDepth => {
                self.check_depth(inst)?;
                return Ok(None);
            }
            Opcode::Assert => {
                self.b.ins().trapz(a, WRONG_PROOF);
                return Ok(None);
            }
            Opcode::Refund => {
                self.refund(inst, None)?;
                return Ok(None);
            }
            Opcode::RefundIf => {
                self.refund(inst, Some(a))?;
                return Ok(None);
            }
        };
        Ok(Some(value))
    }

    /// Takes the cost from the fuel. The test comes before the subtraction, so that the exit finds the old fuel
    /// and the loop needs one register for it.
    fn charge(&mut self, inst: &Inst) -> Result<(), CodegenError> {
        let Imm::Charge { cost, rounds } = inst.imm else {
            return malformed("charge without a cost");
        };
        let fuel = self.b.use_var(self.fuel);
        let cost = self.iconst(packed_cost(cost, rounds));
        let short = self.b.ins().icmp(IntCC::SignedLessThan, fuel, cost);
        self.leave_if(short, inst, None)?;
        let rest = self.b.ins().isub(fuel, cost);
        self.b.def_var(self.fuel, rest);
        Ok(())
    }

    /// Gives fuel back, always or if the condition holds; without a branch, since nobody can predict it.
    fn refund(&mut self, inst: &Inst, condition: Option<clif::Value>) -> Result<(), CodegenError> {
        let Imm::Charge { cost, rounds } = inst.imm else {
            return malformed("refund without a cost");
        };
        let fuel = self.b.use_var(self.fuel);
        let amount = packed_cost(cost, rounds);
        let more = match condition {
            None => self.b.ins().iadd_imm_s(fuel, amount),
            Some(condition) => {
                let (amount, nothing) = (self.iconst(amount), self.iconst(0));
                let due = self.b.ins().select(condition, amount, nothing);
                self.b.ins().iadd(fuel, due)
            }
        };
        self.b.def_var(self.fuel, more);
        Ok(())
    }

    fn global(&mut self, imm: Imm) -> Result<(clif::Value, i32), CodegenError> {
        let (Imm::Slot(slot), Some(globals)) = (imm, self.globals) else {
            return malformed("global access without a slot");
        };
        match slot.checked_mul(8).and_then(|n| i32::try_from(n).ok()) {
            Some(offset) => Ok((globals, offset)),
            None => Err(CodegenError::TooLarge(format!("global slot {slot}"))),
        }
    }

    /// Counts an arrival, always or if the condition holds; without a branch, as in [`Self::refund`].
    pub fn count(&mut self, counter: u32, condition: Option<clif::Value>) -> Result<(), CodegenError> {
        let Some(counts) = self.counts else { return malformed("a count in a function that counts nothing") };
        let Some(offset) = counter.checked_mul(8).and_then(|n| i32::try_from(n).ok()) else {
            return Err(CodegenError::TooLarge(format!("counter {counter}")));
        };
        let before = self.b.ins().load(I64, memory(), counts, offset);
        let after = match condition {
            None => self.b.ins().iadd_imm_s(before, 1),
            Some(condition) => {
                let one = self.b.ins().uextend(I64, condition);
                self.b.ins().iadd(before, one)
            }
        };
        self.b.ins().store(memory(), after, counts, offset);
        Ok(())
    }

    /// The least or greatest result of adding `d` without overflow.
    pub fn limit(&mut self, d: i64) -> clif::Value {
        match self.limits.iter().find(|&&(known, _)| known == d) {
            Some(&(_, limit)) => limit,
            None => self.iconst(limit_of(d)),
        }
    }

    pub fn iconst(&mut self, n: i64) -> clif::Value {
        self.b.ins().iconst(I64, n)
    }

    pub fn type_of(&self, value: Value) -> Result<Type, CodegenError> {
        match self.f.types.get(value.index()) {
            Some(&ty) => Ok(ty),
            None => malformed(format!("{value} has no type")),
        }
    }

    /// The int that this value is known to be.
    pub fn known_int(&self, value: Value) -> Option<i64> {
        match self.summary.constants[value.index()] {
            Some(Imm::Int(n)) => Some(n),
            _ => None,
        }
    }

    /// Cranelift's name of a value. A constant is made anew for each use: Cranelift folds it into the instruction or makes
    /// it in a register just there, which keeps no register busy.
    pub fn value(&mut self, value: Value, ty: Type) -> Result<clif::Value, CodegenError> {
        if self.type_of(value)? != ty {
            return malformed(format!("{value} is not of type {ty}"));
        }
        match self.summary.constants[value.index()] {
            Some(Imm::Int(n)) => Ok(self.iconst(n)),
            Some(Imm::Bool(b)) => Ok(self.b.ins().iconst(I8, i64::from(b))),
            Some(Imm::Boxed(bits)) => Ok(self.iconst(bits as i64)),
            Some(Imm::Float(bits)) => Ok(self.b.ins().f64const(Ieee64::with_bits(bits))),
            _ => match self.values[value.index()] {
                Some(v) => Ok(v),
                None => malformed(format!("{value} is used before it is defined")),
            },
        }
    }

    /// The context.
    pub fn ctx(&mut self) -> clif::Value {
        match self.around_calls {
            Some(vars) => self.b.use_var(vars.ctx),
            None => self.entry_ctx,
        }
    }

    /// Makes the depth this function's own again.
    pub fn own_depth(&mut self) {
        if let Some(vars) = self.around_calls
            && self.depth_taken != 0
        {
            let taken = i64::from(std::mem::take(&mut self.depth_taken));
            let depth = self.b.use_var(vars.depth);
            let own = self.b.ins().iadd_imm_s(depth, taken);
            self.b.def_var(vars.depth, own);
        }
    }

    /// Gets ready for calls.
    fn start_calls(&mut self, depth: clif::Value) {
        let vars = AroundCalls { ctx: self.b.declare_var(I64), depth: self.b.declare_var(I64) };
        self.b.def_var(vars.ctx, self.entry_ctx);
        self.b.def_var(vars.depth, depth);
        self.around_calls = Some(vars);
    }

    /// Stores fuel into the context: control is about to leave.
    pub fn store_fuel(&mut self) {
        let (fuel, ctx) = (self.b.use_var(self.fuel), self.ctx());
        self.b.ins().store(memory(), fuel, ctx, offset_of!(NativeContext, fuel) as i32);
    }

    fn load_fuel(&mut self) -> clif::Value {
        let ctx = self.ctx();
        self.b.ins().load(I64, memory(), ctx, offset_of!(NativeContext, fuel) as i32)
    }

    /// Takes fuel back from the context: a routine may have charged.
    pub fn reload_fuel(&mut self) {
        let fuel = self.load_fuel();
        self.b.def_var(self.fuel, fuel);
    }

    /// Where this instruction leaves.
    pub fn leave_of(&self, inst: &Inst) -> Result<Leave, CodegenError> {
        match (inst.op.exit_reason(), inst.state) {
            (Some(reason), Some(state)) => Ok(Leave { reason, state, origin: inst.origin, waits: None }),
            _ => malformed(format!("{} without a frame state", inst.op.name())),
        }
    }

    /// Leaves if the condition holds; what follows is where it does not.
    pub fn leave_if(
        &mut self,
        condition: clif::Value,
        inst: &Inst,
        undo: Option<Undo>,
    ) -> Result<(), CodegenError> {
        self.leave_if_by(condition, self.leave_of(inst)?, undo)
    }

    /// Leaves in this way if the condition holds; what follows is where it does not.
    pub fn leave_if_by(
        &mut self,
        condition: clif::Value,
        leave: Leave,
        undo: Option<Undo>,
    ) -> Result<(), CodegenError> {
        let exit = self.exit_block(leave, undo)?;
        let go_on = self.b.create_block();
        self.b.ins().brif(condition, exit, &[], go_on, &[]);
        self.b.seal_block(go_on);
        self.b.switch_to_block(go_on);
        Ok(())
    }

    /// Leaves always; nothing may follow in this block.
    fn leave(&mut self, leave: Leave) -> Result<(), CodegenError> {
        let exit = self.exit_block(leave, None)?;
        self.b.ins().jump(exit, &[]);
        Ok(())
    }

    /// Leaves always; what follows is emitted into a block that nothing reaches.
    pub fn leave_always(&mut self, inst: &Inst) -> Result<(), CodegenError> {
        self.leave(self.leave_of(inst)?)?;
        let nowhere = self.b.create_block();
        self.b.seal_block(nowhere);
        self.b.switch_to_block(nowhere);
        Ok(())
    }

    fn exit_block(&mut self, leave: Leave, undo: Option<Undo>) -> Result<clif::Block, CodegenError> {
        let fuel = self.b.use_var(self.fuel);
        let ctx = self.ctx();
        let b = &mut self.b;
        self.exits.exit(self.f, self.summary, leave, (fuel, ctx), undo, || {
            let block = b.create_block();
            b.set_cold_block(block);
            block
        })
    }
}

fn int_condition(imm: Imm) -> Result<IntCC, CodegenError> {
    use ir::Cmp;
    let Imm::Cmp(cmp) = imm else {
        return malformed("a comparison without its kind");
    };
    Ok(match cmp {
        Cmp::Eq => IntCC::Equal,
        Cmp::Ne => IntCC::NotEqual,
        Cmp::Lt => IntCC::SignedLessThan,
        Cmp::Le => IntCC::SignedLessThanOrEqual,
        Cmp::Gt => IntCC::SignedGreaterThan,
        Cmp::Ge => IntCC::SignedGreaterThanOrEqual,
    })
}

/// All are false with NaN except `!=`, as in Cranelift.
fn float_condition(imm: Imm) -> Result<FloatCC, CodegenError> {
    use ir::Cmp;
    let Imm::Cmp(cmp) = imm else {
        return malformed("a comparison without its kind");
    };
    Ok(match cmp {
        Cmp::Eq => FloatCC::Equal,
        Cmp::Ne => FloatCC::NotEqual,
        Cmp::Lt => FloatCC::LessThan,
        Cmp::Le => FloatCC::LessThanOrEqual,
        Cmp::Gt => FloatCC::GreaterThan,
        Cmp::Ge => FloatCC::GreaterThanOrEqual,
    })
}
