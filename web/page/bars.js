// Bars of probabilities, one for each class. They are made anew only when the classes change: otherwise they move.

import { element, fill, write } from "./dom.js";
import { text } from "./text.js";

/** More classes than these are shown as the surest of them. */
const MOST = 12;

export class Bars {
  #place;
  #rows = [];
  #names = "";

  constructor() {
    this.#place = element("ol.bars", { "aria-label": text.draw.bars });
  }

  get place() {
    return this.#place;
  }

  /** Shows probabilities; without any, empty bars of these classes. */
  show(names, probabilities) {
    const order = names.map((_, at) => at);
    if (names.length > MOST && probabilities) order.sort((a, b) => probabilities[b] - probabilities[a]);
    const shown = order.slice(0, MOST);
    const key = JSON.stringify(shown.length === names.length ? names : shown.length);
    if (key !== this.#names) {
      this.#names = key;
      this.#rows = shown.map(() => {
        const [name, bar, value] = [element("span.name"), element("span.track", {}, element("span.filled")), element("span.value")];
        return { name, value, row: element("li", {}, name, bar, value) };
      });
      fill(this.#place, ...this.#rows.map(({ row }) => row));
    }
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    shown.forEach((at, number) => {
      const { row, name, value } = this.#rows[number];
      const share = probabilities?.[at] ?? 0;
      write(name, names[at]);
      row.style.setProperty("--share", share.toFixed(4));
      row.classList.toggle("best", at === best);
      write(value, probabilities ? (100 * share).toFixed(share >= 0.9995 ? 0 : 1) : "");
    });
  }
}
