//! The kernels: what is measured, in which sizes, and where each language's source is.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. A kernel is a
//! folder with one program in several languages: the same algorithm, called with one number, printing the same lines.
//! What is known about it stands in the header of its `.hasm` file: four sizes, then what it does. Invariant: a kernel
//! whose header is not understood is an error, not left out.

use super::generate;
use std::path::{Path, PathBuf};

/// The folder of the stored kernels, below the project's root.
const FOLDER: &str = "benches/kernels";

/// A program to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Its name: that of its folder and of its files.
    pub name: String,
    /// Where its sources are.
    pub folder: PathBuf,
    /// What it does, in one or two sentences.
    pub about: String,
    /// The numbers that it is called with.
    pub sizes: Sizes,
    /// If its rounds are as many as its size says: the operations of a round that must wait for those of the round before.
    pub chain: Option<Chain>,
}

/// What no processor can do faster: operations that wait for each other, from round to round.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// How long they take, in cycles, on processors of our time.
    pub cycles: f64,
    /// What they are.
    pub about: String,
}

/// The sizes of a kernel, in the order of the work that they mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sizes {
    /// For tests: no time at all.
    pub args: i64,
    /// About a hundredth of a second in C.
    pub quick: i64,
    /// About half of `full`: their difference is time at full speed, without start and warm-up.
    pub half: i64,
    /// A few tenths of a second in C.
    pub full: i64,
}

impl Kernel {
    /// Reads the header of a kernel.
    fn load(folder: PathBuf) -> Result<Kernel, String> {
        let name = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let path = folder.join(format!("{name}.hasm"));
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("can't read {}: {error}", path.display()))?;
        let Header { sizes, chain, about } =
            header(&text).map_err(|what| format!("{}: {what}", path.display()))?;
        Ok(Kernel { name, folder, about, sizes, chain })
    }

    /// Its source in a language, if it exists in that.
    pub fn source(&self, extension: &str) -> Option<PathBuf> {
        let path = self.folder.join(format!("{}.{extension}", self.name));
        path.exists().then_some(path)
    }
}

/// What stands at the head of a `.hasm` file.
#[derive(Debug, PartialEq)]
struct Header {
    sizes: Sizes,
    chain: Option<Chain>,
    about: String,
}

fn header(text: &str) -> Result<Header, String> {
    let mut sizes = [None; 4];
    let mut chain = None;
    let names = ["args", "quick", "half", "full"];
    let mut about = Vec::new();
    for line in text.lines().map_while(|l| l.strip_prefix(';')).map(str::trim) {
        let (key, value) = line.split_once(": ").unwrap_or(("", ""));
        if let Some(size) = names.iter().position(|n| *n == key).and_then(|i| sizes.get_mut(i)) {
            *size = Some(value.parse::<i64>().map_err(|_| format!("`{value}` is not a size"))?);
        } else if key == "chain" {
            let (cycles, about) = value.split_once(' ').unwrap_or((value, ""));
            let cycles = cycles.parse().map_err(|_| format!("`{cycles}` is not a number of cycles"))?;
            chain = Some(Chain { cycles, about: about.to_owned() });
        } else {
            about.push(line);
        }
    }
    let [Some(args), Some(quick), Some(half), Some(full)] = sizes else {
        let missing: Vec<&str> =
            names.iter().zip(sizes).filter(|(_, size)| size.is_none()).map(|(name, _)| *name).collect();
        return Err(format!("its header lacks: {}", missing.join(", ")));
    };
    let sizes = Sizes { args, quick, half, full };
    Ok(Header { sizes, chain, about: about.join(" ").trim().to_owned() })
}

/// All kernels in the order of their names, after writing the generated ones to a folder; or those of them that are asked for.
///
/// # Errors
/// If one can't be read or written, or is asked for and does not exist.
pub fn load(root: &Path, generated: &Path, wanted: &[String]) -> Result<Vec<Kernel>, String> {
    generate::write(generated)?;
    let mut folders = Vec::new();
    for parent in [&root.join(FOLDER), generated] {
        let failed = |error: std::io::Error| format!("can't read {}: {error}", parent.display());
        for entry in std::fs::read_dir(parent).map_err(failed)? {
            folders.push(entry.map_err(failed)?.path());
        }
    }
    let mut kernels = folders.into_iter().map(Kernel::load).collect::<Result<Vec<_>, _>>()?;
    kernels.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<String> = kernels.iter().map(|k| k.name.clone()).collect();
    if let Some(unknown) = wanted.iter().find(|w| !names.contains(w)) {
        return Err(format!("there is no kernel `{unknown}`; there are {}", names.join(", ")));
    }
    kernels.retain(|k| wanted.is_empty() || wanted.contains(&k.name));
    Ok(kernels)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_sizes_and_a_description() {
        let text = "; args: 3\n; quick: 40\n; half: 500\n; full: 1000\n;\n; What it\n; does: this.\n\nfunc main(n)\n";
        let sizes = Sizes { args: 3, quick: 40, half: 500, full: 1000 };
        let about = "What it does: this.".to_owned();
        assert_eq!(header(text), Ok(Header { sizes, chain: None, about }));
        let chain = header(&format!("; chain: 13.5 an addition\n{text}")).unwrap().chain;
        assert_eq!(chain, Some(Chain { cycles: 13.5, about: "an addition".to_owned() }));
    }

    #[test]
    fn a_header_without_sizes_is_refused() {
        assert_eq!(header("; args: 3\n; half: 5\n"), Err("its header lacks: quick, full".to_owned()));
        assert_eq!(header("; args: x\n"), Err("`x` is not a size".to_owned()));
        assert_eq!(header("; chain: many\n"), Err("`many` is not a number of cycles".to_owned()));
    }

    #[test]
    fn every_stored_kernel_is_understood_and_runs_in_every_language() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let scratch = std::env::temp_dir().join(format!("hotspotvm-kernels-{}", std::process::id()));
        let kernels = load(root, &scratch, &[]);
        let read = |k: &Kernel| std::fs::read_to_string(k.source("hasm").unwrap()).unwrap();
        for kernel in kernels.as_ref().unwrap() {
            let Sizes { args, quick, half, full } = kernel.sizes;
            assert!(args < quick && quick < half && half < full, "{}: {:?}", kernel.name, kernel.sizes);
            assert!(kernel.about.ends_with('.'), "{}: {}", kernel.name, kernel.about);
            for language in ["c", "java", "js", "py"] {
                assert!(kernel.source(language).is_some(), "{} lacks .{language}", kernel.name);
            }
            let program = bytecode::assemble(&kernel.name, &read(kernel)).and_then(bytecode::verify);
            assert!(program.is_ok(), "{}: {:?}", kernel.name, program.err());
        }
        let names: Vec<String> = kernels.unwrap().into_iter().map(|k| k.name).collect();
        let unknown = load(root, &scratch, &["fib".to_owned(), "nothing".to_owned()]);
        let _ = std::fs::remove_dir_all(&scratch);
        assert!(names.len() >= 28, "{names:?}");
        assert!(unknown.unwrap_err().starts_with("there is no kernel `nothing`; there are ackermann, "));
    }
}
