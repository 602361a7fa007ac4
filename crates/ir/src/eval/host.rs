//! A small run time for the evaluator, for tests.
//!
//! Serves *compile* in `profile -> detect -> compile -> cache -> execute -> deoptimise`, as the evaluator does.

use super::{Called, Host, Scalar, compare};
use crate::data::{CallSite, Type};
use crate::reason::ExitReason;
use bytecode::{BinOp, UnOp};
use rustc_hash::FxHashMap;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Held {
    None,
    Int(i64),
    Float(u64),
    Bool(bool),
}

/// A small host for tests: ints of 64 bits, floats, bools and `none` (whose bits are 0); equal values have equal bits.
///
/// Its general operations know `+ - *` and comparisons of numbers, bools counting as 0 and 1, and leave for everything
/// else, as they do where the result would not fit.
#[derive(Default)]
pub struct SimpleHost {
    values: Vec<Held>,
    bits: FxHashMap<Held, u64>,
    globals: FxHashMap<u32, u64>,
    /// What was written.
    pub output: String,
    /// The fuel left; `None` if there is no end of it.
    pub slice: Option<u64>,
    /// What calls do; `None` if there is no code to call.
    pub callee: Option<Callee>,
}

/// What the calls of a [`SimpleHost`] do.
pub type Callee = fn(&mut SimpleHost, &CallSite, Type, &[Scalar]) -> Called;

impl SimpleHost {
    /// A host with endless fuel.
    pub fn new() -> SimpleHost {
        SimpleHost::default()
    }

    fn bits(&mut self, held: Held) -> u64 {
        if held == Held::None {
            return 0;
        }
        let next = self.values.len() as u64 + 1;
        let bits = *self.bits.entry(held).or_insert(next);
        if bits == next {
            self.values.push(held);
        }
        bits
    }

    /// The bits of a value; all NaNs have the same.
    fn canonical(&mut self, held: Held) -> u64 {
        match held {
            Held::Float(x) => self.box_float(f64::from_bits(x)),
            other => self.bits(other),
        }
    }

    fn held(&self, bits: u64) -> Held {
        let index = usize::try_from(bits).ok().and_then(|i| i.checked_sub(1));
        index.and_then(|i| self.values.get(i)).copied().unwrap_or(Held::None)
    }

    /// A boxed value as text, as [`Host::print`] writes it.
    pub fn text(&self, bits: u64) -> String {
        match self.held(bits) {
            Held::None => "none".to_owned(),
            Held::Int(i) => i.to_string(),
            Held::Float(x) => format!("{:?}", f64::from_bits(x)),
            Held::Bool(b) => b.to_string(),
        }
    }
}

impl Host for SimpleHost {
    // There are no objects, so nobody looks.
    fn slot(&mut self, _: u64, _: u64) -> u64 {
        self.box_int(0)
    }

    fn box_int(&mut self, value: i64) -> u64 {
        self.bits(Held::Int(value))
    }

    fn box_float(&mut self, value: f64) -> u64 {
        let value = if value.is_nan() { f64::NAN } else { value };
        self.bits(Held::Float(value.to_bits()))
    }

    fn box_bool(&mut self, value: bool) -> u64 {
        self.bits(Held::Bool(value))
    }

    fn unbox(&mut self, bits: u64) -> Scalar {
        match self.held(bits) {
            Held::None => Scalar::Boxed(bits),
            Held::Int(i) => Scalar::Int(i),
            Held::Float(x) => Scalar::Float(f64::from_bits(x)),
            Held::Bool(b) => Scalar::Bool(b),
        }
    }

    fn truth(&mut self, bits: u64) -> bool {
        match self.held(bits) {
            Held::None => false,
            Held::Int(i) => i != 0,
            Held::Float(x) => f64::from_bits(x) != 0.0,
            Held::Bool(b) => b,
        }
    }

    fn binary(&mut self, op: BinOp, a: u64, b: u64) -> Option<u64> {
        let int = |held| match held {
            Held::Int(i) => Some(i),
            Held::Bool(b) => Some(i64::from(b)),
            Held::Float(_) | Held::None => None,
        };
        let (a, b) = (self.held(a), self.held(b));
        let held = if let (Some(a), Some(b)) = (int(a), int(b)) {
            match op {
                BinOp::Add => Held::Int(a.checked_add(b)?),
                BinOp::Sub => Held::Int(a.checked_sub(b)?),
                BinOp::Mul => Held::Int(a.checked_mul(b)?),
                BinOp::Compare(cmp) => Held::Bool(compare(cmp, a, b)),
                _ => return None,
            }
        } else {
            let float = |held| match held {
                Held::Float(x) => Some(f64::from_bits(x)),
                other => int(other).map(|i| i as f64),
            };
            let (a, b) = (float(a)?, float(b)?);
            match op {
                BinOp::Add => Held::Float((a + b).to_bits()),
                BinOp::Sub => Held::Float((a - b).to_bits()),
                BinOp::Mul => Held::Float((a * b).to_bits()),
                BinOp::Compare(cmp) => Held::Bool(compare(cmp, a, b)),
                _ => return None,
            }
        };
        Some(self.canonical(held))
    }

    fn unary(&mut self, op: UnOp, a: u64) -> Option<u64> {
        let held = match (op, self.held(a)) {
            (UnOp::Neg, Held::Int(i)) => Held::Int(i.checked_neg()?),
            (UnOp::Neg, Held::Float(x)) => Held::Float((-f64::from_bits(x)).to_bits()),
            (UnOp::Invert, Held::Int(i)) => Held::Int(!i),
            _ => return None,
        };
        Some(self.canonical(held))
    }

    fn global(&mut self, slot: u32) -> u64 {
        self.globals.get(&slot).copied().unwrap_or(0)
    }

    fn set_global(&mut self, slot: u32, bits: u64) {
        self.globals.insert(slot, bits);
    }

    fn print(&mut self, bits: u64) -> bool {
        let text = self.text(bits);
        self.output.push_str(&text);
        self.output.push('\n');
        true
    }

    fn print_char(&mut self, bits: u64) -> bool {
        let Held::Int(code) = self.held(bits) else { return false };
        match u32::try_from(code).ok().and_then(char::from_u32) {
            Some(c) => {
                self.output.push(c);
                true
            }
            None => false,
        }
    }

    fn call(&mut self, call: &CallSite, result: Type, args: &[Scalar]) -> Called {
        match self.callee {
            Some(callee) => callee(self, call, result, args),
            None => Called::Refused(ExitReason::NoCode),
        }
    }

    fn charge(&mut self, cost: u32, _rounds: u32) -> bool {
        let Some(left) = &mut self.slice else { return true };
        match left.checked_sub(u64::from(cost)) {
            Some(rest) => *left = rest,
            None => return false,
        }
        true
    }

    fn refund(&mut self, cost: u32, _rounds: u32) {
        if let Some(left) = &mut self.slice {
            *left += u64::from(cost);
        }
    }
}
