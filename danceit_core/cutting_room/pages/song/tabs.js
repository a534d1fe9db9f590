// The tabs of the side panel; arrow keys move between them, as everywhere.

import { byId } from "./dom.js";

export class Tabs {
  constructor(changed) {
    this.changed = changed;
    this.tabs = [...document.querySelectorAll("[role=tab]")];
    for (const tab of this.tabs) tab.addEventListener("click", () => this.show(tab.dataset.tab));
    document.querySelector("[role=tablist]").addEventListener("keydown", (event) => this.key(event));
  }

  get shown() { return this.tabs.find((tab) => tab.getAttribute("aria-selected") === "true").dataset.tab; }

  show(name, { focus = false } = {}) {
    for (const tab of this.tabs) {
      const is = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(is));
      tab.tabIndex = is ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !is;
      if (is && focus) tab.focus();
    }
    this.changed(name);
  }

  key(event) {
    const here = this.tabs.indexOf(event.target);
    const last = this.tabs.length - 1;
    const to = { ArrowLeft: here === 0 ? last : here - 1, ArrowRight: here === last ? 0 : here + 1, Home: 0, End: last }[event.key];
    if (here < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.show(this.tabs[to].dataset.tab, { focus: true });
  }
}
