// What the page shows right now, in one place. Parts of the page read it, and are told when something in it changed.

/** Places that belong together, in every pane. */
export interface Link {
  /** Bytecode, as `function:pc`. */
  keys: Set<string>;
  /** A value of the IR, if it is about one. */
  value: number | null;
  /** A frame state that the IR leaves to, if it is about one. */
  state?: number;
  /** Where the link was made: that pane need not scroll. */
  from: string;
}

export interface State {
  /** Which run. */
  run: number;
  /** The event that counts as now. */
  now: number;
  /** The lane looked at. */
  lane: number | null;
  /** The unit looked at, by its number. */
  unit: number | null;
  /** The step of the optimizer, as an index into the unit's passes. */
  pass: number;
  /** Whether steps that changed nothing are skipped. */
  onlyChanged: boolean;
  /** What the pointer is on. */
  hover: Link | null;
  /** What was clicked. */
  picked: Link | null;
  /** The deoptimisation looked at. */
  deopt: number | null;
  /** What the timeline's axis counts. */
  axis: "order" | "executed" | "nanos";
}

type Listener = (state: State, before: State) => void;

export class Store {
  private listeners: Listener[] = [];
  constructor(public state: State) {}

  /** Calls `listener` after each change of one of these fields. */
  on(fields: (keyof State)[], listener: Listener): void {
    this.listeners.push((state, before) => {
      if (fields.some((field) => state[field] !== before[field])) listener(state, before);
    });
  }

  set(change: Partial<State>): void {
    const before = this.state;
    this.state = { ...before, ...change };
    for (const listener of this.listeners) listener(this.state, before);
  }
}
