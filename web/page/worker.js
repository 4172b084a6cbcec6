// The engine in this browser, in a worker: a thin transport around the core, which is WebAssembly. Requests come as {message,
// attachments} and are answered between two pieces of work, so that a run neither freezes the page nor keeps it waiting.

import init, { Engine } from "./engine/engine.js";

/** MNIST's file, beside the page; its size for the progress, because a compressed transfer does not tell. */
const IMAGES = new URL("mnist.bin", import.meta.url);
/** Not a file: a name in the store. */
const CHOICES = new URL("shaders.json", import.meta.url);
/** The browser's own store, where sw.js keeps the page too: the images are fetched once. */
const STORE = "inkgrad-page";

const waiting = [];
let wake = () => {};
onmessage = ({ data }) => {
  waiting.push(data);
  wake();
};

const say = ([json, ...attachments]) => postMessage({ message: JSON.parse(json), attachments }, attachments);
const refuse = (id, message, kind) => postMessage({ message: { id, error: { message, kind } }, attachments: [] });

/** Lets messages in. A timer would wait for some milliseconds each time. */
const breath = (() => {
  const { port1, port2 } = new MessageChannel();
  let done;
  port1.onmessage = () => done();
  return () => new Promise((resolve) => {
    done = resolve;
    port2.postMessage(null);
  });
})();

/** What the store has of an address; no store in some private windows. */
async function kept(address) {
  try {
    const store = await caches.open(STORE);
    return { store, found: await store.match(address) };
  } catch {
    return {};
  }
}

/** The shaders that were fastest on this GPU: measured once, so that every visit gives the same bits. */
async function remembered() {
  const { found } = await kept(CHOICES);
  return found ? found.text() : "";
}

async function remember(choices) {
  const { store, found } = await kept(CHOICES);
  if ((await found?.text()) !== choices) await store?.put(CHOICES, new Response(choices)).catch(() => {});
}

/** MNIST's file, from the store or the network. */
async function images() {
  const { store, found } = await kept(IMAGES);
  if (found) return new Uint8Array(await found.arrayBuffer());
  const response = await fetch(IMAGES);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const total = Number(response.headers.get("content-length")) || 0;
  const parts = [];
  let done = 0;
  for (let reader = response.body.getReader(); ;) {
    const { value, done: ended } = await reader.read();
    if (ended) break;
    parts.push(value);
    done += value.length;
    postMessage({ message: { event: "progress", what: "data", done, total: Math.max(total, done) }, attachments: [] });
  }
  const file = new Blob(parts);
  // without room in the store they are fetched again another time
  await store?.put(IMAGES, new Response(file)).catch(() => {});
  return new Uint8Array(await file.arrayBuffer());
}

async function answer(engine, { message, attachments }) {
  say(await engine.answer(JSON.stringify(message), attachments.map((bytes) => new Uint8Array(bytes))));
  if (message.do === "train") await remember(engine.choices());
}

/** Fetching is not the core's: it must not keep other requests waiting. */
function fetchFirst(data) {
  images().then((file) => {
    data.file = file;
    waiting.push(data);
    wake();
  }, (error) => refuse(data.message.id, `the images could not be fetched (${error.message}): is there a network?`, "io"));
}

async function work() {
  await init();
  const engine = new Engine(await remembered());
  for (;;) {
    if (waiting.length > 0) {
      const data = waiting.shift();
      const { message } = data;
      if (message.do === "data" && message.source === "mnist" && !data.file) {
        fetchFirst(data);
        continue;
      }
      if (data.file) engine.giveMnist(data.file);
      await answer(engine, data);
    } else if (engine.isBusy()) {
      for (const event of await engine.advance()) say(event);
      await breath();
    } else {
      await new Promise((resolve) => { wake = resolve; });
    }
  }
}

// An error that nothing caught ends the worker; the page hears of it, unless it is a promise's.
work().catch((error) => setTimeout(() => { throw error; }));
