//! What of Python is not supported: one row for each construct, with its code and what to write instead.
//!
//! It stands before `profile -> detect -> compile -> cache -> execute -> deoptimise`: a program with any of these is refused as a
//! whole, before anything of it runs. Codes are stable: a row may be taken out, but its code is not given to another.

macro_rules! define_features {
    ($($V:ident $code:literal $name:literal $hint:literal;)*) => {
        /// A construct of Python that is not supported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Feature { $(#[doc = $name] $V,)* }

        impl Feature {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [Feature] = &[$(Feature::$V),*];

            /// The code in messages.
            pub fn code(self) -> &'static str {
                match self { $(Feature::$V => $code,)* }
            }

            /// What Python calls it.
            pub fn name(self) -> &'static str {
                match self { $(Feature::$V => $name,)* }
            }

            /// What to write instead.
            pub fn hint(self) -> &'static str {
                match self { $(Feature::$V => $hint,)* }
            }
        }
    };
}

define_features! {
    Class "PY101" "class definition" "keep the state in variables, and write functions that take it as arguments";
    Lambda "PY102" "lambda" "write a function with `def` and call it by its name";
    NestedFunction "PY103" "function inside a function" "move it to the top level, and give it what it needs as arguments";
    Decorator "PY104" "decorator" "call the functions directly";
    StarArgument "PY106" "`**` argument, or `*` argument of a method or builtin function" "write the arguments one by one; `max`, `min`, `print`, `zip` and functions of the program take `*a`";
    Generator "PY107" "generator (`yield`)" "compute the values in a loop where they are used";
    Async "PY108" "`async` or `await`" "write it as an ordinary function";
    FunctionValue "PY109" "function as a value" "call the function by its name; a name that holds one of two functions can be an `if`";
    FunctionRebound "PY110" "name that is a function and something else" "give the function a name of its own";
    ConditionalImport "PY111" "import inside of a statement or after its use" "import at the top of the file";
    CallOfValue "PY112" "call of something that is not a function's name" "call a function by its name";
    Comprehension "PY205" "generator expression as a value" "write a list: `[...]`; or give it to `sum`, `any`, `sorted` or so at once";
    Complex "PY207" "complex number" "keep real and imaginary part in two floats";
    Ellipsis "PY208" "`...` as a value" "use `None`";
    Attribute "PY212" "attribute" "only what `math` and `sys` have is known; methods can be called: `x.append(y)`";
    Method "PY213" "method that no builtin type has" "call a method of a builtin type, or a function";
    ExceptStar "PY303" "`except*`" "handle the exceptions one by one with `except`";
    With "PY304" "`with`" "write what it encloses without it";
    Match "PY305" "`match`" "use `if` and `elif`";
    ExceptClass "PY308" "what is written behind this `except`" "write the name of a builtin exception, or several in parentheses";
    Import "PY401" "import of this module" "only `math` and `sys` can be imported";
    ImportItem "PY402" "this name of the module" "the functions of `math` that there are stand in docs/python/README.md";
    ImportStar "PY403" "`from ... import *`" "import the names that you need";
    ModuleValue "PY404" "module as a value" "use its functions: `math.sqrt(x)`";
    Argv "PY405" "this use of `sys.argv`" "write `sys.argv[1]` with a number, or `len(sys.argv)`";
    Builtin "PY501" "this builtin function" "the builtin functions that there are stand in docs/python/README.md";
    BuiltinCall "PY502" "this way to call a builtin function" "give its arguments by position, as many as docs/python/README.md says";
    PrintOption "PY503" "this option of `print`" "`sep` and `end` are supported; output goes to standard output";
    MatMul "PY604" "operator `@`" "there are no matrices; use loops";
    Nonlocal "PY606" "`nonlocal`" "use `global`, or give the value back with `return`";
    Encoding "PY701" "source encoding other than UTF-8" "store the file as UTF-8";
    TooLong "PY702" "program this large" "split it into several programs";
    TooNested "PY703" "expression this deeply nested" "give its parts names of their own";
    TooLargeInt "PY704" "int literal this large" "compute it from smaller ones";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(Feature::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
        assert!(Feature::ALL.iter().all(|f| !f.hint().is_empty() && !f.hint().ends_with('.')));
    }
}
