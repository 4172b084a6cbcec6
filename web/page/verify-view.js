// verify in the page: every op on a device against its definition in float64.

import { button, element, fill, show, write } from "./dom.js";
import { whole } from "./numbers.js";
import { text } from "./text.js";

export class Verify {
  #session;
  #rows = new Map();
  #done = 0;
  #cases = 0;
  #device = element("select", { "aria-label": text.how.device });
  #start = button("play", text.verify.start, () => this.#begin(), { kind: "primary" });
  #cancel = button("stop", text.verify.cancel, () => this.#end(), { hidden: true });
  #bar = element("progress", { max: 1, value: 0, "aria-label": text.verify.progress });
  #state = element("p.state", { role: "status" }, text.verify.about);
  #list = element("ul.checks");

  constructor(session) {
    this.#session = session;
    this.place = element("div.verify", {},
      element("div.head", {}, this.#device, this.#start, this.#cancel, this.#bar), this.#state, this.#list);
    session.on("hello", () => fill(this.#device, session.hello.devices.map(({ id, name }) => element("option", { value: id, selected: id === session.device }, name))));
    session.on("trouble", () => {
      this.#start.disabled = Boolean(session.trouble);
      if (session.trouble) this.#running(false);
    });
  }

  #running(running) {
    show(this.#start, !running);
    show(this.#cancel, running);
    this.#device.disabled = running;
  }

  async #begin() {
    this.#rows.clear();
    fill(this.#list);
    [this.#done, this.#cases] = [0, 0];
    this.#bar.value = 0;
    this.#running(true);
    const answer = await this.#session.try({ do: "verify", device: this.#device.value });
    if (!answer) return this.#running(false);
    this.#cases = answer.reply.cases;
    return write(this.#state, text.verify.running(whole(this.#done), whole(this.#cases)));
  }

  /** No event tells that it was cancelled. */
  async #end() {
    if (!(await this.#session.try({ do: "cancel" }))) return;
    this.#running(false);
    const failed = [...this.#rows.values()].reduce((sum, { passed, all }) => sum + all - passed, 0);
    write(this.#state, text.verify.cancelled(whole(this.#done), whole(failed)));
  }

  /** Takes an event of the engine. */
  take(event) {
    if (event.event === "verified") return this.#one(event);
    this.#running(false);
    if (event.event === "verify_failed") return write(this.#state, event.message);
    return write(this.#state, text.verify.all(whole(event.passed), whole(event.failed)));
  }

  #one({ op, case: name, passed, error, tolerance }) {
    this.#done += 1;
    this.#bar.value = this.#cases ? this.#done / this.#cases : 0;
    write(this.#state, text.verify.running(whole(this.#done), whole(this.#cases)));
    let row = this.#rows.get(op);
    if (!row) {
      row = { passed: 0, all: 0, worst: 0, place: element("li"), count: element("span.count"), worstPlace: element("small") };
      row.place.append(element("b", {}, op), row.count, row.worstPlace);
      this.#rows.set(op, row);
      this.#list.append(row.place);
    }
    row.all += 1;
    row.passed += passed ? 1 : 0;
    if (passed && tolerance) row.worst = Math.max(row.worst, error / tolerance);
    row.place.classList.toggle("bad", row.passed < row.all);
    write(row.count, text.verify.passed(row.passed, row.all));
    if (!passed) row.place.append(element("p.bad", {}, text.verify.failed(name, error, tolerance)));
    write(row.worstPlace, text.verify.worst(row.worst));
  }
}
