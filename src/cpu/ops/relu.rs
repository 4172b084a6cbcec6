use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::Relu;

impl CpuOp for Relu {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        [self.x, self.out].map(|tensor| Requirement::floats(tensor, self.rows, self.columns)).into()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        relu(chunk.level(), chunk.rows(self.x, self.columns), chunk.rows_mut(self.out, self.columns))
    }
}

#[inline(always)]
fn body<V: F32>(x: &[f32], out: &mut [f32]) {
    for i in (0..out.len()).step_by(V::LANES) {
        V::take(x, i, 0.0).max(V::splat(0.0)).put(out, i);
    }
}
by_level!(fn relu = body(x: &[f32], out: &mut [f32]));

#[inline(always)]
fn body_in_place<V: F32>(values: &mut [f32]) {
    for i in (0..values.len()).step_by(V::LANES) {
        V::take(values, i, 0.0).max(V::splat(0.0)).put(values, i);
    }
}
by_level!(pub(crate) fn relu_in_place = body_in_place(values: &mut [f32]));
