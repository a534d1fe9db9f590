// The page of one song: everything is made here and joined; each part does its own work in a module of its own.

import { Again } from "./again.js";
import { Alternatives, hint } from "./alternatives.js";
import { ask, inPath, whenReady } from "./api.js";
import { Bars } from "./bars.js";
import { BeatsPanel } from "./beats.js";
import { Clicks } from "./clicks.js";
import { Stage } from "./compare.js";
import { bisect, byId, say } from "./dom.js";
import { Edits } from "./edits.js";
import { EditsPanel } from "./edits_panel.js";
import { hear } from "./events.js";
import { Keys } from "./keys.js";
import { Player } from "./player.js";
import { RangePanel } from "./range.js";
import { Store } from "./store.js";
import { Tabs } from "./tabs.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";
import { clipsWithin } from "./view.js";

const song = decodeURIComponent(location.pathname.split("/").at(-1));
const store = new Store(song);
const state = { about: null, dance: null, bars: new Bars(), range: null, chosen: null, person: null };

// One loop draws: it runs while the song plays and once after each change.
let waiting = 0;
function wake() { waiting ||= requestAnimationFrame(frame); }
function frame() {
  waiting = 0;
  player.frame();
  clicks.frame();
  stage.draw();
  timeline.draw();
  transport.draw();
  if (player.playing) wake();
}

const player = new Player(byId("sound"), wake);
const clicks = new Clicks(player, () => shiftedBars());
const stage = new Stage(player, wake);
const timeline = new Timeline(player, { changed: wake, select: selectStretch, choose: openClip, extend: selectClips });
const transport = new Transport(player, {
  bars: () => state.bars, loop: toggleLoop, step: (step) => player.seek(state.bars.step(player.now, step)),
});
const edits = new Edits(song, { changed: showEdits, conflict });
// Of a clip, and as a line with a button that takes it back: what the panels ask of the edits.
edits.touchingClip = (clip) => edits.touching(clip, clipsOf(), state.about.fps);
const editsPanel = new EditsPanel(edits, { act, show: showStretch });
edits.lineOf = (edit) => editsPanel.line(edit);
const alternatives = new Alternatives(song, edits, { act, reroll: () => rangePanel.reroll() });
const rangePanel = new RangePanel(edits, { act, none: clearSelection, loop: toggleLoop });
const beats = new BeatsPanel(song, player, { clicks, written: readSong, shifted: showBeats });
const again = new Again(() => ({ person: state.person, song }), readDance);
const tabs = new Tabs((tab) => {
  store.put({ tab });
  if (tab === "make") again.forecast();
});

function clipsOf() { return state.dance?.clips ?? []; }

function shiftedBars() {
  if (beats.offset_s === 0) return state.bars;
  const { times_s, ...rest } = state.about.beats;
  return new Bars({ ...rest, times_s: times_s.map((time) => time + beats.offset_s) });
}

function showBeats() {
  const sections = state.about.sections ?? [];
  timeline.setSong(state.about.duration_s ?? player.duration, { bars: shiftedBars(), sections });
  wake();
}

// What the song is; read again after a correction.
async function readSong() {
  const about = await ask(`/api/songs/${inPath(song)}`);
  state.about = about;
  state.bars = new Bars(about.beats ?? {});
  beats.set(about);
  showBeats();
}

// Plan, poses and versions of the dance, without losing the place on the page. What is the same stays untouched.
async function readDance() {
  const { person } = state;
  const { posts } = edits;
  const dance = await ask(`/api/dances/${inPath(person, song)}`);
  if (person !== state.person) return;
  if (posts !== edits.posts) {
    await readDance();
    return;
  }
  const before = state.dance;
  state.dance = dance;
  if (JSON.stringify(before) === JSON.stringify(dance)) return;
  const samePlan = planOf(before) === planOf(dance);
  edits.take(dance);
  if (!samePlan) timeline.setClips(dance.clips, edits.touchingClip);
  stage.set(dance, before === null ? store.get("shown", []) : stage.shown);
  const empty = dance.poses === null && dance.clips.length === 0;
  byId("empty").hidden = !empty;
  byId("panes").hidden = byId("compare").hidden = empty;
  byId("make").textContent = empty ? "Make" : "Make again";
  showEdited(dance.edited);
  if (!samePlan && state.chosen !== null) {
    if (dance.clips[state.chosen] === undefined) clearSelection();
    else openClip(state.chosen, { quiet: true });
  }
  wake();
}

