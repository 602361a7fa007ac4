//! Random well-formed functions: typed, every use dominated, loops and merges, exits with frame states.
//!
//! Each loop contains a charge, so a host with limited fuel ends every evaluation. The entry's inputs are `local i` for
//! each local. `const_boxed 1` to `3` are 7, 2.5 and true in hosts that [`super::wide::host`] makes.

use bytecode::{BinOp, Cmp, UnOp};
use hotspotvm_ir::*;

pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

pub const INTS: [i64; 20] = [
    0,
    1,
    2,
    3,
    7,
    8,
    10,
    63,
    64,
    100,
    -1,
    -2,
    -8,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
    1 << 53,
    (1 << 53) + 1,
    1 << 32,
];
pub const FLOATS: [f64; 11] =
    [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 3.25];

/// As if every third instruction, and no other, were of the function compiled.
fn origin(pc: u32) -> Origin {
    Origin { function: pc % 3, pc: pc / 2 }
}

pub struct Generator {
    pub f: Function,
    pub random: Random,
    locals: Vec<Type>,
    env: Vec<Value>,
    on_entry: Vec<Value>,
    pool: Vec<Value>,
    block: Block,
    state: Option<StateId>,
    pc: u32,
    budget: i32,
    calls: bool,
}

pub fn function(seed: u64) -> Function {
    build(seed, false)
}

/// A function with calls; half of them are methods.
pub fn function_with_calls(seed: u64) -> Function {
    build(seed, true)
}

fn build(seed: u64, calls: bool) -> Function {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..4 {
        random.next();
    }
    let mut f = Function::new(format!("random {seed}"), 0, 3);
    let block = f.new_block(origin(3));
    let mut g = Generator {
        f,
        random,
        locals: Vec::new(),
        env: Vec::new(),
        on_entry: Vec::new(),
        pool: Vec::new(),
        block,
        state: None,
        pc: 3,
        budget: 0,
        calls,
    };
    g.budget = 8 + g.random.below(50) as i32;
    for slot in 0..2 + g.random.below(4) {
        let ty = g.random.pick(&[Type::Int, Type::Int, Type::Boxed, Type::Boxed, Type::Float, Type::Bool]);
        let signs = [Sign::Any, Sign::NonNegative, Sign::NonPositive];
        let sign = if ty == Type::Int { g.random.pick(&signs) } else { Sign::Any };
        let param = g.f.add_param(block, ty);
        g.f.inputs.push(Input { place: InputPlace::Local(slot as u32), ty, sign });
        g.locals.push(ty);
        g.env.push(param);
        g.on_entry.push(param);
        g.pool.push(param);
    }
    while g.budget > 0 {
        g.statement(0);
    }
    let state = g.new_state();
    if g.random.one_in(2) {
        // Show all that there is to see; in the other half of the functions much is dead code.
        g.f.states[state.index()].stack = g.pool.clone();
    }
    g.f.blocks[g.block.index()].end = Terminator::Exit { reason: ExitReason::Return, state };
    if calls && g.random.one_in(2) {
        let ty = g.random.pick(&[Type::Int, Type::Float, Type::Bool, Type::Boxed]);
        let result = g.value(ty);
        g.f.result = Some(ty);
        g.f.blocks[g.block.index()].end = Terminator::Return(result);
        let first = g.on_entry[0];
        for input in &mut g.f.inputs {
            input.sign = Sign::Any;
        }
        for local in g.f.states.iter_mut().flat_map(|state| &mut state.locals) {
            local.get_or_insert(first);
        }
    }
    if g.random.one_in(4) {
        // Nothing reaches it.
        let lost = g.f.new_block(origin(99));
        g.f.append(lost, Opcode::ConstInt, &[], Imm::Int(5), None, origin(99));
    }
    g.f
}

impl Generator {
    fn append(&mut self, op: Opcode, args: &[Value], imm: Imm) -> Option<Value> {
        self.budget -= 1;
        let state = op.exit_reason().map(|_| self.some_state());
        if self.random.one_in(3) {
            self.pc += 1;
        }
        let result = self.f.append(self.block, op, args, imm, state, origin(self.pc));
        self.pool.extend(result);
        result
    }

