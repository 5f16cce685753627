// Draws every code in view on the picture: a frame in its answer's colour and line, and its shape.
import { copyOf } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const SHAPE = 34; // pixels
const LEAST_SHAPE = 14;
const SMALL = [64, 18]; // Less wide or high: forty labels on a phone, where no word has room.
const ORDER = ["unread", "waiting", "ok", "attention", "stop"]; // What is grave lies on top.
const CENTRED = "50%";

/**
 * @typedef {object} Quad
 * @property {number[][]} corners  four, in pixels of the picture
 * @property {"ok" | "attention" | "stop" | "waiting" | "unread"} severity  waiting: read, and not
 *   answered; unread: found, and not read
 * @property {string | null} [belongs]  the right place of what came to a wrong one
 * @property {string} [note]  what would help to read it
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
    const sorted = [...quads].sort((one, other) => rank(one) - rank(other));
    this.board.replaceChildren(...sorted.map((quad) => drawing(quad, place)));
  }

  clear() {
    this.board.replaceChildren();
  }
}

/** @param {Quad} quad */
function rank({ severity }) {
  return ORDER.indexOf(severity);
}

/**
 * @param {Element} board
 * @param {number[]} size
 * @param {HTMLElement} picture
 * @returns {(corner: number[]) => number[]} where a pixel of the picture is shown on the board
 */
function placing(board, [width, height], picture) {
  const { clientWidth, clientHeight } = board;
  const { objectFit, objectPosition } = getComputedStyle(picture);
  const fits = objectFit === "contain" ? Math.min : Math.max;
  const scale = fits(clientWidth / width, clientHeight / height);
  const isCentred = objectPosition.endsWith(CENTRED);
  const left = (clientWidth - width * scale) / 2;
  const top = (clientHeight - height * scale) / (isCentred ? 2 : 1);
  return ([x, y]) => [left + x * scale, top + y * scale];
}

/**
 * @param {Quad} quad
 * @param {(corner: number[]) => number[]} place
 */
function drawing({ corners, severity, belongs, note }, place) {
  const placed = corners.map(place);
  const box = boxOf(placed);
  const points = placed.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const group = made("g", { class: `sl-quad ${severity}${box.isSmall ? " small" : ""}` });
  if (severity !== "waiting") group.append(made("polygon", { class: "casing", points }));
  group.append(made("polygon", { class: "line", points }));
  if (severity !== "waiting") group.append(shape(severity, box));
  const text = belongs ?? note;
  if (text && !box.isSmall) group.append(label(text, box.left + SHAPE / 2 + 6, box.top - 8));
  return group;
}

/** @param {number[][]} placed */
function boxOf(placed) {
  const [across, down] = [0, 1].map((axis) => placed.map((corner) => corner[axis]));
  const [left, top] = [Math.min(...across), Math.min(...down)];
  const [width, height] = [Math.max(...across) - left, Math.max(...down) - top];
  return { left, top, width, height, isSmall: width < SMALL[0] || height < SMALL[1] };
}

/**
 * @param {string} severity
 * @param {ReturnType<typeof boxOf>} box  at its corner, or in the middle of a small one
 */
function shape(severity, { left, top, width, height, isSmall }) {
  const drawn = copyOf(severity === "unread" ? "shape-waiting" : `shape-${severity}`);
  const size = isSmall ? Math.min(SHAPE, Math.max(LEAST_SHAPE, width / 2, height)) : SHAPE;
  const [x, y] = isSmall ? [left + width / 2, top + height / 2] : [left, top];
  const [from, down] = [x - size / 2, y - size / 2].map((side) => Math.max(2, side));
  for (const [name, value] of Object.entries({ x: from, y: down, width: size, height: size })) {
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
