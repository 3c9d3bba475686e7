// The table as a grid: where a cell is, what it shows.

export class Sheet {
  constructor(table) {
    this.table = table;
    this.heads = [...table.tHead.rows[0].querySelectorAll("th[data-id]")];
    this.cols = this.heads.map((th) => ({
      th,
      id: th.dataset.id,
      kind: th.dataset.kind,
      input: th.dataset.input,
      lesson: th.dataset.lesson,
      date: th.dataset.date,
      lock: th.dataset.lock ?? "",
      why: table.dataset.lock ?? th.dataset.why ?? "",
      max: Number(th.dataset.max || Infinity),
      min: Number(th.dataset.min || 0),
      step: Number(th.dataset.step || 1),
      label: th.firstChild.textContent.trim(),
      title: th.title,
    }));
    this.rows = [...table.tBodies[0].rows];
    this.names = this.rows.map((row) => row.cells[1].textContent.trim());
    this.val = this.rows.map((row) => this.cols.map((_, c) => row.cells[c + 2].textContent.trim()));
    this.base = this.val.map((row) => [...row]);
    this.width = this.rows.length ? this.rows[0].cells.length - 2 : 0;
    this.rowOf = new Map(this.rows.map((row, r) => [row.dataset.id, r]));
    this.colOf = new Map(this.cols.map((col, c) => [col.id, c]));
    this.r = -1;
    this.c = -1;
    this.prepare();
  }

  prepare() {
    this.table.setAttribute("role", "grid");
    this.rows.forEach((row, r) => {
      for (let c = 0; c < this.width; c += 1) {
        const td = row.cells[c + 2];
        td.tabIndex = -1;
        td.dataset.rc = `${r}.${c}`;
        if (c >= this.cols.length || this.shut(c)) td.setAttribute("aria-readonly", "true");
        if (c >= this.cols.length) continue;
        td.classList.toggle("shut", this.shut(c));
        td.classList.toggle("w", this.cols[c].th.classList.contains("w"));
        this.tint(r, c);
      }
    });
    for (const flag of this.table.dataset.flags.split(" ").filter(Boolean)) {
      const [, r, c] = /^(\d+)\.(\d+)/.exec(flag);
      this.td(r, c)?.classList.add("note-c");
    }
  }

  td(r, c) {
    return this.rows[r]?.cells[Number(c) + 2];
  }

  place(td) {
    return td.dataset.rc.split(".").map(Number);
  }

  key(r, c) {
    return `${this.cols[c].id}|${this.rows[r].dataset.id}`;
  }

  where(key) {
    const [column, pupil] = key.split("|");
    const r = this.rowOf.get(pupil);
    const c = this.colOf.get(column);
    return r === undefined || c === undefined ? null : [r, c];
  }

  shut(c) {
    return c >= this.cols.length || this.cols[c].lock === "closed" || "lock" in this.table.dataset;
  }

  tint(r, c) {
    this.td(r, c).classList.toggle("ab", /^\p{L}+$/u.test(this.val[r][c]));
  }

  show(r, c, value) {
    this.val[r][c] = value;
    const td = this.td(r, c);
    if (!td.querySelector("input")) td.textContent = value;
    this.tint(r, c);
  }

  flag(r, c, name, on) {
    this.td(r, c).classList.toggle(name, on);
  }

  compute(answers) {
    for (const [pupil, result] of Object.entries(answers)) {
      const r = this.rowOf.get(pupil);
      if (r === undefined) continue;
      const texts = [...result.cells, result.percent, result.mark || result.status];
      texts.slice(texts.length + this.cols.length - this.width).forEach((text, i) => {
        this.td(r, this.cols.length + i).textContent = text ?? "";
      });
      this.rows[r].dataset.why = result.explain ?? "";
    }
  }

  /** Makes a cell the active one. Returns whether the column changed. */
  go(r, c, focus = true) {
    const row = Math.max(0, Math.min(r, this.rows.length - 1));
    const column = Math.max(0, Math.min(c, this.width - 1));
    const other = column !== this.c;
    if (this.r >= 0) {
      const old = this.td(this.r, this.c);
      old.classList.remove("here");
      old.tabIndex = -1;
      this.rows[this.r].cells[1].classList.remove("row-on");
    }
    if (other) this.mark(column);
    this.r = row;
    this.c = column;
    const td = this.td(row, column);
    td.classList.add("here");
    td.tabIndex = 0;
    this.rows[row].cells[1].classList.add("row-on");
    if (focus) td.focus();
    return other;
  }

  mark(column) {
    const heads = this.table.tHead.rows[0].cells;
    for (const c of [this.c, column]) {
      if (c < 0) continue;
      heads[c + 2].classList.toggle("col-on", c === column);
      heads[c + 2].classList.toggle("on", c === column);
      for (const row of this.rows) row.cells[c + 2].classList.toggle("on", c === column);
    }
  }
}
