//! Objects: what their operations mean, once, for all tiers.
//!
//! In `profile -> detect -> compile -> cache -> execute -> deoptimise` this stands beside *execute*, as [`crate::num`] does for
//! numbers. An operation gets its arguments and a [`Context`], which has the heap and is paid. It keeps four rules:
//!
//! 1. **Pay first.** An operation finds out what it needs, pays once ([`Context::pay`]), and then allocates and changes things; after
//!    it has paid it can't fail any more. So one that is refused has had no effect, and executing it again is right.
//! 2. **Objects move when it pays.** Values that are needed afterwards are handed to `pay`, which changes them where their objects
//!    have moved. An [`Object`] from before is not used after.
//! 3. **Work is metered.** What takes longer the more there is goes through a [`Meter`], by which it is paid and interrupted.
//! 4. **Nothing depends on capacities, addresses or profiles** that a program could see, or that costs depend on.
//!
//! The meaning is CPython 3.11's, to the words of the errors.

pub mod aggregate;
pub mod args;
pub mod bytes;
pub mod dict;
pub mod exception;
mod find;
mod gather;
pub mod iter;
mod kind;
pub mod lazy;
pub mod list;
#[cfg(test)]
mod map_tests;
pub mod next;
pub mod number;
#[cfg(test)]
mod oracle;
pub mod range;
pub mod sequence;
pub mod set;
pub mod slice;
pub mod sort;
#[cfg(test)]
mod test_context;
#[cfg(test)]
mod tests;
pub mod text;
pub mod tuple;
pub mod value;
pub mod view;
pub mod walk;

use crate::heap::{Found, Object};
use crate::num::{self, Cost, ErrorKind, NumError, Operand, Output};
use crate::store::Store;
use crate::value::{Unpacked, Value};
use bytecode::{Augmented, BinOp, Builtin1, Builtin2, CallForm, Cmp, Routine, UnOp};
use dashu_int::IBig;
use std::borrow::Cow;

pub use kind::Kind;

/// Why an operation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error of the guest, or a size that is not allowed.
    Raised(NumError),
    /// The context does not go on: a limit is reached, or the interpreter has to do this.
    Refused,
}

impl From<NumError> for Fault {
    fn from(error: NumError) -> Fault {
        Fault::Raised(error)
    }
}

/// What an operation gives.
pub type Outcome<T = Value> = Result<T, Fault>;

/// Where an operation happens, and who pays for it.
pub trait Context {
    /// The heap, the streams, the sizes allowed.
    fn store(&mut self) -> &mut Store;

    /// Pays before anything happens. May collect garbage: `held` are all values that are needed afterwards, and are changed where
    /// their objects have moved.
    ///
    /// # Errors
    /// [`Fault::Refused`]; then nothing may happen.
    fn pay(&mut self, cost: Cost, held: &mut [Value]) -> Outcome<()>;

    /// Fuel that is left.
    fn fuel_left(&self) -> u64;

    /// This exception, or `none`, is being handled from here on; answers the one that was before. (Never refused.)
    /// Where no program runs, nothing is handled.
    fn handle(&mut self, _exception: Value) -> Value {
        Value::NONE
    }
}

/// Counts work whose amount is known only when it is done. Everything that it counts is without effects, and is paid
/// afterwards, by [`Meter::cost`].
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    used: u64,
    limit: u64,
    /// Whether it looks at the clock.
    watched: bool,
}

/// What is free in each operation, in the meter's unit: what the instruction has paid for.
const FREE_STEPS: u64 = 8;
/// Steps of a meter, some nanoseconds each, for one unit of fuel.
const STEPS_PER_FUEL: u64 = 1;

/// Stands where there is no key and no element: no value of a program is this.
const HOLE: Value = Value::REFUSED;

impl Meter {
    /// A meter that stops after so many steps.
    pub fn of(steps: u64) -> Meter {
        Meter { used: 0, limit: steps, watched: true }
    }

    /// A meter that stops where the fuel would not do.
    pub fn new(cx: &mut dyn Context) -> Meter {
        let limit = cx.fuel_left().saturating_mul(STEPS_PER_FUEL).saturating_add(FREE_STEPS);
        Meter { used: 0, limit, watched: true }
    }

