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
        tanh(chunk.level(), chunk.rows(self.x, self.columns), chunk.rows_mut(self.out, self.columns))
    }
}

#[inline(always)]
fn body<V: F32>(x: &[f32], out: &mut [f32]) {
    for i in (0..out.len()).step_by(V::LANES) {
        hyperbolic_tangent(V::take(x, i, 0.0)).put(out, i);
    }
}
by_level!(fn tanh = body(x: &[f32], out: &mut [f32]));
