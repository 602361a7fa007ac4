//! Summary of a function: what the generator needs to know of a function before it starts: order of blocks, loops, constants, boxes that only exits
//! see.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is part of *compile*. It only reads the
//! IR, in two linear passes.

use crate::error::{CodegenError, malformed};
use crate::ints::added_constant;
use ir::{Block, Function, Imm, Opcode, Value};

/// How many registers the limits of checked additions may take in a loop.
const MAX_LIMITS: usize = 4;

/// What is known of a function.
pub(crate) struct Summary {
    /// The reachable blocks, each after all that dominate it.
    pub order: Vec<Block>,
    /// For each block, in how many loops it is.
    pub depth: Vec<u32>,
    /// The header of one of the most deeply nested loops.
    pub hot_header: Option<Block>,
    /// For each value, its immediate if it is a constant.
    pub constants: Vec<Option<Imm>>,
    /// For each value made by a boxing instruction, what was boxed.
    pub boxed_from: Vec<Option<Value>>,
    /// For each value, how often instructions and jumps use it; frame states do not count.
    pub uses: Vec<u32>,
    /// Whether a global is read or written.
    pub globals: bool,
    /// Whether arrivals are counted.
    pub counts: bool,
    /// Whether a method is called, or an inlined one stands in for it: whether the depth matters.
    pub calls: bool,
    /// For each block, how many edges lead to it.
    pub ways_in: Vec<u32>,
    /// Constants that checked additions in the most deeply nested loops add, each once; at most [`MAX_LIMITS`].
    pub limits: Vec<i64>,
}

/// Looks at a function.
pub(crate) fn summarize(f: &Function) -> Result<Summary, CodegenError> {
    let (order, back_edges) = reachable(f)?;
    let (depth, hot_header) = loops(f, &back_edges);
    let n = f.types.len();
    let mut summary = Summary {
        order,
        depth,
        hot_header,
        constants: vec![None; n],
        boxed_from: vec![None; n],
        uses: vec![0; n],
        globals: false,
        counts: false,
        calls: false,
        ways_in: vec![0; f.blocks.len()],
        limits: Vec::new(),
    };
    let deepest = hot_header.map(|header| summary.depth[header.index()]);
    for &block in &summary.order {
        let data = &f.blocks[block.index()];
        for inst in &data.insts {
            for &arg in f.args(inst) {
                count(&mut summary.uses, arg)?;
            }
            summary.calls |= matches!(inst.op, Opcode::Call | Opcode::CheckDepth);
            summary.counts |= match inst.imm {
                Imm::Counter(_) => true,
                Imm::Call(id) => f.calls.get(id.index()).is_some_and(|call| call.counter.is_some()),
                _ => false,
            };
            summary.globals |= matches!(inst.op, Opcode::LoadGlobal | Opcode::StoreGlobal);
            let operand = |v: Value| match summary.constants.get(v.index()) {
                Some(&Some(Imm::Int(n))) => Some(n),
                _ => None,
            };
            // An addition of a constant on the left is turned round when it is emitted.
            let constant = match inst.op {
                Opcode::IntAdd => operand(inst.args[1]).or_else(|| operand(inst.args[0])),
                _ => operand(inst.args[1]),
            };
            if deepest == Some(summary.depth[block.index()])
                && summary.limits.len() < MAX_LIMITS
                && let Some(d) = added_constant(inst.op, constant)
                && !summary.limits.contains(&d)
            {
                summary.limits.push(d);
            }
            let Some(result) = inst.result else { continue };
            if result.index() >= n {
                return malformed(format!("{result} has no type"));
            }
            match inst.op {
                Opcode::ConstInt | Opcode::ConstFloat | Opcode::ConstBool | Opcode::ConstBoxed => {
                    summary.constants[result.index()] = Some(inst.imm);
                }
                Opcode::BoxInt | Opcode::BoxFloat | Opcode::BoxBool => {
                    summary.boxed_from[result.index()] = Some(inst.args[0]);
                }
                _ => {}
            }
        }
        if let Some(value) = data.end.value() {
            count(&mut summary.uses, value)?;
        }
        for target in data.end.targets() {
            summary.ways_in[target.block.index()] += 1;
        }
        for &arg in data.end.targets().flat_map(|t| &t.args) {
            count(&mut summary.uses, arg)?;
        }
    }
    for (i, from) in summary.boxed_from.iter().enumerate() {
        if let Some(from) = from
            && summary.uses[i] == 0
        {
            summary.uses[from.index()] = summary.uses[from.index()].saturating_sub(1);
        }
    }
    Ok(summary)
}

fn count(uses: &mut [u32], value: Value) -> Result<(), CodegenError> {
    match uses.get_mut(value.index()) {
        Some(n) => *n += 1,
        None => return malformed(format!("{value} has no type")),
    }
    Ok(())
}

/// From a block to a block.
type Edge = (Block, Block);

/// The reachable blocks in reverse postorder, and the back-edges `(from, to)` of the depth-first walk.
fn reachable(f: &Function) -> Result<(Vec<Block>, Vec<Edge>), CodegenError> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    if f.blocks.is_empty() {
        return malformed("no blocks");
    }
    let mut marks = vec![Mark::New; f.blocks.len()];
    let mut order = Vec::with_capacity(f.blocks.len());
    let mut back_edges = Vec::new();
    let mut stack = vec![(Block(0), 0)];
    marks[0] = Mark::Open;
    while let Some((block, next)) = stack.last_mut() {
        let block = *block;
        let Some(target) = f.blocks[block.index()].end.targets().nth(*next) else {
            marks[block.index()] = Mark::Done;
            order.push(block);
            stack.pop();
            continue;
        };
        *next += 1;
        let target = target.block;
        match marks.get(target.index()) {
            None => return malformed(format!("{target} does not exist")),
            Some(_) if target.0 == 0 => return malformed("the entry has a predecessor"),
            Some(Mark::New) => {
                marks[target.index()] = Mark::Open;
                stack.push((target, 0));
            }
            Some(Mark::Open) => back_edges.push((block, target)),
            Some(Mark::Done) => {}
        }
    }
    order.reverse();
    Ok((order, back_edges))
}

/// For each block how many natural loops it is in, and the header of a deepest one.
fn loops(f: &Function, back_edges: &[Edge]) -> (Vec<u32>, Option<Block>) {
    let n = f.blocks.len();
    let mut depth = vec![0; n];
    if back_edges.is_empty() {
        return (depth, None);
    }
    let mut predecessors = vec![Vec::new(); n];
    for (i, data) in f.blocks.iter().enumerate() {
        for target in data.end.targets() {
            if let Some(list) = predecessors.get_mut(target.block.index()) {
                list.push(i);
            }
        }
    }
    let mut headers: Vec<Block> = back_edges.iter().map(|&(_, header)| header).collect();
    headers.sort_unstable();
    headers.dedup();
    let mut member_of = vec![u32::MAX; n];
    for &header in &headers {
        member_of[header.index()] = header.0;
        depth[header.index()] += 1;
        let mut work: Vec<usize> =
            back_edges.iter().filter(|&&(_, to)| to == header).map(|&(from, _)| from.index()).collect();
        while let Some(block) = work.pop() {
            if member_of[block] != header.0 {
                member_of[block] = header.0;
                depth[block] += 1;
                work.extend(&predecessors[block]);
            }
        }
    }
    let hot = headers.iter().copied().max_by_key(|h| depth[h.index()]);
    (depth, hot)
}
