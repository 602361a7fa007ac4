//! IR and machine code, from the text that listings have to the report's rows.
//!
//! It knows the text that `hotspotvm_ir::print` documents and machine listings have, line by line. Invariant: every
//! line of a listing becomes a line of the report; what is not understood of it is only not linked.

use explorer::report::{Block, CodeLine, Edge, IrLine};
use hotspotvm::MachinePart;
use std::collections::HashMap;

/// The blocks and the frame states of IR as text.
pub(crate) fn ir(text: &str) -> (Vec<Block>, Vec<String>) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut states = Vec::new();
    let mut origin = Origin::default();
    for line in text.lines() {
        if line.starts_with('@') {
            states.push(line.to_owned());
        } else if let Some((head, comment)) = block_head(line) {
            origin = comment.or(blocks.is_empty().then_some(Origin::default())).unwrap_or(origin);
            blocks.push(Block { pc: origin.own_pc(), ..head });
        } else if line.starts_with(' ')
            && let Some(block) = blocks.last_mut()
        {
            let (text, comment) = commented(line.trim());
            origin = comment.unwrap_or(origin);
            block.edges.extend(edges(text));
            block.lines.push(IrLine {
                text: text.to_owned(),
                value: text.split_once(": ").and_then(|(name, _)| number(name, "v")),
                pc: origin.pc,
                function: origin.function,
                state: state_of(text),
            });
        }
    }
    attribute(&mut blocks, &states, unit_function(text));
    (blocks, states)
}

/// The bytecode function that the unit is code of, from the text's first line.
fn unit_function(text: &str) -> Option<u32> {
    let (_, rest) = text.lines().next()?.split_once("(bytecode function ")?;
    rest.split_once(',')?.0.parse().ok()
}

/// Names the functions of inlined instructions. The text gives their pcs alone, but frame states give functions: an
/// instruction with a state is of the state's function; one without, of that of the instruction before or after it in
/// its block whose pc is nearer, in the order of the bytecode. An instruction that was moved elsewhere may stay
/// unnamed.
fn attribute(blocks: &mut [Block], states: &[String], own: Option<u32>) {
    let named = states.iter().filter_map(|state| {
        let (name, rest) = state.split_once(" = ")?;
        Some((number(name, "@")?, number(rest.split_once(':')?.0, "f")?))
    });
    let functions: HashMap<u32, u32> = named.collect();
    for block in blocks {
        let known: Vec<Option<(u32, u32)>> =
            block.lines.iter().map(|line| Some((*functions.get(&line.state?)?, line.pc?))).collect();
        for (i, line) in block.lines.iter_mut().enumerate().filter(|(_, line)| line.function.is_none()) {
            let Some(pc) = line.pc else { continue };
            let before = known[..i].iter().rev().find_map(|k| *k).filter(|(_, at)| *at <= pc);
            let after = known[i + 1..].iter().find_map(|k| *k).filter(|(_, at)| pc <= *at);
            let function = match (known[i], before, after) {
                (Some((function, _)), _, _) => Some(function),
                (None, Some((a, at)), Some((b, to))) => Some(if pc - at <= to - pc { a } else { b }),
                (None, one, other) => one.or(other).map(|(function, _)| function),
            };
            line.function = function.filter(|function| Some(*function) != own);
        }
    }
}

/// Names the functions of inlined machine code, whose text gives pcs alone too: that of the IR it was made of, where a pc occurs
/// there in one function only.
pub(crate) fn attribute_machine(lines: &mut [CodeLine], blocks: &[Block]) {
    let ir = || blocks.iter().flat_map(|block| &block.lines);
    for line in lines.iter_mut().filter(|line| line.function.is_none() && line.pc.is_some()) {
        let mut functions = ir().filter(|inst| inst.pc == line.pc).map(|inst| inst.function);
        if let Some(first) = functions.next()
            && functions.all(|function| function == first)
        {
            line.function = first;
        }
    }
}

/// Says of machine code which value it computes and which exit it is part of; of a jump, which exit it leads to.
pub(crate) fn attribute_parts(lines: &mut [CodeLine], parts: &[MachinePart]) {
    let part = |offset: u32| {
        let after = parts.partition_point(|part| part.offset <= offset);
        after.checked_sub(1).map(|at| parts[at])
    };
    for line in lines {
        let Some(here) = part(line.offset) else { continue };
        line.value = here.value;
        line.exit = here.exit.or_else(|| line.target.and_then(part)?.exit);
    }
}

