// The lists beside the picture: the last scans, those not sent yet, and those the station refused.
import { byId, copyOf, fill, part, visible } from "./page.js";

/**
 * @typedef {import("./outbox.js").Entry} Entry
 *
 * @typedef {import("./banner.js").Told & {detail: string, undone: boolean, may_undo: boolean}} Shown
 */

/**
 * Make a list's rows those wanted, keeping the rows that stay: a focused button keeps its focus.
 * @template {{id: string}} T
 * @param {HTMLElement} list
 * @param {T[]} wanted
 * @param {(thing: T) => HTMLElement} make
 * @param {(row: HTMLElement, thing: T) => void} draw
 */
function keep(list, wanted, make, draw) {
  const ids = new Set(wanted.map((thing) => thing.id));
  const children = /** @type {HTMLElement[]} */ (Array.from(list.children));
  const rows = new Map(children.map((row) => [row.dataset.id ?? "", row]));
  for (const [id, row] of rows) if (!ids.has(id)) row.remove();
  wanted.forEach((thing, i) => {
    const row = rows.get(thing.id) ?? make(thing);
    row.dataset.id = thing.id;
    draw(row, thing);
    if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null);
  });
}

export class Scans {
  /**
   * @param {Record<string, any>} words
   * @param {(scan: Shown) => void} onUndo
   */
  constructor(words, onUndo) {
    this.words = words;
    this.onUndo = onUndo;
    this.list = byId("scans");
    this.none = byId("none-yet");
    this.isLoaded = false;
    /** @type {Shown[]} */
    this.recent = [];
    /** @type {Entry[]} */
    this.waiting = [];
    /** @type {(Shown & {at: number})[]} newest first, answered and not among the news yet */
    this.justAnswered = [];
  }

  /**
   * A scan's row stays, and its button keeps the focus, from its answer to the next news of it.
   * @param {Entry} entry
   * @param {{severity: any, word: string, title: string}} answer
   */
  answered(entry, { severity, word, title }) {
    const shown = { ...this.unsent(entry), severity, word, title, detail: word };
    this.justAnswered.unshift({ ...shown, at: performance.now() });
  }

  /**
   * @param {Shown[]} scans
   * @param {number} askedAt
   */
  refreshed(scans, askedAt) {
    this.recent = scans;
    this.justAnswered = this.justAnswered.filter(({ at }) => at > askedAt);
    this.draw();
  }

  /** @returns {Shown[]} newest first, what waits before what was answered */
  all() {
    const known = new Set(this.recent.map((scan) => scan.id));
    const answered = this.justAnswered.filter(({ id }) => !known.has(id));
    for (const { id } of answered) known.add(id);
    const waiting = this.waiting.filter((entry) => entry.kind === "scan" && !known.has(entry.id));
    return [...waiting.map((entry) => this.unsent(entry)).reverse(), ...answered, ...this.recent];
  }

  /**
   * @param {Entry} entry
   * @returns {Shown}
   */
  unsent(entry) {
    const { waiting } = this.words;
    const { text = "", quantity = null, condition } = entry.scan ?? {};
    return {
      id: entry.id, severity: "waiting", word: waiting, title: visible(text), lead: visible(text),
      told: "", text, quantity, damaged: condition === "damaged",
      detail: waiting, undone: false, may_undo: true,
    };
  }

  draw() {
    const taken = new Set(this.waiting.map((entry) => entry.undone));
    const scans = this.all();
    if (!scans.length) return;
    this.none.remove();
    keep(this.list, scans, (scan) => this.row(scan), (row, scan) => {
      this.fill(row, scan, scan.undone || taken.has(scan.id));
    });
  }

  /** @param {Shown} scan */
  row(scan) {
    const row = copyOf("scan");
    part(row, "undo").addEventListener("click", () => this.onUndo(scan));
    return row;
  }

  /**
   * @param {HTMLElement} row
   * @param {Shown} scan
   * @param {boolean} isUndone
   */
  fill(row, scan, isUndone) {
    if (row.dataset.severity !== scan.severity) {
      row.querySelector(".sl-shape")?.replaceWith(copyOf(`shape-${scan.severity}`));
      row.dataset.severity = scan.severity;
    }
    part(row, "word").textContent = `${scan.word}: `;
    part(row, "title").textContent = scan.title;
    part(row, "title").classList.toggle("gone", isUndone);
    const detail = isUndone ? `${this.words.undone} · ${scan.detail}` : scan.detail;
    part(row, "detail").textContent = detail;
    const button = part(row, "undo");
    button.hidden = isUndone || !scan.may_undo;
    button.setAttribute("aria-label", fill(this.words.undo, scan));
  }

  /** @returns {Shown | undefined} what the undo key takes back */
  newest() {
    const taken = new Set(this.waiting.map((entry) => entry.undone));
    return this.all().find((scan) => scan.may_undo && !scan.undone && !taken.has(scan.id));
  }
}

export class Refusals {
  /**
   * @param {Record<string, any>} words
   * @param {(entry: Entry) => void} onAgain
   * @param {(entry: Entry) => void} onRemove
   */
  constructor(words, onAgain, onRemove) {
    this.words = words;
    this.onAgain = onAgain;
    this.onRemove = onRemove;
    this.box = byId("refused");
    this.list = this.box.querySelector("ol");
  }

  /** @param {Entry[]} entries */
  draw(entries) {
    this.box.hidden = !entries.length;
    keep(this.list, entries, (entry) => this.row(entry), (row, entry) => {
      const title = entry.scan ? visible(entry.scan.text) : fill(this.words.undo, { title: entry.undone });
      part(row, "title").textContent = title;
      part(row, "detail").textContent = entry.problem ?? "";
      part(row, "again").setAttribute("aria-label", `${this.words.again}: ${title}`);
      part(row, "remove").setAttribute("aria-label", `${this.words.remove}: ${title}`);
    });
  }

  /** @param {Entry} entry */
  row(entry) {
    const row = copyOf("refusal");
    part(row, "again").addEventListener("click", () => this.onAgain(entry));
    part(row, "remove").addEventListener("click", () => this.onRemove(entry));
    return row;
  }
}
