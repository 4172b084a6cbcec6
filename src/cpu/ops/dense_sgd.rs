use crate::cpu::Level;
use crate::cpu::gemm::packed::{Epilogue, PackedGemm};
use crate::cpu::ops::column_sum::{ColumnSums, column_sums};
use crate::cpu::runtime::cpu_op::{AtLevel, Chunk, CpuOp, ForCpu, Partition, Requirement};
use crate::cpu::runtime::tensors::Matrix;
use crate::plan::StepScalars;
use crate::plan::ops::DenseSgd;

impl ForCpu for DenseSgd {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        Box::new(AtLevel { op: self.clone(), level })
    }
}

impl CpuOp for AtLevel<DenseSgd> {
    /// The weight's tiles, and the bias as one more unit.
    fn partition(&self) -> Partition {
        let level = self.level;
        Partition::Units { count: tiles(self, level) + 1, min_chunk: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::operand(&self.x, self.rows, self.inputs),
            Requirement::floats(self.output_gradient, self.rows, self.outputs),
            Requirement::floats(self.weight, self.outputs, self.inputs),
            Requirement::floats(self.bias, 1, self.outputs),
        ]
    }

    fn scratch(&self) -> usize {
        let level = self.level;
        PackedGemm::scratch(level, self.rows)
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (level, rate) = (tensors.level, scalars.learning_rate());
        let product = PackedGemm {
            a: Matrix::Floats(tensors.matrix(self.output_gradient, self.outputs)),
            transpose_a: true,
            b: tensors.operand(&self.x, self.inputs),
            transpose_b: false,
            out: tensors.floats(self.weight),
            m: self.outputs,
            n: self.inputs,
            k: self.rows,
            epilogue: Epilogue::SgdUpdate(rate),
        };
        let tiles = tiles(self, level);
        // SAFETY: `requirements` and `scratch` cover what the product touches; the units are this worker's.
        unsafe { product.units(level, range.start..range.end.min(tiles), tensors.scratch) };
        if range.end > tiles {
            let x = chunk.whole(self.output_gradient);
            // SAFETY: `requirements` covers the bias, which is the last unit's alone.
            let bias = unsafe { std::slice::from_raw_parts_mut(tensors.floats(self.bias), self.outputs) };
            let sums = ColumnSums { x, rows: self.rows, columns: self.outputs };
            column_sums(level, sums, 0, Some(rate), bias);
        }
    }
}

fn tiles(op: &DenseSgd, level: Level) -> usize {
    PackedGemm::unit_count(level, op.outputs, op.inputs)
}
