//! The names that Python brings along, and what is behind those that are supported.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`. Also: which name somebody meant
//! who wrote one that is not there; CPython says so in its errors, and so do we, in the same words and by the same
//! measure.

use crate::ast::Module;
use bytecode::{Builtin1, Builtin2};

/// All names of the module `builtins`, in its order.
const BUILTINS: &[&str] = &[
    "__name__",
    "__doc__",
    "__package__",
    "__loader__",
    "__spec__",
    "__build_class__",
    "__import__",
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "breakpoint",
    "callable",
    "chr",
    "compile",
    "delattr",
    "dir",
    "divmod",
    "eval",
    "exec",
    "format",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "isinstance",
    "issubclass",
    "iter",
    "aiter",
    "len",
    "locals",
    "max",
    "min",
    "next",
    "anext",
    "oct",
    "ord",
    "pow",
    "print",
    "repr",
    "round",
    "setattr",
    "sorted",
    "sum",
    "vars",
    "None",
    "Ellipsis",
    "NotImplemented",
    "False",
    "True",
    "bool",
    "memoryview",
    "bytearray",
    "bytes",
    "classmethod",
    "complex",
    "dict",
    "enumerate",
    "filter",
    "float",
    "frozenset",
    "property",
    "int",
    "list",
    "map",
    "object",
    "range",
    "reversed",
    "set",
    "slice",
    "staticmethod",
    "str",
    "super",
    "tuple",
    "type",
    "zip",
    "__debug__",
    "BaseException",
    "BaseExceptionGroup",
    "Exception",
    "GeneratorExit",
    "KeyboardInterrupt",
    "SystemExit",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "EOFError",
    "ImportError",
    "LookupError",
    "MemoryError",
    "NameError",
    "OSError",
    "ReferenceError",
    "RuntimeError",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SystemError",
    "TypeError",
    "ValueError",
    "Warning",
    "FloatingPointError",
    "OverflowError",
    "ZeroDivisionError",
    "BytesWarning",
    "DeprecationWarning",
    "EncodingWarning",
    "FutureWarning",
    "ImportWarning",
    "PendingDeprecationWarning",
    "ResourceWarning",
    "RuntimeWarning",
    "SyntaxWarning",
    "UnicodeWarning",
    "UserWarning",
    "BlockingIOError",
    "ChildProcessError",
    "ConnectionError",
    "FileExistsError",
    "FileNotFoundError",
    "InterruptedError",
    "IsADirectoryError",
    "NotADirectoryError",
    "PermissionError",
    "ProcessLookupError",
    "TimeoutError",
    "IndentationError",
    "IndexError",
    "KeyError",
    "ModuleNotFoundError",
    "NotImplementedError",
    "RecursionError",
    "UnboundLocalError",
    "UnicodeError",
    "BrokenPipeError",
    "ConnectionAbortedError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "TabError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeTranslateError",
    "ExceptionGroup",
    "EnvironmentError",
    "IOError",
    "open",
    "quit",
    "exit",
    "copyright",
    "credits",
    "license",
    "help",
];

/// The builtin functions that there are.
const SUPPORTED: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "dict",
    "divmod",
    "enumerate",
    "float",
    "format",
    "frozenset",
    "hash",
    "hex",
    "id",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "max",
    "min",
    "next",
    "oct",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
];

/// The names of all methods of builtin types that stand for themselves, in alphabetical order.
const METHODS: &[&str] = &[
    "add",
    "append",
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "capitalize",
    "casefold",
    "center",
    "clear",
    "conjugate",
    "copy",
    "count",
    "decode",
    "difference",
    "difference_update",
    "discard",
    "encode",
    "endswith",
    "expandtabs",
    "extend",
    "find",
    "format",
    "format_map",
    "from_bytes",
    "fromhex",
    "fromkeys",
    "get",
    "hex",
    "index",
    "indices",
    "insert",
    "intersection",
    "intersection_update",
    "is_integer",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isdisjoint",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "issubset",
    "issuperset",
    "istitle",
    "isupper",
    "items",
    "join",
    "keys",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "pop",
    "popitem",
    "remove",
    "removeprefix",
    "removesuffix",
    "replace",
    "reverse",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "setdefault",
    "sort",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "symmetric_difference",
    "symmetric_difference_update",
    "title",
    "to_bytes",
    "translate",
    "union",
    "update",
    "upper",
    "values",
    "zfill",
];

