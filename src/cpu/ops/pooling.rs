//! Pooling, map by map: windows of any size, and the common one of 2 x 2 with stride 2, in vectors of neighbouring
//! windows.

use std::ops::Range;

use crate::cpu::simd::{F32, by_level};
use crate::plan::Window;

pub(crate) struct Maps {
    /// `[maps, height, width]`; null where only gradients are needed.
    pub x: *const f32,
    /// `[maps, out_height, out_width]`: what is made or, going back, its gradient.
    pub output: *mut f32,
    /// `[maps, height, width]`, going back; else null.
    pub input_gradient: *mut f32,
    pub window: Window,
    /// Going back: whether x is what a ReLU gave, whose gradient is wanted.
    pub relu: bool,
}

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

#[inline(always)]
unsafe fn largest_body<V: F32>(maps: &Maps, range: Range<usize>) {
    let Window { input: [_, width], output: [out_height, out_width], .. } = maps.window;
    for map in range {
        unsafe {
            let x = maps.x.add(map * maps.window.inputs());
            let out = maps.output.add(map * maps.window.outputs());
            if is_plain(&maps.window) {
                for y in 0..out_height {
                    plain::<V>(x.add(2 * y * width), out.add(y * out_width), width, out_width);
                }
                continue;
            }
            for (at, rows, columns) in windows(&maps.window) {
                let mut found = f32::MIN;
                for y in rows {
                    for c in columns.clone() {
                        found = larger(found, *x.add(y * width + c));
                    }
                }
                *out.add(at) = found;
            }
        }
    }
}
/// A row of plain windows: `x` is the upper of the input's two rows, the other `width` values further.
#[inline(always)]
unsafe fn plain<V: F32>(x: *const f32, out: *mut f32, width: usize, windows: usize) {
    for c in (0..windows).step_by(V::LANES) {
        let count = V::LANES.min(windows - c);
        unsafe {
            let (a, b) = pairs::<V>(x.add(2 * c), count);
            let (below_a, below_b) = pairs::<V>(x.add(width + 2 * c), count);
            a.max(b).max(below_a.max(below_b)).store_partial(out.add(c), count);
        }
    }
}

by_level!(
    /// # Safety
    /// Pointers are good for the maps; nobody else touches those of what is written. So of all functions here.
    pub(crate) unsafe fn largest = largest_body(maps: &Maps, range: Range<usize>)
);

#[inline(always)]
unsafe fn largest_gradient_body<V: F32>(maps: &Maps, range: Range<usize>) {
    let Window { input: [_, width], output: [out_height, out_width], .. } = maps.window;
    for map in range {
        unsafe {
            let x = maps.x.add(map * maps.window.inputs());
            let given = maps.output.add(map * maps.window.outputs());
            let wanted = maps.input_gradient.add(map * maps.window.inputs());
            let is_plain = is_plain(&maps.window);
            // Plain windows that fill the map leave nothing out.
            if !(is_plain && maps.window.input == [2 * out_height, 2 * out_width]) {
                std::ptr::write_bytes(wanted, 0, maps.window.inputs());
            }
            if is_plain {
                for y in 0..out_height {
                    let (x, to) = (x.add(2 * y * width), wanted.add(2 * y * width));
                    plain_gradient::<V>(x, given.add(y * out_width), to, width, out_width, maps.relu);
                }
                continue;
            }
            for (at, rows, columns) in windows(&maps.window) {
                let (mut found, mut place) = (f32::NEG_INFINITY, None);
                for y in rows {
                    for c in columns.clone() {
                        let value = *x.add(y * width + c);
                        if value > found {
                            (found, place) = (value, Some(y * width + c));
                        }
                    }
                }
                if let Some(place) = place.filter(|_| !maps.relu || found > 0.0) {
                    *wanted.add(place) += *given.add(at);
                }
            }
        }
    }
}
/// `count` pairs of neighbouring values, at most a vector of them: the left ones and the right ones.
#[inline(always)]
unsafe fn pairs<V: F32>(from: *const f32, count: usize) -> (V, V) {
    unsafe {
        if count == V::LANES {
            return V::load(from).unzip(V::load(from.add(V::LANES)));
        }
        let first = V::load_partial(from, V::LANES.min(2 * count), 0.0);
        match (2 * count).checked_sub(V::LANES) {
            Some(rest @ 1..) => first.unzip(V::load_partial(from.add(V::LANES), rest, 0.0)),
            _ => first.unzip(V::splat(0.0)),
        }
    }
}

