use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::Sgd;

impl CpuOp for Sgd {
    fn partition(&self) -> Partition {
        Partition::Units { count: self.count, min_chunk: 2048 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.gradients, 1, self.count),
            Requirement::floats(self.parameters, 1, self.count),
        ]
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (gradients, parameters) = (tensors.floats(self.gradients), tensors.floats(self.parameters));
        // SAFETY: `requirements` covers both tensors; these values are this worker's.
        unsafe { sgd(tensors.level, gradients, parameters, scalars.learning_rate, self.weight_decay, range) }
    }
}

#[inline(always)]
unsafe fn body<V: F32>(
    gradients: *const f32,
    parameters: *mut f32,
    learning_rate: f32,
    weight_decay: f32,
    range: Range<usize>,
) {
    // SAFETY: as promised by the caller.
    let (rate, decay) = unsafe { (V::splat(-learning_rate), V::splat(weight_decay)) };
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let at = parameters.add(i);
            let (gradient, old) =
                (V::load_partial(gradients.add(i), count, 0.0), V::load_partial(at, count, 0.0));
            let gradient = old.mul_add(decay, gradient);
            gradient.mul_add(rate, old).store_partial(at, count);
        }
    }
}
by_level!(
    unsafe fn sgd = body(
        gradients: *const f32,
        parameters: *mut f32,
        learning_rate: f32,
        weight_decay: f32,
        range: Range<usize>,
    )
);
