// How the optimizer got there: its steps, what each says of itself, the graph of blocks and the lines that came and went.

import { steps, type Step } from "./align";
import { button, h, replace, svg } from "./dom";
import { edgeKey, layout, NODE, type Laid } from "./layout";
import type { Model } from "./model";
import { irItems, noIr, Pane, passTitle } from "./panes";
import type { Edge, Unit } from "./report";
import type { Store } from "./store";
import { duration, plural } from "./text";

const layouts = new WeakMap<Unit, Laid>();

/** The layout of all steps together. */
function laid(unit: Unit, all: Step[]): Laid {
  let found = layouts.get(unit);
  if (found) return found;
  const nodes: number[] = [];
  const edges: [number, number][] = [];
  for (const step of all) {
    const node = new Map(step.blocks.filter((b) => !b.gone).map((b) => [b.block.id, b.node]));
    for (const { node: from, block, gone } of step.blocks) {
      if (gone) continue;
      if (!nodes.includes(from)) nodes.push(from);
      for (const edge of block.edges ?? []) {
        const to = node.get(edge.to);
        if (to !== undefined) edges.push([from, to]);
      }
    }
  }
  found = layout(nodes, edges, all[0]?.blocks[0]?.node ?? 0);
  layouts.set(unit, found);
  return found;
}

export class Passes {
  readonly element: HTMLElement;
  private readonly list = h("ol", { class: "steps" });
  private readonly remarks = h("div", { class: "remarks" });
  private readonly graph = h("div", { class: "graph", tabindex: 0, role: "region", "aria-label": "Control-flow graph" });
  private readonly title = h("p", { class: "step-title" });
  private readonly slider: HTMLInputElement;
  private readonly filter: HTMLInputElement;
  private readonly lines: Pane;
  private readonly body: HTMLElement;
  private drawn: Unit | null = null;
  private readonly none = h("p", { class: "note" });

  constructor(
    private readonly store: Store,
    private readonly model: () => Model,
  ) {
    this.slider = h("input", {
      type: "range",
      min: 0,
      "aria-label": "Step of the optimizer",
      oninput: () => this.pick(this.shown()[Number(this.slider.value)] ?? 0),
    });
    this.filter = h("input", {
      type: "checkbox",
      onchange: () => store.set({ onlyChanged: this.filter.checked }),
    });
    this.lines = new Pane(store, "diff", "What changed");
    this.body = h(
      "div",
      { class: "passes" },
      h(
        "div",
        { class: "pass-bar" },
        button("‹", () => this.move(-1), { "aria-label": "Step before", title: "Step before (key [)" }),
        this.slider,
        button("›", () => this.move(1), { "aria-label": "Next step", title: "Next step (key ])" }),
        this.title,
        h("label", { class: "check" }, this.filter, " only passes that changed something"),
      ),
      h(
        "div",
        { class: "pass-columns" },
        h("div", { class: "pass-list", tabindex: 0, role: "region", "aria-label": "Steps" }, this.list),
        this.graph,
        h("div", { class: "pass-text" }, this.remarks, this.lines.element),
      ),
    );
    this.element = h("div", {}, this.none, this.body);
    store.on(["run", "unit", "onlyChanged"], () => this.draw());
    store.on(["pass"], () => this.step());
    store.on(["hover", "picked"], () => this.mark());
    this.draw();
  }

  private unit(): Unit | null {
    return this.model().unit(this.store.state.unit);
  }

  /** The steps that the slider goes through. */
  private shown(): number[] {
    const passes = this.unit()?.passes ?? [];
    const all = passes.map((_, index) => index);
    return this.store.state.onlyChanged ? all.filter((index) => index === 0 || passes[index]!.changed) : all;
  }

  private pick(pass: number): void {
    this.store.set({ pass });
  }

  /** One step to and fro. */
  move(by: 1 | -1): void {
    const shown = this.shown();
    const { pass } = this.store.state;
    const next = by === 1 ? shown.find((i) => i > pass) : [...shown].reverse().find((i) => i < pass);
    if (next !== undefined) this.pick(next);
  }