    fn constant(&mut self, ty: Type) -> Value {
        let value = match ty {
            Type::Int => {
                let imm = if self.random.one_in(5) {
                    Imm::Int(self.random.pick(&INTS))
                } else {
                    Imm::Int(self.random.below(9) as i64 - 2)
                };
                self.append(Opcode::ConstInt, &[], imm)
            }
            Type::Float => {
                let imm = Imm::Float(self.random.pick(&FLOATS).to_bits());
                self.append(Opcode::ConstFloat, &[], imm)
            }
            Type::Bool => {
                let imm = Imm::Bool(self.random.one_in(2));
                self.append(Opcode::ConstBool, &[], imm)
            }
            Type::Boxed => {
                let imm = Imm::Boxed(self.random.below(4) as u64);
                self.append(Opcode::ConstBoxed, &[], imm)
            }
        };
        value.unwrap()
    }

    /// A value of this type, mostly a recent one.
    fn value(&mut self, ty: Type) -> Value {
        let f = &self.f;
        let fitting: Vec<Value> = self.pool.iter().copied().filter(|&v| f.ty(v) == ty).collect();
        if fitting.is_empty() || self.random.one_in(6) {
            return self.constant(ty);
        }
        let from = if self.random.one_in(2) { fitting.len().saturating_sub(4) } else { 0 };
        let picked = fitting[from + self.random.below(fitting.len() - from)];
        // Boxes of what is at hand make guards and unboxing worth something.
        if ty == Type::Boxed && self.random.one_in(3) {
            let (op, inner) = self.random.pick(&[
                (Opcode::BoxInt, Type::Int),
                (Opcode::BoxInt, Type::Int),
                (Opcode::BoxFloat, Type::Float),
                (Opcode::BoxBool, Type::Bool),
            ]);
            let inner = self.value(inner);
            return self.append(op, &[inner], Imm::None).unwrap();
        }
        picked
    }

    fn some_state(&mut self) -> StateId {
        match self.state {
            Some(state) if !self.random.one_in(3) => state,
            _ => {
                let state = self.new_state();
                self.state = Some(state);
                state
            }
        }
    }

    fn new_state(&mut self) -> StateId {
        self.pc += 1;
        let resume = self.random.pick(&[
            Resume::Execute,
            Resume::Transfer { back_edge: false },
            Resume::Transfer { back_edge: true },
        ]);
        let mut locals = Vec::new();
        for i in 0..self.env.len() {
            let unchanged = self.env[i] == self.on_entry[i] && self.random.one_in(3);
            locals.push((!unchanged).then_some(self.env[i]));
        }
        let mut stack = Vec::new();
        for _ in 0..self.random.below(3) {
            stack.push(self.random.pick(&self.pool));
        }
        let frame = FrameState {
            function: 0,
            pc: self.pc,
            resume,
            locals,
            stack,
            caller: None,
            ahead: Ahead::default(),
            side: None,
        };
        let outer = self.f.new_state(frame);
        if !self.random.one_in(6) {
            return outer;
        }
        let locals = vec![Some(self.random.pick(&self.pool)), None];
        let stack = vec![self.random.pick(&self.pool)];
        self.f.new_state(FrameState {
            function: 1,
            pc: self.pc,
            resume,
            locals,
            stack,
            caller: Some(outer),
            ahead: Ahead::default(),
            side: None,
        })
    }

    fn condition(&mut self) -> Value {
        if self.random.one_in(4) {
            return self.value(Type::Bool);
        }
        let cmp = self.random.pick(&Cmp::ALL);
        let (a, b) = (self.value(Type::Int), self.value(Type::Int));
        self.append(Opcode::IntCompare, &[a, b], Imm::Cmp(cmp)).unwrap()
    }

