//! `str.format` and `str.format_map`.

use super::super::args::Args;
use super::super::{
    Context, Kind, Meter, Outcome, dict, list, no_attribute, raised, range, sequence, type_error, value,
    value_error,
};
use super::format::{Conversion, Field, convert, push, render};
use super::{character_at, offset, this};
use crate::num::{self, ErrorKind, Output};
use crate::store::Store;
use crate::value::Value;
use bytecode::CallForm;

/// How deep fields stand in the specs of fields.
const DEEPEST: u32 = 2;

/// `str.format`
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub(super) fn format(cx: &mut dyn Context, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    super::written(cx, args, |store, meter, out, args| {
        let named = args.len().saturating_sub(form.keywords.len()).max(1);
        let (values, keyword_values) = args.split_at(named.min(args.len()));
        let sources = Sources {
            values: Some(values.get(1..).unwrap_or_default()),
            keywords: &form.keywords,
            keyword_values,
            mapping: None,
        };
        let mut formatter = Formatter { store, meter, sources, numbering: Numbering::Unknown };
        formatter.build(this(store, args), out, DEEPEST)
    })
}

/// `str.format_map`
pub(super) fn format_map(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    super::written(cx, args, |store, meter, out, args| {
        let sources =
            Sources { values: None, keywords: &[], keyword_values: &[], mapping: args.get(1).copied() };
        let mut formatter = Formatter { store, meter, sources, numbering: Numbering::Unknown };
        formatter.build(this(store, args), out, DEEPEST)
    })
}

/// Where fields are found.
struct Sources<'a> {
    /// Those by place; `None` for `format_map`.
    values: Option<&'a [Value]>,
    keywords: &'a [&'a str],
    keyword_values: &'a [Value],
    mapping: Option<Value>,
}

/// How fields by place are numbered.
#[derive(Clone, Copy)]
enum Numbering {
    Unknown,
    /// One after another; the next one.
    Automatic(usize),
    Manual,
}

struct Formatter<'a, 'm> {
    store: &'a Store,
    meter: &'m mut Meter,
    sources: Sources<'a>,
    numbering: Numbering,
}

/// A field as it is written.
struct Markup<'t> {
    name: &'t str,
    conversion: Option<char>,
    spec: &'t str,
    nested: bool,
}

/// A literal, and the markup that follows it.
type Piece<'t> = (&'t str, Option<Markup<'t>>, &'t str);

/// Reads up to the end of the next field.
fn next_piece(text: &str) -> Outcome<Piece<'_>> {
    let Some(at) = text.find(['{', '}']) else { return Ok((text, None, "")) };
    let (literal, rest) = text.split_at(at);
    let brace = if rest.starts_with('{') { '{' } else { '}' };
    let rest = &rest[1..];
    if rest.starts_with(brace) {
        return Ok((&text[..=at], None, &rest[1..]));
    }
    if brace == '}' {
        return Err(value_error("Single '}' encountered in format string"));
    }
    if rest.is_empty() {
        return Err(value_error("Single '{' encountered in format string"));
    }
    let (markup, rest) = parse_field(rest)?;
    Ok((literal, Some(markup), rest))
}

/// Reads a field from behind its brace.
fn parse_field(text: &str) -> Outcome<(Markup<'_>, &str)> {
    let mut in_index = false;
    let mut end = None;
    for (at, c) in text.char_indices() {
        match c {
            ']' if in_index => in_index = false,
            _ if in_index => {}
            '{' => return Err(value_error("unexpected '{' in field name")),
            '[' => in_index = true,
            '}' | ':' | '!' => {
                end = Some((at, c));
                break;
            }
            _ => {}
        }
    }
    let Some((at, mark)) = end else { return Err(value_error("expected '}' before end of string")) };
    let (name, mut rest) = (&text[..at], &text[at + 1..]);
    let mut markup = Markup { name, conversion: None, spec: "", nested: false };
    if mark == '}' {
        return Ok((markup, rest));
    }
    if mark == '!' {
        let Some(conversion) = character_at(rest, 0) else {
            return Err(value_error("end of string while looking for conversion specifier"));
        };
        markup.conversion = conversion.chars().next();
        rest = &rest[conversion.len()..];
        match character_at(rest, 0) {
            Some("}") => return Ok((markup, &rest[1..])),
            Some(":") => rest = &rest[1..],
            Some(_) => return Err(value_error("expected ':' after conversion specifier")),
            None => {}
        }
    }
    let mut open = 1;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => {
                markup.nested = true;
                open += 1;
            }
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            markup.spec = &rest[..at];
            return Ok((markup, &rest[at + 1..]));
        }
    }
    Err(value_error("unmatched '{' in format spec"))
}

