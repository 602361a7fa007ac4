//! `perf-PID.map`: where perf and its like look for the names of code that is in no file.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`. A line is `START SIZE NAME`, the
//! numbers in hexadecimal. Code that is taken out stays listed, and code that comes to lie in its place is listed once
//! more: the format knows no time, so of two names for one address the reader takes one.

use crate::Code;
use std::fs::File;
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

/// The file of this process.
#[derive(Debug)]
pub struct Map {
    file: File,
    path: PathBuf,
}

impl Map {
    /// Creates it in a directory; `/tmp` is where perf looks.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(directory: &Path) -> Result<Map> {
        let path = directory.join(format!("perf-{}.map", std::process::id()));
        Ok(Map { file: File::create(&path)?, path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds code. Each line is written at once, so that the file is good however the process ends.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&mut self, code: &Code) -> Result<()> {
        self.file.write_all(line(code).as_bytes())
    }
}

fn line(code: &Code) -> String {
    format!("{:x} {:x} {}\n", code.address, code.size, code.name.replace(['\n', '\r'], "_"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_start_size_and_name() {
        let directory = std::env::temp_dir();
        let mut map = Map::create(&directory).unwrap();
        let code = |name: &str, address| Code {
            name: name.to_owned(),
            address,
            size: 0x20,
            file: String::new(),
            lines: Vec::new(),
        };
        map.add(&code("fib.optimizing", 0x7f00_0000_1000)).unwrap();
        map.add(&code("two\nlines", 16)).unwrap();
        assert_eq!(
            std::fs::read_to_string(map.path()).unwrap(),
            "7f0000001000 20 fib.optimizing\n10 20 two_lines\n"
        );
        std::fs::remove_file(map.path()).unwrap();
    }
}
