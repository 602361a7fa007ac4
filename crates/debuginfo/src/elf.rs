//! An object file, in memory, that describes one piece of code: where it lies, what it is called, and which lines it comes from.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`. The format is ELF for 64 bits
//! with DWARF 4 inside, the least of both that debuggers need. The code itself is not in it: its section says that it
//! has no bytes in the file, and the address is final.

use crate::Code;

/// The machine in ELF's numbering.
const MACHINE: u16 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };

const HEADER: usize = 64;
const SECTION: usize = 64;

/// Bytes in the order of the machine, which is taken to be that of the file.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u8(&mut self, n: u8) -> &mut Self {
        self.0.push(n);
        self
    }
    fn u16(&mut self, n: u16) -> &mut Self {
        self.0.extend_from_slice(&n.to_le_bytes());
        self
    }
    fn u32(&mut self, n: u32) -> &mut Self {
        self.0.extend_from_slice(&n.to_le_bytes());
        self
    }
    fn u64(&mut self, n: u64) -> &mut Self {
        self.0.extend_from_slice(&n.to_le_bytes());
        self
    }
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend(text.bytes().filter(|&byte| byte != 0));
        self.u8(0)
    }
    fn uleb(&mut self, mut n: u64) -> &mut Self {
        while n >= 0x80 {
            self.u8(n as u8 | 0x80);
            n >>= 7;
        }
        self.u8(n as u8)
    }
    fn sleb(&mut self, mut n: i64) -> &mut Self {
        while !(-64..64).contains(&n) {
            self.u8(n as u8 | 0x80);
            n >>= 7;
        }
        self.u8(n as u8 & 0x7F)
    }
    /// With its own length, of 32 bits, in front.
    fn with_length(self) -> Vec<u8> {
        let mut out = Bytes::default();
        out.u32(self.0.len() as u32);
        out.0.extend(self.0);
        out.0
    }
}

/// A section: its name, ELF's type, flags, address, bytes, size, link, info, size of an entry.
struct Section {
    name: &'static str,
    kind: u32,
    flags: u64,
    address: u64,
    bytes: Vec<u8>,
    size: u64,
    link: u32,
    info: u32,
    entry: u64,
}

impl Section {
    fn of(name: &'static str, kind: u32, bytes: Vec<u8>) -> Section {
        let size = bytes.len() as u64;
        Section { name, kind, flags: 0, address: 0, bytes, size, link: 0, info: 0, entry: 0 }
    }
}

const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const STRTAB: u32 = 3;
const NOBITS: u32 = 8;

/// The object file of a piece of code.
pub fn object(code: &Code) -> Vec<u8> {
    let text = Section {
        flags: 6, // it is in memory, and is executed
        address: code.address,
        size: code.size,
        ..Section::of(".text", NOBITS, Vec::new())
    };
    let mut names = Bytes::default();
    names.u8(0).text(&code.name);
    let mut symbols = Bytes::default();
    symbols.0.resize(24, 0);
    // A global function in section 1.
    symbols.u32(1).u8(0x12).u8(0).u16(1).u64(code.address).u64(code.size);
    let symbols = Section { link: 3, info: 1, entry: 24, ..Section::of(".symtab", SYMTAB, symbols.0) };
    let mut sections = vec![text, symbols, Section::of(".strtab", STRTAB, names.0)];
    if !code.lines.is_empty() && !code.file.is_empty() {
        sections.push(Section::of(".debug_abbrev", PROGBITS, abbreviations()));
        sections.push(Section::of(".debug_info", PROGBITS, info(code)));
        sections.push(Section::of(".debug_line", PROGBITS, line_table(code)));
    }
    assemble(sections)
}

/// Header, contents, table of sections.
fn assemble(mut sections: Vec<Section>) -> Vec<u8> {
    let mut names = Bytes::default();
    names.u8(0);
    let mut name_at = vec![0u32];
    for name in sections.iter().map(|section| section.name).chain([".shstrtab"]) {
        name_at.push(names.0.len() as u32);
        names.text(name);
    }
    sections.push(Section::of(".shstrtab", STRTAB, names.0));
    let mut contents = Vec::new();
    let mut offsets = Vec::new();
    for section in &sections {
        offsets.push((HEADER + contents.len()) as u64);
        contents.extend_from_slice(&section.bytes);
        contents.resize(contents.len().next_multiple_of(8), 0);
    }
    let mut out = Bytes::default();
    out.0.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    // An executable: its addresses are final.
    out.u16(2).u16(MACHINE).u32(1).u64(0).u64(0).u64((HEADER + contents.len()) as u64).u32(0);
    out.u16(HEADER as u16).u16(0).u16(0).u16(SECTION as u16);
    out.u16(sections.len() as u16 + 1).u16(sections.len() as u16);
    out.0.extend(contents);
    out.0.resize(out.0.len() + SECTION, 0);
    for ((section, offset), name) in sections.iter().zip(offsets).zip(&name_at[1..]) {
        out.u32(*name).u32(section.kind).u64(section.flags).u64(section.address).u64(offset);
        out.u64(section.size).u32(section.link).u32(section.info).u64(8).u64(section.entry);
    }
    out.0
}

/// What the entries of [`info`] look like: a unit with name, lines and addresses, and in it one function.
fn abbreviations() -> Vec<u8> {
    let mut out = Bytes::default();
    // 1: compile unit with children: name (string), low_pc, high_pc (as a length), stmt_list.
    out.uleb(1).uleb(0x11).u8(1);
    for (attribute, form) in [(0x03, 0x08), (0x11, 0x01), (0x12, 0x07), (0x10, 0x17)] {
        out.uleb(attribute).uleb(form);
    }
    out.uleb(0).uleb(0);
    // 2: function without children: name, low_pc, high_pc.
    out.uleb(2).uleb(0x2E).u8(0);
    for (attribute, form) in [(0x03, 0x08), (0x11, 0x01), (0x12, 0x07)] {
        out.uleb(attribute).uleb(form);
    }
    out.uleb(0).uleb(0).uleb(0);
    out.0
}

fn info(code: &Code) -> Vec<u8> {
    let mut out = Bytes::default();
    out.u16(4).u32(0).u8(8);
    out.uleb(1).text(&code.file).u64(code.address).u64(code.size).u32(0);
    out.uleb(2).text(&code.name).u64(code.address).u64(code.size);
    out.uleb(0);
    out.with_length()
}

/// Which address is which line, as the program that DWARF has for it.
fn line_table(code: &Code) -> Vec<u8> {
    let mut header = Bytes::default();
    // Units of one byte, one operation in each, statements by default, special opcodes that nobody uses, thirteen standard ones.
    header.u8(1).u8(1).u8(1).u8(-5i8 as u8).u8(14).u8(13);
    header.0.extend_from_slice(&[0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
    // No directories; one file.
    header.u8(0).text(&code.file).uleb(0).uleb(0).uleb(0).u8(0);
    let mut out = Bytes::default();
    out.u16(4).u32(header.0.len() as u32);
    out.0.extend(header.0);
    // The address to begin with; then for each stretch: line, address, a row.
    out.u8(0).uleb(9).u8(2).u64(code.address);
    let (mut offset, mut line) = (0u32, 1i64);
    for &(at, number) in &code.lines {
        if at > offset {
            out.u8(2).uleb(u64::from(at - offset));
            offset = at;
        }
        out.u8(3).sleb(i64::from(number) - line).u8(1);
        line = i64::from(number);
    }
    out.u8(2).uleb(code.size.saturating_sub(u64::from(offset)));
    out.u8(0).uleb(1).u8(1);
    out.with_length()
}
