// Adding files: by a choice or by dropping them on their place. Each is sent, checked by the server, and told about.

import { button, byId, make } from "../song/dom.js";

const AT_ONCE = 2;
const MB = 1e6;

export class Files {
  constructor() {
    Object.assign(this, { waiting: [], going: 0, rules: null });
    for (const zone of document.querySelectorAll(".zone")) this.listen(zone);
    // A file that misses its place would otherwise be opened instead of this page.
    for (const name of ["dragover", "drop"]) {
      addEventListener(name, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        if (!event.target.closest?.(".zone")) event.dataTransfer.dropEffect = "none";
      });
    }
  }

  show({ uploads, videos, songs, persons }, complete) {
    this.rules = uploads;
    const counts = { videos: videos.count, songs: songs.length, persons: persons.length };
    byId("files").classList.toggle("more", complete);
    byId("files-title").textContent = complete ? "Add more files" : "Add files";
    byId("files-fault").hidden = uploads.fault === "";
    const parts = `${uploads.fault.replace(/^./, (first) => first.toUpperCase())}.`.split("`");
    byId("files-fault").replaceChildren(...parts.map((part, number) => (number % 2 === 1 ? make("code", {}, part) : part)));
    const missing = [["videos", "dance videos"], ["songs", "a song"], ["persons", "a person who dances"]].filter(([kind]) => counts[kind] === 0).map(([, words]) => words);
    byId("missing").hidden = missing.length === 0 || missing.length === 3 || uploads.fault !== "";
    byId("missing").textContent = `Still missing: ${missing.join(" and ")}.`;
    byId("zones").hidden = uploads.fault !== "";
    for (const zone of document.querySelectorAll(".zone")) {
      const { kind } = zone.dataset;
      zone.querySelector("[data-count]").textContent = counts[kind] === 0 ? "None yet" : `${counts[kind]} so far`;
      zone.querySelector("input[type=file]").accept = uploads.extensions[kind].join(",");
    }
  }

  listen(zone) {
    const input = zone.querySelector("input[type=file]");
    input.addEventListener("change", () => {
      this.take(zone, [...input.files]);
      input.value = "";
    });
    for (const name of ["dragenter", "dragover"]) {
      zone.addEventListener(name, (event) => {
        event.preventDefault();
        zone.classList.add("over");
      });
    }
    zone.addEventListener("dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      this.take(zone, [...event.dataTransfer.files]);
    });
  }

  take(zone, files) {
    if (files.length === 0) return;
    const consent = byId("consent");
    if (zone.dataset.kind === "persons" && !consent.checked) {
      consent.setCustomValidity("Tick this box first: the person must have agreed.");
      consent.reportValidity();
      consent.setCustomValidity("");
      tell("Tick the box first: the person must have agreed.");
      return;
    }
    for (const file of files) this.put(zone, file);
    this.next();
  }

  put(zone, file) {
    const bar = make("progress", { max: "1", value: "0", "aria-label": `Sending ${file.name}` });
    const words = make("span", {}, "waiting");
    const cancel = button("Cancel", () => sent.stop(), { "aria-label": `Do not send ${file.name}` });
    const entry = make("li", {}, make("strong", {}, file.name), " ", words, bar, cancel);
    const sent = { kind: zone.dataset.kind, file, request: null, over: false };
    sent.say = (text, how = "") => {
      words.textContent = text;
      words.className = how;
    };
    sent.end = (text, how) => {
      sent.over = true;
      sent.say(text, how);
      bar.remove();
      cancel.remove();
      tell(`${file.name}: ${text}`);
    };
    sent.progress = (share) => { bar.value = share; };
    sent.stop = () => {
      if (sent.request === null) sent.end("not sent");
      else sent.request.abort();
    };
    zone.querySelector(".sent").prepend(entry);
    const fault = this.faultOf(sent);
    if (fault === "") this.waiting.push(sent);
    else sent.end(fault, "bad");
  }

  // What can be told before a byte is sent.
  faultOf({ kind, file }) {
    const extension = /\.[^.]*$/.exec(file.name.toLowerCase())?.[0] ?? "";
    if (!this.rules.extensions[kind].includes(extension)) return `not taken: ${extension || "a file without an extension"} is no kind of file that serves here`;
    if (file.size > this.rules.largest) return `not taken: larger than ${this.rules.largest / 1e9} GB`;
    return file.size === 0 ? "not taken: the file is empty" : "";
  }

  next() {
    while (this.going < AT_ONCE && this.waiting.length > 0) {
      const sent = this.waiting.shift();
      if (!sent.over) {
        this.going += 1;
        send(sent).finally(() => {
          this.going -= 1;
          this.next();
        });
      }
    }
  }
}

function send(sent) {
  const query = new URLSearchParams({ kind: sent.kind, name: sent.file.name });
  if (sent.kind === "persons") query.set("consent", "yes");
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    sent.request = request;
    request.open("POST", `/api/uploads?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      sent.progress(loaded / total);
      sent.say(loaded < total ? `${(loaded / MB).toFixed(0)} of ${(total / MB).toFixed(0)} MB` : "being checked");
    });
    request.addEventListener("load", () => {
      if (request.status === 200) sent.end(`added as ${JSON.parse(request.responseText).id}`, "good");
      else sent.end(`not taken: ${request.responseText || `the server answered ${request.status}`}`, "bad");
    });
    request.addEventListener("error", () => sent.end("not sent: the server does not answer; try again", "bad"));
    request.addEventListener("abort", () => sent.end("cancelled"));
    request.addEventListener("loadend", done);
    request.send(sent.file);
  });
}

function tell(text) {
  byId("files-said").textContent = text;
}
