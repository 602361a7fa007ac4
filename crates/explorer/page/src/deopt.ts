// The deoptimisation inspector: what the code relied on, what was there instead, and how the interpreter's frames were made of it.

import { button, h, replace } from "./dom";
import { explained, term } from "./glossary";
import { key, type Model } from "./model";
import type { Deopt, Frame, Held } from "./report";
import type { Store } from "./store";
import { count } from "./text";

export class Inspector {
  readonly element: HTMLElement;
  private readonly choice: HTMLSelectElement;
  private readonly body = h("div", { class: "inspector" });
  private readonly bar: HTMLElement;

  constructor(
    private readonly store: Store,
    private readonly model: () => Model,
    private readonly go: (now: number) => void,
  ) {
    this.choice = h("select", { "aria-label": "Deoptimisation" });
    this.choice.addEventListener("change", () => this.pick(Number(this.choice.value)));
    this.bar = h(
      "p",
      { class: "controls stepper" },
      button("‹", () => this.move(-1), { "aria-label": "The one before" }),
      this.choice,
      button("›", () => this.move(1), { "aria-label": "The next one" }),
    );
    this.element = h("div", {}, this.bar, this.body);
    store.on(["run"], () => this.fill());
    store.on(["deopt"], () => this.draw());
    this.fill();
  }

  private all(): Deopt[] {
    return this.model().run.deopts.items;
  }

  private move(by: number): void {
    const next = (this.store.state.deopt ?? 0) + by;
    if (next >= 0 && next < this.all().length) this.pick(next);
  }

  private pick(deopt: number): void {
    const event = this.model().eventOfDeopt(deopt);
    this.store.set({ deopt });
    if (event !== undefined) this.go(event);
  }

  private fill(): void {
    const model = this.model();
    replace(
      this.choice,
      ...this.all().map((deopt, index) =>
        h(
          "option",
          { value: index },
          `${index + 1}. ${deopt.exit === undefined ? "not entered" : "fell back"}: unit ${deopt.unit} at ${model.where(deopt.place)}`,
        ),
      ),
    );
    this.bar.hidden = !this.all().length;
    this.draw();
  }

  private draw(): void {
    const model = this.model();
    const { deopt: number } = this.store.state;
    const deopt = number === null ? undefined : this.all()[number];
    if (!deopt) {
      replace(this.body, h("p", { class: "note" }, this.all().length ? "" : "No assumption turned out wrong in this run: compiled code never fell back."));
      return;
    }
    this.choice.value = String(number);
    const unit = model.unit(deopt.unit);
    const exit = deopt.exit === undefined ? undefined : unit?.exits?.[deopt.exit];
    const place = model.place(deopt.place);
    const show = (): void => {
      if (place) {
        const keys = new Set([key(place.function, place.pc)]);
        if (exit) keys.add(key(exit.function ?? model.own(unit!), exit.pc));
        this.store.set({
          unit: deopt.unit,
          pass: Math.max(0, (unit?.passes?.length ?? 1) - 1),
          picked: { keys, value: null, ...(exit?.state === undefined ? {} : { state: exit.state }), from: "deopt" },
        });
      }
      document.getElementById("code")?.scrollIntoView();
    };
    const left = this.model().run.deopts.left_out ?? 0;
    replace(
      this.body,
      h("p", { class: "lead" }, ...explained(deopt.words)),
      h(
        "p",
        { class: "controls" },
        button("Show the guard in source, bytecode, IR and machine code", show),
        exit && h("span", { class: "sub" }, `exit ${deopt.exit}: ${exit.words}; taken ${exit.taken === 1 ? "once" : `${count(exit.taken ?? 0)} times`} in all`),
      ),
      h(
        "div",
        { class: "flow" },
        h("section", { class: "card" }, h("h3", {}, "Expected"), h("p", { class: "big" }, deopt.expected || "—")),
        h("span", { class: "arrow-right", "aria-hidden": "true" }, "≠"),
        h("section", { class: "card seen" }, h("h3", {}, "Seen"), ...(deopt.seen.length ? deopt.seen.map(value) : [h("p", { class: "note" }, "No value: the code had no way here.")])),
      ),
      (deopt.frames ?? []).length > 0 &&
        h(
          "div",
          { class: "flow" },
          h(
            "section",
            { class: "card machine" },
            h("h3", {}, "What machine code handed over"),
            table(["where", "type", "value"], unique(deopt.machine ?? []).map((m) => [m.name, m.kind, m.value])),
          ),
          h("span", { class: "arrow-right", "aria-hidden": "true" }, "→"),
          h(
            "section",
            { class: "card frames" },
            h("h3", {}, "The interpreter's ", term("frame", "frames"), ", innermost first"),
            ...deopt.frames!.map((frame) => this.frame(frame)),
          ),
        ),
      left > 0 && h("p", { class: "note" }, `${count(left)} more are not in this report.`),
    );
  }

  private frame(frame: Frame): HTMLElement {
    const name = this.model().func(frame.function)?.name ?? `function ${frame.function}`;
    const at = frame.line === undefined ? `pc ${frame.pc}` : `line ${frame.line}, pc ${frame.pc}`;
    const rows = (all: Held[], what: string) => all.map((v) => [v.name || what, v.kind, v.value, v.from ?? ""]);
    return h(
      "article",
      {},
      h("h4", {}, name, h("span", { class: "sub" }, at), frame.inlined && h("span", { class: "tag" }, "was inlined")),
      h("p", { class: "sub" }, `The interpreter ${frame.resume}.`),
      table(["local", "type", "value", "from"], rows(frame.locals, "local")),
      frame.stack.length > 0 && table(["operand", "type", "value", "from"], rows(frame.stack, "operand")),
    );
  }
}

/** Each place once: several variables may come from one. */
function unique(all: Held[]): Held[] {
  return [...new Map(all.map((held) => [held.name, held])).values()];
}

function value(held: Held): HTMLElement {
  return h("p", { class: "big" }, h("span", { class: "sub" }, `${held.name}: `), h("b", {}, held.value), h("span", { class: "sub" }, ` ${held.kind}`));
}

export function table(head: string[], rows: string[][]): HTMLElement {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": head.join(", ") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((text) => h("td", {}, text))))),
    ),
  );
}
