let last = 0;

/**
 * A new UUID, version 7 (RFC 9562): sorted by time, so that kept scans are sent in their order; of
 * two made in one millisecond the second is dated a millisecond later.
 * `crypto.randomUUID` is missing on plain http in a warehouse's network; `getRandomValues` is not.
 * @param {number} [at] milliseconds since 1970
 * @returns {string}
 */
export function uuid7(at = Date.now()) {
  at = last = Math.max(at, last + 1);
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(at / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
