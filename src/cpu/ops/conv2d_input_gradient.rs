use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::conv::batch_innermost::{
    self, LanesConvolution, PointsConvolution, Tiles, Way, convolve, convolve_points,
};
use crate::cpu::conv::direct::padded_planes::{Planes, SLACK, zero};
use crate::cpu::conv::direct::row_tiles::{Sliding, pack};
use crate::cpu::conv::winograd::{self, Forward, InputGradient, Order, Tiling};
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, PreparedWeights, Requirement};
use crate::cpu::runtime::tensors::{Floats, Matrix, Tensors};
use crate::cpu::simd::{F32, by_level};
use crate::plan::ops::Conv2dInputGradient;
use crate::plan::{StepScalars, Window};

impl ForCpu for Conv2dInputGradient {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<Conv2dInputGradient> {
    fn partition(&self) -> Partition {
        let level = self.level;
        let alignment = if self.way().is_some() { batch_innermost::lanes(level) } else { 1 };
        Partition::Rows { rows: self.rows, shared: vec![self.weight], alignment }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let taps = self.in_channels * self.window.taps();
        vec![
            Requirement::floats(self.output_gradient, self.rows, self.out_channels * self.window.outputs()),
            Requirement::floats(self.weight, self.out_channels, taps),
            Requirement::floats(self.input_gradient, self.rows, self.in_channels * self.window.inputs()),
        ]
    }

    fn prepared_weights(&self) -> Option<PreparedWeights> {
        let level = self.level;
        let (floats, units) = match (transforms(self), self.way()) {
            (Some(transforms), _) => (transforms.kernels().prepared(level), self.out_channels),
            (None, Some(Way::Points(tiles))) => (tiles.kernel_floats(), Tiles::UNITS),
            _ => return None,
        };
        Some(PreparedWeights { key: self.input_gradient, floats, units })
    }

    fn prepare_weights(&self, chunk: &Chunk) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (weight, to) = (tensors.floats(self.weight), tensors.prepared_weights(self.input_gradient));
        // SAFETY: `requirements` and `prepared_weights` cover what is touched; the units are this worker's.
        unsafe {
            if let Some(transforms) = transforms(self) {
                let (kernels, order) = (transforms.kernels(), transforms.order());
                winograd::prepare(tensors.level, &kernels, weight, order, to, range);
            } else if let Some(Way::Points(tiles)) = self.way() {
                tiles.prepare(weight, true, to, range);
            }
        }
    }

    /// Planes, packed weights and offsets of the largest phase.
    fn scratch(&self) -> usize {
        let level = self.level;
        if let Some(Transforms::Turned(tiling) | Transforms::Back(tiling)) = transforms(self) {
            return tiling.scratch(level);
        }
        match self.way() {
            Some(Way::Points(tiles)) => return self.by_points(tiles, None).scratch(),
            Some(Way::Direct) => return self.by_lanes(None).scratch(),
            None => {}
        }
        let size = |phase: Phase| {
            let planes = Planes::cropped(phase.window, self.out_channels, phase.skip);
            planes.len() + SLACK + (self.in_channels + 1) * planes.taps()
        };
        phases(&self.window).map(size).max().unwrap_or(0)
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (from, to) = (tensors.floats(self.output_gradient), tensors.floats(self.input_gradient));
        let (scratch, level) = (tensors.scratch, tensors.level);
        match transforms(self) {
            Some(Transforms::Turned(tiling)) => {
                let kernels = tensors.prepared_weights(self.input_gradient);
                let bias = std::ptr::null();
                let op = Forward { tiling, x: from, kernels, bias, relu: false, out: to, scratch };
                // SAFETY: as below.
                return unsafe { winograd::forward(level, &op, range) };
            }
            Some(Transforms::Back(tiling)) => {
                let kernels = tensors.prepared_weights(self.input_gradient);
                let op =
                    InputGradient { tiling, output_gradient: from, kernels, input_gradient: to, scratch };
                // SAFETY: as below.
                return unsafe { winograd::input_gradient(level, &op, range) };
            }
            None => {}
        }
        let short = level.unsplit();
        // SAFETY: as below.
        match self.way() {
            Some(Way::Points(tiles)) => {
                let op = self.by_points(tiles, Some(tensors));
                return unsafe { convolve_points(short, &op, range, scratch) };
            }
            Some(Way::Direct) => {
                let op = self.by_lanes(Some(tensors));
                return unsafe { convolve(short, &op, range, scratch) };
            }
            None => {}
        }
        let at = Place {
            output_gradient: tensors.matrix(self.output_gradient, self.out_channels * self.window.outputs()),
            weight: tensors.floats(self.weight),
            input_gradient: tensors.floats(self.input_gradient),
            scratch,
        };
        // SAFETY: `requirements` and `scratch` cover what is touched; the rows are this worker's.
        unsafe { input_gradient(level, self, &at, range) }
    }
}

