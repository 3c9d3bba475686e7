// What may stand in a cell. A quick check only: the server has the last word.
import { t } from "./words.js";

// Latin letters that look like codes. Nobody should have to guess which was meant.
const TWINS = { a: "а", c: "с", o: "о", k: "к", b: "б", e: "е", p: "п", h: "н" };

export function readCodes(list) {
  return [...list.children].map((item) => ({
    item,
    letter: item.dataset.letter,
    letters: item.dataset.letters.split(" "),
    label: item.querySelector("span").textContent.toLowerCase(),
    kind: item.dataset.kind,
  }));
}

const fits = (code, column) =>
  code.kind === "absence" || (code.kind === "pf" && column.input === "pf");

export function ahead(text, column, codes) {
  const word = text.toLowerCase().replace(/^[\d.,\s]+/, "");
  if (!word) return [];
  return codes.filter((code) => fits(code, column) &&
    (code.letters.includes(word) || (word.length > 1 && code.label.startsWith(word))));
}

function readCode(word, column, codes) {
  const exact = codes.find((code) => fits(code, column) && code.letters.includes(word));
  if (exact) return { value: exact.letter };
  const twin = TWINS[word];
  if (twin && codes.some((code) => code.letters.includes(twin))) {
    return { error: t("latin", { text: word, code: twin }) };
  }
  const found = ahead(word, column, codes);
  if (found.length === 1) return { value: found[0].letter };
  return { error: t("unknown", { text: word }) };
}

function readPoints(text, column) {
  if (column.input === "pf") return { error: t("passonly") };
  if (column.input === "none") return { error: t("nomarks") };
  const points = Number(text.replace(",", "."));
  if (points < column.min || points > column.max) {
    return { error: t("range", { min: column.min, max: column.max }) };
  }
  const steps = points / column.step;
  if (Math.abs(steps - Math.round(steps)) > 1e-9) return { error: t("step") };
  return { value: text.replace(/^0+(?=\d)/, "") };
}

/** {value} to be sent, or {error} to be shown. */
export function check(text, column, codes) {
  const typed = text.trim().toLowerCase();
  if (!typed) return { value: "" };
  const parts = /^(\d+(?:[.,]\d+)?)?\s*(.*)$/.exec(typed);
  const [, points, word] = parts;
  const first = points === undefined ? { value: "" } : readPoints(points, column);
  if (first.error) return first;
  const second = word ? readCode(word, column, codes) : { value: "" };
  if (second.error) return second;
  // A ten typed with a letter, or one and late? The server asks back, if it is told what was typed.
  if (word === "о" && !/\s/.test(typed) && Number(`${first.value}0`) <= column.max) return { value: typed };
  return { value: [first.value, second.value].filter(Boolean).join(" ") };
}
