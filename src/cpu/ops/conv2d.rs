use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::conv::batch_innermost::{
    self, LanesConvolution, PointsConvolution, Tiles, Way, convolve, convolve_points,
};
use crate::cpu::conv::direct::padded_planes::{Planes, SLACK, zero};
use crate::cpu::conv::direct::row_tiles::{Sliding, pack};
use crate::cpu::conv::winograd::{self, Forward, Order, Tiling};
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, PreparedWeights, Requirement};
use crate::cpu::runtime::tensors::{Matrix, Tensors};
use crate::cpu::simd::{F32, by_level};
use crate::plan::ops::Conv2d;
use crate::plan::{StepScalars, Window};

impl ForCpu for Conv2d {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<Conv2d> {
    fn partition(&self) -> Partition {
        let level = self.level;
        let shared = [self.weight].into_iter().chain(self.bias).collect();
        let alignment = if self.way().is_some() { batch_innermost::lanes(level) } else { 1 };
        Partition::Rows { rows: self.rows, shared, alignment }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let taps = self.in_channels * self.window.taps();
        let bias = self.bias.map(|bias| Requirement::floats(bias, 1, self.out_channels));
        let requirements = [
            Requirement::operand(&self.x, self.rows, self.in_channels * self.window.inputs()),
            Requirement::floats(self.weight, self.out_channels, taps),
            Requirement::floats(self.out, self.rows, self.out_channels * self.window.outputs()),
        ];
        requirements.into_iter().chain(bias).collect()
    }

    fn prepared_weights(&self) -> Option<PreparedWeights> {
        let level = self.level;
        let (floats, units) = match (tiling(self), self.way()) {
            (Some(tiling), _) => (tiling.prepared(level), self.in_channels),
            (None, Some(Way::Points(tiles))) => (tiles.kernel_floats(), Tiles::UNITS),
            _ => return None,
        };
        Some(PreparedWeights { key: self.out, floats, units })
    }

    fn prepare_weights(&self, chunk: &Chunk) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (weight, to) = (tensors.floats(self.weight), tensors.prepared_weights(self.out));
        // SAFETY: `requirements` and `prepared_weights` cover what is touched; the units are this worker's.
        unsafe {
            if let Some(tiling) = tiling(self) {
                winograd::prepare(tensors.level, &tiling, weight, Order::Forward, to, range);
            } else if let Some(Way::Points(tiles)) = self.way() {
                tiles.prepare(weight, false, to, range);
            }
        }
    }

    /// The planes of an image, packed weights, offsets of taps.
    fn scratch(&self) -> usize {
        let level = self.level;
        if let Some(tiling) = tiling(self) {
            return tiling.scratch(level);
        }
        match self.way() {
            Some(Way::Points(tiles)) => return self.by_points(tiles, None).scratch(),
            Some(Way::Direct) => return self.by_lanes(None).scratch(),
            None => {}
        }
        let planes = Planes::new(self.window, self.in_channels);
        planes.len() + SLACK + (self.out_channels + 1) * planes.taps()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        if let Some(tiling) = tiling(self) {
            let op = Forward {
                tiling,
                x: tensors.floats(self.x.tensor),
                kernels: tensors.prepared_weights(self.out),
                bias: self.bias.map_or(std::ptr::null(), |bias| tensors.floats(bias).cast_const()),
                relu: self.relu,
                out: tensors.floats(self.out),
                scratch: tensors.scratch,
            };
            // SAFETY: as below.
            return unsafe { winograd::forward(tensors.level, &op, range) };
        }
        let short = tensors.level.unsplit();
        // SAFETY: as below.
        match self.way() {
            Some(Way::Points(tiles)) => {
                let op = self.by_points(tiles, Some(tensors));
                return unsafe { convolve_points(short, &op, range, tensors.scratch) };
            }
            Some(Way::Direct) => {
                let op = self.by_lanes(Some(tensors));
                return unsafe { convolve(short, &op, range, tensors.scratch) };
            }
            None => {}
        }
        let at = Place {
            x: tensors.operand(&self.x, self.in_channels * self.window.inputs()),
            weight: tensors.floats(self.weight),
            bias: self.bias.map_or(std::ptr::null(), |bias| tensors.floats(bias).cast_const()),
            out: tensors.floats(self.out),
            scratch: tensors.scratch,
        };
        // SAFETY: `requirements` and `scratch` cover what is touched; the rows are this worker's.
        unsafe { conv2d(tensors.level, self, &at, range) }
    }
}

/// Where the convolution goes by transforms.
fn tiling(op: &Conv2d) -> Option<Tiling> {
    let tiling = Tiling::new(&op.window, op.in_channels, op.out_channels)?;
    op.x.pixels.is_none().then_some(tiling)
}

impl Conv2d {
    /// Where images go side by side, how.
    fn way(&self) -> Option<Way> {
        match tiling(self) {
            Some(_) => None,
            None => batch_innermost::way(self.rows, self.in_channels, self.out_channels, &self.window),
        }
    }

    /// Without tensors for its sizes alone, as below.
    fn by_points(&self, tiles: Tiles, tensors: Option<&Tensors>) -> PointsConvolution {
        let LanesConvolution { x, bias, relu, out, .. } = self.by_lanes(tensors);
        let kernels = tensors.map_or(std::ptr::null_mut(), |tensors| tensors.prepared_weights(self.out));
        PointsConvolution { tiles, is_back: false, x, kernels, bias, relu, out }
    }

    fn by_lanes(&self, tensors: Option<&Tensors>) -> LanesConvolution {
        let floats = |id| tensors.map_or(std::ptr::null_mut(), |tensors| tensors.floats(id));
        let Window { input, output, kernel, padding, .. } = self.window;
        LanesConvolution {
            x: tensors.map_or(Matrix::NONE, |t| t.operand(&self.x, self.in_channels * self.window.inputs())),
            weight: floats(self.weight),
            is_turned: false,
            bias: self.bias.map_or(std::ptr::null(), |bias| floats(bias).cast_const()),
            relu: self.relu,
            out: floats(self.out),
            in_channels: self.in_channels,
            out_channels: self.out_channels,
            input,
            output,
            kernel,
            padding,
        }
    }
}

struct Place {
    x: Matrix,
    weight: *const f32,
    bias: *const f32,
    out: *mut f32,
    scratch: *mut f32,
}

#[inline(always)]
unsafe fn body<V: F32>(op: &Conv2d, at: &Place, rows: Range<usize>) {
    let planes = Planes::new(op.window, op.in_channels);
    let (taps, outputs) = (planes.taps(), op.window.outputs());
    unsafe {
        let packed = at.scratch.add(planes.len() + SLACK);
        let offsets = packed.add(op.out_channels * taps).cast::<u32>();
        for tap in 0..taps {
            *offsets.add(tap) = planes.offset(tap) as u32;
        }
        pack::<V>(op.out_channels, taps, |channel, tap| *at.weight.add(channel * taps + tap), packed);
        zero::<V>(at.scratch, planes.len()..planes.len() + SLACK);
        let sliding = Sliding {
            offsets,
            taps,
            weights: packed,
            channels: op.out_channels,
            sides: op.window.output,
            pitch: planes.width,
            strides: [outputs, op.window.output[1], 1],
            bias: at.bias,
            relu: op.relu,
        };
        for row in rows {
            planes.fill::<V>(at.x, row, at.scratch);
            sliding.run::<V>(at.scratch, at.out.add(row * op.out_channels * outputs));
        }
    }
}
by_level!(unsafe fn conv2d = body(op: &Conv2d, at: &Place, rows: Range<usize>));
