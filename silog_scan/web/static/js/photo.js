// A photo instead of a camera in the page: it works on every address and in every browser.
import { asScanned } from "./agreement.js";
import { Refusal } from "./readings.js";

export class Photo {
  /**
   * @param {HTMLInputElement} input which the buttons marked `data-photo` press
   * @param {object} options
   * @param {import("./readings.js").Readings} options.readings
   * @param {Record<string, any>} options.words
   * @param {(sentence: string) => void} options.onTold
   * @param {(text: string, symbology: string) => void} options.onCode
   */
  constructor(input, { readings, words, onTold, onCode }) {
    this.input = input;
    this.readings = readings;
    this.words = words;
    this.onTold = onTold;
    this.onCode = onCode;
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
      this.onTold(found.length ? "" : this.words.photoEmpty);
      for (const reading of found) this.onCode(asScanned(reading), reading.symbology);
    } catch (error) {
      this.onTold(error instanceof Refusal ? error.message : this.words.photoLost);
    }
    this.input.value = ""; // The same photo may be chosen again.
  }
}
