// Scans wait here, on the disk of this device, until the station has answered each one by its id.
// One entry a key: two tabs that write at once cannot overwrite each other's list.

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 8000;
const PATIENCE = 10_000;
const MOST_TOGETHER = 50;

/**
 * @typedef {"wedge" | "manual" | "camera" | "photo"} Source
 *
 * @typedef {object} Scan
 * @property {string} id
 * @property {string} text
 * @property {Source} source
 * @property {string} [symbology]
 * @property {string} scanned_at
 * @property {number} [quantity]
 * @property {"damaged"} [condition]
 *
 * @typedef {object} Entry  a scan with what it was made for, or the undoing of one
 * @property {"scan" | "undo"} kind
 * @property {string} id  of the entry: its order; a scan's entry has the scan's id
 * @property {string} task
 * @property {string} place
 * @property {string | null} manifest
 * @property {Scan} [scan]
 * @property {string} [undone]  the id of the scan to take back
 * @property {string} [reason]
 * @property {string} [problem]  why the station refused it
 *
 * @typedef {"sent" | "sending" | "offline" | "signed-out"} State
 */

/** Entries of one person on this device, kept in `localStorage`, else in memory. */
export class Drawer {
  /**
   * @param {string} name
   * @param {string} user
   */
  constructor(name, user) {
    this.prefix = `silog-${name}/${user}/`;
    /** @type {Map<string, string>} */
    this.memory = new Map();
  }

  /** @param {Entry} entry */
  put(entry) {
    const text = JSON.stringify(entry);
    try {
      localStorage.setItem(this.prefix + entry.id, text);
    } catch {
      this.memory.set(entry.id, text); // The disk is full or forbidden: better here than lost.
    }
  }

  /** @param {string} id */
  remove(id) {
    localStorage.removeItem(this.prefix + id);
    this.memory.delete(id);
  }

  /** @returns {Entry[]} oldest first */
  all() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    const texts = [...keys.map((key) => localStorage.getItem(key)), ...this.memory.values()];
    const entries = texts.map(parsed).filter((entry) => entry !== null);
    return entries.sort((one, other) => (one.id < other.id ? -1 : 1));
  }
}

/** @returns {number} how many entries wait on this device, whoever made them */
function heldHere() {
  return Object.keys(localStorage).filter((key) => key.startsWith("silog-unsent/")).length;
}

/**
 * @param {string} user
 * @returns {number} how many entries of other people wait on this device
 */
export function heldForOthers(user) {
  return heldHere() - new Drawer("unsent", user).all().length;
}

/**
 * @param {string | null} text
 * @returns {Entry | null} nothing of what cannot be read: it stays, and must not hold up the others
 */
function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    console.warn("kept, but unreadable:", text);
    return null;
  }
}

