// The station's page: scans go in by camera, wedge and hand, answers come back as banner and sound.
import { Banner } from "./banner.js";
import { uuid7 } from "./ids.js";
import { Idle } from "./idle.js";
import { Refusals, Scans } from "./lists.js";
import { Modifiers } from "./modifiers.js";
import { Outbox, heldForOthers } from "./outbox.js";
import { Pad } from "./pad.js";
import { byId, fill, part, visible } from "./page.js";
import { Pallet } from "./pallet.js";
import { showPanel } from "./panels.js";
import { Photo } from "./photo.js";
import { Poll } from "./poll.js";
import { drawProgress } from "./progress.js";
import { Readings } from "./readings.js";
import { Sight } from "./sight.js";
import { Sounds } from "./sounds.js";
import { Suggestion } from "./suggestion.js";
import { changeOf, switchWork, workOf } from "./switch.js";
import { Wedge, keptSettings } from "./wedge.js";

const urls = /** @type {Record<string, string>} */ (document.body.dataset);
const words = JSON.parse(document.body.dataset.words ?? "{}");
const token = /** @type {HTMLMetaElement} */ (document.querySelector("[name=csrf-token]")).content;

const idle = new Idle(60_000 * Number(urls.lockAfter || 0), lock);
/** @type {Set<string>} scans that were answered with banner and sound already */
const answered = new Set();
const banner = new Banner(words, switchAndScan);
const sounds = new Sounds(drawSound);
const modifiers = new Modifiers(said);
const pad = new Pad((quantity) => modifiers.set({ quantity }));
const list = new Scans(words, undo);
const refusals = new Refusals(words, (entry) => outbox.retry(entry), forget);
const outbox = new Outbox({
  user: urls.user, scansUrl: urls.scans, token, onAnswer: answer, onChange: drawOutbox,
  onClock: (message) => notice(message),
});
const readings = new Readings(urls.readings, token);
const pallet = new Pallet({ url: urls.pallet, token, words, onSum: sumUp });
const suggestion = new Suggestion(confirmed);
const sight = new Sight({
  words,
  readerUrl: urls.reader,
  pictureUrl: urls.picture,
  readings,
  reread: Number(urls.reread),
  onCode: seen,
  isCounted: (text) => pallet.isCounted(text),
  onSeen: () => pallet.touch(),
  onClose: () => pallet.endPhoto(),
  onSuggested: (found) => suggestion.offer(found),
  onBegin: () => sounds.introduce(),
  onSwitch: () => live.restart(),
});
const live = new Poll(urls.live, refreshed, reached, () => {
  return (sight.source === "station" ? "&camera=station" : "") + (idle.isAtWork ? "&active=1" : "");
});
/** @type {Parameters<typeof scanned>[] | null} scans that wait for the work to change */
let held = null;
/** The number of the card at the station's camera that was acted upon last. */
let heard = 0;

// Scans in.

/**
 * @param {string} text
 * @param {import("./sight.js").Source} source
 * @param {string} symbology
 */
function seen(text, source, symbology) {
  // Another photo of the pallet shows again what the one before has counted.
  if (source === "photo" && pallet.isCounted(text)) return null;
  const id = scanned(text, source, symbology);
  if (id) pallet.add(text, id);
  return id;
}

/**
 * @param {Blob} photo
 * @param {import("./readings.js").Found} found
 */
async function photographed(photo, found) {
  pallet.beginPhoto(found.unread.length ? sight.hints.sentence(found.unread) : "");
  await sight.showPhoto(photo, found);
  pallet.sumUp();
}

function beginPallet() {
  sight.closePhoto();
  pallet.clear();
}

/**
 * @param {string} text
 * @param {import("./outbox.js").Source} source
 * @param {string} [symbology]
 * @returns {string | null} the scan's id; a command and a card are none, what waits has none yet
 */
