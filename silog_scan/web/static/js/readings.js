// The station reads a picture that this page cannot read: a hard frame, or a photo.

const PATIENCE = 20_000;

/**
 * @typedef {object} Found
 * @property {import("./eyes.js").Reading[]} readings
 * @property {import("./hints.js").Unread[]} unread
 * @property {import("./suggestion.js").Suggested[]} suggestions
 */

export class Readings {
  /**
   * @param {string} url
   * @param {string} token
   */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /**
   * @param {Blob} picture
   * @returns {Promise<Found>} fails with the station's sentence, if it has one
   */
  async of(picture) {
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { "Content-Type": picture.type || "application/octet-stream", "X-CSRFToken": this.token },
      body: picture,
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Refusal(told.detail);
    const readings = told.readings.map((/** @type {any} */ found) => ({
      ...found, identifier: found.symbology_identifier ?? "",
    }));
    return { readings, unread: told.unread ?? [], suggestions: told.suggestions ?? [] };
  }
}

/** The station's own words why it does not read a picture. */
export class Refusal extends Error {}
