use crate::cpu::ops::pooling::{Maps, average_gradient};
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
        let (tensors, range) = (chunk.tensors, chunk.range());
        let maps = Maps {
            x: std::ptr::null(),
            output: tensors.floats(self.output_gradient),
            input_gradient: tensors.floats(self.input_gradient),
            window: self.window,
            relu: false,
        };
        let range = range.start * self.channels..range.end * self.channels;
        // SAFETY: `requirements` covers the tensors; the maps of these rows are this worker's.
        unsafe { average_gradient(tensors.level, &maps, range) }
    }
}
