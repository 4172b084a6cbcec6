use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::ops::channel_sums::{Shape, products};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::BatchNormSums;

impl Kernel for BatchNormSums {
    /// By channels, each over the whole batch.
    fn cut(&self, _: Level) -> Cut {
        Cut::Units { count: self.channels, grain: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::floats(self.x, self.rows, self.channels * self.inner),
            Need::floats(self.output_gradient, self.rows, self.channels * self.inner),
            Need::floats(self.moments, 2, self.channels),
            Need::floats(self.weight_gradient, 1, self.channels),
            Need::floats(self.bias_gradient, 1, self.channels),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let (x, given, moments) =
            (tensors.floats(self.x), tensors.floats(self.output_gradient), tensors.floats(self.moments));
        let (weight, bias) = (tensors.floats(self.weight_gradient), tensors.floats(self.bias_gradient));
        for channel in range {
            let mut totals = [0.0; 2];
            // SAFETY: `needs` covers the tensors; these channels' gradients are this worker's.
            unsafe {
                let (mean, variance) = (*moments.add(channel), *moments.add(self.channels + channel));
                products(tensors.level, (x, mean), (given, 0.0), shape, channel, &mut totals);
                let [along, even] = totals;
                *weight.add(channel) = (along / f64::from(variance + self.epsilon).sqrt()) as f32;
                *bias.add(channel) = even as f32;
            }
        }
    }
}
