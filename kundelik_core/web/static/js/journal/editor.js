// Typing into a cell: one input that moves about, hints beside it.
import { ahead, check } from "./value.js";
import { $, place } from "./words.js";

export class Editor {
  constructor(sheet, codes, keep) {
    Object.assign(this, { sheet, codes, keep, inside: false });
    this.input = document.createElement("input");
    this.input.autocomplete = "off";
    this.input.maxLength = 24;
    if (matchMedia("(pointer: coarse)").matches) this.input.inputMode = "none";
    this.input.addEventListener("input", () => this.hint());
    this.input.addEventListener("blur", () => this.leave());
  }

  get open() {
    return this.input.isConnected;
  }

  /** Opens the active cell; `keepText` edits what is there instead of replacing it. */
  begin(keepText = false) {
    const { r, c } = this.sheet;
    if (this.sheet.shut(c)) {
      this.complain(this.sheet.td(r, c), this.sheet.cols[c]?.why);
      return false;
    }
    this.at = [r, c];
    this.inside = keepText;
    const td = this.sheet.td(r, c);
    this.input.value = keepText ? this.sheet.val[r][c] : "";
    this.input.setAttribute("aria-label", `${this.sheet.names[r]}, ${this.sheet.cols[c].label}`);
    td.textContent = "";
    td.append(this.input);
    this.input.focus();
    this.hint();
    return true;
  }

  hint() {
    $("why").hidden = true;
    this.sheet.td(...this.at).classList.remove("bad-in");
    this.input.removeAttribute("aria-invalid");
    const found = ahead(this.input.value, this.sheet.cols[this.at[1]], this.codes);
    for (const code of this.codes) {
      code.item.hidden = !found.includes(code);
      code.item.classList.toggle("on", found.length === 1 && found[0] === code);
    }
    if (found.length) place($("codes"), this.sheet.td(...this.at));
    else $("codes").hidden = true;
  }

  complain(td, text) {
    if (!text) return;
    $("codes").hidden = true;
    $("why").textContent = text;
    place($("why"), td);
  }

  /** Keeps what was typed. False: it cannot stand there, and the cell stays open. */
  commit() {
    if (!this.open) return true;
    const [r, c] = this.at;
    const result = check(this.input.value, this.sheet.cols[c], this.codes);
    if (result.error) {
      const td = this.sheet.td(r, c);
      td.classList.add("bad-in");
      this.input.setAttribute("aria-invalid", "true");
      this.complain(td, result.error);
      return false;
    }
    this.close();
    this.keep(r, c, result.value);
    return true;
  }

  close() {
    const [r, c] = this.at;
    const td = this.sheet.td(r, c);
    this.closing = true;
    td.classList.remove("bad-in");
    td.textContent = this.sheet.val[r][c];
    this.closing = false;
    $("codes").hidden = true;
    $("why").hidden = true;
  }

  cancel() {
    this.close();
    this.sheet.td(...this.at).focus();
  }

  // The focus went elsewhere: a good value is kept, a bad one given back.
  leave() {
    if (this.closing || !this.open) return;
    const [r, c] = this.at;
    const result = check(this.input.value, this.sheet.cols[c], this.codes);
    this.close();
    if (result.error) this.complain(this.sheet.td(r, c), result.error);
    else this.keep(r, c, result.value);
  }
}
