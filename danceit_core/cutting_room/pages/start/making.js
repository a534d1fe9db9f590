// Making dances: how long it would take, the run in progress, cancelling it, and the report.

import { ask } from "../song/api.js";
import { button, byId, make, refill } from "../song/dom.js";
import { howLong } from "../song/words.js";

export const NAMES = { preview: "skeleton", draft: "draft", video: "video", report: "report" };
const OPEN = ["queued", "running"];

export class Making {
  // changed(): results may be others than before.
  constructor(changed) {
    Object.assign(this, { changed, runs: new Map(), asked: 0, wish: null, shown: null });
    byId("run-cancel").addEventListener("click", () => this.shown && this.cancel(this.shown));
    byId("ask-go").addEventListener("click", () => this.start());
    byId("ask-no").addEventListener("click", () => byId("ask").close());
    setInterval(() => this.tick(), 1000);
  }

  // Asks whether to begin, and says how long it takes as soon as the server knows; nobody has to wait for that.
  async offer(what, person, song) {
    const mine = (this.asked += 1);
    this.wish = { what, person, song };
    byId("ask-title").textContent = what === "report" ? "Make the report" : `Make the ${NAMES[what]} of ${song} with ${person}`;
    byId("ask-words").textContent = "Looking what has to be made …";
    byId("ask").showModal();
    byId("ask-go").focus();
    let words;
    try {
      words = forecastWords(await ask(`/api/forecast?${new URLSearchParams(this.wish)}`), what);
    } catch (error) {
      words = error.message;
    }
    if (mine === this.asked) byId("ask-words").textContent = words;
  }

  async start() {
    byId("ask").close();
    const { what } = this.wish;
    try {
      await ask("/api/runs", { body: this.wish });
      say(`The ${NAMES[what]} is in the queue.`);
    } catch (error) {
      problem(error.message);
    }
  }

  async cancel(run) {
    say("Cancelling. Finished steps stay.");
    try {
      await ask("/api/runs/cancel", { body: { id: run.id } });
    } catch (error) {
      problem(error.message);
    }
  }

  took(run) {
    const before = this.runs.get(run.id);
    this.runs.set(run.id, { ...run, heard: performance.now() });
    this.show();
    if (before !== undefined && OPEN.includes(before.state) && !OPEN.includes(run.state)) {
      say({ done: `The ${NAMES[run.what]}${ofWhat(run)} is ready.`, failed: `The ${NAMES[run.what]}${ofWhat(run)} failed. ${run.line}`,
        cancelled: `The ${NAMES[run.what]}${ofWhat(run)} was cancelled. Finished steps stay; the rest starts again next time.` }[run.state] ?? "");
      this.changed();
    }
    if (before?.state !== run.state && run.what === "report") this.changed();
  }

  show() {
    const runs = [...this.runs.values()];
    const waiting = runs.filter((run) => run.state === "queued");
    this.shown = runs.find((run) => run.state === "running") ?? waiting[0] ?? null;
    const box = byId("run");
    const held = box.contains(document.activeElement);
    box.hidden = this.shown === null;
    if (this.shown === null) {
      if (held) byId("dances").querySelector(".scroller").focus();
      return;
    }
    const left = waiting.length - (this.shown.state === "queued" ? 1 : 0);
    byId("run-words").textContent = wordsOf(this.shown);
    byId("run-cancel").setAttribute("aria-label", `Cancel: ${wordsOf(this.shown)}`);
    const bar = byId("run-bar");
    if (Number.isFinite(this.shown.share)) bar.value = this.shown.share;
    else bar.removeAttribute("value");
    this.waiting = left === 0 ? "" : `${left} more waiting`;
    this.tick();
  }

  // The time that goes on between two events.
  tick() {
    if (this.shown === null) return;
    const { state, elapsed_s: told, heard, done, total, rule } = this.shown;
    const parts = state === "running"
      ? [rule && rule.replaceAll("_", " "), total > 0 ? `${done} of ${total} steps` : "finding out what has to be made", `${howLong(told + (performance.now() - heard) / 1000)} so far`]
      : ["starts as soon as the run before has ended"];
    byId("run-more").textContent = [...parts, this.waiting].filter(Boolean).join(" · ");
  }

  showReport({ address, state, line }, enabled) {
    const open = OPEN.includes(state);
    refill(byId("report"),
      address !== null && make("a", { href: address, "data-key": "report" }, "Open the report"),
      line !== "" && make("span", { class: "bad" }, `The report failed: ${line}`),
      button(open ? "Report is being made" : address === null ? "Make report" : "Update report", () => this.offer("report", "", ""), { disabled: !enabled || open }));
    byId("report").hidden = !enabled && address === null;
  }
}

const ofWhat = (run) => (run.song === "" ? "" : ` of ${run.song} with ${run.person}`);

export const wordsOf = (run) => `${run.state === "queued" ? "Waiting to make" : "Making"} the ${NAMES[run.what]}${ofWhat(run)}`;

function forecastWords({ jobs, seconds, complete }, what) {
  const steps = jobs.reduce((sum, job) => sum + job.count, 0);
  if (steps === 0) return `The ${NAMES[what]} is up to date: nothing has to be made.`;
  return `${steps} step${steps === 1 ? "" : "s"}, ${complete ? "about" : "at least"} ${howLong(seconds)} on this computer. You can cancel at any time and go on later.`;
}

function say(text) {
  byId("said").textContent = text;
}

function problem(text) {
  const box = byId("fault");
  box.textContent = text;
  box.hidden = false;
}
