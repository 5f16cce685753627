// How slow a hand scanner may be on this device: set it, scan a label, see what was measured.
import { byId, fill } from "./page.js";
import { Wedge, keepMeanGap, keptSettings } from "./wedge.js";

// Wide enough to hear any scanner, so that a slow one can be told how slow it is.
const WIDEST = 150;

const { heard, slow } = byId("wedge").dataset;
const gap = byId("gap");
gap.value = keptSettings().meanGap ?? gap.value;
gap.addEventListener("change", () => {
  if (gap.validity.valid && gap.value) keepMeanGap(Number(gap.value));
});

/**
 * @param {string} text
 * @param {number} measured
 */
function tell(text, measured) {
  const sentence = measured <= Number(gap.value) ? heard : slow;
  byId("heard").textContent = fill(sentence, { text, gap: Math.ceil(measured), limit: gap.value });
}

new Wedge(tell, { meanGap: WIDEST, longestGap: 4 * WIDEST });
