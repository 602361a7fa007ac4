// Pages for the tests: the sample report and variations of it, made into files by the crate itself.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/** A run of `shop.py` by regions, one by traces, and a sweep. */
export function sample() {
  return JSON.parse(readFileSync(new URL("shop.json", import.meta.url), "utf8"));
}

/** One run of it alone. */
function single() {
  const report = sample();
  report.runs.length = 1;
  return report;
}

/** As many events as the engine keeps of a long run: mostly enters and exits. */
export const MANY = 200_000;

function many() {
  const report = single();
  const [run] = report.runs;
  const { items } = run.events;
  const end = items.pop();
  let { executed, nanos } = items[items.length - 1];
  for (let i = 0; items.length < MANY - 1; i++) {
    executed += 40;
    nanos += 90;
    const exit = { data: [{ name: "reason", value: "poll" }, { name: "rounds", value: String(i % 97) }] };
    items.push({ kind: i % 2 ? "exit" : "enter", place: 3, lane: 3, unit: 10, executed, nanos, ...(i % 2 ? exit : {}) });
  }
  items.push({ ...end, executed, nanos });
  run.events.left_out = 9_800_000;
  return report;
}

/** A program of which nothing got hot: every list is empty. */
function cold() {
  const report = single();
  const [run] = report.runs;
  const empty = { events: { items: [] }, units: { items: [] }, deopts: { items: [] }, lanes: [], places: [], explanations: [], snapshots: [], shares: [], warm_up: [] };
  Object.assign(run, empty);
  report.sweeps = [];
  return report;
}

export const EVIL = "</script><img src=x onerror=alert(1)><b>&amp;";

/** A program whose every text tries to be markup. */
function evil() {
  const report = single();
  const [run] = report.runs;
  run.program.name = EVIL;
  run.program.source = `print("${EVIL}")\n`.repeat(30);
  run.outcome = EVIL;
  for (const lane of run.lanes) lane.name = EVIL;
  for (const event of run.events.items) event.words = EVIL;
  for (const deopt of run.deopts.items) deopt.words = deopt.expected = EVIL;
  for (const explanation of run.explanations) explanation.words = explanation.hint = EVIL;
  return report;
}

const here = fileURLToPath(new URL(".", import.meta.url));
const NESTED = ["examples/nested.hasm", "300"];

/** Pages that the command makes of real programs: a name, and its arguments. `SWEEP` is the file of a sweep that was really made. */
export const REAL = {
  primes: ["--sweep", "SWEEP", "--beside", "max-tier=interpreter", "examples/primes.hasm", "30000"],
  flips: ["examples/type_change.hasm", "100000"],
  recursive: ["examples/fib_recursive.hasm", "22"],
  region: ["--strategy", "region", ...NESTED],
  method: ["--strategy", "method", ...NESTED],
  trace: ["--strategy", "trace", ...NESTED],
  python: ["--beside", "strategy=trace", `${here}shop.py`, "300000"],
};

/** Writes the pages; gives the folder that they are in. */
export function make() {
  const folder = mkdtempSync(join(tmpdir(), "explorer-"));
  const reports = { shop: single(), compare: sample(), many: many(), cold: cold(), evil: evil() };
  const files = Object.entries(reports).map(([name, report]) => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(report));
    return file;
  });
  const cargo = ["run", "--quiet", "--locked", "--package", "hotspotvm-explorer", "--example", "page", "--", folder, ...files];
  execFileSync("cargo", cargo, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  const sweep = ["sweep", "--seconds", "0.2", "--threshold", "1,1000", "--iterations", "100,1000,5000", "--json", "examples/primes.hasm", "1"];
  const swept = execFileSync("cargo", ["run", "--quiet", "--locked", "--package", "hotspotvm-cli", "--", ...sweep], { cwd: root, stdio: ["ignore", "pipe", "ignore"] });
  writeFileSync(join(folder, "sweep.json"), swept);
  for (const [name, program] of Object.entries(REAL)) {
    const command = ["run", "--quiet", "--locked", "--package", "hotspotvm-cli", "--", "explore", "--deterministic"];
    const out = ["--output", join(folder, `real-${name}.html`)];
    execFileSync("cargo", [...command, ...out, ...program.map((word) => (word === "SWEEP" ? join(folder, "sweep.json") : word))], { cwd: root, stdio: "ignore" });
  }
  return folder;
}
