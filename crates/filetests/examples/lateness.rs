//! How late deadlines and cancels are seen: at random moments in programs that do nothing but one kind of thing.
//!
//! `cargo run --release -p hotspotvm-filetests --example lateness [MOMENTS [PART OF A NAME]]`: for each kind of work,
//! how many milliseconds after its deadline (or after another thread's cancel) a run has ended: the median, the 99th
//! percentile and the most over so many moments, spread over all ways to run it, and the way of the latest. Getting the
//! program ready counts, and so does freeing what it had; reading and checking it does not: a host does that beforehand.
//!
//! On a machine that does other things as well, `chrt -f 50` before the program keeps them away.

use filetests::{ladder, load};
use hotspotvm::bytecode::Verified;
use hotspotvm::{Engine, Io, LimitKind, Limits, Options, StopKind, Strategy, Tier};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The moments lie within so many milliseconds.
const WITHIN: u64 = 24;

/// A kind of work.
struct Work {
    name: &'static str,
    source: String,
    /// The moments lie within so many milliseconds.
    within: u64,
    /// What the program may have, if not the usual.
    limits: Limits,
    /// Whether its streams never do anything.
    stuck: bool,
}

impl Work {
    fn new(name: &'static str, source: String) -> Work {
        Work { name, source, within: WITHIN, limits: Limits::default(), stuck: false }
    }
}

/// A program that does one thing without end.
fn endless(locals: &str, before: &str, round: &str) -> String {
    format!("func main()\nlocal {locals}\n{before}\nagain:\n{round}\njump again\nend\n")
}

/// The same in functions: `main` calls the last again and again.
fn endless_calls(functions: &str, call: &str) -> String {
    format!("entry main\n{functions}func main()\nagain:\n{call}\npop\njump again\nend\n")
}

/// Many small functions, or some that call each other, all called in turn.
fn many_functions(count: usize, chained: bool) -> String {
    let mut functions = String::new();
    for k in 0..count {
        let body = if chained && k % 50 > 0 { format!("call f{}", k - 1) } else { format!("push {k}\nadd") };
        functions.push_str(&format!("func f{k}(x)\nload_local x\n{body}\nret\nend\n"));
    }
    let calls: String = (0..count).map(|k| format!("push 1\ncall f{k}\npop\n")).collect();
    format!("entry main\n{functions}func main()\nagain:\n{calls}jump again\nend\n")
}

/// A function that takes far longer to compile than a program may run here.
fn large() -> String {
    let body: String = (0..400)
        .map(|k| {
            format!(
                "load_local a\npush {k}\nadd\nload_local i\nmul\npush 1000003\nmod\nstore_local a\nload_local a\npush {k}\neq\n\
                 jump_if_zero n{k}\nload_local b\npush 1\nadd\nstore_local b\nn{k}:\n"
            )
        })
        .collect();
    endless("i, a, b", "push 1\nstore_local i\npush 0\nstore_local a\npush 0\nstore_local b", &body)
}

/// A program with so many live strs, 100 in each call, that makes others for ever.
fn full_heap(calls: u64) -> Work {
    let locals: Vec<String> = (0..100).map(|k| format!("s{k}")).collect();
    let fill: String =
        locals.iter().map(|s| format!("push \"abcd\"\npush 2\nmul\nstore_local {s}\n")).collect();
    let source = format!(
        "entry main\nfunc hold(n)\nlocal {}\n{fill}load_local n\njump_if_zero bottom\nload_local n\npush 1\nsub\ncall hold\nret\n\
         bottom:\npush \"abcd\"\npush 2\nmul\npop\njump bottom\nend\nfunc main()\npush {calls}\ncall hold\nret\nend\n",
        locals.join(", ")
    );
    // Each takes 64 bytes and its characters; there is room for a few more.
    let heap_bytes = (calls + 1) * 100 * 72 + 20_000;
    let limits = Limits { heap_bytes, ..Limits::default() };
    Work { within: 300, limits, ..Work::new("a full heap, collections", source) }
}

/// One operation for ever: what comes before, and its operands.
fn operation(name: &'static str, before: &str, operands: &str, op: &str) -> Work {
    Work::new(name, endless("a, b", before, &format!("{operands}\n{op}\npop")))
}

