//! How far a page is tilted, and the page turned back.

use super::bounds::Bounds;
use super::components::{Component, components};
use super::ink::Ink;
use super::threshold::quantile;

/// Largest tilt that is looked for, in degrees, and the step.
const MOST: f32 = 12.0;
const STEP: f32 = 0.5;
/// Fewer parts than this, of fewer pixels, make no line.
const LEAST_PARTS: usize = 3;
const LEAST_AREA: usize = 30;
/// Rows of the profile along the height of a digit.
const ROWS: f32 = 10.0;
/// A tilt is accepted only if it sharpens the profile by this much per degree: few digits do not make a line.
const DOUBT: f32 = 0.01;

/// The tilt of a page's lines in degrees; positive where they fall to the right. Projected along the lines, the ink is
/// distributed most unevenly (projection profiles, Postl 1986). Parts of the ink count by their boxes, not by their pixels:
/// the strokes of digits, which lean, say nothing about the lines.
pub(super) fn tilt(ink: &Ink) -> f32 {
    let mut parts = components(&ink.mask, ink.width);
    parts.retain(|part| part.area >= LEAST_AREA);
    let heights = parts.iter().map(|part| part.height() as f32).collect();
    let height = quantile(heights, 0.5).max(1.0);
    let is_digit = |part: &&Component| {
        let (own, width) = (part.height() as f32, (part.right - part.left + 1) as f32);
        (0.4 * height..=2.5 * height).contains(&own) && width <= 4.0 * height
    };
    // Middle row and column, and height, in rows of the profile.
    let scale = ROWS / height;
    let place = |part: &Component| {
        let middle = [part.top + part.bottom, part.left + part.right].map(|sum| sum as f32 / 2.0 * scale);
        (middle, part.height() as f32 * scale)
    };
    let places: Vec<([f32; 2], f32)> = parts.iter().filter(is_digit).map(place).collect();
    if places.len() < LEAST_PARTS {
        return 0.0;
    }
    let reach = MOST.to_radians().tan() * ink.width as f32 * scale;
    let rows = (ink.height as f32 * scale + 2.0 * reach) as usize + 4 * ROWS as usize;
    let mut profile = vec![0.0f32; rows];
    let mut score = |degrees: f32| {
        let slope = degrees.to_radians().tan();
        profile.fill(0.0);
        for ([y, x], height) in &places {
            let (middle, half) = (y - slope * x + reach + ROWS, height / 2.0);
            let rows = (middle - half).max(0.0) as usize..((middle + half) as usize).min(rows);
            profile[rows].iter_mut().for_each(|row| *row += 1.0);
        }
        profile.iter().map(|row| row * row).sum::<f32>() * (1.0 - DOUBT * degrees.abs())
    };
    let angles = (0..=(2.0 * MOST / STEP) as i32).map(|number| number as f32 * STEP - MOST);
    let none = (0.0, score(0.0));
    // The smaller of two that are equally good.
    let better = |best: (f32, f32), angle: f32| match score(angle) {
        found if found > best.1 => (angle, found),
        _ => best,
    };
    angles.fold(none, better).0
}

/// A page turned so that its lines are level.
pub(super) struct Turned {
    pub ink: Ink,
    sin: f32,
    cos: f32,
    /// Middle of the page before and after, `[row, column]`.
    from: [f32; 2],
    to: [f32; 2],
}

