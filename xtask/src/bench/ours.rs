//! What HotspotVM says of itself: work done, compile time, code size, and when compiling has paid for itself.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it, by what
//! `hotspot run` and `hotspot compare` write for scripts. Invariant: an answer that lacks a number is an error; no
//! number is made up.

use super::kernels::Kernel;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What compiling one kernel cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compiling {
    /// By tier: how much was compiled, in how much time.
    pub tiers: BTreeMap<String, TierCost>,
    /// Machine code installed at the end, in bytes.
    pub code_bytes: u64,
    /// Deoptimisations.
    pub deopts: u64,
}

/// What one tier's compiler did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TierCost {
    /// Compilations that came to an end.
    pub units: u64,
    /// Bytecode instructions compiled.
    pub instructions: u64,
    /// Seconds.
    pub seconds: f64,
}

/// When compiling pays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakEven {
    /// The smallest size measured from which on a run with compiling was not slower than one without.
    pub size: i64,
    /// The work at that size, in instructions.
    pub work: f64,
    /// Seconds that the run took then.
    pub seconds: f64,
}

/// HotspotVM's command line.
#[derive(Clone, Debug)]
pub struct Hotspot {
    /// The program.
    pub program: PathBuf,
    /// A folder for what it writes.
    pub scratch: PathBuf,
}

impl Hotspot {
    /// The work that a kernel does at a size: the fuel it uses, which is the number of instructions and more for big numbers.
    ///
    /// # Errors
    /// If it can't be run.
    pub fn work(&self, kernel: &Kernel, size: i64) -> Result<f64, String> {
        let path = self.scratch.join("stats.json");
        self.call(&["run", "--stats-json"], &path, kernel, size)?;
        number(&read(&path)?, "fuel_used")
    }

    /// What compiling a kernel costs in a run of that size.
    ///
    /// # Errors
    /// If it can't be run, or its log can't be understood.
    pub fn compiling(&self, kernel: &Kernel, size: i64) -> Result<Compiling, String> {
        let (stats, trace) = (self.scratch.join("stats.json"), self.scratch.join("trace.ndjson"));
        let stats_text = stats.display().to_string();
        self.call(&["run", "--stats-json", &stats_text, "--trace"], &trace, kernel, size)?;
        let stats = read(&stats)?;
        let trace = std::fs::read_to_string(&trace)
            .map_err(|error| format!("can't read {}: {error}", trace.display()))?;
        Ok(Compiling {
            tiers: tiers(&trace)?,
            code_bytes: number(&stats, "code_bytes")? as u64,
            deopts: number(&stats, "deopts")? as u64,
        })
    }

    /// From which size on a run with compiling is no slower than one without: both in one process, so that only running counts.
    /// `None` if it is slower up to the quick size.
    ///
    /// # Errors
    /// If it can't be run.
    pub fn break_even(&self, kernel: &Kernel) -> Result<Option<BreakEven>, String> {
        let mut found: Option<(i64, f64)> = None;
        let source = kernel.source("hasm").ok_or("no source")?;
        for size in ladder(1, kernel.sizes.quick, 12) {
            let out = Command::new(&self.program)
                .args(["compare", "--json", "--runs", "9"])
                .arg(&source)
                .arg(size.to_string())
                .output()
                .map_err(|error| format!("can't start {}: {error}", self.program.display()))?;
            let told: Value = serde_json::from_slice(&out.stdout)
                .map_err(|error| format!("`hotspot compare --json` wrote no JSON: {error}"))?;
            // The least of each: short runs are disturbed by much more than they take.
            let compiled = number(&told["compiled"], "min_ns")?;
            let interpreted = number(&told["interpreted"], "min_ns")?;
            if compiled > interpreted {
                found = None;
            } else if found.is_none() {
                found = Some((size, compiled * 1e-9));
            } else if compiled * 2.0 < interpreted {
                // From here on it only wins more.
                break;
            }
        }
        let Some((size, seconds)) = found else { return Ok(None) };
        Ok(Some(BreakEven { size, work: self.work(kernel, size)?, seconds }))
    }

