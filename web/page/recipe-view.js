// Choosing and editing a recipe: presets, the form, the text, and the layers that the engine makes of it.

import { button, element, fill, write } from "./dom.js";
import { Editor } from "./editor.js";
import { EngineError } from "./engine.js";
import { whole } from "./numbers.js";
import { RecipeForm } from "./recipe-form.js";
import { withoutIntroduction } from "./recipe-text.js";
import { recipeLink } from "./share.js";
import { text } from "./text.js";

/** Milliseconds without a key before the engine checks the text. */
const REST = 250;

export class RecipeView {
  #session;
  #presets;
  #about;
  #form;
  #editor;
  #layers;
  #timer = 0;
  #asked = 0;
  /** The recipe's text, the preset's name or null, and whether the engine takes it (null: not known yet). */
  recipe = "";
  preset = null;
  valid = null;
  /** The engine's answer to `check`. */
  plan = null;

  constructor(session) {
    const words = text.recipe;
    this.#session = session;
    this.#presets = element("fieldset.presets", {}, element("legend", {}, words.presets));
    this.#about = element("p.about");
    this.#form = new RecipeForm((recipe) => this.#edited(recipe, "form"));
    this.#editor = new Editor((recipe) => this.#edited(recipe, "editor"));
    this.#layers = element("ol.layers", { "aria-label": words.layers });
    const link = button("link", words.link, () => this.#copyLink(), { kind: "bare" });
    this.place = element("div.recipe", {}, this.#presets,
      element("div.middle", {}, this.#about, this.#form.place, element("h3", {}, words.layers), this.#layers),
      element("div.text", {}, element("div.head", {}, element("h3", {}, words.toml), link), this.#editor.place));
    this.#fillPresets([{ name: "softmax" }, { name: "mlp" }, { name: "lenet5" }, { name: "fast" }, { name: "cnn" }, { name: "record" }, { name: "colour" }]);
    session.on("hello", () => this.#hello());
    session.on("data", () => this.check());
  }

  /** Takes a recipe from elsewhere: a link. */
  set(recipe) {
    this.preset = null;
    this.#take(recipe);
  }

  #hello() {
    const { presets } = this.#session.hello;
    this.#fillPresets(presets);
    if (!this.recipe) this.#choose("softmax");
    else this.check();
  }

  #fillPresets(presets) {
    const items = presets.map(({ name }) => {
      const input = element("input", { type: "radio", name: "preset", value: name, checked: name === (this.preset ?? "softmax"), onchange: () => this.#choose(name) });
      return element("label", {}, input, element("span", {}, element("b", {}, name), element("small", {}, text.recipe.presetNotes[name] ?? "")));
    });
    fill(this.#presets, element("legend", {}, text.recipe.presets), ...items);
  }

  #choose(name) {
    const preset = this.#session.hello?.presets.find((one) => one.name === name);
    if (!preset) return;
    this.preset = name;
    write(this.#about, preset.about);
    this.#take(withoutIntroduction(preset.toml));
  }

  #take(recipe) {
    this.recipe = recipe;
    this.#form.show(recipe);
    this.#editor.value = recipe;
    for (const input of this.#presets.querySelectorAll("input")) input.checked = input.value === this.preset;
    if (!this.preset) write(this.#about, text.recipe.own);
    this.#session.say("recipe");
    this.check();
  }

  #edited(recipe, by) {
    this.recipe = recipe;
    if (by === "form") this.#editor.value = recipe;
    else this.#form.show(recipe);
    this.#session.say("recipe");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), REST);
  }

  /** The name under which a run with this recipe is shown: its preset's, with a mark if it was changed. */
  get name() {
    if (!this.preset) return text.recipe.ownName;
    const preset = this.#session.hello.presets.find(({ name }) => name === this.preset);
    return withoutIntroduction(preset.toml) === this.recipe ? this.preset : text.recipe.changed(this.preset);
  }

  /** Has the engine check the recipe, and shows what it says. */
  async check() {
    clearTimeout(this.#timer);
    if (!this.recipe) return;
    const asked = (this.#asked += 1);
    try {
      const { reply } = await this.#session.ask({ do: "check", recipe: this.recipe });
      if (asked !== this.#asked) return;
      this.valid = true;
      this.plan = reply;
      this.#editor.error(null);
      fill(this.#layers, reply.layers.map((layer) => this.#layer(layer)));
    } catch (error) {
      if (asked === this.#asked) this.refuse(error);
    }
    this.#session.say("recipe");
  }

  /** Shows an error of the engine at the recipe. */
  refuse(error) {
    if (error instanceof EngineError && error.kind === "lost") return;
    this.valid = false;
    this.plan = null;
    this.#editor.error(error);
  }

  #layer({ name, kind, output, parameters }) {
    const shape = output.join(" × ");
    return element("li", {}, element("b", {}, kind ?? name), element("span", {}, shape), element("span.count", {}, parameters ? whole(parameters) : ""));
  }

  async #copyLink() {
    const link = await recipeLink(this.recipe);
    history.replaceState(null, "", link);
    try {
      await navigator.clipboard.writeText(location.href);
      this.#session.say("notice", { kind: "note", message: text.recipe.copied });
    } catch {
      this.#session.say("notice", { kind: "note", message: text.recipe.inAddress });
    }
  }
}
