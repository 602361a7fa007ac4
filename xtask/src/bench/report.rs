//! Everything that came out of one run of the benchmarks, and the same as JSON.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. Tables, page
//! and documentation are made of this and of nothing else. Invariants: every sample is in the JSON; times are in
//! seconds, memory in bytes.

use super::measure::{Cell, KernelResult, Ratio};
use super::ours::{BreakEven, Compiling};
use super::peers::{Column, Missing, OURS};
use super::process::Usage;
use super::startup::Start;
use super::stats::geomean;
use super::warmup::Curve;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The version of the JSON's form.
const SCHEMA: u32 = 1;

/// The results.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The command that was given.
    pub command: String,
    /// Whether sizes were small.
    pub quick: bool,
    /// Where it ran.
    pub machine: Machine,
    /// Who took part.
    pub columns: Vec<Column>,
    /// Who did not.
    pub missing: Vec<Missing>,
    /// Seconds that a cycle of the processor takes.
    pub cycle: Option<f64>,
    /// By kernel.
    pub kernels: Vec<KernelResult>,
    /// Warm-up curves by kernel.
    pub curves: BTreeMap<String, Vec<Curve>>,
    /// What compiling cost us, by kernel.
    pub compiling: BTreeMap<String, Compiling>,
    /// When compiling paid for itself, by kernel; `None` where it did not.
    pub break_even: BTreeMap<String, Option<BreakEven>>,
    /// Starting.
    pub starts: Vec<Start>,
}

/// The machine and the state of the project.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Processors that the system has.
    pub cores: usize,
    /// The operating system and its version.
    pub system: String,
    /// The core that was used.
    pub core: usize,
    /// The revision of the project, with `+` if files differ from it.
    pub revision: String,
}

impl Machine {
    /// What can be found out of this machine.
    pub fn describe(root: &Path, core: usize) -> Machine {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, key: &str, mark: char| {
            let line = text.lines().find(|l| l.starts_with(key))?;
            Some(line.split_once(mark)?.1.trim().trim_matches('"').to_owned())
        };
        let release = read("/proc/sys/kernel/osrelease");
        let system = field(&read("/etc/os-release"), "PRETTY_NAME", '=');
        Machine {
            processor: field(&read("/proc/cpuinfo"), "model name", ':')
                .unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{}, Linux {}", system.unwrap_or_default(), release.trim()),
            core,
            revision: revision(root),
        }
    }
}

fn revision(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let out = Command::new("git").current_dir(root).args(arguments).output().ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    let Some(hash) = git(&["rev-parse", "--short=10", "HEAD"]) else { return "unknown".to_owned() };
    let clean = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| s.is_empty());
    if clean { hash } else { hash + "+" }
}

impl Report {
    /// The geometric mean of a column's ratios to the reference, and of how many kernels.
    pub fn mean(&self, column: &str, ratio: Ratio) -> Option<(f64, usize)> {
        let ratios: Vec<f64> = self.kernels.iter().filter_map(|k| ratio(k, column)).collect();
        Some((geomean(&ratios)?, ratios.len()))
    }

    /// The kernels, those first where we are slowest compared with the reference; those without a ratio last.
    pub fn losses_first(&self) -> Vec<&KernelResult> {
        let mut kernels: Vec<&KernelResult> = self.kernels.iter().collect();
        let key = |k: &KernelResult| k.peak_ratio(OURS).unwrap_or(0.0);
        kernels.sort_by(|a, b| key(b).total_cmp(&key(a)));
        kernels
    }

    /// The programs that printed something wrong: kernel, column and what.
    pub fn wrong(&self) -> Vec<(&str, &str, &str)> {
        let cells = self.kernels.iter().flat_map(|k| k.cells.iter().map(move |(id, cell)| (k, id, cell)));
        cells
            .filter_map(|(k, id, cell)| match cell {
                Cell::Wrong(what) => Some((k.kernel.name.as_str(), id.as_str(), what.as_str())),
                _ => None,
            })
            .collect()
    }

