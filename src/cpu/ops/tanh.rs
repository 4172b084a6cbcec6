use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level, hyperbolic_tangent};
use crate::plan::StepScalars;
use crate::plan::ops::Tanh;

impl CpuOp for Tanh {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        [self.x, self.out].map(|tensor| Requirement::floats(tensor, self.rows, self.columns)).into()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let values = range.start * self.columns..range.end * self.columns;
        // SAFETY: `requirements` covers both tensors; these rows of `out` are this worker's.
        unsafe { tanh(tensors.level, tensors.floats(self.x), tensors.floats(self.out), values) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(x: *const f32, out: *mut f32, values: Range<usize>) {
    for i in values.clone().step_by(V::LANES) {
        let count = V::LANES.min(values.end - i);
        unsafe {
            let x = V::load_partial(x.add(i), count, 0.0);
            hyperbolic_tangent(x).store_partial(out.add(i), count);
        }
    }
}
by_level!(unsafe fn tanh = body(x: *const f32, out: *mut f32, values: Range<usize>));
