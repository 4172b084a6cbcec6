use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::ops::pooling::{Maps, largest_gradient};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::MaxPool2dGradient;

impl Kernel for MaxPool2dGradient {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: Vec::new(), granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        let maps = self.rows * self.channels;
        vec![
            Need::floats(self.x, maps, self.window.inputs()),
            Need::floats(self.output_gradient, maps, self.window.outputs()),
            Need::floats(self.input_gradient, maps, self.window.inputs()),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let maps = Maps {
            x: tensors.floats(self.x),
            output: tensors.floats(self.output_gradient),
            input_gradient: tensors.floats(self.input_gradient),
            window: self.window,
            relu: self.relu,
        };
        let range = range.start * self.channels..range.end * self.channels;
        // SAFETY: `needs` covers the tensors; the maps of these rows are this worker's.
        unsafe { largest_gradient(tensors.level, &maps, range) }
    }
}
