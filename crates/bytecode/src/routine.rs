//! The routines: operations on objects that the run time does as a whole.
//!
//! They stand beside the opcode table, before `profile -> detect -> compile -> cache -> execute -> deoptimise`. A row is
//! `Variant name inputs "documentation";`. What each does is written once, in the run time; every tier calls it there. Those
//! whose number of inputs is `-` belong to an opcode of their own, whose argument tells how many there are; the others are
//! what `routine` names. The row's position is its number in `.hsbc` files: append, never reorder.

macro_rules! inputs {
    (-) => {
        None
    };
    ($n:literal) => {
        Some($n)
    };
}

macro_rules! define_routines {
    ($($(#[doc = $doc:literal])* $V:ident $name:ident $inputs:tt;)*) => {
        /// An operation on objects that the run time does as a whole.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Routine { $($(#[doc = $doc])* $V,)* }

        impl Routine {
            /// All of them in the order of their numbers.
            pub const ALL: &'static [Routine] = &[$(Routine::$V),*];

            /// The name in assembly and IR text.
            pub fn name(self) -> &'static str {
                match self { $(Routine::$V => stringify!($name),)* }
            }

            /// How many values it takes; `None` if an opcode of its own says so.
            pub fn inputs(self) -> Option<u32> {
                match self { $(Routine::$V => inputs!($inputs),)* }
            }

            /// One line of documentation.
            pub fn doc(self) -> &'static str {
                match self { $(Routine::$V => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

define_routines! {
    /// A new list of the values.
    List list -;
    /// A new tuple of the values.
    Tuple tuple -;
    /// A new dict of the keys and values, in pairs.
    Dict dict -;
    /// A new set of the values.
    Set set -;
    /// `a[i]`.
    Index index -;
    /// `a[i] = v`.
    StoreIndex store_index -;
    /// `del a[i]`.
    DeleteIndex delete_index -;
    /// `slice(start, stop, step)`.
    Slice slice -;
    /// `iter(a)`.
    Iter iter -;
    /// Goes to the next value of an iterator: whether there is one.
    IterMore iter_more -;
    /// The value to which `iter_more` has gone.
    IterValue iter_value -;
    /// A list or tuple of exactly so many values, of any iterable.
    Unpack unpack -;
    /// The same where one target has a star: a tuple with a list in that place.
    UnpackStar unpack_star -;
    /// The value at a place of a list or tuple that `unpack` has given.
    Item item -;
    /// Calls a method of a value.
    Method method -;
    /// `list(a)`.
    ListOf list_of 1;
    /// `tuple(a)`.
    TupleOf tuple_of 1;
    /// `set(a)`.
    SetOf set_of 1;
    /// `frozenset(a)`.
    FrozensetOf frozenset_of 1;
    /// `dict(a)`.
    DictOf dict_of 1;
    /// `range(start, stop, step)`.
    Range range 3;
    /// `enumerate(a, start)`.
    Enumerate enumerate 2;
    /// `zip(*a)`: of the iterables in a tuple. The second value says whether they must be equally long (`strict=True`).
    Zip zip 2;
    /// `reversed(a)`.
    Reversed reversed 1;
    /// `sum(a, start)`.
    Sum sum 2;
    /// `min(a)` of one iterable.
    Min min 1;
    /// `max(a)` of one iterable.
    Max max 1;
    /// `min(a, default=b)`.
    MinOr min_or 2;
    /// `max(a, default=b)`.
    MaxOr max_or 2;
    /// `any(a)`.
    Any any 1;
    /// `all(a)`.
    All all 1;
    /// `sorted(a, reverse=b)`.
    Sorted sorted 2;
    /// `next(a)`.
    Next next 1;
    /// `next(a, b)`.
    NextOr next_or 2;
    /// Appends a value to a list that nobody else has, as comprehensions do; the list stays.
    Append append 2;
    /// Adds a value to a set that nobody else has; the set stays.
    Add add 2;
    /// Adds a key and a value to a dict that nobody else has; the dict stays.
    Insert insert 3;
    /// Adds all values of an iterable to a list that nobody else has (`[*a]`); the list stays.
    Extend extend 2;
    /// Adds all values of an iterable to a set that nobody else has (`{*a}`); the set stays.
    AddAll add_all 2;
    /// Adds all items of a mapping to a dict that nobody else has (`{**a}`); the dict stays.
    Merge merge 2;
    /// `hash(a)`.
    Hash hash 1;
    /// `isinstance(a, b)`, where `b` is the name of a builtin class, or a tuple of names.
    IsInstance isinstance 2;
    /// `iter(a)` as a call of the builtin function.
    IterOf iter_of 1;
    /// `callable(a)`.
    Callable callable 1;
    /// `bytes(a)`.
    BytesOf bytes_of 1;
    /// `bytearray(a)`.
    BytearrayOf bytearray_of 1;
    /// `id(a)`.
    Id id 1;
    /// A new exception of a builtin class: of the class's name, and a tuple of arguments.
    Exception exception 2;
    /// Whether an exception is of a builtin class, or of one derived from it: of the class's name, or one of a tuple of names.
    ExceptionIs exception_is 2;
    /// An exception is being handled from here on, or `none` is: the one that was before.
    Handled handled 1;
    /// An exception that is raised because of another, or of `none`: `raise a from b`.
    Because because 2;
    /// The arguments of an exception.
    ExceptionArgs exception_args 1;
}

impl Routine {
    /// The one with this number, if there is one.
    pub fn from_number(number: u32) -> Option<Routine> {
        Routine::ALL.get(number as usize).copied()
    }

    /// The one with this name that `routine` can name, if there is one.
    pub fn from_name(name: &str) -> Option<Routine> {
        Routine::ALL.iter().copied().find(|r| r.inputs().is_some() && r.name() == name)
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self as u32
    }
}

/// How a method is called, as a constant of the program tells it: `NAME COUNT` and the names of the last arguments that are
/// given by keyword, as in `sort 1 reverse`. The count is that of all arguments without the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallForm<'a> {
    /// The method's name.
    pub name: &'a str,
    /// How many arguments there are, those by keyword included.
    pub count: u32,
    /// The keywords of the last arguments, in order.
    pub keywords: Vec<&'a str>,
}

impl CallForm<'_> {
    /// The most arguments of a call.
    pub const MOST: u32 = 255;

    /// Reads a constant; `None` if it is none.
    pub fn parse(text: &str) -> Option<CallForm<'_>> {
        let (name, rest) = text.split_once(' ').filter(|(name, _)| !name.is_empty())?;
        let (count, keywords) = match rest.split_once(' ') {
            Some((count, keywords)) => (count, keywords.split(' ').collect::<Vec<&str>>()),
            None => (rest, Vec::new()),
        };
        let count = count.parse().ok().filter(|&count| count <= CallForm::MOST)?;
        let fine = keywords.len() <= count as usize && keywords.iter().all(|keyword| !keyword.is_empty());
        fine.then_some(CallForm { name, count, keywords })
    }
}

/// Methods that meanings know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownMethod {
    /// `a.append(b)`
    Append,
}

/// What translating a call of a method needs to know of its form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormFacts {
    /// How many arguments there are.
    pub inputs: u8,
    /// Which method that meanings know.
    pub known: Option<KnownMethod>,
}

impl FormFacts {
    /// Those of a form.
    pub fn of(form: &CallForm<'_>) -> FormFacts {
        let known = match (form.name, form.count, form.keywords.len()) {
            ("append", 1, 0) => Some(KnownMethod::Append),
            _ => None,
        };
        FormFacts { inputs: form.count as u8, known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for &routine in Routine::ALL {
            assert_eq!(Routine::from_number(routine.number()), Some(routine));
            let named = Routine::from_name(routine.name());
            assert_eq!(named, routine.inputs().map(|_| routine));
            assert!(!routine.doc().is_empty());
        }
        assert_eq!(Routine::from_number(Routine::ALL.len() as u32), None);
    }

    #[test]
    fn forms_say_how_a_method_is_called() {
        let form = CallForm::parse("sort 2 key reverse");
        assert_eq!(form, Some(CallForm { name: "sort", count: 2, keywords: vec!["key", "reverse"] }));
        for bad in ["", "sort", "sort -1", "sort 256", "sort 1 a b", "sort 1 ", " 1"] {
            assert_eq!(CallForm::parse(bad), None, "{bad:?}");
        }
    }
}