/// A number written in decimal digits; `None` if it is none.
fn number(text: &str) -> Outcome<Option<usize>> {
    let mut number: i64 = 0;
    for c in text.chars() {
        let Some(digit) = decimal(c) else { return Ok(None) };
        let next = number.checked_mul(10).and_then(|number| number.checked_add(digit));
        number = next.ok_or_else(|| value_error("Too many decimal digits in format string"))?;
    }
    Ok((!text.is_empty()).then_some(number as usize))
}

/// The value of a decimal digit of any script: they come in tens.
fn decimal(c: char) -> Option<i64> {
    use super::unicode::{Property, is};
    if c.is_ascii() {
        return c.to_digit(10).map(i64::from);
    }
    if !is(c, Property::DECIMAL) {
        return None;
    }
    let code = u32::from(c);
    // Those of mathematics begin at 7CE, 7D8 and so on; all others where a number ends in 0 or 6.
    let zero = if (0x1d7ce..=0x1d7ff).contains(&code) {
        0x1d7ce
    } else {
        code & !0xf | if code & 0xf >= 6 { 6 } else { 0 }
    };
    Some(i64::from((code - zero) % 10))
}

/// The value of a key that is a str, of what takes such keys.
pub(super) fn item_by_name(store: &Store, meter: &mut Meter, mapping: Value, name: &str) -> Outcome<Value> {
    match store.object(mapping) {
        Some((Kind::Dict, dict)) => {
            let hash = value::hash_operand(store, meter, num::Operand::Str(name))?;
            let found = dict::find_such(store, meter, dict, hash, |_, key| Ok(store.str(key) == Some(name)))?;
            match found {
                Some(entry) => Ok(dict::entry(store, dict, entry).1),
                None => {
                    let key = Output::Str(name.to_owned());
                    let shown = num::repr(key.operand(), &store.watch)?;
                    Err(raised(ErrorKind::KeyError, shown))
                }
            }
        }
        Some((kind @ (Kind::List | Kind::Tuple | Kind::Range), _)) => {
            let name = kind.type_name();
            Err(type_error(format!("{name} indices must be integers or slices, not str")))
        }
        Some((kind @ (Kind::Bytes | Kind::Bytearray), _)) => {
            let name = if kind == Kind::Bytes { "byte" } else { "bytearray" };
            Err(type_error(format!("{name} indices must be integers or slices, not str")))
        }
        None if store.str(mapping).is_some() => Err(type_error("string indices must be integers, not 'str'")),
        _ => Err(type_error(format!("'{}' object is not subscriptable", store.type_name(mapping)))),
    }
}

