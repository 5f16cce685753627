// A photo instead of a camera in the page: it works on every address and in every browser.
import { Refusal } from "./readings.js";

export class Photo {
  /**
   * @param {HTMLInputElement} input which the buttons marked `data-photo` press
   * @param {object} options
   * @param {import("./readings.js").Readings} options.readings
   * @param {Record<string, any>} options.words
   * @param {(sentence: string) => void} options.onTold
   * @param {(photo: Blob, found: import("./readings.js").Found) => void} options.onPhoto
   */
  constructor(input, { readings, words, onTold, onPhoto }) {
    this.input = input;
    this.readings = readings;
    this.words = words;
    this.onTold = onTold;
    this.onPhoto = onPhoto;
    input.addEventListener("change", () => this.read());
    for (const button of document.querySelectorAll("[data-photo]")) {
      button.addEventListener("click", () => input.click());
    }
  }

  async read() {
    const [file] = this.input.files ?? [];
    if (!file) return;
    this.onTold(this.words.photoSent);
    try {
      const found = await this.readings.of(file);
      const isEmpty = !found.readings.length && !found.unread.length;
      this.onTold(isEmpty ? this.words.photoEmpty : "");
      if (!isEmpty) this.onPhoto(file, found);
    } catch (error) {
      this.onTold(error instanceof Refusal ? error.message : this.words.photoLost);
    }
    this.input.value = ""; // The same photo may be chosen again.
  }
}
