// The page: its sections, and how they hang together.

import { Compare } from "./compare";
import { load } from "./data";
import { Inspector } from "./deopt";
import { button, h, onceAFrame, replace, type Child } from "./dom";
import * as glossary from "./glossary";
import { help, listen, type Shortcut } from "./keys";
import { Log, Reasons } from "./log";
import { Model } from "./model";
import { CodePanes, unitState } from "./panes";
import { arrowHead, Passes } from "./passes";
import { Pictures } from "./charts";
import type { Report, Unit } from "./report";
import { Store } from "./store";
import { laneTitle, summary } from "./summary";
import { count, kindName, kindSign, kindTone } from "./text";
import { Timeline } from "./timeline";
import { Tour } from "./tour";

class Page {
  private readonly models: Model[];
  private readonly store: Store;
  private readonly model: () => Model;

  constructor(private readonly report: Report) {
    this.models = report.runs.map((run) => new Model(run));
    this.store = new Store(this.start(0));
    this.model = () => this.models[this.store.state.run]!;
  }

  /** What is shown first of a run: its end, and the unit of the optimizer that ran most. */
  private start(run: number) {
    const model = this.models[run]!;
    const optimized = model.units.filter((u) => u.tier === "optimizing");
    const unit = optimized.sort((a, b) => (b.rounds ?? 0) - (a.rounds ?? 0))[0] ?? model.units[0];
    const deopts = model.run.deopts.items;
    const deopt = deopts.findIndex((d) => d.exit !== undefined);
    return {
      run,
      now: Math.max(0, model.events.length - 1),
      lane: null,
      unit: unit?.id ?? null,
      pass: last(unit),
      onlyChanged: true,
      hover: null,
      picked: null,
      deopt: deopt >= 0 ? deopt : deopts.length ? 0 : null,
      axis: "order" as const,
    };
  }

  /** Makes an event now, and shows what it is about. */
  private readonly go = (now: number): void => {
    const model = this.model();
    const event = model.events[now];
    const unit = model.unit(event?.unit);
    this.store.set({
      now,
      ...(unit && unit.id !== this.store.state.unit ? { unit: unit.id, pass: last(unit), picked: null } : {}),
      ...(event?.deopt === undefined ? {} : { deopt: event.deopt }),
    });
  };

  private readonly show = (section: string): void => {
    document.getElementById(section)?.scrollIntoView();
  };

  private readonly inspect = (deopt: number): void => {
    const event = this.model().eventOfDeopt(deopt);
    this.store.set({ deopt });
    if (event !== undefined) this.go(event);
    this.show("deopts");
  };

  build(): void {
    const { store, model, go } = this;
    const tour = new Tour(store, model, go);
    const passes = new Passes(store, model);
    const sections: [string, string, string, Child[]][] = [
      ["summary", "What happened", "", [this.summary()]],
      ["timeline", "Timeline", "When each place was interpreted, baseline or optimized code, and what happened there.", [this.axes(), new Timeline(store, model, go).element, legend()]],
      ["code", "Code", "The same program four times: as written, as bytecode, as the optimizer sees it, and as machine code. Point at a line to see what belongs to it; click to bring that into view.", [this.units("code"), new CodePanes(store, model).element]],
      ["passes", "Optimizer", "The IR from step to step: each pass rewrites it and keeps its meaning.", [this.units("passes"), passes.element]],
      ["why", "Why", "Each decision, with its reason.", [new Reasons(store, model, go).element]],
      ["log", "Event log", "Everything in order. Pick an event to make it now.", [new Log(store, model, go, this.inspect).element]],
      ["deopts", "Fall-backs", "Where an assumption of compiled code turned out wrong: what was expected, what was there, and how the interpreter took over.", [new Inspector(store, model, go).element]],
      ["pictures", "Costs", "What compiling cost and what it brought.", [new Pictures(store, this.report, this.models, model).element]],
    ];
    if (this.models.length > 1) {
      sections.push(["compare", "Compare", "Two runs side by side; what differs is marked.", [new Compare(store, this.models).element]]);
    }
    sections.push(["words", "Words", "The words of this page, and where each lives in the source of the virtual machine.", [glossary.glossary()]]);

    const shortcuts: Shortcut[] = [
      { keys: [","], words: "the event before becomes now", act: () => go(this.model().step(store.state.now, -1)) },
      { keys: ["."], words: "the next event becomes now", act: () => go(this.model().step(store.state.now, 1)) },
      { keys: ["["], words: "the optimizer's step before", act: () => passes.move(-1) },
      { keys: ["]"], words: "the optimizer's next step", act: () => passes.move(1) },
      { keys: ["f"], words: "the next fall-back", act: () => this.nextDeopt() },
      ...sections.slice(0, 9).map(([id, title], i): Shortcut => ({ keys: [String(i + 1)], words: `go to “${title}”`, act: () => this.jump(id) })),
      { keys: ["t"], words: "start the guided tour", act: () => tour.start() },
      { keys: ["d"], words: "light or dark", act: theme },
      { keys: ["?"], words: "these keys", act: () => dialog.showModal() },
      { keys: ["Escape"], words: "let go of what was clicked", act: () => store.set({ picked: null }) },
    ];
    const dialog = help(shortcuts);
    listen(shortcuts);

    const { program } = this.model().run;
    replace(
      document.body,
      h("a", { class: "skip", href: "#summary" }, "Skip to the summary"),
      h(
        "header",
        {},
        h("div", { class: "title" }, h("b", {}, program.name), program.arguments && h("span", { class: "sub" }, ` ${program.arguments}`)),
        h("nav", { "aria-label": "Sections", tabindex: 0 }, ...sections.map(([id, title]) => h("a", { href: `#${id}` }, title))),
        h("div", { class: "tools" }, this.runs(), button("Tour", () => tour.start(), { title: "A guided tour of this run (key t)" }), button("Keys", () => dialog.showModal(), { title: "Keyboard shortcuts (key ?)" }), button("◐", theme, { title: "Light or dark (key d)", "aria-label": "Light or dark" })),
      ),
      h(
        "main",
        {},
        h("h1", {}, "What the JIT did with ", h("span", { class: "program" }, program.name)),
        ...sections.map(([id, title, words, children]) =>
          h("section", { id, "aria-labelledby": `${id}-title`, tabindex: -1 }, h("h2", { id: `${id}-title` }, title), words && h("p", { class: "intro" }, ...glossary.explained(words)), ...children),
        ),
        h("footer", {}, `Made by ${this.report.tool}. This file needs nothing else and sends nothing.`),
      ),
      this.nowBar(),
      dialog,
      arrowHead(),
      document.querySelector(".tour"),
    );
    this.spy();
  }

