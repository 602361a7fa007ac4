// Source, bytecode, IR and machine code side by side. What belongs together has the same colour, is outlined together under
// the pointer, and a click brings it into view in the other panes.

import { append, h, onceAFrame, replace, type Child } from "./dom";
import { ListView } from "./list";
import { key, type Model } from "./model";
import type { CodeLine, Unit } from "./report";
import { steps, type DiffLine } from "./align";
import type { Link, Store } from "./store";
import { count, short } from "./text";

interface Item {
  /** A heading between rows, or a row. */
  heading?: string;
  keys: string[];
  value: number | null;
  /** The frame state that it leaves to, if it does. */
  state?: number | undefined;
  width: number;
  render(row: HTMLElement): void;
}

/** How well an item fits a link: not, by its place, or by its very value. */
function fits(link: Link | null, item: Item): 0 | 1 | 2 {
  if (!link || item.heading !== undefined) return 0;
  if (link.value !== null && item.value === link.value) return 2;
  if (link.state !== undefined && item.state === link.state) return 2;
  return item.keys.some((k) => link.keys.has(k)) ? 1 : 0;
}

/** A pane: a titled list of things that have places. */
export class Pane {
  readonly element: HTMLElement;
  readonly list: ListView;
  private items: Item[] = [];
  private readonly note = h("p", { class: "note" });
  private readonly sub = h("span", { class: "sub" });

  constructor(
    private readonly store: Store,
    readonly name: string,
    title: string,
    private readonly onPick?: (link: Link) => void,
  ) {
    this.list = new ListView({
      label: title,
      render: (index, row) => this.items[index]!.render(row),
      style: (index, row) => this.style(index, row),
      onHover: (index) => store.set({ hover: this.link(index) }),
      onPick: (index) => {
        const picked = this.link(index);
        if (!picked) return;
        store.set({ picked });
        this.onPick?.(picked);
      },
    });
    this.element = h(
      "section",
      { class: `pane ${name}`, "aria-label": title },
      h("h3", {}, title, " ", this.sub),
      this.note,
      this.list.element,
    );
    this.list.element.hidden = true;
    store.on(["hover"], () => this.list.restyle());
    store.on(["picked"], ({ picked }) => {
      this.list.restyle();
      if (picked && picked.from !== name) this.reveal(picked);
    });
  }

  show(items: Item[], sub: Child, note: Child = ""): void {
    this.items = items;
    replace(this.sub, sub);
    replace(this.note, note);
    this.note.hidden = !note;
    this.list.show(items.length, Math.max(0, ...items.map((item) => item.width)));
  }

  subtitle(text: string): void {
    replace(this.sub, text);
  }

  /** Makes the rows again, after counters or marks changed. */
  refresh(): void {
    this.list.refresh();
  }

  /** Brings what fits a link best into view. */
  reveal(link: Link): boolean {
    let at = this.items.findIndex((item) => fits(link, item) === 2);
    if (at < 0) at = this.items.findIndex((item) => fits(link, item) === 1);
    if (at < 0) return false;
    this.list.reveal(at);
    this.list.activate(at);
    return true;
  }

  revealHeading(heading: string): void {
    const at = this.items.findIndex((item) => item.heading === heading);
    if (at >= 0) this.list.reveal(at, true);
  }

  private link(index: number | null): Link | null {
    const item = index === null ? undefined : this.items[index];
    if (!item || item.heading !== undefined || !(item.keys.length || item.value !== null || item.state !== undefined)) return null;
    const { keys, value, state } = item;
    return { keys: new Set(keys), value, ...(state === undefined ? {} : { state }), from: this.name };
  }

  private style(index: number, row: HTMLElement): void {
    const { hover, picked } = this.store.state;
    const item = this.items[index]!;
    row.classList.toggle("linked", fits(hover, item) > 0);
    row.classList.toggle("exact", fits(hover, item) === 2);
    const chosen = fits(picked, item) > 0;
    row.classList.toggle("picked", chosen);
    row.setAttribute("aria-selected", String(chosen));
  }
}

function cell(name: string, ...children: Child[]): HTMLElement {
  return h("span", { class: name }, ...children);
}

/** The coloured edge of a row, one of six colours by source line. */
function stripe(line: number | undefined): HTMLElement {
  return cell(line === undefined ? "stripe" : `stripe c${line % 6}`);
}

function heat(executed: number, most: number): HTMLElement {
  const element = cell("heat");
  const share = most > 0 && executed > 0 ? (1 + Math.log(executed)) / (1 + Math.log(most)) : 0;
  element.style.opacity = String(Math.min(1, share));
  return element;
}