fn works() -> Vec<Work> {
    let power =
        "push 7\npush 186000\npow\nstore_local a\npush 1\npush 524287\nshl\npush 1\nsub\nstore_local b";
    let text = |piece: &str, times: u64| format!("push \"{piece}\"\npush {times}\nmul\nstore_local a");
    let trusted = |work: Work| Work { limits: Limits::trusted(), ..work };
    let mut all: Vec<Work> = programs().into_iter().map(|(name, source)| Work::new(name, source)).collect();
    all.extend([
        full_heap(9_000),
        operation("pow of three", power, "load_local a\nload_local a\nload_local b", "pow_mod"),
        operation("pow of three, short", power, "load_local a\nload_local a\npush 524288", "pow_mod"),
        operation("divisors of large ints", power, "load_local a\nload_local b", "builtin2 gcd"),
        operation("formats of millions of zeros", "nop", "push 5\npush \"08000000,\"", "builtin2 format"),
        operation("texts with escapes", &text("\\u{1f600}'", 1_600_000), "load_local a", "builtin1 repr"),
        trusted(operation(
            "texts as ints",
            &text("1", 8_000_000),
            "load_local a\npush 16",
            "builtin2 int_base",
        )),
        operation(
            "one text in another",
            &text("ab", 4_000_000),
            "push \"abb\"\nload_local a",
            "builtin2 in_str",
        ),
        trusted(operation(
            "ints of 2**26 bits",
            "push 1\npush 67000000\nshl\nstore_local a",
            "load_local a\npush 1",
            "add",
        )),
        trusted(operation("strs of 128 MB", &text("abcd", 1 << 25), "load_local a\nload_local a", "add")),
        Work {
            stuck: true,
            ..Work::new("input that does not come", "again:\ninput\npop\njump again\n".into())
        },
        Work {
            stuck: true,
            ..Work::new("output that nobody takes", "again:\npush 1\nprint\njump again\n".into())
        },
    ]);
    all
}

fn programs() -> Vec<(&'static str, String)> {
    let count = "load_local i\npush 1\nadd\npush 1000003\nmod\nstore_local i";
    let fib = "func fib(n)\nload_local n\npush 2\nlt\njump_if_not_zero small\nload_local n\npush 1\nsub\ncall fib\nload_local n\npush 2\nsub\n\
               call fib\nadd\nret\nsmall:\nload_local n\nret\nend\n";
    let deep = "func deep(n)\nload_local n\njump_if_zero done\nload_local n\npush 1\nsub\ncall deep\npush 1\nadd\nret\ndone:\npush 0\nret\nend\n";
    let hold = "func hold(n)\nlocal s\nload_local n\npush 3\nmul\npush \"xyz\"\nmul\nstore_local s\nload_local n\njump_if_zero done\n\
                load_local n\npush 1\nsub\ncall hold\npop\ndone:\nload_local s\nret\nend\n";
    let nest: String = (ladder::CONSTRUCTS.iter().find(|c| c.name == "loops within loops"))
        .map(|construct| (construct.source)(100))
        .unwrap_or_default()
        .replace("push 3000\n", "push 3000000000\n");
    vec![
        ("a loop", endless("i", "push 1\nstore_local i", count)),
        ("100 loops within each other", nest),
        ("recursion", endless_calls(fib, "push 27\ncall fib")),
        ("deep recursion", endless_calls(deep, "push 9000\ncall deep")),
        ("live strings, collections", endless_calls(hold, "push 3000\ncall hold")),
        (
            "products of large ints",
            endless(
                "i, b",
                "push 7\npush 90000\npow\nstore_local b",
                "load_local b\nload_local b\nmul\nstore_local i",
            ),
        ),
        (
            "texts of large ints",
            endless(
                "i, b",
                "push 7\npush 1500\npow\nstore_local b",
                "load_local b\nbuiltin1 str\nstore_local i",
            ),
        ),
        ("5,000 functions", many_functions(5_000, false)),
        ("20,000 functions", many_functions(20_000, false)),
        ("5,000 functions in chains", many_functions(5_000, true)),
        ("one large function", large()),
    ]
}

