// The one clock of the page: the audio element of the song. Pictures follow it, never the other way round.

import { clamp } from "./dom.js";

export class Player {
  // changed: called when it starts, stops, jumps or its length becomes known.
  constructor(audio, changed) {
    this.audio = audio;
    this.loop = null;
    for (const event of ["play", "pause", "seeked", "seeking", "loadedmetadata", "ended", "durationchange"]) {
      audio.addEventListener(event, changed);
    }
  }

  get ready() { return this.audio.readyState > 0; }

  get now() { return this.audio.currentTime; }

  get playing() { return !this.audio.paused && !this.audio.ended; }

  get duration() { return Number.isFinite(this.audio.duration) ? this.audio.duration : 0; }

  // Resolves when the song can be played; the place of an earlier load is taken up again.
  load(address) {
    return new Promise((done, failed) => {
      this.audio.addEventListener("loadedmetadata", done, { once: true });
      this.audio.addEventListener("error", () => failed(new Error("The browser cannot play this song.")), { once: true });
      this.audio.src = address;
    });
  }

  async toggle() {
    if (!this.ready) return;
    if (this.playing) this.audio.pause();
    else await this.audio.play();
  }

  seek(seconds) {
    if (this.ready) this.audio.currentTime = clamp(seconds, 0, Math.max(0, this.duration - 0.01));
  }

  // Called once a frame while it plays: a stretch that is looped begins again at its end.
  frame() {
    const { loop } = this;
    if (loop !== null && this.playing && this.now >= Math.min(loop.end_s, this.duration - 0.03)) this.seek(loop.start_s);
  }
}
