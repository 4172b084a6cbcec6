use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::ops::{Augment, MAX_CHANNELS, below};
use crate::plan::{StepScalars, image_stride};
use crate::random::{Stream, philox4x32, uniform};

/// Points of the elastic grid along a side, at most.
const MAX_POINTS: usize = 15;

impl CpuOp for Augment {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        let bytes = self.channels.len() * self.height * self.width;
        vec![
            Requirement::bytes(self.images, self.rows, bytes),
            Requirement::floats(self.out, self.rows, bytes),
        ]
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let bytes = self.channels.len() * self.height * self.width;
        let images = chunk.rows(self.images, image_stride(bytes)).chunks_exact(image_stride(bytes).max(1));
        let out = chunk.rows_mut(self.out, bytes).chunks_exact_mut(bytes.max(1));
        for ((row, image), out) in chunk.range().zip(images).zip(out) {
            let map = Map::draw(self, scalars, row as u32);
            apply(chunk.level(), &map, self, &image[..bytes], out);
        }
    }
}

/// No vector types are used here, but with the level's instructions rounding is not a library call.
#[inline(always)]
fn body<V: F32>(map: &Map, op: &Augment, image: &[u8], out: &mut [f32]) {
    map.apply(op, image, out);
}
by_level!(fn apply = body(map: &Map, op: &Augment, image: &[u8], out: &mut [f32]));

/// Where the pixels of one image come from.
struct Map {
    start: [f32; 2],
    across: [f32; 2],
    down: [f32; 2],
    is_mirrored: bool,
    /// Displacements of the elastic grid's points, `[y, x]`, each horizontal and vertical.
    points: [[[f32; 2]; MAX_POINTS]; MAX_POINTS],
}

/// Uniform numbers from -1 to 1.
fn uniform4(words: [u32; 4]) -> [f32; 4] {
    words.map(|word| 2.0 * uniform(word) - 1.0)
}

/// Cosine and sine, as the shader computes them.
fn direction(angle: f32) -> [f32; 2] {
    let a = angle / 4.0;
    let q = a * a;
    let s = a * (1.0 + q * (-1.0 / 6.0 + q * (1.0 / 120.0 - q / 5040.0)));
    let c = 1.0 + q * (-0.5 + q * (1.0 / 24.0 + q * (-1.0 / 720.0 + q / 40320.0)));
    let (c, s) = (c * c - s * s, 2.0 * s * c);
    [c * c - s * s, 2.0 * s * c]
}