/// An element by its number, of what takes such keys.
fn item_by_number(store: &Store, meter: &mut Meter, of: &Field, at: usize) -> Outcome<Field> {
    let out_of_range = |name: &str| raised(ErrorKind::IndexError, format!("{name} index out of range"));
    if let num::Operand::Str(text) = of.operand(store) {
        meter.step(store, text.len() as u64 / 8)?;
        let c = character_at(text, offset(text, at));
        return c.map(|c| Field::Made(Output::Str(c.to_owned()))).ok_or_else(|| out_of_range("string"));
    }
    let &Field::Is(value) = of else {
        let name = of.operand(store).type_name();
        return Err(type_error(format!("'{name}' object is not subscriptable")));
    };
    match store.object(value) {
        Some((kind @ (Kind::List | Kind::Tuple), _)) => {
            let elements = list::elements_of(store, value);
            let place = sequence::place(elements.len(), at as i64);
            place.map(|at| Field::Is(elements[at])).ok_or_else(|| out_of_range(kind.type_name()))
        }
        Some((Kind::Range, object)) => {
            let element = range::element(store, object, at);
            element.map(Field::Made).ok_or_else(|| out_of_range("range object"))
        }
        Some((kind @ (Kind::Bytes | Kind::Bytearray), object)) => {
            let byte = super::super::bytes::byte(store, object, at);
            let name =
                if kind == Kind::Bytes { "index out of range" } else { "bytearray index out of range" };
            byte.map(|byte| Field::Made(Output::Int(i64::from(byte))))
                .ok_or_else(|| raised(ErrorKind::IndexError, name))
        }
        Some((Kind::Dict, dict)) => {
            let key = at as i64;
            let same = |_: &mut Meter, found: Value| {
                Ok(match store.operand(found) {
                    num::Operand::Int(i) => i == key,
                    num::Operand::Bool(b) => i64::from(b) == key,
                    num::Operand::Float(f) => f == key as f64 && f as i64 == key,
                    _ => false,
                })
            };
            match dict::find_such(store, meter, dict, value::hash_int(key), same)? {
                Some(entry) => Ok(Field::Is(dict::entry(store, dict, entry).1)),
                None => Err(raised(ErrorKind::KeyError, key.to_string())),
            }
        }
        _ => Err(type_error(format!("'{}' object is not subscriptable", store.type_name(value)))),
    }
}

impl Formatter<'_, '_> {
    fn build(&mut self, text: &str, out: &mut String, depth: u32) -> Outcome<()> {
        if depth == 0 {
            return Err(value_error("Max string recursion exceeded"));
        }
        let store = self.store;
        let mut rest = text;
        while !rest.is_empty() {
            let before = rest.len();
            let (literal, markup, next) = next_piece(rest)?;
            rest = next;
            self.meter.step(store, (before - rest.len()) as u64 / 2 + 4)?;
            push(store, self.meter, out, literal)?;
            let Some(markup) = markup else { continue };
            let mut field = self.field(markup.name)?;
            if let Some(conversion) = markup.conversion {
                field = self.converted(&field, conversion)?;
            }
            if markup.nested {
                let mut spec = String::new();
                self.build(markup.spec, &mut spec, depth - 1)?;
                render(store, self.meter, out, &field, &spec)?;
            } else {
                render(store, self.meter, out, &field, markup.spec)?;
            }
        }
        Ok(())
    }

    fn converted(&mut self, field: &Field, conversion: char) -> Outcome<Field> {
        let how = match conversion {
            's' => Conversion::Str,
            'r' => Conversion::Repr,
            'a' => Conversion::Ascii,
            '!'..='~' => return Err(value_error(format!("Unknown conversion specifier {conversion}"))),
            _ => {
                let code = u32::from(conversion);
                return Err(value_error(format!("Unknown conversion specifier \\x{code:x}")));
            }
        };
        let mut text = String::new();
        convert(self.store, self.meter, &mut text, field, how)?;
        Ok(Field::Made(Output::Str(text)))
    }