    /// A meter that never stops: for what has been done and paid for once, and is done again.
    pub fn unlimited() -> Meter {
        Meter { used: 0, limit: u64::MAX, watched: false }
    }

    /// Whether nothing has to be paid.
    pub fn is_free(&self) -> bool {
        self.used <= FREE_STEPS
    }

    /// A meter for work that has been paid for.
    pub fn paid() -> Meter {
        Meter::of(u64::MAX)
    }

    /// Counts so many steps of a few nanoseconds: a comparison, an element, eight bytes of text.
    ///
    /// # Errors
    /// If it is time to stop.
    pub fn step(&mut self, store: &Store, steps: u64) -> Outcome<()> {
        self.used = self.used.saturating_add(steps);
        if self.watched {
            store.watch.step(steps)?;
        }
        if self.used > self.limit { Err(Fault::Refused) } else { Ok(()) }
    }

    /// What the work so far costs.
    pub fn cost(&self) -> Cost {
        Cost { fuel: self.used.saturating_sub(FREE_STEPS) / STEPS_PER_FUEL, ..Cost::default() }
    }

    /// Pays for the work so far. Where the meter has stopped it, this stops the program.
    ///
    /// # Errors
    /// As [`Context::pay`].
    pub fn pay(&self, cx: &mut dyn Context, held: &mut [Value]) -> Outcome<()> {
        cx.pay(self.cost(), held)
    }
}

/// Runs metered work without effects, and pays for it; also where it fails, so that no work is for nothing.
///
/// # Errors
/// Those of the work, and [`Fault::Refused`].
pub fn metered<T>(
    cx: &mut dyn Context,
    held: &mut [Value],
    work: impl FnOnce(&mut Store, &mut Meter, &[Value]) -> Outcome<T>,
) -> Outcome<T> {
    let mut meter = Meter::new(cx);
    let result = work(cx.store(), &mut meter, held);
    meter.pay(cx, held)?;
    result
}

/// Runs metered work without effects that goes before others, and says what it costs; where it fails, it is paid for here.
///
/// # Errors
/// Those of the work, and [`Fault::Refused`].
pub fn prepared<T>(
    cx: &mut dyn Context,
    work: impl FnOnce(&Store, &mut Meter) -> Outcome<T>,
) -> Outcome<(T, Cost)> {
    let mut meter = Meter::new(cx);
    match work(cx.store(), &mut meter) {
        Ok(result) => Ok((result, meter.cost())),
        Err(fault) => {
            meter.pay(cx, &mut [])?;
            Err(fault)
        }
    }
}

/// Runs metered work without effects that says what its result costs, and pays for both at once; where the work fails, for that.
///
/// # Errors
/// Those of the work, and [`Fault::Refused`].
pub fn priced<T>(
    cx: &mut dyn Context,
    held: &mut [Value],
    work: impl FnOnce(&Store, &mut Meter, &[Value]) -> Outcome<(Cost, T)>,
) -> Outcome<T> {
    let mut meter = Meter::new(cx);
    let result = work(cx.store(), &mut meter, held);
    let work = meter.cost();
    match result {
        Ok((cost, result)) => {
            cx.pay(Cost { fuel: cost.fuel.saturating_add(work.fuel), ..cost }, held)?;
            Ok(result)
        }
        Err(fault) => {
            cx.pay(work, held)?;
            Err(fault)
        }
    }
}

/// An error of the guest.
pub fn raised(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::Raised(NumError::Raised { kind, message: message.into() })
}

/// A `TypeError`.
pub fn type_error(message: impl Into<Cow<'static, str>>) -> Fault {
    raised(ErrorKind::TypeError, message)
}

/// A `ValueError`.
pub fn value_error(message: impl Into<Cow<'static, str>>) -> Fault {
    raised(ErrorKind::ValueError, message)
}

