//! The optimizer: one readable [`PIPELINE`] of passes, one file each.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`: between the builders and
//! `codegen`. The passes do what the code generator does not: guards, overflow checks, frame states, loops.
//!
//! Invariants that every pass keeps:
//! - a function that [`crate::verify`] accepts stays one; debug builds check it after each pass;
//! - the meaning stays: an evaluation ends at the same exit with the same frames, fuel and effects, except that an exit that only says how a
//!   result is computed (an int that is no exact float) disappears together with the last use of that result;
//! - the frame states are uses: replacing a value replaces it in them as well;
//! - the parameters of the entry stay as they are, since the function's inputs name them;
//! - blocks that the entry does not reach are not looked at.

pub mod blocks;
pub mod charges;
pub mod compact;
mod copies;
pub mod dce;
pub mod fold;
pub mod globals;
pub mod guards;
pub mod gvn;
pub mod ifconv;
pub mod licm;
pub mod params;
pub mod peel;
pub mod ranges;
pub mod unroll;

use crate::analysis::Cfg;
use crate::data::{Function, Inst, Value};
use crate::remark::Remark;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Whether a pass changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Yes,
    /// The function is as it was.
    No,
}

impl From<bool> for Changed {
    fn from(changed: bool) -> Changed {
        if changed { Changed::Yes } else { Changed::No }
    }
}

/// What a pass may do: the options of one optimisation.
#[derive(Clone, Debug)]
pub struct PassCx {
    /// Names of passes that are left out.
    pub disabled: Vec<String>,
    /// Names of passes after which [`PassRun::ir`] tells what they made.
    pub dumped: Vec<String>,
    /// Test mode: what a pass takes as proved is looked at when the code runs, and stops the process if it was wrong.
    /// (What the `_fits` and `_nonneg` operations rest on, the code generator looks at; what rests on decided
    /// comparisons and exact conversions becomes an `assert`.)
    pub check_proofs: bool,
    /// Whether the function is verified after each pass; a violation is a bug in the pass and panics. On in debug builds.
    pub verify: bool,
    /// Set from another thread when nobody wants the result any more: then no further pass begins.
    pub abandoned: Option<Arc<AtomicBool>>,
    /// Whether passes say what they did and what they could not do: [`PassRun::remarks`].
    pub remarks: bool,
    /// How many rewritings are still allowed.
    fuel: Cell<u64>,
    said: RefCell<Vec<Remark>>,
}

/// The most remarks that one pass makes about one function.
const MAX_REMARKS: usize = 200;

impl Default for PassCx {
    fn default() -> PassCx {
        PassCx::new()
    }
}

impl PassCx {
    /// All passes, no limit.
    pub fn new() -> PassCx {
        PassCx {
            disabled: Vec::new(),
            dumped: Vec::new(),
            check_proofs: false,
            verify: cfg!(debug_assertions),
            abandoned: None,
            remarks: false,
            fuel: Cell::new(u64::MAX),
            said: RefCell::default(),
        }
    }

    /// All passes, but at most this many rewritings in all: the least number that shows a miscompilation leads to
    /// the rewriting that causes it.
    pub fn with_fuel(fuel: u64) -> PassCx {
        PassCx { fuel: Cell::new(fuel), ..PassCx::new() }
    }

    /// Leaves a pass out.
    #[must_use]
    pub fn without(mut self, name: &str) -> PassCx {
        self.disabled.push(name.to_owned());
        self
    }

    /// Whether nobody wants the result any more.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.as_ref().is_some_and(|abandoned| abandoned.load(Ordering::Relaxed))
    }

    /// Whether a pass is to run.
    pub fn is_enabled(&self, name: &str) -> bool {
        !self.disabled.iter().any(|d| d == name)
    }

    /// Says something, if anybody wants to hear it.
    pub fn say(&self, remark: impl FnOnce() -> Remark) {
        if self.remarks {
            let mut said = self.said.borrow_mut();
            if said.len() < MAX_REMARKS {
                said.push(remark());
            }
        }
    }

    /// How many rewritings are still allowed.
    pub fn fuel_left(&self) -> u64 {
        self.fuel.get()
    }

    /// Asks for one rewriting; `false` if none is left. Each pass asks before each change of meaning-bearing code.
    pub fn spend(&self) -> bool {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        left != 0
    }
}

