use std::ops::Range;

use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::Adam;

impl CpuOp for Adam {
    fn partition(&self) -> Partition {
        Partition::Units { count: self.count, min_chunk: 2048 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        [self.gradients, self.parameters, self.mean, self.square]
            .map(|tensor| Requirement::floats(tensor, 1, self.count))
            .into()
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let at = Flat {
            gradients: tensors.floats(self.gradients),
            parameters: tensors.floats(self.parameters),
            mean: tensors.floats(self.mean),
            square: tensors.floats(self.square),
        };
        // SAFETY: `requirements` covers the tensors; these values are this worker's.
        unsafe { adam(tensors.level, self, &at, scalars, range) }
    }
}

struct Flat {
    gradients: *const f32,
    parameters: *mut f32,
    mean: *mut f32,
    square: *mut f32,
}

#[inline(always)]
unsafe fn body<V: F32>(op: &Adam, at: &Flat, scalars: &StepScalars, range: Range<usize>) {
    let rate = scalars.learning_rate;
    let (in_gradient, beside) =
        if op.decoupled { (0.0, rate * op.weight_decay) } else { (op.weight_decay, 0.0) };
    for i in range.clone().step_by(V::LANES) {
        let count = V::LANES.min(range.end - i);
        unsafe {
            let load = |from: *const f32| V::load_partial(from.add(i), count, 0.0);
            let old = load(at.parameters);
            let gradient = old.mul_add(V::splat(in_gradient), load(at.gradients));
            let old = old.mul_add(V::splat(-beside), old);
            let mean = load(at.mean);
            let mean = gradient.sub(mean).mul_add(V::splat(1.0 - op.beta1), mean);
            let square = gradient.mul(gradient).mul(V::splat(1.0 - op.beta2));
            let square = load(at.square).mul_add(V::splat(op.beta2), square);
            mean.store_partial(at.mean.add(i), count);
            square.store_partial(at.square.add(i), count);
            let length = square.mul(V::splat(scalars.correction2)).sqrt().add(V::splat(op.epsilon));
            let way = mean.mul(V::splat(scalars.correction1)).div(length);
            way.mul_add(V::splat(-rate), old).store_partial(at.parameters.add(i), count);
        }
    }
}
by_level!(unsafe fn adam = body(op: &Adam, at: &Flat, scalars: &StepScalars, range: Range<usize>));
