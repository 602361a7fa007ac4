//! Who takes part: HotspotVM in its tiers and strategies, and what people would use instead.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Each column
//! of a table is one of these. Invariants: a peer that is not installed is named as missing, with the reason; the
//! version and the options of each that takes part are recorded. What is compiled ahead of time (C, Java) is compiled
//! before anything is timed.

use super::kernels::Kernel;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The id of the peer that all others are compared with.
pub const REFERENCE: &str = "gcc";

/// The id of HotspotVM with its default options.
pub const OURS: &str = "hotspot";

/// One way to run the kernels.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it is called on the command line and in JSON.
    pub id: String,
    /// What it is called in tables.
    pub title: String,
    /// Which version it is.
    pub version: String,
    /// The options it runs with.
    pub flags: String,
    /// Whether it compiles while it runs, so that there is a warm-up to look at.
    pub warms_up: bool,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    /// Compiled to a program by a C compiler.
    C(PathBuf),
    /// Compiled by the first, run by the second.
    Java(PathBuf, PathBuf),
    /// `program options SOURCE`, with the first source that the kernel has in one of these languages.
    Script(PathBuf, Vec<String>, Vec<&'static str>),
}

/// A peer that does not take part, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Its id.
    pub id: String,
    /// The reason.
    pub reason: String,
}

/// All columns, and what is missing of them.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Those that take part; the reference comes first.
    pub columns: Vec<Column>,
    /// Those that don't.
    pub missing: Vec<Missing>,
}

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The project.
    pub root: PathBuf,
    /// The built `hotspot`.
    pub hotspot: PathBuf,
    /// A folder for what the benchmarks build.
    pub build: PathBuf,
}

impl Places {
    /// The Python of the virtual environment that has Numba.
    fn venv(&self) -> PathBuf {
        self.build.join("venv/bin/python")
    }
}

/// A peer that runs source text.
struct Script {
    id: &'static str,
    title: &'static str,
    /// Paths, or names on the search path: the first that exists.
    programs: &'static [&'static str],
    /// The languages of its sources: the first that a kernel has.
    sources: &'static [&'static str],
    warms_up: bool,
}

const SCRIPTS: [Script; 5] = [
    Script {
        id: "cpython",
        title: "CPython",
        // The system's own: the first on the search path may be a debug build of somebody's.
        programs: &["/usr/bin/python3", "python3"],
        sources: &["py"],
        warms_up: false,
    },
    Script { id: "pypy", title: "PyPy", programs: &["pypy3"], sources: &["py"], warms_up: true },
    Script {
        id: "luajit",
        title: "LuaJIT",
        programs: &["luajit"],
        sources: &["luajit.lua", "lua"],
        warms_up: true,
    },
    Script { id: "lua", title: "Lua", programs: &["lua5.4"], sources: &["lua"], warms_up: false },
    Script { id: "node", title: "node", programs: &["node"], sources: &["js"], warms_up: true },
];

/// The ids of all peers, ours left out.
pub fn ids() -> Vec<&'static str> {
    let mut ids = vec![REFERENCE, "java", "numba"];
    ids.extend(SCRIPTS.iter().map(|s| s.id));
    ids
}

/// Finds out who can take part: HotspotVM in all its ways, with the strategies that are asked for, and the peers that
/// are asked for.
pub fn field(places: &Places, peers: &[String], strategies: &[String]) -> Field {
    let mut field = Field::default();
    let wanted = |id: &str| id == REFERENCE || peers.iter().any(|p| p == id);
    if wanted(REFERENCE) {
        match find(&["gcc"]) {
            Some(path) => field.add(
                REFERENCE,
                "gcc",
                "-O2",
                false,
                How::C(path.clone()),
                version(&path, &["--version"]),
            ),
            None => field.miss(REFERENCE, "gcc is not installed"),
        }
    }
    add_ours(&mut field, places, strategies);
    if wanted("java") {
        match (find(&["javac"]), find(&["java"])) {
            (Some(javac), Some(java)) => {
                let version = version(&java, &["-version"]);
                field.add("java", "Java", "", true, How::Java(javac, java), version);
            }
            _ => field.miss("java", "java and javac are not both installed"),
        }
    }
    for script in SCRIPTS.into_iter().filter(|s| wanted(s.id)) {
        let Script { id, title, programs, sources, warms_up } = script;
        match find(programs) {
            Some(path) => {
                let asks = if id.starts_with("lua") { "-v" } else { "--version" };
                let version = version(&path, &[asks]);
                field.add(id, title, "", warms_up, How::Script(path, Vec::new(), sources.to_vec()), version);
            }
            None => field.miss(id, &format!("{} is not installed", programs.join(" or "))),
        }
    }
    if wanted("numba") {
        add_numba(&mut field, places);
    }
    field
}

