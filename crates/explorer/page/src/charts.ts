// The pictures: warm-up, what compiling cost and brought, the thresholds of a sweep, and where time went.

import { h, replace, svg } from "./dom";
import { explained, term } from "./glossary";
import type { Model } from "./model";
import type { Ledger, Report, Sample, Share, Sweep, Unit } from "./report";
import type { Store } from "./store";
import { count, duration, short, TIERS } from "./text";
import { cumulative } from "./cumulative";
import { table } from "./deopt";

export const HEIGHT = 240;
export const MARGIN = { left: 62, right: 16, top: 24, bottom: 38 };
/** Where the horizontal axis is. */
export const BOTTOM = HEIGHT - MARGIN.bottom;

interface Scale {
  at(value: number): number;
  ticks: number[];
}

function logScale(low: number, high: number, from: number, to: number): Scale {
  const a = Math.floor(Math.log10(Math.max(low, 1e-3)));
  const b = Math.max(a + 1, Math.ceil(Math.log10(Math.max(high, 1e-3))));
  const ticks = Array.from({ length: b - a + 1 }, (_, i) => 10 ** (a + i));
  return { at: (v) => from + ((Math.log10(Math.max(v, 10 ** a)) - a) / (b - a)) * (to - from), ticks };
}

export function linearScale(high: number, from: number, to: number): Scale {
  const rough = Math.max(high, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const ticks: number[] = [];
  for (let v = 0; v <= high * 1.0001; v += step) ticks.push(v);
  return { at: (v) => from + (v / Math.max(high, 1e-9)) * (to - from), ticks };
}

/** A figure whose drawing is made anew at each width. `keys` say what its curves are: their style, and words. */
export function figure(title: string, words: string, draw: (width: number) => SVGElement, keys: [style: string, words: string][] = []): HTMLElement {
  const canvas = h("div", { class: "chart" });
  let width = 0;
  new ResizeObserver(() => {
    if (canvas.clientWidth === width || canvas.clientWidth === 0) return;
    width = canvas.clientWidth;
    const drawing = draw(Math.max(260, width));
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", `${title}. ${words}`);
    replace(canvas, drawing);
  }).observe(canvas);
  return h("figure", {}, h("figcaption", {}, h("h3", {}, title), h("p", {}, ...explained(words))), keys.length > 0 && h("p", { class: "keys" }, ...keys.map(([style, words]) => h("span", {}, h("i", { class: `key ${style}` }), ` ${words}`))), canvas);
}

export function axes(x: Scale, y: Scale, xName: string, width: number, xText: (v: number) => string): SVGElement {
  const bottom = HEIGHT - MARGIN.bottom;
  const group = svg("g", {});
  for (const tick of y.ticks) {
    const at = y.at(tick);
    group.append(svg("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: at, y2: at }));
    group.append(svg("text", { class: "axis-label", x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, tick ? duration(tick) : "0"));
  }
  const every = Math.ceil(x.ticks.length / Math.max(2, Math.floor(width / 80)));
  x.ticks.forEach((tick, i) => {
    if (i % every) return;
    group.append(svg("text", { class: "axis-label", x: x.at(tick), y: bottom + 16, "text-anchor": "middle" }, xText(tick)));
  });
  group.append(svg("text", { class: "axis-label", x: width - MARGIN.right, y: HEIGHT - 4, "text-anchor": "end" }, xName));
  return group;
}

function warmUp(samples: Sample[], counts: string): HTMLElement {
  const one = counts === "instructions" ? "a thousand instructions" : "one round";
  const words = `Each point is what ${one} took at that stage of the run. The shading says in which tier most of it ran: each step down is a tier-up. Both axes grow by factors of ten.`;
  return figure("Warming up", words, (width) => {
    const x = logScale(Math.max(1, samples[0]!.round), samples[samples.length - 1]!.round, MARGIN.left, width - MARGIN.right);
    const values = samples.map((s) => s.nanos);
    const y = logScale(Math.min(...values), Math.max(...values), HEIGHT - MARGIN.bottom, MARGIN.top);
    const drawing = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
    let from = 0;
    samples.forEach((sample, i) => {
      const next = samples[i + 1];
      if (next && next.tier === sample.tier) return;
      const left = x.at(Math.max(1, samples[from]!.round));
      const right = next ? x.at(next.round) : width - MARGIN.right;
      const zone = { class: `zone ${sample.tier}`, x: left, y: MARGIN.top, width: Math.max(0, right - left), height: HEIGHT - MARGIN.bottom - MARGIN.top };
      drawing.append(svg("rect", zone));
      if (right - left > 62) drawing.append(svg("text", { class: "zone-label", x: left + 1, y: MARGIN.top - 7 }, sample.tier));
      from = i + 1;
    });
    drawing.append(axes(x, y, `${counts} so far`, width, short));
    drawing.append(svg("path", { class: "curve", d: path(samples.map((s) => [x.at(Math.max(1, s.round)), y.at(s.nanos)])) }));
    for (const s of samples) drawing.append(svg("circle", { class: "point", cx: x.at(Math.max(1, s.round)), cy: y.at(s.nanos), r: 2.2 }));
    return drawing;
  });
}

export function path(points: [number, number][]): string {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** After how many rounds a unit has brought what it cost; nothing if never. */
export function breakEven(ledger: Ledger): number | null {
  const saved = ledger.round_before_nanos - ledger.round_after_nanos;
  return saved > 0 ? ledger.compile_nanos / saved : null;
}

function net(ledger: Ledger): number {
  return (ledger.round_before_nanos - ledger.round_after_nanos) * ledger.rounds - ledger.compile_nanos;
}

function cost(model: Model, units: Unit[]): HTMLElement {
  const holder = h("div", {});
  const choice = h(
    "select",
    { "aria-label": "Unit of the picture" },
    ...units.map((unit) => h("option", { value: unit.id }, `unit ${unit.id}, ${unit.tier}, ${model.run.lanes[unit.lane]?.name ?? ""}`)),
  );
  const best = [...units].sort((a, b) => net(b.ledger!) - net(a.ledger!))[0]!;
  choice.value = String(best.id);
  const draw = (): void => {
    const unit = model.unit(Number(choice.value))!;
    replace(holder, costFigure(unit.ledger!));
  };
  choice.addEventListener("change", draw);
  draw();
  const rows = units.map((unit) => {
    const ledger = unit.ledger!;
    const even = breakEven(ledger);
    const gain = net(ledger);
    return [
      String(unit.id),
      model.run.lanes[unit.lane]?.name ?? "",
      unit.tier,
      duration(ledger.compile_nanos),
      duration(Math.max(0, ledger.round_before_nanos - ledger.round_after_nanos)),
      count(ledger.rounds),
      even === null ? "never" : count(Math.ceil(even)),
      `${gain < 0 ? "− " : "+ "}${duration(Math.abs(gain))}`,
    ];
  });
  const sum = units.reduce((all, unit) => all + net(unit.ledger!), 0);
  rows.push(["all", "", "", duration(units.reduce((all, u) => all + u.ledger!.compile_nanos, 0)), "", "", "", `${sum < 0 ? "− " : "+ "}${duration(Math.abs(sum))}`]);
  return h(
    "div",
    { class: "wide" },
    holder,
    h("p", { class: "controls" }, h("label", {}, "The picture shows ", choice)),
    table(["unit", "place", "tier", "compiling took", "saves a round", "rounds", "pays after", "net"], rows),
  );
}

function costFigure(ledger: Ledger): HTMLElement {
  const even = breakEven(ledger);
  const words =
    even === null
      ? "A round takes no less than before: compiling does not pay, however often it runs."
      : `Compiling took ${duration(ledger.compile_nanos)} and saves ${duration(ledger.round_before_nanos - ledger.round_after_nanos)} a round, so it pays from round ${count(Math.ceil(even))} on. It ran ${count(ledger.rounds)} rounds.`;
  return figure("What compiling cost and brought", words, (width) => {
    const end = Math.max(10, Math.min(Math.max(ledger.rounds, (even ?? 0) * 1.3), (even ?? ledger.rounds) * 4));
    const x = linearScale(end, MARGIN.left, width - MARGIN.right);
    const without = (n: number) => n * ledger.round_before_nanos;
    const compiled = (n: number) => ledger.compile_nanos + n * ledger.round_after_nanos;
    const y = linearScale(Math.max(without(end), compiled(end)), HEIGHT - MARGIN.bottom, MARGIN.top);
    const drawing = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` }, axes(x, y, "rounds", width, short));
    for (const [name, f] of [["before", without], ["after", compiled]] as const) {
      drawing.append(svg("path", { class: `curve ${name}`, d: path([[x.at(0), y.at(f(0))], [x.at(end), y.at(f(end))]]) }));
    }
    if (even !== null && even <= end) {
      const at = x.at(even);
      drawing.append(svg("line", { class: "even", x1: at, x2: at, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }));
      const right = at < width * 0.6;
      drawing.append(
        svg("text", { class: "even-label", x: at + (right ? 6 : -6), y: HEIGHT - MARGIN.bottom - 8, "text-anchor": right ? "start" : "end" }, `pays from round ${count(Math.ceil(even))}`),
      );
    }
    return drawing;
  }, [["before", "as it was"], ["after", "compiling, then compiled"]]);
}

function sweep(sweep: Sweep): HTMLElement {
  const best = sweep.columns.map((_, column) =>
    Math.min(...sweep.nanos.map((row) => row[column] ?? Infinity)),
  );
  const cells = sweep.nanos.map((row, r) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, count(sweep.rows[r] ?? 0)),
      ...sweep.columns.map((_, c) => {
        const nanos = row[c];
        if (nanos === null || nanos === undefined) return h("td", { class: "none" }, "—");
        const ratio = nanos / best[c]!;
        const level = Math.min(6, Math.round(Math.log2(ratio) * 2));
        const is = nanos === best[c];
        return h(
          "td",
          { class: `heat${level}${is ? " best" : ""}`, title: `${duration(nanos)}, ${ratio.toFixed(2)} times the best of the column` },
          is ? "★ " : "",
          duration(nanos),
        );
      }),
    ),
  );
  const words = `How long the program took, by ${sweep.rows_name.replaceAll("-", " ")} and ${sweep.columns_name}. The stronger the colour, the slower beside the best of its column, which has a star.`;
  return h(
    "figure",
    { class: "wide" },
    h("figcaption", {}, h("h3", {}, `Which threshold is best? ${sweep.label}`), h("p", {}, ...explained(words))),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": `Sweep, ${sweep.label}` },
      h(
        "table",
        { class: "sweep" },
        h(
          "thead",
          {},
          h("tr", {}, h("td", {}), h("th", { scope: "colgroup", colspan: sweep.columns.length }, sweep.columns_name)),
          h("tr", {}, h("th", { scope: "col" }, sweep.rows_name.replaceAll("-", " ")), ...sweep.columns.map((c) => h("th", { scope: "col" }, short(c)))),
        ),
        h("tbody", {}, ...cells),
      ),
    ),
  );
}

function shares(model: Model): HTMLElement {
  const all = model.run.shares ?? [];
  const bar = (name: string, parts: Share[], value: (share: Share) => number, text: (n: number) => string): HTMLElement | null => {
    const sum = parts.reduce((total, part) => total + value(part), 0);
    if (!sum) return null;
    const words = parts.filter((p) => value(p)).map((p) => `${p.tier} ${text(value(p))}, ${percent(value(p) / sum)}`).join("; ");
    return h(
      "div",
      { class: "share" },
      h("span", { class: "share-name" }, name),
      h(
        "span",
        { class: "share-bar", role: "img", "aria-label": `${name}: ${words}` },
        ...TIERS.map((tier) => {
          const part = parts.filter((p) => p.tier === tier).reduce((total, p) => total + value(p), 0);
          const piece = h("span", { class: `band ${tier}`, title: `${tier}: ${text(part)}, ${percent(part / sum)}` });
          piece.style.flexGrow = String(part);
          return part ? piece : null;
        }),
      ),
      h("span", { class: "share-words" }, words),
    );
  };
  const whole = all.filter((s) => s.lane === undefined);
  const executed = (s: Share) => s.executed;
  const nanos = (s: Share) => s.nanos ?? 0;
  const lanes = model.run.lanes
    .map((lane, index) => ({ name: lane.name, parts: all.filter((s) => s.lane === index) }))
    .filter(({ parts }) => parts.length);
  return h(
    "figure",
    { class: "wide" },
    h("figcaption", {}, h("h3", {}, "Where it ran"), h("p", {}, ...explained("Instructions and time by tier: few instructions of the interpreter can cost more time than many of optimized code."))),
    bar("all instructions", whole, executed, (n) => count(n)),
    bar("all time", whole, nanos, duration),
    ...lanes.map(({ name, parts }) => (parts.some((p) => p.nanos) ? bar(name, parts, nanos, duration) : bar(name, parts, executed, (n) => count(n)))),
  );
}

function percent(share: number): string {
  const value = share * 100;
  return `${value >= 99.95 || value < 0.05 ? value.toFixed(0) : value.toFixed(value < 10 ? 1 : 0)} %`;
}

/** The section of pictures; without those for which the report has no numbers. */
export class Pictures {
  readonly element = h("div", { class: "pictures" });

  constructor(
    store: Store,
    private readonly report: Report,
    private readonly models: Model[],
    private readonly model: () => Model,
  ) {
    store.on(["run"], () => this.draw());
    this.draw();
  }

  private draw(): void {
    const model = this.model();
    const samples = model.run.warm_up ?? [];
    const units = model.units.filter((unit) => unit.ledger);
    const sweeps = this.report.sweeps ?? [];
    const soFar = cumulative(this.models, model);
    const has = { shares: !!model.run.shares?.length, samples: samples.length > 1, units: units.length > 0, sweeps: sweeps.length > 0 };
    replace(
      this.element,
      has.shares && shares(model),
      soFar,
      has.samples && warmUp(samples, model.run.warm_up_counts ?? "rounds"),
      has.units && cost(model, units),
      ...sweeps.map(sweep),
      !soFar && !Object.values(has).some(Boolean) && h("p", { class: "note" }, "This report has no measurements. Times are measured only when asked for, and ", term("hotness threshold", "thresholds"), " are compared by a sweep."),
    );
  }
}
