//! Programs about lists: hot loops that read, write, grow, shrink, alias and walk them, with elements of all kinds, and indices that are
//! mostly there; and about errors that they handle.

use super::{FLOATS, INTS, OTHERS, Random};
use std::fmt::Write;

/// Locals that hold lists, of which some are the same.
const LISTS: [&str; 3] = ["xs", "ys", "zs"];

struct Lists<'r> {
    random: &'r mut Random,
    text: String,
    labels: u32,
    /// How nasty: percent of values and indices that break the rules.
    nasty: u64,
    /// Statements that may still be written.
    budget: u32,
}

/// The text of a program about lists.
pub fn program(random: &mut Random) -> String {
    let nasty = *random.pick(&[&0, &0, &3, &10, &30]);
    let mut writer = Lists { random, text: String::new(), labels: 0, nasty, budget: 26 };
    writer.text.push_str("global shared\n");
    writer.helper();
    writer.main();
    writer.text
}

impl Lists<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "    {text}");
    }

    fn lines(&mut self, text: &str) {
        text.split_terminator('\n').for_each(|line| self.line(line));
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("L{}", self.labels)
    }

    /// A function that is small enough to be inlined, and changes what it gets.
    fn helper(&mut self) {
        let _ = writeln!(self.text, "func touch(xs, i)");
        match self.random.below(4) {
            0 => self.lines("load_local xs\nload_local i\nmethod \"append 1\"\npop"),
            1 => self.lines("load_local xs\npush 0\nload_local i\nstore_index"),
            2 => self.lines("load_local xs\nload_global shared\nmethod \"append 1\"\npop"),
            _ => self.lines("load_local xs\nstore_global shared"),
        }
        self.lines("load_local xs\nbuiltin1 len\nret");
        let _ = writeln!(self.text, "end\nfunc fails(xs, i)");
        match self.random.below(3) {
            0 => self.lines("load_local xs\nload_local i\nindex\nret"),
            1 => self.lines("load_local i\nload_local i\npush 4\nmod\nfloordiv\nret"),
            _ => self.lines("try own\nload_local xs\nload_local i\nindex\nend_try\nret\nown:\nreraise"),
        }
        let _ = writeln!(self.text, "end");
    }

    fn main(&mut self) {
        let _ = writeln!(self.text, "func main()");
        self.line("local xs, ys, zs, i, j, n, v, w, it");
        for list in LISTS {
            if list != "xs" && self.random.chance(30) {
                self.line("load_local xs");
            } else {
                let count = 1 + self.random.below(5);
                for _ in 0..count {
                    self.value(false);
                }
                self.line(&format!("list {count}"));
            }
            self.line(&format!("store_local {list}"));
        }
        self.lines("push 0\nstore_global shared\npush 0\nstore_local n\npush 1\nstore_local v\npush 2\nstore_local w");
        for _ in 0..1 + self.random.below(3) {
            let rounds = 10 + self.random.below(120);
            self.counted("i", rounds, 0);
        }
        for local in ["n", "v", "w", "xs", "ys", "zs"] {
            self.lines(&format!("load_local {local}\nprint"));
        }
        self.lines("push none\nret");
        let _ = writeln!(self.text, "end");
    }

    fn counted(&mut self, counter: &str, rounds: u64, depth: u32) {
        let head = self.label();
        self.lines(&format!("push 0\nstore_local {counter}"));
        let _ = writeln!(self.text, "{head}:");
        for _ in 0..2 + self.random.below(4) {
            self.statement(depth);
        }
        self.lines(&format!(
            "load_local {counter}\npush 1\nadd\ndup\nstore_local {counter}\npush {rounds}\nlt\njump_if_not_zero {head}"
        ));
    }

    fn list(&mut self) -> &'static str {
        self.random.pick(&LISTS)
    }

    /// Pushes a list; seldom something else.
    fn push_list(&mut self) -> &'static str {
        let list = self.list();
        if self.random.chance(self.nasty / 4) {
            self.line("load_local v");
        } else {
            self.line(&format!("load_local {list}"));
        }
        list
    }

    /// Pushes an index into a list: mostly one that is there.
    fn index(&mut self, list: &str) {
        match self.random.below(6) {
            0 => self.line("push 0"),
            1 => self.line("push -1"),
            2 | 3 => self.lines(&format!("load_local i\nload_local {list}\nbuiltin1 len\nmod")),
            4 if self.random.chance(self.nasty) => {
                let other = self.random.pick(&[
                    "load_local i",
                    "push 1.0",
                    "push true",
                    "push 99999999999999999999",
                    "push -7",
                ]);
                self.line(other);
            }
            _ => self.lines(&format!("load_local {list}\nbuiltin1 len\npush 1\nsub")),
        }
    }

    /// Pushes a value for a slot.
    fn value(&mut self, in_loop: bool) {
        match self.random.below(10) {
            0..=3 if in_loop => self.line("load_local i"),
            4 if in_loop => self.line("load_local v"),
            5 if self.random.chance(2 * self.nasty) => {
                let other = self.random.pick(&OTHERS).to_owned();
                self.line(&format!("push {other}"));
            }
            6 if self.random.chance(50) => {
                let float = self.random.pick(&FLOATS).to_owned();
                self.line(&format!("push {float}"));
            }
            7 if in_loop && self.random.chance(self.nasty) => {
                let list = self.list();
                self.line(&format!("load_local {list}"));
            }
            8 if in_loop => self.lines("load_local i\nload_local i\nmul"),
            _ => {
                let int = self.random.pick(&INTS).to_owned();
                self.line(&format!("push {int}"));
            }
        }
    }

    /// Statements in a `try`, with operands around it; what its handler does is one more statement.
    fn attempt(&mut self, depth: u32) {
        let (handler, done) = (self.label(), self.label());
        let kept = self.random.below(3);
        for _ in 0..kept {
            self.line("load_local n");
        }
        self.line(&format!("try {handler}"));
        for _ in 0..1 + self.random.below(2) {
            self.statement(depth + 2);
        }
        match self.random.below(5) {
            0 => self.lines("push \"ValueError\"\nload_local i\ntuple 1\nroutine exception\nraise_value"),
            1 => self.lines("load_local xs\nload_local i\ncall fails\npop\nend_try"),
            2 => self.lines(&format!(
                "load_local i\npush 3\nmod\njump_if_not_zero {done}e\npush \"KeyError\"\npush \"k\"\nraise"
            )),
            _ => self.line("end_try"),
        }
        if self.text.ends_with("raise\n") {
            let _ = writeln!(self.text, "{done}e:");
            self.line("end_try");
        }
        self.line(&format!("jump {done}"));
        let _ = writeln!(self.text, "{handler}:");
        match self.random.below(4) {
            0 if kept == 0 => self.line("store_local v"),
            1 => {
                self.lines("builtin1 str\nbuiltin1 len\nload_local n\nadd\nstore_local n");
            }
            2 => self.lines("routine handled\nstore_local w"),
            _ => self.line("pop"),
        }
        self.statement(depth + 2);
        let _ = writeln!(self.text, "{done}:");
        for _ in 0..kept {
            self.line("pop");
        }
    }

    fn statement(&mut self, depth: u32) {
        if self.budget == 0 {
            return self.line("nop");
        }
        self.budget -= 1;
        if depth < 3 && self.random.chance(12) {
            return self.attempt(depth);
        }
        match self.random.below(16) {
            0..=2 => {
                let list = self.push_list();
                self.index(list);
                self.line("index");
                let into = self.random.pick(&["store_local v", "store_local w", "pop"]);
                self.line(into);
            }
            3..=5 => {
                let list = self.push_list();
                self.index(list);
                self.value(true);
                self.line("store_index");
            }
            6 | 7 => {
                self.push_list();
                self.value(true);
                self.lines("method \"append 1\"\npop");
            }
            8 => {
                self.push_list();
                self.lines("builtin1 len\nload_local n\nadd\nstore_local n");
            }
            9 => {
                // Where there is more than one element, one goes.
                let (list, skip) = (self.list(), self.label());
                self.lines(&format!("load_local {list}\nbuiltin1 len\npush 1\ngt\njump_if_zero {skip}"));
                self.lines(&format!("load_local {list}\nmethod \"pop 0\"\nstore_local w"));
                let _ = writeln!(self.text, "{skip}:");
            }
            10 if depth < 2 => self.walk(depth),
            11 if depth < 1 => {
                let rounds = 1 + self.random.below(9);
                self.counted("j", rounds, depth + 1);
            }
            12 => {
                let (a, b) = (self.list(), self.list());
                match self.random.below(4) {
                    0 => self.lines(&format!("load_local {a}\nstore_local {b}")),
                    1 => self.lines(&format!(
                        "load_local {a}\nload_local {b}\neq\nload_local n\nadd\nstore_local n"
                    )),
                    2 => self.lines(&format!(
                        "load_local {a}\nload_local {b}\nbuiltin2 is\nload_local n\nadd\nstore_local n"
                    )),
                    _ => self.lines(&format!("load_local {a}\nlist 1\nstore_local {b}")),
                }
            }
            13 => {
                let list = self.push_list();
                let _ = list;
                self.value(true);
                self.lines("call touch\nload_local n\nadd\nstore_local n");
            }
            14 => {
                let list = self.list();
                // Reads that nothing may have changed in between, and reads that something has.
                self.lines(&format!(
                    "load_local {list}\npush 0\nindex\nload_local {list}\npush 0\nload_local i\nstore_index\nload_local {list}\npush 0\nindex\nis_same"
                ).replace("is_same", "builtin2 is\nload_local n\nadd\nstore_local n"));
            }
            _ => {
                let (list, skip) = (self.list(), self.label());
                self.lines(&format!(
                    "load_local {list}\njump_if_zero {skip}\nload_local n\npush 1\nadd\nstore_local n"
                ));
                let _ = writeln!(self.text, "{skip}:");
            }
        }
    }

    /// A walk over a list, which may change meanwhile, with an end in any case.
    fn walk(&mut self, depth: u32) {
        let (head, done) = (self.label(), self.label());
        let it = if self.random.chance(20) { "w" } else { "it" };
        self.push_list();
        self.lines(&format!("iter\nstore_local {it}\npush 0\nstore_local j"));
        let _ = writeln!(self.text, "{head}:");
        self.lines(&format!(
            "load_local {it}\niter_more\njump_if_zero {done}\nload_local {it}\niter_value\nstore_local v"
        ));
        if it == "it" && self.random.chance(60) {
            self.statement(depth + 2);
        }
        self.lines(&format!(
            "load_local j\npush 1\nadd\ndup\nstore_local j\npush 40\nlt\njump_if_not_zero {head}"
        ));
        let _ = writeln!(self.text, "{done}:");
    }
}
