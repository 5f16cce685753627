// The labels of one look, a photo or a slow pan, against what is awaited of their pallet.
import { byId, fill, part } from "./page.js";

const PAUSE = 10_000;
const FEW = 2;
const NAMED = 5;
const NEAR = 3;
const SOON = 200;
const PATIENCE = 10_000;
const SEVERITIES = /** @type {const} */ (["ok", "attention", "stop"]);

/**
 * @typedef {"ok" | "attention" | "stop" | "waiting"} Severity
 * @typedef {{id: string, severity: Severity, word: string}} Label
 *
 * @typedef {object} Count
 * @property {string | null} parent  the pallet, if most of the labels are on one
 * @property {number} expected
 * @property {number} counted
 * @property {{package: string, title: string}[]} missing  some of them
 */

export class Pallet {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {string} options.token
   * @param {Record<string, any>} options.words
   * @param {(sum: {severity: Severity, word: string, lead: string, told: string}) => void} options.onSum
   */
  constructor({ url, token, words, onSum }) {
    this.url = url;
    this.token = token;
    this.words = words;
    this.onSum = onSum;
    this.box = byId("pallet");
    this.write = new Intl.NumberFormat(words.language).format;
    this.turn = this.asked = 0;
    /** @type {Map<string, Label>} by text */
    this.labels = new Map();
    /** @type {Set<string>} scans of a photo that are told together once all are answered */
    this.together = new Set();
    /** @type {Count | null} */
    this.count = null;
    /** What would help the labels of a photo that were not read. */
    this.unread = "";
    this.isPhoto = false;
    this.isDue = false;
    this.touchedAt = -Infinity;
  }

  /** Begin a new one. */
  clear() {
    this.turn += 1;
    this.labels.clear();
    this.together.clear();
    this.count = null;
    this.unread = "";
    this.isPhoto = false;
    this.isDue = false;
    this.draw();
  }

  /** A label of it is in view still: there is no pause. */
  touch() {
    if (this.labels.size) this.touchedAt = performance.now();
  }

  /**
   * @param {string} text
   * @param {string} id of its scan
   */
  add(text, id) {
    if (this.isOver) this.clear();
    const known = this.labels.get(text) ?? { severity: /** @type {const} */ ("waiting"), word: "" };
    this.labels.set(text, { ...known, id });
    if (this.isPhoto) this.together.add(id);
    this.touch();
    this.draw();
  }

  get isOver() {
    return !this.isPhoto && performance.now() - this.touchedAt > PAUSE;
  }

  /**
   * Labels that come now are of a photo, the first or another one of the same pallet.
   * @param {string} unread  what would help those that were not read
   */
  beginPhoto(unread) {
    if (this.isOver) this.clear();
    this.isPhoto = true;
    this.unread = unread;
    this.draw();
  }

  /** Tell what a photo amounts to once all its labels are answered, were they counted before or not. */
  sumUp() {
    this.isDue = true;
    this.askSoon();
  }

  endPhoto() {
    if (!this.isPhoto) return;
    this.isPhoto = false;
    this.unread = "";
    this.touch();
    this.draw();
  }

  /** @param {string} id of a scan that is taken back */
  drop(id) {
    for (const [text, label] of this.labels) if (label.id === id) this.labels.delete(text);
    this.askSoon();
  }

  /**
   * @param {string} text
   * @returns {boolean} whether it was counted in this look
   */
  isCounted(text) {
    return this.labels.get(text)?.severity === "ok";
  }

  /**
   * @param {string} id
   * @returns {boolean} whether a scan is told with the others of its photo
   */
  isTogether(id) {
    return this.together.has(id) && this.labels.size >= FEW;
  }

  /** @param {{id: string, severity: Severity, word: string}} scan */
  answered({ id, severity, word }) {
    for (const label of this.labels.values()) {
      // What was counted in this look stays so, though its label is seen again.
      if (label.id === id && label.severity !== "ok") Object.assign(label, { severity, word });
    }
    this.together.delete(id);
    this.askSoon();
  }

  /** @param {Set<string>} waiting  the scans that are not sent yet; what is neither was refused */
  settle(waiting) {
    const refused = [...this.together].filter((id) => !waiting.has(id));
    for (const id of refused) this.together.delete(id);
    if (refused.length) this.askSoon();
  }

