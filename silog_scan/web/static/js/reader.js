// A worker of its own: it reads the codes in one frame after the other, so that the page's thread
// is free for hands. As in `vision/film.py` each frame is looked at in another way, and what was read
// is followed in its own region in every second one. A plain script, for not every browser's workers
// take modules.
"use strict";
{
  // Formats are always listed: asked for all of them it takes three times as long.
  /** @type {Record<string, string>} the engine's names and ours */
  const SYMBOLOGIES = {
    Code128: "code128", Code39: "code39", ITF: "itf", QRCode: "qrcode", DataMatrix: "datamatrix",
    EAN13: "ean13", EAN8: "ean8", UPCA: "upca", UPCE: "upce",
  };
  /** Read as QR codes: the smallest corrects no errors, and is seen in blurred others. */
  const TINY = ["MicroQRCode", "RMQRCode"];
  const THOROUGH = { formats: Object.keys(SYMBOLOGIES), textMode: "Plain" };
  const UPRIGHT = { ...THOROUGH, tryRotate: false, tryInvert: false, tryDownscale: false };
  const BARS = { ...UPRIGHT, formats: ["Code128", "Code39", "ITF"] };
  const MIDDLE = [720, 270]; // pixels, where a person holds what is hard to read
  const MOST_SKIPPED = 7;
  const MOST_TRACKED = 4; // codes: more cost as much, each in its region, as the whole frame
  const MOST_MISSES = 3; // looks at a region in vain, after which it is not looked at again
  const STEP = 8; // pixels between the samples that tell whether anything moved
  const JUMP = 32; // grey levels, above a camera's noise
  const FEW = 8; // samples
  const JPEG = { type: "image/jpeg", quality: 0.7 };

  /**
   * @typedef {import("./eyes.js").Reading} Reading
   * @typedef {{image: ImageData, place: (corner: number[]) => number[]}} View  pixels to look at,
   *   and where in the frame they lie
   * @typedef {{treatment: string, options: object, view: (frame: ImageData) => View | null}} Stage
   * @typedef {{left: number, top: number, width: number, height: number}} Box
   * @typedef {{reading: Reading, misses: number}} Tracked  a code where it was seen last, and how
   *   often it was not seen there since
   */

  const { engine, wasm, treatments } = Object.fromEntries(new URL(location.href).searchParams);
  importScripts(engine, treatments);
  const zxing = /** @type {any} */ (self).ZXingWASM;
  const { greyOf, imageOf, sharpened, upright } = /** @type {any} */ (self).treatments;
  // By default it would be fetched from a stranger's host.
  zxing.prepareZXingModule({ overrides: { locateFile: () => wasm } });

  const canvas = new OffscreenCanvas(1, 1);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  /** @type {Uint8Array | null} */
  let samples = null;
  /** @type {Reading[][]} what each turn saw of a picture that does not move */
  let recent = [];
  /** @type {Tracked[]} */
  let tracked = [];
  let wasSearched = false;
  let turn = 0;
  let skipped = 0;

  // What is looked at.

  /** @param {ImageData} image */
  const whole = (image) => ({ image, place: (/** @type {number[]} */ corner) => corner });

  /**
   * @param {Box} box of the frame on the canvas
   * @returns {View}
   */
  const part = ({ left, top, width, height }) => ({
    image: context.getImageData(left, top, width, height),
    place: ([x, y]) => [left + x, top + y],
  });

  /** @param {ImageData} frame */
  const sharpenedMiddle = (frame) => {
    const [width, height] = [Math.min(frame.width, MIDDLE[0]), Math.min(frame.height, MIDDLE[1])];
    const [left, top] = [(frame.width - width) >> 1, (frame.height - height) >> 1];
    const { image, place } = part({ left, top, width, height });
    return { image: imageOf(sharpened(greyOf(image))), place };
  };

  /** @param {ImageData} frame */
  const acrossBars = (frame) => {
    const found = upright(greyOf(frame));
    return found && { image: imageOf(found.grey), place: found.place };
  };

  /** @type {Record<string, Stage>} */
  const STAGES = {
    thorough: { treatment: "raw", options: THOROUGH, view: whole },
    upright: { treatment: "raw", options: UPRIGHT, view: whole },
    bars: { treatment: "averaged", options: BARS, view: acrossBars },
    middle: { treatment: "sharpened", options: UPRIGHT, view: sharpenedMiddle },
  };
  // One for each frame: what one misses is met by the next a moment later.
  const TURNS = [
    [STAGES.thorough, STAGES.bars],
    [STAGES.upright, STAGES.middle],
    [STAGES.upright, STAGES.bars],
    [STAGES.upright, STAGES.middle],
  ];

  /**
   * @param {Reading} reading
   * @returns {Box}
   */
  const boxOf = ({ corners }) => {
    const [across, down] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
    const [left, top] = [Math.min(...across), Math.min(...down)];
    return { left, top, width: Math.max(...across) - left, height: Math.max(...down) - top };
  };

  /**
   * @param {Reading} reading
   * @returns {Box} of it, grown by half: by as much it may move in a fifteenth of a second
   */
  const around = (reading) => {
    const { left, top, width, height } = boxOf(reading);
    const margin = (Math.max(width, height) >> 1) + 8;
    const [from, above] = [Math.max(0, left - margin), Math.max(0, top - margin)];
    const right = Math.min(canvas.width, left + width + margin);
    const bottom = Math.min(canvas.height, top + height + margin);
    return { left: from, top: above, width: right - from, height: bottom - above };
  };

  // Looking.

  /**
   * @param {any} code as the engine gives it, a retail number not as printed below its bars
   * @param {string} treatment
   * @param {View["place"]} place
   * @returns {Reading}
   */
  const readingOf = (code, treatment, place) => {
    const { topLeft, topRight, bottomRight, bottomLeft } = code.position;
    const ends = [topLeft, topRight, bottomRight, bottomLeft];
    const corners = /** @type {[number, number][]} */ (ends.map(({ x, y }) => place([x, y])));
    let symbology = SYMBOLOGIES[code.format] ?? SYMBOLOGIES[code.symbology];
    let { text } = code;
    if (symbology === "upce" && code.extra) text = JSON.parse(code.extra).UPCE;
    if (["ean13", "upca"].includes(symbology) && /^0\d{12}$/.test(text)) {
      [symbology, text] = ["upca", text.slice(1)];
    }
    return { text, symbology, corners, identifier: code.symbologyIdentifier, treatment };
  };

  /**
   * @param {View | null} view
   * @param {Omit<Stage, "view">} stage
   * @returns {Promise<Reading[]>}
   */
  const readingsIn = async (view, { treatment, options }) => {
    if (!view) return [];
    const codes = await zxing.readBarcodes(view.image, options);
    const valid = codes.filter(
      (/** @type {any} */ code) => code.isValid && !TINY.includes(code.format),
    );
    return valid.map((/** @type {any} */ code) => readingOf(code, treatment, view.place));
  };

  /**
   * @param {Reading} reading
   * @param {Reading[]} others
   * @returns {boolean} whether one of them is this code, and not a copy of it elsewhere
   */
  const isAmong = (reading, others) => {
    const mine = boxOf(reading);
    return others.some((other) => {
      if (other.text !== reading.text || other.symbology !== reading.symbology) return false;
      const its = boxOf(other);
      const across = mine.left + mine.width / 2 - its.left - its.width / 2;
      const down = mine.top + mine.height / 2 - its.top - its.height / 2;
      return Math.hypot(across, down) < Math.max(mine.width, mine.height);
    });
  };

  /**
   * @param {ImageData} frame
   * @returns {Promise<Reading[]>} what the stages whose turn it is see, which is tracked from now on
   */
  const search = async (frame) => {
    /** @type {Reading[]} */
    const readings = [];
    for (const stage of TURNS[turn % TURNS.length]) {
      const seen = await readingsIn(stage.view(frame), stage);
      readings.push(...seen.filter((one) => !isAmong(one, readings)));
    }
    turn += 1;
    recent = [...recent, readings].slice(-TURNS.length);
    const others = tracked.filter(({ reading }) => !isAmong(reading, readings));
    tracked = [...readings.map((reading) => ({ reading, misses: 0 })), ...others];
    return readings;
  };

  /** @returns {Promise<Reading[]>} the tracked codes seen again in their regions; lost ones go */
  const follow = async () => {
    /** @type {Reading[]} */
    const found = [];
    const missed = [];
    for (const { reading, misses } of tracked) {
      const seen = await readingsIn(part(around(reading)), STAGES.thorough);
      found.push(...seen.filter((one) => !isAmong(one, found)));
      if (!isAmong(reading, found)) missed.push({ reading, misses: misses + 1 });
    }
    const lasting = missed.filter(({ misses }) => misses < MOST_MISSES);
    tracked = [...found.map((reading) => ({ reading, misses: 0 })), ...lasting];
    return found;
  };

  /** @param {ImageBitmap} frame */
  const draw = (frame) => {
    const { width, height } = frame;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(frame, 0, 0);
    frame.close();
    return context.getImageData(0, 0, width, height);
  };

  /**
   * @param {ImageData} image
   * @returns {boolean} whether enough of it is another picture than the last one that was
   */
  const isChanged = ({ data, width, height }) => {
    const across = Math.ceil(width / STEP);
    const now = new Uint8Array(across * Math.ceil(height / STEP));
    let jumps = 0;
    for (let i = 0; i < now.length; i++) {
      const [row, column] = [Math.floor(i / across), i % across];
      now[i] = data[4 * STEP * (row * width + column) + 1]; // Green is grey enough.
      if (samples && Math.abs(now[i] - samples[i]) > JUMP) jumps += 1;
    }
    if (samples?.length === now.length && jumps <= FEW) return false;
    samples = now;
    return true;
  };

  /** @param {ImageBitmap} bitmap */
  const look = async (bitmap) => {
    const frame = draw(bitmap);
    const size = [frame.width, frame.height];
    const hasMoved = isChanged(frame);
    if (hasMoved) recent = [];
    else if (recent.length === TURNS.length && skipped < MOST_SKIPPED) {
      skipped += 1;
      return { readings: recent.flat(), isFresh: false, hasMoved, size };
    }
    skipped = 0;
    const isFollowed = hasMoved && wasSearched && tracked.length <= MOST_TRACKED;
    const followed = isFollowed ? await follow() : [];
    wasSearched = !followed.length; // What is lost may have given way to another code.
    const readings = wasSearched ? await search(frame) : followed;
    return { readings, isFresh: true, hasMoved, size };
  };

  self.onmessage = async ({ data: { id, frame } }) => {
    try {
      const answer = frame ? await look(frame) : { jpeg: await canvas.convertToBlob(JPEG) };
      self.postMessage({ id, ...answer });
    } catch (error) {
      self.postMessage({ id, failure: String(error) });
    }
  };
}
