//! The disassembler: programs back to text.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`: people read it at every
//! stage. What holds:
//!
//! - for a program `p` that verifies, `assemble(disassemble(p))` equals [`canonical`]`(p)`, except for `source_name`
//!   and `lines`, as long as the text is within the assembler's cap ([`crate::asm::MAX_SOURCE`]); what the assembler made
//!   is canonical already;
//! - for any other program it gives text too, which then need not assemble; nothing panics.

use crate::asm::name_text;
use crate::build::canonical;
use crate::builtin::{Builtin1, Builtin2};
use crate::ops::{ControlFlow, Operand};
use crate::program::{FuncId, Function, Inst, Program};
use crate::routine::Routine;
use std::fmt::Write;
use std::ops::Range;

/// The column after which lists of names go on in the next line.
const WIDTH: usize = 90;
/// The column of the comment that gives the pc.
const COMMENT: usize = 40;

/// The program as text for [`crate::asm::assemble`], with generated labels (`L7` stands for pc 7) and pcs as comments.
pub fn disassemble(program: &Program) -> String {
    let program = &canonical(program);
    let mut out = String::new();
    write_names(&mut out, "", "global", &program.globals);
    let is_bare = is_bare(program);
    if !is_bare {
        write_entry(&mut out, program);
    }
    for function in &program.functions {
        if !out.is_empty() {
            out.push('\n');
        }
        let (params, locals) =
            function.locals.split_at((function.params as usize).min(function.locals.len()));
        if is_bare {
            write_names(&mut out, "", "local", locals);
        } else {
            let params: Vec<String> = params.iter().map(|p| name_text(p)).collect();
            push_line(&mut out, format_args!("func {}({})", name_text(&function.name), params.join(", ")));
            write_names(&mut out, "    ", "local", locals);
        }
        write_code(&mut out, program, function);
        if !is_bare {
            out.push_str("end\n");
        }
    }
    out
}

/// Writes a line. Writing to a string can't fail.
fn push_line(out: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{line}");
}

/// Whether the program can be written without `func`: the assembler then makes the same entry, and adds no `halt`.
fn is_bare(program: &Program) -> bool {
    let [function] = program.functions.as_slice() else { return false };
    let ends = |inst: &Inst| matches!(inst.op.info().flow, ControlFlow::Jump | ControlFlow::End);
    program.open_entry
        && program.entry == 0
        && function.name == "main"
        && function.params == 0
        && function.code.last().is_some_and(ends)
}

/// Writes `entry` if the assembler would not find it by itself.
fn write_entry(out: &mut String, program: &Program) {
    let found = program.functions.iter().position(|f| f.name == "main").unwrap_or(0);
    let Some(entry) = program.functions.get(program.entry as usize) else { return };
    if found != program.entry as usize || program.open_entry {
        let open = if program.open_entry { " open" } else { "" };
        push_line(out, format_args!("entry {}{open}", name_text(&entry.name)));
    }
}

/// Writes the declaration of names, over several lines if they are many.
fn write_names(out: &mut String, indent: &str, what: &str, names: &[String]) {
    let mut names = names.iter().map(|n| name_text(n)).peekable();
    while let Some(first) = names.next() {
        let mut line = format!("{indent}{what} {first}");
        while let Some(next) = names.next_if(|n| line.len() + 2 + n.len() <= WIDTH) {
            line.push_str(", ");
            line.push_str(&next);
        }
        push_line(out, format_args!("{line}"));
    }
}

fn write_code(out: &mut String, program: &Program, function: &Function) {
    let code = &function.code;
    // A verified program has no target outside its code; the pc just past its end can be written nevertheless.
    let mut is_target = vec![false; code.len() + 1];
    for inst in code {
        if inst.op.info().operand == Operand::Target
            && let Some(target) = is_target.get_mut(inst.arg as usize)
        {
            *target = true;
        }
    }
    for (pc, inst) in code.iter().enumerate() {
        if is_target[pc] {
            push_line(out, format_args!("L{pc}:"));
        }
        let operand = match inst.op.info().operand {
            Operand::Target if is_target.get(inst.arg as usize) == Some(&true) => format!("L{}", inst.arg),
            Operand::Target => inst.arg.to_string(),
            _ => operand_text(program, function, *inst),
        };
        let text = format!("    {:<17}{operand}", inst.op.info().mnemonic);
        push_line(out, format_args!("{:<COMMENT$}; pc {pc}", text.trim_end()));
    }
    if is_target[code.len()] {
        push_line(out, format_args!("L{}:", code.len()));
    }
}

/// The operand by name or value; a number in angle brackets where it names nothing.
fn operand_text(program: &Program, function: &Function, inst: Inst) -> String {
    let at = inst.arg as usize;
    let text = match inst.op.info().operand {
        Operand::None => return String::new(),
        Operand::Target => return inst.arg.to_string(),
        Operand::Const | Operand::Form => program.constants.get(at).map(|c| c.to_string()),
        Operand::Local => function.locals.get(at).map(|n| name_text(n)),
        Operand::Global => program.globals.get(at).map(|n| name_text(n)),
        Operand::Func => program.functions.get(at).map(|f| name_text(&f.name)),
        Operand::Builtin1 => Builtin1::from_number(inst.arg).map(|b| b.name().to_owned()),
        Operand::Builtin2 => Builtin2::from_number(inst.arg).map(|b| b.name().to_owned()),
        Operand::Routine => Routine::from_number(inst.arg).map(|r| r.name().to_owned()),
        Operand::Count | Operand::Pairs | Operand::Number => return inst.arg.to_string(),
    };
    text.unwrap_or_else(|| format!("<{at}>"))
}

