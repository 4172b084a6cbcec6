// The view "How it works": the plan of a training step, the code of each op, the devices, and verify.

import { button, choice, element, fill, show, write } from "./dom.js";
import { highlighted } from "./highlight.js";
import { shortTime } from "./numbers.js";
import { text } from "./text.js";
import { Verify } from "./verify-view.js";

/** Which op a number of the page comes from: the first of the plan whose name has one of these. */
const ORIGINS = {
  loss: [/softmax_cross_entropy/],
  probabilities: [/softmax_cross_entropy/],
  accuracy: [/count_correct/, /confusion/, /softmax_cross_entropy/],
  confusion: [/confusion/, /count_correct/, /softmax_cross_entropy/],
  filters: [/^(adamw?|momentum|sgd|dense_sgd)/],
};

export function howView(place, session, trainer) {
  const words = text.how;
  const which = choice(words.which, "how-part", [["plan", words.plan], ["devices", words.devices], ["verify", words.verify]], "plan", open);
  const list = element("ol.ops", { "aria-label": words.ops });
  const note = element("p.quiet");
  const measure = button("play", words.measure, times);
  const title = element("h3");
  const facts = element("p.quiet");
  const code = element("code");
  const parts = element("div.parts");
  const source = element("pre", { tabindex: 0 }, code);
  const devices = element("div.devices");
  const verify = new Verify(session);
  const planBox = element("div.plan", {},
    element("div.list", {}, element("div.head", {}, note, measure), list),
    element("div.source", {}, element("div.head", {}, title, parts), facts, source));
  fill(place, element("div.head", {}, element("h2", {}, words.title), element("p.summary", {}, words.about), which), planBox, devices, verify.place);

  let ops = [];
  let seconds = null;
  let picked = -1;
  let part = "wgsl";
  let variant = null;
  const sources = new Map();

  function open(what) {
    which.choose(what);
    show(planBox, what === "plan");
    show(devices, what === "devices");
    show(verify.place, what === "verify");
    if (what === "plan" && !place.hidden) explain();
  }

  async function explain() {
    const answer = await session.try({ do: "explain" });
    if (!answer) return;
    const same = JSON.stringify(answer.reply.ops) === JSON.stringify(ops);
    ({ ops } = answer.reply);
    if (!same) {
      seconds = null;
      list_();
      pick(Math.max(picked, 0) < ops.length ? Math.max(picked, 0) : 0);
    }
  }

  function list_() {
    const most = seconds ? Math.max(...seconds, 1e-12) : 1;
    const rows = [];
    let phase = null;
    ops.forEach((op, at) => {
      if (op.phase !== phase) rows.push(element("li.phase", {}, words.phases[op.phase] ?? op.phase));
      ({ phase } = op);
      const shape = op.outputs[0]?.shape?.join(" × ") ?? "";
      rows.push(element("li", {}, element("button", { type: "button", "aria-pressed": String(at === picked), onclick: () => pick(at), style: { "--share": seconds ? (seconds[at] / most).toFixed(4) : "0" } },
        element("span.op", {}, op.op), element("span.layer", {}, op.layer ?? ""), element("span.shape", {}, shape),
        element("span.time", {}, seconds ? shortTime(seconds[at]) : ""))));
    });
    fill(list, rows);
    const total = seconds?.reduce((sum, value) => sum + value, 0);
    write(note, seconds ? words.total(ops.length, shortTime(total)) : words.count(ops.length));
  }

  async function times() {
    measure.disabled = true;
    const answer = await session.try({ do: "times" });
    measure.disabled = false;
    if (!answer) return;
    seconds = answer.reply.ops;
    if (!seconds) session.say("notice", { kind: "note", message: words.noTimes });
    list_();
  }

  async function pick(at) {
    picked = at;
    [...list.querySelectorAll("button")].forEach((each, number) => each.setAttribute("aria-pressed", String(number === at)));
    const op = ops[at];
    if (!op) {
      write(title, "");
      fill(parts);
      fill(code, words.nothing);
      return;
    }
    variant = op.chosen ?? op.variants?.[0] ?? null;
    await code_();
  }

  async function code_() {
    const op = ops[picked];
    write(title, op.op);
    write(facts, words.shapes(op.inputs, op.outputs));
    const key = `${op.op} ${variant}`;
    if (!sources.has(key)) {
      const answer = await session.try({ do: "source", op: op.op, variant });
      if (!answer) return;
      sources.set(key, answer.reply);
    }
    if (op !== ops[picked]) return;
    const texts = sources.get(key);
    const there = ["wgsl", "reference", "cpu"].filter((each) => texts[each]);
    if (!there.includes(part)) part = there[0];
    const variants = part === "wgsl" && op.variants?.length > 1
      ? element("select", { "aria-label": words.variant, onchange: ({ target }) => { variant = target.value; code_(); } },
        op.variants.map((name) => element("option", { value: name, selected: name === variant }, name === op.chosen ? words.inUse(name) : name)))
      : null;
    fill(parts, variants, choice(words.part, "code-part", there.map((each) => [each, words.parts[each]]), part, (chosen) => { part = chosen; code_(); }));
    fill(code, highlighted(texts[part] ?? ""));
    source.scrollTop = 0;
  }

  function showDevices() {
    const { hello } = session;
    if (!hello) return;
    fill(devices, element("p", {}, words.engine(hello.engine, hello.version)), hello.devices.map(({ id, name, note: about }) =>
      element(id === session.device ? "article.card.active" : "article.card", {}, element("h3", {}, name), element("p", {}, about || words.noNote), element("p.quiet", {}, id === session.device ? words.chosen : ""))),
      element("p.quiet", {}, words.choose));
  }

  /** Opens the op that a number comes from. */
  async function origin(what) {
    open("plan");
    await explain();
    if (what === "speed") return times();
    for (const pattern of ORIGINS[what] ?? []) {
      const at = ops.findIndex(({ op }) => pattern.test(op));
      if (at < 0) continue;
      part = "wgsl";
      await pick(at);
      list.querySelectorAll("button")[at]?.scrollIntoView({ block: "nearest" });
      return undefined;
    }
    return undefined;
  }

  for (const what of ["hello", "device"]) session.on(what, showDevices);
  session.on("trouble", () => (measure.disabled = Boolean(session.trouble)));
  session.on("run", () => !place.hidden && !planBox.hidden && !trainer.active && explain());
  open("plan");
  return { origin, opened: () => open(which.querySelector("input:checked").value), verified: (event) => verify.take(event) };
}
