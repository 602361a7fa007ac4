// Two runs side by side, with what differs marked.

import { button, h, replace, svg, type Child } from "./dom";
import type { Model } from "./model";
import type { Store } from "./store";
import { count, duration, plural, rung, TIERS } from "./text";
import { CodeDiff } from "./codediff";
import { laneTitle } from "./summary";
import { position } from "./timeline";

interface Line {
  name: string;
  sides: [string, string];
  heading?: boolean;
}

/** The first event at which the runs part, as each of them tells it. */
function parting(a: Model, b: Model): [string, string] | null {
  const what = (model: Model, index: number): string => {
    const event = model.events[index];
    return event ? `${event.kind} ${event.unit ?? ""} ${model.where(event.place)}` : "";
  };
  const length = Math.max(a.events.length, b.events.length);
  for (let i = 0; i < length; i++) {
    if (what(a, i) === what(b, i)) continue;
    const told = (model: Model) => (model.events[i] ? `event ${count(i + 1)}: ${model.words(i)}` : "no more events");
    return [told(a), told(b)];
  }
  return null;
}

/** What there is to say of one lane. */
function facts(model: Model, lane: number | undefined): Record<string, string> {
  if (lane === undefined) return { tier: "not seen", units: "", rounds: "", "fell back": "", "machine code": "" };
  const own = model.unitsOf(lane);
  const bands = model.bands(lane);
  const best = bands.reduce((top, band) => Math.max(top, rung(band.tier)), 0);
  const ids = new Set(own.map((unit) => unit.id));
  const deopts = model.run.deopts.items.filter((d) => d.exit !== undefined && ids.has(d.unit)).length;
  return {
    "highest tier": TIERS[best]!,
    "compiled as": own.map((unit) => `${unit.strategy}${unit.tier === "baseline" ? " (baseline)" : ""}`).join(", ") || "nothing of its own",
    rounds: count(model.run.lanes[lane]!.rounds ?? 0),
    "fell back": plural(deopts, "time"),
    "machine code": `${count(own.reduce((sum, unit) => sum + (unit.code_bytes ?? 0), 0))} bytes`,
  };
}

function lines(a: Model, b: Model): Line[] {
  const out: Line[] = [{ name: "Settings", sides: ["", ""], heading: true }];
  const settings = new Set([...a.run.settings, ...b.run.settings].map((s) => s.name));
  const setting = (model: Model, name: string) => model.run.settings.find((s) => s.name === name)?.value ?? "—";
  for (const name of settings) out.push({ name: name.replaceAll("-", " "), sides: [setting(a, name), setting(b, name)] });
  out.push({ name: "The whole run", sides: ["", ""], heading: true });
  const both = (name: string, f: (model: Model) => string) => out.push({ name, sides: [f(a), f(b)] });
  both("outcome", (m) => m.run.outcome);
  both("instructions", (m) => count(m.run.executed));
  if (a.run.nanos !== undefined || b.run.nanos !== undefined) both("time", (m) => (m.run.nanos === undefined ? "—" : duration(m.run.nanos)));
  both("events", (m) => count(m.events.length + (m.run.events.left_out ?? 0)));
  both("units compiled", (m) => count(m.units.length + (m.run.units.left_out ?? 0)));
  both("fell back", (m) => plural(m.run.deopts.items.filter((d) => d.exit !== undefined).length, "time"));
  both("machine code", (m) => `${count(m.units.reduce((sum, unit) => sum + (unit.code_bytes ?? 0), 0))} bytes`);
  const parted = parting(a, b);
  if (parted) out.push({ name: "where they part", sides: parted });
  const names = new Map<string, [number | undefined, number | undefined]>();
  a.run.lanes.forEach((_, lane) => names.set(laneTitle(a, lane), [lane, undefined]));
  b.run.lanes.forEach((_, lane) => {
    const name = laneTitle(b, lane);
    names.set(name, [names.get(name)?.[0], lane]);
  });
  for (const [name, [left, right]] of names) {
    out.push({ name, sides: ["", ""], heading: true });
    const [l, r] = [facts(a, left), facts(b, right)];
    for (const fact of new Set([...Object.keys(l), ...Object.keys(r)])) out.push({ name: fact, sides: [l[fact] ?? "", r[fact] ?? ""] });
  }
  return out;
}

