//! How methods of builtin types take their arguments, and what CPython says where these do not fit.
//!
//! A table of methods has a row for each: its name, how it takes arguments, and the function that does it, which gets them in
//! fixed places. Kinds of rows are CPython's calling conventions, since each has words of its own for a wrong number.

use super::{Context, Fault, Outcome, Size, as_size, raised, type_error};
use crate::num::ErrorKind;
use crate::store::Store;
use crate::value::Value;
use bytecode::CallForm;

/// How a method takes its arguments. The value itself does not count.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// None.
    Nothing,
    /// Exactly one.
    One,
    /// So many at the least and at the most.
    Between(usize, usize),
    /// The same, with the words of older methods.
    Parsed(usize, usize),
    /// Also by these names.
    Named {
        /// The names; empty for one that can only be given by its place.
        names: &'static [&'static str],
        /// How many can be given by place.
        places: usize,
        /// How many must be given, by place.
        least: usize,
    },
}

/// The most arguments of a method in a table, with the value itself.
pub const PLACES: usize = 4;

/// What stands where an argument has not been given.
pub const ABSENT: Value = Value::REFUSED;

/// Arguments in their places; the value itself stands first.
pub type Args = [Value; PLACES];

/// A method of a builtin type.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// How it takes arguments.
    pub takes: Takes,
    /// What it does.
    pub call: fn(&mut dyn Context, &mut Args) -> Outcome,
}

/// The argument, if it was given.
#[inline]
pub fn given(value: Value) -> Option<Value> {
    (value != ABSENT).then_some(value)
}

