//! The text of a function: what each part looks like, and what is said of text that is wrong.
#![allow(clippy::unwrap_used)]

use hotspotvm_ir::Origin;
use hotspotvm_ir::parse::parse;

const ALL_OF_IT: &str = "\
function main@2 (bytecode function 0, entry pc 2)
b0(v0: int = local 0, v1: float = stack 1, v2: boxed = local 3, v3: bool = local 4): ; pc 2
    v4: int = const_int -9223372036854775808
    v5: int = int_add v0, v4 exit @0                    ; pc 4
    v6: float = const_float -0.0                        ; f1:pc 4
    v7: float = const_float nan:0xfff8000000000001      ; f1:pc 0
    v8: float = const_float 1e300                       ; pc 4
    v9: float = const_float -inf
    v10: bool = const_bool true
    v11: boxed = const_boxed 0xfff9000000000000
    v12: bool = int_compare le v0, v4                   ; pc 7
    v13: bool = float_compare ne v1, v6                 ; pc 5
    v14: boxed = call_binary floordiv v2, v11 exit @1
    v15: boxed = call_binary ge v2, v11 exit @1
    v16: boxed = call_unary invert v2 exit @1
    v17: boxed = load_global g3
    store_global g3 v17
    charge 7 back_edge exit @1
    charge 8 exit @1
    print v16 exit @0
    count 17
    count_if 18 v3
    branch v3, b1(v5, v1), b2
b1(v18: int, v19: float):                               ; pc 9
    jump b1(v18, v19)
b2:                                                     ; pc 0
    exit region_end @0
b3:                                                     ; f12:pc 12
    exit unreached @none
@0 = f0:pc4 execute locals[v0 - v3] stack[v1 v2]
@1 = f1:pc2 transfer back_edge locals[] stack[] caller @0
@2 = f1:pc3 transfer locals[v12] stack[]
unused v20: int
";

#[test]
fn every_part_reads_back_to_the_same_text() {
    let f = parse(ALL_OF_IT).unwrap();
    assert_eq!(f.to_string(), ALL_OF_IT);
    assert_eq!(hotspotvm_ir::verify::verify(&f), Ok(()));
}

#[test]
fn names_with_spaces_and_quotes_are_quoted() {
    for name in ["", "a b", "\"", "\\", "ä(;", "line\nbreak", "<lambda>@3", "a;b"] {
        let mut f = parse(ALL_OF_IT).unwrap();
        f.name = name.to_owned();
        assert_eq!(parse(&f.to_string()).unwrap(), f, "{f}");
    }
}

#[test]
fn comments_and_space_do_not_matter() {
    let spaced = "; first\n\n  function   f(bytecode function 1,entry pc 2) ; name\n b0 : ; a comment
        ; between\n v0 :int=const_int 1;pc 5\n\texit halt @0 ; done\n@0=f1:pc5 execute locals[ ]stack[v0 ]\n";
    let f = parse(spaced).unwrap();
    let pc = |pc| Origin { function: 1, pc };
    assert_eq!((f.blocks[0].origin, f.blocks[0].insts[0].origin), (pc(0), pc(5)));
}

/// Each error names the line, the column, and what would have been right.
#[test]
fn errors_name_the_place_and_what_was_expected() {
    let body = |lines: &str| {
        format!("function f (bytecode function 0, entry pc 0)\nb0(v0: int = local 0):\n{lines}")
    };
    let cases = [
        (String::new(), (1, 1), "expected `function name"),
        ("fun f".to_owned(), (1, 1), "expected `function`, found `fun`"),
        (
            "function f (bytecode function -1, entry pc 0)".to_owned(),
            (1, 31),
            "expected the number of a bytecode function",
        ),
        ("function \"f (b".to_owned(), (1, 15), "expected `\"`"),
        ("function \"\\q\"".to_owned(), (1, 11), "expected an escape"),
        (body("    v1: int = int_foo v0\n"), (3, 15), "expected an instruction"),
        (body("    v1: int = int_add v0 exit @0\n"), (3, 26), "expected `,`, found `exit`"),
        (body("    v1: int = int_add v0, v0\n"), (3, 29), "expected `exit`, found the end of the line"),
        (body("    v1: int = int_not v0 exit @0\n"), (3, 26), "expected the end of the line, found `exit`"),
        (body("    v1: string = int_not v0\n"), (3, 9), "expected a type"),
        (body("    int_not v0\n"), (3, 5), "`int_not` has a result"),
        (body("    v1: int = print v0 exit @0\n"), (3, 15), "`print` has no result"),
        (body("    v0: int = int_not v0\n"), (3, 5), "v0 is defined twice"),
        (body("    v1: int = int_not v7\n    exit halt @0\n"), (3, 23), "v7 is not defined"),
        (body("    v4000000000: int = int_not v0\n"), (3, 5), "beyond what a text of this length"),
        (body("    v1: int = const_int 9223372036854775808\n"), (3, 25), "expected an int of 64 bits"),
        (body("    v1: float = const_float nan\n"), (3, 29), "expected a float"),
        (body("    v1: float = const_float nan:0x1\n"), (3, 33), "expected the bits of a NaN"),
        (body("    v1: boxed = const_boxed 0x11112222333344445\n"), (3, 29), "expected 64 bits"),
        (body("    v1: bool = int_compare less v0, v0\n"), (3, 28), "expected a comparison"),
        (body("    v1: boxed = load_global 3\n"), (3, 29), "expected a global like `g0`"),
        (body("    exit because @0\n"), (3, 10), "expected an exit reason"),
        (body("    jump c1\n"), (3, 10), "expected a block like `b0`"),
        (body("    exit halt @0\n    jump b0\n"), (4, 5), "expected a block like `b0:`"),
        (body("    exit halt @0\nb2:\n"), (4, 1), "expected `b1`, the next block"),
        (body("b1:\n"), (3, 1), "expected the end of the block before"),
        (body("    v1: int = int_not v0\n"), (3, 1), "expected the end of the last block"),
        (
            body("    exit halt @0\n@1 = f0:pc0 execute locals[] stack[]\n"),
            (4, 1),
            "expected `@0`, the next frame state",
        ),
        (
            body("    exit halt @0\n@0 = f0:pc0 resume locals[] stack[]\n"),
            (4, 13),
            "expected `execute` or `transfer`",
        ),
        (body("    exit halt @0\n@0 = f0:pc0 execute locals[v0\n"), (4, 30), "expected a value like `v0`"),
        (body("    exit halt @0\nunused v2: int\n"), (4, 1), "v1 is not defined, but a higher value is"),
    ];
    for (text, place, message) in cases {
        let error = parse(&text).unwrap_err();
        assert_eq!((error.line, error.column), place, "{error}\n{text}");
        assert!(error.message.contains(message), "{error}\nlacks: {message}");
    }
}

/// Columns count characters, and nothing is cut within one.
#[test]
fn columns_count_characters() {
    let error = parse("function \"äöü\" {").unwrap_err();
    assert_eq!((error.line, error.column), (1, 16));
}