/// A stream whose other end never does anything.
struct Stuck;

impl Stuck {
    fn wait<T>() -> std::io::Result<T> {
        std::thread::sleep(Duration::from_millis(1));
        Err(ErrorKind::WouldBlock.into())
    }
}

impl Write for Stuck {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Stuck::wait()
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Stuck {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Stuck::wait()
    }
}

/// Runs a program that is to stop after some time; how many milliseconds later it has.
type Run = fn(&Arc<Verified>, Options, Duration, Io) -> f64;
/// How late a run was, in milliseconds, and in which way.
type Late = (f64, &'static str);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let moments: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100);
    let part = arguments.next().unwrap_or_default();
    let tier = |max_tier| Options { max_tier, ..Options::default() };
    let eager = Options { optimizing_threshold: 100, deterministic: true, ..Options::default() };
    let ways = [
        ("interpreter", tier(Tier::Interpreter)),
        ("baseline", tier(Tier::Baseline)),
        ("background", Options::default()),
        ("deterministic", Options { deterministic: true, ..Options::default() }),
        ("eager", eager.clone()),
        ("eager method", Options { strategy: Strategy::Method, ..eager }),
    ];
    println!("{:<30}{:>36}   {:>36}", "", "deadline: p50, p99, max", "cancel: p50, p99, max");
    for work in works().into_iter().filter(|work| work.name.contains(&part)) {
        let program = load(work.name, &work.source).unwrap_or_else(|error| panic!("{}: {error}", work.name));
        let mut late: [Vec<Late>; 2] = [const { Vec::new() }; 2];
        for moment in 0..moments {
            let (way, options) = &ways[moment as usize % ways.len()];
            let mut options = options.clone();
            options.limits = work.limits.clone();
            // Spread evenly, and the same in every run.
            let micros = 1_000 + (moment * 7_919 * 1_000 + moment * 37) % (work.within * 1_000);
            let after = Duration::from_micros(micros);
            for (late, run) in late.iter_mut().zip([deadline as Run, cancel]) {
                // Systems hold back what has run for long. So it rests, too.
                std::thread::sleep(after);
                let io = if work.stuck {
                    Io::new(Box::new(Stuck), Box::new(BufReader::new(Stuck)), false)
                } else {
                    Io::none()
                };
                late.push((run(&program, options.clone(), after, io), way));
            }
        }
        let [deadline, cancel] = late.map(shown);
        println!("{:<30}{deadline:>36}   {cancel:>36}", work.name);
    }
}

/// How many milliseconds after its deadline a run has ended.
fn deadline(program: &Arc<Verified>, mut options: Options, after: Duration, io: Io) -> f64 {
    options.limits.timeout = Some(after);
    let start = Instant::now();
    let mut engine = Engine::new(options);
    let outcome = engine.run(program.clone(), &[], io);
    drop(engine);
    let took = start.elapsed();
    assert_eq!(outcome.result.err().map(|stop| stop.kind), Some(StopKind::Limit(LimitKind::Time)));
    (took.as_secs_f64() - after.as_secs_f64()) * 1e3
}

/// How many milliseconds after another thread's cancel a run has ended.
fn cancel(program: &Arc<Verified>, options: Options, after: Duration, io: Io) -> f64 {
    let mut engine = Engine::new(options);
    let cancel = engine.cancel();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(after);
        let now = Instant::now();
        cancel.cancel();
        now
    });
    let outcome = engine.run(program.clone(), &[], io);
    drop(engine);
    let end = Instant::now();
    assert_eq!(outcome.result.err().map(|stop| stop.kind), Some(StopKind::Limit(LimitKind::Cancelled)));
    thread.join().map_or(f64::NAN, |cancelled| end.duration_since(cancelled).as_secs_f64() * 1e3)
}

fn shown(mut late: Vec<Late>) -> String {
    late.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |of_hundred: usize| {
        late.get((late.len() * of_hundred / 100).min(late.len() - 1)).copied().unwrap_or((f64::NAN, ""))
    };
    format!("{:.2} {:.2} {:.2} {}", at(50).0, at(99).0, at(100).0, at(100).1)
}
