// The two curves of a run: loss and validation accuracy.

import { Chart } from "./chart.js";
import { loss, percent, whole } from "./numbers.js";
import { text } from "./text.js";

/** An accuracy axis begins at the highest of these that all points but the first quarter reach. */
const FLOORS = [0.98, 0.95, 0.9, 0.8, 0.7, 0.5, 0];

/** Running means of losses: each counts half as much as one that is `half` steps newer; unbiased at the start. */
export function smoothed(losses, half) {
  const keep = 0.5 ** (1 / half);
  const means = new Float32Array(losses.length);
  let [sum, weight] = [0, 0];
  losses.forEach((value, at) => {
    if (Number.isFinite(value)) {
      sum = keep * sum + (1 - keep) * value;
      weight = keep * weight + (1 - keep);
    }
    means[at] = sum / weight;
  });
  return means;
}

/** The point whose step is the nearest to `step`. */
const nearest = (points, step) =>
  points.reduce((best, point) => (Math.abs(point.step - step) < Math.abs(best.step - step) ? point : best));

export class Curves {
  #losses;
  #accuracies;

  constructor() {
    const words = text.run;
    this.#losses = new Chart({ label: words.lossCurve, keys: [["--series0", words.training], ["--series1", words.validation]], logarithmic: true, format: (value) => String(Number(value.toPrecision(1))) });
    this.#accuracies = new Chart({ label: words.accuracyCurve, format: (value) => `${Number((100 * value).toFixed(1))} %` });
    this.places = [this.#losses.place, this.#accuracies.place];
  }

  /** Draws a run; null for none. */
  show(run) {
    this.#showLosses(run);
    this.#showAccuracies(run);
  }

  #showLosses(run) {
    const losses = run?.losses ?? new Float32Array(0);
    const means = smoothed(losses, Math.max(3, losses.length / 150));
    const validations = run?.validations.filter((one) => Number.isFinite(one.loss)) ?? [];
    const seen = [...validations.map((one) => one.loss)];
    let [low, high] = [Infinity, 0];
    for (const value of [...means, ...seen]) {
      if (Number.isFinite(value) && value > 0) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
    if (!high) [low, high] = [0.1, 3];
    const words = text.run;
    this.#losses.draw({
      end: run?.steps || 1000,
      low: Math.max(Math.min(low * 0.7, high / 4), 1e-5),
      high: high * 1.15,
      lines: [
        { points: { length: losses.length, x: (at) => at + 1, y: (at) => losses[at] }, colour: "--series0", width: 1, alpha: 0.28 },
        { points: { length: means.length, x: (at) => at + 1, y: (at) => means[at] }, colour: "--series0", width: 2 },
        { points: { length: validations.length, x: (at) => validations[at].step, y: (at) => validations[at].loss }, colour: "--series1", width: 1.5, dots: true },
      ],
      said: losses.length ? words.lossSaid(whole(losses.length), loss(means.at(-1))) : words.none,
      read: (step) => {
        const at = Math.min(Math.round(step), losses.length - 1);
        return at < 0 ? "" : words.readLoss(whole(at + 1), loss(means[at]));
      },
    });
  }

  #showAccuracies(run) {
    const points = run?.validations ?? [];
    const lowest = Math.min(...points.slice(Math.ceil(points.length / 4)).map(({ accuracy }) => accuracy), points.at(-1)?.accuracy ?? 1);
    const floor = points.length ? FLOORS.find((value) => value <= lowest) : 0;
    const words = text.run;
    this.#accuracies.draw({
      end: run?.steps || 1000,
      low: floor,
      high: 1,
      lines: [{ points: { length: points.length, x: (at) => points[at].step, y: (at) => points[at].accuracy }, colour: "--series2", width: 2, dots: true }],
      said: points.length ? words.accuracySaid(points.length, percent(points.at(-1).accuracy, 2)) : words.none,
      read: (step) => {
        if (!points.length) return "";
        const point = nearest(points, step);
        return words.readAccuracy(whole(point.step), percent(point.accuracy, 2));
      },
    });
  }
}
