// The station's page: scans go in by wedge and by hand, answers come back as banner and sound.
import { Banner } from "./banner.js";
import { uuid7 } from "./ids.js";
import { Refusals, Scans } from "./lists.js";
import { Modifiers } from "./modifiers.js";
import { Outbox } from "./outbox.js";
import { Pad } from "./pad.js";
import { byId, fill, part } from "./page.js";
import { Picture } from "./picture.js";
import { Poll } from "./poll.js";
import { drawProgress } from "./progress.js";
import { Sounds } from "./sounds.js";
import { Wedge, keptSettings } from "./wedge.js";

const { task, place, manifest, user, scans: scansUrl, live: liveUrl, picture, said: saidUrl } =
  /** @type {Record<string, string>} */ (document.body.dataset);
const words = JSON.parse(document.body.dataset.words ?? "{}");
const token = /** @type {HTMLMetaElement} */ (document.querySelector("[name=csrf-token]")).content;

/** @type {Set<string>} scans that were answered with banner and sound already */
const answered = new Set();
const banner = new Banner(words);
const sounds = new Sounds(drawSound);
const modifiers = new Modifiers(said);
const pad = new Pad((quantity) => modifiers.set({ quantity }));
const list = new Scans(words, undo);
const refusals = new Refusals(words, (entry) => outbox.retry(entry), forget);
const outbox = new Outbox({ user, scansUrl, token, onAnswer: answer, onChange: drawOutbox });
const live = new Poll(liveUrl, refreshed, reached);

// Scans in.

/**
 * @param {string} text
 * @param {"wedge" | "manual"} source
 */
function scanned(text, source) {
  if (!text.trim()) return;
  if (pad.isOpen) pad.keep();
  notice("");
  if (modifiers.heard(text.trim())) return;
  const { damaged, quantity } = modifiers.use();
  const scan = { id: uuid7(), text, source, scanned_at: new Date().toISOString() };
  if (quantity !== null) Object.assign(scan, { quantity });
  if (damaged) Object.assign(scan, { condition: "damaged" });
  outbox.add({ kind: "scan", id: scan.id, task, place, manifest: manifest || null, scan });
}

/** @param {import("./lists.js").Shown} scan */
function undo(scan) {
  const entry = { id: uuid7(), task, place, manifest: manifest || null };
  outbox.add({ ...entry, kind: "undo", undone: scan.id, reason: words.reason });
  if (!banner.drop(scan.id)) sounds.hush();
}

function undoNewest() {
  const newest = list.newest();
  if (newest) undo(newest);
  else notice(words.nothing);
}

/** @param {import("./outbox.js").Entry} entry */
function forget(entry) {
  outbox.refused.remove(entry.id);
  drawOutbox();
}

// Answers out.

/**
 * @param {import("./outbox.js").Entry} entry
 * @param {any} result of the API
 */
function answer(entry, result) {
  live.refresh();
  if (entry.kind === "undo") return;
  const { outcome, severity, message } = result;
  const title = result.package ?? entry.scan?.text ?? "";
  const told = severity === "ok" ? "" : message;
  announce({ id: result.id, severity, word: words.outcomes[outcome], title, lead: title, told });
}

/** @param {import("./banner.js").Told} scan */
function announce(scan) {
  if (answered.has(scan.id)) return;
  answered.add(scan.id);
  banner.show(scan);
  const severity = /** @type {"ok" | "attention" | "stop"} */ (scan.severity);
  sounds.play(severity);
  if (severity !== "stop") return;
  banner.open(scan);
  sounds.ring();
}

function acknowledge() {
  if (!banner.acknowledge()) sounds.hush();
}

/**
 * @param {any} news
 * @param {number} askedAt
 */
function refreshed(news, askedAt) {
  if (!list.isLoaded) passOver(news.scans);
  for (const scan of [...news.scans].reverse()) announce(scan);
  for (const scan of news.scans) banner.complete(scan);
  list.isLoaded = true;
  list.recent = news.scans;
  list.draw();
  drawProgress(news.progress, words);
  if (news.modifiers) modifiers.adopt(news.modifiers, askedAt);
  if (news.camera) drawCamera(news.camera);
  if (news.problem) notice(news.problem);
}

/**
 * What was scanned before this page opened is no news, unless this page still waits to hear of it.
 * @param {import("./banner.js").Told[]} scans
 */
