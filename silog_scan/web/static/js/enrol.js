// The code of an administrator's QR stands after "#", which no server log sees.
const code = decodeURIComponent(location.hash.slice(1));
if (code) {
  history.replaceState(null, "", location.pathname);
  const field = /** @type {HTMLInputElement} */ (document.getElementById("code"));
  field.value = code;
  field.form?.querySelector("button")?.focus();
}
