//! Programs of any size, for measuring what compiling costs.
//!
//! Stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise`: examples measure the third step with it.

use std::fmt::Write;

/// A loop whose body is this over and over: arithmetic on locals, a comparison, a branch. 16 instructions.
const BODY: &str = "load_local a\nload_local b\nadd\npush 7\nmul\npush 1023\nand\nstore_local c\nload_local c\nload_local a\nlt\njump_if_zero LABEL\nload_local a\npush 1\nsub\nstore_local a\n";

/// A program of one function, with two parameters, of this many instructions, at least 5, nearly all of them in one loop.
pub fn program(size: usize) -> String {
    let mut source = String::from("func main(a, b)\nlocal c\npush 0\nstore_local c\ntop:\n");
    let (mut count, mut label) = (2, 0);
    while count + 16 + 3 <= size {
        // Writing to a String cannot fail.
        let _ = writeln!(source, "{}L{label}:", BODY.replace("LABEL", &format!("L{label}")));
        label += 1;
        count += 16;
    }
    while count + 3 < size {
        source.push_str("nop\n");
        count += 1;
    }
    source.push_str("load_local a\njump_if_not_zero top\nhalt\n");
    source
}
