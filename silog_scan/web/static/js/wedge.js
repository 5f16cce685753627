// A hand scanner types like a keyboard, only faster than any hand. What comes in such a burst, at
// whatever element, is a scan; what a person types is left alone.

const GROUP_SEPARATOR = "\x1d";
const ENDS = ["Enter", "Tab"];
const FEWEST = 3; // An identifier of GS1 and one letter: nothing shorter stands before a separator.
const SILENT = ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock"];

/**
 * @typedef {object} WedgeSettings
 * @property {number} shortest  letters; a shorter burst is no scan
 * @property {number} meanGap  milliseconds between letters, on average: slower is a person
 * @property {number} longestGap  milliseconds after which a new burst begins
 */

export class Wedge {
  /**
   * @param {(text: string, meanGap: number) => void} onScan
   * @param {Partial<WedgeSettings>} [settings]
   */
  constructor(onScan, { shortest = 4, meanGap = 35, longestGap = 120 } = {}) {
    this.onScan = onScan;
    this.settings = { shortest, meanGap, longestGap };
    this.text = "";
    this.began = this.latest = 0;
    /** @type {HTMLInputElement | null} */
    this.field = null;
    this.before = "";
    this.altDigits = "";
    addEventListener("keydown", (event) => this.heard(event), { capture: true });
    addEventListener("keyup", (event) => this.released(event), { capture: true });
  }

  forget() {
    this.text = "";
    this.field = null;
  }

  /** @param {KeyboardEvent} event */
  heard(event) {
    if (event.key === "Alt") this.altDigits = "";
    if (SILENT.includes(event.key)) return;
    // The time of the key itself: a busy page handles events late, and in a bunch.
    if (this.text && event.timeStamp - this.latest > this.settings.longestGap) this.forget();
    if (ENDS.includes(event.key)) return this.end(event);
    const digit = altDigitOf(event);
    if (digit !== null) {
      this.altDigits += digit;
      return;
    }
    const letter = this.isSeparatorKey(event) ? GROUP_SEPARATOR : letterOf(event);
    if (letter === null) return;
    if (letter === GROUP_SEPARATOR) keepSeparator(event);
    // A space in a code would press the button that has the focus.
    if (letter === " " && this.text && !isField(event.target)) event.preventDefault();
    this.take(letter, event);
  }

  /**
   * The letter that Alt and digits made comes when Alt is let go.
   * @param {KeyboardEvent} event
   */
  released(event) {
    if (event.key !== "Alt" || !this.altDigits) return;
    const code = Number(this.altDigits);
    this.altDigits = "";
    const isLetter = code >= 32 && code < 127;
    const letter = String.fromCharCode(code);
    if (isLetter || letter === GROUP_SEPARATOR) this.take(letter, event);
  }

  /**
   * F8 takes back a scan, but within a burst a scanner means the separator by it.
   * @param {KeyboardEvent} event
   */
  isSeparatorKey(event) {
    if (event.key !== "F8" || this.text.length < FEWEST) return false;
    const { meanGap, longestGap } = this.settings;
    return this.meanGap <= meanGap && event.timeStamp - this.latest <= longestGap;
  }

  /**
   * @param {string} letter
   * @param {KeyboardEvent} event
   */
  take(letter, event) {
    if (!this.text) {
      this.began = event.timeStamp;
      this.field = isField(event.target) ? /** @type {HTMLInputElement} */ (event.target) : null;
      this.before = this.field ? this.field.value : "";
    }
    this.text += letter;
    this.latest = event.timeStamp;
  }

  /** @param {KeyboardEvent} event */
  end(event) {
    if (this.isScan()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (this.field) this.field.value = this.before;
      const { text, meanGap } = this;
      this.forget();
      this.onScan(text, meanGap);
    } else {
      this.forget();
    }
  }

  get meanGap() {
    return (this.latest - this.began) / (this.text.length - 1);
  }

  isScan() {
    const { shortest, meanGap } = this.settings;
    return this.text.length >= shortest && this.meanGap <= meanGap;
  }
}

/**
 * @param {KeyboardEvent} event
 * @returns {string | null}
 */
function letterOf(event) {
  if (event.ctrlKey && !event.altKey && !event.metaKey) {
    // Scanners send the group separator of GS1 codes as Ctrl and ].
    return event.key === "]" || event.code === "BracketRight" ? GROUP_SEPARATOR : null;
  }
  return event.key.length === 1 ? event.key : null;
}

/**
 * @param {KeyboardEvent} event
 * @returns {string | null} a digit of the keypad while Alt is held, as scanners spell Alt+029
 */
function altDigitOf({ altKey, ctrlKey, code }) {
  return altKey && !ctrlKey ? (/^Numpad(\d)$/.exec(code)?.[1] ?? null) : null;
}

/**
 * A field drops a group separator silently, so it is put there by hand, for slow scanners.
 * @param {KeyboardEvent} event
 */
function keepSeparator(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  if (isField(event.target)) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    field.setRangeText(GROUP_SEPARATOR, field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
  }
}

/** @param {EventTarget | null} target */
function isField(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

const KEPT = "silog-mean-gap";

/** @returns {Partial<WedgeSettings>} what this device was set to; slow scanners need a longer gap */
export function keptSettings() {
  const meanGap = Number(localStorage.getItem(KEPT));
  return meanGap > 0 ? { meanGap, longestGap: Math.max(120, 4 * meanGap) } : {};
}

/** @param {number} meanGap */
export function keepMeanGap(meanGap) {
  localStorage.setItem(KEPT, String(meanGap));
}