/// The exceptions that a program can raise.
const EXCEPTIONS: &[&str] = &[
    "TypeError",
    "ValueError",
    "ZeroDivisionError",
    "OverflowError",
    "NameError",
    "UnboundLocalError",
    "AssertionError",
    "IndexError",
    "RecursionError",
    "RuntimeError",
    "NotImplementedError",
    "ArithmeticError",
    "FloatingPointError",
    "LookupError",
    "KeyError",
    "AttributeError",
    "ImportError",
    "MemoryError",
    "BufferError",
    "EOFError",
    "OSError",
    "StopIteration",
    "SystemError",
    "Exception",
    "BaseException",
];

/// The names that a module has from the start.
pub const MODULE_NAMES: [&str; 9] = [
    "__name__",
    "__doc__",
    "__package__",
    "__loader__",
    "__spec__",
    "__annotations__",
    "__builtins__",
    "__file__",
    "__cached__",
];

/// Whether Python has a builtin of this name, or a name that each module has.
pub fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name) || MODULE_NAMES.contains(&name)
}

/// All builtin names.
pub fn all_builtins() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().copied()
}

/// Whether this builtin function is supported.
pub fn has_builtin(name: &str) -> bool {
    SUPPORTED.contains(&name)
}

/// The builtin classes that `isinstance` knows by name, but for those that have subclasses.
const CLASSES: &[&str] = &[
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "enumerate",
    "float",
    "frozenset",
    "list",
    "range",
    "set",
    "slice",
    "str",
    "tuple",
    "zip",
];

/// A builtin class of this name that has no subclasses, so that the name of a value's type says whether it is one of its.
pub fn class(name: &str) -> Option<&'static str> {
    CLASSES.iter().copied().find(|class| *class == name)
}

/// Whether a builtin type has a method of this name.
pub fn is_method(name: &str) -> bool {
    METHODS.binary_search(&name).is_ok()
}

/// Whether a program can raise this exception.
pub fn is_exception(name: &str) -> bool {
    EXCEPTIONS.contains(&name)
}

/// What a function of `math` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Math {
    One(Builtin1),
    Two(Builtin2),
    /// One of two, whichever fits the number of arguments.
    Log,
    /// Of any number of arguments, two at a time.
    Fold(Builtin2),
}

/// The functions of `math` that there are.
const MATH: &[(&str, Math)] = &[
    ("sqrt", Math::One(Builtin1::Sqrt)),
    ("exp", Math::One(Builtin1::Exp)),
    ("exp2", Math::One(Builtin1::Exp2)),
    ("expm1", Math::One(Builtin1::Expm1)),
    ("log2", Math::One(Builtin1::Log2)),
    ("log10", Math::One(Builtin1::Log10)),
    ("log1p", Math::One(Builtin1::Log1p)),
    ("sin", Math::One(Builtin1::Sin)),
    ("cos", Math::One(Builtin1::Cos)),
    ("tan", Math::One(Builtin1::Tan)),
    ("asin", Math::One(Builtin1::Asin)),
    ("acos", Math::One(Builtin1::Acos)),
    ("atan", Math::One(Builtin1::Atan)),
    ("sinh", Math::One(Builtin1::Sinh)),
    ("cosh", Math::One(Builtin1::Cosh)),
    ("tanh", Math::One(Builtin1::Tanh)),
    ("degrees", Math::One(Builtin1::Degrees)),
    ("radians", Math::One(Builtin1::Radians)),
    ("fabs", Math::One(Builtin1::Fabs)),
    ("floor", Math::One(Builtin1::Floor)),
    ("ceil", Math::One(Builtin1::Ceil)),
    ("trunc", Math::One(Builtin1::Trunc)),
    ("isnan", Math::One(Builtin1::IsNan)),
    ("isinf", Math::One(Builtin1::IsInf)),
    ("isfinite", Math::One(Builtin1::IsFinite)),
    ("isqrt", Math::One(Builtin1::Isqrt)),
    ("factorial", Math::One(Builtin1::Factorial)),
    ("pow", Math::Two(Builtin2::MathPow)),
    ("atan2", Math::Two(Builtin2::Atan2)),
    ("fmod", Math::Two(Builtin2::Fmod)),
    ("hypot", Math::Two(Builtin2::Hypot)),
    ("copysign", Math::Two(Builtin2::CopySign)),
    ("comb", Math::Two(Builtin2::Comb)),
    ("perm", Math::Two(Builtin2::Perm)),
    ("log", Math::Log),
    ("gcd", Math::Fold(Builtin2::Gcd)),
    ("lcm", Math::Fold(Builtin2::Lcm)),
];