/** The bands of one run, small, without marks. */
function ribbon(model: Model, axis: string): HTMLElement {
  const rows = model.run.lanes.map((_, lane) => lane).slice(0, 8);
  const drawing = svg("svg", { class: "ribbon", viewBox: `0 0 1000 ${rows.length * 16}`, preserveAspectRatio: "none", height: rows.length * 16, role: "img", "aria-label": `Tiers over the run ${model.run.label}` });
  rows.forEach((lane, row) => {
    for (const band of model.bands(lane)) {
      const from = position(model, axis, band.from) * 1000;
      const to = position(model, axis, band.to) * 1000;
      drawing.append(svg("rect", { class: `band ${band.tier}`, x: from, y: row * 16 + 3, width: Math.max(1, to - from), height: 10 }));
    }
  });
  return h(
    "div",
    { class: "ribbon-row" },
    h("div", { class: "ribbon-names" }, ...rows.map((lane) => h("span", {}, laneTitle(model, lane)))),
    drawing,
  );
}

export class Compare {
  readonly element: HTMLElement;
  private readonly body = h("div", {});
  private readonly onlyDifferent: HTMLInputElement;

  constructor(
    private readonly store: Store,
    private readonly models: Model[],
  ) {
    this.onlyDifferent = h("input", { type: "checkbox", onchange: () => this.draw() });
    this.element = h("div", { class: "compare" }, this.body, new CodeDiff(models).element);
    store.on(["run", "axis"], () => this.draw());
    this.draw();
  }

  private draw(): void {
    const [a, b] = this.models;
    if (!a || !b) return;
    const all = lines(a, b);
    const differs = (line: Line) => line.sides[0] !== line.sides[1];
    const different = all.filter(differs).length;
    const keep = (line: Line, index: number): boolean => {
      if (!this.onlyDifferent.checked) return true;
      if (!line.heading) return differs(line);
      const next = all.findIndex((l, i) => i > index && l.heading);
      return all.slice(index + 1, next < 0 ? undefined : next).some(differs);
    };
    const choose = (run: number): Child =>
      button(this.store.state.run === run ? "shown on this page" : "show this run", () => this.store.set({ run }), {
        "aria-pressed": String(this.store.state.run === run),
      });
    replace(
      this.body,
      h(
        "div",
        { class: "sides" },
        ...[a, b].map((model, run) =>
          h("section", { class: "card" }, h("h3", {}, `${"AB"[run]}: ${model.run.label} `), choose(run), ribbon(model, this.store.state.axis)),
        ),
      ),
      h(
        "p",
        { class: "controls" },
        `${plural(different, "line")} differ${different === 1 ? "s" : ""}. `,
        h("label", { class: "check" }, this.onlyDifferent, " only what differs"),
      ),
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "Comparison" },
        h(
          "table",
          { class: "compare-table" },
          h("thead", {}, h("tr", {}, h("td", {}), ...[a, b].map((model, run) => h("th", { scope: "col" }, `${"AB"[run]}: ${model.run.label}`)))),
          h(
            "tbody",
            {},
            ...all.filter(keep).map((line) =>
              line.heading
                ? h("tr", { class: "group" }, h("th", { scope: "colgroup", colspan: 3 }, line.name))
                : h(
                    "tr",
                    { class: differs(line) ? "differs" : "" },
                    h("th", { scope: "row" }, differs(line) ? h("span", { class: "ne", title: "differs" }, "≠ ") : "", line.name),
                    ...line.sides.map((side) => h("td", {}, side)),
                  ),
            ),
          ),
        ),
      ),
    );
  }
}
