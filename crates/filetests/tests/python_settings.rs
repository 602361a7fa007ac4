//! Programs that are run by CPython in a process of their own: limits that a program sets for itself act where they are
//! executed and in every tier; whole tracebacks are compared.

use filetests::python::{self, Ended};
use filetests::{Configuration, configurations, disagreements_among, sample};
use hotspotvm::Options;

/// Programs that end by a limit of their own, or just do not.
const PROGRAMS: &[&str] = &[
    // Where it is executed, and not before.
    "import sys\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(900))\nif f(3) == 4: sys.setrecursionlimit(5000)\nprint(f(998))\nprint(f(999))\n",
    "import sys\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(900))\nsys.setrecursionlimit(5000)\nprint(f(4900))\nprint(f(6000))\n",
    // Downwards too.
    "import sys\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nsys.setrecursionlimit(60)\nprint(f(58))\nprint(f(59))\n",
    "import sys\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nfor i in range(400, 20, -7):\n    sys.setrecursionlimit(i)\n    print(sys.getrecursionlimit(), f(30))\n",
    // By a value, and from within calls that are active.
    "import sys\ndef f(n, limit):\n    if n == 20: sys.setrecursionlimit(limit)\n    return 0 if n == 0 else 1 + f(n - 1, limit)\nprint(f(40, 45))\nprint(f(40, 44))\nprint(f(40, 43))\nprint(f(40, 42))\nprint(f(40, 41))\n",
    "import sys\ndef f(n):\n    if n == 0:\n        sys.setrecursionlimit(10)\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(4))\nprint(f(20))\n",
    // A loop that is hot when it changes.
    "import sys\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\ntotal = 0\nfor i in range(3000):\n    if i == 2000: sys.setrecursionlimit(30)\n    total += f(i % 20)\nprint(total)\nfor i in range(3000):\n    total += f(i % 29)\nprint(total)\n",
    "import sys\ndef deep(n):\n    if n % 50 == 0: sys.setrecursionlimit(1000 + n)\n    if n == 0: return 0\n    return deep(n - 1) + 1\nprint(deep(900), sys.getrecursionlimit())\n",
    // What it refuses.
    "import sys\nsys.setrecursionlimit(2)\n",
    "import sys\nsys.setrecursionlimit(0)\n",
    "import sys\nsys.setrecursionlimit(-5)\n",
    "import sys\nsys.setrecursionlimit(2**31)\n",
    "import sys\nsys.setrecursionlimit(10**30)\n",
    "import sys\nsys.setrecursionlimit(100.0)\n",
    "import sys\nsys.setrecursionlimit('100')\n",
    "import sys\nsys.setrecursionlimit(None)\n",
    "import sys\nsys.setrecursionlimit()\n",
    "import sys\nprint(1)\nsys.setrecursionlimit(print(2), print(3))\n",
    "import sys\nsys.getrecursionlimit(1)\n",
    "from sys import setrecursionlimit as limit, getrecursionlimit\nprint(limit(100), getrecursionlimit())\n",
    // Digits: both directions, all ways to text.
    "x = 10**4299\nprint(len(str(x)))\nprint(x * 10)\n",
    "x = -10**4299\nprint(len(str(x)))\nprint(str(x * 10))\n",
    "print(int('7' * 4300) % 1000007)\nprint(int('7' * 4301))\n",
    "print(int('1' * 4300 + 'x'))\n",
    "print(int('1' * 4301 + 'x'))\n",
    "print(int('1_' * 4300 + '1'))\n",
    "print(int('1_' * 4299 + '1') % 97)\n",
    "print(int('1__' * 4301))\n",
    "print(int('1' * 5000, 32) % 97, int('1' * 5000, 16) % 97, int('1' * 5000, 2) % 97)\nprint(int('1' * 5000, 36))\n",
    "print(int(' ' * 5000 + '12'), float('1' * 5000))\n",
    "print(f'{10**4300:,}')\n",
    "print(len(hex(10**5000)), len(bin(10**5000)))\nprint(repr(10**5000))\n",
    "import sys\nprint(sys.get_int_max_str_digits())\nsys.set_int_max_str_digits(640)\nprint(len(str(10**639)))\nprint(10**640)\n",
    "import sys\nsys.set_int_max_str_digits(640)\nprint(int('1' * 641))\n",
    "import sys\nsys.set_int_max_str_digits(0)\nprint(len(str(10**20000)), int('3' * 20000) % 1000007)\nprint(sys.get_int_max_str_digits())\n",
    "import sys\nsys.set_int_max_str_digits(maxdigits=20001)\nprint(len(str(10**20000)))\nprint(str(10**20001))\n",
    "import sys\nfor i in range(3000):\n    sys.set_int_max_str_digits(640 + i)\n    if i % 500 == 0: print(len(str(10**(639 + i))))\nprint(10**3639)\n",
    "import sys\ndef f(n):\n    s = 0\n    for i in range(n):\n        if i == 2500: sys.set_int_max_str_digits(700)\n        s += len(str(10**(i % 800)))\n    return s\nprint(f(2400))\nprint(f(3000))\n",
    "import sys\nsys.set_int_max_str_digits(639)\n",
    "import sys\nsys.set_int_max_str_digits(-1)\n",
    "import sys\nsys.set_int_max_str_digits(True)\n",
    "import sys\nsys.set_int_max_str_digits(2**31)\n",
    "import sys\nsys.set_int_max_str_digits(1e3)\n",
    "import sys\nsys.set_int_max_str_digits(None)\n",
];

