//! Exceptions: a class, arguments, what they were raised from and while what was handled, and the calls that they have ended.
//!
//! Slots: the number of the class in [`ErrorKind::ALL`]; a tuple of arguments; the cause (`raise ... from`); the context (what was being
//! handled); whether the context is not to be shown; a [`Kind::Raw`] with a word for each call that the exception has ended, outermost first: the
//! function in the upper half, the pc in the lower; and whether the only argument is not the key that is missing, but how it is written. `none` stands for what there is not.

use super::{Context, Kind, Meter, Outcome, metered, raised, tuple, type_error, value};
pub use crate::error::Link;
use crate::heap::{Heap, Object};
use crate::num::{Cost, ErrorKind};
use crate::store::Store;
use crate::value::Value;

const CLASS: usize = 0;
const ARGS: usize = 1;
const CAUSE: usize = 2;
const CONTEXT: usize = 3;
const SUPPRESSED: usize = 4;
const TRACE: usize = 5;
const SAID: usize = 6;
const SLOTS: usize = 7;

/// The most calls that an exception remembers: as many as a traceback shows.
const MOST_CALLS: usize = 1000;

/// A call that an exception has ended: the function, and the instruction that raised or called.
pub type Call = (u32, u32);

/// The exception that a value is.
fn find(store: &Store, a: Value) -> Option<Object> {
    match store.object(a)? {
        (Kind::Exception, object) => Some(object),
        _ => None,
    }
}

/// An exception's class.
pub fn class(store: &Store, exception: Object) -> ErrorKind {
    let number = store.heap.count(exception, CLASS);
    ErrorKind::ALL.get(number).copied().unwrap_or(ErrorKind::SystemError)
}

fn make(store: &mut Store, class: ErrorKind, args: Value) -> Value {
    let exception = store.heap.allocate(Kind::Exception, SLOTS);
    store.heap.set_count(exception, CLASS, class as usize);
    store.heap.set_slot(exception, ARGS, args);
    store.heap.set_slot(exception, SUPPRESSED, Value::FALSE);
    exception.value()
}

fn cost() -> Cost {
    Cost { object_bytes: Heap::object_bytes(SLOTS as u64), ..Cost::default() }
}

/// A new exception of a class with this name.
///
/// # Errors
/// `TypeError` if there is none, and as [`Context::pay`].
pub fn new(cx: &mut dyn Context, name: Value, args: Value) -> Outcome {
    let Some(class) = cx.store().str(name).and_then(ErrorKind::from_name) else {
        return Err(type_error("exceptions must derive from BaseException"));
    };
    let mut held = [args];
    cx.pay(cost(), &mut held)?;
    Ok(make(cx.store(), class, held[0]))
}

/// The exception that an error is which an operation has raised.
///
/// # Errors
/// As [`Context::pay`].
pub fn of_error(cx: &mut dyn Context, class: ErrorKind, message: &str) -> Outcome {
    let count = u64::from(!message.is_empty());
    let mut paid = cost();
    paid.object_bytes += Heap::object_bytes(count) + count * Heap::charge_for(message.len() as u64);
    cx.pay(paid, &mut [])?;
    let store = cx.store();
    let args = match message {
        "" => tuple::make(store, &[]),
        _ => {
            let message = store.text(message.to_owned());
            tuple::make(store, &[message])
        }
    };
    let exception = make(store, class, args);
    if class == ErrorKind::KeyError
        && let Some(object) = find(store, exception)
    {
        store.heap.set_slot(object, SAID, Value::TRUE);
    }
    Ok(exception)
}

/// What raising an exception says: its class and message, and the exception, whose context is what was being handled.
///
/// # Errors
/// `TypeError` if it is none, and those of the meter.
pub fn raise(cx: &mut dyn Context, exception: Value, handled: Value) -> Outcome<(ErrorKind, String, Value)> {
    if find(cx.store(), exception).is_none() {
        return Err(type_error("exceptions must derive from BaseException"));
    }
    let mut held = [exception, handled];
    let message = metered(cx, &mut held, |store, meter, held| value::text(store, meter, held[0]))?;
    let [exception, handled] = held;
    let store = cx.store();
    let Some(object) = find(store, exception) else { return Err(type_error("no exception")) };
    if handled != exception && store.heap.slot(object, CONTEXT) == Value::NONE {
        store.heap.set_slot(object, CONTEXT, handled);
    }
    Ok((class(store, object), message, exception))
}

/// Sets what was being handled when an error was raised.
pub fn set_context(store: &mut Store, exception: Value, handled: Value) {
    if let Some(object) = find(store, exception)
        && handled != exception
        && store.heap.slot(object, CONTEXT) == Value::NONE
    {
        store.heap.set_slot(object, CONTEXT, handled);
    }
}

/// An exception's arguments.
pub fn args_of(store: &Store, exception: Object) -> &[Value] {
    super::list::elements_of(store, store.heap.slot(exception, ARGS))
}

