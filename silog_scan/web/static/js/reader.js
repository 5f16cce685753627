// A worker of its own: it reads the codes in one frame after the other, so that the page's thread
// is free for hands. A plain script, for not every browser's workers take modules.
"use strict";
{
  // Formats are always listed: asked for all of them it takes three times as long.
  /** @type {Record<string, string>} the engine's names and ours */
  const SYMBOLOGIES = {
    Code128: "code128", Code39: "code39", ITF: "itf", QRCode: "qrcode", DataMatrix: "datamatrix",
    EAN13: "ean13", EAN8: "ean8", UPCA: "upca", UPCE: "upce",
  };
  const LABELS = { formats: Object.keys(SYMBOLOGIES), textMode: "Plain" };
  // In turn, one a frame: what the fast look misses is met by the other a moment later.
  const STAGES = [
    { ...LABELS, tryHarder: false, tryRotate: false, tryInvert: false, tryDownscale: false },
    LABELS,
  ];
  const MOST_SKIPPED = 7;
  const STEP = 8; // pixels between the samples that tell whether anything moved
  const JUMP = 32; // grey levels, above a camera's noise
  const FEW = 8; // samples
  const JPEG = { type: "image/jpeg", quality: 0.7 };

  const { engine, wasm } = Object.fromEntries(new URL(location.href).searchParams);
  importScripts(engine);
  const zxing = /** @type {any} */ (self).ZXingWASM;
  // By default it would be fetched from a stranger's host.
  zxing.prepareZXingModule({ overrides: { locateFile: () => wasm } });

  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  /** @type {Uint8Array | null} */
  let samples = null;
  /** @type {object[][]} what each stage saw of a picture that does not move */
  let recent = [];
  let turn = 0;
  let skipped = 0;

  /** @param {ImageBitmap} frame */
  const draw = (frame) => {
    const { width, height } = frame;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context?.drawImage(frame, 0, 0);
    frame.close();
    return /** @type {ImageData} */ (context?.getImageData(0, 0, width, height));
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

  /** @param {any} code as the engine gives it, a retail number not as printed below its bars */
  const readingOf = (code) => {
    const { topLeft, topRight, bottomRight, bottomLeft } = code.position;
    const corners = [topLeft, topRight, bottomRight, bottomLeft].map(({ x, y }) => [x, y]);
    let symbology = SYMBOLOGIES[code.format] ?? SYMBOLOGIES[code.symbology];
    let { text } = code;
    if (symbology === "upce" && code.extra) text = JSON.parse(code.extra).UPCE;
    if (["ean13", "upca"].includes(symbology) && /^0\d{12}$/.test(text)) {
      [symbology, text] = ["upca", text.slice(1)];
    }
    return { text, symbology, corners, identifier: code.symbologyIdentifier };
  };

  /** @param {ImageBitmap} frame */
  const look = async (frame) => {
    const image = draw(frame);
    const size = [image.width, image.height];
    const hasMoved = isChanged(image);
    if (hasMoved) recent = [];
    else if (recent.length === STAGES.length && skipped < MOST_SKIPPED) {
      skipped += 1;
      return { readings: recent.flat(), isFresh: false, hasMoved, size };
    }
    const stage = STAGES[turn % STAGES.length];
    turn += 1;
    skipped = 0;
    const codes = await zxing.readBarcodes(image, stage);
    const readings = codes.filter((/** @type {any} */ code) => code.isValid).map(readingOf);
    recent = [...recent, readings].slice(-STAGES.length);
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
