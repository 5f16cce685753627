// Checks an exported ledger as verify_ledger.py does, to the same verdict and the same words: read
// the two side by side. A test holds them against each other.
import { hex, sha256 } from "./sha256.js";

/**
 * @typedef {object} Event
 * @property {string} station
 * @property {number} sequence
 * @property {string} kind
 * @property {Record<string, any>} body
 * @property {string} previous
 * @property {string} digest
 *
 * @typedef {object} Checkpoint
 * @property {string} text  the lines that were signed
 * @property {number} size
 * @property {string} root  in hex
 * @property {Map<string, number>} heads  where each station's chain stood
 * @property {string[]} rest  the lines after the empty one: signatures
 */

const GENESIS = "0".repeat(64);
const DEEPEST = 100; // lists and objects within each other, in one event
const FIELDS = ["at", "body", "digest", "id", "kind", "previous", "sequence", "station"].join();
const TEXTS = ["at", "digest", "id", "kind", "previous", "station"];
/** @type {Record<string, string>} the kinds of what is added up */
const EFFECT = {
  item: "string", quantity: "number", condition: "string", was: "string", from: "string",
  to: "string", manifest: "string", task: "string", count: "number", units: "number",
  number: "string",
};
const NEWLINE = 10;
const PLAIN = /^[ !#-[\]-~]*$/; // ASCII without what is escaped
const HALF = /\p{Surrogate}/u; // of a character

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Something does not fit; the page has the words for the code. */
export class Wrong extends Error {
  /**
   * @param {string} code
   * @param {Record<string, unknown>} [values]
   * @param {"wrong" | "unreadable"} [verdict]
   */
  constructor(code, values = {}, verdict = "wrong") {
    super(code);
    this.code = code;
    this.values = values;
    this.verdict = verdict;
  }
}

/**
 * JavaScript orders texts by UTF-16 units, the ledger by characters: above U+FFFF they differ.
 * @param {string} a
 * @param {string} b
 */
export function byCharacter(a, b) {
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}

// One line.

/**
 * @param {unknown} value
 * @param {number} depth
 * @returns {string} the one way there is to write it, which is Python's; fails where there is none
 */
function written(value, depth) {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError(String(value));
    return String(value);
  }
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === DEEPEST) throw new RangeError();
  return Array.isArray(value) ? list(value, depth + 1) : object(value, depth + 1);
}

/** @param {string} text */
function quoted(text) {
  if (PLAIN.test(text)) return `"${text}"`;
  if (HALF.test(text)) throw new RangeError(text);
  return JSON.stringify(text);
}

/**
 * @param {unknown[]} values
 * @param {number} depth
 */
function list(values, depth) {
  let text = "";
  for (const value of values) text += `${text && ","}${written(value, depth)}`;
  return `[${text}]`;
}

/**
 * @param {any} values
 * @param {number} depth
 */
function object(values, depth) {
  const keys = Object.keys(values);
  // They are in order already, unless they look like numbers or the line is refused.
  if (keys.some((key, i) => i && byCharacter(keys[i - 1], key) > 0)) keys.sort(byCharacter);
  let text = "";
  for (const key of keys) text += `${text && ","}${quoted(key)}:${written(values[key], depth)}`;
  return `{${text}}`;
}

/**
 * @param {Uint8Array} bytes
 * @returns {[string, any]} the line, and the object on it
 */
