// The number pad takes the place of picture and list; the next scan takes the number and closes it.
import { byId } from "./page.js";
import { showPanel } from "./panels.js";

const MOST_DIGITS = 7;

export class Pad {
  /** @param {(quantity: number | null) => void} onKeep */
  constructor(onKeep) {
    this.onKeep = onKeep;
    this.box = byId("ask");
    this.figure = byId("figure");
    this.box.addEventListener("click", (/** @type {any} */ event) => this.pressed(event));
    this.figure.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") this.keep();
      if (event.key === "Escape") this.close();
    });
    this.figure.addEventListener("input", () => this.write(this.figure.value));
  }

  get isOpen() {
    return !this.box.hidden;
  }

  /** @param {number | null} quantity */
  open(quantity) {
    this.write(quantity === null ? "" : String(quantity));
    showPanel(this.box);
    this.figure.focus();
    this.figure.select();
  }

  close() {
    showPanel(null);
    byId("quantity").focus();
  }

  keep() {
    this.onKeep(this.value);
    this.close();
  }

  get value() {
    return Number(this.figure.value) || null;
  }

  /** @param {MouseEvent & {target: Element}} event */
  pressed(event) {
    const button = /** @type {HTMLElement | null} */ (event.target.closest("button"));
    if (!button) return;
    if (button.dataset.digit) this.write(this.figure.value + button.dataset.digit);
    if ("erase" in button.dataset) this.write(this.figure.value.slice(0, -1));
    if ("keep" in button.dataset) this.keep();
  }

  /** @param {string} text */
  write(text) {
    this.figure.value = text.replace(/\D/g, "").replace(/^0+/, "").slice(0, MOST_DIGITS);
  }
}
