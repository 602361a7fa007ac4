//! Samples in the formats of other programs: folded stacks, speedscope's and the Firefox profiler's JSON.
//!
//! They show what ran during `profile -> detect -> compile -> cache -> execute -> deoptimise`. A frame is a function,
//! the innermost one with its tier; weights are nanoseconds. Invariant: the same samples give the same text.

use super::{Profile, TIERS};
use hotspotvm::samples::Sample;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write;

/// Where frames were left out.
const CUT: &str = "(deeper)";

/// The names of a sample's frames, outermost first; the innermost carries the tier.
fn names(profile: &Profile<'_>, sample: &Sample) -> Vec<String> {
    let mut names: Vec<String> =
        sample.frames.iter().rev().map(|frame| profile.name(frame.function).to_owned()).collect();
    if let Some(innermost) = names.last_mut() {
        let _ = write!(innermost, " [{}]", sample.tier.name());
    }
    if sample.cut {
        names.insert(0, CUT.to_owned());
    }
    names
}

/// Folded stacks: one line for each, frames from the outermost inwards with `;` between, and the nanoseconds. For flame graphs.
pub(super) fn folded(profile: &Profile<'_>) -> String {
    let mut stacks: Vec<(String, u64)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for sample in &profile.samples {
        let plain = |name: &String| name.replace([';', '\n'], "_");
        let stack: Vec<String> = names(profile, sample).iter().map(plain).collect();
        let at = *known.entry(stack.join(";")).or_insert_with_key(|stack| {
            stacks.push((stack.clone(), 0));
            stacks.len() - 1
        });
        stacks[at].1 += sample.nanos;
    }
    let mut out = String::new();
    for (stack, nanos) in stacks.iter().filter(|(_, nanos)| *nanos > 0) {
        let _ = writeln!(out, "{stack} {nanos}");
    }
    out
}

/// Things with numbers in the order in which they came.
#[derive(Default)]
struct Numbered<T>(HashMap<T, usize>, Vec<T>);

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn number(&mut self, thing: T) -> usize {
        let Numbered(known, all) = self;
        *known.entry(thing).or_insert_with_key(|thing| {
            all.push(thing.clone());
            all.len() - 1
        })
    }
}

/// speedscope's format.
pub(super) fn speedscope(profile: &Profile<'_>) -> String {
    let mut frames = Numbered::default();
    let (mut samples, mut weights) = (Vec::new(), Vec::new());
    for sample in &profile.samples {
        let stack: Vec<usize> = names(profile, sample).into_iter().map(|name| frames.number(name)).collect();
        samples.push(stack);
        weights.push(sample.nanos);
    }
    let file = &profile.program.source_name;
    let frames: Vec<Value> = frames.1.iter().map(|name| json!({"name": name, "file": file})).collect();
    json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": concat!("hotspot ", env!("CARGO_PKG_VERSION")),
        "name": file,
        "activeProfileIndex": 0,
        "shared": {"frames": frames},
        "profiles": [{
            "type": "sampled",
            "name": file,
            "unit": "nanoseconds",
            "startValue": 0,
            "endValue": weights.iter().sum::<u64>(),
            "samples": samples,
            "weights": weights,
        }],
    })
    .to_string()
}

/// The version of the processed format that is written.
const FIREFOX_VERSION: u32 = 48;

/// The Firefox profiler's processed format: one thread, a category for each tier. Samples stand one behind the other,
/// each as long as its time.
pub(super) fn firefox(profile: &Profile<'_>) -> String {
    let mut strings = Numbered::default();
    let file = strings.number(profile.program.source_name.clone());
    // A function is a name; a frame a function, a line and a category; a stack a frame and what stands around it.
    let (mut functions, mut frames, mut stacks) =
        (Numbered::default(), Numbered::default(), Numbered::default());
    let (mut seen, mut times, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let mut clock = 0u64;
    for sample in &profile.samples {
        let category = sample.tier as usize;
        let mut prefix = None;
        if sample.cut {
            let function = functions.number(strings.number(CUT.to_owned()));
            prefix = Some(stacks.number((frames.number((function, 0, category)), prefix)));
        }
        for frame in sample.frames.iter().rev() {
            let function = functions.number(strings.number(profile.name(frame.function).to_owned()));
            let frame = frames.number((function, profile.line_of(*frame), category));
            prefix = Some(stacks.number((frame, prefix)));
        }
        seen.push(prefix);
        times.push(clock as f64 / 1e6);
        weights.push(sample.nanos as f64 / 1e6);
        clock += sample.nanos;
    }
    let (functions, frames, stacks) = (functions.1, frames.1, stacks.1);
    let column = |n: usize, value: Value| vec![value; n];
    let line = |line: u32| if line == 0 { Value::Null } else { json!(line) };
    const COLOURS: [&str; TIERS.len()] = ["grey", "blue", "green"];
    let categories: Vec<Value> = TIERS
        .iter()
        .zip(COLOURS)
        .map(|(tier, color)| json!({"name": tier.name(), "color": color, "subcategories": ["Other"]}))
        .collect();
    let (f, n, s) = (functions.len(), frames.len(), stacks.len());
    let thread = json!({
        "processType": "default",
        "processStartupTime": 0,
        "processShutdownTime": null,
        "registerTime": 0,
        "unregisterTime": null,
        "pausedRanges": [],
        "name": profile.program.source_name,
        "isMainThread": true,
        "pid": "1",
        "tid": 1,
        "samples": {
            "length": seen.len(), "stack": seen, "time": times, "weight": weights, "weightType": "tracing-ms",
        },
        "markers": {
            "length": 0, "data": [], "name": [], "startTime": [], "endTime": [], "phase": [], "category": [],
        },
        "stackTable": {
            "length": s,
            "frame": stacks.iter().map(|stack| stack.0).collect::<Vec<_>>(),
            "prefix": stacks.iter().map(|stack| stack.1).collect::<Vec<_>>(),
        },
        "frameTable": {
            "length": n,
            "address": column(n, json!(-1)),
            "inlineDepth": column(n, json!(0)),
            "category": frames.iter().map(|frame| frame.2).collect::<Vec<_>>(),
            "subcategory": column(n, json!(0)),
            "func": frames.iter().map(|frame| frame.0).collect::<Vec<_>>(),
            "nativeSymbol": column(n, Value::Null),
            "innerWindowID": column(n, Value::Null),
            "implementation": column(n, Value::Null),
            "line": frames.iter().map(|frame| line(frame.1)).collect::<Vec<_>>(),
            "column": column(n, Value::Null),
        },
        "funcTable": {
            "length": f,
            "name": functions,
            "isJS": column(f, json!(false)),
            "relevantForJS": column(f, json!(false)),
            "resource": column(f, json!(-1)),
            "fileName": column(f, json!(file)),
            "lineNumber": column(f, Value::Null),
            "columnNumber": column(f, Value::Null),
        },
        "resourceTable": {"length": 0, "lib": [], "name": [], "host": [], "type": []},
        "nativeSymbols": {"length": 0, "libIndex": [], "address": [], "name": [], "functionSize": []},
        "stringArray": strings.1,
    });
    json!({
        "meta": {
            "version": 28,
            "preprocessedProfileVersion": FIREFOX_VERSION,
            "product": "hotspot",
            "interval": 1,
            "startTime": 0,
            "processType": 0,
            "stackwalk": 0,
            "debug": false,
            "symbolicated": true,
            "categories": categories,
            "markerSchema": [],
        },
        "libs": [],
        "pages": [],
        "counters": [],
        "threads": [thread],
    })
    .to_string()
}
