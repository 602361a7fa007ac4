//! What the tests of the command share: running it, and files for it.

#![allow(dead_code, clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Adds two values, prints the sum, gives it back.
pub const ADD: &str =
    "func main(a, b)\n    load_local a\n    load_local b\n    add\n    dup\n    print\n    ret\nend\n";

/// Divides 1 by its argument, in a function of its own.
pub const INVERT: &str = "func main(n)\n    load_local n\n    call invert\n    print\n    halt\nend\n\nfunc invert(x)\n    push 1\n    load_local x\n    floordiv\n    ret\nend\n";

/// Counts its argument down to 0 and prints that.
pub const COUNTDOWN: &str = "func main(n)\nagain:\n    load_local n\n    jump_if_zero done\n    load_local n\n    push 1\n    sub\n    store_local n\n    jump again\ndone:\n    load_local n\n    print\n    halt\nend\n";

/// Prints 1 for ever.
pub const ENDLESS: &str = "again:\n    push 1\n    print\n    jump again\n";

/// A directory of its own for a test.
pub struct Dir(PathBuf);

impl Dir {
    /// An empty directory. `name` must be the test's alone.
    pub fn new(name: &str) -> Dir {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hotspot-{name}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    /// A file in it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The content of a file in it.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The command with this directory as its working directory, and nothing of the outside that changes its output.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotspot"));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        command.current_dir(&self.0).args(args).stdin(Stdio::null());
        command
    }

    /// Runs the command.
    pub fn hotspot(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// Runs the command with this on its standard input.
    pub fn hotspot_with(&self, args: &[&str], input: impl AsRef<[u8]>) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read all of it may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Ran::from(child.wait_with_output().unwrap())
    }
}

/// What the command did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Checks all that it did.
    #[track_caller]
    pub fn check(&self, code: i32, out: &str, err: &str) {
        assert_eq!((self.code, &*self.out, &*self.err), (code, out, err));
    }

    /// Checks that it failed without output, and said this.
    #[track_caller]
    pub fn check_failed(&self, code: i32, said: &str) {
        assert!(self.code == code && self.out.is_empty() && self.err.contains(said), "{self:#?}");
    }
}
