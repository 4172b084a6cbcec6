use crate::cpu::ops::pooling::{Maps, largest_gradient};
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
        let (tensors, range) = (chunk.tensors, chunk.range());
        let maps = Maps {
            x: tensors.floats(self.x),
            output: tensors.floats(self.output_gradient),
            input_gradient: tensors.floats(self.input_gradient),
            window: self.window,
            relu: self.relu,
        };
        let range = range.start * self.channels..range.end * self.channels;
        // SAFETY: `requirements` covers the tensors; the maps of these rows are this worker's.
        unsafe { largest_gradient(tensors.level, &maps, range) }
    }
}
