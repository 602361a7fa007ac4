//! How late deadlines and cancels are seen: at random moments in programs that do nothing but one kind of thing.
//!
//! `cargo run --release -p hotspotvm-filetests --example lateness [MOMENTS [PART OF A NAME]]`: for each kind of work,
//! how many milliseconds after its deadline (or after another thread's cancel) a run has ended: the median, the 99th
//! percentile and the most over so many moments. Getting the program ready counts, reading and checking it does not: a
//! host does that beforehand.

use filetests::{ladder, load};
use hotspotvm::bytecode::Verified;
use hotspotvm::{Engine, Io, Options, Strategy};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The moments lie within so many milliseconds.
const WITHIN: u64 = 60;

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

fn main() {
    let mut arguments = std::env::args().skip(1);
    let moments: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100);
    let part = arguments.next().unwrap_or_default();
    let eager = Options { optimizing_threshold: 100, ..Options::default() };
    let ways = [
        ("background", Options::default()),
        ("deterministic", Options { deterministic: true, ..Options::default() }),
        ("eager", Options { deterministic: true, ..eager.clone() }),
        ("eager method", Options { deterministic: true, strategy: Strategy::Method, ..eager }),
    ];
    println!("{:<28}{:<16}{:>24}{:>28}", "", "", "deadline: p50, p99, max", "cancel: p50, p99, max");
    for (name, source) in programs().into_iter().filter(|(name, _)| name.contains(&part)) {
        let program = load(name, &source).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (way, options) in &ways {
            let mut late = [const { Vec::new() }; 2];
            for moment in 0..moments {
                // Spread evenly, and the same in every run.
                let micros = 1_000 + (moment * 7_919 * 1_000 + moment * 37) % (WITHIN * 1_000);
                // Systems hold back what has run for long. So it rests as long as it runs.
                std::thread::sleep(Duration::from_micros(2 * micros));
                late[0].push(deadline(&program, options, Duration::from_micros(micros)));
                late[1].push(cancel(&program, options, Duration::from_micros(micros)));
            }
            let [deadline, cancel] = late.map(shown);
            println!("{name:<28}{way:<16}{deadline:>24}{cancel:>28}");
        }
    }
}

/// How many milliseconds after its deadline a run has ended.
fn deadline(program: &Arc<Verified>, options: &Options, after: Duration) -> f64 {
    let mut options = options.clone();
    options.limits.timeout = Some(after);
    let start = Instant::now();
    let mut engine = Engine::new(options);
    let outcome = engine.run(program.clone(), &[], Io::none());
    drop(engine);
    let took = start.elapsed();
    assert!(outcome.result.is_err());
    (took.as_secs_f64() - after.as_secs_f64()) * 1e3
}

/// How many milliseconds after another thread's cancel a run has ended.
fn cancel(program: &Arc<Verified>, options: &Options, after: Duration) -> f64 {
    let mut engine = Engine::new(options.clone());
    let cancel = engine.cancel();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(after);
        let now = Instant::now();
        cancel.cancel();
        now
    });
    let outcome = engine.run(program.clone(), &[], Io::none());
    drop(engine);
    let end = Instant::now();
    assert!(outcome.result.is_err());
    thread.join().map_or(f64::NAN, |cancelled| end.duration_since(cancelled).as_secs_f64() * 1e3)
}

fn shown(mut late: Vec<f64>) -> String {
    late.sort_by(f64::total_cmp);
    let at = |of_hundred: usize| {
        late.get((late.len() * of_hundred / 100).min(late.len() - 1)).copied().unwrap_or(f64::NAN)
    };
    format!("{:.2} {:.2} {:.2}", at(50), at(99), at(100))
}
