// What the page shows and how it is used, with an engine that only pretends: quick, and always the same.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { drawDigit, drawNumber } from "./hand.js";
import { launch, mockPage, watched } from "./pages.js";

let browser;
let mock;
before(async () => {
  browser = await launch();
  mock = await mockPage(browser);
});
after(async () => {
  await browser.close();
  await mock.close();
});

const LAPTOP = { viewport: { width: 1366, height: 768 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const start = (page) => page.getByRole("button", { name: "Start", exact: true }).click();
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** A page for the test alone, closed after it. */
const withPage = (options, body) => async () => {
  const page = await mock.page(options);
  try {
    await body(page);
  } finally {
    await page.context().close();
  }
};

test("a drawing is recognised, undone and erased", withPage(LAPTOP, async (page) => {
  const answer = page.locator(".answer");
  assert.equal(await answer.textContent(), "");
  await drawDigit(page, 4);
  await page.waitForFunction(() => /^\d$/.test(document.querySelector(".answer").textContent));
  assert.match(await page.locator(".sure").textContent(), /^\d+\.\d % sure$/);
  assert.equal(await page.locator(".bars li").count(), 10);
  assert.equal(await page.locator(".bars .best").count(), 1);
  await button(page, "Undo").click();
  assert.match(await answer.textContent(), /^\d$/); // the 4 has two strokes
  await button(page, "Undo").click();
  await page.waitForFunction(() => document.querySelector(".answer").textContent === "");
  await drawDigit(page, 1);
  await button(page, "Erase").click();
  assert.ok(await page.locator(".hint").isVisible());
  await button(page, "Undo").click();
  assert.ok(!(await page.locator(".hint").isVisible()), "an erasure can be undone");
}));

test("several digits are read as a number, each with its own bars", withPage(LAPTOP, async (page) => {
  await drawNumber(page, [4, 2, 7]);
  await page.waitForFunction(() => document.querySelectorAll(".answer button").length === 3);
  await page.locator(".answer button").first().click();
  await page.waitForFunction(() => document.querySelector(".answer button").ariaPressed === "true");
}));

test("keys draw, undo and erase", withPage(LAPTOP, async (page) => {
  await page.locator("canvas.paper").focus();
  await page.keyboard.press("4");
  await page.keyboard.press("2");
  await page.waitForFunction(() => document.querySelectorAll(".answer button").length === 2);
  await page.keyboard.press("Backspace");
  await page.waitForFunction(() => document.querySelectorAll(".answer button").length === 0);
  await page.keyboard.press("Delete");
  await page.waitForFunction(() => document.querySelector(".answer").textContent === "");
}));

test("a run is watched, paused, slowed, stopped and dropped", withPage(LAPTOP, async (page) => {
  await start(page);
  await page.waitForFunction(() => document.querySelectorAll(".pictures figure").length > 5);
  await button(page, "Pause").click();
  await button(page, "Go on").waitFor();
  const tile = page.locator(".tile strong").first();
  await page.waitForTimeout(150);
  const paused = await tile.textContent();
  await page.waitForTimeout(300);
  assert.equal(await tile.textContent(), paused);
  await button(page, "Half the learning rate").click();
  await button(page, "Go on").click();
  await page.waitForFunction((before) => document.querySelector(".tile strong").textContent !== before, paused);
  await button(page, "Stop").click();
  await button(page, "Reset").waitFor();
  assert.match(await page.locator(".run > .state").textContent(), /Stopped: [\d.]+ % of the test images/);
  assert.ok(await page.locator('input[name="who"][value="current"]').isChecked(), "the drawing is recognised with the new network");
  await page.locator(".confusion td.wrong button").nth(3).click();
  assert.match(await page.locator(".wrongs h3").textContent(), /predicted as/);
  await button(page, "Reset").click();
  await page.waitForFunction(() => document.querySelector(".tile strong").textContent === "–");
  assert.ok(await page.locator('input[name="who"][value="current"]').isDisabled());
}));

test("the form changes the text, the text the form, and errors stand at their line", withPage(LAPTOP, async (page) => {
  await page.locator(".presets input[value=fast]").check();
  const recipe = page.locator("textarea");
  assert.match(await recipe.inputValue(), /^batch = 128\nepochs = 1\n/);
  await page.getByLabel("Images per step").fill("64");
  await page.getByLabel("Images per step").blur();
  assert.match(await recipe.inputValue(), /^batch = 64\n/);
  await page.getByLabel("Optimiser").selectOption("sgd");
  assert.match(await recipe.inputValue(), /optimiser = \{ kind = "sgd" \}/);
  await recipe.fill("steps = 5\nbach = 64\n");
  await page.locator(".numbers .bad").waitFor();
  assert.equal(await page.locator(".numbers .bad").textContent(), "2");
  assert.match(await page.locator(".wrong[role=alert]").textContent(), /line 2.*did you mean/);
  assert.ok(await button(page, "Start").isDisabled());
  assert.equal(await page.getByLabel("Length", { exact: true }).inputValue(), "5");
}));

test("a link brings its recipe", withPage(LAPTOP, async (page) => {
  await page.locator("textarea").fill("batch = 3\nsteps = 4\n");
  await button(page, "Copy a link").click();
  await page.waitForFunction(() => location.hash.includes("recipe="));
  await page.reload();
  await page.waitForFunction(() => document.querySelector("textarea").value === "batch = 3\nsteps = 4\n");
}));

test("signs are taught, and recognised by their names", withPage(LAPTOP, async (page) => {
  await page.locator("#tab-teach").click();
  assert.ok(await page.getByText("Nothing leaves this machine").isVisible());
  assert.ok(await button(page, "Train").isDisabled());
  for (const sign of [0, 1, 2]) {
    await page.locator(".pick input").nth(sign).check();
    for (let at = 0; at < 4; at += 1) {
      await drawDigit(page, sign);
      // By the button and by the Enter key.
      if (at % 2) await page.locator(".extra button").click();
      else await page.keyboard.press("Enter");
      await page.waitForFunction(([card, count]) => document.querySelectorAll(".card")[card].querySelectorAll(".thumb").length === count, [sign, at + 1]);
    }
  }
  await page.locator(".card input[type=text]").first().fill("ring");
  await page.locator("#teach").getByRole("button", { name: "Train", exact: true }).click();
  await button(page, "Keep it").waitFor();
  await drawDigit(page, 0);
  await page.waitForFunction(() => ["ring", "triangle", "cross"].includes(document.querySelector(".answer").textContent));
  assert.deepEqual(await page.locator(".bars .name").allTextContents(), ["ring", "triangle", "cross"]);
}));

test("pictures of folders become classes", withPage(LAPTOP, async (page) => {
  await page.locator("#tab-teach").click();
  await page.evaluate(async () => {
    const { Signs } = await import("./signs.js");
    const signs = new Signs();
    const file = (name) => new File([new Uint8Array(4)], name, { type: "image/png" });
    signs.addFolders(["cat", "cat", "dog"].map((name, at) => ({ file: file(`${at}.png`), folders: ["pets", name] })));
    if (signs.classes.map(({ name, items }) => `${name} ${items.length}`).join() !== "cat 2,dog 1") throw new Error("other classes");
    if (signs.missing(1) !== null || signs.missing(2) !== "pictures") throw new Error("not what is missing");
  });
}));

test("a model is saved, kept, and loaded", withPage({ ...LAPTOP, acceptDownloads: true }, async (page) => {
  await start(page);
  await button(page, "Reset").waitFor();
  await page.locator("#tab-models").click();
  for (const format of ["safetensors", "ONNX", "C"]) {
    const saved = page.waitForEvent("download");
    await button(page, format).click();
    assert.match((await saved).suggestedFilename(), /^digits\./);
  }
  await button(page, "Keep it in this browser").click();
  await page.locator(".kept b").waitFor();
  await page.reload();
  await page.waitForFunction(() => document.querySelector("#engine").dataset.state === "open");
  await page.locator(".kept button").first().click();
  await page.waitForFunction(() => /99\.31 % right/.test(document.querySelector(".now").textContent));
}));

test("every number leads to what computed it", withPage(LAPTOP, async (page) => {
  await start(page);
  await button(page, "Reset").waitFor();
  await page.locator(".tile .origin").first().click();
  await page.waitForFunction(() => document.querySelector(".source h3").textContent === "softmax_cross_entropy");
  await page.waitForFunction(() => document.querySelector(".source code").textContent.includes("softmax"));
  await page.locator("#how input[value=reference]").check();
  await page.waitForFunction(() => document.querySelector(".source code").textContent.includes("in float64"));
  await button(page, "Measure").click();
  await page.waitForFunction(() => /µs per step/.test(document.querySelector(".plan .quiet").textContent));
}));

test("verify says which op is wrong", withPage(LAPTOP, async (page) => {
  await page.evaluate(() => { window.mock.badVerify = true; });
  await page.locator("#tab-how").click();
  await page.locator("#how input[value=verify]").check();
  await page.locator(".verify button.primary").click();
  await page.locator(".checks li.bad").waitFor();
  assert.match(await page.locator(".checks li.bad").textContent(), /^conv2d7 of 8 passed/);
  await page.waitForFunction(() => /1 case is out of tolerance/.test(document.querySelector(".verify .state").textContent));
}));

test("errors are shown with their remedy, a lost engine is waited for", withPage(LAPTOP, async (page) => {
  await page.evaluate(() => { window.mock.faults = { train: { message: "no device: install a driver", kind: "environment" } }; });
  await start(page);
  await page.getByText("no device: install a driver").waitFor();
  await button(page, "Close").click();
  await page.evaluate(() => { window.mock.faults = {}; });
  await start(page);
  await page.waitForFunction(() => Number(document.querySelector(".tile strong").textContent.replace(",", "")) > 10);
  await page.evaluate(() => { window.mock.transport.run = null; window.mock.transport.onstate("lost"); });
  await page.getByRole("alert").filter({ hasText: "connection to inkgrad is lost" }).waitFor();
  await drawDigit(page, 2);
  assert.ok(await button(page, "Start again").isDisabled());
  await page.evaluate(() => window.mock.transport.onstate("open"));
  await page.waitForFunction(() => document.querySelector(".answer").textContent !== "");
  assert.ok(await button(page, "Start again").isEnabled());
  await page.waitForFunction(() => /run with it/.test(document.querySelector(".run > .state").textContent));
}));

const VIEWS = ["train", "teach", "models", "how"];

for (const [width, height] of [[1366, 768], [1440, 900], [1366, 657]]) {
  test(`nothing scrolls at ${width} x ${height}`, withPage({ viewport: { width, height } }, async (page) => {
    for (const view of VIEWS) {
      await page.locator(`#tab-${view}`).click();
      if (view === "train") {
        await start(page);
        await button(page, "Reset").waitFor();
      }
      const over = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll(".panel:not([hidden])")]
        .filter((each) => each.scrollHeight > each.clientHeight + 1 || each.scrollWidth > each.clientWidth + 1).map((each) => each.id || each.tagName));
      assert.deepEqual(over, [], view);
    }
  }));
}

