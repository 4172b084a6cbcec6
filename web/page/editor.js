// A recipe as text: line numbers, and an error at its line.

import { element, fill, show, write } from "./dom.js";
import { text } from "./text.js";

export class Editor {
  #area;
  #numbers;
  #mark;
  #message;
  #lines = 0;
  #wrong = null;

  /** `onedit(text)` at each change by hand. */
  constructor(onedit) {
    const words = text.recipe;
    this.#area = element("textarea", {
      wrap: "off", spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-label": words.editor, "aria-describedby": "recipe-error",
      oninput: () => {
        this.#number();
        onedit(this.#area.value);
      },
      onscroll: () => this.#scroll(),
    });
    this.#numbers = element("div.numbers", { "aria-hidden": "true" });
    this.#mark = element("div.mark", { hidden: true });
    this.#message = element("p.wrong", { id: "recipe-error", role: "alert", hidden: true });
    this.place = element("div.editor", {}, element("div.sheet", {}, this.#numbers, this.#mark, this.#area), this.#message);
  }

  get value() {
    return this.#area.value;
  }

  set value(recipe) {
    if (recipe === this.#area.value) return;
    this.#area.value = recipe;
    this.#number();
  }

  /** Shows an error of the engine; null for none. */
  error(error) {
    this.#wrong = error?.line ?? null;
    this.#area.setAttribute("aria-invalid", String(Boolean(error)));
    show(this.#message, Boolean(error));
    if (error) write(this.#message, error.line ? text.recipe.atLine(error.line, error.message) : error.message);
    [...this.#numbers.children].forEach((number, at) => number.classList.toggle("bad", at + 1 === this.#wrong));
    this.#scroll();
  }

  /** Moves the cursor to a line that holds `found`. */
  seek(found) {
    const at = this.#area.value.indexOf(found);
    if (at < 0) return;
    this.#area.focus();
    this.#area.setSelectionRange(at, at + found.length);
  }

  #number() {
    const lines = this.#area.value.split("\n").length;
    if (lines === this.#lines) return;
    this.#lines = lines;
    fill(this.#numbers, Array.from({ length: lines }, (_, at) => element("span", {}, String(at + 1))));
  }

  #scroll() {
    const top = this.#area.scrollTop;
    this.#numbers.style.setProperty("--scrolled", `${-top}px`);
    show(this.#mark, this.#wrong !== null);
    if (this.#wrong) this.#mark.style.setProperty("--line", String(this.#wrong - 1));
    this.#mark.style.setProperty("--scrolled", `${-top}px`);
  }
}
