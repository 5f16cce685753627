// SHA-256 (FIPS 180-4), at once: WebCrypto's costs a promise for each event, and is missing where
// a page came over plain http.

/** @param {number} value */
const fraction = (value) => Math.floor((value % 1) * 2 ** 32) | 0;
const primes = Array.from({ length: 310 }, (_, n) => n + 2)
  .filter((n) => ![2, 3, 5, 7, 11, 13, 17].some((p) => p < n && n % p === 0));
const ROUNDS = Int32Array.from(primes.slice(0, 64), (p) => fraction(Math.cbrt(p)));
const START = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)));

const BLOCK = 64;
const words = new Int32Array(BLOCK);
const state = new Int32Array(8);
let padded = new Uint8Array(64 * BLOCK);
let view = new DataView(padded.buffer);

/**
 * @param {Uint8Array[]} parts one after the other, less than 512 MB
 * @returns {Uint8Array<ArrayBuffer>} 32 bytes
 */
export function sha256(...parts) {
  const end = pad(parts);
  state.set(START);
  for (let at = 0; at < end; at += BLOCK) mix(at);
  const digest = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 8; i++) digest.setInt32(4 * i, state[i]);
  return new Uint8Array(digest.buffer);
}

/**
 * Lay the bytes out with a one, zeros, and their number of bits, to the end of a block.
 * @param {Uint8Array[]} parts
 */
function pad(parts) {
  let length = 0;
  for (const part of parts) length += part.length;
  const end = Math.ceil((length + 9) / BLOCK) * BLOCK;
  if (end > padded.length) {
    padded = new Uint8Array(2 * end);
    view = new DataView(padded.buffer);
  }
  let at = 0;
  for (const part of parts) {
    padded.set(part, at);
    at += part.length;
  }
  padded.fill(0, length, end);
  padded[length] = 0x80;
  view.setUint32(end - 4, 8 * length);
  return end;
}

/** @param {number} at where the block begins */
function mix(at) {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3];
  let e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}
