//! The kernels that are too long to be stored: `functions`, a thousand small functions, and `large`, one function of a
//! thousand steps.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Both compute
//! with numbers below 2 ** 31, so that no language is at its limits, and are bound by how long compiling takes, not by
//! what comes out. Invariant: all languages get the same steps, from one list.

use std::fmt::Write as _;
use std::path::Path;

/// Functions of `functions`, and steps of `large`.
const COUNT: u32 = 1000;

/// The modulus of all steps.
const MODULUS: u32 = 65_521;

/// Everything that languages write differently.
struct Language {
    extension: &'static str,
    comment: (&'static str, &'static str),
    /// Before everything.
    head: &'static str,
    /// After everything.
    tail: &'static str,
    /// Opens the function `NAME` of x.
    open: &'static str,
    /// Opens the main function of n.
    main: &'static str,
    close: &'static str,
    /// The two locals, `x = 1` and `y = 0`.
    locals: &'static str,
    /// Opens the loop over n.
    loop_open: &'static str,
    loop_close: &'static str,
    print: &'static str,
    end: &'static str,
    /// How deep a function's lines stand, and the loop's.
    indent: (&'static str, &'static str),
    /// Opens a branch that is taken if x is below a limit.
    branch: (&'static str, &'static str),
    branch_close: &'static str,
    /// What `/` with ints is written as, around its operands.
    divide: (&'static str, &'static str, &'static str),
}

const LANGUAGES: [Language; 5] = [
    Language {
        extension: "py",
        comment: ("\"\"\"", "\"\"\""),
        head: "import sys\n",
        tail: "\n\nmain(int(sys.argv[1]))\n",
        open: "\n\ndef NAME(x):\n",
        main: "\n\ndef main(n):\n",
        close: "",
        locals: "    x = 1\n    y = 0\n",
        loop_open: "    while n:\n",
        loop_close: "",
        print: "    print(x)\n    print(y)\n",
        end: "",
        indent: ("    ", "        "),
        branch: ("if x < ", ":\n"),
        branch_close: "",
        divide: ("", " // ", ""),
    },
    Language {
        extension: "lua",
        comment: ("-- ", ""),
        head: "",
        tail: "main(tonumber(arg[1]))\n",
        // Not `local`: a Lua function has at most 200 local variables.
        open: "function NAME(x)\n",
        main: "function main(n)\n",
        close: "end\n",
        locals: "  local x = 1\n  local y = 0\n",
        loop_open: "  while n ~= 0 do\n",
        loop_close: "  end\n",
        print: "  print(x)\n  print(y)\n",
        end: "",
        indent: ("  ", "    "),
        branch: ("if x < ", " then\n"),
        branch_close: "end\n",
        divide: ("", " // ", ""),
    },
    Language {
        extension: "js",
        comment: ("// ", ""),
        head: "",
        tail: "main(Number(process.argv[2]));\n",
        open: "function NAME(x) {\n",
        main: "function main(n) {\n",
        close: "}\n",
        locals: "  let x = 1;\n  let y = 0;\n",
        loop_open: "  while (n !== 0) {\n",
        loop_close: "  }\n",
        print: "  console.log(x);\n  console.log(y);\n",
        end: ";",
        indent: ("  ", "    "),
        branch: ("if (x < ", ") {\n"),
        branch_close: "}\n",
        divide: ("Math.floor(", " / ", ")"),
    },
    Language {
        extension: "c",
        comment: ("/* ", " */"),
        head: "#include <stdio.h>\n#include <stdlib.h>\n\n",
        tail: "",
        open: "static long NAME(long x) {\n",
        main: "int main(int argc, char **argv) {\n    long n = argc > 1 ? atol(argv[1]) : 0;\n",
        close: "}\n",
        locals: "    long x = 1;\n    long y = 0;\n",
        loop_open: "    while (n != 0) {\n",
        loop_close: "    }\n",
        print: "    printf(\"%ld\\n\", x);\n    printf(\"%ld\\n\", y);\n    return 0;\n",
        end: ";",
        indent: ("    ", "        "),
        branch: ("if (x < ", ") {\n"),
        branch_close: "}\n",
        divide: ("", " / ", ""),
    },
    Language {
        extension: "java",
        comment: ("// ", ""),
        head: "final class Main {\n",
        tail: "}\n",
        open: "static long NAME(long x) {\n",
        main: "public static void main(String[] args) {\n    long n = Long.parseLong(args[0]);\n",
        close: "}\n",
        locals: "    long x = 1;\n    long y = 0;\n",
        loop_open: "    while (n != 0) {\n",
        loop_close: "    }\n",
        print: "    System.out.println(x);\n    System.out.println(y);\n",
        end: ";",
        indent: ("    ", "        "),
        branch: ("if (x < ", ") {\n"),
        branch_close: "}\n",
        divide: ("", " / ", ""),
    },
];

const FUNCTIONS: &str =
    "A thousand small functions, called one after the other, n times: what counts is how soon they run fast.";
const LARGE: &str = "One function whose loop has a thousand steps and two hundred branches, n rounds.";

/// The factor and the summand of a step: different in each, the same in each language.
fn constants(i: u32) -> (u32, u32) {
    (3 + i * 7 % 101, 1 + i * 31 % 1009)
}

/// Writes both kernels, in all languages, below a folder.
///
/// # Errors
/// If a file can't be written.
pub fn write(folder: &Path) -> Result<(), String> {
    let put = |name: &str, extension: &str, text: &str| {
        let folder = folder.join(name);
        let path = folder.join(format!("{name}.{extension}"));
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("can't write {}: {error}", path.display()))
    };
    put("functions", "hasm", &functions_assembly())?;
    put("large", "hasm", &large_assembly())?;
    for language in &LANGUAGES {
        put("functions", language.extension, &functions(language))?;
        put("large", language.extension, &large(language))?;
        if language.extension == "lua" {
            let doubles = Language { divide: ("math.floor(", " / ", ")"), ..*language };
            put("functions", "luajit.lua", &functions(&doubles))?;
            put("large", "luajit.lua", &large(&doubles))?;
        }
    }
    Ok(())
}

