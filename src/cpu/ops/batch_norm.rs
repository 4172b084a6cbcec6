use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::ops::channel_sums::{Lines, Shape, lines};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::BatchNorm;

impl Kernel for BatchNorm {
    fn cut(&self, _: Level) -> Cut {
        let whole = vec![self.moments, self.weight, self.bias];
        Cut::Samples { rows: self.rows, whole, granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::floats(self.x, self.rows, self.channels * self.inner),
            Need::floats(self.moments, 2, self.channels),
            Need::floats(self.weight, 1, self.channels),
            Need::floats(self.bias, 1, self.channels),
            Need::floats(self.out, self.rows, self.channels * self.inner),
        ]
    }

    /// Factors of the channels.
    fn scratch(&self, _: Level) -> usize {
        3 * self.channels
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let (x, out, moments) =
            (tensors.floats(self.x), tensors.floats(self.out), tensors.floats(self.moments));
        let (weight, bias) = (tensors.floats(self.weight), tensors.floats(self.bias));
        let factors = tensors.scratch;
        // SAFETY: `needs` covers the tensors, `scratch` the factors; these rows of `out` are this worker's.
        unsafe {
            for channel in 0..self.channels {
                let (mean, variance) = (*moments.add(channel), *moments.add(self.channels + channel));
                let gain = *weight.add(channel) / (variance + self.epsilon).sqrt();
                *factors.add(channel) = gain;
                *factors.add(self.channels + channel) = 0.0;
                *factors.add(2 * self.channels + channel) = *bias.add(channel) - mean * gain;
            }
            lines(tensors.level, &Lines { x, y: x, out, factors, shape }, range);
        }
    }
}
