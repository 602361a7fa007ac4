// Where the blocks of a control-flow graph stand. The layout is made once for all steps of the optimizer together, from every block
// and edge that any of them has, so that a block keeps its place from step to step.
//
// Layers from top to bottom (longest way from the entry, back edges aside), an order in each layer that crosses few edges
// (the mean of the neighbours, some sweeps to and fro), long edges by way of points in the layers between.

export interface Laid {
  x: Map<number, number>;
  y: Map<number, number>;
  /** The points that an edge passes, for each pair of blocks. */
  via: Map<string, { x: number; y: number }[]>;
  back: Set<string>;
  width: number;
  height: number;
}

export const NODE = { width: 172, height: 58, gapX: 34, gapY: 46 };

export function edgeKey(from: number, to: number): string {
  return `${from}>${to}`;
}

export function layout(nodes: number[], edges: [number, number][], entry: number): Laid {
  const out = new Map<number, number[]>(nodes.map((n) => [n, []]));
  const seen = new Set<string>();
  for (const [from, to] of edges) {
    if (seen.has(edgeKey(from, to)) || !out.has(from) || !out.has(to)) continue;
    seen.add(edgeKey(from, to));
    out.get(from)!.push(to);
  }
  const { back, order } = traverse(nodes, out, entry);

  // Layers.
  const layer = new Map<number, number>(nodes.map((n) => [n, 0]));
  for (const from of order) {
    for (const to of out.get(from)!) {
      if (back.has(edgeKey(from, to))) continue;
      layer.set(to, Math.max(layer.get(to)!, layer.get(from)! + 1));
    }
  }

  // Points of long edges count as nodes of their layers; they have numbers below zero.
  const layers: number[][] = [];
  const put = (node: number, at: number) => (layers[at] ??= []).push(node);
  for (const node of order) put(node, layer.get(node)!);
  const links: [number, number][] = [];
  const chains = new Map<string, number[]>();
  let points = -1;
  for (const from of order) {
    for (const to of out.get(from)!) {
      if (back.has(edgeKey(from, to))) continue;
      let last = from;
      const chain: number[] = [];
      for (let at = layer.get(from)! + 1; at < layer.get(to)!; at++) {
        put(points, at);
        links.push([last, points]);
        chain.push(points);
        last = points--;
      }
      links.push([last, to]);
      chains.set(edgeKey(from, to), chain);
    }
  }

  // Order within layers.
  const up = new Map<number, number[]>();
  const down = new Map<number, number[]>();
  for (const [from, to] of links) {
    down.set(from, [...(down.get(from) ?? []), to]);
    up.set(to, [...(up.get(to) ?? []), from]);
  }
  for (let sweep = 0; sweep < 8; sweep++) {
    const neighbours = sweep % 2 === 0 ? up : down;
    const at = new Map<number, number>();
    for (const row of layers) row.forEach((node, i) => at.set(node, i - (row.length - 1) / 2));
    for (const row of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const mean = (node: number): number => {
        const all = neighbours.get(node);
        if (!all?.length) return at.get(node)!;
        return all.reduce((sum, n) => sum + at.get(n)!, 0) / all.length;
      };
      const means = new Map(row.map((node) => [node, mean(node)]));
      row.sort((a, b) => means.get(a)! - means.get(b)!);
      row.forEach((node, i) => at.set(node, i - (row.length - 1) / 2));
    }
  }

  // Edges that go back run upwards beside the blocks: a point in each layer that they pass, right of both ends, and in between
  // wherever the row is nearest to the line from one to the other.
  const ways = new Map<string, number[]>();
  for (const edge of back) {
    const [from, to] = edge.split(">").map(Number) as [number, number];
    const chain: number[] = [];
    for (let at = layer.get(from)!; at >= layer.get(to)!; at--) {
      const row = layers[at]!;
      const beside = at === layer.get(from)! ? from : at === layer.get(to)! ? to : null;
      const index = beside === null ? row.length : row.indexOf(beside) + 1;
      row.splice(index, 0, points);
      if (chain.length) {
        const last = chain[chain.length - 1]!;
        up.set(last, [...(up.get(last) ?? []), points]);
        down.set(points, [...(down.get(points) ?? []), last]);
      }
      chain.push(points--);
    }
    ways.set(edge, chain);
  }

  // Places: each row centred, then everything drawn towards its neighbours as far as the row allows.
  const half = (node: number): number => (node < 0 ? 9 : NODE.width / 2);
  const x = new Map<number, number>();
  const apart = (a: number, b: number): number => half(a) + half(b) + (a < 0 || b < 0 ? 12 : NODE.gapX);
  for (const row of layers) {
    let at = 0;
    row.forEach((node, i) => x.set(node, i === 0 ? 0 : (at += apart(row[i - 1]!, node))));
    for (const node of row) x.set(node, x.get(node)! - at / 2);
  }
  for (let round = 0; round < 12; round++) {
    for (const row of round % 2 === 0 ? layers : [...layers].reverse()) {
      const want = row.map((node) => {
        const all = [...(up.get(node) ?? []), ...(down.get(node) ?? [])];
        return all.length ? all.reduce((sum, n) => sum + x.get(n)!, 0) / all.length : x.get(node)!;
      });
      const right = [...want];
      const left = [...want];
      for (let i = 1; i < row.length; i++) right[i] = Math.max(right[i]!, right[i - 1]! + apart(row[i - 1]!, row[i]!));
      for (let i = row.length - 2; i >= 0; i--) left[i] = Math.min(left[i]!, left[i + 1]! - apart(row[i]!, row[i + 1]!));
      row.forEach((node, i) => x.set(node, (left[i]! + right[i]!) / 2));
    }
  }
  const least = Math.min(...[...x].map(([node, at]) => at - half(node)));
  const most = Math.max(...[...x].map(([node, at]) => at + half(node)));
  const y = new Map<number, number>();
  layers.forEach((row, at) => row.forEach((node) => y.set(node, 18 + at * (NODE.height + NODE.gapY))));
  for (const [node, at] of x) x.set(node, at - least + 20);
  const via = new Map<string, { x: number; y: number }[]>();
  for (const [edge, chain] of [...chains, ...ways]) {
    via.set(edge, chain.map((p) => ({ x: x.get(p)!, y: y.get(p)! + NODE.height / 2 })));
  }
  return { x, y, via, back, width: most - least + 40, height: 40 + layers.length * (NODE.height + NODE.gapY) - NODE.gapY };
}

/** Which edges go back, and an order in which every other edge goes forward. */
function traverse(nodes: number[], out: Map<number, number[]>, entry: number) {
  const back = new Set<string>();
  const state = new Map<number, "open" | "done">();
  const order: number[] = [];
  for (const root of [entry, ...nodes]) {
    if (state.has(root) || !out.has(root)) continue;
    const stack: { node: number; next: number }[] = [{ node: root, next: 0 }];
    state.set(root, "open");
    while (stack.length) {
      const top = stack[stack.length - 1]!;
      const to = out.get(top.node)![top.next++];
      if (to === undefined) {
        state.set(top.node, "done");
        order.push(top.node);
        stack.pop();
      } else if (state.get(to) === "open") {
        back.add(edgeKey(top.node, to));
      } else if (!state.has(to)) {
        state.set(to, "open");
        stack.push({ node: to, next: 0 });
      }
    }
  }
  return { back, order: order.reverse() };
}
