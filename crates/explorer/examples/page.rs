//! Makes pages of reports that are there as JSON: `page OUT_FOLDER REPORT.json...`. The browser tests use it.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: page OUT_FOLDER REPORT.json...")?;
    for path in arguments {
        let report: explorer::Report = serde_json::from_reader(BufReader::new(File::open(&path)?))?;
        let name = path.file_stem().ok_or("a report needs a name")?;
        let out = folder.join(name).with_extension("html");
        explorer::write_page(&report, BufWriter::new(File::create(&out)?))?;
        println!("{}", out.display());
    }
    Ok(())
}
