//! `hotspot check`, `asm` and `dis`: programs as text and as bytes, without running them.
//!
//! They stand before `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariants: `asm` writes only
//! programs that can run, and never over its own source; `dis` shows any program that can be read.

use crate::args::{AsmArgs, CheckArgs, DisArgs};
use crate::language::Language;
use crate::load::{self, Source};
use crate::report::{self, Failure, Status, complain};
use crate::{render, text};
use hotspotvm::bytecode::{Diagnostic, FuncId, Program, Verified, container, disasm};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Checks programs and says what is wrong with them.
///
/// # Errors
/// If standard output fails.
pub(crate) fn check(args: &CheckArgs) -> Result<Status, Failure> {
    let mut status = Status::Ok;
    for path in &args.programs {
        let source = match Source::read(path, args.language.language) {
            Ok(source) => source,
            Err(message) => {
                status = Status::Refused;
                if args.json {
                    report::show(&format!("{}\n", render::unreadable_as_json(path, &message)))?;
                } else {
                    Failure::refused(message).show();
                }
                continue;
            }
        };
        match source.verified() {
            Ok((program, python)) => {
                let warnings = if python.is_some() { &[] } else { program.warnings() };
                diagnose(warnings, &source, args.json)?;
                complain(&praise(&program, &source));
            }
            Err(errors) => {
                status = Status::Refused;
                diagnose(&errors, &source, args.json)?;
                complain(&load::summary(&errors, &source.name));
                if let Some(doubt) = source.doubt() {
                    Failure::silent(status).with_help(doubt).show();
                }
            }
        }
    }
    Ok(status)
}

fn diagnose(diagnostics: &[Diagnostic], source: &Source, json: bool) -> Result<(), Failure> {
    if !json {
        report::say_in_colour(&render::all(diagnostics, source));
        return Ok(());
    }
    let lines: String = diagnostics.iter().map(|d| format!("{}\n", render::as_json(d, source))).collect();
    report::show(&lines)
}

fn praise(verified: &Verified, source: &Source) -> String {
    let program = verified.program();
    let functions = text::counted(program.functions.len(), "function");
    let instructions = program.functions.iter().map(|f| f.code.len()).sum();
    let instructions = text::counted(instructions, "instruction");
    let warnings = match verified.warnings().len() {
        0 => String::new(),
        count => format!(", {}", text::counted(count, "warning")),
    };
    format!("ok: {functions}, {instructions}{warnings} in {}", text::line(&source.name))
}

/// Assembles a program into a container.
///
/// # Errors
/// If the program is refused, or writing fails.
pub(crate) fn asm(args: &AsmArgs) -> Result<Status, Failure> {
    let source = Source::read(&args.program, args.language.language).map_err(Failure::refused)?;
    if source.is_container() {
        let message = format!("`{}` is a container already", source.name);
        return Err(Failure::refused(message).with_help("`hotspot dis` shows it as text"));
    }
    if source.language().is_some_and(|known| known.language == Language::Python) {
        // A container holds bytecode alone: without sys.argv, the recursion limit and Python's traceback.
        let message = format!("`{}` is Python, and `asm` is for assembly text", source.name);
        let help = "`hotspot run` runs it, `hotspot dis` shows its bytecode; `--language asm` reads it as assembly text";
        return Err(Failure::refused(message).with_help(help));
    }
    let output = match &args.output {
        Some(output) => output.clone(),
        None if args.program == "-" => {
            let failure = Failure::refused("a program from standard input has no name to make another from");
            return Err(
                failure.with_help("say where to write with `-o OUT.hsbc`, or `-o -` for standard output")
            );
        }
        None => PathBuf::from(&args.program).with_extension("hsbc"),
    };
    let loaded = load::verified(&source)?;
    report::say_in_colour(&loaded.warnings);
    let bytes = container::write(loaded.program.program());
    if output == Path::new("-") {
        let mut out = std::io::stdout().lock();
        let result = out.write_all(&bytes).and_then(|()| out.flush());
        result.map_err(|error| Failure::output("standard output", &error))?;
        return Ok(Status::Ok);
    }
    load::keep_apart(&args.program, &output)?;
    let shown = text::line(&output.display().to_string());
    std::fs::write(&output, &bytes).map_err(|error| Failure::output(&format!("`{shown}`"), &error))?;
    complain(&format!("wrote {shown} ({})", text::counted(bytes.len(), "byte")));
    Ok(Status::Ok)
}

/// Shows a program as text.
///
/// # Errors
/// If the program cannot be read, or standard output fails.
pub(crate) fn dis(args: &DisArgs) -> Result<Status, Failure> {
    let source = Source::read(&args.program, args.language.language).map_err(Failure::refused)?;
    let (program, python) = source.program().map_err(|errors| load::refuse(&errors, &source))?;
    let shown = if let (Some(text), true) = (source.text(), python.is_some()) {
        beside(&program, text)
    } else if args.listing {
        listing(&program)
    } else {
        disasm::disassemble(&program)
    };
    report::show(&shown)?;
    Ok(Status::Ok)
}

/// The code of a program beside the lines of its source: each line before what was made of it.
fn beside(program: &Program, source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let mut out = String::new();
    for (index, function) in program.functions.iter().enumerate() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&head(program, index));
        let id = FuncId(index as u32);
        let mut shown = None;
        for pc in 0..function.code.len() as u32 {
            let line = program.line(id, pc);
            if line != shown {
                let text = line.and_then(|line| lines.get(line as usize - 1)).copied().unwrap_or("");
                out.push_str(&format!("  {:>4}  {}\n", line.unwrap_or(0), text::line(text)));
                shown = line;
            }
            let instruction = disasm::instruction_text(program, id, pc);
            out.push_str(&format!("        {pc:>4}  {}\n", text::line(&instruction)));
        }
    }
    out
}

/// The heading of a function.
fn head(program: &Program, index: usize) -> String {
    let Some(function) = program.functions.get(index) else { return String::new() };
    let parameters: Vec<&str> =
        function.locals.iter().take(function.params as usize).map(String::as_str).collect();
    let head = format!("{}({})", function.name, parameters.join(", "));
    let entry = if index == program.entry as usize { ", where the program starts" } else { "" };
    let count = text::counted(function.code.len(), "instruction");
    format!("{}: {count}{entry}\n", text::line(&head))
}

fn listing(program: &Program) -> String {
    let mut out = String::new();
    for (index, function) in program.functions.iter().enumerate() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&head(program, index));
        let lines = disasm::listing(program, FuncId(index as u32), 0..function.code.len() as u32);
        out.push_str(&text::indented(&text::lines(&lines), 2));
    }
    out
}