function heading(text: string, more = ""): Item {
  return {
    heading: text,
    keys: [],
    value: null,
    width: text.length + more.length,
    render: (row) => {
      row.classList.add("heading");
      row.append(cell("text", text), cell("more", more));
    },
  };
}

/** The rows of a step of the optimizer, with or without what it removed. */
export function irItems(model: Model, unit: Unit, pass: number, withRemoved: boolean): Item[] {
  const step = steps(unit)[pass];
  if (!step) return [];
  const items: Item[] = [];
  for (const { block, lines, gone } of step.blocks) {
    if (gone && !withRemoved) continue;
    const params = block.params ? `(${block.params})` : "";
    items.push(heading(`b${block.id}${params}`, gone ? " removed" : ""));
    for (const diff of lines) if (withRemoved || diff.mark !== "removed") items.push(irItem(model, unit, diff));
  }
  return items;
}

function irItem(model: Model, unit: Unit, { line, mark }: DiffLine): Item {
  const own = model.own(unit);
  const func = line.function ?? own;
  const origin = model.origin(unit, line);
  const keys = origin === null ? [] : [origin];
  return {
    keys,
    value: line.value ?? null,
    state: line.state,
    width: line.text.length + 14,
    render: (row) => {
      if (mark !== "same") row.classList.add(mark);
      const sign = { same: "", added: "+", removed: "−" }[mark];
      const inlined = line.function !== undefined && line.function !== own;
      append(row, [
        stripe(keys[0] === undefined ? undefined : model.lineOf(keys[0])),
        cell("sign", sign),
        cell("text", line.text),
        cell("side", inlined && cell("tag", `in ${model.func(func)?.name ?? "?"}`), cell("pc", line.pc === undefined ? "" : `pc ${line.pc}`)),
      ]);
    },
  };
}

/** The four panes of the section on code. */
export class CodePanes {
  readonly element: HTMLElement;
  private readonly source: Pane;
  private readonly bytecode: Pane;
  private readonly ir: Pane;
  private readonly machine: Pane;
  private readonly drawCounts = onceAFrame(() => this.counts());

  constructor(
    private readonly store: Store,
    private readonly model: () => Model,
  ) {
    this.source = new Pane(store, "source", "Source");
    this.bytecode = new Pane(store, "bytecode", "Bytecode");
    this.ir = new Pane(store, "ir", "IR");
    this.machine = new Pane(store, "machine", "Machine code");
    const panes = [this.source, this.bytecode, this.ir, this.machine];
    this.element = h("div", { class: "panes" }, ...panes.map((pane) => pane.element));
    store.on(["run"], () => this.all());
    store.on(["unit", "pass"], () => this.unit());
    store.on(["now"], this.drawCounts);
    this.all();
  }

  private all(): void {
    this.showSource();
    this.showBytecode();
    this.unit();
  }

  private counts(): void {
    this.source.refresh();
    this.bytecode.refresh();
    this.bytecode.subtitle(this.asOf());
    this.showMoment();
  }

  /** When the counters shown were taken. */
  private asOf(): string {
    const at = this.model().countedAt(this.store.state.now);
    return at === null ? "counts of the whole run" : `counts after ${count(at)} instructions`;
  }

  /** Executions of a line at the moment: those of its busiest instruction. */
  private ofLine(line: number): number {
    const now = this.store.state.now;
    let most = 0;
    for (const spot of this.model().keysAt(line)) {
      const [func, pc] = spot.split(":").map(Number);
      most = Math.max(most, this.model().known(func!, pc!, now).executed);
    }
    return most;
  }

  private most(): number {
    let most = 0;
    for (const func of this.model().run.program.functions) {
      for (const row of func.rows.items) most = Math.max(most, row.executed ?? 0);
    }
    return most;
  }

  private showSource(): void {
    const model = this.model();
    const most = this.most();
    const items = model.lines.map((text, index): Item => {
      const line = index + 1;
      const keys = [...model.keysAt(line)];
      return {
        keys,
        value: null,
        width: text.length + 16,
        render: (row) => {
          const executed = this.ofLine(line);
          append(row, [
            stripe(keys.length ? line : undefined),
            heat(executed, most),
            cell("number", line),
            cell("text", text || " "),
            cell("side", cell("count", executed ? short(executed) : "")),
          ]);
          if (executed) row.title = `line ${line}: executed ${count(executed)} times`;
        },
      };
    });
    this.source.show(items, model.run.program.name, items.length ? "" : "The program came without its text.");
  }

