// What would help a label that was found and not read, in one line: long enough to be read.
import { byId, fill } from "./page.js";

const SHOWN_FOR = 1500;

/**
 * @typedef {object} Unread  a code that is there and was not read
 * @property {number[][]} corners
 * @property {string} hint
 */

export class Hints {
  /** @param {Record<string, any>} words */
  constructor(words) {
    this.words = words;
    this.box = byId("hint");
    /** @type {Unread[]} */
    this.unread = [];
    this.changedAt = -Infinity;
  }

  /**
   * @param {Unread[]} unread  none leaves a hint its time
   * @param {boolean} [stays]  as long as a photo does
   */
  saw(unread, stays = false) {
    if (!unread.length) return;
    this.unread = unread;
    clearTimeout(this.end);
    if (!stays) this.end = setTimeout(() => this.clear(), SHOWN_FOR);
    this.write();
  }

  /** Two hints in a row would flicker: the second waits until the first had its time. */
  write() {
    clearTimeout(this.next);
    const text = this.sentence(this.unread);
    const wait = this.changedAt + SHOWN_FOR - performance.now();
    if (text === this.box.textContent) return;
    if (this.box.textContent && wait > 0) {
      this.next = setTimeout(() => this.write(), wait);
      return;
    }
    this.changedAt = performance.now();
    this.box.hidden = false;
    this.box.textContent = text;
  }

  clear() {
    clearTimeout(this.end);
    clearTimeout(this.next);
    this.unread = [];
    this.box.textContent = "";
    this.box.hidden = true;
  }

  /**
   * @param {Unread[]} unread
   * @returns {string} what helps most of them
   */
  sentence(unread) {
    /** @type {Map<string, number>} */
    const times = new Map();
    for (const { hint } of unread) times.set(hint, (times.get(hint) ?? 0) + 1);
    const [[most]] = [...times].sort(([, one], [, other]) => other - one);
    const hint = this.words.hints[most];
    return unread.length === 1 ? hint : fill(this.words.unread, { n: unread.length, hint });
  }

  /**
   * @param {Unread[]} unread
   * @returns {import("./quads.js").Quad[]}
   */
  drawn(unread = this.unread) {
    const { hints } = this.words;
    return unread.map(({ corners, hint }) => ({ corners, severity: "unread", note: hints[hint] }));
  }
}
