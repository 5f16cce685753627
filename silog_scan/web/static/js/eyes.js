// Frames of the camera go to the worker that reads them: the next one when the last is done.

const PATIENCE = 200;

/**
 * @typedef {object} Reading
 * @property {string} text
 * @property {string} symbology
 * @property {[number, number][]} corners
 * @property {string} identifier  of the symbology, ISO/IEC 15424
 * @property {string} [treatment]  how the pixels were changed before, "raw" where they were not
 *
 * @typedef {object} Look  what one frame showed
 * @property {Reading[]} readings
 * @property {boolean} isFresh  whether it was read, or only found to be as the one before
 * @property {boolean} hasMoved
 * @property {[number, number]} size
 * @property {number} at  seconds
 */

export class Eyes {
  /**
   * @param {HTMLVideoElement} video
   * @param {string} readerUrl
   * @param {(look: Look) => void} onLook
   * @param {(failure: string) => void} onFailure
   */
  constructor(video, readerUrl, onLook, onFailure) {
    this.video = video;
    this.readerUrl = readerUrl;
    this.onLook = onLook;
    this.onFailure = onFailure;
    this.turn = 0;
    this.asked = 0;
    /** @type {Map<number, (answer: any) => void>} */
    this.waiting = new Map();
    /** @type {Worker | null} */
    this.worker = null;
  }

  /** Fetch what reads codes while the person is still asked for the camera. */
  prepare() {
    if (this.worker) return;
    this.worker = new Worker(this.readerUrl);
    this.worker.onmessage = ({ data }) => {
      this.waiting.get(data.id)?.(data);
      this.waiting.delete(data.id);
    };
    this.worker.onerror = (event) => this.fail(event.message);
  }

  start() {
    this.prepare();
    this.turn += 1;
    this.run(this.turn);
  }

  stop() {
    this.turn += 1;
  }

  /** @param {string} failure */
  fail(failure) {
    this.stop();
    this.worker?.terminate();
    this.worker = null;
    this.onFailure(failure);
  }

  /** @param {number} turn */
  async run(turn) {
    while (turn === this.turn) {
      await nextFrame(this.video);
      const at = performance.now() / 1000;
      const frame = await createImageBitmap(this.video).catch(() => null);
      if (!frame) continue; // The video has none yet.
      const look = await this.ask({ frame }, [frame]);
      if (turn !== this.turn) return;
      if (look.failure) return this.fail(look.failure);
      this.onLook({ ...look, at });
    }
  }

  /** @returns {Promise<Blob | undefined>} the last frame, whole, for a second look at it elsewhere */
  async jpeg() {
    return (await this.ask({}, [])).jpeg;
  }

  /**
   * @param {object} question
   * @param {Transferable[]} transfer
   * @returns {Promise<any>}
   */
  ask(question, transfer) {
    this.asked += 1;
    const id = this.asked;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.worker?.postMessage({ id, ...question }, transfer);
    });
  }
}

/**
 * @param {HTMLVideoElement} video
 * @returns {Promise<void>} comes with its next frame; of a video out of sight no browser tells them
 */
function nextFrame(video) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE);
    video.requestVideoFrameCallback?.(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
