//! What programs over data structures become: small ones, and their bytecode, in `lowering.txt`. `HOTSPOT_BLESS=1` writes it anew; what
//! has changed there is to be read.
#![allow(clippy::unwrap_used)]

use hotspotvm_python::compile;
use std::fmt::Write;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lowering.txt");

#[test]
fn programs_become_this_bytecode() {
    let text = std::fs::read_to_string(FILE).unwrap();
    let (head, all) = text.split_once("## ").unwrap();
    let (mut found, mut count) = (head.to_owned(), 0);
    for one in all.split("\n## ") {
        let (title, rest) = one.split_once('\n').unwrap();
        let program = rest.split("\n--\n").next().unwrap().trim_end();
        let compiled = compile("p.py", &format!("{program}\n")).unwrap_or_else(|e| panic!("{}\n{one}", e[0]));
        let verified = bytecode::verify(compiled.program).unwrap_or_else(|e| panic!("{}\n{one}", e[0]));
        let code = bytecode::disasm::disassemble(verified.program());
        write!(found, "## {title}\n{program}\n--\n{}\n\n", code.trim_end()).unwrap();
        count += 1;
    }
    let found = format!("{}\n", found.trim_end());
    if std::env::var_os("HOTSPOT_BLESS").is_some() {
        std::fs::write(FILE, &found).unwrap();
    }
    assert!(count >= 15, "{count}");
    assert!(found == text, "{FILE} is not what is made now; HOTSPOT_BLESS=1 writes it anew");
}
