// Another place, task or manifest: by its card, or by one tap. The page changes in its place, so
// that camera and sound go on.
import { byId } from "./page.js";

const PLACE = "SLG-PLACE-";
const TASK = "SLG-TASK-";
const PATIENCE = 3000; // scans wait meanwhile
const PARTS = ["where", "progress", "heading"];

/**
 * @typedef {object} Work  what is done: as the page's body names it
 * @property {string} task
 * @property {string} place
 * @property {string} manifest
 * @property {string[]} waiting  the manifests that may be chosen for it
 */

/** @returns {Work} */
export function workOf(body = document.body) {
  const { task = "", place = "", manifest = "", waiting = "[]" } = body.dataset;
  return { task, place, manifest, waiting: JSON.parse(waiting) };
}

/**
 * @param {string} text
 * @param {Work} work
 * @returns {Partial<Work> | null} the change that a card asks for, or null where it is none
 */
export function changeOf(text, { task, manifest, waiting }) {
  const capitals = text.toUpperCase(); // CapsLock makes them small.
  if (capitals.startsWith(PLACE)) return { place: capitals.slice(PLACE.length), manifest: "" };
  if (waiting.includes(text)) return { manifest: text };
  if (!capitals.startsWith(TASK)) return null;
  const asked = text.slice(TASK.length).toLowerCase();
  // What comes in is on other manifests than what goes out.
  const isSameWay = (task === "dispatch") === (asked === "dispatch");
  return { task: asked, manifest: isSameWay ? manifest : "" };
}

/**
 * @param {string} url
 * @param {string} token
 * @param {Partial<Work>} change
 * @returns {Promise<string>} the station's sentence why not, or nothing once the page shows it
 */
export async function switchWork(url, token, change) {
  const { task, place, manifest } = { ...workOf(), ...change };
  const body = new URLSearchParams({ task, place, manifest });
  const signal = AbortSignal.timeout(PATIENCE);
  const headers = { "X-CSRFToken": token };
  const answer = await fetch(url, { method: "POST", headers, body, signal });
  if (!answer.ok) return (await answer.json()).message;
  const page = await (await fetch(location.href, { signal })).text();
  adopt(new DOMParser().parseFromString(page, "text/html"));
  return "";
}

/** @param {Document} fresh */
function adopt(fresh) {
  for (const id of PARTS) {
    const part = fresh.getElementById(id);
    if (part) byId(id).replaceWith(document.adoptNode(part));
  }
  document.title = fresh.title;
  const { task, place, manifest, waiting } = fresh.body.dataset;
  Object.assign(document.body.dataset, { task, place, manifest, waiting });
}