function parse(bytes) {
  const text = decoder.decode(bytes);
  const value = JSON.parse(text);
  if (!isObject(value) || written(value, 0) !== text) throw new RangeError(text);
  return [text, value];
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {Record<string, any>} event */
function hasFields(event) {
  return Object.keys(event).join() === FIELDS
    && TEXTS.every((name) => typeof event[name] === "string")
    && typeof event.sequence === "number" && isObject(event.body);
}

/**
 * @param {Uint8Array} line without its end
 * @param {number} number of the line
 * @param {boolean} isEnded  by a newline: the last line of a file that was cut is not
 * @returns {{event: Event, digest: Uint8Array}} checked for its shape and its own digest
 */
function read(line, number, isEnded) {
  const verdict = number > 1 ? "wrong" : "unreadable";
  let text, event;
  try {
    [text, event] = parse(line);
  } catch {
    if (!isEnded && number > 1) throw new Wrong("cut", { line: number }, "unreadable");
    throw new Wrong("line", { line: number }, verdict);
  }
  if (!hasFields(event)) throw new Wrong("fields", { line: number }, verdict);
  const own = `,"digest":"${event.digest}"`;
  const at = text.lastIndexOf(own);
  const hashed = at < 0 ? text : text.slice(0, at) + text.slice(at + own.length);
  const digest = sha256(encoder.encode(hashed));
  if (hex(digest) !== event.digest) throw new Wrong("altered", nameOf(/** @type {any} */ (event)));
  return { event: /** @type {any} */ (event), digest };
}

/** @param {Event} event */
function nameOf({ station, sequence }) {
  return { station, sequence };
}

// The tree, the paper, the sums.

/** The Merkle tree of RFC 9162; it keeps the roots of its full subtrees only. */
export class Tree {
  constructor() {
    /** @type {[number, Uint8Array][]} */
    this.roots = [];
  }

  /** @param {Uint8Array} data */
  add(data) {
    let height = 0;
    let found = sha256(LEAF, data);
    while (this.roots.at(-1)?.[0] === height) {
      const [, left] = /** @type {[number, Uint8Array]} */ (this.roots.pop());
      found = sha256(NODE, left, found);
      height += 1;
    }
    this.roots.push([height, found]);
  }

  /** @returns {string} in hex */
  root() {
    const hashes = this.roots.map(([, hash]) => hash);
    const last = hashes.pop() ?? sha256();
    return hex(hashes.reduceRight((found, left) => sha256(NODE, left, found), last));
  }
}

/** @param {ArrayLike<number>[]} parts */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param {string} base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * @param {string} text of a checkpoint, typed or read, whatever ends its lines
 * @returns {Checkpoint}
 */
export function readCheckpoint(text) {
  const lines = text.replace(/^[\ufeff \t\r\n]+|[\ufeff \t\r\n]+$/g, "").split("\n")
    .map((line) => line.replace(/^[ \t\r]+|[ \t\r]+$/g, ""));
  const end = lines.includes("") ? lines.indexOf("") : lines.length;
  const [origin, size, root, ...rest] = lines.slice(0, end);
  const heads = rest.map((line) => {
    const at = line.lastIndexOf(" ");
    return /** @type {[string, string]} */ ([line.slice(0, Math.max(at, 0)), line.slice(at + 1)]);
  });
  const numbers = [size, ...heads.map(([, sequence]) => sequence)];
  const isWhole = numbers.every((number) => /^[0-9]{1,15}$/.test(number));
  const found = new Map(heads.map(([station, sequence]) => [station, Number(sequence)]));
  const isRoot = /^[A-Za-z0-9+/]{43}=$/.test(root);
  const sum = [...found.values()].reduce((one, other) => one + other, 0);
  if (!isWhole || !isRoot || sum !== Number(size)) throw new Wrong("paper", {}, "unreadable");
  return {
    text: `${[origin, size, root, ...rest].join("\n")}\n`,
    size: Number(size),
    root: hex(bytesOf(root)),
    heads: found,
    rest: lines.slice(end + 1),
  };
}

/** Adds up what the events' effects moved and counted; it never decides anything. */
class Sums {
  constructor() {
    /** @type {Map<string, bigint>} by place, item, condition */
    this.stock = new Map();
    /** @type {Map<string, bigint>} by manifest, task, item */
    this.units = new Map();
    /** @type {Map<string, Map<string, bigint>>} by manifest, by item */
    this.expected = new Map();
  }

  /** @param {Event} event */
  add(event) {
    try {
      if (event.kind === "manifest-imported") this.expect(event.body);
      for (const effect of listed("effects" in event.body ? event.body.effects : [])) this.move(effect);
    } catch {
      throw new Wrong("sums", nameOf(event));
    }
  }

  /** @param {Record<string, any>} body */
  expect(body) {
    const expected = new Map();
    for (const total of listed(body.totals)) {
      must(total, "item", "quantity");
      expected.set(total.item, (expected.get(total.item) ?? 0n) + BigInt(total.quantity));
    }
    const [{ number }] = listed([body]);
    must(body, "number");
    this.expected.set(number, expected);
  }

  /** @param {Record<string, any>} effect */
  move(effect) {
    must(effect, "quantity", "condition");
    const { item, quantity, condition, from, to, was, manifest, task, count, units } = effect;
    if (item && from) plus(this.stock, [from, item, was ?? condition], -BigInt(quantity));
    if (item && to) plus(this.stock, [to, item, condition], BigInt(quantity));
    if (!count) return;
    must(effect, "manifest", "task", "item", "units");
    plus(this.units, [manifest, task, item], BigInt(units));
  }
}

/**
 * @param {unknown} values
 * @returns {Record<string, any>[]} objects in which what is added up is of the kinds it must be
 */
function listed(values) {
  if (!Array.isArray(values)) throw new TypeError();
  for (const one of values) {
    if (!isObject(one)) throw new TypeError();
    for (const name in EFFECT) {
      if (Object.hasOwn(one, name) && typeof one[name] !== EFFECT[name]) throw new TypeError(name);
    }
  }
  return values;
}

/**
 * @param {Record<string, any>} values
 * @param {string[]} names
 */
function must(values, ...names) {
  for (const name of names) if (!Object.hasOwn(values, name)) throw new TypeError(name);
}

/**
 * @param {Map<string, bigint>} sums
 * @param {string[]} key
 * @param {bigint} quantity
 */
function plus(sums, key, quantity) {
  const name = JSON.stringify(key);
  sums.set(name, (sums.get(name) ?? 0n) + quantity);
}

/**
 * @param {Map<string, bigint>} sums
 * @returns {{key: string[], sum: bigint}[]} in the order of their keys
 */
function sorted(sums) {
  const rows = [...sums].map(([name, sum]) => ({ key: /** @type {string[]} */ (JSON.parse(name)), sum }));
  return rows.sort(({ key: a }, { key: b }) => {
    return byCharacter(a[0], b[0]) || byCharacter(a[1], b[1]) || byCharacter(a[2], b[2]);
  });
}

// The whole.

export class Checker {
  /** @param {Checkpoint | null} checkpoint */
  constructor(checkpoint) {
    this.checkpoint = checkpoint;
    this.tree = new Tree();
    this.sums = new Sums();
    /** @type {Map<string, {sequence: number, digest: string}>} */
    this.found = new Map();
    /** @type {string[]} public keys that the ledger names */
    this.keys = [];
    this.events = 0;
    this.last = { station: "", sequence: 0, digest: GENESIS };
  }

  /**
   * @param {Uint8Array} line the next one, without its end
   * @param {boolean} [isEnded]
   */
  line(line, isEnded = true) {
    this.events += 1;
    const { event, digest } = read(line, this.events, isEnded);
    const { station, sequence, kind, body } = event;
    this.mustFollow(event);
    this.last = event;
    this.found.set(station, { sequence, digest: event.digest });
    if (sequence <= (this.checkpoint?.heads.get(station) ?? 0)) this.tree.add(digest);
    this.sums.add(event);
    if (kind === "signing-key" && typeof body.key === "string") this.keys.push(body.key);
  }

  /** @param {Event} event */
  mustFollow(event) {
    const { last } = this;
    const isFirst = event.station !== last.station;
    if (isFirst && byCharacter(event.station, last.station) < 0) throw new Wrong("order", nameOf(event));
    const expected = isFirst ? 1 : last.sequence + 1;
    if (event.sequence !== expected) throw new Wrong("gap", { ...nameOf(event), expected });
    if (event.previous !== (isFirst ? GENESIS : last.digest)) throw new Wrong("fork", nameOf(event));
  }

  /** Hold what was found against the checkpoint. */
  end() {
    if (!this.found.size) throw new Wrong("empty", {}, "unreadable");
    if (!this.checkpoint) return;
    const { root, heads } = this.checkpoint;
    for (const [station, sequence] of heads) {
      const { sequence: last } = this.found.get(station) ?? { sequence: 0 };
      if (last < sequence) throw new Wrong("ends", { station, sequence });
    }
    if (this.tree.root() !== root) throw new Wrong("other");
  }

  /** @returns what a reader wants to know; sums are texts, for they may be larger than numbers */
  report() {
    const { stock, units, expected } = this.sums;
    return {
      stations: [...this.found].map(([name, head]) => ({ name, ...head })),
      stock: sorted(stock).filter(({ sum }) => sum).map(({ key, sum }) => [...key, String(sum)]),
      units: sorted(units).map(({ key, sum }) => {
        return [...key, String(sum), String(expected.get(key[0])?.get(key[2]) ?? 0n)];
      }),
    };
  }
}

/** Cuts pieces of a file into lines, and holds no more than one line. */
export class Lines {
  /** @param {(line: Uint8Array, isEnded: boolean) => void} onLine */
  constructor(onLine) {
    this.onLine = onLine;
    /** @type {Uint8Array[]} pieces of the line that has not ended */
    this.begun = [];
  }

  /** @param {Uint8Array} piece */
  add(piece) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const rest = piece.subarray(start, end);
      this.onLine(this.begun.length ? joined(...this.begun, rest) : rest, true);
      this.begun = [];
      start = end + 1;
    }
    if (start < piece.length) this.begun.push(piece.slice(start));
  }

  end() {
    if (this.begun.length) this.onLine(joined(...this.begun), false);
    this.begun = [];
  }
}
