// The voting page: plays the clips of one task, takes one answer, asks the server what comes next.

const PARTS = {
  single: {
    question: "Does this dance look realistic?",
    answers: [["realistic", "Realistic"], ["unrealistic", "Unrealistic"]],
    one: "Clip",
    many: "clips",
    name: "One clip at a time",
  },
  pair: {
    question: "Which of the two looks more realistic?",
    answers: [["first", "A"], ["second", "B"]],
    one: "Pair",
    many: "pairs",
    name: "Compare two clips",
  },
};
const LONGEST_WAIT_MS = 8000;

const element = (id) => document.getElementById(id);
const videos = [element("video-0"), element("video-1")];
// Loads the next clips while the present ones are looked at.
const ahead = [document.createElement("video"), document.createElement("video")];
let state = null;
let part = "";
let task = null;
let watched = false;
let busy = false;

// Clips have the shape of the person's video; the page leaves room for that.
for (const video of [...videos, ...ahead]) {
  video.addEventListener("loadedmetadata", () => {
    document.documentElement.style.setProperty("--shape", video.videoWidth / video.videoHeight);
  });
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The server's answer; asks again until there is one, so that no vote is lost where the connection is.
async function ask(path, body) {
  const options = body === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  for (let wait = 500; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      const answer = await fetch(path, options);
      if (answer.ok) {
        note("");
        return await answer.json();
      }
      if (answer.status === 401 || answer.status === 404) {
        location.hash = "";
        location.reload();
        return new Promise(() => {});
      }
      note(answer.status === 429 ? "One moment, please." : "The server has a problem; trying again.");
      wait = Math.max(wait, 1000 * Number(answer.headers.get("Retry-After") ?? 0));
    } catch {
      note("No connection; trying again.");
    }
    await pause(wait);
  }
}

function note(text) {
  element("note").textContent = text;
}

function show(id) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
}

function minutes(kind) {
  const seconds = state.totals[kind] * (state.clip_s * (kind === "pair" ? 2 : 1) + 2);
  return Math.max(1, Math.round(seconds / 60));
}

function welcome() {
  for (const button of document.querySelectorAll("[data-part]")) {
    const kind = button.dataset.part;
    const left = state.started ? state.left[kind] : state.totals[kind];
    const all = state.totals[kind];
    button.closest("li").hidden = all === 0;
    button.disabled = left === 0;
    button.querySelector("span").textContent = left === 0
      ? "done"
      : left < all ? `${all - left} of ${all} done` : `${all} ${PARTS[kind].many}, about ${minutes(kind)} minutes`;
  }
  show("welcome");
}

async function begin(kind) {
  part = kind;
  history.replaceState(null, "", `#${kind}`);
  if (!state.started) state = await ask("/api/start", {});
  next(true);
}

function next(focus) {
  task = state.next[part][0];
  if (task === undefined) return end();
  const { question, answers, one } = PARTS[part];
  const total = state.totals[part];
  const done = total - state.left[part];
  element("count").textContent = `${one} ${done + 1} of ${total}`;
  element("done").max = total;
  element("done").value = done;
  element("question").textContent = question;
  element("left").querySelector("span").textContent = answers[0][1];
  element("right").querySelector("span").textContent = answers[1][1];
  element("stage").className = part;
  watched = false;
  videos.forEach((video, place) => {
    video.closest("figure").hidden = place >= task.clips.length;
    const name = part === "pair" ? `, clip ${"AB"[place]}` : "";
    video.setAttribute("aria-label", `${one} ${done + 1}${name}: a person dancing`);
    if (place < task.clips.length) video.src = task.clips[place];
    else video.removeAttribute("src");
  });
  const following = state.next[part][1];
  ahead.forEach((video, place) => {
    video.preload = "auto";
    if (following?.clips[place]) video.src = following.clips[place];
  });
  show("task");
  if (focus) element("question").focus();
  play();
}

// Plays the clips one after the other; a browser that wants a touch before sound gets a button for it.
async function play(from = 0) {
  const shown = task;
  element("play").hidden = true;
  for (const video of videos) video.pause();
  unlock();
  for (let place = from; place < shown.clips.length; place += 1) {
    const video = videos[place];
    for (const other of videos) other.closest("figure").classList.toggle("playing", other === video);
    try {
      video.currentTime = 0;
      await video.play();
    } catch (error) {
      if (task !== shown || error.name === "AbortError") return;
      element("play").hidden = false;
      if (error.name === "NotAllowedError") element("play").focus();
      else note("The clip could not be played; press Play to try again.");
      return;
    }
    const ended = await new Promise((done) => {
      video.addEventListener("ended", () => done(true), { once: true });
      video.addEventListener("pause", () => { if (!video.ended) done(false); }, { once: true });
      video.addEventListener("emptied", () => done(false), { once: true });
    });
    if (!ended || task !== shown) return;
  }
  watched = true;
  for (const video of videos) video.closest("figure").classList.remove("playing");
  unlock();
}

function unlock() {
  for (const id of ["left", "right"]) element(id).setAttribute("aria-disabled", String(!watched));
}

async function vote(place) {
  if (busy || task === null) return;
  if (!watched) {
    note(part === "pair" ? "Watch both clips to the end first." : "Watch the clip to the end first.");
    return;
  }
  busy = true;
  watched = false;
  unlock();
  state = await ask("/api/vote", { task: task.task, answer: PARTS[part].answers[place][0] });
  busy = false;
  next(false);
}

function end() {
  task = null;
  for (const video of [...videos, ...ahead]) video.removeAttribute("src");
  const other = Object.keys(PARTS).find((kind) => state.left[kind] > 0);
  element("end-text").textContent = other === undefined
    ? "That was all. Your answers are kept; you can close this page."
    : `Your answers are kept. There is another part, if you like: ${state.left[other]} ${PARTS[other].many}.`;
  element("other").hidden = other === undefined;
  if (other !== undefined) element("other").textContent = PARTS[other].name;
  element("other").onclick = () => begin(other);
  show("end");
  element("end").querySelector("h1").focus();
}

document.addEventListener("keydown", (event) => {
  if (task === null || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
  const act = { ArrowLeft: () => vote(0), ArrowRight: () => vote(1), ArrowUp: () => play() }[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});
element("left").addEventListener("click", () => vote(0));
element("right").addEventListener("click", () => vote(1));
element("again").addEventListener("click", () => play());
element("play").addEventListener("click", () => { note(""); for (const v of videos) if (v.error) v.load(); play(); });
for (const button of document.querySelectorAll("[data-part]")) {
  button.addEventListener("click", () => begin(button.dataset.part));
}

state = await ask("/api/state");
const wanted = location.hash.slice(1);
if (state.started && Object.hasOwn(PARTS, wanted)) begin(wanted);
else welcome();
