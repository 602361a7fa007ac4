//! Machine code as text, next to the bytecode it came from.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this shows what *compile* has made.
//!
//! Invariant: any bytes give lines; what is not an instruction is shown as `(bad)`.

use ir::Origin;

/// One line of machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineLine {
    /// Where it starts, in bytes from the start of the code.
    pub offset: u32,
    /// How long it is, in bytes.
    pub bytes_len: u32,
    /// The instruction.
    pub text: String,
    /// The bytecode it came from, if that is known.
    pub origin: Option<Origin>,
}

/// Disassembles code, without the constants that follow it, that lies, or would lie, at `address`; `places` as in
/// [`CodeUnit`](crate::CodeUnit). On x86-64 the text is in Intel's syntax, elsewhere it is hexadecimal, four bytes a
/// line.
pub fn disassemble(bytes: &[u8], address: u64, places: &[(u32, Origin)]) -> Vec<MachineLine> {
    lines(bytes, address, places)
}

fn origin_at(places: &[(u32, Origin)], offset: u32) -> Option<Origin> {
    let after = places.partition_point(|&(start, _)| start <= offset);
    after.checked_sub(1).map(|i| places[i].1)
}

#[cfg(target_arch = "x86_64")]
fn lines(bytes: &[u8], address: u64, places: &[(u32, Origin)]) -> Vec<MachineLine> {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(true);
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter.options_mut().set_uppercase_hex(false);
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let offset = decoder.position() as u32;
        let inst = decoder.decode();
        let mut text = String::new();
        formatter.format(&inst, &mut text);
        lines.push(MachineLine {
            offset,
            bytes_len: inst.len() as u32,
            text,
            origin: origin_at(places, offset),
        });
    }
    lines
}

#[cfg(not(target_arch = "x86_64"))]
fn lines(bytes: &[u8], _address: u64, places: &[(u32, Origin)]) -> Vec<MachineLine> {
    let line = |(i, chunk): (usize, &[u8])| {
        let offset = i as u32 * 4;
        let text = chunk.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
        MachineLine { offset, bytes_len: chunk.len() as u32, text, origin: origin_at(places, offset) }
    };
    bytes.chunks(4).enumerate().map(line).collect()
}
