use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::cpu::simd::{F32, by_level};
use crate::plan::StepScalars;
use crate::plan::ops::SquareSum;

impl CpuOp for SquareSum {
    /// By parts: each is one sum in order.
    fn partition(&self) -> Partition {
        Partition::Units { count: self.parts, min_chunk: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::floats(self.x, 1, self.count), Requirement::floats(self.sums, 1, self.parts)]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let x = &chunk.whole(self.x)[..self.count];
        let part = self.count.div_ceil(self.parts);
        for (p, sum) in chunk.range().zip(chunk.units_mut(self.sums)) {
            let values = (p * part).min(self.count)..((p + 1) * part).min(self.count);
            *sum = square_sum(chunk.level(), &x[values]);
        }
    }
}

#[inline(always)]
fn body<V: F32>(x: &[f32]) -> f32 {
    let mut total = V::splat(0.0);
    for i in (0..x.len()).step_by(V::LANES) {
        let x = V::take(x, i, 0.0);
        total = x.mul_add(x, total);
    }
    total.reduce_sum()
}
by_level!(fn square_sum = body(x: &[f32]) -> f32);
