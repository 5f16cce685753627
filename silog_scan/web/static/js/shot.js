// A photo in place of the camera's picture, with every code in it, until it is closed.
import { byId } from "./page.js";

export class Shot {
  /**
   * @param {import("./quads.js").Quads} quads
   * @param {() => import("./quads.js").Quad[]} onDraw  what there is to draw now
   */
  constructor(quads, onDraw) {
    this.image = byId("shot");
    this.quads = quads;
    this.onDraw = onDraw;
    this.isShown = false;
    new ResizeObserver(() => this.draw()).observe(this.image); // A longer banner makes it smaller.
  }

  /** @param {Blob} photo */
  async show(photo) {
    URL.revokeObjectURL(this.image.src);
    this.image.src = URL.createObjectURL(photo);
    await this.image.decode().catch(() => {}); // Of a kind that only the station can open.
    this.place(true);
  }

  close() {
    this.place(false);
    this.quads.clear();
  }

  /** @param {boolean} isShown */
  place(isShown) {
    this.isShown = isShown;
    this.image.hidden = !isShown;
    document.body.classList.toggle("with-photo", isShown);
    byId("close-photo").hidden = !isShown;
  }

  draw() {
    const { naturalWidth, naturalHeight } = this.image;
    if (this.isShown && naturalWidth) {
      this.quads.draw(this.onDraw(), [naturalWidth, naturalHeight], this.image);
    }
  }
}
