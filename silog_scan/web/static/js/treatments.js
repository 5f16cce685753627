// How pixels are changed before the engine looks at them once more: blur is undone where a person
// holds the label, and of the lines across its bars many are averaged into few, without the noise.
// A plain script, for the worker of `reader.js`.
"use strict";
{
  const BLUR = 8; // times what a blur takes of a blurred picture, added to it
  const TILE = 32; // pixels each way, over which the direction of bars is summed
  const REACH = 10; // tiles from the strongest one, as far as bars may belong to it
  const FINER = 2; // samples a pixel across the bars
  const [WIDE, LINES] = [720, 96]; // pixels of the strip that is cut out
  const STEP = 4; // lines from one row to the next
  const AVERAGED = 4; // steps in one row
  const ROUNDS = 4; // More do better where blur is strong, and spoil what is sharp.

  /**
   * @typedef {object} Grey
   * @property {Uint8Array | Uint8ClampedArray | Float32Array} data  light, row by row
   * @property {number} width
   * @property {number} height
   *
   * @typedef {object} Bars  where there are some
   * @property {number} x  their middle
   * @property {number} y
   * @property {number} angle  across them, radians
   *
   * @typedef {{x: number, y: number, c: number, s: number}} Tile  its middle, and the directions in
   *   it: sums of the cosines and sines of doubled angles, in which noise cancels out
   */

  /**
   * @param {ImageData} image
   * @returns {Grey} its green, which is grey enough
   */
  const greyOf = ({ data, width, height }) => {
    const grey = new Uint8Array(width * height);
    for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i + 1];
    return { data: grey, width, height };
  };

  /** @param {Grey} grey */
  const imageOf = ({ data, width, height }) => {
    const image = new ImageData(width, height);
    const clamped = new Uint8ClampedArray(data);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i++) pixels[i] = 0xff000000 | (clamped[i] * 0x010101);
    return image;
  };

  /**
   * @param {Float32Array} data
   * @param {number} step  from one neighbour to the next: a pixel, or the width of a row
   * @returns {Float32Array} blurred along it (binomial, a deviation of one step)
   */
  const blurred = (data, step) => {
    const blurry = new Float32Array(data);
    for (let i = 2 * step; i < data.length - 2 * step; i++) {
      const near = data[i - step] + data[i + step];
      const far = data[i - 2 * step] + data[i + 2 * step];
      blurry[i] = (6 * data[i] + 4 * near + far) / 16;
    }
    return blurry;
  };

  /**
   * @param {Grey} grey
   * @returns {Grey} with more of what lies between its blur and the blur of that: bars, not noise
   */
  const sharpened = ({ data, width, height }) => {
    const once = blurred(blurred(new Float32Array(data), 1), width);
    const sharp = blurred(blurred(once, 1), width);
    for (let i = 0; i < sharp.length; i++) sharp[i] = data[i] + BLUR * (once[i] - sharp[i]);
    return { data: sharp, width, height };
  };

  /**
   * @param {Grey} rows
   * @returns {Grey} without the blur along them (Richardson 1972, Lucy 1974)
   */
  const deblurred = ({ data, width, height }) => {
    const guess = new Float32Array(data);
    for (let round = 0; round < ROUNDS; round++) {
      const ratio = blurred(guess, FINER);
      for (let i = 0; i < ratio.length; i++) ratio[i] = data[i] / Math.max(ratio[i], 1);
      const change = blurred(ratio, FINER);
      for (let i = 0; i < guess.length; i++) guess[i] *= change[i];
    }
    return { data: guess, width, height };
  };

  /**
   * @param {Grey} grey
   * @param {number} left
   * @param {number} top
   * @returns {Tile}
   */
  const tileAt = ({ data, width }, left, top) => {
    let [c, s] = [0, 0];
    for (let y = top || 1; y < top + TILE - 1; y += 2) {
      for (let i = y * width + (left || 1); i < y * width + left + TILE - 1; i += 2) {
        // Scharr's gradient: any simpler one turns with the width of the bars.
        const down = data[i + 1 + width] - data[i - 1 - width];
        const up = data[i + 1 - width] - data[i - 1 + width];
        const across = 3 * (down + up) + 10 * (data[i + 1] - data[i - 1]);
        const along = 3 * (down - up) + 10 * (data[i + width] - data[i - width]);
        c += across * across - along * along;
        s += 2 * across * along;
      }
    }
    return { x: left + TILE / 2, y: top + TILE / 2, c, s };
  };

  /**
   * @param {Tile} one
   * @param {Tile} other
   */
  const tilesApart = (one, other) => Math.hypot(one.x - other.x, one.y - other.y) / TILE;

  /**
   * @param {Tile[]} tiles
   * @returns {Tile} their sum
   */
  const sumOf = (tiles) => tiles.reduce((sum, tile) => ({
    x: sum.x + tile.x, y: sum.y + tile.y, c: sum.c + tile.c, s: sum.s + tile.s,
  }));

  /**
   * @param {Grey} grey
   * @returns {Bars | null} the most striking bars
   */
  const locate = (grey) => {
    const tiles = [];
    for (let top = 0; top + TILE <= grey.height; top += TILE) {
      for (let left = 0; left + TILE <= grey.width; left += TILE) {
        tiles.push(tileAt(grey, left, top));
      }
    }
    if (!tiles.length) return null;
    const strength = (/** @type {Tile} */ { c, s }) => Math.hypot(c, s);
    const best = tiles.reduce((most, tile) => (strength(tile) > strength(most) ? tile : most));
    const most = strength(best);
    const isAlike = (/** @type {Tile} */ tile) => {
      return tilesApart(tile, best) <= REACH && tile.c * best.c + tile.s * best.s > (most * most) / 4;
    };
    const alike = tiles.filter(isAlike);
    if (!alike.length) return null;
    const { x, y, c, s } = sumOf(alike);
    return { x: x / alike.length, y: y / alike.length, angle: Math.atan2(s, c) / 2 };
  };

  /**
   * @param {Bars} bars
   * @returns {(column: number, line: number) => [number, number]} where in the frame a sample of
   *   the strip over them lies
   */
  const placing = ({ x, y, angle }) => {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return (column, line) => {
      const [across, down] = [column / FINER - WIDE / 2, line - LINES / 2];
      return [x + across * cos - down * sin, y + across * sin + down * cos];
    };
  };

  /**
   * @param {Grey} grey
   * @param {Bars} bars
   * @returns {Grey} of every few lines across the bars the sum, a row each
   */
  const linesAcross = ({ data, width, height }, bars) => {
    const place = placing(bars);
    const summed = new Float32Array(WIDE * FINER * (LINES / STEP));
    const [dx, dy] = [Math.cos(bars.angle) / FINER, Math.sin(bars.angle) / FINER];
    for (let line = 0; line < LINES; line++) {
      const start = Math.floor(line / STEP) * WIDE * FINER;
      let [x, y] = place(0, line);
      for (let i = start; i < start + WIDE * FINER; i++, x += dx, y += dy) {
        const left = Math.min(Math.max(x, 0), width - 1.001);
        const top = Math.min(Math.max(y, 0), height - 1.001);
        const column = left | 0;
        const row = top | 0;
        const at = row * width + column;
        const upper = data[at] + (left - column) * (data[at + 1] - data[at]);
        const below = at + width;
        const lower = data[below] + (left - column) * (data[below + 1] - data[below]);
        summed[i] += upper + (top - row) * (lower - upper);
      }
    }
    return { data: summed, width: WIDE * FINER, height: LINES / STEP };
  };

  /**
   * @param {Grey} summed
   * @returns {Grey} rows that overlap: the average of a few of those each
   */
  const averaged = ({ data, width, height }) => {
    const rows = height - AVERAGED + 1;
    const average = new Float32Array(width * rows);
    for (let i = 0; i < average.length; i++) {
      for (let next = 0; next < AVERAGED; next++) average[i] += data[i + next * width];
      average[i] /= AVERAGED * STEP;
    }
    return { data: average, width, height: rows };
  };

  /**
   * @param {Grey} grey
   * @returns {{grey: Grey, place: ([x, y]: number[]) => number[]} | null} rows across the most
   *   striking bars, upright, and where in the frame a pixel of them lies
   */
  const upright = (grey) => {
    const bars = locate(grey);
    if (!bars) return null;
    const place = placing(bars);
    return {
      grey: deblurred(averaged(linesAcross(grey, bars))),
      place: ([x, y]) => place(x, (y + AVERAGED / 2) * STEP).map(Math.round),
    };
  };

  Object.assign(self, { treatments: { greyOf, imageOf, sharpened, upright } });
}
