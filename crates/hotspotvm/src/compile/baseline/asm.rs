//! Machine instructions by name: the assembler under the baseline compiler.
//!
//! Part of stage 3, compile. Each method appends one instruction, or two or three that always go together. Nothing is
//! decided here but the shortest form of a displacement, an immediate or a jump back.
//!
//! Code goes to one of two streams: what is on the straight way, and what is out of line, which comes after all of that in the
//! end. So a slow path can be written as soon as it is known.

#[cfg(test)]
mod tests;

/// A general register, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reg(pub u8);

/// A floating-point register, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xmm(pub u8);

/// A place in the code that may not be known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(u32);

impl Label {
    /// No place at all.
    pub const NONE: Label = Label(u32::MAX);

    /// One of several that were made at once.
    pub fn plus(self, number: u32) -> Label {
        Label(self.0 + number)
    }
}

pub const RAX: Reg = Reg(0);
pub const RCX: Reg = Reg(1);
pub const RDX: Reg = Reg(2);
/// The locals of the current call; its operands follow them.
pub const BASE: Reg = Reg(3);
/// Fuel left and rounds made, packed.
pub const FUEL: Reg = Reg(12);
/// The context.
pub const CX: Reg = Reg(13);
/// The sites of the current function.
pub const SITES: Reg = Reg(14);
/// The tag of small ints, which is also the least of them as an unsigned number.
pub const TAG: Reg = Reg(15);

/// A condition that the flags can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cond {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// Unsigned, or of floats.
    Below,
    AboveEqual,
    Above,
    BelowEqual,
    Overflow,
    Negative,
    NotNegative,
}

impl Cond {
    /// How instructions number it.
    fn code(self) -> u8 {
        match self {
            Cond::Overflow => 0x0,
            Cond::Below => 0x2,
            Cond::AboveEqual => 0x3,
            Cond::Equal => 0x4,
            Cond::NotEqual => 0x5,
            Cond::BelowEqual => 0x6,
            Cond::Above => 0x7,
            Cond::Negative => 0x8,
            Cond::NotNegative => 0x9,
            Cond::Less => 0xC,
            Cond::GreaterEqual => 0xD,
            Cond::LessEqual => 0xE,
            Cond::Greater => 0xF,
        }
    }

    /// The condition that holds exactly when this one does not.
    pub fn negated(self) -> Cond {
        match self {
            Cond::Equal => Cond::NotEqual,
            Cond::NotEqual => Cond::Equal,
            Cond::Less => Cond::GreaterEqual,
            Cond::LessEqual => Cond::Greater,
            Cond::Greater => Cond::LessEqual,
            Cond::GreaterEqual => Cond::Less,
            Cond::Below => Cond::AboveEqual,
            Cond::AboveEqual => Cond::Below,
            Cond::Above => Cond::BelowEqual,
            Cond::BelowEqual => Cond::Above,
            Cond::Negative => Cond::NotNegative,
            // Nobody asks for the opposite of overflow.
            Cond::NotNegative | Cond::Overflow => Cond::Negative,
        }
    }
}

/// An operation of two ints on registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alu {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

/// A shift by a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    Left = 4,
    Right = 5,
    Arithmetic = 7,
}

/// An operation of two floats; [`FloatOp::Sqrt`] has the second one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatOp {
    Sqrt = 0x51,
    Add = 0x58,
    Mul = 0x59,
    Sub = 0x5C,
    Div = 0x5E,
}

/// Set in positions and labels that are in the stream out of line.
const COLD: u32 = 1 << 31;
/// A label without a place.
const UNBOUND: u32 = u32::MAX;
/// The most bytes that are written at once.
const WIDTH: usize = 8;

/// Bytes of code, with room behind them.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    at: usize,
}

impl Stream {
    #[cold]
    #[inline(never)]
    fn grow(&mut self, at: usize, bytes: u64) {
        self.bytes.resize((2 * at).max(1024), 0);
        self.bytes[at..at + WIDTH].copy_from_slice(&bytes.to_le_bytes());
    }
}

