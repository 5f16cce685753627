// The keypad of the PIN, and a card's text on its way from the scanner or the station's page.
const pin = /** @type {HTMLInputElement | null} */ (document.getElementById("pin"));
const badge = /** @type {HTMLInputElement | null} */ (document.getElementById("badge"));
const pad = /** @type {HTMLElement | null} */ (document.querySelector("[data-pad]"));

if (pin && badge && pad) {
  pad.hidden = false;
  pad.addEventListener("click", (event) => {
    const key = /** @type {HTMLElement} */ (event.target).closest("button");
    if (key?.dataset.digit && pin.value.length < pin.maxLength) pin.value += key.dataset.digit;
    if (key && "erase" in key.dataset) pin.value = pin.value.slice(0, -1);
  });
  badge.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    pin.focus();
  });
  const shown = sessionStorage.getItem("silog-card");
  if (shown) {
    sessionStorage.removeItem("silog-card");
    badge.value = shown;
    pin.focus();
  }
  for (const choice of document.querySelectorAll("input[name=user]"))
    choice.addEventListener("change", () => pin.focus());
}
