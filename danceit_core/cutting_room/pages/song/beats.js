// Start, end, tempo and bars corrected by ear. What is written lands in the songs table and counts in the next run.

import { ask, inPath } from "./api.js";
import { byId, say } from "./dom.js";
import { Taps } from "./taps.js";
import { clockTime } from "./words.js";

const STEP_S = 0.01;

export class BeatsPanel {
  // written(): the song is to be read again. shifted(): the beats that are shown moved. clicks: the audible ones.
  constructor(song, player, { clicks, written, shifted }) {
    Object.assign(this, { song, player, clicks, written, shifted, offset_s: 0, taps: new Taps(), about: null });
    const on = (id, act) => byId(id).addEventListener("click", act);
    on("start-here", () => this.put("start", this.excerpt_s + this.player.now));
    on("end-here", () => this.put("end", this.excerpt_s + this.player.now));
    on("write-ends", () => this.writeEnds());
    on("tap", () => this.tap());
    on("use-taps", () => this.useTaps());
    on("clear-taps", () => this.clearTaps());
    on("double", () => this.correct({ action: "double" }, "The tempo is doubled."));
    on("halve", () => this.correct({ action: "halve" }, "The tempo is halved."));
    on("earlier", () => this.shift(-STEP_S));
    on("later", () => this.shift(STEP_S));
    on("write-shift", () => this.correct({ action: "shift", seconds: this.offset_s }, `All beats are moved by ${this.shiftWords()}.`));
    on("first-here", () => this.first());
    on("clear-beats", () => this.correct({ action: "clear" }, "The beats are found by the program again."));
    byId("clicks").addEventListener("change", (event) => {
      this.clicks.set(event.target.checked);
      if (event.target.checked && !this.player.playing) this.player.toggle();
    });
  }

  get excerpt_s() { return Number(this.about?.table?.start_s) || 0; }

  // about: the answer of /api/songs.
  set(about) {
    this.about = about;
    this.offset_s = 0;
    const { table, beats } = about;
    byId("start").value = table?.start_s ?? "";
    byId("end").value = table?.end_s ?? "";
    const tempo = beats?.tempo_bpm;
    const meter = beats?.meter ? `, ${beats.meter} beats in a bar` : "";
    byId("tempo-now").textContent = tempo ? `${tempo.toFixed(1)} beats per minute${meter}` : "The tempo is not known yet.";
    byId("doubt").textContent = beats?.doubt ? doubtWords(beats.doubt) : "";
    const known = (beats?.times_s?.length ?? 0) > 1;
    for (const id of ["double", "halve", "earlier", "later", "first-here", "clicks"]) byId(id).disabled = !known;
    this.fill();
  }

  fill() {
    byId("shift-now").textContent = this.shiftWords();
    byId("write-shift").disabled = this.offset_s === 0;
    const { bpm, times, enough } = this.taps;
    byId("tapped").textContent = times.length === 0 ? "No taps yet"
      : `${times.length} tap${times.length === 1 ? "" : "s"}${bpm === null ? "" : `, ${bpm.toFixed(1)} beats per minute`}`;
    byId("use-taps").disabled = !enough;
    byId("clear-taps").disabled = times.length === 0;
  }

  shiftWords() {
    const ms = Math.round(this.offset_s * 1000);
    return ms === 0 ? "0 ms" : `${Math.abs(ms)} ms ${ms < 0 ? "earlier" : "later"}`;
  }

  put(id, seconds) { byId(id).value = seconds.toFixed(2); }

  async tap() {
    if (!this.player.playing) await this.player.toggle();
    this.taps.tap(this.player.now);
    this.fill();
  }

  clearTaps() {
    this.taps.clear();
    this.fill();
    byId("tap").focus();
  }

  shift(by_s) {
    this.offset_s = Math.round((this.offset_s + by_s) * 100) / 100;
    this.fill();
    this.shifted(this.offset_s);
  }

  async useTaps() {
    const { bpm, times } = this.taps;
    if (await this.correct({ action: "taps", taps_s: times }, `The beats follow your taps, ${bpm.toFixed(1)} beats per minute.`)) this.clearTaps();
  }

  first() {
    const at = this.player.now;
    this.correct({ action: "first", seconds: at }, `The beat at ${clockTime(at, 2)} is the first of its bar.`);
  }

  writeEnds() {
    const cell = (id) => byId(id).value.trim();
    const words = "Start and end of the song are written.";
    return this.post(`/api/songs/${inPath(this.song)}/correct`, { cells: { start_s: cell("start"), end_s: cell("end") } }, words);
  }

  correct(change, words) { return this.post(`/api/songs/${inPath(this.song)}/beats`, change, words); }

  async post(path, body, words) {
    const focused = document.activeElement;
    try {
      await ask(path, { body: { token: this.about.token, ...body } });
    } catch (error) {
      if (error.status === 409) await this.written();
      say(error.status === 409 ? `${error.message} The page has read the songs table again; repeat the correction.` : error.message, { fault: true });
      return false;
    }
    await this.written();
    say(`${words} Make again to dance to it.`);
    if (focused?.disabled) byId("tap").focus();
    return true;
  }
}

const doubtWords = (doubt) => (typeof doubt === "string" ? doubt : `The program is not sure of these beats (doubt ${Number(doubt).toFixed(2)}). Listen with clicks.`);
