//! The classes of errors that a program can end with.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Some are
//! raised by the operations, the others only by the program itself (`raise`). The names are Python's.

macro_rules! define_classes {
    ($($(#[doc = $doc:literal])* $V:ident;)*) => {
        /// The class of an error that the guest sees.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorKind { $($(#[doc = $doc])* $V,)* }

        impl ErrorKind {
            /// All classes.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$V),*];

            /// The name of the class, as Python writes it.
            pub fn name(self) -> &'static str {
                match self { $(ErrorKind::$V => stringify!($V),)* }
            }
        }
    };
}

define_classes! {
    /// The operator does not take operands of these types.
    TypeError;
    /// The types are right and the value is not.
    ValueError;
    /// A division by zero, or zero to a negative power.
    ZeroDivisionError;
    /// A result that a float, or an int of any memory, cannot hold.
    OverflowError;
    /// A name that nothing is bound to.
    NameError;
    /// A local that nothing is bound to yet.
    UnboundLocalError;
    /// An assertion that does not hold.
    AssertionError;
    /// An index beyond the end.
    IndexError;
    /// Calls within calls within calls.
    RecursionError;
    /// Raised by programs only.
    RuntimeError;
    /// Raised by programs only.
    NotImplementedError;
    /// Raised by programs only.
    ArithmeticError;
    /// Raised by programs only.
    FloatingPointError;
    /// Raised by programs only.
    LookupError;
    /// An encoding has no bytes for a character.
    UnicodeEncodeError;
    /// Bytes that are no characters in an encoding.
    UnicodeDecodeError;
    /// Raised by programs only.
    KeyError;
    /// Raised by programs only.
    AttributeError;
    /// Raised by programs only.
    ImportError;
    /// Raised by programs only.
    MemoryError;
    /// Raised by programs only.
    BufferError;
    /// Raised by programs only.
    EOFError;
    /// Raised by programs only.
    OSError;
    /// Raised by programs only.
    StopIteration;
    /// Raised by programs only.
    SystemError;
    /// Raised by programs only.
    Exception;
    /// Raised by programs only.
    BaseException;
}

impl ErrorKind {
    /// The class with this name, if there is one.
    pub fn from_name(name: &str) -> Option<ErrorKind> {
        ErrorKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
