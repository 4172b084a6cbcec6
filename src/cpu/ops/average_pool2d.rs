use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::ops::pooling::{Maps, average};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::StepScalars;
use crate::plan::ops::AveragePool2d;

impl Kernel for AveragePool2d {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: Vec::new(), granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        let maps = self.rows * self.channels;
        vec![
            Need::floats(self.x, maps, self.window.inputs()),
            Need::floats(self.out, maps, self.window.outputs()),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let maps = Maps {
            x: tensors.floats(self.x),
            output: tensors.floats(self.out),
            input_gradient: std::ptr::null_mut(),
            window: self.window,
            relu: false,
        };
        let range = range.start * self.channels..range.end * self.channels;
        // SAFETY: `needs` covers the tensors; the maps of these rows are this worker's.
        unsafe { average(tensors.level, &maps, range) }
    }
}
