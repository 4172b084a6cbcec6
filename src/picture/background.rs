//! What the paper would look like without ink: its brightness, which light and shadows make uneven.

use super::contrast::Plane;

/// A surface `c0 + c1 x + c2 y + c3 x^2 + c4 x y + c5 y^2` fitted to the pixels that `counts` selects, by least squares;
/// a plain mean where too few are left to bend it.
#[expect(clippy::needless_range_loop, reason = "rows and columns of a matrix")]
pub(super) fn surface(plane: &Plane, counts: impl Fn(usize) -> bool) -> Vec<f32> {
    const TERMS: usize = 6;
    let terms = |at: usize| {
        let along = |at: usize, length: usize| 2.0 * at as f64 / (length.max(2) - 1) as f64 - 1.0;
        let (x, y) = (along(at % plane.width, plane.width), along(at / plane.width, plane.height));
        [1.0, x, y, x * x, x * y, y * y]
    };
    let mut normal = [[0.0f64; TERMS + 1]; TERMS];
    let (mut count, mut sum) = (0usize, 0.0);
    for (at, value) in plane.values.iter().enumerate().filter(|(at, _)| counts(*at)) {
        let (terms, value) = (terms(at), f64::from(*value));
        for row in 0..TERMS {
            for column in row..TERMS {
                normal[row][column] += terms[row] * terms[column];
            }
            normal[row][TERMS] += terms[row] * value;
        }
        count += 1;
        sum += value;
    }
    let mean = if count > 0 { sum / count as f64 } else { 0.0 };
    for row in 0..TERMS {
        for column in 0..row {
            normal[row][column] = normal[column][row];
        }
        // A little regularisation: where pixels are missing, the surface stays flat.
        if row > 0 {
            normal[row][row] += 1e-3 * count as f64;
        }
    }
    let solved = if count >= 4 * TERMS { solve(normal) } else { None };
    let Some(coefficients) = solved else { return vec![mean as f32; plane.values.len()] };
    let value = |at: usize| {
        let sum: f64 = terms(at).iter().zip(coefficients).map(|(term, c)| term * c).sum();
        sum as f32
    };
    (0..plane.values.len()).map(value).collect()
}

/// Gaussian elimination with pivoting.
#[expect(clippy::needless_range_loop, reason = "rows and columns of a matrix")]
fn solve<const N: usize, const M: usize>(mut rows: [[f64; M]; N]) -> Option<[f64; N]> {
    for at in 0..N {
        let pivot = (at..N).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        rows.swap(at, pivot);
        if rows[at][at].abs() < 1e-9 {
            return None;
        }
        for row in at + 1..N {
            let factor = rows[row][at] / rows[at][at];
            for column in at..M {
                rows[row][column] -= factor * rows[at][column];
            }
        }
    }
    let mut solution = [0.0; N];
    for at in (0..N).rev() {
        let known: f64 = (at + 1..N).map(|column| rows[at][column] * solution[column]).sum();
        solution[at] = (rows[at][M - 1] - known) / rows[at][at];
    }
    Some(solution)
}

/// The mean of each pixel's surroundings (a window of `2 reach + 1` pixels, three times: nearly a Gaussian), of the pixels
/// that `counts` selects. Where no such pixel is near, the value of `otherwise`.
pub(super) fn surroundings(
    plane: &Plane,
    counts: impl Fn(usize) -> bool,
    reach: usize,
    otherwise: &[f32],
) -> Vec<f32> {
    let (height, width) = (plane.height, plane.width);
    let weight = |at: usize| if counts(at) { 1.0f32 } else { 0.0 };
    let mut weights: Vec<f32> = (0..plane.values.len()).map(weight).collect();
    // Deviations from `otherwise`, so that a little weight left far away does no harm.
    let differences = plane.values.iter().zip(otherwise).zip(&weights);
    let mut sums: Vec<f32> = differences.map(|((value, other), weight)| (value - other) * weight).collect();
    for _ in 0..3 {
        for values in [&mut sums, &mut weights] {
            *values = transposed(values, height, width);
            blur_columns(values, height, reach);
            *values = transposed(values, width, height);
            blur_columns(values, width, reach);
        }
    }
    // As if every pixel had a little weight at the value of `otherwise`.
    let of = |((sum, weight), other): ((&f32, &f32), &f32)| other + sum / (weight + 1e-3);
    sums.iter().zip(&weights).zip(otherwise).map(of).collect()
}

/// The plane with strokes up to twice `reach` pixels wide painted over: a closing where ink is dark (the largest value of
/// each pixel's surroundings, then the smallest of those), an opening where it is light (Serra 1982).
pub(super) fn without_strokes(plane: &Plane, is_dark: bool, reach: usize) -> Vec<f32> {
    let (height, width) = (plane.height, plane.width);
    let sign = if is_dark { 1.0 } else { -1.0 };
    let mut values: Vec<f32> = plane.values.iter().map(|value| sign * value).collect();
    for _ in 0..2 {
        largest_in_rows(&mut values, width, reach);
        values = transposed(&values, height, width);
        largest_in_rows(&mut values, height, reach);
        values = transposed(&values, width, height);
        // The second time round, the smallest: the largest of negatives.
        values.iter_mut().for_each(|value| *value = -*value);
    }
    values.iter_mut().for_each(|value| *value *= sign);
    values
}

/// The largest of `2 reach + 1` neighbours in each row, or of those that there are.
fn largest_in_rows(values: &mut [f32], width: usize, reach: usize) {
    let mut candidates = std::collections::VecDeque::new();
    let mut before = vec![0.0f32; width];
    for row in values.chunks_exact_mut(width) {
        before.copy_from_slice(row);
        candidates.clear();
        let mut next = 0;
        for (at, out) in row.iter_mut().enumerate() {
            // Indices of falling values: whatever is smaller than a later value is never the largest again.
            while next < width.min(at + reach + 1) {
                while candidates.back().is_some_and(|last: &usize| before[*last] <= before[next]) {
                    candidates.pop_back();
                }
                candidates.push_back(next);
                next += 1;
            }
            while candidates.front().is_some_and(|first| first + reach < at) {
                candidates.pop_front();
            }
            *out = candidates.front().map_or(before[at], |first| before[*first]);
        }
    }
}

/// Means of `2 reach + 1` neighbours in each column; beyond its ends counts as nothing, in a window of full length. All
/// columns at a time: neighbours in memory.
fn blur_columns(values: &mut [f32], width: usize, reach: usize) {
    let before = values.to_vec();
    let height = before.len() / width.max(1);
    let row = |at: usize| &before[at * width..][..width];
    let share = 1.0 / (2 * reach + 1) as f64;
    let mut sums = vec![0.0f64; width];
    for at in 0..reach.min(height) {
        sums.iter_mut().zip(row(at)).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    for (at, out) in values.chunks_exact_mut(width.max(1)).enumerate() {
        if at + reach < height {
            sums.iter_mut().zip(row(at + reach)).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = (sum * share) as f32);
        if at >= reach {
            sums.iter_mut().zip(row(at - reach)).for_each(|(sum, value)| *sum -= f64::from(*value));
        }
    }
}

fn transposed(values: &[f32], height: usize, width: usize) -> Vec<f32> {
    // In squares that stay in the cache.
    const SIDE: usize = 16;
    let mut out = vec![0.0; values.len()];
    for top in (0..height).step_by(SIDE) {
        for left in (0..width).step_by(SIDE) {
            for row in top..(top + SIDE).min(height) {
                for column in left..(left + SIDE).min(width) {
                    out[column * height + row] = values[row * width + column];
                }
            }
        }
    }
    out
}
