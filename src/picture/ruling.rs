//! Ruled and squared paper: long thin lines, level or upright, are not ink.

/// How lines are told from strokes.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    /// A line runs along this share of the picture at least.
    least_share: f32,
    /// It goes on after a gap of this share: where a stroke crosses it.
    most_gap: f32,
}

/// On a page of several digits no stroke of a digit is that long.
pub(super) const ON_PAGES: Lines = Lines { least_share: 0.35, most_gap: 0.02 };
/// In a picture of one digit a line runs from edge to edge.
pub(super) const AROUND_DIGITS: Lines = Lines { least_share: 0.95, most_gap: 0.2 };
/// Thickest line, as a share of the page's longer side.
const MOST_THICKNESS: f32 = 0.008;

/// The pixels of lines in a mask, level or upright.
pub(super) fn ruling(mask: &[bool], height: usize, width: usize, kind: Lines) -> Vec<bool> {
    let thickness = ((MOST_THICKNESS * height.max(width) as f32) as usize).max(3);
    let mut lines = ruled(mask, height, width, thickness, kind);
    let turned: Vec<bool> = transposed(mask, height, width);
    let upright = transposed(&ruled(&turned, width, height, thickness, kind), width, height);
    lines.iter_mut().zip(upright).for_each(|(line, upright)| *line |= upright);
    lines
}

fn transposed(mask: &[bool], height: usize, width: usize) -> Vec<bool> {
    (0..width).flat_map(|x| (0..height).map(move |y| mask[y * width + x])).collect()
}

/// The pixels of level lines.
fn ruled(mask: &[bool], height: usize, width: usize, thickness: usize, kind: Lines) -> Vec<bool> {
    let gap = ((kind.most_gap * width as f32) as usize).max(4 * thickness);
    let least = ((kind.least_share * width as f32) as usize).max(20);
    // How long the run of ink through each pixel's column is, itself included.
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
            if count > 0 && x - last > gap {
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
            if last - first + 1 >= least && 3 * count >= 2 * (last - first + 1) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A thin line from edge to edge and a broad stroke across it.
    #[test]
    fn a_line_goes_and_the_stroke_that_crosses_it_stays() {
        let (height, width) = (100, 200);
        let is_line = |y: usize| y == 60 || y == 61;
        let is_stroke = |y: usize, x: usize| (30..90).contains(&y) && (80..90).contains(&x);
        let mask: Vec<bool> =
            (0..height * width).map(|at| is_line(at / width) || is_stroke(at / width, at % width)).collect();
        for kind in [ON_PAGES, AROUND_DIGITS] {
            let found = ruling(&mask, height, width, kind);
            for (at, is_ruled) in found.into_iter().enumerate() {
                let (y, x) = (at / width, at % width);
                assert_eq!(is_ruled, is_line(y) && !is_stroke(y, x), "{y} {x}");
            }
        }
    }

    #[test]
    fn what_ends_within_a_picture_of_one_digit_is_a_stroke() {
        let (height, width) = (100, 200);
        let mask: Vec<bool> =
            (0..height * width).map(|at| at / width == 50 && at % width >= 20 && at % width < 180).collect();
        assert!(ruling(&mask, height, width, AROUND_DIGITS).iter().all(|is_ruled| !is_ruled));
        assert!(ruling(&mask, height, width, ON_PAGES).contains(&true));
    }
}