    fn call(&mut self) {
        self.budget -= 1;
        let mut args = Vec::new();
        for _ in 0..self.random.below(4) {
            let ty = self.random.pick(&[Type::Int, Type::Float, Type::Bool, Type::Boxed]);
            args.push(self.value(ty));
        }
        let state = self.new_state();
        let state = &mut self.f.states[state.index()];
        state.resume = Resume::Execute;
        state.stack.extend(&args);
        let state = StateId(self.f.states.len() as u32 - 1);
        let link = Some(self.random.pick(&[0, 1, 2, 2, 2, 2, 2, 2]));
        let callee = self.random.below(3) as u32;
        let call = CallSite {
            callee,
            link,
            level: 0,
            deep: false,
            cost: self.random.below(9) as u32,
            counter: None,
            args,
        };
        let ty = self.random.pick(&[Type::Int, Type::Float, Type::Bool, Type::Boxed]);
        let result = self.f.append_call(self.block, call, ty, state, origin(self.pc));
        self.pool.push(result);
    }

    fn expression(&mut self) {
        if self.calls && self.random.one_in(6) {
            return self.call();
        }
        const OPS: [Opcode; 50] = [
            Opcode::IntAdd,
            Opcode::IntAdd,
            Opcode::IntSub,
            Opcode::IntSub,
            Opcode::IntMul,
            Opcode::IntNeg,
            Opcode::IntAbs,
            Opcode::IntFloorDiv,
            Opcode::IntMod,
            Opcode::IntAnd,
            Opcode::IntAnd,
            Opcode::IntOr,
            Opcode::IntXor,
            Opcode::IntNot,
            Opcode::IntNonZero,
            Opcode::IntShl,
            Opcode::IntShr,
            Opcode::IntCompare,
            Opcode::IntCompare,
            Opcode::IntToFloat,
            Opcode::IntToFloatExact,
            Opcode::BoolToInt,
            Opcode::BoolNot,
            Opcode::FloatAdd,
            Opcode::FloatSub,
            Opcode::FloatMul,
            Opcode::FloatDiv,
            Opcode::FloatNeg,
            Opcode::FloatAbs,
            Opcode::FloatSqrt,
            Opcode::FloatToInt,
            Opcode::FloatCompare,
            Opcode::BoxInt,
            Opcode::BoxInt,
            Opcode::BoxFloat,
            Opcode::BoxBool,
            Opcode::GuardInt,
            Opcode::GuardInt,
            Opcode::GuardFloat,
            Opcode::GuardBool,
            Opcode::Truth,
            Opcode::IntSelect,
            Opcode::FloatSelect,
            Opcode::BoolSelect,
            Opcode::BoxedSelect,
            Opcode::CallBinary,
            Opcode::CallUnary,
            Opcode::LoadGlobal,
            Opcode::StoreGlobal,
            Opcode::Print,
        ];
        let op = self.random.pick(&OPS);
        let mut args: Vec<Value> = Vec::new();
        for &ty in op.operands() {
            args.push(self.value(ty));
        }
        if args.len() == 2 && self.random.one_in(10) {
            args[1] = args[0];
        }
        if let [first, Type::Int | Type::Float] = *op.operands()
            && self.random.one_in(3)
        {
            args[1] = self.constant(first);
        }
        if self.random.one_in(8) {
            // The same once more, or with the operands exchanged.
            self.append_again();
            return;
        }
        if matches!(op, Opcode::GuardInt | Opcode::GuardFloat | Opcode::GuardBool) && !self.random.one_in(12)
        {
            // Mostly guards that hold: of a box of the right type.
            let right = self.pool.iter().rev().copied().find(|&v| self.made_by_box(v, op));
            match right {
                Some(value) => args[0] = value,
                None => {
                    let (make, ty) = match op {
                        Opcode::GuardInt => (Opcode::BoxInt, Type::Int),
                        Opcode::GuardFloat => (Opcode::BoxFloat, Type::Float),
                        _ => (Opcode::BoxBool, Type::Bool),
                    };
                    let inner = self.value(ty);
                    args[0] = self.append(make, &[inner], Imm::None).unwrap();
                }
            }
        }
        if op == Opcode::IntShl || op == Opcode::IntShr {
            args[1] = self.append(Opcode::ConstInt, &[], Imm::Int(3)).unwrap();
            if self.random.one_in(4) {
                args[1] = self.value(Type::Int);
            }
        }
        let imm = match op {
            Opcode::IntCompare | Opcode::FloatCompare => Imm::Cmp(self.random.pick(&Cmp::ALL)),
            Opcode::CallBinary => Imm::BinOp(self.random.pick(&[
                BinOp::Add,
                BinOp::Sub,
                BinOp::Mul,
                BinOp::Compare(Cmp::Lt),
                BinOp::Compare(Cmp::Eq),
            ])),
            Opcode::CallUnary => Imm::UnOp(self.random.pick(&UnOp::ALL)),
            Opcode::LoadGlobal | Opcode::StoreGlobal => Imm::Slot(self.random.below(3) as u32),
            _ => Imm::None,
        };
        self.append(op, &args, imm);
    }

