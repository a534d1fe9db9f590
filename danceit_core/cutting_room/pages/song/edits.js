// The table of edits as this page knows it. Every change is sent at once; undo and redo are changes the other way round.

import { ask } from "./api.js";
import { editValue, stretchOf } from "./words.js";

const SAME_S = 0.011;

export const sameEdit = (one, other) => one.song === other.song && one.action === other.action && one.value === other.value
  && Math.abs(one.start_s - other.start_s) < SAME_S && Math.abs(one.end_s - other.end_s) < SAME_S;

export class Edits {
  // changed(): called after each answer that has edits. conflict(error, again): the table was changed by others.
  constructor(song, { changed, conflict }) {
    Object.assign(this, { song, changed, conflict, all: [], token: "", posts: 0, waiting: Promise.resolve() });
    this.key = `danceit edits ${song}`;
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
    this.done = kept.done ?? [];
    this.undone = kept.undone ?? [];
  }

  take({ edits, token }) {
    // Without edits the table is at fault; what it held is shown until somebody has mended it.
    this.all = edits ?? this.all;
    this.token = token;
    this.changed();
  }

  get ofSong() { return this.all.filter((edit) => edit.song === this.song); }

  // The edits that change a clip: a pin counts for the clip that most of its stretch lies in (choreography/edits.py).
  touching(clip, clips, fps) {
    return this.ofSong.filter((edit) => {
      const shared = (one) => Math.min(one.end_s, edit.end_s) - Math.max(one.start_s, edit.start_s);
      if (shared(clip) < 0.5 / fps) return false;
      if (edit.action !== "pin") return true;
      const neighbours = [clips[clip.number - 1], clips[clip.number + 1]].filter((one) => one !== undefined);
      return neighbours.every((one) => shared(one) <= shared(clip));
    });
  }

  edit(action, value, { start_s, end_s }) {
    const rounded = (seconds) => Number(seconds.toFixed(3));
    return { song: this.song, start_s: rounded(start_s), end_s: rounded(end_s), action, value: String(value) };
  }

  // Adds and removes lines; resolves to whether it was written. words: what it was, for messages and undo.
  change({ add = [], remove = [], words }) {
    return this.queue(async () => {
      if (!(await this.post({ add, remove }, () => this.change({ add, remove, words })))) return false;
      this.done.push({ add, remove, words });
      this.undone = [];
      this.keep();
      return true;
    });
  }

  undo() { return this.back(this.done, this.undone, ({ add, remove }) => ({ add: remove, remove: add })); }

  redo() { return this.back(this.undone, this.done, (change) => change); }

  // Takes the last change off one stack and puts it on the other; resolves to its words, null where there was none.
  back(from, to, turned) {
    return this.queue(async () => {
      const change = from.at(-1);
      if (change === undefined) return null;
      const again = () => (from === this.done ? this.undo() : this.redo());
      if (!(await this.post(turned(change), again))) return null;
      from.pop();
      to.push(change);
      this.keep();
      return change.words;
    });
  }

  // One change after the other, so that a page never overtakes itself.
  queue(work) {
    this.waiting = this.waiting.then(work, work);
    return this.waiting;
  }

  async post({ add, remove }, again) {
    // The table may write a number in another way than the page did: lines are removed as they stand there.
    const standing = remove.map((edit) => this.all.find((other) => sameEdit(edit, other)) ?? edit);
    // Counted before and after, so that an answer that was read meanwhile is known to be out of date.
    this.posts += 1;
    try {
      this.take(await ask("/api/edits", { body: { token: this.token, add, remove: standing } }));
      return true;
    } catch (error) {
      if (error.status === 409 && error.answer?.token !== undefined) this.take(error.answer);
      this.conflict(error, error.status === 409 ? again : null);
      return false;
    } finally {
      this.posts += 1;
    }
  }

  keep() {
    sessionStorage.setItem(this.key, JSON.stringify({ done: this.done.slice(-200), undone: this.undone.slice(-200) }));
    this.changed();
  }
}

export const editWords = (edit) => `${editValue(edit)}, ${stretchOf(edit)}`;
