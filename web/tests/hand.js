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
