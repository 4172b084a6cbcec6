use std::ops::Range;

use super::Level;
use super::dots;
use super::kernel::{Cut, Kernel, Need};
use super::matmul::{Rows, is_large};
use super::outer::Outer;
use super::tensors::{Matrix, Tensors};
use crate::plan::StepNumbers;
use crate::plan::ops::Dense;

impl Kernel for Dense {
    /// By rows, or where the weights are large by blocks of outputs.
    fn cut(&self, _: Level) -> Cut {
        if self.is_by_outputs() {
            return Cut::Units { count: self.outputs.div_ceil(BLOCK), grain: 1 };
        }
        Cut::Samples { rows: self.rows, whole: vec![self.weight, self.bias], granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::operand(&self.x, self.rows, self.inputs),
            Need::floats(self.weight, self.outputs, self.inputs),
            Need::floats(self.bias, 1, self.outputs),
            Need::floats(self.out, self.rows, self.outputs),
        ]
    }

    fn scratch(&self, level: Level) -> usize {
        scratch(level, self.inputs)
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepNumbers, range: Range<usize>) {
        let product = Rows {
            x: tensors.operand(&self.x, self.inputs),
            w: Matrix::Floats(tensors.matrix(self.weight, self.inputs)),
            transposed: true,
            bias: tensors.floats(self.bias),
            out: tensors.floats(self.out),
            n: self.outputs,
            k: self.inputs,
        };
        // SAFETY: `needs` and `scratch` cover what the product touches; the rows are this worker's.
        unsafe {
            if self.is_by_outputs() {
                let outputs = range.start * BLOCK..self.outputs.min(range.end * BLOCK);
                product.run_some(tensors, 0..self.rows, outputs);
            } else {
                product.run(tensors, range);
            }
        }
    }
}

/// Outputs whose weights a worker takes at a time.
const BLOCK: usize = 48;

impl Dense {
    fn is_by_outputs(&self) -> bool {
        self.inputs >= dots::LEAST_K && is_large(self.outputs, self.inputs)
    }
}

/// Of a product with weights, whichever way it is computed.
pub(super) fn scratch(level: Level, inputs: usize) -> usize {
    Outer::scratch(level, inputs).max(dots::scratch(inputs))
}
