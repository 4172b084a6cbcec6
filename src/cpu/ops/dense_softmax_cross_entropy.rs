use crate::cpu::Level;
use crate::cpu::ops::matmul::RowProduct;
use crate::cpu::ops::softmax_cross_entropy::{SoftmaxRows, softmax_rows, weights_of};
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, Requirement};
use crate::cpu::runtime::tensors::Matrix;
use crate::plan::StepScalars;
use crate::plan::ops::DenseSoftmaxCrossEntropy;

impl ForCpu for DenseSoftmaxCrossEntropy {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<DenseSoftmaxCrossEntropy> {
    fn partition(&self) -> Partition {
        let weights = self.class_weights.map(|weights| weights.tensor);
        let shared = [self.weight, self.bias].into_iter().chain(weights).collect();
        Partition::Rows { rows: self.rows, shared, alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let mut requirements = vec![
            Requirement::operand(&self.x, self.rows, self.inputs),
            Requirement::floats(self.weight, self.classes, self.inputs),
            Requirement::floats(self.bias, 1, self.classes),
            Requirement::words(self.labels, self.rows),
            Requirement::floats(self.logits_gradient, self.rows, self.classes),
            Requirement::floats(self.sample_loss, 1, self.rows),
        ];
        requirements
            .extend(self.class_weights.map(|weights| Requirement::floats(weights.tensor, 1, self.classes)));
        requirements
    }

    fn scratch(&self) -> usize {
        let level = self.level;
        crate::cpu::ops::dense::scratch(level, self.inputs)
    }

    /// The product writes the logits where their gradient will be.
    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let product = RowProduct {
            x: tensors.operand(&self.x, self.inputs),
            w: Matrix::Floats(tensors.matrix(self.weight, self.inputs)),
            transposed: true,
            bias: tensors.floats(self.bias),
            out: tensors.floats(self.logits_gradient),
            n: self.classes,
            k: self.inputs,
        };
        // SAFETY: `requirements` and `scratch` cover what the product touches; the rows are this worker's.
        unsafe { product.run(tensors, range) };
        let softmax = SoftmaxRows {
            logits: None,
            gradient: Some(chunk.rows_mut(self.logits_gradient, self.classes)),
            labels: chunk.units(self.labels),
            loss: chunk.units_mut(self.sample_loss),
            classes: self.classes,
            scale: self.scale,
            smoothing: 0.0,
            weights: weights_of(chunk, self.class_weights, self.classes),
        };
        softmax_rows(chunk.level(), softmax);
    }
}
