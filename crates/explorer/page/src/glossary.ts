// The glossary, and terms in sentences that open it.

import { button, h, type Child } from "./dom";

export interface Entry {
  term: string;
  text: string;
}

/** Terms that are also plain English words, or parts of other terms: in a sentence they would mislead. The list of all words has them. */
const PLAIN = new Set(["machine", "run", "site", "link", "root", "slice", "local", "global", "trigger", "entry", "method", "feedback", "callee"]);

const entries: Entry[] = [];
const byWord = new Map<string, Entry>();
let pattern: RegExp | null = null;
let popover: HTMLElement | null = null;

/** Reads the glossary's Markdown: an entry is a paragraph that starts with `**Term**`; further bold and italic words in it are terms too. */
export function load(markdown: string): void {
  for (const paragraph of markdown.split(/\n\s*\n/)) {
    const text = paragraph.replaceAll("\n", " ").trim();
    if (!text.startsWith("**")) continue;
    const bold = [...text.matchAll(/\*\*([^*]+)\*\*/g)].map((m) => m[1]!);
    const italic = [...text.matchAll(/(?<!\*)\*([^*]+)\*(?!\*)/g)].map((m) => m[1]!);
    const entry = { term: bold[0]!, text };
    entries.push(entry);
    for (const word of [...bold, ...italic]) {
      const known = word.toLowerCase();
      if (!byWord.has(known)) byWord.set(known, entry);
    }
  }
  // Words of this page that the glossary has under another form.
  for (const [word, term] of [
    ["fell back", "deoptimise"],
    ["falls back", "deoptimise"],
    ["fall back", "deoptimise"],
    ["deoptimisation", "deoptimise"],
    ["taken out", "invalidate"],
    ["inlined", "inlining"],
    ["entered", "entry, or osr entry"],
    ["threshold", "hotness threshold"],
  ] as const) {
    const entry = byWord.get(term) ?? entries.find((e) => e.term.toLowerCase().startsWith(term.split(",")[0]!));
    if (entry && !byWord.has(word)) byWord.set(word, entry);
  }
  const words = [...byWord.keys()].filter((word) => !PLAIN.has(word)).sort((a, b) => b.length - a.length);
  const escaped = words.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (words.length) pattern = new RegExp(`\\b(${escaped.join("|")})(s|es|d)?\\b`, "gi");
}

/** A sentence in which the first occurrence of each term opens its entry. */
export function explained(sentence: string, used = new Set<Entry>()): Child[] {
  if (!pattern) return [sentence];
  const out: Child[] = [];
  let done = 0;
  for (const match of sentence.matchAll(pattern)) {
    const entry = byWord.get(match[1]!.toLowerCase());
    if (!entry || used.has(entry)) continue;
    used.add(entry);
    out.push(sentence.slice(done, match.index), termButton(match[0], entry));
    done = match.index + match[0].length;
  }
  out.push(sentence.slice(done));
  return out;
}

/** A term that opens its entry, or plain text if there is none. */
export function term(word: string, shown = word): Child {
  const entry = byWord.get(word.toLowerCase());
  return entry ? termButton(shown, entry) : shown;
}

function termButton(shown: string, entry: Entry): HTMLElement {
  const element = button(shown, () => open(entry, element), { class: "term", "aria-haspopup": "dialog" });
  return element;
}

function open(entry: Entry, by: HTMLElement): void {
  popover?.remove();
  const close = (): void => {
    box.remove();
    by.focus({ preventScroll: true });
  };
  const box = h(
    "div",
    { class: "definition", role: "dialog", "aria-label": entry.term, tabindex: -1 },
    h("p", {}, ...rich(entry.text)),
    button("Close", close, { class: "plain" }),
  );
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget as Node)) box.remove();
  });
  popover = box;
  document.body.append(box);
  const at = by.getBoundingClientRect();
  const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 12);
  const below = at.bottom + 8 + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(12, left) + scrollX}px`;
  box.style.top = `${(below ? at.bottom + 8 : Math.max(8, at.top - box.offsetHeight - 8)) + scrollY}px`;
  box.focus({ preventScroll: true });
}

addEventListener("pointerdown", (event) => {
  if (popover && !popover.contains(event.target as Node)) popover.remove();
});

/** Markdown's bold, italic and code as elements. */
function rich(text: string): Child[] {
  const out: Child[] = [];
  let done = 0;
  for (const match of text.matchAll(/\*\*([^*]+)\*\*|\*([^*]+)\*|`([^`]+)`/g)) {
    out.push(text.slice(done, match.index));
    if (match[1] !== undefined) out.push(h("b", {}, match[1]));
    else if (match[2] !== undefined) out.push(h("i", {}, match[2]));
    else out.push(h("code", {}, match[3]!));
    done = match.index + match[0].length;
  }
  out.push(text.slice(done));
  return out;
}

/** The whole glossary. */
export function glossary(): HTMLElement {
  const sorted = [...entries].sort((a, b) => a.term.localeCompare(b.term));
  return h("div", { class: "glossary" }, ...sorted.map((entry) => h("p", {}, ...rich(entry.text))));
}
