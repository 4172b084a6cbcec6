// The page with the engine in the browser: what web/build has made.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { drawDigit } from "./hand.js";
import { LONG, launch, watched } from "./pages.js";
import { answer, button, engineTests, erase, losses, shortened } from "./real.js";
import { serve } from "./serve.js";

const dist = process.env.DIST ?? new URL("../dist", import.meta.url).pathname;
const SIZE = { viewport: { width: 1366, height: 768 }, acceptDownloads: true };

if (!existsSync(dist)) test("the engine in the browser", { skip: "it has not been built: web/build" }, () => {});
else {
  let [browser, plain, server] = [];
  before(async () => {
    browser = await launch();
    plain = await launch({ gpu: false });
    // Under a path, as on GitHub Pages.
    server = await serve(dist, { prefix: "/some/path/" });
  });
  after(async () => {
    await browser.close();
    await plain.close();
    await server.close();
  });

  // SwiftShader is a program: the CPU, which is faster, comes before it.
  test("with WebGPU there is a GPU, and the CPU comes before one that is a program", async () => {
    const page = await watched(browser, server.address, SIZE);
    assert.deepEqual(await page.locator("#engine option").evaluateAll((all) => all.map(({ value }) => value)), ["cpu", "gpu"]);
    await page.context().close();
  });
  engineTests({ open: () => watched(browser, server.address, SIZE), device: "gpu", presets: ["softmax", "mlp", "lenet5", "fast", "cnn", "record"], tolerance: 2e-3 });

  test("without WebGPU it trains on the CPU, and says so", async () => {
    const page = await watched(plain, server.address, SIZE);
    assert.equal(await page.locator("#engine select").inputValue(), "cpu");
    assert.equal(await page.locator("#engine select option").count(), 1);
    await drawDigit(page, 5);
    assert.equal(await answer(page), "5");
    await button(page, "Start").click();
    await button(page, "Reset").waitFor({ timeout: LONG });
    const said = await page.locator(".run > .state").textContent();
    assert.ok(Number(said.match(/([\d.]+) % of the test images/)?.[1]) > 90, said);
    await page.context().close();
  });

  test("after the first load it needs no network", async () => {
    const own = await serve(dist);
    const page = await watched(browser, own.address, SIZE, { quiet: true });
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.evaluate(async () => {
      const { connect } = await import("./engine.js");
      await (await connect()).request({ do: "data", source: "mnist" });
    });
    await own.close();
    await page.reload();
    await page.waitForFunction(() => document.querySelector("#engine").dataset.state === "open");
    await drawDigit(page, 2);
    assert.equal(await answer(page), "2");
    await button(page, "Start").click();
    await page.waitForFunction(() => Number(document.querySelector(".tile strong").textContent.replace(",", "")) > 100, null, { timeout: LONG });
    await page.context().close();
  });

  // A module's memory never shrinks: what one training leaves behind would show as growth.
  test("ten trainings take no more memory than two", async () => {
    const page = await watched(browser, server.address, SIZE);
    const recipe = await shortened("lenet5", 20);
    const sizes = [];
    for (let run = 0; run < 10; run += 1) {
      await losses(page, recipe, 20, "cpu");
      sizes.push(await page.workers().at(-1).evaluate(async () => {
        const engine = await import(new URL("engine/engine.js", location.href));
        return (await engine.default()).memory.buffer.byteLength;
      }));
    }
    assert.ok(sizes[9] <= sizes[1], `bytes after each: ${sizes.join(" ")}`);
    await page.context().close();
  });

  test("a device that is lost comes back, and the run goes on", async () => {
    const own = await launch();
    const page = await watched(own, server.address, SIZE, { quiet: true });
    await page.locator("#engine select").selectOption("gpu");
    await page.locator("#engine select").selectOption("gpu");
    // Long enough to lose it in between, whatever the machine.
    await page.getByLabel("Length", { exact: true }).fill("50000");
    await page.getByLabel("Length", { exact: true }).blur();
    await button(page, "Start").click();
    const step = () => page.evaluate(() => Number(document.querySelector(".tile strong").textContent.replace(",", "")));
    await page.waitForFunction(() => Number(document.querySelector(".tile strong").textContent.replace(",", "")) > 20, null, { timeout: LONG });
    const before = await step();
    await (await own.newBrowserCDPSession()).send("Browser.crashGpuProcess");
    await page.getByText("The device was lost and is back").waitFor({ timeout: LONG });
    await page.waitForFunction((then) => Number(document.querySelector(".tile strong").textContent.replace(",", "")) > then, before + 20, { timeout: LONG });
    await erase(page).catch(() => {});
    await own.close();
  });
}
