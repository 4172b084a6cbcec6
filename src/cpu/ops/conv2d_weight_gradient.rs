// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::conv::batch_innermost::{
    self, LanesWeightGradient, PointsWeightGradient, Tiles, Way, gradient, points_gradient,
};
use crate::cpu::conv::direct::padded_planes::{Planes, SLACK, zero};
use crate::cpu::conv::winograd::{Tiling, WeightGradient, weight_gradient as transformed};
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, Requirement};
use crate::cpu::runtime::tensors::{Floats, Matrix, Tensors};
use crate::cpu::simd::{F32, by_level};
use crate::plan::ops::Conv2dWeightGradient;
use crate::plan::{StepScalars, Window};

/// Floats of planes that are swept together: half of a small second-level cache.
const SWEEP: usize = 48 * 1024;

impl ForCpu for Conv2dWeightGradient {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<Conv2dWeightGradient> {
    /// One partial sum each `group` rows.
    fn partition(&self) -> Partition {
        let level = self.level;
        let alignment =
            if self.way().is_some() { self.group.max(batch_innermost::lanes(level)) } else { self.group };
        Partition::Rows { rows: self.rows, shared: Vec::new(), alignment }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::operand(&self.x, self.rows, self.in_channels * self.window.inputs()),
            Requirement::floats(self.output_gradient, self.rows, self.out_channels * self.window.outputs()),
            Requirement::floats(self.partials, self.groups(), self.columns()),
        ]
    }

    /// Planes and gradients of a sweep's images, offsets of taps.
    fn scratch(&self) -> usize {
        let level = self.level;
        if let Some(tiling) = tiling(self) {
            return tiling.weight_gradient_scratch(level);
        }
        match self.way() {
            Some(Way::Points(tiles)) => return self.by_points(tiles, None).scratch(),
            Some(Way::Direct) => return self.by_lanes(None).scratch(),
            None => {}
        }
        let layout = Layout::new(self, level.lanes());
        self.sweep(&layout) * (layout.planes.len() + layout.gradients()) + SLACK + layout.planes.taps()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        if let Some(tiling) = tiling(self) {
            let op = WeightGradient {
                tiling,
                x: tensors.floats(self.x.tensor),
                output_gradient: tensors.floats(self.output_gradient),
                group: self.group,
                partials: tensors.floats(self.partials),
                columns: self.columns(),
                has_bias: self.has_bias,
                scratch: tensors.scratch,
            };
            // SAFETY: as below.
            return unsafe { transformed(tensors.level, &op, range) };
        }
        let short = tensors.level.unsplit();
        // SAFETY: as below.
        match self.way() {
            Some(Way::Points(tiles)) => {
                let op = self.by_points(tiles, Some(tensors));
                return unsafe { points_gradient(short, &op, range, tensors.scratch) };
            }
            Some(Way::Direct) => {
                let op = self.by_lanes(Some(tensors));
                return unsafe { gradient(short, &op, range, tensors.scratch) };
            }
            None => {}
        }
        let at = Place {
            x: tensors.operand(&self.x, self.in_channels * self.window.inputs()),
            output_gradient: tensors.floats(self.output_gradient),
            partials: tensors.floats(self.partials),
            scratch: tensors.scratch,
        };
        // SAFETY: `requirements` and `scratch` cover what is touched; the rows, whole groups, are this worker's.
        unsafe { weight_gradient(tensors.level, self, &at, range) }
    }
}

impl Conv2dWeightGradient {
    /// Where images go side by side, how.
    fn way(&self) -> Option<Way> {
        match tiling(self) {
            Some(_) => None,
            None => batch_innermost::way(self.rows, self.in_channels, self.out_channels, &self.window),
        }
    }

    /// Without tensors for its sizes alone, as below.
    fn by_points(&self, tiles: Tiles, tensors: Option<&Tensors>) -> PointsWeightGradient {
        let LanesWeightGradient { x, output_gradient, partials, has_bias, group, .. } =
            self.by_lanes(tensors);
        PointsWeightGradient { tiles, x, output_gradient, partials, has_bias, group }
    }

