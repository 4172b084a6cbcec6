// The view "Models": take the network along, bring one, keep some in this browser.

import { button, element, fill, show, write } from "./dom.js";
import { save, target } from "./files.js";
import { Shelf } from "./shelf.js";
import { bytes, percent } from "./numbers.js";
import { text } from "./text.js";

const FORMATS = ["safetensors", "onnx", "c", "pytorch", "keras"];

export function modelsView(place, session) {
  const words = text.models;
  const shelf = new Shelf();
  const now = element("p.now", { "aria-live": "polite" });
  const classes = element("p.quiet");
  const saves = FORMATS.map((format) => button("models", words.formats[format].name, () => take(format)));
  const keep = button("teach", words.keep, keepIt);
  const file = element("input", { type: "file", hidden: true, accept: ".safetensors,.onnx,.h5,.keras", onchange: () => file.files.length && load(file.files[0]).then(() => (file.value = "")) });
  const drop = element("div.drop", {}, element("p", {}, words.drop), button("file", words.choose, () => file.click()), file, element("p.quiet", {}, words.takes));
  const kept = element("ul.kept");

  fill(place,
    element("div.head", {}, element("h2", {}, words.title), element("p.summary", {}, words.about)),
    element("div.columns", {},
      element("section", {}, element("h3", {}, words.now), now, classes,
        element("dl.formats", {}, FORMATS.flatMap((format, at) => [element("dt", {}, saves[at]), element("dd", {}, words.formats[format].note)])), keep),
      element("section", {}, element("h3", {}, words.bring), drop, element("h3", {}, words.kept), kept)));
  target(drop, (items) => {
    const dropped = [...items].map((item) => item.getAsFile()).find(Boolean);
    if (dropped) load(dropped);
  });

  async function take(format) {
    const answer = await session.try({ do: "model_out", format });
    if (!answer) return;
    const [content] = answer.attachments;
    save(answer.reply.name, content);
    session.say("notice", { kind: "note", message: words.saved(answer.reply.name, bytes(content.byteLength)) });
  }

  async function load(model) {
    await bring(model.name, await model.arrayBuffer());
  }

  async function bring(name, content) {
    const answer = await session.try({ do: "model_in", name }, [content]);
    if (!answer) return;
    const { names, accuracy, recipe } = answer.reply;
    session.setModel(null); // so that the drawing is recognised with the new one, whatever was chosen
    session.setModel({ name, names, accuracy, parameters: answer.reply.parameters, recipe, origin: "file" });
    session.say("notice", { kind: "note", message: words.loaded(name) });
  }

  async function keepIt() {
    const answer = await session.try({ do: "model_out", format: "safetensors" });
    if (!answer) return;
    const { name, names, accuracy } = session.model;
    try {
      await shelf.put({ name: name.replace(/\.safetensors$/, ""), names, accuracy, date: Date.now(), bytes: answer.attachments[0] });
    } catch (error) {
      session.say("notice", { kind: "error", message: words.noShelf(error.message) });
    }
    list();
  }

  async function list() {
    const all = await shelf.all().catch(() => []);
    fill(kept, all.length ? all.map((model) => element("li", {},
      element("div", {}, element("b", {}, model.name), element("small", {}, words.keptNote(model.names, model.accuracy === null ? null : percent(model.accuracy), new Date(model.date)))),
      button("file", words.use(model.name), () => bring(`${model.name}.safetensors`, model.bytes.slice(0)), { quiet: true, kind: "bare" }),
      button("close", words.remove(model.name), () => shelf.remove(model.id).then(list), { quiet: true, kind: "bare" }))) : element("li.quiet", {}, words.keptNone));
  }

  function changed() {
    const { model } = session;
    for (const each of [...saves, keep]) each.disabled = !model || Boolean(session.trouble);
    write(now, model ? words.described(model.name, model.parameters, model.accuracy === null ? null : percent(model.accuracy, 2)) : words.none);
    write(classes, model ? words.classes(model.names) : "");
    show(classes, Boolean(model));
  }
  for (const what of ["model", "learnt", "trouble", "hello"]) session.on(what, changed);
  changed();
  list();
  return { load };
}
