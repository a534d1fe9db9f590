// Keys of the page: one table, which the handler and the help dialog both read.

import { byId, make } from "./dom.js";

const SWITCH = "danceit single keys";

// acts: {name: function}. Keys with Ctrl work everywhere, single ones outside of fields and only while switched on.
export const KEYS = [
  { keys: ["Space"], act: "play", says: "Play or pause" },
  { keys: ["ArrowLeft", "ArrowRight"], act: "bar", says: "Back or forward one bar; in the strip: the clip before or after" },
  { keys: ["Home", "End"], act: "ends", says: "Beginning or end of the song; in the strip: first or last clip" },
  { keys: ["L"], act: "loop", says: "Loop the selection, or the bar here" },
  { keys: ["+", "-", "0"], act: "zoom", says: "Zoom in, zoom out, show as much as possible" },
  { keys: ["G"], act: "here", says: "Go to the clip at the playhead" },
  { keys: ["Enter"], act: null, says: "In the strip: open the clip, its alternatives play" },
  { keys: ["Shift + ←", "Shift + →"], act: null, says: "In the strip: select several clips" },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], act: "choose", says: "Choose that alternative of the open clip" },
  { keys: ["K"], act: "keep", says: "Keep (pin) the move of the open clip" },
  { keys: ["B"], act: "ban", says: "Ban the move of the open clip there" },
  { keys: ["R"], act: "reroll", says: "Other moves for the selection" },
  { keys: ["T"], act: "tap", says: "Tap along with the beat" },
  { keys: ["V"], act: "compare", says: "Compare two versions side by side" },
  { keys: ["M"], act: "again", says: "Make again: what runs and how long it takes" },
  { keys: ["Ctrl + Z"], act: null, says: "Undo the last edit" },
  { keys: ["Ctrl + Shift + Z"], act: null, says: "Redo" },
  { keys: ["Escape"], act: "none", says: "Clear the selection" },
  { keys: ["?"], act: "help", says: "This list" },
];

const SHOWN = { ArrowLeft: "←", ArrowRight: "→" };

export class Keys {
  constructor(acts) {
    this.acts = acts;
    this.single = localStorage.getItem(SWITCH) !== "off";
    document.addEventListener("keydown", (event) => this.pressed(event));
    // A button is pressed when the space bar comes up again.
    byId("clips").addEventListener("keyup", (event) => { if (event.key === " " && this.single) event.preventDefault(); });
    this.fillHelp();
  }

  pressed(event) {
    if (document.querySelector("dialog[open]") !== null) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      const key = event.key.toLowerCase();
      if (isText(event.target) || (key !== "z" && key !== "y")) return;
      event.preventDefault();
      this.acts[key === "y" || event.shiftKey ? "redo" : "undo"]();
      return;
    }
    if (event.altKey || event.metaKey || event.ctrlKey || !this.single) return;
    const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const found = KEYS.find((one) => one.act !== null && one.keys.includes(key === "=" ? "+" : key));
    if (found === undefined || takesKey(event.target, key)) return;
    event.preventDefault();
    this.acts[found.act](key === "=" ? "+" : key);
  }

  fillHelp() {
    byId("keys").replaceChildren(...KEYS.map(({ keys, says }) => make("tr", {},
      make("th", { scope: "row" }, ...joined(keys)), make("td", {}, says))));
    const single = byId("single-keys");
    single.checked = this.single;
    single.addEventListener("change", () => {
      this.single = single.checked;
      localStorage.setItem(SWITCH, single.checked ? "on" : "off");
    });
  }
}

function joined(keys) {
  const shown = keys.length > 4 ? [keys[0], "to", keys.at(-1)] : keys;
  return shown.flatMap((key, number) => [number && key !== "to" ? " " : "", key === "to" ? " to " : make("kbd", {}, SHOWN[key] ?? key)]);
}

const isText = (node) => node.matches("input:not([type=range]):not([type=checkbox]), textarea");

// Whether the focused control wants the key itself.
function takesKey(node, key) {
  if (isText(node)) return true;
  if (node.matches("select")) return key.length === 1 || key.startsWith("Arrow") || ["Space", "Enter", "Home", "End"].includes(key);
  // In the strip Enter opens a clip and the space bar plays, as it does outside of buttons.
  if (key === "Space" || key === "Enter") return node.closest("button, a, summary, input") !== null && (key === "Enter" || node.closest("#clips") === null);
  if (key.startsWith("Arrow") || key === "Home" || key === "End") {
    return node.closest("input, [role=tablist], [role=slider], .side-body, dialog") !== null;
  }
  return false;
}
