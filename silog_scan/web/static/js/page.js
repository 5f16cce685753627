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

/**
 * @param {string} sentence with holes such as %(n)s
 * @param {Record<string, unknown>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}
