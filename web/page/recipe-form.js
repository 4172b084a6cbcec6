// The common fields of a recipe as a form. The text is the truth: the form reads it and changes its lines.

import { element, fill } from "./dom.js";
import { get, set } from "./recipe-text.js";
import { text } from "./text.js";

const OPTIMISERS = ["sgd", "momentum", "nesterov", "adam", "adamw"];
const SCHEDULES = ["constant", "one_cycle", "cosine", "linear", "exponential", "step"];

/** Fields of a number: path, smallest, largest, step of the arrows; what is empty stands for the default. */
const NUMBERS = [
  ["batch", 1, 65536, 1],
  ["learning_rate", 0, 100, "any"],
  ["optimiser.weight_decay", 0, 10, "any"],
  ["label_smoothing", 0, 0.99, 0.05],
  ["augmentation.shift", 0, 1, 0.01],
  ["augmentation.rotation", 0, 180, 1],
];

/** A select's choices; one that the recipe has and the list lacks is added. */
function choices(select, values, current) {
  const all = values.includes(current) || !current ? values : [...values, current];
  fill(select, all.map((value) => element("option", { value, selected: value === current }, text.recipe.choices[value] ?? value)));
}

export class RecipeForm {
  #inputs = new Map();
  #length;
  #unit;
  #optimiser;
  #schedule;
  #recipe = "";
  #onedit;

  /** `onedit(recipe)` at each change by hand. */
  constructor(onedit) {
    this.#onedit = onedit;
    const words = text.recipe;
    this.#length = element("input", { type: "number", min: 0.1, step: "any", inputmode: "decimal", "aria-label": words.fields.length, onchange: () => this.#setLength() });
    this.#unit = element("select", { "aria-label": words.unit, onchange: () => this.#setLength() },
      ["steps", "epochs"].map((unit) => element("option", { value: unit }, words.choices[unit])));
    this.#optimiser = element("select", { onchange: () => this.#setKind("optimiser", this.#optimiser.value) });
    this.#schedule = element("select", { onchange: () => this.#setKind("schedule", this.#schedule.value) });
    const number = ([path, min, max, step]) => {
      const input = element("input", { type: "number", min, max, step, inputmode: "decimal", placeholder: words.placeholders[path] ?? "0", onchange: () => this.#setNumber(path, input) });
      this.#inputs.set(path, input);
      return this.#field(words.fields[path], input);
    };
    const [batch, rate, decay, smoothing, shift, rotation] = NUMBERS.map(number);
    this.place = element("form.fields", { onsubmit: (event) => event.preventDefault() },
      this.#field(words.fields.length, element("span.pair", {}, this.#length, this.#unit)),
      batch, rate, this.#field(words.fields.optimiser, this.#optimiser), this.#field(words.fields.schedule, this.#schedule),
      decay, smoothing, shift, rotation);
  }

  #field(label, control) {
    return element("label.field", {}, element("span", {}, label), control);
  }

  /** Shows what a recipe says. */
  show(recipe) {
    this.#recipe = recipe;
    const unit = get(recipe, "steps") !== null ? "steps" : "epochs";
    this.#unit.value = unit;
    this.#length.value = get(recipe, unit) ?? "";
    for (const [path, input] of this.#inputs) {
      const value = get(recipe, path) ?? "";
      if (input.value !== value) input.value = value;
    }
    choices(this.#optimiser, OPTIMISERS, get(recipe, "optimiser.kind"));
    choices(this.#schedule, SCHEDULES, get(recipe, "schedule.kind") ?? "constant");
  }

  #edit(recipe) {
    this.show(recipe);
    this.#onedit(recipe);
  }

  #setLength() {
    const [unit, other] = this.#unit.value === "steps" ? ["steps", "epochs"] : ["epochs", "steps"];
    const value = Number(this.#length.value);
    if (!(value > 0)) return this.show(this.#recipe);
    return this.#edit(set(set(this.#recipe, other, null), unit, String(unit === "steps" ? Math.round(value) : value)));
  }

  #setNumber(path, input) {
    const value = input.value.trim();
    // A number that is none stays in the recipe as it was.
    if (value !== "" && !Number.isFinite(Number(value))) return this.show(this.#recipe);
    return this.#edit(set(this.#recipe, path, value === "" ? null : value));
  }

  /** Another kind takes only the fields that all kinds have. */
  #setKind(key, kind) {
    const decay = key === "optimiser" ? get(this.#recipe, "optimiser.weight_decay") : null;
    let recipe = set(this.#recipe, key, `{ kind = "${kind}" }`);
    if (decay) recipe = set(recipe, "optimiser.weight_decay", decay);
    if (key === "schedule" && kind === "step") recipe = set(set(recipe, "schedule.every", "1"), "schedule.factor", "0.5");
    if (key === "schedule" && kind === "exponential") recipe = set(recipe, "schedule.factor", "0.9");
    if (key === "schedule" && kind === "constant") recipe = set(recipe, "schedule", null);
    return this.#edit(recipe);
  }
}
