// Three sounds that nobody can take for one another, and their beat in the hand. No files.

const ATTACK = 0.005;
const RELEASE = 0.02;
const OK_APART = 120;
const APART = 0.3;
const STOP_EVERY = 1600;
const LOUDER_FROM = 4;

/**
 * @typedef {{wave: OscillatorType, pitches: number[], from: number, length: number, gain: number}} Tone
 * Seconds from the sound's start.
 */

/** @type {Record<string, {tones: Tone[], length: number, beat: number[]}>} */
const SOUNDS = {
  ok: {
    tones: [{ wave: "triangle", pitches: [1760], from: 0, length: 0.09, gain: 0.8 }],
    length: 0.09,
    beat: [40],
  },
  attention: {
    tones: [
      { wave: "triangle", pitches: [880], from: 0, length: 0.12, gain: 0.9 },
      { wave: "triangle", pitches: [660], from: 0.19, length: 0.16, gain: 0.9 },
    ],
    length: 0.35,
    beat: [80, 60, 80],
  },
  stop: {
    // A semitone apart is rough; a square's overtones carry on a phone's small speaker.
    tones: [0, 0.26, 0.52].map((from) => ({
      wave: "square", pitches: [392, 415], from, length: 0.18, gain: 0.25,
    })),
    length: 0.7,
    beat: [200, 100, 200, 100, 200],
  },
};

export class Sounds {
  /** @param {() => void} onChange called when sound becomes heard or unheard */
  constructor(onChange) {
    this.onChange = onChange;
    this.muted = localStorage.getItem("silog-muted") === "1";
    /** @type {AudioContext | null} */
    this.context = null;
    this.freeAt = 0;
    this.lastOk = -Infinity;
    this.rings = 0;
    /** @type {number | undefined} */
    this.repeating = undefined;
    for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => this.wake());
    this.wake();
  }

  /** Browsers are silent until the first touch or key. */
  async wake() {
    this.context ??= new AudioContext();
    this.context.onstatechange = () => this.onChange();
    if (this.context.state === "suspended") await this.context.resume().catch(() => {});
  }

  /** Let the three be heard once, so that hands know them before they matter. */
  async introduce() {
    await this.wake();
    for (const severity of /** @type {const} */ (["ok", "attention", "stop"])) {
      this.sound(severity, 1);
      this.freeAt = Math.max(this.freeAt, this.context?.currentTime ?? 0) + APART;
    }
  }

  get isHeard() {
    return !this.muted && this.context?.state === "running";
  }

  toggle() {
    this.muted = !this.muted;
    localStorage.setItem("silog-muted", this.muted ? "1" : "0");
    this.onChange();
  }

  /** @param {"ok" | "attention" | "stop"} severity */
  play(severity) {
    const now = performance.now();
    if (severity === "ok" && now - this.lastOk < OK_APART) return;
    if (severity === "ok") this.lastOk = now;
    this.sound(severity, 1);
  }

  /** Ring until `hush`: a stop is not over because the next scan came. */
  ring() {
    clearInterval(this.repeating);
    this.rings = 1;
    this.repeating = setInterval(() => {
      this.rings += 1;
      this.sound("stop", this.rings >= LOUDER_FROM ? 2 : 1);
    }, STOP_EVERY);
  }

  hush() {
    clearInterval(this.repeating);
    this.repeating = undefined;
  }

  /**
   * @param {"ok" | "attention" | "stop"} severity
   * @param {number} louder
   */
  sound(severity, louder) {
    const { tones, length, beat } = SOUNDS[severity];
    // Before the first touch browsers forbid it, and complain.
    if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(beat);
    if (!this.isHeard || !this.context) return;
    const now = this.context.currentTime;
    // What says "look" is played whole; a mere ok gives way to it.
    if (severity === "ok" && now < this.freeAt) return;
    const start = Math.max(now, this.freeAt);
    for (const tone of tones) this.tone(tone, start, louder);
    if (severity !== "ok") this.freeAt = start + length;
  }

  /**
   * @param {Tone} tone
   * @param {number} start
   * @param {number} louder
   */
  tone({ wave, pitches, from, length, gain }, start, louder) {
    const context = /** @type {AudioContext} */ (this.context);
    for (const pitch of pitches) {
      const envelope = new GainNode(context, { gain: 0 });
      const voice = new OscillatorNode(context, { type: wave, frequency: pitch });
      const begin = start + from;
      envelope.gain.setValueAtTime(0, begin);
      envelope.gain.linearRampToValueAtTime(gain * louder, begin + ATTACK);
      envelope.gain.setValueAtTime(gain * louder, begin + length - RELEASE);
      envelope.gain.linearRampToValueAtTime(0, begin + length);
      voice.connect(envelope).connect(context.destination);
      voice.start(begin);
      voice.stop(begin + length);
    }
  }
}
