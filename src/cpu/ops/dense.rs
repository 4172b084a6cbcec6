use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::dot_product;
use crate::cpu::gemm::nonzeros::{self, Forward};
use crate::cpu::gemm::packed::PackedGemm;
use crate::cpu::ops::matmul::{RowProduct, is_large};
use crate::cpu::ops::relu::relu_in_place;
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, PreparedWeights, Requirement};
use crate::cpu::runtime::tensors::{Matrix, Tensors};
use crate::plan::StepScalars;
use crate::plan::ops::Dense;

impl ForCpu for Dense {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<Dense> {
    /// By rows, or where the weights are large by blocks of outputs.
    fn partition(&self) -> Partition {
        if self.is_divided_by_outputs() {
            return Partition::Units { count: self.outputs.div_ceil(BLOCK), min_chunk: 1 };
        }
        Partition::Rows { rows: self.rows, shared: vec![self.weight, self.bias], alignment: 1 }
    }

    fn prepared_weights(&self) -> Option<PreparedWeights> {
        let level = self.level;
        let floats = Forward::panel_floats(level, self.inputs, self.outputs);
        self.uses_nonzeros().then_some(PreparedWeights {
            key: self.out,
            floats,
            units: Forward::units(self.inputs),
        })
    }

    fn prepare_weights(&self, chunk: &Chunk) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (weight, to) = (tensors.floats(self.weight), tensors.prepared_weights(self.out));
        // SAFETY: `requirements` and `prepared_weights` cover what is touched; the units are this worker's.
        unsafe { nonzeros::prepare(tensors.level, weight, self.inputs, self.outputs, to, range) }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::operand(&self.x, self.rows, self.inputs),
            Requirement::floats(self.weight, self.outputs, self.inputs),
            Requirement::floats(self.bias, 1, self.outputs),
            Requirement::floats(self.out, self.rows, self.outputs),
        ]
    }

    fn scratch(&self) -> usize {
        let level = self.level;
        if self.uses_nonzeros() {
            return Forward::scratch(level, self.inputs);
        }
        scratch(level, self.inputs)
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let x = tensors.operand(&self.x, self.inputs);
        if let (Matrix::Bytes(x), true) = (x, self.uses_nonzeros()) {
            let op = Forward {
                x,
                inputs: self.inputs,
                outputs: self.outputs,
                panels: tensors.prepared_weights(self.out),
                bias: tensors.floats(self.bias),
                out: tensors.floats(self.out),
                scratch: tensors.scratch,
            };
            // SAFETY: `requirements`, `prepared_weights` and `scratch` cover what is touched; the rows are this worker's.
            unsafe { nonzeros::forward(tensors.level, &op, range.clone()) };
            return self.relu_if_any(tensors, range, 0..self.outputs);
        }
        let product = RowProduct {
            x,
            w: Matrix::Floats(tensors.matrix(self.weight, self.inputs)),
            transposed: true,
            bias: tensors.floats(self.bias),
            out: tensors.floats(self.out),
            n: self.outputs,
            k: self.inputs,
        };
        let (rows, outputs) = match self.is_divided_by_outputs() {
            true => (0..self.rows, range.start * BLOCK..self.outputs.min(range.end * BLOCK)),
            false => (range, 0..self.outputs),
        };
        // SAFETY: `requirements` and `scratch` cover what the product touches; the rows are this worker's.
        unsafe { product.run_some(tensors, rows.clone(), outputs.clone()) };
        self.relu_if_any(tensors, rows, outputs);
    }
}

/// Outputs whose weights a worker takes at a time.
const BLOCK: usize = 48;

impl Dense {
    /// Applies ReLU, if there is one, to what this worker has just computed.
    fn relu_if_any(&self, tensors: &Tensors, rows: Range<usize>, outputs: Range<usize>) {
        let out = tensors.floats(self.out);
        for start in rows.map(|row| row * self.outputs).filter(|_| self.relu) {
            // SAFETY: `requirements` covers the tensor, and these values are this worker's.
            let values =
                unsafe { std::slice::from_raw_parts_mut(out.add(start + outputs.start), outputs.len()) };
            relu_in_place(tensors.level, values);
        }
    }

    fn uses_nonzeros(&self) -> bool {
        nonzeros::serves(&self.x, self.rows, self.inputs, self.outputs)
    }

    fn is_divided_by_outputs(&self) -> bool {
        !self.uses_nonzeros() && self.inputs >= dot_product::MIN_K && is_large(self.outputs, self.inputs)
    }
}

/// Floats of scratch memory for a product with weights, whichever way it is computed.
pub(crate) fn scratch(level: Level, inputs: usize) -> usize {
    PackedGemm::scratch(level, inputs).max(dot_product::scratch(inputs))
}
