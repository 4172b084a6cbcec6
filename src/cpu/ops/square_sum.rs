use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::SquareSum;

impl CpuOp for SquareSum {
    /// By parts: each is one sum in order.
    fn partition(&self) -> Partition {
        Partition::Units { count: self.parts, min_chunk: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::floats(self.x, 1, self.count), Requirement::floats(self.sums, 1, self.parts)]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (x, sums) = (tensors.floats(self.x), tensors.floats(self.sums));
        let part = self.count.div_ceil(self.parts);
        for p in range {
            let values = (p * part).min(self.count)..((p + 1) * part).min(self.count);
            // SAFETY: `requirements` covers both tensors; this part's sum is this worker's.
            unsafe { square_sum(tensors.level, x, values, sums.add(p)) }
        }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(x: *const f32, values: Range<usize>, sum: *mut f32) {
    unsafe {
        let mut total = V::splat(0.0);
        for i in values.clone().step_by(V::LANES) {
            let x = V::load_partial(x.add(i), V::LANES.min(values.end - i), 0.0);
            total = x.mul_add(x, total);
        }
        *sum = total.reduce_sum();
    }
}
by_level!(unsafe fn square_sum = body(x: *const f32, values: Range<usize>, sum: *mut f32));
