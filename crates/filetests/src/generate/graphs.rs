//! Programs whose graphs no structured language makes: jumps to anywhere, loops with several ways in, operands on the
//! stack where loops begin.
//!
//! Each block demands a height of the operand stack, and whoever goes there brings the stack to it; so all of them
//! verify. Most would never end: fuel stops them, at the same instruction in every tier.

use super::Random;
use std::fmt::Write;

/// Operands that a block may find on the stack.
const MOST_HEIGHT: u64 = 3;

/// The text of a program.
pub(super) fn program(random: &mut Random) -> String {
    let mut text = String::from("global g\n");
    let helpers = random.below(3);
    for function in 0..helpers {
        body(random, &mut text, &format!("f{function}"), function);
    }
    body(random, &mut text, "main", helpers);
    text
}

fn body(random: &mut Random, text: &mut String, name: &str, callable: u64) {
    let is_main = name == "main";
    let _ = writeln!(text, "func {name}({})\n    local a, b, c, n", if is_main { "" } else { "p" });
    let mut line = |words: &str| {
        let _ = writeln!(text, "    {words}");
    };
    for (local, value) in [("a", "1"), ("b", "0"), ("c", "2.5"), ("n", "0")] {
        line(&format!("push {value}"));
        line(&format!("store_local {local}"));
    }
    let blocks = 2 + random.below(7);
    let heights: Vec<u64> =
        (0..blocks).map(|block| if block == 0 { 0 } else { random.below(MOST_HEIGHT + 1) }).collect();
    for (block, &start) in heights.iter().enumerate() {
        let _ = writeln!(text, "L{block}:");
        let mut line = |words: &str| {
            let _ = writeln!(text, "    {words}");
        };
        let mut height = start;
        // Each function returns some time: its blocks count, and leave when they have counted enough.
        for words in ["load_local n", "push 1", "add", "dup", "store_local n", "push 400", "gt"] {
            line(words);
        }
        line(&format!("jump_if_not_zero leave{block}"));
        for _ in 0..random.below(6) {
            height = operation(random, &mut line, height, callable);
        }
        // Two ways on, brought to the same height.
        let (one, other) = (random.below(blocks), random.below(blocks));
        if random.chance(60) && heights[one as usize] == heights[other as usize] {
            settle(random, &mut line, height, heights[one as usize] + 1);
            line(&format!("jump_if_zero L{one}"));
            line(&format!("jump L{other}"));
        } else {
            settle(random, &mut line, height, heights[one as usize]);
            line(&format!("jump L{one}"));
        }
        let _ = writeln!(text, "leave{block}:");
        for _ in 0..start {
            let _ = writeln!(text, "    pop");
        }
        let _ = writeln!(text, "    jump out");
    }
    let _ = writeln!(text, "out:\n    load_local a\n    print\n    load_local b");
    let _ = writeln!(text, "{}\nend", if is_main { "    print\n    halt" } else { "    ret" });
}

/// One thing that a block does; the height after it.
fn operation(random: &mut Random, line: &mut impl FnMut(&str), height: u64, callable: u64) -> u64 {
    let local = random.pick(&["a", "b", "c", "g"]);
    let (load, store) = match local {
        "g" => ("load_global g".to_owned(), "store_global g".to_owned()),
        _ => (format!("load_local {local}"), format!("store_local {local}")),
    };
    match random.below(8) {
        0 | 1 if height < 6 => line(&load),
        2 if height > 0 => {
            line(&store);
            return height - 1;
        }
        3 if height > 1 => {
            line(random.pick(&["add", "sub", "mul", "and", "xor", "lt", "eq", "ge", "floordiv"]));
            return height - 1;
        }
        4 if height > 1 => {
            line("swap");
            return height;
        }
        5 if height > 0 && callable > 0 => {
            line(&format!("call f{}", random.below(callable)));
            return height;
        }
        6 if height < 6 => {
            line(&format!("push {}", random.pick(&["0", "1", "-1", "3", "0.5", "70000", "9007199254740993"])))
        }
        7 if height > 0 && height < 6 => line("dup"),
        _ => return height,
    }
    height + 1
}

/// Brings the stack to a height.
fn settle(random: &mut Random, line: &mut impl FnMut(&str), height: u64, wanted: u64) {
    for _ in wanted..height {
        line(random.pick(&["pop", "store_local b"]));
    }
    for _ in height..wanted {
        line(random.pick(&["load_local a", "load_local b", "push 1", "load_local n"]));
    }
}