test("on the phone nothing is wider than the screen, and fingers hit", withPage(PHONE, async (page) => {
  for (const view of ["draw", ...VIEWS]) {
    await page.locator(`#tab-${view}`).click();
    if (view === "train") {
      await start(page);
      await button(page, "Reset").waitFor();
    }
    const found = await page.evaluate(() => {
      const controls = [...document.querySelectorAll("button, select, input:not([type=file]), textarea")].filter((each) => each.checkVisibility({ opacityProperty: true, visibilityProperty: true }));
      // Cells of the matrix are as large as ten in a row can be; their figures are read, not needed.
      const small = controls.filter((each) => !each.closest(".confusion, .answer, .odds")).filter((each) => {
        const area = (each.closest("label") ?? each).getBoundingClientRect();
        return area.width && (area.height < 40 || area.width < 40);
      }).map((each) => each.outerHTML.slice(0, 120));
      return { small, wide: document.documentElement.scrollWidth - innerWidth };
    });
    assert.deepEqual(found, { small: [], wide: 0 }, view);
  }
}));

for (const colorScheme of ["light", "dark"]) {
  test(`letters stand out, ${colorScheme}`, withPage({ ...LAPTOP, colorScheme }, async (page) => {
    for (const view of VIEWS) {
      await page.locator(`#tab-${view}`).click();
      if (view === "train") {
        await start(page);
        await button(page, "Reset").waitFor();
      }
      if (view === "how") await page.locator(".ops button").nth(1).click();
      await page.waitForTimeout(100);
      assert.deepEqual(await page.evaluate(contrasts), [], view);
    }
  }));
}