  /** Ask once nothing more comes; an answer to what was asked before is too old then. */
  askSoon() {
    this.asked += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), SOON);
    this.draw();
  }

  async ask() {
    if (this.labels.size < FEW || this.together.size) return;
    const { turn, asked } = this;
    const count = await this.fetch().catch(() => null);
    if (turn !== this.turn || asked !== this.asked) return;
    this.count = count ?? this.count;
    this.draw();
    if (this.isDue) this.onSum(this.sum());
    this.isDue = false;
  }

  /** @returns {Promise<Count | null>} */
  async fetch() {
    const body = new URLSearchParams([...this.labels.keys()].map((text) => ["text", text]));
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { "X-CSRFToken": this.token },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    return answer.ok ? answer.json() : null;
  }

  // What is told.

  /** @returns {Severity} the gravest of the labels, or that something is missing */
  get severity() {
    const all = [...this.labels.values()].map(({ severity }) => severity);
    if (all.includes("stop")) return "stop";
    const isShort = Boolean(this.count?.parent) && this.absent > 0;
    return all.includes("attention") || isShort || this.unread ? "attention" : "ok";
  }

  get absent() {
    return this.count ? Math.max(0, this.count.expected - this.count.counted) : 0;
  }

  sum() {
    const { severity, count, words } = this;
    if (!count?.parent) {
      return { severity, word: this.gravest, lead: this.seen(), told: this.withUnread(this.figures()) };
    }
    const word = `${count.counted}/${count.expected}`;
    const lead = this.absent ? fill(words.absent, { n: this.write(this.absent) }) : words.none;
    const names = this.absent ? this.names(({ title }) => title) : "";
    return { severity, word, lead, told: this.withUnread(names) };
  }

  /** @param {string} text */
  withUnread(text) {
    return [text, this.unread].filter(Boolean).join(" · ");
  }

  /** @returns {string} the word of the gravest answer, or how many labels where none is grave */
  get gravest() {
    const { severity } = this;
    const grave = [...this.labels.values()].find((label) => label.severity === severity);
    return grave?.word ?? this.write(this.labels.size);
  }

  seen() {
    return fill(this.words.seen, { n: this.write(this.labels.size) });
  }

  figures() {
    const { count, words } = this;
    if (!count?.expected) return this.seen();
    const values = { counted: this.write(count.counted), expected: this.write(count.expected) };
    return fill(count.parent ? words.onPallet : words.ofDelivery, values);
  }

  /** @returns {string} of a pallet what is missing, else what is like the labels seen and is not here */
  missing() {
    const { count, words } = this;
    if (!count) return "";
    if (!count.missing.length) return count.parent ? words.none : "";
    const names = this.names(({ title, package: code }) => `${title} (${code})`);
    return fill(count.parent ? words.missing : words.near, { n: this.write(this.absent), names });
  }

  /**
   * @param {(absent: {package: string, title: string}) => string} name
   * @returns {string} the first few that are missing, and how many more
   */
  names(name) {
    const { parent, missing } = /** @type {Count} */ (this.count);
    const named = missing.slice(0, parent ? NAMED : NEAR).map(name);
    const more = (parent ? this.absent : missing.length) - named.length;
    if (more > 0) named.push(fill(this.words.andMore, { n: this.write(more) }));
    return named.join(", ");
  }

  draw() {
    this.box.hidden = !this.isPhoto && this.labels.size < FEW;
    if (this.box.hidden) return;
    say(part(this.box, "told"), this.labels.size < FEW ? "" : this.figures());
    say(part(this.box, "missing"), this.missing());
    for (const severity of SEVERITIES) this.drawTag(severity);
  }

  /** @param {Severity} severity */
  drawTag(severity) {
    const tag = part(this.box, severity);
    const n = [...this.labels.values()].filter((label) => label.severity === severity).length;
    tag.hidden = !n;
    part(tag, "count").textContent = this.write(n);
  }
}

/**
 * @param {HTMLElement} line
 * @param {string} text
 */
function say(line, text) {
  line.hidden = !text;
  if (line.textContent !== text) line.textContent = text;
}
