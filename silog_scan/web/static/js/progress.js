// How far the manifest is.
import { byId, fill, part } from "./page.js";

/**
 * @typedef {object} Figures
 * @property {"packages" | "lines"} unit
 * @property {number} counted
 * @property {number} expected
 * @property {number} remaining
 * @property {{name: string, counted: number, expected: number}[]} items
 */

/**
 * @param {Figures | null} figures
 * @param {Record<string, any>} words
 */
export function drawProgress(figures, words) {
  if (!figures) return;
  const box = byId("progress");
  const write = new Intl.NumberFormat(words.language).format;
  const { counted, expected, remaining, unit, items } = figures;
  part(box, "counted").textContent = write(counted);
  part(box, "expected").textContent = write(expected);
  part(box, "left").textContent = fill(words.left, { n: write(remaining) });
  const bar = box.querySelector(".sl-bar");
  // Rounded down: the bar is full only when nothing is missing.
  const tenths = expected ? Math.min(1000, Math.floor((1000 * counted) / expected)) : 0;
  bar.querySelector("rect").setAttribute("width", `${tenths / 10}%`);
  bar.setAttribute("aria-label", `${write(counted)} / ${write(expected)} ${words[unit]}`);
  part(box, "items").replaceChildren(...items.flatMap((item) => [
    element("dt", item.name), element("dd", `${write(item.counted)} / ${write(item.expected)}`),
  ]));
}

/**
 * @param {string} name
 * @param {string} text
 */
function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
