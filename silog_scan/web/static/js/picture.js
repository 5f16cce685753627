// The station's camera: one small picture after the other, each asked for when the last has come.

const PAUSE = 150;
const PAUSE_WITHOUT = 1000;

export class Picture {
  /**
   * @param {HTMLImageElement} image
   * @param {string} url
   */
  constructor(image, url) {
    this.image = image;
    this.url = url;
    this.frame = 0;
    this.shown = "";
    this.run();
  }

  async run() {
    for (;;) {
      if (document.hidden) await becomesVisible();
      const isNew = await this.next();
      await new Promise((resolve) => setTimeout(resolve, isNew ? PAUSE : PAUSE_WITHOUT));
    }
  }

  async next() {
    try {
      const response = await fetch(`${this.url}?after=${this.frame}`, { redirect: "manual" });
      if (response.status !== 200) return false;
      const before = this.shown;
      this.shown = URL.createObjectURL(await response.blob());
      this.frame = Number(response.headers.get("Silog-Frame"));
      this.image.src = this.shown;
      await this.image.decode().catch(() => {});
      this.image.hidden = false;
      URL.revokeObjectURL(before);
      return true;
    } catch {
      return false;
    }
  }
}

function becomesVisible() {
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}
