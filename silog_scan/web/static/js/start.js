// On the start page a scanned card chooses: a place, a task, or the manifest.
import { Wedge, keptSettings } from "./wedge.js";

const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-start]"));

/** @param {Record<string, string>} change */
function choose(change) {
  const { place, task } = Object.fromEntries(new FormData(form));
  location.search = String(new URLSearchParams({ place, task, ...change }));
}

/** @param {string} text */
function scanned(text) {
  if (text.startsWith("SLG-PLACE-")) return choose({ place: text.slice(10) });
  if (text.startsWith("SLG-TASK-")) return choose({ task: text.slice(9).toLowerCase() });
  for (const choice of form.querySelectorAll("[name=manifest]")) {
    if (choice.value !== text) continue;
    choice.checked = true;
    form.requestSubmit();
  }
}

new Wedge(scanned, keptSettings());
