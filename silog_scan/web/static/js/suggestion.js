// A label that nobody could read, and what it probably is: recorded only when a person says so.
import { byId, part, visible } from "./page.js";

/**
 * @typedef {object} Suggested
 * @property {string} text
 * @property {string} symbology
 * @property {string} picture  a PNG of the label in base64
 * @property {string} token  hands it back as the station offered it
 */

export class Suggestion {
  /** @param {(suggested: Suggested) => void} onConfirmed */
  constructor(onConfirmed) {
    this.onConfirmed = onConfirmed;
    this.box = byId("suggestion");
    /** @type {Suggested | null} */
    this.shown = null;
    /** @type {Set<string>} what a person said already, whatever it was */
    this.settled = new Set();
    part(this.box, "yes").addEventListener("click", () => this.settle(true));
    part(this.box, "no").addEventListener("click", () => this.settle(false));
  }

  /** @param {Suggested[]} suggestions  the first that is not settled is shown */
  offer(suggestions) {
    const found = suggestions.find(({ text }) => !this.settled.has(text));
    if (!found) return;
    this.shown = found;
    part(this.box, "piece").src = `data:image/png;base64,${found.picture}`;
    const code = visible(found.text);
    if (part(this.box, "code").textContent !== code) part(this.box, "code").textContent = code;
    this.box.hidden = false;
  }

  close() {
    this.shown = null;
    this.box.hidden = true;
  }

  /** Something was scanned: what was said before is of another moment. */
  forget() {
    this.settled.clear();
    this.close();
  }

  /** @param {boolean} isIt */
  settle(isIt) {
    const { shown } = this;
    this.close();
    if (!shown) return;
    this.settled.add(shown.text);
    if (isIt) this.onConfirmed(shown);
  }
}
