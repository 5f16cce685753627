// A scan on any page is a scan: on a supervisor's page it opens the package.
import { Wedge, keptSettings } from "./wedge.js";

const bar = /** @type {HTMLElement} */ (document.querySelector("[data-find]"));

/** @param {string} code */
function find(code) {
  location.assign(`${bar.dataset.find}?${new URLSearchParams({ code })}`);
}

new Wedge(find, keptSettings());
