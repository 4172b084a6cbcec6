use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::ops::{Augment, below};
use crate::plan::{StepScalars, image_stride};
use crate::random::{Stream, philox4x32, uniform};

/// Points of the elastic grid along a side, at most.
const MAX_POINTS: usize = 15;
/// Columns of an image that are computed together.
const COLUMNS: usize = 32;

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
        for first in (0..op.width).step_by(COLUMNS) {
            self.apply_columns(op, first..op.width.min(first + COLUMNS), image, out);
        }
    }

    /// Some columns of the image, at most [`COLUMNS`]. What depends on the column alone is computed once for all rows.
    #[inline(always)]
    fn apply_columns(&self, op: &Augment, columns: Range<usize>, image: &[u8], out: &mut [f32]) {
        let (height, width, is_elastic) = (op.height, op.width, op.strengths.elastic > 0.0);
        let [cells_y, cells_x] = op.cells();
        let centre = [0.5 * (width - 1) as f32, 0.5 * (height - 1) as f32];
        let mut cells = [Cell::default(); COLUMNS];
        if is_elastic {
            for (cell, x) in cells.iter_mut().zip(columns.clone()) {
                *cell = Cell::at(x, width, cells_x);
            }
        }
        for y in 0..height {
            let from_centre = y as f32 - centre[1];
            let (mut across, mut down) = ([0.0; COLUMNS], [0.0; COLUMNS]);
            for (i, (across, down)) in across.iter_mut().zip(&mut down).enumerate() {
                let away = (columns.start + i) as f32 - centre[0];
                *across = self.start[0] + self.across[0] * away + self.down[0] * from_centre;
                *down = self.start[1] + self.across[1] * away + self.down[1] * from_centre;
            }
            if is_elastic {
                // The grid's four rows around this one, blended once for all of its pixels.
                let mut blended = [[0.0; 2]; MAX_POINTS];
                let Cell { first, weights } = Cell::at(y, height, cells_y);
                for (x, blended) in blended.iter_mut().enumerate().take(cells_x + 3) {
                    for (i, weight) in weights.iter().enumerate() {
                        blended[0] += weight * self.points[first + i][x][0];
                        blended[1] += weight * self.points[first + i][x][1];
                    }
                }
                for ((across, down), Cell { first, weights }) in across.iter_mut().zip(&mut down).zip(&cells)
                {
                    for (weight, point) in weights.iter().zip(&blended[*first..][..4]) {
                        *across += weight * point[0];
                        *down += weight * point[1];
                    }
                }
            }
            if self.is_mirrored {
                for across in &mut across {
                    *across = 2.0 * centre[0] - *across;
                }
            }
            for (plane, channel) in op.channels.iter().enumerate() {
                let (gain, offset) = (channel.gain / 255.0, channel.offset);
                let image = &image[plane * height * width..][..height * width];
                let out = &mut out[(plane * height + y) * width..][columns.clone()];
                for (out, (x, y)) in out.iter_mut().zip(across.into_iter().zip(down)) {
                    *out = sample(image, height, width, [x, y]) * gain + offset;
                }
            }
        }
    }
}

/// Where a row or column lies in the elastic grid.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// The first of the four points around it.
    first: usize,
    /// Of the four points.
    weights: [f32; 4],
}

impl Cell {
    /// Of row or column `at`, of `side`.
    #[inline(always)]
    fn at(at: usize, side: usize, cells: usize) -> Self {
        let t = at as f32 * cells as f32 / (side.saturating_sub(1).max(1)) as f32;
        let cell = t.floor().min((cells - 1) as f32);
        Cell { first: cell as usize, weights: spline(t - cell) }
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
        if is_inside { image[y as usize * width + x as usize] } else { 0 }
    };
    let is_inside = left >= 0 && top >= 0 && left + 1 < width as i32 && top + 1 < height as i32;
    let [[a, b], [c, d]] = if is_inside {
        let pair = |y: i32| {
            let pair = &image[y as usize * width + left as usize..][..2];
            [pair[0], pair[1]]
        };
        [pair(top), pair(top + 1)]
    } else {
        [top, top + 1].map(|y| [pixel(y, left), pixel(y, left + 1)])
    };
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let upper = mix(a.into(), b.into(), along_x);
    let lower = mix(c.into(), d.into(), along_x);
    mix(upper, lower, along_y)
}
