// The journal: a sheet that is all keyboard and saves in the background.
import { askReason, CellWindow, fillList, hover, openWork, preview } from "./journal/dialogs.js";
import { Editor } from "./journal/editor.js";
import { bindKeys } from "./journal/keys.js";
import { Lessons } from "./journal/lesson.js";
import { drawPad } from "./journal/pad.js";
import { plan } from "./journal/paste.js";
import { Queue } from "./journal/queue.js";
import { Sheet } from "./journal/sheet.js";
import { readCodes } from "./journal/value.js";
import { $, call, clock, place, say, t, when } from "./journal/words.js";

const POLL = 15000;
const table = $("grid");
const sheet = new Sheet(table);
const codes = readCodes($("codes"));
const { account, group, period, api } = table.dataset;
const reasons = new Map();
const undone = [];
const done = [];
let refused = 0;
let { cursor } = table.dataset;

function showState(state, n, clashes) {
  const box = $("saved");
  const { savedAt } = queue;
  const lost = refused + queue.refusals.size;
  let text = savedAt ? t("saved", { time: clock(savedAt) }) : t("allsaved");
  let link = null;
  if (state === "saving" || state === "waiting") text = t(state, { n });
  if (lost && state !== "waiting") text = t("refused", { n: lost });
  if (clashes) text = t("conflict", { n: clashes });
  if (state === "signin") {
    text = t("signin", { n });
    link = document.createElement("a");
    link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  } else if (clashes || lost) {
    link = document.createElement("button");
    link.className = "btn quiet bad";
    link.onclick = () => {
      const found = table.querySelector(clashes ? "td.clash" : "td.no-go");
      if (found) moveTo(...sheet.place(found));
      if (found && clashes) cells.open();
    };
  }
  if (link) link.textContent = text;
  if (box.textContent !== text || link) box.replaceChildren(link ?? text);
  box.classList.toggle("bad", Boolean(link) || state === "waiting");
  box.classList.toggle("busy", state === "saving");
  if ((link || state === "waiting") && $("live").textContent !== text) say(text);
}

const queue = new Queue(`kundelik.q.${account}.${group}.`, api, period, {
  state: showState,
  saved(key, value) {
    const at = sheet.where(key);
    if (!at) return;
    const [r, c] = at;
    sheet.base[r][c] = value;
    cells.known.delete(key);
    const pending = queue.pending(key);
    sheet.flag(r, c, "wait", pending !== undefined);
    if (pending === undefined) sheet.show(r, c, value);
  },
  conflict(key, mine, theirs) {
    const at = sheet.where(key);
    if (!at) return;
    forget(...at);
    sheet.base[at[0]][at[1]] = theirs.value;
    sheet.flag(...at, "wait", false);
    sheet.flag(...at, "clash", true);
  },
  refused(key, value, problem, tried) {
    const at = sheet.where(key);
    if (!at) return false;
    if (value !== null) {
      sheet.base[at[0]][at[1]] = value;
      sheet.show(...at, value);
    }
    sheet.flag(...at, "wait", false);
    sheet.flag(...at, "no-go", true);
    refused = table.querySelectorAll("td.no-go").length;
    const text = `${t("wrote", { text: tried })} ${problem.detail || problem.title || ""}`;
    sheet.td(...at).dataset.no = text;
    editor.complain(sheet.td(...at), text);
    return true;
  },
  beside(list) {
    for (const cell of list) {
      const key = `${cell.column}|${cell.pupil}`;
      const at = sheet.where(key);
      if (!at || queue.pending(key) !== undefined || queue.clashes.has(key)) continue;
      sheet.base[at[0]][at[1]] = cell.value;
      sheet.show(...at, cell.value);
      cells.known.delete(key);
    }
  },
  computed: (answers) => sheet.compute(answers),
});

