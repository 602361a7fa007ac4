//! The JSON that iongraph, SpiderMonkey's viewer of graphs, opens: for each unit the IR after each pass.
//!
//! Parameters of blocks stand as their first instructions, since that format has phis and not parameters.

use crate::explore::listing;
use crate::text;
use explorer::report::{Block, IrLine};
use hotspotvm::Event;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The names of the units that are being compiled.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<u32, String>);

impl Names {
    /// The unit that an event completes, as a function of that format.
    pub(super) fn function(&mut self, event: &Event) -> Option<Value> {
        match event {
            Event::CompileStart { unit, at, .. } => {
                self.0.insert(*unit, text::line(&format!("unit {unit}: {at}")));
                None
            }
            Event::CompileEnd { unit, listing: Some(listing), .. } if !listing.ir_built.is_empty() => {
                let name = self.0.remove(unit).unwrap_or_else(|| format!("unit {unit}"));
                let built = [("built", listing.ir_built.as_str())];
                let after = listing.ir_after.iter().map(|(name, text)| (name.as_str(), text.as_str()));
                let passes: Vec<Value> =
                    built.into_iter().chain(after).map(|(name, text)| pass(name, text)).collect();
                Some(json!({ "name": name, "passes": passes }))
            }
            _ => None,
        }
    }
}

fn pass(name: &str, ir: &str) -> Value {
    let (blocks, _) = listing::ir(ir);
    let mut uses: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut next = 1_000_000;
    let mut ids = Vec::new();
    for line in blocks.iter().flat_map(|block| &block.lines) {
        next += 1;
        let id = line.value.unwrap_or(next);
        ids.push(id);
        for input in inputs(line) {
            uses.entry(input).or_default().push(id);
        }
    }
    let depths = depths(&blocks);
    let mut ids = ids.into_iter();
    let shown: Vec<Value> = blocks
        .iter()
        .zip(depths)
        .map(|(block, depth)| {
            let params = block.params.split(", ").filter_map(|param| {
                let (name, ty) = param.split_once(": ")?;
                let id = name.strip_prefix('v')?.parse::<u32>().ok()?;
                let (ty, from) = ty.split_once(' ').unwrap_or((ty, ""));
                Some(instruction(id, &format!("parameter {from}"), ty, &[], &uses))
            });
            let mut instructions: Vec<Value> = params.collect();
            for (line, id) in block.lines.iter().zip(ids.by_ref()) {
                let (ty, opcode) = match line.text.split_once(" = ") {
                    Some((name, opcode)) => (name.split_once(": ").map_or("", |(_, ty)| ty), opcode),
                    None => ("none", line.text.as_str()),
                };
                instructions.push(instruction(id, opcode, ty, &inputs(line), &uses));
            }
            let predecessors: Vec<u32> = blocks
                .iter()
                .filter(|from| from.edges.iter().any(|edge| edge.to == block.id))
                .map(|from| from.id)
                .collect();
            let successors: Vec<u32> = block.edges.iter().map(|edge| edge.to).collect();
            let mut attributes = Vec::new();
            if predecessors.iter().any(|&from| is_back(&blocks, from, block.id)) {
                attributes.push("loopheader");
            }
            if successors.iter().any(|&to| is_back(&blocks, block.id, to)) {
                attributes.push("backedge");
            }
            json!({
                "ptr": address(block.id), "id": block.id, "loopDepth": depth, "attributes": attributes,
                "predecessors": predecessors, "successors": successors, "instructions": instructions,
            })
        })
        .collect();
    json!({ "name": name, "mir": { "blocks": shown }, "lir": { "blocks": [] } })
}

/// What stands for the address of a block or an instruction, which the viewer wants: not 0.
fn address(id: u32) -> u64 {
    u64::from(id) + 1
}

fn instruction(id: u32, opcode: &str, ty: &str, inputs: &[u32], uses: &HashMap<u32, Vec<u32>>) -> Value {
    json!({
        "ptr": address(id), "id": id, "opcode": opcode.trim(), "attributes": [], "inputs": inputs,
        "uses": uses.get(&id).cloned().unwrap_or_default(), "memInputs": [], "type": ty,
    })
}

/// The values that a line names, its own result not counted.
fn inputs(line: &IrLine) -> Vec<u32> {
    let text = line.text.split_once(" = ").map_or(line.text.as_str(), |(_, right)| right);
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '@');
    words.filter_map(|word| word.strip_prefix('v')?.parse().ok()).collect()
}

/// Whether an edge leads back: blocks are listed in an order in which only such edges lead up.
fn is_back(blocks: &[Block], from: u32, to: u32) -> bool {
    let position = |id: u32| blocks.iter().position(|block| block.id == id);
    position(to) <= position(from)
}

/// In how many loops each block is: a loop is what reaches its back-edge without passing its header.
fn depths(blocks: &[Block]) -> Vec<u32> {
    let mut depths = vec![0; blocks.len()];
    let position: HashMap<u32, usize> = blocks.iter().enumerate().map(|(i, block)| (block.id, i)).collect();
    for (header, head) in blocks.iter().enumerate() {
        let mut inside = vec![false; blocks.len()];
        let backs = blocks.iter().enumerate().skip(header);
        let mut todo: Vec<usize> = backs
            .filter(|(_, from)| from.edges.iter().any(|edge| edge.to == head.id))
            .map(|(i, _)| i)
            .collect();
        if todo.is_empty() {
            continue;
        }
        inside[header] = true;
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut inside[at], true) {
                let leads_here = |from: &&Block| from.edges.iter().any(|edge| edge.to == blocks[at].id);
                todo.extend(blocks.iter().filter(leads_here).filter_map(|from| position.get(&from.id)));
            }
        }
        for (depth, _) in depths.iter_mut().zip(inside).filter(|(_, inside)| *inside) {
            *depth += 1;
        }
    }
    depths
}
