// On the start page a scanned card chooses: a place, a task, or the manifest.
import { Wedge, keptSettings } from "./wedge.js";

const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-start]"));

/** @param {Record<string, string>} change */
function choose(change) {
  const chosen = new FormData(form);
  const query = new URLSearchParams({ place: `${chosen.get("place")}`, task: `${chosen.get("task")}` });
  for (const [name, value] of Object.entries(change)) query.set(name, value);
  location.search = String(query);
}

/** @param {string} text */
function scanned(text) {
  if (text.startsWith("SLG-PLACE-")) return choose({ place: text.slice(10) });
  if (text.startsWith("SLG-TASK-")) return choose({ task: text.slice(9).toLowerCase() });
  /** @type {NodeListOf<HTMLInputElement>} */
  const choices = form.querySelectorAll("[name=manifest]");
  for (const choice of choices) {
    if (choice.value !== text) continue;
    choice.checked = true;
    form.requestSubmit();
  }
}

new Wedge(scanned, keptSettings());
