//! Makes frame states cheap: values stay unboxed in them, unchanged locals are left out.
//!
//! Serves *compile* and *deoptimise* in `profile -> detect -> compile -> cache -> execute -> deoptimise`.
//!
//! What: a frame state that holds a boxed value names what is in the box instead (whoever rebuilds the frame boxes it again); a
//! local of the interpreter's own frame that still holds what it held on entry is `-`: it need not be written.
//! Why: most boxes in a loop exist only for exits that are never taken, and exits are what compilation time goes into.
//!
//! ```text
//! b0(v0: int = local 0):
//!     v1: boxed = box_int v0
//!     exit return @0                                   exit return @0
//! @0 = f0:pc4 execute locals[v0] stack[v1]    =>   @0 = f0:pc4 execute locals[-] stack[v0]
//! ```
//!
//! Invariant: only frames without a caller and of the function entered have unchanged locals, and none in a method: the other frames do not
//! exist in the interpreter yet. Source of the idea: allocation sinking into snapshots (LuaJIT).

use super::{Changed, PassCx, definitions};
use crate::analysis::Cfg;
use crate::data::{Function, InputPlace, Value};
use crate::op::Opcode;
use crate::planted::{Bug, is};

/// Rewrites all frame states.
pub fn run(f: &mut Function, cx: &PassCx) -> Changed {
    let cfg = Cfg::new(f);
    let defs = definitions(f, &cfg);
    let unboxed = |value: Value| match defs.get(value.index())?.as_ref()? {
        inst if matches!(inst.op, Opcode::BoxInt | Opcode::BoxFloat | Opcode::BoxBool) => Some(inst.args[0]),
        _ => None,
    };
    // No frame has more locals than this; the slots that inputs name are not to be trusted with an allocation.
    let most_locals = f.states.iter().map(|state| state.locals.len()).max().unwrap_or(0);
    let mut entry_local: Vec<Option<Value>> = vec![None; most_locals];
    if let Some(entry) = f.blocks.first() {
        for (&param, input) in entry.params.iter().zip(&f.inputs) {
            if let InputPlace::Local(slot) = input.place
                && let Some(on_entry) = entry_local.get_mut(slot as usize)
            {
                *on_entry = Some(param);
            }
        }
    }
    let mut changed = false;
    for state in &mut f.states {
        for value in state.values_mut() {
            if let Some(inside) = unboxed(*value)
                && cx.spend()
            {
                *value = inside;
                changed = true;
            }
        }
        if f.result.is_none()
            && (state.caller.is_none() || is(Bug::StatesOfInlined))
            && state.function == f.function
        {
            for (local, &on_entry) in state.locals.iter_mut().zip(&entry_local) {
                if local.is_some() && *local == on_entry && cx.spend() {
                    *local = None;
                    changed = true;
                }
            }
        }
    }
    changed.into()
}
