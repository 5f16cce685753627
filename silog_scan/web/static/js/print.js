// Prints the page. Without scripts the button could do nothing, so it is shown here.

/** @type {NodeListOf<HTMLElement>} */
const buttons = document.querySelectorAll("[data-print]");
for (const button of buttons) {
  button.addEventListener("click", () => print());
  button.hidden = false;
}
