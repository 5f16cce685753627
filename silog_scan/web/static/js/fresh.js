// Keeps figures fresh: asks every two seconds for what was recorded since the position shown, and
// is answered 204 while nothing was. Only parts that differ are replaced, so that whoever reads or
// tabs through the page is not disturbed.

const EVERY = 2000;
const PATIENCE = 10_000;
const PARTS = "[data-live] > [id], [data-live] > .sl-split > [id]";
const REACHABLE = "a, button, input, summary";

/**
 * @param {ParentNode} within
 * @returns {HTMLElement | null} what is kept fresh
 */
function figures(within) {
  return within.querySelector("[data-live]");
}

/** @param {HTMLElement} shown */
async function look(shown) {
  const address = new URL(shown.dataset.live ?? "", location.href);
  address.searchParams.set("after", shown.dataset.position ?? "");
  // A sign-in that ended is answered by a redirection, which is no figure.
  const answer = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.status === 204) return;
  if (!answer.ok) throw new Error(answer.statusText);
  show(shown, new DOMParser().parseFromString(await answer.text(), "text/html"));
}

/**
 * @param {HTMLElement} shown
 * @param {Document} fresh
 */
function show(shown, fresh) {
  for (const part of fresh.querySelectorAll(PARTS)) {
    const old = document.getElementById(part.id);
    if (!old) return location.reload();
    keepAsLeft(part);
    if (!old.isEqualNode(part)) replace(old, document.adoptNode(part));
  }
  shown.dataset.position = figures(fresh)?.dataset.position;
}

/**
 * What the reader folded out or began to type stays so.
 * @param {Element} part
 */
function keepAsLeft(part) {
  for (const details of part.querySelectorAll("details")) {
    const old = document.getElementById(details.id);
    if (old instanceof HTMLDetailsElement) details.open = old.open;
  }
  for (const field of part.querySelectorAll("input")) {
    const old = document.getElementById(field.id);
    if (old instanceof HTMLInputElement) field.value = old.value;
  }
}

/**
 * @param {Element} old
 * @param {Element} part
 */
function replace(old, part) {
  const index = [...old.querySelectorAll(REACHABLE)].indexOf(document.activeElement ?? old);
  old.replaceWith(part);
  if (index < 0) return;
  const again = part.querySelectorAll(REACHABLE)[index];
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** @param {boolean} isLive */
function tell(isLive) {
  /** @type {NodeListOf<HTMLElement>} */
  const signs = document.querySelectorAll("[data-live-on], [data-live-off]");
  for (const sign of signs) sign.hidden = "liveOn" in sign.dataset !== isLive;
}

/** @param {HTMLElement} shown */
async function keepLooking(shown) {
  if (!document.hidden) {
    await look(shown).then(() => tell(true), () => tell(false));
  }
  setTimeout(keepLooking, EVERY, shown);
}

const shown = figures(document);
if (shown) setTimeout(keepLooking, EVERY, shown);