impl Store {
    /// The name of a value's type, as Python writes it.
    pub fn type_name(&self, value: Value) -> &'static str {
        match self.object(value) {
            Some((Kind::Exception, object)) => exception::class(self, object).name(),
            _ => self.operand(value).type_name(),
        }
    }

    /// The object of the region that a value refers to, with its kind.
    #[inline]
    pub fn object(&self, value: Value) -> Option<(Kind, Object)> {
        let object = self.heap.object(value)?;
        Some((self.heap.kind(object), object))
    }

    /// The str that a value is.
    pub fn str(&self, value: Value) -> Option<&str> {
        match self.heap.get(value)? {
            Found::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A result as a value that has been paid for.
    pub fn text(&mut self, text: String) -> Value {
        self.value(Output::Str(text))
    }
}

/// A str as a value: pays for it and makes it.
///
/// # Errors
/// As [`Context::pay`].
pub fn make_str(cx: &mut dyn Context, text: String, held: &mut [Value]) -> Outcome {
    let limit = cx.store().watch.limits.max_str_bytes;
    if text.len() as u64 > limit {
        return Err(NumError::StrTooLarge { max_bytes: limit }.into());
    }
    cx.pay(Cost { result_bytes: text.len() as u64, ..Cost::default() }, held)?;
    Ok(cx.store().text(text))
}

/// Whether an operation of these values is one of objects, and not of numbers and strs.
#[inline]
pub fn concerns(store: &Store, values: &[Value]) -> bool {
    values.iter().any(|&value| store.heap.object(value).is_some())
}

/// Whether a binary operation of these values is done here, and not by the numbers: one that concerns objects, and formatting.
#[inline]
pub fn concerns_binary(store: &Store, op: BinOp, values: &[Value; 2]) -> bool {
    concerns(store, values) || op == BinOp::Mod && store.str(values[0]).is_some()
}

/// Calls a routine. `detail` is what the instruction's argument says.
///
/// # Errors
/// What CPython raises, and [`Fault::Refused`].
pub fn routine(cx: &mut dyn Context, routine: Routine, detail: u32, args: &mut [Value]) -> Outcome {
    match (routine, &mut *args) {
        (Routine::List, values) => list::new(cx, values),
        (Routine::Tuple, values) => tuple::new(cx, values),
        (Routine::Append, &mut [list, value]) => list::append(cx, list, value),
        (Routine::Index, &mut [a, i]) => index(cx, a, i),
        (Routine::StoreIndex, &mut [a, i, v]) => store_index(cx, a, i, v).map(|()| Value::NONE),
        (Routine::DeleteIndex, &mut [a, i]) => delete_index(cx, a, i).map(|()| Value::NONE),
        (Routine::Slice, &mut [start, stop, step]) => slice::new(cx, [start, stop, step]),
        (Routine::Iter | Routine::IterOf, &mut [a]) => iter::iter(cx, a),
        (Routine::IterMore, &mut [it]) => iter::iter_more(cx, it),
        (Routine::IterValue, &mut [it]) => iter::iter_value(cx, it),
        (Routine::Next, &mut [it]) => iter::next(cx, it, None),
        (Routine::NextOr, &mut [it, default]) => iter::next(cx, it, Some(default)),
        (Routine::Unpack, &mut [a]) => walk::unpack(cx, a, detail as usize),
        (Routine::UnpackStar, &mut [a]) => {
            walk::unpack_star(cx, a, (detail & 0xFFFF) as usize, (detail >> 16) as usize)
        }
        (Routine::Item, &mut [a]) => {
            let item = list::elements_of(cx.store(), a).get(detail as usize).copied();
            Ok(item.unwrap_or(Value::NONE))
        }
        (Routine::ListOf, &mut [a]) => walk::list_of(cx, a),
        (Routine::TupleOf, &mut [a]) => walk::tuple_of(cx, a),
        (Routine::Range, &mut [start, stop, step]) => range::new(cx, [start, stop, step]),
        (Routine::Enumerate, &mut [a, start]) => lazy::enumerate(cx, a, start),
        (Routine::Zip, &mut [all, strict]) => lazy::zip(cx, all, strict),
        (Routine::Reversed, &mut [a]) => iter::reversed(cx, a),
        (Routine::Sum, &mut [a, start]) => aggregate::sum(cx, a, start),
        (Routine::Min, &mut [a]) => aggregate::best(cx, Cmp::Lt, a, None),
        (Routine::Max, &mut [a]) => aggregate::best(cx, Cmp::Gt, a, None),
        (Routine::MinOr, &mut [a, default]) => aggregate::best(cx, Cmp::Lt, a, Some(default)),
        (Routine::MaxOr, &mut [a, default]) => aggregate::best(cx, Cmp::Gt, a, Some(default)),
        (Routine::Any, &mut [a]) => aggregate::has_such(cx, a, true).map(Value::bool),
        (Routine::All, &mut [a]) => aggregate::has_such(cx, a, false).map(|found| Value::bool(!found)),
        (Routine::Sorted, &mut [a, reverse]) => sort::sorted(cx, a, reverse),
        (Routine::Extend, &mut [_, values]) if !iter::is_iterable(cx.store(), values) => {
            let name = cx.store().type_name(values);
            Err(type_error(format!("Value after * must be an iterable, not {name}")))
        }
        (Routine::Extend, &mut [list, values]) => list::extend(cx, list, values),
        (Routine::Dict, pairs) => dict::new(cx, pairs),
        (Routine::Set, keys) => set::new(cx, keys),
        (Routine::Add, &mut [set, key]) => set::add(cx, set, key),
        (Routine::AddAll, &mut [set, other]) => set::add_all(cx, set, other),
        (Routine::SetOf, &mut [a]) => set::set_of(cx, a),
        (Routine::FrozensetOf, &mut [a]) => set::frozenset_of(cx, a),
        (Routine::Insert, &mut [dict, key, value]) => dict::insert(cx, dict, key, value),
        (Routine::Merge, &mut [dict, other]) => dict::merge(cx, dict, other),
        (Routine::DictOf, &mut [a]) => dict::dict_of(cx, a),
        (Routine::BytesOf, &mut [a]) => bytes::new(cx, Kind::Bytes, a),
        (Routine::BytearrayOf, &mut [a]) => bytes::new(cx, Kind::Bytearray, a),
        (Routine::Exception, &mut [name, args]) => exception::new(cx, name, args),
        (Routine::ExceptionIs, &mut [a, names]) => exception::is(cx.store(), a, names).map(Value::bool),
        (Routine::Because, &mut [a, cause]) => exception::because(cx, a, cause),
        (Routine::ExceptionArgs, &mut [a]) => exception::args(cx.store(), a),
        (Routine::Handled, &mut [a]) => Ok(cx.handle(a)),
        (Routine::Hash, &mut [a]) => {
            let hash = metered(cx, &mut [a], |store, meter, _| value::hash(store, meter, a))?;
            Ok(cx.store().int(hash))
        }
        _ => Err(type_error(format!("HotspotVM does not have '{}' yet", routine.name()))),
    }
}

/// `a[i]`.
fn index(cx: &mut dyn Context, a: Value, i: Value) -> Outcome {
    let store = cx.store();
    match store.object(a).map(|(kind, _)| kind) {
        Some(Kind::List | Kind::Tuple) => list::index(cx, a, i),
        Some(Kind::Range) => range::index(cx, a, i),
        Some(Kind::Dict) => dict::fetch(cx, a, i),
        Some(kind @ (Kind::Bytes | Kind::Bytearray)) => bytes::index(cx, kind, a, i),
        None if store.str(a).is_some() => text::index(cx, a, i),
        _ => Err(type_error(format!("'{}' object is not subscriptable", store.type_name(a)))),
    }
}

/// `a[i] = value`.
fn store_index(cx: &mut dyn Context, a: Value, i: Value, value: Value) -> Outcome<()> {
    let store = cx.store();
    match store.object(a).map(|(kind, _)| kind) {
        Some(Kind::List) => list::store_index(cx, a, i, value),
        Some(Kind::Dict) => dict::store_index(cx, a, i, value),
        Some(Kind::Bytearray) => bytes::store_index(cx, a, i, value),
        _ => Err(unchangeable(store, a, i, "assignment")),
    }
}

/// `del a[i]`.
fn delete_index(cx: &mut dyn Context, a: Value, i: Value) -> Outcome<()> {
    let store = cx.store();
    match store.object(a).map(|(kind, _)| kind) {
        Some(Kind::List) => list::delete_index(cx, a, i),
        Some(Kind::Dict) => dict::delete_index(cx, a, i),
        Some(Kind::Bytearray) => bytes::delete_index(cx, a, i),
        _ => Err(unchangeable(store, a, i, "deletion")),
    }
}

/// The error of a value whose elements cannot be changed. If it is a sequence, CPython first looks at an index that is an int.
fn unchangeable(store: &Store, a: Value, i: Value, change: &str) -> Fault {
    let is_sequence = match store.object(a) {
        Some((kind, object)) => kind == Kind::Range || value::len(store, kind, object).is_some(),
        None => store.str(a).is_some(),
    };
    let name = store.type_name(a);
    match as_size(store, i).filter(|_| is_sequence) {
        Some(Size::Beyond { .. }) => {
            raised(ErrorKind::IndexError, "cannot fit 'int' into an index-sized integer")
        }
        Some(_) if change == "deletion" => {
            type_error(format!("'{name}' object doesn't support item deletion"))
        }
        _ => type_error(format!("'{name}' object does not support item {change}")),
    }
}

/// Calls a method. The value whose method it is stands first among the arguments, the values of the keywords last.
///
/// # Errors
/// What CPython raises, and [`Fault::Refused`].
pub fn method(cx: &mut dyn Context, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    let this = args.first().copied().unwrap_or(Value::NONE);
    if cx.store().str(this).is_some() {
        return text::method(cx, form, args);
    }
    let kind = cx.store().object(this).map(|(kind, _)| kind);
    match (kind, form.name, &mut *args) {
        (Some(kind @ (Kind::List | Kind::Tuple | Kind::Range)), ..) => sequence::call(cx, kind, form, args),
        (Some(kind @ (Kind::Set | Kind::Frozenset)), ..) => set::call(cx, kind, form, args),
        (Some(Kind::Dict), ..) => dict::call(cx, form, args),
        (Some(kind @ (Kind::Bytes | Kind::Bytearray)), ..) => bytes::call(cx, kind, form, args),
        (None, ..) => number::call(cx, form, args),
        (Some(kind @ (Kind::DictKeys | Kind::DictValues | Kind::DictItems)), ..) => {
            dict::call_of_view(cx, kind, form, args)
        }
        _ => Err(no_attribute(cx.store(), this, form.name)),
    }
}

/// The error of a value that has no such attribute.
pub fn no_attribute(store: &Store, value: Value, name: &str) -> Fault {
    raised(
        ErrorKind::AttributeError,
        format!("'{}' object has no attribute '{name}'", store.type_name(value)),
    )
}

/// A binary operation of which at least one operand is an object.
///
/// # Errors
/// What CPython raises, and [`Fault::Refused`].
pub fn binary(cx: &mut dyn Context, op: BinOp, args: &mut [Value; 2]) -> Outcome {
    let [a, b] = *args;
    match op {
        BinOp::Mod if cx.store().str(a).is_some() => text::percent(cx, a, b),
        BinOp::Call(Builtin2::Format) => text::format_value(cx, a, b),
        BinOp::Compare(cmp) => {
            let holds = metered(cx, args, |store, meter, _| value::compare(store, meter, cmp, a, b))?;
            Ok(Value::bool(holds))
        }
        BinOp::Call(Builtin2::Is) => Ok(Value::bool(value::identical(cx.store(), a, b))),
        BinOp::Call(Builtin2::In) if iter::is_among(cx.store(), b) => {
            aggregate::contains(cx, a, b).map(Value::bool)
        }
        BinOp::Call(Builtin2::In) => {
            let found = metered(cx, args, |store, meter, _| value::contains(store, meter, a, b))?;
            Ok(Value::bool(found))
        }
        _ => match [a, b].map(|value| cx.store().object(value).map(|(kind, _)| kind)) {
            [Some(Kind::Dict), Some(Kind::Dict)] if op == BinOp::Or => dict::union(cx, a, b),
            [Some(Kind::Dict), _] if op == BinOp::Augmented(Augmented::Or) => dict::update_in_place(cx, a, b),
            [Some(Kind::Bytes | Kind::Bytearray), _] => bytes::binary(cx, op, a, b),
            [None, Some(Kind::Bytes | Kind::Bytearray)] if cx.store().str(a).is_none() => {
                bytes::binary(cx, op, a, b)
            }
            _ => match set::binary(cx, op, a, b) {
                Some(result) => result,
                None => sequence::binary(cx, op, a, b),
            },
        },
    }
}

/// The error of an operator, or of a builtin function of two values, that does not take these.
pub fn unsupported(store: &Store, op: BinOp, a: Value, b: Value) -> Fault {
    match num::binary(op, store.operand(a), store.operand(b), &store.watch) {
        Err(error) => error.into(),
        Ok(_) => type_error(format!("HotspotVM does not have '{}' of these yet", op.symbol())),
    }
}

/// A unary operation, or a builtin function of one value, of an object.
///
/// # Errors
/// What CPython raises, and [`Fault::Refused`].
pub fn unary(cx: &mut dyn Context, op: UnOp, a: Value) -> Outcome {
    match op {
        UnOp::Call(Builtin1::Str) => make_text(cx, a, value::text),
        UnOp::Call(Builtin1::Repr) => make_text(cx, a, value::repr),
        UnOp::Call(Builtin1::Ascii) => make_text(cx, a, value::ascii),
        UnOp::Call(Builtin1::TypeName) => make_text(cx, a, |store, _, a| Ok(store.type_name(a).to_owned())),
        UnOp::Call(Builtin1::Len) => {
            let store = cx.store();
            if let Some((Kind::Range, range)) = store.object(a) {
                let len = range::checked_len(store, range)?;
                return Ok(store.int(len));
            }
            match store.object(a).and_then(|(kind, object)| value::len(store, kind, object)) {
                Some(len) => Ok(store.int(len as i64)),
                None => Err(type_error(format!("object of type '{}' has no len()", store.type_name(a)))),
            }
        }
        _ => {
            let store = cx.store();
            let output = num::unary(op, store.operand(a), &store.watch)?;
            Ok(store.value(output))
        }
    }
}

/// A text that is written by metered work, as a str.
fn make_text(
    cx: &mut dyn Context,
    a: Value,
    write: impl FnOnce(&Store, &mut Meter, Value) -> Outcome<String>,
) -> Outcome {
    let mut meter = Meter::new(cx);
    match write(cx.store(), &mut meter, a) {
        Ok(text) => {
            cx.pay(Cost { result_bytes: text.len() as u64, ..meter.cost() }, &mut [])?;
            Ok(cx.store().text(text))
        }
        Err(fault) => {
            meter.pay(cx, &mut [])?;
            Err(fault)
        }
    }
}

/// Writes an object and a line feed.
///
/// # Errors
/// What CPython raises, more output than is allowed, and [`Fault::Refused`]; then nothing was written.
pub fn print(cx: &mut dyn Context, a: Value) -> Outcome {
    let text = metered(cx, &mut [a], |store, meter, held| {
        let mut text = value::text(store, meter, held[0])?;
        text.push('\n');
        Ok(text)
    })?;
    let written = cx.store().io.write(&text);
    written.map_err(|too_much| NumError::OutputTooLarge { max_bytes: too_much.limit })?;
    Ok(Value::NONE)
}

/// Whether an object counts as true.
pub fn truth(store: &Store, kind: Kind, object: Object) -> bool {
    match kind {
        Kind::List => list::len(store, object) > 0,
        Kind::Range => store.truth(range::len(store, object)),
        _ => value::len(store, kind, object) != Some(0),
    }
}

/// An index: an int or a bool.
pub fn as_index(store: &Store, value: Value) -> Option<i64> {
    match value.unpack() {
        Unpacked::Bool(b) => Some(i64::from(b)),
        _ => store.as_i64(value),
    }
}

/// An int as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One of 64 bits.
    Fits(i64),
    /// A larger one.
    Beyond {
        /// Whether it is below all others.
        negative: bool,
    },
}

/// An int of any size, or a bool.
pub fn as_size(store: &Store, value: Value) -> Option<Size> {
    match store.operand(value) {
        Operand::Bool(b) => Some(Size::Fits(i64::from(b))),
        Operand::Int(i) => Some(Size::Fits(i)),
        Operand::Big(i) => Some(Size::Beyond { negative: *i < IBig::ZERO }),
        _ => None,
    }
}
