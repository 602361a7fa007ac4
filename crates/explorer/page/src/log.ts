// Why things are as they are: the explanations place by place, and the log of all events.

import { button, h, onceAFrame, replace } from "./dom";
import { explained } from "./glossary";
import { ListView } from "./list";
import type { Model } from "./model";
import type { Explanation, Topic } from "./report";
import type { Store } from "./store";
import { laneTitle } from "./summary";
import { count, duration, isRoutine, kindName, kindSign, kindTone, short } from "./text";

const TOPICS: Record<Topic, string> = {
  heat: "How hot",
  compiled: "Compiled",
  assumed: "Assumed",
  inlined: "Inlined",
  removed: "Checks removed",
  stayed: "Checks that stayed",
  refused: "Not compiled",
  fell_back: "Fell back",
  paid: "Did it pay",
};

export class Reasons {
  readonly element = h("div", { class: "reasons" });

  constructor(
    private readonly store: Store,
    private readonly model: () => Model,
    private readonly go: (now: number) => void,
  ) {
    store.on(["run", "lane"], () => this.draw());
    store.on(["now"], onceAFrame(() => this.dim()));
    this.draw();
  }

  private draw(): void {
    const { run } = this.model();
    const { lane: chosen } = this.store.state;
    const all = run.explanations;
    const lanes = run.lanes.map((_, i) => i).filter((lane) => all.some((e) => e.lane === lane));
    const choices = h(
      "select",
      { "aria-label": "Show the reasons of" },
      h("option", { value: "" }, "all places"),
      ...lanes.map((lane) => h("option", { value: lane, selected: lane === chosen }, laneTitle(this.model(), lane))),
    );
    choices.addEventListener("change", () => {
      this.store.set({ lane: choices.value === "" ? null : Number(choices.value) });
    });
    const shown = lanes.filter((lane) => chosen === null || lane === chosen || !lanes.includes(chosen));
    const loose = all.filter((e) => e.lane === undefined);
    replace(
      this.element,
      h("p", { class: "controls" }, h("label", {}, "Reasons for ", choices)),
      ...shown.map((lane) => this.place(lane, all.filter((e) => e.lane === lane))),
      loose.length > 0 && h("article", {}, h("h3", {}, "The whole program"), ...loose.map((e) => this.sentence(e))),
      !all.length && h("p", { class: "note" }, "The report has no explanations."),
    );
    this.dim();
  }

  private place(lane: number, sentences: Explanation[]): HTMLElement {
    return h("article", {}, h("h3", {}, laneTitle(this.model(), lane)), ...sentences.map((e) => this.sentence(e)));
  }

  private sentence(e: Explanation): HTMLElement {
    const { event } = e;
    return h(
      "div",
      { class: `reason topic-${e.topic}`, "data-event": event },
      h("span", { class: "topic" }, TOPICS[e.topic] ?? e.topic),
      h(
        "div",
        {},
        h("p", {}, ...explained(e.words)),
        e.hint && h("p", { class: "hint" }, h("b", {}, "What you can do: "), e.hint),
      ),
      event !== undefined &&
        button(`event ${count(event + 1)}`, () => this.go(event), { class: "plain go", title: "Make this moment now" }),
    );
  }

  /** What has not happened yet is pale. */
  private dim(): void {
    for (const element of this.element.querySelectorAll<HTMLElement>("[data-event]")) {
      element.classList.toggle("later", Number(element.dataset.event) > this.store.state.now);
    }
  }
}

export class Log {
  readonly element: HTMLElement;
  private readonly list: ListView;
  private readonly detail = h("div", { class: "detail", "aria-live": "polite" });
  private readonly search: HTMLInputElement;
  private readonly routine: HTMLInputElement;
  private readonly info = h("span", { class: "sub" });
  private shown: number[] = [];

