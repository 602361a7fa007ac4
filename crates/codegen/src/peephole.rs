//! The branch on overflow that Cranelift does not make: `add; jo` instead of `add; seto; test; jne`.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is a last touch to what
//! *compile* has made.
//!
//! ```text
//!     add r10, rdx                     add r10, rdx
//!     seto al                          jo exit
//!     test al, al              =>      nop
//!     jne exit
//! ```
//!
//! Why it is right:
//! - `seto` reads the flag that `jo` reads, and writes no flag; so both leave in the same case;
//! - `test` leaves other flags behind than the addition: nobody reads them, since Cranelift makes the flags anew for each branch and each
//!   `setcc`, next to it;
//! - the register that `seto` wrote holds the second result of an `sadd_overflow` and its like, which [`Lowering`](crate::lower::Lowering)
//!   uses for one branch and nothing else; so nobody misses it;
//! - nothing jumps between the three: that is looked at.
//!
//! The code is walked instruction by instruction, so a pattern is never found in the middle of one, and its length stays, so
//! everything else stays where it is. Only on x86-64; elsewhere there is nothing to do.
//!
//! Measured on Zen 3: one instruction less for each check. In a sum, which is bound by the number of its branches, the
//! time stays the same.

/// Rewrites all such branches in a piece of code that starts with an instruction and holds nothing else; tells how many.
#[cfg(target_arch = "x86_64")]
pub(crate) fn branch_on_overflow(code: &mut [u8]) -> u32 {
    use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};
    use std::collections::HashSet;

    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut last = [Instruction::default(); 2];
    let mut targets = HashSet::new();
    let mut found = Vec::new();
    while decoder.can_decode() {
        let inst = decoder.decode();
        if inst.op_count() == 1 && inst.op0_kind() == OpKind::NearBranch64 {
            targets.insert(inst.near_branch_target());
        }
        let [set, test] = last;
        let flag = set.op0_register();
        if set.mnemonic() == Mnemonic::Seto
            && set.op0_kind() == OpKind::Register
            && test.mnemonic() == Mnemonic::Test
            && [test.op0_kind(), test.op1_kind()] == [OpKind::Register; 2]
            && [test.op0_register(), test.op1_register()] == [flag; 2]
            && inst.mnemonic() == Mnemonic::Jne
            && inst.len() == 6
        {
            found.push((set, test, inst));
        }
        last = [test, inst];
    }
    found.retain(|(_, test, jump)| !targets.contains(&test.ip()) && !targets.contains(&jump.ip()));
    for (set, _, jump) in &found {
        let (start, end) = (set.ip() as usize, jump.next_ip() as usize);
        let behind = start + 6;
        let distance = jump.near_branch_target().wrapping_sub(behind as u64) as i32;
        let mut bytes = vec![0x0f, 0x80];
        bytes.extend_from_slice(&distance.to_le_bytes());
        crate::pad(&mut bytes, (end - behind) as u32);
        code[start..end].copy_from_slice(&bytes);
    }
    found.len() as u32
}

/// There is nothing to do.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn branch_on_overflow(_: &mut [u8]) -> u32 {
    0
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::disassemble;

    fn texts(code: &[u8]) -> Vec<String> {
        disassemble(code, 0, &[]).into_iter().map(|line| line.text).collect()
    }

    /// `add r10, rdx; seto al; test al, al; jne +0x20`
    const PATTERN: [u8; 14] = [0x49, 0x01, 0xd2, 0x0f, 0x90, 0xc0, 0x84, 0xc0, 0x0f, 0x85, 0x20, 0, 0, 0];

    #[test]
    fn the_pattern_becomes_a_jump_on_overflow_to_the_same_place() {
        let mut code = PATTERN;
        assert_eq!(branch_on_overflow(&mut code), 1);
        // It was behind the pattern by 0x20.
        assert_eq!(texts(&code), ["add r10, rdx", "jo 0x2e", "nop [rax+rax]"]);
    }

    #[test]
    fn high_registers_count_as_well() {
        let mut code = vec![0x41, 0x0f, 0x90, 0xc2, 0x45, 0x84, 0xd2, 0x0f, 0x85, 0xf3, 0xff, 0xff, 0xff];
        assert_eq!(branch_on_overflow(&mut code), 1);
        assert_eq!(texts(&code)[0], "jo 0");
    }

    #[test]
    fn what_is_not_the_pattern_stays() {
        let variants: [(usize, u8, &str); 4] = [
            (4, 0x91, "another flag"),
            (7, 0xc8, "test al, cl"),
            (5, 0xc1, "another register is set"),
            (9, 0x84, "je"),
        ];
        for (at, byte, what) in variants {
            let mut code = PATTERN;
            code[at] = byte;
            let before = code;
            assert_eq!(branch_on_overflow(&mut code), 0, "{what}");
            assert_eq!(code, before, "{what}");
        }
        // A jump into it.
        let mut code = PATTERN.to_vec();
        code.extend([0xeb, 0xf6]);
        assert_eq!(texts(&code).last().map(String::as_str), Some("jmp short 6"));
        assert_eq!(branch_on_overflow(&mut code), 0);
    }

    #[test]
    fn bytes_inside_of_an_instruction_are_not_looked_at() {
        // mov rax, imm64 with the first bytes of the pattern in it.
        let mut code = vec![0x48, 0xb8, 0x0f, 0x90, 0xc0, 0x84, 0xc0, 0x0f, 0x85, 0];
        code.extend([0x90; 4]);
        assert_eq!(branch_on_overflow(&mut code), 0);
    }
}
