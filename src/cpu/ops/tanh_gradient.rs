use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::TanhGradient;

impl CpuOp for TanhGradient {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        let tensors = [self.out, self.output_gradient, self.input_gradient];
        tensors.map(|tensor| Requirement::floats(tensor, self.rows, self.columns)).into()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (out, output_gradient) =
            (chunk.rows(self.out, self.columns), chunk.rows(self.output_gradient, self.columns));
        let input_gradient = chunk.rows_mut(self.input_gradient, self.columns);
        tanh_gradient(chunk.level(), out, output_gradient, input_gradient)
    }
}

#[inline(always)]
fn body<V: F32>(out: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
    for i in (0..out.len()).step_by(V::LANES) {
        let out = V::take(out, i, 0.0);
        let slope = V::splat(1.0).sub(out.mul(out));
        V::take(output_gradient, i, 0.0).mul(slope).put(input_gradient, i);
    }
}
by_level!(
    fn tanh_gradient = body(out: &[f32], output_gradient: &[f32], input_gradient: &mut [f32])
);