/// The ways to the gradient by transforms.
enum Transforms {
    /// A convolution with the kernels turned round, in tiles of its own.
    Turned(Tiling),
    /// Back through the convolution's tiles.
    Back(Tiling),
}

impl Transforms {
    /// As [`winograd::prepare`] takes the kernels.
    fn kernels(&self) -> Tiling {
        match self {
            Transforms::Turned(tiling) => *tiling,
            Transforms::Back(tiling) => tiling.swapped(),
        }
    }

    fn order(&self) -> Order {
        match self {
            Transforms::Turned(_) => Order::Turned,
            Transforms::Back(_) => Order::Back,
        }
    }
}

/// Whichever has fewer tiles.
fn transforms(op: &Conv2dInputGradient) -> Option<Transforms> {
    let turned = Tiling::back(&op.window, op.in_channels, op.out_channels);
    let back = Tiling::new(&op.window, op.in_channels, op.out_channels);
    match (turned, back) {
        (Some(turned), Some(back)) if turned.count() <= back.count() => Some(Transforms::Turned(turned)),
        (_, Some(back)) => Some(Transforms::Back(back)),
        (turned, None) => turned.map(Transforms::Turned),
    }
}

impl Conv2dInputGradient {
    /// Where images go side by side, how.
    fn way(&self) -> Option<Way> {
        match transforms(self) {
            Some(_) => None,
            None => batch_innermost::way(self.rows, self.in_channels, self.out_channels, &self.window),
        }
    }

    /// Without tensors for its sizes alone, as below.
    fn by_points(&self, tiles: Tiles, tensors: Option<&Tensors>) -> PointsConvolution {
        let LanesConvolution { x, bias, relu, out, .. } = self.by_lanes(tensors);
        let kernels =
            tensors.map_or(std::ptr::null_mut(), |tensors| tensors.prepared_weights(self.input_gradient));
        PointsConvolution { tiles, is_back: true, x, kernels, bias, relu, out }
    }

    fn by_lanes(&self, tensors: Option<&Tensors>) -> LanesConvolution {
        let floats = |id| tensors.map_or(std::ptr::null_mut(), |tensors| tensors.floats(id));
        let Window { input, output, kernel, padding, .. } = self.window;
        let columns = self.out_channels * self.window.outputs();
        let x = tensors.map_or(Matrix::NONE, |t| Matrix::Floats(t.matrix(self.output_gradient, columns)));
        LanesConvolution {
            x,
            weight: floats(self.weight),
            is_turned: true,
            bias: std::ptr::null(),
            relu: false,
            out: floats(self.input_gradient),
            in_channels: self.out_channels,
            out_channels: self.in_channels,
            input: output,
            output: input,
            kernel,
            // `way` has found the padding within the kernel.
            padding: [0, 1].map(|i| (kernel[i] - 1).saturating_sub(padding[i])),
        }
    }
}

struct Place {
    output_gradient: Floats,
    weight: *const f32,
    input_gradient: *mut f32,
    scratch: *mut f32,
}

