// A block out of a spreadsheet: what goes where, before anything is written.
import { check } from "./value.js";

export function readBlock(text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
  return lines.map((line) => line.split("\t").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
}

const fold = (name) => name.toLowerCase().replace(/\s+/g, " ").trim();

// A first column of names tells which row is whose, whatever the order.
function byName(block, sheet) {
  const rows = new Map(sheet.names.map((name, r) => [fold(name), r]));
  // Of two namesakes nobody can tell which is meant.
  const twins = sheet.names.map(fold).filter((name, r) => rows.get(name) !== r);
  for (const name of twins) rows.set(name, -1);
  const found = block.map((line) => rows.get(fold(line[0])));
  const hits = found.filter((r) => r !== undefined).length;
  return block[0].length > 1 && hits * 2 > block.length ? found : null;
}

/** {changes: [{r, c, value} or {r, c, error}], skipped: values that fall outside}. */
export function plan(text, sheet, codes) {
  const block = readBlock(text);
  const named = byName(block, sheet);
  const changes = [];
  let skipped = 0;
  block.forEach((line, i) => {
    const r = named ? named[i] : sheet.r + i;
    (named ? line.slice(1) : line).forEach((cell, j) => {
      const c = sheet.c + j;
      if (sheet.rows[r] === undefined || c >= sheet.cols.length) {
        if (cell) skipped += 1;
        return;
      }
      const result = sheet.shut(c) ? { error: sheet.cols[c].why || "—" } : check(cell, sheet.cols[c], codes);
      if (result.error) changes.push({ r, c, error: `${cell}: ${result.error}` });
      else if (result.value !== sheet.val[r][c]) changes.push({ r, c, value: result.value });
    });
  });
  return { changes, skipped };
}
