// Make again: what would run and how long it takes, the run itself as it goes on, and what became of it.

import { ask } from "./api.js";
import { byId, make, refill, say } from "./dom.js";
import { howLong } from "./words.js";

const NAMES = { preview: "preview", draft: "draft", video: "video", report: "report" };

export class Again {
  // place(): {person, song}. done(): results of this page's dance are new.
  constructor(place, done) {
    Object.assign(this, { place, done, run: null, open: new Set(), asked: 0 });
    for (const input of document.querySelectorAll("input[name=what]")) input.addEventListener("change", () => this.forecast());
    byId("make-now").addEventListener("click", () => this.start());
    byId("cancel-run").addEventListener("click", () => this.cancel());
    byId("empty-make").addEventListener("click", () => {
      document.querySelector("input[name=what][value=preview]").checked = true;
      this.start();
    });
  }

  get what() { return document.querySelector("input[name=what]:checked").value; }

  async forecast() {
    const mine = (this.asked += 1);
    const box = byId("forecast");
    box.setAttribute("aria-busy", "true");
    refill(box, make("p", { class: "busy" }, "Looking what would run …"));
    const query = new URLSearchParams({ ...this.place(), what: this.what });
    let content;
    try {
      const found = await ask(`/api/forecast?${query}`);
      content = forecastOf(found, NAMES[this.what]);
    } catch (error) {
      content = [make("p", { class: "bad-text" }, error.message)];
    }
    if (mine !== this.asked) return;
    box.removeAttribute("aria-busy");
    refill(box, ...content);
  }

  async start() {
    try {
      const { id } = await ask("/api/runs", { body: { ...this.place(), what: this.what } });
      say(`The ${NAMES[this.what]} is being made.`, { quiet: true });
      this.took({ id, what: this.what, ...this.place(), state: "queued", done: 0, total: 0 });
    } catch (error) {
      say(error.message, { fault: true });
    }
  }

  async cancel() {
    if (this.run === null) return;
    try {
      await ask("/api/runs/cancel", { body: { id: this.run.id } });
    } catch (error) {
      say(error.message, { fault: true });
    }
  }

  // An event `run` of the server. Runs of other dances are shown, too, as one waits for the other. What ended before
  // this page was opened is not said again.
  took(run) {
    const { person, song } = this.place();
    const mine = run.person === person && run.song === song;
    if (run.state === "running" || run.state === "queued") {
      this.open.add(run.id);
      if (this.run === null || this.run.id === run.id || this.run.state === "queued") this.show(run);
      return;
    }
    if (this.run?.id === run.id) this.show(null);
    if (mine && run.state === "failed") this.failed(run);
    if (!this.open.delete(run.id) || !mine) return;
    if (run.state === "failed") say(`The ${NAMES[run.what]} could not be made. ${run.line}`, { fault: true });
    else if (run.state === "cancelled") say(`The ${NAMES[run.what]} was cancelled. Finished steps stay; the rest starts again next time.`);
    else {
      say(`The ${NAMES[run.what]} is made.`);
      this.done(run);
    }
    if (!byId("panel-make").hidden) this.forecast();
  }

  failed(run) {
    byId("failure").textContent = `The last ${NAMES[run.what]} failed: ${run.line || "it gave no reason."}`;
    byId("failure").hidden = false;
  }

  show(run) {
    this.run = run;
    const box = byId("run");
    const held = box.contains(document.activeElement);
    box.hidden = run === null;
    const starts = [byId("make-now"), byId("empty-make")];
    // The button that began the run is of no use meanwhile; its focus goes on to the one that ends it.
    if (run !== null && starts.includes(document.activeElement)) byId("cancel-run").focus();
    for (const start of starts) start.disabled = run !== null;
    if (run === null) {
      if (held) byId("make").focus();
      return;
    }
    byId("failure").hidden = true;
    const { person, song } = this.place();
    const of = run.person === person && run.song === song ? "" : ` of ${run.song}, ${run.person}`;
    const step = run.rule ? `, ${run.rule.replaceAll("_", " ")}` : "";
    const steps = run.total > 0 ? ` ${run.done} of ${run.total} steps` : "";
    byId("run-words").textContent = run.state === "queued" ? `Waiting: ${NAMES[run.what]}${of}` : `Making the ${NAMES[run.what]}${of}:${steps}${step}`;
    const bar = byId("run-bar");
    if (Number.isFinite(run.share)) bar.value = run.share;
    else if (run.total > 0) bar.value = run.done / run.total;
    else bar.removeAttribute("value");
  }
}

function forecastOf({ jobs, seconds, complete }, name) {
  if (jobs.length === 0) return [make("p", {}, `Nothing has to run: the ${name} is up to date.`)];
  const steps = jobs.reduce((sum, job) => sum + job.count, 0);
  const words = complete ? `about ${howLong(seconds)}` : `at least ${howLong(seconds)}; some steps have never been timed here`;
  return [
    make("p", { class: "forecast-sum" }, `${steps} step${steps === 1 ? "" : "s"}, ${words}.`),
    make("table", { class: "jobs" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Step"), make("th", { scope: "col" }, "Times"), make("th", { scope: "col" }, "About"))),
      make("tbody", {}, ...jobs.map((job) => make("tr", {},
        make("th", { scope: "row" }, job.rule.replaceAll("_", " ")),
        make("td", {}, String(job.count)),
        make("td", {}, job.seconds === null ? "not known" : howLong(job.seconds)))))),
  ];
}
