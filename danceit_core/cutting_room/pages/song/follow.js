// A muted video that follows the clock: small distances by a gentle change of speed, larger ones by a jump.
//
// Distances are measured where they are seen: a video frame callback says which moment of the video a picture shows and
// when the screen will show it. A picture is right while the clock lies within its frame.

import { clamp } from "./dom.js";

const JUMP_S = 0.4;
const GAIN = 3;
const MOST_NUDGE = 0.25;
// A picture reaches the screen up to a refresh after its moment; within this nothing is corrected.
const STILL_S = 0.004;
// A video that stands so near begins without a jump.
const NEAR_S = 0.05;
// After a jump the next one waits: a decoder that is behind catches up by itself.
const SETTLE_MS = 700;
const USUAL_JUMP_S = 0.06;

export class Follower {
  constructor(video, player) {
    Object.assign(this, { video, player, ahead_s: 0, jumped: -SETTLE_MS, jump_s: USUAL_JUMP_S, jumps: 0, gone: false });
    video.muted = true;
    const watch = (_, about) => {
      if (this.gone) return;
      this.seen(about);
      video.requestVideoFrameCallback(watch);
    };
    video.requestVideoFrameCallback(watch);
    // How long a jump takes is learnt, so that the next one lands where the clock is by then.
    this.landed = () => { this.jump_s = 0.5 * this.jump_s + 0.5 * Math.min(1, (performance.now() - this.jumped) / 1000); };
    video.addEventListener("seeked", this.landed);
  }

  // A picture that is about to be shown.
  seen(about) {
    if (!this.player.playing || this.video.seeking) return;
    const later_s = (about.expectedDisplayTime - performance.now()) / 1000;
    const ahead_s = about.mediaTime - (this.player.now + clamp(later_s, 0, 0.1));
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
    this.video.currentTime = this.player.now + this.jump_s;
  }

  // Called with every drawn frame: plays and stands as the clock does.
  frame() {
    const { video, player } = this;
    if (video.readyState === 0) return;
    const beyond = player.now >= video.duration;
    if (player.playing && !beyond) {
      const away_s = Math.abs(video.currentTime - player.now);
      if (away_s > (video.paused ? NEAR_S : JUMP_S)) this.jump();
      if (video.paused) video.play().catch(() => {});
      return;
    }
    if (!video.paused) video.pause();
    // Standing, it shows the very picture of the clock; while it seeks, the newest wish waits for the next frame.
    if (!video.seeking && !beyond && Math.abs(video.currentTime - player.now) > 0.01) video.currentTime = player.now + 0.001;
  }

  stop() {
    this.gone = true;
    this.video.removeEventListener("seeked", this.landed);
    this.video.pause();
  }
}
