// Who signed a checkpoint: a C2SP signed note (https://c2sp.org/signed-note), Ed25519 by WebCrypto.
import { Wrong, bytesOf } from "./ledger.js";
import { hex, sha256 } from "./sha256.js";

/**
 * @typedef {object} Key
 * @property {string} name
 * @property {string} id  four bytes in hex that tell a name's keys apart
 * @property {Uint8Array<ArrayBuffer>} bytes
 * @property {string} text  name+id+key
 *
 * @typedef {"asked" | "good" | "unsigned" | "insecure" | "unable" | "keyless"} Signature
 *   good, of the key that was asked for or of one that the ledger names; or not checked: there is
 *   none, the page came over plain http, the browser has no Ed25519, no key is known
 */

const ED25519 = 1;
// A signed note has an em dash; on a keyboard it is hyphens.
const SIGNATURE = /^(?:\u2014|\u2013|--?) *(\S+) ([A-Za-z0-9+/]+=*)$/;

/**
 * @param {string} text  name+id+key
 * @returns {Key}
 */
export function readKey(text) {
  const [, name, id, base64] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text.trim()) ?? [];
  const raw = base64 ? bytesOf(base64) : Uint8Array.of();
  if (raw[0] !== ED25519 || idOf(name, raw) !== id) throw new Wrong("key", {}, "unreadable");
  return { name, id, bytes: raw.slice(1), text: text.trim() };
}

/**
 * @param {string} name
 * @param {Uint8Array} raw the key behind the byte of its kind
 */
function idOf(name, raw) {
  return hex(sha256(new TextEncoder().encode(`${name}\n`), raw).slice(0, 4));
}

/**
 * @param {import("./ledger.js").Checkpoint} checkpoint
 * @returns {{name: string, id: string, bytes: Uint8Array<ArrayBuffer>}[]}
 */
function signatures({ rest }) {
  return rest.flatMap((line) => {
    const [, name, base64] = SIGNATURE.exec(line) ?? [];
    if (!base64 || base64.length % 4) return [];
    const blob = bytesOf(base64);
    return [{ name, id: hex(blob.slice(0, 4)), bytes: blob.slice(4) }];
  });
}

/**
 * @param {import("./ledger.js").Checkpoint} checkpoint
 * @param {Key | null} asked the key of the person who asks
 * @param {string[]} known keys that the ledger names itself
 * @returns {Promise<{state: Signature, key?: string}>} fails with ``Wrong`` if it is no good one
 */
export async function checkSignature(checkpoint, asked, known) {
  const signed = signatures(checkpoint);
  if (!signed.length) {
    if (asked) throw new Wrong("unsigned");
    return { state: "unsigned" };
  }
  const keys = asked ? [asked] : known.flatMap(readable).reverse();
  const pairs = keys.flatMap((key) => {
    const found = signed.find(({ name, id }) => name === key.name && id === key.id);
    return found ? [{ key, found }] : [];
  });
  if (!pairs.length) {
    if (asked) throw new Wrong("signer");
    return { state: "keyless" };
  }
  const [{ key, found }] = pairs;
  const state = await verified(checkpoint.text, key, found.bytes);
  return { state: state === "good" && asked ? "asked" : state, key: key.text };
}

/** @param {string} text */
function readable(text) {
  try {
    return [readKey(text)];
  } catch {
    return [];
  }
}

/**
 * @param {string} text
 * @param {Key} key
 * @param {Uint8Array<ArrayBuffer>} signature
 * @returns {Promise<Signature>}
 */
async function verified(text, key, signature) {
  const { subtle } = globalThis.crypto;
  if (!subtle) return "insecure";
  let isGood;
  try {
    const imported = await subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
    isGood = await subtle.verify("Ed25519", imported, signature, new TextEncoder().encode(text));
  } catch {
    return "unable";
  }
  if (!isGood) throw new Wrong("signature");
  return "good";
}
