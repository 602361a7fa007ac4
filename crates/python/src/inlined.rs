//! Code that is a function in CPython and none here: comprehensions and generator expressions are loops in the function around.
//! Tracebacks show what CPython shows.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`: written by [`crate::lower`], read by
//! [`crate::traceback`].

use std::collections::HashMap;

/// A function of CPython's that is none here.
#[derive(Clone, Copy, Debug)]
struct Scope {
    /// What tracebacks call it.
    name: &'static str,
    /// The line from which it is called.
    line: u32,
    /// The one around.
    outer: Option<u32>,
}

/// Which instructions stand in such a function.
#[derive(Debug, Default)]
pub struct Inlined {
    scopes: Vec<Scope>,
    /// For each function, where it changes: from this pc on it is this one.
    changes: HashMap<String, Vec<(u32, Option<u32>)>>,
}

impl Inlined {
    /// A new one, and its number.
    pub fn add(&mut self, name: &'static str, line: u32, outer: Option<u32>) -> u32 {
        self.scopes.push(Scope { name, line, outer });
        self.scopes.len() as u32 - 1
    }

    /// Says where the code of a function changes from one to another.
    pub fn define(&mut self, function: &str, changes: Vec<(u32, Option<u32>)>) {
        if !changes.is_empty() {
            self.changes.insert(function.to_owned(), changes);
        }
    }

    /// The calls that CPython shows for an instruction at a line, outermost first: names and lines.
    pub fn calls<'a>(&'a self, function: &'a str, pc: u32, line: u32) -> Vec<(&'a str, u32)> {
        let mut calls = Vec::new();
        let mut line = line;
        let changes = self.changes.get(function).map_or(&[][..], |changes| changes);
        let last = changes.partition_point(|&(from, _)| from <= pc).checked_sub(1);
        let mut scope = last.and_then(|at| changes[at].1);
        while let Some(at) = scope
            && let Some(known) = self.scopes.get(at as usize)
        {
            calls.push((known.name, line));
            (line, scope) = (known.line, known.outer);
        }
        calls.push((function, line));
        calls.reverse();
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_stand_outermost_first() {
        let mut inlined = Inlined::default();
        let outer = inlined.add("<listcomp>", 3, None);
        let inner = inlined.add("<setcomp>", 4, Some(outer));
        inlined.define("f", vec![(2, Some(outer)), (5, Some(inner)), (7, Some(outer)), (9, None)]);
        let calls = |pc| inlined.calls("f", pc, 10);
        assert_eq!(calls(1), [("f", 10)]);
        assert_eq!(calls(2), [("f", 3), ("<listcomp>", 10)]);
        assert_eq!(calls(6), [("f", 3), ("<listcomp>", 4), ("<setcomp>", 10)]);
        assert_eq!(calls(8), [("f", 3), ("<listcomp>", 10)]);
        assert_eq!(calls(9), [("f", 10)]);
        assert_eq!(inlined.calls("g", 6, 10), [("g", 10)]);
    }
}
