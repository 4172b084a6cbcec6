// Starts and steers runs, for whatever view asks for one; there is one run at a time.

import { Run } from "./run.js";
import { text } from "./text.js";

const now = () => performance.now() / 1000;

export class Trainer {
  #session;
  /** The run of now, or the last one. */
  run = null;

  constructor(session) {
    this.#session = session;
  }

  get active() {
    return Boolean(this.run?.active);
  }

  /** Loads MNIST unless it is there. Shows its progress; throws the engine's error. */
  async needMnist() {
    const session = this.#session;
    if (session.data?.source === "mnist") return;
    const { reply } = await session.ask({ do: "data", source: "mnist" });
    session.setData({ ...reply, source: "mnist" });
  }

  /**
   * Trains. `about` is `{name, origin, recipe, seed, from}`. Errors of the recipe are thrown; `prepare` loads what is missing.
   */
  async start(about, prepare = async () => {}) {
    const session = this.#session;
    const run = new Run(about);
    const before = this.run;
    this.run = run;
    session.say("run");
    try {
      await prepare();
      this.#knows(run);
      const { recipe, name, seed, from } = about;
      const { reply } = await session.ask({ do: "train", recipe, name, seed, from: from ?? "start", device: session.device });
      run.started(reply);
      session.setModel({ name: about.name, names: run.classes, accuracy: null, origin: about.origin });
      session.say("run");
    } catch (error) {
      // Nothing has begun: what was there stays to be looked at.
      if (this.run === run) this.run = before?.active ? null : before;
      session.say("run");
      throw error;
    }
  }

  #knows(run) {
    const { classes, height, width, channels } = this.#session.data;
    Object.assign(run, { classes, shape: { height, width, channels } });
  }

  /** The engine had a run and a network before this page came, as after a reload: goes on with them. */
  adopt({ run, model, data }) {
    const session = this.#session;
    if (run && data) {
      if (this.run?.state !== "lost") this.run = new Run({ name: model?.name ?? "", origin: "run" });
      this.run.state = "starting";
      this.#knows(this.run);
      this.run.started(run);
      if (run.is_paused) this.run.state = "paused";
      this.#recall(this.run);
    } else if (this.run?.state === "lost") this.#failed();
    if (model && session.model?.name !== model.name) session.setModel({ ...model, accuracy: null, origin: this.run?.about.origin ?? "run" });
    else if (!model && session.model) session.setModel(null);
    session.say("run");
  }

  /** The part of a run that this page has not seen, unless the run ends before the engine is asked. */
  async #recall(run) {
    const answer = await this.#session.ask({ do: "history" }).catch(() => null);
    if (!answer) return;
    run.recall(new Float32Array(answer.attachments[0]), answer.reply.validations);
    this.#session.say("news");
  }

  /** Takes an event of the engine if it is one of a run. */
  take(event, attachments) {
    const run = this.run;
    if (!run || !run.take(event, attachments, now())) return false;
    const session = this.#session;
    if (event.event === "validation" || event.event === "done") {
      if (session.model && session.model.origin !== "file") session.model.accuracy = event.accuracy;
      session.say("learnt");
    }
    if (event.event === "recovered") session.say("notice", { kind: "note", message: text.run.recovered(event.message) });
    if (event.event === "failed") session.say("notice", { kind: "error", message: event.message });
    session.say("news");
    if (!run.active) session.say("run");
    return true;
  }

  async pause() {
    if (!(await this.#session.try({ do: "pause" }))) return;
    this.run.pause();
    if (this.run.state === "running") this.run.state = "paused";
    this.#session.say("run");
  }

  async goOn() {
    if (!(await this.#session.try({ do: "continue" }))) return;
    if (this.run.state === "paused") this.run.state = "running";
    this.#session.say("run");
  }

  /** Ends the run now and keeps its network; the event "done" follows. */
  stop() {
    return this.#session.try({ do: "stop" });
  }

  /** Multiplies the rate once more by `times`; the engine takes the factor to the schedule's rate. */
  async changeRate(times) {
    const factor = this.run.factor * times;
    if (!(await this.#session.try({ do: "rate", factor }))) return;
    this.run.factor = factor;
    this.#session.say("news");
  }

  /** Drops the run and its network. */
  async reset() {
    if (!(await this.#session.try({ do: "reset" }))) return;
    this.run = null;
    this.#session.setModel(null);
    this.#session.say("run");
  }

  /** The engine is gone: for good, or until the connection is there again. */
  lost(forGood) {
    if (!this.active && this.run?.state !== "lost") return;
    this.run.pause();
    if (forGood) this.#failed();
    else Object.assign(this.run, { state: "lost", failure: text.engine.runUnknown });
    this.#session.say("run");
  }

  #failed() {
    Object.assign(this.run, { state: "failed", failure: text.engine.runLost });
  }
}
