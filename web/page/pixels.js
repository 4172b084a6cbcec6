// Small pictures from plain numbers: what the network saw, mistakes, filters.

import { element } from "./dom.js";
import { colour } from "./theme.js";

/** A canvas with one picture of planar bytes (`channels` 1 or 3); `inverted` shows white on black as ink on paper. */
export function picture(bytes, { height, width, channels }, label) {
  const canvas = element("canvas.pixels", { width, height, role: "img", "aria-label": label });
  paintBytes(canvas, bytes, { height, width, channels });
  return canvas;
}

/** Paints planar bytes into a canvas, which takes the picture's size. */
export function paintBytes(canvas, bytes, { height, width, channels }) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const plane = width * height;
  for (let at = 0; at < plane; at += 1) {
    for (let channel = 0; channel < 3; channel += 1) image.data[4 * at + channel] = bytes[at + plane * Math.min(channel, channels - 1)];
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** A colour "#rrggbb" or "#rgb" as three numbers. */
function parts(hex) {
  return hex.length < 7 ? [1, 2, 3].map((at) => 17 * parseInt(hex[at], 16)) : [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/**
 * Paints weights as pictures, one after another, into one canvas of `columns`: zero is the ground, positive blue, negative orange; of
 * three channels the colours themselves. Each picture is scaled by its own largest value, so that all show their form.
 */
export function paintFilters(canvas, weights, { count, height, width, channels }, columns) {
  const rows = Math.ceil(count / columns);
  const [right, down] = [width + 1, height + 1];
  [canvas.width, canvas.height] = [columns * right - 1, rows * down - 1];
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const [ground, positive, negative] = ["--ground", "--series0", "--series1"].map((name) => parts(colour(name)));
  const plane = width * height;
  const size = plane * channels;
  for (let number = 0; number < count; number += 1) {
    const filter = weights.subarray(number * size, (number + 1) * size);
    const most = filter.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-12);
    const [left, top] = [(number % columns) * right, Math.floor(number / columns) * down];
    for (let at = 0; at < plane; at += 1) {
      const to = 4 * ((top + Math.floor(at / width)) * canvas.width + left + (at % width));
      for (let channel = 0; channel < 3; channel += 1) {
        if (channels === 3) {
          image.data[to + channel] = 127.5 + (127.5 * filter[at + plane * channel]) / most;
        } else {
          const share = filter[at] / most;
          const end = share < 0 ? negative : positive;
          image.data[to + channel] = ground[channel] + Math.abs(share) * (end[channel] - ground[channel]);
        }
      }
      image.data[to + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}
