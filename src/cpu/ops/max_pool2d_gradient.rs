use crate::cpu::ops::pooling::max_gradient;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::MaxPool2dGradient;

impl CpuOp for MaxPool2dGradient {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        let maps = self.rows * self.channels;
        vec![
            Requirement::floats(self.x, maps, self.window.inputs()),
            Requirement::floats(self.output_gradient, maps, self.window.outputs()),
            Requirement::floats(self.input_gradient, maps, self.window.inputs()),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (inputs, outputs) = (self.channels * self.window.inputs(), self.channels * self.window.outputs());
        let (x, output_gradient) = (chunk.rows(self.x, inputs), chunk.rows(self.output_gradient, outputs));
        let input_gradient = chunk.rows_mut(self.input_gradient, inputs);
        max_gradient(chunk.level(), &self.window, self.relu, x, output_gradient, input_gradient)
    }
}
