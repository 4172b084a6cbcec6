use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::ClipNorm;

impl CpuOp for ClipNorm {
    fn partition(&self) -> Partition {
        Partition::Units { count: self.count, min_chunk: 2048 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.gradients, 1, self.count),
            Requirement::floats(self.sums, 1, self.parts),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (gradients, sums) = (tensors.floats(self.gradients), tensors.floats(self.sums));
        // SAFETY: `requirements` covers both tensors; these gradients are this worker's.
        unsafe {
            let square: f32 = (0..self.parts).map(|part| *sums.add(part)).sum();
            let factor = (self.max_norm / (square.sqrt() + 1e-6)).min(1.0);
            scale(tensors.level, gradients, factor, range);
        }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(values: *mut f32, factor: f32, range: Range<usize>) {
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let at = values.add(i);
            V::load_partial(at, count, 0.0).mul(V::splat(factor)).store_partial(at, count);
        }
    }
}
by_level!(unsafe fn scale = body(values: *mut f32, factor: f32, range: Range<usize>));