// What of a dance the strip and the alternatives show; edits are marks on it.
const planOf = (dance) => JSON.stringify(dance?.clips.map(({ edits: _, ...clip }) => clip));

function showEdited(edited) {
  byId("edited").hidden = !edited;
  byId("make").classList.toggle("main", edited || !byId("empty").hidden);
}

function showEdits() {
  if (state.dance === null) return;
  timeline.strip.set(clipsOf(), edits.touchingClip);
  editsPanel.fill();
  alternatives.refresh();
  wake();
}

// Writes a change and says so, with a way back; resolves to whether it was written.
async function act(change) {
  if (!(await edits.change(change))) return false;
  showEdited(true);
  say(`${change.words}: written.`, { action: undo, label: "Undo" });
  if (tabs.shown === "make") again.forecast();
  return true;
}

async function undo() {
  const words = await edits.undo();
  if (words !== null) say(`Taken back: ${words}.`, { action: redo, label: "Redo" });
}

async function redo() {
  const words = await edits.redo();
  if (words !== null) say(`Done again: ${words}.`, { action: undo, label: "Undo" });
}

function conflict(error, repeat) {
  if (repeat === null) say(error.message, { fault: true });
  else say("The table of edits was changed elsewhere meanwhile, so nothing was written. The page shows it as it stands now.",
    { fault: true, label: "Do it again", action: async () => { if (await repeat()) say("Done: it is written now."); } });
}

function openClip(number, { quiet = false } = {}) {
  const clip = clipsOf()[number];
  if (clip === undefined) return;
  state.chosen = number;
  setRange({ start_s: clip.start_s, end_s: clip.end_s });
  if (!quiet) {
    tabs.show("clip");
    if (!player.playing) player.seek(clip.start_s + 0.001);
  }
  alternatives.open(clip, state.bars);
  store.put({ chosen: number });
}

function selectClips(from, to) {
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  setRange({ start_s: clipsOf()[first].start_s, end_s: clipsOf()[last].end_s });
  tabs.show("clip");
}

// A stretch drawn with the mouse covers whole clips, where there are any.
function selectStretch({ start_s, end_s }) {
  const clips = clipsOf();
  const [first, stop] = clipsWithin(clips, start_s, end_s);
  if (stop > first) selectClips(first, stop - 1);
  else setRange({ start_s, end_s });
}

function showStretch(edit) {
  timeline.view.reveal(edit.start_s, edit.end_s);
  player.seek(edit.start_s + 0.001);
  const [first, stop] = clipsWithin(clipsOf(), edit.start_s + 0.02, edit.end_s - 0.02);
  if (stop - first === 1) openClip(first);
  else if (stop > first) selectClips(first, stop - 1);
}

function setRange(range) {
  state.range = range;
  if (player.loop !== null) player.loop = range;
  transport.setLoop(player.loop !== null);
  timeline.setRange(range, state.chosen);
  const clips = range === null ? [0, 0] : clipsWithin(clipsOf(), range.start_s, range.end_s);
  const one = state.chosen !== null && clips[1] - clips[0] === 1;
  // One clip has a panel of its own; a longer selection takes its place.
  byId("clip-panel").hidden = range !== null && !one;
  const section = range === null ? null : sectionAt(range.start_s);
  rangePanel.show(range === null ? null : { ...range, clips }, { styles: state.about.styles ?? [], section, one, select: selectStretch });
}

const sectionAt = (seconds) => (state.about.sections ?? []).find((one) => one.start_s <= seconds + 0.05 && one.end_s > seconds + 0.05) ?? null;

function clearSelection() {
  state.chosen = null;
  store.put({ chosen: null });
  setRange(null);
  alternatives.close();
}

function toggleLoop() {
  if (player.loop !== null) player.loop = null;
  else {
    const bar_s = state.bars.step(player.now + 0.05, 1);
    player.loop = state.range ?? { start_s: state.bars.step(player.now + 0.3, -1), end_s: Math.max(bar_s, player.now + 1) };
    if (player.now < player.loop.start_s || player.now >= player.loop.end_s) player.seek(player.loop.start_s);
  }
  transport.setLoop(player.loop !== null);
}

