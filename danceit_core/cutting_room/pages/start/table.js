// The table of dances: a row a song, a column a person. A row is filled when it comes into view.

import { button, byId, make, refill } from "../song/dom.js";
import { clockTime, percent } from "../song/words.js";
import { NAMES, wordsOf } from "./making.js";

const READY = { video: "Video ready", draft: "Draft ready", preview: "Skeleton ready" };
// The moment of a dance that is shown, seconds.
const SHOWN_S = 2;

export class Table {
  constructor(making) {
    Object.assign(this, { making, key: "", cells: new Map(), runs: new Map(), enabled: false });
    this.near = new IntersectionObserver((seen) => this.came(seen), { rootMargin: "300px 600px" });
  }

  show({ songs, persons, cells }, enabled) {
    const key = JSON.stringify([songs, persons]);
    const values = new Map(cells.map((cell) => [keyOf(cell), cell]));
    const changed = this.enabled !== enabled;
    this.enabled = enabled;
    if (key !== this.key) {
      this.key = key;
      this.build(songs, persons, values);
    }
    for (const [at, cell] of this.cells) {
      const value = values.get(at);
      if (!changed && JSON.stringify(value) === JSON.stringify(cell.value)) continue;
      cell.value = value;
      if (cell.filled) this.fill(cell);
    }
  }

  build(songs, persons, values) {
    this.near.disconnect();
    this.cells.clear();
    byId("persons").replaceChildren(make("th", { scope: "col" }, "Song"), ...persons.map(heading));
    byId("songs").replaceChildren(...songs.map((song) => {
      const row = make("tr", {}, rowName(song));
      for (const { person } of persons) {
        const td = make("td", { class: "cell", "data-label": person });
        const value = values.get(keyOf({ song: song.song, person }));
        const cell = { td, value, run: null, filled: false };
        td.cell = cell;
        this.cells.set(keyOf({ song: song.song, person }), cell);
        row.append(td);
        this.near.observe(td);
      }
      return row;
    }));
    for (const run of this.runs.values()) this.took(run);
  }

  came(seen) {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting && !target.cell.filled) {
        target.cell.filled = true;
        this.fill(target.cell);
      }
    }
  }

  // An event `run`: the cell follows it until the project is asked for again.
  took(run) {
    if (run.song === "") return;
    this.runs.set(keyOf(run), run);
    const cell = this.cells.get(keyOf(run));
    if (cell === undefined) return;
    const before = cell.run;
    cell.run = run;
    if (!cell.filled) return;
    const bar = cell.td.querySelector("progress");
    if (bar !== null && before?.state === "running" && run.state === "running") progress(bar, run);
    else this.fill(cell);
  }

  fill(cell) {
    const { value, run } = cell;
    const state = run === null || ["done", "cancelled"].includes(run.state) ? value.state : run.state;
    const open = state === "running" || state === "queued";
    const page = `/songs/${encodeURIComponent(value.song)}?person=${encodeURIComponent(value.person)}`;
    const best = ["video", "draft", "preview"].find((kind) => value.made[kind] !== null);
    const what = open ? NAMES[run?.what] ?? "dance" : "";
    const words = {
      none: "Not made yet", queued: `Waiting to make the ${what}`, running: `Making the ${what}`, failed: "Failed",
      done: READY[best] ?? "Ready",
    }[state];
    const line = state === "failed" ? run?.line || value.line : "";
    refill(cell.td,
      make("div", { class: "made" },
        best !== undefined && picture(value, best),
        make("div", {},
          make("p", { class: `state ${state}` }, words),
          best !== undefined && state !== "done" && make("p", { class: "small" }, `${READY[best]} from before`),
          line !== "" && make("p", { class: "line" }, line),
          value.edited && make("p", {}, make("span", { class: "tag" }, "edits not in it yet")),
          ...(value.scores !== null && best === "video" ? scores(value.scores) : []).map((words) => make("p", { class: "small score" }, words)),
          best !== undefined && make("a", { href: page, "data-key": "open", "aria-label": `Watch and edit ${value.song} with ${value.person}` }, "Watch and edit"))),
      state === "running" && run !== null && progress(make("progress", { max: "1", "aria-label": `Progress of ${value.song} with ${value.person}` }), run),
      make("div", { class: "acts" }, ...(open
        ? run !== null ? [button("Cancel", () => this.making.cancel(run), { "aria-label": `Cancel the ${what} of ${value.song} with ${value.person}` })] : []
        : this.acts(value))));
  }

  acts(value) {
    return ["draft", "video"].map((what) => button(`${value.made[what] === null ? "Make" : "Update"} ${what}`,
      () => this.making.offer(what, value.person, value.song),
      { disabled: !this.enabled, class: what === "draft" && value.state === "none" ? "main" : null,
        "aria-label": `${value.made[what] === null ? "Make" : "Update"} the ${what} of ${value.song} with ${value.person}` }));
  }
}

const keyOf = ({ song, person }) => `${person}/${song}`;

const scores = ({ s_ba: beats, pck }) => [["Beats met", beats], ["Pose kept", pck]]
  .filter(([, share]) => Number.isFinite(share)).map(([name, share]) => `${name}: ${percent(share)}`);

function progress(bar, run) {
  if (Number.isFinite(run.share)) bar.value = run.share;
  else bar.removeAttribute("value");
  bar.title = wordsOf(run);
  return bar;
}

function heading({ person, photograph }) {
  const image = make("img", { src: `/thumbnails/${encodeURIComponent(person)}/1000.jpg`, alt: "", loading: "lazy", height: 56 });
  image.addEventListener("error", () => image.remove());
  return make("th", { scope: "col" }, make("span", { class: "who" }, image,
    make("span", {}, person, photograph && make("span", { class: "small" }, "one photograph: drafts only"))));
}

function rowName({ song, duration_s: length, style }) {
  return make("th", { scope: "row" }, make("a", { href: `/songs/${encodeURIComponent(song)}` }, song),
    make("span", { class: "small" }, [length === null ? "" : clockTime(length, 0), style && `style ${style}`].filter(Boolean).join(", ")));
}

// A moment of what was made; it plays while it is pointed at.
function picture({ person, song, made }, kind) {
  const video = make("video", { preload: "metadata", muted: true, playsinline: true, tabindex: "-1", "aria-hidden": "true", src: `${made[kind]}#t=${SHOWN_S}` });
  video.muted = true;
  video.addEventListener("pointerenter", () => video.play().catch(() => {}));
  video.addEventListener("pointerleave", () => video.pause());
  video.addEventListener("error", () => video.remove());
  return video;
}
