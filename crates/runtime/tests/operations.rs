//! Every operation at every size: what it costs is in proportion to what it does, and nothing goes on for long without
//! a look at the clock.
//!
//! The operations come from the tables, so that a new one is in the test. The test counts work, in steps of the watch.
//! To measure time instead, on a quiet machine, with the largest sizes that are allowed by default:
//!
//! `HOTSPOT_OPERATIONS=1 cargo test --release -p hotspotvm-runtime --test operations -- --nocapture`
//!
//! prints the table that is in `docs/limits-operations.md`.
#![allow(clippy::unwrap_used)]

use bytecode::{BinOp, Builtin1, Builtin2, UnOp};
use dashu_int::{IBig, UBig};
use hotspotvm_runtime::num::{
    Cost, NumError, NumberLimits, Operand, Output, Watch, binary, binary_cost, parse_argument, pow_mod,
    pow_mod_cost, text_cost, unary, unary_cost, write_str,
};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Unary(UnOp),
    Binary(BinOp),
    PowMod,
    Print,
}

impl Operation {
    fn all() -> Vec<Operation> {
        let builtins = Builtin1::ALL.iter().map(|&builtin| UnOp::Call(builtin));
        let unary = UnOp::ALL.iter().copied().chain(builtins).map(Operation::Unary);
        let builtins = Builtin2::ALL.iter().map(|&builtin| BinOp::Call(builtin));
        let binary = BinOp::ALL.iter().copied().chain(builtins).map(Operation::Binary);
        unary.chain(binary).chain([Operation::PowMod, Operation::Print]).collect()
    }

    fn name(self) -> String {
        match self {
            Operation::Unary(UnOp::Call(builtin)) => builtin.name().to_owned(),
            Operation::Unary(op) => format!("unary {}", op.symbol()),
            Operation::Binary(BinOp::Call(builtin)) => builtin.name().to_owned(),
            Operation::Binary(op) => op.symbol().to_owned(),
            Operation::PowMod => "pow of three".to_owned(),
            Operation::Print => "print".to_owned(),
        }
    }

    fn operands(self) -> usize {
        match self {
            Operation::Unary(_) | Operation::Print => 1,
            Operation::Binary(_) => 2,
            Operation::PowMod => 3,
        }
    }

