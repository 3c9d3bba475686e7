// Big keys for a phone: one lesson at a time, a tap sets the mark and goes down.
import { $, t } from "./words.js";

/** Draws the keys of a column; without codes, as in a journal that is only read, there are none. */
export function drawPad(column, codes, act) {
  $("pad").hidden = !codes;
  if (!codes) return;
  const keys = [];
  const add = (text, what, small = false, label = text) => {
    const key = document.createElement("button");
    key.textContent = text;
    key.classList.toggle("sm", small);
    if (label !== text) key.setAttribute("aria-label", label);
    // The input in the cell must not lose the focus to a key.
    key.addEventListener("pointerdown", (event) => event.preventDefault());
    key.addEventListener("click", what);
    keys.push(key);
  };
  const short = column.input === "points" && column.max <= 10;
  if (short) {
    for (let n = Math.max(1, column.min); n <= column.max; n += 1) add(String(n), () => act.put(String(n)));
  } else if (column.input === "points") {
    for (const n of "1234567890") add(n, () => act.type(n));
  }
  for (const code of codes) {
    const fits = code.kind === "absence" || column.input === "pf";
    if (fits) add(code.letter, () => act.put(code.letter), false, `${code.letter}, ${code.label}`);
  }
  add(t("clear"), act.clear, true);
  if (!short) add("↓", act.enter, false, "Enter");
  // Two keys more would begin a row of their own.
  $("pad").classList.toggle("six", !short);
  $("pad").replaceChildren(...keys);
}
