// Light or dark: the system's choice until one is made here.

import { button } from "./dom.js";
import { text } from "./text.js";

const KEY = "inkgrad.theme";

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is forbidden: the choice lasts as long as the page
  }
}

function apply(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new Event("theme"));
}

/** Applies the kept choice and puts the switch into `place`. Canvases listen to the document's event "theme" and paint anew. */
export function theme(place) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  apply(kept());
  dark.addEventListener("change", () => document.dispatchEvent(new Event("theme")));
  place.append(
    button("theme", text.theme, () => {
      const now = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
      const next = now === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // as above
      }
      apply(next);
    }, { quiet: true, kind: "bare" }),
  );
}

/** The colours of the page, for canvases: `colour("--series0")`. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
