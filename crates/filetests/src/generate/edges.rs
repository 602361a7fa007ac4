//! Small programs that go to the edges where compilers err, each for a while in the ordinary way first, so that it is
//! compiled for that.
//!
//! The main loop has a few *pieces*; most of them change what they do at a round of their own: an int gets too large
//! for 64 bits, or for an exact float, or negative; a divisor gets 0; a type changes; calls get deeper. What they
//! compute goes into `x`, `v` and `u`, which are printed now and then.

use super::Random;
use std::fmt::Write;

struct Writer<'r> {
    random: &'r mut Random,
    /// The functions so far.
    functions: String,
    /// The main loop's body so far.
    body: String,
    /// What main does first.
    start: String,
    labels: u32,
    locals: Vec<String>,
    rounds: u64,
}

/// Instructions from one line, separated by semicolons.
fn add(text: &mut String, instructions: &str) {
    for line in instructions.split(';') {
        let _ = writeln!(text, "    {}", line.trim());
    }
}

/// The text of a program with a few pieces.
pub(super) fn program(random: &mut Random) -> String {
    let rounds = 30 + random.below(110);
    let mut writer = Writer {
        random,
        functions: String::new(),
        body: String::new(),
        start: String::new(),
        labels: 0,
        locals: Vec::new(),
        rounds,
    };
    for _ in 0..2 + writer.random.below(4) {
        writer.piece();
    }
    let Writer { random, functions, body, start, locals, .. } = writer;
    let mut text = String::from("global g0, g1\n");
    text.push_str(&functions);
    text.push_str("func main()\n");
    add(
        &mut text,
        &format!("local i, x, v, u, {}last", locals.iter().fold(String::new(), |all, l| all + l + ", ")),
    );
    add(&mut text, "push 7; store_local x; push 0.5; store_local v; push 0; store_local u");
    add(&mut text, "push 3; store_global g0; push 0; store_global g1; push 0; store_local i");
    text.push_str(&start);
    text.push_str("again:\n");
    text.push_str(&body);
    let every = *random.pick(&[&4, &13, &50]);
    add(&mut text, &format!("load_local i; push {every}; mod; jump_if_not_zero quiet"));
    add(&mut text, "load_local x; print; load_local v; print; load_local u; print; load_global g0; print");
    text.push_str("quiet:\n");
    add(&mut text, "load_local i; push 1; add; dup; store_local i");
    add(&mut text, &format!("push {rounds}; lt; jump_if_not_zero again"));
    add(&mut text, "load_local x; ret");
    text
}

