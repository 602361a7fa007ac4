//! Why the engine did not compile something, gave it up, or took it out: one table, [`Reason`].
//!
//! A row has the reason's data, its words, and what a programmer could do about it. Nothing else can be told: events
//! carry a `Reason`, so one that is not in the table does not compile. (Why control *left* compiled code is
//! [`ir::ExitReason`], a table of its own.)

use ir::ExitReason;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $Name:ident { $($(#[$attr:meta])* $field:ident: $type:ty),* } $name:literal $words:literal => $hint:literal;)+) => {
        /// Why something was not compiled, was given up, or was taken out.
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(tag = "reason")]
        #[allow(missing_docs)] // The words of each row say what its fields are.
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $Name { $($(#[$attr])* $field: $type),* },)+
        }

        impl Reason {
            /// All rows, for documents: the name, what it is, the words with their data in braces, the hint.
            pub const TABLE: &[Row] = &[$(Row {
                name: $name,
                about: concat!($($doc),+),
                words: $words,
                hint: $hint,
            }),+];

            /// The name in logs.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Reason::$Name { .. } => $name,)+
                }
            }

            /// What a programmer could do about it; empty if there is nothing to do.
            pub fn hint(&self) -> &'static str {
                match self {
                    $(Reason::$Name { .. } => $hint,)+
                }
            }
        }

        impl std::fmt::Display for Reason {
            /// In plain words, to follow "because".
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Reason::$Name { $($field),* } => write!(f, $words),)+
                }
            }
        }

        impl Serialize for Reason {
            /// The name, the data and the words: `{"reason":"no_loop","pc":7,"words":"no loop passes through pc 7"}`.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("reason", self.name())?;
                match self {
                    $(Reason::$Name { $($field),* } => { $(map.serialize_entry(stringify!($field), $field)?;)* })+
                }
                map.serialize_entry("words", &self.to_string())?;
                map.end()
            }
        }
    };
}

/// A row of the table of reasons, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name in logs.
    pub name: &'static str,
    /// When it is told.
    pub about: &'static str,
    /// The words; what is in braces is data.
    pub words: &'static str,
    /// What a programmer could do about it; empty if there is nothing to do.
    pub hint: &'static str,
}

