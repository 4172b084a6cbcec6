use crate::cpu::ops::pooling::average;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::AveragePool2d;

impl CpuOp for AveragePool2d {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        let maps = self.rows * self.channels;
        vec![
            Requirement::floats(self.x, maps, self.window.inputs()),
            Requirement::floats(self.out, maps, self.window.outputs()),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (inputs, outputs) = (self.channels * self.window.inputs(), self.channels * self.window.outputs());
        average(&self.window, chunk.rows(self.x, inputs), chunk.rows_mut(self.out, outputs))
    }
}
