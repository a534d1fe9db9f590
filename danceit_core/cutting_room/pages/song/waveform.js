// The song drawn: bar numbers, loudness and beats in tiles of the timeline, sections above, all of it in the overview.

import { bisect, byId, make } from "./dom.js";

const TILE_PX = 512;
const RULER_PX = 20;
const SECTION_PX = 20;
const BEAT_GAP_PX = 7;
const LINE_GAP_PX = 5;
const NUMBER_GAP_PX = 34;
const SECTION_HUES = 6;

// Colours of the stylesheet, read again when light turns to dark.
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  const sections = Array.from({ length: SECTION_HUES }, (_, number) => of(`--section-${number}`));
  return { sections, wave: of("--wave"), beat: of("--beat"), bar: of("--bar"), text: of("--front"), soft: of("--soft") };
}

const hueOf = (letter) => Math.max(0, letter.toUpperCase().charCodeAt(0) - 65) % SECTION_HUES;

export class Waveform {
  constructor(view) {
    this.view = view;
    this.tiles = new Map();
    this.spare = [];
    this.peaks = null;
    this.peaks_per_s = 1;
    this.sections = [];
    this.bars = null;
    this.colours = colours();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = colours();
      this.redraw();
    });
    new ResizeObserver(() => this.drawOverview()).observe(byId("overview"));
  }

  set({ bars = this.bars, sections = this.sections, peaks = this.peaks, peaks_per_s = this.peaks_per_s }) {
    Object.assign(this, { bars, sections, peaks, peaks_per_s });
    this.redraw();
  }

  redraw() {
    this.clear();
    this.draw();
    this.drawOverview();
  }

  // To be called after a zoom: every tile shows another stretch now.
  clear() {
    this.placeSections();
    for (const tile of this.tiles.values()) {
      tile.remove();
      this.spare.push(tile);
    }
    this.tiles.clear();
  }

  // Makes the tiles that are seen, and one on either side; lets the others go.
  draw() {
    const { view } = this;
    const last = Math.ceil((view.duration * view.px_per_s) / TILE_PX) - 1;
    const first = Math.floor(view.scroller.scrollLeft / TILE_PX) - 1;
    const stop = Math.ceil((view.scroller.scrollLeft + view.width) / TILE_PX) + 1;
    for (const [number, tile] of this.tiles) {
      if (number >= first && number < stop) continue;
      tile.remove();
      this.spare.push(tile);
      this.tiles.delete(number);
    }
    for (let number = Math.max(0, first); number < Math.min(stop, last + 1); number += 1) {
      if (!this.tiles.has(number)) this.tiles.set(number, this.drawTile(number));
    }
    this.spare.length = Math.min(this.spare.length, 6);
  }

  drawTile(number) {
    const host = byId("tiles");
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const tile = this.spare.pop() ?? make("canvas", { "aria-hidden": "true" });
    const height = host.clientHeight;
    tile.width = TILE_PX * ratio;
    tile.height = height * ratio;
    tile.style.left = `${number * TILE_PX}px`;
    const context = tile.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const from_s = (number * TILE_PX) / this.view.px_per_s;
    const stretch = { from_s, to_s: from_s + TILE_PX / this.view.px_per_s, px_per_s: this.view.px_per_s };
    this.tintSections(context, stretch, height);
    this.drawWave(context, stretch, { width: TILE_PX, top: RULER_PX + SECTION_PX, height: height - RULER_PX - SECTION_PX });
    this.drawBeats(context, stretch, height);
    host.append(tile);
    return tile;
  }

  // Bands with the letters; a letter stays in sight as long as its section is.
  placeSections() {
    byId("sections").replaceChildren(...this.sections.map(({ start_s, end_s, letter }) => {
      const band = make("div", { class: "section" }, make("span", {}, letter));
      band.style.left = `${this.view.x(start_s)}px`;
      band.style.width = `${Math.max(2, this.view.x(end_s - start_s) - 2)}px`;
      band.style.background = this.colours.sections[hueOf(letter)];
      return band;
    }));
  }

  tintSections(context, { from_s, to_s, px_per_s }, height) {
    context.globalAlpha = 0.12;
    for (const { start_s, end_s, letter } of this.sections) {
      if (end_s <= from_s || start_s >= to_s) continue;
      context.fillStyle = this.colours.sections[hueOf(letter)];
      context.fillRect((start_s - from_s) * px_per_s, RULER_PX + SECTION_PX, (end_s - start_s) * px_per_s, height);
    }
    context.globalAlpha = 1;
  }

  drawSections(context, { px_per_s }, height) {
    context.font = "600 11px system-ui, sans-serif";
    context.textBaseline = "top";
    for (const { start_s, end_s, letter } of this.sections) {
      const [left, width] = [start_s * px_per_s, (end_s - start_s) * px_per_s];
      context.fillStyle = this.colours.sections[hueOf(letter)];
      context.fillRect(left, height - 5, Math.max(1, width - 1), 5);
      context.fillStyle = this.colours.text;
      if (width > 16) context.fillText(letter, left + 4, 2);
    }
  }

  // One column of the loudest peak for each pixel.
  drawWave(context, { from_s, px_per_s }, { width, top, height }) {
    if (this.peaks === null) return;
    const per_px = this.peaks_per_s / px_per_s;
    const middle = top + height / 2;
    context.fillStyle = this.colours.wave;
    context.beginPath();
    for (let x = 0; x < width; x += 1) {
      const first = Math.floor(from_s * this.peaks_per_s + x * per_px);
      const stop = Math.max(first + 1, Math.floor(from_s * this.peaks_per_s + (x + 1) * per_px));
      if (first >= this.peaks.length) break;
      let most = 0;
      for (let at = first; at < Math.min(stop, this.peaks.length); at += 1) most = Math.max(most, this.peaks[at]);
      const half = Math.max(0.5, (most / 255) * (height / 2 - 3));
      context.rect(x, middle - half, 1, 2 * half);
    }
    context.fill();
  }

  drawBeats(context, { from_s, to_s, px_per_s }, height) {
    const { bars } = this;
    if (bars === null || bars.times.length === 0) return;
    const usual_s = bars.times.length > 1 ? (bars.times.at(-1) - bars.times[0]) / (bars.times.length - 1) : 1;
    const lines = (times, top, style, width) => {
      context.fillStyle = style;
      for (let at = bisect(times, from_s - 1e-9); at < times.length && times[at] < to_s; at += 1) {
        context.fillRect(Math.round((times[at] - from_s) * px_per_s), top, width, height - top);
      }
    };
    if (bars.counted && usual_s * px_per_s >= BEAT_GAP_PX) lines(bars.times, RULER_PX + SECTION_PX + 6, this.colours.beat, 1);
    const bar_px = (bars.counted ? usual_s * (bars.times.length / Math.max(1, bars.lines.length)) : usual_s) * px_per_s;
    if (bar_px >= LINE_GAP_PX) lines(bars.lines, RULER_PX - 4, bars.counted ? this.colours.bar : this.colours.beat, 1);
    // Numbers of every 1st, 2nd, 4th ... bar, as they have room; one that begins in the tile before is cut there.
    let every = 1;
    while (every * bar_px < NUMBER_GAP_PX) every *= 2;
    context.fillStyle = this.colours.soft;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    const first = bisect(bars.lines, from_s - 60 / px_per_s);
    for (let at = first; at < bars.lines.length && bars.lines[at] < to_s; at += 1) {
      if (at % every === 0) context.fillText(String(at + 1), (bars.lines[at] - from_s) * px_per_s + 3, RULER_PX / 2);
    }
  }

  // The whole song at once, drawn when it or the window changes.
  drawOverview() {
    const canvas = byId("overview-canvas");
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const stretch = { from_s: 0, to_s: this.view.duration, px_per_s: width / this.view.duration };
    this.drawWave(context, stretch, { width, top: 0, height: height - 6 });
    this.drawSections(context, stretch, height);
  }
}
