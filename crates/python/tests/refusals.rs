//! What is refused, and how: wrong programs, programs that are not supported, and programs made to break the front end.
#![allow(clippy::unwrap_used)]

use hotspotvm_python::{Feature, compile};

/// The programs of a table: a line that begins with `##` has what is to be said of the lines below it.
fn table(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("## ") {
            all.push((head.to_owned(), String::new()));
        } else if let Some((_, program)) = all.last_mut() {
            program.push_str(line);
            program.push('\n');
        }
    }
    all
}

#[test]
fn wrong_programs_are_refused_in_pythons_words() {
    let mut programs = table(include_str!("invalid.txt"));
    programs.extend(table(include_str!("invalid_common.txt")));
    assert!(programs.len() >= 500, "{}", programs.len());
    let (mut wrong, mut other_words, mut other_lines) = (Vec::new(), Vec::new(), 0);
    for (head, program) in &programs {
        let mut parts = head.splitn(3, ' ');
        let (class, line) = (parts.next().unwrap(), parts.next().unwrap().parse::<u32>().unwrap());
        let words = parts.next().unwrap_or("");
        let errors = match compile("p.py", program) {
            Ok(_) => {
                wrong.push(format!("accepted, is {head}:\n{program}"));
                continue;
            }
            Err(errors) => errors,
        };
        let [first] = &*errors else {
            wrong.push(format!("{} errors, is {head}:\n{program}", errors.len()));
            continue;
        };
        if first.code != Some(class) || first.place.line == 0 || first.place.span.is_none() {
            wrong.push(format!("{first}, is {head}:\n{program}"));
        } else if first.message != format!("{class}: {words}") {
            other_words.push(format!("{first}, is {line} {words}:\n{program}"));
        } else if first.place.line != line {
            other_lines += 1;
            other_words.push(format!("{first}, is {line} {words}:\n{program}"));
        }
        // Nothing of how this program is written shows in what it says.
        let shown = first.message.contains(['{', '`']) && !program.contains(['{', '`']);
        assert!(!shown && !first.message.contains("Expected"), "{first}");
    }
    let (all, differ) = (programs.len(), other_words.len());
    println!(
        "{all} wrong programs; {} not refused; {} with other words, {other_lines} with another line",
        wrong.len(),
        differ - other_lines
    );
    println!("{}", other_words.join("\n"));
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(differ <= MOST_THAT_DIFFER, "{differ} of {all}");
}

#[test]
fn unsupported_programs_are_refused_with_place_name_code_and_hint() {
    let programs = table(include_str!("unsupported.txt"));
    assert!(programs.len() >= 160, "{}", programs.len());
    let mut wrong = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (expected, program) in &programs {
        // `CODE@LINE` for each, in order.
        let found = match compile("p.py", program) {
            Ok(_) => Vec::new(),
            Err(errors) => errors,
        };
        let shown: Vec<String> =
            found.iter().map(|e| format!("{}@{}", e.code.unwrap_or("none"), e.place.line)).collect();
        if shown.join(" ") != *expected {
            wrong.push(format!("{}, is {expected}:\n{program}", shown.join(" ")));
        }
        for error in &found {
            let text = error.place.span.clone().and_then(|span| program.get(span));
            if error.hint.is_none() || text.is_none_or(str::is_empty) || error.place.column == 0 {
                wrong.push(format!("no hint or no place: {error}\n{program}"));
            }
            seen.extend(error.code);
        }
    }
    println!("{} unsupported programs, {} not refused as they should be", programs.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), programs.len(), wrong.join("\n"));
    // These depend on the size of the program: see below.
    let elsewhere = ["PY307", "PY701", "PY702", "PY703", "PY704"];
    let missing: Vec<&str> = Feature::ALL
        .iter()
        .map(|f| f.code())
        .filter(|code| !seen.contains(code) && !elsewhere.contains(code))
        .collect();
    assert!(missing.is_empty(), "nothing shows {missing:?}");
}

#[test]
fn supported_programs_are_accepted() {
    let programs = table(include_str!("accepted.txt"));
    assert!(programs.len() >= 100, "{}", programs.len());
    for (_, program) in &programs {
        let compiled = compile("p.py", program).unwrap_or_else(|errors| panic!("{}\n{program}", errors[0]));
        let verified = bytecode::verify(compiled.program);
        assert!(verified.is_ok(), "{:?}\n{program}", verified.err());
    }
}

/// How many wrong programs are refused in other words than CPython's, or at another line.
const MOST_THAT_DIFFER: usize = 9;