/// The lines of machine code as text.
pub(crate) fn machine(text: &str) -> Vec<CodeLine> {
    let mut origin = Origin::default();
    let mut lines = Vec::new();
    for line in text.lines() {
        let Some((offset, rest)) = line.trim_start().split_once("  ") else { continue };
        let Ok(offset) = u32::from_str_radix(offset.trim(), 16) else { continue };
        let rest = rest.trim_start();
        let (at, text) = match Origin::leading(rest) {
            Some((at, text)) => (Some(at), text),
            None => (None, rest),
        };
        origin = at.unwrap_or(origin);
        lines.push(CodeLine {
            offset,
            text: text.to_owned(),
            pc: origin.pc,
            function: origin.function,
            target: jump_target(text),
            ..CodeLine::default()
        });
    }
    lines
}

/// Which bytecode a line came from.
#[derive(Clone, Copy, Default)]
struct Origin {
    function: Option<u32>,
    pc: Option<u32>,
}

impl Origin {
    /// `pc 4` or `f3:pc 4`.
    fn of(text: &str) -> Option<Origin> {
        let (function, rest) = match text.split_once(":pc ") {
            Some((function, rest)) => (Some(number(function, "f")?), rest),
            None => (None, text.strip_prefix("pc ")?),
        };
        Some(Origin { function, pc: Some(rest.trim().parse().ok()?) })
    }

    /// The origin at the start of a line, and what follows it.
    fn leading(text: &str) -> Option<(Origin, &str)> {
        let at = text.find("pc ").filter(|&at| at == 0 || text[..at].ends_with(':'))?;
        let digits = text[at + 3..].find(|c: char| !c.is_ascii_digit())?;
        let (origin, rest) = text.split_at(at + 3 + digits);
        Some((Origin::of(origin)?, rest.trim_start()))
    }

    /// The pc, if it is one of the unit's own function.
    fn own_pc(self) -> Option<u32> {
        self.pc.filter(|_| self.function.is_none())
    }
}

/// A line without the comment that says where it came from, and that.
fn commented(line: &str) -> (&str, Option<Origin>) {
    match line.rsplit_once("; ") {
        Some((text, comment)) if Origin::of(comment).is_some() => (text.trim_end(), Origin::of(comment)),
        _ => (line, None),
    }
}

/// `b1(v2: int):    ; pc 5`.
fn block_head(line: &str) -> Option<(Block, Option<Origin>)> {
    let (text, comment) = commented(line);
    let name = text.strip_suffix(':')?;
    let (name, params) = match name.split_once('(') {
        Some((name, params)) => (name, params.strip_suffix(')')?),
        None => (name, ""),
    };
    let head = Block { id: number(name, "b")?, params: params.to_owned(), ..Block::default() };
    Some((head, comment))
}

/// Where a block's end leads: `jump b1(v2)`, `branch v7, b3, b2(v1) true 99%`.
fn edges(text: &str) -> Vec<Edge> {
    let labels: &[&str] = match text.split(' ').next() {
        Some("jump") => &[""],
        Some("branch") => &["true", "false"],
        _ => return Vec::new(),
    };
    let percent =
        text.strip_suffix('%').and_then(|t| t.rsplit_once(" true ")).and_then(|(_, p)| p.parse().ok());
    let targets = text.split([' ', ',']).filter_map(|word| number(word.split('(').next()?, "b"));
    let edge = |(to, label): (u32, &&str)| Edge {
        to,
        label: (*label).to_owned(),
        percent: match *label {
            "true" => percent,
            "false" => percent.map(|p: u8| 100u8.saturating_sub(p)),
            _ => None,
        },
    };
    targets.zip(labels).map(edge).collect()
}

/// The frame state of `int_add v0, v2 exit @5`, or of `exit region_end @0`.
fn state_of(text: &str) -> Option<u32> {
    text.split(' ').rev().find_map(|word| number(word, "@"))
}

/// The number behind a prefix, if there is nothing else.
fn number(text: &str, prefix: &str) -> Option<u32> {
    text.strip_prefix(prefix)?.parse().ok()
}

