//! The loop's part for people who look closely: what a compilation did, and what a deoptimisation rebuilt, in names and words.
//!
//! Only made when details are asked for; nothing here decides anything.

use super::Run;
use crate::abi::values::Raw;
use crate::abi::vm::Vm;
use crate::deopt::RebuiltFrame;
use crate::detect::policy::Heat;
use crate::event::{ExitShown, FrameShown, Held, PassShown, RemarkShown, Spot};
use crate::ids::Arriving;
use crate::stats::{FunctionCounts, InstructionCounts, PlaceKind, PlaceStats};
use codegen::{ExitRecord, FrameRecipe, Recipe, TakenExit};
use ir::Resume;
use ir::opt::PassRun;
use ir::remark::{Remark, Subject};
use runtime::Value;

/// What each pass did.
pub fn passes(vm: &Vm, runs: Vec<PassRun>, timing: bool) -> Vec<PassShown> {
    let shown = |run: PassRun| PassShown {
        name: run.name.to_string(),
        changed: run.changed,
        before: run.insts_before as u32,
        after: run.insts_after as u32,
        remarks: run.remarks.iter().map(|remark| shown_remark(vm, remark)).collect(),
        nanos: timing.then_some(run.nanos),
    };
    runs.into_iter().map(shown).collect()
}

/// How hot loops and functions are.
pub fn places(vm: &Vm, heat: &[Heat]) -> Vec<PlaceStats> {
    let place = |heat: &Heat| PlaceStats {
        at: Spot::of(vm, heat.key.function, heat.key.pc),
        kind: match heat.key.arriving {
            Arriving::Entry => PlaceKind::Function,
            Arriving::Loop => PlaceKind::Loop,
        },
        arrivals: heat.arrivals,
        instructions: heat.instructions,
        hot_after: heat.hot_after,
        optimized_after: heat.optimized_after,
    };
    heat.iter().map(place).collect()
}

fn shown_remark(vm: &Vm, remark: &Remark) -> RemarkShown {
    let name = |subject: &Subject| match *subject {
        Subject::Const(value) => value.to_string(),
        Subject::Local { function, slot } => local_name(vm, function, slot),
        Subject::Value(value) => value.to_string(),
    };
    RemarkShown {
        kind: remark.topic.kind().into(),
        at: Spot::of(vm, remark.at.function, remark.at.pc),
        value: remark.value.map(|value| value.0),
        words: remark.words(name),
        hint: remark.topic.hint().to_string(),
    }
}

impl From<ir::remark::Kind> for crate::event::RemarkKind {
    fn from(kind: ir::remark::Kind) -> Self {
        match kind {
            ir::remark::Kind::Removed => Self::Removed,
            ir::remark::Kind::Stayed => Self::Stayed,
            ir::remark::Kind::Moved => Self::Moved,
            ir::remark::Kind::Changed => Self::Changed,
        }
    }
}

/// What was counted and seen of each function.
pub fn counts(vm: &Vm) -> Vec<FunctionCounts> {
    let functions = vm.program.program().functions.iter().zip(&vm.functions);
    let counts = functions.map(|(function, state)| {
        let executed = vm.counted(&function.code, state).0;
        let rows = executed.into_iter().zip(&state.cells).map(|(executed, cell)| {
            let operands = [cell.feedback.left(), cell.feedback.right()];
            let seen = operands.into_iter().filter(|kinds| kinds.0 != 0);
            InstructionCounts { executed, kinds: seen.map(|kinds| kinds.describe()).collect() }
        });
        FunctionCounts { rows: rows.collect() }
    });
    counts.collect()
}

/// The ways out of a unit.
pub fn exits(vm: &Vm, records: &[ExitRecord]) -> Vec<ExitShown> {
    let shown = |record: &ExitRecord| ExitShown {
        reason: record.reason,
        at: Spot::of(vm, record.origin.function, record.origin.pc),
        state: Some(record.state.0),
        frames: record
            .frames
            .iter()
            .enumerate()
            .map(|(i, frame)| shown_frame(vm, frame, i + 1 < record.frames.len(), None))
            .collect(),
    };
    records.iter().map(shown).collect()
}

/// A frame by its recipe, with its values if it has been rebuilt.
fn shown_frame(vm: &Vm, frame: &FrameRecipe, inlined: bool, rebuilt: Option<&RebuiltFrame>) -> FrameShown {
    let held = |name: String, recipe: &Recipe, raw: Option<Raw>| {
        let (kind, value) = raw.map(|raw| shown_value(vm, raw)).unwrap_or_default();
        Held { name, from: origin(recipe), kind, value }
    };
    let locals = frame.locals.iter().enumerate();
    let stack = frame.stack.iter().enumerate();
    FrameShown {
        at: Spot::of(vm, frame.function, frame.pc),
        executes: matches!(frame.resume, Resume::Execute),
        inlined,
        locals: locals
            .map(|(i, (slot, recipe))| {
                let raw = rebuilt.and_then(|frame| Some(frame.locals.get(i)?.1));
                held(local_name(vm, frame.function, *slot), recipe, raw)
            })
            .collect(),
        stack: stack
            .map(|(i, recipe)| {
                let raw = rebuilt.and_then(|frame| frame.stack.get(i).copied());
                held(format!("operand {}", i + 1), recipe, raw)
            })
            .collect(),
    }
}

/// Where compiled code had a value.
fn origin(recipe: &Recipe) -> String {
    match recipe {
        Recipe::Input { index, .. } => format!("input {index}"),
        Recipe::Slot { index, .. } => format!("word {index}"),
        Recipe::Int(_) | Recipe::Float(_) | Recipe::Bool(_) | Recipe::Boxed(_) => "known".to_string(),
    }
}

/// Type and text of a value.
fn shown_value(vm: &Vm, raw: Raw) -> (String, String) {
    match raw {
        Raw::Int(i) => ("int".to_string(), i.to_string()),
        Raw::Float(f) => ("float".to_string(), vm.store.describe(Value::float(f))),
        Raw::Bool(b) => ("bool".to_string(), vm.store.describe(Value::bool(b))),
        Raw::Boxed(bits) => {
            let value = Value::from_bits(bits);
            (vm.store.operand(value).type_name().to_string(), vm.store.describe(value))
        }
    }
}

fn local_name(vm: &Vm, function: u32, slot: u32) -> String {
    let locals = vm.program.program().functions.get(function as usize).map(|f| &f.locals);
    locals.and_then(|names| names.get(slot as usize).cloned()).unwrap_or_else(|| format!("local {slot}"))
}

impl Run<'_> {
    /// The frames that exits have rebuilt, innermost first.
    pub(super) fn shown_frames(&self, chain: &[TakenExit], frames: &[RebuiltFrame]) -> Vec<FrameShown> {
        let mut rebuilt = frames.iter();
        let mut shown = Vec::with_capacity(frames.len());
        for taken in chain {
            let record = self.cache.get(taken.unit).and_then(|unit| unit.exits.get(taken.exit as usize));
            let Some(record) = record else { continue };
            for (i, frame) in record.frames.iter().enumerate() {
                shown.push(shown_frame(&self.vm, frame, i + 1 < record.frames.len(), rebuilt.next()));
            }
        }
        shown
    }
}
