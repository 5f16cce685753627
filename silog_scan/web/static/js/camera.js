// The camera of this device: asked for, shown, lit and zoomed, and let go while nobody looks.

const KEPT = "silog-device";
const SHARP = { width: { ideal: 1920 }, height: { ideal: 1080 } };
const ZOOMS = [1, 2, 4];

/** @typedef {"insecure" | "old" | "none" | "denied" | "busy" | "lost"} Trouble  why there is none */

/** @type {Record<string, Trouble>} */
const TROUBLES = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "none",
  OverconstrainedError: "none",
};

/** @returns {Trouble | null} why this browser has no camera for this page, whatever is plugged in */
export function lacking() {
  if (!isSecureContext) return "insecure";
  const canRead = "OffscreenCanvas" in globalThis && "createImageBitmap" in globalThis;
  return navigator.mediaDevices && canRead ? null : "old";
}

/** @returns {Promise<MediaDeviceInfo[]>} without names until the person has allowed one */
export async function devices() {
  const every = await navigator.mediaDevices.enumerateDevices();
  return every.filter(({ kind }) => kind === "videoinput");
}

/** @returns {Promise<PermissionState>} */
export async function permission() {
  try {
    return (await navigator.permissions.query({ name: /** @type {any} */ ("camera") })).state;
  } catch {
    return "prompt"; // Not every browser tells.
  }
}

export class Camera {
  /**
   * @param {HTMLVideoElement} video
   * @param {() => void} onLive
   * @param {(trouble: Trouble, error: string) => void} onTrouble
   */
  constructor(video, onLive, onTrouble) {
    this.video = video;
    this.onLive = onLive;
    this.onTrouble = onTrouble;
    this.isWanted = false;
    this.turn = 0;
    /** @type {MediaStreamTrack | null} */
    this.track = null;
    document.addEventListener("visibilitychange", () => this.follow());
  }

  /** Nobody looks at a hidden page: the lamp goes out, and other programs may have the camera. */
  follow() {
    if (!this.isWanted) return;
    if (document.hidden) this.let();
    else if (!this.track) this.start();
  }

  /** @param {string} [deviceId] another one than before */
  async start(deviceId) {
    if (deviceId) localStorage.setItem(KEPT, deviceId);
    this.let();
    this.isWanted = true;
    this.turn += 1;
    const { turn } = this;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted());
      if (turn !== this.turn || document.hidden) return end(stream);
      await this.show(stream);
      this.onLive();
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      if (turn === this.turn) this.onTrouble(TROUBLES[name] ?? "busy", String(error));
    }
  }

  /** @param {MediaStream} stream */
  async show(stream) {
    const [track] = stream.getVideoTracks();
    this.track = track;
    track.onended = () => {
      this.let();
      this.onTrouble("lost", "ended");
    };
    localStorage.setItem(KEPT, track.getSettings().deviceId ?? "");
    this.video.srcObject = stream;
    await this.video.play().catch(() => {}); // Let go in the meantime.
    if (this.able.focusMode?.includes("continuous")) await this.set({ focusMode: "continuous" });
  }

  /** Give the camera back, and take it again when asked to. */
  stop() {
    this.isWanted = false;
    this.let();
  }

  let() {
    this.turn += 1;
    if (this.video.srcObject) end(/** @type {MediaStream} */ (this.video.srcObject));
    this.video.srcObject = null;
    this.track = null;
  }

  /** @returns {any} what the camera can do; few browsers tell, and the types know of none */
  get able() {
    return this.track?.getCapabilities?.() ?? {};
  }

  get hasTorch() {
    return [this.able.torch].flat().includes(true);
  }

  /** @returns {number[]} the zooms to offer: none where there is no choice */
  get zooms() {
    const { min, max } = this.able.zoom ?? { min: 1, max: 1 };
    const found = ZOOMS.filter((zoom) => min <= zoom && zoom <= max);
    return found.length > 1 ? found : [];
  }

  /**
   * @param {Record<string, unknown>} setting
   * @returns {Promise<boolean>} whether the camera did it
   */
  async set(setting) {
    try {
      await this.track?.applyConstraints({ advanced: [setting] });
      return true;
    } catch {
      return false;
    }
  }
}

/** @returns {MediaStreamConstraints} the camera of last time if it is there, else one at the back */
function wanted() {
  const known = localStorage.getItem(KEPT);
  const which = known ? { deviceId: { ideal: known } } : { facingMode: { ideal: "environment" } };
  return { audio: false, video: { ...SHARP, ...which } };
}

/** @param {MediaStream} stream */
function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}