    fn by_lanes(&self, tensors: Option<&Tensors>) -> LanesWeightGradient {
        let Window { input, output, kernel, padding, .. } = self.window;
        let columns = self.out_channels * self.window.outputs();
        LanesWeightGradient {
            x: tensors.map_or(Matrix::NONE, |t| t.operand(&self.x, self.in_channels * self.window.inputs())),
            output_gradient: tensors.map_or(Floats::NONE, |t| t.matrix(self.output_gradient, columns)),
            partials: tensors.map_or(std::ptr::null_mut(), |t| t.floats(self.partials)),
            has_bias: self.has_bias,
            group: self.group,
            in_channels: self.in_channels,
            out_channels: self.out_channels,
            input,
            output,
            kernel,
            padding,
        }
    }

    /// Images swept together.
    fn sweep(&self, layout: &Layout) -> usize {
        (SWEEP / layout.planes.len().max(1)).clamp(1, self.group)
    }
}

/// Where the gradient goes by transforms.
fn tiling(op: &Conv2dWeightGradient) -> Option<Tiling> {
    let tiling = Tiling::new(&op.window, op.in_channels, op.out_channels)?;
    op.x.pixels.is_none().then_some(tiling)
}

struct Place {
    x: Matrix,
    output_gradient: *const f32,
    partials: *mut f32,
    scratch: *mut f32,
}

/// The output's gradient as vectors that run along with the planes: rows with the planes' pitch, zeros in the gaps; or,
/// where that leaves less empty, each row in whole vectors of its own.
#[derive(Clone, Copy)]
struct Layout {
    planes: Planes,
    channels: usize,
    sides: [usize; 2],
    lanes: usize,
    is_flat: bool,
}

impl Layout {
    fn new(op: &Conv2dWeightGradient, lanes: usize) -> Self {
        let planes = Planes::new(op.window, op.in_channels);
        let sides @ [height, width] = op.window.output;
        let flat = ((height - 1) * planes.width + width).div_ceil(lanes);
        let is_flat = flat < height * width.div_ceil(lanes);
        Layout { planes, channels: op.out_channels, sides, lanes, is_flat }
    }

    /// Vectors of one channel.
    fn vectors(&self) -> usize {
        let [height, width] = self.sides;
        if self.is_flat {
            ((height - 1) * self.planes.width + width).div_ceil(self.lanes)
        } else {
            height * width.div_ceil(self.lanes)
        }
    }

    /// Floats of one image's gradients.
    fn gradients(&self) -> usize {
        self.channels * self.vectors() * self.lanes
    }

    /// Where in a plane a vector's places begin.
    #[inline(always)]
    fn place(&self, vector: usize) -> usize {
        if self.is_flat {
            return vector * self.lanes;
        }
        let across = self.sides[1].div_ceil(self.lanes);
        vector / across * self.planes.width + vector % across * self.lanes
    }

    /// Copies an image's gradients.
    #[inline(always)]
    unsafe fn fill<V: F32>(&self, from: *const f32, to: *mut f32) {
        let [height, width] = self.sides;
        let length = self.vectors() * self.lanes;
        let pitch = if self.is_flat { self.planes.width } else { width.next_multiple_of(self.lanes) };
        for channel in 0..self.channels {
            unsafe {
                let to = to.add(channel * length);
                zero::<V>(to, 0..length);
                for y in 0..height {
                    let (from, to) = (from.add((channel * height + y) * width), to.add(y * pitch));
                    for x in (0..width).step_by(V::LANES) {
                        let count = V::LANES.min(width - x);
                        V::load_partial(from.add(x), count, 0.0).store_partial(to.add(x), count);
                    }
                }
            }
        }
    }
}

/// What a sweep reads, and the partial sum that it adds to.
struct Sweep<'a> {
    layout: &'a Layout,
    images: usize,
    planes: *const f32,
    gradients: *const f32,
    offsets: *const u32,
    taps: usize,
    out: *mut f32,
    is_first: bool,
}

