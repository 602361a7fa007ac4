//! The assembler against a disassembler: every method, with every register, reads back as what it is called.

use super::*;
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

const NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];
const SHORT: [&str; 16] = [
    "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d",
    "r14d", "r15d",
];
const BYTES: [&str; 16] = [
    "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b",
    "r15b",
];
const DISPLACEMENTS: [i32; 8] = [0, 8, 127, -128, 128, -129, 0x1234_5678, i32::MIN];
const IMMEDIATES: [i32; 9] = [0, 1, -1, 127, -128, 128, -129, i32::MAX, i32::MIN];

/// The instructions of some code as text, at address 0.
fn listing(code: &[u8]) -> Vec<String> {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_space_after_operand_separator(true);
    options.set_space_between_memory_add_operators(true);
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_branch_leading_zeros(false);
    options.set_rip_relative_addresses(true);
    options.set_signed_immediate_operands(true);
    options.set_show_branch_size(false);
    options.set_memory_size_options(iced_x86::MemorySizeOptions::Always);
    Decoder::with_ip(64, code, 0, DecoderOptions::NONE)
        .into_iter()
        .map(|instruction| {
            let mut text = String::new();
            formatter.format(&instruction, &mut text);
            text
        })
        .collect()
}

fn hex(i: i64) -> String {
    if i < 0 { format!("-{:#x}", i.unsigned_abs()) } else { format!("{i:#x}") }
}

fn place(size: &str, base: Reg, at: i32) -> String {
    let at = match at {
        0 => String::new(),
        at if at < 0 => format!(" - {:#x}", at.unsigned_abs()),
        at => format!(" + {at:#x}"),
    };
    format!("{size} ptr [{}{at}]", NAMES[base.0 as usize])
}

#[track_caller]
fn reads(write: impl FnOnce(&mut Asm), expected: &[String]) {
    let mut asm = Asm::new();
    write(&mut asm);
    let code = asm.finish().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(listing(&code), expected, "{code:02x?}");
}

#[track_caller]
fn reads_as(write: impl FnOnce(&mut Asm), expected: String) {
    reads(write, &[expected]);
}

fn all() -> impl Iterator<Item = Reg> {
    (0..16).map(Reg)
}

fn pairs() -> impl Iterator<Item = (Reg, Reg)> {
    all().flat_map(|a| all().map(move |b| (a, b)))
}

const ALU: [(Alu, &str); 6] = [
    (Alu::Add, "add"),
    (Alu::Or, "or"),
    (Alu::And, "and"),
    (Alu::Sub, "sub"),
    (Alu::Xor, "xor"),
    (Alu::Cmp, "cmp"),
];
const CONDITIONS: [(Cond, &str); 13] = [
    (Cond::Equal, "e"),
    (Cond::NotEqual, "ne"),
    (Cond::Less, "l"),
    (Cond::LessEqual, "le"),
    (Cond::Greater, "g"),
    (Cond::GreaterEqual, "ge"),
    (Cond::Below, "b"),
    (Cond::AboveEqual, "ae"),
    (Cond::Above, "a"),
    (Cond::BelowEqual, "be"),
    (Cond::Overflow, "o"),
    (Cond::Negative, "s"),
    (Cond::NotNegative, "ns"),
];

#[test]
fn two_registers() {
    for (a, b) in pairs() {
        let (x, y) = (NAMES[a.0 as usize], NAMES[b.0 as usize]);
        if a == b {
            reads(|asm| asm.mov(a, b), &[]);
        } else {
            reads_as(|asm| asm.mov(a, b), format!("mov {x}, {y}"));
        }
        for (op, name) in ALU {
            reads_as(|asm| asm.alu(op, a, b), format!("{name} {x}, {y}"));
        }
        reads_as(|asm| asm.multiply(a, b), format!("imul {x}, {y}"));
        for (cond, name) in CONDITIONS {
            reads_as(|asm| asm.mov_if(cond, a, b), format!("cmov{name} {x}, {y}"));
        }
        for by in IMMEDIATES {
            // A product that replaces its factor is written with one name.
            let names = if a == b { x.to_string() } else { format!("{x}, {y}") };
            reads_as(|asm| asm.multiply_imm(a, b, by), format!("imul {names}, {}", hex(by.into())));
        }
    }
}

