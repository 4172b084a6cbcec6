// The view "Teach": classes with their pictures, drawn on the paper or dropped; trained in seconds.

import { button, choice, element, fill, show, write } from "./dom.js";
import { chosen, gather, isArchive, isPicture, target } from "./files.js";
import { percent, whole } from "./numbers.js";
import { Signs } from "./signs.js";
import { signRecipe } from "./sign-recipes.js";
import { text } from "./text.js";

/** Pictures of each class, at least: some are held back to test on. */
const FEWEST = 4;

/** Thumbnails shown of a class. */
const THUMBNAILS = 30;

export function teachView(place, session, trainer, { drawing, extra }) {
  const words = text.teach;
  const signs = new Signs();
  let kind = "drawings";
  /** A zip or another data file that stands instead of the classes here: the engine's data. */
  let archive = null;

  const cards = element("div.cards");
  const state = element("p.state", { role: "status" });
  const bar = element("progress", { max: 1, value: 0, "aria-label": text.run.progress });
  const train = button("play", words.train, begin, { kind: "primary" });
  const stop = button("stop", text.train.stop, () => trainer.stop());
  const watch = button("train", words.watch, () => session.say("go", "train"));
  const keep = button("models", words.keep, () => session.say("go", "models"));
  const kinds = choice(words.kind, "pictures", [["drawings", words.drawings], ["photos", words.photos]], kind, (value) => (kind = value));
  const files = element("input", { type: "file", multiple: true, hidden: true, accept: "image/*,.zip", onchange: () => take(chosen(files)).then(() => (files.value = "")) });
  const folder = element("input", { type: "file", webkitdirectory: true, hidden: true, onchange: () => take(chosen(folder)).then(() => (folder.value = "")) });
  const addDrawing = button("teach", "", add, { kind: "primary" });
  let filesFor = null;

  fill(place,
    element("div.head", {}, element("h2", {}, words.title), element("p.summary", {}, words.how),
      element("div.controls", {}, button("teach", words.addClass, () => focusName(signs.addClass())), button("folder", words.folder, () => folder.click()), files, folder)),
    cards,
    element("div.foot", {}, element("p.private", {}, words.private), kinds, bar, state, element("div.controls", {}, watch, keep, stop, train)));
  fill(extra, addDrawing);

  function focusName({ id }) {
    place.querySelector(`[data-class="${id}"] input[type=text]`)?.focus();
  }

  function paint() {
    const focused = document.activeElement?.closest?.("[data-class]")?.dataset.class;
    const field = document.activeElement?.dataset?.field;
    fill(cards, archive ? archiveCard() : signs.classes.map(card), element("p.drop-hint", {}, words.drop));
    if (focused && field) cards.querySelector(`[data-class="${focused}"] [data-field="${field}"]`)?.focus();
    changed();
  }

  function card(one) {
    const active = one.id === signs.active;
    const name = element("input", {
      type: "text", value: one.name, maxlength: 40, placeholder: words.name, "aria-label": words.name, autocomplete: "off", "data-field": "name",
      oninput: () => {
        one.name = name.value;
        changed();
      },
      onfocus: () => choose(one.id),
    });
    const pick = element("input", { type: "radio", name: "sign", checked: active, "data-field": "pick", onchange: () => choose(one.id) });
    const shown = one.items.slice(-THUMBNAILS);
    const made = element(active ? "article.card.active" : "article.card", { "data-class": String(one.id) },
      element("div.card-head", {},
        element("label.pick", { title: words.drawHere }, pick, element("span.unseen", {}, words.drawHere)), name,
        element("span.count", {}, whole(one.items.length)),
        button("file", words.addFiles, () => { filesFor = one.id; files.click(); }, { quiet: true, kind: "bare" }),
        signs.classes.length > 2 ? button("close", words.removeClass(one.name), () => signs.removeClass(one.id), { quiet: true, kind: "bare" }) : null),
      element("div.thumbs", {},
        shown.length ? shown.map((item) => thumbnail(one, item)) : element("p.quiet", {}, active ? words.emptyActive : words.empty)));
    made.addEventListener("click", (event) => event.target.closest("button, input, label") || choose(one.id));
    target(made, (items) => gather(items).then((found) => take(found, one.id)).catch(session.complain));
    return made;
  }

  function thumbnail(one, item) {
    return element("button.thumb", { type: "button", "aria-label": words.remove, title: words.remove, onclick: () => signs.remove(one.id, item.id) },
      element("img", { src: item.url, alt: "" }));
  }

  function archiveCard() {
    return element("article.card.wide", {},
      element("div.card-head", {}, element("b", {}, archive.name), button("close", words.removeArchive, () => { archive = null; paint(); }, { quiet: true, kind: "bare" })),
      element("p", {}, words.archive(whole(archive.train + archive.validation + archive.test), archive.classes.length, archive.height, archive.width)),
      element("p.quiet", {}, archive.classes.slice(0, 40).join(", ")));
  }

  function choose(id) {
    if (signs.active === id) return;
    signs.active = id;
    for (const each of cards.querySelectorAll("[data-class]")) {
      const active = each.dataset.class === String(id);
      each.classList.toggle("active", active);
      each.querySelector("input[type=radio]").checked = active;
    }
    changed();
  }

  async function add() {
    if (drawing.empty || signs.active === null) return;
    const picture = await drawing.png();
    drawing.erase();
    signs.add(signs.active, [picture], true);
  }

  /** Takes files: pictures into a class or by their folders' names, an archive as it is. */
  async function take(found, into = filesFor ?? signs.active) {
    filesFor = null;
    const packed = found.find(({ file }) => isArchive(file));
    if (packed) return takeArchive(packed.file);
    const pictures = found.filter(({ file }) => isPicture(file));
    if (!pictures.length) return session.say("notice", { kind: "error", message: words.noPictures });
    if (signs.pictures === 0) setKind("photos");
    // A folder of folders: each a class. Files alone, or one folder of them dropped on a class: that class.
    const deep = pictures.filter(({ folders }) => folders.length);
    if (new Set(deep.map(({ folders }) => folders.at(-1))).size > 1) signs.addFolders(deep);
    else if (into !== null) signs.add(into, pictures.map(({ file }) => file), false);
    return undefined;
  }

  async function takeArchive(file) {
    write(state, text.train.reading(file.name));
    const answer = await session.try({ do: "data", source: "file", name: file.name }, [await file.arrayBuffer()]);
    if (answer) {
      archive = answer.reply;
      setKind(archive.channels === 3 ? "photos" : "drawings");
      session.setData({ ...archive, source: "file" });
    }
    paint();
  }

  function setKind(value) {
    kind = value;
    kinds.choose(value);
  }

  async function begin() {
    const drawings = kind === "drawings";
    const pictures = archive ? archive.train : Math.round(0.8 * signs.pictures);
    try {
      await trainer.start({ name: words.modelName, origin: "signs", recipe: signRecipe(pictures, drawings), seed: 0 }, async () => {
        if (archive) return;
        const { message, attachments } = await signs.request(drawings);
        const { reply } = await session.ask(message, attachments);
        session.setData({ ...reply, source: "pictures" });
      });
    } catch (error) {
      session.complain(error);
    }
  }

  function changed() {
    const one = signs.of(signs.active);
    addDrawing.disabled = drawing.empty || !one;
    write(addDrawing.querySelector("span"), words.addTo(one?.name.trim() || words.unnamed));
    const mine = trainer.run?.about.origin === "signs" ? trainer.run : null;
    const busy = trainer.active;
    const missing = archive ? null : signs.missing(FEWEST);
    train.disabled = Boolean(missing) || busy || Boolean(session.trouble);
    show(train, !busy);
    show(stop, busy);
    stop.disabled = Boolean(session.trouble) || trainer.run?.state === "starting";
    show(watch, Boolean(mine));
    show(keep, Boolean(mine?.test));
    bar.value = mine?.steps ? mine.count / mine.steps : 0;
    write(state, said(mine, missing));
  }

  function said(mine, missing) {
    if (mine?.state === "starting") return text.run.starting;
    if (mine?.state === "failed" || mine?.state === "lost") return mine.failure;
    if (mine?.active) return words.training(percent(mine.count / (mine.steps || 1), 0), mine.validations.length ? percent(mine.validations.at(-1).accuracy, 0) : null);
    if (mine?.test) return words.trained(percent(mine.test.accuracy, 0));
    if (trainer.active) return words.busy;
    return missing ? words.missing[missing](FEWEST) : words.ready;
  }

  signs.addEventListener("change", paint);
  for (const what of ["run", "news", "trouble"]) session.on(what, changed);
  drawing.addEventListener("lifted", changed);
  drawing.addEventListener("stroke", changed);
  for (const name of words.examples) signs.addClass(name);
  return {
    /** Enter adds the drawing while this view is open. */
    add,
    dropped: (items) => gather(items).then((found) => take(found)).catch((error) => session.complain(error)),
  };
}
