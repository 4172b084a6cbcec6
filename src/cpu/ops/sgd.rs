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
        let (gradients, parameters) = (chunk.units(self.gradients), chunk.units_mut(self.parameters));
        sgd(chunk.level(), gradients, parameters, scalars.learning_rate(), self.weight_decay)
    }
}

#[inline(always)]
fn body<V: F32>(gradients: &[f32], parameters: &mut [f32], learning_rate: f32, weight_decay: f32) {
    let (rate, decay) = (V::splat(-learning_rate), V::splat(weight_decay));
    for i in (0..parameters.len()).step_by(V::LANES) {
        let old = V::take(parameters, i, 0.0);
        let gradient = old.mul_add(decay, V::take(gradients, i, 0.0));
        gradient.mul_add(rate, old).put(parameters, i);
    }
}
by_level!(
    fn sgd = body(gradients: &[f32], parameters: &mut [f32], learning_rate: f32, weight_decay: f32)
);
