use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::ops::channel_sums::{Shape, products, sum};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::BatchNormMoments;

impl Kernel for BatchNormMoments {
    /// By channels, each over the whole batch.
    fn cut(&self, _: Level) -> Cut {
        Cut::Units { count: self.channels, grain: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::floats(self.x, self.rows, self.channels * self.inner),
            Need::floats(self.moments, 2, self.channels),
            Need::floats(self.running, 2, self.channels),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let shape = Shape { rows: self.rows, channels: self.channels, inner: self.inner };
        let (x, moments, running) =
            (tensors.floats(self.x), tensors.floats(self.moments), tensors.floats(self.running));
        let count = shape.count().max(1) as f64;
        for channel in range {
            let (mut total, mut squares) = (0.0, [0.0; 2]);
            // SAFETY: `needs` covers the tensors; these channels' moments are this worker's.
            unsafe {
                sum(tensors.level, x, shape, channel, &mut total);
                let mean = (total / count) as f32;
                products(tensors.level, (x, mean), (x, mean), shape, channel, &mut squares);
                let variance = (squares[0] / count) as f32;
                *moments.add(channel) = mean;
                *moments.add(self.channels + channel) = variance;
                let approach = |at: *mut f32, new: f32| *at += self.momentum * (new - *at);
                approach(running.add(channel), mean);
                approach(running.add(self.channels + channel), variance * self.correction());
            }
        }
    }
}
