//! Digits of MNIST drawn on paper, as photos and scans show them.

use inkgrad::picture::Picture;
use inkgrad::random::{philox4x32, uniform};

/// Random numbers of a seed.
pub struct Random {
    seed: u32,
    count: u32,
}

impl Random {
    pub fn new(seed: u32) -> Self {
        Random { seed, count: 0 }
    }

    /// Uniform from `low` to `high`.
    pub fn within(&mut self, low: f32, high: f32) -> f32 {
        self.count += 1;
        low + (high - low) * uniform(philox4x32([self.count, self.seed, 0, 0x7061_6765], [0; 2])[0])
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.within(0.0, end as f32) as usize).min(end - 1)
    }

    pub fn chance(&mut self, share: f32) -> bool {
        self.within(0.0, 1.0) < share
    }
}

/// A sheet of paper: how much ink lies on each pixel, from 0 to 1.
pub struct Sheet {
    pub height: usize,
    pub width: usize,
    ink: Vec<f32>,
    /// Ruled lines, apart from the ink: they have their own colour.
    lines: Vec<bool>,
}

impl Sheet {
    pub fn new(height: usize, width: usize) -> Self {
        let pixels = height * width;
        Sheet { height, width, ink: vec![0.0; pixels], lines: vec![false; pixels] }
    }

    /// Draws a digit (`[28, 28]`) `scale` times as large with its middle at a point, turned by `degrees`.
    pub fn draw(&mut self, digit: &[u8], [y, x]: [f32; 2], scale: f32, degrees: f32) {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let pixel = |y: i32, x: i32| match (0..28).contains(&y) && (0..28).contains(&x) {
            true => f32::from(digit[(28 * y + x) as usize]) / 255.0,
            false => 0.0,
        };
        let reach = (20.0 * scale).ceil();
        let rows = (y - reach).max(0.0) as usize..((y + reach).max(0.0) as usize).min(self.height);
        for row in rows {
            for column in (x - reach).max(0.0) as usize..((x + reach).max(0.0) as usize).min(self.width) {
                let (down, right) = ((row as f32 + 0.5 - y) / scale, (column as f32 + 0.5 - x) / scale);
                let from = [13.5 + cos * down - sin * right, 13.5 + sin * down + cos * right];
                let [top, left] = from.map(f32::floor);
                let (down, right) = (from[0] - top, from[1] - left);
                let (top, left) = (top as i32, left as i32);
                let upper = pixel(top, left) * (1.0 - right) + pixel(top, left + 1) * right;
                let lower = pixel(top + 1, left) * (1.0 - right) + pixel(top + 1, left + 1) * right;
                let ink = &mut self.ink[row * self.width + column];
                *ink = ink.max(upper * (1.0 - down) + lower * down);
            }
        }
    }

    /// Rules the sheet: a thin line every `distance` pixels, falling to the right by `tilt` degrees, or also across these.
    pub fn rule(&mut self, distance: usize, squared: bool, tilt: f32) {
        let (sin, cos) = tilt.to_radians().sin_cos();
        let middle = [self.height as f32 / 2.0, self.width as f32 / 2.0];
        let on_line =
            |at: f32| (at.floor() as i32).rem_euclid(distance as i32) < (distance as i32 / 40).max(1);
        for y in 0..self.height {
            for x in 0..self.width {
                let (down, along) = (y as f32 - middle[0], x as f32 - middle[1]);
                let row = cos * down - sin * along + middle[0];
                let column = cos * along + sin * down + middle[1];
                self.lines[y * self.width + x] |=
                    on_line(row + (distance / 3) as f32) || (squared && on_line(column));
            }
        }
    }

    /// A mean over three pixels each way, `times` times.
    pub fn blur(&mut self, times: usize) {
        for step in [1, self.width].repeat(times) {
            let before = self.ink.clone();
            for at in step..before.len() - step {
                self.ink[at] = (before[at - step] + before[at] + before[at + step]) / 3.0;
            }
        }
    }

    /// A photo of the sheet: `light` from 0 (even) to 1 (one side half in the dark), `noise` from 0 to 1, dark ink on light
    /// paper or the other way round.
    pub fn photo(&self, random: &mut Random, light: f32, noise: f32, is_dark: bool) -> Picture {
        let ink_colour = random.within(20.0, 70.0);
        let slope = [random.within(-light, light), random.within(-light, light)];
        let shadow = random.within(0.2, 0.8);
        let has_shadow = light > 0.3;
        let mut pixels = Vec::with_capacity(self.ink.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let at = y * self.width + x;
                let (down, right) = (y as f32 / self.height as f32 - 0.5, x as f32 / self.width as f32 - 0.5);
                let mut lit = 1.0 - (slope[0] * down + slope[1] * right).abs() - 0.1 * light;
                if has_shadow {
                    // The soft edge of a shadow across the sheet.
                    lit *= 1.0 - 0.25 / (1.0 + (-(right + 0.3 * down + 0.5 - shadow) * 30.0).exp());
                }
                let paper = if self.lines[at] { 180.0 } else { 235.0 };
                let colour = paper + (ink_colour - paper) * self.ink[at];
                let value = colour * lit + 60.0 * noise * random.within(-1.0, 1.0);
                let value = value.clamp(0.0, 255.0);
                pixels.push(if is_dark { value } else { 255.0 - value } as u8);
            }
        }
        Picture::new(self.height, self.width, 1, pixels).unwrap()
    }
}
