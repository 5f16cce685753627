// When a reading is believed, as `core/agreement.py` rules it for the station's camera: QR, Data
// Matrix and Code 128 check themselves so well that one frame is enough, of Code 128 one that was
// not treated before; of other codes two frames must say the same, and more than say otherwise. A
// code is given once for each time it is shown.

const WINDOW = 3;
const CORRECTED = ["qrcode", "datamatrix"];
const FEWEST_ROWS = 4;
const RAW = "raw";
const RETAIL = ["ean13", "ean8", "upca", "upce"];
const GS1 = ["]C1", "]d2", "]Q3", "]e0"];

/**
 * @typedef {import("./eyes.js").Reading} Reading
 *
 * @typedef {object} Appearance  a code in view
 * @property {Reading} reading
 * @property {number} looks
 * @property {number} first  seconds
 * @property {number} last
 * @property {boolean} isFaithful  whether one look was at pixels as they were
 * @property {boolean} isGiven
 */

/**
 * @param {Reading} reading
 * @returns {string} the text as a hand scanner types it: GS1 led by its symbology identifier
 */
export function asScanned({ identifier, text }) {
  return GS1.includes(identifier) ? identifier + text : text;
}

export class Agreement {
  /** @param {number} [window] seconds a code must have been out of view to be shown again */
  constructor(window = WINDOW) {
    this.window = window;
    /** @type {Map<string, Appearance>} */
    this.inView = new Map();
  }

  /**
   * @param {Reading[]} readings of one frame
   * @param {number} at seconds
   * @returns {Reading[]} the codes that this frame makes believed, of those not yet given
   */
  saw(readings, at) {
    this.forget(at);
    const seen = new Map(readings.map((reading) => [keyOf(reading), reading]));
    for (const [key, reading] of seen) this.count(key, reading, at);
    return this.give([...seen.keys()].filter((key) => this.isBelieved(key)));
  }

  /**
   * @param {Reading[]} readings of a frame that was not read, as nothing moved
   * @param {number} at
   */
  keep(readings, at) {
    this.forget(at);
    for (const reading of readings) {
      const appearance = this.inView.get(keyOf(reading));
      if (appearance) Object.assign(appearance, { reading, last: at });
    }
  }

  /**
   * @param {Reading[]} readings believed elsewhere
   * @param {number} at
   * @returns {Reading[]} those not yet given
   */
  believe(readings, at) {
    this.forget(at);
    for (const reading of readings) this.count(keyOf(reading), reading, at);
    return this.give(readings.map(keyOf));
  }

  /**
   * @param {string[]} keys
   * @returns {Reading[]}
   */
  give(keys) {
    const fresh = [];
    for (const key of keys) {
      const appearance = /** @type {Appearance} */ (this.inView.get(key));
      if (appearance.isGiven) continue;
      // Two symbologies on one label may say the same: that is one thing shown.
      if (!this.isGiven(appearance.reading.text)) fresh.push(appearance.reading);
      appearance.isGiven = true;
    }
    return fresh;
  }

  /** @param {string} text */
  isGiven(text) {
    return [...this.inView.values()].some((one) => one.isGiven && one.reading.text === text);
  }

  /** @param {number} at */
  forget(at) {
    for (const [key, { last }] of this.inView) if (at - last > this.window) this.inView.delete(key);
  }

  /**
   * @param {string} key
   * @param {Reading} reading
   * @param {number} at
   */
  count(key, reading, at) {
    const known = this.inView.get(key) ?? { looks: 0, first: at, isFaithful: false, isGiven: false };
    const isFaithful = known.isFaithful || isAsSeen(reading);
    this.inView.set(key, { ...known, reading, looks: known.looks + 1, last: at, isFaithful });
  }

  /** @param {string} key */
  isBelieved(key) {
    const code = /** @type {Appearance} */ (this.inView.get(key));
    const beside = [...this.inView.values()].filter((one) => one.last >= code.first);
    const rivals = beside.filter((other) => areRivals(code.reading, other.reading));
    const mostLooks = Math.max(0, ...rivals.map(({ looks }) => looks));
    const { symbology, text } = code.reading;
    if (CORRECTED.includes(symbology)) return true;
    // A slanting line through ITF gives a piece of it, in every frame the same.
    if (symbology === "itf") return isItf14(text);
    if (code.looks <= mostLooks) return false;
    if (symbology === "code128" && code.isFaithful) return true;
    const isDisputed = RETAIL.includes(symbology) && rivals.length > 0;
    return code.looks >= (isDisputed ? 3 : 2);
  }
}

/**
 * @param {Reading} reading
 * @returns {boolean} whether it was read as the camera saw it, in more than a row or two of pixels
 */
function isAsSeen({ treatment, corners: [first, second, third, fourth] }) {
  const far = (/** @type {number[]} */ [x, y], /** @type {number[]} */ [x2, y2]) =>
    Math.hypot(x - x2, y - y2);
  const across = (far(first, second) + far(fourth, third)) / 2;
  const down = (far(first, fourth) + far(second, third)) / 2;
  return (treatment ?? RAW) === RAW && Math.min(across, down) >= FEWEST_ROWS;
}

/** @param {Reading} reading */
function keyOf({ symbology, text }) {
  return `${symbology} ${text}`;
}

/**
 * @param {string} text
 * @returns {boolean} whether it is a carton's GTIN, which checks itself (mod 10)
 */
function isItf14(text) {
  if (!/^[0-9]{14}$/.test(text)) return false;
  const sum = [...text].reduce((total, digit, i) => total + Number(digit) * (i % 2 ? 1 : 3), 0);
  return sum % 10 === 0;
}

/**
 * @param {Reading} mine
 * @param {Reading} its
 * @returns {boolean} whether two texts claim the same bars
 */
function areRivals(mine, its) {
  if (mine.text === its.text) return false;
  if (!RETAIL.includes(mine.symbology)) {
    return mine.symbology === its.symbology && covers(mine, its, 1 / 32);
  }
  if (!RETAIL.includes(its.symbology)) return false;
  const share = [mine, its].some(({ symbology }) => symbology === "upce") ? 1 / 2 : 1 / 8;
  return covers(mine, its, share) || covers(its, mine, share);
}

/**
 * @param {Reading} one
 * @param {Reading} other
 * @param {number} share
 * @returns {boolean} whether the other's middle lies in this one's box, grown by this share
 */
function covers(one, other, share) {
  const [box, its] = [boxOf(one), boxOf(other)];
  const margin = Math.max(box.right - box.left, box.bottom - box.top) * share;
  const [x, y] = [(its.left + its.right) / 2, (its.top + its.bottom) / 2];
  return box.left - margin <= x && x <= box.right + margin &&
    box.top - margin <= y && y <= box.bottom + margin;
}

/** @param {Reading} reading */
function boxOf({ corners }) {
  const [across, down] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
  return {
    left: Math.min(...across), right: Math.max(...across),
    top: Math.min(...down), bottom: Math.max(...down),
  };
}
