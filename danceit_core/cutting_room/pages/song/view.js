// Which part of the song the timeline shows, and how the mouse, fingers and buttons move it.
//
// The timeline is an element as wide as the song that the browser itself scrolls; nothing is drawn but what is seen.

import { bisect, byId, clamp } from "./dom.js";

const MOST_PX_PER_S = 400;
// Zoomed out farther than this, a usual clip would be narrower than a finger or a thumbnail can tell.
const LEAST_CLIP_PX = 10;
const DRAG_PX = 5;

export class View {
  // changed(what): "scroll" or "zoom". seek(seconds), select(range or null): what clicks and drags on the song mean.
  constructor({ changed, seek, select }) {
    this.scroller = byId("scroller");
    this.track = byId("track");
    this.duration = 1;
    this.px_per_s = 50;
    this.least = 1;
    this.changed = changed;
    this.seek = seek;
    this.select = select;
    this.fingers = new Map();
    this.scroller.addEventListener("scroll", () => changed("scroll"), { passive: true });
    this.scroller.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.listenToPointers();
    new ResizeObserver(() => this.resized()).observe(this.scroller);
  }

  get width() { return this.scroller.clientWidth; }

  get start_s() { return this.scroller.scrollLeft / this.px_per_s; }

  get end_s() { return Math.min(this.duration, (this.scroller.scrollLeft + this.width) / this.px_per_s); }

  x(seconds) { return seconds * this.px_per_s; }

  // Seconds under a place on the screen.
  secondsAt(clientX) {
    const left = this.scroller.getBoundingClientRect().left;
    return clamp((clientX - left + this.scroller.scrollLeft) / this.px_per_s, 0, this.duration);
  }

  // clip_s: what a usual clip lasts, null without a plan.
  setSong(duration, clip_s) {
    this.duration = Math.max(duration, 0.1);
    this.clip_s = clip_s;
    this.resized();
  }

  resized() {
    const whole = this.width / this.duration;
    this.least = this.clip_s ? Math.min(MOST_PX_PER_S, Math.max(whole, LEAST_CLIP_PX / this.clip_s)) : whole;
    this.zoomTo(Math.max(this.px_per_s, this.least), this.start_s, 0);
  }

  // Zooms so that `seconds` lies `offset` pixels from the left.
  zoomTo(px_per_s, seconds, offset) {
    this.px_per_s = clamp(px_per_s, this.least, MOST_PX_PER_S);
    this.track.style.width = `${Math.max(this.width, Math.ceil(this.duration * this.px_per_s))}px`;
    this.scroller.scrollLeft = seconds * this.px_per_s - offset;
    this.changed("zoom");
  }

  zoom(factor, clientX = null) {
    const { left } = this.scroller.getBoundingClientRect();
    const offset = clientX === null ? this.width / 2 : clientX - left;
    const seconds = (this.scroller.scrollLeft + offset) / this.px_per_s;
    this.zoomTo(this.px_per_s * factor, seconds, offset);
  }

  showAll() { this.zoomTo(0, 0, 0); }

  // Scrolls so that a stretch is seen; not at all where it is seen already.
  reveal(start_s, end_s = start_s) {
    if (start_s >= this.start_s && end_s <= this.end_s) return;
    const spare_s = Math.max(0, this.width / this.px_per_s - (end_s - start_s));
    this.scroller.scrollLeft = (start_s - Math.min(spare_s * 0.2, 60 / this.px_per_s)) * this.px_per_s;
  }

  centre(seconds) { this.scroller.scrollLeft = seconds * this.px_per_s - this.width / 2; }

  wheel(event) {
    // Sideways turns scroll; the browser does that itself. A pinch on a touchpad arrives as a wheel with Ctrl.
    if (!event.ctrlKey && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.zoom(Math.exp(-clamp(event.deltaY * lines, -120, 120) * (event.ctrlKey ? 0.01 : 0.002)), event.clientX);
  }

  listenToPointers() {
    let drag = null;
    let pinch = null;
    const wave = byId("tiles");
    wave.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      drag = { from: this.secondsAt(event.clientX), x: event.clientX, moved: false };
      wave.setPointerCapture(event.pointerId);
    });
    wave.addEventListener("pointermove", (event) => {
      if (drag === null) return;
      drag.moved ||= Math.abs(event.clientX - drag.x) > DRAG_PX;
      if (!drag.moved) return;
      const to = this.secondsAt(event.clientX);
      this.select({ start_s: Math.min(drag.from, to), end_s: Math.max(drag.from, to) });
    });
    wave.addEventListener("pointerup", () => {
      if (drag !== null && !drag.moved) this.seek(drag.from);
      drag = null;
    });
    wave.addEventListener("pointercancel", () => { drag = null; });
    // Fingers: a tap moves the playhead, one finger scrolls (the browser's), two fingers zoom.
    wave.addEventListener("click", (event) => { if (event.pointerType !== "mouse") this.seek(this.secondsAt(event.clientX)); });
    const spread = () => {
      const [one, other] = [...this.fingers.values()];
      return { apart: Math.max(10, Math.abs(one - other)), middle: (one + other) / 2 };
    };
    this.scroller.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch") return;
      this.fingers.set(event.pointerId, event.clientX);
      if (this.fingers.size === 2) pinch = { ...spread(), px_per_s: this.px_per_s, seconds: this.secondsAt(spread().middle) };
    });
    this.scroller.addEventListener("pointermove", (event) => {
      if (!this.fingers.has(event.pointerId)) return;
      this.fingers.set(event.pointerId, event.clientX);
      if (pinch === null || this.fingers.size !== 2) return;
      const { apart, middle } = spread();
      const offset = middle - this.scroller.getBoundingClientRect().left;
      this.zoomTo(pinch.px_per_s * (apart / pinch.apart), pinch.seconds, offset);
    });
    for (const event of ["pointerup", "pointercancel", "pointerleave"]) {
      this.scroller.addEventListener(event, ({ pointerId }) => {
        this.fingers.delete(pointerId);
        if (this.fingers.size < 2) pinch = null;
      });
    }
  }
}

// The clips [first, stop) that share a moment with a stretch, as clips lie one behind the other.
export function clipsWithin(clips, start_s, end_s) {
  const first = bisect(clips, start_s + 1e-6, (clip) => clip.end_s);
  const stop = bisect(clips, end_s - 1e-6, (clip) => clip.start_s);
  return [first, Math.max(first, stop)];
}
