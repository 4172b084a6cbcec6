// The views and their tabs: arrow keys move between them, the address's end names the open one.

import { element, icon, show } from "./dom.js";
import { text } from "./text.js";

export const VIEWS = ["draw", "train", "teach", "models", "how"];

/** `onopen(name)` when a view opens. "draw" is a view only where the paper is not beside the others: on a phone. */
export function tabs(bar, onopen) {
  const small = matchMedia("(max-width: 899px)");
  const buttons = new Map(VIEWS.map((name) => [name, element("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": name, onclick: () => open(name) }, icon(name), element("span", {}, text.tabs[name]))]));
  bar.setAttribute("aria-label", text.tabs.label);
  bar.append(...buttons.values());
  let now = "";

  for (const name of VIEWS) {
    const panel = document.getElementById(name);
    panel.setAttribute("role", name === "draw" ? "region" : "tabpanel");
    panel.setAttribute(name === "draw" ? "aria-label" : "aria-labelledby", name === "draw" ? text.tabs.draw : `tab-${name}`);
  }

  function open(name, keepAddress = false) {
    now = name;
    document.body.dataset.view = name;
    const shown = name === "draw" && !small.matches ? "train" : name;
    for (const each of VIEWS) {
      const chosen = each === shown;
      buttons.get(each).setAttribute("aria-selected", String(chosen));
      buttons.get(each).tabIndex = chosen ? 0 : -1;
      // The paper stays beside all others; where there is room for one alone, style.css hides it by the view's name.
      if (each !== "draw") show(document.getElementById(each), chosen || (shown === "draw" && each === "train"));
    }
    if (!keepAddress) history.replaceState(null, "", `#${name}`);
    onopen(shown);
  }

  bar.addEventListener("keydown", (event) => {
    const shown = VIEWS.filter((name) => buttons.get(name).offsetParent);
    const at = shown.findIndex((name) => buttons.get(name) === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const name = shown[(to + shown.length) % shown.length];
    open(name);
    buttons.get(name).focus();
  });
  small.addEventListener("change", () => open(now, true));
  return { open, get now() { return now; } };
}
