// What a drawing is taken for: asks the engine while the pen moves, never twice at once, always for the latest picture.

const DIGITS = "0 1 2 3 4 5 6 7 8 9";

/** More digits than these at once are read but not classified one by one. */
const MOST = 8;

/** Whether the classes are the ten digits, so that several can be read as a number. */
export const areDigits = (names) => names.join(" ") === DIGITS;

export class Recogniser {
  #session;
  #drawing;
  #show;
  #onbusy;
  #busy = false;
  #again = false;

  /**
   * Calls `show(found)` with null (nothing is drawn), `{error}`, or `{names, chosen, digits: [{class, probabilities, seen, bytes, box}]}`,
   * and `onbusy` with whether an answer is still to come.
   */
  constructor(session, drawing, show, onbusy) {
    this.#session = session;
    this.#drawing = drawing;
    [this.#show, this.#onbusy] = [show, onbusy];
    this.model = "built_in";
    this.chosen = null;
  }

  /** The names of the classes that the network in use knows; null while that is unknown. */
  get names() {
    return this.model === "current" ? this.#session.model?.names : DIGITS.split(" ");
  }

  async look() {
    this.#again = true;
    if (this.#busy) return;
    this.#onbusy((this.#busy = true));
    while (this.#again) {
      this.#again = false;
      try {
        this.#show(this.#drawing.empty ? null : await this.#found());
      } catch (error) {
        this.#show({ error });
      }
    }
    this.#onbusy((this.#busy = false));
  }

  async #found() {
    const boxes = areDigits(this.names ?? []) ? await this.#boxes() : [];
    if (boxes.length < 2) {
      const one = await this.#classify(null);
      return { names: one.names, chosen: 0, digits: [one] };
    }
    const digits = [];
    for (const box of boxes.slice(0, MOST)) digits.push(await this.#classify(box));
    const chosen = Math.min(this.chosen ?? digits.length - 1, digits.length - 1);
    return { names: digits[0].names, chosen, digits };
  }

  /** The boxes of several digits side by side, in reading order. */
  async #boxes() {
    const { width, height, data } = this.#drawing.pixels();
    const { reply } = await this.#session.ask({ do: "read", model: this.model, width, height }, [data.buffer]);
    return reply.lines.flat().map((box) => {
      const [left, top] = [Math.floor(box.left), Math.floor(box.top)];
      return { left, top, width: Math.ceil(box.left + box.width) - left, height: Math.ceil(box.top + box.height) - top };
    });
  }

  async #classify(box) {
    const { width, height, data } = this.#drawing.pixels(box);
    const { reply, attachments } = await this.#session.ask({ do: "predict", model: this.model, width, height }, [data.buffer]);
    return { ...reply, bytes: new Uint8Array(attachments[0] ?? []), box };
  }
}
