// Browsers and pages for the tests.

import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { chromium } from "playwright-core";
import { serve } from "./serve.js";

/** Ends a wait that would go on for ever, in milliseconds. Far above what software GPUs and busy machines take: speed is not tested. */
export const LONG = 600_000;

const here = (path) => new URL(path, import.meta.url).pathname;

const FLAGS = "--no-sandbox --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader --disable-gpu-watchdog --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" ");

/** Chromium; `gpu: false` without WebGPU. */
export function launch({ gpu = true } = {}) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: gpu ? FLAGS : [...FLAGS.filter((flag) => !/gpu/.test(flag)), "--disable-features=WebGPU"] });
}

/** A page at an address, with its engine there; errors in it end the test, unless it is to be `quiet`. */
export async function watched(browser, address, options = {}, { quiet = false } = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  if (!quiet) {
    page.on("pageerror", (error) => { console.error(`error in the page: ${error.stack}`); process.exitCode = 1; });
    page.on("console", (message) => { if (message.type() === "error") { console.error(`the page says: ${message.text()}`); process.exitCode = 1; } });
  }
  // LIVE: the files of web/page as they are now, instead of those that the program has been built with.
  if (process.env.LIVE) {
    await page.route(/\.(js|css)$/, async (route) => {
      const name = new URL(route.request().url()).pathname.split("/").pop();
      const path = here(`../page/${name}`);
      return existsSync(path) ? route.fulfill({ path }) : route.continue();
    });
  }
  await page.goto(address);
  await page.waitForFunction(() => document.querySelector("#engine")?.dataset.state === "open", null, { timeout: LONG });
  return page;
}

/** The presets as the engine tells them. */
async function presets() {
  const names = ["softmax", "mlp", "lenet5", "fast", "cnn", "record", "colour"];
  return Promise.all(names.map(async (name) => {
    const toml = await readFile(here(`../../src/recipe/presets/${name}.toml`), "utf8");
    const about = toml.match(/^(#[^\n]*\n)+/)[0].replace(/^# ?/gm, "").replaceAll("\n", " ").trim();
    return { name, about, toml };
  }));
}

/** The page with an engine that only pretends: `page(options)` opens one. Errors in the page end the test. */
export async function mockPage(browser) {
  const shaders = await readdir(here("../../shaders"));
  const replaced = {
    "index.html": (text) => text.replace("</title>", '</title>\n<meta name="inkgrad-engine" content="native">'),
    "server.js": () => readFile(here("mock-server.js")),
    "mock-presets.json": async () => JSON.stringify(await presets()),
    ...Object.fromEntries(shaders.map((name) => [`mock-shaders/${name}`, () => readFile(here(`../../shaders/${name}`))])),
  };
  const server = await serve(here("../page"), { replaced });
  const page = (options) => watched(browser, server.address, options);
  return { page, address: server.address, close: server.close };
}
