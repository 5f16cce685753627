// Hands at work: the page says so when it asks, and after a while without any the screen is locked.

const LOOK_EVERY = 10_000;
const AT_WORK = 60_000;

export class Idle {
  /**
   * @param {number} patience  ms without hands until it locks; 0 for never
   * @param {() => void} onIdle
   */
  constructor(patience, onIdle) {
    this.touched = performance.now();
    for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, () => this.touch());
    if (patience) setInterval(() => this.rest() > patience && onIdle(), LOOK_EVERY);
  }

  touch() {
    this.touched = performance.now();
  }

  /** @returns {number} ms since the last sign of hands */
  rest() {
    return performance.now() - this.touched;
  }

  get isAtWork() {
    return this.rest() < AT_WORK;
  }
}
