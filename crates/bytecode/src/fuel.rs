//! What a transfer of control costs.
//!
//! Fuel is the number of instructions executed. It is charged when control *transfers* (function entry, jump, either
//! side of a branch), for the whole straight run from there to the next transfer, that one included. A run passes
//! through labels and calls: falling into a label charges nothing, since the run that led there has paid. Hence every
//! tier charges the same amounts at the same edges of the control-flow graph, resuming in the middle of a run charges
//! nothing, and placing a label changes no bill.

use crate::program::Inst;

/// For each pc, the number of instructions from there to the next transfer of control, that one included.
pub fn run_costs(code: &[Inst]) -> Vec<u32> {
    let mut costs = vec![0; code.len()];
    let mut cost = 0u32;
    for (pc, inst) in code.iter().enumerate().rev() {
        cost = if inst.op.transfers() { 1 } else { cost.saturating_add(1) };
        costs[pc] = cost;
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Op;

    #[test]
    fn runs_end_at_transfers_only() {
        let ops = [Op::LoadLocal, Op::Dup, Op::JumpIfZero, Op::Push, Op::Call, Op::Jump, Op::Halt];
        let code: Vec<Inst> = ops.iter().map(|&op| Inst::bare(op)).collect();
        assert_eq!(run_costs(&code), [3, 2, 1, 3, 2, 1, 1]);
    }
}
