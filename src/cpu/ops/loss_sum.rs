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
        let sample_loss: &[f32] = chunk.whole(self.sample_loss);
        let sum: f64 = sample_loss[..self.rows].iter().map(|loss| f64::from(*loss)).sum();
        chunk.units_mut(self.losses)[0] = (sum * f64::from(self.scale)) as f32;
    }
}
