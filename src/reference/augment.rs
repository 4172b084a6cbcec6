use super::{Inputs, Reference, Values};
use crate::error::Result;
use crate::plan::ops::{Augment, Strengths, below};
use crate::random::{Stream, philox, uniform};

/// Distorts each image `[channels, height, width]` at random, independently of the other images and all its channels in the
/// same way. Output pixel p takes the value that the image has at the point `centre + shift + A (p - centre) + elastic(p)`,
/// where A shears, rotates and zooms; if the image is to be mirrored, the value at that point's mirror image. Between pixels
/// values are interpolated bilinearly, outside the image they are 0. Bytes become floats as in `unpack`.
///
/// The elastic displacement is a coarse grid of random vectors with cubic B-splines between them (the grid as in Ronneberger
/// et al. 2015, section 3.1; Simard et al. 2003 smooth with a Gaussian instead).
///
/// All random numbers come from Philox, by seed, step and row. They are uniform from -1 to 1, except those for moves by whole
/// pixels and for mirroring. Blocks 0 and 1 hold shift x, shift y, angle, zoom, shear, whole pixels x, whole pixels y, and a word
/// that mirrors the image if it is below 2^31; block 2 + k holds four numbers of grid vector k: the first and third make its x,
/// the second and fourth its y.
impl Reference for Augment {
    fn compute(&self, inputs: &Inputs) -> Result<Vec<Values>> {
        let images = inputs.bytes(self.images)?.chunks_exact(self.channels.len() * self.height * self.width);
        let mut out = Vec::new();
        for (row, image) in images.enumerate() {
            let step = u64::from(inputs.scalars.step) | (row as u64) << 32;
            let words = |block: usize| philox(inputs.seed(), Stream::Augment, step, block as u32);
            let sources = sources(self, &words);
            for (plane, channel) in image.chunks_exact(self.height * self.width).zip(&self.channels) {
                out.extend(sources.iter().map(|&[y, x]| {
                    let value = interpolated(plane, self.height, self.width, y, x);
                    value * f64::from(channel.gain) + f64::from(channel.offset)
                }));
            }
        }
        Ok(vec![out.into()])
    }
}

/// For each output pixel, the point `[y, x]` of the image from which it takes its value. `words(block)` gives the
/// random words.
fn sources(op: &Augment, words: &dyn Fn(usize) -> [u32; 4]) -> Vec<[f64; 2]> {
    let Strengths { shift, rotation, zoom, shear, elastic, crop, flip, .. } = op.strengths;
    let random = |block| words(block).map(|word| 2.0 * f64::from(uniform(word)) - 1.0);
    let whole_pixels = |word| f64::from(below(word, 2 * crop + 1)) - f64::from(crop);
    let [_, crop_x, crop_y, mirror] = words(1);
    let (crop_x, crop_y) = (whole_pixels(crop_x), whole_pixels(crop_y));
    let is_mirrored = flip && mirror < 1 << 31;
    let [shift, rotation, zoom, shear, elastic] = [shift, rotation, zoom, shear, elastic].map(f64::from);
    let (height, width) = (op.height as f64, op.width as f64);
    let ([shift_x, shift_y, turn, size, ..], [slant, ..]) = (random(0), random(1));
    let (angle, size, slant) = ((rotation * turn).to_radians(), 1.0 + zoom * size, shear * slant);
    let grid = Grid::new(op, elastic, &random);
    let mut out = Vec::new();
    for y in 0..op.height {
        for x in 0..op.width {
            let (dy, dx) = (y as f64 - (height - 1.0) / 2.0, x as f64 - (width - 1.0) / 2.0);
            let sheared = dx + slant * dy;
            let mut from_x = (width - 1.0) / 2.0
                + shift * shift_x * width
                + crop_x
                + (angle.cos() * sheared - angle.sin() * dy) / size;
            let mut from_y = (height - 1.0) / 2.0
                + shift * shift_y * height
                + crop_y
                + (angle.sin() * sheared + angle.cos() * dy) / size;
            if elastic > 0.0 {
                let [x, y] = grid.displacement(y, x);
                from_x += x;
                from_y += y;
            }
            if is_mirrored {
                from_x = width - 1.0 - from_x;
            }
            out.push([from_y, from_x]);
        }
    }
    out
}

/// The elastic displacement's grid: `cells + 3` vectors along each side, one before the image and two after
/// it.
struct Grid {
    cells: [usize; 2],
    sides: [usize; 2],
    /// Row by row, `[x, y]`.
    vectors: Vec<[f64; 2]>,
}

impl Grid {
    fn new(op: &Augment, elastic: f64, random: &dyn Fn(usize) -> [f64; 4]) -> Self {
        let spacing = f64::from(op.strengths.elastic_spacing);
        let spacing = if spacing > 0.0 { spacing } else { 7.0 };
        let sides = [op.height, op.width];
        let cells = sides.map(|side| ((side as f64 - 1.0) / spacing).round().clamp(1.0, 12.0) as usize);
        // A sum of two uniform numbers has variance 2/3, and B-splines keep 151/315 of it along each side: this gain makes
        // the displacement's standard deviation `elastic`.
        let gain = elastic * 6f64.sqrt() * 315.0 / 151.0 / 2.0;
        let vector = |at: usize| {
            let [a, b, c, d] = random(2 + at);
            [gain * (a + c), gain * (b + d)]
        };
        Grid { cells, sides, vectors: (0..(cells[0] + 3) * (cells[1] + 3)).map(vector).collect() }
    }

    /// How far the value of pixel `[y, x]` is fetched from, as `[x, y]`.
    fn displacement(&self, y: usize, x: usize) -> [f64; 2] {
        // In cells; grid row and column 0 lie at -1.
        let along =
            |at: usize, i: usize| at as f64 * self.cells[i] as f64 / (self.sides[i] as f64 - 1.0).max(1.0);
        let (y, x) = (along(y, 0), along(x, 1));
        let mut sum = [0.0, 0.0];
        for row in 0..self.cells[0] + 3 {
            for column in 0..self.cells[1] + 3 {
                let weight = spline(y - (row as f64 - 1.0)) * spline(x - (column as f64 - 1.0));
                let vector = self.vectors[row * (self.cells[1] + 3) + column];
                sum[0] += weight * vector[0];
                sum[1] += weight * vector[1];
            }
        }
        sum
    }
}

/// The cubic B-spline: the weight of a grid vector at distance `d`, in cells.
fn spline(d: f64) -> f64 {
    let d = d.abs();
    match d {
        d if d < 1.0 => (3.0 * d * d * d - 6.0 * d * d + 4.0) / 6.0,
        d if d < 2.0 => (2.0 - d) * (2.0 - d) * (2.0 - d) / 6.0,
        _ => 0.0,
    }
}

/// The image at a point between pixels, from 0 to 1: bilinear, 0 outside.
fn interpolated(image: &[u8], height: usize, width: usize, y: f64, x: f64) -> f64 {
    let pixel = |y: f64, x: f64| {
        let is_inside = y >= 0.0 && x >= 0.0 && y < height as f64 && x < width as f64;
        if is_inside { f64::from(image[y as usize * width + x as usize]) / 255.0 } else { 0.0 }
    };
    let (top, left) = (y.floor(), x.floor());
    let (down, right) = (y - top, x - left);
    let upper = pixel(top, left) * (1.0 - right) + pixel(top, left + 1.0) * right;
    let lower = pixel(top + 1.0, left) * (1.0 - right) + pixel(top + 1.0, left + 1.0) * right;
    upper * (1.0 - down) + lower * down
}
