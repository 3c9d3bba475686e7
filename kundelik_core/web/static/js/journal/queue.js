// Changes on their way. A cell has at most one that may have been sent and one behind it; all
// lie in this device's storage until the server has them.
import { call, newId, store } from "./words.js";

const DELAYS = [2, 4, 8, 15, 30];

export class Queue {
  constructor(prefix, url, period, on) {
    Object.assign(this, { prefix, url, period, on });
    Object.assign(this, { entries: new Map(), clashes: new Map(), refusals: new Map() });
    this.busy = 0;
    this.state = "idle";
    this.fails = 0;
    this.limit = 200;
    this.unsafe = new Set();
    this.savedAt = null;
    this.load();
    addEventListener("online", () => this.flush());
  }

  load() {
    for (const name of store.names(this.prefix)) {
      const kept = store.get(name);
      const place = kept?.theirs ? this.clashes : kept?.problem ? this.refusals : this.entries;
      if (kept) place.set(name.slice(this.prefix.length), kept);
    }
  }

  keep(key) {
    const kept = this.entries.get(key) ?? this.clashes.get(key) ?? this.refusals.get(key);
    if (store.set(this.prefix + key, kept) || !kept) this.unsafe.delete(key);
    else this.unsafe.add(key);
  }

  /** Something that the server does not have would be gone with the page. */
  get safe() {
    return this.unsafe.size === 0;
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
    this.refusals.delete(key);
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

  /** Sends what waits; when the page is left, also beside what is on its way already. */
  async flush(leaving = false) {
    clearTimeout(this.soon);
    if (this.busy && !leaving) return;
    const fresh = [...this.entries].filter(([, entry]) => !this.busy || !entry.sent);
    const batch = fresh.slice(0, this.limit);
    if (!batch.length) return;
    clearTimeout(this.retry);
    this.busy += 1;
    for (const [key, entry] of batch) {
      entry.sent = true;
      this.keep(key);
    }
    const changes = batch.map(([, { sent, next, ...change }]) => change);
    let answer = null;
    try {
      const body = { changes, period: this.period };
      if (navigator.onLine) answer = await call(`${this.url}/cells`, body);
    } catch { /* no connection: they stay, and go again */ }
    this.busy -= 1;
    this.take(answer, batch);
  }

  take(answer, batch) {
    // An answer without results is a hotel's sign-in page, not ours.
    const status = answer?.data?.results || answer?.status >= 400 ? answer.status : 0;
    if (status === 401) {
      this.tell("signin");
      return;
    }
    if (status === 0 || status >= 500 || [408, 409, 429].includes(status)) {
      if (status === 500) this.part(batch);
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
      this.on.beside(answer.data.beside ?? []);
      this.on.computed(answer.data.computed ?? {});
      this.savedAt = new Date();
    }
    this.tell(this.size ? "saving" : "saved");
    if (this.size) this.flush();
  }

  /** One change may be what the server stumbles over: one by one, and that one after the others. */
  part(batch) {
    this.limit = 1;
    if (batch.length > 1) return;
    for (const [key, entry] of batch) {
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
  }

  drop(key, value, problem, tried) {
    const { next } = this.entries.get(key) ?? {};
    this.entries.delete(key);
    if (next && next.value !== value) {
      this.add(key, next.value, value, next.reason);
    } else if (!this.on.refused(key, value, problem ?? {}, tried)) {
      // Not a cell of this page: kept until somebody sees it.
      this.refusals.set(key, { value, problem: problem ?? {}, tried });
    }
    this.keep(key);
  }

  /** Shows what was refused while another period was open. */
  recall() {
    for (const [key, { problem, tried }] of this.refusals) {
      if (this.on.refused(key, null, problem, tried)) {
        this.refusals.delete(key);
        this.keep(key);
      }
    }
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
        // What its writer saw last was the value before it: somebody else may have come between.
        this.add(key, next.value, entry.value, next.reason);
      }
      this.keep(key);
      this.on.saved(key, result.value);
    }
  }
}