fn add_ours(field: &mut Field, places: &Places, strategies: &[String]) {
    let hotspot = &places.hotspot;
    let told = version(hotspot, &["--version"]);
    let mut add = |id: &str, title: &str, options: &[&str], source| {
        let mut all = vec!["run".to_owned()];
        all.extend(options.iter().map(|o| (*o).to_owned()));
        let how = How::Script(hotspot.clone(), all, vec![source]);
        let warms_up = !options.contains(&"interpreter");
        field.add(id, title, &options.join(" "), warms_up, how, told.clone());
    };
    add(OURS, "HotspotVM", &[], "hasm");
    add("hotspot-baseline", "baseline", &["--max-tier", "baseline"], "hasm");
    add("hotspot-interpreter", "interpreter", &["--max-tier", "interpreter"], "hasm");
    if runs_python(places) {
        add("hotspot-py", "HotspotVM .py", &[], "py");
    } else {
        field.miss("hotspot-py", "this hotspot does not run .py files that read `sys.argv`");
    }
    let knows_strategies =
        output(hotspot, &["run", "--help"]).is_some_and(|help| help.contains("--strategy"));
    for strategy in strategies {
        let id = format!("hotspot-{strategy}");
        if knows_strategies {
            let how = How::Script(
                hotspot.clone(),
                vec!["run".to_owned(), "--strategy".to_owned(), strategy.clone()],
                vec!["hasm"],
            );
            field.add(&id, strategy, &format!("--strategy {strategy}"), true, how, told.clone());
        } else {
            field.miss(&id, "this hotspot has no option --strategy");
        }
    }
}

/// Whether our command runs a Python program that takes its argument as the kernels do.
fn runs_python(places: &Places) -> bool {
    let probe = places.build.join("probe.py");
    let text = "import sys\n\n\ndef main(n):\n    print(n + 1)\n\n\nmain(int(sys.argv[1]))\n";
    std::fs::write(&probe, text).is_ok()
        && Command::new(&places.hotspot)
            .args([OsString::from("run"), probe.into_os_string(), "41".into()])
            .output()
            .is_ok_and(|out| out.status.success() && out.stdout == b"42\n")
}

fn add_numba(field: &mut Field, places: &Places) {
    let python = places.venv();
    let asks =
        ["-c", "import sys, numba; print('Numba', numba.__version__, 'on Python', sys.version.split()[0])"];
    match output(&python, &asks) {
        Some(version) => {
            let driver = places.root.join("benches/numba_run.py").display().to_string();
            let how = How::Script(python, vec![driver], vec!["py"]);
            field.add("numba", "Numba", "every function @njit", true, how, version);
        }
        None => field.miss("numba", "no virtual environment with Numba: run benches/install-peers.sh"),
    }
}

impl Field {
    fn add(&mut self, id: &str, title: &str, flags: &str, warms_up: bool, how: How, version: String) {
        self.columns.push(Column {
            id: id.to_owned(),
            title: title.to_owned(),
            version,
            flags: flags.to_owned(),
            warms_up,
            how,
        });
    }

    fn miss(&mut self, id: &str, reason: &str) {
        self.missing.push(Missing { id: id.to_owned(), reason: reason.to_owned() });
    }
}

impl Column {
    /// A column that can't run anything.
    #[cfg(test)]
    pub fn for_test(id: &str, title: &str) -> Column {
        let how = How::Script(PathBuf::new(), Vec::new(), Vec::new());
        let version = format!("{title} 1.0");
        Column {
            id: id.to_owned(),
            title: title.to_owned(),
            version,
            flags: String::new(),
            warms_up: true,
            how,
        }
    }

