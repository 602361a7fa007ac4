//! The methods of dicts and of their views.

use super::super::args::{Args, Method, Takes, find, given};
use super::super::{Context, Fault, Kind, Outcome, no_attribute, type_error, view};
use super::{change, operators};
use crate::heap::Heap;
use crate::num::Cost;
use crate::value::Value;
use bytecode::CallForm;

/// Sorted by names. `update` takes whatever names there are, and stands by itself.
const DICT: &[Method] = &[
    Method { name: "clear", takes: Takes::Nothing, call: |cx, args| change::clear(cx, args[0]) },
    Method { name: "copy", takes: Takes::Nothing, call: |cx, args| operators::copy(cx, args[0]) },
    Method {
        name: "fromkeys",
        takes: Takes::Between(1, 2),
        call: |cx, args| operators::from_keys(cx, args[1], given(args[2]).unwrap_or(Value::NONE)),
    },
    Method {
        name: "get",
        takes: Takes::Between(1, 2),
        call: |cx, args| change::get(cx, args[0], args[1], given(args[2]).unwrap_or(Value::NONE)),
    },
    Method { name: "items", takes: Takes::Nothing, call: |cx, args| view(cx, args, Kind::DictItems) },
    Method { name: "keys", takes: Takes::Nothing, call: |cx, args| view(cx, args, Kind::DictKeys) },
    Method {
        name: "pop",
        takes: Takes::Between(1, 2),
        call: |cx, args| change::pop(cx, args[0], args[1], given(args[2])),
    },
    Method { name: "popitem", takes: Takes::Nothing, call: |cx, args| change::pop_last(cx, args[0]) },
    Method {
        name: "setdefault",
        takes: Takes::Between(1, 2),
        call: |cx, args| change::set_default(cx, args[0], args[1], given(args[2]).unwrap_or(Value::NONE)),
    },
    Method { name: "values", takes: Takes::Nothing, call: |cx, args| view(cx, args, Kind::DictValues) },
];

/// Sorted by names. `dict.values()` has none of them.
const VIEW: &[Method] = &[Method {
    name: "isdisjoint",
    takes: Takes::One,
    call: |cx, args| view::is_disjoint(cx, args[0], args[1]),
}];

/// Calls a method of a dict.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn call(cx: &mut dyn Context, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    let dict = args.first().copied().unwrap_or(Value::NONE);
    if form.name == "update" {
        let count = args.len().saturating_sub(1 + form.keywords.len());
        if count > 1 {
            return Err(type_error(format!("update expected at most 1 argument, got {count}")));
        }
        return operators::update(cx, form, args);
    }
    match find(DICT, form.name) {
        Some(method) => method.call(cx, "dict", form, args),
        None => Err(no_attribute(cx.store(), dict, form.name)),
    }
}

/// Calls a method of a view.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn call_of_view(cx: &mut dyn Context, kind: Kind, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    let this = args.first().copied().unwrap_or(Value::NONE);
    match find(VIEW, form.name) {
        Some(method) if kind != Kind::DictValues => method.call(cx, kind.type_name(), form, args),
        _ => Err(no_attribute(cx.store(), this, form.name)),
    }
}

/// A view of a dict.
fn view(cx: &mut dyn Context, args: &mut Args, kind: Kind) -> Outcome {
    let mut held = [args[0]];
    cx.pay(Cost { object_bytes: Heap::object_bytes(1), ..Cost::default() }, &mut held)?;
    let heap = &mut cx.store().heap;
    if heap.object(held[0]).is_none() {
        return Err(Fault::Refused);
    }
    let view = heap.allocate(kind, 1);
    heap.set_slot(view, 0, held[0]);
    Ok(view.value())
}
