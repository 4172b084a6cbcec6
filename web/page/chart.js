// A chart of one quantity over the steps: a canvas, painted anew when there is news, and a reading under the pointer.

import { element, write } from "./dom.js";
import { whole } from "./numbers.js";
import { colour } from "./theme.js";

const LEFT = 46;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 22;

/** Round numbers between two, about `count` of them. */
function ticks(from, to, count) {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(from / step - 1e-9) || 0; at * step <= to * (1 + 1e-9); at += 1) found.push(at * step);
  return found;
}

/** 1, 2 and 5 times powers of ten, fewer where that would be crowded. */
function logarithmicTicks(from, to) {
  const wide = to / from > 300;
  const found = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power += 1) {
    for (const factor of wide ? [1] : [1, 2, 5]) {
      const value = factor * 10 ** power;
      if (value >= from * 0.999 && value <= to * 1.001) found.push(value);
    }
  }
  return found;
}

export class Chart {
  #canvas;
  #title;
  #reading;
  #options;
  #drawn = null;
  #pointer = null;

  /** `options`: `label` for the heading, `keys` of the lines as `[colour, text]`, `logarithmic`, `format(value)` for numbers. */
  constructor(options) {
    this.#options = options;
    this.#canvas = element("canvas", { role: "img" });
    const keys = options.keys?.map(([name, text]) => element("span.key", { style: { "--key": `var(${name})` } }, text)) ?? [];
    this.#title = element("h3", {}, options.label, keys);
    this.#reading = element("span.reading");
    this.place = element("div.chart", {}, element("div.chart-head", {}, this.#title, this.#reading), element("div.plot", {}, this.#canvas));
    this.#canvas.addEventListener("pointermove", (event) => this.#read(event.offsetX));
    this.#canvas.addEventListener("pointerleave", () => this.#read(null));
    new ResizeObserver(() => this.#paint()).observe(this.#canvas.parentElement);
    document.addEventListener("theme", () => this.#paint());
  }

  /** Draws `{end, low, high, lines: [{points: {x(i), y(i), length}, colour, width, alpha, dots}]}`; `end` is the last step of the axis. */
  draw(data) {
    this.#drawn = data;
    this.#canvas.setAttribute("aria-label", `${this.#options.label}: ${data.said}`);
    this.#paint();
  }

  #scales() {
    const { end, low, high } = this.#drawn;
    const [width, height] = [this.#canvas.clientWidth - LEFT - RIGHT, this.#canvas.clientHeight - TOP - BOTTOM];
    const turn = this.#options.logarithmic ? Math.log : (value) => value;
    const [bottom, top] = [turn(low), turn(high)];
    return {
      x: (step) => LEFT + (width * step) / Math.max(end, 1),
      y: (value) => TOP + height * (1 - (turn(value) - bottom) / (top - bottom || 1)),
      step: (x) => Math.min(Math.max(((x - LEFT) / Math.max(width, 1)) * end, 0), end),
      width,
      height,
    };
  }

  #paint() {
    const canvas = this.#canvas;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!this.#drawn || width < 80 || height < 50) return;
    const dense = devicePixelRatio;
    const [across, down] = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
    const context = canvas.getContext("2d");
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    const scales = this.#scales();
    this.#axes(context, scales, width, height);
    context.save();
    context.beginPath();
    context.rect(LEFT, TOP - 4, scales.width + RIGHT, scales.height + 8);
    context.clip();
    for (const line of this.#drawn.lines) this.#line(context, scales, line);
    context.restore();
    if (this.#pointer !== null) {
      context.strokeStyle = colour("--muted");
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.round(scales.x(this.#pointer)) + 0.5, TOP);
      context.lineTo(Math.round(scales.x(this.#pointer)) + 0.5, TOP + scales.height);
      context.stroke();
    }
  }

  #axes(context, scales, width, height) {
    const { end, low, high } = this.#drawn;
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const found = this.#options.logarithmic ? logarithmicTicks(low, high) : ticks(low, high, Math.max(2, scales.height / 42));
    for (const value of found) {
      const y = Math.round(scales.y(value)) + 0.5;
      context.strokeStyle = colour("--grid");
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(width - RIGHT, y);
      context.stroke();
      context.fillStyle = colour("--muted");
      context.fillText(this.#options.format(value), LEFT - 8, y);
    }
    context.textBaseline = "alphabetic";
    for (const value of ticks(0, Math.max(end, 1), Math.max(2, scales.width / 110))) {
      const x = scales.x(value);
      context.textAlign = value === 0 ? "left" : x > width - RIGHT - 20 ? "right" : "center";
      context.fillText(whole(value), value === 0 ? LEFT : Math.min(x, width - RIGHT), height - 5);
    }
  }

  #line(context, scales, { points, colour: name, width, alpha = 1, dots = false }) {
    if (!points.length) return;
    context.strokeStyle = context.fillStyle = colour(name);
    context.lineWidth = width;
    context.lineJoin = "round";
    context.globalAlpha = alpha;
    context.beginPath();
    // Of the points within one pixel only the lowest and the highest can be seen.
    let [column, low, high] = [-1, 0, 0];
    const put = () => {
      context.lineTo(column / 2, low);
      if (high !== low) context.lineTo(column / 2, high);
    };
    for (let at = 0; at < points.length; at += 1) {
      const [x, y] = [Math.round(2 * scales.x(points.x(at))), scales.y(points.y(at))];
      if (!Number.isFinite(y)) continue;
      if (x === column) [low, high] = [Math.max(low, y), Math.min(high, y)];
      else {
        if (column >= 0) put();
        [column, low, high] = [x, y, y];
      }
    }
    if (column >= 0) put();
    context.stroke();
    const marks = dots ? Array.from({ length: points.length }, (_, at) => at) : [points.length - 1];
    if (dots || width > 1) {
      for (const at of marks) {
        context.beginPath();
        context.arc(scales.x(points.x(at)), scales.y(points.y(at)), at === points.length - 1 ? 3.5 : 2, 0, 2 * Math.PI);
        context.fill();
      }
    }
    context.globalAlpha = 1;
  }

  #read(x) {
    this.#pointer = x === null || !this.#drawn ? null : this.#scales().step(x);
    write(this.#reading, this.#pointer === null ? "" : this.#drawn.read(this.#pointer));
    this.#paint();
  }
}
