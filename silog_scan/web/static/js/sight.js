// What the page looks through: the station's camera, or the one of this device.
import { Agreement, asScanned } from "./agreement.js";
import { Camera, devices, lacking, permission } from "./camera.js";
import { Eyes } from "./eyes.js";
import { Hints } from "./hints.js";
import { byId, copyOf, fill, part } from "./page.js";
import { showPanel } from "./panels.js";
import { Picture } from "./picture.js";
import { Quads } from "./quads.js";
import { SecondLook } from "./secondlook.js";
import { Shot } from "./shot.js";

const KEPT = "silog-sight";
const SHOWN_FOR = 0.25; // seconds after a code was seen last: every look misses some
const STATION = "station";
const DEVICE = "device";
const WAITING = /** @type {const} */ ("waiting");

/**
 * @typedef {import("./camera.js").Trouble} Trouble
 * @typedef {import("./eyes.js").Reading} Reading
 * @typedef {{id: string, severity: import("./quads.js").Quad["severity"], belongs: string | null}} Answer
 * @typedef {"camera" | "photo"} Source
 */

export class Sight {
  /**
   * @param {object} options
   * @param {Record<string, any>} options.words
   * @param {string} options.readerUrl
   * @param {string} options.pictureUrl  empty where the station has no camera
   * @param {import("./readings.js").Readings} options.readings
   * @param {number} options.reread  seconds after which a code that left is taken again
   * @param {(text: string, source: Source, symbology: string) => string | null} options.onCode
   *   gives the scan's id
   * @param {(text: string) => boolean} options.isCounted  in this look
   * @param {() => void} options.onSeen  codes are in view
   * @param {() => void} options.onClose  of a photo
   * @param {(found: import("./suggestion.js").Suggested[]) => void} options.onSuggested
   * @param {() => void} options.onBegin  at the tap that starts this device's camera
   * @param {() => void} options.onSwitch
   */
  constructor({
    words, readerUrl, pictureUrl, readings, reread,
    onCode, isCounted, onSeen, onClose, onSuggested, onBegin, onSwitch,
  }) {
    this.words = words;
    this.onCode = onCode;
    this.isCounted = isCounted;
    this.onSeen = onSeen;
    this.onClose = onClose;
    this.onSuggested = onSuggested;
    this.onSwitch = onSwitch;
    this.hasStation = Boolean(pictureUrl);
    this.readings = readings;
    this.video = byId("video");
    this.quads = new Quads(byId("quads"));
    this.hints = new Hints(words);
    this.shot = new Shot(this.quads, () => this.ofPhoto());
    /** @type {import("./readings.js").Found} what the photo shows */
    this.found = { readings: [], unread: [], suggestions: [] };
    this.picture = new Picture(byId("picture"), pictureUrl, (drawn) => this.pictured(drawn));
    this.camera = new Camera(this.video, () => this.live(), (...trouble) => this.fail(...trouble));
    this.eyes = new Eyes(this.video, readerUrl, (look) => this.looked(look), (error) => {
      this.camera.stop();
      this.fail("old", error);
    });
    this.agreement = new Agreement(reread);
    this.second = new SecondLook(() => this.lookAgain());
    /** @type {Map<string, Answer>} by the text of codes that were in view */
    this.answers = new Map();
    this.zoom = 0;
    this.listen(onBegin);
    this.begin();
  }

  /** @param {() => void} onBegin */
  listen(onBegin) {
    byId("begin").addEventListener("click", () => {
      onBegin();
      this.camera.start();
    });
    byId("torch").addEventListener("click", () => this.toggleTorch());
    byId("zoom").addEventListener("click", () => this.zoomOn());
    byId("choose").addEventListener("click", () => this.openChoice());
    for (const button of document.querySelectorAll("[data-retry]")) {
      button.addEventListener("click", () => this.retry());
    }
    byId("explain").addEventListener("click", () => showPanel(byId("help")));
    navigator.mediaDevices?.addEventListener("devicechange", () => {
      if (this.trouble) this.begin();
    });
    document.addEventListener("visibilitychange", () => keepAwake());
    keepAwake();
  }

  /** @returns {"station" | "device"} */
  get source() {
    const kept = localStorage.getItem(KEPT);
    return this.hasStation && kept !== DEVICE ? STATION : DEVICE;
  }

