//! Methods of ints, bools and floats.

use super::args::{self, ABSENT, Args, Method, Takes, bad_argument, given};
use super::next::leaf_bytes;
use super::{Context, Kind, Meter, Outcome, bytes, no_attribute, priced, raised, tuple, value_error};
use crate::num::{Cost, ErrorKind, Operand, Output};
use crate::store::Store;
use crate::value::Value;
use bytecode::CallForm;
use dashu_int::IBig;
use dashu_int::ops::BitTest;

const fn row(name: &'static str, takes: Takes, call: fn(&mut dyn Context, &mut Args) -> Outcome) -> Method {
    Method { name, takes, call }
}

const TO_BYTES: Takes = Takes::Named { names: &["length", "byteorder", "signed"], places: 2, least: 0 };

/// Those of ints, sorted by names.
#[rustfmt::skip]
static INT: &[Method] = &[
    row("as_integer_ratio", Takes::Nothing, |cx, args| ratio(cx, args, |int| [int, IBig::ONE])),
    row("bit_count", Takes::Nothing, bit_count),
    row("bit_length", Takes::Nothing, |cx, args| { let bits = int(cx.store(), args[0]).map_or(0, |int| bits(&int)); Ok(cx.store().int(bits as i64)) }),
    row("conjugate", Takes::Nothing, |cx, args| ratio(cx, args, |int| [int])),
    row("to_bytes", TO_BYTES, to_bytes),
];

/// Those of floats, sorted by names.
#[rustfmt::skip]
static FLOAT: &[Method] = &[
    row("as_integer_ratio", Takes::Nothing, float_ratio),
    row("conjugate", Takes::Nothing, |_, args| Ok(args[0])),
    row("hex", Takes::Nothing, |cx, args| { let f = float(cx.store(), args[0]); super::make_str(cx, float_hex(f), &mut []) }),
    row("is_integer", Takes::Nothing, |cx, args| { let f = float(cx.store(), args[0]); Ok(Value::bool(f.is_finite() && f.fract() == 0.0)) }),
];

/// Methods and properties that CPython has, too.
const NOT_YET: &[&str] = &["real", "imag", "numerator", "denominator", "from_bytes", "fromhex"];

/// Calls a method of a value that is neither a str nor an object.
///
/// # Errors
/// What CPython raises, and those of [`Context::pay`].
pub fn call(cx: &mut dyn Context, form: &CallForm<'_>, args: &mut [Value]) -> Outcome {
    let this = args.first().copied().unwrap_or(Value::NONE);
    let store = cx.store();
    let (table, owner) = match store.operand(this) {
        Operand::Bool(_) | Operand::Int(_) | Operand::Big(_) => (INT, "int"),
        Operand::Float(_) => (FLOAT, "float"),
        _ => return Err(no_attribute(store, this, form.name)),
    };
    match args::find(table, form.name) {
        Some(method) => method.call(cx, owner, form, args),
        None if NOT_YET.contains(&form.name) => {
            let message = format!("HotspotVM does not have '{}' of {owner} yet", form.name);
            Err(raised(ErrorKind::NotImplementedError, message))
        }
        None => Err(no_attribute(store, this, form.name)),
    }
}

/// The methods of ints, and those of floats.
pub fn tables() -> [&'static [Method]; 2] {
    [INT, FLOAT]
}

fn int(store: &Store, value: Value) -> Option<IBig> {
    match store.operand(value) {
        Operand::Bool(b) => Some(IBig::from(u8::from(b))),
        Operand::Int(i) => Some(IBig::from(i)),
        Operand::Big(i) => Some(i.clone()),
        _ => None,
    }
}

fn float(store: &Store, value: Value) -> f64 {
    match store.operand(value) {
        Operand::Float(f) => f,
        _ => 0.0,
    }
}

/// Bits of the magnitude.
fn bits(int: &IBig) -> usize {
    int.clone().into_parts().1.bit_len()
}

fn bit_count(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let count = priced(cx, args, |store, meter, args| {
        let int = int(store, args[0]).unwrap_or_default();
        let words = int.as_sign_words().1;
        meter.step(store, words.len() as u64)?;
        Ok((Cost::default(), words.iter().map(|word| u64::from(word.count_ones())).sum::<u64>()))
    })?;
    Ok(cx.store().int(count as i64))
}

/// Makes ints, a tuple of them if there are several.
fn ratio<const N: usize>(cx: &mut dyn Context, args: &mut Args, of: fn(IBig) -> [IBig; N]) -> Outcome {
    let made = priced(cx, args, |store, meter, args| {
        let int = int(store, args[0]).unwrap_or_default();
        meter.step(store, int.as_sign_words().1.len() as u64)?;
        priced_ints(of(int).map(Output::int))
    })?;
    Ok(make_ints(cx.store(), made))
}

/// What ints cost, and the tuple of them if they are several.
fn priced_ints<const N: usize>(ints: [Output; N]) -> Outcome<(Cost, [Output; N])> {
    if let [one] = &ints[..] {
        return Ok((Cost { object_bytes: leaf_bytes(one), ..Cost::default() }, ints));
    }
    let bytes = ints.iter().map(super::next::slot_bytes).sum();
    Ok((tuple::cost(N, bytes), ints))
}

fn make_ints<const N: usize>(store: &mut Store, ints: [Output; N]) -> Value {
    let values = ints.map(|int| store.value(int));
    match values[..] {
        [one] => one,
        _ => tuple::make(store, &values),
    }
}

