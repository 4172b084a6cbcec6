// A training run as it is known from its events: numbers only, nothing that is shown.

/** Seconds over which the speed is a mean. */
const WINDOW = 3;

export class Run {
  /** "starting", "running", "paused", "done", "stopped", "failed", or "lost": nobody knows until the engine is back. */
  state = "starting";
  /** What the user has trained: `{name, origin, recipe, seed}`. */
  about;
  steps = 0;
  batch = 0;
  parameters = 0;
  device = "";
  /** Losses of the steps, from the first. */
  count = 0;
  #losses = new Float32Array(1024);
  /** `{step, loss, accuracy}` of the validations. */
  validations = [];
  confusion = null;
  /** `{items: [{label, said, probability}], pixels}` of the last validation or of the test; pixels in the data's sizes. */
  mistakes = null;
  /** `{step, count, height, width, channels, weights}`. */
  filters = null;
  /** Names of the classes, and the images' `{height, width, channels}`. */
  classes = [];
  shape = null;
  /** The end's `{loss, accuracy, of}`: `of` says which images, "test", "validation" or "training". */
  test = null;
  failure = null;
  rate = null;
  /** What the user multiplied the rate by. */
  factor = 1;
  #marks = [];
  #speed = null;

  constructor(about) {
    this.about = about;
  }

  get losses() {
    return this.#losses.subarray(0, this.count);
  }

  get active() {
    return ["starting", "running", "paused"].includes(this.state);
  }

  /** Steps a second, null while there is too little to say. */
  get stepsASecond() {
    return this.#speed;
  }

  get imagesASecond() {
    return this.#speed === null ? null : this.#speed * this.batch;
  }

  get secondsLeft() {
    return this.#speed ? (this.steps - this.count) / this.#speed : null;
  }

  /** Mean of the last losses, which jump from batch to batch. */
  get recentLoss() {
    const last = this.losses.subarray(-20).filter(Number.isFinite);
    return last.length ? last.reduce((sum, value) => sum + value, 0) / last.length : null;
  }

  get bestAccuracy() {
    return this.test?.accuracy ?? this.validations.at(-1)?.accuracy ?? null;
  }

  started({ steps, batch, parameters, device }) {
    Object.assign(this, { steps, batch, parameters, device, state: this.state === "starting" ? "running" : this.state });
  }

  /** Takes an event of the engine at `now` (seconds of any clock); false for an event that is none of a run. */
  take(event, attachments, now) {
    switch (event.event) {
      case "losses":
        this.#append(event, now);
        return true;
      case "validation":
        this.validations.push({ step: event.step, loss: event.loss, accuracy: event.accuracy, of: event.of });
        this.#judged(event, attachments);
        return true;
      case "filters":
        this.filters = { ...event, weights: new Float32Array(attachments[0]) };
        return true;
      case "done":
        this.test = { loss: event.loss, accuracy: event.accuracy, of: event.of };
        this.state = event.stopped ? "stopped" : "done";
        this.#judged(event, attachments);
        return true;
      case "failed":
        this.state = "failed";
        this.failure = event.message;
        return true;
      case "recovered":
        // The run goes on from an earlier step: what came after it did not happen.
        this.count = Math.min(this.count, event.step);
        this.validations = this.validations.filter(({ step }) => step <= event.step);
        this.pause();
        return true;
      default:
        return false;
    }
  }

  /** What the engine told before this page listened: `losses` from the first step on, and validations as in their events. */
  recall(losses, validations) {
    this.#makeRoom(losses.length);
    this.#losses.set(losses);
    this.count = Math.max(this.count, losses.length);
    this.validations = validations;
  }

  /** A pause, for whatever reason, is no time of training. */
  pause() {
    this.#marks = [];
  }

  #makeRoom(count) {
    if (count <= this.#losses.length) return;
    const larger = new Float32Array(Math.max(2 * this.#losses.length, count));
    larger.set(this.#losses);
    this.#losses = larger;
  }

  #append({ first, losses, rate }, now) {
    const end = first + losses.length;
    this.#makeRoom(end);
    // What was missed while the connection was lost is no loss of 0.
    if (first > this.count) this.#losses.fill(NaN, this.count, first);
    this.#losses.set(losses, first);
    this.count = end;
    if (rate !== undefined && rate !== null) this.rate = rate;
    this.#marks.push([now, end]);
    while (this.#marks.length > 2 && now - this.#marks[0][0] > WINDOW) this.#marks.shift();
    const [from, step] = this.#marks[0];
    if (now - from > 0.05) this.#speed = (end - step) / (now - from);
  }

  #judged({ confusion, mistakes }, attachments) {
    this.confusion = confusion;
    this.mistakes = { items: mistakes, pixels: new Uint8Array(attachments[0] ?? []) };
  }
}