impl Turned {
    pub fn new(ink: Ink, tilt: impl Fn(&Ink) -> f32) -> Self {
        let degrees = tilt(&ink);
        let (sin, cos) = degrees.to_radians().sin_cos();
        let from = [ink.height as f32 / 2.0, ink.width as f32 / 2.0];
        if degrees == 0.0 {
            return Turned { ink, sin, cos, from, to: from };
        }
        let height = (cos * ink.height as f32 + sin.abs() * ink.width as f32).ceil() as usize;
        let width = (cos * ink.width as f32 + sin.abs() * ink.height as f32).ceil() as usize;
        let to = [height as f32 / 2.0, width as f32 / 2.0];
        let empty = Ink { height, width, values: Vec::new(), mask: Vec::new() };
        let mut turned = Turned { ink: empty, sin, cos, from, to };
        let value = |y: i32, x: i32| {
            let is_inside = y >= 0 && x >= 0 && (y as usize) < ink.height && (x as usize) < ink.width;
            if is_inside { f32::from(ink.values[y as usize * ink.width + x as usize]) } else { 0.0 }
        };
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            for x in 0..width {
                let [y, x] = turned.before(y as f32 + 0.5, x as f32 + 0.5).map(|at| at - 0.5);
                let (top, left) = (y.floor(), x.floor());
                let (down, right) = (y - top, x - left);
                let (y, x) = (top as i32, left as i32);
                let upper = value(y, x) * (1.0 - right) + value(y, x + 1) * right;
                let lower = value(y + 1, x) * (1.0 - right) + value(y + 1, x + 1) * right;
                values.push((upper * (1.0 - down) + lower * down).round() as u8);
            }
        }
        turned.ink.mask = values.iter().map(|value| *value > 60).collect();
        let kept =
            values.iter().zip(&turned.ink.mask).map(|(value, is_ink)| if *is_ink { *value } else { 0 });
        turned.ink.values = kept.collect();
        turned
    }

    /// Where a point of the turned page was before.
    fn before(&self, y: f32, x: f32) -> [f32; 2] {
        let (y, x) = (y - self.to[0], x - self.to[1]);
        [self.from[0] + self.cos * y + self.sin * x, self.from[1] - self.sin * y + self.cos * x]
    }

    /// The upright box around a box of the turned page (top, left, height, width), in a picture `scale` times as large.
    pub fn bounds(&self, [top, left, height, width]: [usize; 4], scale: f32) -> Bounds {
        let (top, left, height, width) = (top as f32, left as f32, height as f32, width as f32);
        let corners = [(0.0, 0.0), (height, 0.0), (0.0, width), (height, width)]
            .map(|(down, right)| self.before(top + down, left + right));
        let least = |axis: usize| corners.iter().map(|at| at[axis]).fold(f32::MAX, f32::min);
        let most = |axis: usize| corners.iter().map(|at| at[axis]).fold(f32::MIN, f32::max);
        let (top, left) = (least(0).max(0.0), least(1).max(0.0));
        let (bottom, right) = (most(0).min(2.0 * self.from[0]), most(1).min(2.0 * self.from[1]));
        Bounds {
            top: top * scale,
            left: left * scale,
            height: (bottom - top).max(0.0) * scale,
            width: (right - left).max(0.0) * scale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upright strokes in `lines` lines that fall to the right by `degrees`.
    fn page(lines: usize, degrees: f32) -> Ink {
        let (height, width) = (400, 600);
        let mut mask = vec![false; height * width];
        for (line, place) in (0..lines).flat_map(|line| (0..8).map(move |place| (line, place))) {
            let x = 60 + 60 * place + 7 * ((line + place) % 3);
            let y = 90.0 + 60.0 * line as f32 + degrees.to_radians().tan() * x as f32;
            for row in 0..30 {
                (0..6).for_each(|column| mask[(y as usize + row) * width + x + column] = true);
            }
        }
        let values = mask.iter().map(|is_ink| if *is_ink { 255 } else { 0 }).collect();
        Ink { height, width, values, mask }
    }

    #[test]
    fn lines_are_found_along_which_digits_stand() {
        for degrees in [-6.0, -2.5, 0.0, 4.0, 9.0] {
            for lines in 1..4 {
                let found = tilt(&page(lines, degrees));
                assert!((found - degrees).abs() <= 1.0, "{lines} lines at {degrees}: {found}");
            }
        }
    }
}
