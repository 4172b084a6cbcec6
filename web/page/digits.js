// How the digits are written by hand, for those who press a key instead of drawing: points of strokes in a box 20 wide and 28 high.

const ARC = (x, y, across, down, from, to, points = 14) =>
  Array.from({ length: points + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / points) * Math.PI) / 180;
    return [x + across * Math.cos(angle), y + down * Math.sin(angle)];
  });

const WRITTEN = [
  [ARC(10, 14, 8, 13, -70, 295, 24)],
  [[[7, 6], [10, 3.5], [12, 1], [11.3, 10], [10.6, 19], [10, 27]]],
  [[...ARC(9.5, 8, 7.5, 7, 195, 385), [14, 15], [9, 20.5], [2.5, 26.5], [8, 26], [13, 26.4], [18.5, 26.2]]],
  [[...ARC(9, 7.5, 7.5, 6.5, 205, 440), [8, 13.8], ...ARC(9, 20.3, 8.3, 6.8, -85, 155)]],
  [[[5.5, 2], [4, 9], [2.5, 15.5], [8, 15.6], [18, 15.2]], [[14.5, 3], [13.6, 11], [12.8, 19], [12.2, 27]]],
  [[[5.5, 2], [5, 7], [4.4, 12.5], ...ARC(8.8, 19, 8, 7.5, 235, 515)], [[5.5, 2], [11, 1.8], [17, 1.4]]],
  [[[14.5, 1.5], [9, 7], [4.5, 14], ...ARC(10, 20, 7, 7, 195, 540, 20)]],
  [[[2, 2.5], [8, 2.4], [17.5, 2], [14.5, 9], [11, 17], [8, 27]]],
  [[...ARC(10, 7.5, 6, 6.2, -30, -275, 14), ...ARC(10, 20.4, 7.2, 6.7, -85, 262, 20), ...ARC(10, 7.5, 6, 6.2, 85, -30, 8)]],
  [[...ARC(9.5, 8.5, 6.8, 7, -10, -350, 20), [16.2, 9], [15.4, 16], [13.6, 22], [11.5, 27]]],
];

/** The strokes of a digit, `height` pixels high, with the top left corner of its box at (`left`, `top`). */
export function written(digit, left, top, height) {
  const scale = height / 28;
  return WRITTEN[digit].map((stroke) => stroke.map(([x, y]) => ({ x: left + x * scale, y: top + y * scale, width: 1 })));
}