  private showBytecode(): void {
    const model = this.model();
    const most = this.most();
    const items: Item[] = [];
    model.run.program.functions.forEach((func, number) => {
      items.push(heading(func.name));
      for (const row of func.rows.items) {
        items.push({
          keys: [key(number, row.pc)],
          value: null,
          width: row.text.length + 30,
          render: (element) => {
            const known = model.known(number, row.pc, this.store.state.now);
            element.append(
              stripe(row.line),
              heat(known.executed, most),
              cell("number", row.pc),
              cell("text", row.text),
              cell("side", known.kinds.length > 0 && cell("kinds", known.kinds.join(", ")), cell("count", known.executed ? short(known.executed) : "")),
            );
            const seen = known.kinds.length ? `; operands seen: ${known.kinds.join(", ")}` : "";
            element.title = `executed ${count(known.executed)} times${seen}`;
          },
        });
      }
      if (func.rows.left_out) items.push(heading("", `${count(func.rows.left_out)} more instructions left out`));
    });
    this.bytecode.show(items, this.asOf());
  }

  private unit(): void {
    const model = this.model();
    const unit = model.unit(this.store.state.unit);
    if (!unit) {
      const why = "No unit is chosen. Choose one above, or click a coloured bar in the timeline.";
      this.ir.show([], "", why);
      this.machine.show([], "", why);
      return;
    }
    const pass = unit.passes?.[this.store.state.pass];
    if (pass) this.ir.show(irItems(model, unit, this.store.state.pass, false), passTitle(pass.name));
    else this.ir.show([], "", noIr(unit));
    this.machine.show(this.machineItems(unit), `${count(unit.code_bytes ?? 0)} bytes`, machineNote(unit));
    const { picked } = this.store.state;
    const place = model.place(unit.place);
    if (picked) for (const pane of [this.ir, this.machine]) pane.reveal(picked);
    else if (place) {
      const link: Link = { keys: new Set([key(place.function, place.pc)]), value: null, from: "" };
      this.source.reveal(link);
      this.bytecode.reveal(link);
    }
    this.showMoment();
  }

  /** Whether the unit can run at this moment. */
  private showMoment(): void {
    const unit = this.model().unit(this.store.state.unit);
    const { now } = this.store.state;
    const state = unit ? unitState(unit, now) : "";
    for (const pane of [this.ir, this.machine]) pane.element.dataset.moment = state;
  }

  private machineItems(unit: Unit): Item[] {
    const model = this.model();
    const items: Item[] = unit.code.items.map((line: CodeLine, index): Item => {
      const origin = model.origin(unit, line);
      const keys = origin === null ? [] : [origin];
      const exit = line.exit === undefined ? undefined : unit.exits?.[line.exit];
      // A way out is named where it begins, and by what jumps to it.
      const named = exit && (line.target !== undefined || unit.code.items[index - 1]?.exit !== line.exit);
      return {
        keys,
        value: line.value ?? null,
        state: exit?.state,
        width: line.text.length + 22,
        render: (row) => {
          append(row, [
            stripe(keys[0] === undefined ? undefined : model.lineOf(keys[0])),
            cell("number", line.offset.toString(16)),
            cell("text", line.text),
            cell("side", named && cell("tag", `${line.target === undefined ? "exit" : "to exit"} ${line.exit}: ${exit.reason.replaceAll("_", " ")}`), cell("pc", line.pc === undefined ? "" : `pc ${line.pc}`)),
          ]);
          const computes = line.value === undefined ? "" : `for v${line.value} of the IR`;
          const leaves = exit ? `${line.target === undefined ? "part of" : "jumps to"} exit ${line.exit}: ${exit.words}` : "";
          row.title = [computes, leaves].filter(Boolean).join("; ");
        },
      };
    });
    if (unit.code.left_out) items.push(heading("", `${count(unit.code.left_out)} more instructions left out`));
    return items;
  }
}

export function passTitle(name: string): string {
  return name === "built" ? "as built" : `after ${name}`;
}

function machineNote(unit: Unit): string {
  return unit.code.items.length ? "" : "The report has no listing of this unit.";
}

/** Where a unit is in its life. */
export function unitState(unit: Unit, now: number): string {
  if (unit.started !== undefined && now < unit.started) return "not compiled yet";
  if (unit.removed !== undefined && now >= unit.removed) return "taken out";
  if (unit.installed !== undefined && now >= unit.installed) return "in use";
  return unit.installed === undefined && unit.why ? "given up" : "being compiled";
}

/** Why there is no IR to show. */
export function noIr(unit: Unit): string {
  return unit.tier === "baseline"
    ? `Unit ${unit.id} is baseline code: it is made in one pass, without IR.`
    : `The report has no IR of unit ${unit.id}.`;
}