/// The inputs that lie at the same place within a stride: for them the gradient is a convolution of the output's with a
/// part of the weights, turned round.
#[derive(Clone, Copy)]
struct Phase {
    /// Windows over the output's gradient.
    window: Window,
    /// The output's first rows and columns that reach no such input.
    skip: [usize; 2],
    /// The first input, and the first of the weights' rows and columns; both go on by the stride.
    first: [usize; 2],
    tap: [usize; 2],
}

/// One phase a place within a stride, those left out that no input or no weight falls into.
fn phases(window: &Window) -> impl Iterator<Item = Phase> {
    let window = *window;
    let [sy, sx] = window.stride;
    (0..sy * sx).filter_map(move |phase| {
        let tap = [phase / sx, phase % sx];
        let (mut first, mut count, mut kernel, mut start) = ([0; 2], [0; 2], [0; 2], [0; 2]);
        for i in 0..2 {
            let stride = window.stride[i];
            // Input y belongs to tap r where (y + top) % stride == r; output q - m reaches it through tap r + m * stride,
            // q being (y + top) / stride.
            let q = window.padding[i].saturating_sub(tap[i]).div_ceil(stride);
            first[i] = (q * stride + tap[i]).checked_sub(window.padding[i])?;
            count[i] = window.input[i].checked_sub(first[i])?.div_ceil(stride);
            kernel[i] = window.kernel[i].checked_sub(tap[i])?.div_ceil(stride);
            start[i] = q;
        }
        if count.contains(&0) || kernel.contains(&0) {
            return None;
        }
        // Turned round, tap m stands at kernel - 1 - m, and reads output q + m - (kernel - 1).
        let padding = [0, 1].map(|i| (kernel[i] - 1).saturating_sub(start[i]));
        let skip = [0, 1].map(|i| start[i].saturating_sub(kernel[i] - 1));
        let window = Window { input: window.output, output: count, kernel, stride: [1, 1], padding };
        Some(Phase { window, skip, first, tap })
    })
}

#[inline(always)]
unsafe fn body<V: F32>(op: &Conv2dInputGradient, at: &Place, rows: Range<usize>) {
    let (inputs, [_, width]) = (op.window.inputs(), op.window.input);
    let values = op.in_channels * inputs;
    unsafe {
        if op.window.stride != [1, 1] {
            // Inputs that no window reaches belong to no phase.
            std::ptr::write_bytes(at.input_gradient.add(rows.start * values), 0, rows.len() * values);
        }
        for Phase { window, skip, first, tap } in phases(&op.window) {
            let planes = Planes::cropped(window, op.out_channels, skip);
            let taps = planes.taps();
            let packed = at.scratch.add(planes.len() + SLACK);
            let offsets = packed.add(op.in_channels * taps).cast::<u32>();
            for tap in 0..taps {
                *offsets.add(tap) = planes.offset(tap) as u32;
            }
            let [sy, sx] = op.window.stride;
            let weight = |channel: usize, turned: usize| {
                let (o, within) = (turned / window.taps(), turned % window.taps());
                let m = window.kernel[0] - 1 - within / window.kernel[1];
                let n = window.kernel[1] - 1 - within % window.kernel[1];
                let (i, j) = (tap[0] + m * sy, tap[1] + n * sx);
                let start = (o * op.in_channels + channel) * op.window.taps();
                *at.weight.add(start + i * op.window.kernel[1] + j)
            };
            pack::<V>(op.in_channels, taps, weight, packed);
            zero::<V>(at.scratch, planes.len()..planes.len() + SLACK);
            let sliding = Sliding {
                offsets,
                taps,
                weights: packed,
                channels: op.in_channels,
                sides: window.output,
                pitch: planes.width,
                strides: [inputs, sy * width, sx],
                bias: std::ptr::null(),
                relu: false,
            };
            for row in rows.clone() {
                planes.fill::<V>(Matrix::Floats(at.output_gradient), row, at.scratch);
                let to = at.input_gradient.add(row * values + first[0] * width + first[1]);
                sliding.run::<V>(at.scratch, to);
            }
        }
    }
}
by_level!(
    unsafe fn input_gradient = body(op: &Conv2dInputGradient, at: &Place, rows: Range<usize>)
);
