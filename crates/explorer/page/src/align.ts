// The IR of a unit from pass to pass: which block is which, and which lines came and went.

import type { Block, IrLine, Pass, Unit } from "./report";

export interface DiffLine {
  mark: "same" | "added" | "removed";
  line: IrLine;
}

export interface StepBlock {
  /** A number that stays with the block through all steps, even if the optimizer numbers blocks anew. */
  node: number;
  block: Block;
  lines: DiffLine[];
  /** Whether it is gone: it was there before this step. */
  gone: boolean;
}

export interface Step {
  pass: Pass;
  /** Blocks as they are after the step, those that it removed included. */
  blocks: StepBlock[];
  /** Whether the step only gave other numbers to the same things. */
  renumbered: boolean;
}

const cache = new WeakMap<Unit, Step[]>();

/** The steps of the optimizer, one for each of the unit's passes. */
export function steps(unit: Unit): Step[] {
  let found = cache.get(unit);
  if (!found) cache.set(unit, (found = align(unit.passes ?? [])));
  return found;
}

function align(passes: Pass[]): Step[] {
  const out: Step[] = [];
  let blocks: { node: number; block: Block }[] = [];
  let nodes = 0;
  passes.forEach((pass, index) => {
    const after = reached(pass.blocks ?? []);
    if (!after.length) {
      const same = blocks.map(({ node, block }) => ({ node, block, lines: block.lines.map(kept), gone: false }));
      out.push({ pass, blocks: same, renumbered: false });
      return;
    }
    const renumbered = index > 0 && numbersOnly(blocks.map((b) => b.block), after);
    const node = new Map<Block, number>();
    if (renumbered) {
      after.forEach((block, i) => node.set(block, blocks[i]!.node));
    } else {
      const known = new Map(blocks.map((b) => [b.block.id, b.node]));
      for (const block of after) node.set(block, known.get(block.id) ?? nodes++);
    }
    const before = new Map(blocks.map((b) => [b.node, b.block]));
    const step: StepBlock[] = after.map((block) => {
      const number = node.get(block)!;
      nodes = Math.max(nodes, number + 1);
      const old = before.get(number);
      before.delete(number);
      const lines =
        index === 0 || renumbered ? block.lines.map(kept) : diff(old?.lines ?? [], block.lines);
      return { node: number, block, lines, gone: false };
    });
    blocks = step.map(({ node, block }) => ({ node, block }));
    for (const [number, block] of before) {
      step.push({ node: number, block, lines: block.lines.map((line) => ({ mark: "removed", line })), gone: true });
    }
    out.push({ pass, blocks: step, renumbered });
  });
  return out;
}

/** The blocks that control gets to from the first. Passes leave others lying about until somebody sweeps. */
function reached(blocks: Block[]): Block[] {
  const byId = new Map(blocks.map((block) => [block.id, block]));
  const seen = new Set<number>();
  const open = blocks.slice(0, 1).map((block) => block.id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(byId.get(id)?.edges ?? []).map((edge) => edge.to));
  }
  return blocks.filter((block) => seen.has(block.id));
}

function kept(line: IrLine): DiffLine {
  return { mark: "same", line };
}

/** The text with all numbers of values, blocks and frame states struck out. */
export function shape(text: string): string {
  return text.replace(/([vb@])\d+/g, "$1");
}

function numbersOnly(before: Block[], after: Block[]): boolean {
  return (
    before.length === after.length &&
    before.every((block, i) => {
      const other = after[i]!;
      return (
        block.lines.length === other.lines.length &&
        block.lines.every((line, k) => shape(line.text) === shape(other.lines[k]!.text))
      );
    }) &&
    before.some((block, i) => block.lines.some((line, k) => line.text !== after[i]!.lines[k]!.text))
  );
}

/** Whether two lines say the same. Passes number frame states anew; that alone is no change. */
function same(a: IrLine, b: IrLine): boolean {
  return a.text === b.text || a.text.replace(/@\d+/g, "@") === b.text.replace(/@\d+/g, "@");
}

/** The shortest way from one list of lines to another. */
export function diff(before: IrLine[], after: IrLine[]): DiffLine[] {
  return edits(before, after, same).map(({ mark, a, b }) => ({ mark, line: (b ?? a)! }));
}

/** One step from a list to another: something of both, of the first, or of the second. */
export interface Edit<T> {
  mark: DiffLine["mark"];
  a?: T;
  b?: T;
}

/** The fewest steps from one list to another: a longest common subsequence. */
export function edits<T>(before: T[], after: T[], same: (a: T, b: T) => boolean): Edit<T>[] {
  let head = 0;
  while (head < before.length && head < after.length && same(before[head]!, after[head]!)) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    same(before[before.length - 1 - tail]!, after[after.length - 1 - tail]!)
  ) {
    tail++;
  }
  const a = before.slice(head, before.length - tail);
  const b = after.slice(head, after.length - tail);
  const both = (i: number, k: number): Edit<T> => ({ mark: "same", a: before[i]!, b: after[k]! });
  const out: Edit<T>[] = Array.from({ length: head }, (_, i) => both(i, i));
  if (a.length * b.length > 4_000_000) {
    out.push(...a.map((line): Edit<T> => ({ mark: "removed", a: line })));
    out.push(...b.map((line): Edit<T> => ({ mark: "added", b: line })));
  } else {
    out.push(...subsequence(a, b, same));
  }
  for (let i = tail; i > 0; i--) out.push(both(before.length - i, after.length - i));
  return out;
}

function subsequence<T>(a: T[], b: T[], same: (a: T, b: T) => boolean): Edit<T>[] {
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = b.length - 1; k >= 0; k--) {
      best[i * width + k] =
        same(a[i]!, b[k]!)
          ? best[(i + 1) * width + k + 1]! + 1
          : Math.max(best[(i + 1) * width + k]!, best[i * width + k + 1]!);
    }
  }
  const out: Edit<T>[] = [];
  let i = 0;
  let k = 0;
  while (i < a.length || k < b.length) {
    if (i < a.length && k < b.length && same(a[i]!, b[k]!)) {
      out.push({ mark: "same", a: a[i++]!, b: b[k++]! });
    } else if (i < a.length && (k === b.length || best[(i + 1) * width + k]! >= best[i * width + k + 1]!)) {
      out.push({ mark: "removed", a: a[i++]! });
    } else {
      out.push({ mark: "added", b: b[k++]! });
    }
  }
  return out;
}
