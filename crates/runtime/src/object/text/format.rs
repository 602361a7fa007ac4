//! What the ways of formatting have in common: values as text by a spec, and as `str`, `repr` and `ascii` write them.

use super::super::{Context, Meter, Outcome, type_error, value};
use super::{check, pass};
use crate::num::{self, NumError, Operand, Output};
use crate::store::Store;
use crate::value::Value;
use bytecode::{BinOp, Builtin1, Builtin2, UnOp};

/// A value to be formatted: one that is there, or one that has been made for that.
#[derive(Clone, Debug)]
pub(super) enum Field {
    Is(Value),
    Made(Output),
}

impl Field {
    pub(super) fn operand<'a>(&'a self, store: &'a Store) -> Operand<'a> {
        match self {
            Field::Is(value) => store.operand(*value),
            Field::Made(output) => output.operand(),
        }
    }
}

/// How a conversion writes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    Str,
    Repr,
    Ascii,
}

/// What a number operation gives that is metered by its cost.
fn numeric<T>(
    store: &Store,
    meter: &mut Meter,
    cost: Result<num::Cost, NumError>,
    work: impl FnOnce() -> Result<T, NumError>,
) -> Outcome<T> {
    meter.step(store, cost?.fuel)?;
    Ok(work()?)
}

/// Appends what a function of one value writes: of a number or str.
fn push_call(
    store: &Store,
    meter: &mut Meter,
    out: &mut String,
    call: Builtin1,
    a: Operand<'_>,
) -> Outcome<()> {
    let op = UnOp::Call(call);
    let cost = num::unary_cost(op, a, &store.watch.limits);
    match numeric(store, meter, cost, || num::unary(op, a, &store.watch))? {
        Output::Str(text) => push(store, meter, out, &text),
        _ => Err(type_error("a text was expected")),
    }
}

/// Appends a text, if the whole may be so long.
pub(super) fn push(store: &Store, meter: &mut Meter, out: &mut String, text: &str) -> Outcome<()> {
    check(store, out.len() + text.len())?;
    pass(store, meter, text.len())?;
    out.push_str(text);
    Ok(())
}

/// Appends a value as a conversion writes it.
pub(super) fn convert(
    store: &Store,
    meter: &mut Meter,
    out: &mut String,
    field: &Field,
    conversion: Conversion,
) -> Outcome<()> {
    match (field, conversion) {
        (Field::Is(a), Conversion::Str) => value::write_str(store, meter, out, *a),
        (Field::Is(a), Conversion::Repr) => value::write_repr(store, meter, out, *a),
        (Field::Is(a), Conversion::Ascii) => value::write_ascii(store, meter, out, *a),
        (Field::Made(made), Conversion::Str) => push_call(store, meter, out, Builtin1::Str, made.operand()),
        (Field::Made(made), Conversion::Repr) => push_call(store, meter, out, Builtin1::Repr, made.operand()),
        (Field::Made(made), Conversion::Ascii) => {
            push_call(store, meter, out, Builtin1::Ascii, made.operand())
        }
    }?;
    check(store, out.len())
}

/// Appends what a function of one value gives, of a number: its digits in a base, for instance.
pub(super) fn number_text(
    store: &Store,
    meter: &mut Meter,
    call: Builtin1,
    a: Operand<'_>,
) -> Outcome<String> {
    let mut out = String::new();
    push_call(store, meter, &mut out, call, a)?;
    Ok(out)
}

/// A number as an int, without what is behind the point.
pub(super) fn truncated(store: &Store, meter: &mut Meter, a: Operand<'_>) -> Outcome<Output> {
    let op = UnOp::Call(Builtin1::Int);
    let cost = num::unary_cost(op, a, &store.watch.limits);
    numeric(store, meter, cost, || num::unary(op, a, &store.watch))
}

/// Appends `format(a, spec)`.
pub(super) fn render(
    store: &Store,
    meter: &mut Meter,
    out: &mut String,
    field: &Field,
    spec: &str,
) -> Outcome<()> {
    let operand = field.operand(store);
    if spec.is_empty() {
        return convert(store, meter, out, field, Conversion::Str);
    }
    let op = BinOp::Call(Builtin2::Format);
    let spec = Operand::Str(spec);
    let cost = num::binary_cost(op, operand, spec, &store.watch.limits);
    match numeric(store, meter, cost, || num::binary(op, operand, spec, &store.watch))? {
        Output::Str(text) => push(store, meter, out, &text),
        _ => Err(type_error("a text was expected")),
    }
}

/// `format(a, spec)`, where one of them is an object.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn format_value(cx: &mut dyn Context, a: Value, spec: Value) -> Outcome {
    super::written(cx, &mut [a, spec], |store, meter, out, args| {
        let &[a, spec] = args else { return Err(type_error("too few arguments")) };
        match store.str(spec) {
            Some(spec) => render(store, meter, out, &Field::Is(a), spec),
            None => {
                let what = "format() argument 2";
                Err(super::args::bad_argument(store, what, "str", spec))
            }
        }
    })
}
