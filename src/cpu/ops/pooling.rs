//! Pooling, map by map: windows of any size, and the common one of 2 x 2 with stride 2, in vectors of neighbouring
//! windows.

use std::ops::Range;

use crate::cpu::simd::{F32, by_level};
use crate::plan::Window;

/// Whether windows are 2 x 2, side by side, all inside the map.
fn is_plain(window: &Window) -> bool {
    window.kernel == [2, 2]
        && window.stride == [2, 2]
        && window.padding == [0, 0]
        && (0..2).all(|i| 2 * window.output[i] <= window.input[i])
}

/// Rows or columns of the input that window `at` holds.
fn span(window: &Window, i: usize, at: usize) -> Range<usize> {
    let start = at * window.stride[i];
    let top = window.padding[i];
    start.saturating_sub(top)..(start + window.kernel[i]).saturating_sub(top).min(window.input[i])
}

/// The windows of a map, row by row: their number, rows and columns.
fn windows(window: &Window) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
    let window = *window;
    (0..window.outputs()).map(move |at| {
        let (y, x) = (at / window.output[1], at % window.output[1]);
        (at, span(&window, 0, y), span(&window, 1, x))
    })
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The maximum of each window. `x` holds maps of the window's input, `out` as many of its output.
#[inline(always)]
fn max_body<V: F32>(window: &Window, x: &[f32], out: &mut [f32]) {
    let Window { input: [_, width], output: [_, out_width], .. } = *window;
    for (x, out) in maps(x, window.inputs()).zip(maps_mut(out, window.outputs())) {
        if is_plain(window) {
            for (rows, out) in x.chunks(2 * width).zip(out.chunks_exact_mut(out_width)) {
                plain_max::<V>(rows, width, out);
            }
            continue;
        }
        for (at, rows, columns) in windows(window) {
            let mut found = f32::MIN;
            for y in rows {
                for value in &x[y * width..][columns.clone()] {
                    found = larger(found, *value);
                }
            }
            out[at] = found;
        }
    }
}
by_level!(pub(crate) fn max = max_body(window: &Window, x: &[f32], out: &mut [f32]));

fn maps(values: &[f32], length: usize) -> std::slice::ChunksExact<'_, f32> {
    values.chunks_exact(length.max(1))
}

fn maps_mut(values: &mut [f32], length: usize) -> std::slice::ChunksExactMut<'_, f32> {
    values.chunks_exact_mut(length.max(1))
}

/// A row of plain windows: `rows` are the input's two, each `width` long.
#[inline(always)]
fn plain_max<V: F32>(rows: &[f32], width: usize, out: &mut [f32]) {
    let columns = 2 * out.len();
    let (above, below) = (&rows[..columns], &rows[width..][..columns]);
    for c in (0..out.len()).step_by(V::LANES) {
        let ((a, b), (below_a, below_b)) = (pairs::<V>(above, 2 * c), pairs::<V>(below, 2 * c));
        a.max(b).max(below_a.max(below_b)).put(out, c);
    }
}

/// The gradient of [`max`]: each window's goes to its maximum, of equal ones to the first. With `relu`, `x` is the output
/// of a ReLU, and the result is the gradient of the ReLU's input.
#[inline(always)]
fn max_gradient_body<V: F32>(
    window: &Window,
    relu: bool,
    x: &[f32],
    output_gradient: &[f32],
    input_gradient: &mut [f32],
) {
    let Window { input: [_, width], output: [out_height, out_width], .. } = *window;
    let gradients = maps(output_gradient, window.outputs()).zip(maps_mut(input_gradient, window.inputs()));
    for (x, (given, wanted)) in maps(x, window.inputs()).zip(gradients) {
        let is_plain = is_plain(window);
        // Plain windows that fill the map leave nothing out.
        if !(is_plain && window.input == [2 * out_height, 2 * out_width]) {
            wanted.fill(0.0);
        }
        if is_plain {
            let rows = x.chunks(2 * width).zip(given.chunks_exact(out_width));
            for ((x, given), wanted) in rows.zip(wanted.chunks_mut(2 * width)) {
                plain_max_gradient::<V>(x, given, wanted, width, relu);
            }
            continue;
        }
        for (at, rows, columns) in windows(window) {
            let (mut found, mut position) = (f32::NEG_INFINITY, None);
            for y in rows {
                for c in columns.clone() {
                    let value = x[y * width + c];
                    if value > found {
                        (found, position) = (value, Some(y * width + c));
                    }
                }
            }
            if let Some(position) = position.filter(|_| !relu || found > 0.0) {
                wanted[position] += given[at];
            }
        }
    }
}
by_level!(
    pub(crate) fn max_gradient = max_gradient_body(
        window: &Window,
        relu: bool,
        x: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
    )
);

