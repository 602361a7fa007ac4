//! What passes say about what they did, and about what they could not do: for people who ask why a check is gone, or still there.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. A remark is data; its words
//! are made where the names of variables are known. Passes only make remarks when asked to
//! ([`PassCx::remarks`](crate::opt::PassCx::remarks)).

use crate::analysis::intervals::Interval;
use crate::data::{Function, Imm, InputPlace, Inst, Origin, Value};
use crate::op::Opcode;
use bytecode::Cmp;

/// What kind of thing a remark tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A check is not needed, and gone.
    Removed,
    /// A check is still there.
    Stayed,
    /// Something is done before the loop instead of in each round.
    Moved,
    /// The code has another form now.
    Changed,
}

macro_rules! topics {
    ($($(#[doc = $doc:literal])+ $Name:ident $kind:ident $words:literal => $hint:literal;)+) => {
        /// What a remark is about: one row each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Topic {
            $($(#[doc = $doc])+ $Name,)+
        }

        impl Topic {
            /// All rows, for documents: the kind and the words.
            pub const TABLE: &[(Topic, Kind, &'static str)] = &[$((Topic::$Name, Kind::$kind, $words)),+];

            /// What a programmer could do about it; empty if there is nothing to do.
            pub fn hint(self) -> &'static str {
                match self {
                    $(Topic::$Name => $hint,)+
                }
            }

            /// What kind of thing it tells.
            pub fn kind(self) -> Kind {
                match self {
                    $(Topic::$Name => Kind::$kind,)+
                }
            }

            /// Its words. `{op}` is the operation, `{ranges}` what is known of its operands, `{kinds}` the kinds that
            /// were seen of them, `{n}` a number.
            pub fn words(self) -> &'static str {
                match self {
                    $(Topic::$Name => $words,)+
                }
            }
        }
    };
}

topics! {
    /// The result of int arithmetic always fits 64 bits.
    OverflowRemoved Removed "overflow check of {op}, since {ranges}" => "";
    /// The result of int arithmetic may not fit 64 bits, for all that is known.
    OverflowStayed Stayed "overflow check of {op}: {ranges}"
        => "where a bound is known before the loop, as in a loop up to a constant, the check is not needed; it costs about a cycle";
    /// Operands are not negative, so the simple form of the operation will do.
    SignKnown Removed "check of the signs of {op}, since {ranges}" => "";
    /// A comparison always comes out true.
    AlwaysTrue Removed "comparison {op}, which is always true, since {ranges}" => "";
    /// A comparison always comes out false.
    AlwaysFalse Removed "comparison {op}, which is always false, since {ranges}" => "";
    /// A divisor is never 0, a shift always in range, a conversion always exact.
    CheckRemoved Removed "check of {op}, since {ranges}" => "";
    /// The type of what goes round a loop is checked before it.
    GuardHoisted Moved "type check of {op} to before the loop" => "";
    /// An instruction that gives the same in every round is done once.
    Hoisted Moved "{op} to before the loop" => "";
    /// The first round of a loop stands before it.
    Peeled Changed "the first round stands before the loop" => "";
    /// Several rounds became one.
    Unrolled Changed "{n} rounds of the loop became one" => "";
    /// Both sides of a branch are computed, and one result is taken.
    Selected Changed "a branch that goes either way became a choice between two results" => "";
    /// Operands of more than one kind, or of a kind that has no fast form.
    General Stayed "the general form of {op}, a call of the run time: its operands were {kinds}"
        => "give the operands one type, int or float, at this place; a str or a large int has no faster form";
    /// Work that is never compiled.
    RunTime Stayed "{op}, a call of the run time, which takes as long as it does interpreted"
        => "a loop that mostly prints gains little by being compiled; print less often, or several values at once";
    /// The fast form did not do, some time.
    FastFailed Stayed "the general form of {op}, a call of the run time: a result did not fit 64 bits before"
        => "ints beyond 64 bits have no faster form; keep them small with a modulus, or use floats, if the program allows that";
}

/// An operand, as a person would name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A constant.
    Const(i64),
    /// A local of a function.
    Local {
        /// The function.
        function: u32,
        /// Its slot.
        slot: u32,
    },
    /// An intermediate result.
    Value(Value),
}

/// What an instruction does, as a person would write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A sign between two operands.
    Sign(&'static str),
    /// The name of an operation.
    Name(&'static str),
    /// The remark is about no single instruction.
    None,
}

impl Operation {
    fn of(inst: &Inst) -> Operation {
        use Opcode as O;
        match (inst.op, inst.imm) {
            (O::IntAdd | O::IntAddFits | O::FloatAdd, _) => Operation::Sign("+"),
            (O::IntSub | O::IntSubFits | O::FloatSub, _) => Operation::Sign("-"),
            (O::IntMul | O::IntMulFits | O::FloatMul, _) => Operation::Sign("*"),
            (O::IntFloorDiv, _) => Operation::Sign("//"),
            (O::IntMod, _) => Operation::Sign("%"),
            (O::IntShl, _) => Operation::Sign("<<"),
            (_, Imm::Cmp(Cmp::Eq)) => Operation::Sign("=="),
            (_, Imm::Cmp(Cmp::Ne)) => Operation::Sign("!="),
            (_, Imm::Cmp(Cmp::Lt)) => Operation::Sign("<"),
            (_, Imm::Cmp(Cmp::Le)) => Operation::Sign("<="),
            (_, Imm::Cmp(Cmp::Gt)) => Operation::Sign(">"),
            (_, Imm::Cmp(Cmp::Ge)) => Operation::Sign(">="),
            _ => Operation::Name(inst.op.name()),
        }
    }
}

/// What a pass says about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What.
    pub topic: Topic,
    /// The bytecode it is about.
    pub at: Origin,
    /// The value that the instruction defines.
    pub value: Option<Value>,
    /// The operation, as a person would write it: a sign between operands, or a name.
    pub op: Operation,
    /// Its operands, and what is known of each.
    pub operands: Vec<(Subject, Interval)>,
    /// A number that the words tell.
    pub number: u32,
    /// The kinds of the operands that the profile has seen, in words.
    pub kinds: String,
}

impl Remark {
    /// A remark about an instruction, whose operands have these intervals.
    pub fn about(
        f: &Function,
        topic: Topic,
        inst: &Inst,
        known: impl Fn(Value) -> (Option<i64>, Interval),
    ) -> Remark {
        let operands = inst.args().iter().map(|&value| {
            let (constant, interval) = known(value);
            (constant.map_or_else(|| subject(f, inst, value), Subject::Const), interval)
        });
        Remark {
            topic,
            at: inst.origin,
            value: inst.result,
            op: Operation::of(inst),
            operands: operands.collect(),
            number: 0,
            kinds: String::new(),
        }
    }

    /// A remark about the code of an instruction, with a number.
    pub fn at(topic: Topic, at: Origin, number: u32) -> Remark {
        Remark {
            topic,
            at,
            value: None,
            op: Operation::None,
            operands: Vec::new(),
            number,
            kinds: String::new(),
        }
    }

    /// A remark about an instruction of the bytecode, whose operands were of these kinds.
    pub fn general(topic: Topic, at: Origin, name: &'static str, kinds: String) -> Remark {
        Remark { op: Operation::Name(name), kinds, ..Remark::at(topic, at, 0) }
    }

    /// The remark in words; `name` gives the names of operands.
    pub fn words(&self, name: impl Fn(&Subject) -> String) -> String {
        let names: Vec<String> = self.operands.iter().map(|(subject, _)| name(subject)).collect();
        let op = match (self.op, names.as_slice()) {
            (Operation::Sign(sign), [a, b]) => format!("`{a} {sign} {b}`"),
            (Operation::Name(name), [a, b]) => format!("`{name}` of {a} and {b}"),
            (Operation::Sign(name) | Operation::Name(name), [a]) => format!("`{name}` of {a}"),
            (Operation::Sign(name) | Operation::Name(name), _) => format!("`{name}`"),
            (Operation::None, _) => String::new(),
        };
        let ranges = self
            .operands
            .iter()
            .zip(&names)
            .filter(|((subject, _), _)| !matches!(subject, Subject::Const(_)));
        let ranges: Vec<String> = ranges.map(|((_, interval), name)| range_words(name, *interval)).collect();
        let ranges = if ranges.is_empty() { "it is known".to_string() } else { ranges.join(" and ") };
        let number = self.number.to_string();
        self.topic
            .words()
            .replace("{op}", &op)
            .replace("{ranges}", &ranges)
            .replace("{kinds}", &self.kinds)
            .replace("{n}", &number)
    }
}

/// What is known of an operand, in words.
fn range_words(name: &str, interval: Interval) -> String {
    match (interval.lo, interval.hi) {
        (i64::MIN, i64::MAX) => format!("nothing is known of the size of {name}"),
        (lo, i64::MAX) => format!("{name} is {lo} or more"),
        (i64::MIN, hi) => format!("{name} is {hi} or less"),
        (lo, hi) if lo == hi => format!("{name} is {lo}"),
        (lo, hi) => format!("{name} is from {lo} to {hi}"),
    }
}

/// What a person would call a value at an instruction: the local that holds it there.
fn subject(f: &Function, inst: &Inst, value: Value) -> Subject {
    let input = f.blocks[0].params.iter().position(|&param| param == value).and_then(|i| f.inputs.get(i));
    if let Some(InputPlace::Local(slot)) = input.map(|input| input.place) {
        return Subject::Local { function: f.function, slot };
    }
    let state = inst.state.map(|state| &f.states[state.index()]);
    let local = state.and_then(|state| {
        let slot = state.locals.iter().position(|&local| local == Some(value))?;
        Some(Subject::Local { function: state.function, slot: slot as u32 })
    });
    local.unwrap_or(Subject::Value(value))
}
