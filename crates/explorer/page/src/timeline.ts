// The timeline of tiers: a lane for each function and loop, a band for the tier it runs in, marks for what happened.

import { button, h, onceAFrame, replace, svg } from "./dom";
import type { Model } from "./model";
import type { Store } from "./store";
import { count, duration, isRoutine, kindName, kindSign, kindTone, plural, short, type Tone } from "./text";

const LANE = 34;
const BAND = 12;
const AXIS = 24;
const LOUD: Tone[] = ["quiet", "heat", "good", "stop", "bad"];
const FEW = 12;
/** Compiling is a bar, not a mark. */
const UNMARKED = new Set(["compile_start", "compile_end", "inline"]);

/** Where on the axis an event is, from 0 to 1. */
export function position(model: Model, axis: string, index: number): number {
  const last = model.events.length - 1;
  if (last <= 0) return 0;
  const event = model.events[Math.max(0, Math.min(last, index))]!;
  if (axis === "executed") return event.executed / Math.max(1, model.events[last]!.executed);
  if (axis === "nanos") return (event.nanos ?? 0) / Math.max(1, model.events[last]!.nanos ?? 1);
  return index / last;
}

/** The event that is nearest to a place on the axis. */
function nearest(model: Model, axis: string, at: number): number {
  let low = 0;
  let high = model.events.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (position(model, axis, middle) < at) low = middle + 1;
    else high = middle;
  }
  const before = Math.max(0, low - 1);
  const nearer = at - position(model, axis, before) < position(model, axis, low) - at;
  return nearer ? before : low;
}

export class Timeline {
  readonly element: HTMLElement;
  private readonly names = h("div", { class: "lane-names" });
  private readonly canvas = h("div", { class: "lane-canvas" });
  private readonly tip = h("div", { class: "tip", role: "status", hidden: true });
  private readonly more = h("p", { class: "note" });
  private needle: SVGElement | null = null;
  /** For each lane drawn, where its rounds stand. */
  private counters = new Map<number, HTMLElement>();
  private all = false;
  /** Read once a drawing: each event is placed by it. */
  private width = 240;
  private readonly redraw = onceAFrame(() => this.draw());

  constructor(
    private readonly store: Store,
    private readonly model: () => Model,
    private readonly go: (now: number) => void,
  ) {
    this.element = h(
      "div",
      { class: "timeline" },
      h("div", { class: "lanes" }, this.names, h("div", { class: "lane-scroll" }, this.canvas, this.tip)),
      this.more,
    );
    new ResizeObserver(this.redraw).observe(this.canvas);
    store.on(["run", "axis", "lane"], this.redraw);
    store.on(["now"], () => this.point());
    this.canvas.addEventListener("mousemove", (event) => this.hover(event));
    this.canvas.addEventListener("mouseleave", () => (this.tip.hidden = true));
    this.canvas.addEventListener("click", (event) => this.click(event));
    matchMedia("print").addEventListener("change", this.redraw);
  }

  private lanes(): number[] {
    const { lanes } = this.model().run;
    const chosen = this.store.state.lane;
    const all = lanes.map((_, index) => index);
    if (this.all || lanes.length <= FEW) return all;
    const busiest = [...all].sort((a, b) => (lanes[b]!.rounds ?? 0) - (lanes[a]!.rounds ?? 0)).slice(0, FEW);
    return all.filter((lane) => busiest.includes(lane) || lane === chosen);
  }

  private x(index: number): number {
    return 8 + position(this.model(), this.store.state.axis, index) * (this.width - 16);
  }

  private draw(): void {
    const model = this.model();
    const { lane: chosen, axis } = this.store.state;
    const lanes = this.lanes();
    const width = (this.width = Math.max(240, this.canvas.clientWidth));
    const height = lanes.length * LANE + AXIS;
    this.counters.clear();
    replace(
      this.names,
      ...lanes.map((lane) => {
        const { name, kind, rounds, parent } = model.run.lanes[lane]!;
        const title = `${name}: ${plural(rounds ?? 0, kind === "loop" ? "round" : "call")}`;
        const counter = h("span", { class: "sub" });
        this.counters.set(lane, counter);
        return button(
          h("span", { class: "lane-label" }, h("span", { class: "name" }, name), counter),
          () => this.choose(lane),
          { class: parent === undefined ? "lane" : "lane inner", "aria-pressed": String(lane === chosen), title },
        );
      }),
    );
    const hidden = model.run.lanes.length - lanes.length;
    replace(
      this.more,
      hidden > 0 && button(`Show ${plural(hidden, "more lane")}`, () => ((this.all = true), this.draw()), { class: "plain" }),
      model.run.events.left_out ? ` ${count(model.run.events.left_out)} events are not in this report.` : "",
    );
    this.more.hidden = !this.more.textContent;

    const drawing = svg("svg", {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `Timeline of ${lanes.length} lanes and ${model.events.length} events; the event log has the same as text`,
    });
    lanes.forEach((lane, row) => this.drawLane(drawing, lane, row * LANE, lane === chosen, width));
    this.drawAxis(drawing, axis, lanes.length * LANE, width);
    this.needle = svg("line", { class: "needle", y1: 0, y2: height - AXIS });
    drawing.append(this.needle);
    replace(this.canvas, drawing);
    this.point();
  }