/// The values of a vector of pairs from `start` on: the left ones and the right ones.
#[inline(always)]
fn pairs<V: F32>(from: &[f32], start: usize) -> (V, V) {
    let next = start + V::LANES;
    V::take(from, start, 0.0).unzip(if next < from.len() { V::take(from, next, 0.0) } else { V::splat(0.0) })
}

/// The inverse, for gradients: each one goes to the right of its pair where `is_right` is above 0, else to the left, and zero
/// to the other.
#[inline(always)]
fn put_in_pairs<V: F32>(gradient: V, is_right: V, to: &mut [f32], start: usize) {
    let right = gradient.where_positive(is_right);
    let (first, second) = gradient.where_not_positive(is_right).zip(right);
    first.put(to, start);
    if start + V::LANES < to.len() {
        second.put(to, start + V::LANES);
    }
}

/// A row of plain windows, as in [`plain_max`]. Of equal values the first counts: `max` and the test for a positive
/// difference agree with `>`.
#[inline(always)]
fn plain_max_gradient<V: F32>(rows: &[f32], given: &[f32], wanted: &mut [f32], width: usize, relu: bool) {
    let columns = 2 * given.len();
    let (above, below) = (&rows[..columns], &rows[width..][..columns]);
    let (wanted_above, wanted_below) = wanted.split_at_mut(width);
    let (wanted_above, wanted_below) = (&mut wanted_above[..columns], &mut wanted_below[..columns]);
    for c in (0..given.len()).step_by(V::LANES) {
        let ((a, b), (below_a, below_b)) = (pairs::<V>(above, 2 * c), pairs::<V>(below, 2 * c));
        let (largest_above, largest_below) = (a.max(b), below_a.max(below_b));
        let mut gradient = V::take(given, c, 0.0);
        if relu {
            gradient = gradient.where_positive(largest_above.max(largest_below));
        }
        let is_below = largest_below.sub(largest_above);
        put_in_pairs(gradient.where_not_positive(is_below), b.sub(a), wanted_above, 2 * c);
        put_in_pairs(gradient.where_positive(is_below), below_b.sub(below_a), wanted_below, 2 * c);
    }
}

/// The mean of each window, of what lies inside the map.
pub(crate) fn average(window: &Window, x: &[f32], out: &mut [f32]) {
    let width = window.input[1];
    for (x, out) in maps(x, window.inputs()).zip(maps_mut(out, window.outputs())) {
        for (at, rows, columns) in windows(window) {
            let count = (rows.len() * columns.len()).max(1);
            let mut sum = 0.0;
            for y in rows {
                for value in &x[y * width..][columns.clone()] {
                    sum += value;
                }
            }
            out[at] = sum / count as f32;
        }
    }
}

/// The gradient of [`average`]: each window's is divided evenly.
pub(crate) fn average_gradient(window: &Window, output_gradient: &[f32], input_gradient: &mut [f32]) {
    let width = window.input[1];
    let gradients = maps(output_gradient, window.outputs()).zip(maps_mut(input_gradient, window.inputs()));
    for (given, wanted) in gradients {
        wanted.fill(0.0);
        for (at, rows, columns) in windows(window) {
            let part = given[at] / (rows.len() * columns.len()).max(1) as f32;
            for y in rows {
                for value in &mut wanted[y * width..][columns.clone()] {
                    *value += part;
                }
            }
        }
    }
}
