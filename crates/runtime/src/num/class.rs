//! The classes of errors that a program can end with.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Some are
//! raised by the operations, the others only by the program itself (`raise`). The names are Python's.

macro_rules! define_classes {
    ($($(#[doc = $doc:literal])* $V:ident $Base:ident;)*) => {
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

            /// The class that it is derived from; `BaseException` from itself.
            pub fn base(self) -> ErrorKind {
                match self { $(ErrorKind::$V => ErrorKind::$Base,)* }
            }
        }
    };
}

define_classes! {
    /// The operator does not take operands of these types.
    TypeError Exception;
    /// The types are right and the value is not.
    ValueError Exception;
    /// A division by zero, or zero to a negative power.
    ZeroDivisionError ArithmeticError;
    /// A result that a float, or an int of any memory, cannot hold.
    OverflowError ArithmeticError;
    /// A name that nothing is bound to.
    NameError Exception;
    /// A local that nothing is bound to yet.
    UnboundLocalError NameError;
    /// An assertion that does not hold.
    AssertionError Exception;
    /// An index beyond the end.
    IndexError LookupError;
    /// Calls within calls within calls.
    RecursionError RuntimeError;
    /// Raised by programs only.
    RuntimeError Exception;
    /// Raised by programs only.
    NotImplementedError RuntimeError;
    /// Raised by programs only.
    ArithmeticError Exception;
    /// Raised by programs only.
    FloatingPointError ArithmeticError;
    /// Raised by programs only.
    LookupError Exception;
    /// An encoding has no bytes for a character.
    UnicodeEncodeError UnicodeError;
    /// Bytes that are no characters in an encoding.
    UnicodeDecodeError UnicodeError;
    /// Raised by programs only.
    KeyError LookupError;
    /// Raised by programs only.
    AttributeError Exception;
    /// Raised by programs only.
    ImportError Exception;
    /// Raised by programs only.
    MemoryError Exception;
    /// Raised by programs only.
    BufferError Exception;
    /// Raised by programs only.
    EOFError Exception;
    /// Raised by programs only.
    OSError Exception;
    /// Raised by programs only.
    StopIteration Exception;
    /// Raised by programs only.
    SystemError Exception;
    /// Raised by programs only.
    Exception BaseException;
    /// Raised by programs only.
    UnicodeError ValueError;
    /// Raised by programs only.
    ModuleNotFoundError ImportError;
    /// Raised by programs only.
    FileNotFoundError OSError;
    /// Raised by programs only.
    PermissionError OSError;
    /// Raised by programs only.
    FileExistsError OSError;
    /// Raised by programs only.
    TimeoutError OSError;
    /// Raised by programs only.
    ConnectionError OSError;
    /// Raised by programs only.
    StopAsyncIteration Exception;
    /// Raised by programs only.
    Warning Exception;
    /// Raised by programs only.
    UserWarning Warning;
    /// Raised by programs only.
    DeprecationWarning Warning;
    /// Raised by programs only.
    KeyboardInterrupt BaseException;
    /// Raised by programs only.
    SystemExit BaseException;
    /// Raised by programs only.
    GeneratorExit BaseException;
    /// Raised by programs only.
    BaseException BaseException;
}

impl ErrorKind {
    /// Whether it is this class, or derived from it.
    pub fn is_a(self, class: ErrorKind) -> bool {
        let mut at = self;
        while at != class && at != ErrorKind::BaseException {
            at = at.base();
        }
        at == class
    }

    /// The class with this name, if there is one.
    pub fn from_name(name: &str) -> Option<ErrorKind> {
        ErrorKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