/// The function of `math` with this name.
pub fn math_function(name: &str) -> Option<Math> {
    MATH.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

/// Whether `math` has a function of this name here.
pub fn is_math_function(name: &str) -> bool {
    math_function(name).is_some()
}

/// The constant of `math` with this name.
pub fn math_constant(name: &str) -> Option<f64> {
    match name {
        "pi" => Some(std::f64::consts::PI),
        "e" => Some(std::f64::consts::E),
        "tau" => Some(std::f64::consts::TAU),
        "inf" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

/// A function of `sys` that reads or changes a setting.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub builtin: Builtin1,
    /// Whether it takes the new value.
    pub takes_value: bool,
    /// By which name the value may be given, besides its position.
    pub keyword: Option<&'static str>,
}

impl Setting {
    const fn new(
        name: &'static str,
        builtin: Builtin1,
        takes_value: bool,
        keyword: Option<&'static str>,
    ) -> Setting {
        Setting { name, builtin, takes_value, keyword }
    }
}

/// The settings that there are.
const SETTINGS: [Setting; 4] = [
    Setting::new("setrecursionlimit", Builtin1::SetRecursionLimit, true, None),
    Setting::new("getrecursionlimit", Builtin1::GetRecursionLimit, false, None),
    Setting::new("set_int_max_str_digits", Builtin1::SetMaxStrDigits, true, Some("maxdigits")),
    Setting::new("get_int_max_str_digits", Builtin1::GetMaxStrDigits, false, None),
];

/// The setting behind a name of `sys`.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Whether a module has this name here.
pub fn has_item(module: Module, item: &str) -> bool {
    match module {
        Module::Math => is_math_function(item) || math_constant(item).is_some(),
        Module::Sys => matches!(item, "argv" | "maxsize") || setting(item).is_some(),
        Module::Nothing => true,
    }
}

/// What exchanging, dropping or adding a letter costs; another case of the same letter costs half.
const MOVE_COST: usize = 2;
const CASE_COST: usize = 1;
/// Longer names are not compared.
const MAX_LENGTH: usize = 40;
/// Among more names none is looked for.
pub const MAX_CANDIDATES: usize = 750;

/// The name among the candidates that is most like a name that is not there, if one is like it: CPython's measure.
pub fn suggest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.take(MAX_CANDIDATES).collect();
    if candidates.len() == MAX_CANDIDATES {
        return None;
    }
    let mut best: Option<(&str, usize)> = None;
    for candidate in candidates {
        if candidate == name {
            continue;
        }
        // A third of the letters may differ.
        let most = (name.len() + candidate.len() + 3) * MOVE_COST / 6;
        let most = best.map_or(most, |(_, cost)| most.min(cost.saturating_sub(1)));
        if let Some(cost) = distance(name.as_bytes(), candidate.as_bytes(), most)
            && best.is_none_or(|(_, known)| cost < known)
        {
            best = Some((candidate, cost));
        }
    }
    best.map(|(candidate, _)| candidate)
}

/// The weighted edit distance, if it is at most so much.
fn distance(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH {
        return None;
    }
    if a.len().abs_diff(b.len()) * MOVE_COST > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).map(|i| i * MOVE_COST).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) * MOVE_COST;
        for (j, y) in b.iter().enumerate() {
            let exchange = match (x == y, x.eq_ignore_ascii_case(y)) {
                (true, _) => 0,
                (false, true) => CASE_COST,
                (false, false) => MOVE_COST,
            };
            let cost = (diagonal + exchange).min(row[j] + MOVE_COST).min(row[j + 1] + MOVE_COST);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
        // From here on it only grows.
        if row.iter().all(|&cost| cost > most) {
            return None;
        }
    }
    row.last().copied().filter(|&cost| cost <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_found() {
        assert_eq!(suggest("pritn", all_builtins()), Some("print"));
        assert_eq!(suggest("Total", ["count", "total"].into_iter()), Some("total"));
        assert_eq!(suggest("x", ["y", "z"].into_iter()), None);
        assert_eq!(suggest("total", ["total"].into_iter()), None);
    }

    #[test]
    fn methods_are_found() {
        assert!(METHODS.iter().all(|name| is_method(name)) && METHODS.is_sorted());
        assert!(!is_method("foo") && !is_method("__len__"));
    }
}
