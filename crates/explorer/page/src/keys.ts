// The keyboard: every shortcut, in one table, which is also what the help shows.

import { button, h } from "./dom";

export interface Shortcut {
  keys: string[];
  words: string;
  act(): void;
}

/** The help: a dialog with all shortcuts. */
export function help(shortcuts: Shortcut[]): HTMLDialogElement {
  const dialog = h(
    "dialog",
    { class: "help", "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h(
      "dl",
      {},
      ...shortcuts.flatMap(({ keys, words }) => [
        h("dt", {}, ...keys.flatMap((key, i) => [i ? " " : "", h("kbd", {}, key)])),
        h("dd", {}, words),
      ]),
      h("dt", {}, h("kbd", {}, "↑"), " ", h("kbd", {}, "↓"), " ", h("kbd", {}, "Enter")),
      h("dd", {}, "in a pane or the log: move, and show what belongs to the row in the other panes"),
    ),
    button("Close", () => dialog.close(), { class: "primary" }),
  );
  return dialog;
}

/** Listens for the shortcuts, except where somebody types. */
export function listen(shortcuts: Shortcut[]): void {
  const acts = new Map(shortcuts.flatMap(({ keys, act }) => keys.map((key) => [key, act] as const)));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    const typing = target.matches("select, textarea, input:not([type=range]):not([type=checkbox])");
    if (typing || document.querySelector("dialog[open]")) return;
    const act = acts.get(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