/// Runs programs in the ways that are asked for, and compares all of standard output and standard error with CPython.
fn compare(
    programs: &[String],
    ways: impl Fn(u64, &Options) -> Vec<Configuration>,
    first: u64,
) -> Option<(usize, usize)> {
    let expected = python::run_by_cpython(programs)?;
    let mut base = python::options(Options::default());
    base.limits.fuel = Some(500_000_000);
    let mut wrong = Vec::new();
    let (mut runs, mut errors) = (0, 0);
    for (seed, (text, (expected, file))) in (first..).zip(programs.iter().zip(&expected)) {
        let (program, compiled) = match python::load(file, text) {
            Ok(loaded) => loaded,
            Err(error) => panic!("{seed}: {error}\n{text}"),
        };
        let ways = ways(seed, &base);
        runs += ways.len();
        let (observed, reports) = disagreements_among(&ways, &program, &[], &base);
        let error = observed
            .result
            .err()
            .map_or_else(String::new, |stop| python::traceback(&compiled, file, text, &stop));
        errors += usize::from(!expected.error.is_empty());
        let found = Ended { output: observed.output, error };
        if found != *expected {
            wrong.push(python::report(text, expected, &found, &format!("{seed} differs from CPython")));
        }
        wrong.extend(reports);
    }
    println!("{} programs, {errors} end with an error, {runs} runs, {} wrong", programs.len(), wrong.len());
    if std::env::var_os("HOTSPOT_KEEP_GOING").is_some() {
        println!("{}", wrong.join("\n"));
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    Some((programs.len(), errors))
}

const NOTHING: &str = "no python3 of version 3.11: nothing to compare with";

#[test]
fn settings_act_as_in_cpython() {
    let programs: Vec<String> = PROGRAMS.iter().map(|p| (*p).to_owned()).collect();
    let ways = |seed, base: &Options| {
        let mut ways = configurations(base, seed);
        ways.retain(|way| !way.options.stress.collect);
        ways
    };
    if compare(&programs, ways, 0).is_none() {
        println!("{NOTHING}");
    }
}

/// How many random programs are tried; `HOTSPOT_PROGRAMS` sets another number, `HOTSPOT_SEED` another first seed. With
/// `HOTSPOT_KEEP_GOING` those that differ are printed, and the rest is run all the same.
const RANDOM: u64 = 60;

#[test]
fn tracebacks_are_cpythons() {
    let (all, failed) = tracebacks(python::nested::program);
    assert!(all == 0 || failed > all / 3 && failed < all, "{failed} of {all}");
}

#[test]
fn tracebacks_of_programs_over_objects_are_cpythons() {
    let (all, failed) = tracebacks(python::objects::program);
    assert!(all == 0 || failed > all / 20 && failed < all, "{failed} of {all}");
}

/// Compares random programs; how many there were, and how many ended with an error.
fn tracebacks(program: fn(u64) -> String) -> (usize, usize) {
    let from_environment = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let (first, count) = (from_environment("HOTSPOT_SEED", 1), from_environment("HOTSPOT_PROGRAMS", RANDOM));
    let seeds: Vec<u64> = (first..first + count).collect();
    let (mut all, mut failed) = (0, 0);
    for seeds in seeds.chunks(200) {
        let programs: Vec<String> = seeds.iter().map(|&seed| program(seed)).collect();
        let ways = |seed, base: &Options| sample(configurations(base, seed), seed, 4);
        let Some((tried, errors)) = compare(&programs, ways, seeds[0]) else {
            println!("{NOTHING}");
            return (0, 0);
        };
        all += tried;
        failed += errors;
    }
    println!("{all} programs in all, {failed} end with an error");
    (all, failed)
}