  private jump(id: string): void {
    this.show(id);
    document.getElementById(id)?.focus({ preventScroll: true });
  }

  private nextDeopt(): void {
    const model = this.model();
    const next = model.events.findIndex((event, index) => index > this.store.state.now && event.deopt !== undefined);
    const index = next >= 0 ? next : model.events.findIndex((event) => event.deopt !== undefined);
    if (index >= 0) this.inspect(model.events[index]!.deopt!);
  }

  /** Which run the page shows, if there are two. */
  private runs(): HTMLElement | null {
    if (this.models.length < 2) return null;
    const choice = h("select", { "aria-label": "Run shown" }, ...this.models.map((m, i) => h("option", { value: i }, `${"AB"[i]}: ${m.run.label}`)));
    choice.addEventListener("change", () => this.store.set(this.start(Number(choice.value))));
    this.store.on(["run"], ({ run }, before) => {
      choice.value = String(run);
      if (before.unit === this.store.state.unit && before.now === this.store.state.now) this.store.set(this.start(run));
    });
    return choice;
  }

  private summary(): HTMLElement {
    const holder = h("div", {});
    const draw = (): void => {
      const { run } = this.model();
      const settings = run.settings.map((s) => `${s.name.replaceAll("-", " ")} ${s.value}`).join(", ");
      replace(
        holder,
        summary(this.model(), {
          now: (event, section) => (this.go(event), this.show(section)),
          lane: (lane) => {
            const unit = this.model().unitsOf(lane).findLast((u) => u.installed !== undefined) ?? this.model().active(lane, Infinity);
            this.store.set({ lane, ...(unit ? { unit: unit.id, pass: last(unit), picked: null } : {}) });
            this.show("timeline");
          },
          deopt: this.inspect,
        }),
        h("p", { class: "sub" }, `The program ${run.outcome.replace(/\.$/, "")}.${settings && ` Settings: ${settings}.`}`),
      );
    };
    this.store.on(["run"], draw);
    draw();
    return holder;
  }

  private axes(): HTMLElement {
    const choice = h("select", { "aria-label": "What the axis counts" });
    const fill = (): void => {
      const timed = this.model().events.some((event) => event.nanos !== undefined);
      replace(choice, h("option", { value: "order" }, "events in order"), h("option", { value: "executed" }, "instructions executed"), timed && h("option", { value: "nanos" }, "time"));
      choice.value = this.store.state.axis;
    };
    choice.addEventListener("change", () => this.store.set({ axis: choice.value as "order" }));
    this.store.on(["run", "axis"], fill);
    fill();
    return h("p", { class: "controls" }, h("label", {}, "The axis counts ", choice));
  }

