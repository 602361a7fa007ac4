//! What the assembler says of broken sources: message, line, column and the text that is meant.

#![allow(clippy::unwrap_used)]

use hotspotvm_bytecode::asm::{MAX_SOURCE, assemble};
use hotspotvm_bytecode::diagnostic::{Diagnostic, Severity};

fn errors(source: &str) -> Vec<Diagnostic> {
    assemble("t.hasm", source).unwrap_err()
}

/// One error: `line:column: message`, the text of its span, and its hint.
#[track_caller]
fn check(source: &str, place_and_message: &str, meant: &str, hint: &str) {
    let all = errors(source);
    let shown: Vec<String> = all.iter().map(|e| e.to_string()).collect();
    assert_eq!(all.len(), 1, "{shown:#?}");
    let error = &all[0];
    assert_eq!(error.severity, Severity::Error);
    let place = &error.place;
    assert_eq!(place.source_name, "t.hasm");
    assert_eq!(format!("{}:{}: {}", place.line, place.column, error.message), place_and_message);
    assert_eq!(&source[place.span.clone().unwrap()], meant);
    assert_eq!(error.hint.as_deref().unwrap_or(""), hint);
}

#[test]
fn instructions() {
    check(
        "push 1\n  lod_local 0\n",
        "2:3: unknown instruction `lod_local`",
        "lod_local",
        "did you mean `load_local`?",
    );
    check("frobnicate", "1:1: unknown instruction `frobnicate`", "frobnicate", "");
    check("fun f()", "1:1: unknown instruction `fun`", "fun", "did you mean `func`?");
    check("push", "1:5: `push` needs an operand", "", "expected a number, a \"string\", true, false or none");
    check("a: jump ; a", "1:8: `jump` needs an operand", "", "expected a label or a pc");
    check(
        "load_local",
        "1:11: `load_local` needs an operand",
        "",
        "expected the name or slot number of a local",
    );
    check("add 1 2", "1:5: `add` takes no operand", "1 2", "");
    check("push 1, 2", "1:7: `push` takes one operand", ", 2", "");
    check("jump (x)", "1:7: `jump` takes one operand", "x)", "");
    check("jump )", "1:6: expected a label or a pc, found `)`", ")", "");
}

#[test]
fn literals() {
    check("push 12abc", "1:6: `12abc` is not a number, string, true, false or none", "12abc", "");
    check(
        "push total",
        "1:6: `total` is not a number, string, true, false or none",
        "total",
        "to push a local write `load_local total`",
    );
    check(
        "push 'a'",
        "1:6: `'a'` is not a number, string, true, false or none",
        "'a'",
        "strings stand in double quotes",
    );
    check("push 0b12", "1:6: `2` is not a digit in base 2", "0b12", "");
    check("push 0x", "1:6: `0x` has no digits", "0x", "");
    check("push 1__0", "1:6: an underscore in `1__0` is not between digits", "1__0", "");
    check(
        "push \"é\\q\"",
        "1:8: unknown escape `\\q`",
        "\\q",
        "the escapes are \\n \\t \\r \\0 \\\\ \\\" \\' \\xNN \\u{...}",
    );
    check(
        "push \"abc ; no",
        "1:6: this string is not closed",
        "\"abc ; no",
        "a string ends with `\"` on the line where it starts; write a line feed as `\\n`",
    );
    let digits = "7".repeat(4301);
    check(
        &format!("push -{digits}"),
        "1:6: this int has 4301 digits; in decimal, 4300 are allowed, as in CPython",
        &format!("-{digits}"),
        "write it in hexadecimal (0x...): there, 1048576 bits are allowed",
    );
}

#[test]
fn labels_and_targets() {
    check("loop:\n jump lopo", "2:7: unknown label `lopo`", "lopo", "did you mean `loop`?");
    check(
        "jump 3\nnop",
        "1:6: target 3 is out of range: `main` has 2 instructions",
        "3",
        "`jump` can go to pc 0 to pc 2; the last one ends the program",
    );
    check("jump -1", "1:6: `-1` is not a pc", "-1", "a pc is a decimal number from 0");
    check("a:\nnop\na: nop", "3:1: label `a` is already defined", "a", "it is first defined on line 1");
    check(
        "0: nop",
        "1:1: `0` can't be a label",
        "0",
        "labels are names; the pc of an instruction is not written down",
    );
    check("a: func f()\n", "1:1: a label can't stand before `func`", "a", "");
    check(
        "func f()\nend\nx: nop",
        "3:1: this label stands outside any function",
        "x",
        "write `func main()` before it, or put it into the function it belongs to",
    );
}

