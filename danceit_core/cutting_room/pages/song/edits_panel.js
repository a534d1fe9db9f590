// The list of the song's edits, each with a button that takes it back.

import { button, byId, make, refill } from "./dom.js";
import { editWords } from "./edits.js";

export class EditsPanel {
  // act(change): writes a change. show(edit): goes to the stretch of an edit.
  constructor(edits, { act, show }) { Object.assign(this, { edits, act, show }); }

  fill() {
    const found = [...this.edits.ofSong].sort((one, other) => one.start_s - other.start_s);
    refill(byId("edits"), ...(found.length ? found.map((edit) => this.line(edit, { go: true })) : [
      make("li", { class: "hint" }, "None yet. Choose, ban or reroll in the panel of a clip; each edit is a line of edits.tsv."),
    ]));
    byId("edit-count").textContent = found.length ? ` ${found.length}` : "";
    const [undone, done] = [this.edits.undone.at(-1), this.edits.done.at(-1)];
    for (const [id, change, word] of [["undo", done, "Undo"], ["redo", undone, "Redo"]]) {
      const node = byId(id);
      // It keeps the focus where it has it: a disabled button would lose it.
      node.setAttribute("aria-disabled", String(change === undefined));
      node.title = change === undefined ? `Nothing to ${word.toLowerCase()}` : `${word}: ${change.words}`;
    }
  }

  line(edit, { go = false } = {}) {
    const words = editWords(edit);
    const key = `${edit.action} ${edit.value} ${edit.start_s}`;
    return make("li", { class: `edit ${edit.action}` },
      go ? button(words, () => this.show(edit), { class: "link", "data-key": `go ${key}`, title: "Go there" }) : make("span", {}, words),
      button("Remove", () => this.act({ remove: [edit], words: `Remove ${words}` }), { "aria-label": `Remove: ${words}`, "data-key": `remove ${key}`, class: "quiet" }));
  }
}
