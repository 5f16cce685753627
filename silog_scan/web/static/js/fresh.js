// Keeps figures fresh: asks every two seconds for what was recorded since the position shown, and
// is answered 204 while nothing was. Only parts that differ are replaced, so that whoever reads or
// tabs through the page is not disturbed.

const EVERY = 2000;

const root = document.querySelector("[data-live]");
const reachable = "a, button, input, summary";

async function look() {
  const address = new URL(root.dataset.live, location.href);
  address.searchParams.set("after", root.dataset.position);
  // A sign-in that ended is answered by a redirection, which is no figure.
  const answer = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(10_000) });
  if (answer.status === 204) return;
  if (!answer.ok) throw new Error(answer.statusText);
  show(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

function show(fresh) {
  for (const part of fresh.querySelectorAll("[data-live] > [id], [data-live] > .sl-split > [id]")) {
    const old = document.getElementById(part.id);
    if (!old) return location.reload();
    for (const details of part.querySelectorAll("details[id]")) {
      details.open = document.getElementById(details.id)?.open ?? details.open;
    }
    if (!old.isEqualNode(part)) replace(old, document.adoptNode(part));
  }
  root.dataset.position = fresh.querySelector("[data-live]").dataset.position;
}

function replace(old, part) {
  const index = [...old.querySelectorAll(reachable)].indexOf(document.activeElement);
  old.replaceWith(part);
  if (index >= 0) part.querySelectorAll(reachable)[index]?.focus({ preventScroll: true });
}

function tell(isLive) {
  for (const sign of document.querySelectorAll("[data-live-on]")) sign.hidden = !isLive;
  for (const sign of document.querySelectorAll("[data-live-off]")) sign.hidden = isLive;
}

async function keepLooking() {
  if (!document.hidden) {
    await look().then(() => tell(true), () => tell(false));
  }
  setTimeout(keepLooking, EVERY);
}

if (root) setTimeout(keepLooking, EVERY);