#[test]
fn locals_and_globals() {
    check(
        "func f(count)\nload_local cuont\nret",
        "2:12: unknown local `cuont`",
        "cuont",
        "did you mean `count`?",
    );
    check(
        "func f()\nload_local x\nret",
        "2:12: unknown local `x`",
        "x",
        "declare it with `local x` or store to it",
    );
    check(
        "func f(a)\nload_local 1\nret",
        "2:12: slot 1 is out of range: `f` has 1 local",
        "1",
        "declare more with `local x, y`",
    );
    check(
        "load_local 65535",
        "1:12: slot 65535 is out of range: a function has at most 65535 locals",
        "65535",
        "",
    );
    check(
        "load_local 0x1",
        "1:12: `0x1` is not a slot number",
        "0x1",
        "a slot number is a decimal number from 0",
    );
    check("load_global x", "1:13: unknown global `x`", "x", "declare it with `global x`");
    check("global total\nload_global totl", "2:13: unknown global `totl`", "totl", "did you mean `total`?");
    check(
        "global a\nload_global 1",
        "2:13: slot 1 is out of range: the program has 1 global",
        "1",
        "declare globals with `global x, y`",
    );
    check("global a\nglobal b, a", "2:11: global `a` is already declared", "a", "");
    check("local a, a", "1:10: local `a` is already declared", "a", "");
    check("local", "1:6: `local` needs a name", "", "write `local x, y`");
    check("local a b", "1:9: expected `,` between names, found `b`", "b", "");
    check("local a,", "1:8: expected a name after `,`", ",", "");
    check(
        "global 7",
        "1:8: `7` is not a name",
        "7",
        "names are a letter or `_`, then letters, digits, `_` and `.`; others stand in double quotes",
    );
}

#[test]
fn functions() {
    check(
        "func f()\nret\nfunc f()\nret",
        "3:6: function `f` is already defined",
        "f",
        "it is first defined on line 1",
    );
    check("func f(a, a)\nret", "1:11: there are two parameters named `a`", "a", "");
    check(
        "func f(a\nload_local a\nret",
        "1:9: expected `)` after the parameters",
        "",
        "write `func name(a, b)`",
    );
    check(
        "func f a\nload_local a\nret",
        "1:8: expected `(` after the function's name, found `a`",
        "a",
        "write `func name(a, b)`",
    );
    check("func\nload_local a", "1:5: `func` needs a name", "", "write `func name(a, b)`");
    check("func f() x\nhalt", "1:10: nothing can follow `)` here", "x", "");
    check("func fib()\ncall fbi\nret", "2:6: unknown function `fbi`", "fbi", "did you mean `fib`?");
    check("call 1", "1:6: index 1 is out of range: the program has 1 function", "1", "");
    check("nop\nend", "2:1: `end` without `func`", "end", "");
    check(
        "nop\nfunc f()\nhalt",
        "1:1: this instruction stands outside any function",
        "nop",
        "write `func main()` before it, or put it into the function it belongs to",
    );
    check("entry f\nfunc g()\nhalt", "1:7: unknown function `f`", "f", "");
    check("func g()\nhalt\nentry g\nentry g", "4:1: the entry is already named", "entry", "");
    check("func g()\nhalt\nentry g shut", "3:9: only `open` can follow the name of the entry", "shut", "");
}

#[test]
fn columns_count_characters() {
    check("push \"éé\" x\r\nnop", "1:11: `push` takes one operand", "x", "");
    check("\u{feff}add 1", "1:5: `add` takes no operand", "1", "");
    check("\"\"", "1:1: expected an instruction, found `\"\"`", "\"\"", "");
}

#[test]
fn several_errors_in_order_of_the_text() {
    let source = "func main()\n load_local x\n psh 1\n call g\n jump nowhere\nend\nfunc f()\n add 1\n ret\n";
    let shown: Vec<String> = errors(source).iter().map(|e| e.to_string()).collect();
    assert_eq!(
        shown,
        [
            "t.hasm:2:13: error: unknown local `x`\n  hint: declare it with `local x` or store to it",
            "t.hasm:3:2: error: unknown instruction `psh`\n  hint: did you mean `push`?",
            "t.hasm:4:7: error: unknown function `g`",
            "t.hasm:5:7: error: unknown label `nowhere`",
            "t.hasm:8:6: error: `add` takes no operand",
        ]
    );
    assert_eq!(errors(source)[0].place.function.as_deref(), Some("main"));
}

#[test]
fn fifty_errors_and_a_count() {
    let all = errors(&"oops\n".repeat(73));
    assert_eq!(all.len(), 51);
    assert_eq!(all[50].to_string(), "t.hasm: error: and 23 more errors");
    assert_eq!(all[49].place.line, 50);
}

#[test]
fn sources_beyond_the_cap() {
    let all = errors(&" ".repeat(MAX_SOURCE + 1));
    assert_eq!(all[0].to_string(), "t.hasm: error: the source has 16777217 bytes; 16777216 are allowed");
    assert_eq!(assemble("t", &" ".repeat(MAX_SOURCE)).unwrap().functions[0].code.len(), 1);
}

#[test]
fn messages_stay_short_and_on_one_line() {
    let all = errors(&format!("{}\u{1b}[31m", "x".repeat(30)));
    assert!(all[0].message.ends_with("xx\\u{1b}[31m`"), "{}", all[0].message);
    let all = errors(&"y".repeat(100_000));
    assert!(all[0].message.len() < 80);
}
