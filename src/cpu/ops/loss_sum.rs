use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::LossSum;

impl Kernel for LossSum {
    fn cut(&self, _: Level) -> Cut {
        Cut::WHOLE
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::floats(self.sample_loss, 1, self.rows), Need::floats(self.losses, 1, 1)]
    }

    /// Adds in float64, so that large batches lose nothing.
    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, _: Range<usize>) {
        let sample_loss = tensors.floats(self.sample_loss);
        // SAFETY: `needs` covers both tensors.
        unsafe {
            let sum: f64 = (0..self.rows).map(|row| f64::from(*sample_loss.add(row))).sum();
            *tensors.floats(self.losses) = (sum * f64::from(self.scale)) as f32;
        }
    }
}
