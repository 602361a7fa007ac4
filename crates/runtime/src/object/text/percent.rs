//! `format % values`.

use super::super::{Context, Kind, Meter, Outcome, list, raised, type_error, value_error};
use super::format::{Conversion, Field, convert, number_text, push, render, truncated};
use super::template::item_by_name;
use super::{check, pad::push_times};
use crate::num::{ErrorKind, Operand, Output};
use crate::store::Store;
use crate::value::Value;
use bytecode::Builtin1;

/// `format % values`, where the format is a str.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn percent(cx: &mut dyn Context, format: Value, values: Value) -> Outcome {
    super::written(cx, &mut [format, values], |store, meter, out, args| {
        let &[format, values] = args else { return Err(type_error("too few arguments")) };
        let text = store.str(format).unwrap_or_default();
        let mut formatter =
            Formatter { store, meter, out, whole: text, rest: text, arguments: Arguments::of(store, values) };
        formatter.all()
    })
}

/// The values that are still to be written.
struct Arguments<'a> {
    store: &'a Store,
    /// What keys are looked up in; `None` where CPython sees no mapping.
    mapping: Option<Value>,
    /// The elements of a tuple, or the one value.
    values: Values<'a>,
}

enum Values<'a> {
    Tuple(&'a [Value]),
    One(Value),
    None,
}

impl<'a> Arguments<'a> {
    fn of(store: &'a Store, value: Value) -> Arguments<'a> {
        let kind = store.object(value).map(|(kind, _)| kind);
        // Whatever can be asked for an element passes for a mapping.
        let mapping =
            matches!(kind, Some(Kind::Dict | Kind::List | Kind::Range | Kind::Bytes | Kind::Bytearray));
        let values = match kind {
            Some(Kind::Tuple) => Values::Tuple(list::elements_of(store, value)),
            _ => Values::One(value),
        };
        Arguments { store, mapping: mapping.then_some(value), values }
    }

    fn next(&mut self) -> Outcome<Value> {
        let (value, rest) = match self.values {
            Values::Tuple([first, rest @ ..]) => (*first, Values::Tuple(rest)),
            Values::One(value) => (value, Values::None),
            Values::Tuple([]) | Values::None => {
                return Err(type_error("not enough arguments for format string"));
            }
        };
        self.values = rest;
        Ok(value)
    }

    /// A `*`: an int that is the next value.
    fn star(&mut self, what: &'static str, fits: impl Fn(i64) -> bool) -> Outcome<i64> {
        let value = self.next()?;
        let too_large =
            || raised(ErrorKind::OverflowError, format!("Python int too large to convert to C {what}"));
        match self.store.operand(value) {
            Operand::Bool(b) => Ok(i64::from(b)),
            Operand::Int(i) if fits(i) => Ok(i),
            Operand::Int(_) | Operand::Big(_) => Err(too_large()),
            _ => Err(type_error("* wants int")),
        }
    }

    fn are_left(&self) -> bool {
        match self.values {
            Values::Tuple(rest) => !rest.is_empty(),
            Values::One(_) => self.mapping.is_none(),
            Values::None => false,
        }
    }
}

/// What stands between `%` and the conversion.
#[derive(Clone, Copy, Default)]
struct Spec {
    left: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Formatter<'a, 'm> {
    store: &'a Store,
    meter: &'m mut Meter,
    out: &'m mut String,
    whole: &'a str,
    rest: &'a str,
    arguments: Arguments<'a>,
}

fn incomplete() -> super::Fault {
    value_error("incomplete format")
}

impl Formatter<'_, '_> {
    fn all(&mut self) -> Outcome<()> {
        loop {
            let (literal, rest) = match self.rest.find('%') {
                Some(at) => (&self.rest[..at], Some(&self.rest[at + 1..])),
                None => (self.rest, None),
            };
            push(self.store, self.meter, self.out, literal)?;
            let Some(rest) = rest else { break };
            self.rest = rest;
            self.meter.step(self.store, 8)?;
            self.one()?;
        }
        if self.arguments.are_left() && self.arguments.mapping.is_none() {
            return Err(type_error("not all arguments converted during string formatting"));
        }
        Ok(())
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn advance(&mut self) {
        let size = self.peek().map_or(0, char::len_utf8);
        self.rest = self.rest.get(size..).unwrap_or_default();
    }

    /// Decimal digits, with what is wrong about too many of them.
    fn digits(&mut self, most: u64, too_many: &'static str) -> Outcome<Option<usize>> {
        let mut number: Option<u64> = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let next = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
            let next =
                next.filter(|&n| number.is_none() || n - u64::from(digit) <= most / 10 * 10 && n <= most);
            let Some(next) = next else { return Err(value_error(too_many)) };
            number = Some(next);
            self.advance();
        }
        Ok(number.map(|number| number as usize))
    }

