use crate::cpu::ops::pooling::{Maps, average};
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
        let (tensors, range) = (chunk.tensors, chunk.range());
        let maps = Maps {
            x: tensors.floats(self.x),
            output: tensors.floats(self.out),
            input_gradient: std::ptr::null_mut(),
            window: self.window,
            relu: false,
        };
        let range = range.start * self.channels..range.end * self.channels;
        // SAFETY: `requirements` covers the tensors; the maps of these rows are this worker's.
        unsafe { average(tensors.level, &maps, range) }
    }
}
