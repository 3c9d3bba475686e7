// The windows of the journal: a cell, a reason, a preview, a work.
import { check } from "./value.js";
import { $, call, newId, place, t, when } from "./words.js";

for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

const problem = (answer) => answer.data.detail || answer.data.title || String(answer.status);

/** Sends, and shows in its place what went wrong. */
async function attempt(box, request) {
  box.textContent = "";
  box.hidden = true;
  let answer = null;
  try {
    answer = await request();
  } catch { /* said below */ }
  if (answer && answer.status < 400) return true;
  box.textContent = answer ? problem(answer) : t("noconn");
  box.hidden = false;
  return false;
}

export class CellWindow {
  constructor(sheet, queue, change) {
    Object.assign(this, { sheet, queue, change, known: new Map() });
    $("comment-form").addEventListener("submit", (event) => this.save(event));
    $("keep-mine").addEventListener("click", () => this.choose("mine"));
    $("take-theirs").addEventListener("click", () => this.choose("theirs"));
    $("cell").addEventListener("close", () => sheet.go(sheet.r, sheet.c));
  }

  url(key) {
    const [column, pupil] = key.split("|");
    return `${this.sheet.table.dataset.api}/cells/${column}/${pupil}`;
  }

  /** What is kept is the question: an answer that comes after a change is nobody's any more. */
  history(key) {
    let asked = this.known.get(key);
    if (!asked) {
      asked = this.ask(key);
      this.known.set(key, asked);
      asked.catch(() => { if (this.known.get(key) === asked) this.known.delete(key); });
    }
    return asked;
  }

  async ask(key) {
    const answer = await call(`${this.url(key)}/history`);
    if (answer.status >= 400) throw new Error(problem(answer));
    return answer.data.entries;
  }

  lines(entries) {
    return entries.map((e) => t("entry", {
      by: e.by, at: when(e.at), old: e.old || t("empty"), new: e.new || t("empty"),
    }) + (e.reason ? ` (${e.reason})` : ""));
  }

