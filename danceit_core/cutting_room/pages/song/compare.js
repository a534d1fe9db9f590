// The stage: one picture of the dance, or two versions side by side in step with the one clock.

import { byId } from "./dom.js";
import { Pane, versionsOf } from "./pane.js";

export class Stage {
  constructor(player, changed) {
    this.first = new Pane(player, { name: "Picture", changed });
    this.second = new Pane(player, { name: "Second picture", changed });
    this.changed = changed;
    this.compared = false;
    this.versions = [];
    byId("panes").append(this.first.node, this.second.node);
    this.second.node.hidden = true;
    byId("compare").addEventListener("click", () => this.compare(!this.compared));
  }

  // dance: the answer of /api/dances. shown: keys of what was shown before, for a page that was loaded again.
  set(dance, shown = []) {
    this.versions = versionsOf(dance);
    this.first.offer(this.versions, shown[0]);
    const can = this.versions.length > 1;
    byId("compare").disabled = !can;
    byId("compare").title = can ? "" : "There is one version only. Make a draft, or change a move and make again.";
    if (!can) this.compare(false);
    else if (this.compared) this.second.offer(this.versions, shown[1]);
    else if (shown[1]) this.compare(true, shown[1]);
  }

  compare(on, wanted = null) {
    this.compared = on;
    this.second.node.hidden = !on;
    byId("panes").classList.toggle("two", on);
    byId("compare").setAttribute("aria-pressed", String(on));
    if (on) this.second.offer(this.versions, wanted ?? this.other());
    else this.second.hide();
    this.changed();
  }

  // What is compared first: the same kind of an earlier version, else another kind of this one.
  other() {
    const kind = this.first.shown?.split(":").at(-1);
    const others = this.versions.filter((version) => version.key !== this.first.shown);
    return (others.find((version) => version.key.endsWith(`:${kind}`)) ?? others[0])?.key;
  }

  get shown() { return [this.first.shown, this.compared ? this.second.shown : null]; }

  draw() {
    this.first.draw();
    if (this.compared) this.second.draw();
  }
}
