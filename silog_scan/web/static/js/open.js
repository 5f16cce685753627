// A scan on any page is a scan: on a supervisor's page it opens the package or the manifest.
import { Wedge, keptSettings } from "./wedge.js";

const { find } = /** @type {HTMLElement} */ (document.querySelector("[data-find]")).dataset;

/** @param {string} code */
function scanned(code) {
  const field = document.activeElement;
  // A number scanned into a form belongs there.
  if (field instanceof HTMLInputElement && field.type === "text") field.value = code;
  else location.assign(`${find}?${new URLSearchParams({ code })}`);
}

new Wedge(scanned, keptSettings());
