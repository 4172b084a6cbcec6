use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::AverageWeights;

impl CpuOp for AverageWeights {
    fn partition(&self) -> Partition {
        Partition::Units { count: self.count, min_chunk: 2048 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        [self.parameters, self.average].map(|tensor| Requirement::floats(tensor, 1, self.count)).into()
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (parameters, average) = (tensors.floats(self.parameters), tensors.floats(self.average));
        // SAFETY: `requirements` covers both tensors; these values are this worker's.
        unsafe { approach(tensors.level, parameters, average, scalars.average_rate, range) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(parameters: *const f32, average: *mut f32, rate: f32, range: Range<usize>) {
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let old = V::load_partial(average.add(i), count, 0.0);
            let new = V::load_partial(parameters.add(i), count, 0.0);
            new.sub(old).mul_add(V::splat(rate), old).store_partial(average.add(i), count);
        }
    }
}
by_level!(
    unsafe fn approach = body(parameters: *const f32, average: *mut f32, rate: f32, range: Range<usize>)
);