/// What the operation said that raised a `KeyError`: how the key is written.
pub fn said(store: &Store, exception: Object) -> Option<&str> {
    match store.heap.slot(exception, SAID) {
        Value::TRUE => args_of(store, exception).first().and_then(|&said| store.str(said)),
        _ => None,
    }
}

/// Whether an exception is of a class with this name, or of one of several.
///
/// # Errors
/// `TypeError` if they are no names of exceptions.
pub fn is(store: &Store, exception: Value, names: Value) -> Outcome<bool> {
    let Some(object) = find(store, exception) else { return Ok(false) };
    let class = class(store, object);
    let one = |name: Value| match store.str(name).and_then(ErrorKind::from_name) {
        Some(wanted) => Ok(class.is_a(wanted)),
        None => Err(type_error("catching classes that do not inherit from BaseException is not allowed")),
    };
    if store.str(names).is_some() {
        return one(names);
    }
    for &name in super::list::elements_of(store, names) {
        if one(name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `raise exception from cause`: the exception.
///
/// # Errors
/// `TypeError` if the cause is neither an exception nor `none`.
pub fn because(cx: &mut dyn Context, exception: Value, cause: Value) -> Outcome {
    let store = cx.store();
    let Some(object) = find(store, exception) else {
        return Err(type_error("exceptions must derive from BaseException"));
    };
    if cause != Value::NONE && find(store, cause).is_none() {
        return Err(type_error("exception causes must derive from BaseException"));
    }
    store.heap.set_slot(object, CAUSE, cause);
    store.heap.set_slot(object, SUPPRESSED, Value::TRUE);
    Ok(exception)
}

/// `exception.args`.
///
/// # Errors
/// `AttributeError` if it is none.
pub fn args(store: &Store, exception: Value) -> Outcome {
    match find(store, exception) {
        Some(object) => Ok(store.heap.slot(object, ARGS)),
        None => Err(super::no_attribute(store, exception, "args")),
    }
}

/// Adds calls that an exception has ended, outermost first, before those that it has ended already; answers the exception. Of very many there
/// are the innermost ones.
///
/// # Errors
/// As [`Context::pay`].
pub fn add_calls(cx: &mut dyn Context, exception: Value, calls: &[Call]) -> Outcome {
    let Some(object) = find(cx.store(), exception) else { return Ok(exception) };
    let known = calls_of(cx.store(), object).len();
    let calls = &calls[calls.len().saturating_sub(MOST_CALLS)..];
    let all = (known + calls.len()).min(MOST_CALLS);
    let new = all - known.min(all);
    let mut held = [exception];
    let object_bytes = Heap::object_bytes(all as u64);
    cx.pay(Cost { fuel: all as u64 / 8, object_bytes, ..Cost::default() }, &mut held)?;
    let store = cx.store();
    let Some(object) = find(store, held[0]) else {
        return Err(raised(ErrorKind::SystemError, "no exception"));
    };
    let before: Vec<Value> = calls_of(store, object).to_vec();
    let trace = store.heap.allocate(Kind::Raw, all);
    let words = store.heap.slots_mut(trace);
    let added = calls[calls.len() - new..]
        .iter()
        .map(|&(f, pc)| Value::from_bits(u64::from(f) << 32 | u64::from(pc)));
    words.iter_mut().zip(added.chain(before)).for_each(|(word, call)| *word = call);
    store.heap.set_slot(object, TRACE, trace.value());
    Ok(held[0])
}

fn calls_of(store: &Store, exception: Object) -> &[Value] {
    let trace = store.heap.object(store.heap.slot(exception, TRACE));
    trace.map_or(&[], |trace| store.heap.slots(trace))
}

/// The calls that an exception has ended, outermost first.
pub fn calls(store: &Store, exception: Value) -> Vec<Call> {
    let Some(object) = find(store, exception) else { return Vec::new() };
    calls_of(store, object).iter().map(|word| ((word.bits() >> 32) as u32, word.bits() as u32)).collect()
}

/// The exception that is shown before one, and how they belong together.
pub fn before(store: &Store, exception: Value) -> Option<(Link, Value)> {
    let object = find(store, exception)?;
    let slot = |at| Some(store.heap.slot(object, at)).filter(|&value| find(store, value).is_some());
    match slot(CAUSE) {
        Some(cause) => Some((Link::Cause, cause)),
        None if store.heap.slot(object, SUPPRESSED) == Value::TRUE => None,
        None => slot(CONTEXT).map(|context| (Link::Context, context)),
    }
}

/// The last line of an exception's traceback: class and message, shortened if it takes very long to write.
pub fn headline(store: &Store, exception: Value) -> String {
    let Some(object) = find(store, exception) else { return String::new() };
    let name = class(store, object).name();
    let mut meter = Meter::of(1 << 20);
    match value::text(store, &mut meter, exception) {
        Ok(text) if text.is_empty() => name.to_string(),
        Ok(text) => format!("{name}: {text}"),
        Err(_) => format!("{name}: <exception str() failed>"),
    }
}
