// Topic and homework of the active column's lesson; kept here until the server has them.
import { $, call, store, t } from "./words.js";

const FIELDS = ["topic", "homework"];

export class Lessons {
  constructor(sheet, prefix) {
    Object.assign(this, { sheet, prefix, busy: new Set() });
    this.rows = new Map();
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
    $("strip").addEventListener("submit", (event) => event.preventDefault());
    addEventListener("online", () => this.sendAll());
    this.restore();
  }

  restore() {
    for (const [id, lesson] of this.rows) {
      const kept = store.get(this.prefix + id);
      if (kept) this.draw(id, kept);
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
    $("strip-error").textContent = "";
    for (const name of FIELDS) {
      $(name).disabled = !this.here || Boolean(this.here.lock) || column.lock === "closed";
      $(name).value = this.here?.now[name] ?? "";
    }
  }

  edited() {
    const lesson = this.here;
    if (!lesson) return;
    this.draw(this.id, { topic: $("topic").value.trim(), homework: $("homework").value.trim() });
    store.set(this.prefix + this.id, lesson.now);
    this.send(this.id);
  }

  sendAll() {
    for (const [id, lesson] of this.rows) if (this.dirty(lesson)) this.send(id);
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
      if (this.dirty(lesson)) this.send(id);
    } else if (status >= 500) {
      text = t("lessonkept");
      setTimeout(() => this.send(id), 15000);
    } else if (status === 401) {
      text = t("signin", { n: 1 });
    } else if (theirs) {
      lesson.base = { topic: theirs.topic, homework: theirs.homework };
      const other = FIELDS.filter((name) => theirs[name] !== sent[name]);
      text = t("lesson", { text: other.map((name) => theirs[name]).join("; ") });
    }
    if (id !== this.id) return;
    $("strip-error").textContent = text;
    $("strip-error").classList.toggle("err", status >= 400);
  }
}