/// One instruction as a person reads it: `load_local 0 (n)`, `push 5`, `jump 7`, `call 1 (fib)`. Empty if it is not there.
pub fn instruction_text(program: &Program, function: FuncId, pc: u32) -> String {
    let function = program.functions.get(function.0 as usize);
    let Some((function, &inst)) = function.and_then(|f| Some((f, f.code.get(pc as usize)?))) else {
        return String::new();
    };
    let name = inst.op.info().mnemonic;
    let meaning = operand_text(program, function, inst);
    match inst.op.info().operand {
        Operand::None => name.to_owned(),
        Operand::Const
        | Operand::Form
        | Operand::Target
        | Operand::Builtin1
        | Operand::Builtin2
        | Operand::Routine
        | Operand::Count
        | Operand::Pairs
        | Operand::Number => format!("{name} {meaning}"),
        Operand::Local | Operand::Global | Operand::Func => format!("{name} {} ({meaning})", inst.arg),
    }
}

/// The instructions of a function in a range of pcs, one a line: pc, source line (`-` if unknown), and what
/// [`instruction_text`] gives. What of the range is outside the code is left out.
pub fn listing(program: &Program, function: FuncId, range: Range<u32>) -> String {
    let length = program.functions.get(function.0 as usize).map_or(0, |f| f.code.len() as u32);
    let range = range.start..range.end.min(length);
    // As wide as the whole function needs, so that ranges listed one after the other line up.
    let widest = (0..length).filter_map(|pc| program.line(function, pc)).max().unwrap_or(0);
    let (pc_width, line_width) = (digits(length.saturating_sub(1)), digits(widest));
    let mut out = String::new();
    for pc in range {
        let line = program.line(function, pc).map_or_else(|| "-".to_owned(), |line| line.to_string());
        let text = instruction_text(program, function, pc);
        push_line(&mut out, format_args!("{pc:>pc_width$}  line {line:>line_width$}  {text}"));
    }
    out
}

fn digits(number: u32) -> usize {
    number.to_string().len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::asm::assemble;
    use crate::build::{FunctionBuilder, ProgramBuilder};
    use crate::{Const, Op};

    #[test]
    fn text_is_aligned_and_labelled() {
        let source =
            "global g\nLOAD_LOCAL n\nDUP\nJUMP_IF_ZERO 7\nPUSH 1\nSUB\nSTORE_LOCAL n\nJUMP 0\nSTORE_GLOBAL g";
        let program = assemble("t", source).unwrap();
        let expected = "\
global g

local n
L0:
    load_local       n                  ; pc 0
    dup                                 ; pc 1
    jump_if_zero     L7                 ; pc 2
    push             1                  ; pc 3
    sub                                 ; pc 4
    store_local      n                  ; pc 5
    jump             L0                 ; pc 6
L7:
    store_global     g                  ; pc 7
    halt                                ; pc 8
";
        assert_eq!(disassemble(&program), expected);
    }

    #[test]
    fn entries_and_odd_names_are_written() {
        let mut p = ProgramBuilder::new("t");
        let mut f = FunctionBuilder::new("<lambda>", &["a b"]);
        f.local("0");
        f.emit(Op::LoadLocal, 1);
        f.op(Op::Ret);
        p.add(f);
        let mut f = FunctionBuilder::new("g", &[]);
        f.op(Op::Halt);
        let g = p.add(f);
        p.set_entry(g);
        p.set_open_entry(true);
        let text = disassemble(&p.finish());
        assert!(text.starts_with("entry g open\n\nfunc \"<lambda>\"(\"a b\")\n    local \"0\"\n"), "{text}");
        assert!(text.contains("load_local       \"0\" "), "{text}");
    }

    #[test]
    fn listings_say_what_operands_mean() {
        let source =
            "global g\nfunc main(n)\n\nload_local n\ncall main\nstore_global g\npush \"a\\n\"\njump 0\n";
        let program = assemble("t", source).unwrap();
        let expected = "\
1  line 5  call 0 (main)
2  line 6  store_global 0 (g)
3  line 7  push \"a\\n\"
4  line 8  jump 0
";
        assert_eq!(listing(&program, FuncId(0), 1..99), expected);
        assert_eq!(listing(&program, FuncId(0), 7..9), "");
        assert_eq!(listing(&program, FuncId(5), 0..3), "");
        assert_eq!(instruction_text(&program, FuncId(0), 0), "load_local 0 (n)");
        assert_eq!(instruction_text(&program, FuncId(0), 5), "");
    }

    #[test]
    fn broken_programs_are_shown_too() {
        let mut p = ProgramBuilder::new("t");
        let mut f = FunctionBuilder::new("f", &[]);
        for (op, arg) in [(Op::Push, 9), (Op::LoadLocal, 9), (Op::Call, 9), (Op::Jump, 9), (Op::Jump, 5)] {
            f.emit(op, arg);
        }
        p.add(f);
        let text = disassemble(&p.finish());
        for piece in ["<9>", "jump             9 ", "L5:"] {
            assert!(text.contains(piece), "{piece} in {text}");
        }
        let empty = Program { entry: 3, constants: vec![Const::None], ..Program::default() };
        assert_eq!(disassemble(&empty), "");
    }
}
