//! Removes block parameters that are always the same value.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: a parameter to which every edge gives the same value, or the parameter itself, is that value. Why: builders
//! give each loop header a parameter for every local, also for those that the loop never writes; until they are gone
//! nothing about them is invariant.
//!
//! ```text
//!     jump b1(v0, v1)                          jump b1(v1)
//! b1(v2: int, v3: int):                    b1(v3: int):
//!     v4: int = int_add v2, v3 exit @0  =>     v4: int = int_add v0, v3 exit @0
//!     jump b1(v2, v4)                          jump b1(v4)
//! ```
//!
//! Invariant: the entry's parameters stay. Source of the idea: redundant phis in Braun et al., "Simple and Efficient Construction
//! of SSA Form" (2013).
//!
//! Measured on a Xeon (`--example passes`), time without this pass against with it: 1.00 on all kernels; generated
//! programs have 0.7 % more machine code and 0.8 % longer IR without it, since several passes leave such parameters
//! behind.

use super::{Changed, PassCx, Replacements};
use crate::analysis::Cfg;
use crate::data::{Function, Value};

/// Removes such parameters until there are none.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let mut to = Replacements::new(f);
    let mut removed: Vec<Vec<bool>> = f.blocks.iter().map(|block| vec![false; block.params.len()]).collect();
    let mut any = false;
    loop {
        let mut again = false;
        // For each parameter the one value that comes to it, as far as seen.
        let mut incoming: Vec<Vec<Incoming>> =
            f.blocks.iter().map(|block| vec![Incoming::Nothing; block.params.len()]).collect();
        for &block in &cfg.rpo {
            for target in f.blocks[block.index()].end.targets() {
                let params = &f.blocks[target.block.index()].params;
                for ((&arg, &param), seen) in
                    target.args.iter().zip(params).zip(&mut incoming[target.block.index()])
                {
                    let arg = to.find(arg);
                    *seen = match *seen {
                        _ if arg == param => *seen,
                        Incoming::Nothing => Incoming::Only(arg),
                        Incoming::Only(other) if other == arg => *seen,
                        _ => Incoming::Several,
                    };
                }
            }
        }
        for &block in cfg.rpo.iter().skip(1) {
            for (i, &param) in f.blocks[block.index()].params.iter().enumerate() {
                // What came may itself have been replaced meanwhile, by this very parameter at worst.
                if let Incoming::Only(value) = incoming[block.index()][i]
                    && !removed[block.index()][i]
                    && to.find(value) != param
                    && cx.spend()
                {
                    to.set(param, value);
                    removed[block.index()][i] = true;
                    again = true;
                }
            }
        }
        if !again {
            break;
        }
        any = true;
    }
    if any {
        remove(f, &cfg, &removed);
        to.apply(f, &cfg);
    }
    any.into()
}

#[derive(Clone, Copy)]
enum Incoming {
    Nothing,
    Only(Value),
    Several,
}

/// Removes the marked parameters and the arguments for them.
pub(super) fn remove(f: &mut Function, cfg: &Cfg, removed: &[Vec<bool>]) {
    for &block in &cfg.rpo {
        let data = &mut f.blocks[block.index()];
        keep(&mut data.params, &removed[block.index()]);
        for target in data.end.targets_mut() {
            keep(&mut target.args, &removed[target.block.index()]);
        }
    }
}

fn keep(values: &mut Vec<Value>, removed: &[bool]) {
    let mut i = 0;
    values.retain(|_| {
        i += 1;
        !removed.get(i - 1).copied().unwrap_or(false)
    });
}
