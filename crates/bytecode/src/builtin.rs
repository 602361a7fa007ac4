//! The builtin functions: operations on values that have no opcode of their own.
//!
//! They stand beside the opcode table, before `profile -> detect -> compile -> cache -> execute -> deoptimise`:
//! `builtin1` and `builtin2` name one of these. A row is `Variant name "documentation";`. What each does is written
//! once, in the run time, as one more case of a unary or binary operation in its general form; so every tier has it as
//! soon as the row is there. Those that loops of numbers are full of have fast paths in [`crate::semantics`] besides.
//! The row's position is its number in `.hsbc` files: append, never reorder.

macro_rules! define_builtins {
    ($(#[$meta:meta])* $Enum:ident { $($(#[doc = $doc:literal])* $V:ident $name:ident;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $Enum { $($(#[doc = $doc])* $V,)* }

        impl $Enum {
            /// All of them in the order of their numbers.
            pub const ALL: &'static [$Enum] = &[$($Enum::$V),*];

            /// The name in assembly and IR text.
            pub fn name(self) -> &'static str {
                match self { $($Enum::$V => stringify!($name),)* }
            }

            /// One line of documentation.
            pub fn doc(self) -> &'static str {
                match self { $($Enum::$V => concat!($($doc),*).trim_ascii(),)* }
            }

            /// The one with this number, if there is one.
            pub fn from_number(number: u32) -> Option<$Enum> {
                $Enum::ALL.get(number as usize).copied()
            }

            /// The one with this name, if there is one.
            pub fn from_name(name: &str) -> Option<$Enum> {
                $Enum::ALL.iter().copied().find(|b| b.name() == name)
            }

            /// Its number.
            pub fn number(self) -> u32 {
                self as u32
            }
        }
    };
}

define_builtins! {
    /// A builtin function of one value.
    Builtin1 {
        /// `+a`: the number itself; a bool becomes an int.
        Pos pos;
        /// `abs(a)`.
        Abs abs;
        /// `int(a)`: a number towards zero, or the int that a str is written like.
        Int int;
        /// `float(a)`: the nearest float, or the one that a str is written like.
        Float float;
        /// `str(a)`.
        Str str;
        /// `repr(a)`.
        Repr repr;
        /// `ascii(a)`.
        Ascii ascii;
        /// `round(a)`: the nearest int, ties to even.
        Round round;
        /// `len(a)`: the characters of a str.
        Len len;
        /// `ord(a)`: the code point of a str of one character.
        Ord ord;
        /// `chr(a)`: the str of one code point.
        Chr chr;
        /// `bin(a)`.
        Bin bin;
        /// `oct(a)`.
        Oct oct;
        /// `hex(a)`.
        Hex hex;
        /// The int that a value stands for where only an int will do: an int or a bool, nothing else.
        Index index;
        /// The name of the type of a value, as a str.
        TypeName type_name;
        /// `math.sqrt(a)`.
        Sqrt sqrt;
        /// `math.exp(a)`.
        Exp exp;
        /// `math.exp2(a)`.
        Exp2 exp2;
        /// `math.expm1(a)`.
        Expm1 expm1;
        /// `math.log(a)`, of an int of any size too.
        Log log;
        /// `math.log2(a)`, of an int of any size too.
        Log2 log2;
        /// `math.log10(a)`, of an int of any size too.
        Log10 log10;
        /// `math.log1p(a)`.
        Log1p log1p;
        /// `math.sin(a)`.
        Sin sin;
        /// `math.cos(a)`.
        Cos cos;
        /// `math.tan(a)`.
        Tan tan;
        /// `math.asin(a)`.
        Asin asin;
        /// `math.acos(a)`.
        Acos acos;
        /// `math.atan(a)`.
        Atan atan;
        /// `math.sinh(a)`.
        Sinh sinh;
        /// `math.cosh(a)`.
        Cosh cosh;
        /// `math.tanh(a)`.
        Tanh tanh;
        /// `math.degrees(a)`.
        Degrees degrees;
        /// `math.radians(a)`.
        Radians radians;
        /// `math.fabs(a)`.
        Fabs fabs;
        /// `math.floor(a)`: an int.
        Floor floor;
        /// `math.ceil(a)`: an int.
        Ceil ceil;
        /// `math.trunc(a)`: an int.
        Trunc trunc;
        /// `math.isnan(a)`.
        IsNan isnan;
        /// `math.isinf(a)`.
        IsInf isinf;
        /// `math.isfinite(a)`.
        IsFinite isfinite;
        /// `math.isqrt(a)`: the int below or at the square root of an int.
        Isqrt isqrt;
        /// `math.factorial(a)`.
        Factorial factorial;
        /// `sys.setrecursionlimit(a)`: how many calls may be active from now on.
        SetRecursionLimit set_recursion_limit;
        /// `sys.getrecursionlimit()`; the operand counts for nothing.
        GetRecursionLimit get_recursion_limit;
        /// `sys.set_int_max_str_digits(a)`: how many digits an int may have that becomes text, or is read from it; 0
        /// for any number.
        SetMaxStrDigits set_int_max_str_digits;
        /// `sys.get_int_max_str_digits()`; the operand counts for nothing.
        GetMaxStrDigits get_int_max_str_digits;
    }
}

impl Builtin1 {
    /// Whether it reads or changes how the program is run, instead of computing something of its operand.
    pub fn is_setting(self) -> bool {
        matches!(
            self,
            Builtin1::SetRecursionLimit
                | Builtin1::GetRecursionLimit
                | Builtin1::SetMaxStrDigits
                | Builtin1::GetMaxStrDigits
        )
    }
}

define_builtins! {
    /// A builtin function of two values.
    Builtin2 {
        /// `int(a, b)`: the int that the str `a` is written like with base `b`.
        IntBase int_base;
        /// `round(a, b)`: to `b` decimals.
        RoundTo round_to;
        /// The first of what `divmod(a, b)` gives.
        DivmodQuotient divmod_quotient;
        /// The second of what `divmod(a, b)` gives.
        DivmodRemainder divmod_remainder;
        /// `format(a, b)`: `a` as the str `b` says.
        Format format;
        /// `a is b`, where one of them is `none`, `true` or `false`.
        Is is;
        /// `a in b` for strs.
        In in_str;
        /// `math.pow(a, b)`.
        MathPow math_pow;
        /// `math.atan2(a, b)`.
        Atan2 atan2;
        /// `math.fmod(a, b)`.
        Fmod fmod;
        /// `math.hypot(a, b)`.
        Hypot hypot;
        /// `math.copysign(a, b)`.
        CopySign copysign;
        /// `math.log(a, b)`: the logarithm to base `b`.
        LogBase log_base;
        /// `math.gcd(a, b)`.
        Gcd gcd;
        /// `math.lcm(a, b)`.
        Lcm lcm;
        /// `math.comb(a, b)`.
        Comb comb;
        /// `math.perm(a, b)`.
        Perm perm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for &b in Builtin1::ALL {
            assert_eq!(
                (Builtin1::from_name(b.name()), Builtin1::from_number(b.number())),
                (Some(b), Some(b))
            );
            assert!(!b.doc().is_empty() && Builtin2::from_name(b.name()).is_none());
        }
        for &b in Builtin2::ALL {
            assert_eq!(
                (Builtin2::from_name(b.name()), Builtin2::from_number(b.number())),
                (Some(b), Some(b))
            );
            assert!(!b.doc().is_empty());
        }
    }
}