    /// Makes a kernel ready to run and says by which command, to which the size is added. `None` if the kernel does not
    /// exist in this column's language.
    ///
    /// # Errors
    /// What a compiler says.
    pub fn prepare(&self, kernel: &Kernel, build: &Path) -> Result<Option<Vec<OsString>>, String> {
        let folder = build.join("programs").join(&kernel.name);
        match &self.how {
            How::C(compiler) => {
                let Some(source) = kernel.source("c") else { return Ok(None) };
                let program = folder.join("c");
                make_folder(&folder)?;
                let arguments = ["-O2".into(), "-o".into(), program.clone().into_os_string(), source.into()];
                compile(compiler, &arguments)?;
                Ok(Some(vec![program.into_os_string()]))
            }
            How::Java(javac, java) => {
                let Some(source) = kernel.source("java") else { return Ok(None) };
                make_folder(&folder)?;
                compile(javac, &["-d".into(), folder.clone().into_os_string(), source.into()])?;
                Ok(Some(vec![java.into(), "-cp".into(), folder.into(), "Main".into()]))
            }
            How::Script(program, options, sources) => {
                let Some(source) = sources.iter().find_map(|s| kernel.source(s)) else { return Ok(None) };
                let mut command = vec![program.clone().into_os_string()];
                command.extend(options.iter().map(OsString::from));
                command.push(source.into());
                Ok(Some(command))
            }
        }
    }
}

fn make_folder(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("can't make {}: {error}", folder.display()))
}

fn compile(compiler: &Path, arguments: &[OsString]) -> Result<(), String> {
    let out = Command::new(compiler)
        .args(arguments)
        .output()
        .map_err(|error| format!("can't start {}: {error}", compiler.display()))?;
    if out.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&out.stderr).lines().next().unwrap_or("the compiler failed").to_owned())
}

/// The first of these programs that exists: a path, or a name on the search path.
fn find(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    names.iter().find_map(|name| {
        if name.starts_with('/') {
            return Some(PathBuf::from(name)).filter(|path| path.is_file());
        }
        folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
    })
}

/// What a program prints, on either stream, if it succeeds.
fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let out = Command::new(program).args(arguments).output().ok().filter(|out| out.status.success())?;
    let text = if out.stdout.is_empty() { out.stderr } else { out.stdout };
    Some(String::from_utf8_lossy(&text).trim().to_owned())
}

/// The line of a program's answer that tells its version: of PyPy's two, the one with its own.
fn version(program: &Path, arguments: &[&str]) -> String {
    let told = output(program, arguments).unwrap_or_default();
    version_line(&told).to_owned()
}

fn version_line(told: &str) -> &str {
    let own = told.lines().find(|line| line.contains("PyPy"));
    let line = own.or(told.lines().next()).unwrap_or("unknown").trim_matches(['[', ']']);
    let end = [" -- ", "  Copyright"].iter().filter_map(|mark| line.find(mark)).min();
    line.get(..end.unwrap_or(line.len())).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_one_line() {
        assert_eq!(
            version_line("Python 3.9.16 (7.3.11)\n[PyPy 7.3.11 with GCC 12.2.0]"),
            "PyPy 7.3.11 with GCC 12.2.0"
        );
        assert_eq!(version_line("LuaJIT 2.1.0-beta3 -- Copyright (C) 2005"), "LuaJIT 2.1.0-beta3");
        assert_eq!(version_line("Lua 5.4.4  Copyright (C) 1994-2022"), "Lua 5.4.4");
        assert_eq!(version_line("gcc (GCC) 12.2.0\nCopyright"), "gcc (GCC) 12.2.0");
        assert_eq!(version_line(""), "unknown");
    }

    #[test]
    fn programs_are_found_by_path_and_by_name() {
        assert_eq!(find(&["/nothing/here", "nothing-of-this-name"]), None);
        let found = find(&["nothing-of-this-name", "sh"]);
        assert!(found.is_some_and(|path| path.is_absolute() && path.ends_with("sh")));
    }

    #[test]
    fn ids_name_each_peer_once() {
        let all = ids();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.contains(&REFERENCE) && all.contains(&"numba"));
    }
}