impl Writer<'_> {
    fn say(&mut self, instructions: &str) {
        add(&mut self.body, instructions);
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("E{}", self.labels)
    }

    fn place(&mut self, label: &str) {
        let _ = writeln!(self.body, "{label}:");
    }

    /// A local of main's, set before the loop.
    fn local(&mut self, value: &str) -> String {
        let name = format!("l{}", self.locals.len());
        add(&mut self.start, &format!("push {value}; store_local {name}"));
        self.locals.push(name.clone());
        name
    }

    /// The round in which something changes; in some programs it never comes.
    fn when(&mut self) -> u64 {
        2 + self.random.below(self.rounds)
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.random.below(of.len() as u64) as usize]
    }

    /// Brings the int on the stack into `x`.
    fn mix(&mut self) {
        let how = self.pick(&["add", "sub", "xor", "swap; sub"]);
        self.say(&format!("load_local x; {how}; push 1073741823; and; store_local x"));
    }

    fn piece(&mut self) {
        match self.random.below(22) {
            0 => self.global_around_call(),
            1 | 2 => self.edge_of_64_bits(),
            3 => self.edge_of_exact_floats(),
            4 | 5 => self.chain_of_calls(),
            6 => self.signs(),
            7 => self.zeros_and_nans(),
            8 => self.unused(),
            9 => self.type_change(),
            10 | 11 => self.recursion(),
            12 => self.inner_loop(),
            13 => self.recursion_in_loop(),
            14..=16 => self.builtins(),
            17 => self.magnitudes(),
            18..=20 => self.coin(),
            _ => self.output_before_guard(),
        }
    }

    /// A global is read before and after a call that writes it.
    fn global_around_call(&mut self) {
        let name = format!("bump{}", self.label());
        let (step, times) = (1 + self.random.below(9), 1 + self.random.below(7));
        let text = &mut self.functions;
        let _ = writeln!(text, "func {name}(n)");
        add(text, "load_local n; jump_if_zero end; load_global g0");
        add(text, &format!("push {step}; add; push 1023; and; store_global g0"));
        add(text, &format!("load_local n; push 1; sub; call {name}; ret"));
        let _ = writeln!(text, "end:");
        add(text, "load_global g0; ret");
        let after = self.pick(&["pop", "load_local x; add; store_local x"]);
        self.say(&format!("load_global g0; push {times}; call {name}; {after}; load_global g0; sub"));
        self.mix();
        if self.random.chance(50) {
            let op = self.pick(&["add", "mul", "sub"]);
            self.say(&format!(
                "load_global g0; push 3; {op}; push 255; and; store_global g0; load_global g0"
            ));
            self.mix();
        }
    }

    /// An int comes to the greatest or least of 64 bits, with and without a test before.
    fn edge_of_64_bits(&mut self) {
        let up = self.random.chance(60);
        let step = *self.random.pick(&[&1, &1, &2, &7, &4096]) as i64;
        let far = step * self.when() as i64 + self.random.below(3) as i64 - 1;
        let (from, last) = if up { (i64::MAX - far, i64::MAX) } else { (i64::MIN + far, i64::MIN) };
        let e = self.local(&from.to_string());
        let op = if up { "add" } else { "sub" };
        let end = self.label();
        if self.random.chance(60) {
            let last = last - self.random.below(3) as i64 * if up { 1 } else { -1 };
            let limit = match self.random.chance(50) {
                true => format!("push {last}"),
                false => format!("load_local {}", self.local(&last.to_string())),
            };
            let test = if up { self.pick(&["le", "lt", "ne"]) } else { self.pick(&["ge", "gt", "ne"]) };
            self.say(&format!("load_local {e}; {limit}; {test}; jump_if_zero {end}"));
        }
        match self.random.below(3) {
            0 => {
                // In a function.
                let name = format!("step{}", self.label());
                let _ = writeln!(self.functions, "func {name}(a)");
                add(&mut self.functions, &format!("load_local a; push {step}; {op}; ret"));
                self.say(&format!("load_local {e}; call {name}; store_local {e}"));
            }
            1 if up => self.say(&format!("push {step}; load_local {e}; add; store_local {e}")),
            _ => self.say(&format!("load_local {e}; push {step}; {op}; store_local {e}")),
        }
        self.place(&end);
        self.say(&format!("load_local {e}; push 1000003; mod"));
        self.mix();
    }

    /// An int becomes too large for an exact float.
    fn edge_of_exact_floats(&mut self) {
        let bits = *self.random.pick(&[&53, &54, &60]);
        let per_round = ((1u64 << 53) / self.when()) | 1;
        let z = self.local("1");
        let sign = self.pick(&["nop", "neg"]);
        self.say(&format!(
            "load_local i; push {per_round}; mul; push 1; or; push {}; and",
            (1u64 << bits) - 1
        ));
        self.say(&format!("{sign}; store_local {z}"));
        match self.random.below(3) {
            0 => {
                self.say(&format!("load_local {z}; load_local {z}; push 1; div; eq"));
                self.mix();
            }
            1 => {
                let by = self.pick(&["3", "7", "10", "-1.0"]);
                self.say(&format!("load_local {z}; push {by}; div; store_local v"));
            }
            _ => {
                let test = self.pick(&["lt", "ge", "ne"]);
                self.say(&format!("load_local {z}; push 9007199254740992.0; {test}"));
                self.mix();
            }
        }
    }

    /// Builtin functions of an operand that some day is another one: of another type, or beyond what is computed fast.
    fn builtins(&mut self) {
        let (when, op) = (self.when(), self.local("0"));
        let usual = self.pick(&[
            "load_local i; push 11; sub",
            "load_local i; push 0.25; mul; push 3.5; sub",
            "load_local i; push 0.25; mul",
            "load_local i; push -0.0; mul",
            "load_local i; push 1e17; mul",
            "load_local i; push 8191; mul; push 9007199254740992; add",
        ]);
        let late = self.pick(&[
            "push -9223372036854775808",
            "push -9223372036854775808",
            "push 9223372036854775808",
            "push -0.0",
            "push -0.75",
            "push 4611686018427387904.0",
            "push -4611686018427387904.0",
            "push 4611686018427387392.0",
            "push 9223372036854775808.0",
            "push 1e300",
            "push inf",
            "push nan",
            "push true",
            "push -4",
            "push \"7\"",
        ]);
        let (other, join) = (self.label(), self.label());
        self.say(&format!("load_local i; push {when}; eq; jump_if_not_zero {other}"));
        self.say(&format!("{usual}; store_local {op}; jump {join}"));
        self.place(&other);
        self.say(&format!("{late}; store_local {op}"));
        self.place(&join);
        for _ in 0..1 + self.random.below(3) {
            let call = self.pick(&[
                "abs",
                "abs",
                "int",
                "float",
                "fabs",
                "floor",
                "ceil",
                "trunc",
                "pos",
                "round",
                "isnan",
                "isfinite",
                "isinf",
                "sqrt",
                "abs; builtin1 sqrt",
                "float; builtin1 int",
                "fabs; builtin1 floor",
            ]);
            let after = self.pick(&[
                "store_local u",
                "store_local u",
                "store_local v",
                "pop",
                "dup; eq; store_local u",
            ]);
            self.say(&format!("load_local {op}; builtin1 {call}; {after}"));
        }
    }

    /// Magnitudes of ints from a range that is known, compared with what is near its ends.
    fn magnitudes(&mut self) {
        let (mask, off) = (*self.random.pick(&[&7, &15, &31]), self.random.below(34));
        let sign = self.pick(&["nop", "neg"]);
        self.say(&format!("load_local i; push {mask}; and; push {off}; sub; {sign}; builtin1 abs"));
        let near = *self.random.pick(&[&off, &off.abs_diff(mask)]) as i64 + self.random.below(3) as i64 - 1;
        let test = self.pick(&["lt", "le", "gt", "ge", "eq", "ne"]);
        self.say(&format!("dup; push {near}; {test}; swap; push 3; mul; add"));
        self.mix();
    }

    /// Functions that call each other in a row or in a circle, as deep as the round says.
    fn chain_of_calls(&mut self) {
        let (id, count) = (self.label(), 1 + self.random.below(11));
        let tails = self.random.chance(50);
        let error_at = self.random.chance(30).then(|| self.when());
        for at in 0..count {
            let text = &mut self.functions;
            let _ = writeln!(text, "func c{id}x{at}(a, b)");
            add(text, "load_local a; load_local b; ge; jump_if_not_zero end");
            add(text, &format!("load_local a; push 1; add; load_local b; call c{id}x{}", (at + 1) % count));
            if !tails {
                add(text, &format!("push {}; add; push 65535; and", at * 3 + 1));
            }
            let _ = writeln!(text, "    ret\nend:");
            if let Some(error_at) = error_at {
                add(text, &format!("push 100; load_local b; push {error_at}; sub; floordiv; ret"));
            } else {
                add(text, "load_local a; ret");
            }
        }
        if self.random.chance(50) {
            let slower = 1 + self.random.below(6);
            self.say(&format!("push 0; load_local i; push {slower}; floordiv"));
        } else {
            // Deep from the beginning, and deeper some day.
            let (when, depth) = (self.when(), 6 + self.random.below(8));
            self.say(&format!("push 0; load_local i; push {when}; ge; load_local i; mul; push {depth}; add"));
        }
        self.say(&format!("call c{id}x0"));
        self.mix();
    }

    /// Divisions where a sign changes.
    fn signs(&mut self) {
        let off = self.random.below(3);
        let dividend = self.local("1");
        match self.random.below(3) {
            0 => self.say(&format!("load_local i; push 15; and; push {off}; sub; store_local {dividend}")),
            1 => {
                let when = self.when();
                self.say(&format!("push {when}; load_local i; sub; store_local {dividend}"));
            }
            _ => self
                .say(&format!("load_local x; push 255; and; push {off}; sub; neg; store_local {dividend}")),
        }
        for _ in 0..2 + self.random.below(3) {
            let by = self.pick(&["2", "3", "7", "8", "64", "-1", "-2", "-3", "-8", "-64", "1000003"]);
            let op = self.pick(&["mod", "floordiv", "builtin2 divmod_quotient", "builtin2 divmod_remainder"]);
            // Also by a divisor that is not a constant.
            let divisor = match self.random.chance(20) {
                true => format!("load_local {}", self.local(by)),
                false => format!("push {by}"),
            };
            self.say(&format!("load_local {dividend}; {divisor}; {op}"));
            self.mix();
        }
    }

    /// Zeros of both signs, and NaN.
    fn zeros_and_nans(&mut self) {
        let when = self.when();
        let (other, end) = (self.label(), self.label());
        let strange = self.pick(&["push -0.0", "push inf; push inf; sub", "push 0.0; neg", "push nan"]);
        self.say(&format!("load_local i; push {when}; lt; jump_if_zero {other}"));
        self.say(&format!("load_local i; push 0.25; mul; store_local v; jump {end}"));
        self.place(&other);
        self.say(&format!("{strange}; store_local v"));
        self.place(&end);
        for _ in 0..3 {
            let zeros =
                ["push 0.0; add", "push -0.0; add", "push 0.0; sub", "push 1.0; mul", "push 0.0; swap; sub"];
            let zero = self.pick(&zeros);
            let (sum, quiet) = (self.local("0.0"), self.label());
            self.say(&format!("load_local v; {zero}; store_local {sum}"));
            self.say(&format!(
                "load_local i; push 15; and; jump_if_not_zero {quiet}; load_local {sum}; print"
            ));
            self.place(&quiet);
            let test = self.pick(&["lt", "le", "gt", "ge", "eq", "ne"]);
            let not = self.pick(&["not", "nop", "not; not"]);
            self.say(&format!("load_local v; push 2.5; {test}; {not}"));
            if self.random.chance(50) {
                let skip = self.label();
                self.say(&format!("jump_if_not_zero {skip}; load_local x; push 1; add; store_local x"));
                self.place(&skip);
            } else {
                self.mix();
            }
        }
    }

    /// A short branch that goes either way often: both its sides may be computed, if nothing comes of the one that is not meant.
    fn coin(&mut self) {
        let (other, end) = (self.label(), self.label());
        let start = self.pick(&["0", "1", "9223372036854775000", "-9223372036854775000", "0.5"]);
        let s = self.local(start);
        let of = self.pick(&["load_local i", "load_local x", "load_local x; load_local i; xor"]);
        let (bit, jump) = (self.pick(&["1", "2", "4"]), self.pick(&["jump_if_zero", "jump_if_not_zero"]));
        self.say(&format!("{of}; push {bit}; and; {jump} {other}"));
        self.coin_side(&s);
        if self.random.chance(60) {
            self.say(&format!("jump {end}"));
            self.place(&other);
            self.coin_side(&s);
            self.place(&end);
        } else {
            self.place(&other);
        }
        if start != "0.5" {
            self.say(&format!("load_local {s}; push 1073741823; and"));
            self.mix();
        }
    }

    fn coin_side(&mut self, s: &str) {
        for _ in 0..1 + self.random.below(2) {
            let (op, by) = (self.pick(&["add", "sub", "add", "mul"]), self.pick(&["1", "3", "100", "-1"]));
            let divide = self.pick(&["mod", "floordiv", "shr", "and", "xor"]);
            let instructions = match self.random.below(7) {
                0..=2 => format!("load_local {s}; push {by}; {op}; store_local {s}"),
                3 => format!("load_local {s}; load_local i; {op}; store_local {s}"),
                4 => "load_local v; push 0.5; mul; push 0.25; add; store_local v".to_string(),
                5 => format!("load_local x; push 4; {divide}; store_local x"),
                _ => "load_local x; load_local i; lt; store_local u".to_string(),
            };
            self.say(&instructions);
        }
    }

    /// A result that nobody uses, of an operation that raises an error some day.
    fn unused(&mut self) {
        let when = self.when();
        let op = self.pick(&["floordiv", "mod", "div"]);
        let instructions = format!("load_local x; load_local i; push {when}; sub; {op}; pop");
        if self.random.chance(50) {
            let (inner, outer) = (format!("un{}", self.label()), format!("un{}", self.label()));
            let text = &mut self.functions;
            let _ = writeln!(text, "func {inner}(a)");
            add(text, &format!("push 9; load_local a; push {when}; sub; {op}; pop; load_local a; ret"));
            let _ = writeln!(text, "func {outer}(a)");
            add(text, &format!("load_local a; call {inner}; push 1; add; ret"));
            self.say(&format!("load_local i; call {outer}"));
            self.mix();
        } else {
            self.say(&instructions);
        }
    }

    /// A local whose type changes, before or after what depends on it.
    fn type_change(&mut self) {
        let when = self.when();
        let (other, end) = (self.label(), self.label());
        let (first, then) = (
            self.pick(&["load_local x", "load_local i", "push 1.5"]),
            self.pick(&["push 2.5", "push true", "push 3", "push \"s\""]),
        );
        let use_it = self.pick(&[
            "load_local u; load_local u; add; pop",
            "load_local u; push 2; mul; store_local u",
            "load_local u; load_local i; eq; pop",
        ]);
        let before = self.random.chance(40);
        if before {
            self.say(use_it);
        }
        let test = self.pick(&["lt", "ge", "ne"]);
        self.say(&format!("load_local i; push {when}; {test}; jump_if_zero {other}; {first}; store_local u"));
        if self.random.chance(50) {
            self.say("load_local u; push 1; mul; pop");
        }
        self.say(&format!("jump {end}"));
        self.place(&other);
        self.say(&format!("{then}; store_local u"));
        self.place(&end);
        if !before {
            self.say(use_it);
        }
    }

    /// A recursive function, inlined into itself, whose sums overflow, or get another type, in the depth.
    fn recursion(&mut self) {
        let name = format!("rec{}", self.label());
        let (times, wide) = (1 + self.random.below(6), self.random.chance(30));
        let far = 1 + self.random.below(3 * self.rounds);
        let start = match self.random.below(3) {
            0 => (i64::MAX - far as i64).to_string(),
            1 => "0".to_string(),
            _ => (i64::MIN + far as i64).to_string(),
        };
        let e = self.local(&start);
        let op = if start.starts_with('-') { "sub" } else { "add" };
        let text = &mut self.functions;
        let _ = writeln!(text, "func {name}(n, a)\n    local t");
        add(text, "load_local n; store_local t; load_local n; jump_if_zero end");
        add(
            text,
            &format!("load_local n; load_local n; push 1; sub; load_local a; push 1; {op}; call {name}"),
        );
        if wide {
            add(text, &format!("load_local n; push 1; sub; load_local a; call {name}; add; push 65535; and"));
        }
        add(text, "add; load_local t; sub; ret");
        let _ = writeln!(text, "end:");
        add(text, "load_local a; ret");
        let when = self.when();
        let (skip, type_changes) = (self.label(), self.random.chance(40));
        if type_changes {
            self.say(&format!(
                "load_local i; push {when}; ne; jump_if_not_zero {skip}; push 0.5; store_local {e}"
            ));
            self.place(&skip);
        } else {
            self.say(&format!("load_local {e}; push 1; {op}; store_local {e}"));
        }
        self.say(&format!("push {times}; load_local {e}; call {name}"));
        if type_changes {
            self.say("store_local u");
        } else {
            self.say("push 65537; mod");
            self.mix();
        }
    }

    /// A function that calls itself in a loop and passes some of what it got as it is.
    fn recursion_in_loop(&mut self) {
        let name = format!("walk{}", self.label());
        let (depth, rounds) = (1 + self.random.below(3), 1 + self.random.below(3));
        let far = 1 + self.random.below(2 * self.rounds);
        let e = match self.random.chance(60) {
            true => self.local(&(i64::MAX - far as i64).to_string()),
            false => self.local("1"),
        };
        let text = &mut self.functions;
        let _ = writeln!(text, "func {name}(n, a, b)\n    local j, t");
        add(text, "push 0; store_local t; load_local n; jump_if_zero end; push 0; store_local j");
        let _ = writeln!(text, "head:");
        add(text, "load_local t; load_local n; push 1; sub; load_local a; load_local j");
        add(text, &format!("call {name}; push 1023; and; add; store_local t"));
        add(
            text,
            &format!(
                "load_local j; push 1; add; dup; store_local j; push {rounds}; le; jump_if_not_zero head"
            ),
        );
        add(text, "load_local t; load_local b; sub; ret");
        let _ = writeln!(text, "end:");
        add(text, "load_local a; push 1; add; load_local b; add; ret");
        self.say(&format!("push {depth}; load_local {e}; push 5; call {name}"));
        self.mix();
        self.say(&format!("load_local {e}; push 1; add; store_local {e}"));
    }

    /// A loop in the loop, or in a function, whose start changes its sign, and that may be left early.
    fn inner_loop(&mut self) {
        let when = self.when();
        let s = self.local("1");
        let rounds = 1 + self.random.below(9);
        let (op, by) = (self.pick(&["mod", "floordiv"]), self.pick(&["3", "7", "8", "10"]));
        let leave_at = self.random.below(rounds + 3);
        let (head, done, skip) = (self.label(), self.label(), self.label());
        if self.random.chance(50) {
            let name = format!("sum{}", self.label());
            let text = &mut self.functions;
            let _ = writeln!(text, "func {name}(s)\n    local j, t");
            add(text, "push 0; store_local t; push 0; store_local j");
            let _ = writeln!(text, "head:");
            add(text, &format!("load_local j; push {rounds}; lt; jump_if_zero done"));
            add(
                text,
                &format!(
                    "load_local s; load_local j; add; push {by}; {op}; load_local t; add; store_local t"
                ),
            );
            add(text, &format!("load_local j; push {leave_at}; eq; jump_if_not_zero done"));
            add(text, "load_local j; push 1; add; store_local j; jump head");
            let _ = writeln!(text, "done:");
            add(text, "load_local t; ret");
            self.say(&format!("push {when}; load_local i; sub; call {name}"));
            return self.mix();
        }
        let j = self.local("0");
        self.say(&format!("push {when}; load_local i; sub; store_local {s}; push {rounds}; store_local {j}"));
        self.place(&head);
        self.say(&format!("load_local {s}; push {by}; {op}"));
        self.mix();
        self.say(&format!("load_local {j}; push {leave_at}; ne; jump_if_not_zero {skip}"));
        self.say(&format!("load_local i; push 3; and; jump_if_zero {done}"));
        self.place(&skip);
        self.say(&format!("load_local {j}; push 1; sub; dup; store_local {j}; jump_if_not_zero {head}"));
        self.place(&done);
    }

    /// What is printed or stored once must not be again because of what fails after it.
    fn output_before_guard(&mut self) {
        let when = self.when();
        let (head, join) = (self.label(), self.label());
        let (t, j) = (self.local("1"), self.local("0"));
        let after =
            self.pick(&["push 0.5", "push 4611686018427387904", "push true", "push 100000000000000000000"]);
        self.say(&format!("load_local i; push {when}; eq; jump_if_zero {join}; {after}; store_local {t}"));
        self.place(&join);
        self.say(&format!("push 3; store_local {j}"));
        self.place(&head);
        let effect = match self.random.below(3) {
            0 => "load_local i; print".to_string(),
            1 => "load_global g1; push 1; add; store_global g1".to_string(),
            _ => "nop".to_string(),
        };
        self.say(&effect);
        self.say(&format!("load_local {t}; load_local {t}; add; pop; load_global g1; print"));
        self.say(&format!("load_local {j}; push 1; sub; dup; store_local {j}; jump_if_not_zero {head}"));
    }
}
