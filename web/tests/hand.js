// Draws on the page's paper as a hand does: pointer events along strokes.

import { written } from "../page/digits.js";

const [WIDTH, HEIGHT] = [400, 300];

/** Draws strokes given in the paper's units. */
export async function drawStrokes(page, strokes) {
  const paper = page.locator("canvas.paper");
  await paper.scrollIntoViewIfNeeded();
  const box = await paper.boundingBox();
  const at = ({ x, y }) => [box.x + (x / WIDTH) * box.width, box.y + (y / HEIGHT) * box.height];
  for (const stroke of strokes) {
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point), { steps: 2 });
    await page.mouse.up();
  }
}

export const drawDigit = (page, digit) => drawStrokes(page, written(digit, 130, 50, 200));

export async function drawNumber(page, digits) {
  for (const [at, digit] of digits.entries()) await drawStrokes(page, written(digit, 30 + at * (340 / digits.length), 90, 130));
}

/** A number from 0 to 1 that always is the same for the same `seed`. */
const chance = (seed) => {
  const value = Math.sin(seed * 127.1 + 311.7) * 43758.5453;
  return value - Math.floor(value);
};

/** A circle, a triangle or a cross (`kind` 0, 1, 2), each `seed` drawn a little otherwise. */
export function sign(kind, seed) {
  const some = (number, from, to) => from + (to - from) * chance(seed * 17 + number);
  const [x, y, size, turn] = [some(1, 180, 220), some(2, 135, 165), some(3, 65, 95), some(4, -0.25, 0.25)];
  const at = (angle, far = 1) => ({ x: x + size * far * Math.cos(angle + turn), y: y + size * far * Math.sin(angle + turn) });
  const line = (from, to, points = 8) => Array.from({ length: points + 1 }, (_, part) => ({ x: from.x + ((to.x - from.x) * part) / points, y: from.y + ((to.y - from.y) * part) / points }));
  if (kind === 0) return [Array.from({ length: 33 }, (_, part) => at((part / 32) * 2 * Math.PI, 1 + some(5 + part, -0.04, 0.04)))];
  if (kind === 1) return [[-1.571, 0.524, 2.618, -1.571].map((angle) => at(angle)).flatMap((to, part, all) => (part ? line(all[part - 1], to) : []))];
  return [line(at(-2.356), at(0.785)), line(at(-0.785), at(2.356))];
}
