// One run, with what the panes need to find quickly.

import type { Event, Function as Func, Place, Row, Run, Tier, Unit } from "./report";
import { rung } from "./text";

export interface Band {
  /** The event at which it begins, and the one at which it ends. */
  from: number;
  to: number;
  tier: Tier;
  unit: Unit | null;
}

export interface Known {
  executed: number;
  kinds: string[];
}

export function key(func: number, pc: number): string {
  return `${func}:${pc}`;
}

export class Model {
  readonly events: Event[];
  readonly units: Unit[];
  readonly lines: string[];
  private readonly byId = new Map<number, Unit>();
  private readonly byLane = new Map<number, Unit[]>();
  private readonly keysOfLine = new Map<number, Set<string>>();
  private readonly rows = new Map<string, Row>();
  private readonly firstOfDeopt = new Map<number, number>();
  private readonly important: number[] = [];
  private counts = new Map<string, Known>();
  private countsAt = -1;

  constructor(readonly run: Run) {
    this.events = run.events.items;
    this.units = run.units.items;
    this.lines = run.program.source ? run.program.source.replace(/\n$/, "").split("\n") : [];
    for (const unit of this.units) {
      this.byId.set(unit.id, unit);
      this.byLane.set(unit.lane, [...(this.byLane.get(unit.lane) ?? []), unit]);
    }
    run.program.functions.forEach((func, number) => {
      for (const row of func.rows.items) {
        this.rows.set(key(number, row.pc), row);
        if (row.line === undefined) continue;
        const keys = this.keysOfLine.get(row.line) ?? new Set();
        this.keysOfLine.set(row.line, keys.add(key(number, row.pc)));
      }
    });
    this.events.forEach((event, index) => {
      if (event.kind !== "enter" && event.kind !== "exit") this.important.push(index);
      if (event.deopt !== undefined) this.firstOfDeopt.set(event.deopt, index);
    });
  }

  unit(id: number | null | undefined): Unit | null {
    return id === null || id === undefined ? null : (this.byId.get(id) ?? null);
  }

  unitsOf(lane: number): Unit[] {
    return this.byLane.get(lane) ?? [];
  }

  func(index: number): Func | null {
    return this.run.program.functions[index] ?? null;
  }

  place(index: number | undefined): Place | null {
    return index === undefined ? null : (this.run.places[index] ?? null);
  }

  row(func: number, pc: number): Row | null {
    return this.rows.get(key(func, pc)) ?? null;
  }

  /** The function that a unit is code of. */
  own(unit: Unit): number {
    return this.place(unit.place)?.function ?? 0;
  }

  /** The bytecode that a line of a unit came from, as `function:pc`. A pc that the unit does not cover was inlined from somewhere that the
   * report does not name: better no link than a wrong one. */
  origin(unit: Unit, line: { pc?: number; function?: number }): string | null {
    const { pc } = line;
    if (pc === undefined) return null;
    const own = this.own(unit);
    const func = line.function ?? own;
    const spans = unit.covers.filter((span) => span.function === func);
    const covered = spans.length === 0 || spans.some((span) => span.first <= pc && pc <= span.last);
    return line.function !== undefined || covered ? key(func, pc) : null;
  }

  keysAt(line: number): Set<string> {
    return this.keysOfLine.get(line) ?? new Set();
  }

  lineOf(spot: string): number | undefined {
    return this.rows.get(spot)?.line;
  }

  /** Where a place is, in words: `line 13 of total`. */
  where(index: number | undefined): string {
    const place = this.place(index);
    if (!place) return "an unknown place";
    const name = this.func(place.function)?.name ?? `function ${place.function}`;
    return place.line === undefined ? `pc ${place.pc} of ${name}` : `line ${place.line} of ${name}`;
  }

  eventOfDeopt(deopt: number): number | undefined {
    return this.run.deopts.items[deopt]?.event ?? this.firstOfDeopt.get(deopt);
  }