fn functions(language: &Language) -> String {
    let (inner, deep) = language.indent;
    let end = language.end;
    let mut text = format!("{}{FUNCTIONS}{}\n{}", language.comment.0, language.comment.1, language.head);
    for i in 0..COUNT {
        let (factor, summand) = constants(i);
        text.push_str(&language.open.replace("NAME", &format!("f{i}")));
        let _ = writeln!(text, "{inner}return (x * {factor} + {summand}) % {MODULUS}{end}");
        text.push_str(language.close);
    }
    text.push_str(language.main);
    text.push_str(language.locals);
    text.push_str(language.loop_open);
    for i in 0..COUNT {
        let _ = writeln!(text, "{deep}x = f{i}(x){end}");
    }
    let _ = writeln!(text, "{deep}y = (y + x) % {MODULUS}{end}\n{deep}n = n - 1{end}");
    for part in [language.loop_close, language.print, language.close, language.tail] {
        text.push_str(part);
    }
    text
}

fn large(language: &Language) -> String {
    let (deep, end) = (language.indent.1, language.end);
    let (divide, by, divided) = language.divide;
    let mut text = format!("{}{LARGE}{}\n{}", language.comment.0, language.comment.1, language.head);
    text.push_str(language.main);
    text.push_str(language.locals);
    text.push_str(language.loop_open);
    for i in 0..COUNT {
        let (factor, summand) = constants(i);
        let _ = match i % 5 {
            0 => {
                let (open, then) = language.branch;
                let close = language.branch_close;
                let inner = language.indent.0;
                let _ = write!(text, "{deep}{open}{}{then}", summand * 60);
                let _ = writeln!(text, "{deep}{inner}y = y + {factor}{end}");
                if close.is_empty() { Ok(()) } else { write!(text, "{deep}{close}") }
            }
            1 => writeln!(text, "{deep}y = {divide}(y + x){by}2{divided}{end}"),
            _ => writeln!(text, "{deep}x = (x * {factor} + {summand}) % {MODULUS}{end}"),
        };
    }
    let _ = writeln!(text, "{deep}n = n - 1{end}");
    for part in [language.loop_close, language.print, language.close, language.tail] {
        text.push_str(part);
    }
    text
}

