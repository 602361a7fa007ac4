//! The files of the project, in memory.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`, under the checks of [`crate::tidy`].
//! Invariants: paths are relative to the root and use `/`; files come in the order of their paths, so that findings do
//! too. Tests make trees by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Folders and files of the root that belong to the project. Others (build output, the version control's own) are not looked at.
const PARTS: [&str; 17] = [
    ".cargo",
    ".ci",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "GLOSSARY.md",
    "README.md",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "examples",
    "fuzz",
    "tests",
    "xtask",
];

/// Folders that hold generated files, wherever they are.
const GENERATED: [&str; 4] = ["target", "corpus", "artifacts", "node_modules"];

/// The project's text files by path, and the paths of its other files.
#[derive(Debug, Default)]
pub struct Tree {
    texts: BTreeMap<String, String>,
    others: BTreeSet<String>,
}

impl Tree {
    /// Reads the project below a root. Of files that are not UTF-8, such as pictures, it only knows that they are there.
    ///
    /// # Errors
    /// If a folder or file can't be read.
    pub fn load(root: &Path) -> Result<Tree, String> {
        let mut tree = Tree::default();
        for part in PARTS {
            let path = root.join(part);
            if path.exists() {
                tree.add_path(&path, part)?;
            }
        }
        Ok(tree)
    }

    fn add_path(&mut self, path: &Path, name: &str) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("can't read {}: {error}", path.display());
        if path.is_dir() {
            for entry in std::fs::read_dir(path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let Ok(file) = entry.file_name().into_string() else { continue };
                if !GENERATED.contains(&file.as_str()) {
                    self.add_path(&entry.path(), &format!("{name}/{file}"))?;
                }
            }
        } else if let Ok(text) = String::from_utf8(std::fs::read(path).map_err(failed)?) {
            self.texts.insert(name.to_owned(), text);
        } else {
            self.others.insert(name.to_owned());
        }
        Ok(())
    }

    /// A tree with these files, as `(path, text)`.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let texts = files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect();
        Tree { texts, others: BTreeSet::new() }
    }

    /// The number of text files.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is a file at this path that is no text.
    pub fn has_other(&self, path: &str) -> bool {
        self.others.contains(path)
    }

    /// The text of a file, if there is one at this path.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// All text files, as `(path, text)`.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// All Rust files, as `(path, text)`.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| path.ends_with(".rs"))
    }
}