/// Programs made to exhaust something: name and text.
fn hostile() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, text: String| all.push((name.to_owned(), text));
    for n in [199, 201, 5_000, 200_000] {
        for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("a[", "]")] {
            add(&format!("{n} times {open}"), format!("x = {}1{}\n", open.repeat(n), close.repeat(n)));
        }
        add(&format!("{n} open"), format!("x = {}", "(".repeat(n)));
    }
    for n in [1_000, 2_800, 10_000, 100_000] {
        for piece in
            ["1 + ", "not ", "-", "~", "lambda: ", "1 if 1 else ", "1 ** ", "1 < ", "x and ", "await "]
        {
            add(&format!("{n} times {piece}"), format!("x = 1\nx = {}1\n", piece.repeat(n)));
        }
        add(&format!("{n} attributes"), format!("x = 1\nx{}\n", ".a".repeat(n)));
        add(&format!("{n} targets"), format!("{}1\n", "x = ".repeat(n)));
        add(&format!("{n} strings"), format!("x = {}\n", "'a' ".repeat(n)));
        add(&format!("{n} elifs"), format!("x = 1\nif x: pass\n{}", "elif x: pass\n".repeat(n)));
        add(&format!("{n} statements"), "x = 1\n".repeat(n));
        add(&format!("{n} names"), (0..n).map(|i| format!("x{i} = {i}\n")).collect());
        add(&format!("{n} functions"), (0..n).map(|i| format!("def f{i}(): pass\n")).collect());
        add(&format!("{n} arguments"), format!("print({})\n", "1, ".repeat(n)));
    }
    for n in [90, 110, 1_000] {
        let blocks: String = (0..n).map(|i| format!("{}if 1:\n", " ".repeat(i))).collect();
        add(&format!("{n} blocks"), format!("{blocks}{}pass\n", " ".repeat(n)));
        let loops: String = (0..n).map(|i| format!("{}while 1:\n", " ".repeat(i))).collect();
        add(&format!("{n} loops"), format!("{loops}{}pass\n", " ".repeat(n)));
        let f = "f'{".repeat(n) + "1" + &"}'".repeat(n);
        add(&format!("{n} f-strings"), format!("x = {f}\n"));
        add(&format!("{n} f-strings that do not end"), "f'{\n".repeat(20 * n));
        add(&format!("{n} f-strings in quotes of one kind"), "f\"{".repeat(20 * n));
        add(&format!("{n} in an f-string"), format!("x = f'{{{}1{}}}'\n", "(".repeat(n), ")".repeat(n)));
    }
    add("many digits", format!("x = {}\n", "9".repeat(100_000)));
    add("many hexadecimal digits", format!("x = 0x{}\n", "f".repeat(900_000)));
    add("a long name", format!("{} = 1\n", "a".repeat(900_000)));
    add("a long string", format!("x = '{}'\n", "a".repeat(900_000)));
    add("too long", "x = 1\n".repeat(1_000_000));
    add("null", "x = 1\0\n".to_owned());
    add("controls", "\x01\x02\x7f\u{feff}\u{202e}".to_owned());
    add("another encoding", "# -*- coding: latin-1 -*-\nx = 1\n".to_owned());
    add("form feeds", "\x0c\x0cx = 1\n\x0c  y = 2\n".to_owned());
    add("carriage returns", "x = 1\ry = 2\r\nprint(x, y)\r".to_owned());
    add("backslashes", "\\\n".repeat(10_000));
    add("quotes", "'''\"\"\"".repeat(10_000));
    add("nothing", String::new());
    add("decorators", "@a\n".repeat(5_000) + "def f(): pass\n");
    add("walrus", format!("x = {}1{}\n", "(y := ".repeat(150), ")".repeat(150)));
    add(
        "globals",
        format!(
            "def f():\n    global {}\n",
            (0..5_000).map(|i| format!("a{i}")).collect::<Vec<_>>().join(", ")
        ),
    );
    all
}

#[test]
fn hostile_programs_are_answered() {
    let programs = hostile();
    assert!(programs.len() >= 50, "{}", programs.len());
    let (mut accepted, mut refused) = (0, 0);
    for (name, text) in &programs {
        match compile("p.py", text) {
            Ok(compiled) => {
                accepted += 1;
                // The verifier may have caps of its own; it answers, too.
                let _ = bytecode::verify(compiled.program);
            }
            Err(errors) => {
                refused += 1;
                assert!(!errors.is_empty() && errors.len() <= 51, "{name}: {} errors", errors.len());
                assert!(errors.iter().all(|e| !e.message.is_empty()), "{name}");
            }
        }
    }
    println!("{} hostile programs: {accepted} accepted, {refused} refused", programs.len());
    assert!(accepted > 20 && refused > 50, "{accepted} accepted, {refused} refused");
}

/// Pieces of programs that are repeated in every order: whatever the parser makes of them, it must not recurse without bound.
const PIECES: &[&str] = &[
    "a ",
    "1 ",
    "'s' ",
    "f'{",
    "f'",
    "'",
    "( ",
    ") ",
    "[ ",
    "] ",
    "{ ",
    "} ",
    ", ",
    ": ",
    "; ",
    ". ",
    "= ",
    "+= ",
    ":= ",
    "+ ",
    "- ",
    "* ",
    "** ",
    "~ ",
    "@ ",
    "| ",
    "< ",
    "== ",
    "-> ",
    "and ",
    "or ",
    "not ",
    "in ",
    "is ",
    "if ",
    "elif ",
    "else ",
    "lambda ",
    "lambda a, ",
    "for ",
    "while ",
    "try: ",
    "except ",
    "with ",
    "as ",
    "def f(",
    "class A",
    "return ",
    "yield ",
    "await ",
    "async ",
    "match ",
    "case ",
    "import ",
    "from ",
    "global ",
    "del ",
    "raise ",
    "assert ",
    "print ",
    "None ",
    "\n",
    "\n ",
    "\\\n",
    "# ",
];

