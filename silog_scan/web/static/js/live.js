// Short questions instead of an open line, which would hold a thread of the station for each page.

const EVERY = 400;
const EVERY_HIDDEN = 2000;
const PATIENCE = 10_000;

export class Live {
  /**
   * @param {string} url
   * @param {(answer: any, askedAt: number) => void} onAnswer
   * @param {(state: "ok" | "offline" | "signed-out") => void} onState
   */
  constructor(url, onAnswer, onState) {
    this.url = url;
    this.onAnswer = onAnswer;
    this.onState = onState;
    this.position = -1;
    this.seen = "";
    /** @type {(() => void) | undefined} */
    this.hurry = undefined;
    this.run();
  }

  /** Ask at once. */
  refresh() {
    this.hurry?.();
  }

  async run() {
    for (;;) {
      this.onState(await this.ask());
      await this.rest(document.hidden ? EVERY_HIDDEN : EVERY);
    }
  }

  /** @param {number} time */
  rest(time) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.hurry = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  async ask() {
    const askedAt = performance.now();
    const query = `?after=${this.position}&seen=${encodeURIComponent(this.seen)}`;
    try {
      const response = await fetch(this.url + query, {
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE),
      });
      // A stranger is led to the sign-in.
      if (response.type === "opaqueredirect" || response.status === 401) return "signed-out";
      if (response.status === 200) {
        const answer = await response.json();
        this.position = answer.position;
        this.seen = answer.seen;
        this.onAnswer(answer, askedAt);
      }
      return response.ok ? "ok" : "offline";
    } catch {
      return "offline";
    }
  }
}