    /// An instruction of this block again, its operands perhaps exchanged.
    fn append_again(&mut self) {
        let insts = &self.f.blocks[self.block.index()].insts;
        let known: Vec<Inst> = insts
            .iter()
            .copied()
            .filter(|inst| inst.op.effect() == Effect::Pure && !inst.args().is_empty())
            .collect();
        if known.is_empty() {
            return;
        }
        let mut inst = self.random.pick(&known);
        if let [a, b] = *inst.args()
            && self.f.ty(a) == self.f.ty(b)
            && self.random.one_in(2)
        {
            inst.args = [b, a, Value(0)];
        }
        let args = inst.args().to_vec();
        self.append(inst.op, &args, inst.imm);
    }

    /// Reads and writes of one global.
    fn globals(&mut self) {
        let slot = Imm::Slot(self.random.below(2) as u32);
        for _ in 0..1 + self.random.below(3) {
            if self.random.one_in(2) {
                self.append(Opcode::LoadGlobal, &[], slot);
            } else {
                let value = self.value(Type::Boxed);
                self.append(Opcode::StoreGlobal, &[value], slot);
            }
        }
    }

    fn made_by_box(&self, value: Value, guard: Opcode) -> bool {
        let insts = self.f.blocks.iter().flat_map(|block| &block.insts);
        let made = insts.filter(|inst| inst.result == Some(value)).map(|inst| inst.op).next();
        matches!(
            (made, guard),
            (Some(Opcode::BoxInt), Opcode::GuardInt)
                | (Some(Opcode::BoxFloat), Opcode::GuardFloat)
                | (Some(Opcode::BoxBool), Opcode::GuardBool)
        )
    }

    fn assign(&mut self, local: usize, value: Value) {
        self.env[local] = value;
        self.state = None;
    }

    fn statement(&mut self, depth: u32) {
        match self.random.below(12) {
            0..=4 => self.expression(),
            5 if self.random.one_in(2) => self.globals(),
            6 | 7 => {
                let local = self.random.below(self.locals.len());
                let value = self.value(self.locals[local]);
                self.assign(local, value);
            }
            8 if depth < 3 => self.if_else(depth),
            9 | 10 if depth < 3 => self.while_loop(depth),
            11 => self.side_exit(),
            _ => self.expression(),
        }
    }

    fn body(&mut self, depth: u32) {
        for _ in 0..1 + self.random.below(5) {
            self.statement(depth + 1);
        }
    }

    fn side_exit(&mut self) {
        let condition = self.condition();
        let (out, on) = (self.f.new_block(origin(self.pc)), self.f.new_block(origin(self.pc)));
        let to = |block| Target { block, args: Vec::new() };
        let (then, otherwise) = if self.random.one_in(4) { (to(on), to(out)) } else { (to(out), to(on)) };
        // Most side exits hide behind something rare, so that the rest of the function runs too.
        let rare = if self.random.one_in(3) {
            condition
        } else {
            let (a, b) = (self.value(Type::Int), self.value(Type::Int));
            let sum = self.append(Opcode::IntXor, &[a, b], Imm::None).unwrap();
            let odd = self.append(Opcode::ConstInt, &[], Imm::Int(0x7777)).unwrap();
            self.append(Opcode::IntCompare, &[sum, odd], Imm::Cmp(Cmp::Eq)).unwrap()
        };
        self.f.blocks[self.block.index()].end =
            Terminator::Branch { condition: rare, then, otherwise, percent: None };
        let state = self.some_state();
        let reason = self.random.pick(&[ExitReason::RegionEnd, ExitReason::Call, ExitReason::Unreached]);
        self.f.blocks[out.index()].end = Terminator::Exit { reason, state };
        self.block = on;
    }

