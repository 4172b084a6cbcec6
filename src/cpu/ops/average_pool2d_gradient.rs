use crate::cpu::ops::pooling::average_gradient;
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::AveragePool2dGradient;

impl CpuOp for AveragePool2dGradient {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        let maps = self.rows * self.channels;
        vec![
            Requirement::floats(self.output_gradient, maps, self.window.outputs()),
            Requirement::floats(self.input_gradient, maps, self.window.inputs()),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (inputs, outputs) = (self.channels * self.window.inputs(), self.channels * self.window.outputs());
        let output_gradient = chunk.rows(self.output_gradient, outputs);
        average_gradient(&self.window, output_gradient, chunk.rows_mut(self.input_gradient, inputs))
    }
}
