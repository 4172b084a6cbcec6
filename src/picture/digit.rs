//! A single digit, normalised as MNIST's were.

use super::components::{Component, components};
use super::decode::Picture;
use super::ink::{Ink, ink};
use super::resample::{Filter, Rectangle, byte, resampled};
use super::ruling::AROUND_DIGITS;

/// Pixels of the longer side at which ink is looked for: enough for a digit that fills an eighth of a picture.
const LONGEST: usize = 400;
/// Least side of the square around the ink that is scaled, in pixels of the picture, as in MNIST.
const LEAST_SIDE: usize = 10;

/// The digit in a picture as bytes `[height, width]`: light on black, normalised as MNIST's. All zero where the picture
/// is blank.
pub(super) fn digit(picture: &Picture, height: usize, width: usize) -> Vec<u8> {
    let Some(mut ink) = ink(picture, LONGEST, AROUND_DIGITS) else { return vec![0; height * width] };
    keep_digit(&mut ink);
    normalised(&ink, height, width)
}

/// Removes all ink but that of the digit: the heaviest part, and what lies close to it and is not a speck.
fn keep_digit(ink: &mut Ink) {
    let width = ink.width;
    let parts = components(&ink.mask, width);
    let mass = |part: &Component| part.pixels(width).map(|at| f64::from(ink.values[at])).sum::<f64>();
    let touches = |part: &Component| {
        [part.top == 0, part.left == 0, part.bottom + 1 == ink.height, part.right + 1 == width]
            .iter()
            .filter(|touches| **touches)
            .count()
    };
    let masses: Vec<f64> = parts.iter().map(mass).collect();
    let weight = |at: &usize| {
        let off = 0.35f64.powi(touches(&parts[*at]) as i32);
        masses[*at] * off
    };
    let Some(main) = (0..parts.len()).max_by(|a, b| weight(a).total_cmp(&weight(b))) else { return };
    let main_touches = touches(&parts[main]);
    let is_candidate = |at: usize| {
        masses[at] >= 0.03 * masses[main]
            && (touches(&parts[at]) == 0 || main_touches > 0 || masses[at] > 0.3 * masses[main])
    };
    // Broken strokes lie close to each other: the box grows from part to part.
    let mut belongs: Vec<bool> = (0..parts.len()).map(|at| at == main).collect();
    let mut around = Extent::of(&parts[main]);
    while let Some(next) = (0..parts.len())
        .find(|at| !belongs[*at] && is_candidate(*at) && around.is_near(&Extent::of(&parts[*at])))
    {
        belongs[next] = true;
        around = around.with(&Extent::of(&parts[next]));
    }
    for (part, _) in parts.iter().zip(belongs).filter(|(_, belongs)| !belongs) {
        for pixel in part.pixels(width) {
            ink.values[pixel] = 0;
            ink.mask[pixel] = false;
        }
    }
}

/// A box: first and last row and column.
#[derive(Clone, Copy)]
struct Extent {
    rows: (usize, usize),
    columns: (usize, usize),
}

impl Extent {
    fn of(part: &Component) -> Self {
        Extent { rows: (part.top, part.bottom), columns: (part.left, part.right) }
    }

    fn with(&self, other: &Extent) -> Self {
        let both = |a: (usize, usize), b: (usize, usize)| (a.0.min(b.0), a.1.max(b.1));
        Extent { rows: both(self.rows, other.rows), columns: both(self.columns, other.columns) }
    }

    fn longer_side(&self) -> usize {
        (self.rows.1 - self.rows.0).max(self.columns.1 - self.columns.0) + 1
    }

    /// Whether the gap between two boxes is at most half of the larger one's longer side.
    fn is_near(&self, other: &Extent) -> bool {
        let gap = |a: (usize, usize), b: (usize, usize)| b.0.saturating_sub(a.1).max(a.0.saturating_sub(b.1));
        let apart = gap(self.rows, other.rows).max(gap(self.columns, other.columns));
        2 * apart.saturating_sub(1) <= self.longer_side().max(other.longer_side())
    }
}

/// Scales the box around all ink to 20 / 28 of the size by area averaging, its longer side filling it, stretches the values
/// to 255, and centres by the barycentre: MNIST's normalisation, as QMNIST reconstructed it (Yadav and Bottou 2019,
/// section 2).
pub(super) fn normalised(ink: &Ink, height: usize, width: usize) -> Vec<u8> {
    let mut out = vec![0; height * width];
    let rows: Vec<usize> = (0..ink.mask.len()).filter(|at| ink.mask[*at]).collect();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return out };
    let (top, bottom) = (first / ink.width, last / ink.width);
    let columns = || rows.iter().map(|at| at % ink.width);
    let (left, right) = (columns().min().unwrap_or(0), columns().max().unwrap_or(0));
    let (box_height, box_width) = (bottom - top + 1, right - left + 1);
    let side = box_height.max(box_width).max(LEAST_SIDE);
    let inner = (height.min(width) * 20).div_ceil(28).max(1);
    // Half-way between the box's edges; an odd pixel goes below and to the right, because of the floor.
    let from = Rectangle {
        top: top as f64 - ((side - box_height) / 2) as f64,
        left: left as f64 - ((side - box_width) / 2) as f64,
        height: side as f64,
        width: side as f64,
    };
    let values = resampled(&ink.values, (ink.height, ink.width), from, (inner, inner), Filter::Area);
    let (mut largest, mut total, mut y, mut x) = (0.0f32, 0.0f64, 0.0f64, 0.0f64);
    for (at, value) in values.iter().enumerate() {
        largest = largest.max(*value);
        let mass = f64::from(*value);
        total += mass;
        y += mass * ((at / inner) as f64 + 0.5);
        x += mass * ((at % inner) as f64 + 0.5);
    }
    if total <= 0.0 {
        return out;
    }
    let (down, along) = (place(y / total, inner, height), place(x / total, inner, width));
    for (row, values) in values.chunks_exact(inner).enumerate() {
        let to = (row + down) * width + along;
        for (pixel, value) in out[to..][..inner].iter_mut().zip(values) {
            *pixel = byte(value * 255.0 / largest);
        }
    }
    out
}

/// Where a box goes on an axis so that its barycentre is in the middle, within the axis.
fn place(barycentre: f64, inner: usize, length: usize) -> usize {
    let at = (length as f64 / 2.0 + 1.0 - barycentre).floor();
    at.clamp(0.0, (length - inner) as f64) as usize
}
