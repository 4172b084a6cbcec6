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
    let Window { input: [_, width], output: [out_height, out_width], .. } = *window;
    for (x, out) in maps(x, window.inputs()).zip(maps_mut(out, window.outputs())) {
        if is_plain(window) {
            for y in 0..out_height {
                plain_max::<V>(&x[2 * y * width..], width, &mut out[y * out_width..], out_width);
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

/// A row of plain windows: `x` is the input from its two rows on, each `width` long, and `out` the output from that row on.
/// What is written behind the row is written again with the rows that follow.
#[inline(always)]
fn plain_max<V: F32>(x: &[f32], width: usize, out: &mut [f32], windows: usize) {
    for c in vectors::<V>(windows) {
        let ((a, b), (below_a, below_b)) = (pairs::<V>(x, 2 * c), pairs::<V>(x, width + 2 * c));
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
        let is_full = is_plain && window.input == [2 * out_height, 2 * out_width];
        if !is_full {
            wanted.fill(0.0);
        }
        if is_plain {
            for y in 0..out_height {
                let (above, below) = (2 * y * width, (2 * y + 1) * width);
                // Where nothing is left out, what is written behind a row is written again with the next.
                let ends = match is_full {
                    true => [wanted.len(); 2],
                    false => [above, below].map(|start| start + 2 * out_width),
                };
                let given = &given[y * out_width..];
                plain_max_gradient::<V>(x, given, wanted, [above, below], ends, out_width, relu);
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

/// Where the vectors start that cover `count` values. The last one is as full as the others, and covers some values once
/// more: the same are written twice, which costs less than writing a part of a vector.
#[inline(always)]
fn vectors<V: F32>(count: usize) -> impl Iterator<Item = usize> {
    let last = count.saturating_sub(V::LANES);
    (0..count).step_by(V::LANES).map(move |start| start.min(last))
}

/// The values of a vector of pairs from `start` on: the left ones and the right ones.
#[inline(always)]
fn pairs<V: F32>(from: &[f32], start: usize) -> (V, V) {
    let next = start + V::LANES;
    if let Some(whole) = from.get(start..next + V::LANES) {
        return V::take(whole, 0, 0.0).unzip(V::take(whole, V::LANES, 0.0));
    }
    V::take(from, start, 0.0).unzip(if next < from.len() { V::take(from, next, 0.0) } else { V::splat(0.0) })
}

/// The inverse, for gradients: each one goes to the right of its pair where `is_right` is above 0, else to the left, and zero
/// to the other.
#[inline(always)]
fn put_in_pairs<V: F32>(gradient: V, is_right: V, to: &mut [f32], start: usize) {
    let right = gradient.where_positive(is_right);
    let (first, second) = gradient.where_not_positive(is_right).zip(right);
    if let Some(whole) = to.get_mut(start..start + 2 * V::LANES) {
        first.put(whole, 0);
        second.put(whole, V::LANES);
        return;
    }
    first.put(to, start);
    if start + V::LANES < to.len() {
        second.put(to, start + V::LANES);
    }
}

/// A row of plain windows. Its two rows of the input are at `starts` of `x`, and nothing of `wanted` is written from `ends`
/// on. Of equal values the first counts: `max` and the test for a positive difference agree with `>`.
#[inline(always)]
fn plain_max_gradient<V: F32>(
    x: &[f32],
    given: &[f32],
    wanted: &mut [f32],
    starts: [usize; 2],
    ends: [usize; 2],
    windows: usize,
    relu: bool,
) {
    for c in vectors::<V>(windows) {
        let [above, below] = starts.map(|start| start + 2 * c);
        let ((a, b), (below_a, below_b)) = (pairs::<V>(x, above), pairs::<V>(x, below));
        let (largest_above, largest_below) = (a.max(b), below_a.max(below_b));
        let mut gradient = V::take(given, c, 0.0);
        if relu {
            gradient = gradient.where_positive(largest_above.max(largest_below));
        }
        let is_below = largest_below.sub(largest_above);
        put_in_pairs(gradient.where_not_positive(is_below), b.sub(a), &mut wanted[..ends[0]], above);
        put_in_pairs(gradient.where_positive(is_below), below_b.sub(below_a), &mut wanted[..ends[1]], below);
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