/// A pass.
#[derive(Clone, Copy)]
pub struct Pass {
    /// Its name in options, logs and tests.
    pub name: &'static str,
    /// Does it.
    pub run: fn(&mut Function, &PassCx) -> Changed,
}

/// What one pass of a pipeline did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassRun {
    /// Its name.
    pub name: &'static str,
    /// Whether it changed anything.
    pub changed: bool,
    /// How long it took, in nanoseconds, verification not counted.
    pub nanos: u64,
    /// Instructions before.
    pub insts_before: usize,
    /// Instructions after.
    pub insts_after: usize,
    /// What it said, if [`PassCx::remarks`] is set.
    pub remarks: Vec<Remark>,
    /// What it made, if [`PassCx::dumped`] names it.
    pub ir: Option<String>,
}

impl PassRun {
    /// The building of the IR, which comes before all passes, and made so many instructions.
    pub fn built(insts: usize) -> PassRun {
        PassRun {
            name: "build",
            changed: true,
            nanos: 0,
            insts_before: 0,
            insts_after: insts,
            remarks: Vec::new(),
            ir: None,
        }
    }
}

const FOLD: Pass = Pass { name: "fold", run: fold::run };
const PARAMS: Pass = Pass { name: "params", run: params::run };
const BLOCKS: Pass = Pass { name: "blocks", run: blocks::run };
const GVN: Pass = Pass { name: "gvn", run: gvn::run };
const GUARDS: Pass = Pass { name: "guards", run: guards::run };
const LICM: Pass = Pass { name: "licm", run: licm::run };
const PEEL: Pass = Pass { name: "peel", run: peel::run };
const GLOBALS: Pass = Pass { name: "globals", run: globals::run };
const UNROLL: Pass = Pass { name: "unroll", run: unroll::run };
const RANGES: Pass = Pass { name: "ranges", run: ranges::run };
const IFCONV: Pass = Pass { name: "ifconv", run: ifconv::run };
const DCE: Pass = Pass { name: "dce", run: dce::run };
const CHARGES: Pass = Pass { name: "charges", run: charges::run };
const COMPACT: Pass = Pass { name: "compact", run: compact::run };

/// The passes in the order in which [`optimize`] runs them.
#[rustfmt::skip]
pub const PIPELINE: &[Pass] = &[
    // Clean what the builder left: constants, parameters that are always one value, blocks that only jump.
    FOLD, PARAMS, BLOCKS, GVN,
    // Unbox what goes around loops; the guards and boxes in the loops then fold away.
    GUARDS, FOLD, PARAMS, GVN,
    // Out of the loops with what stays the same in them.
    LICM, GVN,
    // What only the first round needs to do comes before the loop; what goes round in globals goes round unboxed.
    PEEL, GLOBALS, GUARDS, FOLD, PARAMS, GVN,
    // What the first round has looked at, the others need not: lengths of lists and where their elements are.
    LICM,
    // Several rounds in one.
    UNROLL, PARAMS, BLOCKS,
    // Overflow checks that cannot fail, comparisons that are decided.
    RANGES, FOLD,
    // Tidy up.
    DCE, PARAMS, BLOCKS, DCE,
    // No branches that cannot be predicted.
    IFCONV,
    // One charge for each stretch.
    CHARGES, COMPACT,
];

/// The pass with this name.
pub fn pass(name: &str) -> Option<Pass> {
    PIPELINE.iter().copied().find(|pass| pass.name == name)
}

