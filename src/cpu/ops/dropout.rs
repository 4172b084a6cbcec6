use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::Dropout;
use crate::random::{Stream, philox4x32};

impl CpuOp for Dropout {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        [self.x, self.out].map(|tensor| Requirement::floats(tensor, self.rows, self.columns)).into()
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let (x, out) = (tensors.floats(self.x), tensors.floats(self.out));
        let (threshold, gain) = (self.threshold(), self.gain());
        let (start, end) = (range.start * self.columns, range.end * self.columns);
        for block in start / 4..end.div_ceil(4) {
            let counter = [block as u32, scalars.step, self.layer, Stream::Dropout as u32];
            let words = philox4x32(counter, scalars.seed);
            // A block of four may begin in the row before, or end in the one after.
            for i in (4 * block).max(start)..(4 * block + 4).min(end) {
                // SAFETY: `requirements` covers both tensors; these rows of `out` are this worker's.
                unsafe { *out.add(i) = if words[i % 4] >= threshold { *x.add(i) * gain } else { 0.0 } }
            }
        }
    }
}