/// A jump whose target was not known, or is in the other stream: where its distance is (four bytes), and its target.
struct Patch {
    at: u32,
    label: Label,
}

/// Code under construction.
#[derive(Default)]
pub struct Asm {
    /// The stream that is written to.
    stream: Stream,
    other: Stream,
    /// [`COLD`] while code goes out of line, else 0.
    side: u32,
    /// For each label, where it is.
    labels: Vec<u32>,
    patches: Vec<Patch>,
    /// What [`Self::come_from`] was told.
    places: Vec<(u32, Option<u32>)>,
}

/// The lower three bits of a register's number.
fn low(number: u8) -> u64 {
    u64::from(number & 7)
}

/// The prefix for operands of 64 bits: `reg` is in the middle of the byte that names operands, `rm` at its end.
fn rex(reg: u8, rm: u8) -> u64 {
    u64::from(0x48 | (reg >> 3) << 2 | rm >> 3)
}

impl Asm {
    /// Nothing yet. The buffers grow as needed, and are kept for the next time.
    pub fn new() -> Asm {
        Asm::default()
    }

    /// Forgets all code, and memory beyond so many bytes.
    pub fn clear(&mut self, most: usize) {
        for stream in [&mut self.stream, &mut self.other] {
            stream.at = 0;
            if stream.bytes.len() > most {
                stream.bytes = Vec::new();
            }
        }
        self.side = 0;
        self.labels.clear();
        self.labels.shrink_to(most / size_of::<u32>());
        self.patches.clear();
        self.patches.shrink_to(most / size_of::<Patch>());
        self.places = Vec::new();
    }

    /// Appends the lowest bytes, `count` of them.
    #[inline(always)]
    fn put(&mut self, bytes: u64, count: usize) {
        let at = self.stream.at;
        self.stream.at = at + count;
        match self.stream.bytes.get_mut(at..at + WIDTH) {
            Some(room) => room.copy_from_slice(&bytes.to_le_bytes()),
            None => self.stream.grow(at, bytes),
        }
    }

    /// An operation of two registers, 64 bits wide.
    #[inline(always)]
    fn registers(&mut self, op: u8, reg: u8, rm: u8) {
        self.put(rex(reg, rm) | u64::from(op) << 8 | (0xC0 | low(reg) << 3 | low(rm)) << 16, 3);
    }

    /// The bytes that name a register (or another number) and a place in memory, and how many they are.
    #[inline(always)]
    fn place(reg: u8, base: Reg, at: i32) -> (u64, usize) {
        let operands = low(reg) << 3 | low(base.0);
        // The number of the stack pointer means that another byte follows.
        let (byte, count) = if base.0 & 7 == 4 { (0x24 << 8, 2) } else { (0, 1) };
        if at == 0 && base.0 & 7 != 5 {
            return (operands | byte, count);
        }
        match i8::try_from(at) {
            Ok(at) => (0x40 | operands | byte | u64::from(at as u8) << (8 * count), count + 1),
            Err(_) => (0x80 | operands | byte | u64::from(at as u32) << (8 * count), count + 4),
        }
    }

    /// An operation of a register and memory, 64 bits wide.
    #[inline(always)]
    fn memory(&mut self, op: u8, reg: u8, base: Reg, at: i32) {
        let (place, count) = Asm::place(reg, base, at);
        self.put(rex(reg, base.0) | u64::from(op) << 8 | place << 16, 2 + count);
    }

    /// The same, 32 bits wide or less.
    #[inline(always)]
    fn memory_short(&mut self, op: u8, reg: u8, base: Reg, at: i32) {
        let (place, count) = Asm::place(reg, base, at);
        if (reg | base.0) & 8 != 0 {
            let prefix = rex(reg, base.0) & !8;
            self.put(prefix | u64::from(op) << 8 | place << 16, 2 + count);
        } else {
            self.put(u64::from(op) | place << 8, 1 + count);
        }
    }

