// Changes on their way. A cell has at most one that may have been sent and one behind it; all
// lie in this device's storage until the server has them.
import { call, newId, store } from "./words.js";

const DELAYS = [2, 4, 8, 15, 30];

export class Queue {
  constructor(prefix, url, on) {
    Object.assign(this, { prefix, url, on, entries: new Map(), clashes: new Map() });
    this.busy = false;
    this.state = "idle";
    this.fails = 0;
    this.limit = 200;
    this.safe = true;
    this.savedAt = null;
    this.load();
    addEventListener("online", () => this.flush());
  }

  load() {
    for (const name of store.names(this.prefix)) {
      const kept = store.get(name);
      if (kept) (kept.theirs ? this.clashes : this.entries).set(name.slice(this.prefix.length), kept);
    }
  }

  keep(key) {
    this.safe = store.set(this.prefix + key, this.entries.get(key) ?? this.clashes.get(key));
  }

  /** What is in this cell for its owner, or undefined when nothing is under way. */
  pending(key) {
    const entry = this.entries.get(key);
    return entry && (entry.next ?? entry).value;
  }

  get size() {
    return this.entries.size;
  }

  put(key, value, base, reason = null) {
    this.clashes.delete(key);
    const entry = this.entries.get(key);
    if (entry?.sent) {
      if (entry.value === value) delete entry.next;
      else entry.next = { value, reason };
    } else if (value === (entry?.base ?? base)) {
      this.entries.delete(key);
    } else {
      this.add(key, value, entry?.base ?? base, reason);
    }
    this.keep(key);
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.flush(), 250);
    this.tell(this.size ? "saving" : this.state);
  }

  add(key, value, base, reason) {
    const [column, pupil] = key.split("|");
    this.entries.set(key, { id: newId(), column, pupil, value, base, reason });
  }

  tell(state) {
    this.state = state;
    this.on.state(state, this.size, this.clashes.size);
  }

  async flush(more = {}) {
    clearTimeout(this.soon);
    clearTimeout(this.retry);
    if (this.busy) return;
    const batch = [...this.entries].slice(0, this.limit);
    if (!batch.length) return;
    this.busy = true;
    for (const [key, entry] of batch) {
      entry.sent = true;
      this.keep(key);
    }
    const changes = batch.map(([, { sent, next, ...change }]) => change);
    let answer = null;
    try {
      if (navigator.onLine) answer = await call(`${this.url}/cells`, { changes }, more);
    } catch { /* no connection: they stay, and go again */ }
    this.busy = false;
    this.take(answer, batch);
  }

  take(answer, batch) {
    // An answer without results is a hotel's sign-in page, not ours.
    const status = answer?.data.results || answer?.status >= 400 ? answer.status : 0;
    if (status === 401) {
      this.tell("signin");
      return;
    }
    if (status === 0 || status >= 500 || status === 408 || status === 429) {
      const wait = DELAYS[Math.min(this.fails, DELAYS.length - 1)];
      this.fails += 1;
      this.retry = setTimeout(() => this.flush(), wait * 1000);
      this.tell("waiting");
      return;
    }
    this.fails = 0;
    this.limit = 200;
    if (status >= 400 && batch.length > 1) {
      // One bad change must not take the good ones along: now one by one.
      this.limit = 1;
    } else if (status >= 400) {
      for (const [key, entry] of batch) this.drop(key, entry.base, answer.data, entry.value);
    } else {
      for (const result of answer.data.results) this.settle(result);
      this.on.computed(answer.data.computed ?? {});
      this.savedAt = new Date();
    }
    this.tell(this.size ? "saving" : "saved");
    if (this.size) this.flush();
  }

  drop(key, value, problem, tried) {
    this.entries.delete(key);
    this.keep(key);
    this.on.refused(key, value, problem ?? {}, tried);
  }

  settle(result) {
    const key = `${result.column}|${result.pupil}`;
    const entry = this.entries.get(key);
    if (!entry || entry.id !== result.id) return;
    if (result.state === "refused") {
      this.drop(key, result.value, result.problem, entry.value);
    } else if (result.state === "conflict") {
      const mine = (entry.next ?? entry).value;
      this.entries.delete(key);
      this.clashes.set(key, { mine, theirs: result.theirs });
      this.keep(key);
      this.on.conflict(key, mine, result.theirs);
    } else {
      const { next } = entry;
      this.entries.delete(key);
      if (next && next.value !== result.value) {
        this.add(key, next.value, result.value, next.reason);
      }
      this.keep(key);
      this.on.saved(key, result.value);
    }
  }
}
