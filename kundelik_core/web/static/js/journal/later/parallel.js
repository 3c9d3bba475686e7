// Topics of parallel groups as suggestions: fetched when somebody writes a topic, not before.
import { $, call } from "../words.js";

export async function offer(api) {
  const offered = new Map();
  // Who takes a topic from the list takes its homework along, unless there is one already.
  $("topic").addEventListener("input", (event) => {
    if (event.inputType && event.inputType !== "insertReplacementText") return;
    const lesson = offered.get($("topic").value);
    if (lesson && !$("homework").value) $("homework").value = lesson.homework;
  });
  const answer = await call(`${api}/parallel`);
  for (const lesson of answer.data.lessons ?? []) {
    if (!offered.has(lesson.topic)) offered.set(lesson.topic, lesson);
  }
  $("topics").replaceChildren(...[...offered.values()].map((lesson) => {
    const option = document.createElement("option");
    option.value = lesson.topic;
    option.label = [lesson.from, lesson.homework].filter(Boolean).join(" · ");
    return option;
  }));
}
