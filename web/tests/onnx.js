// Beside CI: a model that the page has saved as ONNX says in ONNX Runtime what it says in the page.
//   node onnx.js ADDRESS [DEVICE]     the link of `inkgrad app`, or where web/dist is served
// PYTHON names a Python with onnxruntime and numpy.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, watched } from "./pages.js";
import { shortened } from "./real.js";
import { written } from "../page/digits.js";

const [address, device = "cpu"] = process.argv.slice(2);
const browser = await launch();
const page = await watched(browser, address);
const directory = mkdtempSync(join(tmpdir(), "inkgrad-onnx-"));
const drawings = Array.from({ length: 10 }, (_, digit) => written(digit, 130, 50, 200));

for (const name of ["softmax", "lenet5"]) {
  const found = await page.evaluate(async ({ recipe, device, name, drawings }) => {
    const { connect } = await import("./engine.js");
    const engine = (window.testEngine ??= await connect());
    await engine.request({ do: "data", source: "mnist" });
    const ended = new Promise((resolve, reject) => {
      engine.onevent = ({ event, message }) => (event === "done" ? resolve() : event === "failed" && reject(new Error(message)));
    });
    await engine.request({ do: "train", recipe, name, seed: 0, device });
    await ended;
    const model = await engine.request({ do: "model_out", format: "onnx" });
    const images = [];
    for (const strokes of drawings) {
      const canvas = new OffscreenCanvas(400, 300).getContext("2d");
      canvas.fillStyle = "#fff";
      canvas.fillRect(0, 0, 400, 300);
      canvas.lineWidth = 15;
      for (const stroke of strokes) {
        canvas.beginPath();
        for (const { x, y } of stroke) canvas.lineTo(x, y);
        canvas.stroke();
      }
      const { data } = canvas.getImageData(0, 0, 400, 300);
      const { reply, attachments } = await engine.request({ do: "predict", model: "current", width: 400, height: 300 }, [data.buffer]);
      images.push({ probabilities: reply.probabilities, seen: [...new Uint8Array(attachments[0])], shape: reply.seen });
    }
    return { onnx: [...new Uint8Array(model.attachments[0])], images };
  }, { recipe: await shortened(name, 200), device, name, drawings });
  const [file, images] = [join(directory, `${name}.onnx`), join(directory, `${name}.json`)];
  writeFileSync(file, Uint8Array.from(found.onnx));
  writeFileSync(images, JSON.stringify(found.images));
  const said = execFileSync(process.env.PYTHON ?? "python3", [new URL("onnx.py", import.meta.url).pathname, file, images]).toString();
  const difference = Number(said);
  console.log(`${name}: ${found.images.length} drawings, largest difference of a probability ${difference}`);
  assert.ok(difference < 1e-4, name);
}
await browser.close();