    /// An operation of floating-point registers: a prefix (or none), then the operation.
    #[inline(always)]
    fn floats(&mut self, prefix: u8, op: u8, reg: u8, rm: u8) {
        let operation = 0x0F | u64::from(op) << 8 | (0xC0 | low(reg) << 3 | low(rm)) << 16;
        if prefix != 0 {
            self.put(u64::from(prefix), 1);
        }
        if (reg | rm) & 8 != 0 {
            self.put(rex(reg, rm) & !8 | operation << 8, 4);
        } else {
            self.put(operation, 3);
        }
    }

    fn float_memory(&mut self, op: u8, reg: Xmm, base: Reg, at: i32) {
        if (reg.0 | base.0) & 8 != 0 {
            self.put(0xF2 | (rex(reg.0, base.0) & !8) << 8, 2);
        } else {
            self.put(0xF2, 1);
        }
        let (place, count) = Asm::place(reg.0, base, at);
        self.put(0x0F | u64::from(op) << 8 | place << 16, 2 + count);
    }

    /// A place to be bound later.
    #[inline]
    pub fn label(&mut self) -> Label {
        self.labels.push(UNBOUND);
        Label(self.labels.len() as u32 - 1)
    }

    /// So many places to be bound later, one after the other.
    #[inline]
    pub fn labels(&mut self, count: u32) -> Label {
        let first = self.labels.len();
        self.labels.resize(first + count as usize, UNBOUND);
        Label(first as u32)
    }

    /// The place is here.
    #[inline]
    pub fn bind(&mut self, label: Label) {
        debug_assert!(!self.is_bound(label), "a label has two places");
        self.labels[label.0 as usize] = self.stream.at as u32 | self.side;
    }

    /// Whether the place is known.
    pub fn is_bound(&self, label: Label) -> bool {
        self.labels[label.0 as usize] != UNBOUND
    }

    /// Bytes so far on the straight way.
    pub fn offset(&self) -> u32 {
        debug_assert!(self.side == 0);
        self.stream.at as u32
    }

    /// What follows, on the straight way and out of line, comes from here: for listings. Instructions of the machine before
    /// the first such place, and those of `None`, belong to no instruction of bytecode.
    pub fn come_from(&mut self, pc: Option<u32>) {
        debug_assert!(self.side == 0);
        self.places.push((self.stream.at as u32, pc));
        self.places.push((self.other.at as u32 | COLD, pc));
    }

    /// What [`Self::come_from`] was told: by offset in the finished code.
    pub fn places(&mut self) -> Vec<(u32, Option<u32>)> {
        let straight = self.stream.at as u32;
        let position = |at: u32| (at & !COLD) + (at / COLD) * straight;
        let mut places: Vec<_> = self.places.drain(..).map(|(at, pc)| (position(at), pc)).collect();
        // Where several begin at one offset, only the last has any code.
        places.sort_by_key(|&(at, _)| at);
        places
    }

    /// What follows is out of line.
    pub fn out_of_line(&mut self) {
        debug_assert!(self.side == 0);
        self.side = COLD;
        std::mem::swap(&mut self.stream, &mut self.other);
    }

    /// What follows is on the straight way again.
    pub fn in_line(&mut self) {
        debug_assert!(self.side == COLD);
        self.side = 0;
        std::mem::swap(&mut self.stream, &mut self.other);
    }