/// Where a jump within the unit leads.
fn jump_target(text: &str) -> Option<u32> {
    let (name, operand) = text.split_once(' ')?;
    let operand = operand.strip_prefix("short ").unwrap_or(operand).trim();
    let hex = operand.strip_prefix("0x").filter(|_| name.starts_with('j') || name == "call")?;
    u32::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const IR: &str = "\
function main@2 (bytecode function 0, entry pc 2)
b0(v0: int = local 0, v1: float = stack 1):     ; pc 2
    v2: int = const_int 1
    v3: int = int_add v0, v2 exit @0            ; f3:pc 4
    charge 7 back_edge exit @1
    branch v9, b1(v3), b2 true 99%              ; pc 5
b1(v4: int):                                    ; pc 6
    exit region_end @0
@0 = f0:pc4 execute locals[v0 -] stack[v1 v2]
";

    #[test]
    fn every_line_of_ir_is_kept_and_linked() {
        let (blocks, states) = ir(IR);
        assert_eq!(states, ["@0 = f0:pc4 execute locals[v0 -] stack[v1 v2]"]);
        assert_eq!((blocks[0].id, blocks[0].pc, blocks[1].pc), (0, Some(2), Some(6)));
        assert_eq!(blocks[0].params, "v0: int = local 0, v1: float = stack 1");
        let add = &blocks[0].lines[1];
        assert_eq!(add.text, "v3: int = int_add v0, v2 exit @0");
        assert_eq!((add.value, add.function, add.pc, add.state), (Some(3), Some(3), Some(4), Some(0)));
        assert_eq!(
            blocks[0].lines[2].function,
            Some(3),
            "a line without an origin has that of the one before"
        );
        let [yes, no] = blocks[0].edges.as_slice() else { panic!("{:?}", blocks[0].edges) };
        assert_eq!((yes.to, yes.percent, no.to, no.percent), (1, Some(99), 2, Some(1)));
    }

    /// A call of function 1 in place, between instructions of function 2.
    const INLINED: &str = "\
function total@7 (bytecode function 2, entry pc 7)
b0(v0: int = local 0):                          ; pc 7
    v1: int = int_mul v0, v0 exit @0            ; pc 28
    v2: int = int_mul v1, v0 exit @1            ; pc 2
    v3: int = const_int 100                     ; pc 3
    v4: int = int_floordiv v2, v3 exit @2       ; pc 4
    v5: int = const_int 1                       ; pc 34
    v6: int = int_add v4, v5 exit @3            ; pc 35
    exit region_end @3
@0 = f2:pc28 execute locals[v0] stack[v0 v0]
@1 = f1:pc2 execute locals[v1 v0] stack[v1 v0] caller @3
@2 = f1:pc4 execute locals[v1 v0] stack[v2 v3] caller @3
@3 = f2:pc35 execute locals[v0] stack[v4 v5]
";

    #[test]
    fn inlined_instructions_name_their_function() {
        let (blocks, _) = ir(INLINED);
        let functions: Vec<Option<u32>> = blocks[0].lines.iter().map(|line| line.function).collect();
        assert_eq!(functions, [None, Some(1), Some(1), Some(1), None, None, None]);
        let mut code = machine("     0  pc 4    idiv rcx\n     4  pc 35   add rax, 1\n     8  pc 99   nop\n");
        attribute_machine(&mut code, &blocks);
        let functions: Vec<Option<u32>> = code.iter().map(|line| line.function).collect();
        assert_eq!(functions, [Some(1), None, None]);
    }

    #[test]
    fn machine_code_has_values_and_exits() {
        let mut lines = machine(
            "     0  mov r14, [r13+0x50]\n     4  add rax, rcx\n     7  jo 0x20\n     9  ret\n    20  mov eax, 0\n",
        );
        let part = |offset, value, exit| MachinePart { offset, value, exit };
        let parts = [part(4, Some(9), None), part(9, None, None), part(0x20, None, Some(2))];
        attribute_parts(&mut lines, &parts);
        let told: Vec<_> = lines.iter().map(|line| (line.value, line.exit)).collect();
        assert_eq!(told, [(None, None), (Some(9), None), (Some(9), Some(2)), (None, None), (None, Some(2))]);
    }

    #[test]
    fn machine_code_has_offsets_origins_and_targets() {
        let lines = machine(
            "     0          mov r14, [r13+0x50]\n    70  pc 6    jb 0x1dc\n    79  f2:pc 1 mov rax, rsi\n",
        );
        assert_eq!((lines[0].offset, lines[0].pc), (0, None));
        assert_eq!((lines[1].offset, lines[1].pc, lines[1].target), (0x70, Some(6), Some(0x1dc)));
        assert_eq!(
            (lines[2].function, lines[2].pc, lines[2].text.as_str()),
            (Some(2), Some(1), "mov rax, rsi")
        );
    }
}
