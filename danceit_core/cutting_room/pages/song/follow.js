// A muted video that follows the clock: small distances by a gentle change of speed, larger ones by a jump.
//
// Distances are measured where they are seen: a video frame callback says which moment of the video a picture shows and
// when the screen will show it. A picture is right while the clock lies within its frame.

import { clamp } from "./dom.js";

const JUMP_S = 0.3;
const GAIN = 1.5;
const MOST_NUDGE = 0.1;
// A picture reaches the screen up to a refresh after its moment; within this nothing is corrected.
const STILL_S = 0.006;
const SETTLE_MS = 400;

export class Follower {
  constructor(video, player) {
    this.video = video;
    this.player = player;
    this.shown_s = null;
    this.ahead_s = 0;
    this.jumped = 0;
    this.jumps = 0;
    this.gone = false;
    video.muted = true;
    const watch = (now, about) => {
      if (this.gone) return;
      this.seen(about);
      video.requestVideoFrameCallback(watch);
    };
    video.requestVideoFrameCallback(watch);
  }

  // Seconds that the picture on the screen is behind the clock; null before the first one.
  get behind_s() { return this.shown_s === null ? null : this.player.now - this.shown_s; }

  seen(about) {
    this.shown_s = about.mediaTime;
    if (!this.player.playing || this.video.seeking) return;
    const later_s = Math.max(0, about.expectedDisplayTime - performance.now()) / 1000;
    const ahead_s = about.mediaTime - (this.player.now + later_s);
    if (Math.abs(ahead_s) > JUMP_S) {
      this.jump();
      return;
    }
    this.ahead_s = 0.75 * this.ahead_s + 0.25 * ahead_s;
    const nudge = Math.abs(this.ahead_s) > STILL_S ? clamp(-GAIN * this.ahead_s, -MOST_NUDGE, MOST_NUDGE) : 0;
    const rate = Math.round((1 + nudge) * 200) / 200;
    if (rate !== this.video.playbackRate) this.video.playbackRate = rate;
  }

  jump() {
    if (this.video.seeking || performance.now() - this.jumped < SETTLE_MS) return;
    this.jumped = performance.now();
    this.jumps += 1;
    this.ahead_s = 0;
    this.video.playbackRate = 1;
    this.video.currentTime = this.player.now + (this.player.playing ? 0.03 : 0.001);
  }

  // Called with every drawn frame: plays and stands as the clock does.
  frame() {
    const { video, player } = this;
    if (video.readyState === 0) return;
    const beyond = player.now >= video.duration;
    if (player.playing && video.paused && !beyond) {
      this.jump();
      video.play().catch(() => {});
    } else if ((!player.playing || beyond) && !video.paused) {
      video.pause();
    }
    if (video.seeking) return;
    const away_s = Math.abs(video.currentTime - player.now);
    if (player.playing ? away_s > JUMP_S : away_s > 0.01 && !beyond) {
      if (player.playing) this.jump();
      else video.currentTime = player.now + 0.001;
    }
  }

  stop() {
    this.gone = true;
    this.video.pause();
  }
}