  private draw(): void {
    const unit = this.unit();
    const passes = unit?.passes ?? [];
    this.body.hidden = !passes.length;
    this.none.hidden = passes.length > 0;
    if (!unit || !passes.length) {
      const optimized = this.model().units.find((u) => u.passes?.length);
      replace(
        this.none,
        unit ? `${noIr(unit)} ` : "No unit is chosen. ",
        optimized
          ? button(`Show unit ${optimized.id}, which was optimized`, () =>
              this.store.set({ unit: optimized.id, lane: optimized.lane, pass: (optimized.passes?.length ?? 1) - 1 }),
            )
          : "Nothing was optimized in this run.",
      );
      return;
    }
    this.filter.checked = this.store.state.onlyChanged;
    const shown = this.shown();
    this.slider.max = String(Math.max(0, shown.length - 1));
    const all = steps(unit);
    replace(
      this.list,
      ...shown.map((index) => {
        const step = all[index]!;
        const { name, changed, nanos } = step.pass;
        const added = step.blocks.flatMap((b) => b.lines).filter((l) => l.mark === "added").length;
        const removed = step.blocks.flatMap((b) => b.lines).filter((l) => l.mark === "removed").length;
        const what =
          index === 0 ? "the start" : !changed ? "no change" : step.renumbered ? "renumbered" : `+${added} −${removed}`;
        return h(
          "li",
          { class: changed ? "changed" : "unchanged", "data-pass": index },
          button(h("span", {}, name, h("span", { class: "sub" }, what)), () => this.pick(index), {
            title: nanos === undefined ? null : duration(nanos),
          }),
        );
      }),
    );
    this.step();
  }

  private step(): void {
    const unit = this.unit();
    const { pass } = this.store.state;
    const all = unit ? steps(unit) : [];
    const step = all[pass];
    if (!unit || !step) return;
    const shown = this.shown();
    this.slider.value = String(Math.max(0, shown.findLastIndex((index) => index <= pass)));
    const nanos = step.pass.nanos === undefined ? "" : `, ${duration(step.pass.nanos)}`;
    const place = `step ${pass + 1} of ${all.length}${nanos}`;
    this.slider.setAttribute("aria-valuetext", `${passTitle(step.pass.name)}, ${place}`);
    replace(this.title, h("b", {}, passTitle(step.pass.name)), h("span", { class: "sub" }, place));
    for (const item of this.list.querySelectorAll<HTMLElement>("[data-pass]")) {
      const here = Number(item.dataset.pass) === pass;
      item.firstElementChild!.setAttribute("aria-current", here ? "step" : "false");
      if (here) this.scrollTo(item);
    }
    this.showRemarks(step);
    const lines = step.blocks.reduce((sum, b) => sum + (b.gone ? 0 : b.lines.filter((l) => l.mark !== "removed").length), 0);
    this.lines.show(irItems(this.model(), unit, pass, true), plural(lines, "instruction"));
    this.drawGraph(unit, all, step);
  }

  private scrollTo(item: HTMLElement): void {
    const view = item.closest<HTMLElement>(".pass-list")!;
    const top = item.offsetTop - view.offsetTop;
    if (top < view.scrollTop || top + item.offsetHeight > view.scrollTop + view.clientHeight) {
      view.scrollTop = top - view.clientHeight / 3;
    }
  }

