// A label that nobody could read, and what it probably is: recorded only when a person says so.
import { uuid7 } from "./ids.js";
import { byId, fill, part, visible } from "./page.js";

/**
 * @typedef {object} Suggested
 * @property {string} text
 * @property {string} picture  a PNG of the label in base64
 * @property {string} token  hands it back as the station offered it
 */

export class Suggestion {
  /**
   * @param {object} options
   * @param {Record<string, any>} options.words
   * @param {string} options.url
   * @param {string} options.token  against forged requests
   * @param {(text: string, result: any) => void} options.onConfirmed
   * @param {(sentence: string) => void} options.onTold
   */
  constructor({ words, url, token, onConfirmed, onTold }) {
    this.words = words;
    this.url = url;
    this.token = token;
    this.onConfirmed = onConfirmed;
    this.onTold = onTold;
    this.box = byId("suggestion");
    /** @type {Suggested & {id: string} | null} */
    this.shown = null;
    /** @type {Set<string>} what a person said it is not */
    this.refused = new Set();
    part(this.box, "yes").addEventListener("click", () => this.confirm());
    part(this.box, "no").addEventListener("click", () => this.refuse());
  }

  /** @param {Suggested[]} suggestions  the first that was not refused is shown */
  offer(suggestions) {
    const found = suggestions.find(({ text }) => !this.refused.has(text));
    if (!found) return;
    const isSame = this.shown?.text === found.text;
    this.shown = { ...found, id: isSame && this.shown ? this.shown.id : uuid7() };
    part(this.box, "piece").src = `data:image/png;base64,${found.picture}`;
    const told = fill(this.words.suggested, { text: visible(found.text) });
    if (part(this.box, "text").textContent !== told) part(this.box, "text").textContent = told;
    this.box.hidden = false;
  }

  close() {
    this.shown = null;
    this.box.hidden = true;
  }

  refuse() {
    if (this.shown) this.refused.add(this.shown.text);
    this.close();
  }

  /** The scan keeps its id until it is answered: a second tap counts nothing twice. */
  async confirm() {
    if (!this.shown) return;
    const { id, text, token, picture } = this.shown;
    const body = new URLSearchParams({ id, token, picture });
    const request = { method: "POST", headers: { "X-CSRFToken": this.token }, body };
    const answer = await fetch(this.url, request).catch(() => null);
    if (!answer) return this.onTold(this.words.photoLost);
    const told = await answer.json();
    if (answer.ok) this.onConfirmed(text, told);
    else this.onTold(told.detail ?? told.message ?? this.words.photoLost);
    if (this.shown?.id === id) this.close();
  }
}
