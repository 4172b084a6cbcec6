// How numbers are written: as the program writes them (thousands with a comma, accuracies with four digits).

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export const whole = (value) => WHOLE.format(value);

/** A loss: four significant digits, but never more than four after the point. */
export function loss(value) {
  if (!Number.isFinite(value)) return String(value);
  return value >= 100 ? WHOLE.format(value) : value.toFixed(value >= 10 ? 2 : 4);
}

/** A share of 1 in percent. */
export function percent(value, digits = 1) {
  if (!Number.isFinite(value)) return "–";
  // 99.96 % is not 100.0 %: a mistake there was.
  const rounded = (100 * value).toFixed(digits);
  if (value < 1 && Number(rounded) === 100) return `${(100 - 10 ** -digits).toFixed(digits)} %`;
  return `${rounded} %`;
}

/** Seconds as one would say them. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.round((seconds % 3600) / 60)).padStart(2, "0")} min`;
}

/** A time of an op, from nanoseconds to seconds. */
export function shortTime(seconds) {
  if (seconds >= 1) return `${seconds.toPrecision(3)} s`;
  if (seconds >= 1e-3) return `${(1e3 * seconds).toPrecision(3)} ms`;
  return `${(1e6 * seconds).toPrecision(3)} µs`;
}

/** Bytes in kB and MB of a thousand. */
export function bytes(count) {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} MB`;
  if (count >= 1e3) return `${(count / 1e3).toFixed(0)} kB`;
  return `${count} B`;
}

/** A rate: as short as it can be without losing digits. */
export const rate = (value) => String(Number(value.toPrecision(4)));
