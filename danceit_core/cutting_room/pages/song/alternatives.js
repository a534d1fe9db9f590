// The panel of a clip: what is danced there, its ten best alternatives playing at once, and what each would cost.

import { ask, inPath } from "./api.js";
import { button, byId, make, refill, say } from "./dom.js";
import { endLoops, loopOf, loopsPlay, playLoops } from "./loops.js";
import { costName, differences, grade, GROUPS, groupOf, matchGrade, percent, SEAMS, sourceOf, stretchOf, totalWords } from "./words.js";

export class Alternatives {
  // edits: the model; act(change): writes a change and says what it was. reroll(): other moves for the selection.
  constructor(song, edits, { act, reroll }) {
    Object.assign(this, { song, edits, act, reroll, clip: null, found: null });
    this.host = byId("clip-panel");
  }

  // Shows a clip; what was found for another one is forgotten.
  async open(clip, bars) {
    this.clip = clip;
    this.bars = bars;
    this.found = null;
    this.fault = "";
    this.asked?.abort();
    this.asked = new AbortController();
    this.fill();
    const { signal } = this.asked;
    try {
      this.found = await ask(`/api/songs/${inPath(this.song)}/clips/${clip.number}/alternatives`, { signal });
    } catch (error) {
      if (signal.aborted) return;
      this.fault = error.message;
    }
    if (signal.aborted) return;
    this.fill();
    if (this.found) say(`${this.found.alternatives.length} alternatives for clip ${clip.number + 1}.`, { quiet: true });
  }

  close() {
    this.asked?.abort();
    this.clip = this.found = null;
    endLoops(this.host);
    refill(this.host, hint());
  }

  fill() {
    const { clip } = this;
    if (clip === null) return;
    endLoops(this.host);
    this.host.setAttribute("aria-busy", String(this.found === null && this.fault === ""));
    refill(this.host, ...this.head(clip), ...this.candidates());
  }

  // Marks and buttons after a change of the edits, without starting the videos again.
  refresh() {
    if (this.clip === null) return;
    this.host.querySelector(".wishes")?.replaceWith(this.wishes());
    const pinned = this.pinned();
    for (const card of this.host.querySelectorAll(".candidate")) {
      const is = card.dataset.fragment === pinned;
      card.classList.toggle("pinned", is);
      card.querySelector(".pinned-word").hidden = !is;
    }
  }

  pinned() { return this.edits.touchingClip(this.clip).find((edit) => edit.action === "pin")?.value; }

  head(clip) {
    const { bar } = this.bars.at(clip.start_s);
    const where = this.bars.counted && bar > 0 ? `from bar ${bar}, ` : "";
    const figures = [
      clip.match === null ? null : ["Music match", percent(clip.match), matchGrade(clip.match)],
      clip.number === 0 ? null : ["Seam before", SEAMS[grade(clip.seam)].replace(" seam", ""), grade(clip.seam)],
      clip.beats === 0 || clip.hits === null ? null : ["Beats hit", `${clip.hits} of ${clip.beats}`, grade(clip.hits / clip.beats)],
      ["Speed", `× ${clip.rate.toFixed(2)}`, ""],
    ].filter((figure) => figure !== null);
    const end_s = clip.source_s + (clip.end_s - clip.start_s) * clip.rate;
    return [
      make("h2", { id: "clip-title", tabindex: "-1" }, `Clip ${clip.number + 1}`, make("span", { class: "soft" }, ` ${where}${stretchOf(clip)}`)),
      make("div", { class: "chosen-clip" },
        loopOf(clip, end_s, `Chosen: ${sourceOf(clip)}`),
        make("div", {},
          make("p", { class: "source" }, sourceOf(clip), clip.mirrored ? ", mirrored" : "",
            clip.recalls >= 0 && clip.recalls !== null ? `, the movement of clip ${clip.recalls + 1} again` : ""),
          make("dl", { class: "figures" }, ...figures.map(([name, value, kind]) =>
            make("div", { class: kind }, make("dt", {}, name), make("dd", {}, value)))))),
      make("div", { class: "acts" },
        button("Keep this move", () => this.pin(clip), { title: "Pin the fragment: it stays when others change (K)" }),
        button("Another move", () => this.reroll(), { title: "Another fragment, about as good, is chosen when the dance is made (R)" }),
        button("Ban this move here", () => this.ban(clip.fragment, `the move of clip ${clip.number + 1}`), { title: "Another fragment is danced here (B)" }),
        button(`Ban ${clip.video} here`, () => this.ban(clip.video, clip.video), { "data-key": "ban-video" })),
      this.wishes(),
    ];
  }

  wishes() {
    const edits = this.edits.touchingClip(this.clip);
    return make("ul", { class: "wishes", "aria-label": "Edits of this clip", hidden: edits.length === 0 },
      ...edits.map((edit) => this.edits.lineOf(edit)));
  }