    /// The whole report as JSON.
    pub fn json(&self) -> Value {
        let machine = &self.machine;
        json!({
            "schema": SCHEMA,
            "command": self.command,
            "quick": self.quick,
            "machine": {
                "processor": machine.processor, "cores": machine.cores, "system": machine.system,
                "core": machine.core, "revision": machine.revision,
            },
            "cycle": self.cycle,
            "columns": self.columns.iter().map(|c| json!({
                "id": c.id, "title": c.title, "version": c.version, "flags": c.flags,
                "peak_geomean": self.mean(&c.id, KernelResult::peak_ratio).map(|m| m.0),
                "whole_geomean": self.mean(&c.id, KernelResult::whole_ratio).map(|m| m.0),
            })).collect::<Vec<_>>(),
            "missing": self.missing.iter().map(|m| json!({"id": m.id, "reason": m.reason})).collect::<Vec<_>>(),
            "kernels": self.kernels.iter().map(|k| self.kernel(k)).collect::<Vec<_>>(),
            "startup": self.starts.iter().map(|s| json!({
                "program": s.program, "column": s.column, "wall": s.usage.wall, "cpu": s.usage.cpu,
                "memory": s.usage.memory,
            })).collect::<Vec<_>>(),
        })
    }

    fn kernel(&self, result: &KernelResult) -> Value {
        let name = &result.kernel.name;
        let cells: serde_json::Map<String, Value> =
            result.cells.iter().map(|(id, cell)| (id.clone(), cell_json(result, id, cell))).collect();
        let curves: Vec<Value> = self
            .curves
            .get(name)
            .into_iter()
            .flatten()
            .map(|c| {
                let points: Vec<Value> =
                    c.points.iter().map(|p| json!([p.seconds, p.speed, p.steady])).collect();
                json!({"column": c.column, "peak": c.peak, "settled": c.settled, "points": points})
            })
            .collect();
        let compiling = self.compiling.get(name).map(|c| {
            let tiers: serde_json::Map<String, Value> = c
                .tiers
                .iter()
                .map(|(tier, t)| {
                    let cost =
                        json!({"units": t.units, "instructions": t.instructions, "seconds": t.seconds});
                    (tier.clone(), cost)
                })
                .collect();
            json!({"tiers": tiers, "code_bytes": c.code_bytes, "deopts": c.deopts})
        });
        let break_even = self
            .break_even
            .get(name)
            .map(|b| b.map(|b| json!({"size": b.size, "instructions": b.work, "seconds": b.seconds})));
        json!({
            "name": name,
            "about": result.kernel.about,
            "sizes": [result.sizes.0, result.sizes.1],
            "chain": result.kernel.chain.as_ref().map(|c| json!({"cycles": c.cycles, "about": c.about})),
            "cells": cells,
            "warmup": curves,
            "compiling": compiling,
            "break_even": break_even,
        })
    }
}

