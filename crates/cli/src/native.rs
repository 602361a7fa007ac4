//! `--perf` and `--gdb`: tells the system's own tools the names of compiled code.
//!
//! It listens to *cache* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: without these
//! options nothing is listened to, written or registered.

use crate::args::NativeArgs;
use crate::report::{Failure, complain, io_words};
use debuginfo::gdb::Registered;
use debuginfo::jitdump::Dump;
use debuginfo::{Code, elf, perf};
use hotspotvm::Engine;
use hotspotvm::code::InstalledCode;

/// Has code told to the tools that were asked for.
///
/// # Errors
/// If the file for perf cannot be written.
pub(crate) fn watch(engine: &mut Engine, args: &NativeArgs, source: &str) -> Result<(), Failure> {
    let (mut map, mut dump) = match &args.perf {
        None => (None, None),
        Some(directory) => {
            let failed = |what: &str, error: std::io::Error| {
                Failure::output(&format!("{what} for perf in `{}`", directory.display()), &error)
            };
            let map = perf::Map::create(directory).map_err(|error| failed("the map", error))?;
            (Some(map), Some(Dump::create(directory).map_err(|error| failed("the code", error))?))
        }
    };
    let gdb = args.gdb;
    if map.is_none() && !gdb {
        return Ok(());
    }
    // Debuggers find files by their whole names.
    let file =
        std::fs::canonicalize(source).map_or_else(|_| source.to_owned(), |path| path.display().to_string());
    let mut registered: Vec<(Code, Registered)> = Vec::new();
    engine.on_code(move |installed| {
        let code = code(installed, &file);
        if let Some(writing) = &mut map
            && let Err(error) = writing.add(&code)
        {
            complain(&format!("warning: cannot write `{}`: {}", writing.path().display(), io_words(&error)));
            map = None;
        }
        if let Some(writing) = &mut dump
            && let Err(error) = writing.add(&code, installed.bytes)
        {
            complain(&format!("warning: cannot write `{}`: {}", writing.path().display(), io_words(&error)));
            dump = None;
        }
        if gdb {
            // What lay there before is gone.
            registered.retain(|(old, _)| {
                old.address + old.size <= code.address || code.address + code.size <= old.address
            });
            let object = Registered::new(elf::object(&code));
            registered.push((code, object));
        }
    });
    Ok(())
}

fn code(installed: &InstalledCode<'_>, file: &str) -> Code {
    let line = |(offset, at): &(u32, hotspotvm::Spot)| Some((*offset, at.line?));
    Code {
        name: installed.name.clone(),
        address: installed.address,
        size: installed.bytes.len() as u64,
        file: file.to_owned(),
        lines: installed.places.iter().filter_map(line).collect(),
    }
}
