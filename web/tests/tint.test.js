// Chromium's shader compiler, Tint, takes every shader with every set of constants that `inkgrad verify` uses: natively naga reads them,
// and either refuses what the other takes. Shaders with subgroups are not for browsers.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch } from "./pages.js";
import { program } from "./real.js";
import { serve } from "./serve.js";

let [browser, server, page] = [];
before(async () => {
  browser = await launch();
  server = await serve(new URL("../page", import.meta.url).pathname, { replaced: { "blank.html": () => "<!doctype html><title>blank</title>" } });
  page = await browser.newPage();
  await page.goto(`${server.address}blank.html`);
});
after(async () => {
  await browser.close();
  await server.close();
});

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

test("every shader, with every set of constants", { skip: !program && "the program has not been built" }, async () => {
  const { stdout } = await promisify(execFile)(program, ["shader", "--json"], { maxBuffer: 1 << 28 });
  const all = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const shaders = all.filter((shader) => !shader.needs_subgroups);
  assert.ok(shaders.length > 50, `${shaders.length} shaders`);
  assert.deepEqual(await refused(shaders), []);
});

test("a shader that Tint refuses is seen", async () => {
  const good = { op: "good", variant: "plain", source: "override N: u32;\n@compute @workgroup_size(N) fn main() {}", constants: [{ N: 64 }, { N: 8 }] };
  assert.deepEqual(await refused([good]), []);
  const [wrong, large] = [{ ...good, source: "fn main() { let x: f32 = 1u; }" }, { ...good, constants: [{ N: 100000 }] }];
  assert.ok((await refused([wrong])).length > 0);
  assert.ok((await refused([large])).length > 0);
});
