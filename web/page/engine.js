// The engine as the rest of the page sees it: requests with answers, and events. Where it runs, a transport knows: server.js speaks with
// `inkgrad app`, worker.js is the same engine in this browser. A transport has `send(message, attachments)` and calls
// `onmessage(message, attachments)` and `onstate(state, detail)` with "open", "lost" or "closed".

/** An answer that says no: `message` has the remedy, `kind` is the error's, `line` and `column` a place in a recipe. */
export class EngineError extends Error {
  constructor({ message, kind, line, column }) {
    super(message);
    Object.assign(this, { kind, line, column });
  }
}

class Engine {
  #transport;
  #next = 1;
  #waiting = new Map();
  onevent = () => {};
  onstate = () => {};

  constructor(transport) {
    this.#transport = transport;
    transport.onmessage = (message, attachments) => this.#arrived(message, attachments);
    transport.onstate = (state, detail) => this.#changed(state, detail);
  }

  /** Asks for something; the answer is `{reply, attachments}`. Buffers that are given are gone afterwards: they change hands. */
  request(message, attachments = []) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      try {
        this.#transport.send({ ...message, id }, attachments);
      } catch (error) {
        this.#waiting.delete(id);
        reject(error);
      }
    });
  }

  #arrived(message, attachments = []) {
    if (message.event !== undefined) return this.onevent(message, attachments);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (!waiting) return undefined;
    return message.error ? waiting.reject(new EngineError(message.error)) : waiting.resolve({ reply: message.reply ?? {}, attachments });
  }

  #changed(state, detail) {
    if (state !== "open") {
      const error = new EngineError({ message: detail ?? "", kind: "lost" });
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    }
    this.onstate(state, detail);
  }
}

/** The engine in a worker of this browser. */
function workerTransport() {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  const transport = {
    send: (message, attachments) => worker.postMessage({ message, attachments }, attachments),
    onmessage: () => {},
    onstate: () => {},
  };
  worker.onmessage = ({ data }) => transport.onmessage(data.message, data.attachments ?? []);
  worker.onerror = (event) => transport.onstate("closed", event.message);
  return transport;
}

/** The engine that serves this page, or else the one in this browser. `inkgrad app` names itself in the page's head. */
export async function connect() {
  const served = document.querySelector('meta[name="inkgrad-engine"]')?.content === "native";
  if (!served) return new Engine(workerTransport());
  const { serverTransport } = await import("./server.js");
  return new Engine(serverTransport());
}
