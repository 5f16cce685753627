// The whole verdict on a ledger's file, which is read piece by piece, however large it is.
import { Checker, Lines, Wrong, readCheckpoint } from "./ledger.js";
import { checkSignature, readKey } from "./note.js";

const TOLD_EVERY = 200; // ms

/**
 * @typedef {object} Question
 * @property {Blob} file
 * @property {string} paper  a checkpoint's text, or nothing
 * @property {string} key  a public key, or nothing
 *
 * @typedef {object} Verdict
 * @property {"fits" | "alone" | "wrong" | "unreadable"} verdict  alone: unbroken, but not compared
 * @property {{code: string, values: Record<string, unknown>}} [problem]
 * @property {ReturnType<Checker["report"]>} [report]
 * @property {number} [covered]  events the checkpoint covers; none without a checkpoint
 * @property {number} events
 * @property {{state: import("./note.js").Signature, key?: string}} [signature]
 */

/**
 * @param {Question} question
 * @param {(part: number, events: number) => void} onProgress
 * @returns {Promise<Verdict>}
 */
export async function verify({ file, paper, key }, onProgress) {
  /** @type {Checker | null} */
  let checker = null;
  try {
    const checkpoint = paper.trim() ? readCheckpoint(paper) : null;
    const asked = key.trim() ? readKey(key) : null;
    if (asked && !checkpoint) throw new Wrong("paperless", {}, "unreadable");
    checker = new Checker(checkpoint);
    await readInto(checker, file, onProgress);
    checker.end();
    const signature = checkpoint && await checkSignature(checkpoint, asked, checker.keys);
    return {
      verdict: checkpoint ? "fits" : "alone",
      report: checker.report(),
      events: checker.events,
      ...(checkpoint && signature && { covered: checkpoint.size, signature }),
    };
  } catch (error) {
    const events = checker?.events ?? 0;
    if (!(error instanceof Wrong)) {
      return { verdict: "unreadable", problem: { code: "file", values: {} }, events };
    }
    const { verdict, code, values } = error;
    return { verdict, problem: { code, values }, events };
  }
}

/**
 * @param {Checker} checker
 * @param {Blob} file
 * @param {(part: number, events: number) => void} onProgress
 */
async function readInto(checker, file, onProgress) {
  const lines = new Lines((line, isEnded) => checker.line(line, isEnded));
  const reader = file.stream().getReader();
  let done = 0;
  let told = performance.now();
  for (;;) {
    const { value } = await reader.read();
    if (!value) break;
    lines.add(value);
    done += value.length;
    if (performance.now() - told < TOLD_EVERY) continue;
    told = performance.now();
    onProgress(done / file.size, checker.events);
  }
  lines.end();
}
