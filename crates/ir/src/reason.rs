//! Why compiled code hands over to the interpreter: one enum that is the statistic, the log line and the label.

/// Why control left compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitReason {
    /// Control left the region by a jump, a branch or by falling through: the normal end of a loop.
    RegionEnd,
    /// The function returns.
    Return,
    /// The program ends.
    Halt,
    /// A call that runs in the interpreter.
    Call,
    /// The fuel slice is used up: the interpreter looks at limits, cancellation and garbage.
    Poll,
    /// A value assumed to be an int is not one that fits 64 bits.
    NotInt,
    /// A value assumed to be a float is not one.
    NotFloat,
    /// A value assumed to be a bool is not one.
    NotBool,
    /// The result of int arithmetic does not fit 64 bits.
    Overflow,
    /// A divisor is zero.
    ZeroDivisor,
    /// A shift count is negative, or the shifted int does not fit 64 bits.
    ShiftRange,
    /// An int has no exact float, where exactness matters.
    Inexact,
    /// The run-time routine needs the interpreter: to raise an error, to collect garbage, or to look at a limit.
    Slow,
    /// The code was never executed while profiling, so nothing is known of its types.
    Unreached,
    /// A test mode made this exit happen.
    Forced,
    /// A call would make more calls active than compiled code may have: the interpreter makes it, or raises the error.
    CallDepth,
    /// A call's callee has no compiled code: the interpreter makes the call.
    NoCode,
    /// A callee has left compiled code, and so do all that wait for it.
    CalleeLeft,
    /// Control took another way than the traces compiled so far.
    SideExit,
    /// A float has no square root, or no int of 64 bits.
    Domain,
}

impl ExitReason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [ExitReason; 20] = [
        ExitReason::RegionEnd,
        ExitReason::Return,
        ExitReason::Halt,
        ExitReason::Call,
        ExitReason::Poll,
        ExitReason::NotInt,
        ExitReason::NotFloat,
        ExitReason::NotBool,
        ExitReason::Overflow,
        ExitReason::ZeroDivisor,
        ExitReason::ShiftRange,
        ExitReason::Inexact,
        ExitReason::Slow,
        ExitReason::Unreached,
        ExitReason::Forced,
        ExitReason::CallDepth,
        ExitReason::NoCode,
        ExitReason::CalleeLeft,
        ExitReason::SideExit,
        ExitReason::Domain,
    ];

    /// The name in IR text, logs and statistics.
    pub fn name(self) -> &'static str {
        match self {
            ExitReason::RegionEnd => "region_end",
            ExitReason::Return => "return",
            ExitReason::Halt => "halt",
            ExitReason::Call => "call",
            ExitReason::Poll => "poll",
            ExitReason::NotInt => "not_int",
            ExitReason::NotFloat => "not_float",
            ExitReason::NotBool => "not_bool",
            ExitReason::Overflow => "overflow",
            ExitReason::ZeroDivisor => "zero_divisor",
            ExitReason::ShiftRange => "shift_range",
            ExitReason::Inexact => "inexact",
            ExitReason::Slow => "slow",
            ExitReason::Unreached => "unreached",
            ExitReason::Forced => "forced",
            ExitReason::CallDepth => "call_depth",
            ExitReason::NoCode => "no_code",
            ExitReason::CalleeLeft => "callee_left",
            ExitReason::SideExit => "side_exit",
            ExitReason::Domain => "domain",
        }
    }

    /// The reason with this name.
    pub fn from_name(name: &str) -> Option<ExitReason> {
        ExitReason::ALL.into_iter().find(|r| r.name() == name)
    }

    /// The reason in plain words, to follow "left compiled code because ".
    pub fn words(self) -> &'static str {
        match self {
            ExitReason::RegionEnd => "the loop ended",
            ExitReason::Return => "the function returns",
            ExitReason::Halt => "the program ends",
            ExitReason::Call => "a call runs in the interpreter",
            ExitReason::Poll => "a fuel slice was used up",
            ExitReason::NotInt => "a value was not an int of 64 bits",
            ExitReason::NotFloat => "a value was not a float",
            ExitReason::NotBool => "a value was not a bool",
            ExitReason::Overflow => "an int result did not fit 64 bits",
            ExitReason::ZeroDivisor => "a divisor was zero",
            ExitReason::ShiftRange => "a shift was negative or its result did not fit 64 bits",
            ExitReason::Inexact => "an int had no exact float",
            ExitReason::Slow => "a run-time routine needed the interpreter",
            ExitReason::Unreached => "control came to code that had never run before",
            ExitReason::Forced => "a test mode forced the exit",
            ExitReason::CallDepth => "too many calls were active",
            ExitReason::NoCode => "a callee had no compiled code",
            ExitReason::CalleeLeft => "a callee left compiled code",
            ExitReason::SideExit => "control took a way that is not compiled",
            ExitReason::Domain => "a float had no square root or no int of 64 bits",
        }
    }

    /// Whether the exit means that an assumption taken from the profile was wrong: a deoptimisation. The others are
    /// ordinary ways out of compiled code.
    pub fn is_deopt(self) -> bool {
        match self {
            ExitReason::RegionEnd
            | ExitReason::Return
            | ExitReason::Halt
            | ExitReason::Call
            | ExitReason::Poll
            | ExitReason::Slow
            | ExitReason::CallDepth
            | ExitReason::NoCode
            | ExitReason::CalleeLeft
            | ExitReason::SideExit => false,
            ExitReason::NotInt
            | ExitReason::NotFloat
            | ExitReason::NotBool
            | ExitReason::Overflow
            | ExitReason::ZeroDivisor
            | ExitReason::ShiftRange
            | ExitReason::Inexact
            | ExitReason::Domain
            | ExitReason::Unreached
            | ExitReason::Forced => true,
        }
    }
}

impl std::fmt::Display for ExitReason {
    /// The name; with `{:#}`, the words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if f.alternate() { self.words() } else { self.name() })
    }
}

impl serde::Serialize for ExitReason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for ExitReason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ExitReason, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("`{name}` is not the name of an exit reason"));
        ExitReason::from_name(&name).ok_or_else(unknown)
    }
}
