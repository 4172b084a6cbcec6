use crate::cpu::ops::pooling::max;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::MaxPool2d;

impl CpuOp for MaxPool2d {
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
        let (x, out) = (chunk.rows(self.x, inputs), chunk.rows_mut(self.out, outputs));
        max(chunk.level(), &self.window, x, out)
    }
}
