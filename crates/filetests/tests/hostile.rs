//! Broken and hostile inputs, end to end: each gets a clear refusal or runs within its limits, the same interpreted and compiled.
//!
//! Random bytes; containers of valid programs, truncated, mutated, and resized in their length fields; their texts,
//! truncated, mutated and with tokens exchanged. None may panic, and nothing is allocated because a file claims to be
//! large: the container's reader promises that, and its own tests check it.

use filetests::generate::{self, Random};
use filetests::{climbing, observe};
use hotspotvm::bytecode::{self, Op, container};
use hotspotvm::{Options, Stress, Tier};
use std::sync::Arc;

/// Inputs of each of the four sorts.
const EACH: u64 = 400;

fn limited(threshold: Option<u64>) -> Options {
    let max_tier = if threshold.is_some() { Tier::Optimizing } else { Tier::Interpreter };
    let mut options = Options { max_tier, ..climbing(threshold.unwrap_or(1)) };
    options.limits.fuel = Some(50_000);
    options.limits.depth = 200;
    options.limits.stack_values = 20_000;
    options.limits.heap_bytes = 1 << 20;
    options.limits.numbers.max_int_bits = 1 << 14;
    options.stress = Stress::default();
    options
}

#[derive(Debug, Default)]
struct Tally {
    unreadable: u64,
    refused: u64,
    ran: u64,
    compiled: u64,
}

impl Tally {
    fn run(&mut self, program: bytecode::Program) {
        // Opcodes that only tests have need not agree about operands that their tests do not give them.
        let product = Op::ALL.len() - bytecode::ops::FOR_TESTS;
        let mut code = program.functions.iter().flat_map(|function| &function.code);
        if code.any(|inst| inst.op as usize >= product) {
            self.refused += 1;
            return;
        }
        let Ok(verified) = bytecode::verify(program) else {
            self.refused += 1;
            return;
        };
        let verified = Arc::new(verified);
        let (expected, _) = observe(&verified, &[], &limited(None));
        let (found, stats) = observe(&verified, &[], &limited(Some(1)));
        assert_eq!(found, expected, "{}", bytecode::disasm::disassemble(verified.program()));
        self.ran += 1;
        self.compiled += u64::from(stats.compilations > 0);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match container::read(bytes) {
            Ok(program) => self.run(program),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                self.unreadable += 1;
            }
        }
    }

    fn text(&mut self, text: &str) {
        match bytecode::assemble("hostile", text) {
            Ok(program) => self.run(program),
            Err(errors) => {
                assert!(errors.iter().all(|error| !error.message.is_empty()));
                self.unreadable += 1;
            }
        }
    }
}

/// Changes a few bytes, or cuts the end off.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    if random.chance(20) {
        let keep = random.below(bytes.len() as u64) as usize;
        bytes.truncate(keep);
        return;
    }
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len() as u64) as usize;
        // Length fields are variable-length: a run of high bits claims something huge.
        let any = random.number() as u8;
        bytes[at] = *random.pick(&[&0, &1, &0x7F, &0x80, &0xFF, &any]);
    }
}

#[test]
fn broken_inputs_are_refused_or_run() {
    let mut random = Random::new(7);
    let mut tally = Tally::default();
    for _ in 0..EACH {
        let length = random.below(400);
        let bytes: Vec<u8> = (0..length).map(|_| random.number() as u8).collect();
        tally.bytes(&bytes);
        tally.text(&String::from_utf8_lossy(&bytes));
    }
    for seed in 0..EACH {
        let source = generate::program(1_000 + seed % 40);
        let program = bytecode::assemble("valid", &source).unwrap_or_else(|errors| panic!("{errors:?}"));
        let mut bytes = container::write(&program);
        damage(&mut bytes, &mut random);
        tally.bytes(&bytes);
        let mut text = source.clone().into_bytes();
        damage(&mut text, &mut random);
        tally.text(&String::from_utf8_lossy(&text));
        // Another instruction in place of one: often still well-formed, and then it must run.
        let mut changed = program.clone();
        for _ in 0..1 + random.below(3) {
            let function = random.below(changed.functions.len() as u64) as usize;
            let code = &mut changed.functions[function].code;
            let at = random.below(code.len() as u64) as usize;
            if random.chance(50) {
                code[at].op = bytecode::Op::ALL[random.below(bytecode::Op::ALL.len() as u64) as usize];
            } else {
                let any = random.below(200) as u32;
                code[at].arg = *random.pick(&[&0, &1, &7, &u32::MAX, &any]);
            }
        }
        tally.run(changed);
    }
    println!("{tally:?}");
    assert!(tally.unreadable + tally.refused + tally.ran >= 1_000);
    assert!(tally.ran > 100 && tally.compiled > 30 && tally.refused > 100, "{tally:?}");
}

#[test]
fn absurd_sizes_are_limits_not_crashes() {
    let locals: Vec<String> = (0..60_000).map(|i| format!("x{i}")).collect();
    let sources = [
        // A frame as large as a frame may be, and recursion with it.
        format!("func f()\n local {}\n call f\n ret\nfunc main()\n call f\n ret", locals.join(", ")),
        // A run longer than any slice of fuel.
        format!("func main()\nagain:\n{} jump again", " nop\n".repeat(120_000)),
        // Loops in loops.
        format!(
            "func main()\n{}{} push 1\n ret",
            (0..300).map(|i| format!("a{i}: push 1\n jump_if_zero b{i}\n")).collect::<String>(),
            (0..300)
                .rev()
                .map(|i| format!(" push 0\n jump_if_not_zero a{i}\nb{i}: nop\n"))
                .collect::<String>()
        ),
    ];
    for source in sources {
        let program = bytecode::assemble("absurd", &source).unwrap_or_else(|errors| panic!("{}", errors[0]));
        Tally::default().run(program);
    }
}
