//! Programs of any size, each with much of one thing that there can be much of: what an engine does for them must not
//! grow faster than they do.
//!
//! Each [`Construct`] gives a program of size `n` whose number of executed instructions grows with `n` as what it has
//! much of does. So whatever the size, running it in any way takes about as long as interpreting it, unless somewhere
//! work is done that nobody pays for.

/// Much of one thing.
#[derive(Clone, Copy)]
pub struct Construct {
    /// What there is much of.
    pub name: &'static str,
    /// The text of a program of this size.
    pub source: fn(usize) -> String,
    /// A size that takes some milliseconds to interpret.
    pub size: usize,
}

/// All of them.
pub const CONSTRUCTS: &[Construct] = &[
    Construct { name: "loops just below hot", source: loops_below_hot, size: 250 },
    Construct { name: "loops just hot", source: |n| loops(n, 20 + 10 * n * LOOP_SIZE / 256), size: 250 },
    Construct { name: "loop heads in one run", source: heads_in_one_run, size: 100 },
    Construct { name: "optimized loops", source: |n| loops(n, 15_000), size: 20 },
    Construct { name: "functions called seldom", source: |n| functions(n, 60), size: 500 },
    Construct { name: "functions called often", source: |n| functions(n, 2_000), size: 100 },
    Construct { name: "chains of calls", source: chains, size: 100 },
    Construct { name: "loops within loops", source: nest, size: 20 },
    Construct { name: "branches to one exit", source: one_exit, size: 500 },
    Construct { name: "sides that get hot in turn", source: phases, size: 20 },
    Construct { name: "deep recursion", source: |n| recursion(n, 500_000 / n), size: 250 },
    Construct { name: "types that change in turn", source: types, size: 20 },
    Construct { name: "locals of a loop", source: locals, size: 50 },
];

fn repeat(n: usize, text: impl Fn(usize) -> String) -> String {
    (0..n).map(text).collect()
}

/// How many instructions a loop of [`loops`] has.
const LOOP_SIZE: usize = 15;

/// `n` loops of so many rounds in one function.
fn loops(n: usize, rounds: usize) -> String {
    let each = repeat(n, |k| {
        format!(
            "push {rounds}\nstore_local i\nl{k}:\nload_local a\npush 3\nmul\nload_local i\nadd\npush 1000\nmod\n\
             store_local a\nload_local i\npush 1\nsub\ndup\nstore_local i\njump_if_not_zero l{k}\n"
        )
    });
    format!("func main()\nlocal i, a\npush 1\nstore_local a\n{each}load_local a\nret\nend\n")
}

/// The same, where each loop ends just before it would be hot: by default after 10 rounds for each 256 instructions begun.
fn loops_below_hot(n: usize) -> String {
    loops(n, 10 * (1 + n * (LOOP_SIZE + 2) / 256) - 2)
}

/// A straight run of instructions, to each of which control goes back in turn.
fn heads_in_one_run(n: usize) -> String {
    let heads = repeat(n, |k| format!("h{k}:\nnop\n"));
    let back = repeat(n, |k| {
        format!(
            "load_local s\npush {k}\neq\njump_if_zero n{k}\nload_local i\npush 1\nsub\ndup\nstore_local i\n\
                 jump_if_not_zero h{k}\npush 8\nstore_local i\npush {}\nstore_local s\nn{k}:\n",
            k + 1
        )
    });
    format!(
        "func main()\nlocal i, s\npush 8\nstore_local i\npush 0\nstore_local s\n{heads}{back}load_local s\nret\nend\n"
    )
}

/// `n` functions, each called so many times.
fn functions(n: usize, calls: usize) -> String {
    let functions =
        repeat(n, |k| format!("func f{k}(x)\nload_local x\npush 3\nmul\npush {k}\nadd\nret\nend\n"));
    called(&functions, (0..n).collect(), calls)
}

/// `n` functions, each of which calls the one before, fifty deep.
fn chains(n: usize) -> String {
    let functions = repeat(n, |k| match k % 50 {
        0 => format!("func f{k}(x)\nload_local x\npush {k}\nadd\nret\nend\n"),
        _ => format!("func f{k}(x)\nload_local x\ncall f{}\npush 1\nadd\nret\nend\n", k - 1),
    });
    called(&functions, (0..n).collect(), 100)
}

/// A loop of so many rounds that calls these functions.
fn called(functions: &str, which: Vec<usize>, rounds: usize) -> String {
    let calls: String = which
        .into_iter()
        .map(|k| format!("load_local a\nload_local i\ncall f{k}\nadd\npush 1000\nmod\nstore_local a\n"))
        .collect();
    format!(
        "entry main\n{functions}func main()\nlocal a, i\npush 0\nstore_local a\npush {rounds}\nstore_local i\nagain:\n{calls}\
         load_local i\npush 1\nsub\ndup\nstore_local i\njump_if_not_zero again\nload_local a\nret\nend\n"
    )
}