/// The method with this name in a table that is sorted by names.
pub fn find(table: &'static [Method], name: &str) -> Option<&'static Method> {
    table.binary_search_by(|method| method.name.cmp(name)).ok().and_then(|at| table.get(at))
}

impl Method {
    /// Calls it. `owner` is the name of the type that has it.
    ///
    /// # Errors
    /// What CPython raises, and [`Fault::Refused`].
    pub fn call(
        &self,
        cx: &mut dyn Context,
        owner: &str,
        form: &CallForm<'_>,
        args: &mut [Value],
    ) -> Outcome {
        let mut places = bind(owner, self.name, self.takes, form, args)?;
        (self.call)(cx, &mut places)
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Puts arguments in their places.
///
/// # Errors
/// `TypeError`, if they do not fit.
pub fn bind(owner: &str, name: &str, takes: Takes, form: &CallForm<'_>, args: &[Value]) -> Outcome<Args> {
    let mut places = [ABSENT; PLACES];
    let count = args.len().saturating_sub(1);
    if let Takes::Named { names, places: most, least } = takes {
        bind_names(name, names, most, least, form, args, &mut places)?;
        return Ok(places);
    }
    if !form.keywords.is_empty() {
        return Err(type_error(format!("{owner}.{name}() takes no keyword arguments")));
    }
    let error = match takes {
        Takes::Nothing if count > 0 => format!("{owner}.{name}() takes no arguments ({count} given)"),
        Takes::One if count != 1 => format!("{owner}.{name}() takes exactly one argument ({count} given)"),
        Takes::Between(least, most) if least == most && count != least => {
            format!("{name} expected {least} argument{}, got {count}", plural(least))
        }
        Takes::Between(least, _) if count < least => {
            format!("{name} expected at least {least} argument{}, got {count}", plural(least))
        }
        Takes::Between(_, most) if count > most => {
            format!("{name} expected at most {most} argument{}, got {count}", plural(most))
        }
        Takes::Parsed(least, _) if count < least => {
            format!("{name}() takes at least {least} argument{} ({count} given)", plural(least))
        }
        Takes::Parsed(_, most) if count > most => {
            format!("{name}() takes at most {most} argument{} ({count} given)", plural(most))
        }
        _ => {
            for (place, &value) in places.iter_mut().zip(args) {
                *place = value;
            }
            return Ok(places);
        }
    };
    Err(type_error(error))
}

fn bind_names(
    name: &str,
    names: &[&str],
    most: usize,
    least: usize,
    form: &CallForm<'_>,
    args: &[Value],
    places: &mut Args,
) -> Outcome<()> {
    let count = args.len().saturating_sub(1);
    let by_place = count.saturating_sub(form.keywords.len());
    if count > names.len() {
        let kind = if by_place == 0 { "keyword " } else { "" };
        let all = names.len();
        return Err(type_error(format!(
            "{name}() takes at most {all} {kind}argument{} ({count} given)",
            plural(all)
        )));
    }
    if by_place > 0 && most == 0 {
        return Err(type_error(format!("{name}() takes no positional arguments")));
    }
    if by_place > most {
        let s = plural(most);
        return Err(type_error(format!(
            "{name}() takes at most {most} positional argument{s} ({by_place} given)"
        )));
    }
    if by_place < least {
        let s = plural(least);
        return Err(type_error(format!(
            "{name}() takes at least {least} positional argument{s} ({by_place} given)"
        )));
    }
    let (values, named) = args.split_at((by_place + 1).min(args.len()));
    for (place, &value) in places.iter_mut().zip(values) {
        *place = value;
    }
    let at = |keyword: &str| names.iter().position(|&name| name == keyword);
    for (position, known) in names.iter().enumerate().take(by_place) {
        if form.keywords.contains(known) {
            let position = position + 1;
            return Err(type_error(format!(
                "argument for {name}() given by name ('{known}') and position ({position})"
            )));
        }
    }
    for (keyword, &value) in form.keywords.iter().zip(named) {
        match at(keyword) {
            Some(at) => places[(at + 1).min(PLACES - 1)] = value,
            None => {
                return Err(type_error(format!("'{keyword}' is an invalid keyword argument for {name}()")));
            }
        }
    }
    Ok(())
}

/// An int that CPython keeps in a machine word of 64 bits.
///
/// # Errors
/// `TypeError` if it is none, `OverflowError` if it does not fit.
pub fn size(store: &Store, value: Value) -> Outcome<i64> {
    match as_size(store, value) {
        Some(Size::Fits(i)) => Ok(i),
        Some(Size::Beyond { .. }) => {
            Err(raised(ErrorKind::OverflowError, "Python int too large to convert to C ssize_t"))
        }
        None => Err(no_integer(store, value)),
    }
}

/// An int that CPython keeps in a C `int`.
///
/// # Errors
/// As [`size`].
pub fn c_int(store: &Store, value: Value) -> Outcome<i32> {
    let too_large = || raised(ErrorKind::OverflowError, "Python int too large to convert to C int");
    match as_size(store, value) {
        Some(Size::Fits(i)) => i32::try_from(i).map_err(|_| too_large()),
        Some(Size::Beyond { .. }) => Err(too_large()),
        None => Err(no_integer(store, value)),
    }
}

/// The error of a value that should be an int.
pub fn no_integer(store: &Store, value: Value) -> Fault {
    let name = store.type_name(value);
    type_error(format!("'{name}' object cannot be interpreted as an integer"))
}

/// The error of an argument of the wrong type: `what` is `name() argument 1`, for instance.
pub fn bad_argument(store: &Store, what: &str, wanted: &str, value: Value) -> Fault {
    let name = if value == Value::NONE { "None" } else { store.type_name(value) };
    type_error(format!("{what} must be {wanted}, not {name}"))
}

/// What `start` or `end` say: `None` is `default`, ints beyond 64 bits are the last ones.
fn bound(store: &Store, value: Value, default: i64) -> Outcome<i64> {
    if value == Value::NONE || value == ABSENT {
        return Ok(default);
    }
    match as_size(store, value) {
        Some(size) => Ok(size.clamped()),
        None => Err(type_error("slice indices must be integers or None or have an __index__ method")),
    }
}

/// The part of a sequence that a method's arguments `start` and `end` say, where the start may lie behind the end.
///
/// # Errors
/// `TypeError`
pub fn range(store: &Store, start: Value, end: Value, len: usize) -> Outcome<(usize, usize)> {
    let len = len as i64;
    let (start, end) = (bound(store, start, 0)?, bound(store, end, i64::MAX)?);
    let from_end = |at: i64| if at < 0 { at.saturating_add(len).max(0) } else { at };
    Ok((from_end(start) as usize, from_end(end).min(len) as usize))
}
