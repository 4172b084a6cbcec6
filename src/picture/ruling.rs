//! Ruled and squared paper: long thin lines, level or upright, are not ink.

use super::ink::Ink;

/// A line runs along this share of the page at least; no stroke of a digit does on a page of several digits.
const LEAST_SHARE: f32 = 0.35;
/// Thickest line, as a share of the page's longer side.
const MOST_THICKNESS: f32 = 0.008;

/// The ink without long thin lines. Where a stroke crosses a line, the crossing stays.
pub(super) fn without_ruling(ink: &Ink) -> Ink {
    let (height, width) = (ink.height, ink.width);
    let thickness = ((MOST_THICKNESS * height.max(width) as f32) as usize).max(3);
    let level = ruled(&ink.mask, height, width, thickness);
    let turned: Vec<bool> = transposed(&ink.mask, height, width);
    let upright = transposed(&ruled(&turned, width, height, thickness), width, height);
    let is_kept = |at: usize| ink.mask[at] && !level[at] && !upright[at];
    let mask: Vec<bool> = (0..ink.mask.len()).map(is_kept).collect();
    let values = ink.values.iter().zip(&mask).map(|(value, is_kept)| if *is_kept { *value } else { 0 });
    Ink { height, width, values: values.collect(), mask }
}

fn transposed(mask: &[bool], height: usize, width: usize) -> Vec<bool> {
    (0..width).flat_map(|x| (0..height).map(move |y| mask[y * width + x])).collect()
}

/// The pixels of level lines.
fn ruled(mask: &[bool], height: usize, width: usize, thickness: usize) -> Vec<bool> {
    let least = ((LEAST_SHARE * width as f32) as usize).max(20);
    // How long the ink goes on above and below each pixel, itself included.
    let thick = thicknesses(mask, height, width);
    let is_thin = |y: usize, x: usize| {
        let at = y * width + x;
        mask[at] && usize::from(thick[at]) <= thickness
    };
    // A line that is not quite level goes on in the next row: a pixel counts with its neighbours above and below.
    let is_near = |y: usize, x: usize| {
        is_thin(y, x) || (y > 0 && is_thin(y - 1, x)) || (y + 1 < height && is_thin(y + 1, x))
    };
    let mut lines = vec![false; mask.len()];
    for y in 0..height {
        let (mut first, mut last, mut count) = (0, 0, 0usize);
        let mut rows = Vec::new();
        for x in 0..width {
            if !is_near(y, x) {
                continue;
            }
            // Strokes that cross the line, and gaps in it, are bridged.
            if count > 0 && x - last > 4 * thickness {
                rows.push((first, last, count));
                count = 0;
            }
            if count == 0 {
                first = x;
            }
            last = x;
            count += 1;
        }
        if count > 0 {
            rows.push((first, last, count));
        }
        for (first, last, count) in rows {
            if last - first + 1 >= least && 4 * count >= 3 * (last - first + 1) {
                for x in first..=last {
                    for y in y.saturating_sub(1)..(y + 2).min(height) {
                        lines[y * width + x] |= is_thin(y, x);
                    }
                }
            }
        }
    }
    lines
}

/// The length of each pixel's run of ink along its column; 255 for longer ones.
fn thicknesses(mask: &[bool], height: usize, width: usize) -> Vec<u8> {
    let mut out = vec![0u8; mask.len()];
    for x in 0..width {
        let mut y = 0;
        while y < height {
            let length = (y..height).take_while(|y| mask[y * width + x]).count();
            (y..y + length).for_each(|y| out[y * width + x] = length.min(255) as u8);
            y += length.max(1);
        }
    }
    out
}
