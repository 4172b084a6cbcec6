//! Pooling, map by map: windows of any size, and the common one of 2 x 2 with stride 2, for which the compiler makes
//! vectors of neighbouring windows.

use std::ops::Range;

use super::simd::{F32, by_level};
use crate::plan::Window;

pub(super) struct Maps {
    /// `[maps, height, width]`; null where only gradients are needed.
    pub x: *const f32,
    /// `[maps, out_height, out_width]`: what is made or, going back, its gradient.
    pub output: *mut f32,
    /// `[maps, height, width]`, going back; else null.
    pub input_gradient: *mut f32,
    pub window: Window,
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
                    let (upper, lower) = (x.add(2 * y * width), x.add((2 * y + 1) * width));
                    for c in 0..out_width {
                        let above = larger(*upper.add(2 * c), *upper.add(2 * c + 1));
                        let below = larger(*lower.add(2 * c), *lower.add(2 * c + 1));
                        *out.add(y * out_width + c) = larger(above, below);
                    }
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
by_level!(
    /// # Safety
    /// Pointers are good for the maps; nobody else touches those of what is written. So of all functions here.
    pub(super) unsafe fn largest = largest_body(maps: &Maps, range: Range<usize>)
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
                    let (upper, lower) = (x.add(2 * y * width), x.add((2 * y + 1) * width));
                    let (to_upper, to_lower) = (wanted.add(2 * y * width), wanted.add((2 * y + 1) * width));
                    for i in 0..out_width {
                        let (a, b) = (*upper.add(2 * i), *upper.add(2 * i + 1));
                        let (c, d) = (*lower.add(2 * i), *lower.add(2 * i + 1));
                        let gradient = *given.add(y * out_width + i);
                        let (above, below) = (larger(a, b), larger(c, d));
                        // Of equals the first: written as choices of values, of which vectors are made.
                        let up = if below > above { 0.0 } else { gradient };
                        let down = if below > above { gradient } else { 0.0 };
                        *to_upper.add(2 * i) = if b > a { 0.0 } else { up };
                        *to_upper.add(2 * i + 1) = if b > a { up } else { 0.0 };
                        *to_lower.add(2 * i) = if d > c { 0.0 } else { down };
                        *to_lower.add(2 * i + 1) = if d > c { down } else { 0.0 };
                    }
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
                if let Some(place) = place {
                    *wanted.add(place) += *given.add(at);
                }
            }
        }
    }
}
by_level!(pub(super) unsafe fn largest_gradient = largest_gradient_body(maps: &Maps, range: Range<usize>));

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
by_level!(pub(super) unsafe fn average = average_body(maps: &Maps, range: Range<usize>));

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
by_level!(pub(super) unsafe fn average_gradient = average_gradient_body(maps: &Maps, range: Range<usize>));
