// The panel of a selected stretch: other moves for it, a style for it.

import { button, byId, make, refill } from "./dom.js";
import { stretchOf } from "./words.js";

const LARGEST_SEED = 1_000_000;

export class RangePanel {
  // edits: the model; act(change): writes a change. none(): takes the selection back. loop(): plays it again and again.
  constructor(edits, { act, none, loop }) {
    Object.assign(this, { edits, act, none, loop, range: null });
    this.host = byId("range-panel");
  }

  // range: {start_s, end_s, clips: [first, stop)} or null. one: it is a clip whose own panel is shown, so that only what
  // a stretch needs is offered. section: where it begins. select(stretch): selects its clips.
  show(range, { styles, section, one, select }) {
    this.range = range;
    this.host.hidden = range === null;
    if (range === null) {
      refill(this.host);
      return;
    }
    const [first, stop] = range.clips;
    const many = stop - first;
    const whole = section && button(`Select section ${section.letter}`, () => select(section), { "data-key": "section" });
    const none = button("Clear selection", () => this.none(), { class: "quiet", title: "Escape" });
    const loop = button("Loop", () => this.loop(), { title: "Play the selection again and again (L)" });
    if (one) {
      refill(this.host, make("div", { class: "acts" }, whole, loop, none));
      return;
    }
    const pick = make("select", { id: "style", "data-key": "style" }, ...styles.map((style) => make("option", {}, style)));
    const name = many === 0 ? "Selection" : many === 1 ? `Clip ${first + 1}` : `Clips ${first + 1} to ${stop}`;
    refill(this.host,
      make("h2", { id: "range-title" }, name, make("span", { class: "soft" }, ` ${stretchOf(range)}`)),
      many === 0 ? make("p", { class: "hint" }, "There are no clips here yet.") : null,
      make("div", { class: "acts" },
        button("Other moves here", () => this.reroll(), { title: "Other fragments, about as good, are chosen when the dance is made (R)", class: "main", disabled: many === 0 }),
        loop, whole, none),
      styles.length === 0
        ? make("p", { class: "small" }, "The videos table names no styles. With some, you could ask for one of them here.")
        : make("div", { class: "acts" }, make("label", { for: "style" }, "Only dances of the style"), pick,
          button("Set style", () => this.setStyle(pick.value), { disabled: many === 0 })));
  }

  same(action) {
    const near = (edit) => Math.abs(edit.start_s - this.range.start_s) < 0.02 && Math.abs(edit.end_s - this.range.end_s) < 0.02;
    return this.edits.ofSong.filter((edit) => edit.action === action && near(edit));
  }

  async reroll() {
    if (this.range === null || this.range.clips[1] === this.range.clips[0]) return;
    const seed = Math.floor(Math.random() * LARGEST_SEED);
    await this.act({ add: [this.edits.edit("seed", seed, this.range)], remove: this.same("seed"), words: `Other moves, ${stretchOf(this.range)}` });
  }

  async setStyle(style) {
    const words = `Only ${style}, ${stretchOf(this.range)}`;
    await this.act({ add: [this.edits.edit("style", style, this.range)], remove: this.same("style"), words });
  }
}