    fn if_else(&mut self, depth: u32) {
        let condition = self.condition();
        let percent = (!self.random.one_in(4)).then(|| self.random.below(101) as u8);
        let (then, otherwise) = (self.f.new_block(origin(self.pc)), self.f.new_block(origin(self.pc)));
        let to = |block| Target { block, args: Vec::new() };
        self.f.blocks[self.block.index()].end =
            Terminator::Branch { condition, then: to(then), otherwise: to(otherwise), percent };
        let small = self.random.one_in(2);
        let (env, height) = (self.env.clone(), self.pool.len());
        let join_extra = self.random.one_in(3);
        let mut ends = Vec::new();
        for side in [then, otherwise] {
            self.env = env.clone();
            self.state = None;
            self.block = side;
            if small {
                self.small_side();
            } else if !self.random.one_in(4) {
                self.body(depth);
            }
            let extra = if join_extra { Some(self.value(Type::Int)) } else { None };
            ends.push((self.block, self.env.clone(), extra));
            self.pool.truncate(height);
        }
        let join = self.f.new_block(origin(self.pc));
        let mut args = [Vec::new(), Vec::new()];
        for i in 0..self.locals.len() {
            if ends[0].1[i] != ends[1].1[i] || self.random.one_in(4) {
                self.env[i] = self.f.add_param(join, self.locals[i]);
                self.pool.push(self.env[i]);
                args[0].push(ends[0].1[i]);
                args[1].push(ends[1].1[i]);
            } else {
                self.env[i] = ends[0].1[i];
            }
        }
        if join_extra {
            let param = self.f.add_param(join, Type::Int);
            self.pool.push(param);
            args[0].extend(ends[0].2);
            args[1].extend(ends[1].2);
        }
        for (end, args) in ends.iter().zip(args) {
            self.f.blocks[end.0.index()].end = Terminator::Jump(Target { block: join, args });
        }
        self.block = join;
        self.state = None;
    }

    /// A side of a branch that may be computed without a branch.
    fn small_side(&mut self) {
        const OPS: [Opcode; 12] = [
            Opcode::IntAdd,
            Opcode::IntAdd,
            Opcode::IntSub,
            Opcode::IntMul,
            Opcode::IntAnd,
            Opcode::IntOr,
            Opcode::IntCompare,
            Opcode::IntMod,
            Opcode::IntFloorDiv,
            Opcode::IntShr,
            Opcode::FloatAdd,
            Opcode::FloatNeg,
        ];
        if !self.random.one_in(4) {
            self.charge();
        }
        for _ in 0..self.random.below(3) {
            let op = self.random.pick(&OPS);
            let mut args: Vec<Value> = op.operands().iter().map(|&ty| self.value(ty)).collect();
            if matches!(op, Opcode::IntMod | Opcode::IntFloorDiv | Opcode::IntShr) {
                let imm = Imm::Int(1 << self.random.below(5));
                args[1] = self.append(Opcode::ConstInt, &[], imm).unwrap();
            }
            let imm = match op {
                Opcode::IntCompare => Imm::Cmp(self.random.pick(&Cmp::ALL)),
                _ => Imm::None,
            };
            let result = self.append(op, &args, imm).unwrap();
            let ty = self.f.ty(result);
            // Mostly a change of a variable.
            let locals: Vec<usize> = (0..self.locals.len()).filter(|&i| self.locals[i] == ty).collect();
            if !locals.is_empty() && !self.random.one_in(4) {
                let local = self.random.pick(&locals);
                self.assign(local, result);
            }
            if self.random.one_in(4) {
                self.charge();
            }
        }
    }

    fn charge(&mut self) {
        let imm =
            Imm::Charge { cost: 1 + self.random.below(9) as u32, rounds: u32::from(self.random.one_in(4)) };
        self.append(Opcode::Charge, &[], imm);
    }

