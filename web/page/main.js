// Puts the page together: first what is seen, then the engine.

import { device } from "./device.js";
import { drawView } from "./draw-view.js";
import { connect } from "./engine.js";
import { isModel, target } from "./files.js";
import { howView } from "./how-view.js";
import { modelsView } from "./models-view.js";
import { notices } from "./notices.js";
import { Session } from "./session.js";
import { recipeIn } from "./share.js";
import { VIEWS, tabs } from "./tabs.js";
import { teachView } from "./teach-view.js";
import { text } from "./text.js";
import { theme } from "./theme.js";
import { trainView } from "./train-view.js";
import { Trainer } from "./trainer.js";

const at = (id) => document.getElementById(id);
const session = new Session();
const trainer = new Trainer(session);

document.title = text.title;
theme(at("theme"));
notices(at("notices"), session);
device(at("engine"), session);
const paper = drawView(at("draw"), session);
const views = {
  train: trainView(at("train"), session, trainer),
  teach: teachView(at("teach"), session, trainer, paper),
  models: modelsView(at("models"), session),
  how: howView(at("how"), session, trainer),
};
const bar = tabs(at("tabs"), (name) => {
  paper.beside(name);
  views[name]?.opened?.();
});

session.on("go", (name) => {
  bar.open(name);
  if (name === "train") session.say("watch");
});
session.on("explain", (what) => {
  bar.open("how");
  views.how.origin(what);
});
addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, button, a");
  if (event.key === "Enter" && bar.now === "teach" && !typing && !event.repeat) views.teach.add();
});
target(document.body, (items) => {
  const model = [...items].map((item) => item.getAsFile()).find((file) => file && isModel(file));
  if (model) {
    bar.open("models");
    return views.models.load(model);
  }
  return (views[bar.now]?.dropped ?? views.train.dropped)(items);
});

async function followAddress() {
  const name = location.hash.slice(1).split("&")[0];
  bar.open(VIEWS.includes(name) ? name : "draw", true);
  const recipe = await recipeIn(location.hash);
  if (recipe !== null) views.train.setRecipe(recipe);
  else if (location.hash.includes("recipe=")) session.say("notice", { kind: "error", message: text.recipe.brokenLink });
}
addEventListener("hashchange", followAddress);
await followAddress();

/** The engine's greeting: what it has and can do, now and after each new connection. */
async function greet() {
  const { reply } = await session.engine.request({ do: "hello" });
  session.hello = reply;
  session.native = reply.engine === "native";
  if (!reply.devices.some(({ id }) => id === session.device)) session.device = reply.devices[0]?.id ?? null;
  if (reply.data) session.setData({ source: reply.data.name === "MNIST" ? "mnist" : "file", ...reply.data });
  session.opened();
  trainer.adopt(reply);
  session.say("hello");
  if (!session.native) keepOffline();
}

/** The page opens without a network from now on; that of `inkgrad app` is on this machine anyway. */
function keepOffline() {
  if (!navigator.serviceWorker) return;
  navigator.serviceWorker.register("sw.js").catch(() => {}); // without it the page needs a network, no more
}

function heard(event, attachments) {
  if (trainer.take(event, attachments)) return;
  if (event.event === "progress") session.say("progress", event);
  else if (event.event.startsWith("verif")) views.how.verified(event);
}

async function begin() {
  try {
    session.engine = await connect();
    session.engine.onevent = heard;
    session.engine.onstate = (state, reason) => {
      if (state === "open") return greet().catch((error) => session.complain(error));
      trainer.lost(state === "closed");
      return session.gone(state, reason);
    };
    await greet();
  } catch (error) {
    session.gone("closed", error.message);
  }
}

// After the first paint: nothing of the engine stands in its way.
requestAnimationFrame(() => setTimeout(begin));
