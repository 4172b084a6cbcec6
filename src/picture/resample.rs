//! Resampling: along one axis after the other, each result pixel a weighted mean.

/// How pixels of another size are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// The mean over the area that a result pixel covers, pixels being squares. Reduces without aliasing; enlarging
    /// repeats pixels.
    Area,
    /// As `Area` where an axis is reduced; linear between the centres of pixels where it is enlarged.
    Smooth,
}

/// The pixels from `first` on and their weights, which add up to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// The range `from` (start and length, in pixels; it may reach beyond the axis, where nothing counts) as `to` pixels.
fn taps(len: usize, from: (f64, f64), to: usize, filter: Filter) -> Vec<Taps> {
    let (start, length) = from;
    let step = length / to as f64;
    let between = |at: usize| {
        // Pixel centres lie at + 0.5.
        let centre = (start + (at as f64 + 0.5) * step - 0.5).clamp(0.0, (len - 1) as f64);
        let first = (centre.floor() as usize).min(len.saturating_sub(2));
        let share = (centre - first as f64) as f32;
        let weights = if len == 1 { vec![1.0] } else { vec![1.0 - share, share] };
        Taps { first, weights }
    };
    let covered = |at: usize| {
        let (low, high) = (start + at as f64 * step, start + (at + 1) as f64 * step);
        let first = low.floor().clamp(0.0, len as f64) as usize;
        let end = high.ceil().clamp(0.0, len as f64) as usize;
        let overlap = |pixel: usize| (high.min(pixel as f64 + 1.0) - low.max(pixel as f64)).max(0.0);
        let weights = (first..end.max(first)).map(|pixel| (overlap(pixel) / step) as f32).collect();
        Taps { first: first.min(len - 1), weights }
    };
    match filter {
        Filter::Smooth if step < 1.0 => (0..to).map(between).collect(),
        _ => (0..to).map(covered).collect(),
    }
}

/// A rectangle of a plane, in pixels, which may be fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rectangle {
    pub top: f64,
    pub left: f64,
    pub height: f64,
    pub width: f64,
}

impl Rectangle {
    pub fn whole(height: usize, width: usize) -> Self {
        Rectangle { top: 0.0, left: 0.0, height: height as f64, width: width as f64 }
    }
}

/// A rectangle of `plane` (`[height, width]`) as `[to_height, to_width]` values, unrounded. With [`Filter::Area`] what
/// lies outside of the plane counts as 0.
pub(super) fn resampled(
    plane: &[u8],
    (height, width): (usize, usize),
    from: Rectangle,
    (to_height, to_width): (usize, usize),
    filter: Filter,
) -> Vec<f32> {
    if height == 0 || width == 0 || to_height == 0 || to_width == 0 {
        return vec![0.0; to_height * to_width];
    }
    let rows = taps(height, (from.top, from.height), to_height, filter);
    let columns = taps(width, (from.left, from.width), to_width, filter);
    let mut out = Vec::with_capacity(to_height * to_width);
    let mut sum = vec![0.0f32; width];
    for row in &rows {
        // First the rows' mean, over whole rows: neighbours in memory.
        sum.fill(0.0);
        for (weight, pixels) in row.weights.iter().zip(plane[row.first * width..].chunks_exact(width)) {
            sum.iter_mut().zip(pixels).for_each(|(sum, pixel)| *sum += weight * f32::from(*pixel));
        }
        out.extend(columns.iter().map(|column| {
            let pixels = &sum[column.first..];
            column.weights.iter().zip(pixels).map(|(weight, pixel)| weight * pixel).sum::<f32>()
        }));
    }
    out
}

/// A value as a byte.
pub(super) fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(plane: &[u8], size: (usize, usize), to: (usize, usize), filter: Filter) -> Vec<f32> {
        resampled(plane, size, Rectangle::whole(size.0, size.1), to, filter)
    }

    #[test]
    fn reducing_is_the_mean_of_what_a_pixel_covers() {
        for filter in [Filter::Area, Filter::Smooth] {
            assert_eq!(of(&[0, 10, 20, 90, 30, 50], (2, 3), (1, 1), filter)[0].round(), 33.0);
            // 3 pixels to 2: one and a half each
            let halves = of(&[30, 60, 90], (1, 3), (1, 2), filter);
            assert!((halves[0] - 40.0).abs() < 1e-4 && (halves[1] - 80.0).abs() < 1e-4, "{halves:?}");
        }
    }

    #[test]
    fn enlarging_repeats_or_goes_straight_from_pixel_to_pixel() {
        assert_eq!(of(&[0, 100], (1, 2), (1, 4), Filter::Area), [0.0, 0.0, 100.0, 100.0]);
        assert_eq!(of(&[0, 100], (1, 2), (1, 4), Filter::Smooth), [0.0, 25.0, 75.0, 100.0]);
        assert_eq!(of(&[7], (1, 1), (2, 2), Filter::Smooth), [7.0; 4]);
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let plane: Vec<u8> = (0..35).map(|at| at * 7).collect();
        for filter in [Filter::Area, Filter::Smooth] {
            let same: Vec<u8> = of(&plane, (5, 7), (5, 7), filter).into_iter().map(byte).collect();
            assert_eq!(same, plane);
        }
    }

    #[test]
    fn outside_counts_as_nothing() {
        let from = Rectangle { top: -1.0, left: 1.0, height: 2.0, width: 2.0 };
        assert_eq!(resampled(&[80, 100], (1, 2), from, (1, 1), Filter::Area), [25.0]);
    }
}