reasons! {
    /// A loop can be entered in two ways, so it has no head where one could assume anything.
    Irreducible { from: u32, to: u32 } "irreducible"
        "irreducible control flow: the loop that goes back from pc {from} to pc {to} can also be entered elsewhere"
        => "let every way into the loop go through its first instruction; compilers from structured languages always do";
    /// Control keeps going back to a place, but not as a loop.
    NoLoop { pc: u32 } "no_loop"
        "no loop passes through pc {pc}"
        => "";
    /// The function is too large for its graph to be looked at.
    FunctionTooLarge { most: u32 } "function_too_large"
        "the function has more than {most} instructions"
        => "move its hot loops into functions of their own";
    /// What would be compiled as one is too large.
    RegionTooLarge { size: u32, most: u32 } "region_too_large"
        "{size} instructions are more than the {most} that are compiled as one"
        => "move inner loops, or parts of the loop's body, into functions of their own";
    /// A call in it keeps being made, and its callee has no optimized code.
    CalleeNotOptimized { callee: String, pc: u32, percent: u64 } "callee_not_optimized"
        "it calls `{callee}` at pc {pc} in {percent} % of its rounds, which is not optimized"
        => "see why the callee is not optimized; what is said of it holds for its callers too";
    /// A callee was made again and again for other types of arguments.
    CalleeChangesTypes {} "callee_changes_types"
        "what it calls keeps changing its types"
        => "call the function with arguments of the same types everywhere, or use one function for each type";
    /// As a method: there is no way out of it that returns.
    NeverReturns {} "never_returns"
        "it never returns"
        => "";
    /// As a method: results of several types, and none that holds them all.
    NoResultType {} "no_result_type"
        "its result has no type"
        => "return the same type on every way";
    /// Translating did not come to an end: a variable's type changes with each round looked at.
    TypesDoNotSettle {} "types_do_not_settle"
        "the types of its variables do not settle"
        => "let a variable keep its type from round to round; use another variable for another type";
    /// Each exit tells all locals, and here there are too many of both.
    TooManyExits {} "too_many_exits"
        "too many exits and joins for a function with so many locals"
        => "split the function, so that fewer variables are alive around its loop";
    /// The code generator gave up.
    CodeGenerator { error: String } "code_generator"
        "the code generator gave up: {error}"
        => "split the function or the loop; if it is small already, this is a fault worth reporting";
    /// A compiler was asked for what it cannot do.
    Internal { what: String } "internal"
        "a fault of the compiler: {what}"
        => "this is a fault worth reporting";
    /// The baseline compiler gave up.
    Baseline { error: String } "baseline"
        "the baseline compiler gave up: {error}"
        => "split the function; if it is small already, this is a fault worth reporting";
    /// There is no baseline compiler for this machine.
    NoTemplates {} "no_templates"
        "there are no templates for this machine"
        => "";
    /// The code cache has no room even for the code that all functions share.
    CacheTooSmall { limit: u64 } "cache_too_small"
        "a code cache of {limit} bytes is too small for what all code shares"
        => "allow a larger code cache: --code-cache";
    /// Code that does not fit even into an empty cache.
    CodeTooLarge { bytes: u64, limit: u64 } "code_too_large"
        "{bytes} bytes of code do not fit into {limit} bytes of code cache"
        => "allow a larger code cache, --code-cache, or split the function";
    /// The operating system gives no executable memory.
    NoExecutableMemory { error: String } "no_executable_memory"
        "the operating system refuses executable memory ({error})"
        => "the program runs interpreted, with the same results; allow the process more address space, or memory that may be executed";

    /// The system would refuse the memory that the compiler needs.
    NoMemoryToCompile {} "no_memory_to_compile"
        "the operating system refuses the memory that compiling takes"
        => "allow the process more address space";
    /// The program has to stop, so nobody waits for the code.
    NotWanted {} "not_wanted"
        "the program has to stop"
        => "";
    /// Not yet: the program has compiled much for the time that it has run.
    CompileBudget { instructions: u32 } "compile_budget"
        "{instructions} instructions are too many for the program's compile budget so far"
        => "the budget grows while the program runs; smaller loops and functions fit into it earlier";
    /// Not yet: it often calls a function that has no optimized code, which is asked for first.
    AwaitsCallee { callee: String, pc: u32, percent: u64 } "awaits_callee"
        "it calls `{callee}` at pc {pc} in {percent} % of its rounds, which is to be optimized first"
        => "nothing needs to be done, unless the function called cannot be optimized: see there";
    /// Not yet: functions that it calls were made for other types, and are made anew first.
    AwaitsOtherTypes { callee: String } "awaits_other_types"
        "it passes other types to `{callee}` than that was made for, which is made anew first"
        => "call the function with arguments of the same types everywhere";
    /// Not yet: as code of its own a function so small is of use only where optimized code calls it.
    TinyLeaf { calls: u64 } "tiny_leaf"
        "it is so small that entering optimized code costs more than it saves; unless optimized code calls it, for {calls} more calls"
        => "let the loop that calls it get hot: there its body takes the place of the call";
    /// Not in this form: the code generator gave up on it, and is to try without the bodies of other functions.
    AgainWithCalls { last: Box<Reason> } "again_with_calls"
        "{last}; it is tried again with calls in place of the bodies of other functions"
        => "";

    /// Not inlined: the profile knows no call.
    NeverCalled {} "never_called"
        "it was never called"
        => "";
    /// Not inlined: the call is made too seldom to matter.
    SeldomCalled { percent: u64 } "seldom_called"
        "it is called in {percent} % of the rounds"
        => "";
    /// Not inlined: enough calls are inlined within each other.
    InlineTooDeep { levels: u32 } "inline_too_deep"
        "{levels} calls within each other are inlined already"
        => "";
    /// Not inlined: a function that calls itself is there often enough.
    InlineRecursion { times: u32 } "inline_recursion"
        "it calls itself, and is there {times} times already"
        => "";
    /// Not inlined: a large function.
    InlineTooLarge { size: u32, most: u32 } "inline_too_large"
        "{size} instructions are more than the {most} that are inlined at all"
        => "split what is called often from what is large";
    /// Not inlined: others have used the budget up.
    InlineOverBudget { by: u32 } "inline_over_budget"
        "over budget by {by}"
        => "";

    /// A trace was given up: the fuel slice ended while it was recorded.
    TraceSlice {} "trace_slice"
        "a fuel slice was used up"
        => "";
    /// A trace was given up: control left the function that it belongs to.
    TraceReturns {} "trace_returns"
        "the function returns"
        => "";
    /// A trace was given up: the program ended.
    TraceEnds {} "trace_ends"
        "the program ends"
        => "";
    /// A trace was given up: too long.
    TraceTooLong { most: u32 } "trace_too_long"
        "it is longer than {most} instructions"
        => "a loop with a long body is better compiled as a region: --strategy region";
    /// A trace was given up: a call on it, which is not recorded, took too long.
    TraceCallTooLong { most: u32 } "trace_call_too_long"
        "a call took more than {most} instructions"
        => "";
    /// A trace was given up: an inner loop's tree left where it should have gone round.
    TraceInnerLeft {} "trace_inner_left"
        "an inner loop was left unexpectedly"
        => "";
    /// A trace was given up: an inner loop's tree does not fit in.
    TraceInnerTooLarge {} "trace_inner_too_large"
        "an inner loop's tree is too large to be taken in"
        => "loops with many ways through are better compiled as regions: --strategy region";
    /// A trace was given up: an inner loop was compiled for other types.
    TraceInnerDeopt {} "trace_inner_deopt"
        "an inner loop's assumptions were wrong"
        => "";
    /// A trace was given up: a call too deep to be followed, whose callee has no optimized code.
    TraceDeepCall {} "trace_deep_call"
        "it comes to a deep call of a function that is not optimized"
        => "";
    /// A trace was given up: this way is in the tree already.
    TraceKnown {} "trace_known"
        "it was recorded already"
        => "";
    /// A trace was given up: an inner loop's traces have grown since its code was made.
    TraceInnerOld {} "trace_inner_old"
        "the code of an inner loop is older than its traces"
        => "";
    /// Traces of a place were given up too often.
    RecordingGivenUp { last: Box<Reason> } "recording_given_up"
        "recording was given up too often; now because {last}"
        => "choose code in another way: --strategy region";

    /// Better code for the same place is there.
    Replaced { unit: u32 } "replaced"
        "unit {unit} takes its place"
        => "";
    /// A unit left again and again at one place, because the same assumption was wrong.
    ExitRepeated { exit: ExitReason, count: u32 } "exit_repeated"
        "{exit:#} {count} times at the same place"
        => "the code is made again without that assumption; where types change, use one variable for each type";
    /// Somebody who steps through the program asked for it.
    AskedFor {} "asked_for"
        "that was asked for"
        => "";
    /// A unit could not be entered, because a variable kept having another type or sign.
    EntryChanged { input: String, expected: String, count: u32 } "entry_changed"
        "{input} was not {expected} on entry {count} times"
        => "the code is made again for the other type; give the variable one type at the loop's head";
    /// A caller passes another type than a method was made for.
    ArgumentChanged { caller: String, parameter: String } "argument_changed"
        "{caller} passes another type of {parameter}"
        => "call the function with arguments of the same types everywhere, or use one function for each type";
    /// Baseline code got results of other kinds than it was made for.
    UnexpectedResults { count: u32 } "unexpected_results"
        "{count} results of slow paths were of another kind than expected"
        => "";
    /// Code for a place was wrong too often.
    RecompiledTooOften { times: u32 } "recompiled_too_often"
        "its assumptions were wrong again after {times} recompilations"
        => "give each variable one type for the whole loop; where a value may be of two types, convert it once before the loop";
    /// Code is left again so soon that entering costs more than it saves.
    DoesNotPay { entries: u64, instructions: u64 } "does_not_pay"
        "{entries} entries ran {instructions} instructions each, fewer than entering costs"
        => "a loop that ends after a few rounds is not worth entering; let the loop around it get hot";
    /// The same of a method, which is entered by itself again later; optimized code calls it all the same.
    RestsForCalls { entries: u64, instructions: u64, calls: u64 } "rests_for_calls"
        "{entries} entries ran {instructions} instructions each, fewer than entering costs; for the next {calls} calls"
        => "";
    /// The same of a loop that has paid before: it may pay again.
    RestsForRounds { entries: u64, instructions: u64, rounds: u64 } "rests_for_rounds"
        "{entries} entries ran {instructions} instructions each, fewer than entering costs; for the next {rounds} rounds"
        => "";
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_back_from_what_they_are_written_as() {
        let last = Box::new(Reason::TraceTooLong { most: 600 });
        for reason in [
            Reason::Irreducible { from: 7, to: 3 },
            Reason::TypesDoNotSettle {},
            Reason::ExitRepeated { exit: ExitReason::Overflow, count: 3 },
            Reason::RecordingGivenUp { last },
        ] {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason, "{json}");
        }
    }

    #[test]
    fn rows_have_names_and_words_of_their_own() {
        let names: std::collections::HashSet<_> = Reason::TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), Reason::TABLE.len());
        assert!(Reason::TABLE.iter().all(|row| !row.words.is_empty() && !row.about.is_empty()));
    }
}