/// Loops within each other, `n` deep, of which the outermost goes round often and the others once.
fn nest(n: usize) -> String {
    let starts = repeat(n, |k| format!("push 1\nstore_local i{k}\nl{k}:\n"));
    let ends: String = (0..n)
        .rev()
        .map(|k| format!("load_local i{k}\npush 1\nsub\ndup\nstore_local i{k}\njump_if_not_zero l{k}\n"))
        .collect();
    let locals = repeat(n, |k| format!(", i{k}"));
    format!(
        "func main()\nlocal r, a{locals}\npush 3000\nstore_local r\npush 0\nstore_local a\nagain:\n{starts}load_local a\n\
         push 1\nadd\nstore_local a\n{ends}load_local r\npush 1\nsub\ndup\nstore_local r\njump_if_not_zero again\nload_local a\n\
         ret\nend\n"
    )
}

/// A loop with `n` branches that all lead out of it.
fn one_exit(n: usize) -> String {
    let branches = repeat(n, |k| format!("load_local i\npush -{}\neq\njump_if_not_zero out\n", k + 1));
    format!(
        "func main()\nlocal i\npush 1000\nstore_local i\nagain:\n{branches}load_local i\npush 1\nsub\ndup\nstore_local i\n\
         jump_if_not_zero again\nout:\nload_local i\nret\nend\n"
    )
}

/// A loop with `n` rare sides, which become common one after another, and stay so.
fn phases(n: usize) -> String {
    let sides = repeat(n, |k| {
        format!(
            "load_local i\npush 20000\nfloordiv\npush {k}\nle\njump_if_zero n{k}\nload_local a\npush {}\nmul\npush 1000\nmod\n\
                 store_local a\nn{k}:\n",
            k + 3
        )
    });
    format!(
        "func main()\nlocal i, a\npush 1\nstore_local a\npush {}\nstore_local i\nagain:\n{sides}load_local i\npush 1\nsub\ndup\n\
         store_local i\njump_if_not_zero again\nload_local a\nret\nend\n",
        n * 20_000
    )
}

/// A recursion `n` deep, so many times, with something to do at the bottom that leaves compiled code.
fn recursion(n: usize, times: usize) -> String {
    format!(
        "entry main\nfunc f(n)\nload_local n\njump_if_zero bottom\nload_local n\npush 1\nsub\ncall f\npush 1\nadd\nret\nbottom:\n\
         push 1\npush 90\nshl\npush 90\nshr\nret\nend\n\
         func main()\nlocal i, a\npush 0\nstore_local a\npush {times}\nstore_local i\nagain:\npush {n}\ncall f\nload_local a\nadd\n\
         push 1000\nmod\nstore_local a\nload_local i\npush 1\nsub\ndup\nstore_local i\njump_if_not_zero again\nload_local a\nret\nend\n"
    )
}

/// A loop over `n` variables, one of which becomes a float after the other.
fn types(n: usize) -> String {
    let variables = repeat(n, |k| format!(", v{k}"));
    let starts = repeat(n, |k| format!("push 1\nstore_local v{k}\n"));
    let each = repeat(n, |k| {
        format!(
            "load_local v{k}\nload_local i\npush {}\neq\njump_if_zero n{k}\npush 0.5\nadd\nn{k}:\npush 1\nadd\nstore_local v{k}\n",
            (k + 1) * 5_000
        )
    });
    format!(
        "func main()\nlocal i{variables}\n{starts}push {}\nstore_local i\nagain:\n{each}load_local i\npush 1\nsub\ndup\nstore_local i\n\
         jump_if_not_zero again\nload_local v0\nret\nend\n",
        n * 5_000
    )
}

/// An inner loop that is left soon, and uses `n` variables, each in one of many rounds.
fn locals(n: usize) -> String {
    let variables = repeat(n, |k| format!(", v{k}"));
    let starts = repeat(n, |k| format!("push 1\nstore_local v{k}\n"));
    let each = repeat(n, |k| {
        format!(
            "load_local j\npush {k}\neq\njump_if_zero n{k}\nload_local v{k}\npush 1\nadd\nstore_local v{k}\nn{k}:\n"
        )
    });
    format!(
        "func main()\nlocal r, j{variables}\n{starts}push 3000\nstore_local r\nouter:\nload_local r\npush {n}\nmod\nstore_local j\ninner:\n\
         {each}load_local j\npush 2\nsub\ndup\nstore_local j\npush {}\ngt\njump_if_not_zero inner\n\
         load_local r\npush 1\nsub\ndup\nstore_local r\njump_if_not_zero outer\nload_local v0\nret\nend\n",
        n.saturating_sub(6)
    )
}
