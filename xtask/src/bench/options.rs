//! The command line of `cargo xtask bench`.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Invariant:
//! what is not understood is refused, with a hint; nothing is ignored.

use super::peers;
use std::path::PathBuf;

/// What `cargo xtask bench --help` prints.
pub const HELP: &str = "\
Usage: cargo xtask bench [OPTIONS]

Measures HotspotVM against what people would use instead: the same algorithm, side by side, in turns. Ratios are to
`gcc -O2`: smaller is faster, below 1 is faster than C.

Options:
  --quick              small sizes and few turns: about two minutes; says little of peers that warm up slowly
  --kernels A,B        only these kernels
  --peers X,Y          only these peers: gcc (always), java, numba, cpython, pypy, luajit, lua, node; or `none`
                       [default: all; with --quick all but numba, which takes a second to start]
  --strategies S,T     also HotspotVM with these strategies: region, method, trace
  --runs N             turns of each [default: 5; with --quick 3]
  --core N             the core to run on, from 0 [default: 1, or 0 where there is one core]
  --no-warmup          no warm-up curves (--quick makes none)
  --json FILE          write all samples and results as JSON
  --html FILE          write a page with charts: one file, no network
  --docs               put the tables into docs/performance.md
  --compare REV        instead: count instructions of this tree and of a revision, by callgrind
  --install-peers      instead: run benches/install-peers.sh
  --help               print this

Tables go to standard output, progress to standard error. The exit code is 0 if all is well, 1 if a program printed
something wrong or --compare found a change of 2 % or more for the worse, 2 for wrong usage.
";

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Print the help.
    Help,
    /// Run the script that installs peers.
    InstallPeers,
    /// Compare instruction counts with a revision.
    Compare(String),
    /// Measure.
    Measure(Options),
}

/// How to measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Small sizes.
    pub quick: bool,
    /// The kernels; all if empty.
    pub kernels: Vec<String>,
    /// The peers.
    pub peers: Vec<String>,
    /// The strategies.
    pub strategies: Vec<String>,
    /// Turns.
    pub runs: Option<usize>,
    /// The core.
    pub core: Option<usize>,
    /// Whether to leave the warm-up curves out.
    pub no_warmup: bool,
    /// Where to write JSON.
    pub json: Option<PathBuf>,
    /// Where to write the page.
    pub html: Option<PathBuf>,
    /// Whether to write into the documentation.
    pub docs: bool,
}

const STRATEGIES: [&str; 3] = ["region", "method", "trace"];

/// Reads the arguments that follow `bench`.
///
/// # Errors
/// What is wrong with them.
pub fn parse(arguments: &[String]) -> Result<Task, String> {
    let mut options = Options::default();
    let mut wanted = None;
    let mut all = arguments.iter();
    let mut alone = None;
    while let Some(argument) = all.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let mut value = || {
            inline.clone().or_else(|| all.next().cloned()).ok_or_else(|| format!("`{name}` needs a value"))
        };
        match name {
            "--quick" => options.quick = true,
            "--no-warmup" => options.no_warmup = true,
            "--docs" => options.docs = true,
            "--kernels" => options.kernels = list(&value()?),
            "--peers" => wanted = Some(among(&value()?, &peers::ids(), "peer")?),
            "--strategies" => options.strategies = among(&value()?, &STRATEGIES, "strategy")?,
            "--runs" => options.runs = Some(number(name, &value()?, 1)?),
            "--core" => options.core = Some(number(name, &value()?, 0)?),
            "--json" => options.json = Some(value()?.into()),
            "--html" => options.html = Some(value()?.into()),
            "--compare" => alone = Some(Task::Compare(value()?)),
            "--install-peers" => alone = Some(Task::InstallPeers),
            "--help" | "-h" => alone = Some(Task::Help),
            _ => return Err(format!("`{argument}` is not an option: see `cargo xtask bench --help`")),
        }
    }
    let default =
        || peers::ids().into_iter().filter(|p| !options.quick || *p != "numba").map(str::to_owned).collect();
    options.peers = wanted.unwrap_or_else(default);
    Ok(alone.unwrap_or(Task::Measure(options)))
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

fn among(text: &str, known: &[&str], what: &str) -> Result<Vec<String>, String> {
    let wanted = list(text);
    if wanted == ["none"] {
        return Ok(Vec::new());
    }
    match wanted.iter().find(|w| !known.contains(&w.as_str())) {
        Some(unknown) => Err(format!("there is no {what} `{unknown}`; there are {}", known.join(", "))),
        None => Ok(wanted),
    }
}

fn number(name: &str, text: &str, least: usize) -> Result<usize, String> {
    let value = text.parse::<usize>().ok().filter(|n| *n >= least && *n <= 1000);
    value.ok_or_else(|| format!("`{name}` takes a number from {least} to 1000, not `{text}`"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Task, String> {
        parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() {
        let Ok(Task::Measure(options)) =
            parsed("--quick --kernels fib,sum --peers=lua --json a.json --runs 7")
        else {
            panic!("not a measurement");
        };
        assert!(options.quick && !options.docs);
        assert_eq!(options.kernels, ["fib", "sum"]);
        assert_eq!(options.peers, ["lua"]);
        assert_eq!(options.json, Some(PathBuf::from("a.json")));
        assert_eq!(options.runs, Some(7));
    }

    #[test]
    fn all_peers_are_wanted_by_default_and_none_on_request() {
        let Ok(Task::Measure(options)) = parsed("--quick") else { panic!("not a measurement") };
        assert_eq!(options.peers.len(), peers::ids().len() - 1);
        let Ok(Task::Measure(options)) = parsed("") else { panic!("not a measurement") };
        assert_eq!(options.peers, peers::ids());
        let Ok(Task::Measure(options)) = parsed("--peers none") else { panic!("not a measurement") };
        assert_eq!(options.peers, [""; 0]);
    }

    #[test]
    fn other_tasks_stand_alone() {
        assert_eq!(parsed("--compare HEAD~1"), Ok(Task::Compare("HEAD~1".to_owned())));
        assert_eq!(parsed("--install-peers"), Ok(Task::InstallPeers));
        assert_eq!(parsed("-h"), Ok(Task::Help));
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text: &str| parsed(text).unwrap_err();
        assert_eq!(told("--fast"), "`--fast` is not an option: see `cargo xtask bench --help`");
        assert_eq!(told("--kernels"), "`--kernels` needs a value");
        assert!(told("--peers perl").starts_with("there is no peer `perl`; there are gcc, "));
        assert!(told("--strategies best").starts_with("there is no strategy `best`"));
        assert_eq!(told("--runs 0"), "`--runs` takes a number from 1 to 1000, not `0`");
    }
}