    /// The finished code.
    ///
    /// # Errors
    /// If a jump leads nowhere, or so far that its distance has no room.
    pub fn finish(&self) -> Result<Vec<u8>, String> {
        debug_assert!(self.side == 0);
        let (straight, size) = (self.stream.at, self.stream.at + self.other.at);
        if size > i32::MAX as usize {
            return Err(format!("{size} bytes of code are too many"));
        }
        let mut code = Vec::with_capacity(size);
        code.extend_from_slice(&self.stream.bytes[..straight]);
        code.extend_from_slice(&self.other.bytes[..self.other.at]);
        let position = |at: u32| (at & !COLD) as usize + (at / COLD) as usize * straight;
        for patch in &self.patches {
            let target = self.labels[patch.label.0 as usize];
            if target == UNBOUND {
                return Err("a jump leads nowhere".to_string());
            }
            let at = position(patch.at);
            let distance = position(target) as i32 - (at as i32 + 4);
            code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        Ok(code)
    }

    /// The four bytes of a distance, which may not be known yet.
    #[inline(always)]
    fn distance(&mut self, to: Label) {
        let target = self.labels[to.0 as usize];
        if target != UNBOUND && target & COLD == self.side {
            let distance = (target & !COLD).wrapping_sub(self.stream.at as u32 + 4);
            self.put(u64::from(distance), 4);
            return;
        }
        self.patches.push(Patch { at: self.stream.at as u32 | self.side, label: to });
        self.put(0, 4);
    }

    /// How far back a place is from the end of a jump of two bytes, if such a jump reaches it.
    #[inline(always)]
    fn short(&self, to: Label) -> Option<i8> {
        let target = self.labels[to.0 as usize];
        if target == UNBOUND || target & COLD != self.side {
            return None;
        }
        i8::try_from(i64::from(target & !COLD) - (self.stream.at as i64 + 2)).ok()
    }

    pub fn jump(&mut self, to: Label) {
        if let Some(distance) = self.short(to) {
            self.put(0xEB | u64::from(distance as u8) << 8, 2);
        } else {
            self.put(0xE9, 1);
            self.distance(to);
        }
    }

    pub fn jump_if(&mut self, cond: Cond, to: Label) {
        if let Some(distance) = self.short(to) {
            self.put(u64::from(0x70 | cond.code()) | u64::from(distance as u8) << 8, 2);
        } else {
            self.put(0x0F | u64::from(0x80 | cond.code()) << 8, 2);
            self.distance(to);
        }
    }

    pub fn call(&mut self, to: Label) {
        self.put(0xE8, 1);
        self.distance(to);
    }

    pub fn jump_reg(&mut self, to: Reg) {
        self.short_registers(0xFF, 4, to.0);
    }

    pub fn jump_mem(&mut self, base: Reg, at: i32) {
        self.memory_short(0xFF, 4, base, at);
    }

    pub fn call_mem(&mut self, base: Reg, at: i32) {
        self.memory_short(0xFF, 2, base, at);
    }

    pub fn ret(&mut self) {
        self.put(0xC3, 1);
    }

    pub fn mov(&mut self, to: Reg, from: Reg) {
        if to != from {
            self.registers(0x89, from.0, to.0);
        }
    }

    /// The shortest way to have these bits in a register. Keeps the flags.
    pub fn constant(&mut self, to: Reg, bits: u64) {
        if bits <= u64::from(u32::MAX) {
            let (prefix, count) = if to.0 & 8 != 0 { (0x41, 1) } else { (0, 0) };
            self.put(prefix | (0xB8 | low(to.0) | bits << 8) << (8 * count), count + 5);
        } else if let Ok(bits) = i32::try_from(bits as i64) {
            self.put(rex(0, to.0) | 0xC7 << 8 | (0xC0 | low(to.0)) << 16 | u64::from(bits as u32) << 24, 7);
        } else {
            self.put(rex(0, to.0) | (0xB8 | low(to.0)) << 8, 2);
            self.put(bits, 8);
        }
    }

    pub fn load(&mut self, to: Reg, base: Reg, at: i32) {
        self.memory(0x8B, to.0, base, at);
    }

    pub fn load_u32(&mut self, to: Reg, base: Reg, at: i32) {
        self.memory_short(0x8B, to.0, base, at);
    }

    pub fn store(&mut self, base: Reg, at: i32, from: Reg) {
        self.memory(0x89, from.0, base, at);
    }

    pub fn store_u32(&mut self, base: Reg, at: i32, value: u32) {
        self.memory_short(0xC7, 0, base, at);
        self.put(u64::from(value), 4);
    }

    /// Stores a number that is as wide as memory once its sign is spread.
    pub fn store_i32(&mut self, base: Reg, at: i32, value: i32) {
        self.memory(0xC7, 0, base, at);
        self.put(u64::from(value as u32), 4);
    }

    pub fn address(&mut self, to: Reg, base: Reg, at: i32) {
        self.memory(0x8D, to.0, base, at);
    }

    pub fn address_of(&mut self, to: Reg, label: Label) {
        self.put(rex(to.0, 0) | 0x8D << 8 | (low(to.0) << 3 | 5) << 16, 3);
        self.distance(label);
    }

    pub fn alu(&mut self, op: Alu, to: Reg, with: Reg) {
        self.registers((op as u8) << 3 | 1, with.0, to.0);
    }

    pub fn alu_imm(&mut self, op: Alu, to: Reg, with: i32) {
        let operands = (0xC0 | (op as u64) << 3 | low(to.0)) << 16;
        match i8::try_from(with) {
            Ok(with) => self.put(rex(0, to.0) | 0x83 << 8 | operands | u64::from(with as u8) << 24, 4),
            Err(_) => self.put(rex(0, to.0) | 0x81 << 8 | operands | u64::from(with as u32) << 24, 7),
        }
    }

    pub fn alu_mem(&mut self, op: Alu, to: Reg, base: Reg, at: i32) {
        self.memory((op as u8) << 3 | 3, to.0, base, at);
    }

    pub fn test(&mut self, a: Reg) {
        self.registers(0x85, a.0, a.0);
    }

    pub fn test32(&mut self, a: Reg) {
        self.short_registers(0x85, a.0, a.0);
    }

    /// An operation of two registers, 32 bits wide or of a width of its own.
    fn short_registers(&mut self, op: u8, reg: u8, rm: u8) {
        let operation = u64::from(op) | (0xC0 | low(reg) << 3 | low(rm)) << 8;
        if (reg | rm) & 8 != 0 {
            self.put(rex(reg, rm) & !8 | operation << 8, 3);
        } else {
            self.put(operation, 2);
        }
    }

    pub fn multiply(&mut self, to: Reg, with: Reg) {
        let operation = 0x0F | 0xAF << 8 | (0xC0 | low(to.0) << 3 | low(with.0)) << 16;
        self.put(rex(to.0, with.0) | operation << 8, 4);
    }

    /// `to` = `a` times a constant.
    pub fn multiply_imm(&mut self, to: Reg, a: Reg, by: i32) {
        let operands = (0xC0 | low(to.0) << 3 | low(a.0)) << 16;
        match i8::try_from(by) {
            Ok(by) => self.put(rex(to.0, a.0) | 0x6B << 8 | operands | u64::from(by as u8) << 24, 4),
            Err(_) => self.put(rex(to.0, a.0) | 0x69 << 8 | operands | u64::from(by as u32) << 24, 7),
        }
    }

    /// `rdx`, `rax` = upper and lower half of `rax` times a register.
    pub fn multiply_rax(&mut self, by: Reg) {
        self.registers(0xF7, 5, by.0);
    }

    /// `rax`, `rdx` = quotient and remainder of `rax` by a register.
    pub fn divide_rax(&mut self, by: Reg) {
        self.put(0x9948, 2);
        self.registers(0xF7, 7, by.0);
    }

    pub fn neg(&mut self, a: Reg) {
        self.registers(0xF7, 3, a.0);
    }

    pub fn not(&mut self, a: Reg) {
        self.registers(0xF7, 2, a.0);
    }

    pub fn shift(&mut self, shift: Shift, a: Reg, by: u8) {
        let operands = 0xC0 | (shift as u64) << 3 | low(a.0);
        self.put(rex(0, a.0) | 0xC1 << 8 | operands << 16 | u64::from(by) << 24, 4);
    }

    pub fn flip_sign_bit(&mut self, a: Reg) {
        self.put(rex(0, a.0) | 0xBA0F << 8 | (0xF8 | low(a.0)) << 24 | 63 << 32, 5);
    }

    /// 1 or 0 by a condition. Keeps the flags.
    pub fn set(&mut self, cond: Cond, to: Reg) {
        // With the prefix, the registers 4 to 7 are not the second bytes of others.
        let (set, extend) = (rex(0, to.0) & !8, rex(to.0, to.0) & !8);
        let operands = 0xC0 | low(to.0);
        self.put(set | 0x0F << 8 | u64::from(0x90 | cond.code()) << 16 | operands << 24, 4);
        self.put(extend | 0xB60F << 8 | (operands | low(to.0) << 3) << 24, 4);
    }

    /// Moves by a condition. Keeps the flags.
    pub fn mov_if(&mut self, cond: Cond, to: Reg, from: Reg) {
        let operation =
            0x0F | u64::from(0x40 | cond.code()) << 8 | (0xC0 | low(to.0) << 3 | low(from.0)) << 16;
        self.put(rex(to.0, from.0) | operation << 8, 4);
    }

    pub fn push(&mut self, a: Reg) {
        self.push_pop(0x50, a);
    }

    pub fn pop(&mut self, a: Reg) {
        self.push_pop(0x58, a);
    }

    fn push_pop(&mut self, op: u64, a: Reg) {
        if a.0 & 8 != 0 {
            self.put(0x41 | (op | low(a.0)) << 8, 2);
        } else {
            self.put(op | low(a.0), 1);
        }
    }

    pub fn increment_mem(&mut self, base: Reg, at: i32) {
        self.memory(0xFF, 0, base, at);
    }

    pub fn decrement_mem_u32(&mut self, base: Reg, at: i32) {
        self.memory_short(0xFF, 1, base, at);
    }

    pub fn or_mem_u8(&mut self, base: Reg, at: i32, bits: u8) {
        self.memory_short(0x80, 1, base, at);
        self.put(u64::from(bits), 1);
    }

    pub fn float_from_bits(&mut self, to: Xmm, bits: Reg) {
        self.put(0x66, 1);
        let operation = 0x6E0F | (0xC0 | low(to.0) << 3 | low(bits.0)) << 16;
        self.put(rex(to.0, bits.0) | operation << 8, 4);
    }

    pub fn float_bits(&mut self, to: Reg, from: Xmm) {
        self.put(0x66, 1);
        let operation = 0x7E0F | (0xC0 | low(from.0) << 3 | low(to.0)) << 16;
        self.put(rex(from.0, to.0) | operation << 8, 4);
    }

    pub fn float_mov(&mut self, to: Xmm, from: Xmm) {
        if to != from {
            self.floats(0, 0x28, to.0, from.0);
        }
    }

    pub fn float_load(&mut self, to: Xmm, base: Reg, at: i32) {
        self.float_memory(0x10, to, base, at);
    }

    pub fn float_store(&mut self, base: Reg, at: i32, from: Xmm) {
        self.float_memory(0x11, from, base, at);
    }

    pub fn float_zero(&mut self, to: Xmm) {
        self.floats(0, 0x57, to.0, to.0);
    }

    pub fn int_to_float(&mut self, to: Xmm, from: Reg) {
        // Without the first, the conversion waits for whatever wrote the register's upper half.
        self.float_zero(to);
        self.put(0xF2, 1);
        let operation = 0x2A0F | (0xC0 | low(to.0) << 3 | low(from.0)) << 16;
        self.put(rex(to.0, from.0) | operation << 8, 4);
    }

    /// Towards zero; the least int if there is none that fits.
    pub fn float_to_int(&mut self, to: Reg, from: Xmm) {
        self.put(0xF2, 1);
        let operation = 0x2C0F | (0xC0 | low(to.0) << 3 | low(from.0)) << 16;
        self.put(rex(to.0, from.0) | operation << 8, 4);
    }

    pub fn float_op(&mut self, op: FloatOp, to: Xmm, with: Xmm) {
        self.floats(0xF2, op as u8, to.0, with.0);
    }

    pub fn float_compare(&mut self, a: Xmm, b: Xmm) {
        self.floats(0x66, 0x2E, a.0, b.0);
    }

    /// All bits set in `to` if it equals `with`, else none; NaN equals nothing.
    pub fn float_equal_mask(&mut self, to: Xmm, with: Xmm) {
        self.floats(0xF2, 0xC2, to.0, with.0);
        self.put(0, 1);
    }
}
