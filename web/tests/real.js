// Tests that both engines have to pass: `open()` gives a page on a fresh engine, whose device `device` is used.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { drawDigit, drawNumber, drawStrokes, sign } from "./hand.js";
import { LONG } from "./pages.js";

const root = new URL("../../", import.meta.url).pathname;

/** The program, for `inkgrad app` and to compare with; null where it has not been built. */
export const program = [process.env.INKGRAD, join(root, "target/release/inkgrad"), join(root, "target/debug/inkgrad")].find((path) => path && existsSync(path)) ?? null;

export const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Waits until a drawing has its answer, and gives it. */
export async function answer(page) {
  await page.waitForFunction(() => document.querySelector(".answer").textContent !== "" && document.querySelector(".found").ariaBusy === "false", null, { timeout: LONG });
  return page.locator(".answer").innerText();
}

export async function erase(page) {
  await button(page, "Erase").click();
  await page.waitForFunction(() => document.querySelector(".answer").textContent === "");
}

/** Trains in the page's engine without its forms, and gives the losses: runs in the page. */
export async function losses(page, recipe, steps, device) {
  return page.evaluate(async ({ recipe, device, steps }) => {
    const { connect } = await import("./engine.js");
    window.testEngine ??= await connect();
    const engine = window.testEngine;
    const { reply } = await engine.request({ do: "hello" });
    if (!reply.data || reply.data.name !== "MNIST") await engine.request({ do: "data", source: "mnist" });
    const found = [];
    const ended = new Promise((resolve, reject) => {
      engine.onevent = (event) => {
        if (event.event === "losses") event.losses.forEach((loss, at) => (found[event.first + at] = loss));
        if (event.event === "failed") reject(new Error(event.message));
        if (event.event === "done") resolve();
      };
    });
    await engine.request({ do: "train", recipe, name: "test", seed: 0, device });
    // The losses are enough: the test that follows takes minutes for the larger presets.
    while (found.length < steps) await Promise.race([ended, new Promise((wait) => setTimeout(wait, 50))]);
    await engine.request({ do: "reset" });
    return found.slice(0, steps);
  }, { recipe, device, steps });
}

/** The losses of the program's own run of the same recipe on the CPU. */
async function nativeLosses(recipe, steps) {
  const directory = await mkdtemp(join(tmpdir(), "inkgrad-page-"));
  const [file, log] = [join(directory, "recipe.toml"), join(directory, "log.jsonl")];
  await writeFile(file, recipe);
  const run = spawn(program, ["train", "--recipe", file, "--device", "cpu", "--seed", "0", "--log", log], { stdio: "ignore" });
  const ended = once(run, "exit");
  const logged = async () => {
    const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").slice(0, -1).map((line) => JSON.parse(line));
    return lines.filter(({ event }) => event === "step").map(({ loss }) => loss);
  };
  // Without its test, which takes minutes for the larger presets.
  let losses = [];
  while (losses.length < steps && run.exitCode === null) {
    await Promise.race([ended, new Promise((wait) => setTimeout(wait, 100))]);
    losses = await logged();
  }
  run.kill("SIGKILL");
  return losses.slice(0, steps);
}

/** The preset's text, for a run of `steps` on the images that a page trains on: it keeps some for validation. */
export async function shortened(name, steps) {
  const toml = await readFile(join(root, `src/recipe/presets/${name}.toml`), "utf8");
  return toml.replace(/^(steps|epochs) = .*$/m, `steps = ${steps}`).replace(/^all_images = true$/m, "");
}

/** Steps of each preset that a test takes: what differs, differs in the first of them. */
const STEPS = { softmax: 40, mlp: 8, lenet5: 8, fast: 8, cnn: 2, record: 2 };

