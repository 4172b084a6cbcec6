// The parts of the page that show nothing.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { smoothed } from "../page/curves.js";
import * as numbers from "../page/numbers.js";
import { get, set, withoutIntroduction } from "../page/recipe-text.js";
import { Run } from "../page/run.js";
import { recipeIn, recipeLink } from "../page/share.js";
import { signRecipe } from "../page/sign-recipes.js";

const presets = new URL("../../src/recipe/presets/", import.meta.url);
const recipes = readdirSync(presets).map((name) => readFileSync(new URL(name, presets), "utf8"));

test("a field of a recipe is read and changed, and nothing else is", () => {
  for (const recipe of recipes) {
    assert.ok(Number(get(recipe, "batch")) >= 100);
    assert.match(get(recipe, "optimiser.kind"), /^(sgd|adam|adamw|nesterov)$/);
    const changed = set(set(recipe, "batch", "7"), "batch", get(recipe, "batch"));
    assert.equal(changed, recipe);
    const other = set(recipe, "optimiser.weight_decay", "0.5");
    assert.equal(get(other, "optimiser.weight_decay"), "0.5");
    assert.equal(get(other, "optimiser.kind"), get(recipe, "optimiser.kind"));
    assert.equal(other.split("\n").length, recipe.split("\n").length);
  }
});

test("a new field goes before the layers, an empty table goes away", () => {
  const recipe = 'batch = 1 # images\noptimiser = { kind = "sgd" }\n\n[[layers]]\nkind = "dense"\nbatch = 9\n';
  const more = set(recipe, "augmentation.shift", "0.1");
  assert.equal(more.split("\n")[2], "augmentation = { shift = 0.1 }");
  assert.equal(set(more, "augmentation.shift", null), recipe);
  assert.equal(set(recipe, "batch", "2").split("\n")[0], "batch = 2  # images");
  assert.equal(get('batch = 3\nlayers = [\n  { kind = "dense" },\n]\n', "batch"), "3");
  assert.equal(set('batch = 3\nlayers = [\n  { kind = "dense" },\n]\n', "steps", "5").split("\n")[1], "steps = 5");
  // A field of a layer is none of the recipe.
  assert.equal(get('[[layers]]\nkind = "dense"\nunits = 5\n', "units"), null);
  assert.equal(get('schedule = { kind = "one_cycle", mean = [1, 2] }\n', "schedule.mean"), "[1, 2]");
});

test("a preset's introduction is not its text", () => {
  for (const recipe of recipes) assert.match(withoutIntroduction(recipe), /^batch = /);
});

test("a link holds a recipe, and a damaged one holds none", async () => {
  for (const recipe of [...recipes, "# größe ✓\nbatch = 1\n"]) {
    const link = await recipeLink(recipe);
    assert.match(link, /^#train&recipe=[\w-]+$/);
    assert.equal(await recipeIn(link), recipe);
    assert.equal(await recipeIn(link.slice(0, -12)), null);
  }
  assert.equal(await recipeIn("#train"), null);
  assert.equal(await recipeIn("#train&recipe=%%%"), null);
});

test("a run is what its events say", () => {
  const run = new Run({ name: "softmax" });
  run.started({ steps: 100, batch: 10, parameters: 5, device: "cpu" });
  run.take({ event: "losses", first: 0, losses: [2, 1], rate: 0.5 }, [], 10);
  run.take({ event: "losses", first: 2, losses: Array(20).fill(1), rate: 0.25 }, [], 11);
  assert.equal(run.count, 22);
  assert.equal(run.stepsASecond, 20);
  assert.equal(run.imagesASecond, 200);
  assert.equal(run.secondsLeft, (100 - 22) / 20);
  assert.equal(run.rate, 0.25);
  run.take({ event: "validation", step: 20, loss: 1, accuracy: 0.5, confusion: [[1]], mistakes: [] }, [], 11);
  run.take({ event: "recovered", step: 10, message: "" }, [], 12);
  assert.deepEqual([run.count, run.validations.length], [10, 0]);
  // What was missed is unknown, not zero.
  run.take({ event: "losses", first: 12, losses: [3] }, [], 13);
  assert.deepEqual([...run.losses].slice(10), [NaN, NaN, 3]);
  assert.ok(Number.isFinite(run.recentLoss));
  run.take({ event: "done", step: 13, stopped: true, loss: 1, accuracy: 0.75, of: "test", confusion: [[1]], mistakes: [] }, [], 14);
  assert.deepEqual([run.state, run.bestAccuracy, run.active], ["stopped", 0.75, false]);
  assert.equal(run.take({ event: "verified" }, [], 15), false);
});

test("a page that comes to a run is told what it missed", () => {
  const run = new Run({ name: "softmax" });
  run.take({ event: "losses", first: 1500, losses: [1] }, [], 10);
  run.recall(Float32Array.from({ length: 3000 }, (_, at) => at), [{ step: 3, accuracy: 0.5 }]);
  assert.deepEqual([run.count, run.losses[0], run.losses[1500], run.bestAccuracy], [3000, 0, 1500, 0.5]);
});

test("smoothing has no bias at the start and skips what is unknown", () => {
  assert.deepEqual([...smoothed(Float32Array.from([2, 2, NaN, 2]), 3)], [2, 2, 2, 2]);
});

test("numbers are written as one reads them", () => {
  assert.equal(numbers.percent(0.99996, 2), "99.99 %");
  assert.equal(numbers.percent(1, 1), "100.0 %");
  assert.equal(numbers.duration(125), "2 min 05 s");
  assert.equal(numbers.duration(Infinity), "–");
  assert.equal(numbers.loss(0.30589), "0.3059");
  assert.equal(numbers.shortTime(2.1e-6), "2.10 µs");
  assert.equal(numbers.bytes(7_800_000), "7.8 MB");
});

test("recipes for signs suit few pictures and many", () => {
  for (const drawings of [true, false]) {
    assert.equal(get(signRecipe(6, drawings), "batch"), "6");
    assert.equal(get(signRecipe(5000, drawings), "batch"), "32");
    assert.ok(Number(get(signRecipe(5000, drawings), "steps")) <= 1200);
  }
});