/// The start of an assembly file, up to the head of the loop over n in its main function.
fn assembly_head(sizes: &str, about: &str) -> String {
    format!(
        "{sizes};\n; {about}\n\nfunc main(n)\n    local x, y\n    push 1\n    store_local x\n    push 0\n    store_local y\n\
         loop:\n    load_local n\n    jump_if_zero done\n"
    )
}

const ASSEMBLY_TAIL: &str = "    load_local n\n    push 1\n    sub\n    store_local n\n    jump loop\ndone:\n    load_local x\n    print\n\
                             \x20   load_local y\n    print\n    halt\nend\n";

/// The instructions for `(x * factor + summand) % MODULUS`.
fn assembly_step(i: u32) -> String {
    let (factor, summand) = constants(i);
    format!(
        "    load_local x\n    push {factor}\n    mul\n    push {summand}\n    add\n    push {MODULUS}\n    mod\n"
    )
}

fn functions_assembly() -> String {
    let sizes = "; args: 2\n; quick: 1000\n; half: 10000\n; full: 20000\n";
    let mut text = assembly_head(sizes, FUNCTIONS);
    for i in 0..COUNT {
        let _ = write!(text, "    load_local x\n    call f{i}\n    store_local x\n");
    }
    let _ = write!(
        text,
        "    load_local y\n    load_local x\n    add\n    push {MODULUS}\n    mod\n    store_local y\n"
    );
    text.push_str(ASSEMBLY_TAIL);
    for i in 0..COUNT {
        let _ = write!(text, "\nfunc f{i}(x)\n{}    ret\nend\n", assembly_step(i));
    }
    text
}

fn large_assembly() -> String {
    let sizes = "; args: 2\n; quick: 3000\n; half: 20000\n; full: 40000\n";
    let mut text = assembly_head(sizes, LARGE);
    for i in 0..COUNT {
        let (factor, summand) = constants(i);
        let _ = match i % 5 {
            0 => write!(
                text,
                "    load_local x\n    push {}\n    lt\n    jump_if_zero skip_{i}\n    load_local y\n    push {factor}\n    add\n    \
                 store_local y\nskip_{i}:\n",
                summand * 60
            ),
            1 => text.write_str(
                "    load_local y\n    load_local x\n    add\n    push 2\n    floordiv\n    store_local y\n",
            ),
            _ => writeln!(text, "{}    store_local x", assembly_step(i)),
        };
    }
    text.push_str(ASSEMBLY_TAIL);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_languages_have_the_same_steps() {
        for language in &LANGUAGES {
            let (functions, large) = (functions(language), large(language));
            assert_eq!(functions.matches("return (x * ").count(), COUNT as usize, "{}", language.extension);
            assert_eq!(large.matches(" = (x * ").count(), COUNT as usize * 3 / 5, "{}", language.extension);
            assert_eq!(
                large.matches(language.branch.0).count(),
                COUNT as usize / 5,
                "{}",
                language.extension
            );
        }
        assert_eq!(functions_assembly().matches("\nfunc f").count(), COUNT as usize);
        assert_eq!(large_assembly().matches("floordiv").count(), COUNT as usize / 5);
    }

    #[test]
    fn steps_differ_and_stay_below_the_limit() {
        let all: std::collections::BTreeSet<_> = (0..COUNT).map(constants).collect();
        assert!(all.len() > 990, "{}", all.len());
        assert!(all.iter().all(|(factor, summand)| factor * (MODULUS - 1) + summand < 1 << 31));
    }
}