#[test]
fn one_register() {
    for a in all() {
        let (x, short, byte) = (NAMES[a.0 as usize], SHORT[a.0 as usize], BYTES[a.0 as usize]);
        reads_as(|asm| asm.test(a), format!("test {x}, {x}"));
        reads_as(|asm| asm.test32(a), format!("test {short}, {short}"));
        reads_as(|asm| asm.neg(a), format!("neg {x}"));
        reads_as(|asm| asm.not(a), format!("not {x}"));
        reads_as(|asm| asm.push(a), format!("push {x}"));
        reads_as(|asm| asm.pop(a), format!("pop {x}"));
        reads_as(|asm| asm.jump_reg(a), format!("jmp {x}"));
        reads_as(|asm| asm.flip_sign_bit(a), format!("btc {x}, 0x3f"));
        reads_as(|asm| asm.multiply_rax(a), format!("imul {x}"));
        reads(|asm| asm.divide_rax(a), &["cqo".to_string(), format!("idiv {x}")]);
        for by in [0, 1, 16, 63] {
            for (shift, name) in [(Shift::Left, "shl"), (Shift::Right, "shr"), (Shift::Arithmetic, "sar")] {
                reads_as(|asm| asm.shift(shift, a, by), format!("{name} {x}, {by:#x}"));
            }
        }
        for (cond, name) in CONDITIONS {
            reads(|asm| asm.set(cond, a), &[format!("set{name} {byte}"), format!("movzx {short}, {byte}")]);
        }
    }
}

#[test]
fn immediates() {
    for a in all() {
        let (x, short) = (NAMES[a.0 as usize], SHORT[a.0 as usize]);
        for i in IMMEDIATES {
            for (op, name) in ALU {
                reads_as(|asm| asm.alu_imm(op, a, i), format!("{name} {x}, {}", hex(i.into())));
            }
        }
        for bits in [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF] {
            let text = hex((bits as u32 as i32).into());
            reads_as(|asm| asm.constant(a, bits), format!("mov {short}, {text}"));
        }
        for bits in [-1, -0x8000_0000, -0x8000_0001, 0x1_0000_0000, i64::MIN, i64::MAX] {
            reads_as(|asm| asm.constant(a, bits as u64), format!("mov {x}, {}", hex(bits)));
        }
    }
}

#[test]
fn memory() {
    for (a, base) in pairs() {
        let (x, short) = (NAMES[a.0 as usize], SHORT[a.0 as usize]);
        for at in DISPLACEMENTS {
            let (whole, half) = (place("qword", base, at), place("dword", base, at));
            reads_as(|asm| asm.load(a, base, at), format!("mov {x}, {whole}"));
            reads_as(|asm| asm.load_u32(a, base, at), format!("mov {short}, {half}"));
            reads_as(|asm| asm.store(base, at, a), format!("mov {whole}, {x}"));
            let address = whole.trim_start_matches("qword ptr ");
            reads_as(|asm| asm.address(a, base, at), format!("lea {x}, {address}"));
            for (op, name) in ALU {
                reads_as(|asm| asm.alu_mem(op, a, base, at), format!("{name} {x}, {whole}"));
            }
            let f = Xmm(a.0);
            reads_as(|asm| asm.float_load(f, base, at), format!("movsd xmm{}, {whole}", f.0));
            reads_as(|asm| asm.float_store(base, at, f), format!("movsd {whole}, xmm{}", f.0));
        }
    }
    for base in all() {
        for at in DISPLACEMENTS {
            let (whole, half) = (place("qword", base, at), place("dword", base, at));
            reads_as(|asm| asm.jump_mem(base, at), format!("jmp {whole}"));
            reads_as(|asm| asm.call_mem(base, at), format!("call {whole}"));
            reads_as(|asm| asm.increment_mem(base, at), format!("inc {whole}"));
            reads_as(|asm| asm.decrement_mem_u32(base, at), format!("dec {half}"));
            reads_as(|asm| asm.or_mem_u8(base, at, 0x11), format!("or {}, 0x11", place("byte", base, at)));
            for i in IMMEDIATES {
                let text = hex(i.into());
                reads_as(|asm| asm.store_i32(base, at, i), format!("mov {whole}, {text}"));
                reads_as(|asm| asm.store_u32(base, at, i as u32), format!("mov {half}, {text}"));
            }
        }
    }
}

