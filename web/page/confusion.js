// The confusion matrix as a table: a row for each class as it is, a column for each class as it was predicted as.

import { element, fill, write } from "./dom.js";
import { whole } from "./numbers.js";
import { text } from "./text.js";

export class Confusion {
  #cells = [];
  #names = "";
  #onpick;
  #counts = null;

  /** `onpick(label, said)` when a cell is chosen: null for both when it is given up. */
  constructor(onpick) {
    this.#onpick = onpick;
    this.place = element("div.confusion");
    this.picked = null;
  }

  show(names, counts) {
    this.#counts = counts;
    const key = JSON.stringify(names);
    if (key !== this.#names) {
      this.#names = key;
      this.#build(names);
    }
    counts?.forEach((row, label) => {
      const all = row.reduce((sum, count) => sum + count, 0) || 1;
      row.forEach((count, said) => {
        const { cell, button } = this.#cells[label][said];
        cell.style.setProperty("--share", count ? (0.08 + 0.92 * (count / all) ** 0.5).toFixed(3) : "0");
        cell.classList.toggle("strong", count / all > 0.35);
        write(button, count ? String(count) : "");
        button.setAttribute("aria-label", text.run.cell(names[label], names[said], whole(count)));
      });
    });
    if (!counts) this.#cells.flat().forEach(({ cell, button }) => {
      cell.style.setProperty("--share", "0");
      cell.classList.remove("strong");
      write(button, "");
    });
  }

  #build(names) {
    this.picked = null;
    const words = text.run;
    this.#cells = names.map((_, label) => names.map((_, said) => {
      const button = element("button", { type: "button", tabindex: label === 0 && said === 0 ? 0 : -1, onclick: () => this.#pick(label, said) });
      return { button, cell: element(label === said ? "td.right" : "td.wrong", {}, button) };
    }));
    const head = element("tr", {}, element("td"), names.map((name) => element("th", { scope: "col", title: name }, name)));
    const rows = this.#cells.map((row, label) =>
      element("tr", {}, element("th", { scope: "row", title: names[label] }, names[label]), row.map(({ cell }) => cell)));
    const table = element(names.length > 12 ? "table.many" : "table", { style: { "--classes": String(names.length) } },
      element("caption.unseen", {}, words.confusionCaption), element("thead", {}, head), element("tbody", {}, rows));
    table.addEventListener("keydown", (event) => this.#walk(event));
    fill(this.place, table);
  }

  /** Arrow keys go from cell to cell: one stop of the Tab key for the whole table. */
  #walk(event) {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const step = steps[event.key];
    const label = this.#cells.findIndex((row) => row.some(({ button }) => button === document.activeElement));
    if (!step || label < 0) return;
    const said = this.#cells[label].findIndex(({ button }) => button === document.activeElement);
    const next = this.#cells[label + step[0]]?.[said + step[1]];
    if (!next) return;
    event.preventDefault();
    this.#cells[label][said].button.tabIndex = -1;
    next.button.tabIndex = 0;
    next.button.focus();
  }

  #pick(label, said) {
    const same = this.picked && this.picked[0] === label && this.picked[1] === said;
    if (!this.#counts) return;
    this.picked = same ? null : [label, said];
    this.#cells.forEach((row, l) => row.forEach(({ cell, button }, s) => {
      const chosen = !same && l === label && s === said;
      cell.classList.toggle("picked", chosen);
      button.setAttribute("aria-pressed", String(chosen));
    }));
    this.#onpick(this.picked);
  }
}
