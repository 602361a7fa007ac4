// Numbers, times and names as people read them.

import type { Tier } from "./report";

/** A whole number with a comma at every thousand. */
export function count(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

/** A number short enough for a narrow column: 1,234 or 1.2M. */
export function short(n: number): string {
  if (n < 10_000) return count(n);
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]] as const) {
    if (n >= size) return `${(n / size).toFixed(n / size < 10 ? 1 : 0)}${unit}`;
  }
  return count(n);
}

/** A time, given in nanoseconds. */
export function duration(nanos: number): string {
  for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]] as const) {
    if (nanos >= size) return `${(nanos / size).toPrecision(3)} ${unit}`;
  }
  return `${nanos < 10 ? nanos.toFixed(1) : Math.round(nanos)} ns`;
}

/** `1 loop`, `3 loops`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}

export const TIERS: readonly Tier[] = ["interpreter", "baseline", "optimizing"];

/** How good a tier is, from 0. */
export function rung(tier: Tier): number {
  return TIERS.indexOf(tier);
}

/** Events that happen so often that each by itself says little. */
export function isRoutine(kind: string): boolean {
  return kind === "enter" || kind === "exit";
}

const KINDS: Record<string, [string, string]> = {
  start: ["begin", "·"],
  warm: ["warm", "◇"],
  hot: ["hot", "◆"],
  compile_start: ["compiling", "▸"],
  compile_end: ["compiled", "▴"],
  inline: ["inlined", "↳"],
  install: ["installed", "▲"],
  enter: ["entered", "→"],
  exit: ["left", "←"],
  deopt: ["fell back", "▼"],
  entry_mismatch: ["not entered", "▽"],
  invalidate: ["taken out", "✕"],
  evict: ["evicted", "✕"],
  refuse: ["refused", "⊘"],
  leave_alone: ["left alone", "⊘"],
  postpone: ["postponed", "…"],
  no_jit: ["no compiling", "⊘"],
  record: ["recording", "●"],
  abort: ["given up", "○"],
  end: ["end", "·"],
};

/** A word for a kind of event. */
export function kindName(kind: string): string {
  return KINDS[kind]?.[0] ?? kind.replaceAll("_", " ");
}

/** A sign for a kind of event; signs differ in shape, not only in colour. */
export function kindSign(kind: string): string {
  return KINDS[kind]?.[1] ?? "·";
}

export type Tone = "quiet" | "heat" | "good" | "bad" | "stop";

/** How loud an event is. */
export function kindTone(kind: string): Tone {
  switch (kind) {
    case "warm":
    case "hot":
      return "heat";
    case "compile_start":
    case "compile_end":
    case "install":
    case "inline":
      return "good";
    case "deopt":
    case "entry_mismatch":
    case "invalidate":
    case "evict":
    case "abort":
      return "bad";
    case "refuse":
    case "leave_alone":
    case "no_jit":
    case "postpone":
      return "stop";
    default:
      return "quiet";
  }
}