export class Outbox {
  /**
   * @param {object} options
   * @param {string} options.user
   * @param {string} options.scansUrl
   * @param {string} options.token
   * @param {(entry: Entry, result: any) => void} options.onAnswer
   * @param {() => void} options.onChange
   * @param {(message: string) => void} options.onClock  this device's clock is wrong
   */
  constructor({ user, scansUrl, token, onAnswer, onChange, onClock }) {
    this.unsent = new Drawer("unsent", user);
    this.refused = new Drawer("refused", user);
    this.scansUrl = scansUrl;
    this.token = token;
    this.onAnswer = onAnswer;
    this.onChange = onChange;
    this.onClock = onClock;
    /** @type {State} */
    this.state = "sent";
    this.problem = "";
    this.isBusy = false;
    this.pause = FIRST_PAUSE;
    addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => this.flush());
  }

  /** @param {Entry} entry */
  add(entry) {
    this.unsent.put(entry);
    this.onChange();
    this.flush();
  }

  /** @param {Entry} entry */
  retry(entry) {
    this.refused.remove(entry.id);
    this.add({ ...entry, problem: undefined });
  }

  /** Send what waits, oldest first; what cannot be sent stays and is tried again. */
  async flush() {
    if (this.isBusy) return;
    this.isBusy = true;
    clearTimeout(this.later);
    try {
      await this.empty();
    } finally {
      this.isBusy = false;
      this.onChange();
    }
  }

  async empty() {
    let together = MOST_TOGETHER;
    for (let waiting = this.unsent.all(); waiting.length; waiting = this.unsent.all()) {
      const batch = alike(waiting, together);
      const verdict = await this.send(batch);
      if (verdict === "later") return;
      // One bad scan must not hold up the others: they are tried one by one.
      together = verdict === "refused" && batch.length > 1 ? 1 : MOST_TOGETHER;
    }
    this.state = "sent";
  }

  /**
   * @param {Entry[]} batch
   * @returns {Promise<"done" | "refused" | "later">}
   */
  async send(batch) {
    let response;
    try {
      response = await fetch(this.urlOf(batch[0]), {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": this.token,
          "Silog-Clock": new Date().toISOString(),
          "Silog-Unsent": String(heldHere() - batch.length),
        },
        body: JSON.stringify(bodyOf(batch)),
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.ok) {
        this.answered(batch, await response.json());
        return "done";
      }
    } catch {
      return this.waitMore("offline");
    }
    return this.failed(batch, response);
  }

  /** @param {Entry} entry */
  urlOf(entry) {
    return entry.kind === "undo" ? `${this.scansUrl}/${entry.undone}/undo` : this.scansUrl;
  }

  /**
   * @param {Entry[]} batch
   * @param {any} answer
   */
  answered(batch, answer) {
    this.pause = FIRST_PAUSE;
    this.state = "sending";
    const results = batch[0].kind === "undo" ? [answer] : answer.results;
    batch.forEach((entry, i) => {
      if (results[i].error) return this.refuse(entry, results[i].error.message);
      this.unsent.remove(entry.id);
      this.onAnswer(entry, results[i]);
    });
    if (answer.clock) this.onClock(answer.clock.message);
    this.onChange();
  }

  /**
   * @param {Entry[]} batch
   * @param {Response} response
   * @returns {Promise<"refused" | "later">}
   */
  async failed(batch, response) {
    const problem = await response.json().catch(() => ({}));
    if (response.status === 401 || problem.code === "csrf") {
      // A station that was revoked or has run out is not helped by signing in.
      this.problem = problem.code?.startsWith("station-") ? problem.detail : "";
      return this.waitMore("signed-out");
    }
    const isRefusal = response.status >= 400 && response.status < 500;
    if (!isRefusal || [408, 429].includes(response.status)) return this.waitMore("offline");
    if (batch.length === 1) this.refuse(batch[0], problem.detail ?? response.statusText);
    return "refused";
  }

  /**
   * @param {Entry} entry
   * @param {string} problem
   */
  refuse(entry, problem) {
    this.refused.put({ ...entry, problem });
    this.unsent.remove(entry.id);
    this.onChange();
  }

  /**
   * @param {State} state
   * @returns {"later"}
   */
  waitMore(state) {
    this.state = state;
    this.later = setTimeout(() => this.flush(), this.pause);
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    return "later";
  }
}

/**
 * @param {Entry[]} waiting
 * @param {number} most
 * @returns {Entry[]} the oldest entry and those after it that can go in the same request
 */
function alike(waiting, most) {
  const [first] = waiting;
  const isAlike = (/** @type {Entry} */ entry) =>
    entry.kind === "scan" && entry.task === first.task && entry.place === first.place &&
    entry.manifest === first.manifest;
  const end = first.kind === "undo" ? 1 : waiting.findIndex((entry) => !isAlike(entry));
  return waiting.slice(0, Math.min(most, end === -1 ? waiting.length : end));
}

/** @param {Entry[]} batch */
function bodyOf(batch) {
  const [first] = batch;
  if (first.kind === "undo") return { reason: first.reason };
  const scans = batch.map((entry) => entry.scan);
  return { task: first.task, place: first.place, manifest: first.manifest, scans };
}
