//! Splits one line of assembly text into tokens.
//!
//! Part of the assembler, which stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//! Invariant: a token's span lies in the source on character boundaries, and what is between tokens is space or a
//! comment.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, mnemonic or number: anything without space, punctuation or quotes in it.
    Word,
    /// A string with both its quotes; escapes are not yet checked.
    Str,
    /// A string that the line's end cuts off.
    OpenStr,
    /// `,`
    Comma,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `:`
    Colon,
}

/// A token: what it is and which bytes of the source it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    start: usize,
    end: usize,
}

impl Token {
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Appends the tokens of a line, which begins at byte `base` of the source.
pub(crate) fn tokenize(line: &str, base: usize, tokens: &mut Vec<Token>) {
    let mut chars = line.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        let kind = match c {
            ';' | '#' => return,
            ',' => Kind::Comma,
            '(' => Kind::Open,
            ')' => Kind::Close,
            ':' => Kind::Colon,
            c if c.is_whitespace() => continue,
            '"' => {
                let mut kind = Kind::OpenStr;
                let mut escaped = false;
                for (at, c) in chars.by_ref() {
                    end = at + c.len_utf8();
                    match c {
                        _ if escaped => escaped = false,
                        '\\' => escaped = true,
                        '"' => {
                            kind = Kind::Str;
                            break;
                        }
                        _ => {}
                    }
                }
                kind
            }
            _ => {
                while let Some((at, c)) = chars.next_if(|&(_, c)| !ends_word(c)) {
                    end = at + c.len_utf8();
                }
                Kind::Word
            }
        };
        tokens.push(Token { kind, start: base + start, end: base + end });
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, ';' | '#' | ',' | '(' | ')' | ':' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<(Kind, &str)> {
        let mut tokens = Vec::new();
        tokenize(line, 0, &mut tokens);
        tokens.iter().map(|t| (t.kind, &line[t.span()])).collect()
    }

    #[test]
    fn comments_and_strings_do_not_mix() {
        use Kind::*;
        assert_eq!(
            split(r##"a: push "x;\"#" ; c"##),
            [(Word, "a"), (Colon, ":"), (Word, "push"), (Str, r##""x;\"#""##)]
        );
        assert_eq!(split("f(a,b)#:"), split("f(a,b)"));
        assert_eq!(split("push -1.5e-9"), [(Word, "push"), (Word, "-1.5e-9")]);
        assert_eq!(split("push \"é"), [(Word, "push"), (OpenStr, "\"é")]);
        assert_eq!(split(" ; only this"), []);
    }
}
