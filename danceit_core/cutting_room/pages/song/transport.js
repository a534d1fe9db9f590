// Buttons of the player, and where the song is: time, bar and beat.

import { byId, make } from "./dom.js";
import { clockTime } from "./words.js";

const VOLUME = "danceit volume";
const NEAR_S = 0.06;

export class Transport {
  // bars(): the song's beats. loop(): loops or not. step(bars): moves the playhead by bars.
  constructor(player, { bars, loop, step }) {
    Object.assign(this, { player, bars, shown: "" });
    byId("play").addEventListener("click", () => player.toggle());
    byId("back").addEventListener("click", () => step(-1));
    byId("forward").addEventListener("click", () => step(1));
    byId("loop").addEventListener("click", loop);
    const volume = byId("volume");
    volume.value = localStorage.getItem(VOLUME) ?? 0.8;
    player.audio.volume = Number(volume.value);
    volume.addEventListener("input", () => {
      player.audio.volume = Number(volume.value);
      localStorage.setItem(VOLUME, volume.value);
    });
  }

  ready() {
    for (const id of ["play", "back", "forward", "loop"]) byId(id).disabled = false;
    this.draw();
  }

  setLoop(on) { byId("loop").setAttribute("aria-pressed", String(on)); }

  draw() {
    const { now, playing, duration } = this.player;
    // A clip begins up to a frame before its bar line: a playhead that stands there shows that bar.
    const { bar, beat } = this.bars().at(playing ? now : now + NEAR_S);
    const shown = [clockTime(now), bar, beat, playing, duration, this.bars().times.length].join("|");
    if (shown === this.shown) return;
    this.shown = shown;
    byId("time").textContent = clockTime(now);
    byId("length").textContent = duration ? ` / ${clockTime(duration)}` : "";
    byId("bar").textContent = barWords(this.bars(), bar);
    this.drawBeats(beat);
    const play = byId("play");
    play.classList.toggle("playing", playing);
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  // A dot a beat of the bar, the present one filled.
  drawBeats(beat) {
    const host = byId("beat-dots");
    const meter = this.bars().counted ? this.bars().meter ?? 4 : 0;
    if (host.childElementCount !== meter) host.replaceChildren(...Array.from({ length: meter }, () => make("i")));
    [...host.children].forEach((dot, number) => dot.classList.toggle("on", number + 1 === beat));
  }
}

function barWords({ counted, times }, number) {
  if (times.length === 0) return "";
  return `${counted ? "bar" : "beat"} ${number === 0 ? "–" : number}`;
}