  private drawLane(drawing: SVGElement, lane: number, top: number, chosen: boolean, width: number): void {
    const model = this.model();
    if (chosen) drawing.append(svg("rect", { class: "lane-chosen", x: 0, y: top, width, height: LANE }));
    for (const band of model.bands(lane)) {
      const left = this.x(band.from);
      const right = Math.max(left + 1, this.x(band.to));
      drawing.append(
        svg("rect", { class: `band ${band.tier}`, x: left, y: top + LANE - BAND - 4, width: right - left, height: BAND }),
      );
    }
    for (const unit of model.unitsOf(lane)) {
      if (unit.started === undefined || unit.ended === undefined) continue;
      const left = this.x(unit.started);
      const right = Math.max(left + 3, this.x(unit.ended));
      drawing.append(
        svg("rect", { class: "compile-bar", x: left, y: top + LANE - BAND - 7, width: right - left, height: 3 }),
      );
    }
    this.drawMarks(drawing, lane, top);
  }

  /** One mark for each column of pixels in which something happened: the loudest. */
  private drawMarks(drawing: SVGElement, lane: number, top: number): void {
    const model = this.model();
    const columns = new Map<number, number>();
    let ticks = "";
    let lastTick = -2;
    model.events.forEach((event, index) => {
      if (event.lane !== lane) return;
      const x = this.x(index);
      if (isRoutine(event.kind)) {
        if (x - lastTick > 1.5) {
          ticks += `M${x.toFixed(1)} ${top + LANE - 4}v-${BAND}`;
          lastTick = x;
        }
        return;
      }
      if (kindTone(event.kind) === "quiet" || UNMARKED.has(event.kind)) return;
      const column = Math.round(x / 11);
      const other = columns.get(column);
      const louder = (i: number) => LOUD.indexOf(kindTone(model.events[i]!.kind));
      if (other === undefined || louder(index) > louder(other)) columns.set(column, index);
    });
    if (ticks) drawing.append(svg("path", { class: "ticks", d: ticks }));
    for (const index of columns.values()) {
      const event = model.events[index]!;
      const attributes = { class: `mark ${kindTone(event.kind)}`, x: this.x(index), y: top + 13, "text-anchor": "middle" };
      drawing.append(svg("text", attributes, kindSign(event.kind)));
    }
  }

  private drawAxis(drawing: SVGElement, axis: string, top: number, width: number): void {
    const model = this.model();
    const last = model.events[model.events.length - 1];
    if (!last) return;
    const label = (share: number): string => {
      if (axis === "executed") return short(last.executed * share);
      if (axis === "nanos") return duration((last.nanos ?? 0) * share);
      return count(1 + (model.events.length - 1) * share);
    };
    const parts = width > 700 ? 8 : 4;
    for (let i = 0; i <= parts; i++) {
      const x = 8 + (i / parts) * (width - 16);
      const anchor = i === 0 ? "start" : i === parts ? "end" : "middle";
      drawing.append(svg("line", { class: "axis", x1: x, x2: x, y1: 0, y2: top + 4 }));
      drawing.append(svg("text", { class: "axis-label", x, y: top + 18, "text-anchor": anchor }, label(i / parts)));
    }
  }

  private point(): void {
    const x = this.x(this.store.state.now);
    this.needle?.setAttribute("x1", String(x));
    this.needle?.setAttribute("x2", String(x));
    this.count();
  }

  /** How often each lane has gone round by now. */
  private readonly count = onceAFrame(() => {
    const model = this.model();
    for (const [lane, counter] of this.counters) {
      const rounds = model.roundsAt(lane, this.store.state.now);
      const what = model.run.lanes[lane]?.kind === "loop" ? "round" : "call";
      replace(counter, rounds > 0 && ` ${short(rounds)} ${what}${rounds === 1 ? "" : "s"}`);
    }
  });

  private at(event: MouseEvent): { index: number; lane: number | undefined; x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const lane = this.lanes()[Math.floor(y / LANE)];
    const model = this.model();
    let index = nearest(model, this.store.state.axis, (x - 8) / (this.width - 16));
    // The loudest event near by in this lane, if there is one.
    let best = -1;
    for (let i = Math.max(0, index - 200); i < Math.min(model.events.length, index + 200); i++) {
      const candidate = model.events[i]!;
      if (candidate.lane !== lane || Math.abs(this.x(i) - x) > 7) continue;
      if (best < 0 || LOUD.indexOf(kindTone(candidate.kind)) > LOUD.indexOf(kindTone(model.events[best]!.kind))) best = i;
    }
    if (best >= 0) index = best;
    return { index, lane, x, y };
  }

  private hover(event: MouseEvent): void {
    const { index, x, y } = this.at(event);
    const model = this.model();
    const found = model.events[index];
    if (!found) return;
    replace(this.tip, h("b", {}, `${kindSign(found.kind)} ${kindName(found.kind)}`), ` ${model.words(index)}`);
    this.tip.hidden = false;
    this.tip.style.left = `${Math.min(x + 12, this.width - 250)}px`;
    this.tip.style.top = `${y + 16}px`;
  }

  private click(event: MouseEvent): void {
    const { index, lane } = this.at(event);
    if (lane !== undefined) this.store.set({ lane });
    this.go(index);
  }

  private choose(lane: number): void {
    const model = this.model();
    const unit = model.active(lane, this.store.state.now) ?? model.unitsOf(lane)[0] ?? null;
    this.store.set({ lane, ...(unit ? { unit: unit.id, pass: Math.max(0, (unit.passes?.length ?? 1) - 1) } : {}) });
  }
}