  private showRemarks(step: Step): void {
    const remarks = step.pass.remarks ?? [];
    const own = this.model().own(this.unit()!);
    const quiet = !step.pass.changed
      ? "This pass found nothing to do."
      : step.renumbered
        ? "Values and blocks got new numbers; nothing else changed."
        : step.pass.name === "built"
          ? "What the builder made of the bytecode and of what the profile had seen."
          : "The pass made no remarks.";
    replace(
      this.remarks,
      h("h3", {}, "Remarks"),
      remarks.length
        ? h(
            "ul",
            {},
            ...remarks.map((remark) => {
              const { pc, value } = remark;
              const keys = new Set(pc === undefined ? [] : [`${remark.function ?? own}:${pc}`]);
              const pick = () => this.store.set({ picked: { keys, value: value ?? null, from: "remark" } });
              return h("li", {}, keys.size || value !== undefined ? button(remark.words, pick, { class: "plain" }) : remark.words);
            }),
          )
        : h("p", { class: "note" }, quiet),
    );
  }

  private drawGraph(unit: Unit, all: Step[], step: Step): void {
    const at = laid(unit, all);
    const drawing = svg("svg", {
      width: at.width,
      height: at.height,
      viewBox: `0 0 ${at.width} ${at.height}`,
      role: "group",
      "aria-label": `${step.blocks.filter((b) => !b.gone).length} blocks`,
    });
    const node = new Map(step.blocks.filter((b) => !b.gone).map((b) => [b.block.id, b.node]));
    // Labels stand over all lines.
    const labels = svg("g", {});
    for (const { node: from, block, gone } of step.blocks) {
      if (gone) continue;
      // The way to what stands further left starts further left.
      const ways = (block.edges ?? []).flatMap((edge) => {
        const to = node.get(edge.to);
        return to === undefined ? [] : [{ edge, to, x: at.via.get(edgeKey(from, to))?.[0]?.x ?? at.x.get(to) ?? 0 }];
      });
      ways.sort((a, b) => a.x - b.x);
      ways.forEach(({ edge, to }, i) => {
        this.drawEdge(drawing, at, from, to, ways.length < 2 ? 0 : i === 0 ? -1 : 1, edge, labels);
      });
    }
    drawing.append(labels);
    for (const { node: number, block, lines, gone } of step.blocks) {
      const x = (at.x.get(number) ?? 0) - NODE.width / 2;
      const y = at.y.get(number) ?? 0;
      const added = lines.filter((l) => l.mark === "added").length;
      const removed = lines.filter((l) => l.mark === "removed").length;
      const end = block.lines[block.lines.length - 1]?.text ?? "";
      const leaves = /^(exit|return)\b/.exec(end)?.[1];
      const pick = (): void => {
        this.lines.revealHeading(`b${block.id}${block.params ? `(${block.params})` : ""}`);
        const keys = new Set(block.lines.flatMap((line) => this.model().origin(unit, line) ?? []));
        this.store.set({ picked: { keys, value: null, from: "diff" } });
      };
      const change = gone ? "removed" : added || removed ? `+${added} −${removed}` : "";
      const sub = leaves ? clip(end, 24) : `${plural(block.lines.length, "line")}${block.pc === undefined ? "" : ` from pc ${block.pc}`}`;
      drawing.append(
        svg(
          "g",
          {
            class: `node${gone ? " gone" : ""}${change && !gone ? " touched" : ""}`,
            transform: `translate(${x} ${y})`,
            tabindex: 0,
            role: "button",
            "data-block": block.id,
            onclick: pick,
            onkeydown: ((event: KeyboardEvent) => {
              if (event.key !== "Enter" && event.key !== " ") return;
              event.preventDefault();
              pick();
            }) as EventListener,
          },
          svg("rect", { width: NODE.width, height: NODE.height, rx: 6 }),
          svg("text", { class: "node-name", x: 12, y: 23 }, `b${block.id} `),
          svg("text", { class: "node-change", x: NODE.width - 12, y: 23, "text-anchor": "end" }, change && `${change} `),
          svg("text", { class: "node-sub", x: 12, y: 43 }, sub),
        ),
      );
    }
    // From step to step the view stays; of another unit it begins at the entry.
    const { scrollLeft, scrollTop } = this.graph;
    const entry = at.x.get(all[0]!.blocks[0]?.node ?? 0) ?? 0;
    replace(this.graph, drawing);
    const same = this.drawn === unit;
    this.drawn = unit;
    this.graph.scrollTo(same ? scrollLeft : entry - this.graph.clientWidth / 2, same ? scrollTop : 0);
    this.mark();
  }

