// The strip of clips: a list of which only the clips that are seen are in the document, and the one that Tab reaches.

import { byId, clamp, make } from "./dom.js";
import { clipName, cssPercent, grade, matchGrade, percent, SEAMS, shortName } from "./words.js";
import { clipsWithin } from "./view.js";

const PICTURE_PX = 76;
const MOST_PICTURES = 8;
// Pictures are asked for when the strip has stood still for so long.
const STILL_MS = 140;
// What the match beside a name takes, and a letter of it, pixels.
const NAME_ROOM = 56;
const LETTER = 8;
const BADGES = { pin: "pin", ban: "ban", style: "style", seed: "again" };

export class Strip {
  // choose(number): a clip was opened. extend(from, to): clips were selected from one to another.
  constructor(view, { choose, extend }) {
    Object.assign(this, { view, choose, extend });
    this.list = byId("clips");
    this.nodes = new Map();
    this.clips = [];
    this.edits = () => [];
    this.active = 0;
    this.anchor = 0;
    this.chosen = null;
    this.range = null;
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("focusin", (event) => {
      const node = event.target.closest("li");
      if (node !== null) this.setActive(Number(node.dataset.number));
    });
  }

  // edits(clip): the edits that touch it.
  set(clips, edits) {
    this.clips = clips;
    this.edits = edits;
    this.active = clamp(this.active, 0, Math.max(0, clips.length - 1));
    this.rebuild();
  }

  mark({ chosen = this.chosen, range = this.range }) {
    Object.assign(this, { chosen, range });
    for (const [number, node] of this.nodes) this.markNode(node, this.clips[number]);
  }

  rebuild() {
    const focused = this.list.contains(document.activeElement);
    for (const node of this.nodes.values()) node.remove();
    this.nodes.clear();
    this.draw();
    if (focused) this.nodes.get(this.active)?.firstChild.focus({ preventScroll: true });
  }

  // Puts the clips that are seen into the document, with half a screen on either side.
  draw() {
    if (this.clips.length === 0) return;
    const { view } = this;
    const spare_s = (view.width / view.px_per_s) * 0.5;
    const [first, stop] = clipsWithin(this.clips, view.start_s - spare_s, view.end_s + spare_s);
    for (const [number, node] of this.nodes) {
      if ((number >= first && number < stop) || number === this.active) continue;
      node.remove();
      this.nodes.delete(number);
    }
    for (let number = first; number < stop; number += 1) if (!this.nodes.has(number)) this.add(number);
    if (!this.nodes.has(this.active)) this.add(this.active);
    clearTimeout(this.still);
    this.still = setTimeout(() => this.loadPictures(), STILL_MS);
  }

  add(number) {
    const node = this.makeNode(this.clips[number]);
    this.nodes.set(number, node);
    // In the order of the song, so that a reader meets them so.
    const next = [...this.list.children].find((other) => Number(other.dataset.number) > number);
    this.list.insertBefore(node, this.list.lastChild === null || next === undefined ? null : next);
  }

