// Draws every code in view on the picture: a frame in its answer's colour and line, and its shape.
import { copyOf } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const SHAPE = 34; // pixels
const CENTRED = "50%";

/**
 * @typedef {object} Quad
 * @property {number[][]} corners  four, in pixels of the picture
 * @property {"ok" | "attention" | "stop" | "waiting"} severity  waiting: seen, and not answered
 * @property {string | null} [belongs]  the right place of what came to a wrong one
 */

export class Quads {
  /** @param {SVGElement} board over the picture, as large as it is shown */
  constructor(board) {
    this.board = board;
  }

  /**
   * @param {Quad[]} quads
   * @param {number[]} size of the picture
   * @param {HTMLElement} picture which covers the board, cut as its style says
   */
  draw(quads, size, picture) {
    if (!quads.length && !this.board.childElementCount) return;
    const place = placing(this.board, size, picture);
    this.board.replaceChildren(...quads.map((quad) => drawing(quad, place)));
  }

  clear() {
    this.board.replaceChildren();
  }
}

/**
 * @param {Element} board
 * @param {number[]} size
 * @param {HTMLElement} picture
 * @returns {(corner: number[]) => number[]} where a pixel of the picture is shown on the board
 */
function placing(board, [width, height], picture) {
  const { clientWidth, clientHeight } = board;
  const scale = Math.max(clientWidth / width, clientHeight / height);
  const isCentred = getComputedStyle(picture).objectPosition.endsWith(CENTRED);
  const left = (clientWidth - width * scale) / 2;
  const top = (clientHeight - height * scale) / (isCentred ? 2 : 1);
  return ([x, y]) => [left + x * scale, top + y * scale];
}

/**
 * @param {Quad} quad
 * @param {(corner: number[]) => number[]} place
 */
function drawing({ corners, severity, belongs }, place) {
  const placed = corners.map(place);
  const points = placed.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const group = made("g", { class: `sl-quad ${severity}` });
  if (severity !== "waiting") group.append(made("polygon", { class: "casing", points }));
  group.append(made("polygon", { class: "line", points }));
  const [x, y] = [Math.min(...placed.map(([x]) => x)), Math.min(...placed.map(([, y]) => y))];
  if (severity !== "waiting") group.append(shape(severity, x, y));
  if (belongs) group.append(label(belongs, x + SHAPE / 2 + 6, y - 8));
  return group;
}

/**
 * @param {string} severity
 * @param {number} x
 * @param {number} y
 */
function shape(severity, x, y) {
  const drawn = copyOf(`shape-${severity}`);
  const [left, top] = [x - SHAPE / 2, y - SHAPE / 2].map((side) => Math.max(2, side));
  for (const [name, value] of Object.entries({ x: left, y: top, width: SHAPE, height: SHAPE })) {
    drawn.setAttribute(name, String(value));
  }
  return drawn;
}

/**
 * @param {string} text
 * @param {number} x
 * @param {number} y
 */
function label(text, x, y) {
  const written = made("text", { x: Math.max(SHAPE + 8, x), y: Math.max(20, y) });
  written.textContent = text;
  return written;
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} attributes
 */
function made(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
