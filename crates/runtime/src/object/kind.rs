//! The kinds of objects in the region.
//!
//! A row is `Variant "name of its type in Python" payload "documentation";`, where the payload is `values` or `words`. What stands in
//! the slots of each is said in the module of its type.

macro_rules! holds_values {
    (values) => {
        true
    };
    (words) => {
        false
    };
}

macro_rules! define_kinds {
    ($($(#[doc = $doc:literal])* $V:ident $name:literal $payload:ident;)*) => {
        /// The kind of an object in the region.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Kind { $($(#[doc = $doc])* $V,)* }

        impl Kind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &'static [Kind] = &[$(Kind::$V),*];

            /// The name of the type, as Python writes it.
            pub fn type_name(self) -> &'static str {
                match self { $(Kind::$V => $name,)* }
            }

            /// Whether its slots are values. Of an object whose slots are not, nobody looks for references.
            #[inline]
            pub fn holds_values(self) -> bool {
                match self { $(Kind::$V => holds_values!($payload),)* }
            }
        }
    };
}

define_kinds! {
    /// Words of another object: the index of a dict, the bytes of a `bytearray`.
    Raw "words" words;
    /// Values of another object: the elements of a list, the entries of a dict.
    Storage "values" values;
    /// `list`
    List "list" values;
    /// `tuple`
    Tuple "tuple" values;
    /// `dict`
    Dict "dict" values;
    /// `set`
    Set "set" values;
    /// `frozenset`
    Frozenset "frozenset" values;
    /// `range`
    Range "range" values;
    /// `slice`
    Slice "slice" values;
    /// What `dict.keys()` gives.
    DictKeys "dict_keys" values;
    /// What `dict.values()` gives.
    DictValues "dict_values" values;
    /// What `dict.items()` gives.
    DictItems "dict_items" values;
    /// An iterator over a list.
    ListIterator "list_iterator" values;
    /// An iterator over a list, from its end.
    ListReverseIterator "list_reverseiterator" values;
    /// An iterator over a tuple.
    TupleIterator "tuple_iterator" values;
    /// An iterator over a str.
    StrIterator "str_iterator" values;
    /// An iterator over a range.
    RangeIterator "range_iterator" values;
    /// An iterator over a set or a frozenset.
    SetIterator "set_iterator" values;
    /// An iterator over the keys of a dict.
    DictKeyIterator "dict_keyiterator" values;
    /// An iterator over the values of a dict.
    DictValueIterator "dict_valueiterator" values;
    /// An iterator over the items of a dict.
    DictItemIterator "dict_itemiterator" values;
    /// An iterator over a dict or one of its views, from its end.
    DictReverseIterator "dict_reversekeyiterator" values;
    /// What `enumerate` gives.
    Enumerate "enumerate" values;
    /// What `zip` gives.
    Zip "zip" values;
    /// What `reversed` gives for what is neither a list nor a dict.
    Reversed "reversed" values;
    /// `bytes`
    Bytes "bytes" values;
    /// `bytearray`
    Bytearray "bytearray" values;
    /// An iterator over bytes.
    BytesIterator "bytes_iterator" values;
    /// An exception.
    Exception "Exception" values;
}

impl Kind {
    /// The kind with this number; words, if there is none.
    #[inline]
    pub fn from_number(number: u8) -> Kind {
        Kind::ALL.get(number as usize).copied().unwrap_or(Kind::Raw)
    }
}
