use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::gemm::outer_product::{Finish, Outer};
use crate::cpu::ops::column_sum::{Sums, column_sums};
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::{Matrix, Tensors};
use crate::plan::StepScalars;
use crate::plan::ops::DenseSgd;

impl Kernel for DenseSgd {
    /// The weight's tiles, and the bias as one more unit.
    fn cut(&self, level: Level) -> Cut {
        Cut::Units { count: tiles(self, level) + 1, grain: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::operand(&self.x, self.rows, self.inputs),
            Need::floats(self.output_gradient, self.rows, self.outputs),
            Need::floats(self.weight, self.outputs, self.inputs),
            Need::floats(self.bias, 1, self.outputs),
        ]
    }

    fn scratch(&self, level: Level) -> usize {
        Outer::scratch(level, self.rows)
    }

    unsafe fn run(&self, tensors: &Tensors, scalars: &StepScalars, range: Range<usize>) {
        let (level, rate) = (tensors.level, scalars.learning_rate);
        let product = Outer {
            a: Matrix::Floats(tensors.matrix(self.output_gradient, self.outputs)),
            transpose_a: true,
            b: tensors.operand(&self.x, self.inputs),
            transpose_b: false,
            out: tensors.floats(self.weight),
            m: self.outputs,
            n: self.inputs,
            k: self.rows,
            finish: Finish::Descend(rate),
        };
        let tiles = tiles(self, level);
        // SAFETY: `needs` and `scratch` cover what both touch; the units are this worker's.
        unsafe {
            product.units(level, range.start..range.end.min(tiles), tensors.scratch);
            if range.end > tiles {
                let sums = Sums {
                    x: tensors.floats(self.output_gradient),
                    rows: self.rows,
                    columns: self.outputs,
                    out: tensors.floats(self.bias),
                    descend: Some(rate),
                };
                column_sums(level, &sums, 0..self.outputs);
            }
        }
    }
}

fn tiles(op: &DenseSgd, level: Level) -> usize {
    Outer::unit_count(level, op.outputs, op.inputs)
}
