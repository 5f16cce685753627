// The station's camera: one small picture after the other, each asked for when the last has come.

const PAUSE = 150;
const PAUSE_WITHOUT = 1000;

/**
 * @typedef {object} Drawn  what the station saw in a picture
 * @property {number[]} size
 * @property {import("./quads.js").Quad[]} codes
 * @property {import("./hints.js").Unread[]} [unread]
 */

export class Picture {
  /**
   * @param {HTMLImageElement} image
   * @param {string} url
   * @param {(drawn: Drawn) => void} onPicture
   */
  constructor(image, url, onPicture) {
    this.image = image;
    this.url = url;
    this.onPicture = onPicture;
    this.frame = 0;
    this.shown = "";
    this.turn = 0;
  }

  start() {
    this.turn += 1;
    this.frame = 0;
    this.run(this.turn);
  }

  stop() {
    this.turn += 1;
    this.image.hidden = true;
  }

  /** @param {number} turn */
  async run(turn) {
    while (turn === this.turn) {
      if (document.hidden) await becomesVisible();
      const isNew = await this.next(turn);
      await new Promise((resolve) => setTimeout(resolve, isNew ? PAUSE : PAUSE_WITHOUT));
    }
  }

  /** @param {number} turn */
  async next(turn) {
    try {
      const response = await fetch(`${this.url}?after=${this.frame}`, { redirect: "manual" });
      if (response.status !== 200) return false;
      const picture = await response.blob();
      if (turn !== this.turn) return false;
      await this.show(picture);
      this.frame = Number(response.headers.get("Silog-Frame"));
      this.onPicture(JSON.parse(response.headers.get("Silog-Codes") ?? ""));
      return true;
    } catch {
      return false;
    }
  }

  /** @param {Blob} picture */
  async show(picture) {
    const before = this.shown;
    this.shown = URL.createObjectURL(picture);
    this.image.src = this.shown;
    await this.image.decode().catch(() => {});
    this.image.hidden = false;
    URL.revokeObjectURL(before);
  }
}

function becomesVisible() {
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}