    fn cost(self, o: &[Operand<'_>], limits: &NumberLimits) -> Result<Cost, NumError> {
        match self {
            Operation::Unary(op) => unary_cost(op, o[0], limits),
            Operation::Binary(op) => binary_cost(op, o[0], o[1], limits),
            Operation::PowMod => pow_mod_cost(o[0], o[1], o[2], limits),
            Operation::Print => Ok(text_cost(o[0], limits)),
        }
    }

    fn run(self, o: &[Operand<'_>], watch: &Watch) -> Result<Output, NumError> {
        match self {
            Operation::Unary(op) => unary(op, o[0], watch),
            Operation::Binary(op) => binary(op, o[0], o[1], watch),
            Operation::PowMod => pow_mod(o[0], o[1], o[2], watch),
            Operation::Print => {
                let mut text = String::new();
                write_str(&mut text, o[0], watch).map(|()| Output::Str(text))
            }
        }
    }
}

/// An int of so many bits that looks random.
fn int(bits: u64, seed: u64) -> Output {
    let mut state = seed | 1;
    let words: Vec<u64> = (0..bits.div_ceil(64))
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
        .collect();
    let low = UBig::from_words(&words) & ((UBig::ONE << (bits as usize - 1)) - UBig::ONE);
    Output::int((low | UBig::ONE << (bits as usize - 1) | UBig::ONE).into())
}

/// Operands of these sizes in bits and bytes, and such as make results of these sizes.
fn pool(bits: &[u64], bytes: &[usize], limits: &NumberLimits) -> Vec<Output> {
    let mut pool: Vec<Output> =
        [0, 1, -1, 7, 10, 16, 63, 1000, 60_000, i64::MAX, i64::MIN].map(Output::Int).to_vec();
    pool.extend([Output::None, Output::Bool(true), Output::Float(1e300), Output::Float(-2.5)]);
    for &bits in bits {
        let Output::Big(minus) = int(bits, 5) else { continue };
        pool.extend([int(bits, 3), Output::Big(-minus), Output::Big(IBig::ONE << (bits as usize - 1))]);
        // Counts, exponents and shifts: results of about so many bits.
        pool.extend([bits, bits / 3, bits / 20].map(|n| Output::Int(n as i64)));
        pool.push(Output::Int(-(bits as i64 / 4)));
    }
    for &bytes in bytes {
        let texts = ["a", "7", "0", "_", "\u{1}", " ", "ä", "\u{378}", "\u{1F600}", "'\""];
        pool.extend(texts.map(|text| Output::Str(text.repeat(bytes / text.len()))));
        pool.push(Output::Str("a".repeat(bytes / 3) + "b"));
        pool.push(Output::Str("b".to_owned() + &"a".repeat(bytes / 3)));
        pool.push(Output::Str("0x".to_owned() + &"f".repeat(bytes - 2)));
        pool.push(Output::Str("1".repeat((bytes).min(limits.max_str_digits as usize)) + "x"));
        // Specs.
        pool.push(Output::Str("0".repeat(bytes - 1) + "5"));
        pool.extend(["<", "\u{1F600}^", "=+#0", "", ".", "0,."].map(|start| {
            let number = if start.contains("\u{1F600}") { bytes / 4 } else { bytes };
            Output::Str(format!("{start}{number}"))
        }));
    }
    pool.extend(
        ["x", "b", "_b", ",d", "#o", ".2f", "e", ".20000g", "c", "%"].map(|s| Output::Str(s.to_owned())),
    );
    pool
}

/// All operands that an operation gets: pairs of everything, and for three a choice.
fn each(operation: Operation, pool: &[Output], mut run: impl FnMut(&[Operand<'_>])) {
    for a in pool {
        match operation.operands() {
            1 => run(&[a.operand()]),
            2 => pool.iter().for_each(|b| run(&[a.operand(), b.operand()])),
            _ => {
                let is_int = |o: &&Output| matches!(o, Output::Int(_) | Output::Big(_));
                for b in pool.iter().filter(is_int).step_by(5) {
                    for c in pool.iter().filter(is_int).step_by(4) {
                        run(&[a.operand(), b.operand(), c.operand()]);
                    }
                }
            }
        }
    }
}

fn shown(o: Operand<'_>) -> String {
    match o {
        Operand::Big(i) => format!("int of {} words", i.as_sign_words().1.len()),
        Operand::Str(s) if s.len() > 30 => {
            format!("str of {} bytes, {:?}...", s.len(), s.chars().take(3).collect::<String>())
        }
        o => format!("{o:?}"),
    }
}

#[test]
fn what_an_operation_costs_covers_what_it_does() {
    let limits = NumberLimits { max_str_digits: 0, ..NumberLimits::default() };
    // Large enough that each way of working in pieces is gone.
    let pool = pool(&[64, 130, 5_000, 70_000, 400_000], &[5, 300, 20_000], &limits);
    for operation in Operation::all() {
        let mut runs = 0;
        each(operation, &pool, |operands| {
            let Ok(cost) = operation.cost(operands, &limits) else { return };
            if cost.fuel > 150_000 {
                return;
            }
            let describe = || {
                let operands: Vec<String> = operands.iter().map(|&o| shown(o)).collect();
                format!("{} of {}", operation.name(), operands.join(" and "))
            };
            let watch = Watch::unhurried(limits);
            let result = operation.run(operands, &watch);
            let (work, longest) = watch.steps();
            assert!(work <= cost.fuel + cost.fuel / 2 + 5_000, "{}: {work} for {}", describe(), cost.fuel);
            assert!(longest < 5_000_000, "{}: {longest} at once", describe());
            let bytes = match &result {
                Ok(Output::Big(i)) => size_of_val(i.as_sign_words().1) as u64,
                Ok(Output::Str(s)) => s.len() as u64,
                _ => 0,
            };
            let counted = !matches!(operation, Operation::Print);
            assert!(!counted || bytes <= cost.result_bytes, "{}: {bytes} for {cost:?}", describe());
            runs += 1;
        });
        assert!(runs > 5, "{}", operation.name());
    }
}

/// A limit that is certain is found before any work; so nothing here takes long, whatever the sizes.
#[test]
fn a_size_limit_that_is_certain_costs_nothing() {
    let limits = NumberLimits { max_int_bits: 1 << 14, max_str_bytes: 1 << 12, ..NumberLimits::default() };
    let pool = pool(&[64, 1_000, 16_000], &[5, 4_000], &limits);
    for operation in Operation::all() {
        each(operation, &pool, |operands| {
            let watch = Watch::unhurried(limits);
            if let Err(error) = operation.cost(operands, &limits) {
                let result = operation.run(operands, &watch);
                assert_eq!(result.err(), Some(error), "{} {operands:?}", operation.name());
                assert!(watch.steps().0 < 50_000, "{} {operands:?}", operation.name());
            }
        });
    }
}

/// The worst that was seen of an operation.
#[derive(Default)]
struct Worst {
    ms: f64,
    gap: f64,
    ns_per_fuel: f64,
    at: [String; 3],
}

/// The processor time of this thread: other processes disturb less than by the clock on the wall.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Milliseconds in all and between two looks, and nanoseconds for each unit of fuel.
fn measure(operation: Operation, operands: &[Operand<'_>], limits: NumberLimits) -> (f64, f64, f64) {
    const BUDGET: Duration = Duration::from_millis(25);
    let begin = now();
    let Ok(cost) = operation.cost(operands, &limits) else { return (0.0, 0.0, 0.0) };
    let look = Rc::new(Cell::new(begin));
    let gap = Rc::new(Cell::new(Duration::ZERO));
    let watch = Watch::new(limits, {
        let (look, gap) = (look.clone(), gap.clone());
        Box::new(move || {
            let here = now();
            gap.set(gap.get().max(here - look.replace(here)));
            here - begin > BUDGET
        })
    });
    let result = operation.run(operands, &watch);
    let took = now() - begin;
    let gap = gap.get().max(now() - look.get()).as_secs_f64() * 1e3;
    // Work that was interrupted is measured by its steps.
    let (work, _) = watch.steps();
    let interrupted = matches!(result, Err(NumError::Interrupted));
    let fuel = if interrupted { work.min(cost.fuel) } else { cost.fuel };
    let small = took < Duration::from_micros(50);
    let ns = if small { 0.0 } else { took.as_secs_f64() * 1e9 / (fuel + 100) as f64 };
    (if interrupted { f64::INFINITY } else { took.as_secs_f64() * 1e3 }, gap, ns)
}

#[test]
fn measure_all_operations() {
    if std::env::var_os("HOTSPOT_OPERATIONS").is_none() {
        return;
    }
    let limits = NumberLimits { max_str_digits: 0, ..NumberLimits::default() };
    let max = limits.max_int_bits.min(1 << 26);
    let pool =
        pool(&[2_000, 1 << 16, 1 << 19, max], &[1_000, 1 << 18, limits.max_str_bytes as usize], &limits);
    println!(
        "| operation | longest, ms | without a look, ms | ns a unit of fuel | at |\n|---|---:|---:|---:|---|"
    );
    for operation in Operation::all() {
        let mut worst = Worst::default();
        each(operation, &pool, |operands| {
            let describe = || {
                let operands: Vec<String> = operands.iter().map(|&o| shown(o)).collect();
                operands.join("; ")
            };
            // What is worst is measured again, since other processes disturb.
            let (mut ms, mut gap, mut ns) = measure(operation, operands, limits);
            for _ in 0..3 {
                if ms > worst.ms || gap > worst.gap || ns > worst.ns_per_fuel {
                    let again = measure(operation, operands, limits);
                    (ms, gap, ns) = (ms.min(again.0), gap.min(again.1), ns.min(again.2));
                }
            }
            for (seen, now, at) in
                [(&mut worst.ms, ms, 0), (&mut worst.gap, gap, 1), (&mut worst.ns_per_fuel, ns, 2)]
            {
                if now > *seen {
                    *seen = now;
                    worst.at[at] = describe();
                }
            }
        });
        let ms = if worst.ms.is_infinite() { "interrupted".to_owned() } else { format!("{:.1}", worst.ms) };
        let name = operation.name().replace('|', "\\|");
        println!("| `{name}` | {ms} | {:.1} | {:.1} | {} |", worst.gap, worst.ns_per_fuel, worst.at[2]);
        eprintln!("{name}: {:?}", worst.at);
    }
    let text = "7".repeat(1 << 23);
    let begin = now();
    parse_argument(&text);
    println!("reading an argument of 8 MiB: {:?}", now() - begin);
}
