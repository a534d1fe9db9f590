// One picture of the dance: the skeleton drawn from its poses, or a draft or finished video that follows the clock.

import { whenReady } from "./api.js";
import { make, say } from "./dom.js";
import { Follower } from "./follow.js";
import { drawSkeleton, Poses } from "./skeleton.js";

const KINDS = { skeleton: "Skeleton", draft: "Draft", video: "Finished video" };

// When something was made: the time today, else the date and time.
export function madeAt(value) {
  const at = new Date(typeof value === "number" ? value * 1000 : value);
  const today = at.toDateString() === new Date().toDateString();
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return today ? time : `${at.toLocaleDateString([], { day: "numeric", month: "short" })}, ${time}`;
}

// The pictures that can be shown: [{key, group, label, poses or address}].
export function versionsOf(dance) {
  const of = (version, group, prefix) => {
    const found = [];
    if (version.poses) found.push({ key: `${prefix}skeleton`, group, label: KINDS.skeleton, poses: version.poses });
    for (const kind of ["draft", "video"]) {
      const made = version.made?.[kind];
      if (made) found.push({ key: `${prefix}${kind}`, group, label: KINDS[kind], address: made.address, made_at: made.made_at });
    }
    return found;
  };
  const kept = (dance.kept ?? []).flatMap((version) => {
    const edits = Array.isArray(version.edits) ? version.edits.length : version.edits;
    const named = Number.isFinite(edits) ? `, ${edits} edit${edits === 1 ? "" : "s"}` : "";
    return of(version, `Kept ${madeAt(version.made_at)}${named}`, `${version.id}:`);
  });
  return [...of(dance, "Now", "now:"), ...kept];
}

export class Pane {
  // name: of the pane for screen readers. changed: called when it has something new to draw.
  constructor(player, { name, changed }) {
    Object.assign(this, { player, changed, shown: null, poses: null, follower: null });
    this.canvas = make("canvas", { role: "img", "aria-label": `${name}: skeleton of the dance` });
    this.video = make("video", { muted: true, playsinline: true, preload: "auto", "aria-label": `${name}: video of the dance`, hidden: true });
    this.note = make("p", { class: "pane-note", role: "status" });
    this.pick = make("select", { "aria-label": `Shown in ${name.toLowerCase()}`, change: () => this.show(this.pick.value) });
    this.frame = make("div", { class: "frame" }, this.canvas, this.video, this.note);
    this.node = make("figure", { class: "pane" }, this.frame, make("figcaption", {}, this.pick));
    new ResizeObserver(() => this.fit()).observe(this.frame);
  }

  // The versions that there are now; what is shown stays, read anew, where it is still there.
  offer(versions, wanted) {
    this.versions = versions;
    const groups = [...new Set(versions.map((version) => version.group))];
    this.pick.replaceChildren(...groups.map((group) => make("optgroup", { label: group },
      ...versions.filter((version) => version.group === group).map((version) =>
        make("option", { value: version.key }, group === "Now" ? version.label : `${version.label} · ${group.toLowerCase()}`)))));
    const keys = versions.map((version) => version.key);
    const key = [this.shown, wanted, keys[0]].find((one) => keys.includes(one));
    this.pick.disabled = versions.length < 2;
    this.pick.hidden = key === undefined;
    if (key === undefined) this.hide();
    else this.show(key);
  }

  async show(key) {
    const version = this.versions.find((one) => one.key === key);
    const stamp = `${version.poses ?? version.address}|${version.made_at ?? ""}`;
    this.shown = key;
    this.pick.value = key;
    this.changed();
    if (version.address !== undefined) this.showVideo(version, stamp);
    else await this.showPoses(version, stamp);
  }

  hide() {
    this.stopVideo();
    this.shown = this.poses = this.stamp = null;
    if (this.versions?.length === 0) this.note.textContent = "Moves are chosen; this dancer does not dance them yet. Make a preview.";
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  showVideo(version, stamp) {
    this.canvas.hidden = true;
    this.video.hidden = false;
    this.note.textContent = "";
    if (this.stamp === stamp && this.follower !== null) return;
    this.stopVideo();
    this.stamp = stamp;
    this.video.onerror = () => { this.note.textContent = "The browser cannot play this video."; };
    this.video.onloadedmetadata = () => {
      this.setShape(this.video.videoWidth, this.video.videoHeight);
      this.changed();
    };
    this.video.src = version.address;
    this.follower = new Follower(this.video, this.player);
  }

  stopVideo() {
    if (this.follower === null) return;
    this.follower.stop();
    this.follower = null;
    this.video.removeAttribute("src");
    this.video.load();
  }

  async showPoses(version, stamp) {
    this.stopVideo();
    this.video.hidden = true;
    this.canvas.hidden = false;
    if (this.stamp === stamp && this.poses !== null) {
      this.fit();
      return;
    }
    this.stamp = stamp;
    try {
      const answer = await whenReady(version.poses);
      const poses = await Poses.from(answer);
      // Another version may have been asked for meanwhile.
      if (this.stamp !== stamp) return;
      this.poses = poses;
      this.note.textContent = "";
      this.setShape(poses.width, poses.height);
      this.fit();
    } catch (error) {
      if (this.stamp === stamp) say(error.message, { fault: true });
    }
  }

  setShape(width, height) { this.node.style.setProperty("--shape", width / height); }

  // The canvas has a pixel for each of the screen's, up to two for each of the page's.
  fit() {
    if (this.poses === null || this.canvas.hidden) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    this.canvas.height = Math.round((this.canvas.width * this.poses.height) / this.poses.width);
    this.changed();
  }

  draw() {
    if (this.follower !== null) this.follower.frame();
    else if (this.poses !== null && !this.canvas.hidden) {
      this.points = this.poses.at(this.player.now, this.points);
      drawSkeleton(this.canvas.getContext("2d"), this.points, this.poses, this.canvas.width / this.poses.width);
    }
  }
}
