// The explorer: lists fragments, plays the stretch of their dance video, pins and bans.

const element = (id) => document.getElementById(id);
const player = element("player");
let first = 0;
let pageRows = 50;
let chosen = null;
let asked = 0;

function say(text, fault = false) {
  element("message").textContent = text;
  element("message").className = fault ? "fault" : "";
}

async function ask(path, body) {
  const options = body === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function make(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function act(text, label, action) {
  const button = make("button", text, { type: "button", "aria-label": label });
  button.addEventListener("click", action);
  return button;
}

async function list() {
  const mine = (asked += 1);
  const wanted = new URLSearchParams(new FormData(element("filters")));
  wanted.set("first", first);
  say("Looking …");
  let found;
  try {
    found = await ask(`/api/fragments?${wanted}`);
  } catch (error) {
    if (mine === asked) say(error.message, true);
    return;
  }
  // An answer that a later question has overtaken.
  if (mine !== asked) return;
  say("");
  pageRows = found.page;
  const last = first + found.fragments.length;
  element("total").textContent = found.total === 0
    ? "No fragment passes these filters."
    : `${first + 1} to ${last} of ${found.total} fragments`;
  element("before").disabled = first === 0;
  element("after").disabled = last >= found.total;
  element("rows").replaceChildren(...found.fragments.map(row));
}

function row(fragment) {
  const line = document.createElement("tr");
  line.dataset.fragment = fragment.fragment;
  line.append(make("th", fragment.fragment, { scope: "row" }));
  const numbers = [
    `${fragment.start_s.toFixed(2)} s`,
    fragment.beats === 0 ? `${fragment.seconds.toFixed(1)} s` : `${fragment.beats} beats`,
    fragment.tempo_bpm === null ? "–" : fragment.tempo_bpm.toFixed(0),
    fragment.distance === null ? "–" : fragment.distance.toFixed(3),
    fragment.song_s === null ? "–" : `${fragment.song_s.toFixed(1)} s`,
  ];
  const labels = ["At", "Length", "Tempo", "Distance", "Nearest at"];
  line.append(...numbers.map((text, place) => make("td", text, { class: "number", "data-label": labels[place] })));
  const cell = make("td", "", { class: "acts" });
  cell.append(
    act("Play", `Play ${fragment.fragment}`, () => choose(fragment, line)), " ",
    act("Pin", `Pin ${fragment.fragment}`, () => edit("pin", fragment)), " ",
    act("Ban", `Ban ${fragment.fragment}`, () => edit("ban", fragment)),
  );
  line.append(cell);
  return line;
}

function choose(fragment, line) {
  chosen = fragment;
  for (const other of document.querySelectorAll("tr.shown")) other.classList.remove("shown");
  line.classList.add("shown");
  element("chosen").textContent = fragment.fragment;
  element("again").disabled = false;
  if (fragment.song_s !== null) {
    element("song").value = new FormData(element("filters")).get("song");
    element("from").value = fragment.song_s.toFixed(1);
    element("to").value = (fragment.song_s + fragment.seconds).toFixed(1);
  }
  player.scrollIntoView({ block: "nearest" });
  play();
}

async function play() {
  const source = `/frames/${chosen.video}.mp4`;
  if (!player.src.endsWith(source)) {
    player.src = source;
    await new Promise((done) => {
      for (const event of ["loadedmetadata", "error"]) player.addEventListener(event, done, { once: true });
    });
  }
  player.currentTime = chosen.start_s;
  await player.play().catch((error) => say(`${chosen.video} cannot be played: ${error.message}`, true));
}

player.addEventListener("timeupdate", () => {
  if (chosen !== null && player.currentTime >= chosen.start_s + chosen.seconds) player.pause();
});

async function edit(action, fragment) {
  const line = {
    song: element("song").value, start_s: element("from").value, end_s: element("to").value, action,
    value: fragment.fragment,
  };
  try {
    show((await ask("/api/edits/add", line)).edits);
    say(`${action === "pin" ? "Pinned" : "Banned"} ${fragment.fragment} in ${line.song}, ${line.start_s} to ${line.end_s} s.`);
  } catch (error) {
    say(error.message, true);
  }
}

async function remove(line) {
  try {
    show((await ask("/api/edits/remove", { ...line, start_s: String(line.start_s), end_s: String(line.end_s) })).edits);
    say("Taken out.");
  } catch (error) {
    say(error.message, true);
  }
}

function show(edits) {
  element("edits").replaceChildren(...edits.map((line) => {
    const entry = document.createElement("li");
    const text = `${line.action} ${line.value}, ${line.song} ${line.start_s} to ${line.end_s} s`;
    entry.append(make("span", text), act("Remove", `Remove: ${text}`, () => remove(line)));
    return entry;
  }));
  if (edits.length === 0) element("edits").append(make("li", "none yet"));
}

function anew() {
  first = 0;
  list();
}

element("filters").addEventListener("input", anew);
element("filters").addEventListener("submit", (event) => event.preventDefault());
element("before").addEventListener("click", () => { first = Math.max(0, first - pageRows); list(); });
element("after").addEventListener("click", () => { first += pageRows; list(); });
element("again").addEventListener("click", play);

list();
ask("/api/edits").then((answer) => show(answer.edits), (error) => say(error.message, true));
