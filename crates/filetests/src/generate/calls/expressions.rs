//! The expressions of programs with calls.

use super::{Kind, Writer};
use crate::generate::{COMPARE, FLOATS, INTS, OTHERS};
use Kind::{Any, Int, Number, Text};

impl Writer<'_> {
    fn leaf(&mut self, kind: Kind) {
        if self.random.chance(self.changes) && kind != Int && kind != Text {
            // Changes its type under way.
            let (other, end) = (self.label(), self.label());
            let after = *self.random.pick(&[&2, &9, &14, &33]);
            let flips = self.random.chance(30);
            self.line("load_global g2");
            self.line(&format!("push {}", if flips { 3 } else { after }));
            self.line(if flips { "mod" } else { "lt" });
            self.line(&format!("jump_if_zero {other}"));
            let first = if self.random.chance(70) { Int } else { kind };
            self.constant(first);
            self.line(&format!("jump {end}"));
            self.place(&other);
            self.constant(kind);
            self.place(&end);
            return;
        }
        let fits = |k: Kind| k == kind || kind == Any || kind == Number && k == Int;
        let locals: Vec<String> =
            self.locals.iter().filter(|(_, k)| fits(*k)).map(|(name, _)| name.clone()).collect();
        match self.random.below(10) {
            0..=4 if !locals.is_empty() => {
                let local = locals[self.random.below(locals.len() as u64) as usize].clone();
                self.line(&format!("load_local {local}"));
            }
            5 | 6 if fits(Int) && self.depth > 0 => {
                let counter = self.random.below(u64::from(self.depth));
                self.line(&format!("load_local i{counter}"));
            }
            7 if fits(Int) => {
                let bounded = self.current.is_some_and(|index| self.functions[index].recursive);
                let from = if bounded { "load_local n" } else { "load_global g2" };
                self.line(from);
            }
            8 if fits(Int) => self.line("load_global g0"),
            9 if fits(Number) => self.line("load_global g1"),
            _ => self.constant(kind),
        }
    }

    pub(super) fn constant(&mut self, kind: Kind) {
        let constant = match kind {
            Int if self.random.chance(70) => format!("{}", self.random.below(20) as i64 - 5),
            Int => self.random.pick(&INTS).to_string(),
            Number if self.random.chance(30) => format!("{}", self.random.below(9)),
            Number if self.random.chance(30) => self.random.pick(&FLOATS).to_string(),
            Number => self.random.pick(&FLOATS[2..6]).to_string(),
            Text => self.random.pick(&OTHERS[3..]).to_string(),
            Any => match self.random.below(3) {
                0 => self.random.pick(&OTHERS).to_string(),
                1 => self.random.pick(&FLOATS).to_string(),
                _ => self.random.pick(&INTS).to_string(),
            },
        };
        self.line(&format!("push {constant}"));
    }

    pub(super) fn expression(&mut self, kind: Kind, size: u32) {
        let kind = if self.random.chance(self.nasty / 4) { Any } else { kind };
        if size == 0 {
            return self.leaf(kind);
        }
        if self.random.chance(22) {
            return self.any_call(kind);
        }
        match kind {
            Int => self.int_expression(size),
            Number => self.number_expression(size),
            Text => {
                self.expression(Text, size - 1);
                match self.random.below(8) {
                    0 => {
                        self.line("push \"y\"");
                        self.line("add");
                    }
                    1 => {
                        let times = self.random.below(3);
                        self.line(&format!("push {times}"));
                        self.line("mul");
                    }
                    _ => {}
                }
            }
            Any => match self.random.below(5) {
                0 => self.expression(Int, size - 1),
                1 => self.expression(Number, size - 1),
                2 => self.expression(Text, size - 1),
                3 => {
                    self.expression(Any, size - 1);
                    self.expression(Any, size - 1);
                    let op = self.random.pick(&["eq", "ne"]).to_string();
                    self.line(&op);
                }
                _ => {
                    self.expression(Any, size - 1);
                    self.line("not");
                }
            },
        }
    }

    fn int_expression(&mut self, size: u32) {
        self.expression(Int, size - 1);
        let line = |lines: &[&str], w: &mut Self| lines.iter().for_each(|l| w.line(l));
        match self.random.below(18) {
            0..=5 => {
                self.expression(Int, size - 1);
                let op = self.random.pick(&["add", "sub", "mul", "add", "sub"]).to_string();
                self.line(&op);
            }
            6 | 7 => {
                let divisor = self.random.pick(&["2", "3", "7", "-1", "-3", "64", "1000003"]).to_string();
                self.line(&format!("push {divisor}"));
                let op = self.random.pick(&["floordiv", "mod"]).to_string();
                self.line(&op);
            }
            8 => {
                self.expression(Int, size - 1);
                let op = self.random.pick(&["and", "or", "xor"]).to_string();
                self.line(&op);
            }
            9 => {
                let count = self.random.below(9);
                self.line(&format!("push {count}"));
                let op = self.random.pick(&["shl", "shr"]).to_string();
                self.line(&op);
            }
            10 => {
                let op = self.random.pick(&["neg", "invert", "not"]).to_string();
                self.line(&op);
            }
            11 => {
                self.expression(Int, size - 1);
                let op = self.random.pick(&COMPARE).to_string();
                self.line(&op);
            }
            12 => {
                self.expression(Int, size - 1);
                line(&["swap", "sub"], self);
            }
            13 => {
                self.expression(Int, size - 1);
                line(&["over", "add", "sub"], self);
            }
            14 => {
                self.expression(Int, size - 1);
                self.expression(Int, 0);
                line(&["rot", "sub", "add"], self);
            }
            15 => line(&["dup", "push 7", "and", "add"], self),
            16 => line(&["push 15", "and", "push 3", "pow"], self),
            _ => {
                line(&["push 3", "and", "push 2", "swap", "pow"], self);
            }
        }
    }

    fn number_expression(&mut self, size: u32) {
        self.expression(Number, size - 1);
        match self.random.below(12) {
            0..=5 => {
                self.expression(Number, size - 1);
                let op = self.random.pick(&["add", "sub", "mul", "add", "sub"]).to_string();
                self.line(&op);
            }
            6 | 7 => {
                let divisor = self.random.pick(&["3.5", "-0.25", "7", "1e10"]).to_string();
                self.line(&format!("push {divisor}"));
                let op = self.random.pick(&["div", "floordiv", "mod"]).to_string();
                self.line(&op);
            }
            8 => {
                let op = self.random.pick(&["neg", "not"]).to_string();
                self.line(&op);
            }
            9 => {
                self.expression(Number, 0);
                self.expression(Int, 0);
                for line in ["rot", "swap", "sub", "add"] {
                    self.line(line);
                }
            }
            10 => {
                self.expression(Number, 0);
                let op = self.random.pick(&COMPARE).to_string();
                self.line(&op);
            }
            _ => {}
        }
    }
}