#[test]
fn repeated_pieces_are_answered() {
    // All pairs take minutes; without `HOTSPOT_FULL` every 37th stands for them, repeated less often.
    let full = std::env::var_os("HOTSPOT_FULL").is_some();
    let (step, times) = if full { (1, 20_000) } else { (37, 4_000) };
    let pairs = PIECES.iter().flat_map(|first| PIECES.iter().map(move |second| (first, second)));
    let mut seen = 0;
    for (at, (first, second)) in pairs.enumerate().step_by(step) {
        let third = PIECES[at * 7 % PIECES.len()];
        for piece in [format!("{first}{second}"), format!("{first}{second}{third}")] {
            for text in [
                piece.repeat(times),
                format!("x = {}", piece.repeat(times)),
                format!("({}", piece.repeat(times)),
            ] {
                if let Ok(compiled) = compile("p.py", &text) {
                    _ = bytecode::verify(compiled.program);
                }
                seen += 1;
            }
        }
    }
    println!("{seen} texts of repeated pieces");
}

#[test]
fn length_is_not_depth() {
    let accepted = |text: String| {
        let compiled = compile("p.py", &text).unwrap_or_else(|errors| panic!("{}\n{:.60}", errors[0], text));
        assert!(bytecode::verify(compiled.program).is_ok(), "{text:.60}");
    };
    for piece in [
        "x and ",
        "x or ",
        "x < ",
        "x <= x and ",
        "not x and ",
        "x == 1 or ",
        "x + 1 and x * 2 or ",
        "x != x + 1 < ",
    ] {
        // As many as a source may have characters for, in both places.
        let times = 100_000.min(480_000 / piece.len());
        accepted(format!("x = 1\ny = {}x\nif {0}x: print(y)\n", piece.repeat(times)));
    }
    accepted(format!("x = 1\ny = {}x\n", "x and ".repeat(100_000)));
    accepted(format!("x = 1\ny = {}x\n", "x < ".repeat(100_000)));
    accepted(format!("{}1\n", "x = ".repeat(100_000)));
    accepted(format!("x = 1; {}\n", "x = x + 1; ".repeat(50_000)));
    accepted(format!("print({})\n", "1 + 2, ".repeat(20_000)));
}

#[test]
fn lines_may_end_in_any_way() {
    // What a literal holds does not depend on how lines end.
    let constant = |text: &str| {
        let program = compile("p.py", text).unwrap().program;
        let strs = program.constants.iter().filter_map(|c| match c {
            bytecode::Const::Str(text) => Some(text.to_string()),
            _ => None,
        });
        strs.max_by_key(String::len).unwrap()
    };
    for end in ["\n", "\r\n", "\r"] {
        assert_eq!(constant(&format!("x = '''a{end}b{end}{end}c\\{end}d'''{end}")), "a\nb\n\ncd");
    }
}

#[test]
fn places_are_in_the_text_that_was_given() {
    let text = "\u{feff}x = 1\r\ny = '''\r\n\r'''\r\nz = 1j\rprint(z, ...)\r\n";
    let errors = compile("p.py", text).unwrap_err();
    let shown: Vec<(u32, u32, &str)> =
        errors.iter().map(|e| (e.place.line, e.place.column, &text[e.place.span.clone().unwrap()])).collect();
    assert_eq!(shown, [(5, 5, "1j"), (6, 10, "...")]);
}

#[test]
fn sizes_are_capped_with_codes() {
    let code =
        |text: &str| compile("p.py", text).err().and_then(|errors| errors.first().and_then(|e| e.code));
    assert_eq!(code("# coding: latin-1\n"), Some("PY701"));
    assert_eq!(code(&"x = 1\n".repeat(200_000)), Some("PY702"));
    assert_eq!(code(&format!("x = 0x{}\n", "f".repeat(500_000))), Some("PY704"));
    assert_eq!(code(&format!("x = {}\n", "9".repeat(5_000))), Some("SyntaxError"));
}

#[test]
fn the_manual_lists_what_is_not_supported() {
    let manual = include_str!("../../../docs/python/README.md");
    let rows: Vec<&str> = manual.lines().filter(|line| line.starts_with("| PY")).collect();
    let wanted: Vec<String> = Feature::ALL
        .iter()
        .map(|f| format!("| {} | {} | {} |", f.code(), f.name(), f.hint().replace('|', "\\|")))
        .collect();
    assert_eq!(rows, wanted);
}