function scanned(text, source, symbology) {
  if (!text.trim()) return null;
  if (held) {
    held.push([text, source, symbology]);
    return null;
  }
  if (pad.isOpen) pad.keep();
  if (source !== "photo") sight.closePhoto();
  idle.touch();
  notice("");
  suggestion.forget();
  if (isCard(text)) {
    changePerson(text);
    return null;
  }
  if (modifiers.heard(text.trim())) return null;
  const change = changeOf(text.trim(), workOf());
  if (change) {
    switchTo(change);
    return null;
  }
  return record(text, source, symbology);
}

/** @param {string} text */
function isCard(text) {
  return text.toUpperCase().includes("SLG-BADGE-");
}

/**
 * A person's card: its secret goes by this tab's own memory, never into an address or a scan.
 * @param {string} text
 */
function changePerson(text) {
  sessionStorage.setItem("silog-card", text.trim());
  location.assign(urls.people);
}

/** Scans that are not sent yet stay in this browser. */
async function lock() {
  const request = { method: "POST", headers: { "X-CSRFToken": token } };
  const answer = await fetch(urls.lock, request).catch(() => null);
  if (answer?.ok) location.assign(urls.people);
}

/**
 * @param {string} text
 * @param {import("./outbox.js").Source} source
 * @param {string} [symbology]
 * @param {import("./modifiers.js").Said} [said]  what was said of it
 * @param {{token: string, picture: string}} [recognised]  what was offered where nobody could read it
 */
function record(text, source, symbology, said = modifiers.use(), recognised) {
  const { damaged, quantity } = said;
  const scan = { id: uuid7(), text, source, scanned_at: new Date().toISOString() };
  if (symbology) Object.assign(scan, { symbology });
  if (quantity !== null) Object.assign(scan, { quantity });
  if (damaged) Object.assign(scan, { condition: "damaged" });
  if (recognised) Object.assign(scan, { recognised });
  outbox.add({ kind: "scan", id: scan.id, ...doing(), scan });
  return scan.id;
}

function doing() {
  const { task, place, manifest } = workOf();
  return { task, place, manifest: manifest || null };
}

/**
 * @param {Partial<import("./switch.js").Work>} change
 * @returns {Promise<boolean>} whether the work is another now
 */
async function switchTo(change) {
  held ??= [];
  const problem = await switchWork(urls.switch, token, change).catch(() => words.notSwitched);
  const waiting = held;
  held = null;
  notice(problem);
  if (problem) sounds.play("attention");
  else welcome();
  // A card and the goods after it may come in one breath.
  for (const scan of waiting) scanned(...scan);
  return !problem;
}

function welcome() {
  beginPallet();
  const lead = byId("heading").textContent;
  const told = workOf().manifest || words.noManifest;
  const nothing = { text: "", quantity: null, damaged: false };
  banner.show({ id: "", severity: "waiting", word: words.ready, title: lead, lead, told, ...nothing });
  sounds.play("ok");
  live.restart();
}

/**
 * One tap: the manifest that expects the goods, and the same scan once more, as it was made.
 * @param {import("./banner.js").Told} scan
 */
async function switchAndScan({ switch_to: manifest, text, quantity, damaged }) {
  if (held || !manifest) return; // A second tap comes while the first one's work is changing.
  if (await switchTo({ manifest })) record(text, "manual", undefined, { quantity, damaged });
}

/**
 * A person says what a label is that nobody could read.
 * @param {import("./suggestion.js").Suggested} suggested
 */
function confirmed({ text, symbology, token, picture }) {
  idle.touch();
  const id = record(text, "camera", symbology, modifiers.use(), { token, picture });
  pallet.add(text, id);
}

