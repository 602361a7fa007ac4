// What happened, in a few plain sentences, each with a way into the panes.

import { button, h, type Child } from "./dom";
import { explained, type Entry } from "./glossary";
import type { Model } from "./model";
import { count, listed, plural, rung } from "./text";

export interface Ways {
  now(event: number, section: string): void;
  lane(lane: number): void;
  deopt(deopt: number): void;
}

interface Facts {
  hot: number[];
  compiled: number[];
  optimized: number[];
  refused: number[];
}

/** What became of the places that got hot. */
export function facts(model: Model): Facts {
  const hot = new Set<number>();
  const refused = new Set<number>();
  for (const event of model.events) {
    if (event.lane === undefined) continue;
    if (event.kind === "hot") hot.add(event.lane);
    if (event.kind === "refuse" || event.kind === "leave_alone") refused.add(event.lane);
  }
  const reaches = (lane: number, least: number) => model.bands(lane).some((band) => rung(band.tier) >= least);
  return {
    hot: [...hot],
    compiled: [...hot].filter((lane) => reaches(lane, 1)),
    optimized: [...hot].filter((lane) => reaches(lane, 2)),
    refused: [...refused],
  };
}

export function laneTitle(model: Model, lane: number): string {
  const { name, kind, place } = model.run.lanes[lane]!;
  const func = model.func(model.place(place)?.function ?? -1)?.name;
  return kind === "loop" && func && !name.endsWith(` ${func}`) ? `${name} of ${func}` : name;
}

function kinds(model: Model, lanes: number[]): string {
  const loops = lanes.filter((lane) => model.run.lanes[lane]!.kind === "loop").length;
  const parts = [];
  if (loops) parts.push(plural(loops, "loop"));
  if (lanes.length > loops) parts.push(plural(lanes.length - loops, "function"));
  return listed(parts);
}

export function summary(model: Model, ways: Ways): HTMLElement {
  const used = new Set<Entry>();
  const { hot, compiled, optimized, refused } = facts(model);
  const sentences: Child[][] = [];
  const say = (...parts: Child[]) => sentences.push(parts);
  const text = (words: string) => h("span", {}, ...explained(words, used));
  const lanes = (all: number[]): Child[] =>
    all.slice(0, 4).flatMap((lane, i) => [
      i === 0 ? "" : i === Math.min(all.length, 4) - 1 && all.length <= 4 ? " and " : ", ",
      button(laneTitle(model, lane), () => ways.lane(lane), { class: "link" }),
      i === 3 && all.length > 4 ? ` and ${all.length - 4} more` : "",
    ]);

  if (!hot.length) {
    say(text("Nothing ran often enough to become hot, so everything was interpreted."));
  } else {
    say(text(`${kinds(model, hot)} got hot: `), ...lanes(hot), ".");
    const left = hot.length - compiled.length;
    const words =
      left === 0
        ? `${hot.length === 1 ? "It was" : hot.length === 2 ? "Both were" : `All ${hot.length} were`} compiled to machine code`
        : `${compiled.length} of them ${compiled.length === 1 ? "was" : "were"} compiled to machine code`;
    say(text(`${words}${optimized.length ? `; ${optimized.length === hot.length ? (hot.length === 1 ? "it" : "all") : optimized.length} reached the optimizing tier.` : ", none by the optimizing tier."}`));
  }
  for (const lane of refused.slice(0, 2)) {
    const index = model.events.findIndex((e) => e.lane === lane && (e.kind === "refuse" || e.kind === "leave_alone"));
    say(text(model.words(index)), " ", button("Show when", () => ways.now(index, "why"), { class: "link" }));
  }
  if (refused.length > 2) say(text(`${refused.length - 2} more places were refused.`));

  const deopts = model.run.deopts.items.map((deopt, index) => ({ deopt, index }));
  const fell = deopts.filter(({ deopt }) => deopt.exit !== undefined || model.events[deopt.event ?? -1]?.kind === "deopt");
  const extra = model.run.deopts.left_out ?? 0;
  if (fell.length) {
    const { deopt, index } = fell[0]!;
    const seen = deopt.seen.length ? `, since it saw ${listed(deopt.seen.map((s) => `the ${s.kind} ${s.value}`))}` : "";
    const times = fell.length + extra === 1 ? "once" : fell.length + extra === 2 ? "twice" : `${count(fell.length + extra)} times`;
    const unit = model.unit(deopt.unit);
    const exit = deopt.exit === undefined ? undefined : unit?.exits?.[deopt.exit];
    const because = exit ? ` because ${exit.words}` : "";
    say(
      text(`Compiled code fell back to the interpreter ${times}, ${fell.length === 1 ? "" : "first "}at ${model.where(deopt.place)}${because}${seen}.`),
      " ",
      button("Inspect it", () => ways.deopt(index), { class: "link" }),
    );
  } else if (compiled.length) {
    say(text("Compiled code never fell back: every assumption held."));
  }
  const shares = (model.run.shares ?? []).filter((share) => share.lane === undefined);
  const all = shares.reduce((sum, share) => sum + share.executed, 0);
  const fast = shares.filter((share) => share.tier !== "interpreter").reduce((sum, share) => sum + share.executed, 0);
  if (all && compiled.length) {
    const part = (100 * fast) / all;
    const shown = part > 99.9 && part < 100 ? "more than 99.9" : part.toFixed(part > 99 ? 1 : 0);
    say(text(`Of the ${count(all)} instructions executed, ${shown} % ran in machine code.`));
  }
  return h("div", { class: "summary" }, ...sentences.map((parts) => h("p", {}, ...parts)));
}
