// The beats of a song: which bar and beat a moment lies in, and the nearest bar line.

import { bisect, clamp } from "./dom.js";

export class Bars {
  // times_s: increasing; place: beat in the bar of each, 1 the downbeat, 0 or null where nobody knows.
  constructor({ times_s = [], place = [], meter = null } = {}) {
    this.times = times_s;
    this.place = place ?? [];
    this.meter = meter;
    this.counted = this.place.some((value) => value === 1);
    this.lines = this.counted ? times_s.filter((_, number) => this.place[number] === 1) : times_s;
  }

  // {bar, beat} at a moment, both from 1; bar 0 before the first bar line. Without bars `bar` counts beats.
  at(seconds) {
    const beat = bisect(this.times, seconds + 1e-6) - 1;
    const bar = bisect(this.lines, seconds + 1e-6);
    return { bar, beat: beat < 0 || !this.counted ? 0 : this.place[beat] ?? 0 };
  }

  // The bar line `step` bars from a moment; back from within a bar goes to its own line first.
  step(seconds, step) {
    if (this.lines.length === 0) return Math.max(0, seconds + 2 * step);
    const here = bisect(this.lines, seconds + 0.02) - 1;
    const inside = here >= 0 && seconds - this.lines[here] > 0.25;
    const wanted = step < 0 && inside ? here + step + 1 : here + step;
    return wanted < 0 ? 0 : this.lines[clamp(wanted, 0, this.lines.length - 1)];
  }

  nearestBeat(seconds) {
    const after = clamp(bisect(this.times, seconds), 0, this.times.length - 1);
    const before = Math.max(0, after - 1);
    return seconds - this.times[before] < this.times[after] - seconds ? this.times[before] : this.times[after];
  }
}