#[inline(always)]
unsafe fn body<V: F32>(op: &Conv2dWeightGradient, at: &Place, rows: Range<usize>) {
    let layout = Layout::new(op, V::LANES);
    let (planes, taps, most) = (layout.planes, layout.planes.taps(), op.sweep(&layout));
    let outputs = op.out_channels * op.window.outputs();
    unsafe {
        let gradients = at.scratch.add(most * planes.len() + SLACK);
        let offsets = gradients.add(most * layout.gradients()).cast::<u32>();
        for tap in 0..taps {
            *offsets.add(tap) = planes.offset(tap) as u32;
        }
        zero::<V>(at.scratch, most * planes.len()..most * planes.len() + SLACK);
        for first in rows.clone().step_by(op.group) {
            let group = first..rows.end.min(first + op.group);
            let out = at.partials.add(first / op.group * op.columns());
            for start in group.clone().step_by(most) {
                let images = most.min(group.end - start);
                for image in 0..images {
                    planes.fill::<V>(at.x, start + image, at.scratch.add(image * planes.len()));
                    let from = at.output_gradient.add((start + image) * outputs);
                    layout.fill::<V>(from, gradients.add(image * layout.gradients()));
                }
                if images < most {
                    // What the last image's vectors read beyond its planes: another image's, or zeros.
                    zero::<V>(at.scratch.add(images * planes.len()), 0..SLACK);
                }
                let sweep = Sweep {
                    layout: &layout,
                    images,
                    planes: at.scratch,
                    gradients,
                    offsets,
                    taps,
                    out,
                    is_first: start == group.start,
                };
                sweep.weights::<V>();
                if op.has_bias {
                    sweep.biases::<V>();
                }
            }
        }
    }
}
by_level!(
    unsafe fn weight_gradient = body(op: &Conv2dWeightGradient, at: &Place, rows: Range<usize>)
);

/// Whether a tile's registers are there; known when the kernel is compiled, so that larger tiles vanish.
#[inline(always)]
const fn fits(channels: usize, taps: usize, side: usize) -> bool {
    channels <= side && taps <= side
}

impl Sweep<'_> {
    /// Tiles of channels x taps: 5 x 5 sums and the ten vectors that they come of fill 32 registers, 3 x 3 those of 16.
    #[inline(always)]
    unsafe fn weights<V: F32>(&self) {
        let side = if V::REGISTERS == 32 { 5 } else { 3 };
        let split = |count: usize| {
            let tiles = count.div_ceil(side);
            (0..tiles).map(move |t| count * t / tiles..count * (t + 1) / tiles)
        };
        for channels in split(self.layout.channels) {
            for taps in split(self.taps) {
                macro_rules! sizes {
                    ($(($r:literal $n:literal))*) => {
                        match (channels.len(), taps.len()) {
                            $(($r, $n) if fits($r, $n, side) =>
                                self.tile::<V, $r, $n>(channels.start, taps.start),)*
                            _ => {}
                        }
                    };
                }
                unsafe {
                    sizes!(
                        (1 1)(1 2)(1 3)(1 4)(1 5)(2 1)(2 2)(2 3)(2 4)(2 5)(3 1)(3 2)(3 3)(3 4)(3 5)
                        (4 1)(4 2)(4 3)(4 4)(4 5)(5 1)(5 2)(5 3)(5 4)(5 5)
                    );
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: F32, const R: usize, const N: usize>(&self, channel: usize, tap: usize) {
        let vectors = self.layout.vectors();
        unsafe {
            let mut sums = [[V::splat(0.0); N]; R];
            let mut offsets = [0; N];
            for n in 0..N {
                offsets[n] = *self.offsets.add(tap + n) as usize;
            }
            for image in 0..self.images {
                let planes = self.planes.add(image * self.layout.planes.len());
                let gradients = self.gradients.add(image * self.layout.gradients());
                for vector in 0..vectors {
                    let place = planes.add(self.layout.place(vector));
                    let gradient = gradients.add((channel * vectors + vector) * V::LANES);
                    let mut values = [V::splat(0.0); N];
                    for n in 0..N {
                        values[n] = V::load(place.add(offsets[n]));
                    }
                    for r in 0..R {
                        let gradient = V::load(gradient.add(r * vectors * V::LANES));
                        for n in 0..N {
                            sums[r][n] = gradient.mul_add(values[n], sums[r][n]);
                        }
                    }
                }
            }
            for r in 0..R {
                for n in 0..N {
                    self.add((channel + r) * self.taps + tap + n, sums[r][n].reduce_sum());
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn biases<V: F32>(&self) {
        let vectors = self.layout.vectors();
        for channel in 0..self.layout.channels {
            unsafe {
                let mut sum = V::splat(0.0);
                for image in 0..self.images {
                    let gradients = self.gradients.add(image * self.layout.gradients());
                    for vector in 0..vectors {
                        sum = sum.add(V::load(gradients.add((channel * vectors + vector) * V::LANES)));
                    }
                }
                self.add(self.layout.channels * self.taps + channel, sum.reduce_sum());
            }
        }
    }

    #[inline(always)]
    unsafe fn add(&self, at: usize, value: f32) {
        unsafe {
            let to = self.out.add(at);
            *to = if self.is_first { value } else { *to + value };
        }
    }
}
