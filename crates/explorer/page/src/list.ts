// A list that makes only the rows in view, so that its length costs nothing. Rows are all of one height.
// For assistive technology and the keyboard it is a list box: arrows move, Enter picks.

import { h, onceAFrame } from "./dom";

export interface ListOptions {
  label: string;
  rowHeight?: number;
  /** Fills an empty row. */
  render(index: number, row: HTMLElement): void;
  /** Sets the classes of a row that may change while it is in view. */
  style?(index: number, row: HTMLElement): void;
  onHover?(index: number | null): void;
  onPick?(index: number): void;
}

const OVERSCAN = 6;
const PRINTED = 400;
let ids = 0;

export class ListView {
  readonly element: HTMLDivElement;
  private readonly sheet: HTMLDivElement;
  private readonly rest = h("p", { class: "note", role: "presentation", hidden: true });
  private readonly rows = new Map<number, HTMLElement>();
  private readonly id = `list${ids++}`;
  private readonly height: number;
  private length = 0;
  private active = -1;
  private printing = false;
  private waiting: number | null = null;
  private hovered: number | null = null;
  private readonly draw = onceAFrame(() => this.update());

  constructor(private readonly options: ListOptions) {
    this.height = options.rowHeight ?? 22;
    this.sheet = h("div", { class: "sheet", role: "presentation" });
    this.element = h(
      "div",
      { class: "list", role: "listbox", tabindex: 0, "aria-label": options.label },
      this.sheet,
      this.rest,
    );
    const at = (event: Event): number | null => {
      const row = (event.target as Element).closest<HTMLElement>("[data-index]");
      return row ? Number(row.dataset.index) : null;
    };
    this.element.addEventListener("scroll", this.draw, { passive: true });
    this.element.addEventListener("mouseover", (event) => this.hover(at(event)));
    this.element.addEventListener("mouseleave", () => this.hover(null));
    this.element.addEventListener("click", (event) => {
      const index = at(event);
      if (index === null) return;
      this.activate(index);
      options.onPick?.(index);
    });
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focus", () => this.mark());
    this.element.addEventListener("blur", () => this.hover(null));
    new ResizeObserver(() => {
      if (this.waiting !== null && this.element.clientHeight > 0) this.reveal(this.waiting);
      this.draw();
    }).observe(this.element);
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  /** Shows other things: how many there are, and how many characters the longest has. */
  show(length: number, widest = 0): void {
    this.length = length;
    this.active = Math.min(this.active, length - 1);
    this.sheet.style.height = `${length * this.height}px`;
    this.sheet.style.minWidth = widest ? `${widest + 2}ch` : "";
    this.element.hidden = length === 0;
    this.refresh();
  }

  /** Makes the rows in view again. */
  refresh(): void {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.update();
  }

  /** Sets the classes of the rows in view again. */
  restyle(): void {
    for (const [index, row] of this.rows) this.options.style?.(index, row);
  }

  /** Brings a row into view, unless it is. */
  reveal(index: number, always = false): void {
    const view = this.element;
    const top = index * this.height;
    // Not laid out yet: when it is.
    this.waiting = view.clientHeight === 0 ? index : null;
    const inView = top >= view.scrollTop && top + this.height <= view.scrollTop + view.clientHeight;
    if (inView && !always) return;
    view.scrollTop = Math.max(0, top - view.clientHeight / 3);
    this.update();
  }

  /** Makes a row the one that the keyboard starts from. */
  activate(index: number): void {
    this.active = index;
    this.mark();
  }

  private hover(index: number | null): void {
    if (index === this.hovered) return;
    this.hovered = index;
    this.options.onHover?.(index);
  }

  private print(on: boolean): void {
    this.printing = on;
    const rows = on ? Math.min(this.length, PRINTED) : this.length;
    this.sheet.style.height = `${rows * this.height}px`;
    this.rest.hidden = rows === this.length;
    this.rest.textContent = `and ${this.length - rows} more rows`;
    this.refresh();
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const steps: Record<string, number> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      this.active = Math.max(0, Math.min(this.length - 1, to));
      this.reveal(this.active);
      this.mark();
      this.hover(this.active);
    } else if (event.key === "Enter" || event.key === " ") {
      if (this.active >= 0) this.options.onPick?.(this.active);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private mark(): void {
    for (const [index, row] of this.rows) row.classList.toggle("active", index === this.active);
    const shown = this.active >= 0 && this.rows.has(this.active);
    if (shown) this.element.setAttribute("aria-activedescendant", `${this.id}-${this.active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  private update(): void {
    const view = this.element;
    const top = this.printing ? 0 : view.scrollTop;
    const first = Math.max(0, Math.floor(top / this.height) - OVERSCAN);
    const end = Math.ceil((top + view.clientHeight) / this.height) + OVERSCAN;
    const last = Math.min(this.length, this.printing ? PRINTED : end);
    for (const [index, row] of this.rows) {
      if (index >= first && index < last) continue;
      row.remove();
      this.rows.delete(index);
    }
    for (let index = first; index < last; index++) {
      if (this.rows.has(index)) continue;
      const row = h("div", {
        class: "row",
        role: "option",
        id: `${this.id}-${index}`,
        "data-index": index,
        "aria-selected": "false",
        "aria-setsize": this.length,
        "aria-posinset": index + 1,
      });
      row.style.top = `${index * this.height}px`;
      row.style.height = `${this.height}px`;
      this.options.render(index, row);
      this.options.style?.(index, row);
      this.rows.set(index, row);
      this.sheet.append(row);
    }
    this.mark();
  }
}
