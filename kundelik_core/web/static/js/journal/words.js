// Texts of the page in the reader's language, and small helpers.
const words = document.getElementById("words").dataset;

export const $ = (id) => document.getElementById(id);

export const t = (key, values = {}) =>
  words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export const say = (text) => { $("live").textContent = text; };

/** A moment of the server, on the school's clock: the time, and the date unless it is today. */
export function when(text) {
  const [, year, month, day, time] = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(text ?? "") ?? [];
  if (!time) return text ?? "";
  const same = new Date(year, month - 1, day).toDateString() === new Date().toDateString();
  return same ? time : `${day}.${month} ${time}`;
}

export const clock = (at) => at.toTimeString().slice(0, 5);

/** A UUIDv7, made here so that a resent change is known again. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let now = Date.now();
  for (let i = 5; i >= 0; i -= 1) {
    bytes[i] = now % 256;
    now = Math.floor(now / 256);
  }
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** This device's storage. `set` is false where it is switched off or full. */
export const store = {
  names(prefix) {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
    } catch {
      return [];
    }
  },
  get(name) {
    try {
      return JSON.parse(localStorage.getItem(name));
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      if (value) localStorage.setItem(name, JSON.stringify(value));
      else localStorage.removeItem(name);
      return true;
    } catch {
      return false;
    }
  },
};

export function place(bubble, cell) {
  bubble.hidden = false;
  bubble.style.left = "0";
  const box = cell.getBoundingClientRect();
  const { offsetWidth: wide, offsetHeight: high } = bubble;
  const below = box.bottom + 4 + high < innerHeight;
  bubble.style.left = `${Math.max(8, Math.min(box.left, innerWidth - wide - 8))}px`;
  bubble.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - high - 4)}px`;
}

/** One request; throws for the network, returns {status, data} otherwise. */
export async function call(url, body, more = {}) {
  const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(20000) };
  // Whoever has signed in since in another tab must not send what this page's owner typed.
  const account = $("grid")?.dataset.account;
  if (account) options.headers["Kundelik-Account"] = account;
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    // Goes on when the page is left. Browsers let 64 KB out that way.
    options.keepalive = options.body.length < 20000;
    options.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(url, { ...options, ...more });
  return { status: answer.status, data: await answer.json().catch(() => ({})) };
}
