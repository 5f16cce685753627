// The link from the terminal carries a secret after "#", which no server log sees. It works once.
const form = /** @type {HTMLFormElement} */ (document.getElementById("demo"));
const secret = new URLSearchParams(location.hash.slice(1)).get("demo");
if (secret) {
  history.replaceState(null, "", location.pathname + location.search);
  /** @type {HTMLInputElement} */ (form.elements.namedItem("secret")).value = secret;
  form.submit();
}