  private drawEdge(drawing: SVGElement, at: Laid, from: number, to: number, side: number, edge: Edge, labels: SVGElement): void {
    const { label, percent } = edge;
    const left = at.x.get(from) ?? 0;
    const x1 = left + side * 26;
    const y1 = (at.y.get(from) ?? 0) + NODE.height;
    const x2 = at.x.get(to) ?? 0;
    const y2 = at.y.get(to) ?? 0;
    const width = 1 + ((percent ?? (label ? 50 : 100)) / 100) * 1.4;
    const via = at.via.get(edgeKey(from, to)) ?? [];
    const back = at.back.has(edgeKey(from, to));
    let d: string;
    if (back && via.length) {
      const start = via[0]!;
      const end = via[via.length - 1]!;
      const turn = 14;
      d = `M${left + NODE.width / 2} ${start.y + 8}H${start.x - turn}Q${start.x} ${start.y + 8} ${start.x} ${start.y + 8 - turn}`;
      for (let i = 1; i < via.length; i++) {
        const [a, b] = [via[i - 1]!, via[i]!];
        const low = a.y - NODE.height / 2;
        const high = b.y + NODE.height / 2;
        const middle = (low + high) / 2;
        d += `L${a.x} ${low}C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${high}`;
      }
      d += `L${end.x} ${end.y - 8 + turn}Q${end.x} ${end.y - 8} ${end.x - turn} ${end.y - 8}H${x2 + NODE.width / 2 + 7}`;
    } else {
      const points = [{ x: x1, y: y1 }, ...via, { x: x2, y: y2 - 7 }];
      d = `M${x1} ${y1}`;
      for (let i = 1; i < points.length; i++) {
        const [a, b] = [points[i - 1]!, points[i]!];
        const [low, high] = [i === 1 ? a.y : a.y + NODE.height / 2, i === points.length - 1 ? b.y : b.y - NODE.height / 2];
        const middle = (low + high) / 2;
        if (low !== a.y) d += `L${a.x} ${low}`;
        d += `C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${high}`;
      }
    }
    drawing.append(svg("path", { class: "edge", d, "stroke-width": width, "marker-end": "url(#arrow)" }));
    if (label) {
      const text = percent === undefined ? label : `${label} ${percent}%`;
      const place = { x: x1 + side * 9, y: y1 + 14, "text-anchor": side < 0 ? "end" : "start" };
      labels.append(svg("text", { class: "edge-label", ...place }, text));
    }
  }

  /** Outlines the blocks that hold what is pointed at. */
  private mark(): void {
    const unit = this.unit();
    const step = unit ? steps(unit)[this.store.state.pass] : undefined;
    if (!unit || !step) return;
    const { hover, picked } = this.store.state;
    for (const element of this.graph.querySelectorAll<SVGElement>("[data-block]")) {
      const block = step.blocks.find((b) => String(b.block.id) === element.dataset.block)?.block;
      const holds = (link: typeof hover): boolean =>
        !!link &&
        !!block?.lines.some((line) =>
          (link.value !== null && line.value === link.value) || (link.state !== undefined && line.state === link.state) || link.keys.has(this.model().origin(unit, line) ?? ""),
        );
      element.classList.toggle("linked", holds(hover));
      element.classList.toggle("picked", holds(picked));
    }
  }
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The arrow head that all edges share. */
export function arrowHead(): SVGElement {
  return svg(
    "svg",
    { class: "defs", width: 0, height: 0, "aria-hidden": "true" },
    svg(
      "defs",
      {},
      svg(
        "marker",
        { id: "arrow", viewBox: "0 0 8 8", refX: 1, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
        svg("path", { d: "M0 0L8 4L0 8z", class: "arrow" }),
      ),
    ),
  );
}