  /** @param {"station" | "device"} source */
  set source(source) {
    localStorage.setItem(KEPT, source);
  }

  /** Show what there is, ask for what must be asked for, or say why there is nothing. */
  async begin() {
    if (this.shot.isShown) return;
    this.rest();
    if (this.source === STATION) return this.picture.start();
    const why = await this.missing();
    if (why) return this.fail(why, "");
    this.eyes.prepare();
    if ((await permission()) === "granted") return this.camera.start();
    this.show({ start: true });
  }

  /** @returns {Promise<Trouble | null>} why this device's camera need not even be asked for */
  async missing() {
    const why = lacking();
    if (why) return why;
    if (!(await devices()).length) return "none";
    return (await permission()) === "denied" ? "denied" : null;
  }

  rest() {
    this.camera.stop();
    this.eyes.stop();
    this.picture.stop();
    this.quads.clear();
    this.hints.clear();
    this.show({});
  }

  async retry() {
    showPanel(null);
    this.rest();
    const why = lacking();
    if (why) this.fail(why, "");
    else this.camera.start();
  }

  live() {
    if (this.shot.isShown) return this.camera.stop();
    this.show({ video: true });
    this.eyes.start();
  }

  /**
   * @param {Trouble} why
   * @param {string} error for a technician
   */
  async fail(why, error) {
    this.eyes.stop();
    if (this.shot.isShown) return;
    this.quads.clear();
    this.show({ trouble: why });
    explain(why);
    const count = lacking() ? 0 : (await devices()).length;
    byId("technical").textContent = fill(this.words.technical, {
      error: error || why, secure: isSecureContext, n: count,
    });
  }

  /** @param {{video?: boolean, start?: boolean, trouble?: Trouble}} what */
  show({ video = false, start = false, trouble }) {
    this.trouble = trouble;
    this.video.hidden = !video;
    byId("start").hidden = !start;
    byId("trouble").hidden = !trouble;
    byId("sight").classList.toggle("in-trouble", Boolean(trouble));
    byId("camera").hidden = video || start || Boolean(trouble) || this.shot.isShown;
    byId("torch").hidden = !video || !this.camera.hasTorch;
    byId("torch").setAttribute("aria-pressed", "false");
    byId("zoom").hidden = !video || !this.camera.zooms.length;
    this.zoom = 0;
    this.drawZoom();
  }

  /** @param {{state: string, sentence: string}} camera of the station */
  told({ state, sentence }) {
    if (this.source !== STATION || this.shot.isShown) return;
    const told = byId("camera");
    told.hidden = state === "live";
    if (told.textContent !== sentence) told.textContent = sentence;
  }

  // Codes.

  /** @param {import("./eyes.js").Look} look */
  looked(look) {
    const { readings, isFresh, at, size } = look;
    if (isFresh) this.take(this.agreement.saw(readings, at));
    else this.agreement.keep(readings, at);
    this.draw(at, size);
    // What is read and not believed, as a piece of ITF is, needs the longer look too.
    const believed = readings.filter(({ text }) => this.agreement.isGiven(text));
    this.second.consider({ ...look, readings: believed }, at * 1000);
  }

  /** @param {import("./picture.js").Drawn} drawn */
  pictured({ codes, size, unread = [] }) {
    if (codes.length) this.onSeen();
    this.hints.saw(unread);
    this.quads.draw([...this.hints.drawn(unread), ...codes], size, this.picture.image);
  }

  /**
   * What was counted in this look stays drawn so when its label is seen again.
   * @param {Reading[]} fresh
   * @param {Source} [source]
   */
  take(fresh, source = "camera") {
    for (const reading of fresh) {
      const text = asScanned(reading);
      const id = this.onCode(text, source, reading.symbology);
      const severity = this.isCounted(text) ? "ok" : WAITING;
      if (id) this.answers.set(text, { id, severity, belongs: null });
    }
  }

  /** @param {Reading} reading */
  markOf(reading) {
    const { severity = WAITING, belongs = null } = this.answers.get(asScanned(reading)) ?? {};
    return { corners: reading.corners, severity, belongs };
  }

