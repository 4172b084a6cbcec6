use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::ops::matmul::Rows;
use crate::cpu::ops::softmax_cross_entropy::{Softmax, softmax_rows};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::{Matrix, Tensors};
use crate::plan::StepScalars;
use crate::plan::ops::DenseSoftmaxCrossEntropy;

impl Kernel for DenseSoftmaxCrossEntropy {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: vec![self.weight, self.bias], granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::operand(&self.x, self.rows, self.inputs),
            Need::floats(self.weight, self.classes, self.inputs),
            Need::floats(self.bias, 1, self.classes),
            Need::words(self.labels, self.rows),
            Need::floats(self.logits_gradient, self.rows, self.classes),
            Need::floats(self.sample_loss, 1, self.rows),
        ]
    }

    fn scratch(&self, level: Level) -> usize {
        crate::cpu::ops::dense::scratch(level, self.inputs)
    }

    /// The logits stand for a moment where their gradient will.
    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let logits = tensors.floats(self.logits_gradient);
        let product = Rows {
            x: tensors.operand(&self.x, self.inputs),
            w: Matrix::Floats(tensors.matrix(self.weight, self.inputs)),
            transposed: true,
            bias: tensors.floats(self.bias),
            out: logits,
            n: self.classes,
            k: self.inputs,
        };
        let softmax = Softmax {
            logits,
            labels: tensors.words(self.labels),
            gradient: logits,
            loss: tensors.floats(self.sample_loss),
            classes: self.classes,
            scale: self.scale,
            smoothing: 0.0,
        };
        // SAFETY: `needs` and `scratch` cover what both touch; the rows are this worker's.
        unsafe {
            product.run(tensors, range.clone());
            softmax_rows(tensors.level, &softmax, range);
        }
    }
}