/// `float.as_integer_ratio`
fn float_ratio(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let f = float(cx.store(), args[0]);
    if f.is_nan() {
        return Err(value_error("cannot convert NaN to integer ratio"));
    }
    if f.is_infinite() {
        let message = "cannot convert Infinity to integer ratio";
        return Err(raised(ErrorKind::OverflowError, message));
    }
    let pattern = f.abs().to_bits();
    let (fraction, exponent) = (pattern & ((1 << 52) - 1), (pattern >> 52) as i64);
    let (mantissa, exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let zeros = i64::from(mantissa.trailing_zeros().min(63));
    let (mantissa, exponent) = if mantissa == 0 { (0, 0) } else { (mantissa >> zeros, exponent + zeros) };
    let mut above = IBig::from(mantissa) << exponent.max(0) as usize;
    if f < 0.0 {
        above = -above;
    }
    let below = IBig::ONE << (-exponent).max(0) as usize;
    let made = priced(cx, args, |store, meter, _| {
        meter.step(store, 32)?;
        priced_ints([Output::int(above), Output::int(below)])
    })?;
    Ok(make_ints(cx.store(), made))
}

/// `int.to_bytes`
fn to_bytes(cx: &mut dyn Context, args: &mut Args) -> Outcome {
    let made = priced(cx, args, |store, meter, args| {
        let bytes = written(store, meter, args)?;
        Ok((bytes::cost(bytes.len()), bytes))
    })?;
    Ok(bytes::make(cx.store(), Kind::Bytes, &made))
}

fn written(store: &Store, meter: &mut Meter, args: &[Value]) -> Outcome<Vec<u8>> {
    let &[this, length, order, signed] = args else { return Ok(vec![]) };
    let length = if length == ABSENT { 1 } else { args::size(store, length)? };
    let little = match given(order) {
        None => false,
        Some(order) => match store.str(order) {
            Some("little") => true,
            Some("big") => false,
            Some(_) => return Err(value_error("byteorder must be either 'little' or 'big'")),
            None => return Err(bad_argument(store, "to_bytes() argument 'byteorder'", "str", order)),
        },
    };
    let signed = given(signed).is_some_and(|signed| store.truth(signed));
    let Ok(length) = usize::try_from(length) else {
        return Err(value_error("length argument must be non-negative"));
    };
    bytes::check(store, length as u128)?;
    let int = int(store, this).unwrap_or_default();
    let negative = int < IBig::ZERO;
    let overflow = |message: &'static str| raised(ErrorKind::OverflowError, message);
    if negative && !signed {
        return Err(overflow("can't convert negative int to unsigned"));
    }
    // A negative int needs as many bits as the one that it is the complement of, and a sign.
    let needed = if negative { bits(&(-&int - IBig::ONE)) } else { bits(&int) } + usize::from(signed);
    if needed > 8 * length && int != IBig::ZERO {
        return Err(overflow("int too big to convert"));
    }
    meter.step(store, length as u64 / 4)?;
    let mut bytes = int.to_le_bytes().to_vec();
    bytes.resize(length, if negative { 0xff } else { 0 });
    if !little {
        bytes.reverse();
    }
    Ok(bytes)
}

/// What `float.hex()` gives.
pub fn float_hex(f: f64) -> String {
    if !f.is_finite() {
        return if f.is_nan() {
            "nan"
        } else if f > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    let sign = if f.is_sign_negative() { "-" } else { "" };
    let bits = f.to_bits();
    let (exponent, mantissa) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
    if exponent == 0 && mantissa == 0 {
        return format!("{sign}0x0.0p+0");
    }
    let (lead, exponent) = if exponent == 0 { (0, -1022) } else { (1, exponent - 1023) };
    format!("{sign}0x{lead}.{mantissa:013x}p{exponent:+}")
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{Cases, Py, Random};
    use super::tables;

    #[test]
    fn methods_agree_with_cpython() {
        let (mut cases, mut random) = (Cases::default(), Random(0x4321_5678_9abc_def1));
        let numbers = |random: &mut Random| match random.below(8) {
            0 => Py::Power(random.pick(&[64, 70, 127, 128, 500]), random.below(2) == 0),
            1 => Py::Bool(random.below(2) == 0),
            2 => Py::Int(random.pick(&[
                0,
                1,
                -1,
                127,
                128,
                -128,
                -129,
                255,
                256,
                32767,
                32768,
                -32769,
                i64::MAX,
                i64::MIN,
            ])),
            3 => Py::Float(random.pick(&[
                0.0,
                -0.0,
                1.0,
                0.5,
                -1.5,
                1e300,
                5e-324,
                f64::MAX,
                f64::INFINITY,
                f64::NAN,
            ])),
            4 => Py::Float(f64::from_bits(random.next())),
            _ => Py::Int(random.next() as i64 >> random.below(63)),
        };
        for round in 0..4000 {
            let this = numbers(&mut random);
            let table = tables()[usize::from(matches!(this, Py::Float(_)))];
            let name = table[random.below(table.len())].name;
            let (mut args, mut keywords) = (vec![], vec![]);
            if name == "to_bytes" {
                let orders = ["big", "little", "middle"];
                for at in 0..random.below(4) {
                    args.push(match at {
                        _ if random.below(10) == 0 => numbers(&mut random),
                        0 => Py::Int(random.pick(&[0, 1, 2, 4, 8, 9, 16, 70, -1])),
                        _ => Py::str(random.pick(&orders)),
                    });
                }
                if random.below(2) == 0 {
                    keywords.push(("signed", random.pick(&[Py::Bool(true), Py::Bool(false), Py::None])));
                }
            }
            if random.below(12) == 0 {
                args.push(Py::None);
            }
            let name = if random.below(40) == 0 { "nonesuch" } else { name };
            cases.method(round % 4 == 0, &this, name, &args, &keywords);
        }
        cases.check();
    }
}