  /** The choice of the unit that the panes show. */
  private units(section: string): HTMLElement {
    const choice = h("select", { "aria-label": `Unit shown, in ${section}` });
    const state = h("span", { class: "chip" });
    const fill = (): void => {
      const model = this.model();
      const lanes = [...new Set(model.units.map((unit) => unit.lane))];
      replace(
        choice,
        ...lanes.map((lane) =>
          h(
            "optgroup",
            { label: model.run.lanes[lane] ? laneTitle(model, lane) : "?" },
            ...model.unitsOf(lane).map((unit) => h("option", { value: unit.id }, `unit ${unit.id}: ${unit.tier}, ${unit.strategy}`)),
          ),
        ),
      );
      point();
    };
    const point = (): void => {
      const unit = this.model().unit(this.store.state.unit);
      choice.value = unit ? String(unit.id) : "";
      const words = unit ? unitState(unit, this.store.state.now) : "";
      replace(state, words);
      state.dataset.state = words;
      state.title = unit?.why && words === "taken out" ? `Taken out: ${unit.why}` : "";
    };
    choice.addEventListener("change", () => {
      const unit = this.model().unit(Number(choice.value));
      if (unit) this.store.set({ unit: unit.id, pass: last(unit), picked: null });
    });
    this.store.on(["run"], fill);
    this.store.on(["unit", "now"], onceAFrame(point));
    fill();
    const left = this.model().run.units.left_out ?? 0;
    return h(
      "p",
      { class: "controls" },
      h("label", {}, glossary.term("unit", "Unit"), " ", choice),
      h("span", { class: "sub" }, "now "),
      state,
      left > 0 && h("span", { class: "sub" }, `${count(left)} more units are not in this report`),
    );
  }

  /** The bar at the bottom with what counts as now. */
  private nowBar(): HTMLElement {
    const slider = h("input", { type: "range", min: 0, "aria-label": "Now: the event that all panes show", oninput: () => this.go(Number(slider.value)) });
    const words = h("p", { class: "now-words", "aria-live": "off" });
    const draw = (): void => {
      const model = this.model();
      const { now } = this.store.state;
      const event = model.events[now];
      slider.max = String(Math.max(0, model.events.length - 1));
      slider.value = String(now);
      const text = model.words(now);
      slider.setAttribute("aria-valuetext", `event ${now + 1} of ${model.events.length}: ${text}`);
      replace(
        words,
        h("span", { class: "sub" }, `${count(now + 1)} / ${count(model.events.length)} `),
        event && h("b", { class: `tone-${kindTone(event.kind)}` }, `${kindSign(event.kind)} ${kindName(event.kind)} `),
        text,
      );
      words.title = text;
    };
    this.store.on(["now", "run"], onceAFrame(draw));
    draw();
    return h(
      "aside",
      { class: "now-bar", "aria-label": "Now" },
      button("‹", () => this.go(this.model().step(this.store.state.now, -1)), { "aria-label": "Event before", title: "Event before (key ,)" }),
      slider,
      button("›", () => this.go(this.model().step(this.store.state.now, 1)), { "aria-label": "Next event", title: "Next event (key .)" }),
      words,
    );
  }

  /** Marks the section in view in the navigation. */
  private spy(): void {
    const links = new Map([...document.querySelectorAll<HTMLAnchorElement>("nav a")].map((a) => [a.hash.slice(1), a]));
    const draw = onceAFrame(() => {
      let current = "";
      for (const id of links.keys()) {
        const top = document.getElementById(id)?.getBoundingClientRect().top ?? Infinity;
        if (top < innerHeight * 0.4) current = id;
      }
      for (const [id, link] of links) {
        if (id !== current) link.removeAttribute("aria-current");
        else if (!link.hasAttribute("aria-current")) {
          link.setAttribute("aria-current", "true");
          const nav = link.parentElement!;
          nav.scrollLeft = link.offsetLeft - nav.offsetLeft - nav.clientWidth / 3;
        }
      }
    });
    addEventListener("scroll", draw, { passive: true });
    draw();
  }
}

function last(unit: Unit | undefined): number {
  return Math.max(0, (unit?.passes?.length ?? 1) - 1);
}

function theme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

function legend(): HTMLElement {
  const tier = (name: string, words: string) => h("span", {}, h("i", { class: `swatch ${name}` }), " ", ...glossary.explained(words));
  const mark = (kind: string) => h("span", {}, h("i", { class: `sign tone-${kindTone(kind)}` }, kindSign(kind)), ` ${kindName(kind)}`);
  return h(
    "p",
    { class: "legend" },
    tier("interpreter", "interpreter"),
    tier("baseline", "baseline code"),
    tier("optimizing", "optimized code"),
    tier("compiling", "compiling"),
    ...["hot", "install", "deopt", "entry_mismatch", "invalidate", "refuse"].map(mark),
  );
}

load()
  .then(({ report, glossary: words }) => {
    glossary.load(words);
    if (!report.runs.length) throw new Error("The report has no run.");
    new Page(report).build();
    document.documentElement.dataset.ready = "true";
  })
  .catch((error: unknown) => {
    document.body.replaceChildren(h("main", {}, h("h1", {}, "This report cannot be shown"), h("p", { class: "note" }, String(error))));
  });
