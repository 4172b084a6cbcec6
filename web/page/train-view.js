// The view "Train": a recipe to choose, a run to watch, and the controls of both.

import { button, choice, element, fill, show, write } from "./dom.js";
import { EngineError } from "./engine.js";
import { gather } from "./files.js";
import { rate, whole } from "./numbers.js";
import { RecipeView } from "./recipe-view.js";
import { RunView } from "./run-view.js";
import { text } from "./text.js";

export function trainView(place, session, trainer) {
  const words = text.train;
  const recipe = new RecipeView(session);
  const watch = new RunView(session, trainer);
  const which = choice(words.which, "train-part", [["recipe", words.recipe], ["run", words.run]], "recipe", open);
  const summary = element("p.summary", { "aria-live": "polite" });
  const data = element("select", { "aria-label": words.data, onchange: () => chooseData(data.value) });
  const file = element("input", { type: "file", hidden: true, onchange: () => file.files.length && useFile(file.files[0]) });
  const start = button("play", words.start, begin, { kind: "primary" });
  const pause = button("pause", words.pause, () => trainer.pause());
  const goOn = button("play", words.goOn, () => trainer.goOn(), { kind: "primary" });
  const stop = button("stop", words.stop, () => trainer.stop());
  const reset = button("reset", words.reset, () => trainer.reset());
  const slower = element("button", { type: "button", "aria-label": words.slower, title: words.slower, onclick: () => trainer.changeRate(0.5) }, "÷2");
  const faster = element("button", { type: "button", "aria-label": words.faster, title: words.faster, onclick: () => trainer.changeRate(2) }, "×2");
  const rateNow = element("output");
  const rateBox = element("div.rate", { role: "group", "aria-label": words.rate }, element("span", {}, words.rate), rateNow, slower, faster);
  fill(place,
    element("div.head", {}, element("h2.unseen", {}, words.title), which, summary, file,
      element("div.controls", {}, data, rateBox, pause, goOn, stop, reset, start)),
    recipe.place, watch.place);

  function open(part) {
    which.choose(part);
    show(recipe.place, part === "recipe");
    show(watch.place, part === "run");
    show(data, part === "recipe");
    show(summary, part === "recipe");
  }

  async function begin() {
    const about = { name: recipe.name, origin: "run", recipe: recipe.recipe, seed: 0 };
    open("run");
    try {
      await trainer.start(about, session.data ? undefined : () => trainer.needMnist());
    } catch (error) {
      if (error instanceof EngineError && error.line) {
        recipe.refuse(error);
        open("recipe");
      } else session.complain(error);
    }
  }

  async function chooseData(value) {
    if (value === "file") file.click();
    else if (value === "mnist") {
      try {
        await trainer.needMnist();
      } catch (error) {
        session.complain(error);
      }
    }
    listData();
  }

  async function useFile(chosen) {
    session.say("notice", { kind: "note", message: words.reading(chosen.name) });
    const answer = await session.try({ do: "data", source: "file", name: chosen.name }, [await chosen.arrayBuffer()]);
    if (answer) session.setData({ ...answer.reply, source: "file" });
    file.value = "";
  }

  function listData() {
    const { data: now } = session;
    const options = [element("option", { value: "mnist", selected: !now || now.source === "mnist" }, words.mnist)];
    if (now && now.source !== "mnist") options.push(element("option", { value: "now", selected: true }, words.dataName(now.name, now.classes.length)));
    options.push(element("option", { value: "file" }, words.otherData));
    fill(data, options);
  }

  function changed() {
    const { run } = trainer;
    const { active } = trainer;
    show(start, !active);
    write(start.querySelector("span"), run && !active ? words.startAgain : words.start);
    show(pause, active && run.state !== "paused");
    show(goOn, active && run.state === "paused");
    show(stop, active);
    show(reset, Boolean(run) && !active);
    show(rateBox, active);
    const none = Boolean(session.trouble);
    for (const each of [pause, goOn, stop, slower, faster]) each.disabled = none || run?.state === "starting";
    start.disabled = none || recipe.valid !== true;
    data.disabled = none || active;
    for (const input of place.querySelectorAll(".presets input")) input.disabled = active;
    news();
    const { plan } = recipe;
    write(summary, plan ? words.summary(whole(plan.parameters), whole(plan.steps), whole(plan.batch)) : "");
  }

  function news() {
    const { run } = trainer;
    if (run?.active) write(rateNow, run.rate === null ? "" : rate(run.rate));
  }

  for (const what of ["run", "recipe", "trouble", "hello"]) session.on(what, changed);
  session.on("news", news);
  session.on("data", listData);
  session.on("watch", () => open("run"));
  listData();
  changed();
  open("recipe");

  /** A file or folder that was dropped on this view: data to train on. */
  async function dropped(items) {
    const files = await gather(items);
    if (files.length === 1) await useFile(files[0].file);
    else if (files.length) session.say("notice", { kind: "note", message: words.dropFolder });
  }
  return { open, setRecipe: (toml) => recipe.set(toml), dropped };
}
