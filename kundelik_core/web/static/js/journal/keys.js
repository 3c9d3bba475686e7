// Keyboard, mouse and clipboard of the grid. Commands go by the place of a key: Ctrl+Z is
// Ctrl+Я on a Russian one.
import { $ } from "./words.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export function bindKeys(on) {
  const { sheet, editor } = on;
  const { table } = sheet;
  const by = (dr, dc) => on.moveTo(sheet.r + dr, sheet.c + dc);

  // A wrong value holds the cell open.
  const after = (event, next) => {
    event.preventDefault();
    if (editor.commit()) next();
  };

  function command(event) {
    const act = {
      KeyZ: event.shiftKey ? on.redo : on.undo, KeyY: on.redo, KeyD: on.fill,
      Home: () => on.moveTo(0, sheet.c), End: () => on.moveTo(sheet.rows.length - 1, sheet.c),
    }[event.code];
    if (!act || (editor.open && /^Key[ZY]$/.test(event.code))) return;
    after(event, act);
  }

  function move(event) {
    const { key } = event;
    if (key === "Enter") after(event, () => by(event.shiftKey ? -1 : 1, 0));
    else if (key === "Tab") {
      const next = sheet.c + (event.shiftKey ? -1 : 1);
      if (next >= 0 && next < sheet.cols.length) after(event, () => on.moveTo(sheet.r, next));
      else if (!editor.commit()) event.preventDefault();
      else sheet.go(sheet.r, sheet.c);
    } else if (key in ARROWS) {
      if (editor.open && editor.inside && ARROWS[key][1]) return true;
      after(event, () => by(...ARROWS[key]));
    } else if (key === "F6") {
      after(event, () => ($("topic").disabled ? $("fill") : $("topic")).focus());
    } else if (key === "F2") after(event, on.open);
    else return false;
    return true;
  }

  function idle(event) {
    const { key } = event;
    const page = Math.max(1, Math.floor($("sheet").clientHeight / 30) - 2);
    const act = {
      Home: () => on.moveTo(sheet.r, 0), End: () => on.moveTo(sheet.r, sheet.cols.length - 1),
      PageUp: () => by(-page, 0), PageDown: () => by(page, 0),
      "=": () => on.explain(sheet.r, sheet.c), "?": () => $("keys").showModal(),
      Escape: () => { $("tip").hidden = true; $("why").hidden = true; },
    }[key];
    const clear = key === "Delete" || key === "Backspace";
    if (act) act();
    else if (!clear) return false;
    else if (!sheet.shut(sheet.c)) on.change([{ r: sheet.r, c: sheet.c, value: "" }]);
    event.preventDefault();
    return true;
  }

  // A Kazakh keyboard's digit keys give letters: here a digit is meant.
  function digit(event) {
    const found = /^Digit(\d)$/.exec(event.code);
    if (!found || event.shiftKey || event.altKey || /^\d$/.test(event.key)) return false;
    event.preventDefault();
    if (!editor.open && !editor.begin()) return true;
    const { input } = editor;
    input.setRangeText(found[1], input.selectionStart, input.selectionEnd, "end");
    editor.hint();
    return true;
  }

  table.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.ctrlKey || event.metaKey) command(event);
    else if (move(event) || digit(event)) return;
    else if (editor.open) {
      if (event.key !== "Escape") return;
      event.preventDefault();
      editor.cancel();
    } else if (!idle(event) && event.key.length === 1 && !event.altKey && event.key !== " ") {
      if (!editor.begin()) event.preventDefault();
    }
  });

  table.addEventListener("mousedown", (event) => {
    const td = event.target.closest("td[data-rc]");
    if (!td || event.target === editor.input || event.button) return;
    event.preventDefault();
    if (editor.commit()) on.moveTo(...sheet.place(td));
  });
  table.addEventListener("dblclick", (event) => {
    if (event.target.closest("td[data-rc]") && !editor.open) editor.begin(true);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "F6" && !table.contains(event.target)) {
      event.preventDefault();
      sheet.go(sheet.r, sheet.c);
    }
  });

  const inGrid = () => table.contains(document.activeElement) && !editor.open;
  document.addEventListener("copy", (event) => {
    if (!inGrid() || String(getSelection())) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", sheet.td(sheet.r, sheet.c).textContent.trim());
  });
  document.addEventListener("paste", (event) => {
    if (!table.contains(document.activeElement)) return;
    const text = event.clipboardData.getData("text/plain");
    if (!text || (editor.open && !/[\t\n]/.test(text))) return;
    event.preventDefault();
    if (editor.open) editor.cancel();
    on.paste(text);
  });
}
