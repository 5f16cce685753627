// Small helps for a page's scripts.

/**
 * @param {string} id
 * @returns {any} the element, which the page's template has
 */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * @param {string} id of a `<template>`
 * @returns {any} a new copy of its element
 */
export function copyOf(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

/**
 * @param {ParentNode} within
 * @param {string} name
 * @returns {any} the element with the attribute `data-name`
 */
export function part(within, name) {
  return within.querySelector(`[data-${name}]`);
}

// What nobody sees: controls, formats (bidi among them), odd blanks, fillers, variation selectors.
const UNSEEN =
  /[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\u{e0100}-\u{e01ef}]|(?! )\p{Zs}/gu;

/**
 * @param {string} text of a stranger
 * @returns {string} the text as people may see it, what hides written as [U+200B], as the station does
 */
export function visible(text) {
  return text.replace(UNSEEN, (letter) => {
    const number = /** @type {number} */ (letter.codePointAt(0));
    return `[U+${number.toString(16).toUpperCase().padStart(4, "0")}]`;
  });
}

/**
 * @param {string} sentence with holes such as %(n)s
 * @param {Record<string, unknown>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}
