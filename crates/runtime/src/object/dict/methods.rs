//! The methods of dicts.

use super::super::{Context, Outcome};
use crate::value::Value;
use bytecode::CallForm;

/// Calls a method.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn call(cx: &mut dyn Context, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    super::operators::update(cx, form, args)
}
