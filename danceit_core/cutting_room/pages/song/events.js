// What the server tells by itself: runs going on, tables changed on the disk, results made.
//
// A browser has few connections to one server: a tab that is not seen gives its own back, and is told the present state
// when it is seen again.

const NAMES = ["run", "files", "project"];

// heard: {run, files, project: function of the event's values; lost: function of whether the connection is gone}.
export function hear(heard) {
  let source = null;
  const open = () => {
    if (source !== null) return;
    source = new EventSource("/api/events");
    for (const name of NAMES) source.addEventListener(name, (event) => heard[name](JSON.parse(event.data)));
    source.addEventListener("open", () => heard.lost(false));
    source.addEventListener("error", () => heard.lost(true));
  };
  const close = () => {
    source?.close();
    source = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}
