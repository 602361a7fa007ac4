// The code that two runs made of the same place, side by side: what is the same stands beside each other, what is not is marked.

import { edits, shape, type Edit } from "./align";
import { h, replace } from "./dom";
import { ListView } from "./list";
import type { Model } from "./model";
import type { Unit } from "./report";
import { laneTitle } from "./summary";
import { plural } from "./text";

/** A line of code: how it reads, and what of it counts when two are compared. */
interface Line {
  text: string;
  means: string;
  heading?: boolean;
}

type Form = "IR" | "Machine code";

/** The longest line that is compared as text; a screen shows no longer one. */
const WIDEST = 120;

/** The lines of a unit. Numbers of values, blocks, frame states and addresses are names: other names make no difference. */
function lines(unit: Unit | null, form: Form): Line[] {
  if (!unit) return [];
  if (form === "Machine code") {
    return unit.code.items.map(({ text, target }) => ({ text, means: target === undefined ? text : text.replace(/0x[0-9a-f]+$/, "") }));
  }
  const last = unit.passes?.findLast((pass) => pass.blocks?.length);
  return (last?.blocks ?? []).flatMap((block) => {
    const text = `b${block.id}${block.params ? `(${block.params})` : ""}`;
    return [{ text, means: shape(text), heading: true }, ...block.lines.map((line) => ({ text: line.text, means: shape(line.text).replace(/ true \d+%$/, "") }))];
  });
}

export class CodeDiff {
  readonly element: HTMLElement;
  private readonly lane = h("select", { "aria-label": "Place whose code is compared" });
  private readonly form = h("select", { "aria-label": "Form of the code" }, ...["IR", "Machine code"].map((form) => h("option", { value: form }, form)));
  private readonly units = [0, 1].map((run) => h("select", { "aria-label": `Unit of run ${"AB"[run]}` }));
  private readonly words = h("p", { class: "sub", "aria-live": "polite" });
  private readonly list: ListView;
  private rows: Edit<Line>[] = [];

  constructor(private readonly models: Model[]) {
    this.list = new ListView({ label: "The code of both runs, line by line", render: (index, row) => this.render(index, row) });
    this.element = h(
      "div",
      { class: "code-diff" },
      h("h3", {}, "The code, side by side"),
      h("p", { class: "controls" }, h("label", {}, "Place ", this.lane), h("label", {}, "Form ", this.form), ...this.units.map((choice, run) => h("label", {}, `${"AB"[run]} `, choice))),
      this.words,
      this.list.element,
    );
    const titles = new Set(models.flatMap((model) => model.run.lanes.map((_, lane) => laneTitle(model, lane)).filter((title) => this.found(model, title).length)));
    replace(this.lane, ...[...titles].map((title) => h("option", { value: title }, title)));
    // What both have optimized code of is most worth a look.
    const ranks = [...titles].map((title) => ({ title, rank: models.reduce((sum, model) => sum + (this.best(model, title)?.passes?.length ? 2 : 1), 0) }));
    this.lane.value = ranks.sort((a, b) => b.rank - a.rank)[0]?.title ?? "";
    this.lane.addEventListener("change", () => this.fill());
    this.form.addEventListener("change", () => this.draw());
    for (const choice of this.units) choice.addEventListener("change", () => this.draw());
    this.element.hidden = !titles.size;
    this.fill();
  }

  /** The lane of a run that has this name. */
  private laneOf(model: Model, title: string): number {
    return model.run.lanes.findIndex((_, lane) => laneTitle(model, lane) === title);
  }

  private found(model: Model, title: string): Unit[] {
    return model.unitsOf(this.laneOf(model, title)).filter((unit) => unit.code.items.length);
  }

  private best(model: Model, title: string): Unit | null {
    const unit = model.busiest(this.laneOf(model, title));
    return unit?.code.items.length ? unit : (this.found(model, title).at(-1) ?? null);
  }

  private fill(): void {
    this.models.forEach((model, run) => {
      const units = this.found(model, this.lane.value);
      replace(
        this.units[run]!,
        ...units.map((unit) => h("option", { value: unit.id }, `unit ${unit.id}: ${unit.tier}, ${unit.strategy}`)),
        !units.length && h("option", { value: "" }, "none of its own"),
      );
      this.units[run]!.value = String(this.best(model, this.lane.value)?.id ?? "");
    });
    this.draw();
  }

  private draw(): void {
    const form = this.form.value as Form;
    const [a, b] = this.models.map((model, run) => lines(model.unit(Number(this.units[run]!.value || NaN)), form)) as [Line[], Line[]];
    this.rows = paired(edits(a, b, (x, y) => x.means === y.means && x.heading === y.heading));
    const same = this.rows.filter((row) => row.mark === "same").length;
    const words =
      !a.length && !b.length
        ? `Neither has ${form === "IR" ? "IR: baseline code is made without" : "a listing"}.`
        : a.length === same && b.length === same
          ? `No difference: ${plural(same, "line")}, the same on both sides but for numbers of values, addresses and percentages.`
          : `${plural(same, "line")} the same; ${plural(a.length - same, "line")} only in A, ${plural(b.length - same, "line")} only in B. Numbers of values, addresses and percentages are not compared.`;
    replace(this.words, words);
    const width = Math.min(WIDEST, Math.max(20, ...a.map((line) => line.text.length), ...b.map((line) => line.text.length)));
    this.list.show(this.rows.length, 2 * Math.min(width, 60) + 8);
  }

  private render(index: number, row: HTMLElement): void {
    const { mark, a, b } = this.rows[index]!;
    for (const [line, sign, name] of [[a, "−", "only in A"], [b, "+", "only in B"]] as const) {
      const differs = mark !== "same" && line;
      const half = h("span", { class: `half${differs ? (line === a ? " left" : " right") : ""}${line?.heading ? " heading" : ""}` });
      half.append(h("span", { class: "sign", title: differs ? name : null }, differs ? sign : ""), h("span", { class: "text", title: line?.text ?? null }, line?.text ?? ""));
      row.append(half);
    }
  }
}

/** What is only in the first and what is only in the second stand beside each other where they take each other's place. */
function paired(all: Edit<Line>[]): Edit<Line>[] {
  const out: Edit<Line>[] = [];
  let left: Edit<Line>[] = [];
  let right: Edit<Line>[] = [];
  const flush = (): void => {
    for (let i = 0; i < Math.max(left.length, right.length); i++) out.push({ mark: left[i] ? "removed" : "added", ...left[i], ...right[i] });
    [left, right] = [[], []];
  };
  for (const edit of all) {
    if (edit.mark === "removed") left.push(edit);
    else if (edit.mark === "added") right.push(edit);
    else {
      flush();
      out.push(edit);
    }
  }
  flush();
  return out;
}
