//! Tells code from comments and literals in Rust source, line by line.
//!
//! It stands under the checks of [`super`], beside `profile -> detect -> compile -> cache -> execute -> deoptimise`. It
//! is not a parser: it knows where comments, strings and characters begin and end, which is all that the checks need.
//! Invariant: there is one [`Line`] per line of the text, and nothing is in both of its parts.

/// A line of source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What is code; literals are emptied.
    pub code: String,
    /// What is in comments, without their marks.
    pub comment: String,
}

impl Line {
    /// Whether there is a comment and nothing else.
    pub fn is_comment(&self) -> bool {
        self.code.trim().is_empty() && !self.comment.trim().is_empty()
    }
}

enum State {
    Code,
    LineComment,
    BlockComment {
        depth: u32,
    },
    /// In a string that ends with a quote and so many `#`; `raw` ones know no escapes.
    Str {
        raw: bool,
        hashes: usize,
    },
}

/// The lines of a Rust source text.
pub fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut state = State::Code;
    for text in text.lines() {
        let chars: Vec<char> = text.chars().collect();
        let mut line = Line::default();
        let mut at = 0;
        while at < chars.len() {
            at += step(&mut state, &chars[at..], &mut line);
        }
        if matches!(state, State::LineComment) {
            state = State::Code;
        }
        lines.push(line);
    }
    lines
}

/// Reads something at the start of `rest`, which is not empty; how many characters it was.
fn step(state: &mut State, rest: &[char], line: &mut Line) -> usize {
    let second = rest.get(1).copied();
    match state {
        State::LineComment => {
            line.comment.push(rest[0]);
            1
        }
        State::BlockComment { depth } => match (rest[0], second) {
            ('*', Some('/')) => {
                *depth -= 1;
                if *depth == 0 {
                    *state = State::Code;
                }
                2
            }
            ('/', Some('*')) => {
                *depth += 1;
                2
            }
            (c, _) => {
                line.comment.push(c);
                1
            }
        },
        State::Str { raw: false, .. } if rest[0] == '\\' => 2,
        State::Str { hashes, .. } => {
            let count = *hashes;
            if rest[0] == '"' && rest.iter().skip(1).take_while(|&&c| c == '#').count() >= count {
                line.code.push('"');
                *state = State::Code;
                return 1 + count;
            }
            1
        }
        State::Code => match (rest[0], second) {
            ('/', Some('/')) => {
                *state = State::LineComment;
                2
            }
            ('/', Some('*')) => {
                *state = State::BlockComment { depth: 1 };
                2
            }
            ('"', _) => {
                line.code.push('"');
                *state = State::Str { raw: false, hashes: 0 };
                1
            }
            ('r', _) if starts_raw(rest, &line.code) => {
                let hashes = rest.iter().skip(1).take_while(|&&c| c == '#').count();
                line.code.push('"');
                *state = State::Str { raw: true, hashes };
                2 + hashes
            }
            ('\'', Some('\\')) => {
                let end = rest.iter().skip(3).position(|&c| c == '\'');
                line.code.push_str("''");
                end.map_or(rest.len(), |end| end + 4)
            }
            ('\'', Some(_)) if rest.get(2) == Some(&'\'') => {
                line.code.push_str("''");
                3
            }
            (c, _) => {
                line.code.push(c);
                1
            }
        },
    }
}

/// Whether the `r` here starts a raw string: neither part of a name nor of `r#name`.
fn starts_raw(rest: &[char], before: &str) -> bool {
    let before = before.strip_suffix(['b', 'c']).unwrap_or(before);
    !before.ends_with(is_word) && rest.iter().skip(1).find(|&&c| c != '#') == Some(&'"')
}

/// Whether a character can be part of a name.
fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The columns (in bytes) at which `word` stands in `code` as a whole word.
pub fn words(code: &str, word: &str) -> Vec<usize> {
    let stands_alone = |&(at, _): &(usize, &str)| {
        !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word)
    };
    code.match_indices(word).filter(stands_alone).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        lines(text).into_iter().map(|l| l.code.trim().to_owned()).collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        assert_eq!(code("a // unsafe\n/* unsafe\n/* x */ unsafe */ b"), ["a", "", "b"]);
        assert_eq!(code(r#"f("unsafe \" unsafe", g)"#), [r#"f("", g)"#]);
        assert_eq!(code("f(r#\"un\"safe\"#, 'x', '\\'', '\"') // \""), ["f(\"\", '', '', '')"]);
        assert_eq!(
            code("br\"\\\" + 'a + for_r\"x\""),
            ["b\" \"+ 'a + for_r\"\""].map(|s| s.replace("\" \"", "\"\" "))
        );
        assert_eq!(code("\"one\ntwo unsafe\nthree\" + r#type"), ["\"", "", "\" + r#type"]);
    }

    #[test]
    fn comments_are_kept() {
        let all = lines("x // SAFETY: y\n//! z");
        assert_eq!(all[0].comment, " SAFETY: y");
        assert!(!all[0].is_comment() && all[1].is_comment());
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(words("unsafe unsafe_code not_unsafe (unsafe)", "unsafe"), [0, 31]);
    }
}