    /// The value of a field: `first.name[index]`.
    fn field(&mut self, name: &str) -> Outcome<Field> {
        let store = self.store;
        let (first, mut rest) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
        let place = self.place(first)?;
        let mut field = Field::Is(match place {
            Some(place) => {
                let Some(values) = self.sources.values else {
                    return Err(value_error("Format string contains positional fields"));
                };
                values.get(place).copied().ok_or_else(|| {
                    let message = format!("Replacement index {place} out of range for positional args tuple");
                    raised(ErrorKind::IndexError, message)
                })?
            }
            None => self.by_name(first)?,
        });
        while let Some(mark) = character_at(rest, 0) {
            rest = &rest[mark.len()..];
            self.meter.step(store, 2)?;
            match mark {
                "." => {
                    let attribute = &rest[..rest.find(['.', '[']).unwrap_or(rest.len())];
                    if attribute.is_empty() {
                        return Err(value_error("Empty attribute in format string"));
                    }
                    return Err(unknown_attribute(store, &field, attribute));
                }
                "[" => {
                    let Some(end) = rest.find(']') else {
                        return Err(value_error("Missing ']' in format string"));
                    };
                    let index = &rest[..end];
                    rest = &rest[end + 1..];
                    let at = number(index)?;
                    if index.is_empty() {
                        return Err(value_error("Empty attribute in format string"));
                    }
                    field = match (at, &field) {
                        (Some(at), field) => item_by_number(store, self.meter, field, at)?,
                        (None, Field::Is(value)) => {
                            Field::Is(item_by_name(store, self.meter, *value, index)?)
                        }
                        (None, made) => {
                            let operand = made.operand(store);
                            return Err(match operand {
                                num::Operand::Str(_) => {
                                    type_error("string indices must be integers, not 'str'")
                                }
                                _ => type_error(format!(
                                    "'{}' object is not subscriptable",
                                    operand.type_name()
                                )),
                            });
                        }
                    };
                }
                _ => {
                    let message = "Only '.' or '[' may follow ']' in format field specifier";
                    return Err(value_error(message));
                }
            }
        }
        Ok(field)
    }

    fn by_name(&mut self, name: &str) -> Outcome<Value> {
        if let Some(mapping) = self.sources.mapping {
            return item_by_name(self.store, self.meter, mapping, name);
        }
        self.meter.step(self.store, self.sources.keywords.len() as u64)?;
        let at = self.sources.keywords.iter().position(|&keyword| keyword == name);
        match at.and_then(|at| self.sources.keyword_values.get(at)) {
            Some(&value) => Ok(value),
            None => {
                let key = Output::Str(name.to_owned());
                Err(raised(ErrorKind::KeyError, num::repr(key.operand(), &self.store.watch)?))
            }
        }
    }

    /// Which of the values by place a field means; `None` if it has a name.
    fn place(&mut self, first: &str) -> Outcome<Option<usize>> {
        let given = number(first)?;
        if !first.is_empty() && given.is_none() {
            return Ok(None);
        }
        match (self.numbering, given) {
            (Numbering::Unknown, None) => {
                self.numbering = Numbering::Automatic(1);
                Ok(Some(0))
            }
            (Numbering::Unknown | Numbering::Manual, Some(place)) => {
                self.numbering = Numbering::Manual;
                Ok(Some(place))
            }
            (Numbering::Automatic(next), None) => {
                self.numbering = Numbering::Automatic(next + 1);
                Ok(Some(next))
            }
            (Numbering::Manual, None) => {
                Err(value_error("cannot switch from manual field specification to automatic field numbering"))
            }
            (Numbering::Automatic(_), Some(_)) => {
                Err(value_error("cannot switch from automatic field numbering to manual field specification"))
            }
        }
    }
}

/// The error of an attribute in a field: there are none here yet that CPython has, too.
fn unknown_attribute(store: &Store, field: &Field, name: &str) -> super::Fault {
    let type_name = field.operand(store).type_name();
    let number = matches!(type_name, "int" | "float" | "bool");
    let known =
        name.starts_with("__") || number && matches!(name, "real" | "imag" | "numerator" | "denominator");
    if known {
        let message = format!("HotspotVM does not have '{name}' of {type_name} yet");
        return raised(ErrorKind::NotImplementedError, message);
    }
    match field {
        Field::Is(value) => no_attribute(store, *value, name),
        Field::Made(_) => {
            raised(ErrorKind::AttributeError, format!("'{type_name}' object has no attribute '{name}'"))
        }
    }
}
