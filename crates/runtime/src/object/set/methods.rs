//! The methods of sets and frozensets.

use super::super::args::{Method, Takes, find};
use super::super::{Context, Kind, Outcome, no_attribute, type_error, view};
use super::operators::{Combine, combine, combine_in_place};
use super::{change, operators};
use crate::value::Value;
use bytecode::CallForm;

/// Sorted by names: what sets alone have.
const SET: &[Method] = &[
    Method {
        name: "add",
        takes: Takes::One,
        call: |cx, args| change::add(cx, args[0], args[1]).map(nothing),
    },
    Method {
        name: "clear",
        takes: Takes::Nothing,
        call: |cx, args| {
            change::clear(cx.store(), args[0]);
            Ok(Value::NONE)
        },
    },
    Method {
        name: "discard",
        takes: Takes::One,
        call: |cx, args| change::discard(cx, args[0], args[1], false),
    },
    Method { name: "pop", takes: Takes::Nothing, call: |cx, args| change::pop(cx, args[0]) },
    Method {
        name: "remove",
        takes: Takes::One,
        call: |cx, args| change::discard(cx, args[0], args[1], true),
    },
    Method {
        name: "symmetric_difference_update",
        takes: Takes::One,
        call: |cx, args| combine_in_place(cx, Combine::SymmetricDifference, args[0], &[args[1]]).map(nothing),
    },
];

/// Sorted by names: what both have.
const BOTH: &[Method] = &[
    Method { name: "copy", takes: Takes::Nothing, call: |cx, args| operators::copy(cx, args[0]) },
    Method {
        name: "isdisjoint",
        takes: Takes::One,
        call: |cx, args| view::is_disjoint(cx, args[0], args[1]),
    },
    Method {
        name: "issubset",
        takes: Takes::One,
        call: |cx, args| operators::is_subset(cx, args[0], args[1], false),
    },
    Method {
        name: "issuperset",
        takes: Takes::One,
        call: |cx, args| operators::is_subset(cx, args[0], args[1], true),
    },
    Method {
        name: "symmetric_difference",
        takes: Takes::One,
        call: |cx, args| combine(cx, Combine::SymmetricDifference, args[0], &[args[1]]),
    },
];

fn nothing(_: Value) -> Value {
    Value::NONE
}

/// Calls a method.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn call(cx: &mut dyn Context, kind: Kind, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    let (name, owner) = (form.name, kind.type_name());
    // These take any number of others.
    let several = match name {
        "union" | "update" => Some(Combine::Union),
        "intersection" | "intersection_update" => Some(Combine::Intersection),
        "difference" | "difference_update" => Some(Combine::Difference),
        _ => None,
    };
    let this = args.first().copied().unwrap_or(Value::NONE);
    if let Some(how) = several {
        let in_place = name.ends_with("update");
        if in_place && kind != Kind::Set {
            return Err(no_attribute(cx.store(), this, name));
        }
        if !form.keywords.is_empty() {
            return Err(type_error(format!("{owner}.{name}() takes no keyword arguments")));
        }
        let others = args.get(1..).unwrap_or_default();
        return if in_place {
            combine_in_place(cx, how, this, others).map(nothing)
        } else {
            combine(cx, how, this, others)
        };
    }
    let method = find(BOTH, name).or_else(|| if kind == Kind::Set { find(SET, name) } else { None });
    match method {
        Some(method) => method.call(cx, owner, form, args),
        None => Err(no_attribute(cx.store(), this, name)),
    }
}
