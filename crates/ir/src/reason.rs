//! Why compiled code hands over to the interpreter: one table that is the statistic, the log line, the label and the advice.

macro_rules! exit_reasons {
    ($($(#[doc = $doc:literal])+ $Name:ident $kind:ident $name:literal $words:literal expected $expected:literal => $hint:literal;)+) => {
        /// Why control left compiled code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum ExitReason {
            $($(#[doc = $doc])+ $Name,)+
        }

        impl ExitReason {
            /// All reasons, in the order of their numbers.
            pub const ALL: [ExitReason; [$($name),+].len()] = [$(ExitReason::$Name),+];

            /// The name in IR text, logs and statistics.
            pub fn name(self) -> &'static str {
                match self {
                    $(ExitReason::$Name => $name,)+
                }
            }

            /// The reason in plain words, to follow "left compiled code because ".
            pub fn words(self) -> &'static str {
                match self {
                    $(ExitReason::$Name => $words,)+
                }
            }

            /// What the code relied on instead; empty if it relied on nothing.
            pub fn expected(self) -> &'static str {
                match self {
                    $(ExitReason::$Name => $expected,)+
                }
            }

            /// What a programmer could do about it; empty if there is nothing to do.
            pub fn hint(self) -> &'static str {
                match self {
                    $(ExitReason::$Name => $hint,)+
                }
            }

            /// Whether the exit means that an assumption taken from the profile was wrong: a deoptimisation. The others are
            /// ordinary ways out of compiled code.
            pub fn is_deopt(self) -> bool {
                match self {
                    $(ExitReason::$Name => matches!(Kind::$kind, Kind::Wrong),)+
                }
            }
        }
    };
}

/// What leaving means.
enum Kind {
    /// An ordinary way out.
    Plain,
    /// An assumption was wrong.
    Wrong,
}

// A row: what it is, its name in Rust, what leaving means, its name in text, its words, what was expected, and what a
// programmer could do.
exit_reasons! {
    /// Control left the region by a jump, a branch or by falling through: the normal end of a loop.
    RegionEnd Plain "region_end"
        "the loop ended" expected ""
        => "";
    /// The function returns.
    Return Plain "return"
        "the function returns" expected ""
        => "";
    /// The program ends.
    Halt Plain "halt"
        "the program ends" expected ""
        => "";
    /// A call that runs in the interpreter.
    Call Plain "call"
        "a call runs in the interpreter" expected ""
        => "see why the function called is not optimized; while it is not, each call leaves compiled code";
    /// The fuel slice is used up: the interpreter looks at limits, cancellation and garbage.
    Poll Plain "poll"
        "a fuel slice was used up" expected ""
        => "";
    /// A value assumed to be an int is not one that fits 64 bits.
    NotInt Wrong "not_int"
        "a value was not an int of 64 bits" expected "an int of at most 64 bits, as seen before"
        => "give the variable one type for the whole loop: convert once before the loop, or use another variable for another type";
    /// A value assumed to be a float is not one.
    NotFloat Wrong "not_float"
        "a value was not a float" expected "a float, as seen before"
        => "give the variable one type for the whole loop: begin with 0.0 instead of 0 where floats are added";
    /// A value assumed to be a bool is not one.
    NotBool Wrong "not_bool"
        "a value was not a bool" expected "a bool, as seen before"
        => "let the condition be True or False on every way, not sometimes a number";
    /// The result of int arithmetic does not fit 64 bits.
    Overflow Wrong "overflow"
        "an int result did not fit 64 bits" expected "a result that fits 64 bits"
        => "ints stay exact and grow beyond 64 bits, which is slower; keep them small with a modulus, or use floats, if the program allows that";
    /// A divisor is zero.
    ZeroDivisor Wrong "zero_divisor"
        "a divisor was zero" expected "a divisor other than zero"
        => "look at the divisor before dividing, so that zero never gets to the division";
    /// A shift count is negative, or the shifted int does not fit 64 bits.
    ShiftRange Wrong "shift_range"
        "a shift was negative or its result did not fit 64 bits" expected "a shift whose result fits 64 bits"
        => "mask the value before it is shifted, so that the result keeps within 64 bits";
    /// An int has no exact float, where exactness matters.
    Inexact Wrong "inexact"
        "an int had no exact float" expected "an int below 2 to the 53rd, which has an exact float"
        => "convert to float earlier, or keep ints that meet floats below 2 to the 53rd";
    /// The run-time routine needs the interpreter: to raise an error, to collect garbage, or to look at a limit.
    Slow Plain "slow"
        "a run-time routine needed the interpreter" expected ""
        => "";
    /// The code was never executed while profiling, so nothing is known of its types.
    Unreached Wrong "unreached"
        "control came to code that had never run before" expected "that this way is never taken, as before"
        => "nothing needs to be done: if it happens again, the code is made anew with that way in it; rare work is best in a function of its own";
    /// A test mode, or somebody who steps through the program, made this exit happen.
    Forced Wrong "forced"
        "the exit was forced" expected ""
        => "";
    /// A call would make more calls active than compiled code may have: the interpreter makes it, or raises the error.
    CallDepth Plain "call_depth"
        "too many calls were active" expected ""
        => "recursion this deep goes on in the interpreter for a while; a loop, or recursion on the smaller half, needs fewer calls at one time";
    /// A call's callee has no compiled code: the interpreter makes the call.
    NoCode Plain "no_code"
        "a callee had no compiled code" expected ""
        => "see why the function called is not optimized";
    /// A callee has left compiled code, and so do all that wait for it.
    CalleeLeft Plain "callee_left"
        "a callee left compiled code" expected ""
        => "";
    /// Control took another way than the traces compiled so far.
    SideExit Plain "side_exit"
        "control took a way that is not compiled" expected ""
        => "a way that is taken often gets a trace of its own; with many ways, --strategy region suits the loop better";
    /// A float has no square root, or no int of 64 bits.
    Domain Wrong "domain"
        "a float had no square root or no int of 64 bits" expected "a float that has a square root, or an int of 64 bits near it"
        => "look at the value first, so that only numbers that have a result get there";
}

impl ExitReason {
    /// The reason with this name.
    pub fn from_name(name: &str) -> Option<ExitReason> {
        ExitReason::ALL.into_iter().find(|r| r.name() == name)
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
