//! A look at the text before it is parsed: how deeply it nests.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. The parser, this front end and the trees
//! between them recurse as deeply as the program nests; so programs that nest deeper than CPython allows are refused here, by
//! counting characters. The counts are estimates from above: a program that passes nests no deeper than they say.

use crate::ast::Span;

/// How deeply parentheses, brackets and braces may nest, as in CPython.
pub const MAX_BRACKETS: usize = 200;
/// How deeply blocks may nest, as in CPython.
pub const MAX_INDENTS: usize = 100;
/// How many operators one expression may have in a row. CPython gives up at 3000 levels.
pub const MAX_OPERATORS: usize = 2_900;

/// What nests too deeply.
#[derive(Debug, PartialEq, Eq)]
pub enum TooDeep {
    Brackets(Span),
    Indents(Span),
    Operators(Span),
}

/// How deep the program nests.
///
/// # Errors
/// Where it nests too deeply.
pub fn depth(text: &str) -> Result<usize, TooDeep> {
    Scanner { text, bytes: text.as_bytes(), at: 0, levels: vec![0], deepest: 0 }.scan()
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// For each open bracket, and for what is outside of all: how many operators there were since the last comma.
    levels: Vec<usize>,
    deepest: usize,
}

impl Scanner<'_> {
    fn scan(mut self) -> Result<usize, TooDeep> {
        let mut indents: Vec<usize> = vec![0];
        let mut at_line_start = true;
        while let Some(&byte) = self.bytes.get(self.at) {
            if at_line_start {
                at_line_start = false;
                self.indentation(&mut indents)?;
                continue;
            }
            match byte {
                b'#' => self.skip_line(),
                b'\n' | b'\r' => {
                    self.at += 1;
                    if self.levels.len() == 1 {
                        self.levels[0] = 0;
                        at_line_start = true;
                    }
                }
                b'\\' => {
                    self.at += 1;
                    if self.bytes.get(self.at) == Some(&b'\r') {
                        self.at += 1;
                    }
                    self.at += 1;
                }
                b'"' | b'\'' => self.string(false)?,
                _ => self.token(byte)?,
            }
        }
        Ok(self.deepest + indents.len())
    }

    fn indentation(&mut self, indents: &mut Vec<usize>) -> Result<(), TooDeep> {
        let start = self.at;
        let mut width = 0;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' => width += 1,
                b'\t' => width = (width / 8 + 1) * 8,
                b'\x0c' => width = 0,
                _ => break,
            }
            self.at += 1;
        }
        if matches!(self.bytes.get(self.at), None | Some(b'\n' | b'\r' | b'#')) {
            return Ok(());
        }
        while indents.last().is_some_and(|&top| top > width) {
            indents.pop();
        }
        if indents.last().is_none_or(|&top| top < width) {
            indents.push(width);
        }
        if indents.len() > MAX_INDENTS {
            return Err(TooDeep::Indents(self.span(start)));
        }
        Ok(())
    }

    fn span(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at.max(start) as u32 }
    }

    fn skip_line(&mut self) {
        while self.bytes.get(self.at).is_some_and(|&b| b != b'\n' && b != b'\r') {
            self.at += 1;
        }
    }

    /// A string; of one that is formatted, what it holds counts as code.
    fn string(&mut self, formatted: bool) -> Result<(), TooDeep> {
        let quote = self.bytes[self.at];
        let triple = self.bytes.get(self.at..self.at + 3) == Some(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        let depth = self.levels.len();
        while let Some(&byte) = self.bytes.get(self.at) {
            let ends =
                byte == quote && (!triple || self.bytes.get(self.at..self.at + 3) == Some(&[quote; 3]));
            if ends {
                self.at += if triple { 3 } else { 1 };
                break;
            }
            match byte {
                b'\\' => self.at += 2,
                b'\n' | b'\r' if !triple => break,
                _ if formatted => self.token(byte)?,
                _ => self.at += 1,
            }
        }
        self.levels.truncate(depth);
        Ok(())
    }

    fn token(&mut self, byte: u8) -> Result<(), TooDeep> {
        let start = self.at;
        self.at += 1;
        match byte {
            b'(' | b'[' | b'{' => {
                self.levels.push(0);
                if self.levels.len() - 1 > MAX_BRACKETS {
                    return Err(TooDeep::Brackets(self.span(start)));
                }
                self.count(start)?;
            }
            b')' | b']' | b'}' => self.levels.truncate((self.levels.len() - 1).max(1)),
            b',' | b';' => {
                if let Some(top) = self.levels.last_mut() {
                    *top = 0;
                }
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>' | b'.'
            | b':' | b'=' => {
                // `**`, `//`, `<=` are one.
                if self
                    .bytes
                    .get(self.at)
                    .is_some_and(|&next| next == b'=' || (next == byte && b"*/<>".contains(&byte)))
                {
                    self.at += 1;
                }
                self.count(start)?;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => {
                while self
                    .bytes
                    .get(self.at)
                    .is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80)
                {
                    self.at += 1;
                }
                let word = self.text.get(start..self.at).unwrap_or("");
                if matches!(
                    word,
                    "not" | "and" | "or" | "if" | "else" | "is" | "in" | "lambda" | "await" | "yield" | "for"
                ) {
                    self.count(start)?;
                }
                let prefix = word.len() <= 3 && word.contains(['f', 'F']);
                if prefix && matches!(self.bytes.get(self.at), Some(b'"' | b'\'')) {
                    self.string(true)?;
                }
            }
            b'0'..=b'9' => {
                while self
                    .bytes
                    .get(self.at)
                    .is_some_and(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
                {
                    self.at += 1;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// One operator more, at the innermost level.
    fn count(&mut self, start: usize) -> Result<(), TooDeep> {
        if let Some(top) = self.levels.last_mut() {
            *top += 1;
        }
        let all: usize = self.levels.iter().sum();
        self.deepest = self.deepest.max(all);
        if all > MAX_OPERATORS { Err(TooDeep::Operators(self.span(start))) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_programs_are_shallow() {
        let text = "def f(a, b):\n    # ((((\n    s = '(((('\n    return (a + [b][0]) * f\"{a + b}\"\n";
        assert!(depth(text).is_ok_and(|d| d < 15));
        let wide = format!("f({})\n", "a + b, ".repeat(5_000));
        assert!(depth(&wide).is_ok_and(|d| d < 15));
    }

    #[test]
    fn what_nests_too_deeply_is_found() {
        let deep = |text: String| depth(&text);
        assert!(matches!(deep("(".repeat(300)), Err(TooDeep::Brackets(_))));
        assert!(matches!(deep(format!("f'{}'", "{".repeat(300))), Err(TooDeep::Brackets(_))));
        assert!(matches!(deep("1+".repeat(5_000)), Err(TooDeep::Operators(_))));
        assert!(matches!(deep("not ".repeat(5_000)), Err(TooDeep::Operators(_))));
        let blocks: String = (0..120).map(|i| format!("{}if a:\n", " ".repeat(i))).collect();
        assert!(matches!(deep(blocks), Err(TooDeep::Indents(_))));
    }
}
