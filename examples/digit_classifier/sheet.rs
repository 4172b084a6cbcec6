//! Draws numbers on sheets of paper and takes the sheets apart as `inkgrad read` does: what it would ask a classifier about,
//! and what that is. Most candidates are no digit but a part of one, two that touch, or a piece of a ruled line.

use inkgrad::data::Split;
use inkgrad::picture::Picture;
use inkgrad::picture::page::{Bounds, lines};
use inkgrad::random::{philox4x32, uniform};

use super::redraw;

/// The class of what is no digit.
pub const NONE: u8 = 10;
/// Digits on a sheet, about.
pub const DIGITS: usize = 6;
/// Candidates that are no digit, at most, from one connected mark: a long one would have dozens.
const MOST_OTHERS: usize = 3;

/// Images of candidates on a sheet, and their classes. Its digits are drawn from those at `first` and after it.
pub fn candidates(images: &Split, number: u32) -> inkgrad::Result<(Vec<u8>, Vec<u8>)> {
    let mut random = redraw::Random::new(number, 0x7368_6565);
    let (picture, digits) = sheet(images, number, &mut random)?;
    let (mut seen, mut classes) = (Vec::new(), Vec::new());
    for touching in lines(&picture, 28, 28).iter().flatten() {
        let mut others = 0;
        // Not always the same of many.
        let begin = random.within(0.0, touching.candidates.len() as f32) as usize;
        for candidate in touching.candidates.iter().cycle().skip(begin).take(touching.candidates.len()) {
            let class = match class(&digits, &candidate.bounds) {
                Some(NONE) if others == MOST_OTHERS => continue,
                Some(class) => class,
                None => continue,
            };
            // Candidates that differ little are many.
            if random.chance(0.5) {
                continue;
            }
            others += usize::from(class == NONE);
            seen.extend(&candidate.image);
            classes.push(class);
        }
    }
    Ok((seen, classes))
}

/// A digit on a sheet: its class, and its first and last row and column.
struct Digit {
    class: u8,
    bounds: Bounds,
}

/// What a candidate is: a digit if it has that digit's bounds, or holds all of it and nothing else but a remainder of a ruled
/// line; no digit if it lacks a part of one, or has parts of two. None where that is in doubt.
fn class(digits: &[Digit], found: &Bounds) -> Option<u8> {
    let nearest = digits.iter().map(|digit| (off(&digit.bounds, found), digit.class));
    let (off, class) = nearest.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((1.0, NONE));
    let shares = || digits.iter().map(|digit| share(&digit.bounds, found));
    let is_one = shares().filter(|share| *share > 0.93).count() == 1;
    match shares().filter(|share| *share > 0.1).count() {
        1 if is_one && off < 0.25 => Some(class),
        1 if is_one => None,
        _ if off < 0.07 => Some(class),
        _ if off < 0.16 => None,
        _ => Some(NONE),
    }
}

/// How far the sides of two boxes are apart, as a multiple of the first one's longer side. Pixels at the edge of a stroke are
/// in doubt.
fn off(own: &Bounds, found: &Bounds) -> f32 {
    let sides = [
        own.top - found.top,
        own.left - found.left,
        own.top + own.height - found.top - found.height,
        own.left + own.width - found.left - found.width,
    ];
    let most = sides.into_iter().map(f32::abs).fold(0.0, f32::max);
    (most - 2.0).max(0.0) / own.height.max(own.width)
}

/// The share of a box that lies in another.
fn share(own: &Bounds, found: &Bounds) -> f32 {
    let along = |a: f32, length: f32, b: f32, other: f32| ((a + length).min(b + other) - a.max(b)).max(0.0);
    let height = along(own.top, own.height, found.top, found.height);
    let width = along(own.left, own.width, found.left, found.width);
    height * width / (own.height * own.width)
}

/// Ink on a sheet, from 0 to 1.
struct Sheet {
    height: usize,
    width: usize,
    ink: Vec<f32>,
}

impl Sheet {
    /// Draws a square image of ink with its middle at a point, and returns the bounds of its ink.
    fn draw(&mut self, ink: &[f32], side: usize, [y, x]: [f32; 2], size: f32) -> Option<Bounds> {
        let scale = size / side as f32;
        let pixel = |y: i32, x: i32| match (0..side as i32).contains(&y) && (0..side as i32).contains(&x) {
            true => ink[y as usize * side + x as usize],
            false => 0.0,
        };
        // Where the image is reduced, the mean of several points.
        let steps = (1.0 / scale).ceil().max(1.0) as usize;
        let value = |row: usize, column: usize| {
            let mut sum = 0.0;
            for part in 0..steps * steps {
                let along = |at: usize, part: usize, middle: f32| {
                    let at = at as f32 + (part as f32 + 0.5) / steps as f32;
                    (at - middle) / scale + side as f32 / 2.0 - 0.5
                };
                let (y, x) = (along(row, part / steps, y), along(column, part % steps, x));
                let (top, left) = (y.floor(), x.floor());
                let (down, right) = (y - top, x - left);
                let (top, left) = (top as i32, left as i32);
                let upper = pixel(top, left) * (1.0 - right) + pixel(top, left + 1) * right;
                let lower = pixel(top + 1, left) * (1.0 - right) + pixel(top + 1, left + 1) * right;
                sum += upper * (1.0 - down) + lower * down;
            }
            sum / (steps * steps) as f32
        };
        let range = |at: f32, end: usize| {
            (at - size / 2.0).max(0.0) as usize..((at + size / 2.0).max(0.0) as usize + 1).min(end)
        };
        let (mut rows, mut columns) = ((usize::MAX, 0), (usize::MAX, 0));
        for row in range(y, self.height) {
            for column in range(x, self.width) {
                let value = value(row, column);
                let at = &mut self.ink[row * self.width + column];
                *at = at.max(value);
                if value > 0.4 {
                    rows = (rows.0.min(row), rows.1.max(row + 1));
                    columns = (columns.0.min(column), columns.1.max(column + 1));
                }
            }
        }
        (rows.0 < rows.1).then(|| Bounds {
            top: rows.0 as f32,
            left: columns.0 as f32,
            height: (rows.1 - rows.0) as f32,
            width: (columns.1 - columns.0) as f32,
        })
    }