/// The way back: each gradient to the right of a pair where `is_right` is above 0, else to the left, and zero to the other.
#[inline(always)]
unsafe fn to_pairs<V: F32>(gradient: V, is_right: V, to: *mut f32, count: usize) {
    unsafe {
        let right = gradient.where_positive(is_right);
        let (first, second) = gradient.where_not_positive(is_right).zip(right);
        if count == V::LANES {
            first.store(to);
            second.store(to.add(V::LANES));
            return;
        }
        first.store_partial(to, V::LANES.min(2 * count));
        if let Some(rest @ 1..) = (2 * count).checked_sub(V::LANES) {
            second.store_partial(to.add(V::LANES), rest);
        }
    }
}

/// A row of plain windows: `x` and `to` are the upper of the input's two rows, the other is `width` values further. Of
/// equals the first counts: `max` and a positive difference ask the same question as `>` does.
#[inline(always)]
unsafe fn plain_gradient<V: F32>(
    x: *const f32,
    given: *const f32,
    to: *mut f32,
    width: usize,
    windows: usize,
    relu: bool,
) {
    for c in (0..windows).step_by(V::LANES) {
        let count = V::LANES.min(windows - c);
        unsafe {
            let (a, b) = pairs::<V>(x.add(2 * c), count);
            let (below_a, below_b) = pairs::<V>(x.add(width + 2 * c), count);
            let (above, below) = (a.max(b), below_a.max(below_b));
            let mut gradient = match count == V::LANES {
                true => V::load(given.add(c)),
                false => V::load_partial(given.add(c), count, 0.0),
            };
            if relu {
                gradient = gradient.where_positive(above.max(below));
            }
            let is_below = below.sub(above);
            to_pairs(gradient.where_not_positive(is_below), b.sub(a), to.add(2 * c), count);
            let is_right = below_b.sub(below_a);
            to_pairs(gradient.where_positive(is_below), is_right, to.add(width + 2 * c), count);
        }
    }
}

by_level!(pub(crate) unsafe fn largest_gradient = largest_gradient_body(maps: &Maps, range: Range<usize>));

#[inline(always)]
unsafe fn average_body<V: F32>(maps: &Maps, range: Range<usize>) {
    let width = maps.window.input[1];
    for map in range {
        unsafe {
            let x = maps.x.add(map * maps.window.inputs());
            let out = maps.output.add(map * maps.window.outputs());
            for (at, rows, columns) in windows(&maps.window) {
                let count = (rows.len() * columns.len()).max(1);
                let mut sum = 0.0;
                for y in rows {
                    for c in columns.clone() {
                        sum += *x.add(y * width + c);
                    }
                }
                *out.add(at) = sum / count as f32;
            }
        }
    }
}
by_level!(pub(crate) unsafe fn average = average_body(maps: &Maps, range: Range<usize>));

#[inline(always)]
unsafe fn average_gradient_body<V: F32>(maps: &Maps, range: Range<usize>) {
    let width = maps.window.input[1];
    for map in range {
        unsafe {
            let given = maps.output.add(map * maps.window.outputs());
            let wanted = maps.input_gradient.add(map * maps.window.inputs());
            std::ptr::write_bytes(wanted, 0, maps.window.inputs());
            for (at, rows, columns) in windows(&maps.window) {
                let share = *given.add(at) / (rows.len() * columns.len()).max(1) as f32;
                for y in rows {
                    for c in columns.clone() {
                        *wanted.add(y * width + c) += share;
                    }
                }
            }
        }
    }
}
by_level!(pub(crate) unsafe fn average_gradient = average_gradient_body(maps: &Maps, range: Range<usize>));