    /// `(key)`: the value of that becomes the one that is written.
    fn key(&mut self) -> Outcome<()> {
        let Some(mapping) = self.arguments.mapping else {
            return Err(type_error("format requires a mapping"));
        };
        self.advance();
        let mut depth = 1;
        let end = self.rest.char_indices().find(|&(_, c)| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        let Some((end, _)) = end else { return Err(value_error("incomplete format key")) };
        let key = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        self.meter.step(self.store, key.len() as u64)?;
        let value = item_by_name(self.store, self.meter, mapping, key)?;
        self.arguments.values = Values::One(value);
        Ok(())
    }

    fn spec(&mut self) -> Outcome<Spec> {
        let mut spec = Spec::default();
        loop {
            match self.peek() {
                Some('-') => spec.left = true,
                Some('+') => spec.plus = true,
                Some(' ') => spec.blank = true,
                Some('#') => spec.alternate = true,
                Some('0') => spec.zero = true,
                _ => break,
            }
            self.advance();
        }
        if self.peek() == Some('*') {
            let width = self.arguments.star("ssize_t", |_| true)?;
            self.advance();
            spec.left |= width < 0;
            spec.width = Some(width.unsigned_abs() as usize);
        } else {
            spec.width = self.digits(i64::MAX as u64, "width too big")?;
        }
        if self.peek() == Some('.') {
            self.advance();
            if self.peek() == Some('*') {
                let precision = self.arguments.star("int", |i| i32::try_from(i).is_ok())?;
                self.advance();
                spec.precision = Some(precision.max(0) as usize);
            } else {
                spec.precision = Some(self.digits(i32::MAX as u64, "precision too big")?.unwrap_or(0));
            }
        }
        if matches!(self.peek(), Some('h' | 'l' | 'L')) {
            self.advance();
        }
        Ok(spec)
    }

    fn one(&mut self) -> Outcome<()> {
        if self.peek() == Some('%') {
            self.advance();
            return push(self.store, self.meter, self.out, "%");
        }
        if self.peek() == Some('(') {
            self.key()?;
        }
        let spec = self.spec()?;
        let Some(conversion) = self.peek() else { return Err(incomplete()) };
        let place = self.whole.len() - self.rest.len();
        self.advance();
        let value = self.arguments.next()?;
        let (text, number) = match conversion {
            's' => (self.converted(value, Conversion::Str)?, false),
            'r' => (self.converted(value, Conversion::Repr)?, false),
            'a' => (self.converted(value, Conversion::Ascii)?, false),
            'c' => (self.character(value)?, false),
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => (self.int(value, conversion, &spec)?, true),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => (self.float(value, conversion, &spec)?, true),
            other => {
                let shown = if matches!(other, '\x1f'..='~') { other } else { '?' };
                let (code, at) = (u32::from(other), self.whole[..place].chars().count());
                return Err(value_error(format!(
                    "unsupported format character '{shown}' (0x{code:x}) at index {at}"
                )));
            }
        };
        let kept = match spec.precision {
            Some(precision) if matches!(conversion, 's' | 'r' | 'a') => {
                &text[..super::offset(&text, precision)]
            }
            _ => &text,
        };
        self.padded(kept, number, conversion, &spec)
    }

    fn converted(&mut self, value: Value, conversion: Conversion) -> Outcome<String> {
        let mut text = String::new();
        convert(self.store, self.meter, &mut text, &Field::Is(value), conversion)?;
        Ok(text)
    }

    fn character(&mut self, value: Value) -> Outcome<String> {
        let code = match self.store.operand(value) {
            Operand::Str(text) if text.chars().take(2).count() == 1 => return Ok(text.to_owned()),
            Operand::Bool(b) => i64::from(b),
            Operand::Int(i) => i,
            Operand::Big(_) => -1,
            _ => return Err(type_error("%c requires int or char")),
        };
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) => Ok(c.to_string()),
            None => Err(raised(ErrorKind::OverflowError, "%c arg not in range(0x110000)")),
        }
    }

