// Topic and homework of the active column's lesson; kept here until the server has them.
import { $, call, store, t } from "./words.js";

const FIELDS = ["topic", "homework"];

export class Lessons {
  constructor(sheet, prefix) {
    Object.assign(this, { sheet, prefix, busy: new Set() });
    this.rows = new Map();
    this.unsafe = new Set();
    for (const row of $("lessons").tBodies[0].rows) {
      const [, topic, homework] = row.cells;
      const base = { topic: topic.textContent, homework: homework.textContent };
      this.rows.set(row.dataset.id, { row, base, now: { ...base }, lock: row.dataset.lock });
    }
    for (const name of FIELDS) {
      $(name).addEventListener("change", () => this.edited());
      $(name).addEventListener("keydown", (event) => {
        if (event.key === "Escape" || event.key === "Enter") {
          event.preventDefault();
          if (event.key === "Escape" && this.here) $(name).value = this.here.now[name];
          sheet.go(sheet.r, sheet.c);
        }
      });
    }
    $("topic").addEventListener("focus", async () => {
      try {
        await (await import("./later/parallel.js")).offer(sheet.table.dataset.api);
      } catch { /* without a connection there are no suggestions */ }
    }, { once: true });
    $("strip").addEventListener("submit", (event) => event.preventDefault());
    addEventListener("online", () => this.sendAll());
    this.restore();
  }

  restore() {
    for (const [id, lesson] of this.rows) {
      const kept = store.get(this.prefix + id);
      if (!kept) continue;
      const { base, ...text } = kept;
      this.draw(id, text);
      // What is there now may be somebody else's: the server compares with what the writer saw.
      const same = FIELDS.every((name) => lesson.base[name] === lesson.now[name]);
      if (same) store.set(this.prefix + id);
      else if (base) lesson.base = base;
      if (this.dirty(lesson)) this.send(id);
    }
  }

  dirty({ base, now }) {
    return FIELDS.some((name) => base[name] !== now[name]);
  }

  draw(id, text) {
    const lesson = this.rows.get(id);
    lesson.now = { ...lesson.now, ...text };
    lesson.row.cells[1].textContent = lesson.now.topic;
    lesson.row.cells[2].textContent = lesson.now.homework;
  }

  show(column) {
    this.id = column?.lesson || null;
    this.here = this.rows.get(this.id);
    $("strip").hidden = !column;
    if (!column) return;
    const small = document.createElement("small");
    small.textContent = column.title === column.label ? "" : column.title;
    $("strip-title").replaceChildren(column.label, small);
    $("strip-error").textContent = this.here?.clash ?? "";
    $("strip-error").classList.toggle("err", Boolean(this.here?.clash));
    for (const name of FIELDS) {
      $(name).disabled = !this.here || Boolean(this.here.lock) || column.lock === "closed";
      $(name).value = this.here?.now[name] ?? "";
    }
  }

  edited() {
    const lesson = this.here;
    if (!lesson) return;
    this.draw(this.id, { topic: $("topic").value.trim(), homework: $("homework").value.trim() });
    delete lesson.clash;
    this.keep(this.id, lesson);
    this.send(this.id);
  }

  keep(id, lesson) {
    if (store.set(this.prefix + id, { ...lesson.now, base: lesson.base })) this.unsafe.delete(id);
    else this.unsafe.add(id);
  }

  get safe() {
    return this.unsafe.size === 0;
  }

  /** Takes what is being typed, before the page is left. */
  leave() {
    const typed = (name) => !$(name).disabled && $(name).value.trim() !== this.here.now[name];
    if (this.here && FIELDS.some(typed)) this.edited();
  }

  /** Sends what waits; what somebody else wrote over, only the writer sends again. */
  sendAll() {
    for (const [id, lesson] of this.rows) if (this.dirty(lesson) && !lesson.clash) this.send(id);
  }

  async send(id) {
    const lesson = this.rows.get(id);
    if (this.busy.has(id) || !this.dirty(lesson)) return;
    this.busy.add(id);
    const sent = { ...lesson.now };
    let answer = null;
    try {
      const url = `${this.sheet.table.dataset.api}/lessons/${id}`;
      answer = await call(url, { ...sent, base: lesson.base });
    } catch { /* kept, and sent again when there is a connection */ }
    this.busy.delete(id);
    this.settle(id, lesson, sent, answer);
  }

  settle(id, lesson, sent, answer) {
    const status = answer?.status ?? 500;
    const { theirs, detail, title } = answer?.data ?? {};
    let text = detail || title;
    if (status < 400) {
      lesson.base = sent;
      text = t("lessonsaved");
      store.set(this.prefix + id);
      this.unsafe.delete(id);
      if (this.dirty(lesson)) {
        this.keep(id, lesson);
        this.send(id);
      }
    } else if (status >= 500 || status === 408 || status === 429) {
      text = t("lessonkept");
      setTimeout(() => this.sendAll(), 15000);
    } else if (status === 401) {
      text = t("signin", { n: 1 });
    } else if (theirs) {
      lesson.base = { topic: theirs.topic, homework: theirs.homework };
      const other = FIELDS.filter((name) => theirs[name] !== sent[name]);
      text = t("lesson", { text: other.map((name) => theirs[name]).join("; ") });
      lesson.clash = text;
    }
    if (id !== this.id) return;
    $("strip-error").textContent = text;
    $("strip-error").classList.toggle("err", status >= 400);
  }
}
