//! The methods of strs.

use super::super::args::{Args, Method, Takes};
use super::super::{Context, Outcome};
use super::case::{self, Case};
use super::ends::{self, Side, Sides};
use super::pad::{self, Align};
use super::search::{self, Lookup};
use super::unicode::Property;
use super::{codec, split, template};

type Call = fn(&mut dyn Context, &mut Args) -> Outcome;

const fn row(name: &'static str, takes: Takes, call: Call) -> Method {
    Method { name, takes, call }
}

use Takes::{Between, Nothing, One, Parsed};

/// All of them, sorted by name.
#[rustfmt::skip]
pub(super) static METHODS: &[Method] = &[
    row("capitalize", Nothing, |cx, a| case::change(cx, a, Case::Capital)),
    row("casefold", Nothing, |cx, a| case::change(cx, a, Case::Folded)),
    row("center", Between(1, 2), |cx, a| pad::justify(cx, a, Align::Center)),
    row("count", Parsed(1, 3), search::count),
    row("encode", Takes::Named { names: &["encoding", "errors"], places: 2, least: 0 }, codec::encode_method),
    row("endswith", Parsed(1, 3), |cx, a| ends::has_end(cx, a, Side::End)),
    row("expandtabs", Takes::Named { names: &["tabsize"], places: 1, least: 0 }, pad::expand_tabs),
    row("find", Parsed(1, 3), |cx, a| search::find(cx, a, Lookup::Find)),
    row("format_map", One, template::format_map),
    row("index", Parsed(1, 3), |cx, a| search::find(cx, a, Lookup::Index)),
    row("isalnum", Nothing, |cx, a| case::all(cx, a, Property::ALNUM)),
    row("isalpha", Nothing, |cx, a| case::all(cx, a, Property::ALPHA)),
    row("isascii", Nothing, case::is_ascii),
    row("isdecimal", Nothing, |cx, a| case::all(cx, a, Property::DECIMAL)),
    row("isdigit", Nothing, |cx, a| case::all(cx, a, Property::DIGIT)),
    row("isidentifier", Nothing, case::is_identifier),
    row("islower", Nothing, |cx, a| case::in_case(cx, a, Property::LOWER)),
    row("isnumeric", Nothing, |cx, a| case::all(cx, a, Property::NUMERIC)),
    row("isprintable", Nothing, case::is_printable),
    row("isspace", Nothing, |cx, a| case::all(cx, a, Property::SPACE)),
    row("istitle", Nothing, case::is_title),
    row("isupper", Nothing, |cx, a| case::in_case(cx, a, Property::UPPER)),
    row("join", One, split::join),
    row("ljust", Between(1, 2), |cx, a| pad::justify(cx, a, Align::Left)),
    row("lower", Nothing, |cx, a| case::change(cx, a, Case::Lower)),
    row("lstrip", Between(0, 1), |cx, a| ends::strip(cx, a, "lstrip", Sides::START)),
    row("partition", One, |cx, a| split::partition(cx, a, false)),
    row("removeprefix", One, |cx, a| ends::remove(cx, a, Side::Start)),
    row("removesuffix", One, |cx, a| ends::remove(cx, a, Side::End)),
    row("replace", Between(2, 3), search::replace),
    row("rfind", Parsed(1, 3), |cx, a| search::find(cx, a, Lookup::FindLast)),
    row("rindex", Parsed(1, 3), |cx, a| search::find(cx, a, Lookup::IndexLast)),
    row("rjust", Between(1, 2), |cx, a| pad::justify(cx, a, Align::Right)),
    row("rpartition", One, |cx, a| split::partition(cx, a, true)),
    row("rsplit", SPLIT, |cx, a| split::split(cx, a, true)),
    row("rstrip", Between(0, 1), |cx, a| ends::strip(cx, a, "rstrip", Sides::END)),
    row("split", SPLIT, |cx, a| split::split(cx, a, false)),
    row("splitlines", Takes::Named { names: &["keepends"], places: 1, least: 0 }, split::lines),
    row("startswith", Parsed(1, 3), |cx, a| ends::has_end(cx, a, Side::Start)),
    row("strip", Between(0, 1), |cx, a| ends::strip(cx, a, "strip", Sides::BOTH)),
    row("swapcase", Nothing, |cx, a| case::change(cx, a, Case::Swapped)),
    row("title", Nothing, |cx, a| case::change(cx, a, Case::Title)),
    row("upper", Nothing, |cx, a| case::change(cx, a, Case::Upper)),
    row("zfill", One, pad::zero_fill),
];

const SPLIT: Takes = Takes::Named { names: &["sep", "maxsplit"], places: 2, least: 0 };