  candidates() {
    if (this.fault) return [make("p", { class: "bad-text" }, this.fault), button("Try again", () => this.open(this.clip, this.bars))];
    if (this.found === null) return [make("p", { class: "busy" }, "Looking for alternatives …")];
    const { alternatives, chosen } = this.found;
    if (alternatives.length === 0) return [make("p", {}, "No other fragment of the database can be danced here.")];
    return [
      make("div", { class: "row" },
        make("h3", {}, alternatives.length === 1 ? "One alternative" : `${alternatives.length} best alternatives`),
        button(loopsPlay() ? "Stop videos" : "Play videos", (event) => {
          playLoops(!loopsPlay());
          event.target.textContent = loopsPlay() ? "Stop videos" : "Play videos";
        }, { "data-key": "loops", class: "quiet" })),
      make("ol", { class: "candidates" }, ...alternatives.map((other, rank) => this.card(other, rank, chosen, Math.min(2 * chosen.total, Math.max(chosen.total, ...alternatives.map(({ total }) => total)))))),
    ];
  }

  card(other, rank, chosen, most) {
    const named = sourceOf(other);
    const said = differences(other.costs, chosen.costs);
    const pinned = this.pinned() === other.fragment;
    const choose = button("Choose", () => this.pin(other), {
      "aria-label": `Choose ${named}, alternative ${rank + 1}`, "data-key": `choose ${other.fragment}`, class: "main",
    });
    const ban = button("Ban", () => this.ban(other.fragment, named), {
      "aria-label": `Ban ${named} here`, "data-key": `ban ${other.fragment}`, class: "quiet",
    });
    return make("li", { class: pinned ? "candidate pinned" : "candidate", "data-fragment": other.fragment },
      make("div", { class: "moving" }, loopOf(other, other.source_end_s, `Alternative ${rank + 1}: ${named}`), make("span", { class: "rank", "aria-hidden": "true" }, String(rank + 1))),
      make("p", { class: "source" }, make("strong", {}, named), other.mirrored ? ", mirrored" : "", make("span", { class: "pinned-word", hidden: !pinned }, "pinned")),
      make("p", { class: "more" }, totalWords(other.more)),
      costBar(other.costs, chosen.total, most),
      make("ul", { class: "differences" }, ...said.map(({ text, better }) => make("li", { class: better ? "better" : "worse" }, text))),
      costTable(other.costs, chosen.costs),
      make("div", { class: "acts" }, choose, ban));
  }

  async pin(fragment) {
    const { clip } = this;
    const before = this.edits.touchingClip(clip).filter((edit) => edit.action === "pin");
    if (before.some((edit) => edit.value === fragment.fragment)) {
      say(`${sourceOf(fragment)} is pinned already.`);
      return;
    }
    const add = [this.edits.edit("pin", fragment.fragment, clip)];
    const words = fragment === clip ? `Keep ${sourceOf(clip)} in clip ${clip.number + 1}` : `Choose ${sourceOf(fragment)} for clip ${clip.number + 1}`;
    await this.act({ add, remove: before, words });
  }

  async ban(value, named) {
    const { clip } = this;
    // A pin of what is banned could not be met.
    const remove = this.edits.touchingClip(clip).filter((edit) => edit.action === "pin" && (edit.value === value || edit.value.startsWith(`${value}:`)));
    await this.act({ add: [this.edits.edit("ban", value, clip)], remove, words: `Ban ${named} in clip ${clip.number + 1}` });
  }

  // The alternative with that rank, from 0: for keys 1 to 9.
  choose(rank) {
    const other = this.found?.alternatives[rank];
    if (other !== undefined) this.pin(other);
  }
}

export const hint = () => make("p", { class: "hint" },
  "Select a clip in the strip below to see what else could be danced there. Hold Shift to select several.");

const known = (costs) => Object.entries(costs).filter(([, cost]) => Number.isFinite(cost));

// The costs of each group behind one another, and a mark where those of the chosen one end.
function costBar(costs, chosenTotal, most) {
  const parts = Object.keys(GROUPS).map((group) => {
    const cost = known(costs).filter(([name]) => groupOf(name) === group).reduce((sum, [, one]) => sum + one, 0);
    const part = make("span", { class: `cost ${group}` });
    part.style.width = percent(Math.max(0, cost) / most);
    return part;
  });
  const mark = make("span", { class: "cost-mark" });
  mark.style.left = percent(Math.min(1, chosenTotal / most));
  return make("div", { class: "cost-bar", "aria-hidden": "true" }, ...parts, mark);
}

function costTable(costs, chosen) {
  const rows = known(costs)
    .filter(([name, cost]) => Math.abs(cost) >= 0.005 || Math.abs(chosen[name] ?? 0) >= 0.005)
    .map(([name, cost]) => make("tr", {},
      make("th", { scope: "row" }, make("span", { class: `swatch cost ${groupOf(name)}` }), costName(name)),
      make("td", {}, cost.toFixed(2)),
      make("td", {}, Number.isFinite(chosen[name]) ? chosen[name].toFixed(2) : "–")));
  return make("details", {}, make("summary", {}, "Costs"),
    make("table", { class: "costs" },
      make("thead", {}, make("tr", {}, ...["Part", "This", "Chosen"].map((word) => make("th", { scope: "col" }, word)))),
      make("tbody", {}, ...rows)));
}
