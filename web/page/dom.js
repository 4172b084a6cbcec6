// Making elements. Attributes with a strict content security policy: styles only through CSSOM, never as text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `element("button.primary", {type: "button", onclick}, "Start")`. A property that is a function is a listener,
 * `true` a bare attribute, `null`, `undefined` and `false` none. `style: {"--share": 0.5}` sets CSS properties.
 */
export function element(selector, properties = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const made = document.createElement(tag || "div");
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "style") for (const [key, set] of Object.entries(value)) made.style.setProperty(key, set);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Replaces what an element holds. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return parent;
}

/** Sets the text only where it differs: a live region does not speak twice, nothing is laid out in vain. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets or removes the attribute `hidden`. */
export function show(target, visible) {
  if (target.hidden === visible) target.hidden = !visible;
}

const ICONS = {
  draw: "M4 20l4-1L19 8l-3-3L5 16zM14 7l3 3",
  train: "M4 19V5M4 19h16M7 15l4-5 3 3 5-7",
  teach: "M12 5v14M5 12h14",
  models: "M12 4v11M7 11l5 5 5-5M5 20h14",
  how: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
  erase: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  theme: "M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8z",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  stop: "M6 6h12v12H6z",
  reset: "M5 12a7 7 0 1 0 2-5M5 4v4h4",
  close: "M6 6l12 12M18 6L6 18",
  link: "M10 14l4-4M8 11l-2 2a4 4 0 0 0 5 5l2-2M16 13l2-2a4 4 0 0 0-5-5l-2 2",
  file: "M7 3h7l4 4v14H7zM14 3v5h4",
  folder: "M3 6h6l2 2h10v11H3z",
};

/** A small drawing beside a text; screen readers pass over it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a text; `quiet` hides the text from the eye alone. */
export function button(name, text, onclick, { quiet = false, kind = "", ...properties } = {}) {
  const label = element(quiet ? "span.unseen" : "span", {}, text);
  const title = quiet ? text : null;
  return element(`button${kind ? `.${kind}` : ""}`, { type: "button", onclick, title, ...properties }, name ? icon(name) : null, label);
}

/** One choice of several, side by side: radio buttons that look like one switch. */
export function choice(legend, name, options, chosen, onchange) {
  const inputs = options.map(([value, text]) => {
    const input = element("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) });
    return element("label", {}, input, element("span", {}, text));
  });
  const group = element("fieldset.choice", {}, element("legend.unseen", {}, legend), ...inputs);
  group.choose = (value) => {
    for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
  };
  return group;
}
