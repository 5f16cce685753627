// Short questions instead of an open line, which would hold a thread of the station for each page.

const EVERY = 400;
const EVERY_HIDDEN = 2000;
const PATIENCE = 10_000;

export class Poll {
  /**
   * @param {string} url
   * @param {(answer: any, askedAt: number) => void} onAnswer
   * @param {(state: "ok" | "offline" | "signed-out") => void} onState
   * @param {() => string} more to ask, as a part of the address
   */
  constructor(url, onAnswer, onState, more) {
    this.url = url;
    this.more = more;
    this.onAnswer = onAnswer;
    this.onState = onState;
    this.position = -1;
    this.seen = "";
    this.isHurried = false;
    /** @type {() => void} */
    this.wake = () => {};
    this.run();
  }

  /** Ask at once, or once more if a question is on its way already: its answer may be too old. */
  refresh() {
    this.isHurried = true;
    this.wake();
  }

  /** Ask for everything anew: what was seen before is of another work. */
  restart() {
    this.position = -1;
    this.seen = "";
    this.refresh();
  }

  async run() {
    for (;;) {
      this.isHurried = false;
      const askedAt = performance.now();
      const answer = await this.ask();
      if (typeof answer === "object") this.onAnswer(answer, askedAt);
      this.onState(typeof answer === "object" ? "ok" : answer);
      if (!this.isHurried) await this.rest(document.hidden ? EVERY_HIDDEN : EVERY);
    }
  }

  /** @param {number} time */
  rest(time) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  async ask() {
    const seen = encodeURIComponent(this.seen);
    const query = `?after=${this.position}&seen=${seen}${this.more()}`;
    try {
      const response = await fetch(this.url + query, {
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE),
      });
      // A stranger is led to the sign-in.
      if (response.type === "opaqueredirect" || response.status === 401) return "signed-out";
      if (response.status !== 200) return response.ok ? "ok" : "offline";
      const answer = await response.json();
      this.position = answer.position;
      this.seen = answer.seen;
      return answer;
    } catch {
      return "offline";
    }
  }
}
