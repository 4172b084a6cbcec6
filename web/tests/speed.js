// How fast the engine in the browser trains, training alone: beside the program with one thread and its best vectors, in turn, and on a GPU.
//   node speed.js cpu [PRESET...]    ratios to the program
//   node speed.js gpu [PRESET...]    time per step and until the first loss
// Needs what web/build makes (DIST) and a built program (INKGRAD): see `run`.

import { execFileSync } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "./pages.js";
import { program, shortened } from "./real.js";
import { serve } from "./serve.js";

const STEPS = { cpu: { softmax: 3000, mlp: 300, lenet5: 200, fast: 60 }, gpu: { softmax: 1000, fast: 60 } };
const TURNS = 3;

const [device = "cpu", ...named] = process.argv.slice(2);
if (!STEPS[device]) throw new Error("the device is `cpu` or `gpu`");
const browser = await launch({ gpu: device === "gpu" });
const dist = process.env.DIST ?? new URL("../dist", import.meta.url).pathname;
const server = await serve(dist, { replaced: { "blank.html": () => "<!doctype html><title>speed</title>" } });
const page = await (await browser.newContext()).newPage();
await page.goto(`${server.address}blank.html`);
await page.evaluate(async () => {
  const { connect } = await import("./engine.js");
  window.engine = await connect();
  await window.engine.request({ do: "data", source: "mnist" });
});

/** Trains, and gives seconds from the click to the first loss, and seconds from the first to the last loss without validations. */
const trained = (recipe) =>
  page.evaluate(async ({ recipe, device }) => {
    const events = [];
    const click = performance.now();
    const ended = new Promise((resolve, reject) => {
      window.engine.onevent = (event) => {
        events.push({ ...event, at: performance.now() });
        if (event.event === "failed") reject(new Error(event.message));
        if (event.event === "done") resolve();
      };
    });
    await window.engine.request({ do: "train", recipe, name: "speed", seed: 0, device });
    await ended;
    const losses = events.filter(({ event }) => event === "losses");
    const [first, last] = [losses[0], losses.at(-1)];
    // A validation begins with the filters of that moment.
    let [validating, since] = [0, null];
    for (const { event, at } of events.filter(({ at }) => at > first.at && at < last.at)) {
      if (event === "filters") since = at;
      if (event === "validation" && since !== null) [validating, since] = [validating + at - since, null];
    }
    const steps = losses.slice(1).reduce((sum, { losses }) => sum + losses.length, 0);
    return { first: (first.at - click) / 1000, seconds: (last.at - first.at - validating) / 1000, steps, all: (last.at - click) / 1000 };
  }, { recipe, device });

const directory = await mkdtemp(join(tmpdir(), "inkgrad-speed-"));
for (const name of named.length > 0 ? named : Object.keys(STEPS[device])) {
  const recipe = await shortened(name, STEPS[device][name] ?? 60);
  const batch = Number(recipe.match(/^batch = (\d+)$/m)[1]);
  const found = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const here = await trained(recipe);
    if (device === "gpu") {
      found.push(here.seconds / here.steps);
      console.log(`${name}: ${((1000 * here.seconds) / here.steps).toFixed(2)} ms per step, first loss after ${here.first.toFixed(2)} s, ${here.all.toFixed(2)} s in all`);
      continue;
    }
    const file = join(directory, "recipe.toml");
    await writeFile(file, recipe);
    const said = execFileSync(program, ["train", "--recipe", file, "--device", "cpu", "--threads", "1", "--json", "--quiet"], { encoding: "utf8" });
    const there = JSON.parse(said.trim().split("\n").at(-1)).images_per_second;
    const rate = (here.steps * batch) / here.seconds;
    found.push(rate / there);
    console.log(`${name}: ${Math.round(rate)} images/s, the program ${Math.round(there)}: ${(rate / there).toFixed(2)}`);
  }
  const median = found.sort((a, b) => a - b)[Math.floor(TURNS / 2)];
  console.log(device === "gpu" ? `${name}: median ${(1000 * median).toFixed(2)} ms per step` : `${name}: median ${median.toFixed(2)}`);
}
await browser.close();
await server.close();
