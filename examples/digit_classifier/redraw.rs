//! Draws a digit of MNIST again, as another person with another pen might have: a picture like those that people bring.

use inkgrad::picture::Picture;
use inkgrad::random::{philox4x32, uniform};

/// Pixels of the drawing along a pixel of the digit.
const SCALE: usize = 3;
const SIDE: usize = 28 * SCALE;

/// Random numbers for one drawing.
pub struct Random {
    counter: [u32; 4],
    words: Vec<u32>,
}

impl Random {
    pub fn new(number: u32, index: u32) -> Self {
        Random { counter: [0, index, number, 0x7065_6e00], words: Vec::new() }
    }

    /// Uniform from `low` to `high`.
    pub fn within(&mut self, low: f32, high: f32) -> f32 {
        if self.words.is_empty() {
            self.words = philox4x32(self.counter, [0; 2]).to_vec();
            self.counter[0] += 1;
        }
        low + (high - low) * self.words.pop().map_or(0.0, uniform)
    }

    pub fn chance(&mut self, share: f32) -> bool {
        self.within(0.0, 1.0) < share
    }
}

/// The digit (`[28, 28]`, light on black) as a picture.
pub fn picture(digit: &[u8], mut random: Random) -> inkgrad::Result<Picture> {
    let shape = shape(digit, &mut random);
    let mask = strokes(&shape, &mut random);
    let ink: Vec<f32> = mask.iter().map(|is_ink| if *is_ink { 1.0 } else { 0.0 }).collect();
    let (side, ink) = match random.chance(0.3) {
        true => (28, small(&ink, &mut random)),
        false => (SIDE, blurred(ink, random.within(0.0, 1.2))),
    };
    Picture::new(side, side, 1, on_paper(&ink, side, &mut random))
}

/// The digit's ink from 0 to 1 in a square picture, and the square's side: as it is, or in other strokes.
pub fn ink(digit: &[u8], random: &mut Random) -> (Vec<f32>, usize) {
    if random.chance(0.5) {
        return (digit.iter().map(|value| f32::from(*value) / 255.0).collect(), 28);
    }
    let shape = shape(digit, random);
    let mask = strokes(&shape, random);
    let ink = mask.iter().map(|is_ink| if *is_ink { 1.0 } else { 0.0 }).collect();
    (blurred(ink, random.within(0.3, 1.2)), SIDE)
}

/// The digit in other proportions and slightly in perspective, enlarged: where there is ink.
fn shape(digit: &[u8], random: &mut Random) -> Vec<bool> {
    let (sin, cos) = random.within(-8.0, 8.0).to_radians().sin_cos();
    let aspect = random.within(-0.25, 0.25).exp();
    let size = random.within(0.9, 1.05);
    let lean = [random.within(-0.12, 0.12), random.within(-0.12, 0.12)];
    let level = 255.0 * random.within(0.4, 0.6);
    let middle = 13.5;
    let pixel = |y: i32, x: i32| match (0..28).contains(&y) && (0..28).contains(&x) {
        true => f32::from(digit[(28 * y + x) as usize]),
        false => 0.0,
    };
    let value = |at: usize| {
        let along = |at: usize| (at as f32 + 0.5) / SCALE as f32 - 0.5 - middle;
        let (y, x) = (along(at / SIDE), along(at % SIDE));
        let depth = 1.0 + (lean[0] * y + lean[1] * x) / 14.0;
        let (y, x) = (y * depth / size * aspect.sqrt(), x * depth / size / aspect.sqrt());
        let (y, x) = (middle + cos * y + sin * x, middle - sin * y + cos * x);
        let (top, left) = (y.floor(), x.floor());
        let (down, right) = (y - top, x - left);
        let (y, x) = (top as i32, left as i32);
        let upper = pixel(y, x) * (1.0 - right) + pixel(y, x + 1) * right;
        let lower = pixel(y + 1, x) * (1.0 - right) + pixel(y + 1, x + 1) * right;
        upper * (1.0 - down) + lower * down
    };
    (0..SIDE * SIDE).map(|at| value(at) > level).collect()
}

/// The shape in strokes of another width: grown, shrunk, or its middle line drawn with a round or a broad pen.
fn strokes(shape: &[bool], random: &mut Random) -> Vec<bool> {
    let scale = SCALE as f32;
    let kind = random.within(0.0, 1.0);
    let drawn = if kind < 0.15 {
        shape.to_vec()
    } else if kind < 0.3 {
        let mut out = shape.to_vec();
        stamp(&mut out, &edge(shape), Pen::round(scale * random.within(0.2, 1.3)), true);
        out
    } else if kind < 0.4 {
        let mut out = shape.to_vec();
        stamp(&mut out, &edge(shape), Pen::round(scale * random.within(0.1, 0.5)), false);
        out
    } else {
        let mut out = vec![false; shape.len()];
        let radius = scale * random.within(0.35, 1.8);
        let pen = match random.chance(0.25) {
            true => Pen { radius, flat: random.within(0.3, 1.0), angle: random.within(0.0, 3.1) },
            false => Pen::round(radius),
        };
        stamp(&mut out, &middle_line(shape), pen, true);
        out
    };
    let area = |mask: &[bool]| mask.iter().filter(|is_ink| **is_ink).count();
    // A shape that all but vanished is no longer its digit.
    if 6 * area(&drawn) > area(shape) { drawn } else { shape.to_vec() }
}

/// An ellipse that leaves ink.
#[derive(Clone, Copy)]
struct Pen {
    radius: f32,
    /// The shorter axis as a fraction of the longer.
    flat: f32,
    angle: f32,
}

