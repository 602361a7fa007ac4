//! How files look: each module says what it is, none is too long, none says what does not belong into a product.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: the words that are looked for
//! are not in this file in one piece.

use super::Finding;
use crate::tree::Tree;

/// The most lines of a file.
const MAX_LINES: usize = 1000;

/// Words that mean that something is not finished.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("HA", "CK")];

/// Places of one machine. Tests may name them.
const PLACES: [&str; 7] = [
    concat!("/wo", "rk/"),
    concat!("/t", "mp/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("local", "host"),
    concat!("127.0", ".0.1"),
];

/// Hosts from which tools fetch things, and addresses without encryption.
const HOSTS: [&str; 4] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("pypi.", "org"),
    concat!("http:", "//"),
];

/// Checks headers, lengths and words.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        let count = text.lines().count();
        if count > MAX_LINES {
            let message = format!("{count} lines; {MAX_LINES} are allowed: this wants to be two files");
            findings.push(Finding::new(path, MAX_LINES + 1, message));
        }
        if path.ends_with(".rs") && !has_header(text) {
            let message = "a module opens with `//!` and a sentence that says what it is";
            findings.push(Finding::new(path, 1, message));
        }
        check_words(path, text, &mut findings);
    }
    findings
}

/// Whether the text opens with inner documentation of at least a sentence: some words and a full stop.
fn has_header(text: &str) -> bool {
    let header: Vec<&str> = text.lines().map_while(|l| l.trim().strip_prefix("//!")).collect();
    let header = header.join(" ");
    header.split_whitespace().count() >= 3 && header.contains('.')
}

fn check_words(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let is_test_file = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
    let mut is_test = is_test_file;
    for (i, line) in text.lines().enumerate() {
        is_test |= path.ends_with(".rs") && line.trim() == "#[cfg(test)]";
        let unfinished = UNFINISHED.iter().filter(|w| !super::source::words(line, w).is_empty());
        for word in unfinished {
            findings.push(Finding::new(
                path,
                i + 1,
                format!("`{word}`: finish it, or write down what is true"),
            ));
        }
        for place in PLACES.iter().filter(|p| !is_test && line.contains(**p)) {
            let message = format!("`{place}` is a place of one machine; it means nothing elsewhere");
            findings.push(Finding::new(path, i + 1, message));
        }
        for host in HOSTS.iter().filter(|h| line.contains(**h)) {
            findings.push(Finding::new(path, i + 1, format!("`{host}` does not belong into the product")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn modules_without_a_sentence_are_found() {
        for text in ["fn f() {}\n", "//! placeholder\nfn f() {}\n", "", "// Says something else.\n"] {
            assert_eq!(findings("crates/a/src/b.rs", text).len(), 1, "{text}");
        }
        assert_eq!(findings("crates/a/src/b.rs", "//! What this\n//! module is.\n"), [""; 0]);
        assert_eq!(findings("docs/a.md", "text"), [""; 0]);
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(findings("docs/a.md", &"a\n".repeat(1000)), [""; 0]);
        let found = findings("docs/a.md", &"a\n".repeat(1001));
        assert_eq!(found, ["docs/a.md:1001: 1001 lines; 1000 are allowed: this wants to be two files"]);
        assert_eq!(findings("Cargo.lock", &"a\n".repeat(1001)), [""; 0]);
    }

    #[test]
    fn words_that_do_not_belong_are_found() {
        for word in UNFINISHED {
            assert_eq!(findings("docs/a.md", &format!("a\n({word})")).len(), 1, "{word}");
            assert_eq!(findings("docs/a.md", &format!("{word}S")), [""; 0]);
        }
        for word in PLACES.iter().chain(&HOSTS) {
            let text = format!("//! Says what it is.\nlet a = \"{word}b\";\n");
            let found = findings("crates/a/src/b.rs", &text);
            assert_eq!(found.len(), 1, "{word}");
            assert!(found[0].starts_with("crates/a/src/b.rs:2: "), "{found:?}");
        }
    }

    #[test]
    fn tests_may_name_places() {
        let line = format!("let a = \"{}b\";\n", PLACES[1]);
        let text = format!("//! Says what it is.\n#[cfg(test)]\nmod tests {{\n{line}}}\n");
        assert_eq!(findings("crates/a/src/b.rs", &text), [""; 0]);
        let text = format!("//! Says what it is.\n{line}");
        assert_eq!(findings("crates/a/tests/b.rs", &text), [""; 0]);
        assert_eq!(findings("crates/a/src/b.rs", &text).len(), 1);
    }
}
