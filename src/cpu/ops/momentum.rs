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
        let (gradients, parameters) = (chunk.units(self.gradients), chunk.units_mut(self.parameters));
        let velocity = chunk.units_mut(self.velocity);
        momentum(chunk.level(), self, gradients, parameters, velocity, scalars.learning_rate())
    }
}

#[inline(always)]
fn body<V: F32>(
    op: &Momentum,
    gradients: &[f32],
    parameters: &mut [f32],
    velocity: &mut [f32],
    learning_rate: f32,
) {
    let (rate, momentum, decay) =
        (V::splat(-learning_rate), V::splat(op.momentum), V::splat(op.weight_decay));
    for i in (0..parameters.len()).step_by(V::LANES) {
        let old = V::take(parameters, i, 0.0);
        let gradient = old.mul_add(decay, V::take(gradients, i, 0.0));
        let speed = V::take(velocity, i, 0.0).mul_add(momentum, gradient);
        speed.put(velocity, i);
        let step = if op.nesterov { speed.mul_add(momentum, gradient) } else { speed };
        step.mul_add(rate, old).put(parameters, i);
    }
}
by_level!(
    fn momentum = body(
        op: &Momentum,
        gradients: &[f32],
        parameters: &mut [f32],
        velocity: &mut [f32],
        learning_rate: f32,
    )
);
