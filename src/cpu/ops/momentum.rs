use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::Momentum;

impl CpuOp for Momentum {
    fn partition(&self) -> Partition {
        Partition::Units { count: self.count, min_chunk: 2048 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        [self.gradients, self.parameters, self.velocity]
            .map(|tensor| Requirement::floats(tensor, 1, self.count))
            .into()
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let at = Flat {
            gradients: tensors.floats(self.gradients),
            parameters: tensors.floats(self.parameters),
            velocity: tensors.floats(self.velocity),
        };
        // SAFETY: `requirements` covers the tensors; these values are this worker's.
        unsafe { momentum(tensors.level, self, &at, scalars.learning_rate, range) }
    }
}

struct Flat {
    gradients: *const f32,
    parameters: *mut f32,
    velocity: *mut f32,
}

#[inline(always)]
unsafe fn body<V: F32>(op: &Momentum, at: &Flat, learning_rate: f32, range: Range<usize>) {
    // SAFETY: as promised by the caller.
    let (rate, momentum, decay) =
        unsafe { (V::splat(-learning_rate), V::splat(op.momentum), V::splat(op.weight_decay)) };
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let old = V::load_partial(at.parameters.add(i), count, 0.0);
            let gradient = old.mul_add(decay, V::load_partial(at.gradients.add(i), count, 0.0));
            let speed = V::load_partial(at.velocity.add(i), count, 0.0).mul_add(momentum, gradient);
            speed.store_partial(at.velocity.add(i), count);
            let way = if op.nesterov { speed.mul_add(momentum, gradient) } else { speed };
            way.mul_add(rate, old).store_partial(at.parameters.add(i), count);
        }
    }
}
by_level!(unsafe fn momentum = body(op: &Momentum, at: &Flat, learning_rate: f32, range: Range<usize>));
