// What pages gain when scripts run: nothing here is needed to read them.
const root = document.documentElement;

// The theme changes at once; the form tells the server in the background.
for (const form of document.querySelectorAll("[data-theme-form]")) {
  form.addEventListener("submit", (event) => {
    const theme = event.submitter?.value ?? "";
    event.preventDefault();
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-form] button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
    const body = new URLSearchParams(new FormData(form, event.submitter));
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  });
}

// One menu open at a time; Escape and a click elsewhere close it.
const menus = [...document.querySelectorAll("details[data-menu]")];
const shut = (except) => menus.forEach((menu) => menu !== except && menu.removeAttribute("open"));
document.addEventListener("click", (event) => shut(event.target.closest("details[data-menu]")));
document.addEventListener("keydown", (event) => {
  const open = menus.find((menu) => menu.open);
  if (event.key === "Escape" && open) {
    shut();
    open.querySelector("summary").focus();
  }
});

// A slash leads to the search, unless something is being typed; in the journal it is the cell's.
const box = document.querySelector("[data-seek] [type=search]");
if (box) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog, #grid, [contenteditable]");
    if (event.key !== "/" || event.altKey || event.ctrlKey || event.metaKey || typing) return;
    if (event.defaultPrevented || !box.checkVisibility()) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
}

// Weeks: arrow keys and a sideways swipe follow the links that are there anyway.
const week = document.querySelector("[data-week]");
const turn = (rel) => {
  const link = week.querySelector(`[rel=${rel}]`);
  if (link) location.assign(link.href);
};
if (week) {
  let from = null;
  const busy = (node) => node.closest("input, textarea, select, .scroll, .kids, .nav");
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || busy(event.target)) return;
    if (event.key === "ArrowLeft") turn("prev");
    if (event.key === "ArrowRight") turn("next");
  });
  document.addEventListener("touchstart", (event) => {
    from = event.touches.length === 1 && !busy(event.target) ? event.touches[0] : null;
  }, { passive: true });
  document.addEventListener("touchend", (event) => {
    const to = event.changedTouches[0];
    if (!from || Math.abs(to.clientX - from.clientX) < 80) return;
    if (Math.abs(to.clientY - from.clientY) > 40) return;
    turn(to.clientX > from.clientX ? "prev" : "next");
  }, { passive: true });
}

// Who opens a diary or a timetable wants today: it comes into view with the page, or not at all.
const day = document.querySelector(".day.now, .narrow-only [aria-current=date]");
const [visit] = performance.getEntriesByType("navigation");
const [painted] = performance.getEntriesByName("first-contentful-paint");
const early = !painted || performance.now() - painted.startTime < 500;
if (day && early && visit?.type === "navigate" && !location.hash && !scrollY
    && day.getBoundingClientRect().top > innerHeight / 2) {
  day.scrollIntoView({ behavior: "instant" });
}

// Homework is ticked off on this device only: it is the child's own list.
const book = document.querySelector("[data-done]");
for (const line of book?.querySelectorAll("[data-hw]") ?? []) {
  const key = `kundelik.hw.${book.dataset.child}.${line.dataset.hw}`;
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.setAttribute("aria-label", `${book.dataset.done}: ${line.textContent}`);
  const show = () => line.classList.toggle("done", box.checked);
  try {
    box.checked = localStorage.getItem(key) === "1";
  } catch { /* storage is off: the tick lasts as long as the page */ }
  box.addEventListener("change", () => {
    show();
    try {
      if (box.checked) localStorage.setItem(key, "1");
      else localStorage.removeItem(key);
    } catch { /* as above */ }
  });
  label.append(box);
  line.append(label);
  show();
}

// Marks that still lie on this device are named beside their journal.
const unsent = document.querySelector("[data-unsent]")?.dataset.unsent;
const counts = new Map();
try {
  for (const name of unsent ? Object.keys(localStorage) : []) {
    const [, queue, , group] = name.split(".");
    if (queue === "q") counts.set(group, (counts.get(group) ?? 0) + 1);
  }
} catch { /* storage is off: nothing lies here */ }
for (const [group, n] of counts) {
  const tag = document.createElement("span");
  tag.className = "tag bad";
  tag.textContent = unsent.replace("{n}", n);
  document.querySelector(`a.line[href*="${CSS.escape(group)}"] .grow`)?.after(tag);
}

// Who has had this week before the eyes for a while has looked; without scripts there is the button.
const looked = document.querySelector("form[data-seen]");
if (looked) {
  setTimeout(() => {
    if (document.hidden) return;
    fetch(looked.action, { method: "POST", redirect: "manual", keepalive: true }).catch(() => {});
  }, 4000);
}
