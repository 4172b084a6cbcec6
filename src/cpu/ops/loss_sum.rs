use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::LossSum;

impl CpuOp for LossSum {
    fn partition(&self) -> Partition {
        Partition::SINGLE
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::floats(self.sample_loss, 1, self.rows), Requirement::floats(self.losses, 1, 1)]
    }

    /// Adds in float64, so that large batches lose nothing.
    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let tensors = chunk.tensors;
        let sample_loss = tensors.floats(self.sample_loss);
        // SAFETY: `requirements` covers both tensors.
        unsafe {
            let sum: f64 = (0..self.rows).map(|row| f64::from(*sample_loss.add(row))).sum();
            *tensors.floats(self.losses) = (sum * f64::from(self.scale)) as f32;
        }
    }
}
