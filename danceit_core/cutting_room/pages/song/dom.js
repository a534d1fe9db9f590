// Small helpers for elements, messages and the focus.

export const byId = (id) => document.getElementById(id);

// A new element. Attributes that are functions become listeners; false, null and undefined are left out.
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function button(text, action, attributes = {}) {
  return make("button", { type: "button", "data-key": text, click: action, ...attributes }, text);
}

// Replaces what is in an element. The focus stays on the control with the same data-key, else on the nearest one.
export function refill(parent, ...children) {
  const active = document.activeElement;
  const held = parent.contains(active) && active !== parent;
  const key = held ? active.dataset.key : undefined;
  const place = held ? keyed(parent).indexOf(active) : -1;
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
  if (!held) return;
  const left = keyed(parent).filter((node) => !node.disabled);
  const next = left.find((node) => node.dataset.key === key) ?? left[Math.min(Math.max(place, 0), left.length - 1)];
  (next ?? parent.closest("[tabindex]"))?.focus({ preventScroll: true });
}

const keyed = (parent) => [...parent.querySelectorAll("[data-key]")];

// One message at a time: read aloud, and on the screen until the next one or until it is closed. quiet: only read aloud.
export function say(text, { fault = false, quiet = false, action = null, label = "" } = {}) {
  byId("said").textContent = fault ? "" : text;
  if (quiet) return;
  const box = byId("message");
  const act = byId("message-act");
  if (box.contains(document.activeElement) && (text === "" || (document.activeElement === act && action === null))) byId("name").focus();
  byId("shown").textContent = fault ? "" : text;
  byId("fault").textContent = fault ? text : "";
  box.hidden = text === "";
  box.classList.toggle("bad", fault);
  act.hidden = action === null;
  act.textContent = label;
  act.onclick = action;
}

// The first index of a sorted list whose value is larger than `value`.
export function bisect(values, value, key = (entry) => entry) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(values[middle]) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const clamp = (value, least, most) => Math.min(most, Math.max(least, value));
