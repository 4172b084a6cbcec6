// The left side: the paper, its tools, and what is seen on it. It stays beside every view.

import { Bars } from "./bars.js";
import { written } from "./digits.js";
import { button, choice, element, fill, show, write } from "./dom.js";
import { Drawing, HEIGHT, WIDTH } from "./drawing.js";
import { percent } from "./numbers.js";
import { paintBytes } from "./pixels.js";
import { Recogniser } from "./recognise.js";
import { text } from "./text.js";

/** Builds the panel; gives the drawing and a place for a button of another view. */
export function drawView(place, session) {
  const words = text.draw;
  const paper = element("canvas.paper", { tabindex: 0, role: "img", "aria-label": words.paper, "aria-describedby": "paper-hint" });
  const hintText = element("span", {}, words.hint);
  const keys = element("span.keys", {}, ` ${words.keys}`);
  const hint = element("p.hint", { id: "paper-hint" }, hintText, keys);
  const drawing = new Drawing(paper);
  const bars = new Bars();
  const answer = element("output.answer", { "aria-live": "polite", "aria-atomic": "true" });
  const sure = element("p.sure");
  const seen = element("canvas.pixels.seen", { width: 28, height: 28, role: "img", "aria-label": words.seenLabel });
  const seenText = element("span", {}, words.seen);
  const undo = button("undo", words.undo, () => drawing.undo(), { disabled: true });
  const erase = button("erase", words.erase, () => drawing.erase(), { disabled: true });
  const extra = element("div.extra");
  const who = choice(words.who, "who", [["built_in", words.builtIn], ["current", words.current]], "built_in", use);
  const origin = button("how", words.how, () => session.say("explain", "probabilities"), { quiet: true, kind: "bare" });
  const found = element("div.found", { "aria-busy": "false" },
    element("div.said", {}, answer, sure, element("figure", {}, seen, element("figcaption", {}, seenText))),
    element("div.odds", {}, bars.place, origin));
  const recogniser = new Recogniser(session, drawing, shown, (busy) => found.setAttribute("aria-busy", String(busy)));

  fill(
    place,
    element("div.head", {}, element("h2", {}, words.title), who),
    element("div.sheet", {}, paper, hint),
    element("div.tools", {}, undo, erase, extra),
    found,
  );

  function use(model) {
    recogniser.model = model;
    who.choose(model);
    recogniser.look();
  }

  function shown(what) {
    if (!what || what.error) {
      drawing.frame([]);
      fill(answer, "");
      write(sure, what ? what.error.message || text.engine.waiting : "");
      bars.show(recogniser.names ?? [], null);
      seen.getContext("2d").clearRect(0, 0, seen.width, seen.height);
      return;
    }
    const { names, chosen, digits } = what;
    const one = digits[chosen];
    drawing.frame(digits.length > 1 ? digits.map(({ box }, at) => ({ ...box, chosen: at === chosen })) : []);
    answer.classList.toggle("long", digits.length > 3 || names[one.class].length > 3);
    if (digits.length === 1) write(answer, names[one.class]);
    else {
      fill(answer, digits.map((digit, at) => {
        const pick = () => {
          recogniser.chosen = at;
          recogniser.look();
        };
        return element("button", { type: "button", onclick: pick, "aria-pressed": String(at === chosen) }, names[digit.class]);
      }));
    }
    write(sure, words.sure(percent(one.probabilities[one.class])));
    bars.show(names, one.probabilities);
    if (one.bytes.length) paintBytes(seen, one.bytes, one.seen);
    write(seenText, words.seenSize(one.seen));
  }

  function changed() {
    if (drawing.empty) recogniser.chosen = null;
    undo.disabled = !drawing.undoable;
    erase.disabled = drawing.empty;
    show(hint, drawing.empty);
    recogniser.look();
  }
  drawing.addEventListener("stroke", changed);
  drawing.addEventListener("lifted", changed);

  paper.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key === "z" && !event.altKey) drawing.undo();
      else return;
    } else if (/^[0-9]$/.test(event.key)) writeDigit(Number(event.key));
    else if (event.key === "Backspace") drawing.undo();
    else if (event.key === "Delete" || event.key === "Escape") drawing.erase();
    else return;
    event.preventDefault();
  });

  /** Writes a digit beside what is there, as far as there is room; then on a new sheet. */
  function writeDigit(digit) {
    const height = 150;
    const width = (20 / 28) * height;
    let left = drawing.empty ? 40 : drawing.right + 30;
    if (left + width > WIDTH) {
      drawing.erase();
      left = 40;
    }
    drawing.add(written(digit, left, (HEIGHT - height) / 2, height));
  }

  let before = null;
  session.on("model", () => {
    const { model } = session;
    if (model) document.body.dataset.model = model.origin;
    else delete document.body.dataset.model;
    who.querySelector('input[value="current"]').disabled = !model;
    if (!model && recogniser.model === "current") use("built_in");
    else if (model && model.origin !== before) use("current");
    else recogniser.look();
    before = model?.origin ?? null;
  });
  // The network has learnt something: what it says about the drawing may be another thing now.
  session.on("learnt", () => {
    if (recogniser.model === "current" && !drawing.drawingNow && !document.hidden) recogniser.look();
  });
  session.on("trouble", () => !session.trouble && recogniser.look());

  who.querySelector('input[value="current"]').disabled = true;
  shown(null);
  /** What the paper is for in a view. */
  function beside(view) {
    write(hintText, view === "teach" ? words.hintTeach : words.hint);
    show(keys, view !== "teach");
  }
  return { drawing, extra, beside };
}
