// The colour picker beside a colour's field: what is picked is typed, what is typed is picked.
for (const pair of document.querySelectorAll("[data-ink]")) {
  const [text, picker] = pair.querySelectorAll("input");
  picker.hidden = false;
  picker.addEventListener("input", () => { text.value = picker.value; });
  text.addEventListener("input", () => {
    const hex = text.value.trim().replace(/^#?/, "#");
    if (/^#[0-9a-f]{6}$/i.test(hex)) picker.value = hex;
  });
}
