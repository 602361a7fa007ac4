//! Why a compilation gave nothing.
//!
//! In the sentence `profile -> detect -> compile -> cache -> execute -> deoptimise` this is how *compile* refuses. A refusal
//! has no effect besides: the interpreter goes on.

/// Why there is no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodegenError {
    /// Cranelift has no code generator for this machine.
    Unsupported(String),
    /// The function breaks an invariant of the IR; the text says which.
    Malformed(String),
    /// The function needs more than code may use here: exits, slots, stack.
    TooLarge(String),
    /// Cranelift failed.
    Cranelift(String),
}

impl std::fmt::Display for CodegenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CodegenError::Unsupported(what) => write!(f, "no native code on this machine: {what}"),
            CodegenError::Malformed(what) => write!(f, "malformed IR: {what}"),
            CodegenError::TooLarge(what) => write!(f, "too large to compile: {what}"),
            CodegenError::Cranelift(what) => write!(f, "Cranelift failed: {what}"),
        }
    }
}

impl std::error::Error for CodegenError {}

pub(crate) fn malformed<T>(what: impl Into<String>) -> Result<T, CodegenError> {
    Err(CodegenError::Malformed(what.into()))
}