/** Runs in the page: texts whose contrast to what is behind them is below 4.5. */
function contrasts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parts = (css) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const ground = parts(getComputedStyle(at).backgroundColor);
      if (ground[3] > 250) return ground;
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !each.checkVisibility({ opacityProperty: true }) || each.closest(".unseen, :disabled, option, fieldset:has(:disabled), script, noscript")) continue;
    const [letters, ground] = [parts(getComputedStyle(each).color), behind(each)].map(light);
    const contrast = (Math.max(letters, ground) + 0.05) / (Math.min(letters, ground) + 0.05);
    if (contrast < 4.5) bad.add(`${each.tagName}.${each.className} in ${each.parentElement.className}: ${contrast.toFixed(2)} "${walker.currentNode.data.trim().slice(0, 20)}"`);
  }
  return [...bad];
}

test("nothing jumps while a run is on", withPage(LAPTOP, async (page) => {
  await start(page);
  await page.waitForFunction(() => document.querySelectorAll(".pictures figure").length > 5);
  const shifted = await page.evaluate(() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({ type: "layout-shift" });
    setTimeout(() => resolve(sum), 700);
  }));
  assert.ok(shifted < 0.01, `layout shift ${shifted}`);
}));

test("controls have names, tabs follow the arrow keys", withPage(LAPTOP, async (page) => {
  for (const view of VIEWS) {
    await page.locator(`#tab-${view}`).click();
    const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input:not([type=file]), select, textarea, canvas, progress")]
      .filter((each) => each.checkVisibility())
      .filter((each) => !(each.ariaLabel || each.textContent.trim() || each.labels?.length || each.closest("label")?.textContent.trim() || each.getAttribute("aria-labelledby")))
      .map((each) => each.outerHTML.slice(0, 100)));
    assert.deepEqual(nameless, [], view);
  }
  await page.locator("#tab-how").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-train");
  assert.ok(await page.locator("#train").isVisible());
}));

test("the switch of light and dark stays", withPage({ ...LAPTOP, colorScheme: "light" }, async (page) => {
  await button(page, "Light or dark").click();
  await page.reload();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).colorScheme), "dark");
}));

test("the page asks nobody else, and takes no inline code", async () => {
  const page = await watched(browser, mock.address, LAPTOP, { quiet: true });
  const others = [];
  page.on("request", (request) => { if (!request.url().startsWith(mock.address) && !/^(blob|data):/.test(request.url())) others.push(request.url()); });
  await page.reload();
  await page.waitForFunction(() => document.querySelector("#engine").dataset.state === "open");
  assert.deepEqual(others, []);
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.head.append(script);
    return window.ran === true;
  }).catch(() => false);
  assert.equal(ran, false);
  await page.context().close();
});
