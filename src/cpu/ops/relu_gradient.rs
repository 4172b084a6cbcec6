use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::ReluGradient;

impl CpuOp for ReluGradient {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        let tensors = [self.out, self.output_gradient, self.input_gradient];
        tensors.map(|tensor| Requirement::floats(tensor, self.rows, self.columns)).into()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let values = range.start * self.columns..range.end * self.columns;
        let (out, given) = (tensors.floats(self.out), tensors.floats(self.output_gradient));
        // SAFETY: `requirements` covers the tensors; these rows of what is written are this worker's.
        unsafe { relu_gradient(tensors.level, out, given, tensors.floats(self.input_gradient), values) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(out: *const f32, given: *const f32, wanted: *mut f32, values: Range<usize>) {
    for i in values.clone().step_by(V::LANES) {
        let count = V::LANES.min(values.end - i);
        unsafe {
            let out = V::load_partial(out.add(i), count, 0.0);
            let given = V::load_partial(given.add(i), count, 0.0);
            given.where_positive(out).store_partial(wanted.add(i), count);
        }
    }
}
by_level!(
    pub(crate) unsafe fn relu_gradient =
        body(out: *const f32, given: *const f32, wanted: *mut f32, values: Range<usize>)
);