fn cell_json(result: &KernelResult, id: &str, cell: &Cell) -> Value {
    let samples = |usages: &[Usage]| -> Vec<Value> {
        usages.iter().map(|u| json!({"wall": u.wall, "cpu": u.cpu, "memory": u.memory})).collect()
    };
    match cell {
        Cell::Measured(m) => json!({
            "peak": m.peak(), "peak_spread": m.peak_spread(), "peak_ratio": result.peak_ratio(id),
            "whole": m.whole(), "whole_ratio": result.whole_ratio(id), "memory": m.memory(),
            "scaled": m.scaled.map(|s| json!({"peak": s.peak, "whole": s.whole})), "low": samples(&m.low), "high": samples(&m.high),
        }),
        Cell::None(why) => json!({"none": why}),
        Cell::Wrong(what) => json!({"wrong": what}),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub mod tests {
    use super::*;
    use crate::bench::measure::tests::result;
    use crate::bench::warmup::Point;

    /// A small report: two kernels, of which we lose the second; one peer that lacks a kernel, one that is missing.
    pub fn report() -> Report {
        let column = |id: &str, title: &str| Column::for_test(id, title);
        let mut second = result("beta", &[("gcc", &[1.0], &[2.0]), ("hotspot", &[1.0], &[3.0])]);
        second.cells.insert("lua".to_owned(), Cell::None("not written in this language".to_owned()));
        let points = vec![
            Point { seconds: 0.01, speed: 1e6, steady: 1e6 },
            Point { seconds: 0.1, speed: 1e9, steady: 1e9 },
        ];
        let curve = |column: &str| Curve {
            column: column.to_owned(),
            points: points.clone(),
            peak: 1e9,
            settled: Some(0.01),
        };
        Report {
            command: "cargo xtask bench --quick".to_owned(),
            quick: true,
            machine: Machine {
                processor: "A <processor>".to_owned(),
                cores: 2,
                revision: "abc".to_owned(),
                ..Machine::default()
            },
            columns: vec![column("gcc", "gcc"), column("hotspot", "HotspotVM"), column("lua", "Lua")],
            missing: vec![Missing { id: "pypy".to_owned(), reason: "pypy3 is not installed".to_owned() }],
            cycle: Some(1.0),
            kernels: vec![
                result(
                    "alpha",
                    &[("gcc", &[1.0], &[2.0]), ("hotspot", &[1.0], &[1.5]), ("lua", &[1.0], &[9.0])],
                ),
                second,
            ],
            curves: [("alpha".to_owned(), vec![curve("hotspot"), curve("gcc")])].into(),
            compiling: [("alpha".to_owned(), Compiling::default())].into(),
            break_even: [("alpha".to_owned(), None)].into(),
            starts: vec![Start {
                program: "empty".to_owned(),
                column: "hotspot".to_owned(),
                usage: Usage { wall: 0.002, cpu: 0.001, memory: 1 << 20 },
            }],
        }
    }

    #[test]
    fn means_are_over_the_kernels_that_a_column_has() {
        let report = report();
        assert_eq!(report.mean("hotspot", KernelResult::peak_ratio), Some((1.0, 2)));
        let (mean, count) = report.mean("lua", KernelResult::peak_ratio).unwrap();
        assert!((mean - 8.0).abs() < 1e-12 && count == 1);
        assert_eq!(report.mean("pypy", KernelResult::peak_ratio), None);
    }

    #[test]
    fn losses_come_first() {
        let report = report();
        let names: Vec<&str> = report.losses_first().iter().map(|k| k.kernel.name.as_str()).collect();
        assert_eq!(names, ["beta", "alpha"]);
    }

    #[test]
    fn json_has_every_sample_and_says_what_is_missing() {
        let json = report().json();
        assert_eq!(json["kernels"][0]["cells"]["lua"]["high"][0]["cpu"], 9.0);
        assert_eq!(json["kernels"][1]["cells"]["lua"]["none"], "not written in this language");
        assert_eq!(json["kernels"][1]["cells"]["hotspot"]["peak_ratio"], 2.0);
        assert_eq!(json["missing"][0]["id"], "pypy");
        assert_eq!(json["kernels"][0]["warmup"][0]["points"][1][1], 1e9);
        assert_eq!(json["startup"][0]["memory"], 1 << 20);
        assert_eq!(json["columns"][1]["peak_geomean"], 1.0);
    }

    #[test]
    fn wrong_outputs_are_listed() {
        let mut report = report();
        assert_eq!(report.wrong(), []);
        report.kernels[1].cells.insert("lua".to_owned(), Cell::Wrong("printed 1 instead of 2".to_owned()));
        assert_eq!(report.wrong(), [("beta", "lua", "printed 1 instead of 2")]);
    }
}
