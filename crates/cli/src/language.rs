//! The language of a source text: what was asked for, else what the file's name says, else a guess from the text.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`: it decides which front end reads a text.
//! Invariant: the guess depends on the text alone, and whoever acts on it can say that it was one.

use clap::ValueEnum;
use std::path::Path;

/// A language that programs are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Python, as docs/python describes it
    Python,
    /// Assembly text, as docs/hasm.md describes it
    Asm,
}

impl Language {
    /// The name in messages.
    fn title(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::Asm => "assembly text",
        }
    }

    /// The option that asks for it.
    fn option(self) -> &'static str {
        match self {
            Language::Python => "--language python",
            Language::Asm => "--language asm",
        }
    }

    fn other(self) -> Language {
        match self {
            Language::Python => Language::Asm,
            Language::Asm => Language::Python,
        }
    }
}

/// A language, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The language.
    pub(crate) language: Language,
    basis: Basis,
}

/// What a language is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    Asked,
    Name,
    Guess,
}

impl Known {
    /// The language of a text in a file with this name.
    pub(crate) fn of(asked: Option<Language>, name: &str, text: &str) -> Known {
        match (asked, by_name(name)) {
            (Some(language), _) => Known { language, basis: Basis::Asked },
            (None, Some(language)) => Known { language, basis: Basis::Name },
            (None, None) => Known { language: guess(text), basis: Basis::Guess },
        }
    }

    /// Advice for a text that was refused, if it may be in the other language.
    pub(crate) fn doubt(self, text: &str) -> Option<String> {
        let (this, other) = (self.language, self.language.other());
        let (this, title, option) = (this.title(), other.title(), other.option());
        match self.basis {
            Basis::Asked => None,
            Basis::Name if guess(text) == self.language => None,
            Basis::Name => Some(format!(
                "by its name it is {this}, but it looks like {title}: `{option}` reads it as that"
            )),
            Basis::Guess => {
                Some(format!("it was read as {this}, which it looks like; `{option}` reads it as {title}"))
            }
        }
    }
}

/// The language that the ending of a name stands for.
fn by_name(name: &str) -> Option<Language> {
    let ending = Path::new(name).extension()?;
    let is = |text: &str| ending.eq_ignore_ascii_case(text);
    match () {
        () if is("py") => Some(Language::Python),
        () if is("hasm") => Some(Language::Asm),
        () => None,
    }
}

/// Words that begin a statement of Python, and no line of assembly text.
const PYTHON_WORDS: [&str; 18] = [
    "assert", "async", "class", "def", "del", "for", "from", "if", "import", "lambda", "match", "pass",
    "raise", "return", "try", "while", "with", "yield",
];

/// What a text looks like: its first line of code decides. A line of assembly text is a word, and perhaps an operand; what a
/// line of Python has besides (an assignment, parentheses behind a word that is not `func`, a keyword) shows that it is none.
fn guess(text: &str) -> Language {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(interpreter) = text.strip_prefix("#!") {
        let line = interpreter.lines().next().unwrap_or("");
        return if line.contains("python") { Language::Python } else { Language::Asm };
    }
    let lines = text.lines().map(str::trim);
    let code = lines.clone().find(|line| !line.is_empty() && !line.starts_with('#'));
    match code {
        Some(line) if is_assembly(line) => Language::Asm,
        Some(_) => Language::Python,
        // Nothing but space is no program in assembly text, which is worth saying.
        None => Language::Asm,
    }
}

fn is_assembly(line: &str) -> bool {
    if line.starts_with(';') {
        return true;
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let (word, rest) = line.split_at(line.find(|c| !is_word(c)).unwrap_or(line.len()));
    if word.is_empty() || PYTHON_WORDS.contains(&word) {
        return false;
    }
    if let Some(behind_label) = rest.strip_prefix(':') {
        let behind_label = behind_label.trim_start();
        return behind_label.is_empty() || is_assembly(behind_label);
    }
    if word.eq_ignore_ascii_case("func") {
        return true;
    }
    let operand = rest.trim_start();
    let begins_operand = |c: char| is_word(c) || matches!(c, '"' | '-' | '+' | ';' | '#' | '<');
    operand.is_empty() || (rest != operand && operand.starts_with(begins_operand) && !is_binary(operand))
}

/// Whether this is an operator of Python and its right operand, as behind the word of `x - y`.
fn is_binary(text: &str) -> bool {
    let operator: String = text.chars().take_while(|c| matches!(c, '-' | '+' | '<' | '=')).collect();
    text[operator.len()..].starts_with(' ') || operator.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_code_tells() {
        for text in [
            "func main(n)\n",
            "; x = 1\n",
            "push 1\n",
            "loop: push \"a\n",
            "# add\nhalt\n",
            "again:\n jump again\n",
            "lod_local 0\n",
            "frobnicate\n",
            "push -1\n",
            "\u{feff}input\nprint\n",
            "global count\n",
            "entry \"main\"\n",
            "load_local n ; = 1\n",
            "#!/usr/bin/hotspot\nprint(1)\n",
            "",
            "\n",
        ] {
            assert_eq!(guess(text), Language::Asm, "{text:?}");
        }
        for text in [
            "print(1)\n",
            "print (1)\n",
            "import math\n",
            "x = 1\n",
            "# add\n\n\"\"\"Text.\"\"\"\n",
            "x += 1\n",
            "def f(n):\n",
            "a, b = 1, 2\n",
            "if x:\n",
            "x: int = 5\n",
            "@f\n",
            "f'{x}'\n",
            "-1\n",
            "x - 1\n",
            "x < y\n",
            "#!/usr/bin/env python3\nhalt\n",
            "while True:\n",
            "add = 3\n",
            "push(1)\n",
        ] {
            assert_eq!(guess(text), Language::Python, "{text:?}");
        }
    }

    #[test]
    fn names_and_options_go_before_guesses() {
        let known = |asked, name, text| Known::of(asked, name, text).language;
        assert_eq!(known(None, "p.PY", "push 1\n"), Language::Python);
        assert_eq!(known(None, "p.hasm", "x = 1\n"), Language::Asm);
        assert_eq!(known(None, "p.txt", "x = 1\n"), Language::Python);
        assert_eq!(known(Some(Language::Asm), "p.py", "x = 1\n"), Language::Asm);
    }

    #[test]
    fn doubt_is_for_what_was_not_asked_for() {
        let doubt = |asked, name, text| Known::of(asked, name, text).doubt(text);
        assert_eq!(doubt(Some(Language::Asm), "p", "x = 1\n"), None);
        assert_eq!(doubt(None, "p.py", "x = 1\n"), None);
        assert!(doubt(None, "p.py", "push 1\n").is_some_and(|words| words.contains("--language asm")));
        assert!(doubt(None, "p", "x = 1\n").is_some_and(|words| words.contains("--language asm")));
    }
}