#[test]
fn floats() {
    for (a, b) in pairs() {
        let (f, g) = (Xmm(a.0), Xmm(b.0));
        let r = NAMES[b.0 as usize];
        let (x, y) = (format!("xmm{}", f.0), format!("xmm{}", g.0));
        reads_as(|asm| asm.float_from_bits(f, b), format!("movq {x}, {r}"));
        reads_as(|asm| asm.float_bits(b, f), format!("movq {r}, {x}"));
        reads_as(|asm| asm.float_to_int(b, f), format!("cvttsd2si {r}, {x}"));
        reads(|asm| asm.int_to_float(f, b), &[format!("xorps {x}, {x}"), format!("cvtsi2sd {x}, {r}")]);
        if f != g {
            reads_as(|asm| asm.float_mov(f, g), format!("movaps {x}, {y}"));
        }
        let operations =
            [(FloatOp::Add, "add"), (FloatOp::Sub, "sub"), (FloatOp::Mul, "mul"), (FloatOp::Div, "div")];
        for (op, name) in operations.into_iter().chain([(FloatOp::Sqrt, "sqrt")]) {
            reads_as(|asm| asm.float_op(op, f, g), format!("{name}sd {x}, {y}"));
        }
        reads_as(|asm| asm.float_compare(f, g), format!("ucomisd {x}, {y}"));
        reads_as(|asm| asm.float_equal_mask(f, g), format!("cmpeqsd {x}, {y}"));
    }
    reads(|asm| asm.float_mov(Xmm(3), Xmm(3)), &[]);
}

#[test]
fn jumps_back_are_short_where_they_can_be() {
    for (filler, cond) in
        [(0, Cond::Equal), (126, Cond::Overflow), (127, Cond::Below), (5000, Cond::NotNegative)]
    {
        let mut asm = Asm::new();
        let top = asm.label();
        asm.bind(top);
        for _ in 0..filler {
            asm.ret();
        }
        asm.jump_if(cond, top);
        let size = asm.offset() - filler;
        assert_eq!(size, if filler <= 126 { 2 } else { 6 });
        asm.jump(top);
        let code = asm.finish().unwrap_or_else(|error| panic!("{error}"));
        let lines = listing(&code);
        let name = CONDITIONS.iter().find(|(c, _)| *c == cond).map_or("", |(_, name)| name);
        assert_eq!(lines[lines.len() - 2..], [format!("j{name} 0x0"), "jmp 0x0".to_string()]);
    }
}

#[test]
fn jumps_find_labels_in_both_streams() {
    for (cond, name) in CONDITIONS {
        let mut asm = Asm::new();
        let (ahead, cold, back) = (asm.label(), asm.label(), asm.label());
        asm.jump_if(cond, cold);
        asm.bind(back);
        asm.out_of_line();
        asm.bind(cold);
        asm.call(ahead);
        asm.jump(cold);
        asm.jump(back);
        asm.in_line();
        asm.address_of(RCX, cold);
        asm.jump(ahead);
        asm.ret();
        asm.bind(ahead);
        asm.ret();
        let code = asm.finish().unwrap_or_else(|error| panic!("{error}"));
        let expected = [
            format!("j{name} 0x14"),
            "lea rcx, [rip + 0x7]".to_string(),
            "jmp 0x13".to_string(),
            "ret".to_string(),
            "ret".to_string(),
            "call 0x13".to_string(),
            "jmp 0x14".to_string(),
            "jmp 0x6".to_string(),
        ];
        assert_eq!(listing(&code), expected);
    }
}

#[test]
fn a_jump_to_nowhere_is_refused() {
    let mut asm = Asm::new();
    let label = asm.label();
    asm.jump(label);
    assert!(asm.finish().is_err());
}

#[test]
fn buffers_grow_and_are_used_again() {
    let mut asm = Asm::new();
    for (count, most) in [(10_000, 100), (10, 1 << 20), (20, 0)] {
        for _ in 0..count {
            asm.constant(RAX, u64::MAX / 3);
        }
        let label = asm.label();
        asm.bind(label);
        asm.jump(label);
        let code = asm.finish().unwrap_or_else(|error| panic!("{error}"));
        let mut expected = vec!["mov rax, 0x5555555555555555".to_string(); count];
        expected.push(format!("jmp {:#x}", 10 * count));
        assert_eq!(listing(&code), expected);
        asm.clear(most);
    }
}
