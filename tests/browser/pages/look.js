// What a test asks of a page: which targets are too small, what is too wide, what keys do not reach.

const LEAST = 48;
const ACTIONS = "a[href], button, input, select, textarea, summary, [tabindex='0']";

const find = (selector) => document.querySelector(selector);

/** Whether a person can see it now, or could if it came into view. */
function isShown(element) {
  const box = element.getBoundingClientRect();
  return element.checkVisibility({ visibilityProperty: true }) && box.width > 1 && box.height > 1;
}

function named(element) {
  return element.outerHTML.replace(/\s+/g, " ").slice(0, 120);
}

/** A link inside a sentence is as large as its words. */
function isInSentence(element) {
  const around = element.parentElement;
  return element.matches("a") && around.matches("p, span") && around.childNodes.length > 1
    && getComputedStyle(element).display === "inline";
}

/** What a finger meets: a box to tick counts with its label. */
function targetOf(element) {
  const labels = [...(element.labels ?? [])].filter((label) => label.contains(element));
  return labels[0] ?? element;
}

function actions() {
  const found = [...document.querySelectorAll(ACTIONS)];
  return found.filter((one) => !one.disabled && one.type !== "hidden" && isShown(targetOf(one)));
}

function small() {
  const shown = actions().filter((one) => !one.matches(".sl-skip") && !isInSentence(one));
  return shown.flatMap((one) => {
    const { width, height } = targetOf(one).getBoundingClientRect();
    if (Math.min(width, height) > LEAST - 0.5) return [];
    return [`${Math.round(width)} by ${Math.round(height)}: ${named(one)}`];
  });
}

function wide() {
  const over = document.documentElement.scrollWidth - innerWidth;
  return over > 0 ? [`${over} px wider than the screen`] : [];
}

const reached = new Map();

function isMarked(element) {
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}

/** Of radios with one name, the Tab key reaches one. */
function stops() {
  const groups = new Set();
  return actions().filter((one) => {
    if (one.type !== "radio") return true;
    const isFirst = !groups.has(one.name);
    groups.add(one.name);
    return isFirst;
  });
}

/** Begin to note what is reached, and return how often Tab is to be pressed. */
function begin() {
  reached.clear();
  addEventListener("focusin", ({ target }) => {
    const key = target.type === "radio" ? target.name : target;
    reached.set(key, isMarked(target) || isMarked(targetOf(target)));
  });
  document.activeElement?.blur();
  return stops().length + 6;
}

function missed() {
  return stops().flatMap((one) => {
    const key = one.type === "radio" ? one.name : one;
    if (!reached.has(key)) return [`not reached: ${named(one)}`];
    return reached.get(key) ? [] : [`no sign that it is reached: ${named(one)}`];
  });
}

const SPOKEN = ["alt", "aria-label", "placeholder", "title"];

/** What the page says, to eyes and ears; what names the other language is in that language. */
function said() {
  const texts = [document.title.replace(" · silog-scan", "")];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: around, data } = walker.currentNode;
    if (!around.closest("script, [lang]:not(html)")) texts.push(data);
  }
  for (const one of document.querySelectorAll(SPOKEN.map((name) => `[${name}]`).join())) {
    if (!one.closest("[lang]:not(html)")) texts.push(...SPOKEN.map((name) => one.getAttribute(name)));
  }
  return texts.filter(Boolean).map((text) => text.trim()).filter(Boolean);
}

// A script that a browser is told to begin with has a scope of its own.
Object.assign(window, { find, small, wide, begin, missed, said });
