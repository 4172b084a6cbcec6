use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::ClipNorm;

impl CpuOp for ClipNorm {
    fn partition(&self) -> Partition {
        Partition::Units { count: self.count, min_chunk: 2048 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.gradients, 1, self.count),
            Requirement::floats(self.sums, 1, self.parts),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let sums: &[f32] = chunk.whole(self.sums);
        let square: f32 = sums[..self.parts].iter().sum();
        let factor = (self.max_norm / (square.sqrt() + 1e-6)).min(1.0);
        scale(chunk.level(), chunk.units_mut(self.gradients), factor);
    }
}

#[inline(always)]
fn body<V: F32>(values: &mut [f32], factor: f32) {
    for i in (0..values.len()).step_by(V::LANES) {
        V::take(values, i, 0.0).mul(V::splat(factor)).put(values, i);
    }
}
by_level!(fn scale = body(values: &mut [f32], factor: f32));
