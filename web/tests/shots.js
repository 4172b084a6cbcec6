// Pictures of the page in every state, for a person to look at: three widths, light and dark. `node shots.js DIRECTORY [ONLY]`

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { mockPage, launch } from "./pages.js";
import { drawDigit, drawNumber } from "./hand.js";

const [directory, only] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });

const SIZES = { laptop: [1366, 768], wide: [1440, 900], phone: [390, 844] };

/** The states: a name, and how to get there from the page just opened. */
const STATES = {
  first: async () => {},
  draw: async (page) => drawDigit(page, 3),
  number: async (page) => drawNumber(page, [4, 2, 7]),
  recipe: async (page) => { await view(page, "train"); await page.locator(".presets input[value=fast]").check(); },
  error: async (page) => { await view(page, "train"); await page.locator("textarea").fill('bach = 100\nsteps = 1000\n'); await page.locator(".wrong:not([hidden])").first().waitFor(); },
  run: async (page) => { await drawDigit(page, 5); await train(page); await page.waitForFunction(() => Number(document.querySelector(".tile strong").textContent.replace(",", "")) > 500); },
  paused: async (page) => { await train(page); await page.waitForTimeout(600); await page.getByRole("button", { name: "Pause" }).click(); await page.waitForTimeout(200); },
  done: async (page) => { await drawDigit(page, 8); await train(page); await page.getByRole("button", { name: "Reset" }).waitFor(); await page.waitForTimeout(300); },
  teach: async (page) => { await view(page, "teach"); await teach(page); },
  taught: async (page) => { await view(page, "teach"); await teach(page); await page.locator("#teach").getByRole("button", { name: "Train", exact: true }).click(); await page.getByRole("button", { name: "Keep it" }).waitFor(); await drawDigit(page, 0); },
  models: async (page) => { await train(page); await page.getByRole("button", { name: "Reset" }).waitFor(); await view(page, "models"); await page.getByRole("button", { name: "Keep it in this browser" }).click(); await page.waitForTimeout(300); },
  how: async (page) => { await view(page, "how"); await page.getByRole("button", { name: "Measure" }).click(); await page.locator(".ops button").nth(1).click(); await page.waitForTimeout(300); },
  devices: async (page) => { await view(page, "how"); await page.locator("#how input[value=devices]").check(); },
  verify: async (page) => { await page.evaluate(() => { window.mock.badVerify = true; }); await view(page, "how"); await page.locator("#how input[value=verify]").check(); await page.locator(".verify button.primary").click(); await page.waitForTimeout(1500); },
  lost: async (page) => { await train(page); await page.waitForTimeout(500); await page.evaluate(() => { window.mock.gone = true; window.mock.transport.onstate("lost"); }); await page.waitForTimeout(200); },
  notice: async (page) => { await page.evaluate(() => { window.mock.faults = { train: { message: "the network is too large: it takes 31 GiB, the device has 24 GiB. Take fewer channels, or a smaller batch", kind: "usage" } }; }); await train(page); await page.waitForTimeout(600); },
};

export async function view(page, name) {
  await page.locator(`#tab-${name}`).click();
}

async function train(page) {
  await view(page, "train");
  await page.getByRole("button", { name: "Start" }).click();
}

async function teach(page) {
  for (const [sign, digit] of [[0, 0], [1, 4], [2, 7]]) {
    await page.locator(".pick input").nth(sign).check();
    for (let at = 0; at < 5; at += 1) {
      await drawDigit(page, digit);
      await page.locator(".extra button").click();
      await page.waitForTimeout(60);
    }
  }
}

const browser = await launch();
const { page: make, close } = await mockPage(browser);
for (const [state, reach] of Object.entries(STATES)) {
  if (only && !only.split(",").includes(state)) continue;
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    // Dark and light in turn for all but the phone and the laptop, which show both.
    for (const scheme of size === "wide" ? ["dark"] : ["light", "dark"]) {
      if (size === "wide" && !["draw", "run", "teach", "how"].includes(state)) continue;
      if (scheme === "dark" && size !== "wide" && !["first", "run", "recipe", "how", "taught"].includes(state)) continue;
      const page = await make({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: 1, hasTouch: size === "phone" });
      await reach(page);
      await page.screenshot({ path: join(directory, `${state}-${size}-${scheme}.png`), fullPage: size === "phone" });
      await page.close();
    }
  }
}
await browser.close();
await close();