async function change(list, note = true) {
  const real = list.filter(({ r, c, value }) => value !== sheet.val[r][c] && !sheet.shut(c));
  for (const { c } of real) {
    const column = sheet.cols[c];
    if (column.lock !== "reason" || reasons.has(column.id)) continue;
    const reason = await askReason(column.why);
    if (reason === null) {
      sheet.go(sheet.r, sheet.c);
      return;
    }
    reasons.set(column.id, reason);
    sheet.go(sheet.r, sheet.c);
  }
  if (note && real.length) {
    done.push(real.map(({ r, c, value }) => ({ r, c, before: sheet.val[r][c], value })));
    undone.length = 0;
  }
  for (const { r, c, value } of real) {
    const key = sheet.key(r, c);
    sheet.show(r, c, value);
    clearFlags(r, c);
    sheet.flag(r, c, "clash", false);
    queue.put(key, value, sheet.base[r][c], reasons.get(sheet.cols[c].id) ?? null);
    sheet.flag(r, c, "wait", queue.pending(key) !== undefined);
  }
}

function step(from, to, field) {
  while (from.at(-1)?.length === 0) from.pop();
  const list = from.pop();
  if (!list) return;
  to.push(list);
  change(list.map(({ r, c, ...x }) => ({ r, c, value: x[field] })), false);
  moveTo(list[0].r, list[0].c);
  say(t("undone"));
}

/** What somebody else has written since is theirs, and not undone. */
function forget(r, c) {
  for (const steps of [done, undone]) {
    steps.forEach((list, i) => {
      steps[i] = list.filter((x) => x.r !== r || x.c !== c);
    });
  }
}

function clearFlags(r, c) {
  const td = sheet.td(r, c);
  td.classList.remove("fresh", "no-go");
  delete td.dataset.by;
  delete td.dataset.no;
  refused = table.querySelectorAll("td.no-go").length;
}

function moveTo(r, c, focus = true) {
  if (!sheet.rows.length) return;
  $("tip").hidden = true;
  if (sheet.r >= 0 && sheet.c < sheet.cols.length) {
    const td = sheet.td(sheet.r, sheet.c);
    if (td.dataset.no || td.dataset.by) {
      clearFlags(sheet.r, sheet.c);
      queue.tell(queue.state);
    }
  }
  $("why").hidden = true;
  const other = sheet.go(r, c, focus);
  const td = sheet.td(sheet.r, sheet.c);
  if (td.dataset.no) editor.complain(td, td.dataset.no);
  else if (td.dataset.by && focus) {
    $("tip").textContent = td.dataset.by;
    place($("tip"), td);
  }
  if (!other) return;
  const column = sheet.cols[sheet.c];
  lessons.show(column);
  $("edit-work").hidden = !column?.th.classList.contains("w") || sheet.shut(sheet.c);
  $("fill").disabled = sheet.shut(sheet.c);
  if (column) {
    $("pick-col").selectedIndex = sheet.c;
    drawPad(column, sheet.shut(sheet.c) ? null : codes, pad);
  }
}

const editor = new Editor(sheet, codes, (r, c, value) => change([{ r, c, value }]));
const lessons = new Lessons(sheet, `kundelik.l.${account}.${group}.`);
const cells = new CellWindow(sheet, queue, change);
const explain = hover(sheet, cells);

const pad = {
  put(text) {
    if (editor.open) editor.cancel();
    const { r, c } = sheet;
    if (sheet.shut(c)) editor.begin();
    else {
      change([{ r, c, value: text }]);
      moveTo(r + 1, c);
    }
  },
  type(digit) {
    if (!editor.open && !editor.begin()) return;
    editor.input.value += digit;
    editor.hint();
  },
  enter() {
    if (editor.commit()) moveTo(sheet.r + 1, sheet.c);
  },
  clear() {
    if (editor.open) editor.cancel();
    change([{ r: sheet.r, c: sheet.c, value: "" }]);
  },
};

async function fill() {
  const { c } = sheet;
  if (sheet.shut(c)) return;
  const list = await preview(sheet, 0, [], (text) => fillList(sheet, codes, c, text));
  if (list) await change(list);
  sheet.go(sheet.r, sheet.c);
}