  async open() {
    const { sheet } = this;
    if (sheet.c >= sheet.cols.length) return;
    const key = sheet.key(sheet.r, sheet.c);
    this.key = key;
    $("cell-title").textContent =
      [sheet.names[sheet.r], sheet.cols[sheet.c].label, sheet.val[sheet.r][sheet.c]]
        .filter(Boolean).join(" · ");
    const clash = this.queue.clashes.get(key);
    $("cell-choose").hidden = !clash;
    if (clash) {
      const { by, at, value } = clash.theirs;
      $("keep-mine").textContent = t("mine", { value: clash.mine || t("empty") });
      $("take-theirs").textContent = t("theirs", { by, at: when(at), value: value || t("empty") });
    }
    $("comment").value = "";
    this.read = false;
    this.was = "";
    $("comment-error").textContent = "";
    $("history").replaceChildren();
    $("tip").hidden = true;
    $("cell").showModal();
    if (clash) $("keep-mine").focus();
    let lines = [t("nohistory")];
    try {
      const entries = await this.history(key);
      if (this.key !== key) return;
      this.read = true;
      lines = entries.length ? this.lines(entries) : [t("nothing")];
      const last = entries.filter((e) => e.field === "comment").at(-1);
      this.was = last?.new ?? "";
      if (last && !$("comment").value) $("comment").value = this.was;
    } catch { /* the line above says so */ }
    if (this.key !== key) return;
    $("history").replaceChildren(...lines.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
  }

  choose(which) {
    const clash = this.queue.clashes.get(this.key);
    const [r, c] = this.sheet.where(this.key);
    const { value } = clash.theirs;
    this.sheet.base[r][c] = value;
    this.queue.clashes.delete(this.key);
    this.queue.keep(this.key);
    this.sheet.flag(r, c, "clash", false);
    this.sheet.show(r, c, value);
    if (which === "mine") this.change([{ r, c, value: clash.mine }]);
    this.queue.tell(this.queue.size ? "saving" : "saved");
    $("cell").close();
  }

  async save(event) {
    event.preventDefault();
    const comment = $("comment").value.trim();
    const { key } = this;
    // What stood there already is not said again; an empty field says nothing until that is known.
    if (comment === this.was && (this.read || !comment)) {
      $("cell").close();
      return;
    }
    const body = { id: newId(), comment };
    const done = await attempt($("comment-error"), () => call(`${this.url(key)}/comment`, body));
    if (!done) return;
    this.known.delete(key);
    const [r, c] = this.sheet.where(key);
    this.sheet.flag(r, c, "note-c", comment !== "");
    $("cell").close();
  }
}

/** Asks why a mark changes that is past its time. Null: it stays as it was. */
export function askReason(why) {
  return new Promise((resolve) => {
    const dialog = $("reason");
    let text = null;
    $("reason-why").textContent = why;
    $("reason-text").value = "";
    $("reason-form").onsubmit = (event) => {
      event.preventDefault();
      text = $("reason-text").value.trim() || null;
      dialog.close();
    };
    dialog.onclose = () => resolve(text);
    dialog.showModal();
  });
}

/** Shows what would change; resolves to the good changes or null. */
export function preview(sheet, skipped, changes, onValue) {
  return new Promise((resolve) => {
    const dialog = $("preview");
    let list = changes;
    let good = null;
    const draw = () => {
      const rows = list.map(({ r, c, value, error }) => {
        const row = document.createElement("tr");
        const now = sheet.val[r][c];
        for (const text of [sheet.names[r], sheet.cols[c].label, now, error ?? (value || "—")]) {
          row.insertCell().textContent = text;
        }
        row.classList.toggle("bad", Boolean(error));
        return row;
      });
      const fine = list.filter((x) => !x.error);
      const over = fine.filter((x) => sheet.val[x.r][x.c]).length;
      const bad = skipped + list.length - fine.length;
      $("preview-table").tBodies[0].replaceChildren(...rows);
      $("preview-title").textContent = onValue ? t("fill") : t("paste", { n: fine.length });
      $("preview-note").textContent = [
        over ? t("overwrite", { n: over }) : "", bad ? t("skipped", { n: bad }) : "",
      ].filter(Boolean).join(" ");
      $("preview-apply").textContent = t("apply", { n: fine.length });
      $("preview-apply").disabled = !fine.length;
    };
    $("preview-mark").hidden = !onValue;
    $("preview-value").value = "";
    $("preview-value").oninput = () => {
      list = onValue($("preview-value").value);
      draw();
    };
    const apply = () => {
      good = list.filter((x) => !x.error);
      dialog.close();
    };
    $("preview-value").onkeydown = (event) => {
      if (event.key === "Enter" && !$("preview-apply").disabled) apply();
    };
    $("preview-apply").onclick = apply;
    dialog.onclose = () => resolve(good);
    draw();
    dialog.showModal();
    (onValue ? $("preview-value") : $("preview-apply")).focus();
  });
}

export function fillList(sheet, codes, c, text) {
  const result = check(text, sheet.cols[c], codes);
  if (result.value === "") return [];
  const empty = (row, r) => sheet.val[r][c] === "" && !row.classList.contains("gone");
  return sheet.rows.flatMap((row, r) => (empty(row, r) ? [{ r, c, ...result }] : []));
}

export function openWork(sheet, column) {
  const dialog = $("work");
  const heading = $("work-title");
  heading.textContent = column ? heading.dataset.edit : heading.dataset.add;
  const kind = $("work-kind");
  kind.disabled = Boolean(column);
  if (column) kind.value = column.kind;
  $("work-name").value = column ? column.title : "";
  // The works of a kind are mostly alike; of the first one only the most is known that is allowed.
  const usual = () => sheet.cols.findLast((col) => col.kind === kind.value && col.th.classList.contains("w"))?.max
    ?? kind.selectedOptions[0]?.dataset.max ?? "";
  $("work-max").value = column ? column.max : usual();
  // A new work is most likely of the lesson that the teacher stands on.
  $("work-date").value = (column ?? sheet.cols[sheet.c])?.date ?? "";
  $("work-error").hidden = true;
  kind.onchange = () => { $("work-max").value = usual(); };
  $("work-form").onsubmit = async (event) => {
    event.preventDefault();
    const id = column ? column.id : newId();
    const body = {
      id, kind: kind.value, title: $("work-name").value.trim(),
      max: $("work-max").value.trim().replace(",", "."), date: $("work-date").value,
    };
    const url = `${sheet.table.dataset.api}/works${column ? `/${id}` : ""}`;
    if (!await attempt($("work-error"), () => call(url, body))) return;
    location.hash = `c=${id}`;
    location.reload();
  };
  dialog.showModal();
}

export function hover(sheet, cellWindow) {
  const tip = $("tip");
  let timer = null;
  const showText = (td, text) => {
    if (!text || !td.matches(":hover, .here")) return;
    tip.textContent = text;
    place(tip, td);
  };
  const look = async (td) => {
    const [r, c] = sheet.place(td);
    let text = td.dataset.by;
    if (c >= sheet.cols.length) text = sheet.rows[r].dataset.why;
    else if (!text && sheet.val[r][c]) {
      try {
        text = cellWindow.lines(await cellWindow.history(sheet.key(r, c))).join("\n");
      } catch { /* nothing to show */ }
    }
    showText(td, text);
  };
  sheet.table.addEventListener("mouseover", (event) => {
    const td = event.target.closest("td[data-rc]");
    clearTimeout(timer);
    tip.hidden = true;
    if (td) timer = setTimeout(look, td.classList.contains("c") ? 200 : 900, td);
  });
  sheet.table.addEventListener("mouseleave", () => {
    clearTimeout(timer);
    tip.hidden = true;
  });
  return (r, c) => showText(sheet.td(r, c), sheet.rows[r].dataset.why);
}
