// Small silent videos that repeat a stretch of a dance while they are seen.

import { make } from "./dom.js";

let quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.dataset.seen = isIntersecting ? "yes" : "";
    if (isIntersecting) begin(target);
    else target.pause();
  }
}, { threshold: 0.2 });

export const loopsPlay = () => !quiet;

// Lets all of them play or stand.
export function playLoops(on) {
  quiet = !on;
  for (const video of document.querySelectorAll("video.loop")) {
    if (!on) video.pause();
    else if (video.dataset.seen) begin(video);
  }
}

function begin(video) {
  if (!video.src) video.src = video.dataset.source;
  if (!quiet) video.play().catch(() => {});
}

// candidate: {video, source_s, rate, mirrored}; end_s: where its stretch ends in the source.
export function loopOf(candidate, end_s, label) {
  const { video: name, source_s, rate, mirrored } = candidate;
  const video = make("video", {
    class: mirrored ? "loop mirrored" : "loop", muted: true, playsinline: true, preload: "metadata", "aria-label": label,
    "data-source": `/frames/${encodeURIComponent(name)}.mp4`,
  });
  video.muted = true;
  const again = () => { video.currentTime = source_s; };
  video.addEventListener("loadedmetadata", () => {
    again();
    video.playbackRate = rate;
  });
  video.addEventListener("timeupdate", () => {
    if (video.currentTime >= end_s || video.currentTime < source_s - 0.5) again();
  });
  video.addEventListener("ended", () => {
    again();
    if (!quiet && video.dataset.seen) video.play().catch(() => {});
  });
  seen.observe(video);
  return video;
}

// To be called before loops are taken out of the page: the browser lets their decoders go.
export function endLoops(parent) {
  for (const video of parent.querySelectorAll("video.loop")) {
    seen.unobserve(video);
    video.removeAttribute("src");
    video.load();
  }
}
