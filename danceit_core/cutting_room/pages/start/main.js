// The start page: asks for the project, listens to the server, hands both on to the table, the run and the files.

import { ask } from "../song/api.js";
import { byId } from "../song/dom.js";
import { hear } from "../song/events.js";
import { Files } from "./files.js";
import { Making } from "./making.js";
import { Table } from "./table.js";

const SOON_MS = 250;
const making = new Making(() => look());
const table = new Table(making);
const files = new Files();
let asked = 0;
let soon = 0;
let kept = "";

async function look() {
  const mine = (asked += 1);
  let project;
  try {
    project = await ask("/api/project");
  } catch (error) {
    if (mine === asked) fault(error.message);
    return;
  }
  // An answer that a later question has overtaken, or that says nothing new.
  const text = JSON.stringify(project);
  if (mine !== asked || text === kept) return;
  kept = text;
  show(project);
}

function show(project) {
  const { videos, songs, persons, cells } = project;
  const complete = videos.count > 0 && songs.length > 0 && persons.length > 0;
  fault(project.fault);
  byId("welcome").hidden = complete || songs.length + persons.length + videos.count > 0;
  byId("dances").hidden = songs.length === 0 || persons.length === 0;
  const refused = videos.refused ? ` (${videos.refused} cannot be used)` : "";
  byId("explorer").hidden = !complete;
  byId("legend").hidden = !cells.some(({ scores }) => scores !== null);
  byId("sizes").textContent = complete
    ? `${counted(songs.length, "song")}, ${counted(persons.length, "person")}, ${counted(videos.count, "dance video")}${refused}`
    : "";
  making.showReport(project.report, complete && !project.fault);
  files.show(project, complete);
  table.show(project, complete && !project.fault);
  document.body.dataset.ready = "yes";
}

function fault(text) {
  byId("fault").hidden = text === "";
  byId("fault").textContent = text;
}

const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

hear({
  run: (run) => { making.took(run); table.took(run); },
  files: () => {},
  project: () => {
    clearTimeout(soon);
    soon = setTimeout(look, SOON_MS);
  },
  lost: (gone) => { byId("lost").hidden = !gone; },
});
look();