impl Pen {
    fn round(radius: f32) -> Self {
        Pen { radius, flat: 1.0, angle: 0.0 }
    }
}

fn stamp(mask: &mut [bool], places: &[usize], pen: Pen, value: bool) {
    let reach = pen.radius.ceil() as i32;
    let (sin, cos) = pen.angle.sin_cos();
    let mut offsets = Vec::new();
    for y in -reach..=reach {
        for x in -reach..=reach {
            let (long, short) = (cos * x as f32 + sin * y as f32, cos * y as f32 - sin * x as f32);
            if long * long + (short / pen.flat).powi(2) <= pen.radius * pen.radius {
                offsets.push((y, x));
            }
        }
    }
    for place in places {
        let (y, x) = ((place / SIDE) as i32, (place % SIDE) as i32);
        for (down, right) in &offsets {
            let (y, x) = (y + down, x + right);
            if (0..SIDE as i32).contains(&y) && (0..SIDE as i32).contains(&x) {
                mask[y as usize * SIDE + x as usize] = value;
            }
        }
    }
}

/// Ink beside paper.
fn edge(shape: &[bool]) -> Vec<usize> {
    let inner = (0..shape.len()).filter(|at| shape[*at] && !is_border(*at));
    inner.filter(|at| [at - 1, at + 1, at - SIDE, at + SIDE].iter().any(|at| !shape[*at])).collect()
}

fn is_border(at: usize) -> bool {
    let (y, x) = (at / SIDE, at % SIDE);
    y == 0 || x == 0 || y + 1 == SIDE || x + 1 == SIDE
}

/// The middle line of a shape: thinning by Zhang and Suen (Communications of the ACM 27, 1984).
fn middle_line(shape: &[bool]) -> Vec<usize> {
    let mut mask: Vec<bool> = (0..shape.len()).map(|at| shape[at] && !is_border(at)).collect();
    let mut left: Vec<usize> = (0..mask.len()).filter(|at| mask[*at]).collect();
    loop {
        let before = left.len();
        for first in [true, false] {
            let goes = |at: usize| {
                let n = [
                    at - SIDE,
                    at - SIDE + 1,
                    at + 1,
                    at + SIDE + 1,
                    at + SIDE,
                    at + SIDE - 1,
                    at - 1,
                    at - SIDE - 1,
                ]
                .map(|at| mask[at]);
                let count = n.iter().filter(|is_ink| **is_ink).count();
                let rises = (0..8).filter(|k| !n[*k] && n[(k + 1) % 8]).count();
                let open = match first {
                    true => !(n[2] && n[4] && (n[0] || n[6])),
                    false => !(n[0] && n[6] && (n[2] || n[4])),
                };
                (2..=6).contains(&count) && rises == 1 && open
            };
            let gone: Vec<usize> = left.iter().copied().filter(|at| goes(*at)).collect();
            gone.iter().for_each(|at| mask[*at] = false);
            left.retain(|at| mask[*at]);
        }
        if left.len() == before {
            return left;
        }
    }
}

/// The drawing as a picture of 28 x 28 pixels, sometimes in ink and paper only.
fn small(ink: &[f32], random: &mut Random) -> Vec<f32> {
    // Thin strokes would fall through a higher level.
    let level = random.chance(0.5).then(|| random.within(0.15, 0.4));
    let mean = |at: usize| {
        let (y, x) = (at / 28 * SCALE, at % 28 * SCALE);
        let rows = (0..SCALE).map(|row| ink[(y + row) * SIDE + x..][..SCALE].iter().sum::<f32>());
        let mean = rows.sum::<f32>() / (SCALE * SCALE) as f32;
        level.map_or(mean, |level| if mean > level { 1.0 } else { 0.0 })
    };
    (0..28 * 28).map(mean).collect()
}

/// A mean over neighbours, three times, by a share of each.
fn blurred(mut ink: Vec<f32>, share: f32) -> Vec<f32> {
    let weight = share / 3.0;
    for _ in 0..2 {
        for step in [1, SIDE] {
            let before = ink.clone();
            for at in SIDE..ink.len() - SIDE {
                ink[at] =
                    (1.0 - 2.0 * weight) * before[at] + weight * (before[at - step] + before[at + step]);
            }
        }
    }
    ink
}

/// Ink on paper, dark or light, sometimes with noise and uneven light.
fn on_paper(ink: &[f32], side: usize, random: &mut Random) -> Vec<u8> {
    let is_clean = random.chance(0.4);
    let (contrast, noise) = match is_clean {
        true => (200.0, 0.0),
        false => (random.within(50.0, 180.0), random.within(0.0, 0.08)),
    };
    let slope = if is_clean { [0.0, 0.0] } else { [random.within(-0.15, 0.15), random.within(-0.15, 0.15)] };
    let is_dark = random.chance(0.7);
    let mut grain = 0x9e37_79b9u32 ^ (random.within(0.0, 1.0) * 1e9) as u32;
    let pixel = |(at, ink): (usize, &f32)| {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let speck = noise * (2.0 * uniform(grain) - 1.0);
        let along = |at: usize| at as f32 / side as f32 - 0.5;
        let light = slope[0] * along(at / side) + slope[1] * along(at % side);
        let value = contrast * (ink + speck + light);
        let value = if is_dark { 225.0 - value } else { 30.0 + value };
        value.clamp(0.0, 255.0) as u8
    };
    ink.iter().enumerate().map(pixel).collect()
}
