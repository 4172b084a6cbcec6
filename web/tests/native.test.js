// The page on `inkgrad app`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { drawDigit } from "./hand.js";
import { launch, watched } from "./pages.js";
import { answer, button, engineTests, program } from "./real.js";

/** Starts `inkgrad app`; gives its process and the link that it prints. */
async function start() {
  const app = spawn(program, ["app", "--no-open", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const link = await new Promise((resolve, reject) => {
    const hear = (part) => {
      said += part;
      const found = said.match(/http:\/\/\S+/);
      if (found) resolve(found[0]);
    };
    app.stdout.on("data", hear);
    app.stderr.on("data", hear);
    app.on("exit", (code) => reject(new Error(`inkgrad app ended with ${code}: ${said}`)));
  });
  return { app, link };
}

if (!program) test("inkgrad app", { skip: "the program has not been built: cargo build" }, () => {});
else {
  let browser;
  let served;
  before(async () => {
    browser = await launch();
    served = await start();
  });
  after(async () => {
    await browser.close();
    served.app.kill();
  });
  const open = () => watched(browser, served.link, { viewport: { width: 1366, height: 768 }, acceptDownloads: true });

  engineTests({ open, device: "cpu", tolerance: 1e-6 });

  test("a page that is loaded again shows the run from its first step", async () => {
    const page = await open();
    await page.locator("#tab-train").click();
    await page.locator("#engine select").selectOption("cpu");
    await page.getByLabel("Length", { exact: true }).fill("50000");
    await page.getByLabel("Length", { exact: true }).blur();
    await button(page, "Start").click();
    // What the curves say to a screen reader: how many steps and validations they show.
    const said = () => page.locator(".run canvas").evaluateAll((all) => all.map((canvas) => canvas.getAttribute("aria-label")).filter((label) => /^(Loss|Validation accuracy)/.test(label)));
    const isFarEnough = () => Number(document.querySelector(".tile strong").textContent.replace(",", "")) > 1200;
    await page.waitForFunction(isFarEnough);
    await button(page, "Pause").click();
    await button(page, "Go on").waitFor();
    await page.waitForTimeout(500);
    const before = await said();
    await page.reload();
    await button(page, "Go on").waitFor();
    await page.waitForFunction(isFarEnough);
    assert.ok(before.length === 2, before.join());
    assert.deepEqual(await said(), before);
    await button(page, "Stop").click();
    await page.context().close();
  });

  test("when the program ends, the page says so and stays", async () => {
    const own = await start();
    const page = await watched(browser, own.link, {}, { quiet: true });
    await drawDigit(page, 3);
    assert.equal(await answer(page), "3");
    own.app.kill();
    await page.getByRole("alert").filter({ hasText: "connection to inkgrad is lost" }).waitFor();
    await page.context().close();
  });
}
