// The answer to the last scan, as large as it gets, and the stops nobody has dealt with yet.
import { byId, copyOf, fill, part } from "./page.js";

const CLASSES = { ok: "ok", attention: "attn", stop: "stop", waiting: "idle" };
const SHORT = 6;
const FRESH_EVERY = 400;
const KEPT = "silog-stops";

/**
 * @typedef {object} Told  a scan in words
 * @property {string} id
 * @property {"ok" | "attention" | "stop" | "waiting"} severity
 * @property {string} word
 * @property {string} title  what it is
 * @property {string} lead  whose it is
 * @property {string} told  what to do
 * @property {string} text  as it was read
 * @property {number | null} quantity  as it was said
 * @property {boolean} damaged  likewise
 * @property {string | null} [switch_to]  the manifest that expects it
 */

export class Banner {
  /**
   * @param {Record<string, any>} words
   * @param {(scan: Told) => void} onSwitch
   */
  constructor(words, onSwitch) {
    this.words = words;
    this.box = byId("banner");
    this.button = byId("acknowledge");
    this.other = byId("switch");
    /** @type {() => void} */
    this.switch = () => {};
    this.other.addEventListener("click", () => this.switch());
    this.onSwitch = onSwitch;
    this.strip = byId("open-stops");
    this.freshAt = -Infinity;
    /** @type {string | null} */
    this.shown = null;
    /** @type {Told[]} */
    this.stops = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    this.strip.addEventListener("click", () => this.show(this.stops[0]));
    this.drawStops();
  }

  /** @param {Told} scan */
  show(scan) {
    this.shown = scan.id;
    this.box.className = `sl-banner ${CLASSES[scan.severity]}`;
    this.box.setAttribute("role", scan.severity === "stop" ? "alert" : "status");
    this.box.querySelector(".shape").replaceWith(copyOf(`banner-${scan.severity}`));
    const word = part(this.box, "word");
    word.textContent = scan.word;
    word.classList.toggle("short", scan.word.length <= SHORT);
    this.say(scan);
    this.offer(scan);
    this.freshen();
    this.drawStops();
  }

  /** @param {Told} scan */
  offer(scan) {
    this.other.hidden = !scan.switch_to;
    const text = fill(this.words.switch, { manifest: scan.switch_to });
    part(this.other, "text").textContent = text;
    this.switch = () => this.onSwitch(scan);
  }

  /** @param {Told} scan */
  say(scan) {
    for (const name of /** @type {const} */ (["lead", "told"])) {
      const line = part(this.box, name);
      if (line.textContent !== scan[name]) line.textContent = scan[name];
    }
  }

  /** @param {Told} scan the same scan, once the station has told more of it */
  complete(scan) {
    if (this.shown === scan.id) this.say(scan);
    if (this.isOpen(scan.id)) {
      this.stops = this.stops.map((stop) => (stop.id === scan.id ? scan : stop));
      this.drawStops();
    }
  }

  /** Two equal answers in a row are told apart by a short frame, never above three a second. */
  freshen() {
    const now = performance.now();
    if (now - this.freshAt < FRESH_EVERY) return;
    this.freshAt = now;
    void this.box.offsetWidth; // Starts the animation anew.
    this.box.classList.add("fresh");
  }

  /** @param {Told} scan */
  open(scan) {
    this.stops.push(scan);
    this.drawStops();
  }

  /** @param {string | null} id */
  isOpen(id) {
    return this.stops.some((stop) => stop.id === id);
  }

  /** @returns {boolean} whether stops are left: first the one in sight goes, then the oldest */
  acknowledge() {
    const done = this.isOpen(this.shown) ? this.shown : this.stops[0]?.id;
    return this.drop(done ?? null);
  }

  /**
   * @param {string | null} id
   * @returns {boolean} whether stops are left
   */
  drop(id) {
    this.stops = this.stops.filter((stop) => stop.id !== id);
    this.drawStops();
    return this.stops.length > 0;
  }

  drawStops() {
    sessionStorage.setItem(KEPT, JSON.stringify(this.stops));
    this.button.hidden = !this.isOpen(this.shown);
    const others = this.stops.filter((stop) => stop.id !== this.shown);
    this.strip.hidden = !others.length;
    if (!others.length) return;
    const sentence = others.length === 1 ? this.words.stop : this.words.stops;
    const values = { n: others.length, lead: others[0].lead };
    part(this.strip, "text").textContent = fill(sentence, values);
  }
}
