//! Text for people: escaped, wrapped, aligned.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: what [`line()`] and
//! [`lines`] give holds no control character (but line feeds in [`lines`]), so that no program can command a terminal
//! through its names and messages.

pub(crate) use hotspotvm::stats::{duration, thousands};

/// The width that running text is wrapped to, in characters.
pub(crate) const WIDTH: usize = 92;

/// One line: control characters escaped, line feeds too.
pub(crate) fn line(text: &str) -> String {
    escape(text, |_| false)
}

/// Several lines: control characters escaped, but line feeds.
pub(crate) fn lines(text: &str) -> String {
    escape(text, |c| c == '\n')
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() && !keep(c)) || is_direction(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character changes the direction of the text around it: that can make code look like other code.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with each line indented; the last one ends with a line feed.
pub(crate) fn indented(text: &str, by: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if !line.is_empty() {
            out.push_str(&" ".repeat(by));
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Words wrapped to [`WIDTH`], as [`wrapped_to`] does it.
pub(crate) fn wrapped(first: &str, text: &str) -> String {
    wrapped_to(WIDTH, first, text)
}

/// Words wrapped to so many characters: the first line begins with `first`, the others are indented as far. Ends with a line feed.
pub(crate) fn wrapped_to(width: usize, first: &str, text: &str) -> String {
    let indent = first.chars().count();
    let mut out = first.to_owned();
    let mut column = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        }
        if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// "1 error", "2 errors".
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(number as u64), if number == 1 { "" } else { "s" })
}

/// A table: the first column on the left, the others on the right, a rule under the head.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub(crate) fn new(head: &[&str]) -> Table {
        Table { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, name: &str, cells: &[String]) {
        let mut row = vec![name.to_owned()];
        row.extend_from_slice(cells);
        self.rows.push(row);
    }

    /// The table as lines, each indented by two.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            let mut text = String::from(" ");
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column] - cell.chars().count());
                let gap = if column == 0 { " " } else { "  " };
                let (before, after) = if column == 0 { ("", &*padding) } else { (&*padding, "") };
                text.extend([gap, before, cell, after]);
            }
            out.push_str(text.trim_end());
            out.push('\n');
            if at == 0 {
                let total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
                out.push_str(&format!("  {}\n", "-".repeat(total)));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_commanded() {
        assert_eq!(line("a\u{1b}[31m\nb\tä\u{202e}"), "a\\u{1b}[31m\\nb\\tä\\u{202e}");
        assert_eq!(lines("a\r\nb"), "a\\r\nb");
    }

    #[test]
    fn words_are_wrapped_under_each_other() {
        let shown = wrapped("* ", &"word ".repeat(40));
        assert_eq!(shown.lines().count(), 3);
        assert!(shown.lines().all(|l| l.chars().count() <= WIDTH));
        assert!(shown.lines().skip(1).all(|l| l.starts_with("  word")));
        assert_eq!(wrapped("", ""), "\n");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(counted(1, "error"), "1 error");
        assert_eq!(counted(2, "error"), "2 errors");
        assert_eq!(duration(1.5), "1.50 ns");
        assert_eq!(duration(123_456.0), "123 us");
        assert_eq!(duration(2.5e9), "2.50 s");
    }

    #[test]
    fn tables_are_aligned() {
        let mut table = Table::new(&["", "one", "two"]);
        table.row("a", &["1".into(), "22222".into()]);
        table.row("long", &["333".into(), "".into()]);
        assert_eq!(table.text(), "        one    two\n  ----------------\n  a       1  22222\n  long  333\n");
    }
}
