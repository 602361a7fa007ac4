//! Tests of the container: what is written is read, and damage of any kind draws an error that says where.

use super::*;
use crate::asm::assemble;

const SOURCE: &str = "global g, \"h i\"\nfunc main(n)\nlocal a\npush 1\npush -300\npush 9223372036854775808\n\
    push -0x1_0000_0000_0000_0000\npush 1.5\npush nan\npush \"h\u{e9}\"\npush none\npush true\npush false\n\
    push -9223372036854775808\nload_local n\ncall f\nstore_global g\nhalt\nfunc f(x)\ntop: load_local x\n\
    jump_if_zero top\npush 1\nret\n";

fn sample() -> Program {
    let mut program = assemble("é.hasm", SOURCE).unwrap();
    program.functions[1].lines = vec![u32::MAX, 0, 7, 3];
    program
}

/// A container with these sections, well sealed.
fn sealed(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, content) in sections {
        body.push(*number);
        put(&mut body, content.len() as u64);
        body.extend_from_slice(content);
    }
    let mut out = b"HSBC\x01\x00".to_vec();
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(&body);
    out.extend_from_slice(&[0; CHECKSUM]);
    reseal(&mut out);
    out
}

fn message(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read() {
    let program = sample();
    let bytes = write(&program);
    assert!(is_container(&bytes));
    assert_eq!(read(&bytes).unwrap(), program);
    assert_eq!(read(&write(&Program::default())).unwrap(), Program::default());
}

#[test]
fn what_takes_too_much_memory_is_refused_before_it_takes_it() {
    // A byte each, and 64 bytes in memory: 20 MiB would be more than a GiB.
    let mut constants = Vec::new();
    put(&mut constants, 20 << 20);
    constants.resize(constants.len() + (20 << 20), 0);
    let bytes = sealed(&[(1, &[0, 0, 0]), (2, &constants), (3, &[0]), (4, &[0])]);
    assert_eq!(
        message(&bytes),
        "not a valid container: the program would take more than 268435456 bytes of memory (at byte 28)"
    );
    let mut program = sample();
    assert!(program.footprint() < 64 * 64);
    program.globals = vec![String::new(); 5_000_000];
    assert!(read(&write(&program)).is_err());
    assert!(crate::verify(program).is_err());
}

#[test]
fn nans_become_one() {
    let odd = f64::from_bits(0xfff0_dead_beef_0001);
    let mut constants = vec![1, 5];
    constants.extend_from_slice(&odd.to_bits().to_le_bytes());
    let bytes = sealed(&[(1, &[0, 0, 0]), (2, &constants), (3, &[0]), (4, &[0])]);
    let Const::Float(value) = read(&bytes).unwrap().constants[0] else { panic!() };
    assert_eq!(value.to_bits(), 0x7ff8_0000_0000_0000);
}

#[test]
fn refusals_say_what_and_where() {
    let good = write(&sample());
    assert_eq!(message(b""), "not a valid container: it does not begin with `HSBC` (at byte 0)");
    assert_eq!(message(b"HSBC\x01"), "not a valid container: it ends inside the version (at byte 4)");
    assert_eq!(
        message(b"HSBC\x02\x00"),
        "not a valid container: it has version 2; this program reads version 1 (at byte 4)"
    );
    let cut = message(&good[..good.len() - 1]);
    assert!(cut.contains("it is cut off: its sections should have"), "{cut}");
    let mut long = good.clone();
    long.push(0);
    assert!(message(&long).contains("it is too long"));
    let mut damaged = good.clone();
    damaged[20] ^= 1;
    assert!(message(&damaged).contains("its checksum does not match"));

    let head: &[u8] = &[0, 0, 0];
    let inner = |sections: &[(u8, &[u8])]| read(&sealed(sections)).unwrap_err().message;
    assert_eq!(inner(&[(2, &[0])]), "expected section 1 (program), found 2");
    assert_eq!(inner(&[(1, head), (2, &[1, 9])]), "there is no kind of constant with number 9");
    assert_eq!(inner(&[(1, head), (2, &[0, 0])]), "section constants has 1 bytes too many");
    assert_eq!(inner(&[(1, &[0, 0, 2])]), "whether the entry is open must be 0 or 1, not 2");
    assert_eq!(inner(&[(1, &[0, 0x80, 0, 0])]), "the entry takes more bytes than it needs");
    assert_eq!(inner(&[(1, &[0, 0xff, 0xff, 0xff, 0xff, 0x10, 0])]), "the entry is too large");
    let eleven = [&[0u8][..], &[0xff; 10], &[1, 0]].concat();
    assert_eq!(inner(&[(1, &eleven)]), "the entry is too large");
    assert_eq!(inner(&[(1, &[1, 0xff, 0, 0])]), "a string is not valid UTF-8");
    assert_eq!(inner(&[(1, head), (2, &[1, 4, 0, 1, 5])]), "an int is not in its smallest form");
    assert_eq!(
        inner(&[(1, head), (2, &[1, 4, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 0])]),
        "an int is not in its smallest form"
    );
    let claim = [&[0xff; 8][..], &[0x7f]].concat();
    assert_eq!(
        inner(&[(1, head), (2, &claim)]),
        "the number of constants is 9223372036854775807, but only 0 bytes are left"
    );
    let rest: &[(u8, &[u8])] = &[(1, head), (2, &[0]), (3, &[0])];
    let function = |code: &[u8]| inner(&[rest, &[(4, &[&[1, 0, 0, 0][..], code].concat())]].concat());
    assert_eq!(function(&[1, 0xee, 0]), "there is no opcode with number 238");
    assert_eq!(function(&[1, 0, 1]), "a source line is out of range");
    assert_eq!(function(&[1, 0]), "it ends inside a source line");
    assert_eq!(inner(&[rest, &[(4, &[0]), (5, &[])]].concat()), "2 bytes follow the last section");
}

/// Damaged containers, with and without a right checksum: an error or a program, never a panic.
#[test]
fn mutations_are_refused_or_read() {
    let good = write(&sample());
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut read_well = 0;
    for round in 0..6000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = random(256) as u8,
                1 => bytes[at] ^= 1 << random(8),
                2 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, random(256) as u8),
            }
        }
        if bytes == good {
            continue;
        }
        if round % 3 == 0 {
            bytes.truncate(random(good.len()));
            assert!(read(&bytes).is_err());
            continue;
        }
        assert!(read(&bytes).is_err(), "the checksum sees any damage");
        if bytes.len() > HEADER + CHECKSUM {
            let length = (bytes.len() - HEADER - CHECKSUM) as u64;
            bytes[..HEADER].copy_from_slice(&good[..HEADER]);
            bytes[6..HEADER].copy_from_slice(&length.to_le_bytes());
            reseal(&mut bytes);
            match read(&bytes) {
                Ok(program) => {
                    read_well += 1;
                    let again = write(&program);
                    assert_eq!(read(&again).unwrap(), program);
                    let _ = crate::verify(program);
                }
                Err(error) => assert!(error.offset <= bytes.len(), "{error}"),
            }
        }
    }
    assert!(read_well > 100, "{read_well}");
}

#[test]
fn every_prefix_is_refused() {
    let good = write(&sample());
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err());
    }
}
