//! How far a page is tilted, and the page turned back.

use super::components::components;
use super::ink::Ink;
use super::page::Bounds;

/// Largest tilt that is looked for, in degrees, and the step.
const MOST: f32 = 12.0;
const STEP: f32 = 0.5;
/// Fewer marks than this, of fewer pixels, make no line.
const LEAST_MARKS: usize = 4;
const LEAST_AREA: usize = 30;
/// A tilt must sharpen the lines by this much a degree to be believed: few digits make no line.
const DOUBT: f64 = 0.02;

/// The tilt of a page's lines in degrees; positive where they fall to the right. The rows' ink is most uneven when they are
/// looked at along the lines (projection profiles, Postl 1986).
pub(super) fn tilt(ink: &Ink) -> f32 {
    let step = (ink.height.max(ink.width) / 800).max(1);
    let mut points = Vec::new();
    for y in (0..ink.height).step_by(step) {
        for x in (0..ink.width).step_by(step) {
            if ink.mask[y * ink.width + x] {
                points.push(((y / step) as f32, (x / step) as f32));
            }
        }
    }
    let marks = components(&ink.mask, ink.width).iter().filter(|part| part.area >= LEAST_AREA).count();
    if marks < LEAST_MARKS {
        return 0.0;
    }
    let rows = (ink.height + ink.width) / step + 2;
    let score = |degrees: f32| {
        let slope = degrees.to_radians().tan();
        let offset = if slope > 0.0 { slope * (ink.width / step) as f32 } else { 0.0 };
        let mut profile = vec![0.0f64; rows];
        for (y, x) in &points {
            profile[((y - slope * x + offset) as usize).min(rows - 1)] += 1.0;
        }
        let squares: f64 = profile.windows(2).map(|pair| (pair[0] - pair[1]).powi(2)).sum();
        squares * (1.0 - DOUBT * f64::from(degrees.abs()))
    };
    let angles = (0..=(2.0 * MOST / STEP) as i32).map(|number| number as f32 * STEP - MOST);
    // The smaller of two that are equally good.
    let better = |best: (f32, f64), angle: f32| match score(angle) {
        found if found > best.1 => (angle, found),
        _ => best,
    };
    angles.fold((0.0, score(0.0)), better).0
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
