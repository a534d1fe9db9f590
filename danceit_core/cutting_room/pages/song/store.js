// Where somebody was on the page, kept for the tab: a page that is loaded again goes on there.

export class Store {
  constructor(song) {
    this.key = `danceit place ${song}`;
    try {
      this.values = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
    } catch {
      this.values = {};
    }
  }

  get(name, otherwise) { return this.values[name] ?? otherwise; }

  put(values) {
    Object.assign(this.values, values);
    sessionStorage.setItem(this.key, JSON.stringify(this.values));
  }
}
