//! A report as one self-contained HTML file.
//!
//! The page without its data is built from `page/` and committed as `page/dist/shell.html`, so that nobody needs Node
//! to use it. Here the data goes in. It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! Invariants:
//! - The file asks for nothing and runs nothing but its own script: its policy (in the shell) names that by its hash. The data stands in
//!   script elements of types that no browser executes.
//! - Whatever the report says, it cannot end its element: no `<` of it reaches the file as such.

use crate::report::Report;
use std::io;

/// The page without its data.
pub const SHELL: &str = include_str!("../page/dist/shell.html");

/// The project's words, which the page explains.
const GLOSSARY: &str = include_str!("../../../GLOSSARY.md");

/// A report whose JSON form is longer than this is packed. Shorter ones stay readable in the file.
const PACK_FROM: usize = 1 << 20;

/// Fast, and within some percent of the best.
const PACK_LEVEL: u8 = 5;

/// Writes the page of a report.
///
/// # Errors
/// If writing fails.
pub fn write_page(report: &Report, mut out: impl io::Write) -> io::Result<()> {
    let json = serde_json::to_string(report)?;
    let (head, rest) = SHELL.split_once("<!--title-->").unwrap_or((SHELL, ""));
    let (middle, tail) = rest.split_once("<!--data-->").unwrap_or((rest, ""));
    out.write_all(head.as_bytes())?;
    out.write_all(escape(&title(report)).as_bytes())?;
    out.write_all(middle.as_bytes())?;
    if json.len() > PACK_FROM {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(json.as_bytes(), PACK_LEVEL);
        write!(out, "<script type=\"text/plain\" id=\"report\" data-packed=\"zlib\">{}", base64(&packed))?;
    } else {
        write!(out, "<script type=\"application/json\" id=\"report\">{}", json.replace('<', "\\u003c"))?;
    }
    // Our own text, but the same care: it may speak of elements.
    let glossary = GLOSSARY.replace('<', "");
    write!(out, "</script>\n<script type=\"text/plain\" id=\"glossary\">{glossary}</script>")?;
    out.write_all(tail.as_bytes())
}

/// The page of a report, as text.
///
/// # Errors
/// As [`write_page`]; writing to memory fails only if there is none.
pub fn page(report: &Report) -> io::Result<String> {
    let mut out = Vec::new();
    write_page(report, &mut out)?;
    String::from_utf8(out).map_err(io::Error::other)
}

fn title(report: &Report) -> String {
    let name = report.runs.first().map_or("no program", |run| run.program.name.as_str());
    format!("{name}: what the JIT did")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = bits >> (18 - 6 * digit) & 63;
            let digit = if digit > chunk.len() { '=' } else { char::from(DIGITS[index as usize]) };
            out.push(digit);
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::{FORMAT_VERSION, Run};

    fn report(name: &str) -> Report {
        let mut run = Run { label: name.into(), ..Run::default() };
        run.program.name = name.into();
        Report { version: FORMAT_VERSION, tool: "test".into(), runs: vec![run], ..Report::default() }
    }

    /// The text between the start of the element with this id and the next end of a script, as a browser finds it.
    fn block<'a>(page: &'a str, id: &str) -> (&'a str, &'a str) {
        let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap();
        let (attributes, rest) = rest.split_once('>').unwrap();
        (attributes, rest.split_once("</script").unwrap().0)
    }

    #[test]
    fn the_shell_is_small_and_has_its_two_places() {
        assert!(SHELL.len() < 500_000, "{}", SHELL.len());
        assert_eq!(SHELL.matches("<!--title-->").count(), 1);
        assert_eq!(SHELL.matches("<!--data-->").count(), 1);
        assert_eq!(SHELL.matches("<script>").count(), 1);
    }

    #[test]
    fn the_policy_allows_nothing_but_the_page_itself() {
        let (_, rest) = SHELL.split_once("http-equiv=\"Content-Security-Policy\" content=\"").unwrap();
        let policy = rest.split_once('"').unwrap().0;
        let mut rules: Vec<(&str, &str)> =
            policy.split("; ").map(|rule| rule.split_once(' ').unwrap()).collect();
        rules.sort_unstable();
        let names: Vec<&str> = rules.iter().map(|rule| rule.0).collect();
        assert_eq!(names, ["base-uri", "default-src", "form-action", "img-src", "script-src", "style-src"]);
        for (name, sources) in rules {
            match name {
                "script-src" | "style-src" => assert!(sources.starts_with("'sha256-"), "{sources}"),
                "img-src" => assert_eq!(sources, "data:"),
                _ => assert_eq!(sources, "'none'"),
            }
            assert!(!sources.contains("unsafe") && !sources.contains(' '), "{name} {sources}");
        }
        // The policy comes before everything that it governs.
        assert!(SHELL.find("http-equiv").unwrap() < SHELL.find("<style>").unwrap());
    }

    #[test]
    fn what_the_guest_says_cannot_end_its_element() {
        for evil in
            ["</script><script>alert(1)</script>", "<!--<script>", "\u{2028}</SCRIPT\n>", "</title><b>&"]
        {
            let report = report(evil);
            let page = page(&report).unwrap();
            let (_, json) = block(&page, "report");
            assert_eq!(serde_json::from_str::<Report>(json).unwrap(), report);
            assert!(!json.contains('<'));
            let title = page.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
            assert!(!title.contains('<'), "{title}");
            // The shell has as many elements as before, plus the two data blocks.
            assert_eq!(page.matches("<script").count(), SHELL.matches("<script").count() + 2);
        }
    }

    #[test]
    fn large_reports_are_packed_and_come_back() {
        let large = report(&"loop ".repeat(PACK_FROM / 4));
        let page = page(&large).unwrap();
        let (attributes, text) = block(&page, "report");
        assert!(attributes.contains("data-packed=\"zlib\""));
        assert!(text.len() < 100_000);
        let packed = decode(text);
        let json = miniz_oxide::inflate::decompress_to_vec_zlib(&packed).unwrap();
        assert_eq!(serde_json::from_slice::<Report>(&json).unwrap(), large);
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        let known = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, coded) in known {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    fn decode(text: &str) -> Vec<u8> {
        let digit = |c: u8| match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => 0,
        };
        let mut out = Vec::new();
        for chunk in text.as_bytes().chunks(4) {
            let bits = chunk.iter().fold(0_u32, |bits, &c| bits << 6 | u32::from(digit(c)));
            let bytes = bits.to_be_bytes();
            out.extend(&bytes[1..4 - chunk.iter().filter(|&&c| c == b'=').count()]);
        }
        out
    }
}
