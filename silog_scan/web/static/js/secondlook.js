// What the page cannot read goes to the station, which tries harder: a whole frame as JPEG. Each
// costs the station 10 to 300 ms of work, so one goes only when a person seems to wait for it:
// nothing was read for a while, and the picture is another than the one sent before. Every try in
// vain doubles the pause to the next, from a third of a second up to ten: a camera that looks at
// an empty hall costs next to nothing. A reading, of the page or of the station, ends it all.

const QUIET = 1500;
const FIRST_PAUSE = 1000 / 3;
const LONGEST_PAUSE = 10_000;

export class SecondLook {
  /** @param {() => Promise<boolean>} send a frame, and tell whether a code was found in it */
  constructor(send) {
    this.send = send;
    this.isBusy = false;
    this.hasMoved = true;
    this.pause = FIRST_PAUSE;
    this.next = QUIET;
  }

  /** @param {number} now milliseconds */
  reset(now) {
    this.pause = FIRST_PAUSE;
    this.next = now + QUIET;
  }

  /**
   * @param {import("./eyes.js").Look} look
   * @param {number} now
   */
  async consider({ readings, hasMoved }, now) {
    this.hasMoved ||= hasMoved;
    if (readings.length) return this.reset(now);
    if (this.isBusy || !this.hasMoved || now < this.next) return;
    this.isBusy = true;
    this.hasMoved = false;
    this.next = now + this.pause;
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    const isFound = await this.send().catch(() => false);
    if (isFound) this.reset(performance.now());
    this.isBusy = false;
  }
}