  constructor(
    private readonly store: Store,
    private readonly model: () => Model,
    go: (now: number) => void,
    private readonly inspect: (deopt: number) => void,
  ) {
    this.list = new ListView({
      label: "Event log",
      rowHeight: 28,
      render: (index, row) => this.render(this.shown[index]!, row),
      style: (index, row) => this.style(this.shown[index]!, row),
      onPick: (index) => go(this.shown[index]!),
    });
    const filter = onceAFrame(() => this.filter());
    this.search = h("input", { type: "search", placeholder: "Filter: deopt, unit 5, line 13 …", "aria-label": "Filter events", oninput: filter });
    this.routine = h("input", { type: "checkbox", onchange: filter });
    this.element = h(
      "div",
      { class: "log" },
      h("p", { class: "controls" }, this.search, h("label", { class: "check" }, this.routine, " with each enter and exit"), this.info),
      this.list.element,
      this.detail,
    );
    store.on(["run"], filter);
    store.on(["now"], onceAFrame(() => this.follow()));
    this.filter();
  }

  private filter(): void {
    const model = this.model();
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean).map(matcher);
    const all = this.routine.checked;
    this.shown = [];
    model.events.forEach((event, index) => {
      if (!all && isRoutine(event.kind)) return;
      if (words.length) {
        const text = `${event.kind} ${kindName(event.kind)} ${model.words(index)} ${model.where(event.place)}`.toLowerCase();
        if (!words.every((fits) => fits(text))) return;
      }
      this.shown.push(index);
    });
    const { left_out } = model.run.events;
    const missing = left_out ? `; ${count(left_out)} more are not in this report` : "";
    replace(this.info, `${count(this.shown.length)} of ${count(model.events.length)} events${missing}`);
    this.list.show(this.shown.length);
    this.follow();
  }

  private render(index: number, row: HTMLElement): void {
    const model = this.model();
    const event = model.events[index]!;
    row.classList.add(`tone-${kindTone(event.kind)}`);
    row.append(
      h("span", { class: "number" }, count(index + 1)),
      h("span", { class: "at" }, event.nanos === undefined ? short(event.executed) : duration(event.nanos)),
      h("span", { class: "kind" }, h("span", { class: "sign", "aria-hidden": "true" }, kindSign(event.kind)), ` ${kindName(event.kind)}`),
      h("span", { class: "text" }, model.words(index)),
    );
    row.title = model.words(index);
  }

  private style(index: number, row: HTMLElement): void {
    const { now } = this.store.state;
    row.classList.toggle("later", index > now);
    row.classList.toggle("now", index === now);
    row.setAttribute("aria-selected", String(index === now));
  }

  private follow(): void {
    const model = this.model();
    const { now } = this.store.state;
    const at = this.shown.findLastIndex((index) => index <= now);
    if (at >= 0) {
      this.list.activate(at);
      this.list.reveal(at);
    }
    this.list.restyle();
    const event = model.events[now];
    const deopt = event?.deopt;
    replace(
      this.detail,
      event && h("p", {}, h("b", {}, `Now: event ${count(now + 1)}. `), ...explained(model.words(now))),
      event && h("p", { class: "sub" }, `${count(event.executed)} instructions executed before`, event.nanos === undefined ? "" : `, ${duration(event.nanos)} into the run`, event.place === undefined ? "" : `, at ${model.where(event.place)}`),
      ...(event?.data?.length ? [h("dl", {}, ...event.data.flatMap((d) => [h("dt", {}, d.name.replaceAll("_", " ")), h("dd", {}, d.value)]))] : []),
      deopt !== undefined && button("Look at it in detail", () => this.inspect(deopt)),
    );
  }
}

/** Whether a text has a word in it; a number only as a whole, so that `unit 8` is not unit 80. */
function matcher(word: string): (text: string) => boolean {
  if (!/^\d+$/.test(word)) return (text) => text.includes(word);
  const whole = new RegExp(`(?<!\\d)${word}(?!\\d)`);
  return (text) => whole.test(text);
}