    fn int(&mut self, value: Value, conversion: char, spec: &Spec) -> Outcome<String> {
        let (store, meter) = (self.store, &mut *self.meter);
        let operand = store.operand(value);
        let decimal = matches!(conversion, 'd' | 'i' | 'u');
        let whole;
        let int = match operand {
            Operand::Bool(b) => Operand::Int(i64::from(b)),
            Operand::Int(_) | Operand::Big(_) => operand,
            Operand::Float(_) if decimal => {
                whole = truncated(store, meter, operand)?;
                whole.operand()
            }
            _ => {
                let wanted = if decimal { "a real number" } else { "an integer" };
                let name = store.type_name(value);
                return Err(type_error(format!("%{conversion} format: {wanted} is required, not {name}")));
            }
        };
        let call = match conversion {
            'o' => Builtin1::Oct,
            'x' | 'X' => Builtin1::Hex,
            _ => Builtin1::Str,
        };
        let text = number_text(store, meter, call, int)?;
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        let (prefix, digits) = if decimal { ("", digits) } else { digits.split_at(2) };
        let prefix = if spec.alternate { prefix } else { "" };
        let zeros = spec.precision.unwrap_or(0).saturating_sub(digits.len());
        if spec.precision.is_some_and(|precision| precision > i32::MAX as usize - 3) {
            return Err(value_error("prec too large"));
        }
        check(store, text.len() + zeros)?;
        let mut out = String::from(sign) + prefix;
        push_times(&mut out, "0", zeros);
        out.push_str(digits);
        if conversion == 'X' {
            out.make_ascii_uppercase();
        }
        Ok(out)
    }

    fn float(&mut self, value: Value, conversion: char, spec: &Spec) -> Outcome<String> {
        let store = self.store;
        let float = match store.operand(value) {
            Operand::Float(f) => f,
            Operand::Bool(b) => f64::from(u8::from(b)),
            Operand::Int(i) => i as f64,
            Operand::Big(i) => crate::num::int_to_f64(i)?,
            _ => return Err(type_error(format!("must be real number, not {}", store.type_name(value)))),
        };
        let alternate = if spec.alternate { "#" } else { "" };
        let precision = spec.precision.unwrap_or(6);
        let form = format!("{alternate}.{precision}{conversion}");
        let mut text = String::new();
        render(store, self.meter, &mut text, &Field::Made(Output::Float(float)), &form)?;
        Ok(text)
    }

    /// Writes a text in its width.
    fn padded(&mut self, text: &str, number: bool, conversion: char, spec: &Spec) -> Outcome<()> {
        let (mut sign, mut body) = ("", text);
        if number {
            let signed = text.strip_prefix(['-', '+']);
            (sign, body) = match signed {
                Some(body) => (&text[..1], body),
                None if spec.plus => ("+", text),
                None if spec.blank => (" ", text),
                None => ("", text),
            };
        }
        let mut prefix = "";
        if spec.alternate && matches!(conversion, 'x' | 'X' | 'o') {
            (prefix, body) = body.split_at(2);
        }
        let size = sign.len() + prefix.len() + body.chars().count();
        let padding = spec.width.unwrap_or(0).saturating_sub(size);
        check(self.store, (self.out.len() + text.len() + 1).saturating_add(padding))?;
        self.meter.step(self.store, padding as u64 / 8)?;
        let zeros = number && spec.zero && !spec.left;
        if !zeros && !spec.left {
            push_times(self.out, " ", padding);
        }
        self.out.push_str(sign);
        self.out.push_str(prefix);
        if zeros {
            push_times(self.out, "0", padding);
        }
        push(self.store, self.meter, self.out, body)?;
        if spec.left {
            push_times(self.out, " ", padding);
        }
        Ok(())
    }
}
