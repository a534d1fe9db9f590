// The timeline put together: overview, waveform, strip of clips, selection and playhead on one axis of time.

import { byId, clamp } from "./dom.js";
import { Strip } from "./strip.js";
import { View } from "./view.js";
import { Waveform } from "./waveform.js";
import { clockTime } from "./words.js";

export class Timeline {
  // select(range): a stretch was drawn with the mouse. choose(number), extend(from, to): clips of the strip.
  constructor(player, { select, choose, extend, changed }) {
    Object.assign(this, { player, changed, scrolled: true, zoomed: true, range: null, followed: true });
    const moved = (what) => {
      if (what === "zoom") this.zoomed = true;
      this.scrolled = true;
      changed();
    };
    this.view = new View({ changed: moved, seek: (seconds) => player.seek(seconds), select });
    this.waveform = new Waveform(this.view);
    this.strip = new Strip(this.view, { choose, extend });
    this.overview = byId("overview");
    this.overview.addEventListener("keydown", (event) => this.key(event));
    this.overview.addEventListener("pointerdown", (event) => this.drag(event));
    this.overview.addEventListener("pointermove", (event) => { if (event.buttons === 1) this.drag(event); });
    byId("zoom-in").addEventListener("click", () => this.view.zoom(1.5));
    byId("zoom-out").addEventListener("click", () => this.view.zoom(1 / 1.5));
    byId("zoom-all").addEventListener("click", () => this.view.showAll());
  }

  setSong(duration, { bars, sections }) {
    this.bars = bars;
    this.view.setSong(duration, this.view.clip_s);
    this.overview.setAttribute("aria-valuemax", duration.toFixed(1));
    this.waveform.set({ bars, sections });
  }

  setClips(clips, edits) {
    const lengths = clips.map((clip) => clip.end_s - clip.start_s).sort((one, other) => one - other);
    this.view.setSong(this.view.duration, lengths.length ? lengths[lengths.length >> 1] : null);
    byId("clips").hidden = clips.length === 0;
    this.strip.set(clips, edits);
    this.scrolled = true;
  }

  setRange(range, chosen) {
    this.range = range;
    this.strip.mark({ range, chosen });
    this.scrolled = true;
    this.changed();
  }

  // A click on the overview moves the playhead and what is seen.
  drag(event) {
    const box = this.overview.getBoundingClientRect();
    const seconds = clamp((event.clientX - box.left) / box.width, 0, 1) * this.view.duration;
    if (event.type === "pointerdown") this.overview.setPointerCapture(event.pointerId);
    this.player.seek(seconds);
    this.view.centre(seconds);
  }

  key(event) {
    const { player, view } = this;
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (event.key in steps) player.seek(player.now + steps[event.key]);
    else if (event.key === "Home") player.seek(0);
    else if (event.key === "End") player.seek(view.duration);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // One frame: only what a scroll, a zoom or the clock has changed.
  draw() {
    const { view, player, overview } = this;
    if (this.zoomed) {
      this.waveform.clear();
      this.strip.rebuild();
      byId("zoom-in").disabled = false;
      byId("zoom-out").disabled = view.px_per_s <= view.least * 1.001;
    }
    const { now } = player;
    // The picture moves on with the playhead, unless somebody has scrolled away from it.
    const inside = now >= view.start_s && now <= view.end_s;
    if (player.playing && this.followed && !inside && !this.scrolled) view.reveal(now, now + 1);
    this.followed = inside || (this.followed && !this.scrolled);
    if (this.scrolled || this.zoomed) {
      this.waveform.draw();
      this.strip.draw();
      this.drawRange();
      const share = overview.clientWidth / view.duration;
      const window_ = byId("window");
      window_.style.transform = `translateX(${view.start_s * share}px)`;
      window_.style.width = `${Math.max(4, (view.end_s - view.start_s) * share)}px`;
    }
    this.scrolled = this.zoomed = false;
    if (now === this.drawn_s) return;
    this.drawn_s = now;
    byId("playhead").style.transform = `translateX(${view.x(now)}px)`;
    byId("overview-head").style.transform = `translateX(${(now * overview.clientWidth) / view.duration}px)`;
    if (!player.playing || Math.abs(now - (this.said_s ?? -9)) > 1) {
      this.said_s = now;
      overview.setAttribute("aria-valuenow", now.toFixed(1));
      overview.setAttribute("aria-valuetext", `${clockTime(now)} of ${clockTime(view.duration)}`);
    }
  }

  drawRange() {
    const node = byId("range");
    node.hidden = this.range === null;
    this.drawn_s = null;
    if (this.range === null) return;
    node.style.transform = `translateX(${this.view.x(this.range.start_s)}px)`;
    node.style.width = `${this.view.x(this.range.end_s - this.range.start_s)}px`;
  }
}
