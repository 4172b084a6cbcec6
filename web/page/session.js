// What the parts of the page share: the engine, what it has (data, model, run), and a word when that changes.

import { EngineError } from "./engine.js";

export class Session extends EventTarget {
  /** The engine, once connected; before, requests wait for it. */
  engine = null;
  /** The engine's answer to `hello`. */
  hello = null;
  /** Id of the chosen device. */
  device = null;
  /** The engine's data: `{name, classes, train, ...}`. */
  data = null;
  /** What "current" means to the engine: `{name, names, accuracy, origin}` with origin "run", "signs" or "file". */
  model = null;
  /** Why there is no engine: null, "connecting", "lost" or "closed". */
  trouble = "connecting";
  /** What the engine's transport says of it, if anything. */
  reason = "";

  #ready;
  #open;

  constructor() {
    super();
    this.#wait();
  }

  #wait() {
    this.#ready = new Promise((open) => (this.#open = open));
  }

  /** Tells the others that something has changed: `session.on("model", ...)`. */
  say(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  on(what, listener) {
    this.addEventListener(what, ({ detail }) => listener(detail));
  }

  /** The engine is there. */
  opened() {
    this.trouble = null;
    this.#open();
    this.say("trouble");
  }

  /** The engine is gone. */
  gone(trouble, reason = "") {
    if (!this.trouble) this.#wait();
    this.trouble = trouble;
    this.reason = reason;
    this.say("trouble");
  }

  /** Asks the engine, once it is there. Errors go to the caller. */
  async ask(message, attachments) {
    if (this.trouble === "closed") throw new EngineError({ message: "", kind: "lost" });
    await this.#ready;
    return this.engine.request(message, attachments);
  }

  /** As `ask`; an error is shown and the answer is null. */
  async try(message, attachments) {
    try {
      return await this.ask(message, attachments);
    } catch (error) {
      this.complain(error);
      return null;
    }
  }

  /** Shows an error, except that the engine is gone, which is shown by itself. */
  complain(error) {
    if (error instanceof EngineError && error.kind === "lost") return;
    this.say("notice", { kind: "error", message: error.message });
  }

  /** Changes what "current" is. */
  setModel(model) {
    this.model = model;
    this.say("model");
  }

  setData(data) {
    this.data = data;
    this.say("data");
  }
}
