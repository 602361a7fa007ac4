//! The binary container: programs as bytes (`.hsbc`).
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`: what it reads goes to
//! [`mod@crate::verify`], which decides whether it can run. What holds:
//!
//! - `read(write(p))` equals `p`, provided that its NaNs are the one canonical NaN (reading makes them so) and that
//!   instructions without an argument have argument 0;
//! - a program has one encoding: numbers in more bytes than they need and ints that would fit a smaller form are refused;
//! - no bytes make [`read`] panic, and it takes no more memory than a program may ([`MAX_FOOTPRINT`]): what is read is counted before there
//!   is memory for it.
//!
//! # The format
//!
//! | part | bytes |
//! |---|---|
//! | magic | `HSBC` |
//! | version | 2, little-endian: 1 |
//! | length of the sections | 8, little-endian |
//! | sections | each: its number (1 byte), its length, its content; in order, each once |
//! | checksum | 8, little-endian: FNV-1a (64 bits) of all before |
//!
//! Numbers are unsigned LEB128; signed ones are zigzag-coded first. A string is its length in bytes, then UTF-8.
//!
//! 1. program: name of the source; index of the entry; 1 if the entry is open, else 0
//! 2. constants: their number; each a tag: 0 none, 1 false, 2 true, 3 int (signed number), 4 larger int (0, or 1 if negative;
//!    number of bytes; magnitude, little-endian), 5 float (8 bytes, little-endian), 6 string
//! 3. globals: their number; their names
//! 4. functions: their number; each: name; number of parameters; number of locals; names of locals; number of
//!    instructions; for each its opcode (1 byte) and argument, if it takes one; for each the signed difference of its
//!    source line to the one before

use crate::build::normal;
use crate::ops::{Op, Operand};
use crate::program::{Const, Function, Inst, MAX_FOOTPRINT, Program, footprint};
use dashu_int::{IBig, Sign, UBig};
use std::fmt;

const MAGIC: [u8; 4] = *b"HSBC";
const VERSION: u16 = 1;
const HEADER: usize = 4 + 2 + 8;
const CHECKSUM: usize = 8;

/// The name of each section, by its number less one.
const SECTIONS: [&str; 4] = ["program", "constants", "globals", "functions"];

/// Why bytes are not a container, and where that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerError {
    /// The offset in bytes from the start.
    pub offset: usize,
    /// What is wrong there; one line.
    pub message: String,
}

impl fmt::Display for ContainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a valid container: {} (at byte {})", self.message, self.offset)
    }
}

impl std::error::Error for ContainerError {}

/// Whether bytes begin like a container. What follows may still be damaged.
pub fn is_container(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// FNV-1a: enough to notice damage; it is no protection against intent.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// The program as bytes.
pub fn write(program: &Program) -> Vec<u8> {
    let sections =
        [write_head(program), write_constants(program), write_globals(program), write_functions(program)];
    let mut body = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        body.push(index as u8 + 1);
        put(&mut body, section.len() as u64);
        body.extend_from_slice(section);
    }
    let mut out = Vec::with_capacity(HEADER + body.len() + CHECKSUM);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(&body);
    let sum = checksum(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    out
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_str(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn write_head(program: &Program) -> Vec<u8> {
    let mut out = Vec::new();
    put_str(&mut out, &program.source_name);
    put(&mut out, program.entry.into());
    out.push(program.open_entry.into());
    out
}

fn write_constants(program: &Program) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, program.constants.len() as u64);
    for constant in &program.constants {
        match normal(constant.clone()) {
            Const::None => out.push(0),
            Const::Bool(value) => out.push(1 + u8::from(value)),
            Const::Int(value) => {
                out.push(3);
                put(&mut out, zigzag(value));
            }
            Const::BigInt(value) => {
                let (sign, magnitude) = value.into_parts();
                out.extend_from_slice(&[4, u8::from(sign == Sign::Negative)]);
                let bytes = magnitude.to_le_bytes();
                put(&mut out, bytes.len() as u64);
                out.extend_from_slice(&bytes);
            }
            Const::Float(value) => {
                out.push(5);
                out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Const::Str(text) => {
                out.push(6);
                put_str(&mut out, &text);
            }
        }
    }
    out
}

fn write_globals(program: &Program) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, program.globals.len() as u64);
    for name in &program.globals {
        put_str(&mut out, name);
    }
    out
}

fn write_functions(program: &Program) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, program.functions.len() as u64);
    for function in &program.functions {
        put_str(&mut out, &function.name);
        put(&mut out, function.params.into());
        put(&mut out, function.locals.len() as u64);
        for name in &function.locals {
            put_str(&mut out, name);
        }
        put(&mut out, function.code.len() as u64);
        for inst in &function.code {
            out.push(inst.op as u8);
            if inst.op.info().operand != Operand::None {
                put(&mut out, inst.arg.into());
            }
        }
        let mut before = 0;
        for at in 0..function.code.len() {
            let line = i64::from(function.lines.get(at).copied().unwrap_or(0));
            put(&mut out, zigzag(line - before));
            before = line;
        }
    }
    out
}

/// The program in these bytes, not yet verified.
///
/// # Errors
/// What is wrong with the bytes, and at which offset: not a container, another version, cut off, damaged, or not well-formed.
pub fn read(bytes: &[u8]) -> Result<Program, ContainerError> {
    let fail = |offset: usize, message: String| Err(ContainerError { offset, message });
    if !is_container(bytes) {
        return fail(0, "it does not begin with `HSBC`".to_owned());
    }
    let mut header = Reader::new(bytes, MAGIC.len());
    let version = u16::from_le_bytes(header.array("the version")?);
    if version != VERSION {
        let message = format!("it has version {version}; this program reads version {VERSION}");
        return fail(MAGIC.len(), message);
    }
    let length_at = header.at;
    let length = u64::from_le_bytes(header.array("the length")?);
    let present = bytes.len().saturating_sub(HEADER + CHECKSUM);
    if bytes.len() < HEADER + CHECKSUM || length != present as u64 {
        let how = if length > present as u64 { "cut off" } else { "too long" };
        let message = format!("it is {how}: its sections should have {length} bytes, there are {present}");
        return fail(length_at, message);
    }
    let (content, sum) = bytes.split_at(bytes.len() - CHECKSUM);
    let mut sum_reader = Reader::new(sum, 0);
    if u64::from_le_bytes(sum_reader.array("the checksum")?) != checksum(content) {
        return fail(content.len(), "it is damaged: its checksum does not match".to_owned());
    }
    read_sections(&mut Reader::new(content, HEADER))
}

fn read_sections(reader: &mut Reader<'_>) -> Result<Program, ContainerError> {
    let mut program = Program::default();
    for (index, name) in SECTIONS.iter().enumerate() {
        let at = reader.at;
        let number = reader.byte("a section")?;
        if usize::from(number) != index + 1 {
            return reader.fail_at(at, format!("expected section {} ({name}), found {number}", index + 1));
        }
        let length = reader.count("a section's length")?;
        let end = reader.at + length;
        let mut section = Reader { bytes: &reader.bytes[..end], ..*reader };
        match index {
            0 => read_head(&mut section, &mut program)?,
            1 => program.constants = section.list("constants", footprint::CONSTANT, read_const)?,
            2 => program.globals = section.list("globals", footprint::NAME, Reader::string)?,
            _ => {
                program.functions =
                    section.list("functions", footprint::FUNCTION + footprint::NAME, read_function)?
            }
        }
        if section.at != end {
            let message = format!("section {name} has {} bytes too many", end - section.at);
            return reader.fail_at(section.at, message);
        }
        (reader.at, reader.memory) = (end, section.memory);
    }
    match reader.left() {
        0 => Ok(program),
        n => reader.fail_at(reader.at, format!("{n} bytes follow the last section")),
    }
}

fn read_head(reader: &mut Reader<'_>, program: &mut Program) -> Result<(), ContainerError> {
    program.source_name = reader.string()?;
    program.entry = reader.u32("the entry")?;
    program.open_entry = reader.flag("whether the entry is open")?;
    Ok(())
}

fn read_const(reader: &mut Reader<'_>) -> Result<Const, ContainerError> {
    let at = reader.at;
    Ok(match reader.byte("a constant")? {
        0 => Const::None,
        1 => Const::Bool(false),
        2 => Const::Bool(true),
        3 => Const::Int(unzigzag(reader.number("an int")?)),
        4 => {
            let negative = reader.flag("the sign of an int")?;
            let length = reader.count("the length of an int")?;
            reader.charge(length as u64)?;
            let bytes = reader.take(length, "an int")?;
            let sign = if negative { Sign::Negative } else { Sign::Positive };
            let value = Const::int(IBig::from_parts(sign, UBig::from_le_bytes(bytes)));
            if bytes.last() == Some(&0) || !matches!(value, Const::BigInt(_)) {
                return reader.fail_at(at, "an int is not in its smallest form".to_owned());
            }
            value
        }
        5 => normal(Const::Float(f64::from_bits(u64::from_le_bytes(reader.array("a float")?)))),
        6 => Const::Str(reader.string()?.into()),
        tag => return reader.fail_at(at, format!("there is no kind of constant with number {tag}")),
    })
}

fn read_function(reader: &mut Reader<'_>) -> Result<Function, ContainerError> {
    let name = reader.string()?;
    let params = reader.u32("the number of parameters")?;
    let locals = reader.list("locals", footprint::NAME, Reader::string)?;
    let code = reader.list("instructions", footprint::INSTRUCTION, read_inst)?;
    let mut lines = Vec::with_capacity(code.len().min(reader.left()));
    let mut line = 0i64;
    for _ in 0..code.len() {
        let at = reader.at;
        let delta = unzigzag(reader.number("a source line")?);
        let next = line.checked_add(delta).and_then(|line| u32::try_from(line).ok());
        let Some(next) = next else {
            return reader.fail_at(at, "a source line is out of range".to_owned());
        };
        lines.push(next);
        line = next.into();
    }
    Ok(Function { name, params, locals, code, lines })
}

fn read_inst(reader: &mut Reader<'_>) -> Result<Inst, ContainerError> {
    let at = reader.at;
    let number = reader.byte("an opcode")?;
    let Some(op) = Op::from_number(number) else {
        return reader.fail_at(at, format!("there is no opcode with number {number}"));
    };
    match op.info().operand {
        Operand::None => Ok(Inst::bare(op)),
        _ => Ok(Inst::new(op, reader.u32("an argument")?)),
    }
}

/// Reads from `at` on; never past the end of `bytes`.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes of memory that the program may still take.
    memory: u64,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Reader<'a> {
        Reader { bytes, at, memory: MAX_FOOTPRINT }
    }

    /// Counts so much memory.
    fn charge(&mut self, bytes: u64) -> Result<(), ContainerError> {
        match self.memory.checked_sub(bytes) {
            Some(memory) => {
                self.memory = memory;
                Ok(())
            }
            None => self.fail_at(
                self.at,
                format!("the program would take more than {MAX_FOOTPRINT} bytes of memory"),
            ),
        }
    }

    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn fail_at<T>(&self, offset: usize, message: String) -> Result<T, ContainerError> {
        Err(ContainerError { offset, message })
    }

    fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], ContainerError> {
        let taken = self.at.checked_add(count).and_then(|end| self.bytes.get(self.at..end));
        let Some(taken) = taken else {
            return self.fail_at(self.at, format!("it ends inside {what}"));
        };
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], ContainerError> {
        let at = self.at;
        match self.take(N, what)?.try_into() {
            Ok(array) => Ok(array),
            Err(_) => self.fail_at(at, format!("it ends inside {what}")),
        }
    }

    fn byte(&mut self, what: &str) -> Result<u8, ContainerError> {
        let [byte] = self.array(what)?;
        Ok(byte)
    }

    fn flag(&mut self, what: &str) -> Result<bool, ContainerError> {
        let at = self.at;
        match self.byte(what)? {
            0 => Ok(false),
            1 => Ok(true),
            other => self.fail_at(at, format!("{what} must be 0 or 1, not {other}")),
        }
    }

    fn number(&mut self, what: &str) -> Result<u64, ContainerError> {
        let start = self.at;
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return self.fail_at(start, format!("{what} takes more bytes than it needs"));
                }
                return Ok(value);
            }
        }
        self.fail_at(start, format!("{what} is too large"))
    }

    fn u32(&mut self, what: &str) -> Result<u32, ContainerError> {
        let at = self.at;
        let value = self.number(what)?;
        u32::try_from(value).or_else(|_| self.fail_at(at, format!("{what} is too large")))
    }

    /// A number of things that take a byte each at least, so that what is left bounds it.
    fn count(&mut self, what: &str) -> Result<usize, ContainerError> {
        let at = self.at;
        let value = self.number(what)?;
        match usize::try_from(value) {
            Ok(count) if count <= self.left() => Ok(count),
            _ => {
                let left = self.left();
                self.fail_at(at, format!("{what} is {value}, but only {left} bytes are left"))
            }
        }
    }

    /// A list: its length, then its elements, which take so much memory each at the least.
    fn list<T>(
        &mut self,
        what: &str,
        footprint: u64,
        mut element: impl FnMut(&mut Self) -> Result<T, ContainerError>,
    ) -> Result<Vec<T>, ContainerError> {
        let count = self.count(&format!("the number of {what}"))?;
        self.charge(footprint.saturating_mul(count as u64))?;
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(list)
    }

    fn string(&mut self) -> Result<String, ContainerError> {
        let length = self.count("the length of a string")?;
        self.charge(length as u64)?;
        let at = self.at;
        let bytes = self.take(length, "a string")?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => self.fail_at(at + error.valid_up_to(), "a string is not valid UTF-8".to_owned()),
        }
    }
}

/// Puts the right checksum at the end of a damaged container, so that the damage is seen by what lies behind.
#[cfg(test)]
fn reseal(bytes: &mut [u8]) {
    let content = bytes.len() - CHECKSUM;
    let sum = checksum(&bytes[..content]);
    bytes[content..].copy_from_slice(&sum.to_le_bytes());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "container/tests.rs"]
mod tests;