/** @param {import("./lists.js").Shown} scan */
function undo(scan) {
  outbox.add({ id: uuid7(), ...doing(), kind: "undo", undone: scan.id, reason: words.reason });
  pallet.drop(scan.id);
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
  const { id, outcome, severity, message } = result;
  const text = entry.scan?.text ?? "";
  const title = visible(result.package ?? text);
  const told = severity === "ok" ? "" : message;
  const switch_to = outcome === "other-manifest" ? result.manifest : null;
  const word = words.outcomes[outcome];
  const { quantity = null, condition } = entry.scan ?? {};
  const said = { quantity, damaged: condition === "damaged" };
  list.answered(entry, { severity, word, title });
  announce({ id, severity, word, text, title, lead: title, told, switch_to, ...said });
  sight.answered(result, text);
  pallet.answered({ id, severity, word });
}

/**
 * Many labels of one photo: one sound and one sum for all, and each stop for itself.
 * @param {{severity: any, word: string, lead: string, told: string}} sum
 */
function sumUp(sum) {
  if (banner.stops.length) return;
  const nothing = { id: "", title: "", text: "", quantity: null, damaged: false };
  banner.show({ ...sum, ...nothing });
  sounds.play(sum.severity);
}

/** @param {import("./banner.js").Told} scan */
function announce(scan) {
  if (answered.has(scan.id)) return;
  idle.touch();
  answered.add(scan.id);
  if (scan.severity !== "stop" && pallet.isTogether(scan.id)) return;
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
  for (const scan of [...news.scans].reverse()) hearOf(scan);
  for (const scan of news.scans) {
    banner.complete(scan);
    sight.answered(scan, scan.text);
  }
  list.isLoaded = true;
  list.refreshed(news.scans, askedAt);
  drawProgress(news.progress, words);
  if (news.modifiers) modifiers.adopt(news.modifiers, askedAt);
  if (!news.camera) return;
  sight.told(news.camera);
  if (news.heard) hear(news.heard);
  if (news.problem) notice(news.problem);
  if (news.suggestions) suggestion.offer(news.suggestions);
}

/**
 * What this page did not scan itself came before the station's camera.
 * @param {import("./lists.js").Shown} scan
 */
function hearOf(scan) {
  const isNews = !answered.has(scan.id);
  const isOwn = outbox.unsent.all().some(({ id }) => id === scan.id);
  announce(scan);
  if (!isNews || isOwn || sight.source !== "station") return;
  pallet.add(scan.text, scan.id);
  pallet.answered(scan);
}

/**
 * A card before the station's camera is one before this page's.
 * @param {{number: number, text: string}} card
 */
function hear({ number, text }) {
  if (number === heard) return;
  heard = number;
  if (isCard(text) || changeOf(text.trim(), workOf())) scanned(text, "camera");
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
  pallet.settle(new Set(waiting.map(({ id }) => id)));
  list.waiting = waiting;
  list.draw();
  refusals.draw(outbox.refused.all());
  reached(outbox.state);
}

/** @param {string} state */
function reached(state) {
  if (state === "signed-out") notice(outbox.problem || words.signedOut, true);
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
  if (isOwn && sight.source === "station") tellCamera(damaged ? "1" : "0", String(quantity ?? ""));
}

/**
 * @param {string} damaged
 * @param {string} quantity
 */
async function tellCamera(damaged, quantity) {
  const body = new URLSearchParams({ damaged, quantity });
  const request = { method: "POST", headers: { "X-CSRFToken": token }, body };
  await modifiers.telling(fetch(urls.said, request)).catch(() => {});
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
  "type-instead": () => {
    showPanel(null);
    if (byId("code").checkVisibility?.()) byId("code").focus();
    else type();
  },
  "new-pallet": beginPallet,
  "close-photo": () => sight.closePhoto(),
  disarm: () => modifiers.set({ damaged: false, quantity: null }),
};

for (const [id, act] of Object.entries(BUTTONS)) byId(id).addEventListener("click", act);
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => showPanel(null));
}
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
new Photo(byId("photo"), {
  readings,
  words,
  onTold: notice,
  onPhoto: photographed,
});
if (banner.stops.length) sounds.ring();
drawSound();
drawOutbox();
const others = heldForOthers(urls.user);
if (others) notice(fill(words.othersWait, { n: others }));
outbox.flush();