  /** The next event that is not a mere enter or exit. */
  step(now: number, by: 1 | -1): number {
    let low = 0;
    let high = this.important.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.important[middle]! < now + (by === 1 ? 1 : 0)) low = middle + 1;
      else high = middle;
    }
    return this.important[by === 1 ? low : low - 1] ?? (by === 1 ? this.events.length - 1 : 0);
  }

  /** The first event of a kind, if there is one. */
  first(kind: string, also: (event: Event) => boolean = () => true): number | undefined {
    const index = this.important.find((i) => this.events[i]!.kind === kind && also(this.events[i]!));
    return index;
  }

  /** How many instructions had been executed when the counters that are known at an event were taken; nothing if they are those of the whole
   * run. */
  countedAt(now: number): number | null {
    const snapshots = this.run.snapshots ?? [];
    if (!snapshots.length || now >= this.events.length - 1) return null;
    const last = snapshots.findLast((snapshot) => snapshot.event <= now);
    return last ? (last.executed ?? this.events[last.event]?.executed ?? 0) : 0;
  }

  /** How often a lane had gone round, or been called, at an event. */
  roundsAt(lane: number, now: number): number {
    const { place, rounds } = this.run.lanes[lane]!;
    const at = this.place(place);
    return this.countedAt(now) === null || !at ? (rounds ?? 0) : this.known(at.function, at.pc, now).executed;
  }

  /** The unit of a lane that ran most, of the best tier. */
  busiest(lane: number): Unit | null {
    const better = (a: Unit, b: Unit) => rung(b.tier) - rung(a.tier) || (b.rounds ?? 0) - (a.rounds ?? 0);
    return [...this.unitsOf(lane)].sort(better)[0] ?? null;
  }

  /** Counters and kinds as they were at an event. */
  known(func: number, pc: number, now: number): Known {
    const { snapshots } = this.run;
    if (!snapshots?.length) {
      const row = this.row(func, pc);
      return { executed: row?.executed ?? 0, kinds: row?.kinds ?? [] };
    }
    if (now >= this.events.length - 1) {
      const row = this.row(func, pc);
      if (row) return { executed: row.executed ?? 0, kinds: row.kinds ?? [] };
    }
    let upTo = -1;
    for (let i = 0; i < snapshots.length && snapshots[i]!.event <= now; i++) upTo = i;
    if (upTo < this.countsAt) {
      this.counts = new Map();
      this.countsAt = -1;
    }
    while (this.countsAt < upTo) {
      for (const row of snapshots[++this.countsAt]!.rows) {
        this.counts.set(key(row.function, row.pc), { executed: row.executed, kinds: row.kinds ?? [] });
      }
    }
    return this.counts.get(key(func, pc)) ?? { executed: 0, kinds: [] };
  }

  /** The unit in which a lane runs at an event: its own best one, or its function's. */
  active(lane: number, now: number): Unit | null {
    const parent = this.run.lanes[lane]?.parent;
    const inherited = parent === undefined ? [] : this.unitsOf(parent).filter((u) => this.runs(u, lane));
    let best: Unit | null = null;
    for (const unit of [...inherited, ...this.unitsOf(lane)]) {
      const { installed, removed } = unit;
      if (installed === undefined || installed > now || (removed !== undefined && removed <= now)) continue;
      if (!best || rung(unit.tier) >= rung(best.tier)) best = unit;
    }
    return best;
  }

  /** Whether a function's unit covers a loop of it. */
  private runs(unit: Unit, lane: number): boolean {
    const place = this.place(this.run.lanes[lane]?.place);
    return (
      !!place &&
      unit.covers.some((s) => s.function === place.function && s.first <= place.pc && place.pc <= s.last)
    );
  }

  /** The tiers of a lane over the whole run. */
  bands(lane: number): Band[] {
    const end = Math.max(0, this.events.length - 1);
    const parent = this.run.lanes[lane]?.parent;
    const cuts = new Set<number>([0]);
    for (const unit of [...this.unitsOf(lane), ...(parent === undefined ? [] : this.unitsOf(parent))]) {
      for (const cut of [unit.installed, unit.removed]) if (cut !== undefined) cuts.add(cut);
    }
    const sorted = [...cuts].sort((a, b) => a - b);
    const bands: Band[] = [];
    sorted.forEach((from, i) => {
      const unit = this.active(lane, from);
      const before = bands[bands.length - 1];
      const to = sorted[i + 1] ?? end;
      if (before && before.unit === unit) before.to = to;
      else bands.push({ from, to, tier: unit?.tier ?? "interpreter", unit });
    });
    return bands;
  }

  /** The event as a sentence. */
  words(index: number): string {
    const event = this.events[index];
    if (!event) return "";
    if (event.words) return event.words;
    const data = new Map((event.data ?? []).map((d) => [d.name, d.value]));
    const times = event.times && event.times > 1 ? ` (${event.times.toLocaleString("en-US")} times in a row)` : "";
    const where = event.place === undefined ? "" : ` at ${this.where(event.place)}`;
    if (event.kind === "enter") return `Unit ${event.unit} was entered${where}${times}.`;
    if (event.kind === "exit") {
      const rounds = data.get("rounds");
      const after = rounds ? ` after ${Number(rounds).toLocaleString("en-US")} rounds` : "";
      const why = data.get("words") ?? data.get("reason")?.replaceAll("_", " ");
      return `Unit ${event.unit} was left${where}${after}${why ? `: ${why}` : ""}${times}.`;
    }
    const unit = event.unit === undefined ? "" : ` unit ${event.unit}`;
    return `${event.kind.replaceAll("_", " ")}${unit}${where}${times}.`;
  }
}
