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
        let (parameters, average) = (chunk.units(self.parameters), chunk.units_mut(self.average));
        approach(chunk.level(), parameters, average, scalars.average_rate)
    }
}

#[inline(always)]
fn body<V: F32>(parameters: &[f32], average: &mut [f32], rate: f32) {
    for i in (0..average.len()).step_by(V::LANES) {
        let old = V::take(average, i, 0.0);
        V::take(parameters, i, 0.0).sub(old).mul_add(V::splat(rate), old).put(average, i);
    }
}
by_level!(fn approach = body(parameters: &[f32], average: &mut [f32], rate: f32));