function listen() {
  byId("undo").addEventListener("click", undo);
  byId("redo").addEventListener("click", redo);
  byId("make").addEventListener("click", () => tabs.show("make", { focus: true }));
  byId("message-close").addEventListener("click", () => say(""));
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  byId("help-close").addEventListener("click", () => byId("help").close());
  byId("person").addEventListener("change", (event) => setPerson(event.target.value));
  addEventListener("pagehide", () => store.put({ now: player.now, px_per_s: timeline.view.px_per_s, start_s: timeline.view.start_s, shown: stage.shown }));
  new Keys({
    play: () => player.toggle(), bar: (key) => player.seek(state.bars.step(player.now, key === "ArrowLeft" ? -1 : 1)),
    ends: (key) => player.seek(key === "Home" ? 0 : player.duration), loop: toggleLoop,
    zoom: (key) => (key === "0" ? timeline.view.showAll() : timeline.view.zoom(key === "+" ? 1.5 : 1 / 1.5)),
    here: () => timeline.strip.focus(bisect(clipsOf(), player.now, (clip) => clip.start_s) - 1),
    choose: (key) => alternatives.choose(Number(key) - 1), keep: () => state.chosen !== null && alternatives.pin(clipsOf()[state.chosen]),
    ban: () => state.chosen !== null && alternatives.ban(clipsOf()[state.chosen].fragment, `the move of clip ${state.chosen + 1}`),
    reroll: () => rangePanel.reroll(), tap: () => { tabs.show("beats"); beats.tap(); },
    compare: () => !byId("compare").disabled && stage.compare(!stage.compared), again: () => tabs.show("make", { focus: true }),
    none: clearSelection, help: () => byId("help").showModal(), undo, redo,
  });
  hear({
    run: (run) => again.took(run),
    files: (files) => {
      if (state.person !== null && files.edits !== edits.token) readDance().catch(fail);
      if (state.about !== null && files.songs !== state.about.token) readSong().catch(fail);
    },
    project: () => state.person !== null && readDance().catch(fail),
    lost: (is) => { byId("lost").hidden = !is; },
  });
}

async function setPerson(person) {
  state.person = person;
  history.replaceState(null, "", `?person=${encodeURIComponent(person)}`);
  await readDance().catch(fail);
}

async function readPeaks() {
  const answer = await whenReady(`/songs/${inPath(song)}/peaks`);
  const peaks = new Uint8Array(await answer.arrayBuffer());
  timeline.waveform.set({ peaks, peaks_per_s: Number(answer.headers.get("x-peaks-per-s")) });
}

async function readSound() {
  const address = `/songs/${inPath(song)}/sound.m4a`;
  const wait = byId("sound-wait");
  await whenReady(address, {
    headers: { Range: "bytes=0-0" },
    making: (share) => { wait.textContent = `Preparing the sound, ${Math.round(100 * share)} %`; },
  });
  await player.load(address);
  wait.textContent = "";
  if (state.about.duration_s === null) showBeats();
  player.seek(store.get("now", 0));
  transport.ready();
}

const fail = (error) => say(error.message, { fault: true });

async function begin() {
  document.title = `${song} · cutting room`;
  byId("name").textContent = song;
  listen();
  await readSong();
  const { persons } = state.about;
  const wanted = new URLSearchParams(location.search).get("person");
  state.person = persons.includes(wanted) ? wanted : persons[0] ?? null;
  byId("person").replaceChildren(...persons.map((person) => new Option(person, person, false, person === state.person)));
  byId("clip-panel").replaceChildren(hint());
  state.chosen = store.get("chosen", null);
  if (state.person === null) say("The project has no person to dance. Add one on the start page.", { fault: true });
  else await readDance();
  timeline.view.zoomTo(store.get("px_per_s", timeline.view.width / Math.min(state.about.duration_s ?? 30, 30)), store.get("start_s", 0), 0);
  tabs.show(store.get("tab", "clip"));
  wake();
  await Promise.all([readSound().catch(fail), readPeaks().catch(fail)]);
}

// For the browser's console and for measuring: the parts as they are.
export const room = { player, stage, timeline, edits, state };

begin().catch(fail);
