// What the run has cost so far, as measured: time against instructions, and where it overtakes the interpreter or the other run.

import { axes, BOTTOM, figure, HEIGHT, linearScale, MARGIN, path } from "./charts";
import { svg } from "./dom";
import type { Model } from "./model";
import { count, duration, short } from "./text";

type Point = [executed: number, nanos: number];

/** A line of the picture. */
interface Curve {
  name: string;
  style: "before" | "after";
  points: Point[];
}

const MOST_POINTS = 400;
/** A pace that was measured over less time is the clock's; over fewer instructions, that of the program's first steps. */
const ENOUGH = 20_000;
const ENOUGH_INSTRUCTIONS = 10_000;

/** Time at each event; none if times were not measured. */
function measured(model: Model): Point[] {
  const { run, events } = model;
  if (run.nanos === undefined) return [];
  const points: Point[] = [[0, 0]];
  const least = run.executed / MOST_POINTS;
  let before: Point = [0, 0];
  for (const { executed, nanos } of events) {
    if (nanos === undefined || nanos < before[1]) continue;
    // Where time passes and no instruction is executed, something is compiled.
    if (executed - before[0] > least || nanos - before[1] > run.nanos / MOST_POINTS) points.push((before = [executed, nanos]));
  }
  points.push([run.executed, Math.max(run.nanos, before[1])]);
  return points;
}

/** The time of a curve at a number of instructions. */
function at(points: Point[], x: number): number {
  const next = points.findIndex(([executed]) => executed >= x);
  if (next <= 0) return points[Math.max(0, next)]![1];
  const [[x0, y0], [x1, y1]] = [points[next - 1]!, points[next]!];
  return x1 === x0 ? y1 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}

/** From which instruction on the second curve stays below the first; nothing if it does not, or always is. */
export function overtakes(first: Point[], second: Point[]): number | null {
  const end = Math.min(first[first.length - 1]![0], second[second.length - 1]![0]);
  const places = [...first, ...second].map(([x]) => x).filter((x) => x <= end).sort((a, b) => a - b);
  const isBelow = (x: number) => at(second, x) <= at(first, x);
  const above = places.findLastIndex((x) => !isBelow(x));
  if (above < 0 || above === places.length - 1) return null;
  let [low, high] = [places[above]!, places[above + 1]!];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The picture; nothing without times. */
export function cumulative(models: Model[], shown: Model): HTMLElement | null {
  const own = measured(shown);
  if (own.length < 3) return null;
  const other = models.find((model) => model !== shown);
  const others = other ? measured(other) : [];
  const pace = shown.run.shares?.find((share) => share.tier === "interpreter" && share.lane === undefined);
  let reference: Curve | null = null;
  let words = `Each point is an event of the run: how many instructions had been executed, and how long that had taken, compiling included. A step upwards is time in which nothing was executed.`;
  if (other && others.length > 1) {
    reference = { name: other.run.label, style: "before", points: others };
    words += ` The broken line is the other run, ${other.run.label}, measured in the same way.`;
  } else if (pace?.nanos && pace.executed && pace.nanos >= ENOUGH && pace.executed >= ENOUGH_INSTRUCTIONS) {
    const total = (shown.run.executed * pace.nanos) / pace.executed;
    reference = { name: "all interpreted, at that pace", style: "before", points: [[0, 0], [shown.run.executed, total]] };
    words += ` The broken line is what all of it would have taken at the interpreter's pace, which was measured over the ${count(pace.executed)} instructions that it executed.`;
  }
  const curves: Curve[] = [{ name: other ? shown.run.label : "this run", style: "after", points: own }];
  if (reference) curves.unshift(reference);
  const keys = curves.map(({ name, style, points }): [string, string] => [style, `${name}: ${duration(points.at(-1)![1])} in all`]);
  if (!reference) words += " To see the interpreter beside it, make the page with a second run: --beside max-tier=interpreter.";
  const even = reference ? overtakes(reference.points, own) : null;
  if (even !== null) words += ` From instruction ${count(even)} on, this run is ahead.`;
  return figure("What the run cost so far", words, (width) => {
    // Around where one overtakes the other, if that is early: else everything.
    const end = even === null ? shown.run.executed : Math.min(shown.run.executed, even * 4);
    const cut = (points: Point[]): Point[] => {
      const last = Math.min(end, points[points.length - 1]![0]);
      return [...points.filter(([x]) => x < last), [last, at(points, last)]];
    };
    const x = linearScale(end, MARGIN.left, width - MARGIN.right);
    const y = linearScale(Math.max(...curves.map(({ points }) => cut(points).at(-1)![1])), BOTTOM, MARGIN.top);
    const drawing = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` }, axes(x, y, "instructions", width, short));
    for (const { style, points } of curves) {
      drawing.append(svg("path", { class: `curve ${style}`, d: path(cut(points).map(([a, b]) => [x.at(a), y.at(b)])) }));
    }
    if (even !== null) {
      const place = x.at(even);
      drawing.append(svg("line", { class: "even", x1: place, x2: place, y1: MARGIN.top, y2: BOTTOM }));
      const right = place < width * 0.6;
      drawing.append(svg("text", { class: "even-label", x: place + (right ? 6 : -6), y: BOTTOM - 8, "text-anchor": right ? "start" : "end" }, `ahead from ${short(even)}`));
    }
    return drawing;
  }, keys);
}