function passOver(scans) {
  const waiting = new Set(outbox.unsent.all().map((entry) => entry.id));
  for (const scan of scans) if (!waiting.has(scan.id)) answered.add(scan.id);
}

// What is seen.

/** @param {{state: string, sentence: string}} camera */
function drawCamera(camera) {
  const told = byId("camera");
  told.hidden = camera.state === "live";
  if (told.textContent !== camera.sentence) told.textContent = camera.sentence;
}

function drawOutbox() {
  const waiting = outbox.unsent.all();
  const box = byId("unsent");
  const isStuck = ["offline", "signed-out"].includes(outbox.state);
  const icon = !waiting.length ? "sent" : isStuck ? "offline" : "sending";
  box.classList.toggle("ok", !waiting.length);
  box.classList.toggle("attn", waiting.length > 0);
  for (const one of box.querySelectorAll("[data-icon]")) one.hidden = one.dataset.icon !== icon;
  part(box, "count").textContent = String(waiting.length);
  part(box, "more").textContent = isStuck && waiting.length ? words.offline : words.waiting;
  list.waiting = waiting;
  list.draw();
  refusals.draw(outbox.refused.all());
  reached(outbox.state);
}

/** @param {string} state */
function reached(state) {
  if (state === "signed-out") notice(words.signedOut, true);
}

/**
 * @param {string} text
 * @param {boolean} [mustSignIn]
 */
function notice(text, mustSignIn = false) {
  const box = byId("notice");
  box.hidden = !text;
  if (part(box, "text").textContent !== text) part(box, "text").textContent = text;
  box.querySelector("a").hidden = !mustSignIn;
}

/**
 * @param {import("./modifiers.js").Said} now
 * @param {boolean} isOwn
 */
function said({ damaged, quantity }, isOwn) {
  byId("damaged").setAttribute("aria-pressed", String(damaged));
  byId("quantity").setAttribute("aria-pressed", String(quantity !== null));
  const what = [damaged && words.damaged, quantity && fill(words.quantity, { n: quantity })];
  const isArmed = damaged || quantity !== null;
  byId("armed").hidden = !isArmed;
  const text = isArmed ? fill(words.next, { what: what.filter(Boolean).join(" · ") }) : "";
  part(byId("armed"), "text").textContent = text;
  if (isOwn && saidUrl) tellCamera(damaged ? "1" : "0", String(quantity ?? ""));
}

/**
 * @param {string} damaged
 * @param {string} quantity
 */
async function tellCamera(damaged, quantity) {
  const body = new URLSearchParams({ damaged, quantity });
  const request = { method: "POST", headers: { "X-CSRFToken": token }, body };
  await modifiers.telling(fetch(saidUrl, request)).catch(() => {});
}

function drawSound() {
  byId("silent").hidden = sounds.isHeard;
  byId("sound").setAttribute("aria-pressed", String(!sounds.muted));
}

// Hands.

function type() {
  const isTyping = byId("manual").parentElement.classList.toggle("typing");
  byId("type").setAttribute("aria-expanded", String(isTyping));
  if (isTyping) byId("code").focus();
}

function toggleDamaged() {
  modifiers.set({ damaged: !modifiers.said.damaged });
}

function togglePad() {
  if (pad.isOpen) pad.close();
  else pad.open(modifiers.said.quantity);
}

/** @type {Record<string, () => void>} */
const KEYS = { F6: toggleDamaged, F7: togglePad, F8: undoNewest, F9: acknowledge };

/** @type {Record<string, () => void>} */
const BUTTONS = {
  damaged: toggleDamaged,
  quantity: togglePad,
  undo: undoNewest,
  acknowledge,
  type,
  sound: () => sounds.toggle(),
  disarm: () => modifiers.set({ damaged: false, quantity: null }),
};

for (const [id, act] of Object.entries(BUTTONS)) byId(id).addEventListener("click", act);
addEventListener("keydown", (event) => {
  if (!KEYS[event.key] || event.repeat) return;
  event.preventDefault();
  KEYS[event.key]();
});
byId("manual").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const field = byId("code");
  scanned(field.value, "manual");
  field.value = "";
});
new Wedge((text) => scanned(text, "wedge"), keptSettings());
if (picture) new Picture(byId("picture"), picture);
if (banner.stops.length) sounds.ring();
drawSound();
drawOutbox();
outbox.flush();
