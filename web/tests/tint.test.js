// Chromium's shader compiler, Tint, takes every shader: natively naga reads them, and either refuses what the other takes. With SETS=1 it also makes a
// pipeline of each, with the constants of one of its cases in `inkgrad verify`, or with SETS=100 of all. Shaders with subgroups are not for browsers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch } from "./pages.js";
import { program } from "./real.js";
import { serve } from "./serve.js";

let [browser, server, page] = [];
/** Opens a browser of its own: Chromium's software GPU keeps some 30 MB for each pipeline for as long as its process lives. */
async function open() {
  await browser?.close();
  browser = await launch();
  page = await browser.newPage();
  await page.goto(`${server.address}blank.html`);
}
before(async () => {
  server = await serve(new URL("../page", import.meta.url).pathname, { replaced: { "blank.html": () => "<!doctype html><title>blank</title>" } });
  await open();
});
after(async () => {
  await browser.close();
  await server.close();
});

/** Most pipelines that one browser makes. */
const PIPELINES = 60;

/** Sets of constants for each shader: a software GPU takes minutes to compile one of each, and ten for all. */
const SETS = Number(process.env.SETS ?? 0);

/** What Tint says against shaders, in the page: a sentence each. */
function refused(shaders) {
  return page.evaluate(async (shaders) => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter.requestDevice();
    const faults = [];
    for (const { op, variant, source, constants } of shaders) {
      const module = device.createShaderModule({ code: source });
      const { messages } = await module.getCompilationInfo();
      for (const { type, lineNum, message } of messages) if (type === "error") faults.push(`${op} ${variant}, line ${lineNum}: ${message}`);
      for (const set of constants) {
        const compute = { module, entryPoint: "main", constants: set };
        await device.createComputePipelineAsync({ layout: "auto", compute }).catch((error) => faults.push(`${op} ${variant} ${JSON.stringify(set)}: ${error.message}`));
      }
    }
    device.destroy();
    return faults;
  }, shaders);
}

test("every shader", { skip: !program && "the program has not been built" }, async () => {
  const { stdout } = await promisify(execFile)(program, ["shader", "--json"], { maxBuffer: 1 << 28 });
  const all = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const shaders = all.filter((shader) => !shader.needs_subgroups);
  assert.ok(shaders.length > 50, `${shaders.length} shaders`);
  const faults = [];
  let made = 0;
  for (const shader of shaders) {
    const constants = shader.constants.slice(0, SETS);
    made += constants.length;
    if (made > PIPELINES) {
      await open();
      made = constants.length;
    }
    faults.push(...(await refused([{ ...shader, constants }])));
  }
  assert.deepEqual(faults, []);
});

test("a shader that Tint refuses is seen", async () => {
  const good = { op: "good", variant: "plain", source: "override N: u32;\n@compute @workgroup_size(N) fn main() {}", constants: [{ N: 64 }, { N: 8 }] };
  assert.deepEqual(await refused([good]), []);
  const [wrong, large] = [{ ...good, source: "fn main() { let x: f32 = 1u; }" }, { ...good, constants: [{ N: 100000 }] }];
  assert.ok((await refused([wrong])).length > 0);
  assert.ok((await refused([large])).length > 0);
});