export function engineTests({ open, device, presets = Object.keys(STEPS), tolerance }) {
  const withPage = (body) => async () => {
    const page = await open();
    try {
      await body(page);
    } finally {
      await page.context().close();
    }
  };

  test("digits drawn by pointer events are recognised", withPage(async (page) => {
    const said = [];
    for (let digit = 0; digit < 10; digit += 1) {
      await drawDigit(page, digit);
      said.push(await answer(page));
      await erase(page);
    }
    const right = said.filter((each, digit) => each === String(digit)).length;
    assert.ok(right >= 9, `0 to 9 were taken for ${said.join(" ")}`);
  }));

  test("several digits are read as a number", withPage(async (page) => {
    await drawNumber(page, [3, 1, 4]);
    assert.equal((await answer(page)).replace(/\s/g, ""), "314");
  }));

  for (const name of presets) {
    test(`${name} trains as the program does`, { skip: !program && "the program has not been built" }, withPage(async (page) => {
      const steps = STEPS[name];
      const recipe = await shortened(name, steps);
      const [here, there] = [await losses(page, recipe, steps, device), await nativeLosses(recipe, steps)];
      assert.equal(here.length, steps);
      assert.equal(there.length, steps);
      here.forEach((loss, at) => assert.ok(Math.abs(loss - there[at]) <= tolerance * Math.abs(there[at]), `step ${at}: ${loss}, the program ${there[at]}`));
    }));
  }

  test("a run is started, watched and stopped in the page", withPage(async (page) => {
    await page.locator("#tab-train").click();
    await page.locator("#engine select").selectOption(device);
    await page.locator(".presets input[value=softmax]").check();
    await drawDigit(page, 7);
    await button(page, "Start").click();
    await page.waitForFunction(() => document.querySelectorAll(".confusion td.right").length === 10 && document.querySelectorAll(".pictures figure").length > 3, null, { timeout: LONG });
    await button(page, "Reset").waitFor({ timeout: LONG });
    const said = await page.locator(".run > .state").textContent();
    const accuracy = Number(said.match(/([\d.]+) % of the test images/)?.[1]);
    assert.ok(accuracy > 90, said);
    assert.equal(await answer(page), "7");
    assert.ok(await page.locator('input[name="who"][value="current"]').isChecked());
  }));

  test("three own signs are taught; the model is saved, and recognises as before after a reload", withPage(async (page) => {
    await page.locator("#tab-teach").click();
    for (let kind = 0; kind < 3; kind += 1) {
      await page.locator(".pick input").nth(kind).check();
      for (let at = 0; at < 6; at += 1) {
        await drawStrokes(page, sign(kind, at));
        await button(page, `Add to ${["circle", "triangle", "cross"][kind]}`).click();
        await page.waitForFunction(([card, count]) => document.querySelectorAll(".card")[card].querySelectorAll(".thumb").length === count, [kind, at + 1]);
      }
    }
    await page.locator("#engine select").selectOption(device);
    await page.locator("#teach").getByRole("button", { name: "Train", exact: true }).click();
    await button(page, "Keep it").waitFor({ timeout: LONG });
    const fresh = async () => {
      const said = [];
      for (let kind = 0; kind < 3; kind += 1) {
        await drawStrokes(page, sign(kind, 40 + kind));
        said.push(await answer(page));
        await erase(page);
      }
      return said;
    };
    assert.deepEqual(await fresh(), ["circle", "triangle", "cross"]);
    await page.locator("#tab-models").click();
    const files = {};
    for (const format of ["safetensors", "ONNX", "C"]) {
      const saving = page.waitForEvent("download");
      await button(page, format).click();
      const download = await saving;
      files[format] = join(await mkdtemp(join(tmpdir(), "inkgrad-page-")), download.suggestedFilename());
      await download.saveAs(files[format]);
    }
    assert.match(files.safetensors, /\.safetensors$/);
    assert.match(files.ONNX, /\.onnx$/);
    await page.locator("#tab-train").click();
    await button(page, "Reset").click().catch(() => {});
    await page.reload();
    await page.locator("#tab-models").click();
    await page.locator("#models input[type=file]").setInputFiles(files.safetensors);
    await page.getByText("is loaded").waitFor();
    assert.deepEqual(await fresh(), ["circle", "triangle", "cross"]);
    await page.locator("#models input[type=file]").setInputFiles(files.ONNX);
    await page.waitForFunction(() => document.querySelector(".now").textContent.includes(".onnx"));
  }));

  test("the plan, the code of its ops and the definition are shown", withPage(async (page) => {
    await page.locator("#tab-how").click();
    await page.locator(".ops button").first().waitFor();
    const count = await page.locator(".ops button").count();
    for (let at = 0; at < count; at += 1) {
      await page.locator(".ops button").nth(at).click();
      await page.waitForFunction(() => document.querySelector(".source code").textContent.length > 100);
    }
    await page.locator("#how input[value=reference]").check();
    await page.waitForFunction(() => document.querySelector(".source code").textContent.includes("fn compute"));
  }));

  // All of its cases take minutes on a busy machine.
  test("verify compares ops with their definitions, until it is cancelled", withPage(async (page) => {
    await page.locator("#tab-how").click();
    await page.locator("#how input[value=verify]").check();
    await page.locator(".verify select").selectOption(device);
    await page.locator(".verify button.primary").click();
    await page.waitForFunction(() => document.querySelectorAll(".checks li").length >= 3, null, { timeout: LONG });
    await button(page, "Cancel").click();
    await page.locator(".verify button.primary").waitFor();
    assert.equal(await page.locator(".checks .bad").count(), 0, await page.locator(".checks").innerText());
  }));

  test("a recipe's mistake stands at its line", withPage(async (page) => {
    await page.locator("#tab-train").click();
    await page.locator("textarea").fill('batch = 100\nstep = 10\nlearning_rate = 0.5\noptimiser = { kind = "sgd" }\n\n[[layers]]\nkind = "dense"\n');
    await page.locator(".numbers .bad").waitFor();
    assert.equal(await page.locator(".numbers .bad").textContent(), "2");
  }));
}
