// The page on `inkgrad app`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { drawDigit } from "./hand.js";
import { launch, watched } from "./pages.js";
import { answer, engineTests, program } from "./real.js";

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