    /// Loops of several shapes; all charge in each round, so all end.
    fn while_loop(&mut self, depth: u32) {
        let one = self.append(Opcode::ConstInt, &[], Imm::Int(1)).unwrap();
        let start = self.value(Type::Int);
        let mut bound = self.value(Type::Int);
        if !self.random.one_in(3) {
            let mask = self.append(Opcode::ConstInt, &[], Imm::Int(7)).unwrap();
            bound = self.append(Opcode::IntAnd, &[bound, mask], Imm::None).unwrap();
        }
        let start = if self.random.one_in(2) { self.constant(Type::Int) } else { start };
        let downwards = self.random.one_in(2);
        let bottom_test = self.random.one_in(3);
        let boxed_counter = self.random.one_in(3);
        let header = self.f.new_block(origin(self.pc));
        let ty = if boxed_counter { Type::Boxed } else { Type::Int };
        let first =
            if boxed_counter { self.append(Opcode::BoxInt, &[start], Imm::None).unwrap() } else { start };
        let mut args = vec![first];
        let counter = self.f.add_param(header, ty);
        let mut through = Vec::new();
        for i in 0..self.locals.len() {
            args.push(self.env[i]);
            through.push(self.f.add_param(header, self.locals[i]));
        }
        if self.random.one_in(3) {
            // The header has an edge from a branch, so that a block has to be put before it.
            let condition = self.condition();
            let other = self.f.new_block(origin(self.pc));
            let state = self.some_state();
            self.f.blocks[other.index()].end = Terminator::Exit { reason: ExitReason::Forced, state };
            let then = Target { block: header, args };
            let otherwise = Target { block: other, args: Vec::new() };
            self.f.blocks[self.block.index()].end =
                Terminator::Branch { condition, then, otherwise, percent: None };
        } else {
            self.f.blocks[self.block.index()].end = Terminator::Jump(Target { block: header, args });
        }
        self.block = header;
        self.env = through;
        self.state = None;
        let height = self.pool.len();
        self.pool.extend(self.env.iter().copied());
        for _ in 0..self.random.below(3) {
            // Where the loop begins, perhaps something that stays the same.
            self.expression();
        }
        let int = if boxed_counter {
            self.append(Opcode::GuardInt, &[counter], Imm::None).unwrap()
        } else {
            self.pool.push(counter);
            counter
        };
        let cmp = if downwards {
            self.random.pick(&[Cmp::Gt, Cmp::Ne, Cmp::Ge])
        } else {
            self.random.pick(&[Cmp::Lt, Cmp::Le, Cmp::Ne])
        };
        let step = if downwards { Opcode::IntSub } else { Opcode::IntAdd };
        let after = self.f.new_block(origin(self.pc));
        let to = |block, args| Target { block, args };
        if !bottom_test {
            let condition = self.append(Opcode::IntCompare, &[int, bound], Imm::Cmp(cmp)).unwrap();
            let inside = self.f.new_block(origin(self.pc));
            self.f.blocks[self.block.index()].end = Terminator::Branch {
                condition,
                then: to(inside, Vec::new()),
                otherwise: to(after, Vec::new()),
                percent: None,
            };
            let env_after = self.env.clone();
            self.block = inside;
            self.body(depth);
            let next = self.append(step, &[int, one], Imm::None).unwrap();
            self.close(header, next, boxed_counter, None);
            self.env = env_after;
        } else {
            self.body(depth);
            let next = self.append(step, &[int, one], Imm::None).unwrap();
            let condition = self.append(Opcode::IntCompare, &[next, bound], Imm::Cmp(cmp)).unwrap();
            self.close(header, next, boxed_counter, Some((condition, after)));
        }
        self.pool.truncate(height);
        let env = self.env.clone();
        // What the header or the latch holds may be used after the loop: both dominate what follows.
        self.pool.extend(env);
        self.block = after;
        self.state = None;
    }

    fn close(&mut self, header: Block, next: Value, boxed: bool, test: Option<(Value, Block)>) {
        let next = if boxed { self.append(Opcode::BoxInt, &[next], Imm::None).unwrap() } else { next };
        let cost = 1 + self.random.below(9) as u32;
        self.append(Opcode::Charge, &[], Imm::Charge { cost, rounds: 1 });
        let mut args = vec![next];
        args.extend(self.env.iter().copied());
        let back = Target { block: header, args };
        self.f.blocks[self.block.index()].end = match test {
            None => Terminator::Jump(back),
            Some((condition, after)) => {
                let otherwise = Target { block: after, args: Vec::new() };
                Terminator::Branch { condition, then: back, otherwise, percent: None }
            }
        };
    }
}
