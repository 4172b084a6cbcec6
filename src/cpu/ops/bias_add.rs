use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::BiasAdd;

impl CpuOp for BiasAdd {
    fn partition(&self) -> Partition {
        Partition::Rows { rows: self.rows, shared: vec![self.bias], alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::floats(self.x, self.rows, self.columns),
            Requirement::floats(self.bias, 1, self.columns),
            Requirement::floats(self.out, self.rows, self.columns),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (x, out) = (chunk.rows(self.x, self.columns), chunk.rows_mut(self.out, self.columns));
        bias_add(chunk.level(), x, &chunk.whole(self.bias)[..self.columns], out)
    }
}

#[inline(always)]
fn body<V: F32>(x: &[f32], bias: &[f32], out: &mut [f32]) {
    let columns = bias.len().max(1);
    for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(columns)) {
        for i in (0..columns).step_by(V::LANES) {
            V::take(x, i, 0.0).add(V::take(bias, i, 0.0)).put(out, i);
        }
    }
}
by_level!(fn bias_add = body(x: &[f32], bias: &[f32], out: &mut [f32]));
