use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::ops::pooling::{Maps, average_gradient};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::AveragePool2dGradient;

impl Kernel for AveragePool2dGradient {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: Vec::new(), granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        let maps = self.rows * self.channels;
        vec![
            Need::floats(self.output_gradient, maps, self.window.outputs()),
            Need::floats(self.input_gradient, maps, self.window.inputs()),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let maps = Maps {
            x: std::ptr::null(),
            output: tensors.floats(self.output_gradient),
            input_gradient: tensors.floats(self.input_gradient),
            window: self.window,
            relu: false,
        };
        let range = range.start * self.channels..range.end * self.channels;
        // SAFETY: `needs` covers the tensors; the maps of these rows are this worker's.
        unsafe { average_gradient(tensors.level, &maps, range) }
    }
}
