// The guided tour: one compile, one refusal and one deoptimisation of the program at hand.

import { button, h, replace } from "./dom";
import { explained } from "./glossary";
import type { Model } from "./model";
import type { Store } from "./store";
import { count } from "./text";
import { laneTitle } from "./summary";

interface Stop {
  title: string;
  words: string;
  /** The section it is about. */
  section: string;
  /** The event that becomes now. */
  now?: number;
  /** What else is to be chosen. */
  prepare?: () => void;
}

export class Tour {
  private readonly card = h("div", { class: "tour", role: "dialog", "aria-label": "Guided tour", tabindex: -1 });
  private stops: Stop[] = [];
  private at = 0;
  private before: HTMLElement | null = null;

  constructor(
    private readonly store: Store,
    private readonly model: () => Model,
    private readonly go: (now: number) => void,
  ) {
    this.card.hidden = true;
    document.body.append(this.card);
    this.card.addEventListener("keydown", (event) => {
      const keys: Record<string, () => void> = { Escape: () => this.end(), ArrowRight: () => this.move(1), ArrowLeft: () => this.move(-1) };
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    });
  }

  start(): void {
    this.before = document.activeElement as HTMLElement | null;
    this.stops = this.plan();
    this.at = 0;
    this.card.hidden = false;
    this.show();
  }

  private plan(): Stop[] {
    const model = this.model();
    const { store } = this;
    const stops: Stop[] = [
      {
        title: "What a JIT does",
        words: `A program starts out interpreted: its bytecode is carried out one instruction at a time, and counted. What runs often becomes hot and is compiled to machine code. If the code's assumptions turn out wrong, it hands back to the interpreter. This page shows how that went for ${model.run.program.name}.`,
        section: "summary",
        now: 0,
      },
      {
        title: "The timeline",
        words: "Each row is a function or a loop. Its band gets stronger as it climbs from the interpreter to baseline code and to optimized code; marks say when something happened. Drag the slider below to set what counts as now: every pane of the page follows.",
        section: "timeline",
      },
    ];
    const unit = model.units.find((u) => u.tier === "optimizing" && u.installed !== undefined) ?? model.units.find((u) => u.installed !== undefined);
    if (unit) {
      const lane = laneTitle(model, unit.lane);
      const choose = (pass: number) => () => store.set({ unit: unit.id, lane: unit.lane, pass });
      const last = Math.max(0, (unit.passes?.length ?? 1) - 1);
      const hot = model.events.findLastIndex((e, i) => e.kind === "hot" && e.lane === unit.lane && i <= (unit.started ?? 0));
      if (hot >= 0) stops.push({ title: "It gets hot", words: `${model.words(hot)} That is worth compiling. In the bytecode below, the strip on the left gets stronger the more often an instruction has run so far.`, section: "code", now: hot, prepare: choose(0) });
      stops.push({
        title: "It is compiled",
        words: `Unit ${unit.id} is compiled for ${lane}${unit.assumes?.length ? `. It assumes what the profile has seen: ${unit.assumes.join(", ")}` : ""}. Point at a line in any pane, and what belongs to it is outlined in the others.`,
        section: "code",
        ...(unit.ended === undefined ? {} : { now: unit.ended }),
        prepare: choose(last),
      });
      const changed = (unit.passes ?? []).findIndex((pass, i) => i > 0 && pass.changed && pass.remarks?.length);
      if (changed > 0) {
        const pass = unit.passes![changed]!;
        stops.push({ title: "The optimizer at work", words: `The passes rewrite the IR step by step. This is ${pass.name}; it says: “${pass.remarks![0]!.words}”. Lines with a plus are new, those with a minus are gone.`, section: "passes", prepare: choose(changed) });
      }
    } else {
      stops.push({ title: "Nothing was compiled", words: "In this run nothing became hot enough to be compiled, so there is no machine code to show.", section: "timeline" });
    }
    const refused = model.events.findIndex((e) => e.kind === "refuse" || e.kind === "leave_alone");
    stops.push(
      refused >= 0
        ? { title: "A refusal", words: `${model.words(refused)} Each refusal has its reason, and often something that you can do about it.`, section: "why", now: refused, prepare: () => store.set({ lane: model.events[refused]!.lane ?? null }) }
        : { title: "No refusal", words: "In this run nothing that got hot was refused. If something had been, its reason would stand here.", section: "why" },
    );
    const deopt = model.run.deopts.items.findIndex((d) => d.exit !== undefined);
    const event = deopt < 0 ? undefined : model.eventOfDeopt(deopt);
    if (deopt >= 0 && event !== undefined) {
      const { words } = model.run.deopts.items[deopt]!;
      stops.push({ title: "Falling back", words: `${words} On the left is what the code relied on, on the right what was there. Below, the values in machine code become the interpreter's frames, and the program goes on as if nothing had happened.`, section: "deopts", now: event, prepare: () => store.set({ deopt }) });
    } else {
      stops.push({ title: "No fall-back", words: "In this run every assumption held, so compiled code never handed back to the interpreter.", section: "deopts" });
    }
    stops.push({ title: "That was it", words: "Underlined words open their meaning. Press ? for the keys. The event log tells everything in order.", section: "summary" });
    return stops;
  }

  private move(by: number): void {
    const next = this.at + by;
    if (next < 0) return;
    if (next >= this.stops.length) return this.end();
    this.at = next;
    this.show();
  }

  private show(): void {
    const stop = this.stops[this.at]!;
    stop.prepare?.();
    if (stop.now !== undefined) this.go(stop.now);
    stop.prepare?.();
    // Where it hides least of what it speaks of.
    this.card.classList.toggle("left", ["passes", "deopts"].includes(stop.section));
    const last = this.at === this.stops.length - 1;
    replace(
      this.card,
      h("p", { class: "sub" }, `${count(this.at + 1)} of ${count(this.stops.length)}`),
      h("h2", {}, stop.title),
      h("p", {}, ...explained(stop.words)),
      h(
        "p",
        { class: "controls" },
        button("Back", () => this.move(-1), { disabled: this.at === 0 }),
        button(last ? "Done" : "Next", () => this.move(1), { class: "primary" }),
        button("End tour", () => this.end(), { class: "plain" }),
      ),
    );
    for (const section of document.querySelectorAll("main > section")) section.classList.toggle("toured", section.id === stop.section);
    document.getElementById(stop.section)?.scrollIntoView({ block: "start" });
    this.card.focus({ preventScroll: true });
  }

  private end(): void {
    this.card.hidden = true;
    for (const section of document.querySelectorAll(".toured")) section.classList.remove("toured");
    this.before?.focus();
  }
}
