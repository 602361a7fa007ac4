//! Each pass on small functions: IR text before and after, in `tests/passes/*.ir`.
//!
//! A file holds cases: a line `=== passes: what the case shows`, the function, a line `--->`, and what the passes make of it. Set
//! `HOTSPOT_BLESS=1` to have the files rewritten with what they make now, and read the difference.
#![allow(clippy::unwrap_used)]

mod common;

use common::generate::{INTS, Random};
use common::wide::{Held, Wide, endings, evaluate, of_sign};
use hotspotvm_ir::opt::{PassCx, pass};
use hotspotvm_ir::parse::parse;
use hotspotvm_ir::verify::verify;
use hotspotvm_ir::{Function, Type};
use std::fmt::Write;

/// Whether the outcome stays what it was, on inputs small and extreme.
fn keeps_the_meaning(before: &Function, after: &Function) {
    let mut random = Random(5);
    for round in 0..40 {
        let mut int =
            || if round % 2 == 0 { random.pick(&INTS).into() } else { random.below(10) as i128 - 3 };
        let inputs: Vec<Wide> = before
            .inputs
            .iter()
            .map(|input| match input.ty {
                Type::Int => Wide::Int(of_sign(input.sign, int())),
                Type::Float => Wide::Float(int() as f64),
                Type::Bool => Wide::Bool(int() % 2 == 0),
                Type::Boxed if round % 7 == 6 => Wide::Boxed(Held::Float(0.5)),
                Type::Boxed => Wide::Boxed(Held::Int(int())),
            })
            .collect();
        let (allowed, complete) = endings(before, &inputs, 200);
        let ending = evaluate(after, &inputs, 200).unwrap();
        assert!(
            !complete || allowed.contains(&ending),
            "{inputs:?}: {ending:#?} is none of {allowed:#?}\n{before}\n{after}"
        );
    }
}

#[test]
fn passes_make_what_the_files_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/passes");
    let bless = std::env::var_os("HOTSPOT_BLESS").is_some();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut now = String::new();
        for case in text.split("=== ").skip(1) {
            let (title, rest) = case.split_once('\n').unwrap();
            let (passes, _) = title.split_once(':').unwrap();
            let (input, expected) = rest.split_once("--->\n").unwrap_or((rest, ""));
            let before = parse(input).unwrap_or_else(|e| panic!("{}, {title}: {e}", file.display()));
            verify(&before).unwrap_or_else(|e| panic!("{}, {title}: {e:#?}", file.display()));
            let mut after = before.clone();
            for name in passes.split_whitespace() {
                (pass(name).unwrap().run)(&mut after, &PassCx::new());
                verify(&after).unwrap_or_else(|e| panic!("{}, {title}: {e:#?}\n{after}", file.display()));
            }
            keeps_the_meaning(&before, &after);
            let made = after.to_string();
            if made.trim() != expected.trim() {
                wrong.push(format!("{}: {title}\nexpected:\n{expected}\nmade:\n{made}", file.display()));
            }
            let input = input.trim_end();
            writeln!(now, "=== {title}\n{input}\n--->\n{made}").unwrap();
            cases += 1;
        }
        if bless {
            std::fs::write(&file, now.trim_end().to_owned() + "\n").unwrap();
        }
    }
    assert!(cases >= 25, "{cases} cases found");
    assert!(bless || wrong.is_empty(), "{}", wrong.join("\n\n"));
}
