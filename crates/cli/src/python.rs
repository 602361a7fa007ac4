//! Programs in Python: what is different about them for the commands.
//!
//! It stands around `profile -> detect -> compile -> cache -> execute -> deoptimise`: before it a source text becomes a
//! program, after it an error becomes a traceback. The engine knows nothing of Python.

use crate::text;
use hotspotvm::Options;
use hotspotvm::bytecode::{Const, Diagnostic, Program};
use hotspotvm::runtime::num::Output;
use hotspotvm::runtime::{Place, Stop};
use python::{Compiled, Frame};

/// A program in Python, besides its bytecode.
#[derive(Debug)]
pub(crate) struct Python {
    compiled: Compiled,
    name: String,
    text: String,
}

impl Python {
    /// Compiles a source text.
    ///
    /// # Errors
    /// Why it is refused.
    pub(crate) fn compile(name: &str, text: &str) -> Result<(Program, Python), Vec<Diagnostic>> {
        let mut compiled = python::compile(name, text)?;
        let program = std::mem::take(&mut compiled.program);
        Ok((program, Python { compiled, name: name.to_owned(), text: text.to_owned() }))
    }

    /// What the entry function gets: the words after the program, as far as the program looks at them.
    pub(crate) fn arguments(&self, words: &[String]) -> Vec<Output> {
        let value = |constant| match constant {
            Const::Int(i) => Output::Int(i),
            Const::Str(s) => Output::Str(s.into()),
            _ => Output::None,
        };
        self.compiled.arguments(&self.name, words).into_iter().map(value).collect()
    }

    /// The engine's settings for it: as many calls may be active as the program says, as in Python, unless somebody has
    /// set a limit.
    pub(crate) fn options(&self, mut options: Options, depth_given: bool) -> Options {
        if !depth_given {
            options.limits.depth = u32::MAX;
        }
        options.limits.recursion = Some(python::RECURSION_LIMIT.min(options.limits.depth));
        options
    }

    /// The traceback, as Python prints it.
    pub(crate) fn traceback(&self, stop: &Stop) -> String {
        let shown = |trace: &[Place], headline: &str| {
            let frames: Vec<Frame<'_>> = trace
                .iter()
                .map(|Place { function, pc, line }| Frame { function, pc: *pc, line: *line })
                .collect();
            python::traceback(&self.compiled, &self.name, &self.text, &frames, headline)
        };
        let mut whole = String::new();
        for earlier in &stop.earlier {
            whole.push_str(&shown(&earlier.trace, &earlier.headline));
            whole.push_str(&format!("\n\n{}\n\n", earlier.link.words()));
        }
        whole.push_str(&shown(&stop.trace, &stop.headline()));
        text::lines(&whole)
    }
}