  makeNode(clip) {
    const width = (clip.end_s - clip.start_s) * this.view.px_per_s;
    const edits = this.edits(clip);
    const seam = clip.number === 0 ? "unknown" : grade(clip.seam);
    const content = [make("span", { class: "pictures" })];
    if (width >= 30) content.push(make("span", { class: "clip-name" }, shortName(clip.video, Math.floor((width - NAME_ROOM) / LETTER))));
    if (clip.match !== null) {
      const bar = make("span", { class: `match ${matchGrade(clip.match)}` }, make("span"));
      bar.firstChild.style.width = cssPercent(clip.match);
      content.push(bar);
      if (width >= 84) content.push(make("span", { class: "clip-match" }, percent(clip.match)));
    }
    if (clip.beats > 0 && clip.hits !== null && width >= 9 * clip.beats + 8) content.push(dots(clip));
    if (seam !== "unknown") content.push(make("span", { class: `seam ${seam}` }));
    if (edits.length > 0) {
      const kinds = [...new Set(edits.map((edit) => BADGES[edit.action]))];
      content.push(...kinds.map((kind) => make("span", { class: "badge" }, width >= 48 ? kind : "•")));
    }
    const open = make("button", {
      type: "button", tabindex: clip.number === this.active ? "0" : "-1", title: `${clip.video} · ${SEAMS[seam]}`,
      "aria-label": clipName(clip, this.clips.length, edits),
    }, ...content);
    const node = make("li", {
      class: "clip", "data-number": clip.number, "aria-setsize": this.clips.length, "aria-posinset": clip.number + 1,
    }, open);
    node.style.transform = `translateX(${this.view.x(clip.start_s)}px)`;
    node.style.width = `${Math.max(3, width - 1)}px`;
    this.markNode(node, clip);
    return node;
  }

  markNode(node, clip) {
    const { range } = this;
    const within = range !== null && clip.start_s < range.end_s - 1e-6 && clip.end_s > range.start_s + 1e-6;
    node.classList.toggle("within", within);
    node.classList.toggle("chosen", clip.number === this.chosen);
    const open = node.firstChild;
    if (clip.number === this.chosen) open.setAttribute("aria-current", "true");
    else open.removeAttribute("aria-current");
  }

  loadPictures() {
    const [first, stop] = clipsWithin(this.clips, this.view.start_s, this.view.end_s);
    for (let number = first; number < stop; number += 1) {
      const clip = this.clips[number];
      const host = this.nodes.get(number)?.querySelector(".pictures");
      if (!host || host.childElementCount > 0) continue;
      const width = (clip.end_s - clip.start_s) * this.view.px_per_s;
      const count = clamp(Math.floor(width / PICTURE_PX), 1, MOST_PICTURES);
      host.append(...Array.from({ length: count }, (_, at) => this.picture(clip, at / count)));
    }
  }

  picture(clip, share) {
    const at_s = clip.source_s + share * (clip.end_s - clip.start_s) * clip.rate;
    const source = `/thumbnails/${encodeURIComponent(clip.video)}/${Math.floor(at_s * 4) * 250}.jpg`;
    return make("img", { src: source, alt: "", decoding: "async", class: clip.mirrored ? "mirrored" : null });
  }

  setActive(number) {
    if (number === this.active) return;
    const before = this.nodes.get(this.active);
    if (before) before.firstChild.tabIndex = -1;
    this.active = clamp(number, 0, this.clips.length - 1);
    if (!this.nodes.has(this.active)) this.add(this.active);
    this.nodes.get(this.active).firstChild.tabIndex = 0;
  }

  focus(number) {
    const clip = this.clips[clamp(number, 0, this.clips.length - 1)];
    if (clip === undefined) return;
    this.setActive(clip.number);
    this.view.reveal(clip.start_s, clip.end_s);
    this.nodes.get(clip.number).firstChild.focus({ preventScroll: true });
  }

  click(event) {
    const node = event.target.closest("li");
    if (node === null) return;
    const number = Number(node.dataset.number);
    if (event.shiftKey) {
      this.extend(this.anchor, number);
      return;
    }
    this.anchor = number;
    this.choose(number);
  }

  key(event) {
    const far = Math.max(1, Math.floor((this.view.end_s - this.view.start_s) / ((this.view.clip_s ?? 1) * 1.2)));
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -far, PageDown: far, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.focus(clamp(this.active + step, 0, this.clips.length - 1));
    if (event.shiftKey) this.extend(this.anchor, this.active);
    else this.anchor = this.active;
  }
}

function dots(clip) {
  const shown = Array.from({ length: clip.beats }, (_, beat) => make("i", { class: beat < clip.hits ? "hit" : "missed" }));
  return make("span", { class: "dots" }, ...shown);
}