    fn call(&self, options: &[&str], file: &Path, kernel: &Kernel, size: i64) -> Result<(), String> {
        let source = kernel.source("hasm").ok_or("no source")?;
        let arguments: [OsString; 3] = [file.into(), source.into(), size.to_string().into()];
        let out = Command::new(&self.program)
            .args(options)
            .args(arguments)
            .output()
            .map_err(|error| format!("can't start {}: {error}", self.program.display()))?;
        if out.status.success() {
            return Ok(());
        }
        Err(format!("{}: {}", kernel.name, String::from_utf8_lossy(&out.stderr).trim()))
    }
}

fn read(path: &Path) -> Result<Value, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn number(value: &Value, key: &str) -> Result<f64, String> {
    value[key].as_f64().ok_or_else(|| format!("the statistics have no number `{key}`"))
}

/// What each tier compiled, by a log. A compilation that does not end (a refusal) counts for nothing.
fn tiers(log: &str) -> Result<BTreeMap<String, TierCost>, String> {
    let mut started: BTreeMap<u64, (String, u64)> = BTreeMap::new();
    let mut tiers: BTreeMap<String, TierCost> = BTreeMap::new();
    for (i, line) in log.lines().enumerate() {
        let event: Value =
            serde_json::from_str(line).map_err(|error| format!("line {} of the log: {error}", i + 1))?;
        let unit = event["unit"].as_u64().unwrap_or(0);
        match event["event"].as_str() {
            Some("compile_start") => {
                let tier = event["tier"].as_str().unwrap_or("unknown").to_owned();
                started.insert(unit, (tier, number(&event, "instructions")? as u64));
            }
            Some("compile_end") => {
                let Some((tier, instructions)) = started.remove(&unit) else { continue };
                let cost = tiers.entry(tier).or_default();
                cost.units += 1;
                cost.instructions += instructions;
                cost.seconds += number(&event, "nanos")? * 1e-9;
            }
            _ => {}
        }
    }
    Ok(tiers)
}

/// About so many sizes from the first to the last, each larger than the one before by the same factor, as far as whole
/// numbers allow.
pub fn ladder(first: i64, last: i64, count: usize) -> Vec<i64> {
    let (low, high) = (first.max(1) as f64, last.max(1) as f64);
    let steps = count.max(2) - 1;
    let mut sizes: Vec<i64> =
        (0..=steps).map(|i| (low * (high / low).powf(i as f64 / steps as f64)).round() as i64).collect();
    sizes.dedup();
    sizes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ladders_climb_by_a_factor() {
        assert_eq!(ladder(1, 1000, 4), [1, 10, 100, 1000]);
        assert_eq!(ladder(20, 35, 4), [20, 24, 29, 35]);
        assert_eq!(ladder(8, 10, 9), [8, 9, 10]);
        assert_eq!(ladder(5, 5, 3), [5]);
    }

    #[test]
    fn the_log_says_what_each_tier_compiled() {
        let log = r#"{"event":"start","schema":2}
{"event":"compile_start","unit":1,"tier":"baseline","instructions":20}
{"event":"compile_end","unit":1,"nanos":3000}
{"event":"compile_start","unit":2,"tier":"optimizing","instructions":15}
{"event":"compile_start","unit":3,"tier":"optimizing","instructions":99}
{"event":"refuse","unit":3}
{"event":"compile_end","unit":2,"nanos":200000}
{"event":"compile_start","unit":4,"tier":"baseline","instructions":5}
{"event":"compile_end","unit":4,"nanos":1000}"#;
        let tiers = tiers(log).unwrap();
        assert_eq!(tiers.len(), 2);
        assert_eq!(tiers["baseline"].units, 2);
        assert_eq!(tiers["baseline"].instructions, 25);
        assert!((tiers["baseline"].seconds - 4e-6).abs() < 1e-12);
        assert_eq!(tiers["optimizing"].instructions, 15);
    }

    #[test]
    fn a_log_that_is_not_one_is_refused() {
        assert!(tiers("{\"event\":\"compile_start\",\"unit\":1}").is_err());
        assert!(tiers("nonsense").unwrap_err().starts_with("line 1 of the log: "));
        assert!(number(&serde_json::json!({"a": "b"}), "a").is_err());
    }
}
