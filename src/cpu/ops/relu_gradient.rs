use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::ReluGradient;

impl CpuOp for ReluGradient {
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
        relu_gradient(chunk.level(), out, output_gradient, input_gradient)
    }
}

#[inline(always)]
fn body<V: F32>(out: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
    // One length, so that the compiler leaves one check for all three.
    let (output_gradient, input_gradient) = (&output_gradient[..out.len()], &mut input_gradient[..out.len()]);
    for i in (0..out.len()).step_by(V::LANES) {
        let gradient = V::take(output_gradient, i, 0.0);
        gradient.where_positive(V::take(out, i, 0.0)).put(input_gradient, i);
    }
}
by_level!(
    fn relu_gradient = body(out: &[f32], output_gradient: &[f32], input_gradient: &mut [f32])
);

#[inline(always)]
fn mask_body<V: F32>(out: &[f32], gradient: &mut [f32]) {
    let gradient = &mut gradient[..out.len()];
    for i in (0..out.len()).step_by(V::LANES) {
        V::take(gradient, i, 0.0).where_positive(V::take(out, i, 0.0)).put(gradient, i);
    }
}
by_level!(
    /// Zeroes a gradient where the ReLU output was <= 0.
    pub(crate) fn apply_relu_mask = mask_body(out: &[f32], gradient: &mut [f32])
);
