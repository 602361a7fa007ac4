//! A sweep for each number of iterations, or one alone: as text, as JSON, and as the sheets that pictures and the explorer show.

use super::picture::{Column, Picture};
use super::{Mark, Sweep};
use crate::text::thousands;
use explorer::report::Sweep as Sheet;
use serde_json::{Value, json};

/// What was measured, by the program's last argument if that was varied.
#[derive(Default)]
pub(super) struct Series {
    parts: Vec<(Option<u64>, Sweep)>,
}

impl Series {
    /// Adds what was measured with so many iterations.
    pub(super) fn add(&mut self, iterations: Option<u64>, sweep: Sweep) {
        self.parts.push((iterations, sweep));
    }

    /// The grids as text.
    pub(super) fn report(&self) -> String {
        let mut out = String::new();
        for (iterations, sweep) in &self.parts {
            if let Some(iterations) = iterations {
                let gap = if out.is_empty() { "" } else { "\n" };
                out.push_str(&format!("{gap}With {} iterations, ", thousands(*iterations)));
            }
            out.push_str(&sweep.report());
        }
        out
    }

    /// The same for programs.
    pub(super) fn as_json(&self, program: &str) -> Value {
        let cells = self.parts.iter().flat_map(|(iterations, sweep)| sweep.cells_as_json(*iterations));
        json!({
            "program": program,
            "cells": cells.collect::<Vec<_>>(),
            "tells": self.parts.iter().all(|(_, sweep)| sweep.tells()),
            "sweeps": self.sheets(),
        })
    }

    /// In the form that the explorer shows: a sheet for each strategy, with thresholds as rows. Its columns are optimizing thresholds
    /// or, if these were varied, iterations.
    pub(super) fn sheets(&self) -> Vec<Sheet> {
        let Some((iterations, first)) = self.parts.first() else { return Vec::new() };
        let mut sheets = Vec::new();
        for (s, strategy) in first.strategies.iter().enumerate() {
            let median = |sweep: &Sweep, row: usize, column: usize| {
                let at = (s * sweep.hotspots.len() + row) * sweep.optimizings.len() + column;
                sweep.cells.get(at).map(|cell| cell.times.median())
            };
            let rows = 0..first.hotspots.len();
            let sheet = Sheet {
                label: format!("strategy {strategy}"),
                rows_name: "hotspot-threshold".to_owned(),
                rows: first.hotspots.clone(),
                ..Sheet::default()
            };
            if iterations.is_none() {
                let columns = 0..first.optimizings.len();
                let row = |row: usize| columns.clone().map(|column| median(first, row, column)).collect();
                sheets.push(Sheet {
                    columns_name: "optimizing-threshold".to_owned(),
                    columns: first.optimizings.clone(),
                    nanos: rows.map(row).collect(),
                    ..sheet
                });
                continue;
            }
            for (column, optimizing) in first.optimizings.iter().enumerate() {
                let row =
                    |row: usize| self.parts.iter().map(|(_, sweep)| median(sweep, row, column)).collect();
                let label = match first.optimizings.len() {
                    1 => sheet.label.clone(),
                    _ => format!("{}, optimizing threshold {}", sheet.label, thousands(*optimizing)),
                };
                sheets.push(Sheet {
                    label,
                    columns_name: "iterations".to_owned(),
                    columns: self.parts.iter().filter_map(|(iterations, _)| *iterations).collect(),
                    nanos: rows.clone().map(row).collect(),
                    ..sheet.clone()
                });
            }
        }
        sheets
    }

    /// The heat map as SVG: a row for each threshold, a column for each of the rest.
    pub(super) fn picture(&self, program: &str) -> String {
        let Some((varied, first)) = self.parts.first() else { return String::new() };
        let mut columns = Vec::new();
        for (iterations, sweep) in &self.parts {
            let best = sweep.cells[sweep.best].times.median().max(1.0);
            let columns_each = sweep.optimizings.len();
            for (at, top) in sweep.strategies.iter().enumerate() {
                for (o, optimizing) in sweep.optimizings.iter().enumerate() {
                    let cell = |row: usize| {
                        let at = (at * sweep.hotspots.len() + row) * columns_each + o;
                        (sweep.cells[at].times.median(), sweep.mark(at))
                    };
                    let mut top = top.to_string();
                    if iterations.is_some() && columns_each > 1 {
                        top = format!("{top} {}", thousands(*optimizing));
                    }
                    let cells: Vec<(f64, Mark)> = (0..sweep.hotspots.len()).map(cell).collect();
                    columns.push(Column {
                        top,
                        bottom: thousands(iterations.unwrap_or(*optimizing)),
                        best,
                        cells,
                    });
                }
            }
        }
        let heading =
            if varied.is_some() { "strategy, and iterations" } else { "strategy, and optimizing threshold" };
        Picture { program, heading, rows: &first.hotspots, columns }.draw()
    }
}