/// Weights of the four points around a position in its cell: the cubic B-spline.
#[inline(always)]
fn spline(t: f32) -> [f32; 4] {
    let u = 1.0 - t;
    let near = |t: f32| (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0;
    [u * u * u / 6.0, near(t), near(u), t * t * t / 6.0]
}

impl Map {
    fn draw(op: &Augment, scalars: &StepScalars, row: u32) -> Self {
        let words = |block| philox4x32([block, scalars.step, row, Stream::Augment as u32], scalars.seed);
        let random = |block| uniform4(words(block));
        let (first, second) = (random(0), random(1));
        let strengths = &op.strengths;
        let [_, crop_x, crop_y, mirror] = words(1);
        let whole_pixels = |word| below(word, 2 * strengths.crop + 1) as f32 - strengths.crop as f32;
        let [cos, sin] = direction(strengths.rotation.to_radians() * first[2]);
        let (size, slant) = (1.0 + strengths.zoom * first[3], strengths.shear * second[0]);
        let mut map = Map {
            start: [
                0.5 * (op.width - 1) as f32
                    + strengths.shift * first[0] * op.width as f32
                    + whole_pixels(crop_x),
                0.5 * (op.height - 1) as f32
                    + strengths.shift * first[1] * op.height as f32
                    + whole_pixels(crop_y),
            ],
            across: [cos / size, sin / size],
            down: [(cos * slant - sin) / size, (sin * slant + cos) / size],
            is_mirrored: strengths.flip && mirror < 1 << 31,
            points: [[[0.0; 2]; MAX_POINTS]; MAX_POINTS],
        };
        if strengths.elastic > 0.0 {
            let ([cells_y, cells_x], gain) = (op.cells(), 0.5 * op.elastic_gain());
            for y in 0..cells_y + 3 {
                for x in 0..cells_x + 3 {
                    let words = random((2 + y * (cells_x + 3) + x) as u32);
                    map.points[y][x] = [gain * (words[0] + words[2]), gain * (words[1] + words[3])];
                }
            }
        }
        map
    }

    #[inline(always)]
    fn apply(&self, op: &Augment, image: &[u8], out: &mut [f32]) {
        let (height, width, is_elastic) = (op.height, op.width, op.strengths.elastic > 0.0);
        let [cells_y, cells_x] = op.cells();
        let cell = |at: usize, side: usize, cells: usize| {
            let t = at as f32 * cells as f32 / (side.saturating_sub(1).max(1)) as f32;
            let cell = t.floor().min((cells - 1) as f32);
            (cell as usize, spline(t - cell))
        };
        let mut scales = [[0.0; 2]; MAX_CHANNELS];
        for (scale, channel) in scales.iter_mut().zip(&op.channels) {
            *scale = [channel.gain / 255.0, channel.offset];
        }
        let centre = [0.5 * (width - 1) as f32, 0.5 * (height - 1) as f32];
        for y in 0..height {
            // The grid's four rows around this one, blended once for all of its pixels.
            let mut blended = [[0.0; 2]; MAX_POINTS];
            if is_elastic {
                let (first, weights) = cell(y, height, cells_y);
                for (x, blended) in blended.iter_mut().enumerate().take(cells_x + 3) {
                    for (i, weight) in weights.iter().enumerate() {
                        blended[0] += weight * self.points[first + i][x][0];
                        blended[1] += weight * self.points[first + i][x][1];
                    }
                }
            }
            let from_centre = y as f32 - centre[1];
            for x in 0..width {
                let away = x as f32 - centre[0];
                let mut position =
                    [0, 1].map(|i| self.start[i] + self.across[i] * away + self.down[i] * from_centre);
                if is_elastic {
                    let (first, weights) = cell(x, width, cells_x);
                    for (i, weight) in weights.iter().enumerate() {
                        position[0] += weight * blended[first + i][0];
                        position[1] += weight * blended[first + i][1];
                    }
                }
                if self.is_mirrored {
                    position[0] = 2.0 * centre[0] - position[0];
                }
                for (k, [gain, offset]) in scales.iter().enumerate().take(op.channels.len()) {
                    let plane = k * height * width;
                    let value = sample(&image[plane..][..height * width], height, width, position);
                    out[plane + y * width + x] = value * gain + offset;
                }
            }
        }
    }
}

/// The image at a position between pixels, horizontal and vertical: bilinear, 0 outside.
#[inline(always)]
fn sample(image: &[u8], height: usize, width: usize, [x, y]: [f32; 2]) -> f32 {
    // Far outside everything is 0; the bound keeps the integers small.
    let (x, y) = (x.clamp(-2.0, width as f32 + 1.0), y.clamp(-2.0, height as f32 + 1.0));
    let (left, top) = (x.floor(), y.floor());
    let (along_x, along_y) = (x - left, y - top);
    let (left, top) = (left as i32, top as i32);
    let pixel = |y: i32, x: i32| {
        let is_inside = y >= 0 && x >= 0 && y < height as i32 && x < width as i32;
        if is_inside { f32::from(image[y as usize * width + x as usize]) } else { 0.0 }
    };
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let upper = mix(pixel(top, left), pixel(top, left + 1), along_x);
    let lower = mix(pixel(top + 1, left), pixel(top + 1, left + 1), along_x);
    mix(upper, lower, along_y)
}