  /**
   * @param {number} at
   * @param {number[]} size
   */
  draw(at, size) {
    const shown = [...this.agreement.inView.values()].filter(({ last }) => at - last <= SHOWN_FOR);
    if (shown.length) this.onSeen();
    const quads = shown.map(({ reading, isGiven }) => {
      return isGiven ? this.markOf(reading) : { corners: reading.corners, severity: WAITING };
    });
    this.quads.draw([...this.hints.drawn(), ...quads], size, this.video);
  }

  /**
   * @param {{id: string, severity: any, belongs?: string | null}} scan
   * @param {string} text
   */
  answered({ id, severity, belongs = null }, text) {
    const known = this.answers.get(text);
    if (known?.id !== id || known.severity === "ok") return;
    this.answers.set(text, { id, severity, belongs });
    this.shot.draw();
  }

  async lookAgain() {
    const jpeg = await this.eyes.jpeg();
    if (!jpeg) return false;
    const { readings, unread, suggestions } = await this.readings.of(jpeg);
    this.take(this.agreement.believe(readings, performance.now() / 1000));
    if (!this.shot.isShown) this.hints.saw(unread);
    this.onSuggested(suggestions);
    return readings.length > 0;
  }

  // A photo in the camera's place.

  /**
   * @param {Blob} photo
   * @param {import("./readings.js").Found} found
   */
  async showPhoto(photo, found) {
    this.rest();
    await this.shot.show(photo);
    this.show({});
    this.found = found;
    this.hints.saw(found.unread, true);
    this.onSuggested(found.suggestions);
    this.take(found.readings, "photo");
    this.shot.draw();
  }

  /** @returns {import("./quads.js").Quad[]} */
  ofPhoto() {
    const { readings, unread } = this.found;
    return [...this.hints.drawn(unread), ...readings.map((reading) => this.markOf(reading))];
  }

  closePhoto() {
    if (!this.shot.isShown) return;
    this.shot.close();
    this.onClose();
    this.begin();
  }

  // Hands.

  async toggleTorch() {
    const button = byId("torch");
    const torch = button.getAttribute("aria-pressed") !== "true";
    if (await this.camera.set({ torch })) button.setAttribute("aria-pressed", String(torch));
  }

  async zoomOn() {
    const { zooms } = this.camera;
    const next = (this.zoom + 1) % zooms.length;
    if (await this.camera.set({ zoom: zooms[next] })) this.zoom = next;
    this.drawZoom();
  }

  drawZoom() {
    const zoom = this.camera.zooms[this.zoom] ?? 1;
    part(byId("zoom"), "text").textContent = `${zoom}×`;
  }

  async openChoice() {
    const found = lacking() ? [] : await devices();
    const current = this.camera.track?.getSettings().deviceId;
    const choices = found.map(({ deviceId, label }, i) => ({
      name: label || fill(this.words.camera, { n: i + 1 }),
      isChosen: this.source === DEVICE && (found.length === 1 || deviceId === current),
      choose: () => this.choose(DEVICE, deviceId),
    }));
    if (this.hasStation) {
      const isChosen = this.source === STATION;
      choices.unshift({ name: this.words.station, isChosen, choose: () => this.choose(STATION) });
    }
    byId("cameras-found").replaceChildren(...choices.map(choiceButton));
    if (!found.length) explain(lacking() ?? "none");
    byId("cameras-none").hidden = found.length > 0;
    showPanel(byId("cameras"));
  }

  /**
   * @param {"station" | "device"} source
   * @param {string} [deviceId]
   */
  choose(source, deviceId) {
    showPanel(null);
    this.source = source;
    this.rest();
    if (source === STATION) this.picture.start();
    else this.camera.start(deviceId);
    this.onSwitch();
  }
}

/** @param {Trouble} why  of all explanations on the page only this one is shown */
function explain(why) {
  /** @type {NodeListOf<HTMLElement>} */
  const every = document.querySelectorAll("[data-why]");
  for (const one of every) one.hidden = one.dataset.why !== why;
}

/** @param {{name: string, isChosen: boolean, choose: () => void}} choice */
function choiceButton({ name, isChosen, choose }) {
  const button = copyOf("camera-choice");
  part(button, "name").textContent = name;
  button.setAttribute("aria-pressed", String(isChosen));
  button.addEventListener("click", choose);
  return button;
}

async function keepAwake() {
  if (!document.hidden) await navigator.wakeLock?.request("screen").catch(() => {});
}