async function paste(text) {
  if (sheet.shut(sheet.c)) return;
  const { changes, skipped } = plan(text, sheet, codes);
  const one = changes.length + skipped === 1 && !changes[0]?.error;
  const list = one ? changes : await preview(sheet, skipped, changes);
  if (list) await change(list);
  sheet.go(sheet.r, sheet.c);
}

async function poll() {
  if (document.hidden || queue.state === "signin" || !navigator.onLine) return;
  let answer;
  try {
    answer = await call(`${api}/${period}/changes?since=${encodeURIComponent(cursor)}`);
  } catch {
    return;
  }
  // A window shows what was there when it opened, and so does an open cell: they hear of it later.
  if (answer.status !== 200 || document.querySelector("dialog[open]")) return;
  let held = false;
  for (const cell of answer.data.cells) {
    const key = `${cell.column}|${cell.pupil}`;
    const at = sheet.where(key);
    if (!at || queue.pending(key) !== undefined || queue.clashes.has(key)) continue;
    const [r, c] = at;
    if (cell.value === sheet.base[r][c]) continue;
    if (editor.open && editor.at[0] === r && editor.at[1] === c) {
      held = true;
      continue;
    }
    forget(r, c);
    sheet.base[r][c] = cell.value;
    sheet.show(r, c, cell.value);
    sheet.flag(r, c, "fresh", true);
    sheet.td(r, c).dataset.by = t("changed", { by: cell.by, at: when(cell.at) });
    cells.known.delete(key);
  }
  if (!held) ({ cursor } = answer.data);
  sheet.compute(answer.data.computed ?? {});
}

function start() {
  $("main").classList.add("live");
  for (const [key, kept] of [...queue.entries, ...queue.clashes]) {
    const at = sheet.where(key);
    if (!at) continue;
    sheet.show(...at, kept.mine ?? (kept.next ?? kept).value);
    sheet.flag(...at, kept.theirs ? "clash" : "wait", true);
  }
  const wanted = new URLSearchParams(location.hash.slice(1)).get("c");
  const given = sheet.cols.findIndex((col) => wanted === col.id || wanted === (col.lesson && col.date));
  const now = sheet.cols.findIndex((col) => col.th.classList.contains("now"));
  const last = sheet.cols.findLastIndex((_, c) => sheet.val.some((row) => row[c]));
  moveTo(0, [given, now, last, 0].find((c) => c >= 0));
  queue.recall();
  queue.tell(queue.size ? "saving" : "idle");
  queue.flush();
  setInterval(poll, POLL);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      editor.commit();
      lessons.leave();
      queue.flush(true);
    } else {
      queue.flush();
      lessons.sendAll();
      poll();
    }
  });
  addEventListener("beforeunload", (event) => {
    editor.commit();
    lessons.leave();
    if (!queue.safe || !lessons.safe) event.preventDefault();
  });
}

$("fill").addEventListener("click", fill);
$("edit-work").addEventListener("click", () => openWork(sheet, sheet.cols[sheet.c]));
$("add-work")?.addEventListener("click", () => openWork(sheet, null));
$("show-keys").addEventListener("click", () => $("keys").showModal());
for (const part of [$("sheet"), window]) {
  part.addEventListener("scroll", () => { $("tip").hidden = true; }, { passive: true });
}
$("print").addEventListener("click", () => print());
$("prev-col").addEventListener("click", () => moveTo(sheet.r, sheet.c - 1));
$("next-col").addEventListener("click", () => moveTo(sheet.r, Math.min(sheet.c + 1, sheet.cols.length - 1)));
$("pick-col").addEventListener("change", () => moveTo(0, $("pick-col").selectedIndex));

bindKeys({
  sheet, editor, moveTo, change, fill, paste,
  undo: () => step(done, undone, "before"),
  redo: () => step(undone, done, "value"),
  open: () => cells.open(),
  explain,
});
if (sheet.rows.length) start();
// Keys are heard from here on.
table.dataset.ready = "";
