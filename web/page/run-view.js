// A run as one looks at it: figures, curves, confusion, mistakes, filters. Painted at most once a frame.

import { Confusion } from "./confusion.js";
import { Curves } from "./curves.js";
import { element, fill, show, write } from "./dom.js";
import { duration, loss, percent, rate, whole } from "./numbers.js";
import { paintFilters, picture } from "./pixels.js";
import { text } from "./text.js";

/** Mistakes and filters shown at most. */
const MISTAKES = 24;
const FILTERS = 64;

export class RunView {
  #session;
  #trainer;
  #curves = new Curves();
  #confusion = new Confusion((picked) => this.#mistakes(picked));
  #tiles = new Map();
  #bar = element("progress", { max: 1, value: 0, "aria-label": text.run.progress });
  #state = element("p.state", { role: "status" });
  #pictures = element("div.pictures");
  #picturesTitle = element("h3");
  #filters = element("canvas.pixels", { role: "img", width: 1, height: 1 });
  #filtersBox;
  #shownMistakes = null;
  #shownFilters = null;
  #due = false;

  constructor(session, trainer) {
    const words = text.run;
    [this.#session, this.#trainer] = [session, trainer];
    this.#filtersBox = element("div.filters", {}, this.#title(words.filters, "filters"), this.#filters);
    this.place = element("div.run", {},
      element("div.tiles", {}, ["step", "loss", "accuracy", "speed", "left"].map((name) => this.#tile(name))),
      this.#bar, this.#state,
      element("div.plots", {}, this.#curves.places),
      element("div.side", {}, this.#title(words.confusion, "confusion"), this.#confusion.place),
      element("div.wrongs", {}, this.#picturesTitle, this.#pictures),
      this.#filtersBox);
    session.on("news", () => this.#soon());
    session.on("run", () => this.#soon());
    session.on("trouble", () => this.#soon());
    session.on("progress", (progress) => this.#progress(progress));
    document.addEventListener("theme", () => {
      this.#shownFilters = null;
      this.#soon();
    });
    this.#paint();
  }

  /** A heading whose button leads to the code behind it. */
  #title(title, what) {
    return element("h3", {}, title, this.#origin(what));
  }

  #origin(what) {
    return element("button.origin", { type: "button", "aria-label": text.how.origin, title: text.how.origin, onclick: () => this.#session.say("explain", what) }, "ƒ");
  }

  #tile(name) {
    const [value, note] = [element("strong"), element("small")];
    this.#tiles.set(name, { value, note });
    const origin = ["loss", "accuracy", "speed"].includes(name) ? this.#origin(name) : null;
    return element("div.tile", {}, element("span", {}, text.run.tiles[name], origin), value, note);
  }

  #put(name, value, note = "") {
    const tile = this.#tiles.get(name);
    write(tile.value, value);
    write(tile.note, note);
  }

  #soon() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#paint();
    });
  }

  #progress({ what, done, total }) {
    if (this.#trainer.run?.state !== "starting") return;
    this.#bar.value = total ? done / total : 0;
    write(this.#state, text.run.progressOf(what, done, total));
  }

  #paint() {
    const { run } = this.#trainer;
    const words = text.run;
    const started = run && run.state !== "starting";
    this.#put("step", started ? whole(run.count) : "–", started ? words.ofSteps(whole(run.steps)) : "");
    const last = run?.test ?? run?.validations.at(-1);
    this.#put("loss", started && run.count ? loss(run.recentLoss) : "–", last ? words.lossNote(loss(last.loss), last.of) : "");
    this.#put("accuracy", last ? percent(last.accuracy, 2) : "–", last ? words.accuracyNote(last.of) : "");
    this.#put("speed", run?.imagesASecond ? whole(run.imagesASecond) : "–", run?.stepsASecond ? words.stepsASecond(run.stepsASecond) : "");
    const left = !started ? "–" : run.state === "running" ? duration(run.secondsLeft) : words.states[run.state];
    this.#put("left", left, started && run.rate !== null ? words.rateNote(rate(run.rate)) : "");
    if (started) {
      this.#bar.value = run.steps ? run.count / run.steps : 0;
      this.#bar.removeAttribute("hidden");
    } else this.#bar.value = 0;
    this.place.classList.toggle("idle", !run);
    write(this.#state, this.#said(run));
    this.#curves.show(run);
    this.#confusion.show(run?.classes ?? this.#session.data?.classes ?? [..."0123456789"], run?.confusion ?? null);
    if (this.#shownMistakes !== run?.mistakes) this.#mistakes(this.#confusion.picked);
    this.#showFilters(run?.filters ?? null);
  }

  #said(run) {
    const words = text.run;
    if (!run) return words.idle;
    if (run.state === "starting") return words.starting;
    if (run.state === "failed" || run.state === "lost") return run.failure;
    const device = this.#session.hello?.devices.find(({ id }) => id === run.device)?.name ?? run.device;
    const what = words.what(run.about.name, whole(run.parameters), device);
    return run.test ? words.tested(what, percent(run.test.accuracy, 2), run.test.of, run.state === "stopped") : what;
  }

  /** The mistakes, all or those of one cell of the confusion matrix. */
  #mistakes(picked) {
    const { run } = this.#trainer;
    const mistakes = run?.mistakes ?? null;
    this.#shownMistakes = mistakes;
    const names = run?.classes ?? [];
    const words = text.run;
    const all = mistakes?.items.map((item, at) => ({ ...item, at })) ?? [];
    const some = picked ? all.filter(({ label, said }) => label === picked[0] && said === picked[1]) : all;
    write(this.#picturesTitle, picked ? words.mistakesOf(names[picked[0]], names[picked[1]]) : words.mistakes);
    if (!some.length) {
      fill(this.#pictures, element("p.quiet", {}, mistakes ? (picked ? words.noneOfThese : words.noMistakes) : words.mistakesLater));
      return;
    }
    const { pixels } = mistakes;
    const { shape } = run;
    const size = shape.height * shape.width * shape.channels;
    fill(this.#pictures, some.slice(0, MISTAKES).map(({ label, said, probability, at }) =>
      element("figure", {},
        picture(pixels.subarray(at * size, (at + 1) * size), shape, words.mistakeLabel(names[label], names[said])),
        element("figcaption", {}, element("b.good", {}, names[label]), " → ", element("b.bad", {}, names[said]), element("small", {}, percent(probability, 0))))));
  }

  #showFilters(filters) {
    if (this.#shownFilters === filters) return;
    this.#shownFilters = filters;
    show(this.#filtersBox, Boolean(filters));
    if (!filters) return;
    const count = Math.min(filters.count, FILTERS);
    const box = this.#filtersBox;
    const ratio = Math.max(0.5, box.clientWidth / Math.max(box.clientHeight - 26, 40));
    const columns = Math.min(count, Math.max(1, Math.ceil(Math.sqrt(count * ratio * (filters.height / filters.width)))));
    paintFilters(this.#filters, filters.weights, { ...filters, count }, columns);
    this.#filters.setAttribute("aria-label", text.run.filtersLabel(count, filters.height, filters.width));
  }
}
