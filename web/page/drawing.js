// The paper: strokes by mouse, pen or finger, kept as lines, so that they can be undone and drawn at any size.

import { colour } from "./theme.js";

/** The paper's size in its own units, in which strokes are kept; also the size in pixels of the picture that the engine gets. */
export const WIDTH = 400;
export const HEIGHT = 300;

/** Width of a stroke in the paper's units. */
const PEN = 15;

export class Drawing extends EventTarget {
  #canvas;
  #strokes = [];
  #erased = null;
  #pointer = null;
  #picture = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true });
  #boxes = [];

  /** Sends "stroke" while a stroke grows and "lifted" when it ends; both also after undo and erase. */
  constructor(canvas) {
    super();
    this.#canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(end, (event) => this.#up(event));
    new ResizeObserver(() => this.paint()).observe(canvas);
    document.addEventListener("theme", () => this.paint());
  }

  get empty() {
    return this.#strokes.length === 0;
  }

  get drawingNow() {
    return this.#pointer !== null;
  }

  /** What undo would take away: a stroke, or an erasure. */
  get undoable() {
    return !this.empty || this.#erased !== null;
  }

  undo() {
    if (this.empty && this.#erased) [this.#strokes, this.#erased] = [this.#erased, null];
    else this.#strokes.pop();
    this.#changed();
  }

  erase() {
    if (!this.empty) [this.#strokes, this.#erased] = [[], this.#strokes];
    this.#changed();
  }

  /** Adds strokes that nobody drew here. */
  add(strokes) {
    this.#strokes.push(...strokes);
    this.#changed();
  }

  /** The right end of what is drawn, 0 for nothing. */
  get right() {
    return Math.max(0, ...this.#strokes.flat().map((point) => point.x));
  }

  /** Frames around what has been read: `{left, top, width, height, chosen}` in the picture's pixels. */
  frame(boxes) {
    this.#boxes = boxes;
    this.paint();
  }

  /** The picture, black on white, or the part of it in a box: `{width, height, data}` with RGBA bytes. */
  pixels(box) {
    const picture = this.#picture;
    picture.fillStyle = "#fff";
    picture.fillRect(0, 0, WIDTH, HEIGHT);
    this.#ink(picture, "#000");
    if (!box) return picture.getImageData(0, 0, WIDTH, HEIGHT);
    // Digits that reach into this one's box stay out of it; some paper around it, as on a picture of one digit alone.
    const margin = Math.round(0.15 * Math.max(box.width, box.height));
    const cut = picture.getImageData(box.left, box.top, box.width, box.height);
    const alone = new OffscreenCanvas(box.width + 2 * margin, box.height + 2 * margin).getContext("2d");
    alone.fillStyle = "#fff";
    alone.fillRect(0, 0, alone.canvas.width, alone.canvas.height);
    alone.putImageData(cut, margin, margin);
    return alone.getImageData(0, 0, alone.canvas.width, alone.canvas.height);
  }

  /** The picture as a PNG. */
  png() {
    this.pixels();
    return this.#picture.canvas.convertToBlob({ type: "image/png" });
  }

  paint() {
    const canvas = this.#canvas;
    const scale = (canvas.clientWidth / WIDTH) * devicePixelRatio;
    if (!scale) return;
    const [width, height] = [Math.round(WIDTH * scale), Math.round(HEIGHT * scale)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    this.#ink(context, colour("--pen"));
    for (const box of this.#boxes) {
      context.strokeStyle = colour(box.chosen ? "--series0" : "--muted");
      context.lineWidth = box.chosen ? 2 : 1;
      context.beginPath();
      context.roundRect(box.left - 7, box.top - 7, box.width + 14, box.height + 14, 6);
      context.stroke();
    }
  }

  #ink(context, style) {
    context.strokeStyle = style;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.#strokes) {
      let [x, y] = [stroke[0].x, stroke[0].y];
      stroke.forEach((point, at) => {
        // From middle to middle of the points, bent towards the point: round without lagging behind the pen.
        const next = stroke[at + 1] ?? point;
        const [toX, toY] = [(point.x + next.x) / 2, (point.y + next.y) / 2];
        context.lineWidth = PEN * point.width;
        context.beginPath();
        context.moveTo(x, y);
        context.quadraticCurveTo(point.x, point.y, toX, toY);
        context.stroke();
        [x, y] = [toX, toY];
      });
    }
  }

  #point(event) {
    const area = this.#canvas.getBoundingClientRect();
    const pen = event.pointerType === "pen" && event.pressure > 0;
    return {
      x: ((event.clientX - area.left) / area.width) * WIDTH,
      y: ((event.clientY - area.top) / area.height) * HEIGHT,
      width: pen ? 0.6 + 0.8 * event.pressure : 1,
    };
  }

  #down(event) {
    if (this.#pointer !== null || event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#strokes.push([this.#point(event)]);
    this.#erased = null;
    this.#changed("stroke");
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const stroke = this.#strokes.at(-1);
    const between = event.getCoalescedEvents?.() ?? [];
    for (const each of between.length ? between : [event]) {
      const point = this.#point(each);
      const last = stroke.at(-1);
      if (Math.hypot(point.x - last.x, point.y - last.y) >= 1) stroke.push(point);
    }
    this.#changed("stroke");
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    this.#changed();
  }

  #changed(what = "lifted") {
    if (this.empty) this.#boxes = [];
    this.paint();
    this.dispatchEvent(new Event(what));
  }
}
