// Light or dark as the device wishes, before the first paint: a plain script, for a module comes too late.
"use strict";
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
  };
  dark.addEventListener("change", follow);
  follow();
}
