// What the next scan will be: damaged, or a quantity. Buttons and command labels say it.

const COMMAND = "SLG-CMD-";
const QUANTITY = /^QTY-([1-9]\d{0,6})$/;

/** @typedef {{damaged: boolean, quantity: number | null}} Said */

export class Modifiers {
  /** @param {(said: Said, isOwn: boolean) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {Said} */
    this.said = { damaged: false, quantity: null };
    this.changedAt = 0;
    this.untold = 0;
  }

  /** @param {Partial<Said>} change */
  set(change) {
    this.said = { ...this.said, ...change };
    this.changedAt = performance.now();
    this.onChange(this.said, true);
  }

  /**
   * Take over what the station's camera heard or used up, unless this page has changed it since.
   * @param {Said} said
   * @param {number} askedAt
   */
  adopt(said, askedAt) {
    const isSame = said.damaged === this.said.damaged && said.quantity === this.said.quantity;
    if (isSame || this.untold || askedAt <= this.changedAt) return;
    this.said = said;
    this.onChange(said, false);
  }

  /**
   * Hold fast to what this page says until the station has heard it.
   * @param {Promise<unknown>} request
   */
  async telling(request) {
    this.untold += 1;
    try {
      await request;
    } finally {
      this.untold -= 1;
      this.changedAt = performance.now();
    }
  }

  /** @returns {Said} what was said, which is used up by it */
  use() {
    const { said } = this;
    if (said.damaged || said.quantity !== null) this.set({ damaged: false, quantity: null });
    return said;
  }

  /**
   * @param {string} text
   * @returns {boolean} whether the text was a command, and no goods
   */
  heard(text) {
    const capitals = text.toUpperCase(); // CapsLock makes them small.
    if (!capitals.startsWith(COMMAND)) return false;
    const command = capitals.slice(COMMAND.length);
    const quantity = QUANTITY.exec(command);
    if (command === "DAMAGED") this.set({ damaged: true });
    else if (command === "CLEAR") this.set({ damaged: false, quantity: null });
    else if (quantity) this.set({ quantity: Number(quantity[1]) });
    return true;
  }
}
