// What the server tells by itself: runs going on, tables changed on the disk, results made.

const NAMES = ["run", "files", "project"];

// heard: {run, files, project: function of the event's values; lost: function of whether the connection is gone}.
export function hear(heard) {
  const source = new EventSource("/api/events");
  for (const name of NAMES) source.addEventListener(name, (event) => heard[name](JSON.parse(event.data || "null")));
  source.addEventListener("open", () => heard.lost(false));
  source.addEventListener("error", () => heard.lost(true));
  addEventListener("pagehide", () => source.close());
}
