// Audible clicks on the beats, in time with the song: sounds are put on the sound card's own clock shortly before.

import { bisect } from "./dom.js";

const AHEAD_S = 0.15;
const PITCH_HZ = 1000;
const LINE_HZ = 1600;
const CLICK_S = 0.03;

export class Clicks {
  // times(): {times, lines}: the beats and which of them begin a bar.
  constructor(player, times) {
    Object.assign(this, { player, times, on: false, context: null, last: -1 });
  }

  set(on) {
    this.on = on;
    if (on && this.context === null) this.context = new AudioContext();
    if (on) this.context.resume();
    this.last = this.player.now - 0.001;
  }

  // Called once a frame while it plays.
  frame() {
    if (!this.on || !this.player.playing) return;
    const { now } = this.player;
    // After a jump or at the loop's beginning the beats behind are to be heard again.
    if (this.last > now + AHEAD_S + 0.05 || this.last < now - 0.1) this.last = now - 0.001;
    const { times, lines } = this.times();
    const late_s = this.context.outputLatency || 0;
    for (let at = bisect(times, this.last); at < times.length && times[at] <= now + AHEAD_S; at += 1) {
      this.click(Math.max(0, times[at] - now - late_s), lines.includes(times[at]) ? LINE_HZ : PITCH_HZ);
    }
    this.last = Math.max(this.last, now + AHEAD_S);
  }

  click(after_s, pitch) {
    const at = this.context.currentTime + after_s;
    const tone = this.context.createOscillator();
    const level = this.context.createGain();
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0.4, at);
    level.gain.exponentialRampToValueAtTime(0.001, at + CLICK_S);
    tone.connect(level).connect(this.context.destination);
    tone.start(at);
    tone.stop(at + CLICK_S);
  }
}