/// Runs the [`PIPELINE`] on a verified function; tells what each pass did.
///
/// # Panics
/// If `cx.verify` is set and the function given, or what a pass made of it, is not well-formed.
pub fn optimize(f: &mut Function, cx: &PassCx) -> Vec<PassRun> {
    check(f, cx, "before the first pass");
    let mut runs = Vec::with_capacity(PIPELINE.len());
    for pass in PIPELINE.iter().filter(|pass| cx.is_enabled(pass.name)) {
        if cx.is_abandoned() {
            break;
        }
        let insts_before = f.inst_count();
        let start = Instant::now();
        let changed = (pass.run)(f, cx) == Changed::Yes;
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let ir = cx.dumped.iter().any(|name| name == pass.name).then(|| f.to_string());
        let insts_after = f.inst_count();
        let remarks = cx.said.take();
        runs.push(PassRun { name: pass.name, changed, nanos, insts_before, insts_after, remarks, ir });
        check(f, cx, pass.name);
    }
    runs
}

fn check(f: &Function, cx: &PassCx, after: &str) {
    if cx.verify
        && let Err(errors) = crate::verify::verify(f)
    {
        panic!("malformed IR after {after}:\n{}\n{f}", errors.join("\n"));
    }
}

/// Which values stand for others: a union-find that a pass fills while it walks and applies once at its end.
///
/// Invariant: what a value is replaced by dominates it, so that it may stand wherever the value stood.
pub(crate) struct Replacements {
    to: Vec<Value>,
    any: bool,
}

impl Replacements {
    pub(crate) fn new(f: &Function) -> Replacements {
        Replacements { to: (0..f.types.len() as u32).map(Value).collect(), any: false }
    }

    /// What stands for a value now: itself unless it was replaced.
    pub(crate) fn find(&mut self, value: Value) -> Value {
        let mut root = value;
        while let Some(&next) = self.to.get(root.index())
            && next != root
        {
            root = next;
        }
        // Shorten the way for the next time.
        let mut at = value;
        while at != root {
            at = std::mem::replace(&mut self.to[at.index()], root);
        }
        root
    }

    /// Replaces a value that was not replaced before by another.
    pub(crate) fn set(&mut self, value: Value, by: Value) {
        let by = self.find(by);
        let end = value.index() + 1;
        for next in self.to.len()..end {
            self.to.push(Value(next as u32));
        }
        self.to[value.index()] = by;
        self.any = true;
    }

    /// Rewrites all uses in the reached blocks and the frame states.
    pub(crate) fn apply(&mut self, f: &mut Function, cfg: &Cfg) {
        if !self.any {
            return;
        }
        for &block in &cfg.rpo {
            let mut insts = std::mem::take(&mut f.blocks[block.index()].insts);
            for inst in &mut insts {
                self.rewrite(inst);
            }
            let block = &mut f.blocks[block.index()];
            block.insts = insts;
            if let Some(value) = block.end.value_mut() {
                *value = self.find(*value);
            }
            for target in block.end.targets_mut() {
                for arg in &mut target.args {
                    *arg = self.find(*arg);
                }
            }
        }
        for value in f.calls.iter_mut().flat_map(|call| &mut call.args) {
            *value = self.find(*value);
        }
        for state in &mut f.states {
            for value in state.values_mut() {
                *value = self.find(*value);
            }
        }
    }

    /// Rewrites the operands of one instruction, but not those of a call.
    pub(crate) fn rewrite(&mut self, inst: &mut Inst) {
        for arg in inst.args_mut() {
            *arg = self.find(*arg);
        }
    }
}

/// The instruction that defines each value, for values that a reached block's instruction defines.
pub(crate) fn definitions(f: &Function, cfg: &Cfg) -> Vec<Option<Inst>> {
    let mut defs = vec![None; f.types.len()];
    for &block in &cfg.rpo {
        for inst in &f.blocks[block.index()].insts {
            if let Some(result) = inst.result {
                defs[result.index()] = Some(*inst);
            }
        }
    }
    defs
}
