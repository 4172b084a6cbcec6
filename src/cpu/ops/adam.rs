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
        let values = Values {
            gradients: chunk.units(self.gradients),
            parameters: chunk.units_mut(self.parameters),
            mean: chunk.units_mut(self.mean),
            square: chunk.units_mut(self.square),
        };
        adam(chunk.level(), self, values, scalars)
    }
}

struct Values<'a> {
    gradients: &'a [f32],
    parameters: &'a mut [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
}

#[inline(always)]
fn body<V: F32>(op: &Adam, values: Values, scalars: &StepScalars) {
    let Values { gradients, parameters, mean, square } = values;
    let rate = scalars.learning_rate();
    // Decoupled decay is subtracted separately; otherwise it is part of the gradient.
    let (in_gradient, beside) =
        if op.decoupled { (0.0, rate * op.weight_decay) } else { (op.weight_decay, 0.0) };
    for i in (0..gradients.len()).step_by(V::LANES) {
        let old = V::take(parameters, i, 0.0);
        let gradient = old.mul_add(V::splat(in_gradient), V::take(gradients, i, 0.0));
        let old = old.mul_add(V::splat(-beside), old);
        let old_mean = V::take(mean, i, 0.0);
        let new_mean = gradient.sub(old_mean).mul_add(V::splat(1.0 - op.beta1), old_mean);
        let new_square = gradient.mul(gradient).mul(V::splat(1.0 - op.beta2));
        let new_square = V::take(square, i, 0.0).mul_add(V::splat(op.beta2), new_square);
        new_mean.put(mean, i);
        new_square.put(square, i);
        let length = new_square.mul(V::splat(scalars.correction2)).sqrt().add(V::splat(op.epsilon));
        let step = new_mean.mul(V::splat(scalars.correction1)).div(length);
        step.mul_add(V::splat(-rate), old).put(parameters, i);
    }
}
by_level!(fn adam = body(op: &Adam, values: Values, scalars: &StepScalars));
