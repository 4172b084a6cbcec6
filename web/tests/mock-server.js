// An engine that computes nothing: it answers as the real one does, with figures of the same kind, quickly and always the same. It takes the
// place of server.js in tests of what the page shows. `window.mock` makes it fail as a test wants.

const DIGITS = [..."0123456789"];
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let seed = 7;
const random = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};

/** A picture of a digit in `size` x `size` bytes, white on black. */
function digitPicture(digit, size = 28) {
  const canvas = new OffscreenCanvas(size, size).getContext("2d");
  canvas.fillRect(0, 0, size, size);
  canvas.fillStyle = "#fff";
  canvas.font = `${size * (0.75 + 0.1 * random())}px cursive, sans-serif`;
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  canvas.translate(size / 2, size / 2);
  canvas.rotate(0.6 * random() - 0.3);
  canvas.fillText(String(digit), 0, 1);
  const { data } = canvas.getImageData(0, 0, size, size);
  return Uint8Array.from({ length: size * size }, (_, at) => data[4 * at]);
}

/** What would be seen: the ink's box in the middle of 28 x 28. */
function seen(rgba, width, height) {
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
    if (rgba[4 * (y * width + x)] < 128) [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  const side = Math.max(right - left, bottom - top, 1);
  const out = new Uint8Array(784);
  for (let y = 0; y < 28; y += 1) for (let x = 0; x < 28; x += 1) {
    const [fromX, fromY] = [Math.round((left + right) / 2 + ((x - 13.5) * side) / 20), Math.round((top + bottom) / 2 + ((y - 13.5) * side) / 20)];
    if (fromX >= 0 && fromX < width && fromY >= 0 && fromY < height) out[y * 28 + x] = 255 - rgba[4 * (fromY * width + fromX)];
  }
  return { bytes: out, ratio: (right - left) / side };
}

/** Connected columns of ink: enough for digits side by side. */
function boxes(rgba, width, height) {
  const found = [];
  let open = null;
  for (let x = 0; x < width; x += 1) {
    let [top, bottom] = [height, -1];
    for (let y = 0; y < height; y += 1) if (rgba[4 * (y * width + x)] < 128) [top, bottom] = [Math.min(top, y), y];
    if (bottom < 0) open = null;
    else if (!open) found.push((open = { class: String(found.length), probability: 0.9, left: x, top, width: 1, height: bottom - top + 1 }));
    else {
      const end = Math.max(open.top + open.height, bottom + 1);
      open.top = Math.min(open.top, top);
      open.height = end - open.top;
      open.width = x - open.left + 1;
    }
  }
  return found;
}

class Mock {
  onmessage = () => {};
  onstate = () => {};
  names = DIGITS;
  run = null;

  async send({ id, do: what, ...fields }, attachments) {
    await sleep(what === "train" ? 300 : 4);
    if (window.mock?.gone) return;
    const fault = window.mock?.faults?.[what];
    if (fault) return this.onmessage({ id, error: fault }, []);
    try {
      const [reply, out = []] = await this[what](fields, attachments);
      this.onmessage({ id, reply }, out);
    } catch (error) {
      this.onmessage({ id, error: { message: error.message, kind: "usage", line: error.line } }, []);
    }
  }

  async hello() {
    this.run = null;
    const presets = await (await fetch("mock-presets.json")).json();
    return [{
      version: "0.9.0", engine: "native", presets, data: null, model: null, run: null,
      devices: [{ id: "gpu", name: "NVIDIA H100 80GB HBM3 (Vulkan)", note: "driver 580.159.04, subgroups of 32, float32 and float16, 79 GiB." }, { id: "cpu", name: "CPU, 16 threads, AVX-512", note: "" }],
    }];
  }

  data({ source, classes, items, name }) {
    if (source === "pictures") {
      this.names = classes;
      return [{ name: "pictures", classes, counts: classes.map((_, at) => items.filter((item) => item.class === at).length), train: items.length, validation: 2, test: 4, height: 28, width: 28, channels: 1, notes: [] }];
    }
    this.names = DIGITS;
    this.onmessage({ event: "progress", what: "data", done: 4e6, total: 7.8e6 });
    return [{ name: source === "mnist" ? "MNIST" : name, classes: DIGITS, counts: DIGITS.map(() => 6000), train: 55000, validation: 5000, test: 10000, height: 28, width: 28, channels: 1, notes: [] }];
  }

  check({ recipe }) {
    const bad = recipe.split("\n").findIndex((line) => /bach|= *$/.test(line));
    if (bad >= 0) throw Object.assign(new Error(`line ${bad + 1}: unknown field \`bach\`; did you mean \`batch\`?`), { line: bad + 1 });
    const kinds = [...recipe.matchAll(/kind = "(\w+)"/g)].map(([, kind]) => kind).filter((kind) => /conv|pool|dense|relu|flat|drop|batch/.test(kind));
    const layers = kinds.map((kind, at) => ({ name: `${kind}${at}`, kind, output: kind === "dense" ? [10] : [24, 24, 24], parameters: /dense|conv/.test(kind) ? 7850 : 0 }));
    return [{ layers, parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0), multiply_adds: 7840, steps: 1000, batch: 100 }];
  }

  train({ device }) {
    const run = (this.run = { step: 0, steps: 1000, paused: false, ended: false });
    setTimeout(() => this.#go(run));
    return [{ steps: 1000, batch: 100, parameters: 7850, device }];
  }

  async #go(run) {
    const count = 25 * (window.mock?.speed ?? 1);
    while (run === this.run && !run.ended && run.step < run.steps) {
      await sleep(40);
      if (run.paused || window.mock?.gone) continue;
      const losses = Array.from({ length: count }, (_, at) => 0.26 + 2.05 * Math.exp(-(run.step + at) / 60) + 0.14 * random());
      this.onmessage({ event: "losses", first: run.step, losses, rate: 0.5 }, []);
      run.step += count;
      if (run.step % 100 < count || run.step === count) this.#validate(run, "validation");
    }
    if (run === this.run) this.#validate(run, "done");
  }

  #validate(run, event) {
    const wrong = 0.08 + 0.5 * Math.exp(-run.step / 80);
    const { names } = this;
    const all = names.length;
    const confusion = names.map((_, label) => names.map((_, said) => Math.round(500 * (label === said ? 1 - wrong : (wrong / (all - 1)) * 2 * random()))));
    const mistakes = Array.from({ length: 24 }, (_, at) => ({ label: at % all, said: (at * 3 + 1) % all, probability: 0.99 - 0.01 * at })).filter(({ label, said }) => label !== said);
    const pixels = new Uint8Array(mistakes.length * 784);
    mistakes.forEach(({ label }, at) => pixels.set(digitPicture(label), at * 784));
    const score = { of: event === "done" ? "test" : "validation", images: 5000, loss: 0.27 + wrong, accuracy: 1 - wrong, confusion, mistakes };
    this.onmessage({ event, step: run.step, stopped: run.step < run.steps, ...score }, [pixels.buffer]);
    const weights = new Float32Array(all * 784);
    for (let filter = 0; filter < all; filter += 1) {
      const picture = digitPicture(filter);
      picture.forEach((value, at) => (weights[filter * 784 + at] = ((value - 60) / 255) * (run.step / 1000) + 0.3 * (random() - 0.5)));
    }
    this.onmessage({ event: "filters", step: run.step, layer: "dense1", count: all, height: 28, width: 28, channels: 1 }, [weights.buffer]);
  }

  pause() { this.run.paused = true; return [{}]; }
  continue() { this.run.paused = false; return [{}]; }
  stop() { this.run.ended = true; return [{}]; }
  rate() { return [{}]; }
  reset() { this.run = null; return [{}]; }

  predict({ model, width, height }, [pixels]) {
    const { bytes, ratio } = seen(new Uint8Array(pixels), width, height);
    const names = model === "current" ? this.names : DIGITS;
    const best = window.mock?.says ?? Math.round(ratio * 97) % names.length;
    const raw = names.map((_, at) => (at === best ? 30 : Math.exp(2.5 * Math.sin(at * 7 + ratio * 9))));
    const sum = raw.reduce((a, b) => a + b);
    return [{ class: best, names, probabilities: raw.map((value) => value / sum), seen: { height: 28, width: 28, channels: 1 }, step: 0 }, [bytes.buffer]];
  }

  read({ width, height }, [pixels]) {
    return [{ lines: [boxes(new Uint8Array(pixels), width, height)] }];
  }

  model_in({ name }) {
    return [{ name, names: DIGITS, height: 28, width: 28, channels: 1, parameters: 7850, step: 1000, layers: [], recipe: "", accuracy: 0.9931 }];
  }

  model_out({ format }) {
    return [{ name: `digits.${format}` }, [new Uint8Array(31400).buffer]];
  }

  explain() {
    const tensor = (name, ...shape) => ({ name, shape });
    const ops = [
      { op: "unpack", phase: "forward", layer: "input", inputs: [tensor("bytes", 100, 784)], outputs: [tensor("image", 100, 784)], variants: ["plain"], chosen: "plain" },
      { op: "matmul", phase: "forward", layer: "dense1", inputs: [tensor("image", 100, 784), tensor("weights", 784, 10)], outputs: [tensor("product", 100, 10)], variants: ["plain", "blocked", "split"], chosen: "blocked" },
      { op: "bias_add", phase: "forward", layer: "dense1", inputs: [tensor("product", 100, 10), tensor("bias", 10)], outputs: [tensor("logits", 100, 10)], variants: ["plain"], chosen: "plain" },
      { op: "softmax_cross_entropy", phase: "backward", layer: "loss", inputs: [tensor("logits", 100, 10), tensor("labels", 100)], outputs: [tensor("gradient", 100, 10)], variants: ["plain"], chosen: "plain" },
      { op: "matmul", phase: "backward", layer: "dense1", inputs: [tensor("image", 100, 784), tensor("gradient", 100, 10)], outputs: [tensor("weights'", 784, 10)], variants: ["plain", "blocked"], chosen: "plain" },
      { op: "column_sum", phase: "backward", layer: "dense1", inputs: [tensor("gradient", 100, 10)], outputs: [tensor("bias'", 10)], variants: ["plain"], chosen: "plain" },
      { op: "sgd", phase: "update", layer: "dense1", inputs: [tensor("weights", 784, 10)], outputs: [tensor("weights", 784, 10)], variants: ["plain"], chosen: "plain" },
    ];
    return [{ ops }];
  }

  async source({ op }) {
    const wgsl = await (await fetch(`mock-shaders/${op}.wgsl`)).text();
    return [{ wgsl, reference: `/// ${op} in float64, as its formula says.\npub fn ${op}(input: &[f64]) -> Vec<f64> {\n    input.iter().map(|value| value.max(0.0)).collect()\n}\n`, cpu: null }];
  }

  times() { return [{ ops: [2.1e-6, 8.4e-6, 1.9e-6, 3.2e-6, 9.9e-6, 2.4e-6, 2.2e-6] }]; }

  verify() {
    const ops = ["adam", "augment", "average_pool2d", "batch_norm", "bias_add", "conv2d", "count_correct", "dropout", "matmul", "relu", "sgd", "softmax_cross_entropy"];
    (async () => {
      for (const op of ops) for (let at = 0; at < 8; at += 1) {
        await sleep(5);
        const bad = window.mock?.badVerify && op === "conv2d" && at === 3;
        this.onmessage({ event: "verified", op, case: `${at + 1} x 28 x 28`, passed: !bad, error: bad ? 0.02 : 3e-7 * (1 + random()), tolerance: 1e-5 }, []);
      }
      this.onmessage({ event: "verified_all", passed: 96, failed: window.mock?.badVerify ? 1 : 0 }, []);
    })();
    return [{ cases: 96 }];
  }

  cancel() { return [{}]; }
}

/** The transport, and a way to lose it. */
export function serverTransport() {
  const mock = new Mock();
  window.mock = { ...window.mock, transport: mock };
  return mock;
}
