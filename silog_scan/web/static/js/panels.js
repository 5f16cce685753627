// Nothing opens over the station: a question takes the place of picture and lists.

/** @returns {Iterable<HTMLElement>} */
function sections() {
  return document.querySelectorAll(".sl-work > section");
}

/** @param {HTMLElement | null} panel in place of picture and lists, or none of them */
export function showPanel(panel) {
  for (const section of sections()) {
    section.hidden = panel ? section !== panel : section.classList.contains("sl-ask");
  }
}