    /// A stroke from one point to another.
    fn line(&mut self, from: [f32; 2], to: [f32; 2], thickness: f32) {
        let length = (to[0] - from[0]).hypot(to[1] - from[1]).max(1.0);
        for step in 0..(2.0 * length) as usize {
            let share = step as f32 / (2.0 * length);
            let [y, x] = [0, 1].map(|axis| from[axis] + share * (to[axis] - from[axis]));
            let reach = thickness / 2.0;
            let range = |at: f32, end: usize| {
                (at - reach).max(0.0).round() as usize..((at + reach).max(0.0).round() as usize).min(end)
            };
            for row in range(y, self.height) {
                for column in range(x, self.width) {
                    self.ink[row * self.width + column] = 1.0;
                }
            }
        }
    }
}

/// A sheet with some lines of digits, or now and then with none.
fn sheet(images: &Split, number: u32, random: &mut redraw::Random) -> inkgrad::Result<(Picture, Vec<Digit>)> {
    let lines = 1 + random.within(0.0, 3.0) as usize;
    let size = 28.0 * random.within(1.2, 3.8);
    let each = DIGITS.div_ceil(lines);
    let (height, width) = (size * (1.35 * lines as f32 + 1.0), size * (0.9 * each as f32 + 1.6));
    let (height, width) = (height as usize, width as usize);
    let mut sheet = Sheet { height, width, ink: vec![0.0; height * width] };
    let mut digits = Vec::new();
    let is_empty = random.chance(0.04);
    let closeness = random.within(0.0, 0.6);
    for line in 0..lines {
        let mut x = size * random.within(0.4, 0.9);
        for place in 0..each {
            let index = (number as usize * DIGITS + line * each + place) % images.len();
            let (ink, side) = redraw::ink(images.image(index), random);
            let own = size * random.within(0.85, 1.1);
            let has_ink = |column: &usize| (0..side).any(|row| ink[row * side + column] > 0.3);
            let left = (0..side).find(has_ink).unwrap_or(0) as f32 / side as f32;
            let right = (0..side).rfind(has_ink).unwrap_or(side) as f32 / side as f32;
            let gap = match random.chance(closeness) {
                true => random.within(-0.07, 0.0),
                false => random.within(0.05, 0.35),
            };
            x += own * gap;
            let middle = x + own * (0.5 - left);
            let y = size * (0.9 + 1.35 * line as f32 + random.within(-0.08, 0.08));
            x += own * (right - left);
            if is_empty || x > width as f32 - 0.2 * size {
                continue;
            }
            if let Some(bounds) = sheet.draw(&ink, side, [y, middle], own) {
                digits.push(Digit { class: images.label(index), bounds });
            }
        }
    }
    if random.chance(0.12) {
        // Somebody crossed something out, drew an arrow or a frame.
        for _ in 0..1 + random.within(0.0, 3.0) as usize {
            let mut point = || [random.within(0.0, height as f32), random.within(0.0, width as f32)];
            let (from, to) = (point(), point());
            let to = [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * 0.4);
            sheet.line(from, to, size * random.within(0.03, 0.12));
        }
    }
    let rules = match random.chance(0.4) || is_empty {
        true => rules(height, width, size, random),
        false => vec![false; height * width],
    };
    Ok((photo(&sheet, &rules, random)?, digits))
}

/// Where the sheet's ruled lines are.
fn rules(height: usize, width: usize, size: f32, random: &mut redraw::Random) -> Vec<bool> {
    let distance = (size * random.within(0.4, 1.6)) as usize;
    let thickness = (size * random.within(0.01, 0.06)).round().max(1.0) as usize;
    let offset = random.within(0.0, distance as f32) as usize;
    let squared = random.chance(0.4);
    let on_line = |at: usize| at % distance < thickness;
    let is_ruled = |at: usize| on_line(at / width + offset) || (squared && on_line(at % width + offset));
    (0..height * width).map(is_ruled).collect()
}

/// What a camera or a scanner makes of a sheet.
fn photo(sheet: &Sheet, rules: &[bool], random: &mut redraw::Random) -> inkgrad::Result<Picture> {
    let contrast = random.within(70.0, 200.0);
    let rule = random.within(0.1, 0.9).powi(2);
    let noise = contrast * random.within(0.0, 0.12);
    let slope = [0; 2].map(|_| contrast * random.within(-0.4, 0.4));
    let is_dark = random.chance(0.8);
    let seed = random.within(0.0, 1e9) as u32;
    let pixel = |at: usize| {
        let along = |at: usize, length: usize| at as f32 / length as f32 - 0.5;
        let light = slope[0] * along(at / sheet.width, sheet.height)
            + slope[1] * along(at % sheet.width, sheet.width);
        let ink = sheet.ink[at].max(if rules[at] { rule } else { 0.0 });
        let grain = uniform(philox4x32([at as u32, seed, 0, 0x6772_6169], [0; 2])[0]);
        let value = 225.0 - contrast * ink + light - light.abs() + noise * (2.0 * grain - 1.0);
        let value = value.clamp(0.0, 255.0) as u8;
        if is_dark { value } else { 255 - value }
    };
    Picture::new(sheet.height, sheet.width, 1, (0..sheet.ink.len()).map(pixel).collect())
}
