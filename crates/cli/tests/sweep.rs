//! Tests of `hotspot sweep`: the grid, and what is made of it. Nothing here depends on how long anything takes.

#![allow(clippy::unwrap_used)]

mod common;

use common::{ADD, Dir, INVERT};
use serde_json::Value;

const LOOP: &str = "i = 0\nwhile i < 500:\n    i = i + 1\nprint(i)\n";

#[test]
fn every_cell_is_measured() {
    let dir = Dir::new("sweep-grid");
    dir.write("p.py", LOOP);
    let grid = [
        "--threshold",
        "1..100",
        "--points",
        "3",
        "--optimizing-threshold",
        "50,100000",
        "--strategy",
        "all",
    ];
    let sweep = |more: &[&str]| {
        let mut words = vec!["sweep", "--seconds", "0.01"];
        words.extend_from_slice(&grid);
        words.extend_from_slice(more);
        words.push("p.py");
        dir.hotspot(&words)
    };
    let ran = sweep(&["--json", "--deterministic", "--svg", "s.svg"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let cells = json["cells"].as_array().unwrap();
    let settings: Vec<(u64, u64, &str)> = cells
        .iter()
        .map(|c| {
            let number = |key: &str| c[key].as_u64().unwrap();
            (number("hotspot_threshold"), number("optimizing_threshold"), c["strategy"].as_str().unwrap())
        })
        .collect();
    assert_eq!(settings.len(), 18);
    assert_eq!(settings[..3], [(1, 50, "region"), (1, 100_000, "region"), (10, 50, "region")]);
    assert_eq!(settings[17], (100, 100_000, "trace"));
    assert!(
        cells
            .iter()
            .all(|c| c["runs"].as_u64().unwrap() >= 1 && c["times"]["median_ns"].as_f64().unwrap() > 0.0)
    );
    assert_eq!(cells.iter().filter(|c| c["next_to_best"] == "best").count(), 1);
    // With a low threshold the loop is optimized, with a high one it only gets baseline code.
    assert_eq!((cells[0]["compilations"].as_u64(), cells[1]["compilations"].as_u64()), (Some(2), Some(1)));
    let sheets = json["sweeps"].as_array().unwrap();
    assert_eq!(sheets.len(), 3);
    assert_eq!(
        (sheets[2]["label"].as_str(), sheets[2]["nanos"].as_array().unwrap().len()),
        (Some("strategy trace"), 3)
    );
    let svg = dir.read("s.svg");
    assert!(
        svg.starts_with("<svg xmlns=")
            && svg.ends_with("</svg>\n")
            && svg.contains("prefers-color-scheme:dark")
    );
    assert_eq!(svg.matches("class=\"h\"").count(), 18);

    let text = sweep(&[]).out;
    assert!(text.starts_with("18 cells, ") && text.contains("next to the best"), "{text}");
    // Elsewhere than on a terminal there is no progress.
    assert_eq!(sweep(&[]).err, "");
}

#[test]
fn what_cannot_be_measured_is_said() {
    let dir = Dir::new("sweep-errors");
    dir.write("invert.hasm", INVERT);
    dir.write("add.hasm", ADD);
    dir.hotspot(&["sweep", "invert.hasm", "0"]).check_failed(1, "ZeroDivisionError");
    dir.hotspot(&["sweep", "add.hasm", "1"]).check_failed(2, "takes 2 arguments");
    dir.hotspot(&["sweep", "--threshold", "0", "add.hasm", "1", "2"])
        .check_failed(2, "expected thresholds of at least 1");
    dir.hotspot(&["sweep", "--threshold", "9..3", "add.hasm", "1", "2"]).check_failed(2, "9 is not below 3");
    dir.hotspot(&["sweep", "--strategy", "some", "add.hasm", "1", "2"])
        .check_failed(2, "region, method, trace, and all");
    let large = [
        "sweep",
        "--threshold",
        "1..1000000",
        "--optimizing-threshold",
        "1..1000000",
        "--points",
        "40",
        "add.hasm",
        "1",
        "2",
    ];
    dir.hotspot(&large).check_failed(2, "is too large; 400 are possible");
    dir.hotspot(&["sweep", "--svg", "add.hasm", "add.hasm", "1", "2"])
        .check_failed(2, "is the program itself");
}
